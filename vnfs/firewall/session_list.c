/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See session_list.h.
 */
#include "session_list.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* Places of tables that are looked at in one pass; and for how many a slot of a table counts by
 * itself, lest many that are empty cost a pass each, or all of them one.
 */
#define PLACES_A_STEP 1024
#define PLACES_A_SLOT 16

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },         { "udp", IPPROTO_UDP },   { "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 },   { "sctp", IPPROTO_SCTP }, { "dccp", IPPROTO_DCCP },
	{ "udplite", IPPROTO_UDPLITE }, { "gre", IPPROTO_GRE },   { "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
};

/* ---- on workers ---- */

static bool is_asked_for(const struct fw_walk *walk, uint32_t table)
{
	return walk->version == 0 || (walk->version == 4) == (table == FW_IPV4);
}

/* Some of a slot's sessions in one table; true: these are done with. What that costs is taken off
 * the budget.
 */
static bool table_step(struct vnf_worker *worker, struct fw_walk *walk, uint32_t slot,
		       uint32_t *budget)
{
	struct fw_walk_place *at = &walk->slot[slot];
	uint32_t from = at->cursor;
	bool more;

	if (*budget < PLACES_A_SLOT)
		return false;
	more = vnf_sessions_walk(worker, worker->sessions[at->table], slot, &at->cursor, *budget,
				 walk->see, walk->arg);
	*budget -= RTE_MIN(*budget, at->cursor - from + PLACES_A_SLOT);
	return !more;
}

static bool slot_step(struct vnf_worker *worker, struct fw_walk *walk, uint32_t slot,
		      uint32_t *budget)
{
	struct fw_walk_place *at = &walk->slot[slot];

	for (; at->table < FW_TABLES; at->table++, at->cursor = 0)
		if (is_asked_for(walk, at->table) && !table_step(worker, walk, slot, budget))
			return false;
	return true;
}

bool fw_walk_step(struct vnf_worker *worker, struct fw_walk *walk)
{
	uint32_t budget = PLACES_A_STEP, slot = vnf_slot_next(worker, 0);

	for (; slot <= worker->slots->mask; slot = vnf_slot_next(worker, slot + 1))
		if (!slot_step(worker, walk, slot, &budget))
			return false;
	return true;
}

static void ends_copy(const struct vnf_session *session, const struct fw_flow *flow,
		      struct fw_session_copy *c)
{
	uint32_t src = flow->first, dst = flow->first ^ 1u;

	if (c->version == 4) {
		const struct vnf_session_key4 *key = vnf_session_key4(session, 0);

		c->proto = key->proto;
		memcpy(c->addr[src], &key->src, sizeof(key->src));
		memcpy(c->addr[dst], &key->dst, sizeof(key->dst));
		c->port[src] = rte_be_to_cpu_16(key->sport);
		c->port[dst] = rte_be_to_cpu_16(key->dport);
	} else {
		const struct vnf_session_key6 *key = vnf_session_key6(session, 0);

		c->proto = key->proto;
		memcpy(c->addr[src], key->src, sizeof(key->src));
		memcpy(c->addr[dst], key->dst, sizeof(key->dst));
		c->port[src] = rte_be_to_cpu_16(key->sport);
		c->port[dst] = rte_be_to_cpu_16(key->dport);
	}
}

void fw_session_copy(struct vnf_worker *worker, const struct vnf_sessions *sessions,
		     struct vnf_session *session, struct fw_session_copy *c)
{
	const struct fw_flow *flow = vnf_session_user(session);

	*c = (struct fw_session_copy){
		.version = sessions == worker->sessions[FW_IPV4] ? 4 : 6,
		.zone = { flow->zone[0], flow->zone[1] },
		.vlan = flow->vlan,
		.slot = session->slot,
		.rule = flow->rule,
		.policy = flow->policy,
		.idle_ns = worker->now_ns - RTE_MIN(worker->now_ns, session->touched_ns),
	};
	ends_copy(session, flow, c);
	c->state = fw_flow_state(session, c->proto);
}

/* ---- in words ---- */

int fw_proto_find(const char *text)
{
	char *end;
	long number;

	for (size_t i = 0; i < RTE_DIM(protocols); i++)
		if (strcmp(protocols[i].name, text) == 0)
			return protocols[i].number;
	number = strtol(text, &end, 10);
	return text[0] != '\0' && *end == '\0' && number >= 0 && number <= UINT8_MAX ? (int)number
										     : -1;
}

json_t *fw_proto_tell(uint8_t proto)
{
	for (size_t i = 0; i < RTE_DIM(protocols); i++)
		if (protocols[i].number == proto)
			return json_string(protocols[i].name);
	return json_integer(proto);
}

static void end_tell(const struct fw_session_copy *c, uint32_t end, char *text, size_t size)
{
	int family = c->version == 4 ? AF_INET : AF_INET6;
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(family, c->addr[end], addr, sizeof(addr));
	if (c->port[0] == 0 && c->port[1] == 0)
		snprintf(text, size, "%s", addr);
	else
		snprintf(text, size, c->version == 4 ? "%s:%u" : "[%s]:%u", addr, c->port[end]);
}

json_t *fw_session_tell(const struct fw_policy *policy, const struct fw_session_copy *c)
{
	/* One that the policy in force has not judged yet: of which rule is not known. */
	bool known = c->policy == policy->number && c->rule <= policy->n_rules;
	char src[64], dst[64];

	end_tell(c, 0, src, sizeof(src));
	end_tell(c, 1, dst, sizeof(dst));
	return json_pack("{so ss ss ss ss ss so sI ss sI}", "proto", fw_proto_tell(c->proto), "src",
			 src, "dst", dst, "state", c->state, "from",
			 fw_zone_name(policy, c->zone[0]), "to", fw_zone_name(policy, c->zone[1]),
			 "vlan", c->vlan == VNF_ACL_UNTAGGED ? json_null() : json_integer(c->vlan),
			 "idle_s", (json_int_t)(c->idle_ns / VNF_SECOND_NS), "rule",
			 known ? policy->rule[c->rule].name : "", "slot", (json_int_t)c->slot);
}
