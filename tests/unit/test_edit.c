/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf/edit.h held against the plain way: random packets go through random chains of changes, and
 * must come out octet by octet as a copy on which the same fields were written and every checksum
 * was then made from nothing. In all states that a checksum can be in, whole and in segments;
 * quotes in ICMP errors are compared with an error that quotes the changed packet.
 */
#include "packet_support.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define ROUNDS 20000
#define CHAIN_MAX 12

enum state {
	COMPLETE,
	PARTIAL, /* as a virtio device delivers it */
	ASKED,   /* of the device that sends it */
	STATES,
};

static struct vnf_headers h;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
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

static uint32_t sum_octets(uint32_t sum, const uint8_t *data, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return sum;
}

static uint32_t sum_pseudo(const uint8_t *frame)
{
	uint32_t bytes = h.end - h.l4;

	if (h.proto == IPPROTO_ICMP)
		return 0;
	if (vnf_is_ipv4(&h))
		return sum_octets(h.proto + bytes, frame + h.l3 + 12, 8);
	return sum_octets(h.proto + bytes, frame + h.l3 + 8, 32);
}

static void ip_sum_make(uint8_t *frame)
{
	uint8_t *ip = frame + h.l3;

	if (!vnf_is_ipv4(&h))
		return;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum_octets(0, ip, (ip[0] & 15u) * 4));
}

static uint32_t octets_covered(const uint8_t *frame)
{
	const uint8_t *l4 = frame + h.l4;
	uint32_t all = h.end - h.l4;

	if (h.proto == IPPROTO_UDPLITE && get16(l4 + 4) != 0)
		return get16(l4 + 4);
	if (h.proto == IPPROTO_DCCP && (l4[5] & 15) != 0)
		return RTE_MIN(all, l4[4] * 4u + (l4[5] - 1u) * 4);
	return all;
}

static void l4_sum_make(uint8_t *frame)
{
	uint32_t sum;

	if (h.l4_sum == 0)
		return;
	put16(frame + h.l4_sum, 0);
	sum = (uint16_t)~sum_octets(sum_pseudo(frame), frame + h.l4, octets_covered(frame));
	if (sum == 0 && (h.proto == IPPROTO_UDP || h.proto == IPPROTO_UDPLITE))
		sum = UINT16_MAX;
	put16(frame + h.l4_sum, sum);
}

/* ---- packets ---- */

