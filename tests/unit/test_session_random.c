/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sessions beside a plain array of what there should be: tens of thousands of random operations,
 * for each size and number of keys, with one slot and with many, that are full every now and then.
 */

#include "session_support.h"

#define IDS 3000
#define STEPS 60000

struct model {
	bool lives;
	uint32_t slot;
	uint32_t in_class;
	uint64_t touched_ns;
	uint64_t order; /* of entering its class */
	uint64_t handle;
};

static struct model models[IDS];
static uint32_t n_ended[3];
static bool is_exact; /* timers are run at their time */
static uint64_t order;
static struct vnf_random chance;

static uint64_t model_end(const struct model *m)
{
	return m->touched_ns + classes[m->in_class].period_ns;
}

static uint32_t slot_of(uint32_t id)
{
	return id % 4 == 0 ? 0 : id % conf.slots; /* the first one is full more often */
}

/* Of the classes that may be evicted, the first one with a session in this slot. */
static uint32_t victim_class(uint32_t slot)
{
	static const uint32_t by_rank[] = { CLASS_NEW, CLASS_CLOSING, CLASS_OPEN };

	for (uint32_t i = 0; i < RTE_DIM(by_rank); i++)
		for (uint32_t id = 0; id < IDS; id++)
			if (models[id].lives && models[id].slot == slot &&
			    models[id].in_class == by_rank[i])
				return by_rank[i];
	return CLASS_KEPT;
}

/* Sessions of CLASS_NEW are never touched: the oldest one goes. */
static void victim_check(const struct model *victim)
{
	uint32_t in_class = victim_class(victim->slot);

	cr_assert_eq(victim->in_class, in_class);
	for (uint32_t id = 0; id < IDS && in_class == CLASS_NEW; id++)
		if (models[id].lives && models[id].slot == victim->slot &&
		    models[id].in_class == CLASS_NEW)
			cr_assert_leq(victim->order, models[id].order);
}

static void ended(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		  enum vnf_session_end why)
{
	struct model *m = &models[session_id(session)];
	struct vnf_session_hit hit;

	cr_assert_eq(of, sessions);
	cr_assert(m->lives);
	cr_assert_eq(session->in_class, m->in_class);
	cr_assert_eq(session->touched_ns, m->touched_ns);
	cr_assert_eq(vnf_session_handle(of, session), m->handle);
	cr_assert_null(vnf_session_get(w, of, m->handle));
	cr_assert_eq(create(m->slot, IDS, 0, &hit), -EBUSY);
	cr_assert_eq(vnf_session_remove(w, of, session), -EBUSY);
	if (why == VNF_SESSION_EXPIRED)
		cr_assert(is_exact ? w->now_ns == model_end(m) : w->now_ns >= model_end(m));
	else
		cr_assert_lt(w->now_ns, model_end(m));
	if (why == VNF_SESSION_EVICTED)
		victim_check(m);
	m->lives = false;
	n_ended[why]++;
}

static uint32_t in_slot(uint32_t slot)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < IDS; id++)
		n += models[id].lives && models[id].slot == slot;
	return n;
}

static void model_enter(struct model *m, uint32_t in_class)
{
	m->in_class = in_class;
	m->touched_ns = worker.pub.now_ns;
	m->order = order++;
}

static bool model_found(const struct model *m)
{
	return m->lives && model_end(m) > worker.pub.now_ns;
}

static void do_create(uint32_t id)
{
	uint32_t in_class = vnf_random_below(&chance, 10) < 8 ? CLASS_NEW : CLASS_KEPT;
	uint32_t slot = slot_of(id), evicted = n_ended[VNF_SESSION_EVICTED];
	struct model *m = &models[id];
	bool was = model_found(m), full;
	struct vnf_session_hit hit;
	int ret;

	full = is_exact && in_slot(slot) == vnf_sessions_per_slot(&conf);
	ret = create(slot, id, in_class, &hit);
	if (was) {
		cr_assert_eq(ret, -EEXIST);
		cr_assert_eq(vnf_session_handle(sessions, hit.session), m->handle);
		return;
	}
	if (ret == -ENOSPC) {
		cr_assert(full || !is_exact);
		cr_assert_eq(victim_class(slot), CLASS_KEPT);
		return;
	}
	cr_assert_eq(ret, 0);
	if (full)
		cr_assert_eq(n_ended[VNF_SESSION_EVICTED], evicted + 1);
	m->lives = true;
	m->slot = slot;
	m->handle = vnf_session_handle(sessions, hit.session);
	model_enter(m, in_class);
}

