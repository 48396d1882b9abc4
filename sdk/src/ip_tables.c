/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a generation of the IP node is built of, from its configuration: interfaces, the targets
 * that routes lead to, and the routes. Control thread; read by all workers then.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* While it is built. */
struct build {
	struct vnf *vnf;
	struct vnf_config *file;
	const struct vnf_port_spec *const *port;
	uint16_t n_ports;
	struct ip_tables *t;
	struct ip_route *routes;
	size_t n_routes, room;
	uint32_t *target_hash; /* numbers of targets, open addressing; 0: none */
	uint32_t hash_mask;
	struct dhcp_lease *leases; /* by interface; without an address: none */
	bool has_dhcp;
	const struct ip_interface *last;    /* that a route was for */
	struct ip_addr via;                 /* the last gateway that had no interface with it */
	const struct ip_interface *towards; /* and the one found for that */
	struct ip_lines *reused; /* lines of the file of routes, as they were read before */
};

/* What a file of routes had, kept for tables that are built for another lease. */
struct ip_lines {
	uint32_t refs;
	size_t n, room;
	struct ip_route_line line[];
};

/* ---- targets ---- */

static bool target_is(const struct ip_target *a, const struct ip_target *b)
{
	return a->kind == b->kind && a->out == b->out && ip_addr_equal(&a->via, &b->via);
}

