/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which slot a packet belongs to: what has to meet does, in both directions, with tags, in
 * fragments and in ICMP errors; what need not is spread evenly, anew in each run.
 */
#include "packet_support.h"

#include <vnf/steer.h>

#define SLOTS 64
#define FLOWS 64000
/* Of 63 degrees of freedom; more comes once in 100,000. */
#define CHI_SQUARE_MAX 121

static struct vnf_slots slots;
static struct vnf_worker worker = { .slots = &slots };

struct pair {
	const char *a, *b, *router;
};

static const struct pair families[] = {
	{ "10.0.0.1", "10.9.0.2", "192.0.2.254" },
	{ "2001:db8::1", "2001:db8:9::2", "2001:db8:ffff::254" },
};

static void start(void)
{
	packets_start();
	slots.mask = SLOTS - 1;
	for (size_t i = 0; i < RTE_DIM(slots.secret); i++)
		slots.secret[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 3);
}

static void end(void)
{
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

struct two {
	uint32_t pair, flow;
};

static struct two slots_of(struct vnf_test_packet *packet)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;
	struct two two;

	cr_assert_eq(vnf_test_finish(packet), 0, "%s: %d", packet->failed, packet->error);
	pkt = packet_make(packet->data, packet->len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	two.pair = vnf_slot_of_pair(&worker, pkt, &h);
	two.flow = vnf_slot_of_flow(&worker, pkt, &h);
	cr_assert_lt(two.pair, SLOTS);
	cr_assert_lt(two.flow, SLOTS);
	rte_pktmbuf_free(pkt);
	return two;
}

static void ip_begin(struct vnf_test_packet *packet, const char *src, const char *dst)
{
	if (strchr(src, ':') == NULL)
		vnf_test_ipv4(packet, src, dst);
	else
		vnf_test_ipv6(packet, src, dst);
}

static void from_to(struct vnf_test_packet *packet, const char *src, const char *dst)
{
	vnf_test_eth(packet, DST, SRC);
	ip_begin(packet, src, dst);
}

static void udp(struct vnf_test_packet *packet, const char *src, const char *dst, uint16_t src_port,
		uint16_t dst_port)
{
	from_to(packet, src, dst);
	vnf_test_udp(packet, src_port, dst_port);
	vnf_test_payload(packet, 1000);
}

#define MEET(one, other)                                                                           \
	do {                                                                                       \
		cr_assert_eq((one).pair, (other).pair);                                            \
		cr_assert_eq((one).flow, (other).flow);                                            \
	} while (0)

/* ---- both directions ---- */

Test(steer_slot, both_directions_of_udp_meet)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];

		for (uint16_t port = 1; port < 200; port++) {
			struct two there, back;

			udp(&p, is->a, is->b, port, 53);
			there = slots_of(&p);
			udp(&p, is->b, is->a, 53, port);
			back = slots_of(&p);
			MEET(there, back);
		}
	}
	end();
}

Test(steer_slot, both_directions_of_tcp_meet)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		struct two there, back;

		from_to(&p, is->a, is->b);
		vnf_test_tcp(&p, 40000, 80, VNF_TEST_SYN);
		there = slots_of(&p);
		from_to(&p, is->b, is->a);
		vnf_test_tcp(&p, 80, 40000, VNF_TEST_SYN | VNF_TEST_ACK);
		back = slots_of(&p);
		MEET(there, back);
	}
	end();
}

Test(steer_slot, request_and_reply_of_an_echo_meet)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		uint64_t seen = 0;

		for (uint16_t id = 0; id < 100; id++) {
			struct two there, back;

			from_to(&p, is->a, is->b);
			vnf_test_echo(&p, false, id, 1);
			there = slots_of(&p);
			from_to(&p, is->b, is->a);
			vnf_test_echo(&p, true, id, 9);
			back = slots_of(&p);
			MEET(there, back);
			seen |= UINT64_C(1) << there.flow;
		}
		cr_assert_gt(__builtin_popcountll(seen), 30, "identifiers are not told apart");
	}
	end();
}

/* A protocol that nobody knows has addresses too, and an ICMP message that is no echo. */
Test(steer_slot, both_directions_without_ports_meet)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		struct two there, back;

		from_to(&p, is->a, is->b);
		vnf_test_payload(&p, 99);
		there = slots_of(&p);
		from_to(&p, is->b, is->a);
		vnf_test_payload(&p, 33);
		back = slots_of(&p);
		MEET(there, back);
		from_to(&p, is->a, is->b);
		vnf_test_icmp(&p, f == 0 ? 13 : 135, 0, 0x12345678);
		vnf_test_payload(&p, 16);
		there = slots_of(&p);
		from_to(&p, is->b, is->a);
		vnf_test_icmp(&p, f == 0 ? 14 : 136, 0, 0x9abcdef0);
		vnf_test_payload(&p, 16);
		back = slots_of(&p);
		MEET(there, back);
	}
	end();
}

