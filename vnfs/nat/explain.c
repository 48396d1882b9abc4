/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See explain.h. A packet that is asked about goes the way of packets, burst.c and session.c, in
 * their order and with their functions where these change nothing. What they would write to is a
 * copy: the worker, its slots' counters, its burst, the packet itself, which is of no pool.
 * Sessions, mappings and hosts are only looked at. Workers, between two passes.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>

/* A worker to play with: what it points to is the true one's, but for what is in here. */
struct nat_explain_scratch {
	struct rte_mbuf pkt;
	uint8_t room[RTE_PKTMBUF_HEADROOM + NAT_EXPLAIN_FRAME_MAX];
	struct vnf_headers h;
	struct vnf_worker worker;
	struct vnf_slots slots;
	uint64_t packets[VNF_SLOTS_MAX];
	struct nat_worker w;
	uint32_t sessions_room;
};

static void packet_fill(struct nat_explain_scratch *s, const struct nat_explain *e)
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
	if (e->hairpin)
		s->pkt.ol_flags |= nat_marks.in;
	memcpy(s->room + RTE_PKTMBUF_HEADROOM, e->frame, e->octets);
}

static void worker_fill(struct nat_explain_scratch *s, const struct vnf_worker *worker)
{
	const struct nat_worker *w = nat_worker_of(worker);

	s->worker = *worker;
	s->slots = *worker->slots;
	s->slots.packets = s->packets;
	s->worker.slots = &s->slots;
	s->worker.state = &s->w;
	s->worker.watched = 0;
	s->w.worker = &s->worker;
	s->w.sessions = w->sessions;
	s->w.table = w->table;
	s->w.spaces = w->spaces;
}

/* ---- verdicts ---- */

/* The slot is another worker's, who will say it. */
#define ELSEWHERE VNF_TAKEN

static vnf_verdict_t rule_ask(struct nat_worker *w, bool swapped, struct nat_explained *is)
{
	const struct nat_packet *p = &w->burst.p[0];
	int pool = nat_rule_find(is->policy, p->pkt, p->h, swapped);

	is->rule = nat_rule_number(is->policy, p->pkt, p->h, swapped);
	is->pool = pool < 0 ? NAT_POOL_NONE : (uint16_t)pool;
	if (pool == NAT_POOL_NONE)
		return p->received;
	return pool < 0 ? nat_drop(NAT_DROP_NO_RULE) : 0;
}

static vnf_verdict_t other_proto(struct nat_worker *w, struct nat_explained *is)
{
	const struct nat_packet *p = &w->burst.p[0];

	if (p->out && !p->hairpin)
		rule_ask(w, false, is);
	return nat_other_proto(w, p);
}

static void session_tell(const struct nat_worker *w, const struct vnf_session *session,
			 uint32_t key, struct nat_explained *is)
{
	const struct vnf_session_key4 *to = vnf_session_key4(session, key);

	is->by = NAT_BY_SESSION;
	is->addr = key == NAT_KEY_INSIDE ? to->src : to->dst;
	is->port = key == NAT_KEY_INSIDE ? to->sport : to->dport;
	is->state = nat_flow_state(session);
	is->in_class = session->in_class;
	is->idle_ns = w->worker->now_ns - RTE_MIN(w->worker->now_ns, session->touched_ns);
}

static void mapping_tell(const struct nat_worker *w, const struct nat_mapping *m,
			 struct nat_explained *is)
{
	is->by = NAT_BY_MAPPING;
	is->mapping_sessions = m->n_sessions;
	is->mapping_ns = w->worker->now_ns - m->begun_ns;
}

static void forward_tell(const struct nat_forward *f, struct nat_explained *is)
{
	is->by = NAT_BY_FORWARD;
	snprintf(is->forward, sizeof(is->forward), "%s", f->name);
}

/* ---- limits ---- */

