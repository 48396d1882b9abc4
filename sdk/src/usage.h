/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How busy workers are and what a packet costs them: since they were started, and in the last whole
 * second.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>

/* What a worker had done by some time. */
struct usage_mark {
	uint64_t at_ns;
	uint64_t busy_ns;
	uint64_t packets;
};

/* Of a stretch of time. */
struct usage {
	uint64_t packets;
	uint64_t busy_permille;
	uint64_t cycles_per_packet; /* ticks of the time stamp counter; 0 without packets */
};

struct vnf;

/* Arithmetic only. */
void usage_between(const struct usage_mark *from, const struct usage_mark *to, uint64_t tsc_hz,
		   struct usage *usage);
/* Workers are about to run. Control thread. */
void usage_start(struct vnf *vnf);
/* Often enough; does something once a second. Control thread. */
void usage_poll(struct vnf *vnf, uint64_t now_ns);
/* Any thread. */
void usage_total(const struct vnf *vnf, uint16_t worker, struct usage *usage);
void usage_last_second(const struct vnf *vnf, uint16_t worker, struct usage *usage);

#endif
