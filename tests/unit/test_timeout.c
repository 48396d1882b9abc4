/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Timeouts: none early, none later than promised, whatever is touched, stopped and started; exact
 * where the clock is virtual.
 */

#include <criterion/criterion.h>

#include <stdlib.h>

#include <vnf/timeout.h>

#include "vnf_priv.h"

#define N 2000
#define PERIOD_NS (300 * VNF_SECOND_NS)

struct item {
	struct vnf_timeout timeout; /* first */
	uint64_t ended_ns;          /* 0: runs */
	uint64_t should_ns;
};

static struct worker worker;
static struct vnf_timeouts *set;
static struct item items[N];
static unsigned int ended;

static void expired(struct vnf_worker *w, struct vnf_timeout *timeout)
{
	struct item *item = (struct item *)timeout;

	cr_assert_not(vnf_timeout_runs(timeout));
	item->ended_ns = w->now_ns;
	ended++;
}

/* Starts itself again, once. */
static void restarted(struct vnf_worker *w, struct vnf_timeout *timeout)
{
	struct item *item = (struct item *)timeout;

	(void)w;
	item->ended_ns++;
	if (item->ended_ns < 3)
		vnf_timeout_start(set, timeout, 1);
}

static const struct vnf_timeout_class classes[] = {
	{ "long", PERIOD_NS, expired },
	{ "again", 10, restarted },
	{ "short", VNF_SECOND_NS, expired },
};

static void start(bool is_virtual)
{
	if (is_virtual)
		clock_make_virtual(0);
	cr_assert_eq(vnf_timeouts_create(&worker.pub, classes, RTE_DIM(classes), &set), 0);
}

static void run_at(uint64_t now)
{
	worker.pub.now_ns = now;
	timeouts_run(&worker);
}

static void item_start(struct item *item, uint32_t class)
{
	vnf_timeout_start(set, &item->timeout, class);
	item->should_ns = worker.pub.now_ns + classes[class].period_ns;
}

static void item_touch(struct item *item)
{
	vnf_timeout_touch(&worker.pub, &item->timeout);
	item->should_ns = worker.pub.now_ns + classes[item->timeout.in_class].period_ns;
}

Test(timeout, ends_at_its_nanosecond_where_time_is_virtual)
{
	start(true);
	cr_assert_eq(vnf_timeouts_next_due(set), UINT64_MAX);
	run_at(5);
	item_start(&items[0], 0);
	cr_assert_eq(vnf_timeouts_next_due(set), 5 + PERIOD_NS);
	run_at(4 + PERIOD_NS);
	cr_assert_eq(ended, 0);
	run_at(5 + PERIOD_NS);
	cr_assert_eq(ended, 1);
	cr_assert_eq(vnf_timeouts_next_due(set), UINT64_MAX);
	vnf_timeouts_destroy(set);
}

/* Time goes from one next_due to the next, as in a replay: whatever was touched ends exactly. */
Test(timeout, touched_ones_end_exactly_too)
{
	uint64_t now = 0, next;
	struct vnf_random random;

	random_fix(1);
	vnf_random_init(&random, 1);
	start(true);
	for (unsigned int i = 0; i < N; i++)
		item_start(&items[i], i % 2 == 0 ? 0 : 2);
	for (unsigned int step = 0; step < 20000; step++) {
		struct item *item = &items[vnf_random_below(&random, N)];

		now += vnf_random_below(&random, PERIOD_NS / 5000);
		while ((next = vnf_timeouts_next_due(set)) <= now)
			run_at(next);
		run_at(now);
		if (item->ended_ns == 0)
			item_touch(item);
	}
	while ((next = vnf_timeouts_next_due(set)) != UINT64_MAX)
		run_at(next);
	cr_assert_eq(ended, N);
	for (unsigned int i = 0; i < N; i++)
		cr_assert_eq(items[i].ended_ns, items[i].should_ns, "%u", i);
	vnf_timeouts_destroy(set);
}

