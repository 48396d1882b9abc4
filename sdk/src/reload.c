/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The order of a reload; see reload.h. Control thread. Two steps:
 *
 *     prepare   read, check, compare with what is in force, plan the ports, build: nothing is
 *               touched, and any error ends it
 *     commit    workers leave the ports that go; those are closed; the next generation is
 *               published; once all workers have it, new ports are opened, and the old one is
 *               given back
 *
 * A worker that does not end its pass keeps the commit waiting: it is then finished by
 * reload_poll(), and no other reload begins before that.
 */

#include "reload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "config_priv.h"
#include "service.h"

/* How long the one who asked waits for all workers. */
#define DEADLINE_NS 1000000000ULL
#define POLL_NS 100000
#define NS_PER_US 1000
#define AS_IT_WAS "everything is as it was"
#define CAPTURE_ENDED AS_IT_WAS ", but that the capture has ended"
#define NOT_PUT_BACK "not everything could be put back, see the log"

enum reload_state {
	RELOAD_NONE,
	RELOAD_PUBLISHED, /* the next generation waits for all workers */
	RELOAD_UNDONE,    /* ports could not be opened: the one before waits for them */
};

struct reload {
	struct generation *current; /* vnf->generation, as ours to release */
	struct generation *next;    /* while a reload is under way: published, or not yet */
	struct generation *last;    /* the one before, until all workers have left it */
	struct port_plan plan;
	json_t *changes;
	const struct loaded *level_of; /* whose level of the log is in force */
	int unfilled;      /* in the midst of an undoing: 0, or -errno and ports are left over */
	uint64_t token;    /* of the quiescent state that is waited for */
	uint64_t began_ns; /* the commit */
	enum reload_state state;
	char failed[1024]; /* why the commit failed, before the undoing logged more */
	bool live_ports;   /* the plan is made and to be followed */
	struct {
		uint64_t number, since_ns;
	} history[GENERATIONS_KEPT];
};

/* ---- start and stop ---- */

static void history_add(struct reload *r, const struct generation *g)
{
	r->history[g->number % GENERATIONS_KEPT].number = g->number;
	r->history[g->number % GENERATIONS_KEPT].since_ns = g->since_ns;
}

static const struct vnf_port_spec **specs_present(struct vnf *vnf)
{
	const struct vnf_port_spec **specs =
		calloc(vnf->n_ports + 1u, sizeof(struct vnf_port_spec *));

	for (uint16_t i = 0; specs != NULL && i < vnf->n_ports; i++)
		specs[i] = vnf->ports[i].port.spec;
	return specs;
}

static int build_on(struct vnf *vnf, struct generation *g, const struct port_plan *plan)
{
	const struct vnf_port_spec **specs;
	int ret;

	if (plan != NULL)
		return generation_build(vnf, g, plan->spec);
	specs = specs_present(vnf);
	ret = specs != NULL ? generation_build(vnf, g, specs) : -ENOMEM;
	free(specs);
	return ret;
}

int reload_start(struct vnf *vnf)
{
	struct generation *first;
	int ret;

	vnf->reload = calloc(1, sizeof(*vnf->reload));
	first = vnf->reload != NULL ? generation_create(vnf, vnf->base) : NULL;
	if (first == NULL)
		return -ENOMEM;
	vnf->reload->current = first;
	vnf->reload->level_of = vnf->base;
	ret = build_on(vnf, first, NULL);
	if (ret < 0)
		return ret;
	generation_publish(vnf, first);
	history_add(vnf->reload, first);
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		generation_take(&vnf->workers[i]);
	return 0;
}

static void drop_next(struct vnf *vnf)
{
	struct reload *r = vnf->reload;

	generation_destroy(vnf, r->next);
	r->next = NULL;
	if (r->live_ports)
		port_plan_drop(&r->plan);
	r->live_ports = false;
	json_decref(r->changes);
	r->changes = NULL;
}

void reload_stop(struct vnf *vnf)
{
	struct reload *r = vnf->reload;

	if (r == NULL)
		return;
	vnf->generation = NULL;
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		vnf->workers[i].rxqs = vnf->workers[i].first_rxqs;
		vnf->workers[i].n_rxqs = 0;
	}
	vnf->file = vnf->base->file;
	vnf->config = vnf->base->config;
	vnf->part_config = vnf->base->part_config;
	generation_destroy(vnf, r->last);
	drop_next(vnf);
	generation_destroy(vnf, r->current);
	free(r);
	vnf->reload = NULL;
}

