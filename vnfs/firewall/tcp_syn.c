/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How a TCP connection begins: with a SYN, or for us in its middle; and what a SYN means to one
 * that stands. Who answers a SYN must know its number: without that no guess from afar gets a
 * connection further than its first SYN has.
 */
#include <string.h>

#include "tcp_priv.h"

/* RFC 7323 section 2.3: what is more than 14 counts as 14. */
static uint8_t scale_option(const struct fw_tcp_segment *s)
{
	if (s->scale == FW_TCP_NO_SCALE)
		return SIDE_NO_SCALE;
	return RTE_MIN(s->scale, (uint8_t)TCP_SCALE_MAX);
}

/* Its SYN, maybe not its first. It has no window yet, so what it may send is what it has sent:
 * there may be data in a SYN (RFC 7413).
 */
static void side_begin(struct fw_tcp_side *side, const struct fw_tcp_segment *s)
{
	side->acked = s->seq + 1;
	side->end = s->seq + 1 + s->length;
	side->max_end = side->end;
	side->max_window = RTE_MAX(s->window, (uint16_t)1);
	side->scale = 0;
	side->flags = (uint8_t)(SIDE_SENT | scale_option(s) << SIDE_SCALE_SHIFT);
}

/* RFC 7323 section 2.2: windows are scaled if both SYNs had the option; those in SYNs are not. To
 * be done once more when an answer comes with another option: SYN cookies have fewer.
 */
static void scales_settle(struct fw_tcp *t)
{
	bool both = t->side[0].flags >> SIDE_SCALE_SHIFT != SIDE_NO_SCALE &&
		    t->side[1].flags >> SIDE_SCALE_SHIFT != SIDE_NO_SCALE;

	for (unsigned int i = 0; i < 2; i++) {
		struct fw_tcp_side *side = &t->side[i];
		uint32_t octets = RTE_MIN(tcp_window(side), (uint32_t)UINT16_MAX);

		side->scale = both ? side->flags >> SIDE_SCALE_SHIFT : 0;
		side->max_window = (uint16_t)((octets + (1U << side->scale) - 1) >> side->scale);
	}
}

bool tcp_syn_acked(const struct fw_tcp_side *sent, uint32_t ack)
{
	return (sent->flags & (SIDE_SENT | SIDE_ACKS)) == SIDE_SENT &&
	       ack - sent->acked <= sent->end - sent->acked;
}

/* A SYN with the ACK of the other's. Data in that one were sent without a window: they count as
 * one, should there be none.
 */
static enum fw_tcp_verdict syn_answer(struct fw_tcp *t, unsigned int side,
				      const struct fw_tcp_segment *s)
{
	struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];
	uint32_t unasked = to->end - s->ack;

	if (!tcp_syn_acked(to, s->ack))
		return FW_TCP_WINDOW;
	side_begin(from, s);
	from->max_end = RTE_MAX(tcp_window(to), s->length) + s->seq + 1;
	from->acked = s->ack;
	from->flags |= SIDE_ACKS;
	from->max_window = RTE_MAX(from->max_window, (uint16_t)RTE_MIN(unasked, UINT16_MAX));
	to->max_end = s->ack + tcp_window(from);
	scales_settle(t);
	t->note = (uint16_t)RTE_MIN(s->length, (uint32_t)UINT16_MAX);
	t->flags = 0;
	t->state = FW_TCP_SYN_RECEIVED;
	return FW_TCP_PASS;
}

/* The answer once more; or another one, by a host that keeps nothing in mind (SYN cookies). From
 * the other side: simultaneous open, where each acknowledges the other's (RFC 9293 section 3.5).
 */
static enum fw_tcp_verdict syn_ack_received(struct fw_tcp *t, unsigned int side,
					    const struct fw_tcp_segment *s)
{
	struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];

	if (from->flags & SIDE_ACKS) {
		bool same = s->seq + 1 + tcp_early(t) == from->end;

		return same && tcp_syn_acked(to, s->ack) ? FW_TCP_STILL : syn_answer(t, side, s);
	}
	if (s->seq + 1 != from->acked || to->end - s->ack > tcp_early(t))
		return FW_TCP_WINDOW;
	from->acked = s->ack;
	from->flags |= SIDE_ACKS;
	t->note = 0;
	t->flags = 0;
	t->state = to->flags & SIDE_FIN ? FW_TCP_FIN_WAIT : FW_TCP_ESTABLISHED;
	return FW_TCP_PASS;
}

