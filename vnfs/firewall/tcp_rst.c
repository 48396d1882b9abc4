/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * RSTs, after RFC 5961 section 3 and RFC 1337; and quotes of segments in ICMP errors, after RFC
 * 5927. Called as tcp.c is.
 */
#include "tcp_priv.h"

/* The lowest number that the host which `side` sends to may expect of it. */
static uint32_t expected_least(const struct fw_tcp *t, unsigned int side)
{
	const struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];

	if (to->flags & SIDE_ACKS)
		return to->acked;
	if (t->flags & TCP_PICKED_UP)
		return from->end - tcp_window(to);
	return from->flags & SIDE_ACKS ? from->end - tcp_early(t) : from->acked;
}

/* The number that is expected next: what was acknowledged, or what has been sent since, in front of
 * which there is nothing missing. As in an ACK, the acknowledgement does not count: RFC 9293
 * section 3.10.7.4 looks at RST first, and there are hosts that leave 0 there.
 */
static bool rst_exact(const struct fw_tcp *t, unsigned int side, uint32_t seq)
{
	bool is_known = (t->side[side ^ 1].flags & SIDE_ACKS) || !(t->flags & TCP_PICKED_UP);

	return seq == t->side[side].end || (is_known && seq == expected_least(t, side));
}

/* A SYN was answered: RFC 9293 section 3.10.7.3. */
static bool rst_refuses(const struct fw_tcp *t, unsigned int side, const struct fw_tcp_segment *s)
{
	return (s->flags & RTE_TCP_ACK_FLAG) &&
	       (t->state < FW_TCP_ESTABLISHED ? tcp_syn_acked(&t->side[side ^ 1], s->ack)
					      : tcp_asked(t, side, s));
}

static enum fw_tcp_verdict reset(struct fw_tcp *t)
{
	/* RFC 1337: what waits to be over goes on to wait. Nor is a reset one reset again. */
	if (t->state == FW_TCP_TIME_WAIT || t->state == FW_TCP_RESET)
		return FW_TCP_STILL;
	t->state = FW_TCP_RESET;
	return FW_TCP_PASS;
}

/* Where the number is not exact, the host answers with an ACK, whose answer is a RST that is. */
enum fw_tcp_verdict tcp_follow_rst(struct fw_tcp *t, unsigned int side,
				   const struct fw_tcp_segment *s)
{
	const struct fw_tcp_side *from = &t->side[side];
	uint32_t least;

	if (rst_refuses(t, side, s))
		return reset(t);
	if (!(from->flags & SIDE_SENT))
		return s->flags & RTE_TCP_ACK_FLAG ? FW_TCP_WINDOW : FW_TCP_STATE;
	if (rst_exact(t, side, s->seq))
		return reset(t);
	/* See follow_unanswered() and syn_ack_strange(). */
	if ((t->flags & TCP_CHALLENGED) && (uint16_t)s->seq == t->note)
		return FW_TCP_STILL;
	least = expected_least(t, side);
	return s->seq - least <= from->max_end - least ? FW_TCP_STILL : FW_TCP_WINDOW;
}

/* Of what is in flight; what was acknowledged lately may be so still. */
bool fw_tcp_quote_valid(const struct fw_tcp *t, unsigned int side, uint32_t seq)
{
	const struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];
	uint32_t least = expected_least(t, side) - RTE_MAX(tcp_window(to), 1U);

	return (from->flags & SIDE_SENT) && seq - least <= from->end - least;
}
