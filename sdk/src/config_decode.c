/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * From settings to structures: tables and the parsed file are walked side by side; every key gets
 * a node, a value or its default, and its errors. Called by config_parse.c. A key that the tables
 * do not know, or that belongs to another variant, is config_unknown.c's.
 */
#include "config_priv.h"

#include <libconfig.h>
#include <string.h>

#include "config_scope.h"

static void decode_keys(struct vnf_config *config, struct cfg_node *parent,
			const struct vnf_config_key *keys, void *base, config_setting_t *group);

static uint32_t token_of(const config_setting_t *setting)
{
	uint32_t token = config_setting_source_line(setting);

	/* libconfig looks for a continued string, so it has the token after this one. */
	if (config_setting_name(setting) == NULL &&
	    config_setting_type(setting) == CONFIG_TYPE_STRING)
		return token - 1;
	return token;
}

static bool is_too_wide(const struct vnf_config *config, const config_setting_t *setting)
{
	/* NAME = VALUE are three tokens; an element is its own. */
	uint32_t token = token_of(setting) + (config_setting_name(setting) != NULL ? 2 : 0);

	return token < config->text.n_tokens && config->text.tokens[token].too_wide;
}

static struct cfg_value integer_of(const struct vnf_config *config, config_setting_t *setting)
{
	long long i = config_setting_get_int64(setting);
	struct cfg_value value = { .kind = CFG_INT, .u = (uint64_t)i };

	if (is_too_wide(config, setting)) {
		value.kind = CFG_TOO_WIDE;
	} else if (i < 0 && config_setting_get_format(setting) != CONFIG_FORMAT_HEX) {
		/* The scanner writes what exceeds INT64_MAX in hexadecimal. */
		value.negative = true;
		value.u = -value.u;
	}
	return value;
}

static struct cfg_value value_of(const struct vnf_config *config, config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_BOOL:
		return (struct cfg_value){ .kind = CFG_BOOL,
					   .u = config_setting_get_bool(setting) != 0 };
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return integer_of(config, setting);
	case CONFIG_TYPE_STRING:
		return (struct cfg_value){ .kind = CFG_TEXT,
					   .text = config_setting_get_string(setting) };
	case CONFIG_TYPE_FLOAT:
		return (struct cfg_value){ .kind = CFG_FLOAT };
	case CONFIG_TYPE_ARRAY:
		return (struct cfg_value){ .kind = CFG_ARRAY };
	case CONFIG_TYPE_LIST:
		return (struct cfg_value){ .kind = CFG_LIST };
	default:
		return (struct cfg_value){ .kind = CFG_GROUP };
	}
}

static void refuse_type(struct vnf_config *config, const struct cfg_node *node,
			const struct vnf_config_key *expected, config_setting_t *setting)
{
	struct cfg_value value = value_of(config, setting);
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	cfg_str_found(&why, &value);
	cfg_str_add(&why, ", ");
	cfg_str_expect(&why, expected);
	cfg_error_node(config, node, "%s", buf);
}

static void decode_scalar(struct vnf_config *config, const struct cfg_node *node,
			  const struct vnf_config_key *key, config_setting_t *setting)
{
	struct cfg_value value = value_of(config, setting);
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	if (cfg_store(config, key, &value, node->field, &why) < 0)
		cfg_error_node(config, node, "%s", buf);
}

static void check_length(struct vnf_config *config, const struct cfg_node *node, size_t n)
{
	char buf[128] = "";
	struct cfg_str why = CFG_STR(buf);

	if (cfg_length_check(node->key, n, &why) < 0)
		cfg_error_node(config, node, "%s", buf);
}

/* Also for defaults, so that an error can name an element. */
static struct cfg_node *element_add(struct vnf_config *config, struct cfg_node *array, size_t i,
				    uint32_t token)
{
	const struct vnf_config_key *key = cfg_element_key(array->key);

	return cfg_node_add(config, array,
			    &(struct cfg_node){
				    .kind = CFG_ELEMENT,
				    .key = key,
				    .index = i,
				    .field = cfg_array_element(array->key, array->field, i),
				    .size = cfg_type_size(key),
				    .token = token,
				    .set = array->set,
			    });
}

