/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tables of sessions: what a configuration comes to in memory, creation, release, and what any
 * thread may ask or set. Start-up and control thread, but where said otherwise.
 */

#include <errno.h>
#include <stdio.h>

#include <rte_malloc.h>

#include "session_priv.h"

/* What DPDK's heap adds to a piece of memory, and what it may lose by aligning it. */
#define HEAP_BYTES 256

/* Where the parts of a table begin, in octets. */
struct layout {
	uint64_t due;
	uint64_t slots;
	uint64_t buckets;
	uint64_t timers;
	uint64_t entries;
	uint64_t end;
};

/* ---- configuration ---- */

static bool classes_are_possible(const struct vnf_sessions_conf *conf)
{
	if (conf->n_classes == 0 || conf->n_classes > VNF_SESSION_CLASSES_MAX ||
	    conf->classes == NULL)
		return false;
	for (uint32_t i = 0; i < conf->n_classes; i++)
		if (conf->classes[i].name == NULL || conf->classes[i].period_ns == 0 ||
		    conf->classes[i].period_ns > VNF_SESSION_PERIOD_MAX_NS)
			return false;
	return true;
}

/* What is wrong with its members, one by one; NULL: nothing. */
static const char *conf_fault(const struct vnf_sessions_conf *conf)
{
	if (conf->name == NULL)
		return "it has no name";
	if (conf->sessions == 0 || conf->sessions > VNF_SESSIONS_MAX)
		return "sessions must be 1 to 268,435,456";
	if (!rte_is_power_of_2(conf->slots) || conf->slots > VNF_SESSION_SLOTS_MAX)
		return "slots must be a power of two, 1 to 4,096";
	if (conf->key_size != sizeof(struct vnf_session_key4) &&
	    conf->key_size != sizeof(struct vnf_session_key6))
		return "key_size must be that of a struct vnf_session_key4 or vnf_session_key6";
	if (conf->keys != 1 && conf->keys != 2)
		return "keys must be 1 or 2";
	if (conf->user_size > VNF_SESSION_USER_MAX)
		return "user_size must be 0 to 1,024";
	return classes_are_possible(conf) ? NULL
					  : "it has no classes, too many, or a period out of range";
}

/* ---- sizes ---- */

static uint32_t root(uint32_t of)
{
	uint32_t r = 0;

	while ((uint64_t)r * r < of)
		r++;
	return r;
}

/* A multiple of 4, so that each slot's sessions and timers begin with a cache line. */
static uint32_t per_slot(const struct vnf_sessions_conf *conf)
{
	uint32_t n = (conf->sessions + conf->slots - 1) / conf->slots;

	if (conf->slots > 1)
		n += 5 * root(n) + 4;
	return RTE_ALIGN_CEIL(n, 4u);
}

/* Up to 64 octets a session crosses no cache line; beyond, it touches no more than it must. */
static uint32_t stride(const struct vnf_sessions_conf *conf)
{
	uint32_t bytes = (uint32_t)sizeof(struct vnf_session) + conf->keys * conf->key_size +
			 conf->user_size;

	return bytes <= RTE_CACHE_LINE_SIZE ? rte_align32pow2(RTE_MAX(bytes, 32u))
					    : RTE_ALIGN_CEIL(bytes, 16u);
}

/* Seven keys a bucket, and some buckets more, without which a small index would not always have
 * room for all the keys that it is made for.
 */
static uint32_t buckets(const struct vnf_sessions_conf *conf)
{
	return (uint32_t)(((uint64_t)per_slot(conf) * conf->keys + 6) / 7 + 8);
}

/* Heads of a class: its lists, and one for those whose period was cut. */
static uint32_t lists(bool exact)
{
	return (exact ? TIMEOUT_LISTS_MAX : TIMEOUT_LISTS_LIVE) + 1;
}

