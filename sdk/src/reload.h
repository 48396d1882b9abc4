/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Another configuration in place of the one in force, while packets flow. A generation is one
 * configuration with all that was built from it. The control thread reads the file, refuses what
 * may not change live, builds the next generation beside the present one, and publishes it by one
 * pointer; each worker takes it up between two passes, so that no packet meets two of them. When
 * all have passed a quiescent state the old one is given back.
 *
 * reload.c has the order of that, generation.c the object and the workers' side, port_change.c what
 * it takes to add, remove and change ports.
 */
#ifndef VNF_RELOAD_H
#define VNF_RELOAD_H

#include "control.h"
#include "loaded.h"
#include "port_change.h"
#include "vnf_priv.h"

/* Set up on the control thread, constant once published. */
struct generation {
	uint64_t number;   /* from 1, given when it is published, and never again */
	uint64_t since_ns; /* time of day */
	struct loaded *loaded;
	void *built;
	void *part_built[VNF_PARTS_MAX]; /* by slot */
	uint16_t n_ports;
	bool has_port[VNF_PORTS_MAX];      /* by number; only below n_ports */
	struct vnf_rxq *rxqs[WORKERS_MAX]; /* NULL: as at the start */
	uint16_t n_rxqs[WORKERS_MAX];
};

/* ---- generation.c ---- */

/* Takes a reference of `loaded`. NULL: no memory. */
struct generation *generation_create(struct vnf *vnf, struct loaded *loaded);
/* Gives back what was built, too. */
void generation_destroy(struct vnf *vnf, struct generation *generation);
/* Let the program build. 0; -errno with errors in the file, or after logging why. */
int generation_build(struct vnf *vnf, struct generation *generation,
		     const struct vnf_port_spec *const *specs);
void generation_publish(struct vnf *vnf, struct generation *generation);
/* Packets that all workers have received under it. */
uint64_t generation_packets(const struct vnf *vnf, uint64_t number);

/* ---- reload.c ---- */

/* Build the first generation and give it to the workers, who do not run yet. 0; -EINVAL: the
 * configuration was refused, and the file has errors; -errno after logging why.
 */
int reload_start(struct vnf *vnf);
/* What changed, or would change, or NULL and why not. */
json_t *reload(struct vnf *vnf, bool dry_run, struct vnf_refusal *why);
/* Build anew from the configuration in force, for what its parts have learnt since. 0; -EBUSY: a
 * reload is under way; -errno and all is as it was.
 */
int reload_rebuild(struct vnf *vnf);
/* SIGHUP: the same, told to the log. */
void reload_signal(struct vnf *vnf);
/* Give back what workers have left meanwhile; every 100 ms. */
void reload_poll(struct vnf *vnf);
/* The generations that are remembered, oldest first. */
json_t *reload_generations(struct vnf *vnf);
/* Workers have ended. */
void reload_stop(struct vnf *vnf);

#endif
