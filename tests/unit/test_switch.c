/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's data path on ports that are arrays: where frames go, what is dropped and why. After
 * each test the ledger balances and every packet is back in the pool.
 */
#include "eal_support.h"

#include <stdlib.h>

#include "switch.h"
#include "tcp_support.h"

#define PORTS 6
#define LOG_MAX 256
#define NS 1000000000ull

/* A frame that a port was given. */
struct sent {
	uint64_t dst;
	uint32_t length;
	bool shared;    /* by tx_copy */
	uint64_t flags; /* ol_flags */
	bool whole_sum; /* TCP over IPv4, and its checksum is right */
};

struct fake {
	struct vnf_port port;
	struct vnf_port_spec spec;
	struct rte_mbuf *rx[VNF_BURST_MAX];
	uint16_t n_rx;
	struct sent sent[LOG_MAX];
	uint16_t n_sent;
	uint16_t room;  /* Frames that still fit. */
	uint16_t calls; /* Of tx. */
};

static struct rte_mempool *pool;
static struct fake fakes[PORTS];
static struct vnf_port_counters port_counters[PORTS];
static struct worker sdk_worker = { .counters = { .port = port_counters } };
static struct vnf_worker_counters *counters = &sdk_worker.counters;
static struct vnf_rxq rxqs[PORTS];
static struct vnf_latency_rx not_measured_rx = { .next_ns = UINT64_MAX };
static struct vnf_latency_tx not_measured_tx = { .next_ns = UINT64_MAX };
static struct hsw_switch *sw;
static struct hsw_topology *topology;
static struct hsw_worker *worker;

/* ---- the fake port ---- */

static uint16_t fake_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct fake *f = queue;
	uint16_t got = RTE_MIN(n, f->n_rx);

	memcpy(pkts, f->rx, got * sizeof(*pkts));
	f->n_rx = 0;
	return got;
}

static uint16_t fake_send(struct fake *f, struct rte_mbuf **pkts, uint16_t n, bool shared,
			  struct vnf_port_counters *c)
{
	uint16_t fit = RTE_MIN(n, f->room);

	f->calls++;
	f->room -= fit;
	vnf_count_tx(c, pkts, fit);
	for (uint16_t i = 0; i < fit; i++) {
		cr_assert_lt(f->n_sent, LOG_MAX);
		f->sent[f->n_sent++] =
			(struct sent){ hsw_mac_load(rte_pktmbuf_mtod(pkts[i], const uint8_t *)),
				       pkts[i]->pkt_len, shared, pkts[i]->ol_flags,
				       tcp_support_is_whole(pkts[i]) };
	}
	return fit;
}

static uint16_t fake_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *c)
{
	uint16_t fit = fake_send(queue, pkts, n, false, c);

	/* As a driver may: write into what it was given. */
	for (uint16_t i = 0; i < fit; i++)
		memset(rte_pktmbuf_mtod(pkts[i], void *), 0xee, 14);
	rte_pktmbuf_free_bulk(pkts, fit);
	return fit;
}

static uint16_t fake_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			     struct vnf_port_counters *c)
{
	return fake_send(queue, pkts, n, true, c);
}

static const struct vnf_port_kind fake_kind = { .name = "fake", .queues_max = 1 };

/* ---- set-up ---- */

static void fakes_init(void)
{
	static const char *const names[PORTS] = { "p0", "p1", "p2", "p3", "p4", "p5" };

	for (uint16_t i = 0; i < PORTS; i++) {
		struct fake *f = &fakes[i];

		f->spec.name = names[i];
		eal_support_port(&f->port, &fake_kind, &f->spec, pool);
		f->port.id = i;
		f->port.rx = fake_rx;
		f->port.tx = fake_tx;
		f->port.queue[0] = f;
		f->room = LOG_MAX;
		vnf_port_set_up(&f->port, true);
		rxqs[i] = (struct vnf_rxq){ .port = &f->port, .latency = &not_measured_rx };
	}
}

