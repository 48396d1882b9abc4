/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets that go from worker to worker by their slots. Each worker has a ring to each other one,
 * and one to itself. What its callbacks give is collected, a burst for each ring; what comes on its
 * rings goes through the callback like any burst. Both, and a worker's side of a move, at the end
 * of its pass. Runs on the worker; created and destroyed by the control thread.
 *
 * Ledger: what is collected or parked here is held; the rings are between the workers.
 */

#include "steer_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A packet's port and slot, while it is on its way: after the word of the card's hash. */
static void mark_write(struct rte_mbuf *pkt, uint16_t port, uint32_t slot)
{
	pkt->hash.fdir.hi = (uint32_t)port << 16 | slot;
}

static uint16_t mark_port(const struct rte_mbuf *pkt)
{
	return (uint16_t)(pkt->hash.fdir.hi >> 16);
}

/* Others read what is counted. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void refuse(struct steer_worker *w, struct rte_mbuf *pkt)
{
	count(&w->counts.full, 1);
	vnf_drop(w->worker, mark_port(pkt), pkt, VNF_DROP_STEER_FULL);
}

/* ---- out ---- */

static void out_flush(struct steer_worker *w, struct steer_stage_out *out)
{
	uint32_t n = out->n, put = packet_ring_put(out->ring, out->pkts, n);

	out->n = 0;
	w->n_staged -= n;
	count(&w->counts.given, put);
	part_handed_out(w->worker, put);
	for (uint32_t i = put; i < n; i++)
		refuse(w, out->pkts[i]);
}

static void outs_flush(struct steer_worker *w)
{
	for (uint16_t i = 0; w->n_staged > 0; i++)
		if (w->out[i].n > 0)
			out_flush(w, &w->out[i]);
}

/* The packet pool has a buffer for each place of a ring. So a packet that takes many, one that is
 * yet to be cut, goes on a ring that is nearly empty only; what is about to go there counts.
 */
static bool is_too_much(const struct steer_stage_out *out, const struct rte_mbuf *pkt)
{
	const struct packet_ring *ring = out->ring;

	return unlikely(vnf_is_tso(pkt)) &&
	       packet_ring_written(ring) - packet_ring_read(ring) + out->n > ring->size / 32;
}

static void out_add(struct steer_worker *w, struct steer_stage_out *out, struct rte_mbuf *pkt)
{
	if (is_too_much(out, pkt)) {
		refuse(w, pkt);
		return;
	}
	out->pkts[out->n++] = pkt;
	w->n_staged++;
	if (out->n == VNF_BURST_MAX)
		out_flush(w, out);
}

/* It is on its way to us, and its owner is not yet done with it. */
static void park(struct steer_worker *w, struct rte_mbuf *pkt)
{
	if (w->n_parked == STEER_PARKED_MAX ||
	    (unlikely(vnf_is_tso(pkt)) && w->n_parked > STEER_PARKED_MAX / 32)) {
		refuse(w, pkt);
		return;
	}
	count(&w->counts.parked, 1);
	w->parked[w->n_parked++] = pkt;
}

static void packet_give(struct steer_worker *w, struct rte_mbuf *pkt, uint32_t slot)
{
	uint16_t to = __atomic_load_n(&w->steer->target[slot], __ATOMIC_RELAXED);

	if (w->out[to].ring == w->in[w->worker->id] && !vnf_slot_is_mine(w->worker, slot))
		park(w, pkt);
	else
		out_add(w, &w->out[to], pkt);
}

void steer_packets(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		   uint32_t slot)
{
	struct steer_worker *w = steer_worker_of(worker);

	for (uint16_t i = 0; i < n; i++) {
		mark_write(pkts[i], port, slot);
		packet_give(w, pkts[i], slot);
	}
}

bool steer_may(const struct vnf_worker *worker, uint32_t slot)
{
	return worker->slots != NULL && slot <= worker->slots->mask &&
	       !vnf_slot_is_mine(worker, slot);
}

void vnf_slot_send(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt, uint32_t slot)
{
	if (slot > worker->slots->mask)
		vnf_drop(worker, port, pkt, VNF_DROP_APPLICATION);
	else
		steer_packets(worker, port, &pkt, 1, slot);
}

