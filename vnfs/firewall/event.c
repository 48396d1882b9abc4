/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See event.h. What is not known of an event is no member of its line.
 */
#include "event.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>

#include "policy_words.h"

#define MS_NS UINT64_C(1000000)
#define FLAGS_TEXT sizeof("fin,syn,rst,psh,ack,urg,ece,cwr")

static void text_set(json_t *line, const char *name, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(line, name, json_string(text));
}

static void number_set(json_t *line, const char *name, uint64_t number)
{
	json_object_set_new(line, name, json_integer((json_int_t)number));
}

static void where_tell(const struct fw_event *e, json_t *line)
{
	text_set(line, "from", e->from);
	text_set(line, "to", e->to);
	text_set(line, "in", e->in);
	if (e->vlan != 0)
		number_set(line, "vlan", e->vlan);
	if (e->inner != 0)
		number_set(line, "inner_vlan", e->inner);
}

/* "tcp", or 99. */
static void proto_tell(const struct fw_event *e, json_t *line)
{
	const char *name = fw_proto_name(e->proto);

	if (name != NULL)
		text_set(line, "proto", name);
	else
		number_set(line, "proto", e->proto);
}

static void address_tell(const struct fw_event *e, json_t *line, const char *name,
			 const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(e->version == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	text_set(line, name, text);
}

static void ends_tell(const struct fw_event *e, json_t *line)
{
	bool has_ports = (e->has & FW_EVENT_PORTS) != 0;

	proto_tell(e, line);
	address_tell(e, line, "src", e->src);
	if (has_ports)
		number_set(line, "src_port", e->src_port);
	address_tell(e, line, "dst", e->dst);
	if (has_ports)
		number_set(line, "dst_port", e->dst_port);
	if ((e->has & FW_EVENT_ICMP_TYPE) != 0)
		number_set(line, "icmp_type", e->icmp_type);
	if ((e->has & FW_EVENT_ICMP_CODE) != 0)
		number_set(line, "icmp_code", e->icmp_code);
	if ((e->has & FW_EVENT_ICMP_ID) != 0)
		number_set(line, "icmp_id", e->icmp_id);
}

/* "syn,ack" */
static void flags_tell(const struct fw_event *e, json_t *line)
{
	char text[FLAGS_TEXT] = "";
	size_t n = 0;

	for (unsigned int bit = 0; bit < 8; bit++)
		if ((e->tcp_flags >> bit & 1) != 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? "," : "",
					      fw_flag_name((uint8_t)(1u << bit)));
	json_object_set_new(line, "tcp_flags", json_string(text));
}

static void ether_type_tell(const struct fw_event *e, json_t *line)
{
	json_object_set_new(line, "ether_type", json_sprintf("0x%04x", e->ether_type));
}

static void rule_tell(const struct fw_event *e, json_t *line)
{
	if (e->rule_name[0] != '\0')
		text_set(line, "rule", e->rule_name);
	else if (e->rule != 0)
		number_set(line, "rule", e->rule);
}

static void end_tell(const struct fw_event *e, json_t *line)
{
	static const char *const why[FW_ENDS] = {
		[FW_END_EXPIRED] = "expired", [FW_END_CLOSED] = "closed",
		[FW_END_RESET] = "reset",     [FW_END_EVICTED] = "evicted",
		[FW_END_POLICY] = "policy",   [FW_END_REPLACED] = "replaced",
	};

	text_set(line, "why", why[e->why]);
	text_set(line, "state", e->state);
	number_set(line, "duration_ms", e->duration_ns / MS_NS);
	number_set(line, "idle_ms", e->idle_ns / MS_NS);
}

static void drop_tell(const struct fw_event *e, json_t *line, const char *reason)
{
	text_set(line, "reason", reason != NULL ? reason : "unknown");
	if ((e->has & FW_EVENT_TCP_FLAGS) != 0)
		flags_tell(e, line);
	number_set(line, "length", e->length);
}

json_t *fw_event_tell(const struct fw_event *e, const char *reason)
{
	static const char *const kinds[] = {
		[FW_EVENT_BEGIN] = "session-begin",
		[FW_EVENT_END] = "session-end",
		[FW_EVENT_DROP] = "drop",
	};
	json_t *line = json_object();

	text_set(line, "event", kinds[e->kind]);
	where_tell(e, line);
	if ((e->has & FW_EVENT_ETHER_TYPE) != 0)
		ether_type_tell(e, line);
	if (e->version != 0)
		ends_tell(e, line);
	rule_tell(e, line);
	if (e->kind == FW_EVENT_END)
		end_tell(e, line);
	if (e->kind == FW_EVENT_DROP)
		drop_tell(e, line, reason);
	return line;
}
