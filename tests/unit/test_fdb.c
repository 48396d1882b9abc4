/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's MAC table against a simple oracle, its fairness when full, and readers beside the
 * writer. Pure: no EAL.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>

#include "fdb.h"

static struct hsw_fdb *fdb;

static void create(uint32_t size)
{
	cr_assert_eq(hsw_fdb_create(size, &fdb), 0);
}

static void destroy(void)
{
	hsw_fdb_destroy(fdb);
}

/* The i-th address of a port's hosts; locally administered, unicast, never zero. */
static uint64_t mac(uint16_t port, uint32_t i)
{
	return 0x02u | (uint64_t)port << 8 | (uint64_t)i << 16;
}

static enum hsw_fdb_change learn(uint16_t domain, uint64_t mac48, uint16_t port, uint32_t epoch)
{
	uint16_t old;

	return hsw_fdb_learn(fdb, hsw_fdb_key(domain, mac48), port, epoch, &old);
}

/* The port of an address, or -1. */
static int find(uint16_t domain, uint64_t mac48)
{
	uint64_t key = hsw_fdb_key(domain, mac48);
	union hsw_fdb_value value;

	if (hsw_fdb_lookup(fdb, key, hsw_fdb_prefetch(fdb, key), &value) == NULL)
		return -1;
	return value.port;
}

static uint32_t count_found(uint16_t port, uint32_t n)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < n; i++)
		found += find(0, mac(port, i)) == port;
	return found;
}

static void age_all(uint32_t epoch, uint32_t max_age)
{
	hsw_fdb_age(fdb, epoch, max_age, fdb->mask + 1);
}

TestSuite(fdb, .fini = destroy);

Test(fdb, size_is_checked)
{
	cr_assert_lt(hsw_fdb_create(0, &fdb), 0);
	cr_assert_lt(hsw_fdb_create(UINT32_MAX, &fdb), 0);
	create(1);
}

Test(fdb, an_address_is_found_in_its_domain_only)
{
	create(16);
	cr_assert_eq(learn(0, mac(1, 7), 1, 5), HSW_FDB_ADDED);
	cr_assert_eq(find(0, mac(1, 7)), 1);
	cr_assert_eq(find(1, mac(1, 7)), -1);
	cr_assert_eq(learn(1, mac(1, 7), 2, 5), HSW_FDB_ADDED);
	cr_assert_eq(find(0, mac(1, 7)), 1);
	cr_assert_eq(find(1, mac(1, 7)), 2);
}

Test(fdb, the_zero_address_is_never_found)
{
	create(16);
	cr_assert_eq(find(0, 0), -1);
}

Test(fdb, a_move_is_told_with_the_old_port)
{
	uint16_t old = 99;

	create(16);
	learn(0, mac(1, 1), 1, 5);
	cr_assert_eq(learn(0, mac(1, 1), 1, 6), HSW_FDB_KNOWN);
	cr_assert_eq(hsw_fdb_learn(fdb, hsw_fdb_key(0, mac(1, 1)), 3, 6, &old), HSW_FDB_MOVED);
	cr_assert_eq(old, 1);
	cr_assert_eq(find(0, mac(1, 1)), 3);
	cr_assert_eq(fdb->port_count[1], 0);
	cr_assert_eq(fdb->port_count[3], 1);
	cr_assert_eq(fdb->count, 1);
}

/* As many random learns, moves and flushes as it takes to get into all corners. */
Test(fdb, agrees_with_an_oracle)
{
	enum { MACS = 2000, PORTS = 8, STEPS = 200000 };
	static int oracle[MACS];

	create(MACS);
	memset(oracle, -1, sizeof(oracle));
	srand(1);
	for (int step = 0; step < STEPS; step++) {
		uint32_t i = (uint32_t)rand() % MACS;
		uint16_t port = (uint16_t)(rand() % PORTS);

		if (rand() % 5000 == 0) {
			hsw_fdb_flush_port(fdb, port);
			for (int j = 0; j < MACS; j++)
				oracle[j] = oracle[j] == port ? -1 : oracle[j];
			continue;
		}
		cr_assert_neq(learn(3, mac(0, i + 1), port, 1), HSW_FDB_REFUSED);
		oracle[i] = port;
		i = (uint32_t)rand() % MACS;
		cr_assert_eq(find(3, mac(0, i + 1)), oracle[i], "step %d", step);
		hsw_fdb_age(fdb, 1, 300, 1);
	}
	for (uint32_t i = 0; i < MACS; i++)
		cr_assert_eq(find(3, mac(0, i + 1)), oracle[i]);
	cr_assert_eq(fdb->evicted, 0);
}

Test(fdb, holds_as_many_as_it_was_made_for)
{
	create(10000);
	for (uint32_t i = 0; i < 10000; i++)
		cr_assert_eq(learn(0, mac(1, i), 1, 1), HSW_FDB_ADDED, "address %u", i);
	cr_assert_eq(count_found(1, 10000), 10000);
	cr_assert_eq(fdb->count, 10000);
}

Test(fdb, a_flood_of_addresses_costs_the_flooding_port_only)
{
	create(1024);
	for (uint32_t i = 0; i < 100; i++) {
		learn(0, mac(1, i), 1, 1);
		learn(0, mac(2, i), 2, 1);
	}
	for (uint32_t i = 0; i < 200000; i++)
		learn(0, mac(3, i), 3, 2);
	cr_assert_eq(count_found(1, 100), 100);
	cr_assert_eq(count_found(2, 100), 100);
	cr_assert_leq(fdb->count, 1024);
	cr_assert_gt(fdb->evicted, 100000);
	/* And the victims of the full table can still learn. */
	for (uint32_t i = 100; i < 300; i++)
		cr_assert_eq(learn(0, mac(1, i), 1, 2), HSW_FDB_ADDED);
	cr_assert_eq(count_found(1, 300), 300);
	cr_assert_eq(count_found(2, 100), 100);
}

