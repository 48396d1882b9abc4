/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Words of the configuration: see policy_words.h. Pure, any thread.
 */
#include "policy_words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PORT_LAST 65535
#define LENGTH_LAST 32
#define INTERFACE "interface "

#define RANGES                                                                                     \
	"addresses, prefixes and ranges, as \"192.0.2.1\", \"192.0.2.0/24\" and "                  \
	"\"192.0.2.10-192.0.2.20\""
#define PREFIXES "addresses and prefixes, as \"192.0.2.1\" and \"192.0.2.0/24\""

static const struct {
	const char *name;
	uint8_t value;
} protos[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
};

/* Nobody has these: "this network", loopback, groups, and what is reserved (RFC 6890). */
static const struct {
	struct nat_range range;
	const char *text;
} unusable[] = {
	{ { 0x00000000, 0x00ffffff }, "0.0.0.0/8" },
	{ { 0x7f000000, 0x7fffffff }, "127.0.0.0/8" },
	{ { 0xe0000000, 0xefffffff }, "224.0.0.0/4" },
	{ { 0xf0000000, 0xffffffff }, "240.0.0.0/4" },
};

/* Digits up to `end`, and nothing else. */
static bool number_parse(const char *text, const char *end, uint32_t last, uint32_t *number)
{
	*number = 0;
	if (text == end)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*number = *number * 10 + (uint32_t)(*text - '0');
		if (*number > last)
			return false;
	}
	return true;
}

/* ---- addresses ---- */

static bool addr_parse(const char *text, const char *end, uint32_t *addr)
{
	char copy[INET_ADDRSTRLEN];
	size_t n = (size_t)(end - text);
	struct in_addr is;

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (inet_pton(AF_INET, copy, &is) != 1)
		return false;
	*addr = ntohl(is.s_addr);
	return true;
}

static int refuse(const char *word, const char *what, char *why, size_t why_size)
{
	if (strchr(word, ':') != NULL)
		snprintf(why, why_size, "is \"%.64s\", but only IPv4 is translated; allowed are %s",
			 word, what);
	else
		snprintf(why, why_size, "is \"%.64s\", allowed are %s", word, what);
	return -EINVAL;
}

static int prefix_parse(const char *word, const char *what, struct nat_range *range, char *why,
			size_t why_size)
{
	const char *end = word + strlen(word), *slash = strchr(word, '/');
	uint32_t addr, length = LENGTH_LAST, hosts;

	if (!addr_parse(word, slash != NULL ? slash : end, &addr) ||
	    (slash != NULL && !number_parse(slash + 1, end, LENGTH_LAST, &length)))
		return refuse(word, what, why, why_size);
	hosts = length > 0 ? (uint32_t)((UINT64_C(1) << (LENGTH_LAST - length)) - 1) : UINT32_MAX;
	*range = (struct nat_range){ addr & ~hosts, addr | hosts };
	if ((addr & hosts) == 0)
		return 0;
	addr &= ~hosts;
	snprintf(why, why_size,
		 "is \"%.64s\", which has bits beyond its length; \"%u.%u.%u.%u/%u\" is that "
		 "prefix",
		 word, addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff, length);
	return -EINVAL;
}

int nat_range_parse(const char *word, struct nat_range *range, char *why, size_t why_size)
{
	const char *end = word + strlen(word), *dash = strchr(word, '-');

	if (dash == NULL)
		return prefix_parse(word, RANGES, range, why, why_size);
	if (!addr_parse(word, dash, &range->first) || !addr_parse(dash + 1, end, &range->last))
		return refuse(word, RANGES, why, why_size);
	if (range->first <= range->last)
		return 0;
	snprintf(why, why_size, "is \"%.64s\", which ends before it begins; write the lower first",
		 word);
	return -EINVAL;
}

static int usable_check(const char *word, const struct nat_range *range, char *why, size_t why_size)
{
	for (size_t i = 0; i < RTE_DIM(unusable); i++) {
		if (range->last < unusable[i].range.first || range->first > unusable[i].range.last)
			continue;
		snprintf(why, why_size,
			 "is \"%.64s\", but no host can have addresses of %s; leave them out", word,
			 unusable[i].text);
		return -EINVAL;
	}
	return 0;
}

int nat_hosts_parse(const char *word, struct nat_range *range, char *why, size_t why_size)
{
	int ret = nat_range_parse(word, range, why, why_size);

	return ret == 0 ? usable_check(word, range, why, why_size) : ret;
}

int nat_prefix_parse(const char *word, struct nat_range *range, char *why, size_t why_size)
{
	int ret = prefix_parse(word, PREFIXES, range, why, why_size);

	return ret == 0 ? usable_check(word, range, why, why_size) : ret;
}

int nat_host_parse(const char *word, uint32_t *addr, char *why, size_t why_size)
{
	struct nat_range range;

	if (!addr_parse(word, word + strlen(word), addr))
		return refuse(word, "addresses, as \"192.0.2.1\"", why, why_size);
	range = (struct nat_range){ *addr, *addr };
	return usable_check(word, &range, why, why_size);
}

const char *nat_interface_word(const char *word)
{
	size_t n = strlen(INTERFACE);

	return strncmp(word, INTERFACE, n) == 0 && word[n] != '\0' ? word + n : NULL;
}

/* ---- ports, protocols ---- */

int nat_ports_parse(const char *word, uint32_t least, struct vnf_acl_span *span, char *why,
		    size_t why_size)
{
	const char *end = word + strlen(word), *dash = strchr(word, '-');

	if (number_parse(word, dash != NULL ? dash : end, PORT_LAST, &span->first)) {
		span->last = span->first;
		if ((dash == NULL || number_parse(dash + 1, end, PORT_LAST, &span->last)) &&
		    span->first >= least && span->first <= span->last)
			return 0;
	}
	snprintf(why, why_size,
		 "is \"%.64s\", allowed are ports as \"80\", and ranges from low to high as "
		 "\"8000-8080\", within %u to %u",
		 word, least, PORT_LAST);
	return -EINVAL;
}

int nat_proto_parse(const char *word, uint8_t *proto, char *why, size_t why_size)
{
	uint32_t number;

	for (size_t i = 0; i < RTE_DIM(protos); i++) {
		if (strcmp(protos[i].name, word) != 0)
			continue;
		*proto = protos[i].value;
		return 0;
	}
	if (number_parse(word, word + strlen(word), UINT8_MAX, &number)) {
		*proto = (uint8_t)number;
		return 0;
	}
	snprintf(why, why_size,
		 "is \"%.64s\", allowed are \"tcp\", \"udp\", \"icmp\", and numbers up to 255",
		 word);
	return -EINVAL;
}

const char *nat_proto_name(uint8_t proto)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++)
		if (protos[i].value == proto)
			return protos[i].name;
	return NULL;
}
