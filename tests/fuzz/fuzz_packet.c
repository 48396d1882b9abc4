/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for vnf/packet.h and vnf/edit.h. The first two octets say how the frame is cut into
 * segments and which changes are made, the rest is the frame. Parsed whole (by the ways for the
 * usual, and in a buffer that ends where the data ends, so that the address sanitizer sees a read
 * beyond) and in segments (by the way for all), it must come to the same; what is found lies within
 * the packet; changes change no length and no place of a header.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vnf/edit.h>

#include "fuzz_packets.h"
#include "must.h"

/* ---- what must hold ---- */

static void same_octets(const struct rte_mbuf *pkt, const uint8_t *data, uint32_t n)
{
	static uint8_t copy[FRAME_MAX];
	const void *got = rte_pktmbuf_read(pkt, 0, n, copy);

	must(pkt->pkt_len == n && (n == 0 || (got != NULL && memcmp(got, data, n) == 0)));
}

static void places_within(const struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	must(h->end <= pkt->pkt_len && h->payload <= h->end && h->l3 <= h->payload);
	must(h->payload <= pkt->data_len);
	must(h->l4 == 0 || (h->l3 < h->l4 && h->l4 <= h->payload));
	must(h->l4_sum == 0 || (h->l4 != 0 && h->l4_sum + 2u <= h->payload));
	must(h->n_vlans <= VNF_VLANS_MAX && h->fragment_header < h->payload + 1u);
}

/* ---- changes ---- */

static void change(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t which)
{
	static const uint8_t six[16] = { 0xfd, 0, 0xff };

	vnf_set_ipv4_src(pkt, h, which * 0x01010101u);
	vnf_set_ipv4_dst(pkt, h, which);
	vnf_set_ipv6_src(pkt, h, six);
	vnf_set_ipv6_dst(pkt, h, six);
	vnf_set_src_port(pkt, h, which);
	vnf_set_dst_port(pkt, h, (rte_be16_t)(which << 8));
	vnf_set_ipv4_id(pkt, h, which);
	vnf_set_dscp(pkt, h, which & 63);
	if (vnf_ttl_decrement(pkt, h) < 0)
		vnf_set_ttl(pkt, h, which);
	/* Not the identifier of an error: there it is something else. */
	if ((h->flags & VNF_QUOTED) == 0 && !vnf_is_icmp_error(pkt, h))
		vnf_set_icmp_id(pkt, h, which);
	vnf_clamp_mss(pkt, h, (uint16_t)(which * 8));
	if (h->proto == IPPROTO_TCP && h->l4 != 0 && (h->flags & VNF_QUOTED) == 0) {
		vnf_tcp_options_check(pkt, h);
		vnf_tcp_option_find(pkt, h, which, NULL);
	}
}

static void tags(struct rte_mbuf *pkt, struct vnf_headers *h, uint8_t which)
{
	uint32_t length = pkt->pkt_len;
	struct vnf_headers before = *h;

	if (vnf_vlan_push(pkt, h, RTE_ETHER_TYPE_VLAN, which) == 0)
		must(vnf_vlan_pop(pkt, h) == 0);
	must(pkt->pkt_len == length && memcmp(&before, h, sizeof(before)) == 0);
}

static void quote(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t which)
{
	struct vnf_headers q;

	if (!vnf_is_icmp_error(pkt, h) || vnf_parse_quote(pkt, h, &q) != 0)
		return;
	places_within(pkt, &q);
	must(q.l3 >= h->payload && q.end <= h->end && q.outer_sum == h->l4_sum);
	change(pkt, &q, which);
	must(pkt->pkt_len >= h->end);
}

static void changes(struct rte_mbuf *pkt, struct vnf_headers *h, uint8_t which)
{
	static const uint64_t states[] = { 0, RTE_MBUF_F_RX_L4_CKSUM_NONE, RTE_MBUF_F_TX_UDP_CKSUM,
					   RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4 |
						   RTE_MBUF_F_TX_TCP_CKSUM };
	struct vnf_headers again;

	quote(pkt, h, which);
	pkt->ol_flags = states[which & 3];
	change(pkt, h, which);
	tags(pkt, h, which);
	vnf_checksums_complete(pkt, h);
	pkt->ol_flags = 0;
	must(vnf_parse(pkt, &again) == 0 && memcmp(&again, h, sizeof(again)) == 0);
}

/* Whatever is asked of a cursor, it stays within. */
static void cursors(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t which)
{
	static uint8_t copy[FRAME_MAX];
	struct vnf_cursor c = vnf_cursor_at(pkt, h->payload, h->end);

	while (vnf_cursor_left(&c) > 0 && vnf_cursor_copy(&c, copy, which % 64u + 1))
		;
	must(vnf_cursor_copy(&c, copy, 0) && vnf_cursor_take(&c, 0) != NULL);
	must(vnf_cursor_skip(&c, vnf_cursor_left(&c)) && vnf_cursor_copy(&c, copy, 0));
}

static uint32_t run(const uint8_t *data, uint32_t n, uint8_t cut, uint8_t which,
		    struct vnf_headers *h)
{
	struct rte_mbuf *pkt = packet(data, n, cut);
	struct vnf_headers found;
	uint32_t bad = vnf_parse(pkt, h);

	same_octets(pkt, data, n);
	must(h->payload <= n && h->end <= n);
	if (bad == 0) {
		cursors(pkt, h, which);
		places_within(pkt, h);
		found = *h;
		changes(pkt, &found, which);
	}
	packet_free(pkt);
	return bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vnf_headers whole, cut;
	uint32_t bad, other;

	if (size < 3 || size > FRAME_MAX)
		return 0;
	pool_init();
	bad = run(data + 2, (uint32_t)size - 2, 0, data[1], &whole);
	other = run(data + 2, (uint32_t)size - 2, data[0], data[1], &cut);
	if (other != VNF_DROP_HEADERS_SPLIT)
		must(bad == other && memcmp(&whole, &cut, sizeof(cut)) == 0);
	return 0;
}
