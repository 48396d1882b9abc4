/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Network namespaces by name (as of `ip netns`) or by path: do something inside of one, and notice
 * when it has gone. The process's own threads stay where they are.
 */
#ifndef VNF_NETNS_H
#define VNF_NETNS_H

#include <stdbool.h>
#include <sys/types.h>

/** Which namespace it is, whatever its name comes to mean later. */
struct netns_id {
	dev_t dev;
	ino_t ino;
};

/**
 * Call `fn(arg)` in a thread that is inside the namespace, and wait for it.
 *
 * @param netns
 *   Name or absolute path; empty = the caller's namespace and thread.
 * @return
 *   What `fn` returned; -errno if it was not called because the namespace could not be entered
 *   (nothing is logged then: the caller knows what for).
 *
 * Context: control thread, or a port's own.
 */
int vnf_netns_run(const char *netns, int (*fn)(void *arg), void *arg);

/** Find out which namespace it is now. 0 or -errno; zero for an empty name. */
int netns_identify(const char *netns, struct netns_id *id);

/** Does the name still stand for this namespace? Always for an empty name. */
bool netns_is(const char *netns, const struct netns_id *id);

/** Is it a name or an absolute path, as far as one can see without looking? Empty is valid. */
bool netns_name_valid(const char *netns);

#endif
