/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What sources of the firewall have: limits, words that are given back, tables that are full,
 * periods to the 64th of a second and over the end of their units, and many threads at once.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "source.h"

#define SECOND UINT64_C(1000000000)
#define UNIT (SECOND / 64)
#define DAY (86400 * SECOND)

static struct fw_sources table;
static uint64_t counts;

static void make(uint64_t n)
{
	const uint64_t secret[FW_SOURCE_SECRETS] = { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
						     0x94d049bb133111eb, 0xd6e8feb86659fd93,
						     0xa0761d6478bd642f, 0xe7037ed1a0b428db,
						     0x8ebc6af09c88c6e3, 0x589965cc75374cc3 };
	void *memory = NULL;

	counts = n;
	cr_assert_eq(posix_memalign(&memory, 64, fw_sources_bytes(n)), 0);
	memset(memory, 0, fw_sources_bytes(n));
	fw_sources_init(&table, memory, n, secret);
}

static void made_empty(void)
{
	for (uint64_t i = 0; i < fw_sources_bytes(counts) / 8; i++)
		cr_assert_eq(table.words[i], 0, "word %lu is %lx", (unsigned long)i,
			     (unsigned long)table.words[i]);
	free(table.words);
}

static struct fw_source_place place_of(uint64_t address, uint64_t of)
{
	const struct fw_source source = { { address, 0, of, 4 } };
	struct fw_source_place place;

	fw_source_find(&table, &source, &place);
	return place;
}

Test(fw_source, a_limit_holds_and_what_is_given_back_is_there_again)
{
	struct fw_source_place place;
	uint32_t at[3], more;

	make(1024);
	place = place_of(1, 7);
	for (uint32_t i = 0; i < 3; i++)
		cr_assert_eq(fw_source_take(&table, &place, 3, &at[i]), 0);
	cr_assert_eq(fw_source_take(&table, &place, 3, &more), -EDQUOT);
	cr_assert_eq(more, 0);
	cr_assert_eq(fw_source_count(&place), 3);
	fw_source_give(&table, at[1]);
	cr_assert_eq(fw_source_take(&table, &place, 3, &at[1]), 0);
	cr_assert_eq(fw_source_take(&table, &place, 3, &more), -EDQUOT);
	/* A lower limit: as many have to go first. */
	fw_source_give(&table, at[0]);
	cr_assert_eq(fw_source_take(&table, &place, 2, &more), -EDQUOT);
	fw_source_give(&table, at[1]);
	fw_source_give(&table, at[2]);
	made_empty();
}

Test(fw_source, every_bit_of_a_source_counts)
{
	struct fw_source source = { { 0 } };
	struct fw_source_place first, place;
	uint32_t at, other;

	make(1024);
	fw_source_find(&table, &source, &first);
	cr_assert_eq(fw_source_take(&table, &first, 1, &at), 0);
	cr_assert(fw_source_holds(&table, &first, at));
	for (uint32_t bit = 0; bit < 256; bit++) {
		source.word[bit / 64] ^= UINT64_C(1) << bit % 64;
		fw_source_find(&table, &source, &place);
		cr_assert_not(fw_source_holds(&table, &place, at), "bit %u", bit);
		cr_assert_eq(fw_source_count(&place), 0, "bit %u", bit);
		cr_assert_eq(fw_source_take(&table, &place, 1, &other), 0, "bit %u", bit);
		fw_source_give(&table, other);
		source.word[bit / 64] ^= UINT64_C(1) << bit % 64;
	}
	fw_source_give(&table, at);
	made_empty();
}

Test(fw_source, at_half_its_room_a_table_counts_all)
{
	const uint32_t n = 100000;
	uint32_t *at = calloc(n, sizeof(*at));

	make(2 * n);
	for (uint32_t i = 0; i < n; i++) {
		struct fw_source_place place = place_of(i, 1);

		cr_assert_eq(fw_source_take(&table, &place, 1, &at[i]), 0);
		cr_assert_neq(at[i], 0, "source %u", i);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct fw_source_place place = place_of(i, 1);

		cr_assert_eq(fw_source_count(&place), 1);
		cr_assert(fw_source_holds(&table, &place, at[i]));
	}
	for (uint32_t i = 0; i < n; i++)
		fw_source_give(&table, at[i]);
	free(at);
	made_empty();
}

