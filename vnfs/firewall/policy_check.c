/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the tables of keys cannot say: vnf_app.check, at start, at each reload and with --check. All
 * that is wrong is reported, each at its key; then it is said what makes no sense. Control thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include <vnf/clock.h>
#include <vnf/ip.h>

#include "policy_rule.h"

#define NAMES_SHOWN 8
#define ETHER_TYPE_MIN 0x600

/* ---- names ---- */

static const char *const *name_of(const struct vnf_config_list *list, size_t size, size_t i)
{
	return (const char *const *)((const uint8_t *)list->items + i * size);
}

/* "; there are "lan", "wan"" */
static void names_print(const struct vnf_config_list *list, size_t size, char *text, size_t room)
{
	size_t n = list->n > NAMES_SHOWN ? NAMES_SHOWN : list->n;
	int at = snprintf(text, room, "; %s",
			  n == 0   ? "there is none"
			  : n == 1 ? "there is"
				   : "there are");

	for (size_t i = 0; i < n; i++)
		at += snprintf(text + at, room - (size_t)at, "%s \"%s\"", i > 0 ? "," : "",
			       *name_of(list, size, i));
	if (list->n > n)
		snprintf(text + at, room - (size_t)at, " and %zu more", list->n - n);
}

void fw_unknown(struct vnf_config *file, const void *field, const char *kind, const char *word,
		const struct vnf_config_list *list, size_t size)
{
	const char **names = calloc(list->n + 1, sizeof(*names)), *near;
	char known[NAMES_SHOWN * (FW_NAME_MAX + 5) + 64];

	for (size_t i = 0; names != NULL && i < list->n; i++)
		names[i] = *name_of(list, size, i);
	near = vnf_config_nearest(word, names, names != NULL ? list->n : 0);
	names_print(list, size, known, sizeof(known));
	if (near != NULL)
		vnf_config_error(file, field, "no %s is named \"%s\"; did you mean \"%s\"?", kind,
				 word, near);
	else
		vnf_config_error(file, field, "no %s is named \"%s\"%s", kind, word, known);
	free(names);
}

/* By name, those of the same name as they stand in the file. */
static int names_compare(const void *one, const void *other)
{
	const char *const *a = *(const char *const *const *)one;
	const char *const *b = *(const char *const *const *)other;
	int order = strcmp(*a, *b);

	return order != 0 ? order : (a > b) - (a < b);
}

