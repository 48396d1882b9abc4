/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The text that libconfig parses: one token a line, and for each line where it came from. Filled by
 * config_scan.c, read by config_load.c to tell where a syntax error is.
 */
#include "config_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX (16 * 1024 * 1024)

/* *array gets room for `need` elements of `size` bytes. */
static int array_grow(struct vnf_config *config, void **array, size_t *cap, size_t need,
		      size_t size)
{
	size_t n = *cap != 0 ? *cap : 256;
	void *bigger;

	while (n < need)
		n *= 2;
	if (n == *cap)
		return 0;
	bigger = realloc(*array, n * size);
	if (bigger == NULL) {
		config->nomem = true;
		return -ENOMEM;
	}
	*array = bigger;
	*cap = n;
	return 0;
}

static int text_append(struct vnf_config *config, const char *s, size_t n)
{
	struct cfg_text *text = &config->text;
	void *buf = text->buf;
	int ret = array_grow(config, &buf, &text->cap, text->len + n + 1, 1);

	text->buf = buf;
	if (ret < 0)
		return ret;
	memcpy(text->buf + text->len, s, n);
	text->len += n;
	text->buf[text->len] = '\0';
	return 0;
}

static int token_append(struct vnf_config *config, const struct cfg_token *token)
{
	struct cfg_text *text = &config->text;
	void *tokens = text->tokens;
	int ret = array_grow(config, &tokens, &text->cap_tokens, text->n_tokens + 1,
			     sizeof(*text->tokens));

	text->tokens = tokens;
	if (ret < 0)
		return ret;
	text->tokens[text->n_tokens++] = *token;
	return 0;
}

/* Token 0 is the file as a whole: what has no better place is told at its first line. */
int cfg_text_init(struct vnf_config *config)
{
	const struct cfg_token whole = { .file = config->path, .line = 1 };
	int ret = token_append(config, &whole);

	return ret < 0 ? ret : text_append(config, "", 0);
}

/* A newline inside of a string counts for libconfig: each starts another line of the same token. */
int cfg_text_add(struct vnf_config *config, const struct cfg_token *at, const char *s, size_t n)
{
	struct cfg_token token = *at;
	const char *newline, *end = s + n;
	int ret;

	if (config->text.len + n > TEXT_BYTES_MAX) {
		cfg_error_line(config, at->file, at->line,
			       "the file is longer than 16 MiB with its includes");
		return -EINVAL;
	}
	token.start = (uint32_t)config->text.len;
	ret = token_append(config, &token);
	newline = memchr(s, '\n', n);
	while (ret == 0 && newline != NULL) {
		ret = token_append(config, &token);
		newline = memchr(newline + 1, '\n', (size_t)(end - newline - 1));
	}
	if (ret == 0)
		ret = text_append(config, s, n);
	return ret < 0 ? ret : text_append(config, "\n", 1);
}

/* The token as it was written, at least its first line; "" behind the last. */
void cfg_str_token(struct cfg_str *str, const struct vnf_config *config, size_t token)
{
	const struct cfg_text *text = &config->text;

	if (token > 0 && token < text->n_tokens) {
		const char *s = text->buf + text->tokens[token].start;
		size_t n = strcspn(s, "\n");

		/* The scanner's suffix, not the user's. */
		if (strchr("+-0123456789", *s) != NULL && s[n - 1] == 'L')
			n--;
		cfg_str_add(str, "%.*s", (int)n, s);
	}
}
