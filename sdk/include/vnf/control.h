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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <vnf/config.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vnf;
struct vnf_worker;

/** Where a command says why it fails. Opaque; see vnf_refuse(). */
struct vnf_refusal;

/** A command. Write it with designated initialisers; end a table with an entry without a name. */
struct vnf_command {
	const char *name; /**< Lower-case letters, digits and `-`, 31 at most; not one of the SDK's
			   *   own, nor `list` or `help`.
			   */
	const char *help; /**< One line, for people; required. */
	const struct vnf_config_key *args; /**< Keys of its arguments, but no groups and lists of
					    *   groups; NULL = none. Their order is that in which
					    *   `vnfkit ctl` takes bare values.
					    */
	size_t args_size;                  /**< sizeof() the structure that they fill. */
	/** It changes nothing. When the client that asked has gone it is not begun any more, and a
	 *  vnf_workers_ask() in it ends early. Others run once they were accepted.
	 */
	bool looks;
	/**
	 * Do it.
	 *
	 * `args` is the structure filled by the arguments, defaults included; it and its strings
	 * end with the call. The result is any JSON value, a new reference, which the caller
	 * releases: `vnfkit ctl` prints an array of objects as a table, and an object as a list.
	 * Another thread writes it out, so nobody may change it afterwards: give a copy of what is
	 * kept. NULL after vnf_refuse(). Context: control thread.
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

/**
 * Let the workers do something between their passes, where what they own may be looked at and
 * changed without locks: copy a table for a command, end sessions. Great tables are walked in
 * parts: `step` is called again and again, on each worker once in each of its passes, until all of
 * them have said that they are done, and then until they have said so anew, twice; so state that
 * went from one worker to another meanwhile is not missed.
 *
 * @param vnf
 *   The program.
 * @param step
 *   Does a part of the work, some microseconds of it, for the packets wait meanwhile. Returns true
 *   if nothing is left to do on this worker; it may be called after that. Packets may be sent and
 *   dropped. Context: worker; several at a time.
 * @param arg
 *   For `step`.
 * @param timeout_ns
 *   How long to wait for it, in nanoseconds.
 * @return
 *   0; -ETIMEDOUT if a worker did not get that far; -ESHUTDOWN if the program is to stop;
 *   -ECANCELED if it is in a command that only looks (vnf_command.looks) and whose client has gone.
 *   Then what is done is done, and `step` is not called any more.
 *
 * Context: control thread, such as in a command.
 */
int vnf_workers_ask(struct vnf *vnf, bool (*step)(struct vnf_worker *worker, void *arg), void *arg,
		    uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif

#endif
