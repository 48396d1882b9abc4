/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Test packets: Ethernet, VLAN tags, ARP. See vnf/test.h.
 */

#include "packet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Type of a frame that nothing follows: IEEE 802's for local experiments. */
#define TYPE_EXPERIMENT 0x88b5
#define MAC_BYTES 6

/* Six octets of two digits and nothing after, which ether_aton() does not ask for. */
static bool mac_parse(const char *text, uint8_t *to)
{
	if (text == NULL || strlen(text) != 3 * MAC_BYTES - 1)
		return false;
	for (int i = 0; i < MAC_BYTES; i++) {
		char *end;

		if (!isxdigit((unsigned char)text[3 * i]))
			return false;
		to[i] = (uint8_t)strtoul(text + 3 * i, &end, 16);
		if (end != text + 3 * i + 2 || *end != (i < MAC_BYTES - 1 ? ':' : '\0'))
			return false;
	}
	return true;
}

static void mac_put(struct vnf_test_packet *p, const char *where, uint8_t *to, const char *text)
{
	if (!mac_parse(text, to))
		vnf_tp_fail(p, where, -EINVAL);
}

static void ipv4_put(struct vnf_test_packet *p, const char *where, uint8_t *to, const char *text)
{
	if (text == NULL || inet_pton(AF_INET, text, to) != 1)
		vnf_tp_fail(p, where, -EINVAL);
}

void vnf_test_eth(struct vnf_test_packet *p, const char *dst, const char *src)
{
	uint8_t *h = p->data;

	vnf_tp_forget(p);
	p->layer[p->n_layers++] = (struct vnf_test_layer){ .kind = TP_ETH, .bytes = 14 };
	p->bytes = 14;
	memset(h, 0, p->bytes);
	mac_put(p, __func__, h, dst);
	mac_put(p, __func__, h + MAC_BYTES, src);
	tp_put16(h + 12, TYPE_EXPERIMENT);
}

static uint16_t tag_count(const struct vnf_test_packet *p)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < p->n_layers; i++)
		n += p->layer[i].kind == TP_VLAN;
	return n;
}

void vnf_test_vlan(struct vnf_test_packet *p, uint16_t tpid, uint16_t tci)
{
	uint8_t *h;

	if (tag_count(p) == 2)
		vnf_tp_fail(p, __func__, -EINVAL);
	h = vnf_tp_add(p, __func__, TP_VLAN, 4, (struct tp_type){ tpid, TP_NOWHERE });
	if (h == NULL)
		return;
	tp_put16(h, tci);
	tp_put16(h + 2, TYPE_EXPERIMENT);
}

void vnf_test_arp(struct vnf_test_packet *p, uint16_t op, const char *sender_mac,
		  const char *sender_ip, const char *target_mac, const char *target_ip)
{
	/* Ethernet addresses of 6 octets for IPv4 addresses of 4. */
	static const uint8_t spaces[] = { 0, 1, 0x08, 0x00, 6, 4 };
	uint8_t *h = vnf_tp_add(p, __func__, TP_ARP, 28, (struct tp_type){ 0x0806, TP_NOWHERE });

	if (h == NULL)
		return;
	memcpy(h, spaces, sizeof(spaces));
	tp_put16(h + 6, op);
	mac_put(p, __func__, h + 8, sender_mac);
	ipv4_put(p, __func__, h + 14, sender_ip);
	mac_put(p, __func__, h + 18, target_mac);
	ipv4_put(p, __func__, h + 24, target_ip);
}
