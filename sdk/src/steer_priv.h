/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Steering, as its files see it:
 *
 *     steer.c         the part, and which slot a packet belongs to
 *     steer_worker.c  packets that go from worker to worker, and a worker's side of a move
 *     steer_move.c    the control thread's side of a move, and the SDK's own moves
 *     steer_balance.c which slot should go where: arithmetic only
 *     steer_command.c what is told of it
 *     steer_rss.c     cards that spread packets over queues
 *
 * A move takes these steps, and `stage` says which it is in, and whose turn it is:
 *
 *     SENDING  old owner: `target` names the new one; wait until no worker can have seen the old
 *     LEAVING  old owner: deal with all that is on its rings now, then leave the slot
 *     LEFT     old owner: wait until what it sent has left it, then give the slot up (`holder`)
 *     TAKING   new owner: the slot is its own; what came meanwhile comes first
 *     NONE
 */
#ifndef STEER_PRIV_H
#define STEER_PRIV_H

#include <vnf/steer.h>

#include "packet_ring.h"
#include "steer.h"
#include "vnf_priv.h"

/* Packets that wait at the new owner of a slot. */
#define STEER_PARKED_MAX 1024

struct steer_spec {
	uint32_t slots;
	uint32_t ring;
	bool rebalance;
};

struct steer_section {
	struct steer_spec steering;
};

enum steer_stage {
	STEER_NONE,
	STEER_SENDING,
	STEER_LEAVING,
	STEER_LEFT,
	STEER_TAKING,
};

#define STEER_STAGE_BITS 8

/* What `stage` is when it is a worker's turn. One word: a worker that was held up between a look at
 * the stage and one at whose turn it is would take a later move for the one it looked at.
 */
static inline uint32_t steer_turn(enum steer_stage stage, uint16_t worker)
{
	return (uint32_t)worker << STEER_STAGE_BITS | (uint32_t)stage;
}

/* Packets on their way to one other worker. */
struct steer_stage_out {
	struct packet_ring *ring; /* NULL: that is us */
	uint32_t n;
	struct rte_mbuf *pkts[VNF_BURST_MAX];
};

/* What a worker counts; others read it. */
struct steer_counts {
	uint64_t given;  /* packets that went to other workers */
	uint64_t taken;  /* that came from others */
	uint64_t full;   /* that were dropped, as a ring was full */
	uint64_t parked; /* that waited for a slot on its way here */
};

struct steer_worker {
	struct vnf_slots pub;
	struct vnf_worker *worker;
	struct steer *steer;
	struct packet_ring **in;     /* by worker; NULL: that is us */
	struct steer_stage_out *out; /* by worker */
	uint32_t n_staged;           /* in all of `out` */
	struct steer_counts counts;

	/* Of the move that this worker is part of. */
	struct rte_mbuf **parked;
	uint32_t n_parked;
	bool taking;     /* and waits for packets on rings for its queues */
	uint32_t *until; /* by worker: packets to be read of its ring before the slot is given up */
};

struct steer {
	uint16_t n_workers;
	uint32_t n_slots;
	uint16_t *target; /* by slot: who is to get its packets; relaxed */
	uint16_t *holder; /* by slot: who may use it; release by the old one, acquire by the new */
	struct steer_worker *workers;

	uint32_t stage; /* enum steer_stage, with the worker: steer_turn(); release, acquire */
	/* Only for the control thread, and for the worker whose turn it is. */
	uint32_t slot; /* that moves, from the owner `from` to `to` */
	uint16_t from, to;
	uint64_t token; /* of the wait for all workers */
	bool seen;      /* in a replay: it is over */

	/* Where cards with several queues take part; see steer_rss.h. */
	uint16_t rss_word;    /* 0: they do not */
	uint16_t rss[2][256]; /* hash of the higher and the lower octet of a sum */

	/* The control thread's own. */
	uint64_t moves;         /* that began; read by others */
	uint64_t looked_ns;     /* when loads were compared */
	uint32_t imbalance;     /* of the last second, in per cent; read by others */
	uint32_t uneven;        /* how many times in a row they were uneven */
	uint64_t *packets_seen; /* by slot */
	uint64_t *load;         /* by slot: packets since */
};

static inline struct steer_worker *steer_worker_of(const struct vnf_worker *worker)
{
	return worker->part[PART_STEER];
}

extern const struct vnf_command steer_commands[];
extern const struct vnf_metric steer_metrics[];

/* ---- steer_worker.c ---- */

/* 0 or -errno. */
int steer_worker_create(struct steer *steer, uint16_t id, uint32_t ring);
void steer_worker_destroy(struct steer_worker *w);
/* At the end of each pass. */
uint32_t steer_pass(struct vnf_worker *worker);
bool steer_owes(const struct vnf_worker *worker);
/* The end: packets that are still here are dropped. */
void steer_worker_drop(struct steer_worker *w);

/* ---- steer_move.c: control thread ---- */

/* -EBUSY: another one moves; -EALREADY: it is there. */
int steer_move_begin(struct vnf *vnf, struct steer *steer, uint32_t slot, uint16_t to);
/* The part's `control`. */
void steer_control(struct vnf *vnf);
/* Packets of a slot so far, by all workers. */
uint64_t steer_slot_packets(const struct steer *steer, uint32_t slot);

/* ---- steer_rss.c ---- */

/* Shall cards take part? Before ports are opened. */
void steer_rss_init(struct vnf *vnf, struct steer *steer);

/* ---- steer_balance.c ---- */

/* A move that makes it more even. */
struct steer_advice {
	uint32_t slot;
	uint16_t to;
};

/* Is the busiest worker too busy, beside the others? `load` by slot. False: leave it as it is. */
bool steer_balance(const uint64_t *load, const uint16_t *owner, uint32_t n_slots,
		   uint16_t n_workers, struct steer_advice *advice);
/* What the busiest worker has, in per cent of the mean: 100 where all have the same, 0 where nobody
 * has anything.
 */
uint32_t steer_imbalance(const uint64_t *load, const uint16_t *owner, uint32_t n_slots,
			 uint16_t n_workers);

#endif
