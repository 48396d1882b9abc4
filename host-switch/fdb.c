/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The writer's side of the MAC table: learning, eviction, ageing. One thread; the readers' side is
 * inline in fdb.h. No call into DPDK besides its inline CRC.
 */
#include "fdb.h"

#include <errno.h>
#include <stdlib.h>

/* Buckets looked at for an entry of the port that has to give one up. */
#define EVICT_SCAN 4096

/* The entries that an address may use: two buckets. */
#define CANDIDATES (2 * HSW_FDB_WAYS)

static uint32_t round_up_pow2(uint32_t n)
{
	uint32_t p = 2;

	while (p < n)
		p <<= 1;
	return p;
}

int hsw_fdb_create(uint32_t size, struct hsw_fdb **fdb)
{
	struct hsw_fdb *f;
	uint32_t n;

	if (size == 0 || size > (1u << 24))
		return -EINVAL;
	f = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	memset(f, 0, sizeof(*f));

	/* At most three of four entries in use: then two choices nearly always find a free one. */
	n = round_up_pow2((size + HSW_FDB_WAYS - 2) / (HSW_FDB_WAYS - 1));
	f->buckets = aligned_alloc(RTE_CACHE_LINE_SIZE, n * sizeof(*f->buckets));
	if (f->buckets == NULL) {
		free(f);
		return -ENOMEM;
	}
	memset(f->buckets, 0, n * sizeof(*f->buckets));
	f->mask = n - 1;
	f->size = size;
	for (unsigned int i = 0; i < HSW_FDB_PORTS; i++)
		f->port_limit[i] = size;
	*fdb = f;
	return 0;
}

void hsw_fdb_destroy(struct hsw_fdb *fdb)
{
	if (fdb == NULL)
		return;
	free(fdb->buckets);
	free(fdb);
}

void hsw_fdb_set_limit(struct hsw_fdb *fdb, uint16_t port, uint32_t limit)
{
	fdb->port_limit[port] = limit;
}

static bool is_forgotten(const struct hsw_fdb *fdb, const struct hsw_fdb_entry *entry)
{
	return entry->value.generation != fdb->generation[entry->value.port];
}

static void count_entry(struct hsw_fdb *fdb, uint16_t port, int n)
{
	__atomic_store_n(&fdb->count, fdb->count + n, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->port_count[port], fdb->port_count[port] + n, __ATOMIC_RELAXED);
}

/* Free an entry. A flushed port's entries were taken off its count by the flush. */
static void entry_clear(struct hsw_fdb *fdb, struct hsw_fdb_entry *entry)
{
	__atomic_store_n(&fdb->count, fdb->count - 1, __ATOMIC_RELAXED);
	if (!is_forgotten(fdb, entry))
		__atomic_store_n(&fdb->port_count[entry->value.port],
				 fdb->port_count[entry->value.port] - 1, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->key, 0, __ATOMIC_RELEASE);
}

/*
 * Fill a free entry. The fence keeps the value behind the zero key of whoever had the entry before;
 * pairs with the acquire loads in hsw_fdb_probe().
 */
static void entry_set(struct hsw_fdb_entry *entry, uint64_t key, union hsw_fdb_value value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&entry->value.u64, value.u64, __ATOMIC_RELEASE);
	__atomic_store_n(&entry->key, key, __ATOMIC_RELEASE);
}

static void candidates_get(const struct hsw_fdb *fdb, uint64_t key,
			   struct hsw_fdb_entry *candidates[CANDIDATES])
{
	uint32_t hash = hsw_fdb_hash(key);
	struct hsw_fdb_bucket *first = hsw_fdb_first(fdb, hash);
	struct hsw_fdb_bucket *second = hsw_fdb_second(fdb, hash);

	for (unsigned int i = 0; i < HSW_FDB_WAYS; i++) {
		candidates[i] = &first->entry[i];
		candidates[HSW_FDB_WAYS + i] = &second->entry[i];
	}
}

static struct hsw_fdb_entry *find_key(struct hsw_fdb_entry *const candidates[CANDIDATES],
				      uint64_t key)
{
	for (unsigned int i = 0; i < CANDIDATES; i++)
		if (candidates[i]->key == key)
			return candidates[i];
	return NULL;
}

/* A free entry, or one whose port was flushed. */
static struct hsw_fdb_entry *find_free(struct hsw_fdb *fdb,
				       struct hsw_fdb_entry *const candidates[CANDIDATES])
{
	for (unsigned int i = 0; i < CANDIDATES; i++) {
		if (candidates[i]->key == 0)
			return candidates[i];
		if (is_forgotten(fdb, candidates[i])) {
			entry_clear(fdb, candidates[i]);
			return candidates[i];
		}
	}
	return NULL;
}

