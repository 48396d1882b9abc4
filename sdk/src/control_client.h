/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * One client of the control socket: its connection and its two buffers. Server thread only.
 *
 * A client has one request at a time: nothing more is read from it until the reply to the last one
 * is on its way, so that it cannot make us hold more than a line and a reply.
 */
#ifndef VNF_CONTROL_CLIENT_H
#define VNF_CONTROL_CLIENT_H

#include "control_request.h"

struct control_client {
	int fd;
	uint32_t events;         /* What epoll waits for. */
	bool eof;                /* It sends nothing more. */
	bool closing;            /* It is left as soon as `out` is sent. */
	struct control_job *job; /* Its request, while the control thread has it; or NULL. */
	char *out;               /* The reply that is being sent; or NULL. */
	size_t out_len, out_sent;
	uint64_t active_ns; /* When it last sent a request or took a part of a reply. */
	size_t in_len;
	char in[REQUEST_MAX + 1];
};

/* Takes over the connection. NULL: no memory. */
struct control_client *client_create(int fd, uint64_t now_ns);
void client_destroy(struct control_client *client);
/* Nobody waits for anything: it may be dropped for the sake of another. */
bool client_is_idle(const struct control_client *client);
/* Make the answered job's reply what is sent next, and destroy the job. */
void client_reply(struct control_client *client, struct control_job *job);

enum client_step {
	CLIENT_WAIT,    /* For what is in `events`. */
	CLIENT_REQUEST, /* `job` is a request for the control thread. */
	CLIENT_END,     /* It is gone, or has to go. */
};

/* Send what can be sent, read what can be read, up to the next whole request. */
enum client_step client_step(struct control_client *client, uint64_t now_ns);

#endif
