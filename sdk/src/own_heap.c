/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "own_heap.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include <vnf/log.h>

/* Size of a large page, which the kernel may give us; that of the heap's pages in name only. */
#define PAGE ((size_t)2 << 20)
#define SMALL_PAGE ((size_t)4096)

/* No device sees this memory. But virtio-user hands each page that DPDK knows of to its peer, by a
 * descriptor, which external memory has not (rte_memseg_get_fd()), and then does not start. So the
 * pages are taken off the list that it walks; the heap does without.
 */
static void pages_hide(const void *memory)
{
	struct rte_memseg_list *list = rte_mem_virt2memseg_list(memory);

	for (int i = 0; list != NULL && i < (int)list->memseg_arr.len; i++)
		rte_fbarray_set_free(&list->memseg_arr, i);
}

int own_heap_create(struct own_heap *heap, const char *prefix, size_t bytes, bool sparse)
{
	static uint32_t number;
	void *aligned;

	*heap = (struct own_heap)OWN_HEAP_NONE;
	heap->bytes = (bytes + PAGE - 1) / PAGE * PAGE;
	heap->memory = mmap(NULL, heap->bytes + PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (heap->memory == MAP_FAILED) {
		heap->memory = NULL;
		return -ENOMEM;
	}
	aligned = RTE_PTR_ALIGN_CEIL(heap->memory, PAGE);
	madvise(aligned, heap->bytes, MADV_HUGEPAGE);
	snprintf(heap->name, sizeof(heap->name), "vnf-%s-%u", prefix, number++);
	if (rte_malloc_heap_create(heap->name) != 0)
		return -rte_errno;
	heap->socket = rte_malloc_heap_get_socket(heap->name);
	if (rte_malloc_heap_memory_add(heap->name, aligned, heap->bytes, NULL,
				       (unsigned int)(heap->bytes / PAGE), PAGE) != 0)
		return -rte_errno;
	heap->added = true;
	pages_hide(aligned);
	/* What DPDK notes of the free memory is at its two ends; zeros are zeros again. */
	if (sparse)
		madvise(RTE_PTR_ADD(aligned, SMALL_PAGE), heap->bytes - 2 * SMALL_PAGE,
			MADV_DONTNEED);
	return 0;
}

void own_heap_destroy(struct own_heap *heap)
{
	if (heap->socket >= 0 &&
	    ((heap->added &&
	      rte_malloc_heap_memory_remove(heap->name, RTE_PTR_ALIGN_CEIL(heap->memory, PAGE),
					    heap->bytes) != 0) ||
	     rte_malloc_heap_destroy(heap->name) != 0)) {
		/* DPDK goes on looking at it. */
		vnf_error("%s: %zu MiB of tables cannot be given back: %s", heap->name,
			  heap->bytes >> 20, rte_strerror(rte_errno));
		return;
	}
	if (heap->memory != NULL)
		munmap(heap->memory, heap->bytes + PAGE);
}
