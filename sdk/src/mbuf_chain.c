/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See mbuf_chain.h. Context: worker.
 */
#include "mbuf_chain.h"

#include <errno.h>
#include <string.h>

int mbuf_chain_fill(struct rte_mbuf *pkt, const uint8_t *data, uint32_t n)
{
	struct rte_mbuf *seg = pkt;

	for (;;) {
		uint16_t part = (uint16_t)RTE_MIN(n, (uint32_t)rte_pktmbuf_tailroom(seg));

		memcpy(rte_pktmbuf_mtod(seg, void *), data, part);
		seg->data_len = part;
		pkt->pkt_len += part;
		data += part;
		n -= part;
		if (n == 0)
			return 0;
		seg->next = rte_pktmbuf_alloc(pkt->pool);
		if (seg->next == NULL)
			return -ENOMEM;
		seg = seg->next;
		seg->data_off = 0; /* headroom is wanted in front of the packet only */
		pkt->nb_segs++;
	}
}
