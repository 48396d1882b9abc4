/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Verdicts for a burst. Sessions of all packets are looked up side by side, then rules for all that
 * have none, then each packet is judged in its order: what one begins or ends counts for the next.
 * Worker.
 */
#include "firewall.h"

void fw_burst_begin(struct fw_burst *b, uint16_t n)
{
	b->n = n;
	b->changed = false;
	for (uint32_t t = 0; t < FW_TABLES; t++) {
		b->n_table[t] = 0;
		memset(b->table_slot[t], UINT8_MAX, n * sizeof(b->table_slot[t][0]));
	}
}

/* ---- lookup ---- */

static const void *key_of(const struct fw_burst *b, uint16_t i)
{
	return b->p[i].table == FW_IPV4 ? (const void *)&b->key4[i] : (const void *)&b->key6[i];
}

static struct vnf_sessions *table_of(const struct fw_worker *w, const struct fw_packet *p)
{
	return w->worker->sessions[p->table];
}

static void sessions_find(struct fw_worker *w)
{
	struct fw_burst *b = &w->burst;

	for (uint32_t t = 0; t < FW_TABLES; t++) {
		const void *keys = t == FW_IPV4 ? (const void *)b->key4 : (const void *)b->key6;

		if (b->n_table[t] > 0)
			vnf_sessions_lookup(w->worker, w->worker->sessions[t], b->table_slot[t],
					    keys, b->n, b->hit[t]);
	}
}

static bool has_key(const struct fw_packet *p)
{
	return p->kind == FW_KIND_KEYED || p->kind == FW_KIND_ERROR;
}

/* As the lookup has found it, unless something has changed since. */
static __rte_always_inline struct vnf_session *session_of(struct fw_worker *w, uint16_t i)
{
	struct fw_burst *b = &w->burst;
	const struct fw_packet *p = &b->p[i];
	struct vnf_session_hit *hit = &b->hit[p->table][i];

	if (unlikely(b->changed) && (hit->session == NULL || !vnf_session_hit_holds(hit)))
		vnf_session_find(w->worker, table_of(w, p), b->slot[i], key_of(b, i), hit);
	return hit->session;
}

/* ---- rules ---- */

/* What cannot begin a session, whatever they say, is not worth it. */
static bool asks_rules(const struct fw_policy *policy, const struct fw_burst *b, uint16_t i)
{
	const struct fw_packet *p = &b->p[i];

	if (likely(p->kind == FW_KIND_KEYED && b->hit[p->table][i].session != NULL))
		return false;
	if (p->kind == FW_KIND_BARE || p->kind == FW_KIND_NEIGHBOUR)
		return true;
	if (p->kind != FW_KIND_KEYED || p->l4.reply)
		return false;
	return p->l4.proto != IPPROTO_TCP || !policy->strict ||
	       (vnf_tcp(p->pkt, p->h)->tcp_flags & RTE_TCP_SYN_FLAG) != 0;
}

void fw_acl_packet(const struct fw_packet *p, struct vnf_acl_packet *packet)
{
	vnf_acl_packet_of(p->pkt, p->h, p->zone_in, p->zone_out, p->vlan, packet);
}

static uint32_t rule_or_default(const struct fw_policy *policy, uint32_t rule)
{
	return rule == VNF_ACL_NONE ? policy->n_rules : rule;
}

/* Rules for all packets that need one, at once. */
static void rules_find(struct fw_worker *w)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct vnf_acl_packet packet[VNF_BURST_MAX];
	struct fw_burst *b = &w->burst;
	uint32_t rule[VNF_BURST_MAX];
	uint8_t at[VNF_BURST_MAX];
	uint16_t n = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		b->rule[i] = FW_RULE_UNASKED;
		if (likely(!asks_rules(policy, b, i)))
			continue;
		fw_acl_packet(&b->p[i], &packet[n]);
		at[n++] = (uint8_t)i;
	}
	if (likely(n == 0))
		return;
	vnf_acl_classify(policy->acl, packet, n, rule);
	for (uint16_t k = 0; k < n; k++)
		b->rule[at[k]] = rule_or_default(policy, rule[k]);
}

