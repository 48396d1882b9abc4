/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Commands that count: ports, drops, the ledger, workers. The same numbers as telemetry.c's,
 * without its limits. Control thread.
 */

#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vnf_priv.h"

struct port_args {
	const char *port;
};

#define PORT_KEY(structure)                                                                        \
	.name = "port", .type = VNF_CONFIG_STRING, .offset = offsetof(structure, port),            \
	.max = VNF_PORT_NAME_MAX

static void number_set(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void number_add(void *to, const char *name, uint64_t value)
{
	number_set(to, name, value);
}

/* A number of up to five digits below `n`, or -1. */
static int number_of(const char *text, uint16_t n)
{
	size_t len = strlen(text);
	long number;

	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return -1;
	number = strtol(text, NULL, 10);
	return number < n ? (int)number : -1;
}

/* By name, else by number; "" is all: 0 and *port is NULL. */
static int port_of(struct vnf *vnf, const char *text, struct vnf_port **port,
		   struct vnf_refusal *why)
{
	int id;

	*port = NULL;
	if (text[0] == '\0')
		return 0;
	id = vnf_port_find(vnf, text);
	if (id < 0)
		id = number_of(text, vnf->n_ports);
	if (id >= 0)
		*port = vnf_port(vnf, (uint16_t)id);
	if (*port == NULL) {
		vnf_refuse(why, -ENOENT, "there is no port \"%s\"; \"ports\" lists those there are",
			   text);
		return -ENOENT;
	}
	return 0;
}

/* A row for each port that there is. */
static json_t *port_rows(const struct vnf *vnf,
			 json_t *(*row)(const struct vnf *vnf, const struct vnf_port *port))
{
	json_t *rows = json_array();

	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (vnf_port(vnf, i) != NULL)
			json_array_append_new(rows, row(vnf, vnf_port(vnf, i)));
	return rows;
}

static uint64_t drops_sum(const struct vnf_port_counters *counters)
{
	uint64_t sum = 0;

	for (uint32_t r = 0; r < VNF_DROPS_MAX; r++)
		sum += counters->drops[r];
	return sum;
}

static void traffic_set(json_t *object, const struct vnf_port_counters *counters)
{
	number_set(object, "rx_packets", counters->rx_packets);
	number_set(object, "rx_bytes", counters->rx_bytes);
	number_set(object, "tx_packets", counters->tx_packets);
	number_set(object, "tx_bytes", counters->tx_bytes);
	number_set(object, "drops", drops_sum(counters));
}

/* ---- ports ---- */

static json_t *port_json(const struct vnf *vnf, const struct vnf_port *port)
{
	struct vnf_port_missed missed = { 0 };
	struct vnf_port_counters counters;
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	json_t *object;

	rte_ether_format_addr(mac, sizeof(mac), &port->mac);
	object = json_pack("{si ss ss sb ss si si}", "id", (int)port->id, "name", port->name,
			   "kind", port->kind->name, "up", (int)vnf_port_is_up(port), "mac", mac,
			   "mtu", (int)port->mtu, "queues", (int)port->n_queues);
	vnf_port_counters_read(vnf, port->id, &counters);
	traffic_set(object, &counters);
	if (port->kind->missed != NULL && port_is_started(port))
		port->kind->missed(port, &missed);
	number_set(object, "missed", missed.rx_missed + missed.rx_errors + missed.rx_nombuf);
	return object;
}

static json_t *run_ports(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)args;
	(void)why;
	return port_rows(vnf, port_json);
}

/* ---- stats ---- */

static const struct vnf_config_key stats_keys[] = {
	{ PORT_KEY(struct port_args), .doc = "Name or number of a port; without it all ports." },
	{ .name = NULL },
};

static json_t *stats_json(const struct vnf *vnf, const struct vnf_port *port)
{
	json_t *object = json_pack("{ss}", "port", port->name);
	struct vnf_port_counters counters;

	vnf_port_counters_read(vnf, port->id, &counters);
	traffic_set(object, &counters);
	report_port_extra(port, number_add, object);
	return object;
}

static json_t *run_stats(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct port_args *a = args;
	struct vnf_port *port;

	if (port_of(vnf, a->port, &port, why) < 0)
		return NULL;
	return port != NULL ? stats_json(vnf, port) : port_rows(vnf, stats_json);
}

/* ---- drops ---- */

struct drops_args {
	const char *port;
	bool all;
};

static const struct vnf_config_key drops_keys[] = {
	{ PORT_KEY(struct drops_args), .doc = "Name or number of a port; without it all ports." },
	{ .name = "all",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct drops_args, all),
	  .def = "false",
	  .doc = "Also reasons for which nothing was dropped." },
	{ .name = NULL },
};

