/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Guests that take away memory which they have given us. A guest's memory is a file that it may cut
 * short at any time; whoever then reads or writes there is sent SIGBUS. The handler puts an empty
 * page in the place and marks the port as broken; the control thread ends the connection. Anything
 * else that causes a SIGBUS ends the program, as it should.
 *
 * The handler runs on any thread, mostly workers, and makes system calls only. It knows a guest's
 * memory by address, from the tables that librte_vhost was seen to map; and while librte_vhost
 * handles a message, perhaps one that maps memory and looks into it at once, by the thread.
 */
#include "port_vhost.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_vhost.h>

/* The pages that memory may be made of; within a mapping of larger ones no smaller one fits. */
static const uint64_t page_sizes[] = { 1ull << 12, 1ull << 21, 1ull << 30 };

static struct hsw_vhost *watched[VNF_PORTS_MAX];
static __thread struct hsw_vhost *handling;

static struct hsw_vhost *owner_of(uint64_t addr)
{
	for (unsigned int i = 0; i < RTE_DIM(watched); i++) {
		struct hsw_vhost *v = __atomic_load_n(&watched[i], __ATOMIC_ACQUIRE);

		for (unsigned int j = 0; v != NULL && j < HSW_VHOST_RANGES; j++)
			if (addr < __atomic_load_n(&v->range[j].end, __ATOMIC_ACQUIRE) &&
			    addr >= __atomic_load_n(&v->range[j].start, __ATOMIC_RELAXED))
				return v;
	}
	return handling;
}

static bool replace_page(uint64_t addr)
{
	for (unsigned int i = 0; i < RTE_DIM(page_sizes); i++) {
		uint64_t page = addr & ~(page_sizes[i] - 1);

		if (mmap((void *)(uintptr_t)page, page_sizes[i], PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			 0) != MAP_FAILED)
			return true;
	}
	return false;
}

/* Back to what SIGBUS does of itself; the access is tried again and ends us, with a core. */
static void give_up(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(SIGBUS, &action, NULL);
}

static void on_sigbus(int signum, siginfo_t *info, void *context)
{
	uint64_t addr = (uint64_t)(uintptr_t)info->si_addr;
	int saved_errno = errno;
	struct hsw_vhost *v;

	(void)context;
	/* Sent by a program, not by an access: there is no address. */
	if (info->si_code <= 0) {
		give_up();
		raise(signum);
		return;
	}
	v = owner_of(addr);
	if (v == NULL || !replace_page(addr)) {
		give_up();
		return;
	}
	if (__atomic_load_n(&v->broken, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&v->broken, 1, __ATOMIC_RELAXED);
	errno = saved_errno;
}

int hsw_fault_watch(struct hsw_vhost *v)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	for (unsigned int i = 0; i < RTE_DIM(watched); i++) {
		if (watched[i] != NULL)
			continue;
		__atomic_store_n(&watched[i], v, __ATOMIC_RELEASE);
		return sigaction(SIGBUS, &action, NULL) < 0 ? -errno : 0;
	}
	return -ENOSPC;
}

void hsw_fault_unwatch(struct hsw_vhost *v)
{
	for (unsigned int i = 0; i < RTE_DIM(watched); i++)
		if (watched[i] == v)
			__atomic_store_n(&watched[i], NULL, __ATOMIC_RELEASE);
}

void hsw_fault_enter(struct hsw_vhost *v)
{
	handling = v;
}

bool hsw_fault_in_range(const struct hsw_vhost *v, uint64_t start, uint64_t size)
{
	for (unsigned int i = 0; i < HSW_VHOST_REGIONS; i++) {
		const struct hsw_vhost_range *r = &v->range[i];

		if (start >= r->start && start < r->end)
			return size <= r->end - start;
	}
	return false;
}

/* A handler on another thread sees the old range, the new one, or none. */
static void range_set(struct hsw_vhost_range *r, uint64_t start, uint64_t size)
{
	__atomic_store_n(&r->end, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&r->start, start, __ATOMIC_RELEASE);
	__atomic_store_n(&r->end, size != 0 ? start + size : 0, __ATOMIC_RELEASE);
}

void hsw_fault_set_ranges(struct hsw_vhost *v, int vid)
{
	struct rte_vhost_memory *memory = NULL;
	uint64_t log = 0, log_size = 0;
	uint32_t n = 0;

	if (vid >= 0 && rte_vhost_get_mem_table(vid, &memory) == 0)
		for (; n < memory->nregions && n < HSW_VHOST_REGIONS; n++)
			range_set(&v->range[n], (uint64_t)(uintptr_t)memory->regions[n].mmap_addr,
				  memory->regions[n].mmap_size);
	free(memory);
	for (; n < HSW_VHOST_REGIONS; n++)
		range_set(&v->range[n], 0, 0);
	if (vid < 0 || rte_vhost_get_log_base(vid, &log, &log_size) < 0 || log == 0)
		log_size = 0;
	range_set(&v->range[HSW_VHOST_REGIONS], log, log_size);
}