uint32_t fw_rule_find(const struct fw_policy *policy, const struct fw_packet *p)
{
	struct vnf_acl_packet packet;
	uint32_t rule;

	fw_acl_packet(p, &packet);
	vnf_acl_classify(policy->acl, &packet, 1, &rule);
	return rule_or_default(policy, rule);
}

static inline void rule_count(const struct fw_worker *w, uint32_t rule, const struct fw_packet *p)
{
	vnf_acl_count(fw_policy_of(w->worker)->tally, w->worker->id, rule, p->pkt->pkt_len,
		      w->worker->now_ns);
}

void fw_rule_count(const struct fw_worker *w, uint32_t rule, const struct fw_packet *p)
{
	rule_count(w, rule, p);
}

/* What the rule says of a packet that it matched. */
static vnf_verdict_t rule_apply(const struct fw_worker *w, const struct fw_packet *p,
				uint32_t number)
{
	uint8_t action = fw_policy_of(w->worker)->rule[number].action;

	fw_rule_count(w, number, p);
	if (action == FW_REJECT)
		return FW_REFUSE;
	return action == FW_DROP ? fw_drop(FW_DROP_POLICY) : FW_PASS;
}

/* ---- without a session ---- */

static bool is_spoofed(const struct fw_worker *w, const struct fw_packet *p)
{
	return fw_policy_of(w->worker)->mode == FW_ROUTED && fw_routed_is_spoofed(w, p);
}

vnf_verdict_t fw_packet_sanity(const struct fw_worker *w, const struct fw_packet *p)
{
	uint32_t bad = fw_sanity(p);

	if (bad == 0 && is_spoofed(w, p))
		bad = FW_DROP_SPOOFED;
	return bad != 0 ? VNF_DROP(bad) : FW_PASS;
}

static vnf_verdict_t session_begin(struct fw_worker *w, uint16_t i, struct fw_flow *flow,
				   uint32_t in_class)
{
	struct fw_burst *b = &w->burst;
	const struct fw_packet *p = &b->p[i];
	struct fw_source_counted counted;
	struct vnf_session_hit hit;
	vnf_verdict_t verdict = fw_limit_begin(w, p, flow, in_class, &counted);

	if (verdict != FW_PASS)
		return verdict;
	/* Also if that fails: another one may have made room in vain. */
	b->changed = true;
	if (vnf_session_create(w->worker, table_of(w, p), b->slot[i], key_of(b, i), in_class,
			       &hit) != 0) {
		fw_limit_end(w->limits, flow);
		fw_source_rate_give(&counted);
		return fw_drop(FW_DROP_FULL);
	}
	*(struct fw_flow *)vnf_session_user(hit.session) = *flow;
	if (unlikely(vnf_journal_is_on(w->worker)))
		fw_log_begin(w, p, flow);
	return FW_PASS;
}

/* Perhaps the first packet of a session. */
static vnf_verdict_t opener_judge(struct fw_worker *w, uint16_t i)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	const struct fw_packet *p = &w->burst.p[i];
	struct fw_flow flow;
	uint32_t in_class;
	vnf_verdict_t verdict = fw_packet_sanity(w, p);

	if (verdict != FW_PASS)
		return verdict;
	if (p->l4.reply)
		return fw_drop(FW_DROP_NO_SESSION); /* it does not begin what a request would */
	memset(&flow, 0, sizeof(flow));
	verdict = fw_flow_open(policy, p, &flow, &in_class);
	if (verdict != FW_PASS)
		return verdict;
	if (unlikely(w->burst.rule[i] == FW_RULE_UNASKED))
		w->burst.rule[i] = fw_rule_find(policy, p);
	verdict = rule_apply(w, p, w->burst.rule[i]);
	if (verdict != FW_PASS)
		return verdict;
	flow.rule = w->burst.rule[i];
	flow.log = policy->rule[flow.rule].log;
	flow.policy = fw_policy_of(w->worker)->number;
	flow.zone[0] = p->zone_in;
	flow.zone[1] = p->zone_out;
	flow.in[0] = p->in;
	flow.in[1] = policy->mode == FW_TRANSPARENT ? policy->other_end[p->port] : UINT16_MAX;
	flow.inner = p->inner;
	flow.first = p->direction;
	flow.vlan = p->vlan;
	fw_flow_begun_set(&flow, w->worker->now_ns);
	return session_begin(w, i, &flow, in_class);
}