static void random_ip(bool v6)
{
	static const char *const v4[] = { "10.0.0.1", "255.255.255.255", "0.0.0.0", "192.168.7.9" };
	static const char *const six[] = { "2001:db8::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					   "::", "fe80::1:2" };

	if (v6)
		vnf_test_ipv6(&p, six[draw(4)], six[draw(4)]);
	else
		vnf_test_ipv4(&p, v4[draw(4)], v4[draw(4)]);
	if (!v6 && draw(4) == 0)
		vnf_test_ipv4_options(&p, "\x94\x04\0\0", 4);
	if (v6 && draw(4) == 0)
		vnf_test_ipv6_ext(&p, 0, 16);
}

static void random_l4(void)
{
	uint16_t src = (uint16_t)draw(65536), dst = (uint16_t)draw(65536);
	uint8_t other[12] = { 0 };

	switch (draw(5)) {
	case 0:
		vnf_test_udp(&p, src, dst);
		break;
	case 1:
		vnf_test_tcp(&p, src, dst, draw(2) ? VNF_TEST_SYN : VNF_TEST_ACK);
		if (draw(2))
			vnf_test_tcp_options(&p, "\1\2\4\5\xb4\1\1\1", 8);
		else
			vnf_test_mss(&p, (uint16_t)draw(65536));
		break;
	case 2:
		vnf_test_echo(&p, draw(2) != 0, src, dst);
		break;
	case 3:
		vnf_test_next(&p, IPPROTO_DCCP);
		put16(other, src);
		other[4] = 3;
		other[5] = (uint8_t)draw(6);
		vnf_test_bytes(&p, other, sizeof(other));
		break;
	default:
		vnf_test_next(&p, IPPROTO_UDPLITE);
		put16(other, src);
		put16(other + 4, draw(2) ? 8 : 0); /* the header is covered, or all */
		vnf_test_bytes(&p, other, 8);
		break;
	}
}

static void random_packet(void)
{
	bool v6 = draw(2) != 0;

	vnf_test_eth(&p, DST, SRC);
	if (draw(3) == 0)
		vnf_test_vlan(&p, 0x8100, (uint16_t)draw(4096));
	random_ip(v6);
	random_l4();
	vnf_test_payload(&p, draw(70));
	finish();
}

/* ---- changes, on the packet and on the copy ---- */

static void change_addr(struct rte_mbuf *pkt, uint8_t *copy, bool dst)
{
	uint8_t addr[16];

	for (uint32_t i = 0; i < sizeof(addr); i++)
		addr[i] = (uint8_t)(draw(4) == 0 ? 0 : draw(256));
	if (vnf_is_ipv4(&h)) {
		uint32_t v4;

		memcpy(&v4, addr, sizeof(v4));
		cr_assert_eq(dst ? vnf_set_ipv4_dst(pkt, &h, v4) : vnf_set_ipv4_src(pkt, &h, v4),
			     0);
		memcpy(copy + h.l3 + (dst ? 16 : 12), addr, 4);
	} else {
		cr_assert_eq(
			dst ? vnf_set_ipv6_dst(pkt, &h, addr) : vnf_set_ipv6_src(pkt, &h, addr), 0);
		memcpy(copy + h.l3 + (dst ? 24 : 8), addr, 16);
	}
}

static void change_port(struct rte_mbuf *pkt, uint8_t *copy, bool dst)
{
	uint16_t port = (uint16_t)draw(65536);
	int ret = dst ? vnf_set_dst_port(pkt, &h, rte_cpu_to_be_16(port))
		      : vnf_set_src_port(pkt, &h, rte_cpu_to_be_16(port));

	cr_assert_eq(ret, vnf_has_ports(&h) ? 0 : -EINVAL);
	if (ret == 0)
		put16(copy + h.l4 + (dst ? 2 : 0), port);
}

static void change_id(struct rte_mbuf *pkt, uint8_t *copy)
{
	uint16_t id = (uint16_t)draw(65536);

	if (vnf_set_icmp_id(pkt, &h, rte_cpu_to_be_16(id)) == 0)
		put16(copy + h.l4 + 4, id);
	else
		cr_assert(!vnf_is_icmp(&h));
	if (vnf_set_ipv4_id(pkt, &h, rte_cpu_to_be_16(id)) == 0)
		put16(copy + h.l3 + 4, id);
	else
		cr_assert(!vnf_is_ipv4(&h));
}

static void change_ttl(struct rte_mbuf *pkt, uint8_t *copy)
{
	uint8_t *ttl = copy + h.l3 + (vnf_is_ipv4(&h) ? 8 : 7);
	int left;

	if (draw(2)) {
		*ttl = (uint8_t)draw(256);
		cr_assert_eq(vnf_set_ttl(pkt, &h, *ttl), 0);
		return;
	}
	left = vnf_ttl_decrement(pkt, &h);
	cr_assert_eq(left, *ttl <= 1 ? -ETIMEDOUT : *ttl - 1);
	if (left >= 0)
		*ttl = (uint8_t)left;
}

static void change_dscp(struct rte_mbuf *pkt, uint8_t *copy)
{
	uint8_t dscp = (uint8_t)draw(64);
	uint8_t *ip = copy + h.l3;

	cr_assert_eq(vnf_set_dscp(pkt, &h, dscp), 0);
	if (vnf_is_ipv4(&h))
		ip[1] = (uint8_t)((ip[1] & 3) | dscp << 2);
	else
		put16(ip, (get16(ip) & 0xf03fu) | (uint32_t)dscp << 6);
}

static void change_mss(struct rte_mbuf *pkt, uint8_t *copy)
{
	uint16_t mss = (uint16_t)draw(2000);
	int ret = vnf_clamp_mss(pkt, &h, mss);
	uint8_t *option;

	cr_assert_eq(ret == -EINVAL, h.proto != IPPROTO_TCP);
	if (ret < 0)
		return;
	option = copy + h.l4 + (copy[h.l4 + 20] == 1 ? 21 : 20);
	cr_assert_eq(option[0], 2);
	cr_assert_eq(ret, (copy[h.l4 + 13] & 2) != 0 && get16(option + 2) > mss);
	if (ret == 1)
		put16(option + 2, mss);
}

/* Returns the new length of the copy. */
static uint32_t change_tags(struct rte_mbuf *pkt, uint8_t *copy, uint32_t n)
{
	uint16_t tci = (uint16_t)draw(65536);

	if (draw(2)) {
		if (h.n_vlans == 0) {
			cr_assert_eq(vnf_vlan_pop(pkt, &h), -EINVAL);
			return n;
		}
		cr_assert_eq(vnf_vlan_pop(pkt, &h), 0);
		memmove(copy + 12, copy + 16, n - 16);
		return n - 4;
	}
	if (h.n_vlans == 2) {
		cr_assert_eq(vnf_vlan_push(pkt, &h, 0x88a8, tci), -E2BIG);
		return n;
	}
	cr_assert_eq(vnf_vlan_push(pkt, &h, 0x88a8, tci), 0);
	memmove(copy + 16, copy + 12, n - 12);
	put16(copy + 12, 0x88a8);
	put16(copy + 14, tci);
	return n + 4;
}

static uint32_t change(struct rte_mbuf *pkt, uint8_t *copy, uint32_t n)
{
	switch (draw(9)) {
	case 0:
		change_addr(pkt, copy, false);
		break;
	case 1:
		change_addr(pkt, copy, true);
		break;
	case 2:
		change_port(pkt, copy, false);
		break;
	case 3:
		change_port(pkt, copy, true);
		break;
	case 4:
		change_id(pkt, copy);
		break;
	case 5:
		change_ttl(pkt, copy);
		break;
	case 6:
		change_dscp(pkt, copy);
		break;
	case 7:
		change_mss(pkt, copy);
		break;
	default:
		n = change_tags(pkt, copy, n);
		break;
	}
	return n;
}

/* The headers are still where they are said to be. */
static void headers_assert(struct rte_mbuf *pkt)
{
	struct vnf_headers again;

	cr_assert_eq(vnf_parse(pkt, &again), 0);
	cr_assert_eq(memcmp(&again, &h, sizeof(h)), 0);
}

/* ---- rounds ---- */

/* Leave the checksums open, as this state has them. */
static void state_make(struct rte_mbuf *pkt, uint8_t *frame, enum state state)
{
	if (state == COMPLETE || h.proto == IPPROTO_ICMP)
		return;
	put16(frame + h.l4_sum, sum_pseudo(frame));
	if (state == PARTIAL) {
		pkt->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		return;
	}
	/* Any of them: who completes it looks at the headers. */
	pkt->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	if (draw(2)) /* left to the driver */
		put16(frame + h.l4_sum, draw(65536));
	pkt->l2_len = h.l3 & 0x7f;
	pkt->l3_len = (h.l4 - h.l3) & 0x1ff;
	if (vnf_is_ipv4(&h)) {
		pkt->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		put16(frame + h.l3 + 10, 0);
	} else {
		pkt->ol_flags |= RTE_MBUF_F_TX_IPV6;
	}
}

static void round_run(enum state state)
{
	static uint8_t copy[VNF_TEST_PACKET_MAX + 8];
	bool none, asked_ip;
	struct rte_mbuf *pkt;
	uint32_t n;

	random_packet();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	/* The builder knows nothing of DCCP and UDP-Lite. */
	l4_sum_make(p.data);
	none = state == COMPLETE && h.proto == IPPROTO_UDP && draw(4) == 0;
	if (none)
		put16(p.data + h.l4_sum, 0);
	rte_pktmbuf_free(pkt);
	pkt = packet_make(p.data, p.len, draw(2) ? 0 : 30 + draw(100));
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	memcpy(copy, p.data, p.len);
	n = p.len;
	state_make(pkt, rte_pktmbuf_mtod(pkt, uint8_t *), state);
	asked_ip = (pkt->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0;
	for (uint32_t i = draw(CHAIN_MAX); i > 0; i--)
		n = change(pkt, copy, n);
	if (state == ASKED && pkt->ol_flags != 0)
		cr_assert_eq(pkt->l2_len, h.l3);
	if (asked_ip)
		cr_assert_eq(vnf_ipv4(pkt, &h)->hdr_checksum, 0, "the device writes it");
	cr_assert_eq(vnf_checksums_complete(pkt, &h), 0);
	cr_assert_eq(pkt->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0);
	cr_assert(!vnf_sum_is_partial(pkt));
	headers_assert(pkt);
	ip_sum_make(copy);
	if (!none)
		l4_sum_make(copy);
	cr_assert(packet_is(pkt, copy, n), "proto %u over %x, state %d", h.proto, h.ether_type,
		  (int)state);
	rte_pktmbuf_free(pkt);
}

TestSuite(edit, .init = packets_start, .fini = eal_support_stop, .timeout = 60);

Test(edit, chains_on_complete_checksums)
{
	for (int i = 0; i < ROUNDS; i++)
		round_run(COMPLETE);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(edit, chains_on_partial_checksums)
{
	for (int i = 0; i < ROUNDS; i++)
		round_run(PARTIAL);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(edit, chains_on_offloaded_checksums)
{
	for (int i = 0; i < ROUNDS; i++)
		round_run(ASKED);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A checksum that was wrong by so much stays wrong by so much. */
Test(edit, wrong_checksums_stay_wrong)
{
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t before[VNF_TEST_PACKET_MAX];
		struct rte_mbuf *pkt;
		uint32_t wrong;

		ipv4_begin();
		vnf_test_udp(&p, (uint16_t)draw(65536), 53);
		vnf_test_payload(&p, draw(50));
		finish();
		wrong = 1 + draw(65534);
		put16(p.data + 40, wrong);
		pkt = packet_make(p.data, p.len, 0);
		cr_assert_eq(vnf_parse(pkt, &h), 0);
		memcpy(before, p.data, p.len);
		wrong = sum_octets(sum_pseudo(before), before + h.l4, h.end - h.l4);
		change_addr(pkt, p.data, false);
		change_port(pkt, p.data, true);
		memcpy(before, rte_pktmbuf_mtod(pkt, void *), p.len);
		cr_assert_eq(sum_octets(sum_pseudo(before), before + h.l4, h.end - h.l4), wrong);
		rte_pktmbuf_free(pkt);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- one by one ---- */

Test(edit, udp_checksum_that_comes_to_zero)
{
	struct rte_mbuf *pkt;
	uint32_t ones = 0;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_payload(&p, 5);
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		cr_assert_eq(vnf_set_src_port(pkt, &h, (rte_be16_t)port), 0);
		cr_assert_neq(vnf_udp(pkt, &h)->dgram_cksum, 0);
		ones += vnf_udp(pkt, &h)->dgram_cksum == UINT16_MAX;
	}
	cr_assert_geq(ones, 1);
	rte_pktmbuf_free(pkt);
}

Test(edit, only_what_is_there)
{
	static const uint8_t six[16] = { 0 };
	struct rte_mbuf *pkt;

	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.1", DST, "10.0.0.2");
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	cr_assert_eq(vnf_set_ipv4_src(pkt, &h, 1), -EINVAL);
	cr_assert_eq(vnf_set_ipv6_dst(pkt, &h, six), -EINVAL);
	cr_assert_eq(vnf_set_ttl(pkt, &h, 1), -EINVAL);
	cr_assert_eq(vnf_ttl_decrement(pkt, &h), -EINVAL);
	cr_assert_eq(vnf_set_dscp(pkt, &h, 1), -EINVAL);
	cr_assert_eq(vnf_set_ipv4_id(pkt, &h, 1), -EINVAL);
	cr_assert_eq(vnf_set_src_port(pkt, &h, 1), -EINVAL);
	cr_assert_eq(vnf_set_icmp_id(pkt, &h, 1), -EINVAL);
	cr_assert_eq(vnf_clamp_mss(pkt, &h, 1), -EINVAL);
	cr_assert(packet_is(pkt, p.data, p.len));
	pkt->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	cr_assert_eq(vnf_checksums_complete(pkt, &h), -EINVAL);
	pkt->ol_flags = RTE_MBUF_F_TX_TCP_SEG;
	cr_assert_eq(vnf_checksums_complete(pkt, &h), -EOPNOTSUPP);
	rte_pktmbuf_free(pkt);
}

/* The ports of a fragment that is not the first are not there; its addresses are. */
Test(edit, fragments)
{
	struct rte_mbuf *pkt;
	uint8_t copy[64];

	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 1480, false);
	vnf_test_next(&p, IPPROTO_UDP);
	vnf_test_payload(&p, 20);
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	memcpy(copy, p.data, p.len);
	cr_assert_eq(vnf_set_src_port(pkt, &h, 1), -EINVAL);
	change_addr(pkt, copy, true);
	ip_sum_make(copy);
	cr_assert(packet_is(pkt, copy, p.len));
	rte_pktmbuf_free(pkt);
}

/* With hops left, layer 4 was summed up with another address than the one in the header. */
Test(edit, source_routes_keep_the_checksum)
{
	static const uint8_t six[16] = { 0x20, 1 };
	struct rte_mbuf *pkt;
	uint16_t sum;

	ipv6_begin();
	vnf_test_ipv6_ext(&p, 43, 24);
	vnf_test_patch(&p, 3, "\1", 1);
	vnf_test_udp(&p, 1, 2);
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	sum = vnf_udp(pkt, &h)->dgram_cksum;
	cr_assert_eq(vnf_set_ipv6_dst(pkt, &h, six), 0);
	cr_assert_eq(vnf_udp(pkt, &h)->dgram_cksum, sum);
	cr_assert_eq(vnf_set_ipv6_src(pkt, &h, six), 0);
	cr_assert_neq(vnf_udp(pkt, &h)->dgram_cksum, sum);
	rte_pktmbuf_free(pkt);
}

Test(edit, ipv4_source_routes_keep_the_checksum)
{
	struct rte_mbuf *pkt;
	uint16_t sum;

	ipv4_begin();
	vnf_test_ipv4_options(&p, "\x83\x07\x04\1\2\3\4\0", 8);
	vnf_test_udp(&p, 1, 2);
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	sum = vnf_udp(pkt, &h)->dgram_cksum;
	cr_assert_eq(vnf_set_ipv4_dst(pkt, &h, 0x01020304), 0);
	cr_assert_eq(vnf_udp(pkt, &h)->dgram_cksum, sum);
	cr_assert_eq(vnf_set_ipv4_src(pkt, &h, 0x01020304), 0);
	cr_assert_neq(vnf_udp(pkt, &h)->dgram_cksum, sum);
	rte_pktmbuf_free(pkt);
}

/* RFC 768: what is behind the UDP length is not of the datagram. */
Test(edit, udp_that_is_shorter_than_its_packet)
{
	struct rte_mbuf *pkt;
	uint16_t sum;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_payload(&p, 4);
	finish();
	sum = get16(p.data + 40);
	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 12);
	vnf_test_payload(&p, 12);
	finish();
	for (int again = 0; again < 2; again++) {
		pkt = packet_make(p.data, p.len, 0);
		pkt->ol_flags = again ? RTE_MBUF_F_RX_L4_CKSUM_NONE : RTE_MBUF_F_TX_UDP_CKSUM;
		cr_assert_eq(vnf_parse(pkt, &h), 0);
		cr_assert_eq(vnf_checksums_complete(pkt, &h), 0);
		cr_assert_eq(rte_be_to_cpu_16(vnf_udp(pkt, &h)->dgram_cksum), sum);
		/* Nor does a second time spoil it, as with octets that two packets share. */
		pkt->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		cr_assert_eq(vnf_checksums_complete(pkt, &h), 0);
		cr_assert_eq(rte_be_to_cpu_16(vnf_udp(pkt, &h)->dgram_cksum), sum);
		rte_pktmbuf_free(pkt);
	}
}

Test(edit, first_fragments_cannot_be_completed)
{
	struct rte_mbuf *pkt;

	ipv4_begin();
	vnf_test_ipv4_fragment(&p, 0, true);
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 3000);
	vnf_test_payload(&p, 8);
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	pkt->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	cr_assert_eq(vnf_checksums_complete(pkt, &h), -EINVAL);
	cr_assert(packet_is(pkt, p.data, p.len));
	rte_pktmbuf_free(pkt);
}

/* The third tag of a frame is read when it has become the second. */
Test(edit, pop_of_three_tags)
{
	struct rte_mbuf *pkt;
	struct vnf_headers again;
	uint8_t frame[128];

	vnf_test_eth(&p, DST, SRC);
	vnf_test_vlan(&p, 0x88a8, 1);
	vnf_test_vlan(&p, 0x8100, 2);
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	vnf_test_tcp(&p, 1, 2, VNF_TEST_SYN);
	finish();
	memcpy(frame, p.data, 12);
	memcpy(frame + 12, "\x88\xa8\0\3", 4);
	memcpy(frame + 16, p.data + 12, p.len - 12);
	pkt = packet_make(frame, p.len + 4, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	cr_assert_eq(h.l4, 0);
	cr_assert_eq(vnf_vlan_pop(pkt, &h), 0);
	cr_assert_eq(h.proto, IPPROTO_TCP);
	cr_assert_eq(vnf_parse(pkt, &again), 0);
	cr_assert_eq(memcmp(&again, &h, sizeof(h)), 0);
	rte_pktmbuf_free(pkt);
}

/* CRC32c, RFC 9260: the check value of the polynomial, and a packet that was sent by Linux. */
static uint32_t crc32c_plain(const uint8_t *data, uint32_t n)
{
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	return ~crc;
}

static void sctp_sum_make(uint8_t *frame)
{
	uint32_t crc;

	memset(frame + h.l4 + 8, 0, 4);
	crc = crc32c_plain(frame + h.l4, h.end - h.l4);
	for (int i = 0; i < 4; i++)
		frame[h.l4 + 8 + i] = (uint8_t)(crc >> 8 * i);
}

Test(edit, sctp_ports)
{
	uint8_t octets[40] = { 0, 7, 0, 9, 1, 2, 3, 4 }, copy[128];
	struct rte_mbuf *pkt;

	cr_assert_eq(crc32c_plain((const uint8_t *)"123456789", 9), 0xe3069283u);
	for (uint32_t n = 12; n <= 40; n++)
		for (uint32_t step = 40; step < 80; step += 13) {
			ipv4_begin();
			vnf_test_next(&p, IPPROTO_SCTP);
			vnf_test_bytes(&p, octets, n);
			finish();
			pkt = packet_make(p.data, p.len, step);
			cr_assert_eq(vnf_parse(pkt, &h), 0);
			cr_assert_eq(vnf_set_src_port(pkt, &h, 0x1234), -EBADMSG);
			cr_assert(packet_is(pkt, p.data, p.len), "a wrong checksum is not mended");
			rte_pktmbuf_free(pkt);
			sctp_sum_make(p.data);
			pkt = packet_make(p.data, p.len, step);
			cr_assert_eq(vnf_parse(pkt, &h), 0);
			memcpy(copy, p.data, p.len);
			change_port(pkt, copy, true);
			change_addr(pkt, copy, true);
			ip_sum_make(copy);
			sctp_sum_make(copy);
			cr_assert(packet_is(pkt, copy, p.len));
			pkt->ol_flags = RTE_MBUF_F_TX_SCTP_CKSUM;
			memset(rte_pktmbuf_mtod_offset(pkt, void *, h.l4 + 8), 0, 4);
			cr_assert_eq(vnf_checksums_complete(pkt, &h), 0);
			cr_assert(packet_is(pkt, copy, p.len));
			rte_pktmbuf_free(pkt);
		}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(edit, tags_need_room_and_a_segment_of_their_own)
{
	struct rte_mbuf *pkt;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	finish();
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	rte_mbuf_refcnt_update(pkt, 1);
	cr_assert_eq(vnf_vlan_push(pkt, &h, 0x8100, 1), -EBUSY);
	rte_mbuf_refcnt_update(pkt, -1);
	memmove(pkt->buf_addr, rte_pktmbuf_mtod(pkt, void *), p.len);
	pkt->data_off = 0;
	cr_assert_eq(vnf_vlan_push(pkt, &h, 0x8100, 1), -ENOSPC);
	cr_assert(packet_is(pkt, p.data, p.len));
	rte_pktmbuf_free(pkt);
}

/* ---- quotes ---- */

static struct vnf_test_packet quoted;

/* A packet about which errors are sent. */
static void about(const char *src, const char *dst, bool v6, uint8_t proto, uint16_t port)
{
	vnf_test_eth(&quoted, DST, SRC);
	if (v6)
		vnf_test_ipv6(&quoted, src, dst);
	else
		vnf_test_ipv4(&quoted, src, dst);
	if (proto == IPPROTO_TCP)
		vnf_test_tcp(&quoted, port, 80, VNF_TEST_ACK);
	else if (proto == IPPROTO_UDP)
		vnf_test_udp(&quoted, port, 80);
	else
		vnf_test_echo(&quoted, false, port, 80);
	vnf_test_payload(&quoted, 40);
	cr_assert_eq(vnf_test_finish(&quoted), 0);
}

static void error_about(bool v6, uint32_t bytes)
{
	vnf_test_eth(&p, SRC, DST);
	if (v6)
		vnf_test_ipv6(&p, "2001:db8::ffff", "2001:db8::1");
	else
		vnf_test_ipv4(&p, "10.0.0.254", "10.0.0.1");
	vnf_test_icmp_error(&p, v6 ? 1 : 3, 1, 0, &quoted, bytes);
	finish();
}

static void quote_translate(struct rte_mbuf *pkt, const struct vnf_headers *q, bool v6)
{
	struct in6_addr src;

	if (v6) {
		cr_assert_eq(inet_pton(AF_INET6, "fd00::77", &src), 1);
		cr_assert_eq(vnf_set_ipv6_src(pkt, q, src.s6_addr), 0);
	} else {
		cr_assert_eq(vnf_set_ipv4_src(pkt, q, inet_addr("192.168.9.200")), 0);
	}
	if (vnf_is_icmp(q))
		cr_assert_eq(vnf_set_icmp_id(pkt, q, RTE_BE16(777)), 0);
	else
		cr_assert_eq(vnf_set_src_port(pkt, q, RTE_BE16(777)), 0);
	cr_assert_eq(vnf_vlan_pop(pkt, &(struct vnf_headers){ .flags = VNF_QUOTED, .n_vlans = 1 }),
		     -EINVAL);
	cr_assert_eq(vnf_vlan_push(pkt, &(struct vnf_headers){ .flags = VNF_QUOTED }, 0x8100, 1),
		     -EINVAL);
}

static void quote_round(bool v6, uint8_t proto, uint32_t bytes)
{
	struct vnf_headers q;
	struct rte_mbuf *pkt;

	about(v6 ? "2001:db8::1" : "10.0.0.1", v6 ? "2001:db8::2" : "10.0.0.2", v6, proto, 4000);
	error_about(v6, bytes);
	pkt = packet_make(p.data, p.len, bytes % 2 ? 0 : 33);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	cr_assert_eq(vnf_parse_quote(pkt, &h, &q), 0);
	quote_translate(pkt, &q, v6);
	about(v6 ? "fd00::77" : "192.168.9.200", v6 ? "2001:db8::2" : "10.0.0.2", v6, proto, 777);
	error_about(v6, bytes);
	cr_assert(packet_is(pkt, p.data, p.len), "v6 %d, proto %u, %u octets", v6, proto, bytes);
	rte_pktmbuf_free(pkt);
}

/* As if the error had been sent about the changed packet in the first place. */
Test(edit, quotes_in_icmp_errors)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };

	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < RTE_DIM(protos); i++)
			for (uint32_t l4 = 8; l4 <= 60; l4++)
				/* Of half a checksum nobody can tell what it becomes. */
				if (protos[i] != IPPROTO_TCP || l4 != 17)
					quote_round(v6 != 0, protos[i], (v6 ? 40u : 20u) + l4);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* TTL, class and identification of the quote, too. */
Test(edit, quote_fields)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct vnf_headers q;
		struct rte_mbuf *pkt;
		uint8_t copy[256];

		about(v6 ? "2001:db8::1" : "10.0.0.1", v6 ? "2001:db8::2" : "10.0.0.2", v6,
		      IPPROTO_UDP, 4000);
		error_about(v6 != 0, v6 ? 60 : 40);
		pkt = packet_make(p.data, p.len, 0);
		cr_assert_eq(vnf_parse(pkt, &h), 0);
		cr_assert_eq(vnf_parse_quote(pkt, &h, &q), 0);
		cr_assert_eq(vnf_set_ttl(pkt, &q, 3), 0);
		cr_assert_eq(vnf_set_dscp(pkt, &q, 46), 0);
		cr_assert_eq(vnf_set_ipv4_id(pkt, &q, 0x1234), v6 ? -EINVAL : 0);
		memcpy(copy, rte_pktmbuf_mtod(pkt, void *), p.len);
		l4_sum_make(copy);
		cr_assert(packet_is(pkt, copy, p.len), "the error's checksum");
		h = q;
		ip_sum_make(copy);
		cr_assert(packet_is(pkt, copy, p.len), "the quote's checksum");
		rte_pktmbuf_free(pkt);
	}
}

