/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The ring of entries of any length: order, wrap, full, taken back, and two threads at once.
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "byte_ring.h"

#define SIZE 4096

static struct byte_ring ring;

static void start(void)
{
	cr_assert_eq(byte_ring_init(&ring, SIZE), 0);
}

/* An entry of so many octets of this value. */
static bool add(uint8_t value, size_t bytes)
{
	uint8_t *entry = byte_ring_reserve(&ring, bytes);

	if (entry == NULL)
		return false;
	memset(entry, value, bytes);
	return true;
}

static void publish(void)
{
	byte_ring_publish(&ring, byte_ring_position(&ring));
}

static void expect(uint8_t value, size_t bytes)
{
	const uint8_t *entry = byte_ring_peek(&ring);

	cr_assert_not_null(entry);
	for (size_t i = 0; i < bytes; i++)
		cr_assert_eq(entry[i], value, "octet %zu", i);
	byte_ring_release(&ring);
}

Test(byte_ring, first_in_first_out)
{
	start();
	cr_assert_null(byte_ring_peek(&ring));
	for (uint8_t i = 1; i <= 10; i++)
		cr_assert(add(i, i));
	publish();
	for (uint8_t i = 1; i <= 10; i++)
		expect(i, i);
	cr_assert_null(byte_ring_peek(&ring));
	byte_ring_fini(&ring);
}

Test(byte_ring, nothing_is_seen_before_it_is_published)
{
	start();
	cr_assert(add(1, 100));
	cr_assert_null(byte_ring_peek(&ring));
	publish();
	expect(1, 100);
	byte_ring_fini(&ring);
}

/* What is sent is known after it was copied: the rest is taken back. */
Test(byte_ring, what_is_behind_the_position_is_taken_back)
{
	uint64_t after_one;

	start();
	cr_assert(add(1, 50));
	after_one = byte_ring_position(&ring);
	cr_assert(add(2, 50));
	cr_assert(add(3, 50));
	byte_ring_publish(&ring, after_one);
	cr_assert(add(4, 50));
	publish();
	expect(1, 50);
	expect(4, 50);
	cr_assert_null(byte_ring_peek(&ring));
	byte_ring_fini(&ring);
}

Test(byte_ring, all_taken_back_at_the_end_of_the_memory)
{
	start();
	cr_assert(add(1, 4000));
	publish();
	expect(1, 4000);
	/* This one skips what is left at the end. */
	cr_assert(add(2, 200));
	byte_ring_publish(&ring, 4008);
	cr_assert_null(byte_ring_peek(&ring));
	cr_assert(add(3, 60));
	publish();
	expect(3, 60);
	byte_ring_fini(&ring);
}

Test(byte_ring, a_full_ring_refuses_and_has_room_again)
{
	size_t n = 0;

	start();
	while (add((uint8_t)n, 100))
		n++;
	/* 100 octets take 112. */
	cr_assert_eq(n, SIZE / 112);
	publish();
	expect(0, 100);
	cr_assert(add((uint8_t)n, 100));
	cr_assert_not(add(0, 100));
	publish();
	for (size_t i = 1; i <= n; i++)
		expect((uint8_t)i, 100);
	byte_ring_fini(&ring);
}

Test(byte_ring, an_entry_longer_than_the_ring_is_refused)
{
	start();
	cr_assert_not(add(1, SIZE - 7));
	cr_assert(add(1, SIZE - 8));
	publish();
	expect(1, SIZE - 8);
	byte_ring_fini(&ring);
}

Test(byte_ring, any_lengths_wrap)
{
	uint8_t in = 0, out = 0;
	size_t length[256];

	start();
	srand(1);
	for (int round = 0; round < 100000; round++) {
		size_t bytes = (size_t)rand() % 900 + 1;

		if (add(in, bytes)) {
			length[in++] = bytes;
			publish();
		} else {
			expect(out, length[out]);
			out++;
		}
	}
	while (out != in) {
		expect(out, length[out]);
		out++;
	}
	cr_assert_null(byte_ring_peek(&ring));
	byte_ring_fini(&ring);
}

/* ---- two threads ---- */

#define MESSAGES 200000

struct message {
	uint32_t number;
	uint32_t n;
	uint32_t more[60];
};

static void *writer(void *arg)
{
	uint32_t number = 0;

	(void)arg;
	while (number < MESSAGES) {
		uint32_t n = number % 60;
		struct message *m = byte_ring_reserve(&ring, 8 + n * sizeof(m->more[0]));

		if (m == NULL) {
			sched_yield();
			continue;
		}
		m->number = number;
		m->n = n;
		for (uint32_t i = 0; i < n; i++)
			m->more[i] = number + i;
		publish();
		number++;
	}
	return NULL;
}

Test(byte_ring, two_threads, .timeout = 60)
{
	pthread_t thread;

	start();
	cr_assert_eq(pthread_create(&thread, NULL, writer, NULL), 0);
	for (uint32_t number = 0; number < MESSAGES;) {
		const struct message *m = byte_ring_peek(&ring);

		if (m == NULL) {
			sched_yield();
			continue;
		}
		cr_assert_eq(m->number, number);
		cr_assert_eq(m->n, number % 60);
		for (uint32_t i = 0; i < m->n; i++)
			cr_assert_eq(m->more[i], number + i);
		byte_ring_release(&ring);
		number++;
	}
	pthread_join(thread, NULL);
	byte_ring_fini(&ring);
}
