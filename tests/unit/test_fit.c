/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What packets become on their way out of a port, vnf_fit_next() held against the plain way: random
 * frames are laid down octet by octet, with all that their headers mean known; what has to come out
 * is made from them likewise, and every checksum from nothing. After each packet everything is
 * accounted for, and in the end the pool is full again.
 */
#include "packet_support.h"

#define ROUNDS 20000
#define PORT 3
#define PORTS 4
/* The most that one call is asked for. */
#define ROOM_MAX 64
#define WHOLE_MAX (VNF_TSO_FRAME_MAX + 64)
#define PADDING_MAX 40
#define IP_MAX 65535
#define TSO_BOTH (VNF_TAKES_CHECKSUM | VNF_TAKES_TSO4 | VNF_TAKES_TSO6)

#define FIN 0x01
#define PSH 0x08
#define CWR 0x80

/* Of the random frame. */
static struct {
	bool v6, tso, ip_asked;
	bool plain; /* nothing but an IP header before layer 4, nothing behind the IP packet */
	uint8_t proto;
	uint16_t l3, l4, payload;
	uint32_t end, length;
	uint16_t segment; /* tso_segsz */
	uint64_t flags;
} s;

static uint8_t whole[WHOLE_MAX], expected[WHOLE_MAX];
static struct vnf_port_counters port_counters[PORTS];
static struct worker worker = { .counters = { .port = port_counters } };
static struct vnf_port_spec spec;
static struct vnf_port port;
static uint64_t given, came_out;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static void draw_octets(uint8_t *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)draw(256);
}

/* ---- the plain way ---- */

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint32_t sum_octets(uint32_t sum, const uint8_t *data, uint32_t n)
{
	uint64_t all = sum;

	for (uint32_t i = 0; i < n; i++)
		all += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (all > UINT16_MAX)
		all = (all & UINT16_MAX) + (all >> 16);
	return (uint32_t)all;
}

static uint32_t sum_offset(void)
{
	return s.l4 + (s.proto == IPPROTO_TCP ? 16u : 6u);
}

static uint32_t sum_pseudo(const uint8_t *frame, uint32_t end)
{
	uint32_t addresses =
		s.v6 ? sum_octets(0, frame + s.l3 + 8, 32) : sum_octets(0, frame + s.l3 + 12, 8);

	return sum_octets(addresses + s.proto + (end - s.l4), NULL, 0);
}

/* The sum of all, or of the pseudo header only. */
static void l4_sum_make(uint8_t *frame, uint32_t end, bool open)
{
	uint8_t *at = frame + sum_offset();
	uint32_t sum = sum_pseudo(frame, end);

	put16(at, 0);
	if (!open) {
		sum = (uint16_t)~sum_octets(sum, frame + s.l4, end - s.l4);
		if (sum == 0 && s.proto == IPPROTO_UDP)
			sum = UINT16_MAX;
	}
	put16(at, sum);
}

static void ip_sum_make(uint8_t *frame)
{
	uint8_t *ip = frame + s.l3;

	if (s.v6)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum_octets(0, ip, (ip[0] & 15u) * 4));
}

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
	tcp[13] &= (uint8_t)~6;
	return (uint16_t)(s.l4 + words * 4);
}

static uint32_t random_length(uint32_t max)
{
	static const uint32_t below[] = { 40, 400, 4000, 40000, IP_MAX };

	return RTE_MIN(draw(below[draw(RTE_DIM(below))]), max);
}

