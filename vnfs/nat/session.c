/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sessions and mappings: how they begin, and how they end. A mapping begins with the first session
 * of an inside endpoint and ends with the last one, so its time is theirs (RFC 4787 section 4.3).
 * All of it is in the slot of the inside host. Worker.
 */
#include "nat.h"

#include <errno.h>

#define SECOND VNF_SECOND_NS
#define ICMP_IDS_LAST UINT16_MAX

/* ---- peers ---- */

/* Sessions of a mapping with an outside address are in one chain, with few others: those that the
 * inside has sent something by, so that nobody outside makes them long.
 */
static uint32_t *peer_head(const struct nat_worker *w, uint32_t slot, uint32_t mapping,
			   rte_be32_t remote)
{
	uint32_t hash = nat_hash(w->table, (uint64_t)mapping << 32 | remote, slot);

	return &nat_slot_at(w, slot)->peer_head[hash & w->table->size.peer_mask];
}

static struct nat_session *peer_at(const struct nat_worker *w, uint32_t number)
{
	return vnf_session_user(vnf_session_numbered(w->sessions, number - 1));
}

static void peer_link(const struct nat_worker *w, struct vnf_session *session)
{
	struct nat_session *ns = vnf_session_user(session);
	uint32_t *head = peer_head(w, session->slot, ns->mapping,
				   vnf_session_key4(session, NAT_KEY_INSIDE)->dst);
	uint32_t number = vnf_session_number(w->sessions, session) + 1;

	ns->next = *head;
	ns->prev = 0;
	if (*head != 0)
		peer_at(w, *head)->prev = number;
	*head = number;
}

static void peer_unlink(const struct nat_worker *w, struct vnf_session *session)
{
	struct nat_session *ns = vnf_session_user(session);

	if (ns->next != 0)
		peer_at(w, ns->next)->prev = ns->prev;
	if (ns->prev != 0)
		peer_at(w, ns->prev)->next = ns->next;
	else
		*peer_head(w, session->slot, ns->mapping,
			   vnf_session_key4(session, NAT_KEY_INSIDE)->dst) = ns->next;
}

/* Has the mapping sent something to this address, by a session that lives? */
static bool peer_is_known(const struct nat_worker *w, uint32_t slot, uint32_t mapping,
			  rte_be32_t remote)
{
	const struct nat_policy *policy = nat_policy_of(w);
	uint32_t number = *peer_head(w, slot, mapping, remote);

	while (number != 0) {
		struct vnf_session *session = vnf_session_numbered(w->sessions, number - 1);
		const struct nat_session *ns = vnf_session_user(session);

		if (ns->mapping == mapping &&
		    vnf_session_key4(session, NAT_KEY_INSIDE)->dst == remote &&
		    session->touched_ns + policy->period_ns[session->in_class] > w->worker->now_ns)
			return true;
		number = ns->next;
	}
	return false;
}

/* ---- mappings ---- */

static const struct nat_external *external_at(const struct nat_policy *policy,
					      const struct nat_pool *pool, uint32_t i)
{
	return &policy->external[pool->external[i]];
}

/* A port that a forward has. */
struct kept {
	const struct nat_policy *policy;
	rte_be32_t addr;
	uint8_t proto;
};

static bool port_is_kept(const void *arg, uint16_t port)
{
	const struct kept *kept = arg;

	return nat_forward_in(kept->policy, kept->proto, kept->addr, rte_cpu_to_be_16(port)) !=
	       NULL;
}

static int port_take(struct nat_worker *w, uint32_t slot, const struct nat_pool *pool,
		     const struct nat_external *external, const struct nat_mapping *m,
		     uint32_t number)
{
	const struct nat_policy *policy = nat_policy_of(w);
	const struct kept kept = { policy, external->addr, nat_ip_proto((enum nat_proto)m->proto) };
	struct nat_port_want want = {
		.proto = (enum nat_proto)m->proto,
		.like = rte_be_to_cpu_16(m->inside_port),
		.first = pool->first_port,
		.last = pool->last_port,
		.preserve = pool->preserve,
		.parity = pool->parity,
		.policy = policy->number,
		.is_kept = policy->n_forwards != 0 ? port_is_kept : NULL,
		.arg = &kept,
	};
	int port;

	if (m->proto == NAT_ICMP) {
		want.first = 0;
		want.last = ICMP_IDS_LAST;
		want.parity = false;
		want.is_kept = NULL;
	}
	port = nat_port_take(external->space, &nat_slot_at(w, slot)->random, &want,
			     w->worker->now_ns, nat_whose_make(w->table, slot, number));
	if (unlikely(port < 0))
		nat_log_exhausted(w, external->pool, external, want.proto);
	return port;
}

