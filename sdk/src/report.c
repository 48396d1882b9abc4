/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The final report: per port what came, went and was dropped, and the ledger. Printed when a
 * program stops, and written as JSON when --report asks for it. Control thread, workers gone.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "port_kinds.h"
#include "traffic.h"

static void extra_missed(const struct vnf_port *port,
			 void (*add)(void *to, const char *name, uint64_t value), void *to)
{
	struct vnf_port_missed missed = { 0 };

	if (port->kind->missed != NULL && port_is_started(port))
		port->kind->missed(port, &missed);
	add(to, "rx_missed", missed.rx_missed);
	add(to, "rx_errors", missed.rx_errors);
	add(to, "rx_nombuf", missed.rx_nombuf);
}

static void extra_traffic(const struct vnf_port *port,
			  void (*add)(void *to, const char *name, uint64_t value), void *to)
{
	struct vnf_traffic_stats stats;

	if (port->kind != &vnf_port_kind_gen && port->kind != &vnf_port_kind_sink)
		return;
	if (!port_is_started(port))
		return;
	vnf_traffic_read(port, &stats);
	add(to, "generated", stats.generated);
	add(to, "received", stats.received);
	add(to, "lost", stats.lost);
	add(to, "reordered", stats.reordered);
	add(to, "duplicated", stats.duplicated);
	add(to, "foreign", stats.foreign);
}

void report_port_extra(const struct vnf_port *port,
		       void (*add)(void *to, const char *name, uint64_t value), void *to)
{
	extra_missed(port, add, to);
	extra_traffic(port, add, to);
}

static void json_add(void *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

static json_t *json_ledger(const struct vnf_ledger *l)
{
	return json_pack("{sI sI sI sI sI sI sI sI}", "rx", (json_int_t)l->rx, "created",
			 (json_int_t)l->created, "handed_in", (json_int_t)l->handed_in, "tx",
			 (json_int_t)l->tx, "drops", (json_int_t)l->drops, "handed_out",
			 (json_int_t)l->handed_out, "held", (json_int_t)l->held, "balance",
			 (json_int_t)vnf_ledger_balance(l));
}

static json_t *json_port(const struct vnf *vnf, const struct vnf_port *port)
{
	struct vnf_port_counters counters;
	json_t *missed = json_object(), *traffic = json_object(), *drops = json_object();

	vnf_port_counters_read(vnf, port->id, &counters);
	extra_missed(port, json_add, missed);
	extra_traffic(port, json_add, traffic);
	for (uint32_t r = 0; r < vnf->drops.n; r++)
		if (counters.drops[r] != 0)
			json_add(drops, vnf->drops.name[r], counters.drops[r]);
	return json_pack("{ss ss sb sI sI sI sI so so so}", "name", port->name, "kind",
			 port->kind->name, "up", vnf_port_is_up(port), "rx_packets",
			 (json_int_t)counters.rx_packets, "rx_bytes", (json_int_t)counters.rx_bytes,
			 "tx_packets", (json_int_t)counters.tx_packets, "tx_bytes",
			 (json_int_t)counters.tx_bytes, "drops", drops, "missed", missed, "traffic",
			 traffic);
}

json_t *report_json(struct vnf *vnf)
{
	json_t *ports = json_array();
	struct vnf_ledger ledger;

	vnf_ledger_read(vnf, UINT16_MAX, &ledger);
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (vnf_port(vnf, i) != NULL)
			json_array_append_new(ports, json_port(vnf, &vnf->ports[i].port));
	return json_pack("{ss ss so so}", "name", vnf->spec->name, "program", vnf->program->name,
			 "ledger", json_ledger(&ledger), "ports", ports);
}

static void print_extra(void *to, const char *name, uint64_t value)
{
	const struct vnf_port *port = to;

	if (value != 0)
		vnf_notice("port \"%s\": %s %" PRIu64, port->name, name, value);
}

static void print_port(const struct vnf *vnf, struct vnf_port *port)
{
	struct vnf_port_counters counters;

	vnf_port_counters_read(vnf, port->id, &counters);
	vnf_notice("port \"%s\": rx %" PRIu64 " packets, %" PRIu64 " bytes; tx %" PRIu64
		   " packets, %" PRIu64 " bytes",
		   port->name, counters.rx_packets, counters.rx_bytes, counters.tx_packets,
		   counters.tx_bytes);
	for (uint32_t r = 0; r < vnf->drops.n; r++)
		if (counters.drops[r] != 0)
			vnf_notice("port \"%s\": dropped %" PRIu64 ": %s", port->name,
				   counters.drops[r], vnf->drops.name[r]);
	report_port_extra(port, print_extra, port);
}

void report_print(struct vnf *vnf)
{
	struct vnf_ledger l;
	int64_t balance;

	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (vnf_port(vnf, i) != NULL)
			print_port(vnf, &vnf->ports[i].port);
	vnf_ledger_read(vnf, UINT16_MAX, &l);
	balance = vnf_ledger_balance(&l);
	vnf_notice("ledger: rx %" PRIu64 " + created %" PRIu64 " + handed in %" PRIu64
		   " = tx %" PRIu64 " + drops %" PRIu64 " + handed out %" PRIu64 " + held %" PRId64,
		   l.rx, l.created, l.handed_in, l.tx, l.drops, l.handed_out, l.held);
	if (balance != 0)
		vnf_error("ledger: %" PRId64 " packets are not accounted for; this is a bug",
			  balance);
}

int report_prepare(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int report_write(struct vnf *vnf, const char *path)
{
	json_t *report = report_json(vnf);
	int ret = -1;

	if (report != NULL)
		ret = json_dump_file(report, path, JSON_INDENT(2));
	json_decref(report);
	if (ret == 0)
		return 0;
	vnf_error("cannot write the report to %s: %s", path, strerror(errno));
	return -EIO;
}
