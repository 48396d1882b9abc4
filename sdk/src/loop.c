/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Workers, from creation to join, and their loop, which ties the program's passes to the rest:
 * clock, timeouts, quiescent state, counters for readers, stop. A pass is the program's: worker.c
 * for vnf_run(), its own for a program that embeds.
 *
 * The control thread creates, launches and stops; worker_loop() runs on the workers; ledgers are
 * read by any other thread.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "drop_note.h"
#include "drop_recorder.h"

#define SNAPSHOT_WAIT_NS 1000000000ULL
#define DRAIN_WAIT_NS 2000000000ULL
#define STOP_WAIT_NS 5000000000ULL

static void nap(void)
{
	static const struct timespec t = { .tv_nsec = 50000 };

	nanosleep(&t, NULL);
}

/* The worker that polls queue `q` of its port. Every queue has one, also where there are more
 * queues than workers. Counted over all ports when queues are shared out.
 */
static uint16_t rxq_poller(const struct vnf *vnf, uint16_t q, uint32_t ordinal)
{
	return (uint16_t)((vnf->program->share_rx ? ordinal : q) % vnf->n_workers);
}

static int rxqs_assign(struct vnf *vnf, struct worker *w)
{
	uint32_t ordinal = 0;

	w->first_rxqs = calloc((size_t)vnf->n_ports * VNF_QUEUES_MAX, sizeof(*w->rxqs));
	w->rxqs = w->first_rxqs;
	if (w->rxqs == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];

		for (uint16_t q = 0; q < slot->port.n_queues; q++, ordinal++) {
			slot->poller[q] = rxq_poller(vnf, q, ordinal);
			if (slot->poller[q] == w->pub.id)
				w->rxqs[w->n_rxqs++] =
					(struct vnf_rxq){ .port = &slot->port, .queue = q };
		}
	}
	w->n_first_rxqs = w->n_rxqs;
	if (w->n_rxqs == 0)
		vnf_warning("worker %u has no queue to poll; more queues or fewer workers would "
			    "use its CPU",
			    w->pub.id);
	return 0;
}

static int worker_init(struct vnf *vnf, uint16_t id)
{
	struct worker *w = &vnf->workers[id];

	w->pub.vnf = vnf;
	w->pub.id = id;
	w->pub.count = vnf->n_workers;
	w->pub.n_ports = vnf->n_ports;
	w->n_counted = vnf->n_ports;
	w->pub.now_ns = vnf_clock_now();
	w->shares_cpu = vnf->cpus.shares_cpu[id];
	w->idle = &idle_limits[vnf->spec->latency];
	w->qsbr = vnf->qsbr;
	w->run = &vnf->run;
	w->newest = &vnf->generation;
	w->pub.recorder = drop_recorder_create(ports_room(vnf), vnf->spec->drop_recorder);
	if (counters_init(&w->counters, ports_room(vnf)) < 0 ||
	    (w->pub.recorder == NULL && vnf->spec->drop_recorder != 0))
		return -ENOMEM;
	return rxqs_assign(vnf, w) < 0 ? -ENOMEM : latency_init(vnf, w);
}