static vnf_verdict_t bare_judge(struct fw_worker *w, uint16_t i)
{
	const struct fw_packet *p = &w->burst.p[i];
	uint32_t number = w->burst.rule[i];
	vnf_verdict_t verdict = fw_packet_sanity(w, p);

	if (verdict != FW_PASS)
		return verdict;
	if (p->kind == FW_KIND_NEIGHBOUR && !fw_policy_of(w->worker)->rule[number].names_icmp)
		return FW_PASS;
	verdict = rule_apply(w, p, number);
	return verdict == FW_PASS ? fw_limit_bare(w, p, number) : verdict;
}

/* ---- with a session ---- */

static void session_end(struct fw_worker *w, const struct fw_packet *p, struct vnf_session *session,
			enum fw_end why)
{
	fw_flow_end(w->worker, table_of(w, p), session, why);
	w->burst.changed = true;
}

static inline bool is_as_before(const struct fw_policy *policy, const struct fw_packet *p,
				const struct fw_flow *flow, uint32_t from)
{
	return flow->policy == policy->number && p->zone_in == flow->zone[from] &&
	       p->zone_out == flow->zone[from ^ 1] && p->in == flow->in[from] &&
	       p->inner == flow->inner;
}

/* By a rule of the policy in force, between the zones of this packet. */
static vnf_verdict_t session_may(const struct fw_policy *policy, const struct fw_packet *p,
				 const struct vnf_session *session, uint32_t from, uint32_t *rule)
{
	*rule = fw_session_rule(policy, session, p->table, from == 0 ? p->zone_in : p->zone_out,
				from == 0 ? p->zone_out : p->zone_in);
	return policy->rule[*rule].action == FW_ACCEPT ? FW_PASS : fw_drop(FW_DROP_POLICY);
}

vnf_verdict_t fw_session_look(const struct fw_worker *w, const struct fw_packet *p,
			      struct vnf_session *session, uint32_t from, uint32_t *rule)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	const struct fw_flow *flow = vnf_session_user(session);
	bool is_same = p->zone_in == flow->zone[from] && p->zone_out == flow->zone[from ^ 1];
	vnf_verdict_t verdict;

	*rule = flow->rule;
	if (is_as_before(policy, p, flow, from))
		return FW_PASS;
	/* From the wrong end of the wire, or of another VLAN within the same one. */
	if (policy->mode == FW_TRANSPARENT && (p->in != flow->in[from] || p->inner != flow->inner))
		return fw_drop(FW_DROP_OTHER_ZONE);
	if (is_spoofed(w, p))
		return fw_drop(FW_DROP_SPOOFED);
	if (is_same && flow->policy == policy->number)
		return FW_PASS;
	/* Two ways lead there, perhaps: it may come from here if it could have begun here. */
	verdict = session_may(policy, p, session, from, rule);
	return verdict == FW_PASS || is_same ? verdict : fw_drop(FW_DROP_OTHER_ZONE);
}

/* The policy in force has judged it anew. */
static void session_settle(struct fw_worker *w, const struct fw_packet *p,
			   struct vnf_session *session, uint32_t rule)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct fw_flow *flow = vnf_session_user(session);

	/* Interfaces have other numbers in each policy. */
	if (policy->mode == FW_ROUTED && flow->policy != policy->number)
		flow->in[0] = flow->in[1] = UINT16_MAX;
	flow->rule = rule;
	flow->log = policy->rule[rule].log;
	flow->policy = policy->number;
	fw_limit_renew(w->worker, p->table, session);
}

