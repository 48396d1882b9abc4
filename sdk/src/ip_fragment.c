/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * IPv4 packets cut to an interface's MTU: RFC 791 section 3.2, RFC 1812 section 4.2.2.7; and IPv6
 * packets of the node's own, RFC 8200 section 4.5. The packet itself becomes the first part, the
 * others are copies of its octets. Worker 0.
 */

#include "ip_node.h"

#include <errno.h>

#define UNIT 8 /* octets, of fragment offsets */
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_COPIED 0x80
#define HEADER_MIN ((uint32_t)sizeof(struct rte_ipv4_hdr))
#define HEADER_MAX 60

/* The header of all parts but the first: options that say so are copied, the others not. */
static uint32_t header_of_rest(const uint8_t *header, uint32_t octets, uint8_t *rest)
{
	uint32_t n = HEADER_MIN;

	memset(rest, OPTION_END, HEADER_MAX);
	memcpy(rest, header, HEADER_MIN);
	for (uint32_t at = HEADER_MIN; at < octets && header[at] != OPTION_END;) {
		/* Lengths were checked when the packet was parsed. */
		uint32_t length = header[at] == OPTION_NOP ? 1 : header[at + 1];

		if (header[at] & OPTION_COPIED) {
			memcpy(&rest[n], &header[at], length);
			n += length;
		}
		at += length;
	}
	n = RTE_ALIGN_CEIL(n, 4u);
	rest[0] = (uint8_t)(0x40 | n / 4);
	return n;
}

static void header_finish(struct rte_ipv4_hdr *ip, uint32_t octets, uint32_t offset, bool more)
{
	ip->total_length = rte_cpu_to_be_16((uint16_t)octets);
	ip->fragment_offset =
		rte_cpu_to_be_16((uint16_t)(offset / UNIT | (more ? RTE_IPV4_HDR_MF_FLAG : 0)));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

struct cut {
	struct ip_worker *w;
	uint32_t mtu;
	struct vnf_cursor rest; /* of the packet's payload */
	uint8_t header[HEADER_MAX];
	uint32_t header_octets;
	uint32_t offset; /* of `rest` within the datagram */
	bool more;       /* the packet was not the last fragment itself */
};

static struct rte_mbuf *part_make(struct cut *c)
{
	uint32_t room = c->mtu - c->header_octets;
	uint32_t left = vnf_cursor_left(&c->rest);
	uint32_t octets = left <= room ? left : room / UNIT * UNIT;
	struct rte_mbuf *part = ip_packet(c->w, c->header_octets + octets);
	struct rte_ipv4_hdr *ip;

	if (part == NULL)
		return NULL;
	vnf_ether(part)->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip = rte_pktmbuf_mtod_offset(part, struct rte_ipv4_hdr *, IP_ETHER_BYTES);
	memcpy(ip, c->header, c->header_octets);
	vnf_cursor_copy(&c->rest, (uint8_t *)ip + c->header_octets, octets);
	header_finish(ip, c->header_octets + octets, c->offset,
		      c->more || vnf_cursor_left(&c->rest) > 0);
	c->offset += octets;
	return part;
}

/* rte_pktmbuf_trim() cuts within one segment only. */
static void packet_cut(struct rte_mbuf *pkt, uint32_t octets)
{
	struct rte_mbuf *last = pkt;
	uint32_t left = octets;

	while (left > last->data_len) {
		left -= last->data_len;
		last = last->next;
	}
	for (struct rte_mbuf *m = last->next; m != NULL;) {
		struct rte_mbuf *next = m->next;

		rte_pktmbuf_free_seg(m);
		pkt->nb_segs--;
		m = next;
	}
	last->next = NULL;
	last->data_len = (uint16_t)left;
	pkt->pkt_len = octets;
}

vnf_verdict_t ip_fragment(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			  const struct ip_interface *in, const struct ip_interface *out,
			  const struct ip_addr *via)
{
	struct rte_mbuf *parts[(UINT16_MAX / UNIT) / 4];
	uint32_t header = (vnf_ipv4(pkt, h)->version_ihl & 0xfu) * 4, first, n = 0;
	struct cut c = { .w = w, .mtu = out->mtu, .more = (h->flags & VNF_FRAGMENTS_MORE) != 0 };

	if (out->mtu < header + UNIT)
		return VNF_DROP(VNF_DROP_TOO_BIG);
	if (vnf_checksums_complete(pkt, h) < 0)
		return VNF_DROP(VNF_DROP_UNSUPPORTED_OFFLOAD);
	c.header_octets = header_of_rest((const uint8_t *)vnf_ipv4(pkt, h), header, c.header);
	first = (out->mtu - header) / UNIT * UNIT;
	c.offset = h->fragment_offset + first;
	c.rest = vnf_cursor_at(pkt, h->l3 + header + first, h->end);
	while (vnf_cursor_left(&c.rest) > 0 && n < RTE_DIM(parts)) {
		parts[n] = part_make(&c);
		if (parts[n] == NULL)
			break;
		n++;
	}
	if (vnf_cursor_left(&c.rest) > 0) {
		while (n > 0)
			vnf_drop(w->worker, out->port, parts[--n], VNF_DROP_NO_MBUF);
		return VNF_DROP(VNF_DROP_NO_MBUF);
	}
	packet_cut(pkt, h->l3 + header + first);
	header_finish(vnf_ipv4(pkt, h), header + first, h->fragment_offset, true);
	w->node->counts.fragments += n + 1;
	ip_apply(w, out->port, pkt, ip_output(w, pkt, in, out, via));
	for (uint32_t i = 0; i < n; i++)
		ip_apply(w, out->port, parts[i], ip_output(w, parts[i], in, out, via));
	return VNF_TAKEN;
}

/* ---- IPv6 ---- */

#define V6_HEADERS ((uint32_t)(sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_ipv6_fragment_ext)))

/* The fragment header behind the fixed one. */
static void v6_finish(struct rte_ipv6_hdr *ip, uint8_t proto, uint32_t id, uint32_t offset,
		      uint32_t octets, bool more)
{
	struct rte_ipv6_fragment_ext ext = {
		.next_header = proto,
		.frag_data = rte_cpu_to_be_16((uint16_t)(offset | (more ? 1 : 0))),
		.id = id,
	};

	ip->proto = IPPROTO_FRAGMENT;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(sizeof(ext) + octets));
	memcpy(ip + 1, &ext, sizeof(ext));
}

