/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See packet_summary.h. Reading stops at the first header that is cut short or makes no sense; what
 * was read before it stands.
 */

#include "packet_summary.h"

#include <string.h>

#include <netinet/in.h>

#define ETHERNET_BYTES 14
#define TAG_BYTES 4
#define TAGS_MAX 2
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define EXTENSIONS_MAX 8
#define PORTS_BYTES 4
#define FRAGMENT_OFFSET_V4 0x1fff
#define FRAGMENT_OFFSET_V6 0xfff8
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif

/* Octets still to be read. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static uint16_t u16(const uint8_t *octets)
{
	return (uint16_t)(octets[0] << 8 | octets[1]);
}

static void skip(struct cursor *c, size_t n)
{
	c->at += n;
	c->left -= n;
}

static void read_ports(struct cursor *c, struct packet_summary *s)
{
	bool has = s->protocol == IPPROTO_TCP || s->protocol == IPPROTO_UDP ||
		   s->protocol == IPPROTO_SCTP || s->protocol == IPPROTO_UDPLITE;

	if (!has || c->left < PORTS_BYTES)
		return;
	s->has_ports = true;
	s->src_port = u16(c->at);
	s->dst_port = u16(c->at + 2);
}

static void read_ipv4(struct cursor *c, struct packet_summary *s)
{
	size_t length = c->left > 0 ? (size_t)(c->at[0] & 0xf) * 4 : 0;

	if (c->left < IPV4_BYTES || c->at[0] >> 4 != 4 || length < IPV4_BYTES)
		return;
	s->version = 4;
	s->protocol = c->at[9];
	memcpy(s->ip_src, c->at + 12, 4);
	memcpy(s->ip_dst, c->at + 16, 4);
	if ((u16(c->at + 6) & FRAGMENT_OFFSET_V4) != 0 || c->left < length)
		return;
	skip(c, length);
	read_ports(c, s);
}

/* Is the protocol an extension header that is whole? Then go behind it. A later fragment has no
 * header of a transport: nothing more can be read of it.
 */
static bool skip_extension(struct cursor *c, struct packet_summary *s)
{
	bool fragment = s->protocol == IPPROTO_FRAGMENT;
	size_t length;

	if (!fragment && s->protocol != IPPROTO_HOPOPTS && s->protocol != IPPROTO_ROUTING &&
	    s->protocol != IPPROTO_DSTOPTS)
		return false;
	if (c->left < 8)
		return false;
	length = fragment ? 8 : ((size_t)c->at[1] + 1) * 8;
	s->protocol = c->at[0];
	if (c->left < length || (fragment && (u16(c->at + 2) & FRAGMENT_OFFSET_V6) != 0)) {
		c->left = 0;
		return false;
	}
	skip(c, length);
	return true;
}

static void read_ipv6(struct cursor *c, struct packet_summary *s)
{
	if (c->left < IPV6_BYTES || c->at[0] >> 4 != 6)
		return;
	s->version = 6;
	s->protocol = c->at[6];
	memcpy(s->ip_src, c->at + 8, 16);
	memcpy(s->ip_dst, c->at + 24, 16);
	skip(c, IPV6_BYTES);
	for (int i = 0; i < EXTENSIONS_MAX && skip_extension(c, s); i++)
		;
	read_ports(c, s);
}

/* The type behind the tags; the cursor stands behind it. */
static void read_tags(struct cursor *c, struct packet_summary *s)
{
	for (int i = 0; i < TAGS_MAX && (s->type == TYPE_VLAN || s->type == TYPE_QINQ); i++) {
		if (c->left < TAG_BYTES)
			return;
		if (!s->has_vlan)
			s->vlan = u16(c->at) & 0xfff;
		s->has_vlan = true;
		s->type = u16(c->at + 2);
		skip(c, TAG_BYTES);
	}
}

void packet_summarise(const uint8_t *octets, size_t n, struct packet_summary *summary)
{
	struct cursor c = { octets, n };

	memset(summary, 0, sizeof(*summary));
	if (n < ETHERNET_BYTES)
		return;
	summary->has_ethernet = true;
	memcpy(summary->dst, octets, 6);
	memcpy(summary->src, octets + 6, 6);
	summary->type = u16(octets + 12);
	skip(&c, ETHERNET_BYTES);
	read_tags(&c, summary);
	if (summary->type == TYPE_IPV4)
		read_ipv4(&c, summary);
	else if (summary->type == TYPE_IPV6)
		read_ipv6(&c, summary);
}
