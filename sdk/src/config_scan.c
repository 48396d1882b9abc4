/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * From files to one text for libconfig: comments go, includes are put in place, and each token
 * gets a line of its own, so that a line number of libconfig names a token whose file and line are
 * known here. Called by vnf_config_load().
 *
 * libconfig 1.5 alone would open an included FIFO (and hang), wrap integers beyond 32 bits, report
 * the line after a string, and accept a comment that never ends.
 */
#include "config_priv.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INCLUDE_DEPTH_MAX 8
#define INCLUDES_MAX 256

struct bracket {
	char open;
	const char *file;
	uint32_t line;
};

/* One for the file and its includes. */
struct scanner {
	struct vnf_config *config;
	struct bracket brackets[CFG_DEPTH_MAX];
	unsigned int n_brackets;
	unsigned int include_depth;
	unsigned int n_includes;
	char last; /* First character of the last token; 0: none yet. */
};

/* One file that is being read. */
struct input {
	const char *file;
	const char *start, *at, *end;
	uint32_t line;
};

static int scan_file(struct scanner *scanner, const char *path, const struct input *from);

static int refuse(struct scanner *scanner, const struct input *in, const char *what)
{
	cfg_error_line(scanner->config, in->file, in->line, "%s", what);
	return -EINVAL;
}

static int refuse_word(struct scanner *scanner, const struct input *in, size_t n, const char *what)
{
	char word[80], buf[256] = "";
	struct cfg_str str = CFG_STR(buf);

	if (n >= sizeof(word))
		n = sizeof(word) - 1;
	memcpy(word, in->at, n);
	word[n] = '\0';
	cfg_str_quote(&str, word);
	cfg_str_add(&str, " %s", what);
	return refuse(scanner, in, buf);
}

static struct cfg_token token_here(struct scanner *scanner, const struct input *in)
{
	scanner->last = *in->at;
	return (struct cfg_token){
		.file = in->file,
		.line = in->line,
		.depth = (uint8_t)scanner->n_brackets,
	};
}

static int token_add(struct scanner *scanner, const struct input *in, const char *s, size_t n)
{
	struct cfg_token token = token_here(scanner, in);

	return cfg_text_add(scanner->config, &token, s, n);
}

/* False if there is no comment here; else behind it, or *open when it has no end. */
static bool skip_comment(struct input *in, bool *open)
{
	size_t left = (size_t)(in->end - in->at);
	bool slash = left > 1 && in->at[0] == '/';
	const char *to;

	if (*in->at == '#' || (slash && in->at[1] == '/')) {
		to = memchr(in->at, '\n', left);
	} else if (slash && in->at[1] == '*') {
		to = memmem(in->at + 2, left - 2, "*/", 2);
		*open = to == NULL;
		if (to != NULL)
			to += 2;
	} else {
		return false;
	}
	if (*open)
		return true;
	for (to = to != NULL ? to : in->end; in->at != to; in->at++)
		in->line += *in->at == '\n';
	return true;
}

/* Blanks and comments up to the next token or the end. */
static int skip_blanks(struct scanner *scanner, struct input *in)
{
	bool open = false;

	while (in->at != in->end) {
		if (strchr(" \t\r\f\n", *in->at) != NULL)
			in->line += *in->at++ == '\n';
		else if (!skip_comment(in, &open))
			break;
		if (open)
			return refuse(scanner, in, "this comment has no end, write */");
	}
	return 0;
}

/* Behind another string they are joined. */
static bool is_string_allowed(const struct scanner *scanner)
{
	if (scanner->last == '=' || scanner->last == ':' || scanner->last == '"')
		return true;
	return scanner->n_brackets > 0 && scanner->brackets[scanner->n_brackets - 1].open != '{' &&
	       (scanner->last == ',' || scanner->last == '(' || scanner->last == '[');
}

