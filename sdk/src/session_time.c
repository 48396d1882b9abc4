/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Classes and timers of a slot's sessions, by the method of timeout.c: list k of a class waits for
 * its period shifted right by k, so that each list is in order of waking by itself; a session that
 * wakes and was touched goes on to the list with the longest wait that is not longer than what it
 * has left.
 *
 * A period that grows changes nothing in lists: who waits there wakes early and goes on. One that
 * shrinks puts all sessions of the class into a list of their own, which is looked at to its end,
 * whatever they wait for.
 *
 * Worker that owns the slot.
 */

#include "session_priv.h"

/* A touched session in front of those that were not is not evicted, but put where it belongs: so
 * many at a time.
 */
#define RESUMED_MAX 16

/* ---- lists ---- */

static uint32_t head_of(const struct vnf_sessions *s, uint32_t in_class, uint32_t list)
{
	return in_class * s->lists + list;
}

/* List of a class whose period was cut. */
static uint32_t cut_list(const struct vnf_sessions *s)
{
	return s->lists - 1;
}

static struct vnf_session *timer_session(const struct vnf_sessions *s, uint32_t slot,
					 uint32_t timer)
{
	return session_at(s, slot * s->per_slot + timer - s->n_heads);
}

static void due_no_later(struct vnf_sessions *s, uint32_t slot, struct session_class *class,
			 uint64_t wake)
{
	if (wake < class->due_ns)
		class->due_ns = wake;
	if (wake < s->due[slot])
		s->due[slot] = wake;
}

static void list_append(struct vnf_sessions *s, uint32_t slot, uint32_t in_class, uint32_t list,
			uint32_t timer, uint64_t now)
{
	struct session_class *class = &session_slot(s, slot)->class[in_class];
	struct session_timer *timers = slot_timers(s, slot), *t = &timers[timer];
	uint32_t at = head_of(s, in_class, list);
	struct session_timer *head = &timers[at];

	t->wake_ns = now + (class->period_ns >> list);
	t->prev = head->prev;
	t->next = at;
	timers[head->prev].next = timer;
	head->prev = timer;
	if (t->prev == at)
		head->wake_ns = t->wake_ns;
	due_no_later(s, slot, class, t->wake_ns);
}

static void list_unlink(struct session_timer *timers, uint32_t timer)
{
	const struct session_timer *t = &timers[timer];

	timers[t->prev].next = t->next;
	timers[t->next].prev = t->prev;
}

/* All of list `from` to the end of list `to`. */
static void list_splice(struct session_timer *timers, uint32_t from, uint32_t to)
{
	struct session_timer *f = &timers[from], *t = &timers[to];

	if (f->next == from)
		return;
	timers[f->next].prev = t->prev;
	timers[t->prev].next = f->next;
	timers[f->prev].next = to;
	t->prev = f->prev;
	f->next = f->prev = from;
}

void session_time_init(struct vnf_sessions *s, uint32_t slot)
{
	struct session_timer *timers = slot_timers(s, slot);

	for (uint32_t i = 0; i < s->n_heads; i++)
		timers[i] = (struct session_timer){ i, i, UINT64_MAX };
	for (uint32_t i = 0; i < s->conf.n_classes; i++) {
		struct session_class *class = &session_slot(s, slot)->class[i];

		class->period_ns = s->period_ns[i];
		class->n_lists = timeout_lists(class->period_ns);
		class->due_ns = UINT64_MAX;
	}
	s->due[slot] = UINT64_MAX;
}

/* ---- sessions ---- */

void session_timer_start(struct vnf_sessions *s, struct vnf_session *session, uint32_t in_class,
			 uint64_t now)
{
	session->in_class = (uint8_t)in_class;
	session->touched_ns = now;
	session_slot(s, session->slot)->class[in_class].n++;
	list_append(s, session->slot, in_class, 0, session_timer(s, session), now);
}

void session_timer_stop(struct vnf_sessions *s, struct vnf_session *session)
{
	session_slot(s, session->slot)->class[session->in_class].n--;
	list_unlink(slot_timers(s, session->slot), session_timer(s, session));
}