/* Of two at random, the one with more room. */
static uint32_t external_choose(struct nat_worker *w, uint32_t slot, const struct nat_pool *pool,
				enum nat_proto proto)
{
	const struct nat_policy *policy = nat_policy_of(w);
	struct vnf_random *random = &nat_slot_at(w, slot)->random;
	uint32_t a, b;

	if (pool->n_externals == 1)
		return 0;
	a = vnf_random_below(random, pool->n_externals);
	b = vnf_random_below(random, pool->n_externals);
	return nat_ports_used(external_at(policy, pool, a)->space, proto) <=
			       nat_ports_used(external_at(policy, pool, b)->space, proto)
		       ? a
		       : b;
}

const struct nat_external *nat_external_paired(const struct nat_worker *w,
					       const struct nat_host *host, uint16_t pool)
{
	for (uint32_t i = 0; i < NAT_PAIRS && host->space[i] != 0; i++) {
		const struct nat_space *space =
			nat_space_at(w->spaces, (uint16_t)(host->space[i] - 1));
		const struct nat_external *external =
			nat_external_find(nat_policy_of(w), space->addr);

		if (external != NULL && external->pool == pool)
			return external;
	}
	return NULL;
}

static void pair(struct nat_host *host, const struct nat_external *external)
{
	memmove(&host->space[1], &host->space[0], sizeof(host->space) - sizeof(host->space[0]));
	host->space[0] = external->space->number + 1u;
}

/* An external port for mapping `number`, which is filled in. 0 or -ENOSPC. */
static int port_find(struct nat_worker *w, uint32_t slot, uint16_t pool_number,
		     struct nat_host *host, struct nat_mapping *m, uint32_t number)
{
	const struct nat_policy *policy = nat_policy_of(w);
	const struct nat_pool *pool = &policy->pool[pool_number];
	const struct nat_external *external = NULL;
	bool stays;
	int port = -ENOSPC;
	uint32_t at;

	if (pool->pairing != NAT_PAIR_NONE)
		external = nat_external_paired(w, host, pool_number);
	stays = external != NULL;
	if (stays)
		port = port_take(w, slot, pool, external, m, number);
	if (port < 0 && stays && pool->pairing == NAT_PAIR_STRICT)
		return -ENOSPC;
	if (port < 0 && pool->n_externals != 0) {
		at = external_choose(w, slot, pool, (enum nat_proto)m->proto);
		for (uint32_t i = 0; i < pool->n_externals && port < 0; i++) {
			external = external_at(policy, pool, (at + i) % pool->n_externals);
			port = port_take(w, slot, pool, external, m, number);
		}
	}
	if (port < 0) {
		nat_log_exhausted(w, pool_number, NULL, (enum nat_proto)m->proto);
		return -ENOSPC;
	}
	m->port = rte_cpu_to_be_16((uint16_t)port);
	m->space = external->space->number;
	if (!stays && pool->pairing != NAT_PAIR_NONE)
		pair(host, external);
	return 0;
}

/* A host that has nothing is none. */
static void host_release(struct nat_worker *w, uint32_t slot, uint32_t number)
{
	const struct nat_host *host = nat_host_at(nat_slot_at(w, slot), number);

	if (host->n_ports[NAT_TCP] == 0 && host->n_ports[NAT_UDP] == 0 &&
	    host->n_ports[NAT_ICMP] == 0)
		nat_host_free(w->table, nat_slot_at(w, slot), number);
}

static uint32_t host_get(struct nat_worker *w, uint32_t slot, rte_be32_t inside)
{
	struct nat_slot *s = nat_slot_at(w, slot);
	uint32_t number = nat_host_find(w->table, s, inside);

	return number != 0 ? number : nat_host_add(w->table, s, inside);
}

