/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Zones of a new policy. Sessions know zones by number and live longer than policies, so a zone
 * keeps the number that the policy in force knows it by, and what was a zone's is not given to
 * another as long as there are others. All that a policy has to know for that it has from the one
 * before: one that is built and never in force leaves nothing behind. Control thread.
 */
#include "policy_rule.h"

#include <stdio.h>
#include <string.h>

#include <vnf/ip.h>

/* ---- numbers ---- */

/* Is the number that of a zone of the policy in force, or one of the first `n` of the new one? */
static bool number_is_used(const struct fw_policy *before, const uint8_t *number, size_t n,
			   uint8_t is)
{
	for (size_t i = 0; i < n; i++)
		if (number[i] == is)
			return true;
	return before != NULL && before->zone_name[is][0] != '\0';
}

static bool number_find(const struct fw_policy *p, const char *name, uint8_t *number)
{
	for (*number = 0; *number < FW_ZONES_MAX; (*number)++)
		if (strcmp(p->zone_known[*number], name) == 0)
			return true;
	return false;
}

/* A number that no zone ever had; else one that none has now; else one that none of the new policy
 * has, of which there are always enough.
 */
static uint8_t number_new(const struct fw_policy *p, const struct fw_policy *before,
			  const uint8_t *number, size_t n)
{
	uint8_t is;

	if (number_find(p, "", &is))
		return is;
	for (is = 0; is < FW_ZONES_MAX && number_is_used(before, number, n, is); is++)
		;
	for (is %= FW_ZONES_MAX; number_is_used(NULL, number, n, is); is++)
		;
	return is;
}

/* Those that have a number first, lest it be given to another. */
static void zones_number(const struct fw_policy *before, const struct fw_zone_spec *spec, size_t n,
			 struct fw_policy *p, uint8_t *number)
{
	if (before != NULL)
		memcpy(p->zone_known, before->zone_known, sizeof(p->zone_known));
	for (size_t i = 0; i < n; i++)
		if (!number_find(p, spec[i].name, &number[i]))
			number[i] = FW_ZONE_NONE;
	for (size_t i = 0; i < n; i++) {
		if (number[i] != FW_ZONE_NONE)
			continue;
		number[i] = number_new(p, before, number, n);
		snprintf(p->zone_known[number[i]], sizeof(p->zone_known[0]), "%s", spec[i].name);
	}
}

/* Rules are made of zones by their place in the configuration. */
static uint64_t zones_renumber(uint64_t zones, const uint8_t *number)
{
	uint64_t is = zones & UINT64_C(1) << FW_ZONE_SELF;

	for (uint32_t i = 0; i < FW_ZONES_MAX; i++)
		if ((zones >> i & 1) != 0)
			is |= UINT64_C(1) << number[i];
	return is;
}

/* ---- ports and interfaces ---- */

static int member_number(const struct vnf_config *file, const struct fw_policy *p, const char *name)
{
	int number =
		p->mode == FW_ROUTED ? vnf_ip_planned(file, name) : vnf_port_planned(file, name);

	return number < FW_INTERFACES_MAX ? number : -1;
}

static void zone_fill(const struct vnf_config *file, const struct fw_zone_spec *spec, uint8_t zone,
		      struct fw_policy *p)
{
	const struct vnf_config_strings *members =
		p->mode == FW_ROUTED ? &spec->interfaces : &spec->ports;

	for (size_t i = 0; i < members->n; i++) {
		int number = member_number(file, p, members->v[i]);

		if (number < 0)
			continue;
		p->zone_of[number] = zone;
		p->member[number] = members->v[i];
	}
	snprintf(p->zone_name[zone], sizeof(p->zone_name[zone]), "%s", spec->name);
}

/* Interfaces have other numbers in each configuration, and the same names; ports have the same. */
static void zones_follow(const struct vnf_config *file, const struct fw_policy *before,
			 struct fw_policy *p)
{
	memset(p->zone_was, FW_ZONE_NONE, sizeof(p->zone_was));
	memset(p->zone_after, FW_ZONE_GONE, sizeof(p->zone_after));
	if (before == NULL)
		return;
	memcpy(p->zone_was, before->zone_of, sizeof(p->zone_was));
	if (p->mode == FW_TRANSPARENT)
		memcpy(p->zone_after, p->zone_of, sizeof(p->zone_after));
	for (uint32_t i = 0; i < FW_INTERFACES_MAX; i++) {
		int number =
			before->member[i] != NULL ? member_number(file, p, before->member[i]) : -1;

		if (number >= 0)
			p->zone_after[i] = p->zone_of[number];
	}
}

void fw_zones_fill(const struct fw_policy *before, const struct vnf_config *file,
		   const struct fw_config *config, struct fw_rules *rules, struct fw_policy *p)
{
	const struct fw_zone_spec *spec = config->zones.items;
	uint8_t number[FW_ZONES_MAX] = { 0 };

	p->before = before != NULL ? before->number : 0;
	zones_number(before, spec, config->zones.n, p, number);
	memset(p->zone_of, FW_ZONE_NONE, sizeof(p->zone_of));
	for (size_t i = 0; i < config->zones.n; i++)
		zone_fill(file, &spec[i], number[i], p);
	zones_follow(file, before, p);
	for (uint32_t i = 0; i < rules->n; i++) {
		rules->rule[i].zones_in = zones_renumber(rules->rule[i].zones_in, number);
		rules->rule[i].zones_out = zones_renumber(rules->rule[i].zones_out, number);
	}
}