static uint32_t target_hash(const struct ip_target *target)
{
	uint64_t h = (uint64_t)target->kind * 0x9e3779b97f4a7c15u ^ (uintptr_t)target->out;

	h = (h ^ target->via.half[0]) * 0x9e3779b97f4a7c15u;
	h = (h ^ (h >> 32) ^ target->via.half[1]) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

/* Its number; -ENOSPC: there are too many. */
static int target_number(struct build *b, const struct ip_target *target)
{
	uint32_t at = target_hash(target) & b->hash_mask;

	for (; b->target_hash[at] != 0; at = (at + 1) & b->hash_mask)
		if (target_is(&b->t->target[b->target_hash[at]], target))
			return (int)b->target_hash[at];
	if (b->t->n_targets == IP_TARGETS_MAX)
		return -ENOSPC;
	b->t->target[b->t->n_targets] = *target;
	b->target_hash[at] = b->t->n_targets;
	return (int)b->t->n_targets++;
}

/* 0, or -errno; -ENOSPC: too many targets. */
static int route_add(struct build *b, const struct ip_prefix *prefix,
		     const struct ip_target *target)
{
	int number = target_number(b, target);

	if (number < 0)
		return number;
	if (b->n_routes == b->room) {
		size_t room = b->room * 2 + 64;
		struct ip_route *routes = realloc(b->routes, room * sizeof(*routes));

		if (routes == NULL)
			return -ENOMEM;
		b->routes = routes;
		b->room = room;
	}
	b->routes[b->n_routes] = (struct ip_route){
		.prefix = { ip_addr_masked(&prefix->addr, prefix->length, false), prefix->length },
		.order = (uint32_t)b->n_routes,
		.target = (uint16_t)number,
	};
	b->n_routes++;
	return 0;
}

/* ---- interfaces ---- */

static int map_put(struct build *b, struct ip_interface *on)
{
	struct ip_port_map *map = &b->t->port[on->port];

	if (on->vlan == 0) {
		map->untagged = on;
		return 0;
	}
	if (map->tagged == NULL)
		map->tagged = calloc(IP_VLANS, sizeof(struct ip_interface *));
	if (map->tagged == NULL)
		return -ENOMEM;
	map->tagged[on->vlan] = on;
	return 0;
}

static int interface_build(struct build *b, struct ip_interface *on,
			   const struct ip_interface_spec *spec)
{
	uint16_t port = (uint16_t)ip_port_find(b->port, b->n_ports, spec->port);

	*on = (struct ip_interface){
		.link = ip_link(port, (uint16_t)spec->vlan),
		.port = port,
		.vlan = (uint16_t)spec->vlan,
		.mtu = (uint16_t)(spec->mtu != 0 ? spec->mtu : b->port[port]->mtu),
		.dad = spec->dad,
		.has_v6 = spec->ipv6,
		.mac = b->vnf != NULL ? &vnf_port(b->vnf, port)->mac : NULL,
		.dhcp = spec->dhcp,
		.n_configured = (uint16_t)spec->addresses.n,
		.n_addresses = (uint16_t)spec->addresses.n,
	};
	ip_interface_label(spec, on->name, sizeof(on->name));
	on->address = calloc(spec->addresses.n + 1, sizeof(*on->address)); /* and one by DHCP */
	if (on->address == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < on->n_addresses; i++) {
		ip_prefix_parse(spec->addresses.v[i], false, &on->address[i]);
		on->has_v6 |= !ip_is_v4(&on->address[i].addr);
	}
	return map_put(b, on);
}

/* Of IPv4, a subnet's first and last address are not those of hosts, RFC 1812 section 4.2.2.11; but
 * for links between two, RFC 3021.
 */
static int broadcasts_add(struct build *b, const struct ip_interface *on,
			  const struct ip_prefix *address)
{
	const struct ip_target broadcast = { .kind = IP_TARGET_BROADCAST, .out = on };
	struct ip_prefix host = { .length = IP_ADDR_BITS };
	int ret;

	if (!ip_is_v4(&address->addr) || address->length >= IP_ADDR_BITS - 1)
		return 0;
	host.addr = ip_addr_masked(&address->addr, address->length, false);
	ret = route_add(b, &host, &broadcast);
	host.addr = ip_addr_masked(&address->addr, address->length, true);
	return ret == 0 ? route_add(b, &host, &broadcast) : ret;
}

/* Those are known on their link only, which a table of all links cannot say. */
static bool is_of_link(const struct ip_addr *addr)
{
	return !ip_is_v4(addr) && ip_is_link_local(addr);
}

static int connected_add(struct build *b, const struct ip_interface *on, uint16_t from)
{
	const struct ip_target connected = { .kind = IP_TARGET_CONNECTED, .out = on };
	int ret = 0;

	for (uint16_t i = from; ret == 0 && i < on->n_addresses; i++) {
		if (is_of_link(&on->address[i].addr))
			continue;
		ret = route_add(b, &on->address[i], &connected);
		if (ret == 0)
			ret = broadcasts_add(b, on, &on->address[i]);
	}
	return ret;
}

/* Before all others: what is ours is nobody's broadcast. */
static int locals_add(struct build *b, const struct ip_interface *on, uint16_t from)
{
	const struct ip_target local = { .kind = IP_TARGET_LOCAL, .out = on };
	int ret = 0;

	for (uint16_t i = from; ret == 0 && i < on->n_addresses; i++) {
		const struct ip_prefix host = { on->address[i].addr, IP_ADDR_BITS };

		if (!is_of_link(&host.addr))
			ret = route_add(b, &host, &local);
	}
	return ret;
}

static int interfaces_build(struct build *b)
{
	const struct ip_interface_spec *specs = b->t->spec->interfaces.items;
	int ret = 0;

	b->t->interface = calloc(b->t->spec->interfaces.n + 1, sizeof(*b->t->interface));
	if (b->t->interface == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < b->t->spec->interfaces.n; i++) {
		ret = interface_build(b, &b->t->interface[i], &specs[i]);
		b->t->interface[i].number = (uint16_t)i;
		b->t->n_interfaces++;
	}
	for (uint16_t i = 0; ret == 0 && i < b->t->n_interfaces; i++)
		ret = locals_add(b, &b->t->interface[i], 0);
	for (uint16_t i = 0; ret == 0 && i < b->t->n_interfaces; i++)
		ret = connected_add(b, &b->t->interface[i], 0);
	return ret;
}

/* ---- addresses beside those ---- */

/* By the longest prefixes that have no others. */
static int range_add(struct build *b, const struct ip_range *range)
{
	const struct ip_target local = { .kind = IP_TARGET_LOCAL, .out = range->on };
	uint64_t at = range->first;
	int ret = 0;

	while (ret == 0 && at <= range->last) {
		const struct ip_addr addr = ip_addr_v4(rte_cpu_to_be_32((uint32_t)at));
		uint32_t bits = rte_bsf32((uint32_t)at);

		while (at + (UINT64_C(1) << bits) - 1 > range->last)
			bits--;
		ret = route_add(b, &(struct ip_prefix){ addr, (uint8_t)(IP_ADDR_BITS - bits) },
				&local);
		at += UINT64_C(1) << bits;
	}
	return ret;
}

/* Before all routes but the interfaces' own, for the same reason. */
static int ranges_add(struct build *b, const struct ip_ranges_from *from)
{
	int ret = ip_ranges_build(b->t, from);

	for (size_t i = 0; ret == 0 && i < b->t->n_ranges; i++)
		ret = range_add(b, &b->t->range[i]);
	return ret;
}

/* Is there nothing in the prefix but what is ours? */
static bool is_ours(const struct ip_tables *t, const struct ip_prefix *prefix)
{
	const struct ip_range *range = ip_range_of(t, &prefix->addr);
	struct ip_addr last;

	if (range == NULL)
		return false;
	last = ip_addr_masked(&prefix->addr, prefix->length, true);
	return ip_range_of(t, &last) == range;
}

/* ---- routes ---- */

/* Lines of a file mostly name the one that the line before named. */
static const struct ip_interface *interface_named(const struct ip_tables *t, const char *name,
						  const struct ip_interface *last)
{
	if (last != NULL && strcmp(last->name, name) == 0)
		return last;
	for (uint16_t i = 0; i < t->n_interfaces; i++)
		if (strcmp(t->interface[i].name, name) == 0)
			return &t->interface[i];
	return NULL;
}

/* The interface whose subnet has the gateway; the longest prefix counts. What DHCP says does not:
 * a configuration is right or wrong by itself.
 */
static const struct ip_interface *interface_towards(const struct ip_tables *t,
						    const struct ip_addr *via)
{
	const struct ip_interface *best = NULL;
	uint32_t length = 0; /* of the best one, and one more */

	for (uint16_t i = 0; i < t->n_interfaces; i++)
		for (uint16_t k = 0; k < t->interface[i].n_configured; k++) {
			const struct ip_prefix *p = &t->interface[i].address[k];

			if (p->length < length || !ip_prefix_has(p, via))
				continue;
			best = &t->interface[i];
			length = p->length + 1u;
		}
	return best;
}

static const struct ip_interface *towards(struct build *b, const struct ip_addr *via)
{
	if (b->towards == NULL || !ip_addr_equal(&b->via, via)) {
		b->via = *via;
		b->towards = interface_towards(b->t, via);
	}
	return b->towards;
}

static bool is_interfaces(const struct ip_tables *t, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < t->n_interfaces; i++)
		for (uint16_t k = 0; k < t->interface[i].n_configured; k++)
			if (ip_addr_equal(&t->interface[i].address[k].addr, addr))
				return true;
	return false;
}

