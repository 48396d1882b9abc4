/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The tree of decoded fields: what each is called, where it was written. config_decode.c builds
 * it; errors, vnf_config_is_set() and the dump read it.
 */
#include "config_priv.h"

#include <stdlib.h>

struct cfg_node *cfg_node_add(struct vnf_config *config, struct cfg_node *parent,
			      const struct cfg_node *init)
{
	struct cfg_node *node = cfg_alloc(config, sizeof(*node));

	if (node == NULL)
		return NULL;
	*node = *init;
	node->parent = parent;
	if (parent == NULL)
		return node;
	if (parent->last != NULL)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return node;
}

/* ---- by address ---- */

static size_t nodes_count(const struct cfg_node *node)
{
	size_t n = 1;

	for (const struct cfg_node *child = node->first; child != NULL; child = child->next)
		n += nodes_count(child);
	return n;
}

/* In the order of the tree. */
static void nodes_add(struct vnf_config *config, const struct cfg_node *node)
{
	config->by_field[config->n_by_field] = (struct cfg_place){ node, config->n_by_field };
	config->n_by_field++;
	for (const struct cfg_node *child = node->first; child != NULL; child = child->next)
		nodes_add(config, child);
}

/* What is inside of a field comes after it. A group and its first key share an address, and so do
 * an item and its first: of equals the later one of the tree is the innermost.
 */
static int places_compare(const void *one, const void *other)
{
	const struct cfg_place *a = one, *b = other;
	uintptr_t at_a = (uintptr_t)a->node->field, at_b = (uintptr_t)b->node->field;

	if (at_a != at_b)
		return at_a < at_b ? -1 : 1;
	if (a->node->size != b->node->size)
		return a->node->size > b->node->size ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/* A file may have a hundred thousand fields, and something to say of each. */
void cfg_nodes_sort(struct vnf_config *config)
{
	size_t n = 0;

	for (size_t i = 0; config->roots != NULL && i < config->n_sections; i++)
		n += config->roots[i] != NULL ? nodes_count(config->roots[i]) : 0;
	config->by_field = cfg_alloc(config, n * sizeof(*config->by_field));
	if (config->by_field == NULL)
		return;
	for (size_t i = 0; config->roots != NULL && i < config->n_sections; i++)
		if (config->roots[i] != NULL)
			nodes_add(config, config->roots[i]);
	qsort(config->by_field, n, sizeof(*config->by_field), places_compare);
}

static bool node_covers(const struct cfg_node *node, uintptr_t at)
{
	uintptr_t start = (uintptr_t)node->field;

	return at >= start && at - start < node->size;
}

/* How many begin there or before. */
static size_t places_until(const struct vnf_config *config, uintptr_t at)
{
	size_t low = 0, high = config->n_by_field;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)config->by_field[middle].node->field <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The innermost is the last one that has it; in between there are only the fields before it of the
 * same structure, and what is in them. Items and elements are not inside of the list's own field.
 */
const struct cfg_node *cfg_node_find(const struct vnf_config *config, const void *field)
{
	for (size_t i = places_until(config, (uintptr_t)field); i-- > 0;)
		if (node_covers(config->by_field[i].node, (uintptr_t)field))
			return config->by_field[i].node;
	return NULL;
}

/* "ports[1].queues"; with a name, that of a key inside of the node. */
void cfg_str_path(struct cfg_str *str, const struct cfg_node *node, const char *name)
{
	if (node != NULL && node->kind != CFG_SECTION) {
		if (node->kind == CFG_ITEM || node->kind == CFG_ELEMENT) {
			cfg_str_path(str, node->parent, NULL);
			cfg_str_add(str, "[%zu]", node->index);
		} else {
			cfg_str_path(str, node->parent, node->name);
		}
	}
	if (name != NULL)
		cfg_str_add(str, "%s%.64s", str->len > 0 ? "." : "", name);
}
