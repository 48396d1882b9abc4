/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The run directory: where each running instance has an entry by which `vnfkit ctl` finds it, and
 * its control socket unless the configuration names another place. The order of places is the same
 * in tools/front/ctl_find.py. Start-up and control thread.
 */
#ifndef VNF_RUN_DIR_H
#define VNF_RUN_DIR_H

#include <stddef.h>

/* Octets of a path in it at most; a socket's has 107 at most anyway. */
#define RUN_PATH_MAX 256

/* Which directory it is: $VNFKIT_RUN_DIR, else /run/vnfkit for root, else
 * $XDG_RUNTIME_DIR/vnfkit, else /tmp/vnfkit-UID. 0; -ENAMETOOLONG.
 */
int run_dir_path(char *path, size_t size);
/* Make it if it is not there, and see that nobody else can put something into it. 0, or -errno with
 * a sentence in `why`.
 */
int run_dir_make(const char *path, char *why, size_t why_size);

#endif
