/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a good configuration of the NAT becomes: settings, pools and external addresses, static
 * pairs, forwards, rules, and what workers find in them. What is refused is in test_nat_policy.c.
 */
#include "nat_policy_support.h"

#include <vnf/session.h>

#include "eal_support.h"

static struct nat_policy *policy;

static void discard(void)
{
	nat_policy_discard(nat_vnf(), policy);
	policy = NULL;
	cr_assert_eq(nat_spaces_got, 0, "%u", nat_spaces_got);
}

static void finish(void)
{
	discard();
	vnf_config_destroy(nat_file);
}

TestSuite(nat_build, .fini = finish);

static const void *config(void)
{
	return vnf_config_data(nat_file, 0);
}

static int build_checked(void)
{
	void *built = NULL;
	int ret = nat_policy_build(nat_vnf(), nat_file, config(), &built);

	policy = built;
	return ret;
}

static int build_try(const char *text)
{
	discard();
	cr_assert(nat_check(text), "%s", nat_errors());
	return build_checked();
}

static void build(const char *text)
{
	uint32_t before = nat_policies;

	cr_assert_eq(build_try(text), 0, "%s", nat_errors());
	cr_assert_eq(policy->number, before + 1);
	cr_assert_eq(nat_policies, before + 1);
}

/* What the build logs is in nat_text. */
static void build_logged(const char *text)
{
	int ret;

	discard();
	cr_assert(nat_check(text), "%s", nat_errors());
	nat_log_begin();
	ret = build_checked();
	nat_log_end();
	cr_assert_eq(ret, 0);
}

static const struct nat_external *external(const char *addr)
{
	return nat_external_find(policy, inet_addr(addr));
}

/* ---- settings ---- */

Test(nat_build, defaults)
{
	build(NAT_BASE);
	cr_expect_eq(policy->filtering, NAT_FILTER_ADDRESS);
	cr_expect_eq(policy->exhausted, NAT_TELL_PROHIBITED);
	cr_expect(policy->inbound_refresh);
	cr_expect_eq(policy->mss, 0);
	cr_expect_eq(policy->quarantine_ns, 120 * VNF_SECOND_NS);
	cr_expect_eq(policy->syn_hold_ns, 6 * VNF_SECOND_NS);
	cr_expect_eq(policy->limit_ports, 0);
	cr_expect_eq(policy->limit_sessions, 0);
	cr_expect_eq(policy->limit_rate, 0);
	cr_expect(policy->log_mappings && policy->log_limits);
	cr_expect(!policy->log_sessions && !policy->log_destinations);
	cr_expect_eq(policy->n_rules, 0);
	cr_expect_null(policy->acl);
	cr_expect_eq(nat_config_sessions(config()), 250000);
	cr_expect_eq(nat_config_mappings(config()), 250000);
	cr_expect_eq(nat_config_hosts(config()), 16000);
	cr_assert_eq(policy->n_pools, 1);
	cr_expect_eq(policy->pool[0].first_port, 1);
	cr_expect_eq(policy->pool[0].last_port, 65535);
	cr_expect_eq(policy->pool[0].pairing, NAT_PAIR_STRICT);
	cr_expect(policy->pool[0].preserve && policy->pool[0].parity);
	/* The table is made before there is a policy. */
	for (uint32_t i = 0; i < NAT_CLASSES; i++) {
		cr_expect_eq(policy->period_ns[i], nat_classes[i].period_ns, "%u", i);
		cr_expect_eq(nat_classes[i].evict_rank,
			     i == NAT_CLASS_TCP_ASKED || i == NAT_CLASS_UDP_ASKED);
	}
}