/* By each of its keys, and by its handle. */
static struct vnf_session *do_find(uint32_t id)
{
	const struct model *m = &models[id];
	uint8_t keys[KEY_MAX] __rte_aligned(8);
	struct vnf_session *found = NULL;
	bool should = model_found(m);
	struct vnf_session_hit hit;

	keys_make(keys, id);
	for (uint32_t i = 0; i < conf.keys; i++) {
		found = vnf_session_find(&worker.pub, sessions, slot_of(id),
					 keys + (size_t)i * conf.key_size, &hit);
		cr_assert_eq(found != NULL, should, "%u by key %u", id, i);
		cr_assert_eq(hit.session, found);
		if (found != NULL) {
			cr_assert_eq(hit.key, i);
			cr_assert_eq(session_id(found), id);
			cr_assert(vnf_session_hit_holds(&hit));
		}
	}
	cr_assert_eq(vnf_session_get(&worker.pub, sessions, m->handle), found);
	return found;
}

/* A burst of packets in either direction, some without a key, some twice. */
static void do_lookup(void)
{
	uint8_t keys[VNF_BURST_MAX * sizeof(struct vnf_session_key6)] __rte_aligned(8);
	uint32_t n = vnf_random_below(&chance, VNF_BURST_MAX + 1), ids[VNF_BURST_MAX];
	struct vnf_session_hit hits[VNF_BURST_MAX];
	uint16_t slots[VNF_BURST_MAX];
	bool should[VNF_BURST_MAX];

	for (uint32_t i = 0; i < n; i++) {
		uint32_t second = conf.keys == 2 ? i % 2 : 0;

		ids[i] = i > 0 && i % 5 == 0 ? ids[i - 1] : vnf_random_below(&chance, IDS);
		slots[i] = i % 7 == 6 ? VNF_SESSION_NO_SLOT : (uint16_t)slot_of(ids[i]);
		should[i] = i % 7 != 6 && model_found(&models[ids[i]]);
		key_make(keys + (size_t)i * conf.key_size, ids[i] | second << 31);
	}
	vnf_sessions_lookup(&worker.pub, sessions, slots, keys, n, hits);
	for (uint32_t i = 0; i < n; i++) {
		cr_assert_eq(hits[i].session != NULL, should[i]);
		if (hits[i].session == NULL)
			continue;
		cr_assert_eq(session_id(hits[i].session), ids[i]);
		cr_assert_eq(hits[i].key, conf.keys == 2 ? i % 2 : 0);
		cr_assert(vnf_session_hit_holds(&hits[i]));
	}
}

static void do_change(uint32_t id)
{
	uint32_t what = vnf_random_below(&chance, 4);
	struct vnf_session *session = do_find(id);
	struct model *m = &models[id];

	if (session == NULL)
		return;
	if (what == 0) {
		cr_assert_eq(vnf_session_remove(&worker.pub, sessions, session), 0);
		cr_assert_not(m->lives);
	} else if (what == 1 && m->in_class != CLASS_NEW) {
		vnf_session_touch(&worker.pub, session);
		m->touched_ns = worker.pub.now_ns;
	} else if (what != 1) {
		uint32_t to = 1 + vnf_random_below(&chance, CLASSES - 1);

		vnf_session_move(&worker.pub, sessions, session, to);
		model_enter(m, to);
	}
}

static void do_time(void)
{
	uint64_t until = worker.pub.now_ns + vnf_random_below(&chance, 200000000);

	if (is_exact)
		run_until(until);
	worker.pub.now_ns = until;
}

