/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The command `latency [PORT]`: how long packets waited, by port and stage. Control thread.
 */

#include <errno.h>

#include "control.h"
#include "latency.h"
#include "vnf_priv.h"

struct latency_args {
	const char *port;
};

static const struct vnf_config_key latency_keys[] = {
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct latency_args, port),
	  .max = VNF_PORT_NAME_MAX,
	  .doc = "Name of a port; all without it." },
	{ .name = NULL },
};

static json_t *row(const struct vnf *vnf, uint16_t port, enum latency_stage stage)
{
	struct histogram_summary s;

	latency_read(vnf, port, stage, &s);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "port", vnf->ports[port].port.name,
			 "stage", latency_names[stage], "samples", (json_int_t)s.samples, "p50_ns",
			 (json_int_t)s.p50_ns, "p99_ns", (json_int_t)s.p99_ns, "p99_9_ns",
			 (json_int_t)s.p99_9_ns, "max_ns", (json_int_t)s.max_ns);
}

static json_t *latency_run(struct vnf *vnf, const void *data, struct vnf_refusal *why)
{
	const struct latency_args *args = data;
	int only = args->port[0] != '\0' ? vnf_port_find(vnf, args->port) : -1;
	json_t *rows;

	if (args->port[0] != '\0' && only < 0)
		return vnf_refuse(why, -ENOENT, "no port is named \"%s\"", args->port);
	rows = json_array();
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		for (unsigned int stage = 0; stage < LATENCY_STAGE_COUNT; stage++)
			if (vnf_port(vnf, i) != NULL && (only < 0 || only == i))
				json_array_append_new(rows, row(vnf, i, stage));
	return rows;
}

const struct vnf_command latency_commands[] = {
	{ .name = "latency",
	  .help = "How long packets wait, by port and stage",
	  .args = latency_keys,
	  .args_size = sizeof(struct latency_args),
	  .run = latency_run },
	{ .name = NULL },
};
