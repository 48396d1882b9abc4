/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A configuration becomes a policy: vnf_app.build and vnf_app.discard. What is wrong was reported
 * by the check before, but for memory. Nothing that is in force changes here. Control thread;
 * workers read what is built.
 */
#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_plan.h"

#define PLACE_MAX 256

static void sides_fill(const struct vnf_config *file, const struct nat_config *config,
		       struct nat_policy *p)
{
	for (size_t i = 0; i < config->inside.n; i++) {
		int number = vnf_ip_planned(file, config->inside.v[i]);

		if (number >= 0 && number < VNF_IP_INTERFACES_MAX)
			p->side_of[number] = NAT_INSIDE;
	}
	for (size_t i = 0; i < config->outside.n; i++) {
		int number = vnf_ip_planned(file, config->outside.v[i]);

		if (number >= 0 && number < VNF_IP_INTERFACES_MAX)
			p->side_of[number] = NAT_OUTSIDE;
	}
}

static int rules_fill(const struct vnf_config *file, const struct nat_config *config,
		      struct nat_policy *p)
{
	const struct nat_rule_spec *spec = config->rules.items;
	char place[PLACE_MAX];

	p->rule = calloc(config->rules.n + 1, sizeof(*p->rule));
	if (p->rule == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->rules.n; i++) {
		struct nat_rule *rule = &p->rule[p->n_rules++];

		rule->pool = spec[i].action == NAT_TRANSLATE ? nat_rule_pool(config, &spec[i])
							     : NAT_POOL_NONE;
		snprintf(rule->name, sizeof(rule->name), "%s", spec[i].name);
		vnf_config_place(file, &spec[i], place, sizeof(place));
		rule->place = strdup(place);
		if (rule->place == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int classifier_build(struct vnf_config *file, const struct nat_config *config,
			    struct nat_policy *p)
{
	struct vnf_acl_error error;
	struct nat_rules rules;
	int ret = nat_rules_make(file, config, &rules);

	if (ret == 0 && rules.n > 0) {
		struct vnf_acl_conf conf = { .rules = rules.rule, .n_rules = rules.n };

		ret = vnf_acl_build(&conf, &p->acl, &error);
		if (ret < 0)
			nat_rules_refused(file, config, &error);
	}
	nat_rules_fini(&rules);
	return ret;
}

static void settings_fill(const struct nat_config *config, struct nat_policy *p)
{
	bool cgn = config->profile == NAT_CGN;

	p->filtering = cgn ? NAT_FILTER_ENDPOINT : NAT_FILTER_ADDRESS;
	if (config->filtering != NAT_OF_PROFILE)
		p->filtering = (uint8_t)(config->filtering - 1);
	p->exhausted = cgn ? NAT_TELL_HOST : NAT_TELL_PROHIBITED;
	if (config->exhausted != NAT_OF_PROFILE)
		p->exhausted = (uint8_t)(config->exhausted - 1);
	p->inbound_refresh = config->inbound_refresh;
	p->mss = (uint16_t)config->mss;
	p->quarantine_ns = config->quarantine;
	p->syn_hold_ns = config->syn_hold;
	p->limit_ports = config->limits.ports;
	p->limit_sessions = (uint32_t)config->limits.sessions;
	p->limit_rate = (uint32_t)config->limits.session_rate;
	nat_config_periods(config, p->period_ns);
	p->log_mappings = config->log.mappings;
	p->log_sessions = config->log.sessions;
	p->log_destinations = config->log.destinations;
	p->log_limits = config->log.limits;
}

/* Static pairs first: what is theirs is in no pool and of no forward. */
static int addresses_fill(struct vnf *vnf, struct vnf_config *file, const struct nat_config *config,
			  struct nat_policy *p)
{
	struct nat_plan plan;
	int ret = nat_plan_make(file, config, &plan);

	if (ret == 0)
		ret = nat_statics_fill(file, &plan, p);
	if (ret == 0)
		ret = nat_pools_fill(vnf, file, config, &plan, p);
	if (ret == 0)
		ret = nat_forwards_fill(vnf, file, &plan, p);
	if (ret == 0)
		nat_externals_own(vnf, file, p);
	nat_plan_fini(&plan);
	return ret;
}

int nat_policy_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	struct nat_policy *p = calloc(1, sizeof(*p));
	int ret;

	if (p == NULL)
		return -ENOMEM;
	settings_fill(config, p);
	sides_fill(file, config, p);
	ret = addresses_fill(vnf, file, config, p);
	if (ret == 0)
		ret = rules_fill(file, config, p);
	if (ret == 0)
		ret = classifier_build(file, config, p);
	if (ret < 0) {
		nat_policy_discard(vnf, p);
		return ret;
	}
	p->number = nat_policy_number(vnf);
	*built = p;
	return 0;
}

void nat_policy_discard(struct vnf *vnf, void *built)
{
	struct nat_policy *p = built;

	if (p == NULL)
		return;
	vnf_acl_destroy(p->acl);
	for (uint32_t i = 0; i < p->n_rules; i++)
		free(p->rule[i].place);
	free(p->rule);
	nat_forwards_fini(p);
	nat_pools_fini(vnf, p);
	nat_statics_fini(p);
	free(p);
}
