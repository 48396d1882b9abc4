/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tables of sessions: what is refused, how large they are, how full they get, who goes when they
 * are full, walks and handles.
 */

#include <rte_malloc.h>

#include "session_support.h"

Test(session, impossible_tables_are_refused)
{
	struct vnf_session_class bad[] = { { "bad", 0, 0 } };
	const struct vnf_sessions_conf good = conf;
	struct vnf_sessions_conf *c = &conf;

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		change;                                                                            \
		cr_assert_eq(vnf_sessions_create(NULL, c, &sessions), -EINVAL, #change);           \
		cr_assert_eq(vnf_sessions_bytes(c), 0, #change);                                   \
		cr_assert_eq(vnf_sessions_per_slot(c), 0, #change);                                \
		conf = good;                                                                       \
	} while (0)

	cr_assert_neq(vnf_sessions_bytes(c), 0);
	REFUSED(c->name = NULL);
	REFUSED(c->sessions = 0);
	REFUSED(c->sessions = VNF_SESSIONS_MAX + 1);
	REFUSED(c->slots = 0);
	REFUSED(c->slots = 3);
	REFUSED(c->slots = 2 * VNF_SESSION_SLOTS_MAX);
	REFUSED(c->key_size = 0);
	REFUSED(c->key_size = 24);
	REFUSED(c->keys = 0);
	REFUSED(c->keys = 3);
	REFUSED(c->user_size = VNF_SESSION_USER_MAX + 1);
	REFUSED(c->classes = NULL);
	REFUSED(c->n_classes = 0);
	REFUSED(c->n_classes = VNF_SESSION_CLASSES_MAX + 1);
	REFUSED((c->classes = bad, c->n_classes = 1));
	bad[0].period_ns = VNF_SESSION_PERIOD_MAX_NS + 1;
	REFUSED((c->classes = bad, c->n_classes = 1));
	bad[0] = (struct vnf_session_class){ NULL, 1, 0 };
	REFUSED((c->classes = bad, c->n_classes = 1));
	REFUSED((c->sessions = VNF_SESSIONS_MAX, c->user_size = VNF_SESSION_USER_MAX));
	vnf_sessions_destroy(NULL);
}

Test(session, memory_that_is_not_there_is_refused)
{
	conf.sessions = VNF_SESSIONS_MAX;
	eal_support_start();
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &sessions), -ENOMEM);
	eal_support_stop();
}

/* With 24 octets of the VNF's own: in a cache line with one key, in 128 octets with two. */
Test(session, sizes)
{
	conf.sessions = 1000000;
	cr_assert_leq(vnf_sessions_bytes(&conf), conf.sessions * UINT64_C(96));
	conf.slots = 64;
	cr_assert_leq(vnf_sessions_bytes(&conf), conf.sessions * UINT64_C(96));
	conf.keys = 2;
	cr_assert_leq(vnf_sessions_bytes(&conf), conf.sessions * UINT64_C(128));
	conf.sessions = 1000;
	cr_assert_eq(vnf_sessions_per_slot(&conf), 40);
	conf.slots = 1;
	cr_assert_eq(vnf_sessions_per_slot(&conf), 1000);
}

static void heap_check(bool is_virtual)
{
	struct rte_malloc_socket_stats before, after;
	uint64_t bytes;

	conf.sessions = 20000;
	conf.slots = 16;
	bytes = vnf_sessions_bytes(&conf);
	eal_support_start();
	if (is_virtual)
		clock_make_virtual(0);
	cr_assert_eq(rte_malloc_get_socket_stats(0, &before), 0);
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &sessions), 0);
	cr_assert_eq(rte_malloc_get_socket_stats(0, &after), 0);
	cr_assert_leq(after.heap_allocsz_bytes - before.heap_allocsz_bytes, bytes);
	sessions_stop();
}

Test(session, takes_what_it_says)
{
	heap_check(false);
}

/* Asked before the clock is virtual, as the plan of memory is made. */
Test(session, takes_what_it_says_in_a_replay)
{
	heap_check(true);
}

