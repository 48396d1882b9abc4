/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The packet pool: one for all ports, on one NUMA node, created once after EAL by the control
 * thread and filled for good.
 *
 * rte_pktmbuf_pool_create() would do, but for one thing: without hugepages it lets no packet cross
 * a 4 KiB page, so that each takes a page of its own. With virtual addresses as I/O addresses, the
 * only kind there is without hugepages, that serves nothing; hence RTE_MEMPOOL_F_NO_IOVA_CONTIG.
 */

#include "vnf_priv.h"

#include <errno.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

static int pool_fill(struct rte_mempool *pool, uint16_t data_room)
{
	struct rte_pktmbuf_pool_private private = { .mbuf_data_room_size = data_room };
	int ret = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);

	if (ret < 0)
		return ret;
	rte_pktmbuf_pool_init(pool, &private);
	ret = rte_mempool_populate_default(pool);
	if (ret < 0)
		return ret;
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return 0;
}

int pool_create(const struct memory_plan *plan, unsigned int numa_node, struct rte_mempool **pool)
{
	unsigned int flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	int ret;

	*pool = rte_mempool_create_empty("vnf_packets", plan->n_mbufs,
					 (unsigned int)sizeof(struct rte_mbuf) + plan->data_room,
					 plan->cache, sizeof(struct rte_pktmbuf_pool_private),
					 (int)numa_node, flags);
	ret = *pool != NULL ? pool_fill(*pool, (uint16_t)plan->data_room) : -rte_errno;
	if (ret == 0)
		return 0;
	vnf_error("no memory for %u packets: %s; raise memory = ... (now %llu MiB)", plan->n_mbufs,
		  rte_strerror(-ret), (unsigned long long)(plan->bytes >> 20));
	rte_mempool_free(*pool);
	*pool = NULL;
	return ret;
}
