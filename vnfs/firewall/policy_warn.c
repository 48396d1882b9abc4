/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a configuration may say, and what its author hardly means: rules that no packet can match,
 * ports of zones that are in no wire, keys that the mode does not look at. Log lines, at start, at
 * each reload and with --check. Control thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_rule.h"

#define PLACE_MAX 256
/* Of one kind; whoever has more has one cause for them. */
#define SHADOWS_SHOWN 50

/* " (web)", or nothing. */
static const char *label(const struct fw_rule_spec *rule, char *text, size_t size)
{
	text[0] = '\0';
	if (rule->name[0] != '\0')
		snprintf(text, size, " (%s)", rule->name);
	return text;
}

static void shadow_tell(const struct vnf_config *file, const struct fw_rule_spec *rules,
			const struct vnf_acl_shadow *shadow)
{
	const struct fw_rule_spec *rule = &rules[shadow->rule], *by = &rules[shadow->by];
	char place[PLACE_MAX], place_by[PLACE_MAX], name[FW_NAME_MAX + 4], name_by[FW_NAME_MAX + 4];

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

static void shadows_warn(const struct vnf_config *file, const struct fw_config *config,
			 const struct vnf_acl *acl)
{
	struct vnf_acl_shadow shadow[SHADOWS_SHOWN];
	size_t n = vnf_acl_shadows(acl, shadow, SHADOWS_SHOWN);

	for (size_t i = 0; i < n && i < SHADOWS_SHOWN; i++)
		shadow_tell(file, config->rules.items, &shadow[i]);
	if (n > SHADOWS_SHOWN)
		vnf_warning("%zu more rules that no packet can match", n - SHADOWS_SHOWN);
}

static bool is_end(const struct fw_config *config, const char *port)
{
	const struct fw_wire_spec *wire = config->wires.items;

	for (size_t i = 0; i < config->wires.n; i++)
		if (strcmp(wire[i].a, port) == 0 || strcmp(wire[i].b, port) == 0)
			return true;
	return false;
}

static void zones_warn(const struct vnf_config *file, const struct fw_config *config)
{
	const struct fw_zone_spec *zone = config->zones.items;
	char place[PLACE_MAX];

	for (size_t i = 0; config->mode == FW_TRANSPARENT && i < config->zones.n; i++)
		for (size_t k = 0; k < zone[i].ports.n; k++) {
			if (is_end(config, zone[i].ports.v[k]))
				continue;
			vnf_config_place(file, &zone[i].ports.v[k], place, sizeof(place));
			vnf_warning("%s: zones[%zu].ports[%zu]: port \"%s\" is in no wire, all "
				    "that it receives is dropped",
				    place, i, k, zone[i].ports.v[k]);
		}
}

/* No error, as a dump of all effective values has it, too. */
static void reverse_path_warn(const struct vnf_config *file, const struct fw_config *config)
{
	char place[PLACE_MAX];

	if (config->mode == FW_ROUTED || config->reverse_path == FW_REVERSE_OFF ||
	    !vnf_config_is_set(file, &config->reverse_path))
		return;
	vnf_config_place(file, &config->reverse_path, place, sizeof(place));
	vnf_warning(
		"%s: reverse_path: is for mode \"routed\"; in mode \"transparent\" say by `src` "
		"of rules which addresses may come from where",
		place);
}

/* A rule without a name is another one in each policy. */
static void limits_warn(const struct vnf_config *file, const struct fw_config *config)
{
	const struct fw_rule_spec *rule = config->rules.items;
	char place[PLACE_MAX];

	for (size_t i = 0; i < config->rules.n; i++) {
		if (rule[i].name[0] != '\0' ||
		    (rule[i].source_sessions == 0 && rule[i].source_rate == 0))
			continue;
		vnf_config_place(file, &rule[i], place, sizeof(place));
		vnf_warning("%s: rules[%zu]: what its sources have is counted anew at each "
			    "reload; give it a `name`",
			    place, i);
	}
}

void fw_policy_warn(const struct vnf_config *file, const struct fw_config *config,
		    const struct vnf_acl *acl)
{
	reverse_path_warn(file, config);
	zones_warn(file, config);
	limits_warn(file, config);
	shadows_warn(file, config, acl);
}