static bool is_broadcast(const struct ip_interface *on, const struct ip_addr *addr)
{
	for (uint16_t i = 0; i < on->n_configured; i++) {
		const struct ip_prefix *p = &on->address[i];
		struct ip_addr zeros = ip_addr_masked(&p->addr, p->length, false);
		struct ip_addr ones = ip_addr_masked(&p->addr, p->length, true);

		if (ip_is_v4(&p->addr) && p->length < IP_ADDR_BITS - 1 &&
		    (ip_addr_equal(addr, &zeros) || ip_addr_equal(addr, &ones)))
			return true;
	}
	return false;
}

static bool has_family(const struct ip_interface *on, bool v4)
{
	bool has = v4 ? on->dhcp : on->has_v6;

	for (uint16_t i = 0; i < on->n_addresses && !has; i++)
		has = ip_is_v4(&on->address[i].addr) == v4;
	return has;
}

/* One route, from wherever it comes. 0; -EINVAL and a sentence in `why`; -ENOMEM. */
static int line_add(void *arg, const struct ip_route_line *line, char *why, size_t why_size)
{
	static const enum ip_kind kinds[] = {
		[IP_ROUTE_BLACKHOLE] = IP_TARGET_BLACKHOLE,
		[IP_ROUTE_UNREACHABLE] = IP_TARGET_UNREACHABLE,
		[IP_ROUTE_PROHIBIT] = IP_TARGET_PROHIBIT,
	};
	struct build *b = arg;
	struct ip_target target = { .kind = IP_TARGET_CONNECTED };
	int ret;

	if (line->type != IP_ROUTE_UNICAST)
		target.kind = kinds[line->type];
	if (line->interface[0] != '\0') {
		target.out = interface_named(b->t, line->interface, b->last);
		if (target.out == NULL) {
			snprintf(why, why_size, "no interface is named \"%s\"", line->interface);
			return -EINVAL;
		}
	}
	if (line->has_via) {
		target.kind = IP_TARGET_GATEWAY;
		target.via = line->via;
		if (target.out == NULL)
			target.out = towards(b, &line->via);
		if (target.out == NULL) {
			snprintf(why, why_size,
				 "the gateway is in no interface's subnet; name the interface, or "
				 "another gateway");
			return -EINVAL;
		}
		if (is_broadcast(target.out, &line->via)) {
			snprintf(why, why_size, "the gateway is the broadcast address of a subnet");
			return -EINVAL;
		}
		if (is_interfaces(b->t, &line->via) || ip_range_of(b->t, &line->via) != NULL) {
			snprintf(why, why_size, "the gateway is this program itself");
			return -EINVAL;
		}
	}
	if (target.out != NULL && !has_family(target.out, ip_is_v4(&line->prefix.addr))) {
		snprintf(
			why, why_size,
			"interface \"%s\" has no address of that IP version, and could not ask for "
			"neighbours",
			target.out->name);
		return -EINVAL;
	}
	b->last = target.out;
	ret = is_ours(b->t, &line->prefix) ? 0 : route_add(b, &line->prefix, &target);
	if (ret != -ENOSPC)
		return ret;
	snprintf(why, why_size, "more than %d different gateways", IP_TARGETS_MAX);
	return -EINVAL;
}