Test(nat_build, everything_written)
{
	build(NAT_BARE
	      "pools = ( { name = \"p\"; addresses = [ \"192.0.2.1\" ]; ports = \"1024-2047\"; "
	      "pairing = \"soft\"; preserve = false; parity = false; }, { name = \"q\"; "
	      "addresses = [ \"192.0.2.2\" ]; ports = \"7\"; pairing = \"none\"; "
	      "parity = false; } ); "
	      "profile = \"cgn\"; filtering = \"address-and-port-dependent\"; "
	      "exhausted = \"drop\"; inbound_refresh = false; quarantine = \"0s\"; "
	      "syn_hold = \"7s\"; mss = 1400; limits = { ports = 11; sessions = 12; "
	      "session_rate = 13; }; sessions = 1000; mappings = 500; hosts = 20; "
	      "log = { mappings = false; sessions = true; destinations = true; limits = false; }; "
	      "timeouts = { tcp_opening = \"301s\"; tcp_established = \"9000s\"; "
	      "tcp_closing = \"302s\"; tcp_reset = \"303s\"; udp = \"304s\"; udp_known = \"5s\"; "
	      "icmp = \"306s\"; };");
	cr_expect_eq(policy->filtering, NAT_FILTER_ADDRESS_PORT);
	cr_expect_eq(policy->exhausted, NAT_TELL_NOBODY);
	cr_expect(!policy->inbound_refresh);
	cr_expect_eq(policy->mss, 1400);
	cr_expect_eq(policy->quarantine_ns, 0);
	cr_expect_eq(policy->syn_hold_ns, 7 * VNF_SECOND_NS);
	cr_expect_eq(policy->limit_ports, 11);
	cr_expect_eq(policy->limit_sessions, 12);
	cr_expect_eq(policy->limit_rate, 13);
	cr_expect(!policy->log_mappings && !policy->log_limits);
	cr_expect(policy->log_sessions && policy->log_destinations);
	cr_expect_eq(nat_config_sessions(config()), 1000);
	cr_expect_eq(nat_config_mappings(config()), 500);
	cr_expect_eq(nat_config_hosts(config()), 20);
	cr_assert_eq(policy->n_pools, 2);
	cr_expect_str_eq(policy->pool[0].name, "p");
	cr_expect_eq(policy->pool[0].first_port, 1024);
	cr_expect_eq(policy->pool[0].last_port, 2047);
	cr_expect_eq(policy->pool[0].pairing, NAT_PAIR_SOFT);
	cr_expect(!policy->pool[0].preserve && !policy->pool[0].parity);
	cr_expect_eq(policy->pool[1].first_port, 7);
	cr_expect_eq(policy->pool[1].last_port, 7);
	cr_expect_eq(policy->pool[1].pairing, NAT_PAIR_NONE);
	cr_expect(policy->pool[1].preserve && !policy->pool[1].parity);
	cr_expect_eq(policy->period_ns[NAT_CLASS_TCP_OPENING], 301 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_TCP_ESTABLISHED], 9000 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_TCP_CLOSING], 302 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_TCP_RESET], 303 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_UDP], 304 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_UDP_KNOWN], 5 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_ICMP], 306 * VNF_SECOND_NS);
	cr_expect_eq(policy->period_ns[NAT_CLASS_OVER], 1);
}

Test(nat_build, profile)
{
	static const struct {
		const char *keys;
		uint8_t filtering, exhausted;
	} of[] = {
		{ "profile = \"cgn\";", NAT_FILTER_ENDPOINT, NAT_TELL_HOST },
		{ "profile = \"cgn\"; filtering = \"address-dependent\"; "
		  "exhausted = \"prohibited\";",
		  NAT_FILTER_ADDRESS, NAT_TELL_PROHIBITED },
		{ "filtering = \"endpoint-independent\"; exhausted = \"host-unreachable\";",
		  NAT_FILTER_ENDPOINT, NAT_TELL_HOST },
	};
	char text[2048];

	for (size_t i = 0; i < RTE_DIM(of); i++) {
		snprintf(text, sizeof(text), "%s%s", NAT_BASE, of[i].keys);
		build(text);
		cr_expect_eq(policy->filtering, of[i].filtering, "%zu", i);
		cr_expect_eq(policy->exhausted, of[i].exhausted, "%zu", i);
	}
}

