/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "acl_search.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_cpuflags.h>
#include <rte_prefetch.h>
#include <rte_vect.h>

#include <vnf/vnf.h>

#define CHILDREN (ACL_KEYS + 1)

/* ---- tree ---- */

static uint64_t nodes_over(uint64_t nodes)
{
	return (nodes + CHILDREN - 1) / CHILDREN;
}

/* First key below a node that is `up` levels above the last level. */
static uint64_t first_below(uint64_t node, uint32_t up)
{
	while (up-- > 0)
		node *= CHILDREN;
	return node * ACL_KEYS;
}

static void level_fill(struct acl_search *s, uint32_t level, const uint64_t *keys)
{
	uint32_t up = s->n_levels - 1 - level;

	for (uint64_t i = 0; i < (s->last[level] + 1) * ACL_KEYS; i++) {
		/* Of a node above, what its second and each further child begins with. */
		uint64_t child = i / ACL_KEYS * CHILDREN + i % ACL_KEYS + 1;
		uint64_t at = up == 0 ? i : first_below(child, up - 1);

		s->key[level][i] = at < s->n ? keys[at] : UINT64_MAX;
	}
}

static bool has_avx512(void)
{
#ifdef RTE_ARCH_X86
	return rte_cpu_get_flag_enabled(RTE_CPUFLAG_AVX512F) == 1;
#else
	return false;
#endif
}

int acl_search_init(struct acl_search *s, const uint64_t *keys, uint32_t n)
{
	uint64_t nodes[ACL_LEVELS] = { (n + UINT64_C(7)) / ACL_KEYS }, total = nodes[0];
	uint64_t *at;

	*s = (struct acl_search){ .n_levels = 1, .n = n, .avx512 = has_avx512() };
	for (; nodes[s->n_levels - 1] > 1; s->n_levels++) {
		nodes[s->n_levels] = nodes_over(nodes[s->n_levels - 1]);
		total += nodes[s->n_levels];
	}
	s->bytes = total * ACL_KEYS * sizeof(uint64_t);
	s->memory = aligned_alloc(RTE_CACHE_LINE_SIZE, s->bytes);
	at = s->memory;
	if (at == NULL)
		return -ENOMEM;
	for (uint32_t level = 0; level < s->n_levels; level++) {
		s->key[level] = at;
		s->last[level] = nodes[s->n_levels - 1 - level] - 1;
		level_fill(s, level, keys);
		at += (s->last[level] + 1) * ACL_KEYS;
	}
	return 0;
}

void acl_search_fini(struct acl_search *s)
{
	free(s->memory);
	*s = (struct acl_search){ 0 };
}

/* Keys of a node that are not above. */
static inline uint32_t keys_below(const uint64_t *key, uint64_t value)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ACL_KEYS; i++)
		n += key[i] <= value;
	return n;
}

/* Step by step for all of them; `below` is inlined, so that each caller has code of its own. */
static __rte_always_inline void search_by(const struct acl_search *s, const uint64_t *value,
					  uint32_t *at, uint32_t n,
					  uint32_t (*below)(const uint64_t *key, uint64_t value))
{
	uint64_t node[VNF_BURST_MAX] = { 0 };
	uint32_t level = 0;

	for (; level + 1 < s->n_levels; level++)
		for (uint32_t i = 0; i < n; i++) {
			uint64_t next = node[i] * CHILDREN +
					below(&s->key[level][node[i] * ACL_KEYS], value[i]);

			/* What fills up nodes is not above the greatest value. */
			node[i] = RTE_MIN(next, s->last[level + 1]);
			rte_prefetch0(&s->key[level + 1][node[i] * ACL_KEYS]);
		}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t behind =
			node[i] * ACL_KEYS + below(&s->key[level][node[i] * ACL_KEYS], value[i]);

		at[i] = (uint32_t)RTE_MIN(behind, s->n) - 1;
	}
}

#ifdef RTE_ARCH_X86
/* The eight keys of a node at once. */
__attribute__((target("avx512f,popcnt"))) static inline uint32_t
keys_below_avx512(const uint64_t *key, uint64_t value)
{
	__mmask8 mask = _mm512_cmple_epu64_mask(_mm512_load_si512(key),
						_mm512_set1_epi64((long long)value));

	return (uint32_t)__builtin_popcount(mask);
}

__attribute__((target("avx512f,popcnt"))) static void
search_avx512(const struct acl_search *s, const uint64_t *value, uint32_t *at, uint32_t n)
{
	search_by(s, value, at, n, keys_below_avx512);
}
#endif

void acl_search_bulk(const struct acl_search *s, const uint64_t *value, uint32_t *at, uint32_t n)
{
#ifdef RTE_ARCH_X86
	if (s->avx512) {
		search_avx512(s, value, at, n);
		return;
	}
#endif
	search_by(s, value, at, n, keys_below);
}

/* ---- tables ---- */

/* The first half of an interval's begin: what is looked for in the tree. */
static uint64_t key_of(enum acl_family family, acl_value start)
{
	return family == ACL_V4 ? (uint64_t)start : (uint64_t)(start >> 64);
}

