/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The effective values as a file that loads to the same ones. Walks the tree of nodes; called by
 * the application's --dump-config.
 */
#include "config_priv.h"

#include <inttypes.h>

static void dump_keys(FILE *stream, const struct cfg_node *parent, int depth);

static void indent(FILE *stream, int depth)
{
	while (depth-- > 0)
		fputc('\t', stream);
}

static void dump_string(FILE *stream, const char *s)
{
	static const char special[] = "\"\\\n\r\t\f", letters[] = "\"\\nrtf";

	fputc('"', stream);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		int i = 0;

		while (special[i] != '\0' && special[i] != (char)c)
			i++;
		if (special[i] != '\0')
			fprintf(stream, "\\%c", letters[i]);
		else if (c < 0x20 || c == 0x7f)
			fprintf(stream, "\\x%02x", c);
		else
			fputc(c, stream);
	}
	fputc('"', stream);
}

/* The suffix and hexadecimal are for other readers of libconfig's format: ours needs neither. */
static void dump_number(FILE *stream, enum vnf_config_type type, uint64_t u)
{
	char buf[32] = "";
	struct cfg_str str = CFG_STR(buf);

	cfg_format_number(&str, type, u);
	if (buf[0] == '"' || u <= INT32_MAX)
		fputs(buf, stream);
	else if (u <= INT64_MAX)
		fprintf(stream, "%sL", buf);
	else
		fprintf(stream, "0x%" PRIx64 "L", u);
}

static void dump_scalar(FILE *stream, const struct vnf_config_key *key, const void *field)
{
	char buf[32] = "";
	struct cfg_str str = CFG_STR(buf);

	if (cfg_type_is_number(key->type)) {
		dump_number(stream, key->type, cfg_get_number(key->type, field));
	} else if (key->type == VNF_CONFIG_BOOL) {
		fputs(*(const bool *)field ? "true" : "false", stream);
	} else if (key->type == VNF_CONFIG_ENUM) {
		dump_string(stream, key->choices[*(const uint32_t *)field]);
	} else if (key->type == VNF_CONFIG_MAC) {
		cfg_format_mac(&str, field);
		dump_string(stream, buf);
	} else {
		dump_string(stream, *(const char *const *)field);
	}
}

static void dump_array(FILE *stream, const struct vnf_config_key *key, const void *field)
{
	size_t n = cfg_array_length(key, field);

	fputs("[", stream);
	for (size_t i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : " ", stream);
		dump_scalar(stream, cfg_element_key(key), cfg_array_element(key, field, i));
	}
	fputs(" ]", stream);
}

static void dump_items(FILE *stream, const struct cfg_node *list, int depth)
{
	fputs("(", stream);
	for (const struct cfg_node *item = list->first; item != NULL; item = item->next) {
		fputs(item == list->first ? " {\n" : ", {\n", stream);
		dump_keys(stream, item, depth + 1);
		indent(stream, depth);
		fputs("}", stream);
	}
	fputs(" )", stream);
}

static bool requires_key(const struct vnf_config_key *keys)
{
	for (; keys->name != NULL; keys++)
		if (keys->flags & VNF_CONFIG_REQUIRED)
			return true;
	return false;
}

/* What was not written and has no default may be a value that a file must not have. */
static bool can_write(const struct cfg_node *node)
{
	const struct vnf_config_key *key = node->key;
	char why[256];

	if (node->set || key->def != NULL)
		return true;
	if (key->type == VNF_CONFIG_STRING || key->type == VNF_CONFIG_MAC ||
	    (key->flags & VNF_CONFIG_REQUIRED))
		return false;
	if (key->type == VNF_CONFIG_GROUP && requires_key(key->keys))
		return false;
	if (cfg_type_has_range(key->type) && key->min > 0)
		return false;
	return key->check == NULL || key->check(node->field, why, sizeof(why)) == 0;
}

static void dump_key(FILE *stream, const struct cfg_node *node, int depth)
{
	const struct vnf_config_key *key = node->key;

	indent(stream, depth);
	if (!can_write(node)) {
		fprintf(stream, "# %s is not set\n", node->name);
		return;
	}
	fprintf(stream, "%s = ", node->name);
	if (key->type == VNF_CONFIG_GROUP) {
		fputs("{\n", stream);
		dump_keys(stream, node, depth + 1);
		indent(stream, depth);
		fputs("}", stream);
	} else if (key->type == VNF_CONFIG_LIST) {
		dump_items(stream, node, depth);
	} else if (key->type == VNF_CONFIG_U32S || key->type == VNF_CONFIG_STRINGS) {
		dump_array(stream, key, node->field);
	} else {
		dump_scalar(stream, key, node->field);
	}
	fprintf(stream, ";%s\n", node->set ? "" : " # default");
}

static void dump_selector(FILE *stream, const struct cfg_node *node, int depth)
{
	const struct vnf_config_variant *variants = node->key->variants->variants;

	indent(stream, depth);
	fprintf(stream, "%s = \"%s\";\n", node->name,
		variants[*(const uint32_t *)node->field].name);
}

static void dump_keys(FILE *stream, const struct cfg_node *parent, int depth)
{
	for (const struct cfg_node *node = parent->first; node != NULL; node = node->next) {
		if (node->kind == CFG_SELECTOR)
			dump_selector(stream, node, depth);
		else
			dump_key(stream, node, depth);
	}
}

void vnf_config_dump(const struct vnf_config *config, FILE *stream)
{
	for (size_t i = 0; i < config->n_sections; i++) {
		if (config->roots[i]->first == NULL)
			continue;
		fprintf(stream, "%s# %s\n", i > 0 ? "\n" : "", config->sections[i].title);
		dump_keys(stream, config->roots[i], 0);
	}
}