/* Something is not as it was when the session was judged last (is_as_before()): may the packet
 * be of it by the policy in force, and from where it comes? FW_PASS, and the number of the rule
 * that says so; or a drop. The session is another one only if that takes no more than the
 * policy.
 */
static vnf_verdict_t session_check(struct fw_worker *w, const struct fw_packet *p,
				   struct vnf_session *session, uint32_t from, uint32_t *rule)
{
	struct fw_flow *flow = vnf_session_user(session);
	vnf_verdict_t verdict = fw_session_look(w, p, session, from, rule);

	if (verdict != FW_PASS)
		w->burst.rule[p - w->burst.p] = *rule;
	else if (p->zone_in == flow->zone[from] && p->zone_out == flow->zone[from ^ 1])
		session_settle(w, p, session, *rule);
	if (verdict == fw_drop(FW_DROP_POLICY))
		session_end(w, p, session, FW_END_POLICY);
	return verdict;
}

/* Such a packet, once its session has taken it for its own: from here on that is where it is. A TCP
 * segment whose numbers prove nothing does not move it, as anybody can send one.
 */
static vnf_verdict_t session_move(struct fw_worker *w, const struct fw_packet *p,
				  struct vnf_session *session, uint32_t from, uint32_t *rule)
{
	struct fw_flow *flow = vnf_session_user(session);
	vnf_verdict_t verdict = session_check(w, p, session, from, rule);

	if (verdict != FW_PASS)
		return verdict;
	verdict = fw_flow_follow(w->worker, table_of(w, p), p, session, from);
	if (verdict != FW_PASS)
		return verdict;
	session_settle(w, p, session, *rule);
	flow->zone[from] = p->zone_in;
	flow->zone[from ^ 1] = p->zone_out;
	flow->in[from] = p->in;
	return FW_PASS;
}

/* The connection is over, and this is the first segment of another between the same ports. */
static vnf_verdict_t session_anew(struct fw_worker *w, uint16_t i, struct vnf_session *session)
{
	struct fw_burst *b = &w->burst;
	const struct fw_packet *p = &b->p[i];

	session_end(w, p, session, FW_END_REPLACED);
	b->rule[i] = FW_RULE_UNASKED;
	return opener_judge(w, i);
}

static __rte_always_inline vnf_verdict_t session_judge(struct fw_worker *w, uint16_t i,
						       struct vnf_session *session)
{
	const struct fw_packet *p = &w->burst.p[i];
	const struct fw_flow *flow = vnf_session_user(session);
	uint32_t from = p->direction ^ flow->first, rule = flow->rule;
	vnf_verdict_t verdict;

	if (likely(is_as_before(fw_policy_of(w->worker), p, flow, from)))
		verdict = fw_flow_follow(w->worker, table_of(w, p), p, session, from);
	else
		verdict = session_move(w, p, session, from, &rule);
	if (unlikely(verdict == FW_REFUSE))
		return session_anew(w, i, session);
	if (unlikely(verdict != FW_PASS && verdict != FW_PASS_UNPROVEN))
		return verdict;
	w->burst.rule[i] = rule;
	rule_count(w, rule, p);
	return FW_PASS;
}

static bool error_is_for_source(const struct fw_packet *p, const struct vnf_headers *quote)
{
	if (p->table == FW_IPV4)
		return vnf_ipv4(p->pkt, p->h)->dst_addr == vnf_ipv4(p->pkt, quote)->src_addr;
	return memcmp(vnf_ipv6(p->pkt, p->h)->dst_addr, vnf_ipv6(p->pkt, quote)->src_addr, 16) == 0;
}

/* An error goes back the way that the packet came which it quotes, to its source. It proves nothing
 * of the session, whose time goes on (RFC 5508 section 4.2 for translators).
 */
