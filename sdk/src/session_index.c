/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The index of a slot: buckets of eight keys, on a cache line each. A key is in its first bucket,
 * or in its second if the first was full when it came; the first one counts those, so that a search
 * for what is not there ends with one bucket nearly always. If both are full, keys in them make
 * room by going to their own other bucket, along the shortest way to a bucket that has room. A
 * removal leaves nothing behind. One writer, and no reader beside it.
 */

#include "session_priv.h"

/* Buckets that are looked at for room. With 7 of 8 places taken, 32 are enough for all that the
 * tests do.
 */
#define SEARCH_MAX 256

struct session_place session_place(const struct vnf_sessions *s, const void *key)
{
	uint64_t hash = session_hash(s->secret, key, key_words(s));
	struct session_place place;

	place.sig = hash_sig(hash);
	place.first = bucket_first(hash, s->buckets_per_slot);
	place.second = bucket_other(place.first, place.sig, s->buckets_per_slot);
	return place;
}

/* ---- finding ---- */

static bool bucket_find(const struct vnf_sessions *s, const struct session_bucket *bucket,
			const void *key, uint16_t sig, uint32_t *word)
{
	uint32_t mask = bucket_match(bucket, sig);

	for (; mask != 0; mask &= mask - 1) {
		const struct vnf_session *session;

		*word = bucket->word[__builtin_ctz(mask)];
		session = session_at(s, *word >> WORD_SESSION_SHIFT);
		if (keys_equal(session_key(s, session, (*word & WORD_KEY) != 0), key, key_words(s)))
			return true;
	}
	return false;
}

bool session_index_find(const struct vnf_sessions *s, uint32_t slot, const void *key,
			struct session_place place, uint32_t *word)
{
	const struct session_bucket *buckets = slot_buckets(s, slot);

	if (bucket_find(s, &buckets[place.first], key, place.sig, word))
		return true;
	return buckets[place.first].n_away != 0 &&
	       bucket_find(s, &buckets[place.second], key, place.sig, word);
}

/* ---- making room ---- */

/* A bucket that was reached by displacing the key at `place` of the bucket before. */
struct step {
	uint32_t bucket;
	uint16_t before; /* index of that step */
	uint16_t place;
};

/* The key goes from one of its buckets to a free place of the other. */
static void key_displace(struct session_bucket *from, uint32_t at, struct session_bucket *to)
{
	uint32_t free = (uint32_t)__builtin_ctz(bucket_match(to, 0));

	if ((from->word[at] & WORD_SECOND) == 0)
		from->n_away++;
	else
		to->n_away--;
	to->sig[free] = from->sig[at];
	to->word[free] = from->word[at] ^ WORD_SECOND;
	from->sig[at] = 0;
}

/* From the far end of the way back to its beginning, which has room then. */
static uint32_t way_clear(struct session_bucket *buckets, const struct step *steps, uint32_t end)
{
	while (steps[end].before != end) {
		const struct step *before = &steps[steps[end].before];

		key_displace(&buckets[before->bucket], steps[end].place,
			     &buckets[steps[end].bucket]);
		end = steps[end].before;
	}
	return steps[end].bucket;
}

/* Breadth first, so that no way visits a bucket twice. False: there is no room. */
static bool room_make(struct session_bucket *buckets, uint32_t n_buckets,
		      struct session_place place, uint32_t *bucket)
{
	struct step steps[SEARCH_MAX];
	uint32_t n = 2;

	steps[0] = (struct step){ place.first, 0, 0 };
	steps[1] = (struct step){ place.second, 1, 0 };
	for (uint32_t at = 0; at < n; at++) {
		const struct session_bucket *b = &buckets[steps[at].bucket];

		if (bucket_match(b, 0) != 0) {
			*bucket = way_clear(buckets, steps, at);
			return true;
		}
		for (uint32_t i = 0; i < BUCKET_KEYS && n < SEARCH_MAX; i++) {
			uint32_t other = bucket_other(steps[at].bucket, b->sig[i], n_buckets);

			if (other != steps[at].bucket)
				steps[n++] = (struct step){ other, (uint16_t)at, (uint16_t)i };
		}
	}
	return false;
}

bool session_index_add(struct vnf_sessions *s, uint32_t slot, struct session_place place,
		       uint32_t word)
{
	struct session_bucket *buckets = slot_buckets(s, slot);
	uint32_t bucket = place.first, free = bucket_match(&buckets[bucket], 0);

	if (unlikely(free == 0)) {
		if (!room_make(buckets, s->buckets_per_slot, place, &bucket))
			return false;
		free = bucket_match(&buckets[bucket], 0);
	}
	if (bucket != place.first) {
		buckets[place.first].n_away++;
		word |= WORD_SECOND;
	}
	buckets[bucket].sig[__builtin_ctz(free)] = place.sig;
	buckets[bucket].word[__builtin_ctz(free)] = word;
	return true;
}

/* ---- removing ---- */

static bool word_clear(struct session_bucket *bucket, uint16_t sig, uint32_t word)
{
	uint32_t mask = bucket_match(bucket, sig);

	for (; mask != 0; mask &= mask - 1)
		if (bucket->word[__builtin_ctz(mask)] == word) {
			bucket->sig[__builtin_ctz(mask)] = 0;
			return true;
		}
	return false;
}

void session_index_remove(struct vnf_sessions *s, const struct vnf_session *session)
{
	struct session_bucket *buckets = slot_buckets(s, session->slot);
	uint32_t number = session_number(s, session);

	for (uint32_t i = 0; i < s->conf.keys; i++) {
		struct session_place place = session_place(s, session_key(s, session, i));
		uint32_t word = number << WORD_SESSION_SHIFT | (i != 0 ? WORD_KEY : 0);

		if (!word_clear(&buckets[place.first], place.sig, word) &&
		    word_clear(&buckets[place.second], place.sig, word | WORD_SECOND))
			buckets[place.first].n_away--;
	}
}
