/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the control thread lets all workers do between their passes: vnf_workers_ask(). One question
 * at a time, as there is one control thread.
 *
 * A worker that answers says so (`busy`) before it looks for the question, and control takes the
 * question back before it looks for who is busy; all four in one order. So nobody answers a
 * question whose asker has gone on.
 *
 * In each round all workers must say that nothing is left. A slot that its owner let go before it
 * said so in the first may be nobody's in the second, as its new owner takes it after an answer; in
 * the third one it has it.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <time.h>

#include "steer.h"

#define ROUNDS 3
/* Times that each answers where the workers do not run, for time may stand still there. */
#define TURNS_MAX 1000000
/* For a step that has begun, once the program is to stop. */
#define STEP_WAIT_NS (5 * VNF_SECOND_NS)

struct ask {
	bool (*step)(struct vnf_worker *worker, void *arg);
	void *arg;
	uint32_t round; /* 1 to ROUNDS */
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
		uint32_t round = __atomic_load_n(&ask->round, __ATOMIC_ACQUIRE);
		bool done = ask->step(&w->pub, ask->arg);

		__atomic_store_n(&a->done, done ? round : 0, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&a->busy, 0, __ATOMIC_SEQ_CST);
}

static bool stop_is_asked(struct vnf *vnf)
{
	return vnf->stop_asked != NULL && vnf->stop_asked(vnf);
}

/* Nobody is to wait for the workers any more: 0, or what vnf_workers_ask() returns then. */
static int ask_over(struct vnf *vnf)
{
	if (stop_is_asked(vnf))
		return -ESHUTDOWN;
	if (vnf->asker_gone != NULL && __atomic_load_n(vnf->asker_gone, __ATOMIC_ACQUIRE) != 0)
		return -ECANCELED;
	return 0;
}

static bool all_done(const struct vnf *vnf, uint32_t round)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		if (__atomic_load_n(&vnf->workers[i].asked.done, __ATOMIC_ACQUIRE) != round)
			return false;
	return true;
}

/* What a step works on is the asker's, who cannot go on before it has ended. */
static void steps_wait(struct vnf *vnf)
{
	uint64_t deadline = vnf_clock_now() + STEP_WAIT_NS;

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		while (__atomic_load_n(&vnf->workers[i].asked.busy, __ATOMIC_SEQ_CST) != 0) {
			nap();
			if (vnf_clock_now() >= deadline && stop_is_asked(vnf))
				program_end_stuck("a worker did not end its part of a command "
						  "within 5 s, so there is no report");
		}
}

static void ask_set(struct vnf *vnf, const struct ask *ask)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		struct worker_asked *a = &vnf->workers[i].asked;

		if (ask != NULL)
			__atomic_store_n(&a->done, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&a->ask, ask, __ATOMIC_SEQ_CST);
	}
	if (ask == NULL)
		steps_wait(vnf);
}

/* Let each worker answer; here: in a replay, and before and after the workers' time. */
static void wait_a_little(struct vnf *vnf, bool here)
{
	for (uint16_t i = 0; here && i < vnf->n_workers; i++)
		ask_answer(&vnf->workers[i]);
	if (!here)
		nap();
}

int vnf_workers_ask(struct vnf *vnf, bool (*step)(struct vnf_worker *worker, void *arg), void *arg,
		    uint64_t timeout_ns)
{
	struct ask ask = { step, arg, 1 };
	uint64_t deadline = vnf_clock_now() + timeout_ns;
	bool here = clock_is_virtual() || vnf->n_workers == 0 || !vnf->workers[0].launched;
	int over = ask_over(vnf);

	/* None begins meanwhile: that is for the control thread to do. */
	while (!here && over == 0 && steer_is_moving(vnf) && vnf_clock_now() < deadline) {
		nap();
		over = ask_over(vnf);
	}
	if (over < 0)
		return over;
	ask_set(vnf, &ask);
	for (uint32_t turn = 0; here ? turn < TURNS_MAX : vnf_clock_now() < deadline; turn++) {
		if (!all_done(vnf, ask.round))
			wait_a_little(vnf, here);
		else if (ask.round < ROUNDS)
			/* What all have said is before what they say next. */
			__atomic_store_n(&ask.round, ask.round + 1, __ATOMIC_RELEASE);
		else
			break;
		over = ask_over(vnf);
		if (over < 0)
			break;
	}
	ask_set(vnf, NULL);
	if (all_done(vnf, ROUNDS))
		return 0;
	return over < 0 ? over : -ETIMEDOUT;
}
