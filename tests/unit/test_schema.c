/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The keys that every program has, with a program's own keys, port keys and kinds among them, and
 * the checks across keys.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vnf_priv.h"

struct own_spec {
	uint32_t limit;
};

struct own_port {
	struct vnf_port_spec base;
	const char *domain;
};

static const struct vnf_config_key own_keys[] = {
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct own_spec, limit),
	  .def = "7",
	  .doc = "A limit." },
	{ .name = NULL },
};

static const struct vnf_config_key own_port_keys[] = {
	{ .name = "domain",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct own_port, domain),
	  .doc = "A domain." },
	{ .name = NULL },
};

static const struct vnf_port_kind own_kind = { .name = "own", .doc = "x", .queues_max = 2 };
static const struct vnf_port_kind *const own_kinds[] = { &own_kind, NULL };

static struct vnf_program program = {
	VNF_PROGRAM("thing"),
	.config = own_keys,
	.config_size = sizeof(struct own_spec),
	.port_keys = own_port_keys,
	.port_size = sizeof(struct own_port),
	.port_kinds = own_kinds,
};

static struct schema schema;
static struct vnf_config *file;

static int load(const char *text)
{
	char path[] = "/tmp/vnf-schema-XXXXXX";
	int fd = mkstemp(path), ret;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	cr_assert_eq(schema_init(&schema, &program), 0);
	ret = vnf_config_load(path, schema.sections, schema.n_sections, &file);
	if (ret == 0)
		schema_check(&schema, &program, file, vnf_config_data(file, 0));
	unlink(path);
	return ret;
}

static void unload(void)
{
	vnf_config_destroy(file);
	schema_fini(&schema);
}

/* All errors, without the file's name. */
static void errors_are(const char *expected)
{
	char *text = NULL, *line, *rest = NULL;
	char seen[2048] = "";
	size_t size;
	FILE *f = open_memstream(&text, &size);

	vnf_config_print_errors(file, f);
	fclose(f);
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		const char *colon = strchr(line, ':');

		cr_assert_not_null(colon);
		strncat(seen, colon + 1, sizeof(seen) - strlen(seen) - 2);
		strcat(seen, "\n");
	}
	free(text);
	cr_assert_str_eq(seen, expected, "%s", seen);
}

Test(schema, defaults_and_a_programs_own_keys)
{
	const struct system_spec *spec;
	const struct own_port *port;

	cr_assert_eq(load("ports = ( { name = \"a\"; kind = \"own\"; domain = \"x\"; },\n"
			  "          { name = \"b\"; kind = \"null\"; } );\n"),
		     0);
	errors_are("");
	spec = vnf_config_data(file, 0);
	cr_assert_str_eq(spec->name, "thing");
	cr_assert_eq(spec->workers, 1);
	cr_assert_eq(spec->hugepages, HUGEPAGES_AUTO);
	cr_assert_eq(spec->log_level + VNF_LOG_ERROR, VNF_LOG_INFO);
	cr_assert_eq(((struct own_spec *)vnf_config_data(file, 1))->limit, 7);
	cr_assert_eq(spec->ports.n, 2);
	port = (const struct own_port *)schema_port(&program, &spec->ports, 0);
	cr_assert_eq(schema.kind[port->base.kind], &own_kind);
	cr_assert_str_eq(port->domain, "x");
	cr_assert_eq(port->base.mtu, 1500);
	port = (const struct own_port *)schema_port(&program, &spec->ports, 1);
	cr_assert_str_eq(port->base.name, "b");
	cr_assert_str_eq(port->domain, "");
	unload();
}

Test(schema, every_port_fault_is_found)
{
	cr_assert_eq(load("ports = (\n"
			  "  { name = \"a\"; kind = \"own\"; queues = 3; },\n"
			  "  { name = \"b\"; kind = \"nic\"; },\n"
			  "  { name = \"a\"; kind = \"null\"; }\n"
			  ");\n"),
		     0);
	errors_are("2: ports[0].queues: 3 queue pairs, a port of kind \"own\" has at most 2\n"
		   "3: ports[1].address: a port of kind \"nic\" has either address or devargs\n"
		   "4: ports[2].name: two ports are named \"a\"; names are unique\n");
	unload();
}

