/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A classifier from creation to release, vnf/acl.h.
 */

#include "acl_priv.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>

static void defaults_set(struct vnf_acl_conf *conf)
{
	if (conf->entries_each == 0)
		conf->entries_each = VNF_ACL_ENTRIES_EACH;
	if (conf->entries == 0)
		conf->entries = VNF_ACL_ENTRIES;
	if (conf->trie_bytes == 0)
		conf->trie_bytes = VNF_ACL_TRIE_BYTES;
}

static int build(const struct vnf_acl_conf *conf, bool tries, struct vnf_acl **acl,
		 struct vnf_acl_error *error)
{
	struct acl_build b = { .acl = calloc(1, sizeof(*b.acl)), .conf = *conf, .error = error };
	int ret;

	*acl = NULL;
	*error = (struct vnf_acl_error){ .rule = VNF_ACL_NONE };
	if (b.acl == NULL)
		return acl_wrong(&b, -ENOMEM, VNF_ACL_NONE, VNF_ACL_FIELD_NONE, "no memory");
	defaults_set(&b.conf);
	b.acl->heap = (struct own_heap)OWN_HEAP_NONE;
	ret = acl_rules_read(&b);
	if (ret == 0)
		ret = acl_resolve(&b);
	if (ret == 0)
		ret = acl_expand_count(&b);
	acl_rules_fini(b.acl);
	if (ret == 0 && tries)
		ret = acl_tries_build(&b);
	if (ret < 0) {
		vnf_acl_destroy(b.acl);
		return ret;
	}
	*acl = b.acl;
	return 0;
}

int vnf_acl_build(const struct vnf_acl_conf *conf, struct vnf_acl **acl,
		  struct vnf_acl_error *error)
{
	return build(conf, true, acl, error);
}

int vnf_acl_check(const struct vnf_acl_conf *conf, struct vnf_acl **acl,
		  struct vnf_acl_error *error)
{
	return build(conf, false, acl, error);
}

void vnf_acl_destroy(struct vnf_acl *acl)
{
	if (acl == NULL)
		return;
	acl_tries_fini(acl);
	acl_resolved_fini(acl);
	free(acl->rule);
	free(acl);
}

/* ---- cost ---- */

static uint64_t ids_bytes(const struct acl_ids *ids)
{
	return sizeof(*ids) + ids->room * sizeof(*ids->v);
}

static uint64_t dims_bytes(const struct vnf_acl *acl)
{
	static const uint32_t values[ACL_DIMS] = { 256, 256,  256, ACL_L4_NONE, ACL_DST_PORT_NONE,
						   257, 4097, 8 };
	uint64_t bytes = 0;

	for (int dim = 0; dim < ACL_DIMS; dim++) {
		if (acl->dim[dim].code != NULL)
			bytes += values[dim] * sizeof(uint16_t);
		for (uint32_t i = 0; i < acl->dim[dim].n_lists; i++)
			bytes += ids_bytes(&acl->dim[dim].ids[i]);
	}
	return bytes;
}

static uint64_t side_bytes(const struct acl_side *side)
{
	uint64_t bytes = side->table.bytes + side->n_pairs * ACL_KINDS * sizeof(uint16_t);

	for (uint32_t i = 0; i < side->n_conds; i++) {
		const struct acl_resolved *r = &side->resolved[i];

		bytes += sizeof(*r) + ids_bytes(&r->pairs);
		for (uint32_t k = 0; k < r->n_boxes; k++)
			bytes += ids_bytes(&r->box[k].ids[ACL_OWN]) +
				 ids_bytes(&r->box[k].ids[ACL_SET]);
	}
	return bytes;
}

void vnf_acl_cost(const struct vnf_acl *acl, struct vnf_acl_cost *cost)
{
	struct rte_malloc_socket_stats stats = { 0 };

	*cost = (struct vnf_acl_cost){ 0 };
	if (acl->heap.socket >= 0 && rte_malloc_get_socket_stats(acl->heap.socket, &stats) == 0)
		cost->trie_bytes = stats.heap_allocsz_bytes;
	cost->bytes = sizeof(*acl) + acl->n_rules * sizeof(*acl->rule) + cost->trie_bytes +
		      dims_bytes(acl);
	for (int f = 0; f < ACL_FAMILIES; f++) {
		cost->entries[f] = (uint32_t)acl->trie[f].entries;
		cost->octets[f] = acl->trie[f].octets;
		for (int d = 0; d < ACL_DIRECTIONS; d++) {
			cost->bytes += side_bytes(&acl->side[f][d]);
			cost->prefixes[f] += acl->side[f][d].table.search.n;
		}
	}
}

uint64_t vnf_acl_rule_entries(const struct vnf_acl *acl, uint32_t rule)
{
	return acl->rule[rule].entries;
}