/* Ports 0 to 3 in domain 0, of which 1 and 2 send copies; 4 and 5 wired; or all in domain 0. */
static void start_with(bool wired, bool flood)
{
	struct hsw_attach attach[PORTS] = { 0 };
	struct hsw_domain_spec domain = { .name = "lan", .flood = flood };
	struct vnf_port *ports[PORTS];
	struct hsw_fdb *fdb;

	eal_support_start();
	pool = eal_support_pool(2048);
	fakes_init();
	for (uint16_t i = 0; i < PORTS; i++) {
		ports[i] = &fakes[i].port;
		attach[i].wire = HSW_NONE;
	}
	attach[4] = (struct hsw_attach){ .domain = HSW_NONE, .wire = 5 };
	attach[5] = (struct hsw_attach){ .domain = HSW_NONE, .wire = 4 };
	if (!wired)
		attach[4] = attach[5] = (struct hsw_attach){ .wire = HSW_NONE };
	fakes[1].port.tx_copy = fake_tx_copy;
	fakes[2].port.tx_copy = fake_tx_copy;
	cr_assert_eq(hsw_fdb_create(64, &fdb), 0);
	topology = hsw_topology_create(attach, PORTS, &domain, 1);
	cr_assert_not_null(topology);
	cr_assert_eq(hsw_switch_create(ports, PORTS, 1, fdb, &sw), 0);
	sw->topology = topology;
	cr_assert_eq(hsw_learn_init(sw, 300, false), 0);
	worker = sw->workers[0];
	hsw_worker_connect(worker, ports, PORTS, topology);
	worker->counters = counters;
	worker->worker = &sdk_worker.pub;
	worker->rxqs = rxqs;
	worker->n_rxqs = PORTS;
	for (uint16_t i = 0; i < PORTS; i++)
		worker->out[i].latency = &not_measured_tx;
}

static void start(void)
{
	start_with(true, true);
}

static void check_ledger(void)
{
	uint64_t in = counters->created, out = 0;

	for (uint16_t i = 0; i < PORTS; i++) {
		in += port_counters[i].rx_packets;
		out += port_counters[i].tx_packets;
		for (unsigned int r = 0; r < VNF_DROPS_MAX; r++)
			out += port_counters[i].drops[r];
	}
	cr_assert_eq(in, out, "%lu in, %lu out", in, out);
	EAL_SUPPORT_POOL_FULL(pool);
}

static void finish(void)
{
	check_ledger();
	hsw_switch_destroy(sw);
	hsw_topology_destroy(topology);
	rte_mempool_free(pool);
	eal_support_stop();
}

/* ---- traffic ---- */

/* Host `i` behind port `port`. */
static uint64_t host(uint16_t port, uint16_t i)
{
	return 0x02u | (uint64_t)port << 8 | (uint64_t)i << 16 | 1ull << 40;
}

#define BROADCAST 0xffffffffffffull

static struct rte_mbuf *receive(uint16_t port, uint64_t dst, uint64_t src, uint16_t length)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);
	struct fake *f = &fakes[port];
	char *data;

	cr_assert_not_null(pkt);
	data = rte_pktmbuf_append(pkt, length);
	cr_assert_not_null(data);
	memset(data, 0, length);
	memcpy(data, &dst, RTE_MIN(length, 6));
	if (length >= 12)
		memcpy(data + 6, &src, 6);
	f->rx[f->n_rx++] = pkt;
	return pkt;
}

static uint32_t pass(uint64_t now_ns)
{
	uint32_t n = hsw_switch_pass(worker, now_ns);

	hsw_learn_poll(sw);
	return n;
}

/* Let the switch learn host 0 of each bridged port, and forget what was sent for that. */
static void introduce(void)
{
	for (uint16_t p = 0; p < 4; p++)
		receive(p, BROADCAST, host(p, 0), 60);
	pass(NS);
	for (uint16_t p = 0; p < PORTS; p++)
		fakes[p].n_sent = 0;
}

static uint64_t drops(uint16_t port, uint32_t reason)
{
	return port_counters[port].drops[reason];
}

/* ---- tests ---- */

Test(switch, a_known_address_goes_to_its_port_only)
{
	start();
	introduce();
	receive(0, host(1, 0), host(0, 0), 60);
	receive(1, host(3, 0), host(1, 0), 100);
	cr_assert_eq(pass(NS), 2);
	cr_assert_eq(fakes[1].n_sent, 1);
	cr_assert_eq(fakes[3].n_sent, 1);
	cr_assert_eq(fakes[3].sent[0].length, 100);
	cr_assert_eq(fakes[0].n_sent + fakes[2].n_sent + fakes[4].n_sent + fakes[5].n_sent, 0);
	cr_assert_not(fakes[1].sent[0].shared);
	finish();
}

