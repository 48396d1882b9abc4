/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Workers that have nothing to do, as idle.c decides. Called by loop.c after a pass that found
 * nothing; runs on the worker. Never in a replay, which has a loop of its own.
 *
 * A sleeping worker holds no packet and no pointer of the data path, so it is offline for RCU:
 * nobody waits for it. What else waits (a stop, a ledger's reader, packets on its rings) waits for
 * the end of the sleep, 2 ms at most. Nothing wakes it: that would cost the sender a system call.
 */

#include "vnf_priv.h"

#include <sys/prctl.h>
#include <time.h>

#include <rte_pause.h>

/* The kernel adds 50 us to a sleep, to wake several threads at a time, unless told otherwise. */
#define TIMER_SLACK_NS 1UL

void worker_sleep_init(const struct worker *w)
{
	if (w->idle != &idle_limits[LATENCY_LOW] && prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS) != 0)
		vnf_debug("worker %u: the kernel's slack of timers stays", w->pub.id);
}

uint64_t worker_next_due(const struct worker *w)
{
	const struct vnf_program *program = w->pub.vnf->program;
	uint64_t due = timeouts_next_due(w);

	due = RTE_MIN(due, sessions_next_due(w));
	if (program->next_due != NULL)
		due = RTE_MIN(due, program->next_due(&w->pub));
	return due;
}

static void worker_sleep(struct worker *w, uint64_t sleep_ns)
{
	const struct timespec t = { .tv_nsec = (long)sleep_ns };
	uint64_t began = w->pub.now_ns;

	__atomic_store_n(&w->doing, DOING_SLEEP, __ATOMIC_RELAXED);
	rte_rcu_qsbr_thread_offline(w->qsbr, w->pub.id);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
	rte_rcu_qsbr_thread_online(w->qsbr, w->pub.id);
	w->pub.now_ns = vnf_clock_now();
	__atomic_store_n(&w->pass_ns, w->pub.now_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&w->doing, DOING_PASS, __ATOMIC_RELAXED);
	__atomic_store_n(&w->sleeps, w->sleeps + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&w->slept_ns, w->slept_ns + w->pub.now_ns - began, __ATOMIC_RELAXED);
}

void worker_rest(struct worker *w)
{
	uint64_t now_ns = w->pub.now_ns;
	uint64_t empty_ns = now_ns - w->busy_at_ns;
	uint64_t due, next;

	if (empty_ns < w->idle->spin_ns)
		return;
	due = worker_next_due(w);
	next = idle_next(w->idle, empty_ns, due > now_ns ? due - now_ns : 0);
	if (next == IDLE_PAUSE)
		rte_pause();
	else if (next != IDLE_SPIN)
		worker_sleep(w, next);
}
