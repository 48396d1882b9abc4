/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The life of a datagram, to the nanosecond; and that the cutting of bursts changes nothing.
 */
#include "frag_support.h"

#include <unistd.h>

#include <vnf/random.h>

#include "vnf_priv.h"

#define LIFE VNF_FRAG_LIFE_NS

static uint64_t dropped_at(uint64_t number)
{
	for (size_t i = 0; i < vnf_test_replay_verdict_count(t); i++) {
		const struct vnf_test_verdict *v = vnf_test_replay_verdict(t, i);

		if (v->number == number && v->verdict == VNF_TEST_DROP)
			return v->time_ns;
	}
	return 0;
}

Test(frag_life, one_whose_first_does_not_come_ends_in_time)
{
	replay_start();
	udp(53, 100);
	sent_ns = 5 * MS;
	part_send(1, 64, 0);
	/* Prolongs nothing. */
	sent_ns += MS;
	part_send(1, 32, 64);
	vnf_test_replay_option(t, "--until=+1h");
	run();
	passed(0);
	dropped("fragment_alone", 2);
	cr_assert_eq(dropped_at(1), 5 * MS + LIFE);
	cr_assert_eq(dropped_at(2), 5 * MS + LIFE);
	cr_assert_eq(n_ended, 1);
	cr_assert_eq(n_ended_known, 0);
}

Test(frag_life, a_first_one_in_the_last_nanosecond_is_in_time)
{
	replay_start();
	udp(53, 100);
	part_send(1, 64, 0);
	sent_ns = LIFE - 1;
	part_send(1, 0, 64);
	run();
	passed(2);
	cr_assert_eq(noted(53), 2);
}

Test(frag_life, a_first_one_a_nanosecond_later_is_not)
{
	replay_start();
	udp(53, 100);
	part_send(1, 64, 0);
	sent_ns = LIFE;
	part_send(1, 0, 64);
	run();
	passed(1);
	dropped("fragment_alone", 1);
	cr_assert_eq(dropped_at(1), LIFE);
	cr_assert_eq(n_ended, 1);
}

Test(frag_life, its_length_can_be_set)
{
	conf.life_ns = 7;
	replay_start();
	udp(53, 100);
	part_send(1, 64, 0);
	vnf_test_replay_option(t, "--until=+1s");
	run();
	dropped("fragment_alone", 1);
	cr_assert_eq(dropped_at(1), 7);
}

/* The VNF's word is told, once, when it can be of no more use. */
Test(frag_life, ends_for_a_known_one_too)
{
	replay_start();
	udp(53, 100);
	part_send(1, 0, 32);
	sent_ns = LIFE - 1;
	part_send(1, 32, 64);
	sent_ns = LIFE;
	part_send(1, 64, 0);
	run();
	passed(2);
	dropped("stopping", 1);
	cr_assert_eq(n_ended, 1);
	cr_assert_eq(n_ended_known, 1);
	cr_assert_eq(last_user, 53);
}

/* Refused as long as it would have lived, and no longer, though more comes. */
Test(frag_life, a_dead_one_is_remembered_to_the_end_of_its_life)
{
	replay_start();
	udp(53, 100);
	part_send(1, 0, 64);
	sent_ns = MS;
	part_send(1, 32, 64);
	for (uint64_t at = 100 * MS; at < LIFE; at += 100 * MS) {
		sent_ns = at;
		part_send(1, 64, 0);
	}
	sent_ns = LIFE - 1;
	part_send(1, 0, 64);
	sent_ns = LIFE;
	part_send(1, 0, 64);
	part_send(1, 64, 0);
	run();
	passed(3);
	dropped("fragment_overlap", 21);
	cr_assert_eq(n_ended, 1);
}

Test(frag_life, packets_that_nobody_took_end_with_it)
{
	releases = false;
	replay_start();
	udp(53, 100);
	part_send(1, 64, 0);
	part_send(1, 0, 32);
	vnf_test_replay_option(t, "--until=+1h");
	run();
	passed(1);
	dropped("fragment_left", 1);
	cr_assert_eq(dropped_at(1), LIFE);
}

Test(frag_life, what_waits_at_the_end_is_given_back)
{
	replay_start();
	udp(53, 100);
	part_send(1, 64, 0);
	part_send(2, 32, 64);
	part_send(2, 64, 0);
	run();
	dropped("stopping", 3);
	cr_assert_eq(n_ended, 0);
}

/* The same identification again, as soon as the one before is complete: the life of that one is of
 * no concern.
 */
Test(frag_life, a_complete_one_makes_way_at_once)
{
	replay_start();
	for (uint16_t i = 0; i < 100; i++) {
		udp(100 + i, 100);
		part_send(1, i % 2 == 0 ? 0 : 64, i % 2 == 0 ? 64 : 0);
		part_send(1, i % 2 == 0 ? 64 : 0, i % 2 == 0 ? 0 : 64);
	}
	run();
	passed(200);
	for (uint16_t i = 0; i < 100; i++)
		cr_assert_eq(noted(100 + i), 2);
	cr_assert_eq(n_ended, 99);
	cr_assert_eq(most_datagrams, 1);
}

