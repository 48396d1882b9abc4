/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * An IP node with two interfaces, and what stands for the program around it, for fuzz targets that
 * have one. They define PORTS, NEIGHBOURS and REASONS (of drops, how many there are) before, and
 * sound() after. The routes are few and looked up here.
 */
#ifndef FUZZ_NODE_H
#define FUZZ_NODE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include <vnf/embed.h>

#include "fuzz_packets.h"
#include "ip_node.h"
#include "must.h"

/* ---- DPDK ---- */

static void dpdk_start(void)
{
	static char args[][16] = { "fuzz",           "--no-huge", "--no-shconf",  "--no-pci",
				   "--no-telemetry", "-m128",     "--log-level=4" };
	char *eal[RTE_DIM(args) + 1] = { 0 };

	for (size_t i = 0; i < RTE_DIM(args); i++)
		eal[i] = args[i];
	must(rte_eal_init(RTE_DIM(args), eal) >= 0);
}

/* ---- the program around the node ---- */

static struct vnf program;
static struct port_slot slots[PORTS];
static struct worker worker;
static struct ip_node *node;
static int64_t held, created;

/* ---- the target's ---- */

/* A packet that is sent out is as it should be. */
static void sound(struct rte_mbuf *pkt);

/* ---- what the node asks for ---- */

void vnf_send(struct vnf_worker *w, uint16_t port, struct rte_mbuf *pkt)
{
	(void)w;
	must(port < PORTS);
	sound(pkt);
	held--;
	rte_pktmbuf_free(pkt);
}

void vnf_drop(struct vnf_worker *w, uint16_t port, struct rte_mbuf *pkt, uint32_t reason)
{
	(void)w;
	must(port < PORTS && reason < REASONS);
	held--;
	rte_pktmbuf_free(pkt);
}

struct rte_mbuf *vnf_packet_alloc(struct vnf_worker *w)
{
	struct rte_mbuf *pkt;

	(void)w;
	if (mbufs_get(&pool, (void **)&pkt, 1) != 0)
		return NULL;
	pkt->data_off = RTE_PKTMBUF_HEADROOM;
	created++;
	held++;
	return pkt;
}

void part_handed_out(struct vnf_worker *w, uint32_t n)
{
	(void)w;
	(void)n;
	abort();
}

void part_handed_in(struct vnf_worker *w, uint32_t n)
{
	part_handed_out(w, n);
}

struct vnf_port *vnf_worker_port(const struct vnf_worker *w, uint16_t id)
{
	(void)w;
	return &slots[id].port;
}

struct vnf_port *vnf_port(const struct vnf *vnf, uint16_t id)
{
	(void)vnf;
	return &slots[id].port;
}

uint16_t vnf_worker_count(const struct vnf *vnf)
{
	(void)vnf;
	return 1;
}

static struct ip_section section = {
	.ip = { .interfaces = { .n = PORTS },
		.neighbours = NEIGHBOURS,
		.reachable = 30 * VNF_SECOND_NS,
		.stale = 60 * VNF_SECOND_NS,
		.solicitations = 100,
		.errors = 100,
		.errors_per_host = 10 },
};

const void *vnf_part_config(const struct vnf *vnf, enum part_slot slot)
{
	(void)vnf;
	(void)slot;
	return &section;
}

void *vnf_part_state(const struct vnf *vnf, enum part_slot slot)
{
	(void)vnf;
	(void)slot;
	return node;
}

void *vnf_part_built(const struct vnf *vnf, enum part_slot slot)
{
	(void)vnf;
	(void)slot;
	return NULL;
}

int reload_rebuild(struct vnf *vnf)
{
	(void)vnf;
	return 0;
}

uint64_t vnf_clock_now(void)
{
	return worker.pub.now_ns;
}

uint64_t vnf_clock_wall(void)
{
	return worker.pub.now_ns;
}

bool clock_is_virtual(void)
{
	return true;
}

