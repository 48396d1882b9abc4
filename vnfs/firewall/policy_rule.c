/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Rules of the configuration become those of the classifier. The same code serves the check, where
 * it reports what is wrong, and the build of a policy. Control thread.
 */
#include "policy_rule.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "policy_words.h"

#define WHY_MAX 512

/* ---- one condition each ---- */

static uint64_t zone_bit(struct fw_making *m, const char *const *field)
{
	const struct fw_zone_spec *zone = m->config->zones.items;
	bool is_self = strcmp(*field, "self") == 0;

	for (size_t i = 0; i < m->config->zones.n && i < FW_ZONES_MAX; i++)
		if (strcmp(zone[i].name, *field) == 0)
			return UINT64_C(1) << i;
	if (is_self && m->config->mode == FW_ROUTED)
		return UINT64_C(1) << FW_ZONE_SELF;
	if (is_self)
		vnf_config_error(m->file, field,
				 "is \"self\", the firewall's own addresses, of which there are "
				 "none in mode \"transparent\"");
	else
		fw_unknown(m->file, field, "zone", *field, &m->config->zones, sizeof(*zone));
	return 0;
}

static uint64_t zones_make(struct fw_making *m, const struct vnf_config_strings *words)
{
	uint64_t zones = 0;

	for (size_t i = 0; i < words->n; i++)
		zones |= zone_bit(m, &words->v[i]);
	return zones;
}

/* The one protocol that a rule is for; -1: it is for several. */
static int only_proto(const struct vnf_acl_rule *rule)
{
	const struct vnf_acl_numbers *protos = &rule->protos;

	if (protos->n == 0 || protos->except)
		return -1;
	for (uint32_t i = 1; i < protos->n; i++)
		if (protos->spans[i].first != protos->spans[0].first)
			return -1;
	return (int)protos->spans[0].first;
}

/* Packets of the other family with that number are none of ICMP. */
static void family_make(struct fw_making *m, const struct fw_rule_spec *spec,
			struct vnf_acl_rule *rule)
{
	static const uint8_t version[] = {
		[FW_FAMILY_ANY] = 0, [FW_FAMILY_IPV4] = 4, [FW_FAMILY_IPV6] = 6
	};
	int proto = only_proto(rule);
	uint8_t implied = proto == IPPROTO_ICMP ? 4 : proto == IPPROTO_ICMPV6 ? 6 : 0;

	rule->version = version[spec->family];
	if (implied == 0)
		return;
	if (rule->version != 0 && rule->version != implied)
		vnf_config_error(m->file, &spec->family,
				 "is \"ipv%u\", but `proto` is \"%s\", which is IPv%u's; IPv%u has "
				 "\"%s\"",
				 rule->version, implied == 4 ? "icmp" : "icmpv6", implied,
				 rule->version, implied == 4 ? "icmpv6" : "icmp");
	rule->version = implied;
}

/* Do all protocols of the rule have ports? For "!" the classifier knows. */
static void ports_check(struct fw_making *m, const struct fw_rule_spec *spec,
			const struct vnf_acl_rule *rule)
{
	const void *field = spec->dport.n > 0 ? &spec->dport : &spec->sport;

	if (spec->sport.n == 0 && spec->dport.n == 0)
		return;
	for (uint32_t i = 0; i < rule->protos.n && !rule->protos.except; i++) {
		uint8_t proto = (uint8_t)rule->protos.spans[i].first;
		const char *name = fw_proto_name(proto);

		if (fw_proto_has_ports(proto))
			continue;
		vnf_config_error(m->file, field,
				 "only \"tcp\", \"udp\", \"sctp\", \"dccp\" and \"udplite\" have "
				 "ports, and `proto` names %s%s%s (%u)",
				 name != NULL ? "\"" : "", name != NULL ? name : "another",
				 name != NULL ? "\"" : "", proto);
		break;
	}
}

static void icmp_make(struct fw_making *m, const struct fw_rule_spec *spec,
		      struct vnf_acl_rule *rule)
{
	struct vnf_acl_icmp *icmp = fw_alloc(m, spec->icmp.n, sizeof(*icmp));
	int proto = only_proto(rule);
	char why[WHY_MAX];

	if (spec->icmp.n == 0)
		return;
	if (proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6) {
		vnf_config_error(m->file, &spec->icmp,
				 "needs `proto` to be either [ \"icmp\" ] or [ \"icmpv6\" ], whose "
				 "types are different ones");
		return;
	}
	rule->icmp = icmp;
	for (size_t i = 0; icmp != NULL && i < spec->icmp.n; i++) {
		if (fw_icmp_parse(spec->icmp.v[i], (uint8_t)proto, &icmp[rule->n_icmp], why,
				  sizeof(why)) == 0)
			rule->n_icmp++;
		else
			vnf_config_error(m->file, &spec->icmp.v[i], "%s", why);
	}
}

static void flag_make(struct fw_making *m, const char *const *field, struct vnf_acl_rule *rule)
{
	bool clear = (*field)[0] == '!';
	char why[WHY_MAX];
	uint8_t bit;

	if (fw_flag_parse(*field + clear, &bit, why, sizeof(why)) < 0) {
		vnf_config_error(m->file, field, "%s", why);
		return;
	}
	if ((rule->flags_mask & bit) != 0 && ((rule->flags_value & bit) == 0) != clear)
		vnf_config_error(m->file, field,
				 "is \"%s\", and the same flag is there %s \"!\"; write one of the "
				 "two",
				 *field, clear ? "without" : "with");
	rule->flags_mask |= bit;
	if (!clear)
		rule->flags_value |= bit;
}