Test(nat_build, sides)
{
	build(NAT_BASE);
	cr_expect_eq(policy->side_of[0], NAT_INSIDE);
	cr_expect_eq(policy->side_of[1], NAT_OUTSIDE);
	cr_expect_eq(policy->side_of[2], NAT_OUTSIDE);
	cr_expect_eq(policy->side_of[3], NAT_NEITHER);
}

/* ---- pools ---- */

#define TWO_POOLS                                                                                  \
	NAT_BARE "pools = ( { name = \"p\"; addresses = [ \"192.0.2.8/30\", \"192.0.2.1\" ]; }, "  \
		 "{ name = \"q\"; addresses = [ \"interface wan\", \"interface dsl\", "            \
		 "\"192.0.2.2-192.0.2.3\" ]; } );"

static void expect_pool(uint16_t number, const char *const *addr, uint32_t n)
{
	const struct nat_pool *pool = &policy->pool[number];

	cr_assert_eq(pool->n_externals, n, "%u: %u", number, pool->n_externals);
	for (uint32_t i = 0; i < n; i++) {
		const struct nat_external *is = &policy->external[pool->external[i]];

		cr_expect_eq(is->addr, inet_addr(addr[i]), "%s", addr[i]);
		cr_expect_eq(is->pool, number, "%s", addr[i]);
		cr_assert_not_null(is->space, "%s", addr[i]);
		cr_expect_eq(is->space->addr, is->addr, "%s", addr[i]);
		cr_expect_eq(is->space->users, 1, "%s", addr[i]);
		cr_expect_eq(external(addr[i]), is, "%s", addr[i]);
	}
}

Test(nat_build, pools_in_their_order)
{
	static const char *const p[] = { "192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11",
					 "192.0.2.1" };
	static const char *const q[] = { "198.51.100.2", "198.51.100.3", "192.0.2.2", "192.0.2.3" };
	static const char *const no[] = { "192.0.2.0", "192.0.2.7", "192.0.2.12", "192.0.2.4",
					  "10.0.0.1",  "0.0.0.0",   "2.2.0.192" };

	build(TWO_POOLS);
	expect_pool(0, p, RTE_DIM(p));
	expect_pool(1, q, RTE_DIM(q));
	cr_expect_eq(policy->n_externals, 9);
	cr_expect_eq(nat_spaces_got, 9);
	for (size_t i = 0; i < RTE_DIM(no); i++)
		cr_expect_null(external(no[i]), "%s", no[i]);
	cr_expect(external("198.51.100.2")->own && external("198.51.100.3")->own);
	cr_expect(!external("192.0.2.2")->own);
}

/* Those of wan's subnet are no host's. */
Test(nat_build, ends_of_a_subnet_are_in_no_pool)
{
	static const char *const low[] = { "198.51.100.1" };
	static const char *const high[] = { "198.51.100.254", "198.51.101.0" };

	build(NAT_BARE "pools = ( { name = \"p\"; addresses = [ \"198.51.100.0/31\" ]; }, "
		       "{ name = \"q\"; addresses = [ \"198.51.100.254-198.51.101.0\" ]; } );");
	expect_pool(0, low, RTE_DIM(low));
	expect_pool(1, high, RTE_DIM(high));
}

Test(nat_build, a_pool_whose_address_comes_later)
{
	static const char *const before[] = { "198.51.100.2", "198.51.100.3", "192.0.2.2",
					      "192.0.2.3" };
	static const char *const after[] = { "198.51.100.2", "198.51.100.3", "203.0.113.7",
					     "192.0.2.2", "192.0.2.3" };

	build(TWO_POOLS);
	expect_pool(1, before, RTE_DIM(before));
	nat_lease = "203.0.113.7";
	build(TWO_POOLS);
	expect_pool(1, after, RTE_DIM(after));
	cr_expect(external("203.0.113.7")->own);
	nat_lease = NULL;
	build(NAT_BARE "pools = ( { name = \"p\"; addresses = [ \"interface dsl\" ]; } );");
	cr_expect_eq(policy->pool[0].n_externals, 0);
	cr_expect_null(external("203.0.113.7"));
}

