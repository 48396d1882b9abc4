/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The end of a test packet: lengths and checksums, from the innermost header to the outermost, each
 * of which covers those inside it. See vnf/test.h.
 */

#include "packet.h"

#include <errno.h>
#include <string.h>

/* ---- the Internet checksum, RFC 1071 ---- */

static uint32_t sum_add(uint32_t sum, const uint8_t *data, uint32_t bytes)
{
	for (uint32_t i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (bytes % 2 != 0)
		sum += (uint32_t)data[bytes - 1] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

static uint16_t sum_close(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Addresses, protocol and length that UDP, TCP and ICMPv6 have in their sum. */
static uint32_t sum_pseudo(const struct vnf_test_packet *p, const struct vnf_test_layer *ip,
			   uint8_t proto, uint32_t bytes)
{
	const uint8_t *h = p->data + ip->at;
	uint32_t sum = proto + bytes;

	return ip->kind == TP_IPV6 ? sum_add(sum, h + 8, 32) : sum_add(sum, h + 12, 8);
}

static uint16_t checksum_of(const struct vnf_test_packet *p, uint16_t n)
{
	const struct vnf_test_layer *layer = &p->layer[n], *ip = vnf_tp_ip(p, n);
	uint32_t bytes = p->bytes - layer->at, sum = 0;
	uint16_t checksum;

	if (layer->kind == TP_IPV4)
		bytes = layer->bytes;
	else if (layer->kind == TP_UDP)
		sum = sum_pseudo(p, ip, 17, bytes);
	else if (layer->kind == TP_TCP)
		sum = sum_pseudo(p, ip, 6, bytes);
	else if (layer->kind == TP_ICMPV6)
		sum = sum_pseudo(p, ip, 58, bytes);
	checksum = sum_close(sum_add(sum, p->data + layer->at, bytes));
	/* 0 would say that there is none: RFC 768. */
	return layer->kind == TP_UDP && checksum == 0 ? UINT16_MAX : checksum;
}

/* ---- fields ---- */

static void length_fill(struct vnf_test_packet *p, const struct vnf_test_layer *layer)
{
	struct tp_field f = vnf_tp_length_field(layer->kind);
	uint32_t length = p->bytes - layer->at;

	if (f.bytes == 0)
		return;
	if (layer->kind == TP_IPV6)
		length -= layer->bytes;
	tp_put16(p->data + layer->at + f.offset, layer->length_set ? layer->length : length);
}

static void checksum_fill(struct vnf_test_packet *p, uint16_t n)
{
	const struct vnf_test_layer *layer = &p->layer[n];
	struct tp_field f = vnf_tp_checksum_field(layer->kind);
	uint8_t *at = p->data + layer->at + f.offset;
	uint16_t checksum = layer->checksum;

	if (f.bytes == 0)
		return;
	tp_put16(at, 0);
	if (!layer->checksum_set)
		checksum = checksum_of(p, n);
	/* Neither 0, which is none to UDP, nor 0xffff, which is 0 to others. */
	if (layer->checksum_wrong)
		checksum = checksum == 0x1234 ? 0x4321 : 0x1234;
	tp_put16(at, checksum);
}

int vnf_test_finish(struct vnf_test_packet *p)
{
	p->len = 0;
	if (p->error == 0 && p->n_layers == 0)
		vnf_tp_fail(p, __func__, -EINVAL);
	if (p->error != 0)
		return p->error;
	for (uint16_t n = p->n_layers; n-- > 0;) {
		length_fill(p, &p->layer[n]);
		checksum_fill(p, n);
	}
	p->len = p->bytes;
	if (p->pad > p->len) {
		memset(p->data + p->len, 0, p->pad - p->len);
		p->len = p->pad;
	}
	if (p->cut > 0 && p->cut < p->len)
		p->len = p->cut;
	return 0;
}
