/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's keys: what the SDK reads, checks, dumps and documents by itself. What tables
 * cannot say is in policy_check.c. Control thread.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vnf/acl.h>
#include <vnf/clock.h>
#include <vnf/session.h>

#include "source.h"

#define SETS_MAX 1024
#define SET_FILES_MAX 64
#define PERIOD_MIN VNF_SECOND_NS
#define PERIOD_MAX (30 * 24 * 3600 * VNF_SECOND_NS)

#define NAME_LETTERS                                                                               \
	"abcdefghijklmnopqrstuvwxyz"                                                               \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                               \
	"0123456789_-"

static int check_name(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (name[strspn(name, NAME_LETTERS)] == '\0')
		return 0;
	snprintf(why, why_size, "is \"%s\", allowed are letters, digits, \"_\" and \"-\"", name);
	return -EINVAL;
}

static const char *const modes[] = { "transparent", "routed", NULL };
static const char *const families[] = { "any", "ipv4", "ipv6", NULL };
static const char *const fragments[] = { "any", "yes", "no", NULL };
static const char *const actions[] = { "accept", "drop", "reject", NULL };
static const char *const defaults[] = { "drop", "reject", NULL };
static const char *const logs[] = { "off", "rules", "all", NULL };
static const char *const reverse_paths[] = { "off", "loose", "strict", NULL };

static const struct vnf_config_key wire_keys[] = {
	{ .name = "a",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_wire_spec, a),
	  .min = 1,
	  .doc = "Name of the port at one end." },
	{ .name = "b",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_wire_spec, b),
	  .min = 1,
	  .doc = "Name of the port at the other end." },
	{ .name = NULL },
};

static const struct vnf_config_key zone_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_zone_spec, name),
	  .min = 1,
	  .max = FW_NAME_MAX,
	  .check = check_name,
	  .doc = "What rules call it: letters, digits, `_` and `-`. `self` is taken: that are the "
		 "firewall's own addresses." },
	{ .name = "ports",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_zone_spec, ports),
	  .max = FW_PORTS_MAX,
	  .doc = "Names of its ports, in transparent mode. A port is in one zone at most." },
	{ .name = "interfaces",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_zone_spec, interfaces),
	  .max = FW_INTERFACES_MAX,
	  .doc = "Names of its interfaces (`ip.interfaces`), in routed mode. An interface is in "
		 "one zone at most." },
	{ .name = NULL },
};

static const struct vnf_config_key set_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_set_spec, name),
	  .min = 1,
	  .max = FW_NAME_MAX,
	  .check = check_name,
	  .doc = "What rules call it, with `@` before it." },
	{ .name = "addresses",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_set_spec, addresses),
	  .doc = "Addresses, prefixes and ranges of both families: `\"192.0.2.1\", "
		 "\"2001:db8::/32\", \"10.0.0.1-10.0.0.9\"`." },
	{ .name = "files",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_set_spec, files),
	  .max = SET_FILES_MAX,
	  .doc = "Files with further ones, one a line; what follows `#` is a comment. A path is "
		 "relative to the file that it is written in. They are read again at each "
		 "reload." },
	{ .name = NULL },
};

static const struct vnf_config_key port_set_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_port_set_spec, name),
	  .min = 1,
	  .max = FW_NAME_MAX,
	  .check = check_name,
	  .doc = "What rules call it, with `@` before it." },
	{ .name = "ports",
	  .type = VNF_CONFIG_STRINGS,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_port_set_spec, ports),
	  .min = 1,
	  .doc = "Numbers and ranges: `\"80\", \"8000-8080\"`." },
	{ .name = NULL },
};