/* All that an inside endpoint sends from goes by this. Its number, or 0 and the reason. */
static uint32_t mapping_make(struct nat_worker *w, uint32_t slot, uint16_t pool,
			     enum nat_proto proto, rte_be32_t inside, rte_be16_t port,
			     uint32_t *reason)
{
	struct nat_slot *s = nat_slot_at(w, slot);
	const uint32_t limit = nat_policy_of(w)->limit_ports;
	uint32_t host = host_get(w, slot, inside), number = 0;
	struct nat_mapping *m;

	*reason = NAT_DROP_FULL;
	if (host == 0) {
		nat_log_full_hosts(w, inside);
		return 0;
	}
	if (limit != 0 && nat_host_at(s, host)->n_ports[proto] >= limit) {
		*reason = NAT_DROP_LIMIT_PORTS;
		nat_log_quota(w, inside, NAT_DROP_LIMIT_PORTS, proto);
	} else {
		number = nat_mapping_new(w->table, s);
		if (number == 0)
			nat_log_full_mappings(w, inside);
	}
	if (number == 0) {
		host_release(w, slot, host);
		return 0;
	}
	m = nat_mapping_at(s, number);
	m->inside = inside;
	m->inside_port = port;
	m->proto = (uint8_t)proto;
	m->host = host;
	m->begun_ns = w->worker->now_ns;
	if (port_find(w, slot, pool, nat_host_at(s, host), m, number) < 0) {
		*reason = NAT_DROP_EXHAUSTED;
		nat_mapping_free(w->table, s, number, false);
		host_release(w, slot, host);
		return 0;
	}
	nat_host_at(s, host)->n_ports[proto]++;
	nat_mapping_add(w->table, s, number);
	return number;
}

/* It has no session any more; or never had one: nobody hears of it, and its port needs no rest. */
static void mapping_end(struct nat_worker *w, uint32_t slot, uint32_t number, bool was_new)
{
	struct nat_slot *s = nat_slot_at(w, slot);
	const struct nat_mapping *m = nat_mapping_at(s, number);

	if (!was_new && nat_logs(w))
		nat_log_mapping_end(w, slot, number);
	nat_port_give(nat_space_at(w->spaces, m->space), (enum nat_proto)m->proto,
		      rte_be_to_cpu_16(m->port), w->worker->now_ns,
		      was_new ? 0 : nat_policy_of(w)->quarantine_ns);
	nat_host_at(s, m->host)->n_ports[m->proto]--;
	host_release(w, slot, m->host);
	nat_mapping_free(w->table, s, number, true);
}

uint32_t nat_mapping_in(const struct nat_worker *w, uint32_t slot,
			const struct nat_external *external, enum nat_proto proto, rte_be16_t port)
{
	uint32_t whose = external->space != NULL ? nat_port_whose(external->space, proto, port) : 0;

	if (whose == 0 || nat_whose_slot(w->table, whose) != slot)
		return 0;
	return nat_whose_number(w->table, whose);
}

/* ---- rules ---- */

int nat_rule_number(const struct nat_policy *policy, struct rte_mbuf *pkt,
		    const struct vnf_headers *h, bool swapped)
{
	struct vnf_acl_packet packet;
	uint32_t rule;

	if (policy->n_rules == 0)
		return -ENOENT;
	vnf_acl_packet_of(pkt, h, 0, 0, VNF_ACL_UNTAGGED, &packet);
	if (swapped) {
		uint8_t src[sizeof(packet.src)];
		uint16_t port = packet.src_port;

		memcpy(src, packet.src, sizeof(src));
		memcpy(packet.src, packet.dst, sizeof(src));
		memcpy(packet.dst, src, sizeof(src));
		packet.src_port = packet.dst_port;
		packet.dst_port = port;
	}
	vnf_acl_classify(policy->acl, &packet, 1, &rule);
	return rule < policy->n_rules ? (int)rule : -ENOENT;
}

int nat_rule_find(const struct nat_policy *policy, struct rte_mbuf *pkt,
		  const struct vnf_headers *h, bool swapped)
{
	int rule;

	if (policy->n_rules == 0)
		return policy->n_pools == 0 ? -ENOENT : 0;
	rule = nat_rule_number(policy, pkt, h, swapped);
	return rule >= 0 ? policy->rule[rule].pool : -ENOENT;
}

/* ---- limits ---- */

/* Another session of a host, which begins or answers it: may it? 0 or why not. */
static uint32_t host_take(const struct nat_worker *w, struct nat_host *host)
{
	const struct nat_policy *policy = nat_policy_of(w);

	if (policy->limit_sessions != 0 && host->n_sessions >= policy->limit_sessions)
		return NAT_DROP_LIMIT_SESSIONS;
	if (policy->limit_rate == 0)
		return 0;
	if (w->worker->now_ns - host->rate_ns >= SECOND) {
		host->rate_ns = w->worker->now_ns;
		host->rate_tokens = 0;
	}
	if (host->rate_tokens >= policy->limit_rate)
		return NAT_DROP_LIMIT_RATE;
	host->rate_tokens++;
	return 0;
}

