/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Command: where a port's packets were lost, and who is to blame. Counters say how many and
 * how many since it was last asked, the recorder shows one; why.c has the words. Control thread.
 */

#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_recorder.h"
#include "packet_summary.h"
#include "vnf_priv.h"
#include "why.h"

struct why_args {
	const char *port;
};

static const struct vnf_config_key why_keys[] = {
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct why_args, port),
	  .min = 1,
	  .max = VNF_PORT_NAME_MAX,
	  .doc = "Name of the port." },
	{ .name = NULL },
};

/* Counted until somebody asked last. */
struct asked {
	uint64_t drops[VNF_DROPS_MAX];
	struct vnf_port_missed missed;
};

/* The newest record of each reason, and the longest packet that was too long. */
struct newest {
	struct drop_record record[VNF_DROPS_MAX];
	uint32_t longest;
};

static void record_see(void *arg, const struct drop_record *record)
{
	struct newest *n = arg;

	if (record->reason >= VNF_DROPS_MAX)
		return;
	if (record->now_ns >= n->record[record->reason].now_ns)
		n->record[record->reason] = *record;
	if (record->reason == VNF_DROP_TOO_LONG)
		n->longest = RTE_MAX(n->longest, record->length);
}

/* Of those that poll the port. */
static uint32_t busiest(const struct vnf *vnf, const struct vnf_port *port)
{
	const struct port_slot *slot = &vnf->ports[port->id];
	uint64_t most = 0;

	for (uint16_t q = 0; q < port->n_queues; q++) {
		struct usage usage;

		usage_last_second(vnf, slot->poller[q], &usage);
		most = RTE_MAX(most, usage.busy_permille);
	}
	return (uint32_t)most;
}

/* A port that was changed or came anew counts from 0. */
static uint64_t before(uint64_t asked, uint64_t now)
{
	return asked <= now ? asked : 0;
}

/* The newest record, in words. */
static json_t *evidence(const struct drop_record *record)
{
	char from[RTE_ETHER_ADDR_FMT_SIZE] = "?", to[RTE_ETHER_ADDR_FMT_SIZE] = "?";
	uint64_t ago_ms = (vnf_clock_now() - record->now_ns) / 1000000;
	struct packet_summary summary;

	packet_summarise(record->head, record->kept, &summary);
	if (summary.has_ethernet) {
		rte_ether_format_addr(from, sizeof(from),
				      (const struct rte_ether_addr *)summary.src);
		rte_ether_format_addr(to, sizeof(to), (const struct rte_ether_addr *)summary.dst);
	}
	return json_sprintf("the last one recorded, %d.%03d s ago: %d octets from %s to %s",
			    (int)(ago_ms / 1000), (int)(ago_ms % 1000), (int)record->length, from,
			    to);
}

static void finding_add(json_t *list, uint64_t packets, uint64_t last, const char *reason,
			const struct why_finding *finding, const struct drop_record *record)
{
	json_t *row = json_pack("{sI sI ss ss ss ss}", "packets", (json_int_t)packets, "since_last",
				(json_int_t)(packets - last), "reason", reason, "to_blame",
				finding->who, "what", finding->what, "advice", finding->advice);
	size_t at = 0;

	if (record != NULL && record->now_ns != 0)
		json_object_set_new(row, "evidence", evidence(record));
	/* The greatest loss first. */
	while (at < json_array_size(list) &&
	       json_integer_value(json_object_get(json_array_get(list, at), "packets")) >=
		       (json_int_t)packets)
		at++;
	json_array_insert_new(list, at, row);
}

static const char *own_doc(const struct vnf *vnf, uint32_t reason)
{
	return reason >= VNF_DROP_USER ? vnf->program->drops[reason - VNF_DROP_USER].doc : NULL;
}

static void drops_find(const struct vnf *vnf, const struct vnf_port *port, struct why_facts *facts,
		       const struct newest *newest, struct asked *asked, json_t *list)
{
	struct vnf_port_counters counters;

	vnf_port_counters_read(vnf, port->id, &counters);
	for (uint32_t r = 0; r < vnf->drops.n; r++) {
		struct why_finding finding;
		uint64_t last = before(asked->drops[r], counters.drops[r]);

		asked->drops[r] = counters.drops[r];
		if (counters.drops[r] == 0)
			continue;
		facts->reason_name = vnf->drops.name[r];
		facts->reason_doc = own_doc(vnf, r);
		why_drop(facts, r, &finding);
		finding_add(list, counters.drops[r], last, vnf->drops.name[r], &finding,
			    &newest->record[r]);
	}
}

static void missed_find(const struct vnf_port *port, const struct why_facts *facts,
			struct asked *asked, json_t *list)
{
	static const char *const names[] = { "rx_missed", "rx_errors", "rx_nombuf" };
	struct vnf_port_missed missed = { 0 };

	if (port->kind->missed != NULL && port_is_started(port))
		port->kind->missed(port, &missed);

	const uint64_t n[] = { missed.rx_missed, missed.rx_errors, missed.rx_nombuf };
	const uint64_t last[] = { asked->missed.rx_missed, asked->missed.rx_errors,
				  asked->missed.rx_nombuf };

