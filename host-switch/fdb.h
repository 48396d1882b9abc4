/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The MAC table: (domain, address) -> port. Any number of workers look addresses up without a
 * lock while one thread, the writer, changes the table: in vnf-switch the control thread.
 *
 * A bucket is one cache line of four entries, and an address may be in one of two buckets. A port's
 * entries are all forgotten at once by giving the port a new generation; what they leave behind is
 * collected by ageing. When there is no room, the port that takes most of it pays, so that a guest
 * which invents addresses loses its own entries and nobody else's.
 */
#ifndef HSW_FDB_H
#define HSW_FDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_hash_crc.h>
#include <rte_prefetch.h>

/* Ports that the table can tell apart. */
#define HSW_FDB_PORTS 256
/* Entries in a bucket: 4 x 16 octets are a cache line. */
#define HSW_FDB_WAYS 4
/* The low 48 bits of a key. */
#define HSW_MAC_MASK 0xffffffffffffull

/* What is known of an address; fits in 64 bits, so that it is read and written at once. */
union hsw_fdb_value {
	uint64_t u64;
	struct {
		uint16_t port;
		uint16_t generation; /* Valid while equal to the port's. */
		uint32_t epoch;      /* Second in which it was last seen. */
	};
};

/* key is 0 when the entry is free: keys carry a domain number, which starts at 1. */
struct hsw_fdb_entry {
	uint64_t key;
	union hsw_fdb_value value;
};

struct hsw_fdb_bucket {
	struct hsw_fdb_entry entry[HSW_FDB_WAYS];
} __rte_cache_aligned;

struct hsw_fdb {
	/* Read by everybody. */
	struct hsw_fdb_bucket *buckets;
	uint32_t mask;
	uint16_t generation[HSW_FDB_PORTS];

	/* The writer's; telemetry reads the numbers. */
	uint32_t size __rte_cache_aligned; /* Addresses at most. */
	uint32_t count;                    /* Entries in use, forgotten ones included. */
	uint32_t age_cursor;               /* Next bucket to look at for ageing. */
	uint32_t evict_cursor;             /* Next bucket to look at for a victim. */
	uint32_t port_count[HSW_FDB_PORTS];
	uint32_t port_limit[HSW_FDB_PORTS];
	uint64_t learned;
	uint64_t moves;
	uint64_t evicted; /* Entries given up for others. */
	uint64_t full;    /* Addresses not learned for want of room. */
	uint64_t limited; /* Addresses not learned because of the port's limit. */
	uint64_t aged;
	uint64_t flushes;
};

/* What hsw_fdb_learn() did. */
enum hsw_fdb_change {
	HSW_FDB_KNOWN,   /* Nothing: the table says so already. */
	HSW_FDB_ADDED,   /* A new address. */
	HSW_FDB_MOVED,   /* It was at another port. */
	HSW_FDB_REFUSED, /* No room for it, or for this port. */
};

/* `size` addresses, 1 to 2^24. 0 or -errno. */
int hsw_fdb_create(uint32_t size, struct hsw_fdb **fdb);
void hsw_fdb_destroy(struct hsw_fdb *fdb);
/* Addresses that a port may have at most; start-up. */
void hsw_fdb_set_limit(struct hsw_fdb *fdb, uint16_t port, uint32_t limit);

/* Writer. `old_port` is set when the address moved. */
enum hsw_fdb_change hsw_fdb_learn(struct hsw_fdb *fdb, uint64_t key, uint16_t port, uint32_t epoch,
				  uint16_t *old_port);
/* Writer. Forget all addresses of a port, in constant time. */
void hsw_fdb_flush_port(struct hsw_fdb *fdb, uint16_t port);
/* Writer. Look at the next `buckets` buckets and remove what was not seen for more than `max_age`
 * epochs. */
void hsw_fdb_age(struct hsw_fdb *fdb, uint32_t epoch, uint32_t max_age, uint32_t buckets);

/* Any thread. The next entry in use from `*cursor` (start with 0); false at the end. */
bool hsw_fdb_walk(const struct hsw_fdb *fdb, uint32_t *cursor, struct hsw_fdb_entry *entry);

/* A frame's address as a key. `domain` 0 to 65,534; `mac48` as loaded from the frame. */
static inline uint64_t hsw_fdb_key(uint16_t domain, uint64_t mac48)
{
	return ((uint64_t)(domain + 1u) << 48) | mac48;
}

