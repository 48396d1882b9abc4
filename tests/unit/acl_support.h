/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of vnf/acl.h: rules and packets that are made up, and a matcher that looks at rules
 * as they are written, one condition after the other.
 */
#ifndef ACL_SUPPORT_H
#define ACL_SUPPORT_H

#include "eal_support.h"

#include <stdlib.h>

#include <vnf/acl.h>
#include <vnf/vnf.h>

#define ACL_RANGES 4 /* of a list at most */
#define ACL_SETS 6

static uint64_t acl_state = 1;

/* SplitMix64, so that each run is the same. */
static inline uint64_t acl_random(void)
{
	uint64_t z = (acl_state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline uint32_t acl_below(uint32_t n)
{
	return (uint32_t)(acl_random() % n);
}

static inline bool acl_chance(uint32_t percent)
{
	return acl_below(100) < percent;
}

static inline struct vnf_acl_range acl_range(const char *text)
{
	struct vnf_acl_range range;
	char why[256];

	cr_assert_eq(vnf_acl_range_parse(text, &range, why, sizeof(why)), 0, "%s", why);
	return range;
}

/* ---- the oracle ---- */

static inline bool acl_in_range(const struct vnf_acl_range *r, const struct vnf_acl_packet *p,
				const uint8_t *addr)
{
	size_t n = p->version == 4 ? 4 : 16;

	return r->version == p->version && memcmp(addr, r->first, n) >= 0 &&
	       memcmp(addr, r->last, n) <= 0;
}

static inline bool acl_address_matches(const struct vnf_acl_addresses *a,
				       const struct vnf_acl_packet *p, const uint8_t *addr)
{
	bool in = false;

	if (a->n_ranges == 0 && a->n_sets == 0)
		return true;
	for (uint32_t i = 0; i < a->n_ranges; i++)
		in |= acl_in_range(&a->ranges[i], p, addr);
	for (uint32_t i = 0; i < a->n_sets; i++)
		in |= vnf_acl_set_has(a->sets[i], p->version, addr);
	return in != a->except;
}

static inline bool acl_in_spans(const struct vnf_acl_numbers *numbers, uint32_t value)
{
	for (uint32_t i = 0; i < numbers->n; i++)
		if (value >= numbers->spans[i].first && value <= numbers->spans[i].last)
			return true;
	return false;
}

static inline bool acl_number_matches(const struct vnf_acl_numbers *numbers, bool has,
				      uint32_t value)
{
	bool in;

	if (numbers->n == 0 && numbers->n_sets == 0)
		return true;
	in = acl_in_spans(numbers, value);
	for (uint32_t i = 0; i < numbers->n_sets; i++)
		in |= acl_in_spans(numbers->sets[i], value);
	return has && in != numbers->except;
}

static inline bool acl_icmp_matches(const struct vnf_acl_rule *r, const struct vnf_acl_packet *p)
{
	if (r->n_icmp == 0)
		return true;
	for (uint32_t i = 0; (p->has & VNF_ACL_HAS_ICMP) != 0 && i < r->n_icmp; i++)
		if (p->icmp_type >= r->icmp[i].type_first && p->icmp_type <= r->icmp[i].type_last &&
		    p->icmp_code >= r->icmp[i].code_first && p->icmp_code <= r->icmp[i].code_last)
			return true;
	return false;
}

static inline bool acl_zone_matches(uint64_t zones, uint8_t zone)
{
	return zones == 0 || (zone < VNF_ACL_ZONES && (zones >> zone & 1) != 0);
}

static inline bool acl_rule_matches(const struct vnf_acl_rule *r, const struct vnf_acl_packet *p)
{
	bool ports = (p->has & VNF_ACL_HAS_PORTS) != 0, flags = (p->has & VNF_ACL_HAS_FLAGS) != 0;

	return (p->version == 4 || p->version == 6) &&
	       (r->version == 0 || r->version == p->version) &&
	       acl_zone_matches(r->zones_in, p->zone_in) &&
	       acl_zone_matches(r->zones_out, p->zone_out) &&
	       acl_address_matches(&r->src, p, p->src) && acl_address_matches(&r->dst, p, p->dst) &&
	       acl_number_matches(&r->protos, true, p->proto) &&
	       acl_number_matches(&r->src_ports, ports, p->src_port) &&
	       acl_number_matches(&r->dst_ports, ports, p->dst_port) &&
	       acl_number_matches(&r->vlans, true, p->vlan) && acl_icmp_matches(r, p) &&
	       (r->flags_mask == 0 || (flags && (p->flags & r->flags_mask) == r->flags_value)) &&
	       (r->fragments == 0 || (r->fragments & p->fragment) != 0);
}

static inline uint32_t acl_oracle(const struct vnf_acl_rule *rules, uint32_t n,
				  const struct vnf_acl_packet *p)
{
	for (uint32_t i = 0; i < n; i++)
		if (acl_rule_matches(&rules[i], p))
			return i;
	return VNF_ACL_NONE;
}

/* ---- random rules ---- */

/* A rule with room for its lists. */
struct acl_random_rule {
	struct vnf_acl_range src[ACL_RANGES], dst[ACL_RANGES];
	const struct vnf_acl_set *src_set[2], *dst_set[2];
	struct vnf_acl_span proto[2], src_port[3], dst_port[3], vlan[2];
	const struct vnf_acl_numbers *port_set[1];
	struct vnf_acl_icmp icmp[2];
};

static struct vnf_acl_set *acl_sets[ACL_SETS];
static const struct vnf_acl_span acl_web[] = { { 80, 80 }, { 443, 443 }, { 8000, 8999 } };
static const struct vnf_acl_numbers acl_web_set = { .spans = acl_web, .n = RTE_DIM(acl_web) };

/* Few different bits, so that prefixes lie in one another and packets meet them. */
static inline void acl_random_addr(uint8_t version, uint8_t *addr)
{
	memset(addr, 0, 16);
	if (version == 4) {
		addr[0] = acl_chance(80) ? 10 : (uint8_t)acl_random();
		addr[1] = (uint8_t)acl_below(4);
		addr[2] = (uint8_t)(acl_random() & 0xc1);
		addr[3] = (uint8_t)(acl_chance(50) ? acl_below(4) : acl_random());
		return;
	}
	addr[0] = acl_chance(90) ? 0x20 : (uint8_t)acl_random();
	addr[5] = (uint8_t)acl_below(4);
	addr[7] = (uint8_t)(acl_random() & 0xc1);
	addr[8] = acl_chance(80) ? 0 : (uint8_t)acl_random();
	addr[15] = (uint8_t)(acl_chance(50) ? acl_below(4) : acl_random());
}

static inline void acl_range_random(struct vnf_acl_range *r)
{
	uint32_t octets, bits;

	r->version = acl_chance(50) ? 4 : 6;
	octets = r->version == 4 ? 4 : 16;
	acl_random_addr(r->version, r->first);
	acl_random_addr(r->version, r->last);
	if (acl_chance(30)) {
		if (memcmp(r->first, r->last, octets) > 0) {
			struct vnf_acl_range other = *r;

			memcpy(r->first, other.last, 16);
			memcpy(r->last, other.first, 16);
		}
		return;
	}
	bits = acl_chance(10) ? acl_below(octets * 8 + 1) : octets * 8 - acl_below(octets * 6);
	memcpy(r->last, r->first, 16);
	for (uint32_t i = 0; i < octets; i++) {
		uint32_t kept = bits > i * 8 ? RTE_MIN(bits - i * 8, 8u) : 0;
		uint8_t mask = (uint8_t)(0xff00u >> kept);

		r->first[i] &= mask;
		r->last[i] |= (uint8_t)~mask;
	}
}

static inline void acl_addresses_random(struct vnf_acl_addresses *a, struct vnf_acl_range *ranges,
					const struct vnf_acl_set **sets)
{
	if (acl_chance(35))
		return;
	a->n_ranges = acl_chance(75) ? 1 + acl_below(acl_chance(30) ? ACL_RANGES : 1) : 0;
	a->n_sets = acl_chance(25) ? 1 + acl_below(2) : 0;
	for (uint32_t i = 0; i < a->n_ranges; i++)
		acl_range_random(&ranges[i]);
	for (uint32_t i = 0; i < a->n_sets; i++)
		sets[i] = acl_sets[acl_below(ACL_SETS)];
	a->ranges = ranges;
	a->sets = sets;
	a->except = acl_chance(15);
}

static inline void acl_numbers_random(struct vnf_acl_numbers *n, struct vnf_acl_span *spans,
				      uint32_t most, uint32_t last)
{
	n->n = 1 + acl_below(most);
	n->spans = spans;
	n->except = acl_chance(20);
	for (uint32_t i = 0; i < n->n; i++) {
		uint32_t at = acl_chance(70) ? acl_below(RTE_MIN(last, 200u)) : acl_below(last);

		spans[i] = (struct vnf_acl_span){ at, at };
		if (acl_chance(40))
			spans[i].last = at + acl_below(last + 1 - at);
	}
}

static inline void acl_ports_random(struct vnf_acl_rule *r, struct acl_random_rule *room)
{
	if (acl_chance(40))
		acl_numbers_random(&r->src_ports, room->src_port, 3, 65535);
	if (acl_chance(70))
		acl_numbers_random(&r->dst_ports, room->dst_port, 3, 65535);
	if (acl_chance(20)) {
		room->port_set[0] = &acl_web_set;
		r->dst_ports.sets = room->port_set;
		r->dst_ports.n_sets = 1;
	}
}

static inline void acl_l4_random(struct vnf_acl_rule *r, struct acl_random_rule *room)
{
	static const uint8_t protos[] = { 1, 6, 6, 17, 17, 58, 47, 132 };

	switch (acl_below(5)) {
	case 0:
		acl_ports_random(r, room);
		break;
	case 1:
		r->n_icmp = 1 + acl_below(2);
		r->icmp = room->icmp;
		for (uint32_t i = 0; i < r->n_icmp; i++) {
			room->icmp[i].type_first = (uint8_t)acl_below(12);
			room->icmp[i].type_last =
				(uint8_t)(room->icmp[i].type_first + acl_below(4));
			room->icmp[i].code_last = acl_chance(50) ? 255 : (uint8_t)acl_below(4);
		}
		break;
	case 2:
		r->flags_mask = (uint8_t)(acl_random() & 0x1f);
		r->flags_value = (uint8_t)(acl_random() & r->flags_mask);
		if (acl_chance(50))
			acl_ports_random(r, room);
		break;
	case 3:
		for (uint32_t i = 0; i < 2; i++)
			room->proto[i].first = room->proto[i].last =
				protos[acl_below(RTE_DIM(protos))];
		r->protos = (struct vnf_acl_numbers){ .spans = room->proto, .n = 2 };
		r->protos.except = acl_chance(20);
		break;
	default:
		break;
	}
}

static inline void acl_rule_random(struct vnf_acl_rule *r, struct acl_random_rule *room)
{
	memset(r, 0, sizeof(*r));
	memset(room, 0, sizeof(*room));
	if (acl_chance(20))
		r->version = acl_chance(50) ? 4 : 6;
	if (acl_chance(25))
		r->zones_in = acl_random() & acl_random() & 0xff;
	if (acl_chance(25))
		r->zones_out = UINT64_C(1) << acl_below(4);
	acl_addresses_random(&r->src, room->src, room->src_set);
	acl_addresses_random(&r->dst, room->dst, room->dst_set);
	acl_l4_random(r, room);
	if (acl_chance(15))
		acl_numbers_random(&r->vlans, room->vlan, 2, VNF_ACL_UNTAGGED);
	if (acl_chance(10))
		r->fragments = (uint8_t)(1 + acl_below(7));
}

static inline void acl_sets_random(void)
{
	for (uint32_t i = 0; i < ACL_SETS; i++) {
		struct vnf_acl_range ranges[30];
		uint32_t n = acl_below(RTE_DIM(ranges) + 1);

		for (uint32_t k = 0; k < n; k++)
			acl_range_random(&ranges[k]);
		cr_assert_eq(vnf_acl_set_create(ranges, n, &acl_sets[i]), 0);
	}
}

static inline void acl_sets_destroy(void)
{
	for (uint32_t i = 0; i < ACL_SETS; i++)
		vnf_acl_set_destroy(acl_sets[i]);
}

/* ---- random packets ---- */

/* An address at a border of a range, or any. */
static inline void acl_addr_near(uint8_t version, const struct vnf_acl_addresses *a, uint8_t *addr)
{
	const struct vnf_acl_range *r = a->n_ranges > 0 ? &a->ranges[acl_below(a->n_ranges)] : NULL;
	uint32_t last = version == 4 ? 3 : 15;

	acl_random_addr(version, addr);
	if (r == NULL || r->version != version || acl_chance(20))
		return;
	memcpy(addr, acl_chance(50) ? r->first : r->last, 16);
	/* The one before or behind, carried. */
	for (int step = acl_chance(40) ? 0 : acl_chance(50) ? 1 : -1; step != 0; last--) {
		addr[last] = (uint8_t)(addr[last] + step);
		if (last == 0 || addr[last] != (step > 0 ? 0 : 255))
			break;
	}
}

static inline uint32_t acl_number_near(const struct vnf_acl_numbers *n, uint32_t last)
{
	const struct vnf_acl_numbers *from = n->n_sets > 0 && acl_chance(50) ? n->sets[0] : n;
	uint32_t at;

	if (from->n == 0 || acl_chance(20))
		return acl_below(last + 1);
	at = acl_below(from->n);
	at = acl_chance(50) ? from->spans[at].first : from->spans[at].last;
	return RTE_MIN(at + acl_below(3) - (at > 0), last);
}

static inline void acl_packet_l4(struct vnf_acl_packet *p, const struct vnf_acl_rule *r)
{
	static const uint8_t any[] = { 1, 6, 6, 6, 17, 17, 58, 47, 132, 255, 0 };
	static const uint8_t with_ports[] = { 6, 17, 132 };

	p->proto = any[acl_below(RTE_DIM(any))];
	if (r->flags_mask != 0)
		p->proto = 6;
	else if (r->src_ports.n + r->dst_ports.n + r->dst_ports.n_sets > 0)
		p->proto = with_ports[acl_below(3)];
	else if (r->n_icmp > 0)
		p->proto = p->version == 4 ? 1 : 58;
	if (p->fragment == VNF_ACL_LATER || acl_chance(5))
		return;
	if (p->proto == 6 || p->proto == 17 || p->proto == 132) {
		p->has = VNF_ACL_HAS_PORTS;
		p->src_port = (uint16_t)acl_number_near(&r->src_ports, 65535);
		p->dst_port = (uint16_t)acl_number_near(&r->dst_ports, 65535);
	}
	if (p->proto == 6) {
		p->has |= VNF_ACL_HAS_FLAGS;
		p->flags = (uint8_t)(acl_random() & 0x3f);
		if (acl_chance(60))
			p->flags = (uint8_t)((p->flags & ~r->flags_mask) | r->flags_value);
	}
	if (p->proto == (p->version == 4 ? 1 : 58)) {
		p->has = VNF_ACL_HAS_ICMP;
		p->icmp_type = (uint8_t)acl_below(16);
		p->icmp_code = (uint8_t)acl_below(5);
	}
}

/* Near a rule: most of its conditions hold, or just do not. */
static inline void acl_packet_random(struct vnf_acl_packet *p, const struct vnf_acl_rule *r)
{
	memset(p, 0, sizeof(*p));
	p->version = acl_chance(50) ? 4 : 6;
	if (r->version != 0 && acl_chance(80))
		p->version = r->version;
	else if (r->src.n_ranges > 0 && acl_chance(80))
		p->version = r->src.ranges[0].version;
	acl_addr_near(p->version, &r->src, p->src);
	acl_addr_near(p->version, &r->dst, p->dst);
	p->zone_in = (uint8_t)acl_below(acl_chance(95) ? 8 : 256);
	p->zone_out = (uint8_t)acl_below(4);
	p->vlan = (uint16_t)acl_number_near(&r->vlans, VNF_ACL_UNTAGGED);
	p->fragment = VNF_ACL_WHOLE;
	if (acl_chance(15))
		p->fragment = acl_chance(50) ? VNF_ACL_FIRST : VNF_ACL_LATER;
	acl_packet_l4(p, r);
}

#endif
