/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's commands for `vnfkit ctl`: the MAC table, domains, and where ports are attached.
 * They run on the control thread, which is also the table's writer, so that a list is of one
 * moment.
 */
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "port_vhost.h"

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void number_set(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* ---- names ---- */

/* Of a number that the MAC table, or a port, remembers: "-" if that is nobody's any more. */
static const char *domain_name(const struct hsw_switch *sw, uint16_t id)
{
	if (id >= sw->topology->n_domains || sw->topology->domains[id].name == NULL)
		return "-";
	return sw->topology->domains[id].name;
}

static const char *port_name(const struct hsw_switch *sw, uint16_t id)
{
	return id < sw->n_ports && sw->ports[id] != NULL ? sw->ports[id]->name : "-";
}

/* "" is all: 0 and *id is -1. */
static int domain_of(const struct hsw_switch *sw, const char *name, int *id,
		     struct vnf_refusal *why)
{
	*id = -1;
	if (name[0] == '\0')
		return 0;
	for (uint16_t i = 0; i < sw->topology->n_domains && *id < 0; i++)
		if (strcmp(domain_name(sw, i), name) == 0)
			*id = i;
	if (*id >= 0)
		return 0;
	vnf_refuse(why, -ENOENT, "there is no domain \"%s\"; \"domains\" lists those there are",
		   name);
	return -ENOENT;
}

static int port_of(const struct vnf *vnf, const char *name, int *id, struct vnf_refusal *why)
{
	*id = name[0] != '\0' ? vnf_port_find(vnf, name) : -1;
	if (*id >= 0 || name[0] == '\0')
		return 0;
	vnf_refuse(why, -ENOENT, "there is no port \"%s\"; \"switch-ports\" lists those there are",
		   name);
	return -ENOENT;
}

/* ---- fdb ---- */

struct fdb_args {
	const char *domain;
	const char *port;
	struct rte_ether_addr mac;
	uint32_t limit;
};

static const struct vnf_config_key fdb_keys[] = {
	{ .name = "domain",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fdb_args, domain),
	  .doc = "Only addresses of this domain." },
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct fdb_args, port),
	  .doc = "Only addresses at this port." },
	{ .name = "mac",
	  .type = VNF_CONFIG_MAC,
	  .offset = offsetof(struct fdb_args, mac),
	  .doc = "Only this address." },
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct fdb_args, limit),
	  .def = "0",
	  .doc = "No more than so many addresses; 0 = all." },
	{ .name = NULL },
};

/* What of the table is asked for. */
struct fdb_filter {
	int domain, port; /* -1: any */
	uint64_t mac48;   /* 0: any */
};

static bool fdb_wanted(const struct hsw_fdb_entry *entry, const struct fdb_filter *filter)
{
	return (filter->domain < 0 || hsw_fdb_key_domain(entry->key) == filter->domain) &&
	       (filter->port < 0 || entry->value.port == filter->port) &&
	       (filter->mac48 == 0 || (entry->key & HSW_MAC_MASK) == filter->mac48);
}

static json_t *fdb_row(const struct hsw_switch *sw, const struct hsw_fdb_entry *entry,
		       uint32_t epoch)
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	uint32_t seen = entry->value.epoch;

	rte_ether_format_addr(mac, sizeof(mac), (const struct rte_ether_addr *)&entry->key);
	return json_pack("{ss ss ss sI}", "mac", mac, "domain",
			 domain_name(sw, hsw_fdb_key_domain(entry->key)), "port",
			 port_name(sw, entry->value.port), "age_s",
			 (json_int_t)(epoch > seen ? epoch - seen : 0));
}

static json_t *run_fdb(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	const struct fdb_args *a = args;
	uint32_t cursor = 0, epoch = hsw_learn_epoch(sw);
	struct hsw_fdb_entry entry;
	struct fdb_filter filter = { .mac48 = 0 };
	json_t *rows;

	memcpy(&filter.mac48, &a->mac, sizeof(a->mac));
	if (domain_of(sw, a->domain, &filter.domain, why) < 0 ||
	    port_of(vnf, a->port, &filter.port, why) < 0)
		return NULL;
	rows = json_array();
	while ((a->limit == 0 || json_array_size(rows) < a->limit) &&
	       hsw_fdb_walk(sw->fdb, &cursor, &entry))
		if (fdb_wanted(&entry, &filter))
			json_array_append_new(rows, fdb_row(sw, &entry, epoch));
	return rows;
}

/* ---- fdb-stats ---- */

static json_t *run_fdb_stats(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	const struct hsw_fdb *fdb = sw->fdb;
	json_t *stats = json_object();
	uint64_t lost = 0;

	(void)args;
	(void)why;
	for (uint16_t i = 0; i < sw->n_workers; i++)
		lost += load(&sw->workers[i]->learner.lost);
	number_set(stats, "size", fdb->size);
	number_set(stats, "used", fdb->count);
	number_set(stats, "learned", fdb->learned);
	number_set(stats, "moves", fdb->moves);
	number_set(stats, "aged", fdb->aged);
	number_set(stats, "evicted", fdb->evicted);
	number_set(stats, "full", fdb->full);
	number_set(stats, "limited", fdb->limited);
	number_set(stats, "flushes", fdb->flushes);
	number_set(stats, "learn_lost", lost);
	return stats;
}