static void lines_check(uint32_t keys, uint32_t user_size, uint32_t lines)
{
	conf.keys = keys;
	conf.user_size = user_size;
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &sessions), 0);
	for (uint32_t i = 0; i < 100; i++) {
		struct vnf_session *session = created(0, i, CLASS_OPEN);
		uintptr_t first = (uintptr_t)session / RTE_CACHE_LINE_SIZE;
		uintptr_t last = (uintptr_t)vnf_session_user(session) + user_size - 1;

		cr_assert_eq(last / RTE_CACHE_LINE_SIZE - first + 1, lines);
		cr_assert_eq((uintptr_t)vnf_session_user(session) % 8, 0);
		cr_assert_eq(vnf_session_key4(session, 0)->src, i);
		cr_assert_eq(vnf_session_key4(session, 0) + keys, vnf_session_user(session));
	}
	vnf_sessions_destroy(sessions);
}

Test(session, sessions_cross_no_cache_line_that_they_need_not)
{
	eal_support_start();
	lines_check(1, 32, 1);
	lines_check(1, 24, 1);
	lines_check(2, 16, 1);
	lines_check(2, 80, 2);
	lines_check(2, 24, 2);
	eal_support_stop();
}

/* However many there are: all that it says, and not one more. */
static void fill(uint32_t n, uint32_t slots, uint32_t keys)
{
	uint32_t per_slot, id = 0;
	struct vnf_session_hit hit;

	conf.sessions = n;
	conf.slots = slots;
	conf.keys = keys;
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &sessions), 0);
	per_slot = vnf_sessions_per_slot(&conf);
	cr_assert_geq(per_slot * slots, n);
	for (uint32_t slot = 0; slot < slots; slot++) {
		for (uint32_t i = 0; i < per_slot; i++)
			created(slot, id++, CLASS_KEPT);
		cr_assert_eq(create(slot, id, CLASS_KEPT, &hit), -ENOSPC);
		cr_assert_null(hit.session);
	}
	cr_assert_eq(counted().in_use, id);
	cr_assert_eq(counted().refused, slots);
	while (id-- > 0)
		cr_assert_not_null(find(id / per_slot, id));
	vnf_sessions_destroy(sessions);
}

Test(session, holds_as_many_as_it_says)
{
	static const uint32_t sizes[] = { 1,    2,    3,     4,     5,     8,     13,  21,
					  40,   56,   57,    100,   200,   449,   700, 1000,
					  2048, 5000, 16384, 30011, 65536, 100000 };

	eal_support_start();
	worker.pub.now_ns = 1;
	for (uint32_t i = 0; i < RTE_DIM(sizes); i++) {
		fill(sizes[i], 1, 1);
		fill(sizes[i], 1, 2);
	}
	fill(1000, 64, 2);
	fill(64, 64, 1);
	fill(4096, VNF_SESSION_SLOTS_MAX, 1);
	eal_support_stop();
}

Test(session, keys_that_are_there_are_refused)
{
	uint8_t keys[KEY_MAX] __rte_aligned(8);
	struct vnf_session_hit hit;
	struct vnf_session *first;

	conf.keys = 2;
	sessions_start(true);
	first = created(0, 1, CLASS_NEW);
	cr_assert_eq(create(0, 1, CLASS_NEW, &hit), -EEXIST);
	cr_assert_eq(hit.session, first);
	cr_assert_eq(hit.key, 0);
	keys_make(keys, 1);
	key_make(keys, 2);
	cr_assert_eq(vnf_session_create(&worker.pub, sessions, 0, keys, CLASS_NEW, &hit),
		     -EADDRINUSE);
	cr_assert_eq(hit.session, first);
	cr_assert_eq(hit.key, 1);
	memcpy(keys + conf.key_size, keys, conf.key_size);
	cr_assert_eq(vnf_session_create(&worker.pub, sessions, 0, keys, CLASS_NEW, &hit), -EINVAL);
	cr_assert_null(hit.session);
	cr_assert_eq(create(1, 2, CLASS_NEW, &hit), -EINVAL);
	cr_assert_eq(create(0, 2, CLASSES, &hit), -EINVAL);
	cr_assert_null(find(0, 2));
	cr_assert_eq(counted().in_use, 1);
	cr_assert_eq(counted().refused, 0);
	sessions_stop();
}

