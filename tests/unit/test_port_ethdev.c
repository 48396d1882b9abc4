/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * DPDK devices as ports: up once started, and what becomes of packets that ask for offloads, also
 * where the device's ring is full.
 */

#define ALLOW_EXPERIMENTAL_API /* rte_eth_dev_conf_get() */

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "eal_support.h"
#include "kernel_support.h"
#include "port_ethdev.h"
#include "port_kinds.h"

static struct {
	uint32_t size;
	bool receive;
} null_spec = { .size = 60 };

static struct vnf_port_spec spec = { .name = "null", .kind_spec = &null_spec };
static struct vnf_port_counters counters;
static struct rte_mempool *pool;
static struct vnf_port port;

static void setup(void)
{
	cr_assert_eq(sizeof(null_spec), vnf_port_kind_null.spec_size);
	eal_support_start();
	pool = eal_support_pool(2048);
	eal_support_port(&port, &vnf_port_kind_null, &spec, pool);
	cr_assert_eq(port.kind->open(&port), 0);
	cr_assert_eq(port.kind->start(&port), 0);
}

static void teardown(void)
{
	port.kind->stop(&port);
	port.kind->close(&port);
	cr_expect_eq(rte_mempool_avail_count(pool), SUPPORT_MBUFS);
	eal_support_stop();
}

static struct rte_mbuf *packet(uint64_t flags)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);

	cr_assert_not_null(pkt);
	cr_assert_not_null(rte_pktmbuf_append(pkt, 60));
	pkt->ol_flags = flags;
	return pkt;
}

Test(port_ethdev, is_up_once_started, .init = setup, .fini = teardown)
{
	cr_assert(vnf_port_is_up(&port));
}

/* No checksum is taken over from the peer, no RSS asked for, no interrupt waited for. */
Test(port_ethdev, asks_the_device_for_nothing, .init = setup, .fini = teardown)
{
	const struct ethdev *dev = port.priv;
	struct rte_eth_conf conf;

	cr_assert_eq(rte_eth_dev_conf_get(dev->port_id, &conf), 0);
	cr_expect_eq(conf.rxmode.offloads, 0);
	cr_expect_eq(conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
	cr_expect_eq(conf.txmode.offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0);
	cr_expect_eq(conf.intr_conf.rxq, 0);
}

Test(port_ethdev, tells_its_path, .init = setup, .fini = teardown)
{
	struct vnf_port_path path = { 0 };

	port.kind->explain(&port, &path);
	cr_expect_str_eq(path.rx, "");
	cr_expect_str_eq(path.tx, "freed at once");
	/* What any other DPDK device says, of a driver that tells nothing. */
	ethdev_explain(&port, &path);
	cr_expect_str_eq(path.rx, "the driver's only functions, rings of 1024");
	cr_expect_str_eq(path.why, "net_null chose them for MTU 1500, without receive offloads");
}

Test(port_ethdev, what_the_device_was_not_told_to_do_is_dropped, .init = setup, .fini = teardown)
{
	static const struct {
		uint64_t flags;
		bool sent;
	} cases[] = {
		{ 0, true },
		{ RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6, true },
		{ RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_VLAN, true },
		{ RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM, false },
		{ RTE_MBUF_F_TX_TCP_CKSUM, false },
		{ RTE_MBUF_F_TX_UDP_CKSUM, false },
		{ RTE_MBUF_F_TX_SCTP_CKSUM, false },
		{ RTE_MBUF_F_TX_TCP_SEG, false },
		{ RTE_MBUF_F_TX_VLAN, false },
		{ RTE_MBUF_F_TX_QINQ, false },
		{ RTE_MBUF_F_TX_OUTER_IP_CKSUM, false },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct rte_mbuf *pkt = packet(cases[i].flags);

		memset(&counters, 0, sizeof(counters));
		cr_expect_eq(port.tx(port.queue[0], &pkt, 1, &counters), 1);
		cr_expect_eq(counters.tx_packets, cases[i].sent, "case %zu", i);
		cr_expect_eq(counters.tx_bytes, cases[i].sent ? 60 : 0, "case %zu", i);
		cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], !cases[i].sent,
			     "case %zu", i);
	}
}

