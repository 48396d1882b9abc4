/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Mistakes of the tables themselves: a default that does not parse, a name used twice, a type
 * without what it needs. They are the programmer's, not the user's, so they are told as "internal"
 * and the file is not decoded. Called once by vnf_config_load().
 */
#include "config_priv.h"

#include <string.h>

/* Room for a field of any type that may have a default. */
union scratch {
	bool flag;
	uint32_t u32;
	uint64_t u64;
	const char *string;
	uint8_t mac[6];
	struct vnf_config_u32s u32s;
	struct vnf_config_strings strings;
	struct vnf_config_list list;
};

/* Where in the tables: a chain on the stack. */
struct level {
	const struct level *outer;
	const struct vnf_config_key *key; /* NULL: top level. */
	unsigned int depth;
};

static void keys_check(struct vnf_config *config, const struct level *outer,
		       const struct vnf_config_key *keys);

static void path_add(struct cfg_str *str, const struct level *level, const char *name)
{
	if (level->key != NULL) {
		path_add(str, level->outer, level->key->name);
		cfg_str_add(str, "%s.", level->key->type == VNF_CONFIG_LIST ? "[]" : "");
	}
	cfg_str_add(str, "%s", name);
}

static void complain(struct vnf_config *config, const struct level *level, const char *name,
		     const char *what, const char *detail)
{
	char buf[256];
	struct cfg_str path = CFG_STR(buf);

	path_add(&path, level, name);
	vnf_config_error(config, NULL, "internal: key %s: %s%s%s", buf, what,
			 detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

/* Into a scratch field, so that it is tested even if the file sets the key or the list is empty. */
static void default_check(struct vnf_config *config, const struct level *level,
			  const struct vnf_config_key *key)
{
	union scratch field = { .u64 = 0 };
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	if (key->def == NULL)
		return;
	cfg_str_add(&why, "bad default ");
	cfg_str_quote(&why, key->def);
	cfg_str_add(&why, ": ");
	if (cfg_store_default(config, key, &field, &why) < 0)
		complain(config, level, key->name, buf, NULL);
}

static bool has_name(const struct vnf_config_key *keys, const struct vnf_config_key *end,
		     const char *name)
{
	for (; keys != NULL && keys != end && keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return true;
	return false;
}

static void variants_check(struct vnf_config *config, const struct level *level,
			   const struct vnf_config_key *list)
{
	const char *selector = list->variants->key;

	if (has_name(list->keys, NULL, selector))
		complain(config, level, selector, "selects the variant already", NULL);
	for (const struct vnf_config_variant *v = list->variants->variants; v->name != NULL; v++) {
		const struct vnf_config_key *key = v->keys;

		for (; key != NULL && key->name != NULL; key++)
			if (has_name(list->keys, NULL, key->name) || !strcmp(key->name, selector))
				complain(config, level, key->name, "is a common key too", v->name);
		keys_check(config, level, v->keys);
	}
}

/* What is missing for the type, or NULL. */
static const char *missing_part(const struct vnf_config_key *key)
{
	if (key->type > VNF_CONFIG_LIST)
		return "unknown type";
	if (key->type == VNF_CONFIG_ENUM && (key->choices == NULL || key->choices[0] == NULL))
		return "no choices";
	if (key->type == VNF_CONFIG_GROUP && key->keys == NULL)
		return "no keys";
	if (key->type == VNF_CONFIG_LIST && key->size == 0)
		return "no size of an item";
	if (key->type == VNF_CONFIG_LIST && key->keys == NULL && key->variants == NULL)
		return "no keys";
	return NULL;
}

static void key_check(struct vnf_config *config, const struct level *outer,
		      const struct vnf_config_key *key)
{
	struct level level = { .outer = outer, .key = key, .depth = outer->depth + 1 };
	const char *missing = missing_part(key);

	if (missing != NULL) {
		complain(config, outer, key->name, missing, NULL);
		return;
	}
	default_check(config, outer, key);
	if (level.depth > CFG_DEPTH_MAX) {
		complain(config, outer, key->name, "nested too deep", NULL);
		return;
	}
	if (key->type == VNF_CONFIG_LIST && key->variants != NULL)
		variants_check(config, &level, key);
	if (key->type == VNF_CONFIG_GROUP || key->type == VNF_CONFIG_LIST)
		keys_check(config, &level, key->keys);
}

static void keys_check(struct vnf_config *config, const struct level *outer,
		       const struct vnf_config_key *keys)
{
	for (const struct vnf_config_key *key = keys; key != NULL && key->name != NULL; key++) {
		if (has_name(keys, key, key->name))
			complain(config, outer, key->name, "declared twice", NULL);
		key_check(config, outer, key);
	}
}

void cfg_schema_check(struct vnf_config *config)
{
	const struct level top = { .outer = NULL };

	for (size_t i = 0; i < config->n_sections; i++) {
		const struct vnf_config_key *key = config->sections[i].keys;

		keys_check(config, &top, key);
		for (; key != NULL && key->name != NULL; key++)
			for (size_t j = 0; j < i; j++)
				if (has_name(config->sections[j].keys, NULL, key->name))
					complain(config, &top, key->name, "declared twice",
						 config->sections[j].title);
	}
}