/* ---- what changed ---- */

/* Of an item that has a name, that: it stands for the rest. */
static json_t *value_json(const struct cfg_node *node)
{
	json_t *value = node != NULL ? cfg_node_json(node) : json_null();
	json_t *name = json_object_get(value, "name");

	if (name == NULL)
		return value;
	json_incref(name);
	json_decref(value);
	return name;
}

struct compare {
	struct vnf *vnf;
	struct loaded *loaded;
	json_t *changes;
};

static void refuse_change(const struct compare *compare, const struct cfg_change *change)
{
	const struct cfg_node *node = change->after != NULL ? change->after : change->parent;
	struct vnf_config *file = compare->loaded->file;
	char path[512] = "";
	struct cfg_str str = CFG_STR(path);

	if (change->after == NULL) {
		cfg_str_path(&str, change->before, NULL);
		cfg_error_node(file, node, "%s is gone, which takes a restart", path);
	} else {
		cfg_error_node(file, node, "%s, which takes a restart",
			       change->before == NULL ? "is new" : "changed");
	}
}

static void change_note(void *arg, const struct cfg_change *change)
{
	const struct compare *compare = arg;
	const struct cfg_node *node = change->after != NULL ? change->after : change->before;
	const struct cfg_node *at = change->after != NULL ? change->after : change->parent;
	const struct cfg_token *token = &compare->loaded->file->text.tokens[at->token];
	char path[512] = "";
	struct cfg_str str = CFG_STR(path);

	if (!change->live) {
		refuse_change(compare, change);
		return;
	}
	cfg_str_path(&str, node, NULL);
	json_array_append_new(compare->changes,
			      json_pack("{ss so so ss si}", "key", path, "from",
					value_json(change->before), "to", value_json(change->after),
					"file", token->file, "line", (int)token->line));
}

/* ---- preparing ---- */

static json_t *refuse_errors(const struct vnf_config *file, struct vnf_refusal *why)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	json_t *none;

	if (stream == NULL)
		return vnf_refuse(why, -ENOMEM, "out of memory");
	vnf_config_print_errors(file, stream);
	fclose(stream);
	if (size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	none = vnf_refuse(why, -EINVAL, "%s", text);
	free(text);
	return none;
}

static json_t *refuse_late(const struct vnf *vnf, struct vnf_refusal *why)
{
	const struct worker *late = vnf->workers;

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (__atomic_load_n(&vnf->workers[i].pub.generation, __ATOMIC_RELAXED) !=
		    vnf->generation->number)
			late = &vnf->workers[i];
	return vnf_refuse(
		why, -EBUSY,
		"the reload before this one is not finished: worker %u still works by the "
		"configuration before, because a callback of its does not return",
		late->pub.id);
}

/* The new file, compared; its errors are told by the caller. */
static int prepare_file(struct vnf *vnf, struct loaded **loaded)
{
	struct reload *r = vnf->reload;
	struct compare compare = { vnf, NULL, NULL };
	int ret = loaded_read(vnf, loaded);

	if (ret < 0)
		return ret;
	r->changes = json_array();
	compare.loaded = *loaded;
	compare.changes = r->changes;
	ret = cfg_diff(r->current->loaded->file, (*loaded)->file, change_note, &compare);
	if (ret < 0)
		return ret;
	return vnf_config_error_count((*loaded)->file) == 0 ? 0 : -EINVAL;
}

static int prepare_next(struct vnf *vnf, struct loaded *loaded)
{
	struct reload *r = vnf->reload;
	int ret = 0;

	r->next = generation_create(vnf, loaded);
	if (r->next == NULL)
		return -ENOMEM;
	if (vnf->program->live_ports) {
		r->live_ports = true;
		ret = port_plan_make(vnf, loaded, &r->plan);
		if (ret == 0)
			ret = port_plan_queues(vnf, &r->plan, r->next);
	}
	return ret < 0 ? ret : build_on(vnf, r->next, r->live_ports ? &r->plan : NULL);
}

