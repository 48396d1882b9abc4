/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Finding the sessions of a burst, in stages over all of it: hash and ask for the first buckets;
 * compare signatures and ask for the sessions, or for second buckets; the same in those; compare
 * keys. So a burst waits for memory three times at most, not a hundred times. What is rare (two
 * keys of a bucket with the same signature) is left to session_index.c. Worker.
 */

#include "session_priv.h"

/* What is found where nothing is. */
static const struct session_bucket no_bucket;

/* One key on its way through the stages. */
struct probe {
	const struct session_bucket *bucket;
	const struct vnf_session *session; /* that may be it, or NULL */
	uint32_t slot;
	uint32_t key; /* of the session */
	uint16_t sig;
};

static __rte_always_inline void probe_begin(const struct vnf_sessions *s, uint32_t slot,
					    const void *key, struct probe *p, uint32_t words)
{
	uint32_t first;
	uint64_t hash;

	p->slot = slot;
	p->bucket = &no_bucket;
	p->sig = 1;
	if (unlikely(slot >= s->n_slots))
		return;
	hash = session_hash(s->secret, key, words);
	first = bucket_first(hash, s->buckets_per_slot);
	p->sig = hash_sig(hash);
	p->bucket = slot_buckets(s, slot) + first;
	rte_prefetch0(p->bucket);
}

/* The session that has the signature, if any has; the memory that its key is in is asked for. */
static __rte_always_inline void probe_match(const struct vnf_sessions *s, struct probe *p)
{
	uint32_t mask = bucket_match(p->bucket, p->sig), word;

	p->session = NULL;
	if (mask == 0)
		return;
	word = p->bucket->word[__builtin_ctz(mask)];
	p->session = session_at(s, word >> WORD_SESSION_SHIFT);
	p->key = (word & WORD_KEY) != 0;
	rte_prefetch0(p->session);
	if (s->stride > RTE_CACHE_LINE_SIZE)
		rte_prefetch0((const uint8_t *)p->session + RTE_CACHE_LINE_SIZE);
}

/* It is not in its first bucket, and may be in the second. */
static inline bool probe_goes_on(const struct probe *p)
{
	return p->session == NULL && p->bucket->n_away != 0;
}

/* Rare, so that it is found out only here which one it is. */
static inline void probe_go_on(const struct vnf_sessions *s, struct probe *p)
{
	const struct session_bucket *buckets = slot_buckets(s, p->slot);
	uint32_t first = (uint32_t)(p->bucket - buckets);

	p->bucket = buckets + bucket_other(first, p->sig, s->buckets_per_slot);
	rte_prefetch0(p->bucket);
}

static __rte_always_inline void probe_end(struct vnf_worker *worker, struct vnf_sessions *s,
					  const struct probe *p, const void *key,
					  struct vnf_session_hit *hit, uint32_t words)
{
	struct vnf_session *session = (struct vnf_session *)(uintptr_t)p->session;

	hit->session = NULL;
	if (session == NULL)
		return;
	if (unlikely(!keys_equal(session_key(s, session, p->key), key, words))) {
		vnf_session_find(worker, s, p->slot, key, hit);
		return;
	}
	/* Ended: since this burst began, by an earlier packet of it. */
	if (unlikely(!session_is_used(session)) || unlikely(!session_lives(worker, s, session)))
		return;
	hit->session = session;
	hit->generation = session->generation;
	hit->key = p->key;
}

static __rte_always_inline void burst_find(struct vnf_worker *worker, struct vnf_sessions *s,
					   const uint16_t *slots, const uint8_t *keys, uint32_t n,
					   struct vnf_session_hit *hits, uint32_t words)
{
	uint32_t bytes = words * (uint32_t)sizeof(uint64_t);
	struct probe probes[VNF_BURST_MAX];
	uint32_t seconds = 0;

	for (uint32_t i = 0; i < n; i++)
		probe_begin(s, slots != NULL ? slots[i] : 0, keys + (size_t)i * bytes, &probes[i],
			    words);
	for (uint32_t i = 0; i < n; i++) {
		probe_match(s, &probes[i]);
		if (unlikely(probe_goes_on(&probes[i]))) {
			probe_go_on(s, &probes[i]);
			seconds |= 1u << i;
		}
	}
	for (; seconds != 0; seconds &= seconds - 1)
		probe_match(s, &probes[__builtin_ctz(seconds)]);
	for (uint32_t i = 0; i < n; i++)
		probe_end(worker, s, &probes[i], keys + (size_t)i * bytes, &hits[i], words);
}

void vnf_sessions_lookup(struct vnf_worker *worker, struct vnf_sessions *sessions,
			 const uint16_t *slots, const void *keys, uint32_t n,
			 struct vnf_session_hit *hits)
{
	if (sessions->key_size == sizeof(struct vnf_session_key4))
		burst_find(worker, sessions, slots, keys, n, hits,
			   sizeof(struct vnf_session_key4) / sizeof(uint64_t));
	else
		burst_find(worker, sessions, slots, keys, n, hits,
			   sizeof(struct vnf_session_key6) / sizeof(uint64_t));
}
