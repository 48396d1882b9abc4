/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The headers of a packet, from Ethernet to layer 4, by a cursor that does not leave it: all that
 * vnf_parse() leaves, and the packets that ICMP errors quote. One function per header; each
 * takes its header, checks it and moves the cursor's end to where its packet ends. Each returns 0
 * or the drop reason. Worker.
 */

#include <vnf/packet.h>

#include <string.h>

#include <rte_gre.h>
#include <rte_sctp.h>

#define TAG_TYPE_QINQ 0x88a8
#define TYPE_AT 12
#define ARP_BYTES 28
#define OPTION_END 0 /* IPv4 and TCP */
#define OPTION_NOP 1
#define OPTION_LOOSE_ROUTE 131
#define OPTION_STRICT_ROUTE 137
#define OPTION_PAD1 0 /* IPv6 */
#define EXTENSIONS_MAX 8
#define EXTENSION_BYTES 8 /* at least */
#define AH_BYTES 12       /* at least */
#define FRAGMENT_UNIT 8
#define DATAGRAM_MAX UINT16_MAX
#define QUOTE_BYTES 8 /* RFC 792: what an error quotes of layer 4 at least */
#define DCCP_BYTES 12
#define DCCP_BYTES_LONG 16 /* with extended sequence numbers */
#define DCCP_OFFSET 4
#define DCCP_SUM 6
#define DCCP_TYPE 8
#define ESP_BYTES 8
#define GRE_ROUTING 0x40
#define GRE_VERSION 0x07

/* The header of so many octets was not to be had. */
static uint32_t why_short(const struct vnf_cursor *c, uint32_t reason)
{
	return c->split ? VNF_DROP_HEADERS_SPLIT : reason;
}

/* ---- layer 2 ---- */

static bool is_tag(uint16_t ether_type)
{
	return ether_type == RTE_ETHER_TYPE_VLAN || ether_type == TAG_TYPE_QINQ;
}

static uint32_t ethernet_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_ether_hdr *eth = vnf_cursor_take(c, sizeof(*eth));

	if (eth == NULL)
		return why_short(c, VNF_DROP_ETHERNET_SHORT);
	h->ether_type = rte_be_to_cpu_16(eth->ether_type);
	while (is_tag(h->ether_type) && h->n_vlans < VNF_VLANS_MAX) {
		const struct rte_vlan_hdr *tag = vnf_cursor_take(c, sizeof(*tag));

		if (tag == NULL)
			return why_short(c, VNF_DROP_ETHERNET_SHORT);
		h->vlan[h->n_vlans++] = rte_be_to_cpu_16(tag->vlan_tci);
		h->ether_type = rte_be_to_cpu_16(tag->eth_proto);
	}
	return 0;
}

static uint32_t arp_read(struct vnf_cursor *c)
{
	const struct rte_arp_hdr *arp = vnf_cursor_take(c, ARP_BYTES);

	if (arp == NULL)
		return why_short(c, VNF_DROP_ARP_SHORT);
	if (arp->arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) ||
	    arp->arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    arp->arp_hlen != RTE_ETHER_ADDR_LEN || arp->arp_plen != sizeof(arp->arp_data.arp_sip))
		return VNF_DROP_ARP_FORMAT;
	return 0;
}

/* ---- layer 4 ---- */

/* A header of layer 4 that is shorter than its like. In a first fragment it is an attempt to pass
 * by whoever looks at ports and flags: RFC 1858 section 3, RFC 5722, RFC 7112.
 */
static uint32_t l4_short(const struct vnf_cursor *c, const struct vnf_headers *h, uint32_t reason)
{
	if (c->split)
		return VNF_DROP_HEADERS_SPLIT;
	return (h->flags & VNF_FRAGMENT) != 0 ? VNF_DROP_FRAGMENT_TINY : reason;
}

