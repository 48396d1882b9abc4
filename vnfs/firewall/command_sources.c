/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl sources`: who has the most sessions, for when there are too many. Limits count by
 * words that have no addresses, so sessions are walked and counted by their sources, in a table
 * that lasts for the command. Control thread, and workers, which count side by side.
 */
#include "session_list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#define LIMIT_MAX 10000
/* Sources that are told apart: 40 MB of them. */
#define SOURCES_MAX (1u << 20)
#define SOURCES_MIN 1024u
/* Places of the table that a source is looked for in. */
#define PROBES 64

enum { BY_SESSIONS, BY_HALF_OPEN };

static const char *const orders[] = { "sessions", "half_open", NULL };

const struct vnf_config_key fw_sources_keys[] = {
	{ .name = "version",
	  .type = VNF_CONFIG_ENUM,
	  .choices = fw_versions,
	  .offset = offsetof(struct fw_sources_args, version),
	  .def = "any",
	  .doc = "Only those of this family: ipv4, ipv6." },
	{ .name = "rule",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_sources_args, rule),
	  .doc = "Only sessions that this rule has accepted." },
	{ .name = "by",
	  .type = VNF_CONFIG_ENUM,
	  .choices = orders,
	  .offset = offsetof(struct fw_sources_args, by),
	  .def = "sessions",
	  .doc = "Those with the most first: sessions, half_open." },
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct fw_sources_args, limit),
	  .min = 1,
	  .max = LIMIT_MAX,
	  .def = "20",
	  .doc = "No more than so many." },
	{ .name = NULL },
};

struct entry {
	uint64_t is; /* atomic: hash of the source, 0: none; the address is written by who set it */
	uint32_t sessions;  /* atomic */
	uint32_t half_open; /* atomic */
	uint8_t address[16];
	uint8_t version;
	uint8_t zone;
};

struct question {
	struct fw_walk walk;
	const struct fw_policy *policy;
	uint32_t rule; /* VNF_ACL_NONE: any */
	uint32_t n;
	uint32_t left_out; /* atomic: sessions that found no place */
	struct entry *entry;
};

/* ---- on workers ---- */

static struct entry *entry_get(struct question *q, uint64_t hash, const struct entry *new)
{
	uint32_t at = (uint32_t)((hash >> 32) * q->n >> 32);

	for (uint32_t i = 0; i < PROBES; i++) {
		struct entry *e = &q->entry[(at + i) % q->n];
		uint64_t is = 0;

		if (__atomic_compare_exchange_n(&e->is, &is, hash, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED)) {
			memcpy(e->address, new->address, sizeof(e->address));
			e->version = new->version;
			e->zone = new->zone;
			return e;
		}
		if (is == hash)
			return e;
	}
	return NULL;
}

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	uint32_t table = sessions == worker->sessions[FW_IPV4] ? FW_IPV4 : FW_IPV6;
	const struct fw_flow *flow = vnf_session_user(session);
	struct entry new = { .version = table == FW_IPV4 ? 4 : 6, .zone = flow->zone[0] };
	struct question *q = arg;
	struct entry *e;
	uint64_t hash;

	if (q->rule != VNF_ACL_NONE && (q->rule != flow->rule || q->policy->number != flow->policy))
		return;
	hash = fw_limit_source(worker, table, session, new.address);
	e = entry_get(q, hash, &new);
	if (e == NULL) {
		__atomic_fetch_add(&q->left_out, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_fetch_add(&e->sessions, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&e->half_open, flow->opening, __ATOMIC_RELAXED);
}

static bool sources_step(struct vnf_worker *worker, void *arg)
{
	struct question *q = arg;

	return fw_walk_step(worker, &q->walk);
}

/* ---- the answer ---- */

static int compare(uint32_t a, uint32_t b)
{
	return (a < b) - (a > b);
}

static int by_sessions(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare(x->sessions, y->sessions);

	if (order == 0)
		order = compare(x->half_open, y->half_open);
	return order != 0 ? order : memcmp(x->address, y->address, sizeof(x->address));
}

static int by_half_open(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare(x->half_open, y->half_open);

	return order != 0 ? order : by_sessions(a, b);
}

/* Brings those that there are together; their number. */
static uint32_t entries_gather(struct question *q)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < q->n; i++)
		if (q->entry[i].sessions != 0)
			q->entry[n++] = q->entry[i];
	return n;
}

static json_t *entry_tell(const struct fw_policy *policy, const struct entry *e)
{
	char src[INET6_ADDRSTRLEN + 4];

	inet_ntop(e->version == 4 ? AF_INET : AF_INET6, e->address, src, sizeof(src));
	if (e->version == 6 && policy->ipv6_prefix < 128)
		snprintf(src + strlen(src), 5, "/%u", policy->ipv6_prefix);
	return json_pack("{ss ss sI sI}", "src", src, "from", fw_zone_name(policy, e->zone),
			 "sessions", (json_int_t)e->sessions, "half_open",
			 (json_int_t)e->half_open);
}

static json_t *answer_make(struct vnf *vnf, struct question *q, const struct fw_sources_args *args)
{
	uint32_t n = entries_gather(q);
	json_t *most = json_array();

	qsort(q->entry, n, sizeof(*q->entry),
	      args->by == BY_HALF_OPEN ? by_half_open : by_sessions);
	for (uint32_t i = 0; i < RTE_MIN(n, args->limit); i++)
		json_array_append_new(most, entry_tell(q->policy, &q->entry[i]));
	return json_pack("{sI sI sI so}", "sources", (json_int_t)n, "half_open_all",
			 (json_int_t)fw_half_open(vnf), "sessions_left_out",
			 (json_int_t)q->left_out, "most", most);
}

/* Twice as many as there are sessions, but no more than can be told apart at that cost. */
static uint32_t entries_count(const struct vnf *vnf)
{
	struct vnf_sessions_counters counters;
	uint64_t n = 0;

	for (uint32_t t = 0; t < FW_TABLES; t++) {
		vnf_sessions_read(vnf_sessions_table(vnf, t), VNF_SESSION_ALL_SLOTS, &counters);
		n += counters.in_use;
	}
	return (uint32_t)RTE_MIN(2 * n + SOURCES_MIN, (uint64_t)SOURCES_MAX);
}

json_t *fw_command_sources(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct fw_sources_args *asked = args;
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;
	int ret;

	if (q == NULL)
		return NULL;
	q->policy = vnf_built(vnf);
	q->n = entries_count(vnf);
	q->walk = (struct fw_walk){ .version = fw_version(asked->version),
				    .see = session_see,
				    .arg = q };
	if (fw_rule_read(q->policy, asked->rule, &q->rule, why) < 0)
		goto free_question;
	q->entry = calloc(q->n, sizeof(*q->entry));
	if (q->entry == NULL)
		goto free_question;
	ret = vnf_workers_ask(vnf, sources_step, q, FW_ASK_TIMEOUT_NS);
	if (ret < 0)
		answer = vnf_refuse(why, ret, "%s", fw_ask_words(ret));
	else
		answer = answer_make(vnf, q, asked);
free_question:
	free(q->entry);
	free(q);
	return answer;
}
