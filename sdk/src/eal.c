/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Starts and stops DPDK's environment abstraction layer: the only caller of rte_eal_init(). EAL can
 * be started once per process and changes the argument array it is given, so it gets a copy. What
 * it leaves on disk (its runtime directory) is removed at stop.
 */

#include "vnf_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_memory.h>

/* VHOST_MEMORY_MAX_NREGIONS: with more, start succeeds, the link is up and nothing ever passes. */
#define VHOST_REGIONS_MAX 8

static char runtime_dir[256];
static bool started;
/* EAL keeps pointers into the strings for as long as it runs. */
static struct eal_args args;
/* Ours, when the usual place for EAL's directory cannot be written to. */
static char fallback_dir[] = "/tmp/vnfkit-XXXXXX";
static bool fallback;

/* EAL's advice names its own options, which our users do not have. */
static void explain(const struct eal_input *in, int error)
{
	vnf_error("DPDK did not start: %s", rte_strerror(error));
	if (error == EALREADY || error == EINPROGRESS)
		vnf_error("it was started before; a process can do so once");
	else if (in->memory->huge)
		vnf_error("it was to take %llu MiB of hugepages on NUMA node %u; hugepages = "
			  "\"never\" does without",
			  (unsigned long long)(in->memory->bytes >> 20), in->numa_node);
	else
		vnf_error(
			"it was to take %llu MiB of ordinary memory; -v shows DPDK's own messages",
			(unsigned long long)(in->memory->bytes >> 20));
}

static bool writable(const char *dir)
{
	return dir != NULL && dir[0] != '\0' && access(dir, W_OK | X_OK) == 0;
}

/* EAL puts its directory below RUNTIME_DIRECTORY, else /var/run for root, else XDG_RUNTIME_DIR,
 * else /tmp/dpdk, which belongs to the first user who came. Where that would fail (root in a user
 * namespace, a user without a session) it gets a directory of our own.
 */
static int runtime_dir_choose(void)
{
	const char *set = getenv("RUNTIME_DIRECTORY");
	const char *usual = getuid() == 0 ? "/var/run" : getenv("XDG_RUNTIME_DIR");

	if (set != NULL ? writable(set) : writable(usual))
		return 0;
	if (mkdtemp(fallback_dir) == NULL) {
		vnf_error("cannot make a directory in /tmp for DPDK's telemetry: %s; set "
			  "RUNTIME_DIRECTORY to one that can be written to",
			  strerror(errno));
		return -EACCES;
	}
	fallback = true;
	leftover_add(fallback_dir);
	return setenv("RUNTIME_DIRECTORY", fallback_dir, 1) == 0 ? 0 : -ENOMEM;
}

const char *eal_telemetry_hint(void)
{
	static char hint[sizeof(fallback_dir) + 32];

	if (fallback)
		snprintf(hint, sizeof(hint), "RUNTIME_DIRECTORY=%s ", fallback_dir);
	return hint;
}

/* For an end without a stop: the directory, and the one socket that is in it. */
static void runtime_dir_note(void)
{
	char socket[sizeof(runtime_dir) + 32];

	snprintf(socket, sizeof(socket), "%s/dpdk_telemetry.v2", runtime_dir);
	char parent[sizeof(fallback_dir) + 8];

	snprintf(parent, sizeof(parent), "%s/dpdk", fallback_dir);
	if (fallback)
		leftover_add(parent);
	leftover_add(runtime_dir);
	leftover_add(socket);
}

int eal_start(const struct eal_input *in)
{
	char *argv[EAL_ARGS_MAX + 1];
	int ret;

	if (started) {
		explain(in, EALREADY);
		return -EALREADY;
	}
	ret = runtime_dir_choose();
	if (ret == 0)
		ret = eal_args_make(in, &args);
	if (ret < 0)
		return ret;
	memcpy(argv, args.argv, sizeof(argv));
	for (int i = 0; i < args.argc; i++)
		vnf_debug("EAL argument %d: %s", i, args.argv[i]);
	ret = rte_eal_init(args.argc, argv);
	snprintf(runtime_dir, sizeof(runtime_dir), "%s", rte_eal_get_runtime_dir());
	runtime_dir_note();
	if (ret < 0) {
		explain(in, rte_errno);
		return rte_errno > 0 ? -rte_errno : -EIO;
	}
	started = true;
	return 0;
}

/* Descriptors of the memory segments, each counted once. */
struct fds {
	int fd[VHOST_REGIONS_MAX + 1];
	unsigned int n;
};

static int fd_collect(const struct rte_memseg_list *list, const struct rte_memseg *segment,
		      void *arg)
{
	int fd = rte_memseg_get_fd_thread_unsafe(segment);
	struct fds *fds = arg;

	if (fd < 0 || list->external)
		return 0;
	for (unsigned int i = 0; i < fds->n; i++)
		if (fds->fd[i] == fd)
			return 0;
	if (fds->n > VHOST_REGIONS_MAX)
		return 1;
	fds->fd[fds->n++] = fd;
	return 0;
}

int eal_check_shared(void)
{
	struct fds fds = { .n = 0 };

	rte_memseg_walk(fd_collect, &fds);
	if (fds.n >= 1 && fds.n <= VHOST_REGIONS_MAX)
		return 0;
	vnf_error("the memory is in %u%s files, a vhost-user peer can map 1 to %d; write "
		  "hugepages = \"never\", or reserve hugepages of one size on one NUMA node",
		  fds.n, fds.n > VHOST_REGIONS_MAX ? " or more" : "", VHOST_REGIONS_MAX);
	return -E2BIG;
}

/* EAL removes the files it made but not the directory, and after a crash of a thread not even
 * those. The directory bears our process number, so all in it is ours.
 */
static void runtime_dir_remove(void)
{
	struct dirent *entry;
	DIR *d = runtime_dir[0] != '\0' ? opendir(runtime_dir) : NULL;

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	rmdir(runtime_dir);
	leftover_forget(runtime_dir);
	runtime_dir[0] = '\0';
}

void eal_stop(void)
{
	/* Where EAL failed half-way it made the directory already, but must not be cleaned up. */
	if (started)
		rte_eal_cleanup();
	started = false;
	eal_args_free(&args);
	runtime_dir_remove();
	if (fallback)
		leftover_remove();
}

unsigned int eal_numa_node(unsigned int cpu)
{
	char path[128];

	for (unsigned int node = 0; node < RTE_MAX_NUMA_NODES; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/node%u", cpu, node);
		if (access(path, F_OK) == 0)
			return node;
	}
	return 0;
}
