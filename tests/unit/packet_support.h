/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets for the tests of vnf/packet.h and vnf/edit.h: what the packet builder made, as mbufs of
 * one or of several segments.
 */
#ifndef PACKET_SUPPORT_H
#define PACKET_SUPPORT_H

#include <vnf/edit.h>
#include <vnf/test.h>

#include "eal_support.h"

#define DST "02:00:00:00:00:02"
#define SRC "02:00:00:00:00:01"
#define ETH RTE_ETHER_HDR_LEN
/* Octets of the largest packet; a segment takes it whole. */
#define ROOM 2048

static struct rte_mempool *pool;
static struct vnf_test_packet p;

static inline void packets_start(void)
{
	eal_support_start();
	pool = eal_support_pool(ROOM);
}

static inline void ipv4_begin(void)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
}

static inline void ipv6_begin(void)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv6(&p, "2001:db8::1", "2001:db8::2");
}

static inline void finish(void)
{
	cr_assert_eq(vnf_test_finish(&p), 0, "%s: %d", p.failed, p.error);
}

static inline struct rte_mbuf *segment_make(const uint8_t *data, uint32_t n)
{
	struct rte_mbuf *seg = rte_pktmbuf_alloc(pool);
	void *at = seg != NULL ? rte_pktmbuf_append(seg, (uint16_t)n) : NULL;

	cr_assert_not_null(at);
	memcpy(at, data, n);
	return seg;
}

/* Octets as a packet that is cut into segments of `step` octets; 0: whole. */
static inline struct rte_mbuf *packet_make(const uint8_t *data, uint32_t n, uint32_t step)
{
	struct rte_mbuf *pkt = NULL;

	if (step == 0)
		return segment_make(data, n);
	for (uint32_t at = 0; at < n; at += step) {
		struct rte_mbuf *seg = segment_make(data + at, RTE_MIN(step, n - at));

		if (pkt == NULL)
			pkt = seg;
		else
			cr_assert_eq(rte_pktmbuf_chain(pkt, seg), 0);
	}
	return pkt;
}

/* The packet is the finished `p`, octet by octet. */
static inline bool packet_is(const struct rte_mbuf *pkt, const uint8_t *data, uint32_t n)
{
	static uint8_t room[VNF_TEST_PACKET_MAX];
	const void *got;

	if (rte_pktmbuf_pkt_len(pkt) != n)
		return false;
	got = rte_pktmbuf_read(pkt, 0, n, room);
	return got != NULL && memcmp(got, data, n) == 0;
}

#endif
