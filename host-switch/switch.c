/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The data path, from top to bottom in the order a frame passes: receive, classify, learn, look
 * up, deliver or flood, send. Run by each worker on the receive queues that it was given; ends each
 * pass with empty hands.
 *
 * The ledger: a frame received is sent or dropped, once. A flood to n ports makes n - 1 frames more
 * (counted as created, whether copied in memory or not), each sent or dropped like any other.
 */
#include "switch.h"

#include <rte_cycles.h>
#include <rte_pause.h>

#include <vnf/clock.h>
#include <vnf/stage.h>

/* Where a frame goes when it goes to no single port: beyond all port numbers. */
#define TO_ALL 0x10000u
#define TO_DROP(reason) (0x20000u + (reason))
#define TO_DROP_REASON(to) ((to)-TO_DROP(0))
/* The bit of a MAC address, as loaded, that says multicast. */
#define MAC_MULTICAST 1u
/* Addresses of one link's own (IEEE 802.1Q, 8.6.3), as loaded: all but the last four bits. */
#define MAC_LINK_LOCAL 0x0000000000c28001ull
#define MAC_LINK_LOCAL_MASK 0xf0ffffffffffull

const struct vnf_drop hsw_drops[] = {
	{ "no_destination", "no other port to flood it to, or the domain does not flood" },
	{ "hairpin", "its destination is at the port it came from" },
	{ "bad_source", "its source address is zero or a group address" },
	{ "link_local", "its address, 01-80-C2-00-00-00 to -0F, is not for bridges to pass on" },
	{ NULL, NULL },
};

/* Neighbours in a burst with the same two addresses, as table keys: looked up once for them all. */
struct run {
	uint64_t dst;
	uint64_t src;
	struct hsw_fdb_bucket *dst_bucket; /* Where their look-ups begin. */
	struct hsw_fdb_bucket *src_bucket;
	uint32_t first; /* The first of its frames; the last is before the next run's first. */
	uint32_t to;    /* Where they go. */
};

/* A frame's octets 0 to 7 and 4 to 11: both addresses. */
struct head {
	uint64_t low;
	uint64_t high;
};

/* Frames received together. */
struct burst {
	uint16_t n;
	uint32_t shortest; /* Least octets in the first segment of one. */
	uint32_t longest;  /* Most octets of one. */
	uint64_t flags;    /* All that any has in ol_flags. */
	uint64_t bytes;
	struct rte_mbuf *pkts[VNF_BURST_MAX];
};

/* ---- counting drops ---- */

/* Where they came in. */
static void drop_in(struct hsw_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		    uint32_t reason)
{
	vnf_trace_drop_in(w->worker, port, pkts, n, reason);
	w->counters->port[port].drops[reason] += n;
	rte_pktmbuf_free_bulk(pkts, n);
}

/* On their way out of a port. */
static void drop_out(struct hsw_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		     uint32_t reason)
{
	vnf_trace_drop(w->worker, pkts, n, reason, port);
	w->counters->port[port].drops[reason] += n;
	rte_pktmbuf_free_bulk(pkts, n);
}

/* ---- sending ---- */

static uint16_t port_tx(struct hsw_worker *w, const struct hsw_batch *b, struct rte_mbuf **pkts,
			uint16_t n)
{
	const struct vnf_port *port = b->port;
	uint64_t entered = vnf_stage_enter();
	uint16_t sent =
		vnf_port_tx(w->worker, port, b->queue, pkts, n, &w->counters->port[port->id]);

	vnf_stage_leave(VNF_STAGE_TX, entered, sent);
	return sent;
}

/*
 * The port is configured to be waited for (`tx_wait`). Only a port that drains is: one that had no
 * room for all within a whole wait is not waited for again until a batch finds room at once, so
 * that a guest which stopped, or takes a frame now and then, costs its neighbours one wait; and one
 * that drains slowly costs them one `tx_wait` in a pass, however many batches there are.
 */
static uint16_t send_waiting(struct hsw_worker *w, struct hsw_batch *b, struct rte_mbuf **pkts,
			     uint16_t n)
{
	uint64_t end = vnf_clock_now() + b->wait_left_ns;
	uint64_t now;
	uint16_t sent = 0;

	do {
		rte_pause();
		sent += port_tx(w, b, pkts + sent, n - sent);
		now = vnf_clock_now();
	} while (sent < n && now < end);
	b->wait_left_ns = now < end ? end - now : 0;
	b->stalled = sent < n;
	return sent;
}

