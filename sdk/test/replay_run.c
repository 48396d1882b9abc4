/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The call of vnf_run() by a replay, see replay.h: the command line, and standard error if it is to
 * be captured.
 */

#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vnf/vnf.h>

/* ---- command line ---- */

struct arguments {
	char **argv;
	int argc;
	int error;
};

/* "WORD", "WORD=PATH" or "WORD=PORT=PATH" in one argument. */
static void argument_add(struct arguments *a, const char *word, const char *port, const char *path)
{
	char *text = NULL;
	int ret;

	if (port != NULL)
		ret = asprintf(&text, "%s=%s=%s", word, port, path);
	else if (path != NULL)
		ret = asprintf(&text, "%s=%s", word, path);
	else
		ret = asprintf(&text, "%s", word);
	if (ret < 0) {
		a->error = -ENOMEM;
		return;
	}
	a->argv[a->argc++] = text;
}

static void file_add(struct arguments *a, const struct vnf_test_replay *t, const char *word,
		     const char *name)
{
	char path[PATH_MAX + 32];

	vnf_tr_path(t, path, sizeof(path), name, -1);
	argument_add(a, word, NULL, path);
}

static void ports_add(struct arguments *a, const struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < t->n_ports; i++) {
		const struct tr_port *port = &t->ports[i];

		vnf_tr_path(t, path, sizeof(path), "in", (int)i);
		if (port->sent.n > 0)
			argument_add(a, "--replay", port->name, path);
		vnf_tr_path(t, path, sizeof(path), "out", (int)i);
		if (port->configured)
			argument_add(a, "--record", port->name, path);
	}
}

static int arguments_init(struct arguments *a, const struct vnf_test_replay *t)
{
	/* The name, the configuration, two files, NULL. */
	size_t most = 5 + t->n_options + 2 * t->n_ports;

	memset(a, 0, sizeof(*a));
	a->argv = calloc(most, sizeof(*a->argv));
	if (a->argv == NULL)
		return -ENOMEM;
	argument_add(a, t->app->name != NULL ? t->app->name : "vnf", NULL, NULL);
	for (size_t i = 0; i < t->n_options; i++)
		argument_add(a, t->options[i], NULL, NULL);
	file_add(a, t, "--config", "config");
	ports_add(a, t);
	file_add(a, t, "--verdicts", "verdicts");
	file_add(a, t, "--report", "report");
	return a->error;
}

static void arguments_fini(struct arguments *a)
{
	for (int i = 0; i < a->argc; i++)
		free(a->argv[i]);
	free(a->argv);
}

/* ---- standard error ---- */

/* Let standard error be the file; what it was, or -errno. */
static int stderr_turn(const struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];
	int fd, was, ret;

	vnf_tr_path(t, path, sizeof(path), "log", -1);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	fflush(stderr);
	was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	ret = was < 0 || dup2(fd, STDERR_FILENO) < 0 ? -errno : was;
	close(fd);
	return ret;
}

static void stderr_turn_back(int was)
{
	fflush(stderr);
	dup2(was, STDERR_FILENO);
	close(was);
}

/* ---- run ---- */

static int run_captured(const struct vnf_test_replay *t, const struct arguments *a)
{
	int was = stderr_turn(t), ret;

	if (was < 0)
		return was;
	ret = vnf_run(a->argc, a->argv, t->app);
	stderr_turn_back(was);
	return ret;
}

int vnf_tr_execute(struct vnf_test_replay *t)
{
	struct arguments a;
	sigset_t blocked;
	int ret = arguments_init(&a, t);

	/* The run keeps signals from its threads; the test is to be stopped by them as before. */
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (ret == 0 && t->capture)
		ret = run_captured(t, &a);
	else if (ret == 0)
		ret = vnf_run(a.argc, a.argv, t->app);
	pthread_sigmask(SIG_SETMASK, &blocked, NULL);
	arguments_fini(&a);
	return ret;
}