/* ---- sessions ---- */

struct ends {
	rte_be32_t inside, outside, remote;
	rte_be16_t inside_port, outside_port, remote_port;
	enum nat_proto proto;
	uint8_t icmp;
};

static void keys_make(const struct ends *e, struct vnf_session_key4 key[2])
{
	bool query = e->proto == NAT_ICMP;

	key[NAT_KEY_INSIDE] = (struct vnf_session_key4){
		.src = e->inside,
		.dst = e->remote,
		.sport = e->inside_port,
		.dport = query ? e->inside_port : e->remote_port,
		.domain = NAT_KEY_INSIDE,
		.proto = nat_ip_proto(e->proto),
		.icmp = e->icmp,
	};
	key[NAT_KEY_OUTSIDE] = (struct vnf_session_key4){
		.src = e->remote,
		.dst = e->outside,
		.sport = query ? e->outside_port : e->remote_port,
		.dport = e->outside_port,
		.domain = NAT_KEY_OUTSIDE,
		.proto = nat_ip_proto(e->proto),
		.icmp = e->icmp,
	};
}

/* From here on it counts as one of its host's. */
static void sent_count(const struct nat_worker *w, struct vnf_session *session)
{
	struct nat_slot *s = nat_slot_at(w, session->slot);
	struct nat_session *ns = vnf_session_user(session);
	struct nat_mapping *m;

	ns->flags |= NAT_SENT;
	if (ns->mapping == 0)
		return;
	m = nat_mapping_at(s, ns->mapping);
	m->n_sent++;
	nat_host_at(s, m->host)->n_sessions++;
	peer_link(w, session);
}

uint32_t nat_session_sent(struct nat_worker *w, struct vnf_session *session)
{
	const struct nat_session *ns = vnf_session_user(session);
	const struct vnf_session_key4 *key = vnf_session_key4(session, NAT_KEY_INSIDE);
	struct nat_slot *s = nat_slot_at(w, session->slot);
	uint32_t reason;

	if ((ns->flags & NAT_SENT) != 0)
		return 0;
	if (ns->mapping != 0) {
		const struct nat_mapping *m = nat_mapping_at(s, ns->mapping);

		reason = host_take(w, nat_host_at(s, m->host));
		if (reason != 0) {
			nat_log_quota(w, key->src, reason, (enum nat_proto)m->proto);
			return reason;
		}
	}
	sent_count(w, session);
	return 0;
}

/* Of a host that may begin it; NULL and the reason. */
static struct vnf_session *session_create(struct nat_worker *w, uint32_t slot,
					  const struct nat_mapping *m, const struct ends *ends,
					  uint8_t flags, uint32_t side, uint32_t *reason)
{
	struct nat_slot *s = nat_slot_at(w, slot);
	struct vnf_session_key4 keys[2];
	struct vnf_session_hit hit;
	struct nat_session *ns;
	uint32_t in_class;
	uint8_t state;

	*reason = NAT_DROP_TCP_STATE;
	if (!nat_flow_open(ends->proto, flags, side, ends->remote_port, &state, &in_class))
		return NULL;
	*reason = m != NULL && side == NAT_IN_SIDE ? host_take(w, nat_host_at(s, m->host)) : 0;
	if (*reason != 0) {
		nat_log_quota(w, ends->inside, *reason, ends->proto);
		return NULL;
	}
	keys_make(ends, keys);
	*reason = NAT_DROP_FULL;
	if (vnf_session_create(w->worker, w->sessions, slot, keys, in_class, &hit) < 0) {
		nat_log_full_sessions(w, ends->inside);
		return NULL;
	}
	ns = vnf_session_user(hit.session);
	ns->state = state;
	ns->begun = (uint16_t)(w->worker->now_ns / SECOND);
	w->burst.changed = true;
	return hit.session;
}

/* A session, or NULL, and its mapping, if that began with it. */
static inline void begin_log(struct nat_worker *w, const struct vnf_session *session,
			     uint32_t mapping)
{
	if (!nat_logs(w) || session == NULL)
		return;
	if (mapping != 0)
		nat_log_mapping_begin(w, session->slot, mapping);
	nat_log_session_begin(w, session);
}

