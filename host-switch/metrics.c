/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's numbers on the metrics page, beside the SDK's: those of telemetry.c. On the metrics
 * thread, which only reads what is read without locks elsewhere too.
 */
#include "program.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "port_vhost.h"

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* ---- the MAC table ---- */

static void put_table_size(struct vnf *vnf, const struct vnf_metric *metric,
			   struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);

	(void)metric;
	vnf_metrics_put(page, sw->fdb->size, NULL);
}

static void put_table_used(struct vnf *vnf, const struct vnf_metric *metric,
			   struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);

	(void)metric;
	vnf_metrics_put(page, __atomic_load_n(&sw->fdb->count, __ATOMIC_RELAXED), NULL);
}

/* The tag is where the number stands in struct hsw_fdb. */
static void put_table_count(struct vnf *vnf, const struct vnf_metric *metric,
			    struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	const void *field = (const char *)sw->fdb + metric->tag;

	vnf_metrics_put(page, (int64_t)load(field), NULL);
}

static void put_learn_lost(struct vnf *vnf, const struct vnf_metric *metric,
			   struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	uint64_t lost = 0;

	(void)metric;
	for (uint16_t i = 0; i < sw->n_workers; i++)
		lost += load(&sw->workers[i]->learner.lost);
	vnf_metrics_put(page, (int64_t)lost, NULL);
}

/* ---- domains ---- */

static void put_domain(struct vnf_metrics_page *page, const struct hsw_switch *sw, uint16_t id,
		       uint64_t value)
{
	if (sw->topology->domains[id].name != NULL)
		vnf_metrics_put(page, (int64_t)value, "domain", sw->topology->domains[id].name,
				NULL);
}

static void put_domain_addresses(struct vnf *vnf, const struct vnf_metric *metric,
				 struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	uint16_t n = sw->topology->n_domains;
	uint64_t *addresses = calloc((size_t)n + 1, sizeof(*addresses));
	struct hsw_fdb_entry entry;
	uint32_t cursor = 0;

	(void)metric;
	if (addresses == NULL)
		return;
	while (hsw_fdb_walk(sw->fdb, &cursor, &entry))
		if (hsw_fdb_key_domain(entry.key) < n)
			addresses[hsw_fdb_key_domain(entry.key)]++;
	for (uint16_t i = 0; i < n; i++)
		put_domain(page, sw, i, addresses[i]);
	free(addresses);
}

static void put_domain_loops(struct vnf *vnf, const struct vnf_metric *metric,
			     struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);

	(void)metric;
	for (uint16_t i = 0; i < sw->topology->n_domains; i++)
		put_domain(page, sw, i, hsw_learn_loops(sw, i));
}

/* ---- ports ---- */

static void put_port_addresses(struct vnf *vnf, const struct vnf_metric *metric,
			       struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);

	(void)metric;
	for (uint16_t i = 0; i < sw->n_ports; i++)
		if (sw->ports[i] != NULL)
			vnf_metrics_put(page,
					__atomic_load_n(&sw->fdb->port_count[i], __ATOMIC_RELAXED),
					"port", sw->ports[i]->name, NULL);
}

enum guest {
	GUEST_CONNECTIONS,
	GUEST_REFUSED_PEERS,
	GUEST_REFUSED_MESSAGES,
	GUEST_RINGS,
	GUEST_RINGS_LOST,
};

static uint64_t guest_value(const struct hsw_vhost *v, uint32_t what)
{
	switch (what) {
	case GUEST_CONNECTIONS:
		return load(&v->connections);
	case GUEST_REFUSED_PEERS:
		return load(&v->refused_peers);
	case GUEST_REFUSED_MESSAGES:
		return load(&v->refused_messages);
	case GUEST_RINGS:
		return (uint64_t)__builtin_popcount(__atomic_load_n(&v->rings, __ATOMIC_RELAXED));
	default:
		return (uint64_t)__builtin_popcount(__atomic_load_n(&v->lost, __ATOMIC_RELAXED));
	}
}

static void put_guest(struct vnf *vnf, const struct vnf_metric *metric,
		      struct vnf_metrics_page *page)
{
	const struct hsw_switch *sw = vnf_state(vnf);

	for (uint16_t i = 0; i < sw->n_ports; i++) {
		const struct vnf_port *port = sw->ports[i];

		if (port != NULL && port->kind == &hsw_port_kind_vhost_user && port->priv != NULL)
			vnf_metrics_put(page, (int64_t)guest_value(port->priv, metric->tag), "port",
					port->name, NULL);
	}
}

#define TABLE(field)                                                                               \
	.counter = true, .collect = put_table_count, .tag = offsetof(struct hsw_fdb, field)

const struct vnf_metric hsw_metrics[] = {
	{ "switch_fdb_size", "Addresses that the MAC table can hold.", .collect = put_table_size },
	{ "switch_fdb_used", "Addresses in it.", .collect = put_table_used },
	{ "switch_fdb_learned", "Addresses that were learned.", TABLE(learned) },
	{ "switch_fdb_moves", "Addresses that moved to another port.", TABLE(moves) },
	{ "switch_fdb_aged", "Addresses forgotten after silence.", TABLE(aged) },
	{ "switch_fdb_evicted", "Addresses that had to give way to others.", TABLE(evicted) },
	{ "switch_fdb_full", "Addresses not learned for want of room.", TABLE(full) },
	{ "switch_fdb_limited", "Addresses not learned because of a mac_limit.", TABLE(limited) },
	{ "switch_fdb_flushes", "Ports whose addresses were all forgotten.", TABLE(flushes) },
	{ "switch_learn_lost", "Addresses that workers could not tell of in time.", .counter = true,
	  .collect = put_learn_lost },
	{ "switch_domain_addresses", "Addresses in the MAC table, by domain.",
	  .collect = put_domain_addresses },
	{ "switch_domain_loops_suspected", "Loops suspected, by domain.", .counter = true,
	  .collect = put_domain_loops },
	{ "switch_port_addresses", "Addresses in the MAC table, by port.",
	  .collect = put_port_addresses },
	{ "switch_guest_connections", "Peers that came to a vhost-user port.", .counter = true,
	  .collect = put_guest, .tag = GUEST_CONNECTIONS },
	{ "switch_guest_refused_peers", "Peers that were turned away.", .counter = true,
	  .collect = put_guest, .tag = GUEST_REFUSED_PEERS },
	{ "switch_guest_refused_messages", "Messages of peers that were refused.", .counter = true,
	  .collect = put_guest, .tag = GUEST_REFUSED_MESSAGES },
	{ "switch_guest_rings_enabled", "Rings that the guest has enabled.", .collect = put_guest,
	  .tag = GUEST_RINGS },
	{ "switch_guest_rings_lost", "Rings that are no longer served.", .collect = put_guest,
	  .tag = GUEST_RINGS_LOST },
	{ .name = NULL },
};
