/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the IP node tells: its commands, on the control thread, and its metrics. All is read while
 * worker 0 changes it, entry by entry.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdlib.h>

static const struct ip_node *node_of(const struct vnf *vnf)
{
	return vnf_part_state(vnf, PART_IP);
}

/* Of the generation in force: the control thread is the one that changes it. */
static const struct ip_tables *tables_of(const struct vnf *vnf)
{
	return vnf_part_built(vnf, PART_IP);
}

static const char *interface_name(const struct ip_tables *t, ip_link_t link)
{
	const struct ip_interface *on = ip_interface_of(t, link);

	return on != NULL ? on->name : "(removed)";
}

/* ---- interfaces ---- */

int vnf_ip_get_interface(const struct vnf *vnf, uint16_t number, struct vnf_ip_interface_info *info)
{
	const struct ip_tables *t = tables_of(vnf);

	if (t == NULL || number >= t->n_interfaces)
		return -ENOENT;
	*info = (struct vnf_ip_interface_info){
		.name = t->interface[number].name,
		.port = t->interface[number].port,
		.vlan = t->interface[number].vlan,
		.mtu = t->interface[number].mtu,
	};
	return 0;
}

static json_t *addresses_json(const struct ip_node *node, ip_link_t link)
{
	struct ip_own_info own;
	json_t *all = json_array();

	for (uint32_t i = 0; ip_own_get(node, i, &own); i++) {
		char text[IP_TEXT_MAX];

		if (own.link != link || own.beside)
			continue;
		ip_prefix_print(&own.address, text, sizeof(text));
		json_array_append_new(all, json_pack("{ss ss}", "address", text, "state",
						     ip_own_state_name(own.state)));
	}
	return all;
}

/* NULL: it has no client. */
static json_t *dhcp_json(const struct ip_node *node, const struct ip_interface *on)
{
	struct ip_dhcp_info info;
	uint64_t now = vnf_clock_now();
	char server[IP_TEXT_MAX] = "";
	json_t *left = json_null();
	struct ip_addr addr;

	if (!on->dhcp || !ip_dhcp_get(node, on->link, &info))
		return NULL;
	addr = ip_addr_v4(info.server);
	if (info.bound)
		ip_addr_print(&addr, server, sizeof(server));
	if (info.bound && info.end_ns != UINT64_MAX)
		left = json_integer(
			(json_int_t)((info.end_ns - RTE_MIN(now, info.end_ns)) / VNF_SECOND_NS));
	return json_pack("{ss ss so}", "state", ip_dhcp_state_name(info.state), "server", server,
			 "seconds_left", left);
}

static json_t *run_interfaces(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct ip_tables *t = tables_of(vnf);
	json_t *all = json_array();

	(void)args;
	(void)why;
	for (uint16_t i = 0; i < t->n_interfaces; i++) {
		const struct ip_interface *on = &t->interface[i];
		json_t *dhcp = dhcp_json(node_of(vnf), on);
		char mac[RTE_ETHER_ADDR_FMT_SIZE];

		rte_ether_format_addr(mac, sizeof(mac), on->mac);
		json_array_append_new(
			all, json_pack("{ss ss si ss si so so*}", "name", on->name, "port",
				       port_label(vnf, on->port), "vlan", (int)on->vlan, "mac", mac,
				       "mtu", (int)on->mtu, "addresses",
				       addresses_json(node_of(vnf), on->link), "dhcp", dhcp));
	}
	return all;
}

/* ---- addresses beside the interfaces' ---- */

/* Of one range, by enum ip_own_state. */
struct states {
	json_int_t n[IP_OWN_DUPLICATE + 1];
};

/* By range; NULL: no memory. */
static struct states *states_count(const struct vnf *vnf, const struct ip_tables *t)
{
	struct states *all = calloc(t->n_ranges + 1, sizeof(*all));
	struct ip_own_info own;

	for (uint32_t i = 0; all != NULL && ip_own_get(node_of(vnf), i, &own); i++) {
		const struct ip_range *range = ip_range_of(t, &own.address.addr);

		if (own.beside && range != NULL)
			all[range - t->range].n[own.state]++;
	}
	return all;
}

