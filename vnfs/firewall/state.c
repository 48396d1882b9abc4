/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See state.h.
 */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct vnf_acl_counters *fw_counters(const struct vnf *vnf)
{
	return ((const struct fw_state *)vnf_state(vnf))->counters;
}

uint32_t fw_policy_number(struct vnf *vnf)
{
	struct fw_state *s = vnf_state(vnf);

	return ++s->policies;
}

/* Is the number that of a zone of the policy in force, or one of the first `n` of the new one? */
static bool number_is_used(const struct fw_policy *before, const uint8_t *number, size_t n,
			   uint8_t is)
{
	for (size_t i = 0; i < n; i++)
		if (number[i] == is)
			return true;
	return before != NULL && before->zone_name[is][0] != '\0';
}

static bool number_find(const struct fw_state *s, const char *name, uint8_t *number)
{
	for (*number = 0; *number < FW_ZONES_MAX; (*number)++)
		if (strcmp(s->zone_name[*number], name) == 0)
			return true;
	return false;
}

/* A number that no zone ever had; else one that none has now; else one that none of the new policy
 * has, of which there are always enough.
 */
static uint8_t number_new(const struct fw_state *s, const struct fw_policy *before,
			  const uint8_t *number, size_t n)
{
	uint8_t is;

	if (number_find(s, "", &is))
		return is;
	for (is = 0; is < FW_ZONES_MAX && number_is_used(before, number, n, is); is++)
		;
	for (is %= FW_ZONES_MAX; number_is_used(NULL, number, n, is); is++)
		;
	return is;
}

/* Those that have a number first, lest it be given to another. */
void fw_zones_number(struct vnf *vnf, const char *const *name, size_t n, uint8_t *number)
{
	const struct fw_policy *before = vnf_built(vnf);
	struct fw_state *s = vnf_state(vnf);

	for (size_t i = 0; i < n; i++)
		if (!number_find(s, name[i], &number[i]))
			number[i] = FW_ZONE_NONE;
	for (size_t i = 0; i < n; i++) {
		if (number[i] != FW_ZONE_NONE)
			continue;
		number[i] = number_new(s, before, number, n);
		snprintf(s->zone_name[number[i]], sizeof(s->zone_name[0]), "%s", name[i]);
	}
}

void fw_zones_tell(const struct vnf *vnf, char (*name)[FW_ZONE_NAME_MAX + 1])
{
	const struct fw_state *s = vnf_state(vnf);

	memcpy(name, s->zone_name, sizeof(s->zone_name));
}

int fw_state_init(struct vnf *vnf, void **state)
{
	struct fw_state *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL)
		return -ENOMEM;
	ret = vnf_acl_counters_create(vnf_worker_count(vnf), &s->counters);
	if (ret < 0) {
		free(s);
		return ret;
	}
	*state = s;
	return 0;
}

void fw_state_fini(struct vnf *vnf, void *state)
{
	struct fw_state *s = state;

	(void)vnf;
	vnf_acl_counters_destroy(s->counters);
	free(s);
}

/* Its time is over, or it was removed, or made room. */
static void session_ended(struct vnf_worker *worker, struct vnf_sessions *sessions,
			  struct vnf_session *session, enum vnf_session_end why)
{
	if (unlikely(vnf_journal_is_on(worker)))
		fw_log_end(worker, sessions, session, why);
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

int fw_worker_init(struct vnf_worker *worker)
{
	struct fw_worker *w = calloc(1, sizeof(*w));
	int ret;

	if (w == NULL)
		return -ENOMEM;
	w->worker = worker;
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
