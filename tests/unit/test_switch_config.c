/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's configuration: each mistake across keys is found, and what is right becomes the
 * topology it describes. Pure: no EAL.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static const char *const no_kinds[] = { "null", NULL };

/* Ports as far as the switch's own checks look at them. */
static struct vnf_config_key port_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct hsw_port_spec, common.name),
	  .doc = "Name." },
	{ .name = "kind",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct hsw_port_spec, common.kind),
	  .choices = no_kinds,
	  .def = "null",
	  .doc = "Kind." },
	{ .name = NULL }, /* domain */
	{ .name = NULL }, /* mac_limit */
	{ .name = NULL },
};

static const struct vnf_config_key top_keys[] = {
	{ .name = "ports",
	  .type = VNF_CONFIG_LIST,
	  .keys = port_keys,
	  .size = sizeof(struct hsw_port_spec),
	  .doc = "Ports." },
	{ .name = NULL },
};

static const struct vnf_config_section sections[] = {
	{ "Ports", top_keys, sizeof(struct vnf_config_list) },
	{ "Switch", hsw_config_keys, sizeof(struct hsw_config) },
};

static struct vnf_config *file;
static char errors[4096];

static void load(const char *text)
{
	char path[] = "/tmp/vnf-unit-XXXXXX";
	int fd = mkstemp(path);
	FILE *f;

	port_keys[2] = hsw_port_keys[0];
	port_keys[3] = hsw_port_keys[1];
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	vnf_config_load(path, sections, 2, &file);
	unlink(path);
	if (vnf_config_error_count(file) == 0)
		hsw_config_check(file, vnf_config_data(file, 1), vnf_config_data(file, 0), NULL);
	f = fmemopen(errors, sizeof(errors), "w");
	vnf_config_print_errors(file, f);
	fclose(f);
}

static void unload(void)
{
	vnf_config_destroy(file);
}

static struct hsw_topology *topology_after(const struct hsw_topology *before)
{
	const struct vnf_config_list *list = vnf_config_data(file, 0);
	const struct hsw_port_spec *ports[8];

	cr_assert_eq(vnf_config_error_count(file), 0, "%s", errors);
	for (size_t i = 0; i < list->n; i++)
		ports[i] = (const struct hsw_port_spec *)list->items + i;
	return hsw_config_topology(vnf_config_data(file, 1), ports, (uint16_t)list->n, before);
}

static struct hsw_topology *topology(void)
{
	return topology_after(NULL);
}

/* Exactly one error, with this text. */
static void expect(const char *text)
{
	cr_assert_eq(vnf_config_error_count(file), 1, "%s", errors);
	cr_assert_not_null(strstr(errors, text), "%s", errors);
}

TestSuite(switch_config, .fini = unload);

Test(switch_config, names_of_domains)
{
	load("ports = ( { name = \"a\"; domain = \"x,1\"; } );");
	expect("is no name for a domain");
}

Test(switch_config, names_of_listed_domains)
{
	load("domains = ( { name = \"x y\"; } ); ports = ( { name = \"a\"; domain = \"x y\"; } );");
	expect("is no name for a domain");
}

Test(switch_config, domains_come_from_the_ports)
{
	struct hsw_topology *t;

	load("ports = ( { name = \"a\"; domain = \"x\"; }, { name = \"b\"; domain = \"y\"; },"
	     " { name = \"c\"; domain = \"x\"; } );");
	t = topology();
	cr_assert_eq(t->n_domains, 2);
	cr_assert_str_eq(t->domains[0].name, "x");
	cr_assert_eq(t->domains[0].n_members, 2);
	cr_assert_eq(t->domains[0].members[1], 2);
	cr_assert_eq(t->attach[1].domain, 1);
	cr_assert_eq(t->attach[1].wire, HSW_NONE);
	cr_assert(t->domains[1].flood);
	hsw_topology_destroy(t);
}

