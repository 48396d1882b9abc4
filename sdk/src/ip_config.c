/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Keys of the group `ip`, what the tables of keys cannot say, and what applications ask of a file
 * that is not in force yet. Control thread.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config_priv.h"

#define VLAN_MAX 4094
#define ROUTES_MAX 4096
#define NEIGHBOURS_DEFAULT "4096"
#define NEIGHBOURS_MAX (1u << 20)

static int check_prefix(const void *field, char *why, size_t why_size)
{
	const char *text = *(const char *const *)field;
	struct ip_prefix prefix;
	struct ip_addr masked;
	char right[IP_TEXT_MAX];

	if (ip_prefix_parse(text, false, &prefix) < 0) {
		snprintf(why, why_size,
			 "is \"%s\", allowed are prefixes as \"10.0.0.0/8\" and \"2001:db8::/32\"",
			 text);
		return -EINVAL;
	}
	masked = ip_addr_masked(&prefix.addr, prefix.length, false);
	if (ip_addr_equal(&masked, &prefix.addr)) {
		if (ip_is_routable(&prefix.addr))
			return 0;
		snprintf(why, why_size,
			 "is \"%s\", to groups and link-local addresses there are no "
			 "routes",
			 text);
		return -EINVAL;
	}
	prefix.addr = masked;
	ip_prefix_print(&prefix, right, sizeof(right));
	snprintf(why, why_size,
		 "is \"%s\", which has bits beyond its length; \"%s\" is that prefix", text, right);
	return -EINVAL;
}

static int check_via(const void *field, char *why, size_t why_size)
{
	const char *text = *(const char *const *)field;
	struct ip_addr addr;

	if (text[0] == '\0' || (ip_addr_parse(text, &addr) == 0 && ip_is_host(&addr)))
		return 0;
	snprintf(why, why_size,
		 "is \"%s\", allowed are addresses of a gateway as \"10.0.0.1\" and \"fe80::1\"",
		 text);
	return -EINVAL;
}

static const char *const route_types[] = { "unicast", "blackhole", "unreachable", "prohibit",
					   NULL };

static const char *const tables[] = { "auto", "small", "large", NULL };

static const struct vnf_config_key interface_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct ip_interface_spec, name),
	  .max = VNF_PORT_NAME_MAX,
	  .doc = "What routes and messages call it; without it the port's name, and `.VLAN`." },
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct ip_interface_spec, port),
	  .min = 1,
	  .doc = "Name of the port that it is on." },
	{ .name = "vlan",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct ip_interface_spec, vlan),
	  .max = VLAN_MAX,
	  .def = "0",
	  .doc = "VLAN (802.1Q) of the port; 0: packets without a tag." },
	{ .name = "addresses",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct ip_interface_spec, addresses),
	  .max = 256,
	  .doc = "Own addresses with the length of their subnets: `\"10.0.0.1/24\", "
		 "\"2001:db8::1/64\"`; the first of each family is the primary one." },
	{ .name = "mtu",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct ip_interface_spec, mtu),
	  .max = VNF_MTU_MAX,
	  .unit = "bytes",
	  .def = "0",
	  .doc = "Longest IP packet that is sent out of it; 0: the port's `mtu`. IPv6 needs "
		 "1,280." },
	{ .name = "ipv6",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct ip_interface_spec, ipv6),
	  .def = "false",
	  .doc = "A link-local IPv6 address, also if `addresses` has no IPv6 address." },
	{ .name = "dhcp",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct ip_interface_spec, dhcp),
	  .def = "false",
	  .doc = "An IPv4 address by DHCP, with its routes; `addresses` may be empty then. Static "
		 "routes by its gateway need `interface`." },
	{ .name = "dad",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct ip_interface_spec, dad),
	  .def = "true",
	  .doc = "Find out for a second whether others use an address before it is used "
		 "(duplicate address detection)." },
	{ .name = NULL },
};

