/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Messages of DHCP; see dhcp.h. Each option is looked for by itself, through all places that may
 * have parts of it.
 */

#include "dhcp.h"

#include <errno.h>
#include <string.h>

#define OP_REQUEST 1
#define OP_REPLY 2
#define HTYPE_ETHERNET 1

/* Places, RFC 2131 section 2. */
#define OP_AT 0
#define HTYPE_AT 1
#define HLEN_AT 2
#define XID_AT 4
#define SECS_AT 8
#define CIADDR_AT 12
#define YIADDR_AT 16
#define SNAME_AT 44
#define SNAME_BYTES 64
#define FILE_AT 108
#define FILE_BYTES 128
#define COOKIE_AT 236
#define OPTIONS_AT 240

#define OVERLOADS_FILE 1
#define OVERLOADS_SNAME 2

enum option_code {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_MTU = 26,
	OPTION_WANTED = 50,
	OPTION_LEASE = 51,
	OPTION_OVERLOAD = 52,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_PARAMETERS = 55,
	OPTION_OCTETS_MAX = 57,
	OPTION_T1 = 58,
	OPTION_T2 = 59,
	OPTION_CLIENT = 61,
	OPTION_ROUTES = 121,
	OPTION_END = 255,
};

/* RFC 2132 section 5.1: "legal values" of an MTU. */
#define MTU_MIN 68

static const uint8_t cookie[] = { 99, 130, 83, 99 };

/* An option, put together. */
struct option {
	uint32_t n;
	bool found;
	uint8_t octets[DHCP_READ_MAX];
};

/* A message whose fixed part is there. */
struct message {
	const uint8_t *octets;
	size_t n;
	uint8_t overloads;
};

static rte_be32_t word_at(const uint8_t *octets)
{
	rte_be32_t word;

	memcpy(&word, octets, sizeof(word));
	return word;
}

static uint32_t number_at(const uint8_t *octets)
{
	return rte_be_to_cpu_32(word_at(octets));
}

/* ---- addresses ---- */

static rte_be32_t mask_of(uint8_t length)
{
	return rte_cpu_to_be_32(length == 0 ? 0 : UINT32_MAX << (32 - length));
}

bool dhcp_is_host(rte_be32_t address)
{
	uint8_t first = (uint8_t)(rte_be_to_cpu_32(address) >> 24);

	return first != 0 && first != 127 && first < 224;
}

bool dhcp_is_in(rte_be32_t address, rte_be32_t prefix, uint8_t length)
{
	return ((address ^ prefix) & mask_of(length)) == 0;
}

bool dhcp_lease_equal(const struct dhcp_lease *one, const struct dhcp_lease *other)
{
	if (one->address != other->address || one->length != other->length ||
	    one->mtu != other->mtu || one->n_routes != other->n_routes)
		return false;
	for (uint32_t i = 0; i < one->n_routes; i++)
		if (one->route[i].prefix != other->route[i].prefix ||
		    one->route[i].length != other->route[i].length ||
		    one->route[i].via != other->route[i].via)
			return false;
	return true;
}

/* RFC 3021: of two addresses both are hosts'. */
static bool is_host_of(rte_be32_t address, uint8_t length)
{
	rte_be32_t host = address & ~mask_of(length);

	return dhcp_is_host(address) && (length >= 31 || (host != 0 && host != ~mask_of(length)));
}

/* ---- options ---- */

/* Without an end a field ends where it ends. */
static int field_take(const uint8_t *octets, size_t n, uint8_t code, struct option *option)
{
	size_t at = 0, length;

	while (at < n && octets[at] != OPTION_END) {
		if (octets[at] == OPTION_PAD) {
			at++;
			continue;
		}
		if (n - at < 2)
			return -EINVAL;
		length = octets[at + 1];
		if (length > n - at - 2 || length > sizeof(option->octets) - option->n)
			return -EINVAL;
		if (octets[at] == code) {
			memcpy(option->octets + option->n, octets + at + 2, length);
			option->n += (uint32_t)length;
			option->found = true;
		}
		at += 2 + length;
	}
	return 0;
}

/* All its parts, in the order of RFC 3396 section 5. 0, also if it is not there; -EINVAL. */
static int option_take(const struct message *m, uint8_t code, struct option *option)
{
	int ret;

	option->n = 0;
	option->found = false;
	ret = field_take(m->octets + OPTIONS_AT, m->n - OPTIONS_AT, code, option);
	if (ret == 0 && (m->overloads & OVERLOADS_FILE) != 0)
		ret = field_take(m->octets + FILE_AT, FILE_BYTES, code, option);
	if (ret == 0 && (m->overloads & OVERLOADS_SNAME) != 0)
		ret = field_take(m->octets + SNAME_AT, SNAME_BYTES, code, option);
	return ret;
}

/* One whose length is known. 1; 0: it is not there; -EINVAL. */
static int option_fixed(const struct message *m, uint8_t code, uint32_t n, struct option *option)
{
	int ret = option_take(m, code, option);

	if (ret < 0)
		return ret;
	if (!option->found)
		return 0;
	return option->n == n ? 1 : -EINVAL;
}

