/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a packet does to its session: RFC 7857 section 2 (figure 1) for TCP, RFC 4787 section 4.3
 * for UDP, RFC 5508 section 3.2 for queries of ICMP. No packet ends a session, only time does: a
 * translator cannot know whether a segment is of any use to the host that gets it.
 */
#include "nat.h"

#define FLAGS_OF_STATE (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG)

static uint32_t tcp_class(uint8_t state, uint8_t flags)
{
	if ((flags & NAT_SENT) == 0)
		return NAT_CLASS_TCP_ASKED;
	if ((state & NAT_TCP_RST) != 0)
		return NAT_CLASS_TCP_RESET;
	if ((state & NAT_TCP_FINS) == NAT_TCP_FINS)
		return NAT_CLASS_TCP_CLOSING;
	if ((state & NAT_TCP_SYNS) == NAT_TCP_SYNS)
		return NAT_CLASS_TCP_ESTABLISHED;
	return NAT_CLASS_TCP_OPENING;
}

/* A SYN after the end of a connection begins another one: RFC 7857 section 2.3. From outside, where
 * both sides have closed it: a reset can be forged.
 */
static bool tcp_begins_anew(uint8_t state, uint8_t flags, uint32_t side)
{
	bool is_closed = (state & NAT_TCP_FINS) == NAT_TCP_FINS;
	bool is_over = is_closed || (side == NAT_IN_SIDE && (state & NAT_TCP_RST) != 0);

	return is_over && (flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG)) ==
				  RTE_TCP_SYN_FLAG;
}

static uint8_t tcp_next(uint8_t state, uint8_t flags, uint32_t side)
{
	bool stood = (state & NAT_TCP_SYNS) == NAT_TCP_SYNS;

	if (tcp_begins_anew(state, flags, side))
		return NAT_TCP_SYN(side);
	/* Of a connection that is not open yet, the time goes on. */
	if ((flags & RTE_TCP_RST_FLAG) != 0)
		return stood ? state | NAT_TCP_RST : state;
	state &= (uint8_t)~NAT_TCP_RST;
	if ((flags & RTE_TCP_SYN_FLAG) != 0 || (state & NAT_TCP_PICKED_UP) != 0)
		state |= NAT_TCP_SYN(side);
	if ((flags & RTE_TCP_FIN_FLAG) != 0)
		state |= NAT_TCP_FIN(side);
	return state;
}

/* What it was is over, or begins to be: its period begins with the first such packet, not with each
 * one. Of one that opens, with each packet of the inside.
 */
static bool tcp_touches(uint32_t in_class, uint8_t flags, uint32_t side)
{
	return in_class == NAT_CLASS_TCP_ESTABLISHED ||
	       (in_class == NAT_CLASS_TCP_OPENING && side == NAT_IN_SIDE &&
		(flags & RTE_TCP_RST_FLAG) == 0);
}

/* Begun from outside, and neither end has shown yet that it wants it. A server answers whoever has
 * sent a SYN, so its answer says nothing: only who has got that acknowledges it. 0, or why the
 * packet is dropped.
 */
static uint32_t tcp_asked(struct nat_worker *w, struct vnf_session *session,
			  const struct nat_packet *p, uint32_t side)
{
	struct nat_session *ns = vnf_session_user(session);
	const struct rte_tcp_hdr *tcp = vnf_tcp(p->pkt, p->h);

	/* A reset is no answer: RFC 7857 section 7.1. */
	if ((p->flags & RTE_TCP_RST_FLAG) != 0)
		return 0;
	if (side == NAT_IN_SIDE) {
		if ((p->flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) !=
		    (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG))
			return nat_session_sent(w, session);
		ns->next = rte_be_to_cpu_32(tcp->sent_seq) + 1;
		return 0;
	}
	if ((ns->state & NAT_TCP_SYN(NAT_IN_SIDE)) == 0 ||
	    (p->flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) != RTE_TCP_ACK_FLAG ||
	    rte_be_to_cpu_32(tcp->recv_ack) - ns->next > UINT16_MAX)
		return 0;
	return nat_session_sent(w, session);
}