/* All kinds of frames in one burst: each goes its way, and those of one way keep their order. */
Test(switch, a_mixed_burst_is_taken_apart)
{
	/* In the order of their coming; 106 and 107 go to all. */
	static const uint16_t to_1[] = { 101, 102, 105, 106, 107, 109 };
	static const uint16_t to_3[] = { 104, 106, 107, 108, 111 };

	start();
	introduce();
	receive(0, 0, 0, 100); /* without a source, and as if nothing came before */
	receive(0, host(1, 0), host(0, 0), 101);
	receive(0, host(1, 0), host(0, 0), 102);
	receive(0, 0, 0, 13);
	receive(0, host(3, 0), host(0, 0), 104);
	receive(0, host(1, 0), host(0, 1), 105);
	receive(0, BROADCAST, host(0, 0), 106);
	receive(0, host(0, 1), host(0, 0), 107);
	receive(0, host(3, 0), host(0, 2), 108);
	receive(0, host(1, 0), host(0, 2), 109);
	receive(0, 0x0000000000c28001ull, host(0, 2), 110);
	receive(0, host(3, 0), host(0, 0), 111);
	pass(NS);
	pass(NS);
	receive(0, host(0, 1), host(0, 0), 107);
	cr_assert_eq(pass(NS), 1);
	cr_assert_eq(fakes[1].n_sent, 6,
		     "4, the broadcast, and the address that was unknown at first");
	cr_assert_eq(fakes[3].n_sent, 5);
	for (unsigned int i = 0; i < RTE_DIM(to_1); i++)
		cr_assert_eq(fakes[1].sent[i].length, to_1[i], "%u", i);
	for (unsigned int i = 0; i < RTE_DIM(to_3); i++)
		cr_assert_eq(fakes[3].sent[i].length, to_3[i], "%u", i);
	cr_assert_eq(drops(0, HSW_DROP_BAD_SOURCE), 1);
	cr_assert_eq(drops(0, VNF_DROP_MALFORMED), 1);
	cr_assert_eq(drops(0, HSW_DROP_LINK_LOCAL), 1);
	cr_assert_eq(drops(0, HSW_DROP_HAIRPIN), 1);
	finish();
}

Test(switch, a_batch_without_room_is_sent_before_more_is_added)
{
	start();
	introduce();
	fakes[3].calls = 0;
	for (uint16_t p = 0; p < 3; p++)
		for (uint16_t i = 0; i < VNF_BURST_MAX; i++)
			receive(p, host(3, 0), host(p, 0), (uint16_t)(100 + i));
	cr_assert_eq(pass(NS), 3 * VNF_BURST_MAX);
	cr_assert_eq(fakes[3].n_sent, 3 * VNF_BURST_MAX);
	cr_assert_eq(fakes[3].calls, 2);
	finish();
}

/* One that is too long is found among others, also of another way. */
Test(switch, a_long_frame_in_a_burst_ends_alone)
{
	start();
	introduce();
	receive(0, host(1, 0), host(0, 0), 60);
	receive(0, host(3, 0), host(0, 0), 1600);
	receive(0, host(3, 0), host(0, 0), 61);
	pass(NS);
	cr_assert_eq(fakes[1].n_sent, 1);
	cr_assert_eq(fakes[3].n_sent, 1);
	cr_assert_eq(fakes[3].sent[0].length, 61);
	cr_assert_eq(drops(3, VNF_DROP_TOO_LONG), 1);
	cr_assert_eq(drops(1, VNF_DROP_TOO_LONG), 0);
	finish();
}

Test(switch, bytes_are_counted)
{
	start();
	introduce();
	memset(port_counters, 0, sizeof(port_counters));
	counters->created = 0;
	receive(0, host(1, 0), host(0, 0), 60);
	receive(0, host(1, 0), host(0, 0), 1514);
	pass(NS);
	cr_assert_eq(port_counters[0].rx_bytes, 1574);
	cr_assert_eq(port_counters[1].tx_bytes, 1574);
	finish();
}

Test(switch, a_flood_mixes_shared_frames_and_copies)
{
	start();
	receive(0, BROADCAST, host(0, 0), 60);
	receive(0, host(9, 9), host(0, 0), 70);
	pass(NS);
	for (uint16_t p = 1; p < 4; p++) {
		cr_assert_eq(fakes[p].n_sent, 2, "port %u", p);
		cr_assert_eq(fakes[p].sent[0].dst, BROADCAST);
		cr_assert_eq(fakes[p].sent[1].dst, host(9, 9));
		cr_assert_eq(fakes[p].sent[0].shared, p < 3);
	}
	cr_assert_eq(counters->created, 4);
	cr_assert_eq(fakes[0].n_sent + fakes[4].n_sent + fakes[5].n_sent, 0);
	finish();
}

Test(switch, a_flood_to_shared_ports_only)
{
	start();
	receive(3, BROADCAST, host(3, 0), 60);
	vnf_port_set_up(&fakes[0].port, false);
	pass(NS);
	cr_assert_eq(fakes[1].n_sent, 1);
	cr_assert_eq(fakes[2].n_sent, 1);
	cr_assert_eq(counters->created, 1);
	finish();
}

/* Two ports that take frames away: one of them must get a copy of its own. */
Test(switch, a_flood_to_ports_that_write_into_frames)
{
	start_with(false, true);
	fakes[1].port.tx_copy = NULL;
	fakes[2].port.tx_copy = NULL;
	receive(0, BROADCAST, host(0, 0), 60);
	pass(NS);
	for (uint16_t p = 1; p < PORTS; p++) {
		cr_assert_eq(fakes[p].n_sent, 1);
		cr_assert_eq(fakes[p].sent[0].dst, BROADCAST);
	}
	cr_assert_eq(counters->created, 4);
	finish();
}

