/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A rule is as many entries of rte_acl as there are ways to take one range of classes for each of
 * its conditions. That is what rules cost, and counted before anything is built.
 */

#include "acl_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Lists of one entry for each slot; NULL: any class. */
struct choice {
	const struct acl_ids *ids[ACL_SLOTS];
};

static void choice_dims(const struct vnf_acl *acl, const struct acl_rule *rule, struct choice *c)
{
	for (int dim = 0; dim < ACL_DIMS; dim++)
		c->ids[dim] = rule->list[dim] != 0 ? &acl->dim[dim].ids[rule->list[dim] - 1] : NULL;
}

static const struct acl_resolved *resolved_of(const struct vnf_acl *acl,
					      const struct acl_rule *rule, enum acl_family family,
					      enum acl_direction direction)
{
	uint32_t cond = rule->cond[direction];

	return cond != 0 ? &acl->side[family][direction].resolved[cond - 1] : NULL;
}

static void choice_box(struct choice *c, enum acl_direction direction, const struct acl_resolved *r,
		       uint32_t box)
{
	for (int kind = 0; kind < ACL_KINDS; kind++)
		c->ids[ACL_SLOT_OF(direction, kind)] =
			r != NULL && !r->box[box].any[kind] ? &r->box[box].ids[kind] : NULL;
}

static uint64_t choice_count(const struct choice *c)
{
	uint64_t n = 1;

	for (int slot = 0; slot < ACL_SLOTS; slot++)
		if (c->ids[slot] != NULL && __builtin_mul_overflow(n, c->ids[slot]->n, &n))
			return UINT64_MAX;
	return n;
}

/* Each range of each list with each of all others. */
static int choice_walk(const struct choice *c, acl_entry_fn add, void *arg)
{
	struct vnf_acl_span slot[ACL_SLOTS];
	uint32_t at[ACL_SLOTS] = { 0 };
	int turn = ACL_SLOTS, ret;

	if (choice_count(c) == 0)
		return 0;
	while (turn >= 0) {
		for (int i = 0; i < ACL_SLOTS; i++)
			slot[i] = c->ids[i] != NULL
					  ? c->ids[i]->v[at[i]]
					  : (struct vnf_acl_span){ 0, ACL_CLASSES_MAX - 1 };
		ret = add(arg, slot);
		if (ret < 0)
			return ret;
		for (turn = ACL_SLOTS - 1; turn >= 0; at[turn--] = 0)
			if (c->ids[turn] != NULL && ++at[turn] < c->ids[turn]->n)
				break;
	}
	return 0;
}

int acl_expand(const struct vnf_acl *acl, uint32_t rule, enum acl_family family, acl_entry_fn add,
	       void *arg)
{
	const struct acl_rule *r = &acl->rule[rule];
	const struct acl_resolved *src = resolved_of(acl, r, family, ACL_SRC);
	const struct acl_resolved *dst = resolved_of(acl, r, family, ACL_DST);
	struct choice c;
	int ret = 0;

	if (!r->in[family])
		return 0;
	choice_dims(acl, r, &c);
	for (uint32_t s = 0; s < (src != NULL ? src->n_boxes : 1); s++)
		for (uint32_t d = 0; ret == 0 && d < (dst != NULL ? dst->n_boxes : 1); d++) {
			choice_box(&c, ACL_SRC, src, s);
			choice_box(&c, ACL_DST, dst, d);
			ret = choice_walk(&c, add, arg);
		}
	return ret;
}

/* ---- counting ---- */

static uint64_t boxes_count(const struct acl_resolved *r)
{
	uint64_t n = 0;

	if (r == NULL)
		return 1;
	for (uint32_t i = 0; i < r->n_boxes; i++) {
		uint64_t own = r->box[i].any[ACL_OWN] ? 1 : r->box[i].ids[ACL_OWN].n;
		uint64_t set = r->box[i].any[ACL_SET] ? 1 : r->box[i].ids[ACL_SET].n;

		n += own * set;
	}
	return n;
}

