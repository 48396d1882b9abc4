/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See table.h. Chains are short, as there are as many heads as entries, and whoever is outside
 * cannot choose which entries meet.
 */
#include "table.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

/* Of random streams; the slot is added. */
#define RANDOM_NAME UINT64_C(0x6e61740000000000)

static uint32_t heads_for(uint32_t entries)
{
	return rte_align32pow2(RTE_MAX(entries, 16u));
}

/* Octets of each slot's arrays, on cache lines of their own. */
struct layout {
	uint64_t mappings, mapping_heads, hosts, host_heads, peer_heads, ids;
};

static struct layout layout_of(uint32_t mappings, uint32_t hosts, uint32_t sessions)
{
	const uint64_t line = RTE_CACHE_LINE_SIZE;

	return (struct layout){
		RTE_ALIGN_CEIL(mappings * sizeof(struct nat_mapping), line),
		RTE_ALIGN_CEIL(heads_for(mappings) * sizeof(uint32_t), line),
		RTE_ALIGN_CEIL(hosts * sizeof(struct nat_host), line),
		RTE_ALIGN_CEIL(heads_for(hosts) * sizeof(uint32_t), line),
		RTE_ALIGN_CEIL(heads_for(sessions) * sizeof(uint32_t), line),
		RTE_ALIGN_CEIL(NAT_SPACES_MAX * sizeof(struct nat_ids), line),
	};
}

static uint64_t layout_bytes(const struct layout *l)
{
	return l->mappings + l->mapping_heads + l->hosts + l->host_heads + l->peer_heads + l->ids;
}

uint64_t nat_table_bytes(uint32_t slots, uint32_t mappings, uint32_t hosts, uint32_t sessions)
{
	struct layout l = layout_of(mappings, hosts, sessions);

	return slots * (layout_bytes(&l) + sizeof(struct nat_slot)) + sizeof(struct nat_table);
}

static void slot_init(struct nat_slot *slot, const struct layout *l, uint8_t *memory, uint32_t i)
{
	slot->mapping = (void *)memory;
	memory += l->mappings;
	slot->mapping_head = (void *)memory;
	memory += l->mapping_heads;
	slot->host = (void *)memory;
	memory += l->hosts;
	slot->host_head = (void *)memory;
	memory += l->host_heads;
	slot->peer_head = (void *)memory;
	memory += l->peer_heads;
	slot->ids = (void *)memory;
	vnf_random_init(&slot->random, RANDOM_NAME + i);
}

int nat_table_create(uint32_t slots, uint32_t mappings, uint32_t hosts, uint32_t sessions,
		     struct nat_table **table)
{
	struct layout l = layout_of(mappings, hosts, sessions);
	struct nat_table *t = rte_zmalloc("nat", sizeof(*t), RTE_CACHE_LINE_SIZE);
	uint8_t *memory;

	*table = t;
	if (t == NULL)
		return -ENOMEM;
	t->slot = rte_zmalloc("nat-slots", slots * sizeof(*t->slot), RTE_CACHE_LINE_SIZE);
	memory = rte_zmalloc("nat-tables", slots * layout_bytes(&l), RTE_CACHE_LINE_SIZE);
	t->memory = memory;
	if (t->slot == NULL || memory == NULL) {
		nat_table_destroy(t);
		*table = NULL;
		return -ENOMEM;
	}
	t->n_slots = slots;
	t->slot_bits = (uint32_t)__builtin_ctz(slots);
	t->size.mappings = mappings;
	t->size.hosts = hosts;
	t->size.mapping_mask = heads_for(mappings) - 1;
	t->size.host_mask = heads_for(hosts) - 1;
	t->size.peer_mask = heads_for(sessions) - 1;
	for (size_t i = 0; i < RTE_DIM(t->size.secret); i++) {
		char name[] = "nat table 0";

		name[sizeof(name) - 2] = (char)('0' + i);
		t->size.secret[i] = vnf_random_seed(name);
	}
	for (uint32_t i = 0; i < slots; i++)
		slot_init(&t->slot[i], &l, memory + i * layout_bytes(&l), i);
	return 0;
}

void nat_table_destroy(struct nat_table *table)
{
	if (table == NULL)
		return;
	rte_free(table->slot);
	rte_free(table->memory);
	rte_free(table);
}

/* Read by commands. */
static void count_set(uint32_t *counter, uint32_t n)
{
	__atomic_store_n(counter, n, __ATOMIC_RELAXED);
}

