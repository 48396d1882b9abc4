/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The NAT's part of the metrics page, beside drops by reason and the table of sessions, which are
 * the SDK's. A thread of the page's own: of the policy it sees what a worker has taken over, and
 * keeps it from being discarded while it reads.
 */
#include "nat.h"

#include "policy_words.h"

enum { METRIC_MAPPINGS, METRIC_HOSTS, METRIC_HELD };

void nat_metrics_take(const struct nat_worker *w)
{
	/* Pairs with the acquire in ports_used(). */
	__atomic_store_n(&w->seen->policy, nat_policy_of(w), __ATOMIC_RELEASE);
}

void nat_metrics_forget(struct vnf *vnf, const void *built)
{
	const struct nat_policy *is = built;
	struct nat_seen *seen = nat_seen_of(vnf);

	pthread_mutex_lock(&seen->lock);
	__atomic_compare_exchange_n(&seen->policy, &is, NULL, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	pthread_mutex_unlock(&seen->lock);
}

/* ---- numbers ---- */

uint32_t nat_hosts_count(const struct vnf *vnf)
{
	const struct nat_table *table = nat_table_of(vnf);
	uint32_t n = 0;

	for (uint32_t i = 0; i < table->n_slots; i++)
		n += __atomic_load_n(&table->slot[i].n_hosts, __ATOMIC_RELAXED);
	return n;
}

static uint32_t mappings_count(const struct vnf *vnf)
{
	const struct nat_table *table = nat_table_of(vnf);
	uint32_t n = 0;

	for (uint32_t i = 0; i < table->n_slots; i++)
		n += __atomic_load_n(&table->slot[i].n_mappings, __ATOMIC_RELAXED);
	return n;
}

static void collect(struct vnf *vnf, const struct vnf_metric *metric, struct vnf_metrics_page *page)
{
	uint32_t n = metric->tag == METRIC_MAPPINGS ? mappings_count(vnf)
		     : metric->tag == METRIC_HOSTS
			     ? nat_hosts_count(vnf)
			     : __atomic_load_n(&nat_seen_of(vnf)->held, __ATOMIC_RELAXED);

	vnf_metrics_put(page, n, NULL);
}

static void pool_put(const struct nat_policy *policy, const struct nat_pool *pool,
		     struct vnf_metrics_page *page)
{
	for (int proto = 0; proto < NAT_PROTOS; proto++) {
		int64_t used = 0;

		for (uint32_t i = 0; i < pool->n_externals; i++)
			used += nat_ports_used(policy->external[pool->external[i]].space,
					       (enum nat_proto)proto);
		vnf_metrics_put(page, used, "pool", pool->name, "proto",
				nat_proto_name(nat_ip_proto((enum nat_proto)proto)), NULL);
	}
}

static void ports_used(struct vnf *vnf, const struct vnf_metric *metric,
		       struct vnf_metrics_page *page)
{
	struct nat_seen *seen = nat_seen_of(vnf);
	const struct nat_policy *policy;

	(void)metric;
	pthread_mutex_lock(&seen->lock);
	policy = __atomic_load_n(&seen->policy, __ATOMIC_ACQUIRE);
	for (uint32_t i = 0; policy != NULL && i < policy->n_pools; i++)
		pool_put(policy, &policy->pool[i], page);
	pthread_mutex_unlock(&seen->lock);
}

const struct vnf_metric nat_metrics[] = {
	{ .name = "nat_mappings",
	  .help = "Mappings that there are.",
	  .tag = METRIC_MAPPINGS,
	  .collect = collect },
	{ .name = "nat_hosts",
	  .help = "Inside hosts that have mappings.",
	  .tag = METRIC_HOSTS,
	  .collect = collect },
	{ .name = "nat_ports_used",
	  .help = "External ports of a pool that are in use, by protocol; of ICMP identifiers.",
	  .collect = ports_used },
	{ .name = "nat_syns_held",
	  .help = "SYNs from outside that wait, as nobody has asked for them.",
	  .tag = METRIC_HELD,
	  .collect = collect },
	{ .name = NULL },
};
