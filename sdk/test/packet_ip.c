/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Test packets: IPv4 and IPv6 headers, and fragments of packets. See vnf/test.h.
 */

#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define TTL_DEFAULT 64
/* Protocol of a packet that nothing follows: for experiments, RFC 3692. */
#define PROTO_EXPERIMENT 253
#define PROTO_HOP_BY_HOP 0
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_DESTINATION 60
#define IPV4_MORE 0x2000
#define IPV4_DF 0x4000

static const struct tp_type type_ipv4 = { 0x0800, 4 };
static const struct tp_type type_ipv6 = { 0x86dd, 41 };

static void address_put(struct vnf_test_packet *p, const char *where, int family, uint8_t *to,
			const char *text)
{
	if (text == NULL || inet_pton(family, text, to) != 1)
		vnf_tp_fail(p, where, -EINVAL);
}

/* ---- IPv4 ---- */

void vnf_test_ipv4(struct vnf_test_packet *p, const char *src, const char *dst)
{
	uint8_t *h = vnf_tp_add(p, __func__, TP_IPV4, IPV4_BYTES, type_ipv4);

	if (h == NULL)
		return;
	h[0] = 0x45;
	h[8] = TTL_DEFAULT;
	h[9] = PROTO_EXPERIMENT;
	address_put(p, __func__, AF_INET, h + 12, src);
	address_put(p, __func__, AF_INET, h + 16, dst);
}

void vnf_test_ipv4_options(struct vnf_test_packet *p, const void *options, uint32_t bytes)
{
	uint8_t *h = vnf_tp_options(p, __func__, TP_IPV4, IPV4_BYTES, options, bytes);

	if (h != NULL)
		h[0] = (uint8_t)(h[0] + bytes / 4);
}

/* The last IP header, of this kind; -1: of either. */
static uint8_t *ip_last(struct vnf_test_packet *p, const char *where, int kind)
{
	const struct vnf_test_layer *ip = NULL;

	if (p->error != 0)
		return NULL;
	ip = vnf_tp_ip(p, p->n_layers);
	if (ip != NULL && (kind < 0 || ip->kind == kind))
		return p->data + ip->at;
	vnf_tp_fail(p, where, -EINVAL);
	return NULL;
}

void vnf_test_ipv4_id(struct vnf_test_packet *p, uint16_t id)
{
	uint8_t *h = ip_last(p, __func__, TP_IPV4);

	if (h != NULL)
		tp_put16(h + 4, id);
}

void vnf_test_ipv4_df(struct vnf_test_packet *p)
{
	uint8_t *h = ip_last(p, __func__, TP_IPV4);

	if (h != NULL)
		h[6] |= IPV4_DF >> 8;
}

static bool offset_valid(uint32_t offset)
{
	return offset % 8 == 0 && offset <= 65528;
}

void vnf_test_ipv4_fragment(struct vnf_test_packet *p, uint32_t offset, bool more)
{
	uint8_t *h = ip_last(p, __func__, TP_IPV4);

	if (h == NULL)
		return;
	if (!offset_valid(offset)) {
		vnf_tp_fail(p, __func__, -EINVAL);
		return;
	}
	tp_put16(h + 6, (h[6] & IPV4_DF >> 8) << 8 | (more ? IPV4_MORE : 0) | offset / 8);
}

/* ---- IPv6 ---- */

void vnf_test_ipv6(struct vnf_test_packet *p, const char *src, const char *dst)
{
	uint8_t *h = vnf_tp_add(p, __func__, TP_IPV6, IPV6_BYTES, type_ipv6);

	if (h == NULL)
		return;
	h[0] = 0x60;
	h[6] = PROTO_EXPERIMENT;
	h[7] = TTL_DEFAULT;
	address_put(p, __func__, AF_INET6, h + 8, src);
	address_put(p, __func__, AF_INET6, h + 24, dst);
}

/* An extension header; the one before is IPv6 or another. */
static uint8_t *ext_add(struct vnf_test_packet *p, const char *where, uint8_t type, uint32_t bytes)
{
	uint8_t *h;

	if (vnf_tp_good(p, where) && p->layer[p->n_layers - 1].kind == TP_IPV4)
		vnf_tp_fail(p, where, -EINVAL);
	h = vnf_tp_add(p, where, TP_IPV6_EXT, bytes, (struct tp_type){ TP_NOWHERE, type });
	if (h != NULL)
		h[0] = PROTO_EXPERIMENT;
	return h;
}

