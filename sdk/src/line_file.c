/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vnf_priv.h"

#define LINE_MAX_OCTETS 4096

static int lines_read(FILE *f, line_fn take, void *arg, uint32_t *number, char *why,
		      size_t why_size)
{
	char text[LINE_MAX_OCTETS];

	for (*number = 1; fgets(text, sizeof(text), f) != NULL; ++*number) {
		int ret;

		if (strlen(text) == sizeof(text) - 1) {
			snprintf(why, why_size, "longer than %d octets", LINE_MAX_OCTETS - 2);
			return -EINVAL;
		}
		ret = take(arg, text, why, why_size);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* A pipe would keep us waiting. */
static FILE *file_open(const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *f;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		f = fdopen(fd, "r");
		if (f != NULL)
			return f;
	}
	snprintf(why, why_size, "cannot read \"%s\": %s", path,
		 fd < 0 ? strerror(errno) : "it is no file");
	if (fd >= 0)
		close(fd);
	return NULL;
}

int line_file_read(const char *path, line_fn take, void *arg, char *why, size_t why_size)
{
	FILE *f = file_open(path, why, why_size);
	char what[WHY_MAX] = "";
	uint32_t number = 0;
	int ret;

	if (f == NULL)
		return -EINVAL;
	ret = lines_read(f, take, arg, &number, what, sizeof(what));
	if (ret == -EINVAL)
		snprintf(why, why_size, "%s:%u: %s", path, number, what);
	else if (ret == 0 && ferror(f)) {
		snprintf(why, why_size, "cannot read \"%s\": %s", path, strerror(errno));
		ret = -EINVAL;
	}
	fclose(f);
	return ret;
}
