/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Messages of DHCP for IPv4, as a client writes and reads them: RFC 2131 and 2132, long options by
 * RFC 3396, classless routes by RFC 3442. What comes in is a stranger's: dhcp_parse() returns only
 * what is whole and makes sense. No state, no DPDK calls; any thread.
 */
#ifndef VNF_DHCP_H
#define VNF_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
/* A message as it is read at most, and as it is written: RFC 951 has no shorter ones. */
#define DHCP_READ_MAX 1472
#define DHCP_WRITE_BYTES 300
/* Where a message has the client's MAC address. */
#define DHCP_CHADDR_AT 28
#define DHCP_MAC_BYTES 6
/* Routes of a lease; others are left out. */
#define DHCP_ROUTES_MAX 32
#define DHCP_FOREVER UINT32_MAX
/* Shorter leases and renewals are taken for these: a server must not keep us busy. */
#define DHCP_LEASE_MIN_S 30
#define DHCP_RENEW_MIN_S 10

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
};

struct dhcp_route {
	rte_be32_t prefix; /* without bits beyond its length */
	rte_be32_t via;    /* in the lease's subnet; 0: on the link */
	uint8_t length;
};

/* What is built into tables. */
struct dhcp_lease {
	rte_be32_t address;
	uint8_t length; /* of the subnet, 1 to 32 */
	uint8_t n_routes;
	uint16_t mtu; /* 0: not said */
	struct dhcp_route route[DHCP_ROUTES_MAX];
};

/* A server's message. */
struct dhcp_reply {
	enum dhcp_type type; /* OFFER, ACK or NAK */
	uint32_t xid;
	rte_be32_t server;
	/* Seconds, t1 < t2 < lease; or all DHCP_FOREVER. Like the lease, not of a NAK. */
	uint32_t lease_s, t1_s, t2_s;
	struct dhcp_lease lease;
};

/* A client's message. Addresses that are 0 are not said. */
struct dhcp_request {
	enum dhcp_type type;
	uint32_t xid;
	uint16_t secs;
	uint16_t octets_max; /* IP packets that it can receive */
	const uint8_t *mac;
	rte_be32_t client; /* the address that it has */
	rte_be32_t wanted;
	rte_be32_t server;
};

/* May this be an address of a host? Not 0/8, 127/8, groups, nor what is beyond. */
bool dhcp_is_host(rte_be32_t address);
bool dhcp_is_in(rte_be32_t address, rte_be32_t prefix, uint8_t length);
bool dhcp_lease_equal(const struct dhcp_lease *one, const struct dhcp_lease *other);
/* Read a server's message to the client with this MAC address. 0; -EINVAL: none, or broken. */
int dhcp_parse(const uint8_t *octets, size_t n, const uint8_t *mac, struct dhcp_reply *reply);
/* Write a message of DHCP_WRITE_BYTES. */
void dhcp_write(const struct dhcp_request *request, uint8_t *octets);

#endif
