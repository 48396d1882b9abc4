/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sessions, vnf/session.h: how they begin and end, and how they are found one by one. A session
 * that ends leaves the index and the timers first, then the VNF is told, then its place is free;
 * while the VNF is told, no session of the slot is created or removed, so that whoever ends one
 * (a lookup, a timer, a creation in a full slot) finds everything else as it was. Worker that owns
 * the slot.
 */

#include <errno.h>

#include "session_priv.h"

/* Timers that are looked at when a slot is full. */
#define FULL_BUDGET 16

/* ---- places ---- */

static struct vnf_session *place_get(struct vnf_sessions *s, uint32_t slot)
{
	struct session_slot *in = session_slot(s, slot);
	struct session_timer *timers = slot_timers(s, slot);
	uint32_t first = slot * s->per_slot, at = in->free;

	if (at == 0)
		return in->fresh < s->per_slot ? session_at(s, first + in->fresh++) : NULL;
	in->free = timers[at].next;
	/* The next one's turn may be soon. */
	rte_prefetch0(&timers[in->free]);
	rte_prefetch0(session_at(s, first + RTE_MAX(in->free, s->n_heads) - s->n_heads));
	return session_at(s, first + at - s->n_heads);
}

static void place_put(struct vnf_sessions *s, const struct vnf_session *session)
{
	struct session_slot *in = session_slot(s, session->slot);
	uint32_t at = session_timer(s, session);

	slot_timers(s, session->slot)[at].next = in->free;
	in->free = at;
}

/* ---- end ---- */

static void end_count(struct vnf_sessions_counters *counters, enum vnf_session_end why)
{
	count_add(&counters->in_use, -UINT64_C(1));
	count_add(why == VNF_SESSION_EXPIRED   ? &counters->expired
		  : why == VNF_SESSION_EVICTED ? &counters->evicted
					       : &counters->removed,
		  1);
}

static void session_end(struct vnf_worker *worker, struct vnf_sessions *s,
			struct vnf_session *session, enum vnf_session_end why)
{
	struct session_slot *in = session_slot(s, session->slot);

	session_timer_prefetch(s, session);
	session_index_remove(s, session);
	session_timer_stop(s, session);
	end_count(&in->counters, why);
	session->generation++;
	if (s->conf.ended != NULL) {
		in->calling = true;
		s->conf.ended(worker, s, session, why);
		in->calling = false;
	}
	place_put(s, session);
}

bool session_expire(struct vnf_worker *worker, struct vnf_sessions *s, struct vnf_session *session)
{
	struct session_slot *in = session_slot(s, session->slot);

	/* Not found, but left for later. */
	if (in->calling)
		return true;
	if (s->conf.expiring != NULL) {
		in->calling = true;
		s->conf.expiring(worker, s, session);
		in->calling = false;
		if (!session_is_over(in, session, worker->now_ns))
			return false;
	}
	session_end(worker, s, session, VNF_SESSION_EXPIRED);
	return true;
}

int vnf_session_remove(struct vnf_worker *worker, struct vnf_sessions *sessions,
		       struct vnf_session *session)
{
	if (session_slot(sessions, session->slot)->calling)
		return -EBUSY;
	session_end(worker, sessions, session, VNF_SESSION_REMOVED);
	return 0;
}

/* ---- find ---- */

static void hit_fill(struct vnf_session_hit *hit, struct vnf_session *session, uint32_t key)
{
	hit->session = session;
	hit->generation = session->generation;
	hit->key = key;
}

static struct vnf_session *find(struct vnf_worker *worker, struct vnf_sessions *s, uint32_t slot,
				const void *key, struct session_place place,
				struct vnf_session_hit *hit)
{
	struct vnf_session *session;
	uint32_t word;

	hit->session = NULL;
	if (!session_index_find(s, slot, key, place, &word))
		return NULL;
	session = session_at(s, word >> WORD_SESSION_SHIFT);
	if (unlikely(!session_lives(worker, s, session)))
		return NULL;
	hit_fill(hit, session, (word & WORD_KEY) != 0);
	return session;
}

struct vnf_session *vnf_session_find(struct vnf_worker *worker, struct vnf_sessions *sessions,
				     uint32_t slot, const void *key, struct vnf_session_hit *hit)
{
	struct vnf_session_hit unwanted;

	return find(worker, sessions, slot, key, session_place(sessions, key),
		    hit != NULL ? hit : &unwanted);
}

/* ---- begin ---- */

/* Who floods a full slot makes sessions go that nobody has looked at for long, each at the price of
 * several waits for memory. So ask ahead when one goes: for the index of the one behind it, and for
 * the one behind that, whose key tells where its index is when that one's turn comes.
 */
static void evictable_prefetch(const struct vnf_sessions *s, const struct vnf_session *session)
{
	const struct session_timer *timers = slot_timers(s, session->slot);
	uint32_t next = timers[session_timer(s, session)].next, behind = timers[next].next;
	const struct session_bucket *buckets = slot_buckets(s, session->slot);
	uint32_t first = session->slot * s->per_slot;
	struct session_place place;

	if (next < s->n_heads || behind < s->n_heads)
		return;
	rte_prefetch0(session_at(s, first + behind - s->n_heads));
	place = session_place(s, session_key(s, session_at(s, first + next - s->n_heads), 0));
	rte_prefetch0(&buckets[place.first]);
	rte_prefetch0(&buckets[place.second]);
}

