/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Putting one value into the field of its key: type, range, and the reason when it does not fit.
 * Defaults go through the same code as values of a file. Called by config_decode.c and
 * config_schema.c; touches nothing but the field and the configuration's memory.
 */
#include "config_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char *const kind_names[] = {
	[CFG_FLOAT] = "a floating-point number",
	[CFG_GROUP] = "a group",
	[CFG_ARRAY] = "an array",
	[CFG_LIST] = "a list",
};

/* "is the string "abc"": what stands in the file. */
void cfg_str_found(struct cfg_str *str, const struct cfg_value *value)
{
	if (value->kind == CFG_BOOL) {
		cfg_str_add(str, "is %s", value->u != 0 ? "true" : "false");
	} else if (value->kind == CFG_INT) {
		cfg_str_add(str, "is %s%" PRIu64, value->negative ? "-" : "", value->u);
	} else if (value->kind == CFG_TOO_WIDE) {
		cfg_str_add(str, "does not fit in 64 bits");
	} else if (value->kind == CFG_TEXT) {
		cfg_str_add(str, "is ");
		cfg_str_quote(str, value->text);
	} else {
		cfg_str_add(str, "is %s", kind_names[value->kind]);
	}
}

static int refuse_type(const struct vnf_config_key *key, const struct cfg_value *value,
		       struct cfg_str *why)
{
	cfg_str_found(why, value);
	if (key->type == VNF_CONFIG_DURATION && value->kind == CFG_INT)
		cfg_str_add(why, " without a unit");
	cfg_str_add(why, ", ");
	cfg_str_expect(why, key);
	return -EINVAL;
}

static const char *unit_text(const struct vnf_config_key *key)
{
	/* A time or a mode is written such that the unit is in it already. */
	if (key->type == VNF_CONFIG_DURATION || key->type == VNF_CONFIG_MODE)
		return NULL;
	return key->unit == NULL && key->type == VNF_CONFIG_BYTES ? "bytes" : key->unit;
}

/* Completes "is 5": ", 1 to 3 packets/s are allowed". */
static int refuse_range(const struct vnf_config_key *key, struct cfg_str *why)
{
	const char *unit = unit_text(key);

	cfg_str_add(why, ", ");
	if (!cfg_str_range(why, key))
		cfg_str_add(why, "0 to %" PRIu64, UINT64_MAX);
	cfg_str_add(why, "%s%s are allowed", unit != NULL ? " " : "", unit != NULL ? unit : "");
	return -EINVAL;
}

static int refuse_number(const struct vnf_config_key *key, const struct cfg_value *value, int ret,
			 struct cfg_str *why)
{
	const char *unit = key->type == VNF_CONFIG_DURATION ? "nanoseconds" : unit_text(key);

	if (ret == -EINVAL)
		return refuse_type(key, value, why);
	cfg_str_found(why, value);
	if (ret == -EDOM && unit != NULL)
		cfg_str_add(why, ", only whole numbers of %s are allowed", unit);
	else if (ret == -EDOM)
		cfg_str_add(why, ", only whole numbers are allowed");
	else
		cfg_str_add(why, ", which does not fit in 64 bits");
	return -EINVAL;
}

static int number_parse(enum vnf_config_type type, const struct cfg_value *value, uint64_t *u)
{
	if (value->kind == CFG_INT && type != VNF_CONFIG_MODE) {
		*u = value->u;
		return type == VNF_CONFIG_DURATION && *u != 0 ? -EINVAL : 0;
	}
	if (value->kind != CFG_TEXT)
		return -EINVAL;
	if (type == VNF_CONFIG_BYTES)
		return cfg_parse_bytes(value->text, u);
	if (type == VNF_CONFIG_COUNT)
		return cfg_parse_count(value->text, u);
	if (type == VNF_CONFIG_DURATION)
		return cfg_parse_duration(value->text, u);
	if (type == VNF_CONFIG_MODE)
		return cfg_parse_mode(value->text, u);
	return -EINVAL;
}

static bool is_wide_or_negative(const struct vnf_config_key *key, const struct cfg_value *value)
{
	if (key->type == VNF_CONFIG_DURATION || key->type == VNF_CONFIG_MODE)
		return false;
	return value->kind == CFG_TOO_WIDE || (value->kind == CFG_INT && value->negative);
}

static int store_number(const struct vnf_config_key *key, const struct cfg_value *value,
			void *field, struct cfg_str *why)
{
	uint64_t u = 0;
	int ret;

	if (is_wide_or_negative(key, value)) {
		cfg_str_found(why, value);
		return refuse_range(key, why);
	}
	ret = number_parse(key->type, value, &u);
	if (ret < 0)
		return refuse_number(key, value, ret, why);
	if (u < key->min || u > cfg_key_max(key)) {
		cfg_str_add(why, "is ");
		cfg_format_number(why, key->type, u);
		return refuse_range(key, why);
	}
	cfg_put_number(key->type, field, u);
	return 0;
}

