/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The control socket as the SDK's own files see it: what program.c calls, and the tables of
 * commands that control.c offers beside the program's own. A new group of commands is a file
 * command_NAME.c with its table, and one line in sdk_tables[] of control.c.
 */
#ifndef VNF_CONTROL_PRIV_H
#define VNF_CONTROL_PRIV_H

#include <vnf/control.h>

#define REFUSAL_MAX 4096

struct vnf_refusal {
	int error;
	char text[REFUSAL_MAX];
};

/* ---- command_capture.c ---- */

extern const struct vnf_command capture_commands[];

/* ---- command_drop_log.c ---- */

extern const struct vnf_command drop_log_commands[];

#endif