static void lengths_put(void)
{
	uint32_t octets = s.end - s.l3;

	put16(whole + s.l3 + (s.v6 ? 4 : 2), s.v6 ? octets - 40 : octets);
	if (s.proto == IPPROTO_UDP)
		put16(whole + s.l4 + 4, s.end - s.l4);
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

/* ---- frames as packets ---- */

/* Over as few buffers as there may be, or many. */
static uint32_t random_step(uint32_t length)
{
	switch (draw(4)) {
	case 0:
		return ROOM;
	case 1:
		return 1 + draw(ROOM);
	case 2:
		return length < 8000 ? 1 + draw(100) : 500 + draw(1500);
	default:
		return 200 + draw(200);
	}
}

static struct rte_mbuf *frame_packet(void)
{
	struct rte_mbuf *pkt = NULL;

	for (uint32_t at = 0, n; at < s.length; at += n) {
		struct rte_mbuf *seg;

		/* A callback may rely on an Ethernet header. */
		n = RTE_MAX(random_step(s.length), at == 0 ? (uint32_t)ETH : 1u);
		n = RTE_MIN(n, s.length - at);
		seg = segment_make(whole + at, n);
		if (pkt == NULL)
			pkt = seg;
		else
			cr_assert_eq(rte_pktmbuf_chain(pkt, seg), 0);
	}
	pkt->port = 7;
	pkt->ol_flags |= s.flags;
	pkt->tso_segsz = s.segment;
	return pkt;
}

static bool packet_equals(const struct rte_mbuf *pkt, const uint8_t *data, uint32_t n)
{
	static uint8_t copy[WHOLE_MAX];

	return pkt->pkt_len == n && memcmp(rte_pktmbuf_read(pkt, 0, n, copy), data, n) == 0;
}

/* ---- what has to become of them ---- */

enum fate {
	DROPPED,
	WHOLE,
	FINISHED, /* its checksum, completed or left open */
	CUT,
};

static uint32_t frame_max(void)
{
	return port.mtu + VNF_FRAME_OVERHEAD;
}

static enum fate random_fate(uint32_t *reason)
{
	uint32_t needed = VNF_TAKES_CHECKSUM | (s.v6 ? VNF_TAKES_TSO6 : VNF_TAKES_TSO4);

	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	if (s.tso && s.segment < VNF_TSO_MIN)
		return DROPPED;
	*reason = VNF_DROP_TOO_LONG;
	if (s.tso && s.end - s.payload > s.segment) {
		if (s.payload + (uint32_t)s.segment > frame_max() || s.length > VNF_TSO_FRAME_MAX)
			return DROPPED;
		return (port.takes & needed) == needed && s.plain && s.segment >= port.tso_min
			       ? WHOLE
			       : CUT;
	}
	return s.length > frame_max() ? DROPPED : FINISHED;
}

static bool left_open(void)
{
	return (port.takes & VNF_TAKES_CHECKSUM) != 0 && s.plain;
}

/* The flags say what is open and where, and nothing else. */
static void flags_check(const struct rte_mbuf *pkt, bool open, bool tso)
{
	uint64_t want = 0;

	if (open) {
		want = s.proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
		want |= s.v6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
		cr_assert_eq(pkt->l2_len, s.l3);
		cr_assert_eq(pkt->l3_len, s.l4 - s.l3);
		cr_assert_eq(pkt->l4_len, s.payload - s.l4);
	}
	if (tso) {
		want |= RTE_MBUF_F_TX_TCP_SEG;
		if (!s.v6 && (port.takes & VNF_TAKES_IP_CHECKSUM) != 0)
			want |= RTE_MBUF_F_TX_IP_CKSUM;
		cr_assert_eq(pkt->tso_segsz, s.segment);
	}
	cr_assert_eq(pkt->ol_flags, want, "%lx, not %lx", pkt->ol_flags, want);
	cr_assert_eq(pkt->port, 7);
}

static void one_check(const struct rte_mbuf *pkt, enum fate fate)
{
	bool open = left_open();

	memcpy(expected, whole, s.length);
	l4_sum_make(expected, s.end, open);
	if (s.ip_asked)
		ip_sum_make(expected);
	/* The device makes it. */
	if (fate == WHOLE && !s.v6 && (port.takes & VNF_TAKES_IP_CHECKSUM) != 0)
		put16(expected + s.l3 + 10, get16(whole + s.l3 + 10));
	flags_check(pkt, open, fate == WHOLE);
	cr_assert(packet_equals(pkt, expected, s.length));
}

/* Of the payload, the octets from `at` on. Returns how many. */
static uint32_t segment_check(const struct rte_mbuf *pkt, uint32_t at, uint32_t number)
{
	uint32_t n = RTE_MIN((uint32_t)s.segment, s.end - s.payload - at);
	uint32_t end = s.payload + n;
	uint8_t *ip = expected + s.l3, *tcp = expected + s.l4;

	memcpy(expected, whole, s.payload);
	memcpy(expected + s.payload, whole + s.payload + at, n);
	put16(ip + (s.v6 ? 4 : 2), end - s.l3 - (s.v6 ? 40 : 0));
	if (!s.v6)
		put16(ip + 4, get16(ip + 4) + number);
	put32(tcp + 4, get32(tcp + 4) + at);
	if (number != 0)
		tcp[13] &= (uint8_t)~CWR;
	if (s.payload + at + n != s.end)
		tcp[13] &= (uint8_t) ~(FIN | PSH);
	ip_sum_make(expected);
	l4_sum_make(expected, end, left_open());
	flags_check(pkt, left_open(), false);
	cr_assert_eq(pkt->nb_segs, 1);
	cr_assert(packet_equals(pkt, expected, end), "segment %u", number);
	return n;
}

/* ---- the port ---- */

static uint64_t drops_of(uint32_t reason)
{
	return port_counters[PORT].drops[reason];
}

static uint64_t all_drops(void)
{
	uint64_t all = 0;

	for (uint16_t i = 0; i < PORTS; i++)
		for (unsigned int r = 0; r < VNF_DROPS_MAX; r++)
			all += port_counters[i].drops[r];
	return all;
}

static void counters_forget(void)
{
	memset(port_counters, 0, sizeof(port_counters));
	worker.counters.created = 0;
	given = came_out = 0;
}

static void check_ledger(void)
{
	cr_assert_eq(given + worker.counters.created, came_out + all_drops(),
		     "%lu given, %lu created, %lu came out, %lu dropped", given,
		     worker.counters.created, came_out, all_drops());
}

static void setup(void)
{
	packets_start();
	eal_support_port(&port, NULL, &spec, pool);
	port.id = PORT;
	port.tso_min = VNF_TSO_MIN;
	counters_forget();
}

static void teardown(void)
{
	rte_mempool_free(pool);
	eal_support_stop();
}

static void fit_begin(struct vnf_fit *fit, struct rte_mbuf **pkts, uint16_t n)
{
	given += n;
	vnf_fit_begin(fit, &worker.pub, &port, pkts, n);
}

static uint16_t fit_next(struct vnf_fit *fit, struct rte_mbuf **out, uint16_t room)
{
	uint16_t n = vnf_fit_next(fit, out, room);

	cr_assert_leq(n, room);
	came_out += n;
	return n;
}

/* Put one packet through; all that comes out has room. */
static uint16_t fit_one(struct rte_mbuf *pkt, struct rte_mbuf **out)
{
	struct vnf_fit fit;
	uint16_t n;

	fit_begin(&fit, &pkt, 1);
	n = fit_next(&fit, out, ROOM_MAX);
	if (n != 0)
		cr_assert_eq(fit_next(&fit, out + n, 1), 0);
	check_ledger();
	return n;
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

/* ---- one thing at a time ---- */

/* A frame of TCP over IPv4 without anything special, in whole[] and s. */
static void plain_frame(uint32_t octets, uint16_t segment)
{
	memset(&s, 0, sizeof(s));
	memset(whole, 0, 54);
	s.tso = true;
	s.proto = IPPROTO_TCP;
	s.l3 = ETH;
	s.l4 = ETH + 20;
	s.payload = ETH + 40;
	s.end = s.length = s.payload + octets;
	s.plain = true;
	s.segment = segment;
	s.flags = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE;
	put16(whole + 12, 0x0800);
	whole[ETH] = 0x45;
	whole[ETH + 8] = 64;
	whole[ETH + 9] = IPPROTO_TCP;
	put32(whole + ETH + 12, 0x0a000001);
	put32(whole + ETH + 16, 0x0a000002);
	whole[s.l4 + 12] = 0x50;
	whole[s.l4 + 13] = FIN | PSH | CWR | 0x10;
	draw_octets(whole + s.payload, octets);
	lengths_put();
	ip_sum_make(whole);
	l4_sum_make(whole, s.end, true);
}

static void segments_check(struct rte_mbuf *const *out, uint16_t n)
{
	uint32_t at = 0;

	for (uint16_t i = 0; i < n; i++)
		at += segment_check(out[i], at, i);
}

/* What is in whole[] is dropped, for this and no other reason. */
static void expect_dropped(uint32_t reason, const char *what)
{
	struct rte_mbuf *out[ROOM_MAX];
	uint16_t n;

	counters_forget();
	n = fit_one(frame_packet(), out);
	rte_pktmbuf_free_bulk(out, n);
	cr_expect_eq(n, 0, "%s", what);
	cr_expect_eq(drops_of(reason), 1, "%s", what);
	cr_expect_eq(all_drops(), 1, "%s", what);
	cr_expect_eq(worker.counters.created, 0, "%s", what);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* The room that a caller has makes no difference. */
Test(fit, packets_keep_their_order_in_whatever_room, .init = setup, .fini = teardown)
{
	static const uint16_t rooms[] = { 1, 2, 7, ROOM_MAX };
	static const uint16_t payloads[] = { 3000, 100, 1460, 2500, 5000 };
	static const uint16_t lengths[] = { 1054, 1054, 1054, 154, 1514, 1054, 1054, 554 };

	for (size_t r = 0; r < RTE_DIM(rooms); r++) {
		struct rte_mbuf *pkts[RTE_DIM(payloads)], *out[ROOM_MAX];
		uint16_t n = 0, got;
		struct vnf_fit fit;

		counters_forget();
		for (size_t i = 0; i < RTE_DIM(payloads); i++) {
			plain_frame(payloads[i], 1000);
			if (i == 1 || i == 2)
				s.flags = 0;
			if (i == 4) /* too long; nothing of it comes out */
				s.flags = 0;
			pkts[i] = frame_packet();
		}
		fit_begin(&fit, pkts, RTE_DIM(payloads));
		while ((got = fit_next(&fit, out + n, RTE_MIN(rooms[r], ROOM_MAX - n))) > 0)
			n += got;
		cr_assert_eq(n, RTE_DIM(lengths));
		for (uint16_t i = 0; i < n; i++)
			cr_expect_eq(out[i]->pkt_len, lengths[i], "room %u: %u", rooms[r], i);
		cr_expect_eq(worker.counters.created, 4);
		cr_expect_eq(drops_of(VNF_DROP_TOO_LONG), 1);
		check_ledger();
		rte_pktmbuf_free_bulk(out, n);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}

Test(fit, what_is_not_open_is_only_measured, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = {
		0,
		RTE_MBUF_F_TX_IPV4,
		RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_OUTER_IPV4,
		RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_VLAN,
	};
	struct rte_mbuf *pkt, *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		for (uint32_t more = 0; more < 3; more++) {
			counters_forget();
			plain_frame(port.mtu + VNF_FRAME_OVERHEAD - 54 - 1 + more, 1000);
			s.flags = flags[i];
			put16(whole + s.l3 + 10, 0x1234); /* wrong, and nobody's business */
			pkt = frame_packet();
			if (more == 2) {
				cr_expect_eq(fit_one(pkt, out), 0);
				cr_expect_eq(drops_of(VNF_DROP_TOO_LONG), 1);
				continue;
			}
			cr_assert_eq(fit_one(pkt, out), 1);
			cr_expect_eq(out[0], pkt);
			cr_expect_eq(pkt->ol_flags, flags[i]);
			cr_expect(packet_equals(pkt, whole, s.length));
			rte_pktmbuf_free(pkt);
		}
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit, what_nobody_here_can_do_is_refused, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = {
		RTE_MBUF_F_TX_VLAN,           RTE_MBUF_F_TX_QINQ,
		RTE_MBUF_F_TX_OUTER_IP_CKSUM, RTE_MBUF_F_TX_OUTER_UDP_CKSUM,
		RTE_MBUF_F_TX_UDP_SEG,        RTE_MBUF_F_TX_TUNNEL_VXLAN,
		RTE_MBUF_F_TX_MACSEC,         RTE_MBUF_F_TX_SEC_OFFLOAD,
		RTE_MBUF_F_TX_IEEE1588_TMST,  RTE_MBUF_F_TX_SCTP_CKSUM, /* of TCP */
	};
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		for (size_t k = 0; k < RTE_DIM(takes); k++) {
			vnf_port_set_takes(&port, takes[k]);
			plain_frame(1000, 0);
			s.flags = flags[i] | RTE_MBUF_F_TX_IPV4;
			expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "alone");
			if (flags[i] == RTE_MBUF_F_TX_SCTP_CKSUM)
				continue;
			s.flags |= RTE_MBUF_F_TX_TCP_CKSUM;
			expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "with a checksum");
		}
	}
}

/* A tag that it asks for would be missing on every segment. */
Test(fit, what_nobody_here_can_do_is_refused_with_tso_too, .init = setup, .fini = teardown)
{
	static const uint64_t flags[] = { RTE_MBUF_F_TX_VLAN, RTE_MBUF_F_TX_QINQ,
					  RTE_MBUF_F_TX_OUTER_IP_CKSUM, RTE_MBUF_F_TX_MACSEC,
					  RTE_MBUF_F_TX_TUNNEL_IPIP };
	static const uint32_t takes[] = { 0, TSO_BOTH };

	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		for (size_t k = 0; k < RTE_DIM(takes); k++) {
			vnf_port_set_takes(&port, takes[k]);
			plain_frame(3000, 1000);
			s.flags = flags[i] | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM |
				  RTE_MBUF_F_TX_TCP_SEG;
			expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD,
				       takes[k] == 0 ? "cut" : "whole");
		}
	}
}

