/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Steering under ThreadSanitizer: real threads give packets to each other while slots move, as fast
 * as they can. Only the files that hand over are here, all of them instrumented; the rest of the
 * SDK is stubs. What is in a slot is written without any atomics, so that a worker who comes too
 * early, or leaves something behind, is a data race. Packets are used once: if they came back to
 * where they began, that would order what nothing else orders.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steer_priv.h"

#define WORKERS 4
#define SLOTS 16
#define RING 1024
#define PACKETS 40000 /* of each worker */
#define RECEIVED 8    /* in a pass */
#define MOVES_MIN 200

/* Nothing in it is atomic: it is of one worker at a time. */
struct slot_state {
	uint64_t n;
	uint32_t next[WORKERS]; /* by the worker that received it */
	uint16_t last_by;
};

struct source {
	struct rte_mbuf *pkts;
	uint32_t n;
	uint32_t sequence[SLOTS];
	uint64_t random;
	/* The worker's own numbers, read when it has ended. */
	int64_t held;
	uint64_t handed_in, handed_out, dealt, dropped, wrong;
};

static struct vnf vnf;
static struct steer steer;
static struct vnf_worker workers[WORKERS];
static struct source sources[WORKERS];
static struct slot_state slots[SLOTS];
static struct steer_section section;
static bool stop;
static uint32_t n_empty; /* workers that have sent all that they had */

static struct source *source_of(const struct vnf_worker *worker)
{
	return &sources[worker->id];
}

/* ---- the rest of the SDK ---- */

void *vnf_part_state(const struct vnf *of, enum part_slot slot)
{
	(void)of;
	(void)slot;
	return &steer;
}

const void *vnf_part_config(const struct vnf *of, enum part_slot slot)
{
	(void)of;
	(void)slot;
	return &section;
}

/* There are no cards to be told of a move. */
bool port_is_started(const struct vnf_port *port)
{
	(void)port;
	return false;
}

bool clock_is_virtual(void)
{
	return false;
}

uint64_t vnf_clock_now(void)
{
	return 0;
}

void vnf_log(enum vnf_log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void vnf_drop(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt, uint32_t reason)
{
	(void)port;
	(void)pkt;
	(void)reason;
	source_of(worker)->held--;
	source_of(worker)->dropped++;
}

void part_handed_out(struct vnf_worker *worker, uint32_t n)
{
	source_of(worker)->held -= n;
	source_of(worker)->handed_out += n;
}

void part_handed_in(struct vnf_worker *worker, uint32_t n)
{
	source_of(worker)->held += n;
	source_of(worker)->handed_in += n;
}

/* ---- the application ---- */

static void slot_use(struct vnf_worker *worker, const struct rte_mbuf *pkt)
{
	struct slot_state *slot = &slots[pkt->dynfield1[0]];
	uint32_t *next = &slot->next[pkt->dynfield1[1]];

	source_of(worker)->wrong += pkt->dynfield1[2] < *next;
	*next = pkt->dynfield1[2] + 1;
	slot->n++;
	slot->last_by = worker->id;
	source_of(worker)->dealt++;
}

static void packet_deal(struct vnf_worker *worker, struct rte_mbuf *pkt)
{
	uint32_t slot = pkt->dynfield1[0];

	if (vnf_slot_enter(worker, slot)) {
		slot_use(worker, pkt);
		return;
	}
	source_of(worker)->held++;
	steer_packets(worker, 0, &pkt, 1, slot);
}

/* Queues are nobody's here. */
void loop_handovers_mark(struct vnf_worker *worker)
{
	(void)worker;
}

bool loop_handovers_passed(const struct vnf_worker *worker)
{
	(void)worker;
	return true;
}

void loop_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	source_of(worker)->held -= n;
	for (uint16_t i = 0; i < n; i++)
		packet_deal(worker, pkts[i]);
}

/* ---- workers ---- */

static uint32_t random_slot(struct source *s)
{
	s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(s->random >> 33) % SLOTS;
}

static void receive(struct vnf_worker *worker)
{
	struct source *s = source_of(worker);

	for (uint32_t i = 0; i < RECEIVED && s->n < PACKETS; i++) {
		struct rte_mbuf *pkt = &s->pkts[s->n++];
		uint32_t slot = random_slot(s);

		pkt->dynfield1[0] = slot;
		pkt->dynfield1[1] = worker->id;
		pkt->dynfield1[2] = s->sequence[slot]++;
		packet_deal(worker, pkt);
		if (s->n == PACKETS)
			__atomic_fetch_add(&n_empty, 1, __ATOMIC_RELAXED);
	}
}

