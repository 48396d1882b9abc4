/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of steering: a VNF with state, whose results say in which order it saw the packets
 * of a flow. It counts them, in the slot of the flow, and writes the count into each; sends a copy
 * of every fourth; drops every seventh; and keeps every ninth, if it is to, until the next tick,
 * when that comes to its slot once more. Flows go to and fro between `left` and `right`.
 */
#ifndef STEER_SUPPORT_H
#define STEER_SUPPORT_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <vnf/test.h>
#include <vnf/vnf.h>

#include "steer_priv.h"

#define MS UINT64_C(1000000)
#define TALLY_FLOWS 48
#define TALLY_KEPT_MAX 2048

#define TALLY_DROP_SEVENTH VNF_DROP_USER

/* At the front of each packet's payload. */
struct tally_note {
	uint32_t flow;
	uint32_t sequence; /* of its direction, by the test */
	uint32_t count;    /* by the VNF */
	uint8_t again;     /* it was kept */
	uint8_t copy;
	uint8_t from; /* port */
} __rte_packed;

struct tally_slot {
	uint32_t count[TALLY_FLOWS];
	uint32_t n_kept;
	struct rte_mbuf *kept[TALLY_KEPT_MAX];
	uint16_t kept_from[TALLY_KEPT_MAX];
};

static struct tally_slot tally_slots[VNF_SLOTS_MAX];
static bool tally_keeps;
static uint16_t tally_entered_by[VNF_SLOTS_MAX]; /* worker that last entered a slot */
static uint64_t tally_entries[64];               /* by worker */
/* What a test does on each tick of worker 0: there, all workers stand still. */
static void (*tally_hook)(struct vnf_worker *worker);
/* At the end. */
static struct steer_counts tally_counts;
static uint64_t tally_moves;

static inline struct steer *tally_steer(const struct vnf_worker *worker)
{
	return vnf_part_state(worker->vnf, PART_STEER);
}

static inline void tally_copy(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
			      uint32_t note_at)
{
	struct rte_mbuf *own = vnf_packet_alloc(worker);
	struct tally_note *note;

	if (own == NULL)
		return;
	memcpy(rte_pktmbuf_append(own, pkt->data_len), rte_pktmbuf_mtod(pkt, void *),
	       pkt->data_len);
	note = rte_pktmbuf_mtod_offset(own, struct tally_note *, note_at);
	note->copy = 1;
	vnf_send(worker, port, own);
}

/* What is in the slot is ours. */
static inline vnf_verdict_t tally_decide(struct vnf_worker *worker, uint16_t port,
					 struct rte_mbuf *pkt, const struct vnf_headers *h,
					 struct tally_slot *slot)
{
	struct tally_note *note = rte_pktmbuf_mtod_offset(pkt, struct tally_note *, h->payload);

	note->count = ++slot->count[note->flow];
	if (tally_keeps && note->again == 0 && note->count % 9 == 0) {
		note->again = 1;
		slot->kept_from[slot->n_kept] = port;
		slot->kept[slot->n_kept++] = pkt;
		return VNF_TAKEN;
	}
	if (note->count % 4 == 0)
		tally_copy(worker, port, pkt, h->payload);
	return note->count % 7 == 0 ? VNF_DROP(TALLY_DROP_SEVENTH) : VNF_FORWARD(port ^ 1);
}

static inline vnf_verdict_t tally_packet(struct vnf_worker *worker, uint16_t port,
					 struct rte_mbuf *pkt)
{
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h), slot;

	if (bad != 0)
		return VNF_DROP(bad);
	slot = vnf_slot_of_flow(worker, pkt, &h);
	if (!vnf_slot_enter(worker, slot))
		return VNF_TO_SLOT(slot);
	tally_entered_by[slot] = worker->id;
	tally_entries[worker->id]++;
	return tally_decide(worker, port, pkt, &h, &tally_slots[slot]);
}
VNF_PACKET(tally_packet);