static vnf_verdict_t host_foresee(const struct nat_worker *w, const struct nat_host *host)
{
	const struct nat_policy *policy = nat_policy_of(w);

	if (policy->limit_sessions != 0 && host->n_sessions >= policy->limit_sessions)
		return nat_drop(NAT_DROP_LIMIT_SESSIONS);
	if (policy->limit_rate != 0 && host->rate_tokens >= policy->limit_rate &&
	    w->worker->now_ns - host->rate_ns < VNF_SECOND_NS)
		return nat_drop(NAT_DROP_LIMIT_RATE);
	return 0;
}

static vnf_verdict_t session_foresee(const struct nat_explain_scratch *s, uint32_t host,
				     uint32_t side, struct nat_explained *is)
{
	const struct nat_packet *p = &s->w.burst.p[0];
	struct vnf_sessions_counters counters;
	uint32_t in_class;
	vnf_verdict_t verdict = 0;
	uint8_t state;

	if (!nat_flow_open(is->proto, p->flags, side, 0, &state, &in_class))
		return nat_drop(NAT_DROP_TCP_STATE);
	if (host != 0 && side == NAT_IN_SIDE)
		verdict = host_foresee(&s->w, nat_host_at(nat_slot_at(&s->w, is->slot), host));
	if (verdict != 0)
		return verdict;
	vnf_sessions_read(s->w.sessions, is->slot, &counters);
	return counters.in_use >= s->sessions_room ? nat_drop(NAT_DROP_FULL) : VNF_IP_PASS;
}

/* A mapping of its own: which port, the control thread will look for. */
static vnf_verdict_t mapping_foresee(const struct nat_explain_scratch *s, rte_be32_t inside,
				     uint32_t *host, struct nat_explained *is)
{
	const struct nat_worker *w = &s->w;
	const struct nat_slot *slot = nat_slot_at(w, is->slot);
	const struct nat_external *paired;
	const struct nat_host *h;

	is->by = NAT_BY_NEW;
	*host = nat_host_find(w->table, slot, inside);
	if (*host == 0 && slot->free_host == 0 && slot->fresh_host >= w->table->size.hosts)
		return nat_drop(NAT_DROP_FULL);
	if (*host != 0) {
		h = nat_host_at(slot, *host);
		if (is->policy->limit_ports != 0 &&
		    h->n_ports[is->proto] >= is->policy->limit_ports)
			return nat_drop(NAT_DROP_LIMIT_PORTS);
		paired = nat_external_paired(w, h, is->pool);
		is->paired = paired != NULL ? paired->addr : 0;
	}
	if (slot->free_mapping == 0 && slot->fresh_mapping >= w->table->size.mappings)
		return nat_drop(NAT_DROP_FULL);
	return 0;
}

/* ---- out ---- */

static vnf_verdict_t open_out(struct nat_explain_scratch *s, struct nat_explained *is)
{
	struct nat_worker *w = &s->w;
	const struct nat_packet *p = &w->burst.p[0];
	const struct vnf_session_key4 *key = &w->burst.key[0];
	const struct nat_forward *forward;
	vnf_verdict_t verdict = rule_ask(w, false, is);
	uint32_t number, host = 0;

	if (verdict != 0)
		return verdict;
	if (p->proto == NAT_TCP && (p->flags & RTE_TCP_RST_FLAG) != 0)
		return nat_drop(NAT_DROP_TCP_STATE);
	if (!nat_is_inside(w, key->src))
		return VNF_DROP(VNF_DROP_MARTIAN);
	if (p->hairpin && p->external != NULL && p->external->own &&
	    nat_is_nobodys(w, p, key->dport))
		return p->received;
	forward = nat_forward_out(is->policy, key->proto, key->src, key->sport);
	number = nat_mapping_out(w, is->slot, is->pool, is->proto, key->src, key->sport);
	if (forward != NULL) {
		forward_tell(forward, is);
		is->addr = rte_cpu_to_be_32(forward->outside);
		is->port = nat_forward_port_out(forward, key->sport);
	} else if (number != 0) {
		const struct nat_mapping *m = nat_mapping_at(nat_slot_at(w, is->slot), number);

		mapping_tell(w, m, is);
		host = m->host;
		is->addr = nat_space_at(w->spaces, m->space)->addr;
		is->port = m->port;
	} else {
		is->port = key->sport;
		verdict = mapping_foresee(s, key->src, &host, is);
	}
	return verdict != 0 ? verdict : session_foresee(s, host, NAT_IN_SIDE, is);
}

