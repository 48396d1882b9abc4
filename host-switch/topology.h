/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who is connected with whom: each port is in one bridge domain, or wired to one other port. Built
 * from the configuration and never changed: a reload builds another, in which a domain that stays
 * keeps its number, and none gets that of one that goes.
 */
#ifndef HSW_TOPOLOGY_H
#define HSW_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

/* struct hsw_attach: not wired, or in no domain. */
#define HSW_NONE UINT16_MAX
/* Domains at most: those of a file, those that only its ports name, and both of the file before. */
#define HSW_DOMAINS_MAX 1024

/* What a port is attached to: a domain or a wire. */
struct hsw_attach {
	uint16_t domain;    /* Number of the domain, or HSW_NONE. */
	uint16_t wire;      /* Number of the port at the other end, or HSW_NONE. */
	uint32_t mac_limit; /* Addresses that are learned there at most. */
};

/* A bridge domain: the keys of an item of `domains`. */
struct hsw_domain_spec {
	const char *name;
	bool flood; /* Frames for an unknown address go to all ports; else they are dropped. */
};

struct hsw_domain {
	const char *name; /* NULL: no domain has this number. */
	bool flood;
	uint16_t n_members;
	uint16_t *members; /* Port numbers. */
};

struct hsw_topology {
	uint16_t n_ports;
	uint16_t n_domains;        /* One more than the greatest number. */
	struct hsw_attach *attach; /* By port. */
	struct hsw_domain *domains;
	uint16_t *members; /* Of all domains, one after the other. */
};

/* How a port is connected: not at all, if the topology does not have it. */
static inline struct hsw_attach hsw_attach_at(const struct hsw_topology *topology, uint16_t port)
{
	if (port < topology->n_ports)
		return topology->attach[port];
	return (struct hsw_attach){ .domain = HSW_NONE, .wire = HSW_NONE };
}

/* The domains' names must outlive it. NULL: out of memory. */
struct hsw_topology *hsw_topology_create(const struct hsw_attach *attach, uint16_t n_ports,
					 const struct hsw_domain_spec *domains, uint16_t n_domains);
void hsw_topology_destroy(struct hsw_topology *topology);

#endif