static uint32_t heads(const struct vnf_sessions_conf *conf, bool exact)
{
	return RTE_ALIGN_CEIL(conf->n_classes * lists(exact), 4u);
}

static uint32_t slot_bytes(const struct vnf_sessions_conf *conf)
{
	return RTE_ALIGN_CEIL((uint32_t)(sizeof(struct session_slot) +
					 conf->n_classes * sizeof(struct session_class)),
			      (uint32_t)RTE_CACHE_LINE_SIZE);
}

static struct layout layout(const struct vnf_sessions_conf *conf, bool exact)
{
	uint64_t n = conf->slots, sessions = per_slot(conf);
	struct layout at;

	at.due = RTE_ALIGN_CEIL(sizeof(struct vnf_sessions), (uint64_t)RTE_CACHE_LINE_SIZE);
	at.slots = at.due + RTE_ALIGN_CEIL(n * sizeof(uint64_t), (uint64_t)RTE_CACHE_LINE_SIZE);
	at.buckets = at.slots + n * slot_bytes(conf);
	at.timers = at.buckets + n * buckets(conf) * sizeof(struct session_bucket);
	at.entries = at.timers + n * (heads(conf, exact) + sessions) * sizeof(struct session_timer);
	at.end = at.entries + n * sessions * stride(conf);
	return at;
}

/* Handles count sessions' addresses in units of 16 octets. */
const char *sessions_fault(const struct vnf_sessions_conf *conf)
{
	const char *fault = conf_fault(conf);

	if (fault == NULL &&
	    ((uint64_t)conf->slots * per_slot(conf) >= 1u << (32 - WORD_SESSION_SHIFT) ||
	     (uint64_t)conf->slots * per_slot(conf) * stride(conf) >> 4 > UINT32_MAX))
		return "it would have more sessions, with those for an uneven spread, than can be "
		       "told apart";
	return fault;
}

static bool is_possible(const struct vnf_sessions_conf *conf)
{
	return sessions_fault(conf) == NULL;
}

uint32_t vnf_sessions_per_slot(const struct vnf_sessions_conf *conf)
{
	return is_possible(conf) ? per_slot(conf) : 0;
}

uint64_t vnf_sessions_bytes(const struct vnf_sessions_conf *conf)
{
	/* Whether the clock will be virtual is not known before DPDK is started. */
	return is_possible(conf) ? layout(conf, true).end + HEAP_BYTES : 0;
}

/* ---- creation ---- */

static void secrets_draw(struct vnf_sessions *s)
{
	char text[64];

	for (uint32_t i = 0; i < SESSION_SECRETS; i++) {
		snprintf(text, sizeof(text), "sessions %u %s", i, s->conf.name);
		s->secret[i] = vnf_random_seed(text);
	}
}

/* By rank, and by number where ranks are the same. */
static void evict_order(struct vnf_sessions *s)
{
	for (uint32_t i = 0; i < s->conf.n_classes; i++) {
		uint32_t at = s->n_evict;

		if (s->class[i].evict_rank == 0)
			continue;
		for (; at > 0 && s->class[s->evict[at - 1]].evict_rank > s->class[i].evict_rank;
		     at--)
			s->evict[at] = s->evict[at - 1];
		s->evict[at] = (uint8_t)i;
		s->n_evict++;
	}
}

static void conf_copy(struct vnf_sessions *s, const struct vnf_sessions_conf *conf)
{
	s->conf = *conf;
	s->conf.classes = s->class;
	for (uint32_t i = 0; i < conf->n_classes; i++) {
		s->class[i] = conf->classes[i];
		s->period_ns[i] = conf->classes[i].period_ns;
	}
	s->stride = stride(conf);
	s->slot_bytes = slot_bytes(conf);
	s->n_slots = conf->slots;
	s->per_slot = per_slot(conf);
	s->buckets_per_slot = buckets(conf);
	s->n_heads = heads(conf, clock_is_virtual());
	s->timers_per_slot = s->n_heads + s->per_slot;
	s->lists = lists(clock_is_virtual());
	s->key_size = conf->key_size;
}

