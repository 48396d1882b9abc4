/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf-nat: a NAT for IPv4 (NAPT44). See nat.h for how it is put together, docs/nat.md for how it is
 * used.
 */
#include "nat.h"
#include "walk.h"

static void nat_discard(struct vnf *vnf, void *built)
{
	nat_metrics_forget(vnf, built);
	nat_policy_discard(vnf, built);
}

static const struct vnf_drop drops[] = {
#define NAT_DROP_ROW(id, name, doc) { name, doc },
	NAT_DROPS(NAT_DROP_ROW)
#undef NAT_DROP_ROW
		{ 0 },
};

static const struct vnf_command commands[] = {
	{ .name = "explain",
	  .help = "What would become of a packet, and why.",
	  .args = nat_explain_keys,
	  .args_size = sizeof(struct nat_explain_args),
	  .looks = true,
	  .run = nat_command_explain },
	{ .name = "hosts",
	  .help = "Inside hosts with the most ports or sessions; arguments choose which.",
	  .args = nat_hosts_keys,
	  .args_size = sizeof(struct nat_hosts_args),
	  .looks = true,
	  .run = nat_command_hosts },
	{ .name = "mappings",
	  .help = "Which inside endpoint has which external one; arguments choose which.",
	  .args = nat_mappings_keys,
	  .args_size = sizeof(struct nat_mappings_args),
	  .looks = true,
	  .run = nat_command_mappings },
	{ .name = "pools",
	  .help = "How much of each pool and external address is in use.",
	  .args = nat_pools_keys,
	  .args_size = sizeof(struct nat_pools_args),
	  .looks = true,
	  .run = nat_command_pools },
	{ .name = "sessions",
	  .help = "Sessions that stand; arguments choose which.",
	  .args = nat_sessions_keys,
	  .args_size = sizeof(struct nat_sessions_args),
	  .looks = true,
	  .run = nat_command_sessions },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	const struct vnf_app app = {
		VNF_APP("nat"),
		.summary = "A NAT for IPv4, between an inside and an outside.",
		.config = nat_keys,
		.config_size = nat_config_size,
		.check = nat_policy_check,
		.build = nat_policy_build,
		.discard = nat_discard,
		.addresses = nat_policy_addresses,
		.init = nat_state_init,
		.fini = nat_state_fini,
		.worker_init = nat_worker_init,
		.worker_fini = nat_worker_fini,
		.sessions = nat_state_tables,
		.memory = nat_state_bytes,
		.burst = nat_burst,
		.tick = nat_tick,
		.tick_us = 5000,
		.drops = drops,
		.commands = commands,
		.metrics = nat_metrics,
		.journal = nat_log_line,
		.parts = { VNF_IP, VNF_STEER, VNF_JOURNAL },
		.spread = VNF_SPREAD_OWN,
		.stateful = true,
		.packets = VNF_FRAG_WAITING + NAT_HELD_MAX,
	};

	return vnf_run(argc, argv, &app);
}
