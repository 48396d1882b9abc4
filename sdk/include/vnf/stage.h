/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_STAGE_H
#define VNF_STAGE_H

/**
 * @file
 * What a packet costs by stage, in ticks of the time stamp counter: for measuring, in programs that
 * were built with Meson's option `stages`. Without it these functions are empty, and what calls
 * them compiles to the same instructions as if it did not.
 *
 * A worker's stages follow each other: vnf_stage_begin() once, then vnf_stage_end() after each.
 * What happens inside of others stands between vnf_stage_enter() and vnf_stage_leave().
 */

#include <stdint.h>

#include <vnf/clock.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a worker's time goes: identifier, name, meaning. */
#define VNF_STAGE_LIST(X)                                                                          \
	X(RX, "rx", "a port's receive function, for bursts that were not empty")                   \
	X(CLASSIFY, "classify", "measuring the burst, finding out which packets are alike")        \
	X(LOOKUP, "lookup", "where to: the switch's learning and table, or a VNF's callback")      \
	X(ENQUEUE, "enqueue", "sorting the packets by the ports they leave by")                    \
	X(TX, "tx", "a port's transmit function")                                                  \
	X(RX_LIBRARY, "rx_library", "the part of rx that is DPDK's")                               \
	X(TX_LIBRARY, "tx_library", "the part of tx that is DPDK's")

/** Stages by number. */
enum vnf_stage {
#define VNF_STAGE_ENUM(id, name, doc) VNF_STAGE_##id,
	VNF_STAGE_LIST(VNF_STAGE_ENUM)
#undef VNF_STAGE_ENUM
		VNF_STAGE_COUNT, /**< Number of stages. */
};

/** What one worker spent. Written by the worker, read by telemetry (`/vnf/stages`). */
struct vnf_stages {
	uint64_t mark;  /**< Where the present stage began. */
	uint64_t empty; /**< Ticks that are counted for a stage in which nothing happens. */
	struct {
		uint64_t ticks;   /**< Time spent. */
		uint64_t packets; /**< Packets that passed. */
		uint64_t bursts;  /**< Times that it was measured. */
	} stage[VNF_STAGE_COUNT]; /**< By number. */
};

/**
 * The calling worker's counts.
 *
 * @return
 *   Them, or NULL: not a worker, or built without the option.
 *
 * Context: any thread.
 */
struct vnf_stages *vnf_stages_here(void);

/**
 * The first stage begins.
 *
 * Context: worker.
 */
static inline void vnf_stage_begin(void)
{
#ifdef VNF_STAGES
	struct vnf_stages *s = vnf_stages_here();

	if (s != NULL)
		s->mark = vnf_clock_ticks();
#endif
}

/**
 * A stage ends, and the next one begins.
 *
 * @param stage
 *   The stage that ends.
 * @param packets
 *   Packets that passed it.
 *
 * Context: worker.
 */
static inline void vnf_stage_end(enum vnf_stage stage, unsigned int packets)
{
#ifdef VNF_STAGES
	struct vnf_stages *s = vnf_stages_here();
	uint64_t now = vnf_clock_ticks();

	if (s == NULL)
		return;
	s->stage[stage].ticks += now - s->mark;
	s->stage[stage].packets += packets;
	s->stage[stage].bursts++;
	s->mark = vnf_clock_ticks();
#else
	(void)stage;
	(void)packets;
#endif
}

/**
 * Something begins that may be inside of another stage.
 *
 * @return
 *   For vnf_stage_leave().
 *
 * Context: worker.
 */
static inline uint64_t vnf_stage_enter(void)
{
#ifdef VNF_STAGES
	return vnf_clock_ticks();
#else
	return 0;
#endif
}

/**
 * It ends. VNF_STAGE_TX is taken out of the stage that it was inside of; a library's part is not.
 *
 * @param stage
 *   What ends.
 * @param entered
 *   From vnf_stage_enter().
 * @param packets
 *   Packets that passed it.
 *
 * Context: worker.
 */
static inline void vnf_stage_leave(enum vnf_stage stage, uint64_t entered, unsigned int packets)
{
#ifdef VNF_STAGES
	struct vnf_stages *s = vnf_stages_here();
	uint64_t now = vnf_clock_ticks();

	if (s == NULL)
		return;
	s->stage[stage].ticks += now - entered;
	s->stage[stage].packets += packets;
	s->stage[stage].bursts++;
	if (stage == VNF_STAGE_TX)
		s->mark += vnf_clock_ticks() - entered;
#else
	(void)stage;
	(void)entered;
	(void)packets;
#endif
}

#ifdef __cplusplus
}
#endif

#endif
