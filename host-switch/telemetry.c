/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's numbers on DPDK's telemetry socket, beside the SDK's /vnf/... commands:
 *
 *     /switch/stats                 the MAC table, learning, loops
 *     /switch/domains[,DOMAIN]      names; one domain's ports and numbers
 *     /switch/ports[,PORT]          names; where one is attached, its addresses, its guest
 *     /switch/fdb,DOMAIN[,OFFSET]   addresses of a domain and their ports, 200 at a time
 *
 * Handlers run on telemetry's threads and only read what is read without locks elsewhere too.
 * Replies are small, for DPDK 22.11 cuts them at 16 KiB and 256 entries without a word.
 */
#include "program.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_telemetry.h>

#include "port_vhost.h"

/* Addresses in a reply; 200 entries of at most 60 octets stay below 16 KiB. */
#define FDB_REPLY 200

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static int find_domain(const struct hsw_switch *sw, const char *name)
{
	for (uint16_t i = 0; i < sw->topology->n_domains; i++)
		if (sw->topology->domains[i].name != NULL &&
		    strcmp(sw->topology->domains[i].name, name) == 0)
			return i;
	return -ENOENT;
}

static uint32_t domain_addresses(const struct hsw_switch *sw, uint16_t domain)
{
	struct hsw_fdb_entry entry;
	uint32_t cursor = 0, n = 0;

	while (hsw_fdb_walk(sw->fdb, &cursor, &entry))
		n += hsw_fdb_key_domain(entry.key) == domain;
	return n;
}

/* ---- commands ---- */

static int tell_stats(struct vnf *vnf, struct hsw_switch *sw, const char *params,
		      struct rte_tel_data *d)
{
	const struct hsw_fdb *fdb = sw->fdb;
	uint64_t lost = 0, loops = 0;

	(void)vnf, (void)params;
	for (uint16_t i = 0; i < sw->n_workers; i++)
		lost += load(&sw->workers[i]->learner.lost);
	for (uint16_t i = 0; i < sw->topology->n_domains; i++)
		loops += hsw_learn_loops(sw, i);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "fdb_size", fdb->size);
	rte_tel_data_add_dict_u64(d, "fdb_used", __atomic_load_n(&fdb->count, __ATOMIC_RELAXED));
	rte_tel_data_add_dict_u64(d, "fdb_learned", load(&fdb->learned));
	rte_tel_data_add_dict_u64(d, "fdb_moves", load(&fdb->moves));
	rte_tel_data_add_dict_u64(d, "fdb_aged", load(&fdb->aged));
	rte_tel_data_add_dict_u64(d, "fdb_evicted", load(&fdb->evicted));
	rte_tel_data_add_dict_u64(d, "fdb_full", load(&fdb->full));
	rte_tel_data_add_dict_u64(d, "fdb_limited", load(&fdb->limited));
	rte_tel_data_add_dict_u64(d, "fdb_flushes", load(&fdb->flushes));
	rte_tel_data_add_dict_u64(d, "learn_lost", lost);
	rte_tel_data_add_dict_u64(d, "loops_suspected", loops);
	return 0;
}

static int domains_list(const struct hsw_switch *sw, struct rte_tel_data *d)
{
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (uint16_t i = 0; i < sw->topology->n_domains; i++)
		if (sw->topology->domains[i].name != NULL)
			rte_tel_data_add_array_string(d, sw->topology->domains[i].name);
	return 0;
}

static void add_members(const struct hsw_switch *sw, const struct hsw_domain *domain,
			struct rte_tel_data *d)
{
	struct rte_tel_data *names = rte_tel_data_alloc();

	if (names == NULL)
		return;
	rte_tel_data_start_array(names, RTE_TEL_STRING_VAL);
	for (uint16_t i = 0; i < domain->n_members; i++)
		rte_tel_data_add_array_string(names, sw->ports[domain->members[i]]->name);
	rte_tel_data_add_dict_container(d, "ports", names, 0);
}

static int tell_domains(struct vnf *vnf, struct hsw_switch *sw, const char *params,
			struct rte_tel_data *d)
{
	int id;

	(void)vnf;
	if (params == NULL || *params == '\0')
		return domains_list(sw, d);
	id = find_domain(sw, params);
	if (id < 0)
		return id;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", sw->topology->domains[id].name);
	rte_tel_data_add_dict_int(d, "flood", sw->topology->domains[id].flood);
	rte_tel_data_add_dict_u64(d, "addresses", domain_addresses(sw, (uint16_t)id));
	rte_tel_data_add_dict_u64(d, "loops_suspected", hsw_learn_loops(sw, (uint16_t)id));
	add_members(sw, &sw->topology->domains[id], d);
	return 0;
}

static void add_vhost(const struct vnf_port *port, struct rte_tel_data *d)
{
	const struct hsw_vhost *v = port->priv;
	uint32_t rings, lost, sharing;

	if (port->kind != &hsw_port_kind_vhost_user || v == NULL)
		return;
	rings = __atomic_load_n(&v->rings, __ATOMIC_RELAXED);
	lost = __atomic_load_n(&v->lost, __ATOMIC_RELAXED);
	sharing = __atomic_load_n(&v->watch.sharing.result, __ATOMIC_RELAXED);
	rte_tel_data_add_dict_string(d, "socket", v->spec->socket);
	rte_tel_data_add_dict_int(d, "rings_enabled", __builtin_popcount(rings));
	rte_tel_data_add_dict_int(d, "rings_lost", __builtin_popcount(lost));
	rte_tel_data_add_dict_int(d, "memory_unshared", sharing == HSW_SHARING_NO);
	rte_tel_data_add_dict_u64(d, "connections", load(&v->connections));
	rte_tel_data_add_dict_u64(d, "refused_peers", load(&v->refused_peers));
	rte_tel_data_add_dict_u64(d, "refused_messages", load(&v->refused_messages));
}

