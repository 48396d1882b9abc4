/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See journal_file.h.
 */

#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640
/* A pipe waits for its reader no longer than this. */
#define PIPE_WAIT_MS 100

/* ---- open and close ---- */

/* A pipe without a reader must not keep us, nor a terminal become ours. */
static int path_open(const char *path, bool *created)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags);

	*created = false;
	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : -errno;
	fd = open(path, flags | O_CREAT | O_EXCL, FILE_MODE);
	*created = fd >= 0;
	/* Somebody else was faster. */
	if (fd < 0 && errno == EEXIST)
		fd = open(path, flags);
	return fd >= 0 ? fd : -errno;
}

static int file_take(struct journal_file *file)
{
	struct stat st;
	bool created;
	int fd = path_open(file->path, &created);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	if (file->fd >= 0)
		close(file->fd);
	file->fd = fd;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	file->created = created;
	return 0;
}

int journal_file_open(const char *path, struct journal_file **file)
{
	struct journal_file *f = calloc(1, sizeof(*f));
	int ret = -ENOMEM;

	if (f != NULL) {
		f->fd = -1;
		f->path = strdup(path);
	}
	if (f != NULL && f->path != NULL)
		ret = file_take(f);
	if (ret < 0) {
		journal_file_destroy(f);
		return ret;
	}
	*file = f;
	return 0;
}

static bool path_is_ours(const struct journal_file *file)
{
	struct stat st;

	return stat(file->path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
}

static bool is_empty(const struct journal_file *file)
{
	struct stat st;

	return fstat(file->fd, &st) == 0 && st.st_size == 0;
}

void journal_file_destroy(struct journal_file *file)
{
	if (file == NULL)
		return;
	/* Made for a configuration that was refused, or only tried; another may write to it now. */
	if (file->created && !file->kept && path_is_ours(file) && is_empty(file))
		unlink(file->path);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}

const char *journal_file_advice(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "make its folder, or name another file by journal.file";
	case EACCES:
	case EPERM:
		return "let the program's user write there, or name another file by journal.file";
	case EROFS:
		return "name another file by journal.file; under systemd the unit says by "
		       "LogsDirectory= or ReadWritePaths= where the program may write";
	case EISDIR:
		return "name a file in it by journal.file";
	case ENOSPC:
	case EDQUOT:
		return "make room, or let logrotate keep less";
	case ENXIO:
	case EAGAIN:
		return "nobody reads it, or not fast enough; start its reader, or name a file by "
		       "journal.file";
	default:
		return "name another file by journal.file";
	}
}

/* ---- lines ---- */

char *journal_file_room(struct journal_file *file, size_t *room)
{
	*room = sizeof(file->text) - file->used;
	return file->n_lines < JOURNAL_LINES_MAX ? file->text + file->used : NULL;
}

void journal_file_add(struct journal_file *file, const struct journal_line *line)
{
	file->line[file->n_lines++] = *line;
	file->used += line->octets;
}

static void line_written(const struct journal_line *line, struct journal_outcome *outcome)
{
	if (line->loss == JOURNAL_LOSSES)
		outcome->written++;
}

static void line_lost(const struct journal_line *line, struct journal_outcome *outcome)
{
	if (line->loss == JOURNAL_LOSSES)
		outcome->lost++;
	else
		outcome->untold[line->loss] += line->count;
}

/* The pipe is full, as far as we know: may we try once more? */
static bool pipe_wait(struct journal_file *file)
{
	struct pollfd p = { .fd = file->fd, .events = POLLOUT };

	if (errno != EAGAIN || file->blocked)
		return false;
	file->blocked = poll(&p, 1, PIPE_WAIT_MS) <= 0;
	return !file->blocked;
}

/* Returns how many octets are in the file. */
static size_t text_write(struct journal_file *file, int *error)
{
	size_t done = 0;

	*error = 0;
	while (done < file->used) {
		ssize_t n = write(file->fd, file->text + done, file->used - done);

		if (n > 0) {
			done += (size_t)n;
			file->blocked = false;
		} else if (n == 0 || (errno != EINTR && !pipe_wait(file))) {
			*error = n == 0 ? EIO : errno;
			break;
		}
	}
	return done;
}

/* Nothing is kept but the rest of line `first`, of which `gone` octets are in the file. */
static void rest_keep(struct journal_file *file, uint32_t first, size_t at, size_t gone,
		      struct journal_outcome *outcome)
{
	bool torn = gone > 0 || (first == 0 && file->torn);
	uint32_t lost = torn ? first + 1 : first;

	for (uint32_t i = lost; i < file->n_lines; i++)
		line_lost(&file->line[i], outcome);
	file->torn = torn;
	file->n_lines = 0;
	file->used = 0;
	if (!torn)
		return;
	file->line[0] = file->line[first];
	file->line[0].octets -= (uint32_t)gone;
	memmove(file->text, file->text + at + gone, file->line[0].octets);
	file->used = file->line[0].octets;
	file->n_lines = 1;
}

void journal_file_flush(struct journal_file *file, struct journal_outcome *outcome)
{
	size_t done, at = 0;
	uint32_t i;

	if (file->used == 0)
		return;
	done = text_write(file, &outcome->error);
	file->kept = file->kept || done > 0;
	for (i = 0; i < file->n_lines && at + file->line[i].octets <= done; i++) {
		line_written(&file->line[i], outcome);
		at += file->line[i].octets;
	}
	if (i < file->n_lines) {
		rest_keep(file, i, at, done - at, outcome);
		return;
	}
	file->torn = false;
	file->n_lines = 0;
	file->used = 0;
}

void journal_file_give_up(struct journal_file *file, struct journal_outcome *outcome)
{
	for (uint32_t i = 0; i < file->n_lines; i++)
		line_lost(&file->line[i], outcome);
	file->torn = false;
	file->n_lines = 0;
	file->used = 0;
}

int journal_file_follow(struct journal_file *file, struct journal_outcome *outcome)
{
	int ret;

	if (path_is_ours(file))
		return 0;
	journal_file_flush(file, outcome);
	ret = file_take(file);
	/* The half of a line went with the old one. */
	if (ret == 0) {
		file->kept = true;
		journal_file_give_up(file, outcome);
	}
	return ret;
}
