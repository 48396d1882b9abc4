/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * All atoms are gone through together, from value 0 to the last one: a heap has of each where it
 * next begins or ends. In between, a value is in the atoms that are active. Which combination that
 * is, is known by the sum (exclusive or) of random numbers of 128 bits, one for each atom: among
 * 2^22 combinations two have the same one with a probability of 2^-85.
 */

#include "acl_classes.h"

#include <errno.h>
#include <stdlib.h>

/* Where an atom begins or ends next. */
struct border {
	acl_value at;
	uint32_t atom;
	bool ends;
};

/* Numbers of what was seen before, by a key of 128 bits; open addressing. */
struct seen {
	acl_value *key;
	uint32_t *number; /* and one more; 0: free */
	uint32_t mask, n;
};

struct sweep {
	struct acl_classes *c;
	acl_value last;
	struct border *heap;
	uint32_t n_heap;
	size_t *next;     /* span of each atom */
	acl_value *token; /* random number of each atom */
	uint32_t *place;  /* of each atom among the active ones of its kind */
	uint32_t *active[ACL_KINDS];
	uint32_t n_active[ACL_KINDS];
	acl_value sum[ACL_KINDS]; /* of their tokens */
	struct seen classes[ACL_KINDS], pairs;
	uint32_t pairs_room;
};

/* ---- what was seen ---- */

static int seen_grow(struct seen *seen)
{
	uint32_t size = seen->mask != 0 ? (seen->mask + 1) * 2 : 64;
	struct seen to = { calloc(size, sizeof(*to.key)), calloc(size, sizeof(*to.number)),
			   size - 1, seen->n };

	if (to.key == NULL || to.number == NULL) {
		free(to.key);
		free(to.number);
		return -ENOMEM;
	}
	for (uint32_t i = 0; seen->mask != 0 && i <= seen->mask; i++) {
		uint32_t at = (uint32_t)(seen->key[i] ^ seen->key[i] >> 64) & to.mask;

		if (seen->number[i] == 0)
			continue;
		while (to.number[at] != 0)
			at = (at + 1) & to.mask;
		to.key[at] = seen->key[i];
		to.number[at] = seen->number[i];
	}
	free(seen->key);
	free(seen->number);
	*seen = to;
	return 0;
}

/* Its number; `*fresh`: it was not seen before. Negative: -ENOMEM. */
static int64_t seen_number(struct seen *seen, acl_value key, bool *fresh)
{
	uint32_t at;

	*fresh = false;
	if (seen->n * 2 >= seen->mask && seen_grow(seen) < 0)
		return -ENOMEM;
	at = (uint32_t)(key ^ key >> 64) & seen->mask;
	for (; seen->number[at] != 0; at = (at + 1) & seen->mask)
		if (seen->key[at] == key)
			return seen->number[at] - 1;
	*fresh = true;
	seen->key[at] = key;
	seen->number[at] = ++seen->n;
	return seen->n - 1;
}

static void seen_fini(struct seen *seen)
{
	free(seen->key);
	free(seen->number);
}

/* ---- borders ---- */

static void sift_down(struct sweep *s, uint32_t at)
{
	struct border moved = s->heap[at];

	for (uint32_t child; (child = 2 * at + 1) < s->n_heap; at = child) {
		if (child + 1 < s->n_heap && s->heap[child + 1].at < s->heap[child].at)
			child++;
		if (moved.at <= s->heap[child].at)
			break;
		s->heap[at] = s->heap[child];
	}
	s->heap[at] = moved;
}

/* The next border of the same atom takes the place of the first one. */
static void border_next(struct sweep *s)
{
	struct border *b = &s->heap[0];
	const struct acl_spans *spans = s->c->atom[b->atom].spans;

	if (!b->ends && spans->v[s->next[b->atom]].last < s->last) {
		b->at = spans->v[s->next[b->atom]].last + 1;
		b->ends = true;
	} else if (b->ends && ++s->next[b->atom] < spans->n) {
		b->at = spans->v[s->next[b->atom]].first;
		b->ends = false;
	} else {
		*b = s->heap[--s->n_heap];
	}
	sift_down(s, 0);
}

/* The atom begins or ends here. */
static void atom_turn(struct sweep *s, uint32_t atom, bool ends)
{
	enum acl_kind kind = s->c->atom[atom].kind;
	uint32_t *active = s->active[kind];

	s->sum[kind] ^= s->token[atom];
	if (ends) {
		uint32_t moved = active[--s->n_active[kind]];

		active[s->place[atom]] = moved;
		s->place[moved] = s->place[atom];
	} else {
		s->place[atom] = s->n_active[kind];
		active[s->n_active[kind]++] = atom;
	}
}

