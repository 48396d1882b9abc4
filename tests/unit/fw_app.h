/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's own structure, as its main() hands it to vnf_run(): for tests that run it in their
 * process.
 */
#ifndef FW_APP_H
#define FW_APP_H

#include <vnf/vnf.h>

static struct vnf_app fw_app;

static inline int fw_app_take(const struct vnf_app *app)
{
	fw_app = *app;
	return 0;
}

int firewall_main(int argc, char **argv);

#define main firewall_main
#define vnf_run(argc, argv, app) ((void)(argc), (void)(argv), fw_app_take(app))
#include "../../vnfs/firewall/main.c" /* NOLINT(bugprone-suspicious-include) */
#undef main
#undef vnf_run

#endif