Test(fw_source, what_finds_no_room_is_not_counted_and_those_that_have_some_are)
{
	uint32_t at[64], counted = 0, not = 0;

	make(16);
	for (uint32_t i = 0; i < 64; i++) {
		struct fw_source_place place = place_of(i, 1);

		cr_assert_eq(fw_source_take(&table, &place, 1, &at[i]), 0);
		counted += at[i] != 0;
		not += at[i] == 0;
	}
	cr_assert_leq(counted, 16);
	cr_assert_geq(counted, 12);
	cr_assert_eq(counted + not, 64);
	for (uint32_t i = 0; i < 64; i++) {
		struct fw_source_place place = place_of(i, 1);
		uint32_t more;

		cr_assert_eq(fw_source_take(&table, &place, 1, &more), at[i] != 0 ? -EDQUOT : 0);
		cr_assert_eq(more, 0);
	}
	for (uint32_t i = 0; i < 64; i++)
		if (at[i] != 0)
			fw_source_give(&table, at[i]);
	made_empty();
}

Test(fw_source, a_count_does_not_run_over)
{
	struct fw_source_place place;
	uint32_t at, more;

	make(16);
	place = place_of(1, 1);
	cr_assert_eq(fw_source_take(&table, &place, UINT32_MAX, &at), 0);
	table.words[at - 1] |= (1 << 24) - 1;
	cr_assert_eq(fw_source_take(&table, &place, UINT32_MAX, &more), 0);
	cr_assert_eq(more, 0);
	cr_assert_eq(fw_source_take(&table, &place, FW_SOURCE_SESSIONS_MAX, &more), -EDQUOT);
	free(table.words);
}

/* ---- periods ---- */

static int rate(const struct fw_source_place *place, uint32_t limit, uint64_t period, uint64_t now)
{
	struct fw_source_counted counted;
	bool forgot;
	int ret = fw_source_rate_take(place, limit, period, now, &counted, &forgot);

	cr_assert_not(forgot);
	cr_assert_eq(counted.word == NULL, ret != 0);
	return ret;
}

Test(fw_source, a_period_begins_with_the_first_and_ends_to_the_64th_of_a_second)
{
	struct fw_source_place place;
	/* The last one begins beyond the end of the units, 2^26 of them. */
	const uint64_t begins[] = { 0,
				    1,
				    12345 * UNIT,
				    12345 * UNIT + 1,
				    12346 * UNIT - 1,
				    (UINT64_C(1) << 26) * UNIT - UNIT / 2,
				    (UINT64_C(9) << 26) * UNIT - 30 * SECOND };

	make(64);
	for (uint32_t i = 0; i < RTE_DIM(begins); i++) {
		uint64_t begin = begins[i], end = (begin + 60 * SECOND + UNIT - 1) / UNIT * UNIT;

		place = place_of(i, 1);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, begin), 0);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, begin), 0);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, begin + 30 * SECOND), 0);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, begin + 30 * SECOND), -EDQUOT);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, end - 1), -EDQUOT, "%u", i);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, end), 0, "%u", i);
		cr_assert_eq(rate(&place, 3, 60 * SECOND, end + 1), 0);
		cr_assert_eq(rate(&place, 2, 60 * SECOND, end + 1), -EDQUOT);
	}
	free(table.words);
}

Test(fw_source, a_shorter_period_ends_a_longer_one)
{
	struct fw_source_place place;

	make(64);
	place = place_of(1, 1);
	cr_assert_eq(rate(&place, 1, DAY, 0), 0);
	cr_assert_eq(rate(&place, 1, DAY, DAY - UNIT), -EDQUOT);
	cr_assert_eq(rate(&place, 1, SECOND, SECOND), 0);
	cr_assert_eq(rate(&place, 1, DAY, SECOND), -EDQUOT);
	cr_assert_eq(rate(&place, 1, DAY, 2 * SECOND), 0);
	free(table.words);
}

/* Another worker's clock, read once a burst, may be of the unit before. */
Test(fw_source, a_worker_that_is_behind_begins_no_period_anew)
{
	const uint64_t begin = 100 * UNIT + 1;
	struct fw_source_place place;

	make(64);
	place = place_of(1, 1);
	cr_assert_eq(rate(&place, 2, SECOND, begin), 0);
	cr_assert_eq(rate(&place, 2, SECOND, begin), 0);
	cr_assert_eq(rate(&place, 2, SECOND, begin - 2), -EDQUOT);
	cr_assert_eq(rate(&place, 2, SECOND, begin), -EDQUOT);
	free(table.words);
}

Test(fw_source, what_did_not_come_to_a_session_is_not_counted)
{
	struct fw_source_counted counted, stale;
	struct fw_source_place place;
	bool forgot;

	make(64);
	place = place_of(1, 1);
	cr_assert_eq(fw_source_rate_take(&place, 2, SECOND, 0, &stale, &forgot), 0);
	fw_source_rate_give(&stale);
	cr_assert_eq(rate(&place, 2, SECOND, UNIT), 0);
	cr_assert_eq(fw_source_rate_take(&place, 2, SECOND, UNIT, &counted, &forgot), 0);
	cr_assert_eq(rate(&place, 2, SECOND, UNIT), -EDQUOT);
	fw_source_rate_give(&stale); /* of a period that is no more */
	cr_assert_eq(rate(&place, 2, SECOND, UNIT), -EDQUOT);
	fw_source_rate_give(&counted);
	cr_assert_eq(rate(&place, 2, SECOND, UNIT), 0);
	counted.word = NULL;
	fw_source_rate_give(&counted);
	free(table.words);
}

