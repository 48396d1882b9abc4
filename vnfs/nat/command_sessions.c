/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl sessions`: those that stand, as far as they are asked for. Control thread, and
 * workers, which copy.
 */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>

#define LIMIT_MAX 100000

const struct vnf_config_key nat_sessions_keys[] = {
	{ .name = "inside",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_sessions_args, inside),
	  .doc = "Only those of this address, prefix or range inside." },
	{ .name = "remote",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_sessions_args, remote),
	  .doc = "Only those with this address, prefix or range outside." },
	{ .name = "external",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_sessions_args, external),
	  .doc = "Only those by this external address, prefix or range." },
	{ .name = "proto",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_sessions_args, proto),
	  .doc = "Only those of this protocol: tcp, udp, icmp." },
	{ .name = "port",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_sessions_args, port),
	  .max = UINT16_MAX,
	  .def = "0",
	  .doc = "Only those with this port, or identifier of ICMP, of either end or external." },
	{ .name = "state",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_sessions_args, state),
	  .doc = "Only those in this state: asked (begun from outside, and not answered), and TCP "
		 "that is opening, established, closing, reset." },
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_sessions_args, limit),
	  .min = 1,
	  .max = LIMIT_MAX,
	  .def = "1000",
	  .doc = "No more than so many." },
	{ .name = NULL },
};

/* What is asked for. */
struct filter {
	struct nat_range inside;
	struct nat_range remote;
	struct nat_range external;
	enum nat_proto proto; /* NAT_PROTOS: any */
	uint16_t port;        /* 0: any */
	const char *state;    /* "": any */
	uint32_t limit;
};

/* A session, copied. */
struct copy {
	struct vnf_session_key4 key[2];
	uint16_t slot;
	uint8_t in_class;
	const char *state;
	uint64_t idle_ns;
};

struct question {
	struct nat_walk walk;
	struct filter filter;
	uint32_t n; /* copies, atomic; may pass the limit */
	struct copy *copies;
};

/* ---- on workers ---- */

static bool is_asked_for(const struct filter *filter, const struct vnf_session *session)
{
	const struct vnf_session_key4 *inside = vnf_session_key4(session, NAT_KEY_INSIDE);
	const struct vnf_session_key4 *outside = vnf_session_key4(session, NAT_KEY_OUTSIDE);
	rte_be16_t port = rte_cpu_to_be_16(filter->port);

	if (filter->proto != NAT_PROTOS && filter->proto != nat_proto_of(inside->proto))
		return false;
	if (port != 0 && port != inside->sport && port != inside->dport && port != outside->dport)
		return false;
	if (filter->state[0] != '\0' && strcmp(filter->state, nat_flow_state(session)) != 0)
		return false;
	return nat_range_has(&filter->inside, inside->src) &&
	       nat_range_has(&filter->remote, inside->dst) &&
	       nat_range_has(&filter->external, outside->dst);
}

static void session_see(struct vnf_worker *worker, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	struct question *q = arg;
	uint32_t at;

	(void)sessions;
	if (!is_asked_for(&q->filter, session))
		return;
	at = __atomic_fetch_add(&q->n, 1, __ATOMIC_RELAXED);
	if (at >= q->filter.limit)
		return;
	q->copies[at] = (struct copy){
		.key = { *vnf_session_key4(session, NAT_KEY_INSIDE),
			 *vnf_session_key4(session, NAT_KEY_OUTSIDE) },
		.slot = session->slot,
		.in_class = session->in_class,
		.state = nat_flow_state(session),
		.idle_ns = worker->now_ns - RTE_MIN(worker->now_ns, session->touched_ns),
	};
}

static bool sessions_part(struct nat_worker *w, uint32_t slot, uint32_t *cursor, uint32_t budget,
			  void *arg)
{
	struct question *q = arg;

	return __atomic_load_n(&q->n, __ATOMIC_RELAXED) < q->filter.limit &&
	       vnf_sessions_walk(w->worker, w->sessions, slot, cursor, budget, session_see, q);
}

/* ---- the answer ---- */

static bool state_read(const char *text, struct vnf_refusal *why)
{
	static const char *const states[] = { "",        "asked", "opening", "established",
					      "closing", "reset" };

	for (size_t i = 0; i < RTE_DIM(states); i++)
		if (strcmp(states[i], text) == 0)
			return true;
	vnf_refuse(why, -EINVAL,
		   "state is \"%s\", allowed are asked, and of TCP opening, established, closing "
		   "and reset",
		   text);
	return false;
}

static bool filter_read(const struct nat_sessions_args *args, struct filter *filter,
			struct vnf_refusal *why)
{
	filter->port = (uint16_t)args->port;
	filter->state = args->state;
	filter->limit = args->limit;
	return nat_range_read("inside", args->inside, &filter->inside, why) &&
	       nat_range_read("remote", args->remote, &filter->remote, why) &&
	       nat_range_read("external", args->external, &filter->external, why) &&
	       nat_proto_read(args->proto, &filter->proto, why) && state_read(args->state, why);
}

static json_t *copy_tell(struct vnf *vnf, const struct copy *c)
{
	const struct vnf_session_key4 *inside = &c->key[NAT_KEY_INSIDE];
	const struct vnf_session_key4 *outside = &c->key[NAT_KEY_OUTSIDE];
	char end[3][NAT_END_MAX];
	struct vnf_session_class class = { 0 };

	vnf_sessions_class(vnf_sessions_table(vnf, 0), c->in_class, &class);
	return json_pack(
		"{ss ss ss ss ss sI sI sI}", "proto", nat_proto_name(inside->proto), "inside",
		nat_end_tell(inside->src, inside->sport, end[0]), "external",
		nat_end_tell(outside->dst, outside->dport, end[1]), "remote",
		inside->proto == IPPROTO_ICMP ? nat_addr_tell(inside->dst, end[2])
					      : nat_end_tell(inside->dst, inside->dport, end[2]),
		"state", c->state, "idle_s", (json_int_t)(c->idle_ns / VNF_SECOND_NS), "expires_s",
		(json_int_t)((class.period_ns - RTE_MIN(class.period_ns, c->idle_ns)) /
			     VNF_SECOND_NS),
		"slot", (json_int_t)c->slot);
}

json_t *nat_command_sessions(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;

	if (q == NULL || !filter_read(args, &q->filter, why))
		goto free_question;
	q->walk = (struct nat_walk){ .part = sessions_part, .arg = q };
	q->copies = calloc(q->filter.limit, sizeof(*q->copies));
	if (q->copies == NULL || nat_walk_run(vnf, &q->walk, why) < 0)
		goto free_question;
	answer = json_array();
	for (uint32_t i = 0; i < RTE_MIN(q->n, q->filter.limit); i++)
		json_array_append_new(answer, copy_tell(vnf, &q->copies[i]));
free_question:
	if (q != NULL)
		free(q->copies);
	free(q);
	return answer;
}
