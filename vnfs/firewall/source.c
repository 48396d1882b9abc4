/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See source.h. A word of 0 is free. Words of sessions: tag (40 bits), count (24). Words of
 * periods: tag (26 bits), end of the period in units of 1/64 s (26 bits, which come again after 12
 * days), count (12). A period that is over leaves its word as it is, for whoever needs one.
 *
 * A source has one word only. Who finds none claims one, with a count of 0, and looks again: if
 * there is another by now it takes its claim back and begins anew, else it counts. Of two who claim
 * at the same time, one at least sees the claim of the other, as each writes before it reads.
 */
#include "source.h"

#include <errno.h>
#include <stddef.h>

#include <rte_common.h>
#include <rte_pause.h>
#include <rte_prefetch.h>

#define PLACE_WORDS (2 * FW_SOURCE_BUCKET_WORDS)
/* Looks at a source that another thread claims a word for, which takes it some nanoseconds. */
#define TRIES 64

#define COUNT_BITS 24
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

#define RATE_COUNT_BITS 12
#define RATE_COUNT_MASK ((UINT64_C(1) << RATE_COUNT_BITS) - 1)
#define RATE_END_BITS 26
#define RATE_END_MASK ((UINT64_C(1) << RATE_END_BITS) - 1)
#define RATE_TAG_SHIFT (RATE_COUNT_BITS + RATE_END_BITS)
#define UNIT_NS UINT64_C(15625000)

/* ---- the table ---- */

static uint32_t buckets_of(uint64_t counts)
{
	uint64_t n = (counts + FW_SOURCE_BUCKET_WORDS - 1) / FW_SOURCE_BUCKET_WORDS;

	return (uint32_t)RTE_MIN(RTE_MAX(n, UINT64_C(2)),
				 (uint64_t)UINT32_MAX / FW_SOURCE_BUCKET_WORDS);
}

uint64_t fw_sources_bytes(uint64_t counts)
{
	return buckets_of(counts) * (uint64_t)FW_SOURCE_BUCKET_WORDS * sizeof(uint64_t);
}

void fw_sources_init(struct fw_sources *s, void *memory, uint64_t counts,
		     const uint64_t secret[FW_SOURCE_SECRETS])
{
	s->words = memory;
	s->buckets = buckets_of(counts);
	for (uint32_t i = 0; i < FW_SOURCE_SECRETS; i++)
		s->secret[i] = secret[i];
}

/* The product's halves together: any bits of the result can be used. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t *bucket_of(const struct fw_sources *s, uint32_t hash)
{
	uint64_t number = (uint64_t)hash * s->buckets >> 32;

	return s->words + number * FW_SOURCE_BUCKET_WORDS;
}

/* As keys of sessions are hashed: secrets are added before anything is multiplied (NH), and what
 * comes of it is mixed with others, once for the buckets and once for the tag.
 */
void fw_source_find(const struct fw_sources *s, const struct fw_source *source,
		    struct fw_source_place *place)
{
	const uint64_t *w = source->word, *k = s->secret;
	unsigned __int128 sum = (unsigned __int128)(w[0] + k[0]) * (w[1] + k[1]) +
				(unsigned __int128)(w[2] + k[2]) * (w[3] + k[3]);
	uint64_t low = (uint64_t)sum, high = (uint64_t)(sum >> 64);
	uint64_t buckets = fold(low ^ k[4], high ^ k[5]);

	place->bucket[0] = bucket_of(s, (uint32_t)buckets);
	place->bucket[1] = bucket_of(s, (uint32_t)(buckets >> 32));
	place->tag = fold(low ^ k[6], high ^ k[7]) | 1;
	rte_prefetch0(place->bucket[0]);
	rte_prefetch0(place->bucket[1]);
}

/* In one order for all threads: see above of claims. */
static uint64_t word_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

