/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the control thread lets all workers do between their passes: vnf_workers_ask(). One question
 * at a time, as there is one control thread.
 *
 * A worker that answers says so (`busy`) before it looks for the question, and control takes the
 * question back before it looks for who is busy; all four in one order. So nobody answers a
 * question whose asker has gone on.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <time.h>

#include "steer.h"

/* Times in a row that each worker must have nothing left to do. */
#define DONE_TIMES 2
/* Rounds where the workers do not run, and time may stand still. */
#define ROUNDS_MAX 1000000

struct ask {
	bool (*step)(struct vnf_worker *worker, void *arg);
	void *arg;
};

static void nap(void)
{
	static const struct timespec t = { .tv_nsec = 20000 };

	nanosleep(&t, NULL);
}

void ask_answer(struct worker *w)
{
	struct worker_asked *a = &w->asked;
	const struct ask *ask;

	__atomic_store_n(&a->busy, 1, __ATOMIC_SEQ_CST);
	ask = __atomic_load_n(&a->ask, __ATOMIC_SEQ_CST);
	if (ask != NULL) {
		bool done = ask->step(&w->pub, ask->arg);

		__atomic_store_n(&a->done, done ? a->done + 1 : 0, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&a->busy, 0, __ATOMIC_SEQ_CST);
}

static bool all_done(const struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (__atomic_load_n(&vnf->workers[i].asked.done, __ATOMIC_ACQUIRE) < DONE_TIMES)
			return false;
	return true;
}

static void ask_set(struct vnf *vnf, const struct ask *ask)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		struct worker_asked *a = &vnf->workers[i].asked;

		if (ask != NULL)
			__atomic_store_n(&a->done, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&a->ask, ask, __ATOMIC_SEQ_CST);
	}
	for (uint16_t i = 0; ask == NULL && i < vnf->n_workers; i++)
		while (__atomic_load_n(&vnf->workers[i].asked.busy, __ATOMIC_SEQ_CST) != 0)
			nap();
}

/* In a replay, and before and after the workers' time, their work is done here. */
static void ask_here(struct vnf *vnf)
{
	for (uint32_t round = 0; round < ROUNDS_MAX && !all_done(vnf); round++)
		for (uint16_t i = 0; i < vnf->n_workers; i++)
			ask_answer(&vnf->workers[i]);
}

int vnf_workers_ask(struct vnf *vnf, bool (*step)(struct vnf_worker *worker, void *arg), void *arg,
		    uint64_t timeout_ns)
{
	const struct ask ask = { step, arg };
	uint64_t deadline = vnf_clock_now() + timeout_ns;
	bool here = clock_is_virtual() || vnf->n_workers == 0 || !vnf->workers[0].launched;

	/* None begins meanwhile: that is for the control thread to do. */
	while (!here && steer_is_moving(vnf) && vnf_clock_now() < deadline)
		nap();
	ask_set(vnf, &ask);
	if (here)
		ask_here(vnf);
	while (!here && !all_done(vnf) && vnf_clock_now() < deadline)
		nap();
	ask_set(vnf, NULL);
	return all_done(vnf) ? 0 : -ETIMEDOUT;
}
