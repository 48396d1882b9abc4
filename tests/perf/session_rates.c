/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How many sessions a core looks up, sets up and removes in a second: vnf/session.h, in 64 slots,
 * beside rte_hash with an array of as many octets a session, which is one table without flags for
 * concurrency. Keys are random IPv4 ones; each step is done in an order of its own, in bursts of
 * 32:
 *
 *     set up   look a burst up in vain, then create its sessions
 *     look up  look a burst up, then write a time and a count into each session
 *     remove   look a burst up, then remove its sessions (rte_hash: only the latter)
 *
 * Arguments: EAL's, then --, sessions, turns. Prints "STEP:WHO MILLIONS" for the median of the
 * turns, and "octets:WHO NUMBER" for a session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_malloc.h>

#include <vnf/clock.h>
#include <vnf/session.h>

#define BURST VNF_BURST_MAX
#define SLOTS 64
#define USER_BYTES 24
#define TURNS_MAX 31
#define OPERATIONS 2000000 /* in a turn, at least */
#define ORDERS 3

struct user {
	uint64_t n_packets;
	uint8_t rest[USER_BYTES - 8];
};

/* As much as a session of ours has beside its key. */
struct other {
	uint64_t touched_ns;
	struct user user;
	uint8_t rest[64 - 8 - USER_BYTES];
} __rte_cache_aligned;

static uint32_t n_sessions, n_turns, n_rounds;
static struct vnf_session_key4 *keys[ORDERS]; /* the same keys in three orders */
static uint16_t *slots[ORDERS];
static struct vnf_worker worker = { .now_ns = VNF_SECOND_NS };

static const struct vnf_session_class classes[] = {
	{ "new", 30 * VNF_SECOND_NS, 1 },
	{ "open", 300 * VNF_SECOND_NS, 0 },
};

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

/* ---- keys ---- */

static uint64_t seed = 1;

static uint32_t chance(void)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 32);
}

static void keys_shuffle(uint32_t order)
{
	for (uint32_t i = n_sessions - 1; i > 0; i--) {
		uint32_t j = (uint32_t)(((uint64_t)chance() * (i + 1)) >> 32);
		struct vnf_session_key4 key = keys[order][i];

		keys[order][i] = keys[order][j];
		keys[order][j] = key;
	}
	for (uint32_t i = 0; i < n_sessions; i++)
		slots[order][i] = keys[order][i].src % SLOTS;
}

/* Different by address and port; random enough to be spread over all slots. */
static void keys_make(void)
{
	for (uint32_t order = 0; order < ORDERS; order++) {
		keys[order] = calloc(n_sessions, sizeof(*keys[0]));
		slots[order] = calloc(n_sessions, sizeof(*slots[0]));
		if (keys[order] == NULL || slots[order] == NULL)
			fail("no memory for keys");
		for (uint32_t i = 0; i < n_sessions; i++)
			keys[order][i] = (struct vnf_session_key4){
				.src = i * 0x9e3779b1u >> 3,
				.dst = i,
				.sport = (uint16_t)(i * 31),
				.dport = RTE_BE16(443),
				.proto = IPPROTO_TCP,
			};
		keys_shuffle(order);
	}
}

static uint32_t burst_at(uint32_t i)
{
	return RTE_MIN((uint32_t)BURST, n_sessions - i);
}

/* ---- ours ---- */

static struct vnf_sessions *sessions;
static struct vnf_session_hit hits[BURST];

static void ours_create(void)
{
	const struct vnf_sessions_conf conf = {
		.name = "bench",
		.sessions = n_sessions,
		.slots = SLOTS,
		.key_size = sizeof(struct vnf_session_key4),
		.keys = 1,
		.user_size = USER_BYTES,
		.classes = classes,
		.n_classes = RTE_DIM(classes),
	};

	if (vnf_sessions_create(NULL, &conf, &sessions) < 0)
		fail("no memory for sessions");
}

static void ours_look(uint32_t order, uint32_t i, uint32_t n)
{
	vnf_sessions_lookup(&worker, sessions, &slots[order][i], &keys[order][i], n, hits);
}

static void ours_set_up(uint32_t order)
{
	for (uint32_t i = 0; i < n_sessions; i += BURST) {
		uint32_t n = burst_at(i);

		ours_look(order, i, n);
		for (uint32_t j = 0; j < n; j++)
			if (vnf_session_create(&worker, sessions, slots[order][i + j],
					       &keys[order][i + j], 0, &hits[j]) != 0)
				fail("a session is refused");
	}
}

static void ours_look_up(uint32_t order)
{
	for (uint32_t i = 0; i < n_sessions; i += BURST) {
		uint32_t n = burst_at(i);

		ours_look(order, i, n);
		for (uint32_t j = 0; j < n; j++) {
			if (hits[j].session == NULL)
				fail("a session is not found");
			vnf_session_touch(&worker, hits[j].session);
			((struct user *)vnf_session_user(hits[j].session))->n_packets++;
		}
	}
}

static void ours_remove(uint32_t order)
{
	for (uint32_t i = 0; i < n_sessions; i += BURST) {
		uint32_t n = burst_at(i);

		ours_look(order, i, n);
		for (uint32_t j = 0; j < n; j++)
			vnf_session_remove(&worker, sessions, hits[j].session);
	}
}