/* Shift one of the candidates to its other bucket: write there first, so that readers find it. */
static struct hsw_fdb_entry *make_free(struct hsw_fdb *fdb,
				       struct hsw_fdb_entry *const candidates[CANDIDATES])
{
	for (unsigned int i = 0; i < CANDIDATES; i++) {
		struct hsw_fdb_entry *others[CANDIDATES];
		struct hsw_fdb_entry *to;

		candidates_get(fdb, candidates[i]->key, others);
		to = find_free(fdb, others);
		if (to == NULL)
			continue;
		entry_set(to, candidates[i]->key, candidates[i]->value);
		__atomic_store_n(&candidates[i]->key, 0, __ATOMIC_RELEASE);
		return candidates[i];
	}
	return NULL;
}

/* The stalest candidate of a port, or NULL. */
static struct hsw_fdb_entry *stalest_of(struct hsw_fdb_entry *const candidates[CANDIDATES],
					uint16_t port, uint32_t now)
{
	struct hsw_fdb_entry *best = NULL;

	for (unsigned int i = 0; i < CANDIDATES; i++) {
		struct hsw_fdb_entry *e = candidates[i];

		if (e->key == 0 || e->value.port != port)
			continue;
		if (best == NULL || now - e->value.epoch > now - best->value.epoch)
			best = e;
	}
	return best;
}

/*
 * Both buckets are full of live entries: whoever has most of these eight loses one, the newcomer
 * counted in; the port with more entries in all loses a tie. So who aims at one bucket by choosing
 * addresses fills it with his own only.
 */
static struct hsw_fdb_entry *evict_candidate(struct hsw_fdb *fdb,
					     struct hsw_fdb_entry *const candidates[CANDIDATES],
					     uint16_t learner, uint32_t now)
{
	uint16_t loser = learner;
	unsigned int most = 0;

	for (unsigned int i = 0; i <= CANDIDATES; i++) {
		uint16_t port = i < CANDIDATES ? candidates[i]->value.port : learner;
		unsigned int n = port == learner;

		for (unsigned int j = 0; j < CANDIDATES; j++)
			n += candidates[j]->value.port == port;
		if (n > most || (n == most && fdb->port_count[port] > fdb->port_count[loser])) {
			most = n;
			loser = port;
		}
	}
	return stalest_of(candidates, loser, now);
}

static uint16_t biggest_port(const struct hsw_fdb *fdb)
{
	uint16_t biggest = 0;

	for (uint16_t i = 1; i < HSW_FDB_PORTS; i++)
		if (fdb->port_count[i] > fdb->port_count[biggest])
			biggest = i;
	return biggest;
}

/* Free an entry of `port` (or a forgotten one) somewhere in the table. */
static bool evict_anywhere(struct hsw_fdb *fdb, uint16_t port)
{
	for (unsigned int n = 0; n < EVICT_SCAN && n <= fdb->mask; n++) {
		struct hsw_fdb_bucket *bucket = &fdb->buckets[fdb->evict_cursor];

		fdb->evict_cursor = (fdb->evict_cursor + 1) & fdb->mask;
		for (unsigned int i = 0; i < HSW_FDB_WAYS; i++) {
			struct hsw_fdb_entry *e = &bucket->entry[i];

			if (e->key == 0 || (e->value.port != port && !is_forgotten(fdb, e)))
				continue;
			entry_clear(fdb, e);
			return true;
		}
	}
	return false;
}

/* The whole table is full: the port that has most pays, the learner counted with its new one. */
static bool make_room(struct hsw_fdb *fdb, uint16_t learner)
{
	uint16_t biggest = biggest_port(fdb);

	if (fdb->count < fdb->size)
		return true;
	if (fdb->port_count[learner] + 1 >= fdb->port_count[biggest])
		biggest = learner;
	if (!evict_anywhere(fdb, biggest))
		return false;
	__atomic_store_n(&fdb->evicted, fdb->evicted + 1, __ATOMIC_RELAXED);
	return true;
}

static struct hsw_fdb_entry *find_place(struct hsw_fdb *fdb, uint64_t key, uint16_t port,
					uint32_t epoch)
{
	struct hsw_fdb_entry *candidates[CANDIDATES];
	struct hsw_fdb_entry *entry;

	candidates_get(fdb, key, candidates);
	entry = find_free(fdb, candidates);
	if (entry == NULL)
		entry = make_free(fdb, candidates);
	if (entry != NULL)
		return entry;
	entry = evict_candidate(fdb, candidates, port, epoch);
	if (entry == NULL)
		return NULL;
	entry_clear(fdb, entry);
	__atomic_store_n(&fdb->evicted, fdb->evicted + 1, __ATOMIC_RELAXED);
	return entry;
}

static enum hsw_fdb_change refuse(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
	return HSW_FDB_REFUSED;
}

static enum hsw_fdb_change learn_new(struct hsw_fdb *fdb, uint64_t key, uint16_t port,
				     union hsw_fdb_value value)
{
	struct hsw_fdb_entry *entry;

