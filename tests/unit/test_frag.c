/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fragments in every order, and what tells one datagram from another.
 */
#include "frag_support.h"

#define PARTS_MAX 4
#define PART 64 /* octets of each but the last */
#define TAIL 13 /* of the last */

/* The `number`th order of n parts. */
static void order_of(uint32_t number, uint32_t n, uint32_t *order)
{
	uint32_t left[PARTS_MAX] = { 0, 1, 2, 3 };

	for (uint32_t i = 0; i < n; i++) {
		uint32_t which = number % (n - i);

		number /= n - i;
		order[i] = left[which];
		memmove(&left[which], &left[which + 1], (n - which - 1) * sizeof(left[0]));
	}
}

/* Each order of n parts: a datagram with a destination port of its own. */
static uint32_t orders_send(uint32_t n, uint16_t first_port)
{
	uint32_t orders = n == 3 ? 6 : 24, order[PARTS_MAX];

	for (uint32_t number = 0; number < orders; number++) {
		order_of(number, n, order);
		udp((uint16_t)(first_port + number), (n - 1) * PART + TAIL);
		for (uint32_t i = 0; i < n; i++)
			part_send(first_port + number, order[i] * PART,
				  order[i] + 1 < n ? (order[i] + 1) * PART
						   : order[i] * PART + TAIL);
	}
	return orders;
}

static void orders(void)
{
	replay_start();
	orders_send(3, 3000);
	orders_send(4, 4000);
	run();
	passed(6 * 3 + 24 * 4);
	for (uint16_t i = 0; i < 6; i++)
		cr_assert_eq(noted(3000 + i), 3, "order %u of 3", i);
	for (uint16_t i = 0; i < 24; i++)
		cr_assert_eq(noted(4000 + i), 4, "order %u of 4", i);
	/* The first one goes out before what waited for it. */
	cr_assert_eq(most_datagrams, 1);
	cr_assert_eq(most_waiting, 3);
	cr_assert_eq(n_ended, 29, "all but the last, which would at the next fragment: %u",
		     n_ended);
	cr_assert_eq(n_ended_known, 29);
}

Test(frag, every_order_of_ipv4)
{
	orders();
}

Test(frag, every_order_of_ipv6)
{
	v6 = true;
	orders();
}

Test(frag, waiting_ones_go_out_behind_the_first_in_their_order)
{
	static const uint32_t order[] = { 2, 3, 1, 0 };
	const uint8_t *frame;

	replay_start();
	udp(53, 4 * PART);
	for (uint32_t i = 0; i < 4; i++)
		part_send(1, order[i] * PART, (order[i] + 1) * PART);
	run();
	passed(4);
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t offset;

		frame = vnf_test_replay_frame(t, "wan", i, NULL, NULL);
		offset = ((frame[20] & 0x1fu) << 8 | frame[21]) * 8;
		cr_assert_eq(offset, (i == 0 ? 0 : order[i - 1]) * PART, "%u: %u", i, offset);
	}
}

/* ---- waiting ones, after the burst ---- */

static struct {
	struct rte_mbuf *pkt;
	uint16_t port;
	uint64_t user;
} later[16];
static uint32_t n_later;

/* The datagram may be another one when they are dealt with: what was decided is put by. */
static vnf_verdict_t later_see(uint16_t port, struct rte_mbuf *pkt)
{
	struct vnf_frag *frag;
	struct vnf_headers h;
	uint32_t bad;

	cr_assert_eq(vnf_parse(pkt, &h), 0);
	bad = vnf_frag_see(frags, port, pkt, &h, 0, &frag);
	if (bad != 0)
		return bad == VNF_FRAG_WAITS ? VNF_TAKEN : VNF_DROP(bad);
	if (h.fragment_offset == 0)
		first_decide(frag);
	note_write(pkt, frag);
	while ((pkt = vnf_frag_next(frags, frag, &port)) != NULL) {
		cr_assert_lt(n_later, RTE_DIM(later));
		later[n_later].pkt = pkt;
		later[n_later].port = port;
		later[n_later++].user = frag->user;
	}
	return VNF_FORWARD(1);
}

static void later_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			vnf_verdict_t *verdicts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = later_see(port, pkts[i]);
	for (uint32_t i = 0; i < n_later; i++) {
		note_write(later[i].pkt, &(struct vnf_frag){ .user = later[i].user });
		vnf_send(worker, later[i].port ^ 1, later[i].pkt);
	}
	n_later = 0;
}

