/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * THE DATA PATH of a VNF; read this first. One pass of a worker:
 *
 *     queue_poll -> the application's burst -> verdicts_apply -> batch_add -> batch_send
 *
 * Packets wait in one batch per port until the end of the pass; a whole burst that goes one way
 * does not. What a callback sends by itself is kept until its burst is dealt with (sends_apply), so
 * that packets leave in the order in which they were decided. A port with fewer queues than there
 * are workers has each of its queues owned by one worker; the others hand their packets over by a
 * ring (handover_send, handover_take). Everything here runs on the worker that owns `loop`, except
 * loop_create and loop_destroy, which app.c calls.
 *
 * Ledger: received packets are counted in queue_poll; each leaves by exactly one of the port's tx,
 * drop_count, handover_send, or VNF_TAKEN (held), which vnf_send and vnf_drop end.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_prefetch.h>
#include <rte_ring.h>

#include "owners.h"
#include "steer.h"
#include "trace.h"

#define BATCH_MAX 64
/* Least octets in a packet's first segment that a callback may rely on: an Ethernet header. */
#define HEADER_MIN 14
/* What a verdict is before the callback wrote it: means a port, and nobody has so many. */
#define VERDICT_NONE_OCTET 0x3e
#define VERDICT_NONE ((vnf_verdict_t)0x3e3e3e3e)
/* Packets that a callback may send by vnf_send() in one burst and in order; more go first. */
#define SENDS_MAX 512
/* Packets on a handover ring from which on it takes no more that are yet to be cut. */
#define HANDOVER_LONG (HANDOVER_RING / 32)

/* Packets on their way out of one port. */
struct batch {
	struct vnf_port *port;
	struct vnf_port_counters *counters;
	struct rte_ring *handover; /* to the queue's owner, or NULL: it is ours */
	struct vnf_latency_tx *latency;
	uint32_t frame_max;
	uint16_t queue; /* number of the queue pair */
	uint16_t n;
	struct rte_mbuf *pkts[BATCH_MAX];
} __rte_cache_aligned;

/* A queue that this worker owns and others send to. */
struct handover {
	struct rte_ring *ring;
	struct batch *batch;
	uint32_t until; /* loop_handovers_mark(): where its writers were */
};

/* A packet that a callback sent, before the packet with number `at` of its burst. */
struct send {
	struct rte_mbuf *pkt;
	uint16_t port;
	uint16_t at;
};

struct app_loop {
	const struct vnf_app *app;
	struct worker *worker;
	struct vnf_worker_counters *counters;
	struct rte_mempool *pool;
	uint16_t n_ports;
	uint16_t n_handovers;
	struct batch *batches; /* by port number */
	struct handover *handovers;
	uint64_t tick_ns;
	uint64_t next_tick_ns;
	uint64_t waited_ns; /* for full queues, in this pass */
	uint32_t n_drops;   /* reasons that have a name */
	bool has_parts;     /* whose pass is to be called */
	bool stopped;       /* parts were told */
	uint16_t n_sends;
	uint16_t n_burst;        /* packets that the callback has in hand; 0: it is not running */
	uint16_t burst_port;     /* where they came from; both are read by the watchdog */
	uint16_t decided;        /* of which it has written the verdicts, as far as we looked */
	vnf_verdict_t *verdicts; /* of the burst */
	struct send sends[SENDS_MAX];
};

static void drop_count(struct app_loop *loop, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		       uint32_t reason)
{
	loop->counters->port[port].drops[reason] += n;
	owners_set(pkts, n, OWNER_POOL);
	rte_pktmbuf_free_bulk(pkts, n);
}

/* Where they came in. */
static void drop_in(struct app_loop *loop, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		    uint32_t reason)
{
	if (unlikely(reason >= loop->n_drops))
		reason = VNF_DROP_APPLICATION;
	vnf_trace_drop_in(&loop->worker->pub, port, pkts, n, reason);
	drop_count(loop, port, pkts, n, reason);
}

