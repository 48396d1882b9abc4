/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The part VNF_JOURNAL: its keys, the files that configurations name, start and stop of the writer.
 * See vnf/journal.h and journal_priv.h. Control thread, but for journal_take().
 */

#include "journal_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE_MAX 1000000

static struct journal *journal_of(const struct vnf *vnf)
{
	return vnf_part_state(vnf, PART_JOURNAL);
}

/* ---- configuration ---- */

static const struct vnf_config_key keys[] = {
	{ .name = "file",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct journal_spec, file),
	  .max = 511,
	  .doc = "File that events are appended to, one JSON object a line, such as "
		 "\"/var/log/vnfkit/NAME.jsonl\"; relative to the file that it is written in. Its "
		 "folder must be there. Without it nothing is logged." },
	{ .name = "rate",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct journal_spec, rate),
	  .min = 1,
	  .max = RATE_MAX,
	  .unit = "lines/s",
	  .def = "10000",
	  .doc = "Lines of all workers together; those of a second may come at once. What is "
		 "beyond is counted." },
	{ .name = "buffer",
	  .type = VNF_CONFIG_BYTES,
	  .offset = offsetof(struct journal_spec, buffer),
	  .min = 65536,
	  .max = 1ULL << 30,
	  .def = "4M",
	  .doc = "Memory of each worker for events that are not yet written, once there is a file; "
		 "rounded up to a power of two." },
	{ .name = NULL },
};

static const struct vnf_config_key journal_keys[] = {
	{ .name = "journal",
	  .type = VNF_CONFIG_GROUP,
	  .offset = offsetof(struct journal_section, journal),
	  .keys = keys,
	  .doc = "The log of events." },
	{ .name = NULL },
};

/* ---- what a configuration asks for ---- */

