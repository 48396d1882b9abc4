/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The symmetric flow hash. Two words a and b that change places with the direction go into it as
 * (a ^ b, a + b): that is the same both ways and still tells the pairs apart.
 */
#include "flow_hash.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_hash_crc.h>
#include <rte_ip.h>

#define TAGS_MAX 2

static uint32_t mix_pair(uint64_t a, uint64_t b, uint32_t hash)
{
	return rte_hash_crc_8byte(a + b, rte_hash_crc_8byte(a ^ b, hash));
}

static uint32_t mix_ports(const uint8_t *l4, uint32_t length, uint8_t protocol, uint32_t hash)
{
	uint16_t ports[2];

	hash = rte_hash_crc_1byte(protocol, hash);
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_SCTP)
		return hash;
	if (length < sizeof(ports))
		return hash;
	memcpy(ports, l4, sizeof(ports));
	return mix_pair(ports[0], ports[1], hash);
}

static uint32_t hash_ipv4(const uint8_t *l3, uint32_t length, uint32_t hash)
{
	struct rte_ipv4_hdr ip;
	uint32_t header;

	if (length < sizeof(ip))
		return hash;
	memcpy(&ip, l3, sizeof(ip));
	hash = mix_pair(ip.src_addr, ip.dst_addr, hash);
	header = (ip.version_ihl & RTE_IPV4_HDR_IHL_MASK) * 4u;
	if ((ip.fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0 ||
	    header < sizeof(ip) || header > length)
		return hash;
	return mix_ports(l3 + header, length - header, ip.next_proto_id, hash);
}

/* Behind extension headers (fragments among them) the addresses must do. */
static uint32_t hash_ipv6(const uint8_t *l3, uint32_t length, uint32_t hash)
{
	struct rte_ipv6_hdr ip;
	uint64_t src[2], dst[2];

	if (length < sizeof(ip))
		return hash;
	memcpy(&ip, l3, sizeof(ip));
	memcpy(src, ip.src_addr, sizeof(src));
	memcpy(dst, ip.dst_addr, sizeof(dst));
	hash = mix_pair(src[0], dst[0], hash);
	hash = mix_pair(src[1], dst[1], hash);
	return mix_ports(l3 + sizeof(ip), length - sizeof(ip), ip.proto, hash);
}

static uint32_t hash_ethernet(const uint8_t *frame, uint16_t type)
{
	uint64_t dst = 0, src = 0;

	memcpy(&dst, frame, RTE_ETHER_ADDR_LEN);
	memcpy(&src, frame + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	return mix_pair(src, dst, type);
}

static uint16_t load_be16(const uint8_t *octets)
{
	return (uint16_t)(octets[0] << 8 | octets[1]);
}

uint32_t hsw_flow_hash(const uint8_t *frame, uint32_t length)
{
	uint32_t at = RTE_ETHER_HDR_LEN;
	uint16_t type = load_be16(frame + at - 2);

	for (int tags = 0; tags < TAGS_MAX; tags++) {
		if ((type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ) || at + 4 > length)
			break;
		type = load_be16(frame + at + 2);
		at += 4;
	}
	if (type == RTE_ETHER_TYPE_IPV4)
		return hash_ipv4(frame + at, length - at, type);
	if (type == RTE_ETHER_TYPE_IPV6)
		return hash_ipv6(frame + at, length - at, type);
	return hash_ethernet(frame, type);
}
