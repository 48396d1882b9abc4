/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Bringing the first octets of a packet together in its first segment, and reading across segments.
 * Rare: a port fills a segment before it takes the next, and headers are shorter than a segment.
 * Worker, on packets that it owns.
 */

#include <errno.h>
#include <string.h>

#include <vnf/packet.h>

/* Nobody else looks at its data, or at where that begins. */
static bool is_ours(const struct rte_mbuf *seg)
{
	return RTE_MBUF_DIRECT(seg) && rte_mbuf_refcnt_read(seg) == 1;
}

static bool all_ours(const struct rte_mbuf *pkt, uint32_t octets)
{
	const struct rte_mbuf *seg = pkt;

	for (uint32_t seen = 0; seen < octets; seen += seg->data_len, seg = seg->next)
		if (!is_ours(seg))
			return false;
	return true;
}

/* Room for so many octets more at the end of the first segment's data. It begins at an even address
 * as before, which DPDK's struct rte_ether_hdr asks for.
 */
static int room_make(struct rte_mbuf *pkt, uint32_t more)
{
	uint16_t tail = rte_pktmbuf_tailroom(pkt);
	uint32_t shift;

	if (more <= tail)
		return 0;
	shift = RTE_ALIGN_CEIL(more - tail, 2u);
	if (shift > rte_pktmbuf_headroom(pkt))
		return -ENOSPC;
	memmove(rte_pktmbuf_mtod(pkt, uint8_t *) - shift, rte_pktmbuf_mtod(pkt, uint8_t *),
		pkt->data_len);
	pkt->data_off = (uint16_t)(pkt->data_off - shift);
	return 0;
}

static void second_unlink(struct rte_mbuf *pkt)
{
	struct rte_mbuf *seg = pkt->next;

	pkt->next = seg->next;
	pkt->nb_segs--;
	seg->next = NULL;
	seg->nb_segs = 1;
	rte_pktmbuf_free_seg(seg);
}

/* Move octets from the second segment to the end of the first. Returns how many. */
static uint16_t second_take(struct rte_mbuf *pkt, uint32_t more)
{
	struct rte_mbuf *seg = pkt->next;
	uint16_t n = (uint16_t)RTE_MIN(more, (uint32_t)seg->data_len);

	memcpy(rte_pktmbuf_mtod_offset(pkt, void *, pkt->data_len),
	       rte_pktmbuf_mtod(seg, const void *), n);
	pkt->data_len = (uint16_t)(pkt->data_len + n);
	seg->data_off = (uint16_t)(seg->data_off + n);
	seg->data_len = (uint16_t)(seg->data_len - n);
	if (seg->data_len == 0)
		second_unlink(pkt);
	return n;
}

int vnf_packet_pull(struct rte_mbuf *pkt, uint32_t octets)
{
	uint32_t more;
	int ret;

	if (octets <= pkt->data_len)
		return 0;
	if (octets > pkt->pkt_len)
		return -EMSGSIZE;
	if (!all_ours(pkt, octets))
		return -EBUSY;
	more = octets - pkt->data_len;
	ret = room_make(pkt, more);
	if (ret < 0)
		return ret;
	while (more > 0)
		more -= second_take(pkt, more);
	return 0;
}

bool vnf_cursor_copy(struct vnf_cursor *c, void *to, uint32_t octets)
{
	const void *from;

	if (octets > vnf_cursor_left(c))
		return false;
	if (octets == 0)
		return true; /* rte_pktmbuf_read() would look for a segment behind the last */
	from = rte_pktmbuf_read(c->pkt, c->at, octets, to);
	if (from != to)
		memcpy(to, from, octets);
	c->at += octets;
	return true;
}
