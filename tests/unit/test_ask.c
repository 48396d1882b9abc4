/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf_workers_ask() with workers on threads of their own: whom it calls, until when, and that it
 * calls nobody once it has returned. What workers do besides is a pass of nothing.
 */
#include "eal_support.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#define WORKERS 3
#define MS UINT64_C(1000000)

static struct worker workers[WORKERS];
static struct vnf vnf = { .workers = workers, .n_workers = WORKERS };
static pthread_t threads[WORKERS];
static uint32_t stopped, held[WORKERS]; /* held: makes no pass */

static uint32_t get(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void set(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, value, __ATOMIC_SEQ_CST);
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * (long)MS }, NULL);
}

static void *passes(void *arg)
{
	struct worker *w = arg;

	while (get(&stopped) == 0) {
		if (get(&held[w->pub.id]) == 0 && ask_is_due(w))
			ask_answer(w);
		sched_yield();
	}
	return NULL;
}

static void threads_start(void *(*passes_0)(void *), void *arg)
{
	for (uint16_t i = 0; i < WORKERS; i++) {
		workers[i].pub.id = i;
		workers[i].launched = true;
		cr_assert_eq(pthread_create(&threads[i], NULL, i == 0 ? passes_0 : passes,
					    i == 0 ? arg : &workers[i]),
			     0);
	}
}

static void start_with(void *(*passes_0)(void *), void *arg)
{
	eal_support_start();
	threads_start(passes_0, arg);
}

static void start(void)
{
	start_with(passes, &workers[0]);
}

static void stop(void)
{
	set(&stopped, 1);
	for (uint16_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	eal_support_stop();
}

/* What a question saw. */
struct seen {
	uint32_t calls[WORKERS];
	uint32_t enough[WORKERS]; /* calls that a worker needs */
	uint32_t over;            /* the asker has gone on */
	uint32_t late;            /* calls since then */
	long takes_ms;
};

static bool step(struct vnf_worker *worker, void *arg)
{
	struct seen *s = arg;
	uint32_t calls = __atomic_add_fetch(&s->calls[worker->id], 1, __ATOMIC_SEQ_CST);

	__atomic_fetch_add(&s->late, get(&s->over), __ATOMIC_SEQ_CST);
	if (s->takes_ms > 0)
		nap_ms(s->takes_ms);
	__atomic_fetch_add(&s->late, get(&s->over), __ATOMIC_SEQ_CST);
	return calls >= s->enough[worker->id];
}

static int ask(struct seen *s, uint64_t timeout_ns)
{
	int ret = vnf_workers_ask(&vnf, step, s, timeout_ns);

	set(&s->over, 1);
	return ret;
}

Test(ask, all_are_called_until_all_are_done)
{
	struct seen s = { .enough = { 1, 1000, 30 } };

	start();
	cr_assert_eq(ask(&s, 10000 * MS), 0);
	for (uint16_t i = 0; i < WORKERS; i++)
		cr_assert_gt(get(&s.calls[i]), s.enough[i], "worker %u", i);
	/* A second question begins from the beginning. */
	s = (struct seen){ .enough = { 5, 5, 5 } };
	cr_assert_eq(ask(&s, 10000 * MS), 0);
	for (uint16_t i = 0; i < WORKERS; i++)
		cr_assert_gt(get(&s.calls[i]), 5, "worker %u", i);
	stop();
	cr_assert_eq(get(&s.late), 0);
}

Test(ask, one_that_is_never_done)
{
	struct seen s = { .enough = { 1, UINT32_MAX, 1 } };
	uint64_t before;

	start();
	before = vnf_clock_now();
	cr_assert_eq(ask(&s, 500 * MS), -ETIMEDOUT);
	cr_assert_geq(vnf_clock_now() - before, 500 * MS);
	cr_assert_gt(get(&s.calls[0]), 0);
	stop();
	cr_assert_eq(get(&s.late), 0);
}

Test(ask, one_that_makes_no_pass)
{
	struct seen s = { .enough = { 1, 1, 1 } };

	start();
	set(&held[2], 1);
	cr_assert_eq(ask(&s, 30 * MS), -ETIMEDOUT);
	cr_assert_eq(get(&s.calls[2]), 0);
	set(&held[2], 0);
	nap_ms(20);
	cr_assert_eq(get(&s.calls[2]), 0, "it answered a question that was taken back");
	stop();
	cr_assert_eq(get(&s.late), 0);
}

/* A step that has begun is waited for, however long it takes. */
Test(ask, a_step_is_not_left_behind)
{
	struct seen s = { .enough = { 9, 9, 9 }, .takes_ms = 40 };

	start();
	cr_assert_eq(ask(&s, MS), -ETIMEDOUT);
	stop();
	cr_assert_eq(get(&s.late), 0);
}

/* ---- questions that are over before the answer ---- */

static uint32_t stop_is_asked, asker_gone;

static bool stop_asked(struct vnf *of)
{
	(void)of;
	return get(&stop_is_asked) != 0;
}

/* Somebody else's word, once workers are at it. */
static bool endless_step(struct vnf_worker *worker, void *arg)
{
	if (worker->id == 2)
		set(arg, 1);
	return false;
}

static void over_early(uint32_t *word, int error)
{
	uint64_t before;

	vnf.stop_asked = stop_asked;
	vnf.asker_gone = &asker_gone;
	start();
	before = vnf_clock_now();
	cr_assert_eq(vnf_workers_ask(&vnf, endless_step, word, 600000 * MS), error);
	/* And the next one does not begin. */
	cr_assert_eq(vnf_workers_ask(&vnf, endless_step, word, 600000 * MS), error);
	cr_assert_lt(vnf_clock_now() - before, 60000 * MS);
	stop();
}

Test(ask, a_stop_ends_it)
{
	over_early(&stop_is_asked, -ESHUTDOWN);
}

Test(ask, it_ends_with_who_asked)
{
	over_early(&asker_gone, -ECANCELED);
}

/* The stop is asked for when it is in there, not before. */
static bool stuck_step(struct vnf_worker *worker, void *arg)
{
	(void)arg;
	if (worker->id != 1)
		return true;
	set(&stop_is_asked, 1);
	for (;;)
		nap_ms(100);
}

Test(ask, a_step_that_never_ends_ends_the_program)
{
	int status = 0;
	pid_t child;

	vnf.stop_asked = stop_asked;
	eal_support_start();
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		threads_start(passes, &workers[0]);
		vnf_workers_ask(&vnf, stuck_step, NULL, 600000 * MS);
		_exit(EXIT_SUCCESS);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE, "status %x", status);
	eal_support_stop();
}