Test(switch_config, domains_as_listed)
{
	struct hsw_topology *t;

	load("domains = ( { name = \"empty\"; }, { name = \"x\"; flood = false; } );"
	     "ports = ( { name = \"a\"; domain = \"x\"; } );");
	t = topology();
	cr_assert_eq(t->n_domains, 2);
	cr_assert_eq(t->domains[0].n_members, 0);
	cr_assert_eq(t->attach[0].domain, 1);
	cr_assert_not(t->domains[1].flood);
	hsw_topology_destroy(t);
}

Test(switch_config, wires_join_both_ways)
{
	struct hsw_topology *t;

	load("wires = ( { a = \"c\"; b = \"a\"; } ); ports = ( { name = \"a\"; },"
	     " { name = \"b\"; domain = \"x\"; }, { name = \"c\"; } );");
	t = topology();
	cr_assert_eq(t->attach[0].wire, 2);
	cr_assert_eq(t->attach[2].wire, 0);
	cr_assert_eq(t->attach[0].domain, HSW_NONE);
	hsw_topology_destroy(t);
}

Test(switch_config, a_port_must_be_connected)
{
	load("ports = ( { name = \"lonely\"; } );");
	expect("port \"lonely\" is connected with nothing");
}

Test(switch_config, a_port_is_wired_or_bridged)
{
	load("wires = ( { a = \"a\"; b = \"b\"; } );"
	     "ports = ( { name = \"a\"; domain = \"x\"; }, { name = \"b\"; } );");
	expect("port \"a\" is wired and in a domain");
}

Test(switch_config, a_port_is_wired_once)
{
	load("wires = ( { a = \"a\"; b = \"b\"; }, { a = \"c\"; b = \"a\"; } );"
	     "ports = ( { name = \"a\"; }, { name = \"b\"; }, { name = \"c\"; } );");
	cr_assert_eq(vnf_config_error_count(file), 2);
	cr_assert_not_null(strstr(errors, "wires[0].a"), "%s", errors);
	cr_assert_not_null(strstr(errors, "wires[1].b"), "%s", errors);
}

Test(switch_config, a_wire_has_two_known_ends)
{
	load("wires = ( { a = \"a\"; b = \"zz\"; } ); ports = ( { name = \"a\"; } );");
	expect("there is no port \"zz\"");
	unload();
	load("wires = ( { a = \"a\"; b = \"a\"; } ); ports = ( { name = \"a\"; } );");
	expect("both ends are port \"a\"");
}

Test(switch_config, domain_names)
{
	load("domains = ( { name = \"x\"; } ); ports = ( { name = \"a\"; domain = \"y\"; } );");
	expect("there is no domain \"y\"");
	unload();
	load("domains = ( { name = \"x\"; }, { name = \"x\"; } );"
	     "ports = ( { name = \"a\"; domain = \"x\"; } );");
	expect("two domains are called \"x\"");
}

/* ---- reloads ---- */

static uint16_t number_of(const struct hsw_topology *t, const char *name)
{
	for (uint16_t i = 0; i < t->n_domains; i++)
		if (t->domains[i].name != NULL && strcmp(t->domains[i].name, name) == 0)
			return i;
	return HSW_NONE;
}

/* A number means a domain to those who still work by the topology before. */
Test(switch_config, domains_keep_their_numbers)
{
	struct vnf_config *first;
	struct hsw_topology *before, *after;

	load("ports = ( { name = \"p\"; domain = \"a\"; }, { name = \"q\"; domain = \"b\"; },"
	     " { name = \"r\"; domain = \"c\"; } );");
	before = topology();
	first = file;
	load("ports = ( { name = \"q\"; domain = \"new\"; }, { name = \"r\"; domain = \"c\"; },"
	     " { name = \"p\"; domain = \"a\"; } );");
	after = topology_after(before);
	cr_assert_eq(number_of(after, "a"), number_of(before, "a"));
	cr_assert_eq(number_of(after, "c"), number_of(before, "c"));
	cr_assert_eq(number_of(after, "b"), HSW_NONE);
	cr_assert_neq(number_of(after, "new"), number_of(before, "b"));
	cr_assert_eq(after->attach[0].domain, number_of(after, "new"));
	hsw_topology_destroy(before);
	hsw_topology_destroy(after);
	vnf_config_destroy(first);
}
