/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The reference page of a configuration, in Markdown, from its tables. Called by the application's
 * --help-config or when documentation is built; needs no configuration loaded.
 */
#include "config_priv.h"

static const char *const type_names[] = {
	[VNF_CONFIG_BOOL] = "boolean",
	[VNF_CONFIG_U32] = "integer",
	[VNF_CONFIG_U64] = "integer",
	[VNF_CONFIG_BYTES] = "size",
	[VNF_CONFIG_COUNT] = "number",
	[VNF_CONFIG_DURATION] = "time",
	[VNF_CONFIG_STRING] = "string",
	[VNF_CONFIG_ENUM] = "word",
	[VNF_CONFIG_MAC] = "MAC address",
	[VNF_CONFIG_MODE] = "file mode",
	[VNF_CONFIG_U32S] = "array of integers",
	[VNF_CONFIG_STRINGS] = "array of strings",
	[VNF_CONFIG_GROUP] = "group",
	[VNF_CONFIG_LIST] = "list of groups",
};

static void print_nested(FILE *stream, const struct vnf_config_key *keys, const char *path);

/* A "|" would end the table's cell. */
static void print_cell(FILE *stream, const char *text)
{
	for (; *text != '\0'; text++)
		fprintf(stream, *text == '|' ? "\\%c" : "%c", *text);
}

static void print_type(FILE *stream, const struct vnf_config_key *key)
{
	fprintf(stream, " %s", type_names[key->type]);
	if (key->unit != NULL) {
		fputs(", ", stream);
		print_cell(stream, key->unit);
	} else if (key->type == VNF_CONFIG_BYTES) {
		fputs(", bytes", stream);
	}
	fputs(" |", stream);
}

static void print_range(FILE *stream, const struct vnf_config_key *key)
{
	char buf[512] = "";
	struct cfg_str str = CFG_STR(buf);

	if (key->type == VNF_CONFIG_ENUM)
		cfg_str_choices(&str, key->choices);
	else if ((key->min != 0 || key->max != 0) && cfg_str_range(&str, key))
		cfg_str_add(&str, key->type == VNF_CONFIG_STRING  ? " bytes"
				  : cfg_type_is_number(key->type) ? ""
								  : " elements");
	fputc(' ', stream);
	print_cell(stream, buf);
	fputs(buf[0] != '\0' ? " |" : "|", stream);
}

static bool is_bare(enum vnf_config_type type)
{
	return type == VNF_CONFIG_BOOL || type == VNF_CONFIG_U32 || type == VNF_CONFIG_U64 ||
	       type == VNF_CONFIG_U32S || type == VNF_CONFIG_STRINGS;
}

static void print_default(FILE *stream, const struct vnf_config_key *key)
{
	const char *quote = is_bare(key->type) ? "" : "\"";

	if (key->flags & VNF_CONFIG_REQUIRED) {
		fputs(" **required** |", stream);
	} else if (key->def == NULL) {
		fputs(key->type == VNF_CONFIG_BOOL ? " `false` |" : " |", stream);
	} else {
		fprintf(stream, " `%s", quote);
		print_cell(stream, key->def);
		fprintf(stream, "%s` |", quote);
	}
}

static void print_row(FILE *stream, const struct vnf_config_key *key)
{
	fprintf(stream, "| `%s` |", key->name);
	print_type(stream, key);
	print_range(stream, key);
	print_default(stream, key);
	fputc(' ', stream);
	print_cell(stream, key->doc != NULL ? key->doc : "");
	fprintf(stream, "%s |\n", key->flags & VNF_CONFIG_LIVE ? " *(live)*" : "");
}

static void print_head(FILE *stream)
{
	fputs("\n| Key | Type | Range | Default | Meaning |\n", stream);
	fputs("|---|---|---|---|---|\n", stream);
}

static void print_table(FILE *stream, const struct vnf_config_key *keys)
{
	if (keys == NULL || keys->name == NULL)
		return;
	print_head(stream);
	for (; keys->name != NULL; keys++)
		print_row(stream, keys);
}

static void print_selector(FILE *stream, const struct vnf_config_variants *variants)
{
	const struct vnf_config_variant *v = variants->variants;

	fprintf(stream, "| `%s` | word |", variants->key);
	for (; v->name != NULL; v++)
		fprintf(stream, "%s \"%s\"", v == variants->variants ? "" : ",", v->name);
	fputs(" | **required** | Which further keys the item has, see below. |\n", stream);
}

static void print_variants(FILE *stream, const struct vnf_config_variants *variants,
			   const char *path)
{
	for (const struct vnf_config_variant *v = variants->variants; v->name != NULL; v++) {
		fprintf(stream, "\n### `%s` with `%s = \"%s\"`\n", path, variants->key, v->name);
		if (v->doc != NULL)
			fprintf(stream, "\n%s\n", v->doc);
		if (v->keys == NULL || v->keys->name == NULL)
			fputs("\nNo further keys.\n", stream);
		print_table(stream, v->keys);
		if (v->keys != NULL)
			print_nested(stream, v->keys, path);
	}
}

static void print_inner(FILE *stream, const struct vnf_config_key *key, const char *path)
{
	fprintf(stream, "\n### `%s`\n", path);
	if (key->doc != NULL)
		fprintf(stream, "\n%s\n", key->doc);
	print_head(stream);
	if (key->variants != NULL)
		print_selector(stream, key->variants);
	for (const struct vnf_config_key *k = key->keys; k != NULL && k->name != NULL; k++)
		print_row(stream, k);
	if (key->keys != NULL)
		print_nested(stream, key->keys, path);
	if (key->variants != NULL)
		print_variants(stream, key->variants, path);
}

/* Groups and lists get a chapter of their own, behind the table that mentions them. */
static void print_nested(FILE *stream, const struct vnf_config_key *keys, const char *path)
{
	for (; keys->name != NULL; keys++) {
		bool list = keys->type == VNF_CONFIG_LIST;
		char buf[256] = "";
		struct cfg_str inner = CFG_STR(buf);

		if (!list && keys->type != VNF_CONFIG_GROUP)
			continue;
		cfg_str_add(&inner, "%s%s%s%s", path, path[0] != '\0' ? "." : "", keys->name,
			    list ? "[]" : "");
		print_inner(stream, keys, buf);
	}
}

void vnf_config_print_reference(const struct vnf_config_section *sections, size_t n_sections,
				FILE *stream)
{
	fputs("Sizes are written with k, M, G or T (powers of 1,024), numbers with the same\n"
	      "letters (powers of 1,000), times with ns, us, ms, s, m or h, all of them in "
	      "quotes:\n"
	      "`\"64M\"`, `\"1.5k\"`, `\"2m30s\"`. Keys marked *(live)* may change on reload, all\n"
	      "others need a restart.\n",
	      stream);
	for (size_t i = 0; i < n_sections; i++) {
		if (sections[i].keys == NULL || sections[i].keys->name == NULL)
			continue;
		fprintf(stream, "\n## %s\n", sections[i].title);
		print_table(stream, sections[i].keys);
		print_nested(stream, sections[i].keys, "");
	}
}
