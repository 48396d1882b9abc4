/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Numbers over DPDK's telemetry socket, so that dpdk-telemetry.py reads them as it is. The handlers
 * run on DPDK's telemetry threads and only read. A port is named by its number or its name:
 *
 *     /vnf/info             what runs                 /vnf/ports          names by number
 *     /vnf/ports,PORT       one port's description    /vnf/stats,PORT     its counters
 *     /vnf/drops,PORT       its drops by reason       /vnf/ledger[,WORKER]
 *     /vnf/datapath,PORT    which way packets take through it
 *     /vnf/workers,WORKER   CPU, queues, busy time    /vnf/stages         if built with `stages`
 *     /vnf/latency,PORT     how long packets wait
 *
 * Without a port, stats and drops are sums over all ports.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_telemetry.h>
#include <rte_version.h>

/* The port that the parameter names: 0 and *port, which is NULL without a parameter. */
static int param_port(const struct vnf *vnf, const char *params, struct vnf_port **port)
{
	char *end;
	long id;

	*port = NULL;
	if (params == NULL || *params == '\0')
		return 0;
	id = strtol(params, &end, 10);
	if (*end != '\0' || end == params)
		id = vnf_port_find(vnf, params);
	if (id < 0 || id >= vnf->n_ports)
		return -ENOENT;
	*port = vnf_port(vnf, (uint16_t)id);
	return *port != NULL ? 0 : -ENOENT;
}

static void dict_add(void *to, const char *name, uint64_t value)
{
	rte_tel_data_add_dict_u64(to, name, value);
}

static int tell_info(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	(void)params;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", vnf->spec->name);
	rte_tel_data_add_dict_string(d, "program", vnf->program->name);
	rte_tel_data_add_dict_string(d, "version",
				     vnf->program->version != NULL ? vnf->program->version
								   : VNFKIT_VERSION);
	rte_tel_data_add_dict_string(d, "dpdk", rte_version());
	rte_tel_data_add_dict_int(d, "pid", getpid());
	rte_tel_data_add_dict_int(d, "workers", vnf->n_workers);
	rte_tel_data_add_dict_int(d, "ports", vnf->n_ports);
	rte_tel_data_add_dict_u64(
		d, "generation",
		__atomic_load_n(&vnf->workers[0].pub.generation, __ATOMIC_RELAXED));
	rte_tel_data_add_dict_u64(d, "memory_bytes", vnf->memory.bytes);
	rte_tel_data_add_dict_int(d, "hugepages", vnf->memory.huge);
	rte_tel_data_add_dict_u64(d, "uptime_ms", vnf_clock_now() / 1000000);
	return 0;
}

static int ports_list(const struct vnf *vnf, struct rte_tel_data *d)
{
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		rte_tel_data_add_array_string(d, vnf_port(vnf, i) != NULL ? vnf->ports[i].port.name
									  : "");
	return 0;
}

static int tell_ports(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	struct vnf_port *port;

	if (param_port(vnf, params, &port) < 0)
		return -ENOENT;
	if (port == NULL)
		return ports_list(vnf, d);
	rte_ether_format_addr(mac, sizeof(mac), &port->mac);
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "id", port->id);
	rte_tel_data_add_dict_string(d, "name", port->name);
	rte_tel_data_add_dict_string(d, "kind", port->kind->name);
	rte_tel_data_add_dict_string(d, "mac", mac);
	rte_tel_data_add_dict_int(d, "mtu", port->mtu);
	rte_tel_data_add_dict_int(d, "queues", port->n_queues);
	rte_tel_data_add_dict_int(d, "up", vnf_port_is_up(port));
	return 0;
}

/* One port's counters, or the sum over all. */
static void counters_of(const struct vnf *vnf, const struct vnf_port *port,
			struct vnf_port_counters *sum)
{
	struct vnf_port_counters one;

	memset(sum, 0, sizeof(*sum));
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		if (port != NULL && port->id != i)
			continue;
		vnf_port_counters_read(vnf, i, &one);
		sum->rx_packets += one.rx_packets;
		sum->rx_bytes += one.rx_bytes;
		sum->tx_packets += one.tx_packets;
		sum->tx_bytes += one.tx_bytes;
		for (uint32_t r = 0; r < VNF_DROPS_MAX; r++)
			sum->drops[r] += one.drops[r];
	}
}

static int tell_stats(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	struct vnf_port_counters sum;
	struct vnf_port *port;

	if (param_port(vnf, params, &port) < 0)
		return -ENOENT;
	counters_of(vnf, port, &sum);
	rte_tel_data_start_dict(d);
	dict_add(d, "rx_packets", sum.rx_packets);
	dict_add(d, "rx_bytes", sum.rx_bytes);
	dict_add(d, "tx_packets", sum.tx_packets);
	dict_add(d, "tx_bytes", sum.tx_bytes);
	if (port != NULL)
		report_port_extra(port, dict_add, d);
	return 0;
}

