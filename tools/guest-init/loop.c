/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The one loop: what came in, then what is due. Each part says what it waits for (X_poll) and until
 * when (X_due), and is called when that comes (X_ready, X_tick).
 */
#include "guest_init.h"

#include <time.h>

enum {
	FD_SIGNAL,
	FD_CONTROL,
	FD_BUTTON,
	FD_QUERY = FD_BUTTON + POWER_BUTTONS,
};

int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int wait_ms(const struct guest *guest)
{
	int64_t due = earlier(guest->off_at, control_due(guest));

	due = earlier(due, supervise_due(guest));
	due = earlier(due, telemetry_due(guest));
	if (due == TIME_NEVER)
		return -1;
	return due > guest->now ? (int)earlier(due - guest->now, INT_MAX) : 0;
}

static void loop_poll(const struct guest *guest, struct pollfd fds[POLL_FDS])
{
	fds[FD_SIGNAL] = (struct pollfd){ .fd = guest->signal_fd, .events = POLLIN };
	control_poll(guest, &fds[FD_CONTROL]);
	for (int i = 0; i < POWER_BUTTONS; i++)
		fds[FD_BUTTON + i] = (struct pollfd){ .fd = guest->button_fd[i], .events = POLLIN };
	for (int i = 0; i < TELEMETRY_QUERIES; i++)
		telemetry_poll(&guest->query[i], &fds[FD_QUERY + i]);
	if (poll(fds, POLL_FDS, wait_ms(guest)) > 0)
		return;
	for (int i = 0; i < POLL_FDS; i++)
		fds[i].revents = 0;
}

/*
 * A part may close what another's entry is about: who reads finds nothing, or a closed slot.
 * Answers come before the end of the VNF that gave them.
 */
static void loop_dispatch(struct guest *guest, const struct pollfd fds[POLL_FDS])
{
	for (int i = 0; i < TELEMETRY_QUERIES; i++) {
		if (fds[FD_QUERY + i].revents != 0)
			telemetry_ready(guest, &guest->query[i]);
	}
	if (fds[FD_SIGNAL].revents != 0)
		signals_ready(guest);
	for (int i = 0; i < POWER_BUTTONS; i++) {
		if (fds[FD_BUTTON + i].revents != 0 && power_ready(guest, i))
			supervise_stop(guest);
	}
	if (fds[FD_CONTROL].revents != 0)
		control_ready(guest, fds[FD_CONTROL].revents);
}

/* The last events have left, or had their time to. */
static bool loop_is_over(const struct guest *guest)
{
	return guest->off_at <= guest->now ||
	       (guest->off_at != TIME_NEVER && guest->control.out_used == 0);
}

void loop_run(struct guest *guest)
{
	struct pollfd fds[POLL_FDS];

	while (!loop_is_over(guest)) {
		loop_poll(guest, fds);
		guest->now = clock_now_ms();
		loop_dispatch(guest, fds);
		control_tick(guest);
		telemetry_tick(guest);
		supervise_tick(guest);
	}
}
