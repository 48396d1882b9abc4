/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's own part of the configuration file: its keys, beside the SDK's, and the checks that
 * go across them. host-switch.conf shows every key.
 */
#ifndef HSW_CONFIG_H
#define HSW_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <vnf/embed.h>

#include "topology.h"

/* An item of `wires`. */
struct hsw_wire_spec {
	const char *a;
	const char *b;
};

/* Top-level keys. */
struct hsw_config {
	uint64_t mac_table_size;        /* Addresses. */
	uint64_t ageing;                /* Nanoseconds. */
	struct vnf_config_list domains; /* struct hsw_domain_spec */
	struct vnf_config_list wires;   /* struct hsw_wire_spec */
	bool allow_old_vhost;
};

/* A port: the SDK's keys, then ours. */
struct hsw_port_spec {
	struct vnf_port_spec common; /* First. */
	const char *domain;
	uint32_t mac_limit;
};

extern const struct vnf_config_key hsw_config_keys[];
extern const struct vnf_config_key hsw_port_keys[];

/* struct vnf_program's check. */
void hsw_config_check(struct vnf_config *file, void *config, const struct vnf_config_list *ports,
		      void *user);

/* What a configuration without errors says about who is connected with whom; `ports` by number,
 * NULL where there is none; `before` is what is in force, or NULL. NULL: no memory.
 */
struct hsw_topology *hsw_config_topology(const struct hsw_config *config,
					 const struct hsw_port_spec *const *ports, uint16_t n_ports,
					 const struct hsw_topology *before);

#endif
