/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the keys of the firewall fill (config.c), for those who check it and make a policy of it:
 * policy_check.c, policy_rule.c, policy_warn.c, policy.c. Control thread.
 */
#ifndef FW_CONFIG_H
#define FW_CONFIG_H

#include <vnf/config.h>

#include "policy.h"

/* Length of names of zones, sets and rules. */
#define FW_NAME_MAX 31

enum fw_family { FW_FAMILY_ANY, FW_FAMILY_IPV4, FW_FAMILY_IPV6 };
enum fw_fragment { FW_FRAGMENT_ANY, FW_FRAGMENT_YES, FW_FRAGMENT_NO };

struct fw_wire_spec {
	const char *a;
	const char *b;
};

struct fw_zone_spec {
	const char *name;
	struct vnf_config_strings ports;
	struct vnf_config_strings interfaces;
};

struct fw_set_spec {
	const char *name;
	struct vnf_config_strings addresses;
	struct vnf_config_strings files;
};

struct fw_port_set_spec {
	const char *name;
	struct vnf_config_strings ports;
};

struct fw_rule_spec {
	const char *name; /* "": none */
	struct vnf_config_strings from;
	struct vnf_config_strings to;
	struct vnf_config_strings src;
	struct vnf_config_strings dst;
	uint32_t family; /* enum fw_family */
	struct vnf_config_strings proto;
	struct vnf_config_strings sport;
	struct vnf_config_strings dport;
	struct vnf_config_strings icmp;
	struct vnf_config_strings flags;
	uint32_t fragment; /* enum fw_fragment */
	struct vnf_config_strings vlan;
	uint32_t action; /* enum fw_action */
	uint64_t rate;
	uint64_t source_sessions;
	uint32_t source_rate;
	uint64_t source_period; /* nanoseconds */
	bool log;
};

struct fw_limits_spec {
	uint64_t half_open;
	uint64_t half_open_source;
	uint32_t ipv6_prefix;
};

/* What is logged of sessions, and of drops. */
struct fw_log_spec {
	uint32_t sessions; /* enum fw_log */
	uint32_t drops;    /* likewise */
	bool otherwise;    /* does the default say `log`? */
};

/* Nanoseconds. */
struct fw_timeouts {
	uint64_t tcp_opening;
	uint64_t tcp_established;
	uint64_t tcp_closing;
	uint64_t tcp_time_wait;
	uint64_t tcp_reset;
	uint64_t udp_new;
	uint64_t udp;
	uint64_t icmp;
	uint64_t association_new;
	uint64_t association;
	uint64_t other_new;
	uint64_t other;
};

struct fw_config {
	uint32_t mode; /* enum fw_mode */
	struct vnf_config_list wires;
	struct vnf_config_list zones;
	struct vnf_config_list sets;
	struct vnf_config_list port_sets;
	struct vnf_config_list rules;
	uint32_t otherwise; /* 0: FW_DROP, 1: FW_REJECT */
	struct fw_log_spec log;
	struct fw_timeouts timeouts;
	struct fw_limits_spec limits;
	uint64_t sessions;
	bool strict;
	bool checksums;
	struct vnf_config_u32s ether_types;
	uint32_t reverse_path; /* enum fw_reverse_path */
	uint32_t reject_rate;
};

#endif