/* On their way out of a port: the reason lies there. */
static void drop_out(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
		     uint16_t n, uint32_t reason)
{
	vnf_trace_drop(&loop->worker->pub, pkts, n, reason, b->port->id);
	drop_count(loop, b->port->id, pkts, n, reason);
}

/* The packet pool has one buffer for each place of the ring. So a packet that takes many, one that
 * is yet to be cut, is put on a ring that is nearly empty only. Returns how many remain, at the
 * front.
 */
static uint16_t handover_spare(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
			       uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++)
		if (likely(!vnf_is_tso(pkts[i])) ||
		    rte_ring_count(b->handover) + kept < HANDOVER_LONG)
			pkts[kept++] = pkts[i];
		else
			drop_out(loop, b, &pkts[i], 1, VNF_DROP_HANDOVER_FULL);
	return kept;
}

/* The queue's owner is another worker: it sends them. */
static void handover_send(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
			  uint16_t n)
{
	unsigned int sent;

	owners_set(pkts, n, OWNER_HANDOVER);
	n = handover_spare(loop, b, pkts, n);
	sent = rte_ring_enqueue_burst(b->handover, (void **)pkts, n, NULL);
	loop->counters->handed_out += sent;
	if (unlikely(sent < n))
		drop_out(loop, b, pkts + sent, (uint16_t)(n - sent), VNF_DROP_HANDOVER_FULL);
}

static uint16_t port_tx(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
			uint16_t n)
{
	const struct vnf_port *port = b->port;
	uint64_t entered = vnf_stage_enter();
	uint16_t sent;

	owners_set(pkts, n, owner_tx(port));
	sent = vnf_port_tx(&loop->worker->pub, port, b->queue, pkts, n, b->counters);

	vnf_stage_leave(VNF_STAGE_TX, entered, sent);
	return sent;
}

/* The queue is full: wait as long as the port's tx_wait says. What a pass has waited for other
 * ports counts too, for however many are full, the rest of the worker is held up by no more than
 * one tx_wait; and a stop is not held up at all. Returns how many of these are sent.
 */
static uint16_t send_waiting(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
			     uint16_t n)
{
	uint64_t budget = b->port->spec->tx_wait;
	uint64_t began, now;
	uint16_t sent = 0;

	if (budget <= loop->waited_ns)
		return 0;
	budget -= loop->waited_ns;
	began = vnf_clock_now();
	do {
		rte_pause();
		sent += port_tx(loop, b, pkts + sent, n - sent);
		now = vnf_clock_now();
	} while (sent < n && now - began < budget && vnf_port_is_up(b->port) &&
		 worker_receiving(loop->worker));
	loop->waited_ns += now - began;
	return sent;
}

/* Packets that the port can carry. Returns how many it took. */
static uint16_t fitting_send(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
			     uint16_t n)
{
	uint16_t sent = port_tx(loop, b, pkts, n);

	if (unlikely(sent < n))
		sent += send_waiting(loop, b, pkts + sent, n - sent);
	vnf_latency_sent(b->latency);
	if (unlikely(sent < n))
		drop_out(loop, b, pkts + sent, n - sent, VNF_DROP_TX_FULL);
	return sent;
}

/* Some of them may be too long for it, or leave to it what it cannot do. */
static __rte_noinline void odd_send(struct app_loop *loop, const struct batch *b,
				    struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *fitting[BATCH_MAX];
	struct vnf_fit fit;

	vnf_fit_begin(&fit, &loop->worker->pub, b->port, pkts, n);
	while ((n = vnf_fit_next(&fit, fitting, BATCH_MAX)) > 0)
		if (fitting_send(loop, b, fitting, n) == 0)
			vnf_fit_skip(&fit, VNF_DROP_TX_FULL);
}