/* ---- in ---- */

/* Those that came in by one port make a burst. */
static void packets_run(struct steer_worker *w, struct rte_mbuf **pkts, uint32_t n)
{
	for (uint32_t first = 0, i = 1; first < n; first = i++) {
		uint16_t port = mark_port(pkts[first]);

		while (i < n && mark_port(pkts[i]) == port)
			i++;
		for (uint32_t k = first; k < i; k++)
			pkts[k]->hash.fdir.hi = 0;
		loop_burst(w->worker, port, pkts + first, (uint16_t)(i - first));
	}
}

static uint32_t ring_take(struct steer_worker *w, struct packet_ring *ring)
{
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	uint32_t n = packet_ring_take(ring, pkts, VNF_BURST_MAX);

	if (n == 0)
		return 0;
	count(&w->counts.taken, n);
	part_handed_in(w->worker, n);
	for (uint32_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	packets_run(w, pkts, n);
	return n;
}

/* ---- a move ---- */

static bool rings_are_read(struct steer_worker *w)
{
	for (uint16_t i = 0; i < w->steer->n_workers; i++)
		if ((int32_t)(w->until[i] - packet_ring_read(w->in[i])) > 0)
			return false;
	return true;
}

static void turn_pass(struct steer *s, enum steer_stage stage, uint16_t worker)
{
	/* What was done in the slot is seen by whose turn it is, who acquires. */
	__atomic_store_n(&s->stage, steer_turn(stage, worker), __ATOMIC_RELEASE);
}

/* A worker that is online may still send to us in the pass that it is in. In a replay nobody is,
 * but a move takes time there too: until the control thread's next turn.
 */
static bool all_have_seen(const struct steer_worker *w)
{
	if (clock_is_virtual())
		return w->steer->seen;
	return workers_have_passed(w->worker->vnf, w->steer->token);
}

static void slot_send(struct steer_worker *w)
{
	if (!all_have_seen(w))
		return;
	for (uint16_t i = 0; i < w->steer->n_workers; i++)
		w->until[i] = packet_ring_written(w->in[i]);
	turn_pass(w->steer, STEER_LEAVING, w->worker->id);
}

static void slot_leave(struct steer_worker *w)
{
	struct steer *s = w->steer;

	if (!rings_are_read(w))
		return;
	w->pub.mine[s->slot] = 0;
	w->pub.n_mine--;
	w->pub.changes++;
	turn_pass(s, STEER_LEFT, w->worker->id);
}

/* A pass later: its last packets have gone to their ports, or to the rings of those who own the
 * queues, so nothing that the new owner sends is before them.
 */
static void slot_give(struct steer_worker *w)
{
	struct steer *s = w->steer;

	__atomic_store_n(&s->holder[s->slot], s->to, __ATOMIC_RELAXED);
	turn_pass(s, STEER_TAKING, s->to);
}

static uint32_t slot_take(struct steer_worker *w)
{
	struct steer *s = w->steer;
	uint32_t n = w->n_parked;

	/* They may lie on our own rings for the queues that we own. */
	if (!w->taking)
		loop_handovers_mark(w->worker);
	w->taking = !loop_handovers_passed(w->worker);
	if (w->taking)
		return 0;
	w->pub.mine[s->slot] = 1;
	w->pub.n_mine++;
	w->pub.changes++;
	/* What is given to us from here on is not parked any more. */
	w->n_parked = 0;
	for (uint32_t i = 0; i < n; i += VNF_BURST_MAX)
		packets_run(w, w->parked + i, RTE_MIN(n - i, (uint32_t)VNF_BURST_MAX));
	/* Pairs with the acquire in steer_move_begin(). */
	__atomic_store_n(&s->stage, STEER_NONE, __ATOMIC_RELEASE);
	return n;
}

static bool move_is_ours(const struct steer_worker *w, uint32_t turn)
{
	return turn != STEER_NONE && turn >> STEER_STAGE_BITS == w->worker->id;
}

static uint32_t move_go_on(struct steer_worker *w)
{
	uint32_t turn = __atomic_load_n(&w->steer->stage, __ATOMIC_ACQUIRE);

	if (likely(turn == STEER_NONE) || !move_is_ours(w, turn))
		return 0;
	switch (turn & ((1u << STEER_STAGE_BITS) - 1)) {
	case STEER_SENDING:
		slot_send(w);
		return 0;
	case STEER_LEAVING:
		slot_leave(w);
		return 0;
	case STEER_LEFT:
		slot_give(w);
		return 0;
	default:
		return slot_take(w);
	}
}

uint32_t steer_pass(struct vnf_worker *worker)
{
	struct steer_worker *w = steer_worker_of(worker);
	uint32_t n = 0;

	outs_flush(w);
	for (uint16_t i = 0; i < w->steer->n_workers; i++)
		n += ring_take(w, w->in[i]);
	n += move_go_on(w);
	outs_flush(w);
	return n;
}

bool steer_owes(const struct vnf_worker *worker)
{
	const struct steer_worker *w = steer_worker_of(worker);
	uint32_t turn;

	for (uint16_t i = 0; i < w->steer->n_workers; i++)
		if (packet_ring_written(w->in[i]) != packet_ring_read(w->in[i]))
			return true;
	turn = __atomic_load_n(&w->steer->stage, __ATOMIC_ACQUIRE);
	return move_is_ours(w, turn) &&
	       (turn != steer_turn(STEER_SENDING, worker->id) || all_have_seen(w));
}

/* ---- creation and release: control thread ---- */

static void drop_all(struct steer_worker *w, struct rte_mbuf **pkts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		vnf_drop(w->worker, mark_port(pkts[i]), pkts[i], VNF_DROP_STOPPING);
}

void steer_worker_drop(struct steer_worker *w)
{
	struct rte_mbuf *pkts[VNF_BURST_MAX];
	uint32_t n;

	for (uint16_t i = 0; i < w->steer->n_workers; i++) {
		while ((n = packet_ring_take(w->in[i], pkts, VNF_BURST_MAX)) > 0) {
			part_handed_in(w->worker, n);
			drop_all(w, pkts, n);
		}
		drop_all(w, w->out[i].pkts, w->out[i].n);
		w->out[i].n = 0;
	}
	drop_all(w, w->parked, w->n_parked);
	w->n_parked = 0;
	w->n_staged = 0;
}

int steer_worker_create(struct steer *steer, uint16_t id, uint32_t ring)
{
	struct steer_worker *w = &steer->workers[id];
	uint32_t n_slots = steer->n_slots;

	w->steer = steer;
	w->pub.mask = n_slots - 1;
	w->pub.mine = calloc(n_slots, sizeof(*w->pub.mine));
	w->pub.packets = calloc(n_slots, sizeof(*w->pub.packets));
	w->in = calloc(steer->n_workers, sizeof(struct packet_ring *));
	w->out = calloc(steer->n_workers, sizeof(*w->out));
	w->until = calloc(steer->n_workers, sizeof(*w->until));
	w->parked = calloc(STEER_PARKED_MAX, sizeof(struct rte_mbuf *));
	if (w->pub.mine == NULL || w->pub.packets == NULL || w->in == NULL || w->out == NULL ||
	    w->until == NULL || w->parked == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < steer->n_workers; i++) {
		w->in[i] = packet_ring_create(ring);
		if (w->in[i] == NULL)
			return -ENOMEM;
	}
	for (uint32_t s = 0; s < n_slots; s++)
		w->pub.mine[s] = steer->holder[s] == id;
	for (uint32_t s = 0; s < n_slots; s++)
		w->pub.n_mine += w->pub.mine[s];
	return 0;
}

void steer_worker_destroy(struct steer_worker *w)
{
	for (uint16_t i = 0; w->in != NULL && i < w->steer->n_workers; i++)
		packet_ring_destroy(w->in[i]);
	free(w->parked);
	free(w->until);
	free(w->out);
	free(w->in);
	free(w->pub.packets);
	free(w->pub.mine);
}
