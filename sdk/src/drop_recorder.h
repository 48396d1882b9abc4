/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The first octets of what was dropped lately, for the question "which packets, and why?" after the
 * fact. Each worker has a ring of records for each port, made at the start; it overwrites the
 * oldest. The control thread reads them at any time: one that is being written is seen as such.
 *
 * Millions of drops a second must not cost what they are dropped for: of one reason at one port a
 * worker records half a ring at once and then ten a second. Those between are counted.
 */
#ifndef VNF_DROP_RECORDER_H
#define VNF_DROP_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <vnf/embed.h>

#define DROP_HEAD_BYTES 96
#define RECORD_WORDS (sizeof(struct drop_record) / sizeof(uint64_t))
/* Records of one reason at one port in the long run. */
#define DROP_INTERVAL_NS (VNF_SECOND_NS / 10)

struct drop_record {
	uint64_t now_ns;  /* of the SDK's clock */
	uint32_t length;  /* octets of the packet */
	uint32_t skipped; /* of this reason and port, between the record before and this */
	uint16_t port;    /* where it is counted */
	uint16_t to;      /* on its way out of this one, or VNF_NO_PORT */
	uint16_t reason;
	uint16_t kept; /* octets in `head` */
	uint8_t head[DROP_HEAD_BYTES];
};

/* ---- for the function below; else nobody's but drop_recorder.c's ---- */

struct drop_slot {
	uint64_t sequence; /* 0: never written */
	uint64_t word[RECORD_WORDS];
};

/* One reason at one port: a token bucket, told by the time at which it will have a token. */
struct drop_limit {
	int64_t open_ns;
	uint64_t skipped; /* since its last record */
};

struct drop_ring {
	struct drop_limit limit[VNF_DROPS_MAX];
	struct drop_slot *slots;
	uint32_t next;
};

struct vnf_drop_recorder {
	uint32_t n_slots; /* of a ring */
	uint16_t n_ports;
	int64_t burst_ns; /* what a full bucket is worth */
	struct drop_slot *slots;
	struct drop_ring ring[]; /* by port */
};

/* Is there no token for the next of this reason? Then it is counted as not recorded. `port` is one
 * of the recorder's. Worker.
 */
static inline bool drop_recorder_skips(struct vnf_drop_recorder *recorder, uint64_t now_ns,
				       uint16_t port, uint16_t n, uint32_t reason)
{
	struct drop_limit *limit = &recorder->ring[port].limit[reason];

	if (unlikely(limit->open_ns <= (int64_t)now_ns))
		return false;
	limit->skipped += n;
	return true;
}

/* For one worker; `records` for each port, 0: none at all. NULL: no memory, or none wanted. */
struct vnf_drop_recorder *drop_recorder_create(uint16_t n_ports, uint32_t records);
void drop_recorder_destroy(struct vnf_drop_recorder *recorder);

/* Record it, or count that it is not. The reason is less than VNF_DROPS_MAX. Worker. */
void drop_recorder_add(struct vnf_drop_recorder *recorder, uint64_t now_ns, uint16_t port,
		       struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason, uint16_t to);

/* The port's number is given back. Nobody drops there. Control thread. */
void drop_recorder_forget(struct vnf_drop_recorder *recorder, uint16_t port);

/* Call `see` for each record of the port, in no order. Any thread. */
void drop_recorder_read(const struct vnf_drop_recorder *recorder, uint16_t port,
			void (*see)(void *arg, const struct drop_record *record), void *arg);

#endif
