/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of vnf/session.h: a worker, DPDK's heap, a virtual clock, a table with classes, and
 * keys that are made of numbers.
 */
#ifndef SESSION_SUPPORT_H
#define SESSION_SUPPORT_H

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include <vnf/session.h>

#include "eal_support.h"
#include "session_priv.h"

#define KEY_MAX (2 * sizeof(struct vnf_session_key6))

enum {
	CLASS_NEW,
	CLASS_OPEN,
	CLASS_CLOSING,
	CLASS_KEPT,
	CLASSES,
};

static const struct vnf_session_class classes[CLASSES] = {
	[CLASS_NEW] = { "new", 5 * VNF_SECOND_NS, 1 },
	[CLASS_OPEN] = { "open", 300 * VNF_SECOND_NS, 3 },
	[CLASS_CLOSING] = { "closing", VNF_SECOND_NS, 2 },
	[CLASS_KEPT] = { "kept", 7200 * VNF_SECOND_NS, 0 },
};

static struct vnf_sessions_conf conf = {
	.name = "test",
	.sessions = 1000,
	.slots = 1,
	.key_size = sizeof(struct vnf_session_key4),
	.keys = 1,
	.user_size = 24,
	.classes = classes,
	.n_classes = CLASSES,
};
static struct vnf_sessions *sessions;
static struct worker worker;

static inline void sessions_start(bool is_virtual)
{
	eal_support_start();
	random_fix(1);
	if (is_virtual)
		clock_make_virtual(0);
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &sessions), 0);
	worker.pub.now_ns = VNF_SECOND_NS;
}

static inline void sessions_stop(void)
{
	vnf_sessions_destroy(sessions);
	eal_support_stop();
}

/* A key that is made of a number: of any size, different for different numbers. */
static inline void key_make(void *key, uint32_t id)
{
	if (conf.key_size == sizeof(struct vnf_session_key4)) {
		*(struct vnf_session_key4 *)key = (struct vnf_session_key4){
			.src = id,
			.dst = rte_cpu_to_be_32(0x0a000001),
			.sport = (uint16_t)(id * 7),
			.proto = IPPROTO_TCP,
		};
		return;
	}
	*(struct vnf_session_key6 *)key = (struct vnf_session_key6){ .src = { 0x20, 1 } };
	memcpy(((struct vnf_session_key6 *)key)->dst + 12, &id, sizeof(id));
}

/* Both, if the table has two: the second ones have numbers from 2^31 on. */
static inline const void *keys_make(uint8_t *keys, uint32_t id)
{
	key_make(keys, id);
	if (conf.keys == 2)
		key_make(keys + conf.key_size, id | 1u << 31);
	return keys;
}

static inline int create(uint32_t slot, uint32_t id, uint32_t in_class, struct vnf_session_hit *hit)
{
	uint8_t keys[KEY_MAX] __rte_aligned(8);
	int ret =
		vnf_session_create(&worker.pub, sessions, slot, keys_make(keys, id), in_class, hit);

	if (ret == 0 && conf.user_size >= sizeof(id))
		memcpy(vnf_session_user(hit->session), &id, sizeof(id));
	return ret;
}

static inline struct vnf_session *created(uint32_t slot, uint32_t id, uint32_t in_class)
{
	struct vnf_session_hit hit;

	cr_assert_eq(create(slot, id, in_class, &hit), 0, "%u", id);
	return hit.session;
}

static inline struct vnf_session *find(uint32_t slot, uint32_t id)
{
	uint8_t key[KEY_MAX] __rte_aligned(8);

	key_make(key, id);
	return vnf_session_find(&worker.pub, sessions, slot, key, NULL);
}

static inline uint32_t session_id(struct vnf_session *session)
{
	uint32_t id;

	memcpy(&id, vnf_session_user(session), sizeof(id));
	return id;
}

static inline struct vnf_sessions_counters counted(void)
{
	struct vnf_sessions_counters counters;

	cr_assert_eq(vnf_sessions_read(sessions, VNF_SESSION_ALL_SLOTS, &counters), 0);
	return counters;
}

/* Everything up to a time, each at its own, as a replay does. */
static inline void run_until(uint64_t until)
{
	for (;;) {
		uint64_t next = UINT64_MAX;

		for (uint32_t i = 0; i < conf.slots; i++)
			next = RTE_MIN(next, vnf_sessions_next_due(sessions, i));
		if (next > until)
			break;
		worker.pub.now_ns = RTE_MAX(next, worker.pub.now_ns);
		for (uint32_t i = 0; i < conf.slots; i++)
			vnf_sessions_run(&worker.pub, sessions, i, UINT32_MAX);
	}
	worker.pub.now_ns = until;
}

#endif
