/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the ends of a packet were before a VNF translated it (vnf_ip_was()): kept in the mbuf, so
 * that it is at hand wherever the packet gets stuck, on whichever worker.
 */

#include "ip_node.h"

#include <errno.h>

#include <rte_mbuf_dyn.h>

struct vnf_ip_was_place vnf_ip_was_place;

int ip_was_create(void)
{
	static const struct rte_mbuf_dynfield field = {
		.name = "vnfkit_ip_was",
		.size = sizeof(struct vnf_ip_was),
		.align = __alignof__(struct vnf_ip_was),
	};
	static const struct rte_mbuf_dynflag flags[] = {
		[VNF_IP_SRC] = { .name = "vnfkit_ip_was_src" },
		[VNF_IP_DST] = { .name = "vnfkit_ip_was_dst" },
	};

	vnf_ip_was_place.offset = rte_mbuf_dynfield_register(&field);
	if (vnf_ip_was_place.offset < 0)
		return -ENOSPC;
	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		int bit = rte_mbuf_dynflag_register(&flags[i]);

		if (bit < 0)
			return -ENOSPC;
		vnf_ip_was_place.flag[i] = RTE_BIT64(bit);
	}
	return 0;
}

/* Fragments but the first have no ports. */
static void port_restore(struct rte_mbuf *pkt, const struct vnf_headers *h, enum vnf_ip_end end,
			 rte_be16_t port)
{
	if (vnf_is_icmp(h))
		vnf_set_icmp_id(pkt, h, port);
	else if (end == VNF_IP_SRC)
		vnf_set_src_port(pkt, h, port);
	else
		vnf_set_dst_port(pkt, h, port);
}

void ip_was_restore(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	const struct vnf_ip_was *was =
		RTE_MBUF_DYNFIELD(pkt, vnf_ip_was_place.offset, const struct vnf_ip_was *);

	if (!vnf_is_ipv4(h))
		return;
	if ((pkt->ol_flags & vnf_ip_was_place.flag[VNF_IP_SRC]) != 0) {
		vnf_set_ipv4_src(pkt, h, was->addr[VNF_IP_SRC]);
		port_restore(pkt, h, VNF_IP_SRC, was->port[VNF_IP_SRC]);
	}
	if ((pkt->ol_flags & vnf_ip_was_place.flag[VNF_IP_DST]) != 0) {
		vnf_set_ipv4_dst(pkt, h, was->addr[VNF_IP_DST]);
		port_restore(pkt, h, VNF_IP_DST, was->port[VNF_IP_DST]);
	}
	pkt->ol_flags &= ~(vnf_ip_was_place.flag[VNF_IP_SRC] | vnf_ip_was_place.flag[VNF_IP_DST]);
}
