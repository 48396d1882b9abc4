/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See explain.h. A packet that is asked about goes the way of packets: transparent.c or routed.c,
 * key.c, and then the order of judge.c, with the same functions where these change nothing. What
 * they would write to is a copy: the worker, its slots' counters, its burst, the packet itself,
 * which is of no pool. Sessions are only looked at. Workers, between two passes.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>

/* A worker to play with: what it points to is the true one's, but for what is in here. */
struct fw_explain_scratch {
	struct rte_mbuf pkt;
	uint8_t room[RTE_PKTMBUF_HEADROOM + FW_EXPLAIN_FRAME_MAX];
	struct vnf_headers h;
	struct vnf_worker worker;
	struct vnf_slots slots;
	uint64_t packets[VNF_SLOTS_MAX];
	struct fw_worker w;
};

static void packet_fill(struct fw_explain_scratch *s, const struct fw_explain *e)
{
	memset(&s->pkt, 0, sizeof(s->pkt));
	s->pkt.buf_addr = s->room;
	s->pkt.buf_len = sizeof(s->room);
	s->pkt.data_off = RTE_PKTMBUF_HEADROOM;
	s->pkt.refcnt = 1;
	s->pkt.nb_segs = 1;
	s->pkt.port = e->port;
	s->pkt.pkt_len = e->octets;
	s->pkt.data_len = e->octets;
	memcpy(s->room + RTE_PKTMBUF_HEADROOM, e->frame, e->octets);
}

static void worker_fill(struct fw_explain_scratch *s, const struct vnf_worker *worker)
{
	s->worker = *worker;
	s->slots = *worker->slots;
	s->slots.packets = s->packets;
	s->worker.slots = &s->slots;
	s->worker.state = &s->w;
	s->worker.watched = 0;
	s->w.worker = &s->worker;
	s->w.reject_full_ns = fw_worker_of(worker)->reject_full_ns;
	s->w.limits = fw_worker_of(worker)->limits;
	s->w.n_waited = 0;
}

/* ---- rules ---- */

/* How many of the rule's sessions may begin now; as rate_take() of limit.c counts them. */
static uint32_t rate_left(const struct fw_rule *rule, uint64_t now_ns)
{
	uint64_t full = __atomic_load_n(&rule->full_ns, __ATOMIC_RELAXED);
	uint64_t each = VNF_SECOND_NS / rule->rate;
	uint64_t used = full > now_ns ? full - now_ns : 0;

	return used >= VNF_SECOND_NS ? 0 : (uint32_t)((VNF_SECOND_NS - used) / RTE_MAX(each, 1U));
}

static void rule_foresee(struct fw_worker *w, struct fw_explained *is, const uint32_t *in_class)
{
	const struct fw_packet *p = &w->burst.p[0];
	const struct fw_rule *rule;

	is->stage = FW_STAGE_RULE;
	is->rule = fw_rule_find(is->policy, p);
	rule = &is->policy->rule[is->rule];
	if (p->kind == FW_KIND_NEIGHBOUR && !rule->names_icmp) {
		is->stage = FW_STAGE_NO_RULE;
		is->rule = FW_RULE_UNASKED;
		is->verdict = FW_PASS;
		return;
	}
	is->verdict = rule->action == FW_REJECT ? FW_REFUSE
		      : rule->action == FW_DROP ? fw_drop(FW_DROP_POLICY)
						: FW_PASS;
	if (is->verdict == FW_PASS)
		is->verdict = fw_limit_foresee(w, p, is->rule, in_class);
	if (is->verdict != FW_PASS || rule->rate == 0)
		return;
	is->left = rate_left(rule, w->worker->now_ns);
	if (is->left == 0)
		is->verdict = fw_drop(FW_DROP_RATE);
}

/* ---- without a session, or with one ---- */

static void opener_foresee(struct fw_worker *w, struct fw_explained *is)
{
	const struct fw_packet *p = &w->burst.p[0];
	struct fw_flow flow;
	uint32_t in_class = 0;

	is->stage = FW_STAGE_SANITY;
	is->verdict = fw_packet_sanity(w, p);
	if (is->verdict != FW_PASS)
		return;
	if (p->kind == FW_KIND_KEYED) {
		is->stage = FW_STAGE_OPEN;
		memset(&flow, 0, sizeof(flow));
		is->verdict = p->l4.reply ? fw_drop(FW_DROP_NO_SESSION)
					  : fw_flow_open(is->policy, p, &flow, &in_class);
		if (is->verdict != FW_PASS)
			return;
		is->begins = true;
	}
	rule_foresee(w, is, is->begins ? &in_class : NULL);
	is->begins = is->begins && is->verdict == FW_PASS;
}

