/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets of a burst are parted by family; of each part the addresses are looked up together, keys
 * are made, and rte_acl finds the rule. Worker.
 */

#include "acl_priv.h"

#include <vnf/vnf.h>

/* Those of one family. */
struct part {
	uint32_t n;
	uint8_t at[VNF_BURST_MAX]; /* in the burst */
	const uint8_t *addr[ACL_DIRECTIONS][VNF_BURST_MAX];
};

static void parts_make(struct part *part, const struct vnf_acl_packet *packet, uint32_t n,
		       uint32_t *rule)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct vnf_acl_packet *p = &packet[i];
		struct part *to = &part[acl_family_of(p)];

		rule[i] = VNF_ACL_NONE;
		if (p->version != 4 && p->version != 6)
			continue;
		to->at[to->n] = (uint8_t)i;
		to->addr[ACL_SRC][to->n] = p->src;
		to->addr[ACL_DST][to->n++] = p->dst;
	}
}

static void key_make(const struct acl_trie *t, const uint32_t *value, uint8_t *key)
{
	for (uint32_t i = 0; i < t->n_coded; i++) {
		const struct acl_field *f = &t->field[i];

		memcpy(key + f->offset, &f->code[value[f->value]], sizeof(*f->code));
	}
}

static void part_classify(const struct vnf_acl *acl, enum acl_family family,
			  const struct vnf_acl_packet *packet, const struct part *part,
			  uint32_t *rule)
{
	uint8_t key[VNF_BURST_MAX][ACL_KEY_OCTETS] __rte_cache_aligned;
	uint32_t pair[ACL_DIRECTIONS][VNF_BURST_MAX], result[VNF_BURST_MAX];
	const uint8_t *keys[VNF_BURST_MAX];
	const struct acl_trie *t = &acl->trie[family];

	for (int d = 0; d < ACL_DIRECTIONS; d++)
		acl_table_bulk(&acl->side[family][d].table, family, part->addr[d], pair[d],
			       part->n);
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t value[ACL_VALUES];

		acl_values(&packet[part->at[i]], value);
		value[ACL_VALUE_OF(ACL_SRC)] = pair[ACL_SRC][i];
		value[ACL_VALUE_OF(ACL_DST)] = pair[ACL_DST][i];
		key_make(t, value, key[i]);
		keys[i] = key[i];
	}
	rte_acl_classify(t->ctx, keys, result, part->n, 1);
	/* 0, for none, is VNF_ACL_NONE then. */
	for (uint32_t i = 0; i < part->n; i++)
		rule[part->at[i]] = result[i] - 1;
}

void vnf_acl_classify(const struct vnf_acl *acl, const struct vnf_acl_packet *packet, uint16_t n,
		      uint32_t *rule)
{
	struct part part[ACL_FAMILIES];

	if (unlikely(!acl->built)) {
		for (uint32_t i = 0; i < n; i++)
			rule[i] = vnf_acl_find(acl, &packet[i]);
		return;
	}
	part[ACL_V4].n = part[ACL_V6].n = 0;
	parts_make(part, packet, n, rule);
	for (int f = 0; f < ACL_FAMILIES; f++)
		if (part[f].n > 0 && acl->trie[f].ctx != NULL)
			part_classify(acl, f, packet, &part[f], rule);
}
