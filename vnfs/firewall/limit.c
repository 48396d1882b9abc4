/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Limits: how many new sessions a rule accepts (`rate`), what one source may have (source.c), and
 * how many sessions may be half-open. Asked when a session begins (judge.c), told when it is
 * answered, closed or judged anew (flow.c, renew.c), and when it ends (vnf_sessions_conf.ended),
 * but not of any other packet. A session knows where it is counted: what is given back is what was
 * taken, whatever the policy says by then. Worker, but where said otherwise.
 */
#include <errno.h>

#include <rte_malloc.h>

#include <vnf/random.h>

#include "firewall.h"

/* Half-open: not answered yet; both sides of TCP have not agreed. */
#define CLASSES_OPENING                                                                            \
	(1u << FW_CLASS_TCP_OPENING | 1u << FW_CLASS_UDP_NEW | 1u << FW_CLASS_ICMP_NEW |           \
	 1u << FW_CLASS_ASSOCIATION_NEW | 1u << FW_CLASS_OTHER_NEW)
/* Closed: nobody uses the session any more, it only waits for its end. */
#define CLASSES_CLOSED (1u << FW_CLASS_TCP_TIME_WAIT | 1u << FW_CLASS_TCP_RESET)

/* A session is counted for its rule and as half-open, in either table; half of the words stay free,
 * so that each finds one of its buckets.
 */
#define COUNTS_A_SESSION (2 * FW_TABLES * 2)
/* What an allocation takes beside its octets. */
#define HEAP_BYTES 256
/* What is counted of a source where it is no rule. */
#define OF_HALF_OPEN 0

struct fw_limits {
	struct fw_sources sessions;
	struct fw_sources rates;
	struct fw_limits_now now __rte_cache_aligned; /* atomic */
};

/* Where one source is counted. */
struct places {
	struct fw_source_place sessions;
	struct fw_source_place half_open;
	struct fw_source_place rate;
};

/* ---- memory; start-up and control thread ---- */

uint64_t fw_limits_bytes(uint64_t sessions)
{
	return sizeof(struct fw_limits) + fw_sources_bytes(COUNTS_A_SESSION * sessions) +
	       fw_sources_bytes(sessions) + 3 * (uint64_t)HEAP_BYTES;
}

static int sources_create(struct fw_sources *s, uint64_t counts)
{
	void *memory = rte_zmalloc("sources", fw_sources_bytes(counts), RTE_CACHE_LINE_SIZE);
	uint64_t secret[FW_SOURCE_SECRETS];
	char name[32];

	if (memory == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < FW_SOURCE_SECRETS; i++) {
		snprintf(name, sizeof(name), "firewall sources %u", i);
		secret[i] = vnf_random_seed(name);
	}
	fw_sources_init(s, memory, counts, secret);
	return 0;
}

int fw_limits_create(uint64_t sessions, struct fw_limits **limits)
{
	struct fw_limits *l = rte_zmalloc("limits", sizeof(*l), RTE_CACHE_LINE_SIZE);

	if (l == NULL)
		return -ENOMEM;
	if (sources_create(&l->sessions, COUNTS_A_SESSION * sessions) < 0 ||
	    sources_create(&l->rates, sessions) < 0) {
		fw_limits_destroy(l);
		return -ENOMEM;
	}
	*limits = l;
	return 0;
}

void fw_limits_destroy(struct fw_limits *limits)
{
	if (limits == NULL)
		return;
	rte_free(limits->rates.words);
	rte_free(limits->sessions.words);
	rte_free(limits);
}

void fw_limits_read(const struct fw_limits *limits, struct fw_limits_now *now)
{
	now->half_open = __atomic_load_n(&limits->now.half_open, __ATOMIC_RELAXED);
	now->uncounted = __atomic_load_n(&limits->now.uncounted, __ATOMIC_RELAXED);
}

/* ---- sources ---- */