/* ---- without a replay ---- */

/* Octets `begin` to `end` - 1 of the datagram, as a packet that is nobody's. */
static uint32_t see(uint32_t begin, uint32_t end)
{
	static struct vnf_test_packet p;
	static struct rte_mbuf pkt;
	struct vnf_frag *frag;
	struct vnf_headers h;

	vnf_test_fragment(&p, &whole, 1, begin, end - begin);
	cr_assert_eq(vnf_test_finish(&p), 0);
	pkt.buf_addr = p.data;
	pkt.buf_len = sizeof(p.data);
	pkt.data_len = (uint16_t)p.len;
	pkt.pkt_len = p.len;
	pkt.nb_segs = 1;
	cr_assert_eq(vnf_parse(&pkt, &h), 0);
	return vnf_frag_see(frags, 0, &pkt, &h, 0, &frag);
}

/* Between real ports a timeout runs between bursts, and some wait for their turn. */
Test(frag_life, is_over_in_time_though_its_timeout_is_late)
{
	static struct worker worker;

	cr_assert_eq(vnf_frags_create(&worker.pub, NULL, &frags), 0);
	udp(53, 100);
	cr_assert_eq(see(0, 64), 0);
	cr_assert_eq(see(32, 64), VNF_DROP_FRAGMENT_OVERLAP);
	worker.pub.now_ns = LIFE - 1;
	cr_assert_eq(see(0, 64), VNF_DROP_FRAGMENT_OVERLAP);
	worker.pub.now_ns = LIFE;
	cr_assert_eq(see(0, 64), 0);
	cr_assert_eq(vnf_frags_count(frags, NULL), 1);
	/* And a timeout that has run on is that of the new one. */
	worker.pub.now_ns = 2 * LIFE - 1;
	timeouts_run(&worker);
	cr_assert_eq(vnf_frags_count(frags, NULL), 1);
	worker.pub.now_ns = 3 * LIFE;
	timeouts_run(&worker);
	cr_assert_eq(vnf_frags_count(frags, NULL), 0);
	vnf_frags_destroy(frags);
	cr_assert_null(worker.timeouts);
}

/* ---- bursts ---- */

/* Several datagrams at a time, interleaved, with duplicates and gaps, at times that are those of
 * the ends of lives; with budgets that are used up.
 */
static void mixture_send(void)
{
	struct vnf_random random;

	random_fix(7);
	vnf_random_init(&random, 1);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t id = vnf_random_below(&random, 24), part = vnf_random_below(&random, 4);

		sent_ns = i / 50 * (LIFE / 4);
		v6 = id % 2 != 0;
		udp((uint16_t)(1 + id), 100);
		part_send(id, part * 24, part < 3 ? (part + 1) * 24 : 0);
	}
}

/* FNV-1a over all that came out, when, and all verdicts. */
static uint64_t outcome(void)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	const uint8_t *frame;
	uint64_t time_ns;
	uint32_t len;

	for (size_t i = 0; (frame = vnf_test_replay_frame(t, "wan", i, &len, &time_ns)); i++) {
		for (uint32_t k = 0; k < len; k++)
			sum = (sum ^ frame[k]) * UINT64_C(0x100000001b3);
		sum = (sum ^ time_ns) * UINT64_C(0x100000001b3);
	}
	for (size_t i = 0; i < vnf_test_replay_verdict_count(t); i++) {
		const struct vnf_test_verdict *v = vnf_test_replay_verdict(t, i);
		const char *why = v->reason != NULL ? v->reason : "";

		sum = (sum ^ v->number ^ v->time_ns << 16 ^ (uint64_t)v->verdict << 56) *
		      UINT64_C(0x100000001b3);
		while (*why != '\0')
			sum = (sum ^ (uint8_t)*why++) * UINT64_C(0x100000001b3);
	}
	return sum;
}

/* Each burst length in a process of its own; what came of it is written to a pipe. */
static uint64_t outcome_by(const char *burst, bool duplicates)
{
	uint64_t sum = 0;
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	if (fork() == 0) {
		conf.ipv4_overlap = duplicates;
		conf.datagrams = 20;
		conf.waiting = 16;
		conf.per_source = 9;
		replay_start();
		vnf_test_replay_option(t, burst);
		vnf_test_replay_option(t, "--until=+1m");
		mixture_send();
		sum = vnf_test_replay_run(t) == 0 ? outcome() : 0;
		_exit(write(fd[1], &sum, sizeof(sum)) != sizeof(sum));
	}
	cr_assert_eq(read(fd[0], &sum, sizeof(sum)), sizeof(sum));
	close(fd[0]);
	close(fd[1]);
	cr_assert_neq(sum, 0);
	return sum;
}

Test(frag_life, bursts_change_nothing)
{
	for (uint32_t duplicates = 0; duplicates < 2; duplicates++) {
		uint64_t one = outcome_by("--burst=1", duplicates != 0);

		cr_assert_eq(one, outcome_by("--burst=7", duplicates != 0));
		cr_assert_eq(one, outcome_by("--burst=32", duplicates != 0));
	}
}
