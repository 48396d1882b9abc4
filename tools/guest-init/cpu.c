/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Reads the flags of /proc/cpuinfo, so that a VNF is not started only to die of SIGILL inside a
 * library's constructor, without a word.
 */
#include "cpu.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The text behind "flags\t\t:" of the first line that starts so. */
static const char *flags_find(const char *cpuinfo)
{
	const char *line = cpuinfo;

	while (strncmp(line, "flags", 5) != 0 || strspn(line + 5, "\t :") == 0) {
		line = strchr(line, '\n');
		if (line == NULL)
			return NULL;
		line++;
	}
	line += 5;
	return line + strspn(line, "\t :");
}

int cpu_has_flag(const char *cpuinfo, const char *flag)
{
	const char *word = flags_find(cpuinfo);
	size_t length;

	if (word == NULL)
		return -ENODATA;
	for (; *word != '\0' && *word != '\n'; word += length + (word[length] == ' ')) {
		length = strcspn(word, " \n");
		if (length == strlen(flag) && memcmp(word, flag, length) == 0)
			return 1;
	}
	return 0;
}
