/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Lines of the firewall's log: what is known of an event is in its line, in this order, and what
 * is not known is not.
 */
#include <criterion/criterion.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

static void check(const struct fw_event *e, const char *reason, const char *want)
{
	json_t *line = fw_event_tell(e, reason);
	char *text;

	cr_assert_not_null(line);
	text = json_dumps(line, JSON_COMPACT);
	cr_assert_str_eq(text, want);
	free(text);
	json_decref(line);
}

static struct fw_event tcp_event(enum fw_event_kind kind)
{
	return (struct fw_event){
		.kind = (uint8_t)kind,
		.version = 4,
		.proto = IPPROTO_TCP,
		.has = FW_EVENT_PORTS,
		.src = { 192, 0, 2, 1 },
		.dst = { 198, 51, 100, 255 },
		.src_port = 65535,
		.dst_port = 80,
		.from = "inside",
		.to = "outside",
		.in = "lan",
		.rule = 3,
		.rule_name = "web",
	};
}

#define TCP_ENDS                                                                                   \
	"\"from\":\"inside\",\"to\":\"outside\",\"in\":\"lan\",\"proto\":\"tcp\","                 \
	"\"src\":\"192.0.2.1\",\"src_port\":65535,\"dst\":\"198.51.100.255\",\"dst_port\":80,"

Test(fw_event, session_begins)
{
	struct fw_event e = tcp_event(FW_EVENT_BEGIN);

	check(&e, NULL, "{\"event\":\"session-begin\"," TCP_ENDS "\"rule\":\"web\"}");
	e.rule_name[0] = '\0';
	check(&e, NULL, "{\"event\":\"session-begin\"," TCP_ENDS "\"rule\":3}");
}

Test(fw_event, session_ends_for_each_cause)
{
	static const char *const why[FW_ENDS] = { "expired", "closed", "reset",
						  "evicted", "policy", "replaced" };

	for (uint32_t i = 0; i < FW_ENDS; i++) {
		struct fw_event e = tcp_event(FW_EVENT_END);
		char want[512];

		e.why = (uint8_t)i;
		e.state = "fin_wait";
		e.duration_ns = UINT64_C(86400000999999);
		e.idle_ns = 1999999;
		snprintf(want, sizeof(want),
			 "{\"event\":\"session-end\"," TCP_ENDS "\"rule\":\"web\",\"why\":\"%s\","
			 "\"state\":\"fin_wait\",\"duration_ms\":86400000,\"idle_ms\":1}",
			 why[i]);
		check(&e, NULL, want);
	}
}

Test(fw_event, drop_has_its_flags)
{
	struct fw_event e = tcp_event(FW_EVENT_DROP);

	e.has |= FW_EVENT_TCP_FLAGS;
	e.tcp_flags = 0xff;
	e.length = 9618;
	check(&e, "tcp_flags",
	      "{\"event\":\"drop\"," TCP_ENDS "\"rule\":\"web\",\"reason\":\"tcp_flags\","
	      "\"tcp_flags\":\"fin,syn,rst,psh,ack,urg,ece,cwr\",\"length\":9618}");
	e.tcp_flags = 0;
	e.rule = 0;
	e.rule_name[0] = '\0';
	check(&e, NULL,
	      "{\"event\":\"drop\"," TCP_ENDS "\"reason\":\"unknown\",\"tcp_flags\":\"\","
	      "\"length\":9618}");
}

Test(fw_event, icmp_has_no_ports)
{
	struct fw_event e = {
		.kind = FW_EVENT_DROP,
		.version = 6,
		.proto = IPPROTO_ICMPV6,
		.has = FW_EVENT_ICMP_TYPE | FW_EVENT_ICMP_CODE,
		.src = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
		.dst = { 0xff, 0x02, [15] = 2 },
		.icmp_type = 134,
		.vlan = 4094,
		.inner = 1,
		.length = 70,
	};

	check(&e, "policy",
	      "{\"event\":\"drop\",\"vlan\":4094,\"inner_vlan\":1,\"proto\":\"icmpv6\","
	      "\"src\":\"2001:db8::1\",\"dst\":\"ff02::2\",\"icmp_type\":134,\"icmp_code\":0,"
	      "\"reason\":\"policy\",\"length\":70}");
	e.has = FW_EVENT_ICMP_TYPE | FW_EVENT_ICMP_ID;
	e.kind = FW_EVENT_BEGIN;
	e.icmp_id = 77;
	e.vlan = e.inner = 0;
	check(&e, NULL,
	      "{\"event\":\"session-begin\",\"proto\":\"icmpv6\",\"src\":\"2001:db8::1\","
	      "\"dst\":\"ff02::2\",\"icmp_type\":134,\"icmp_id\":77}");
}

Test(fw_event, little_is_known)
{
	struct fw_event e = { .kind = FW_EVENT_DROP, .in = "lan", .length = 60 };

	check(&e, "too_short",
	      "{\"event\":\"drop\",\"in\":\"lan\",\"reason\":\"too_short\",\"length\":60}");
	e.has = FW_EVENT_ETHER_TYPE;
	e.ether_type = 0x88cc;
	check(&e, "ether_type",
	      "{\"event\":\"drop\",\"in\":\"lan\",\"ether_type\":\"0x88cc\","
	      "\"reason\":\"ether_type\",\"length\":60}");
	e = (struct fw_event){ .kind = FW_EVENT_BEGIN, .version = 4, .proto = 253 };
	check(&e, NULL,
	      "{\"event\":\"session-begin\",\"proto\":253,\"src\":\"0.0.0.0\","
	      "\"dst\":\"0.0.0.0\"}");
}
