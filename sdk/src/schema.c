/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The keys that every program has, put together with the program's own and with those of all port
 * kinds; and the checks that go across keys. Start-up only. Adding a kind is one line in
 * sdk_kinds[].
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"
#include "metrics.h"
#include "port_kinds.h"

static const struct vnf_port_kind *const sdk_kinds[] = {
	&vnf_port_kind_virtio_user, &vnf_port_kind_virtio,    &vnf_port_kind_nic,
	&vnf_port_kind_tap,         &vnf_port_kind_af_packet, &vnf_port_kind_pcap,
	&vnf_port_kind_null,        &vnf_port_kind_gen,       &vnf_port_kind_sink,
};

const char *const vnf_offloads_words[] = {
	[VNF_OFFLOADS_NONE] = "none",
	[VNF_OFFLOADS_CHECKSUM] = "checksum",
	[VNF_OFFLOADS_TSO] = "tso",
	NULL,
};

static const char *const hugepages_words[] = { "auto", "never", "always", NULL };
static const char *const latency_words[] = { "low", "balanced", "power", NULL };
static const char *const level_words[] = { "error", "warning", "notice", "info", "debug", NULL };

/* Names stand in file names, log lines and telemetry. */
static int check_name(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
	    strlen(name))
		return 0;
	snprintf(why, why_size, "\"%s\" has other characters than letters, digits, - and _", name);
	return -EINVAL;
}

static int check_mac(const void *field, char *why, size_t why_size)
{
	const uint8_t *mac = field;

	if ((mac[0] & 1) == 0)
		return 0;
	snprintf(why, why_size, "is a multicast address; the first octet must be even");
	return -EINVAL;
}

static const struct vnf_config_key base_port_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct vnf_port_spec, name),
	  .min = 1,
	  .max = VNF_PORT_NAME_MAX,
	  .check = check_name,
	  .doc = "Name of the port, unique in the file." },
	{ .name = "mac",
	  .type = VNF_CONFIG_MAC,
	  .offset = offsetof(struct vnf_port_spec, mac),
	  .check = check_mac,
	  .doc = "Own address; without it one that is made from program and port name, so that it "
		 "stays the same." },
	{ .name = "mtu",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct vnf_port_spec, mtu),
	  .min = 68,
	  .max = VNF_MTU_MAX,
	  .unit = "bytes",
	  .def = "1500",
	  .doc = "Payload of the longest frame." },
	{ .name = "queues",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct vnf_port_spec, queues),
	  .max = VNF_QUEUES_MAX,
	  .def = "0",
	  .doc = "Queue pairs; 0 = one per worker, as far as the kind can." },
	{ .name = "tx_wait",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct vnf_port_spec, tx_wait),
	  .max = 1000000000,
	  .def = "0",
	  .doc = "How long a full queue is waited for before packets are dropped; everything else "
		 "of the worker waits too, but in one pass for all ports together no longer." },
	{ .name = "after",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct vnf_port_spec, after),
	  .max = VNF_PORT_NAME_MAX,
	  .doc = "Name of a port; this one is opened once that one has come up, so that a capture "
		 "or a generator does not begin before the guest is there." },
	{ .name = NULL },
};

static const struct vnf_config_key metrics_keys[] = {
	{ .name = "listen",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct metrics_spec, listen),
	  .min = 1,
	  .max = 127,
	  .check = check_metrics_listen,
	  .doc = "Where it is served: \"127.0.0.1:9090\", \"[::1]:9090\" or \"unix:/PATH\"; port 0 "
		 "is one that is free, which the log tells." },
	{ .name = NULL },
};

static int check_directory(const void *field, char *why, size_t why_size)
{
	const char *path = *(const char *const *)field;

	if (path[0] == '\0' || path[0] == '/')
		return 0;
	snprintf(why, why_size, "\"%s\" is not an absolute path; begin it with /", path);
	return -EINVAL;
}

static const struct vnf_config_key capture_keys[] = {
	{ .name = "directory",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct capture_spec, directory),
	  .max = 511,
	  .check = check_directory,
	  .doc = "Where captures are written, such as \"/var/lib/vnfkit/NAME\"; it must be there. "
		 "Without it there are no captures." },
	{ .name = "max_size",
	  .type = VNF_CONFIG_BYTES,
	  .offset = offsetof(struct capture_spec, max_size),
	  .min = 65536,
	  .max = 1ULL << 40,
	  .def = "1G",
	  .doc = "Longest file that a capture may be asked to write." },
	{ .name = "buffer",
	  .type = VNF_CONFIG_BYTES,
	  .offset = offsetof(struct capture_spec, buffer),
	  .min = 1ULL << 20,
	  .max = 1ULL << 30,
	  .def = "4M",
	  .doc = "Memory of each worker for packets that are not yet written, while a capture "
		 "runs; rounded up to a power of two." },
	{ .name = NULL },
};