static const struct vnf_config_key route_keys[] = {
	{ .name = "prefix",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct ip_route_spec, prefix),
	  .min = 1,
	  .check = check_prefix,
	  .doc = "Where to: `\"0.0.0.0/0\"`, `\"2001:db8::/32\"`." },
	{ .name = "via",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct ip_route_spec, via),
	  .check = check_via,
	  .doc = "Address of the gateway; a link-local one needs `interface`." },
	{ .name = "interface",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct ip_route_spec, interface),
	  .doc = "Name of the interface; without it, the one whose subnet has the gateway. Without "
		 "`via` all of the prefix is on that link." },
	{ .name = "type",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct ip_route_spec, type),
	  .def = "unicast",
	  .choices = route_types,
	  .doc = "What is done with packets that have no other way: `blackhole` drops them, "
		 "`unreachable` and `prohibit` tell their sources." },
	{ .name = NULL },
};

static const struct vnf_config_key group_keys[] = {
	{ .name = "interfaces",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_REQUIRED | VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, interfaces),
	  .min = 1,
	  .max = VNF_IP_INTERFACES_MAX,
	  .keys = interface_keys,
	  .size = sizeof(struct ip_interface_spec),
	  .doc = "Ports, or VLANs of ports, with addresses." },
	{ .name = "routes",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, routes),
	  .max = ROUTES_MAX,
	  .keys = route_keys,
	  .size = sizeof(struct ip_route_spec),
	  .doc = "Static routes; the longest prefix counts. Subnets of `addresses` need none. For "
		 "great numbers there is `routes_file`." },
	{ .name = "routes_file",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, routes_file),
	  .doc = "File with further routes, one a line: `PREFIX via GATEWAY`, `PREFIX dev "
		 "INTERFACE`, `blackhole PREFIX`. It is read again at each reload." },
	{ .name = "table",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, table),
	  .def = "auto",
	  .choices = tables,
	  .doc = "By what routes are looked up: `large` takes 33 MB and more for each IP version "
		 "and is fast however many there are, `small` takes little and is for few of them; "
		 "`auto`: large from 64 routes of a version on." },
	{ .name = "neighbours",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct ip_spec, neighbours),
	  .min = IP_NEIGHBOURS_MIN,
	  .max = NEIGHBOURS_MAX,
	  .def = NEIGHBOURS_DEFAULT,
	  .doc = "Entries of the table of neighbours (ARP and Neighbour Discovery), 128 bytes "
		 "each." },
	{ .name = "reachable",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct ip_spec, reachable),
	  .min = 1000 * IP_NS_PER_MS,
	  .max = 3600 * VNF_SECOND_NS,
	  .def = "30s",
	  .doc = "How long an answer of a neighbour holds, on average, before it is asked again "
		 "(RFC 4861: BaseReachableTime)." },
	{ .name = "stale",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct ip_spec, stale),
	  .min = 1000 * IP_NS_PER_MS,
	  .max = 24 * 3600 * VNF_SECOND_NS,
	  .def = "10m",
	  .doc = "How long the address of a neighbour that nothing is sent to is kept beyond "
		 "that." },
	{ .name = "solicitations",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, solicitations),
	  .min = 1,
	  .max = 1000000,
	  .unit = "1/s",
	  .def = "1000",
	  .doc = "New neighbours that are asked for at most; packets to others are dropped." },
	{ .name = "icmp_errors",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, errors),
	  .max = 1000000,
	  .unit = "1/s",
	  .def = "1000",
	  .doc = "ICMP errors at most; 0: none." },
	{ .name = "icmp_errors_per_host",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct ip_spec, errors_per_host),
	  .max = 1000000,
	  .unit = "1/s",
	  .def = "20",
	  .doc = "ICMP errors to one host at most; 0: none." },
	{ .name = NULL },
};

const struct vnf_config_key ip_keys[] = {
	{ .name = "ip",
	  .type = VNF_CONFIG_GROUP,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct ip_section, ip),
	  .keys = group_keys,
	  .doc = "Addresses and routes." },
	{ .name = NULL },
};

const struct vnf_config_key ip_optional_keys[] = {
	{ .name = "ip",
	  .type = VNF_CONFIG_GROUP,
	  .offset = offsetof(struct ip_section, ip),
	  .keys = group_keys,
	  .doc = "Addresses and routes; without it the program has none." },
	{ .name = NULL },
};