Test(switch, a_flood_without_packets_for_copies)
{
	struct rte_mbuf *taken[SUPPORT_MBUFS];
	unsigned int n;

	start_with(false, true);
	receive(0, BROADCAST, host(0, 0), 60);
	n = rte_mempool_avail_count(pool);
	cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, taken, n), 0);
	pass(NS);
	cr_assert_eq(counters->created, 4);
	cr_assert_eq(drops(3, VNF_DROP_NO_MBUF) + drops(4, VNF_DROP_NO_MBUF) +
			     drops(5, VNF_DROP_NO_MBUF),
		     2);
	cr_assert_eq(fakes[5].n_sent, 1);
	rte_pktmbuf_free_bulk(taken, n);
	finish();
}

Test(switch, a_flood_with_nowhere_to_go)
{
	start();
	for (uint16_t p = 1; p < 4; p++)
		vnf_port_set_up(&fakes[p].port, false);
	receive(0, BROADCAST, host(0, 0), 60);
	pass(NS);
	cr_assert_eq(drops(0, HSW_DROP_NO_DESTINATION), 1);
	cr_assert_eq(counters->created, 0);
	finish();
}

Test(switch, a_domain_may_refuse_unknown_addresses)
{
	start_with(true, false);
	receive(0, host(9, 9), host(0, 0), 60);
	receive(0, BROADCAST, host(0, 0), 60);
	pass(NS);
	cr_assert_eq(drops(0, HSW_DROP_NO_DESTINATION), 1);
	cr_assert_eq(fakes[1].n_sent, 1);
	finish();
}

Test(switch, wires_carry_anything)
{
	start();
	receive(4, host(0, 0), 0, 60);
	receive(5, BROADCAST, BROADCAST, 60);
	receive(5, host(0, 0), host(4, 0), 13);
	pass(NS);
	cr_assert_eq(fakes[5].n_sent, 1);
	cr_assert_eq(fakes[4].n_sent, 1);
	cr_assert_eq(drops(5, VNF_DROP_MALFORMED), 1);
	cr_assert_eq(sw->fdb->count, 0);
	finish();
}

