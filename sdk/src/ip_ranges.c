/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses that the program has beside those of its interfaces (vnf_app.addresses): its ranges are
 * put in order and cut, so that each part is on one link or on none, and no part has what an
 * interface has, or what is no host's. Called while tables are built; control thread.
 */

#include "ip_node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* 127.0.0.0/8 */
#define LOOPBACK_FIRST UINT32_C(0x7f000000)
#define LOOPBACK_LAST UINT32_C(0x7fffffff)

/* One of an interface. */
struct subnet {
	uint32_t first, last;
	uint32_t own; /* address of the interface */
	uint8_t length;
	bool leased;
	const struct ip_interface *on;
};

struct cut {
	struct ip_tables *t;
	struct subnet *subnet; /* in the order in which the first of two equal ones counts */
	size_t n_subnets;
	struct ip_range *range; /* as the program says them, then sorted, without overlaps */
	size_t n_ranges, room;
	size_t parts_room;
};

static const char *text_of(uint32_t addr, char *text, size_t size)
{
	const struct ip_addr a = ip_addr_v4(rte_cpu_to_be_32(addr));

	ip_addr_print(&a, text, size);
	return text;
}

static uint64_t count_of(const struct ip_range *r)
{
	return (uint64_t)r->last - r->first + 1;
}

/* ---- what the program says ---- */

static int range_put(struct ip_range **list, size_t *n, size_t *room, const struct ip_range *range)
{
	if (*n == *room) {
		size_t more = *room * 2 + 16;
		struct ip_range *all = realloc(*list, more * sizeof(*all));

		if (all == NULL)
			return -ENOMEM;
		*list = all;
		*room = more;
	}
	(*list)[(*n)++] = *range;
	return 0;
}

static bool are_hosts(const struct ip_range *r)
{
	const struct ip_addr first = ip_addr_v4(rte_cpu_to_be_32(r->first));
	const struct ip_addr last = ip_addr_v4(rte_cpu_to_be_32(r->last));

	return r->first <= r->last && ip_is_host(&first) && ip_is_host(&last) &&
	       (r->last < LOOPBACK_FIRST || r->first > LOOPBACK_LAST);
}

static int ranges_read(struct cut *c, const struct ip_ranges_from *from)
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	struct vnf_ip_range said;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && from->program->addresses(from->vnf, from->keys, i, &said);
	     i++) {
		const struct ip_range r = { .first = rte_be_to_cpu_32(said.first),
					    .last = rte_be_to_cpu_32(said.last) };

		ret = range_put(&c->range, &c->n_ranges, &c->room, &r);
		if (are_hosts(&r))
			continue;
		vnf_config_error(from->file, &c->t->spec->interfaces,
				 "the program's addresses %s to %s are not all of hosts",
				 text_of(r.first, first, sizeof(first)),
				 text_of(r.last, last, sizeof(last)));
		ret = -EINVAL;
	}
	return ret;
}

static int range_compare(const void *a, const void *b)
{
	const struct ip_range *one = a, *other = b;

	return one->first < other->first ? -1 : one->first > other->first;
}

/* Sorted, and those that overlap or touch made one. */
static void ranges_join(struct cut *c)
{
	size_t n = 0;

	if (c->n_ranges == 0)
		return;
	qsort(c->range, c->n_ranges, sizeof(*c->range), range_compare);
	for (size_t i = 1; i < c->n_ranges; i++) {
		if (c->range[i].first <= c->range[n].last + 1u)
			c->range[n].last = RTE_MAX(c->range[n].last, c->range[i].last);
		else
			c->range[++n] = c->range[i];
	}
	c->n_ranges = n + 1;
}

/* ---- where they are ---- */

static void subnet_put(struct cut *c, const struct ip_interface *on, uint16_t i)
{
	const struct ip_prefix *p = &on->address[i];
	uint32_t bits, mask, own;

	if (!ip_is_v4(&p->addr))
		return;
	bits = p->length - IP_V4_BITS;
	mask = bits > 0 ? UINT32_MAX << (32 - bits) : 0;
	own = rte_be_to_cpu_32(p->addr.word[3]);
	c->subnet[c->n_subnets++] = (struct subnet){ .first = own & mask,
						     .last = own | ~mask,
						     .own = own,
						     .length = p->length,
						     .leased = i >= on->n_configured,
						     .on = on };
}

/* Those of leases come last, as their routes do. */
static int subnets_find(struct cut *c)
{
	const struct ip_tables *t = c->t;
	size_t n = 0;

	for (uint16_t i = 0; i < t->n_interfaces; i++)
		n += t->interface[i].n_addresses;
	c->subnet = calloc(n + 1, sizeof(*c->subnet));
	if (c->subnet == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < t->n_interfaces; i++)
		for (uint16_t k = 0; k < t->interface[i].n_configured; k++)
			subnet_put(c, &t->interface[i], k);
	for (uint16_t i = 0; i < t->n_interfaces; i++)
		for (uint16_t k = t->interface[i].n_configured; k < t->interface[i].n_addresses;
		     k++)
			subnet_put(c, &t->interface[i], k);
	return 0;
}