/* True: r->next stands ready. */
static bool prepare(struct vnf *vnf, struct vnf_refusal *why)
{
	struct loaded *loaded;
	int ret = prepare_file(vnf, &loaded);

	if (ret == 0)
		ret = prepare_next(vnf, loaded);
	if (ret < 0) {
		if (loaded != NULL && vnf_config_error_count(loaded->file) > 0)
			refuse_errors(loaded->file, why);
		else
			vnf_refuse(why, ret, "%s",
				   ret == -ENOMEM ? "out of memory" : log_last_error());
		drop_next(vnf);
	}
	loaded_put(loaded);
	return ret == 0;
}

/* ---- committing ---- */

static void changing(struct vnf *vnf, bool begins)
{
	if (begins)
		telemetry_pause();
	if (vnf->program->changing != NULL)
		vnf->program->changing(vnf, begins);
	if (!begins)
		telemetry_resume();
}

static void installed(struct vnf *vnf)
{
	if (vnf->program->installed != NULL)
		vnf->program->installed(vnf, vnf->generation->built);
	/* Tables that were built anew leave alone what somebody has set meanwhile. */
	if (!vnf->options.verbose && vnf->reload->level_of != vnf->generation->loaded)
		log_set_level(vnf->generation->loaded->spec->log_level + VNF_LOG_ERROR);
	vnf->reload->level_of = vnf->generation->loaded;
}

static void publish(struct vnf *vnf)
{
	struct generation *g = vnf->reload->current;

	if (vnf->program->installing != NULL)
		vnf->program->installing(vnf, g->built);
	generation_publish(vnf, g);
	history_add(vnf->reload, g);
	vnf->reload->token = rte_rcu_qsbr_start(vnf->qsbr);
	/* There this thread is all workers. */
	for (uint16_t i = 0; vnf->options.replay.on && i < vnf->n_workers; i++)
		generation_take(&vnf->workers[i]);
}

static void failed_note(struct reload *r)
{
	snprintf(r->failed, sizeof(r->failed), "%s", log_last_error());
}

/* All workers are back at the one before. -errno: not all ports could be put back. */
static int undo_end(struct vnf *vnf)
{
	struct reload *r = vnf->reload;
	int ret;

	r->state = RELOAD_NONE;
	changing(vnf, true);
	ret = port_plan_reinstate(vnf, &r->plan);
	if (r->unfilled == 0)
		vnf->n_ports = r->current->n_ports;
	else
		ret = r->unfilled;
	installed(vnf);
	changing(vnf, false);
	generation_destroy(vnf, r->last);
	r->last = NULL;
	return ret;
}

/* Ports that were to be opened cannot be: the one before is in force again, as a generation of its
 * own. It must find its ports as it knew them, if closed; they are opened when all workers are
 * back.
 */
static void undo_begin(struct vnf *vnf)
{
	struct reload *r = vnf->reload;
	struct generation *failed = r->current;

	r->unfilled = port_plan_unfill(vnf, &r->plan);
	r->current = r->last;
	r->last = failed;
	publish(vnf);
	r->state = RELOAD_UNDONE;
}

/* All workers have the new one. 0; or -errno, and undo_begin() is done. */
static int commit_end(struct vnf *vnf)
{
	struct reload *r = vnf->reload;
	int ret;

	r->state = RELOAD_NONE;
	changing(vnf, true);
	ret = r->live_ports ? port_plan_open(vnf, &r->plan) : 0;
	if (ret < 0) {
		failed_note(r);
		undo_begin(vnf);
	} else {
		if (r->live_ports)
			port_plan_finish(vnf, &r->plan);
		installed(vnf);
		generation_destroy(vnf, r->last);
		r->last = NULL;
	}
	changing(vnf, false);
	return ret;
}

static bool commit_try(struct vnf *vnf)
{
	return workers_have_passed(vnf, vnf->reload->token);
}

static void commit_publish(struct vnf *vnf)
{
	struct reload *r = vnf->reload;

	r->last = r->current;
	r->current = r->next;
	r->next = NULL;
	publish(vnf);
	r->state = RELOAD_PUBLISHED;
}

