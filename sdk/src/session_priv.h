/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sessions as their files see them; see vnf/session.h. A table is one piece of memory: what all
 * slots share (struct vnf_sessions, not written while workers run, but for periods), then arrays
 * over all slots, in which each slot has its part, on cache lines of its own:
 *
 *     due       when the slot has something to do
 *     slots     counters, free sessions, classes
 *     buckets   the index
 *     timers    links and wake-up times, apart from the sessions, so that a packet touches no more
 *               of these than it needs
 *     entries   struct vnf_session, its keys, the VNF's octets
 *
 * session_layout.c makes it, session_index.c and session_lookup.c find by key, session_time.c has
 * classes and timers, session.c begins and ends sessions.
 */
#ifndef SESSION_PRIV_H
#define SESSION_PRIV_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include <vnf/session.h>
#include <vnf/steer.h>

#include "session_hash.h"
#include "vnf_priv.h"

/* Keys of a bucket. */
#define BUCKET_KEYS 8

/* A place of the index: session (from 0 in the table), which of its keys, and whether it is in its
 * second bucket since the first was full.
 */
#define WORD_SECOND 1u
#define WORD_KEY 2u
#define WORD_SESSION_SHIFT 2

struct session_bucket {
	uint16_t sig[BUCKET_KEYS]; /* of the key; 0: the place is free */
	uint32_t word[BUCKET_KEYS];
	uint32_t n_away; /* keys whose first bucket this is, in their second one: 0 ends a search */
	uint32_t unused[3];
} __rte_cache_aligned;

/* Links count from the first timer of the slot: heads of lists, then the sessions' timers. */
struct session_timer {
	uint32_t next; /* of a free session: the next free one, 0: none */
	uint32_t prev;
	uint64_t wake_ns; /* when it is looked at; of a head: not after the first one's */
};

struct session_class {
	uint64_t period_ns;
	uint64_t due_ns; /* not after the first timer's */
	uint32_t n;      /* sessions */
	uint32_t n_lists;
};

struct session_slot {
	struct vnf_sessions_counters counters; /* written by the owner, read by all */
	uint32_t free;                         /* timer of the last session that was freed, or 0 */
	uint32_t fresh;                        /* sessions that were used ever */
	uint32_t periods;                      /* vnf_sessions.periods that is in force */
	uint32_t at;                           /* class that is looked at first */
	bool calling;                          /* in a callback */
	struct session_class class[] __rte_aligned(8);
} __rte_cache_aligned;

struct vnf_sessions {
	uint8_t *entries;
	struct session_bucket *buckets;
	uint8_t *slots;
	struct session_timer *timers;
	uint64_t *due;
	uint32_t stride; /* octets from session to session */
	uint32_t slot_bytes;
	uint32_t n_slots;
	uint32_t per_slot; /* sessions */
	uint32_t buckets_per_slot;
	uint32_t timers_per_slot;
	uint32_t n_heads;
	uint32_t lists;    /* heads of a class; the last is of those whose period was cut */
	uint32_t key_size; /* octets */
	uint64_t secret[SESSION_SECRETS];

	struct vnf *vnf;           /* that runs its timers, or NULL */
	struct vnf_sessions *next; /* of its tables */
	uint64_t bytes;            /* of all */
	struct vnf_sessions_conf conf;
	struct vnf_session_class class[VNF_SESSION_CLASSES_MAX];
	uint8_t evict[VNF_SESSION_CLASSES_MAX]; /* classes by rank */
	uint32_t n_evict;

	/* Set by any thread, taken up by the slots' owners: release and acquire of `periods`. */
	uint64_t period_ns[VNF_SESSION_CLASSES_MAX] __rte_cache_aligned;
	uint32_t periods; /* counts changes */
};

/* Where a key belongs: its two buckets, counted from the slot's first. */
struct session_place {
	uint32_t first;
	uint32_t second;
	uint16_t sig;
};

/* ---- addresses ---- */

static inline struct session_slot *session_slot(const struct vnf_sessions *s, uint32_t slot)
{
	return (struct session_slot *)(void *)(s->slots + (size_t)slot * s->slot_bytes);
}

static inline struct session_bucket *slot_buckets(const struct vnf_sessions *s, uint32_t slot)
{
	return s->buckets + (size_t)slot * s->buckets_per_slot;
}

static inline struct session_timer *slot_timers(const struct vnf_sessions *s, uint32_t slot)
{
	return s->timers + (size_t)slot * s->timers_per_slot;
}

/* By its number in the table. */
static inline struct vnf_session *session_at(const struct vnf_sessions *s, uint32_t number)
{
	return (struct vnf_session *)(void *)(s->entries + (size_t)number * s->stride);
}

static inline uint32_t session_number(const struct vnf_sessions *s,
				      const struct vnf_session *session)
{
	/* 32 bits, since they are divided faster; both are multiples of 16. */
	return (uint32_t)((size_t)((const uint8_t *)session - s->entries) >> 4) / (s->stride >> 4);
}

/* Else it ended, or never began. */
static inline bool session_is_used(const struct vnf_session *session)
{
	return (session->generation & 1) != 0;
}