static vnf_verdict_t error_judge(struct fw_worker *w, uint16_t i, struct vnf_session *session)
{
	const struct fw_packet *p = &w->burst.p[i];
	const struct vnf_headers *quote = &w->burst.quote[i];
	const struct fw_flow *flow;
	uint32_t quoted, rule;
	vnf_verdict_t verdict = fw_packet_sanity(w, p);

	if (verdict != FW_PASS)
		return verdict;
	if (session == NULL || !error_is_for_source(p, quote))
		return fw_drop(FW_DROP_NO_SESSION);
	flow = vnf_session_user(session);
	quoted = p->direction ^ flow->first;
	rule = flow->rule;
	if (!is_as_before(fw_policy_of(w->worker), p, flow, quoted ^ 1)) {
		verdict = session_check(w, p, session, quoted ^ 1, &rule);
		if (verdict != FW_PASS)
			return verdict;
	}
	if (p->l4.proto == IPPROTO_TCP &&
	    !fw_tcp_quote_valid(&flow->tcp, quoted,
				rte_be_to_cpu_32(vnf_tcp(p->pkt, quote)->sent_seq)))
		return fw_drop(FW_DROP_TCP_WINDOW);
	fw_rule_count(w, rule, p);
	return FW_PASS;
}

/* ---- the burst ---- */

static __rte_always_inline vnf_verdict_t keyed_judge(struct fw_worker *w, uint16_t i)
{
	struct vnf_session *session = session_of(w, i);

	if (unlikely(w->burst.p[i].kind == FW_KIND_ERROR))
		return error_judge(w, i, session);
	if (likely(session != NULL))
		return session_judge(w, i, session);
	return opener_judge(w, i);
}

static __rte_always_inline vnf_verdict_t packet_judge(struct fw_worker *w, uint16_t i)
{
	const struct fw_packet *p = &w->burst.p[i];

	if (likely(has_key(p)))
		return keyed_judge(w, i);
	if (p->kind == FW_KIND_FRAGMENT || p->kind == FW_KIND_WAITED)
		return fw_fragment_judge(w, i);
	return bare_judge(w, i);
}

struct vnf_session *fw_session_find(struct fw_worker *w, uint16_t i)
{
	struct fw_burst *b = &w->burst;
	const struct fw_packet *p = &b->p[i];

	if (!has_key(p))
		return NULL;
	return vnf_session_find(w->worker, table_of(w, p), b->slot[i], key_of(b, i),
				&b->hit[p->table][i]);
}

vnf_verdict_t fw_judge_alone(struct fw_worker *w, uint16_t i)
{
	struct fw_burst *b = &w->burst;
	const struct fw_packet *p = &b->p[i];

	if (!has_key(p)) {
		b->rule[i] = fw_rule_find(fw_policy_of(w->worker), p);
		return bare_judge(w, i);
	}
	b->rule[i] = FW_RULE_UNASKED;
	vnf_session_find(w->worker, table_of(w, p), b->slot[i], key_of(b, i), &b->hit[p->table][i]);
	return keyed_judge(w, i);
}

vnf_verdict_t fw_judge_later(struct fw_worker *w, uint16_t i)
{
	struct fw_burst *b = &w->burst;
	const struct fw_packet *p = &b->p[i];
	struct vnf_session_hit *hit = &b->hit[p->table][i];
	const struct fw_flow *flow;
	uint32_t from;
	vnf_verdict_t verdict = FW_PASS;

	vnf_session_find(w->worker, table_of(w, p), b->slot[i], key_of(b, i), hit);
	if (hit->session == NULL)
		return fw_drop(FW_DROP_NO_SESSION);
	flow = vnf_session_user(hit->session);
	from = p->direction ^ flow->first;
	b->rule[i] = flow->rule;
	if (!is_as_before(fw_policy_of(w->worker), p, flow, from))
		verdict = session_check(w, p, hit->session, from, &b->rule[i]);
	if (verdict == FW_PASS)
		fw_rule_count(w, b->rule[i], p);
	return verdict;
}