static const struct vnf_config_key base_system_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct system_spec, name),
	  .min = 1,
	  .max = 31,
	  .check = check_name,
	  .doc = "Name of this instance in log lines and telemetry; the program's without it." },
	{ .name = "workers",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct system_spec, workers),
	  .min = 1,
	  .max = WORKERS_MAX,
	  .def = "1",
	  .doc = "Threads that forward packets." },
	{ .name = "cpus",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct system_spec, cpus),
	  .max = 255,
	  .doc = "CPUs of the workers, such as \"1,3-5\", given out in turn; without it all that "
		 "the process may use but the first." },
	{ .name = "memory",
	  .type = VNF_CONFIG_BYTES,
	  .offset = offsetof(struct system_spec, memory),
	  .max = 1ULL << 40,
	  .def = "0",
	  .doc = "Memory for DPDK; 0 = as much as ports and workers need." },
	{ .name = "hugepages",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct system_spec, hugepages),
	  .choices = hugepages_words,
	  .def = "auto",
	  .doc = "auto: when enough are free; never; always: reserve what is missing, and do not "
		 "start without." },
	{ .name = "latency",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct system_spec, latency),
	  .choices = latency_words,
	  .def = "low",
	  .doc = "What a worker does when no packets come. low: look again at once, with a whole "
		 "CPU; balanced: sleep for 0.25 ms at most; power: for 2 ms at most." },
	{ .name = "watchdog",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct system_spec, watchdog),
	  .max = 3600 * VNF_SECOND_NS,
	  .def = "100ms",
	  .check = check_watchdog,
	  .doc = "A callback that takes longer is reported, with its port; 0 = none is." },
	{ .name = "log_level",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct system_spec, log_level),
	  .choices = level_words,
	  .def = "info",
	  .doc = "Least important lines that are logged." },
	{ .name = "packets",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct system_spec, packets),
	  .max = 10000000,
	  .def = "1024",
	  .unit = "packets",
	  .doc = "Room in the packet pool for packets that the application keeps." },
	{ .name = "drop_recorder",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct system_spec, drop_recorder),
	  .max = 4096,
	  .def = "64",
	  .unit = "packets",
	  .doc = "Dropped packets whose first octets each worker remembers for each port; 0 = "
		 "none." },
	{ .name = "capture",
	  .type = VNF_CONFIG_GROUP,
	  .offset = offsetof(struct system_spec, capture),
	  .keys = capture_keys,
	  .doc = "Captures of packets into files, by the command capture-start." },
	{ .name = "control",
	  .type = VNF_CONFIG_GROUP,
	  .offset = offsetof(struct system_spec, control),
	  .keys = control_keys,
	  .doc = "The control socket, by which vnfkit ctl talks to the program." },
	{ .name = "metrics",
	  .type = VNF_CONFIG_GROUP,
	  .offset = offsetof(struct system_spec, metrics),
	  .keys = metrics_keys,
	  .doc = "A page of numbers for Prometheus; without this group there is none." },
	{ .name = "ports",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct system_spec, ports),
	  .min = 1,
	  .max = VNF_PORTS_MAX,
	  .doc = "The ports; their order gives their numbers, from 0." },
	{ .name = NULL },
};

/* Of programs whose ports may come and go. */
static const struct vnf_config_key live_system_keys[] = {
	{ .name = "spare_ports",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct system_spec, spare_ports),
	  .max = VNF_PORTS_MAX,
	  .def = "4",
	  .unit = "ports",
	  .doc = "Memory is kept for so many ports more, like the greatest of the file, that a "
		 "reload may add." },
	{ .name = NULL },
};

static size_t keys_count(const struct vnf_config_key *keys)
{
	size_t n = 0;

	while (keys != NULL && keys[n].name != NULL)
		n++;
	return n;
}

/* first + second + the end mark. */
static struct vnf_config_key *keys_join(const struct vnf_config_key *first,
					const struct vnf_config_key *second)
{
	size_t n = keys_count(first), m = keys_count(second);
	struct vnf_config_key *joined = calloc(n + m + 1, sizeof(*joined));

	if (joined == NULL)
		return NULL;
	memcpy(joined, first, n * sizeof(*joined));
	if (second != NULL)
		memcpy(joined + n, second, m * sizeof(*joined));
	return joined;
}

