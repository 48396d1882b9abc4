/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Timeouts by class. List 0 of a class waits for its whole period, list k for the period shifted
 * right by k: in each list all wait equally long, so that each is in order of waking by itself. A
 * timeout that wakes and was touched since it began to wait goes into the list with the longest
 * wait that is not longer than what it has left, so that it is never late by more than the shortest
 * wait. That one is a nanosecond in a replay; otherwise finer than anybody would notice, for each
 * further list costs every touched timeout half a step more.
 *
 * A set is used by its worker only; sets are created and destroyed by the control thread.
 */

#include <vnf/timeout.h>

#include <errno.h>
#include <stdlib.h>

#include "vnf_priv.h"

/* Without a replay: no waits shorter than a 1,024th of the period, nor than a millisecond. */
#define WAIT_MIN_LIVE_NS 500000
/* Timeouts of a set that are looked at in a pass. */
#define BUDGET_LIVE 64

struct timeout_class {
	const struct vnf_timeout_class *is;
	uint32_t n_lists;
	struct vnf_timeout list[TIMEOUT_LISTS_MAX]; /* heads; wake_ns is the wait */
};

struct vnf_timeouts {
	struct vnf_timeouts *next; /* of the same worker */
	struct worker *worker;
	uint64_t next_due;
	uint32_t n_classes;
	uint32_t at; /* class that is looked at first: a budget that ends with one begins there */
	struct timeout_class class[];
};

uint32_t timeout_lists(uint64_t period_ns)
{
	bool exact = clock_is_virtual();
	uint32_t n = 1;

	while (n < (exact ? TIMEOUT_LISTS_MAX : TIMEOUT_LISTS_LIVE) &&
	       (period_ns >> n) >= (exact ? 1 : WAIT_MIN_LIVE_NS))
		n++;
	return n;
}

static void class_init(struct timeout_class *class, const struct vnf_timeout_class *is)
{
	class->is = is;
	class->n_lists = timeout_lists(is->period_ns);
	for (uint32_t k = 0; k < class->n_lists; k++) {
		struct vnf_timeout *head = &class->list[k];

		head->next = head->prev = head;
		head->wake_ns = is->period_ns >> k;
	}
}

int vnf_timeouts_create(struct vnf_worker *worker, const struct vnf_timeout_class *classes,
			uint32_t n, struct vnf_timeouts **set)
{
	struct worker *w = (struct worker *)worker;
	struct vnf_timeouts *s;

	if (n == 0 || n > VNF_TIMEOUT_CLASSES_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++)
		if (classes[i].period_ns == 0 || classes[i].period_ns > VNF_TIMEOUT_MAX_NS ||
		    classes[i].expired == NULL)
			return -EINVAL;
	s = calloc(1, sizeof(*s) + n * sizeof(s->class[0]));
	if (s == NULL)
		return -ENOMEM;
	s->worker = w;
	s->n_classes = n;
	s->next_due = UINT64_MAX;
	for (uint32_t i = 0; i < n; i++)
		class_init(&s->class[i], &classes[i]);
	s->next = w->timeouts;
	w->timeouts = s;
	*set = s;
	return 0;
}

void vnf_timeouts_destroy(struct vnf_timeouts *set)
{
	struct vnf_timeouts **at;

	if (set == NULL)
		return;
	for (at = &set->worker->timeouts; *at != NULL; at = &(*at)->next)
		if (*at == set) {
			*at = set->next;
			break;
		}
	free(set);
}

static void list_append(struct vnf_timeouts *set, struct vnf_timeout *head, struct vnf_timeout *t,
			uint64_t now)
{
	t->wake_ns = now + head->wake_ns;
	t->prev = head->prev;
	t->next = head;
	head->prev->next = t;
	head->prev = t;
	set->next_due = RTE_MIN(set->next_due, t->wake_ns);
}

void vnf_timeout_start(struct vnf_timeouts *set, struct vnf_timeout *timeout, uint32_t in_class)
{
	uint64_t now = set->worker->pub.now_ns;

	timeout->in_class = in_class;
	timeout->touched_ns = now;
	list_append(set, &set->class[in_class].list[0], timeout, now);
}

uint64_t vnf_timeouts_next_due(const struct vnf_timeouts *set)
{
	return set->next_due;
}

/* It was touched: go on waiting for what is left. */
static void timeout_resume(struct vnf_timeouts *set, struct timeout_class *class,
			   struct vnf_timeout *t, uint64_t left, uint64_t now)
{
	uint32_t k = 1;

	while (k + 1 < class->n_lists && class->list[k].wake_ns > left)
		k++;
	list_append(set, &class->list[RTE_MIN(k, class->n_lists - 1)], t, now);
}

static void timeout_wake(struct vnf_timeouts *set, struct timeout_class *class,
			 struct vnf_timeout *t, uint64_t now)
{
	uint64_t end = t->touched_ns + class->is->period_ns;

	vnf_timeout_stop(t);
	if (end > now)
		timeout_resume(set, class, t, end - now, now);
	else
		class->is->expired(&set->worker->pub, t);
}

/* False when the budget ended first. */
static bool class_run(struct vnf_timeouts *set, struct timeout_class *class, uint64_t now,
		      uint32_t *budget)
{
	for (uint32_t k = 0; k < class->n_lists; k++) {
		struct vnf_timeout *head = &class->list[k];

		while (head->next != head && head->next->wake_ns <= now) {
			if (*budget == 0)
				return false;
			--*budget;
			timeout_wake(set, class, head->next, now);
		}
	}
	return true;
}

static uint64_t first_wake(const struct vnf_timeouts *set)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < set->n_classes; i++) {
		const struct timeout_class *class = &set->class[i];

		for (uint32_t k = 0; k < class->n_lists; k++)
			if (class->list[k].next != &class->list[k])
				first = RTE_MIN(first, class->list[k].next->wake_ns);
	}
	return first;
}

static void set_run(struct vnf_timeouts *set, uint64_t now, uint32_t *budget)
{
	for (uint32_t i = 0; i < set->n_classes; i++) {
		struct timeout_class *class = &set->class[set->at];

		if (!class_run(set, class, now, budget))
			return;
		set->at = (set->at + 1) % set->n_classes;
	}
	set->next_due = first_wake(set);
}

uint64_t timeouts_next_due(const struct worker *w)
{
	uint64_t first = UINT64_MAX;

	for (const struct vnf_timeouts *s = w->timeouts; s != NULL; s = s->next)
		first = RTE_MIN(first, s->next_due);
	return first;
}

void timeouts_run(struct worker *w)
{
	uint64_t now = w->pub.now_ns;

	for (struct vnf_timeouts *s = w->timeouts; s != NULL; s = s->next) {
		uint32_t budget = clock_is_virtual() ? UINT32_MAX : BUDGET_LIVE;

		if (likely(s->next_due > now))
			continue;
		__atomic_store_n(&w->doing, DOING_TIMEOUT, __ATOMIC_RELAXED);
		set_run(s, now, &budget);
		__atomic_store_n(&w->doing, DOING_PASS, __ATOMIC_RELAXED);
	}
}
