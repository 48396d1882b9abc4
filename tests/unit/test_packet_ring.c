/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The ring of packets between two workers: order, full, counts that go beyond 32 bits, and two
 * threads at once. It looks into no packet, so numbers stand for them.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>

#include "packet_ring.h"

#define SIZE 64
#define MANY UINT64_C(500000)

static struct packet_ring *ring;

/* Counts that stand where they would after so many packets. */
static void start_at(uint32_t count)
{
	ring = packet_ring_create(SIZE);
	cr_assert_not_null(ring);
	ring->written = ring->seen_read = ring->read = ring->seen_written = count;
}

static void start(void)
{
	start_at(0);
}

static void end(void)
{
	packet_ring_destroy(ring);
	ring = NULL;
}

static struct rte_mbuf *packet(uint64_t number)
{
	return (struct rte_mbuf *)(uintptr_t)number;
}

static uint32_t put(uint64_t first, uint32_t n)
{
	struct rte_mbuf *pkts[2 * SIZE];

	for (uint32_t i = 0; i < n; i++)
		pkts[i] = packet(first + i);
	return packet_ring_put(ring, pkts, n);
}

/* All that come when so many are asked for. It takes one more look where the last one was before
 * the writer's: but never is none taken that was there.
 */
static void expect(uint64_t first, uint32_t n, uint32_t asked)
{
	struct rte_mbuf *pkts[2 * SIZE];
	uint32_t got = 0, more;

	while ((more = packet_ring_take(ring, pkts + got, asked - got)) > 0)
		got += more;
	cr_assert_eq(got, n, "%u of %u", got, n);
	for (uint32_t i = 0; i < n; i++)
		cr_assert_eq(pkts[i], packet(first + i), "%u", i);
}

Test(packet_ring, first_in_first_out)
{
	start();
	expect(0, 0, 32);
	cr_assert_eq(put(1, 5), 5);
	cr_assert_eq(put(6, 10), 10);
	cr_assert_eq(packet_ring_written(ring), 15);
	expect(1, 3, 3);
	expect(4, 12, 32);
	expect(0, 0, 32);
	cr_assert_eq(packet_ring_read(ring), 15);
	end();
}

Test(packet_ring, none_is_put_and_none_is_taken)
{
	start();
	cr_assert_eq(put(1, 0), 0);
	cr_assert_eq(put(1, 2), 2);
	expect(0, 0, 0);
	expect(1, 2, 2);
	end();
}

Test(packet_ring, all_places_are_used_and_no_more)
{
	start();
	cr_assert_eq(put(1, SIZE + 20), SIZE);
	cr_assert_eq(put(100, 1), 0);
	expect(1, 10, 10);
	cr_assert_eq(put(SIZE + 1, 11), 10);
	cr_assert_eq(put(100, 1), 0);
	expect(11, SIZE, 2 * SIZE);
	expect(0, 0, 1);
	end();
}

/* Both counts pass 2^32, at each place in the ring and with each number of packets in it. */
Test(packet_ring, counts_wrap)
{
	for (uint32_t before = 0; before <= 2 * SIZE; before++) {
		start_at(0u - before);
		for (uint64_t first = 1; first < 5 * SIZE; first += 50) {
			cr_assert_eq(put(first, 50), 50);
			cr_assert_eq(packet_ring_written(ring) - packet_ring_read(ring), 50);
			expect(first, 50, SIZE);
		}
		cr_assert_eq(put(1, SIZE + 1), SIZE, "%u", before);
		expect(1, SIZE, SIZE);
		end();
	}
}

Test(packet_ring, full_across_the_wrap)
{
	start_at(0u - SIZE / 2);
	cr_assert_eq(put(1, SIZE), SIZE);
	cr_assert_eq(put(1, 1), 0);
	cr_assert_eq(packet_ring_written(ring), SIZE / 2);
	expect(1, SIZE / 2, SIZE / 2);
	cr_assert_eq(put(SIZE + 1, SIZE), SIZE / 2);
	expect(SIZE / 2 + 1, SIZE, SIZE);
	end();
}

/* ---- two threads ---- */

static void *writer(void *arg)
{
	struct rte_mbuf *pkts[32];
	uint64_t next = 1;

	(void)arg;
	while (next <= MANY) {
		uint32_t n = (uint32_t)RTE_MIN(1 + next % 32, MANY + 1 - next), done;

		for (uint32_t i = 0; i < n; i++)
			pkts[i] = packet(next + i);
		done = packet_ring_put(ring, pkts, n);
		next += done;
		if (done < n)
			sched_yield();
	}
	return NULL;
}

/* Each comes once, in order, whoever is the faster; the counts wrap on the way. */
Test(packet_ring, two_threads, .timeout = 30)
{
	struct rte_mbuf *pkts[32];
	uint64_t next = 1, wrong = 0;
	pthread_t thread;

	start_at(0u - (uint32_t)MANY / 2);
	cr_assert_eq(pthread_create(&thread, NULL, writer, NULL), 0);
	while (next <= MANY) {
		uint32_t n = packet_ring_take(ring, pkts, (uint32_t)(1 + next % 29));

		for (uint32_t i = 0; i < n; i++)
			wrong += pkts[i] != packet(next++);
		if (n == 0)
			sched_yield();
	}
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(wrong, 0);
	cr_assert_eq(packet_ring_take(ring, pkts, 32), 0);
	end();
}

Test(packet_ring, no_ring_is_destroyed_without_a_word)
{
	packet_ring_destroy(NULL);
}