static void decode_array(struct vnf_config *config, struct cfg_node *array,
			 config_setting_t *setting)
{
	size_t n;

	if (!config_setting_is_array(setting) && !config_setting_is_list(setting)) {
		refuse_type(config, array, array->key, setting);
		return;
	}
	n = (size_t)config_setting_length(setting);
	check_length(config, array, n);
	if (!cfg_array_init(config, array->key, array->field, n))
		return;
	for (size_t i = 0; i < n; i++) {
		config_setting_t *element = config_setting_get_elem(setting, (unsigned int)i);
		struct cfg_node *node = element_add(config, array, i, token_of(element));

		if (node != NULL)
			decode_scalar(config, node, node->key, element);
	}
}

/* A word of the selecting key; its index, or the number of variants. */
static size_t decode_selector(struct vnf_config *config, struct cfg_node *item,
			      config_setting_t *group)
{
	const struct vnf_config_variants *variants = item->key->variants;
	config_setting_t *setting = config_setting_get_member(group, variants->key);
	size_t n = cfg_variant_count(variants);
	const char **words = cfg_alloc(config, (n + 1) * sizeof(*words));
	const struct vnf_config_key key = { .name = variants->key,
					    .type = VNF_CONFIG_ENUM,
					    .choices = words };
	struct cfg_node init = { .kind = CFG_SELECTOR,
				 .key = item->key,
				 .name = variants->key,
				 .field = (char *)item->field + variants->index_offset,
				 .size = sizeof(uint32_t),
				 .set = setting != NULL };
	struct cfg_node *node;
	size_t n_errors = config->n_errors;

	init.token = setting != NULL ? token_of(setting) : item->token;
	node = cfg_node_add(config, item, &init);
	if (words == NULL || node == NULL)
		return n;
	for (size_t i = 0; i < n; i++)
		words[i] = variants->variants[i].name;
	if (setting == NULL)
		cfg_error_required(config, node, &key);
	else
		decode_scalar(config, node, &key, setting);
	return config->n_errors == n_errors ? *(uint32_t *)node->field : n;
}

/* The item's own keys by its variant, if it names one. */
static const struct vnf_config_variant *
decode_variant(struct vnf_config *config, struct cfg_node *item, config_setting_t *group)
{
	const struct vnf_config_variants *variants = item->key->variants;
	const struct vnf_config_variant *variant;
	void *data;

	variant = &variants->variants[decode_selector(config, item, group)];
	if (variant->name == NULL)
		return NULL;
	if (variant->keys == NULL || variant->size == 0)
		return variant;
	data = cfg_alloc(config, variant->size);
	*(void **)((char *)item->field + variants->data_offset) = data;
	if (data != NULL)
		decode_keys(config, item, variant->keys, data, group);
	return variant;
}

static void decode_item(struct vnf_config *config, struct cfg_node *item, config_setting_t *group)
{
	static const struct vnf_config_key expected = { .name = "item", .type = VNF_CONFIG_GROUP };
	struct cfg_scope scope = { .node = item,
				   .tables = &item->key->keys,
				   .n_tables = 1,
				   .variants = item->key->variants };

	if (!config_setting_is_group(group)) {
		refuse_type(config, item, &expected, group);
		return;
	}
	decode_keys(config, item, item->key->keys, item->field, group);
	if (scope.variants != NULL)
		scope.variant = decode_variant(config, item, group);
	cfg_scope_check(config, &scope, group);
}

static void decode_list(struct vnf_config *config, struct cfg_node *node, config_setting_t *setting)
{
	const struct vnf_config_key *key = node->key;
	struct vnf_config_list *list = node->field;

	if (!config_setting_is_list(setting)) {
		refuse_type(config, node, key, setting);
		return;
	}
	list->n = (size_t)config_setting_length(setting);
	check_length(config, node, list->n);
	list->items = cfg_alloc(config, list->n * key->size);
	for (size_t i = 0; list->items != NULL && i < list->n; i++) {
		config_setting_t *group = config_setting_get_elem(setting, (unsigned int)i);
		struct cfg_node init = { .kind = CFG_ITEM,
					 .key = key,
					 .index = i,
					 .field = (char *)list->items + i * key->size,
					 .size = key->size,
					 .token = token_of(group),
					 .set = true };
		struct cfg_node *item = cfg_node_add(config, node, &init);

		if (item != NULL)
			decode_item(config, item, group);
	}
}

