/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Test packets: UDP, TCP, ICMP and ICMPv6. See vnf/test.h.
 */

#include "packet.h"

#include <errno.h>

#define TCP_BYTES 20
#define ICMP_BYTES 8

void vnf_test_udp(struct vnf_test_packet *p, uint16_t src_port, uint16_t dst_port)
{
	uint8_t *h = vnf_tp_add(p, __func__, TP_UDP, 8, (struct tp_type){ TP_NOWHERE, 17 });

	if (h == NULL)
		return;
	tp_put16(h, src_port);
	tp_put16(h + 2, dst_port);
}

/* ---- TCP ---- */

void vnf_test_tcp(struct vnf_test_packet *p, uint16_t src_port, uint16_t dst_port, uint8_t flags)
{
	uint8_t *h = vnf_tp_add(p, __func__, TP_TCP, TCP_BYTES, (struct tp_type){ TP_NOWHERE, 6 });

	if (h == NULL)
		return;
	tp_put16(h, src_port);
	tp_put16(h + 2, dst_port);
	h[12] = TCP_BYTES / 4 << 4;
	h[13] = flags;
	tp_put16(h + 14, UINT16_MAX);
}

void vnf_test_tcp_seq(struct vnf_test_packet *p, uint32_t seq, uint32_t ack, uint16_t window)
{
	uint8_t *h = vnf_tp_last(p, __func__, TP_TCP);

	if (h == NULL)
		return;
	tp_put32(h + 4, seq);
	tp_put32(h + 8, ack);
	tp_put16(h + 14, window);
}

static void tcp_options_add(struct vnf_test_packet *p, const char *where, const void *options,
			    uint32_t bytes)
{
	uint8_t *h = vnf_tp_options(p, where, TP_TCP, TCP_BYTES, options, bytes);

	if (h != NULL)
		h[12] = (uint8_t)(h[12] + (bytes / 4 << 4));
}

void vnf_test_tcp_options(struct vnf_test_packet *p, const void *options, uint32_t bytes)
{
	tcp_options_add(p, __func__, options, bytes);
}

void vnf_test_mss(struct vnf_test_packet *p, uint16_t mss)
{
	uint8_t option[] = { 2, 4, 0, 0 };

	tp_put16(option + 2, mss);
	tcp_options_add(p, __func__, option, sizeof(option));
}

/* ---- ICMP ---- */

static void icmp_add(struct vnf_test_packet *p, const char *where, uint8_t type, uint8_t code,
		     uint32_t rest)
{
	bool v6 = vnf_tp_over_ipv6(p);
	uint8_t *h = vnf_tp_add(p, where, v6 ? TP_ICMPV6 : TP_ICMP, ICMP_BYTES,
				(struct tp_type){ TP_NOWHERE, v6 ? 58 : 1 });

	if (h == NULL)
		return;
	h[0] = type;
	h[1] = code;
	tp_put32(h + 4, rest);
}

void vnf_test_icmp(struct vnf_test_packet *p, uint8_t type, uint8_t code, uint32_t rest)
{
	icmp_add(p, __func__, type, code, rest);
}

void vnf_test_echo(struct vnf_test_packet *p, bool reply, uint16_t id, uint16_t seq)
{
	uint8_t type = reply ? 0 : 8;

	if (vnf_tp_over_ipv6(p))
		type = reply ? 129 : 128;
	icmp_add(p, __func__, type, 0, (uint32_t)id << 16 | seq);
}

void vnf_test_icmp_error(struct vnf_test_packet *p, uint8_t type, uint8_t code, uint32_t rest,
			 const struct vnf_test_packet *about, uint32_t bytes)
{
	const struct vnf_test_layer *ip = vnf_tp_outer_ip(about);
	uint32_t end = about->len < about->bytes ? about->len : about->bytes;

	if (ip == NULL || about == p || ip->at >= end) {
		vnf_tp_fail(p, __func__, -EINVAL);
		return;
	}
	icmp_add(p, __func__, type, code, rest);
	if (bytes == 0 || bytes > end - ip->at)
		bytes = end - ip->at;
	vnf_test_bytes(p, about->data + ip->at, bytes);
}