static int spec_add(struct build *b, const struct ip_route_spec *spec)
{
	struct ip_route_line line = { .has_via = spec->via[0] != '\0',
				      .type = (enum ip_route_type)spec->type };
	char why[WHY_MAX];
	int ret;

	ip_prefix_parse(spec->prefix, false, &line.prefix);
	if (line.has_via)
		ip_addr_parse(spec->via, &line.via);
	snprintf(line.interface, sizeof(line.interface), "%s", spec->interface);
	ret = line_add(b, &line, why, sizeof(why));
	if (ret == -EINVAL)
		vnf_config_error(b->file, spec->via[0] != '\0' ? (const void *)&spec->via : spec,
				 "%s", why);
	return ret;
}

static int line_keep(void *arg, const struct ip_route_line *line, char *why, size_t why_size)
{
	struct build *b = arg;
	struct ip_lines *lines = b->t->lines;

	if (lines->n == lines->room) {
		size_t room = lines->room * 2 + 64;

		lines = realloc(lines, sizeof(*lines) + room * sizeof(lines->line[0]));
		if (lines == NULL)
			return -ENOMEM;
		lines->room = room;
		b->t->lines = lines;
	}
	lines->line[lines->n++] = *line;
	return line_add(arg, line, why, why_size);
}

/* They were right once; what is configured has not changed since. */
static int lines_reuse(struct build *b)
{
	char why[WHY_MAX];
	int ret = 0;

	b->t->lines = b->reused;
	b->reused->refs++;
	for (size_t i = 0; ret == 0 && i < b->reused->n; i++)
		ret = line_add(b, &b->reused->line[i], why, sizeof(why));
	return ret;
}

/* Tables of the same configuration, if these are for another lease. */
static struct ip_lines *lines_find(const struct build *b)
{
	const struct ip_tables *last =
		b->vnf->generation != NULL ? vnf_part_built(b->vnf, PART_IP) : NULL;

