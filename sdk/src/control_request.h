/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The protocol of the control socket, without the socket: one JSON object a line. Pure.
 */
#ifndef VNF_CONTROL_REQUEST_H
#define VNF_CONTROL_REQUEST_H

#include "control_queue.h"

/* Octets of a request's line at most, without its end. */
#define REQUEST_MAX 65536

/* Of a line, without its end, into an empty job. 0, or -EINVAL after vnf_refuse() into job->why. */
int request_parse(const char *line, size_t len, struct control_job *job);
/* The reply to a job as a line, its end included; to be freed. NULL: no memory. */
char *reply_format(const struct control_job *job, size_t *len);

#endif
