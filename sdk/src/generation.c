/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A generation from creation to release, and how a worker goes over to it. Control thread, but for
 * generation_take(), which workers call between two passes.
 */

#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct generation *generation_create(struct vnf *vnf, struct loaded *loaded)
{
	struct generation *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->n_ports = vnf->n_ports;
	g->loaded = loaded;
	loaded_get(loaded);
	return g;
}

static void parts_discard(struct vnf *vnf, const struct generation *generation)
{
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++) {
		const struct vnf_part *part = vnf->program->parts[i];

		if (generation->part_built[part->slot] != NULL)
			part->discard(vnf, generation->part_built[part->slot]);
	}
}

static int parts_build(struct vnf *vnf, struct generation *generation, struct vnf_build from)
{
	int ret = 0;

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++) {
		const struct vnf_part *part = vnf->program->parts[i];

		from.config = generation->loaded->part_config[part->slot];
		if (part->build != NULL)
			ret = part->build(vnf, &from, &generation->part_built[part->slot]);
		if (ret < 0)
			break;
	}
	return ret;
}

void generation_destroy(struct vnf *vnf, struct generation *generation)
{
	if (generation == NULL)
		return;
	if (generation->built != NULL && vnf->program->discard != NULL)
		vnf->program->discard(vnf, generation->built);
	parts_discard(vnf, generation);
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		free(generation->rxqs[i]);
	loaded_put(generation->loaded);
	free(generation);
}

int generation_build(struct vnf *vnf, struct generation *generation,
		     const struct vnf_port_spec *const *specs)
{
	const struct vnf_build from = {
		.file = generation->loaded->file,
		.config = generation->loaded->config,
		.port = specs,
		.n_ports = generation->n_ports,
	};
	int ret;

	for (uint16_t i = 0; i < generation->n_ports; i++)
		generation->has_port[i] = specs[i] != NULL;
	vnf->building = generation;
	ret = parts_build(vnf, generation, from);
	if (ret == 0 && vnf->program->build != NULL)
		ret = vnf->program->build(vnf, &from, &generation->built);
	vnf->building = NULL;
	if (vnf_config_error_count(from.file) > 0)
		return -EINVAL;
	return ret;
}

void generation_publish(struct vnf *vnf, struct generation *generation)
{
	generation->number = ++vnf->generations;
	generation->since_ns = vnf_clock_wall();
	vnf->file = generation->loaded->file;
	vnf->config = generation->loaded->config;
	vnf->part_config = generation->loaded->part_config;
	/* Pairs with the acquire in worker_loop(). */
	__atomic_store_n(&vnf->generation, generation, __ATOMIC_RELEASE);
}

void *vnf_part_built(const struct vnf *vnf, enum part_slot slot)
{
	return vnf->generation->part_built[slot];
}

void *vnf_part_building(const struct vnf *vnf, enum part_slot slot, const struct vnf_config *file)
{
	const struct generation *g = vnf->building != NULL ? vnf->building : vnf->generation;

	return g != NULL && g->loaded->file == file ? g->part_built[slot] : NULL;
}

const void *vnf_keys_building(const struct vnf *vnf)
{
	return vnf->building->loaded->config;
}

void *vnf_built(const struct vnf *vnf)
{
	return vnf->generation != NULL ? vnf->generation->built : NULL;
}

/* ---- workers ---- */

static uint64_t worker_received(const struct worker *w)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < w->n_counted; i++)
		n += __atomic_load_n(&w->counters.port[i].rx_packets, __ATOMIC_RELAXED);
	return n;
}

static struct generation_share *share_of(const struct worker *w, uint64_t number)
{
	return &((struct worker *)(uintptr_t)w)->shares[number % GENERATIONS_KEPT];
}

/* Close the account of the one, open that of the other. */
static void shares_switch(struct worker *w, uint64_t number)
{
	uint64_t received = worker_received(w);

	if (w->pub.generation != 0)
		share_of(w, w->pub.generation)->packets = received - w->taken_rx;
	*share_of(w, number) = (struct generation_share){ .number = number };
	w->taken_rx = received;
}

static void rxqs_take(struct worker *w, const struct generation *g)
{
	bool first = g->rxqs[w->pub.id] == NULL;

	w->rxqs = first ? w->first_rxqs : g->rxqs[w->pub.id];
	w->n_rxqs = first ? w->n_first_rxqs : g->n_rxqs[w->pub.id];
}

static void parts_take(struct worker *w, const struct generation *g)
{
	const struct vnf_program *program = w->pub.vnf->program;

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(program, i) != NULL; i++) {
		const struct vnf_part *part = program->parts[i];

		if (w->pub.part[part->slot] != NULL && part->take != NULL)
			part->take(&w->pub, g->part_built[part->slot]);
	}
}

bool generation_is_new(const struct worker *w)
{
	const struct generation *g = __atomic_load_n(w->newest, __ATOMIC_ACQUIRE);

	return g != NULL && g->number != w->pub.generation;
}

void generation_take(struct worker *w)
{
	const struct generation *g = __atomic_load_n(w->newest, __ATOMIC_ACQUIRE);

	w->n_counted = RTE_MAX(w->n_counted, g->n_ports);
	shares_switch(w, g->number);
	w->pub.config = g->loaded->config;
	w->pub.built = g->built;
	w->pub.n_ports = g->n_ports;
	w->has_port = g->has_port;
	rxqs_take(w, g);
	parts_take(w, g);
	/* For those who look at who is late. */
	__atomic_store_n(&w->pub.generation, g->number, __ATOMIC_RELAXED);
}

/* Of the one that a worker works by, what it has received since; approximate while it runs. */
static uint64_t share_packets(const struct worker *w, uint64_t number)
{
	const struct generation_share *share = share_of(w, number);

	if (share->number != number)
		return 0;
	if (__atomic_load_n(&w->pub.generation, __ATOMIC_RELAXED) == number)
		return worker_received(w) - __atomic_load_n(&w->taken_rx, __ATOMIC_RELAXED);
	return __atomic_load_n(&share->packets, __ATOMIC_RELAXED);
}

uint64_t generation_packets(const struct vnf *vnf, uint64_t number)
{
	uint64_t packets = 0;

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		packets += share_packets(&vnf->workers[i], number);
	return packets;
}
