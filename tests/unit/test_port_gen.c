/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kinds gen and sink as the SDK uses them: open, receive, send, read, close.
 */
#include <criterion/criterion.h>

#include <stdlib.h>

#include <vnf/config.h>

#include "eal_support.h"
#include "port_kinds.h"
#include "traffic.h"

/* The kind's own structure, filled through its table as a file would. */
static uint8_t gen_spec[512];
static struct vnf_port_spec spec = { .kind_spec = gen_spec };
static struct vnf_port_counters counters;

static void *gen_field(const char *name)
{
	for (const struct vnf_config_key *k = vnf_port_kind_gen.keys; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return gen_spec + k->offset;
	cr_assert_fail("gen has no key %s", name);
	return NULL;
}

#define GEN_SET(type, name, value) (*(type *)gen_field(name) = (value))

static void gen_defaults(void)
{
	cr_assert_leq(vnf_port_kind_gen.spec_size, sizeof(gen_spec));
	GEN_SET(uint32_t, "size", 60);
	GEN_SET(uint32_t, "flows", 1);
	GEN_SET(uint32_t, "macs", 1);
	GEN_SET(uint32_t, "dst_macs", 1);
	GEN_SET(const char *, "src_ip", "198.18.0.1");
	GEN_SET(const char *, "dst_ip", "198.19.0.1");
}

static void port_open(struct vnf_port *port, const struct vnf_port_kind *kind,
		      struct rte_mempool *pool)
{
	eal_support_port(port, kind, &spec, pool);
	cr_assert_eq(kind->open(port), 0);
	cr_assert_eq(kind->start(port), 0);
	cr_assert(vnf_port_is_up(port));
}

static void port_close(struct vnf_port *port)
{
	port->kind->stop(port);
	cr_assert_not(vnf_port_is_up(port));
	port->kind->close(port);
}

Test(port_gen, frames_reach_a_sink, .init = eal_support_start, .fini = eal_support_stop)
{
	struct rte_mempool *pool = eal_support_pool(2048);
	struct vnf_traffic_stats made, seen;
	struct rte_mbuf *pkts[32];
	struct vnf_port gen, sink;

	gen_defaults();
	GEN_SET(uint64_t, "count", 1000);
	spec.queues = 2;
	port_open(&gen, &vnf_port_kind_gen, pool);
	port_open(&sink, &vnf_port_kind_sink, pool);
	cr_assert_null(sink.rx);
	for (unsigned int i = 0; i < 100; i++) {
		uint16_t n = gen.rx(gen.queue[i % 2], pkts, 32);

		if (n > 0)
			cr_assert_eq(sink.tx(sink.queue[i % 2], pkts, n, &counters), n);
	}
	vnf_traffic_read(&gen, &made);
	vnf_traffic_read(&sink, &seen);
	cr_expect_eq(made.generated, 1000);
	cr_expect_eq(seen.received, 1000);
	cr_expect_eq(seen.lost + seen.reordered + seen.duplicated + seen.foreign, 0);
	cr_expect_eq(counters.tx_packets, 1000);
	cr_expect_eq(counters.tx_bytes, 60000);
	port_close(&gen);
	port_close(&sink);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(port_gen, long_frames_are_chained, .init = eal_support_start, .fini = eal_support_stop)
{
	struct rte_mempool *pool = eal_support_pool(512);
	struct vnf_traffic_stats s;
	struct rte_mbuf *pkts[8];
	struct vnf_port port;
	uint16_t n;

	gen_defaults();
	GEN_SET(uint32_t, "size", 3000);
	spec.mtu = 9000;
	port_open(&port, &vnf_port_kind_gen, pool);
	n = port.rx(port.queue[0], pkts, 8);
	cr_assert_eq(n, 8);
	for (uint16_t i = 0; i < n; i++) {
		cr_expect_eq(pkts[i]->pkt_len, 3000);
		cr_expect_gt(pkts[i]->nb_segs, 4);
		cr_expect_eq(rte_mbuf_check(pkts[i], 1, &(const char *){ NULL }), 0);
	}
	cr_expect_eq(port.tx_copy(port.queue[0], pkts, n, &counters), n);
	cr_expect_eq(port.tx(port.queue[0], pkts, n, &counters), n);
	vnf_traffic_read(&port, &s);
	cr_expect_eq(s.received, 16);
	cr_expect_eq(s.duplicated, 8);
	port_close(&port);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(port_gen, an_empty_pool_loses_no_number, .init = eal_support_start, .fini = eal_support_stop)
{
	struct rte_mempool *pool = eal_support_pool(256);
	struct vnf_port_missed missed = { 0 };
	static struct rte_mbuf *hold[SUPPORT_MBUFS];
	struct vnf_traffic_stats s;
	struct rte_mbuf *pkts[32];
	struct vnf_port port;
	uint16_t n;

	gen_defaults();
	GEN_SET(uint32_t, "size", 1000);
	port_open(&port, &vnf_port_kind_gen, pool);
	/* Enough for the heads of 32 frames, not for their tails. */
	cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, hold, SUPPORT_MBUFS - 40), 0);
	n = port.rx(port.queue[0], pkts, 32);
	cr_expect_lt(n, 32);
	port.tx(port.queue[0], pkts, n, &counters);
	rte_pktmbuf_free_bulk(hold, SUPPORT_MBUFS - 40);
	n = port.rx(port.queue[0], pkts, 32);
	cr_expect_eq(n, 32);
	port.tx(port.queue[0], pkts, n, &counters);
	vnf_traffic_read(&port, &s);
	cr_expect_eq(s.lost, 0);
	cr_expect_eq(s.generated, s.received);
	vnf_port_kind_gen.missed(&port, &missed);
	cr_expect_gt(missed.rx_nombuf, 0);
	port_close(&port);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(port_gen, rate_is_kept, .init = eal_support_start, .fini = eal_support_stop)
{
	struct rte_mempool *pool = eal_support_pool(2048);
	uint64_t until, made = 0;
	struct rte_mbuf *pkts[32];
	struct vnf_port port;

	gen_defaults();
	GEN_SET(uint64_t, "rate", 50000);
	port_open(&port, &vnf_port_kind_gen, pool);
	until = vnf_clock_now() + 200000000;
	while (vnf_clock_now() < until) {
		uint16_t n = port.rx(port.queue[0], pkts, 32);

		port.tx(port.queue[0], pkts, n, &counters);
		made += n;
	}
	/* Less only if the machine kept this process from running. */
	cr_expect(made > 5000 && made <= 10001, "%lu in 0.2 s", (unsigned long)made);
	port_close(&port);
	EAL_SUPPORT_POOL_FULL(pool);
}
