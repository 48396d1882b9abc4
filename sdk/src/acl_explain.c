/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Why a rule does or does not match, and which can never. Both go by classes: a packet is a number
 * in each dimension, a rule a list of numbers.
 */

#include "acl_priv.h"

static const char *const field_name[VNF_ACL_FIELDS] = {
	[VNF_ACL_FIELD_NONE] = "none",
	[VNF_ACL_FIELD_VERSION] = "family",
	[VNF_ACL_FIELD_ZONE_IN] = "zone in",
	[VNF_ACL_FIELD_ZONE_OUT] = "zone out",
	[VNF_ACL_FIELD_VLAN] = "VLAN",
	[VNF_ACL_FIELD_SRC] = "source",
	[VNF_ACL_FIELD_DST] = "destination",
	[VNF_ACL_FIELD_PROTO] = "protocol",
	[VNF_ACL_FIELD_FRAGMENT] = "fragment",
	[VNF_ACL_FIELD_SRC_PORTS] = "source port",
	[VNF_ACL_FIELD_DST_PORTS] = "destination port",
	[VNF_ACL_FIELD_ICMP] = "type of ICMP",
	[VNF_ACL_FIELD_FLAGS] = "TCP flags",
};

const char *vnf_acl_field_name(enum vnf_acl_field field)
{
	return (unsigned int)field < VNF_ACL_FIELDS ? field_name[field] : "unknown";
}

/* ---- one packet ---- */

/* A packet as numbers of classes and pairs. */
struct numbers {
	enum acl_family family;
	uint32_t class[ACL_DIMS];
	uint32_t pair[ACL_DIRECTIONS];
};

static bool numbers_of(const struct vnf_acl *acl, const struct vnf_acl_packet *p, struct numbers *n)
{
	const uint8_t *addr[] = { p->src, p->dst };
	uint32_t value[ACL_VALUES];

	if (p->version != 4 && p->version != 6)
		return false;
	n->family = acl_family_of(p);
	acl_values(p, value);
	for (int dim = 0; dim < ACL_DIMS; dim++) {
		const uint16_t *codes = acl->dim[dim].code;
		uint16_t code = codes != NULL ? codes[value[dim]] : 0;

		n->class[dim] = acl_is_wide(acl->dim[dim].n) ? rte_be_to_cpu_16(code)
							     : rte_le_to_cpu_16(code);
	}
	for (int d = 0; d < ACL_DIRECTIONS; d++)
		acl_table_bulk(&acl->side[n->family][d].table, n->family, &addr[d], &n->pair[d], 1);
	return true;
}

static bool dim_matches(const struct vnf_acl *acl, const struct acl_rule *rule, enum acl_dim dim,
			const struct numbers *n)
{
	return rule->list[dim] == 0 ||
	       acl_ids_have(&acl->dim[dim].ids[rule->list[dim] - 1], n->class[dim]);
}

static bool side_matches(const struct vnf_acl *acl, const struct acl_rule *rule,
			 enum acl_direction d, const struct numbers *n)
{
	const struct acl_side *side = &acl->side[n->family][d];

	return rule->cond[d] == 0 ||
	       acl_ids_have(&side->resolved[rule->cond[d] - 1].pairs, n->pair[d]);
}

static enum vnf_acl_field differs(const struct vnf_acl *acl, const struct acl_rule *rule,
				  const struct numbers *n)
{
	static const struct {
		enum acl_dim dim;
		enum vnf_acl_field field;
	} before[] = { { ACL_ZONE_IN, VNF_ACL_FIELD_ZONE_IN },
		       { ACL_ZONE_OUT, VNF_ACL_FIELD_ZONE_OUT },
		       { ACL_VLAN, VNF_ACL_FIELD_VLAN } },
	  behind[] = { { ACL_PROTO, VNF_ACL_FIELD_PROTO },
		       { ACL_FRAGMENT, VNF_ACL_FIELD_FRAGMENT },
		       { ACL_L4, VNF_ACL_FIELD_SRC_PORTS },
		       { ACL_DST_PORT, VNF_ACL_FIELD_DST_PORTS },
		       { ACL_FLAGS, VNF_ACL_FIELD_FLAGS } };

	if (!rule->in[n->family])
		return VNF_ACL_FIELD_VERSION;
	for (size_t i = 0; i < RTE_DIM(before); i++)
		if (!dim_matches(acl, rule, before[i].dim, n))
			return before[i].field;
	for (int d = 0; d < ACL_DIRECTIONS; d++)
		if (!side_matches(acl, rule, d, n))
			return VNF_ACL_FIELD_SRC + (unsigned int)d;
	for (size_t i = 0; i < RTE_DIM(behind); i++)
		if (!dim_matches(acl, rule, behind[i].dim, n))
			return behind[i].dim == ACL_L4 && rule->icmp ? VNF_ACL_FIELD_ICMP
								     : behind[i].field;
	return VNF_ACL_FIELD_NONE;
}

