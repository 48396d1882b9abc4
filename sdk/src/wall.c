/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See wall.h.
 */

#include "wall.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <vnf/clock.h>

/* What a clock reading that was not interrupted takes at most. */
#define READING_NS 20000

void wall_offset_update(struct wall_offset *offset)
{
	uint64_t before = vnf_clock_now();
	uint64_t wall, after;

	if (before < offset->next_ns)
		return;
	wall = vnf_clock_wall();
	after = vnf_clock_now();
	/* The first is taken whatever it took. */
	if (offset->next_ns == 0 || after - before < READING_NS) {
		offset->ns = (int64_t)(wall - before);
		offset->next_ns = before + VNF_SECOND_NS;
	}
}

void wall_text(uint64_t wall_ns, char *text, size_t size)
{
	time_t seconds = (time_t)(wall_ns / VNF_SECOND_NS);
	char date[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, size, "%s.%09" PRIu64 "Z", date, wall_ns % VNF_SECOND_NS);
}
