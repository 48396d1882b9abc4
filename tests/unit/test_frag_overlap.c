/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fragments that contradict each other: what they do to their datagram, in both families and by
 * both rules for IPv4, in any order and with a first fragment or without.
 */
#include "frag_support.h"

/* Octets of the datagram that is cut; multiples of 8 in between. */
#define OCTETS 100
#define LONGER 140
#define PARTS_MAX 4

/* A fragment of the datagram, or (longer) of one that is like it but longer. */
struct piece {
	uint16_t begin;
	uint16_t end; /* 0: to the end, and so the last */
	bool longer;
	uint16_t port;
};

struct story {
	struct piece piece[PARTS_MAX];
	uint32_t n;
	uint32_t passed;    /* of them, before one that is refused comes */
	const char *reason; /* all others are dropped for it, those too that come later */
};

#define PIECE(begin, end)                                                                          \
	{                                                                                          \
		begin, end, false, 53                                                              \
	}
#define LONG(begin, end)                                                                           \
	{                                                                                          \
		begin, end, true, 53                                                               \
	}

/* Each ends the datagram, whatever the rule. */
static const struct story fatal[] = {
	{ { PIECE(0, 64), PIECE(56, 0) }, 2, 1, "fragment_overlap" },
	{ { PIECE(64, 0), PIECE(0, 72) }, 2, 0, "fragment_overlap" },
	/* Within the first, over its headers, around it. */
	{ { PIECE(0, 64), PIECE(8, 16) }, 2, 1, "fragment_overlap" },
	{ { PIECE(0, 64), PIECE(0, 32) }, 2, 1, "fragment_overlap" },
	{ { PIECE(0, 64), PIECE(8, 64) }, 2, 1, "fragment_overlap" },
	{ { PIECE(0, 32), PIECE(0, 64) }, 2, 1, "fragment_overlap" },
	{ { PIECE(0, 64), { 0, 64, false, 80 } }, 2, 1, "fragment_overlap" },
	{ { PIECE(0, 64), { 0, 64, true, 53 } }, 2, 1, "fragment_overlap" },
	/* Around a later one, over two, over a gap. */
	{ { PIECE(32, 40), PIECE(24, 48) }, 2, 0, "fragment_overlap" },
	{ { PIECE(0, 32), PIECE(48, 64), PIECE(24, 56) }, 3, 2, "fragment_overlap" },
	{ { PIECE(0, 32), PIECE(40, 64), PIECE(24, 48) }, 3, 2, "fragment_overlap" },
	/* Another end; octets beyond it, before and after. */
	{ { PIECE(64, 0), LONG(64, 0) }, 2, 0, "fragment_end" },
	{ { PIECE(64, 0), LONG(104, 112) }, 2, 0, "fragment_end" },
	{ { LONG(104, 112), PIECE(64, 0) }, 2, 0, "fragment_end" },
	{ { PIECE(0, 64), LONG(96, 104), PIECE(96, 0) }, 3, 2, "fragment_end" },
};

static void piece_send(const struct piece *piece, uint32_t id)
{
	udp(piece->port, piece->longer ? LONGER : OCTETS);
	part_send(id, piece->begin, piece->end);
}

/* And what comes after it, which would make it whole. */
static void story_send(const struct story *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->n; i++)
		piece_send(&s->piece[i], id);
	udp(53, OCTETS);
	part_send(id, 0, 48);
	part_send(id, 48, 0);
}

static void each_is_fatal(void)
{
	int64_t n_passed = 0, n_overlap = 0, n_end = 0;

	conf.per_source = 100;
	replay_start();
	for (uint32_t i = 0; i < RTE_DIM(fatal); i++) {
		story_send(&fatal[i], i);
		n_passed += fatal[i].passed;
		*(strcmp(fatal[i].reason, "fragment_end") == 0 ? &n_end : &n_overlap) +=
			fatal[i].n - fatal[i].passed + 2;
	}
	run();
	passed(n_passed);
	dropped("fragment_overlap", n_overlap);
	dropped("fragment_end", n_end);
	cr_assert_eq(n_ended, RTE_DIM(fatal));
	cr_assert_eq(most_datagrams, RTE_DIM(fatal));
}

Test(frag_overlap, ends_a_datagram_of_ipv4)
{
	each_is_fatal();
}

Test(frag_overlap, ends_a_datagram_of_ipv4_that_may_have_duplicates)
{
	conf.ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES;
	each_is_fatal();
}

/* RFC 5722, whatever is said of IPv4. */
Test(frag_overlap, ends_a_datagram_of_ipv6)
{
	v6 = true;
	conf.ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES;
	each_is_fatal();
}

/* ---- duplicates ---- */

/* Each fragment twice, in and out of order, and once more when the first has come. */
static void doubled(void)
{
	replay_start();
	udp(53, OCTETS);
	part_send(1, 64, 0);
	part_send(1, 64, 0);
	part_send(1, 0, 32);
	part_send(1, 0, 32);
	part_send(1, 64, 0);
	part_send(1, 32, 64);
	run();
}

