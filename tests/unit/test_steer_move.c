/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Slots that move while packets flow, in a replay: each flow comes out as if nothing moved, what
 * waits for its slot comes first and in order, and nothing is lost but what no longer fits, which
 * is counted. The test has the control thread's part on the tick of worker 0.
 */
#include "steer_support.h"

#include <stdlib.h>

#include "replay_input.h"

#define TWO TALLY_CONFIG("workers = 2;")
#define FLOW_PACKETS 100

/* ---- moves ---- */

static uint32_t begun;

/* To the next worker; false: another slot moves. */
static bool move(struct vnf_worker *worker, uint32_t slot)
{
	struct steer *steer = tally_steer(worker);
	uint16_t to = (uint16_t)((steer->holder[slot] + 1) % steer->n_workers);

	if (steer_move_begin(worker->vnf, steer, slot, to) < 0)
		return false;
	begun++;
	return true;
}

/* One slot after the other, all of them again and again. */
static void move_all(struct vnf_worker *worker)
{
	if (move(worker, begun % tally_steer(worker)->n_slots))
		cr_assert_eq(move(worker, 0), false, "two move at a time");
}

static void play(void)
{
	cr_assert_eq(vnf_test_replay_run(tally_run), 0);
	cr_assert_eq(vnf_test_replay_counter(tally_run, NULL, "held"), 0);
	cr_assert_eq(vnf_test_replay_counter(tally_run, NULL, "balance"), 0);
}

static void begin(const char *config)
{
	tally_run = vnf_test_replay_create(&tally_app, config);
}

/* Packets of all flows in turn, in both directions. */
static void flows_put(uint64_t pause_ns)
{
	for (uint32_t i = 0; i < FLOW_PACKETS; i++)
		for (uint32_t flow = 0; flow < TALLY_FLOWS; flow++)
			tally_put((i * TALLY_FLOWS + flow) * pause_ns, flow, (i + flow) % 3 == 0,
				  i);
}

/* ---- what came out ---- */

/* Numbers of packets that came out, in order, by flow and port. */
struct seen {
	uint32_t n;
	struct tally_note note[2 * FLOW_PACKETS];
};

static struct seen seen[TALLY_FLOWS][2];

static void frames_sort(void)
{
	static const char *const ports[] = { "left", "right" };
	const uint8_t *f;

	for (size_t port = 0; port < 2; port++)
		for (size_t i = 0;
		     (f = vnf_test_replay_frame(tally_run, ports[port], i, NULL, NULL)) != NULL;
		     i++) {
			struct tally_note note = tally_note_of(f);
			struct seen *s = &seen[note.flow][port];

			cr_assert_lt(note.flow, TALLY_FLOWS);
			cr_assert_lt(s->n, RTE_DIM(s->note));
			s->note[s->n++] = note;
		}
}

/* What one port must have sent of a flow, which had one worker's hands after the other's. */
static void flow_is_whole(uint32_t flow)
{
	uint32_t at[2] = { 0, 0 };

	for (uint32_t i = 0; i < FLOW_PACKETS; i++) {
		uint32_t count = i + 1;
		uint8_t from = (i + flow) % 3 == 0, to = !from;

		if (count % 4 == 0) {
			const struct tally_note *n = &seen[flow][from].note[at[from]++];

			cr_assert(n->copy == 1 && n->sequence == i && n->count == count,
				  "flow %u, copy of %u: %u, %u", flow, i, n->sequence, n->count);
		}
		if (count % 7 != 0) {
			const struct tally_note *n = &seen[flow][to].note[at[to]++];

			cr_assert(n->copy == 0 && n->sequence == i && n->count == count,
				  "flow %u, packet %u: %u, counted as %u", flow, i, n->sequence,
				  n->count);
		}
	}
	cr_assert_eq(at[0], seen[flow][0].n, "flow %u", flow);
	cr_assert_eq(at[1], seen[flow][1].n, "flow %u", flow);
}

static void all_is_whole(void)
{
	frames_sort();
	for (uint32_t flow = 0; flow < TALLY_FLOWS; flow++)
		flow_is_whole(flow);
	cr_assert_eq(tally_counts.full, 0);
	cr_assert_eq(tally_counts.given, tally_counts.taken);
}

/* ---- while packets flow ---- */

Test(steer_move, without_one_the_flows_are_whole, .fini = tally_end)
{
	begin(TWO);
	flows_put(50000);
	play();
	all_is_whole();
	cr_assert_eq(tally_moves, 0);
	cr_assert_eq(tally_counts.parked, 0);
}

