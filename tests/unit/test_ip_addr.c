/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses and prefixes of the IP node, and one line of a file of routes: pure logic.
 */
#include <criterion/criterion.h>

#include <errno.h>

#include "ip_node.h"

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	cr_assert_eq(ip_addr_parse(text, &a), 0, "%s", text);
	return a;
}

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p;

	cr_assert_eq(ip_prefix_parse(text, false, &p), 0, "%s", text);
	return p;
}

static void addr_is(const struct ip_addr *a, const char *text)
{
	char got[IP_TEXT_MAX];

	ip_addr_print(a, got, sizeof(got));
	cr_assert_str_eq(got, text);
}

Test(ip_addr, text_and_back)
{
	static const char *const same[] = { "0.0.0.0",
					    "10.0.0.1",
					    "255.255.255.255",
					    "::",
					    "::1",
					    "2001:db8::1",
					    "fe80::1:2:3:4",
					    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

	for (size_t i = 0; i < RTE_DIM(same); i++) {
		struct ip_addr a = addr(same[i]);

		addr_is(&a, same[i]);
		cr_assert_eq(ip_is_v4(&a), strchr(same[i], ':') == NULL);
	}
}

Test(ip_addr, what_is_no_address)
{
	static const char *const bad[] = {
		"",           " ",         "10.0.0",          "10.0.0.256",
		"010.0.0.1x", "10.0.0.1 ", "10.0.0.1/24",     ":::",
		"1::2::3",    "2001:db8",  "::ffff:10.0.0.1", "fe80::1%eth0",
		"g::1",       "localhost"
	};
	struct ip_addr a;

	for (size_t i = 0; i < RTE_DIM(bad); i++)
		cr_assert_eq(ip_addr_parse(bad[i], &a), -EINVAL, "%s", bad[i]);
}

Test(ip_addr, prefixes)
{
	static const char *const same[] = { "0.0.0.0/0", "10.0.0.1/24",    "10.0.0.1/32",
					    "::/0",      "2001:db8::1/64", "2001:db8::1/128" };
	static const uint8_t lengths[] = { 96, 120, 128, 0, 64, 128 };
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < RTE_DIM(same); i++) {
		struct ip_prefix p = prefix(same[i]);

		cr_assert_eq(p.length, lengths[i]);
		ip_prefix_print(&p, text, sizeof(text));
		cr_assert_str_eq(text, same[i]);
	}
}

Test(ip_addr, what_is_no_prefix)
{
	static const char *const bad[] = {
		"",
		"/",
		"/24",
		"10.0.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+1",
		"10.0.0.0/ 1",
		"10.0.0.0/1 ",
		"10.0.0.0/0x1",
		"10.0.0.0/1000",
		"10.0.0.0/24/24",
		"::/129",
		"::/999",
		"::ffff:10.0.0.0/104",
		"1111111111111111111111111111111111111111111111111111111111111111111/1",
	};
	struct ip_prefix p;

	for (size_t i = 0; i < RTE_DIM(bad); i++)
		cr_assert_eq(ip_prefix_parse(bad[i], false, &p), -EINVAL, "%s", bad[i]);
	cr_assert_eq(ip_prefix_parse("10.0.0.1", true, &p), 0);
	cr_assert_eq(p.length, 128);
	cr_assert_eq(ip_prefix_parse("::1", true, &p), 0);
	cr_assert_eq(p.length, 128);
}

/* Every length, against the same bit by bit. */
Test(ip_addr, masks_of_every_length)
{
	struct ip_addr a = addr("2001:db8:5555:aaaa:1234:5678:9abc:def1");

	for (uint32_t length = 0; length <= 128; length++) {
		struct ip_addr zeros = ip_addr_masked(&a, (uint8_t)length, false);
		struct ip_addr ones = ip_addr_masked(&a, (uint8_t)length, true);

		for (uint32_t bit = 0; bit < 128; bit++) {
			uint32_t shift = 7 - bit % 8, was = a.octet[bit / 8] >> shift & 1;

			cr_assert_eq(zeros.octet[bit / 8] >> shift & 1, bit < length ? was : 0);
			cr_assert_eq(ones.octet[bit / 8] >> shift & 1, bit < length ? was : 1);
		}
	}
}

Test(ip_addr, what_a_prefix_has)
{
	static const struct {
		const char *prefix, *addr;
		bool has;
	} all[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.1/24", "10.0.0.99", true },
		{ "0.0.0.0/0", "1.2.3.4", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "::1", true },
		{ "2001:db8::/127", "2001:db8::1", true },
		{ "2001:db8::/127", "2001:db8::2", false },
		{ "10.0.0.4/31", "10.0.0.5", true },
		{ "10.0.0.4/31", "10.0.0.6", false },
	};

	for (size_t i = 0; i < RTE_DIM(all); i++) {
		struct ip_prefix p = prefix(all[i].prefix);
		struct ip_addr a = addr(all[i].addr);

		cr_assert_eq(ip_prefix_has(&p, &a), all[i].has, "%s %s", all[i].prefix,
			     all[i].addr);
	}
}

Test(ip_addr, kinds)
{
	struct ip_addr a = addr("0.0.0.0"), b = addr("::"), c = addr("224.0.0.1");
	struct ip_addr d = addr("ff02::1"), e = addr("fe80::1"), f = addr("febf::1");
	struct ip_addr g = addr("fec0::1"), h = addr("::1"), i = addr("223.255.255.255");

	cr_assert(ip_is_zero(&a) && ip_is_zero(&b) && !ip_is_zero(&c) && !ip_is_zero(&h));
	cr_assert(ip_is_multicast(&c) && ip_is_multicast(&d) && !ip_is_multicast(&i));
	cr_assert(ip_is_link_local(&e) && ip_is_link_local(&f) && !ip_is_link_local(&g));
	cr_assert(!ip_is_link_local(&a) && !ip_is_multicast(&e));
}