/* The same, of a mapping (0: of a forward), which ends if it has no session then. It counts as one
 * meanwhile: to make room, what is over ends, and that may be the last one of this mapping.
 */
static struct vnf_session *session_make(struct nat_worker *w, uint32_t slot, uint32_t mapping,
					const struct ends *ends, uint8_t flags, uint32_t side,
					uint32_t *reason)
{
	struct nat_slot *s = nat_slot_at(w, slot);
	struct nat_mapping *m = mapping != 0 ? nat_mapping_at(s, mapping) : NULL;
	struct vnf_session *session;
	bool is_new;

	if (m == NULL) {
		session = session_create(w, slot, NULL, ends, flags, side, reason);
		if (session != NULL && side == NAT_IN_SIDE)
			sent_count(w, session);
		begin_log(w, session, 0);
		return session;
	}
	is_new = m->n_sessions == 0;
	m->n_sessions++;
	session = session_create(w, slot, m, ends, flags, side, reason);
	if (session == NULL) {
		if (--m->n_sessions == 0)
			mapping_end(w, slot, mapping, is_new);
		return NULL;
	}
	((struct nat_session *)vnf_session_user(session))->mapping = mapping;
	if (side == NAT_IN_SIDE)
		sent_count(w, session);
	begin_log(w, session, is_new ? mapping : 0);
	return session;
}

void nat_session_ended(struct vnf_worker *worker, struct vnf_sessions *sessions,
		       struct vnf_session *session, enum vnf_session_end why)
{
	struct nat_worker *w = nat_worker_of(worker);
	const struct nat_session *ns = vnf_session_user(session);
	struct nat_mapping *m;

	(void)sessions;
	w->burst.changed = true;
	if (nat_logs(w))
		nat_log_session_end(w, session, why);
	if (ns->mapping == 0)
		return;
	m = nat_mapping_at(nat_slot_at(w, session->slot), ns->mapping);
	if ((ns->flags & NAT_SENT) != 0) {
		peer_unlink(w, session);
		nat_host_at(nat_slot_at(w, session->slot), m->host)->n_sessions--;
		m->n_sent--;
	}
	if (--m->n_sessions == 0)
		mapping_end(w, session->slot, ns->mapping, false);
}

/* ---- out ---- */

/* RFC 5508 REQ-8, RFC 6888 REQ-11: the sender is told, as the profile says. */
static vnf_verdict_t exhausted_refuse(struct nat_worker *w, uint16_t i, uint32_t reason)
{
	static const uint8_t codes[] = { [NAT_TELL_PROHIBITED] = 13, [NAT_TELL_HOST] = 1 };
	const uint8_t tell = nat_policy_of(w)->exhausted;

	if (tell == NAT_TELL_NOBODY ||
	    (reason != NAT_DROP_EXHAUSTED && reason != NAT_DROP_LIMIT_PORTS &&
	     reason != NAT_DROP_LIMIT_SESSIONS && reason != NAT_DROP_LIMIT_RATE &&
	     reason != NAT_DROP_FULL))
		return VNF_DROP(reason);
	return vnf_ip_refuse(w->worker, w->burst.port, w->burst.p[i].pkt, 3, codes[tell], reason);
}

/* By policy, whatever the profile says of who is too many. */
static vnf_verdict_t no_rule(struct nat_worker *w, uint16_t i)
{
	if (nat_policy_of(w)->exhausted == NAT_TELL_NOBODY)
		return nat_drop(NAT_DROP_NO_RULE);
	return vnf_ip_refuse(w->worker, w->burst.port, w->burst.p[i].pkt, 3, 13, NAT_DROP_NO_RULE);
}

/* Pool that its external address is of now. */
static uint16_t mapping_pool(const struct nat_worker *w, uint32_t slot, uint32_t mapping)
{
	const struct nat_mapping *m = nat_mapping_at(nat_slot_at(w, slot), mapping);
	const struct nat_external *external =
		nat_external_find(nat_policy_of(w), nat_space_at(w->spaces, m->space)->addr);

	return external != NULL ? external->pool : NAT_POOL_NONE;
}

