/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses of both families in one form: IPv4 ones are mapped into IPv6's space (::ffff:a.b.c.d,
 * RFC 4291 section 2.5.5.2), prefixes of them are 96 bits longer. Any thread.
 */
#ifndef VNF_IP_ADDR_H
#define VNF_IP_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#define IP_V4_BITS 96  /* before an IPv4 address */
#define IP_TEXT_MAX 64 /* octets of an address or a prefix as text, with its end */
#define IP_ADDR_BITS 128

struct ip_addr {
	union {
		uint8_t octet[16];
		rte_be32_t word[4];
		uint64_t half[2];
	};
};

struct ip_prefix {
	struct ip_addr addr;
	uint8_t length; /* 0 to 128; of IPv4 96 to 128 */
};

static inline bool ip_is_v4(const struct ip_addr *a)
{
	return a->half[0] == 0 && a->word[2] == RTE_BE32(0xffff);
}

static inline struct ip_addr ip_addr_v4(rte_be32_t v4)
{
	return (struct ip_addr){ .word = { 0, 0, RTE_BE32(0xffff), v4 } };
}

static inline struct ip_addr ip_addr_v6(const uint8_t *octets)
{
	struct ip_addr a;

	memcpy(a.octet, octets, sizeof(a.octet));
	return a;
}

static inline bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

/* Of either family: 0.0.0.0 and ::. */
static inline bool ip_is_zero(const struct ip_addr *a)
{
	return a->half[0] == 0 && a->word[3] == 0 && (a->word[2] == 0 || ip_is_v4(a));
}

/* fe80::/10 */
static inline bool ip_is_link_local(const struct ip_addr *a)
{
	return a->octet[0] == 0xfe && (a->octet[1] & 0xc0) == 0x80;
}

/* Of either family. */
static inline bool ip_is_multicast(const struct ip_addr *a)
{
	return ip_is_v4(a) ? (a->octet[12] & 0xf0) == 0xe0 : a->octet[0] == 0xff;
}

/* May a route lead there: neither groups nor what is of one link. */
static inline bool ip_is_routable(const struct ip_addr *a)
{
	return !ip_is_multicast(a) && (ip_is_v4(a) || !ip_is_link_local(a));
}

/* Could a host have it? */
static inline bool ip_is_host(const struct ip_addr *a)
{
	static const struct ip_addr loopback = { .octet = { [15] = 1 } };

	if (ip_is_v4(a))
		return a->octet[12] != 0 && a->octet[12] != 127 && a->octet[12] < 224;
	return !ip_is_multicast(a) && !ip_is_zero(a) && !ip_addr_equal(a, &loopback);
}

/* Is the address within the prefix? */
bool ip_prefix_has(const struct ip_prefix *prefix, const struct ip_addr *a);
/* The address with all bits behind the prefix' length at 0, or (IPv4's broadcast) at 1. */
struct ip_addr ip_addr_masked(const struct ip_addr *a, uint8_t length, bool ones);
/* "10.0.0.1" or "2001:db8::1". 0 or -EINVAL. */
int ip_addr_parse(const char *text, struct ip_addr *a);
/* "10.0.0.1/24": host bits stay. 0 or -EINVAL; without a length only where `bare` allows it. */
int ip_prefix_parse(const char *text, bool bare, struct ip_prefix *prefix);
void ip_addr_print(const struct ip_addr *a, char *text, size_t size);
void ip_prefix_print(const struct ip_prefix *prefix, char *text, size_t size);
/* fe80::/64 and the modified EUI-64 of the MAC address, RFC 4291 appendix A. */
struct ip_addr ip_addr_link_local(const struct rte_ether_addr *mac);
/* ff02::1:ff00:0/104 and the address' last 24 bits, RFC 4291 section 2.7.1. */
struct ip_addr ip_addr_solicited(const struct ip_addr *a);
/* Ethernet's group address for a multicast address of either family: RFC 1112, RFC 2464. */
struct rte_ether_addr ip_group_mac(const struct ip_addr *a);

#endif
