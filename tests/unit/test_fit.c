/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What packets become on their way out of a port, vnf_fit_next() held against the plain way: random
 * frames of TCP and UDP, with all that may be in front of it, to ports that take all kinds of
 * things.
 */
#include "fit_support.h"

#define ROUNDS 20000
#define PADDING_MAX 40

/* ---- random frames ---- */

static uint16_t random_l2(void)
{
	uint32_t tags = draw(3), at = 12;

	draw_octets(whole, 12);
	whole[0] &= 0xfe;
	for (uint32_t i = 0; i < tags; i++, at += 4) {
		put16(whole + at, draw(2) ? 0x8100 : 0x88a8);
		put16(whole + at + 2, draw(65536));
	}
	put16(whole + at, s.v6 ? 0x86dd : 0x0800);
	return (uint16_t)(at + 2);
}

/* With options that are of no importance: no operation, router alert. */
static uint16_t random_ipv4(void)
{
	uint8_t *ip = whole + s.l3;
	uint32_t words = draw(3) == 0 ? draw(11) : 0;

	draw_octets(ip, 20);
	ip[0] = (uint8_t)(0x40 | (5 + words));
	put16(ip + 6, draw(2) ? 0x4000 : 0);
	ip[9] = s.proto;
	for (uint32_t i = 0; i < words; i++)
		memcpy(ip + 20 + i * 4, draw(2) ? "\1\1\1\1" : "\x94\4\0\0", 4);
	return (uint16_t)(s.l3 + 20 + words * 4);
}

/* An extension header that is one option of padding, or a route that is at its end. */
static uint8_t *extension_put(uint8_t *next, uint8_t type, uint16_t *at)
{
	uint8_t *ext = whole + *at;
	uint32_t octets = 8 * (1 + draw(3));

	*next = type;
	memset(ext, 0, octets);
	ext[1] = (uint8_t)(octets / 8 - 1);
	ext[2] = 1;
	ext[3] = (uint8_t)(octets - 4);
	if (type == IPPROTO_ROUTING) {
		ext[2] = 4;
		ext[3] = 0;
	}
	*at = (uint16_t)(*at + octets);
	return ext;
}

static uint16_t random_ipv6(void)
{
	uint8_t *ip = whole + s.l3, *next = ip + 6;
	uint16_t at = (uint16_t)(s.l3 + 40);

	draw_octets(ip, 40);
	ip[0] = (uint8_t)(0x60 | (ip[0] & 15));
	if (draw(3) == 0)
		next = extension_put(next, IPPROTO_HOPOPTS, &at);
	if (draw(4) == 0)
		next = extension_put(next, IPPROTO_DSTOPTS, &at);
	if (draw(6) == 0)
		next = extension_put(next, IPPROTO_ROUTING, &at);
	*next = s.proto;
	return at;
}

/* Neither SYN nor RST, which go with no payload. */
static uint16_t random_tcp(void)
{
	uint8_t *tcp = whole + s.l4;
	uint32_t words = 5 + draw(11);

	draw_octets(tcp, words * 4);
	if (draw(4) == 0)
		put32(tcp + 4, UINT32_MAX - draw(30000)); /* comes around */
	tcp[12] = (uint8_t)(words << 4 | draw(16));
	tcp[13] &= (uint8_t) ~(SYN | 4);
	if (draw(4) != 0)
		tcp[13] &= (uint8_t)~CWR;
	return (uint16_t)(s.l4 + words * 4);
}

static uint32_t random_length(uint32_t max)
{
	static const uint32_t below[] = { 40, 400, 4000, 40000, IP_MAX };

	return RTE_MIN(draw(below[draw(RTE_DIM(below))]), max);
}

