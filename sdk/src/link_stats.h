/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * An interface's counters as the kernel keeps them, of proc(5). The port kind tap asks for the
 * frames that the kernel dropped because we did not fetch them in time, ten times a second and on
 * the control thread. rtnetlink(7) would not do: each of its answers waits for the kernel's one
 * lock of all network configuration, which others hold for most of a second. The file is read
 * without.
 */
#ifndef VNF_LINK_STATS_H
#define VNF_LINK_STATS_H

#include <stdint.h>

/** Of the calling thread's namespace; it stays with that. Descriptor or -errno. */
int link_stats_open(void);

/**
 * Frames that the interface dropped on their way out of the kernel.
 *
 * @return
 *   0 or -errno; -ENODEV: there is none of this name.
 *
 * Context: control thread, or a port's own.
 */
int link_stats_tx_dropped(int fd, const char *ifname, uint64_t *dropped);

#endif
