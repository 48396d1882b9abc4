/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who is to blame for a lost packet, in words: from a reason and what is known of the port. Pure;
 * command_why.c collects the facts.
 */
#ifndef VNF_WHY_H
#define VNF_WHY_H

#include <stdbool.h>
#include <stdint.h>

#define WHY_WHAT_MAX 320

/* What is known of a port. */
struct why_facts {
	const char *kind;
	bool up;
	uint32_t mtu;
	uint32_t longest;       /* octets of the longest packet recorded as too long; 0 = none is */
	uint32_t busy_permille; /* of the busiest worker that it matters to, in the last second */
	const char *peer;       /* what the program knows of the peer's faults, or NULL */
	const char *reason_name; /* of a reason of the program's own */
	const char *reason_doc;
};

struct why_finding {
	const char *who;
	char what[WHY_WHAT_MAX];
	const char *advice;
};

/* Losses outside of the ledger; see struct vnf_port_missed. */
enum why_missed {
	WHY_RX_MISSED,
	WHY_RX_ERRORS,
	WHY_RX_NOMBUF,
};

/* Packets were dropped for this reason (enum vnf_drop_reason, or one of the program's own). */
void why_drop(const struct why_facts *facts, uint32_t reason, struct why_finding *finding);
/* Packets never reached the program. */
void why_missed(const struct why_facts *facts, enum why_missed missed, struct why_finding *finding);

#endif
