/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tables of the switch's configuration keys, the checks across them (each port in one domain or on
 * one wire), and the topology they describe. Start-up; no side effects.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

static const struct vnf_config_key domain_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct hsw_domain_spec, name),
	  .min = 1,
	  .max = 31,
	  .doc = "Name, by which ports refer to it." },
	{ .name = "flood",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct hsw_domain_spec, flood),
	  .def = "true",
	  .doc = "Send frames for an unknown address to all ports of the domain; if false, drop "
		 "them. Broadcast and multicast always go to all." },
	{ .name = NULL },
};

static const struct vnf_config_key wire_keys[] = {
	{ .name = "a",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct hsw_wire_spec, a),
	  .min = 1,
	  .doc = "Name of the port at one end." },
	{ .name = "b",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct hsw_wire_spec, b),
	  .min = 1,
	  .doc = "Name of the port at the other end." },
	{ .name = NULL },
};

const struct vnf_config_key hsw_config_keys[] = {
	{ .name = "mac_table_size",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct hsw_config, mac_table_size),
	  .min = 16,
	  .max = 1 << 24,
	  .unit = "addresses",
	  .def = "16384",
	  .doc = "Addresses that the switch can know, all domains together." },
	{ .name = "ageing",
	  .type = VNF_CONFIG_DURATION,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct hsw_config, ageing),
	  .min = 1000000000ull,
	  .max = 1000000ull * 1000000000ull,
	  .def = "300s",
	  .doc = "An address that was not seen for this long is forgotten, within some seconds "
		 "(IEEE 802.1D: 300s)." },
	{ .name = "domains",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct hsw_config, domains),
	  .max = VNF_PORTS_MAX,
	  .keys = domain_keys,
	  .size = sizeof(struct hsw_domain_spec),
	  .doc = "Bridge domains. Left out: those that the ports name." },
	{ .name = "wires",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct hsw_config, wires),
	  .max = VNF_PORTS_MAX / 2,
	  .keys = wire_keys,
	  .size = sizeof(struct hsw_wire_spec),
	  .doc = "Pairs of ports that are joined directly, without looking at addresses." },
	{ .name = "allow_old_vhost",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct hsw_config, allow_old_vhost),
	  .def = "false",
	  .doc = "Serve vhost-user ports with a librte_vhost that has known holes (before 22.11.8) "
		 "or whose messages this program cannot check (not 22.11)." },
	{ .name = NULL },
};

const struct vnf_config_key hsw_port_keys[] = {
	{ .name = "domain",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct hsw_port_spec, domain),
	  .max = 31,
	  .doc = "Bridge domain that the port belongs to; needed unless the port is wired." },
	{ .name = "mac_limit",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct hsw_port_spec, mac_limit),
	  .min = 1,
	  .max = 1 << 24,
	  .unit = "addresses",
	  .def = "4096",
	  .doc = "Addresses that the switch learns at this port; further ones are not learned, so "
		 "that frames for them are flooded." },
	{ .name = NULL },
};

/* ---- reading ---- */

static const struct hsw_port_spec *list_port(const struct vnf_config_list *ports, size_t i)
{
	return (const struct hsw_port_spec *)ports->items + i;
}

static const struct hsw_domain_spec *list_domain(const struct hsw_config *config, size_t i)
{
	return (const struct hsw_domain_spec *)config->domains.items + i;
}

static const struct hsw_wire_spec *list_wire(const struct hsw_config *config, size_t i)
{
	return (const struct hsw_wire_spec *)config->wires.items + i;
}

static const struct hsw_port_spec *find_port(const struct vnf_config_list *ports, const char *name)
{
	for (size_t i = 0; i < ports->n; i++)
		if (strcmp(list_port(ports, i)->common.name, name) == 0)
			return list_port(ports, i);
	return NULL;
}

static const struct hsw_domain_spec *find_domain(const struct hsw_config *config, const char *name)
{
	for (size_t i = 0; i < config->domains.n; i++)
		if (strcmp(list_domain(config, i)->name, name) == 0)
			return list_domain(config, i);
	return NULL;
}

