/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kind af_packet on one end of a veth pair, the kernel's IP stack on the other: checksums
 * that the peer left open, VLAN tags, segmentation, and an interface that goes and comes back.
 */
#include <criterion/criterion.h>

#include <errno.h>

#include <netinet/udp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "eal_support.h"
#include "kernel_io.h"
#include "kernel_tcp_support.h"
#include "port_kinds.h"

static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 9 };
static struct kio_spec af_spec = { .ifname = "veth0", .netns = "" };
static struct vnf_port_spec spec = { .name = "af", .kind_spec = &af_spec };
static struct vnf_port_counters counters;
static struct rte_mempool *pool;
static struct vnf_port port;

static void veth_add(void)
{
	kernel_support_run("ip link add veth0 type veth peer name veth1 address 02:00:00:00:00:09");
	kernel_support_run("ip link set veth0 up && ip link set veth1 up");
	kernel_support_run("ip addr add 10.9.0.1/24 dev veth1");
	kernel_support_run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev veth1");
}

static void setup(void)
{
	kernel_support_enter();
	if (kernel_support_status("ip link add veth8 type veth peer name veth9 2>/dev/null && "
				  "ip link del veth8") != 0)
		cr_skip_test("no veth interfaces here");
	veth_add();
	cr_assert_eq(sizeof(af_spec), vnf_port_kind_af_packet.spec_size);
	eal_support_start();
	pool = eal_support_pool(2048);
}

/* The kernel tells of a changed link up to a second later. */
static void expect_link(bool up)
{
	uint64_t until = vnf_clock_now() + KERNEL_SUPPORT_WAIT_NS;

	do {
		port.kind->poll(&port);
		usleep(10000);
	} while (vnf_port_is_up(&port) != up && vnf_clock_now() < until);
	cr_assert_eq(vnf_port_is_up(&port), up);
}

static void port_start(void)
{
	eal_support_port(&port, &vnf_port_kind_af_packet, &spec, pool);
	cr_assert_eq(port.kind->open(&port), 0);
	cr_assert_eq(port.kind->start(&port), 0);
	expect_link(true);
}

static void port_finish(void)
{
	port.kind->stop(&port);
	port.kind->close(&port);
	cr_assert_eq(rte_mempool_avail_count(pool), pool->size);
}

static void expect_whole_checksum(struct rte_mbuf *pkt, uint16_t at)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, at);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	uint16_t sum = udp->dgram_cksum;

	udp->dgram_cksum = 0;
	cr_expect_eq(rte_ipv4_udptcp_cksum(ip, udp), sum);
}

Test(port_af_packet, completes_checksums, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkt;

	port_start();
	for (uint16_t n = 1; n < 1400; n += 197) {
		kernel_support_send("10.9.0.2", 1234, n);
		pkt = kernel_support_receive_udp(&port);
		cr_assert_not_null(pkt);
		cr_expect_eq(pkt->pkt_len, 42u + n);
		expect_whole_checksum(pkt, 14);
		rte_pktmbuf_free(pkt);
	}
	port_finish();
}

Test(port_af_packet, sends, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkts[80];
	int sock;

	af_spec.offloads = VNF_OFFLOADS_CHECKSUM;
	port_start();
	cr_assert_eq(port.takes, VNF_TAKES_CHECKSUM);
	sock = kernel_support_listen(9);
	for (uint16_t i = 0; i < 80; i++)
		pkts[i] = kernel_support_udp(pool, peer_mac, "10.9.0.2", "10.9.0.1", 50 + i,
					     i % 3 == 0 ? 77 : 0);
	kernel_support_open(pkts[1]);
	kernel_support_open(pkts[3]);
	/* In the midst of the burst are frames that cannot be sent. */
	pkts[5]->ol_flags = RTE_MBUF_F_TX_TCP_SEG;
	pkts[6]->ol_flags = RTE_MBUF_F_TX_TCP_SEG;
	pkts[79]->ol_flags = RTE_MBUF_F_TX_TCP_SEG;
	cr_assert_eq(port.tx(port.queue[0], pkts, 80, &counters), 80);
	cr_expect_eq(counters.tx_packets, 77);
	cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], 3);
	for (uint16_t i = 0; i < 80; i++)
		if (i != 5 && i != 6 && i != 79)
			cr_expect_eq(kernel_support_heard(sock), 50 + i);
	/* Nothing of what we sent comes back to us. */
	for (unsigned int i = 0; i < 20; i++)
		cr_expect_eq(port.rx(port.queue[0], pkts, 32), 0);
	close(sock);
	port_finish();
}

