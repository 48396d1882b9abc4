/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Ticks by stage, for programs that were built with the option `stages`; see vnf/stage.h. A worker
 * finds its counts by a thread-local pointer, so that what is measured needs no further argument.
 */

#include <vnf/stage.h>

#include "vnf_priv.h"

#define TRIALS 1000

static __thread struct vnf_stages *here;

struct vnf_stages *vnf_stages_here(void)
{
	return here;
}

/* What a stage costs in which nothing happens is taken off again by who reads the numbers. */
static void empty_measure(struct vnf_stages *stages)
{
	vnf_stage_begin();
	for (unsigned int i = 0; i < TRIALS; i++)
		vnf_stage_end(VNF_STAGE_RX, 0);
	stages->empty = stages->stage[VNF_STAGE_RX].ticks / TRIALS;
	memset(stages->stage, 0, sizeof(stages->stage));
}

void stages_start(struct vnf_stages *stages)
{
	here = stages;
	empty_measure(stages);
}
