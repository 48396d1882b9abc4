/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Connections: the table of their sessions, and how they begin, go on and end. The first key of a
 * session is the client's, the second one the back end's.
 */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <vnf/session.h>

/* Classes of sessions. */
enum {
	CONNECTION_OPENING,
	CONNECTION_OPEN,
	CONNECTION_CLOSING,
	CONNECTION_NOT_TCP,
};

/* Who sent a packet; as bits, who has sent something. */
enum {
	CLIENT = 1,
	BACK_END = 2,
};

/* For vnf_app. */
bool connections_table(const struct vnf *vnf, const void *config, uint32_t i,
		       struct vnf_sessions_conf *conf);
/* May a client's packet without a session make one? */
bool connection_begins(struct rte_mbuf *pkt, const struct vnf_headers *h);
/* And one whose session is this: does it end that one? */
bool connection_begins_anew(struct rte_mbuf *pkt, const struct vnf_headers *h,
			    const struct vnf_session *session);
/* A packet of it passes. */
void connection_follow(struct vnf_worker *worker, struct rte_mbuf *pkt, const struct vnf_headers *h,
		       struct vnf_session *session, uint8_t from);

#endif
