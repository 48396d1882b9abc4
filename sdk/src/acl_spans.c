/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "acl_spans.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)

int acl_spans_add(struct acl_spans *spans, acl_value first, acl_value last)
{
	if (spans->n == spans->room) {
		size_t room = spans->room * 2 + 1;
		struct acl_span *v = realloc(spans->v, room * sizeof(*v));

		if (v == NULL)
			return -ENOMEM;
		spans->v = v;
		spans->room = room;
	}
	spans->v[spans->n++] = (struct acl_span){ first, last };
	return 0;
}

static int span_compare(const void *a, const void *b)
{
	const struct acl_span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static bool is_sorted(const struct acl_spans *spans)
{
	for (size_t i = 1; i < spans->n; i++)
		if (spans->v[i].first < spans->v[i - 1].first)
			return false;
	return true;
}

void acl_spans_sort(struct acl_spans *spans)
{
	size_t n = 0;

	if (spans->n == 0)
		return;
	if (!is_sorted(spans))
		qsort(spans->v, spans->n, sizeof(*spans->v), span_compare);
	for (size_t i = 1; i < spans->n; i++) {
		struct acl_span *to = &spans->v[n], next = spans->v[i];

		/* The first ends at the greatest value, or so far that the next begins in it. */
		if (to->last == ~(acl_value)0 || next.first <= to->last + 1)
			to->last = RTE_MAX(to->last, next.last);
		else
			spans->v[++n] = next;
	}
	spans->n = n + 1;
}

int acl_spans_invert(struct acl_spans *spans, acl_value last)
{
	struct acl_spans inverse = { 0 };
	acl_value next = 0;
	bool more = true;
	int ret = 0;

	for (size_t i = 0; ret == 0 && more && i < spans->n; i++) {
		const struct acl_span *s = &spans->v[i];

		if (s->first > next)
			ret = acl_spans_add(&inverse, next, s->first - 1);
		more = s->last < last;
		next = s->last + 1;
	}
	if (ret == 0 && more)
		ret = acl_spans_add(&inverse, next, last);
	acl_spans_fini(ret == 0 ? spans : &inverse);
	if (ret == 0)
		*spans = inverse;
	return ret;
}

int acl_spans_cut(struct acl_spans *spans, const struct acl_spans *with)
{
	struct acl_spans both = { 0 };
	int ret = 0;

	for (size_t i = 0, k = 0; ret == 0 && i < spans->n && k < with->n;) {
		acl_value first = RTE_MAX(spans->v[i].first, with->v[k].first);
		acl_value last = RTE_MIN(spans->v[i].last, with->v[k].last);

		if (first <= last)
			ret = acl_spans_add(&both, first, last);
		if (spans->v[i].last < with->v[k].last)
			i++;
		else
			k++;
	}
	acl_spans_fini(ret == 0 ? spans : &both);
	if (ret == 0)
		*spans = both;
	return ret;
}

bool acl_spans_has(const struct acl_spans *spans, acl_value value)
{
	size_t low = 0, n = spans->n;

	while (n > 0) {
		size_t middle = low + n / 2;

		if (spans->v[middle].last < value) {
			low = middle + 1;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return low < spans->n && spans->v[low].first <= value;
}

bool acl_spans_equal(const struct acl_spans *a, const struct acl_spans *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0);
}

uint64_t acl_spans_hash(const struct acl_spans *spans, uint64_t hash)
{
	const uint64_t *word = (const uint64_t *)spans->v;

	hash = (hash ^ spans->n) * HASH_FACTOR;
	for (size_t i = 0; i < spans->n * sizeof(*spans->v) / sizeof(*word); i++)
		hash = (hash ^ hash >> 29 ^ word[i]) * HASH_FACTOR;
	return hash ^ hash >> 32;
}

void acl_spans_fini(struct acl_spans *spans)
{
	free(spans->v);
	*spans = (struct acl_spans){ 0 };
}
