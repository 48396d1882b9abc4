/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The journal, as its files see it:
 *
 *     journal.c          the part: keys, files that a configuration names, start and stop
 *     journal_worker.c   a worker offers a record: rate, ring
 *     journal_writer.c   the thread that makes lines of records, and tells of those lost
 *     journal_file.c     lines into a file, rotation
 *     journal_command.c  what is told of it
 *
 * A configuration's file is opened by the control thread (`build`), so that it can be refused, and
 * goes over to the writer once all workers have taken the configuration up. In a replay there is
 * no thread: who offers a record writes it.
 */
#ifndef JOURNAL_PRIV_H
#define JOURNAL_PRIV_H

#include <pthread.h>

#include <vnf/journal.h>

#include "byte_ring.h"
#include "journal_file.h"
#include "part.h"
#include "vnf_priv.h"
#include "wall.h"

struct journal_spec {
	const char *file; /* "": off */
	uint32_t rate;
	uint64_t buffer;
};

struct journal_section {
	struct journal_spec journal;
};

/* What a configuration asks for. */
struct journal_target {
	uint64_t number;           /* counts them, from 1 */
	struct journal_file *file; /* until the writer has it; NULL if off */
	bool on;
	uint64_t interval_ns; /* between two lines in the long run */
	uint64_t slack_ns;    /* how far lines may be ahead of that */
};

/* In front of a record in a ring. */
struct journal_head {
	uint64_t now_ns;
	uint64_t octets;
};

struct vnf_journal_worker {
	struct byte_ring ring; /* the worker writes, the writer reads */
	struct journal *journal;
	uint64_t interval_ns, slack_ns; /* as of its journal_target */
	uint64_t taken;                 /* its number; release, acquire */
	uint64_t offered;               /* records; relaxed, as the next */
	uint64_t lost[JOURNAL_FILE];    /* over the rate, no room */
} __attribute__((aligned(BYTE_RING_LINE)));

struct journal {
	struct vnf *vnf;
	struct vnf_journal_worker *workers;
	uint16_t n_workers;
	bool direct; /* a replay */

	/* When the next line would come if they came evenly; all workers, relaxed. */
	uint64_t due_ns __attribute__((aligned(BYTE_RING_LINE)));

	/* The control thread's. */
	uint64_t targets __attribute__((aligned(BYTE_RING_LINE))); /* numbers given out */
	uint64_t given;                                            /* the one that the writer has */
	pthread_t thread;
	bool running;
	uint32_t stop; /* release: nothing is offered any more */

	pthread_mutex_t lock;
	struct journal_file *next; /* the writer is to go over to this, by `lock` */
	bool has_next;
	bool then_off; /* and at once to none */

	/* The writer's. */
	struct journal_file *file __attribute__((aligned(BYTE_RING_LINE)));
	struct wall_offset wall;
	uint64_t last_ns;  /* of the last record */
	uint64_t flush_ns; /* when to flush next under load */
	uint64_t look_ns;  /* when to look at the path again */
	uint64_t tell_ns;  /* when to tell of losses again */
	uint64_t complain_ns;
	struct journal_outcome outcome;
	uint64_t told[JOURNAL_LOSSES];
	uint64_t written;   /* lines; relaxed, as the next */
	uint64_t lost_file; /* records that could not be written */
	uint32_t error;     /* errno of what does not work now; 0: all does */
};

static inline uint64_t journal_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* One thread writes it. */
static inline void journal_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Its name in lines, metrics and the command. */
extern const char *const journal_loss_names[JOURNAL_LOSSES];

extern const struct vnf_command journal_commands[];
extern const struct vnf_metric journal_metrics[];

/* ---- journal_writer.c ---- */

/* Of all workers. Any thread. */
uint64_t journal_lost(const struct journal *journal, enum journal_loss loss);
/* The writer's thread. */
void *journal_writer_main(void *arg);

/* What that does by itself; in a replay the one thread's to call. */

/* All that is in the rings. False: there was nothing. */
bool journal_drain(struct journal *journal);
/* A line for each cause of losses, if it is time to. It bears the time `now_ns`. */
void journal_tell(struct journal *journal, uint64_t now_ns, bool at_once);
/* Go over to the file that the control thread has given, or to none. */
void journal_go_over(struct journal *journal);
/* The end of the present file, if there is one: all is written that can be. */
void journal_end(struct journal *journal);

#endif
