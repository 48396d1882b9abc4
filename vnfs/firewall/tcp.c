/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * TCP connections as somebody in their middle sees them; see tcp.h. Called by the worker that has
 * the session, for each of its segments: the usual one, an ACK of a connection that stands, goes no
 * further than the first lines of fw_tcp_follow(). What would be of no use to the host it is for,
 * is dropped; whether the rest is of use is for that host to say.
 */
#include "tcp_priv.h"
#include "tcp_usual.h"

_Static_assert(sizeof(struct fw_tcp) == 36, "a session has no more room");

/* SYN, SYN ACK, RST, RST ACK, ACK, FIN ACK: RFC 9293 section 3.10.7.4 has no use for a segment of a
 * connection without ACK.
 */
bool fw_tcp_flags_valid(uint8_t flags)
{
	static const uint32_t valid =
		1U << RTE_TCP_SYN_FLAG | 1U << (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG) |
		1U << RTE_TCP_RST_FLAG | 1U << (RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG) |
		1U << RTE_TCP_ACK_FLAG | 1U << (RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG);

	return valid >> (flags & TCP_LOOKED_AT) & 1;
}

/* Both sides' SYNs are acknowledged. */
static uint8_t state_of(const struct fw_tcp *t)
{
	const struct fw_tcp_side *a = &t->side[0], *b = &t->side[1];

	if (!((a->flags | b->flags) & SIDE_FIN))
		return FW_TCP_ESTABLISHED;
	if (!(a->flags & b->flags & SIDE_FIN))
		return FW_TCP_FIN_WAIT;
	return a->acked == b->end && b->acked == a->end ? FW_TCP_TIME_WAIT : FW_TCP_CLOSING;
}

/* Before a SYN of the other side, only the ACK of a host that still has an older connection: who
 * gets it answers RST, and begins anew (RFC 9293 section 3.5.1, RFC 5961 section 4).
 */
static enum fw_tcp_verdict follow_unanswered(struct fw_tcp *t, unsigned int side,
					     const struct fw_tcp_segment *s)
{
	if (t->state != FW_TCP_SYN_SENT || side == 0 || s->length > 0 ||
	    (s->flags & RTE_TCP_FIN_FLAG))
		return FW_TCP_STATE;
	t->flags |= TCP_CHALLENGED;
	t->note = (uint16_t)s->ack;
	return FW_TCP_STILL;
}

/* SYN_RECEIVED: who has acknowledged the other's SYN may send on (RFC 7413), the other one must
 * acknowledge that side's SYN.
 */
static bool handshake_valid(const struct fw_tcp *t, unsigned int side,
			    const struct fw_tcp_segment *s)
{
	return t->side[side].flags & SIDE_ACKS || t->side[side ^ 1].end - s->ack <= tcp_early(t);
}

static void handshake_follow(struct fw_tcp *t, unsigned int side, uint32_t more)
{
	bool ends = !(t->side[side].flags & SIDE_ACKS);

	if (!ends && more == 0)
		return;
	t->note = ends ? 0 : (uint16_t)RTE_MIN(tcp_early(t) + more, (uint32_t)UINT16_MAX);
	t->flags = 0;
	t->side[side].flags |= SIDE_ACKS;
}

/* A segment with FIN is the last one: what ends after it is none of this connection, and a FIN
 * before the end is not believed.
 */
static enum fw_tcp_verdict fin_judge(const struct fw_tcp_side *from, uint32_t end, bool has_fin)
{
	if ((from->flags & SIDE_FIN) && tcp_after(end, from->end))
		return FW_TCP_WINDOW;
	return has_fin && tcp_after(from->end, end) ? FW_TCP_STILL : FW_TCP_PASS;
}

