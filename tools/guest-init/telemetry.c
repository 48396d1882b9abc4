/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A client of the VNF's DPDK telemetry socket: UNIX SOCK_SEQPACKET, on which the server greets with
 * its limits, then answers one request a packet. Each question has a connection of its own, so that
 * one without an answer holds up no other. After a crash the socket's file is still there: one that
 * nobody listens on is passed over.
 */
#include "guest_init.h"

#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKETS "/run/dpdk/*/dpdk_telemetry.v2"
#define ANSWER_BYTES 65536 /* DPDK's longest is 16 KiB */

void telemetry_init(struct guest *guest)
{
	for (int i = 0; i < TELEMETRY_QUERIES; i++)
		guest->query[i].fd = -1;
}

static int socket_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A UNIX socket connects at once or not at all. */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -ECONNREFUSED;
	}
	return fd;
}

static int telemetry_connect(const struct guest *guest)
{
	char pattern[PATH_MAX];
	int fd = -ENOENT;
	glob_t found;

	if (path_below_root(guest, SOCKETS, pattern) < 0 ||
	    glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return -ENOENT;
	for (size_t i = 0; i < found.gl_pathc && fd < 0; i++)
		fd = socket_connect(found.gl_pathv[i]);
	globfree(&found);
	return fd < 0 ? -ENOENT : fd;
}

static struct telemetry_query *query_free(struct guest *guest)
{
	for (int i = 0; i < TELEMETRY_QUERIES; i++) {
		if (guest->query[i].fd < 0)
			return &guest->query[i];
	}
	return NULL;
}

int telemetry_ask(struct guest *guest, const char *request, json_t *id, telemetry_done *done)
{
	struct telemetry_query *query = query_free(guest);
	int fd;

	if (strlen(request) >= sizeof(query->request))
		return -EMSGSIZE;
	if (query == NULL)
		return -EBUSY;
	fd = telemetry_connect(guest);
	if (fd < 0)
		return fd;
	query->fd = fd;
	query->greeted = false;
	query->expires_at = guest->now + guest->times.telemetry_ms;
	query->id = json_incref(id);
	query->done = done;
	memcpy(query->request, request, strlen(request) + 1);
	return 0;
}

static void query_end(struct guest *guest, struct telemetry_query *query, json_t *answer,
		      const char *error)
{
	close(query->fd);
	query->fd = -1;
	query->done(guest, query, answer, error);
	json_decref(query->id);
	query->id = NULL;
}

static void query_answered(struct guest *guest, struct telemetry_query *query, const char *text,
			   size_t length)
{
	json_t *answer = json_loadb(text, length, 0, NULL);

	query_end(guest, query, answer,
		  answer == NULL ? "the VNF's telemetry answered something that is not JSON"
				 : NULL);
	json_decref(answer);
}

void telemetry_poll(const struct telemetry_query *query, struct pollfd *fd)
{
	fd->fd = query->fd;
	fd->events = POLLIN;
}

void telemetry_ready(struct guest *guest, struct telemetry_query *query)
{
	char text[ANSWER_BYTES];
	ssize_t n = recv(query->fd, text, sizeof(text), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		query_end(guest, query, NULL, "the VNF's telemetry hung up");
	} else if (query->greeted) {
		query_answered(guest, query, text, n);
	} else {
		query->greeted = true;
		if (send(query->fd, query->request, strlen(query->request),
			 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			query_end(guest, query, NULL, "the VNF's telemetry takes no request");
	}
}

void telemetry_tick(struct guest *guest)
{
	for (int i = 0; i < TELEMETRY_QUERIES; i++) {
		if (guest->query[i].fd >= 0 && guest->query[i].expires_at <= guest->now)
			query_end(guest, &guest->query[i], NULL,
				  "the VNF's telemetry did not answer in time");
	}
}

void telemetry_cancel(struct guest *guest, const char *error)
{
	for (int i = 0; i < TELEMETRY_QUERIES; i++) {
		if (guest->query[i].fd >= 0)
			query_end(guest, &guest->query[i], NULL, error);
	}
}

int64_t telemetry_due(const struct guest *guest)
{
	int64_t due = TIME_NEVER;

	for (int i = 0; i < TELEMETRY_QUERIES; i++) {
		if (guest->query[i].fd >= 0 && guest->query[i].expires_at < due)
			due = guest->query[i].expires_at;
	}
	return due;
}
