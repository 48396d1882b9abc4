/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * DHCP's messages: what is read of a server's, octet for octet, and what is refused.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp.h"

#define OPTIONS_AT 240
#define V4(a, b, c, d) RTE_BE32((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define O(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const uint8_t mac[] = { 2, 0, 0, 0, 2, 1 };
static uint8_t msg[DHCP_READ_MAX];
static size_t n;
static struct dhcp_reply reply;

static void put(const uint8_t *octets, size_t bytes)
{
	memcpy(msg + n, octets, bytes);
	n += bytes;
}

static void begin(uint8_t type)
{
	memset(msg, 0, sizeof(msg));
	msg[0] = 2;
	msg[1] = 1;
	msg[2] = 6;
	memcpy(msg + 4, O(0x12, 0x34, 0x56, 0x78));
	memcpy(msg + 16, O(10, 0, 2, 50));
	memcpy(msg + DHCP_CHADDR_AT, mac, sizeof(mac));
	memcpy(msg + 236, O(99, 130, 83, 99));
	n = OPTIONS_AT;
	put(O(53, 1, type));
}

/* An ACK with all that it must have; what follows goes behind it. */
static void begin_ack(void)
{
	begin(DHCP_ACK);
	put(O(54, 4, 10, 0, 2, 9));
	put(O(51, 4, 0, 0, 0x0e, 0x10));
	put(O(1, 4, 255, 255, 255, 0));
}

static int parse(void)
{
	return dhcp_parse(msg, n, mac, &reply);
}

static void refuse_with(const uint8_t *octets, size_t bytes)
{
	begin_ack();
	put(octets, bytes);
	cr_assert_eq(parse(), -EINVAL);
}

Test(dhcp, ack)
{
	begin_ack();
	put(O(0, 0, 3, 8, 10, 0, 3, 1, 10, 0, 2, 1, 26, 2, 5, 0x78, 255, 1, 1));
	cr_assert_eq(parse(), 0);
	cr_assert_eq(reply.type, DHCP_ACK);
	cr_assert_eq(reply.xid, 0x12345678);
	cr_assert_eq(reply.server, V4(10, 0, 2, 9));
	cr_assert_eq(reply.lease_s, 3600);
	cr_assert_eq(reply.t1_s, 1800);
	cr_assert_eq(reply.t2_s, 3150);
	cr_assert_eq(reply.lease.address, V4(10, 0, 2, 50));
	cr_assert_eq(reply.lease.length, 24);
	cr_assert_eq(reply.lease.mtu, 1400);
	/* The first router is not on the link. */
	cr_assert_eq(reply.lease.n_routes, 1);
	cr_assert_eq(reply.lease.route[0].via, V4(10, 0, 2, 1));
	cr_assert_eq(reply.lease.route[0].length, 0);
}

Test(dhcp, every_cut_is_safe)
{
	begin_ack();
	put(O(121, 8, 24, 10, 9, 9, 10, 0, 2, 1, 255));
	for (size_t whole = n, i = 0; i < whole; i++) {
		uint8_t *exact = malloc(i + 1);

		memcpy(exact, msg, i);
		(void)dhcp_parse(exact, i, mac, &reply);
		free(exact);
	}
	n = OPTIONS_AT - 1;
	cr_assert_eq(parse(), -EINVAL);
	n = DHCP_READ_MAX + 1;
	cr_assert_eq(parse(), -EINVAL);
}

Test(dhcp, fixed_part)
{
	static const size_t at[] = { 0, 1, 2, DHCP_CHADDR_AT, 236, 239 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		begin_ack();
		msg[at[i]] ^= 1;
		cr_assert_eq(parse(), -EINVAL, "octet %zu", at[i]);
	}
}

Test(dhcp, what_must_be_there)
{
	begin(DHCP_ACK);
	put(O(54, 4, 10, 0, 2, 9));
	cr_assert_eq(parse(), -EINVAL, "no lease");
	begin(DHCP_ACK);
	put(O(51, 4, 0, 0, 0x0e, 0x10));
	cr_assert_eq(parse(), -EINVAL, "no server");
	begin(DHCP_NAK);
	cr_assert_eq(parse(), -EINVAL, "no server");
	put(O(54, 4, 10, 0, 2, 9));
	cr_assert_eq(parse(), 0);
	for (uint8_t type = 0; type < 20; type++) {
		begin_ack();
		msg[OPTIONS_AT + 2] = type;
		cr_assert_eq(parse(), type == DHCP_OFFER || type == DHCP_ACK || type == DHCP_NAK
					      ? 0
					      : -EINVAL);
	}
}