static int scan_string(struct scanner *scanner, struct input *in)
{
	bool allowed = is_string_allowed(scanner);
	const char *s = in->at + 1;
	int ret;

	while (s != in->end && *s != '"') {
		if (*s == '\\' && in->end - s > 3 && strncasecmp(s, "\\x00", 4) == 0)
			return refuse(scanner, in, "\\x00 is not allowed in strings");
		if (*s == '\\' && s + 1 != in->end)
			s++;
		s++;
	}
	if (s == in->end)
		return refuse(scanner, in, "this string has no end, write \" after it");
	ret = token_add(scanner, in, in->at, (size_t)(s + 1 - in->at));
	/* libconfig 1.5 leaks a string that it does not expect. */
	if (ret == 0 && !allowed) {
		cfg_error_syntax(scanner->config, (uint32_t)scanner->config->text.n_tokens - 1);
		return -EINVAL;
	}
	for (; in->at != s + 1; in->at++)
		in->line += *in->at == '\n';
	return ret;
}

static bool is_include(const struct input *in)
{
	static const char word[] = "@include";

	return (size_t)(in->end - in->at) >= sizeof(word) &&
	       memcmp(in->at, word, sizeof(word) - 1) == 0;
}

static bool is_first_of_line(const struct input *in)
{
	const char *s = in->at;

	while (s != in->start && (s[-1] == ' ' || s[-1] == '\t'))
		s--;
	return s == in->start || s[-1] == '\n';
}

/* The text between quotes, relative to the directory of the file that includes it. */
static char *include_path(struct scanner *scanner, const struct input *in, const char *name,
			  size_t n)
{
	const char *slash = strrchr(in->file, '/');
	size_t dir = slash == NULL || name[0] == '/' ? 0 : (size_t)(slash + 1 - in->file);
	char *path = cfg_alloc(scanner->config, dir + n + 1);
	char *to = path;

	if (path == NULL)
		return NULL;
	memcpy(to, in->file, dir);
	to += dir;
	for (size_t i = 0; i < n; i++) {
		if (name[i] == '\\' && i + 1 < n)
			i++;
		*to++ = name[i];
	}
	return path;
}

static int include_file(struct scanner *scanner, const struct input *in, const char *name, size_t n)
{
	char *path = include_path(scanner, in, name, n);
	int ret;

	if (path == NULL)
		return -ENOMEM;
	if (scanner->include_depth >= INCLUDE_DEPTH_MAX || scanner->n_includes >= INCLUDES_MAX)
		return refuse(scanner, in, "too many includes, do the files include each other?");
	scanner->include_depth++;
	scanner->n_includes++;
	ret = scan_file(scanner, path, in);
	scanner->include_depth--;
	return ret;
}

static int scan_include(struct scanner *scanner, struct input *in)
{
	const char *name = in->at + strlen("@include"), *s;
	int ret;

	/* As in libconfig, lest a file be good here and bad elsewhere. */
	if (!is_first_of_line(in))
		return refuse(scanner, in, "@include must be the first on its line");
	while (name != in->end && (*name == ' ' || *name == '\t'))
		name++;
	if (name == in->end || *name++ != '"')
		return refuse(scanner, in, "a file name in quotes must follow @include");
	for (s = name; s != in->end && *s != '"' && *s != '\n'; s++)
		if (*s == '\\' && s + 1 != in->end && s[1] != '\n')
			s++;
	if (s == in->end || *s != '"')
		return refuse(scanner, in, "the file name has no end, write \" after it");
	ret = include_file(scanner, in, name, (size_t)(s - name));
	in->at = s + 1;
	return ret;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("_*-+.", c) != NULL);
}

/*
 * Every integer is handed on as a 64-bit one, so that none wraps and an array does not mix two
 * sizes. Above INT64_MAX hexadecimal says that the sign is none.
 */
static int scan_number(struct scanner *scanner, const struct input *in, size_t n)
{
	struct cfg_token token = token_here(scanner, in);
	char text[32] = "";
	struct cfg_str str = CFG_STR(text);
	bool negative;
	uint64_t u;
	int ret = cfg_parse_integer(in->at, n, &negative, &u);

	if (ret == -EINVAL && cfg_is_float(in->at, n))
		return cfg_text_add(scanner->config, &token, in->at, n);
	if (ret == -EINVAL)
		return refuse_word(scanner, in, n,
				   "is not a number, values with a unit are written in quotes");
	token.too_wide = ret == -ERANGE || (negative && u - 1 > INT64_MAX);
	if (token.too_wide)
		cfg_str_add(&str, "0L");
	else if (!negative && u > INT64_MAX)
		cfg_str_add(&str, "0x%" PRIx64 "L", u);
	else
		cfg_str_add(&str, "%s%" PRIu64 "L", negative ? "-" : "", u);
	return cfg_text_add(scanner->config, &token, text, str.len);
}

