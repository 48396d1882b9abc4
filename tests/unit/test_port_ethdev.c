/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * DPDK devices as ports: up once started, what offloads are asked of a device and told of the port,
 * and what becomes of packets that its driver refuses, also where its ring is full.
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
	cr_expect_eq(port.takes, 0);
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

/* ---- offloads that the file asks for ---- */

#define TAP_TX_SUMS                                                                                \
	(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |                             \
	 RTE_ETH_TX_OFFLOAD_IPV4_CKSUM)
#define TAP_RX_SUMS (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
#define TAKES_SUMS (VNF_TAKES_CHECKSUM | VNF_TAKES_IP_CHECKSUM)

static const struct vnf_port_kind any_kind = { .name = "any", .queues_max = 1 };

/* It is what the device has; were it not, that would be seen, if anything depends on it. */
static void agreement_check(const struct ethdev *dev)
{
	struct ethdev other = *dev;

	cr_expect(ethdev_is_as_agreed(dev));
	other.tx_offloads ^= RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	cr_expect_eq(ethdev_is_as_agreed(&other), dev->offloads == VNF_OFFLOADS_NONE);
	other = *dev;
	other.rx_offloads ^= RTE_ETH_RX_OFFLOAD_TCP_LRO;
	cr_expect_eq(ethdev_is_as_agreed(&other), dev->offloads == VNF_OFFLOADS_NONE);
}

/* Open a device of DPDK's by its arguments and look at what it was told. */
static void device_open(struct ethdev *dev, const char *name, const char *args,
			struct rte_eth_conf *conf)
{
	eal_support_port(&port, &any_kind, &spec, pool);
	dev->ring = 64;
	cr_assert_eq(ethdev_open(&port, dev, name, args), 0);
	cr_assert_eq(rte_eth_dev_conf_get(dev->port_id, conf), 0);
	agreement_check(dev);
	ethdev_remove(dev);
}

static void devices_start(void)
{
	eal_support_start();
	pool = eal_support_pool(2048);
}