/* Lengths of strings, arrays and lists. */
int cfg_length_check(const struct vnf_config_key *key, size_t n, struct cfg_str *why)
{
	const char *have = key->type == VNF_CONFIG_STRING ? "is" : "has";
	const char *what = key->type == VNF_CONFIG_STRING ? "byte" : "element";
	const char *tail = key->type == VNF_CONFIG_STRING ? " long" : "";
	uint64_t bound;

	if (n >= key->min && n <= cfg_key_max(key))
		return 0;
	bound = n < key->min ? key->min : cfg_key_max(key);
	cfg_str_add(why, "%s %zu %s%s%s, at %s %" PRIu64 " %s %s", have, n, what, n == 1 ? "" : "s",
		    tail, n < key->min ? "least" : "most", bound, bound == 1 ? "is" : "are",
		    n < key->min ? "needed" : "allowed");
	return -EINVAL;
}

static int store_string(struct vnf_config *config, const struct vnf_config_key *key,
			const struct cfg_value *value, void *field, struct cfg_str *why)
{
	const char *copy;
	int ret;

	if (value->kind != CFG_TEXT)
		return refuse_type(key, value, why);
	ret = cfg_length_check(key, strlen(value->text), why);
	if (ret < 0)
		return ret;
	copy = cfg_strdup(config, value->text);
	if (copy != NULL)
		*(const char **)field = copy;
	return 0;
}

static int store_enum(const struct vnf_config_key *key, const struct cfg_value *value, void *field,
		      struct cfg_str *why)
{
	struct cfg_suggestion near = { .word = value->text };

	if (value->kind != CFG_TEXT)
		return refuse_type(key, value, why);
	for (uint32_t i = 0; key->choices[i] != NULL; i++) {
		if (strcmp(key->choices[i], value->text) == 0) {
			*(uint32_t *)field = i;
			return 0;
		}
		cfg_suggest_try(&near, key->choices[i]);
	}
	refuse_type(key, value, why);
	if (near.best != NULL)
		cfg_str_add(why, "; did you mean \"%s\"?", near.best);
	return -EINVAL;
}

int cfg_store(struct vnf_config *config, const struct vnf_config_key *key,
	      const struct cfg_value *value, void *field, struct cfg_str *why)
{
	if (cfg_type_is_number(key->type))
		return store_number(key, value, field, why);
	if (key->type == VNF_CONFIG_STRING)
		return store_string(config, key, value, field, why);
	if (key->type == VNF_CONFIG_ENUM)
		return store_enum(key, value, field, why);
	if (key->type == VNF_CONFIG_BOOL && value->kind == CFG_BOOL) {
		*(bool *)field = value->u != 0;
		return 0;
	}
	if (key->type == VNF_CONFIG_MAC && value->kind == CFG_TEXT &&
	    cfg_parse_mac(value->text, field) == 0)
		return 0;
	return refuse_type(key, value, why);
}

/* The key's own check of a value that is stored already. */
int cfg_key_check(const struct vnf_config_key *key, const void *field, struct cfg_str *why)
{
	char text[256] = "";

	if (key->check == NULL || key->check(field, text, sizeof(text)) == 0)
		return 0;
	cfg_str_add(why, "%s", text[0] != '\0' ? text : "is refused");
	return -EINVAL;
}

/* An array's elements are values like others, of a key of their own. */
const struct vnf_config_key *cfg_element_key(const struct vnf_config_key *key)
{
	static const struct vnf_config_key integer = { .name = "element", .type = VNF_CONFIG_U32 };
	static const struct vnf_config_key string = { .name = "element",
						      .type = VNF_CONFIG_STRING };

	return key->type == VNF_CONFIG_U32S ? &integer : &string;
}

/* False when there is no memory. */
bool cfg_array_init(struct vnf_config *config, const struct vnf_config_key *key, void *field,
		    size_t n)
{
	void *elements = cfg_alloc(config, n * cfg_type_size(cfg_element_key(key)));

	if (elements == NULL)
		return false;
	if (key->type == VNF_CONFIG_U32S) {
		*(struct vnf_config_u32s *)field = (struct vnf_config_u32s){ n, elements };
		return true;
	}
	*(struct vnf_config_strings *)field = (struct vnf_config_strings){ n, elements };
	for (size_t i = 0; i < n; i++)
		((const char **)elements)[i] = "";
	return true;
}

size_t cfg_array_length(const struct vnf_config_key *key, const void *field)
{
	return key->type == VNF_CONFIG_U32S ? ((const struct vnf_config_u32s *)field)->n
					    : ((const struct vnf_config_strings *)field)->n;
}

void *cfg_array_element(const struct vnf_config_key *key, const void *field, size_t i)
{
	if (key->type == VNF_CONFIG_U32S)
		return &((const struct vnf_config_u32s *)field)->v[i];
	return &((const struct vnf_config_strings *)field)->v[i];
}
