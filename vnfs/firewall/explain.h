/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the firewall would do with a packet, and why: a frame is made of words (explain_frame.c),
 * the worker that owns its slot judges it by the functions that packets are judged by, on copies
 * of all that these would change (explain.c), and the control thread tells it
 * (command_explain.c).
 */
#ifndef FW_EXPLAIN_H
#define FW_EXPLAIN_H

#include "explain_words.h"
#include "session_list.h"

#define FW_EXPLAIN_FRAME_MAX 256

/* ---- explain_frame.c ---- */

/* The frame that comes in, to `mac`, with that tag (0: none); its octets. */
uint16_t fw_frame_make(const struct fw_words *words, const uint8_t mac[6], uint16_t vlan,
		       uint8_t frame[FW_EXPLAIN_FRAME_MAX]);

/* ---- explain.c ---- */

/* How far a packet came. */
enum fw_explain_stage {
	FW_STAGE_LOOK,    /* what it is: `verdict` stands without sessions and rules */
	FW_STAGE_SESSION, /* it is of a session */
	FW_STAGE_SANITY,  /* it is of none, and no good */
	FW_STAGE_OPEN,    /* it cannot begin one */
	FW_STAGE_RULE,    /* a rule, or the default, has decided */
	FW_STAGE_NO_RULE, /* no rule is about it: it passes */
};

/* What is found out, by the worker that owns the slot. */
struct fw_explained {
	const struct fw_policy *policy; /* by which; it may be discarded afterwards */
	enum fw_explain_stage stage;
	vnf_verdict_t verdict;  /* FW_PASS, FW_REFUSE, the IP node's, or a drop */
	vnf_verdict_t received; /* routed: what the IP node says */
	uint16_t out;           /* routed: interface, or VNF_IP_NO_INTERFACE */
	uint16_t slot;
	uint8_t zone_in;
	uint8_t zone_out;
	bool is_known;                  /* `zone_in` and all that follows are */
	bool is_tcp;                    /* of a session: its numbers matter */
	bool ends;                      /* the session is over by the policy, or by this packet */
	bool begins;                    /* it may be of a session of its own */
	uint32_t rule;                  /* that decides, or decided; FW_RULE_UNASKED: none */
	uint32_t left;                  /* of the rule's rate: sessions that may begin now */
	enum fw_answer answer;          /* of FW_REFUSE */
	struct fw_session_copy session; /* version 0: there is none */
	uint64_t live_ns;               /* how long it lives without further packets */
	enum vnf_acl_field differs;     /* of `asked`: why it does not match */
};

struct fw_explain_scratch;

struct fw_explain {
	uint16_t port;
	uint16_t octets; /* of the frame */
	uint8_t frame[FW_EXPLAIN_FRAME_MAX];
	uint32_t asked;    /* rule whose difference is wanted; VNF_ACL_NONE: none */
	uint16_t answered; /* atomic: 1 when `is` is filled in */
	struct fw_explained is;
	struct fw_explain_scratch *scratch; /* of each worker */
};

/* Find out; 0, -ENOMEM, or -ETIMEDOUT. */
int fw_explain_ask(struct vnf *vnf, struct fw_explain *e);

#endif