Test(fw_source, words_of_periods_that_are_over_are_taken_and_else_those_of_the_least_count)
{
	struct fw_source_counted counted;
	struct fw_source_place place;
	uint32_t n_forgot = 0;
	bool forgot;

	make(16);
	for (uint32_t turn = 0; turn < 100; turn++)
		for (uint32_t i = 0; i < 4; i++) {
			place = place_of(4 * turn + i, 1);
			cr_assert_eq(rate(&place, 1, SECOND, turn * SECOND), 0);
		}
	place = place_of(1000, 2);
	for (uint32_t i = 0; i < 3; i++)
		cr_assert_eq(rate(&place, 3, 60 * SECOND, 200 * SECOND), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		struct fw_source_place other = place_of(2000 + i, 2);

		cr_assert_eq(fw_source_rate_take(&other, 3, 60 * SECOND, 200 * SECOND, &counted,
						 &forgot),
			     0);
		n_forgot += forgot;
	}
	cr_assert_geq(n_forgot, 900);
	cr_assert_eq(rate(&place, 3, 60 * SECOND, 200 * SECOND), -EDQUOT);
	free(table.words);
}

/* ---- threads ---- */

#define THREADS 4
#define SOURCES 8
#define HOLDS 16
#define TURNS 200000

/* Threads take of so many sources, each of which has a limit, and hold so many at a time. */
static struct {
	uint32_t sources;
	uint32_t limit;
	uint32_t holds;
} play;
static uint32_t now_held[SOURCES], most_held[SOURCES];

static void held_add(uint32_t source)
{
	uint32_t n = __atomic_add_fetch(&now_held[source], 1, __ATOMIC_SEQ_CST);
	uint32_t most = __atomic_load_n(&most_held[source], __ATOMIC_SEQ_CST);

	while (n > most && !__atomic_compare_exchange_n(&most_held[source], &most, n, false,
							__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void held_give(uint32_t source, uint32_t *at)
{
	if (*at == 0)
		return;
	__atomic_sub_fetch(&now_held[source], 1, __ATOMIC_SEQ_CST);
	fw_source_give(&table, *at);
	*at = 0;
}

static void *thread_run(void *arg)
{
	uint32_t at[HOLDS] = { 0 }, of[HOLDS] = { 0 };
	uint64_t random = (uintptr_t)arg * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (uint32_t i = 0; i < TURNS; i++) {
		uint32_t k = i % play.holds;
		struct fw_source_place place;

		held_give(of[k], &at[k]);
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		of[k] = (uint32_t)(random >> 40) % play.sources;
		place = place_of(of[k], 1);
		fw_source_take(&table, &place, play.limit, &at[k]);
		if (at[k] != 0)
			held_add(of[k]);
	}
	for (uint32_t k = 0; k < HOLDS; k++)
		held_give(of[k], &at[k]);
	return NULL;
}

static void threads_play(uint32_t sources, uint32_t limit, uint32_t holds)
{
	pthread_t thread[THREADS];

	play.sources = sources;
	play.limit = limit;
	play.holds = holds;
	make(16);
	for (uintptr_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, thread_run, (void *)i), 0);
	for (uint32_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(thread[i], NULL), 0);
	for (uint32_t i = 0; i < sources; i++)
		cr_assert_eq(most_held[i], limit, "%u", most_held[i]);
	made_empty();
}

Test(fw_source, threads_leave_nothing_and_pass_no_limit)
{
	threads_play(SOURCES, 5, HOLDS);
}

/* Whose word comes and goes all the time. */
Test(fw_source, threads_pass_no_limit_of_a_source_that_has_one_or_none)
{
	threads_play(1, 1, 1);
}

static struct fw_source_place raced;

static void *thread_race(void *arg)
{
	uint32_t *passed = arg;
	struct fw_source_counted counted;
	bool forgot;

	for (uint32_t i = 0; i < TURNS / 10; i++)
		*passed += fw_source_rate_take(&raced, 1000, DAY, 0, &counted, &forgot) == 0 &&
			   counted.word != NULL;
	return NULL;
}

Test(fw_source, threads_share_a_period)
{
	uint32_t passed[THREADS] = { 0 }, all = 0;
	pthread_t thread[THREADS];

	make(16);
	raced = place_of(1, 1);
	for (uint32_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, thread_race, &passed[i]), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		cr_assert_eq(pthread_join(thread[i], NULL), 0);
		all += passed[i];
	}
	cr_assert_eq(all, 1000, "%u", all);
	free(table.words);
}