/* A quote may end within the header, but not within its first octets. */
static uint32_t l4_bytes(const struct vnf_cursor *c, const struct vnf_headers *h, uint32_t bytes)
{
	if ((h->flags & VNF_QUOTED) == 0)
		return bytes;
	return RTE_MAX((uint32_t)QUOTE_BYTES, RTE_MIN(bytes, vnf_cursor_left(c)));
}

/* Its checksum, if it is within the octets taken. */
static void sum_note(const struct vnf_cursor *c, struct vnf_headers *h, uint32_t offset)
{
	if (h->l4 + offset + sizeof(uint16_t) <= c->at)
		h->l4_sum = (uint16_t)(h->l4 + offset);
}

static uint32_t tcp_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	uint32_t bytes = l4_bytes(c, h, sizeof(struct rte_tcp_hdr));
	const struct rte_tcp_hdr *tcp = vnf_cursor_take(c, bytes);

	if (tcp == NULL)
		return l4_short(c, h, VNF_DROP_TCP_SHORT);
	sum_note(c, h, offsetof(struct rte_tcp_hdr, cksum));
	if (bytes < sizeof(*tcp))
		return 0;
	bytes = (uint32_t)(tcp->data_off >> 4) * 4;
	if (bytes < sizeof(*tcp))
		return VNF_DROP_TCP_OFFSET;
	bytes -= (uint32_t)sizeof(*tcp);
	if ((h->flags & VNF_QUOTED) != 0)
		bytes = RTE_MIN(bytes, vnf_cursor_left(c));
	if (bytes > 0 && vnf_cursor_take(c, bytes) == NULL)
		return l4_short(c, h, VNF_DROP_TCP_OFFSET);
	return 0;
}

static uint32_t udp_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_udp_hdr *udp = vnf_cursor_take(c, sizeof(*udp));
	uint16_t length;

	if (udp == NULL)
		return l4_short(c, h, VNF_DROP_UDP_SHORT);
	sum_note(c, h, offsetof(struct rte_udp_hdr, dgram_cksum));
	length = rte_be_to_cpu_16(udp->dgram_len);
	if (length < sizeof(*udp))
		return VNF_DROP_UDP_LENGTH;
	/* Of a fragment or a cut quote it is the whole datagram's. */
	if ((h->flags & (VNF_FRAGMENT | VNF_QUOTE_CUT)) == 0 &&
	    length - sizeof(*udp) > vnf_cursor_left(c))
		return VNF_DROP_UDP_LENGTH;
	return 0;
}

static uint32_t icmp_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	if (vnf_cursor_take(c, sizeof(struct rte_icmp_hdr)) == NULL)
		return l4_short(c, h, VNF_DROP_ICMP_SHORT);
	sum_note(c, h, offsetof(struct rte_icmp_hdr, icmp_cksum));
	return 0;
}

/* RFC 2784, 2890 and, of version 1, RFC 2637. */
static uint32_t gre_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_gre_hdr *gre = vnf_cursor_take(c, sizeof(*gre));
	uint32_t more = 0;

	if (gre == NULL)
		return l4_short(c, h, VNF_DROP_GRE_SHORT);
	if ((*(const uint8_t *)gre & GRE_ROUTING) != 0 || gre->ver > 1)
		return VNF_DROP_GRE_FORMAT;
	more += gre->c != 0 ? 4 : 0;
	more += gre->k != 0 ? 4 : 0;
	more += gre->s != 0 ? 4 : 0;
	/* The acknowledgement number of version 1 has the highest bit of what is 0 in version 0. */
	more += gre->ver == 1 && (((const uint8_t *)gre)[1] & 0x80) != 0 ? 4 : 0;
	if ((h->flags & VNF_QUOTED) != 0)
		more = RTE_MIN(more, vnf_cursor_left(c));
	if (more > 0 && vnf_cursor_take(c, more) == NULL)
		return l4_short(c, h, VNF_DROP_GRE_SHORT);
	return 0;
}

/* A header of which only the length is of interest. */
static uint32_t other_read(struct vnf_cursor *c, const struct vnf_headers *h, uint32_t bytes,
			   uint32_t reason)
{
	return vnf_cursor_take(c, l4_bytes(c, h, bytes)) == NULL ? l4_short(c, h, reason) : 0;
}

