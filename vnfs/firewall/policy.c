/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A configuration becomes a policy: vnf_app.build and vnf_app.discard. What is wrong was reported
 * by the check before, but for the classifier's memory, which is known only now. Nothing that is in
 * force changes here. Control thread; workers read what is built.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include <vnf/ip.h>
#include <vnf/session.h>

#include "policy_rule.h"

#define PLACE_MAX 256
#define SESSION_TABLES 2

/* ---- rules ---- */

static char *place_of(const struct vnf_config *file, const void *field)
{
	char place[PLACE_MAX];

	vnf_config_place(file, field, place, sizeof(place));
	return strdup(place);
}

static void rule_fill(const struct fw_rule_spec *spec, struct fw_rule *rule)
{
	rule->action = (uint8_t)spec->action;
	rule->names_icmp = spec->icmp.n > 0;
	rule->rate = spec->rate;
	rule->log = spec->log;
	rule->source_sessions = (uint32_t)spec->source_sessions;
	rule->source_rate = spec->source_rate;
	rule->source_period_ns = spec->source_period;
	rule->name = spec->name;
}

static int rules_fill(const struct vnf_config *file, const struct fw_config *config,
		      struct fw_policy *p)
{
	const struct fw_rule_spec *spec = config->rules.items;
	struct fw_rule *last;

	p->rule = calloc(config->rules.n + 1, sizeof(*p->rule));
	if (p->rule == NULL)
		return -ENOMEM;
	p->n_rules = (uint32_t)config->rules.n;
	last = &p->rule[p->n_rules];
	for (uint32_t i = 0; i < p->n_rules; i++) {
		rule_fill(&spec[i], &p->rule[i]);
		p->rule[i].place = place_of(file, &spec[i]);
		if (p->rule[i].place == NULL)
			return -ENOMEM;
	}
	last->action = config->otherwise == 0 ? FW_DROP : FW_REJECT;
	last->name = "default";
	last->log = config->log.otherwise;
	last->place = place_of(file, &config->otherwise);
	return last->place == NULL ? -ENOMEM : 0;
}

/* FNV-1a: names are the configuration's, so nobody chooses them to collide. */
static uint64_t name_hash(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return hash;
}

/* Rules without a name are others in each policy: none is taken for one that it is not. */
static void rules_identify(struct fw_policy *p)
{
	for (uint32_t i = 0; i <= p->n_rules; i++)
		p->rule[i].id = p->rule[i].name[0] != '\0'
					? name_hash(p->rule[i].name) | UINT64_C(1) << 63
					: (uint64_t)(p->number & INT32_MAX) << 32 | i;
}

/* ---- wires ---- */

static void wires_fill(const struct vnf_config *file, const struct fw_config *config,
		       struct fw_policy *p)
{
	const struct fw_wire_spec *wire = config->wires.items;

	memset(p->wire_of, FW_WIRE_NONE, sizeof(p->wire_of));
	for (size_t i = 0; i < config->wires.n; i++) {
		int a = vnf_port_planned(file, wire[i].a), b = vnf_port_planned(file, wire[i].b);

		if (a < 0 || b < 0 || a >= FW_PORTS_MAX || b >= FW_PORTS_MAX)
			continue;
		p->wire_of[a] = p->wire_of[b] = (uint8_t)i;
		p->other_end[a] = (uint16_t)b;
		p->other_end[b] = (uint16_t)a;
	}
}

/* ---- the whole ---- */

static int classifier_build(struct vnf *vnf, struct vnf_config *file,
			    const struct fw_config *config, struct fw_policy *p)
{
	struct vnf_acl_error error;
	struct fw_rules rules;
	int ret = fw_rules_make(file, config, &rules);

	/* A file of a set may have changed since the check. */
	if (ret == 0 && vnf_config_error_count(file) > 0)
		ret = -EINVAL;
	if (ret == 0) {
		struct vnf_acl_conf conf = { .rules = rules.rule, .n_rules = rules.n };

		fw_zones_fill(vnf_built(vnf), file, config, &rules, p);
		ret = vnf_acl_build(&conf, &p->acl, &error);
		if (ret < 0)
			fw_rules_refused(file, config, &error);
	}
	if (ret == 0)
		ret = vnf_acl_tally_create(fw_counters(vnf), rules.rule, rules.n + 1, &p->tally);
	fw_rules_fini(&rules);
	return ret;
}

static void settings_fill(const struct fw_config *config, struct fw_policy *p)
{
	p->mode = (uint8_t)config->mode;
	p->reverse_path = (uint8_t)config->reverse_path;
	p->strict = config->strict;
	p->checksums = config->checksums;
	p->reject_rate = config->reject_rate;
	p->log_sessions = (uint8_t)config->log.sessions;
	p->log_drops = (uint8_t)config->log.drops;
	p->half_open = config->limits.half_open;
	p->half_open_source = (uint32_t)config->limits.half_open_source;
	p->ipv6_prefix = config->limits.ipv6_prefix;
	fw_config_periods(config, p->period_ns);
	for (size_t i = 0; i < config->ether_types.n && i < FW_ETHER_TYPES_MAX; i++)
		p->ether_type[p->n_ether_types++] =
			rte_cpu_to_be_16((uint16_t)config->ether_types.v[i]);
}

int fw_policy_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	struct fw_policy *p = calloc(1, sizeof(*p));
	int ret;

	if (p == NULL)
		return -ENOMEM;
	settings_fill(config, p);
	wires_fill(file, config, p);
	ret = rules_fill(file, config, p);
	if (ret == 0)
		ret = classifier_build(vnf, file, config, p);
	if (ret == 0) {
		p->number = fw_policy_number(vnf);
		rules_identify(p);
		ret = fw_labels_make(p, vnf_built(vnf));
	}
	if (ret < 0) {
		fw_policy_discard(vnf, p);
		return ret;
	}
	*built = p;
	return 0;
}

void fw_policy_discard(struct vnf *vnf, void *built)
{
	struct fw_policy *p = built;

	(void)vnf;
	if (p == NULL)
		return;
	fw_labels_put(p);
	vnf_acl_tally_destroy(p->tally);
	vnf_acl_destroy(p->acl);
	for (uint32_t i = 0; p->rule != NULL && i <= p->n_rules; i++)
		free(p->rule[i].place);
	free(p->rule);
	free(p);
}

void fw_policy_apply_periods(struct vnf_sessions *const *tables, const struct fw_policy *policy)
{
	for (uint32_t t = 0; t < SESSION_TABLES; t++)
		for (uint32_t c = 0; c < FW_CLASSES; c++)
			vnf_sessions_set_period(tables[t], c, policy->period_ns[c]);
}

const char *fw_zone_name(const struct fw_policy *policy, uint8_t zone)
{
	if (zone == FW_ZONE_SELF)
		return "self";
	return zone < FW_ZONES_MAX && policy->zone_name[zone][0] != '\0' ? policy->zone_name[zone]
									 : "-";
}
