/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who sent a packet to whom, as far as the first octets of it tell: for people, not for decisions.
 * Any octets are fine. No DPDK calls.
 */
#ifndef VNF_PACKET_SUMMARY_H
#define VNF_PACKET_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet_summary {
	bool has_ethernet;
	uint8_t dst[6];
	uint8_t src[6];
	bool has_vlan; /* of the outermost tag */
	uint16_t vlan;
	uint16_t type;      /* behind at most two tags */
	uint8_t version;    /* 4 or 6; 0: no whole IP header */
	uint8_t ip_src[16]; /* the first 4 octets of version 4 */
	uint8_t ip_dst[16];
	uint8_t protocol; /* behind extension headers */
	bool has_ports;
	uint16_t src_port;
	uint16_t dst_port;
};

void packet_summarise(const uint8_t *octets, size_t n, struct packet_summary *summary);

#endif