Test(switch, a_frame_does_not_go_back)
{
	start();
	introduce();
	receive(0, BROADCAST, host(0, 1), 60);
	pass(NS);
	receive(0, host(0, 1), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(drops(0, HSW_DROP_HAIRPIN), 1);
	cr_assert_eq(fakes[0].n_sent, 0);
	finish();
}

Test(switch, bad_sources_are_not_learned)
{
	start();
	receive(0, BROADCAST, 0, 60);
	receive(0, BROADCAST, host(0, 0) | 1, 60);
	receive(0, BROADCAST, BROADCAST, 60);
	pass(NS);
	cr_assert_eq(drops(0, HSW_DROP_BAD_SOURCE), 3);
	cr_assert_eq(sw->fdb->count, 0);
	finish();
}

Test(switch, runts_are_malformed)
{
	start();
	receive(0, BROADCAST, host(0, 0), 0);
	receive(0, BROADCAST, host(0, 0), 13);
	receive(0, BROADCAST, host(0, 0), 14);
	pass(NS);
	cr_assert_eq(drops(0, VNF_DROP_MALFORMED), 2);
	cr_assert_eq(fakes[1].n_sent, 1);
	finish();
}

Test(switch, what_is_longer_than_the_destination_takes)
{
	start();
	introduce();
	fakes[1].port.mtu = 1000;
	fakes[3].port.mtu = 1000;
	receive(0, host(1, 0), host(0, 0), 1000 + VNF_FRAME_OVERHEAD);
	receive(0, host(1, 0), host(0, 0), 1001 + VNF_FRAME_OVERHEAD);
	receive(0, BROADCAST, host(0, 0), 1001 + VNF_FRAME_OVERHEAD);
	pass(NS);
	cr_assert_eq(fakes[1].n_sent, 1);
	cr_assert_eq(drops(1, VNF_DROP_TOO_LONG), 2);
	cr_assert_eq(fakes[2].n_sent, 1);
	cr_assert_eq(fakes[3].n_sent, 0);
	cr_assert_eq(drops(3, VNF_DROP_TOO_LONG), 1);
	finish();
}

Test(switch, a_port_that_is_down)
{
	start();
	introduce();
	vnf_port_set_up(&fakes[1].port, false);
	receive(0, host(1, 0), host(0, 0), 60);
	receive(1, host(0, 0), host(1, 0), 60);
	cr_assert_eq(pass(NS), 1, "nothing is received from it");
	cr_assert_eq(drops(1, VNF_DROP_PORT_DOWN), 1);
	vnf_port_set_up(&fakes[1].port, true);
	cr_assert_eq(pass(NS), 1);
	cr_assert_eq(fakes[0].n_sent, 1);
	finish();
}

Test(switch, a_port_that_is_full)
{
	start();
	introduce();
	fakes[1].room = 3;
	fakes[2].room = 0;
	for (int i = 0; i < 5; i++)
		receive(0, host(1, 0), host(0, 0), 60);
	receive(3, BROADCAST, host(3, 0), 60);
	pass(NS);
	cr_assert_eq(drops(1, VNF_DROP_TX_FULL), 3);
	cr_assert_eq(drops(2, VNF_DROP_TX_FULL), 1);
	cr_assert_eq(fakes[0].n_sent, 1);
	finish();
}

Test(switch, a_port_may_be_waited_for_once)
{
	uint16_t calls;

	start();
	introduce();
	worker->out[3].wait_ns = worker->out[3].wait_left_ns = 1000000;
	worker->out[3].wait_left_ns = 1000000;
	fakes[3].room = 0;
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(drops(3, VNF_DROP_TX_FULL), 1);
	calls = fakes[3].calls;
	cr_assert_gt(calls, 2);
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(fakes[3].calls, calls + 1, "it did not drain: no second wait");
	fakes[3].room = 10;
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(fakes[3].n_sent, 1);
	finish();
}

Test(switch, bursts_longer_than_a_batch)
{
	start();
	introduce();
	for (int i = 0; i < VNF_BURST_MAX; i++) {
		receive(0, host(3, 0), host(0, 0), 60);
		receive(1, host(3, 0), host(1, 0), 61);
		receive(2, host(3, 0), host(2, 0), 62);
	}
	cr_assert_eq(pass(NS), 3 * VNF_BURST_MAX);
	cr_assert_eq(fakes[3].n_sent, 3 * VNF_BURST_MAX);
	for (int i = 0; i < VNF_BURST_MAX; i++)
		cr_assert_eq(fakes[3].sent[i].length, 60);
	finish();
}

Test(switch, an_address_in_use_is_not_aged)
{
	start();
	introduce();
	for (uint64_t s = 2; s < 700; s++) {
		receive(0, BROADCAST, host(0, 0), 60);
		pass(s * NS);
		for (uint16_t p = 0; p < PORTS; p++)
			fakes[p] = (struct fake){ .port = fakes[p].port,
						  .spec = fakes[p].spec,
						  .room = LOG_MAX };
	}
	receive(1, host(0, 0), host(1, 1), 60);
	receive(1, host(2, 0), host(1, 1), 60);
	pass(700 * NS);
	cr_assert_eq(fakes[0].n_sent, 2, "one frame to it and one flooded");
	cr_assert_eq(fakes[3].n_sent, 1, "host 2 was forgotten: flooded");
	finish();
}

/* A port that invents addresses uses up its own share of the learn ring, not the others'. */
Test(switch, a_flood_of_sources_starves_nobody)
{
	start();
	for (uint16_t burst = 0; burst < 200; burst++) {
		for (uint16_t i = 0; i < VNF_BURST_MAX; i++)
			receive(0, host(0, 0), host(0, 1 + burst * VNF_BURST_MAX + i), 60);
		hsw_switch_pass(worker, NS);
		for (uint16_t p = 0; p < PORTS; p++)
			fakes[p].n_sent = 0, fakes[p].room = LOG_MAX;
	}
	cr_assert_gt(worker->learner.lost, 0);
	receive(1, BROADCAST, host(1, 0), 60);
	pass(NS);
	receive(3, host(1, 0), host(3, 0), 60);
	for (uint16_t p = 0; p < PORTS; p++)
		fakes[p].n_sent = 0;
	pass(NS);
	cr_assert_eq(fakes[1].n_sent, 1);
	cr_assert_eq(fakes[2].n_sent, 0, "the other port's host is known");
	finish();
}

Test(switch, a_loop_is_noticed)
{
	start();
	for (int i = 0; i < 20; i++) {
		receive(i % 2, BROADCAST, host(0, 0), 60);
		pass(5 * NS);
	}
	cr_assert_eq(hsw_learn_loops(sw, 0), 1);
	cr_assert_eq(sw->fdb->moves, 19);
	finish();
}

Test(switch, one_move_is_no_loop)
{
	start();
	receive(0, BROADCAST, host(0, 0), 60);
	pass(5 * NS);
	receive(1, BROADCAST, host(0, 0), 60);
	pass(5 * NS);
	cr_assert_eq(hsw_learn_loops(sw, 0), 0);
	cr_assert_eq(sw->fdb->moves, 1);
	finish();
}

/* What a bridge must keep to itself; a wire is no bridge. */
Test(switch, link_local_frames_are_not_bridged)
{
	start();
	for (uint64_t last = 0; last < 0x11; last++)
		receive(0, 0x0000c28001ull | last << 40, host(0, 0), 60);
	receive(4, 0x0000c28001ull, host(4, 0), 60);
	pass(NS);
	cr_assert_eq(drops(0, HSW_DROP_LINK_LOCAL), 16);
	cr_assert_eq(fakes[1].n_sent, 1, "01-80-C2-00-00-10 is an ordinary group");
	cr_assert_eq(fakes[5].n_sent, 1);
	finish();
}

/* A frame flooded after others to the same port does not overtake them. */
Test(switch, a_flood_keeps_the_order)
{
	start();
	introduce();
	receive(0, host(1, 0), host(0, 0), 60);
	pass(NS);
	fakes[1].n_sent = 0;
	receive(0, host(1, 0), host(0, 0), 61);
	receive(3, BROADCAST, host(3, 0), 62);
	pass(NS);
	cr_assert_eq(fakes[1].n_sent, 2);
	cr_assert_eq(fakes[1].sent[0].length, 61);
	cr_assert_eq(fakes[1].sent[1].length, 62);
	finish();
}

/* One that takes a frame now and then is not waited for either. */
Test(switch, a_port_that_trickles_is_waited_for_once)
{
	uint16_t calls;

	start();
	introduce();
	worker->out[3].wait_ns = worker->out[3].wait_left_ns = 1000000;
	worker->out[3].wait_left_ns = 1000000;
	fakes[3].room = 1;
	receive(0, host(3, 0), host(0, 0), 60);
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(drops(3, VNF_DROP_TX_FULL), 1);
	calls = fakes[3].calls;
	fakes[3].room = 1;
	receive(0, host(3, 0), host(0, 0), 60);
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(fakes[3].calls, calls + 1, "no second wait");
	finish();
}

/* ---- frames with work left to do ---- */

/* `flags`: what it leaves open. */
static struct rte_mbuf *receive_tcp(uint16_t port, uint64_t dst, uint64_t src, uint16_t octets,
				    uint64_t flags)
{
	struct rte_mbuf *pkt = tcp_support_frame(pool, octets, flags);

	memcpy(rte_pktmbuf_mtod(pkt, void *), &dst, 6);
	memcpy(rte_pktmbuf_mtod_offset(pkt, void *, 6), &src, 6);
	fakes[port].rx[fakes[port].n_rx++] = pkt;
	return pkt;
}

/* Frame `i` that port `port` was given. */
static void check_sent(uint16_t port, uint16_t i, uint16_t octets, uint64_t flags)
{
	const struct sent *sent = &fakes[port].sent[i];

	cr_assert_lt(i, fakes[port].n_sent, "port %u: %u", port, i);
	cr_expect_eq(sent->length, TCP_HEADERS + octets, "port %u: %u: %u", port, i, sent->length);
	cr_expect_eq(sent->flags, flags, "port %u: %u: %lx", port, i, sent->flags);
	if (flags == 0)
		cr_expect(sent->whole_sum, "port %u: %u", port, i);
}

Test(switch, frames_are_cut_for_a_port_that_takes_them_cut)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM };

	start();
	introduce();
	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		uint64_t flags = takes[i] == 0 ? 0 : TCP_SENT_OPEN;
		uint64_t before = counters->created;

		vnf_port_set_takes(&fakes[3].port, takes[i]);
		fakes[3].n_sent = 0;
		receive_tcp(0, host(3, 0), host(0, 0), 3500, TCP_OPEN_TSO);
		receive_tcp(0, host(3, 0), host(0, 0), 500, TCP_OPEN);
		cr_assert_eq(pass(NS), 2);
		cr_assert_eq(fakes[3].n_sent, 5);
		for (uint16_t k = 0; k < 3; k++)
			check_sent(3, k, 1000, flags);
		check_sent(3, 3, 500, flags);
		check_sent(3, 4, 500, takes[i] == 0 ? 0 : TCP_SENT_OPEN);
		cr_expect_eq(counters->created - before, 3);
	}
	finish();
}

