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

/* False when the budget ended first; the next pass begins where it ended. */
static bool table_run(struct worker *w, struct vnf_sessions *s, uint32_t *budget)
{
	for (uint32_t i = 0; i < s->n_slots; i++) {
		uint32_t slot = (w->sessions_at + i) & (s->n_slots - 1);

		if (!owns(w, slot) || vnf_sessions_next_due(s, slot) > w->pub.now_ns)
			continue;
		*budget -= vnf_sessions_run(&w->pub, s, slot, *budget);
		if (*budget != 0)
			continue;
		w->sessions_at = slot;
		return false;
	}
	return true;
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
	for (struct vnf_sessions *s = w->pub.vnf->sessions; s != NULL; s = s->next)
		if (!table_run(w, s, &budget))
			break;
	if (budget != 0)
		w->sessions_look_ns = w->pub.now_ns + LOOK_NS;
	__atomic_store_n(&w->doing, DOING_PASS, __ATOMIC_RELAXED);
}