static inline const void *session_key(const struct vnf_sessions *s,
				      const struct vnf_session *session, uint32_t key)
{
	return (const uint8_t *)(session + 1) + (size_t)key * s->key_size;
}

static inline uint32_t session_timer(const struct vnf_sessions *s,
				     const struct vnf_session *session)
{
	return s->n_heads + session_number(s, session) - session->slot * s->per_slot;
}

/* What it takes to stop the timer is asked for. */
static inline void session_timer_prefetch(const struct vnf_sessions *s,
					  const struct vnf_session *session)
{
	const struct session_timer *timers = slot_timers(s, session->slot);
	const struct session_timer *t = &timers[session_timer(s, session)];

	rte_prefetch0(&timers[t->prev]);
	rte_prefetch0(&timers[t->next]);
}

/* ---- keys ---- */

static inline uint32_t key_words(const struct vnf_sessions *s)
{
	return s->key_size / sizeof(uint64_t);
}

static __rte_always_inline bool keys_equal(const void *a, const void *b, uint32_t words)
{
	uint64_t x[SESSION_WORDS_MAX], y[SESSION_WORDS_MAX], differ = 0;

	memcpy(x, a, words * sizeof(x[0]));
	memcpy(y, b, words * sizeof(y[0]));
	for (uint32_t i = 0; i < words; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

/* A number below n out of 32 bits. */
static inline uint32_t scale(uint32_t bits, uint32_t n)
{
	return (uint32_t)(((uint64_t)bits * n) >> 32);
}

/* The other bucket of a signature, whichever of the two is given: their sum, modulo the number of
 * buckets, is a function of the signature. So a key can be displaced without being read.
 */
static inline uint32_t bucket_other(uint32_t bucket, uint16_t sig, uint32_t n_buckets)
{
	uint32_t sum = scale(sig * 0x9e3779b1u, n_buckets);

	return sum >= bucket ? sum - bucket : sum + n_buckets - bucket;
}

static inline uint32_t bucket_first(uint64_t hash, uint32_t n_buckets)
{
	return scale((uint32_t)(hash >> 32), n_buckets);
}

static inline uint16_t hash_sig(uint64_t hash)
{
	uint16_t sig = (uint16_t)hash;

	return sig != 0 ? sig : 1;
}

/* Bit i: place i has this signature. */
static inline uint32_t bucket_match(const struct session_bucket *bucket, uint16_t sig)
{
#ifdef __SSE2__
	__m128i same = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)(const void *)bucket->sig),
				       _mm_set1_epi16((short)sig));

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
#else
	uint32_t mask = 0;

	for (uint32_t i = 0; i < BUCKET_KEYS; i++)
		mask |= (uint32_t)(bucket->sig[i] == sig) << i;
	return mask;
#endif
}

/* ---- counters ---- */

/* Pairs with the loads of vnf_sessions_read(). */
static inline void count_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* ---- session_index.c ---- */

struct session_place session_place(const struct vnf_sessions *s, const void *key);

/* Word of the key in the slot, in `*word`. False: it is not there. */
bool session_index_find(const struct vnf_sessions *s, uint32_t slot, const void *key,
			struct session_place place, uint32_t *word);

/* The key is not there yet. False: no place was found for it, and nothing was changed. */
bool session_index_add(struct vnf_sessions *s, uint32_t slot, struct session_place place,
		       uint32_t word);

/* All keys of a session. */
void session_index_remove(struct vnf_sessions *s, const struct vnf_session *session);

/* ---- session_time.c ---- */

/* Of a new slot. */
void session_time_init(struct vnf_sessions *s, uint32_t slot);

void session_timer_start(struct vnf_sessions *s, struct vnf_session *session, uint32_t in_class,
			 uint64_t now);
void session_timer_stop(struct vnf_sessions *s, struct vnf_session *session);

/* Of the classes that may be evicted, the session that goes first; NULL: there is none. */
struct vnf_session *session_evictable(struct vnf_sessions *s, uint32_t slot, uint64_t now);

static inline bool session_is_over(const struct session_slot *slot,
				   const struct vnf_session *session, uint64_t now)
{
	return session->touched_ns + slot->class[session->in_class].period_ns <= now;
}

/* ---- session_run.c ---- */

/* The program runs its timers from now on, and no longer. Control thread, no worker runs. */
void sessions_link(struct vnf *vnf, struct vnf_sessions *s);
void sessions_unlink(struct vnf_sessions *s);

/* ---- session.c ---- */

/* Its time is over: ask the VNF, and end it. False: it was given more. */
bool session_expire(struct vnf_worker *worker, struct vnf_sessions *s, struct vnf_session *session);

/* It was found, and may be over: then it ends, and is none. */
static __rte_always_inline bool session_lives(struct vnf_worker *worker, struct vnf_sessions *s,
					      struct vnf_session *session)
{
	if (likely(!session_is_over(session_slot(s, session->slot), session, worker->now_ns)))
		return true;
	return !session_expire(worker, s, session);
}

#endif
