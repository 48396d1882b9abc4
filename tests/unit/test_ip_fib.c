/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node's table of routes against a list that is searched one by one: no routes, few (DPDK's
 * plain table), and many (DIR24_8 and TRIE), of both families.
 */
#include "eal_support.h"

#include "ip_fib.h"

#define ROUTES 10000
#define LOOKUPS 4000

static struct ip_route routes[2 * ROUTES], copy[2 * ROUTES];
static struct ip_fib *fib;
static uint64_t state = 1;

/* SplitMix64, so that each run is the same. */
static uint64_t next_random(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Out of few values in the first octets, so that prefixes lie in one another. */
static struct ip_addr random_addr(bool v4)
{
	struct ip_addr a = ip_addr_v4((rte_be32_t)(next_random() & RTE_BE32(0x0f03ffff)));

	if (v4)
		return a;
	a.half[0] = next_random() & rte_cpu_to_be_64(UINT64_C(0x200300010003ffff));
	a.half[1] = next_random();
	a.octet[0] |= 0x20;
	return a;
}

static uint8_t random_length(bool v4)
{
	static const uint8_t usual[] = { 32, 48, 56, 64, 64, 127, 128 };
	uint64_t r = next_random();

	if (v4)
		return (uint8_t)(IP_V4_BITS + (r % 4 == 0 ? r / 4 % 33 : 16 + r / 4 % 17));
	return r % 4 == 0 ? (uint8_t)(r / 4 % 129) : usual[r / 4 % RTE_DIM(usual)];
}

static void routes_make(size_t n, bool v4, size_t at)
{
	for (size_t i = at; i < at + n; i++) {
		uint8_t length = random_length(v4);
		struct ip_addr a = random_addr(v4);

		routes[i] = (struct ip_route){
			.prefix = { ip_addr_masked(&a, length, false), length },
			.order = (uint32_t)i,
			.target = (uint16_t)(1 + next_random() % (IP_TARGETS_MAX - 1)),
		};
	}
}

/* The longest; of two of the same length the first. */
static uint16_t oracle(size_t n, const struct ip_addr *a)
{
	const struct ip_route *best = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct ip_prefix *p = &copy[i].prefix;

		if (ip_is_v4(&p->addr) != ip_is_v4(a) ||
		    (best != NULL && p->length <= best->prefix.length))
			continue;
		if (ip_prefix_has(p, a))
			best = &copy[i];
	}
	return best != NULL ? best->target : 0;
}

static void same_as_oracle(size_t n, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	ip_addr_print(a, text, sizeof(text));
	cr_assert_eq(ip_fib_lookup(fib, a), oracle(n, a), "%s: %u, wanted %u", text,
		     ip_fib_lookup(fib, a), oracle(n, a));
}

/* Random addresses, and the first, the last and the next one of random routes. */
static void compare(size_t n, size_t lookups)
{
	for (size_t i = 0; i < lookups; i++) {
		const struct ip_prefix *p = n > 0 ? &copy[next_random() % n].prefix : NULL;
		struct ip_addr a = random_addr(i % 2 == 0);

		if (p != NULL && i % 8 >= 4)
			a = ip_addr_masked(&p->addr, p->length, i % 8 >= 6);
		/* The address after the last one, or in the middle. */
		if (i % 16 >= 14)
			a.octet[15]++;
		same_as_oracle(n, &a);
	}
}

static void build(size_t n)
{
	memcpy(copy, routes, n * sizeof(*routes));
	cr_assert_eq(ip_fib_create(routes, n, IP_FIB_AUTO, &fib), 0);
}

static void setup(void)
{
	eal_support_start();
}

static void teardown(void)
{
	eal_support_stop();
}

TestSuite(ip_fib, .init = setup, .fini = teardown);

Test(ip_fib, no_routes)
{
	build(0);
	compare(0, 100);
	cr_assert_eq(rte_fib_get_dp(ip_fib_v4(fib)) != NULL, true);
	ip_fib_destroy(fib);
	ip_fib_destroy(NULL);
}

Test(ip_fib, few_routes)
{
	routes_make(40, true, 0);
	routes_make(40, false, 40);
	build(80);
	compare(80, LOOKUPS);
	ip_fib_destroy(fib);
}

/* Around the number from which on the tables are real ones. */
Test(ip_fib, as_many_as_make_the_difference)
{
	for (size_t n = IP_FIB_FEW - 1; n <= IP_FIB_FEW + 1; n++) {
		routes_make(n, true, 0);
		routes_make(n, false, n);
		build(2 * n);
		compare(2 * n, 1000);
		ip_fib_destroy(fib);
	}
}

Test(ip_fib, ten_thousand_ipv4, .timeout = 100)
{
	routes_make(ROUTES, true, 0);
	build(ROUTES);
	compare(ROUTES, LOOKUPS);
	ip_fib_destroy(fib);
}

Test(ip_fib, ten_thousand_ipv6, .timeout = 100)
{
	routes_make(ROUTES, false, 0);
	build(ROUTES);
	compare(ROUTES, LOOKUPS);
	ip_fib_destroy(fib);
}

Test(ip_fib, ten_thousand_of_both, .timeout = 100)
{
	routes_make(ROUTES, true, 0);
	routes_make(ROUTES, false, ROUTES);
	build(2 * ROUTES);
	compare(2 * ROUTES, LOOKUPS);
	ip_fib_destroy(fib);
}

/* Each sets three groups of its own aside, which are more than entries of two octets can number. */
Test(ip_fib, many_ipv6_without_parents, .timeout = 100)
{
	for (size_t i = 0; i < 2 * ROUTES; i++) {
		struct ip_addr a = random_addr(false);

		a.half[0] = next_random();
		routes[i] = (struct ip_route){
			.prefix = { ip_addr_masked(&a, 48, false), 48 },
			.order = (uint32_t)i,
			.target = (uint16_t)(1 + i),
		};
	}
	build(2 * ROUTES);
	compare(2 * ROUTES, 1000);
	ip_fib_destroy(fib);
}

/* Of two with the same prefix the first counts, in whatever order they are sorted. */
Test(ip_fib, doubles)
{
	for (size_t i = 0; i < 100; i++) {
		routes_make(1, i % 2 == 0, 2 * i);
		routes[2 * i + 1] = routes[2 * i];
		routes[2 * i + 1].order++;
		routes[2 * i + 1].target = (uint16_t)(i + 1);
	}
	build(200);
	compare(200, LOOKUPS);
	ip_fib_destroy(fib);
}

/* A default route, and a host in the last group of the address space. */
Test(ip_fib, both_ends)
{
	static const char *const ends[] = { "0.0.0.0", "255.255.255.255",
					    "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

	for (size_t k = 0; k < 2; k++) {
		size_t n = 4;

		for (size_t i = 0; i < 4; i++) {
			struct ip_route *r = &routes[i];

			cr_assert_eq(ip_addr_parse(ends[i], &r->prefix.addr), 0);
			r->prefix.length = i % 2 == 1 ? 128 : i < 2 ? IP_V4_BITS : 0;
			r->order = (uint32_t)i;
			r->target = (uint16_t)(i + 1);
		}
		if (k == 1) {
			routes_make(100, true, 4);
			routes_make(100, false, 104);
			n = 204;
		}
		build(n);
		for (size_t i = 0; i < 4; i++) {
			struct ip_addr a;

			cr_assert_eq(ip_addr_parse(ends[i], &a), 0);
			same_as_oracle(n, &a);
		}
		compare(n, 500);
		ip_fib_destroy(fib);
	}
}