Test(switch, frames_go_whole_to_a_port_that_cuts)
{
	start();
	introduce();
	vnf_port_set_takes(&fakes[3].port, TCP_TAKES_TSO);
	vnf_port_set_takes(&fakes[5].port, TCP_TAKES_TSO);
	receive_tcp(0, host(3, 0), host(0, 0), 60000, TCP_OPEN_TSO);
	receive_tcp(4, host(3, 0), host(0, 0), 9000, TCP_OPEN_TSO);
	cr_assert_eq(pass(NS), 2);
	cr_assert_eq(fakes[3].n_sent, 1);
	check_sent(3, 0, 60000, TCP_SENT_TSO);
	cr_assert_eq(fakes[5].n_sent, 1);
	check_sent(5, 0, 9000, TCP_SENT_TSO);
	cr_expect_eq(drops(3, VNF_DROP_TOO_LONG), 0);
	finish();
}

/* Each port gets what it takes, and none what another wrote into. */
Test(switch, a_flood_of_open_frames_gives_each_its_own)
{
	start_with(false, true);
	vnf_port_set_takes(&fakes[2].port, VNF_TAKES_CHECKSUM);
	vnf_port_set_takes(&fakes[3].port, TCP_TAKES_TSO);
	vnf_port_set_takes(&fakes[5].port, TCP_TAKES_TSO);
	receive_tcp(0, BROADCAST, host(0, 0), 2500, TCP_OPEN_TSO);
	receive_tcp(0, BROADCAST, host(0, 0), 300, TCP_OPEN);
	receive(0, BROADCAST, host(0, 0), 64);
	pass(NS);
	for (uint16_t p = 1; p < PORTS; p++) {
		bool whole = p == 3 || p == 5;
		uint64_t open = whole || p == 2 ? TCP_SENT_OPEN : 0;
		uint16_t at = 0;

		cr_assert_eq(fakes[p].n_sent, whole ? 3 : 5, "port %u: %u", p, fakes[p].n_sent);
		if (whole)
			check_sent(p, at++, 2500, TCP_SENT_TSO);
		for (uint16_t k = 0; k < 3 && !whole; k++)
			check_sent(p, at++, k == 2 ? 500 : 1000, open);
		check_sent(p, at++, 300, open);
		cr_expect_eq(fakes[p].sent[at].length, 64);
		for (uint16_t k = 0; k <= at; k++)
			cr_expect_eq(fakes[p].sent[k].dst, BROADCAST, "port %u: %u", p, k);
	}
	/* Four more legs of three frames, and two more segments for ports 1, 2 and 4. */
	cr_expect_eq(counters->created, 4 * 3 + 3 * 2);
	finish();
}

