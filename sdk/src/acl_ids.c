/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Lists of ranges of class numbers.
 */

#include "acl_classes.h"

#include <errno.h>
#include <stdlib.h>

static int range_append(struct acl_ids *ids, uint32_t first, uint32_t last)
{
	struct vnf_acl_span *end = ids->n > 0 ? &ids->v[ids->n - 1] : NULL;

	if (end != NULL && first <= end->last + 1) {
		end->last = RTE_MAX(end->last, last);
		return 0;
	}
	if (ids->n == ids->room) {
		uint32_t room = ids->room * 2 + 1;
		struct vnf_acl_span *v = realloc(ids->v, room * sizeof(*v));

		if (v == NULL)
			return -ENOMEM;
		ids->v = v;
		ids->room = room;
	}
	ids->v[ids->n++] = (struct vnf_acl_span){ first, last };
	return 0;
}

int acl_ids_append(struct acl_ids *ids, uint32_t id)
{
	return range_append(ids, id, id);
}

int acl_ids_join(struct acl_ids *ids, const struct acl_ids *with)
{
	struct acl_ids both = { 0 };
	int ret = 0;

	for (uint32_t i = 0, k = 0; ret == 0 && (i < ids->n || k < with->n);) {
		bool mine = k == with->n || (i < ids->n && ids->v[i].first <= with->v[k].first);
		const struct vnf_acl_span *s = mine ? &ids->v[i++] : &with->v[k++];

		ret = range_append(&both, s->first, s->last);
	}
	acl_ids_fini(ret == 0 ? ids : &both);
	if (ret == 0)
		*ids = both;
	return ret;
}

int acl_ids_invert(struct acl_ids *ids, uint32_t n)
{
	struct acl_ids inverse = { 0 };
	uint32_t next = 0;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < ids->n; i++) {
		if (ids->v[i].first > next)
			ret = range_append(&inverse, next, ids->v[i].first - 1);
		next = ids->v[i].last + 1;
	}
	if (ret == 0 && next < n)
		ret = range_append(&inverse, next, n - 1);
	acl_ids_fini(ret == 0 ? ids : &inverse);
	if (ret == 0)
		*ids = inverse;
	return ret;
}

/* The first range that does not end before the id; n: there is none. */
static uint32_t range_find(const struct acl_ids *ids, uint32_t id)
{
	uint32_t low = 0, n = ids->n;

	while (n > 0) {
		uint32_t middle = low + n / 2;

		if (ids->v[middle].last < id) {
			low = middle + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return low;
}

bool acl_ids_have(const struct acl_ids *ids, uint32_t id)
{
	uint32_t at = range_find(ids, id);

	return at < ids->n && ids->v[at].first <= id;
}

bool acl_ids_within(const struct acl_ids *ids, const struct acl_ids *all)
{
	if (ids->n == 0)
		return true;
	/* Most pairs of lists are told apart by their ends. */
	if (all->n == 0 || ids->v[0].first < all->v[0].first ||
	    ids->v[ids->n - 1].last > all->v[all->n - 1].last)
		return false;
	for (uint32_t i = 0; i < ids->n; i++) {
		uint32_t at = range_find(all, ids->v[i].first);

		if (at == all->n || all->v[at].first > ids->v[i].first ||
		    all->v[at].last < ids->v[i].last)
			return false;
	}
	return true;
}

void acl_ids_fini(struct acl_ids *ids)
{
	free(ids->v);
	*ids = (struct acl_ids){ 0 };
}
