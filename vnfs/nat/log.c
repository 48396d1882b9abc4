/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The log: mappings and sessions that begin and end, limits that hold a host back, as far as the
 * policy asks for them. Called by session.c, where that is known, if there is a journal
 * (vnf/journal.h). What is known of it is copied into a record by the worker; the journal's thread
 * makes a line of that (event.c).
 *
 * Limits are told once a second for each host and limit, or pool, or address: what is beyond one
 * may be tried a million times a second. What was told last is kept in a small table of all
 * workers; two that meet there push each other out, so that one is told too often, never too
 * seldom.
 */
#include "nat.h"

#include "event.h"

#define SECOND_BITS 24
#define SECOND_MASK ((UINT64_C(1) << SECOND_BITS) - 1)

_Static_assert(sizeof(struct nat_event) <= VNF_JOURNAL_RECORD_MAX, "it is a record");
_Static_assert(NAT_EVENT_NAME_OCTETS > NAT_NAME_MAX, "names fit");

static struct nat_event *event_begin(struct vnf_worker *worker, enum nat_event_kind kind,
				     uint8_t proto)
{
	struct nat_event *e = vnf_journal_reserve(worker, sizeof(*e));

	if (e == NULL)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->kind = (uint8_t)kind;
	e->proto = proto;
	return e;
}

/* ---- mappings and sessions ---- */

static void mapping_write(struct nat_worker *w, uint32_t slot, uint32_t number,
			  enum nat_event_kind kind)
{
	const struct nat_mapping *m = nat_mapping_at(nat_slot_at(w, slot), number);
	struct nat_event *e;

	if (!nat_policy_of(w)->log_mappings)
		return;
	e = event_begin(w->worker, kind, nat_ip_proto((enum nat_proto)m->proto));
	if (e == NULL)
		return;
	e->inside = m->inside;
	e->inside_port = m->inside_port;
	e->external = nat_space_at(w->spaces, m->space)->addr;
	e->external_port = m->port;
	e->lived_ns = w->worker->now_ns - m->begun_ns;
	vnf_journal_write(w->worker);
}

void nat_log_mapping_begin(struct nat_worker *w, uint32_t slot, uint32_t number)
{
	mapping_write(w, slot, number, NAT_EVENT_MAPPING_BEGIN);
}

void nat_log_mapping_end(struct nat_worker *w, uint32_t slot, uint32_t number)
{
	mapping_write(w, slot, number, NAT_EVENT_MAPPING_END);
}

/* RFC 6888 REQ-12: whom a host has talked to is told only if it is asked for. */
static void session_write(struct nat_worker *w, const struct vnf_session *session,
			  enum nat_event_kind kind, enum vnf_session_end why)
{
	const struct nat_policy *policy = nat_policy_of(w);
	const struct vnf_session_key4 *inside = vnf_session_key4(session, NAT_KEY_INSIDE);
	const struct vnf_session_key4 *outside = vnf_session_key4(session, NAT_KEY_OUTSIDE);
	struct nat_event *e;

	if (!policy->log_sessions)
		return;
	e = event_begin(w->worker, kind, inside->proto);
	if (e == NULL)
		return;
	e->why = (uint8_t)why;
	e->inside = inside->src;
	e->inside_port = inside->sport;
	e->external = outside->dst;
	e->external_port = outside->dport;
	if (policy->log_destinations) {
		e->remote = inside->dst;
		e->remote_port = inside->dport;
	}
	vnf_journal_write(w->worker);
}

void nat_log_session_begin(struct nat_worker *w, const struct vnf_session *session)
{
	session_write(w, session, NAT_EVENT_SESSION_BEGIN, VNF_SESSION_EXPIRED);
}

void nat_log_session_end(struct nat_worker *w, const struct vnf_session *session,
			 enum vnf_session_end why)
{
	session_write(w, session, NAT_EVENT_SESSION_END, why);
}