/* A pass every 100 us: none early, and none later than a 1,024th and what the budget takes. */
Test(timeout, none_is_early_and_none_is_late)
{
	uint64_t now = 0, late;

	start(false);
	run_at(0);
	for (unsigned int i = 0; i < N; i++)
		item_start(&items[i], 2);
	while (ended < N) {
		now += 100000;
		run_at(now);
		if (now < 3 * VNF_SECOND_NS && items[now / 100000 % N].ended_ns == 0)
			item_touch(&items[now / 100000 % N]);
		cr_assert_lt(now, 10 * VNF_SECOND_NS);
	}
	for (unsigned int i = 0; i < N; i++) {
		cr_assert_geq(items[i].ended_ns, items[i].should_ns, "%u", i);
		late = items[i].ended_ns - items[i].should_ns;
		cr_assert_leq(late, 5000000, "%u is %llu ns late", i, (unsigned long long)late);
	}
	vnf_timeouts_destroy(set);
}

Test(timeout, stopped_ones_never_end)
{
	start(true);
	run_at(0);
	for (unsigned int i = 0; i < 10; i++)
		item_start(&items[i], 2);
	vnf_timeout_stop(&items[0].timeout);
	vnf_timeout_stop(&items[0].timeout);
	vnf_timeout_stop(&items[5].timeout);
	vnf_timeout_stop(&items[9].timeout);
	vnf_timeout_move(set, &items[1].timeout, 0);
	run_at(VNF_SECOND_NS);
	cr_assert_eq(ended, 6);
	cr_assert(vnf_timeout_runs(&items[1].timeout));
	run_at(PERIOD_NS);
	cr_assert_eq(ended, 7);
	vnf_timeouts_destroy(set);
}

Test(timeout, one_that_expires_may_be_started_again)
{
	start(true);
	run_at(0);
	vnf_timeout_start(set, &items[0].timeout, 1);
	run_at(10);
	run_at(20);
	cr_assert_eq(items[0].ended_ns, 2);
	run_at(30);
	cr_assert_eq(items[0].ended_ns, 3);
	cr_assert_not(vnf_timeout_runs(&items[0].timeout));
	vnf_timeouts_destroy(set);
}

/* However many are due: a pass looks at so many, and the next ones at the rest. */
Test(timeout, a_pass_has_a_budget)
{
	start(false);
	run_at(0);
	for (unsigned int i = 0; i < N; i++)
		item_start(&items[i], 2);
	run_at(2 * VNF_SECOND_NS);
	cr_assert_eq(ended, 64);
	cr_assert_leq(vnf_timeouts_next_due(set), 2 * VNF_SECOND_NS);
	for (unsigned int i = 0; i < N / 64; i++)
		run_at(2 * VNF_SECOND_NS);
	cr_assert_eq(ended, N);
	vnf_timeouts_destroy(set);
}

Test(timeout, sets_of_one_worker_are_all_run)
{
	struct vnf_timeouts *first;

	start(true);
	first = set;
	start(true);
	run_at(0);
	item_start(&items[0], 2);
	vnf_timeout_start(first, &items[1].timeout, 0);
	cr_assert_eq(timeouts_next_due(&worker), VNF_SECOND_NS);
	run_at(PERIOD_NS);
	cr_assert_eq(ended, 2);
	vnf_timeouts_destroy(first);
	cr_assert_eq(worker.timeouts, set);
	vnf_timeouts_destroy(set);
	cr_assert_null(worker.timeouts);
}

Test(timeout, impossible_classes_are_refused)
{
	static const struct vnf_timeout_class none = { "none", 0, expired };
	static const struct vnf_timeout_class endless = { "endless", UINT64_MAX, expired };
	static const struct vnf_timeout_class mute = { "mute", 1, NULL };

	cr_assert_eq(vnf_timeouts_create(&worker.pub, &none, 1, &set), -EINVAL);
	cr_assert_eq(vnf_timeouts_create(&worker.pub, &endless, 1, &set), -EINVAL);
	cr_assert_eq(vnf_timeouts_create(&worker.pub, &mute, 1, &set), -EINVAL);
	cr_assert_eq(vnf_timeouts_create(&worker.pub, classes, 0, &set), -EINVAL);
}