void vnf_session_move(const struct vnf_worker *worker, struct vnf_sessions *sessions,
		      struct vnf_session *session, uint32_t in_class)
{
	if (session->in_class == in_class) {
		vnf_session_touch(worker, session);
		return;
	}
	session_timer_stop(sessions, session);
	session_timer_start(sessions, session, in_class, worker->now_ns);
}

/* It was touched: go on waiting for what is left. */
static void timer_resume(struct vnf_sessions *s, const struct vnf_session *session, uint32_t timer,
			 uint64_t now)
{
	const struct session_class *class =
		&session_slot(s, session->slot)->class[session->in_class];
	uint64_t left = session->touched_ns + class->period_ns - now;
	uint32_t k = 1;

	while (k + 1 < class->n_lists && class->period_ns >> k > left)
		k++;
	list_unlink(slot_timers(s, session->slot), timer);
	list_append(s, session->slot, session->in_class, RTE_MIN(k, class->n_lists - 1), timer,
		    now);
}

static void timer_wake(struct vnf_worker *worker, struct vnf_sessions *s, uint32_t slot,
		       uint32_t timer)
{
	struct vnf_session *session = timer_session(s, slot, timer);
	uint32_t in_class = session->in_class;

	if (session_is_over(session_slot(s, slot), session, worker->now_ns) &&
	    session_expire(worker, s, session))
		return;
	/* Moved by its VNF: it is where it belongs. */
	if (session->in_class == in_class)
		timer_resume(s, session, timer, worker->now_ns);
}

/* ---- what is due ---- */

/* False when the budget ended first. */
static bool list_run(struct vnf_worker *worker, struct vnf_sessions *s, uint32_t slot,
		     uint32_t head, bool all, uint32_t *budget)
{
	struct session_timer *timers = slot_timers(s, slot);

	while (timers[head].wake_ns <= worker->now_ns) {
		uint32_t first = timers[head].next;

		if (first == head) {
			timers[head].wake_ns = UINT64_MAX;
		} else if (!all && timers[first].wake_ns > worker->now_ns) {
			timers[head].wake_ns = timers[first].wake_ns;
		} else {
			if (*budget == 0)
				return false;
			--*budget;
			timer_wake(worker, s, slot, first);
		}
	}
	return true;
}

static uint64_t class_first(const struct vnf_sessions *s, uint32_t slot, uint32_t in_class)
{
	const struct session_timer *heads = slot_timers(s, slot) + head_of(s, in_class, 0);
	uint64_t first = heads[cut_list(s)].wake_ns;

	for (uint32_t k = 0; k < session_slot(s, slot)->class[in_class].n_lists; k++)
		first = RTE_MIN(first, heads[k].wake_ns);
	return first;
}

static bool class_run(struct vnf_worker *worker, struct vnf_sessions *s, uint32_t slot,
		      uint32_t in_class, uint32_t *budget)
{
	struct session_class *class = &session_slot(s, slot)->class[in_class];

	if (class->due_ns > worker->now_ns)
		return true;
	if (!list_run(worker, s, slot, head_of(s, in_class, cut_list(s)), true, budget))
		return false;
	for (uint32_t k = 0; k < class->n_lists; k++)
		if (!list_run(worker, s, slot, head_of(s, in_class, k), false, budget))
			return false;
	class->due_ns = class_first(s, slot, in_class);
	return true;
}

static uint64_t slot_first(const struct vnf_sessions *s, const struct session_slot *in)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < s->conf.n_classes; i++)
		first = RTE_MIN(first, in->class[i].due_ns);
	return first;
}

static void slot_run(struct vnf_worker *worker, struct vnf_sessions *s, uint32_t slot,
		     uint32_t *budget)
{
	struct session_slot *in = session_slot(s, slot);

	for (uint32_t i = 0; i < s->conf.n_classes; i++) {
		if (!class_run(worker, s, slot, in->at, budget))
			return;
		in->at = in->at + 1 == s->conf.n_classes ? 0 : in->at + 1;
	}
	s->due[slot] = slot_first(s, in);
}

/* ---- periods ---- */

