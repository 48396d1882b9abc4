/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A wire that drops what goes to a port (of TCP, UDP, SCTP and so on) that the configuration lists.
 * The list is a key like those of the SDK: checked with the rest of the file, and changed while
 * packets flow.
 */
#include <vnf/packet.h>
#include <vnf/vnf.h>

static const struct vnf_drop drops[] = { { "rule", "its destination port is listed" }, { 0 } };

static const struct vnf_config_key keys[] = {
	{ .name = "drop_ports",
	  .type = VNF_CONFIG_U32S,
	  .flags = VNF_CONFIG_LIVE,
	  .doc = "Destination ports whose packets are dropped." },
	{ .name = NULL },
};

static inline vnf_verdict_t drop(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	const struct vnf_config_u32s *listed = worker->config;
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h);

	if (bad != 0)
		return VNF_DROP(bad);
	for (size_t i = 0; vnf_has_ports(&h) && i < listed->n; i++)
		if (listed->v[i] == rte_be_to_cpu_16(vnf_ports(pkt, &h)->dst))
			return VNF_DROP(VNF_DROP_USER);
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(drop);

int main(int argc, char **argv)
{
	static const struct vnf_app app = { VNF_APP("drop-by-rule"),
					    .burst = drop_burst,
					    .config = keys,
					    .drops = drops,
					    .config_size = sizeof(struct vnf_config_u32s),
					    .ports_min = 2,
					    .ports_max = 2 };

	return vnf_run(argc, argv, &app);
}
