/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kind tap against a real kernel, in a network namespace that the test process makes for
 * itself: frames both ways, checksums, link state, and interfaces that vanish.
 */
#include <criterion/criterion.h>

#include <errno.h>

#include <net/if_arp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "eal_support.h"
#include "kernel_io.h"
#include "kernel_tcp_support.h"
#include "port_kinds.h"

/* As the kind's table fills it. */
static struct {
	struct kio_spec kio;
	uint8_t peer_mac[6];
} tap_spec = { .kio = { .ifname = "", .netns = "" } };

static struct vnf_port_spec spec = { .name = "tap0", .kind_spec = &tap_spec };
static struct vnf_port_counters counters;
static struct rte_mempool *pool;
static struct vnf_port port;

static void setup(void)
{
	kernel_support_enter();
	kernel_support_need("/dev/net/tun");
	cr_assert_eq(sizeof(tap_spec), vnf_port_kind_tap.spec_size);
	eal_support_start();
	pool = eal_support_pool(2048);
}

static void port_start(void)
{
	eal_support_port(&port, &vnf_port_kind_tap, &spec, pool);
	cr_assert_eq(port.kind->open(&port), 0);
	cr_assert_not(vnf_port_is_up(&port));
	cr_assert_eq(port.kind->start(&port), 0);
	cr_assert(vnf_port_is_up(&port));
}

static void port_finish(void)
{
	port.kind->stop(&port);
	port.kind->close(&port);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A UDP datagram from the kernel arrives as one frame with a whole checksum. */
Test(port_tap, receives, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkt;
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;
	uint16_t sum;

	port_start();
	kernel_support_run("ip addr add 10.9.0.1/24 dev tap0");
	kernel_support_run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev tap0");
	kernel_support_send("10.9.0.2", 1234, 301);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	cr_expect_eq(pkt->pkt_len, 14 + 20 + 8 + 301);
	ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, 14);
	udp = (struct rte_udp_hdr *)(ip + 1);
	sum = udp->dgram_cksum;
	udp->dgram_cksum = 0;
	cr_expect_eq(rte_ipv4_udptcp_cksum(ip, udp), sum);
	rte_pktmbuf_free(pkt);
	port_finish();
}

/* Frames that we send reach the kernel's socket; also those over several mbufs, and those whose
 * checksum it was agreed to leave open.
 */
Test(port_tap, sends, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkts[4];
	int sock;

	memcpy(tap_spec.peer_mac, (uint8_t[]){ 2, 0, 0, 0, 0, 9 }, 6);
	tap_spec.kio.offloads = VNF_OFFLOADS_CHECKSUM;
	port_start();
	cr_assert_eq(port.takes, VNF_TAKES_CHECKSUM);
	kernel_support_run("ip addr add 10.9.0.1/24 dev tap0");
	sock = kernel_support_listen(9);
	pkts[0] = kernel_support_udp(pool, tap_spec.peer_mac, "10.9.0.2", "10.9.0.1", 100, 0);
	pkts[1] = kernel_support_udp(pool, tap_spec.peer_mac, "10.9.0.2", "10.9.0.1", 1400, 77);
	pkts[2] = kernel_support_udp(pool, tap_spec.peer_mac, "10.9.0.2", "10.9.0.1", 55, 0);
	kernel_support_open(pkts[2]);
	pkts[3] = kernel_support_udp(pool, tap_spec.peer_mac, "10.9.0.2", "10.9.0.1", 444, 77);
	kernel_support_open(pkts[3]);
	cr_assert_eq(port.tx_copy(port.queue[0], pkts, 4, &counters), 4);
	cr_assert_eq(port.tx(port.queue[0], pkts, 4, &counters), 4);
	cr_expect_eq(counters.tx_packets, 8);
	cr_expect_eq(counters.tx_bytes, 2 * (142 + 1442 + 97 + 486));
	for (unsigned int i = 0; i < 2; i++) {
		cr_expect_eq(kernel_support_heard(sock), 100);
		cr_expect_eq(kernel_support_heard(sock), 1400);
		cr_expect_eq(kernel_support_heard(sock), 55);
		cr_expect_eq(kernel_support_heard(sock), 444);
	}
	close(sock);
	port_finish();
}

/* What the kernel may leave open it does, and says so. */
Test(port_tap, receives_open_checksums, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkt;
	struct rte_ipv4_hdr *ip;

	tap_spec.kio.offloads = VNF_OFFLOADS_CHECKSUM;
	port_start();
	kernel_support_run("ip addr add 10.9.0.1/24 dev tap0");
	kernel_support_run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev tap0");
	kernel_support_send("10.9.0.2", 1234, 301);
	pkt = kernel_support_receive_udp(&port);
	cr_assert_not_null(pkt);
	cr_expect_eq(pkt->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, 14);
	cr_expect_eq(((struct rte_udp_hdr *)(ip + 1))->dgram_cksum, rte_ipv4_phdr_cksum(ip, 0));
	rte_pktmbuf_free(pkt);
	port_finish();
}

