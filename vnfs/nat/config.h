/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the keys of the NAT fill (config.c), for those who check it and make a policy of it:
 * policy_*.c. Control thread.
 */
#ifndef NAT_CONFIG_H
#define NAT_CONFIG_H

#include <vnf/config.h>

#include "policy.h"

enum nat_action { NAT_TRANSLATE, NAT_PASS };
/* Of what the profile may say, it says this. */
#define NAT_OF_PROFILE 0

struct nat_pool_spec {
	const char *name;
	struct vnf_config_strings addresses;
	const char *ports;
	uint32_t pairing; /* enum nat_pairing */
	bool preserve;
	bool parity;
};

struct nat_rule_spec {
	const char *name; /* "": none */
	struct vnf_config_strings src;
	struct vnf_config_strings dst;
	struct vnf_config_strings proto;
	struct vnf_config_strings dport;
	uint32_t action;  /* enum nat_action */
	const char *pool; /* "": the first one */
};

struct nat_static_spec {
	const char *inside;
	const char *outside;
};

struct nat_forward_spec {
	const char *name; /* "": none */
	struct vnf_config_strings proto;
	const char *outside;
	const char *port;
	const char *inside;
	uint32_t inside_port; /* 0: as the first one of `port` */
};

/* Nanoseconds. */
struct nat_timeouts {
	uint64_t udp;
	uint64_t udp_known;
	uint64_t tcp_opening;
	uint64_t tcp_established;
	uint64_t tcp_closing;
	uint64_t tcp_reset;
	uint64_t icmp;
};

struct nat_limits_spec {
	uint32_t ports;
	uint64_t sessions;
	uint64_t session_rate;
};

struct nat_log_spec {
	bool mappings;
	bool sessions;
	bool destinations;
	bool limits;
};

struct nat_config {
	struct vnf_config_strings inside;
	struct vnf_config_strings outside;
	uint32_t profile;   /* enum nat_profile */
	uint32_t filtering; /* NAT_OF_PROFILE, or enum nat_filtering + 1 */
	struct vnf_config_list pools;
	struct vnf_config_list rules;
	struct vnf_config_list pairs;
	struct vnf_config_list forwards;
	struct nat_timeouts timeouts;
	bool inbound_refresh;
	uint64_t quarantine; /* nanoseconds */
	uint64_t syn_hold;   /* nanoseconds */
	uint32_t exhausted;  /* NAT_OF_PROFILE, or enum nat_exhausted + 1 */
	struct nat_limits_spec limits;
	uint32_t mss;
	uint64_t sessions;
	uint64_t mappings;
	uint64_t hosts;
	struct nat_log_spec log;
};

/* config_items.c: keys of items of lists. */
extern const struct vnf_config_key nat_pool_keys[];
extern const struct vnf_config_key nat_rule_keys[];
extern const struct vnf_config_key nat_static_keys[];
extern const struct vnf_config_key nat_forward_keys[];

#endif
