/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf-firewall: a stateful firewall, in the wire or as a router. firewall.h has the map.
 */
#include "firewall.h"
#include "state.h"

static void firewall_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			   vnf_verdict_t *verdicts, uint16_t n)
{
	if (fw_policy_of(worker)->mode == FW_TRANSPARENT)
		fw_transparent_burst(worker, port, pkts, verdicts, n);
	else
		fw_routed_burst(worker, port, pkts, verdicts, n);
}

/* The first policy is in force from the first packet on; periods of later ones are set by a worker
 * that has taken them over (renew.c).
 */
static int firewall_build(struct vnf *vnf, struct vnf_config *file, const void *config,
			  void **built)
{
	struct vnf_sessions *tables[FW_TABLES] = { vnf_sessions_table(vnf, FW_IPV4),
						   vnf_sessions_table(vnf, FW_IPV6) };
	bool is_first = vnf_built(vnf) == NULL;
	int ret = fw_policy_build(vnf, file, config, built);

	if (ret == 0 && is_first)
		fw_policy_apply_periods(tables, *built);
	return ret;
}

static const struct vnf_drop drops[] = {
#define FW_DROP_ROW(id, name, doc) { name, doc },
	FW_DROPS(FW_DROP_ROW)
#undef FW_DROP_ROW
		{ 0 },
};

static const struct vnf_command commands[] = {
	{ .name = "explain",
	  .help = "What would become of a packet, and why.",
	  .args = fw_explain_keys,
	  .args_size = sizeof(struct fw_explain_args),
	  .looks = true,
	  .run = fw_command_explain },
	{ .name = "rules",
	  .help = "What each rule has matched so far, and when last.",
	  .run = fw_command_rules },
	{ .name = "sessions",
	  .help = "Sessions that stand; arguments choose which.",
	  .args = fw_sessions_keys,
	  .args_size = sizeof(struct fw_sessions_args),
	  .looks = true,
	  .run = fw_command_sessions },
	{ .name = "sources",
	  .help = "Sources with the most sessions; arguments choose which.",
	  .args = fw_sources_keys,
	  .args_size = sizeof(struct fw_sources_args),
	  .looks = true,
	  .run = fw_command_sources },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	const struct vnf_app app = {
		VNF_APP("firewall"),
		.summary = "A stateful firewall, in the wire or as a router.",
		.config = fw_keys,
		.config_size = fw_config_size,
		.check = fw_policy_check,
		.build = firewall_build,
		.discard = fw_policy_discard,
		.preview = fw_preview,
		.init = fw_state_init,
		.fini = fw_state_fini,
		.worker_init = fw_worker_init,
		.worker_fini = fw_worker_fini,
		.sessions = fw_state_tables,
		.memory = fw_state_bytes,
		.burst = firewall_burst,
		.tick = fw_renew_tick,
		.tick_us = 5000,
		.drops = drops,
		.commands = commands,
		.metrics = fw_metrics,
		.journal = fw_log_line,
		.parts = { VNF_IP_OPTIONAL, VNF_STEER, VNF_JOURNAL },
		.spread = VNF_SPREAD_PAIR,
		.stateful = true,
		.packets = VNF_FRAG_WAITING,
	};

	return vnf_run(argc, argv, &app);
}