Test(port_af_packet, puts_vlan_tags_back, .init = setup, .fini = eal_support_stop)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	uint8_t frame[64] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 9, 0x81, 0, 0x60, 0x2a, 8, 0, 0x45 };
	struct rte_mbuf *pkt;

	port_start();
	frame[27] = IPPROTO_UDP;
	to.sll_ifindex = (int)if_nametoindex("veth1");
	cr_assert_eq(sendto(sock, frame, 64, 0, (struct sockaddr *)&to, sizeof(to)), 64);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	cr_expect_eq(pkt->pkt_len, 64);
	cr_expect_arr_eq(rte_pktmbuf_mtod(pkt, uint8_t *), frame, 64);
	rte_pktmbuf_free(pkt);
	close(sock);
	port_finish();
}

/* Super-frames of UDP are counted as errors; others after them still come. */
static void udp_segments_are_refused(uint64_t flags)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct vnf_port_missed missed = { 0 };
	int sock = socket(AF_INET, SOCK_DGRAM, 0), segment = 1000;
	static const char data[5000];
	struct rte_mbuf *pkt;

	inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
	cr_assert_eq(setsockopt(sock, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	cr_assert_eq(sendto(sock, data, 5000, 0, (struct sockaddr *)&to, sizeof(to)), 5000);
	kernel_support_send("10.9.0.2", 1234, 33);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	cr_expect_eq(pkt->pkt_len, 42 + 33);
	cr_expect_eq(pkt->ol_flags, flags);
	rte_pktmbuf_free(pkt);
	port.kind->poll(&port);
	port.kind->missed(&port, &missed);
	cr_expect_eq(missed.rx_errors, 1);
	close(sock);
	port_finish();
}

Test(port_af_packet, refuses_segmentation, .init = setup, .fini = eal_support_stop)
{
	port_start();
	udp_segments_are_refused(0);
}

/* A burst of the longest frames takes more buffers than there are in the usual pool. */
static void large_pool_start(void)
{
	pool = rte_pktmbuf_pool_create("large", 4095, 0, 0, RTE_PKTMBUF_HEADROOM + 2048, 0);
	cr_assert_not_null(pool);
	af_spec.offloads = VNF_OFFLOADS_TSO;
	port_start();
	cr_assert_eq(port.takes, TCP_TAKES_TSO);
}

Test(port_af_packet, carries_frames_yet_to_be_cut, .init = setup, .fini = eal_support_stop)
{
	struct vnf_port_missed missed = { 0 };
	int sock;

	large_pool_start();
	sock = kernel_support_packet_socket("veth1");
	kernel_tcp_check_rx(&port, pool, sock);
	kernel_tcp_check_tx(&port, pool, sock, &counters);
	close(sock);
	port.kind->missed(&port, &missed);
	cr_expect_eq(missed.rx_errors, 0);
	cr_expect_eq(missed.rx_nombuf, 0);
	port_finish();
}

/* UDP's segments have no name here. */
Test(port_af_packet, refuses_segmentation_of_udp, .init = setup, .fini = eal_support_stop)
{
	large_pool_start();
	udp_segments_are_refused(RTE_MBUF_F_RX_L4_CKSUM_NONE);
}

Test(port_af_packet, truncated_frames_are_errors, .init = setup, .fini = eal_support_stop)
{
	struct vnf_port_missed missed = { 0 };
	struct rte_mbuf *pkt;

	spec.mtu = 1000;
	port_start();
	kernel_support_send("10.9.0.2", 1234, 1400);
	kernel_support_send("10.9.0.2", 1234, 33);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	cr_expect_eq(pkt->pkt_len, 42 + 33);
	rte_pktmbuf_free(pkt);
	port.kind->missed(&port, &missed);
	cr_expect_eq(missed.rx_errors, 1);
	port_finish();
}

Test(port_af_packet, comes_back, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkt;

	port_start();
	kernel_support_run("ip link set veth1 down");
	expect_link(false);
	kernel_support_run("ip link set veth1 up");
	expect_link(true);
	kernel_support_run("ip link del veth0");
	expect_link(false);
	pkt = kernel_support_udp(pool, peer_mac, "10.9.0.2", "10.9.0.1", 50, 0);
	cr_expect_eq(port.tx(port.queue[0], &pkt, 1, &counters), 1);
	cr_expect_eq(counters.drops[VNF_DROP_PORT_DOWN], 1);
	cr_expect_eq(port.rx(port.queue[0], &pkt, 1), 0);
	veth_add();
	expect_link(true);
	kernel_support_send("10.9.0.2", 1234, 33);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	rte_pktmbuf_free(pkt);
	port_finish();
}

/* The flows are divided over the queues; every frame comes once. */
Test(port_af_packet, several_queues, .init = setup, .fini = eal_support_stop)
{
	uint64_t until = vnf_clock_now() + KERNEL_SUPPORT_WAIT_NS;
	unsigned int got[4] = { 0 }, sum = 0;
	struct rte_mbuf *pkts[32];

	spec.queues = 4;
	port_start();
	for (uint16_t i = 0; i < 64; i++)
		kernel_support_send("10.9.0.2", 1000 + i, 33);
	while (vnf_clock_now() < until && sum < 64) {
		for (unsigned int q = 0; q < 4; q++) {
			uint16_t n = port.rx(port.queue[q], pkts, 32);

			rte_pktmbuf_free_bulk(pkts, n);
			got[q] += n;
			sum += n;
		}
	}
	cr_expect_eq(sum, 64);
	cr_expect(got[0] < 64 && got[1] < 64 && got[2] < 64 && got[3] < 64);
	port_finish();
}

Test(port_af_packet, in_a_namespace, .init = setup, .fini = eal_support_stop)
{
	char path[64];
	int child = kernel_support_namespace(path, sizeof(path));
	struct rte_mbuf *pkt;

	kernel_support_run("ip link set veth0 netns %d && nsenter --net=%s ip link set veth0 up",
			   child, path);
	af_spec.netns = path;
	port_start();
	kernel_support_send("10.9.0.2", 1234, 33);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	rte_pktmbuf_free(pkt);
	kernel_support_end(child);
	port.kind->poll(&port);
	cr_expect_not(vnf_port_is_up(&port));
	port_finish();
}

Test(port_af_packet, open_fails_cleanly, .init = setup, .fini = eal_support_stop)
{
	af_spec.ifname = "nosuch0";
	eal_support_port(&port, &vnf_port_kind_af_packet, &spec, pool);
	cr_expect_eq(port.kind->open(&port), -ENODEV);
	cr_expect_null(port.priv);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* TCP with ECN that answers a mark (CWR): nobody can tell a veth's peer not to send it. */
Test(port_af_packet, segments_with_ecn, .init = setup, .fini = eal_support_stop)
{
	struct vnf_port_missed missed = { 0 };
	struct rte_mbuf *pkt;
	ssize_t bytes = sizeof(kernel_tcp.hdr) + TCP_HEADERS + 5500;
	int sock;

	large_pool_start();
	sock = kernel_support_packet_socket("veth1");
	kernel_tcp_send(sock, pool, 5500);
	pkt = kernel_support_receive(&port, IPPROTO_TCP);
	cr_assert_not_null(pkt);
	rte_pktmbuf_free(pkt);
	kernel_tcp.hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	kernel_tcp.octets[47] |= 0x80;
	cr_assert_eq(send(sock, &kernel_tcp, (size_t)bytes, 0), bytes);
	pkt = kernel_support_receive(&port, IPPROTO_TCP);
	port.kind->missed(&port, &missed);
	cr_expect_not_null(pkt, "lost; rx_errors %lu", missed.rx_errors);
	rte_pktmbuf_free(pkt);
	close(sock);
	port_finish();
}
