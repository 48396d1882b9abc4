/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The console: standard error. In a machine it is a serial line, which can stand still when nobody
 * reads its other end; then the rest of a message is lost after a second, not the VNF's
 * supervision.
 */
#include "guest_init.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STALLED_MS 1000
#define DRAIN_STEP_MS 10

static void console_write(const char *text, size_t size)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	while (size > 0 && poll(&fd, 1, STALLED_MS) == 1) {
		n = write(STDERR_FILENO, text, size);
		if (n <= 0)
			return;
		text += n;
		size -= n;
	}
}

void say(const char *format, ...)
{
	static const char start[] = "vnfkit-guest-init: ";
	char line[1024];
	size_t used = sizeof(start) - 1;
	va_list args;
	int n;

	snprintf(line, sizeof(line), "%s", start);
	va_start(args, format);
	n = vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	if (n < 0)
		return;
	used += n;
	if (used > sizeof(line) - 1)
		used = sizeof(line) - 1;
	line[used++] = '\n';
	console_write(line, used);
}

/* The last words are still in the driver's buffer when the power is about to go. */
void console_drain(void)
{
	int left = 0;

	for (int ms = 0; ms < STALLED_MS; ms += DRAIN_STEP_MS) {
		if (ioctl(STDERR_FILENO, TIOCOUTQ, &left) < 0 || left == 0)
			return;
		poll(NULL, 0, DRAIN_STEP_MS);
	}
}
