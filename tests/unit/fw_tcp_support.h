/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of the firewall's TCP: segments of a client (side 0) and a server (side 1), whose
 * numbers wrap soon after their first ones, and connections that have come so far.
 */
#ifndef FW_TCP_SUPPORT_H
#define FW_TCP_SUPPORT_H

#include <criterion/criterion.h>

#include <string.h>

#include <rte_tcp.h>

#include "tcp.h"

#define FIN RTE_TCP_FIN_FLAG
#define SYN RTE_TCP_SYN_FLAG
#define RST RTE_TCP_RST_FLAG
#define ACK RTE_TCP_ACK_FLAG

enum {
	CLIENT,
	SERVER,
};

/* Their SYNs. What follows is counted from there. */
#define C 0xfffff800U
#define S 0xfffff000U
#define WINDOW 1000

static struct fw_tcp tcp;
/* What the next segments bear. */
static uint16_t window = WINDOW;
static uint8_t scale = FW_TCP_NO_SCALE;

static inline struct fw_tcp_segment segment(uint8_t flags, uint32_t seq, uint32_t ack,
					    uint32_t length)
{
	return (struct fw_tcp_segment){
		.seq = seq,
		.ack = ack,
		.length = length,
		.window = window,
		.flags = flags,
		.scale = flags & SYN ? scale : FW_TCP_NO_SCALE,
	};
}

static inline enum fw_tcp_verdict begin(uint8_t flags, uint32_t seq, uint32_t length, bool strict)
{
	struct fw_tcp_segment s = segment(flags, seq, flags & ACK ? S + 1 : 0, length);

	memset(&tcp, 0xa5, sizeof(tcp));
	return fw_tcp_open(&tcp, &s, strict);
}

/* Also: what is dropped changes nothing. */
static inline enum fw_tcp_verdict from(unsigned int side, uint8_t flags, uint32_t seq, uint32_t ack,
				       uint32_t length)
{
	struct fw_tcp_segment s = segment(flags, seq, ack, length);
	struct fw_tcp before = tcp;
	enum fw_tcp_verdict verdict = fw_tcp_follow(&tcp, side, &s);

	if (verdict > FW_TCP_STILL && tcp.state != FW_TCP_RESET)
		cr_assert_eq(memcmp(&before, &tcp, sizeof(tcp)), 0);
	return verdict;
}

#define passes(...) cr_assert_eq(from(__VA_ARGS__), FW_TCP_PASS)
#define still(...) cr_assert_eq(from(__VA_ARGS__), FW_TCP_STILL)
#define anew(...) cr_assert_eq(from(__VA_ARGS__), FW_TCP_ANEW)
#define not_in_window(...) cr_assert_eq(from(__VA_ARGS__), FW_TCP_WINDOW)
#define not_in_state(...) cr_assert_eq(from(__VA_ARGS__), FW_TCP_STATE)
#define is_now(is) cr_assert_eq(tcp.state, is, "%s", fw_tcp_state_name(tcp.state))

static inline void syn_sent(void)
{
	cr_assert_eq(begin(SYN, C, 0, true), FW_TCP_PASS);
	is_now(FW_TCP_SYN_SENT);
}

static inline void syn_received(void)
{
	syn_sent();
	passes(SERVER, SYN | ACK, S, C + 1, 0);
	is_now(FW_TCP_SYN_RECEIVED);
}

static inline void established(void)
{
	syn_received();
	passes(CLIENT, ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_ESTABLISHED);
}

static inline void time_wait(void)
{
	established();
	passes(CLIENT, FIN | ACK, C + 1, S + 1, 0);
	is_now(FW_TCP_FIN_WAIT);
	passes(SERVER, FIN | ACK, S + 1, C + 2, 0);
	is_now(FW_TCP_CLOSING);
	passes(CLIENT, ACK, C + 2, S + 2, 0);
	is_now(FW_TCP_TIME_WAIT);
}

#endif
