/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The control thread's side of the control socket: the instance's entry in the run directory, the
 * server's life, and the running of commands. See control.h for the way of a request.
 */

#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "control_server.h"
#include "control_socket.h"
#include "registry.h"
#include "vnf_priv.h"

struct control {
	struct registry registry;
	struct control_file file;
	struct control_queue todo, done;
	struct control_server server;
	bool served; /* the queues and the server's thread are there */
};

const struct vnf_config_key control_keys[] = {
	{ .name = "enabled",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct control_spec, enabled),
	  .def = "true",
	  .doc = "Serve a control socket, for vnfkit ctl." },
	{ .name = "socket",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct control_spec, socket),
	  .max = SOCKET_PATH_MAX,
	  .check = check_socket_path,
	  .doc = "Its path; without it NAME.ctl in the run directory (/run/vnfkit for root)." },
	{ .name = "owner",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct control_spec, owner),
	  .check = check_user,
	  .doc = "User that the socket is given to." },
	{ .name = "group",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct control_spec, group),
	  .check = check_group,
	  .doc = "Group that the socket is given to." },
	{ .name = "mode",
	  .type = VNF_CONFIG_MODE,
	  .offset = offsetof(struct control_spec, mode),
	  .def = "0600",
	  .doc = "Its file mode: who may write to it may run every command." },
	{ .name = NULL },
};

const char *control_name(const struct vnf *vnf)
{
	const struct control *control = vnf->control;

	return control != NULL && control->registry.lock_fd >= 0 ? control->registry.name : "";
}

const char *control_socket(const struct vnf *vnf)
{
	return vnf->control != NULL ? vnf->control->file.path : "";
}

int control_fd(const struct vnf *vnf)
{
	return vnf->control != NULL && vnf->control->served ? vnf->control->todo.fd : -1;
}

/* ---- start ---- */

static int server_open(struct control *control)
{
	int ret = queue_init(&control->todo);

	if (ret < 0)
		return ret;
	ret = queue_init(&control->done);
	if (ret < 0)
		goto fini_todo;
	control->server = (struct control_server){
		.listen_fd = control->file.fd,
		.todo = &control->todo,
		.done = &control->done,
	};
	ret = server_start(&control->server);
	if (ret < 0)
		goto fini_done;
	control->served = true;
	return 0;

fini_done:
	queue_fini(&control->done);
fini_todo:
	queue_fini(&control->todo);
	return ret;
}

/* 0 or -errno with a sentence in `why`. */
static int socket_open(struct control *control, const struct control_spec *spec, char *why,
		       size_t why_size)
{
	char path[RUN_PATH_MAX];
	bool own = spec->socket[0] == '\0';
	int ret;

	if (!own)
		snprintf(path, sizeof(path), "%s", spec->socket);
	else if (control->registry.lock_fd < 0 ||
		 registry_path(&control->registry, ".ctl", path, sizeof(path)) < 0)
		return 0; /* a warning has said so */
	ret = control_file_open(&control->file, path, own, spec, why, why_size);
	if (ret < 0)
		return ret;
	ret = server_open(control);
	if (ret < 0)
		snprintf(why, why_size, "its thread cannot be started: %s", strerror(-ret));
	return ret;
}

static json_t *entry_json(const struct vnf *vnf)
{
	const struct vnf_program *program = vnf->program;
	const char *runtime = rte_eal_get_runtime_dir();
	json_t *entry;
	char telemetry[512];

	snprintf(telemetry, sizeof(telemetry), "%s/dpdk_telemetry.v2", runtime);
	entry = json_pack("{ss ss ss si ss ss sI}", "name", control_name(vnf), "program",
			  program->name, "version",
			  program->version != NULL ? program->version : VNFKIT_VERSION, "pid",
			  (int)getpid(), "telemetry", telemetry, "prefix", vnf->prefix, "started",
			  (json_int_t)(vnf_clock_wall() / VNF_SECOND_NS));
	if (entry != NULL && control_socket(vnf)[0] != '\0')
		json_object_set_new(entry, "control", json_string(control_socket(vnf)));
	return entry;
}

static void entry_write(const struct vnf *vnf)
{
	const struct registry *registry = &vnf->control->registry;
	json_t *entry;
	int ret;

	if (registry->lock_fd < 0)
		return;
	entry = entry_json(vnf);
	ret = entry != NULL ? registry_write(registry, entry) : -ENOMEM;
	json_decref(entry);
	if (ret < 0)
		vnf_warning("control: no entry for this instance in %s: %s; vnfkit ctl finds it "
			    "only by --socket",
			    registry->dir, strerror(-ret));
}