/* A device that makes no checksums gets packets that have theirs. */
Test(port_ethdev, open_checksums_are_completed, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = {
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM,
		RTE_MBUF_F_RX_L4_CKSUM_NONE,
	};
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 2 };

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		struct rte_mbuf *pkt = kernel_support_udp(pool, mac, "10.0.0.1", "10.0.0.2", 40, 0);
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, 14);
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
		uint16_t want = udp->dgram_cksum;

		udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
		pkt->ol_flags = flags[i];
		rte_mbuf_refcnt_update(pkt, 1);
		memset(&counters, 0, sizeof(counters));
		cr_assert_eq(port.tx(port.queue[0], &pkt, 1, &counters), 1);
		cr_assert_eq(counters.tx_packets, 1);
		cr_assert_eq(udp->dgram_cksum, want);
		cr_assert_eq(pkt->ol_flags, 0);
		rte_pktmbuf_free(pkt);
	}
}

Test(port_ethdev, what_is_enabled_is_sent, .init = setup, .fini = teardown)
{
	struct ethdev_queue q = *(const struct ethdev_queue *)port.queue[0];
	struct rte_mbuf *pkts[2];

	q.tx_offloads |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	pkts[0] = packet(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM);
	pkts[1] = packet(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM);
	cr_expect_eq(port.tx(&q, pkts, 2, &counters), 2);
	cr_expect_eq(counters.tx_packets, 1);
	cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], 1);
}

Test(port_ethdev, longer_than_the_mtu_allows, .init = setup, .fini = teardown)
{
	uint16_t max = (uint16_t)(port.mtu + VNF_FRAME_OVERHEAD);
	struct rte_mbuf *pkts[3];

	cr_assert(port.prepares);
	for (uint16_t i = 0; i < 3; i++) {
		pkts[i] = packet(0);
		cr_assert_not_null(rte_pktmbuf_append(pkts[i], (uint16_t)(max - 60 - 1 + i)));
	}
	cr_expect_eq(port.tx(port.queue[0], pkts, 3, &counters), 3);
	cr_expect_eq(counters.tx_packets, 2);
	cr_expect_eq(counters.tx_bytes, 2u * max - 1);
	cr_expect_eq(counters.drops[VNF_DROP_TOO_LONG], 1);
}

/* A device of one ring, in which there is room for three. */
static struct rte_ring *ring_device(uint16_t *id)
{
	const struct rte_eth_conf conf = { 0 };
	struct rte_ring *ring;

	cr_assert_eq(rte_dev_probe("net_ring0"), 0);
	cr_assert_eq(rte_eth_dev_get_port_by_name("net_ring0", id), 0);
	cr_assert_eq(rte_eth_dev_configure(*id, 1, 1, &conf), 0);
	cr_assert_eq(rte_eth_rx_queue_setup(*id, 0, 64, 0, NULL, pool), 0);
	cr_assert_eq(rte_eth_tx_queue_setup(*id, 0, 64, 0, NULL), 0);
	cr_assert_eq(rte_eth_dev_start(*id), 0);
	ring = rte_ring_lookup("ETH_RXTX0_net_ring0");
	cr_assert_not_null(ring);
	while (rte_ring_free_count(ring) > 3)
		cr_assert_eq(rte_ring_enqueue(ring, NULL), 0);
	return ring;
}

Test(port_ethdev, what_did_not_fit_stays_at_the_end, .init = setup, .fini = teardown)
{
	struct ethdev_queue q = { .frame_max = 100 };
	struct rte_ring *ring = ring_device(&q.port_id);
	struct rte_mbuf *pkts[8], *left[8], *out;

	for (unsigned int i = 0; i < 8; i++) {
		pkts[i] = packet(i % 3 == 1 ? RTE_MBUF_F_TX_IP_CKSUM : 0);
		left[i] = pkts[i];
	}
	cr_assert_not_null(rte_pktmbuf_append(pkts[4], 41));
	/* 1 and 7 ask for too much, 4 is too long as well; 0, 2, 3 fit; 5 and 6 are left. */
	cr_assert_eq(port.tx(&q, pkts, 8, &counters), 6);
	cr_expect_eq(counters.tx_packets, 3);
	cr_expect_eq(counters.tx_bytes, 180);
	cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], 2);
	cr_expect_eq(counters.drops[VNF_DROP_TOO_LONG], 1);
	cr_assert_eq(pkts[6], left[5]);
	cr_assert_eq(pkts[7], left[6]);
	rte_pktmbuf_free_bulk(&pkts[6], 2);
	while (rte_ring_dequeue(ring, (void **)&out) == 0)
		rte_pktmbuf_free(out);
	rte_eth_dev_stop(q.port_id);
	cr_assert_eq(rte_eal_hotplug_remove("vdev", "net_ring0"), 0);
}
