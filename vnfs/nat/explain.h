/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the NAT would do with a packet, and why: a frame is made of words (explain_words.c), the
 * worker that owns its slot follows it as burst.c and session.c would (explain.c), without any
 * effect, and the control thread tells it (command_explain.c).
 */
#ifndef NAT_EXPLAIN_H
#define NAT_EXPLAIN_H

#include <limits.h>

#include "walk.h"

#define NAT_EXPLAIN_NAME_MAX 63
#define NAT_EXPLAIN_TEXT_MAX 255
#define NAT_EXPLAIN_FRAME_MAX 128

/* ---- explain_words.c ---- */

/* A packet in words. */
struct nat_words {
	char in[NAT_EXPLAIN_NAME_MAX + 1]; /* interface */
	rte_be32_t addr[2];                /* of source and destination */
	uint16_t port[2];                  /* of TCP and UDP */
	uint8_t proto;
	uint8_t flags; /* of TCP */
	uint8_t icmp_type;
	uint16_t id; /* of ICMP */
};

/* 0; or -EINVAL, and `why` says what is wrong and what is expected. */
int nat_words_parse(const char *text, struct nat_words *words, char *why, size_t why_size);
/* The frame that comes in, to `mac`, with that tag (0: none); its octets. */
uint16_t nat_words_frame(const struct nat_words *words, const uint8_t mac[6], uint16_t vlan,
			 uint8_t frame[NAT_EXPLAIN_FRAME_MAX]);

/* ---- explain.c ---- */

/* What says how it is translated. */
enum nat_by {
	NAT_BY_NOTHING, /* it is not */
	NAT_BY_SESSION,
	NAT_BY_MAPPING, /* a session would begin */
	NAT_BY_NEW,     /* a mapping would begin, too */
	NAT_BY_STATIC,
	NAT_BY_FORWARD, /* a session would begin */
};

/* No rule was asked. */
#define NAT_RULE_UNASKED INT_MIN

/* What is found out, by the worker that owns the slot. */
struct nat_explained {
	const struct nat_policy *policy; /* by which; it may be discarded afterwards */
	uint64_t now_ns;
	vnf_verdict_t verdict; /* VNF_IP_PASS, the IP node's own ones, or a drop */
	uint16_t out;          /* interface, or VNF_IP_NO_INTERFACE */
	bool is_out;           /* its direction, where it has one */
	bool is_in;
	bool hairpin;  /* then it comes in */
	bool held;     /* of a drop: only when its time is over */
	bool filtered; /* its mapping does not let it in */
	uint8_t by;    /* enum nat_by */
	int rule;      /* -ENOENT: none matches; NAT_RULE_UNASKED */
	uint16_t slot;
	enum nat_proto proto;
	/* The other ends: source of what goes out, destination of what comes in. */
	rte_be32_t addr;
	rte_be16_t port;
	/* Of NAT_BY_NEW: */
	uint16_t pool;
	rte_be32_t paired; /* the external address of the host; 0: it has none */
	/* Of the session: */
	const char *state;
	uint64_t idle_ns;
	uint8_t in_class;
	/* Of the mapping: */
	uint32_t mapping_sessions;
	uint64_t mapping_ns;
	char forward[NAT_NAME_MAX + 1];
};

struct nat_explain_scratch;

struct nat_explain {
	uint16_t port;
	uint16_t octets; /* of the frame */
	bool hairpin;    /* it has gone out */
	uint32_t room;   /* sessions of a slot */
	uint8_t frame[NAT_EXPLAIN_FRAME_MAX];
	uint16_t answered; /* atomic: 1 when `is` is filled in */
	struct nat_explained is;
	struct nat_explain_scratch *scratch; /* of each worker */
};

/* Find out; 0, -ENOMEM, or -ETIMEDOUT. */
int nat_explain_ask(struct vnf *vnf, struct nat_explain *e);

#endif