/* Intervals that begin with the same key as this one: the first one behind them. */
static uint32_t same_key(enum acl_family family, const acl_value *start, uint32_t n, uint32_t i)
{
	uint64_t key = key_of(family, start[i]);

	while (i < n && key_of(family, start[i]) == key)
		i++;
	return i;
}

/* n is 1 at least. */
static uint32_t keys_count(enum acl_family family, const acl_value *start, uint32_t n)
{
	uint32_t keys = 1;

	for (uint32_t i = same_key(family, start, n, 0); i < n; i = same_key(family, start, n, i))
		keys++;
	return keys;
}

/* While a table is filled. */
struct filling {
	uint64_t *key;
	uint32_t keys, rests;
};

/* One key, and what begins within it: intervals from i to behind `end`. */
static void key_fill(struct acl_table *t, struct filling *f, enum acl_family family,
		     const acl_value *start, const uint32_t *number, uint32_t i, uint32_t end)
{
	bool whole = family == ACL_V4 || (end == i + 1 && (uint64_t)start[i] == 0);

	f->key[f->keys] = key_of(family, start[i]);
	t->number[f->keys] = number[end - 1];
	if (t->divided != NULL)
		t->divided[f->keys] = f->rests;
	f->keys++;
	if (whole)
		return;
	if ((uint64_t)start[i] != 0)
		t->rest[f->rests++] = (struct acl_rest){ 0, number[i - 1] };
	for (; i < end; i++)
		t->rest[f->rests++] = (struct acl_rest){ (uint64_t)start[i], number[i] };
}

static int table_alloc(struct acl_table *t, enum acl_family family, uint32_t keys, uint32_t n)
{
	size_t rests = family == ACL_V4 ? 0 : (size_t)n + keys;

	t->number = calloc(keys, sizeof(*t->number));
	t->bytes = keys * sizeof(*t->number);
	if (family == ACL_V6) {
		t->divided = calloc(keys + 1u, sizeof(*t->divided));
		t->rest = calloc(rests, sizeof(*t->rest));
	}
	return t->number != NULL && (family == ACL_V4 || (t->divided != NULL && t->rest != NULL))
		       ? 0
		       : -ENOMEM;
}

/* There was room for the most that could be needed. */
static void rest_give_back(struct acl_table *t, const struct filling *f)
{
	struct acl_rest *rest = realloc(t->rest, RTE_MAX(f->rests, 1u) * sizeof(*rest));

	if (rest != NULL)
		t->rest = rest;
	t->divided[f->keys] = f->rests;
	t->bytes += (f->keys + 1) * sizeof(*t->divided) + f->rests * sizeof(*rest);
}

int acl_table_init(struct acl_table *t, enum acl_family family, const acl_value *start,
		   const uint32_t *number, uint32_t n)
{
	uint32_t keys = keys_count(family, start, n);
	struct filling f = { .key = calloc(keys, sizeof(uint64_t)) };
	int ret;

	*t = (struct acl_table){ 0 };
	ret = f.key != NULL ? table_alloc(t, family, keys, n) : -ENOMEM;
	if (ret == 0) {
		for (uint32_t i = 0, end; i < n; i = end) {
			end = same_key(family, start, n, i);
			key_fill(t, &f, family, start, number, i, end);
		}
		if (family == ACL_V6)
			rest_give_back(t, &f);
		ret = acl_search_init(&t->search, f.key, keys);
		t->bytes += t->search.bytes;
	}
	free(f.key);
	return ret;
}

void acl_table_fini(struct acl_table *t)
{
	acl_search_fini(&t->search);
	free(t->number);
	free(t->divided);
	free(t->rest);
	*t = (struct acl_table){ 0 };
}

/* The last part that does not begin behind the second half. */
static uint32_t rest_find(const struct acl_rest *rest, uint32_t n, uint64_t half)
{
	while (n > 1) {
		uint32_t step = n / 2;

		rest += rest[step].first <= half ? step : 0;
		n -= step;
	}
	return rest->number;
}

static uint32_t v6_number(const struct acl_table *t, uint32_t at, uint64_t key, acl_value addr)
{
	uint32_t first = t->divided[at], n = t->divided[at + 1] - first;

	if (n == 0 || key != (uint64_t)(addr >> 64))
		return t->number[at];
	return rest_find(&t->rest[first], n, (uint64_t)addr);
}

void acl_table_bulk(const struct acl_table *t, enum acl_family family, const uint8_t *const *addr,
		    uint32_t *number, uint32_t n)
{
	const uint64_t *keys = t->search.key[t->search.n_levels - 1];
	uint64_t value[VNF_BURST_MAX];

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		value[i] = key_of(family, acl_addr_value(family, addr[i]));
	acl_search_bulk(&t->search, value, number, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = number[i];

		number[i] = family == ACL_V4
				    ? t->number[at]
				    : v6_number(t, at, keys[at], acl_addr_value(family, addr[i]));
	}
}