/* A pair of addresses, one to one. */
static bool static_out(struct nat_worker *w, struct nat_explained *is)
{
	const struct nat_packet *p = &w->burst.p[0];

	is->addr = nat_static_out(is->policy, vnf_ipv4(p->pkt, p->h)->src_addr);
	if (is->addr == 0)
		return false;
	is->by = NAT_BY_STATIC;
	if (is->policy->n_rules != 0 && rule_ask(w, false, is) == p->received)
		is->by = NAT_BY_NOTHING;
	else
		is->rule = NAT_RULE_UNASKED;
	return true;
}

static vnf_verdict_t out_look(struct nat_explain_scratch *s, struct nat_explained *is)
{
	struct nat_worker *w = &s->w;
	struct nat_packet *p = &w->burst.p[0];
	const struct vnf_session *session;
	vnf_verdict_t verdict;

	p->out = is->is_out = true;
	if (is->policy->n_statics != 0 && static_out(w, is))
		return is->by == NAT_BY_STATIC ? VNF_IP_PASS : p->received;
	if (nat_proto_of(p->h->proto) == NAT_PROTOS)
		return other_proto(w, is);
	if (p->hairpin && p->external != NULL && p->h->proto == IPPROTO_ICMP)
		return p->external->own ? p->received : nat_drop(NAT_DROP_NO_MAPPING);
	verdict = nat_key_make(w, 0);
	if (verdict != 0)
		return verdict;
	is->proto = (enum nat_proto)p->proto;
	is->slot = (uint16_t)nat_slot_of_host(w->worker, w->burst.key[0].src);
	if (!vnf_slot_is_mine(w->worker, is->slot))
		return ELSEWHERE;
	session = vnf_session_find(w->worker, w->sessions, is->slot, &w->burst.key[0], NULL);
	if (session == NULL)
		return open_out(s, is);
	session_tell(w, session, NAT_KEY_OUTSIDE, is);
	return VNF_IP_PASS;
}

/* ---- in ---- */

static vnf_verdict_t unasked(const struct nat_worker *w, enum nat_drop reason,
			     struct nat_explained *is)
{
	const struct nat_packet *p = &w->burst.p[0];

	if (is->proto == NAT_TCP && (p->flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG |
						 RTE_TCP_RST_FLAG)) == RTE_TCP_SYN_FLAG) {
		is->held = is->policy->syn_hold_ns != 0;
		return nat_drop(is->held ? NAT_DROP_SYN_UNANSWERED : reason);
	}
	return reason == NAT_DROP_NO_MAPPING && p->external->own ? p->received : nat_drop(reason);
}

static vnf_verdict_t way_foresee(const struct nat_worker *w, const struct nat_explained *is)
{
	return vnf_ip_towards(w->worker, 4, (const uint8_t *)&is->addr) != VNF_IP_NO_INTERFACE
		       ? 0
		       : VNF_DROP(VNF_DROP_NO_ROUTE);
}

