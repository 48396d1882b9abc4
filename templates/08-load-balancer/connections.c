/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The life of a connection (RFC 5382 section 5, RFC 4787 section 4.3), told by flags of TCP alone.
 * Nobody looks at sequence numbers here, so one segment proves nothing: a SYN and its answer do not
 * open a connection, nor does a RST or FIN end it.
 */
#include "connections.h"

struct seen {
	uint8_t ack; /* who has sent it, since SYN or RST */
	uint8_t fin;
};

bool connections_table(const struct vnf *vnf, const void *config, uint32_t i,
		       struct vnf_sessions_conf *conf)
{
	static const struct vnf_session_class classes[] = {
		[CONNECTION_OPENING] = { "opening", 240 * VNF_SECOND_NS, 1 },
		[CONNECTION_OPEN] = { "open", 7440 * VNF_SECOND_NS, 0 },
		[CONNECTION_CLOSING] = { "closing", 240 * VNF_SECOND_NS, 2 },
		[CONNECTION_NOT_TCP] = { "not TCP", 300 * VNF_SECOND_NS, 3 },
	};

	(void)vnf;
	(void)config;
	conf->name = "connections";
	conf->sessions = 1000000;
	conf->key_size = sizeof(struct vnf_session_key6);
	conf->keys = 2;
	conf->user_size = sizeof(struct seen);
	conf->classes = classes;
	conf->n_classes = RTE_DIM(classes);
	return i == 0;
}

/* SYN does; and ACK, of a connection that stood before this program was started again: the same
 * client goes to the same back end, and there it is known or refused.
 */
bool connection_begins(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t flags;

	if (h->proto != IPPROTO_TCP)
		return true;
	flags = vnf_tcp(pkt, h)->tcp_flags &
		(RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG);
	return flags == RTE_TCP_SYN_FLAG || flags == RTE_TCP_ACK_FLAG;
}

bool connection_begins_anew(struct rte_mbuf *pkt, const struct vnf_headers *h,
			    const struct vnf_session *session)
{
	return session->in_class == CONNECTION_CLOSING && connection_begins(pkt, h) &&
	       (vnf_tcp(pkt, h)->tcp_flags & RTE_TCP_SYN_FLAG) != 0;
}

/* It opens when its client has sent ACK, without SYN, and the back end has (RFC 5382 REQ-5). After
 * a RST it is open again when both go on. It ends when both have sent FIN.
 */
static uint32_t tcp_class(struct seen *seen, uint8_t flags, uint8_t from, uint32_t in_class)
{
	bool syn = (flags & RTE_TCP_SYN_FLAG) != 0;

	if ((flags & RTE_TCP_RST_FLAG) != 0) {
		seen->ack = 0;
		return CONNECTION_CLOSING;
	}
	if (syn)
		seen->ack &= BACK_END;
	if ((flags & RTE_TCP_ACK_FLAG) != 0 && !(syn && from == CLIENT))
		seen->ack |= from;
	if ((flags & RTE_TCP_FIN_FLAG) != 0)
		seen->fin |= from;
	if (seen->fin == (CLIENT | BACK_END))
		return CONNECTION_CLOSING;
	return seen->ack == (CLIENT | BACK_END) ? CONNECTION_OPEN : in_class;
}

void connection_follow(struct vnf_worker *worker, struct rte_mbuf *pkt, const struct vnf_headers *h,
		       struct vnf_session *session, uint8_t from)
{
	uint32_t to = session->in_class;

	if (h->proto == IPPROTO_TCP)
		to = tcp_class(vnf_session_user(session), vnf_tcp(pkt, h)->tcp_flags, from, to);
	vnf_session_move(worker, worker->sessions[0], session, to);
}