/* Slots of a program's table are those of its steering, or else owners would not be found. */
static bool fits_program(const struct vnf *vnf, const struct vnf_sessions_conf *conf)
{
	if (vnf == NULL)
		return true;
	return vnf->part_state[PART_STEER] != NULL ? conf->slots == vnf_slot_count(vnf)
						   : vnf->n_workers == 1;
}

int vnf_sessions_create(struct vnf *vnf, const struct vnf_sessions_conf *conf,
			struct vnf_sessions **sessions)
{
	struct vnf_sessions *s;
	struct layout at;

	if (!is_possible(conf) || !fits_program(vnf, conf))
		return -EINVAL;
	at = layout(conf, clock_is_virtual());
	s = rte_zmalloc("sessions", at.end, RTE_CACHE_LINE_SIZE);
	if (s == NULL)
		return -ENOMEM;
	s->bytes = at.end;
	s->due = RTE_PTR_ADD(s, at.due);
	s->slots = RTE_PTR_ADD(s, at.slots);
	s->buckets = RTE_PTR_ADD(s, at.buckets);
	s->timers = RTE_PTR_ADD(s, at.timers);
	s->entries = RTE_PTR_ADD(s, at.entries);
	conf_copy(s, conf);
	secrets_draw(s);
	evict_order(s);
	for (uint32_t i = 0; i < s->n_slots; i++)
		session_time_init(s, i);
	if (vnf != NULL)
		sessions_link(vnf, s);
	*sessions = s;
	return 0;
}

void vnf_sessions_destroy(struct vnf_sessions *sessions)
{
	if (sessions != NULL && sessions->vnf != NULL)
		sessions_unlink(sessions);
	rte_free(sessions);
}

/* ---- any thread ---- */

int vnf_sessions_class(const struct vnf_sessions *sessions, uint32_t in_class,
		       struct vnf_session_class *is)
{
	if (in_class >= sessions->conf.n_classes)
		return -ENOENT;
	*is = sessions->class[in_class];
	is->period_ns = __atomic_load_n(&sessions->period_ns[in_class], __ATOMIC_RELAXED);
	return 0;
}

int vnf_sessions_set_period(struct vnf_sessions *sessions, uint32_t in_class, uint64_t period_ns)
{
	if (in_class >= sessions->conf.n_classes || period_ns == 0 ||
	    period_ns > VNF_SESSION_PERIOD_MAX_NS)
		return -EINVAL;
	__atomic_store_n(&sessions->period_ns[in_class], period_ns, __ATOMIC_RELAXED);
	/* Pairs with the acquire of vnf_sessions_run(). */
	__atomic_add_fetch(&sessions->periods, 1, __ATOMIC_RELEASE);
	return 0;
}

static uint64_t count_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void counters_add(struct vnf_sessions_counters *to, const struct session_slot *slot)
{
	to->in_use += count_read(&slot->counters.in_use);
	to->set_up += count_read(&slot->counters.set_up);
	to->refused += count_read(&slot->counters.refused);
	to->evicted += count_read(&slot->counters.evicted);
	to->expired += count_read(&slot->counters.expired);
	to->removed += count_read(&slot->counters.removed);
}

int vnf_sessions_read(const struct vnf_sessions *sessions, uint32_t slot,
		      struct vnf_sessions_counters *counters)
{
	uint32_t first = slot == VNF_SESSION_ALL_SLOTS ? 0 : slot;
	uint32_t end = slot == VNF_SESSION_ALL_SLOTS ? sessions->n_slots : first + 1;

	if (end > sessions->n_slots || end == 0)
		return -ENOENT;
	memset(counters, 0, sizeof(*counters));
	for (uint32_t i = first; i < end; i++)
		counters_add(counters, session_slot(sessions, i));
	return 0;
}