/* Frames that the port can carry. Returns how many it took. */
static uint16_t fitting_send(struct hsw_worker *w, struct hsw_batch *b, struct rte_mbuf **pkts,
			     uint16_t n)
{
	uint16_t sent;

	if (b->lock != NULL)
		rte_spinlock_lock(b->lock);
	sent = port_tx(w, b, pkts, n);
	if (likely(sent == n))
		b->stalled = false;
	else if (b->wait_ns != 0 && !b->stalled)
		sent += send_waiting(w, b, pkts + sent, n - sent);
	if (b->lock != NULL)
		rte_spinlock_unlock(b->lock);
	vnf_latency_sent(b->latency);
	if (unlikely(sent < n))
		drop_out(w, b->port->id, pkts + sent, n - sent, VNF_DROP_TX_FULL);
	return sent;
}

/* Some of them are too long for the port, or leave open what it does not take. */
static __rte_noinline void odd_send(struct hsw_worker *w, struct hsw_batch *b, uint16_t n)
{
	struct rte_mbuf *fitting[HSW_BATCH];
	struct vnf_fit fit;

	vnf_fit_begin(&fit, w->worker, b->port, b->pkts, n);
	while ((n = vnf_fit_next(&fit, fitting, HSW_BATCH)) > 0)
		if (fitting_send(w, b, fitting, n) == 0)
			vnf_fit_skip(&fit, VNF_DROP_TX_FULL);
}

static uint32_t port_frame_max(const struct vnf_port *port)
{
	return (uint32_t)port->mtu + VNF_FRAME_OVERHEAD;
}

static bool port_sends(const struct vnf_port *port)
{
	return vnf_port_is_up(port) && port->tx != NULL;
}

static void batch_flush(struct hsw_worker *w, struct hsw_batch *b)
{
	const struct vnf_port *port = b->port;
	bool odd = b->longest > port_frame_max(port) || (b->flags & VNF_MAY_BE_OPEN) != 0;
	uint16_t n = b->n;

	if (n == 0)
		return;
	b->n = 0;
	b->longest = 0;
	b->flags = 0;
	if (unlikely(!port_sends(port)))
		drop_out(w, port->id, b->pkts, n, VNF_DROP_PORT_DOWN);
	else if (unlikely(odd))
		odd_send(w, b, n);
	else
		fitting_send(w, b, b->pkts, n);
}

static void flush_all(struct hsw_worker *w)
{
	for (uint16_t i = 0; i < w->n_dirty; i++) {
		struct hsw_batch *b = &w->out[w->dirty[i]];

		batch_flush(w, b);
		b->wait_left_ns = b->wait_ns;
		b->listed = false;
	}
	w->n_dirty = 0;
}

/* `longest` and `flags` may be of more frames than these: they only say whether to look closer. */
static inline void batch_append(struct hsw_worker *w, uint16_t port, struct rte_mbuf **pkts,
				uint16_t n, uint32_t longest, uint64_t flags)
{
	struct hsw_batch *b = &w->out[port];

	if (!b->listed) {
		b->listed = true;
		vnf_latency_queued(b->latency, w->worker->now_ns);
		w->dirty[w->n_dirty++] = port;
	}
	if (unlikely(b->n + n > HSW_BATCH))
		batch_flush(w, b);
	b->longest = RTE_MAX(b->longest, longest);
	b->flags |= flags;
	if (n == 1)
		b->pkts[b->n] = pkts[0];
	else
		memcpy(&b->pkts[b->n], pkts, n * sizeof(*pkts));
	b->n += n;
}

/* ---- flooding ---- */

/*
 * Ports that a flood goes to: those that send copies of their own accord first, the others after
 * them. Ports that are down are no destination.
 */