uint32_t nat_mapping_out(const struct nat_worker *w, uint32_t slot, uint16_t pool,
			 enum nat_proto proto, rte_be32_t inside, rte_be16_t port)
{
	const struct nat_slot *s = nat_slot_at(w, slot);
	uint32_t number = nat_mapping_find(w->table, s, proto, inside, port);

	while (number != 0 && mapping_pool(w, slot, number) != pool)
		number = nat_mapping_next(s, number);
	return number;
}

/* The mapping of an inside endpoint, or its forward; `mapping` 0 and `forward` NULL, and the
 * reason: there can be none.
 */
static void endpoint_find(struct nat_worker *w, uint16_t i, uint16_t pool,
			  const struct vnf_session_key4 *key, uint32_t *mapping,
			  const struct nat_forward **forward, uint32_t *reason)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct nat_policy *policy = nat_policy_of(w);
	enum nat_proto proto = (enum nat_proto)p->proto;

	*mapping = 0;
	*forward = policy->n_forwards != 0
			   ? nat_forward_out(policy, key->proto, key->src, key->sport)
			   : NULL;
	if (*forward != NULL)
		return;
	*mapping = nat_mapping_out(w, p->slot, pool, proto, key->src, key->sport);
	if (*mapping == 0)
		*mapping = mapping_make(w, p->slot, pool, proto, key->src, key->sport, reason);
}

bool nat_is_nobodys(const struct nat_worker *w, const struct nat_packet *p, rte_be16_t port)
{
	const struct nat_space *space = p->external->space;

	return (space == NULL || nat_port_whose(space, (enum nat_proto)p->proto, port) == 0) &&
	       nat_forward_in(nat_policy_of(w), nat_ip_proto((enum nat_proto)p->proto),
			      p->external->addr, port) == NULL;
}

bool nat_is_inside(const struct nat_worker *w, rte_be32_t addr)
{
	uint16_t towards = vnf_ip_towards(w->worker, 4, (const uint8_t *)&addr);

	return towards != VNF_IP_NO_INTERFACE && nat_policy_of(w)->side_of[towards] == NAT_INSIDE;
}

vnf_verdict_t nat_open_out(struct nat_worker *w, uint16_t i, struct vnf_session **session)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_session_key4 *key = &w->burst.key[i];
	const struct nat_forward *forward;
	uint32_t mapping, reason = NAT_DROP_FULL;
	struct ends ends = { .inside = key->src,
			     .remote = key->dst,
			     .inside_port = key->sport,
			     .remote_port = key->dport,
			     .proto = (enum nat_proto)p->proto,
			     .icmp = key->icmp };
	vnf_verdict_t verdict;
	int pool;

	*session = NULL;
	pool = nat_rule_find(nat_policy_of(w), p->pkt, p->h, false);
	if (pool == NAT_POOL_NONE)
		return p->received;
	if (pool < 0)
		return no_rule(w, i);
	verdict = p->hairpin ? VNF_IP_PASS : nat_may_go(w, i, NULL);
	if (verdict != VNF_IP_PASS)
		return verdict;
	if (p->proto == NAT_TCP && (p->flags & RTE_TCP_RST_FLAG) != 0)
		return nat_drop(NAT_DROP_TCP_STATE);
	if (!nat_is_inside(w, key->src))
		return VNF_DROP(VNF_DROP_MARTIAN);
	/* To a service of the program's own, which needs no translation. */
	if (p->hairpin && p->external != NULL && p->external->own &&
	    nat_is_nobodys(w, p, key->dport))
		return p->received;
	endpoint_find(w, i, (uint16_t)pool, key, &mapping, &forward, &reason);
	if (forward != NULL) {
		ends.outside = rte_cpu_to_be_32(forward->outside);
		ends.outside_port = nat_forward_port_out(forward, key->sport);
	} else if (mapping != 0) {
		const struct nat_mapping *m = nat_mapping_at(nat_slot_at(w, p->slot), mapping);

		ends.outside = nat_space_at(w->spaces, m->space)->addr;
		ends.outside_port = m->port;
	} else {
		return exhausted_refuse(w, i, reason);
	}
	*session = session_make(w, p->slot, mapping, &ends, p->flags, NAT_IN_SIDE, &reason);
	if (*session == NULL)
		return exhausted_refuse(w, i, reason);
	if (p->hairpin)
		((struct nat_session *)vnf_session_user(*session))->flags |= NAT_HAIRPINNED;
	return VNF_IP_PASS;
}

/* ---- in ---- */

