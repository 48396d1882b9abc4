/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See control_queue.h.
 */

#include "control_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct control_job *job_create(void)
{
	return calloc(1, sizeof(struct control_job));
}

void job_destroy(struct control_job *job)
{
	if (job == NULL)
		return;
	json_decref(job->request);
	json_decref(job->result);
	free(job);
}

int queue_init(struct control_queue *queue)
{
	*queue = (struct control_queue){ .lock = PTHREAD_MUTEX_INITIALIZER };
	queue->last = &queue->first;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return queue->fd < 0 ? -errno : 0;
}

void queue_fini(struct control_queue *queue)
{
	struct control_job *job;

	while ((job = queue_take(queue)) != NULL)
		job_destroy(job);
	close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
}

bool queue_put(struct control_queue *queue, struct control_job *job)
{
	bool open;

	pthread_mutex_lock(&queue->lock);
	open = !queue->closed;
	if (open) {
		job->next = NULL;
		*queue->last = job;
		queue->last = &job->next;
	}
	pthread_mutex_unlock(&queue->lock);
	if (open)
		queue_wake(queue);
	return open;
}

struct control_job *queue_take(struct control_queue *queue)
{
	struct control_job *job;

	pthread_mutex_lock(&queue->lock);
	job = queue->first;
	if (job != NULL)
		queue->first = job->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	pthread_mutex_unlock(&queue->lock);
	return job;
}

void queue_close(struct control_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_mutex_unlock(&queue->lock);
}

void queue_wake(struct control_queue *queue)
{
	(void)!eventfd_write(queue->fd, 1);
}

void queue_woken(struct control_queue *queue)
{
	eventfd_t count;

	(void)!eventfd_read(queue->fd, &count);
}