static void flags_make(struct fw_making *m, const struct fw_rule_spec *spec,
		       struct vnf_acl_rule *rule)
{
	if (spec->flags.n > 0 && only_proto(rule) != IPPROTO_TCP) {
		vnf_config_error(m->file, &spec->flags, "needs `proto` to be [ \"tcp\" ]");
		return;
	}
	for (size_t i = 0; i < spec->flags.n; i++)
		flag_make(m, &spec->flags.v[i], rule);
}

static uint8_t fragments_of(uint32_t fragment)
{
	if (fragment == FW_FRAGMENT_ANY)
		return 0;
	return fragment == FW_FRAGMENT_NO ? VNF_ACL_WHOLE : VNF_ACL_FIRST | VNF_ACL_LATER;
}

/* ---- rules ---- */

static void rule_make(struct fw_making *m, const struct fw_rule_spec *spec,
		      struct vnf_acl_rule *rule)
{
	size_t errors = vnf_config_error_count(m->file);

	rule->name = spec->name[0] != '\0' ? spec->name : NULL;
	rule->zones_in = zones_make(m, &spec->from);
	rule->zones_out = zones_make(m, &spec->to);
	fw_addresses_make(m, &spec->src, &rule->src);
	fw_addresses_make(m, &spec->dst, &rule->dst);
	fw_numbers_make(m, &spec->sport, fw_ports_parse, &rule->src_ports);
	fw_numbers_make(m, &spec->dport, fw_ports_parse, &rule->dst_ports);
	fw_numbers_make(m, &spec->vlan, fw_vlans_parse, &rule->vlans);
	rule->fragments = fragments_of(spec->fragment);
	fw_numbers_make(m, &spec->proto, fw_proto_parse, &rule->protos);
	/* What depends on `proto` would only repeat that a word of it is wrong. */
	if (vnf_config_error_count(m->file) != errors && rule->protos.n < spec->proto.n)
		return;
	family_make(m, spec, rule);
	ports_check(m, spec, rule);
	icmp_make(m, spec, rule);
	flags_make(m, spec, rule);
}

int fw_rules_make(struct vnf_config *file, const struct fw_config *config, struct fw_rules *rules)
{
	struct fw_making m = { .file = file, .config = config, .rules = rules };
	const struct fw_rule_spec *spec = config->rules.items;

	*rules = (struct fw_rules){ .n = (uint32_t)config->rules.n };
	rules->rule = fw_alloc(&m, rules->n + 1u, sizeof(*rules->rule));
	fw_sets_make(&m);
	for (uint32_t i = 0; !m.no_memory && i < rules->n; i++)
		rule_make(&m, &spec[i], &rules->rule[i]);
	if (m.no_memory) {
		vnf_config_error(file, &config->rules, "no memory for %u rules and their sets",
				 rules->n);
		return -ENOMEM;
	}
	rules->rule[rules->n].name = "default";
	return 0;
}

void fw_rules_fini(struct fw_rules *rules)
{
	fw_sets_fini(rules);
	*rules = (struct fw_rules){ 0 };
}

/* ---- what the classifier says ---- */

static const void *field_of(const struct fw_rule_spec *spec, enum vnf_acl_field field)
{
	const void *of[VNF_ACL_FIELDS] = {
		[VNF_ACL_FIELD_NONE] = spec,
		[VNF_ACL_FIELD_VERSION] = &spec->family,
		[VNF_ACL_FIELD_ZONE_IN] = &spec->from,
		[VNF_ACL_FIELD_ZONE_OUT] = &spec->to,
		[VNF_ACL_FIELD_VLAN] = &spec->vlan,
		[VNF_ACL_FIELD_SRC] = &spec->src,
		[VNF_ACL_FIELD_DST] = &spec->dst,
		[VNF_ACL_FIELD_PROTO] = &spec->proto,
		[VNF_ACL_FIELD_FRAGMENT] = &spec->fragment,
		[VNF_ACL_FIELD_SRC_PORTS] = &spec->sport,
		[VNF_ACL_FIELD_DST_PORTS] = &spec->dport,
		[VNF_ACL_FIELD_ICMP] = &spec->icmp,
		[VNF_ACL_FIELD_FLAGS] = &spec->flags,
	};

	return (unsigned int)field < VNF_ACL_FIELDS ? of[field] : spec;
}

/* Without what stands there already as file, line and key: "rule 3 (web): source port: ". */
static const char *text_of(const struct vnf_acl_error *error)
{
	const char *text = strstr(error->text, ": ");

	text = text != NULL ? text + 2 : error->text;
	if (error->field == VNF_ACL_FIELD_NONE || strstr(text, ": ") == NULL)
		return text;
	return strstr(text, ": ") + 2;
}

void fw_rules_refused(struct vnf_config *file, const struct fw_config *config,
		      const struct vnf_acl_error *error)
{
	const struct fw_rule_spec *spec = config->rules.items;

	if (error->rule < config->rules.n)
		vnf_config_error(file, field_of(&spec[error->rule], error->field), "%s",
				 text_of(error));
	else
		vnf_config_error(file, &config->rules, "%s", error->text);
}
