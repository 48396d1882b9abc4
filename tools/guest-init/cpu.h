/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the CPU model of this machine can do. Pure.
 */
#ifndef GUEST_INIT_CPU_H
#define GUEST_INIT_CPU_H

/* The sentence for who started the machine with a CPU that DPDK cannot use. */
#define CPU_ADVICE                                                                                 \
	"start QEMU with -cpu host, -cpu max or -cpu Nehalem (libvirt: <cpu mode='host-model'/>)"

/* 1: the first CPU in this text of /proc/cpuinfo has the flag; 0: not; -ENODATA: no flags line. */
int cpu_has_flag(const char *cpuinfo, const char *flag);

#endif
