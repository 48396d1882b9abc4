/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets for fuzz targets, without DPDK running: buffers end where the data ends, so that the
 * address sanitizer sees a read beyond, and are freed with their packets.
 */
#ifndef FUZZ_PACKETS_H
#define FUZZ_PACKETS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#define SEGMENTS_MAX 8
#define FRAME_MAX 2048

static struct rte_mempool pool;
/* What there is in it. */
static unsigned int mbufs_left;

static void *room(size_t n)
{
	void *at = malloc(n > 0 ? n : 1);

	if (at == NULL)
		abort();
	return at;
}

static int mbufs_free(struct rte_mempool *mp, void *const *mbufs, unsigned int n)
{
	(void)mp;
	for (unsigned int i = 0; i < n; i++) {
		free(((struct rte_mbuf *)mbufs[i])->buf_addr);
		free(mbufs[i]);
	}
	return 0;
}

/* As long as `mbufs_left` are; each with room for a whole frame behind its headroom. */
static int mbufs_get(struct rte_mempool *mp, void **mbufs, unsigned int n)
{
	if (n > mbufs_left)
		return -ENOBUFS;
	mbufs_left -= n;
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = room(sizeof(*m));

		memset(m, 0, sizeof(*m));
		m->buf_len = RTE_PKTMBUF_HEADROOM + FRAME_MAX;
		m->buf_addr = room(m->buf_len);
		m->refcnt = 1;
		m->nb_segs = 1;
		m->pool = mp;
		mbufs[i] = m;
	}
	return 0;
}

static unsigned int mbufs_count(const struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static int mbufs_alloc(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static const struct rte_mempool_ops fuzz_ops = {
	.name = "fuzz",
	.alloc = mbufs_alloc,
	.enqueue = mbufs_free,
	.dequeue = mbufs_get,
	.get_count = mbufs_count,
};
RTE_MEMPOOL_REGISTER_OPS(fuzz_ops);

static void pool_init(void)
{
	static bool named;

	if (!named && rte_mempool_set_ops_byname(&pool, "fuzz", NULL) < 0)
		abort();
	named = true;
}

static struct rte_mbuf *segment(const uint8_t *data, uint32_t n, uint32_t head, uint32_t tail)
{
	struct rte_mbuf *m = room(sizeof(*m));

	memset(m, 0, sizeof(*m));
	m->buf_addr = room(head + n + tail);
	m->buf_len = (uint16_t)(head + n + tail);
	m->data_off = (uint16_t)head;
	memcpy((uint8_t *)m->buf_addr + head, data, n);
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	m->nb_segs = 1;
	m->refcnt = 1;
	m->pool = &pool;
	return m;
}

/* `cut`: how long segments are, and how much room the first one has. Frames begin at even
 * addresses, as DPDK's struct rte_ether_hdr has it.
 */
static struct rte_mbuf *packet(const uint8_t *data, uint32_t n, uint8_t cut)
{
	uint32_t step = cut & 0x3fu, at;
	struct rte_mbuf *pkt, *last;

	if (step == 0 || n <= step)
		return segment(data, n, (cut >> 6) * 2u, 0);
	pkt = last = segment(data, step, cut & 1u ? 16 : 0, cut & 0x80u ? FRAME_MAX : cut >> 2);
	for (at = step; at < n; at += step) {
		uint32_t left = n - at;
		uint32_t some = pkt->nb_segs == SEGMENTS_MAX - 1 ? left : RTE_MIN(step, left);

		last->next = segment(data + at, some, 0, 0);
		last = last->next;
		pkt->nb_segs++;
		pkt->pkt_len += some;
		if (some == left)
			break;
	}
	return pkt;
}

static void packet_free(struct rte_mbuf *pkt)
{
	rte_pktmbuf_free(pkt);
}

#endif
