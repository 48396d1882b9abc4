/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Builds the immutable picture of domains, their members, and wires. Start-up; pure.
 */
#include "topology.h"

#include <stdlib.h>
#include <string.h>

static void domains_fill(struct hsw_topology *t, const struct hsw_domain_spec *specs)
{
	uint16_t *next = t->members;

	for (uint16_t d = 0; d < t->n_domains; d++) {
		struct hsw_domain *domain = &t->domains[d];

		domain->name = specs[d].name;
		domain->flood = specs[d].flood;
		domain->members = next;
		for (uint16_t p = 0; p < t->n_ports; p++)
			if (t->attach[p].domain == d)
				domain->members[domain->n_members++] = p;
		next += domain->n_members;
	}
}

struct hsw_topology *hsw_topology_create(const struct hsw_attach *attach, uint16_t n_ports,
					 const struct hsw_domain_spec *domains, uint16_t n_domains)
{
	struct hsw_topology *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->n_ports = n_ports;
	t->n_domains = n_domains;
	t->attach = calloc(n_ports, sizeof(*t->attach));
	t->domains = calloc(n_domains + 1u, sizeof(*t->domains));
	t->members = calloc(n_ports, sizeof(*t->members));
	if (t->attach == NULL || t->domains == NULL || t->members == NULL) {
		hsw_topology_destroy(t);
		return NULL;
	}
	memcpy(t->attach, attach, n_ports * sizeof(*attach));
	domains_fill(t, domains);
	return t;
}

void hsw_topology_destroy(struct hsw_topology *topology)
{
	if (topology == NULL)
		return;
	free(topology->attach);
	free(topology->domains);
	free(topology->members);
	free(topology);
}
