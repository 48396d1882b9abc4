/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Rules are read and checked, and their conditions become lists of intervals.
 */

#include "acl_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PORT_LAST 65535
#define PROTO_LAST 255
#define ZONE_LAST 255
#define FRAGMENT_LAST 7

int acl_wrong(struct acl_build *b, int ret, uint32_t rule, enum vnf_acl_field field,
	      const char *format, ...)
{
	struct vnf_acl_error *e = b->error;
	const char *name = rule != VNF_ACL_NONE ? b->conf.rules[rule].name : NULL;
	va_list args;
	int n = 0;

	e->rule = rule;
	e->field = field;
	if (rule != VNF_ACL_NONE)
		n = snprintf(e->text, sizeof(e->text),
			     name != NULL ? "rule %u (%.40s): " : "rule %u: ", rule, name);
	if (field != VNF_ACL_FIELD_NONE)
		n += snprintf(e->text + n, sizeof(e->text) - (size_t)n,
			      "%s: ", vnf_acl_field_name(field));
	va_start(args, format);
	vsnprintf(e->text + n, sizeof(e->text) - (size_t)n, format, args);
	va_end(args);
	return ret;
}

static int no_memory(struct acl_build *b)
{
	return acl_wrong(b, -ENOMEM, VNF_ACL_NONE, VNF_ACL_FIELD_NONE, "no memory for %u rules",
			 b->conf.n_rules);
}

/* ---- numbers ---- */

static bool is_given(const struct vnf_acl_numbers *numbers)
{
	return numbers->n > 0 || numbers->n_sets > 0;
}

static int spans_take(struct acl_build *b, uint32_t rule, enum vnf_acl_field field,
		      const struct vnf_acl_numbers *from, uint32_t last, struct acl_spans *to)
{
	int ret = 0;

	if (from == NULL || (from->n > 0 && from->spans == NULL))
		return acl_wrong(b, -EINVAL, rule, field, "the list is NULL");
	for (uint32_t i = 0; ret == 0 && i < from->n; i++) {
		const struct vnf_acl_span *s = &from->spans[i];

		if (s->first > s->last || s->last > last)
			return acl_wrong(b, -EINVAL, rule, field,
					 "%u to %u is not within 0 to %u, from low to high",
					 s->first, s->last, last);
		ret = acl_spans_add(to, s->first, s->last);
	}
	return ret < 0 ? no_memory(b) : 0;
}

/* A list with its sets, negated where it is to be. */
static int numbers_take(struct acl_build *b, uint32_t rule, enum vnf_acl_field field,
			const struct vnf_acl_numbers *from, uint32_t last, struct acl_spans *to)
{
	int ret = spans_take(b, rule, field, from, last, to);

	if (ret == 0 && from->n_sets > 0 && from->sets == NULL)
		return acl_wrong(b, -EINVAL, rule, field, "the list of sets is NULL");
	for (uint32_t i = 0; ret == 0 && i < from->n_sets; i++) {
		ret = spans_take(b, rule, field, from->sets[i], last, to);
		if (ret == 0 && (from->sets[i]->n_sets > 0 || from->sets[i]->except))
			ret = acl_wrong(b, -EINVAL, rule, field,
					"a set is a plain list, without sets and not negated");
	}
	if (ret < 0)
		return ret;
	acl_spans_sort(to);
	if (from->except && acl_spans_invert(to, last) < 0)
		return no_memory(b);
	if (to->n == 0)
		return acl_wrong(b, -EINVAL, rule, field, "no number is left that would match");
	return 0;
}

/* A condition that is of a dimension. `all` is what holds for every packet. */
static void dim_set(struct acl_build *b, uint32_t rule, enum acl_dim dim, struct acl_spans *spans,
		    uint32_t all)
{
	struct acl_list list = { .of = { *spans } };

	if (spans->n == 1 && spans->v[0].first == 0 && spans->v[0].last == all) {
		acl_spans_fini(spans);
		return;
	}
	b->acl->rule[rule].list[dim] = acl_list_number(&b->acl->lists[dim], &list);
	*spans = (struct acl_spans){ 0 };
}

/* Values for which a bit is set. */
static int bits_take(struct acl_build *b, struct acl_spans *to, uint64_t bits)
{
	for (uint32_t i = 0; i < VNF_ACL_ZONES; i++)
		if ((bits >> i & 1) != 0 && acl_spans_add(to, i, i) < 0)
			return no_memory(b);
	acl_spans_sort(to);
	return 0;
}

