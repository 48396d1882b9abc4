/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * libconfig over the scanned text, and its terse errors made useful: the token, the key and the
 * likely cause. Called by vnf_config_load() between the scan and the decoding.
 */
#include "config_priv.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <string.h>

/* The last member of each open group or list is the open one inside: they lead to the error. */
static config_setting_t *open_path(const config_t *file, unsigned int depth, struct cfg_str *path)
{
	config_setting_t *at = config_root_setting(file);

	while (depth-- > 0 && config_setting_is_aggregate(at) && config_setting_length(at) > 0) {
		int last = config_setting_length(at) - 1;

		at = config_setting_get_elem(at, (unsigned int)last);
		if (config_setting_name(at) == NULL)
			cfg_str_add(path, "[%d]", last);
		else
			cfg_str_add(path, "%s%.64s", path->len > 0 ? "." : "",
				    config_setting_name(at));
	}
	return at;
}

static void report_duplicate(struct vnf_config *config, const config_t *file, uint32_t token,
			     const char *name)
{
	char path[512] = "";
	struct cfg_str str = CFG_STR(path);
	const struct cfg_token *at = &config->text.tokens[token], *first = NULL;
	config_setting_t *group = open_path(file, at->depth, &str), *other = NULL;

	cfg_str_add(&str, "%s%.64s", str.len > 0 ? "." : "", name);
	if (config_setting_is_group(group))
		other = config_setting_get_member(group, name);
	if (other != NULL)
		first = &config->text.tokens[config_setting_source_line(other)];
	if (first == NULL)
		cfg_error_add(config, token, path, "is set twice, once is allowed");
	else if (strcmp(first->file, at->file) == 0)
		cfg_error_add(config, token, path, "is set twice, already on line %u", first->line);
	else
		cfg_error_add(config, token, path, "is set twice, already at %s:%u", first->file,
			      first->line);
}

static void report_mixed(struct vnf_config *config, const config_t *file, uint32_t token)
{
	char path[512] = "", text[8] = "";
	struct cfg_str str = CFG_STR(path), token_str = CFG_STR(text);

	/* A string is noticed at the token behind it. */
	cfg_str_token(&token_str, config, token);
	if (text[0] == ',' || text[0] == ']')
		token--;
	open_path(file, config->text.tokens[token].depth, &str);
	cfg_error_add(config, token, path, "elements differ in type, an array needs a single one");
}

static const char *syntax_hint(const char *before, const char *at)
{
	if (strcmp(before, ",") == 0 && (*at == ')' || *at == ']'))
		return ", no comma is allowed after the last element";
	if (*before != '\0' && strchr("=:,[(", *before) != NULL && isalpha((unsigned char)*at))
		return ", text is written in quotes";
	if (isalpha((unsigned char)*before) &&
	    (*at == '"' || *at == '{' || *at == '(' || *at == '[' || isalnum((unsigned char)*at)))
		return ", write = between a key and its value";
	return "";
}

static void quote_token(struct cfg_str *str, char *token)
{
	size_t n = strlen(token);

	if (n > 1 && token[0] == '"' && token[n - 1] == '"')
		token[n - 1] = '\0';
	cfg_str_quote(str, token[0] == '"' ? token + 1 : token);
}

void cfg_error_syntax(struct vnf_config *config, uint32_t token)
{
	uint32_t last = (uint32_t)config->text.n_tokens - 1;
	const struct cfg_token *where = &config->text.tokens[token <= last ? token : last];
	char at[48] = "", before[48] = "", text[256] = "";
	struct cfg_str at_str = CFG_STR(at), before_str = CFG_STR(before), str = CFG_STR(text);
	const char *hint;

	cfg_str_token(&at_str, config, token);
	cfg_str_token(&before_str, config, token - 1);
	hint = syntax_hint(before, at);
	if (token > last) {
		cfg_error_line(config, where->file, where->line,
			       "syntax error at the end of the file, a value is missing");
		return;
	}
	quote_token(&str, at);
	if (before[0] != '\0') {
		cfg_str_add(&str, " after ");
		quote_token(&str, before);
	}
	cfg_error_line(config, where->file, where->line, "syntax error at %s%s", text, hint);
}

static void report(struct vnf_config *config, const config_t *file)
{
	const char *text = config_error_text(file);
	uint32_t token = (uint32_t)config_error_line(file);
	char buf[128] = "";
	struct cfg_str name = CFG_STR(buf);

	if (token == 0)
		token = 1;
	cfg_str_token(&name, config, token);
	if (token < config->text.n_tokens && text != NULL && strstr(text, "duplicate") != NULL)
		report_duplicate(config, file, token, buf);
	else if (token < config->text.n_tokens && text != NULL && strstr(text, "mismatched"))
		report_mixed(config, file, token);
	else
		cfg_error_syntax(config, token);
}

int cfg_parse(struct vnf_config *config)
{
	config_t file;
	int ret = 0;

	config_init(&file);
	if (config_read_string(&file, config->text.buf) == CONFIG_TRUE) {
		cfg_decode(config, config_root_setting(&file));
	} else {
		report(config, &file);
		ret = -EINVAL;
	}
	config_destroy(&file);
	return ret;
}
