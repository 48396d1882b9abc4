/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The log: sessions that begin and end, packets that are dropped, as far as the policy asks for
 * them. Called where that is known, if there is a journal (vnf/journal.h): judge.c, the table's
 * call when a session has ended. What is known of it is copied into a record by the worker; the
 * journal's thread makes a line of that (event.c).
 */
#include "firewall.h"

#include <vnf/embed.h>
#include <vnf/ip.h>

#include "event.h"
#include "policy_words.h"

#define VLAN_ID 0xfff
/* In units of 65,536 ns, the clock fits into the 48 bits that a session has for it. */
#define BEGUN_SHIFT 16

_Static_assert(sizeof(struct fw_event) <= VNF_JOURNAL_RECORD_MAX, "it is a record");
_Static_assert(FW_EVENT_NAME_OCTETS > FW_ZONE_NAME_MAX && FW_EVENT_NAME_OCTETS > FW_RULE_NAME_MAX,
	       "names fit");

/* ---- filling in ---- */

static struct fw_event *event_begin(struct vnf_worker *worker, enum fw_event_kind kind)
{
	struct fw_event *e = vnf_journal_reserve(worker, sizeof(*e));

	if (e == NULL)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->kind = (uint8_t)kind;
	e->port = UINT16_MAX;
	return e;
}

/* To where there are zeros. */
static void name_copy(char *to, size_t size, const char *name)
{
	if (name != NULL)
		memccpy(to, name, '\0', size - 1);
}

static void zone_copy(const struct fw_policy *policy, uint8_t zone, char *to)
{
	if (zone == FW_ZONE_SELF)
		name_copy(to, FW_EVENT_NAME_OCTETS, "self");
	else if (zone < FW_ZONES_MAX)
		name_copy(to, FW_EVENT_NAME_OCTETS, policy->zone_known[zone]);
}

/* Names of interfaces may change with a reload; ports (transparent) stay, and have time. */
static void in_copy(const struct vnf_worker *worker, uint16_t in, struct fw_event *e)
{
	if (fw_policy_of(worker)->mode == FW_ROUTED)
		name_copy(e->in, sizeof(e->in), vnf_ip_interface_name(worker, in));
	else
		e->port = in;
}

static void vlans_copy(uint16_t vlan, uint16_t inner, struct fw_event *e)
{
	e->vlan = vlan == VNF_ACL_UNTAGGED ? 0 : vlan;
	e->inner = inner;
}

/* Of the policy of that number; nothing, if it is not known any more. */
static void rule_copy(const struct fw_policy *policy, uint32_t number, uint32_t rule,
		      struct fw_event *e)
{
	const char *label = fw_label(policy, number, rule);

	if (label == NULL)
		return;
	e->rule = rule + 1;
	name_copy(e->rule_name, sizeof(e->rule_name), label);
}

/* ---- of a packet ---- */

static void icmp_copy(const struct fw_packet *p, struct fw_event *e)
{
	const struct rte_icmp_hdr *icmp = vnf_icmp(p->pkt, p->h);

	e->has = FW_EVENT_ICMP_TYPE | FW_EVENT_ICMP_CODE;
	e->icmp_type = icmp->icmp_type;
	e->icmp_code = icmp->icmp_code;
	if (vnf_session_icmp_request(p->h, icmp->icmp_type) == 0)
		return;
	e->has |= FW_EVENT_ICMP_ID;
	e->icmp_id = rte_be_to_cpu_16(icmp->icmp_ident);
}

static void layer4_copy(const struct fw_packet *p, struct fw_event *e)
{
	e->proto = p->h->proto;
	if (vnf_is_icmp(p->h))
		icmp_copy(p, e);
	if (!vnf_has_ports(p->h))
		return;
	e->has = FW_EVENT_PORTS;
	e->src_port = rte_be_to_cpu_16(vnf_ports(p->pkt, p->h)->src);
	e->dst_port = rte_be_to_cpu_16(vnf_ports(p->pkt, p->h)->dst);
	if (p->h->proto != IPPROTO_TCP)
		return;
	e->has |= FW_EVENT_TCP_FLAGS;
	e->tcp_flags = vnf_tcp(p->pkt, p->h)->tcp_flags;
}

static void headers_copy(const struct fw_packet *p, struct fw_event *e)
{
	if (vnf_is_ipv4(p->h)) {
		e->version = 4;
		memcpy(e->src, &vnf_ipv4(p->pkt, p->h)->src_addr, 4);
		memcpy(e->dst, &vnf_ipv4(p->pkt, p->h)->dst_addr, 4);
	} else if (vnf_is_ipv6(p->h)) {
		e->version = 6;
		memcpy(e->src, vnf_ipv6(p->pkt, p->h)->src_addr, 16);
		memcpy(e->dst, vnf_ipv6(p->pkt, p->h)->dst_addr, 16);
	} else {
		e->has = FW_EVENT_ETHER_TYPE;
		e->ether_type = p->h->ether_type;
		return;
	}
	layer4_copy(p, e);
}