/* The part ends before this address, which is none of a range's. False: it begins with it. */
static bool ends_before(struct ip_range *part, uint32_t addr)
{
	if (addr > part->first && addr <= part->last)
		part->last = addr - 1;
	return addr != part->first;
}

/* RFC 3021: of two addresses both are hosts'. */
static bool ends_before_ends(struct ip_range *part, const struct subnet *s)
{
	bool is = ends_before(part, s->own);

	if (s->last - s->first <= 1)
		return is;
	is &= ends_before(part, s->first);
	return ends_before(part, s->last) && is;
}

/* Shorten the part to what is of one kind with its first address, and find out where that is.
 * False: the first address is none of the range's.
 */
static bool part_find(const struct cut *c, struct ip_range *part)
{
	bool is = true;

	for (size_t i = 0; i < c->n_subnets; i++) {
		const struct subnet *s = &c->subnet[i];

		is &= ends_before_ends(part, s);
		if (part->first < s->first || part->first > s->last) {
			ends_before(part, s->first);
			continue;
		}
		part->last = RTE_MIN(part->last, s->last);
		if (part->on != NULL && part->length >= s->length)
			continue;
		part->on = s->on;
		part->length = s->length;
		part->leased = s->leased;
	}
	if (!is)
		part->last = part->first;
	return is;
}

static int range_cut(struct cut *c, const struct ip_range *range)
{
	int ret = 0;

	for (uint64_t at = range->first; ret == 0 && at <= range->last;) {
		struct ip_range part = { .first = (uint32_t)at, .last = range->last };

		if (part_find(c, &part))
			ret = range_put(&c->t->range, &c->t->n_ranges, &c->parts_room, &part);
		at = (uint64_t)part.last + 1;
	}
	return ret;
}

/* ---- how many ---- */

/* What the program may have on links; see check_count() of ip_config.c. */
static size_t room_of(const struct ip_spec *spec)
{
	const struct ip_interface_spec *all = spec->interfaces.items;
	size_t n = 2 * spec->interfaces.n;

	for (size_t i = 0; i < spec->interfaces.n; i++)
		n += all[i].addresses.n;
	return n < IP_OWN_MAX ? IP_OWN_MAX - n : 0;
}

/* In configured subnets too many are wrong; a lease is not to blame, and those that it brings are
 * only received then.
 */
static int ranges_count(struct ip_tables *t, struct vnf_config *file)
{
	uint64_t n = 0, room = room_of(t->spec);

	for (size_t i = 0; i < t->n_ranges; i++)
		if (t->range[i].on != NULL && !t->range[i].leased)
			n += count_of(&t->range[i]);
	if (n > room) {
		vnf_config_error(file, &t->spec->interfaces,
				 "the program has %" PRIu64 " addresses of its own in subnets of "
				 "interfaces, beside the interfaces'; there is room for %" PRIu64,
				 n, room);
		return -EINVAL;
	}
	for (size_t i = 0; i < t->n_ranges; i++) {
		struct ip_range *r = &t->range[i];

		if (r->on == NULL || !r->leased)
			continue;
		if (n + count_of(r) <= room) {
			n += count_of(r);
			continue;
		}
		vnf_warning(
			"interface \"%s\": by DHCP its subnet has %" PRIu64 " addresses of the "
			"program more, which is too many to answer ARP for; they are received if "
			"they are routed here",
			r->on->name, count_of(r));
		r->on = NULL;
	}
	return 0;
}

/* ---- the whole ---- */

int ip_ranges_build(struct ip_tables *t, const struct ip_ranges_from *from)
{
	struct cut c = { .t = t };
	int ret;

	if (from->program->addresses == NULL || t->n_interfaces == 0)
		return 0;
	ret = ranges_read(&c, from);
	if (ret == 0)
		ret = subnets_find(&c);
	ranges_join(&c);
	for (size_t i = 0; ret == 0 && i < c.n_ranges; i++)
		ret = range_cut(&c, &c.range[i]);
	if (ret == 0)
		ret = ranges_count(t, from->file);
	free(c.range);
	free(c.subnet);
	return ret;
}

const struct ip_range *ip_range_of(const struct ip_tables *t, const struct ip_addr *addr)
{
	size_t low = 0, high = t->n_ranges;
	uint32_t v4;

	if (!ip_is_v4(addr))
		return NULL;
	v4 = rte_be_to_cpu_32(addr->word[3]);
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct ip_range *r = &t->range[middle];

		if (v4 < r->first)
			high = middle;
		else if (v4 > r->last)
			low = middle + 1;
		else
			return r;
	}
	return NULL;
}
