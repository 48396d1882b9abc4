/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * An interface's counters as the kernel keeps them, over rtnetlink(7). The port kind tap asks for
 * the frames that the kernel dropped because we did not fetch them in time.
 */
#ifndef VNF_LINK_STATS_H
#define VNF_LINK_STATS_H

#include <stdint.h>

/** Open a socket in the calling thread's namespace; it stays there. Descriptor or -errno. */
int link_stats_open(void);

/**
 * Frames that the interface dropped on their way out of the kernel.
 *
 * @return
 *   0 or -errno.
 *
 * Context: control thread.
 */
int link_stats_tx_dropped(int fd, int ifindex, uint64_t *dropped);

#endif
