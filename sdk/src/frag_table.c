/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Datagrams of a worker. Who fills the table is a stranger, who knows this text and may choose all
 * that is hashed, so:
 *
 * - hashes are universal (NH, then multiply-shift) with seeds that nobody outside can know: no two
 *   keys meet but by chance;
 * - a source that has its share loses its own oldest datagram to its new one, no one else's;
 * - a table that is full loses the oldest datagram of no use: one whose first fragment is missing,
 *   or which is dead. But neither these nor those that are known may take the last quarter from the
 *   others: then the oldest of their own kind goes. So a flood of first fragments leaves room for
 *   datagrams that come backwards, and one of others leaves it free for those that come in order,
 *   which need not make room then;
 * - nothing is searched: whoever goes is at the head of a list, so that a flood costs the same for
 *   each packet as other traffic does.
 *
 * Worker.
 */

#include "frag_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_prefetch.h>

#include <vnf/random.h>

/* Members src to ip_proto. */
#define KEY_AT offsetof(struct vnf_frag, src)
#define KEY_BYTES (offsetof(struct vnf_frag, proto) - KEY_AT)

/* ---- hashes ---- */

static void seeds_draw(uint64_t *seed, const char *name)
{
	char text[32];

	for (unsigned int i = 0; i < FRAG_KEY_WORDS + 2; i++) {
		snprintf(text, sizeof(text), "%s %u", name, i);
		seed[i] = vnf_random_seed(text);
	}
	seed[FRAG_KEY_WORDS] |= 1;
}

/* Black et al., "UMAC" (1999): the chance of two keys to meet is 2^-64 here; then Dietzfelbinger's
 * multiply-shift to 32 bits, of which the upper ones count.
 */
static uint32_t words_hash(const uint64_t *word, const uint64_t *seed)
{
	unsigned __int128 sum = 0;

	for (uint32_t i = 0; i < FRAG_KEY_WORDS; i += 2)
		sum += (unsigned __int128)(word[i] + seed[i]) * (word[i + 1] + seed[i + 1]);
	return (uint32_t)(((uint64_t)sum * seed[FRAG_KEY_WORDS] +
			   (uint64_t)(sum >> 64) * seed[FRAG_KEY_WORDS + 1]) >>
			  32);
}

static const void *key_octets(const struct vnf_frag *key)
{
	return (const uint8_t *)key + KEY_AT;
}

static uint32_t key_hash(const struct vnf_frags *frags, const struct vnf_frag *key)
{
	uint64_t word[FRAG_KEY_WORDS] = { 0 };

	RTE_BUILD_BUG_ON(KEY_BYTES > sizeof(word));
	memcpy(word, key_octets(key), KEY_BYTES);
	return words_hash(word, frags->seed);
}

/* Of IPv6, one customer has 2^64 addresses. */
static uint32_t source_hash(const struct vnf_frags *frags, const struct vnf_frag *key)
{
	uint64_t word[FRAG_KEY_WORDS] = { 0 };

	memcpy(word, key->src, sizeof(word[0]));
	word[1] = (uint64_t)key->domain << 32 | key->version;
	return words_hash(word, frags->source_seed);
}

/* ---- memory ---- */

static void lists_init(struct vnf_frags *frags, uint32_t buckets)
{
	for (uint32_t i = 0; i < FRAG_STATES; i++)
		TAILQ_INIT(&frags->state[i]);
	for (uint32_t i = 0; i < buckets; i++)
		TAILQ_INIT(&frags->source[i].all);
	for (uint32_t i = frags->conf.datagrams; i-- > 0;) {
		frags->datagram[i].next = frags->free;
		frags->free = &frags->datagram[i];
	}
	STAILQ_INIT(&frags->free_waits);
	for (uint32_t i = 0; i < frags->conf.waiting; i++)
		STAILQ_INSERT_TAIL(&frags->free_waits, &frags->wait[i], next);
}