static const struct vnf_config_key rule_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fw_rule_spec, name),
	  .min = 1,
	  .max = FW_NAME_MAX,
	  .check = check_name,
	  .doc = "What commands and metrics call it. Its counters go on over a reload." },
	{ .name = "from",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, from),
	  .min = 1,
	  .doc = "Zones that it comes from; as all that follows, without it any." },
	{ .name = "to",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, to),
	  .min = 1,
	  .doc = "Zones that it goes to; `self` is the firewall itself." },
	{ .name = "src",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, src),
	  .min = 1,
	  .doc = "Source: addresses, prefixes, ranges, and sets as `\"@name\"`. With `!` before "
		 "each of them: all others." },
	{ .name = "dst",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, dst),
	  .min = 1,
	  .doc = "Destination likewise." },
	{ .name = "family",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct fw_rule_spec, family),
	  .def = "any",
	  .choices = families,
	  .doc = "IP version." },
	{ .name = "proto",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, proto),
	  .min = 1,
	  .doc = "Protocols, by name (`tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, `dccp`, `udplite`, "
		 "`gre`, `esp`, and others) or number. With `!` before each of them: all "
		 "others." },
	{ .name = "sport",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, sport),
	  .min = 1,
	  .doc = "Source ports: numbers, ranges, and sets as `\"@name\"`; `!` as above. Only "
		 "packets that have ports match." },
	{ .name = "dport",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, dport),
	  .min = 1,
	  .doc = "Destination ports likewise." },
	{ .name = "icmp",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, icmp),
	  .min = 1,
	  .doc = "Types of ICMP or ICMPv6, whichever `proto` names alone: `echo-request`, `\"3\"`, "
		 "or with a code `\"3/4\"`." },
	{ .name = "flags",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, flags),
	  .min = 1,
	  .doc = "TCP flags that are set, or with `!` are not: `\"syn\", \"!ack\"`; `proto` is "
		 "`tcp` alone." },
	{ .name = "fragment",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct fw_rule_spec, fragment),
	  .def = "any",
	  .choices = fragments,
	  .doc = "Datagrams that come in fragments (`yes`), or whole (`no`)." },
	{ .name = "vlan",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct fw_rule_spec, vlan),
	  .min = 1,
	  .doc = "VLANs of the outermost tag: numbers, ranges, and `untagged`; `!` as above." },
	{ .name = "action",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_rule_spec, action),
	  .choices = actions,
	  .doc = "What becomes of what matches: `reject` drops it and tells its source, by a "
		 "reset (TCP) or an ICMP error." },
	{ .name = "rate",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct fw_rule_spec, rate),
	  .max = 1000000000,
	  .unit = "sessions/s",
	  .def = "0",
	  .doc = "Of `accept`: new sessions at most, what is beyond is dropped; 0: no limit." },
	{ .name = "log",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct fw_rule_spec, log),
	  .def = "false",
	  .doc = "Write to the `journal` when its sessions begin and end, and which packets it "
		 "refuses; see `log`." },
	{ .name = "source_sessions",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct fw_rule_spec, source_sessions),
	  .max = FW_SOURCE_SESSIONS_MAX,
	  .def = "0",
	  .doc = "Of `accept`: sessions that one source may have by this rule at a time, those "
		 "that are closed not counted; 0: no limit." },
	{ .name = "source_rate",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct fw_rule_spec, source_rate),
	  .max = FW_SOURCE_RATE_MAX,
	  .def = "0",
	  .doc = "Of `accept`: new sessions of one source by this rule in a `source_period`; 0: no "
		 "limit." },
	{ .name = "source_period",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct fw_rule_spec, source_period),
	  .min = PERIOD_MIN,
	  .max = FW_SOURCE_PERIOD_MAX_NS,
	  .def = "1s",
	  .doc = "That period: it begins with a source's first new session. `source_rate = 3; "
		 "source_period = \"1m\";` leaves three in a minute." },
	{ .name = NULL },
};

static const struct vnf_config_key log_keys[] = {
	{ .name = "sessions",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct fw_log_spec, sessions),
	  .def = "rules",
	  .choices = logs,
	  .doc = "Begin and end of sessions: of `rules` that say `log`, of all, or of none." },
	{ .name = "drops",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct fw_log_spec, drops),
	  .def = "rules",
	  .choices = logs,
	  .doc = "Packets that are dropped: `rules`, those that rules with `log` refuse; `all`, "
		 "whatever the reason; `off`, none." },
	{ .name = "default",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct fw_log_spec, otherwise),
	  .def = "false",
	  .doc = "What no rule matches counts as if a rule with `log` had refused it." },
	{ .name = NULL },
};

