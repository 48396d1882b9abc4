/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Octets of a datagram. Fragments stay as they came instead of being joined, so that one that comes
 * twice can be told from one that covers others. As none lies over another, what was seen is the
 * sum of their lengths.
 */

#include "frag_ranges.h"

#include <string.h>

uint32_t frag_ranges_reach(const struct frag_ranges *r)
{
	return r->n > 0 ? r->range[r->n - 1].end : 0;
}

bool frag_ranges_complete(const struct frag_ranges *r)
{
	return r->end != 0 && r->octets == r->end;
}

/* Index of the first range that ends after `octet`. */
static uint32_t range_find(const struct frag_ranges *r, uint32_t octet)
{
	uint32_t low = 0, high = r->n;

	if (octet >= frag_ranges_reach(r))
		return r->n;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (r->range[middle].end > octet)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Nothing ends where the datagram ends but its last fragment, and nothing lies beyond. */
static bool end_agrees(const struct frag_ranges *r, uint32_t end, bool more)
{
	if (more)
		return r->end == 0 || end < r->end;
	if (r->end != 0)
		return end == r->end;
	return frag_ranges_reach(r) < end;
}

uint32_t frag_ranges_add(struct frag_ranges *r, struct frag_range part, bool more)
{
	uint32_t i = range_find(r, part.begin);
	struct frag_range *at = &r->range[i];

	if (!end_agrees(r, part.end, more))
		return VNF_DROP_FRAGMENT_END;
	if (i < r->n && at->begin < part.end)
		return at->begin == part.begin && at->end == part.end ? VNF_DROP_FRAGMENT_DUPLICATE
								      : VNF_DROP_FRAGMENT_OVERLAP;
	if (r->n == VNF_FRAG_PARTS_MAX)
		return VNF_DROP_FRAGMENT_MANY;
	memmove(at + 1, at, (r->n - i) * sizeof(*at));
	*at = part;
	r->n++;
	r->octets += (uint32_t)part.end - part.begin;
	if (!more)
		r->end = part.end;
	return 0;
}