static inline bool any_is_odd(const struct batch *b, struct rte_mbuf *const *pkts, uint16_t n)
{
	/* 64 bits wide: of 32 gcc makes vectors, and spills them. */
	uint64_t most = b->frame_max, flags = 0, beyond = 0;

#pragma GCC unroll 4
	for (size_t i = 0; i < n; i++) {
		uint64_t length = pkts[i]->pkt_len;

		flags |= pkts[i]->ol_flags;
		beyond |= most - length;
	}
	/* Less than nothing was left, if one is longer. */
	return (flags & VNF_MAY_BE_OPEN) != 0 || (int64_t)beyond < 0;
}

static void batch_send(struct app_loop *loop, const struct batch *b, struct rte_mbuf **pkts,
		       uint16_t n)
{
	if (b->handover != NULL) {
		handover_send(loop, b, pkts, n);
		return;
	}
	if (unlikely(!vnf_port_is_up(b->port) || b->port->tx == NULL)) {
		drop_out(loop, b, pkts, n, VNF_DROP_PORT_DOWN);
		return;
	}
	if (unlikely(any_is_odd(b, pkts, n)))
		odd_send(loop, b, pkts, n);
	else
		fitting_send(loop, b, pkts, n);
}

static void batch_flush(struct app_loop *loop, struct batch *b)
{
	batch_send(loop, b, b->pkts, b->n);
	b->n = 0;
}

static void batch_add(struct app_loop *loop, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct batch *b = &loop->batches[port];

	if (b->n == 0)
		vnf_latency_queued(b->latency, loop->worker->pub.now_ns);
	if (n == VNF_BURST_MAX && b->n == 0) {
		/* Nothing is gained by waiting for more. */
		batch_send(loop, b, pkts, n);
		return;
	}
	if (b->n + n > BATCH_MAX)
		batch_flush(loop, b);
	owners_set(pkts, n, OWNER_BATCH);
	memcpy(&b->pkts[b->n], pkts, n * sizeof(*pkts));
	b->n += n;
}

/* A run of packets with the same verdict. */
static void verdict_apply(struct app_loop *loop, uint16_t in_port, struct rte_mbuf **pkts,
			  uint16_t n, vnf_verdict_t verdict)
{
	if (verdict >= loop->n_ports && verdict != VNF_TAKEN && (verdict & VNF_VERDICT_DROP) == 0)
		verdict = VNF_DROP(VNF_DROP_NO_SUCH_PORT);
	if (likely(verdict < loop->n_ports)) {
		vnf_trace(&loop->worker->pub, pkts, n, verdict);
		batch_add(loop, (uint16_t)verdict, pkts, n);
	} else if ((verdict & ~(vnf_verdict_t)UINT16_MAX) == VNF_VERDICT_SLOT &&
		   steer_may(&loop->worker->pub, verdict & UINT16_MAX)) {
		loop->counters->held += n;
		steer_packets(&loop->worker->pub, in_port, pkts, n, verdict & UINT16_MAX);
	} else if (verdict == VNF_TAKEN) {
		/* They may be gone by now: not to be looked at. */
		vnf_trace(&loop->worker->pub, pkts, n, verdict);
		loop->counters->held += n;
	} else {
		drop_in(loop, in_port, pkts, n, verdict & ~VNF_VERDICT_DROP);
	}
}

static void verdicts_apply(struct app_loop *loop, uint16_t in_port, struct rte_mbuf **pkts,
			   const vnf_verdict_t *verdicts, unsigned int n)
{
	for (unsigned int first = 0, i = 1; first < n; first = i++) {
		vnf_verdict_t verdict = verdicts[first];

		while (i < n && verdicts[i] == verdict)
			i++;
		verdict_apply(loop, in_port, pkts + first, (uint16_t)(i - first), verdict);
	}
}