Test(fit, malformed_packets_tell_what_is_wrong, .init = setup, .fini = teardown)
{
	static const struct {
		uint16_t at;
		uint8_t value;
		uint32_t reason;
	} rows[] = {
		{ ETH, 0x44, VNF_DROP_IPV4_IHL },
		{ ETH, 0x65, VNF_DROP_IPV4_VERSION },
		{ ETH + 2, 0xff, VNF_DROP_IPV4_LENGTH },
		{ ETH + 20 + 12, 0x40, VNF_DROP_TCP_OFFSET },
	};
	static const uint64_t flags[] = { RTE_MBUF_F_RX_LRO, RTE_MBUF_F_RX_L4_CKSUM_NONE,
					  RTE_MBUF_F_TX_TCP_CKSUM };

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (size_t k = 0; k < RTE_DIM(flags); k++) {
			plain_frame(1200, 500);
			s.flags = flags[k];
			whole[rows[i].at] = rows[i].value;
			expect_dropped(rows[i].reason, "row");
		}
	}
}

/* ---- checksums ---- */

/* `p`, with what it leaves open spoiled; comes out as the packet builder made it, or left open. */
static void completes(uint64_t flags, uint16_t sum_at, uint16_t spoiled, const char *what)
{
	struct rte_mbuf *pkt, *out[ROOM_MAX];

	finish();
	pkt = packet_make(p.data, p.len, 0);
	put16(rte_pktmbuf_mtod_offset(pkt, uint8_t *, sum_at), spoiled);
	pkt->ol_flags = flags;
	counters_forget();
	cr_assert_eq(fit_one(pkt, out), 1, "%s", what);
	cr_expect_eq(out[0]->ol_flags, 0, "%s", what);
	cr_expect(packet_is(out[0], p.data, p.len), "%s", what);
	rte_pktmbuf_free(out[0]);
}