/* What was in window has passed. */
static void follow_update(struct fw_tcp *t, unsigned int side, const struct fw_tcp_segment *s,
			  uint32_t end)
{
	struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];
	uint32_t was_end = from->end;

	if (!(from->flags & SIDE_ACKS))
		from->acked = s->ack;
	tcp_side_update(from, to, s, end);
	if (s->flags & RTE_TCP_FIN_FLAG)
		from->flags |= SIDE_FIN;
	if (t->state == FW_TCP_SYN_RECEIVED)
		handshake_follow(t, side, from->end - was_end);
	/* A strange SYN was not its, or an old one of its: it knows the connection. */
	t->flags &= (uint8_t) ~(TCP_ASKED << side);
	if (from->flags & to->flags & SIDE_ACKS || (t->flags & TCP_PICKED_UP))
		t->state = state_of(t);
}

/* RFC 9293 section 3.10.7.4: of what comes after the end, only a FIN once more restarts the time.
 * Not inlined: its copy would cost the usual segment a stack frame.
 */
static __rte_noinline enum fw_tcp_verdict follow_ack(struct fw_tcp *t, unsigned int side,
						     const struct fw_tcp_segment *s)
{
	uint32_t fin = s->flags & RTE_TCP_FIN_FLAG ? 1 : 0;
	uint32_t end = s->seq + s->length + fin;
	struct fw_tcp tried = *t;
	enum fw_tcp_verdict verdict;

	if (!(t->side[1].flags & SIDE_SENT) || t->state == FW_TCP_SYN_BOTH)
		return follow_unanswered(t, side, s);
	if (t->flags & TCP_PICKED_UP)
		tcp_learn(&tried, side, s);
	if (!tcp_in_window(&tried.side[side], &tried.side[side ^ 1], s))
		return FW_TCP_WINDOW;
	if (t->state == FW_TCP_RESET)
		return FW_TCP_STILL;
	if (t->state == FW_TCP_SYN_RECEIVED && !handshake_valid(t, side, s))
		return FW_TCP_WINDOW;
	verdict = fin_judge(&tried.side[side], end, fin);
	if (verdict != FW_TCP_PASS)
		return verdict;
	follow_update(&tried, side, s, end);
	verdict = t->state == FW_TCP_TIME_WAIT && !fin ? FW_TCP_STILL : FW_TCP_PASS;
	*t = tried;
	return verdict;
}

enum fw_tcp_verdict fw_tcp_follow(struct fw_tcp *t, unsigned int side,
				  const struct fw_tcp_segment *s)
{
	if (likely(tcp_is_usual(t, s)))
		return tcp_follow_usual(t, side, s);
	if (!fw_tcp_flags_valid(s->flags))
		return FW_TCP_FLAGS;
	if (s->flags & RTE_TCP_RST_FLAG)
		return tcp_follow_rst(t, side, s);
	if (s->flags & RTE_TCP_SYN_FLAG)
		return tcp_follow_syn(t, side, s);
	return follow_ack(t, side, s);
}

void fw_tcp_expect(const struct fw_tcp *t, unsigned int side, struct fw_tcp_segment *s)
{
	const struct fw_tcp_side *from = &t->side[side];
	bool again = (s->flags & RTE_TCP_SYN_FLAG) && t->state < FW_TCP_ESTABLISHED;

	s->seq = from->flags & SIDE_SENT ? from->end - again : 0;
	s->ack = s->flags & RTE_TCP_ACK_FLAG ? t->side[side ^ 1].end : 0;
	s->window = UINT16_MAX;
}

bool fw_tcp_is_picked_up(const struct fw_tcp *t)
{
	return (t->flags & TCP_PICKED_UP) && !(t->side[1].flags & SIDE_ACKS);
}

const char *fw_tcp_state_name(uint8_t state)
{
	static const char *const names[FW_TCP_STATES] = {
		"syn_sent", "syn_both", "syn_received", "established",
		"fin_wait", "closing",  "time_wait",    "reset",
	};

	return state < FW_TCP_STATES ? names[state] : "unknown";
}