static void to_and_fro(const char *config, uint64_t pause_ns)
{
	begin(config);
	tally_hook = move_all;
	flows_put(pause_ns);
	play();
	all_is_whole();
	cr_assert_eq(tally_moves, begun);
	cr_assert_gt(tally_counts.parked, 0, "none had to wait");
}

/* Each of the 64 slots leaves twice and more, while 20 packets a tick come. */
Test(steer_move, all_slots_to_and_fro_between_two, .fini = tally_end)
{
	to_and_fro(TWO, 50000);
	cr_assert_gt(begun, 2 * 64);
}

Test(steer_move, all_slots_around_among_four, .fini = tally_end)
{
	to_and_fro(TALLY_CONFIG("workers = 4;"), 100000);
	cr_assert_gt(begun, 3 * 64);
}

/* Many at one time, so that rings and bursts are full. */
Test(steer_move, few_slots_with_many_packets, .fini = tally_end)
{
	begin(TALLY_CONFIG("workers = 3; steering: { slots = 4; };"));
	tally_hook = move_all;
	for (uint32_t i = 0; i < FLOW_PACKETS; i++)
		for (uint32_t flow = 0; flow < TALLY_FLOWS; flow++)
			tally_put(i * MS / 2, flow, (i + flow) % 3 == 0, i);
	play();
	all_is_whole();
	cr_assert_gt(tally_counts.parked, 100);
	cr_assert_geq(begun, 20);
}

/* Packets that wait in a slot go with it, and are given on by its new owner. */
Test(steer_move, what_a_slot_keeps_moves_with_it, .fini = tally_end)
{
	uint32_t n = 0;

	begin(TWO);
	tally_hook = move_all;
	tally_keeps = true;
	flows_put(50000);
	cr_assert_eq(vnf_test_replay_option(tally_run, "--until=+50ms"), 0);
	play();
	frames_sort();
	/* A packet that was kept counts twice, the second time as no other. */
	for (uint32_t flow = 0; flow < TALLY_FLOWS; flow++)
		for (size_t port = 0; port < 2; port++)
			for (uint32_t i = 0; i < seen[flow][port].n; i++)
				n += seen[flow][port].note[i].again &&
				     !seen[flow][port].note[i].copy;
	cr_assert_gt(n, 300);
	cr_assert_eq(vnf_test_replay_counter(tally_run, NULL, "rx"), TALLY_FLOWS * FLOW_PACKETS);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "left", "stopping"), 0);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "right", "stopping"), 0);
	cr_assert_eq(tally_counts.full, 0);
}

/* ---- what waits ---- */

/* A flow whose packets come to this worker, by its addresses. */
static uint32_t flow_of(uint16_t worker)
{
	struct vnf_test_packet p;

	for (uint32_t flow = 1; flow < TALLY_FLOWS; flow += 3) {
		char ends[2][32];

		tally_ends(flow, ends);
		vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
		vnf_test_ipv4(&p, ends[0], ends[1]);
		vnf_test_udp(&p, (uint16_t)(1000 + flow), 53);
		cr_assert_eq(vnf_test_finish(&p), 0);
		if (replay_queue(p.data, p.len, 2) == worker)
			return flow;
	}
	cr_assert_fail("no flow comes to worker %u", worker);
	return 0;
}

#define ONE_SLOT TALLY_CONFIG("workers = 2; steering: { slots = 1; };")

/* Of the only slot, at once, on the first tick. */
static void move_once(struct vnf_worker *worker)
{
	if (begun == 0 && worker->now_ns >= 2 * MS)
		move(worker, 0);
}

/* At the moment of the move, so many come to the worker that is to have the slot. */
static void wait_for_the_slot(uint32_t n)
{
	uint32_t flow = flow_of(1);

	begin(ONE_SLOT);
	tally_hook = move_once;
	tally_put(0, flow, false, 0);
	for (uint32_t i = 1; i <= n; i++)
		tally_put(2 * MS, flow, false, i);
	tally_put(5 * MS, flow, false, n + 1);
}

static void came_out_in_order(uint32_t first, uint32_t last, uint32_t *at, uint32_t *count)
{
	for (uint32_t i = first; i <= last; i++) {
		const uint8_t *f;
		struct tally_note note;

		if (++*count % 7 == 0)
			continue;
		f = vnf_test_replay_frame(tally_run, "right", (*at)++, NULL, NULL);
		cr_assert_not_null(f);
		note = tally_note_of(f);
		cr_assert_eq(note.sequence, i, "%u instead of %u", note.sequence, i);
		cr_assert_eq(note.count, *count);
	}
}