static inline uint16_t hsw_fdb_key_domain(uint64_t key)
{
	return (uint16_t)((key >> 48) - 1);
}

/* The 6 octets at `octets` as the low 48 bits; reads 8 octets. Little endian, as all we run on. */
static inline uint64_t hsw_mac_load(const uint8_t *octets)
{
	uint64_t mac48;

	memcpy(&mac48, octets, sizeof(mac48));
	return mac48 & HSW_MAC_MASK;
}

static inline uint32_t hsw_fdb_hash(uint64_t key)
{
	return rte_hash_crc_8byte(key, 0);
}

static inline struct hsw_fdb_bucket *hsw_fdb_first(const struct hsw_fdb *fdb, uint32_t hash)
{
	return &fdb->buckets[hash & fdb->mask];
}

/* The other bucket: from the bits that did not choose the first, and never the same one. */
static inline struct hsw_fdb_bucket *hsw_fdb_second(const struct hsw_fdb *fdb, uint32_t hash)
{
	uint32_t other = ((hash >> 16 | hash << 16) * 0x9e3779b1u) & fdb->mask;

	return &fdb->buckets[other != (hash & fdb->mask) ? other : other ^ 1];
}

/* Where a look-up of the address will begin; on its way into the cache. */
static inline struct hsw_fdb_bucket *hsw_fdb_prefetch(const struct hsw_fdb *fdb, uint64_t key)
{
	struct hsw_fdb_bucket *first = hsw_fdb_first(fdb, hsw_fdb_hash(key));

	rte_prefetch0(first);
	return first;
}

/* What the table says of an address at this port that was seen in this second. */
static inline union hsw_fdb_value hsw_fdb_fresh(const struct hsw_fdb *fdb, uint16_t port,
						uint32_t epoch)
{
	return (union hsw_fdb_value){
		.port = port,
		.generation = __atomic_load_n(&fdb->generation[port], __ATOMIC_RELAXED),
		.epoch = epoch,
	};
}

/*
 * The writer reuses an entry in the order key = 0, value, key; so a value that stands between two
 * equal reads of the key belongs to it. (An entry reused for another address and back again between
 * these three loads could fool us: the frame would take a wrong way once.)
 */
static inline struct hsw_fdb_entry *hsw_fdb_probe(struct hsw_fdb_bucket *bucket, uint64_t key,
						  union hsw_fdb_value *value)
{
	for (unsigned int i = 0; i < HSW_FDB_WAYS; i++) {
		struct hsw_fdb_entry *entry = &bucket->entry[i];

		if (__atomic_load_n(&entry->key, __ATOMIC_ACQUIRE) != key)
			continue;
		value->u64 = __atomic_load_n(&entry->value.u64, __ATOMIC_ACQUIRE);
		if (likely(__atomic_load_n(&entry->key, __ATOMIC_RELAXED) == key))
			return entry;
	}
	return NULL;
}

static inline struct hsw_fdb_entry *hsw_fdb_probe_second(const struct hsw_fdb *fdb, uint64_t key,
							 union hsw_fdb_value *value)
{
	return hsw_fdb_probe(hsw_fdb_second(fdb, hsw_fdb_hash(key)), key, value);
}

/*
 * Worker. The address's entry, or NULL; `first` from hsw_fdb_prefetch(). It may be missed once
 * while the writer shifts it from the second bucket to the first: then the frame is flooded.
 */
static inline struct hsw_fdb_entry *hsw_fdb_lookup(const struct hsw_fdb *fdb, uint64_t key,
						   struct hsw_fdb_bucket *first,
						   union hsw_fdb_value *value)
{
	struct hsw_fdb_entry *entry = hsw_fdb_probe(first, key, value);

	if (unlikely(entry == NULL))
		entry = hsw_fdb_probe_second(fdb, key, value);
	if (unlikely(entry == NULL ||
		     value->generation !=
			     __atomic_load_n(&fdb->generation[value->port], __ATOMIC_RELAXED)))
		return NULL;
	return entry;
}

/*
 * Worker. Say that the address was seen in this second. The entry may have been given to another
 * address since it was looked up: then that one merely stays a little longer. The writer may store
 * a whole value at the same time: then this second's stamp is lost, and the next one is not.
 */
static inline void hsw_fdb_touch(struct hsw_fdb_entry *entry, uint32_t epoch)
{
	__atomic_store_n(&entry->value.epoch, epoch, __ATOMIC_RELAXED);
}

#endif
