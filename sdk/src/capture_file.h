/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Files that whoever may use the control socket can have written: in the directory that the
 * configuration names, and nowhere else. Control thread.
 */
#ifndef VNF_CAPTURE_FILE_H
#define VNF_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Is it a bare name, of letters, digits, `.`, `_`, `-`, and not hidden? Else `why` tells. */
bool capture_file_name_ok(const char *name, char *why, size_t why_size);
/* An empty file of this name in the directory: its descriptor, or -errno with a sentence in `why`;
 * then nothing is changed.
 */
int capture_file_open(const char *directory, const char *name, bool overwrite, char *why,
		      size_t why_size);

#endif