/* Those that wait are as many as may; they come before the one after the move. */
Test(steer_move, a_thousand_and_twenty_four_wait, .fini = tally_end)
{
	uint32_t at = 0, count = 0;

	wait_for_the_slot(STEER_PARKED_MAX);
	play();
	cr_assert_eq(tally_counts.parked, STEER_PARKED_MAX);
	cr_assert_eq(tally_counts.full, 0);
	came_out_in_order(0, STEER_PARKED_MAX + 1, &at, &count);
	cr_assert_eq(tally_entered_by[0], 1);
}

Test(steer_move, more_are_dropped_and_counted, .fini = tally_end)
{
	uint32_t at = 0, count = 0;

	wait_for_the_slot(STEER_PARKED_MAX + 76);
	play();
	cr_assert_eq(tally_counts.parked, STEER_PARKED_MAX);
	cr_assert_eq(tally_counts.full, 76);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "left", "steer_full"), 76);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "right", "steer_full"), 0);
	came_out_in_order(0, STEER_PARKED_MAX, &at, &count);
	came_out_in_order(STEER_PARKED_MAX + 77, STEER_PARKED_MAX + 77, &at, &count);
}

/* ---- the end comes first ---- */

/* The replay ends with the packets that wait. */
Test(steer_move, a_stop_while_packets_wait, .fini = tally_end)
{
	uint32_t flow = flow_of(1);

	begin(ONE_SLOT);
	tally_hook = move_once;
	tally_put(0, flow, false, 0);
	for (uint32_t i = 1; i <= 300; i++)
		tally_put(2 * MS, flow, i % 3 == 0, i);
	play();
	cr_assert_eq(tally_counts.parked, 300);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "left", "stopping"), 200);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "right", "stopping"), 100);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "right", "tx_packets"), 1);
}

/* In each step of a move: its packets go on, or wait and are dropped as the program stops. */
static void stop_at(uint64_t end_us)
{
	char until[32];
	int64_t stopping;

	begin(ONE_SLOT);
	tally_hook = move_once;
	for (uint32_t i = 0; i < 80; i++) {
		tally_put(i * 50000, flow_of(0), false, i);
		tally_put(i * 50000, flow_of(1), false, i);
	}
	snprintf(until, sizeof(until), "--until=%uus", (unsigned int)end_us);
	cr_assert_eq(vnf_test_replay_option(tally_run, until), 0);
	play();
	stopping = vnf_test_replay_counter(tally_run, "left", "stopping");
	cr_assert_leq(stopping, (int64_t)tally_counts.parked);
	cr_assert_eq(vnf_test_replay_counter(tally_run, "left", "rx_packets"),
		     vnf_test_replay_counter(tally_run, "right", "tx_packets") + stopping +
			     vnf_test_replay_counter(tally_run, "left", "seventh"));
}

Test(steer_move, a_stop_before, .fini = tally_end)
{
	stop_at(1900);
	cr_assert_eq(begun, 0);
}

Test(steer_move, a_stop_as_it_begins, .fini = tally_end)
{
	stop_at(2000);
	cr_assert_eq(begun, 1);
}

Test(steer_move, a_stop_a_step_later, .fini = tally_end)
{
	stop_at(2050);
}

Test(steer_move, a_stop_two_steps_later, .fini = tally_end)
{
	stop_at(2100);
}

/* ---- what is asked for wrongly ---- */

static int answers[3];

static void ask(struct vnf_worker *worker)
{
	struct steer *steer = tally_steer(worker);

	if (begun++ > 0)
		return;
	answers[0] = steer_move_begin(worker->vnf, steer, 5, steer->holder[5]);
	answers[1] = steer_move_begin(worker->vnf, steer, 5, 1);
	answers[2] = steer_move_begin(worker->vnf, steer, 6, 1);
}

Test(steer_move, one_at_a_time_and_not_to_where_it_is, .fini = tally_end)
{
	begin(TWO);
	tally_hook = ask;
	flows_put(10000);
	play();
	cr_assert_eq(answers[0], -EALREADY);
	cr_assert_eq(answers[1], 0);
	cr_assert_eq(answers[2], -EBUSY);
	cr_assert_eq(tally_moves, 1);
	all_is_whole();
}
