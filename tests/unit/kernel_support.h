/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For unit tests of ports on kernel interfaces: a network namespace of the test process's own, and
 * UDP on both sides of the port. Tests skip where the machine does not allow that.
 */
#ifndef KERNEL_SUPPORT_H
#define KERNEL_SUPPORT_H

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include <vnf/port.h>

#include "vnf_priv.h"

/* How long the kernel is given to deliver something. */
#define KERNEL_SUPPORT_WAIT_NS 2000000000ull

__attribute__((format(printf, 1, 2))) static inline int kernel_support_status(const char *format,
									      ...)
{
	char command[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	return system(command);
}

#define kernel_support_run(...) cr_assert_eq(kernel_support_status(__VA_ARGS__), 0)

static inline void kernel_support_enter(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		cr_skip_test("no network namespace of its own: %s", strerror(errno));
	/* Routers are not looked for: nothing but the test's frames is on the wire. */
	(void)!kernel_support_status("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; "
				     "ip link set lo up");
}

static inline void kernel_support_need(const char *device)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		cr_skip_test("%s: %s", device, strerror(errno));
	close(fd);
}

/* Another namespace, alive as long as the child process. */
static inline int kernel_support_namespace(char *path, size_t size)
{
	int ready[2], child;
	char c;

	cr_assert_eq(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	snprintf(path, size, "/proc/%d/ns/net", child);
	return child;
}

static inline void kernel_support_end(int child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* A datagram of `n` octets from the kernel, which may not take it; -1 and errno then. */
static inline ssize_t kernel_support_try_send(const char *to, uint16_t udp_port, size_t n)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(udp_port) };
	static const char data[65536];
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	ssize_t sent;

	inet_pton(AF_INET, to, &a.sin_addr);
	sent = sendto(sock, data, n, 0, (struct sockaddr *)&a, sizeof(a));
	close(sock);
	return sent;
}

static inline void kernel_support_send(const char *to, uint16_t udp_port, size_t n)
{
	cr_assert_eq(kernel_support_try_send(to, udp_port, n), (ssize_t)n, "%s", strerror(errno));
}

static inline int kernel_support_listen(uint16_t udp_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(udp_port) };
	struct timeval wait = { .tv_sec = 2 };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	cr_assert_eq(bind(sock, (struct sockaddr *)&a, sizeof(a)), 0);
	return sock;
}

/* Length of the next datagram; -1 if none came, or one with a wrong checksum. */
static inline ssize_t kernel_support_heard(int sock)
{
	char data[2048];

	return recv(sock, data, sizeof(data), 0);
}

/* Poll the port for a frame of this protocol over IPv4, tagged or not; others are freed. NULL if
 * none comes.
 */
static inline struct rte_mbuf *kernel_support_receive(struct vnf_port *port, uint8_t proto)
{
	uint64_t until = vnf_clock_now() + KERNEL_SUPPORT_WAIT_NS;

	while (vnf_clock_now() < until && vnf_port_is_up(port)) {
		struct rte_mbuf *pkt;
		const uint8_t *p;
		uint16_t at = 12;

		if (port->rx(port->queue[0], &pkt, 1) == 0)
			continue;
		p = rte_pktmbuf_mtod(pkt, const uint8_t *);
		while (p[at] == 0x81 || p[at] == 0x88)
			at += 4;
		if (p[at] == 8 && p[at + 1] == 0 && p[at + 11] == proto)
			return pkt;
		rte_pktmbuf_free(pkt);
	}
	return NULL;
}

static inline struct rte_mbuf *kernel_support_receive_udp(struct vnf_port *port)
{
	return kernel_support_receive(port, IPPROTO_UDP);
}

/* A valid UDP frame to port 9 with `n` octets of payload; in two after `cut` octets if not 0. */
static inline struct rte_mbuf *kernel_support_udp(struct rte_mempool *pool, const uint8_t *mac,
						  const char *from, const char *to, uint16_t n,
						  uint16_t cut)
{
	uint8_t frame[2048] __rte_aligned(2) = { 0 };
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool), *tail;
	uint16_t bytes = 42 + n;

	cr_assert_not_null(pkt);
	memcpy(&eth->dst_addr, mac, 6);
	eth->src_addr.addr_bytes[0] = 2;
	eth->ether_type = htons(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_UDP;
	ip->total_length = htons(28 + n);
	inet_pton(AF_INET, from, &ip->src_addr);
	inet_pton(AF_INET, to, &ip->dst_addr);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->src_port = htons(4000);
	udp->dst_port = htons(9);
	udp->dgram_len = htons(8 + n);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	if (cut == 0)
		cut = bytes;
	memcpy(rte_pktmbuf_append(pkt, cut), frame, cut);
	if (cut < bytes) {
		tail = rte_pktmbuf_alloc(pool);
		cr_assert_not_null(tail);
		memcpy(rte_pktmbuf_append(tail, bytes - cut), frame + cut, bytes - cut);
		cr_assert_eq(rte_pktmbuf_chain(pkt, tail), 0);
	}
	return pkt;
}

/* Leave its checksum to the kernel, as vnf_fit_next() does for a port that takes it. */
static inline void kernel_support_open(struct rte_mbuf *pkt)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, 14);

	pkt->l2_len = 14;
	pkt->l3_len = 20;
	pkt->l4_len = 8;
	pkt->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
	((struct rte_udp_hdr *)(ip + 1))->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
}

/* A socket that sends and receives frames with the header that tells what is left to do. */
static inline int kernel_support_packet_socket(const char *ifname)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;
	struct timeval wait = { .tv_sec = 2 };

	at.sll_ifindex = (int)if_nametoindex(ifname);
	cr_assert_eq(setsockopt(sock, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	cr_assert_eq(setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	cr_assert_eq(bind(sock, (struct sockaddr *)&at, sizeof(at)), 0);
	return sock;
}

#endif
