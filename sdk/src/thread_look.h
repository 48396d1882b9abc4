/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the kernel says of one of our threads. A few system calls: not for the data path.
 */
#ifndef THREAD_LOOK_H
#define THREAD_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct thread_look {
	uint64_t cpu_ns; /* that it has run until now */
	bool blocked;    /* it waits for something other than a CPU */
};

/* 0, or -errno if /proc does not tell. */
int thread_look(pid_t tid, struct thread_look *look);

#endif
