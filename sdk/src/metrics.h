/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The metrics page, from its address to its text; see metrics.c. Files: metrics_listen.c the
 * address, metrics_http.c the server, metrics_accept.c the choice of format, metrics_page.c the
 * format, metrics.c what stands on the page.
 */
#ifndef VNF_METRICS_PRIV_H
#define VNF_METRICS_PRIV_H

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <vnf/metrics.h>

#include "vnf_priv.h"

/* ---- metrics.c ---- */

/* Open the page if the configuration asks for one. 0 or -errno, after logging why. */
int metrics_start(struct vnf *vnf);
/* Close it: nobody reads the program's state any more. */
void metrics_stop(void);
/* Give up on clients that take too long; as often as the control loop turns. */
void metrics_poll(void);
/* Are all rows fit to be shown? Else a sentence in `why`. */
bool metrics_valid(const struct vnf_metric *metrics, char *why, size_t why_size);

/* ---- metrics_page.c ---- */

struct vnf_metrics_page {
	FILE *out;
	bool openmetrics;
	const char *vnf_name;
	const struct vnf_metric *metric; /* the family that is being written */
	/* Taken once for the whole page, so that its numbers are of one moment. */
	struct vnf_port_counters *ports;
	struct vnf_ledger ledger;
	bool ledger_balances;
};

void metrics_family(struct vnf_metrics_page *page, struct vnf *vnf,
		    const struct vnf_metric *metric);

/* ---- metrics_accept.c ---- */

/* Does a client with this Accept header (or NULL) get OpenMetrics rather than Prometheus' text? */
bool metrics_accepts_openmetrics(const char *accept);

/* ---- metrics_listen.c ---- */

struct metrics_address {
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
		struct sockaddr_un un;
	};
	socklen_t len;
};

/* 0, or -EINVAL with a sentence in `why`. */
int metrics_address_parse(const char *text, struct metrics_address *address, char *why,
			  size_t why_size);
/* Check of the key. */
int check_metrics_listen(const void *field, char *why, size_t why_size);
/* A listening socket, or -errno, after logging why. */
int metrics_listen(const char *text);
/* Remove it if it is a file. */
void metrics_unlink(const char *text);

/* ---- metrics_http.c ---- */

/* Makes the page: a text of malloc(), NULL when that is not possible now. */
typedef char *(*metrics_make_fn)(bool openmetrics, size_t *len);

/* Serve on the listening socket, which it closes in the end. 0 or -errno, after logging why. */
int metrics_http_start(int fd, metrics_make_fn make);
void metrics_http_stop(void);
void metrics_http_poll(void);

#endif
