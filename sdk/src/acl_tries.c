/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A context of rte_acl for each family. Its key has the classes of a packet in as few octets as
 * they need, and only of those fields that rules ask for.
 */

#include "acl_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_malloc.h>

#define GROUP 4 /* octets that rte_acl reads at a time, behind the first */
/* What a context takes beside its entries and tries. */
#define CONTEXT_BYTES ((size_t)256 << 10)
/* What tries are given at first, so that few rules take little time; all that may be follows. */
#define FIRST_BYTES ((uint64_t)2 << 20)
#define FIRST_ENTRY_BYTES (UINT64_C(32) << 10)
#define FIRST_BYTES_MAX (UINT64_C(128) << 20)

/* ---- keys ---- */

/* Where the classes of a slot are found; n is 1 where nobody asks for it. */
static struct acl_field field_of(const struct vnf_acl *acl, enum acl_family family, uint32_t slot)
{
	uint32_t direction = (slot - ACL_DIMS) / ACL_KINDS, kind = (slot - ACL_DIMS) % ACL_KINDS;
	struct acl_field f = { .slot = (uint8_t)slot };

	if (slot < ACL_DIMS) {
		f.value = (uint8_t)slot;
		f.code = acl->dim[slot].code;
		f.n = acl->dim[slot].n;
	} else {
		f.value = (uint8_t)ACL_VALUE_OF(direction);
		f.code = acl->side[family][direction].code[kind];
		f.n = acl->side[family][direction].n[kind];
	}
	f.octets = acl_is_wide(f.n) ? 2 : 1;
	return f;
}

static void field_put(struct acl_trie *t, struct acl_field f)
{
	f.offset = (uint8_t)t->octets;
	t->field[t->n_fields++] = f;
	t->octets += f.octets;
}

/* The protocol, then what has two octets, then what has one: so none lies in two groups. */
static void key_lay_out(const struct vnf_acl *acl, enum acl_family family, struct acl_trie *t)
{
	static const uint8_t order[] = {
		ACL_SLOT_OF(ACL_SRC, ACL_OWN),
		ACL_SLOT_OF(ACL_DST, ACL_OWN),
		ACL_SLOT_OF(ACL_SRC, ACL_SET),
		ACL_SLOT_OF(ACL_DST, ACL_SET),
		ACL_L4,
		ACL_DST_PORT,
		ACL_ZONE_IN,
		ACL_ZONE_OUT,
		ACL_FLAGS,
		ACL_VLAN,
		ACL_FRAGMENT,
	};

	field_put(t, field_of(acl, family, ACL_PROTO));
	for (uint32_t octets = 2; octets > 0; octets--)
		for (size_t i = 0; i < RTE_DIM(order); i++) {
			struct acl_field f = field_of(acl, family, order[i]);

			if (f.n > 1 && f.octets == octets)
				field_put(t, f);
		}
	t->n_coded = t->n_fields;
	/* One group at least, and all of it. */
	while (t->octets < 1 + GROUP || (t->octets - 1) % GROUP != 0)
		field_put(t, (struct acl_field){ .octets = 1, .n = 1, .slot = ACL_SLOTS });
}

/* ---- entries ---- */

#define ENTRIES 64 /* given to rte_acl at a time */

RTE_ACL_RULE_DEF(acl_entry, ACL_FIELDS_MAX);

struct adding {
	const struct acl_trie *trie;
	struct acl_entry *entry;
	uint32_t n;
	struct rte_acl_rule_data data;
};

static int entries_flush(struct adding *a)
{
	int ret = 0;

	if (a->n > 0)
		ret = rte_acl_add_rules(a->trie->ctx, (const struct rte_acl_rule *)a->entry, a->n);
	a->n = 0;
	return ret;
}