static void address_mask(uint8_t *address, uint32_t prefix)
{
	uint32_t octet = prefix / 8;

	if (octet >= 16)
		return;
	address[octet] &= (uint8_t)(0xff00 >> prefix % 8);
	memset(address + octet + 1, 0, 16 - octet - 1);
}

static void source_make(const struct fw_policy *policy, uint32_t version, const void *address,
			uint16_t domain, struct fw_source *source)
{
	memset(source, 0, sizeof(*source));
	source->word[3] = (uint64_t)domain << 8 | version;
	if (version == 4) {
		memcpy(source->word, address, 4);
		return;
	}
	memcpy(source->word, address, 16);
	address_mask((uint8_t *)source->word, policy->ipv6_prefix);
}

static void source_of_packet(const struct fw_policy *policy, const struct fw_packet *p,
			     struct fw_source *source)
{
	if (vnf_is_ipv4(p->h))
		source_make(policy, 4, &vnf_ipv4(p->pkt, p->h)->src_addr, p->domain, source);
	else
		source_make(policy, 6, vnf_ipv6(p->pkt, p->h)->src_addr, p->domain, source);
}

/* Whoever sent its first packet. */
static void source_of_session(const struct fw_policy *policy, uint32_t table,
			      const struct vnf_session *session, const struct fw_flow *flow,
			      struct fw_source *source)
{
	if (table == FW_IPV4) {
		const struct vnf_session_key4 *key = vnf_session_key4(session, 0);

		source_make(policy, 4, flow->first == 0 ? &key->src : &key->dst, key->domain,
			    source);
	} else {
		const struct vnf_session_key6 *key = vnf_session_key6(session, 0);

		source_make(policy, 6, flow->first == 0 ? key->src : key->dst, key->domain, source);
	}
}

uint64_t fw_limit_source(struct vnf_worker *worker, uint32_t table,
			 const struct vnf_session *session, uint8_t address[16])
{
	const struct fw_flow *flow =
		(const void *)((const uint8_t *)session + session->user_at * UINT64_C(8));
	struct fw_source_place place;
	struct fw_source source;

	source_of_session(fw_policy_of(worker), table, session, flow, &source);
	fw_source_find(&fw_worker_of(worker)->limits->sessions, &source, &place);
	memcpy(address, source.word, 16);
	return place.tag;
}

static void place_find(const struct fw_sources *s, const struct fw_source *source, uint64_t of,
		       struct fw_source_place *place)
{
	struct fw_source counted = *source;

	counted.word[2] = of;
	fw_source_find(s, &counted, place);
}

static void uncounted_add(struct fw_limits *limits)
{
	__atomic_fetch_add(&limits->now.uncounted, 1, __ATOMIC_RELAXED);
}

/* ---- what a new session may be refused for ---- */

static bool sessions_take(struct fw_limits *limits, const struct fw_source_place *place,
			  uint32_t limit, uint32_t *at)
{
	if (fw_source_take(&limits->sessions, place, limit, at) < 0)
		return false;
	if (*at == 0)
		uncounted_add(limits);
	return true;
}

