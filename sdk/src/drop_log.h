/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the recorders of all workers remember, put in order. Control thread.
 */
#ifndef VNF_DROP_LOG_H
#define VNF_DROP_LOG_H

#include "drop_recorder.h"

#define DROP_LOG_ALL UINT32_MAX

struct drop_log {
	struct drop_record *records; /* newest first */
	size_t n;
	uint32_t reason; /* the one that is wanted, or DROP_LOG_ALL */
	size_t room;
};

/* Those of a port or DROP_LOG_ALL, of a reason or DROP_LOG_ALL, at most `count`. 0 or -ENOMEM. */
int drop_log_read(const struct vnf *vnf, uint32_t port, uint32_t reason, size_t count,
		  struct drop_log *log);
void drop_log_free(struct drop_log *log);
/* The time of day of a record. */
uint64_t drop_log_wall(const struct drop_record *record);
/* Write them as pcapng, oldest first; `fd` is the log's from now on. 0 or -errno. */
int drop_log_write(const struct vnf *vnf, const struct drop_log *log, int fd);

#endif
