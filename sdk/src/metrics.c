/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What stands on the metrics page: the SDK's families, which are telemetry's numbers (telemetry.c)
 * under the names that Prometheus' users expect, then the program's own. docs/metrics.md has the
 * table of both names.
 *
 * The page is made on the metrics thread, while workers run. Each port's counters and the ledger
 * are taken once for a page, so that the numbers of one page are of one moment.
 */

#include "metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>

/* Longest wait for a change of the ports. */
#define PAUSE_WAIT_NS 2000000000ULL

static void put_build_info(struct vnf *vnf, const struct vnf_metric *metric,
			   struct vnf_metrics_page *page)
{
	const struct vnf_program *program = vnf->program;

	(void)metric;
	vnf_metrics_put(page, 1, "program", program->name, "version",
			program->version != NULL ? program->version : VNFKIT_VERSION, "dpdk",
			rte_version(), NULL);
}

static void put_start_time(struct vnf *vnf, const struct vnf_metric *metric,
			   struct vnf_metrics_page *page)
{
	(void)vnf, (void)metric;
	vnf_metrics_put(page, (int64_t)(vnf_clock_wall() - vnf_clock_now()), NULL);
}

enum size {
	SIZE_MEMORY,
	SIZE_POOL,
	SIZE_POOL_USED,
};

static void put_size(struct vnf *vnf, const struct vnf_metric *metric,
		     struct vnf_metrics_page *page)
{
	uint64_t value;

	switch (metric->tag) {
	case SIZE_MEMORY:
		value = vnf->memory.bytes;
		break;
	case SIZE_POOL:
		value = vnf->pool->size;
		break;
	default:
		value = rte_mempool_in_use_count(vnf->pool);
		break;
	}
	vnf_metrics_put(page, (int64_t)value, NULL);
}

/* ---- ports ---- */

static void put_port(struct vnf_metrics_page *page, const struct vnf_port *port, uint64_t value)
{
	vnf_metrics_put(page, (int64_t)value, "port", port->name, "kind", port->kind->name, NULL);
}

static void put_up(struct vnf *vnf, const struct vnf_metric *metric, struct vnf_metrics_page *page)
{
	(void)metric;
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (vnf_port(vnf, i) != NULL)
			put_port(page, vnf_port(vnf, i), vnf_port_is_up(vnf_port(vnf, i)));
}

/* The tag is where the number stands in struct vnf_port_counters. */
static void put_counter(struct vnf *vnf, const struct vnf_metric *metric,
			struct vnf_metrics_page *page)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&page->ports[i] + metric->tag, sizeof(value));
		if (vnf_port(vnf, i) != NULL)
			put_port(page, vnf_port(vnf, i), value);
	}
}

static void put_drops(struct vnf *vnf, const struct vnf_metric *metric,
		      struct vnf_metrics_page *page)
{
	(void)metric;
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		for (uint32_t r = 0; r < vnf->drops.n && vnf_port(vnf, i) != NULL; r++)
			vnf_metrics_put(page, (int64_t)page->ports[i].drops[r], "port",
					vnf_port(vnf, i)->name, "reason", vnf->drops.name[r], NULL);
}

/* The tag is where the number stands in struct vnf_port_missed. */
static void put_missed(struct vnf *vnf, const struct vnf_metric *metric,
		       struct vnf_metrics_page *page)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		const struct vnf_port *port = vnf_port(vnf, i);
		struct vnf_port_missed missed = { 0 };
		uint64_t value;

		if (port == NULL)
			continue;
		if (port->kind->missed != NULL && port_is_started(port))
			port->kind->missed(port, &missed);
		memcpy(&value, (const char *)&missed + metric->tag, sizeof(value));
		put_port(page, port, value);
	}
}

struct traffic_to {
	struct vnf_metrics_page *page;
	const struct vnf_port *port;
};

/* Of gen and sink; the others' numbers have families of their own. */
static void put_traffic_one(void *to, const char *name, uint64_t value)
{
	const struct traffic_to *t = to;

	if (strncmp(name, "rx_", 3) != 0)
		vnf_metrics_put(t->page, (int64_t)value, "port", t->port->name, "count", name,
				NULL);
}

static void put_traffic(struct vnf *vnf, const struct vnf_metric *metric,
			struct vnf_metrics_page *page)
{
	(void)metric;
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct traffic_to to = { page, vnf_port(vnf, i) };