Test(session, the_same_key_may_be_in_several_slots)
{
	struct vnf_session *a, *b;

	conf.slots = 2;
	sessions_start(true);
	a = created(0, 1, CLASS_NEW);
	b = created(1, 1, CLASS_NEW);
	cr_assert_neq(a, b);
	cr_assert_eq(find(0, 1), a);
	cr_assert_eq(find(1, 1), b);
	cr_assert_eq(vnf_session_remove(&worker.pub, sessions, a), 0);
	cr_assert_null(find(0, 1));
	cr_assert_eq(find(1, 1), b);
	sessions_stop();
}

Test(session, a_new_session_has_nothing_of_an_old_one)
{
	struct vnf_session *session;

	conf.sessions = 1;
	sessions_start(true);
	session = created(0, 1, CLASS_NEW);
	memset(vnf_session_user(session), 0xff, conf.user_size);
	cr_assert_eq(vnf_session_remove(&worker.pub, sessions, session), 0);
	for (uint32_t i = 0; i < vnf_sessions_per_slot(&conf); i++) {
		const uint8_t *user = vnf_session_user(created(0, 0, CLASS_NEW));

		for (uint32_t at = 0; at < conf.user_size; at++)
			cr_assert_eq(user[at], 0);
		cr_assert_eq(vnf_session_remove(&worker.pub, sessions, find(0, 0)), 0);
	}
	sessions_stop();
}

/* ---- handles ---- */

Test(session, a_handle_is_of_one_session_only)
{
	struct vnf_session *session;
	struct vnf_session_hit hit;
	uint64_t handle;

	conf.sessions = 4;
	sessions_start(true);
	cr_assert_eq(create(0, 1, CLASS_NEW, &hit), 0);
	handle = vnf_session_handle(sessions, hit.session);
	cr_assert_neq(handle, 0);
	cr_assert_eq(vnf_session_get(&worker.pub, sessions, handle), hit.session);
	cr_assert_eq(vnf_session_numbered(sessions, vnf_session_number(sessions, hit.session)),
		     hit.session);
	cr_assert_lt(vnf_session_number(sessions, hit.session),
		     vnf_sessions_per_slot(&conf) * conf.slots);
	cr_assert(vnf_session_hit_holds(&hit));
	cr_assert_eq(vnf_session_remove(&worker.pub, sessions, hit.session), 0);
	cr_assert_not(vnf_session_hit_holds(&hit));
	cr_assert_null(vnf_session_get(&worker.pub, sessions, handle));
	session = created(0, 1, CLASS_NEW);
	cr_assert_eq(session, hit.session, "its place is taken again");
	cr_assert_not(vnf_session_hit_holds(&hit));
	cr_assert_null(vnf_session_get(&worker.pub, sessions, handle));
	cr_assert_null(vnf_session_get(&worker.pub, sessions, 0));
	cr_assert_null(vnf_session_get(&worker.pub, sessions, UINT64_MAX));
	sessions_stop();
}

Test(session, a_handle_finds_none_whose_time_is_over)
{
	uint64_t handle;

	sessions_start(true);
	handle = vnf_session_handle(sessions, created(0, 1, CLASS_NEW));
	worker.pub.now_ns += classes[CLASS_NEW].period_ns - 1;
	cr_assert_not_null(vnf_session_get(&worker.pub, sessions, handle));
	worker.pub.now_ns++;
	cr_assert_null(vnf_session_get(&worker.pub, sessions, handle));
	cr_assert_eq(counted().expired, 1);
	sessions_stop();
}

/* ---- walks ---- */

static uint32_t seen[5000];
static uint32_t n_seen;

static void see(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		void *arg)
{
	uint32_t id = session_id(session);

	cr_assert_eq(arg, seen);
	seen[id]++;
	n_seen++;
	if (id % 5 == 0)
		cr_assert_eq(vnf_session_remove(w, of, session), 0);
}

