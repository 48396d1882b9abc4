/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * When sessions end: to the nanosecond where the clock is virtual, never early and hardly late
 * else; what the VNF may do about it; periods that change.
 */

#include "session_support.h"

#define N 2000

static uint64_t ended_ns[N], should_ns[N];
static uint32_t n_ended;

static void ended(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		  enum vnf_session_end why)
{
	uint32_t id = session_id(session);

	(void)of;
	cr_assert_eq(why, VNF_SESSION_EXPIRED);
	cr_assert_eq(ended_ns[id], 0);
	ended_ns[id] = w->now_ns;
	n_ended++;
}

static void start(bool is_virtual)
{
	conf.sessions = N;
	if (conf.ended == NULL)
		conf.ended = ended;
	sessions_start(is_virtual);
}

static void session_start(uint32_t id, uint32_t in_class)
{
	created(id % conf.slots, id, in_class);
	should_ns[id] = worker.pub.now_ns + classes[in_class].period_ns;
}

static struct vnf_session *session_of(uint32_t id)
{
	return find(id % conf.slots, id);
}

static void touch(uint32_t id)
{
	struct vnf_session *session = session_of(id);

	vnf_session_touch(&worker.pub, session);
	should_ns[id] = worker.pub.now_ns + classes[session->in_class].period_ns;
}

static void all_on_time(uint64_t late)
{
	for (uint32_t i = 0; i < N; i++) {
		cr_assert_geq(ended_ns[i], should_ns[i], "%u", i);
		cr_assert_leq(ended_ns[i] - should_ns[i], late, "%u", i);
	}
}

Test(session_time, ends_at_its_nanosecond_where_time_is_virtual)
{
	uint64_t end;

	start(true);
	cr_assert_eq(vnf_sessions_next_due(sessions, 0), UINT64_MAX);
	session_start(0, CLASS_OPEN);
	end = should_ns[0];
	cr_assert_eq(vnf_sessions_next_due(sessions, 0), end);
	worker.pub.now_ns = end - 1;
	cr_assert_eq(vnf_sessions_run(&worker.pub, sessions, 0, UINT32_MAX), 0);
	cr_assert_not_null(session_of(0));
	worker.pub.now_ns = end;
	cr_assert_eq(vnf_sessions_run(&worker.pub, sessions, 0, UINT32_MAX), 1);
	cr_assert_eq(ended_ns[0], end);
	cr_assert_eq(vnf_sessions_next_due(sessions, 0), UINT64_MAX);
	sessions_stop();
}

/* Touched and moved at random, in many slots. */
Test(session_time, touched_and_moved_ones_end_exactly_too)
{
	struct vnf_random random;

	conf.slots = 8;
	start(true);
	vnf_random_init(&random, 1);
	for (uint32_t i = 0; i < N; i++)
		session_start(i, i % CLASSES);
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t id = vnf_random_below(&random, N);

		run_until(worker.pub.now_ns + vnf_random_below(&random, 50000000));
		if (ended_ns[id] != 0)
			continue;
		if (step % 3 == 0) {
			vnf_session_move(&worker.pub, sessions, session_of(id), step % CLASSES);
			should_ns[id] = worker.pub.now_ns + classes[step % CLASSES].period_ns;
		} else {
			touch(id);
		}
	}
	run_until(UINT64_MAX - 1);
	cr_assert_eq(n_ended, N);
	all_on_time(0);
	sessions_stop();
}

/* A pass every 100 us with a budget of 64, as a worker does. */
Test(session_time, none_is_early_and_none_is_late)
{
	uint64_t began;

	start(false);
	began = worker.pub.now_ns;
	for (uint32_t i = 0; i < N; i++)
		session_start(i, CLASS_NEW);
	for (uint32_t pass = 1; n_ended < N; pass++) {
		worker.pub.now_ns = began + pass * UINT64_C(100000);
		vnf_sessions_run(&worker.pub, sessions, 0, 64);
		if (pass < 100000 && ended_ns[pass % N] == 0 && session_of(pass % N) != NULL)
			touch(pass % N);
		cr_assert_lt(pass, 1000000);
	}
	all_on_time(classes[CLASS_NEW].period_ns / 1000 + 100000 * (N / 64 + 2));
	sessions_stop();
}

Test(session_time, a_run_has_a_budget)
{
	start(false);
	for (uint32_t i = 0; i < N; i++)
		session_start(i, CLASS_CLOSING);
	worker.pub.now_ns += classes[CLASS_CLOSING].period_ns;
	cr_assert_eq(vnf_sessions_run(&worker.pub, sessions, 0, 64), 64);
	cr_assert_eq(n_ended, 64);
	cr_assert_leq(vnf_sessions_next_due(sessions, 0), worker.pub.now_ns);
	cr_assert_eq(vnf_sessions_run(&worker.pub, sessions, 0, UINT32_MAX), N - 64);
	cr_assert_eq(vnf_sessions_next_due(sessions, 0), UINT64_MAX);
	sessions_stop();
}

