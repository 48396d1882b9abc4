/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Names of drop reasons, one worker's counters, and their sum as a ledger. Counters are allocated
 * per worker so that no two workers write to one cache line. No DPDK calls.
 */

#include "vnf_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const sdk_drops[] = {
#define DROP_NAME(id, name, doc) name,
	VNF_DROP_REASONS(DROP_NAME)
#undef DROP_NAME
};

static bool name_valid(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

int drop_names_init(struct drop_names *names, const struct vnf_drop *own)
{
	memset(names, 0, sizeof(*names));
	for (; names->n < VNF_DROP_USER; names->n++)
		names->name[names->n] = sdk_drops[names->n];
	for (; own != NULL && own->name != NULL; own++) {
		if (names->n == VNF_DROPS_MAX)
			return -E2BIG;
		if (!name_valid(own->name))
			return -EINVAL;
		names->name[names->n++] = own->name;
	}
	return 0;
}

int counters_init(struct vnf_worker_counters *counters, uint16_t n_ports)
{
	size_t size = n_ports * sizeof(struct vnf_port_counters);

	memset(counters, 0, sizeof(*counters));
	counters->port = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (counters->port == NULL)
		return -ENOMEM;
	memset(counters->port, 0, size);
	return 0;
}

void counters_fini(struct vnf_worker_counters *counters)
{
	free(counters->port);
	counters->port = NULL;
}

void counters_ledger(const struct vnf_worker_counters *counters, uint16_t n_ports,
		     struct vnf_ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
	ledger->created = counters->created;
	ledger->handed_in = counters->handed_in;
	ledger->handed_out = counters->handed_out;
	ledger->held = counters->held;
	for (uint16_t i = 0; i < n_ports; i++) {
		const struct vnf_port_counters *p = &counters->port[i];

		ledger->rx += p->rx_packets;
		ledger->tx += p->tx_packets;
		for (uint32_t r = 0; r < VNF_DROPS_MAX; r++)
			ledger->drops += p->drops[r];
	}
}