/* No two items of a list have the same name; "" is none. */
static void names_check(struct vnf_config *file, const struct vnf_config_list *list, size_t size,
			const char *kind)
{
	const char *const **field = calloc(list->n + 1, sizeof(*field));

	if (field == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		field[i] = name_of(list, size, i);
	qsort(field, list->n, sizeof(*field), names_compare);
	for (size_t i = 1; i < list->n; i++)
		if ((*field[i])[0] != '\0' && strcmp(*field[i], *field[i - 1]) == 0)
			vnf_config_error(file, field[i], "another %s is named \"%s\"", kind,
					 *field[i]);
	free(field);
}

/* ---- mode, wires ---- */

static void mode_check(struct vnf_config *file, const struct fw_config *config)
{
	bool ip = vnf_ip_is_planned(file);

	if (config->mode == FW_ROUTED && !ip)
		vnf_config_error(file, &config->mode,
				 "is \"routed\", which needs the group `ip` with interfaces");
	if (config->mode == FW_TRANSPARENT && ip)
		vnf_config_error(file, &config->mode,
				 "is \"transparent\", which has no addresses: leave out the group "
				 "`ip`, or write \"routed\"");
	if (config->mode == FW_TRANSPARENT && config->wires.n == 0)
		vnf_config_error(file, &config->mode,
				 "is \"transparent\", which needs `wires`, such as ( { a = "
				 "\"lan\"; b = \"wan\"; } )");
	if (config->mode == FW_ROUTED && config->wires.n > 0)
		vnf_config_error(file, &config->wires,
				 "is for mode \"transparent\"; in mode \"routed\" routes say where "
				 "packets go");
	if (config->mode == FW_ROUTED && config->ether_types.n > 0)
		vnf_config_error(file, &config->ether_types,
				 "is for mode \"transparent\"; a router forwards nothing but IP");
}

/* Names of ports that are there, by all that the file says of them: to suggest one. */
struct candidates {
	size_t n;
	const char *name[FW_PORTS_MAX];
};

static void candidate_add(const struct vnf_config *file, struct candidates *c, const char *name)
{
	if (c->n < FW_PORTS_MAX && vnf_port_planned(file, name) >= 0)
		c->name[c->n++] = name;
}

static const char *port_suggest(const struct vnf_config *file, const struct fw_config *config,
				const char *word)
{
	const struct fw_wire_spec *wire = config->wires.items;
	const struct fw_zone_spec *zone = config->zones.items;
	struct candidates c = { 0 };

	for (size_t i = 0; i < config->wires.n; i++) {
		candidate_add(file, &c, wire[i].a);
		candidate_add(file, &c, wire[i].b);
	}
	for (size_t i = 0; i < config->zones.n; i++)
		for (size_t k = 0; k < zone[i].ports.n; k++)
			candidate_add(file, &c, zone[i].ports.v[k]);
	return vnf_config_nearest(word, c.name, c.n);
}

/* Its number, or -ENOENT after an error. */
static int port_check(struct vnf_config *file, const struct fw_config *config,
		      const char *const *field)
{
	int port = vnf_port_planned(file, *field);
	const char *near;

	if (port >= 0 && port < FW_PORTS_MAX)
		return port;
	near = port_suggest(file, config, *field);
	if (near != NULL)
		vnf_config_error(file, field, "no port is named \"%s\"; did you mean \"%s\"?",
				 *field, near);
	else
		vnf_config_error(file, field, "no port is named \"%s\"", *field);
	return -ENOENT;
}

static void end_check(struct vnf_config *file, const struct fw_config *config,
		      const char *const *field, bool *taken)
{
	int port = port_check(file, config, field);

	if (port < 0)
		return;
	if (taken[port])
		vnf_config_error(file, field,
				 "port \"%s\" is an end of a wire already, a port has one wire",
				 *field);
	taken[port] = true;
}

static void wires_check(struct vnf_config *file, const struct fw_config *config)
{
	const struct fw_wire_spec *wire = config->wires.items;
	bool taken[FW_PORTS_MAX] = { false };

	for (size_t i = 0; config->mode == FW_TRANSPARENT && i < config->wires.n; i++) {
		end_check(file, config, &wire[i].a, taken);
		end_check(file, config, &wire[i].b, taken);
	}
}

/* ---- zones ---- */

static int interface_check(struct vnf_config *file, const struct fw_config *config,
			   const char *const *field)
{
	const struct fw_zone_spec *zone = config->zones.items;
	int interface = vnf_ip_planned(file, *field);
	const char *near, *names[FW_PORTS_MAX];
	size_t n = 0;

	if (interface >= 0 && interface < FW_INTERFACES_MAX)
		return interface;
	for (size_t i = 0; i < config->zones.n; i++)
		for (size_t k = 0; k < zone[i].interfaces.n && n < FW_PORTS_MAX; k++)
			if (vnf_ip_planned(file, zone[i].interfaces.v[k]) >= 0)
				names[n++] = zone[i].interfaces.v[k];
	near = vnf_config_nearest(*field, names, n);
	if (near != NULL)
		vnf_config_error(file, field, "no interface is named \"%s\"; did you mean \"%s\"?",
				 *field, near);
	else
		vnf_config_error(file, field,
				 "no interface of `ip.interfaces` is named \"%s\"; without a name "
				 "it has its port's, and `.VLAN`",
				 *field);
	return -ENOENT;
}

/* Its ports or interfaces; `zone_of` says by number which zone has them so far, from 1. */
static void members_check(struct vnf_config *file, const struct fw_config *config, size_t i,
			  uint8_t *zone_of)
{
	const struct fw_zone_spec *all = config->zones.items, *zone = &all[i];
	bool routed = config->mode == FW_ROUTED;
	const struct vnf_config_strings *members = routed ? &zone->interfaces : &zone->ports;

	for (size_t k = 0; k < members->n; k++) {
		int number = routed ? interface_check(file, config, &members->v[k])
				    : port_check(file, config, &members->v[k]);

		if (number < 0)
			continue;
		if (zone_of[number] != 0)
			vnf_config_error(file, &members->v[k],
					 "%s \"%s\" is in zone \"%s\" already, it can be in one",
					 routed ? "interface" : "port", members->v[k],
					 all[zone_of[number] - 1].name);
		else
			zone_of[number] = (uint8_t)(i + 1);
	}
}

static void zone_check(struct vnf_config *file, const struct fw_config *config,
		       const struct fw_zone_spec *zone)
{
	bool routed = config->mode == FW_ROUTED;
	const struct vnf_config_strings *own = routed ? &zone->interfaces : &zone->ports;
	const struct vnf_config_strings *other = routed ? &zone->ports : &zone->interfaces;

	if (strcmp(zone->name, "self") == 0)
		vnf_config_error(file, &zone->name,
				 "is \"self\", which names the firewall's own addresses; choose "
				 "another name");
	if (other->n > 0)
		vnf_config_error(file, other, "is for mode \"%s\"; in mode \"%s\" a zone has `%s`",
				 routed ? "transparent" : "routed",
				 routed ? "routed" : "transparent",
				 routed ? "interfaces" : "ports");
	else if (own->n == 0)
		vnf_config_error(file, own, "is empty, a zone in mode \"%s\" has one or more",
				 routed ? "routed" : "transparent");
}

static void zones_check(struct vnf_config *file, const struct fw_config *config)
{
	const struct fw_zone_spec *zone = config->zones.items;
	uint8_t zone_of[FW_INTERFACES_MAX] = { 0 };

	for (size_t i = 0; i < config->zones.n; i++) {
		zone_check(file, config, &zone[i]);
		members_check(file, config, i, zone_of);
	}
}

/* ---- all else ---- */

static void ether_type_check(struct vnf_config *file, const uint32_t *field)
{
	if (*field < ETHER_TYPE_MIN || *field > UINT16_MAX)
		vnf_config_error(file, field,
				 "is 0x%x, allowed are Ethernet types, 0x600 to 0xffff", *field);
	else if (*field == RTE_ETHER_TYPE_IPV4 || *field == RTE_ETHER_TYPE_IPV6)
		vnf_config_error(file, field, "is 0x%x, which is IP: for that there are `rules`",
				 *field);
	else if (*field == RTE_ETHER_TYPE_VLAN || *field == RTE_ETHER_TYPE_QINQ)
		vnf_config_error(file, field,
				 "is 0x%x, which is a VLAN tag: write the type that comes behind "
				 "it",
				 *field);
	else if (*field == RTE_ETHER_TYPE_ARP)
		vnf_config_error(file, field, "is 0x%x, which is ARP, which passes anyway", *field);
}

static void sets_check(struct vnf_config *file, const struct fw_config *config)
{
	const struct fw_set_spec *set = config->sets.items;

	for (size_t i = 0; i < config->sets.n; i++)
		if (!vnf_config_is_set(file, &set[i].addresses) &&
		    !vnf_config_is_set(file, &set[i].files))
			vnf_config_error(file, &set[i].addresses,
					 "is not there, and neither is `files`; write one of "
					 "them, or [ ] for an empty set");
}

/* What a rule that accepts nothing cannot limit. */
static void rule_limits_check(struct vnf_config *file, const struct fw_rule_spec *rule)
{
	static const char *const actions[] = {
		[FW_ACCEPT] = "accept", [FW_DROP] = "drop", [FW_REJECT] = "reject"
	};
	const void *const field[] = { rule->rate != 0 ? &rule->rate : NULL,
				      rule->source_sessions != 0 ? &rule->source_sessions : NULL,
				      rule->source_rate != 0 ? &rule->source_rate : NULL };

	for (size_t i = 0; i < RTE_DIM(field) && rule->action != FW_ACCEPT; i++)
		if (field[i] != NULL)
			vnf_config_error(file, field[i],
					 "is for action \"accept\", and this one is \"%s\"",
					 actions[rule->action]);
	/* A dump has the default of every rule. */
	if (rule->source_period != VNF_SECOND_NS && rule->source_rate == 0)
		vnf_config_error(file, &rule->source_period,
				 "is the period of `source_rate`, which this rule has not got");
}

static void rules_check(struct vnf_config *file, const struct fw_config *config)
{
	const struct fw_rule_spec *rule = config->rules.items;

	for (size_t i = 0; i < config->rules.n; i++) {
		if (strcmp(rule[i].name, "default") == 0)
			vnf_config_error(file, &rule[i].name,
					 "is \"default\", which names what no rule matches; choose "
					 "another name");
		rule_limits_check(file, &rule[i]);
	}
}

/* What the classifier finds, and what a reader would: of rules that are right by themselves. */
static void rules_prove(struct vnf_config *file, const struct fw_config *config,
			const struct fw_rules *rules)
{
	struct vnf_acl_conf conf = { .rules = rules->rule, .n_rules = rules->n };
	struct vnf_acl_error error;
	struct vnf_acl *acl;

	if (vnf_acl_check(&conf, &acl, &error) < 0) {
		fw_rules_refused(file, config, &error);
		return;
	}
	fw_policy_warn(file, config, acl);
	vnf_acl_destroy(acl);
}

void fw_policy_check(struct vnf_config *file, void *config)
{
	const struct fw_config *c = config;
	struct fw_rules rules;

	mode_check(file, c);
	wires_check(file, c);
	names_check(file, &c->zones, sizeof(struct fw_zone_spec), "zone");
	names_check(file, &c->sets, sizeof(struct fw_set_spec), "set");
	names_check(file, &c->port_sets, sizeof(struct fw_port_set_spec), "port set");
	names_check(file, &c->rules, sizeof(struct fw_rule_spec), "rule");
	zones_check(file, c);
	sets_check(file, c);
	for (size_t i = 0; i < c->ether_types.n; i++)
		ether_type_check(file, &c->ether_types.v[i]);
	rules_check(file, c);
	if (fw_rules_make(file, c, &rules) == 0 && vnf_config_error_count(file) == 0)
		rules_prove(file, c, &rules);
	fw_rules_fini(&rules);
}
