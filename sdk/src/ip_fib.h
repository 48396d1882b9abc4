/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The routes of one generation, by which packets find their target: DPDK's rte_fib and rte_fib6.
 * Built on the control thread, then only read, by any worker. All of it, RIBs included, is in
 * memory of its own, outside of DPDK's heap: nothing that a peer has mapped changes.
 */
#ifndef VNF_IP_FIB_H
#define VNF_IP_FIB_H

#include <rte_fib.h>
#include <rte_fib6.h>

#include "ip_addr.h"

/* Targets of one FIB at most: next hops have two octets, of which one bit is DPDK's. */
#define IP_TARGETS_MAX 32767
/* From so many routes of a family on its table is a real one, of 33 MB and more. */
#define IP_FIB_FEW 64

struct ip_route {
	struct ip_prefix prefix; /* bits behind its length are 0 */
	uint32_t order;          /* in the configuration: the first of two counts */
	uint16_t target;         /* 1 to IP_TARGETS_MAX - 1 */
};

struct ip_fib;

/* By what packets are looked up: DPDK's tables of 33 MB and more, or its trees, which are small. */
enum ip_fib_table {
	IP_FIB_AUTO, /* a table from IP_FIB_FEW routes of the family on */
	IP_FIB_SMALL,
	IP_FIB_LARGE,
};

/* `routes` are sorted by this call; of two with the same prefix the first in order counts. 0, or
 * -errno after logging why.
 */
int ip_fib_create(struct ip_route *routes, size_t n, enum ip_fib_table table, struct ip_fib **fib);
void ip_fib_destroy(struct ip_fib *fib);
/* Octets that it takes. */
uint64_t ip_fib_bytes(const struct ip_fib *fib);
struct rte_fib *ip_fib_v4(const struct ip_fib *fib);
struct rte_fib6 *ip_fib_v6(const struct ip_fib *fib);

/* The target of one address; 0: no route. Any thread that the generation is kept for. */
uint16_t ip_fib_lookup(const struct ip_fib *fib, const struct ip_addr *a);

#endif
