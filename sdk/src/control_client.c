/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See control_client.h.
 */

#include "control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Lines that are refused or empty and handled in one go, lest a client keeps the thread. */
#define LINES_MAX 16

struct control_client *client_create(int fd, uint64_t now_ns)
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->fd = fd;
	client->active_ns = now_ns;
	return client;
}

void client_destroy(struct control_client *client)
{
	if (client->job != NULL) {
		client->job->client = NULL;
		__atomic_store_n(&client->job->gone, 1, __ATOMIC_RELEASE);
	}
	close(client->fd);
	free(client->out);
	free(client);
}

bool client_is_idle(const struct control_client *client)
{
	return client->job == NULL && client->out == NULL;
}

void client_reply(struct control_client *client, struct control_job *job)
{
	client->job = NULL;
	client->out = reply_format(job, &client->out_len);
	client->out_sent = 0;
	client->closing |= client->out == NULL;
	job_destroy(job);
}

/* 0: all is sent; 1: the rest does not fit now; -errno. */
static int out_send(struct control_client *client, uint64_t now_ns)
{
	while (client->out_sent < client->out_len) {
		ssize_t n = send(client->fd, client->out + client->out_sent,
				 client->out_len - client->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 1 : -errno;
		client->out_sent += (size_t)n;
		client->active_ns = now_ns;
	}
	free(client->out);
	client->out = NULL;
	return 0;
}

/* 0: something came, or its end; 1: nothing now; -errno. */
static int in_receive(struct control_client *client)
{
	ssize_t n;

	do
		n = recv(client->fd, client->in + client->in_len,
			 sizeof(client->in) - client->in_len, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 1 : -errno;
	client->eof = n == 0;
	client->in_len += (size_t)n;
	return 0;
}

static bool is_blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* A line of `len` octets is whole: a job, or what is wrong with it as a reply. */
static void line_take(struct control_client *client, size_t len, uint64_t now_ns)
{
	struct control_job *job = NULL;

	client->active_ns = now_ns;
	if (!is_blank(client->in, len)) {
		job = job_create();
		client->closing |= job == NULL;
	}
	if (job != NULL && request_parse(client->in, len, job) == 0) {
		job->client = client;
		client->job = job;
	} else if (job != NULL) {
		client_reply(client, job);
	}
	client->in_len -= len + 1;
	memmove(client->in, client->in + len + 1, client->in_len);
}

/* There is no telling where the next request would begin. */
static void line_refuse(struct control_client *client)
{
	struct control_job *job = job_create();

	client->closing = true;
	client->in_len = 0;
	if (job == NULL)
		return;
	vnf_refuse(&job->why, -E2BIG, "the request is longer than %d octets", REQUEST_MAX);
	client_reply(client, job);
}

static bool wait_for(struct control_client *client, uint32_t events)
{
	client->events = events;
	return true;
}

/* True when there is something to wait for, or nothing more to come. */
static bool step_in(struct control_client *client, uint64_t now_ns, int *error)
{
	const char *end = memchr(client->in, '\n', client->in_len);

	if (end != NULL) {
		line_take(client, (size_t)(end - client->in), now_ns);
		return false;
	}
	if (client->in_len == sizeof(client->in)) {
		line_refuse(client);
		return false;
	}
	if (client->eof) {
		*error = -ECONNRESET;
		return true;
	}
	*error = in_receive(client);
	return *error < 0 || (*error == 1 && wait_for(client, EPOLLIN));
}

enum client_step client_step(struct control_client *client, uint64_t now_ns)
{
	int error = 0;

	for (int lines = 0; lines < LINES_MAX && client->job == NULL; lines++) {
		if (client->out != NULL)
			error = out_send(client, now_ns);
		if (error == 1) {
			wait_for(client, EPOLLOUT);
			return CLIENT_WAIT;
		}
		if (error < 0 || client->closing)
			return CLIENT_END;
		if (step_in(client, now_ns, &error))
			return error < 0 ? CLIENT_END : CLIENT_WAIT;
	}
	if (client->job != NULL) {
		wait_for(client, 0);
		return CLIENT_REQUEST;
	}
	/* There is more: the socket takes something, so epoll comes back to it at once. */
	wait_for(client, EPOLLOUT);
	return CLIENT_WAIT;
}