/* RFC 3828: the coverage is 0 for all, or the header at least. */
static uint32_t udplite_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_udp_hdr *udp = vnf_cursor_take(c, sizeof(*udp));
	uint16_t covered;

	if (udp == NULL)
		return l4_short(c, h, VNF_DROP_UDP_SHORT);
	sum_note(c, h, offsetof(struct rte_udp_hdr, dgram_cksum));
	covered = rte_be_to_cpu_16(udp->dgram_len);
	if (covered == 0)
		return 0;
	if (covered < sizeof(*udp))
		return VNF_DROP_UDP_LENGTH;
	if ((h->flags & (VNF_FRAGMENT | VNF_QUOTE_CUT)) == 0 &&
	    covered - sizeof(*udp) > vnf_cursor_left(c))
		return VNF_DROP_UDP_LENGTH;
	return 0;
}

/* RFC 4340 section 5.1: the data offset is in words, and covers the options. */
static uint32_t dccp_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	uint32_t bytes = l4_bytes(c, h, DCCP_BYTES);
	const uint8_t *dccp = vnf_cursor_take(c, bytes);

	if (dccp == NULL)
		return l4_short(c, h, VNF_DROP_DCCP_SHORT);
	sum_note(c, h, DCCP_SUM);
	if (bytes < DCCP_BYTES)
		return 0;
	bytes = dccp[DCCP_OFFSET] * 4u;
	if (bytes < ((dccp[DCCP_TYPE] & 1) != 0 ? DCCP_BYTES_LONG : DCCP_BYTES))
		return VNF_DROP_DCCP_OFFSET;
	bytes -= DCCP_BYTES;
	if ((h->flags & VNF_QUOTED) != 0)
		bytes = RTE_MIN(bytes, vnf_cursor_left(c));
	if (bytes > 0 && vnf_cursor_take(c, bytes) == NULL)
		return l4_short(c, h, VNF_DROP_DCCP_OFFSET);
	return 0;
}

static uint32_t l4_header_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	switch (h->proto) {
	case IPPROTO_TCP:
		return tcp_read(c, h);
	case IPPROTO_UDP:
		return udp_read(c, h);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return vnf_is_icmp(h) ? icmp_read(c, h) : 0;
	case IPPROTO_GRE:
		return gre_read(c, h);
	case IPPROTO_ESP:
		return other_read(c, h, ESP_BYTES, VNF_DROP_ESP_SHORT);
	case IPPROTO_SCTP:
		return other_read(c, h, sizeof(struct rte_sctp_hdr), VNF_DROP_SCTP_SHORT);
	case IPPROTO_UDPLITE:
		return udplite_read(c, h);
	case IPPROTO_DCCP:
		return dccp_read(c, h);
	default:
		return 0;
	}
}

static uint32_t l4_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	/* Of a quote that ended in it, AH is the last that is known. */
	if (h->fragment_offset != 0 || h->proto == IPPROTO_NONE || h->proto == IPPROTO_AH)
		return 0;
	h->l4 = (uint16_t)c->at;
	return l4_header_read(c, h);
}

/* ---- layer 3 ---- */

/* The packet says that it has so many octets from here. */
static bool end_set(struct vnf_cursor *c, struct vnf_headers *h, uint32_t octets)
{
	if (octets > vnf_cursor_left(c)) {
		if ((h->flags & VNF_QUOTED) == 0)
			return false;
		h->flags |= VNF_QUOTE_CUT;
		return true;
	}
	c->end = c->at + octets;
	return true;
}

/* The part of a datagram that begins at `offset` and has `octets`; of the headers in front of it,
 * `before` count in the length of the whole.
 */
