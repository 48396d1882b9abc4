/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How many packets the pool needs and how much memory DPDK takes, computed before EAL starts:
 * afterwards nothing may be mapped, since a virtio-user peer would have to be told and its queues
 * would stand still. Pure functions besides reading what memory is free; of DPDK's they call those
 * that only compute sizes.
 */

#include "vnf_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>

/* mbufs a worker caches: large enough that bursts seldom touch the pool's ring. */
#define CACHE_MBUFS 256
/* What DPDK's heap adds to an allocation: its header, and alignment to a cache line. */
#define ALLOC_OVERHEAD 192
/* Allocations of a ring: its memory zone, and an entry in the list of rings. */
#define RING_ALLOCS 2
/* Least data room: what virtio and vhost work with when the MTU is 1,500. */
#define DATA_ROOM_MIN 2048u
/* The virtio driver counts its header as part of what must fit. */
#define VIRTIO_HEADER 16
/* Heap of DPDK itself: device tables, telemetry, log, service cores, the pool's caches. */
#define BASE_BYTES (16ULL << 20)
#define ROUND_BYTES (2ULL << 20)
/* What a program beside its packets and the kernel need, where hugepages are to be reserved. */
#define RESERVE_MARGIN (16ULL << 20)

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* Sizes of a mempool are best one below a power of two: its ring is exactly full then. */
static uint32_t below_power_of_two(uint64_t n)
{
	uint64_t p = 1024;

	while (p - 1 < n)
		p *= 2;
	return (uint32_t)(p - 1);
}

static void pool_plan(const struct memory_input *in, struct memory_plan *plan)
{
	uint64_t in_flight = (uint64_t)in->n_workers * in->n_ports * 2 * VNF_BURST_MAX;
	uint64_t cached = (uint64_t)(in->n_workers + 1) * CACHE_MBUFS * 3 / 2;

	plan->cache = CACHE_MBUFS;
	plan->n_mbufs = below_power_of_two(in->port_mbufs + in_flight + cached + in->packets);
	plan->data_room =
		(uint32_t)round_up(RTE_MAX(in->frame_max + VIRTIO_HEADER, DATA_ROOM_MIN), 64) +
		RTE_PKTMBUF_HEADROOM;
}

/* Bytes of the pool: its elements, with the padding that spreads them over memory channels, and the
 * ring of pointers to them.
 */
static uint64_t pool_bytes(const struct memory_plan *plan)
{
	uint64_t element = rte_mempool_calc_obj_size(
		(uint32_t)sizeof(struct rte_mbuf) + plan->data_room, 0, NULL);

	return plan->n_mbufs * element + ((uint64_t)plan->n_mbufs + 1) * sizeof(void *);
}

void memory_input_add(struct memory_input *in, const struct vnf_port *port,
		      const struct vnf_port_need *need)
{
	in->n_ports++;
	in->port_mbufs += need->mbufs;
	in->port_bytes += need->bytes + port->n_queues * (uint64_t)ALLOC_OVERHEAD;
	in->frame_max = RTE_MAX(in->frame_max, port->mtu + (uint32_t)VNF_FRAME_OVERHEAD);
	if (!handover_needed(port, in->n_workers))
		return;
	in->port_mbufs += port->n_queues * (uint32_t)HANDOVER_RING;
	in->port_bytes += port->n_queues * ((uint64_t)rte_ring_get_memsize(HANDOVER_RING) +
					    RING_ALLOCS * ALLOC_OVERHEAD);
}

static int refuse_memory(const struct memory_input *in, const struct memory_plan *plan, char *why,
			 size_t why_size)
{
	snprintf(why, why_size,
		 "%llu MiB are too little, at least %llu MiB are needed (%u packets of %u bytes, "
		 "%u ports, %u workers, %llu MiB of tables); leave the key out to have it computed",
		 (unsigned long long)(in->memory >> 20), (unsigned long long)(plan->needed >> 20),
		 plan->n_mbufs, plan->data_room, in->n_ports, in->n_workers,
		 (unsigned long long)(in->table_bytes >> 20));
	return -EINVAL;
}

static int refuse_more_than_there_is(const struct memory_input *in, const struct memory_plan *plan,
				     char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "%llu MiB would be taken and %llu MiB are available (%u packets of %u bytes, %u "
		 "ports, %u workers, %llu MiB of tables); %s",
		 (unsigned long long)(plan->bytes >> 20), (unsigned long long)(in->available >> 20),
		 plan->n_mbufs, plan->data_room, in->n_ports, in->n_workers,
		 (unsigned long long)(in->table_bytes >> 20),
		 plan->bytes > plan->needed ? "write less, or leave the key out to have it computed"
		 : in->table_bytes > plan->needed / 2
			 ? "smaller tables (sessions) need less"
			 : "fewer ports, queues or workers, or a smaller mtu, need less");
	return -EINVAL;
}