static void sctp_put(void)
{
	static const uint8_t header[20] = { 0, 7, 0, 9, 1, 2, 3, 4 };
	uint32_t crc = UINT32_MAX;
	uint8_t sctp[20];

	memcpy(sctp, header, sizeof(sctp));
	for (unsigned int i = 0; i < sizeof(sctp); i++) {
		crc ^= sctp[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	for (unsigned int i = 0; i < 4; i++)
		sctp[8 + i] = (uint8_t)(~crc >> 8 * i);
	vnf_test_next(&p, IPPROTO_SCTP);
	vnf_test_bytes(&p, sctp, sizeof(sctp));
}

/* Only TCP and UDP behind an IP header have flags for it: the rest is completed for everybody. */
Test(fit, checksums_without_a_flag_are_completed_for_all, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH | VNF_TAKES_IP_CHECKSUM };

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		ipv4_begin();
		vnf_test_echo(&p, true, 1, 2);
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 22, 0, "ICMP");
		ipv6_begin();
		vnf_test_echo(&p, true, 1, 2);
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 42, 0x55, "ICMPv6");
		ipv4_begin();
		sctp_put();
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 28, 0, "SCTP");
		ipv4_begin();
		sctp_put();
		completes(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_SCTP_CKSUM, ETH + 30, 0, "SCTP asked");
		ipv6_begin();
		vnf_test_ipv6_ext(&p, IPPROTO_HOPOPTS, 8);
		vnf_test_udp(&p, 1, 2);
		completes(RTE_MBUF_F_RX_L4_CKSUM_NONE, ETH + 54, 0x77, "UDP behind an extension");
		ipv4_begin();
		vnf_test_udp(&p, 1, 2);
		completes(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM, ETH + 10, 0x99,
			  "only IPv4's");
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A device would look for TCP right behind the IP header. */
Test(fit, behind_an_authentication_header_checksums_are_completed, .init = setup, .fini = teardown)
{
	uint8_t *ah = whole + ETH + 20;
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	plain_frame(112, 0);
	memmove(ah + 12, ah, 20);
	memset(ah, 0, 12);
	ah[0] = IPPROTO_TCP;
	ah[1] = 1;
	whole[ETH + 9] = IPPROTO_AH;
	ip_sum_make(whole);
	s.l4 += 12;
	s.payload += 12;
	s.plain = false;
	s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	cr_assert_eq(fit_one(frame_packet(), out), 1);
	one_check(out[0], FINISHED);
	rte_pktmbuf_free(out[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* Of what it says to be UDP, less than there is: neither flags nor headers can tell that. */
Test(fit, udp_shorter_than_its_packet_is_completed, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	plain_frame(100, 0);
	s.tso = false;
	s.proto = whole[ETH + 9] = IPPROTO_UDP;
	s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	ip_sum_make(whole);
	put16(whole + s.l4 + 4, 60);
	cr_assert_eq(fit_one(frame_packet(), out), 1);
	memcpy(expected, whole, s.length);
	l4_sum_make(expected, s.l4 + 60, false);
	cr_expect_eq(out[0]->ol_flags, 0);
	cr_expect(packet_equals(out[0], expected, s.length));
	rte_pktmbuf_free(out[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit, fragments_with_open_checksums_are_refused, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, TSO_BOTH };

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(100, 0);
		s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		put16(whole + ETH + 6, 0x2000);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "the first");
		put16(whole + ETH + 6, 3);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "the last");
	}
}

/* ---- what cannot be cut ---- */

/* The packet's own word must be true of it, wherever it goes. */
Test(fit, tso_of_what_is_something_else_is_refused, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };
	static const uint8_t route[12] = { 1, 131, 11, 4, 10, 0, 0, 9, 10, 0, 0, 8 };

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(4000, VNF_TSO_MIN - 1);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "segments too small");
		s.segment = 0;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "segments of nothing");
		plain_frame(20, 0); /* also one that has nothing to be cut */
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "short, and segments of nothing");
		plain_frame(4000, 1000);
		whole[ETH + 9] = IPPROTO_UDP;
		put16(whole + s.l4 + 4, 4020);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "UDP");
		whole[ETH + 9] = IPPROTO_EGP;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "another protocol");
		put16(whole + 12, 0x1234);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "not IP");
		plain_frame(4004, 1000);
		put16(whole + ETH + 6, 0x2000);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "a first fragment");
		put16(whole + ETH + 6, 3);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "a last fragment");
		/* The route takes the place of the first octets of TCP, which moves behind. */
		plain_frame(4012, 1000);
		memmove(whole + s.l4 + 12, whole + s.l4, 20);
		memcpy(whole + s.l4, route, sizeof(route));
		whole[ETH] = 0x48;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "source-routed");
	}
}

