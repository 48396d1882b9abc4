/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Errors of a configuration: where, which key, what. They are kept sorted by position in the order
 * in which the file and its includes are read. Called by the other config_*.c files while a file is
 * loaded, and by applications for what tables cannot say; those also ask where something stands.
 */
#include "config_priv.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES_MAX 1024
#define PATH_BYTES_MAX 512

struct cfg_error {
	struct cfg_error *next;
	uint32_t token;
	uint32_t line; /* 0: none. */
	const char *file;
	const char *path; /* "": none. */
	const char *text;
	size_t number; /* in the order of discovery, from 1 */
};

/* After those at the same position: errors of one place stay in the order of discovery. */
static void error_insert(struct vnf_config *config, struct cfg_error *error)
{
	struct cfg_error **at = &config->errors;

	/* A long array of wrong elements comes in order: do not walk past them for each. */
	if (config->last_error != NULL && config->last_error->token <= error->token)
		at = &config->last_error->next;
	while (*at != NULL && (*at)->token <= error->token)
		at = &(*at)->next;
	error->next = *at;
	*at = error;
	if (error->next == NULL)
		config->last_error = error;
}

__attribute__((format(printf, 3, 0))) static void error_vadd(struct vnf_config *config,
							     const struct cfg_error *where,
							     const char *format, va_list args)
{
	char buf[MESSAGE_BYTES_MAX] = "";
	struct cfg_str text = CFG_STR(buf);
	struct cfg_error *error = cfg_alloc(config, sizeof(*error));

	/* Counted in any case: a file with an error must not pass as good. */
	config->n_errors++;
	if (error == NULL)
		return;
	cfg_str_vadd(&text, format, args);
	*error = *where;
	error->number = config->n_errors;
	error->path = cfg_strdup(config, where->path);
	error->text = cfg_strdup(config, buf);
	if (error->path != NULL && error->text != NULL)
		error_insert(config, error);
}

void cfg_error_add(struct vnf_config *config, uint32_t token, const char *path, const char *format,
		   ...)
{
	const struct cfg_token *at = &config->text.tokens[token];
	struct cfg_error where = { NULL, token, at->line, at->file, path, NULL, 0 };
	va_list args;

	va_start(args, format);
	error_vadd(config, &where, format, args);
	va_end(args);
}

__attribute__((format(printf, 3, 0))) static void error_node_vadd(struct vnf_config *config,
								  const struct cfg_node *node,
								  const char *format, va_list args)
{
	const struct cfg_token *at = &config->text.tokens[node->token];
	char path[PATH_BYTES_MAX] = "";
	struct cfg_str str = CFG_STR(path);
	struct cfg_error where = { NULL, node->token, at->line, at->file, path, NULL, 0 };

	cfg_str_path(&str, node, NULL);
	error_vadd(config, &where, format, args);
}

void cfg_error_node(struct vnf_config *config, const struct cfg_node *node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_node_vadd(config, node, format, args);
	va_end(args);
}

/* For the time before there are tokens. */
void cfg_error_line(struct vnf_config *config, const char *file, uint32_t line, const char *format,
		    ...)
{
	struct cfg_error where = { NULL, 0, line, file, "", NULL, 0 };
	va_list args;

	va_start(args, format);
	error_vadd(config, &where, format, args);
	va_end(args);
}

/* What has a place of its own; NULL: the file as a whole. */
static const struct cfg_node *node_of(const struct vnf_config *config, const void *field)
{
	const struct cfg_node *node = field == NULL ? NULL : cfg_node_find(config, field);

	return node == NULL || node->kind == CFG_SECTION ? NULL : node;
}

void vnf_config_error(struct vnf_config *config, const void *field, const char *format, ...)
{
	struct cfg_error whole = { NULL, 0, 0, config->path, "", NULL, 0 };
	const struct cfg_node *node = node_of(config, field);
	va_list args;

	va_start(args, format);
	if (node == NULL)
		error_vadd(config, &whole, format, args);
	else
		error_node_vadd(config, node, format, args);
	va_end(args);
}

static void place_add(struct cfg_str *str, const char *file, uint32_t line)
{
	cfg_str_add(str, "%s", file);
	if (line > 0)
		cfg_str_add(str, ":%" PRIu32, line);
}

void vnf_config_place(const struct vnf_config *config, const void *field, char *place, size_t size)
{
	const struct cfg_node *node = node_of(config, field);
	const struct cfg_token *at = node != NULL ? &config->text.tokens[node->token] : NULL;
	struct cfg_str str = { .buf = place, .size = size };

	place_add(&str, at != NULL ? at->file : config->path, at != NULL ? at->line : 0);
}

void vnf_config_path(const struct vnf_config *config, const char *const *field, char *path,
		     size_t size)
{
	char place[PATH_MAX];
	const char *slash;

	vnf_config_place(config, field, place, sizeof(place));
	slash = strrchr(place, '/');
	if ((*field)[0] == '/' || slash == NULL)
		snprintf(path, size, "%s", *field);
	else
		snprintf(path, size, "%.*s/%s", (int)(slash - place), place, *field);
}

void cfg_errors_forget(struct vnf_config *config, size_t count)
{
	struct cfg_error **at = &config->errors;

	config->last_error = NULL;
	while (*at != NULL) {
		if ((*at)->number > count) {
			*at = (*at)->next;
			continue;
		}
		config->last_error = *at;
		at = &(*at)->next;
	}
	config->n_errors = count;
}

size_t vnf_config_error_count(const struct vnf_config *config)
{
	return config->n_errors;
}

void vnf_config_print_errors(const struct vnf_config *config, FILE *stream)
{
	size_t n = 0;

	for (const struct cfg_error *e = config->errors; e != NULL; e = e->next, n++) {
		fprintf(stream, "%s:", e->file);
		if (e->line > 0)
			fprintf(stream, "%" PRIu32 ":", e->line);
		if (e->path[0] != '\0')
			fprintf(stream, " %s:", e->path);
		fprintf(stream, " %s\n", e->text);
	}
	if (n < config->n_errors)
		fprintf(stream, "%s: no memory to tell %zu more\n", config->path,
			config->n_errors - n);
}
