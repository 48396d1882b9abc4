/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tables of the program and of its workers: made at the start, released at the end.
 */
#include "nat.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_mbuf_dyn.h>

struct nat_marks nat_marks;

/* Of the program. */
struct nat_state {
	struct nat_spaces *spaces;
	struct nat_table *table;
	struct nat_seen seen;
	uint32_t policies; /* that were built */
};

uint32_t nat_policy_number(struct vnf *vnf)
{
	struct nat_state *s = vnf_state(vnf);

	/* Also of those that are never in force: what is left of a dry run is a number not used. */
	return ++s->policies;
}

struct nat_spaces *nat_spaces_of(struct vnf *vnf)
{
	return ((struct nat_state *)vnf_state(vnf))->spaces;
}

struct nat_table *nat_table_of(const struct vnf *vnf)
{
	return ((struct nat_state *)vnf_state(vnf))->table;
}

struct nat_seen *nat_seen_of(const struct vnf *vnf)
{
	return &((struct nat_state *)vnf_state(vnf))->seen;
}

bool nat_state_tables(const struct vnf *vnf, const void *config, uint32_t i,
		      struct vnf_sessions_conf *conf)
{
	(void)vnf;
	conf->name = "nat";
	conf->sessions = (uint32_t)nat_config_sessions(config);
	conf->key_size = sizeof(struct vnf_session_key4);
	conf->keys = 2;
	conf->user_size = sizeof(struct nat_session);
	conf->classes = nat_classes;
	conf->n_classes = NAT_CLASSES;
	conf->ended = nat_session_ended;
	return i == 0;
}

/* Of each slot; its share is larger than the slot's part, as that of sessions. */
struct sizes {
	uint32_t sessions, mappings, hosts;
};

static uint32_t share(const struct vnf *vnf, const void *config, uint64_t n)
{
	struct vnf_sessions_conf conf = { .slots = vnf_slot_count(vnf) };

	nat_state_tables(vnf, config, 0, &conf);
	conf.sessions = (uint32_t)n;
	return vnf_sessions_per_slot(&conf);
}

static struct sizes sizes_of(const struct vnf *vnf, const void *config)
{
	return (struct sizes){
		share(vnf, config, nat_config_sessions(config)),
		share(vnf, config, nat_config_mappings(config)),
		share(vnf, config, nat_config_hosts(config)),
	};
}

uint64_t nat_state_bytes(const struct vnf *vnf, const void *config)
{
	struct sizes n = sizes_of(vnf, config);

	return nat_table_bytes(vnf_slot_count(vnf), n.mappings, n.hosts, n.sessions);
}

static int mark_register(const char *name, uint64_t *mark)
{
	struct rte_mbuf_dynflag flag = { .flags = 0 };
	int bit;

	snprintf(flag.name, sizeof(flag.name), "%s", name);
	bit = rte_mbuf_dynflag_register(&flag);
	if (bit < 0)
		return -ENOSPC;
	*mark = RTE_BIT64(bit);
	return 0;
}

static int marks_register(void)
{
	int ret = mark_register("vnfkit_nat_in", &nat_marks.in);

	if (ret == 0)
		ret = mark_register("vnfkit_nat_owned", &nat_marks.owned);
	if (ret == 0)
		ret = mark_register("vnfkit_nat_held", &nat_marks.held);
	return ret;
}

int nat_state_init(struct vnf *vnf, void **state)
{
	struct sizes n = sizes_of(vnf, vnf_config(vnf));
	struct nat_state *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL)
		return -ENOMEM;
	pthread_mutex_init(&s->seen.lock, NULL);
	ret = marks_register();
	if (ret == 0)
		ret = nat_spaces_create(&s->spaces);
	if (ret == 0)
		ret = nat_table_create(vnf_slot_count(vnf), n.mappings, n.hosts, n.sessions,
				       &s->table);
	if (ret < 0)
		nat_state_fini(vnf, s);
	else
		*state = s;
	return ret;
}

void nat_state_fini(struct vnf *vnf, void *state)
{
	struct nat_state *s = state;

	(void)vnf;
	nat_table_destroy(s->table);
	nat_spaces_destroy(s->spaces);
	pthread_mutex_destroy(&s->seen.lock);
	free(s);
}

int nat_worker_init(struct vnf_worker *worker)
{
	struct nat_worker *w = calloc(1, sizeof(*w));
	int ret;

	if (w == NULL)
		return -ENOMEM;
	w->worker = worker;
	w->sessions = worker->sessions[0];
	w->table = nat_table_of(worker->vnf);
	w->spaces = nat_spaces_of(worker->vnf);
	w->seen = nat_seen_of(worker->vnf);
	ret = vnf_frags_create(worker, NULL, &w->frags);
	if (ret < 0) {
		free(w);
		return ret;
	}
	worker->state = w;
	return 0;
}

void nat_worker_fini(struct vnf_worker *worker)
{
	struct nat_worker *w = worker->state;

	nat_hold_stop(w);
	vnf_frags_destroy(w->frags);
	free(w);
}
