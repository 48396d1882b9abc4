/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the journal tells of itself: its command, on the control thread, and its metrics.
 */

#include "journal_priv.h"

#include <string.h>

static const struct journal *journal_of(const struct vnf *vnf)
{
	return vnf_part_state(vnf, PART_JOURNAL);
}

static json_t *lost_json(const struct journal *j)
{
	json_t *lost = json_object();

	for (int i = 0; i < JOURNAL_LOSSES; i++)
		json_object_set_new(
			lost, journal_loss_names[i],
			json_integer((json_int_t)journal_lost(j, (enum journal_loss)i)));
	return lost;
}

static json_t *journal_run(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct journal_section *section = vnf_part_config(vnf, PART_JOURNAL);
	const struct journal *j = journal_of(vnf);
	uint32_t error = __atomic_load_n(&j->error, __ATOMIC_RELAXED);

	(void)args;
	(void)why;
	return json_pack("{ss si sI so so}", "file", section->journal.file, "rate",
			 section->journal.rate, "written", (json_int_t)journal_read(&j->written),
			 "lost", lost_json(j), "error",
			 error != 0 ? json_string(strerror((int)error)) : json_null());
}

const struct vnf_command journal_commands[] = {
	{ .name = "journal",
	  .help = "The log of events: its file, lines written, lines lost and why.",
	  .run = journal_run },
	{ .name = NULL },
};

static void lines_collect(struct vnf *vnf, const struct vnf_metric *metric,
			  struct vnf_metrics_page *page)
{
	(void)metric;
	vnf_metrics_put(page, (int64_t)journal_read(&journal_of(vnf)->written), NULL);
}

static void lost_collect(struct vnf *vnf, const struct vnf_metric *metric,
			 struct vnf_metrics_page *page)
{
	const struct journal *j = journal_of(vnf);

	(void)metric;
	for (int i = 0; i < JOURNAL_LOSSES; i++)
		vnf_metrics_put(page, (int64_t)journal_lost(j, (enum journal_loss)i), "by",
				journal_loss_names[i], NULL);
}

const struct vnf_metric journal_metrics[] = {
	{ .name = "journal_lines",
	  .help = "Lines of events that were written.",
	  .counter = true,
	  .collect = lines_collect },
	{ .name = "journal_lost",
	  .help = "Events that were not written: over the rate, no room in the ring, or the file "
		  "could not be written.",
	  .counter = true,
	  .collect = lost_collect },
	{ .name = NULL },
};