enum vnf_acl_field vnf_acl_differs(const struct vnf_acl *acl, uint32_t rule,
				   const struct vnf_acl_packet *packet)
{
	struct numbers n;

	if (!numbers_of(acl, packet, &n))
		return VNF_ACL_FIELD_VERSION;
	return differs(acl, &acl->rule[rule], &n);
}

static bool matches(const struct vnf_acl *acl, const struct acl_rule *rule, const struct numbers *n)
{
	bool all = rule->in[n->family];

	for (int d = 0; all && d < ACL_DIRECTIONS; d++)
		all = side_matches(acl, rule, d, n);
	for (int dim = 0; all && dim < ACL_DIMS; dim++)
		all = dim_matches(acl, rule, dim, n);
	return all;
}

uint32_t vnf_acl_find(const struct vnf_acl *acl, const struct vnf_acl_packet *packet)
{
	struct numbers n;

	if (!numbers_of(acl, packet, &n))
		return VNF_ACL_NONE;
	for (uint32_t i = 0; i < acl->n_rules; i++)
		if (matches(acl, &acl->rule[i], &n))
			return i;
	return VNF_ACL_NONE;
}

/* ---- shadows ---- */

/* Do lists of the same dimension say that what is in one is in the other? 0 is any. */
static bool list_within(const struct acl_ids *ids, uint32_t list, uint32_t all)
{
	return all == 0 || list == all ||
	       (list != 0 && acl_ids_within(&ids[list - 1], &ids[all - 1]));
}

static bool side_within(const struct acl_side *side, uint32_t cond, uint32_t all)
{
	struct vnf_acl_span any = { 0, side->n_pairs - 1 };
	struct acl_ids ids = { .v = &any, .n = 1 };

	if (all == 0 || cond == all)
		return true;
	/* A list may have all addresses of a family in it. */
	if (cond != 0)
		ids = side->resolved[cond - 1].pairs;
	return acl_ids_within(&ids, &side->resolved[all - 1].pairs);
}

static bool covers(const struct vnf_acl *acl, const struct acl_rule *by,
		   const struct acl_rule *rule)
{
	for (int f = 0; f < ACL_FAMILIES; f++)
		if (rule->in[f] && !by->in[f])
			return false;
	for (int dim = 0; dim < ACL_DIMS; dim++)
		if (!list_within(acl->dim[dim].ids, rule->list[dim], by->list[dim]))
			return false;
	for (int f = 0; f < ACL_FAMILIES; f++)
		for (int d = 0; rule->in[f] && d < ACL_DIRECTIONS; d++)
			if (!side_within(&acl->side[f][d], rule->cond[d], by->cond[d]))
				return false;
	return true;
}

/* An earlier rule, or itself; VNF_ACL_NONE: it is not shadowed. */
static uint32_t shadow_of(const struct vnf_acl *acl, uint32_t rule)
{
	if (!acl->rule[rule].in[ACL_V4] && !acl->rule[rule].in[ACL_V6])
		return rule;
	for (uint32_t by = 0; by < rule; by++)
		if (covers(acl, &acl->rule[by], &acl->rule[rule]))
			return by;
	return VNF_ACL_NONE;
}

size_t vnf_acl_shadows(const struct vnf_acl *acl, struct vnf_acl_shadow *shadow, size_t max)
{
	size_t n = 0;

	for (uint32_t i = 0; i < acl->n_rules; i++) {
		uint32_t by = shadow_of(acl, i);

		if (by == VNF_ACL_NONE)
			continue;
		if (shadow != NULL && n < max)
			shadow[n] = (struct vnf_acl_shadow){ i, by };
		n++;
	}
	return n;
}
