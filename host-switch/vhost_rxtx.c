/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Frames between workers and a guest's rings. librte_vhost copies in both directions, so a frame
 * that was sent is still the sender's. It locks each ring by itself: any number of workers may send
 * to one guest. Workers only.
 *
 * What librte_vhost itself drops on the way from the guest (a chain longer than our buffers or
 * shorter than its header, or not in the guest's memory) it counts nowhere; such a frame was never
 * received, and is in no counter of ours.
 *
 * What a frame leaves open the guest has agreed to take: vnf_fit_next() sees to that. librte_vhost
 * would not ask.
 *
 * A ring's number in the protocol is seen from the guest: we send into its rx rings, 0, 2, 4 ...,
 * and receive from its tx rings, 1, 3, 5 ...
 */
#include "port_vhost.h"

#include <rte_vhost.h>

#include <vnf/stage.h>

#include "flow_hash.h"

/* The guest's rx rings in a ring mask. */
#define RX_RINGS 0x5555u
/* Frames spread over several rings at a time. */
#define SPREAD_MAX 64

/* ---- from the guest ---- */

/* librte_vhost believes a guest that its frame is to be cut if any offload was agreed. */
static void lies_strip(struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (unlikely((pkts[i]->ol_flags & RTE_MBUF_F_RX_LRO) != 0))
			pkts[i]->ol_flags &= ~RTE_MBUF_F_RX_LRO;
}

static uint16_t ring_receive(const struct hsw_vhost *v, int vid, uint32_t ring,
			     struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t entered = vnf_stage_enter();
	uint16_t got = 0, chunk, k;

	do {
		chunk = (uint16_t)RTE_MIN((uint32_t)n - got, v->rx_burst);
		k = rte_vhost_dequeue_burst(vid, (uint16_t)ring, v->pool, pkts + got, chunk);
		got += k;
	} while (unlikely(k == v->rx_burst && got < n));
	if (got == 0)
		return 0;
	vnf_stage_leave(VNF_STAGE_RX_LIBRARY, entered, got);
	if (unlikely(v->lies != 0))
		lies_strip(pkts, got);
	return got;
}

/* Several rings: begin with the one after the last, so that a busy one does not hide the others. */
static uint16_t rx_in_turn(struct hsw_vhost_queue *q, int vid, uint32_t rings,
			   struct rte_mbuf **pkts, uint16_t n)
{
	uint32_t above = rings & ~((2u << q->turn) - 1);
	uint16_t got = 0;

	for (uint32_t left = rings; left != 0 && got < n;) {
		uint32_t ring = (uint32_t)__builtin_ctz(above != 0 ? above : left);

		got += ring_receive(q->vhost, vid, ring, pkts + got, n - got);
		above &= ~(1u << ring);
		left &= ~(1u << ring);
		q->turn = ring;
	}
	return got;
}

/*
 * We poll: a guest that writes to a descriptor after each burst to wake us spends a system call,
 * or an exit of its virtual machine, on nothing. To be told again whenever a ring was enabled; and
 * by a worker, since only workers may use the device's number at any time. Each ring is told once:
 * one that cannot be told, because its memory is not the guest's, is not polled either.
 */
static __rte_noinline void silence(struct hsw_vhost *v, int vid, uint32_t rings)
{
	__atomic_fetch_and(&v->loud, ~rings, __ATOMIC_RELAXED);
	for (; rings != 0; rings &= rings - 1)
		rte_vhost_enable_guest_notification(vid, (uint16_t)__builtin_ctz(rings), 0);
}

uint16_t hsw_vhost_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct hsw_vhost_queue *q = queue;
	struct hsw_vhost *v = q->vhost;
	int vid = __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE);
	uint32_t enabled, rings, loud;

	if (vid < 0)
		return 0;
	enabled = __atomic_load_n(&v->rings, __ATOMIC_RELAXED);
	rings = enabled & q->rings;
	/* Of each pair both rings. */
	loud = __atomic_load_n(&v->loud, __ATOMIC_RELAXED) & enabled & (q->rings | q->rings >> 1);
	if (unlikely(loud != 0))
		silence(v, vid, loud);
	if (rings == 0)
		return 0;
	if (likely((rings & (rings - 1)) == 0))
		return ring_receive(v, vid, (uint32_t)__builtin_ctz(rings), pkts, n);
	return rx_in_turn(q, vid, rings, pkts, n);
}

/* ---- to the guest ---- */

/* Where a guest's frames go. */
struct target {
	int vid;
	uint32_t rings; /* Its rx rings in use, as a bit mask; 0: nobody takes a frame. */
	uint32_t burst; /* Frames at once. */
};

