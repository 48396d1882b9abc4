/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Paths that this process has made and that must not outlive it. A normal stop removes each where
 * it was made; when a second signal or a worker that hangs ends the process at once, they are
 * removed from here. leftover_remove() is called from a signal handler: no locks, no allocation.
 */

#include "vnf_priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEFTOVERS_MAX (2 * VNF_PORTS_MAX + 8)

static struct {
	char path[256];
	uint32_t used; /* release when the path is whole, acquire in the handler */
} leftovers[LEFTOVERS_MAX];
static pthread_mutex_t leftovers_lock = PTHREAD_MUTEX_INITIALIZER;

void leftover_add(const char *path)
{
	pthread_mutex_lock(&leftovers_lock);
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		if (leftovers[i].used != 0)
			continue;
		snprintf(leftovers[i].path, sizeof(leftovers[i].path), "%s", path);
		__atomic_store_n(&leftovers[i].used, 1, __ATOMIC_RELEASE);
		break;
	}
	pthread_mutex_unlock(&leftovers_lock);
}

void leftover_forget(const char *path)
{
	pthread_mutex_lock(&leftovers_lock);
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (leftovers[i].used != 0 && strcmp(leftovers[i].path, path) == 0)
			__atomic_store_n(&leftovers[i].used, 0, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&leftovers_lock);
}

/* Last added first: a directory was there before what is in it. */
void leftover_remove(void)
{
	for (size_t i = LEFTOVERS_MAX; i > 0; i--) {
		if (__atomic_load_n(&leftovers[i - 1].used, __ATOMIC_ACQUIRE) == 0)
			continue;
		if (unlink(leftovers[i - 1].path) < 0)
			rmdir(leftovers[i - 1].path);
	}
}
