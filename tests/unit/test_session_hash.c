/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Keys of sessions: the hash that they are spread by, also when somebody chose them so that they
 * would collide; and what keys packets have.
 */

#include <criterion/criterion.h>

#include "packet_support.h"
#include "session_support.h"

#define N 100000

static const uint64_t no_secret[SESSION_SECRETS];

/* With secrets of zero they are all the same: a product with zero. */
static struct vnf_session_key4 colliding(uint32_t i)
{
	return (struct vnf_session_key4){
		.sport = (uint16_t)i,
		.dport = (uint16_t)(i >> 16),
		.domain = 7,
		.proto = IPPROTO_UDP,
	};
}

/* Sessions and buckets that a search for each of the keys reads, all in all. */
static uint64_t reads(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < N; i++) {
		struct vnf_session_key4 key = colliding(i);
		struct session_place place = session_place(sessions, &key);
		const struct session_bucket *b = slot_buckets(sessions, 0);

		n += 1 + (uint32_t)__builtin_popcount(bucket_match(&b[place.first], place.sig));
		if (b[place.first].n_away != 0)
			n += 1 + (uint32_t)__builtin_popcount(
					 bucket_match(&b[place.second], place.sig));
	}
	return n;
}

Test(session_hash, keys_that_collide_without_secrets_cost_nothing)
{
	struct vnf_session_key4 key = colliding(0);
	uint64_t same = session_hash(no_secret, &key, 2);
	struct vnf_session_hit hit;

	conf.sessions = N;
	sessions_start(true);
	for (uint32_t i = 0; i < N; i++) {
		key = colliding(i);
		cr_assert_eq(session_hash(no_secret, &key, 2), same);
		cr_assert_eq(vnf_session_create(&worker.pub, sessions, 0, &key, CLASS_KEPT, &hit),
			     0, "%u", i);
	}
	/* One bucket and one session each, and for some the second bucket. */
	cr_assert_leq(reads(), N * UINT64_C(3));
	for (uint32_t i = 0; i < N; i++) {
		key = colliding(i);
		cr_assert_not_null(vnf_session_find(&worker.pub, sessions, 0, &key, NULL));
	}
	sessions_stop();
}

/* Every octet counts, and none of the result's bits is worse than others. */
static void octets_check(uint32_t words)
{
	uint8_t key[SESSION_WORDS_MAX * sizeof(uint64_t)] = { 0 };
	uint64_t secret[SESSION_SECRETS];
	uint32_t flips[64] = { 0 }, n = 0;
	struct vnf_random random;

	vnf_random_init(&random, 3);
	for (uint32_t round = 0; round < 200; round++) {
		for (uint32_t i = 0; i < SESSION_SECRETS; i++)
			secret[i] = vnf_random_next(&random);
		for (uint32_t bit = 0; bit < words * 64; bit++, n++) {
			uint64_t before = session_hash(secret, key, words), differ;

			key[bit / 8] ^= (uint8_t)(1 << bit % 8);
			differ = before ^ session_hash(secret, key, words);
			cr_assert_neq(differ, 0);
			for (uint32_t i = 0; i < 64; i++)
				flips[i] += differ >> i & 1;
		}
	}
	for (uint32_t i = 0; i < 64; i++) {
		cr_assert_gt(flips[i], n / 10 * 4, "bit %u", i);
		cr_assert_lt(flips[i], n / 10 * 6, "bit %u", i);
	}
}

Test(session_hash, every_bit_counts)
{
	random_fix(1);
	octets_check(2);
	octets_check(5);
}

/* The two buckets of a key lead to each other, for any number of buckets. */
Test(session_hash, buckets_lead_to_each_other)
{
	for (uint32_t n = 1; n < 2000; n += 7)
		for (uint32_t sig = 1; sig <= UINT16_MAX; sig += 97) {
			uint32_t first = sig * 31 % n;
			uint32_t second = bucket_other(first, (uint16_t)sig, n);

			cr_assert_lt(second, n);
			cr_assert_eq(bucket_other(second, (uint16_t)sig, n), first);
		}
}

Test(session_hash, tables_have_secrets_of_their_own)
{
	struct vnf_sessions *other;

	sessions_start(true);
	conf.name = "other";
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &other), 0);
	for (uint32_t i = 0; i < SESSION_SECRETS; i++) {
		cr_assert_neq(sessions->secret[i], 0);
		cr_assert_neq(sessions->secret[i], other->secret[i]);
		cr_assert(i == 0 || sessions->secret[i] != sessions->secret[i - 1]);
	}
	vnf_sessions_destroy(other);
	sessions_stop();
}

/* ---- keys of packets ---- */

static bool key4(struct vnf_session_key4 *key, uint32_t *direction)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;
	bool has;

	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	has = vnf_session_key4_make(pkt, &h, 5, key);
	if (has && direction != NULL)
		*direction = vnf_session_key4_normalise(key);
	rte_pktmbuf_free(pkt);
	return has;
}

static bool key6(struct vnf_session_key6 *key, uint32_t *direction)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;
	bool has;

	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	has = vnf_session_key6_make(pkt, &h, 5, key);
	if (has && direction != NULL)
		*direction = vnf_session_key6_normalise(key);
	rte_pktmbuf_free(pkt);
	return has;
}

