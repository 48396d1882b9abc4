/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A file that lines are appended to, and what becomes of each of them. Lines are gathered and
 * written many at a time; what cannot be written is given up rather than kept, but for the rest of
 * a line that is in the file by half: no line is ever torn. One thread at a time; no DPDK calls.
 */
#ifndef VNF_JOURNAL_FILE_H
#define VNF_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JOURNAL_TEXT_MAX 65536
#define JOURNAL_LINES_MAX 1024

/* Why a record has no line. */
enum journal_loss {
	JOURNAL_RATE,
	JOURNAL_RING,
	JOURNAL_FILE,
	JOURNAL_LOSSES,
};

struct journal_line {
	uint32_t octets;
	uint32_t loss;  /* enum journal_loss that it tells of; JOURNAL_LOSSES: of a record */
	uint64_t count; /* of those lost */
};

struct journal_file {
	char *path;
	int fd;
	dev_t device;
	ino_t inode;
	bool created; /* there was none, */
	bool kept;    /* and it stays if nothing is written */
	bool torn;    /* the first line is in the file by half */
	bool blocked; /* a pipe that nobody reads fast enough */
	size_t used;  /* octets of `text` */
	uint32_t n_lines;
	struct journal_line line[JOURNAL_LINES_MAX];
	char text[JOURNAL_TEXT_MAX];
};

/* What became of lines since this was zero. */
struct journal_outcome {
	uint64_t written;                /* records in the file */
	uint64_t lost;                   /* records that will never be */
	uint64_t untold[JOURNAL_LOSSES]; /* records that a line told of which will never be */
	int error;                       /* errno of the last attempt; 0: all went well */
};

/* 0 or -errno. */
int journal_file_open(const char *path, struct journal_file **file);
/* What is not flushed is given up without a word. May be NULL. */
void journal_file_destroy(struct journal_file *file);
/* What to do about it, for the end of a message. */
const char *journal_file_advice(int error);

/* Where the next line goes, with its newline; NULL: flush first. */
char *journal_file_room(struct journal_file *file, size_t *room);
/* It is there. */
void journal_file_add(struct journal_file *file, const struct journal_line *line);
/* Write what there is. */
void journal_file_flush(struct journal_file *file, struct journal_outcome *outcome);
/* Nothing more will be written: what is left is lost. */
void journal_file_give_up(struct journal_file *file, struct journal_outcome *outcome);
/* Is the path another file by now? Go over to that; what is there is flushed first. 0 or -errno:
 * it stays with the old one.
 */
int journal_file_follow(struct journal_file *file, struct journal_outcome *outcome);

#endif