/* ---- is it right? ---- */

/* Segments in which the headers of random packets fit, or one. */
static uint32_t random_step(void)
{
	return draw(2) ? 0 : 120 + draw(20);
}

/* The packet as it now is in `p`; headers anew, as far as they are still there. */
static bool valid_now(uint64_t ol_flags)
{
	struct rte_mbuf *pkt = packet_make(p.data, p.len, random_step());
	bool valid;

	pkt->ol_flags = ol_flags;
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	valid = vnf_checksum_valid(pkt, &h);
	cr_assert(packet_is(pkt, p.data, p.len), "it is only read");
	rte_pktmbuf_free(pkt);
	return valid;
}

static void sums_make(void)
{
	struct rte_mbuf *pkt = packet_make(p.data, p.len, 0);

	cr_assert_eq(vnf_parse(pkt, &h), 0);
	l4_sum_make(p.data);
	rte_pktmbuf_free(pkt);
}

/* One bit of what is covered, but for those that say how much is, and for the checksum itself: what
 * it comes to may mean that there is none.
 */
static bool bit_flip(uint32_t at)
{
	uint32_t place = h.l4 + at;
	bool has_length = h.proto == IPPROTO_UDP || h.proto == IPPROTO_UDPLITE;

	if (at >= octets_covered(p.data) || place == h.l4_sum || place == h.l4_sum + 1u ||
	    (has_length && (at == 4 || at == 5)) || (h.proto == IPPROTO_DCCP && at < 12) ||
	    (h.proto == IPPROTO_TCP && at == 12))
		return false;
	p.data[place] ^= (uint8_t)(1u << draw(8));
	return true;
}

