/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF that does what none should: now and then a callback of its does not come back for a while.
 * For the tests of the watchdog. Which callback and how long is configured.
 */
#include <stddef.h>
#include <stdint.h>

#include <rte_pause.h>

#include <vnf/clock.h>
#include <vnf/timeout.h>
#include <vnf/vnf.h>

enum where {
	NOWHERE,
	PACKET,
	TICK,
	TIMEOUT,
};

static const char *const where_words[] = { "nowhere", "packet", "tick", "timeout", NULL };

struct config {
	uint32_t where;
	uint64_t busy;
};

static const struct vnf_config_key keys[] = {
	{ .name = "where",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct config, where),
	  .choices = where_words,
	  .def = "nowhere",
	  .doc = "The callback that is slow." },
	{ .name = "busy",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct config, busy),
	  .max = 10 * VNF_SECOND_NS,
	  .def = "400ms",
	  .doc = "For how long." },
	{ .name = NULL },
};

struct state {
	const struct config *config;
	struct vnf_timeouts *timeouts;
	struct vnf_timeout timeout;
};

static struct state state;

static void be_slow(enum where here)
{
	uint64_t began = vnf_clock_now();

	if (state.config->where != here)
		return;
	while (vnf_clock_now() - began < state.config->busy)
		rte_pause();
}

static inline vnf_verdict_t slow(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	(void)worker;
	(void)pkt;
	be_slow(PACKET);
	return VNF_FORWARD(port ^ 1);
}
VNF_PACKET(slow);

static void tick(struct vnf_worker *worker)
{
	(void)worker;
	be_slow(TICK);
}

static void expired(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	(void)worker;
	be_slow(TIMEOUT);
	vnf_timeout_start(state.timeouts, timeout, 0);
}

static const struct vnf_timeout_class class = { .period_ns = VNF_SECOND_NS, .expired = expired };

static int worker_init(struct vnf_worker *worker)
{
	int ret = vnf_timeouts_create(worker, &class, 1, &state.timeouts);

	state.config = vnf_config(worker->vnf);
	if (ret == 0)
		vnf_timeout_start(state.timeouts, &state.timeout, 0);
	return ret;
}

static void worker_fini(struct vnf_worker *worker)
{
	(void)worker;
	vnf_timeouts_destroy(state.timeouts);
}

int main(int argc, char **argv)
{
	static const struct vnf_app app = {
		VNF_APP("slow"),
		.burst = slow_burst,
		.config = keys,
		.config_size = sizeof(struct config),
		.worker_init = worker_init,
		.tick = tick,
		.tick_us = 1000000,
		.worker_fini = worker_fini,
		.ports_min = 2,
		.ports_max = 2,
	};

	return vnf_run(argc, argv, &app);
}