static uint16_t flood_legs(const struct hsw_worker *w, uint16_t in, const struct hsw_domain *domain,
			   uint16_t *legs)
{
	uint16_t own[VNF_PORTS_MAX];
	uint16_t n = 0, n_own = 0;

	for (uint16_t i = 0; i < domain->n_members; i++) {
		uint16_t id = domain->members[i];
		const struct vnf_port *port = w->out[id].port;

		if (id == in || !port_sends(port))
			continue;
		if (port->tx_copy != NULL)
			legs[n++] = id;
		else
			own[n_own++] = id;
	}
	memcpy(legs + n, own, n_own * sizeof(*own));
	return n + n_own;
}

/* Send the frames and keep them: the port copies them into its ring. A flood waits for nobody. */
static void flood_shared(struct hsw_worker *w, struct hsw_batch *b, struct rte_mbuf **pkts,
			 uint16_t n)
{
	const struct vnf_port *port = b->port;
	struct vnf_port_counters *counters = &w->counters->port[port->id];
	uint32_t max = port_frame_max(port);
	struct rte_mbuf *fit[VNF_BURST_MAX];
	uint16_t n_fit = 0, sent;

	for (uint16_t i = 0; i < n; i++)
		if (likely(pkts[i]->pkt_len <= max))
			fit[n_fit++] = pkts[i];
		else
			vnf_trace_drop(w->worker, &pkts[i], 1, VNF_DROP_TOO_LONG, port->id);
	counters->drops[VNF_DROP_TOO_LONG] += n - n_fit;
	if (n_fit == 0)
		return;
	/* What came before goes before. */
	batch_flush(w, b);
	if (b->lock != NULL)
		rte_spinlock_lock(b->lock);
	sent = vnf_port_tx_copy(w->worker, port, b->queue, fit, n_fit, counters);
	if (b->lock != NULL)
		rte_spinlock_unlock(b->lock);
	if (unlikely(sent < n_fit))
		vnf_trace_drop(w->worker, fit + sent, n_fit - sent, VNF_DROP_TX_FULL, port->id);
	counters->drops[VNF_DROP_TX_FULL] += n_fit - sent;
}

/* Deep copies, never clones: a driver may write into what it sends. */
static void flood_copies(struct hsw_worker *w, uint16_t to, struct rte_mempool *pool,
			 struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(pkts[i], pool, 0, UINT32_MAX);

		if (likely(copy != NULL)) {
			batch_append(w, to, &copy, 1, copy->pkt_len, copy->ol_flags);
			continue;
		}
		vnf_trace_drop(w->worker, &pkts[i], 1, VNF_DROP_NO_MBUF, to);
		w->counters->port[to].drops[VNF_DROP_NO_MBUF]++;
	}
}

/*
 * Frames with work left to do become others at each port, as it can: each leg has its own, the last
 * one the frames themselves. A long frame takes many buffers, so there is one copy at a time.
 */
static void flood_open(struct hsw_worker *w, const struct vnf_port *in, const uint16_t *legs,
		       uint16_t n_legs, struct rte_mbuf **pkts, uint16_t n,
		       const struct burst *burst)
{
	uint16_t last = n_legs - 1;

	for (uint16_t i = 0; i < last; i++)
		for (uint16_t k = 0; k < n; k++) {
			flood_copies(w, legs[i], in->pool, &pkts[k], 1);
			batch_flush(w, &w->out[legs[i]]);
		}
	batch_append(w, legs[last], pkts, n, burst->longest, burst->flags);
}

/* The last leg takes the frames themselves, unless all of them only look at them. */
static __rte_noinline void flood(struct hsw_worker *w, const struct vnf_port *in,
				 const struct hsw_domain *domain, struct rte_mbuf **pkts,
				 uint16_t n, const struct burst *burst)
{
	uint16_t legs[VNF_PORTS_MAX];
	uint16_t n_legs = flood_legs(w, in->id, domain, legs);

	if (n_legs == 0) {
		drop_in(w, in->id, pkts, n, HSW_DROP_NO_DESTINATION);
		return;
	}
	if (unlikely((burst->flags & RTE_MBUF_F_RX_LRO) != 0))
		n = vnf_tso_limit(w->worker, in->id, pkts, n, n_legs);
	if (unlikely(n == 0))
		return;
	vnf_trace(w->worker, pkts, n, VNF_FLOOD);
	w->counters->created += (uint64_t)(n_legs - 1) * n;
	if (unlikely((burst->flags & VNF_MAY_BE_OPEN) != 0)) {
		flood_open(w, in, legs, n_legs, pkts, n, burst);
		return;
	}
	for (uint16_t i = 0; i < n_legs; i++) {
		struct hsw_batch *b = &w->out[legs[i]];

		if (b->port->tx_copy != NULL) {
			flood_shared(w, b, pkts, n);
		} else if (i + 1 < n_legs) {
			flood_copies(w, legs[i], in->pool, pkts, n);
		} else {
			batch_append(w, legs[i], pkts, n, burst->longest, burst->flags);
			return;
		}
	}
	rte_pktmbuf_free_bulk(pkts, n);
}

