/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Checksums over octets of a packet, in however many segments. Context: worker.
 */
#ifndef VNF_PACKET_SUM_H
#define VNF_PACKET_SUM_H

#include <stdint.h>

#include <rte_mbuf.h>

#include <vnf/edit.h>

/* Where an SCTP header has its checksum. */
#define SCTP_SUM 8

/**
 * Internet checksum (RFC 1071), not complemented.
 *
 * @param pkt
 *   The packet.
 * @param at
 *   First octet.
 * @param end
 *   First octet after the last; within the packet.
 * @return
 *   The sum, as it is written to a packet.
 */
uint16_t packet_sum(const struct rte_mbuf *pkt, uint32_t at, uint32_t end);

/**
 * SCTP's checksum (CRC32c, RFC 9260 appendix A), with its own field taken as 0.
 *
 * @param pkt
 *   The packet.
 * @param at
 *   Where SCTP begins. Its header is within the first segment.
 * @param end
 *   First octet after it; within the packet.
 * @return
 *   The checksum, as it is written to the packet.
 */
uint32_t packet_crc32c(const struct rte_mbuf *pkt, uint32_t at, uint32_t end);

/**
 * How much of layer 4 does its checksum cover?
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers; layer 4 is there.
 * @return
 *   Octets, from its header on; 0: none that makes sense.
 */
uint32_t packet_covered(struct rte_mbuf *pkt, const struct vnf_headers *h);

/**
 * The part of the pseudo header's sum that does not depend on the length.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers; IPv4 or IPv6.
 * @return
 *   Sum of both addresses and the protocol, 17 bits.
 */
uint32_t packet_addresses_sum(struct rte_mbuf *pkt, const struct vnf_headers *h);

/**
 * Sum of the pseudo header, RFC 793 and RFC 8200 section 8.1; 0 for ICMP, which has none.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers; layer 4 is there.
 * @return
 *   The sum, as it is written to a packet.
 */
uint16_t packet_pseudo_sum(struct rte_mbuf *pkt, const struct vnf_headers *h);

#endif