/* Addresses chosen so that all fall into the same two buckets. */
Test(fdb, an_attack_on_one_bucket_evicts_the_attacker)
{
	uint64_t victim = hsw_fdb_key(0, mac(1, 1));
	const struct hsw_fdb_bucket *first;
	uint32_t hit = 0;

	create(64);
	learn(0, mac(1, 1), 1, 1);
	first = hsw_fdb_first(fdb, hsw_fdb_hash(victim));
	for (uint32_t i = 0; i < 100000 && hit < 500; i++) {
		uint64_t key = hsw_fdb_key(0, mac(2, i));

		if (hsw_fdb_first(fdb, hsw_fdb_hash(key)) != first)
			continue;
		learn(0, mac(2, i), 2, 2);
		hit++;
		cr_assert_eq(find(0, mac(1, 1)), 1, "after %u addresses", hit);
	}
	cr_assert_eq(hit, 500);
}

Test(fdb, a_port_keeps_to_its_limit)
{
	create(1000);
	hsw_fdb_set_limit(fdb, 1, 10);
	for (uint32_t i = 0; i < 10; i++)
		cr_assert_eq(learn(0, mac(1, i), 1, 1), HSW_FDB_ADDED);
	cr_assert_eq(learn(0, mac(1, 10), 1, 1), HSW_FDB_REFUSED);
	cr_assert_eq(learn(0, mac(2, 0), 2, 1), HSW_FDB_ADDED);
	cr_assert_eq(learn(0, mac(2, 0), 1, 1), HSW_FDB_REFUSED, "nor does it get it by a move");
	cr_assert_eq(find(0, mac(2, 0)), -1, "it is unknown, and flooded");
	cr_assert_eq(fdb->limited, 2);
}

Test(fdb, a_flush_forgets_one_port_at_once)
{
	create(1000);
	for (uint32_t i = 0; i < 200; i++) {
		learn(0, mac(1, i), 1, 1);
		learn(0, mac(2, i), 2, 1);
	}
	hsw_fdb_flush_port(fdb, 1);
	cr_assert_eq(count_found(1, 200), 0);
	cr_assert_eq(count_found(2, 200), 200);
	cr_assert_eq(fdb->port_count[1], 0);
	age_all(1, 300);
	cr_assert_eq(fdb->count, 200);
	cr_assert_eq(learn(0, mac(1, 0), 1, 1), HSW_FDB_ADDED);
	cr_assert_eq(fdb->port_count[1], 1);
}

Test(fdb, ages_what_was_not_seen)
{
	uint64_t key = hsw_fdb_key(0, mac(1, 1));
	union hsw_fdb_value value;

	create(100);
	learn(0, mac(1, 0), 1, 10);
	learn(0, mac(1, 1), 1, 10);
	hsw_fdb_touch(hsw_fdb_lookup(fdb, key, hsw_fdb_prefetch(fdb, key), &value), 200);
	age_all(310, 300);
	cr_assert_eq(find(0, mac(1, 0)), 1);
	age_all(311, 300);
	cr_assert_eq(find(0, mac(1, 0)), -1);
	cr_assert_eq(find(0, mac(1, 1)), 1);
	cr_assert_eq(fdb->aged, 1);
	/* A worker whose clock is ahead of the control thread's view is not aged. */
	age_all(199, 1);
	cr_assert_eq(find(0, mac(1, 1)), 1);
}

Test(fdb, the_walk_meets_every_address_once)
{
	struct hsw_fdb_entry entry;
	uint32_t cursor = 0, n = 0;
	uint64_t sum = 0, expected = 0;

	create(500);
	for (uint32_t i = 0; i < 300; i++) {
		learn(2, mac(1, i), 1, 1);
		expected += hsw_fdb_key(2, mac(1, i));
	}
	learn(2, mac(9, 0), 9, 1);
	hsw_fdb_flush_port(fdb, 9);
	while (hsw_fdb_walk(fdb, &cursor, &entry)) {
		cr_assert_eq(hsw_fdb_key_domain(entry.key), 2);
		sum += entry.key;
		n++;
	}
	cr_assert_eq(n, 300);
	cr_assert_eq(sum, expected);
}

/* ---- readers beside the writer ---- */

enum { STABLE = 400, CHURN = 4000 };

static bool stop;

/* A value found is the address's own, whatever the writer does meanwhile: port = address's port. */
static void *read_all(void *arg)
{
	uint64_t wrong = 0, missed = 0;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (uint32_t i = 0; i < STABLE; i++) {
			int port = find(0, mac(1, i));

			wrong += port != 1 && port != -1;
			missed += port == -1;
		}
		for (uint32_t i = 0; i < CHURN; i += 7) {
			int port = find(0, mac(2, i));

			wrong += port != 2 && port != -1;
		}
	}
	cr_assert_eq(wrong, 0);
	/* An entry may be missed while it is shifted between buckets, but hardly ever. */
	cr_assert_lt(missed, 1000);
	return NULL;
}

Test(fdb, readers_beside_a_writer, .timeout = 30)
{
	pthread_t readers[2];

	create(1024);
	for (uint32_t i = 0; i < STABLE; i++)
		learn(0, mac(1, i), 1, 1);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&readers[i], NULL, read_all, NULL), 0);
	for (uint32_t round = 0; round < 50; round++) {
		for (uint32_t i = 0; i < CHURN; i++)
			learn(0, mac(2, i), 2, round);
		hsw_fdb_flush_port(fdb, 2);
		age_all(round, 300);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	cr_assert_eq(count_found(1, STABLE), STABLE);
}