static int zones_take(struct acl_build *b, uint32_t rule, enum acl_dim dim, uint64_t zones)
{
	struct acl_spans spans = { 0 };
	int ret = zones != 0 ? bits_take(b, &spans, zones) : 0;

	if (ret == 0 && zones != 0)
		dim_set(b, rule, dim, &spans, ZONE_LAST);
	acl_spans_fini(&spans);
	return ret;
}

static int fragments_take(struct acl_build *b, uint32_t rule, uint8_t fragments)
{
	uint64_t values = 0;
	struct acl_spans spans = { 0 };
	int ret;

	if (fragments == 0 || fragments == FRAGMENT_LAST)
		return 0;
	if (fragments > FRAGMENT_LAST)
		return acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_FRAGMENT, "0x%x has unknown bits",
				 fragments);
	for (uint32_t bit = 1; bit < FRAGMENT_LAST; bit *= 2)
		if ((fragments & bit) != 0)
			values |= 1u << bit;
	ret = bits_take(b, &spans, values);
	if (ret == 0)
		dim_set(b, rule, ACL_FRAGMENT, &spans, FRAGMENT_LAST);
	acl_spans_fini(&spans);
	return ret;
}

static int flags_take(struct acl_build *b, uint32_t rule, uint8_t mask, uint8_t value)
{
	struct acl_spans spans = { 0 };

	if ((value & ~mask) != 0)
		return acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_FLAGS,
				 "0x%x asks for bits that the mask 0x%x leaves out", value, mask);
	for (uint32_t v = 0; mask != 0 && v < ACL_FLAGS_NONE; v++)
		if ((v & mask) == value && acl_spans_add(&spans, v, v) < 0) {
			acl_spans_fini(&spans);
			return no_memory(b);
		}
	acl_spans_sort(&spans);
	if (mask != 0)
		dim_set(b, rule, ACL_FLAGS, &spans, ACL_FLAGS_NONE);
	return 0;
}

static int ports_take(struct acl_build *b, uint32_t rule, enum acl_dim dim,
		      const struct vnf_acl_numbers *ports)
{
	enum vnf_acl_field field =
		dim == ACL_L4 ? VNF_ACL_FIELD_SRC_PORTS : VNF_ACL_FIELD_DST_PORTS;
	struct acl_spans spans = { 0 };
	int ret = 0;

	if (is_given(ports)) {
		ret = numbers_take(b, rule, field, ports, PORT_LAST, &spans);
		if (ret == 0)
			dim_set(b, rule, dim, &spans, ACL_L4_NONE);
	}
	acl_spans_fini(&spans);
	return ret;
}

static int icmp_add(struct acl_spans *to, const struct vnf_acl_icmp *i)
{
	int ret = 0;

	for (uint32_t type = i->type_first; ret == 0 && type <= i->type_last; type++)
		ret = acl_spans_add(to, ACL_L4_ICMP + (type << 8 | i->code_first),
				    ACL_L4_ICMP + (type << 8 | i->code_last));
	return ret;
}

static int icmp_take(struct acl_build *b, uint32_t rule, const struct vnf_acl_rule *from)
{
	struct acl_spans spans = { 0 };
	int ret = 0;

	if (from->n_icmp == 0)
		return 0;
	if (is_given(&from->src_ports) || is_given(&from->dst_ports))
		return acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_ICMP,
				 "no packet has both ports and a type of ICMP");
	if (from->icmp == NULL)
		return acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_ICMP, "the list is NULL");
	for (uint32_t i = 0; ret == 0 && i < from->n_icmp; i++) {
		const struct vnf_acl_icmp *one = &from->icmp[i];

		if (one->type_first > one->type_last || one->code_first > one->code_last)
			ret = acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_ICMP,
					"types %u to %u, codes %u to %u are not from low to high",
					one->type_first, one->type_last, one->code_first,
					one->code_last);
		else if (icmp_add(&spans, one) < 0)
			ret = no_memory(b);
	}
	acl_spans_sort(&spans);
	b->acl->rule[rule].icmp = true;
	if (ret == 0)
		dim_set(b, rule, ACL_L4, &spans, ACL_L4_NONE);
	acl_spans_fini(&spans);
	return ret;
}

static int vlans_take(struct acl_build *b, uint32_t rule, const struct vnf_acl_numbers *vlans)
{
	struct acl_spans spans = { 0 };
	int ret = 0;

	if (is_given(vlans)) {
		ret = numbers_take(b, rule, VNF_ACL_FIELD_VLAN, vlans, VNF_ACL_UNTAGGED, &spans);
		if (ret == 0)
			dim_set(b, rule, ACL_VLAN, &spans, VNF_ACL_UNTAGGED);
	}
	acl_spans_fini(&spans);
	return ret;
}

