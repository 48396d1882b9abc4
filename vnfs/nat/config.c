/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The NAT's keys: what the SDK reads, checks, dumps and documents by itself. What tables cannot say
 * is in policy_check.c. Control thread.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <vnf/clock.h>
#include <vnf/session.h>

#define PERIOD_MIN VNF_SECOND_NS
#define PERIOD_MAX (30 * 24 * 3600 * VNF_SECOND_NS)
#define QUARANTINE_MAX (3600 * VNF_SECOND_NS)
#define SYN_HOLD_MIN (6 * VNF_SECOND_NS)
#define SYN_HOLD_MAX (60 * VNF_SECOND_NS)
#define HOSTS_MAX (1u << 24)
/* RFC 9293 section 3.7.1: what a host may send that was told nothing. */
#define MSS_MIN 536
/* With IPv4, whose headers are 40 octets and more. */
#define MSS_MAX 65495

static int check_syn_hold(const void *field, char *why, size_t why_size)
{
	uint64_t hold = *(const uint64_t *)field;

	if (hold == 0 || hold >= SYN_HOLD_MIN)
		return 0;
	snprintf(why, why_size,
		 "is shorter than 6s, the least that RFC 5382 (REQ-4) allows before an answer; "
		 "write 6s or more, or 0s for none");
	return -EINVAL;
}

static int check_mss(const void *field, char *why, size_t why_size)
{
	uint32_t mss = *(const uint32_t *)field;

	if (mss == 0 || mss >= MSS_MIN)
		return 0;
	snprintf(why, why_size,
		 "is %" PRIu32 ", allowed are 0 (SYNs stay as they are) and %u to %u", mss, MSS_MIN,
		 MSS_MAX);
	return -EINVAL;
}

static const char *const profiles[] = { "standard", "cgn", NULL };
static const char *const filterings[] = { "profile", "endpoint-independent", "address-dependent",
					  "address-and-port-dependent", NULL };
static const char *const exhausteds[] = { "profile", "prohibited", "host-unreachable", "drop",
					  NULL };

#define TIMEOUT(key, value, text)                                                                  \
	{                                                                                          \
		.name = #key, .type = VNF_CONFIG_DURATION,                                         \
		.offset = offsetof(struct nat_timeouts, key), .min = PERIOD_MIN,                   \
		.max = PERIOD_MAX, .def = (value), .doc = (text)                                   \
	}

static const struct vnf_config_key timeout_keys[] = {
	TIMEOUT(udp, "5m", "UDP (RFC 4787 REQ-5: 5 minutes, at least 2)."),
	TIMEOUT(udp_known, "5m",
		"UDP to the ports 0 to 1023, such as DNS, where it may be shorter (RFC 4787 "
		"REQ-5)."),
	TIMEOUT(tcp_opening, "4m",
		"TCP, until both sides have sent a SYN (RFC 5382 REQ-5: 4 minutes at least)."),
	TIMEOUT(tcp_established, "2h4m", "TCP, open (RFC 5382 REQ-5: 2 hours 4 minutes at least)."),
	TIMEOUT(tcp_closing, "4m",
		"TCP, both sides have closed (RFC 5382 REQ-5: 4 minutes at least)."),
	TIMEOUT(tcp_reset, "4m",
		"TCP, after a reset, if no more packets come (RFC 7857 section 2.2: 4 minutes)."),
	TIMEOUT(icmp, "1m", "Queries of ICMP (RFC 5508 REQ-2: 60 seconds at least)."),
	{ .name = NULL },
};

static const struct vnf_config_key limit_keys[] = {
	{ .name = "ports",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_limits_spec, ports),
	  .max = UINT16_MAX,
	  .def = "0",
	  .doc = "External ports of each protocol, and ICMP identifiers, at a time (RFC 6888 "
		 "REQ-4); 0: no limit." },
	{ .name = "sessions",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct nat_limits_spec, sessions),
	  .max = VNF_SESSIONS_MAX,
	  .def = "0",
	  .doc = "Sessions at a time (RFC 6888 REQ-5); 0: no limit." },
	{ .name = "session_rate",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct nat_limits_spec, session_rate),
	  .max = 1000000000,
	  .unit = "sessions/s",
	  .def = "0",
	  .doc = "New sessions; 0: no limit." },
	{ .name = NULL },
};

static const struct vnf_config_key log_keys[] = {
	{ .name = "mappings",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct nat_log_spec, mappings),
	  .def = "true",
	  .doc = "Who has which external address and port, from when to when." },
	{ .name = "sessions",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct nat_log_spec, sessions),
	  .def = "false",
	  .doc = "Begin and end of each session." },
	{ .name = "destinations",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct nat_log_spec, destinations),
	  .def = "false",
	  .doc = "With whom the sessions are. Whoever has no need of it leaves it out (RFC 6888 "
		 "REQ-12)." },
	{ .name = "limits",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct nat_log_spec, limits),
	  .def = "true",
	  .doc = "Hosts that come to a limit, and pools that have no port left." },
	{ .name = NULL },
};