int frag_table_init(struct vnf_frags *frags)
{
	uint32_t buckets = rte_align32pow2(2 * frags->conf.datagrams);
	size_t bytes = frags->conf.datagrams * sizeof(struct datagram);

	frags->bucket = calloc(buckets, sizeof(*frags->bucket));
	frags->source = calloc(buckets, sizeof(*frags->source));
	frags->datagram = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	frags->wait = calloc(frags->conf.waiting, sizeof(*frags->wait));
	if (frags->bucket == NULL || frags->source == NULL || frags->datagram == NULL ||
	    frags->wait == NULL) {
		frag_table_fini(frags);
		return -ENOMEM;
	}
	memset(frags->datagram, 0, bytes);
	frags->kind_most = frags->conf.datagrams - frags->conf.datagrams / 4;
	frags->hash_shift = (uint8_t)(32 - rte_log2_u32(buckets));
	seeds_draw(frags->seed, "datagrams");
	seeds_draw(frags->source_seed, "datagrams' sources");
	lists_init(frags, buckets);
	return 0;
}

void frag_table_fini(struct vnf_frags *frags)
{
	free(frags->bucket);
	free(frags->source);
	free(frags->datagram);
	free(frags->wait);
}

/* ---- packets that wait ---- */

struct rte_mbuf *frag_wait_get(struct vnf_frags *frags, struct datagram *d, uint16_t *port)
{
	struct frag_wait *wait = STAILQ_FIRST(&d->waits);

	if (wait == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(&d->waits, next);
	STAILQ_INSERT_HEAD(&frags->free_waits, wait, next);
	d->n_waits--;
	frags->n_waits--;
	*port = wait->port;
	return wait->pkt;
}

static void waits_drop(struct vnf_frags *frags, struct datagram *d, uint32_t reason)
{
	struct rte_mbuf *pkt;
	uint16_t port;

	while ((pkt = frag_wait_get(frags, d, &port)) != NULL)
		vnf_drop(frags->worker, port, pkt, reason);
}

/* Packets of a known datagram are about to be taken, and so make no room. */
static bool wait_room(struct vnf_frags *frags, const struct datagram *d)
{
	struct datagram *oldest = TAILQ_FIRST(&frags->state[FRAG_ALONE]);

	if (d->n_waits == frags->conf.waiting_each)
		return false;
	if (!STAILQ_EMPTY(&frags->free_waits))
		return true;
	if (oldest == NULL || oldest == d)
		return false;
	frag_table_kill(frags, oldest, VNF_DROP_FRAGMENT_BUDGET);
	return !STAILQ_EMPTY(&frags->free_waits);
}

bool frag_wait_put(struct vnf_frags *frags, struct datagram *d, struct rte_mbuf *pkt, uint16_t port)
{
	struct frag_wait *wait;

	if (!wait_room(frags, d))
		return false;
	wait = STAILQ_FIRST(&frags->free_waits);
	STAILQ_REMOVE_HEAD(&frags->free_waits, next);
	wait->pkt = pkt;
	wait->port = port;
	STAILQ_INSERT_TAIL(&d->waits, wait, next);
	d->n_waits++;
	frags->n_waits++;
	vnf_packet_mark(pkt, "waiting for the first fragment");
	return true;
}

/* ---- states ---- */

static void state_enter(struct vnf_frags *frags, struct datagram *d, enum frag_state state)
{
	d->state = (uint8_t)state;
	frags->n_state[state]++;
	TAILQ_INSERT_TAIL(&frags->state[state], d, peers);
}

static void state_leave(struct vnf_frags *frags, struct datagram *d)
{
	TAILQ_REMOVE(&frags->state[d->state], d, peers);
	frags->n_state[d->state]--;
}

/* It was alive. */
static void datagram_end(struct vnf_frags *frags, struct datagram *d, uint32_t reason)
{
	waits_drop(frags, d, reason);
	if (frags->complete == d)
		frags->complete = NULL;
	if (frags->conf.ended == NULL)
		return;
	frags->ending = true;
	frags->conf.ended(frags->worker, &d->pub);
	frags->ending = false;
}

void frag_table_kill(struct vnf_frags *frags, struct datagram *d, uint32_t reason)
{
	datagram_end(frags, d, reason);
	d->why = reason;
	state_leave(frags, d);
	state_enter(frags, d, FRAG_DEAD);
}

void frag_table_know(struct vnf_frags *frags, struct datagram *d)
{
	state_leave(frags, d);
	state_enter(frags, d, FRAG_KNOWN);
}

static void bucket_remove(struct vnf_frags *frags, const struct datagram *d)
{
	struct datagram **at = &frags->bucket[d->hash >> frags->hash_shift];

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
}

void frag_table_remove(struct vnf_frags *frags, struct datagram *d, uint32_t reason)
{
	struct frag_source *source = &frags->source[d->source];

	if (d->state != FRAG_DEAD)
		datagram_end(frags, d, reason);
	vnf_timeout_stop(&d->timeout);
	bucket_remove(frags, d);
	TAILQ_REMOVE(&source->all, d, kin);
	source->n--;
	state_leave(frags, d);
	d->next = frags->free;
	frags->free = d;
	frags->n--;
}

/* ---- finding and adding ---- */

struct datagram *frag_table_find(struct vnf_frags *frags, const struct vnf_frag *key,
				 uint32_t *hash)
{
	struct datagram *d;

	*hash = key_hash(frags, key);
	d = frags->bucket[*hash >> frags->hash_shift];
	while (d != NULL &&
	       (d->hash != *hash || memcmp(key_octets(&d->pub), key_octets(key), KEY_BYTES) != 0))
		d = d->next;
	return d;
}

/* Who goes when the table is full. */
static struct datagram *victim_find(const struct vnf_frags *frags)
{
	struct datagram *alone = TAILQ_FIRST(&frags->state[FRAG_ALONE]);
	struct datagram *dead = TAILQ_FIRST(&frags->state[FRAG_DEAD]);
	struct datagram *known = TAILQ_FIRST(&frags->state[FRAG_KNOWN]);

