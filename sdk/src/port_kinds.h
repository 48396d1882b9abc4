/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kinds that the SDK brings along. The table of kinds (port.c) lists them; nothing else
 * needs to know them one by one. Each is defined in the file that bears its name.
 */
#ifndef VNF_PORT_KINDS_H
#define VNF_PORT_KINDS_H

#include <vnf/port.h>

extern const struct vnf_port_kind vnf_port_kind_virtio_user;
extern const struct vnf_port_kind vnf_port_kind_virtio;
extern const struct vnf_port_kind vnf_port_kind_nic;
extern const struct vnf_port_kind vnf_port_kind_tap;
extern const struct vnf_port_kind vnf_port_kind_af_packet;
extern const struct vnf_port_kind vnf_port_kind_pcap;
extern const struct vnf_port_kind vnf_port_kind_null;
extern const struct vnf_port_kind vnf_port_kind_gen;
extern const struct vnf_port_kind vnf_port_kind_sink;

/* The virtio kind's structure for a device that the command line names; freed by the caller,
 * `address` must outlive it. 0, or -errno with a sentence in `why`.
 */
int port_virtio_spec(const char *address, void **spec, char *why, size_t why_size);
/* enum vnf_offloads of the virtio kind's structure, and of virtio-user's. */
void port_virtio_set_offloads(void *spec, uint32_t offloads);
uint32_t port_virtio_user_offloads(const void *spec);

#endif