/* A host that talks to itself, through us. */
Test(steer_slot, equal_addresses)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		struct two there, back;

		udp(&p, families[f].a, families[f].a, 7, 9);
		there = slots_of(&p);
		udp(&p, families[f].a, families[f].a, 9, 7);
		back = slots_of(&p);
		MEET(there, back);
	}
	end();
}

/* ---- what is around the packet ---- */

Test(steer_slot, tags_and_options_do_not_matter)
{
	static const uint8_t options[] = { 1, 1, 1, 0 };

	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		struct two bare, other;

		udp(&p, is->a, is->b, 1000, 2000);
		bare = slots_of(&p);
		for (int tags = 1; tags <= 2; tags++) {
			vnf_test_eth(&p, SRC, DST);
			vnf_test_vlan(&p, tags == 2 ? 0x88a8 : 0x8100, 100);
			if (tags == 2)
				vnf_test_vlan(&p, 0x8100, 7);
			ip_begin(&p, is->a, is->b);
			vnf_test_udp(&p, 1000, 2000);
			other = slots_of(&p);
			MEET(bare, other);
		}
		from_to(&p, is->a, is->b);
		if (f == 0)
			vnf_test_ipv4_options(&p, options, sizeof(options));
		else
			vnf_test_ipv6_ext(&p, 60, 16);
		vnf_test_udp(&p, 1000, 2000);
		other = slots_of(&p);
		MEET(bare, other);
	}
	end();
}

Test(steer_slot, what_has_no_addresses_is_of_slot_0)
{
	struct two two;

	start();
	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.1", DST, "10.0.0.2");
	two = slots_of(&p);
	cr_assert_eq(two.pair, 0);
	cr_assert_eq(two.flow, 0);
	end();
}

/* ---- fragments ---- */

static void fragments_meet(struct vnf_test_packet *whole, uint32_t wanted)
{
	struct vnf_test_packet part;

	cr_assert_eq(vnf_test_finish(whole), 0, "%s", whole->failed);
	for (uint32_t at = 0; at < 1000; at += 504) {
		struct two two;

		vnf_test_fragment(&part, whole, 77, at, at == 0 ? 504 : 0);
		two = slots_of(&part);
		cr_assert_eq(two.pair, wanted, "at %u", at);
		cr_assert_eq(two.flow, wanted, "at %u", at);
	}
}

/* The first, which has ports, and the later ones, which have none; both directions. */
Test(steer_slot, fragments_meet_their_pair)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		uint32_t wanted;

		udp(&p, is->a, is->b, 1000, 2000);
		wanted = slots_of(&p).pair;
		fragments_meet(&p, wanted);
		udp(&p, is->b, is->a, 2001, 1001);
		fragments_meet(&p, wanted);
	}
	end();
}

/* An error that is cut itself: its first fragment quotes, the later ones do not. */
Test(steer_slot, fragments_of_an_error_meet)
{
	struct vnf_test_packet error;

	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		uint32_t wanted;

		udp(&p, is->a, is->b, 1000, 2000);
		cr_assert_eq(vnf_test_finish(&p), 0);
		from_to(&error, is->router, is->a);
		vnf_test_payload(&error, 8);
		wanted = slots_of(&error).pair;
		from_to(&error, is->router, is->a);
		vnf_test_icmp_error(&error, f == 0 ? 3 : 1, f == 0 ? 3 : 4, 0, &p, 0);
		fragments_meet(&error, wanted);
	}
	end();
}

/* ---- errors ---- */

static struct two error_about(const struct pair *is, const char *to, uint8_t type, uint8_t code,
			      struct vnf_test_packet *about, uint32_t bytes)
{
	struct vnf_test_packet error;

	cr_assert_eq(vnf_test_finish(about), 0, "%s", about->failed);
	from_to(&error, is->router, to);
	vnf_test_icmp_error(&error, type, code, 0, about, bytes);
	return slots_of(&error);
}

/* From whoever on the way, to either end, however little is quoted (RFC 792: 8 octets; as many
 * behind a fragment header).
 */