bool nat_filter_passes(const struct nat_worker *w, uint32_t slot, uint32_t mapping,
		       rte_be32_t remote)
{
	switch (nat_policy_of(w)->filtering) {
	case NAT_FILTER_ENDPOINT:
		return true;
	case NAT_FILTER_ADDRESS:
		return peer_is_known(w, slot, mapping, remote);
	default:
		return false;
	}
}

/* What only outside keeps alive is over: RFC 4787 REQ-6. */
bool nat_mapping_takes(const struct nat_worker *w, uint32_t slot, uint32_t mapping,
		       enum nat_proto proto)
{
	return nat_mapping_at(nat_slot_at(w, slot), mapping)->n_sent != 0 ||
	       (proto == NAT_UDP && nat_policy_of(w)->inbound_refresh);
}

static bool is_first_syn(const struct nat_packet *p)
{
	return p->proto == NAT_TCP && (p->flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG |
						   RTE_TCP_RST_FLAG)) == RTE_TCP_SYN_FLAG;
}

/* It belongs to nobody. */
static vnf_verdict_t unasked(struct nat_worker *w, uint16_t i, enum nat_drop reason)
{
	const struct nat_packet *p = &w->burst.p[i];

	if (is_first_syn(p))
		return nat_hold(w, i, reason);
	/* To the program itself, as it seems. */
	if (reason == NAT_DROP_NO_MAPPING && p->external->own)
		return p->received;
	return nat_drop(reason);
}

bool nat_is_spoofed(const struct nat_worker *w, const struct nat_packet *p, rte_be32_t src)
{
	const struct nat_policy *policy = nat_policy_of(w);

	return (p->pkt->ol_flags & nat_marks.in) == 0 &&
	       (nat_external_find(policy, src) != NULL || nat_static_in(policy, src) != 0);
}

vnf_verdict_t nat_open_in(struct nat_worker *w, uint16_t i, struct vnf_session **session)
{
	const struct nat_packet *p = &w->burst.p[i];
	const struct vnf_session_key4 *key = &w->burst.key[i];
	uint32_t mapping, reason = NAT_DROP_FULL;
	struct ends ends = { .outside = key->dst,
			     .remote = key->src,
			     .outside_port = key->dport,
			     .remote_port = key->sport,
			     .proto = (enum nat_proto)p->proto };
	vnf_verdict_t verdict;

	*session = NULL;
	if (unlikely((p->pkt->ol_flags & nat_marks.held) != 0))
		return vnf_ip_refuse(w->worker, w->burst.port, p->pkt, 3, 3,
				     NAT_DROP_SYN_UNANSWERED);
	if (nat_is_spoofed(w, p, key->src))
		return VNF_DROP(VNF_DROP_MARTIAN);
	mapping = nat_mapping_in(w, p->slot, p->external, ends.proto, key->dport);
	if (mapping == 0 && p->forward == NULL)
		return unasked(w, i, NAT_DROP_NO_MAPPING);
	/* A reply to a query is of a session, and a query is to nobody. */
	if (p->proto == NAT_ICMP)
		return nat_drop(NAT_DROP_FILTERED);
	if (mapping != 0 && !nat_mapping_takes(w, p->slot, mapping, ends.proto))
		return unasked(w, i, NAT_DROP_NO_MAPPING);
	if (mapping != 0 && !nat_filter_passes(w, p->slot, mapping, key->src))
		return unasked(w, i, NAT_DROP_FILTERED);
	if (mapping != 0) {
		const struct nat_mapping *m = nat_mapping_at(nat_slot_at(w, p->slot), mapping);

		ends.inside = m->inside;
		ends.inside_port = m->inside_port;
	} else {
		ends.inside = rte_cpu_to_be_32(p->forward->inside);
		ends.inside_port = nat_forward_port_in(p->forward, key->dport);
	}
	verdict = nat_may_go(w, i, &ends.inside);
	if (verdict != VNF_IP_PASS)
		return verdict == VNF_IP_LOCAL ? nat_drop(NAT_DROP_NO_MAPPING) : verdict;
	*session = session_make(w, p->slot, mapping, &ends, p->flags, NAT_OUT_SIDE, &reason);
	if (*session == NULL)
		return VNF_DROP(reason);
	if ((p->pkt->ol_flags & nat_marks.in) != 0)
		((struct nat_session *)vnf_session_user(*session))->flags |= NAT_HAIRPINNED;
	return VNF_IP_PASS;
}
