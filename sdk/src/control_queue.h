/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Requests between the two threads of the control socket: the server posts one on the queue to the
 * control thread and gets it back, answered, on the other queue. Each queue has an eventfd, so that
 * whoever waits in poll() wakes up.
 */
#ifndef VNF_CONTROL_QUEUE_H
#define VNF_CONTROL_QUEUE_H

#include <pthread.h>

#include "control.h"

struct control_client;

/* A request, and in the end its answer. It belongs to whoever holds it. */
struct control_job {
	struct control_job *next;
	struct control_client *client; /* The server's own; NULL: nobody waits for the answer. */
	uint32_t gone; /* The same for the control thread: release by the server, acquire there. */
	json_t *request; /* The whole object; the next three are in it. */
	json_t *id;      /* NULL: none was given. */
	const char *command;
	json_t *args;   /* NULL: none. */
	json_t *result; /* NULL: refused, because of `why`. */
	struct vnf_refusal why;
};

struct control_queue {
	pthread_mutex_t lock; /* Of all that follows. */
	struct control_job *first, **last;
	bool closed;
	int fd; /* Readable while something waits. */
};

struct control_job *job_create(void);
void job_destroy(struct control_job *job);

/* 0 or -errno. */
int queue_init(struct control_queue *queue);
/* Destroys what is still on it. */
void queue_fini(struct control_queue *queue);
/* False if the queue is closed: the job stays the caller's. */
bool queue_put(struct control_queue *queue, struct control_job *job);
/* The oldest job, or NULL. */
struct control_job *queue_take(struct control_queue *queue);
/* Take no more jobs. */
void queue_close(struct control_queue *queue);
/* Wake who waits, without a job. */
void queue_wake(struct control_queue *queue);
/* The wake-up was noticed: before the jobs are taken. */
void queue_woken(struct control_queue *queue);

#endif