/* Returns frames that found room; they are still ours. */
static uint16_t ring_enqueue(const struct target *to, uint32_t ring, struct rte_mbuf **pkts,
			     uint16_t n)
{
	uint16_t sent = 0, chunk, k;

	do {
		chunk = (uint16_t)RTE_MIN((uint32_t)n - sent, to->burst);
		k = rte_vhost_enqueue_burst(to->vid, (uint16_t)ring, pkts + sent, chunk);
		sent += k;
	} while (k == chunk && sent < n);
	return sent;
}

/*
 * A frame that the guest is to cut. Its checksum field holds the sum of the pseudo header with the
 * length, as virtio wants it (1.2, 5.1.6.2) and Linux needs it to cut the frame for another
 * machine. librte_vhost would write the sum without the length there, as network cards want it
 * (rte_net_intel_cksum_prepare()), but leaves a packet alone whose headers do not lie in one
 * buffer. So they are put into two while it copies them.
 */
static uint16_t tso_enqueue(const struct target *to, uint32_t ring, struct rte_mbuf *pkt)
{
	uint16_t first = (uint16_t)(pkt->l2_len + pkt->l3_len + pkt->l4_len - 1u);
	struct rte_mbuf head = *pkt, *pkts[] = { &head };
	uint16_t sent;

	head.data_len = first;
	head.next = pkt;
	head.nb_segs++;
	pkt->data_off = (uint16_t)(pkt->data_off + first);
	pkt->data_len = (uint16_t)(pkt->data_len - first);
	sent = rte_vhost_enqueue_burst(to->vid, (uint16_t)ring, pkts, 1);
	pkt->data_off = (uint16_t)(pkt->data_off - first);
	pkt->data_len = (uint16_t)(pkt->data_len + first);
	return sent;
}

/* Frames some of which are yet to be cut, in order. */
static __rte_noinline uint16_t ring_send_tso(const struct target *to, uint32_t ring,
					     struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = 0;

	while (sent < n) {
		uint16_t run = 0, k;

		while (sent + run < n && !vnf_is_tso(pkts[sent + run]))
			run++;
		k = run != 0 ? ring_enqueue(to, ring, pkts + sent, run)
			     : tso_enqueue(to, ring, pkts[sent]);
		sent += k;
		if (k == 0 || k < run)
			break;
	}
	return sent;
}

/* `flags`: of all frames' ol_flags. Returns frames that found room; they are still ours. */
static uint16_t ring_send(const struct target *to, uint32_t ring, struct rte_mbuf **pkts,
			  uint16_t n, uint64_t flags)
{
	uint64_t entered = vnf_stage_enter();
	uint16_t sent = likely((flags & RTE_MBUF_F_TX_TCP_SEG) == 0)
				? ring_enqueue(to, ring, pkts, n)
				: ring_send_tso(to, ring, pkts, n);

	vnf_stage_leave(VNF_STAGE_TX_LIBRARY, entered, sent);
	return sent;
}

/*
 * Frames that librte_vhost has copied. Nearly always all are of one pool, each in one buffer that
 * nobody else holds: these go back together, and their second cache line is not touched.
 */
void hsw_free_sent(struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mempool *pool = pkts[0]->pool;
	uint64_t odd = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *pkt = pkts[i];

		odd |= (uintptr_t)pkt->pool ^ (uintptr_t)pool;
		odd |= pkt->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
		odd |= (uint64_t)(pkt->nb_segs ^ 1) | (uint64_t)(rte_mbuf_refcnt_read(pkt) ^ 1);
	}
	if (likely(odd == 0))
		rte_mempool_put_bulk(pool, (void *const *)pkts, n);
	else
		rte_pktmbuf_free_bulk(pkts, n);
}

/* Frames sorted by the ring they go to. */
struct spread {
	uint16_t n_rings;
	uint64_t flags; /* Of all frames' ol_flags. */
	uint8_t ring[VNF_QUEUES_MAX];
	uint16_t n[VNF_QUEUES_MAX];
	struct rte_mbuf *pkts[VNF_QUEUES_MAX][SPREAD_MAX];
};

static void spread_fill(struct spread *s, uint32_t rings, struct rte_mbuf **pkts, uint16_t n)
{
	s->n_rings = 0;
	s->flags = 0;
	memset(s->n, 0, sizeof(s->n));
	for (; rings != 0; rings &= rings - 1)
		s->ring[s->n_rings++] = (uint8_t)__builtin_ctz(rings);
	for (uint16_t i = 0; i < n; i++) {
		uint32_t hash = hsw_flow_hash(rte_pktmbuf_mtod(pkts[i], const uint8_t *),
					      pkts[i]->data_len);
		uint32_t r = hash % s->n_rings;

		s->flags |= pkts[i]->ol_flags;
		s->pkts[r][s->n[r]++] = pkts[i];
	}
}

