/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The command `datapath [PORT]`: which way packets take through the ports, asked anew. A port that
 * is down is told as it was when it was up last.
 */

#include "control.h"
#include "vnf_priv.h"

#include <errno.h>

struct datapath_args {
	const char *port;
};

static const struct vnf_config_key datapath_keys[] = {
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct datapath_args, port),
	  .doc = "Name of a port; without it, all." },
	{ .name = NULL },
};

static json_t *row(const struct port_slot *slot)
{
	bool up = vnf_port_is_up(&slot->port) && port_is_started(&slot->port);
	struct vnf_port_path path;

	if (!up || !datapath_explain(&slot->port, &path))
		path = slot->path;
	if (!up && !slot->path_known)
		return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s}", "port", slot->port.name, "up", 0,
				 "rx", "", "tx", "", "why", "it has not been up yet", "change", "");
	return json_pack("{s:s, s:b, s:s, s:s, s:s, s:s}", "port", slot->port.name, "up", up, "rx",
			 path.rx, "tx", path.tx, "why", path.why, "change", datapath_change(&path));
}

static json_t *datapath_run(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct datapath_args *a = args;
	json_t *rows;

	if (a->port[0] != '\0' && vnf_port_find(vnf, a->port) < 0)
		return vnf_refuse(why, -ENOENT, "there is no port \"%s\"; ports lists them",
				  a->port);
	rows = json_array();
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (port_slot_used(&vnf->ports[i]) &&
		    (a->port[0] == '\0' || vnf_port_find(vnf, a->port) == i))
			json_array_append_new(rows, row(&vnf->ports[i]));
	return rows;
}

const struct vnf_command datapath_commands[] = {
	{ .name = "datapath",
	  .help = "Which way packets take through a port, why, and what would change it.",
	  .args = datapath_keys,
	  .args_size = sizeof(struct datapath_args),
	  .run = datapath_run },
	{ .name = NULL },
};
