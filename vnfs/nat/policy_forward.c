/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Static pairs and forwards of a policy, sorted both ways, and found by binary search. An
 * interface's address is known only now, if it is by DHCP: a forward to one that has become another
 * forward's, or that of a static pair, is left out, which is logged. Building: control thread;
 * finding: any.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include <vnf/log.h>

#include "policy_plan.h"

#define PLACE_MAX 256

static char *place_of(const struct vnf_config *file, const void *field)
{
	char place[PLACE_MAX];

	vnf_config_place(file, field, place, sizeof(place));
	return strdup(place);
}

/* ---- static pairs ---- */

static int inside_compare(const void *one, const void *other)
{
	const struct nat_static *a = one, *b = other;

	return (a->inside > b->inside) - (a->inside < b->inside);
}

static int outside_compare(const void *one, const void *other)
{
	const struct nat_static *a = one, *b = other;

	return (a->outside > b->outside) - (a->outside < b->outside);
}

int nat_statics_fill(struct vnf_config *file, const struct nat_plan *plan, struct nat_policy *p)
{
	p->by_inside = calloc(plan->n_statics + 1u, sizeof(*p->by_inside));
	p->by_outside = calloc(plan->n_statics + 1u, sizeof(*p->by_outside));
	if (p->by_inside == NULL || p->by_outside == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_statics; i++) {
		const struct nat_plan_static *s = &plan->pair[i];
		char *place = place_of(file, s->spec);

		if (place == NULL)
			return -ENOMEM;
		p->by_inside[p->n_statics] = p->by_outside[p->n_statics] = (struct nat_static){
			.inside = s->inside, .outside = s->outside, .n = s->n, .place = place
		};
		p->n_statics++;
	}
	qsort(p->by_inside, p->n_statics, sizeof(*p->by_inside), inside_compare);
	qsort(p->by_outside, p->n_statics, sizeof(*p->by_outside), outside_compare);
	return 0;
}

void nat_statics_fini(struct nat_policy *p)
{
	for (uint32_t i = 0; i < p->n_statics; i++)
		free(p->by_inside[i].place);
	free(p->by_inside);
	free(p->by_outside);
}

rte_be32_t nat_static_out(const struct nat_policy *policy, rte_be32_t inside)
{
	uint32_t addr = rte_be_to_cpu_32(inside), low = 0, high = policy->n_statics;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct nat_static *s = &policy->by_inside[middle];

		if (addr < s->inside)
			high = middle;
		else if (addr - s->inside >= s->n)
			low = middle + 1;
		else
			return rte_cpu_to_be_32(addr - s->inside + s->outside);
	}
	return 0;
}

rte_be32_t nat_static_in(const struct nat_policy *policy, rte_be32_t outside)
{
	uint32_t addr = rte_be_to_cpu_32(outside), low = 0, high = policy->n_statics;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct nat_static *s = &policy->by_outside[middle];

		if (addr < s->outside)
			high = middle;
		else if (addr - s->outside >= s->n)
			low = middle + 1;
		else
			return rte_cpu_to_be_32(addr - s->outside + s->inside);
	}
	return 0;
}

/* ---- forwards ---- */

/* What they are sorted by: protocol, address, port. */
static uint64_t forward_key(uint8_t proto, uint32_t addr, uint16_t port)
{
	return (uint64_t)proto << 48 | (uint64_t)addr << 16 | port;
}

static int to_inside_compare(const void *one, const void *other)
{
	const struct nat_forward *a = one, *b = other;
	uint64_t is = forward_key(a->proto, a->outside, a->first);
	uint64_t than = forward_key(b->proto, b->outside, b->first);

	return (is > than) - (is < than);
}

static int to_outside_compare(const void *one, const void *other)
{
	const struct nat_forward *a = one, *b = other;
	uint64_t is = forward_key(a->proto, a->inside, a->inside_first);
	uint64_t than = forward_key(b->proto, b->inside, b->inside_first);

	return (is > than) - (is < than);
}

/* Are ports of it those of one that is there? Those that there are, are not sorted yet. */
static bool is_taken(const struct nat_plan_forward *f, uint32_t outside, const struct nat_policy *p)
{
	for (uint32_t i = 0; i < p->n_forwards; i++) {
		const struct nat_forward *is = &p->to_inside[i];

		if (is->proto == f->proto && is->outside == outside && is->first <= f->last &&
		    f->first <= is->last)
			return true;
	}
	return nat_static_in(p, rte_cpu_to_be_32(outside)) != 0;
}

