/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "ip_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>

#define EUI64_LOCAL 0x02

struct ip_addr ip_addr_masked(const struct ip_addr *a, uint8_t length, bool ones)
{
	struct ip_addr masked = *a;

	for (uint32_t i = 0; i < sizeof(masked.octet); i++) {
		uint32_t kept = length > i * 8 ? length - i * 8u : 0;
		uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00u >> kept);

		masked.octet[i] = (uint8_t)((masked.octet[i] & mask) | (ones ? (uint8_t)~mask : 0));
	}
	return masked;
}

bool ip_prefix_has(const struct ip_prefix *prefix, const struct ip_addr *a)
{
	uint32_t n = prefix->length;

	for (uint32_t i = 0; i < RTE_DIM(a->half); i++, n -= RTE_MIN(n, 64u)) {
		uint64_t differ = rte_be_to_cpu_64(prefix->addr.half[i] ^ a->half[i]);

		if (n < 64)
			return n == 0 || differ >> (64 - n) == 0;
		if (differ != 0)
			return false;
	}
	return true;
}

int ip_addr_parse(const char *text, struct ip_addr *a)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*a = ip_addr_v4(v4.s_addr);
		return 0;
	}
	/* A mapped one is IPv4, which is to be written so. */
	return inet_pton(AF_INET6, text, a->octet) == 1 && !ip_is_v4(a) ? 0 : -EINVAL;
}

/* Digits only, and no more than three of them. */
static int length_parse(const char *text, uint32_t most, uint32_t *length)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0')
		return -EINVAL;
	*length = (uint32_t)strtoul(text, NULL, 10);
	return *length <= most ? 0 : -EINVAL;
}

int ip_prefix_parse(const char *text, bool bare, struct ip_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char addr[IP_TEXT_MAX];
	uint32_t first, length;

	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (ip_addr_parse(addr, &prefix->addr) < 0)
		return -EINVAL;
	first = ip_is_v4(&prefix->addr) ? IP_V4_BITS : 0;
	length = IP_ADDR_BITS - first;
	if (slash == NULL && !bare)
		return -EINVAL;
	if (slash != NULL && length_parse(slash + 1, IP_ADDR_BITS - first, &length) < 0)
		return -EINVAL;
	prefix->length = (uint8_t)(first + length);
	return 0;
}

void ip_addr_print(const struct ip_addr *a, char *text, size_t size)
{
	if (ip_is_v4(a))
		inet_ntop(AF_INET, &a->word[3], text, (socklen_t)size);
	else
		inet_ntop(AF_INET6, a->octet, text, (socklen_t)size);
}

void ip_prefix_print(const struct ip_prefix *prefix, char *text, size_t size)
{
	size_t n;

	ip_addr_print(&prefix->addr, text, size);
	n = strlen(text);
	snprintf(text + n, size - n, "/%u",
		 prefix->length - (ip_is_v4(&prefix->addr) ? IP_V4_BITS : 0));
}

struct ip_addr ip_addr_link_local(const struct rte_ether_addr *mac)
{
	const uint8_t *m = mac->addr_bytes;

	return (struct ip_addr){ .octet = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
					    (uint8_t)(m[0] ^ EUI64_LOCAL), m[1], m[2], 0xff, 0xfe,
					    m[3], m[4], m[5] } };
}

struct ip_addr ip_addr_solicited(const struct ip_addr *a)
{
	return (struct ip_addr){ .octet = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff,
					    a->octet[13], a->octet[14], a->octet[15] } };
}

struct rte_ether_addr ip_group_mac(const struct ip_addr *a)
{
	const uint8_t *o = a->octet;

	if (ip_is_v4(a))
		return (struct rte_ether_addr){ { 0x01, 0x00, 0x5e, o[13] & 0x7f, o[14], o[15] } };
	return (struct rte_ether_addr){ { 0x33, 0x33, o[12], o[13], o[14], o[15] } };
}