/* It is no longer than others, so only its flags tell; on every way that there is. */
Test(switch, short_frames_with_open_checksums)
{
	start();
	introduce();
	fakes[1].port.tx_copy = NULL;
	vnf_port_set_takes(&fakes[2].port, VNF_TAKES_CHECKSUM);
	receive_tcp(0, BROADCAST, host(0, 0), 300, TCP_OPEN);
	receive_tcp(4, BROADCAST, host(4, 0), 400, TCP_OPEN);
	pass(NS);
	check_sent(1, 0, 300, 0);
	check_sent(2, 0, 300, TCP_SENT_OPEN);
	check_sent(3, 0, 300, 0);
	check_sent(5, 0, 400, 0);
	receive_tcp(0, host(3, 0), host(0, 0), 200, TCP_OPEN);
	pass(NS);
	check_sent(3, 1, 200, 0);
	finish();
}

/* More segments than a batch holds keep their order. */
Test(switch, many_frames_to_be_cut)
{
	start();
	introduce();
	for (uint16_t i = 0; i < VNF_BURST_MAX; i++)
		receive_tcp(0, host(3, 0), host(0, 0), 3001 + i, TCP_OPEN_TSO);
	cr_assert_eq(pass(NS), VNF_BURST_MAX);
	cr_assert_eq(fakes[3].n_sent, 4 * VNF_BURST_MAX);
	for (uint16_t i = 0; i < 4 * VNF_BURST_MAX; i++)
		check_sent(3, i, i % 4 == 3 ? 1 + i / 4 : 1000, 0);
	finish();
}

Test(switch, segments_that_find_no_room_are_dropped)
{
	start();
	introduce();
	fakes[3].room = 2;
	receive_tcp(0, host(3, 0), host(0, 0), 4500, TCP_OPEN_TSO);
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_assert_eq(fakes[3].n_sent, 2);
	cr_expect_eq(drops(3, VNF_DROP_TX_FULL), 4);
	finish();
}

Test(switch, segments_that_find_no_buffer_are_dropped)
{
	struct rte_mbuf *taken[SUPPORT_MBUFS];
	unsigned int n;

	start();
	introduce();
	receive_tcp(0, host(3, 0), host(0, 0), 4500, TCP_OPEN_TSO);
	n = rte_mempool_avail_count(pool) - 3;
	cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, taken, n), 0);
	pass(NS);
	cr_assert_eq(fakes[3].n_sent, 3);
	cr_expect_eq(drops(3, VNF_DROP_NO_MBUF), 1);
	rte_pktmbuf_free_bulk(taken, n);
	finish();
}

/* What a peer says of its frame is not true: it ends where it would have gone out. */
Test(switch, frames_that_cannot_be_cut_are_dropped)
{
	start();
	introduce();
	vnf_port_set_takes(&fakes[3].port, TCP_TAKES_TSO);
	receive(0, host(3, 0), host(0, 0), 1000)->ol_flags |= TCP_OPEN_TSO;
	receive(0, host(3, 0), host(0, 0), 100);
	pass(NS);
	cr_assert_eq(fakes[3].n_sent, 1);
	cr_expect_eq(fakes[3].sent[0].length, 100);
	cr_expect_eq(drops(3, VNF_DROP_UNSUPPORTED_OFFLOAD), 1);
	finish();
}

