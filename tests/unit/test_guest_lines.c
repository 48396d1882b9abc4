/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The lines of the host's control port and of the image's list files: whole, in pieces, too long,
 * without an end, with NUL bytes.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

static struct line_buffer buffer;

static void setup(void)
{
	memset(&buffer, 0, sizeof(buffer));
}

TestSuite(guest_lines, .init = setup);

static void feed(const char *text, size_t length)
{
	size_t size;
	char *space = line_space(&buffer, &size);

	cr_assert_leq(length, size);
	memcpy(space, text, length);
	line_filled(&buffer, length);
}

static void expect_line(const char *text)
{
	const char *line;
	size_t length;

	cr_assert_eq(line_next(&buffer, &line, &length), 1);
	cr_assert_eq(length, strlen(text));
	cr_assert_eq(memcmp(line, text, length), 0);
}

static void expect(int status)
{
	const char *line;
	size_t length;

	cr_assert_eq(line_next(&buffer, &line, &length), status);
}

/* As many bytes without an end as go in at once. */
static void feed_endless(void)
{
	size_t size;
	char *space = line_space(&buffer, &size);

	cr_assert_gt(size, 0);
	memset(space, 'x', size);
	line_filled(&buffer, size);
}

Test(guest_lines, several_at_once)
{
	feed("one\ntwo\r\n\nthr", 13);
	expect_line("one");
	expect_line("two");
	expect_line("");
	expect(0);
	feed("ee\n", 3);
	expect_line("three");
	expect(0);
}

Test(guest_lines, byte_by_byte)
{
	for (const char *c = "{\"id\":1}\n"; *c != '\0'; c++) {
		expect(0);
		feed(c, 1);
	}
	expect_line("{\"id\":1}");
}

Test(guest_lines, nul_is_a_byte)
{
	const char *line;
	size_t length;

	feed("a\0b\n", 4);
	cr_assert_eq(line_next(&buffer, &line, &length), 1);
	cr_assert_eq(length, 3);
}

Test(guest_lines, longest)
{
	static char text[LINE_MAX_BYTES + 1];
	const char *line;
	size_t length;

	memset(text, 'x', LINE_MAX_BYTES);
	text[LINE_MAX_BYTES] = '\n';
	feed(text, sizeof(text));
	cr_assert_eq(line_next(&buffer, &line, &length), 1);
	cr_assert_eq(length, LINE_MAX_BYTES);
	expect(0);
}

Test(guest_lines, too_long_is_one_error)
{
	feed_endless();
	expect(-EMSGSIZE);
	for (int i = 0; i < 5; i++) {
		expect(0);
		feed_endless();
	}
	expect(0);
	feed("end of it\nnext\n", 15);
	expect_line("next");
	expect(0);
	feed_endless();
	expect(-EMSGSIZE);
}

Test(guest_lines, end_of_the_long_one_with_half_a_next)
{
	feed_endless();
	expect(-EMSGSIZE);
	feed("x\nhal", 5);
	expect(0);
	feed("f\n", 2);
	expect_line("half");
}

Test(guest_lines, random_bytes)
{
	const char *line;
	size_t length, size;

	srand(1);
	for (int turn = 0; turn < 2000; turn++) {
		char *space = line_space(&buffer, &size);
		size_t n = 1 + (size_t)rand() % size;

		for (size_t i = 0; i < n; i++)
			space[i] = (char)(rand() % 5000 == 0 ? '\n' : rand());
		line_filled(&buffer, n);
		while (line_next(&buffer, &line, &length) != 0)
			cr_assert_leq(length, LINE_MAX_BYTES);
	}
}

/* A copy on the heap, so that a sanitizer sees a byte too many. */
static int split(const char *text, size_t length, struct list *list, char **copy)
{
	*copy = malloc(length + 1);
	memcpy(*copy, text, length);
	(*copy)[length] = '\0';
	return list_split(*copy, length, list);
}

Test(guest_lines, list)
{
	struct list list;
	char *copy;

	cr_assert_eq(split("/bin/vnf\n-c\n\na b", 16, &list, &copy), 0);
	cr_assert_eq(list.n, 4);
	cr_assert_str_eq(list.line[0], "/bin/vnf");
	cr_assert_str_eq(list.line[2], "");
	cr_assert_str_eq(list.line[3], "a b");
	cr_assert_null(list.line[4]);
	free(copy);
	cr_assert_eq(split("/bin/vnf\n", 9, &list, &copy), 0);
	cr_assert_eq(list.n, 1);
	cr_assert_null(list.line[1]);
	free(copy);
}

Test(guest_lines, list_that_is_none)
{
	struct list list;
	char *copy;

	cr_assert_eq(split("", 0, &list, &copy), -ENODATA);
	free(copy);
	cr_assert_eq(split("/bin/vnf\0-c\n", 12, &list, &copy), -EINVAL);
	cr_assert_eq(list.n, 0);
	free(copy);
}

Test(guest_lines, list_too_long)
{
	char text[LIST_MAX + 1];
	struct list list;
	char *copy;

	memset(text, '\n', sizeof(text));
	cr_assert_eq(split(text, LIST_MAX, &list, &copy), 0);
	cr_assert_eq(list.n, LIST_MAX);
	cr_assert_null(list.line[LIST_MAX]);
	free(copy);
	cr_assert_eq(split(text, LIST_MAX + 1, &list, &copy), -E2BIG);
	cr_assert_eq(list.n, 0);
	free(copy);
}
