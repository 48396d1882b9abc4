/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Splits into lines what the host sends (control.c) and what the image holds (files.c). Everything
 * here may be hostile: lines without an end, NUL bytes, a file that is not a list at all.
 */
#include "lines.h"

#include <errno.h>
#include <string.h>

void line_buffer_reset(struct line_buffer *buffer)
{
	buffer->start = 0;
	buffer->used = 0;
	buffer->skipping = false;
}

char *line_space(struct line_buffer *buffer, size_t *size)
{
	buffer->used -= buffer->start;
	memmove(buffer->data, buffer->data + buffer->start, buffer->used);
	buffer->start = 0;
	*size = sizeof(buffer->data) - buffer->used;
	return buffer->data + buffer->used;
}

void line_filled(struct line_buffer *buffer, size_t size)
{
	buffer->used += size;
}

/* No end in sight: wait for it, unless the line has outgrown the buffer. */
static int line_unfinished(struct line_buffer *buffer)
{
	bool too_long = buffer->used - buffer->start > LINE_MAX_BYTES;
	bool first = too_long && !buffer->skipping;

	if (too_long || buffer->skipping) {
		line_buffer_reset(buffer);
		buffer->skipping = true;
	}
	return first ? -EMSGSIZE : 0;
}

int line_next(struct line_buffer *buffer, const char **line, size_t *length)
{
	char *start = buffer->data + buffer->start;
	char *end = memchr(start, '\n', buffer->used - buffer->start);

	if (end == NULL)
		return line_unfinished(buffer);
	buffer->start = end + 1 - buffer->data;
	if (buffer->skipping) {
		buffer->skipping = false;
		return line_next(buffer, line, length);
	}
	if (end > start && end[-1] == '\r')
		end--;
	*line = start;
	*length = end - start;
	return 1;
}

int list_split(char *text, size_t length, struct list *list)
{
	char *end;

	list->n = 0;
	list->line[0] = NULL;
	if (length == 0)
		return -ENODATA;
	if (memchr(text, '\0', length) != NULL)
		return -EINVAL;
	for (char *line = text; line < text + length; line = end + 1) {
		end = strchrnul(line, '\n');
		*end = '\0';
		if (list->n == LIST_MAX) {
			list->n = 0;
			return -E2BIG;
		}
		list->line[list->n++] = line;
	}
	list->line[list->n] = NULL;
	return 0;
}