static __rte_noinline uint32_t tcp_follow(struct nat_worker *w, struct vnf_session *session,
					  const struct nat_packet *p, uint32_t side)
{
	struct nat_session *ns = vnf_session_user(session);
	uint8_t next = tcp_next(ns->state, p->flags, side);
	uint32_t in_class, bad = 0;

	if ((ns->flags & NAT_SENT) == 0)
		bad = tcp_asked(w, session, p, side);
	if (bad != 0)
		return bad;
	in_class = tcp_class(next, ns->flags);
	ns->state = next;
	if (in_class != session->in_class)
		vnf_session_move(w->worker, w->sessions, session, in_class);
	else if (tcp_touches(in_class, p->flags, side))
		vnf_session_touch(w->worker, session);
	return 0;
}

/* RFC 4787 REQ-5a: IANA's well-known ports. */
static uint32_t udp_class(rte_be16_t remote_port)
{
	return rte_be_to_cpu_16(remote_port) < 1024 ? NAT_CLASS_UDP_KNOWN : NAT_CLASS_UDP;
}

static __rte_noinline uint32_t udp_answer(struct nat_worker *w, struct vnf_session *session)
{
	rte_be16_t port = vnf_session_key4(session, NAT_KEY_INSIDE)->dport;
	uint32_t bad = nat_session_sent(w, session);

	if (bad == 0)
		vnf_session_move(w->worker, w->sessions, session, udp_class(port));
	return bad;
}

uint32_t nat_flow_follow(struct nat_worker *w, struct vnf_session *session,
			 const struct nat_packet *p, uint32_t side)
{
	if (p->proto == NAT_TCP) {
		if (unlikely(session->in_class != NAT_CLASS_TCP_ESTABLISHED ||
			     (p->flags & FLAGS_OF_STATE) != 0))
			return tcp_follow(w, session, p, side);
		vnf_session_touch(w->worker, session);
		return 0;
	}
	if (unlikely(session->in_class == NAT_CLASS_UDP_ASKED) && side == NAT_IN_SIDE)
		return udp_answer(w, session);
	/* RFC 4787 REQ-6; of ICMP, a query. */
	if (side == NAT_IN_SIDE || (p->proto == NAT_UDP && nat_policy_of(w)->inbound_refresh))
		vnf_session_touch(w->worker, session);
	return 0;
}

bool nat_flow_open(enum nat_proto proto, uint8_t flags, uint32_t side, rte_be16_t remote_port,
		   uint8_t *state, uint32_t *in_class)
{
	*state = 0;
	if (proto == NAT_UDP) {
		*in_class = side == NAT_IN_SIDE ? udp_class(remote_port) : NAT_CLASS_UDP_ASKED;
		return true;
	}
	if (proto == NAT_ICMP) {
		*in_class = NAT_CLASS_ICMP;
		return true;
	}
	*in_class = side == NAT_IN_SIDE ? NAT_CLASS_TCP_OPENING : NAT_CLASS_TCP_ASKED;
	*state = NAT_TCP_SYN(side);
	if ((flags & RTE_TCP_RST_FLAG) != 0)
		return false;
	/* Of a connection that began before the program did. Only the inside is believed. */
	if ((flags & RTE_TCP_SYN_FLAG) == 0)
		*state |= NAT_TCP_PICKED_UP;
	if (side == NAT_OUT_SIDE)
		return (flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG;
	return true;
}

const char *nat_flow_state(const struct vnf_session *session)
{
	switch (session->in_class) {
	case NAT_CLASS_TCP_OPENING:
		return "opening";
	case NAT_CLASS_TCP_ASKED:
	case NAT_CLASS_UDP_ASKED:
		return "asked";
	case NAT_CLASS_TCP_ESTABLISHED:
		return "established";
	case NAT_CLASS_TCP_CLOSING:
		return "closing";
	case NAT_CLASS_TCP_RESET:
		return "reset";
	default:
		return "-";
	}
}
