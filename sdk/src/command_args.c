/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Arguments of a command: a JSON object into the structure that the command's table describes, by
 * the code that does the same for configuration files. All that is wrong is told, not only the
 * first. Control thread.
 */

#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

/* What one call's decoding knows. */
struct decoding {
	struct vnf_config *memory;
	struct cfg_str why; /* "KEY: what is wrong; KEY: ..." */
};

static void fault(struct decoding *d, const char *key, const char *what)
{
	cfg_str_add(&d->why, "%s%.64s: %s", d->why.len > 0 ? "; " : "", key, what);
}

static struct cfg_value value_of(const json_t *json)
{
	json_int_t i;

	switch (json_typeof(json)) {
	case JSON_TRUE:
	case JSON_FALSE:
		return (struct cfg_value){ .kind = CFG_BOOL, .u = json_is_true(json) };
	case JSON_INTEGER:
		i = json_integer_value(json);
		return (struct cfg_value){ .kind = CFG_INT,
					   .negative = i < 0,
					   .u = i < 0 ? -(uint64_t)i : (uint64_t)i };
	case JSON_STRING:
		return (struct cfg_value){ .kind = CFG_TEXT, .text = json_string_value(json) };
	case JSON_REAL:
		return (struct cfg_value){ .kind = CFG_FLOAT };
	case JSON_ARRAY:
		return (struct cfg_value){ .kind = CFG_ARRAY };
	default:
		return (struct cfg_value){ .kind = CFG_GROUP };
	}
}

static bool is_array(const struct vnf_config_key *key)
{
	return key->type == VNF_CONFIG_U32S || key->type == VNF_CONFIG_STRINGS;
}

static void element_store(struct decoding *d, const struct vnf_config_key *array, void *field,
			  const json_t *json, size_t i)
{
	struct cfg_value value = value_of(json_array_get(json, i));
	char name[96] = "", buf[512] = "";
	struct cfg_str at = CFG_STR(name), why = CFG_STR(buf);

	cfg_str_add(&at, "%.64s[%zu]", array->name, i);
	if (cfg_store(d->memory, cfg_element_key(array), &value, cfg_array_element(array, field, i),
		      &why) < 0)
		fault(d, name, buf);
}

static void array_store(struct decoding *d, const struct vnf_config_key *key, void *field,
			const json_t *json)
{
	size_t n = json_array_size(json);
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	if (cfg_length_check(key, n, &why) < 0)
		fault(d, key->name, buf);
	if (!cfg_array_init(d->memory, key, field, n))
		return;
	for (size_t i = 0; i < n; i++)
		element_store(d, key, field, json, i);
}

static void written_store(struct decoding *d, const struct vnf_config_key *key, void *field,
			  const json_t *json)
{
	struct cfg_value value = value_of(json);
	size_t before = d->why.len;
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	if (is_array(key) && json_is_array(json)) {
		array_store(d, key, field, json);
	} else if (is_array(key)) {
		cfg_str_found(&why, &value);
		cfg_str_add(&why, ", ");
		cfg_str_expect(&why, key);
		fault(d, key->name, buf);
	} else if (cfg_store(d->memory, key, &value, field, &why) < 0) {
		fault(d, key->name, buf);
	}
	/* A check may rely on values that are good by the table. */
	buf[0] = '\0';
	why.len = 0;
	if (d->why.len == before && !d->memory->nomem && cfg_key_check(key, field, &why) < 0)
		fault(d, key->name, buf);
}

static void key_store(struct decoding *d, const struct vnf_config_key *key, void *data,
		      const json_t *args)
{
	const json_t *json = json_object_get(args, key->name);
	void *field = (char *)data + key->offset;
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	/* Never NULL, whatever is wrong with the value. */
	if (key->type == VNF_CONFIG_STRING)
		*(const char **)field = "";
	if (json != NULL && !json_is_null(json)) {
		written_store(d, key, field, json);
		return;
	}
	if ((key->flags & VNF_CONFIG_REQUIRED) != 0) {
		cfg_str_add(&why, "is required, ");
		cfg_str_expect(&why, key);
		fault(d, key->name, buf);
	} else if (cfg_store_default(d->memory, key, field, &why) < 0) {
		fault(d, key->name, buf);
	}
}

static const struct vnf_config_key *key_find(const struct vnf_config_key *keys, const char *name)
{
	for (; keys != NULL && keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static void unknown_fault(struct decoding *d, const struct vnf_config_key *keys, const char *name)
{
	struct cfg_suggestion near = { .word = name };
	char buf[512] = "";
	struct cfg_str why = CFG_STR(buf);

	for (const struct vnf_config_key *key = keys; key != NULL && key->name != NULL; key++)
		cfg_suggest_try(&near, key->name);
	if (near.best != NULL) {
		cfg_str_add(&why, "unknown argument, did you mean \"%s\"?", near.best);
	} else {
		cfg_str_add(&why, "unknown argument, ");
		cfg_str_add(&why,
			    keys == NULL || keys->name == NULL ? "there are none" : "there are");
		for (; keys != NULL && keys->name != NULL; keys++)
			cfg_str_add(&why, " %s", keys->name);
	}
	fault(d, name, buf);
}

static void unknown_check(struct decoding *d, const struct vnf_config_key *keys, json_t *args)
{
	const char *name;
	json_t *value;

	json_object_foreach(args, name, value)
		if (key_find(keys, name) == NULL)
			unknown_fault(d, keys, name);
}

int command_args_decode(const struct vnf_command *command, json_t *args,
			struct command_args *decoded, struct vnf_refusal *why)
{
	char text[REFUSAL_MAX - 128] = "";
	struct decoding d = { .why = CFG_STR(text) };

	*decoded = (struct command_args){ .memory = calloc(1, sizeof(*d.memory)) };
	if (decoded->memory == NULL) {
		vnf_refuse(why, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	d.memory = decoded->memory;
	decoded->data = cfg_alloc(d.memory, command->args_size);
	for (const struct vnf_config_key *key = command->args;
	     decoded->data != NULL && key != NULL && key->name != NULL; key++)
		key_store(&d, key, decoded->data, args);
	if (decoded->data == NULL || d.memory->nomem) {
		vnf_refuse(why, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	unknown_check(&d, command->args, args);
	if (d.why.len == 0)
		return 0;
	vnf_refuse(why, -EINVAL, "%s", text);
	return -EINVAL;
}

void command_args_free(struct command_args *decoded)
{
	if (decoded->memory == NULL)
		return;
	cfg_free_all(decoded->memory);
	free(decoded->memory);
	decoded->memory = NULL;
}
