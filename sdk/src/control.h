/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The control socket as the SDK's own files see it: what program.c calls, and the tables of
 * commands that are offered beside the program's own. A new group of commands is a file
 * command_NAME.c with its table, declared here, and one line in sdk_tables[] of command_table.c.
 *
 * The way of a request: control_server.c (a thread of its own) reads a line, control_request.c
 * parses it, control_queue.c brings it to the control thread, where control.c finds the command,
 * has its arguments decoded by command_args.c and runs it; the reply goes the same way back.
 */
#ifndef VNF_CONTROL_PRIV_H
#define VNF_CONTROL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <vnf/control.h>

#define REFUSAL_MAX 4096

extern const struct vnf_command reload_commands[];
extern const struct vnf_command session_commands[]; /* session_command.c */
extern const struct vnf_command why_commands[];     /* command_why.c */
extern const struct vnf_command latency_commands[]; /* command_latency.c */
/* ---- command_datapath.c ---- */
extern const struct vnf_command datapath_commands[];

struct vnf_program;

struct vnf_refusal {
	int error; /* -errno */
	char text[REFUSAL_MAX];
};

/* The group `control` of the configuration. */
struct control_spec {
	bool enabled;
	const char *socket; /* "" = in the run directory */
	const char *owner;
	const char *group;
	uint32_t mode;
};
extern const struct vnf_config_key control_keys[];

/* ---- control.c: the control thread's side ---- */

/* Enter the instance into the run directory and open its socket. 0, also where that cannot be and
 * nobody insisted on it (a warning says so); or -errno, after logging why. Never in a replay.
 */
int control_start(struct vnf *vnf);
/* Refuse what waits, send what is ready, and take away socket and entry. May be called twice. */
void control_stop(struct vnf *vnf);
/* Readable when there is a command to run; -1: never. */
int control_fd(const struct vnf *vnf);
/* Run the commands that wait. */
void commands_run(struct vnf *vnf);
/* Under which the instance is in the run directory, and its socket; "" = it is not, or has none. */
const char *control_name(const struct vnf *vnf);
const char *control_socket(const struct vnf *vnf);

/* ---- command_table.c ---- */

/* Is a program's table what control.h of the public headers says? 0, or -EINVAL after printing
 * every fault.
 */
int commands_check(const char *program, const struct vnf_command *own);
/* The program's, and those of the parts that it uses. */
int program_commands_check(const struct vnf_program *program);
/* Among all that the program has. */
const struct vnf_command *program_command_find(const struct vnf_program *program, const char *name,
					       const char **near);
/* The command of this name, or NULL and in `near` the nearest name, if any is near. */
const struct vnf_command *command_find(const struct vnf_command *own, const char *name,
				       const char **near);

extern const struct vnf_command table_commands[];

/* ---- command_args.c ---- */

/* The decoded arguments of one call. */
struct command_args {
	void *data; /* the structure that they fill */
	struct vnf_config *memory;
};

/* `args` is a JSON object or NULL. 0, or -errno after vnf_refuse() with all that is wrong; either
 * way to be freed.
 */
int command_args_decode(const struct vnf_command *command, json_t *args,
			struct command_args *decoded, struct vnf_refusal *why);
void command_args_free(struct command_args *decoded);

/* ---- command_info.c, command_counters.c ---- */

extern const struct vnf_command info_commands[];
extern const struct vnf_command counter_commands[];

/* ---- command_capture.c ---- */

extern const struct vnf_command capture_commands[];

/* ---- command_drop_log.c ---- */

extern const struct vnf_command drop_log_commands[];

#endif
