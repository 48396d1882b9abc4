/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The power button, by which QEMU's system_powerdown and libvirt's shutdown ask a guest to end: a
 * key of an input device (modules button and evdev).
 */
#include "guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/input.h>
#include <unistd.h>

void power_init(struct guest *guest)
{
	char pattern[PATH_MAX];
	glob_t found;
	int n = 0;

	for (int i = 0; i < POWER_BUTTONS; i++)
		guest->button_fd[i] = -1;
	if (path_below_root(guest, "/dev/input/event*", pattern) < 0 ||
	    glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc && n < POWER_BUTTONS; i++) {
		guest->button_fd[n] =
			open(found.gl_pathv[i], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (guest->button_fd[n] >= 0)
			n++;
	}
	globfree(&found);
}

bool power_ready(struct guest *guest, unsigned int button)
{
	struct input_event event;
	bool pressed = false;
	ssize_t n;

	while ((n = read(guest->button_fd[button], &event, sizeof(event))) == sizeof(event))
		pressed |= event.type == EV_KEY && event.code == KEY_POWER && event.value == 1;
	/* Unplugged: it would be ready for ever. */
	if (n >= 0 || errno != EAGAIN) {
		close(guest->button_fd[button]);
		guest->button_fd[button] = -1;
	}
	return pressed;
}