static void packet_copy(const struct fw_worker *w, const struct fw_packet *p, struct fw_event *e)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);

	zone_copy(policy, p->zone_in, e->from);
	zone_copy(policy, p->zone_out, e->to);
	vlans_copy(p->vlan, p->inner, e);
	in_copy(w->worker, p->in, e);
	headers_copy(p, e);
}

/* Of a packet whose way was not looked for: it came by a port. */
static void stray_copy(const struct fw_worker *w, const struct fw_packet *p, bool is_parsed,
		       struct fw_event *e)
{
	in_copy(w->worker, p->port, e);
	if (!is_parsed)
		return;
	if (p->h->n_vlans > 0)
		e->vlan = p->h->vlan[0] & VLAN_ID;
	headers_copy(p, e);
}

/* ---- sessions ---- */

void fw_flow_begun_set(struct fw_flow *flow, uint64_t now_ns)
{
	for (uint32_t i = 0; i < RTE_DIM(flow->begun); i++)
		flow->begun[i] = (uint16_t)(now_ns >> (BEGUN_SHIFT + 16 * i));
}

static uint64_t begun_ns(const struct fw_flow *flow)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < RTE_DIM(flow->begun); i++)
		ns |= (uint64_t)flow->begun[i] << (BEGUN_SHIFT + 16 * i);
	return ns;
}

static bool is_asked_for(uint8_t log, bool rule_says_so)
{
	return log == FW_LOG_ALL || (log == FW_LOG_RULES && rule_says_so);
}

void fw_log_begin(const struct fw_worker *w, const struct fw_packet *p, const struct fw_flow *flow)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct fw_event *e;

	if (!is_asked_for(policy->log_sessions, flow->log))
		return;
	e = event_begin(w->worker, FW_EVENT_BEGIN);
	if (e == NULL)
		return;
	packet_copy(w, p, e);
	e->has &= (uint8_t) ~(FW_EVENT_ICMP_CODE | FW_EVENT_TCP_FLAGS);
	rule_copy(policy, flow->policy, flow->rule, e);
	vnf_journal_write(w->worker);
}

static void ports_copy(uint8_t icmp, rte_be16_t src, rte_be16_t dst, struct fw_event *e)
{
	e->icmp_type = icmp;
	e->icmp_id = e->src_port = rte_be_to_cpu_16(src);
	e->dst_port = rte_be_to_cpu_16(dst);
	if (icmp != 0)
		e->has = FW_EVENT_ICMP_TYPE | FW_EVENT_ICMP_ID;
	else if (fw_proto_has_ports(e->proto))
		e->has = FW_EVENT_PORTS;
}

/* In the order of the side that began it. */
static void ends_copy(const struct vnf_session *session, bool is_turned, struct fw_event *e)
{
	uint8_t *src = is_turned ? e->dst : e->src, *dst = is_turned ? e->src : e->dst;

	if (e->version == 4) {
		const struct vnf_session_key4 *key = vnf_session_key4(session, 0);

		e->proto = key->proto;
		memcpy(src, &key->src, sizeof(key->src));
		memcpy(dst, &key->dst, sizeof(key->dst));
		ports_copy(key->icmp, is_turned ? key->dport : key->sport,
			   is_turned ? key->sport : key->dport, e);
	} else {
		const struct vnf_session_key6 *key = vnf_session_key6(session, 0);

		e->proto = key->proto;
		memcpy(src, key->src, sizeof(key->src));
		memcpy(dst, key->dst, sizeof(key->dst));
		ports_copy(key->icmp, is_turned ? key->dport : key->sport,
			   is_turned ? key->sport : key->dport, e);
	}
}

/* By time, when it was over already, is another thing than by time alone. */
static enum fw_end end_of(const struct vnf_worker *worker, const struct vnf_session *session,
			  enum vnf_session_end why)
{
	if (why == VNF_SESSION_REMOVED)
		return fw_worker_of(worker)->ending;
	if (why == VNF_SESSION_EVICTED)
		return FW_END_EVICTED;
	switch (session->in_class) {
	case FW_CLASS_TCP_CLOSING:
	case FW_CLASS_TCP_TIME_WAIT:
		return FW_END_CLOSED;
	case FW_CLASS_TCP_RESET:
		return FW_END_RESET;
	default:
		return FW_END_EXPIRED;
	}
}