/*
 * Up to SPREAD_MAX frames over all rings. Those that found no room are gathered in `left`, in order
 * within each ring; returns their number.
 */
static uint16_t spread_send(const struct target *to, struct rte_mbuf **pkts, uint16_t n,
			    struct rte_mbuf **left, bool keep, struct vnf_port_counters *counters)
{
	struct spread s;
	uint16_t n_left = 0;

	spread_fill(&s, to->rings, pkts, n);
	for (uint16_t r = 0; r < s.n_rings; r++) {
		uint16_t sent = 0;

		if (s.n[r] != 0)
			sent = ring_send(to, s.ring[r], s.pkts[r], s.n[r], s.flags);
		vnf_count_tx(counters, s.pkts[r], sent);
		/* spread_fill() wrote n[r] of them; clang-tidy does not follow the indices. */
		for (uint16_t i = sent; i < s.n[r]; i++)
			left[n_left++] = s.pkts[r][i]; /* NOLINT(*core.uninitialized.Assign) */
		if (!keep && sent != 0)
			hsw_free_sent(s.pkts[r], sent);
	}
	return n_left;
}

static uint16_t drop_all(struct rte_mbuf **pkts, uint16_t n, bool keep, uint32_t reason,
			 struct vnf_port_counters *counters)
{
	vnf_port_drop(counters, pkts, n, reason);
	if (!keep)
		rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static struct target target_of(const struct hsw_vhost *v)
{
	struct target to = { .vid = __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE) };

	if (to.vid >= 0)
		to.rings = __atomic_load_n(&v->rings, __ATOMIC_RELAXED) & RX_RINGS;
	to.burst = v->burst;
	return to;
}

/* To the only ring. Returns frames sent; they are still ours. */
static uint16_t send_counted(const struct target *to, struct rte_mbuf **pkts, uint16_t n,
			     struct vnf_port_counters *counters)
{
	uint64_t bytes = 0, flags = 0;
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++) {
		flags |= pkts[i]->ol_flags;
		bytes += pkts[i]->pkt_len;
	}
	sent = ring_send(to, (uint32_t)__builtin_ctz(to->rings), pkts, n, flags);
	for (uint16_t i = sent; i < n; i++)
		bytes -= pkts[i]->pkt_len;
	counters->tx_packets += sent;
	counters->tx_bytes += bytes;
	return sent;
}

/* Up to SPREAD_MAX frames to give away; the rest that finds no room ends up at the end of pkts. */
static uint16_t tx_some(const struct target *to, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters)
{
	struct rte_mbuf *left[SPREAD_MAX];
	uint16_t sent, n_left;

	if (likely((to->rings & (to->rings - 1)) == 0)) {
		sent = send_counted(to, pkts, n, counters);
		if (likely(sent != 0))
			hsw_free_sent(pkts, sent);
		return sent;
	}
	n_left = spread_send(to, pkts, n, left, false, counters);
	memcpy(pkts + n - n_left, left, n_left * sizeof(*pkts));
	return n - n_left;
}

uint16_t hsw_vhost_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
		      struct vnf_port_counters *counters)
{
	const struct hsw_vhost_queue *q = queue;
	struct target to = target_of(q->vhost);
	uint16_t done = 0, chunk, k;

	if (unlikely(to.rings == 0))
		return drop_all(pkts, n, false, VNF_DROP_PORT_DOWN, counters);
	do {
		chunk = RTE_MIN(n - done, SPREAD_MAX);
		k = tx_some(&to, pkts + done, chunk, counters);
		done += k;
	} while (k == chunk && done < n);
	return done;
}

/* The same without giving anything away, and without a second chance: a flood waits for nobody. */
static void copy_some(const struct target *to, struct rte_mbuf **pkts, uint16_t n,
		      struct vnf_port_counters *counters)
{
	struct rte_mbuf *left[SPREAD_MAX];
	uint16_t n_left;

	if (likely((to->rings & (to->rings - 1)) == 0)) {
		n_left = n - send_counted(to, pkts, n, counters);
		pkts += n - n_left;
	} else {
		n_left = spread_send(to, pkts, n, left, true, counters);
		pkts = left;
	}
	if (unlikely(n_left != 0))
		vnf_port_drop(counters, pkts, n_left, VNF_DROP_TX_FULL);
}

uint16_t hsw_vhost_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			   struct vnf_port_counters *counters)
{
	const struct hsw_vhost_queue *q = queue;
	struct target to = target_of(q->vhost);

	if (unlikely(to.rings == 0))
		return drop_all(pkts, n, true, VNF_DROP_PORT_DOWN, counters);
	for (uint16_t done = 0; done < n; done += SPREAD_MAX)
		copy_some(&to, pkts + done, RTE_MIN(n - done, SPREAD_MAX), counters);
	return n;
}
