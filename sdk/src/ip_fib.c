/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "ip_fib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_mempool.h>
#include <rte_rib.h>
#include <rte_rib6.h>

#include <vnf/log.h>

/* Size of a large page, which the kernel may give us; that of the heap's pages in name only. */
#define PAGE ((size_t)2 << 20)
#define TBL24_ENTRIES ((size_t)1 << 24)
#define TBL8_ENTRIES ((size_t)256)
/* Bits of a destination that the first table is for. */
#define DIRECT_BITS 24u
/* Greater than any node of a RIB. */
#define NODE_BYTES 64
/* What each family takes beside its tables and nodes. */
#define FAMILY_BYTES ((size_t)1 << 20)
/* A FIB needs one group of long prefixes at least. */
#define TBL8_MIN 8

struct ip_fib {
	struct rte_fib *v4;
	struct rte_fib6 *v6;
	char heap[32];
	int socket; /* that DPDK calls the heap by; -1: there is none */
	bool added; /* the memory, to the heap */
	void *memory;
	size_t bytes;
};

/* How much a family's routes need. */
struct family {
	uint32_t routes;
	uint32_t groups; /* tables for bits after the first 24, eight at a time */
	bool large;
};

/* ---- sizes ---- */

static int route_compare(const void *a, const void *b)
{
	const struct ip_route *one = a, *other = b;
	int order =
		memcmp(one->prefix.addr.octet, other->prefix.addr.octet, sizeof(one->prefix.addr));

	if (order != 0)
		return order;
	if (one->prefix.length != other->prefix.length)
		return one->prefix.length < other->prefix.length ? -1 : 1;
	return one->order < other->order ? -1 : 1;
}

static bool same_bits(const struct ip_addr *a, const struct ip_addr *b, uint32_t bits)
{
	struct ip_addr one = ip_addr_masked(a, (uint8_t)bits, false);
	struct ip_addr other = ip_addr_masked(b, (uint8_t)bits, false);

	return ip_addr_equal(&one, &other);
}

static int routes_add(struct ip_fib *fib, const struct ip_route *routes, size_t n)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++)
		if (!is_double(routes, i))
			ret = route_add(fib, &routes[i]);
	return ret;
}

int ip_fib_create(struct ip_route *routes, size_t n, enum ip_fib_table table, struct ip_fib **fib)
{
	struct family v4 = { 0 }, v6 = { 0 };
	struct ip_fib *f = calloc(1, sizeof(*f));
	int ret;

	*fib = NULL;
	if (f == NULL)
		return -ENOMEM;
	f->socket = -1;
	if (n > 0)
		qsort(routes, n, sizeof(*routes), route_compare);
	families_count(routes, n, &v4, &v6);
	v4.large = is_large(&v4, table);
	v6.large = is_large(&v6, table);
	ret = heap_create(f, family_bytes(&v4) + family_bytes(&v6));
	if (ret == 0)
		ret = v4_create(f, &v4);
	if (ret == 0)
		ret = v6_create(f, &v6);
	if (ret == 0)
		ret = routes_add(f, routes, n);
	if (ret < 0) {
		vnf_error("ip: no memory for %u IPv4 and %u IPv6 routes (%zu MiB): %s", v4.routes,
			  v6.routes, f->bytes >> 20, strerror(-ret));
		ip_fib_destroy(f);
		return ret;
	}
	*fib = f;
	return 0;
}

void ip_fib_destroy(struct ip_fib *fib)
{
	if (fib == NULL)
		return;
	rte_fib_free(fib->v4);
	rte_fib6_free(fib->v6);
	heap_destroy(fib);
	free(fib);
}

uint64_t ip_fib_bytes(const struct ip_fib *fib)
{
	return fib->bytes;
}

struct rte_fib *ip_fib_v4(const struct ip_fib *fib)
{
	return fib->v4;
}

struct rte_fib6 *ip_fib_v6(const struct ip_fib *fib)
{
	return fib->v6;
}

uint16_t ip_fib_lookup(const struct ip_fib *fib, const struct ip_addr *a)
{
	uint64_t target = 0;

	if (ip_is_v4(a)) {
		uint32_t v4 = rte_be_to_cpu_32(a->word[3]);

		rte_fib_lookup_bulk(fib->v4, &v4, &target, 1);
	} else {
		uint8_t v6[1][RTE_FIB6_IPV6_ADDR_SIZE];

		memcpy(v6[0], a->octet, sizeof(v6[0]));
		rte_fib6_lookup_bulk(fib->v6, v6, &target, 1);
	}
	return (uint16_t)target;
}