static int option_number(const struct message *m, uint8_t code, uint32_t *number)
{
	struct option option;
	int ret = option_fixed(m, code, sizeof(*number), &option);

	if (ret > 0)
		*number = number_at(option.octets);
	return ret;
}

/* ---- parts of a reply ---- */

static int message_open(struct message *m, const uint8_t *mac)
{
	struct option overload;
	int ret;

	if (m->n < OPTIONS_AT || m->n > DHCP_READ_MAX || m->octets[OP_AT] != OP_REPLY ||
	    m->octets[HTYPE_AT] != HTYPE_ETHERNET || m->octets[HLEN_AT] != DHCP_MAC_BYTES ||
	    memcmp(m->octets + DHCP_CHADDR_AT, mac, DHCP_MAC_BYTES) != 0 ||
	    memcmp(m->octets + COOKIE_AT, cookie, sizeof(cookie)) != 0)
		return -EINVAL;
	ret = option_fixed(m, OPTION_OVERLOAD, 1, &overload);
	if (ret <= 0)
		return ret;
	if (overload.octets[0] == 0 || overload.octets[0] > (OVERLOADS_FILE | OVERLOADS_SNAME))
		return -EINVAL;
	m->overloads = overload.octets[0];
	return 0;
}

static int head_parse(const struct message *m, struct dhcp_reply *reply)
{
	struct option option;

	reply->xid = number_at(m->octets + XID_AT);
	if (option_fixed(m, OPTION_TYPE, 1, &option) <= 0)
		return -EINVAL;
	reply->type = option.octets[0];
	if (reply->type != DHCP_OFFER && reply->type != DHCP_ACK && reply->type != DHCP_NAK)
		return -EINVAL;
	if (option_fixed(m, OPTION_SERVER, sizeof(reply->server), &option) <= 0)
		return -EINVAL;
	reply->server = word_at(option.octets);
	return dhcp_is_host(reply->server) ? 0 : -EINVAL;
}

/* RFC 2131 section 4.4.5; what makes no sense gives way to its defaults. */
static int times_parse(const struct message *m, struct dhcp_reply *reply)
{
	uint32_t lease, t1 = 0, t2 = 0;

	if (option_number(m, OPTION_LEASE, &lease) <= 0 || option_number(m, OPTION_T1, &t1) < 0 ||
	    option_number(m, OPTION_T2, &t2) < 0)
		return -EINVAL;
	/* To live by it would be to ask all the time. */
	if (lease < DHCP_LEASE_MIN_S)
		return -EINVAL;
	if (lease == DHCP_FOREVER) {
		t1 = t2 = DHCP_FOREVER;
	} else if (t1 < DHCP_RENEW_MIN_S || t1 >= t2 || t2 >= lease) {
		t1 = lease / 2;
		t2 = (uint32_t)((uint64_t)lease * 7 / 8);
	}
	reply->lease_s = lease;
	reply->t1_s = t1;
	reply->t2_s = t2;
	return 0;
}

/* Without a mask, that of the address' class: RFC 2131 section 3.5 leaves it to the host. */
static int subnet_parse(const struct message *m, struct dhcp_lease *lease)
{
	uint32_t mask = 0, address;
	int ret;

	lease->address = word_at(m->octets + YIADDR_AT);
	address = rte_be_to_cpu_32(lease->address);
	ret = option_number(m, OPTION_MASK, &mask);
	if (ret < 0)
		return ret;
	if (ret == 0)
		lease->length = address >> 31 == 0 ? 8 : address >> 30 == 2 ? 16 : 24;
	else
		lease->length = (uint8_t)__builtin_popcount(mask);
	if (ret > 0 && (mask == 0 || mask != rte_be_to_cpu_32(mask_of(lease->length))))
		return -EINVAL;
	return is_host_of(lease->address, lease->length) ? 0 : -EINVAL;
}

static int mtu_parse(const struct message *m, struct dhcp_lease *lease)
{
	struct option option;
	int ret = option_fixed(m, OPTION_MTU, sizeof(lease->mtu), &option);

	if (ret <= 0)
		return ret;
	lease->mtu = (uint16_t)(option.octets[0] << 8 | option.octets[1]);
	return lease->mtu >= MTU_MIN ? 0 : -EINVAL;
}

/* In the subnet, or by a route of the same lease on the link (RFC 3442). */
static bool is_gateway(const struct dhcp_lease *lease, rte_be32_t via)
{
	if (via == lease->address)
		return false;
	for (uint32_t i = 0; i < lease->n_routes; i++) {
		const struct dhcp_route *route = &lease->route[i];

		if (route->via == 0 && route->length != 0 &&
		    dhcp_is_in(via, route->prefix, route->length))
			return is_host_of(via, route->length);
	}
	return is_host_of(via, lease->length) && dhcp_is_in(via, lease->address, lease->length);
}