void vnf_random_init(struct vnf_random *random, uint64_t name)
{
	random->name = name;
	random->at = VNF_RANDOM_BLOCK;
}

void vnf_random_refill(struct vnf_random *random)
{
	random->at = 0;
}

uint64_t vnf_random_seed(const char *name)
{
	return text_hash(name, strlen(name), TEXT_HASH_SEED);
}

bool log_limit_pass(struct vnf_log_limit *limit, uint32_t *missed)
{
	(void)limit;
	*missed = 0;
	return false;
}

void vnf_log_limited(struct vnf_log_limit *limit, enum vnf_log_level level, const char *format, ...)
{
	(void)limit;
	(void)level;
	(void)format;
}

void vnf_log(enum vnf_log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void vnf_config_error(struct vnf_config *file, const void *field, const char *format, ...)
{
	(void)file;
	(void)field;
	(void)format;
}

const struct vnf_config_key ip_keys[1];
const struct vnf_config_key ip_optional_keys[1];
const struct vnf_command ip_commands[1];
const struct vnf_metric ip_metrics[1];

void ip_config_check(struct vnf_config *file, const void *config,
		     const struct vnf_port_spec *const *port, uint16_t n_ports)
{
	(void)file;
	(void)config;
	(void)port;
	(void)n_ports;
}

int ip_tables_build(struct vnf *vnf, const struct vnf_build *from, void **built)
{
	(void)vnf;
	(void)from;
	(void)built;
	return -ENOTSUP;
}

void ip_tables_discard(struct vnf *vnf, void *built)
{
	(void)vnf;
	(void)built;
}

void ip_tables_check_program(const struct vnf_program *of, const void *keys,
			     const struct vnf_build *from)
{
	(void)of;
	(void)keys;
	(void)from;
}

const struct ip_range *ip_range_of(const struct ip_tables *t, const struct ip_addr *addr)
{
	(void)t;
	(void)addr;
	return NULL;
}

/* ---- its tables ---- */

static struct ip_prefix left_addresses[2], right_addresses[2];
static struct ip_interface interfaces[2];
static struct ip_interface *tagged[IP_VLANS];
static struct ip_target targets[8];
static struct ip_route routes[16];
static uint32_t n_routes;
static struct ip_tables tables;

static void route_put(const char *prefix, uint16_t target)
{
	must(ip_prefix_parse(prefix, true, &routes[n_routes].prefix) == 0);
	routes[n_routes++].target = target;
}

uint16_t ip_fib_lookup(const struct ip_fib *fib, const struct ip_addr *a)
{
	const struct ip_route *best = NULL;

	(void)fib;
	for (uint32_t i = 0; i < n_routes; i++)
		if (ip_prefix_has(&routes[i].prefix, a) &&
		    (best == NULL || routes[i].prefix.length > best->prefix.length))
			best = &routes[i];
	return best != NULL ? best->target : 0;
}

struct rte_fib *ip_fib_v4(const struct ip_fib *fib)
{
	(void)fib;
	return NULL;
}

struct rte_fib6 *ip_fib_v6(const struct ip_fib *fib)
{
	(void)fib;
	return NULL;
}

/* In place of DPDK's. */
int rte_fib_lookup_bulk(struct rte_fib *fib, uint32_t *ips, uint64_t *next_hops, int n)
{
	(void)fib;
	for (int i = 0; i < n; i++) {
		struct ip_addr a = ip_addr_v4(rte_cpu_to_be_32(ips[i]));

		next_hops[i] = ip_fib_lookup(NULL, &a);
	}
	return 0;
}

int rte_fib6_lookup_bulk(struct rte_fib6 *fib, uint8_t ips[][RTE_FIB6_IPV6_ADDR_SIZE],
			 uint64_t *next_hops, int n)
{
	(void)fib;
	for (int i = 0; i < n; i++) {
		struct ip_addr a = ip_addr_v6(ips[i]);

		next_hops[i] = ip_fib_lookup(NULL, &a);
	}
	return 0;
}

static void interface_put(uint16_t i, uint16_t vlan, uint16_t mtu, struct ip_prefix *addresses,
			  const char *v4, const char *v6)
{
	must(ip_prefix_parse(v4, false, &addresses[0]) == 0);
	must(ip_prefix_parse(v6, false, &addresses[1]) == 0);
	interfaces[i] = (struct ip_interface){ .link = ip_link(i, vlan),
					       .port = i,
					       .vlan = vlan,
					       .mtu = mtu,
					       .dad = i == 0,
					       .dhcp = i == 0,
					       .has_v6 = true,
					       .mac = &slots[i].port.mac,
					       .name = "one",
					       .n_configured = 2,
					       .n_addresses = 2,
					       .address = addresses };
}

static void tables_init(void)
{
	if (n_routes != 0)
		return;
	interface_put(0, 0, 1500, left_addresses, "10.0.1.1/24", "2001:db8:1::1/64");
	interface_put(1, 7, 1280, right_addresses, "10.0.2.1/24", "2001:db8:2::1/64");
	tagged[7] = &interfaces[1];
	tables.spec = &section.ip;
	tables.n_interfaces = 2;
	tables.interface = interfaces;
	tables.port[0].untagged = &interfaces[0];
	tables.port[1].tagged = tagged;
	tables.target = targets;
	tables.n_targets = RTE_DIM(targets);
	targets[1] = (struct ip_target){ .kind = IP_TARGET_CONNECTED, .out = &interfaces[0] };
	targets[2] = (struct ip_target){ .kind = IP_TARGET_CONNECTED, .out = &interfaces[1] };
	targets[3] = (struct ip_target){ .kind = IP_TARGET_LOCAL, .out = &interfaces[0] };
	targets[4] = (struct ip_target){ .kind = IP_TARGET_GATEWAY, .out = &interfaces[1] };
	must(ip_addr_parse("10.0.2.254", &targets[4].via) == 0);
	targets[5] = (struct ip_target){ .kind = IP_TARGET_GATEWAY, .out = &interfaces[1] };
	must(ip_addr_parse("fe80::1", &targets[5].via) == 0);
	targets[6] = (struct ip_target){ .kind = IP_TARGET_PROHIBIT };
	targets[7] = (struct ip_target){ .kind = IP_TARGET_BROADCAST, .out = &interfaces[0] };
	route_put("10.0.1.0/24", 1);
	route_put("2001:db8:1::/64", 1);
	route_put("10.0.2.0/24", 2);
	route_put("2001:db8:2::/64", 2);
	route_put("10.0.1.1", 3);
	route_put("2001:db8:1::1", 3);
	route_put("10.0.2.1", 3);
	route_put("2001:db8:2::1", 3);
	route_put("10.0.1.255", 7);
	route_put("10.64.0.0/10", 6);
	route_put("0.0.0.0/0", 4);
	route_put("2000::/3", 5);
}

/* ---- life ---- */

static void node_begin(void)
{
	void *state;

	memset(&program, 0, sizeof(program));
	memset(&worker, 0, sizeof(worker));
	worker.pub.vnf = &program;
	worker.pub.count = 1;
	worker.pub.n_ports = PORTS;
	for (uint16_t i = 0; i < PORTS; i++) {
		slots[i].port.mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)i } };
		slots[i].port.mtu = 1500;
		slots[i].port.id = i;
		vnf_port_set_up(&slots[i].port, true);
	}
	tables_init();
	must(vnf_ip_part.create(&program, &state) == 0);
	node = state;
	must(vnf_ip_part.worker_init(&worker.pub) == 0);
	vnf_ip_part.take(&worker.pub, &tables);
}

static void node_end(void)
{
	vnf_ip_part.worker_fini(&worker.pub);
	vnf_ip_part.destroy(&program, node);
}

#endif
