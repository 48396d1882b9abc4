/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The policy: what the configuration says, made into what workers ask (vnf_worker.built). Built by
 * the control thread at start and at each reload, read by workers, never changed.
 */
#ifndef NAT_POLICY_H
#define NAT_POLICY_H

#include <netinet/in.h>

#include <vnf/acl.h>
#include <vnf/config.h>
#include <vnf/ip.h>
#include <vnf/session.h>
#include <vnf/vnf.h>

#include "space.h"

#define NAT_POOLS_MAX 256
#define NAT_RULES_MAX 1024
#define NAT_STATICS_MAX 1024
#define NAT_FORWARDS_MAX 4096
#define NAT_NAME_MAX 31
/* Instead of the number of a pool. */
#define NAT_POOL_NONE UINT16_MAX

enum nat_side { NAT_NEITHER, NAT_INSIDE, NAT_OUTSIDE };
enum nat_profile { NAT_STANDARD, NAT_CGN };
enum nat_filtering { NAT_FILTER_ENDPOINT, NAT_FILTER_ADDRESS, NAT_FILTER_ADDRESS_PORT };
enum nat_pairing { NAT_PAIR_STRICT, NAT_PAIR_SOFT, NAT_PAIR_NONE };
enum nat_exhausted { NAT_TELL_PROHIBITED, NAT_TELL_HOST, NAT_TELL_NOBODY };

/* Periods of sessions: classes of the table, in this order. */
enum nat_class {
	NAT_CLASS_TCP_OPENING,
	NAT_CLASS_TCP_ESTABLISHED,
	NAT_CLASS_TCP_CLOSING,
	NAT_CLASS_TCP_RESET,
	NAT_CLASS_TCP_ASKED, /* begun from outside, and the inside has said nothing yet */
	NAT_CLASS_UDP,
	NAT_CLASS_UDP_KNOWN, /* to the ports 0 to 1023 */
	NAT_CLASS_UDP_ASKED, /* as TCP_ASKED */
	NAT_CLASS_ICMP,
	NAT_CLASS_OVER, /* for those that are to end at once: a nanosecond */
	NAT_CLASSES,
};

/* An address that is seen outside. */
struct nat_external {
	rte_be32_t addr;
	uint16_t pool;           /* whose it is; NAT_POOL_NONE: of forwards only */
	bool own;                /* an interface's, too: what has no mapping is the node's */
	struct nat_space *space; /* NULL without a pool */
};

struct nat_pool {
	char name[NAT_NAME_MAX + 1];
	uint16_t first_port; /* host order, of TCP and UDP */
	uint16_t last_port;
	uint8_t pairing; /* enum nat_pairing */
	bool preserve;
	bool parity;
	uint32_t n_externals;
	uint32_t *external; /* numbers of nat_policy.external */
};

/* What becomes of what a rule matches. */
struct nat_rule {
	uint16_t pool; /* NAT_POOL_NONE: it is not translated */
	char name[NAT_NAME_MAX + 1];
	char *place; /* such as "nat.conf:12" */
};

/* Addresses one to one: those that begin with `inside` and those that begin with `outside`. */
struct nat_static {
	uint32_t inside; /* host order, the first one */
	uint32_t outside;
	uint32_t n; /* addresses, a power of two */
	char *place;
};

struct nat_forward {
	uint32_t outside; /* host order */
	uint32_t inside;
	uint16_t first; /* host order, external ports */
	uint16_t last;
	uint16_t inside_first; /* port of `first` */
	uint8_t proto;         /* IPPROTO_TCP or IPPROTO_UDP; of both there are two */
	char name[NAT_NAME_MAX + 1];
	char *place;
};

struct nat_policy {
	uint32_t number;   /* counts those that were built, from 1 (state.c) */
	uint8_t filtering; /* enum nat_filtering; the profile is resolved */
	uint8_t exhausted; /* enum nat_exhausted, likewise */
	bool inbound_refresh;
	uint16_t mss;            /* 0: SYNs stay */
	uint64_t quarantine_ns;  /* 0: none */
	uint64_t syn_hold_ns;    /* 0: they are dropped */
	uint32_t limit_ports;    /* of a host and protocol; 0: none */
	uint32_t limit_sessions; /* of a host; 0: none */
	uint32_t limit_rate;     /* new sessions of a host a second; 0: none */
	uint64_t period_ns[NAT_CLASSES];
	bool log_mappings;
	bool log_sessions;
	bool log_destinations;
	bool log_limits;

