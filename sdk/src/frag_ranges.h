/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which octets of a datagram were seen: its fragments, side by side and in order, none over
 * another. Pure.
 */
#ifndef FRAG_RANGES_H
#define FRAG_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include <vnf/frag.h>

/* Octets `begin` to `end` - 1, at least one. */
struct frag_range {
	uint16_t begin;
	uint16_t end;
};

struct frag_ranges {
	uint32_t octets; /* that were seen */
	uint16_t end;    /* of the datagram; 0: its last fragment was not seen */
	uint16_t n;
	struct frag_range range[VNF_FRAG_PARTS_MAX];
};

static inline void frag_ranges_init(struct frag_ranges *r)
{
	r->octets = 0;
	r->end = 0;
	r->n = 0;
}

/* Add a fragment; `more`: it is not the last. 0; or it is not added: VNF_DROP_FRAGMENT_DUPLICATE,
 * one that is the same was; _OVERLAP, _END, _MANY, the datagram is beyond repair.
 */
uint32_t frag_ranges_add(struct frag_ranges *r, struct frag_range part, bool more);

/* First octet after all that was seen. */
uint32_t frag_ranges_reach(const struct frag_ranges *r);

/* Was every octet seen? */
bool frag_ranges_complete(const struct frag_ranges *r);

#endif
