/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who is connected with whom: each port is in one bridge domain, or wired to one other port. Built
 * once from the configuration and never changed: workers read it through one pointer, so that a
 * changed one can be put in its place.
 */
#ifndef HSW_TOPOLOGY_H
#define HSW_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

/* struct hsw_attach: not wired, or in no domain. */
#define HSW_NONE UINT16_MAX

/* What a port is attached to: a domain or a wire. */
struct hsw_attach {
	uint16_t domain; /* Number of the domain, or HSW_NONE. */
	uint16_t wire;   /* Number of the port at the other end, or HSW_NONE. */
};

/* A bridge domain: the keys of an item of `domains`. */
struct hsw_domain_spec {
	const char *name;
	bool flood; /* Frames for an unknown address go to all ports; else they are dropped. */
};

struct hsw_domain {
	const char *name;
	bool flood;
	uint16_t n_members;
	uint16_t *members; /* Port numbers. */
};

struct hsw_topology {
	uint16_t n_ports;
	uint16_t n_domains;
	struct hsw_attach *attach; /* By port. */
	struct hsw_domain *domains;
	uint16_t *members; /* Of all domains, one after the other. */
};

/* The domains' names must outlive it. NULL: out of memory. */
struct hsw_topology *hsw_topology_create(const struct hsw_attach *attach, uint16_t n_ports,
					 const struct hsw_domain_spec *domains, uint16_t n_domains);
void hsw_topology_destroy(struct hsw_topology *topology);

#endif