void vnf_test_ipv6_ext(struct vnf_test_packet *p, uint8_t type, uint32_t bytes)
{
	uint8_t *h;

	if (bytes % 8 != 0 || bytes < 8 || bytes > 2048)
		vnf_tp_fail(p, __func__, -EINVAL);
	h = ext_add(p, __func__, type, bytes);
	if (h == NULL)
		return;
	h[1] = (uint8_t)(bytes / 8 - 1);
	if (type == PROTO_HOP_BY_HOP || type == PROTO_DESTINATION)
		for (uint32_t at = 2; at < bytes; at += 2 + h[at + 1]) {
			/* One PadN has 256 octets here; at least six are left for the next. */
			uint32_t rest = bytes - at;

			h[at] = 1;
			h[at + 1] = (uint8_t)(rest <= 256 ? rest - 2 : 254);
		}
}

void vnf_test_ipv6_fragment(struct vnf_test_packet *p, uint32_t id, uint32_t offset, bool more)
{
	uint8_t *h;

	if (!offset_valid(offset))
		vnf_tp_fail(p, __func__, -EINVAL);
	h = ext_add(p, __func__, PROTO_FRAGMENT, 8);
	if (h == NULL)
		return;
	tp_put16(h + 2, offset | more);
	tp_put32(h + 4, id);
}

/* ---- either ---- */

void vnf_test_ttl(struct vnf_test_packet *p, uint8_t ttl)
{
	uint8_t *h = ip_last(p, __func__, -1);

	if (h != NULL)
		h[vnf_tp_over_ipv6(p) ? 7 : 8] = ttl;
}

void vnf_test_dscp(struct vnf_test_packet *p, uint8_t dscp, uint8_t ecn)
{
	uint8_t *h = ip_last(p, __func__, -1);
	uint8_t tos = (uint8_t)(dscp << 2 | ecn);

	if (h == NULL)
		return;
	if (dscp > 63 || ecn > 3) {
		vnf_tp_fail(p, __func__, -EINVAL);
		return;
	}
	if (!vnf_tp_over_ipv6(p)) {
		h[1] = tos;
		return;
	}
	h[0] = (uint8_t)((h[0] & 0xf0) | tos >> 4);
	h[1] = (uint8_t)((h[1] & 0x0f) | (tos & 0x0f) << 4);
}

/* ---- fragments ---- */

/* Number of headers that each fragment has: RFC 8200, 4.5, for IPv6. */
static uint16_t layers_kept(const struct vnf_test_packet *p, uint16_t ip)
{
	uint16_t kept = ip + 1;

	for (uint16_t i = ip + 1; i < p->n_layers && p->layer[i].kind == TP_IPV6_EXT; i++) {
		uint8_t type = p->data[p->layer[i - 1].at +
				       vnf_tp_next_field(p->layer[i - 1].kind).offset];

		if (type == PROTO_HOP_BY_HOP || type == PROTO_ROUTING)
			kept = i + 1;
	}
	return kept;
}

/* Copy the headers that are kept; the rest of the packet is what is divided. */
static void headers_copy(struct vnf_test_packet *p, const struct vnf_test_packet *whole,
			 uint16_t kept)
{
	const struct vnf_test_layer *last = &whole->layer[kept - 1];

	vnf_tp_forget(p);
	p->bytes = (uint32_t)last->at + last->bytes;
	p->n_layers = kept;
	memcpy(p->layer, whole->layer, kept * sizeof(p->layer[0]));
	memcpy(p->data, whole->data, p->bytes);
	p->layer[kept - 1].next_set = false;
}

static void fragment_head(struct vnf_test_packet *p, uint32_t id, uint32_t offset, bool more)
{
	const struct vnf_test_layer *last = &p->layer[p->n_layers - 1];
	uint8_t next;

	if (last->kind == TP_IPV4) {
		vnf_test_ipv4_id(p, (uint16_t)id);
		p->data[last->at + 6] = 0;
		vnf_test_ipv4_fragment(p, offset, more);
		return;
	}
	next = p->data[last->at + vnf_tp_next_field(last->kind).offset];
	vnf_test_ipv6_fragment(p, id, offset, more);
	if (p->error == 0)
		vnf_test_next(p, next);
}

void vnf_test_fragment(struct vnf_test_packet *p, const struct vnf_test_packet *whole, uint32_t id,
		       uint32_t offset, uint32_t bytes)
{
	const struct vnf_test_layer *ip = vnf_tp_outer_ip(whole);
	uint32_t from, rest;

	if (ip == NULL || p == whole) {
		vnf_tp_forget(p);
		vnf_tp_fail(p, __func__, -EINVAL);
		return;
	}
	headers_copy(p, whole, layers_kept(whole, (uint16_t)(ip - whole->layer)));
	from = p->bytes;
	rest = whole->bytes - from;
	rest -= offset < rest ? offset : rest;
	if (bytes == 0 || bytes > rest)
		bytes = rest;
	if (rest == 0 || (bytes < rest && bytes % 8 != 0)) {
		vnf_tp_fail(p, __func__, -EINVAL);
		return;
	}
	fragment_head(p, id, offset, bytes < rest);
	vnf_test_bytes(p, whole->data + from + offset, bytes);
}