/* TCP behind an IPv6 extension header of 8 octets, whose fourth is `fourth`. */
static void extended_frame(uint8_t type, uint8_t fourth)
{
	uint8_t *ip = whole + ETH, *ext = ip + 40;

	plain_frame(4000, 1000);
	memset(ip, 0, 68);
	put16(whole + 12, 0x86dd);
	ip[0] = 0x60;
	ip[6] = type;
	ext[0] = IPPROTO_TCP;
	ext[3] = fourth;
	s.v6 = true;
	s.plain = false;
	s.l4 = ETH + 48;
	s.payload = ETH + 68;
	s.end = s.length = ETH + 48 + 4000; /* a multiple of 8, as a fragment must have */
	whole[s.l4 + 12] = 0x50;
	lengths_put();
}

Test(fit, ipv6_fragments_and_routes_are_not_cut, .init = setup, .fini = teardown)
{
	static const uint8_t types[] = { IPPROTO_FRAGMENT, IPPROTO_ROUTING };
	struct rte_mbuf *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(types); i++) {
		extended_frame(types[i], 1); /* there are more; a stop is left */
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, i == 0 ? "fragment" : "route");
		extended_frame(types[i], 0); /* it is whole; it has arrived */
		counters_forget();
		cr_assert_eq(fit_one(frame_packet(), out), 4);
		segments_check(out, 4);
		rte_pktmbuf_free_bulk(out, 4);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* TCP behind 16 octets of AH, with an extension header of `before` octets in front of that or none;
 * `second` is its second octet.
 */
