/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl sessions`: those that stand, as far as they are asked for. Each worker copies those
 * of its slots, a part between two passes, so that no packet waits for the list; the control
 * thread makes words of the copies.
 */
#include "session_list.h"

#include <errno.h>
#include <stdlib.h>

#define LIMIT_MAX 100000

const char *const fw_versions[] = { "any", "ipv4", "ipv6", NULL };

const struct vnf_config_key fw_sessions_keys[] = {
	{ .name = "version",
	  .type = VNF_CONFIG_ENUM,
	  .choices = fw_versions,
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

struct question {
	struct fw_walk walk;
	struct filter filter;
	uint32_t n; /* copies, atomic; may pass the limit */
	struct fw_session_copy *copies;
};

/* ---- on workers ---- */

static bool range_has(const struct vnf_acl_range *range, const struct fw_session_copy *c,
		      uint32_t end)
{
	size_t octets = c->version == 4 ? 4 : 16;

	if (range->version == 0)
		return true;
	return range->version == c->version && memcmp(c->addr[end], range->first, octets) >= 0 &&
	       memcmp(c->addr[end], range->last, octets) <= 0;
}

static bool is_asked_for(const struct filter *filter, const struct fw_session_copy *c)
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
	struct question *q = arg;
	struct fw_session_copy c;
	uint32_t at;

	fw_session_copy(worker, sessions, session, &c);
	if (!is_asked_for(&q->filter, &c))
		return;
	at = __atomic_fetch_add(&q->n, 1, __ATOMIC_RELAXED);
	if (at < q->filter.limit)
		q->copies[at] = c;
}

static bool sessions_step(struct vnf_worker *worker, void *arg)
{
	struct question *q = arg;

	return __atomic_load_n(&q->n, __ATOMIC_RELAXED) >= q->filter.limit ||
	       fw_walk_step(worker, &q->walk);
}

/* ---- the question ---- */

static int proto_read(const char *text, int *proto, struct vnf_refusal *why)
{
	*proto = text[0] != '\0' ? fw_proto_find(text) : -1;
	if (text[0] == '\0' || *proto >= 0)
		return 0;
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

int fw_rule_read(const struct fw_policy *policy, const char *name, uint32_t *rule,
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
	filter->version = fw_version(args->version);
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
		ret = fw_rule_read(policy, args->rule, &filter->rule, why);
	return ret;
}

/* ---- the answer ---- */

static json_t *answer_make(const struct fw_policy *policy, const struct question *q)
{
	uint32_t n = RTE_MIN(q->n, q->filter.limit);
	json_t *all = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(all, fw_session_tell(policy, &q->copies[i]));
	return all;
}

json_t *fw_command_sessions(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct fw_sessions_args *asked = args;
	const struct fw_policy *policy = vnf_built(vnf);
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;
	int ret;

	if (q == NULL || filter_read(policy, asked, &q->filter, why) < 0)
		goto free_question;
	q->filter.policy = policy->number;
	q->walk = (struct fw_walk){ .version = q->filter.version, .see = session_see, .arg = q };
	q->copies = calloc(q->filter.limit, sizeof(*q->copies));
	if (q->copies == NULL)
		goto free_question;
	ret = vnf_workers_ask(vnf, sessions_step, q, FW_ASK_TIMEOUT_NS);
	if (ret < 0)
		answer = vnf_refuse(why, ret, "%s", fw_ask_words(ret));
	else
		answer = answer_make(policy, q);
free_question:
	if (q != NULL)
		free(q->copies);
	free(q);
	return answer;
}