/* May it be a SYN of this connection that comes late? When that is over, it does no harm; and if it
 * was found in its middle, its SYN was long ago, and its windows seem too great to tell.
 */
static bool syn_is_late(const struct fw_tcp *t, unsigned int side, uint32_t after_syn)
{
	return t->state < FW_TCP_TIME_WAIT && !(t->flags & TCP_PICKED_UP) &&
	       tcp_ack_valid(&t->side[side ^ 1], &t->side[side], after_syn);
}

bool tcp_asked(const struct fw_tcp *t, unsigned int side, const struct fw_tcp_segment *s)
{
	return t->flags & (TCP_ASKED << (side ^ 1)) && (s->flags & RTE_TCP_ACK_FLAG) &&
	       (uint16_t)s->ack == t->note && !syn_is_late(t, side ^ 1, s->ack);
}

/* To a connection that stands it is nothing, or an old one. But when it answers a strange SYN, then
 * the connection is over though its end was not seen. Had it passed, the ACK of it would be out of
 * window; without it the SYN comes once more, and begins anew by the rules. After the end, it may
 * be the answer to an old SYN: who gets that answers RST.
 */
static enum fw_tcp_verdict syn_ack_strange(struct fw_tcp *t, unsigned int side,
					   const struct fw_tcp_segment *s)
{
	if (tcp_asked(t, side, s)) {
		t->state = FW_TCP_RESET;
		return FW_TCP_STATE;
	}
	if (t->state >= FW_TCP_TIME_WAIT && !(t->flags & (TCP_ASKED | TCP_ASKED << 1))) {
		t->flags |= TCP_CHALLENGED;
		t->note = (uint16_t)s->ack;
	}
	return FW_TCP_STILL;
}

static enum fw_tcp_verdict syn_ack_follow(struct fw_tcp *t, unsigned int side,
					  const struct fw_tcp_segment *s)
{
	switch (t->state) {
	case FW_TCP_SYN_SENT:
		return side == 0 ? FW_TCP_STATE : syn_answer(t, side, s);
	case FW_TCP_SYN_BOTH:
		return syn_answer(t, side, s);
	case FW_TCP_SYN_RECEIVED:
		if (!tcp_asked(t, side, s))
			return syn_ack_received(t, side, s);
		break;
	case FW_TCP_RESET:
		/* Refused, and then not: the SYN comes once more if that was lost. */
		if (!(t->flags & TCP_PICKED_UP) && tcp_syn_acked(&t->side[side ^ 1], s->ack))
			return FW_TCP_STATE;
		break;
	}
	return syn_ack_strange(t, side, s);
}

/* RFC 5961 section 4: whatever its number, the host answers with an ACK. If it is not a late one of
 * this connection, its sender knows no connection: it answers that ACK with RST (RFC 9293 section
 * 3.5.1). If there is none any more, it is answered otherwise: see tcp_asked(). With data, it is
 * not known what answers it: it comes without them next (RFC 7413).
 */
static enum fw_tcp_verdict syn_strange(struct fw_tcp *t, unsigned int side,
				       const struct fw_tcp_segment *s)
{
	if (syn_is_late(t, side, s->seq + 1))
		return FW_TCP_STILL;
	if (s->length > 0)
		return FW_TCP_STATE;
	t->flags &= (uint8_t) ~(TCP_CHALLENGED | TCP_ASKED | TCP_ASKED << 1);
	t->flags |= (uint8_t)(TCP_ASKED << side);
	t->note = (uint16_t)(s->seq + 1);
	return FW_TCP_STILL;
}

/* Neither SYN is acknowledged. The same SYN once more gives no more time: its first one's, 4
 * minutes by default, is more than hosts try (RFC 9293 section 3.8.3: 3 minutes). Another one is of
 * a client that began anew.
 */
