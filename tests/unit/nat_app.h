/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The NAT's own structure, as its main() hands it to vnf_run(): for tests that run it in their
 * process.
 */
#ifndef NAT_APP_H
#define NAT_APP_H

#include <vnf/vnf.h>

static struct vnf_app nat_app;

static inline int nat_app_take(const struct vnf_app *app)
{
	nat_app = *app;
	return 0;
}

int nat_main(int argc, char **argv);

#define main nat_main
#define vnf_run(argc, argv, app) ((void)(argc), (void)(argv), nat_app_take(app))
#include "../../vnfs/nat/main.c" /* NOLINT(bugprone-suspicious-include) */
#undef main
#undef vnf_run

#endif