static void errors_meet(const struct pair *is, struct vnf_test_packet *about, struct two wanted)
{
	static const uint8_t types4[] = { 3, 4, 5, 11, 12 }, types6[] = { 1, 2, 3, 4 };
	bool v4 = strchr(is->a, ':') == NULL;
	size_t n = v4 ? RTE_DIM(types4) : RTE_DIM(types6);

	for (size_t i = 0; i < n; i++) {
		uint8_t type = v4 ? types4[i] : types6[i];
		struct two few, more, other;

		few = error_about(is, is->a, type, 0, about, v4 ? 28 : 56);
		more = error_about(is, is->a, type, 1, about, 200);
		other = error_about(is, is->b, type, 0, about, 100);
		MEET(wanted, few);
		MEET(wanted, more);
		MEET(wanted, other);
	}
}

Test(steer_slot, errors_meet_the_udp_that_they_quote)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++)
		for (uint16_t port = 1; port < 50; port++) {
			udp(&p, families[f].a, families[f].b, port, 2000);
			errors_meet(&families[f], &p, slots_of(&p));
		}
	end();
}

Test(steer_slot, errors_meet_the_echo_that_they_quote)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++)
		for (uint16_t id = 1; id < 50; id++) {
			from_to(&p, families[f].a, families[f].b);
			vnf_test_echo(&p, false, id, 3);
			vnf_test_payload(&p, 99);
			errors_meet(&families[f], &p, slots_of(&p));
		}
	end();
}

Test(steer_slot, errors_meet_the_tcp_that_they_quote)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		from_to(&p, families[f].a, families[f].b);
		vnf_test_tcp(&p, 40000, 443, VNF_TEST_ACK);
		vnf_test_payload(&p, 500);
		errors_meet(&families[f], &p, slots_of(&p));
	}
	end();
}

Test(steer_slot, errors_meet_the_fragments_that_they_quote)
{
	struct vnf_test_packet whole, part;

	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		udp(&whole, families[f].a, families[f].b, 1000, 2000);
		cr_assert_eq(vnf_test_finish(&whole), 0);
		for (uint32_t at = 0; at < 1000; at += 504) {
			vnf_test_fragment(&part, &whole, 5, at, at == 0 ? 504 : 0);
			errors_meet(&families[f], &part, slots_of(&part));
		}
	}
	end();
}

/* Whose quote is nothing: where its own addresses belong. */
Test(steer_slot, errors_that_quote_nothing)
{
	start();
	for (size_t f = 0; f < RTE_DIM(families); f++) {
		const struct pair *is = &families[f];
		struct two two;
		uint32_t wanted;

		udp(&p, is->router, is->a, 1, 2);
		wanted = slots_of(&p).pair;
		from_to(&p, is->router, is->a);
		vnf_test_icmp(&p, f == 0 ? 3 : 1, 1, 0);
		vnf_test_payload(&p, 3);
		two = slots_of(&p);
		cr_assert_eq(two.pair, wanted);
	}
	end();
}

/* ---- how they are spread ---- */

static uint32_t counts[SLOTS];

static double chi_square(void)
{
	double mean = (double)FLOWS / SLOTS, sum = 0;

	for (uint32_t s = 0; s < SLOTS; s++)
		sum += (counts[s] - mean) * (counts[s] - mean) / mean;
	return sum;
}

/* One packet, in which some octets are changed for each flow. */
static void flows_are_even(void (*change)(uint8_t *frame, uint32_t flow), bool by_pair)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;

	memset(counts, 0, sizeof(counts));
	finish();
	pkt = packet_make(p.data, p.len, 0);
	for (uint32_t i = 0; i < FLOWS; i++) {
		change(rte_pktmbuf_mtod(pkt, uint8_t *), i);
		cr_assert_eq(vnf_parse(pkt, &h), 0);
		counts[by_pair ? vnf_slot_of_pair(&worker, pkt, &h)
			       : vnf_slot_of_flow(&worker, pkt, &h)]++;
	}
	rte_pktmbuf_free(pkt);
	cr_assert_lt(chi_square(), CHI_SQUARE_MAX, "%f", chi_square());
}

static void octets_random(uint8_t *to, uint32_t n)
{
	while (n-- > 0)
		*to++ = (uint8_t)random();
}

static void ends4_random(uint8_t *frame, uint32_t flow)
{
	(void)flow;
	octets_random(frame + ETH + 13, 3);
	octets_random(frame + ETH + 17, 3);
	octets_random(frame + ETH + 20, 4);
}

static void ends6_random(uint8_t *frame, uint32_t flow)
{
	(void)flow;
	octets_random(frame + ETH + 12, 12);
	octets_random(frame + ETH + 28, 12);
	octets_random(frame + ETH + 40, 4);
}

