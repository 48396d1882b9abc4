/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Memory of its own for what DPDK allocates by a socket, outside of DPDK's heap: large tables that
 * come and go with a configuration need no hugepages, and nothing that a peer has mapped changes.
 * Control thread.
 */
#ifndef VNF_OWN_HEAP_H
#define VNF_OWN_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct own_heap {
	char name[32];
	int socket; /* that DPDK calls the heap by; -1: there is none */
	bool added; /* the memory, to the heap */
	void *memory;
	size_t bytes;
};

/* For heaps that were not created, too: own_heap_destroy() does nothing then. */
#define OWN_HEAP_NONE                                                                              \
	{                                                                                          \
		.socket = -1                                                                       \
	}

/* 0 or -errno; own_heap_destroy() is needed in any case. DPDK writes zeros to all of it at first:
 * with `sparse` what is not used is given back to the kernel.
 */
int own_heap_create(struct own_heap *heap, const char *prefix, size_t bytes, bool sparse);
/* What was allocated must have been freed. */
void own_heap_destroy(struct own_heap *heap);

#endif