/* ---- mappings ---- */

static uint32_t *mapping_head(const struct nat_table *table, const struct nat_slot *slot,
			      enum nat_proto proto, rte_be32_t inside, rte_be16_t port)
{
	uint32_t hash = nat_hash(table, inside, (uint64_t)proto << 16 | port);

	return &slot->mapping_head[hash & table->size.mapping_mask];
}

uint32_t nat_mapping_find(const struct nat_table *table, const struct nat_slot *slot,
			  enum nat_proto proto, rte_be32_t inside, rte_be16_t port)
{
	uint32_t number = *mapping_head(table, slot, proto, inside, port);

	while (number != 0) {
		const struct nat_mapping *m = nat_mapping_at(slot, number);

		if (m->inside == inside && m->inside_port == port && m->proto == proto)
			return number;
		number = m->next;
	}
	return 0;
}

uint32_t nat_mapping_next(const struct nat_slot *slot, uint32_t number)
{
	const struct nat_mapping *is = nat_mapping_at(slot, number);

	for (number = is->next; number != 0; number = nat_mapping_at(slot, number)->next) {
		const struct nat_mapping *m = nat_mapping_at(slot, number);

		if (m->inside == is->inside && m->inside_port == is->inside_port &&
		    m->proto == is->proto)
			break;
	}
	return number;
}

uint32_t nat_mapping_new(const struct nat_table *table, struct nat_slot *slot)
{
	uint32_t number = slot->free_mapping;

	if (number != 0)
		slot->free_mapping = nat_mapping_at(slot, number)->next;
	else if (slot->fresh_mapping < table->size.mappings)
		number = ++slot->fresh_mapping;
	else
		return 0;
	*nat_mapping_at(slot, number) = (struct nat_mapping){ .used = 0 };
	return number;
}

void nat_mapping_add(const struct nat_table *table, struct nat_slot *slot, uint32_t number)
{
	struct nat_mapping *m = nat_mapping_at(slot, number);
	uint32_t *head =
		mapping_head(table, slot, (enum nat_proto)m->proto, m->inside, m->inside_port);

	m->used = 1;
	m->next = *head;
	*head = number;
	count_set(&slot->n_mappings, slot->n_mappings + 1);
}

void nat_mapping_free(const struct nat_table *table, struct nat_slot *slot, uint32_t number,
		      bool added)
{
	struct nat_mapping *m = nat_mapping_at(slot, number);

	if (added) {
		uint32_t *at = mapping_head(table, slot, (enum nat_proto)m->proto, m->inside,
					    m->inside_port);

		while (*at != number)
			at = &nat_mapping_at(slot, *at)->next;
		*at = m->next;
		count_set(&slot->n_mappings, slot->n_mappings - 1);
	}
	m->used = 0;
	m->next = slot->free_mapping;
	slot->free_mapping = number;
}

/* ---- hosts ---- */

static uint32_t *host_head(const struct nat_table *table, const struct nat_slot *slot,
			   rte_be32_t inside)
{
	return &slot->host_head[nat_hash(table, inside, UINT32_MAX) & table->size.host_mask];
}

uint32_t nat_host_find(const struct nat_table *table, const struct nat_slot *slot,
		       rte_be32_t inside)
{
	uint32_t number = *host_head(table, slot, inside);

	while (number != 0 && nat_host_at(slot, number)->inside != inside)
		number = nat_host_at(slot, number)->next;
	return number;
}

uint32_t nat_host_add(const struct nat_table *table, struct nat_slot *slot, rte_be32_t inside)
{
	uint32_t number = slot->free_host, *head = host_head(table, slot, inside);

	if (number != 0)
		slot->free_host = nat_host_at(slot, number)->next;
	else if (slot->fresh_host < table->size.hosts)
		number = ++slot->fresh_host;
	else
		return 0;
	*nat_host_at(slot, number) = (struct nat_host){ .inside = inside, .next = *head };
	*head = number;
	count_set(&slot->n_hosts, slot->n_hosts + 1);
	return number;
}

void nat_host_free(const struct nat_table *table, struct nat_slot *slot, uint32_t number)
{
	struct nat_host *host = nat_host_at(slot, number);
	uint32_t *at = host_head(table, slot, host->inside);

	while (*at != number)
		at = &nat_host_at(slot, *at)->next;
	*at = host->next;
	count_set(&slot->n_hosts, slot->n_hosts - 1);
	host->inside = 0;
	host->next = slot->free_host;
	slot->free_host = number;
}
