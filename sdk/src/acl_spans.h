/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sorted lists of intervals, of addresses and of numbers. Control thread; no DPDK calls.
 */
#ifndef VNF_ACL_SPANS_H
#define VNF_ACL_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vnf/acl.h>

typedef unsigned __int128 acl_value;

struct acl_span {
	acl_value first, last;
};

/* Zero is an empty one. */
struct acl_spans {
	struct acl_span *v;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int acl_spans_add(struct acl_spans *spans, acl_value first, acl_value last);
/* Sort, and join what overlaps or follows upon another. Those below want it so. */
void acl_spans_sort(struct acl_spans *spans);
/* All from 0 to `last` that is not in it. 0 or -ENOMEM. */
int acl_spans_invert(struct acl_spans *spans, acl_value last);
/* What is in both. 0 or -ENOMEM. */
int acl_spans_cut(struct acl_spans *spans, const struct acl_spans *with);
bool acl_spans_has(const struct acl_spans *spans, acl_value value);
bool acl_spans_equal(const struct acl_spans *a, const struct acl_spans *b);
uint64_t acl_spans_hash(const struct acl_spans *spans, uint64_t hash);
void acl_spans_fini(struct acl_spans *spans);

/* Both families by index. */
enum acl_family { ACL_V4, ACL_V6, ACL_FAMILIES };

static inline acl_value acl_addr_last(enum acl_family family)
{
	return family == ACL_V4 ? UINT32_MAX : ~(acl_value)0;
}

/* Octets in network order. */
static inline acl_value acl_addr_value(enum acl_family family, const uint8_t *octets)
{
	rte_be32_t v4;
	rte_be64_t half[2];

	if (family == ACL_V4) {
		memcpy(&v4, octets, sizeof(v4));
		return rte_be_to_cpu_32(v4);
	}
	memcpy(half, octets, sizeof(half));
	return (acl_value)rte_be_to_cpu_64(half[0]) << 64 | rte_be_to_cpu_64(half[1]);
}

struct vnf_acl_set {
	struct acl_spans of[ACL_FAMILIES];
};

/* Not sorted yet. 0, -EINVAL or -ENOMEM. */
int acl_range_add(struct acl_spans *of, const struct vnf_acl_range *range);

#endif