	if (frags->n_state[FRAG_KNOWN] >= frags->kind_most || (alone == NULL && dead == NULL))
		return known;
	if (alone == NULL || dead == NULL)
		return alone != NULL ? alone : dead;
	return alone->timeout.touched_ns < dead->timeout.touched_ns ? alone : dead;
}

/* All that a removal touches has been cold for long. So what it reads is fetched two removals
 * ahead, and where that leads to, one ahead.
 */
static void victim_prefetch(const struct vnf_frags *frags)
{
	const struct datagram *next = victim_find(frags), *after;

	if (next == NULL)
		return;
	rte_prefetch0(&frags->bucket[next->hash >> frags->hash_shift]);
	rte_prefetch0(&frags->source[next->source]);
	rte_prefetch0(STAILQ_FIRST(&next->waits));
	rte_prefetch0(next);
	rte_prefetch0(next->head);
	after = TAILQ_NEXT(next, peers);
	if (after == NULL)
		return;
	rte_prefetch0(&after->timeout);
	rte_prefetch0(&after->kin);
}

static bool is_full(const struct vnf_frags *frags, bool first)
{
	return frags->free == NULL ||
	       (!first && frags->n - frags->n_state[FRAG_KNOWN] >= frags->kind_most);
}

static void room_make(struct vnf_frags *frags, struct frag_source *source, bool first)
{
	if (source->n >= frags->conf.per_source)
		frag_table_remove(frags, TAILQ_FIRST(&source->all), VNF_DROP_FRAGMENT_BUDGET);
	else if (is_full(frags, first)) {
		frag_table_remove(frags, victim_find(frags), VNF_DROP_FRAGMENT_BUDGET);
		victim_prefetch(frags);
	}
}

static struct datagram *datagram_make(struct vnf_frags *frags, const struct vnf_frag *key)
{
	struct datagram *d = frags->free;

	frags->free = d->next;
	d->pub = *key;
	d->in = frags;
	STAILQ_INIT(&d->waits);
	d->n_waits = 0;
	d->before = 0;
	d->why = 0;
	frag_ranges_init(&d->seen);
	return d;
}

struct datagram *frag_table_add(struct vnf_frags *frags, const struct vnf_frag *key, uint32_t hash,
				bool first)
{
	uint32_t of = source_hash(frags, key) >> frags->hash_shift;
	struct frag_source *source = &frags->source[of];
	struct datagram *d, **bucket = &frags->bucket[hash >> frags->hash_shift];

	room_make(frags, source, first);
	d = datagram_make(frags, key);
	d->hash = hash;
	d->source = of;
	d->next = *bucket;
	*bucket = d;
	TAILQ_INSERT_TAIL(&source->all, d, kin);
	source->n++;
	state_enter(frags, d, FRAG_ALONE);
	vnf_timeout_start(frags->timeouts, &d->timeout, 0);
	frags->n++;
	return d;
}
