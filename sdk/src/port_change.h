/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Ports that a reload adds, removes or changes. Told apart by their names; a port that stays keeps
 * its number, its counters and the workers that poll its queues, and is not touched. One whose keys
 * differ is closed and opened again under its number. A number that became free is given out again.
 */
#ifndef VNF_PORT_CHANGE_H
#define VNF_PORT_CHANGE_H

#include <jansson.h>

#include "loaded.h"

enum port_fate {
	PORT_ABSENT, /* there was none, and there will be none */
	PORT_KEPT,
	PORT_ADDED,
	PORT_REMOVED,
	PORT_CHANGED,
};

struct port_plan {
	uint16_t n_ports; /* one more than the greatest number */
	uint16_t n_changes;
	enum port_fate fate[VNF_PORTS_MAX];
	const struct vnf_port_spec *spec[VNF_PORTS_MAX]; /* as it will be; NULL: none */
	struct port_slot *fresh[VNF_PORTS_MAX];          /* to be put into the slot */
	struct port_slot *old[VNF_PORTS_MAX];            /* what was in it, to be put back */
	uint64_t left_ns[VNF_PORTS_MAX];                 /* when workers had to leave it */
	uint64_t lost[VNF_PORTS_MAX];                    /* packets dropped there before that */
	uint64_t closed_ns[VNF_PORTS_MAX];               /* how long it was closed */
};

struct generation;

/* Which port is which. 0; -EINVAL after an error in the file; -ENOMEM. */
int port_plan_make(struct vnf *vnf, struct loaded *loaded, struct port_plan *plan);
/* Who polls what, for the next generation. 0 or -ENOMEM. */
int port_plan_queues(struct vnf *vnf, const struct port_plan *plan, struct generation *next);
/* Close what is removed and changed; workers have left it. 0; -ETIMEDOUT, and all is as
 * before; -EBUSY after logging why, then undo.
 */
int port_plan_close(struct vnf *vnf, struct port_plan *plan);
/* Put what is added and changed into its slot. 0 or -ENOMEM; then undo. */
int port_plan_fill(struct vnf *vnf, struct port_plan *plan);
/* Open what is added and changed. -errno after logging why; then undo:
 * port_plan_unfill(), the old generation, port_plan_reinstate().
 */
int port_plan_open(struct vnf *vnf, struct port_plan *plan);
/* Close it again, and put what was there into its slot; before the old generation is in force
 * again. 0; or -errno, and some ports are not as they were, which the log says.
 */
int port_plan_unfill(struct vnf *vnf, struct port_plan *plan);
/* Open what was there. All workers are back. As port_plan_unfill(). */
int port_plan_reinstate(struct vnf *vnf, struct port_plan *plan);
/* Do ports come or go, so that a number means another one? */
bool port_plan_renumbers(const struct port_plan *plan);
/* It is for good. */
void port_plan_finish(struct vnf *vnf, struct port_plan *plan);
/* What each port comes to, and if it is done, what that has cost it. */
json_t *port_plan_json(struct vnf *vnf, const struct port_plan *plan, bool done);
/* Release what the plan holds. */
void port_plan_drop(struct port_plan *plan);

#endif