static void borders_pass(struct sweep *s, acl_value at)
{
	while (s->n_heap > 0 && s->heap[0].at == at) {
		atom_turn(s, s->heap[0].atom, s->heap[0].ends);
		border_next(s);
	}
}

/* ---- numbers ---- */

static int class_number(struct sweep *s, enum acl_kind kind, uint32_t *class)
{
	bool fresh;
	int64_t number = seen_number(&s->classes[kind], s->sum[kind], &fresh);

	if (number < 0 || number >= ACL_CLASSES_MAX)
		return number < 0 ? -ENOMEM : -E2BIG;
	*class = (uint32_t)number;
	for (uint32_t i = 0; fresh && i < s->n_active[kind]; i++)
		if (acl_ids_append(&s->c->atom[s->active[kind][i]].classes, *class) < 0)
			return -ENOMEM;
	return 0;
}

static int pair_add(struct sweep *s, const struct acl_pair *pair)
{
	struct acl_classes *c = s->c;

	if (c->n_pairs == s->pairs_room) {
		uint32_t room = s->pairs_room * 2 + 16;
		struct acl_pair *grown = realloc(c->pair, room * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		c->pair = grown;
		s->pairs_room = room;
	}
	c->pair[c->n_pairs] = *pair;
	for (int kind = 0; kind < ACL_KINDS; kind++)
		for (uint32_t i = 0; i < s->n_active[kind]; i++)
			if (acl_ids_append(&c->atom[s->active[kind][i]].pairs, c->n_pairs) < 0)
				return -ENOMEM;
	c->n_pairs++;
	return 0;
}

static int pair_number(struct sweep *s, uint32_t *number)
{
	struct acl_pair pair;
	int64_t found;
	bool fresh;
	int ret = 0;

	for (int kind = 0; ret == 0 && kind < ACL_KINDS; kind++)
		ret = class_number(s, kind, &pair.class[kind]);
	if (ret < 0)
		return ret;
	/* Spread, for the table looks at low bits. */
	found = seen_number(&s->pairs,
			    (acl_value)pair.class[ACL_SET] << 64 |
				    (uint64_t)pair.class[ACL_OWN] * UINT64_C(0x9e3779b97f4a7c15),
			    &fresh);
	if (found < 0 || found >= ACL_PAIRS_MAX)
		return found < 0 ? -ENOMEM : -E2BIG;
	*number = (uint32_t)found;
	return fresh ? pair_add(s, &pair) : 0;
}

static int interval_add(struct acl_classes *c, acl_value start, uint32_t number)
{
	if (c->n_intervals > 0 && c->number[c->n_intervals - 1] == number)
		return 0;
	if (c->n_intervals == c->room) {
		uint32_t room = c->room * 2 + 16;
		acl_value *starts = realloc(c->start, room * sizeof(*starts));
		uint32_t *numbers = realloc(c->number, room * sizeof(*numbers));

		c->start = starts != NULL ? starts : c->start;
		c->number = numbers != NULL ? numbers : c->number;
		if (starts == NULL || numbers == NULL)
			return -ENOMEM;
		c->room = room;
	}
	c->start[c->n_intervals] = start;
	c->number[c->n_intervals++] = number;
	return 0;
}

static int sweep_run(struct sweep *s)
{
	acl_value at = 0;
	uint32_t number;
	int ret;

	for (;;) {
		borders_pass(s, at);
		ret = pair_number(s, &number);
		if (ret == 0)
			ret = interval_add(s->c, at, number);
		if (ret < 0 || s->n_heap == 0)
			return ret;
		at = s->heap[0].at;
	}
}

/* ---- classes of sets ---- */

/* Mark in `is` the numbers of a list. */
static void ids_mark(const struct acl_ids *ids, const uint32_t *as, uint8_t *is)
{
	for (uint32_t i = 0; i < ids->n; i++)
		for (uint32_t id = ids->v[i].first; id <= ids->v[i].last; id++)
			is[as != NULL ? as[id] : id] = 1;
}

/* Those that are marked after the others, each kind in its order. */
static void order_part(uint32_t *order, uint32_t *spare, const uint8_t *is, uint32_t n)
{
	uint32_t at = 0;

	for (uint8_t marked = 0; marked < 2; marked++)
		for (uint32_t i = 0; i < n; i++)
			if (is[order[i]] == marked)
				spare[at++] = order[i];
	memcpy(order, spare, n * sizeof(*order));
}

static int ids_number_anew(struct acl_ids *ids, const uint32_t *as, uint8_t *is, uint32_t n)
{
	struct acl_ids anew = { 0 };
	int ret = 0;

	memset(is, 0, n);
	ids_mark(ids, as, is);
	for (uint32_t i = 0; ret == 0 && i < n; i++)
		if (is[i] != 0)
			ret = acl_ids_append(&anew, i);
	acl_ids_fini(ids);
	*ids = anew;
	return ret;
}

/* By the sets that they are in, the first set's all side by side, and so on: that leaves few ranges
 * for each set.
 */
static int sets_order(struct acl_classes *c, uint32_t *order, uint32_t *as, uint8_t *is)
{
	uint32_t n = c->n[ACL_SET];
	int ret = 0;

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = c->n_atoms; i-- > 0;) {
		if (c->atom[i].kind != ACL_SET)
			continue;
		memset(is, 0, n);
		ids_mark(&c->atom[i].classes, NULL, is);
		order_part(order, as, is, n);
	}
	for (uint32_t i = 0; i < n; i++)
		as[order[i]] = i;
	for (uint32_t i = 0; ret == 0 && i < c->n_atoms; i++)
		if (c->atom[i].kind == ACL_SET)
			ret = ids_number_anew(&c->atom[i].classes, as, is, n);
	for (uint32_t i = 0; i < c->n_pairs; i++)
		c->pair[i].class[ACL_SET] = as[c->pair[i].class[ACL_SET]];
	return ret;
}

