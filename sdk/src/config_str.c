/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Texts built in pieces into a buffer of fixed size, for the configuration's messages. Pure, any
 * thread.
 */
#include "config_priv.h"

#include <stdio.h>
#include <string.h>

/* A message is one line on a terminal: longer values are cut. */
#define QUOTE_BYTES_MAX 64

void cfg_str_vadd(struct cfg_str *str, const char *format, va_list args)
{
	size_t room = str->size - str->len;
	int n = vsnprintf(str->buf + str->len, room, format, args);

	if (n > 0)
		str->len += (size_t)n < room ? (size_t)n : room - 1;
}

void cfg_str_add(struct cfg_str *str, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cfg_str_vadd(str, format, args);
	va_end(args);
}

/* A cut must not fall inside a UTF-8 character. */
static size_t quote_bytes(const char *text)
{
	size_t n = strnlen(text, QUOTE_BYTES_MAX + 1);

	if (n <= QUOTE_BYTES_MAX)
		return n;
	for (n = QUOTE_BYTES_MAX; n > QUOTE_BYTES_MAX - 4; n--)
		if (((unsigned char)text[n] & 0xc0) != 0x80)
			break;
	return n;
}

void cfg_str_quote(struct cfg_str *str, const char *text)
{
	size_t n = quote_bytes(text);

	cfg_str_add(str, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			cfg_str_add(str, "\\x%02x", c);
		else
			cfg_str_add(str, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
	cfg_str_add(str, text[n] == '\0' ? "\"" : "...\"");
}
