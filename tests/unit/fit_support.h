/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of vnf_fit_next(): a frame, laid down octet by octet with all that its headers mean
 * known; what has to come out of a port is made from it likewise, and every checksum from nothing.
 * After each packet everything is accounted for, and in the end the pool is full again.
 */
#ifndef FIT_SUPPORT_H
#define FIT_SUPPORT_H

#include "packet_support.h"

#define PORT 3
#define PORTS 4
/* The most that one call is asked for. */
#define ROOM_MAX 64
#define WHOLE_MAX (VNF_TSO_FRAME_MAX + 64)
#define IP_MAX 65535
#define TSO_BOTH (VNF_TAKES_CHECKSUM | VNF_TAKES_TSO4 | VNF_TAKES_TSO6)

#define FIN 0x01
#define PSH 0x08
#define CWR 0x80
#define SYN 0x02

/* Of the frame in whole[]. */
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

static inline uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static inline void draw_octets(uint8_t *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = (uint8_t)draw(256);
}

/* ---- the plain way ---- */

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static inline uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline uint32_t sum_octets(uint32_t sum, const uint8_t *data, uint32_t n)
{
	uint64_t all = sum;

	for (uint32_t i = 0; i < n; i++)
		all += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (all > UINT16_MAX)
		all = (all & UINT16_MAX) + (all >> 16);
	return (uint32_t)all;
}

static inline uint32_t sum_offset(void)
{
	return s.l4 + (s.proto == IPPROTO_TCP ? 16u : 6u);
}

static inline uint32_t sum_pseudo(const uint8_t *frame, uint32_t end)
{
	uint32_t addresses =
		s.v6 ? sum_octets(0, frame + s.l3 + 8, 32) : sum_octets(0, frame + s.l3 + 12, 8);

	return sum_octets(addresses + s.proto + (end - s.l4), NULL, 0);
}

/* The sum of all, or of the pseudo header only. */
static inline void l4_sum_make(uint8_t *frame, uint32_t end, bool open)
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

static inline void ip_sum_make(uint8_t *frame)
{
	uint8_t *ip = frame + s.l3;

	if (s.v6)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum_octets(0, ip, (ip[0] & 15u) * 4));
}

static inline void lengths_put(void)
{
	uint32_t octets = s.end - s.l3;

	put16(whole + s.l3 + (s.v6 ? 4 : 2), s.v6 ? octets - 40 : octets);
	if (s.proto == IPPROTO_UDP)
		put16(whole + s.l4 + 4, s.end - s.l4);
}

/* ---- frames as packets ---- */

/* Over as few buffers as there may be, or many. */
static inline uint32_t random_step(uint32_t length)
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

static inline struct rte_mbuf *frame_packet(void)
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

static inline bool packet_equals(const struct rte_mbuf *pkt, const uint8_t *data, uint32_t n)
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

static inline uint32_t frame_max(void)
{
	return port.mtu + VNF_FRAME_OVERHEAD;
}

static inline bool left_open(void)
{
	return (port.takes & VNF_TAKES_CHECKSUM) != 0 && s.plain;
}

/* The flags say what is open and where, and nothing else. */
static inline void flags_check(const struct rte_mbuf *pkt, bool open, bool tso)
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

static inline void one_check(const struct rte_mbuf *pkt, enum fate fate)
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
static inline uint32_t segment_check(const struct rte_mbuf *pkt, uint32_t at, uint32_t number)
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

static inline uint64_t drops_of(uint32_t reason)
{
	return port_counters[PORT].drops[reason];
}

static inline uint64_t all_drops(void)
{
	uint64_t all = 0;

	for (uint16_t i = 0; i < PORTS; i++)
		for (unsigned int r = 0; r < VNF_DROPS_MAX; r++)
			all += port_counters[i].drops[r];
	return all;
}

static inline void counters_forget(void)
{
	memset(port_counters, 0, sizeof(port_counters));
	worker.counters.created = 0;
	given = came_out = 0;
}

static inline void check_ledger(void)
{
	cr_assert_eq(given + worker.counters.created, came_out + all_drops(),
		     "%lu given, %lu created, %lu came out, %lu dropped", given,
		     worker.counters.created, came_out, all_drops());
}

static inline void setup(void)
{
	packets_start();
	eal_support_port(&port, NULL, &spec, pool);
	port.id = PORT;
	port.tso_min = VNF_TSO_MIN;
	counters_forget();
}

static inline void teardown(void)
{
	rte_mempool_free(pool);
	eal_support_stop();
}

static inline void fit_begin(struct vnf_fit *fit, struct rte_mbuf **pkts, uint16_t n)
{
	given += n;
	vnf_fit_begin(fit, &worker.pub, &port, pkts, n);
}

static inline uint16_t fit_next(struct vnf_fit *fit, struct rte_mbuf **out, uint16_t room)
{
	uint16_t n = vnf_fit_next(fit, out, room);

	cr_assert_leq(n, room);
	came_out += n;
	return n;
}

/* Put one packet through; all that comes out has room. */
static inline uint16_t fit_one(struct rte_mbuf *pkt, struct rte_mbuf **out)
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

/* ---- one thing at a time ---- */

/* A frame of TCP over IPv4 without anything special, in whole[] and s. */
static inline void plain_frame(uint32_t octets, uint16_t segment)
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
	whole[s.l4 + 13] = FIN | PSH | 0x10;
	draw_octets(whole + s.payload, octets);
	lengths_put();
	ip_sum_make(whole);
	l4_sum_make(whole, s.end, true);
}

static inline void segments_check(struct rte_mbuf *const *out, uint16_t n)
{
	uint32_t at = 0;

	for (uint16_t i = 0; i < n; i++)
		at += segment_check(out[i], at, i);
}

/* What is in whole[] is dropped, for this and no other reason. */
static inline void expect_dropped(uint32_t reason, const char *what)
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

#endif
