/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The tables of commands: the SDK's and the program's, checked at start, searched for a name, and
 * told to `vnfkit ctl` by a command of their own.
 */

#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"
#include "vnf_priv.h"

#define COMMAND_NAME_MAX 31

static const struct vnf_command *const sdk_tables[] = {
	table_commands,    info_commands,    counter_commands, capture_commands, datapath_commands,
	drop_log_commands, latency_commands, reload_commands,  session_commands, why_commands,
};

/* Those of `vnfkit ctl` itself. */
static const char *const reserved[] = { "list", "help" };

static const char *const type_names[] = {
	[VNF_CONFIG_BOOL] = "bool",     [VNF_CONFIG_U32] = "u32",
	[VNF_CONFIG_U64] = "u64",       [VNF_CONFIG_BYTES] = "bytes",
	[VNF_CONFIG_COUNT] = "count",   [VNF_CONFIG_DURATION] = "duration",
	[VNF_CONFIG_STRING] = "string", [VNF_CONFIG_ENUM] = "enum",
	[VNF_CONFIG_MAC] = "mac",       [VNF_CONFIG_MODE] = "mode",
	[VNF_CONFIG_U32S] = "u32s",     [VNF_CONFIG_STRINGS] = "strings",
};

/* ---- search ---- */

static const struct vnf_command *table_find(const struct vnf_command *table, const char *name,
					    struct cfg_suggestion *near)
{
	for (; table != NULL && table->name != NULL; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
		cfg_suggest_try(near, table->name);
	}
	return NULL;
}

const struct vnf_command *command_find(const struct vnf_command *own, const char *name,
				       const char **near)
{
	struct cfg_suggestion suggestion = { .word = name };
	const struct vnf_command *found = NULL;

	for (size_t i = 0; i < RTE_DIM(sdk_tables) && found == NULL; i++)
		found = table_find(sdk_tables[i], name, &suggestion);
	if (found == NULL)
		found = table_find(own, name, &suggestion);
	*near = suggestion.best;
	return found;
}

/* ---- checks ---- */

static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	return len <= COMMAND_NAME_MAX && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool name_taken(const struct vnf_command *own, const struct vnf_command *command)
{
	const char *near;
	const struct vnf_command *first = command_find(own, command->name, &near);

	for (size_t i = 0; i < RTE_DIM(reserved); i++)
		if (strcmp(command->name, reserved[i]) == 0)
			return true;
	return first != command;
}

static const char *key_fault(const struct vnf_command *command, const struct vnf_config_key *key)
{
	if (key->type >= RTE_DIM(type_names))
		return "groups and lists are not possible";
	if (key->doc == NULL || key->doc[0] == '\0')
		return "doc is missing";
	if (key->offset + cfg_type_size(key) > command->args_size)
		return "it is not within args_size";
	return NULL;
}

/* What is wrong with the command, or NULL. */
static const char *command_fault(const struct vnf_command *own, const struct vnf_command *command)
{
	if (!name_valid(command->name))
		return "a name is lower-case letters, digits and -, 31 at most";
	if (name_taken(own, command))
		return "the name is taken";
	if (command->help == NULL || command->help[0] == '\0')
		return "help is missing";
	if (command->run == NULL)
		return "run is missing";
	return NULL;
}

static unsigned int keys_check(const char *program, const struct vnf_command *command)
{
	unsigned int n = 0;

	for (const struct vnf_config_key *key = command->args; key != NULL && key->name != NULL;
	     key++) {
		const char *what = key_fault(command, key);

		if (what == NULL)
			continue;
		fprintf(stderr, "%s: internal: command \"%s\": argument %s: %s\n", program,
			command->name, key->name, what);
		n++;
	}
	return n;
}

/* Defaults, choices, names used twice: the same checks as of a configuration's tables. */
static unsigned int schema_faults(const char *program, const struct vnf_command *command)
{
	const struct vnf_config_section section = { command->name, command->args,
						    command->args_size };
	struct vnf_config config = { .sections = &section, .n_sections = 1 };
	char path[128];
	size_t n;

	snprintf(path, sizeof(path), "%s: command \"%s\"", program, command->name);
	config.path = path;
	cfg_schema_check(&config);
	n = config.n_errors;
	vnf_config_print_errors(&config, stderr);
	cfg_free_all(&config);
	return (unsigned int)n;
}

int commands_check(const char *program, const struct vnf_command *own)
{
	unsigned int faults = 0;

	for (const struct vnf_command *command = own; command != NULL && command->name != NULL;
	     command++) {
		const char *what = command_fault(own, command);

		if (what != NULL) {
			fprintf(stderr, "%s: internal: command \"%s\": %s\n", program,
				command->name, what);
			faults++;
		} else {
			faults += keys_check(program, command);
			faults += schema_faults(program, command);
		}
	}
	return faults == 0 ? 0 : -EINVAL;
}

int program_commands_check(const struct vnf_program *program)
{
	int ret = commands_check(program->name, program->commands);

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(program, i) != NULL; i++)
		if (commands_check(program->name, program->parts[i]->commands) < 0)
			ret = -EINVAL;
	return ret;
}

const struct vnf_command *program_command_find(const struct vnf_program *program, const char *name,
					       const char **near)
{
	const struct vnf_command *found = command_find(program->commands, name, near);

	for (size_t i = 0; found == NULL && i < VNF_PARTS_MAX && program_part(program, i) != NULL;
	     i++) {
		const char *nearer = NULL;

		found = command_find(program->parts[i]->commands, name, &nearer);
		if (nearer != NULL)
			*near = nearer;
	}
	return found;
}

/* ---- the command `commands` ---- */

static json_t *choices_json(const struct vnf_config_key *key)
{
	json_t *words = json_array();

	for (size_t i = 0; key->choices[i] != NULL; i++)
		json_array_append_new(words, json_string(key->choices[i]));
	return words;
}

static json_t *key_json(const struct vnf_config_key *key)
{
	json_t *object =
		json_pack("{ss ss sb ss}", "name", key->name, "type", type_names[key->type],
			  "required", (key->flags & VNF_CONFIG_REQUIRED) != 0, "doc", key->doc);

	if (key->def != NULL)
		json_object_set_new(object, "default", json_string(key->def));
	if (key->unit != NULL)
		json_object_set_new(object, "unit", json_string(key->unit));
	if (key->type == VNF_CONFIG_ENUM)
		json_object_set_new(object, "choices", choices_json(key));
	return object;
}

static json_t *command_json(const struct vnf_command *command)
{
	json_t *args = json_array();

	for (const struct vnf_config_key *key = command->args; key != NULL && key->name != NULL;
	     key++)
		json_array_append_new(args, key_json(key));
	return json_pack("{ss ss so}", "name", command->name, "help", command->help, "args", args);
}

static void table_json(json_t *all, const struct vnf_command *table)
{
	for (; table != NULL && table->name != NULL; table++)
		json_array_append_new(all, command_json(table));
}

static json_t *run_commands(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	json_t *all = json_array();

	(void)args;
	(void)why;
	for (size_t i = 0; i < RTE_DIM(sdk_tables); i++)
		table_json(all, sdk_tables[i]);
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++)
		table_json(all, vnf->program->parts[i]->commands);
	table_json(all, vnf->program->commands);
	return all;
}

const struct vnf_command table_commands[] = {
	{ .name = "commands",
	  .help = "All commands, with the schema of their arguments.",
	  .run = run_commands },
	{ .name = NULL },
};
