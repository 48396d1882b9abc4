/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See trace.h. What happens at one time is collected and written in the order of the packets'
 * numbers, so that the lines do not depend on how packets were put together in bursts.
 */

#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf_dyn.h>

#include "replay.h"
#include "vnf_priv.h"

#define BUFFER_BYTES (1 << 20)
/* Numbers of packets that the program made. */
#define CREATED (UINT64_C(1) << 63)

enum what {
	WHAT_FORWARD,
	WHAT_FLOOD,
	WHAT_DROP,
	WHAT_TAKEN,
	WHAT_SENT,
};

struct event {
	uint64_t number;
	uint32_t order; /* among those of this time */
	uint16_t what;
	uint16_t to; /* VNF_NO_PORT: none */
	uint32_t reason;
};

static struct {
	const struct vnf *vnf;
	const char *path;
	FILE *file;
	struct event *events;
	size_t n;
	size_t room;
	uint64_t created;
	int field; /* of mbufs: uint64_t */
	const struct rte_mbuf *burst[VNF_BURST_MAX];
	uint64_t burst_number[VNF_BURST_MAX];
	uint16_t n_burst;
	int error; /* that a line was lost for */
} trace;

static uint64_t *number_of(struct rte_mbuf *pkt)
{
	return RTE_MBUF_DYNFIELD(pkt, trace.field, uint64_t *);
}

static int trace_failed(int error)
{
	vnf_error("cannot write the verdicts to %s: %s", trace.path, strerror(error));
	return -error;
}

int trace_open(struct vnf *vnf, const char *path)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "vnfkit_number",
		.size = sizeof(uint64_t),
		.align = __alignof__(uint64_t),
	};

	memset(&trace, 0, sizeof(trace));
	trace.vnf = vnf;
	trace.path = path;
	trace.field = rte_mbuf_dynfield_register(&field);
	if (trace.field < 0)
		return trace_failed(ENOSPC);
	trace.file = fopen(path, "we");
	if (trace.file == NULL)
		return trace_failed(errno);
	setvbuf(trace.file, NULL, _IOFBF, BUFFER_BYTES);
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		vnf->workers[i].pub.watched |= VNF_WATCH_REPLAY;
	return 0;
}

static void event_add(const struct event *event)
{
	if (trace.n == trace.room) {
		size_t room = trace.room == 0 ? 256 : 2 * trace.room;
		struct event *events = realloc(trace.events, room * sizeof(*events));

		if (events == NULL) {
			trace.error = ENOMEM;
			return;
		}
		trace.events = events;
		trace.room = room;
	}
	trace.events[trace.n] = *event;
	trace.events[trace.n].order = (uint32_t)trace.n;
	trace.n++;
}

static void events_add(struct rte_mbuf *const *pkts, uint16_t n, enum what what, uint32_t reason,
		       uint16_t to)
{
	for (uint16_t i = 0; i < n; i++)
		event_add(&(struct event){ .number = *number_of(pkts[i]),
					   .what = (uint16_t)what,
					   .reason = reason,
					   .to = to });
}

/* The packets are the application's, or nobody's. */
static void taken_add(struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint16_t k = 0;

		while (k < trace.n_burst && trace.burst[k] != pkts[i])
			k++;
		event_add(&(struct event){ .number = k < trace.n_burst ? trace.burst_number[k]
								       : *number_of(pkts[i]),
					   .what = WHAT_TAKEN,
					   .to = VNF_NO_PORT });
	}
}

void trace_burst(struct rte_mbuf *const *pkts, uint16_t n)
{
	trace.n_burst = n;
	for (uint16_t i = 0; i < n; i++) {
		trace.burst[i] = pkts[i];
		trace.burst_number[i] = *number_of(pkts[i]);
	}
}

void trace_received(struct rte_mbuf *pkt, uint64_t number)
{
	if (trace.file != NULL)
		*number_of(pkt) = number;
}

void trace_created(struct rte_mbuf *pkt)
{
	*number_of(pkt) = CREATED | trace.created++;
}