/* Whatever the provider gives, an address is one thing. */
Test(nat_build, an_address_that_is_something_else)
{
	nat_lease = "192.0.2.9";
	build_logged(TWO_POOLS);
	cr_expect_eq(policy->n_externals, 9);
	cr_expect_eq(external("192.0.2.9")->pool, 0);
	cr_expect(external("192.0.2.9")->own);
	cr_expect_str_eq(nat_text, "t: warning: t.conf:3: \"interface dsl\" has address 192.0.2.9, "
				   "which is in a pool already, and stays that\n");
	/* One of those that are still to come. */
	nat_lease = "192.0.2.3";
	build_logged(TWO_POOLS);
	cr_expect_eq(policy->n_externals, 9);
	cr_expect_eq(external("192.0.2.3")->addr, policy->external[8].addr);
	cr_expect_str_eq(nat_text, "t: warning: t.conf:3: \"interface dsl\" has address 192.0.2.3, "
				   "which is in a pool already, and stays that\n");
	nat_lease = "192.0.2.2";
	build(TWO_POOLS);
	cr_expect_eq(policy->n_externals, 9);
	nat_lease = "203.0.113.7";
	build_logged(TWO_POOLS
		     "static = ( { inside = \"10.0.0.4/30\"; outside = \"203.0.113.4/30\"; } );");
	cr_expect_null(external("203.0.113.7"));
	cr_expect_str_eq(nat_text, "t: warning: t.conf:3: \"interface dsl\" has address "
				   "203.0.113.7, which is that of a static pair already, and stays "
				   "that\n");
}

/* All are found, and none is far from where its hash says. */
static void expect_found(uint32_t first, uint32_t n)
{
	uint32_t furthest = 0;

	cr_assert_eq(policy->n_externals, n);
	cr_assert_eq(policy->external_mask, 2 * n - 1);
	for (uint32_t i = 0; i < n; i++) {
		rte_be32_t addr = rte_cpu_to_be_32(first + i);
		uint32_t at = nat_external_hash(addr), far = 0;

		cr_assert_eq(nat_external_find(policy, addr), &policy->external[i], "%u", i);
		while (policy->external_at[(at + far) & policy->external_mask] != i + 1)
			far++;
		furthest = RTE_MAX(furthest, far);
	}
	cr_expect_leq(furthest, 4, "%u", furthest);
}

Test(nat_build, large_pools)
{
	build(NAT_BARE "pools = ( { name = \"p\"; addresses = [ \"198.18.0.0/24\" ]; } );");
	expect_found(0xc6120000, 256);
	/* As many as there may be. */
	build(NAT_BARE "pools = ( { name = \"p\"; addresses = [ \"198.18.0.0/20\" ]; } );");
	expect_found(0xc6120000, NAT_SPACES_MAX);
}

/* A build that fails gives back what it has taken, and has no number. */
Test(nat_build, no_room_for_ports)
{
	for (uint32_t n = 0; n < 9; n++) {
		nat_spaces_refused_from = n;
		cr_expect_eq(build_try(TWO_POOLS), -ENOMEM);
		cr_expect_null(policy);
		cr_expect_eq(nat_spaces_got, 0, "%u", nat_spaces_got);
		cr_expect_eq(vnf_config_error_count(nat_file), 1);
	}
	cr_expect_eq(nat_policies, 0);
	cr_expect_str_eq(nat_errors(),
			 "t.conf:3: pools[1].addresses[2]: is \"192.0.2.2-192.0.2.3\", for whose "
			 "ports there is no memory, or no room: pools have 4096 addresses at most, "
			 "with those of before that are still in use\n");
}

/* ---- static pairs ---- */