	if (fdb->port_count[port] >= fdb->port_limit[port])
		return refuse(&fdb->limited);
	if (!make_room(fdb, port))
		return refuse(&fdb->full);
	entry = find_place(fdb, key, port, value.epoch);
	if (entry == NULL)
		return refuse(&fdb->full);
	entry_set(entry, key, value);
	count_entry(fdb, port, 1);
	__atomic_store_n(&fdb->learned, fdb->learned + 1, __ATOMIC_RELAXED);
	return HSW_FDB_ADDED;
}

/* The address shows up at another port: it keeps its entry, only the value changes. */
static enum hsw_fdb_change learn_move(struct hsw_fdb *fdb, struct hsw_fdb_entry *entry,
				      uint16_t port, union hsw_fdb_value value, uint16_t *old_port)
{
	/* It is not at the old port any more: unknown, so that frames for it are flooded. */
	if (fdb->port_count[port] >= fdb->port_limit[port]) {
		entry_clear(fdb, entry);
		return refuse(&fdb->limited);
	}
	*old_port = entry->value.port;
	count_entry(fdb, *old_port, -1);
	count_entry(fdb, port, 1);
	__atomic_store_n(&entry->value.u64, value.u64, __ATOMIC_RELEASE);
	__atomic_store_n(&fdb->moves, fdb->moves + 1, __ATOMIC_RELAXED);
	return HSW_FDB_MOVED;
}

enum hsw_fdb_change hsw_fdb_learn(struct hsw_fdb *fdb, uint64_t key, uint16_t port, uint32_t epoch,
				  uint16_t *old_port)
{
	struct hsw_fdb_entry *candidates[CANDIDATES];
	struct hsw_fdb_entry *entry;
	union hsw_fdb_value value = {
		.port = port,
		.generation = fdb->generation[port],
		.epoch = epoch,
	};

	candidates_get(fdb, key, candidates);
	entry = find_key(candidates, key);
	if (entry != NULL && is_forgotten(fdb, entry)) {
		entry_clear(fdb, entry);
		entry = NULL;
	}
	if (entry == NULL)
		return learn_new(fdb, key, port, value);
	if (entry->value.port != port)
		return learn_move(fdb, entry, port, value, old_port);
	hsw_fdb_touch(entry, epoch);
	return HSW_FDB_KNOWN;
}

/*
 * 65,536 flushes before ageing came round once would make old entries valid again; a port goes down
 * at most a few times a second, and ageing needs less than a minute.
 */
void hsw_fdb_flush_port(struct hsw_fdb *fdb, uint16_t port)
{
	__atomic_store_n(&fdb->generation[port], fdb->generation[port] + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&fdb->port_count[port], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&fdb->flushes, fdb->flushes + 1, __ATOMIC_RELAXED);
}

/* Workers stamp entries with a clock of their own: one that is ahead of ours is not old. */
/* Seconds are counted whole: one more, or it would be forgotten up to a second early. */
static bool is_old(const struct hsw_fdb_entry *entry, uint32_t epoch, uint32_t max_age)
{
	int32_t age = (int32_t)(epoch - __atomic_load_n(&entry->value.epoch, __ATOMIC_RELAXED));

	return max_age != 0 && age > 0 && (uint32_t)age > max_age;
}

void hsw_fdb_age(struct hsw_fdb *fdb, uint32_t epoch, uint32_t max_age, uint32_t buckets)
{
	for (uint32_t n = 0; n < buckets && n <= fdb->mask; n++) {
		struct hsw_fdb_bucket *bucket = &fdb->buckets[fdb->age_cursor];

		fdb->age_cursor = (fdb->age_cursor + 1) & fdb->mask;
		for (unsigned int i = 0; i < HSW_FDB_WAYS; i++) {
			struct hsw_fdb_entry *e = &bucket->entry[i];

			if (e->key == 0)
				continue;
			if (is_forgotten(fdb, e)) {
				entry_clear(fdb, e);
			} else if (is_old(e, epoch, max_age)) {
				entry_clear(fdb, e);
				__atomic_store_n(&fdb->aged, fdb->aged + 1, __ATOMIC_RELAXED);
			}
		}
	}
}

bool hsw_fdb_walk(const struct hsw_fdb *fdb, uint32_t *cursor, struct hsw_fdb_entry *entry)
{
	while (*cursor / HSW_FDB_WAYS <= fdb->mask) {
		uint32_t at = (*cursor)++;
		struct hsw_fdb_bucket *bucket = &fdb->buckets[at / HSW_FDB_WAYS];
		uint64_t key =
			__atomic_load_n(&bucket->entry[at % HSW_FDB_WAYS].key, __ATOMIC_ACQUIRE);

		entry->key = key;
		if (key != 0 && hsw_fdb_probe(bucket, key, &entry->value) != NULL &&
		    entry->value.generation ==
			    __atomic_load_n(&fdb->generation[entry->value.port], __ATOMIC_RELAXED))
			return true;
	}
	return false;
}