static json_t *range_json(const struct ip_range *range, const struct states *states)
{
	const struct ip_addr first = ip_addr_v4(rte_cpu_to_be_32(range->first));
	const struct ip_addr last = ip_addr_v4(rte_cpu_to_be_32(range->last));
	json_int_t count = (json_int_t)range->last - range->first + 1;
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX];
	json_t *json;

	ip_addr_print(&first, a, sizeof(a));
	ip_addr_print(&last, b, sizeof(b));
	json = json_pack("{ss ss sI ss}", "first", a, "last", b, "count", count, "interface",
			 range->on != NULL ? range->on->name : "");
	for (int s = IP_OWN_DUPLICATE; s >= IP_OWN_DOWN; s--) {
		/* On no link there is nothing to find out. */
		json_int_t n = range->on != NULL ? states->n[s] : s == IP_OWN_VALID ? count : 0;

		json_object_set_new(json, ip_own_state_name((enum ip_own_state)s), json_integer(n));
	}
	return json;
}

static json_t *run_addresses(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct ip_tables *t = tables_of(vnf);
	struct states *states = states_count(vnf, t);
	json_t *all = json_array();

	(void)args;
	if (states == NULL) {
		json_decref(all);
		return vnf_refuse(why, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < t->n_ranges; i++)
		json_array_append_new(all, range_json(&t->range[i], &states[i]));
	free(states);
	return all;
}

/* ---- neighbours ---- */

static json_t *run_neighbours(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct ip_node *node = node_of(vnf);
	json_t *all = json_array();
	struct ip_neigh_info info;

	(void)args;
	(void)why;
	for (uint32_t i = 0; i < ip_neigh_room(node); i++) {
		char addr[IP_TEXT_MAX], mac[RTE_ETHER_ADDR_FMT_SIZE] = "";

		if (!ip_neigh_get(node, i, &info))
			continue;
		ip_addr_print(&info.addr, addr, sizeof(addr));
		if (info.state != IP_NEIGH_INCOMPLETE)
			rte_ether_format_addr(mac, sizeof(mac), &info.mac);
		json_array_append_new(all, json_pack("{ss ss ss ss si}", "interface",
						     interface_name(tables_of(vnf), info.link),
						     "address", addr, "mac", mac, "state",
						     ip_neigh_state_name(info.state), "waiting",
						     (int)info.held));
	}
	return all;
}

/* ---- routes ---- */

struct route_args {
	const char *address;
};

static const struct vnf_config_key route_args[] = {
	{ .name = "address",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct route_args, address),
	  .doc = "Destination." },
	{ .name = NULL },
};

static const char *const kind_names[] = {
	[IP_TARGET_NONE] = "none",
	[IP_TARGET_CONNECTED] = "connected",
	[IP_TARGET_GATEWAY] = "gateway",
	[IP_TARGET_LOCAL] = "local",
	[IP_TARGET_BROADCAST] = "broadcast",
	[IP_TARGET_BLACKHOLE] = "blackhole",
	[IP_TARGET_UNREACHABLE] = "unreachable",
	[IP_TARGET_PROHIBIT] = "prohibit",
};

static json_t *run_route(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct route_args *a = args;
	const struct ip_target *target;
	char via[IP_TEXT_MAX] = "";
	struct ip_addr addr;

	if (ip_addr_parse(a->address, &addr) < 0)
		return vnf_refuse(why, -EINVAL,
				  "\"%s\" is no address; write one as 10.0.0.1 or "
				  "2001:db8::1",
				  a->address);
	target = ip_route(tables_of(vnf), &addr);
	if (target->kind == IP_TARGET_GATEWAY)
		ip_addr_print(&target->via, via, sizeof(via));
	return json_pack("{ss ss ss ss}", "address", a->address, "route", kind_names[target->kind],
			 "via", via, "interface", target->out != NULL ? target->out->name : "");
}

static json_t *run_ip(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct ip_counts *c = &node_of(vnf)->counts;
	const struct ip_tables *t = tables_of(vnf);

	(void)args;
	(void)why;
	return json_pack("{sI sI sI sI sI sI sI sI sI sI sI sI sI sI}", "routes",
			 (json_int_t)t->n_routes, "targets", (json_int_t)t->n_targets - 1,
			 "table_bytes", (json_int_t)ip_fib_bytes(t->fib), "arp_sent",
			 (json_int_t)c->arp_sent, "arp_received", (json_int_t)c->arp_received,
			 "nd_sent", (json_int_t)c->nd_sent, "nd_received",
			 (json_int_t)c->nd_received, "echoes", (json_int_t)c->echoes, "errors_sent",
			 (json_int_t)c->errors_sent, "errors_limited",
			 (json_int_t)c->errors_limited, "fragments", (json_int_t)c->fragments,
			 "resolved", (json_int_t)c->resolved, "unresolved",
			 (json_int_t)c->unresolved, "conflicts", (json_int_t)c->conflicts);
}