/* What the rest relies on, for a program may bring kinds of its own. */
static bool kind_valid(const struct vnf_port_kind *kind)
{
	return kind->name != NULL && kind->queues_max >= 1 && kind->queues_max <= VNF_QUEUES_MAX;
}

static int out_of_memory(void)
{
	vnf_error("out of memory");
	return -ENOMEM;
}

static int kinds_init(struct schema *schema, const struct vnf_program *program)
{
	size_t n = RTE_DIM(sdk_kinds), m = 0;

	while (program->port_kinds != NULL && program->port_kinds[m] != NULL)
		m++;
	schema->kind = calloc(n + m, sizeof(*schema->kind));
	schema->kinds = calloc(n + m + 1, sizeof(*schema->kinds));
	if (schema->kind == NULL || schema->kinds == NULL)
		return out_of_memory();
	schema->n_kinds = n + m;
	for (size_t i = 0; i < n + m; i++) {
		const struct vnf_port_kind *kind =
			i < n ? sdk_kinds[i] : program->port_kinds[i - n];

		if (!kind_valid(kind)) {
			vnf_error("port kind %zu of %s: struct vnf_port_kind has no name, or a "
				  "queues_max that is not 1 to %d",
				  i - n, program->name, VNF_QUEUES_MAX);
			return -EINVAL;
		}
		schema->kind[i] = kind;
		schema->kinds[i] = (struct vnf_config_variant){
			.name = kind->name,
			.keys = kind->keys,
			.size = kind->spec_size,
			.doc = kind->doc,
		};
	}
	schema->variants = (struct vnf_config_variants){
		.key = "kind",
		.index_offset = offsetof(struct vnf_port_spec, kind),
		.data_offset = offsetof(struct vnf_port_spec, kind_spec),
		.variants = schema->kinds,
	};
	return 0;
}

static size_t port_size(const struct vnf_program *program)
{
	return program->port_size != 0 ? program->port_size : sizeof(struct vnf_port_spec);
}

int schema_init(struct schema *schema, const struct vnf_program *program)
{
	struct vnf_config_key *key;
	int ret;

	memset(schema, 0, sizeof(*schema));
	ret = kinds_init(schema, program);
	if (ret < 0)
		goto fail;
	schema->port_keys = keys_join(base_port_keys, program->port_keys);
	schema->system_keys =
		keys_join(base_system_keys, program->live_ports ? live_system_keys : NULL);
	if (schema->port_keys == NULL || schema->system_keys == NULL) {
		ret = out_of_memory();
		goto fail;
	}
	for (key = schema->system_keys; key->name != NULL; key++) {
		if (strcmp(key->name, "name") == 0)
			key->def = program->name;
		if (strcmp(key->name, "ports") != 0)
			continue;
		if (program->live_ports)
			key->flags |= VNF_CONFIG_LIVE;
		key->keys = schema->port_keys;
		key->size = port_size(program);
		key->variants = &schema->variants;
	}
	schema->sections[0] = (struct vnf_config_section){
		.title = "System and ports",
		.keys = schema->system_keys,
		.size = sizeof(struct system_spec),
	};
	schema->n_sections = 1;
	if (program->config != NULL)
		schema->sections[schema->n_sections++] = (struct vnf_config_section){
			.title = program->name,
			.keys = program->config,
			.size = program->config_size,
		};
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(program, i) != NULL; i++)
		schema->sections[schema->n_sections++] = (struct vnf_config_section){
			.title = program->parts[i]->title,
			.keys = program->parts[i]->config,
			.size = program->parts[i]->config_size,
		};
	return 0;

fail:
	schema_fini(schema);
	return ret;
}

void schema_fini(struct schema *schema)
{
	free(schema->kind);
	free(schema->kinds);
	free(schema->port_keys);
	free(schema->system_keys);
	memset(schema, 0, sizeof(*schema));
}

const struct vnf_port_spec *schema_port(const struct vnf_program *program,
					const struct vnf_config_list *ports, size_t i)
{
	return (const struct vnf_port_spec *)((const char *)ports->items + i * port_size(program));
}

/* The key `ports` of a program's file, whose section comes first; NULL: it is no such file. */
static const struct vnf_config_key *ports_key(const struct vnf_config *file)
{
	const struct vnf_config_key *key = file->sections[0].keys;

	while (key->name != NULL && strcmp(key->name, "ports") != 0)
		key++;
	return key->name != NULL ? key : NULL;
}