static enum fw_tcp_verdict syn_again(struct fw_tcp *t, unsigned int side,
				     const struct fw_tcp_segment *s)
{
	struct fw_tcp_side *from = &t->side[side];

	if ((from->flags & SIDE_SENT) && s->seq + 1 == from->acked)
		return FW_TCP_STILL;
	side_begin(from, s);
	t->flags = 0;
	if (side == 1)
		t->state = FW_TCP_SYN_BOTH;
	return FW_TCP_PASS;
}

enum fw_tcp_verdict tcp_follow_syn(struct fw_tcp *t, unsigned int side,
				   const struct fw_tcp_segment *s)
{
	if (s->flags & RTE_TCP_ACK_FLAG)
		return syn_ack_follow(t, side, s);
	switch (t->state) {
	case FW_TCP_SYN_SENT:
	case FW_TCP_SYN_BOTH:
		return syn_again(t, side, s);
	case FW_TCP_SYN_RECEIVED:
		/* Who gets it may not have had the answer yet, and would take this for a
		 * simultaneous open.
		 */
		if ((t->side[side].flags & SIDE_ACKS) &&
		    s->seq + 1 + tcp_early(t) != t->side[side].end)
			return FW_TCP_STATE;
		/* Room for one note. */
		if (tcp_early(t) > 0)
			return FW_TCP_STILL;
		break;
	case FW_TCP_RESET:
		return FW_TCP_ANEW;
	case FW_TCP_TIME_WAIT:
		/* RFC 9293 section 3.6.1 */
		if (!tcp_after(t->side[side].end, s->seq))
			return FW_TCP_ANEW;
		break;
	}
	return syn_strange(t, side, s);
}

/* Of a connection found in its middle: the window that `side` offers is learned, and what the other
 * one may have sent before; nobody acknowledges more than it allowed.
 */
void tcp_learn(struct fw_tcp *t, unsigned int side, const struct fw_tcp_segment *s)
{
	struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];

	if (s->ack - to->end <= to->max_end - to->end)
		to->end = s->ack;
	if (from->flags & SIDE_ACKS)
		return;
	from->flags |= SIDE_ACKS;
	from->acked = s->ack;
	from->max_window = RTE_MAX(s->window, (uint16_t)TCP_PICKED_WINDOW);
	to->max_end = to->end;
}

/* Scales are not known: the greatest is assumed. Of the side that was not seen, everything is. */
static void pick_up(struct fw_tcp *t, const struct fw_tcp_segment *s)
{
	struct fw_tcp_side *from = &t->side[0], *to = &t->side[1];
	bool has_fin = s->flags & RTE_TCP_FIN_FLAG;

	from->scale = to->scale = TCP_SCALE_MAX;
	from->max_window = RTE_MAX(s->window, (uint16_t)TCP_PICKED_WINDOW);
	to->max_window = UINT16_MAX;
	from->end = s->seq + s->length + has_fin;
	from->max_end = from->end + tcp_window(to);
	from->acked = s->ack;
	from->flags = SIDE_SENT | SIDE_ACKS | (has_fin ? SIDE_FIN : 0);
	to->end = s->ack;
	to->max_end = s->ack + tcp_window(from);
	to->flags = SIDE_SENT;
	t->flags = TCP_PICKED_UP;
	t->state = has_fin ? FW_TCP_FIN_WAIT : FW_TCP_ESTABLISHED;
}

enum fw_tcp_verdict fw_tcp_open(struct fw_tcp *t, const struct fw_tcp_segment *s, bool strict)
{
	bool is_syn = (s->flags & TCP_LOOKED_AT) == RTE_TCP_SYN_FLAG;

	if (!fw_tcp_flags_valid(s->flags))
		return FW_TCP_FLAGS;
	if (!is_syn && (strict || (s->flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG))))
		return FW_TCP_STATE;
	memset(t, 0, sizeof(*t));
	if (is_syn) {
		side_begin(&t->side[0], s);
		t->state = FW_TCP_SYN_SENT;
	} else {
		pick_up(t, s);
	}
	return FW_TCP_PASS;
}
