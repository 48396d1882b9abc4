/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses that are seen outside, and the pools that they are of. An interface's address is known
 * only now, if it is by DHCP: what it would make two things of stays what the configuration says,
 * which is logged. Control thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include <vnf/log.h>

#include "policy_plan.h"

#define PLACE_MAX 256

/* ---- all addresses ---- */

static void external_hash(struct nat_policy *p, uint32_t number)
{
	uint32_t at = nat_external_hash(p->external[number].addr);

	while (p->external_at[at & p->external_mask] != 0)
		at++;
	p->external_at[at & p->external_mask] = number + 1;
}

/* Room for one more, with half of the places by hash free: as many as there are addresses. */
static int externals_grow(struct nat_policy *p)
{
	uint32_t room = RTE_MAX(2u, p->external_mask + 1);
	struct nat_external *external;
	uint32_t *at;

	if (p->external_at != NULL && 2 * (p->n_externals + 1) <= room)
		return 0;
	if (p->external_at != NULL)
		room *= 2;
	external = realloc(p->external, room / 2 * sizeof(*external));
	if (external == NULL)
		return -ENOMEM;
	p->external = external;
	at = calloc(room, sizeof(*at));
	if (at == NULL)
		return -ENOMEM;
	free(p->external_at);
	p->external_at = at;
	p->external_mask = room - 1;
	for (uint32_t i = 0; i < p->n_externals; i++)
		external_hash(p, i);
	return 0;
}

static int external_add(struct nat_policy *p, rte_be32_t addr, uint16_t pool,
			struct nat_space *space)
{
	int ret = externals_grow(p);

	if (ret < 0)
		return ret;
	p->external[p->n_externals] =
		(struct nat_external){ .addr = addr, .pool = pool, .space = space };
	external_hash(p, p->n_externals);
	return (int)p->n_externals++;
}

int nat_external_of(struct vnf *vnf, struct nat_policy *p, uint32_t addr)
{
	rte_be32_t is = rte_cpu_to_be_32(addr);
	const struct nat_external *found = nat_external_find(p, is);
	struct nat_space *space;
	int ret;

	if (found != NULL)
		return (int)(found - p->external);
	/* Of no ports, but of identifications; where there are too many, hosts' own ones stay. */
	space = nat_space_get(nat_spaces_of(vnf), is);
	ret = external_add(p, is, NAT_POOL_NONE, space);
	if (ret < 0 && space != NULL)
		nat_space_put(nat_spaces_of(vnf), space);
	return ret;
}

void nat_externals_own(struct vnf *vnf, struct vnf_config *file, struct nat_policy *p)
{
	uint32_t addr;

	for (int interface = 0; interface < VNF_IP_INTERFACES_MAX; interface++)
		for (uint32_t i = 0; nat_plan_address(vnf, file, interface, i, &addr); i++) {
			const struct nat_external *is =
				nat_external_find(p, rte_cpu_to_be_32(addr));

			if (is != NULL)
				p->external[is - p->external].own = true;
		}
}

/* ---- pools ---- */

static int address_add(struct vnf *vnf, struct vnf_config *file, const struct nat_plan_range *r,
		       uint32_t addr, struct nat_policy *p)
{
	struct nat_space *space = NULL;
	int ret;

	if (p->n_externals < NAT_SPACES_MAX)
		space = nat_space_get(nat_spaces_of(vnf), rte_cpu_to_be_32(addr));
	if (space == NULL) {
		vnf_config_error(file, r->field,
				 "is \"%s\", for whose ports there is no memory, or no room: pools "
				 "have %u addresses at most, with those of before that are still "
				 "in use",
				 *r->field, NAT_SPACES_MAX);
		return -ENOMEM;
	}
	ret = external_add(p, rte_cpu_to_be_32(addr), (uint16_t)r->pool, space);
	if (ret < 0)
		nat_space_put(nat_spaces_of(vnf), space);
	return ret < 0 ? ret : 0;
}