/* Protocols of which packets can have what a rule asks for: so the analysis of shadows knows that,
 * and a contradiction is an error. */
static int implied_add(const struct vnf_acl_rule *from, struct acl_spans *to)
{
	static const uint8_t with_ports[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_SCTP,
					      IPPROTO_UDPLITE };
	static const uint8_t with_icmp[] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };
	bool ports = is_given(&from->src_ports) || is_given(&from->dst_ports);
	int ret = 0;

	if (from->flags_mask != 0)
		return from->n_icmp == 0 ? acl_spans_add(to, IPPROTO_TCP, IPPROTO_TCP) : 0;
	for (size_t i = 0; ret == 0 && ports && i < RTE_DIM(with_ports); i++)
		ret = acl_spans_add(to, with_ports[i], with_ports[i]);
	for (size_t i = 0; ret == 0 && from->n_icmp > 0 && i < RTE_DIM(with_icmp); i++)
		ret = acl_spans_add(to, with_icmp[i], with_icmp[i]);
	if (ret == 0 && !ports && from->n_icmp == 0)
		ret = acl_spans_add(to, 0, PROTO_LAST);
	return ret;
}

static int protos_take(struct acl_build *b, uint32_t rule, const struct vnf_acl_rule *from)
{
	struct acl_spans spans = { 0 }, given = { 0 };
	int ret = 0;

	if (implied_add(from, &spans) < 0)
		ret = no_memory(b);
	acl_spans_sort(&spans);
	if (ret == 0 && is_given(&from->protos)) {
		ret = numbers_take(b, rule, VNF_ACL_FIELD_PROTO, &from->protos, PROTO_LAST, &given);
		if (ret == 0 && acl_spans_cut(&spans, &given) < 0)
			ret = no_memory(b);
	}
	if (ret == 0 && spans.n == 0)
		ret = acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_PROTO,
				"none of these has the ports, TCP flags or types of ICMP that the "
				"rule asks for");
	if (ret == 0)
		dim_set(b, rule, ACL_PROTO, &spans, PROTO_LAST);
	acl_spans_fini(&spans);
	acl_spans_fini(&given);
	return ret;
}

/* ---- addresses ---- */

static int ranges_take(struct acl_build *b, uint32_t rule, enum vnf_acl_field field,
		       const struct vnf_acl_addresses *from, struct acl_list *list)
{
	if ((from->n_ranges > 0 && from->ranges == NULL) ||
	    (from->n_sets > 0 && from->sets == NULL))
		return acl_wrong(b, -EINVAL, rule, field, "the list is NULL");
	for (uint32_t i = 0; i < from->n_ranges; i++) {
		int ret = acl_range_add(list->of, &from->ranges[i]);

		if (ret == -EINVAL)
			return acl_wrong(b, ret, rule, field,
					 "range %u is of no family, or not from low to high", i);
		if (ret < 0)
			return no_memory(b);
	}
	for (int f = 0; f < ACL_FAMILIES; f++)
		acl_spans_sort(&list->of[f]);
	return 0;
}

/* Its number in the direction: few rules name sets, and those few ones. */
static uint32_t set_number(struct vnf_acl *acl, enum acl_direction direction,
			   const struct vnf_acl_set *set)
{
	uint32_t n = acl->n_sets[direction];

	for (uint32_t i = n; i-- > 0;)
		if (acl->set[direction][i] == set)
			return i;
	acl->set[direction][n] = set;
	acl->n_sets[direction]++;
	return n;
}

static int number_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int sets_take(struct acl_build *b, uint32_t rule, enum acl_direction direction,
		     const struct vnf_acl_addresses *from, struct acl_cond *cond)
{
	cond->set = malloc((from->n_sets + 1u) * sizeof(*cond->set));
	if (cond->set == NULL)
		return no_memory(b);
	for (uint32_t i = 0; i < from->n_sets; i++) {
		if (from->sets[i] == NULL)
			return acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_SRC + direction,
					 "set %u is NULL", i);
		cond->set[i] = set_number(b->acl, direction, from->sets[i]);
	}
	qsort(cond->set, from->n_sets, sizeof(*cond->set), number_compare);
	cond->n_sets = from->n_sets;
	return 0;
}