static int scan_word(struct scanner *scanner, struct input *in)
{
	size_t n = 1;
	int ret;

	while (in->at + n != in->end && is_word_char(in->at[n]))
		n++;
	if (!isalpha((unsigned char)*in->at) && *in->at != '*')
		ret = scan_number(scanner, in, n);
	else if (memchr(in->at, '+', n) != NULL || memchr(in->at, '.', n) != NULL)
		ret = refuse_word(scanner, in, n, "is not a name, text is written in quotes");
	else
		ret = token_add(scanner, in, in->at, n);
	in->at += n;
	return ret;
}

static int bracket_close(struct scanner *scanner, const struct input *in, char open)
{
	const struct bracket *last =
		scanner->n_brackets > 0 ? &scanner->brackets[scanner->n_brackets - 1] : NULL;

	if (last == NULL || last->open != open) {
		if (last == NULL)
			cfg_error_line(scanner->config, in->file, in->line,
				       "\"%c\" has no opening \"%c\"", *in->at, open);
		else
			cfg_error_line(scanner->config, in->file, in->line,
				       "\"%c\" does not close the \"%c\" of %s:%" PRIu32, *in->at,
				       last->open, last->file, last->line);
		return -EINVAL;
	}
	scanner->n_brackets--;
	return 0;
}

static int scan_mark(struct scanner *scanner, struct input *in)
{
	static const char opening[] = "({[", closing[] = ")}]";
	const char *open = strchr(opening, *in->at), *close = strchr(closing, *in->at);
	int ret = 0;

	if (close != NULL)
		ret = bracket_close(scanner, in, opening[close - closing]);
	if (ret == 0)
		ret = token_add(scanner, in, in->at, 1);
	if (ret == 0 && open != NULL) {
		if (scanner->n_brackets == CFG_DEPTH_MAX)
			return refuse(scanner, in, "brackets are nested too deep");
		scanner->brackets[scanner->n_brackets++] =
			(struct bracket){ *open, in->file, in->line };
	}
	in->at++;
	return ret;
}

static int scan_input(struct scanner *scanner, struct input *in)
{
	int ret = skip_blanks(scanner, in);

	while (ret == 0 && in->at != in->end) {
		if (*in->at == '"')
			ret = scan_string(scanner, in);
		else if (is_include(in))
			ret = scan_include(scanner, in);
		else if (is_word_char(*in->at))
			ret = scan_word(scanner, in);
		else
			ret = scan_mark(scanner, in);
		if (ret == 0)
			ret = skip_blanks(scanner, in);
	}
	return ret;
}

/* `from`: the file that includes this one; NULL for the configuration itself. */
static int scan_file(struct scanner *scanner, const char *path, const struct input *from)
{
	struct vnf_config *config = scanner->config;
	struct input in = { .file = path, .line = 1 };
	char buf[256] = "", *data = NULL;
	struct cfg_str why = CFG_STR(buf);
	size_t len = 0;
	int ret = cfg_file_read(path, &data, &len, &why);

	if (ret == 0) {
		in.start = in.at = data;
		in.end = data + len;
		ret = scan_input(scanner, &in);
	} else if (ret == -ENOMEM) {
		config->nomem = true;
	} else if (from == NULL) {
		cfg_error_line(config, path, 0, "cannot read: %s", buf);
	} else {
		cfg_error_line(config, from->file, from->line, "cannot include %s: %s", path, buf);
	}
	free(data);
	return ret;
}

int cfg_scan(struct vnf_config *config)
{
	struct scanner scanner = { .config = config };
	int ret = cfg_text_init(config);

	if (ret == 0)
		ret = scan_file(&scanner, config->path, NULL);
	if (ret == 0 && scanner.n_brackets > 0) {
		const struct bracket *last = &scanner.brackets[scanner.n_brackets - 1];

		cfg_error_line(config, last->file, last->line, "\"%c\" is not closed", last->open);
		ret = -EINVAL;
	}
	return ret;
}