void trace_lost(uint64_t number, uint32_t reason)
{
	if (trace.file != NULL)
		event_add(&(struct event){
			.number = number, .what = WHAT_DROP, .reason = reason, .to = VNF_NO_PORT });
}

void trace_refused(struct rte_mbuf *pkt, uint32_t reason, uint16_t to)
{
	if (trace.file != NULL)
		events_add(&pkt, 1, WHAT_DROP, reason, to);
}

void trace_drops(struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason, uint16_t to)
{
	events_add(pkts, n, WHAT_DROP, reason, to);
}

void vnf_trace_verdict(struct vnf_worker *worker, struct rte_mbuf *const *pkts, uint16_t n,
		       vnf_verdict_t verdict)
{
	if (verdict < worker->n_ports)
		events_add(pkts, n, WHAT_FORWARD, 0, (uint16_t)verdict);
	else if (verdict == VNF_TAKEN)
		taken_add(pkts, n);
	else if ((verdict & VNF_VERDICT_DROP) != 0)
		events_add(pkts, n, WHAT_DROP, verdict & ~VNF_VERDICT_DROP, VNF_NO_PORT);
	else if (verdict == VNF_FLOOD)
		events_add(pkts, n, WHAT_FLOOD, 0, VNF_NO_PORT);
	else if ((verdict & TRACE_SENT) == TRACE_SENT && (verdict ^ TRACE_SENT) < worker->n_ports)
		events_add(pkts, n, WHAT_SENT, 0, (uint16_t)(verdict ^ TRACE_SENT));
	else if ((verdict & TRACE_SENT) == 0)
		events_add(pkts, n, WHAT_DROP, VNF_DROP_NO_SUCH_PORT, VNF_NO_PORT);
}

/* ---- writing ---- */

static int event_compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	/* A callback may have sent it before it said that it takes it. */
	if ((x->what == WHAT_TAKEN) != (y->what == WHAT_TAKEN))
		return x->what == WHAT_TAKEN ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static const char *port_name(uint16_t id)
{
	return trace.vnf->ports[id].port.name;
}

static void event_write(const struct event *e, uint64_t wall_ns)
{
	static const char *const words[] = { "forward", "flood", "drop", "taken", "sent" };
	const char *reason = vnf_drop_name(trace.vnf, e->reason);
	bool created = !replay_input_known(e->number);
	FILE *f = trace.file;

	if (created)
		fprintf(f, "{\"number\": null, ");
	else
		fprintf(f, "{\"number\": %" PRIu64 ", ", e->number);
	fprintf(f, "\"time\": \"%" PRIu64 ".%09" PRIu64 "\", ", wall_ns / VNF_SECOND_NS,
		wall_ns % VNF_SECOND_NS);
	if (created)
		fprintf(f, "\"port\": null, ");
	else
		fprintf(f, "\"port\": \"%s\", ", port_name(replay_input_port(e->number)));
	fprintf(f, "\"verdict\": \"%s\"", words[e->what]);
	if (e->what == WHAT_DROP)
		fprintf(f, ", \"reason\": \"%s\"",
			reason != NULL ? reason : vnf_drop_name(trace.vnf, VNF_DROP_APPLICATION));
	if (e->to != VNF_NO_PORT)
		fprintf(f, ", \"to\": \"%s\"", port_name(e->to));
	fprintf(f, "}\n");
}

void trace_flush(void)
{
	uint64_t wall_ns = vnf_clock_wall();

	if (trace.n > 1)
		qsort(trace.events, trace.n, sizeof(*trace.events), event_compare);
	for (size_t i = 0; i < trace.n; i++)
		event_write(&trace.events[i], wall_ns);
	trace.n = 0;
}

int trace_close(void)
{
	int ret = 0;

	if (trace.file == NULL)
		return 0;
	trace_flush();
	if (ferror(trace.file))
		trace.error = EIO;
	if (fclose(trace.file) != 0)
		trace.error = errno;
	trace.file = NULL;
	free(trace.events);
	trace.events = NULL;
	if (trace.error != 0)
		ret = trace_failed(trace.error);
	return ret;
}
