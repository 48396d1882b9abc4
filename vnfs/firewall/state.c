/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See state.h.
 */
#include "state.h"

#include <errno.h>
#include <stdlib.h>

struct vnf_acl_counters *fw_counters(const struct vnf *vnf)
{
	return ((const struct fw_state *)vnf_state(vnf))->counters;
}

uint64_t fw_half_open(const struct vnf *vnf)
{
	struct fw_limits_now now;

	fw_limits_read(((const struct fw_state *)vnf_state(vnf))->limits, &now);
	return now.half_open;
}

uint32_t fw_policy_number(struct vnf *vnf)
{
	struct fw_state *s = vnf_state(vnf);

	/* Also of those that are never in force: what is left of a dry run is a number not used. */
	return ++s->policies;
}

/* Its time is over, or it was removed, or made room. */
static void session_ended(struct vnf_worker *worker, struct vnf_sessions *sessions,
			  struct vnf_session *session, enum vnf_session_end why)
{
	if (unlikely(vnf_journal_is_on(worker)))
		fw_log_end(worker, sessions, session, why);
	fw_limit_end(fw_worker_of(worker)->limits, vnf_session_user(session));
}

bool fw_state_tables(const struct vnf *vnf, const void *config, uint32_t i,
		     struct vnf_sessions_conf *conf)
{
	(void)vnf;
	conf->name = i == FW_IPV4 ? "ipv4" : "ipv6";
	conf->sessions = (uint32_t)fw_config_sessions(config);
	conf->key_size =
		i == FW_IPV4 ? sizeof(struct vnf_session_key4) : sizeof(struct vnf_session_key6);
	conf->keys = 1;
	conf->user_size = sizeof(struct fw_flow);
	conf->classes = fw_classes;
	conf->n_classes = FW_CLASSES;
	conf->ended = session_ended;
	return i < FW_TABLES;
}

/* Of a table, with all that its slots have room for. */
static uint64_t sessions_most(const struct vnf *vnf, const void *config)
{
	struct vnf_sessions_conf conf = { .slots = vnf_slot_count(vnf) };

	fw_state_tables(vnf, config, FW_IPV6, &conf);
	return (uint64_t)vnf_sessions_per_slot(&conf) * conf.slots;
}

uint64_t fw_state_bytes(const struct vnf *vnf, const void *config)
{
	return fw_limits_bytes(sessions_most(vnf, config));
}

int fw_state_init(struct vnf *vnf, void **state)
{
	struct fw_state *s = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*s));
	int ret;

	if (s == NULL)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	ret = vnf_acl_counters_create(vnf_worker_count(vnf), &s->counters);
	if (ret < 0)
		goto free_state;
	ret = fw_limits_create(sessions_most(vnf, vnf_config(vnf)), &s->limits);
	if (ret < 0)
		goto destroy_counters;
	*state = s;
	return 0;

destroy_counters:
	vnf_acl_counters_destroy(s->counters);
free_state:
	free(s);
	return ret;
}

void fw_state_fini(struct vnf *vnf, void *state)
{
	struct fw_state *s = state;

	(void)vnf;
	fw_limits_destroy(s->limits);
	vnf_acl_counters_destroy(s->counters);
	free(s);
}

int fw_worker_init(struct vnf_worker *worker)
{
	struct fw_worker *w = calloc(1, sizeof(*w));
	int ret;

	if (w == NULL)
		return -ENOMEM;
	w->worker = worker;
	w->reject_full_ns = &((struct fw_state *)vnf_state(worker->vnf))->reject_full_ns;
	w->limits = ((const struct fw_state *)vnf_state(worker->vnf))->limits;
	ret = vnf_frags_create(worker, NULL, &w->frags);
	if (ret < 0) {
		free(w);
		return ret;
	}
	worker->state = w;
	return 0;
}

void fw_worker_fini(struct vnf_worker *worker)
{
	struct fw_worker *w = worker->state;

	vnf_frags_destroy(w->frags);
	free(w);
}