Test(frag_overlap, duplicates_are_dropped_where_they_may_be)
{
	conf.ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES;
	doubled();
	passed(3);
	cr_assert_eq(noted(53), 3);
	dropped("fragment_duplicate", 3);
}

Test(frag_overlap, duplicates_end_the_datagram_where_they_may_not_be)
{
	doubled();
	passed(0);
	dropped("fragment_overlap", 6);
}

Test(frag_overlap, duplicates_end_the_datagram_of_ipv6)
{
	v6 = true;
	conf.ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES;
	doubled();
	passed(0);
	dropped("fragment_overlap", 6);
}

/* It says that it is the last, as the first to come did not. */
Test(frag_overlap, a_duplicate_with_another_flag_is_none)
{
	conf.ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES;
	replay_start();
	udp(53, 64);
	part_send(1, 0, 32);
	part_send(1, 32, 0);
	udp(53, OCTETS);
	part_send(2, 0, 32);
	part_send(2, 32, 64);
	udp(53, 64);
	part_send(2, 32, 0);
	run();
	passed(4);
	dropped("fragment_end", 1);
}

/* A datagram is not whole because there was as much as it has. */
Test(frag_overlap, duplicates_make_nothing_whole)
{
	conf.ipv4_overlap = VNF_FRAG_OVERLAP_DUPLICATES;
	replay_start();
	udp(53, 96);
	part_send(1, 0, 32);
	part_send(1, 0, 32);
	part_send(1, 64, 0);
	/* Were it whole, these would be of another, and wait. */
	part_send(1, 64, 0);
	part_send(1, 32, 64);
	run();
	passed(3);
	dropped("fragment_duplicate", 2);
	cr_assert_eq(noted(53), 3);
}

/* ---- lengths ---- */

/* The last fragment alone would fit, with the options of the first one it does not. */
Test(frag_overlap, a_datagram_with_its_headers_is_a_packet)
{
	for (uint32_t first = 0; first < 2; first++) {
		if (t == NULL)
			replay_start();
		for (uint32_t i = 0; i < 2; i++) {
			ip_begin();
			if (i != first) {
				vnf_test_ipv4_id(&whole, (uint16_t)first);
				vnf_test_ipv4_fragment(&whole, 65496, false);
				vnf_test_next(&whole, IPPROTO_UDP);
				vnf_test_payload(&whole, 19);
			} else {
				vnf_test_ipv4_options(&whole, NULL, 4);
				vnf_test_ipv4_id(&whole, (uint16_t)first);
				vnf_test_ipv4_fragment(&whole, 0, true);
				vnf_test_udp(&whole, 1000, 53);
				vnf_test_payload(&whole, 8);
			}
			cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0);
		}
	}
	run();
	passed(1);
	dropped("fragment_beyond", 3);
}

/* The same by a header in front of the first one's fragment header. */
Test(frag_overlap, a_datagram_of_ipv6_with_its_headers_is_a_packet)
{
	v6 = true;
	replay_start();
	for (uint32_t id = 0; id < 2; id++) {
		ip_begin();
		if (id == 1)
			vnf_test_ipv6_ext(&whole, 0, 8);
		vnf_test_ipv6_fragment(&whole, id, 0, true);
		vnf_test_udp(&whole, 1000, 53);
		vnf_test_payload(&whole, 8);
		cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0);
		ip_begin();
		vnf_test_ipv6_fragment(&whole, id, 65520, false);
		vnf_test_next(&whole, IPPROTO_UDP);
		vnf_test_payload(&whole, 15);
		cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0);
	}
	run();
	passed(3);
	dropped("fragment_beyond", 1);
}

Test(frag_overlap, the_longest_datagram_passes)
{
	replay_start();
	for (uint32_t at = 0; at < 65496; at += 1480) {
		ip_begin();
		vnf_test_ipv4_fragment(&whole, at, true);
		if (at == 0)
			vnf_test_udp(&whole, 1000, 53);
		else
			vnf_test_next(&whole, IPPROTO_UDP);
		vnf_test_payload(&whole, RTE_MIN(1480u, 65496 - at) - (at == 0 ? 8 : 0));
		cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0, "%s", whole.failed);
	}
	ip_begin();
	vnf_test_ipv4_fragment(&whole, 65496, false);
	vnf_test_next(&whole, IPPROTO_UDP);
	vnf_test_payload(&whole, 19);
	cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &whole), 0);
	/* It was whole: this is of another. */
	udp(53, 100);
	part_send(0, 64, 0);
	run();
	passed(46);
	dropped("stopping", 1);
}

Test(frag_overlap, a_datagram_has_so_many_fragments_at_most)
{
	replay_start();
	udp(53, 8 * (VNF_FRAG_PARTS_MAX + 2));
	for (uint32_t i = 0; i < VNF_FRAG_PARTS_MAX + 2; i++)
		part_send(1, 8 * i, i == VNF_FRAG_PARTS_MAX + 1 ? 0 : 8 * (i + 1));
	run();
	passed(VNF_FRAG_PARTS_MAX);
	dropped("fragment_many", 2);
}