Test(edit, checksums_that_are_right_and_wrong)
{
	uint32_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		random_packet();
		sums_make();
		cr_assert(valid_now(0), "proto %u over %x", h.proto, h.ether_type);
		if (!bit_flip(draw(h.end - h.l4)))
			continue;
		wrong++;
		cr_assert_not(valid_now(0), "proto %u over %x", h.proto, h.ether_type);
		cr_assert(valid_now(RTE_MBUF_F_RX_L4_CKSUM_NONE), "nobody has summed it up yet");
		cr_assert(valid_now(RTE_MBUF_F_TX_TCP_CKSUM));
	}
	cr_assert_gt(wrong, ROUNDS / 4);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* Of all parts of the pseudo header. */
Test(edit, checksums_of_other_addresses)
{
	ipv4_begin();
	vnf_test_tcp(&p, 1, 2, VNF_TEST_SYN);
	finish();
	cr_assert(valid_now(0));
	p.data[ETH + 15] ^= 1;
	cr_assert_not(valid_now(0), "IPv4 source");
	ipv6_begin();
	vnf_test_tcp(&p, 1, 2, VNF_TEST_SYN);
	finish();
	cr_assert(valid_now(0));
	p.data[ETH + 39] ^= 1;
	cr_assert_not(valid_now(0), "IPv6 destination");
	ipv6_begin();
	vnf_test_echo(&p, false, 1, 2);
	finish();
	cr_assert(valid_now(0));
	p.data[ETH + 23] ^= 1;
	cr_assert_not(valid_now(0), "ICMPv6 has a pseudo header");
	ipv4_begin();
	vnf_test_echo(&p, false, 1, 2);
	finish();
	p.data[ETH + 15] ^= 1;
	cr_assert(valid_now(0), "ICMP has none");
}