static void tally_tick(struct vnf_worker *worker)
{
	uint32_t n = vnf_slot_count(worker->vnf);

	for (uint32_t s = 0; (s = vnf_slot_next(worker, s)) < n; s++) {
		struct tally_slot *slot = &tally_slots[s];

		for (uint32_t i = 0; i < slot->n_kept; i++)
			vnf_slot_send(worker, slot->kept_from[i], slot->kept[i], s);
		slot->n_kept = 0;
	}
	if (tally_hook != NULL && worker->id == 0)
		tally_hook(worker);
}

static void tally_worker_fini(struct vnf_worker *worker)
{
	const struct steer *steer = tally_steer(worker);
	const struct steer_counts *counts = &steer->workers[worker->id].counts;

	for (uint32_t s = 0; (s = vnf_slot_next(worker, s)) < steer->n_slots; s++) {
		struct tally_slot *slot = &tally_slots[s];

		for (uint32_t i = 0; i < slot->n_kept; i++)
			vnf_drop(worker, slot->kept_from[i], slot->kept[i], VNF_DROP_STOPPING);
		slot->n_kept = 0;
	}
	tally_counts.given += counts->given;
	tally_counts.taken += counts->taken;
	tally_counts.full += counts->full;
	tally_counts.parked += counts->parked;
	tally_moves = steer->moves;
}

static const struct vnf_drop tally_drops[] = { { "seventh", "one in seven" }, { NULL, NULL } };

static const struct vnf_app tally_app = {
	VNF_APP("tally"),       .burst = tally_packet_burst,
	.parts = { VNF_STEER }, .stateful = true,
	.drops = tally_drops,   .tick = tally_tick,
	.tick_us = 1000,        .worker_fini = tally_worker_fini,
};

/* ---- packets ---- */

#define TALLY_CONFIG(more)                                                                         \
	more "ports = ( { name = \"left\"; kind = \"null\"; },\n"                                  \
	     "  { name = \"right\"; kind = \"null\"; } );\n"

static struct vnf_test_replay *tally_run;

/* Different in more than is the same in both, so that they come by different queues. */
static inline void tally_ends(uint32_t flow, char ends[2][32])
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t host = i == 0 ? 1 + flow / 2 : 200;

		if (flow % 3 == 0)
			snprintf(ends[i], sizeof(ends[i]), "2001:db8:%x::%x", i, host);
		else
			snprintf(ends[i], sizeof(ends[i]), "10.%u.0.%u", i, host);
	}
}

/* A packet of a flow, every third over IPv6, in one direction. */
static inline void tally_put(uint64_t at_ns, uint32_t flow, bool back, uint32_t sequence)
{
	struct tally_note note = { .flow = flow, .sequence = sequence, .from = back };
	struct vnf_test_packet p;
	char ends[2][32];

	tally_ends(flow, ends);
	vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
	if (flow % 3 == 0)
		vnf_test_ipv6(&p, ends[back], ends[!back]);
	else
		vnf_test_ipv4(&p, ends[back], ends[!back]);
	vnf_test_udp(&p, back ? 53 : (uint16_t)(1000 + flow), back ? (uint16_t)(1000 + flow) : 53);
	vnf_test_bytes(&p, &note, sizeof(note));
	vnf_test_payload(&p, sequence % 50);
	cr_assert_eq(vnf_test_replay_packet(tally_run, back ? "right" : "left", at_ns, &p), 0, "%s",
		     p.failed);
}

/* The note in a frame that came out. */
static inline struct tally_note tally_note_of(const uint8_t *frame)
{
	struct tally_note note;

	memcpy(&note, frame + (frame[12] == 0x86 ? 62 : 42), sizeof(note));
	return note;
}

/* For .fini of a test. */
static inline void tally_end(void)
{
	vnf_test_replay_destroy(tally_run);
	tally_run = NULL;
}

#endif