Test(nat_build, static_pairs)
{
	static const char *const pairs[][2] = {
		{ "10.0.0.5", "198.18.0.77" },    { "10.0.1.0", "198.18.1.0" },
		{ "10.0.1.255", "198.18.1.255" }, { "10.0.2.0", "198.18.0.0" },
		{ "10.0.2.3", "198.18.0.3" },
	};
	static const char *const no_inside[] = { "10.0.0.4", "10.0.0.6",    "10.0.0.255",
						 "10.0.2.4", "198.18.0.77", "0.0.0.0" };
	static const char *const no_outside[] = {
		"198.18.0.4",   "198.18.0.76", "198.18.0.78",
		"198.18.0.255", "198.18.2.0",  "255.255.255.255"
	};

	build(NAT_BASE "static = ( { inside = \"10.0.1.0/24\"; outside = \"198.18.1.0/24\"; }, "
		       "{ inside = \"10.0.0.5\"; outside = \"198.18.0.77\"; },\n"
		       "{ inside = \"10.0.2.0/30\"; outside = \"198.18.0.0/30\"; } );");
	for (size_t i = 0; i < RTE_DIM(pairs); i++) {
		cr_expect_eq(nat_static_out(policy, inet_addr(pairs[i][0])), inet_addr(pairs[i][1]),
			     "%s", pairs[i][0]);
		cr_expect_eq(nat_static_in(policy, inet_addr(pairs[i][1])), inet_addr(pairs[i][0]),
			     "%s", pairs[i][1]);
	}
	for (size_t i = 0; i < RTE_DIM(no_inside); i++)
		cr_expect_eq(nat_static_out(policy, inet_addr(no_inside[i])), 0, "%s",
			     no_inside[i]);
	for (size_t i = 0; i < RTE_DIM(no_outside); i++)
		cr_expect_eq(nat_static_in(policy, inet_addr(no_outside[i])), 0, "%s",
			     no_outside[i]);
	cr_expect_eq(policy->n_statics, 3);
	cr_expect_str_eq(policy->by_inside[2].place, "t.conf:5");
	cr_expect_str_eq(policy->by_outside[0].place, "t.conf:5");
	/* They have no ports of their own. */
	cr_expect_null(external("198.18.1.0"));
}

/* ---- forwards ---- */

#define FORWARDS                                                                                   \
	"forwards = ( { name = \"web\"; proto = [ \"tcp\", \"udp\" ]; outside = \"192.0.2.1\"; "   \
	"port = \"8080-8089\"; inside = \"10.0.0.5\"; inside_port = 80; },\n"                      \
	"{ proto = [ \"tcp\" ]; outside = \"192.0.2.1\"; port = \"8090\"; "                        \
	"inside = \"10.0.0.4\"; },\n"                                                              \
	"{ name = \"dsl\"; proto = [ \"tcp\" ]; outside = \"interface dsl\"; "                     \
	"port = \"65535\"; inside = \"10.0.0.6\"; },\n"                                            \
	"{ name = \"wan\"; proto = [ \"udp\" ]; outside = \"interface wan\"; port = \"1-9\"; "     \
	"inside = \"10.0.0.5\"; inside_port = 65527; },\n"                                         \
	"{ name = \"else\"; proto = [ \"tcp\" ]; outside = \"198.18.0.1\"; port = \"8080\"; "      \
	"inside = \"10.0.0.7\"; } );"