/* The next burst is looked at by itself. */
Test(switch, what_was_open_does_not_stick)
{
	start();
	introduce();
	receive_tcp(0, host(1, 0), host(0, 0), 2500, TCP_OPEN_TSO);
	receive(0, BROADCAST, host(0, 0), 60);
	pass(NS);
	fakes[1].n_sent = 0;
	receive(0, BROADCAST, host(0, 0), 60);
	pass(NS);
	cr_expect(fakes[1].sent[0].shared);
	cr_expect_eq(worker->out[1].flags, 0);
	finish();
}

/* A port that takes nothing now is not given the rest, and no buffer is wasted on that. */
Test(switch, segments_are_not_made_for_a_port_that_is_full)
{
	uint64_t before;

	start();
	introduce();
	before = counters->created;
	fakes[3].room = 0;
	receive_tcp(0, host(3, 0), host(0, 0), 60000, TCP_OPEN_TSO)->tso_segsz = 100;
	receive(0, host(3, 0), host(0, 0), 60);
	pass(NS);
	cr_expect_eq(counters->created - before, HSW_BATCH);
	cr_expect_eq(drops(3, VNF_DROP_TX_FULL), HSW_BATCH + 1 + 1);
	finish();
}

/* Who asks for too much loses it where it came in; others do not. */
Test(switch, segments_beyond_all_measure)
{
	start();
	introduce();
	vnf_port_set_takes(&fakes[3].port, TCP_TAKES_TSO);
	for (uint16_t i = 0; i < 3; i++) {
		receive_tcp(0, host(3, 0), host(0, 0), 20000, TCP_OPEN_TSO)->tso_segsz =
			VNF_TSO_MIN;
		receive(0, host(3, 0), host(0, 0), (uint16_t)(100 + i));
	}
	receive_tcp(4, 0, 0, 40000, TCP_OPEN_TSO)->tso_segsz = VNF_TSO_MIN;
	pass(NS);
	cr_assert_eq(fakes[3].n_sent, 4);
	check_sent(3, 0, 20000, TCP_SENT_TSO);
	for (uint16_t i = 1; i < 4; i++)
		cr_expect_eq(fakes[3].sent[i].length, 99u + i);
	cr_expect_eq(drops(0, VNF_DROP_TOO_MANY_SEGMENTS), 2);
	cr_expect_eq(drops(4, VNF_DROP_TOO_MANY_SEGMENTS), 1);
	cr_expect_eq(fakes[5].n_sent, 0);
	finish();
}

/* What is little for one port may be too much for all. */
Test(switch, a_flood_of_segments_beyond_all_measure)
{
	start();
	receive_tcp(0, BROADCAST, host(0, 0), 20000, TCP_OPEN_TSO)->tso_segsz = VNF_TSO_MIN;
	receive(0, BROADCAST, host(0, 0), 60);
	pass(NS);
	for (uint16_t p = 1; p < 4; p++) {
		cr_assert_eq(fakes[p].n_sent, 1, "port %u", p);
		cr_expect_eq(fakes[p].sent[0].length, 60);
	}
	cr_expect_eq(drops(0, VNF_DROP_TOO_MANY_SEGMENTS), 1);
	/* Also where nothing else is left. */
	receive_tcp(0, BROADCAST, host(0, 0), 20000, TCP_OPEN_TSO)->tso_segsz = VNF_TSO_MIN;
	pass(NS);
	cr_expect_eq(drops(0, VNF_DROP_TOO_MANY_SEGMENTS), 2);
	receive(0, BROADCAST, host(0, 0), 61);
	pass(NS);
	cr_expect_eq(fakes[3].sent[1].length, 61);
	finish();
}

/* Copies of all frames for all ports together would take more buffers than there are. */
Test(switch, a_flood_of_long_frames_needs_few_buffers)
{
	start_with(false, true);
	for (uint16_t p = 0; p < PORTS; p++)
		vnf_port_set_takes(&fakes[p].port, TCP_TAKES_TSO);
	for (uint16_t i = 0; i < VNF_BURST_MAX; i++)
		receive_tcp(0, BROADCAST, host(0, 0), 10000 + i, TCP_OPEN_TSO);
	pass(NS);
	for (uint16_t p = 1; p < PORTS; p++) {
		cr_assert_eq(fakes[p].n_sent, VNF_BURST_MAX);
		for (uint16_t i = 0; i < VNF_BURST_MAX; i++)
			check_sent(p, i, 10000 + i, TCP_SENT_TSO);
	}
	finish();
}