/* ---- rte_hash ---- */

static struct rte_hash *hash;
static struct other *others;
static const void *pointers[BURST];
static int32_t positions[BURST];

/* A little more than the sessions, or it would refuse the last ones. */
static void theirs_create(void)
{
	const struct rte_hash_parameters parameters = {
		.name = "bench",
		.entries = n_sessions + n_sessions / 7 + 8,
		.key_len = sizeof(struct vnf_session_key4),
	};

	hash = rte_hash_create(&parameters);
	others = rte_zmalloc("bench", sizeof(*others) * (parameters.entries + 1), 0);
	if (hash == NULL || others == NULL)
		fail("no memory for rte_hash");
}

static void theirs_look(uint32_t order, uint32_t i, uint32_t n)
{
	for (uint32_t j = 0; j < n; j++)
		pointers[j] = &keys[order][i + j];
	rte_hash_lookup_bulk(hash, pointers, n, positions);
}

static void theirs_set_up(uint32_t order)
{
	for (uint32_t i = 0; i < n_sessions; i += BURST) {
		uint32_t n = burst_at(i);

		theirs_look(order, i, n);
		for (uint32_t j = 0; j < n; j++) {
			int32_t at = rte_hash_add_key(hash, &keys[order][i + j]);

			if (at < 0)
				fail("rte_hash refuses a key");
			memset(&others[at], 0, sizeof(others[at]));
			others[at].touched_ns = worker.now_ns;
		}
	}
}

static void theirs_look_up(uint32_t order)
{
	for (uint32_t i = 0; i < n_sessions; i += BURST) {
		uint32_t n = burst_at(i);

		theirs_look(order, i, n);
		for (uint32_t j = 0; j < n; j++)
			rte_prefetch0(&others[RTE_MAX(positions[j], 0)]);
		for (uint32_t j = 0; j < n; j++) {
			if (positions[j] < 0)
				fail("rte_hash does not find a key");
			others[positions[j]].touched_ns = worker.now_ns;
			others[positions[j]].user.n_packets++;
		}
	}
}

static void theirs_remove(uint32_t order)
{
	for (uint32_t i = 0; i < n_sessions; i++)
		if (rte_hash_del_key(hash, &keys[order][i]) < 0)
			fail("rte_hash does not find a key that is to be removed");
}

/* ---- turns ---- */

static const struct step {
	const char *name;
	void (*ours)(uint32_t order);
	void (*theirs)(uint32_t order);
} steps[] = {
	{ "set-up", ours_set_up, theirs_set_up },
	{ "look-up", ours_look_up, theirs_look_up },
	{ "remove", ours_remove, theirs_remove },
};

static double results[RTE_DIM(steps)][2][TURNS_MAX]; /* millions a second */

static uint64_t timed(void (*run)(uint32_t order), uint32_t order)
{
	uint64_t began = rte_rdtsc_precise();

	run(order);
	return rte_rdtsc_precise() - began;
}

/* By turns, from empty tables to empty tables, as often as it takes to be measured. */
static void turn(uint32_t at)
{
	uint64_t ticks[RTE_DIM(steps)][2] = { 0 };

	for (uint32_t round = 0; round < n_rounds; round++)
		for (uint32_t i = 0; i < RTE_DIM(steps); i++) {
			ticks[i][0] += timed(steps[i].ours, i);
			ticks[i][1] += timed(steps[i].theirs, i);
		}
	for (uint32_t i = 0; i < RTE_DIM(steps); i++)
		for (uint32_t who = 0; who < 2; who++)
			results[i][who][at] = (double)n_sessions * n_rounds *
					      (double)rte_get_tsc_hz() / (double)ticks[i][who] /
					      1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of)
{
	qsort(of, n_turns, sizeof(*of), compare);
	return of[n_turns / 2];
}

static size_t heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

static void tables_create(void)
{
	size_t before = heap_used(), ours;

	ours_create();
	ours = heap_used() - before;
	theirs_create();
	printf("octets:ours %.1f\noctets:theirs %.1f\n", (double)ours / n_sessions,
	       (double)(heap_used() - before - ours) / n_sessions);
}

int main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv);

	if (used < 0 || argc - used != 3)
		fail("arguments: EAL's, then --, sessions, turns");
	n_sessions = (uint32_t)strtoul(argv[used + 1], NULL, 10);
	n_turns = RTE_MIN((uint32_t)strtoul(argv[used + 2], NULL, 10), (uint32_t)TURNS_MAX);
	n_rounds = (OPERATIONS + n_sessions - 1) / n_sessions;
	keys_make();
	tables_create();
	for (uint32_t i = 0; i < n_turns; i++)
		turn(i);
	for (uint32_t i = 0; i < RTE_DIM(steps); i++)
		printf("%s:ours %.3f\n%s:theirs %.3f\n", steps[i].name, median(results[i][0]),
		       steps[i].name, median(results[i][1]));
	vnf_sessions_destroy(sessions);
	rte_hash_free(hash);
	rte_free(others);
	rte_eal_cleanup();
	return 0;
}