Test(edit, checksums_that_are_missing)
{
	static const struct {
		bool v6;
		uint8_t proto;
		bool valid;
	} cases[] = {
		{ false, IPPROTO_UDP, true },      { true, IPPROTO_UDP, false },
		{ false, IPPROTO_UDPLITE, false }, { true, IPPROTO_UDPLITE, false },
		{ false, IPPROTO_TCP, false },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		if (cases[i].v6)
			ipv6_begin();
		else
			ipv4_begin();
		vnf_test_next(&p, cases[i].proto);
		vnf_test_bytes(&p, "\0\1\0\2\0\x18\0\0\0\0\0\0\x50\2\0\0\0\0\0\0\0\0\0\0", 24);
		finish();
		cr_assert_eq(valid_now(0), cases[i].valid, "%zu", i);
		sums_make();
		cr_assert(valid_now(0), "%zu", i);
	}
}

/* RFC 768: 0xffff is the 0 that a sum comes to. */
Test(edit, checksum_of_udp_that_comes_to_zero)
{
	uint32_t ones = 0;

	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		ipv4_begin();
		vnf_test_udp(&p, (uint16_t)port, 2);
		finish();
		if (get16(p.data + ETH + 26) != UINT16_MAX)
			continue;
		ones++;
		cr_assert(valid_now(0));
	}
	cr_assert_geq(ones, 1);
}

