/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The header that the kernel puts before a frame on a tap or packet socket (struct virtio_net_hdr,
 * virtio 1.2 section 5.1.6): what checksum and segmentation work is left to do. A checksum that the
 * sending kernel left to its device must be completed before the frame goes anywhere else: ping
 * works without, TCP does not.
 *
 * Pure functions on a header and a packet. Context: worker.
 */
#ifndef VNF_VNET_HDR_H
#define VNF_VNET_HDR_H

#include <stdbool.h>

#include <linux/virtio_net.h>
#include <rte_mbuf.h>

#include <vnf/port.h>

/** Is the frame one that still has to be cut into segments? */
static inline bool vnet_hdr_is_gso(const struct virtio_net_hdr *hdr)
{
	return (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_NONE;
}

/**
 * Take over what the header of a received frame leaves to do: into the packet's flags
 * (RTE_MBUF_F_RX_L4_CKSUM_NONE, RTE_MBUF_F_RX_LRO and tso_segsz), or, if `offloads` are less or
 * flags cannot say it, a checksum is completed here.
 *
 * @param offloads
 *   enum vnf_offloads: what was agreed.
 * @return
 *   0; -EOPNOTSUPP for a frame to be cut, if that was not agreed or is not TCP; -EBADMSG if the
 *   header is not true of the frame.
 */
int vnet_hdr_read(const struct virtio_net_hdr *hdr, struct rte_mbuf *pkt, uint32_t offloads);

/**
 * Write the header of a frame to be sent, from the flags that vnf_fit_next() gave the packet.
 *
 * @return
 *   0; -EOPNOTSUPP for a packet that leaves open what is no TCP or UDP checksum.
 */
int vnet_hdr_write(struct virtio_net_hdr *hdr, const struct rte_mbuf *pkt);

#endif
