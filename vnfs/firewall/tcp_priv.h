/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Inside of TCP tracking: tcp.c (what every segment takes), tcp_syn.c (how connections begin),
 * tcp_rst.c (how they end at once, and what ICMP may quote); and here the windows, by the bounds of
 * van Rooij that are named in tcp.h. All numbers are modulo 2^32; differences without a sign are
 * compared where a range is asked for, so that one comparison holds both of its ends.
 */
#ifndef FW_TCP_PRIV_H
#define FW_TCP_PRIV_H

#include <rte_common.h>
#include <rte_tcp.h>

#include "tcp.h"

/* Flags that make a difference. PSH, URG, ECE and CWR may come with any of them. */
#define TCP_LOOKED_AT (RTE_TCP_FIN_FLAG | RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG)

/* Of fw_tcp_side.flags; the upper four bits have the window scale option of its SYN. */
#define SIDE_SENT 0x1 /* it has sent something: its numbers count */
#define SIDE_ACKS 0x2 /* it has acknowledged something: `acked` counts */
#define SIDE_FIN 0x4  /* it has sent FIN, the last octet before `end` */
#define SIDE_SCALE_SHIFT 4
#define SIDE_NO_SCALE 0xf

/* Of fw_tcp.flags. */
#define TCP_PICKED_UP 0x1  /* found in its middle */
#define TCP_CHALLENGED 0x2 /* what passed is of another connection; `note`: what it acknowledges */
#define TCP_ASKED 0x4 /* << side: that side sent a SYN that is strange; `note`: after its SYN */

/* fw_tcp.note is, with any of these flags but the first, the lower half of a sequence number; else,
 * in SYN_RECEIVED, how many octets the side that has acknowledged the other's SYN has sent after
 * its own.
 */

/* RFC 7323 section 2.3: no window is scaled by more. */
#define TCP_SCALE_MAX 14
/* Least of what is assumed of windows of a connection that was found in its middle, in 2^14. */
#define TCP_PICKED_WINDOW 1024

/* A segment may begin by so much before the window: an octet as a probe of a window that is shut
 * and FIN after it may have made the end lie beyond it, and a keep-alive begins one before.
 */
#define TCP_SEQ_BELOW 3
/* RFC 5961 section 5.2: hosts take acknowledgements of [SND.UNA - MAX.SND.WND, SND.NXT], and UNA is
 * not more than a window below NXT. Two windows, then, but not less than van Rooij's constant.
 */
#define TCP_ACK_BELOW 66000

static inline bool tcp_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline uint32_t tcp_window(const struct fw_tcp_side *side)
{
	return (uint32_t)side->max_window << side->scale;
}

static inline uint32_t tcp_early(const struct fw_tcp *t)
{
	return t->flags & (TCP_CHALLENGED | TCP_ASKED | TCP_ASKED << 1) ? 0 : t->note;
}

/* Is `ack`, from the other side, of what `sent` has sent not too long ago? */
static inline bool tcp_ack_valid(const struct fw_tcp_side *from, const struct fw_tcp_side *sent,
				 uint32_t ack)
{
	return sent->end - ack <= RTE_MAX(2 * tcp_window(from), (uint32_t)TCP_ACK_BELOW);
}

/* All four bounds, for a segment without SYN and RST. Receivers look whether any part of a segment
 * is inside, so its end decides: an old one may bring something new, if that is in window. FIN does
 * not count, as BSD sends it when the data just fill the window; what comes after it without data
 * is one beyond, even if that FIN was lost before us.
 */
static inline bool tcp_in_window(const struct fw_tcp_side *from, const struct fw_tcp_side *to,
				 const struct fw_tcp_segment *s)
{
	uint32_t lowest = from->end - tcp_window(to) - TCP_SEQ_BELOW;

	return s->seq + s->length - lowest <= from->max_end + (s->length == 0) - lowest &&
	       tcp_ack_valid(from, to, s->ack);
}

/* A segment in window has passed, which ends before `end`. Nothing shrinks: who had been offered a
 * window may have used it already. With a window of 0, an octet as a probe is allowed.
 */
static inline void tcp_side_update(struct fw_tcp_side *from, struct fw_tcp_side *to,
				   const struct fw_tcp_segment *s, uint32_t end)
{
	uint32_t may = s->ack + RTE_MAX((uint32_t)s->window << from->scale, 1U);

	if (tcp_after(end, from->end))
		from->end = end;
	if (tcp_after(s->ack, from->acked))
		from->acked = s->ack;
	if (s->window > from->max_window)
		from->max_window = s->window;
	if (tcp_after(may, to->max_end))
		to->max_end = may;
}

/* tcp_syn.c: a segment with SYN. */
enum fw_tcp_verdict tcp_follow_syn(struct fw_tcp *t, unsigned int side,
				   const struct fw_tcp_segment *s);
/* Is `ack` one of the SYN of `sent` (and of data in it), which has not acknowledged anything? */
bool tcp_syn_acked(const struct fw_tcp_side *sent, uint32_t ack);
/* Was there a strange SYN of the other side, which `s` answers? */
bool tcp_asked(const struct fw_tcp *t, unsigned int side, const struct fw_tcp_segment *s);
/* A connection found in its middle: learns of a segment that may be in window what was not known.
 */
void tcp_learn(struct fw_tcp *t, unsigned int side, const struct fw_tcp_segment *s);
/* tcp_rst.c: a segment with RST. */
enum fw_tcp_verdict tcp_follow_rst(struct fw_tcp *t, unsigned int side,
				   const struct fw_tcp_segment *s);

#endif
