/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl sessions`: those that stand, as far as they are asked for. Each worker copies those
 * of its slots, a part between two passes, so that no packet waits for the list; the control
 * thread makes words of the copies.
 */
#include "firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include <vnf/clock.h>

#define PLACES_A_STEP 1024
#define ASK_TIMEOUT_NS (UINT64_C(20) * VNF_SECOND_NS)
#define LIMIT_MAX 100000

static const char *const versions[] = { "any", "ipv4", "ipv6", NULL };

const struct vnf_config_key fw_sessions_keys[] = {
	{ .name = "version",
	  .type = VNF_CONFIG_ENUM,
	  .choices = versions,
	  .offset = offsetof(struct fw_sessions_args, version),
	  .def = "any",
	  .doc = "Only those of this family: ipv4, ipv6." },
	{ .name = "proto",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_sessions_args, proto),
	  .doc = "Only those of this protocol: tcp, udp, icmp, icmpv6, or its number." },
	{ .name = "state",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_sessions_args, state),
	  .doc = "Only those in this state, as the list shows it." },
	{ .name = "src",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_sessions_args, src),
	  .doc = "Only those that began at this address, prefix or range." },
	{ .name = "dst",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_sessions_args, dst),
	  .doc = "Only those to this address, prefix or range." },
	{ .name = "rule",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_sessions_args, rule),
	  .doc = "Only those that this rule has accepted." },
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct fw_sessions_args, limit),
	  .min = 1,
	  .max = LIMIT_MAX,
	  .def = "1000",
	  .doc = "No more than so many." },
	{ .name = NULL },
};

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },         { "udp", IPPROTO_UDP },   { "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 },   { "sctp", IPPROTO_SCTP }, { "dccp", IPPROTO_DCCP },
	{ "udplite", IPPROTO_UDPLITE }, { "gre", IPPROTO_GRE },   { "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
};

/* A session, copied: its ends in the order of the side that began it. */
struct copy {
	uint8_t addr[2][16];
	uint16_t port[2];
	uint8_t version;
	uint8_t proto;
	uint8_t zone[2];
	uint16_t vlan;
	uint16_t slot;
	uint32_t rule;
	uint32_t policy;
	uint64_t idle_ns;
	const char *state;
};

/* What is asked for. */
struct filter {
	uint8_t version; /* 0: any */
	int proto;       /* -1: any */
	const char *state;
	struct vnf_acl_range range[2]; /* of both ends; version 0: any */
	uint32_t rule;                 /* VNF_ACL_NONE: any */
	uint32_t policy;
	uint32_t limit;
};

/* Where the walk is, by slot: who owns the slot goes on with it. */
struct progress {
	uint32_t cursor;
	uint8_t table; /* FW_TABLES: all of it was seen */
};

struct question {
	struct filter filter;
	uint32_t n; /* copies, atomic; may pass the limit */
	struct copy *copies;
	struct progress slot[VNF_SLOTS_MAX];
};

/* ---- on workers ---- */

static void ends_copy(const struct vnf_session *session, const struct fw_flow *flow, struct copy *c)
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

static bool range_has(const struct vnf_acl_range *range, const struct copy *c, uint32_t end)
{
	size_t octets = c->version == 4 ? 4 : 16;

	if (range->version == 0)
		return true;
	return range->version == c->version && memcmp(c->addr[end], range->first, octets) >= 0 &&
	       memcmp(c->addr[end], range->last, octets) <= 0;
}

static bool is_asked_for(const struct filter *filter, const struct copy *c)
{
	if (filter->proto >= 0 && filter->proto != c->proto)
		return false;
	if (filter->state[0] != '\0' && strcmp(filter->state, c->state) != 0)
		return false;
	if (filter->rule != VNF_ACL_NONE &&
	    (filter->rule != c->rule || filter->policy != c->policy))
		return false;
	return range_has(&filter->range[0], c, 0) && range_has(&filter->range[1], c, 1);
}

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	const struct fw_flow *flow = vnf_session_user(session);
	struct question *q = arg;
	struct copy c = {
		.version = sessions == worker->sessions[FW_IPV4] ? 4 : 6,
		.zone = { flow->zone[0], flow->zone[1] },
		.vlan = flow->vlan,
		.slot = session->slot,
		.rule = flow->rule,
		.policy = flow->policy,
		.idle_ns = worker->now_ns - RTE_MIN(worker->now_ns, session->touched_ns),
	};
	uint32_t at;

	ends_copy(session, flow, &c);
	c.state = fw_flow_state(session, c.proto);
	if (!is_asked_for(&q->filter, &c))
		return;
	at = __atomic_fetch_add(&q->n, 1, __ATOMIC_RELAXED);
	if (at < q->filter.limit)
		q->copies[at] = c;
}

/* A part of a slot's sessions; true: it is done with. */
static bool slot_step(struct vnf_worker *worker, struct question *q, uint32_t slot)
{
	struct progress *at = &q->slot[slot];
	uint8_t version = q->filter.version;

	if (at->table == FW_TABLES)
		return true;
	if (!(version == 4 && at->table == FW_IPV6) && !(version == 6 && at->table == FW_IPV4) &&
	    vnf_sessions_walk(worker, worker->sessions[at->table], slot, &at->cursor, PLACES_A_STEP,
			      session_see, q))
		return false;
	at->table++;
	at->cursor = 0;
	return at->table == FW_TABLES;
}

static bool sessions_step(struct vnf_worker *worker, void *arg)
{
	struct question *q = arg;
	uint32_t slot = vnf_slot_next(worker, 0);

	if (__atomic_load_n(&q->n, __ATOMIC_RELAXED) >= q->filter.limit)
		return true;
	for (; slot <= worker->slots->mask; slot = vnf_slot_next(worker, slot + 1))
		if (q->slot[slot].table != FW_TABLES)
			return slot_step(worker, q, slot) &&
			       vnf_slot_next(worker, slot + 1) > worker->slots->mask;
	return true;
}

/* ---- the question ---- */

static int proto_read(const char *text, int *proto, struct vnf_refusal *why)
{
	char *end;
	long number;

	*proto = -1;
	if (text[0] == '\0')
		return 0;
	for (size_t i = 0; i < RTE_DIM(protocols); i++)
		if (strcmp(protocols[i].name, text) == 0)
			*proto = protocols[i].number;
	if (*proto >= 0)
		return 0;
	number = strtol(text, &end, 10);
	if (*end == '\0' && number >= 0 && number <= UINT8_MAX) {
		*proto = (int)number;
		return 0;
	}
	vnf_refuse(why, -EINVAL,
		   "there is no protocol \"%s\"; tcp, udp, icmp, icmpv6 and so on, "
		   "or a number up to 255",
		   text);
	return -EINVAL;
}

static int state_read(const char *text, struct vnf_refusal *why)
{
	if (text[0] == '\0' || strcmp(text, "new") == 0 || strcmp(text, "answered") == 0)
		return 0;
	for (uint32_t i = 0; i < FW_TCP_STATES; i++)
		if (strcmp(fw_tcp_state_name((uint8_t)i), text) == 0)
			return 0;
	vnf_refuse(why, -EINVAL,
		   "there is no state \"%s\"; of TCP there are %s, %s, %s, %s, %s, "
		   "%s, %s and %s, of all else new and answered",
		   text, fw_tcp_state_name(0), fw_tcp_state_name(1), fw_tcp_state_name(2),
		   fw_tcp_state_name(3), fw_tcp_state_name(4), fw_tcp_state_name(5),
		   fw_tcp_state_name(6), fw_tcp_state_name(7));
	return -EINVAL;
}

static int range_read(const char *name, const char *text, struct vnf_acl_range *range,
		      struct vnf_refusal *why)
{
	char wrong[256];

	if (text[0] == '\0' || vnf_acl_range_parse(text, range, wrong, sizeof(wrong)) == 0)
		return 0;
	vnf_refuse(why, -EINVAL, "%s: %s", name, wrong);
	return -EINVAL;
}

static int rule_read(const struct fw_policy *policy, const char *name, uint32_t *rule,
		     struct vnf_refusal *why)
{
	*rule = VNF_ACL_NONE;
	if (name[0] == '\0')
		return 0;
	for (uint32_t i = 0; i <= policy->n_rules; i++)
		if (strcmp(policy->rule[i].name, name) == 0)
			*rule = i;
	if (*rule != VNF_ACL_NONE)
		return 0;
	vnf_refuse(why, -ENOENT, "there is no rule \"%s\"; \"rules\" lists those there are", name);
	return -ENOENT;
}

static int filter_read(const struct fw_policy *policy, const struct fw_sessions_args *args,
		       struct filter *filter, struct vnf_refusal *why)
{
	int ret;

	memset(filter, 0, sizeof(*filter));
	filter->version = args->version == 0 ? 0 : args->version == 1 ? 4 : 6;
	filter->state = args->state;
	filter->limit = args->limit;
	ret = proto_read(args->proto, &filter->proto, why);
	if (ret == 0)
		ret = state_read(args->state, why);
	if (ret == 0)
		ret = range_read("src", args->src, &filter->range[0], why);
	if (ret == 0)
		ret = range_read("dst", args->dst, &filter->range[1], why);
	if (ret == 0)
		ret = rule_read(policy, args->rule, &filter->rule, why);
	return ret;
}

/* ---- the answer ---- */

static json_t *proto_tell(uint8_t proto)
{
	for (size_t i = 0; i < RTE_DIM(protocols); i++)
		if (protocols[i].number == proto)
			return json_string(protocols[i].name);
	return json_integer(proto);
}

static void end_tell(const struct copy *c, uint32_t end, char *text, size_t size)
{
	int family = c->version == 4 ? AF_INET : AF_INET6;
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(family, c->addr[end], addr, sizeof(addr));
	if (c->port[0] == 0 && c->port[1] == 0)
		snprintf(text, size, "%s", addr);
	else
		snprintf(text, size, c->version == 4 ? "%s:%u" : "[%s]:%u", addr, c->port[end]);
}

static json_t *session_tell(const struct fw_policy *policy, const struct copy *c)
{
	/* One that the policy in force has not judged yet: of which rule is not known. */
	bool known = c->policy == policy->number && c->rule <= policy->n_rules;
	char src[64], dst[64];

	end_tell(c, 0, src, sizeof(src));
	end_tell(c, 1, dst, sizeof(dst));
	return json_pack("{so ss ss ss ss ss so sI ss sI}", "proto", proto_tell(c->proto), "src",
			 src, "dst", dst, "state", c->state, "from",
			 fw_zone_name(policy, c->zone[0]), "to", fw_zone_name(policy, c->zone[1]),
			 "vlan", c->vlan == VNF_ACL_UNTAGGED ? json_null() : json_integer(c->vlan),
			 "idle_s", (json_int_t)(c->idle_ns / VNF_SECOND_NS), "rule",
			 known ? policy->rule[c->rule].name : "", "slot", (json_int_t)c->slot);
}

static json_t *answer_make(const struct fw_policy *policy, const struct question *q)
{
	uint32_t n = RTE_MIN(q->n, q->filter.limit);
	json_t *all = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(all, session_tell(policy, &q->copies[i]));
	return all;
}

json_t *fw_command_sessions(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct fw_sessions_args *asked = args;
	const struct fw_policy *policy = vnf_built(vnf);
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;

	if (q == NULL || filter_read(policy, asked, &q->filter, why) < 0)
		goto free_question;
	q->filter.policy = policy->number;
	q->copies = calloc(q->filter.limit, sizeof(*q->copies));
	if (q->copies == NULL)
		goto free_question;
	if (vnf_workers_ask(vnf, sessions_step, q, ASK_TIMEOUT_NS) < 0)
		answer = vnf_refuse(
			why, -ETIMEDOUT,
			"a worker did not answer in 20 s; \"workers\" shows what it does");
	else
		answer = answer_make(policy, q);
free_question:
	if (q != NULL)
		free(q->copies);
	free(q);
	return answer;
}