static uint32_t fragment_note(struct vnf_headers *h, uint32_t offset, bool more, uint32_t octets,
			      uint32_t before)
{
	if (offset == 0 && !more)
		return 0;
	h->flags |= VNF_FRAGMENT;
	h->fragment_offset = (uint16_t)offset;
	if (more)
		h->flags |= VNF_FRAGMENTS_MORE;
	if ((h->flags & VNF_QUOTE_CUT) != 0)
		return 0;
	if (offset + octets + before > DATAGRAM_MAX)
		return VNF_DROP_FRAGMENT_BEYOND;
	if (more && (octets == 0 || octets % FRAGMENT_UNIT != 0))
		return VNF_DROP_FRAGMENT_LENGTH;
	return 0;
}

/* Does the quote end within the next header? It is one all the same, without layer 4, if it has the
 * octets that RFC 792 asks for; they begin no later than here.
 */
static bool quote_ends(const struct vnf_cursor *c, const struct vnf_headers *h, uint32_t octets)
{
	return (h->flags & VNF_QUOTE_CUT) != 0 && octets > vnf_cursor_left(c) &&
	       c->end - h->l3 >= sizeof(struct rte_ipv4_hdr) + QUOTE_BYTES;
}

/* Authentication header, RFC 4302; the next protocol is what it says. */
static uint32_t ah_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const uint8_t *ah;
	uint32_t bytes;

	if (quote_ends(c, h, AH_BYTES))
		return 0;
	ah = vnf_cursor_take(c, AH_BYTES);
	if (ah == NULL)
		return l4_short(c, h, VNF_DROP_AH_SHORT);
	bytes = (ah[1] + 2u) * 4;
	if (bytes < AH_BYTES)
		return VNF_DROP_AH_SHORT;
	if (quote_ends(c, h, bytes - AH_BYTES))
		return 0;
	h->proto = ah[0];
	if (bytes > AH_BYTES && vnf_cursor_take(c, bytes - AH_BYTES) == NULL)
		return l4_short(c, h, VNF_DROP_AH_SHORT);
	return 0;
}

/* IPv4's and TCP's options have the same form. */
static bool option_next(const uint8_t *options, uint32_t bytes, uint32_t *at, uint32_t *length)
{
	while (*at < bytes && options[*at] == OPTION_NOP)
		++*at;
	if (*at >= bytes || options[*at] == OPTION_END) {
		*length = 0;
		return true;
	}
	if (*at + 1 >= bytes)
		return false;
	*length = options[*at + 1];
	return *length >= 2 && *at + *length <= bytes;
}

/* A source route whose pointer is within it: RFC 791 section 3.1. */
static bool route_is_open(const uint8_t *option, uint32_t length)
{
	return (option[0] == OPTION_LOOSE_ROUTE || option[0] == OPTION_STRICT_ROUTE) &&
	       length > 2 && option[2] <= length;
}

static uint32_t ipv4_options_read(struct vnf_cursor *c, struct vnf_headers *h, uint32_t bytes)
{
	const uint8_t *options = vnf_cursor_take(c, bytes);
	uint32_t length;

	if (options == NULL)
		return why_short(c, VNF_DROP_IPV4_IHL);
	h->flags |= VNF_IP_OPTIONS;
	for (uint32_t at = 0;; at += length) {
		if (!option_next(options, bytes, &at, &length))
			return VNF_DROP_IPV4_OPTIONS;
		if (length == 0)
			return 0;
		if (route_is_open(options + at, length))
			h->flags |= VNF_SOURCE_ROUTED;
	}
}

static uint32_t ipv4_fragment_read(struct vnf_headers *h, uint16_t field, uint32_t header,
				   uint32_t octets)
{
	uint32_t offset = (field & RTE_IPV4_HDR_OFFSET_MASK) * (uint32_t)FRAGMENT_UNIT;
	uint32_t bad =
		fragment_note(h, offset, (field & RTE_IPV4_HDR_MF_FLAG) != 0, octets, header);

	if (bad != 0 || (h->flags & VNF_FRAGMENT) == 0)
		return bad;
	h->fragment_header = h->l3;
	/* It would write over the flags of the TCP header: RFC 1858 section 3.2. */
	if (offset == FRAGMENT_UNIT && h->proto == IPPROTO_TCP)
		return VNF_DROP_FRAGMENT_TINY;
	return 0;
}

