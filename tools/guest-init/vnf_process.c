/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The VNF as a process: how it starts, how it is told to end, how it is collected. It leads a
 * session and a process group of its own, so that what it started ends with it. For supervise.c.
 */
#include "guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell says of a program that it cannot execute. */
#define EXIT_CANNOT_EXEC 127

static char *const environment[] = {
	(char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
	(char[]){ "HOME=/" },
	(char[]){ "TERM=dumb" },
	NULL,
};

static void fd_set_to(int fd, int to)
{
	if (fd < 0)
		return;
	dup2(fd, to);
	close(fd);
}

static void signals_default(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_exec(const struct guest *guest)
{
	const char *console = guest->machine->console;

	setsid();
	fd_set_to(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	if (console != NULL) {
		fd_set_to(open(console, O_WRONLY | O_NOCTTY | O_CLOEXEC), STDOUT_FILENO);
		dup2(STDOUT_FILENO, STDERR_FILENO);
	}
	signals_default();
	execve(guest->command.line[0], guest->command.line, environment);
	say("cannot execute %s: %s. Make the image again with vnfkit image.",
	    guest->command.line[0], strerror(errno));
	_exit(EXIT_CANNOT_EXEC);
}

int vnf_start(const struct guest *guest, pid_t *pid)
{
	*pid = fork();
	if (*pid == 0)
		child_exec(guest);
	return *pid < 0 ? -errno : 0;
}

void vnf_signal(pid_t pid, int signal)
{
	/* Just forked, it may not lead its group yet. */
	if (kill(-pid, signal) < 0)
		kill(pid, signal);
}

pid_t child_reap(pid_t vnf, int *wait_status)
{
	siginfo_t info = { 0 };

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return 0;
	/* As long as it is not collected, its number is nobody else's. */
	if (info.si_pid == vnf)
		kill(-vnf, SIGKILL);
	return waitpid(info.si_pid, wait_status, 0);
}
