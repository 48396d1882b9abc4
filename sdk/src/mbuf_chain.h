/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fill packets from plain memory, over several mbufs where one does not do. Used by the port kinds
 * that read files or make frames.
 */
#ifndef VNF_MBUF_CHAIN_H
#define VNF_MBUF_CHAIN_H

#include <rte_mbuf.h>

/* Copy `n` octets into an empty packet, adding mbufs from its own pool. 0; -ENOMEM if the pool is
 * empty: the packet may then be longer than before and is to be freed.
 */
int mbuf_chain_fill(struct rte_mbuf *pkt, const uint8_t *data, uint32_t n);

#endif