/* ---- domains ---- */

static json_t *members_json(const struct hsw_switch *sw, const struct hsw_domain *domain)
{
	json_t *names = json_array();

	for (uint16_t i = 0; i < domain->n_members; i++)
		json_array_append_new(names, json_string(port_name(sw, domain->members[i])));
	return names;
}

static json_t *domain_row(const struct hsw_switch *sw, uint16_t id, uint32_t addresses)
{
	const struct hsw_domain *domain = &sw->topology->domains[id];

	return json_pack("{ss sb sI sI so}", "domain", domain->name, "flood", (int)domain->flood,
			 "addresses", (json_int_t)addresses, "loops_suspected",
			 (json_int_t)hsw_learn_loops(sw, id), "ports", members_json(sw, domain));
}

static json_t *run_domains(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	uint16_t n = sw->topology->n_domains;
	uint32_t cursor = 0, *addresses = calloc(n + 1u, sizeof(*addresses));
	struct hsw_fdb_entry entry;
	json_t *rows;

	(void)args;
	if (addresses == NULL)
		return vnf_refuse(why, -ENOMEM, "out of memory");
	while (hsw_fdb_walk(sw->fdb, &cursor, &entry))
		addresses[RTE_MIN(hsw_fdb_key_domain(entry.key), n)]++;
	rows = json_array();
	for (uint16_t i = 0; i < n; i++)
		if (sw->topology->domains[i].name != NULL)
			json_array_append_new(rows, domain_row(sw, i, addresses[i]));
	free(addresses);
	return rows;
}

/* ---- switch-ports ---- */

struct port_args {
	const char *port;
};

static const struct vnf_config_key port_keys[] = {
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct port_args, port),
	  .doc = "Only this port." },
	{ .name = NULL },
};

static void guest_set(const struct vnf_port *port, json_t *row)
{
	const struct hsw_vhost *v = port->priv;

	if (port->kind != &hsw_port_kind_vhost_user || v == NULL)
		return;
	json_object_set_new(row, "socket", json_string(v->spec->socket));
	number_set(row, "rings_enabled",
		   (uint64_t)__builtin_popcount(__atomic_load_n(&v->rings, __ATOMIC_RELAXED)));
	number_set(row, "rings_lost",
		   (uint64_t)__builtin_popcount(__atomic_load_n(&v->lost, __ATOMIC_RELAXED)));
	json_object_set_new(row, "memory_unshared",
			    json_boolean(__atomic_load_n(&v->watch.sharing.result,
							 __ATOMIC_RELAXED) == HSW_SHARING_NO));
	number_set(row, "connections", load(&v->connections));
	number_set(row, "refused_peers", load(&v->refused_peers));
	number_set(row, "refused_messages", load(&v->refused_messages));
}

static json_t *port_row(const struct hsw_switch *sw, uint16_t id)
{
	const struct hsw_attach attach = hsw_attach_at(sw->topology, id);
	json_t *row =
		json_pack("{ss ss sb}", "port", sw->ports[id]->name, "kind",
			  sw->ports[id]->kind->name, "up", (int)vnf_port_is_up(sw->ports[id]));

	if (attach.wire != HSW_NONE)
		json_object_set_new(row, "wire", json_string(port_name(sw, attach.wire)));
	else
		json_object_set_new(row, "domain", json_string(domain_name(sw, attach.domain)));
	number_set(row, "addresses", sw->fdb->port_count[id]);
	number_set(row, "mac_limit", sw->fdb->port_limit[id]);
	guest_set(sw->ports[id], row);
	return row;
}

static json_t *run_switch_ports(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	const struct port_args *a = args;
	json_t *rows;
	int id;

	if (port_of(vnf, a->port, &id, why) < 0)
		return NULL;
	if (id >= 0)
		return port_row(sw, (uint16_t)id);
	rows = json_array();
	for (uint16_t i = 0; i < sw->n_ports; i++)
		if (sw->ports[i] != NULL)
			json_array_append_new(rows, port_row(sw, i));
	return rows;
}

const struct vnf_command hsw_commands[] = {
	{ .name = "fdb",
	  .help = "The MAC table: addresses, their ports, and when they were last seen.",
	  .args = fdb_keys,
	  .args_size = sizeof(struct fdb_args),
	  .run = run_fdb },
	{ .name = "fdb-stats",
	  .help = "Numbers of the MAC table: size, moves, refusals.",
	  .run = run_fdb_stats },
	{ .name = "domains",
	  .help = "The bridge domains, their ports and how many addresses they have.",
	  .run = run_domains },
	{ .name = "switch-ports",
	  .help = "Where each port is attached, and how its guest is doing.",
	  .args = port_keys,
	  .args_size = sizeof(struct port_args),
	  .run = run_switch_ports },
	{ .name = NULL },
};
