/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Options that concern who routes or receives a packet: IPv4's record route and timestamp (RFC 791
 * section 3.1, RFC 1812 section 5.3.13), and those of IPv6 that nobody knows here (RFC 8200 section
 * 4.2). That options end where they should was found out by vnf_parse(). Any worker.
 */

#include "ip_node.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_RECORD_ROUTE 7
#define OPTION_TIMESTAMP 68
#define ROUTE_FIRST 4 /* least pointers: they count from 1 */
#define TIME_FIRST 5
#define TIME_ONLY 0 /* flags of timestamps: what each entry has */
#define TIME_AND_ADDRESS 1
#define TIME_OF_ADDRESS 3
#define OVERFLOW_MAX 15
#define DAY_MS UINT64_C(86400000)
#define V6_OPTION_PAD1 0
#define V6_OPTION_PADN 1
#define V6_OPTION_ALERT 5

/* ---- IPv4 ---- */

static void put32(uint8_t *at, rte_be32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* Octets behind the option's begin that are wrong, 0: none. */
static uint32_t record_route(uint8_t *option, rte_be32_t own)
{
	uint32_t length = option[1], pointer = option[2];

	if (length < 3 || pointer < ROUTE_FIRST)
		return 2;
	if (pointer > length)
		return 0; /* it is full */
	if (pointer + 3 > length)
		return 2;
	put32(&option[pointer - 1], own);
	option[2] = (uint8_t)(pointer + 4);
	return 0;
}

/* Milliseconds of the day, universal time. */
static rte_be32_t time_of_day(void)
{
	return rte_cpu_to_be_32((uint32_t)(vnf_clock_wall() / IP_NS_PER_MS % DAY_MS));
}

static uint32_t timestamp_full(uint8_t *option)
{
	if (option[3] >> 4 == OVERFLOW_MAX)
		return 3;
	option[3] = (uint8_t)(option[3] + 0x10);
	return 0;
}

static uint32_t timestamp(uint8_t *option, rte_be32_t own)
{
	uint32_t length = option[1], pointer = option[2], flags;
	uint8_t *entry;

	if (length < 4 || pointer < TIME_FIRST)
		return 2;
	flags = option[3] & 0xfu;
	if (pointer > length)
		return timestamp_full(option);
	if (pointer - 1 + (flags == TIME_ONLY ? 4 : 8) > length)
		return 2;
	entry = &option[pointer - 1];
	if (flags == TIME_ONLY) {
		put32(entry, time_of_day());
		option[2] = (uint8_t)(pointer + 4);
		return 0;
	}
	if (flags == TIME_OF_ADDRESS && memcmp(entry, &own, sizeof(own)) != 0)
		return 0;
	if (flags != TIME_OF_ADDRESS && flags != TIME_AND_ADDRESS)
		return 3;
	put32(entry, own);
	put32(entry + 4, time_of_day());
	option[2] = (uint8_t)(pointer + 8);
	return 0;
}

uint32_t ip_options_fill(struct rte_mbuf *pkt, const struct vnf_headers *h, rte_be32_t own)
{
	struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	uint32_t end = (ip->version_ihl & 0xfu) * 4, length, bad = 0;
	uint8_t *octets = (uint8_t *)ip;

	for (uint32_t at = sizeof(*ip); at < end && octets[at] != OPTION_END; at += length) {
		length = octets[at] == OPTION_NOP ? 1 : octets[at + 1];
		if (octets[at] == OPTION_RECORD_ROUTE)
			bad = record_route(&octets[at], own);
		else if (octets[at] == OPTION_TIMESTAMP)
			bad = timestamp(&octets[at], own);
		if (bad != 0)
			return at + bad;
	}
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return 0;
}

/* ---- IPv6 ---- */

static bool is_known(uint8_t type)
{
	return type == V6_OPTION_PAD1 || type == V6_OPTION_PADN || type == V6_OPTION_ALERT;
}

/* The first option of the header that must not be passed over; 0: none. */
static uint32_t v6_option_find(const uint8_t *ext, uint32_t octets)
{
	for (uint32_t at = 2; at < octets; at += ext[at] == V6_OPTION_PAD1 ? 1 : 2u + ext[at + 1])
		if (!is_known(ext[at]) && ext[at] >> 6 != 0)
			return at;
	return 0;
}

bool ip_options_refused(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t *type,
			uint32_t *pointer)
{
	uint32_t at = h->l3 + (uint32_t)sizeof(struct rte_ipv6_hdr), octets;
	uint8_t next = vnf_ipv6(pkt, h)->proto;

	while (at < h->payload && (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS ||
				   next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT)) {
		const uint8_t *ext = rte_pktmbuf_mtod_offset(pkt, const uint8_t *, at);
		uint32_t found = 0;

		octets = next == IPPROTO_FRAGMENT ? 8 : (ext[1] + 1u) * 8;
		if (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS)
			found = v6_option_find(ext, octets);
		if (found != 0) {
			*type = ext[found];
			*pointer = at - h->l3 + found;
			return true;
		}
		next = ext[0];
		at += octets;
	}
	return false;
}