Test(ask, many_questions_in_a_hurry)
{
	start();
	for (uint32_t i = 0; i < 3000; i++) {
		struct seen s = { .enough = { 1, 1 + i % 3, 1 } };
		int ret = ask(&s, i % 50 * 1000);

		cr_assert(ret == 0 || ret == -ETIMEDOUT);
		for (uint16_t w = 0; ret == 0 && w < WORKERS; w++)
			cr_assert_gt(get(&s.calls[w]), 1);
		/* The next one lies where this one was. */
		cr_assert_eq(get(&s.late), 0, "question %u", i);
	}
	stop();
}

/* ---- what goes from one worker to another meanwhile ---- */

/* A piece of state, such as a slot: its owner counts it. */
struct moving {
	uint32_t owner;   /* WORKERS: on its way to worker 0 */
	uint32_t counted; /* by the question */
	uint32_t calls[WORKERS];
};

static bool count_step(struct vnf_worker *worker, void *arg)
{
	struct moving *m = arg;
	uint32_t calls = __atomic_add_fetch(&m->calls[worker->id], 1, __ATOMIC_SEQ_CST);

	if (get(&m->owner) == worker->id && worker->id == 0)
		set(&m->counted, 1);
	/* Worker 0 is held up; worker 1, which had other things to do first, lets the piece go. */
	if (worker->id == 0 && calls == 3)
		set(&held[0], 1);
	if (worker->id != 1 || get(&m->owner) != 1)
		return true;
	if (get(&held[0]) != 0)
		set(&m->owner, WORKERS);
	return false;
}

static void *release(void *arg)
{
	struct moving *m = arg;

	while (get(&m->owner) != WORKERS)
		nap_ms(1);
	nap_ms(20); /* many passes of the others */
	set(&held[0], 0);
	return NULL;
}

/* As the owner takes a slot: in the pass that follows its answer. */
static void *passes_of_0(void *arg)
{
	struct moving *m = arg;

	while (get(&stopped) == 0) {
		if (get(&held[0]) == 0 && ask_is_due(&workers[0])) {
			ask_answer(&workers[0]);
			if (get(&m->owner) == WORKERS && get(&held[0]) == 0)
				set(&m->owner, 0);
		}
		sched_yield();
	}
	return NULL;
}

Test(ask, what_moves_meanwhile_is_not_missed)
{
	struct moving m = { .owner = 1 };
	pthread_t releaser;

	start_with(passes_of_0, &m);
	pthread_create(&releaser, NULL, release, &m);
	cr_assert_eq(vnf_workers_ask(&vnf, count_step, &m, 10000 * MS), 0);
	cr_assert_eq(get(&m.counted), 1, "it was nobody's when each was asked");
	pthread_join(releaser, NULL);
	stop();
}

/* ---- without threads ---- */

Test(ask, before_and_after_their_time_it_is_done_here)
{
	struct seen s = { .enough = { 1, 7, 1 } };

	eal_support_start();
	for (uint16_t i = 0; i < WORKERS; i++)
		workers[i].pub.id = i;
	cr_assert_eq(ask(&s, 10000 * MS), 0);
	for (uint16_t i = 0; i < WORKERS; i++)
		cr_assert_gt(s.calls[i], s.enough[i], "worker %u", i);
	vnf.n_workers = 0;
	cr_assert_eq(ask(&s, MS), 0);
	eal_support_stop();
}