static void udp4(const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv4(&p, src, dst);
	vnf_test_udp(&p, sport, dport);
}

static void udp6(const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv6(&p, src, dst);
	vnf_test_udp(&p, sport, dport);
}

Test(session_hash, a_key_as_the_packet_stands)
{
	struct vnf_session_key4 key;

	packets_start();
	udp4("10.0.0.9", "10.0.0.2", 1000, 53);
	cr_assert(key4(&key, NULL));
	cr_assert_eq(key.src, RTE_BE32(0x0a000009));
	cr_assert_eq(key.dst, RTE_BE32(0x0a000002));
	cr_assert_eq(key.sport, RTE_BE16(1000));
	cr_assert_eq(key.dport, RTE_BE16(53));
	cr_assert_eq(key.domain, 5);
	cr_assert_eq(key.proto, IPPROTO_UDP);
	cr_assert_eq(key.icmp, 0);
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

Test(session_hash, both_directions_have_one_key)
{
	static const char *const hosts[] = { "10.0.0.1", "10.0.0.2", "192.0.2.200" };
	static const uint16_t ports[] = { 1, 256, 1000 };
	struct vnf_session_key4 there, back;
	uint32_t a, b;

	packets_start();
	for (uint32_t i = 0; i < 81; i++) {
		const char *src = hosts[i % 3], *dst = hosts[i / 3 % 3];
		uint16_t sport = ports[i / 9 % 3], dport = ports[i / 27];

		udp4(src, dst, sport, dport);
		cr_assert(key4(&there, &a));
		udp4(dst, src, dport, sport);
		cr_assert(key4(&back, &b));
		cr_assert_eq(memcmp(&there, &back, sizeof(there)), 0);
		cr_assert_eq(a == b, src == dst && sport == dport);
	}
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

Test(session_hash, both_directions_of_ipv6_have_one_key)
{
	static const char *const hosts[] = { "2001:db8::1", "2001:db8::2", "fd00::1:0:0:1" };
	static const uint16_t ports[] = { 1, 256, 1000 };
	struct vnf_session_key6 there, back;
	uint32_t a, b;

	packets_start();
	for (uint32_t i = 0; i < 81; i++) {
		const char *src = hosts[i % 3], *dst = hosts[i / 3 % 3];
		uint16_t sport = ports[i / 9 % 3], dport = ports[i / 27];

		udp6(src, dst, sport, dport);
		cr_assert(key6(&there, &a));
		udp6(dst, src, dport, sport);
		cr_assert(key6(&back, &b));
		cr_assert_eq(memcmp(&there, &back, sizeof(there)), 0);
		cr_assert_eq(a == b, src == dst && sport == dport);
	}
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

Test(session_hash, requests_and_replies_of_icmp_have_one_key)
{
	struct vnf_session_key4 request, reply;
	struct vnf_session_key6 request6, reply6;
	uint32_t direction;

	packets_start();
	ipv4_begin();
	vnf_test_echo(&p, false, 77, 1);
	cr_assert(key4(&request, &direction));
	cr_assert_eq(request.sport, RTE_BE16(77));
	cr_assert_eq(request.dport, RTE_BE16(77));
	cr_assert_eq(request.icmp, VNF_SESSION_ICMP_ECHO);
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv4(&p, "10.0.0.2", "10.0.0.1");
	vnf_test_echo(&p, true, 77, 2);
	cr_assert(key4(&reply, &direction));
	cr_assert_eq(memcmp(&request, &reply, sizeof(request)), 0);
	ipv6_begin();
	vnf_test_echo(&p, false, 77, 1);
	cr_assert(key6(&request6, &direction));
	vnf_test_eth(&p, DST, SRC);
	vnf_test_ipv6(&p, "2001:db8::2", "2001:db8::1");
	vnf_test_echo(&p, true, 77, 2);
	cr_assert(key6(&reply6, &direction));
	cr_assert_eq(memcmp(&request6, &reply6, sizeof(request6)), 0);
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

/* Errors belong to another packet's session; later fragments have no ports. */
Test(session_hash, some_packets_have_no_key)
{
	static struct vnf_test_packet whole;
	struct vnf_session_key4 key;

	packets_start();
	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 800, false);
	vnf_test_payload(&p, 64);
	cr_assert_not(key4(&key, NULL));
	udp4("10.0.0.1", "10.0.0.2", 1, 2);
	finish();
	whole = p;
	ipv4_begin();
	vnf_test_icmp_error(&p, 3, 1, 0, &whole, 0);
	cr_assert_not(key4(&key, NULL));
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

/* What has neither ports nor an identifier has a session by addresses and protocol. */
Test(session_hash, other_protocols_have_no_ports)
{
	struct vnf_session_key4 key;

	packets_start();
	ipv4_begin();
	vnf_test_payload(&p, 64);
	cr_assert(key4(&key, NULL));
	cr_assert_eq(key.sport, 0);
	cr_assert_eq(key.dport, 0);
	cr_assert_eq(key.proto, 253);
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}
