/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A TCP connection as somebody in its middle sees it: what each segment does to its state, and
 * whether the one it is for could take it at all. Pure: no packets, no clock.
 *
 * Windows are tracked by the four bounds of G. van Rooij, "Real stateful TCP packet filtering in IP
 * Filter" (2001), states after RFC 9293, resets and SYNs of a connection that stands after RFC
 * 5961.
 */
#ifndef FW_TCP_H
#define FW_TCP_H

#include <stdbool.h>
#include <stdint.h>

enum fw_tcp_state {
	FW_TCP_SYN_SENT,     /* one side has sent SYN */
	FW_TCP_SYN_BOTH,     /* both have, neither was acknowledged: simultaneous open */
	FW_TCP_SYN_RECEIVED, /* SYN was acknowledged by a SYN, that not yet */
	FW_TCP_ESTABLISHED,
	FW_TCP_FIN_WAIT,  /* one side has sent FIN: half closed */
	FW_TCP_CLOSING,   /* both have, not both are acknowledged */
	FW_TCP_TIME_WAIT, /* both are */
	FW_TCP_RESET,
	FW_TCP_STATES,
};

/* Of fw_tcp_segment.scale: it has no such option. */
#define FW_TCP_NO_SCALE UINT8_MAX

/* What is looked at of a segment; numbers in host order. */
struct fw_tcp_segment {
	uint32_t seq;
	uint32_t ack;
	uint32_t length; /* octets of data, without SYN and FIN */
	uint16_t window; /* as it is in the header */
	uint8_t flags;   /* RTE_TCP_..._FLAG */
	uint8_t scale;   /* window scale option of a SYN (RFC 7323), 0 to 14, or FW_TCP_NO_SCALE */
};

/* What one side has sent. */
struct fw_tcp_side {
	uint32_t end;     /* after the last octet it has sent */
	uint32_t max_end; /* after the last octet that it may send: as the other side allows */
	uint32_t acked;   /* what it expects next, as it said; until then its own SYN's, plus 1 */
	uint16_t max_window; /* greatest that it has offered, before scaling; 1 at least */
	uint8_t scale;       /* of its windows */
	uint8_t flags;       /* tcp_priv.h's */
};

struct fw_tcp {
	struct fw_tcp_side side[2]; /* 0 has begun the connection */
	uint8_t state;              /* enum fw_tcp_state */
	uint8_t flags;              /* tcp_priv.h's */
	uint16_t note;              /* tcp_priv.h's */
};

enum fw_tcp_verdict {
	FW_TCP_PASS,   /* passes; the session lives on */
	FW_TCP_STILL,  /* passes, but proves nothing: the session's time goes on */
	FW_TCP_ANEW,   /* a SYN of a new connection, where this one is over */
	FW_TCP_FLAGS,  /* dropped: flags contradict each other */
	FW_TCP_STATE,  /* dropped: not in this state */
	FW_TCP_WINDOW, /* dropped: out of window */
};

/* Are the flags some that a segment can have? (None, SYN with FIN or RST, FIN without ACK, ...) */
bool fw_tcp_flags_valid(uint8_t flags);
/* The first segment of a connection; `strict`: only a SYN is one, else also one in the middle of a
 * connection. FW_TCP_PASS, with `t` filled in; FW_TCP_FLAGS or FW_TCP_STATE.
 */
enum fw_tcp_verdict fw_tcp_open(struct fw_tcp *t, const struct fw_tcp_segment *s, bool strict);
/* A later segment, from `side`. `t` changes only if it passes; or when a SYN that is strange to the
 * connection is answered as if there were none: that answer is dropped, and the next SYN begins
 * anew.
 */
enum fw_tcp_verdict fw_tcp_follow(struct fw_tcp *t, unsigned int side,
				  const struct fw_tcp_segment *s);
/* RFC 5927: may an ICMP error quote this sequence number of a segment that `side` has sent? */
bool fw_tcp_quote_valid(const struct fw_tcp *t, unsigned int side, uint32_t seq);
/* Numbers that a segment of these flags would have if all sent before had arrived. */
void fw_tcp_expect(const struct fw_tcp *t, unsigned int side, struct fw_tcp_segment *s);
/* Was the connection found in its middle, and has only one side been seen yet? */
bool fw_tcp_is_picked_up(const struct fw_tcp *t);
/* Such as "established". */
const char *fw_tcp_state_name(uint8_t state);

#endif