static struct rte_mbuf *v6_part_make(struct ip_worker *w, const struct rte_ipv6_hdr *header,
				     struct vnf_cursor *rest, uint32_t room)
{
	uint32_t octets = RTE_MIN(vnf_cursor_left(rest), room);
	struct rte_mbuf *part = ip_packet(w, V6_HEADERS + octets);
	struct rte_ipv6_hdr *ip;

	if (part == NULL)
		return NULL;
	vnf_ether(part)->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	ip = rte_pktmbuf_mtod_offset(part, struct rte_ipv6_hdr *, IP_ETHER_BYTES);
	*ip = *header;
	vnf_cursor_copy(rest, (uint8_t *)ip + V6_HEADERS, octets);
	return part;
}

/* Room for the fragment header behind the fixed one. */
static bool v6_open(struct rte_mbuf *pkt, uint32_t l3)
{
	const uint16_t octets = sizeof(struct rte_ipv6_fragment_ext);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(pkt, octets);

	if (frame != NULL)
		memmove(frame, frame + octets, l3 + sizeof(struct rte_ipv6_hdr));
	return frame != NULL;
}

vnf_verdict_t ip_fragment_v6(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *out, const struct ip_addr *via)
{
	struct rte_mbuf *parts[UINT16_MAX / (IP6_MTU_MIN - V6_HEADERS) + 1];
	const struct rte_ipv6_hdr header = *vnf_ipv6(pkt, h);
	uint32_t room = (out->mtu - V6_HEADERS) / UNIT * UNIT, offset = room, n = 0;
	uint32_t id = (uint32_t)vnf_random_next(&w->node->random);
	uint32_t begin = h->l3 + (uint32_t)sizeof(header);
	struct vnf_cursor rest = vnf_cursor_at(pkt, begin + room, h->end);

	/* Those that are of the path, or fragments already, are nobody's to cut. */
	if (h->l4 != begin || out->mtu < IP6_MTU_MIN || vnf_checksums_complete(pkt, h) < 0)
		return VNF_DROP(VNF_DROP_TOO_BIG);
	while (vnf_cursor_left(&rest) > 0 && n < RTE_DIM(parts)) {
		parts[n] = v6_part_make(w, &header, &rest, room);
		if (parts[n] == NULL)
			break;
		n++;
	}
	if (vnf_cursor_left(&rest) > 0 || !v6_open(pkt, h->l3)) {
		while (n > 0)
			vnf_drop(w->worker, out->port, parts[--n], VNF_DROP_NO_MBUF);
		return VNF_DROP(VNF_DROP_NO_MBUF);
	}
	packet_cut(pkt, h->l3 + V6_HEADERS + room);
	v6_finish(vnf_ipv6(pkt, h), header.proto, id, 0, room, true);
	w->node->counts.fragments += n + 1;
	ip_apply(w, out->port, pkt, ip_output(w, pkt, NULL, out, via));
	for (uint32_t i = 0; i < n; i++, offset += room) {
		struct rte_mbuf *part = parts[i];
		uint32_t octets = part->pkt_len - IP_ETHER_BYTES - V6_HEADERS;

		v6_finish(rte_pktmbuf_mtod_offset(part, struct rte_ipv6_hdr *, IP_ETHER_BYTES),
			  header.proto, id, offset, octets, i + 1 < n);
		ip_apply(w, out->port, part, ip_output(w, part, NULL, out, via));
	}
	return VNF_TAKEN;
}