/* RFC 4291 appendix A and section 2.7.1, RFC 2464 section 7, RFC 1112 section 6.4. */
Test(ip_addr, what_is_made_of_others)
{
	static const struct rte_ether_addr mac = { { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde } };
	static const struct rte_ether_addr group6 = { { 0x33, 0x33, 0xff, 0x28, 0x9c, 0x5a } };
	static const struct rte_ether_addr group4 = { { 0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa } };
	struct ip_addr a = ip_addr_link_local(&mac), host = addr("fe80::2aa:ff:fe28:9c5a");
	struct ip_addr v4 = addr("239.255.255.250");
	struct rte_ether_addr got;

	addr_is(&a, "fe80::3656:78ff:fe9a:bcde");
	a = ip_addr_solicited(&host);
	addr_is(&a, "ff02::1:ff28:9c5a");
	got = ip_group_mac(&a);
	cr_assert(rte_is_same_ether_addr(&got, &group6));
	got = ip_group_mac(&v4);
	cr_assert(rte_is_same_ether_addr(&got, &group4));
}

/* ---- lines ---- */

static int parse(const char *text, struct ip_route_line *line, char *why)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", text);
	return ip_route_line_parse(copy, line, why, WHY_MAX);
}

static const struct {
	const char *text, *prefix, *via, *interface;
	enum ip_route_type type;
} good[] = {
	{ "10.0.0.0/8 via 10.1.1.1", "10.0.0.0/8", "10.1.1.1", "", IP_ROUTE_UNICAST },
	{ "10.0.0.0/8 dev wan", "10.0.0.0/8", NULL, "wan", IP_ROUTE_UNICAST },
	{ "10.0.0.0/8 dev wan via 10.1.1.1", "10.0.0.0/8", "10.1.1.1", "wan", IP_ROUTE_UNICAST },
	{ "default via 10.1.1.1", "0.0.0.0/0", "10.1.1.1", "", IP_ROUTE_UNICAST },
	{ "default via fe80::1 dev wan", "::/0", "fe80::1", "wan", IP_ROUTE_UNICAST },
	{ "default dev wan", "0.0.0.0/0", NULL, "wan", IP_ROUTE_UNICAST },
	{ "10.0.0.1 dev wan", "10.0.0.1/32", NULL, "wan", IP_ROUTE_UNICAST },
	{ "2001:db8::1 dev wan", "2001:db8::1/128", NULL, "wan", IP_ROUTE_UNICAST },
	{ "blackhole 10.0.0.0/8", "10.0.0.0/8", NULL, "", IP_ROUTE_BLACKHOLE },
	{ "unreachable ::/0", "::/0", NULL, "", IP_ROUTE_UNREACHABLE },
	{ "prohibit default", "0.0.0.0/0", NULL, "", IP_ROUTE_PROHIBIT },
	{ "\t 10.0.0.0/8\tdev  wan\r\n", "10.0.0.0/8", NULL, "wan", IP_ROUTE_UNICAST },
	{ "10.0.0.0/8 dev wan#x", "10.0.0.0/8", NULL, "wan", IP_ROUTE_UNICAST },
};

Test(ip_addr, good_lines)
{
	struct ip_route_line line;
	char why[WHY_MAX], text[IP_TEXT_MAX];

	for (size_t i = 0; i < RTE_DIM(good); i++) {
		cr_assert_eq(parse(good[i].text, &line, why), 0, "%s: %s", good[i].text, why);
		ip_prefix_print(&line.prefix, text, sizeof(text));
		cr_assert_str_eq(text, good[i].prefix);
		cr_assert_str_eq(line.interface, good[i].interface);
		cr_assert_eq(line.type, good[i].type);
		cr_assert_eq(line.has_via, good[i].via != NULL);
		if (line.has_via)
			addr_is(&line.via, good[i].via);
	}
}

Test(ip_addr, empty_and_bad_lines)
{
	static const char *const empty[] = { "", " \t\r\n", "#", "  # 10.0.0.0/8 via x" };
	static const char *const bad[] = {
		"10.0.0.0/8",
		"via 10.1.1.1",
		"10.0.0.0/8 via",
		"10.0.0.0/8 dev",
		"10.0.0.0/8 via 10.1.1.1 dev a dev b",
		"10.0.0.0/8 via 10.1.1.1 extra",
		"10.0.0.0/8 dev a-name-that-is-much-too-long-for-any-interface-of-this-program-or-"
		"of-any-other",
		"blackhole",
		"blackhole blackhole 10.0.0.0/8",
		"blackhole 10.0.0.0/8 via 10.1.1.1",
		"Blackhole 10.0.0.0/8",
		"default via",
		"10.0.0.0/8 via 0.0.0.0 dev a",
	};
	struct ip_route_line line;
	char why[WHY_MAX];

	for (size_t i = 0; i < RTE_DIM(empty); i++)
		cr_assert_eq(parse(empty[i], &line, why), 1, "%s", empty[i]);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		why[0] = '\0';
		cr_assert_eq(parse(bad[i], &line, why), -EINVAL, "%s", bad[i]);
		cr_assert_gt(strlen(why), 10, "%s", bad[i]);
	}
}