/* ---- checks ---- */

int ip_port_find(const struct vnf_port_spec *const *port, uint16_t n_ports, const char *name)
{
	for (uint16_t i = 0; i < n_ports; i++)
		if (port[i] != NULL && strcmp(port[i]->name, name) == 0)
			return i;
	return -ENOENT;
}

void ip_interface_label(const struct ip_interface_spec *spec, char *name, size_t size)
{
	if (spec->name[0] != '\0')
		snprintf(name, size, "%s", spec->name);
	else if (spec->vlan != 0)
		snprintf(name, size, "%s.%u", spec->port, spec->vlan);
	else
		snprintf(name, size, "%s", spec->port);
}

static bool is_host(const struct ip_prefix *p)
{
	struct ip_addr zero = ip_addr_masked(&p->addr, p->length, false);
	struct ip_addr ones = ip_addr_masked(&p->addr, p->length, true);

	if (!ip_is_host(&p->addr) || !ip_is_v4(&p->addr))
		return ip_is_host(&p->addr);
	/* RFC 3021: of two addresses both are hosts'. */
	return p->length >= 127 ||
	       (!ip_addr_equal(&zero, &p->addr) && !ip_addr_equal(&ones, &p->addr));
}

static void check_address(struct vnf_config *file, const char *const *field, uint32_t mtu)
{
	struct ip_prefix p;

	if (ip_prefix_parse(*field, false, &p) < 0)
		vnf_config_error(file, field,
				 "is \"%s\", allowed are addresses with the length of their subnet "
				 "as \"10.0.0.1/24\" and \"2001:db8::1/64\"",
				 *field);
	else if (!is_host(&p))
		vnf_config_error(file, field, "\"%s\" is no address of a host", *field);
	else if (!ip_is_v4(&p.addr) && mtu < IP6_MTU_MIN)
		vnf_config_error(file, field,
				 "\"%s\" is IPv6, which needs an mtu of 1280 or more, and this "
				 "interface has %u",
				 *field, mtu);
}

static void check_interface(struct vnf_config *file, const struct ip_spec *ip, size_t i,
			    const struct vnf_port_spec *const *port, uint16_t n_ports)
{
	const struct ip_interface_spec *all = ip->interfaces.items, *spec = &all[i];
	int found = ip_port_find(port, n_ports, spec->port);
	char name[VNF_PORT_NAME_MAX + 8], other[VNF_PORT_NAME_MAX + 8];
	uint32_t mtu;

	if (found < 0) {
		vnf_config_error(file, &spec->port, "no port is named \"%s\"", spec->port);
		return;
	}
	mtu = spec->mtu != 0 ? spec->mtu : port[found]->mtu;
	if (spec->mtu != 0 && (spec->mtu < 68 || spec->mtu > port[found]->mtu))
		vnf_config_error(file, &spec->mtu,
				 "is %u, allowed are 68 to %u, the mtu of port \"%s\"", spec->mtu,
				 port[found]->mtu, spec->port);
	if (spec->dhcp && mtu < IP_DHCP_MTU_MIN)
		vnf_config_error(file, &spec->dhcp,
				 "DHCP needs an mtu of 576 or more, and this interface has %u",
				 mtu);
	if (spec->ipv6 && mtu < IP6_MTU_MIN)
		vnf_config_error(file, &spec->ipv6,
				 "IPv6 needs an mtu of 1280 or more, and this interface has %u",
				 mtu);
	for (size_t k = 0; k < spec->addresses.n; k++)
		check_address(file, &spec->addresses.v[k], mtu);
	ip_interface_label(spec, name, sizeof(name));
	for (size_t k = 0; k < i; k++) {
		ip_interface_label(&all[k], other, sizeof(other));
		if (strcmp(name, other) == 0)
			vnf_config_error(file, spec, "two interfaces are named \"%s\"", name);
		else if (strcmp(spec->port, all[k].port) == 0 && spec->vlan == all[k].vlan)
			vnf_config_error(file, &spec->port,
					 "interface \"%s\" is on the same port and VLAN", other);
	}
}

