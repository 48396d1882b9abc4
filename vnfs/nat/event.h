/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Events of the NAT's log, by their names in RFC 8158 section 4: what a worker copies of a mapping,
 * a session or a limit (log.c), and the members of the line that is made of it. A record outlives
 * the policy, so it holds names, not where they are. Pure; any thread.
 */
#ifndef NAT_EVENT_H
#define NAT_EVENT_H

#include <stdint.h>

#include <jansson.h>
#include <rte_byteorder.h>

/* With the final 0. */
#define NAT_EVENT_NAME_OCTETS 32

enum nat_event_kind {
	NAT_EVENT_MAPPING_BEGIN,
	NAT_EVENT_MAPPING_END,
	NAT_EVENT_SESSION_BEGIN,
	NAT_EVENT_SESSION_END,
	NAT_EVENT_NO_ADDRESS, /* none of a pool has a port for a host */
	NAT_EVENT_NO_PORT,    /* an address has none */
	NAT_EVENT_QUOTA,      /* a host has what it may have */
	NAT_EVENT_MAX,        /* a table is full */
	NAT_EVENT_KINDS,
};

/* What a host has too many of, or what there is no room for. */
enum nat_event_of {
	NAT_EVENT_OF_PORTS,
	NAT_EVENT_OF_SESSIONS,
	NAT_EVENT_OF_RATE,
	NAT_EVENT_OF_MAPPINGS,
	NAT_EVENT_OF_HOSTS,
	NAT_EVENT_OFS,
};

struct nat_event {
	uint8_t kind;           /* enum nat_event_kind */
	uint8_t proto;          /* IPPROTO_...; 0: of all */
	uint8_t of;             /* of NAT_EVENT_QUOTA and NAT_EVENT_MAX: enum nat_event_of */
	uint8_t why;            /* of the end of a session: enum vnf_session_end */
	rte_be16_t inside_port; /* or identifier of a query, as those that follow */
	rte_be16_t external_port;
	rte_be16_t remote_port;
	rte_be32_t inside; /* 0: there is none, as of those that follow */
	rte_be32_t external;
	rte_be32_t remote;
	uint64_t lived_ns; /* of the end of a mapping */
	char pool[NAT_EVENT_NAME_OCTETS];
};

/* The members of its line; NULL: no memory. */
json_t *nat_event_tell(const struct nat_event *e);

#endif
