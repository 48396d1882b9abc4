/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A directory in place of a machine, so that everything but machine.c can be tried on any host and
 * without privileges: the image's files and /proc, /dev/input and /run/dpdk stand below it, the
 * host listens on its UNIX stream socket `control`, and to power off is to exit.
 */
#include "guest_init.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int trial_set_up(struct guest *guest)
{
	(void)guest;
	return 0;
}

static int trial_control_open(const struct guest *guest)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	int fd;

	if (path_below_root(guest, "/control", path) < 0 ||
	    strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

static void trial_power_off(void)
{
}

const struct machine machine_trial = {
	.set_up = trial_set_up,
	.control_open = trial_control_open,
	.power_off = trial_power_off,
};
