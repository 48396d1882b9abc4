/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl pools`: how much of each external address is in use, and of each pool. Ports are
 * counted by all, hosts are asked for: workers count them by their external address.
 */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>

const struct vnf_config_key nat_pools_keys[] = {
	{ .name = "pool",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_pools_args, pool),
	  .doc = "Only this pool." },
	{ .name = "external",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_pools_args, external),
	  .doc = "Of addresses only this one, or those of this prefix or range." },
	{ .name = NULL },
};

struct question {
	struct nat_walk walk;
	const struct nat_policy *policy; /* the one in force; it is not discarded meanwhile */
	struct nat_range external;
	uint16_t pool;                  /* NAT_POOL_NONE: all */
	uint32_t hosts[NAT_SPACES_MAX]; /* atomic: by number of the space */
};

/* Of an address or a pool. */
struct use {
	uint64_t addresses;
	uint64_t hosts;
	uint64_t used[NAT_PROTOS];
	uint64_t of[NAT_PROTOS];
};

/* ---- on workers ---- */

static bool hosts_part(struct nat_worker *w, uint32_t slot, uint32_t *cursor, uint32_t budget,
		       void *arg)
{
	const struct nat_slot *s = nat_slot_at(w, slot);
	uint32_t end = RTE_MIN(*cursor + budget, s->fresh_host);
	struct question *q = arg;

	for (; *cursor < end; (*cursor)++) {
		const struct nat_host *host = &s->host[*cursor];

		for (uint32_t i = 0; host->inside != 0 && i < NAT_PAIRS && host->space[i] != 0; i++)
			__atomic_fetch_add(&q->hosts[host->space[i] - 1], 1, __ATOMIC_RELAXED);
	}
	return *cursor < s->fresh_host;
}

/* ---- the answer ---- */

/* Ports of forwards are not the pool's. */
static uint32_t ports_kept(const struct nat_policy *policy, const struct nat_pool *pool,
			   const struct nat_external *external, uint8_t proto)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < policy->n_forwards; i++) {
		const struct nat_forward *f = &policy->to_inside[i];
		uint32_t first = RTE_MAX(f->first, pool->first_port);
		uint32_t last = RTE_MIN(f->last, pool->last_port);

		if (f->proto == proto && rte_cpu_to_be_32(f->outside) == external->addr &&
		    first <= last)
			kept += last - first + 1;
	}
	return kept;
}

static void use_find(const struct question *q, const struct nat_pool *pool,
		     const struct nat_external *external, struct use *use)
{
	uint32_t ports = pool->last_port - pool->first_port + 1u;

	use->addresses = 1;
	use->hosts = q->hosts[external->space->number];
	for (int i = 0; i < NAT_PROTOS; i++)
		use->used[i] = nat_ports_used(external->space, (enum nat_proto)i);
	use->of[NAT_TCP] = ports - ports_kept(q->policy, pool, external, IPPROTO_TCP);
	use->of[NAT_UDP] = ports - ports_kept(q->policy, pool, external, IPPROTO_UDP);
	use->of[NAT_ICMP] = NAT_PORTS;
}

static void use_add(struct use *sum, const struct use *use)
{
	sum->addresses += use->addresses;
	sum->hosts += use->hosts;
	for (int i = 0; i < NAT_PROTOS; i++) {
		sum->used[i] += use->used[i];
		sum->of[i] += use->of[i];
	}
}

static void use_tell(const struct use *use, json_t *row)
{
	static const char *const names[] = { "tcp", "udp", "icmp" };
	static const char *const percents[] = { "tcp_percent", "udp_percent", "icmp_percent" };

	json_object_set_new(row, "hosts", json_integer((json_int_t)use->hosts));
	for (int i = 0; i < NAT_PROTOS; i++) {
		json_object_set_new(row, names[i], json_integer((json_int_t)use->used[i]));
		json_object_set_new(
			row, percents[i],
			json_integer((json_int_t)(use->of[i] == 0
							  ? 100
							  : use->used[i] * 100 / use->of[i])));
	}
}

static json_t *address_tell(const struct nat_pool *pool, const struct nat_external *external,
			    const struct use *use)
{
	char text[NAT_END_MAX];
	json_t *row = json_pack("{ss ss}", "external", nat_addr_tell(external->addr, text), "pool",
				pool->name);

	use_tell(use, row);
	return row;
}

static void pool_tell(const struct question *q, const struct nat_pool *pool, json_t *pools,
		      json_t *addresses)
{
	struct use sum = { 0 };
	json_t *row;

	for (uint32_t i = 0; i < pool->n_externals; i++) {
		const struct nat_external *external = &q->policy->external[pool->external[i]];
		struct use use;

		use_find(q, pool, external, &use);
		use_add(&sum, &use);
		if (nat_range_has(&q->external, external->addr))
			json_array_append_new(addresses, address_tell(pool, external, &use));
	}
	row = json_pack("{ss sI}", "pool", pool->name, "addresses", (json_int_t)sum.addresses);
	use_tell(&sum, row);
	json_array_append_new(pools, row);
}

static json_t *answer_make(const struct question *q)
{
	json_t *pools = json_array(), *addresses = json_array();

	for (uint32_t i = 0; i < q->policy->n_pools; i++)
		if (q->pool == NAT_POOL_NONE || q->pool == i)
			pool_tell(q, &q->policy->pool[i], pools, addresses);
	return json_pack("{so so}", "pools", pools, "addresses", addresses);
}

json_t *nat_command_pools(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct nat_pools_args *asked = args;
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;

	if (q == NULL)
		return NULL;
	q->policy = vnf_built(vnf);
	q->walk = (struct nat_walk){ .part = hosts_part, .arg = q };
	if (nat_pool_read(q->policy, asked->pool, &q->pool, why) &&
	    nat_range_read("external", asked->external, &q->external, why) &&
	    nat_walk_run(vnf, &q->walk, why) == 0)
		answer = answer_make(q);
	free(q);
	return answer;
}
