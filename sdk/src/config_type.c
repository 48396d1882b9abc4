/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What is known of each type of configuration key: the size of its field, its limits, and the
 * words that messages and the reference page use for it. Pure, any thread.
 */
#include "config_priv.h"

#include <inttypes.h>
#include <string.h>

struct type {
	const char *phrase;  /* "write ..." */
	const char *example; /* As in a file; NULL: the phrase says it all. */
	size_t size;         /* Of the field; 0: the key has it. */
};

static const struct type types[] = {
	[VNF_CONFIG_BOOL] = { "true or false", NULL, sizeof(bool) },
	[VNF_CONFIG_U32] = { "an integer", "1", sizeof(uint32_t) },
	[VNF_CONFIG_U64] = { "an integer", "1", sizeof(uint64_t) },
	[VNF_CONFIG_BYTES] = { "a size in bytes", "\"64M\"", sizeof(uint64_t) },
	[VNF_CONFIG_COUNT] = { "a number", "\"10k\"", sizeof(uint64_t) },
	[VNF_CONFIG_DURATION] = { "a time with its unit", "\"100us\"", sizeof(uint64_t) },
	[VNF_CONFIG_STRING] = { "a string", "\"text\"", sizeof(const char *) },
	[VNF_CONFIG_ENUM] = { "one of", NULL, sizeof(uint32_t) },
	[VNF_CONFIG_MAC] = { "a MAC address", "\"02:00:00:00:00:01\"", 6 },
	[VNF_CONFIG_MODE] = { "an octal file mode in quotes", "\"0660\"", sizeof(uint32_t) },
	[VNF_CONFIG_U32S] = { "an array of integers", "[ 1, 2 ]", sizeof(struct vnf_config_u32s) },
	[VNF_CONFIG_STRINGS] = { "an array of strings", "[ \"a\", \"b\" ]",
				 sizeof(struct vnf_config_strings) },
	[VNF_CONFIG_GROUP] = { "a group", "{ ... }", 0 },
	[VNF_CONFIG_LIST] = { "a list of groups", "( { ... }, { ... } )",
			      sizeof(struct vnf_config_list) },
};

bool cfg_type_is_number(enum vnf_config_type type)
{
	return type == VNF_CONFIG_U32 || type == VNF_CONFIG_U64 || type == VNF_CONFIG_BYTES ||
	       type == VNF_CONFIG_COUNT || type == VNF_CONFIG_DURATION || type == VNF_CONFIG_MODE;
}

static bool type_has_length(enum vnf_config_type type)
{
	return type == VNF_CONFIG_STRING || type == VNF_CONFIG_U32S || type == VNF_CONFIG_STRINGS ||
	       type == VNF_CONFIG_LIST;
}

bool cfg_type_has_range(enum vnf_config_type type)
{
	return cfg_type_is_number(type) || type_has_length(type);
}

/* A group's size is that of the furthest field; only the lookup of positions needs it. */
static size_t keys_size(const struct vnf_config_key *keys)
{
	size_t size = 0;

	for (; keys != NULL && keys->name != NULL; keys++) {
		size_t end = keys->offset + cfg_type_size(keys);

		if (end > size)
			size = end;
	}
	return size;
}

size_t cfg_type_size(const struct vnf_config_key *key)
{
	return key->type == VNF_CONFIG_GROUP ? keys_size(key->keys) : types[key->type].size;
}

/* The greatest value allowed; for types with a length, of that. */
uint64_t cfg_key_max(const struct vnf_config_key *key)
{
	uint64_t limit = UINT64_MAX;

	if (key->type == VNF_CONFIG_U32)
		limit = UINT32_MAX;
	else if (key->type == VNF_CONFIG_MODE)
		limit = CFG_MODE_MAX;
	return key->max != 0 && key->max < limit ? key->max : limit;
}

uint64_t cfg_get_number(enum vnf_config_type type, const void *field)
{
	if (type == VNF_CONFIG_U32 || type == VNF_CONFIG_MODE)
		return *(const uint32_t *)field;
	return *(const uint64_t *)field;
}