/* Between its parts, others come and go. */
Test(session, a_walk_sees_each_session_once)
{
	uint32_t cursor = 0, next = 2000, parts = 0;

	conf.sessions = 4000;
	sessions_start(true);
	for (uint32_t i = 0; i < next; i++)
		created(0, i, CLASS_KEPT);
	while (vnf_sessions_walk(&worker.pub, sessions, 0, &cursor, 7, see, seen)) {
		struct vnf_session *gone = find(0, parts * 10 + 1);

		if (gone != NULL)
			cr_assert_eq(vnf_session_remove(&worker.pub, sessions, gone), 0);
		created(0, next++, CLASS_KEPT);
		parts++;
	}
	cr_assert_geq(parts, 2000 / 7);
	for (uint32_t i = 0; i < next; i++)
		if (i >= 2000 || i % 10 == 1)
			cr_assert_leq(seen[i], 1, "%u", i);
		else
			cr_assert_eq(seen[i], 1, "%u", i);
	sessions_stop();
}

static void see_all(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		    void *arg)
{
	n_seen++;
	(void)arg;
	cr_assert_eq(vnf_session_remove(w, of, session), 0);
}

static uint32_t n_removed;

static void removed(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		    enum vnf_session_end why)
{
	(void)w;
	(void)of;
	(void)session;
	n_removed += why == VNF_SESSION_REMOVED;
}

/* What a VNF that holds packets in sessions does at its end. */
Test(session, a_walk_ends_all)
{
	conf.slots = 4;
	conf.ended = removed;
	sessions_start(true);
	for (uint32_t i = 0; i < 800; i++)
		created(i % 4, i, CLASS_KEPT);
	for (uint32_t slot = 0; slot < conf.slots; slot++) {
		uint32_t cursor = 0;

		cr_assert_not(vnf_sessions_walk(&worker.pub, sessions, slot, &cursor, UINT32_MAX,
						see_all, NULL));
	}
	cr_assert_eq(n_seen, 800);
	cr_assert_eq(n_removed, 800);
	cr_assert_eq(counted().in_use, 0);
	cr_assert_eq(counted().removed, 800);
	sessions_stop();
}

/* ---- eviction ---- */

static uint32_t gone[1000];
static uint32_t n_gone;

static void evicted(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		    enum vnf_session_end why)
{
	(void)w;
	(void)of;
	if (why == VNF_SESSION_EVICTED)
		gone[n_gone++] = session_id(session);
}

/* Rank by rank, and the oldest first, in the order of entering the class. */
Test(session, the_oldest_of_the_lowest_rank_goes_first)
{
	struct vnf_session_hit hit;
	uint32_t id = 0, each = 25;

	conf.sessions = 4 * each;
	conf.ended = evicted;
	sessions_start(true);
	for (uint32_t in_class = 0; in_class < CLASSES; in_class++)
		for (uint32_t i = 0; i < each; i++, id++)
			created(0, id, in_class);
	for (; id < 7 * each; id++) {
		worker.pub.now_ns++;
		created(0, id, CLASS_KEPT);
	}
	cr_assert_eq(n_gone, 3 * each);
	for (uint32_t i = 0; i < each; i++) {
		cr_assert_eq(gone[i], CLASS_NEW * each + i);
		cr_assert_eq(gone[each + i], CLASS_CLOSING * each + i);
		cr_assert_eq(gone[2 * each + i], CLASS_OPEN * each + i);
	}
	cr_assert_eq(create(0, id, CLASS_KEPT, &hit), -ENOSPC);
	cr_assert_eq(counted().refused, 1);
	cr_assert_eq(counted().evicted, 3 * each);
	sessions_stop();
}

/* A flood of half-open ones pushes out its own kind only, and none that was seen lately. */
Test(session, those_that_were_seen_lately_stay)
{
	conf.sessions = 100;
	conf.ended = evicted;
	sessions_start(true);
	for (uint32_t i = 0; i < 100; i++)
		created(0, i, i < 50 ? CLASS_NEW : CLASS_KEPT);
	for (uint32_t id = 100; id < 600; id++) {
		worker.pub.now_ns += 1000;
		for (uint32_t i = 0; i < 10; i++)
			vnf_session_touch(&worker.pub, find(0, i));
		created(0, id, CLASS_NEW);
	}
	cr_assert_eq(n_gone, 500);
	for (uint32_t i = 0; i < n_gone; i++)
		cr_assert_eq(gone[i], i < 40 ? i + 10 : i + 60);
	for (uint32_t i = 0; i < 10; i++)
		cr_assert_not_null(find(0, i));
	for (uint32_t i = 50; i < 100; i++)
		cr_assert_not_null(find(0, i));
	sessions_stop();
}