static vnf_verdict_t open_in(struct nat_explain_scratch *s, struct nat_explained *is)
{
	struct nat_worker *w = &s->w;
	const struct nat_packet *p = &w->burst.p[0];
	const struct vnf_session_key4 *key = &w->burst.key[0];
	const struct nat_mapping *m;
	vnf_verdict_t verdict;
	uint32_t number, host = 0;

	if ((p->pkt->ol_flags & nat_marks.in) == 0 &&
	    nat_external_find(is->policy, key->src) != NULL)
		return VNF_DROP(VNF_DROP_MARTIAN);
	number = nat_mapping_in(w, is->slot, p->external, is->proto, key->dport);
	if (number == 0 && p->forward == NULL)
		return unasked(w, NAT_DROP_NO_MAPPING, is);
	if (number != 0) {
		m = nat_mapping_at(nat_slot_at(w, is->slot), number);
		mapping_tell(w, m, is);
		host = m->host;
		is->addr = m->inside;
		is->port = m->inside_port;
	} else {
		forward_tell(p->forward, is);
		is->addr = rte_cpu_to_be_32(p->forward->inside);
		is->port = nat_forward_port_in(p->forward, key->dport);
	}
	if (is->proto == NAT_ICMP) {
		is->filtered = true;
		return nat_drop(NAT_DROP_FILTERED);
	}
	if (number != 0 && !nat_mapping_takes(w, is->slot, number, is->proto))
		return unasked(w, NAT_DROP_NO_MAPPING, is);
	is->filtered = number != 0 && !nat_filter_passes(w, is->slot, number, key->src);
	if (is->filtered)
		return unasked(w, NAT_DROP_FILTERED, is);
	verdict = way_foresee(w, is);
	return verdict != 0 ? verdict : session_foresee(s, host, NAT_OUT_SIDE, is);
}

static vnf_verdict_t in_look(struct nat_explain_scratch *s, struct nat_explained *is)
{
	struct nat_worker *w = &s->w;
	struct nat_packet *p = &w->burst.p[0];
	const struct vnf_session *session;
	vnf_verdict_t verdict;

	p->out = false;
	is->is_in = true;
	is->addr = nat_static_in(is->policy, vnf_ipv4(p->pkt, p->h)->dst_addr);
	if (is->addr != 0) {
		is->by = NAT_BY_STATIC;
		verdict = way_foresee(w, is);
		return verdict != 0 ? verdict : VNF_IP_PASS;
	}
	if (nat_proto_of(p->h->proto) == NAT_PROTOS)
		return nat_other_proto(w, p);
	verdict = nat_key_make(w, 0);
	if (verdict != 0)
		return p->external->own ? p->received : verdict;
	is->proto = (enum nat_proto)p->proto;
	is->slot = (uint16_t)nat_slot_in(w, p->external, is->proto, w->burst.key[0].dport,
					 &p->forward);
	if (!vnf_slot_is_mine(w->worker, is->slot))
		return ELSEWHERE;
	session = vnf_session_find(w->worker, w->sessions, is->slot, &w->burst.key[0], NULL);
	if (session == NULL)
		return open_in(s, is);
	session_tell(w, session, NAT_KEY_INSIDE, is);
	verdict = way_foresee(w, is);
	return verdict != 0 ? verdict : VNF_IP_PASS;
}

/* ---- the direction ---- */

/* From inside to an external port that is nobody's: to the program itself. */
static bool is_for_itself(struct nat_worker *w)
{
	struct nat_packet *p = &w->burst.p[0];
	enum nat_proto proto = nat_proto_of(p->h->proto);
	const struct nat_forward *forward;
	rte_be16_t port;

	if (p->external == NULL || !p->external->own || (proto != NAT_TCP && proto != NAT_UDP))
		return false;
	port = vnf_ports(p->pkt, p->h)->dst;
	nat_slot_in(w, p->external, proto, port, &forward);
	return forward == NULL &&
	       (p->external->space == NULL || nat_port_whose(p->external->space, proto, port) == 0);
}

static vnf_verdict_t to_program(struct nat_explain_scratch *s, uint8_t side,
				struct nat_explained *is)
{
	struct nat_worker *w = &s->w;
	struct nat_packet *p = &w->burst.p[0];
	rte_be32_t dst = vnf_ipv4(p->pkt, p->h)->dst_addr;

