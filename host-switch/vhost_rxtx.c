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

/* Requests to the NIC that a frame may carry; the guest was not offered any of them. */
#define OFFLOADS RTE_MBUF_F_TX_OFFLOAD_MASK

/* ---- from the guest ---- */

static uint16_t ring_receive(int vid, uint32_t ring, struct rte_mempool *pool,
			     struct rte_mbuf **pkts, uint16_t n)
{
	uint64_t entered = vnf_stage_enter();
	uint16_t got = rte_vhost_dequeue_burst(vid, (uint16_t)ring, pool, pkts, n);

	if (got != 0)
		vnf_stage_leave(VNF_STAGE_RX_LIBRARY, entered, got);
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

		got += ring_receive(vid, ring, q->vhost->pool, pkts + got, n - got);
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
		return ring_receive(vid, (uint32_t)__builtin_ctz(rings), v->pool, pkts, n);
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
static uint16_t ring_send(const struct target *to, uint32_t ring, struct rte_mbuf **pkts,
			  uint16_t n)
{
	uint64_t entered = vnf_stage_enter();
	uint16_t sent = 0, chunk, k;

	do {
		chunk = (uint16_t)RTE_MIN((uint32_t)n - sent, to->burst);
		k = rte_vhost_enqueue_burst(to->vid, (uint16_t)ring, pkts + sent, chunk);
		sent += k;
	} while (k == chunk && sent < n);
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
	uint8_t ring[VNF_QUEUES_MAX];
	uint16_t n[VNF_QUEUES_MAX];
	struct rte_mbuf *pkts[VNF_QUEUES_MAX][SPREAD_MAX];
};

static void spread_fill(struct spread *s, uint32_t rings, struct rte_mbuf **pkts, uint16_t n)
{
	s->n_rings = 0;
	memset(s->n, 0, sizeof(s->n));
	for (; rings != 0; rings &= rings - 1)
		s->ring[s->n_rings++] = (uint8_t)__builtin_ctz(rings);
	for (uint16_t i = 0; i < n; i++) {
		uint32_t hash = hsw_flow_hash(rte_pktmbuf_mtod(pkts[i], const uint8_t *),
					      pkts[i]->data_len);
		uint32_t r = hash % s->n_rings;

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
			sent = ring_send(to, s.ring[r], s.pkts[r], s.n[r]);
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

/* The flags that any of the frames has, and the octets of all. */
static uint64_t frames_measure(struct rte_mbuf **pkts, uint16_t n, uint64_t *bytes)
{
	uint64_t flags = 0, sum = 0;

	for (uint16_t i = 0; i < n; i++) {
		flags |= pkts[i]->ol_flags;
		sum += pkts[i]->pkt_len;
	}
	*bytes = sum;
	return flags;
}

/* To the only ring, with the octets of all n known. Returns frames sent; they are still ours. */
static uint16_t send_counted(const struct target *to, struct rte_mbuf **pkts, uint16_t n,
			     uint64_t bytes, struct vnf_port_counters *counters)
{
	uint16_t sent = ring_send(to, (uint32_t)__builtin_ctz(to->rings), pkts, n);

	for (uint16_t i = sent; i < n; i++)
		bytes -= pkts[i]->pkt_len;
	counters->tx_packets += sent;
	counters->tx_bytes += bytes;
	return sent;
}

/*
 * librte_vhost would pass the request on without asking whether the guest agreed to it. Moves the
 * frames that have none to the front and returns their number; the others are dropped.
 */
static uint16_t drop_offloads(struct rte_mbuf **pkts, uint16_t n, struct rte_mbuf **plain,
			      bool keep, struct vnf_port_counters *counters)
{
	uint16_t n_plain = 0;

	for (uint16_t i = 0; i < n; i++) {
		if ((pkts[i]->ol_flags & OFFLOADS) == 0)
			plain[n_plain++] = pkts[i];
		else
			drop_all(&pkts[i], 1, keep, VNF_DROP_UNSUPPORTED_OFFLOAD, counters);
	}
	return n_plain;
}

/* Up to SPREAD_MAX frames to give away; the rest that finds no room ends up at the end of pkts. */
static uint16_t tx_some(const struct target *to, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters)
{
	struct rte_mbuf *left[SPREAD_MAX];
	uint16_t sent, n_left, n_plain = n;
	uint64_t bytes;

	if (unlikely((frames_measure(pkts, n, &bytes) & OFFLOADS) != 0)) {
		n_plain = drop_offloads(pkts, n, left, false, counters);
		memcpy(pkts + n - n_plain, left, n_plain * sizeof(*pkts));
		pkts += n - n_plain;
		frames_measure(pkts, n_plain, &bytes);
	}
	if (likely((to->rings & (to->rings - 1)) == 0)) {
		sent = send_counted(to, pkts, n_plain, bytes, counters);
		if (likely(sent != 0))
			hsw_free_sent(pkts, sent);
		n_left = n_plain - sent;
	} else {
		n_left = spread_send(to, pkts, n_plain, left, false, counters);
		memcpy(pkts + n_plain - n_left, left, n_left * sizeof(*pkts));
	}
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
	struct rte_mbuf *plain[SPREAD_MAX];
	struct rte_mbuf *left[SPREAD_MAX];
	uint16_t n_left;
	uint64_t bytes;

	if (unlikely((frames_measure(pkts, n, &bytes) & OFFLOADS) != 0)) {
		n = drop_offloads(pkts, n, plain, true, counters);
		pkts = plain;
		frames_measure(pkts, n, &bytes);
	}
	if (likely((to->rings & (to->rings - 1)) == 0)) {
		n_left = n - send_counted(to, pkts, n, bytes, counters);
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
