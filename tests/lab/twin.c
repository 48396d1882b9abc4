/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF whose configuration has two halves that must go together, for the tests of reloads: `mark`
 * as the worker reads it, and `twin` in what was built. Each burst looks that they are of one file;
 * a packet that met two of them is dropped as "mixed". Forwards from an even port to the next one.
 */
#include <stdlib.h>

#include <rte_pause.h>

#include <vnf/clock.h>
#include <vnf/log.h>
#include <vnf/vnf.h>

enum {
	DROP_MIXED = VNF_DROP_USER,
};

struct config {
	uint32_t mark;
	uint32_t twin;
	uint32_t fixed;
	bool refuse;
	uint64_t stall;
};

static const struct vnf_config_key keys[] = {
	{ .name = "mark",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct config, mark),
	  .doc = "One half." },
	{ .name = "twin",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct config, twin),
	  .doc = "The other." },
	{ .name = "fixed",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct config, fixed),
	  .doc = "May not change." },
	{ .name = "refuse",
	  .type = VNF_CONFIG_BOOL,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct config, refuse),
	  .def = "false",
	  .doc = "Cannot be built." },
	{ .name = "stall",
	  .type = VNF_CONFIG_DURATION,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct config, stall),
	  .def = "0",
	  .doc = "How long the first burst takes." },
	{ .name = NULL },
};

static const struct vnf_drop drops[] = {
	{ "mixed", "met two configurations" },
	{ NULL, NULL },
};

/* What a configuration comes to; large, so that one that is not given back is seen. */
struct built {
	uint32_t twin;
	uint64_t stall;
	char room[64 << 10];
};

static int twin_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	const struct config *c = config;
	struct built *b;

	(void)vnf;
	if (c->refuse) {
		vnf_config_error(file, &c->refuse, "is true, which cannot be built");
		return -1;
	}
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(b->room); i += 4096)
		b->room[i] = 1;
	b->twin = c->twin;
	b->stall = c->stall;
	*built = b;
	return 0;
}

static void twin_discard(struct vnf *vnf, void *built)
{
	struct built *b = built;

	(void)vnf;
	b->twin = ~b->twin;
	free(b);
}

static int twin_worker_init(struct vnf_worker *worker)
{
	static uint64_t seen[64];

	worker->state = &seen[worker->id];
	return 0;
}

/* What it works by is still there. */
static void twin_worker_fini(struct vnf_worker *worker)
{
	const struct config *config = worker->config;
	const struct built *built = worker->built;

	if (built->twin != config->mark)
		vnf_error("worker %u ends with two configurations", worker->id);
}

static void stall(uint64_t ns)
{
	uint64_t until = vnf_clock_now() + ns;

	while (vnf_clock_now() < until)
		rte_pause();
}

static void twin_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		       vnf_verdict_t *verdicts, uint16_t n)
{
	const struct config *config = worker->config;
	const struct built *built = worker->built;
	uint64_t *seen = worker->state;
	uint64_t generation = worker->generation;
	uint32_t mark = config->mark;

	(void)pkts;
	if (*seen != generation && built->stall > 0)
		stall(built->stall);
	*seen = generation;
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = built->twin == mark && worker->generation == generation
				      ? VNF_FORWARD(port ^ 1)
				      : VNF_DROP(DROP_MIXED);
}

static const struct vnf_app app = {
	VNF_APP("twin"),
	.summary = "Looks that no packet meets two configurations.",
	.config = keys,
	.config_size = sizeof(struct config),
	.drops = drops,
	.ports_min = 2,
	.build = twin_build,
	.discard = twin_discard,
	.worker_init = twin_worker_init,
	.worker_fini = twin_worker_fini,
	.burst = twin_burst,
};

int main(int argc, char **argv)
{
	return vnf_run(argc, argv, &app);
}