/* The callback sent packets of its own: each goes before the packet that it had not yet decided. */
static __rte_noinline void sends_apply(struct app_loop *loop, uint16_t in_port,
				       struct rte_mbuf **pkts, const vnf_verdict_t *verdicts,
				       uint16_t n)
{
	uint16_t done = 0;

	for (uint16_t i = 0; i < loop->n_sends; i++) {
		struct send *s = &loop->sends[i];

		verdicts_apply(loop, in_port, pkts + done, verdicts + done, s->at - done);
		done = s->at;
		batch_add(loop, s->port, &s->pkt, 1);
	}
	loop->n_sends = 0;
	verdicts_apply(loop, in_port, pkts + done, verdicts + done, n - done);
}

/* The application's burst, with the packets that it got and those that it sends meanwhile.
 * `measured` is NULL unless its time is taken.
 */
static inline void burst_run(struct app_loop *loop, uint16_t in_port, struct rte_mbuf **pkts,
			     uint16_t n, struct vnf_latency_rx *measured)
{
	vnf_verdict_t verdicts[VNF_BURST_MAX];

	memset(verdicts, VERDICT_NONE_OCTET, sizeof(verdicts));
	owners_set(pkts, n, OWNER_CALLBACK);
	loop->verdicts = verdicts;
	loop->decided = 0;
	__atomic_store_n(&loop->burst_port, in_port, __ATOMIC_RELAXED);
	__atomic_store_n(&loop->n_burst, n, __ATOMIC_RELAXED);
	loop->worker->pub.now_ns = vnf_clock_now();
	loop->app->burst(&loop->worker->pub, in_port, pkts, verdicts, n);
	__atomic_store_n(&loop->n_burst, 0, __ATOMIC_RELAXED);
	if (unlikely(measured != NULL))
		vnf_latency_handled(measured, loop->worker->pub.now_ns, n);
	vnf_stage_end(VNF_STAGE_LOOKUP, n);
	if (unlikely(loop->n_sends != 0))
		sends_apply(loop, in_port, pkts, verdicts, n);
	else
		verdicts_apply(loop, in_port, pkts, verdicts, n);
}

/* Packets without a whole Ethernet header never reach a callback. */
static uint16_t drop_runts(struct app_loop *loop, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (pkts[i]->data_len >= HEADER_MIN) {
			pkts[kept++] = pkts[i];
			continue;
		}
		drop_in(loop, port, &pkts[i], 1, VNF_DROP_MALFORMED);
	}
	return kept;
}

/* A replay wants to know the packets of the burst, a capture what is in them. */
static __rte_noinline void rx_watched(struct vnf_worker *worker, uint16_t port,
				      struct rte_mbuf **pkts, uint16_t n)
{
	if ((worker->watched & VNF_WATCH_REPLAY) != 0)
		trace_burst(pkts, n);
	vnf_watch_rx(worker, port, pkts, n);
}

static uint16_t queue_poll(struct app_loop *loop, const struct vnf_rxq *rxq)
{
	struct vnf_port *port = rxq->port;
	struct vnf_port_counters *counters = &loop->counters->port[port->id];
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	uint64_t bytes = 0, flags = 0, shortest = UINT64_MAX;
	uint16_t n, kept;
	bool measured;

	if (unlikely(!vnf_port_is_up(port) || port->rx == NULL)) {
		vnf_latency_received(rxq->latency, loop->worker->pub.now_ns, 0);
		return 0;
	}
	vnf_stage_begin();
	n = port->rx(port->queue[rxq->queue], pkts, VNF_BURST_MAX);
	measured = vnf_latency_received(rxq->latency, loop->worker->pub.now_ns, n);
	if (n == 0)
		return 0;
	vnf_stage_end(VNF_STAGE_RX, n);
	if (unlikely(loop->worker->pub.watched != 0))
		rx_watched(&loop->worker->pub, port->id, pkts, n);
#pragma GCC unroll 4
	for (size_t i = 0; i < n; i++) {
		uint64_t first = pkts[i]->data_len;

		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
		bytes += pkts[i]->pkt_len;
		flags |= pkts[i]->ol_flags;
		shortest = RTE_MIN(shortest, first);
	}
	counters->rx_packets += n;
	counters->rx_bytes += bytes;
	kept = unlikely(shortest < HEADER_MIN) ? drop_runts(loop, port->id, pkts, n) : n;
	if (unlikely((flags & RTE_MBUF_F_RX_LRO) != 0))
		kept = vnf_tso_limit(&loop->worker->pub, port->id, pkts, kept, 1);
	vnf_stage_end(VNF_STAGE_CLASSIFY, n);
	if (likely(kept > 0)) {
		burst_run(loop, port->id, pkts, kept, measured ? rxq->latency : NULL);
		vnf_stage_end(VNF_STAGE_ENQUEUE, kept);
	}
	return n;
}