/* Found by a packet first: it ends there and then, and its timer finds nothing. */
Test(session_time, a_lookup_ends_what_is_over)
{
	uint8_t keys[4 * sizeof(struct vnf_session_key4)] __rte_aligned(8);
	struct vnf_session_hit hits[4];

	start(true);
	session_start(0, CLASS_NEW);
	session_start(1, CLASS_OPEN);
	session_start(2, CLASS_NEW);
	worker.pub.now_ns = should_ns[0];
	key_make(keys, 0);
	key_make(keys + conf.key_size, 1);
	key_make(keys + 2 * (size_t)conf.key_size, 0);
	key_make(keys + 3 * (size_t)conf.key_size, 3);
	vnf_sessions_lookup(&worker.pub, sessions, NULL, keys, 4, hits);
	cr_assert_null(hits[0].session);
	cr_assert_not_null(hits[1].session);
	cr_assert_null(hits[2].session);
	cr_assert_null(hits[3].session);
	cr_assert_eq(n_ended, 1);
	cr_assert_eq(counted().expired, 1);
	cr_assert_null(session_of(2));
	cr_assert_eq(n_ended, 2);
	cr_assert_eq(vnf_sessions_run(&worker.pub, sessions, 0, UINT32_MAX), 0);
	cr_assert_eq(n_ended, 2);
	sessions_stop();
}

Test(session_time, a_walk_sees_none_that_is_over)
{
	uint32_t cursor = 0;

	start(true);
	session_start(0, CLASS_NEW);
	worker.pub.now_ns = should_ns[0];
	cr_assert_not(vnf_sessions_walk(&worker.pub, sessions, 0, &cursor, 10, NULL, NULL));
	cr_assert_eq(n_ended, 1);
	sessions_stop();
}

/* ---- more time ---- */

static uint32_t n_expiring;

/* Odd ones are touched, others go to another class; both once. */
static void expiring(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session)
{
	uint32_t *times = (uint32_t *)vnf_session_user(session) + 1;

	n_expiring++;
	if ((*times)++ != 0)
		return;
	if (session_id(session) % 2 != 0)
		vnf_session_touch(w, session);
	else
		vnf_session_move(w, of, session, CLASS_CLOSING);
}

static void expiring_start(void)
{
	conf.expiring = expiring;
	start(true);
	session_start(0, CLASS_NEW);
	session_start(1, CLASS_NEW);
}

Test(session_time, the_vnf_may_give_more_time)
{
	uint64_t end = VNF_SECOND_NS + classes[CLASS_NEW].period_ns;

	expiring_start();
	run_until(UINT64_MAX - 1);
	cr_assert_eq(n_expiring, 4);
	cr_assert_eq(ended_ns[0], end + classes[CLASS_CLOSING].period_ns);
	cr_assert_eq(ended_ns[1], end + classes[CLASS_NEW].period_ns);
	sessions_stop();
}

Test(session_time, the_vnf_may_give_more_time_when_a_packet_comes)
{
	expiring_start();
	worker.pub.now_ns += classes[CLASS_NEW].period_ns;
	cr_assert_not_null(session_of(0));
	cr_assert_not_null(session_of(1));
	cr_assert_eq(n_expiring, 2);
	worker.pub.now_ns += classes[CLASS_CLOSING].period_ns;
	cr_assert_null(session_of(0));
	cr_assert_not_null(session_of(1));
	cr_assert_eq(n_expiring, 3);
	sessions_stop();
}

/* In the callback: others are found, but for those that are over too, and nothing is changed. */
static void looks_around(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
			 enum vnf_session_end why)
{
	struct vnf_session *other = find(0, 2);

	(void)w;
	(void)why;
	n_ended++;
	cr_assert_null(find(0, session_id(session)));
	if (session_id(session) == 2)
		return;
	cr_assert_not_null(other);
	cr_assert_null(find(0, 1 - session_id(session)));
	cr_assert_eq(vnf_sessions_run(w, of, 0, UINT32_MAX), 0);
	vnf_session_move(w, of, other, CLASS_CLOSING);
}