int workers_create(struct vnf *vnf)
{
	size_t size = vnf->spec->workers * sizeof(*vnf->workers);
	size_t qsbr_size = rte_rcu_qsbr_get_memsize(vnf->spec->workers);

	vnf->workers = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	vnf->qsbr = rte_zmalloc("vnf_qsbr", qsbr_size, RTE_CACHE_LINE_SIZE);
	vnf->counted_before = calloc(ports_room(vnf), sizeof(*vnf->counted_before));
	if (vnf->workers == NULL || vnf->qsbr == NULL || vnf->counted_before == NULL)
		return -ENOMEM;
	memset(vnf->workers, 0, size);
	vnf->n_workers = (uint16_t)vnf->spec->workers;
	rte_rcu_qsbr_init(vnf->qsbr, vnf->n_workers);
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		int ret = worker_init(vnf, i);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Somebody wants the counters: give a copy that is of one burst border. */
static void snapshot_give(struct worker *w, uint32_t asked)
{
	counters_ledger(&w->counters, w->n_counted, &w->snap);
	/* Pairs with the acquire in snapshot_wait(). */
	__atomic_store_n(&w->snap_done, asked, __ATOMIC_RELEASE);
}

/* Nothing was there. Others may have the CPU that they share with us; then, in time, we sleep. But
 * a command that asks us something gets its answer first, which may take many passes.
 */
static void pass_empty(struct worker *w)
{
	bool asked = ask_is_due(w);

	w->empty_passes++;
	if (unlikely(w->shares_cpu) && !(asked && ask_is_owed(w)))
		sched_yield();
	if (likely(!asked))
		worker_rest(w);
}

static bool pass_end(struct worker *w, uint32_t packets)
{
	uint32_t asked = __atomic_load_n(&w->snap_asked, __ATOMIC_RELAXED);
	uint64_t now_ns = vnf_clock_now();

	w->counters.passes++;
	if (packets > 0) {
		w->counters.busy_ns += now_ns - w->pass_ns;
		w->busy_at_ns = now_ns;
	}
	__atomic_store_n(&w->pass_ns, now_ns, __ATOMIC_RELAXED); /* for the watchdog */
	w->pub.now_ns = now_ns;
	if (unlikely(asked != w->snap_done))
		snapshot_give(w, asked);
	if (packets == 0)
		pass_empty(w);
	/* Last: nothing of this generation is looked at from here to the next pass. */
	rte_rcu_qsbr_quiescent(w->qsbr, w->pub.id);
	return __atomic_load_n(w->run, __ATOMIC_ACQUIRE) != RUN_STOPPED;
}

void worker_loop(struct worker *w)
{
	uint32_t (*pass)(struct vnf_worker *) = w->pub.vnf->program->pass;
	uint32_t packets;

	w->pub.now_ns = vnf_clock_now();
	w->pass_ns = w->busy_at_ns = w->pub.now_ns;
	do {
		/* A pass is of one generation. */
		if (unlikely(generation_is_new(w)))
			generation_take(w);
		timeouts_run(w);
		if (w->pub.vnf->sessions != NULL)
			sessions_run(w);
		if (unlikely(ask_is_due(w)))
			ask_answer(w);
		packets = pass(&w->pub);
	} while (pass_end(w, packets));
}

static int worker_main(void *arg)
{
	struct worker *w = arg;

#ifdef VNF_STAGES
	stages_start(&w->stages);
#endif
	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELAXED);
	worker_sleep_init(w);
	drop_note_start(w);
	rte_rcu_qsbr_thread_online(w->qsbr, w->pub.id);
	worker_loop(w);
	/* It may have slept while the one that it worked by was taken away. */
	if (generation_is_new(w))
		generation_take(w);
	rte_rcu_qsbr_thread_offline(w->qsbr, w->pub.id);
	rte_rcu_qsbr_thread_unregister(w->qsbr, w->pub.id);
	drop_note_start(NULL);
	return 0;
}

int workers_launch(struct vnf *vnf)
{
	__atomic_store_n(&vnf->run, RUN_RUNNING, __ATOMIC_RELEASE);
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		struct worker *w = &vnf->workers[i];
		int ret = rte_rcu_qsbr_thread_register(vnf->qsbr, i);

		if (ret == 0)
			ret = rte_eal_remote_launch(worker_main, w, i + 1u);
		if (ret != 0) {
			vnf_error("worker %u did not start: %s", i, strerror(-ret));
			return ret;
		}
		w->launched = true;
	}
	return 0;
}

static bool workers_ended(const struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (vnf->workers[i].launched && rte_eal_get_lcore_state(i + 1u) == RUNNING)
			return false;
	return true;
}

static uint64_t time_left(uint64_t deadline)
{
	uint64_t now = vnf_clock_now();

	return now < deadline ? deadline - now : 0;
}

static bool workers_owe(const struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (loop_owes(vnf->workers[i].app))
			return true;
	return false;
}

/* Everybody sees the state and hands over what it has; the owners take it all in, and end the pass
 * in which they took the last.
 */
static void workers_drain(struct vnf *vnf)
{
	uint64_t deadline = vnf_clock_now() + DRAIN_WAIT_NS;

	__atomic_store_n(&vnf->run, RUN_DRAINING, __ATOMIC_RELEASE);
	vnf_quiesce(vnf, time_left(deadline));
	while (workers_owe(vnf) && time_left(deadline) > 0)
		nap();
	vnf_quiesce(vnf, time_left(deadline));
}

int workers_stop(struct vnf *vnf)
{
	uint64_t deadline = vnf_clock_now() + STOP_WAIT_NS;

	workers_drain(vnf);
	__atomic_store_n(&vnf->run, RUN_STOPPED, __ATOMIC_RELEASE);
	while (!workers_ended(vnf)) {
		if (vnf_clock_now() > deadline)
			return -ETIMEDOUT;
		nap();
	}
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		if (vnf->workers[i].launched)
			rte_eal_wait_lcore(i + 1u);
		vnf->workers[i].launched = false;
	}
	return 0;
}

void workers_destroy(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		drop_recorder_destroy(vnf->workers[i].pub.recorder);
		counters_fini(&vnf->workers[i].counters);
		free(vnf->workers[i].first_rxqs);
		latency_fini(&vnf->workers[i]);
	}
	free(vnf->counted_before);
	free(vnf->workers);
	rte_free(vnf->qsbr);
	vnf->counted_before = NULL;
	vnf->workers = NULL;
	vnf->qsbr = NULL;
	vnf->n_workers = 0;
}

bool worker_receiving(const struct worker *worker)
{
	return __atomic_load_n(worker->run, __ATOMIC_ACQUIRE) == RUN_RUNNING;
}

const struct vnf_rxq *vnf_worker_rxqs(const struct vnf_worker *worker, uint16_t *n)
{
	const struct worker *w = (const struct worker *)worker;

	*n = w->n_rxqs;
	return w->rxqs;
}

