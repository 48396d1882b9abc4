/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Is this a machine that DPDK can run on? Asked before the VNF starts, because what DPDK does about
 * it is to die in a constructor, before it can say a word.
 */
#include "guest_init.h"

#include "cpu.h"

/* The first processor's entry; the others are like it. */
#define CPUINFO_BYTES 8192

bool cpu_fits(const struct guest *guest)
{
	char path[PATH_MAX], text[CPUINFO_BYTES];

	if (path_below_root(guest, "/proc/cpuinfo", path) < 0)
		return true;
	file_read(path, text, sizeof(text));
	if (cpu_has_flag(text, "sse4_2") != 0)
		return true;
	say("this CPU model has no SSE4.2, which DPDK needs; " CPU_ADVICE ".");
	return false;
}
