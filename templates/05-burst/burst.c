/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A wire that drops packets whose payload begins with a word. The SDK has the first 64 octets of
 * each packet fetched, but a payload begins later: so this VNF takes bursts rather than packets,
 * has the next 64 octets of all of them fetched, and then looks at one after the other without
 * waiting.
 */
#include <rte_prefetch.h>

#include <vnf/packet.h>
#include <vnf/vnf.h>

static const struct vnf_config_key keys[] = {
	{ .name = "word",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED | VNF_CONFIG_LIVE,
	  .max = 64,
	  .doc = "Packets whose payload begins so are dropped." },
	{ .name = NULL },
};

static inline vnf_verdict_t look(const char *word, uint16_t port, struct rte_mbuf *pkt)
{
	char begins[64];
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h);
	struct vnf_cursor c = vnf_cursor_at(pkt, h.payload, h.end);

	if (bad != 0)
		return VNF_DROP(bad);
	if (vnf_cursor_copy(&c, begins, strlen(word)) && memcmp(begins, word, strlen(word)) == 0)
		return VNF_DROP(VNF_DROP_APPLICATION);
	return VNF_FORWARD(port ^ 1);
}

static void look_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		       vnf_verdict_t *verdicts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod_offset(pkts[i], void *, 64));
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = look(*(const char *const *)worker->config, port, pkts[i]);
}

int main(int argc, char **argv)
{
	static const struct vnf_app app = { VNF_APP("burst"), .burst = look_burst,
					    .config = keys,   .config_size = sizeof(char *),
					    .ports_min = 2,   .ports_max = 2 };

	return vnf_run(argc, argv, &app);
}