/* Of a full slot: what is over goes, or what may be evicted. */
static struct vnf_session *place_make(struct vnf_worker *worker, struct vnf_sessions *s,
				      uint32_t slot)
{
	struct vnf_session *session = place_get(s, slot);

	if (likely(session != NULL))
		return session;
	vnf_sessions_run(worker, s, slot, clock_is_virtual() ? UINT32_MAX : FULL_BUDGET);
	session = place_get(s, slot);
	if (session != NULL)
		return session;
	session = session_evictable(s, slot, worker->now_ns);
	if (session == NULL)
		return NULL;
	evictable_prefetch(s, session);
	session_end(worker, s, session,
		    session_is_over(session_slot(s, slot), session, worker->now_ns)
			    ? VNF_SESSION_EXPIRED
			    : VNF_SESSION_EVICTED);
	return place_get(s, slot);
}

/* The keys stand in the session. False: there is no room for them. */
static bool keys_add(struct vnf_sessions *s, uint32_t slot, const struct vnf_session *session,
		     const struct session_place *places)
{
	uint32_t word = session_number(s, session) << WORD_SESSION_SHIFT;

	for (uint32_t i = 0; i < s->conf.keys; i++)
		if (!session_index_add(s, slot, places[i], word | (i != 0 ? WORD_KEY : 0))) {
			session_index_remove(s, session);
			return false;
		}
	return true;
}

static void session_fill(struct vnf_sessions *s, uint32_t slot, const void *keys,
			 struct vnf_session *session)
{
	uint32_t bytes = s->conf.keys * s->key_size;

	session->slot = (uint16_t)slot;
	session->user_at = (uint8_t)((sizeof(*session) + bytes) / sizeof(uint64_t));
	memcpy(session + 1, keys, bytes);
	memset(vnf_session_user(session), 0, s->conf.user_size);
}

/* 0, or what vnf_session_create() returns for what is wrong or there already. */
static int create_check(struct vnf_worker *worker, struct vnf_sessions *s, uint32_t slot,
			const uint8_t *keys, uint32_t in_class, struct session_place *places,
			struct vnf_session_hit *hit)
{
	const uint8_t *second = keys + s->key_size;

	hit->session = NULL;
	if (slot >= s->n_slots || in_class >= s->conf.n_classes ||
	    (s->conf.keys == 2 && memcmp(keys, second, s->key_size) == 0))
		return -EINVAL;
	if (session_slot(s, slot)->calling)
		return -EBUSY;
	places[0] = session_place(s, keys);
	if (find(worker, s, slot, keys, places[0], hit) != NULL)
		return -EEXIST;
	if (s->conf.keys == 1)
		return 0;
	places[1] = session_place(s, second);
	return find(worker, s, slot, second, places[1], hit) != NULL ? -EADDRINUSE : 0;
}

int vnf_session_create(struct vnf_worker *worker, struct vnf_sessions *sessions, uint32_t slot,
		       const void *keys, uint32_t in_class, struct vnf_session_hit *hit)
{
	struct session_place places[2];
	struct vnf_session *session;
	int ret;

	ret = create_check(worker, sessions, slot, keys, in_class, places, hit);
	if (ret != 0)
		return ret;
	session = place_make(worker, sessions, slot);
	if (session == NULL)
		goto refuse;
	session_fill(sessions, slot, keys, session);
	if (!keys_add(sessions, slot, session, places))
		goto put_back;
	session->generation++;
	session_timer_start(sessions, session, in_class, worker->now_ns);
	count_add(&session_slot(sessions, slot)->counters.in_use, 1);
	count_add(&session_slot(sessions, slot)->counters.set_up, 1);
	hit_fill(hit, session, 0);
	return 0;

put_back:
	place_put(sessions, session);
refuse:
	count_add(&session_slot(sessions, slot)->counters.refused, 1);
	return -ENOSPC;
}

/* ---- handles ---- */

/* The upper half is the generation, the lower half the address from the first session on, in units
 * of 16 octets. One that is just ending has the handle that it had.
 */
uint64_t vnf_session_handle(const struct vnf_sessions *sessions, const struct vnf_session *session)
{
	uint64_t at = (uint64_t)((const uint8_t *)session - sessions->entries);

	return (uint64_t)((session->generation - 1) | 1) << 32 | at >> 4;
}

struct vnf_session *vnf_session_get(struct vnf_worker *worker, struct vnf_sessions *sessions,
				    uint64_t handle)
{
	uint64_t at = (handle & UINT32_MAX) << 4;
	struct vnf_session *session = (struct vnf_session *)(void *)(sessions->entries + at);

	if (at >= (uint64_t)sessions->n_slots * sessions->per_slot * sessions->stride)
		return NULL;
	if (session->generation != handle >> 32 || !session_is_used(session))
		return NULL;
	return session_lives(worker, sessions, session) ? session : NULL;
}

uint32_t vnf_session_number(const struct vnf_sessions *sessions, const struct vnf_session *session)
{
	return session_number(sessions, session);
}

struct vnf_session *vnf_session_numbered(const struct vnf_sessions *sessions, uint32_t number)
{
	return session_at(sessions, number);
}

/* ---- walk ---- */

bool vnf_sessions_walk(struct vnf_worker *worker, struct vnf_sessions *sessions, uint32_t slot,
		       uint32_t *cursor, uint32_t budget,
		       void (*see)(struct vnf_worker *worker, struct vnf_sessions *sessions,
				   struct vnf_session *session, void *arg),
		       void *arg)
{
	const struct session_slot *in = session_slot(sessions, slot);

	for (; budget > 0 && *cursor < in->fresh; budget--) {
		struct vnf_session *session =
			session_at(sessions, slot * sessions->per_slot + (*cursor)++);

		if (session_is_used(session) && session_lives(worker, sessions, session))
			see(worker, sessions, session, arg);
	}
	return *cursor < in->fresh;
}
