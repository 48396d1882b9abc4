/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A wire that lets no flow send more than so many packets a second, in each direction. What it
 * knows of a flow is a session: found by the packets of both directions, and ended when none came
 * for a minute. Sessions lie in slots, each of which is one worker's at a time; a packet that came
 * to another worker goes there. ARP, fragments and whatever else is no flow pass.
 */
#include <vnf/session.h>
#include <vnf/steer.h>
#include <vnf/vnf.h>

/* Of a tag: addresses in different VLANs are different hosts'. */
#define VLAN_ID 0xfff

/* A second's worth of packets may come at once: when will there be as many again? */
struct flow {
	uint64_t full_ns[2];
};

static const struct vnf_drop drops[] = { { "rate", "its flow sends too much" }, { 0 } };

static const struct vnf_config_key keys[] = {
	{ .name = "rate",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .min = 1,
	  .max = 1000000000,
	  .def = "1000",
	  .unit = "packets/s",
	  .doc = "What a flow may send in one direction." },
	{ .name = NULL },
};

static bool flow_table(const struct vnf *vnf, const void *config, uint32_t i,
		       struct vnf_sessions_conf *conf)
{
	static const struct vnf_session_class classes[] = { { "flow", 60 * VNF_SECOND_NS, 1 } };

	(void)vnf;
	(void)config;
	conf->name = "flows";
	conf->sessions = 100000;
	conf->key_size = sizeof(struct vnf_session_key6);
	conf->keys = 1;
	conf->user_size = sizeof(struct flow);
	conf->classes = classes;
	conf->n_classes = RTE_DIM(classes);
	return i == 0;
}

/* True: it may pass. */
static bool flow_take(uint64_t *full_ns, uint64_t now_ns, uint32_t rate)
{
	*full_ns = RTE_MAX(*full_ns, now_ns) + VNF_SECOND_NS / rate;
	if (*full_ns <= now_ns + VNF_SECOND_NS)
		return true;
	*full_ns -= VNF_SECOND_NS / rate;
	return false;
}

static inline vnf_verdict_t flow(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	const uint32_t *rate = worker->config;
	struct vnf_session_key6 key;
	struct vnf_session_hit hit;
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h), slot, direction;
	struct flow *flow;

	if (bad != 0)
		return VNF_DROP(bad);
	if ((h.flags & VNF_FRAGMENT) != 0 ||
	    !vnf_session_key_make(pkt, &h, h.vlan[0] & VLAN_ID, &key))
		return VNF_FORWARD(port ^ 1);
	slot = vnf_slot_of_pair(worker, pkt, &h);
	if (!vnf_slot_enter(worker, slot))
		return VNF_TO_SLOT(slot);
	direction = vnf_session_key6_normalise(&key);
	if (vnf_session_find(worker, worker->sessions[0], slot, &key, &hit) == NULL &&
	    vnf_session_create(worker, worker->sessions[0], slot, &key, 0, &hit) != 0)
		return VNF_FORWARD(port ^ 1);
	vnf_session_touch(worker, hit.session);
	flow = vnf_session_user(hit.session);
	if (!flow_take(&flow->full_ns[direction], worker->now_ns, *rate))
		return VNF_DROP(VNF_DROP_USER);
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(flow);

int main(int argc, char **argv)
{
	static const struct vnf_app app = { VNF_APP("flow-state"),  .burst = flow_burst,
					    .config = keys,         .config_size = sizeof(uint32_t),
					    .drops = drops,         .parts = { VNF_STEER },
					    .stateful = true,       .spread = VNF_SPREAD_PAIR,
					    .sessions = flow_table, .ports_min = 2,
					    .ports_max = 2 };

	return vnf_run(argc, argv, &app);
}