Test(dhcp, broken_options)
{
	refuse_with(O(3));
	refuse_with(O(3, 4, 10, 0, 2));
	refuse_with(O(3, 3, 10, 0, 2));
	refuse_with(O(26, 1, 5));
	refuse_with(O(26, 2, 0, 67));
	refuse_with(O(58, 3, 0, 0, 1));
	refuse_with(O(59, 5, 0, 0, 1, 0, 0));
	refuse_with(O(54, 4, 10, 0, 2, 9)); /* twice: it has 8 octets, RFC 3396 */
	refuse_with(O(52, 1, 0));
	refuse_with(O(52, 1, 4));
	refuse_with(O(52, 2, 1, 1));
	refuse_with(O(121, 8, 33, 10, 9, 9, 10, 0, 2, 1));
	refuse_with(O(121, 7, 24, 10, 9, 9, 10, 0, 2));
	refuse_with(O(121, 1, 0));
}

static int subnet(const uint8_t *address, const uint8_t *mask)
{
	begin(DHCP_ACK);
	put(O(54, 4, 10, 0, 2, 9));
	put(O(51, 4, 0, 0, 0x0e, 0x10));
	memcpy(msg + 16, address, 4);
	if (mask != NULL) {
		put(O(1, 4));
		put(mask, 4);
	}
	return parse();
}

#define A(...) ((const uint8_t[]){ __VA_ARGS__ })