/* Two datagrams in one burst, and one that waits since the burst before. */
Test(frag, waiting_ones_may_be_dealt_with_after_the_burst)
{
	static const uint16_t notes[] = { 101, 102, 103, 101, 101, 102, 103 };
	struct vnf_app other = app;

	other.burst = later_burst;
	t = vnf_test_replay_create(&other, config);
	udp(103, 2 * PART);
	part_send(3, PART, 0);
	sent_ns = MS;
	udp(101, 3 * PART);
	part_send(1, 2 * PART, 0);
	udp(102, 2 * PART);
	part_send(2, PART, 0);
	udp(101, 3 * PART);
	part_send(1, PART, 2 * PART);
	part_send(1, 0, PART);
	udp(102, 2 * PART);
	part_send(2, 0, PART);
	udp(103, 2 * PART);
	part_send(3, 0, PART);
	run();
	passed(RTE_DIM(notes));
	for (uint32_t i = 0; i < RTE_DIM(notes); i++)
		cr_assert_eq(note_of(i), notes[i], "%u: %u", i, note_of(i));
}

/* ---- what tells datagrams apart ---- */

/* A first fragment between these, then a last one of another datagram, which must wait in vain. */
struct other {
	const char *src, *dst;
	uint32_t id;
	uint16_t vlan;
	uint8_t proto;
};

static void begin(const struct other *o, uint8_t udp_or_tcp, uint16_t port)
{
	vnf_test_eth(&whole, "02:00:00:00:00:02", "02:00:00:00:00:01");
	if (o->vlan != 0)
		vnf_test_vlan(&whole, 0x8100, o->vlan);
	if (v6)
		vnf_test_ipv6(&whole, o->src, o->dst);
	else
		vnf_test_ipv4(&whole, o->src, o->dst);
	if (udp_or_tcp == IPPROTO_UDP)
		vnf_test_udp(&whole, 1000, port);
	else
		vnf_test_tcp(&whole, 1000, port, VNF_TEST_ACK);
	whole_end(100);
}

static void apart(const struct other *others, uint32_t n)
{
	replay_start();
	for (uint32_t i = 0; i < n; i++) {
		begin(&others[i], others[i].proto, (uint16_t)(100 + i));
		part_send(others[i].id, 0, PART);
	}
	for (uint32_t i = n; i-- > 0;) {
		begin(&others[i], others[i].proto, (uint16_t)(100 + i));
		part_send(others[i].id, PART, 0);
	}
	run();
	passed(2 * n);
	for (uint32_t i = 0; i < n; i++)
		cr_assert_eq(noted((uint16_t)(100 + i)), 2, "%u", i);
	cr_assert_eq(most_datagrams, n);
}

Test(frag, a_datagram_of_ipv4_is_its_addresses_id_domain_and_protocol)
{
	static const struct other others[] = {
		{ "10.0.0.1", "10.0.0.2", 7, 0, IPPROTO_UDP },
		{ "10.0.0.3", "10.0.0.2", 7, 0, IPPROTO_UDP },
		{ "10.0.0.1", "10.0.0.3", 7, 0, IPPROTO_UDP },
		{ "10.0.0.2", "10.0.0.1", 7, 0, IPPROTO_UDP },
		{ "10.0.0.1", "10.0.0.2", 8, 0, IPPROTO_UDP },
		{ "10.0.0.1", "10.0.0.2", 7, 5, IPPROTO_UDP },
		{ "10.0.0.1", "10.0.0.2", 7, 6, IPPROTO_UDP },
		{ "10.0.0.1", "10.0.0.2", 7, 0, IPPROTO_TCP },
	};

	apart(others, RTE_DIM(others));
}

Test(frag, a_datagram_of_ipv6_is_its_addresses_id_and_domain)
{
	static const struct other others[] = {
		{ "2001:db8::1", "2001:db8::2", 7, 0, IPPROTO_UDP },
		{ "2001:db8::3", "2001:db8::2", 7, 0, IPPROTO_UDP },
		{ "2001:db8:0:1::1", "2001:db8::2", 7, 0, IPPROTO_UDP },
		{ "2001:db8::1", "2001:db8::3", 7, 0, IPPROTO_UDP },
		{ "2001:db8::2", "2001:db8::1", 7, 0, IPPROTO_UDP },
		{ "2001:db8::1", "2001:db8::2", 0x10007, 0, IPPROTO_UDP },
		{ "2001:db8::1", "2001:db8::2", 7, 5, IPPROTO_UDP },
	};

	v6 = true;
	apart(others, RTE_DIM(others));
}

/* RFC 8200 section 4.5: the next header of the fragments may differ, the first one's counts. */
Test(frag, the_protocol_does_not_tell_datagrams_of_ipv6_apart)
{
	v6 = true;
	replay_start();
	udp(53, 100);
	part_send(1, 0, PART);
	ip_begin();
	vnf_test_tcp(&whole, 1000, 80, VNF_TEST_ACK);
	whole_end(80);
	part_send(1, PART, 100);
	run();
	passed(2);
	cr_assert_eq(noted(53), 2);
}

