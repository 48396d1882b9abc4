/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's part of the metrics page, beside drops by reason and the tables of sessions, which
 * are the SDK's. A thread of the page's own.
 */
#include "state.h"

enum { METRIC_HALF_OPEN, METRIC_UNCOUNTED };

static void collect(struct vnf *vnf, const struct vnf_metric *metric, struct vnf_metrics_page *page)
{
	const struct fw_state *s = vnf_state(vnf);
	struct fw_limits_now now;

	fw_limits_read(s->limits, &now);
	vnf_metrics_put(page,
			(int64_t)(metric->tag == METRIC_HALF_OPEN ? now.half_open : now.uncounted),
			NULL);
}

const struct vnf_metric fw_metrics[] = {
	{ .name = "firewall_half_open",
	  .help = "Sessions that are not answered yet, of both IP versions.",
	  .tag = METRIC_HALF_OPEN,
	  .collect = collect },
	{ .name = "firewall_sources_uncounted",
	  .help = "Sessions that no limit of their source saw, as there was no room to count them.",
	  .counter = true,
	  .tag = METRIC_UNCOUNTED,
	  .collect = collect },
	{ .name = NULL },
};
