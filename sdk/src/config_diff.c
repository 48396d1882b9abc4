/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What differs between two files of the same tables, key by key: for a reload, which may change
 * some keys of a running program and not others. Items of a list that have a name are told apart by
 * it, others by their place. Both trees are only read.
 */
#include "config_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct diff {
	cfg_change_fn fn;
	void *arg;
	int ret;
};

static void diff_keys(struct diff *diff, const struct cfg_node *before,
		      const struct cfg_node *after, bool live);

static void tell(struct diff *diff, const struct cfg_node *before, const struct cfg_node *after,
		 const struct cfg_node *parent, bool live)
{
	const struct cfg_change change = { before, after, parent, live };

	diff->fn(diff->arg, &change);
}

static bool scalars_equal(const struct vnf_config_key *key, const void *a, const void *b)
{
	if (cfg_type_is_number(key->type))
		return cfg_get_number(key->type, a) == cfg_get_number(key->type, b);
	switch (key->type) {
	case VNF_CONFIG_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case VNF_CONFIG_ENUM:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case VNF_CONFIG_MAC:
		return memcmp(a, b, 6) == 0;
	default:
		return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
	}
}

static bool arrays_equal(const struct vnf_config_key *key, const void *a, const void *b)
{
	size_t n = cfg_array_length(key, a);

	if (cfg_array_length(key, b) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!scalars_equal(cfg_element_key(key), cfg_array_element(key, a, i),
				   cfg_array_element(key, b, i)))
			return false;
	return true;
}

static const struct cfg_node *child_find(const struct cfg_node *parent, const char *name)
{
	const struct cfg_node *node = parent->first;

	while (node != NULL && strcmp(node->name, name) != 0)
		node = node->next;
	return node;
}

/* What an item is called, or NULL. */
static const char *item_name(const struct cfg_node *item)
{
	const struct cfg_node *name = child_find(item, "name");

	if (name == NULL || name->kind != CFG_KEY || name->key->type != VNF_CONFIG_STRING)
		return NULL;
	return *(const char *const *)name->field;
}

/* The items of a list, sorted to be found. */
struct items {
	size_t n;
	struct listed {
		const struct cfg_node *item;
		const char *name; /* NULL: none */
		size_t nth;       /* of that name; without one, its place */
	} * v;
};

static int names_compare(const struct listed *a, const struct listed *b)
{
	if (a->name == NULL || b->name == NULL)
		return (a->name != NULL) - (b->name != NULL);
	return strcmp(a->name, b->name);
}

static int listed_compare(const void *one, const void *other)
{
	const struct listed *a = one, *b = other;
	int order = names_compare(a, b);

	return order != 0 ? order : (a->nth > b->nth) - (a->nth < b->nth);
}

static bool items_init(struct items *items, const struct cfg_node *list)
{
	struct listed *v;

	*items = (struct items){ 0 };
	for (const struct cfg_node *i = list->first; i != NULL; i = i->next)
		items->n++;
	v = calloc(items->n + 1, sizeof(*v));
	items->v = v;
	if (v == NULL)
		return false;
	for (const struct cfg_node *i = list->first; i != NULL; i = i->next)
		*v++ = (struct listed){ i, item_name(i), i->index };
	v = items->v;
	qsort(v, items->n, sizeof(*v), listed_compare);
	for (size_t i = 0; i < items->n; i++)
		if (v[i].name != NULL)
			v[i].nth = i > 0 && names_compare(&v[i - 1], &v[i]) == 0 ? v[i - 1].nth + 1
										 : 0;
	return true;
}

/* The item that stands for one of the other file: the first of that name for the first, and so on;
 * without a name, the one at its place.
 */
static const struct listed *items_find(const struct items *items, const struct listed *other)
{
	return bsearch(other, items->v, items->n, sizeof(*other), listed_compare);
}

/* For each item of `of`, by its place, the one of `other` that stands for it, or NULL. */
static const struct cfg_node **pairs_make(const struct items *of, const struct items *other)
{
	const struct cfg_node **pair = calloc(of->n + 1, sizeof(*pair));

	for (size_t i = 0; pair != NULL && i < of->n; i++) {
		const struct listed *found = items_find(other, &of->v[i]);

		pair[of->v[i].item->index] = found != NULL ? found->item : NULL;
	}
	return pair;
}

static void diff_pairs(struct diff *diff, const struct cfg_node *before,
		       const struct cfg_node *after, bool live, const struct cfg_node *const *new,
		       const struct cfg_node *const *old)
{
	size_t last = 0;
	bool moved = false;

	for (const struct cfg_node *item = before->first; item != NULL; item = item->next)
		if (new[item->index] == NULL)
			tell(diff, item, NULL, after, live);
	for (const struct cfg_node *item = after->first; item != NULL; item = item->next) {
		if (old[item->index] == NULL) {
			tell(diff, NULL, item, after, live);
			continue;
		}
		moved |= old[item->index]->index < last;
		last = old[item->index]->index;
		diff_keys(diff, old[item->index], item, live);
	}
	if (moved)
		tell(diff, before, after, after->parent, live);
}

/* Lists may be long: each item is looked for in a sorted one. */
static void diff_list(struct diff *diff, const struct cfg_node *before,
		      const struct cfg_node *after, bool live)
{
	struct items was = { 0 }, is = { 0 };
	const struct cfg_node **new = NULL, **old = NULL;

	if (items_init(&was, before) && items_init(&is, after)) {
		new = pairs_make(&was, &is);
		old = pairs_make(&is, &was);
	}
	if (new != NULL && old != NULL)
		diff_pairs(diff, before, after, live, new, old);
	else
		diff->ret = -ENOMEM;
	free(new);
	free(old);
	free(was.v);
	free(is.v);
}

static void diff_node(struct diff *diff, const struct cfg_node *before,
		      const struct cfg_node *after, bool live)
{
	const struct vnf_config_key *key = after->key;
	bool equal;

	live |= (key->flags & VNF_CONFIG_LIVE) != 0;
	switch (key->type) {
	case VNF_CONFIG_GROUP:
		diff_keys(diff, before, after, live);
		return;
	case VNF_CONFIG_LIST:
		diff_list(diff, before, after, live);
		return;
	case VNF_CONFIG_U32S:
	case VNF_CONFIG_STRINGS:
		equal = arrays_equal(key, before->field, after->field);
		break;
	default:
		equal = scalars_equal(key, before->field, after->field);
		break;
	}
	if (!equal)
		tell(diff, before, after, after->parent, live);
}

/* Of two groups of the same keys, or of two items. Items of different kinds have only some keys in
 * common; that the kind differs says it all.
 */
static void diff_keys(struct diff *diff, const struct cfg_node *before,
		      const struct cfg_node *after, bool live)
{
	for (const struct cfg_node *node = after->first; node != NULL; node = node->next) {
		const struct cfg_node *old = child_find(before, node->name);

		if (old == NULL)
			continue;
		if (node->kind != CFG_SELECTOR)
			diff_node(diff, old, node, live);
		else if (*(const uint32_t *)old->field != *(const uint32_t *)node->field)
			tell(diff, old, node, after, live);
	}
}

int cfg_diff(const struct vnf_config *before, const struct vnf_config *after, cfg_change_fn fn,
	     void *arg)
{
	struct diff diff = { fn, arg, 0 };

	for (size_t i = 0; i < after->n_sections; i++)
		diff_keys(&diff, before->roots[i], after->roots[i], false);
	return diff.ret;
}