static void range_put(struct rte_acl_field *to, const struct acl_field *f,
		      const struct vnf_acl_span *ids)
{
	uint32_t greatest = f->octets == 2 ? UINT16_MAX : UINT8_MAX, last = greatest;

	/* There are no greater classes: with all numbers up to the end, tries are smaller. */
	if (ids != NULL && ids->last + 1 < f->n)
		last = ids->last;
	if (f->octets == 2) {
		to->value.u16 = (uint16_t)(ids != NULL ? ids->first : 0);
		to->mask_range.u16 = (uint16_t)last;
	} else {
		to->value.u8 = (uint8_t)(ids != NULL ? ids->first : 0);
		to->mask_range.u8 = (uint8_t)last;
	}
}

static int entry_add(void *arg, const struct vnf_acl_span *slot)
{
	struct adding *a = arg;
	struct acl_entry *e = &a->entry[a->n++];

	memset(e, 0, sizeof(*e));
	e->data = a->data;
	for (uint32_t i = 0; i < a->trie->n_fields; i++) {
		const struct acl_field *f = &a->trie->field[i];

		range_put(&e->field[i], f, f->slot < ACL_SLOTS ? &slot[f->slot] : NULL);
	}
	return a->n == ENTRIES ? entries_flush(a) : 0;
}

static int entries_add(const struct vnf_acl *acl, enum acl_family family)
{
	struct adding a = { .trie = &acl->trie[family],
			    .entry = malloc(ENTRIES * sizeof(*a.entry)) };
	int ret = a.entry != NULL ? 0 : -ENOMEM;

	for (uint32_t i = 0; ret == 0 && i < acl->n_rules; i++) {
		a.data = (struct rte_acl_rule_data){
			.category_mask = 1,
			.priority = (int32_t)(acl->n_rules - i),
			.userdata = i + 1,
		};
		ret = acl_expand(acl, i, family, entry_add, &a);
	}
	if (ret == 0)
		ret = entries_flush(&a);
	free(a.entry);
	return ret;
}

/* ---- contexts ---- */

/* Without a max_size: with one, rte_acl begins with few tries, and rules that do not suit it take
 * gigabytes on the way to that. So the heap is the limit.
 */
static struct rte_acl_config config_of(const struct acl_trie *t)
{
	struct rte_acl_config config = {
		.num_categories = 1,
		.num_fields = t->n_fields,
	};

	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct acl_field *f = &t->field[i];

		config.defs[i] = (struct rte_acl_field_def){
			.type = RTE_ACL_FIELD_TYPE_RANGE,
			.size = f->octets,
			.field_index = (uint8_t)i,
			.input_index = i == 0 ? 0 : (uint8_t)(1 + (f->offset - 1) / GROUP),
			.offset = f->offset,
		};
	}
	return config;
}

static int context_create(struct vnf_acl *acl, enum acl_family family)
{
	struct acl_trie *t = &acl->trie[family];
	char name[RTE_ACL_NAMESIZE];
	struct rte_acl_param param = {
		.name = name,
		.socket_id = acl->heap.socket,
		.rule_size = sizeof(struct acl_entry),
		.max_rule_num = (uint32_t)t->entries,
	};

	snprintf(name, sizeof(name), "%.24s-%d", acl->heap.name, family);
	t->ctx = rte_acl_create(&param);
	return t->ctx != NULL ? 0 : -ENOMEM;
}

static uint32_t rule_of_most(const struct vnf_acl *acl)
{
	uint32_t most = 0;

	for (uint32_t i = 1; i < acl->n_rules; i++)
		if (acl->rule[i].entries > acl->rule[most].entries)
			most = i;
	return most;
}