static int tell_drops(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	struct vnf_port_counters sum;
	struct vnf_port *port;

	if (param_port(vnf, params, &port) < 0)
		return -ENOENT;
	counters_of(vnf, port, &sum);
	rte_tel_data_start_dict(d);
	for (uint32_t r = 0; r < vnf->drops.n; r++)
		dict_add(d, vnf->drops.name[r], sum.drops[r]);
	return 0;
}

static void worker_numbers(const struct vnf *vnf, uint16_t id, struct rte_tel_data *d)
{
	const struct worker *w = &vnf->workers[id];
	struct usage total, last;

	usage_total(vnf, id, &total);
	usage_last_second(vnf, id, &last);
	dict_add(d, "packets", total.packets);
	dict_add(d, "busy_permille", total.busy_permille);
	dict_add(d, "cycles_per_packet", total.cycles_per_packet);
	dict_add(d, "packets_1s", last.packets);
	dict_add(d, "busy_permille_1s", last.busy_permille);
	dict_add(d, "cycles_per_packet_1s", last.cycles_per_packet);
	dict_add(d, "passes", __atomic_load_n(&w->counters.passes, __ATOMIC_RELAXED));
	dict_add(d, "empty_passes", __atomic_load_n(&w->empty_passes, __ATOMIC_RELAXED));
	dict_add(d, "sleeps", __atomic_load_n(&w->sleeps, __ATOMIC_RELAXED));
	dict_add(d, "slept_ns", __atomic_load_n(&w->slept_ns, __ATOMIC_RELAXED));
	dict_add(d, "slow_callbacks", __atomic_load_n(&w->watch.slow_callbacks, __ATOMIC_RELAXED));
	dict_add(d, "longest_callback_ns", __atomic_load_n(&w->watch.longest_ns, __ATOMIC_RELAXED));
}

static int tell_datapath(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	const struct port_slot *slot;
	struct vnf_port *port;

	if (param_port(vnf, params, &port) < 0 || port == NULL)
		return -ENOENT;
	slot = &vnf->ports[port->id];
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", port->name);
	rte_tel_data_add_dict_int(d, "up", vnf_port_is_up(port));
	rte_tel_data_add_dict_string(d, "rx", slot->path.rx);
	rte_tel_data_add_dict_string(d, "tx", slot->path.tx);
	rte_tel_data_add_dict_string(d, "why", slot->path.why);
	rte_tel_data_add_dict_string(
		d, "change", slot->path_known ? datapath_change(&slot->path) : "not up yet");
	return 0;
}

static int tell_workers(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	const struct worker *w;
	char *end;
	unsigned long id;

	if (params == NULL || *params == '\0') {
		rte_tel_data_start_dict(d);
		dict_add(d, "workers", vnf->n_workers);
		return 0;
	}
	id = strtoul(params, &end, 10);
	if (*end != '\0' || id >= vnf->n_workers)
		return -ENOENT;
	w = &vnf->workers[id];
	rte_tel_data_start_dict(d);
	dict_add(d, "cpu", vnf->cpus.cpu[id]);
	dict_add(d, "rx_queues", w->n_rxqs);
	dict_add(d, "uptime_ns", vnf_clock_now() - vnf->started_ns);
	dict_add(d, "busy_ns", __atomic_load_n(&w->counters.busy_ns, __ATOMIC_RELAXED));
	worker_numbers(vnf, (uint16_t)id, d);
	return 0;
}

static void latency_add(const struct vnf *vnf, uint16_t port, enum latency_stage stage,
			struct rte_tel_data *d)
{
	char key[RTE_TEL_MAX_STRING_LEN];
	struct histogram_summary s;

	latency_read(vnf, port, stage, &s);

	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "samples", s.samples },   { "p50_ns", s.p50_ns }, { "p99_ns", s.p99_ns },
		{ "p99_9_ns", s.p99_9_ns }, { "max_ns", s.max_ns },
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		snprintf(key, sizeof(key), "%s_%s", latency_names[stage], rows[i].name);
		dict_add(d, key, rows[i].value);
	}
}

static int tell_latency(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	struct vnf_port *port;

	if (param_port(vnf, params, &port) < 0 || port == NULL)
		return -ENOENT;
	rte_tel_data_start_dict(d);
	for (unsigned int stage = 0; stage < LATENCY_STAGE_COUNT; stage++)
		latency_add(vnf, port->id, stage, d);
	return 0;
}