Test(edit, checksums_of_sctp)
{
	uint8_t octets[200] = { 0, 7, 0, 9, 1, 2, 3, 4 };
	struct rte_mbuf *pkt;

	for (uint32_t n = 12; n <= sizeof(octets); n++) {
		ipv4_begin();
		vnf_test_next(&p, IPPROTO_SCTP);
		vnf_test_bytes(&p, octets, n);
		finish();
		cr_assert_not(valid_now(0));
		pkt = packet_make(p.data, p.len, 0);
		cr_assert_eq(vnf_parse(pkt, &h), 0);
		rte_pktmbuf_free(pkt);
		sctp_sum_make(p.data);
		cr_assert(valid_now(0));
		p.data[h.l4 + draw(n)] ^= 1;
		cr_assert_not(valid_now(0));
		cr_assert(valid_now(RTE_MBUF_F_TX_SCTP_CKSUM));
	}
}

/* What cannot be known passes: a fragment, hops of a source route, layers without a checksum. */
Test(edit, checksums_that_nobody_can_tell)
{
	for (int i = 0; i < 5; i++) {
		if (i == 4)
			ipv6_begin();
		else
			ipv4_begin();
		if (i < 2)
			vnf_test_ipv4_fragment(&p, i == 0 ? 0 : 1480, i == 0);
		if (i == 2)
			vnf_test_ipv4_options(&p, "\x83\x07\x04\1\2\3\4\0", 8);
		if (i == 4) {
			vnf_test_ipv6_ext(&p, 43, 24);
			vnf_test_patch(&p, 3, "\1", 1);
		}
		vnf_test_next(&p, i == 3 ? IPPROTO_ESP : IPPROTO_UDP);
		vnf_test_bytes(&p, "\0\1\0\2\0\x10\x12\x34\0\0\0\0\0\0\0\0", 16);
		finish();
		cr_assert(valid_now(0), "%d", i);
	}
	vnf_test_eth(&p, DST, SRC);
	vnf_test_arp(&p, 1, SRC, "10.0.0.1", DST, "10.0.0.2");
	finish();
	cr_assert(valid_now(0));
}

