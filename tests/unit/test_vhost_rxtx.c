/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Frames that librte_vhost has copied go back to where they came from, whatever they are made of.
 */
#include "eal_support.h"

#include "port_vhost.h"

#define FRAMES 4

static struct rte_mempool *pool;
static struct rte_mbuf *pkts[FRAMES];

static void setup(void)
{
	eal_support_start();
	pool = eal_support_pool(2048);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, pkts, FRAMES), 0);
}

static void teardown(void)
{
	rte_mempool_free(pool);
	eal_support_stop();
}

/* Each comes out of the pool again as a new one does. */
static void check_pool(void)
{
	struct rte_mbuf *all[SUPPORT_MBUFS];

	EAL_SUPPORT_POOL_FULL(pool);
	cr_assert_eq(rte_mempool_get_bulk(pool, (void **)all, SUPPORT_MBUFS), 0);
	for (unsigned int i = 0; i < SUPPORT_MBUFS; i++) {
		cr_assert_eq(rte_mbuf_refcnt_read(all[i]), 1, "%u", i);
		cr_assert_eq(all[i]->nb_segs, 1, "%u", i);
		cr_assert_null(all[i]->next, "%u", i);
		cr_assert(RTE_MBUF_DIRECT(all[i]), "%u", i);
	}
	rte_mempool_put_bulk(pool, (void **)all, SUPPORT_MBUFS);
}

Test(free_sent, plain_frames, .init = setup, .fini = teardown)
{
	hsw_free_sent(pkts, FRAMES);
	check_pool();
}

Test(free_sent, one_that_somebody_else_holds, .init = setup, .fini = teardown)
{
	rte_mbuf_refcnt_update(pkts[2], 1);
	hsw_free_sent(pkts, FRAMES);
	cr_assert_eq(rte_mempool_avail_count(pool), SUPPORT_MBUFS - 1);
	cr_assert_eq(rte_mbuf_refcnt_read(pkts[2]), 1);
	rte_pktmbuf_free(pkts[2]);
	check_pool();
}

Test(free_sent, a_chain, .init = setup, .fini = teardown)
{
	cr_assert_eq(rte_pktmbuf_chain(pkts[0], rte_pktmbuf_alloc(pool)), 0);
	hsw_free_sent(pkts, FRAMES);
	check_pool();
}

Test(free_sent, a_clone, .init = setup, .fini = teardown)
{
	struct rte_mbuf *frames[] = { pkts[0], rte_pktmbuf_clone(pkts[1], pool) };

	cr_assert_not_null(frames[1]);
	hsw_free_sent(frames, 2);
	rte_pktmbuf_free_bulk(&pkts[1], FRAMES - 1);
	check_pool();
}

Test(free_sent, frames_of_two_pools, .init = setup, .fini = teardown)
{
	struct rte_mempool *other = rte_pktmbuf_pool_create(
		"other", 15, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_mbuf *frames[FRAMES + 1];

	cr_assert_not_null(other);
	memcpy(frames, pkts, sizeof(pkts));
	frames[FRAMES] = rte_pktmbuf_alloc(other);
	hsw_free_sent(frames, FRAMES + 1);
	cr_assert_eq(rte_mempool_avail_count(other), 15);
	rte_mempool_free(other);
	check_pool();
}