static int tell_ledger(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	uint16_t worker = UINT16_MAX;
	struct vnf_ledger l;

	if (params != NULL && *params != '\0') {
		char *end;
		unsigned long id = strtoul(params, &end, 10);

		if (*end != '\0' || id >= vnf->n_workers)
			return -ENOENT;
		worker = (uint16_t)id;
	}
	if (vnf_ledger_read(vnf, worker, &l) < 0)
		return -ETIMEDOUT;
	rte_tel_data_start_dict(d);
	dict_add(d, "rx", l.rx);
	dict_add(d, "created", l.created);
	dict_add(d, "handed_in", l.handed_in);
	dict_add(d, "tx", l.tx);
	dict_add(d, "drops", l.drops);
	dict_add(d, "handed_out", l.handed_out);
	rte_tel_data_add_dict_int(d, "held", (int)l.held);
	rte_tel_data_add_dict_int(d, "balance", (int)vnf_ledger_balance(&l));
	return 0;
}

#ifdef VNF_STAGES
static void stage_add(const struct vnf *vnf, struct rte_tel_data *d, unsigned int stage,
		      const char *name)
{
	char key[3][RTE_TEL_MAX_STRING_LEN];
	uint64_t ticks = 0, packets = 0, bursts = 0;

	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		const struct vnf_stages *s = &vnf->workers[i].stages;

		ticks += __atomic_load_n(&s->stage[stage].ticks, __ATOMIC_RELAXED);
		packets += __atomic_load_n(&s->stage[stage].packets, __ATOMIC_RELAXED);
		bursts += __atomic_load_n(&s->stage[stage].bursts, __ATOMIC_RELAXED);
	}
	snprintf(key[0], sizeof(key[0]), "%s_ticks", name);
	snprintf(key[1], sizeof(key[1]), "%s_packets", name);
	snprintf(key[2], sizeof(key[2]), "%s_bursts", name);
	dict_add(d, key[0], ticks);
	dict_add(d, key[1], packets);
	dict_add(d, key[2], bursts);
}

static int tell_stages(struct vnf *vnf, const char *params, struct rte_tel_data *d)
{
	static const char *const names[] = {
#define STAGE_NAME(id, name, doc) name,
		VNF_STAGE_LIST(STAGE_NAME)
#undef STAGE_NAME
	};

	(void)params;
	rte_tel_data_start_dict(d);
	dict_add(d, "empty", vnf->workers[0].stages.empty);
	for (unsigned int i = 0; i < VNF_STAGE_COUNT; i++)
		stage_add(vnf, d, i, names[i]);
	return 0;
}
#endif

struct command {
	const char *cmd;
	int (*tell)(struct vnf *vnf, const char *params, struct rte_tel_data *d);
	const char *help;
};

static const struct command commands[] = {
	{ "/vnf/info", tell_info, "What runs. No parameter" },
	{ "/vnf/ports", tell_ports, "Names of the ports. Parameter: a port, to describe it" },
	{ "/vnf/stats", tell_stats, "Packets and bytes. Parameter: a port" },
	{ "/vnf/drops", tell_drops, "Drops by reason. Parameter: a port" },
	{ "/vnf/datapath", tell_datapath, "Way of packets through a port. Parameter: a port" },
	{ "/vnf/ledger", tell_ledger, "Where packets went. Parameter: a worker" },
	{ "/vnf/latency", tell_latency, "How long packets wait. Parameter: a port" },
	{ "/vnf/workers", tell_workers, "What a worker does. Parameter: a worker" },
#ifdef VNF_STAGES
	{ "/vnf/stages", tell_stages, "Ticks by stage, all workers together. No parameter" },
#endif
};

/* DPDK's handlers have no argument of their own and cannot be taken back: the lock sees to it that
 * none is at work while the program is taken apart.
 */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vnf *told;

static int handle(const char *cmd, const char *params, struct rte_tel_data *d)
{
	int ret = -ENOENT;

	pthread_mutex_lock(&told_lock);
	for (size_t i = 0; i < RTE_DIM(commands) && told != NULL; i++)
		if (strcmp(cmd, commands[i].cmd) == 0)
			ret = commands[i].tell(told, params, d);
	pthread_mutex_unlock(&told_lock);
	return ret;
}

int telemetry_start(struct vnf *vnf)
{
	pthread_mutex_lock(&told_lock);
	told = vnf;
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

void telemetry_stop(void)
{
	pthread_mutex_lock(&told_lock);
	told = NULL;
	pthread_mutex_unlock(&told_lock);
}

void telemetry_pause(void)
{
	pthread_mutex_lock(&told_lock);
}

bool telemetry_pause_within(uint64_t wait_ns)
{
	struct timespec until;

	clock_deadline(wait_ns, &until);
	return pthread_mutex_clocklock(&told_lock, CLOCK_MONOTONIC, &until) == 0;
}

void telemetry_resume(void)
{
	pthread_mutex_unlock(&told_lock);
}