Test(port_tap, carries_frames_yet_to_be_cut, .init = setup, .fini = eal_support_stop)
{
	int sock;

	tap_spec.kio.offloads = VNF_OFFLOADS_TSO;
	port_start();
	cr_assert_eq(port.takes, TCP_TAKES_TSO);
	sock = kernel_support_packet_socket("tap0");
	kernel_tcp_check_rx(&port, pool, sock);
	close(sock);
	sock = kernel_support_packet_socket("tap0");
	kernel_tcp_check_tx(&port, pool, sock, &counters);
	close(sock);
	port_finish();
}

/* The kernel then cuts them and makes the checksums. */
Test(port_tap, without_offloads_frames_come_cut, .init = setup, .fini = eal_support_stop)
{
	int sock;

	port_start();
	cr_assert_eq(port.takes, 0);
	sock = kernel_support_packet_socket("tap0");
	kernel_tcp_send(sock, pool, 2500);
	for (unsigned int i = 0; i < 3; i++) {
		struct rte_mbuf *pkt = kernel_support_receive(&port, IPPROTO_TCP);

		cr_assert_not_null(pkt);
		cr_expect_eq(pkt->pkt_len, TCP_HEADERS + (i < 2 ? 1000 : 500));
		cr_expect_eq(pkt->ol_flags, 0);
		cr_expect(tcp_support_is_whole(pkt));
		rte_pktmbuf_free(pkt);
	}
	close(sock);
	port_finish();
}