static int ports_list(const struct hsw_switch *sw, struct rte_tel_data *d)
{
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (uint16_t i = 0; i < sw->n_ports; i++)
		rte_tel_data_add_array_string(d, sw->ports[i] != NULL ? sw->ports[i]->name : "");
	return 0;
}

static int tell_ports(struct vnf *vnf, struct hsw_switch *sw, const char *params,
		      struct rte_tel_data *d)
{
	struct hsw_attach attach;
	int id;

	if (params == NULL || *params == '\0')
		return ports_list(sw, d);
	id = vnf_port_find(vnf, params);
	if (id < 0 || sw->ports[id] == NULL)
		return -ENOENT;
	attach = hsw_attach_at(sw->topology, (uint16_t)id);
	rte_tel_data_start_dict(d);
	if (attach.wire != HSW_NONE)
		rte_tel_data_add_dict_string(d, "wire", sw->ports[attach.wire]->name);
	else if (attach.domain != HSW_NONE)
		rte_tel_data_add_dict_string(d, "domain",
					     sw->topology->domains[attach.domain].name);
	rte_tel_data_add_dict_int(d, "up", vnf_port_is_up(sw->ports[id]));
	rte_tel_data_add_dict_u64(d, "addresses",
				  __atomic_load_n(&sw->fdb->port_count[id], __ATOMIC_RELAXED));
	rte_tel_data_add_dict_u64(d, "mac_limit", sw->fdb->port_limit[id]);
	add_vhost(sw->ports[id], d);
	return 0;
}

/* Keys may not hold colons: an address is written 02_00_00_00_00_01. */
static void add_address(const struct hsw_switch *sw, const struct hsw_fdb_entry *entry,
			struct rte_tel_data *d)
{
	const uint8_t *mac = (const uint8_t *)&entry->key;
	char name[24];

	snprintf(name, sizeof(name), "%02X_%02X_%02X_%02X_%02X_%02X", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	rte_tel_data_add_dict_string(d, name, sw->ports[entry->value.port]->name);
}

/* "DOMAIN" or "DOMAIN,OFFSET". */
static int fdb_params(const struct hsw_switch *sw, const char *params, uint32_t *skip)
{
	char name[64];
	char *comma;

	*skip = 0;
	if (params == NULL || strlen(params) >= sizeof(name))
		return -ENOENT;
	snprintf(name, sizeof(name), "%s", params);
	comma = strchr(name, ',');
	if (comma != NULL) {
		*comma = '\0';
		*skip = (uint32_t)strtoul(comma + 1, NULL, 10);
	}
	return find_domain(sw, name);
}

static int tell_fdb(struct vnf *vnf, struct hsw_switch *sw, const char *params,
		    struct rte_tel_data *d)
{
	uint32_t cursor = 0, skip, n = 0;
	struct hsw_fdb_entry entry;
	int domain = fdb_params(sw, params, &skip);

	(void)vnf;
	if (domain < 0)
		return domain;
	rte_tel_data_start_dict(d);
	while (n < FDB_REPLY && hsw_fdb_walk(sw->fdb, &cursor, &entry)) {
		if (hsw_fdb_key_domain(entry.key) != domain)
			continue;
		if (skip > 0) {
			skip--;
			continue;
		}
		add_address(sw, &entry, d);
		n++;
	}
	return 0;
}

/* ---- registration ---- */

struct command {
	const char *cmd;
	int (*tell)(struct vnf *vnf, struct hsw_switch *sw, const char *params,
		    struct rte_tel_data *d);
	const char *help;
};

static const struct command commands[] = {
	{ "/switch/stats", tell_stats, "MAC table, learning and loops. No parameter" },
	{ "/switch/domains", tell_domains, "Names of the domains. Parameter: one, to describe it" },
	{ "/switch/ports", tell_ports, "Names of the ports. Parameter: one, to describe it" },
	{ "/switch/fdb", tell_fdb, "Addresses and ports. Parameters: domain[,offset]" },
};

/* Handlers cannot be taken back, nor have they an argument: the lock stands between them and the
 * end of the switch.
 */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vnf *told_vnf;
static struct hsw_switch *told_switch;

static int handle(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int ret = -ENOENT;
	bool ready;

	pthread_mutex_lock(&told_lock);
	ready = told_switch != NULL && told_switch->topology != NULL;
	for (size_t i = 0; i < RTE_DIM(commands) && ready; i++)
		if (strcmp(cmd, commands[i].cmd) == 0)
			ret = commands[i].tell(told_vnf, told_switch, params, d);
	pthread_mutex_unlock(&told_lock);
	return ret;
}

int hsw_telemetry_start(struct vnf *vnf, struct hsw_switch *sw)
{
	pthread_mutex_lock(&told_lock);
	told_vnf = vnf;
	told_switch = sw;
	pthread_mutex_unlock(&told_lock);
	for (size_t i = 0; i < RTE_DIM(commands); i++) {
		int ret = rte_telemetry_register_cmd(commands[i].cmd, handle, commands[i].help);

		if (ret < 0) {
			vnf_error("telemetry: cannot register %s: %s", commands[i].cmd,
				  strerror(-ret));
			return ret;
		}
	}
	return 0;
}

void hsw_telemetry_hold(bool hold)
{
	if (hold)
		pthread_mutex_lock(&told_lock);
	else
		pthread_mutex_unlock(&told_lock);
}

void hsw_telemetry_stop(void)
{
	pthread_mutex_lock(&told_lock);
	told_vnf = NULL;
	told_switch = NULL;
	pthread_mutex_unlock(&told_lock);
}