/* ---- limits ---- */

/* Was it not told in this second? Whoever loses a race has been told of by another one. */
static bool is_news(const struct nat_worker *w, uint64_t whose, uint64_t what)
{
	const uint64_t *secret = w->table->size.secret;
	uint64_t hash = vnf_slot_mix(whose ^ secret[2], what ^ secret[3]);
	uint64_t now = (hash & ~SECOND_MASK) | (w->worker->now_ns / VNF_SECOND_NS & SECOND_MASK);
	uint64_t *told = &w->seen->told[hash % NAT_TOLD];
	uint64_t is = __atomic_load_n(told, __ATOMIC_RELAXED);

	return is != now && __atomic_compare_exchange_n(told, &is, now, false, __ATOMIC_RELAXED,
							__ATOMIC_RELAXED);
}

static struct nat_event *limit_begin(struct nat_worker *w, enum nat_event_kind kind,
				     enum nat_event_of of, uint8_t proto, uint64_t whose)
{
	uint64_t what = (uint64_t)kind << 16 | (uint64_t)of << 8 | proto;

	if (!vnf_journal_is_on(w->worker) || !nat_policy_of(w)->log_limits ||
	    !is_news(w, whose, what))
		return NULL;
	return event_begin(w->worker, kind, proto);
}

void nat_log_exhausted(struct nat_worker *w, uint16_t pool, const struct nat_external *external,
		       enum nat_proto proto)
{
	struct nat_event *e = limit_begin(
		w, external != NULL ? NAT_EVENT_NO_PORT : NAT_EVENT_NO_ADDRESS, 0,
		nat_ip_proto(proto), external != NULL ? external->addr : (uint64_t)pool);

	if (e == NULL)
		return;
	if (external != NULL)
		e->external = external->addr;
	memccpy(e->pool, nat_policy_of(w)->pool[pool].name, '\0', sizeof(e->pool) - 1);
	vnf_journal_write(w->worker);
}

void nat_log_quota(struct nat_worker *w, rte_be32_t inside, uint32_t limit, enum nat_proto proto)
{
	bool of_proto = limit == NAT_DROP_LIMIT_PORTS;
	enum nat_event_of of = limit == NAT_DROP_LIMIT_PORTS      ? NAT_EVENT_OF_PORTS
			       : limit == NAT_DROP_LIMIT_SESSIONS ? NAT_EVENT_OF_SESSIONS
								  : NAT_EVENT_OF_RATE;
	struct nat_event *e =
		limit_begin(w, NAT_EVENT_QUOTA, of, of_proto ? nat_ip_proto(proto) : 0, inside);

	if (e == NULL)
		return;
	e->of = (uint8_t)of;
	e->inside = inside;
	vnf_journal_write(w->worker);
}

static void full_write(struct nat_worker *w, rte_be32_t inside, enum nat_event_of of)
{
	struct nat_event *e = limit_begin(w, NAT_EVENT_MAX, of, 0, 0);

	if (e == NULL)
		return;
	e->of = (uint8_t)of;
	e->inside = inside;
	vnf_journal_write(w->worker);
}

void nat_log_full_hosts(struct nat_worker *w, rte_be32_t inside)
{
	full_write(w, inside, NAT_EVENT_OF_HOSTS);
}

void nat_log_full_mappings(struct nat_worker *w, rte_be32_t inside)
{
	full_write(w, inside, NAT_EVENT_OF_MAPPINGS);
}

void nat_log_full_sessions(struct nat_worker *w, rte_be32_t inside)
{
	full_write(w, inside, NAT_EVENT_OF_SESSIONS);
}

/* ---- lines ---- */

json_t *nat_log_line(struct vnf *vnf, const void *record, size_t octets)
{
	struct nat_event e;

	(void)vnf;
	(void)octets;
	memcpy(&e, record, sizeof(e));
	return nat_event_tell(&e);
}
