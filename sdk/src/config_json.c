/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Effective values as JSON, for other programs: those of one structure of the tree of nodes. What
 * is not set and has no default is left out.
 */
#include "config_priv.h"

static json_t *scalar_json(const struct vnf_config_key *key, const void *field)
{
	char buf[32] = "";
	struct cfg_str str = CFG_STR(buf);

	if (cfg_type_is_number(key->type))
		return json_integer((json_int_t)cfg_get_number(key->type, field));
	if (key->type == VNF_CONFIG_BOOL)
		return json_boolean(*(const bool *)field);
	if (key->type == VNF_CONFIG_ENUM)
		return json_string(key->choices[*(const uint32_t *)field]);
	if (key->type != VNF_CONFIG_MAC)
		return json_string(*(const char *const *)field);
	cfg_format_mac(&str, field);
	return json_string(buf);
}

static json_t *array_json(const struct vnf_config_key *key, const void *field)
{
	json_t *array = json_array();
	size_t n = cfg_array_length(key, field);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			array, scalar_json(cfg_element_key(key), cfg_array_element(key, field, i)));
	return array;
}

static json_t *list_json(const struct cfg_node *list)
{
	json_t *array = json_array();

	for (const struct cfg_node *item = list->first; item != NULL; item = item->next)
		json_array_append_new(array, cfg_json(item));
	return array;
}

static json_t *node_json(const struct cfg_node *node)
{
	const struct vnf_config_key *key = node->key;

	if (node->kind == CFG_SELECTOR)
		return json_string(key->variants->variants[*(const uint32_t *)node->field].name);
	switch (key->type) {
	case VNF_CONFIG_GROUP:
		return cfg_json(node);
	case VNF_CONFIG_LIST:
		return list_json(node);
	case VNF_CONFIG_U32S:
	case VNF_CONFIG_STRINGS:
		return array_json(key, node->field);
	default:
		return scalar_json(key, node->field);
	}
}

/* A group has a value even if it is not written: those of its keys. */
static bool is_told(const struct cfg_node *node)
{
	return node->kind == CFG_SELECTOR || node->set || node->key->def != NULL ||
	       node->key->type == VNF_CONFIG_GROUP;
}

json_t *cfg_json(const struct cfg_node *parent)
{
	json_t *object = json_object();

	for (const struct cfg_node *node = parent->first; node != NULL; node = node->next)
		if (is_told(node))
			json_object_set_new(object, node->name, node_json(node));
	return object;
}
