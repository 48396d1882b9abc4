/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "steer_rss.h"

#include <string.h>

#include "steer_priv.h"

/* What everybody uses, where nobody can gain by knowing it. */
#define WORD_KNOWN 0x6d5a

static const struct steer *steer_of(const struct vnf *vnf)
{
	return vnf->part_state[PART_STEER];
}

static uint16_t hash_sum(uint16_t word, uint16_t sum)
{
	uint16_t hash = 0;

	/* The first bit on the wire is the highest. */
	for (uint32_t bit = 0; bit < 16; bit++)
		if ((sum >> (15 - bit) & 1) != 0)
			hash ^= (uint16_t)(word << bit | word >> (16 - bit) % 16);
	return hash;
}

uint16_t steer_rss_word(const struct vnf *vnf)
{
	const struct steer *steer = steer_of(vnf);

	return steer != NULL && steer->rss_word != 0 ? steer->rss_word : WORD_KNOWN;
}

uint16_t steer_rss_hash(const struct vnf *vnf, uint32_t sum)
{
	return hash_sum(steer_rss_word(vnf), (uint16_t)(sum ^ sum >> 16));
}

/* The i-th of a port's queues that this worker polls; all of them where it polls none. */
static uint16_t queue_of_worker(const struct port_slot *slot, uint16_t worker, uint32_t i)
{
	uint16_t own[VNF_QUEUES_MAX], n = 0;

	for (uint16_t q = 0; q < slot->port.n_queues; q++)
		if (slot->poller[q] == worker)
			own[n++] = q;
	if (n == 0)
		return (uint16_t)(i % RTE_MAX(slot->port.n_queues, 1));
	return own[i % n];
}

uint16_t steer_rss_queue(const struct vnf *vnf, const struct vnf_port *port, uint32_t hash)
{
	const struct steer *steer = steer_of(vnf);
	uint16_t worker;

	if (steer == NULL || steer->rss_word == 0)
		return (uint16_t)(hash % port->n_queues);
	worker = __atomic_load_n(&steer->target[hash & (steer->n_slots - 1)], __ATOMIC_RELAXED);
	return queue_of_worker(&vnf->ports[port->id], worker, hash / steer->n_slots);
}

/* A card with several queues, and a VNF that lets the SDK say which packets meet. */
static bool is_wanted(const struct vnf *vnf)
{
	if (vnf->program->spread == VNF_SPREAD_OWN || vnf->n_workers == 1)
		return false;
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (port_slot_used(&vnf->ports[i]) && vnf->ports[i].port.n_queues > 1 &&
		    (vnf->ports[i].port.kind->flags & VNF_KIND_SPREADS) != 0)
			return true;
	return false;
}

static uint16_t word_draw(void)
{
	struct vnf_random random;
	uint16_t word;

	vnf_random_init(&random, vnf_random_seed("rss"));
	do {
		word = (uint16_t)vnf_random_next(&random);
	} while (__builtin_popcount(word) != 7 && __builtin_popcount(word) != 9);
	return word;
}

void steer_rss_init(struct vnf *vnf, struct steer *steer)
{
	if (!is_wanted(vnf))
		return;
	steer->rss_word = word_draw();
	for (uint32_t i = 0; i <= UINT8_MAX; i++) {
		steer->rss[0][i] = hash_sum(steer->rss_word, (uint16_t)(i << 8));
		steer->rss[1][i] = hash_sum(steer->rss_word, (uint16_t)i);
	}
}
