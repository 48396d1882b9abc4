/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See event.h. What is not known of an event is no member of its line.
 */
#include "event.h"

#include <stdbool.h>

#include <arpa/inet.h>

#include <vnf/session.h>

#include "policy_words.h"

#define MS_NS UINT64_C(1000000)

static void text_set(json_t *line, const char *name, const char *text)
{
	json_object_set_new(line, name, json_string(text));
}

static void number_set(json_t *line, const char *name, uint64_t number)
{
	json_object_set_new(line, name, json_integer((json_int_t)number));
}

static void address_set(json_t *line, const char *name, rte_be32_t addr)
{
	char text[INET_ADDRSTRLEN];

	if (addr != 0)
		text_set(line, name, inet_ntop(AF_INET, &addr, text, sizeof(text)));
}

static bool has_ends(const struct nat_event *e)
{
	return e->kind <= NAT_EVENT_SESSION_END;
}

static void ends_tell(const struct nat_event *e, json_t *line)
{
	address_set(line, "inside", e->inside);
	if (has_ends(e))
		number_set(line, "inside_port", rte_be_to_cpu_16(e->inside_port));
	address_set(line, "external", e->external);
	if (has_ends(e))
		number_set(line, "external_port", rte_be_to_cpu_16(e->external_port));
	address_set(line, "remote", e->remote);
	/* A query has one identifier, which is told. */
	if (e->remote != 0 && e->proto != IPPROTO_ICMP)
		number_set(line, "remote_port", rte_be_to_cpu_16(e->remote_port));
}

json_t *nat_event_tell(const struct nat_event *e)
{
	static const char *const kinds[NAT_EVENT_KINDS] = {
		[NAT_EVENT_MAPPING_BEGIN] = "nat44_bib_create",
		[NAT_EVENT_MAPPING_END] = "nat44_bib_delete",
		[NAT_EVENT_SESSION_BEGIN] = "nat44_session_create",
		[NAT_EVENT_SESSION_END] = "nat44_session_delete",
		[NAT_EVENT_NO_ADDRESS] = "addresses_exhausted",
		[NAT_EVENT_NO_PORT] = "ports_exhausted",
		[NAT_EVENT_QUOTA] = "quota_exceeded",
		[NAT_EVENT_MAX] = "max_entries_exceeded",
	};
	static const char *const ofs[NAT_EVENT_OFS] = {
		[NAT_EVENT_OF_PORTS] = "ports",       [NAT_EVENT_OF_SESSIONS] = "sessions",
		[NAT_EVENT_OF_RATE] = "session_rate", [NAT_EVENT_OF_MAPPINGS] = "mappings",
		[NAT_EVENT_OF_HOSTS] = "hosts",
	};
	static const char *const whys[] = {
		[VNF_SESSION_EXPIRED] = "expired",
		[VNF_SESSION_EVICTED] = "evicted",
		[VNF_SESSION_REMOVED] = "policy",
	};
	json_t *line = json_object();

	text_set(line, "event", kinds[e->kind]);
	if (e->kind == NAT_EVENT_QUOTA || e->kind == NAT_EVENT_MAX)
		text_set(line, "limit", ofs[e->of]);
	if (e->pool[0] != '\0')
		text_set(line, "pool", e->pool);
	if (e->proto != 0)
		text_set(line, "proto", nat_proto_name(e->proto));
	ends_tell(e, line);
	if (e->kind == NAT_EVENT_MAPPING_END)
		number_set(line, "lived_ms", e->lived_ns / MS_NS);
	if (e->kind == NAT_EVENT_SESSION_END)
		text_set(line, "why", whys[e->why]);
	return line;
}