Test(schema, number_of_ports)
{
	static const char one[] = "ports = ( { name = \"a\"; kind = \"null\"; } );\n";
	static const char three[] = "ports = ( { name = \"a\"; kind = \"null\"; },\n"
				    "{ name = \"b\"; kind = \"null\"; },\n"
				    "{ name = \"c\"; kind = \"null\"; } );\n";

	program.ports_min = 2;
	program.ports_max = 2;
	cr_assert_eq(load(one), 0);
	errors_are("1: ports: 1 ports, thing needs exactly 2\n");
	unload();
	program.ports_max = 8;
	cr_assert_eq(load(one), 0);
	errors_are("1: ports: 1 ports, thing needs at least 2\n");
	unload();
	program.ports_max = 2;
	program.ports_min = 1;
	cr_assert_eq(load(three), 0);
	errors_are("1: ports: 3 ports, thing needs at most 2\n");
	unload();
}

Test(schema, a_stateful_program_has_one_worker)
{
	program.stateful = true;
	cr_assert_eq(load("workers = 2;\nports = ( { name = \"a\"; kind = \"null\"; } );\n"), 0);
	errors_are(
		"1: workers: 2 workers, but thing keeps state per flow and does not steer flows to "
		"workers; write workers = 1\n");
	unload();
}

Test(schema, values_that_are_refused)
{
	static const struct {
		const char *text;
		const char *key;
	} cases[] = {
		{ "name = \"a b\";", "1: name: " },
		{ "name = \"\";", "1: name: " },
		{ "workers = 0;", "1: workers: " },
		{ "workers = 65;", "1: workers: " },
		{ "hugepages = \"maybe\";", "1: hugepages: " },
		{ "memory = \"64X\";", "1: memory: " },
		{ "log_level = 3;", "1: log_level: " },
		{ "ports = ( );", "1: ports: " },
		{ "ports = ( { name = \"\"; kind = \"null\"; } );", "1: ports[0].name: " },
		{ "ports = ( { name = \"a/b\"; kind = \"null\"; } );", "1: ports[0].name: " },
		{ "ports = ( { name = \"a\"; } );", "1: ports[0].kind: " },
		{ "ports = ( { name = \"a\"; kind = \"null\"; mtu = 67; } );",
		  "1: ports[0].mtu: " },
		{ "ports = ( { name = \"a\"; kind = \"null\"; mtu = 9601; } );",
		  "1: ports[0].mtu: " },
		{ "ports = ( { name = \"a\"; kind = \"null\"; mac = \"01:00:00:00:00:01\"; } );",
		  "1: ports[0].mac: " },
		{ "ports = ( { name = \"a\"; kind = \"virtio\"; address = \"eth0\"; } );",
		  "1: ports[0].address: " },
		{ "ports = ( { name = \"a\"; kind = \"virtio-user\"; socket = \"x,y\"; } );",
		  "1: ports[0].socket: " },
		{ "ports = ( { name = \"a\"; kind = \"virtio-user\"; socket = \"x\"; "
		  "queue_size = 1000; } );",
		  "1: ports[0].queue_size: " },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		char *text = NULL;
		size_t size;
		FILE *f;

		load(cases[i].text);
		cr_assert_gt(vnf_config_error_count(file), 0, "case %zu: %s", i, cases[i].text);
		f = open_memstream(&text, &size);
		vnf_config_print_errors(file, f);
		fclose(f);
		cr_assert_not_null(strstr(text, cases[i].key), "case %zu: %s", i, text);
		free(text);
		unload();
	}
}

