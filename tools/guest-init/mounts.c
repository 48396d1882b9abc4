/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * From an unpacked initramfs to what a program expects: /dev first, for the console, on which the
 * rest is said. Once, at start-up.
 */
#include "guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct mount_point {
	const char *type;
	const char *path;
	unsigned long flags;
	const char *options;
};

static const struct mount_point mount_points[] = {
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755" },
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
};

static const struct {
	const char *path;
	mode_t mode;
} directories[] = {
	{ "/run", 0755 },
	{ "/run/dpdk", 0700 },
	{ "/var", 0755 },
	{ "/tmp", 01777 },
};

static int mount_make(const struct mount_point *point)
{
	int error;

	mkdir(point->path, 0755);
	if (mount(point->type, point->path, point->type, point->flags, point->options) == 0 ||
	    errno == EBUSY)
		return 0;
	error = errno;
	say("cannot mount %s on %s: %s. The guest needs a kernel that has it built in; "
	    "Debian's does.",
	    point->type, point->path, strerror(error));
	return -error;
}

/*
 * Ours does not block (console.c); the VNF opens one of its own. Without a console there is nobody
 * to tell, and the VNF works all the same.
 */
static void console_open(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		return;
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
		if (fd != i)
			dup2(fd, i);
	}
	if (fd > STDERR_FILENO)
		close(fd);
}

static void directories_make(void)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (mkdir(directories[i].path, directories[i].mode) == 0)
			chmod(directories[i].path, directories[i].mode);
		else if (errno != EEXIST)
			say("cannot make %s: %s. Give the guest more memory (QEMU: -m).",
			    directories[i].path, strerror(errno));
	}
	if (symlink("/run", "/var/run") < 0 && errno != EEXIST)
		say("cannot make /var/run: %s. Give the guest more memory (QEMU: -m).",
		    strerror(errno));
}

int mounts_make(void)
{
	int status = mount_make(&mount_points[0]);

	console_open();
	for (size_t i = 1; i < sizeof(mount_points) / sizeof(mount_points[0]) && status == 0; i++)
		status = mount_make(&mount_points[i]);
	directories_make();
	return status;
}