static void authenticated_frame(uint8_t type, uint8_t before, uint8_t second)
{
	uint8_t *ip = whole + ETH, *ah = ip + 40 + before;

	plain_frame(4000, 1000);
	memset(ip, 0, 100);
	put16(whole + 12, 0x86dd);
	ip[0] = 0x60;
	ip[6] = type;
	put16(ip + 4, s.end - ETH - 40);
	ip[40] = IPPROTO_AH;
	ip[41] = second;
	ah[0] = IPPROTO_TCP;
	ah[1] = 2;
	ah[16 + 12] = 0x50;
}

/* No segment could have the right one, whoever cuts. */
Test(fit, what_is_authenticated_is_not_cut, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, TSO_BOTH };
	uint8_t *ip = whole + ETH;

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(4012, 1000);
		memmove(ip + 32, ip + 20, 20);
		memset(ip + 20, 0, 12);
		ip[9] = IPPROTO_AH;
		ip[20] = IPPROTO_TCP;
		ip[21] = 1;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "IPv4");
		authenticated_frame(IPPROTO_AH, 0, 2);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "IPv6");
		authenticated_frame(IPPROTO_DSTOPTS, 16, 1);
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "behind options");
		/* Whose length is fixed: what the octet says is nothing. */
		authenticated_frame(IPPROTO_FRAGMENT, 24, 9);
		ip[40] = IPPROTO_DSTOPTS;
		ip[48] = IPPROTO_AH;
		ip[49] = 1;
		expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "behind a fragment header");
	}
}

Test(fit, segments_longer_than_the_mtu_are_too_long, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, TSO_BOTH };
	struct rte_mbuf *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		uint16_t most = (uint16_t)(port.mtu + VNF_FRAME_OVERHEAD - 54), n;

		vnf_port_set_takes(&port, takes[i]);
		plain_frame(4000, most + 1);
		expect_dropped(VNF_DROP_TOO_LONG, "one octet");
		plain_frame(4000, most);
		counters_forget();
		n = fit_one(frame_packet(), out);
		cr_expect_eq(n, takes[i] == 0 ? 3 : 1);
		rte_pktmbuf_free_bulk(out, n);
		/* There is nothing to be cut, and what there is is too long. */
		plain_frame(most + 1u, UINT16_MAX);
		expect_dropped(VNF_DROP_TOO_LONG, "no longer than a segment");
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* An IP packet has 65,535 octets at most, behind an Ethernet header and two tags. */
Test(fit, the_longest_frame_there_is, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];
	uint16_t n;

	plain_frame(IP_MAX - 40, 1448);
	n = fit_one(frame_packet(), out);
	cr_assert_eq(n, (IP_MAX - 40 + 1447) / 1448);
	segments_check(out, n);
	rte_pktmbuf_free_bulk(out, n);
	s.length = VNF_TSO_FRAME_MAX + 1; /* padding, but too much of it */
	expect_dropped(VNF_DROP_TOO_LONG, "padded beyond all measure");
}

/* ---- how it is cut ---- */