Test(session_time, a_session_that_ends_may_take_another_along)
{
	conf.ended = looks_around;
	start(true);
	session_start(0, CLASS_NEW);
	session_start(1, CLASS_NEW);
	session_start(2, CLASS_KEPT);
	run_until(should_ns[0]);
	cr_assert_eq(n_ended, 2);
	run_until(should_ns[0] + classes[CLASS_CLOSING].period_ns);
	cr_assert_eq(n_ended, 3);
	sessions_stop();
}

/* ---- periods ---- */

Test(session_time, impossible_periods_are_refused)
{
	struct vnf_session_class is;

	start(true);
	cr_assert_eq(vnf_sessions_set_period(sessions, CLASSES, 1), -EINVAL);
	cr_assert_eq(vnf_sessions_set_period(sessions, CLASS_NEW, 0), -EINVAL);
	cr_assert_eq(vnf_sessions_set_period(sessions, CLASS_NEW, UINT64_MAX), -EINVAL);
	cr_assert_eq(vnf_sessions_next_due(sessions, 0), UINT64_MAX);
	cr_assert_eq(vnf_sessions_set_period(sessions, CLASS_NEW, 7), 0);
	cr_assert_eq(vnf_sessions_class(sessions, CLASS_NEW, &is), 0);
	cr_assert_str_eq(is.name, "new");
	cr_assert_eq(is.period_ns, 7);
	cr_assert_eq(is.evict_rank, 1);
	cr_assert_eq(vnf_sessions_class(sessions, CLASSES, &is), -ENOENT);
	sessions_stop();
}

/* Time goes on, some are touched, and the period changes again and again, up and down. */
static void periods_run(const uint64_t *periods, uint32_t n)
{
	struct vnf_random random;
	uint64_t period = classes[CLASS_OPEN].period_ns;

	conf.slots = 4;
	start(true);
	vnf_random_init(&random, 2);
	for (uint32_t i = 0; i < N; i++)
		session_start(i, CLASS_OPEN);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t step = 0; step < 2000; step++) {
			uint32_t id = vnf_random_below(&random, N);

			run_until(worker.pub.now_ns + vnf_random_below(&random, 30000000));
			if (ended_ns[id] != 0)
				continue;
			touch(id);
			should_ns[id] = worker.pub.now_ns + period;
		}
		cr_assert_eq(vnf_sessions_set_period(sessions, CLASS_OPEN, periods[i]), 0);
		for (uint32_t id = 0; id < N; id++)
			if (ended_ns[id] == 0)
				should_ns[id] = RTE_MAX(should_ns[id] - period + periods[i],
							worker.pub.now_ns);
		period = periods[i];
		cr_assert_eq(vnf_sessions_next_due(sessions, 0), 0);
		run_until(worker.pub.now_ns);
	}
	run_until(UINT64_MAX - 1);
	cr_assert_eq(n_ended, N);
	all_on_time(0);
	sessions_stop();
}

Test(session_time, a_shorter_period_ends_sessions_exactly)
{
	static const uint64_t periods[] = { 100 * VNF_SECOND_NS, 77 * VNF_SECOND_NS + 1 };

	periods_run(periods, RTE_DIM(periods));
}

Test(session_time, a_longer_period_ends_sessions_exactly)
{
	static const uint64_t periods[] = { 500 * VNF_SECOND_NS, 2000 * VNF_SECOND_NS };

	periods_run(periods, RTE_DIM(periods));
}

Test(session_time, periods_may_change_again_and_again)
{
	static const uint64_t periods[] = { 400 * VNF_SECOND_NS, 90 * VNF_SECOND_NS,
					    91 * VNF_SECOND_NS,  5000 * VNF_SECOND_NS,
					    80 * VNF_SECOND_NS,  60 * VNF_SECOND_NS };

	periods_run(periods, RTE_DIM(periods));
}

/* Run after run within the budget; packets see the new period at once. */
Test(session_time, a_shorter_period_takes_its_time_and_nobody_notices)
{
	uint32_t runs = 0;

	start(false);
	for (uint32_t i = 0; i < N; i++)
		session_start(i, CLASS_OPEN);
	worker.pub.now_ns += VNF_SECOND_NS;
	touch(N - 1);
	cr_assert_eq(vnf_sessions_set_period(sessions, CLASS_OPEN, VNF_SECOND_NS), 0);
	vnf_sessions_run(&worker.pub, sessions, 0, 10);
	cr_assert_eq(n_ended, 10);
	cr_assert_null(session_of(N - 2));
	for (; vnf_sessions_next_due(sessions, 0) <= worker.pub.now_ns; runs++)
		vnf_sessions_run(&worker.pub, sessions, 0, 10);
	cr_assert_eq(n_ended, N - 1);
	cr_assert_leq(runs, N / 10);
	cr_assert_not_null(session_of(N - 1));
	sessions_stop();
}
