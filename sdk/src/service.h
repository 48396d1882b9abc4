/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The service manager's side of a program's life; see service.c. Control thread. All of it does
 * nothing unless a service manager started us.
 */
#ifndef VNF_SERVICE_H
#define VNF_SERVICE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "vnf_priv.h"

/* Read the environment; before anything else is said. */
void service_start(void);
void service_stop(void);
/* Workers run and ports are open or wait; also said when a reload has ended, well or not. */
void service_ready(void);
/* A reload begins; service_ready() ends it. */
void service_reloading(void);
/* The stop begins: no sign of life is due any more. */
void service_stopping(void);
/* Status and sign of life; as often as the control loop turns. */
void service_poll(const struct vnf *vnf);

/* ---- for the tests ---- */

/* The address that NOTIFY_SOCKET names: a path, or @NAME in the abstract namespace. 0 or -errno. */
int service_address(const char *name, struct sockaddr_un *address, socklen_t *len);
/* The period of the sign of life in nanoseconds; 0: none is wanted of this process. */
uint64_t service_watchdog_ns(const char *usec, const char *pid, long self);
/* One line: how many ports are up, and which are not. */
void service_status(const struct vnf *vnf, char *text, size_t size);

#endif