static uint32_t ipv4_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_ipv4_hdr *ip = vnf_cursor_take(c, sizeof(*ip));
	uint32_t header, length, bad;
	uint16_t fragment;

	if (ip == NULL)
		return why_short(c, VNF_DROP_IPV4_SHORT);
	if (ip->version_ihl >> 4 != 4)
		return VNF_DROP_IPV4_VERSION;
	header = rte_ipv4_hdr_len(ip);
	length = rte_be_to_cpu_16(ip->total_length);
	fragment = rte_be_to_cpu_16(ip->fragment_offset);
	h->proto = ip->next_proto_id;
	if (header < sizeof(*ip) || header - sizeof(*ip) > vnf_cursor_left(c))
		return VNF_DROP_IPV4_IHL;
	if (length < header || !end_set(c, h, length - (uint32_t)sizeof(*ip)))
		return VNF_DROP_IPV4_LENGTH;
	bad = ipv4_fragment_read(h, fragment, header, length - header);
	if (bad == 0 && header > sizeof(*ip))
		bad = ipv4_options_read(c, h, header - (uint32_t)sizeof(*ip));
	if (bad == 0 && h->proto == IPPROTO_AH && h->fragment_offset == 0)
		bad = ah_read(c, h);
	return bad != 0 ? bad : l4_read(c, h);
}

/* Options of a hop-by-hop or destination options header, RFC 8200 section 4.2. */
static bool ipv6_options_good(const uint8_t *options, uint32_t bytes)
{
	uint32_t at = 0;

	while (at < bytes) {
		if (options[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if (at + 1 >= bytes)
			return false;
		at += 2u + options[at + 1];
	}
	return at == bytes;
}

static uint32_t ipv6_fragment_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_ipv6_fragment_ext *ext = vnf_cursor_take(c, EXTENSION_BYTES);
	uint32_t before;
	uint16_t field;

	if (ext == NULL)
		return why_short(c, VNF_DROP_IPV6_EXT_SHORT);
	if (h->fragment_header != 0)
		return VNF_DROP_IPV6_EXT_ORDER;
	h->fragment_header = (uint16_t)(c->at - EXTENSION_BYTES);
	field = rte_be_to_cpu_16(ext->frag_data);
	h->proto = ext->next_header;
	before = h->fragment_header - h->l3 - (uint32_t)sizeof(struct rte_ipv6_hdr);
	return fragment_note(h, field & RTE_IPV6_EHDR_FO_MASK, (field & RTE_IPV6_EHDR_MF_MASK) != 0,
			     vnf_cursor_left(c), before);
}

static uint32_t ipv6_extension_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const uint8_t *ext = vnf_cursor_take(c, EXTENSION_BYTES);
	uint8_t type = h->proto;
	uint32_t bytes;

	if (ext == NULL)
		return l4_short(c, h, VNF_DROP_IPV6_EXT_SHORT);
	bytes = (ext[1] + 1u) * 8;
	h->proto = ext[0];
	if (type == IPPROTO_ROUTING && ext[3] != 0)
		h->flags |= VNF_SOURCE_ROUTED;
	/* Once more and whole, for the first octets may have moved. */
	c->at -= EXTENSION_BYTES;
	ext = vnf_cursor_take(c, bytes);
	if (ext == NULL)
		return l4_short(c, h, VNF_DROP_IPV6_EXT_SHORT);
	if (type != IPPROTO_ROUTING && !ipv6_options_good(ext + 2, bytes - 2))
		return VNF_DROP_IPV6_OPTIONS;
	return 0;
}

static uint32_t ipv6_next_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	switch (h->proto) {
	case IPPROTO_FRAGMENT:
		return ipv6_fragment_read(c, h);
	case IPPROTO_AH:
		return ah_read(c, h);
	default:
		return ipv6_extension_read(c, h);
	}
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH;
}

