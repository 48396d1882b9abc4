/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_CONTROL_H
#define VNF_CONTROL_H

/**
 * @file
 * Commands of a running program, for `vnfkit ctl` and whoever else speaks to its control socket.
 *
 * A command is a row of a table: its name, one line of help, the schema of its arguments (the same
 * tables as of a configuration file), and a function. The SDK has commands of its own; a VNF adds
 * some by vnf_app.commands. Arguments are checked against the schema before the function is called.
 *
 * Functions run on the control thread, one at a time. Long ones keep it from its other duties: walk
 * great tables in parts.
 */

#include <stddef.h>

#include <jansson.h>

#include <vnf/config.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vnf;

/** Where a command says why it fails. Opaque; see vnf_refuse(). */
struct vnf_refusal;

/** A command. Write it with designated initialisers; end a table with an entry without a name. */
struct vnf_command {
	const char *name; /**< Lower-case letters, digits and `-`; not one of the SDK's own. */
	const char *help; /**< One line, for people; required. */
	const struct vnf_config_key *args; /**< Keys of its arguments; NULL = none. Their order is
					    *   that in which `vnfkit ctl` takes bare values.
					    */
	size_t args_size;                  /**< sizeof() the structure that they fill. */
	/**
	 * Do it.
	 *
	 * `args` is the structure filled by the arguments, defaults included; it and its strings
	 * end with the call. The result is any JSON value, a new reference, which the caller
	 * releases: `vnfkit ctl` prints an array of objects as a table, and an object as a list.
	 * NULL after vnf_refuse(). Context: control thread.
	 */
	json_t *(*run)(struct vnf *vnf, const void *args, struct vnf_refusal *why);
};

/**
 * Say why a command fails: `return vnf_refuse(why, -ENOENT, "there is no session %u", id);`
 *
 * @param why
 *   As given to the command.
 * @param error
 *   -errno, for programs.
 * @param format
 *   What is wrong and what to do, for people, as for printf(); without a newline. Cut to 4,095
 *   octets.
 * @return
 *   NULL.
 *
 * Context: control thread.
 */
json_t *vnf_refuse(struct vnf_refusal *why, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