/* rte_acl says -ENOMEM if the heap is too small, and if it would take more than 8 tries. */
static int trie_wrong(struct acl_build *b, enum acl_family family, int ret)
{
	const struct vnf_acl *acl = b->acl;
	uint32_t most = rule_of_most(acl);

	if (ret == -ERANGE || ret == -ENOMEM)
		ret = -ENOSPC;
	return acl_wrong(b, ret, most, VNF_ACL_FIELD_NONE,
			 "the %" PRIu64
			 " entries for IPv%c of all rules do not fit in 8 tries of %" PRIu64
			 " MiB together; this rule has most, %" PRIu64,
			 acl->trie[family].entries, family == ACL_V4 ? '4' : '6',
			 b->conf.trie_bytes >> 20, acl->rule[most].entries);
}

static uint64_t heap_used(const struct vnf_acl *acl)
{
	struct rte_malloc_socket_stats stats = { 0 };

	rte_malloc_get_socket_stats(acl->heap.socket, &stats);
	return stats.heap_allocsz_bytes;
}

/* 0, -EAGAIN: with more memory it may fit, or -errno after saying why. */
static int trie_build(struct acl_build *b, enum acl_family family, uint64_t bytes)
{
	struct acl_trie *t = &b->acl->trie[family];
	struct rte_acl_config config = config_of(t);
	uint64_t before;
	int ret;

	if (t->entries == 0)
		return 0;
	ret = context_create(b->acl, family);
	if (ret == 0)
		ret = entries_add(b->acl, family);
	if (ret < 0)
		return acl_wrong(b, ret, VNF_ACL_NONE, VNF_ACL_FIELD_NONE,
				 "no memory for %" PRIu64 " entries", t->entries);
	before = heap_used(b->acl);
	ret = rte_acl_build(t->ctx, &config);
	/* The heap is rounded up, and both families have it in common. */
	if (ret == 0 && heap_used(b->acl) - before > b->conf.trie_bytes)
		ret = -ERANGE;
	if ((ret == -ERANGE || ret == -ENOMEM) && bytes < b->conf.trie_bytes)
		return -EAGAIN;
	return ret < 0 ? trie_wrong(b, family, ret) : 0;
}

static uint64_t bytes_of(const struct acl_build *b, enum acl_family family, bool first)
{
	uint64_t bytes = FIRST_BYTES + b->acl->trie[family].entries * FIRST_ENTRY_BYTES;

	return first ? RTE_MIN(RTE_MIN(bytes, FIRST_BYTES_MAX), b->conf.trie_bytes)
		     : b->conf.trie_bytes;
}

static int tries_try(struct acl_build *b, bool first)
{
	struct vnf_acl *acl = b->acl;
	size_t room = 0;
	int ret = 0;

	for (int f = 0; f < ACL_FAMILIES; f++)
		if (acl->trie[f].entries > 0)
			room += acl->trie[f].entries * sizeof(struct acl_entry) +
				bytes_of(b, f, first) + CONTEXT_BYTES;
	if (room > 0 && own_heap_create(&acl->heap, "acl", room, true) < 0)
		return acl_wrong(b, -ENOMEM, VNF_ACL_NONE, VNF_ACL_FIELD_NONE,
				 "no memory of %zu MiB for tries", room >> 20);
	for (int f = 0; ret == 0 && f < ACL_FAMILIES; f++)
		ret = trie_build(b, f, bytes_of(b, f, first));
	return ret;
}

int acl_tries_build(struct acl_build *b)
{
	int ret;

	for (int f = 0; f < ACL_FAMILIES; f++)
		key_lay_out(b->acl, f, &b->acl->trie[f]);
	ret = tries_try(b, true);
	if (ret == -EAGAIN) {
		acl_tries_fini(b->acl);
		ret = tries_try(b, false);
	}
	b->acl->built = ret == 0;
	return ret;
}

void acl_tries_fini(struct vnf_acl *acl)
{
	for (int f = 0; f < ACL_FAMILIES; f++) {
		rte_acl_free(acl->trie[f].ctx);
		acl->trie[f].ctx = NULL;
	}
	own_heap_destroy(&acl->heap);
	acl->heap = (struct own_heap)OWN_HEAP_NONE;
}
