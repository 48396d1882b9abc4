/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Steering at its limits: rings that are full, packets that take many buffers, verdicts that make
 * no sense, and what its keys may be.
 */
#include "steer_support.h"

#include <stdlib.h>

#define PORTS                                                                                      \
	"ports = ( { name = \"left\"; kind = \"null\"; },\n"                                       \
	"  { name = \"right\"; kind = \"null\"; } );\n"
#define RING 64
/* Slots of the first and the second of two workers. */
#define SLOT_OF_0 3u
#define SLOT_OF_1 60u

/* ---- a VNF that does as the test says ---- */

/* By the low octet of the UDP source port. */
enum {
	DO_FORWARD,
	DO_KEEP,
	DO_OWN_SLOT,
	DO_SLOT_BEYOND,
	DO_SLOT_FAR_BEYOND,
};

static struct rte_mbuf *kept[512];
static uint16_t kept_from[512];
static uint32_t n_kept;
static uint32_t give_to, give_at_once;
static bool as_tso;
static uint32_t n_came[64]; /* back, by worker */

static vnf_verdict_t keep(uint16_t port, struct rte_mbuf *pkt)
{
	kept_from[n_kept] = port;
	kept[n_kept++] = pkt;
	return VNF_TAKEN;
}

static inline vnf_verdict_t odd_packet(struct vnf_worker *worker, uint16_t port,
				       struct rte_mbuf *pkt)
{
	uint8_t *what = rte_pktmbuf_mtod_offset(pkt, uint8_t *, 35);

	switch (*what) {
	case DO_KEEP:
		*what = DO_FORWARD;
		return keep(port, pkt);
	case DO_OWN_SLOT:
		return VNF_TO_SLOT(worker->id == 0 ? SLOT_OF_0 : SLOT_OF_1);
	case DO_SLOT_BEYOND:
		return VNF_TO_SLOT(64);
	case DO_SLOT_FAR_BEYOND:
		return VNF_TO_SLOT(0xffffff);
	default:
		n_came[worker->id]++;
		pkt->ol_flags &= ~RTE_MBUF_F_RX_LRO;
		return VNF_FORWARD(port ^ 1);
	}
}
VNF_PACKET(odd_packet);

/* Worker 0 gives on what was kept, so many a tick. */
static void odd_tick(struct vnf_worker *worker)
{
	if (worker->id != 0)
		return;
	for (uint32_t i = 0; i < give_at_once && n_kept > 0; i++) {
		n_kept--;
		if (as_tso)
			kept[n_kept]->ol_flags |= RTE_MBUF_F_RX_LRO;
		vnf_slot_send(worker, kept_from[n_kept], kept[n_kept], give_to);
	}
}

/* As a program may at its end. */
static void odd_worker_fini(struct vnf_worker *worker)
{
	for (; worker->id == 0 && n_kept > 0; n_kept--)
		vnf_slot_send(worker, kept_from[n_kept - 1], kept[n_kept - 1], give_to);
}

static const struct vnf_app odd_app = {
	VNF_APP("odd"),
	.burst = odd_packet_burst,
	.parts = { VNF_STEER },
	.stateful = true,
	.tick = odd_tick,
	.tick_us = 1000,
	.worker_fini = odd_worker_fini,
};

/* ---- a run ---- */

static struct vnf_test_replay *run;

static void begin_with(const struct vnf_app *app, const char *config)
{
	run = vnf_test_replay_create(app, config);
}

#define begin(config) begin_with(&odd_app, config PORTS)

static void end(void)
{
	vnf_test_replay_destroy(run);
	run = NULL;
}

static void put(const char *port, uint64_t at_ns, uint8_t what, uint32_t n)
{
	struct vnf_test_packet p;

	for (uint32_t i = 0; i < n; i++) {
		vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
		vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
		vnf_test_udp(&p, (uint16_t)(0x1000 + what), 2000);
		vnf_test_payload(&p, 20);
		cr_assert_eq(vnf_test_replay_packet(run, port, at_ns, &p), 0, "%s", p.failed);
	}
}

static void play(void)
{
	cr_assert_eq(vnf_test_replay_option(run, "--until=+20ms"), 0);
	cr_assert_eq(vnf_test_replay_run(run), 0);
}

static int64_t dropped(const char *port, const char *reason)
{
	return vnf_test_replay_counter(run, port, reason);
}