/* Routes that lead nowhere, or where no host is, are left out. */
static void route_put(struct dhcp_lease *lease, rte_be32_t prefix, uint8_t length, rte_be32_t via)
{
	uint8_t first = (uint8_t)(rte_be_to_cpu_32(prefix) >> 24);

	struct dhcp_route *route = &lease->route[lease->n_routes];

	if (lease->n_routes == DHCP_ROUTES_MAX || (via != 0 && !is_gateway(lease, via)) ||
	    (length >= 8 && (first == 0 || first == 127)) || first >= 224)
		return;
	route->prefix = prefix & mask_of(length);
	route->via = via;
	route->length = length;
	lease->n_routes++;
}

/* RFC 3442: length of the prefix, as many of its octets as that needs, router. */
static int routes_parse(const struct option *option, struct dhcp_lease *lease)
{
	uint32_t at = 0;

	while (at < option->n) {
		uint8_t length = option->octets[at++], prefix[4] = { 0 };
		uint32_t octets = (length + 7u) / 8;

		if (length > 32 || option->n - at < octets + sizeof(rte_be32_t))
			return -EINVAL;
		memcpy(prefix, option->octets + at, octets);
		at += octets;
		route_put(lease, word_at(prefix), length, word_at(option->octets + at));
		at += (uint32_t)sizeof(rte_be32_t);
	}
	return 0;
}

/* The first router that is on the link; none beside classless routes, RFC 3442. */
static int gateways_parse(const struct message *m, struct dhcp_lease *lease)
{
	struct option option;
	int ret = option_take(m, OPTION_ROUTES, &option);

	if (ret < 0)
		return ret;
	if (option.found)
		return routes_parse(&option, lease);
	ret = option_take(m, OPTION_ROUTER, &option);
	if (ret < 0 || option.n % sizeof(rte_be32_t) != 0)
		return -EINVAL;
	for (uint32_t at = 0; at < option.n && lease->n_routes == 0; at += 4)
		if (is_gateway(lease, word_at(option.octets + at)))
			route_put(lease, 0, 0, word_at(option.octets + at));
	return 0;
}

int dhcp_parse(const uint8_t *octets, size_t n, const uint8_t *mac, struct dhcp_reply *reply)
{
	struct message m = { octets, n, 0 };
	int ret;

	memset(reply, 0, sizeof(*reply));
	ret = message_open(&m, mac);
	if (ret == 0)
		ret = head_parse(&m, reply);
	if (ret < 0 || reply->type == DHCP_NAK)
		return ret;
	ret = times_parse(&m, reply);
	if (ret == 0)
		ret = subnet_parse(&m, &reply->lease);
	if (ret == 0)
		ret = mtu_parse(&m, &reply->lease);
	if (ret == 0)
		ret = gateways_parse(&m, &reply->lease);
	return ret;
}

/* ---- writing ---- */

static uint8_t *option_put(uint8_t *at, uint8_t code, const void *octets, uint8_t n)
{
	at[0] = code;
	at[1] = n;
	memcpy(at + 2, octets, n);
	return at + 2 + n;
}

/* RFC 3442: the router after the classless routes. */
static uint8_t *wishes_put(uint8_t *at, uint16_t octets_max)
{
	static const uint8_t parameters[] = { OPTION_MASK, OPTION_ROUTES, OPTION_ROUTER,
					      OPTION_MTU };
	rte_be16_t most = rte_cpu_to_be_16(octets_max);

	at = option_put(at, OPTION_OCTETS_MAX, &most, sizeof(most));
	return option_put(at, OPTION_PARAMETERS, parameters, sizeof(parameters));
}

void dhcp_write(const struct dhcp_request *r, uint8_t *octets)
{
	const uint8_t type = (uint8_t)r->type;
	uint8_t client[1 + DHCP_MAC_BYTES] = { HTYPE_ETHERNET };
	rte_be32_t xid = rte_cpu_to_be_32(r->xid);
	rte_be16_t secs = rte_cpu_to_be_16(r->secs);
	uint8_t *at = octets + OPTIONS_AT;

	memset(octets, 0, DHCP_WRITE_BYTES);
	octets[OP_AT] = OP_REQUEST;
	octets[HTYPE_AT] = HTYPE_ETHERNET;
	octets[HLEN_AT] = DHCP_MAC_BYTES;
	memcpy(octets + XID_AT, &xid, sizeof(xid));
	memcpy(octets + SECS_AT, &secs, sizeof(secs));
	memcpy(octets + CIADDR_AT, &r->client, sizeof(r->client));
	memcpy(octets + DHCP_CHADDR_AT, r->mac, DHCP_MAC_BYTES);
	memcpy(octets + COOKIE_AT, cookie, sizeof(cookie));
	memcpy(client + 1, r->mac, DHCP_MAC_BYTES);
	at = option_put(at, OPTION_TYPE, &type, sizeof(type));
	at = option_put(at, OPTION_CLIENT, client, sizeof(client));
	if (r->wanted != 0)
		at = option_put(at, OPTION_WANTED, &r->wanted, sizeof(r->wanted));
	if (r->server != 0)
		at = option_put(at, OPTION_SERVER, &r->server, sizeof(r->server));
	if (r->type == DHCP_DISCOVER || r->type == DHCP_REQUEST)
		at = wishes_put(at, r->octets_max);
	*at = OPTION_END;
}