static void class_cut(struct vnf_sessions *s, uint32_t slot, uint32_t in_class)
{
	struct session_class *class = &session_slot(s, slot)->class[in_class];
	struct session_timer *timers = slot_timers(s, slot);
	uint32_t to = head_of(s, in_class, cut_list(s));

	for (uint32_t k = 0; k < class->n_lists; k++) {
		list_splice(timers, head_of(s, in_class, k), to);
		timers[head_of(s, in_class, k)].wake_ns = UINT64_MAX;
	}
	if (timers[to].next == to)
		return;
	timers[to].wake_ns = 0;
	due_no_later(s, slot, class, 0);
}

static void periods_take(struct vnf_sessions *s, uint32_t slot)
{
	struct session_slot *in = session_slot(s, slot);

	/* Pairs with the release of vnf_sessions_set_period(). */
	in->periods = __atomic_load_n(&s->periods, __ATOMIC_ACQUIRE);
	for (uint32_t i = 0; i < s->conf.n_classes; i++) {
		uint64_t period = __atomic_load_n(&s->period_ns[i], __ATOMIC_RELAXED);

		if (period < in->class[i].period_ns)
			class_cut(s, slot, i);
		in->class[i].period_ns = period;
		in->class[i].n_lists = timeout_lists(period);
	}
}

static bool periods_changed(const struct vnf_sessions *s, uint32_t slot)
{
	return __atomic_load_n(&s->periods, __ATOMIC_RELAXED) != session_slot(s, slot)->periods;
}

uint32_t vnf_sessions_run(struct vnf_worker *worker, struct vnf_sessions *sessions, uint32_t slot,
			  uint32_t budget)
{
	uint32_t left = budget;

	if (session_slot(sessions, slot)->calling)
		return 0;
	if (unlikely(periods_changed(sessions, slot)))
		periods_take(sessions, slot);
	if (sessions->due[slot] <= worker->now_ns)
		slot_run(worker, sessions, slot, &left);
	return budget - left;
}

uint64_t vnf_sessions_next_due(const struct vnf_sessions *sessions, uint32_t slot)
{
	return unlikely(periods_changed(sessions, slot)) ? 0 : sessions->due[slot];
}

/* ---- who goes to make room ---- */

/* Those in front of list 0 that were touched since go where they belong. */
static void front_resume(struct vnf_sessions *s, uint32_t slot, uint32_t in_class, uint64_t now)
{
	const struct session_class *class = &session_slot(s, slot)->class[in_class];
	const struct session_timer *timers = slot_timers(s, slot);
	uint32_t head = head_of(s, in_class, 0);

	for (uint32_t i = 0; i < RESUMED_MAX && timers[head].next != head; i++) {
		uint32_t first = timers[head].next;
		const struct vnf_session *session = timer_session(s, slot, first);
		uint64_t end = session->touched_ns + class->period_ns;

		if (end <= timers[first].wake_ns || end <= now)
			return;
		timer_resume(s, session, first, now);
	}
}

/* The one that was touched the longest ago of those in front of the lists. */
static struct vnf_session *class_evictable(const struct vnf_sessions *s, uint32_t slot,
					   uint32_t in_class)
{
	const struct session_timer *timers = slot_timers(s, slot);
	struct vnf_session *least = NULL;

	for (uint32_t k = 0; k < s->lists; k++) {
		uint32_t head = head_of(s, in_class, k);
		struct vnf_session *session;

		if (timers[head].next == head)
			continue;
		session = timer_session(s, slot, timers[head].next);
		if (least == NULL || session->touched_ns < least->touched_ns)
			least = session;
	}
	return least;
}

struct vnf_session *session_evictable(struct vnf_sessions *s, uint32_t slot, uint64_t now)
{
	const struct session_slot *in = session_slot(s, slot);
	struct vnf_session *least = NULL;
	uint32_t rank = 0;

	for (uint32_t i = 0; i < s->n_evict; i++) {
		uint32_t in_class = s->evict[i];
		struct vnf_session *first;

		if (in->class[in_class].n == 0)
			continue;
		if (least != NULL && s->class[in_class].evict_rank != rank)
			break;
		rank = s->class[in_class].evict_rank;
		front_resume(s, slot, in_class, now);
		first = class_evictable(s, slot, in_class);
		if (least == NULL || first->touched_ns < least->touched_ns)
			least = first;
	}
	return least;
}
