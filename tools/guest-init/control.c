/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The host's line: JSON, one object a line, both ways. The host comes and goes as it likes, may
 * send anything and read nothing. While it is away a port without a reader is always ready, for the
 * wrong reason, so it is not polled but looked at now and then; events wait for the host, up to the
 * bound.
 */
#include "guest_init.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void control_open(struct guest *guest)
{
	guest->control.fd = -1;
	guest->control.look_at = guest->now;
}

/* The host is gone, with half a line perhaps: the next one starts afresh. */
static void host_lost(struct guest *guest)
{
	struct control *control = &guest->control;

	control->host = false;
	control->out_used = 0;
	line_buffer_reset(&control->in);
	control->look_at = guest->now + guest->times.control_ms;
	if (guest->machine->control_stays)
		return;
	close(control->fd);
	control->fd = -1;
}

static bool host_is_there(int fd)
{
	struct pollfd look = { .fd = fd };

	return poll(&look, 1, 0) == 0;
}

void control_tick(struct guest *guest)
{
	struct control *control = &guest->control;

	if (control->look_at > guest->now)
		return;
	control->look_at = guest->now + guest->times.control_ms;
	if (control->fd < 0)
		control->fd = guest->machine->control_open(guest);
	if (control->fd < 0 || !host_is_there(control->fd))
		return;
	control->host = true;
	control->look_at = TIME_NEVER;
}

void control_poll(const struct guest *guest, struct pollfd *fd)
{
	const struct control *control = &guest->control;

	fd->fd = control->host ? control->fd : -1;
	fd->events = POLLIN;
	if (control->out_used > 0)
		fd->events |= POLLOUT;
}

/* One read a turn: a host that floods us does not keep us from the VNF. */
static void control_read(struct guest *guest)
{
	struct control *control = &guest->control;
	const char *line;
	size_t size;
	char *space = line_space(&control->in, &size);
	ssize_t n = read(control->fd, space, size);
	int status;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		host_lost(guest);
		return;
	}
	line_filled(&control->in, n);
	while ((status = line_next(&control->in, &line, &size)) != 0) {
		if (status == 1)
			command_run(guest, line, size);
		else
			command_fail(guest, NULL, "a line is longer than %d bytes", LINE_MAX_BYTES);
	}
}

static void control_write(struct guest *guest)
{
	struct control *control = &guest->control;
	ssize_t n = write(control->fd, control->out, control->out_used);

	if (n < 0 && errno != EAGAIN)
		host_lost(guest);
	if (n <= 0)
		return;
	control->out_used -= n;
	memmove(control->out, control->out + n, control->out_used);
	if (control->out_used == 0)
		control->dropping = false;
}

void control_ready(struct guest *guest, short events)
{
	if (events & POLLIN)
		control_read(guest);
	else if (events & (POLLHUP | POLLERR | POLLNVAL))
		host_lost(guest);
	if ((events & POLLOUT) && guest->control.host)
		control_write(guest);
}

void control_send(struct guest *guest, json_t *line)
{
	struct control *control = &guest->control;
	size_t room = sizeof(control->out) - control->out_used;
	size_t size = json_dumpb(line, control->out + control->out_used, room, JSON_COMPACT);

	json_decref(line);
	if (size > 0 && size < room) {
		control->out_used += size;
		control->out[control->out_used++] = '\n';
	} else if (!control->dropping) {
		control->dropping = true;
		say("the host does not read its control port org.vnfkit.control: lines are lost "
		    "until it does.");
	}
}

int64_t control_due(const struct guest *guest)
{
	return guest->control.look_at;
}
