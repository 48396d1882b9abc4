/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See control_server.h. One thread, one epoll; nothing in here waits for a client.
 */

#include "control_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vnf/clock.h>

#include "control_client.h"

/* A client that takes nothing of its reply for so long is left. */
#define SEND_NS (10 * VNF_SECOND_NS)
/* When the process has no descriptor left for another client. */
#define ACCEPT_PAUSE_NS (VNF_SECOND_NS / 10)
/* For the last replies. */
#define STOP_NS (VNF_SECOND_NS / 2)

/* What an event is about; else it is a client. */
static char of_listener, of_done;

static void interest_set(const struct control_server *server, int operation, int fd,
			 uint32_t events, void *whose)
{
	struct epoll_event event = { .events = events, .data.ptr = whose };

	(void)!epoll_ctl(server->epoll_fd, operation, fd, &event);
}

/* ---- clients ---- */

static void client_leave(struct control_server *server, struct control_client *client)
{
	for (unsigned int i = 0; i < server->n_clients; i++) {
		if (server->clients[i] != client)
			continue;
		server->clients[i] = server->clients[--server->n_clients];
		break;
	}
	client_destroy(client);
}

/* True while the client is to be served further. */
static bool job_post(struct control_server *server, struct control_client *client)
{
	struct control_job *job = client->job;

	if (queue_put(server->todo, job))
		return false;
	vnf_refuse(&job->why, -ESHUTDOWN, "the program is stopping");
	client_reply(client, job);
	return true;
}

static void client_serve(struct control_server *server, struct control_client *client)
{
	enum client_step step;

	do
		step = client_step(client, vnf_clock_now());
	while (step == CLIENT_REQUEST && job_post(server, client));
	if (step == CLIENT_END)
		client_leave(server, client);
	else
		interest_set(server, EPOLL_CTL_MOD, client->fd, client->events, client);
}

/* A last word to a connection that cannot be kept, if it fits. */
static void refuse_connection(int fd, const char *text)
{
	struct control_job job = { .why = { .error = -EBUSY } };
	size_t len;
	char *line;

	vnf_refuse(&job.why, -EBUSY, "%s", text);
	line = reply_format(&job, &len);
	if (line != NULL)
		(void)!send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(line);
}

static bool make_room(struct control_server *server)
{
	struct control_client *oldest = NULL;

	if (server->n_clients < CLIENTS_MAX)
		return true;
	for (unsigned int i = 0; i < server->n_clients; i++) {
		struct control_client *client = server->clients[i];

		if (client_is_idle(client) &&
		    (oldest == NULL || client->active_ns < oldest->active_ns))
			oldest = client;
	}
	if (oldest == NULL)
		return false;
	refuse_connection(oldest->fd, "too many clients, and this one was idle for longest; "
				      "connect again");
	client_leave(server, oldest);
	return true;
}

static void client_enter(struct control_server *server, int fd)
{
	struct control_client *client = NULL;

	if (make_room(server))
		client = client_create(fd, vnf_clock_now());
	if (client == NULL) {
		refuse_connection(fd, "too many clients, all of them waiting; try again later");
		close(fd);
		return;
	}
	server->clients[server->n_clients++] = client;
	interest_set(server, EPOLL_CTL_ADD, fd, 0, client);
	client_serve(server, client);
}

static void accept_some(struct control_server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		client_enter(server, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		/* It stays on the list of connections, and epoll would say so without end. */
		server->accept_ns = vnf_clock_now() + ACCEPT_PAUSE_NS;
		interest_set(server, EPOLL_CTL_MOD, server->listen_fd, 0, &of_listener);
	}
}

static void take_done(struct control_server *server)
{
	struct control_job *job;

	queue_woken(server->done);
	while ((job = queue_take(server->done)) != NULL) {
		struct control_client *client = job->client;

		if (client == NULL) {
			job_destroy(job);
			continue;
		}
		client_reply(client, job);
		client_serve(server, client);
	}
}

/* ---- time ---- */

static void sooner(uint64_t *due, uint64_t ns)
{
	*due = ns < *due ? ns : *due;
}

/* Leave clients that take nothing; returns when to look again. */
static uint64_t deadlines(struct control_server *server, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = server->n_clients; i > 0; i--) {
		struct control_client *client = server->clients[i - 1];

		if (client->out == NULL)
			continue;
		if (now >= client->active_ns + SEND_NS)
			client_leave(server, client);
		else
			sooner(&due, client->active_ns + SEND_NS);
	}
	if (server->accept_ns != 0 && now >= server->accept_ns) {
		server->accept_ns = 0;
		interest_set(server, EPOLL_CTL_MOD, server->listen_fd, EPOLLIN, &of_listener);
	}
	if (server->accept_ns != 0)
		sooner(&due, server->accept_ns);
	return due;
}

static int until_ms(uint64_t due, uint64_t now)
{
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : (int)((due - now) / 1000000) + 1;
}

/* ---- the thread ---- */

static void handle(struct control_server *server, const struct epoll_event *event)
{
	void *whose = event->data.ptr;

	if (whose == &of_listener)
		accept_some(server);
	else if (whose == &of_done)
		take_done(server);
	else if ((event->events & (EPOLLHUP | EPOLLERR)) != 0)
		client_leave(server, whose);
	else
		client_serve(server, whose);
}

/* One event at a time: with more, one could be of a client that another has ended. */
static void turn(struct control_server *server, uint64_t latest)
{
	uint64_t now = vnf_clock_now(), due = deadlines(server, now);
	struct epoll_event event;

	sooner(&due, latest);
	if (epoll_wait(server->epoll_fd, &event, 1, until_ms(due, now)) == 1)
		handle(server, &event);
}

static bool has_output(const struct control_server *server)
{
	for (unsigned int i = 0; i < server->n_clients; i++)
		if (server->clients[i]->out != NULL)
			return true;
	return false;
}

static void *server_main(void *arg)
{
	struct control_server *server = arg;
	uint64_t end;

	while (__atomic_load_n(&server->stop, __ATOMIC_ACQUIRE) == 0)
		turn(server, UINT64_MAX);
	/* All jobs have come back before `stop` was set. */
	interest_set(server, EPOLL_CTL_DEL, server->listen_fd, 0, NULL);
	take_done(server);
	end = vnf_clock_now() + STOP_NS;
	while (has_output(server) && vnf_clock_now() < end)
		turn(server, end);
	while (server->n_clients > 0)
		client_leave(server, server->clients[0]);
	return NULL;
}

int server_start(struct control_server *server)
{
	int ret;

	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll_fd < 0)
		return -errno;
	interest_set(server, EPOLL_CTL_ADD, server->listen_fd, EPOLLIN, &of_listener);
	interest_set(server, EPOLL_CTL_ADD, server->done->fd, EPOLLIN, &of_done);
	ret = pthread_create(&server->thread, NULL, server_main, server);
	if (ret != 0) {
		close(server->epoll_fd);
		return -ret;
	}
	pthread_setname_np(server->thread, "control");
	return 0;
}

void server_stop(struct control_server *server)
{
	__atomic_store_n(&server->stop, 1, __ATOMIC_RELEASE);
	queue_wake(server->done);
	pthread_join(server->thread, NULL);
	close(server->epoll_fd);
}
