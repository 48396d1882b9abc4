/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The tree of decoded fields: what each is called, where it was written. config_decode.c builds
 * it; errors, vnf_config_is_set() and the dump read it.
 */
#include "config_priv.h"

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

static bool node_covers(const struct cfg_node *node, const void *field)
{
	uintptr_t start = (uintptr_t)node->field, at = (uintptr_t)field;

	return at >= start && at - start < node->size;
}

/*
 * A group and its first key share an address, and so do an item and its first: the smallest field
 * is meant, among equals the innermost, which is the later one here. Items and elements are not
 * inside of the list's own field, so all nodes are tried.
 */
static const struct cfg_node *find_below(const struct cfg_node *node, const void *field,
					 const struct cfg_node *best)
{
	if (node_covers(node, field) && (best == NULL || node->size <= best->size))
		best = node;
	for (const struct cfg_node *child = node->first; child != NULL; child = child->next)
		best = find_below(child, field, best);
	return best;
}

const struct cfg_node *cfg_node_find(const struct vnf_config *config, const void *field)
{
	const struct cfg_node *best = NULL;

	for (size_t i = 0; config->roots != NULL && i < config->n_sections; i++)
		if (config->roots[i] != NULL)
			best = find_below(config->roots[i], field, best);
	return best;
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