/* Nothing was published yet. */
static int unfill_and_reinstate(struct vnf *vnf)
{
	struct reload *r = vnf->reload;
	int unfilled = port_plan_unfill(vnf, &r->plan);
	int reinstated = port_plan_reinstate(vnf, &r->plan);

	if (unfilled == 0)
		vnf->n_ports = r->current->n_ports;
	return unfilled < 0 ? unfilled : reinstated;
}

/* Ports that go are closed, those that come stand ready. 0; or -errno and all is as before. */
static int commit_begin(struct vnf *vnf, const char **but)
{
	struct reload *r = vnf->reload;
	int ret = 0;

	r->began_ns = vnf_clock_now();
	changing(vnf, true);
	if (r->live_ports) {
		ret = port_plan_close(vnf, &r->plan);
		/* Its file has an interface for each port, by number. */
		if (ret == 0 && port_plan_renumbers(&r->plan) &&
		    capture_stop(vnf, CAPTURE_END_PORTS) == 0)
			*but = CAPTURE_ENDED;
		if (ret == 0)
			ret = port_plan_fill(vnf, &r->plan);
		failed_note(r);
		if (ret < 0 && ret != -ETIMEDOUT && unfill_and_reinstate(vnf) < 0)
			*but = NOT_PUT_BACK;
	}
	if (ret == 0)
		commit_publish(vnf);
	/* Not held while a worker is waited for: the control thread goes on with its duties. */
	changing(vnf, false);
	return ret;
}

static void nap(void)
{
	static const struct timespec t = { .tv_nsec = POLL_NS };

	nanosleep(&t, NULL);
}

/* False: a worker does not come, and reload_poll() goes on when it does. */
static bool workers_wait(struct vnf *vnf)
{
	uint64_t until = vnf_clock_now() + DEADLINE_NS;

	while (!commit_try(vnf)) {
		if (vnf_clock_now() > until)
			return false;
		nap();
	}
	return true;
}

/* 0; -EINPROGRESS; or -errno and all is as it was, unless `why` says otherwise. */
static int commit(struct vnf *vnf, const char **but)
{
	int ret = commit_begin(vnf, but);

	if (ret < 0)
		return ret;
	if (!workers_wait(vnf))
		return -EINPROGRESS;
	ret = commit_end(vnf);
	if (ret == 0)
		return 0;
	if (!workers_wait(vnf))
		*but = "a worker does not end its pass: the ports that were to change stay closed "
		       "until it does";
	else if (undo_end(vnf) < 0)
		*but = NOT_PUT_BACK;
	return ret;
}

/* ---- the one who asks ---- */

static json_t *answer(struct vnf *vnf, bool done)
{
	struct reload *r = vnf->reload;
	uint64_t number = done ? r->current->number : vnf->generations + 1;
	json_t *result = json_object();

	json_object_set_new(result, "generation", json_integer((json_int_t)number));
	json_object_set_new(result, "in_force", json_boolean(done && r->state == RELOAD_NONE));
	json_object_set(result, "changes", r->changes);
	if (r->live_ports)
		json_object_set_new(result, "ports", port_plan_json(vnf, &r->plan, done));
	if (done)
		json_object_set_new(
			result, "took_us",
			json_integer((json_int_t)((vnf_clock_now() - r->began_ns) / NS_PER_US)));
	return result;
}

/* What the program says of a dry run: the next generation stands ready, and will not be taken. */
static void preview_add(struct vnf *vnf, json_t *result)
{
	const struct vnf_program *program = vnf->program;
	json_t *preview =
		program->preview != NULL ? program->preview(vnf, vnf->reload->next->built) : NULL;

	if (preview != NULL)
		json_object_set_new(result, "preview", preview);
}

json_t *reload(struct vnf *vnf, bool dry_run, struct vnf_refusal *why)
{
	struct reload *r = vnf->reload;
	const char *but = AS_IT_WAS;
	json_t *result;
	int ret;

	if (r->state != RELOAD_NONE)
		return refuse_late(vnf, why);
	service_reloading();
	if (!prepare(vnf, why)) {
		service_ready();
		return NULL;
	}
	ret = dry_run ? 0 : commit(vnf, &but);
	service_ready();
	if (ret == 0 || ret == -EINPROGRESS)
		result = answer(vnf, !dry_run);
	else if (ret == -ETIMEDOUT)
		result = vnf_refuse(why, ret,
				    "a worker does not end its pass, so that it cannot "
				    "leave a port; " AS_IT_WAS);
	else
		result = vnf_refuse(why, ret, "%s; %s", r->failed, but);
	if (dry_run)
		preview_add(vnf, result);
	if (r->state == RELOAD_NONE)
		drop_next(vnf);
	return result;
}

