/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf_run(): a struct vnf_app as a program whose loop is worker.c's. The order of life of its
 * callbacks: check, init, worker_init per worker, burst and tick, worker_fini per worker, fini.
 * Control thread only.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app_tables.h"
#include "reload.h"

/* What vnf_run() hands to the callbacks of struct vnf_program. */
struct app_run {
	const struct vnf_app *app;
	bool initialised; /* init succeeded, so fini is owed */
};

static struct app_run *run_of(const struct vnf *vnf)
{
	return vnf_user(vnf);
}

static void app_check(struct vnf_config *file, void *config, const struct vnf_config_list *ports,
		      void *user)
{
	const struct vnf_app *app = ((const struct app_run *)user)->app;

	(void)ports;
	if (app->check != NULL)
		app->check(file, config);
}

static int app_build(struct vnf *vnf, const struct vnf_build *from, void **built)
{
	const struct vnf_app *app = run_of(vnf)->app;

	return app->build != NULL ? app->build(vnf, from->file, from->config, built) : 0;
}

static void app_discard(struct vnf *vnf, void *built)
{
	const struct vnf_app *app = run_of(vnf)->app;

	if (app->discard != NULL)
		app->discard(vnf, built);
}

static void parts_worker_fini(struct worker *w)
{
	const struct vnf_program *program = w->pub.vnf->program;

	for (size_t i = VNF_PARTS_MAX; i-- > 0;) {
		const struct vnf_part *part = program_part(program, i);

		if (part == NULL || w->pub.part[part->slot] == NULL)
			continue;
		part->worker_fini(&w->pub);
		w->pub.part[part->slot] = NULL;
	}
}

/* The first generation is built by now, and was given to a worker without parts. */
static int parts_worker_init(struct worker *w)
{
	const struct vnf_program *program = w->pub.vnf->program;

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(program, i) != NULL; i++) {
		const struct vnf_part *part = program->parts[i];
		int ret = part->worker_init(&w->pub);

		if (ret < 0)
			return ret;
		if (part->take != NULL)
			part->take(&w->pub, w->pub.vnf->generation->part_built[part->slot]);
	}
	return 0;
}

static int app_worker_init(struct vnf_worker *worker)
{
	const struct vnf_app *app = run_of(worker->vnf)->app;
	struct worker *w = (struct worker *)worker;
	int ret;

	w->app = loop_create(worker->vnf, w, app);
	if (w->app == NULL)
		return -ENOMEM;
	tables_give(worker->vnf, worker);
	ret = parts_worker_init(w);
	if (ret == 0 && app->worker_init != NULL)
		ret = app->worker_init(&w->pub);
	if (ret < 0) {
		vnf_error("worker %u: worker_init: %s", w->pub.id, strerror(-ret));
		/* Not to be given to worker_fini: it was never whole. */
		parts_worker_fini(w);
		loop_destroy(w->app);
		w->app = NULL;
	}
	return ret;
}

static int parts_create(struct vnf *vnf)
{
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++) {
		const struct vnf_part *part = vnf->program->parts[i];
		int ret = part->create(vnf, &vnf->part_state[part->slot]);

		if (ret < 0)
			return ret;
	}
	return 0;
}

void parts_control(struct vnf *vnf)
{
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++)
		if (vnf->program->parts[i]->control != NULL)
			vnf->program->parts[i]->control(vnf);
}

static void parts_destroy(struct vnf *vnf)
{
	for (size_t i = VNF_PARTS_MAX; i-- > 0;) {
		const struct vnf_part *part = program_part(vnf->program, i);

		if (part == NULL || vnf->part_state[part->slot] == NULL)
			continue;
		part->destroy(vnf, vnf->part_state[part->slot]);
		vnf->part_state[part->slot] = NULL;
	}
}

static uint64_t app_memory(const struct vnf *vnf, const void *config)
{
	const struct vnf_app *app = run_of(vnf)->app;
	uint64_t bytes = tables_bytes(vnf, app);

	if (bytes == UINT64_MAX || app->memory == NULL)
		return bytes;
	return bytes + app->memory(vnf, config);
}

static int app_init(struct vnf *vnf)
{
	struct app_run *run = run_of(vnf);
	const struct vnf_app *app = run->app;
	void *state = NULL;
	int ret;

	ret = parts_create(vnf);
	if (ret == 0)
		ret = tables_create(vnf, app);
	if (ret < 0)
		return ret;
	if (app->init != NULL) {
		ret = app->init(vnf, &state);
		if (ret < 0) {
			vnf_error("%s: init: %s", app->name, strerror(-ret));
			return ret;
		}
	}
	run->initialised = true;
	vnf_set_state(vnf, state);
	return 0;
}

static void app_fini(struct vnf *vnf)
{
	const struct app_run *run = run_of(vnf);
	const struct vnf_app *app = run->app;

	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		struct worker *w = &vnf->workers[i];

		if (w->app != NULL && app->worker_fini != NULL)
			app->worker_fini(&w->pub);
	}
	/* What they hand over to each other then is still taken. */
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		parts_worker_fini(&vnf->workers[i]);
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		struct worker *w = &vnf->workers[i];

		loop_destroy(w->app);
		w->app = NULL;
	}
	reload_stop(vnf);
	if (run->initialised && app->fini != NULL)
		app->fini(vnf, vnf_state(vnf));
	tables_destroy(vnf);
	parts_destroy(vnf);
}

static int app_valid(const struct vnf_app *app)
{
	if (app->abi != VNF_ABI || app->size != sizeof(*app)) {
		fprintf(stderr,
			"%s: built for another libvnfkit (interface %u of %u bytes, this one has "
			"%u of %zu); rebuild it against this version's headers\n",
			app->abi == VNF_ABI ? app->name : "vnf", app->abi, app->size, VNF_ABI,
			sizeof(*app));
		return -EINVAL;
	}
	if (app->name == NULL || app->burst == NULL) {
		fprintf(stderr, "vnf: struct vnf_app has no name or no burst callback\n");
		return -EINVAL;
	}
	return 0;
}

int vnf_run(int argc, char *const *argv, const struct vnf_app *app)
{
	struct app_run run = { .app = app };
	struct vnf_program program;

	if (app_valid(app) < 0)
		return 2;
	program = (struct vnf_program){
		VNF_PROGRAM(app->name),
		.version = app->version,
		.summary = app->summary,
		.config = app->config,
		.config_size = app->config_size,
		.drops = app->drops,
		.commands = app->commands,
		.metrics = app->metrics,
		.journal = app->journal,
		.parts = app->parts,
		.ports_min = app->ports_min,
		.ports_max = app->ports_max,
		.stateful = app->stateful,
		.memory = app_memory,
		.spread = app->spread,
		.check = app_check,
		.init = app_init,
		.build = app->build != NULL ? app_build : NULL,
		.discard = app_discard,
		.preview = app->preview,
		.worker_init = app_worker_init,
		.pass = app_pass,
		.next_due = app_next_due,
		.fini = app_fini,
		.addresses = app->addresses,
		.packets = app->packets,
	};
	return vnf_program_run(argc, argv, &program, &run);
}