static const struct {
	uint8_t proto;
	const char *outside;
	uint16_t port;
	const char *inside;
	uint16_t inside_port;
	const char *name;
	const char *place;
} forwarded[] = {
	{ IPPROTO_TCP, "192.0.2.1", 8080, "10.0.0.5", 80, "web", "t.conf:4" },
	{ IPPROTO_TCP, "192.0.2.1", 8089, "10.0.0.5", 89, "web", "t.conf:4" },
	{ IPPROTO_UDP, "192.0.2.1", 8081, "10.0.0.5", 81, "web", "t.conf:4" },
	{ IPPROTO_TCP, "192.0.2.1", 8090, "10.0.0.4", 8090, "", "t.conf:5" },
	{ IPPROTO_TCP, "203.0.113.7", 65535, "10.0.0.6", 65535, "dsl", "t.conf:6" },
	{ IPPROTO_UDP, "198.51.100.2", 1, "10.0.0.5", 65527, "wan", "t.conf:7" },
	{ IPPROTO_UDP, "198.51.100.2", 9, "10.0.0.5", 65535, "wan", "t.conf:7" },
	{ IPPROTO_TCP, "198.18.0.1", 8080, "10.0.0.7", 8080, "else", "t.conf:8" },
};

/* Neighbours of those: other ports, protocols, addresses. */
static const struct {
	uint8_t proto;
	const char *addr;
	uint16_t port;
} nowhere[] = {
	{ IPPROTO_TCP, "192.0.2.1", 8079 },    { IPPROTO_TCP, "192.0.2.1", 8091 },
	{ IPPROTO_UDP, "192.0.2.1", 8090 },    { IPPROTO_ICMP, "192.0.2.1", 8080 },
	{ IPPROTO_TCP, "192.0.2.2", 8080 },    { IPPROTO_TCP, "192.0.2.0", 8080 },
	{ IPPROTO_TCP, "198.51.100.2", 1 },    { IPPROTO_UDP, "198.51.100.2", 10 },
	{ IPPROTO_UDP, "198.51.100.3", 1 },    { IPPROTO_UDP, "198.51.100.2", 0 },
	{ IPPROTO_TCP, "10.0.0.5", 79 },       { IPPROTO_TCP, "10.0.0.5", 90 },
	{ IPPROTO_UDP, "10.0.0.5", 65526 },    { IPPROTO_TCP, "10.0.0.5", 65527 },
	{ IPPROTO_UDP, "10.0.0.4", 8090 },     { IPPROTO_UDP, "10.0.0.6", 0 },
	{ IPPROTO_TCP, "255.255.255.255", 1 }, { IPPROTO_TCP, "0.0.0.0", 0 },
};

static void expect_forwarded(size_t i)
{
	rte_be32_t outside = inet_addr(forwarded[i].outside);
	rte_be32_t inside = inet_addr(forwarded[i].inside);
	rte_be16_t port = htons(forwarded[i].port), inside_port = htons(forwarded[i].inside_port);
	const struct nat_forward *in = nat_forward_in(policy, forwarded[i].proto, outside, port);
	const struct nat_forward *out =
		nat_forward_out(policy, forwarded[i].proto, inside, inside_port);

	cr_assert(in != NULL && out != NULL, "%zu", i);
	cr_expect_eq(in->inside, ntohl(inside), "%zu", i);
	cr_expect_eq(out->outside, ntohl(outside), "%zu", i);
	cr_expect_eq(nat_forward_port_in(in, port), inside_port, "%zu", i);
	cr_expect_eq(nat_forward_port_out(out, inside_port), port, "%zu", i);
	cr_expect_str_eq(in->name, forwarded[i].name, "%zu", i);
	cr_expect_str_eq(out->place, forwarded[i].place, "%zu", i);
}

Test(nat_build, forwards)
{
	nat_lease = "203.0.113.7";
	build(NAT_BASE FORWARDS);
	cr_expect_eq(policy->n_forwards, 6);
	for (size_t i = 0; i < RTE_DIM(forwarded); i++)
		expect_forwarded(i);
	for (size_t i = 0; i < RTE_DIM(nowhere); i++) {
		rte_be32_t addr = inet_addr(nowhere[i].addr);
		rte_be16_t port = htons(nowhere[i].port);

		cr_expect_null(nat_forward_in(policy, nowhere[i].proto, addr, port), "%zu", i);
		cr_expect_null(nat_forward_out(policy, nowhere[i].proto, addr, port), "%zu", i);
	}
}

