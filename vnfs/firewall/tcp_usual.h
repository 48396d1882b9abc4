/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The usual segment, an ACK of a connection that stands: what flow.c does in place, without a call,
 * and tcp.c for all who ask fw_tcp_follow().
 */
#ifndef FW_TCP_USUAL_H
#define FW_TCP_USUAL_H

#include <rte_branch_prediction.h>

#include "tcp_priv.h"

static inline bool tcp_is_usual(const struct fw_tcp *t, const struct fw_tcp_segment *s)
{
	return (s->flags & TCP_LOOKED_AT) == RTE_TCP_ACK_FLAG && t->state == FW_TCP_ESTABLISHED &&
	       t->flags == 0;
}

/* FW_TCP_PASS or FW_TCP_WINDOW. */
static inline enum fw_tcp_verdict tcp_follow_usual(struct fw_tcp *t, unsigned int side,
						   const struct fw_tcp_segment *s)
{
	struct fw_tcp_side *from = &t->side[side], *to = &t->side[side ^ 1];

	if (unlikely(!tcp_in_window(from, to, s)))
		return FW_TCP_WINDOW;
	tcp_side_update(from, to, s, s->seq + s->length);
	return FW_TCP_PASS;
}

#endif