static int forward_add(struct vnf *vnf, struct vnf_config *file, const struct nat_plan_forward *f,
		       uint32_t outside, struct nat_policy *p)
{
	struct nat_forward *to = &p->to_inside[p->n_forwards];
	int external = nat_external_of(vnf, p, outside);

	if (external < 0)
		return external;
	*to = (struct nat_forward){ .outside = outside,
				    .inside = f->inside,
				    .first = f->first,
				    .last = f->last,
				    .inside_first = f->inside_first,
				    .proto = f->proto,
				    .place = place_of(file, f->spec) };
	if (to->place == NULL)
		return -ENOMEM;
	snprintf(to->name, sizeof(to->name), "%s", f->spec->name);
	p->n_forwards++;
	return 0;
}

/* To the first address of an interface, if it has one. */
static int interface_add(struct vnf *vnf, struct vnf_config *file, const struct nat_plan_forward *f,
			 struct nat_policy *p)
{
	char place[PLACE_MAX];
	uint32_t addr;

	if (!nat_plan_address(vnf, file, f->interface, 0, &addr))
		return 0;
	if (!is_taken(f, addr, p))
		return forward_add(vnf, file, f, addr, p);
	vnf_config_place(file, &f->spec->outside, place, sizeof(place));
	vnf_warning("%s: \"%s\" has address %u.%u.%u.%u, whose ports %s are those of another "
		    "forward or of a static pair: this forward is left out",
		    place, f->spec->outside, addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff,
		    addr & 0xff, f->spec->port);
	return 0;
}

int nat_forwards_fill(struct vnf *vnf, struct vnf_config *file, const struct nat_plan *plan,
		      struct nat_policy *p)
{
	int ret = 0;

	p->to_inside = calloc(plan->n_forwards + 1u, sizeof(*p->to_inside));
	p->to_outside = calloc(plan->n_forwards + 1u, sizeof(*p->to_outside));
	if (p->to_inside == NULL || p->to_outside == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; ret == 0 && i < plan->n_forwards; i++)
		if (plan->forward[i].interface == NAT_PLAN_ADDRESS)
			ret = forward_add(vnf, file, &plan->forward[i], plan->forward[i].outside,
					  p);
	for (uint32_t i = 0; ret == 0 && i < plan->n_forwards; i++)
		if (plan->forward[i].interface != NAT_PLAN_ADDRESS)
			ret = interface_add(vnf, file, &plan->forward[i], p);
	qsort(p->to_inside, p->n_forwards, sizeof(*p->to_inside), to_inside_compare);
	memcpy(p->to_outside, p->to_inside, p->n_forwards * sizeof(*p->to_outside));
	qsort(p->to_outside, p->n_forwards, sizeof(*p->to_outside), to_outside_compare);
	return ret;
}

void nat_forwards_fini(struct nat_policy *p)
{
	for (uint32_t i = 0; i < p->n_forwards; i++)
		free(p->to_inside[i].place);
	free(p->to_inside);
	free(p->to_outside);
}

const struct nat_forward *nat_forward_in(const struct nat_policy *policy, uint8_t proto,
					 rte_be32_t outside, rte_be16_t port)
{
	uint64_t key = forward_key(proto, rte_be_to_cpu_32(outside), rte_be_to_cpu_16(port));
	uint32_t low = 0, high = policy->n_forwards;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct nat_forward *f = &policy->to_inside[middle];

		if (key < forward_key(f->proto, f->outside, f->first))
			high = middle;
		else if (key > forward_key(f->proto, f->outside, f->last))
			low = middle + 1;
		else
			return f;
	}
	return NULL;
}

const struct nat_forward *nat_forward_out(const struct nat_policy *policy, uint8_t proto,
					  rte_be32_t inside, rte_be16_t port)
{
	uint64_t key = forward_key(proto, rte_be_to_cpu_32(inside), rte_be_to_cpu_16(port));
	uint32_t low = 0, high = policy->n_forwards;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct nat_forward *f = &policy->to_outside[middle];
		uint16_t last = (uint16_t)(f->inside_first + (f->last - f->first));

		if (key < forward_key(f->proto, f->inside, f->inside_first))
			high = middle;
		else if (key > forward_key(f->proto, f->inside, last))
			low = middle + 1;
		else
			return f;
	}
	return NULL;
}
