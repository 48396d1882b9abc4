/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The time of day for what people and files see: how it is written, and what it is beside the SDK's
 * clock. Any thread; no DPDK calls.
 */
#ifndef VNF_WALL_H
#define VNF_WALL_H

#include <stddef.h>
#include <stdint.h>

/* With the 0 behind it. */
#define WALL_TEXT 64

/* The time of day less the SDK's clock, looked at anew once a second, since it may be set. Zero
 * before the first update.
 */
struct wall_offset {
	int64_t ns;
	uint64_t next_ns; /* when to look again */
};

void wall_offset_update(struct wall_offset *offset);

/* 2026-11-28T01:02:03.123456789Z */
void wall_text(uint64_t wall_ns, char *text, size_t size);

#endif
