/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What packets do to the session that they are of: TCP by its state machine (tcp.c), all else by
 * whether the other side has answered. The class of a session says how long it may be silent, and
 * whether it makes room for others. Worker.
 */
#include "firewall.h"
#include "tcp_usual.h"

/* RFC 7323 section 2.2. */
#define TCP_OPTION_SCALE 3
#define TCP_OPTION_SCALE_OCTETS 3

/* Periods here are for the tables' making only: the policy sets those in force. Half-open and
 * unanswered sessions are one class when room is to be made, lest one kind push out the other.
 * After them go those of which there was a question and an answer, and no more: hosts that ask each
 * other a lot would leave no room for what stands.
 */
const struct vnf_session_class fw_classes[FW_CLASSES] = {
	[FW_CLASS_TCP_OPENING] = { "opening", 240 * VNF_SECOND_NS, 2 },
	[FW_CLASS_TCP_ESTABLISHED] = { "established", 7440 * VNF_SECOND_NS, 0 },
	[FW_CLASS_TCP_CLOSING] = { "closing", 240 * VNF_SECOND_NS, 0 },
	[FW_CLASS_TCP_TIME_WAIT] = { "time-wait", 240 * VNF_SECOND_NS, 1 },
	[FW_CLASS_TCP_RESET] = { "reset", 10 * VNF_SECOND_NS, 1 },
	[FW_CLASS_UDP_NEW] = { "udp-new", 120 * VNF_SECOND_NS, 2 },
	[FW_CLASS_UDP_ONCE] = { "udp-once", 300 * VNF_SECOND_NS, 3 },
	[FW_CLASS_UDP] = { "udp", 300 * VNF_SECOND_NS, 0 },
	[FW_CLASS_ICMP_NEW] = { "icmp-new", 60 * VNF_SECOND_NS, 2 },
	[FW_CLASS_ICMP_ONCE] = { "icmp-once", 60 * VNF_SECOND_NS, 3 },
	[FW_CLASS_ICMP] = { "icmp", 60 * VNF_SECOND_NS, 0 },
	[FW_CLASS_ASSOCIATION_NEW] = { "association-new", 480 * VNF_SECOND_NS, 2 },
	[FW_CLASS_ASSOCIATION_ONCE] = { "association-once", 7440 * VNF_SECOND_NS, 3 },
	[FW_CLASS_ASSOCIATION] = { "association", 7440 * VNF_SECOND_NS, 0 },
	[FW_CLASS_OTHER_NEW] = { "other-new", 120 * VNF_SECOND_NS, 2 },
	[FW_CLASS_OTHER_ONCE] = { "other-once", 600 * VNF_SECOND_NS, 3 },
	[FW_CLASS_OTHER] = { "other", 600 * VNF_SECOND_NS, 0 },
};

/* ---- TCP ---- */

/* RFC 7323 section 2.3: a greater one counts as 14, and 255 is not FW_TCP_NO_SCALE. */
static uint8_t scale_read(const struct fw_packet *p)
{
	uint8_t octets, scale;
	uint32_t at = vnf_tcp_option_find(p->pkt, p->h, TCP_OPTION_SCALE, &octets);

	if (at == 0 || octets != TCP_OPTION_SCALE_OCTETS)
		return FW_TCP_NO_SCALE;
	scale = *rte_pktmbuf_mtod_offset(p->pkt, const uint8_t *, at + 2);
	return RTE_MIN(scale, (uint8_t)TCP_SCALE_MAX);
}

/* Without options. */
static inline struct fw_tcp_segment segment_fields(const struct fw_packet *p)
{
	const struct rte_tcp_hdr *tcp = vnf_tcp(p->pkt, p->h);

	return (struct fw_tcp_segment){
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.length = p->h->end - p->h->payload,
		.window = rte_be_to_cpu_16(tcp->rx_win),
		.flags = tcp->tcp_flags,
		.scale = FW_TCP_NO_SCALE,
	};
}