		if (to.port != NULL)
			report_port_extra(to.port, put_traffic_one, &to);
	}
}

/* ---- workers ---- */

/* The tag is where the number stands in struct vnf_worker_counters. */
static void put_worker(struct vnf *vnf, const struct vnf_metric *metric,
		       struct vnf_metrics_page *page)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		const char *counters = (const char *)&vnf->workers[i].counters;
		char worker[8], cpu[8];

		snprintf(worker, sizeof(worker), "%u", i);
		snprintf(cpu, sizeof(cpu), "%u", vnf->cpus.cpu[i]);
		vnf_metrics_put(page,
				(int64_t)__atomic_load_n(
					(const uint64_t *)(const void *)(counters + metric->tag),
					__ATOMIC_RELAXED),
				"worker", worker, "cpu", cpu, NULL);
	}
}

/* The tag is where the number stands in struct vnf_ledger. */
static void put_ledger(struct vnf *vnf, const struct vnf_metric *metric,
		       struct vnf_metrics_page *page)
{
	int64_t value;

	(void)vnf;
	memcpy(&value, (const char *)&page->ledger + metric->tag, sizeof(value));
	vnf_metrics_put(page, value, NULL);
}

/* A worker that does not come to the end of its pass cannot be part of a balance. */
static void put_balance(struct vnf *vnf, const struct vnf_metric *metric,
			struct vnf_metrics_page *page)
{
	(void)vnf, (void)metric;
	if (page->ledger_balances)
		vnf_metrics_put(page, vnf_ledger_balance(&page->ledger), NULL);
}

#define PORT_COUNTER(field) .collect = put_counter, .tag = offsetof(struct vnf_port_counters, field)
#define PORT_MISSED(field) .collect = put_missed, .tag = offsetof(struct vnf_port_missed, field)
#define WORKER(field) .collect = put_worker, .tag = offsetof(struct vnf_worker_counters, field)
#define LEDGER(field) .collect = put_ledger, .tag = offsetof(struct vnf_ledger, field)
#define COUNTER .counter = true

static const struct vnf_metric sdk_metrics[] = {
	{ "build_info", "What runs: always 1.", .collect = put_build_info },
	{ "start_time_seconds", "When the program started, in seconds since 1970.",
	  .nanoseconds = true, .collect = put_start_time },
	{ "memory_bytes", "Memory for DPDK.", .collect = put_size, .tag = SIZE_MEMORY },
	{ "pool_packets", "Packet buffers that there are.", .collect = put_size, .tag = SIZE_POOL },
	{ "pool_used_packets", "Packet buffers in use: in rings, in hands, held.",
	  .collect = put_size, .tag = SIZE_POOL_USED },
	{ "port_up", "1 if the port has its peer or link.", .collect = put_up },
	{ "port_receive_packets", "Packets received.", COUNTER, PORT_COUNTER(rx_packets) },
	{ "port_receive_bytes", "Their bytes, without FCS.", COUNTER, PORT_COUNTER(rx_bytes) },
	{ "port_transmit_packets", "Packets sent.", COUNTER, PORT_COUNTER(tx_packets) },
	{ "port_transmit_bytes", "Their bytes, without FCS.", COUNTER, PORT_COUNTER(tx_bytes) },
	{ "port_drops", "Packets dropped, by reason, at the port where the reason lies.", COUNTER,
	  .collect = put_drops },
	{ "port_receive_missed", "Packets lost before reception: no room in a ring.", COUNTER,
	  PORT_MISSED(rx_missed) },
	{ "port_receive_errors", "Packets damaged, cut short or of a form that cannot be taken.",
	  COUNTER, PORT_MISSED(rx_errors) },
	{ "port_receive_nombuf", "Packets not received because the pool was empty.", COUNTER,
	  PORT_MISSED(rx_nombuf) },
	{ "port_traffic_packets", "What a port of kind gen or sink made, got and missed.",
	  .collect = put_traffic },
	{ "worker_busy_seconds", "Time of passes that found a packet.", COUNTER,
	  .nanoseconds = true, WORKER(busy_ns) },
	{ "worker_passes", "Passes over the queues.", COUNTER, WORKER(passes) },
	{ "ledger_receive_packets", "Packets received, all ports.", COUNTER, LEDGER(rx) },
	{ "ledger_created_packets", "Packets made by the program: copies, answers.", COUNTER,
	  LEDGER(created) },
	{ "ledger_handed_in_packets", "Packets taken over from another worker.", COUNTER,
	  LEDGER(handed_in) },
	{ "ledger_transmit_packets", "Packets sent, all ports.", COUNTER, LEDGER(tx) },
	{ "ledger_dropped_packets", "Packets dropped, all ports and reasons.", COUNTER,
	  LEDGER(drops) },
	{ "ledger_handed_out_packets", "Packets given to another worker.", COUNTER,
	  LEDGER(handed_out) },
	{ "ledger_held_packets", "Packets that the program keeps.", LEDGER(held) },
	{ "ledger_balance_packets", "Packets that are not accounted for: 0, or there is a bug.",
	  .collect = put_balance },
	{ .name = NULL },
};

