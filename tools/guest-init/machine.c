/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The machine that the guest is, when this is process 1: what has to be made before a VNF can run,
 * the virtio-serial port of the host's line, and the power.
 */
#include "guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#define PORT_NAME "org.vnfkit.control"
#define PORTS "/sys/class/virtio-ports"

static int machine_set_up(struct guest *guest)
{
	static const char name[] = "vnfkit";
	int status = mounts_make();

	if (status < 0)
		return status;
	sethostname(name, sizeof(name) - 1);
	/* ctrl-alt-del becomes a SIGINT for process 1. */
	reboot(RB_DISABLE_CAD);
	return modules_load(guest);
}

/* The device's name is that of its folder: PORTS/vport1p1/name. */
static int port_open(const char *name_file)
{
	char text[sizeof(PORT_NAME) + 2], device[PATH_MAX];
	int fd;

	file_read(name_file, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, PORT_NAME) != 0)
		return -ENOENT;
	snprintf(device, sizeof(device), "/dev/%s", name_file + sizeof(PORTS));
	*strrchr(device, '/') = '\0';
	fd = open(device, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int machine_control_open(const struct guest *guest)
{
	int fd = -ENOENT;
	glob_t found;

	(void)guest;
	if (glob(PORTS "/*/name", 0, NULL, &found) != 0)
		return -ENOENT;
	for (size_t i = 0; i < found.gl_pathc && fd < 0; i++)
		fd = port_open(found.gl_pathv[i]);
	globfree(&found);
	return fd;
}

/* When the kernel cannot switch off it resets, which -no-reboot makes an end too. */
static void machine_power_off(void)
{
	sync();
	console_drain();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	say("the kernel refuses to power off: end QEMU by hand.");
	for (;;)
		pause();
}

const struct machine machine_real = {
	.set_up = machine_set_up,
	.control_open = machine_control_open,
	.control_stays = true,
	.console = "/dev/console",
	.power_off = machine_power_off,
};
