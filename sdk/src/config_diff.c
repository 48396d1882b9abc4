/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What differs between two files of the same tables, key by key: for a reload, which may change
 * some keys of a running program and not others. Items of a list that have a name are told apart by
 * it, others by their place. Both trees are only read.
 */
#include "config_priv.h"

#include <string.h>

struct diff {
	cfg_change_fn fn;
	void *arg;
};

static void diff_keys(const struct diff *diff, const struct cfg_node *before,
		      const struct cfg_node *after, bool live);

static void tell(const struct diff *diff, const struct cfg_node *before,
		 const struct cfg_node *after, const struct cfg_node *parent, bool live)
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

static bool same_name(const struct cfg_node *a, const struct cfg_node *b)
{
	const char *one = item_name(a), *other = item_name(b);

	return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* How many items of its list have the item's name before it does. */
static size_t namesakes_before(const struct cfg_node *list, const struct cfg_node *item)
{
	size_t n = 0;

	for (const struct cfg_node *i = list->first; i != NULL && i != item; i = i->next)
		n += same_name(i, item);
	return n;
}

/* The item of `list` that stands for `item` of the other file's `own`: the first of that name for
 * the first, and so on; without a name, the one at its place.
 */
static const struct cfg_node *item_find(const struct cfg_node *list, const struct cfg_node *own,
					const struct cfg_node *item)
{
	size_t left = namesakes_before(own, item);
	bool named = item_name(item) != NULL;

	for (const struct cfg_node *i = list->first; i != NULL; i = i->next) {
		if (named && item_name(i) != NULL ? same_name(i, item) && left-- == 0
						  : i->index == item->index)
			return i;
	}
	return NULL;
}

static void diff_list(const struct diff *diff, const struct cfg_node *before,
		      const struct cfg_node *after, bool live)
{
	size_t last = 0;
	bool moved = false;

	for (const struct cfg_node *item = before->first; item != NULL; item = item->next)
		if (item_find(after, before, item) == NULL)
			tell(diff, item, NULL, after, live);
	for (const struct cfg_node *item = after->first; item != NULL; item = item->next) {
		const struct cfg_node *old = item_find(before, after, item);

		if (old == NULL) {
			tell(diff, NULL, item, after, live);
			continue;
		}
		moved |= old->index < last;
		last = old->index;
		diff_keys(diff, old, item, live);
	}
	if (moved)
		tell(diff, before, after, after->parent, live);
}

static void diff_node(const struct diff *diff, const struct cfg_node *before,
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
static void diff_keys(const struct diff *diff, const struct cfg_node *before,
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

void cfg_diff(const struct vnf_config *before, const struct vnf_config *after, cfg_change_fn fn,
	      void *arg)
{
	const struct diff diff = { fn, arg };

	for (size_t i = 0; i < after->n_sections; i++)
		diff_keys(&diff, before->roots[i], after->roots[i], false);
}