Test(dhcp, addresses_and_masks)
{
	cr_assert_eq(subnet(A(0, 0, 0, 0), A(255, 255, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(127, 0, 0, 1), A(255, 255, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(224, 0, 0, 1), A(255, 255, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(255, 255, 255, 255), A(255, 255, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(10, 0, 2, 0), A(255, 255, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(10, 0, 2, 255), A(255, 255, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(10, 0, 2, 1), A(255, 0, 255, 0)), -EINVAL);
	cr_assert_eq(subnet(A(10, 0, 2, 1), A(0, 0, 0, 0)), -EINVAL);
	cr_assert_eq(subnet(A(10, 0, 2, 0), A(255, 255, 255, 254)), 0);
	cr_assert_eq(subnet(A(10, 0, 2, 0), A(255, 255, 255, 255)), 0);
	cr_assert_eq(reply.lease.length, 32);
	cr_assert_eq(subnet(A(10, 0, 2, 1), NULL), 0);
	cr_assert_eq(reply.lease.length, 8);
	cr_assert_eq(subnet(A(172, 16, 2, 1), NULL), 0);
	cr_assert_eq(reply.lease.length, 16);
	cr_assert_eq(subnet(A(192, 168, 2, 1), NULL), 0);
	cr_assert_eq(reply.lease.length, 24);
}

static void times(const uint8_t *lease, const uint8_t *more, size_t bytes)
{
	begin(DHCP_ACK);
	put(O(54, 4, 10, 0, 2, 9, 1, 4, 255, 255, 255, 0, 51, 4));
	put(lease, 4);
	put(more, bytes);
	cr_assert_eq(parse(), 0);
}

/* It would have to be asked for again and again, and kept for longer it may not be. */
Test(dhcp, a_lease_that_is_too_short)
{
	begin(DHCP_ACK);
	put(O(54, 4, 10, 0, 2, 9, 1, 4, 255, 255, 255, 0, 51, 4));
	put(O(0, 0, 0, DHCP_LEASE_MIN_S - 1, 255));
	cr_assert_eq(parse(), -EINVAL);
}

/* As some clouds have it: an address alone, and a route on the link to the gateway, RFC 3442. */
Test(dhcp, a_gateway_beyond_the_subnet)
{
	begin(DHCP_ACK);
	put(O(54, 4, 10, 0, 2, 9, 1, 4, 255, 255, 255, 255, 51, 4, 0, 0, 1, 0));
	put(O(121, 14, 32, 10, 0, 9, 1, 0, 0, 0, 0, 0, 10, 0, 9, 1, 255));
	cr_assert_eq(parse(), 0);
	cr_assert_eq(reply.lease.n_routes, 2);
	cr_assert_eq(reply.lease.route[0].prefix, V4(10, 0, 9, 1));
	cr_assert_eq(reply.lease.route[0].via, 0);
	cr_assert_eq(reply.lease.route[1].length, 0);
	cr_assert_eq(reply.lease.route[1].via, V4(10, 0, 9, 1));
}

Test(dhcp, times)
{
	times(A(0, 0, 0, DHCP_LEASE_MIN_S), O(255));
	cr_assert_eq(reply.lease_s, DHCP_LEASE_MIN_S);
	cr_assert_eq(reply.t1_s, DHCP_LEASE_MIN_S / 2);
	times(A(255, 255, 255, 255), O(58, 4, 0, 0, 0, 60, 59, 4, 0, 0, 0, 90));
	cr_assert_eq(reply.lease_s, DHCP_FOREVER);
	cr_assert_eq(reply.t1_s, DHCP_FOREVER);
	times(A(255, 255, 255, 254), O(255));
	cr_assert_eq(reply.t2_s, 3758096382u);
	times(A(0, 0, 0, 100), O(58, 4, 0, 0, 0, 20, 59, 4, 0, 0, 0, 90));
	cr_assert_eq(reply.t1_s, 20);
	cr_assert_eq(reply.t2_s, 90);
	/* What makes no sense, or would have us ask again and again. */
	times(A(0, 0, 0, 100), O(58, 4, 0, 0, 0, 90, 59, 4, 0, 0, 0, 90));
	cr_assert_eq(reply.t1_s, 50);
	times(A(0, 0, 0, 100), O(58, 4, 0, 0, 0, 20, 59, 4, 0, 0, 0, 100));
	cr_assert_eq(reply.t2_s, 87);
	times(A(0, 0, 0, 100), O(58, 4, 0, 0, 0, 1, 59, 4, 0, 0, 0, 2));
	cr_assert_eq(reply.t1_s, 50);
}

Test(dhcp, classless_routes)
{
	begin_ack();
	put(O(3, 4, 10, 0, 2, 1));
	/* In two parts, RFC 3396. */
	put(O(121, 3, 0, 10, 0));
	put(O(121, 33, 2, 2, 20, 10, 9, 0x95, 10, 0, 2, 3, 32, 10, 8, 0, 1, 0, 0, 0, 0, 24, 10, 7,
	      7, 10, 0, 3, 1, 4, 224, 10, 0, 2, 1));
	cr_assert_eq(parse(), 0);
	/* That by 10.0.3.1 has no way; groups are no route's; router 10.0.2.1 does not count. */
	cr_assert_eq(reply.lease.n_routes, 3);
	cr_assert_eq(reply.lease.route[0].length, 0);
	cr_assert_eq(reply.lease.route[0].via, V4(10, 0, 2, 2));
	cr_assert_eq(reply.lease.route[1].prefix, V4(10, 9, 0x90, 0));
	cr_assert_eq(reply.lease.route[1].length, 20);
	cr_assert_eq(reply.lease.route[1].via, V4(10, 0, 2, 3));
	cr_assert_eq(reply.lease.route[2].prefix, V4(10, 8, 0, 1));
	cr_assert_eq(reply.lease.route[2].via, 0);
}

Test(dhcp, many_routes)
{
	begin_ack();
	for (uint8_t i = 0; i < 60; i++)
		put(O(121, 8, 24, 10, 9, i, 10, 0, 2, 1));
	cr_assert_eq(parse(), 0);
	cr_assert_eq(reply.lease.n_routes, DHCP_ROUTES_MAX);
}

Test(dhcp, overloaded_fields)
{
	begin_ack();
	put(O(52, 1, 3));
	memcpy(msg + 108, O(3, 4, 10, 0, 2, 1, 255));
	memcpy(msg + 44, O(26, 2, 5, 0x78, 52, 1, 9, 255));
	cr_assert_eq(parse(), 0);
	cr_assert_eq(reply.lease.n_routes, 1);
	cr_assert_eq(reply.lease.mtu, 1400);
	/* A field without an end, and one whose last option is cut. */
	memset(msg + 44, 0, 64);
	cr_assert_eq(parse(), 0);
	memcpy(msg + 44 + 62, O(26, 2));
	cr_assert_eq(parse(), -EINVAL);
	memset(msg + 44, 0, 64);
	msg[44 + 63] = 26;
	cr_assert_eq(parse(), -EINVAL);
}

Test(dhcp, written)
{
	static const uint8_t options[] = {
		99,   130, 83,
		99,                      /* the cookie */
		53,   1,   DHCP_REQUEST, /* type */
		61,   7,   1,
		2,    0,   0,
		0,    2,   1, /* client */
		50,   4,   10,
		0,    2,   50, /* address */
		54,   4,   10,
		0,    2,   9, /* server */
		57,   2,   5,
		0xdc, /* 1500 */
		55,   4,   1,
		121,  3,   26,
		255, /* parameters */
	};
	const struct dhcp_request r = {
		.type = DHCP_REQUEST,
		.xid = 0x12345678,
		.secs = 258,
		.octets_max = 1500,
		.mac = mac,
		.wanted = V4(10, 0, 2, 50),
		.server = V4(10, 0, 2, 9),
	};
	uint8_t octets[DHCP_WRITE_BYTES], head[236] = { 1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78, 1, 2 };

	memcpy(head + DHCP_CHADDR_AT, mac, sizeof(mac));
	dhcp_write(&r, octets);
	cr_assert_eq(memcmp(octets, head, sizeof(head)), 0);
	cr_assert_eq(memcmp(octets + sizeof(head), options, sizeof(options)), 0);
}
