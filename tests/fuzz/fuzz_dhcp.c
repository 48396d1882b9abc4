/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for what reads a DHCP server's messages: what it takes must make sense. The MAC
 * address is the message's own, so that not all are refused for it.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp.h"
#include "must.h"

/* The gateway of the route: in the subnet, or by a route before it. */
static bool is_on_link(const struct dhcp_lease *lease, uint32_t route)
{
	rte_be32_t via = lease->route[route].via;
	bool is = dhcp_is_in(via, lease->address, lease->length);

	for (uint32_t i = 0; i < route && !is; i++)
		is = lease->route[i].via == 0 &&
		     dhcp_is_in(via, lease->route[i].prefix, lease->route[i].length);
	return is;
}

static void lease_check(const struct dhcp_lease *lease)
{
	must(dhcp_is_host(lease->address));
	must(lease->length >= 1 && lease->length <= 32);
	must(lease->mtu == 0 || lease->mtu >= 68);
	must(lease->n_routes <= DHCP_ROUTES_MAX);
	for (uint32_t i = 0; i < lease->n_routes; i++) {
		const struct dhcp_route *route = &lease->route[i];

		must(route->length <= 32);
		must(route->via != lease->address);
		must(route->via == 0 || (dhcp_is_host(route->via) && is_on_link(lease, i)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t mac[DHCP_MAC_BYTES] = { 0 };
	struct dhcp_reply reply;
	uint8_t *exact = malloc(size + 1);

	must(exact != NULL);
	memcpy(exact, data, size);
	if (size >= DHCP_CHADDR_AT + sizeof(mac))
		memcpy(mac, data + DHCP_CHADDR_AT, sizeof(mac));
	if (dhcp_parse(exact, size, mac, &reply) == 0) {
		must(dhcp_is_host(reply.server));
		if (reply.type != DHCP_NAK) {
			must(reply.lease_s >= DHCP_LEASE_MIN_S);
			must(reply.lease_s == DHCP_FOREVER ||
			     (reply.t1_s < reply.t2_s && reply.t2_s < reply.lease_s));
			lease_check(&reply.lease);
		}
	}
	free(exact);
	return 0;
}
