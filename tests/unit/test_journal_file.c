/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Lines into a file that takes them by half or not at all: none is torn, and each is accounted for.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_file.h"

#define LINE_OCTETS 100

static char directory[] = "/tmp/vnf-unit-journal-file-XXXXXX";
static char path[64];
static struct journal_file *file;
static struct journal_outcome outcome;
static uint64_t added;
static int reader;

static void begin(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/f", directory);
}

static void end(void)
{
	journal_file_destroy(file);
	unlink(path);
	rmdir(directory);
}

static bool add(uint32_t loss, uint64_t count)
{
	const struct journal_line line = { LINE_OCTETS, loss, count };
	size_t room;
	char *text = journal_file_room(file, &room);

	if (text == NULL || room < LINE_OCTETS)
		return false;
	snprintf(text, LINE_OCTETS, "%098lu", added++);
	text[LINE_OCTETS - 2] = 'e';
	text[LINE_OCTETS - 1] = '\n';
	journal_file_add(file, &line);
	return true;
}

static bool add_record(void)
{
	return add(JOURNAL_LOSSES, 0);
}

/* Whole lines only, in order; returns how many. */
static uint64_t pipe_read(void)
{
	static char text[1 << 20];
	ssize_t n, octets = 0;
	uint64_t last = 0;

	while ((n = read(reader, text + octets, sizeof(text) - (size_t)octets)) > 0)
		octets += n;
	for (ssize_t at = 0; at + LINE_OCTETS <= octets; at += LINE_OCTETS) {
		uint64_t number = strtoul(text + at, NULL, 10);

		cr_assert_eq(text[at + LINE_OCTETS - 1], '\n', "torn at %zd", at);
		cr_assert_eq(text[at + LINE_OCTETS - 2], 'e', "torn at %zd", at);
		cr_assert(at == 0 || number > last);
		last = number;
	}
	cr_assert_eq(octets % LINE_OCTETS, 0);
	return (uint64_t)octets / LINE_OCTETS;
}

static void pipe_begin(void)
{
	begin();
	cr_assert_eq(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	cr_assert_eq(journal_file_open(path, &file), 0);
	cr_assert_eq(fcntl(reader, F_SETPIPE_SZ, 4096), 4096);
}

/* The octets of a pipe that was full, then those that were written behind. */
static void pipe_empty(size_t first)
{
	char text[4096];
	ssize_t n;

	cr_assert_eq(read(reader, text, first), (ssize_t)first);
	journal_file_flush(file, &outcome);
	cr_assert_eq(outcome.error, 0);
	n = read(reader, text, sizeof(text));
	cr_assert_eq(n, LINE_OCTETS - (ssize_t)first % LINE_OCTETS);
	cr_assert_eq(memcmp(text + n - 2, "e\n", 2), 0);
}

Test(journal_file, no_line_is_torn)
{
	pipe_begin();
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 60; i++)
			cr_assert(add_record());
		journal_file_flush(file, &outcome);
		cr_assert_eq(outcome.error, EAGAIN);
		/* Until there is room again, no more than the rest of a line is kept. */
		cr_assert(file->torn);
		cr_assert_eq(file->n_lines, 1);
		cr_assert(add_record());
		journal_file_flush(file, &outcome);
		cr_assert_eq(file->n_lines, 1);
		pipe_empty(4096);
		cr_assert_not(file->torn);
		cr_assert_eq(pipe_read(), 0);
		cr_assert_eq(outcome.written + outcome.lost, added);
	}
	end();
}

Test(journal_file, full_file_takes_nothing)
{
	begin();
	cr_assert_eq(journal_file_open("/dev/full", &file), 0);
	for (int i = 0; i < 10; i++)
		cr_assert(add_record());
	cr_assert(add(JOURNAL_RATE, 33));
	journal_file_flush(file, &outcome);
	cr_assert_eq(outcome.error, ENOSPC);
	cr_assert_eq(outcome.written, 0);
	cr_assert_eq(outcome.lost, 10);
	cr_assert_eq(outcome.untold[JOURNAL_RATE], 33);
	cr_assert_eq(file->n_lines, 0);
	end();
}

Test(journal_file, what_was_by_half_in_the_old_file_is_lost)
{
	pipe_begin();
	for (int i = 0; i < 60; i++)
		cr_assert(add_record());
	journal_file_flush(file, &outcome);
	cr_assert_eq(outcome.written, 4096 / LINE_OCTETS);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(journal_file_follow(file, &outcome), 0);
	cr_assert_eq(outcome.written + outcome.lost, 60);
	cr_assert(add_record());
	journal_file_flush(file, &outcome);
	cr_assert_eq(outcome.written, 4096 / LINE_OCTETS + 1);
	close(reader);
	reader = open(path, O_RDONLY);
	cr_assert_eq(pipe_read(), 1);
	end();
}

Test(journal_file, lines_fit_or_are_flushed_first)
{
	uint64_t n = 0;

	begin();
	cr_assert_eq(journal_file_open(path, &file), 0);
	while (add_record())
		n++;
	cr_assert_eq(n, JOURNAL_TEXT_MAX / LINE_OCTETS);
	journal_file_flush(file, &outcome);
	cr_assert_eq(outcome.written, n);
	cr_assert(add_record());
	end();
}

Test(journal_file, cannot_be_a_folder_or_a_pipe_that_nobody_reads)
{
	begin();
	cr_assert_eq(journal_file_open(directory, &file), -EISDIR);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(journal_file_open(path, &file), -ENXIO);
	end();
}