struct vnf_port *vnf_worker_port(const struct vnf_worker *worker, uint16_t id)
{
	const struct worker *w = (const struct worker *)worker;

	return id < worker->n_ports && w->has_port[id] ? &worker->vnf->ports[id].port : NULL;
}

struct vnf_worker_counters *vnf_worker_counters(struct vnf_worker *worker)
{
	return &((struct worker *)worker)->counters;
}

int vnf_quiesce(struct vnf *vnf, uint64_t timeout_ns)
{
	uint64_t deadline = vnf_clock_now() + timeout_ns;
	uint64_t token;

	if (vnf->qsbr == NULL)
		return 0;
	token = rte_rcu_qsbr_start(vnf->qsbr);
	while (!workers_have_passed(vnf, token)) {
		if (vnf_clock_now() > deadline)
			return -ETIMEDOUT;
		nap();
	}
	return 0;
}

/* One reader at a time asks, so that an answer is to the question of the one who waits. */
static pthread_mutex_t snapshot_lock = PTHREAD_MUTEX_INITIALIZER;

static int snapshot_take(struct worker *w, struct vnf_ledger *ledger)
{
	uint64_t deadline = vnf_clock_now() + SNAPSHOT_WAIT_NS;
	uint32_t asked = w->snap_done + 1;

	__atomic_store_n(&w->snap_asked, asked, __ATOMIC_RELAXED);
	while (__atomic_load_n(&w->snap_done, __ATOMIC_ACQUIRE) != asked) {
		if (rte_eal_get_lcore_state(w->pub.id + 1u) != RUNNING) {
			counters_ledger(&w->counters, w->n_counted, ledger);
			return 0;
		}
		if (vnf_clock_now() > deadline) {
			counters_ledger(&w->counters, w->n_counted, ledger);
			return -ETIMEDOUT;
		}
		nap();
	}
	*ledger = w->snap;
	return 0;
}

static void port_counters_add(struct vnf_port_counters *sum, const struct vnf_port_counters *one)
{
	sum->rx_packets += __atomic_load_n(&one->rx_packets, __ATOMIC_RELAXED);
	sum->rx_bytes += __atomic_load_n(&one->rx_bytes, __ATOMIC_RELAXED);
	sum->tx_packets += __atomic_load_n(&one->tx_packets, __ATOMIC_RELAXED);
	sum->tx_bytes += __atomic_load_n(&one->tx_bytes, __ATOMIC_RELAXED);
	for (uint32_t r = 0; r < VNF_DROPS_MAX; r++)
		sum->drops[r] += __atomic_load_n(&one->drops[r], __ATOMIC_RELAXED);
}

void workers_retire_port(struct vnf *vnf, uint16_t port)
{
	struct vnf_port_counters *before = &vnf->counted_before[port];

	memset(before, 0, sizeof(*before));
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		struct worker *w = &vnf->workers[i];

		port_counters_add(before, &w->counters.port[port]);
		memset(&w->latency[port], 0, sizeof(w->latency[port]));
		drop_recorder_forget(w->pub.recorder, port);
	}
	why_forget(vnf, port);
}

static void ledger_add(struct vnf_ledger *sum, const struct vnf_ledger *one)
{
	sum->rx += one->rx;
	sum->created += one->created;
	sum->handed_in += one->handed_in;
	sum->tx += one->tx;
	sum->drops += one->drops;
	sum->handed_out += one->handed_out;
	sum->held += one->held;
}

int vnf_ledger_read(struct vnf *vnf, uint16_t worker, struct vnf_ledger *ledger)
{
	uint16_t first = worker == UINT16_MAX ? 0 : worker;
	uint16_t last = worker == UINT16_MAX ? vnf->n_workers : worker + 1;
	int ret = 0;

	memset(ledger, 0, sizeof(*ledger));
	if (last > vnf->n_workers)
		return -ENOENT;
	pthread_mutex_lock(&snapshot_lock);
	for (uint16_t i = first; i < last; i++) {
		struct vnf_ledger one;

		if (snapshot_take(&vnf->workers[i], &one) < 0)
			ret = -ETIMEDOUT;
		ledger_add(ledger, &one);
	}
	pthread_mutex_unlock(&snapshot_lock);
	return ret;
}

static void port_counters_take_off(struct vnf_port_counters *sum,
				   const struct vnf_port_counters *before)
{
	sum->rx_packets -= before->rx_packets;
	sum->rx_bytes -= before->rx_bytes;
	sum->tx_packets -= before->tx_packets;
	sum->tx_bytes -= before->tx_bytes;
	for (uint32_t r = 0; r < VNF_DROPS_MAX; r++)
		sum->drops[r] -= before->drops[r];
}

int vnf_port_counters_read(const struct vnf *vnf, uint16_t port, struct vnf_port_counters *counters)
{
	memset(counters, 0, sizeof(*counters));
	if (port >= vnf->n_ports)
		return -ENOENT;
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		port_counters_add(counters, &vnf->workers[i].counters.port[port]);
	if (vnf->counted_before != NULL)
		port_counters_take_off(counters, &vnf->counted_before[port]);
	return 0;
}