static void session_copy(const struct vnf_worker *worker, const struct vnf_session *session,
			 const struct fw_flow *flow, struct fw_event *e)
{
	const struct fw_policy *policy = fw_policy_of(worker);

	zone_copy(policy, flow->zone[0], e->from);
	zone_copy(policy, flow->zone[1], e->to);
	vlans_copy(flow->vlan, flow->inner, e);
	/* Ports stay what they are; interfaces have numbers of their configuration's. */
	if (policy->mode == FW_TRANSPARENT || flow->policy == policy->number)
		in_copy(worker, flow->in[0], e);
	ends_copy(session, flow->first != 0, e);
	e->state = fw_flow_state(session, e->proto);
	e->duration_ns = worker->now_ns - RTE_MIN(worker->now_ns, begun_ns(flow));
	e->idle_ns = worker->now_ns - RTE_MIN(worker->now_ns, session->touched_ns);
}

void fw_log_end(struct vnf_worker *worker, const struct vnf_sessions *sessions,
		struct vnf_session *session, enum vnf_session_end why)
{
	const struct fw_policy *policy = fw_policy_of(worker);
	const struct fw_flow *flow = vnf_session_user(session);
	struct fw_event *e;

	if (!is_asked_for(policy->log_sessions, flow->log))
		return;
	e = event_begin(worker, FW_EVENT_END);
	if (e == NULL)
		return;
	e->version = sessions == worker->sessions[FW_IPV4] ? 4 : 6;
	session_copy(worker, session, flow, e);
	rule_copy(policy, flow->policy, flow->rule, e);
	e->why = (uint8_t)end_of(worker, session, why);
	vnf_journal_write(worker);
}

/* ---- drops ---- */

/* Of a packet that is dropped for this, had a rule to say something? */
static bool is_by_rule(uint32_t reason)
{
	return reason == FW_DROP_POLICY || reason == FW_DROP_REJECTED || reason == FW_DROP_RATE ||
	       reason == FW_DROP_SOURCE_SESSIONS || reason == FW_DROP_SOURCE_RATE ||
	       reason == FW_DROP_HALF_OPEN || reason == FW_DROP_HALF_OPEN_SOURCE ||
	       reason == FW_DROP_FULL;
}

/* Its number, or FW_RULE_UNASKED, as of later fragments. */
static uint32_t rule_of_drop(const struct fw_worker *w, uint16_t i, uint32_t reason)
{
	if (w->burst.p[i].kind <= FW_KIND_DONE || !is_by_rule(reason))
		return FW_RULE_UNASKED;
	return w->burst.rule[i];
}

static void drop_write(struct fw_worker *w, uint16_t i, uint32_t reason, uint32_t rule)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	const struct fw_packet *p = &w->burst.p[i];
	struct fw_event *e = event_begin(w->worker, FW_EVENT_DROP);

	if (e == NULL)
		return;
	if (p->kind == FW_KIND_UNREAD)
		stray_copy(w, p, reason >= VNF_DROP_USER, e);
	else
		packet_copy(w, p, e);
	rule_copy(policy, policy->number, rule, e);
	e->reason = (uint16_t)reason;
	e->length = p->pkt->pkt_len;
	vnf_journal_write(w->worker);
}

/* Neither taken, nor handed over. */
static bool is_drop(vnf_verdict_t verdict)
{
	return verdict == FW_REFUSE || (verdict & VNF_TAKEN) == VNF_VERDICT_DROP;
}

void fw_log_drop(struct fw_worker *w, uint16_t i, vnf_verdict_t verdict)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	uint32_t reason = verdict == FW_REFUSE ? FW_DROP_REJECTED : verdict & ~VNF_VERDICT_DROP;
	uint32_t rule = rule_of_drop(w, i, reason);
	bool rule_says_so = rule != FW_RULE_UNASKED && policy->rule[rule].log;

	/* As a router, such a verdict is the IP node's. */
	if (!is_drop(verdict) ||
	    (w->burst.p[i].kind == FW_KIND_UNREAD && policy->mode == FW_ROUTED))
		return;
	if (is_asked_for(policy->log_drops, rule_says_so))
		drop_write(w, i, reason, rule);
}

/* ---- lines ---- */

json_t *fw_log_line(struct vnf *vnf, const void *record, size_t octets)
{
	struct vnf_port_info port;
	struct fw_event e;

	(void)octets;
	memcpy(&e, record, sizeof(e));
	if (e.port != UINT16_MAX && vnf_port_get_info(vnf, e.port, &port) == 0)
		name_copy(e.in, sizeof(e.in), port.name);
	return fw_event_tell(&e, e.kind == FW_EVENT_DROP ? vnf_drop_name(vnf, e.reason) : NULL);
}
