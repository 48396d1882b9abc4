/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Inside the packet builder of vnf/test.h: how the files that add headers reach the packet. Every
 * function does nothing to a packet that has an error. No DPDK: what is built here is held against
 * DPDK's idea of it by the unit tests.
 */
#ifndef VNF_TEST_PACKET_H
#define VNF_TEST_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <vnf/test.h>

/* Values of struct vnf_test_layer's `kind`. */
enum tp_kind {
	TP_ETH,
	TP_VLAN,
	TP_ARP,
	TP_IPV4,
	TP_IPV6,
	TP_IPV6_EXT,
	TP_UDP,
	TP_TCP,
	TP_ICMP,
	TP_ICMPV6,
};

/* What a header is called by the one before it; TP_NOWHERE: it cannot follow such a one. */
struct tp_type {
	int ether; /* after Ethernet or a tag */
	int proto; /* after IP */
};

#define TP_NOWHERE (-1)

/* Where a header has a field. */
struct tp_field {
	uint8_t offset;
	uint8_t bytes; /* 0: it has none */
};

/* Make it empty. */
void vnf_tp_forget(struct vnf_test_packet *p);
/* Remember the error of public function `where`, unless there is one already. */
void vnf_tp_fail(struct vnf_test_packet *p, const char *where, int error);
/* Has it begun, and no error? Not to have begun is one. */
bool vnf_tp_good(struct vnf_test_packet *p, const char *where);
/* Room for octets at the end, all 0; NULL if it failed. */
uint8_t *vnf_tp_append(struct vnf_test_packet *p, const char *where, uint32_t bytes);
/* Append a header, and let the one before say so; NULL if it failed. */
uint8_t *vnf_tp_add(struct vnf_test_packet *p, const char *where, enum tp_kind kind, uint32_t bytes,
		    struct tp_type type);
/* Append options (NULL: octets of 1) to the last header, of this kind and `fixed` octets without
 * them; its first octet, or NULL if it failed.
 */
uint8_t *vnf_tp_options(struct vnf_test_packet *p, const char *where, enum tp_kind kind,
			uint32_t fixed, const void *options, uint32_t bytes);
/* The last header, if it is of this kind; else NULL, and it failed. */
uint8_t *vnf_tp_last(struct vnf_test_packet *p, const char *where, enum tp_kind kind);
/* The last IP header before layer `n`; NULL if there is none. */
const struct vnf_test_layer *vnf_tp_ip(const struct vnf_test_packet *p, uint16_t n);
/* Is the last IP header IPv6? */
bool vnf_tp_over_ipv6(const struct vnf_test_packet *p);
/* The first IP header of a finished packet; NULL if there is none, or it is not finished. */
const struct vnf_test_layer *vnf_tp_outer_ip(const struct vnf_test_packet *p);
/* Where a header has its fields. */
struct tp_field vnf_tp_next_field(uint8_t kind);
struct tp_field vnf_tp_length_field(uint8_t kind);
struct tp_field vnf_tp_checksum_field(uint8_t kind);

static inline void tp_put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void tp_put32(uint8_t *to, uint32_t value)
{
	tp_put16(to, value >> 16);
	tp_put16(to + 2, value);
}

#endif