static void *worker_run(void *arg)
{
	struct vnf_worker *worker = arg;

	rte_rcu_qsbr_thread_online(vnf.qsbr, worker->id);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		receive(worker);
		/* Held up with packets in hand, now and then, while others go on. */
		if (source_of(worker)->n % 3 == 0)
			sched_yield();
		if (steer_pass(worker) == 0)
			sched_yield();
		rte_rcu_qsbr_quiescent(vnf.qsbr, worker->id);
	}
	rte_rcu_qsbr_thread_offline(vnf.qsbr, worker->id);
	return NULL;
}

/* ---- the control thread ---- */

static bool nobody_owes(void)
{
	for (uint16_t i = 0; i < WORKERS; i++)
		if (steer_owes(&workers[i]))
			return false;
	return __atomic_load_n(&steer.stage, __ATOMIC_ACQUIRE) == STEER_NONE;
}

/* Slots go round until all packets are sent and enough have moved; then until nothing is owed.
 * Returns the packets that were counted by slot meanwhile, as a command would ask for them.
 */
static uint64_t control_run(void)
{
	uint64_t seen = 0;
	uint32_t n = 0;

	for (bool more = true; more || !nobody_owes();) {
		more = n < MOVES_MIN || __atomic_load_n(&n_empty, __ATOMIC_RELAXED) < WORKERS;
		if (more && steer_move_begin(&vnf, &steer, n * 5 % SLOTS,
					     (uint16_t)(n / SLOTS % WORKERS)) != -EBUSY)
			n++;
		steer_control(&vnf);
		seen += steer_slot_packets(&steer, n % SLOTS);
		sched_yield();
	}
	return seen;
}

static bool all_create(void)
{
	steer.n_workers = WORKERS;
	steer.n_slots = SLOTS;
	steer.target = calloc(SLOTS, sizeof(*steer.target));
	steer.holder = calloc(SLOTS, sizeof(*steer.holder));
	steer.workers = calloc(WORKERS, sizeof(*steer.workers));
	vnf.qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, rte_rcu_qsbr_get_memsize(WORKERS));
	if (steer.target == NULL || steer.holder == NULL || steer.workers == NULL ||
	    vnf.qsbr == NULL || rte_rcu_qsbr_init(vnf.qsbr, WORKERS) != 0)
		return false;
	for (uint16_t i = 0; i < WORKERS; i++) {
		struct steer_worker *w = &steer.workers[i];

		sources[i].random = i;
		sources[i].pkts = calloc(PACKETS, sizeof(struct rte_mbuf));
		if (sources[i].pkts == NULL || steer_worker_create(&steer, i, RING) < 0 ||
		    rte_rcu_qsbr_thread_register(vnf.qsbr, i) != 0)
			return false;
		workers[i].vnf = &vnf;
		workers[i].id = i;
		workers[i].slots = &w->pub;
		workers[i].part[PART_STEER] = w;
		w->worker = &workers[i];
	}
	for (uint16_t from = 0; from < WORKERS; from++)
		for (uint16_t to = 0; to < WORKERS; to++)
			steer.workers[from].out[to].ring = steer.workers[to].in[from];
	return true;
}

static void all_destroy(void)
{
	for (uint16_t i = 0; i < WORKERS; i++) {
		steer_worker_destroy(&steer.workers[i]);
		free(sources[i].pkts);
	}
	free(vnf.qsbr);
	free(steer.workers);
	free(steer.holder);
	free(steer.target);
}

/* Every packet was dealt with in its slot, in order, or dropped for want of room. */
static bool all_is_well(void)
{
	struct source sum = { 0 };
	uint64_t in_slots = 0;

	for (uint16_t i = 0; i < WORKERS; i++) {
		steer_worker_drop(&steer.workers[i]);
		sum.held += sources[i].held;
		sum.handed_in += sources[i].handed_in;
		sum.handed_out += sources[i].handed_out;
		sum.dealt += sources[i].dealt;
		sum.dropped += sources[i].dropped;
		sum.wrong += sources[i].wrong;
	}
	for (uint32_t s = 0; s < SLOTS; s++)
		in_slots += slots[s].n;
	printf("# %u packets, %lu handed over, %lu dropped, %lu out of order, %lu moves\n",
	       WORKERS * PACKETS, (unsigned long)sum.handed_out, (unsigned long)sum.dropped,
	       (unsigned long)sum.wrong, (unsigned long)steer.moves);
	return sum.held == 0 && sum.handed_in == sum.handed_out && sum.wrong == 0 &&
	       sum.dealt == in_slots && sum.dealt + sum.dropped == WORKERS * PACKETS &&
	       sum.dropped < WORKERS * PACKETS / 2;
}

int main(void)
{
	pthread_t threads[WORKERS];
	bool well;

	puts("1..1");
	if (!all_create())
		return 1;
	for (uint16_t i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, worker_run, &workers[i]) != 0)
			return 1;
	control_run();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	well = all_is_well();
	printf("%s 1 - workers that hand over while slots move\n", well ? "ok" : "not ok");
	all_destroy();
	return well ? 0 : 1;
}
