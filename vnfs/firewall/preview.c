/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a reload would end: vnf_app.preview. Each session is judged by the policy that was built as
 * the walk after a reload would judge it (renew.c), and nothing is changed. Workers judge and copy;
 * the control thread makes words of it.
 */
#include "session_list.h"

#include <stdlib.h>

/* So many of those that would end are listed. */
#define LISTED_MAX 100

struct ending {
	struct fw_session_copy session;
	uint32_t rule; /* of the new policy, that refuses it */
	uint8_t zone[2];
};

struct preview {
	struct fw_walk walk;
	const struct fw_policy *policy; /* the new one */
	/* Atomic: */
	uint64_t stand;
	uint64_t end;
	struct ending listed[LISTED_MAX];
};

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	uint32_t table = sessions == worker->sessions[FW_IPV4] ? FW_IPV4 : FW_IPV6;
	struct preview *p = arg;
	struct ending *ending;
	uint8_t zone[2];
	uint32_t rule;
	uint64_t at;

	if (fw_session_stands(p->policy, session, table, zone, &rule)) {
		__atomic_fetch_add(&p->stand, 1, __ATOMIC_RELAXED);
		return;
	}
	at = __atomic_fetch_add(&p->end, 1, __ATOMIC_RELAXED);
	if (at >= LISTED_MAX)
		return;
	ending = &p->listed[at];
	fw_session_copy(worker, sessions, session, &ending->session);
	ending->rule = rule;
	memcpy(ending->zone, zone, sizeof(zone));
}

static bool preview_step(struct vnf_worker *worker, void *arg)
{
	struct preview *p = arg;

	return fw_walk_step(worker, &p->walk);
}

/* The rule and where it stands. Zones are told as the new policy has them, where the session moves
 * along with its port or interface.
 */
static json_t *ending_tell(const struct fw_policy *now, const struct preview *p,
			   const struct ending *ending)
{
	static const char *const keys[] = { "from", "to" };
	const struct fw_rule *rule = &p->policy->rule[ending->rule];
	json_t *row = fw_session_tell(now, &ending->session);
	char number[32];

	for (uint32_t side = 0; side < 2; side++)
		if (ending->zone[side] != ending->session.zone[side])
			json_object_set_new(
				row, keys[side],
				json_string(fw_zone_name(p->policy, ending->zone[side])));
	snprintf(number, sizeof(number), "rule %u", ending->rule + 1);
	json_object_set_new(row, "refused_by",
			    json_string(rule->name[0] != '\0' ? rule->name : number));
	json_object_set_new(row, "place", json_string(rule->place));
	return row;
}

json_t *fw_preview(struct vnf *vnf, const void *built)
{
	struct preview *p = calloc(1, sizeof(*p));
	json_t *result, *ends = json_array();
	int ret;

	if (p == NULL)
		return json_pack("{ss so}", "error", "out of memory", "ends", ends);
	p->policy = built;
	p->walk = (struct fw_walk){ .see = session_see, .arg = p };
	ret = vnf_workers_ask(vnf, preview_step, p, FW_ASK_TIMEOUT_NS);
	if (ret < 0) {
		result = json_pack("{ss so}", "error", fw_ask_words(ret), "ends", ends);
		goto free_preview;
	}
	for (uint64_t i = 0; i < RTE_MIN(p->end, LISTED_MAX); i++)
		json_array_append_new(ends, ending_tell(vnf_built(vnf), p, &p->listed[i]));
	result = json_pack("{sI sI so}", "sessions_stand", (json_int_t)p->stand, "sessions_end",
			   (json_int_t)p->end, "ends", ends);
free_preview:
	free(p);
	return result;
}