static const struct vnf_config_key limit_keys[] = {
	{ .name = "half_open",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct fw_limits_spec, half_open),
	  .max = (uint64_t)2 * VNF_SESSIONS_MAX,
	  .def = "0",
	  .doc = "Half-open sessions at a time, of all sources and both IP versions together: what "
		 "is not answered yet, TCP until both sides have agreed. At the limit nobody can "
		 "begin anything until some of them end. 0: no limit." },
	{ .name = "half_open_source",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct fw_limits_spec, half_open_source),
	  .max = FW_SOURCE_SESSIONS_MAX,
	  .def = "0",
	  .doc = "Those of one source; 0: no limit." },
	{ .name = "ipv6_prefix",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct fw_limits_spec, ipv6_prefix),
	  .min = 1,
	  .max = 128,
	  .unit = "bits",
	  .def = "64",
	  .doc = "What one source is with IPv6, also for rules: all addresses that begin alike. A "
		 "host has a whole /64 to choose from. With IPv4 it is an address." },
	{ .name = NULL },
};

#define TIMEOUT(key, value, text)                                                                  \
	{                                                                                          \
		.name = #key, .type = VNF_CONFIG_DURATION,                                         \
		.offset = offsetof(struct fw_timeouts, key), .min = PERIOD_MIN, .max = PERIOD_MAX, \
		.def = (value), .doc = (text)                                                      \
	}

static const struct vnf_config_key timeout_keys[] = {
	TIMEOUT(tcp_opening, "4m", "TCP, until both sides have agreed (RFC 5382: 4 minutes)."),
	TIMEOUT(tcp_established, "2h4m", "TCP, open (RFC 5382: 2 hours 4 minutes at least)."),
	TIMEOUT(tcp_closing, "4m", "TCP, both sides have closed, not all of it is acknowledged."),
	TIMEOUT(tcp_time_wait, "4m", "TCP, both sides have closed, and all is acknowledged."),
	TIMEOUT(tcp_reset, "10s", "TCP, once one side has reset the connection."),
	TIMEOUT(udp_new, "2m", "UDP, until it is answered."),
	TIMEOUT(udp, "5m", "UDP, answered (RFC 4787: 5 minutes)."),
	TIMEOUT(icmp, "1m", "Requests of ICMP and their replies (RFC 5508: 60 seconds)."),
	TIMEOUT(association_new, "8m", "SCTP and DCCP, until it is answered."),
	TIMEOUT(association, "2h4m", "SCTP and DCCP, answered."),
	TIMEOUT(other_new, "2m", "Any other protocol, until it is answered."),
	TIMEOUT(other, "10m", "Any other protocol, answered."),
	{ .name = NULL },
};