/* ---- the page ---- */

static struct vnf *shown;

static bool page_prepare(struct vnf_metrics_page *page, struct vnf *vnf)
{
	page->vnf_name = vnf->spec->name;
	page->ports = aligned_alloc(RTE_CACHE_LINE_SIZE, vnf->n_ports * sizeof(*page->ports));
	if (page->ports == NULL)
		return false;
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		vnf_port_counters_read(vnf, i, &page->ports[i]);
	page->ledger_balances = vnf_ledger_read(vnf, UINT16_MAX, &page->ledger) == 0;
	return true;
}

static void page_write(struct vnf_metrics_page *page, struct vnf *vnf)
{
	const struct vnf_metric *m;

	for (m = sdk_metrics; m->name != NULL; m++)
		metrics_family(page, vnf, m);
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++)
		for (m = vnf->program->parts[i]->metrics; m != NULL && m->name != NULL; m++)
			metrics_family(page, vnf, m);
	for (m = session_metrics; vnf->tables[0] != NULL && m->name != NULL; m++)
		metrics_family(page, vnf, m);
	for (m = vnf->program->metrics; m != NULL && m->name != NULL; m++)
		metrics_family(page, vnf, m);
	if (page->openmetrics)
		fputs("# EOF\n", page->out);
}

/* Ports stay as they are meanwhile: see telemetry_pause(). A stop waits for us, so we wait for no
 * change that does not come to its end.
 */
static char *page_make(bool openmetrics, size_t *len)
{
	struct vnf_metrics_page page = { .openmetrics = openmetrics };
	char *text = NULL;
	bool whole;

	page.out = open_memstream(&text, len);
	if (page.out == NULL)
		return NULL;
	whole = telemetry_pause_within(PAUSE_WAIT_NS);
	if (whole) {
		whole = page_prepare(&page, shown);
		if (whole)
			page_write(&page, shown);
		telemetry_resume();
	}
	free(page.ports);
	if (fclose(page.out) == 0 && whole)
		return text;
	free(text);
	return NULL;
}

bool metrics_valid(const struct vnf_metric *metrics, char *why, size_t why_size)
{
	for (; metrics != NULL && metrics->name != NULL; metrics++) {
		if (metrics->name[0] == '\0' ||
		    metrics->name[strspn(metrics->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] !=
			    '\0') {
			snprintf(why, why_size, "\"%s\" is not of lower-case letters, digits and _",
				 metrics->name);
			return false;
		}
		if (metrics->help == NULL || metrics->collect == NULL) {
			snprintf(why, why_size, "\"%s\" has no help or no collect", metrics->name);
			return false;
		}
	}
	return true;
}

int metrics_start(struct vnf *vnf)
{
	const char *listen = vnf->spec->metrics.listen;
	char why[WHY_MAX];
	int fd, ret;

	if (listen == NULL || listen[0] == '\0')
		return 0;
	if (!metrics_valid(vnf->program->metrics, why, sizeof(why))) {
		vnf_error("metrics of %s: %s", vnf->program->name, why);
		return -EINVAL;
	}
	fd = metrics_listen(listen);
	if (fd < 0)
		return fd;
	shown = vnf;
	ret = metrics_http_start(fd, page_make);
	if (ret < 0) {
		shown = NULL;
		metrics_unlink(listen);
	}
	return ret;
}

void metrics_stop(void)
{
	if (shown == NULL)
		return;
	metrics_http_stop();
	metrics_unlink(shown->spec->metrics.listen);
	shown = NULL;
}

void metrics_poll(void)
{
	metrics_http_poll();
}