void cfg_put_number(enum vnf_config_type type, void *field, uint64_t u)
{
	if (type == VNF_CONFIG_U32 || type == VNF_CONFIG_MODE)
		*(uint32_t *)field = (uint32_t)u;
	else
		*(uint64_t *)field = u;
}

static void bound_add(struct cfg_str *str, const struct vnf_config_key *key, uint64_t bound)
{
	cfg_format_number(str, type_has_length(key->type) ? VNF_CONFIG_U64 : key->type, bound);
}

/* "1 to 5", "at least 1", "at most 5"; false and nothing when all that fits is allowed. */
bool cfg_str_range(struct cfg_str *str, const struct vnf_config_key *key)
{
	uint64_t max = cfg_key_max(key);

	if (!cfg_type_has_range(key->type) || (key->min == 0 && max == UINT64_MAX))
		return false;
	if (max == UINT64_MAX)
		cfg_str_add(str, "at least ");
	else if (key->min == 0 && type_has_length(key->type))
		cfg_str_add(str, "at most ");
	if (key->min != 0 || (max != UINT64_MAX && !type_has_length(key->type)))
		bound_add(str, key, key->min);
	if (max != UINT64_MAX && (key->min != 0 || !type_has_length(key->type)))
		cfg_str_add(str, " to ");
	if (max != UINT64_MAX)
		bound_add(str, key, max);
	return true;
}

void cfg_str_choices(struct cfg_str *str, const char *const *choices)
{
	for (size_t i = 0; choices[i] != NULL; i++)
		cfg_str_add(str, "%s\"%s\"", i > 0 ? ", " : "", choices[i]);
}

/* A default serves as an example only if it is a good one: it may be what is complained about. */
static bool is_example(const struct vnf_config_key *key)
{
	bool negative;
	uint64_t u;

	if (key->def == NULL)
		return false;
	if (key->type == VNF_CONFIG_U32 || key->type == VNF_CONFIG_U64)
		return cfg_parse_integer(key->def, strlen(key->def), &negative, &u) == 0;
	if (key->type == VNF_CONFIG_BYTES)
		return cfg_parse_bytes(key->def, &u) == 0;
	if (key->type == VNF_CONFIG_COUNT)
		return cfg_parse_count(key->def, &u) == 0;
	if (key->type == VNF_CONFIG_DURATION)
		return cfg_parse_duration(key->def, &u) == 0 && u != 0;
	return key->type == VNF_CONFIG_STRING && key->def[0] != '\0';
}

/* The default, if there is one, or else a bound, is an example that fits this very key. */
static void example_add(struct cfg_str *str, const struct vnf_config_key *key)
{
	uint64_t bound = key->min != 0 ? key->min : key->max;

	if (is_example(key) && (key->type == VNF_CONFIG_U32 || key->type == VNF_CONFIG_U64))
		cfg_str_add(str, "%s", key->def);
	else if (is_example(key))
		cfg_str_quote(str, key->def);
	else if (cfg_type_is_number(key->type) && key->type != VNF_CONFIG_MODE && bound != 0)
		cfg_format_number(str, key->type, bound);
	else
		cfg_str_add(str, "%s", types[key->type].example);
}

/* What to write for this key: "write an integer, for example 4". */
void cfg_str_expect(struct cfg_str *str, const struct vnf_config_key *key)
{
	cfg_str_add(str, "write %s", types[key->type].phrase);
	if (key->type == VNF_CONFIG_ENUM) {
		cfg_str_add(str, " ");
		cfg_str_choices(str, key->choices);
	} else if (types[key->type].example != NULL) {
		cfg_str_add(str, ", for example ");
		example_add(str, key);
	}
}

size_t cfg_variant_count(const struct vnf_config_variants *variants)
{
	size_t n = 0;

	while (variants->variants[n].name != NULL)
		n++;
	return n;
}