static const char *drop_doc(const struct vnf *vnf, uint32_t reason)
{
	static const char *const docs[] = {
#define DROP_DOC(id, name, doc) doc,
		VNF_DROP_REASONS(DROP_DOC)
#undef DROP_DOC
	};
	const char *own;

	if (reason < VNF_DROP_USER)
		return docs[reason];
	own = vnf->program->drops[reason - VNF_DROP_USER].doc;
	return own != NULL ? own : "";
}

static void drops_add(const struct vnf *vnf, const struct vnf_port *port, bool all, json_t *rows)
{
	struct vnf_port_counters counters;

	vnf_port_counters_read(vnf, port->id, &counters);
	for (uint32_t r = 0; r < vnf->drops.n; r++)
		if (all || counters.drops[r] != 0)
			json_array_append_new(rows,
					      json_pack("{ss ss sI ss}", "port", port->name,
							"reason", vnf->drops.name[r], "packets",
							(json_int_t)counters.drops[r], "meaning",
							drop_doc(vnf, r)));
}

static json_t *run_drops(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct drops_args *a = args;
	struct vnf_port *port;
	json_t *rows;

	if (port_of(vnf, a->port, &port, why) < 0)
		return NULL;
	rows = json_array();
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (vnf_port(vnf, i) != NULL && (port == NULL || port->id == i))
			drops_add(vnf, vnf_port(vnf, i), a->all, rows);
	return rows;
}

/* ---- ledger ---- */

struct ledger_args {
	const char *worker;
};

static const struct vnf_config_key ledger_keys[] = {
	{ .name = "worker",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct ledger_args, worker),
	  .max = 5,
	  .doc = "Number of a worker; without it all workers together." },
	{ .name = NULL },
};

static json_t *run_ledger(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct ledger_args *a = args;
	int worker = a->worker[0] == '\0' ? UINT16_MAX : number_of(a->worker, vnf->n_workers);
	struct vnf_ledger l;

	if (worker < 0)
		return vnf_refuse(why, -ENOENT, "there is no worker \"%s\"; there are 0 to %u",
				  a->worker, vnf->n_workers - 1u);
	if (vnf_ledger_read(vnf, (uint16_t)worker, &l) < 0)
		return vnf_refuse(why, -ETIMEDOUT,
				  "a worker did not publish its counters within 1 s; it hangs in a "
				  "callback, or its CPU is taken");
	return json_pack("{sI sI sI sI sI sI sI sI}", "rx", (json_int_t)l.rx, "created",
			 (json_int_t)l.created, "handed_in", (json_int_t)l.handed_in, "tx",
			 (json_int_t)l.tx, "drops", (json_int_t)l.drops, "handed_out",
			 (json_int_t)l.handed_out, "held", (json_int_t)l.held, "balance",
			 (json_int_t)vnf_ledger_balance(&l));
}

/* ---- workers ---- */

static json_t *worker_json(const struct vnf *vnf, uint16_t id)
{
	const struct worker *w = &vnf->workers[id];
	uint64_t busy = __atomic_load_n(&w->counters.busy_ns, __ATOMIC_RELAXED);
	uint64_t passes = __atomic_load_n(&w->counters.passes, __ATOMIC_RELAXED);
	uint64_t uptime = vnf_clock_now() - vnf->started_ns;

	return json_pack("{si si si sb sI sI sI}", "worker", (int)id, "cpu", (int)vnf->cpus.cpu[id],
			 "rx_queues", (int)w->n_rxqs, "shares_cpu", (int)w->shares_cpu, "passes",
			 (json_int_t)passes, "busy_ms", (json_int_t)(busy / 1000000),
			 "busy_percent", (json_int_t)(uptime > 0 ? busy * 100 / uptime : 0));
}

static json_t *run_workers(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	json_t *workers = json_array();

	(void)args;
	(void)why;
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		json_array_append_new(workers, worker_json(vnf, i));
	return workers;
}

const struct vnf_command counter_commands[] = {
	{ .name = "ports", .help = "The ports, and what passed through them.", .run = run_ports },
	{ .name = "stats",
	  .help = "Packets and bytes of a port, and what was lost before reception.",
	  .args = stats_keys,
	  .args_size = sizeof(struct port_args),
	  .run = run_stats },
	{ .name = "drops",
	  .help = "Drops by reason, with what each means.",
	  .args = drops_keys,
	  .args_size = sizeof(struct drops_args),
	  .run = run_drops },
	{ .name = "ledger",
	  .help = "Where packets went; the balance is 0, or there is a bug.",
	  .args = ledger_keys,
	  .args_size = sizeof(struct ledger_args),
	  .run = run_ledger },
	{ .name = "workers", .help = "The workers: CPU, queues, how busy.", .run = run_workers },
	{ .name = NULL },
};