const struct vnf_config_key nat_keys[] = {
	{ .name = "inside",
	  .type = VNF_CONFIG_STRINGS,
	  .flags = VNF_CONFIG_REQUIRED | VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, inside),
	  .min = 1,
	  .max = VNF_IP_INTERFACES_MAX,
	  .doc = "Interfaces (`ip.interfaces`) to hosts whose addresses are translated." },
	{ .name = "outside",
	  .type = VNF_CONFIG_STRINGS,
	  .flags = VNF_CONFIG_REQUIRED | VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, outside),
	  .min = 1,
	  .max = VNF_IP_INTERFACES_MAX,
	  .doc = "Interfaces to where they are seen by others. Between interfaces that are of the "
		 "same side, or of none, packets are routed as they are." },
	{ .name = "profile",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, profile),
	  .def = "standard",
	  .choices = profiles,
	  .doc = "What `filtering` and `exhausted` are if they are `profile`: `standard`, "
		 "`address-dependent` and `prohibited`; `cgn`, for carriers (RFC 6888), "
		 "`endpoint-independent` and `host-unreachable`." },
	{ .name = "filtering",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, filtering),
	  .def = "profile",
	  .choices = filterings,
	  .doc = "Who outside may send to a host by its mapping: anybody, addresses that the "
		 "host has sent to by it, or those by the same port (RFC 4787 REQ-8)." },
	{ .name = "pools",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, pools),
	  .max = NAT_POOLS_MAX,
	  .keys = nat_pool_keys,
	  .size = sizeof(struct nat_pool_spec),
	  .doc = "External addresses, at most 4,096 of all pools together." },
	{ .name = "rules",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, rules),
	  .max = NAT_RULES_MAX,
	  .keys = nat_rule_keys,
	  .size = sizeof(struct nat_rule_spec),
	  .doc = "What is translated by which pool: the first that matches the first packet from "
		 "inside to outside. What none matches is dropped; without rules all is "
		 "translated by the first pool, if there is one." },
	{ .name = "static",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, pairs),
	  .max = NAT_STATICS_MAX,
	  .keys = nat_static_keys,
	  .size = sizeof(struct nat_static_spec),
	  .doc = "Addresses one to one: all protocols, both directions, without sessions. They go "
		 "before `rules`." },
	{ .name = "forwards",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, forwards),
	  .max = NAT_FORWARDS_MAX,
	  .keys = nat_forward_keys,
	  .size = sizeof(struct nat_forward_spec),
	  .doc = "External ports that lead to a host inside." },
	{ .name = "timeouts",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, timeouts),
	  .keys = timeout_keys,
	  .doc = "How long a session of which no packet comes is kept; a mapping is kept as long "
		 "as a session of it." },
	{ .name = "inbound_refresh",
	  .type = VNF_CONFIG_BOOL,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, inbound_refresh),
	  .def = "true",
	  .doc = "UDP: packets from outside keep a session, too. `false`: only those from inside "
		 "do (RFC 4787 REQ-6)." },
	{ .name = "quarantine",
	  .type = VNF_CONFIG_DURATION,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, quarantine),
	  .max = QUARANTINE_MAX,
	  .def = "2m",
	  .doc = "How long an external port is nobody's after its mapping has ended (RFC 6888 "
		 "REQ-8: 120 seconds); 0s: it may be used at once." },
	{ .name = "syn_hold",
	  .type = VNF_CONFIG_DURATION,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, syn_hold),
	  .max = SYN_HOLD_MAX,
	  .def = "6s",
	  .check = check_syn_hold,
	  .doc = "How long a SYN from outside that has no mapping is kept before it is refused, as "
		 "a SYN of the host inside may be on its way (RFC 5382 REQ-4: 6 seconds at "
		 "least); 0s: it is dropped without an answer." },
	{ .name = "exhausted",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, exhausted),
	  .def = "profile",
	  .choices = exhausteds,
	  .doc = "What a host is told that gets no mapping or session: ICMP 3/13 (`prohibited`, "
		 "RFC 5508 REQ-8), 3/1 (`host-unreachable`, RFC 6888 REQ-11), or nothing." },
	{ .name = "limits",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, limits),
	  .keys = limit_keys,
	  .doc = "What a host inside may have, that is, an address." },
	{ .name = "mss",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, mss),
	  .max = MSS_MAX,
	  .unit = "bytes",
	  .def = "0",
	  .check = check_mss,
	  .doc = "Greatest segment that a SYN may ask for, both directions: greater ones are "
		 "lowered to it; 536 at least. 0: SYNs stay as they are." },
	{ .name = "sessions",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct nat_config, sessions),
	  .min = 1,
	  .max = VNF_SESSIONS_MAX,
	  .def = "250k",
	  .doc = "Sessions that there is room for." },
	{ .name = "mappings",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct nat_config, mappings),
	  .max = VNF_SESSIONS_MAX,
	  .def = "0",
	  .doc = "Mappings that there is room for; 0: as many as `sessions`, which is always "
		 "enough." },
	{ .name = "hosts",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct nat_config, hosts),
	  .min = 1,
	  .max = HOSTS_MAX,
	  .def = "16k",
	  .doc = "Hosts inside with mappings that there is room for." },
	{ .name = "log",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct nat_config, log),
	  .keys = log_keys,
	  .doc = "What is written to the file of the group `journal`; without one, nothing." },
	{ .name = NULL },
};

const size_t nat_config_size = sizeof(struct nat_config);