/* ---- learning: the worker only notices, the control thread writes the table ---- */

/*
 * Each port has its own share of the ring per round, so that a port which invents addresses cannot
 * keep the others' from being learned. A round ends when the control thread has emptied the rings.
 */
static void learner_renew(struct hsw_learner *l, const struct hsw_switch *sw, uint32_t round)
{
	uint16_t n_ports = __atomic_load_n(&sw->n_ports, __ATOMIC_RELAXED);
	uint16_t share = HSW_LEARN_RING / n_ports;

	l->round = round;
	for (uint16_t i = 0; i < n_ports; i++)
		l->tokens[i] = share;
	memset(l->recent, 0, sizeof(l->recent));
}

static void learn_post(struct hsw_worker *w, uint16_t port, const struct run *run)
{
	struct hsw_learner *l = &w->learner;
	uint32_t round = __atomic_load_n(&w->sw->learn_round, __ATOMIC_ACQUIRE);
	/* Distinct for each port that shows the address: moves there and back are all posted. */
	uint64_t seen = run->src + port * 0x9e3779b97f4a7c15ull;
	uint64_t *recent = &l->recent[hsw_fdb_hash(run->src) % HSW_LEARN_RECENT];
	struct hsw_learn_event event = { .key = run->src, .epoch = w->epoch, .port = port };

	if (round != l->round)
		learner_renew(l, w->sw, round);
	if (*recent == seen)
		return;
	if (l->tokens[port] == 0 || rte_ring_sp_enqueue_elem(l->ring, &event, sizeof(event)) != 0) {
		__atomic_store_n(&l->lost, l->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	l->tokens[port]--;
	*recent = seen;
}

/* Once a second for an address that stays, whenever one is new or moves, and for those in their
 * second bucket.
 */
static __rte_noinline void learn_more(struct hsw_worker *w, uint16_t port, const struct run *run)
{
	union hsw_fdb_value value;
	struct hsw_fdb_entry *entry = hsw_fdb_lookup(w->sw->fdb, run->src, run->src_bucket, &value);

	if (entry == NULL || value.port != port)
		learn_post(w, port, run);
	else if (value.epoch != w->epoch)
		hsw_fdb_touch(entry, w->epoch);
}

static inline void learn(struct hsw_worker *w, uint16_t port, const struct run *run,
			 union hsw_fdb_value fresh)
{
	union hsw_fdb_value value;

	if (unlikely(hsw_fdb_probe(run->src_bucket, run->src, &value) == NULL ||
		     value.u64 != fresh.u64))
		learn_more(w, port, run);
}

/* ---- forwarding ---- */

static inline uint32_t lookup(const struct hsw_worker *w, const struct hsw_domain *domain,
			      const struct run *run)
{
	union hsw_fdb_value value;

	if (unlikely((run->dst & MAC_MULTICAST) != 0))
		return (run->dst & MAC_LINK_LOCAL_MASK) == MAC_LINK_LOCAL
			       ? TO_DROP(HSW_DROP_LINK_LOCAL)
			       : TO_ALL;
	if (likely(hsw_fdb_lookup(w->sw->fdb, run->dst, run->dst_bucket, &value) != NULL))
		return value.port;
	return domain->flood ? TO_ALL : TO_DROP(HSW_DROP_NO_DESTINATION);
}

/* Where the frames of a run go: a port, TO_ALL or TO_DROP(). */
static inline uint32_t resolve(struct hsw_worker *w, uint16_t in, const struct hsw_domain *domain,
			       const struct run *run, union hsw_fdb_value fresh)
{
	uint32_t to;

	if (unlikely((run->src & MAC_MULTICAST) != 0 || (run->src & HSW_MAC_MASK) == 0))
		return TO_DROP(HSW_DROP_BAD_SOURCE);
	learn(w, in, run, fresh);
	to = lookup(w, domain, run);
	return likely(to != in) ? to : TO_DROP(HSW_DROP_HAIRPIN);
}

static inline struct head head_load(const uint8_t *octets)
{
	struct head head;

	memcpy(&head.low, octets, sizeof(head.low));
	memcpy(&head.high, octets + 4, sizeof(head.high));
	return head;
}

/* Both addresses as keys of the domain, and the table's lines on their way. */
static inline void run_begin(struct run *run, const struct hsw_fdb *fdb, uint16_t domain,
			     const struct head *head, uint16_t first)
{
	run->dst = hsw_fdb_key(domain, head->low & HSW_MAC_MASK);
	run->src = hsw_fdb_key(domain, head->high >> 16);
	run->dst_bucket = hsw_fdb_prefetch(fdb, run->dst);
	run->src_bucket = hsw_fdb_prefetch(fdb, run->src);
	run->first = first;
}

/* Cut a burst into runs. Returns their number, at least 1. */
static inline uint16_t runs_find(struct run *runs, const struct hsw_fdb *fdb, uint16_t domain,
				 const struct burst *burst)
{
	struct head first = head_load(rte_pktmbuf_mtod(burst->pkts[0], const uint8_t *));
	struct head last = { ~first.low, ~first.high };
	uint16_t i = 0, n = 0;

	/* No burst is empty. */
	do {
		struct head head = head_load(rte_pktmbuf_mtod(burst->pkts[i], const uint8_t *));

		if (likely(head.low == last.low && head.high == last.high))
			continue;
		last = head;
		run_begin(&runs[n++], fdb, domain, &head, i);
	} while (++i < burst->n);
	return n;
}

/* A stretch of the burst, from frame `first` to before `end`, that goes one way. */
static inline void deliver(struct hsw_worker *w, const struct vnf_port *in,
			   const struct hsw_domain *domain, struct burst *burst, uint32_t first,
			   uint32_t end, uint32_t to)
{
	struct rte_mbuf **pkts = &burst->pkts[first];
	uint16_t n = (uint16_t)(end - first);

	if (likely(to < TO_ALL)) {
		vnf_trace(w->worker, pkts, n, VNF_FORWARD(to));
		batch_append(w, (uint16_t)to, pkts, n, burst->longest, burst->flags);
	} else if (to == TO_ALL) {
		flood(w, in, domain, pkts, n, burst);
	} else {
		drop_in(w, in->id, pkts, n, TO_DROP_REASON(to));
	}
}

/* Neighbouring runs that go one way are delivered together. */
static inline void runs_deliver(struct hsw_worker *w, const struct vnf_port *in,
				const struct hsw_domain *domain, struct burst *burst,
				const struct run *runs, uint16_t n)
{
	/* runs_find() made one at least; clang-tidy does not follow the octets it compares. */
	uint32_t first = 0, to = runs[0].to; /* NOLINT(*core.uninitialized.Assign) */

	for (uint16_t r = 1; r < n; r++) {
		if (likely(runs[r].to == to))
			continue;
		deliver(w, in, domain, burst, first, runs[r].first, to);
		first = runs[r].first;
		to = runs[r].to;
	}
	deliver(w, in, domain, burst, first, burst->n, to);
}

static void bridge_burst(struct hsw_worker *w, const struct vnf_port *port,
			 const struct hsw_topology *topology, struct burst *burst)
{
	uint16_t domain_id = topology->attach[port->id].domain;
	const struct hsw_domain *domain = &topology->domains[domain_id];
	union hsw_fdb_value fresh = hsw_fdb_fresh(w->sw->fdb, port->id, w->epoch);
	struct run runs[VNF_BURST_MAX];
	uint16_t n = runs_find(runs, w->sw->fdb, domain_id, burst);

	vnf_stage_end(VNF_STAGE_CLASSIFY, burst->n);
	for (uint16_t r = 0; r < n; r++)
		runs[r].to = resolve(w, port->id, domain, &runs[r], fresh);
	vnf_stage_end(VNF_STAGE_LOOKUP, burst->n);
	runs_deliver(w, port, domain, burst, runs, n);
	vnf_stage_end(VNF_STAGE_ENQUEUE, burst->n);
}

/* ---- receiving ---- */

/* Returns how many remain. */
static uint16_t drop_runts(struct hsw_worker *w, uint16_t in, struct burst *burst)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < burst->n; i++) {
		if (burst->pkts[i]->data_len < RTE_ETHER_HDR_LEN)
			drop_in(w, in, &burst->pkts[i], 1, VNF_DROP_MALFORMED);
		else
			burst->pkts[kept++] = burst->pkts[i];
	}
	burst->n = kept;
	return kept;
}