/* Only the first fragment shows what is behind the authentication header. */
Test(frag, the_header_behind_ah_is_found)
{
	static const uint8_t ah[12] = { IPPROTO_UDP, 1 };
	static const uint8_t ports[8] = { 3, 232, 0, 77, 0, 88 };

	replay_start();
	ip_begin();
	vnf_test_next(&whole, IPPROTO_AH);
	vnf_test_bytes(&whole, ah, sizeof(ah));
	vnf_test_bytes(&whole, ports, sizeof(ports));
	whole_end(80);
	part_send(1, 48, 100);
	part_send(1, 0, 24);
	part_send(1, 24, 48);
	run();
	passed(3);
	cr_assert_eq(noted(77), 3);
}

/* ---- layer 4 ---- */

static void echo_begin(bool reply, uint16_t id)
{
	ip_begin();
	vnf_test_echo(&whole, reply, id, 1);
	whole_end(92);
}

static void echoes(void)
{
	replay_start();
	for (uint32_t reply = 0; reply < 2; reply++) {
		echo_begin(reply != 0, (uint16_t)(700 + reply));
		part_send(reply, PART, 100);
		part_send(reply, 0, PART);
	}
	/* Not a query: its octets 4 and 5 are no identifier. */
	ip_begin();
	vnf_test_icmp(&whole, v6 ? 135 : 9, 0, 0x12345678);
	whole_end(92);
	part_send(2, 0, PART);
	part_send(2, PART, 100);
	run();
	passed(6);
	cr_assert_eq(noted(700), 2);
	cr_assert_eq(noted(701), 2);
	cr_assert_eq(noted(v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP), 2);
}

Test(frag, echo_of_icmp)
{
	echoes();
}

Test(frag, echo_of_icmpv6)
{
	v6 = true;
	echoes();
}

/* The type of the other family is something else. */
Test(frag, an_echo_of_the_wrong_family_is_none)
{
	replay_start();
	ip_begin();
	vnf_test_icmp(&whole, 128, 0, 0x12345678);
	whole_end(92);
	part_send(1, 0, PART);
	part_send(1, PART, 100);
	run();
	passed(2);
	cr_assert_eq(noted(IPPROTO_ICMP), 2);
}

Test(frag, ipv6_with_extension_headers)
{
	v6 = true;
	replay_start();
	ip_begin();
	vnf_test_ipv6_ext(&whole, 0, 16);
	vnf_test_ipv6_ext(&whole, 60, 8);
	vnf_test_udp(&whole, 1000, 53);
	whole_end(92);
	part_send(1, 32, 108);
	part_send(1, 0, 32);
	run();
	passed(2);
	cr_assert_eq(noted(53), 2);
}

/* ---- what is no fragment of a datagram ---- */

/* RFC 6946: by itself, though a datagram with its identification is on its way. */
Test(frag, an_atomic_fragment_touches_no_datagram)
{
	v6 = true;
	replay_start();
	udp(53, 100);
	part_send(1, 0, PART);
	ip_begin();
	vnf_test_ipv6_fragment(&whole, 1, 0, false);
	vnf_test_udp(&whole, 1000, 99);
	whole_end(92);
	cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0);
	udp(53, 100);
	part_send(1, PART, 100);
	run();
	passed(3);
	cr_assert_eq(noted(53), 2);
	cr_assert_eq(most_datagrams, 1);
}

Test(frag, an_empty_fragment_is_none)
{
	replay_start();
	ip_begin();
	vnf_test_ipv4_fragment(&whole, 64, false);
	vnf_test_next(&whole, IPPROTO_UDP);
	cr_assert_eq(vnf_test_finish(&whole), 0);
	cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0);
	run();
	passed(0);
	dropped("fragment_length", 1);
	cr_assert_eq(most_datagrams, 0);
}

Test(frag, wrong_budgets_are_refused)
{
	static const struct vnf_frags_conf wrong[] = {
		{ .datagrams = VNF_FRAG_DATAGRAMS_MAX + 1 },
		{ .waiting = VNF_FRAG_WAITING_MAX + 1 },
		{ .waiting_each = VNF_FRAG_PARTS_MAX + 1 },
		{ .life_ns = VNF_FRAG_LIFE_MAX_NS + 1 },
		{ .ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES + 1 },
	};
	struct vnf_worker worker = { .count = 1 };

	for (uint32_t i = 0; i < RTE_DIM(wrong); i++)
		cr_assert_eq(vnf_frags_create(&worker, &wrong[i], &frags), -EINVAL, "%u", i);
	vnf_frags_destroy(NULL);
}