Test(fit, no_longer_than_a_segment_is_just_a_checksum, .init = setup, .fini = teardown)
{
	static const uint16_t octets[] = { 0, 1, 999, 1000 };
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };
	struct rte_mbuf *pkt, *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(octets); i++) {
		for (size_t k = 0; k < RTE_DIM(takes); k++) {
			vnf_port_set_takes(&port, takes[k]);
			plain_frame(octets[i], 1000);
			pkt = frame_packet();
			counters_forget();
			cr_assert_eq(fit_one(pkt, out), 1);
			cr_assert_eq(out[0], pkt);
			one_check(pkt, FINISHED);
			rte_pktmbuf_free(pkt);
		}
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit, padding_is_no_payload, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };
	struct rte_mbuf *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(2000, 1000);
		s.length += 6;
		memset(whole + s.end, 0xee, 6);
		s.plain = false;
		counters_forget();
		cr_assert_eq(fit_one(frame_packet(), out), 2);
		segments_check(out, 2);
		cr_expect_eq(out[1]->pkt_len, 1054);
		rte_pktmbuf_free_bulk(out, 2);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit, small_segments_are_cut_here_for_a_device_that_fears_them, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	port.tso_min = 256;
	plain_frame(1000, 255);
	cr_assert_eq(fit_one(frame_packet(), out), 4);
	segments_check(out, 4);
	rte_pktmbuf_free_bulk(out, 4);
	plain_frame(1000, 256);
	counters_forget();
	cr_assert_eq(fit_one(frame_packet(), out), 1);
	one_check(out[0], WHOLE);
	rte_pktmbuf_free(out[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- foreign memory ---- */

static uint8_t memory[UINT16_MAX] __rte_aligned(8);
static unsigned int memory_freed;

static void memory_free(void *addr, void *arg)
{
	cr_assert_eq(addr, memory);
	(void)arg;
	memory_freed++;
}

/* The frame as librte_vhost delivers it: in memory of its own, in one piece. */
static struct rte_mbuf *frame_in_memory(void)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);
	struct rte_mbuf_ext_shared_info *info;
	uint16_t room = sizeof(memory);

	info = rte_pktmbuf_ext_shinfo_init_helper(memory, &room, memory_free, NULL);
	rte_pktmbuf_attach_extbuf(pkt, memory, 0, room, info);
	memcpy(rte_pktmbuf_append(pkt, (uint16_t)s.length), whole, s.length);
	pkt->ol_flags |= s.flags;
	pkt->tso_segsz = s.segment;
	pkt->port = 7;
	return pkt;
}

Test(fit, a_frame_in_foreign_memory, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	plain_frame(60000, 1200);
	cr_assert_eq(fit_one(frame_in_memory(), out), 50);
	cr_expect_eq(memory_freed, 1);
	segments_check(out, 50);
	rte_pktmbuf_free_bulk(out, 50);

	vnf_port_set_takes(&port, TSO_BOTH);
	counters_forget();
	cr_assert_eq(fit_one(frame_in_memory(), out), 1);
	cr_assert_eq(out[0]->ol_flags & RTE_MBUF_F_EXTERNAL, RTE_MBUF_F_EXTERNAL);
	out[0]->ol_flags &= ~RTE_MBUF_F_EXTERNAL;
	one_check(out[0], WHOLE);
	out[0]->ol_flags |= RTE_MBUF_F_EXTERNAL;
	rte_pktmbuf_free(out[0]);
	cr_expect_eq(memory_freed, 2);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- no buffers ---- */

/* What was made of it goes out, and the rest is one packet that is lost; the next has its turn. */
Test(fit, an_empty_pool_loses_the_rest, .init = setup, .fini = teardown)
{
	for (uint16_t left = 0; left <= 5; left++) {
		struct rte_mbuf *taken[SUPPORT_MBUFS], *pkts[2], *out[ROOM_MAX];
		struct vnf_fit fit;
		unsigned int n_taken;
		uint16_t n;

		counters_forget();
		plain_frame(100, 1000);
		pkts[1] = frame_packet();
		plain_frame(4500, 1000);
		pkts[0] = frame_packet();
		n_taken = rte_mempool_avail_count(pool) - left;
		cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, taken, n_taken), 0);
		fit_begin(&fit, pkts, 2);
		n = fit_next(&fit, out, ROOM_MAX);
		cr_assert_eq(fit_next(&fit, out + n, 1), 0);
		cr_assert_eq(n, left + 1, "%u of %u", n, left);
		segments_check(out, left);
		cr_assert_eq(out[left], pkts[1]);
		cr_expect_eq(drops_of(VNF_DROP_NO_MBUF), left < 5);
		cr_expect_eq(all_drops(), left < 5);
		cr_expect_eq(worker.counters.created, left < 5 ? left : 4);
		check_ledger();
		rte_pktmbuf_free_bulk(out, n);
		rte_pktmbuf_free_bulk(taken, n_taken);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}

/* The ledger holds at every return: what is not yet cut is still in the packet's name. */
Test(fit, segments_are_counted_as_they_are_made, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkt, *out[5];
	struct vnf_fit fit;

	plain_frame(4500, 1000);
	pkt = frame_packet();
	fit_begin(&fit, &pkt, 1);
	for (uint16_t i = 0; i < 5; i++) {
		cr_assert_eq(fit_next(&fit, &out[i], 1), 1);
		cr_expect_eq(worker.counters.created, i < 4 ? i + 1u : 4u);
	}
	cr_assert_eq(fit_next(&fit, out, 1), 0);
	rte_pktmbuf_free_bulk(out, 5);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit, buffers_shorter_than_a_segment, .init = setup, .fini = teardown)
{
	struct rte_mempool *small =
		rte_pktmbuf_pool_create("small", 63, 0, 0, RTE_PKTMBUF_HEADROOM + 512, 0);

	cr_assert_not_null(small);
	port.pool = small;
	plain_frame(2000, 1000);
	expect_dropped(VNF_DROP_NO_MBUF, "small buffers");
	cr_expect_eq(rte_mempool_avail_count(small), 63);
	rte_mempool_free(small);
}

