/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What is told of the tables of sessions that an application asked for: a command, on the control
 * thread, and metrics. What a session means is the application's to tell.
 */

#include <string.h>

#include "control.h"
#include "session_priv.h"

/* The i-th table and its counters; false: there is none. */
static bool table_get(const struct vnf *vnf, uint32_t i, const struct vnf_sessions **s,
		      struct vnf_sessions_counters *c)
{
	*s = vnf_sessions_table(vnf, i);
	return *s != NULL && vnf_sessions_read(*s, VNF_SESSION_ALL_SLOTS, c) == 0;
}

static uint64_t fullest(const struct vnf_sessions *s)
{
	struct vnf_sessions_counters c;
	uint64_t most = 0;

	for (uint32_t slot = 0; slot < s->n_slots; slot++)
		if (vnf_sessions_read(s, slot, &c) == 0)
			most = RTE_MAX(most, c.in_use);
	return most;
}

static json_t *run_tables(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	json_t *all = json_array();
	struct vnf_sessions_counters c;
	const struct vnf_sessions *s;

	(void)args;
	(void)why;
	for (uint32_t i = 0; table_get(vnf, i, &s, &c); i++)
		json_array_append_new(
			all,
			json_pack("{ss sI sI si sI sI sI sI sI sI sI sI}", "table", s->conf.name,
				  "sessions", (json_int_t)c.in_use, "most",
				  (json_int_t)s->per_slot * s->n_slots, "slots", s->n_slots,
				  "slot_most", (json_int_t)s->per_slot, "slot_fullest",
				  (json_int_t)fullest(s), "set_up", (json_int_t)c.set_up, "refused",
				  (json_int_t)c.refused, "evicted", (json_int_t)c.evicted,
				  "expired", (json_int_t)c.expired, "removed",
				  (json_int_t)c.removed, "bytes", (json_int_t)s->bytes));
	return all;
}

const struct vnf_command session_commands[] = {
	{ .name = "session-tables",
	  .help = "Tables of sessions: how full they are, and what became of sessions so far.",
	  .run = run_tables },
	{ .name = NULL },
};

/* ---- metrics ---- */

enum {
	METRIC_SESSIONS,
	METRIC_SET_UP,
	METRIC_REFUSED,
	METRIC_EVICTED,
	METRIC_EXPIRED,
};

static uint64_t value(const struct vnf_sessions_counters *c, uint32_t tag)
{
	switch (tag) {
	case METRIC_SESSIONS:
		return c->in_use;
	case METRIC_SET_UP:
		return c->set_up;
	case METRIC_REFUSED:
		return c->refused;
	case METRIC_EVICTED:
		return c->evicted;
	default:
		return c->expired;
	}
}

static void collect(struct vnf *vnf, const struct vnf_metric *metric, struct vnf_metrics_page *page)
{
	struct vnf_sessions_counters c;
	const struct vnf_sessions *s;

	for (uint32_t i = 0; table_get(vnf, i, &s, &c); i++)
		vnf_metrics_put(page, (int64_t)value(&c, metric->tag), "table", s->conf.name, NULL);
}

const struct vnf_metric session_metrics[] = {
	{ .name = "sessions",
	  .help = "Sessions of a table.",
	  .tag = METRIC_SESSIONS,
	  .collect = collect },
	{ .name = "sessions_set_up",
	  .help = "Sessions that began.",
	  .counter = true,
	  .tag = METRIC_SET_UP,
	  .collect = collect },
	{ .name = "sessions_refused",
	  .help = "Sessions that did not begin, since their slot was full.",
	  .counter = true,
	  .tag = METRIC_REFUSED,
	  .collect = collect },
	{ .name = "sessions_evicted",
	  .help = "Sessions that ended to make room.",
	  .counter = true,
	  .tag = METRIC_EVICTED,
	  .collect = collect },
	{ .name = "sessions_expired",
	  .help = "Sessions whose time was over.",
	  .counter = true,
	  .tag = METRIC_EXPIRED,
	  .collect = collect },
	{ .name = NULL },
};