static void step(void)
{
	uint32_t what = vnf_random_below(&chance, 100);
	uint32_t id = vnf_random_below(&chance, IDS);

	if (what < 55)
		do_create(id);
	else if (what < 75)
		do_change(id);
	else if (what < 85)
		do_find(id);
	else if (what < 95)
		do_lookup();
	else
		do_time();
}

static void all_check(void)
{
	struct vnf_sessions_counters counters = counted();
	uint32_t n = 0;

	for (uint32_t id = 0; id < IDS; id++)
		n += models[id].lives;
	cr_assert_eq(counters.in_use, n);
	cr_assert_eq(counters.expired, n_ended[VNF_SESSION_EXPIRED]);
	cr_assert_eq(counters.evicted, n_ended[VNF_SESSION_EVICTED]);
	cr_assert_eq(counters.removed, n_ended[VNF_SESSION_REMOVED]);
	cr_assert_eq(counters.set_up, n + counters.expired + counters.evicted + counters.removed);
}

/* The index has as many keys as there are, and each is counted where it should be. */
static void index_check(void)
{
	uint64_t n_keys = 0, n_second = 0, n_away = 0;

	for (uint32_t i = 0; i < conf.slots * sessions->buckets_per_slot; i++) {
		const struct session_bucket *b = &sessions->buckets[i];

		n_away += b->n_away;
		for (uint32_t k = 0; k < BUCKET_KEYS; k++) {
			n_keys += b->sig[k] != 0;
			n_second += b->sig[k] != 0 && (b->word[k] & WORD_SECOND) != 0;
		}
	}
	cr_assert_eq(n_keys, counted().in_use * conf.keys);
	cr_assert_eq(n_second, n_away);
}

static void random_run(uint32_t key_size, uint32_t keys, uint32_t slots, bool exact)
{
	conf.key_size = key_size;
	conf.keys = keys;
	conf.slots = slots;
	conf.sessions = slots == 1 ? 700 : 640;
	conf.ended = ended;
	is_exact = exact;
	sessions_start(exact);
	vnf_random_init(&chance, 1);
	for (uint32_t i = 0; i < STEPS; i++) {
		step();
		if (i % 5000 == 0) {
			all_check();
			index_check();
		}
	}
	cr_assert_gt(n_ended[VNF_SESSION_EXPIRED], 100);
	cr_assert_gt(n_ended[VNF_SESSION_REMOVED], 100);
	cr_assert_gt(n_ended[VNF_SESSION_EVICTED], 100);
	if (exact)
		run_until(UINT64_MAX - 1);
	cr_assert(!exact || counted().in_use == 0);
	all_check();
	index_check();
	sessions_stop();
}

Test(session_random, ipv4_one_key_one_slot)
{
	random_run(sizeof(struct vnf_session_key4), 1, 1, true);
}

Test(session_random, ipv4_one_key_many_slots)
{
	random_run(sizeof(struct vnf_session_key4), 1, 64, true);
}

Test(session_random, ipv4_two_keys_one_slot)
{
	random_run(sizeof(struct vnf_session_key4), 2, 1, true);
}

Test(session_random, ipv4_two_keys_many_slots)
{
	random_run(sizeof(struct vnf_session_key4), 2, 64, true);
}

Test(session_random, ipv6_one_key_one_slot)
{
	random_run(sizeof(struct vnf_session_key6), 1, 1, true);
}

Test(session_random, ipv6_one_key_many_slots)
{
	random_run(sizeof(struct vnf_session_key6), 1, 64, true);
}

Test(session_random, ipv6_two_keys_one_slot)
{
	random_run(sizeof(struct vnf_session_key6), 2, 1, true);
}

Test(session_random, ipv6_two_keys_many_slots)
{
	random_run(sizeof(struct vnf_session_key6), 2, 64, true);
}

/* Nobody runs the timers: what is over is not found all the same. */
Test(session_random, without_timers)
{
	random_run(sizeof(struct vnf_session_key4), 2, 64, false);
}