/* ---- what is given up ---- */

/* The rest of one that is being cut is a packet that is lost; those after it have their turn. */
Test(fit, the_rest_of_a_packet_may_be_given_up, .init = setup, .fini = teardown)
{
	for (uint16_t before = 0; before <= 5; before++) {
		struct rte_mbuf *pkts[2], *out[ROOM_MAX];
		struct vnf_fit fit;
		bool cut = before != 0 && before != 5; /* not yet begun, and all done */

		counters_forget();
		plain_frame(4500, 1000);
		pkts[0] = frame_packet();
		plain_frame(2000, 1000);
		pkts[1] = frame_packet();
		fit_begin(&fit, pkts, 2);
		if (before != 0)
			cr_assert_eq(fit_next(&fit, out, before), before);
		vnf_fit_skip(&fit, VNF_DROP_TX_FULL);
		vnf_fit_skip(&fit, VNF_DROP_TX_FULL);
		cr_expect_eq(drops_of(VNF_DROP_TX_FULL), cut);
		cr_assert_eq(fit_next(&fit, out + before, ROOM_MAX - before), before == 0 ? 7 : 2);
		cr_assert_eq(fit_next(&fit, out, 1), 0);
		cr_expect_eq(worker.counters.created, (before == 0 || !cut ? 4u : before) + 1u);
		check_ledger();
		rte_pktmbuf_free_bulk(out, (unsigned int)came_out);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}

Test(fit, segments_are_reckoned, .init = setup, .fini = teardown)
{
	static const struct {
		uint32_t octets; /* of the frame */
		uint16_t segment;
		uint64_t flags;
		uint32_t most;
	} rows[] = {
		{ 60, 10, 0, 1 },
		{ 60, 10, RTE_MBUF_F_RX_L4_CKSUM_NONE, 1 },
		{ 60, 1000, RTE_MBUF_F_RX_LRO, 1 },
		{ 2000, 1000, RTE_MBUF_F_RX_LRO, 3 },
		{ 65535, 1000, RTE_MBUF_F_TX_TCP_SEG, 66 },
		{ 8000, VNF_TSO_MIN, RTE_MBUF_F_RX_LRO, 1001 },
		/* These are refused, and have to be dropped all the same. */
		{ 8000, 1, RTE_MBUF_F_RX_LRO, 1001 },
		{ 8000, 0, RTE_MBUF_F_RX_LRO, 1001 },
	};
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		pkt->pkt_len = rows[i].octets;
		pkt->tso_segsz = rows[i].segment;
		pkt->ol_flags = rows[i].flags;
		cr_expect_eq(vnf_tso_segments(pkt), rows[i].most, "row %zu", i);
	}
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A quarter of what a burst may come to (T), less than a segment (t), or nothing to be cut. */
static struct rte_mbuf *limit_packet(char what)
{
	const uint32_t segments = VNF_TSO_SEGMENTS_MAX / 4;

	if (what == 't')
		plain_frame(100, 1000);
	else
		plain_frame((segments - 1) * VNF_TSO_MIN - 54, VNF_TSO_MIN);
	if (what == '-')
		s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	return frame_packet();
}

/* Those that came first have their way, and those that are not cut in any case. */
Test(fit, a_burst_comes_to_so_many_segments_at_most, .init = setup, .fini = teardown)
{
	static const struct {
		uint16_t copies;
		const char *burst, *left; /* what of it is left */
	} rows[] = {
		{ 1, "T-TTTT-t", "T-TTT.-." }, { 1, "TTTT", "TTTT" }, { 2, "T-TT-t", "T-T.-." },
		{ 3, "TT-t", "T.-t" },         { 4, "TTt-", "T..-" }, { 5, "T-t", ".-t" },
		{ UINT16_MAX, "T-t", ".-." },  { 1, "", "" },
	};

	for (size_t r = 0; r < RTE_DIM(rows); r++) {
		uint16_t n = (uint16_t)strlen(rows[r].burst), left = 0;
		struct rte_mbuf *pkts[16], *want[16];

		counters_forget();
		for (uint16_t i = 0; i < n; i++) {
			pkts[i] = limit_packet(rows[r].burst[i]);
			if (rows[r].left[i] != '.')
				want[left++] = pkts[i];
		}
		cr_assert_eq(vnf_tso_limit(&worker.pub, PORT, pkts, n, rows[r].copies), left,
			     "row %zu", r);
		cr_expect_eq(memcmp(pkts, want, left * sizeof(*pkts)), 0, "row %zu", r);
		cr_expect_eq(drops_of(VNF_DROP_TOO_MANY_SEGMENTS), n - left, "row %zu", r);
		cr_expect_eq(all_drops(), n - left);
		rte_pktmbuf_free_bulk(pkts, left);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}