	return last != NULL && last->spec == b->t->spec ? last->lines : NULL;
}

static int routes_build(struct build *b)
{
	const struct ip_spec *spec = b->t->spec;
	const struct ip_route_spec *routes = spec->routes.items;
	char why[4 * WHY_MAX];
	int ret = 0;

	for (size_t i = 0; i < spec->routes.n; i++) {
		int one = spec_add(b, &routes[i]);

		/* All that are wrong are told. */
		ret = ret == 0 ? one : ret;
	}
	if (ret < 0 || spec->routes_file[0] == '\0')
		return ret;
	if (b->reused != NULL)
		return lines_reuse(b);
	if (b->has_dhcp) {
		/* There, also if the file has none. */
		b->t->lines = calloc(1, sizeof(*b->t->lines));
		if (b->t->lines == NULL)
			return -ENOMEM;
		b->t->lines->refs = 1;
	}
	ret = ip_routes_read(spec->routes_file, b->has_dhcp ? line_keep : line_add, b, why,
			     sizeof(why));
	if (ret == -EINVAL)
		vnf_config_error(b->file, &spec->routes_file, "%s", why);
	return ret;
}

/* ---- by DHCP ---- */

static void lease_address(struct build *b, struct ip_interface *on, struct dhcp_lease *lease)
{
	const struct ip_addr addr = ip_addr_v4(lease->address);

	/* A reload has given it to an interface meanwhile. */
	if (is_interfaces(b->t, &addr)) {
		lease->address = 0;
		return;
	}
	on->address[on->n_addresses++] =
		(struct ip_prefix){ addr, (uint8_t)(IP_V4_BITS + lease->length) };
	if (lease->mtu >= (on->has_v6 ? IP6_MTU_MIN : IP_DHCP_MTU_MIN) && lease->mtu < on->mtu)
		on->mtu = lease->mtu;
}

/* After all that is configured, which wins. */
static int leases_take(struct build *b)
{
	const struct ip_node *node = vnf_part_state(b->vnf, PART_IP);
	struct ip_dhcp_info info;
	int ret = 0;

	b->leases = calloc(b->t->n_interfaces + 1u, sizeof(*b->leases));
	if (b->leases == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; ret == 0 && i < b->t->n_interfaces; i++) {
		struct ip_interface *on = &b->t->interface[i];

		if (!on->dhcp || !ip_dhcp_get(node, on->link, &info) || !info.bound)
			continue;
		b->leases[i] = info.lease;
		lease_address(b, on, &b->leases[i]);
		ret = locals_add(b, on, on->n_configured);
		if (ret == 0)
			ret = connected_add(b, on, on->n_configured);
	}
	return ret;
}

static int lease_routes(struct build *b, const struct ip_interface *on,
			const struct dhcp_lease *lease)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < lease->n_routes; i++) {
		const struct dhcp_route *route = &lease->route[i];
		struct ip_prefix prefix = { ip_addr_v4(route->prefix),
					    (uint8_t)(IP_V4_BITS + route->length) };
		struct ip_target target = { .kind = IP_TARGET_CONNECTED, .out = on };

		if (route->via != 0) {
			target.kind = IP_TARGET_GATEWAY;
			target.via = ip_addr_v4(route->via);
		}
		if (!is_ours(b->t, &prefix))
			ret = route_add(b, &prefix, &target);
	}
	/* There are too many gateways: so be it, for the configuration is not to blame. */
	return ret == -ENOSPC ? 0 : ret;
}

static int leases_route(struct build *b)
{
	int ret = 0;

	for (uint16_t i = 0; ret == 0 && i < b->t->n_interfaces; i++)
		if (b->leases[i].address != 0)
			ret = lease_routes(b, &b->t->interface[i], &b->leases[i]);
	return ret;
}

/* ---- the whole ---- */

