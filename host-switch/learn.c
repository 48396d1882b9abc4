/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The control thread's half of learning, every 10 ms: take in what the workers saw, write it into
 * the MAC table, age a part of the table, and notice addresses that move back and forth, which is
 * how a loop looks from here. The only writer of the table.
 */
#include "switch.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_ether.h>

/* Calls of hsw_learn_poll() in which ageing comes round once: 5 s. */
#define AGE_POLLS 500
/* Moves of one address within a second that make a loop. */
#define LOOP_MOVES 8
/* Seconds between two warnings about one domain. */
#define LOOP_QUIET_S 10
/* Addresses whose moves are being counted. */
#define TRACKS 256
/* Events taken from a ring at a time. */
#define DRAIN_BURST 64

/* How often an address changed its port within one second. */
struct move_track {
	uint64_t key;
	uint32_t epoch;
	uint32_t moves;
};

struct domain_watch {
	uint64_t loops;      /* Read by telemetry. */
	uint32_t quiet_till; /* Second until which no further warning is written. */
};

struct hsw_control {
	uint32_t ageing_s;
	uint32_t age_buckets; /* Looked at per poll. */
	uint32_t epoch;       /* In which it aged last. */
	bool at_once;
	struct move_track tracks[TRACKS];
	struct domain_watch *domains;
};

int hsw_learn_init(struct hsw_switch *sw, uint32_t ageing_s, bool at_once)
{
	struct hsw_control *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->domains = calloc(HSW_DOMAINS_MAX, sizeof(*c->domains));
	if (c->domains == NULL) {
		free(c);
		return -ENOMEM;
	}
	c->ageing_s = ageing_s;
	c->at_once = at_once;
	c->age_buckets = (sw->fdb->mask + 1) / (at_once ? 1 : AGE_POLLS) + 1;
	sw->control = c;
	return 0;
}

void hsw_learn_fini(struct hsw_switch *sw)
{
	if (sw->control == NULL)
		return;
	free(sw->control->domains);
	free(sw->control);
	sw->control = NULL;
}

void hsw_learn_set_ageing(struct hsw_switch *sw, uint32_t ageing_s)
{
	sw->control->ageing_s = ageing_s;
}

uint32_t hsw_learn_epoch(const struct hsw_switch *sw)
{
	uint32_t epoch = 0;

	for (uint16_t i = 0; i < sw->n_workers; i++)
		epoch = RTE_MAX(epoch, __atomic_load_n(&sw->workers[i]->epoch, __ATOMIC_RELAXED));
	return epoch;
}

uint64_t hsw_learn_loops(const struct hsw_switch *sw, uint16_t domain)
{
	if (sw->control == NULL)
		return 0;
	return __atomic_load_n(&sw->control->domains[domain].loops, __ATOMIC_RELAXED);
}

void hsw_learn_forget_domains(struct hsw_switch *sw)
{
	const struct hsw_topology *t = sw->topology;

	for (uint16_t i = 0; i < HSW_DOMAINS_MAX; i++)
		if (i >= t->n_domains || t->domains[i].name == NULL)
			memset(&sw->control->domains[i], 0, sizeof(sw->control->domains[i]));
}

static void loop_report(struct hsw_switch *sw, const struct hsw_learn_event *event,
			uint16_t old_port)
{
	uint16_t id = hsw_fdb_key_domain(event->key);
	struct domain_watch *watch = &sw->control->domains[id];
	const uint8_t *mac = (const uint8_t *)&event->key;

	__atomic_store_n(&watch->loops, watch->loops + 1, __ATOMIC_RELAXED);
	if (event->epoch < watch->quiet_till)
		return;
	watch->quiet_till = event->epoch + LOOP_QUIET_S;
	vnf_warning("loop suspected in domain \"%s\": MAC " RTE_ETHER_ADDR_PRT_FMT
		    " moves between ports \"%s\" and \"%s\"; look for a second way between what "
		    "they are connected to (a VNF's two ports belong into two domains)",
		    sw->topology->domains[id].name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
		    sw->ports[old_port] != NULL ? sw->ports[old_port]->name : "(removed)",
		    sw->ports[event->port]->name);
}

/* A virtual machine that migrates moves once; a frame that goes round moves as fast as it can. */
static void move_note(struct hsw_switch *sw, const struct hsw_learn_event *event, uint16_t old_port)
{
	struct move_track *t = &sw->control->tracks[hsw_fdb_hash(event->key) % TRACKS];

	if (t->key != event->key || t->epoch != event->epoch)
		*t = (struct move_track){ .key = event->key, .epoch = event->epoch };
	if (++t->moves == LOOP_MOVES)
		loop_report(sw, event, old_port);
}

/* The port may have gone down, or to another domain, and been flushed since then. */
static bool event_is_true(const struct hsw_switch *sw, const struct hsw_learn_event *e)
{
	return e->port < sw->topology->n_ports && sw->ports[e->port] != NULL &&
	       vnf_port_is_up(sw->ports[e->port]) &&
	       hsw_attach_at(sw->topology, e->port).domain == hsw_fdb_key_domain(e->key);
}

static void ring_drain(struct hsw_switch *sw, struct rte_ring *ring)
{
	struct hsw_learn_event events[DRAIN_BURST];
	unsigned int budget = HSW_LEARN_RING;
	unsigned int n;

	do {
		n = rte_ring_sc_dequeue_burst_elem(ring, events, sizeof(*events), DRAIN_BURST,
						   NULL);
		for (unsigned int i = 0; i < n; i++) {
			const struct hsw_learn_event *e = &events[i];
			uint16_t old_port;

			if (!event_is_true(sw, e))
				continue;
			if (hsw_fdb_learn(sw->fdb, e->key, e->port, e->epoch, &old_port) ==
			    HSW_FDB_MOVED)
				move_note(sw, e, old_port);
		}
		budget -= n;
	} while (n == DRAIN_BURST && budget >= DRAIN_BURST);
}

static void age(struct hsw_switch *sw, uint32_t epoch)
{
	struct hsw_control *c = sw->control;

	if (c->at_once && epoch == c->epoch)
		return;
	c->epoch = epoch;
	hsw_fdb_age(sw->fdb, epoch, c->ageing_s, c->age_buckets);
}

static void round_begin(struct hsw_switch *sw)
{
	/* Pairs with the acquire in learn_post(): tokens are new only once the rings are empty. */
	__atomic_store_n(&sw->learn_round, sw->learn_round + 1, __ATOMIC_RELEASE);
}

void hsw_learn_discard(struct hsw_switch *sw)
{
	struct hsw_learn_event event;

	for (uint16_t i = 0; i < sw->n_workers; i++) {
		unsigned int budget = HSW_LEARN_RING;

		while (budget-- > 0 && rte_ring_sc_dequeue_elem(sw->workers[i]->learner.ring,
								&event, sizeof(event)) == 0)
			;
	}
	round_begin(sw);
}

void hsw_learn_poll(struct hsw_switch *sw)
{
	for (uint16_t i = 0; i < sw->n_workers; i++)
		ring_drain(sw, sw->workers[i]->learner.ring);
	round_begin(sw);
	age(sw, hsw_learn_epoch(sw));
}
