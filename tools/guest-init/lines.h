/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Text that comes in lines: a stream of them from the host, whose lengths are the host's choice,
 * and the small list files of the image. Pure; the caller does the reading.
 */
#ifndef GUEST_INIT_LINES_H
#define GUEST_INIT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_BYTES 65536
#define LIST_MAX 256

/* A stream's lines. All zero is an empty one. */
struct line_buffer {
	size_t start; /* of the next line */
	size_t used;
	bool skipping; /* the rest of a line that was too long */
	char data[LINE_MAX_BYTES + 1];
};

void line_buffer_reset(struct line_buffer *buffer);

/* Where to read to, and how much: at least one byte once line_next() has returned 0. */
char *line_space(struct line_buffer *buffer, size_t *size);
void line_filled(struct line_buffer *buffer, size_t size);

/*
 * 1: *line is a line of *length bytes without its end, valid until line_space(). 0: read more.
 * -EMSGSIZE, once: a line is longer than LINE_MAX_BYTES; all of it is skipped.
 */
int line_next(struct line_buffer *buffer, const char **line, size_t *length);

/* The lines of a file, in place, and NULL behind the last, as execve() likes them. */
struct list {
	size_t n;
	char *line[LIST_MAX + 1];
};

/*
 * Split `text`, which is `length` bytes and a NUL. Empty lines count. -ENODATA: there is no line;
 * -EINVAL: a NUL byte is in it; -E2BIG: more than LIST_MAX lines.
 */
int list_split(char *text, size_t length, struct list *list);

#endif