/* net_tap makes all checksums and cuts segments; it cannot receive such. */
Test(port_ethdev, offloads_are_asked_of_a_device_that_has_them, .init = devices_start,
     .fini = eal_support_stop)
{
	static const struct {
		uint32_t offloads;
		bool virtual_peer;
		uint64_t tx, rx;
		uint32_t takes;
		uint16_t tso_min;
	} rows[] = {
		{ VNF_OFFLOADS_NONE, false, 0, 0, 0, 256 },
		{ VNF_OFFLOADS_NONE, true, 0, 0, 0, VNF_TSO_MIN },
		{ VNF_OFFLOADS_CHECKSUM, false, TAP_TX_SUMS, 0, TAKES_SUMS, 256 },
		{ VNF_OFFLOADS_CHECKSUM, true, TAP_TX_SUMS, TAP_RX_SUMS, TAKES_SUMS, VNF_TSO_MIN },
		{ VNF_OFFLOADS_TSO, false, TAP_TX_SUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO, 0,
		  TAKES_SUMS | VNF_TAKES_TSO4 | VNF_TAKES_TSO6, 256 },
		{ VNF_OFFLOADS_TSO, true, TAP_TX_SUMS | RTE_ETH_TX_OFFLOAD_TCP_TSO, TAP_RX_SUMS,
		  TAKES_SUMS | VNF_TAKES_TSO4 | VNF_TAKES_TSO6, VNF_TSO_MIN },
	};

	kernel_support_enter();
	kernel_support_need("/dev/net/tun");
	/* It tells of queueing disciplines that the kernel may lack. */
	rte_log_set_level_pattern("pmd.net.tap", RTE_LOG_CRIT);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct ethdev dev = { .offloads = rows[i].offloads,
				      .virtual_peer = rows[i].virtual_peer };
		struct rte_eth_conf conf;

		device_open(&dev, "net_tap0", "net_tap0,iface=vnfunit", &conf);
		cr_expect_eq(conf.txmode.offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS, rows[i].tx,
			     "row %zu: %lx", i, conf.txmode.offloads);
		cr_expect_eq(conf.rxmode.offloads, rows[i].rx, "row %zu: %lx", i,
			     conf.rxmode.offloads);
		cr_expect_eq(port.takes, rows[i].takes, "row %zu: %x", i, port.takes);
		cr_expect_eq(port.tso_min, rows[i].tso_min, "row %zu", i);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(port_ethdev, offloads_are_not_asked_of_a_device_without, .init = devices_start,
     .fini = eal_support_stop)
{
	for (uint32_t offloads = VNF_OFFLOADS_NONE; offloads <= VNF_OFFLOADS_TSO; offloads++) {
		struct ethdev dev = { .offloads = offloads, .virtual_peer = true };
		struct rte_eth_conf conf;

		device_open(&dev, "net_null0", "net_null0", &conf);
		cr_expect_eq(conf.txmode.offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0);
		cr_expect_eq(conf.rxmode.offloads, 0);
		cr_expect_eq(port.takes, 0);
	}
}

/* ---- virtio: what both sides have agreed to ---- */

#define TSO_TX                                                                                     \
	(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO)
#define TSO_RX (TAP_RX_SUMS | RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER)

/* The other side, within this process: DPDK's vhost device, which takes TSO or not. */
static void vhost_begin(const char *path, bool tso)
{
	const struct rte_eth_conf conf = { 0 };
	char args[128];
	uint16_t id;

	snprintf(args, sizeof(args), "net_vhost0,iface=%s,queues=1,tso=%d", path, tso);
	cr_assert_eq(rte_dev_probe(args), 0);
	cr_assert_eq(rte_eth_dev_get_port_by_name("net_vhost0", &id), 0);
	cr_assert_eq(rte_eth_dev_configure(id, 1, 1, &conf), 0);
	cr_assert_eq(rte_eth_rx_queue_setup(id, 0, 64, 0, NULL, pool), 0);
	cr_assert_eq(rte_eth_tx_queue_setup(id, 0, 64, 0, NULL), 0);
	cr_assert_eq(rte_eth_dev_start(id), 0);
}

Test(port_ethdev, offloads_of_virtio, .init = devices_start, .fini = eal_support_stop)
{
	static const struct {
		bool peer_tso;
		uint32_t offloads;
		uint64_t tx, rx;
		uint32_t takes;
	} rows[] = {
		{ true, VNF_OFFLOADS_CHECKSUM, TSO_TX & ~RTE_ETH_TX_OFFLOAD_TCP_TSO, TAP_RX_SUMS,
		  VNF_TAKES_CHECKSUM },
		{ true, VNF_OFFLOADS_TSO, TSO_TX, TSO_RX,
		  VNF_TAKES_CHECKSUM | VNF_TAKES_TSO4 | VNF_TAKES_TSO6 },
		/* It takes none from us, and leaves ours open. */
		{ false, VNF_OFFLOADS_TSO, TSO_TX & ~RTE_ETH_TX_OFFLOAD_TCP_TSO, TSO_RX,
		  VNF_TAKES_CHECKSUM },
	};
	char path[64], args[192];

	snprintf(path, sizeof(path), "/tmp/vnf-unit-%d.sock", (int)getpid());
	snprintf(args, sizeof(args),
		 "net_virtio_user0,path=%s,queues=1,queue_size=64,mac=02:00:00:00:00:01", path);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct ethdev dev = { .offloads = rows[i].offloads, .virtual_peer = true };
		struct rte_eth_conf conf;

		vhost_begin(path, rows[i].peer_tso);
		device_open(&dev, "net_virtio_user0", args, &conf);
		cr_expect_eq(conf.txmode.offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS, rows[i].tx,
			     "row %zu: %lx", i, conf.txmode.offloads);
		cr_expect_eq(conf.rxmode.offloads, rows[i].rx, "row %zu: %lx", i,
			     conf.rxmode.offloads);
		cr_expect_eq(port.takes, rows[i].takes, "row %zu: %x", i, port.takes);
		cr_assert_eq(rte_eal_hotplug_remove("vdev", "net_vhost0"), 0);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- what the driver refuses, and what does not fit ---- */

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

/* A driver that makes no SCTP checksums. */
static uint16_t picky_prepare(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)queue;
	for (uint16_t i = 0; i < n; i++)
		if ((pkts[i]->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_SCTP_CKSUM)
			return i;
	return n;
}

static void ring_empty(struct rte_ring *ring, uint16_t id)
{
	struct rte_mbuf *out;

	while (rte_ring_dequeue(ring, (void **)&out) == 0)
		rte_pktmbuf_free(out);
	rte_eth_dev_stop(id);
	cr_assert_eq(rte_eal_hotplug_remove("vdev", "net_ring0"), 0);
}

/* Whoever sends has made them fit: they go to the driver as they are. */
Test(port_ethdev, packets_are_given_to_the_driver_as_they_are, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = {
		0,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM,
		RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG,
	};
	struct ethdev_queue q = { 0 };
	struct rte_ring *ring = ring_device(&q.port_id);
	struct rte_mbuf *pkts[3], *out;

	for (size_t i = 0; i < RTE_DIM(flags); i++)
		pkts[i] = packet(flags[i]);
	cr_assert_eq(port.tx(&q, pkts, 3, &counters), 3);
	cr_expect_eq(counters.tx_packets, 3);
	cr_expect_eq(counters.tx_bytes, 180);
	while (rte_ring_count(ring) > 3)
		cr_assert_eq(rte_ring_dequeue(ring, (void **)&out), 0);
	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		cr_assert_eq(rte_ring_dequeue(ring, (void **)&out), 0);
		cr_assert_eq(out, pkts[i]);
		cr_expect_eq(out->ol_flags, flags[i]);
		rte_pktmbuf_free(out);
	}
	ring_empty(ring, q.port_id);
}

Test(port_ethdev, what_did_not_fit_stays_at_the_end, .init = setup, .fini = teardown)
{
	struct ethdev_queue q = { 0 };
	struct rte_ring *ring = ring_device(&q.port_id);
	struct rte_mbuf *pkts[8], *left[8];

	rte_eth_fp_ops[q.port_id].tx_pkt_prepare = picky_prepare;
	for (unsigned int i = 0; i < 8; i++) {
		pkts[i] = packet(i % 3 == 1 ? RTE_MBUF_F_TX_SCTP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM);
		left[i] = pkts[i];
	}
	/* 1, 4 and 7 are refused; 0, 2, 3 fit; 5 and 6 are left. */
	cr_assert_eq(port.tx(&q, pkts, 8, &counters), 6);
	cr_expect_eq(counters.tx_packets, 3);
	cr_expect_eq(counters.tx_bytes, 180);
	cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], 3);
	cr_assert_eq(pkts[6], left[5]);
	cr_assert_eq(pkts[7], left[6]);
	rte_pktmbuf_free_bulk(&pkts[6], 2);
	ring_empty(ring, q.port_id);
}

Test(port_ethdev, all_may_be_refused, .init = setup, .fini = teardown)
{
	struct ethdev_queue q = { 0 };
	struct rte_ring *ring = ring_device(&q.port_id);
	struct rte_mbuf *pkts[4];

	rte_eth_fp_ops[q.port_id].tx_pkt_prepare = picky_prepare;
	for (unsigned int i = 0; i < 4; i++)
		pkts[i] = packet(RTE_MBUF_F_TX_SCTP_CKSUM);
	cr_assert_eq(port.tx(&q, pkts, 4, &counters), 4);
	cr_expect_eq(counters.tx_packets, 0);
	cr_expect_eq(counters.tx_bytes, 0);
	cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], 4);
	ring_empty(ring, q.port_id);
}