/* Fetch what will be read of the frames, and take their measure. */
static inline void burst_measure(struct burst *burst)
{
	/* 64 bits wide: of 32 gcc makes vectors, and spills them. */
	uint64_t longest = 0, shortest = UINT64_MAX, bytes = 0, flags = 0;

	for (uint16_t i = 0; i < burst->n; i++) {
		const struct rte_mbuf *pkt = burst->pkts[i];
		uint64_t length = pkt->pkt_len, first = pkt->data_len;

		rte_prefetch0(rte_pktmbuf_mtod(pkt, const void *));
		bytes += length;
		flags |= pkt->ol_flags;
		longest = RTE_MAX(longest, length);
		shortest = RTE_MIN(shortest, first);
	}
	burst->longest = (uint32_t)longest;
	burst->shortest = (uint32_t)shortest;
	burst->flags = flags;
	burst->bytes = bytes;
}

static uint16_t rxq_poll(struct hsw_worker *w, const struct vnf_rxq *rxq,
			 const struct hsw_topology *topology)
{
	const struct vnf_port *port = rxq->port;
	struct vnf_port_counters *counters;
	struct burst burst;
	uint16_t n, wire;
	bool measured;

	if (!vnf_port_is_up(port) || port->rx == NULL || rxq->queue >= port->n_queues) {
		vnf_latency_received(rxq->latency, w->worker->now_ns, 0);
		return 0;
	}
	vnf_stage_begin();
	n = port->rx(port->queue[rxq->queue], burst.pkts, VNF_BURST_MAX);
	measured = vnf_latency_received(rxq->latency, w->worker->now_ns, n);
	if (n == 0)
		return 0;
	vnf_watch_rx(w->worker, port->id, burst.pkts, n);
	burst.n = n;
	vnf_stage_end(VNF_STAGE_RX, n);
	burst_measure(&burst);
	counters = &w->counters->port[port->id];
	counters->rx_packets += n;
	counters->rx_bytes += burst.bytes;
	if (unlikely(burst.shortest < RTE_ETHER_HDR_LEN) && drop_runts(w, port->id, &burst) == 0)
		return n;
	if (unlikely((burst.flags & RTE_MBUF_F_RX_LRO) != 0)) {
		burst.n = vnf_tso_limit(w->worker, port->id, burst.pkts, burst.n, 1);
		if (burst.n == 0)
			return n;
	}
	wire = topology->attach[port->id].wire;
	/* A wire's frames all go to its other end: no address is looked at. */
	if (wire == HSW_NONE) {
		bridge_burst(w, port, topology, &burst);
	} else {
		vnf_stage_end(VNF_STAGE_CLASSIFY, n);
		vnf_trace(w->worker, burst.pkts, burst.n, VNF_FORWARD(wire));
		batch_append(w, wire, burst.pkts, burst.n, burst.longest, burst.flags);
		vnf_stage_end(VNF_STAGE_ENQUEUE, n);
	}
	if (unlikely(measured))
		vnf_latency_handled(rxq->latency, rxq->latency->received_ns, n);
	return n;
}

uint32_t hsw_switch_pass(struct hsw_worker *w, uint64_t now_ns)
{
	uint32_t epoch = (uint32_t)(now_ns / NS_PER_S);
	uint32_t received = 0;

	if (epoch != w->epoch)
		__atomic_store_n(&w->epoch, epoch, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < w->n_rxqs; i++)
		received += rxq_poll(w, &w->rxqs[i], w->topology);
	flush_all(w);
	return received;
}
