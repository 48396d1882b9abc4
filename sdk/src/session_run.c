/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Timers of sessions in a program: each worker runs those of the slots that it owns, between its
 * passes. Which slots have something to do is looked at every quarter of a millisecond, so a table
 * costs a pass one comparison; in a replay always, for there each ends at its very nanosecond. The
 * list of tables changes only while no worker runs.
 */

#include "session_priv.h"

#define LOOK_NS 250000
/* Timers that a worker looks at in a pass. */
#define BUDGET_LIVE 64

void sessions_link(struct vnf *vnf, struct vnf_sessions *s)
{
	s->vnf = vnf;
	s->next = vnf->sessions;
	vnf->sessions = s;
}

void sessions_unlink(struct vnf_sessions *s)
{
	struct vnf_sessions **at;

	for (at = &s->vnf->sessions; *at != NULL; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
}

/* Without steering there is one worker. */
static bool owns(const struct worker *w, uint32_t slot)
{
	return w->pub.slots == NULL || vnf_slot_is_mine(&w->pub, slot);
}

static uint64_t table_due(const struct worker *w, const struct vnf_sessions *s)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t slot = 0; slot < s->n_slots; slot++)
		if (owns(w, slot))
			first = RTE_MIN(first, vnf_sessions_next_due(s, slot));
	return first;
}

uint64_t sessions_next_due(const struct worker *w)
{
	uint64_t first = UINT64_MAX;

	for (const struct vnf_sessions *s = w->pub.vnf->sessions; s != NULL; s = s->next)
		first = RTE_MIN(first, table_due(w, s));
	return first;
}

/* What is due in one slot, of all tables, in their order. False when the budget ended first. */
static bool slot_run(struct worker *w, uint32_t slot, uint32_t *budget)
{
	for (struct vnf_sessions *s = w->pub.vnf->sessions; s != NULL; s = s->next) {
		if (slot >= s->n_slots || vnf_sessions_next_due(s, slot) > w->pub.now_ns)
			continue;
		*budget -= vnf_sessions_run(&w->pub, s, slot, *budget);
		if (*budget == 0)
			return false;
	}
	return true;
}

static uint32_t slots_most(const struct vnf *vnf)
{
	uint32_t most = 0;

	for (const struct vnf_sessions *s = vnf->sessions; s != NULL; s = s->next)
		most = RTE_MAX(most, s->n_slots);
	return most;
}

/* Slot by slot, so that what is done in the slots of several workers is done in the same order by
 * one. When the budget ends, the next pass begins with the slot in which it did.
 */
static void slots_run(struct worker *w, uint32_t *budget)
{
	uint32_t n = slots_most(w->pub.vnf);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = (w->sessions_at + i) & (n - 1);

		if (!owns(w, slot) || slot_run(w, slot, budget))
			continue;
		w->sessions_at = slot;
		return;
	}
}

void sessions_run(struct worker *w)
{
	bool exact = clock_is_virtual();
	uint32_t budget = exact ? UINT32_MAX : BUDGET_LIVE;

	if (!exact && w->pub.now_ns < w->sessions_look_ns)
		return;
	if (exact)
		w->sessions_at = 0;
	__atomic_store_n(&w->doing, DOING_TIMEOUT, __ATOMIC_RELAXED);
	slots_run(w, &budget);
	if (budget != 0)
		w->sessions_look_ns = w->pub.now_ns + LOOK_NS;
	__atomic_store_n(&w->doing, DOING_PASS, __ATOMIC_RELAXED);
}