/* Of all sources together; limit 0: none. */
static bool half_open_take(struct fw_limits *limits, uint64_t limit)
{
	uint64_t n = __atomic_load_n(&limits->now.half_open, __ATOMIC_RELAXED);

	do {
		if (limit != 0 && n >= limit)
			return false;
	} while (!__atomic_compare_exchange_n(&limits->now.half_open, &n, n + 1, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

static vnf_verdict_t counts_take(struct fw_limits *limits, const struct fw_policy *policy,
				 const struct fw_rule *rule, const struct places *at,
				 struct fw_flow *flow, bool is_opening)
{
	if (rule->source_sessions != 0 &&
	    !sessions_take(limits, &at->sessions, rule->source_sessions, &flow->counted))
		return fw_drop(FW_DROP_SOURCE_SESSIONS);
	if (!is_opening)
		return FW_PASS;
	if (policy->half_open_source != 0 &&
	    !sessions_take(limits, &at->half_open, policy->half_open_source, &flow->half_open))
		return fw_drop(FW_DROP_HALF_OPEN_SOURCE);
	if (!half_open_take(limits, policy->half_open))
		return fw_drop(FW_DROP_HALF_OPEN);
	flow->opening = true;
	return FW_PASS;
}

/* A token of the rule's: a second's worth of them at most. All workers take from one bucket. */
static bool rate_take(struct fw_rule *rule, uint64_t now_ns)
{
	uint64_t full = __atomic_load_n(&rule->full_ns, __ATOMIC_RELAXED);
	uint64_t next;

	do {
		next = RTE_MAX(full, now_ns) + VNF_SECOND_NS / rule->rate;
		if (next > now_ns + VNF_SECOND_NS)
			return false;
	} while (!__atomic_compare_exchange_n(&rule->full_ns, &full, next, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

/* The source's first: what that refuses takes nothing from all others. */
static vnf_verdict_t rates_take(struct fw_worker *w, struct fw_rule *rule,
				const struct fw_source_place *place,
				struct fw_source_counted *counted)
{
	uint64_t now_ns = w->worker->now_ns;
	bool forgot;

	counted->word = NULL;
	if (rule->source_rate != 0) {
		if (fw_source_rate_take(place, rule->source_rate, rule->source_period_ns, now_ns,
					counted, &forgot) < 0)
			return fw_drop(FW_DROP_SOURCE_RATE);
		if (forgot)
			uncounted_add(w->limits);
	}
	if (rule->rate == 0 || rate_take(rule, now_ns))
		return FW_PASS;
	fw_source_rate_give(counted);
	return fw_drop(FW_DROP_RATE);
}

/* All places first, so that their memory is waited for once. */
static void places_find(struct fw_worker *w, const struct fw_packet *p, const struct fw_rule *rule,
			bool is_opening, struct places *at)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct fw_source source;

	is_opening &= policy->half_open_source != 0;
	if (rule->source_sessions == 0 && rule->source_rate == 0 && !is_opening)
		return;
	source_of_packet(policy, p, &source);
	if (rule->source_sessions != 0)
		place_find(&w->limits->sessions, &source, rule->id, &at->sessions);
	if (is_opening)
		place_find(&w->limits->sessions, &source, OF_HALF_OPEN, &at->half_open);
	if (rule->source_rate != 0)
		place_find(&w->limits->rates, &source, rule->id, &at->rate);
}

vnf_verdict_t fw_limit_begin(struct fw_worker *w, const struct fw_packet *p, struct fw_flow *flow,
			     uint32_t in_class, struct fw_source_counted *counted)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct fw_rule *rule = &policy->rule[flow->rule];
	bool is_opening = (CLASSES_OPENING >> in_class & 1) != 0;
	struct places at;
	vnf_verdict_t verdict;

	places_find(w, p, rule, is_opening, &at);
	verdict = counts_take(w->limits, policy, rule, &at, flow, is_opening);
	if (verdict == FW_PASS)
		verdict = rates_take(w, rule, &at.rate, counted);
	if (verdict != FW_PASS)
		fw_limit_end(w->limits, flow);
	return verdict;
}

vnf_verdict_t fw_limit_foresee(struct fw_worker *w, const struct fw_packet *p, uint32_t number,
			       const uint32_t *in_class)
{
	const struct fw_policy *policy = fw_policy_of(w->worker);
	struct fw_rule *rule = &policy->rule[number];
	bool is_opening = in_class != NULL && (CLASSES_OPENING >> *in_class & 1) != 0;
	struct fw_limits_now now;
	struct places at;

	fw_limits_read(w->limits, &now);
	places_find(w, p, rule, is_opening, &at);
	if (in_class != NULL && rule->source_sessions != 0 &&
	    fw_source_count(&at.sessions) >= rule->source_sessions)
		return fw_drop(FW_DROP_SOURCE_SESSIONS);
	if (is_opening && policy->half_open_source != 0 &&
	    fw_source_count(&at.half_open) >= policy->half_open_source)
		return fw_drop(FW_DROP_HALF_OPEN_SOURCE);
	if (is_opening && policy->half_open != 0 && now.half_open >= policy->half_open)
		return fw_drop(FW_DROP_HALF_OPEN);
	if (rule->source_rate != 0 && fw_source_rate_count(&at.rate, rule->source_period_ns,
							   w->worker->now_ns) >= rule->source_rate)
		return fw_drop(FW_DROP_SOURCE_RATE);
	return FW_PASS;
}

vnf_verdict_t fw_limit_bare(struct fw_worker *w, const struct fw_packet *p, uint32_t number)
{
	struct fw_rule *rule = &fw_policy_of(w->worker)->rule[number];
	struct fw_source_counted counted;
	struct places at;

	if (rule->source_rate != 0) {
		struct fw_source source;

		source_of_packet(fw_policy_of(w->worker), p, &source);
		place_find(&w->limits->rates, &source, rule->id, &at.rate);
	}
	return rates_take(w, rule, &at.rate, &counted);
}

/* ---- what becomes of it ---- */

static void word_give(struct fw_limits *limits, uint32_t *at)
{
	if (*at != 0)
		fw_source_give(&limits->sessions, *at);
	*at = 0;
}

static void opening_end(struct fw_limits *limits, struct fw_flow *flow)
{
	if (!flow->opening)
		return;
	flow->opening = false;
	__atomic_fetch_sub(&limits->now.half_open, 1, __ATOMIC_RELAXED);
	word_give(limits, &flow->half_open);
}

void fw_limit_end(struct fw_limits *limits, struct fw_flow *flow)
{
	word_give(limits, &flow->counted);
	word_give(limits, &flow->half_open);
	opening_end(limits, flow);
}

void fw_limit_moved(struct vnf_worker *worker, struct vnf_session *session)
{
	struct fw_limits *limits = fw_worker_of(worker)->limits;
	struct fw_flow *flow = vnf_session_user(session);

	if ((CLASSES_OPENING >> session->in_class & 1) == 0)
		opening_end(limits, flow);
	if ((CLASSES_CLOSED >> session->in_class & 1) != 0)
		word_give(limits, &flow->counted);
}

/* Makes it be counted of this source, or nowhere; no limit ends a session that stands. */
static void word_renew(struct fw_limits *limits, bool is_wanted, const struct fw_source *source,
		       uint64_t of, uint32_t *at)
{
	struct fw_source_place place;
	uint32_t before = *at;

	if (is_wanted) {
		place_find(&limits->sessions, source, of, &place);
		if (before != 0 && fw_source_holds(&limits->sessions, &place, before))
			return;
		sessions_take(limits, &place, UINT32_MAX, at);
	} else {
		*at = 0;
	}
	word_give(limits, &before);
}

void fw_limit_renew(struct vnf_worker *worker, uint32_t table, struct vnf_session *session)
{
	const struct fw_policy *policy = fw_policy_of(worker);
	struct fw_limits *limits = fw_worker_of(worker)->limits;
	struct fw_flow *flow = vnf_session_user(session);
	const struct fw_rule *rule = &policy->rule[flow->rule];
	bool is_counted =
		rule->source_sessions != 0 && (CLASSES_CLOSED >> session->in_class & 1) == 0;
	bool is_half_open = policy->half_open_source != 0 && flow->opening;
	struct fw_source source;

	if (!is_counted && !is_half_open && flow->counted == 0 && flow->half_open == 0)
		return;
	source_of_session(policy, table, session, flow, &source);
	word_renew(limits, is_counted, &source, rule->id, &flow->counted);
	word_renew(limits, is_half_open, &source, OF_HALF_OPEN, &flow->half_open);
}
