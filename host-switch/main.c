/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf-switch: a host switch for virtual machines and containers on vhost-user sockets. This file is
 * its table of contents; the way of a frame is in switch.c.
 */
#include "config.h"
#include "port_vhost.h"
#include "program.h"

static const struct vnf_port_kind *const port_kinds[] = {
	&hsw_port_kind_vhost_user,
	NULL,
};

static const struct vnf_program program = {
	VNF_PROGRAM("vnf-switch"),
	.summary = "Layer 2 switch between vhost-user guests, NICs and kernel interfaces.",
	.config = hsw_config_keys,
	.config_size = sizeof(struct hsw_config),
	.port_keys = hsw_port_keys,
	.port_size = sizeof(struct hsw_port_spec),
	.port_kinds = port_kinds,
	.drops = hsw_drops,
	.live_ports = true,
	.commands = hsw_commands,
	.metrics = hsw_metrics,
	.share_rx = true,
	.check = hsw_config_check,
	.init = hsw_init,
	.build = hsw_build,
	.discard = hsw_discard,
	.installing = hsw_installing,
	.installed = hsw_installed,
	.changing = hsw_changing,
	.peer_fault = hsw_peer_fault,
	.worker_init = hsw_worker_init,
	.pass = hsw_pass,
	.control = hsw_control,
	.link = hsw_link,
	.fini = hsw_fini,
};

int main(int argc, char **argv)
{
	return vnf_program_run(argc, argv, &program, NULL);
}
