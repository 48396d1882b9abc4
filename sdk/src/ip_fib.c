/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "ip_fib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_mempool.h>
#include <rte_rib.h>
#include <rte_rib6.h>

#include <vnf/log.h>

#include "own_heap.h"

#define TBL24_ENTRIES ((size_t)1 << 24)
#define TBL8_ENTRIES ((size_t)256)
/* Greater than any node of a RIB. */
#define NODE_BYTES 64
/* What each family takes beside its tables and nodes. */
#define FAMILY_BYTES ((size_t)1 << 20)
/* A FIB needs one group of long prefixes at least. */
#define TBL8_MIN 8

struct ip_fib {
	struct rte_fib *v4;
	struct rte_fib6 *v6;
	struct own_heap heap;
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

static bool is_double(const struct ip_route *routes, size_t i)
{
	return i > 0 && routes[i].prefix.length == routes[i - 1].prefix.length &&
	       ip_addr_equal(&routes[i].prefix.addr, &routes[i - 1].prefix.addr);
}

/* Prefixes of a route that were added before it, each within the one below. */
struct above {
	uint32_t n;
	const struct ip_prefix *prefix[IP_ADDR_BITS + 1];
};

/* Leave those that have the route in them: the last one is its parent. */
static void above_find(struct above *above, const struct ip_prefix *p)
{
	while (above->n > 0 && !ip_prefix_has(above->prefix[above->n - 1], &p->addr))
		above->n--;
}

/* Groups that DPDK sets aside for a route, dir24_8.c and trie.c: none if one before it has the same
 * last group; of IPv4 one, of IPv6 all between it and its parent, also those that others share.
 */
static uint32_t groups_of(const struct ip_prefix *p, const struct ip_prefix *last,
			  const struct ip_prefix *parent)
{
	bool v4 = ip_is_v4(&p->addr);
	uint32_t first = (v4 ? IP_V4_BITS : 0) + 24u, begin = v4 ? first : p->length / 8 * 8u;

	if (p->length <= first ||
	    (last != NULL && last->length > begin && same_bits(&last->addr, &p->addr, begin)))
		return 0;
	if (v4)
		return 1;
	if (parent != NULL && parent->length > first)
		first = RTE_ALIGN_CEIL(parent->length, 8u);
	return (RTE_ALIGN_CEIL(p->length, 8u) - first) / 8;
}

/* Routes come sorted, parents first. */
static void families_count(const struct ip_route *routes, size_t n, struct family *v4,
			   struct family *v6)
{
	const struct ip_prefix *last[2] = { NULL, NULL };
	struct above above[2] = { { .n = 0 }, { .n = 0 } };

	for (size_t i = 0; i < n; i++) {
		const struct ip_prefix *p = &routes[i].prefix;
		uint32_t at = ip_is_v4(&p->addr);
		struct family *f = at != 0 ? v4 : v6;
		struct above *over = &above[at];

		if (is_double(routes, i))
			continue;
		above_find(over, p);
		f->routes++;
		f->groups += groups_of(p, last[at], over->n > 0 ? over->prefix[over->n - 1] : NULL);
		over->prefix[over->n++] = p;
		last[at] = p;
	}
}

/* Entries of two octets can name so many tables for further bits. */
static bool is_wide(const struct family *f)
{
	return f->groups + TBL8_MIN > INT16_MAX;
}

static bool is_large(const struct family *f, enum ip_fib_table table)
{
	if (table == IP_FIB_AUTO)
		return f->routes >= IP_FIB_FEW;
	return table == IP_FIB_LARGE && f->routes > 0;
}

/* Nodes of a RIB: a tree of n routes has n - 1 forks at most. */
static uint32_t routes_max(const struct family *f)
{
	return f->routes + 16;
}

static size_t family_bytes(const struct family *f)
{
	size_t node = rte_mempool_calc_obj_size(NODE_BYTES, 0, NULL);
	size_t nodes = (size_t)routes_max(f) * 2;
	/* The pool's ring holds a power of two of pointers. */
	size_t bytes = nodes * (node + 2 * sizeof(void *)) + FAMILY_BYTES;
	size_t entry = is_wide(f) ? sizeof(uint32_t) : sizeof(uint16_t);

	if (f->large)
		bytes += TBL24_ENTRIES * entry +
			 (f->groups + TBL8_MIN + 1) * (TBL8_ENTRIES * entry + sizeof(uint64_t));
	return bytes;
}

/* ---- creation ---- */

static int v4_create(struct ip_fib *fib, const struct family *f)
{
	struct rte_fib_conf conf = {
		.type = f->large ? RTE_FIB_DIR24_8 : RTE_FIB_DUMMY,
		.max_routes = (int)routes_max(f),
		.dir24_8 = { is_wide(f) ? RTE_FIB_DIR24_8_4B : RTE_FIB_DIR24_8_2B,
			     f->groups + TBL8_MIN },
	};
	char name[64];

	snprintf(name, sizeof(name), "%s-4", fib->heap.name);
	fib->v4 = rte_fib_create(name, fib->heap.socket, &conf);
	return fib->v4 != NULL ? 0 : -rte_errno;
}

static int v6_create(struct ip_fib *fib, const struct family *f)
{
	struct rte_fib6_conf conf = {
		.type = f->large ? RTE_FIB6_TRIE : RTE_FIB6_DUMMY,
		.max_routes = (int)routes_max(f),
		.trie = { is_wide(f) ? RTE_FIB6_TRIE_4B : RTE_FIB6_TRIE_2B, f->groups + TBL8_MIN },
	};
	char name[64];

	snprintf(name, sizeof(name), "%s-6", fib->heap.name);
	fib->v6 = rte_fib6_create(name, fib->heap.socket, &conf);
	return fib->v6 != NULL ? 0 : -rte_errno;
}

static int route_add(struct ip_fib *fib, const struct ip_route *route)
{
	const struct ip_addr *addr = &route->prefix.addr;

	if (ip_is_v4(addr))
		return rte_fib_add(fib->v4, rte_be_to_cpu_32(addr->word[3]),
				   (uint8_t)(route->prefix.length - IP_V4_BITS), route->target);
	return rte_fib6_add(fib->v6, addr->octet, route->prefix.length, route->target);
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
	f->heap = (struct own_heap)OWN_HEAP_NONE;
	if (n > 0)
		qsort(routes, n, sizeof(*routes), route_compare);
	families_count(routes, n, &v4, &v6);
	v4.large = is_large(&v4, table);
	v6.large = is_large(&v6, table);
	ret = own_heap_create(&f->heap, "ip", family_bytes(&v4) + family_bytes(&v6), false);
	if (ret == 0)
		ret = v4_create(f, &v4);
	if (ret == 0)
		ret = v6_create(f, &v6);
	if (ret == 0)
		ret = routes_add(f, routes, n);
	if (ret < 0) {
		vnf_error("ip: no memory for %u IPv4 and %u IPv6 routes (%zu MiB): %s", v4.routes,
			  v6.routes, f->heap.bytes >> 20, strerror(-ret));
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
	own_heap_destroy(&fib->heap);
	free(fib);
}

uint64_t ip_fib_bytes(const struct ip_fib *fib)
{
	return fib->heap.bytes;
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