const struct vnf_config_key fw_keys[] = {
	{ .name = "mode",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct fw_config, mode),
	  .choices = modes,
	  .doc = "`transparent`: between two ends of a wire, without addresses; `routed`: a "
		 "router, with the group `ip`." },
	{ .name = "wires",
	  .type = VNF_CONFIG_LIST,
	  .offset = offsetof(struct fw_config, wires),
	  .max = FW_WIRES_MAX,
	  .keys = wire_keys,
	  .size = sizeof(struct fw_wire_spec),
	  .doc = "Transparent mode: what comes in at one end leaves at the other." },
	{ .name = "zones",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, zones),
	  .max = FW_ZONES_MAX,
	  .keys = zone_keys,
	  .size = sizeof(struct fw_zone_spec),
	  .doc = "Ports, or interfaces, that rules name together. What is in none matches no rule "
		 "that names zones." },
	{ .name = "sets",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, sets),
	  .max = SETS_MAX,
	  .keys = set_keys,
	  .size = sizeof(struct fw_set_spec),
	  .doc = "Addresses by a name. A million of them costs a packet little more than ten." },
	{ .name = "port_sets",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, port_sets),
	  .max = SETS_MAX,
	  .keys = port_set_keys,
	  .size = sizeof(struct fw_port_set_spec),
	  .doc = "Ports of TCP, UDP and others by a name." },
	{ .name = "rules",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, rules),
	  .max = VNF_ACL_RULES_MAX,
	  .keys = rule_keys,
	  .size = sizeof(struct fw_rule_spec),
	  .doc = "Who may begin what: the first that matches the first packet of a session counts, "
		 "for all packets of it, both ways." },
	{ .name = "default",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, otherwise),
	  .def = "drop",
	  .choices = defaults,
	  .doc = "What becomes of what no rule matches." },
	{ .name = "log",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, log),
	  .keys = log_keys,
	  .doc = "What is written to the file of the group `journal`." },
	{ .name = "timeouts",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, timeouts),
	  .keys = timeout_keys,
	  .doc = "How long a session of which no packet comes is kept." },
	{ .name = "limits",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, limits),
	  .keys = limit_keys,
	  .doc = "What sources may have, whatever rules say. Those of a rule are among its keys." },
	{ .name = "sessions",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct fw_config, sessions),
	  .min = 1,
	  .max = VNF_SESSIONS_MAX,
	  .def = "250k",
	  .doc = "Sessions of each IP version that there is room for." },
	{ .name = "strict",
	  .type = VNF_CONFIG_BOOL,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, strict),
	  .def = "true",
	  .doc = "TCP: only a SYN begins a session. `false`: so does a segment in the middle of a "
		 "connection, as after a restart." },
	{ .name = "checksums",
	  .type = VNF_CONFIG_BOOL,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, checksums),
	  .def = "false",
	  .doc = "Drop packets whose checksum of TCP, UDP or ICMP is wrong, which costs a look at "
		 "all of their octets." },
	{ .name = "ether_types",
	  .type = VNF_CONFIG_U32S,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, ether_types),
	  .max = FW_ETHER_TYPES_MAX,
	  .doc = "Transparent mode: Ethernet types that pass unlooked at, beside ARP; `0x88cc` is "
		 "LLDP. IPv4 and IPv6 are judged by the rules, all others are dropped." },
	{ .name = "reverse_path",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, reverse_path),
	  .def = "strict",
	  .choices = reverse_paths,
	  .doc = "Routed mode: drop packets whose source has no route back by the interface that "
		 "they came in at (`strict`) or by any (`loose`); RFC 3704." },
	{ .name = "reject_rate",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct fw_config, reject_rate),
	  .max = 1000000,
	  .unit = "1/s",
	  .def = "1000",
	  .doc = "Answers to what is rejected at most; what is beyond is dropped without one." },
	{ .name = NULL },
};

const size_t fw_config_size = sizeof(struct fw_config);

enum fw_mode fw_config_mode(const void *config)
{
	return ((const struct fw_config *)config)->mode;
}

uint64_t fw_config_sessions(const void *config)
{
	return ((const struct fw_config *)config)->sessions;
}

void fw_config_periods(const void *config, uint64_t period_ns[FW_CLASSES])
{
	const struct fw_timeouts *t = &((const struct fw_config *)config)->timeouts;
	const uint64_t period[FW_CLASSES] = {
		[FW_CLASS_TCP_OPENING] = t->tcp_opening,
		[FW_CLASS_TCP_ESTABLISHED] = t->tcp_established,
		[FW_CLASS_TCP_CLOSING] = t->tcp_closing,
		[FW_CLASS_TCP_TIME_WAIT] = t->tcp_time_wait,
		[FW_CLASS_TCP_RESET] = t->tcp_reset,
		[FW_CLASS_UDP_NEW] = t->udp_new,
		[FW_CLASS_UDP_ONCE] = t->udp,
		[FW_CLASS_UDP] = t->udp,
		[FW_CLASS_ICMP_NEW] = t->icmp,
		[FW_CLASS_ICMP_ONCE] = t->icmp,
		[FW_CLASS_ICMP] = t->icmp,
		[FW_CLASS_ASSOCIATION_NEW] = t->association_new,
		[FW_CLASS_ASSOCIATION_ONCE] = t->association,
		[FW_CLASS_ASSOCIATION] = t->association,
		[FW_CLASS_OTHER_NEW] = t->other_new,
		[FW_CLASS_OTHER_ONCE] = t->other,
		[FW_CLASS_OTHER] = t->other,
	};

	memcpy(period_ns, period, sizeof(period));
}
