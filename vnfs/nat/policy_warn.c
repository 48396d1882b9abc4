/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a configuration may say, and what its author hardly means: rules that no packet can match,
 * pools that nothing is translated by, periods that are shorter than the RFCs have them. Log lines,
 * at start, at each reload and with --check. Control thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <vnf/clock.h>
#include <vnf/log.h>

#include "policy_plan.h"

#define PLACE_MAX 256
/* Of one kind; whoever has more has one cause for them. */
#define SHADOWS_SHOWN 50

/* ---- rules ---- */

/* " (web)", or nothing. */
static const char *label(const struct nat_rule_spec *rule, char *text, size_t size)
{
	text[0] = '\0';
	if (rule->name[0] != '\0')
		snprintf(text, size, " (%s)", rule->name);
	return text;
}

static void shadow_tell(const struct vnf_config *file, const struct nat_rule_spec *rules,
			const struct vnf_acl_shadow *shadow)
{
	const struct nat_rule_spec *rule = &rules[shadow->rule], *by = &rules[shadow->by];
	char place[PLACE_MAX], place_by[PLACE_MAX];
	char name[NAT_NAME_MAX + 4], name_by[NAT_NAME_MAX + 4];

	vnf_config_place(file, rule, place, sizeof(place));
	vnf_config_place(file, by, place_by, sizeof(place_by));
	label(rule, name, sizeof(name));
	label(by, name_by, sizeof(name_by));
	if (rule == by)
		vnf_warning("%s: rules[%" PRIu32 "]%s: no packet can match, its conditions "
			    "contradict each other",
			    place, shadow->rule, name);
	else
		vnf_warning("%s: rules[%" PRIu32 "]%s: no packet gets here, rules[%" PRIu32
			    "]%s of %s matches all that this one would",
			    place, shadow->rule, name, shadow->by, name_by, place_by);
}

static void shadows_warn(const struct vnf_config *file, const struct nat_config *config,
			 const struct vnf_acl *acl)
{
	struct vnf_acl_shadow shadow[SHADOWS_SHOWN];
	size_t n = acl != NULL ? vnf_acl_shadows(acl, shadow, SHADOWS_SHOWN) : 0;

	for (size_t i = 0; i < n && i < SHADOWS_SHOWN; i++)
		shadow_tell(file, config->rules.items, &shadow[i]);
	if (n > SHADOWS_SHOWN)
		vnf_warning("%zu more rules that no packet can match", n - SHADOWS_SHOWN);
}

/* ---- pools ---- */

/* Without rules the first one is used. */
static void pools_warn(const struct vnf_config *file, const struct nat_config *config)
{
	const struct nat_pool_spec *pool = config->pools.items;
	const struct nat_rule_spec *rule = config->rules.items;
	bool used[NAT_POOLS_MAX] = { config->rules.n == 0 };
	char place[PLACE_MAX];

	for (size_t i = 0; i < config->rules.n; i++) {
		uint16_t is = nat_rule_pool(config, &rule[i]);

		if (rule[i].action == NAT_TRANSLATE && is < NAT_POOLS_MAX)
			used[is] = true;
	}
	for (size_t i = 0; i < config->pools.n; i++) {
		if (used[i])
			continue;
		vnf_config_place(file, &pool[i], place, sizeof(place));
		vnf_warning("%s: pools[%zu] (%s): nothing is translated by it, %s", place, i,
			    pool[i].name,
			    config->rules.n == 0 ? "without `rules` all is by the first pool"
						 : "no rule names it");
	}
}

/* ---- periods ---- */

struct least {
	size_t offset; /* in struct nat_timeouts */
	const char *key;
	uint32_t least_s;
	const char *text;
};

static const struct least leasts[] = {
	{ offsetof(struct nat_timeouts, udp), "udp", 120, "2m (RFC 4787 REQ-5)" },
	{ offsetof(struct nat_timeouts, tcp_opening), "tcp_opening", 240, "4m (RFC 5382 REQ-5)" },
	{ offsetof(struct nat_timeouts, tcp_established), "tcp_established", 7440,
	  "2h4m (RFC 5382 REQ-5)" },
	{ offsetof(struct nat_timeouts, tcp_closing), "tcp_closing", 240, "4m (RFC 5382 REQ-5)" },
	{ offsetof(struct nat_timeouts, tcp_reset), "tcp_reset", 240, "4m (RFC 7857 section 2.2)" },
	{ offsetof(struct nat_timeouts, icmp), "icmp", 60, "1m (RFC 5508 REQ-2)" },
};

static void timeouts_warn(const struct vnf_config *file, const struct nat_config *config)
{
	char place[PLACE_MAX];

	for (size_t i = 0; i < RTE_DIM(leasts); i++) {
		const uint64_t *period =
			(const void *)((const uint8_t *)&config->timeouts + leasts[i].offset);

		if (*period >= leasts[i].least_s * VNF_SECOND_NS)
			continue;
		vnf_config_place(file, period, place, sizeof(place));
		vnf_warning("%s: timeouts.%s: hosts expect at least %s, and may lose what they "
			    "still use",
			    place, leasts[i].key, leasts[i].text);
	}
}

void nat_policy_warn(const struct vnf_config *file, const struct nat_config *config,
		     const struct vnf_acl *acl)
{
	timeouts_warn(file, config);
	pools_warn(file, config);
	shadows_warn(file, config, acl);
}