/* What is behind the header of a fragment that is not the first is no header. */
static uint32_t ipv6_extensions_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	for (uint32_t n = 0; is_extension(h->proto) && h->fragment_offset == 0; n++) {
		uint32_t bad;

		if (n == EXTENSIONS_MAX)
			return VNF_DROP_IPV6_EXT_MANY;
		if (h->proto == IPPROTO_HOPOPTS && n > 0)
			return VNF_DROP_IPV6_EXT_ORDER;
		h->flags |= VNF_IP_OPTIONS;
		bad = ipv6_next_read(c, h);
		if (bad != 0)
			return bad;
		/* Perhaps the quote ended in it: see ah_read(). */
		if (h->proto == IPPROTO_AH && (h->flags & VNF_QUOTE_CUT) != 0)
			break;
	}
	return 0;
}

static uint32_t ipv6_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	const struct rte_ipv6_hdr *ip = vnf_cursor_take(c, sizeof(*ip));
	uint32_t bad;

	if (ip == NULL)
		return why_short(c, VNF_DROP_IPV6_SHORT);
	if ((*(const uint8_t *)ip >> 4) != 6)
		return VNF_DROP_IPV6_VERSION;
	h->proto = ip->proto;
	if (!end_set(c, h, rte_be_to_cpu_16(ip->payload_len)))
		return VNF_DROP_IPV6_LENGTH;
	bad = ipv6_extensions_read(c, h);
	return bad != 0 ? bad : l4_read(c, h);
}

static uint32_t l3_read(struct vnf_cursor *c, struct vnf_headers *h)
{
	h->l3 = (uint16_t)c->at;
	switch (h->ether_type) {
	case RTE_ETHER_TYPE_IPV4:
		return ipv4_read(c, h);
	case RTE_ETHER_TYPE_IPV6:
		return ipv6_read(c, h);
	case RTE_ETHER_TYPE_ARP:
		return arp_read(c);
	default:
		return 0;
	}
}

static uint32_t headers_end(const struct vnf_cursor *c, struct vnf_headers *h, uint32_t bad)
{
	h->payload = (uint16_t)c->at;
	h->end = c->end;
	return bad;
}

/* ---- the usual, faster ---- */

/* As vnf_parse_plain_ipv4(), without extension headers. */
static bool plain_ipv6(const struct rte_mbuf *pkt, uint16_t l3, struct vnf_headers *h)
{
	const struct rte_ipv6_hdr *ip =
		rte_pktmbuf_mtod_offset(pkt, const struct rte_ipv6_hdr *, l3);
	uint32_t octets;

	if (pkt->data_len < l3 + sizeof(*ip) + sizeof(struct rte_udp_hdr) ||
	    *(const uint8_t *)ip >> 4 != 6)
		return false;
	octets = rte_be_to_cpu_16(ip->payload_len);
	if (octets < sizeof(struct rte_udp_hdr) || l3 + sizeof(*ip) + octets > pkt->pkt_len)
		return false;
	*h = (struct vnf_headers){
		.end = l3 + (uint32_t)sizeof(*ip) + octets,
		.l3 = l3,
		.l4 = (uint16_t)(l3 + sizeof(*ip)),
		.ether_type = RTE_ETHER_TYPE_IPV6,
		.proto = ip->proto,
	};
	return vnf_parse_plain_l4(pkt, h);
}

static uint16_t be16_at(const uint8_t *octets)
{
	return rte_be_to_cpu_16(((const struct vnf_u16 *)octets)->value);
}

/* UDP or TCP over plain IP, with or without tags, headers in the first segment. False: it is not,
 * or something is wrong.
 */