	asked->missed = missed;
	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		struct why_finding finding;

		if (n[i] == 0)
			continue;
		why_missed(facts, (enum why_missed)i, &finding);
		finding_add(list, n[i], before(last[i], n[i]), names[i], &finding, NULL);
	}
}

/* Packets from here that are lost on their way out of another port are counted there. */
static json_t *elsewhere(const struct vnf *vnf, uint16_t port)
{
	json_t *names = json_array();

	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct vnf_port_counters counters;
		uint64_t drops = 0;

		if (i == port || vnf_port(vnf, i) == NULL)
			continue;
		vnf_port_counters_read(vnf, i, &counters);
		for (uint32_t r = 0; r < VNF_DROPS_MAX; r++)
			drops += counters.drops[r];
		if (drops > 0)
			json_array_append_new(names, json_string(vnf_port(vnf, i)->name));
	}
	return names;
}

/* A generator numbers its frames: what a sink misses was lost on the way, with or without drops. */
static void sink_lost(void *to, const char *name, uint64_t value)
{
	struct why_finding finding = {
		.who = "the way here",
		.what = "frames that a generator has numbered did not arrive",
		.advice = "ask the ports between, losses_also_at first",
	};

	if (strcmp(name, "lost") == 0 && value > 0)
		finding_add(to, value, 0, name, &finding, NULL);
}

/* Known without a lost packet: it will be. */
static void peer_find(const struct why_facts *facts, json_t *list)
{
	struct why_finding finding = { .who = "the peer",
				       .advice = "mend that; nothing arrives until then" };

	if (facts->peer == NULL)
		return;
	snprintf(finding.what, sizeof(finding.what), "%s", facts->peer);
	finding_add(list, 0, 0, "peer", &finding, NULL);
}

static json_t *verdict(const struct vnf *vnf, const struct vnf_port *port, const json_t *findings)
{
	const json_t *first = json_array_get(findings, 0);
	struct vnf_port_counters counters;

	if (first != NULL)
		return json_sprintf("%s: %s", json_string_value(json_object_get(first, "to_blame")),
				    json_string_value(json_object_get(first, "what")));
	vnf_port_counters_read(vnf, port->id, &counters);
	return json_sprintf("nothing was lost at port \"%s\", which is %s: %lld packets received, "
			    "%lld sent",
			    port->name, vnf_port_is_up(port) ? "up" : "down",
			    (long long)counters.rx_packets, (long long)counters.tx_packets);
}

void why_forget(struct vnf *vnf, uint16_t port)
{
	if (vnf->asked != NULL)
		memset(&vnf->asked[port], 0, sizeof(vnf->asked[port]));
}

static struct asked *asked_of(struct vnf *vnf, uint16_t port)
{
	if (vnf->asked == NULL)
		vnf->asked = calloc(ports_room(vnf), sizeof(*vnf->asked));
	return vnf->asked != NULL ? &vnf->asked[port] : NULL;
}

static json_t *explain(struct vnf *vnf, const struct vnf_port *port, struct asked *asked,
		       struct newest *newest)
{
	struct why_facts facts = {
		.kind = port->kind->name,
		.up = vnf_port_is_up(port),
		.mtu = port->mtu,
		.busy_permille = busiest(vnf, port),
		.peer = vnf->program->peer_fault != NULL ? vnf->program->peer_fault(port) : NULL,
	};
	json_t *findings = json_array(), *result = json_object();

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (vnf->workers[i].pub.recorder != NULL)
			drop_recorder_read(vnf->workers[i].pub.recorder, port->id, record_see,
					   newest);
	facts.longest = newest->longest;
	drops_find(vnf, port, &facts, newest, asked, findings);
	missed_find(port, &facts, asked, findings);
	report_port_extra(port, sink_lost, findings);
	peer_find(&facts, findings);
	json_object_set_new(result, "verdict", verdict(vnf, port, findings));
	json_object_set_new(result, "losses_also_at", elsewhere(vnf, port->id));
	json_object_set_new(result, "findings", findings);
	return result;
}

static json_t *run_why(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct why_args *a = args;
	int id = vnf_port_find(vnf, a->port);
	struct newest *newest;
	struct asked *asked;
	json_t *result;

	if (id < 0)
		return vnf_refuse(why, -ENOENT, "there is no port \"%s\"; \"ports\" lists them",
				  a->port);
	asked = asked_of(vnf, (uint16_t)id);
	newest = calloc(1, sizeof(*newest));
	if (asked == NULL || newest == NULL) {
		free(newest);
		return vnf_refuse(why, -ENOMEM, "out of memory");
	}
	result = explain(vnf, vnf_port(vnf, (uint16_t)id), asked, newest);
	free(newest);
	return result;
}

const struct vnf_command why_commands[] = {
	{ .name = "why",
	  .help = "Where packets of a port were lost, and who is to blame.",
	  .args = why_keys,
	  .args_size = sizeof(struct why_args),
	  .run = run_why },
	{ .name = NULL },
};