#define DROPPED(port, reason, n)                                                                   \
	cr_assert_eq(dropped(port, reason), n, "%s: %s: %d", port, reason,                         \
		     (int)dropped(port, reason))

/* ---- full rings ---- */

/* Of 200 at once 64 find room, the others are dropped where they came from. */
Test(steer, a_full_ring_is_a_counted_drop, .fini = end)
{
	begin("workers = 2; steering: { ring = 64; };");
	give_to = SLOT_OF_1;
	give_at_once = 200;
	put("left", 0, DO_KEEP, 120);
	put("right", 100, DO_KEEP, 80);
	play();
	cr_assert_eq(n_came[0], 0);
	cr_assert_eq(n_came[1], RING);
	/* The last ones were given first. */
	DROPPED("right", "steer_full", 80 - RING);
	DROPPED("left", "steer_full", 120);
	cr_assert_eq(vnf_test_replay_count(run, "left"), RING);
}

/* The ring to oneself is no other. */
Test(steer, a_full_ring_to_oneself, .fini = end)
{
	begin("workers = 1; steering: { ring = 64; };");
	give_to = SLOT_OF_0;
	give_at_once = 200;
	put("left", 0, DO_KEEP, 200);
	play();
	cr_assert_eq(n_came[0], RING);
	DROPPED("left", "steer_full", 200 - RING);
	cr_assert_eq(vnf_test_replay_count(run, "right"), RING);
}

Test(steer, what_fits_is_not_dropped, .fini = end)
{
	begin("workers = 2; steering: { ring = 64; };");
	give_to = SLOT_OF_1;
	give_at_once = RING;
	put("left", 0, DO_KEEP, 5 * RING);
	play();
	cr_assert_eq(n_came[1], 5 * RING);
	DROPPED("left", "steer_full", 0);
}

/* Each takes up to 32 buffers, and the pool has one for each place: a 32nd of the places is theirs,
 * and one more at most.
 */
Test(steer, packets_yet_to_be_cut_do_not_fill_a_ring, .fini = end)
{
	begin("workers = 2; steering: { ring = 1024; };");
	give_to = SLOT_OF_1;
	give_at_once = 100;
	as_tso = true;
	put("left", 0, DO_KEEP, 100);
	play();
	cr_assert_leq(n_came[1], 33, "%u", n_came[1]);
	cr_assert_geq(n_came[1], 32, "%u", n_came[1]);
	DROPPED("left", "steer_full", 100 - (int64_t)n_came[1]);
}

Test(steer, packets_yet_to_be_cut_do_not_fill_a_small_ring, .fini = end)
{
	begin("workers = 2; steering: { ring = 64; };");
	give_to = SLOT_OF_1;
	give_at_once = 30;
	as_tso = true;
	put("left", 0, DO_KEEP, 30);
	play();
	cr_assert_leq(n_came[1], 3, "%u", n_came[1]);
	cr_assert_geq(n_came[1], 2, "%u", n_came[1]);
	DROPPED("left", "steer_full", 30 - (int64_t)n_came[1]);
}

/* ---- slots that are not there ---- */

static void refused(const char *config, uint8_t what)
{
	begin_with(&odd_app, config);
	put("left", 0, what, 3);
	put("right", 0, what, 2);
	play();
	DROPPED("left", "application", 3);
	DROPPED("right", "application", 2);
}

Test(steer, to_ones_own_slot_is_a_mistake, .fini = end)
{
	refused("workers = 2;" PORTS, DO_OWN_SLOT);
}

Test(steer, to_ones_own_slot_alone, .fini = end)
{
	refused(PORTS, DO_OWN_SLOT);
}

Test(steer, to_a_slot_beyond_the_last, .fini = end)
{
	refused("workers = 2;" PORTS, DO_SLOT_BEYOND);
}

Test(steer, to_a_slot_that_is_no_number_of_one, .fini = end)
{
	refused("workers = 2;" PORTS, DO_SLOT_FAR_BEYOND);
}

Test(steer, sent_to_a_slot_beyond_the_last, .fini = end)
{
	begin("workers = 2;");
	give_to = 64;
	give_at_once = 7;
	put("left", 0, DO_KEEP, 7);
	play();
	DROPPED("left", "application", 7);
}