static uint32_t handover_take(struct app_loop *loop, const struct handover *h)
{
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	unsigned int n = rte_ring_dequeue_burst(h->ring, (void **)pkts, VNF_BURST_MAX, NULL);

	if (n == 0)
		return 0;
	loop->counters->handed_in += n;
	batch_add(loop, h->batch->port->id, pkts, (uint16_t)n);
	return n;
}

static void tick_run(struct app_loop *loop)
{
	struct vnf_worker *worker = &loop->worker->pub;

	if (likely(worker->now_ns < loop->next_tick_ns))
		return;
	/* At whole periods, unless one was missed. */
	loop->next_tick_ns += loop->tick_ns;
	if (loop->next_tick_ns <= worker->now_ns)
		loop->next_tick_ns = worker->now_ns + loop->tick_ns;
	__atomic_store_n(&loop->worker->doing, DOING_TICK, __ATOMIC_RELAXED);
	loop->app->tick(worker);
	__atomic_store_n(&loop->worker->doing, DOING_PASS, __ATOMIC_RELAXED);
}

static uint32_t parts_pass(struct app_loop *loop)
{
	struct vnf_worker *worker = &loop->worker->pub;
	uint32_t packets = 0;

	for (size_t i = 0; i < VNF_PARTS_MAX && loop->app->parts[i] != NULL; i++)
		if (loop->app->parts[i]->pass != NULL)
			packets += loop->app->parts[i]->pass(worker);
	return packets;
}

static void parts_stop(struct app_loop *loop)
{
	loop->stopped = true;
	for (size_t i = 0; i < VNF_PARTS_MAX && loop->app->parts[i] != NULL; i++)
		if (loop->app->parts[i]->stop != NULL)
			loop->app->parts[i]->stop(&loop->worker->pub);
}

void part_handed_out(struct vnf_worker *worker, uint32_t n)
{
	struct app_loop *loop = ((struct worker *)worker)->app;

	loop->counters->held -= n;
	loop->counters->handed_out += n;
}

void part_handed_in(struct vnf_worker *worker, uint32_t n)
{
	struct app_loop *loop = ((struct worker *)worker)->app;

	loop->counters->handed_in += n;
	loop->counters->held += n;
}

void loop_handovers_mark(struct vnf_worker *worker)
{
	struct app_loop *loop = ((struct worker *)worker)->app;

	for (uint16_t i = 0; i < loop->n_handovers; i++)
		loop->handovers[i].until =
			__atomic_load_n(&loop->handovers[i].ring->prod.tail, __ATOMIC_ACQUIRE);
}

bool loop_handovers_passed(const struct vnf_worker *worker)
{
	const struct app_loop *loop = ((const struct worker *)worker)->app;

	for (uint16_t i = 0; i < loop->n_handovers; i++)
		if ((int32_t)(loop->handovers[i].until - loop->handovers[i].ring->cons.tail) > 0)
			return false;
	return true;
}

void loop_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	struct app_loop *loop = ((struct worker *)worker)->app;

	loop->counters->held -= n;
	if (unlikely((worker->watched & VNF_WATCH_REPLAY) != 0))
		trace_burst(pkts, n);
	burst_run(loop, port, pkts, n, NULL);
}