/* One address is on one interface only, or nobody could say which of them it means. */
static void check_doubles(struct vnf_config *file, const struct ip_spec *ip)
{
	const struct ip_interface_spec *all = ip->interfaces.items;
	struct seen {
		struct ip_addr addr;
		size_t on;
	} *seen = calloc(IP_OWN_MAX, sizeof(*seen));
	struct ip_prefix p;
	size_t n = 0;

	for (size_t i = 0; seen != NULL && i < ip->interfaces.n; i++)
		for (size_t k = 0; k < all[i].addresses.n && n < IP_OWN_MAX; k++) {
			if (ip_prefix_parse(all[i].addresses.v[k], false, &p) < 0)
				continue;
			for (size_t j = 0; j < n; j++)
				if (ip_addr_equal(&seen[j].addr, &p.addr) &&
				    (seen[j].on == i || !ip_is_link_local(&p.addr))) {
					vnf_config_error(file, &all[i].addresses.v[k],
							 "\"%s\" is there twice",
							 all[i].addresses.v[k]);
					break;
				}
			seen[n++] = (struct seen){ p.addr, i };
		}
	free(seen);
}

static void check_route(struct vnf_config *file, const struct ip_spec *ip,
			const struct ip_route_spec *route)
{
	const struct ip_interface_spec *all = ip->interfaces.items;
	bool leads = route->type == IP_ROUTE_UNICAST, known = route->interface[0] == '\0';
	struct ip_prefix prefix;
	struct ip_addr via;
	char name[VNF_PORT_NAME_MAX + 8];

	for (size_t i = 0; i < ip->interfaces.n && !known; i++) {
		ip_interface_label(&all[i], name, sizeof(name));
		known = strcmp(name, route->interface) == 0;
	}
	if (!known)
		vnf_config_error(file, &route->interface, "no interface is named \"%s\"",
				 route->interface);
	if (leads && route->via[0] == '\0' && route->interface[0] == '\0')
		vnf_config_error(file, route,
				 "leads nowhere: it needs `via`, `interface`, or a "
				 "`type` other than unicast");
	if (!leads && (route->via[0] != '\0' || route->interface[0] != '\0'))
		vnf_config_error(file, &route->type,
				 "with \"%s\" there is neither `via` nor `interface`",
				 route_types[route->type]);
	if (route->via[0] == '\0' || ip_addr_parse(route->via, &via) < 0 ||
	    ip_prefix_parse(route->prefix, false, &prefix) < 0)
		return;
	if (ip_is_v4(&via) != ip_is_v4(&prefix.addr))
		vnf_config_error(file, &route->via,
				 "\"%s\" and the prefix \"%s\" are not of the same IP version",
				 route->via, route->prefix);
	if (ip_is_link_local(&via) && route->interface[0] == '\0')
		vnf_config_error(file, &route->via,
				 "\"%s\" is link-local: `interface` must say on which link",
				 route->via);
}

static void check_count(struct vnf_config *file, const struct ip_spec *ip)
{
	const struct ip_interface_spec *all = ip->interfaces.items;
	/* Each interface may have a link-local one, and one by DHCP. */
	size_t n = 2 * ip->interfaces.n;

	for (size_t i = 0; i < ip->interfaces.n; i++)
		n += all[i].addresses.n;
	if (n > IP_OWN_MAX)
		vnf_config_error(file, &ip->interfaces,
				 "%zu addresses, with two more for each interface; there can be %d",
				 n, IP_OWN_MAX);
}

static void check_same_routes(struct vnf_config *file, const struct ip_spec *ip)
{
	const struct ip_route_spec *routes = ip->routes.items;

	for (size_t i = 0; i < ip->routes.n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(routes[i].prefix, routes[k].prefix) == 0) {
				vnf_config_error(file, &routes[i].prefix,
						 "there is another route to \"%s\"",
						 routes[i].prefix);
				break;
			}
}