static int sets_number_anew(struct acl_classes *c)
{
	uint32_t n = c->n[ACL_SET];
	uint32_t *order = malloc(n * sizeof(*order)), *as = malloc(n * sizeof(*as));
	uint8_t *is = malloc(n);
	int ret = -ENOMEM;

	if (order != NULL && as != NULL && is != NULL)
		ret = sets_order(c, order, as, is);
	free(order);
	free(as);
	free(is);
	return ret;
}

/* ---- creation ---- */

/* SplitMix64: the same on each run. */
static uint64_t token_half(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void sweep_fill(struct sweep *s)
{
	uint64_t state = 1;

	for (uint32_t i = 0; i < s->c->n_atoms; i++) {
		const struct acl_spans *spans = s->c->atom[i].spans;

		s->token[i] = (acl_value)token_half(&state) << 64;
		s->token[i] |= token_half(&state);
		if (spans->n > 0)
			s->heap[s->n_heap++] = (struct border){ spans->v[0].first, i, false };
	}
	for (uint32_t i = s->n_heap / 2; i-- > 0;)
		sift_down(s, i);
}

static int sweep_init(struct sweep *s)
{
	uint32_t n = s->c->n_atoms + 1;

	s->heap = malloc(n * sizeof(*s->heap));
	s->next = calloc(n, sizeof(*s->next));
	s->token = malloc(n * sizeof(*s->token));
	s->place = malloc(n * sizeof(*s->place));
	s->active[ACL_OWN] = malloc(n * sizeof(uint32_t));
	s->active[ACL_SET] = malloc(n * sizeof(uint32_t));
	if (s->heap == NULL || s->next == NULL || s->token == NULL || s->place == NULL ||
	    s->active[ACL_OWN] == NULL || s->active[ACL_SET] == NULL)
		return -ENOMEM;
	sweep_fill(s);
	return 0;
}

static void sweep_fini(struct sweep *s)
{
	free(s->heap);
	free(s->next);
	free(s->token);
	free(s->place);
	for (int kind = 0; kind < ACL_KINDS; kind++) {
		free(s->active[kind]);
		seen_fini(&s->classes[kind]);
	}
	seen_fini(&s->pairs);
}

int acl_classes_init(struct acl_classes *c, struct acl_atom *atoms, uint32_t n, acl_value last)
{
	struct sweep s = { .c = c, .last = last };
	int ret;

	*c = (struct acl_classes){ .atom = atoms, .n_atoms = n };
	ret = sweep_init(&s);
	if (ret == 0)
		ret = sweep_run(&s);
	for (int kind = 0; kind < ACL_KINDS; kind++)
		c->n[kind] = s.classes[kind].n;
	sweep_fini(&s);
	if (ret == 0 && c->n[ACL_SET] > 1)
		ret = sets_number_anew(c);
	return ret;
}

void acl_classes_fini(struct acl_classes *c)
{
	for (uint32_t i = 0; i < c->n_atoms; i++) {
		acl_ids_fini(&c->atom[i].classes);
		acl_ids_fini(&c->atom[i].pairs);
	}
	free(c->atom);
	free(c->pair);
	free(c->start);
	free(c->number);
	*c = (struct acl_classes){ 0 };
}