static struct fw_tcp_segment segment_read(const struct fw_packet *p)
{
	struct fw_tcp_segment s = segment_fields(p);

	if (unlikely((s.flags & RTE_TCP_SYN_FLAG) != 0))
		s.scale = scale_read(p);
	return s;
}

/* How much data follows in other fragments is not known: as much as may be sent. */
static void segment_widen(const struct fw_packet *p, const struct fw_tcp_side *side,
			  struct fw_tcp_segment *s)
{
	uint32_t room = side->max_end - s->seq;

	if ((p->h->flags & VNF_FRAGMENTS_MORE) != 0 && room > s->length && room <= INT32_MAX)
		s->length = RTE_MIN(room, (uint32_t)UINT16_MAX);
}

static uint32_t tcp_class(const struct fw_tcp *tcp)
{
	switch (tcp->state) {
	case FW_TCP_ESTABLISHED:
	case FW_TCP_FIN_WAIT: /* one way may go on for as long as before (RFC 6146 section 3.5.2) */
		return fw_tcp_is_picked_up(tcp) ? FW_CLASS_TCP_OPENING : FW_CLASS_TCP_ESTABLISHED;
	case FW_TCP_CLOSING:
		return FW_CLASS_TCP_CLOSING;
	case FW_TCP_TIME_WAIT:
		return FW_CLASS_TCP_TIME_WAIT;
	case FW_TCP_RESET:
		return FW_CLASS_TCP_RESET;
	default:
		return FW_CLASS_TCP_OPENING;
	}
}

static vnf_verdict_t tcp_drop(enum fw_tcp_verdict verdict)
{
	return fw_drop(verdict == FW_TCP_FLAGS   ? FW_DROP_TCP_FLAGS
		       : verdict == FW_TCP_STATE ? FW_DROP_TCP_STATE
						 : FW_DROP_TCP_WINDOW);
}

static vnf_verdict_t tcp_open(const struct fw_policy *policy, const struct fw_packet *p,
			      struct fw_flow *flow, uint32_t *in_class)
{
	struct fw_tcp_segment s = segment_read(p);
	enum fw_tcp_verdict verdict = fw_tcp_open(&flow->tcp, &s, policy->strict);

	if (verdict == FW_TCP_FLAGS)
		return tcp_drop(verdict);
	if (verdict != FW_TCP_PASS)
		return fw_drop(FW_DROP_NO_SESSION);
	flow->tcp_flags = s.flags;
	*in_class = tcp_class(&flow->tcp);
	return FW_PASS;
}

static __rte_noinline vnf_verdict_t tcp_follow_any(struct vnf_worker *worker,
						   struct vnf_sessions *sessions,
						   const struct fw_packet *p,
						   struct vnf_session *session, uint32_t from)
{
	struct fw_flow *flow = vnf_session_user(session);
	struct fw_tcp_segment s = segment_read(p);
	enum fw_tcp_verdict verdict;
	uint32_t in_class;

	if (unlikely((p->h->flags & VNF_FRAGMENT) != 0))
		segment_widen(p, &flow->tcp.side[from], &s);
	verdict = fw_tcp_follow(&flow->tcp, from, &s);
	if (unlikely(verdict == FW_TCP_STILL))
		return FW_PASS_UNPROVEN;
	if (unlikely(verdict == FW_TCP_ANEW))
		return FW_REFUSE;
	/* A drop may end a connection, too: see tcp_syn.c. */
	in_class = tcp_class(&flow->tcp);
	if (unlikely(in_class != session->in_class)) {
		vnf_session_move(worker, sessions, session, in_class);
		fw_limit_moved(worker, session);
	} else if (likely(verdict == FW_TCP_PASS)) {
		vnf_session_touch(worker, session);
	}
	if (unlikely(verdict != FW_TCP_PASS))
		return tcp_drop(verdict);
	return FW_PASS;
}