static bool plain_read(const struct rte_mbuf *pkt, struct vnf_headers *h)
{
	const uint8_t *frame = rte_pktmbuf_mtod(pkt, const uint8_t *);
	uint16_t l3 = RTE_ETHER_HDR_LEN, type, vlan[VNF_VLANS_MAX] = { 0 };
	uint8_t n = 0;

	if (pkt->data_len < RTE_ETHER_HDR_LEN + VNF_VLANS_MAX * sizeof(struct rte_vlan_hdr))
		return false;
	type = be16_at(frame + TYPE_AT);
	while (is_tag(type) && n < VNF_VLANS_MAX) {
		vlan[n++] = be16_at(frame + l3);
		type = be16_at(frame + l3 + sizeof(type));
		l3 += (uint16_t)sizeof(struct rte_vlan_hdr);
	}
	if (type == RTE_ETHER_TYPE_IPV4 ? !vnf_parse_plain_ipv4(pkt, l3, h)
					: type != RTE_ETHER_TYPE_IPV6 || !plain_ipv6(pkt, l3, h))
		return false;
	h->n_vlans = n;
	h->vlan[0] = vlan[0];
	h->vlan[1] = vlan[1];
	return true;
}

uint32_t vnf_parse_any(struct rte_mbuf *pkt, struct vnf_headers *h)
{
	struct vnf_cursor c = vnf_cursor_at(pkt, 0, UINT32_MAX);
	uint32_t bad;

	if (likely(plain_read(pkt, h)))
		return 0;
	*h = (struct vnf_headers){ .proto = VNF_PROTO_NONE };
	bad = ethernet_read(&c, h);
	if (bad == 0)
		bad = l3_read(&c, h);
	return headers_end(&c, h, bad);
}

/* ---- quotes ---- */

/* Of a message with extensions, RFC 4884 section 4: what of it is the quote; 0: all. */
static uint32_t quote_octets(struct rte_mbuf *pkt, const struct vnf_headers *outer)
{
	const uint8_t *icmp = (const uint8_t *)vnf_icmp(pkt, outer);
	uint8_t type = icmp[0];

	if (outer->proto == IPPROTO_ICMPV6)
		return type == 1 || type == 3 ? icmp[4] * 8u : 0;
	return type == 3 || type == 11 || type == 12 ? icmp[5] * 4u : 0;
}

uint32_t vnf_parse_quote(struct rte_mbuf *pkt, const struct vnf_headers *outer,
			 struct vnf_headers *h)
{
	struct vnf_cursor c = vnf_cursor_at(pkt, outer->payload, outer->end);
	uint32_t octets = quote_octets(pkt, outer), bad;

	if (octets != 0 && octets < vnf_cursor_left(&c))
		c.end = c.at + octets;
	*h = (struct vnf_headers){
		.ether_type = outer->ether_type,
		.proto = VNF_PROTO_NONE,
		.flags = VNF_QUOTED,
		.outer_sum = outer->l4_sum,
	};
	bad = headers_end(&c, h, l3_read(&c, h));
	return bad == 0 || bad == VNF_DROP_HEADERS_SPLIT ? bad : VNF_DROP_ICMP_QUOTE;
}

/* ---- TCP options ---- */

static const uint8_t *tcp_options(struct rte_mbuf *pkt, const struct vnf_headers *h,
				  uint32_t *bytes)
{
	uint32_t fixed = h->l4 + (uint32_t)sizeof(struct rte_tcp_hdr);

	*bytes = h->payload > fixed ? h->payload - fixed : 0;
	return (const uint8_t *)(vnf_tcp(pkt, h) + 1);
}

uint32_t vnf_tcp_options_check(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t bytes, length;
	const uint8_t *options = tcp_options(pkt, h, &bytes);

	for (uint32_t at = 0;; at += length) {
		if (!option_next(options, bytes, &at, &length))
			return VNF_DROP_TCP_OPTIONS;
		if (length == 0)
			return 0;
	}
}

uint32_t vnf_tcp_option_find(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t kind,
			     uint8_t *octets)
{
	uint32_t bytes, length;
	const uint8_t *options = tcp_options(pkt, h, &bytes);

	for (uint32_t at = 0; option_next(options, bytes, &at, &length) && length != 0;
	     at += length) {
		if (options[at] != kind)
			continue;
		if (octets != NULL)
			*octets = (uint8_t)length;
		return h->l4 + (uint32_t)sizeof(struct rte_tcp_hdr) + at;
	}
	return 0;
}
