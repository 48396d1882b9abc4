/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl rules`: what each rule of the policy in force has matched so far, all workers
 * together. Control thread.
 */
#include "firewall.h"

#include <vnf/clock.h>

static const char *const actions[] = { "accept", "drop", "reject" };

static json_t *rule_tell(const struct fw_policy *policy, uint32_t i, uint64_t now_ns)
{
	const struct fw_rule *rule = &policy->rule[i];
	struct vnf_acl_count count;
	json_t *last = json_null();

	vnf_acl_tally_read(policy->tally, i, &count);
	if (count.packets > 0)
		last = json_integer(
			(json_int_t)((now_ns - RTE_MIN(now_ns, count.last_ns)) / VNF_SECOND_NS));
	return json_pack("{sI ss ss ss sI sI so}", "number", (json_int_t)i + 1, "name", rule->name,
			 "action", actions[rule->action], "place", rule->place, "packets",
			 (json_int_t)count.packets, "bytes", (json_int_t)count.octets, "last_s_ago",
			 last);
}

json_t *fw_command_rules(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct fw_policy *policy = vnf_built(vnf);
	json_t *all = json_array();

	(void)args;
	(void)why;
	for (uint32_t i = 0; i <= policy->n_rules; i++)
		json_array_append_new(all, rule_tell(policy, i, vnf_clock_now()));
	return all;
}