/* Has nobody changed it since it was `seen`? Then it is `next` now; else `seen` is what it is. */
static bool word_change(uint64_t *word, uint64_t *seen, uint64_t next)
{
	return __atomic_compare_exchange_n(word, seen, next, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static uint64_t *word_at(const struct fw_source_place *place, uint32_t i)
{
	return &place->bucket[i / FW_SOURCE_BUCKET_WORDS][i % FW_SOURCE_BUCKET_WORDS];
}

/* Word of the source but `claimed`, and what it is; its tag begins at bit `shift`. */
static uint64_t *tag_find(const struct fw_source_place *place, uint32_t shift,
			  const uint64_t *claimed, uint64_t *seen)
{
	uint64_t tag = place->tag << shift >> shift;

	for (uint32_t i = 0; i < PLACE_WORDS; i++) {
		uint64_t *word = word_at(place, i);

		*seen = word_read(word);
		if (*seen >> shift == tag && word != claimed)
			return word;
	}
	return NULL;
}

/* Makes of a word that `was` of others the source's, with a count of 1, unless the source has got
 * one meanwhile, or somebody else got this.
 */
static bool claim(const struct fw_source_place *place, uint32_t shift, uint64_t *word, uint64_t was,
		  uint64_t is)
{
	uint64_t seen = was, other;

	if (!word_change(word, &seen, is))
		return false;
	seen = is;
	if (tag_find(place, shift, word, &other) == NULL)
		return word_change(word, &seen, is | 1);
	word_change(word, &seen, was);
	return false;
}

/* ---- sessions at a time ---- */

/* A free word, of the bucket that has more of them; NULL: there is none. */
static uint64_t *free_find(const struct fw_source_place *place)
{
	uint64_t *unused[2] = { NULL, NULL };
	uint32_t n[2] = { 0, 0 };

	for (uint32_t i = 0; i < PLACE_WORDS; i++) {
		uint32_t bucket = i / FW_SOURCE_BUCKET_WORDS;

		if (word_read(word_at(place, i)) != 0)
			continue;
		unused[bucket] = word_at(place, i);
		n[bucket]++;
	}
	return unused[n[1] > n[0]];
}

static bool count_begin(const struct fw_source_place *place, uint64_t **word)
{
	*word = free_find(place);
	return *word != NULL && claim(place, COUNT_BITS, *word, 0, place->tag << COUNT_BITS);
}

int fw_source_take(struct fw_sources *s, const struct fw_source_place *place, uint32_t limit,
		   uint32_t *at)
{
	*at = 0;
	for (uint32_t i = 0; i < TRIES; i++) {
		uint64_t seen, *word = tag_find(place, COUNT_BITS, NULL, &seen);
		uint64_t count = seen & COUNT_MASK;

		if (word != NULL && count >= limit)
			return -EDQUOT;
		if (word != NULL && count == COUNT_MASK)
			return 0;
		if (word != NULL ? count != 0 && word_change(word, &seen, seen + 1)
				 : count_begin(place, &word)) {
			*at = (uint32_t)(word - s->words) + 1;
			return 0;
		}
		if (word == NULL)
			return 0;
		rte_pause();
	}
	return 0;
}

void fw_source_give(struct fw_sources *s, uint32_t at)
{
	uint64_t *word = &s->words[at - 1];
	uint64_t seen = word_read(word);

	while (!word_change(word, &seen, (seen & COUNT_MASK) == 1 ? 0 : seen - 1))
		;
}

bool fw_source_holds(const struct fw_sources *s, const struct fw_source_place *place, uint32_t at)
{
	uint64_t seen;

	return tag_find(place, COUNT_BITS, NULL, &seen) == &s->words[at - 1];
}

uint32_t fw_source_count(const struct fw_source_place *place)
{
	uint64_t seen;

	return tag_find(place, COUNT_BITS, NULL, &seen) != NULL ? (uint32_t)(seen & COUNT_MASK) : 0;
}

/* ---- new ones in a period ---- */

/* To the next whole one. */
static uint64_t units(uint64_t ns)
{
	return (ns + UNIT_NS - 1) / UNIT_NS;
}

/* Is its period, which is no longer than `period_ns`, under way? Another worker that has begun it
 * may be further by a unit.
 */
static bool rate_is_on(uint64_t word, uint64_t period_ns, uint64_t now_ns)
{
	uint64_t left = ((word >> RATE_COUNT_BITS) - now_ns / UNIT_NS) & RATE_END_MASK;

	return (word & RATE_COUNT_MASK) != 0 && left != 0 && left <= units(period_ns) + 2;
}

/* A word whose period is over; else that of the least count. */
static uint64_t *least_find(const struct fw_source_place *place, uint64_t now_ns, uint64_t *seen)
{
	uint64_t least = UINT64_MAX, *word = NULL;

	*seen = 0;
	for (uint32_t i = 0; i < PLACE_WORDS; i++) {
		uint64_t is = word_read(word_at(place, i)), count = is & RATE_COUNT_MASK;

		if (is != 0 && count == 0) /* claimed */
			continue;
		if (!rate_is_on(is, FW_SOURCE_PERIOD_MAX_NS, now_ns))
			count = 0;
		if (count >= least)
			continue;
		least = count;
		*seen = is;
		word = word_at(place, i);
	}
	return word;
}

static bool rate_begin(const struct fw_source_place *place, uint64_t begin, uint64_t now_ns,
		       uint64_t **word, bool *forgot)
{
	uint64_t seen;

	*word = least_find(place, now_ns, &seen);
	*forgot = rate_is_on(seen, FW_SOURCE_PERIOD_MAX_NS, now_ns);
	return *word != NULL && claim(place, RATE_TAG_SHIFT, *word, seen, begin);
}

/* Counts one in the source's own word; 0: it has changed, or is claimed and not yet counted in. */
static int rate_add(uint64_t *word, uint64_t seen, uint64_t begin, uint32_t limit, bool is_on,
		    struct fw_source_counted *counted)
{
	uint64_t count = seen & RATE_COUNT_MASK, next = is_on ? seen + 1 : begin | 1;

	if (is_on && count >= limit)
		return -EDQUOT;
	if (count == 0 || !word_change(word, &seen, next))
		return 0;
	*counted = (struct fw_source_counted){ .word = word, .is = next & ~RATE_COUNT_MASK };
	return 1;
}

uint32_t fw_source_rate_count(const struct fw_source_place *place, uint64_t period_ns,
			      uint64_t now_ns)
{
	uint64_t seen;

	if (tag_find(place, RATE_TAG_SHIFT, NULL, &seen) == NULL ||
	    !rate_is_on(seen, period_ns, now_ns))
		return 0;
	return (uint32_t)(seen & RATE_COUNT_MASK);
}

int fw_source_rate_take(const struct fw_source_place *place, uint32_t limit, uint64_t period_ns,
			uint64_t now_ns, struct fw_source_counted *counted, bool *forgot)
{
	uint64_t begin = place->tag << RATE_TAG_SHIFT | (units(now_ns + period_ns) & RATE_END_MASK)
								<< RATE_COUNT_BITS;
	int ret = 0;

	counted->word = NULL;
	*forgot = false;
	for (uint32_t i = 0; i < TRIES && ret == 0; i++) {
		uint64_t seen, *word = tag_find(place, RATE_TAG_SHIFT, NULL, &seen);

		if (word != NULL) {
			ret = rate_add(word, seen, begin, limit,
				       rate_is_on(seen, period_ns, now_ns), counted);
		} else if (rate_begin(place, begin, now_ns, &word, forgot)) {
			*counted = (struct fw_source_counted){ .word = word, .is = begin };
			ret = 1;
		}
		if (ret == 0)
			rte_pause();
	}
	*forgot |= ret == 0;
	return RTE_MIN(ret, 0);
}

void fw_source_rate_give(const struct fw_source_counted *counted)
{
	uint64_t seen;

	if (counted->word == NULL)
		return;
	seen = word_read(counted->word);
	/* Another source may have it by now, or the same one another period. */
	while ((seen & ~RATE_COUNT_MASK) == counted->is && (seen & RATE_COUNT_MASK) != 0 &&
	       !word_change(counted->word, &seen, (seen & RATE_COUNT_MASK) == 1 ? 0 : seen - 1))
		;
}