uint32_t app_pass(struct vnf_worker *worker)
{
	struct app_loop *loop = ((struct worker *)worker)->app;
	uint32_t packets = 0;

	loop->waited_ns = 0;
	if (likely(worker_receiving(loop->worker)))
		for (uint16_t i = 0; i < loop->worker->n_rxqs; i++)
			packets += queue_poll(loop, &loop->worker->rxqs[i]);
	else if (!loop->stopped)
		parts_stop(loop);
	if (loop->app->tick != NULL)
		tick_run(loop);
	for (uint16_t i = 0; i < loop->n_handovers; i++)
		packets += handover_take(loop, &loop->handovers[i]);
	if (loop->has_parts)
		packets += parts_pass(loop);
	for (uint16_t i = 0; i < loop->n_ports; i++)
		if (loop->batches[i].n > 0)
			batch_flush(loop, &loop->batches[i]);
	return packets;
}

uint64_t app_next_due(const struct vnf_worker *worker)
{
	const struct app_loop *loop = ((const struct worker *)worker)->app;

	return loop->app->tick != NULL ? loop->next_tick_ns : UINT64_MAX;
}

/* Parts of the SDK (vnf/ip.h) have verdicts of their own, of packets yet to be decided. */
static bool is_final(vnf_verdict_t verdict)
{
	return verdict != VERDICT_NONE && (verdict & VNF_TAKEN) != (VNF_TAKEN ^ VNF_VERDICT_DROP);
}

/* Packets of the burst whose verdicts the callback has written: the first without one is what it is
 * about to decide.
 */
static uint16_t burst_decided(struct app_loop *loop)
{
	while (loop->decided < loop->n_burst && is_final(loop->verdicts[loop->decided]))
		loop->decided++;
	return loop->decided;
}

void vnf_send(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	struct app_loop *loop = ((struct worker *)worker)->app;

	loop->counters->held--;
	vnf_trace(worker, &pkt, 1, TRACE_SENT | port);
	if (unlikely(port >= loop->n_ports)) {
		drop_in(loop, 0, &pkt, 1, VNF_DROP_NO_SUCH_PORT);
	} else if (loop->n_burst != 0 && loop->n_sends < SENDS_MAX) {
		owners_set(&pkt, 1, OWNER_BATCH);
		loop->sends[loop->n_sends++] = (struct send){ pkt, port, burst_decided(loop) };
	} else {
		batch_add(loop, port, &pkt, 1);
	}
}

void vnf_drop(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt, uint32_t reason)
{
	struct app_loop *loop = ((struct worker *)worker)->app;

	loop->counters->held--;
	drop_in(loop, port < loop->n_ports ? port : 0, &pkt, 1, reason);
}

struct rte_mbuf *vnf_packet_alloc(struct vnf_worker *worker)
{
	struct app_loop *loop = ((struct worker *)worker)->app;
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(loop->pool);

	if (likely(pkt != NULL)) {
		if (unlikely((worker->watched & VNF_WATCH_REPLAY) != 0))
			trace_created(pkt);
		owners_set(&pkt, 1, OWNER_CREATED);
		loop->counters->created++;
		loop->counters->held++;
	}
	return pkt;
}

/* ---- creation and release: control thread, workers not running ---- */

static bool parts_owe(const struct app_loop *loop)
{
	const struct vnf_worker *worker = &loop->worker->pub;

	for (size_t i = 0; i < VNF_PARTS_MAX && loop->app->parts[i] != NULL; i++) {
		const struct vnf_part *part = loop->app->parts[i];

		if (part->owes != NULL && worker->part[part->slot] != NULL && part->owes(worker))
			return true;
	}
	return false;
}

bool loop_owes(const struct app_loop *loop)
{
	if (loop != NULL && loop->has_parts && parts_owe(loop))
		return true;
	for (uint16_t i = 0; loop != NULL && i < loop->n_handovers; i++)
		if (!rte_ring_empty(loop->handovers[i].ring))
			return true;
	return false;
}