/* Is the address, that of an interface, one that the configuration gives to something else? */
static const char *owner_of(const struct nat_plan *plan, uint32_t addr, const struct nat_policy *p)
{
	if (nat_external_find(p, rte_cpu_to_be_32(addr)) != NULL)
		return "in a pool";
	for (uint32_t i = 0; i < plan->n_ranges; i++)
		if (plan->range[i].interface == NAT_PLAN_ADDRESS && plan->range[i].first <= addr &&
		    addr <= plan->range[i].last)
			return "in a pool";
	return nat_static_in(p, rte_cpu_to_be_32(addr)) != 0 ? "that of a static pair" : NULL;
}

static int interface_add(struct vnf *vnf, struct vnf_config *file, const struct nat_plan *plan,
			 const struct nat_plan_range *r, struct nat_policy *p)
{
	char place[PLACE_MAX];
	uint32_t addr;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && nat_plan_address(vnf, file, r->interface, i, &addr); i++) {
		const char *owner = owner_of(plan, addr, p);

		if (owner == NULL) {
			ret = address_add(vnf, file, r, addr, p);
			continue;
		}
		vnf_config_place(file, r->field, place, sizeof(place));
		vnf_warning("%s: \"%s\" has address %u.%u.%u.%u, which is %s already, and stays "
			    "that",
			    place, *r->field, addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff,
			    addr & 0xff, owner);
	}
	return ret;
}

static int range_add(struct vnf *vnf, struct vnf_config *file, const struct nat_plan *plan,
		     const struct nat_plan_range *r, struct nat_policy *p)
{
	int ret = 0;

	if (r->interface != NAT_PLAN_ADDRESS)
		return interface_add(vnf, file, plan, r, p);
	for (uint64_t addr = r->first; ret == 0 && addr <= r->last; addr++)
		if (!vnf_ip_planned_broadcast(vnf, file, rte_cpu_to_be_32((uint32_t)addr)))
			ret = address_add(vnf, file, r, (uint32_t)addr, p);
	return ret;
}

static int pool_fill(struct vnf *vnf, struct vnf_config *file, const struct nat_plan *plan,
		     uint32_t number, uint32_t *range, struct nat_policy *p)
{
	struct nat_pool *pool = &p->pool[number];
	uint32_t first = p->n_externals;
	int ret = 0;

	for (; ret == 0 && *range < plan->n_ranges && plan->range[*range].pool == number; ++*range)
		ret = range_add(vnf, file, plan, &plan->range[*range], p);
	if (ret < 0)
		return ret;
	pool->n_externals = p->n_externals - first;
	pool->external = calloc(pool->n_externals + 1, sizeof(*pool->external));
	if (pool->external == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < pool->n_externals; i++)
		pool->external[i] = first + i;
	return 0;
}

int nat_pools_fill(struct vnf *vnf, struct vnf_config *file, const struct nat_config *config,
		   const struct nat_plan *plan, struct nat_policy *p)
{
	const struct nat_pool_spec *spec = config->pools.items;
	uint32_t range = 0;
	int ret = externals_grow(p);

	p->pool = calloc(config->pools.n + 1, sizeof(*p->pool));
	if (p->pool == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; ret == 0 && i < config->pools.n; i++) {
		struct nat_pool *pool = &p->pool[p->n_pools++];

		snprintf(pool->name, sizeof(pool->name), "%s", spec[i].name);
		pool->first_port = (uint16_t)plan->ports[i].first;
		pool->last_port = (uint16_t)plan->ports[i].last;
		pool->pairing = (uint8_t)spec[i].pairing;
		pool->preserve = spec[i].preserve;
		pool->parity = spec[i].parity;
		ret = pool_fill(vnf, file, plan, i, &range, p);
	}
	return ret;
}

void nat_pools_fini(struct vnf *vnf, struct nat_policy *p)
{
	for (uint32_t i = 0; i < p->n_externals; i++)
		if (p->external[i].space != NULL)
			nat_space_put(nat_spaces_of(vnf), p->external[i].space);
	for (uint32_t i = 0; i < p->n_pools; i++)
		free(p->pool[i].external);
	free(p->pool);
	free(p->external);
	free(p->external_at);
}