/* What is behind the datagram is no part of it: padding, and what its own length leaves out. */
Test(edit, checksums_of_less_than_the_packet)
{
	uint16_t sum;

	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_payload(&p, 4);
	finish();
	sum = get16(p.data + ETH + 26);
	ipv4_begin();
	vnf_test_udp(&p, 1, 2);
	vnf_test_length(&p, 12);
	vnf_test_payload(&p, 12);
	finish();
	put16(p.data + ETH + 26, sum);
	cr_assert(valid_now(0));
	p.data[p.len - 1] ^= 1;
	cr_assert(valid_now(0));
	p.data[ETH + 31] ^= 1;
	cr_assert_not(valid_now(0));
}

/* The quoted header's checksum is that of a packet which is not here. */
Test(edit, checksums_of_quotes)
{
	struct vnf_headers quote;
	struct rte_mbuf *pkt;

	about("10.0.0.1", "10.0.0.2", false, IPPROTO_UDP, 7);
	error_about(false, 28);
	pkt = packet_make(p.data, p.len, 0);
	cr_assert_eq(vnf_parse(pkt, &h), 0);
	cr_assert(vnf_checksum_valid(pkt, &h));
	cr_assert_eq(vnf_parse_quote(pkt, &h, &quote), 0);
	cr_assert(vnf_checksum_valid(pkt, &quote));
	rte_pktmbuf_free(pkt);
}
