/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * In which interval of the address space is an address? A static tree over the intervals' first
 * addresses: nodes of eight keys, which fill a cache line, and nine children, whose places follow
 * from their numbers. A million prefixes of IPv4 take 7 steps, of which the last three or four
 * leave the cache; a burst takes each step together, so that they are waited for once. No DPDK
 * calls; built on the control thread, then only read.
 */
#ifndef VNF_ACL_SEARCH_H
#define VNF_ACL_SEARCH_H

#include "acl_spans.h"

#define ACL_KEYS 8    /* of a node */
#define ACL_LEVELS 12 /* 9^11 leaves are more than there can be */

struct acl_search {
	uint64_t *key[ACL_LEVELS]; /* nodes of each level, the root first; the last are all keys */
	uint64_t last[ACL_LEVELS]; /* number of a level's last node */
	uint32_t n_levels;
	uint32_t n;
	bool avx512; /* the processor has it */
	void *memory;
	size_t bytes;
};

/* `keys` are n, ascending, the first is 0. 0 or -ENOMEM. */
int acl_search_init(struct acl_search *s, const uint64_t *keys, uint32_t n);
void acl_search_fini(struct acl_search *s);
/* The greatest key that is not above each value: its index. n is VNF_BURST_MAX at most. */
void acl_search_bulk(const struct acl_search *s, const uint64_t *value, uint32_t *at, uint32_t n);

/* What the addresses of one family in a direction mean: a number for each interval. */
struct acl_table {
	struct acl_search search; /* IPv4 addresses, or the first halves of IPv6 ones */
	uint32_t *number;         /* behind each key, if nothing divides it further */
	uint32_t *divided;        /* IPv6: where in `rest` begins what divides a key; n + 1 */
	struct acl_rest {         /* second halves */
		uint64_t first;
		uint32_t number;
	} * rest;
	size_t bytes;
};

/* Intervals from each `start` on, ascending, the first is 0, with their numbers. 0 or -ENOMEM. */
int acl_table_init(struct acl_table *t, enum acl_family family, const acl_value *start,
		   const uint32_t *number, uint32_t n);
void acl_table_fini(struct acl_table *t);
/* Addresses as of struct vnf_acl_packet. n is VNF_BURST_MAX at most. */
void acl_table_bulk(const struct acl_table *t, enum acl_family family, const uint8_t *const *addr,
		    uint32_t *number, uint32_t n);

#endif
