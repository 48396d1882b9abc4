/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnfkit-guest-init: process 1 of the image that `vnfkit image` makes of a VNF. It makes the
 * machine ready, runs the VNF, answers the host and powers off. It never exits, because a kernel
 * without its process 1 panics: whatever goes wrong is said on the console, then the power goes.
 *
 * `vnfkit-guest-init --test DIR [SPEED]` is for trials elsewhere (trial.c), times divided by SPEED.
 */
#include "guest_init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct guest_times times_normal = {
	.policy = {
		.early_ms = 10000,
		.delay_ms = 1000,
		.delay_max_ms = 10000,
		.settled_ms = 60000,
	},
	.stop_ms = 8000,
	.probe_ms = 100,
	.control_ms = 100,
	.telemetry_ms = 2000,
	.flush_ms = 500,
	.settle_ms = 3000,
};

/* The times of minutes and seconds; what is short already stays. */
static void times_divide(struct guest_times *times, long speed)
{
	times->policy.early_ms /= speed;
	times->policy.delay_ms /= speed;
	times->policy.delay_max_ms /= speed;
	times->policy.settled_ms /= speed;
	times->stop_ms /= speed;
	times->settle_ms /= speed;
}

static void guest_init(struct guest *guest, const struct machine *machine, const char *root)
{
	guest->machine = machine;
	guest->root = root;
	guest->times = times_normal;
	guest->now = clock_now_ms();
	guest->off_at = TIME_NEVER;
	guest->signal_fd = -1;
	guest->vnf.state = GUEST_STARTING;
	guest->vnf.restart_at = TIME_NEVER;
	guest->vnf.kill_at = TIME_NEVER;
	guest->vnf.probe_at = TIME_NEVER;
	telemetry_init(guest);
	control_open(guest);
}

static int command_read(struct guest *guest)
{
	int status = list_read(guest, "/etc/vnfkit/command", guest->command_text,
			       sizeof(guest->command_text), &guest->command);

	if (status == 0 && guest->command.line[0][0] != '/')
		status = -ENODATA;
	if (status == -ENODATA)
		say("/etc/vnfkit/command: its first line is not the absolute path of a program. "
		    "Make the image again with vnfkit image.");
	return status;
}

static int guest_prepare(struct guest *guest)
{
	int status = guest->machine->set_up(guest);

	if (status == 0)
		status = signals_open(guest);
	if (status == 0)
		status = command_read(guest);
	if (status == 0 && !cpu_fits(guest))
		status = -ENOTSUP;
	power_init(guest);
	guest->now = clock_now_ms();
	guest->settled_at = guest->now + guest->times.settle_ms;
	return status;
}

static void guest_run(struct guest *guest)
{
	if (guest_prepare(guest) == 0)
		supervise_start(guest);
	else
		supervise_refuse(guest);
	loop_run(guest);
	guest->machine->power_off();
}

static int usage(void)
{
	fputs("vnfkit-guest-init is process 1 of an image made by `vnfkit image`.\n"
	      "Elsewhere, to try it: vnfkit-guest-init --test DIR [SPEED]\n",
	      stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static struct guest guest;
	long speed = argc == 4 ? strtol(argv[3], NULL, 10) : 1;

	if (getpid() == 1) {
		guest_init(&guest, &machine_real, "");
	} else if (argc >= 3 && argc <= 4 && strcmp(argv[1], "--test") == 0 && speed > 0) {
		guest_init(&guest, &machine_trial, argv[2]);
		times_divide(&guest.times, speed);
	} else {
		return usage();
	}
	guest_run(&guest);
	return EXIT_SUCCESS;
}
