/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Frames that are yet to be cut, to and from the kernel: a packet socket with a virtio-net header
 * is the other side of the port, and sees what the kernel makes of them.
 */
#ifndef KERNEL_TCP_SUPPORT_H
#define KERNEL_TCP_SUPPORT_H

#include <linux/virtio_net.h>

#include "kernel_support.h"
#include "tcp_support.h"

struct kernel_tcp_frame {
	struct virtio_net_hdr hdr;
	uint8_t octets[UINT16_MAX];
} __rte_packed __rte_aligned(2);

static struct kernel_tcp_frame kernel_tcp;

static inline void kernel_tcp_send(int sock, struct rte_mempool *pool, uint16_t octets)
{
	struct rte_mbuf *pkt = tcp_support_frame(pool, octets, 0);
	struct virtio_net_hdr hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				      .hdr_len = TCP_HEADERS,
				      .gso_size = TCP_SEGMENT,
				      .csum_start = TCP_L4,
				      .csum_offset = offsetof(struct rte_tcp_hdr, cksum) };
	size_t bytes = sizeof(hdr) + pkt->pkt_len;

	kernel_tcp.hdr = hdr;
	cr_assert_eq(rte_pktmbuf_read(pkt, 0, pkt->pkt_len, kernel_tcp.octets), kernel_tcp.octets);
	cr_assert_eq(send(sock, &kernel_tcp, bytes, 0), (ssize_t)bytes, "%s", strerror(errno));
	rte_pktmbuf_free(pkt);
}

/* The next TCP frame that the socket sees, into kernel_tcp; its octets, -1 if none comes. */
static inline ssize_t kernel_tcp_heard(int sock)
{
	ssize_t n;

	do {
		n = recv(sock, &kernel_tcp, sizeof(kernel_tcp), 0);
	} while (n >= 0 && kernel_tcp.octets[23] != IPPROTO_TCP);
	return n < 0 ? n : n - (ssize_t)sizeof(kernel_tcp.hdr);
}

/* The port gives the kernel a frame to be cut, and the kernel takes it for one. */
static inline void kernel_tcp_check_tx(struct vnf_port *port, struct rte_mempool *pool, int sock,
				       struct vnf_port_counters *counters)
{
	struct rte_mbuf *pkt = tcp_support_fitting(pool, 5500, TCP_SENT_TSO);

	cr_assert_eq(port->tx(port->queue[0], &pkt, 1, counters), 1);
	cr_assert_eq(counters->tx_packets, 1);
	cr_assert_eq(kernel_tcp_heard(sock), (ssize_t)TCP_HEADERS + 5500);
	cr_expect_eq(kernel_tcp.hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	cr_expect_eq(kernel_tcp.hdr.gso_size, TCP_SEGMENT);
	cr_expect_eq(kernel_tcp.hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
		     VIRTIO_NET_HDR_F_NEEDS_CSUM);
	for (uint16_t i = 0; i < 5500; i++)
		cr_assert_eq(kernel_tcp.octets[TCP_HEADERS + i], 0x3b + i / TCP_STEP, "%u", i);
}

/* The kernel gives the port a frame to be cut. */
static inline void kernel_tcp_check_rx(struct vnf_port *port, struct rte_mempool *pool, int sock)
{
	static const uint16_t octets[] = { 60000, 1001, 5500 };

	for (size_t i = 0; i < RTE_DIM(octets); i++) {
		struct rte_mbuf *pkt;

		kernel_tcp_send(sock, pool, octets[i]);
		pkt = kernel_support_receive(port, IPPROTO_TCP);
		cr_assert_not_null(pkt);
		cr_expect_eq(pkt->ol_flags & TCP_OPEN_TSO, TCP_OPEN_TSO, "%lx", pkt->ol_flags);
		cr_expect_eq(pkt->tso_segsz, TCP_SEGMENT);
		cr_expect(tcp_support_payload_is(pkt, octets[i]), "%u of %u octets", pkt->pkt_len,
			  octets[i]);
		cr_expect_eq(rte_mbuf_check(pkt, 1, &(const char *){ NULL }), 0);
		rte_pktmbuf_free(pkt);
	}
}

#endif
