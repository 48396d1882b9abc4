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

/** Is the frame one that still has to be cut into segments? */
static inline bool vnet_hdr_is_gso(const struct virtio_net_hdr *hdr)
{
	return (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_NONE;
}

/**
 * Do what the header of a received frame leaves to do.
 *
 * @return
 *   0; -EOPNOTSUPP for a frame to be segmented; -EBADMSG if the header points outside of it.
 */
int vnet_hdr_complete(const struct virtio_net_hdr *hdr, struct rte_mbuf *pkt);

/**
 * Write the header of a frame to be sent, from the packet's offload flags. The IPv4 checksum and
 * the pseudo header's sum are written into the packet.
 *
 * @return
 *   0; -EOPNOTSUPP for offloads other than IPv4, TCP and UDP checksums; -EBADMSG if the packet's
 *   header lengths contradict its length.
 */
int vnet_hdr_make(struct virtio_net_hdr *hdr, struct rte_mbuf *pkt);

#endif