/* There is something to look through all the same. */
Test(nat_build, without_pools)
{
	build(NAT_BARE "static = ( { inside = \"10.0.0.5\"; outside = \"192.0.2.5\"; } );");
	cr_expect_eq(policy->n_pools, 0);
	cr_expect_null(external("192.0.2.5"));
	cr_expect_null(nat_forward_in(policy, IPPROTO_TCP, inet_addr("192.0.2.5"), htons(80)));
}

/* Their addresses are external ones, of a pool or not. */
Test(nat_build, addresses_of_forwards)
{
	nat_lease = "203.0.113.7";
	build(NAT_BASE FORWARDS);
	cr_expect_eq(policy->n_externals, 16 + 3);
	cr_expect_eq(nat_spaces_got, 16 + 3);
	cr_expect_eq(external("192.0.2.1")->pool, 0);
	for (uint32_t i = 16; i < policy->n_externals; i++) {
		cr_expect_eq(policy->external[i].pool, NAT_POOL_NONE);
		cr_expect_not_null(policy->external[i].space);
	}
	cr_expect(external("203.0.113.7")->own);
	cr_expect(external("198.51.100.2")->own);
	cr_expect_null(external("198.51.100.3"));
	cr_assert_not_null(external("198.18.0.1"));
	cr_expect(!external("198.18.0.1")->own);
	nat_lease = NULL;
	build(NAT_BASE FORWARDS);
	cr_expect_eq(policy->n_forwards, 5);
	cr_expect_eq(policy->n_externals, 16 + 2);
}

/* Forwards to addresses stay, those to the interface that has got one of these do not. */
Test(nat_build, an_address_of_another_forward)
{
	static const char *const text = NAT_BASE
		"forwards = ( { name = \"a\"; proto = [ \"tcp\" ]; outside = \"interface dsl\"; "
		"port = \"80-81\"; inside = \"10.0.0.5\"; },\n"
		"{ name = \"b\"; proto = [ \"tcp\" ]; outside = \"203.0.113.7\"; port = \"81\"; "
		"inside = \"10.0.0.6\"; },\n"
		"{ name = \"c\"; proto = [ \"udp\" ]; outside = \"interface dsl\"; port = \"81\"; "
		"inside = \"10.0.0.7\"; } );\n"
		"static = ( { inside = \"10.0.0.8\"; outside = \"203.0.113.8\"; } );\n";
	rte_be32_t addr = inet_addr("203.0.113.7");

	nat_lease = "203.0.113.7";
	build_logged(text);
	cr_expect_eq(policy->n_forwards, 2);
	cr_expect_null(nat_forward_in(policy, IPPROTO_TCP, addr, htons(80)));
	cr_expect_str_eq(nat_forward_in(policy, IPPROTO_TCP, addr, htons(81))->name, "b");
	cr_expect_str_eq(nat_forward_in(policy, IPPROTO_UDP, addr, htons(81))->name, "c");
	cr_expect_str_eq(nat_text, "t: warning: t.conf:4: \"interface dsl\" has address "
				   "203.0.113.7, whose ports 80-81 are those of another forward or "
				   "of a static pair: this forward is left out\n");
	nat_lease = "203.0.113.8";
	build_logged(text);
	cr_expect_eq(policy->n_forwards, 1);
	cr_expect_eq(external("203.0.113.8"), NULL);
}

/* ---- rules ---- */

static uint32_t rule_of(const char *src, const char *dst, uint8_t proto, uint16_t port)
{
	struct vnf_acl_packet packet = { .version = 4,
					 .proto = proto,
					 .vlan = VNF_ACL_UNTAGGED,
					 .fragment = VNF_ACL_WHOLE,
					 .dst_port = port,
					 .has = port != 0 ? VNF_ACL_HAS_PORTS : 0 };
	uint32_t addr = inet_addr(src), rule;

	memcpy(packet.src, &addr, sizeof(addr));
	addr = inet_addr(dst);
	memcpy(packet.dst, &addr, sizeof(addr));
	vnf_acl_classify(policy->acl, &packet, 1, &rule);
	cr_expect_eq(vnf_acl_find(policy->acl, &packet), rule);
	return rule;
}

