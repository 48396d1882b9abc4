/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * --plan: what a program will be with this file, as JSON for other programs, such as the one that
 * makes a virtual machine of it. Start-up; DPDK is not running.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

static json_t *mac_json(const struct rte_ether_addr *mac)
{
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", RTE_ETHER_ADDR_BYTES(mac));
	return json_string(text);
}

/* The port's own part of the file. */
static json_t *settings_json(const struct vnf *vnf, const struct vnf_port *port)
{
	const struct cfg_node *node = cfg_node_find(vnf->file, port->spec);

	while (node != NULL && node->kind != CFG_ITEM)
		node = node->parent;
	return node != NULL ? cfg_json(node) : json_object();
}

static json_t *port_json(const struct vnf *vnf, const struct vnf_port *port)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(port->name));
	json_object_set_new(object, "kind", json_string(port->kind->name));
	json_object_set_new(object, "mac", mac_json(&port->mac));
	json_object_set_new(object, "mtu", json_integer(port->mtu));
	json_object_set_new(object, "queues", json_integer(port->n_queues));
	json_object_set_new(object, "settings", settings_json(vnf, port));
	return object;
}

static json_t *ports_json(const struct vnf *vnf)
{
	json_t *array = json_array();

	for (uint16_t i = 0; i < vnf->n_ports; i++)
		json_array_append_new(array, port_json(vnf, &vnf->ports[i].port));
	return array;
}

/* Those that the file asks for. */
static json_t *worker_cpus_json(const struct cpu_plan *cpus)
{
	json_t *array = json_array();

	for (uint16_t i = 0; i < cpus->n_workers; i++)
		json_array_append_new(array, json_integer(cpus->cpu[i]));
	return array;
}

static void files_add(json_t *files, const char *file)
{
	char path[PATH_MAX];
	const json_t *known;
	size_t i;

	if (realpath(file, path) == NULL)
		return;
	json_array_foreach(files, i, known)
		if (strcmp(json_string_value(known), path) == 0)
			return;
	json_array_append_new(files, json_string(path));
}

/* The file and those that it includes, in the order in which they are read. */
static json_t *files_json(const struct vnf_config *config)
{
	json_t *files = json_array();
	const char *last = NULL;

	files_add(files, config->path);
	for (size_t i = 0; i < config->text.n_tokens; i++) {
		if (config->text.tokens[i].file != last)
			files_add(files, config->text.tokens[i].file);
		last = config->text.tokens[i].file;
	}
	return files;
}

int plan_print(const struct vnf *vnf)
{
	json_t *plan = json_object();
	const char *version =
		vnf->program->version != NULL ? vnf->program->version : VNFKIT_VERSION;
	int ret;

	json_object_set_new(plan, "program", json_string(vnf->program->name));
	json_object_set_new(plan, "name", json_string(vnf->spec->name));
	json_object_set_new(plan, "version", json_string(version));
	json_object_set_new(plan, "files", files_json(vnf->file));
	json_object_set_new(plan, "workers", json_integer(vnf->spec->workers));
	if (vnf->spec->cpus[0] != '\0')
		json_object_set_new(plan, "worker_cpus", worker_cpus_json(&vnf->cpus));
	json_object_set_new(plan, "memory_bytes", json_integer((json_int_t)vnf->memory.bytes));
	json_object_set_new(plan, "table_bytes", json_integer((json_int_t)vnf->memory.table_bytes));
	json_object_set_new(plan, "ports", ports_json(vnf));
	ret = json_dumpf(plan, stdout, JSON_INDENT(1));
	json_decref(plan);
	if (ret == 0 && putchar('\n') != EOF && fflush(stdout) == 0)
		return 0;
	vnf_error("the plan could not be printed");
	return -EIO;
}
