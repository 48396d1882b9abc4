/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Leaks: how many packets are missing in the pool when all is over, and, in builds with owners, in
 * whose hands each was last; see owners.h. A packet that is free is told from one that is lost by
 * taking all that are free out of the pool.
 */

#include "owners.h"

#include <stdio.h>
#include <stdlib.h>

#include "vnf_priv.h"

static const struct rte_mbuf_dynfield field = {
	.name = "vnfkit_owner",
	.size = sizeof(const char *),
	.align = __alignof__(const char *),
};

#ifdef VNF_OWNERS

int owners_field = -1;

int owners_init(void)
{
	owners_field = rte_mbuf_dynfield_register(&field);
	if (owners_field >= 0)
		return 0;
	vnf_error("no room in mbufs for the name of their owner");
	return -ENOMEM;
}

void vnf_packet_set_owner(struct rte_mbuf *pkt, const char *stage)
{
	owners_set(&pkt, 1, stage);
}

static const char *owner_port(const char *what, const struct vnf_port *port)
{
	static char names[2][VNF_PORTS_MAX][VNF_PORT_NAME_MAX + 16];
	char *name = names[what[0] == 't'][port->id];

	if (name[0] == '\0')
		snprintf(name, sizeof(names[0][0]), "%s of port \"%s\"", what, port->name);
	return name;
}

const char *owner_tx(const struct vnf_port *port)
{
	return owner_port("tx", port);
}

const char *owner_rx(const struct vnf_port *port)
{
	return owner_port("rx", port);
}

/* Stages that packets were lost in. */
struct loss {
	const char *stage;
	uint32_t n;
};

struct losses {
	struct loss loss[64];
	uint32_t n;
};

static void loss_add(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	struct losses *losses = arg;
	const char *stage = *owner_of(object);
	uint32_t i = 0;

	(void)pool;
	(void)index;
	if (stage == NULL)
		return;
	while (i < losses->n && strcmp(losses->loss[i].stage, stage) != 0)
		i++;
	if (i == RTE_DIM(losses->loss))
		return;
	losses->n = RTE_MAX(losses->n, i + 1);
	losses->loss[i].stage = stage;
	losses->loss[i].n++;
}

static void losses_report(const struct vnf *vnf)
{
	struct losses losses = { .n = 0 };
	void *object;

	while (rte_mempool_get(vnf->pool, &object) == 0)
		*owner_of(object) = NULL;
	rte_mempool_obj_iter(vnf->pool, loss_add, &losses);
	for (uint32_t i = 0; i < losses.n; i++) {
		bool pool = strcmp(losses.loss[i].stage, OWNER_POOL) == 0;

		vnf_error("leak: %u packet%s last in stage \"%s\"", losses.loss[i].n,
			  losses.loss[i].n == 1 ? "" : "s",
			  pool ? "made by rte_pktmbuf_alloc()" : losses.loss[i].stage);
	}
}

#else

int owners_init(void)
{
	return 0;
}

void vnf_packet_set_owner(struct rte_mbuf *pkt, const char *stage)
{
	(void)pkt;
	(void)stage;
}

static void losses_report(const struct vnf *vnf)
{
	(void)vnf;
	(void)field;
	vnf_error("leak: build with -Downers=enabled to see in which stage they were last");
}

#endif

uint32_t owners_report(const struct vnf *vnf)
{
	uint32_t lost = vnf->pool->size - rte_mempool_avail_count(vnf->pool);

	if (lost == 0)
		return 0;
	vnf_error("leak: %u packet%s never given back to the pool; each must be forwarded, dropped "
		  "or, if it was taken, given to vnf_send() or vnf_drop()",
		  lost, lost == 1 ? " was" : "s were");
	losses_report(vnf);
	return lost;
}