/* Wire ends at a port. */
static unsigned int count_wires(const struct hsw_config *config, const char *port)
{
	unsigned int n = 0;

	for (size_t i = 0; i < config->wires.n; i++) {
		n += strcmp(list_wire(config, i)->a, port) == 0;
		n += strcmp(list_wire(config, i)->b, port) == 0;
	}
	return n;
}

/* ---- checking ---- */

/* Names are parameters of telemetry commands, where a comma ends one. */
static void check_domain_name(struct vnf_config *file, const char *const *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";

	if ((*name)[strspn(*name, allowed)] != '\0')
		vnf_config_error(file, name,
				 "\"%s\" is no name for a domain; use letters, digits and _ . -",
				 *name);
}

static void check_domains(struct vnf_config *file, const struct hsw_config *config)
{
	for (size_t i = 0; i < config->domains.n; i++) {
		const struct hsw_domain_spec *domain = list_domain(config, i);

		check_domain_name(file, &domain->name);
		if (find_domain(config, domain->name) != domain)
			vnf_config_error(file, &domain->name,
					 "two domains are called \"%s\"; give one another name",
					 domain->name);
	}
}

static void check_wire_end(struct vnf_config *file, const struct hsw_config *config,
			   const struct vnf_config_list *ports, const char *const *end)
{
	if (find_port(ports, *end) == NULL)
		vnf_config_error(file, end,
				 "there is no port \"%s\"; a wire joins two ports of this file",
				 *end);
	else if (count_wires(config, *end) > 1)
		vnf_config_error(file, end,
				 "port \"%s\" is wired more than once; a port has one wire at most",
				 *end);
}

static void check_wires(struct vnf_config *file, const struct hsw_config *config,
			const struct vnf_config_list *ports)
{
	for (size_t i = 0; i < config->wires.n; i++) {
		const struct hsw_wire_spec *wire = list_wire(config, i);

		if (strcmp(wire->a, wire->b) == 0) {
			vnf_config_error(file, wire, "both ends are port \"%s\"; join two ports",
					 wire->a);
			continue;
		}
		check_wire_end(file, config, ports, &wire->a);
		check_wire_end(file, config, ports, &wire->b);
	}
}

static void check_port(struct vnf_config *file, const struct hsw_config *config,
		       const struct hsw_port_spec *port)
{
	bool wired = count_wires(config, port->common.name) > 0;
	bool bridged = port->domain[0] != '\0';

	if (config->domains.n == 0)
		check_domain_name(file, &port->domain);

	if (wired && bridged)
		vnf_config_error(file, &port->domain,
				 "port \"%s\" is wired and in a domain; remove one of the two",
				 port->common.name);
	else if (!wired && !bridged)
		vnf_config_error(file, port,
				 "port \"%s\" is connected with nothing; give it domain = \"...\" "
				 "or put it into wires",
				 port->common.name);
	else if (bridged && config->domains.n > 0 && find_domain(config, port->domain) == NULL)
		vnf_config_error(file, &port->domain,
				 "there is no domain \"%s\" in domains; add it there, or leave out "
				 "domains altogether",
				 port->domain);
}

void hsw_config_check(struct vnf_config *file, void *config, const struct vnf_config_list *ports,
		      void *user)
{
	const struct hsw_config *c = config;

	(void)user;
	check_domains(file, c);
	check_wires(file, c, ports);
	for (size_t i = 0; i < ports->n; i++)
		check_port(file, c, list_port(ports, i));
}

/* ---- topology ---- */

struct numbering {
	struct hsw_domain_spec domain[HSW_DOMAINS_MAX]; /* Name NULL: none has this number. */
	uint16_t n;                                     /* One more than the greatest number. */
};

static uint16_t number_find(const struct numbering *numbers, const char *name)
{
	uint16_t i = 0;

	while (i < numbers->n &&
	       (numbers->domain[i].name == NULL || strcmp(numbers->domain[i].name, name) != 0))
		i++;
	return i < numbers->n ? i : HSW_NONE;
}