void ip_tables_discard(struct vnf *vnf, void *built)
{
	struct ip_tables *t = built;

	(void)vnf;
	if (t == NULL)
		return;
	ip_fib_destroy(t->fib);
	for (uint16_t i = 0; i < t->n_interfaces; i++)
		free(t->interface[i].address);
	for (size_t i = 0; i < RTE_DIM(t->port); i++)
		free(t->port[i].tagged);
	if (t->lines != NULL && --t->lines->refs == 0)
		free(t->lines);
	free(t->range);
	free(t->interface);
	free(t->target);
	free(t);
}

static int tables_fill(struct build *b)
{
	const struct ip_ranges_from ranges = { .vnf = b->vnf,
					       .program = b->vnf->program,
					       .keys = vnf_keys_building(b->vnf),
					       .file = b->file };
	int ret = interfaces_build(b);

	for (uint16_t i = 0; i < b->t->n_interfaces; i++)
		b->has_dhcp |= b->t->interface[i].dhcp;
	if (ret == 0 && b->has_dhcp)
		ret = leases_take(b);
	if (ret == 0)
		ret = ranges_add(b, &ranges);
	if (ret == 0)
		ret = routes_build(b);
	if (ret == 0 && b->has_dhcp)
		ret = leases_route(b);
	if (ret == 0)
		ret = ip_fib_create(b->routes, b->n_routes, (enum ip_fib_table)b->t->spec->table,
				    &b->t->fib);
	b->t->n_routes = (uint32_t)b->n_routes;
	return ret;
}

static int build_begin(struct build *b, const struct ip_spec *spec)
{
	b->hash_mask = 2 * (IP_TARGETS_MAX + 1) - 1;
	b->t = calloc(1, sizeof(*b->t));
	b->target_hash = calloc(b->hash_mask + 1u, sizeof(*b->target_hash));
	if (b->t != NULL)
		b->t->target = calloc(IP_TARGETS_MAX, sizeof(*b->t->target));
	if (b->t == NULL || b->target_hash == NULL || b->t->target == NULL)
		return -ENOMEM;
	b->t->spec = spec;
	b->t->n_targets = 1; /* number 0 is no route */
	return 0;
}

static void build_end(struct build *b)
{
	free(b->routes);
	free(b->target_hash);
	free(b->leases);
}

int ip_tables_build(struct vnf *vnf, const struct vnf_build *from, void **built)
{
	const struct ip_section *section = from->config;
	struct build b = {
		.vnf = vnf, .file = from->file, .port = from->port, .n_ports = from->n_ports
	};
	int ret = build_begin(&b, &section->ip);

	if (ret == 0) {
		b.reused = lines_find(&b);
		ret = tables_fill(&b);
	}
	if (ret == -ENOMEM)
		vnf_error("ip: no memory for the tables");
	if (ret < 0)
		ip_tables_discard(vnf, b.t);
	else
		*built = b.t;
	build_end(&b);
	return ret;
}

void ip_tables_check(struct vnf_config *file, const struct ip_spec *spec,
		     const struct vnf_port_spec *const *port, uint16_t n_ports)
{
	struct build b = { .file = file, .port = port, .n_ports = n_ports };

	if (build_begin(&b, spec) == 0 && interfaces_build(&b) == 0)
		routes_build(&b);
	ip_tables_discard(NULL, b.t);
	build_end(&b);
}

/* Files of routes are left to the building, which is next. */
void ip_tables_check_program(const struct vnf_program *program, const void *keys,
			     const struct vnf_build *from)
{
	const struct ip_section *section = from->config;
	const struct ip_ranges_from ranges = { .program = program,
					       .keys = keys,
					       .file = from->file };
	const struct ip_route_spec *routes = section->ip.routes.items;
	struct build b = { .file = from->file, .port = from->port, .n_ports = from->n_ports };

	if (program->addresses == NULL)
		return;
	if (build_begin(&b, &section->ip) == 0 && interfaces_build(&b) == 0 &&
	    ranges_add(&b, &ranges) == 0)
		for (size_t i = 0; i < section->ip.routes.n; i++)
			spec_add(&b, &routes[i]);
	ip_tables_discard(NULL, b.t);
	build_end(&b);
}