static void session_tell(const struct fw_worker *w, struct vnf_session *session,
			 struct fw_explained *is)
{
	struct vnf_sessions *table = w->worker->sessions[w->burst.p[0].table];
	struct vnf_session_class class = { 0 };

	fw_session_copy(w->worker, table, session, &is->session);
	vnf_sessions_class(table, session->in_class, &class);
	is->live_ns = class.period_ns - RTE_MIN(class.period_ns, is->session.idle_ns);
}

static void session_foresee(struct fw_worker *w, struct vnf_session *session,
			    struct fw_explained *is)
{
	const struct fw_packet *p = &w->burst.p[0];
	const struct fw_flow *flow = vnf_session_user(session);
	uint32_t from = p->direction ^ flow->first;

	session_tell(w, session, is);
	is->stage = FW_STAGE_SESSION;
	is->verdict = fw_session_look(w, p, session, from, &is->rule);
	is->ends = is->verdict == fw_drop(FW_DROP_POLICY);
	/* The rule is one of a policy that is gone. */
	if (is->verdict != FW_PASS && !is->ends && flow->policy != is->policy->number)
		is->rule = FW_RULE_UNASKED;
	if (is->verdict != FW_PASS)
		return;
	is->is_tcp = p->l4.proto == IPPROTO_TCP;
	is->verdict = fw_flow_foresee(p, flow, from);
	if (is->verdict != FW_REFUSE)
		return;
	/* The connection is over: another one between the same ports. */
	is->ends = true;
	is->is_tcp = false;
	opener_foresee(w, is);
}

/* ---- the packet ---- */

static vnf_verdict_t packet_look(struct fw_explain_scratch *s, const struct fw_explain *e,
				 struct fw_explained *is)
{
	struct rte_mbuf *pkt = &s->pkt;

	is->out = VNF_IP_NO_INTERFACE;
	if (is->policy->mode == FW_TRANSPARENT)
		return fw_transparent_look(&s->w, e->port, pkt, &s->h);
	return fw_routed_look(&s->w, e->port, pkt, &s->h, &is->received, &is->out);
}

static vnf_verdict_t first_look(struct fw_worker *w)
{
	struct fw_packet *p = &w->burst.p[0];

	return p->kind == FW_KIND_FRAGMENT ? fw_key_first(&w->burst, 0) : 0;
}

static void judge(struct fw_explain_scratch *s, const struct fw_explain *e, struct fw_explained *is)
{
	const struct fw_packet *p = &s->w.burst.p[0];
	struct vnf_acl_packet packet;
	struct vnf_session *session;

	is->slot = s->w.burst.slot[0];
	is->is_known = true;
	is->zone_in = p->zone_in;
	is->zone_out = p->zone_out;
	fw_acl_packet(p, &packet);
	if (e->asked < is->policy->n_rules)
		is->differs = vnf_acl_differs(is->policy->acl, e->asked, &packet);
	is->verdict = first_look(&s->w);
	if (is->verdict != 0)
		return;
	session = fw_session_find(&s->w, 0);
	if (session != NULL)
		session_foresee(&s->w, session, is);
	else
		opener_foresee(&s->w, is);
	if (is->verdict == FW_REFUSE)
		is->answer = fw_refuse_foresee(&s->w, p);
}

static bool is_of_slot(vnf_verdict_t verdict)
{
	return (verdict & 0xff000000u) == VNF_VERDICT_SLOT;
}

static bool explain_step(struct vnf_worker *worker, void *arg)
{
	struct fw_explain *e = arg;
	struct fw_explain_scratch *s = &e->scratch[worker->id];
	struct fw_explained is = { .policy = fw_policy_of(worker), .rule = FW_RULE_UNASKED };

	if (__atomic_load_n(&e->answered, __ATOMIC_ACQUIRE) != 0)
		return true;
	worker_fill(s, worker);
	packet_fill(s, e);
	is.verdict = packet_look(s, e, &is);
	if (is_of_slot(is.verdict))
		return true; /* another worker's */
	/* What stands already does so on all of them: one is to say so. */
	if (is.verdict != 0 && worker->id != 0)
		return true;
	if (is.verdict == 0)
		judge(s, e, &is);
	e->is = is;
	__atomic_store_n(&e->answered, 1, __ATOMIC_RELEASE);
	return true;
}

int fw_explain_ask(struct vnf *vnf, struct fw_explain *e)
{
	size_t bytes = vnf_worker_count(vnf) * sizeof(*e->scratch);
	int ret;

	e->scratch = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	if (e->scratch == NULL)
		return -ENOMEM;
	memset(e->scratch, 0, bytes);
	ret = vnf_workers_ask(vnf, explain_step, e, FW_ASK_TIMEOUT_NS);
	if (ret == 0 && e->answered == 0)
		ret = -ETIMEDOUT;
	free(e->scratch);
	e->scratch = NULL;
	return ret;
}