Test(schema, more_dpdk_devices_than_dpdk_can)
{
	static const char port[] = "{ name = \"p%02d\"; kind = \"%s\"; }%s\n";
	char text[8192] = "ports = (\n", *end = text + strlen(text);

	for (int i = 0; i < RTE_MAX_ETHPORTS + 3; i++)
		end += sprintf(end, port, i, i == 5 ? "sink" : "null", ",");
	end += sprintf(end, port, 99, "sink", ");");
	cr_assert_eq(load(text), 0);
	/* The sink is none: line 2 is port 0. */
	errors_are(
		"35: ports[33].name: of kinds that are DPDK devices, as \"null\" is, there can be "
		"32 ports at most\n");
	unload();
}

Test(schema, what_two_ports_cannot_both_have)
{
	char dir[] = "/tmp/vnf-claims-XXXXXX", path[64];
	int fd;

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	fd = open("there", O_CREAT | O_WRONLY, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(symlink("there", "alias"), 0);
	cr_assert_eq(
		load("ports = (\n"
		     "{ name = \"a\"; kind = \"pcap\"; rx_file = \"there\"; tx_file = \"new\"; },\n"
		     "{ name = \"b\"; kind = \"pcap\"; rx_file = \"./there\"; },\n"
		     "{ name = \"c\"; kind = \"pcap\"; tx_file = \"alias\"; },\n"
		     "{ name = \"d\"; kind = \"pcap\"; tx_file = \"./new\"; },\n"
		     "{ name = \"e\"; kind = \"pcap\"; rx_file = \"x\"; tx_file = \"./x\"; },\n"
		     "{ name = \"f\"; kind = \"tap\"; ifname = \"t\"; },\n"
		     "{ name = \"g\"; kind = \"tap\"; ifname = \"t\"; netns = \"none\"; },\n"
		     "{ name = \"t\"; kind = \"tap\"; netns = \"/proc/self/ns/net\"; },\n"
		     "{ name = \"h\"; kind = \"nic\"; address = \"00:1f.7\"; },\n"
		     "{ name = \"i\"; kind = \"virtio\"; address = \"0000:00:1f.7\"; }\n"
		     ");\n"),
		0);
	errors_are("4: ports[2].tx_file: alias is used by port \"a\" too; each port needs its own\n"
		   "5: ports[3].tx_file: ./new is used by port \"a\" too; each port needs its own\n"
		   "6: ports[4].tx_file: ./x is used by another key of this port; name another\n"
		   "9: ports[7].name: interface t of this network namespace is used by port \"f\" "
		   "too; each port needs its own\n"
		   "11: ports[9].address: device 0000:00:1f.7 is used by port \"h\" too; each port "
		   "needs its own\n");
	unload();
	snprintf(path, sizeof(path), "%s/there", dir);
	cr_expect_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/alias", dir);
	cr_expect_eq(unlink(path), 0);
	cr_expect_eq(rmdir(dir), 0);
}

Test(schema, a_kind_without_queues_is_refused)
{
	static const struct vnf_port_kind bad = { .name = "bad", .doc = "x" };
	static const struct vnf_port_kind *const kinds[] = { &bad, NULL };

	program.port_kinds = kinds;
	cr_assert_eq(schema_init(&schema, &program), -EINVAL);
}

Test(schema, a_port_after_another)
{
	load("ports = ( { name = \"a\"; kind = \"null\"; after = \"b\"; },\n"
	     "          { name = \"b\"; kind = \"null\"; } );\n");
	errors_are("");
	unload();
	load("ports = ( { name = \"a\"; kind = \"null\"; after = \"c\"; },\n"
	     "          { name = \"b\"; kind = \"null\"; after = \"b\"; } );\n");
	errors_are("1: ports[0].after: no port is named \"c\"\n"
		   "2: ports[1].after: \"b\" waits, in the end, for a port that waits for it: "
		   "none of them would ever open\n");
	unload();
	load("ports = ( { name = \"a\"; kind = \"null\"; after = \"b\"; },\n"
	     "          { name = \"b\"; kind = \"null\"; after = \"a\"; } );\n");
	cr_assert_eq(vnf_config_error_count(file), 2);
	unload();
}