static void instance_enter(struct vnf *vnf)
{
	struct registry *registry = &vnf->control->registry;
	char dir[RUN_PATH_MAX], why[2 * RUN_PATH_MAX];
	int ret = run_dir_path(dir, sizeof(dir));

	if (ret == 0)
		ret = registry_enter(registry, dir, vnf->spec->name, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "its path is too long");
	if (ret < 0)
		vnf_warning("control: no entry in the run directory: %s; vnfkit ctl will not find "
			    "this instance by its name; VNFKIT_RUN_DIR names another directory",
			    why);
}

int control_start(struct vnf *vnf)
{
	const struct control_spec *spec = &vnf->spec->control;
	char why[2 * RUN_PATH_MAX];
	int ret = 0;

	vnf->control = calloc(1, sizeof(*vnf->control));
	if (vnf->control == NULL)
		return -ENOMEM;
	vnf->control->registry.lock_fd = -1;
	vnf->control->file.fd = vnf->control->file.lock_fd = -1;
	instance_enter(vnf);
	if (spec->enabled)
		ret = socket_open(vnf->control, spec, why, sizeof(why));
	if (ret < 0 && spec->socket[0] != '\0') {
		vnf_error("control: %s", why);
		control_stop(vnf);
		return ret;
	}
	if (ret < 0)
		vnf_warning("control: no control socket: %s; VNFKIT_RUN_DIR names another "
			    "directory",
			    why);
	entry_write(vnf);
	if (vnf->control->served && control_name(vnf)[0] != '\0')
		vnf_info("control: vnfkit ctl -n %s", control_name(vnf));
	else if (vnf->control->served)
		vnf_info("control: vnfkit ctl --socket %s", control_socket(vnf));
	return 0;
}

/* ---- commands ---- */

static void refuse_unknown(struct control_job *job, const char *near)
{
	if (near != NULL)
		vnf_refuse(&job->why, -ENOENT,
			   "there is no command \"%.64s\", did you mean \"%s\"?", job->command,
			   near);
	else
		vnf_refuse(&job->why, -ENOENT,
			   "there is no command \"%.64s\"; \"commands\" lists those there are",
			   job->command);
}

static void command_run(struct vnf *vnf, const struct vnf_command *command, struct control_job *job)
{
	struct command_args args;

	if (command_args_decode(command, job->args, &args, &job->why) == 0) {
		job->result = command->run(vnf, args.data, &job->why);
		if (job->result == NULL && job->why.error >= 0)
			vnf_refuse(&job->why, -EIO, "%s failed, without saying why", command->name);
	}
	command_args_free(&args);
}

/* One that only looks is for the answer's sake: it ends with who waits for that. */
static void looking_run(struct vnf *vnf, const struct vnf_command *command, struct control_job *job)
{
	if (__atomic_load_n(&job->gone, __ATOMIC_ACQUIRE) != 0) {
		vnf_refuse(&job->why, -ECANCELED, "nobody waits for the answer");
		return;
	}
	vnf->asker_gone = &job->gone;
	command_run(vnf, command, job);
	vnf->asker_gone = NULL;
}

static void job_run(struct vnf *vnf, struct control_job *job)
{
	const char *near;
	const struct vnf_command *command = program_command_find(vnf->program, job->command, &near);

	if (command == NULL)
		refuse_unknown(job, near);
	else if (command->looks)
		looking_run(vnf, command, job);
	else
		command_run(vnf, command, job);
	queue_put(&vnf->control->done, job);
}

/* Not those that come meanwhile: the control thread has other things to do. A stop comes before
 * those that wait: control_stop() refuses them.
 */
void commands_run(struct vnf *vnf)
{
	struct control_job *job;

	if (control_fd(vnf) < 0)
		return;
	queue_woken(&vnf->control->todo);
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		if (vnf->stop_asked != NULL && vnf->stop_asked(vnf))
			return;
		job = queue_take(&vnf->control->todo);
		if (job == NULL)
			return;
		job_run(vnf, job);
	}
	queue_wake(&vnf->control->todo);
}

/* ---- stop ---- */

static void server_close(struct control *control)
{
	struct control_job *job;

	queue_close(&control->todo);
	while ((job = queue_take(&control->todo)) != NULL) {
		vnf_refuse(&job->why, -ESHUTDOWN, "the program is stopping");
		queue_put(&control->done, job);
	}
	server_stop(&control->server);
	queue_fini(&control->done);
	queue_fini(&control->todo);
	control->served = false;
}

void control_stop(struct vnf *vnf)
{
	struct control *control = vnf->control;

	if (control == NULL)
		return;
	if (control->served)
		server_close(control);
	control_file_close(&control->file);
	registry_leave(&control->registry);
	free(control);
	vnf->control = NULL;
}