const struct vnf_command ip_commands[] = {
	{ .name = "interfaces",
	  .help = "IP interfaces, with their addresses and whether those may be used.",
	  .run = run_interfaces },
	{ .name = "addresses",
	  .help = "Addresses of the program beside those of its interfaces, and how many of each "
		  "range may be used.",
	  .run = run_addresses },
	{ .name = "neighbours",
	  .help = "Neighbours: IP and MAC addresses, by ARP and Neighbour Discovery.",
	  .run = run_neighbours },
	{ .name = "route",
	  .help = "Where packets to an address go.",
	  .args = route_args,
	  .args_size = sizeof(struct route_args),
	  .run = run_route },
	{ .name = "ip",
	  .help = "Counts of the IP node: ARP, ICMP, fragments, routes.",
	  .run = run_ip },
	{ .name = NULL },
};

/* ---- metrics ---- */

enum {
	METRIC_NEIGHBOURS,
	METRIC_ERRORS,
	METRIC_LIMITED,
	METRIC_ECHOES,
	METRIC_FRAGMENTS,
	METRIC_CONFLICTS,
};

static void collect_neighbours(struct vnf *vnf, struct vnf_metrics_page *page)
{
	const struct ip_node *node = node_of(vnf);
	int64_t n[IP_NEIGH_PROBE + 1] = { 0 };
	struct ip_neigh_info info;

	for (uint32_t i = 0; i < ip_neigh_room(node); i++)
		if (ip_neigh_get(node, i, &info))
			n[info.state]++;
	for (uint32_t s = IP_NEIGH_INCOMPLETE; s <= IP_NEIGH_PROBE; s++)
		vnf_metrics_put(page, n[s], "state", ip_neigh_state_name(s), NULL);
}

static void collect(struct vnf *vnf, const struct vnf_metric *metric, struct vnf_metrics_page *page)
{
	const struct ip_counts *c = &node_of(vnf)->counts;

	switch (metric->tag) {
	case METRIC_NEIGHBOURS:
		collect_neighbours(vnf, page);
		break;
	case METRIC_ERRORS:
		vnf_metrics_put(page, (int64_t)c->errors_sent, NULL);
		break;
	case METRIC_LIMITED:
		vnf_metrics_put(page, (int64_t)c->errors_limited, NULL);
		break;
	case METRIC_ECHOES:
		vnf_metrics_put(page, (int64_t)c->echoes, NULL);
		break;
	case METRIC_FRAGMENTS:
		vnf_metrics_put(page, (int64_t)c->fragments, NULL);
		break;
	default:
		vnf_metrics_put(page, (int64_t)c->conflicts, NULL);
		break;
	}
}

const struct vnf_metric ip_metrics[] = {
	{ .name = "ip_neighbours",
	  .help = "Entries of the table of neighbours.",
	  .tag = METRIC_NEIGHBOURS,
	  .collect = collect },
	{ .name = "ip_icmp_errors",
	  .help = "ICMP errors sent.",
	  .counter = true,
	  .tag = METRIC_ERRORS,
	  .collect = collect },
	{ .name = "ip_icmp_errors_limited",
	  .help = "ICMP errors not sent, by the limits of rate.",
	  .counter = true,
	  .tag = METRIC_LIMITED,
	  .collect = collect },
	{ .name = "ip_echoes",
	  .help = "Echo requests answered.",
	  .counter = true,
	  .tag = METRIC_ECHOES,
	  .collect = collect },
	{ .name = "ip_fragments",
	  .help = "Parts that IPv4 packets were cut into.",
	  .counter = true,
	  .tag = METRIC_FRAGMENTS,
	  .collect = collect },
	{ .name = "ip_conflicts",
	  .help = "Packets of others who use an own address.",
	  .counter = true,
	  .tag = METRIC_CONFLICTS,
	  .collect = collect },
	{ .name = NULL },
};
