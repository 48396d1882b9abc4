/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What main.c puts into struct vnf_program: the switch's part at start-up, on the workers, on the
 * control thread and at the end; and its numbers for telemetry and `vnfkit ctl`.
 */
#ifndef HSW_PROGRAM_H
#define HSW_PROGRAM_H

#include "switch.h"

/* ---- program.c ---- */

int hsw_init(struct vnf *vnf);
int hsw_worker_init(struct vnf_worker *worker);
uint32_t hsw_pass(struct vnf_worker *worker);
void hsw_control(struct vnf *vnf);
void hsw_link(struct vnf *vnf, struct vnf_port *port, bool up);
int hsw_build(struct vnf *vnf, const struct vnf_build *from, void **built);
void hsw_discard(struct vnf *vnf, void *built);
void hsw_installing(struct vnf *vnf, void *built);
void hsw_installed(struct vnf *vnf, void *built);
void hsw_changing(struct vnf *vnf, bool begins);
const char *hsw_peer_fault(const struct vnf_port *port);
void hsw_fini(struct vnf *vnf);

/* ---- commands.c ---- */

extern const struct vnf_command hsw_commands[];

/* ---- telemetry.c ---- */

/* Register the commands; from then on they may come at any time. 0 or -errno, logged. */
int hsw_telemetry_start(struct vnf *vnf, struct hsw_switch *sw);
/* Between the two calls no handler runs. */
void hsw_telemetry_hold(bool hold);
/* No handler runs when this returns, and none will look at the switch again. */
void hsw_telemetry_stop(void);

/* ---- metrics.c ---- */

extern const struct vnf_metric hsw_metrics[];

#endif
