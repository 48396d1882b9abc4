/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A part: what the SDK adds to a program that names it (vnf_app.parts): keys of the configuration,
 * commands, metrics, and state of each worker that is kept and rebuilt in step with the program's
 * own. The functions are called in the order of this structure, each before the application's
 * function of the same name, and undone after it.
 */
#ifndef VNF_PART_H
#define VNF_PART_H

#include <vnf/embed.h>

struct app_loop;

/* Place of each part in vnf_worker.part and the like. */
enum part_slot {
	PART_IP,
	PART_STEER,
	PART_JOURNAL,
};

struct vnf_part {
	enum part_slot slot;
	const char *title;                   /* heading of its keys on the reference page */
	const struct vnf_config_key *config; /* top-level keys */
	size_t config_size;
	uint32_t packets;        /* that it may hold */
	uint32_t packets_shared; /* and beside them if there are several workers */
	/* And beside them by its configuration. NULL: none. */
	uint32_t (*packets_planned)(const void *config, uint32_t n_workers);
	bool pass_alone; /* `pass` is called with one worker too */
	const struct vnf_command *commands;
	const struct vnf_metric *metrics;

	/* Further checks, with vnf_config_error(); --check too. `port` is by number. NULL: none. */
	void (*check)(struct vnf_config *file, const void *config,
		      const struct vnf_port_spec *const *port, uint16_t n_ports);
	/* What the program says by its callbacks, once nothing else is wrong: `from` is as of
	 * `build`, `keys` the program's own. --check too. NULL: none.
	 */
	void (*check_program)(const struct vnf_program *program, const void *keys,
			      const struct vnf_build *from);
	/* Common state: what vnf_part_state() returns. 0 or -errno, after logging why. */
	int (*create)(struct vnf *vnf, void **state);
	/* As of struct vnf_program; `from->config` is the part's own. NULL, and so take and
	 * discard: nothing is built.
	 */
	int (*build)(struct vnf *vnf, const struct vnf_build *from, void **built);
	/* Sets worker->part[slot]. */
	int (*worker_init)(struct vnf_worker *worker);
	/* The worker goes over to what was built. Worker, or control thread before it runs. */
	void (*take)(struct vnf_worker *worker, void *built);
	/* At the end of each pass: returns the packets that it dealt with. NULL, and so `owes`:
	 * packets are not its business.
	 */
	uint32_t (*pass)(struct vnf_worker *worker);
	/* Do packets wait for this worker's pass? Any thread. */
	bool (*owes)(const struct vnf_worker *worker);
	/* Every 10 ms; in a replay whenever all is done that is due. Control thread. NULL: none. */
	void (*control)(struct vnf *vnf);
	/* The program stops, and packets can be sent for the last time; not in a replay. Worker.
	 * NULL: none.
	 */
	void (*stop)(struct vnf_worker *worker);
	void (*worker_fini)(struct vnf_worker *worker);
	void (*discard)(struct vnf *vnf, void *built);
	void (*destroy)(struct vnf *vnf, void *state);
};

/* What `create` made. */
void *vnf_part_state(const struct vnf *vnf, enum part_slot slot);
/* What it is configured with, of the newest configuration in force. */
const void *vnf_part_config(const struct vnf *vnf, enum part_slot slot);

/* What `build` made for the generation in force. Control thread. */
void *vnf_part_built(const struct vnf *vnf, enum part_slot slot);

/* The same for the generation that is being built now, or else that in force, if it is of this
 * file; NULL: there is none. Start-up or control thread.
 */
void *vnf_part_building(const struct vnf *vnf, enum part_slot slot, const struct vnf_config *file);

/* The program's own keys, of the configuration that is being built. */
const void *vnf_keys_building(const struct vnf *vnf);

/* Let all parts do what their `control` does. Control thread. */
void parts_control(struct vnf *vnf);

/* Some of a worker's packets are given to another, and taken over by that: the ledger. */
void part_handed_out(struct vnf_worker *worker, uint32_t n);
void part_handed_in(struct vnf_worker *worker, uint32_t n);
/* Remember what is on the rings to the queues that this worker owns; is all of that taken? */
void loop_handovers_mark(struct vnf_worker *worker);
bool loop_handovers_passed(const struct vnf_worker *worker);
/* Give packets that the worker holds to the application's burst, as if received from this port. */
void loop_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

#endif
