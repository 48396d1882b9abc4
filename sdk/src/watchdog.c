/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who keeps a worker from its queues? While a callback runs, nothing of the worker is received or
 * sent, and what comes overflows; nobody would see why. So the control thread looks every 10 ms for
 * passes that do not end, and names what the worker is in.
 *
 * It reads what workers write anyway: when the pass began, and which callback runs. Where others
 * have the worker's CPU a pass takes long through no fault of the callback's. So a thread that is
 * ready to run is held to the time for which it did run; one that is blocked, in a system call or
 * by a lock, to all of it.
 */

#include "watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "thread_look.h"
#include "vnf_priv.h"

#define LEAST_NS 20000000
/* A pass is first looked at when it is so old: its thread's time before that is not known. */
#define LOOK_NS 10000000
#define MS 1000000

int check_watchdog(const void *field, char *why, size_t why_size)
{
	uint64_t ns = *(const uint64_t *)field;

	if (ns == 0 || ns >= LEAST_NS)
		return 0;
	snprintf(why, why_size,
		 "is too short: workers are looked at every 10 ms; write \"%dms\" "
		 "or more, or 0 for none",
		 LEAST_NS / MS);
	return -EINVAL;
}

static void doing_describe(const struct vnf *vnf, enum doing doing, uint16_t port, char *text,
			   size_t size)
{
	switch (doing) {
	case DOING_BURST:
		snprintf(text, size, "the callback for packets of port \"%s\"",
			 vnf->ports[port].port.name);
		break;
	case DOING_TICK:
		snprintf(text, size, "the tick callback");
		break;
	case DOING_TIMEOUT:
		snprintf(text, size, "a timeout's callback");
		break;
	default:
		snprintf(text, size, "a pass, outside of callbacks,");
	}
}

/* Seen for the first time. */
static void slow_begin(struct vnf *vnf, const struct worker *w, struct watch *watch,
		       enum doing doing, uint16_t port)
{
	char what[128];

	watch->slow = true;
	__atomic_store_n(&watch->slow_callbacks, watch->slow_callbacks + 1, __ATOMIC_RELAXED);
	doing_describe(vnf, doing, port, what, sizeof(what));
	vnf_log_limited(&vnf->watch_limit, VNF_LOG_WARNING,
			"worker %u: %s has not come back for %" PRIu64 " ms; meanwhile the worker "
			"receives and sends nothing. Find out what it waits for, or raise watchdog",
			w->pub.id, what, watch->seen_ns / MS);
}

static void slow_end(struct vnf *vnf, const struct worker *w, struct watch *watch)
{
	watch->slow = false;
	vnf_log_limited(&vnf->watch_limit, VNF_LOG_NOTICE,
			"worker %u: goes on, after %" PRIu64 " ms or a little more", w->pub.id,
			watch->seen_ns / MS);
}

/* Outside of callbacks a pass may be waiting for full queues, as `tx_wait` wishes. */
static uint64_t patience(const struct vnf *vnf, enum doing doing)
{
	uint64_t longest = 0;

	for (uint16_t i = 0; doing == DOING_PASS && i < vnf->n_ports; i++)
		if (vnf_port(vnf, i) != NULL)
			longest = RTE_MAX(longest, vnf->ports[i].port.spec->tx_wait);
	return vnf->spec->watchdog + longest;
}

/* How much of the pass is its own doing. The first look at a pass only takes the time. */
static uint64_t own_ns(const struct worker *w, struct watch *watch, uint64_t began_ns,
		       uint64_t passed_ns)
{
	struct thread_look look = { .blocked = true };
	bool known = thread_look(__atomic_load_n(&w->tid, __ATOMIC_RELAXED), &look) == 0;

	if (watch->pass_ns != began_ns) {
		watch->pass_ns = began_ns;
		watch->cpu_ns = look.cpu_ns;
		return 0;
	}
	if (!known || look.blocked)
		return passed_ns;
	return RTE_MIN(passed_ns, look.cpu_ns - watch->cpu_ns + LOOK_NS);
}

static void worker_watch(struct vnf *vnf, struct worker *w, uint64_t now_ns)
{
	uint64_t began_ns = __atomic_load_n(&w->pass_ns, __ATOMIC_RELAXED);
	struct watch *watch = &w->watch;
	uint16_t port = 0;
	uint32_t doing;

	if (watch->slow && began_ns != watch->pass_ns)
		slow_end(vnf, w, watch);
	doing = loop_in_burst(w->app, &port) ? DOING_BURST
					     : __atomic_load_n(&w->doing, __ATOMIC_RELAXED);
	/* It may have begun after we read the clock. */
	if (now_ns < began_ns + LOOK_NS || doing == DOING_SLEEP ||
	    own_ns(w, watch, began_ns, now_ns - began_ns) < patience(vnf, doing))
		return;
	watch->seen_ns = now_ns - began_ns;
	if (watch->seen_ns > watch->longest_ns)
		__atomic_store_n(&watch->longest_ns, watch->seen_ns, __ATOMIC_RELAXED);
	if (!watch->slow)
		slow_begin(vnf, w, watch, doing, port);
}

void watchdog_poll(struct vnf *vnf, uint64_t now_ns)
{
	if (vnf->spec->watchdog == 0)
		return;
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		worker_watch(vnf, &vnf->workers[i], now_ns);
}
