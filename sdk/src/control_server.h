/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The server of the control socket: a thread that talks to the clients, so that neither a slow nor
 * a hostile one ever holds up the control thread.
 */
#ifndef VNF_CONTROL_SERVER_H
#define VNF_CONTROL_SERVER_H

#include "control_queue.h"

/* Clients at once; the one that was idle for longest makes room for another. */
#define CLIENTS_MAX 32

struct control_server {
	int listen_fd;
	struct control_queue *todo; /* To the control thread. */
	struct control_queue *done; /* From it. */

	/* The server's own. */
	int epoll_fd;
	pthread_t thread;
	uint32_t stop; /* Release by the control thread, acquire here. */
	struct control_client *clients[CLIENTS_MAX];
	unsigned int n_clients;
	uint64_t accept_ns; /* Until then no connection is taken; 0: they are. */
};

/* `listen_fd`, `todo` and `done` are set; the descriptor stays the caller's. 0 or -errno. */
int server_start(struct control_server *server);
/* Send what is ready, for half a second at most, and end. All jobs are the caller's again. */
void server_stop(struct control_server *server);

#endif
