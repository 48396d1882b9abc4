/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See netns.h. setns(2) changes the calling thread only, so a thread of its own does the work and
 * ends; sockets and tap queues that it opened stay in the namespace.
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NETNS_DIR "/run/netns"

struct visit {
	int fd;
	int (*fn)(void *arg);
	void *arg;
	int ret;
};

static int netns_path(const char *netns, char *path, size_t size)
{
	int n;

	if (netns[0] == '/')
		n = snprintf(path, size, "%s", netns);
	else
		n = snprintf(path, size, NETNS_DIR "/%s", netns);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void *visit_thread(void *arg)
{
	struct visit *v = arg;

	v->ret = setns(v->fd, CLONE_NEWNET) < 0 ? -errno : v->fn(v->arg);
	return NULL;
}

/* The program's signals are for its own threads. */
static int visit_run(struct visit *v)
{
	sigset_t all, old;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, NULL, visit_thread, v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0)
		return -ret;
	pthread_join(thread, NULL);
	return v->ret;
}

int vnf_netns_run(const char *netns, int (*fn)(void *arg), void *arg)
{
	struct visit v = { .fn = fn, .arg = arg };
	char path[PATH_MAX];
	int ret;

	if (netns[0] == '\0')
		return fn(arg);
	ret = netns_path(netns, path, sizeof(path));
	if (ret < 0)
		return ret;
	v.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (v.fd < 0)
		return -errno;
	ret = visit_run(&v);
	close(v.fd);
	return ret;
}

int netns_identify(const char *netns, struct netns_id *id)
{
	char path[PATH_MAX];
	struct stat st;
	int ret;

	memset(id, 0, sizeof(*id));
	if (netns[0] == '\0')
		return 0;
	ret = netns_path(netns, path, sizeof(path));
	if (ret < 0)
		return ret;
	if (stat(path, &st) < 0)
		return -errno;
	id->dev = st.st_dev;
	id->ino = st.st_ino;
	return 0;
}

bool netns_is(const char *netns, const struct netns_id *id)
{
	struct netns_id now;

	return netns_identify(netns, &now) == 0 && now.dev == id->dev && now.ino == id->ino;
}

bool netns_name_valid(const char *netns)
{
	if (strlen(netns) >= PATH_MAX - sizeof(NETNS_DIR))
		return false;
	if (netns[0] == '/')
		return netns[1] != '\0';
	return strchr(netns, '/') == NULL && strcmp(netns, ".") != 0 && strcmp(netns, "..") != 0;
}
