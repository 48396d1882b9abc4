/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a slot remembers beside its sessions (vnf/session.h):
 *
 *     mappings   inside address and port -> external address and port, of each protocol
 *     hosts      inside addresses: their external address, and how much is theirs
 *     peers      which outside addresses a mapping has sessions with: chains of sessions
 *
 * All memory is taken at the start. Numbers of mappings and hosts count from 1 in their slot, 0 is
 * none.
 *
 * Threads: the worker that owns the slot.
 */
#ifndef NAT_TABLE_H
#define NAT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include <vnf/random.h>
#include <vnf/steer.h>

#include "space.h"

struct nat_mapping {
	rte_be32_t inside;
	rte_be16_t inside_port;
	rte_be16_t port;     /* external */
	uint32_t n_sessions; /* it lives as long as there are any */
	uint32_t n_sent;     /* of these, the inside has sent something by */
	uint32_t next;       /* in its chain, or of the free ones */
	uint32_t host;
	uint16_t space; /* number of its external address */
	uint8_t proto;  /* enum nat_proto */
	uint8_t used;   /* 1: it lives */
	uint64_t begun_ns;
};

/* Pools in which a host's external address is remembered. */
#define NAT_PAIRS 4

struct nat_host {
	rte_be32_t inside;
	uint32_t next;
	uint16_t space[NAT_PAIRS]; /* numbers of its external addresses + 1, last first; 0: none */
	uint32_t n_sessions;
	uint32_t n_ports[NAT_PROTOS]; /* it lives as long as there are any */
	uint32_t rate_tokens;         /* new sessions of this second */
	uint64_t rate_ns;             /* when that second began */
};

/* Blocks of identifications of an external address. */
struct nat_ids {
	uint16_t next;
	uint16_t left;
};

struct nat_slot {
	struct nat_mapping *mapping; /* number 1 is at 0 */
	uint32_t *mapping_head;      /* chains, by hash */
	struct nat_host *host;
	uint32_t *host_head;
	uint32_t *peer_head; /* numbers of sessions + 1 */
	struct nat_ids *ids; /* by number of the space */
	uint32_t free_mapping;
	uint32_t fresh_mapping; /* used ever */
	uint32_t free_host;
	uint32_t fresh_host;
	uint32_t n_mappings; /* read by others */
	uint32_t n_hosts;    /* likewise */
	struct vnf_random random;
} __rte_cache_aligned;

/* How large they are, the same for all slots. */
struct nat_sizes {
	uint32_t mappings;
	uint32_t hosts;
	uint32_t mapping_mask; /* heads - 1 */
	uint32_t host_mask;
	uint32_t peer_mask;
	uint64_t secret[4];
};

struct nat_table {
	struct nat_sizes size;
	uint32_t n_slots;
	uint32_t slot_bits; /* of the number of a slot */
	void *memory;
	struct nat_slot *slot;
};

/* Memory of DPDK's that a table takes, for so many in each slot. */
uint64_t nat_table_bytes(uint32_t slots, uint32_t mappings, uint32_t hosts, uint32_t sessions);
/* 0 or -errno. */
int nat_table_create(uint32_t slots, uint32_t mappings, uint32_t hosts, uint32_t sessions,
		     struct nat_table **table);
void nat_table_destroy(struct nat_table *table);

static inline uint32_t nat_hash(const struct nat_table *table, uint64_t a, uint64_t b)
{
	uint64_t hash = vnf_slot_mix(a ^ table->size.secret[0], b ^ table->size.secret[1]);

	return (uint32_t)(hash >> 32);
}

/* ---- mappings ---- */

/* A mapping as the word of its port (space.h), and back. */
static inline uint32_t nat_whose_make(const struct nat_table *table, uint32_t slot, uint32_t number)
{
	return number << table->slot_bits | slot;
}

static inline uint32_t nat_whose_slot(const struct nat_table *table, uint32_t whose)
{
	return whose & ((1u << table->slot_bits) - 1);
}

static inline uint32_t nat_whose_number(const struct nat_table *table, uint32_t whose)
{
	return whose >> table->slot_bits;
}

static inline struct nat_mapping *nat_mapping_at(const struct nat_slot *slot, uint32_t number)
{
	return &slot->mapping[number - 1];
}

/* Its number, or 0. */
uint32_t nat_mapping_find(const struct nat_table *table, const struct nat_slot *slot,
			  enum nat_proto proto, rte_be32_t inside, rte_be16_t port);
/* The next one of the same endpoint and protocol, which is of another pool; 0: there is none. */
uint32_t nat_mapping_next(const struct nat_slot *slot, uint32_t number);
/* A number for a new one, which is in no chain yet; 0: there is no room. */
uint32_t nat_mapping_new(const struct nat_table *table, struct nat_slot *slot);
/* It is filled in: it can be found from here on. */
void nat_mapping_add(const struct nat_table *table, struct nat_slot *slot, uint32_t number);
/* It was found, or is new, and will not be any more. `added`: by nat_mapping_add(). */
void nat_mapping_free(const struct nat_table *table, struct nat_slot *slot, uint32_t number,
		      bool added);

/* ---- hosts ---- */

static inline struct nat_host *nat_host_at(const struct nat_slot *slot, uint32_t number)
{
	return &slot->host[number - 1];
}

uint32_t nat_host_find(const struct nat_table *table, const struct nat_slot *slot,
		       rte_be32_t inside);
/* A new one, in its chain; 0: there is no room. */
uint32_t nat_host_add(const struct nat_table *table, struct nat_slot *slot, rte_be32_t inside);
void nat_host_free(const struct nat_table *table, struct nat_slot *slot, uint32_t number);

#endif
