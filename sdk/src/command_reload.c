/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Commands: reload, and which configurations handled how many packets.
 */

#include "control.h"

#include "reload.h"

struct reload_args {
	bool dry_run;
};

static const struct vnf_config_key reload_keys[] = {
	{ .name = "dry-run",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct reload_args, dry_run),
	  .def = "false",
	  .doc = "Check and build, say what would change, and change nothing." },
	{ .name = NULL },
};

static json_t *run_reload(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct reload_args *a = args;

	return reload(vnf, a->dry_run, why);
}

static json_t *run_generations(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)args, (void)why;
	return reload_generations(vnf);
}

const struct vnf_command reload_commands[] = {
	{ .name = "reload",
	  .help = "Read the configuration again and take over what changed.",
	  .args = reload_keys,
	  .args_size = sizeof(struct reload_args),
	  .run = run_reload },
	{ .name = "generations",
	  .help = "The configurations that were in force, and the packets that each handled.",
	  .run = run_generations },
	{ .name = NULL },
};