static int rxqs_copy(const struct vnf *vnf, const struct generation *from, struct generation *to)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		size_t bytes = from->n_rxqs[i] * sizeof(*from->rxqs[i]);

		if (from->rxqs[i] == NULL)
			continue;
		to->rxqs[i] = malloc(bytes + 1);
		if (to->rxqs[i] == NULL)
			return -ENOMEM;
		memcpy(to->rxqs[i], from->rxqs[i], bytes);
		to->n_rxqs[i] = from->n_rxqs[i];
	}
	return 0;
}

/* From the file that is in force: what is wrong with it now is told, not held against it later. */
static int build_again(struct vnf *vnf, struct generation *next)
{
	struct vnf_config *file = next->loaded->file;
	size_t errors = vnf_config_error_count(file);
	int ret = build_on(vnf, next, NULL);

	if (vnf_config_error_count(file) > errors)
		vnf_config_print_errors(file, stderr);
	cfg_errors_forget(file, errors);
	return ret;
}

int reload_rebuild(struct vnf *vnf)
{
	struct reload *r = vnf->reload;
	const char *but = AS_IT_WAS;
	int ret;

	if (r->state != RELOAD_NONE)
		return -EBUSY;
	r->next = generation_create(vnf, r->current->loaded);
	if (r->next == NULL)
		return -ENOMEM;
	ret = rxqs_copy(vnf, r->current, r->next);
	if (ret == 0)
		ret = build_again(vnf, r->next);
	if (ret == 0)
		ret = commit(vnf, &but);
	/* reload_poll() goes on with it. */
	if (ret == -EINPROGRESS)
		return 0;
	drop_next(vnf);
	return ret;
}

/* The worker that was late has come. */
void reload_poll(struct vnf *vnf)
{
	struct reload *r = vnf->reload;

	if (r->state == RELOAD_NONE || !commit_try(vnf))
		return;
	if (r->state == RELOAD_UNDONE) {
		vnf_notice("reload: the workers are back; %s",
			   undo_end(vnf) == 0 ? AS_IT_WAS : NOT_PUT_BACK);
		drop_next(vnf);
		return;
	}
	if (commit_end(vnf) < 0) {
		vnf_error("reload: %s; it is undone", r->failed);
		return;
	}
	vnf_notice("reload: generation %" PRIu64 " is in force on all workers, after %" PRIu64
		   " ms",
		   r->current->number, (vnf_clock_now() - r->began_ns) / 1000000);
	drop_next(vnf);
}

static void lines_log(char *text)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		vnf_error("%s", line);
}

void reload_signal(struct vnf *vnf)
{
	struct vnf_refusal why = { 0 };
	json_t *result = reload(vnf, false, &why);

	if (result == NULL) {
		lines_log(why.text);
		vnf_error("SIGHUP: the configuration is not taken over; the one before stays in "
			  "force");
		return;
	}
	vnf_notice("SIGHUP: generation %" PRIu64 " %s, %zu changes", vnf->generation->number,
		   vnf->reload->state != RELOAD_NONE
			   ? "waits for a worker that does not end its pass"
			   : "is in force",
		   json_array_size(json_object_get(result, "changes")));
	json_decref(result);
}

static json_t *time_json(uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

json_t *reload_generations(struct vnf *vnf)
{
	const struct reload *r = vnf->reload;
	json_t *list = json_array();
	uint64_t newest = r->current->number;
	uint64_t number = newest < GENERATIONS_KEPT ? 1 : newest - GENERATIONS_KEPT + 1;

	for (; number <= newest; number++)
		json_array_append_new(
			list, json_pack("{sI so sI sb}", "generation", (json_int_t)number, "since",
					time_json(r->history[number % GENERATIONS_KEPT].since_ns),
					"packets", (json_int_t)generation_packets(vnf, number),
					"in_force", number == newest));
	return list;
}