/* Such a segment leaves the session in its class. */
static inline vnf_verdict_t tcp_follow(struct vnf_worker *worker, struct vnf_sessions *sessions,
				       const struct fw_packet *p, struct vnf_session *session,
				       uint32_t from)
{
	struct fw_flow *flow = vnf_session_user(session);
	struct fw_tcp_segment s = segment_fields(p);

	if (unlikely(!tcp_is_usual(&flow->tcp, &s) || (p->h->flags & VNF_FRAGMENT) != 0 ||
		     session->in_class != FW_CLASS_TCP_ESTABLISHED))
		return tcp_follow_any(worker, sessions, p, session, from);
	if (unlikely(tcp_follow_usual(&flow->tcp, from, &s) != FW_TCP_PASS))
		return fw_drop(FW_DROP_TCP_WINDOW);
	vnf_session_touch(worker, session);
	return FW_PASS;
}

/* ---- all else ---- */

/* Of a session that was not answered; the classes after it: once, and more than once. */
static uint32_t class_of(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return FW_CLASS_UDP_NEW;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return FW_CLASS_ICMP_NEW;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return FW_CLASS_ASSOCIATION_NEW;
	default:
		return FW_CLASS_OTHER_NEW;
	}
}

vnf_verdict_t fw_flow_open(const struct fw_policy *policy, const struct fw_packet *p,
			   struct fw_flow *flow, uint32_t *in_class)
{
	flow->fragments = (p->h->flags & VNF_FRAGMENT) != 0;
	if (p->l4.proto == IPPROTO_TCP)
		return tcp_open(policy, p, flow, in_class);
	if (vnf_is_icmp(p->h))
		flow->icmp_code = vnf_icmp(p->pkt, p->h)->icmp_code;
	*in_class = class_of(p->l4.proto);
	return FW_PASS;
}

vnf_verdict_t fw_flow_follow(struct vnf_worker *worker, struct vnf_sessions *sessions,
			     const struct fw_packet *p, struct vnf_session *session, uint32_t from)
{
	struct fw_flow *flow = vnf_session_user(session);
	uint32_t new;

	if (p->l4.proto == IPPROTO_TCP)
		return tcp_follow(worker, sessions, p, session, from);
	new = class_of(p->l4.proto);
	if (unlikely(!flow->answered)) {
		flow->answered = from == 1;
		if (from == 1) {
			vnf_session_move(worker, sessions, session, new + 1);
			fw_limit_moved(worker, session);
		}
	} else if (unlikely(session->in_class != new + 2)) {
		vnf_session_move(worker, sessions, session, new + 2);
	}
	vnf_session_touch(worker, session);
	return FW_PASS;
}

void fw_flow_end(struct vnf_worker *worker, struct vnf_sessions *sessions,
		 struct vnf_session *session, enum fw_end why)
{
	fw_worker_of(worker)->ending = why;
	vnf_session_remove(worker, sessions, session);
}

vnf_verdict_t fw_flow_foresee(const struct fw_packet *p, const struct fw_flow *flow, uint32_t from)
{
	struct fw_tcp_segment s;
	enum fw_tcp_verdict verdict;
	struct fw_tcp tcp = flow->tcp;

	if (p->l4.proto != IPPROTO_TCP)
		return FW_PASS;
	s = segment_read(p);
	s.length = 0;
	fw_tcp_expect(&tcp, from, &s);
	verdict = fw_tcp_follow(&tcp, from, &s);
	if (verdict == FW_TCP_ANEW)
		return FW_REFUSE;
	return verdict == FW_TCP_PASS || verdict == FW_TCP_STILL ? FW_PASS : tcp_drop(verdict);
}

const char *fw_flow_state(const struct vnf_session *session, uint8_t proto)
{
	const struct fw_flow *flow =
		(const void *)((const uint8_t *)session + session->user_at * UINT64_C(8));

	if (proto == IPPROTO_TCP)
		return fw_tcp_state_name(flow->tcp.state);
	return flow->answered ? "answered" : "new";
}
