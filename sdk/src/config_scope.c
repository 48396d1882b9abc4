/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Keys that a group must not have or must have: unknown ones with a suggestion, those of another
 * variant with its name, required ones that are missing. Called by config_decode.c.
 */
#include "config_scope.h"

#include <string.h>

static bool has_key(const struct vnf_config_key *keys, const char *name)
{
	for (; keys != NULL && keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return true;
	return false;
}

static bool is_allowed(const struct cfg_scope *scope, const char *name)
{
	for (size_t i = 0; i < scope->n_tables; i++)
		if (has_key(scope->tables[i], name))
			return true;
	if (scope->variants == NULL)
		return false;
	return strcmp(name, scope->variants->key) == 0 ||
	       (scope->variant != NULL && has_key(scope->variant->keys, name));
}

/* Names the variants that have the key; false if none has. */
static bool str_owners(struct cfg_str *str, const struct vnf_config_variants *variants,
		       const char *name)
{
	bool found = false;

	for (const struct vnf_config_variant *v = variants->variants; v->name != NULL; v++) {
		if (!has_key(v->keys, name))
			continue;
		cfg_str_add(str, "%s\"%s\"", found ? " or " : "", v->name);
		found = true;
	}
	return found;
}

static void suggest_keys(struct cfg_suggestion *near, const struct vnf_config_key *keys)
{
	for (; keys != NULL && keys->name != NULL; keys++)
		cfg_suggest_try(near, keys->name);
}

static const char *suggest(const struct cfg_scope *scope, const char *name)
{
	struct cfg_suggestion near = { .word = name };

	for (size_t i = 0; i < scope->n_tables; i++)
		suggest_keys(&near, scope->tables[i]);
	if (scope->variants != NULL)
		cfg_suggest_try(&near, scope->variants->key);
	if (scope->variant != NULL)
		suggest_keys(&near, scope->variant->keys);
	return near.best;
}

static void list_keys(struct cfg_str *str, const struct vnf_config_key *keys)
{
	for (; keys != NULL && keys->name != NULL; keys++)
		cfg_str_add(str, "%s%s", str->len > 0 ? ", " : "", keys->name);
}

static void list_allowed(struct cfg_str *str, const struct cfg_scope *scope)
{
	if (scope->variants != NULL)
		cfg_str_add(str, "%s", scope->variants->key);
	for (size_t i = 0; i < scope->n_tables; i++)
		list_keys(str, scope->tables[i]);
	if (scope->variant != NULL)
		list_keys(str, scope->variant->keys);
	if (str->len == 0)
		cfg_str_add(str, "none");
}

static void refuse(struct vnf_config *config, const struct cfg_scope *scope,
		   const config_setting_t *setting)
{
	const char *name = config_setting_name(setting), *near;
	uint32_t token = config_setting_source_line(setting);
	char path[512] = "", names[512] = "";
	struct cfg_str path_str = CFG_STR(path), str = CFG_STR(names);

	cfg_str_path(&path_str, scope->node, name);
	if (scope->variants != NULL && str_owners(&str, scope->variants, name)) {
		/* Of a wrong selector only that is told. */
		if (scope->variant != NULL)
			cfg_error_add(config, token, path, "is a key of %s %s, not of \"%s\"",
				      scope->variants->key, names, scope->variant->name);
		return;
	}
	near = suggest(scope, name);
	if (near != NULL) {
		cfg_error_add(config, token, path, "unknown key, did you mean \"%s\"?", near);
		return;
	}
	list_allowed(&str, scope);
	cfg_error_add(config, token, path, "unknown key, allowed here: %s", names);
}

void cfg_scope_check(struct vnf_config *config, const struct cfg_scope *scope,
		     config_setting_t *group)
{
	int n = config_setting_length(group);

	for (int i = 0; i < n; i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned int)i);

		if (!is_allowed(scope, config_setting_name(setting)))
			refuse(config, scope, setting);
	}
}

void cfg_error_required(struct vnf_config *config, const struct cfg_node *node,
			const struct vnf_config_key *key)
{
	char buf[512] = "";
	struct cfg_str expected = CFG_STR(buf);

	cfg_str_expect(&expected, key);
	cfg_error_node(config, node, "is required, %s", buf);
}