static int addresses_take(struct acl_build *b, uint32_t rule, enum acl_direction direction,
			  const struct vnf_acl_addresses *from)
{
	struct acl_cond cond = { .except = from->except };
	struct acl_list list = { 0 };
	int ret;

	if (from->n_ranges == 0 && from->n_sets == 0)
		return 0;
	ret = ranges_take(b, rule, VNF_ACL_FIELD_SRC + direction, from, &list);
	if (ret == 0)
		ret = sets_take(b, rule, direction, from, &cond);
	if (ret < 0) {
		acl_list_fini(&list);
		free(cond.set);
		return ret;
	}
	if (from->n_ranges > 0)
		cond.list = acl_list_number(&b->acl->own[direction], &list);
	b->acl->rule[rule].cond[direction] = acl_cond_number(&b->acl->conds[direction], &cond);
	return 0;
}

/* ---- rules ---- */

static int rule_take(struct acl_build *b, uint32_t rule)
{
	const struct vnf_acl_rule *from = &b->conf.rules[rule];
	int ret;

	if (from->version != 0 && from->version != 4 && from->version != 6)
		return acl_wrong(b, -EINVAL, rule, VNF_ACL_FIELD_VERSION, "%u is neither 4 nor 6",
				 from->version);
	b->acl->rule[rule].in[ACL_V4] = from->version != 6;
	b->acl->rule[rule].in[ACL_V6] = from->version != 4;
	ret = zones_take(b, rule, ACL_ZONE_IN, from->zones_in);
	if (ret == 0)
		ret = zones_take(b, rule, ACL_ZONE_OUT, from->zones_out);
	if (ret == 0)
		ret = addresses_take(b, rule, ACL_SRC, &from->src);
	if (ret == 0)
		ret = addresses_take(b, rule, ACL_DST, &from->dst);
	if (ret == 0)
		ret = protos_take(b, rule, from);
	if (ret == 0)
		ret = ports_take(b, rule, ACL_L4, &from->src_ports);
	if (ret == 0)
		ret = ports_take(b, rule, ACL_DST_PORT, &from->dst_ports);
	if (ret == 0)
		ret = icmp_take(b, rule, from);
	if (ret == 0)
		ret = flags_take(b, rule, from->flags_mask, from->flags_value);
	if (ret == 0)
		ret = vlans_take(b, rule, &from->vlans);
	return ret == 0 ? fragments_take(b, rule, from->fragments) : ret;
}

static int direction_init(struct acl_build *b, enum acl_direction direction)
{
	struct vnf_acl *acl = b->acl;
	size_t sets = 0;

	for (uint32_t i = 0; i < b->conf.n_rules; i++)
		sets += direction == ACL_SRC ? b->conf.rules[i].src.n_sets
					     : b->conf.rules[i].dst.n_sets;
	acl->set[direction] = calloc(sets + 1, sizeof(*acl->set[direction]));
	if (acl->set[direction] == NULL ||
	    acl_conds_init(&acl->conds[direction], b->conf.n_rules) < 0)
		return -ENOMEM;
	return acl_lists_init(&acl->own[direction], b->conf.n_rules);
}

static int rules_init(struct acl_build *b)
{
	int ret = 0;

	b->acl->rule = calloc(b->conf.n_rules + 1u, sizeof(*b->acl->rule));
	if (b->acl->rule == NULL)
		return -ENOMEM;
	b->acl->n_rules = b->conf.n_rules;
	for (int dim = 0; ret == 0 && dim < ACL_DIMS; dim++)
		ret = acl_lists_init(&b->acl->lists[dim], b->conf.n_rules);
	for (int d = 0; ret == 0 && d < ACL_DIRECTIONS; d++)
		ret = direction_init(b, d);
	return ret;
}

int acl_rules_read(struct acl_build *b)
{
	int ret;

	if (b->conf.n_rules > VNF_ACL_RULES_MAX)
		return acl_wrong(b, -E2BIG, VNF_ACL_NONE, VNF_ACL_FIELD_NONE,
				 "%u rules, at most %u", b->conf.n_rules, VNF_ACL_RULES_MAX);
	if (b->conf.n_rules > 0 && b->conf.rules == NULL)
		return acl_wrong(b, -EINVAL, VNF_ACL_NONE, VNF_ACL_FIELD_NONE, "rules are NULL");
	ret = rules_init(b) < 0 ? no_memory(b) : 0;
	for (uint32_t i = 0; ret == 0 && i < b->conf.n_rules; i++)
		ret = rule_take(b, i);
	return ret;
}

void acl_rules_fini(struct vnf_acl *acl)
{
	for (int dim = 0; dim < ACL_DIMS; dim++)
		acl_lists_fini(&acl->lists[dim]);
	for (int d = 0; d < ACL_DIRECTIONS; d++) {
		acl_lists_fini(&acl->own[d]);
		acl_conds_fini(&acl->conds[d]);
		free(acl->set[d]);
		acl->set[d] = NULL;
	}
}