static int refuse_hugepages(const struct memory_input *in, const struct memory_plan *plan,
			    char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "%llu MiB of hugepages are needed and %llu MiB are free; as root: "
		 "echo %llu > /proc/sys/vm/nr_hugepages%s%s%s",
		 (unsigned long long)(plan->bytes >> 20), (unsigned long long)(in->huge_free >> 20),
		 (unsigned long long)(plan->bytes >> 21),
		 in->pa_port != NULL ? ", for port \"" : ", or write hugepages = \"auto\"",
		 in->pa_port != NULL ? in->pa_port : "",
		 in->pa_port != NULL ? "\" is driven with physical addresses" : "");
	return -ENOMEM;
}

static int refuse_never(const struct memory_input *in, char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "\"never\", but port \"%s\" is driven with physical addresses, which takes "
		 "hugepages; write \"auto\"",
		 in->pa_port);
	return -ENOMEM;
}

/* Reserved pages leave ordinary memory, which must still have some. */
static int refuse_reservation(const struct memory_input *in, const struct memory_plan *plan,
			      char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "%llu MiB of hugepages would be reserved and %llu MiB are available, of which "
		 "%llu MiB must remain; give the machine more memory, or plan less: fewer ports, "
		 "queues, workers, `packets`, or a smaller mtu",
		 (unsigned long long)(plan->reserve >> 20),
		 (unsigned long long)(in->available >> 20),
		 (unsigned long long)(RESERVE_MARGIN >> 20));
	return -ENOMEM;
}

/* With hugepages if enough are free; where they must be, the missing ones are reserved. */
static int hugepages_plan(const struct memory_input *in, struct memory_plan *plan, char *why,
			  size_t why_size)
{
	bool must = in->pa_port != NULL || in->hugepages == HUGEPAGES_ALWAYS;

	if (in->hugepages == HUGEPAGES_NEVER)
		return must ? refuse_never(in, why, why_size) : 0;
	plan->huge = in->huge_free >= plan->bytes;
	if (plan->huge || !must)
		return 0;
	if (in->page_bytes == 0)
		return refuse_hugepages(in, plan, why, why_size);
	plan->huge = true;
	plan->reserve = round_up(plan->bytes - in->huge_free, in->page_bytes);
	if (in->available != 0 && plan->reserve + RESERVE_MARGIN > in->available)
		return refuse_reservation(in, plan, why, why_size);
	return 0;
}

int memory_plan_make(const struct memory_input *in, struct memory_plan *plan, char *why,
		     size_t why_size)
{
	int ret;

	memset(plan, 0, sizeof(*plan));
	pool_plan(in, plan);
	plan->table_bytes = in->table_bytes;
	plan->needed = round_up(pool_bytes(plan) + in->port_bytes + in->table_bytes + BASE_BYTES,
				ROUND_BYTES);
	plan->bytes = in->memory != 0 ? round_up(in->memory, ROUND_BYTES) : plan->needed;
	if (plan->bytes < plan->needed)
		return refuse_memory(in, plan, why, why_size);
	ret = hugepages_plan(in, plan, why, why_size);
	if (ret < 0)
		return ret;
	if (!plan->huge && in->available != 0 && plan->bytes > in->available)
		return refuse_more_than_there_is(in, plan, why, why_size);
	return 0;
}

static uint64_t number_read(const char *dir, const char *entry, const char *file)
{
	char path[512], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, entry, file);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	return strtoull(text, NULL, 10);
}

uint64_t memory_huge_free(const char *dir)
{
	struct dirent *entry;
	uint64_t bytes = 0;
	DIR *d = opendir(dir);

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL) {
		static const char prefix[] = "hugepages-";
		uint64_t unused, reserved, kb;

		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		kb = strtoull(entry->d_name + sizeof(prefix) - 1, NULL, 10);
		unused = number_read(dir, entry->d_name, "free_hugepages");
		reserved = number_read(dir, entry->d_name, "resv_hugepages");
		if (unused > reserved)
			bytes += (unused - reserved) * kb * 1024;
	}
	closedir(d);
	return bytes;
}

uint64_t memory_info(const char *meminfo, const char *key)
{
	uint64_t kb = 0;
	char line[128];
	FILE *f = fopen(meminfo, "re");

	if (f == NULL)
		return 0;
	while (kb == 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtoull(line + strlen(key), NULL, 10);
	fclose(f);
	return kb * 1024;
}

uint64_t memory_available(const char *meminfo)
{
	return memory_info(meminfo, "MemAvailable:");
}
