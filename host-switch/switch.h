/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch as a whole and each worker's part of it. The data path (switch.c) is run by workers
 * and calls nothing but port functions and inline code, so that it can be tested on ports that are
 * arrays; learn.c is its counterpart on the control thread.
 *
 * What is shared between threads: the MAC table (see fdb.h), topologies (constant), one learn
 * ring from each worker to the control thread, and `learn_round` the other way.
 */
#ifndef HSW_SWITCH_H
#define HSW_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>
#include <rte_spinlock.h>

#include <vnf/embed.h>

#include "fdb.h"
#include "topology.h"

/* Reasons of the switch's own, in the order of hsw_drops[]. */
enum hsw_drop {
	HSW_DROP_NO_DESTINATION = VNF_DROP_USER,
	HSW_DROP_HAIRPIN,
	HSW_DROP_BAD_SOURCE,
	HSW_DROP_LINK_LOCAL,
};
extern const struct vnf_drop hsw_drops[];

/* Frames collected for a port before they are sent. */
#define HSW_BATCH 64
/* Learn events in flight from one worker. */
#define HSW_LEARN_RING 4096
/* Recently posted addresses that a worker remembers. */
#define HSW_LEARN_RECENT 256

/* Frames on their way out of one port, in one worker's hands. */
struct hsw_batch {
	struct vnf_port *port;
	struct vnf_latency_tx *latency;
	rte_spinlock_t *lock; /* Of the tx queue, if other workers use it too; or NULL. */
	uint16_t queue;       /* The worker's tx queue. */
	uint16_t n;
	bool listed;      /* On the worker's list of batches to flush. */
	bool stalled;     /* The last wait for room ended with frames left: wait no more until all
			   * of a batch find room.
			   */
	uint64_t wait_ns; /* The port's tx_wait. */
	uint64_t wait_left_ns; /* Of it, in this pass. */
	uint32_t longest;      /* Octets of the longest frame in it. */
	uint64_t flags;        /* What its frames' flags may have, put together. */
	struct rte_mbuf *pkts[HSW_BATCH];
};

/* A worker saw an address that the table does not have at this port. */
struct hsw_learn_event {
	uint64_t key;
	uint32_t epoch;
	uint16_t port;
	uint16_t unused;
};

/* A worker's end of its learn ring. */
struct hsw_learner {
	struct rte_ring *ring; /* Of struct hsw_learn_event, single producer and consumer. */
	uint32_t round;        /* learn_round when tokens were last handed out. */
	uint16_t tokens[HSW_FDB_PORTS];    /* Events that a port may still cause this round. */
	uint64_t recent[HSW_LEARN_RECENT]; /* Addresses posted this round, so as not to repeat. */
	uint64_t lost;                     /* Events not posted; read by telemetry. */
};

struct hsw_switch;

struct hsw_worker {
	struct hsw_switch *sw;
	uint16_t id;
	struct vnf_worker *worker;
	struct vnf_worker_counters *counters;
	const struct hsw_topology *topology; /* This pass's. */
	uint64_t generation;                 /* Of the SDK, that these are of. */
	const struct vnf_rxq *rxqs;
	uint16_t n_rxqs;
	uint16_t n_dirty;              /* Entries of `dirty`. */
	uint32_t epoch;                /* This pass's second; read by the control thread. */
	uint16_t dirty[VNF_PORTS_MAX]; /* Ports whose batch may hold frames. */
	struct hsw_batch *out;         /* By port. */
	struct hsw_learner learner;
} __rte_cache_aligned;

/* One spinlock per tx queue of a port. */
struct hsw_tx_locks {
	rte_spinlock_t queue[VNF_QUEUES_MAX];
} __rte_cache_aligned;

struct hsw_control;

struct hsw_switch {
	struct vnf_port *ports[VNF_PORTS_MAX]; /* By number; NULL: there is none. */
	uint16_t n_ports;                      /* One more than the greatest number. */
	uint16_t n_workers;
	const struct hsw_topology *topology; /* In force, as the control thread sees it. */
	struct hsw_fdb *fdb;
	struct hsw_worker **workers;
	struct hsw_tx_locks *tx_locks; /* By port. */
	struct hsw_control *control;   /* learn.c's own. */

	/* Raised by the control thread each time it has emptied the learn rings. */
	uint32_t learn_round __rte_cache_aligned;
};

/* ---- switch_init.c: start-up and end ---- */

/* Takes over `fdb`, also when it fails. 0 or -errno. */
int hsw_switch_create(struct vnf_port **ports, uint16_t n_ports, uint16_t n_workers,
		      struct hsw_fdb *fdb, struct hsw_switch **sw);
/* Worker, between two passes, or start-up: other ports are there, or connected otherwise. */
void hsw_worker_connect(struct hsw_worker *w, struct vnf_port *const *ports, uint16_t n_ports,
			const struct hsw_topology *topology);
void hsw_switch_destroy(struct hsw_switch *sw);

/* ---- switch.c: workers ---- */

/* One pass over the worker's queues. Returns the number of frames received. */
uint32_t hsw_switch_pass(struct hsw_worker *w, uint64_t now_ns);

/* ---- learn.c: the control thread ---- */

/* `at_once`: the whole table ages whenever a second begins, rather than a part at a time. */
int hsw_learn_init(struct hsw_switch *sw, uint32_t ageing_s, bool at_once);
void hsw_learn_fini(struct hsw_switch *sw);
/* Forget what workers saw by a topology that is no more; they will see it again. */
void hsw_learn_discard(struct hsw_switch *sw);
/* Numbers that no domain has any more: who gets one begins anew. */
void hsw_learn_forget_domains(struct hsw_switch *sw);
void hsw_learn_set_ageing(struct hsw_switch *sw, uint32_t ageing_s);
/* Take in what the workers saw, and age a part of the table; every 10 ms. */
void hsw_learn_poll(struct hsw_switch *sw);
/* Loops suspected in a domain, in total. */
uint64_t hsw_learn_loops(const struct hsw_switch *sw, uint16_t domain);
/* The second that the workers are in. */
uint32_t hsw_learn_epoch(const struct hsw_switch *sw);

#endif