static void decode_group(struct vnf_config *config, struct cfg_node *node, config_setting_t *group)
{
	const struct cfg_scope scope = { .node = node, .tables = &node->key->keys, .n_tables = 1 };

	if (!config_setting_is_group(group)) {
		refuse_type(config, node, node->key, group);
		return;
	}
	decode_keys(config, node, node->key->keys, node->field, group);
	cfg_scope_check(config, &scope, group);
}

static void decode_written(struct vnf_config *config, struct cfg_node *node,
			   config_setting_t *setting)
{
	size_t n_errors = config->n_errors;
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	if (node->key->type == VNF_CONFIG_GROUP)
		decode_group(config, node, setting);
	else if (node->key->type == VNF_CONFIG_LIST)
		decode_list(config, node, setting);
	else if (node->key->type == VNF_CONFIG_U32S || node->key->type == VNF_CONFIG_STRINGS)
		decode_array(config, node, setting);
	else
		decode_scalar(config, node, node->key, setting);
	/* A check may rely on values that are good by the tables. */
	if (config->n_errors == n_errors && !config->nomem &&
	    cfg_key_check(node->key, node->field, &why) < 0)
		cfg_error_node(config, node, "%s", buf);
}

static void decode_default(struct vnf_config *config, struct cfg_node *node)
{
	const struct vnf_config_key *key = node->key;
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	if (key->type == VNF_CONFIG_GROUP)
		decode_keys(config, node, key->keys, node->field, NULL);
	else if (cfg_store_default(config, key, node->field, &why) < 0)
		vnf_config_error(config, NULL, "internal: key %s: bad default: %s", key->name, buf);
	else if (key->type == VNF_CONFIG_U32S || key->type == VNF_CONFIG_STRINGS)
		for (size_t i = 0; i < cfg_array_length(key, node->field); i++)
			element_add(config, node, i, node->token);
}

/* `group` is NULL inside of a group that is not written: then nothing is required. */
static void decode_key(struct vnf_config *config, struct cfg_node *parent,
		       const struct vnf_config_key *key, void *field, config_setting_t *group)
{
	config_setting_t *setting = group ? config_setting_get_member(group, key->name) : NULL;
	struct cfg_node init = { .kind = CFG_KEY,
				 .key = key,
				 .name = key->name,
				 .field = field,
				 .size = cfg_type_size(key),
				 .token = setting != NULL ? token_of(setting) : parent->token,
				 .set = setting != NULL };
	struct cfg_node *node = cfg_node_add(config, parent, &init);

	if (node == NULL)
		return;
	/* Never NULL, whatever is wrong with the value. */
	if (key->type == VNF_CONFIG_STRING)
		*(const char **)field = "";
	if (setting != NULL) {
		decode_written(config, node, setting);
		return;
	}
	if (group != NULL && (key->flags & VNF_CONFIG_REQUIRED))
		cfg_error_required(config, node, key);
	decode_default(config, node);
}

static void decode_keys(struct vnf_config *config, struct cfg_node *parent,
			const struct vnf_config_key *keys, void *base, config_setting_t *group)
{
	for (; keys != NULL && keys->name != NULL; keys++)
		decode_key(config, parent, keys, (char *)base + keys->offset, group);
}

void cfg_decode(struct vnf_config *config, void *root)
{
	size_t n = config->n_sections;
	const struct vnf_config_key **tables = cfg_alloc(config, n * sizeof(*tables));
	const struct cfg_scope scope = { .tables = tables, .n_tables = n };

	if (tables == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		tables[i] = config->sections[i].keys;
		decode_keys(config, config->roots[i], tables[i], config->roots[i]->field, root);
	}
	cfg_scope_check(config, &scope, root);
}