/* What a device, a peer or a VNF may say of it, and what is in the fields that it leaves open. */
static void random_state(void)
{
	static const uint64_t tso[] = { RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE,
					RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_GOOD,
					RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM,
					RTE_MBUF_F_TX_TCP_SEG };
	uint64_t asked = s.proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;

	s.flags = draw(2) ? asked : RTE_MBUF_F_RX_L4_CKSUM_NONE;
	if (s.tso)
		s.flags = tso[draw(RTE_DIM(tso))];
	s.ip_asked = false;
	if ((s.flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0) {
		s.flags |= s.v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
		s.ip_asked = !s.v6 && draw(2);
	}
	if (s.ip_asked)
		s.flags |= RTE_MBUF_F_TX_IP_CKSUM;
	else
		ip_sum_make(whole);
	switch (draw(3)) {
	case 0: /* without the length, as network cards want it */
		put16(whole + sum_offset(), sum_pseudo(whole, s.l4));
		break;
	case 1:
		l4_sum_make(whole, s.end, true);
		break;
	default:
		put16(whole + sum_offset(), draw(65536));
	}
}

static uint32_t random_segment(void)
{
	switch (draw(20)) {
	case 0:
		return draw(65536);
	case 1:
		return draw(2 * VNF_TSO_MIN);
	default:
		return 40 + draw(1500);
	}
}

static void random_frame(void)
{
	uint32_t room;

	s.v6 = draw(2);
	s.tso = draw(4) != 0;
	s.proto = s.tso || draw(2) ? IPPROTO_TCP : IPPROTO_UDP;
	s.l3 = random_l2();
	s.l4 = s.v6 ? random_ipv6() : random_ipv4();
	s.payload = s.proto == IPPROTO_TCP ? random_tcp() : (uint16_t)(s.l4 + 8);
	if (s.proto == IPPROTO_UDP)
		draw_octets(whole + s.l4, 8);
	room = (uint32_t)s.l3 + IP_MAX - s.payload;
	s.end = s.payload + random_length(s.tso ? room : 2500);
	s.length = s.end + (draw(6) == 0 ? 1 + draw(PADDING_MAX) : 0);
	draw_octets(whole + s.payload, s.length - s.payload);
	s.plain = s.length == s.end && (!s.v6 || s.l4 == s.l3 + 40);
	s.segment = (uint16_t)random_segment();
	lengths_put();
	random_state();
}

static enum fate random_fate(uint32_t *reason)
{
	uint32_t needed = VNF_TAKES_CHECKSUM | (s.v6 ? VNF_TAKES_TSO6 : VNF_TAKES_TSO4);

	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	if (s.tso && (s.segment < VNF_TSO_MIN || (whole[s.l4 + 13] & SYN) != 0))
		return DROPPED;
	*reason = VNF_DROP_TOO_LONG;
	if (s.tso && s.end - s.payload > s.segment) {
		if (s.payload + (uint32_t)s.segment > frame_max() || s.length > VNF_TSO_FRAME_MAX)
			return DROPPED;
		return (port.takes & needed) == needed && s.plain && s.segment >= port.tso_min &&
				       (whole[s.l4 + 13] & CWR) == 0
			       ? WHOLE
			       : CUT;
	}
	return s.length > frame_max() ? DROPPED : FINISHED;
}

/* ---- the random frames ---- */

static void random_check(void)
{
	static const uint16_t rooms[] = { 1, 7, ROOM_MAX };
	uint32_t reason, at = 0, number = 0;
	enum fate fate = random_fate(&reason);
	struct rte_mbuf *pkt = frame_packet(), *out[ROOM_MAX];
	uint16_t room = rooms[draw(RTE_DIM(rooms))], n;
	struct vnf_fit fit;

	counters_forget();
	fit_begin(&fit, &pkt, 1);
	while ((n = fit_next(&fit, out, room)) > 0) {
		for (uint16_t i = 0; i < n; i++, number++) {
			if (fate == CUT)
				at += segment_check(out[i], at, number);
			else
				one_check(out[i], fate);
		}
		rte_pktmbuf_free_bulk(out, n);
	}
	cr_assert_eq(number, fate == DROPPED ? 0
			     : fate == CUT   ? (s.end - s.payload + s.segment - 1) / s.segment
					     : 1u);
	cr_assert_eq(worker.counters.created, number > 1 ? number - 1 : 0);
	cr_assert_eq(drops_of(reason), fate == DROPPED);
	check_ledger();
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit, random_frames_of_all_kinds, .init = setup, .fini = teardown)
{
	static const uint16_t mtus[] = { 576, 1280, 1500, ROOM - VNF_FRAME_OVERHEAD };
	static const uint32_t takes[] = {
		0,
		VNF_TAKES_CHECKSUM,
		VNF_TAKES_CHECKSUM | VNF_TAKES_IP_CHECKSUM,
		VNF_TAKES_CHECKSUM | VNF_TAKES_TSO4,
		VNF_TAKES_CHECKSUM | VNF_TAKES_TSO6,
		TSO_BOTH,
		TSO_BOTH | VNF_TAKES_IP_CHECKSUM,
		VNF_TAKES_TSO4 | VNF_TAKES_TSO6, /* of no use alone */
	};
	uint32_t seen[4] = { 0 };

	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint32_t reason;

		port.mtu = mtus[draw(RTE_DIM(mtus))];
		port.tso_min = draw(4) == 0 ? 256 : VNF_TSO_MIN;
		vnf_port_set_takes(&port, takes[draw(RTE_DIM(takes))]);
		random_frame();
		seen[random_fate(&reason)]++;
		random_check();
	}
	/* The test looks at all of them. */
	for (unsigned int i = 0; i < RTE_DIM(seen); i++)
		cr_expect_gt(seen[i], ROUNDS / 20, "fate %u: %u", i, seen[i]);
}
