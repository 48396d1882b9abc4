/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl explain`: what the firewall would do with a packet, and why. The words are
 * explain_words.c's, the answer is found by a worker (explain.c); here are the names of both.
 * Control thread.
 */
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_MAX 512

const struct vnf_config_key fw_explain_keys[] = {
	{ .name = "in",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_explain_args, in),
	  .doc = "Port (in the wire) or interface (as a router) that the packet comes in by; the "
		 "packet may follow in the same word." },
	{ .name = "packet",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_explain_args, packet),
	  .doc = "The packet, as \"10.0.0.5:1234 > 192.0.2.1:443 tcp syn\"." },
	{ .name = "vlan",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_explain_args, vlan),
	  .doc = "Its VLAN, in the wire." },
	{ .name = "rule",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_explain_args, rule),
	  .doc = "Also say why the rule of this name does not match." },
	{ .name = NULL },
};

/* ---- the question ---- */

static int words_read(const struct fw_explain_args *args, struct fw_words *words,
		      struct vnf_refusal *why)
{
	char text[2 * FW_EXPLAIN_TEXT_MAX], wrong[WHY_MAX];
	bool vlan = args->vlan[0] != '\0';

	snprintf(text, sizeof(text), "in=%s%s%s %s", args->in, vlan ? " vlan=" : "", args->vlan,
		 args->packet);
	if (fw_words_parse(text, words, wrong, sizeof(wrong)) == 0)
		return 0;
	vnf_refuse(why, -EINVAL, "%s", wrong);
	return -EINVAL;
}

static int port_read(struct vnf *vnf, const struct fw_words *words, struct fw_explain *e,
		     uint16_t *vlan, struct vnf_refusal *why)
{
	int port = vnf_port_find(vnf, words->in);

	if (port < 0) {
		vnf_refuse(why, -ENOENT, "in=%s: no port is named so; \"ports\" lists them",
			   words->in);
		return -ENOENT;
	}
	e->port = (uint16_t)port;
	*vlan = words->vlan;
	return 0;
}

static int interface_read(struct vnf *vnf, const struct fw_words *words, struct fw_explain *e,
			  uint16_t *vlan, struct vnf_refusal *why)
{
	struct vnf_ip_interface_info info;

	for (uint16_t i = 0; vnf_ip_get_interface(vnf, i, &info) == 0; i++) {
		if (strcmp(info.name, words->in) != 0)
			continue;
		if (words->vlan != 0 && words->vlan != info.vlan) {
			vnf_refuse(why, -EINVAL,
				   "vlan=%u: as a router the VLAN is the interface's; name one "
				   "that has it by in=",
				   words->vlan);
			return -EINVAL;
		}
		e->port = info.port;
		*vlan = info.vlan;
		return 0;
	}
	vnf_refuse(why, -ENOENT, "in=%s: no interface is named so; \"interfaces\" lists them",
		   words->in);
	return -ENOENT;
}

static int rule_read(const struct fw_policy *policy, const char *name, uint32_t *rule,
		     struct vnf_refusal *why)
{
	*rule = VNF_ACL_NONE;
	if (name[0] == '\0')
		return 0;
	for (uint32_t i = 0; i < policy->n_rules; i++)
		if (strcmp(policy->rule[i].name, name) == 0)
			*rule = i;
	if (*rule != VNF_ACL_NONE)
		return 0;
	vnf_refuse(why, -ENOENT, "there is no rule \"%s\"; \"rules\" lists those there are", name);
	return -ENOENT;
}

static int question_read(struct vnf *vnf, const struct fw_explain_args *args, struct fw_explain *e,
			 struct vnf_refusal *why)
{
	const struct fw_policy *policy = vnf_built(vnf);
	struct vnf_port_info port;
	struct fw_words words;
	uint16_t vlan = 0;
	int ret = words_read(args, &words, why);

	if (ret == 0)
		ret = policy->mode == FW_ROUTED ? interface_read(vnf, &words, e, &vlan, why)
						: port_read(vnf, &words, e, &vlan, why);
	if (ret == 0)
		ret = rule_read(policy, args->rule, &e->asked, why);
	if (ret == 0)
		ret = vnf_port_get_info(vnf, e->port, &port);
	if (ret == 0)
		e->octets = fw_frame_make(&words, port.mac, vlan, e->frame);
	return ret;
}

/* ---- the answer ---- */

static const struct vnf_drop sdk_drops[] = {
#define DROP_ROW(id, name, doc) [VNF_DROP_##id] = { name, doc },
	VNF_DROP_REASONS(DROP_ROW)
#undef DROP_ROW
};

static const struct vnf_drop fw_drops[] = {
#define DROP_ROW(id, name, doc) [FW_DROP_##id - VNF_DROP_USER] = { name, doc },
	FW_DROPS(DROP_ROW)
#undef DROP_ROW
};

static void add(json_t *to, const char *key, const char *text)
{
	json_object_set_new(to, key, json_string(text));
}

static void drop_tell(json_t *to, vnf_verdict_t verdict)
{
	uint32_t reason = verdict & ~VNF_VERDICT_DROP;
	const struct vnf_drop *drop =
		reason < VNF_DROP_USER ? &sdk_drops[reason] : &fw_drops[reason - VNF_DROP_USER];

	add(to, "result", "drop");
	add(to, "reason", drop->name);
	add(to, "why", drop->doc);
}

static void reject_tell(json_t *to, const struct fw_explained *is)
{
	static const char *const answers[] = {
		[FW_ANSWER_NOT_ALLOWED] = "none: to such a packet there is none",
		[FW_ANSWER_RATE] = "none: `reject_rate` allows no more of them now",
		[FW_ANSWER_RESET] = "TCP reset",
		[FW_ANSWER_ICMP] = "ICMP 3/13, administratively prohibited",
		[FW_ANSWER_ICMP6] = "ICMPv6 1/1, administratively prohibited",
	};

	drop_tell(to, fw_drop(FW_DROP_REJECTED));
	add(to, "result", "reject");
	add(to, "answer", answers[is->answer]);
}

static void out_tell(struct vnf *vnf, const struct fw_explain *e, json_t *to)
{
	const struct fw_policy *policy = vnf_built(vnf);
	struct vnf_ip_interface_info interface;
	struct vnf_port_info port;

	if (policy->mode == FW_TRANSPARENT) {
		if (vnf_port_get_info(vnf, policy->other_end[e->port], &port) == 0)
			add(to, "out", port.name);
	} else if (vnf_ip_get_interface(vnf, e->is.out, &interface) == 0) {
		add(to, "out", interface.name);
	}
}

/* As a router, rules are one thing, and what the IP node does with the packet is another: it
 * refuses what has no route, and what is for the firewall, which has no services.
 */
static void accept_tell(struct vnf *vnf, const struct fw_explain *e, json_t *to)
{
	const struct fw_explained *is = &e->is;
	bool routed = is->policy->mode == FW_ROUTED;

	add(to, "result", "accept");
	if (routed && is->received == VNF_IP_LOCAL) {
		drop_tell(to, VNF_DROP(VNF_DROP_NO_SERVICE));
	} else if (routed && is->received == VNF_IP_NODE) {
		add(to, "out", "self");
		add(to, "why", "it is for the firewall's IP node");
	} else if (routed && is->out == VNF_IP_NO_INTERFACE) {
		drop_tell(to, VNF_DROP(VNF_DROP_NO_ROUTE));
	} else {
		out_tell(vnf, e, to);
	}
}

static void result_tell(struct vnf *vnf, const struct fw_explain *e, json_t *to)
{
	vnf_verdict_t verdict = e->is.verdict;

	if (verdict == FW_PASS || verdict == VNF_IP_NODE)
		accept_tell(vnf, e, to);
	else if (verdict == FW_REFUSE)
		reject_tell(to, &e->is);
	else
		drop_tell(to, verdict);
}

static void session_tell(const struct fw_explained *is, json_t *to)
{
	const struct fw_session_copy *session = &is->session;
	const struct fw_policy *policy = is->policy;

	if (session->version == 0) {
		add(to, "session", is->begins ? "none, it would begin one" : "none");
		return;
	}
	add(to, "session", session->state);
	json_object_set_new(to, "session_idle_s",
			    json_integer((json_int_t)(session->idle_ns / VNF_SECOND_NS)));
	json_object_set_new(to, "session_lives_s",
			    json_integer((json_int_t)(is->live_ns / VNF_SECOND_NS)));
	if (session->policy == policy->number && session->rule <= policy->n_rules)
		add(to, "session_rule", policy->rule[session->rule].name);
	if (is->ends)
		add(to, "session_ends",
		    is->begins                      ? "by this packet, which begins another one"
		    : is->stage == FW_STAGE_SESSION ? "the policy does not allow it any more"
						    : "by this packet");
}

static void rule_tell(const struct fw_explained *is, json_t *to)
{
	static const char *const actions[] = {
		[FW_ACCEPT] = "accept", [FW_DROP] = "drop", [FW_REJECT] = "reject"
	};
	const struct fw_rule *rule;
	char limit[64];

	if (is->rule == FW_RULE_UNASKED || is->rule > is->policy->n_rules)
		return;
	rule = &is->policy->rule[is->rule];
	json_object_set_new(to, "number", json_integer((json_int_t)is->rule + 1));
	add(to, "rule", rule->name);
	add(to, "place", rule->place);
	add(to, "action", actions[rule->action]);
	if (is->stage != FW_STAGE_RULE || rule->rate == 0 ||
	    (is->verdict != FW_PASS && is->verdict != fw_drop(FW_DROP_RATE)))
		return;
	snprintf(limit, sizeof(limit), "%u of %ju new sessions a second are left", is->left,
		 (uintmax_t)rule->rate);
	add(to, "rate", limit);
}

static void stage_tell(const struct fw_explained *is, json_t *to)
{
	static const char *const stages[] = {
		[FW_STAGE_LOOK] = "none: what it is decides",
		[FW_STAGE_SESSION] = "its session",
		[FW_STAGE_SANITY] = "checks before rules",
		[FW_STAGE_OPEN] = "it cannot begin a session",
		[FW_STAGE_RULE] = "rules",
		[FW_STAGE_NO_RULE] = "none: it passes unless a rule about ICMP names it",
	};

	add(to, "decided_by", is->verdict == VNF_IP_NODE ? "the IP node" : stages[is->stage]);
}

static json_t *answer_make(struct vnf *vnf, const struct fw_explain *e)
{
	const struct fw_explained *is = &e->is;
	json_t *to = json_object();

	result_tell(vnf, e, to);
	stage_tell(is, to);
	if (is->is_known) {
		add(to, "from", fw_zone_name(is->policy, is->zone_in));
		add(to, "to", fw_zone_name(is->policy, is->zone_out));
		session_tell(is, to);
	}
	rule_tell(is, to);
	if (is->is_tcp)
		add(to, "if", "its numbers are in the window of the connection");
	if (is->is_known && e->asked != VNF_ACL_NONE)
		add(to, "differs",
		    is->differs == VNF_ACL_FIELD_NONE ? "-" : vnf_acl_field_name(is->differs));
	if (is->is_known)
		json_object_set_new(to, "slot", json_integer(is->slot));
	return to;
}

static json_t *ask(struct vnf *vnf, struct fw_explain *e, struct vnf_refusal *why)
{
	int ret = fw_explain_ask(vnf, e);

	if (ret == -ENOMEM)
		return vnf_refuse(why, ret, "out of memory");
	if (ret < 0)
		return vnf_refuse(why, ret, "%s", fw_ask_words(ret));
	/* A worker that has not taken the policy over yet. */
	if (e->is.policy != vnf_built(vnf))
		return vnf_refuse(why, -EBUSY,
				  "a reload is under way; ask again when it is in force");
	return answer_make(vnf, e);
}

json_t *fw_command_explain(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	struct fw_explain *e = calloc(1, sizeof(*e));
	json_t *answer = NULL;

	if (e == NULL)
		return vnf_refuse(why, -ENOMEM, "out of memory");
	if (question_read(vnf, args, e, why) == 0)
		answer = ask(vnf, e, why);
	free(e);
	return answer;
}