static uint64_t family_count(const struct vnf_acl *acl, const struct acl_rule *rule,
			     enum acl_family family)
{
	struct choice c = { { NULL } };
	uint64_t src = boxes_count(resolved_of(acl, rule, family, ACL_SRC));
	uint64_t dst = boxes_count(resolved_of(acl, rule, family, ACL_DST));
	uint64_t n;

	if (!rule->in[family])
		return 0;
	choice_dims(acl, rule, &c);
	n = choice_count(&c);
	if (__builtin_mul_overflow(n, src, &n) || __builtin_mul_overflow(n, dst, &n))
		return UINT64_MAX;
	return n;
}

static const char *const slot_name[ACL_DIMS] = {
	[ACL_PROTO] = "protocol",
	[ACL_ZONE_IN] = "zone in",
	[ACL_ZONE_OUT] = "zone out",
	[ACL_L4] = "source port or ICMP",
	[ACL_DST_PORT] = "destination port",
	[ACL_FLAGS] = "flags",
	[ACL_VLAN] = "VLAN",
	[ACL_FRAGMENT] = "fragment",
};

/* What makes the entries of a rule: "source 12 x destination port 30". */
static void factors_print(const struct vnf_acl *acl, const struct acl_rule *rule,
			  enum acl_family family, char *text, size_t size)
{
	uint64_t side[] = { boxes_count(resolved_of(acl, rule, family, ACL_SRC)),
			    boxes_count(resolved_of(acl, rule, family, ACL_DST)) };
	static const char *const side_name[] = { "source", "destination" };
	const char *sep = "";
	int at = 0;

	text[0] = '\0';
	for (int d = 0; d < ACL_DIRECTIONS; d++) {
		if (side[d] < 2)
			continue;
		at += snprintf(text + at, size - (size_t)at, "%s%s %" PRIu64, sep, side_name[d],
			       side[d]);
		sep = " x ";
	}
	for (int dim = 0; dim < ACL_DIMS && at < (int)size; dim++) {
		uint32_t n = rule->list[dim] != 0 ? acl->dim[dim].ids[rule->list[dim] - 1].n : 1;

		if (n < 2)
			continue;
		at += snprintf(text + at, size - (size_t)at, "%s%s %u", sep, slot_name[dim], n);
		sep = " x ";
	}
}

static int rule_too_large(struct acl_build *b, uint32_t rule, const uint64_t *n)
{
	enum acl_family most = n[ACL_V4] >= n[ACL_V6] ? ACL_V4 : ACL_V6;
	char factors[128];

	factors_print(b->acl, &b->acl->rule[rule], most, factors, sizeof(factors));
	return acl_wrong(b, -E2BIG, rule, VNF_ACL_FIELD_NONE,
			 "expands to %" PRIu64 " entries for IPv%c (%s), at most %u", n[most],
			 most == ACL_V4 ? '4' : '6', factors, b->conf.entries_each);
}

int acl_expand_count(struct acl_build *b)
{
	struct vnf_acl *acl = b->acl;
	uint64_t total = 0;
	uint32_t most = VNF_ACL_NONE;

	for (uint32_t i = 0; i < acl->n_rules; i++) {
		struct acl_rule *rule = &acl->rule[i];
		uint64_t n[ACL_FAMILIES] = { 0 };

		for (int f = 0; f < ACL_FAMILIES; f++) {
			n[f] = family_count(acl, rule, f);
			if (n[f] > b->conf.entries_each)
				return rule_too_large(b, i, n);
			acl->trie[f].entries += n[f];
		}
		rule->entries = n[ACL_V4] + n[ACL_V6];
		total += rule->entries;
		if (most == VNF_ACL_NONE || rule->entries > acl->rule[most].entries)
			most = i;
	}
	if (total <= b->conf.entries)
		return 0;
	return acl_wrong(b, -E2BIG, most, VNF_ACL_FIELD_NONE,
			 "all rules expand to %" PRIu64 " entries, at most %u; this one to most, "
			 "%" PRIu64,
			 total, b->conf.entries, acl->rule[most].entries);
}