vnf_verdict_t fw_rule_judge(struct fw_worker *w, uint16_t i, const struct vnf_acl_packet *packet)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	uint32_t rule;

	vnf_acl_classify(policy->acl, packet, 1, &rule);
	w->burst.rule[i] = rule_or_default(policy, rule);
	return rule_apply(w, &w->burst.p[i], w->burst.rule[i]);
}

void fw_judge(struct fw_worker *w, vnf_verdict_t *verdicts)
{
	struct fw_burst *b = &w->burst;

	sessions_find(w);
	rules_find(w);
	for (uint16_t i = 0; i < b->n; i++) {
		if (likely(b->p[i].kind > FW_KIND_DONE))
			verdicts[i] = packet_judge(w, i);
		/* Here, so that the log has the order of the packets. */
		if (unlikely(verdicts[i] != FW_PASS) && vnf_journal_is_on(w->worker))
			fw_log_drop(w, i, verdicts[i]);
	}
}

/* ---- a session, as rules see the packet that began it ---- */

/* Its ends, in the order of the side that began it. */
static void session_ends(const struct vnf_session *session, uint32_t table,
			 const struct fw_flow *flow, struct vnf_acl_packet *packet)
{
	uint8_t *src = flow->first == 0 ? packet->src : packet->dst;
	uint8_t *dst = flow->first == 0 ? packet->dst : packet->src;
	uint16_t sport, dport;

	if (table == FW_IPV4) {
		const struct vnf_session_key4 *key = vnf_session_key4(session, 0);

		packet->version = 4;
		packet->proto = key->proto;
		packet->icmp_type = key->icmp;
		memcpy(src, &key->src, sizeof(key->src));
		memcpy(dst, &key->dst, sizeof(key->dst));
		sport = rte_be_to_cpu_16(key->sport);
		dport = rte_be_to_cpu_16(key->dport);
	} else {
		const struct vnf_session_key6 *key = vnf_session_key6(session, 0);

		packet->version = 6;
		packet->proto = key->proto;
		packet->icmp_type = key->icmp;
		memcpy(src, key->src, sizeof(key->src));
		memcpy(dst, key->dst, sizeof(key->dst));
		sport = rte_be_to_cpu_16(key->sport);
		dport = rte_be_to_cpu_16(key->dport);
	}
	packet->src_port = flow->first == 0 ? sport : dport;
	packet->dst_port = flow->first == 0 ? dport : sport;
}

static uint8_t session_has(const struct vnf_acl_packet *packet)
{
	switch (packet->proto) {
	case IPPROTO_TCP:
		return VNF_ACL_HAS_PORTS | VNF_ACL_HAS_FLAGS;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return VNF_ACL_HAS_PORTS;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return VNF_ACL_HAS_ICMP;
	default:
		return 0;
	}
}

uint32_t fw_session_rule(const struct fw_policy *policy, const struct vnf_session *session,
			 uint32_t table, uint8_t zone_in, uint8_t zone_out)
{
	const struct fw_flow *flow =
		(const void *)((const uint8_t *)session + session->user_at * UINT64_C(8));
	struct vnf_acl_packet packet = {
		.zone_in = zone_in,
		.zone_out = zone_out,
		.vlan = flow->vlan,
		.fragment = flow->fragments ? VNF_ACL_FIRST : VNF_ACL_WHOLE,
	};
	uint32_t rule;

	session_ends(session, table, flow, &packet);
	packet.has = session_has(&packet);
	if ((packet.has & VNF_ACL_HAS_PORTS) == 0)
		packet.src_port = packet.dst_port = 0;
	if ((packet.has & VNF_ACL_HAS_ICMP) != 0)
		packet.icmp_code = flow->icmp_code;
	else
		packet.flags = flow->tcp_flags;
	vnf_acl_classify(policy->acl, &packet, 1, &rule);
	return rule_or_default(policy, rule);
}
