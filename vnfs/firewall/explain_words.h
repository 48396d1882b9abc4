/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The words of `vnfkit ctl explain`, which say what packet is meant:
 *
 *     in=NAME [vlan=N] SRC[:PORT] > DST[:PORT] PROTO [DETAIL]...
 *
 * Details are flags of TCP (syn alone, if there is none), a type of ICMP and id=N, and `fragment`.
 * Pure: read by command_explain.c, by unit tests and by fuzzing.
 */
#ifndef FW_EXPLAIN_WORDS_H
#define FW_EXPLAIN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_EXPLAIN_NAME_MAX 63
#define FW_EXPLAIN_TEXT_MAX 511

/* A packet in words. */
struct fw_words {
	char in[FW_EXPLAIN_NAME_MAX + 1]; /* port or interface */
	uint16_t vlan;                    /* 1 to 4,094; 0: none */
	uint8_t version;                  /* 4 or 6 */
	uint8_t addr[2][16]; /* of source and destination; IPv4 in the first 4 octets */
	uint16_t port[2];    /* of protocols that have some */
	uint8_t proto;
	uint8_t flags; /* of TCP */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint16_t id;   /* of ICMP */
	bool fragment; /* the first one of several */
};

/* 0; or -EINVAL, and `why` says which word is wrong and what is expected there. */
int fw_words_parse(const char *text, struct fw_words *w, char *why, size_t why_size);

#endif