	uint8_t side_of[VNF_IP_INTERFACES_MAX]; /* enum nat_side, by number of the interface */

	uint32_t n_pools;
	struct nat_pool *pool;

	/* Addresses that are seen outside, in the order of the pools, then those of forwards
	 * alone. `external_at`: their numbers + 1 by hash, open addressing, 0: none.
	 */
	uint32_t n_externals;
	struct nat_external *external;
	uint32_t external_mask;
	uint32_t *external_at;

	uint32_t n_rules; /* 0: all to pool 0 */
	struct nat_rule *rule;
	struct vnf_acl *acl; /* NULL without rules; its rules have the numbers of `rule` */

	uint32_t n_statics;
	struct nat_static *by_inside;  /* sorted by nat_static.inside */
	struct nat_static *by_outside; /* the same, sorted by nat_static.outside */

	uint32_t n_forwards;
	struct nat_forward *to_inside;  /* sorted by protocol, outside, first */
	struct nat_forward *to_outside; /* the same, sorted by protocol, inside, inside_first */
};

extern const struct vnf_config_key nat_keys[];
extern const size_t nat_config_size;

/* As of struct vnf_app: check, build, discard. */
void nat_policy_check(struct vnf_config *file, void *config);
int nat_policy_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built);
void nat_policy_discard(struct vnf *vnf, void *built);
/* As of struct vnf_app: addresses that the program has beside those of its interfaces: those of
 * pools, static pairs and forwards.
 */
bool nat_policy_addresses(const struct vnf *vnf, const void *config, uint32_t i,
			  struct vnf_ip_range *range);

/* Number of a new policy, and the external ports of all: the program's (state.c). */
uint32_t nat_policy_number(struct vnf *vnf);
struct nat_spaces *nat_spaces_of(struct vnf *vnf);

/* Of the configuration: what other files need of it. */
uint64_t nat_config_sessions(const void *config);
uint64_t nat_config_mappings(const void *config);
uint64_t nat_config_hosts(const void *config);
void nat_config_periods(const void *config, uint64_t period_ns[NAT_CLASSES]);
/* Classes of sessions, for the table: names and default periods; none is ever evicted. */
extern const struct vnf_session_class nat_classes[NAT_CLASSES];

/* ---- what workers ask ---- */

/* Neighbours must not collide: what differs of them is the low bits of the host order. */
static inline uint32_t nat_external_hash(rte_be32_t addr)
{
	return (rte_be_to_cpu_32(addr) * 0x9e3779b1u) >> 16;
}

/* The external address; NULL: it is none. */
static inline const struct nat_external *nat_external_find(const struct nat_policy *policy,
							   rte_be32_t addr)
{
	uint32_t at = nat_external_hash(addr), number;

	for (;; at++) {
		number = policy->external_at[at & policy->external_mask];
		if (number == 0)
			return NULL;
		if (policy->external[number - 1].addr == addr)
			return &policy->external[number - 1];
	}
}

/* The other address of a static pair, in network order; 0: there is none. */
rte_be32_t nat_static_out(const struct nat_policy *policy, rte_be32_t inside);
rte_be32_t nat_static_in(const struct nat_policy *policy, rte_be32_t outside);

/* By external address and port, and by inside address and port, network order; NULL: none. */
const struct nat_forward *nat_forward_in(const struct nat_policy *policy, uint8_t proto,
					 rte_be32_t outside, rte_be16_t port);
const struct nat_forward *nat_forward_out(const struct nat_policy *policy, uint8_t proto,
					  rte_be32_t inside, rte_be16_t port);
/* Port on the other side of one that it has. */
static inline rte_be16_t nat_forward_port_in(const struct nat_forward *f, rte_be16_t outside)
{
	return rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(outside) - f->first + f->inside_first));
}

static inline rte_be16_t nat_forward_port_out(const struct nat_forward *f, rte_be16_t inside)
{
	return rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(inside) - f->inside_first + f->first));
}

#endif