	p->external = nat_external_find(is->policy, dst);
	if (p->external == NULL && nat_static_in(is->policy, dst) == 0)
		return p->received;
	if (p->received == VNF_IP_NODE && p->h->proto == IPPROTO_UDP)
		return p->received;
	if (side != NAT_INSIDE || (p->pkt->ol_flags & nat_marks.in) != 0)
		return in_look(s, is);
	if (is_for_itself(w))
		return p->received;
	p->hairpin = is->hairpin = true;
	return out_look(s, is);
}

static uint8_t side_of(const struct nat_policy *policy, uint16_t interface)
{
	return interface != VNF_IP_NO_INTERFACE ? policy->side_of[interface] : NAT_NEITHER;
}

static vnf_verdict_t packet_look(struct nat_explain_scratch *s, const struct nat_explain *e,
				 struct nat_explained *is)
{
	struct nat_worker *w = &s->w;
	struct nat_packet *p = &w->burst.p[0];
	struct rte_mbuf *pkt = &s->pkt;
	vnf_verdict_t received, verdict;
	uint8_t side;

	vnf_ip_receive(w->worker, e->port, &pkt, &s->h, &received, 1);
	*p = (struct nat_packet){ .pkt = pkt, .h = &s->h, .received = received };
	is->out = VNF_IP_NO_INTERFACE;
	if ((received & VNF_VERDICT_DROP) != 0)
		return received;
	is->out = vnf_ip_out(w->worker, 0);
	side = side_of(is->policy, vnf_ip_in(w->worker, 0));
	if (received != VNF_IP_PASS)
		return to_program(s, side, is);
	if (side == NAT_INSIDE && side_of(is->policy, is->out) == NAT_OUTSIDE)
		return out_look(s, is);
	if (side != NAT_OUTSIDE || side_of(is->policy, is->out) != NAT_INSIDE)
		return is->out != VNF_IP_NO_INTERFACE ? received : VNF_DROP(VNF_DROP_NO_ROUTE);
	is->is_in = true;
	verdict = is->policy->n_rules != 0 ? rule_ask(w, true, is) : 0;
	return verdict == received ? received : nat_drop(NAT_DROP_UNTRANSLATED);
}

static bool explain_step(struct vnf_worker *worker, void *arg)
{
	struct nat_explain *e = arg;
	struct nat_explain_scratch *s = &e->scratch[worker->id];
	struct nat_explained is = { .policy = worker->built,
				    .now_ns = worker->now_ns,
				    .rule = NAT_RULE_UNASKED,
				    .pool = NAT_POOL_NONE,
				    .slot = VNF_SESSION_NO_SLOT,
				    .proto = NAT_PROTOS };

	if (__atomic_load_n(&e->answered, __ATOMIC_ACQUIRE) != 0)
		return true;
	worker_fill(s, worker);
	packet_fill(s, e);
	s->sessions_room = e->room;
	is.verdict = packet_look(s, e, &is);
	/* What no slot is needed for, all say: one is enough. */
	if (is.verdict == ELSEWHERE || (is.slot == VNF_SESSION_NO_SLOT && worker->id != 0))
		return true;
	e->is = is;
	__atomic_store_n(&e->answered, 1, __ATOMIC_RELEASE);
	return true;
}

int nat_explain_ask(struct vnf *vnf, struct nat_explain *e)
{
	struct vnf_sessions_conf conf = { .slots = vnf_slot_count(vnf) };
	size_t bytes = vnf_worker_count(vnf) * sizeof(*e->scratch);
	int ret;

	nat_state_tables(vnf, vnf_config(vnf), 0, &conf);
	e->room = vnf_sessions_per_slot(&conf);
	e->answered = 0;
	e->scratch = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(bytes, RTE_CACHE_LINE_SIZE));
	if (e->scratch == NULL)
		return -ENOMEM;
	memset(e->scratch, 0, bytes);
	ret = vnf_workers_ask(vnf, explain_step, e, NAT_ASK_TIMEOUT_NS);
	if (ret == 0 && e->answered == 0)
		ret = -ETIMEDOUT;
	free(e->scratch);
	e->scratch = NULL;
	return ret;
}
