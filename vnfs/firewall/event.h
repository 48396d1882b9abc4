/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Events of the firewall's log: what a worker copies of a session or a packet (log.c), and the
 * members of the line that is made of it. A record outlives the policy, so it holds names, not
 * where they are. Pure; any thread.
 */
#ifndef FW_EVENT_H
#define FW_EVENT_H

#include <stdint.h>

#include <jansson.h>

/* With the final 0. */
#define FW_EVENT_NAME_OCTETS 32
#define FW_EVENT_IN_OCTETS 48

enum fw_event_kind { FW_EVENT_BEGIN, FW_EVENT_END, FW_EVENT_DROP };

/* Why a session has ended. */
enum fw_end {
	FW_END_EXPIRED,  /* nothing came of it for too long */
	FW_END_CLOSED,   /* TCP: both sides had closed before that */
	FW_END_RESET,    /* TCP: one side had reset it before that */
	FW_END_EVICTED,  /* it made room for another */
	FW_END_POLICY,   /* a new policy does not want it */
	FW_END_REPLACED, /* another connection began between the same ports */
	FW_ENDS,
};

/* What is known of it, beside names that are not "". */
enum fw_event_has {
	FW_EVENT_PORTS = 0x01,
	FW_EVENT_ICMP_TYPE = 0x02,
	FW_EVENT_ICMP_CODE = 0x04,
	FW_EVENT_ICMP_ID = 0x08,
	FW_EVENT_TCP_FLAGS = 0x10,
	FW_EVENT_ETHER_TYPE = 0x20, /* and no addresses */
};

struct fw_event {
	uint8_t kind;    /* enum fw_event_kind */
	uint8_t version; /* 4 or 6; 0: no addresses are known */
	uint8_t proto;
	uint8_t has; /* bits of enum fw_event_has */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t tcp_flags;
	uint8_t why;       /* of an end: enum fw_end */
	uint16_t vlan;     /* 0: without a tag */
	uint16_t inner;    /* of a second tag; 0: there is none */
	uint16_t src_port; /* as all that follows, in host order */
	uint16_t dst_port;
	uint16_t icmp_id;
	uint16_t ether_type;
	uint16_t reason;   /* of a drop: its number */
	uint32_t length;   /* of a dropped frame, in octets */
	uint32_t rule;     /* its number, from 1; 0: none */
	const char *state; /* of an end; a constant of the program */
	uint64_t duration_ns;
	uint64_t idle_ns; /* the last part of it, in which nothing was seen */
	uint8_t src[16];  /* of the side that began it, or has sent the packet */
	uint8_t dst[16];
	char from[FW_EVENT_NAME_OCTETS]; /* zone; "": none, as all that follows */
	char to[FW_EVENT_NAME_OCTETS];   /* zone */
	uint16_t port;                   /* whose name `in` will be, or UINT16_MAX */
	char in[FW_EVENT_IN_OCTETS];     /* port or interface */
	char rule_name[FW_EVENT_NAME_OCTETS];
};

/* The members of its line; NULL: no memory. `reason`: the name of a drop's reason, else NULL. */
json_t *fw_event_tell(const struct fw_event *e, const char *reason);

#endif