int vnf_port_planned(const struct vnf_config *file, const char *name)
{
	const struct vnf_config_key *key = ports_key(file);
	const struct system_spec *spec = vnf_config_data(file, 0);

	for (size_t i = 0; key != NULL && i < spec->ports.n; i++) {
		const struct vnf_port_spec *port =
			(const void *)((const char *)spec->ports.items + i * key->size);

		if (strcmp(port->name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

int schema_kind(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->n_kinds; i++)
		if (strcmp(schema->kind[i]->name, name) == 0)
			return (int)i;
	return -ENOENT;
}

/* The first port of this name, or NULL. */
static const struct vnf_port_spec *port_named(const struct vnf_program *program,
					      const struct system_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->ports.n; i++) {
		const struct vnf_port_spec *port = schema_port(program, &spec->ports, i);

		if (strcmp(port->name, name) == 0)
			return port;
	}
	return NULL;
}

/* A chain that is longer than there are ports goes in a circle. */
static void check_after(const struct vnf_program *program, struct vnf_config *file,
			const struct system_spec *spec, const struct vnf_port_spec *port)
{
	const struct vnf_port_spec *at = port;
	size_t steps = 0;

	if (port->after[0] != '\0' && port_named(program, spec, port->after) == NULL) {
		vnf_config_error(file, &port->after, "no port is named \"%s\"", port->after);
		return;
	}
	while (at != NULL && at->after[0] != '\0' && steps++ <= spec->ports.n)
		at = port_named(program, spec, at->after);
	if (steps > spec->ports.n)
		vnf_config_error(file, &port->after,
				 "\"%s\" waits, in the end, for a port that waits for it: none of "
				 "them would ever open",
				 port->after);
}

static void check_port(const struct schema *schema, const struct vnf_program *program,
		       struct vnf_config *file, const struct system_spec *spec, size_t i)
{
	const struct vnf_port_spec *port = schema_port(program, &spec->ports, i);
	const struct vnf_port_kind *kind = schema->kind[port->kind];

	if (port_named(program, spec, port->name) != port)
		vnf_config_error(file, &port->name, "two ports are named \"%s\"; names are unique",
				 port->name);
	if (port->queues > kind->queues_max)
		vnf_config_error(file, &port->queues,
				 "%u queue pairs, a port of kind \"%s\" has at most %u",
				 port->queues, kind->name, kind->queues_max);
	check_after(program, file, spec, port);
	if (kind->check != NULL)
		kind->check(file, port);
}

/* EAL's table of devices has a fixed size; the first port beyond is named. */
static void check_ethdevs(const struct schema *schema, const struct vnf_program *program,
			  struct vnf_config *file, const struct vnf_config_list *ports)
{
	size_t n = 0;

	for (size_t i = 0; i < ports->n; i++) {
		const struct vnf_port_spec *port = schema_port(program, ports, i);
		const struct vnf_port_kind *kind = schema->kind[port->kind];

		if ((kind->flags & VNF_KIND_ETHDEV) == 0 || ++n != RTE_MAX_ETHPORTS + 1)
			continue;
		vnf_config_error(file, port,
				 "of kinds that are DPDK devices, as \"%s\" is, there can be %d "
				 "ports at most",
				 kind->name, RTE_MAX_ETHPORTS);
	}
}

void schema_check(const struct schema *schema, const struct vnf_program *program,
		  struct vnf_config *file, const struct system_spec *spec)
{
	size_t least = program->ports_min != 0 ? program->ports_min : 1;
	size_t most = program->ports_max != 0 ? program->ports_max : VNF_PORTS_MAX;

	for (size_t i = 0; i < spec->ports.n; i++)
		check_port(schema, program, file, spec, i);
	check_ethdevs(schema, program, file, &spec->ports);
	claims_check(schema, program, file, &spec->ports);
	if (spec->ports.n < least || spec->ports.n > most)
		vnf_config_error(file, &spec->ports, "%zu ports, %s needs %s%zu", spec->ports.n,
				 program->name,
				 least == most           ? "exactly "
				 : spec->ports.n < least ? "at least "
							 : "at most ",
				 spec->ports.n > most ? most : least);
	if (program->stateful && spec->workers > 1 && !program_has_part(program, PART_STEER))
		vnf_config_error(file, &spec->workers,
				 "%u workers, but %s keeps state per flow and does not steer flows "
				 "to workers; write workers = 1",
				 spec->workers, program->name);
}
