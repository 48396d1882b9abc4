/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Rules of the configuration become those of the classifier. The same code serves the check, where
 * it reports what is wrong, and the build of a policy. Control thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "policy_plan.h"
#include "policy_words.h"

#define WHY_MAX 256

/* What the functions that make rules hand each other. */
struct making {
	struct vnf_config *file;
	const struct nat_config *config;
	struct vnf_acl_range *range; /* the next free ones */
	struct vnf_acl_span *span;
};

/* ---- conditions ---- */

static void addresses_make(struct making *m, const struct vnf_config_strings *words,
			   struct vnf_acl_addresses *to)
{
	char why[WHY_MAX];

	to->ranges = m->range;
	for (size_t i = 0; i < words->n; i++) {
		struct nat_range range;
		uint32_t first, last;

		if (nat_range_parse(words->v[i], &range, why, sizeof(why)) < 0) {
			vnf_config_error(m->file, &words->v[i], "%s", why);
			continue;
		}
		first = rte_cpu_to_be_32(range.first);
		last = rte_cpu_to_be_32(range.last);
		m->range->version = 4;
		memcpy(m->range->first, &first, sizeof(first));
		memcpy(m->range->last, &last, sizeof(last));
		m->range++;
		to->n_ranges++;
	}
}

static void protos_make(struct making *m, const struct nat_rule_spec *spec,
			struct vnf_acl_numbers *to)
{
	char why[WHY_MAX];
	uint8_t proto;

	to->spans = m->span;
	for (size_t i = 0; i < spec->proto.n; i++) {
		const char *const *field = &spec->proto.v[i];

		if (nat_proto_parse(*field, &proto, why, sizeof(why)) < 0) {
			vnf_config_error(m->file, field, "%s", why);
			continue;
		}
		if (spec->action == NAT_TRANSLATE && nat_proto_name(proto) == NULL)
			vnf_config_error(m->file, field,
					 "is \"%s\", which cannot be translated, allowed are "
					 "\"tcp\", \"udp\" and \"icmp\"; others go by `static`, or "
					 "by rules of action \"none\"",
					 *field);
		*m->span++ = (struct vnf_acl_span){ proto, proto };
		to->n++;
	}
}

static void ports_make(struct making *m, const struct vnf_config_strings *words,
		       struct vnf_acl_numbers *to)
{
	char why[WHY_MAX];

	to->spans = m->span;
	for (size_t i = 0; i < words->n; i++) {
		if (nat_ports_parse(words->v[i], 0, m->span, why, sizeof(why)) < 0) {
			vnf_config_error(m->file, &words->v[i], "%s", why);
			continue;
		}
		m->span++;
		to->n++;
	}
}

/* Some protocol of the rule must have ports. */
static void ports_check(struct making *m, const struct nat_rule_spec *spec)
{
	if (spec->dport.n == 0 || spec->proto.n == 0)
		return;
	for (size_t i = 0; i < spec->proto.n; i++)
		if (strcmp(spec->proto.v[i], "icmp") != 0)
			return;
	vnf_config_error(m->file, &spec->dport,
			 "is for protocols with ports, and `proto` names \"icmp\" alone; leave one "
			 "of them out");
}

/* ---- pools ---- */

uint16_t nat_rule_pool(const struct nat_config *config, const struct nat_rule_spec *spec)
{
	const struct nat_pool_spec *pool = config->pools.items;

	for (size_t i = 0; i < config->pools.n; i++)
		if (spec->pool[0] == '\0' || strcmp(pool[i].name, spec->pool) == 0)
			return (uint16_t)i;
	return NAT_POOL_NONE;
}

static void pool_check(struct making *m, const struct nat_rule_spec *spec)
{
	const struct nat_pool_spec *pool = m->config->pools.items;
	const char *names[NAT_POOLS_MAX], *near;
	size_t n = 0;

	if (spec->action == NAT_PASS && spec->pool[0] != '\0')
		vnf_config_error(m->file, &spec->pool,
				 "is for action \"translate\", and this one is \"none\"");
	if (spec->action == NAT_PASS || nat_rule_pool(m->config, spec) != NAT_POOL_NONE)
		return;
	for (; n < m->config->pools.n && n < NAT_POOLS_MAX; n++)
		names[n] = pool[n].name;
	near = vnf_config_nearest(spec->pool, names, n);
	if (n == 0)
		vnf_config_error(m->file, &spec->action,
				 "is \"translate\", and there are no `pools`; write one");
	else if (near != NULL)
		vnf_config_error(m->file, &spec->pool,
				 "no pool is named \"%s\"; did you mean \"%s\"?", spec->pool, near);
	else
		vnf_config_error(m->file, &spec->pool,
				 "no pool is named \"%s\"; the first one is \"%s\"", spec->pool,
				 names[0]);
}

/* ---- rules ---- */

static void rule_make(struct making *m, const struct nat_rule_spec *spec, struct vnf_acl_rule *rule)
{
	rule->name = spec->name[0] != '\0' ? spec->name : NULL;
	rule->version = 4;
	addresses_make(m, &spec->src, &rule->src);
	addresses_make(m, &spec->dst, &rule->dst);
	protos_make(m, spec, &rule->protos);
	ports_make(m, &spec->dport, &rule->dst_ports);
	ports_check(m, spec);
	pool_check(m, spec);
}

int nat_rules_make(struct vnf_config *file, const struct nat_config *config,
		   struct nat_rules *rules)
{
	struct making m = { .file = file, .config = config };
	const struct nat_rule_spec *spec = config->rules.items;
	size_t n_ranges = 1, n_spans = 1;

	*rules = (struct nat_rules){ .n = (uint32_t)config->rules.n };
	for (uint32_t i = 0; i < rules->n; i++) {
		n_ranges += spec[i].src.n + spec[i].dst.n;
		n_spans += spec[i].proto.n + spec[i].dport.n;
	}
	rules->rule = calloc(rules->n + 1u, sizeof(*rules->rule));
	rules->range = m.range = calloc(n_ranges, sizeof(*rules->range));
	rules->span = m.span = calloc(n_spans, sizeof(*rules->span));
	if (rules->rule == NULL || m.range == NULL || m.span == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < rules->n; i++)
		rule_make(&m, &spec[i], &rules->rule[i]);
	return 0;
}

void nat_rules_fini(struct nat_rules *rules)
{
	free(rules->rule);
	free(rules->range);
	free(rules->span);
	*rules = (struct nat_rules){ 0 };
}

/* ---- what the classifier says ---- */

static const void *field_of(const struct nat_rule_spec *spec, enum vnf_acl_field field)
{
	switch (field) {
	case VNF_ACL_FIELD_SRC:
		return &spec->src;
	case VNF_ACL_FIELD_DST:
		return &spec->dst;
	case VNF_ACL_FIELD_PROTO:
		return &spec->proto;
	case VNF_ACL_FIELD_DST_PORTS:
		return &spec->dport;
	default:
		return spec;
	}
}

void nat_rules_refused(struct vnf_config *file, const struct nat_config *config,
		       const struct vnf_acl_error *error)
{
	const struct nat_rule_spec *spec = config->rules.items;

	if (error->rule < config->rules.n)
		vnf_config_error(file, field_of(&spec[error->rule], error->field), "%s",
				 error->text);
	else
		vnf_config_error(file, &config->rules, "%s", error->text);
}