/* As clients come by: one port after the other, then the next address. */
static void ports_count4(uint8_t *frame, uint32_t flow)
{
	frame[ETH + 15] = (uint8_t)(flow >> 16);
	frame[ETH + 20] = (uint8_t)(flow >> 8);
	frame[ETH + 21] = (uint8_t)flow;
}

static void ports_count6(uint8_t *frame, uint32_t flow)
{
	frame[ETH + 23] = (uint8_t)(flow >> 16);
	frame[ETH + 40] = (uint8_t)(flow >> 8);
	frame[ETH + 41] = (uint8_t)flow;
}

/* A network of hosts that all talk to one. */
static void hosts_count4(uint8_t *frame, uint32_t flow)
{
	frame[ETH + 14] = (uint8_t)(flow >> 8);
	frame[ETH + 15] = (uint8_t)flow;
}

static void hosts_count6(uint8_t *frame, uint32_t flow)
{
	frame[ETH + 22] = (uint8_t)(flow >> 8);
	frame[ETH + 23] = (uint8_t)flow;
}

Test(steer_slot, random_flows_are_spread_evenly)
{
	start();
	srandom(1);
	udp(&p, families[0].a, families[0].b, 1, 2);
	flows_are_even(ends4_random, false);
	flows_are_even(ends4_random, true);
	udp(&p, families[1].a, families[1].b, 1, 2);
	flows_are_even(ends6_random, false);
	flows_are_even(ends6_random, true);
	end();
}

Test(steer_slot, flows_that_are_much_alike_are_spread_evenly)
{
	start();
	udp(&p, families[0].a, families[0].b, 1, 53);
	flows_are_even(ports_count4, false);
	flows_are_even(hosts_count4, false);
	flows_are_even(hosts_count4, true);
	udp(&p, families[1].a, families[1].b, 1, 53);
	flows_are_even(ports_count6, false);
	flows_are_even(hosts_count6, false);
	flows_are_even(hosts_count6, true);
	end();
}

/* Who knows the slots of one run knows nothing of those of another: one in 64 is the same. */
Test(steer_slot, another_secret_gives_other_slots)
{
	uint32_t before[4096], same = 0;

	start();
	for (uint32_t i = 0; i < RTE_DIM(before); i++)
		before[i] = vnf_slot_of(&worker, i, UINT64_C(0x0a00000100350035), 17);
	slots.secret[3]++;
	for (uint32_t i = 0; i < RTE_DIM(before); i++)
		same += before[i] == vnf_slot_of(&worker, i, UINT64_C(0x0a00000100350035), 17);
	cr_assert_leq(same, 120, "%u", same);
	slots.secret[3]--;
	slots.secret[0] ^= UINT64_C(1) << 63;
	same = 0;
	for (uint32_t i = 0; i < RTE_DIM(before); i++)
		same += before[i] == vnf_slot_of(&worker, i, UINT64_C(0x0a00000100350035), 17);
	cr_assert_leq(same, 120, "%u", same);
	end();
}

/* ---- a worker's own slots ---- */

Test(steer_slot, next_walks_through_those_that_are_mine)
{
	uint8_t mine[SLOTS] = { [0] = 1, [7] = 1, [8] = 1, [SLOTS - 1] = 1 };
	uint32_t seen[5], n = 0;

	slots.mask = SLOTS - 1;
	slots.mine = mine;
	for (uint32_t s = 0; (s = vnf_slot_next(&worker, s)) < SLOTS; s++)
		seen[n++] = s;
	cr_assert_eq(n, 4);
	cr_assert_arr_eq(seen, ((uint32_t[]){ 0, 7, 8, SLOTS - 1 }), 4 * sizeof(*seen));
	cr_assert_eq(vnf_slot_next(&worker, SLOTS), SLOTS);
	memset(mine, 0, sizeof(mine));
	cr_assert_eq(vnf_slot_next(&worker, 0), SLOTS);
}

Test(steer_slot, enter_counts_packets_of_ones_own)
{
	uint8_t mine[SLOTS] = { [3] = 1 };
	uint64_t packets[SLOTS] = { 0 };

	slots.mine = mine;
	slots.packets = packets;
	cr_assert(vnf_slot_enter(&worker, 3));
	cr_assert(vnf_slot_enter(&worker, 3));
	cr_assert_not(vnf_slot_enter(&worker, 4));
	cr_assert_eq(packets[3], 2);
	cr_assert_eq(packets[4], 0);
	cr_assert(vnf_slot_is_mine(&worker, 3));
	cr_assert_not(vnf_slot_is_mine(&worker, 4));
}
