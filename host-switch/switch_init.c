/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Creation and release of the switch and its workers' parts. Control thread, while no worker runs.
 * Ordinary memory only: nothing here adds to what guests map.
 */
#include "switch.h"

#include <errno.h>
#include <stdlib.h>

static void *zalloc_aligned(size_t size)
{
	void *p;

	size = RTE_ALIGN_CEIL(size, (size_t)RTE_CACHE_LINE_SIZE);
	p = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

static int learner_init(struct hsw_learner *l)
{
	ssize_t size = rte_ring_get_memsize_elem(sizeof(struct hsw_learn_event), HSW_LEARN_RING);

	if (size < 0)
		return (int)size;
	l->ring = zalloc_aligned((size_t)size);
	if (l->ring == NULL)
		return -ENOMEM;
	/* No learn_round is this one: the first event hands out tokens. */
	l->round = UINT32_MAX;
	return rte_ring_init(l->ring, "learn", HSW_LEARN_RING, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

/* Workers share a queue when the port has fewer than workers and its kind does not mind. */
static void batch_init(struct hsw_worker *w, struct vnf_port *port)
{
	const struct hsw_switch *sw = w->sw;
	struct hsw_batch *b = &w->out[port->id];

	b->port = port;
	b->queue = w->id % port->n_queues;
	b->wait_ns = port->spec->tx_wait;
	b->wait_left_ns = b->wait_ns;
	b->stalled = false;
	b->lock = NULL;
	if ((port->kind->flags & VNF_KIND_TX_SHARED) == 0 && port->n_queues < sw->n_workers)
		b->lock = &sw->tx_locks[port->id].queue[b->queue];
}

void hsw_worker_connect(struct hsw_worker *w, struct vnf_port *const *ports, uint16_t n_ports,
			const struct hsw_topology *topology)
{
	w->topology = topology;
	for (uint16_t i = 0; i < n_ports; i++)
		if (ports[i] != NULL)
			batch_init(w, ports[i]);
}

static void worker_destroy(struct hsw_worker *w)
{
	if (w == NULL)
		return;
	free(w->learner.ring);
	free(w->out);
	free(w);
}

static struct hsw_worker *worker_create(struct hsw_switch *sw, uint16_t id)
{
	struct hsw_worker *w = zalloc_aligned(sizeof(*w));

	if (w == NULL)
		return NULL;
	w->sw = sw;
	w->id = id;
	w->out = zalloc_aligned(VNF_PORTS_MAX * sizeof(*w->out));
	if (w->out == NULL || learner_init(&w->learner) < 0) {
		worker_destroy(w);
		return NULL;
	}
	return w;
}

static int tables_create(struct hsw_switch *sw)
{
	sw->workers = calloc(sw->n_workers, sizeof(*sw->workers));
	sw->tx_locks = zalloc_aligned(VNF_PORTS_MAX * sizeof(*sw->tx_locks));
	if (sw->workers == NULL || sw->tx_locks == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < sw->n_workers; i++) {
		sw->workers[i] = worker_create(sw, i);
		if (sw->workers[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int hsw_switch_create(struct vnf_port **ports, uint16_t n_ports, uint16_t n_workers,
		      struct hsw_fdb *fdb, struct hsw_switch **sw)
{
	struct hsw_switch *s = zalloc_aligned(sizeof(*s));
	int ret;

	if (s == NULL) {
		hsw_fdb_destroy(fdb);
		return -ENOMEM;
	}
	s->n_ports = n_ports;
	s->n_workers = n_workers;
	s->fdb = fdb;
	memcpy(s->ports, ports, n_ports * sizeof(*ports));
	ret = tables_create(s);
	if (ret < 0) {
		hsw_switch_destroy(s);
		return ret;
	}
	*sw = s;
	return 0;
}

void hsw_switch_destroy(struct hsw_switch *sw)
{
	if (sw == NULL)
		return;
	for (uint16_t i = 0; sw->workers != NULL && i < sw->n_workers; i++)
		worker_destroy(sw->workers[i]);
	hsw_learn_fini(sw);
	hsw_fdb_destroy(sw->fdb);
	free(sw->workers);
	free(sw->tx_locks);
	free(sw);
}