/* The domain's number in `before`, or HSW_NONE. */
static uint16_t number_before(const struct hsw_topology *before, const char *name)
{
	for (uint16_t i = 0; before != NULL && i < before->n_domains; i++)
		if (before->domains[i].name != NULL && strcmp(before->domains[i].name, name) == 0)
			return i;
	return HSW_NONE;
}

/* A number that nobody has, nor had in `before`. */
static uint16_t number_free(const struct numbering *numbers, const struct hsw_topology *before)
{
	uint16_t i = 0;

	while (numbers->domain[i].name != NULL ||
	       (before != NULL && i < before->n_domains && before->domains[i].name != NULL))
		i++;
	return i;
}

static void number_give(struct numbering *numbers, const struct hsw_topology *before,
			const struct hsw_domain_spec *domain)
{
	uint16_t i = number_before(before, domain->name);

	if (i == HSW_NONE)
		i = number_free(numbers, before);
	numbers->domain[i] = *domain;
	if (i >= numbers->n)
		numbers->n = i + 1;
}

/* The list as written, then what only ports name. */
static void numbers_make(struct numbering *numbers, const struct hsw_config *config,
			 const struct hsw_port_spec *const *ports, uint16_t n_ports,
			 const struct hsw_topology *before)
{
	for (size_t i = 0; i < config->domains.n; i++)
		number_give(numbers, before, list_domain(config, i));
	for (uint16_t i = 0; i < n_ports; i++) {
		struct hsw_domain_spec domain = { .flood = true };

		if (ports[i] == NULL || ports[i]->domain[0] == '\0' ||
		    number_find(numbers, ports[i]->domain) != HSW_NONE)
			continue;
		domain.name = ports[i]->domain;
		number_give(numbers, before, &domain);
	}
}

/* Number of the port at the other end of this one's wire, or HSW_NONE. */
static uint16_t wire_peer(const struct hsw_config *config, const struct hsw_port_spec *const *ports,
			  uint16_t n_ports, const char *name)
{
	const char *peer = NULL;

	for (size_t i = 0; i < config->wires.n; i++) {
		const struct hsw_wire_spec *wire = list_wire(config, i);

		if (strcmp(wire->a, name) == 0)
			peer = wire->b;
		else if (strcmp(wire->b, name) == 0)
			peer = wire->a;
	}
	for (uint16_t i = 0; peer != NULL && i < n_ports; i++)
		if (ports[i] != NULL && strcmp(ports[i]->common.name, peer) == 0)
			return i;
	return HSW_NONE;
}

static struct hsw_attach attach_of(const struct hsw_config *config,
				   const struct hsw_port_spec *const *ports, uint16_t n_ports,
				   uint16_t id, const struct numbering *numbers)
{
	const struct hsw_port_spec *port = ports[id];

	if (port == NULL)
		return (struct hsw_attach){ .domain = HSW_NONE, .wire = HSW_NONE };
	return (struct hsw_attach){
		.mac_limit = port->mac_limit,
		.domain = port->domain[0] != '\0' ? number_find(numbers, port->domain) : HSW_NONE,
		.wire = wire_peer(config, ports, n_ports, port->common.name),
	};
}

struct hsw_topology *hsw_config_topology(const struct hsw_config *config,
					 const struct hsw_port_spec *const *ports, uint16_t n_ports,
					 const struct hsw_topology *before)
{
	struct numbering *numbers = calloc(1, sizeof(*numbers));
	struct hsw_attach attach[VNF_PORTS_MAX];
	struct hsw_topology *topology;

	if (numbers == NULL)
		return NULL;
	numbers_make(numbers, config, ports, n_ports, before);
	for (uint16_t i = 0; i < n_ports; i++)
		attach[i] = attach_of(config, ports, n_ports, i, numbers);
	topology = hsw_topology_create(attach, n_ports, numbers->domain, numbers->n);
	free(numbers);
	return topology;
}