/* No more of the buffers than a frame of 64 KiB may be spread over. */
Test(port_tap, buffers_too_small_for_offloads, .init = setup, .fini = eal_support_stop)
{
	pool = rte_pktmbuf_pool_create("small", SUPPORT_MBUFS, 0, 0, RTE_PKTMBUF_HEADROOM + 1024,
				       0);
	tap_spec.kio.offloads = VNF_OFFLOADS_TSO;
	eal_support_port(&port, &vnf_port_kind_tap, &spec, pool);
	cr_expect_eq(port.kind->open(&port), -EINVAL);
	cr_expect_null(port.priv);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(port_tap, refuses_what_it_cannot_send, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkts[3];

	port_start();
	for (unsigned int i = 0; i < 3; i++) {
		pkts[i] = rte_pktmbuf_alloc(pool);
		cr_assert_not_null(rte_pktmbuf_append(pkts[i], i == 0 ? 13 : 60));
		memset(rte_pktmbuf_mtod(pkts[i], void *), 0, pkts[i]->data_len);
	}
	pkts[1]->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	cr_assert_not_null(rte_pktmbuf_append(pkts[2], 1500 + VNF_FRAME_OVERHEAD + 1 - 60));
	cr_assert_eq(port.tx(port.queue[0], pkts, 3, &counters), 3);
	cr_expect_eq(counters.tx_packets, 0);
	cr_expect_eq(counters.drops[VNF_DROP_MALFORMED], 1);
	cr_expect_eq(counters.drops[VNF_DROP_UNSUPPORTED_OFFLOAD], 1);
	cr_expect_eq(counters.drops[VNF_DROP_TOO_LONG], 1);
	port_finish();
}

/* Down, up again, deleted: the port follows, and nothing breaks. */
Test(port_tap, follows_the_interface, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkts[2];

	port_start();
	kernel_support_run("ip link set tap0 down");
	port.kind->poll(&port);
	cr_expect_not(vnf_port_is_up(&port));
	for (unsigned int i = 0; i < 2; i++)
		pkts[i] =
			kernel_support_udp(pool, tap_spec.peer_mac, "10.9.0.2", "10.9.0.1", 50, 0);
	cr_expect_eq(port.tx_copy(port.queue[0], pkts, 2, &counters), 2);
	cr_expect_eq(counters.drops[VNF_DROP_PORT_DOWN], 2);
	kernel_support_run("ip link set tap0 up");
	port.kind->poll(&port);
	cr_expect(vnf_port_is_up(&port));
	kernel_support_run("ip link del tap0");
	port.kind->poll(&port);
	cr_expect_not(vnf_port_is_up(&port));
	port.kind->poll(&port);
	cr_expect_eq(port.tx(port.queue[0], pkts, 2, &counters), 2);
	cr_expect_eq(counters.drops[VNF_DROP_PORT_DOWN], 4);
	cr_expect_null(kernel_support_receive_udp(&port));
	port_finish();
}

/* More than the interface of this name keeps for us. */
static void overflow(const char *ifname)
{
	kernel_support_run("ip link set %s txqueuelen 10", ifname);
	kernel_support_run("ip addr add 10.9.0.1/24 dev %s", ifname);
	kernel_support_run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev %s", ifname);
	kernel_support_run("tc qdisc replace dev %s root noqueue 2>/dev/null || true", ifname);
	for (unsigned int i = 0; i < 1000; i++)
		kernel_support_try_send("10.9.0.2", 1234, 100);
}

/* As the kernel says it to others. */
static unsigned long long kernel_dropped(const char *ifname)
{
	char path[] = "/tmp/vnf-unit-dropped-XXXXXX", line[32] = "";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	kernel_support_run("ip -s -j link show %s | grep -o '\"tx\".*' | "
			   "grep -o '\"dropped\":[0-9]*' | grep -o '[0-9]*' > %s",
			   ifname, path);
	cr_assert_gt(read(fd, line, sizeof(line) - 1), 0);
	close(fd);
	unlink(path);
	return strtoull(line, NULL, 10);
}

static uint64_t missed_so_far(void)
{
	struct vnf_port_missed missed = { 0 };

	port.kind->poll(&port);
	port.kind->missed(&port, &missed);
	return missed.rx_missed;
}

/* What the kernel drops because nobody fetches it is told. */
Test(port_tap, counts_what_it_missed, .init = setup, .fini = eal_support_stop)
{
	/* So many others, some of nearly that name, that the kernel tells them in parts. */
	kernel_support_run("for i in $(seq 1 60); do ip tuntap add tap0$i mode tap; done");
	port_start();
	overflow("tap0");
	cr_expect_gt(missed_so_far(), 0);
	cr_expect_eq(missed_so_far(), kernel_dropped("tap0"));
	port_finish();
}

Test(port_tap, counts_under_another_name, .init = setup, .fini = eal_support_stop)
{
	port_start();
	kernel_support_run("ip link set tap0 down && ip link set tap0 name moved0 && "
			   "ip link set moved0 up");
	overflow("moved0");
	cr_expect_gt(missed_so_far(), 0);
	cr_expect_eq(missed_so_far(), kernel_dropped("moved0"));
	port_finish();
}

/* An answer over rtnetlink waits for whoever changes anything in any namespace, and the control
 * thread would with it.
 */
Test(port_tap, asks_nothing_of_rtnetlink, .init = setup, .fini = eal_support_stop)
{
	port_start();
	for (int fd = 0; fd < 256; fd++) {
		int domain = AF_UNSPEC;
		socklen_t len = sizeof(domain);

		(void)!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
		cr_expect_neq(domain, AF_NETLINK, "descriptor %d", fd);
	}
	port_finish();
}

/* Made inside another namespace, which is removed later on. */
Test(port_tap, in_a_namespace, .init = setup, .fini = eal_support_stop)
{
	char path[64];
	int child = kernel_support_namespace(path, sizeof(path));

	tap_spec.kio.netns = path;
	tap_spec.kio.ifname = "inner0";
	spec.mtu = 1400;
	port_start();
	cr_expect_eq(kernel_support_status("ip link show inner0 >/dev/null 2>&1") != 0, true,
		     "the interface is outside");
	kernel_support_run("nsenter --net=%s ip link show inner0 | grep -q 'mtu 1400'", path);
	kernel_support_end(child);
	port.kind->poll(&port);
	cr_expect_not(vnf_port_is_up(&port));
	port_finish();
}

Test(port_tap, small_buffers_are_chained, .init = setup, .fini = eal_support_stop)
{
	struct rte_mempool *small = rte_pktmbuf_pool_create("small", SUPPORT_MBUFS, 0, 0,
							    RTE_PKTMBUF_HEADROOM + 256, 0);
	struct rte_mbuf *pkt;

	cr_assert_not_null(small);
	pool = small;
	port_start();
	kernel_support_run("ip addr add 10.9.0.1/24 dev tap0");
	kernel_support_run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev tap0");
	for (uint16_t n = 1; n <= 1472; n += 193) {
		kernel_support_send("10.9.0.2", 1234, n);
		pkt = kernel_support_receive_udp(&port);
		cr_assert_not_null(pkt);
		cr_expect_eq(pkt->pkt_len, 14 + 20 + 8 + (uint32_t)n);
		cr_expect_eq(rte_mbuf_check(pkt, 1, &(const char *){ NULL }), 0);
		rte_pktmbuf_free(pkt);
	}
	port_finish();
}

Test(port_tap, several_queues, .init = setup, .fini = eal_support_stop)
{
	struct rte_mbuf *pkt;

	spec.queues = 4;
	port_start();
	for (unsigned int i = 0; i < 4; i++) {
		pkt = kernel_support_udp(pool, tap_spec.peer_mac, "10.9.0.2", "10.9.0.1", 50, 0);
		cr_expect_eq(port.tx(port.queue[i], &pkt, 1, &counters), 1);
	}
	cr_expect_eq(counters.tx_packets, 4);
	port_finish();
}

Test(port_tap, open_fails_cleanly, .init = setup, .fini = eal_support_stop)
{
	tap_spec.kio.netns = "vnf-no-such-namespace";
	eal_support_port(&port, &vnf_port_kind_tap, &spec, pool);
	cr_expect_eq(port.kind->open(&port), -ENOENT);
	cr_expect_null(port.priv);
	tap_spec.kio.netns = "";
	tap_spec.kio.ifname = "lo";
	eal_support_port(&port, &vnf_port_kind_tap, &spec, pool);
	cr_expect_lt(port.kind->open(&port), 0);
	cr_expect_null(port.queue[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}