/* Two classes of rank 1, with periods that are far from each other, and one that goes later. */
static const struct vnf_session_class equals[CLASSES] = {
	[CLASS_NEW] = { "new", 5 * VNF_SECOND_NS, 1 },
	[CLASS_OPEN] = { "open", 300 * VNF_SECOND_NS, 1 },
	[CLASS_CLOSING] = { "closing", VNF_SECOND_NS, 2 },
	[CLASS_KEPT] = { "kept", 7200 * VNF_SECOND_NS, 0 },
};

/* Whatever class they are in, they go in the order in which they came. */
Test(session, of_classes_of_the_same_rank_the_oldest_goes_first)
{
	struct vnf_random chance;

	conf.sessions = 100;
	conf.classes = equals;
	conf.ended = evicted;
	sessions_start(true);
	vnf_random_init(&chance, 1);
	for (uint32_t id = 0; id < 1100; id++) {
		worker.pub.now_ns += 1 + vnf_random_below(&chance, 1000);
		created(0, id, vnf_random_below(&chance, 3) != 0 ? CLASS_OPEN : CLASS_NEW);
	}
	cr_assert_eq(n_gone, 1000);
	for (uint32_t i = 0; i < n_gone; i++)
		cr_assert_eq(gone[i], i, "%u goes as number %u", gone[i], i);
	sessions_stop();
}

/* And none of them that was seen lately, as long as there is another in any of the two. */
Test(session, of_classes_of_the_same_rank_those_that_were_seen_lately_stay)
{
	conf.sessions = 100;
	conf.classes = equals;
	conf.ended = evicted;
	sessions_start(true);
	for (uint32_t i = 0; i < 100; i++)
		created(0, i, i % 2 == 0 ? CLASS_NEW : CLASS_OPEN);
	for (uint32_t id = 100; id < 600; id++) {
		worker.pub.now_ns += 1000;
		for (uint32_t i = 0; i < 10; i++)
			vnf_session_touch(&worker.pub, find(0, i));
		created(0, id, id % 3 == 0 ? CLASS_OPEN : CLASS_NEW);
	}
	cr_assert_eq(n_gone, 500);
	for (uint32_t i = 0; i < 10; i++)
		cr_assert_not_null(find(0, i), "%u is gone", i);
	for (uint32_t id = 510; id < 600; id++)
		cr_assert_not_null(find(0, id), "%u is gone", id);
	sessions_stop();
}

/* The next rank is for when both are empty. */
Test(session, of_the_next_rank_none_goes_before_all_of_the_lower_one)
{
	uint32_t id = 0;

	conf.sessions = 120;
	conf.classes = equals;
	conf.ended = evicted;
	sessions_start(true);
	for (; id < 120; id++) {
		worker.pub.now_ns++;
		created(0, id, id < 40 ? CLASS_CLOSING : id < 80 ? CLASS_OPEN : CLASS_NEW);
	}
	for (; id < 240; id++) {
		worker.pub.now_ns++;
		created(0, id, CLASS_KEPT);
	}
	cr_assert_eq(n_gone, 120);
	for (uint32_t i = 0; i < n_gone; i++)
		cr_assert_eq(gone[i], (i + 40) % 120, "%u goes as number %u", gone[i], i);
	sessions_stop();
}

/* What is over makes room before anything is evicted, whether or not its timer was run. */
Test(session, what_is_over_goes_before_others)
{
	conf.sessions = 100;
	conf.ended = evicted;
	sessions_start(false);
	for (uint32_t i = 0; i < 100; i++)
		created(0, i, i < 50 ? CLASS_CLOSING : CLASS_NEW);
	worker.pub.now_ns += classes[CLASS_CLOSING].period_ns;
	for (uint32_t i = 100; i < 150; i++)
		created(0, i, CLASS_KEPT);
	cr_assert_eq(n_gone, 0);
	cr_assert_eq(counted().expired, 50);
	created(0, 150, CLASS_KEPT);
	cr_assert_eq(n_gone, 1);
	cr_assert_eq(gone[0], 50);
	sessions_stop();
}
