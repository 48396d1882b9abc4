/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * An instance's entry in the run directory: NAME.json says where it can be reached, and a lock on
 * NAME.json.lock, which ends with the process whatever happens, that it runs. Who finds the lock free
 * may take the name. Control thread.
 */
#ifndef VNF_REGISTRY_H
#define VNF_REGISTRY_H

#include <jansson.h>

#include "run_dir.h"

#define REGISTRY_NAME_MAX 48

struct registry {
	char dir[RUN_PATH_MAX];
	char name[REGISTRY_NAME_MAX];
	int lock_fd; /* -1: not entered */
};

/* Take the name, or NAME-PID if a running instance has it, and remove what instances left that were
 * killed. 0, or -errno with a sentence in `why`; registry_leave() is due in any case.
 */
int registry_enter(struct registry *registry, const char *dir, const char *name, char *why,
		   size_t why_size);
/* A path in the run directory: NAME and the suffix. 0 or -ENAMETOOLONG. */
int registry_path(const struct registry *registry, const char *suffix, char *path, size_t size);
/* Write the entry, all at once. 0 or -errno. */
int registry_write(const struct registry *registry, const json_t *entry);
void registry_leave(struct registry *registry);

#endif