bool loop_in_burst(const struct app_loop *loop, uint16_t *port)
{
	if (loop == NULL || __atomic_load_n(&loop->n_burst, __ATOMIC_RELAXED) == 0)
		return false;
	*port = __atomic_load_n(&loop->burst_port, __ATOMIC_RELAXED);
	return true;
}

/* A ring that all workers but the owner write to, one per queue of a port with too few. */
static struct rte_ring *handover_ring(const struct vnf_port *port, uint16_t queue)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "handover-%u-%u", port->id, queue);
	ring = rte_ring_lookup(name);
	if (ring == NULL)
		ring = rte_ring_create(name, HANDOVER_RING, SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (ring == NULL)
		vnf_error("port \"%s\": no memory for the ring between workers: %s", port->name,
			  rte_strerror(rte_errno));
	return ring;
}

static int batch_init(struct app_loop *loop, struct vnf_port *port)
{
	struct batch *b = &loop->batches[port->id];
	uint16_t id = loop->worker->pub.id;
	uint16_t queue = id % port->n_queues;
	bool crowded = handover_needed(port, loop->worker->pub.count);
	struct rte_ring *ring = NULL;

	if (crowded) {
		ring = handover_ring(port, queue);
		if (ring == NULL)
			return -ENOMEM;
	}
	b->port = port;
	b->counters = &loop->counters->port[port->id];
	b->latency = vnf_worker_latency(&loop->worker->pub, port->id);
	b->frame_max = port->mtu + VNF_FRAME_OVERHEAD;
	b->queue = queue;
	b->handover = id == queue ? NULL : ring;
	if (crowded && id == queue)
		loop->handovers[loop->n_handovers++] = (struct handover){ ring, b, 0 };
	return 0;
}

/* Packets on a ring whose owner has ended. */
static void handover_empty(struct app_loop *loop, const struct handover *h)
{
	struct rte_mbuf *pkt;

	while (rte_ring_dequeue(h->ring, (void **)&pkt) == 0) {
		loop->counters->handed_in++;
		vnf_trace_drop(&loop->worker->pub, &pkt, 1, VNF_DROP_STOPPING, h->batch->port->id);
		drop_count(loop, h->batch->port->id, &pkt, 1, VNF_DROP_STOPPING);
	}
	rte_ring_free(h->ring);
}

void loop_destroy(struct app_loop *loop)
{
	if (loop == NULL)
		return;
	for (uint16_t i = 0; i < loop->n_handovers; i++)
		handover_empty(loop, &loop->handovers[i]);
	free(loop->handovers);
	free(loop->batches);
	free(loop);
}

static bool parts_pass_is_due(const struct vnf_app *app, uint16_t n_workers)
{
	for (size_t i = 0; i < VNF_PARTS_MAX && app->parts[i] != NULL; i++)
		if (app->parts[i]->pass != NULL && (n_workers > 1 || app->parts[i]->pass_alone))
			return true;
	return false;
}

struct app_loop *loop_create(struct vnf *vnf, struct worker *worker, const struct vnf_app *app)
{
	struct app_loop *loop = calloc(1, sizeof(*loop));
	size_t size = vnf->n_ports * sizeof(*loop->batches);

	if (loop == NULL)
		return NULL;
	loop->app = app;
	loop->worker = worker;
	loop->counters = &worker->counters;
	loop->pool = vnf->pool;
	loop->n_ports = vnf->n_ports;
	loop->n_drops = vnf->drops.n;
	loop->has_parts = parts_pass_is_due(app, vnf->n_workers);
	loop->tick_ns = (app->tick_us != 0 ? app->tick_us : 10000) * 1000ULL;
	loop->batches = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	loop->handovers = calloc(vnf->n_ports, sizeof(*loop->handovers));
	if (loop->batches == NULL || loop->handovers == NULL)
		goto fail;
	memset(loop->batches, 0, size);
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (batch_init(loop, &vnf->ports[i].port) < 0)
			goto fail;
	return loop;

fail:
	loop_destroy(loop);
	return NULL;
}