void ip_config_check(struct vnf_config *file, const void *config,
		     const struct vnf_port_spec *const *port, uint16_t n_ports)
{
	const struct ip_section *section = config;
	const struct ip_route_spec *routes = section->ip.routes.items;

	for (size_t i = 0; i < section->ip.interfaces.n; i++)
		check_interface(file, &section->ip, i, port, n_ports);
	check_count(file, &section->ip);
	check_doubles(file, &section->ip);
	for (size_t i = 0; i < section->ip.routes.n; i++)
		check_route(file, &section->ip, &routes[i]);
	check_same_routes(file, &section->ip);
	/* What is wrong so far would only be said again. */
	if (vnf_config_error_count(file) == 0)
		ip_tables_check(file, &section->ip, port, n_ports);
}

/* ---- what applications ask ---- */

/* NULL: the program has no such part. */
static const struct ip_section *section_of(const struct vnf_config *file)
{
	for (size_t i = 0; i < file->n_sections; i++)
		if (file->sections[i].keys == ip_keys || file->sections[i].keys == ip_optional_keys)
			return vnf_config_data(file, i);
	return NULL;
}

bool vnf_ip_is_planned(const struct vnf_config *file)
{
	const struct ip_section *section = section_of(file);

	return section != NULL && ip_is_planned(section);
}

int vnf_ip_planned(const struct vnf_config *file, const char *name)
{
	const struct ip_section *section = section_of(file);
	const struct ip_interface_spec *all;
	char label[VNF_PORT_NAME_MAX + 8];

	if (section == NULL)
		return -ENOENT;
	all = section->ip.interfaces.items;
	for (size_t i = 0; i < section->ip.interfaces.n; i++) {
		ip_interface_label(&all[i], label, sizeof(label));
		if (strcmp(label, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

/* Of the file alone. 0 or -ENOENT. */
static int configured_address(const struct vnf_config *file, uint16_t number, uint32_t i,
			      rte_be32_t *address)
{
	const struct ip_section *section = section_of(file);
	const struct ip_interface_spec *spec;
	struct ip_prefix p;

	if (section == NULL || number >= section->ip.interfaces.n)
		return -ENOENT;
	spec = (const struct ip_interface_spec *)section->ip.interfaces.items + number;
	for (size_t k = 0; k < spec->addresses.n; k++) {
		if (ip_prefix_parse(spec->addresses.v[k], false, &p) < 0 || !ip_is_v4(&p.addr) ||
		    i-- > 0)
			continue;
		*address = p.addr.word[3];
		return 0;
	}
	return -ENOENT;
}

int vnf_ip_planned_address(struct vnf *vnf, struct vnf_config *file, uint16_t number, uint32_t i,
			   rte_be32_t *address)
{
	const struct ip_tables *t = vnf != NULL ? vnf_part_building(vnf, PART_IP, file) : NULL;
	const struct ip_interface *on;

	if (t == NULL)
		return configured_address(file, number, i, address);
	if (number >= t->n_interfaces)
		return -ENOENT;
	on = &t->interface[number];
	for (uint16_t k = 0; k < on->n_addresses; k++) {
		if (!ip_is_v4(&on->address[k].addr) || i-- > 0)
			continue;
		*address = on->address[k].addr.word[3];
		return 0;
	}
	return -ENOENT;
}

/* RFC 1812 section 4.2.2.11; links between two have none, RFC 3021. */
static bool is_end_of(const struct ip_prefix *subnet, const struct ip_addr *addr)
{
	struct ip_addr first = ip_addr_masked(&subnet->addr, subnet->length, false);
	struct ip_addr last = ip_addr_masked(&subnet->addr, subnet->length, true);

	return ip_is_v4(&subnet->addr) && subnet->length < IP_ADDR_BITS - 1 &&
	       (ip_addr_equal(addr, &first) || ip_addr_equal(addr, &last));
}

bool vnf_ip_planned_broadcast(struct vnf *vnf, struct vnf_config *file, rte_be32_t address)
{
	const struct ip_tables *t = vnf_part_building(vnf, PART_IP, file);
	const struct ip_addr addr = ip_addr_v4(address);

	for (uint16_t i = 0; t != NULL && i < t->n_interfaces; i++)
		for (uint16_t k = 0; k < t->interface[i].n_addresses; k++)
			if (is_end_of(&t->interface[i].address[k], &addr))
				return true;
	return false;
}
