/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Text files that are read line by line, with errors that say where. Control thread; no DPDK calls.
 */
#ifndef VNF_LINE_FILE_H
#define VNF_LINE_FILE_H

#include <stddef.h>

/* Deals with a line, which it may write to. 0; -EINVAL and a sentence in `why`, or another -errno:
 * then no more lines are read.
 */
typedef int (*line_fn)(void *arg, char *text, char *why, size_t why_size);

/* 0; -EINVAL, and `why` says which line of the file is wrong, or why it cannot be read; or what
 * `take` returned.
 */
int line_file_read(const char *path, line_fn take, void *arg, char *why, size_t why_size);

#endif