static int rings_create(struct journal *j, uint64_t bytes)
{
	for (uint16_t i = 0; i < j->n_workers; i++) {
		struct byte_ring *ring = &j->workers[i].ring;

		if (ring->base == NULL && byte_ring_init(ring, rte_align64pow2(bytes)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* It has no file yet. */
static int writer_start(struct journal *j)
{
	int error;

	if (j->direct || j->running)
		return 0;
	error = pthread_create(&j->thread, NULL, journal_writer_main, j);
	j->running = error == 0;
	return -error;
}

/* All that a journal needs that is on. 0 or -errno, after vnf_config_error(). */
static int target_prepare(struct journal *j, struct vnf_config *file,
			  const struct journal_spec *spec, struct journal_target *target)
{
	char path[PATH_MAX];
	int ret;

	vnf_config_path(file, &spec->file, path, sizeof(path));
	ret = journal_file_open(path, &target->file);
	if (ret < 0) {
		vnf_config_error(file, &spec->file, "cannot write to \"%s\": %s; %s", path,
				 strerror(-ret), journal_file_advice(-ret));
		return ret;
	}
	ret = rings_create(j, spec->buffer);
	if (ret < 0)
		vnf_config_error(file, &spec->buffer,
				 "no memory for %u buffers of %" PRIu64 " bytes; make it smaller",
				 j->n_workers, rte_align64pow2(spec->buffer));
	else if ((ret = writer_start(j)) < 0)
		vnf_config_error(file, &spec->file, "cannot start the thread that writes: %s",
				 strerror(-ret));
	return ret;
}

static void journal_discard(struct vnf *vnf, void *built)
{
	struct journal_target *target = built;

	(void)vnf;
	journal_file_destroy(target->file);
	free(target);
}

static int journal_build(struct vnf *vnf, const struct vnf_build *from, void **built)
{
	const struct journal_section *section = from->config;
	const struct journal_spec *spec = &section->journal;
	struct journal *j = journal_of(vnf);
	struct journal_target *target = calloc(1, sizeof(*target));
	int ret = 0;

	if (target == NULL)
		return -ENOMEM;
	target->number = ++j->targets;
	target->on = spec->file[0] != '\0';
	/* Rounded up, so that no more come than are allowed; the slack is as many, exactly. */
	target->interval_ns = (VNF_SECOND_NS + spec->rate - 1) / spec->rate;
	target->slack_ns = target->interval_ns * (spec->rate - 1);
	if (target->on)
		ret = target_prepare(j, from->file, spec, target);
	if (ret == 0)
		*built = target;
	else
		journal_discard(vnf, target);
	return ret;
}

/* ---- from one configuration to the next ---- */

static bool all_have(const struct journal *j, uint64_t number)
{
	for (uint16_t i = 0; i < j->n_workers; i++)
		/* Pairs with the release in journal_take(). */
		if (__atomic_load_n(&j->workers[i].taken, __ATOMIC_ACQUIRE) != number)
			return false;
	return true;
}

/* Ports of a program with parts do not change, so no reload is undone: a target is given once. If
 * the writer has not yet taken up the one before, that is skipped, unless it has the only file that
 * records in the rings could go to.
 */
static void target_give(struct journal *j, struct journal_target *target)
{
	if (target->file != NULL)
		target->file->kept = true;
	pthread_mutex_lock(&j->lock);
	j->then_off = target->file == NULL && j->next != NULL;
	if (!j->then_off) {
		journal_file_destroy(j->next);
		j->next = target->file;
	}
	j->has_next = true;
	pthread_mutex_unlock(&j->lock);
	target->file = NULL;
	j->given = target->number;
}

/* Once no worker goes by the one before: what it offers then has a file to go to, or nothing is
 * offered any more. `all_ended`: none goes by any.
 */
static void hand_over(struct journal *j, bool all_ended)
{
	struct journal_target *target;

	if (j->vnf->generation == NULL)
		return;
	target = vnf_part_built(j->vnf, PART_JOURNAL);
	if (target == NULL || target->number == j->given ||
	    !(all_ended || all_have(j, target->number)))
		return;
	target_give(j, target);
	if (j->direct)
		journal_go_over(j);
}

/* Worker. */
static void journal_take(struct vnf_worker *worker, void *built)
{
	const struct journal_target *target = built;
	struct vnf_journal_worker *w = worker->part[PART_JOURNAL];

	w->interval_ns = target->interval_ns;
	w->slack_ns = target->slack_ns;
	worker->journal = target->on ? w : NULL;
	/* Pairs with the acquire in all_have(): nothing is offered by the one before any more. */
	__atomic_store_n(&w->taken, target->number, __ATOMIC_RELEASE);
	/* There this is the control thread, and nobody else comes first. */
	if (w->journal->direct)
		hand_over(w->journal, false);
}

static void journal_control(struct vnf *vnf)
{
	struct journal *j = journal_of(vnf);

	hand_over(j, false);
	if (j->direct)
		journal_tell(j, vnf_clock_now(), false);
}

/* ---- start and stop ---- */

static int journal_create(struct vnf *vnf, void **state)
{
	size_t size = vnf->n_workers * sizeof(struct vnf_journal_worker);
	struct journal *j = aligned_alloc(BYTE_RING_LINE, sizeof(*j));

	if (vnf->program->journal == NULL) {
		vnf_error("journal: the program has VNF_JOURNAL among its parts, but no journal "
			  "callback");
		free(j);
		return -EINVAL;
	}
	if (j != NULL) {
		memset(j, 0, sizeof(*j));
		j->workers = aligned_alloc(BYTE_RING_LINE, size);
	}
	if (j == NULL || j->workers == NULL) {
		vnf_error("journal: out of memory");
		free(j);
		return -ENOMEM;
	}
	memset(j->workers, 0, size);
	j->vnf = vnf;
	j->n_workers = vnf->n_workers;
	j->direct = clock_is_virtual();
	pthread_mutex_init(&j->lock, NULL);
	*state = j;
	return 0;
}

static int journal_worker_init(struct vnf_worker *worker)
{
	struct journal *j = journal_of(worker->vnf);

	j->workers[worker->id].journal = j;
	worker->part[PART_JOURNAL] = &j->workers[worker->id];
	return 0;
}

static void losses_report(const struct journal *j)
{
	uint64_t lost[JOURNAL_LOSSES], all = 0;

	for (int i = 0; i < JOURNAL_LOSSES; i++) {
		lost[i] = journal_lost(j, (enum journal_loss)i);
		all += lost[i];
	}
	if (all != 0)
		vnf_warning("journal: %" PRIu64 " lines were written; lost were %" PRIu64
			    " over the rate, %" PRIu64 " for a full ring, %" PRIu64
			    " as they could not be written",
			    journal_read(&j->written), lost[JOURNAL_RATE], lost[JOURNAL_RING],
			    lost[JOURNAL_FILE]);
}

/* Workers have ended: all that they offered is written, or lost. */
static void writer_stop(struct journal *j)
{
	hand_over(j, true);
	if (j->running) {
		/* Pairs with the acquire in journal_writer_main(). */
		__atomic_store_n(&j->stop, 1, __ATOMIC_RELEASE);
		pthread_join(j->thread, NULL);
		j->running = false;
		losses_report(j);
	} else if (j->direct && j->file != NULL) {
		journal_end(j);
		losses_report(j);
	}
}

/* By now the application has said its last word, on all workers; and it is still there to make
 * lines of it.
 */
static void journal_worker_fini(struct vnf_worker *worker)
{
	writer_stop(journal_of(worker->vnf));
	worker->journal = NULL;
}

static void journal_destroy(struct vnf *vnf, void *state)
{
	struct journal *j = state;

	(void)vnf;
	writer_stop(j);
	for (uint16_t i = 0; i < j->n_workers; i++)
		byte_ring_fini(&j->workers[i].ring);
	journal_file_destroy(j->next);
	pthread_mutex_destroy(&j->lock);
	free(j->workers);
	free(j);
}

const struct vnf_part vnf_journal_part = {
	.slot = PART_JOURNAL,
	.title = "Journal",
	.config = journal_keys,
	.config_size = sizeof(struct journal_section),
	.commands = journal_commands,
	.metrics = journal_metrics,
	.create = journal_create,
	.build = journal_build,
	.worker_init = journal_worker_init,
	.take = journal_take,
	.control = journal_control,
	.worker_fini = journal_worker_fini,
	.discard = journal_discard,
	.destroy = journal_destroy,
};