Test(nat_build, rules, .init = eal_support_start)
{
	build(NAT_BARE
	      "pools = ( { name = \"p\"; addresses = [ \"192.0.2.1\" ]; }, "
	      "{ name = \"q\"; addresses = [ \"192.0.2.2\" ]; } );\n"
	      "rules = ( { name = \"vpn\"; src = [ \"10.0.0.0/8\" ]; "
	      "dst = [ \"10.9.0.0/16\", \"172.16.0.1-172.16.0.2\" ]; action = \"none\"; },\n"
	      "{ proto = [ \"tcp\", \"udp\" ]; dport = [ \"443\", \"8000-8001\" ]; "
	      "action = \"translate\"; pool = \"q\"; },\n"
	      "{ src = [ \"10.0.1.0/24\" ]; action = \"translate\"; } );");
	cr_assert_eq(policy->n_rules, 3);
	cr_expect_eq(policy->rule[0].pool, NAT_POOL_NONE);
	cr_expect_eq(policy->rule[1].pool, 1);
	cr_expect_eq(policy->rule[2].pool, 0);
	cr_expect_str_eq(policy->rule[0].name, "vpn");
	cr_expect_str_eq(policy->rule[1].name, "");
	cr_expect_str_eq(policy->rule[2].place, "t.conf:6");
	cr_expect_eq(rule_of("10.1.1.1", "10.9.1.1", 47, 0), 0);
	cr_expect_eq(rule_of("10.1.1.1", "172.16.0.2", IPPROTO_TCP, 443), 0);
	cr_expect_eq(rule_of("10.1.1.1", "172.16.0.3", IPPROTO_TCP, 443), 1);
	cr_expect_eq(rule_of("11.1.1.1", "10.9.1.1", IPPROTO_UDP, 8001), 1);
	cr_expect_eq(rule_of("11.1.1.1", "10.9.1.1", IPPROTO_UDP, 8002), VNF_ACL_NONE);
	cr_expect_eq(rule_of("10.0.1.1", "192.0.2.1", IPPROTO_UDP, 8002), 2);
	cr_expect_eq(rule_of("10.0.1.1", "192.0.2.1", IPPROTO_ICMP, 0), 2);
	cr_expect_eq(rule_of("10.0.2.1", "192.0.2.1", IPPROTO_ICMP, 0), VNF_ACL_NONE);
	discard();
	eal_support_stop();
}

/* ---- what is answered for ---- */

Test(nat_build, addresses)
{
	static const char *const of[][2] = {
		{ "192.0.2.8", "192.0.2.11" },  { "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.2", "192.0.2.3" },   { "203.0.113.4", "203.0.113.7" },
		{ "192.0.2.1", "192.0.2.1" },   { "192.0.2.1", "192.0.2.1" },
		{ "198.18.0.1", "198.18.0.1" },
	};
	struct vnf_ip_range range;

	cr_assert(nat_check(TWO_POOLS "\n" FORWARDS "static = ( { inside = \"10.1.0.4/30\"; "
				      "outside = \"203.0.113.4/30\"; } );"),
		  "%s", nat_errors());
	for (uint32_t i = 0; i < RTE_DIM(of); i++) {
		cr_assert(nat_policy_addresses(NULL, config(), i, &range), "%u", i);
		cr_expect_eq(range.first, inet_addr(of[i][0]), "%u", i);
		cr_expect_eq(range.last, inet_addr(of[i][1]), "%u", i);
	}
	cr_expect(!nat_policy_addresses(NULL, config(), RTE_DIM(of), &range));
	cr_expect(!nat_policy_addresses(nat_vnf(), config(), UINT32_MAX, &range));
}