static const struct vnf_app bare_app = {
	VNF_APP("bare"),
	.burst = odd_packet_burst,
};

Test(steer, to_a_slot_without_steering, .fini = end)
{
	begin_with(&bare_app, "workers = 2;" PORTS);
	put("left", 0, DO_OWN_SLOT, 3);
	put("left", 0, DO_SLOT_BEYOND, 3);
	put("left", 0, DO_SLOT_FAR_BEYOND, 3);
	put("left", 0, DO_FORWARD, 1);
	play();
	DROPPED("left", "application", 9);
	cr_assert_eq(vnf_test_replay_count(run, "right"), 1);
}

/* What is given on when all is over is dropped as all that is held. */
static void given_at_the_end(const char *config)
{
	begin_with(&odd_app, config);
	give_to = 42;
	put("left", 0, DO_KEEP, 50);
	put("right", 0, DO_KEEP, 50);
	play();
	DROPPED("left", "stopping", 50);
	DROPPED("right", "stopping", 50);
}

Test(steer, given_at_the_end_to_another, .fini = end)
{
	given_at_the_end("workers = 2;" PORTS);
}

Test(steer, given_at_the_end_to_oneself, .fini = end)
{
	given_at_the_end(PORTS);
}

/* ---- keys ---- */

static void refused_file(const struct vnf_app *app, const char *config, const char *where,
			 const char *why)
{
	const char *log;

	begin_with(app, config);
	vnf_test_replay_capture(run);
	put("left", 0, DO_FORWARD, 1);
	cr_assert_eq(vnf_test_replay_run(run), 2);
	log = vnf_test_replay_log(run);
	cr_assert_not_null(strstr(log, where), "%s", log);
	cr_assert_not_null(strstr(log, why), "%s", log);
}

Test(steer, three_slots_are_no_power_of_two, .fini = end)
{
	refused_file(&odd_app, "steering: {\n\tslots = 3;\n};\n" PORTS,
		     ":2: steering.slots: ", "such as 2 and 4");
}

Test(steer, a_thousand_slots_are_no_power_of_two, .fini = end)
{
	refused_file(&odd_app, "steering: { slots = 1000; };\n" PORTS,
		     ":1: steering.slots: ", "such as 512 and 1024");
}

Test(steer, too_many_slots, .fini = end)
{
	refused_file(&odd_app, "steering: { slots = 5000; };\n" PORTS,
		     ":1: steering.slots: ", "4096");
}

Test(steer, no_slots, .fini = end)
{
	refused_file(&odd_app, "steering: { slots = 0; };\n" PORTS, ":1: steering.slots: ", "1 to");
}

Test(steer, a_ring_that_is_too_small, .fini = end)
{
	refused_file(&odd_app, "steering: { ring = 32; };\n" PORTS, ":1: steering.ring: ", "64");
}

Test(steer, a_ring_that_is_too_large, .fini = end)
{
	refused_file(&odd_app, "steering: { ring = 32768; };\n" PORTS,
		     ":1: steering.ring: ", "16384");
}

Test(steer, a_ring_that_is_no_power_of_two, .fini = end)
{
	refused_file(&odd_app, "steering: { ring = 100; };\n" PORTS,
		     ":1: steering.ring: ", "such as 64 and 128");
}

Test(steer, no_keys_without_the_part, .fini = end)
{
	refused_file(&bare_app, "steering: { slots = 64; };\n" PORTS, ":1: steering: ", "unknown");
}

static const struct vnf_app stateful_app = {
	VNF_APP("stateful"),
	.burst = odd_packet_burst,
	.stateful = true,
};

Test(steer, state_without_steering_is_one_worker_s, .fini = end)
{
	refused_file(&stateful_app, "workers = 2;\n" PORTS, ":1: workers: ", "workers = 1");
}

Test(steer, state_with_steering_is_many_workers, .fini = end)
{
	begin("workers = 2;");
	put("left", 0, DO_FORWARD, 1);
	play();
	cr_assert_eq(vnf_test_replay_count(run, "right"), 1);
}

Test(steer, the_most_slots_and_places_that_may_be, .fini = end)
{
	begin("workers = 2; steering: { slots = 4096; ring = 16384; rebalance = false; };");
	give_to = 4095;
	give_at_once = 10;
	put("left", 0, DO_KEEP, 10);
	play();
	cr_assert_eq(n_came[1], 10);
}
