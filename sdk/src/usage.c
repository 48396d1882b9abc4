/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How busy workers are, from what they count anyway: the time of passes that found packets, and the
 * packets. A pass that is going on is counted when it ends, so the last second may show a little
 * more or less than it had.
 *
 * The control thread works out the last second; readers may be on any thread, and take its numbers
 * one by one: they may be of two seconds that follow each other.
 */

#include "usage.h"

#include "vnf_priv.h"

#include <rte_cycles.h>

static uint64_t packets_of(const struct worker *w)
{
	uint64_t n = __atomic_load_n(&w->counters.handed_in, __ATOMIC_RELAXED);

	for (uint16_t i = 0; i < w->n_counted; i++)
		n += __atomic_load_n(&w->counters.port[i].rx_packets, __ATOMIC_RELAXED);
	return n;
}

static void mark_take(const struct worker *w, uint64_t now_ns, struct usage_mark *mark)
{
	mark->at_ns = now_ns;
	mark->busy_ns = __atomic_load_n(&w->counters.busy_ns, __ATOMIC_RELAXED);
	mark->packets = packets_of(w);
}

void usage_between(const struct usage_mark *from, const struct usage_mark *to, uint64_t tsc_hz,
		   struct usage *usage)
{
	uint64_t busy_ns = to->busy_ns - from->busy_ns;
	uint64_t passed_ns = to->at_ns - from->at_ns;
	unsigned __int128 wide = busy_ns; /* a year's nanoseconds, times 1,000 or a frequency */

	*usage = (struct usage){ .packets = to->packets - from->packets };
	if (passed_ns != 0)
		usage->busy_permille = RTE_MIN((uint64_t)(wide * 1000 / passed_ns), 1000u);
	if (usage->packets != 0)
		usage->cycles_per_packet =
			(uint64_t)(wide * tsc_hz / VNF_SECOND_NS / usage->packets);
}

void usage_start(struct vnf *vnf)
{
	uint64_t now_ns = vnf_clock_now();

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		mark_take(&vnf->workers[i], now_ns, &vnf->workers[i].marked);
}

static void second_end(struct worker *w, uint64_t now_ns)
{
	struct usage_mark mark;
	struct usage u;

	mark_take(w, now_ns, &mark);
	usage_between(&w->marked, &mark, rte_get_tsc_hz(), &u);
	w->marked = mark;
	__atomic_store_n(&w->last_second.packets, u.packets, __ATOMIC_RELAXED);
	__atomic_store_n(&w->last_second.busy_permille, u.busy_permille, __ATOMIC_RELAXED);
	__atomic_store_n(&w->last_second.cycles_per_packet, u.cycles_per_packet, __ATOMIC_RELAXED);
}

void usage_poll(struct vnf *vnf, uint64_t now_ns)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (now_ns - vnf->workers[i].marked.at_ns >= VNF_SECOND_NS)
			second_end(&vnf->workers[i], now_ns);
}

void usage_total(const struct vnf *vnf, uint16_t worker, struct usage *usage)
{
	const struct usage_mark start = { .at_ns = vnf->started_ns };
	struct usage_mark now;

	mark_take(&vnf->workers[worker], vnf_clock_now(), &now);
	usage_between(&start, &now, rte_get_tsc_hz(), usage);
}

void usage_last_second(const struct vnf *vnf, uint16_t worker, struct usage *usage)
{
	const struct usage *u = &vnf->workers[worker].last_second;

	usage->packets = __atomic_load_n(&u->packets, __ATOMIC_RELAXED);
	usage->busy_permille = __atomic_load_n(&u->busy_permille, __ATOMIC_RELAXED);
	usage->cycles_per_packet = __atomic_load_n(&u->cycles_per_packet, __ATOMIC_RELAXED);
}
