/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Defaults: the text of a key's `def` becomes a value as if it stood in the file. Called by
 * config_schema.c, which refuses a bad one before any file is decoded, and by config_decode.c.
 */
#include "config_priv.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* What the text would be in a file: quoted, an integer or a boolean. */
static struct cfg_value default_value(enum vnf_config_type type, const char *text)
{
	struct cfg_value value = { .kind = CFG_TEXT, .text = text };

	if (type == VNF_CONFIG_BOOL && (!strcasecmp(text, "true") || !strcasecmp(text, "false"))) {
		value.kind = CFG_BOOL;
		value.u = strcasecmp(text, "true") == 0;
	} else if (type == VNF_CONFIG_U32 || type == VNF_CONFIG_U64) {
		int ret = cfg_parse_integer(text, strlen(text), &value.negative, &value.u);

		if (ret != -EINVAL)
			value.kind = ret == 0 ? CFG_INT : CFG_TOO_WIDE;
	}
	return value;
}

/* Cuts blanks, and one pair of brackets if there are any, off both ends. */
static char *trim(char *s, const char *brackets)
{
	size_t n;

	s += strspn(s, " ");
	n = strlen(s);
	while (n > 0 && s[n - 1] == ' ')
		n--;
	if (n > 1 && brackets != NULL && s[0] == brackets[0] && s[n - 1] == brackets[1]) {
		s++;
		n -= 2;
	}
	s[n] = '\0';
	return s;
}

static size_t count_elements(const char *s)
{
	size_t n = 1;

	if (s[strspn(s, " ")] == '\0')
		return 0;
	for (; *s != '\0'; s++)
		n += *s == ',';
	return n;
}

/* "1, 2" or "[ 1, 2 ]". */
static int store_array(struct vnf_config *config, const struct vnf_config_key *key, void *field,
		       struct cfg_str *why)
{
	const struct vnf_config_key *element = cfg_element_key(key);
	char *copy = cfg_strdup(config, key->def);
	char *rest = copy == NULL ? NULL : trim(copy, "[]");
	size_t n = rest == NULL ? 0 : count_elements(rest);

	if (rest == NULL || !cfg_array_init(config, key, field, n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *text = trim(strsep(&rest, ","), NULL);
		struct cfg_value value = default_value(element->type, text);
		int ret = cfg_store(config, element, &value, cfg_array_element(key, field, i), why);

		if (ret < 0)
			return ret;
	}
	return cfg_length_check(key, n, why);
}

/* Without a default the field stays zero; only strings have another nothing. */
int cfg_store_default(struct vnf_config *config, const struct vnf_config_key *key, void *field,
		      struct cfg_str *why)
{
	struct cfg_value value;
	int ret;

	if (key->type == VNF_CONFIG_STRING)
		*(const char **)field = "";
	if (key->def == NULL)
		return 0;
	if (key->type == VNF_CONFIG_GROUP || key->type == VNF_CONFIG_LIST) {
		cfg_str_add(why, "groups and lists have none");
		return -EINVAL;
	}
	if (key->type == VNF_CONFIG_U32S || key->type == VNF_CONFIG_STRINGS) {
		ret = store_array(config, key, field, why);
	} else {
		value = default_value(key->type, key->def);
		ret = cfg_store(config, key, &value, field, why);
	}
	return ret < 0 || config->nomem ? ret : cfg_key_check(key, field, why);
}
