/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The data path of a VNF over ports made of arrays: every verdict, every way to lose a packet, hand
 * over between workers. Each test ends with a ledger that balances and a pool that is full.
 */

#include "eal_support.h"
#include "tcp_support.h"

#include <pthread.h>

#include "idle.h"

#define PORTS 2

/* A port that receives what is in `in` and keeps what is sent to it, up to `room`. */
struct fake {
	struct rte_mbuf *in[256];
	struct rte_mbuf *out[256];
	uint16_t n_in, next_in, n_out, room;
	struct vnf *vnf;
};

static struct fake fakes[PORTS];
static struct vnf_port_kind fake_kind = { .name = "fake", .queues_max = VNF_QUEUES_MAX };
static struct vnf_port_spec fake_specs[PORTS];
static struct vnf_program program;
static struct system_spec spec;
static struct vnf vnf;
static vnf_verdict_t verdict_of[256]; /* by the packet's first octet */
static uint16_t largest_burst;
static uint64_t burst_ns; /* the worker's clock at the last burst */
static struct rte_mbuf *taken;

static uint16_t fake_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct fake *f = queue;

	n = RTE_MIN(n, f->n_in - f->next_in);
	memcpy(pkts, &f->in[f->next_in], n * sizeof(*pkts));
	f->next_in += n;
	return n;
}

static uint16_t fake_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters)
{
	struct fake *f = queue;

	n = RTE_MIN(n, f->room - f->n_out);
	memcpy(&f->out[f->n_out], pkts, n * sizeof(*pkts));
	f->n_out += n;
	vnf_count_tx(counters, pkts, n);
	return n;
}

static uint8_t first_octet(const struct rte_mbuf *pkt)
{
	return *rte_pktmbuf_mtod(pkt, const uint8_t *);
}

static inline vnf_verdict_t decide(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	vnf_verdict_t verdict = verdict_of[first_octet(pkt)];

	(void)worker;
	(void)port;
	if (verdict == VNF_TAKEN)
		taken = pkt;
	return verdict;
}
VNF_PACKET(decide);

static void burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		  vnf_verdict_t *verdicts, uint16_t n)
{
	largest_burst = RTE_MAX(largest_burst, n);
	burst_ns = worker->now_ns;
	decide_burst(worker, port, pkts, verdicts, n);
}

static const struct vnf_drop drops[] = { { "own", "a reason of its own" }, { NULL, NULL } };
static struct vnf_app app = { VNF_APP("test"), .burst = burst, .drops = drops };

/* The loop ends a pass after there was nothing left to receive, so that the last packets still go
 * out as in everyday life.
 */
static void stop_when_drained(struct vnf_worker *worker)
{
	static bool seen;
	bool before = seen;

	seen = false;
	for (uint16_t i = 0; i < PORTS; i++)
		if (vnf_port_is_up(&worker->vnf->ports[i].port) && fakes[i].next_in < fakes[i].n_in)
			return;
	if (before)
		worker->vnf->run = RUN_STOPPED;
	seen = !before;
}

static void work(uint16_t id)
{
	vnf.run = RUN_RUNNING;
	worker_loop(&vnf.workers[id]);
}

static void port_make(uint16_t id, uint16_t queues)
{
	struct port_slot *slot = &vnf.ports[id];

	fake_specs[id] = (struct vnf_port_spec){ .name = id == 0 ? "a" : "b", .queues = queues };
	eal_support_port(&slot->port, &fake_kind, &fake_specs[id], vnf.pool);
	slot->port.id = id;
	slot->port.vnf = &vnf;
	slot->port.rx = fake_rx;
	slot->port.tx = fake_tx;
	for (uint16_t q = 0; q < queues; q++)
		slot->port.queue[q] = &fakes[id];
	fakes[id] = (struct fake){ .room = 256, .vnf = &vnf };
	vnf_port_set_up(&slot->port, true);
}

static void start(uint16_t workers, uint16_t queues)
{
	static struct port_slot slots[PORTS];

	eal_support_start();
	spec.workers = workers;
	program.name = "test";
	program.pass = app_pass;
	app.tick = stop_when_drained;
	app.tick_us = 1;
	vnf = (struct vnf){ .program = &program, .spec = &spec, .ports = slots, .n_ports = PORTS };
	vnf.pool = eal_support_pool(2048);
	cr_assert_eq(drop_names_init(&vnf.drops, drops), 0);
	for (uint16_t i = 0; i < PORTS; i++)
		port_make(i, queues);
	cr_assert_eq(workers_create(&vnf), 0);
	for (uint16_t i = 0; i < workers; i++) {
		cr_assert_eq(rte_rcu_qsbr_thread_register(vnf.qsbr, i), 0);
		rte_rcu_qsbr_thread_online(vnf.qsbr, i);
		vnf.workers[i].app = loop_create(&vnf, &vnf.workers[i], &app);
		cr_assert_not_null(vnf.workers[i].app);
	}
	for (unsigned int i = 0; i < 256; i++)
		verdict_of[i] = VNF_FORWARD(1);
}

/* Packets are told apart by their first octet. */
static void give(uint16_t port, uint8_t octet, uint16_t bytes)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(vnf.pool);
	uint8_t *data;

	cr_assert_not_null(pkt);
	data = (uint8_t *)rte_pktmbuf_append(pkt, bytes);
	cr_assert_not_null(data);
	memset(data, octet, bytes);
	fakes[port].in[fakes[port].n_in++] = pkt;
}

/* Its first octet is 2; `flags`: what it leaves open. */
static void give_tcp(uint16_t port, uint16_t octets, uint64_t flags)
{
	fakes[port].in[fakes[port].n_in++] = tcp_support_frame(vnf.pool, octets, flags);
}

static uint64_t dropped(uint16_t port, uint32_t reason)
{
	struct vnf_port_counters counters;

	cr_assert_eq(vnf_port_counters_read(&vnf, port, &counters), 0);
	return counters.drops[reason];
}

static void loops_destroy(void)
{
	for (uint16_t i = 0; i < vnf.n_workers; i++) {
		loop_destroy(vnf.workers[i].app);
		vnf.workers[i].app = NULL;
	}
}

/* What went out returns to the pool, and everything is accounted for. */
static void finish(void)
{
	struct vnf_ledger ledger;

	loops_destroy();
	for (uint16_t i = 0; i < PORTS; i++)
		rte_pktmbuf_free_bulk(fakes[i].out, fakes[i].n_out);
	for (uint16_t i = 0; i < vnf.n_workers; i++) {
		cr_assert_eq(vnf_ledger_read(&vnf, i, &ledger), 0);
		cr_assert_eq(vnf_ledger_balance(&ledger), 0, "worker %u", i);
	}
	cr_assert_eq(vnf_ledger_read(&vnf, UINT16_MAX, &ledger), 0);
	cr_assert_eq(ledger.handed_in, ledger.handed_out);
	EAL_SUPPORT_POOL_FULL(vnf.pool);
	workers_destroy(&vnf);
	rte_mempool_free(vnf.pool);
	eal_support_stop();
}

Test(worker, forwards_in_order)
{
	start(1, 1);
	for (uint16_t i = 0; i < 200; i++)
		give(0, (uint8_t)i, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 200);
	for (uint16_t i = 0; i < 200; i++)
		cr_assert_eq(first_octet(fakes[1].out[i]), i);
	cr_assert_eq(largest_burst, VNF_BURST_MAX);
	cr_assert_eq(vnf.workers[0].counters.port[0].rx_bytes, 200 * 60);
	cr_assert_eq(vnf.workers[0].counters.port[1].tx_bytes, 200 * 60);
	finish();
}

Test(worker, mixed_verdicts_keep_the_order_of_each_port)
{
	start(1, 1);
	for (unsigned int i = 0; i < 256; i++)
		verdict_of[i] = i % 3 == 0   ? VNF_FORWARD(0)
				: i % 3 == 1 ? VNF_FORWARD(1)
					     : VNF_DROP(VNF_DROP_USER);
	for (uint16_t i = 0; i < 99; i++)
		give(0, (uint8_t)i, 60);
	work(0);
	cr_assert_eq(fakes[0].n_out, 33);
	cr_assert_eq(fakes[1].n_out, 33);
	for (uint16_t i = 0; i < 33; i++) {
		cr_assert_eq(first_octet(fakes[0].out[i]), 3 * i);
		cr_assert_eq(first_octet(fakes[1].out[i]), 3 * i + 1);
	}
	cr_assert_eq(dropped(0, VNF_DROP_USER), 33);
	finish();
}

Test(worker, verdicts_that_make_no_sense_are_drops)
{
	start(1, 1);
	verdict_of[0] = VNF_FORWARD(2);
	verdict_of[1] = VNF_FORWARD(0x7fffffff);
	verdict_of[2] = VNF_DROP(VNF_DROPS_MAX);
	verdict_of[3] = UINT32_MAX;
	verdict_of[4] = VNF_DROP(VNF_DROP_MALFORMED);
	verdict_of[5] = VNF_DROP(VNF_DROP_USER + 1); /* below the limit, but nobody's */
	for (uint8_t i = 0; i < 6; i++)
		give(1, i, 60);
	work(0);
	cr_assert_eq(dropped(1, VNF_DROP_NO_SUCH_PORT), 2);
	cr_assert_eq(dropped(1, VNF_DROP_APPLICATION), 3);
	cr_assert_eq(dropped(1, VNF_DROP_MALFORMED), 1);
	finish();
}

Test(worker, runts_never_reach_the_callback)
{
	start(1, 1);
	verdict_of[7] = VNF_TAKEN; /* would be held for ever */
	give(0, 7, 13);
	give(0, 1, 14);
	give(0, 7, 0);
	work(0);
	cr_assert_eq(dropped(0, VNF_DROP_MALFORMED), 2);
	cr_assert_eq(fakes[1].n_out, 1);
	finish();
}

Test(worker, too_long_for_the_destination)
{
	start(1, 1);
	vnf.ports[1].port.mtu = 100;
	loop_destroy(vnf.workers[0].app);
	vnf.workers[0].app = loop_create(&vnf, &vnf.workers[0], &app);
	give(0, 1, 100 + VNF_FRAME_OVERHEAD);
	give(0, 2, 100 + VNF_FRAME_OVERHEAD + 1);
	give(0, 3, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 2);
	cr_assert_eq(first_octet(fakes[1].out[1]), 3);
	cr_assert_eq(dropped(1, VNF_DROP_TOO_LONG), 1);
	finish();
}

/* A whole burst goes out by itself, unless others wait for the same port: then behind them. */
Test(worker, a_whole_burst_does_not_overtake)
{
	start(1, 1);
	verdict_of[1] = VNF_FORWARD(1);
	for (uint8_t i = 0; i < 5; i++)
		give(0, 1, (uint16_t)(100 + i));
	for (uint8_t i = 0; i < VNF_BURST_MAX; i++)
		give(1, 1, (uint16_t)(200 + i));
	work(0);
	cr_assert_eq(fakes[1].n_out, 5 + VNF_BURST_MAX);
	for (uint16_t i = 0; i < 5 + VNF_BURST_MAX; i++)
		cr_assert_eq(fakes[1].out[i]->pkt_len, i < 5 ? 100u + i : 195u + i, "%u", i);
	finish();
}

Test(worker, port_down_and_queue_full)
{
	start(1, 1);
	fakes[1].room = 10;
	for (uint16_t i = 0; i < 40; i++)
		give(0, (uint8_t)i, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 10);
	cr_assert_eq(dropped(1, VNF_DROP_TX_FULL), 30);

	vnf_port_set_up(&vnf.ports[1].port, false);
	give(0, 1, 60);
	work(0);
	cr_assert_eq(dropped(1, VNF_DROP_PORT_DOWN), 1);
	finish();
}

/* A peer that takes one packet at a time. */
static uint16_t slow_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters)
{
	return fake_tx(queue, pkts, RTE_MIN(n, 1), counters);
}

Test(worker, tx_wait_waits_for_a_slow_peer)
{
	start(1, 1);
	fake_specs[1].tx_wait = 100000000;
	vnf.ports[1].port.tx = slow_tx;
	for (uint16_t i = 0; i < 40; i++)
		give(0, (uint8_t)i, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 40);
	cr_assert_eq(dropped(1, VNF_DROP_TX_FULL), 0);
	finish();
}

Test(worker, tx_wait_ends)
{
	start(1, 1);
	fake_specs[1].tx_wait = 1000000;
	fakes[1].room = 5;
	for (uint16_t i = 0; i < 40; i++)
		give(0, (uint8_t)i, 60);
	work(0);
	cr_assert_eq(dropped(1, VNF_DROP_TX_FULL), 35);
	finish();
}

/* No more of it than one port's share for both of them. */
Test(worker, tx_wait_of_all_ports_together_is_one)
{
	uint64_t began;

	start(1, 1);
	for (uint16_t i = 0; i < PORTS; i++) {
		fake_specs[i].tx_wait = 200000000;
		fakes[i].room = 0;
		verdict_of[i] = VNF_FORWARD(i);
		give(0, (uint8_t)i, 60);
	}
	began = vnf_clock_now();
	work(0);
	cr_assert_geq(vnf_clock_now() - began, 200000000);
	cr_assert_lt(vnf_clock_now() - began, 380000000);
	cr_assert_eq(dropped(0, VNF_DROP_TX_FULL), 1);
	cr_assert_eq(dropped(1, VNF_DROP_TX_FULL), 1);
	finish();
}

/* A frame that went out of a port: its payload, and what it leaves open. */
static void check_sent(uint16_t i, uint16_t octets, uint64_t flags)
{
	const struct rte_mbuf *pkt = fakes[1].out[i];

	cr_assert_lt(i, fakes[1].n_out);
	cr_expect_eq(pkt->pkt_len, TCP_HEADERS + octets, "%u: %u", i, pkt->pkt_len);
	cr_expect_eq(pkt->ol_flags, flags, "%u: %lx", i, pkt->ol_flags);
	cr_expect_eq(tcp_support_is_whole(pkt), flags == 0, "%u", i);
}

Test(worker, an_open_checksum_is_completed_for_a_port_that_takes_none)
{
	start(1, 1);
	give(0, 1, 60);
	give_tcp(0, 300, TCP_OPEN);
	give_tcp(0, 1446, TCP_OPEN);
	give(0, 3, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 4);
	cr_expect_eq(first_octet(fakes[1].out[0]), 1);
	check_sent(1, 300, 0);
	check_sent(2, 1446, 0);
	cr_expect_eq(first_octet(fakes[1].out[3]), 3);
	cr_expect_eq(vnf.workers[0].counters.created, 0);
	finish();
}

Test(worker, an_open_checksum_is_left_to_a_port_that_takes_it)
{
	start(1, 1);
	vnf_port_set_takes(&vnf.ports[1].port, VNF_TAKES_CHECKSUM);
	give_tcp(0, 300, TCP_OPEN);
	work(0);
	cr_assert_eq(fakes[1].n_out, 1);
	check_sent(0, 300, TCP_SENT_OPEN);
	finish();
}

/* Also a whole burst, which does not wait in a batch. */
Test(worker, frames_are_cut_for_a_port_that_takes_them_cut)
{
	static const uint16_t bursts[] = { 1, VNF_BURST_MAX };

	start(1, 1);
	for (size_t b = 0; b < RTE_DIM(bursts); b++) {
		uint64_t before = vnf.workers[0].counters.created;

		for (uint16_t i = 0; i < bursts[b]; i++)
			give_tcp(0, 3001 + i, TCP_OPEN_TSO);
		work(0);
		cr_assert_eq(fakes[1].n_out, 4 * bursts[b]);
		for (uint16_t i = 0; i < 4 * bursts[b]; i++)
			check_sent(i, i % 4 == 3 ? 1 + i / 4 : TCP_SEGMENT, 0);
		cr_expect_eq(vnf.workers[0].counters.created - before, 3 * bursts[b]);
		rte_pktmbuf_free_bulk(fakes[1].out, fakes[1].n_out);
		fakes[1].n_out = 0;
	}
	cr_expect_eq(dropped(1, VNF_DROP_TOO_LONG), 0);
	finish();
}

Test(worker, a_frame_goes_whole_to_a_port_that_cuts)
{
	start(1, 1);
	vnf_port_set_takes(&vnf.ports[1].port, TCP_TAKES_TSO);
	give_tcp(0, 60000, TCP_OPEN_TSO);
	work(0);
	cr_assert_eq(fakes[1].n_out, 1);
	check_sent(0, 60000, TCP_SENT_TSO);
	cr_expect_eq(vnf.workers[0].counters.created, 0);
	finish();
}

/* What the worker makes of a packet, and what does not fit then: all is in the ledger. */
Test(worker, segments_that_find_no_room_or_no_buffer)
{
	struct rte_mbuf *hoard[SUPPORT_MBUFS];
	unsigned int n;

	start(1, 1);
	fakes[1].room = 2;
	give_tcp(0, 4500, TCP_OPEN_TSO);
	work(0);
	cr_assert_eq(fakes[1].n_out, 2);
	cr_expect_eq(dropped(1, VNF_DROP_TX_FULL), 3);
	cr_expect_eq(vnf.workers[0].counters.created, 4);

	fakes[1].room = 256;
	give_tcp(0, 4500, TCP_OPEN_TSO);
	n = rte_mempool_avail_count(vnf.pool) - 3;
	cr_assert_eq(rte_pktmbuf_alloc_bulk(vnf.pool, hoard, n), 0);
	work(0);
	cr_expect_eq(fakes[1].n_out, 5);
	cr_expect_eq(dropped(1, VNF_DROP_NO_MBUF), 1);
	cr_expect_eq(vnf.workers[0].counters.created, 7);
	rte_pktmbuf_free_bulk(hoard, n);
	finish();
}

/* A slow peer is waited for within a frame, too. */
Test(worker, tx_wait_between_segments)
{
	start(1, 1);
	fake_specs[1].tx_wait = 100000000;
	vnf.ports[1].port.tx = slow_tx;
	give_tcp(0, 4500, TCP_OPEN_TSO);
	work(0);
	cr_assert_eq(fakes[1].n_out, 5);
	for (uint16_t i = 0; i < 5; i++)
		check_sent(i, i < 4 ? TCP_SEGMENT : 500, 0);
	cr_assert_eq(dropped(1, VNF_DROP_TX_FULL), 0);
	finish();
}

Test(worker, frames_that_cannot_be_cut_are_dropped)
{
	start(1, 1);
	give(0, 1, 1000);
	fakes[0].in[0]->ol_flags |= TCP_OPEN_TSO;
	give(0, 2, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 1);
	cr_expect_eq(dropped(1, VNF_DROP_UNSUPPORTED_OFFLOAD), 1);
	finish();
}

/* A port that takes nothing now is not given the rest, and no buffer is wasted on that. */
Test(worker, segments_are_not_made_for_a_port_that_is_full)
{
	start(1, 1);
	fakes[1].room = 0;
	give_tcp(0, 60000, TCP_OPEN_TSO);
	fakes[0].in[0]->tso_segsz = 100;
	give(0, 1, 60);
	work(0);
	cr_assert_eq(fakes[1].n_out, 0);
	cr_expect_eq(vnf.workers[0].counters.created, 64);
	cr_expect_eq(dropped(1, VNF_DROP_TX_FULL), 64 + 1 + 1);
	finish();
}

/* Who asks for too much loses it where it came in; others do not. */
Test(worker, segments_beyond_all_measure)
{
	start(1, 1);
	vnf_port_set_takes(&vnf.ports[1].port, TCP_TAKES_TSO);
	for (unsigned int i = 0; i < 3; i++) {
		give_tcp(0, 20000, TCP_OPEN_TSO);
		fakes[0].in[2 * i]->tso_segsz = VNF_TSO_MIN;
		give(0, 1, (uint16_t)(100 + i));
	}
	work(0);
	cr_assert_eq(fakes[1].n_out, 4);
	check_sent(0, 20000, TCP_SENT_TSO);
	for (uint16_t i = 1; i < 4; i++)
		cr_expect_eq(fakes[1].out[i]->pkt_len, 99u + i);
	cr_expect_eq(dropped(0, VNF_DROP_TOO_MANY_SEGMENTS), 2);
	/* The next burst has a measure of its own. */
	give_tcp(0, 20000, TCP_OPEN_TSO);
	fakes[0].in[6]->tso_segsz = VNF_TSO_MIN;
	work(0);
	cr_expect_eq(fakes[1].n_out, 5);
	finish();
}

/* Worker 1 receives from port 0, and worker 0 has the only queue of port 1. */
static void start_handing_over(void)
{
	start(2, 1);
	vnf.workers[1].rxqs[0] = vnf.workers[0].rxqs[0];
	vnf.workers[1].n_rxqs = 1;
	vnf.workers[0].rxqs[0] = vnf.workers[0].rxqs[1];
	vnf.workers[0].n_rxqs = 1;
}

/* It is cut by who owns the queue, from whose counters it then is. */
Test(worker, a_frame_to_be_cut_that_is_handed_over)
{
	struct vnf_ledger ledger;

	start_handing_over();
	give_tcp(0, 4500, TCP_OPEN_TSO);
	work(1);
	cr_assert_eq(fakes[1].n_out, 0);
	work(0);
	cr_assert_eq(fakes[1].n_out, 5);
	cr_assert_eq(vnf_ledger_read(&vnf, 1, &ledger), 0);
	cr_expect_eq(ledger.handed_out, 1);
	cr_expect_eq(ledger.created, 0);
	cr_assert_eq(vnf_ledger_read(&vnf, 0, &ledger), 0);
	cr_expect_eq(ledger.handed_in, 1);
	cr_expect_eq(ledger.created, 4);
	finish();
}

/* They take many buffers, of which a ring would hoard too many. */
Test(worker, frames_of_many_buffers_are_handed_over_to_who_has_little_to_do)
{
	const uint16_t many = HANDOVER_RING / 32;

	start_handing_over();
	for (uint16_t i = 0; i < many; i++)
		give(0, 1, 60);
	work(1);
	give_tcp(0, 4500, TCP_OPEN_TSO);
	give(0, 1, 61);
	work(1);
	cr_expect_eq(dropped(1, VNF_DROP_HANDOVER_FULL), 1);
	while (loop_owes(vnf.workers[0].app))
		work(0);
	cr_assert_eq(fakes[1].n_out, many + 1);
	cr_expect_eq(fakes[1].out[many]->pkt_len, 61);
	give_tcp(0, 4500, TCP_OPEN_TSO);
	work(1);
	work(0);
	cr_expect_eq(fakes[1].n_out, many + 1 + 5);
	finish();
}

static uint16_t stop_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *port_counters)
{
	(void)queue;
	(void)pkts;
	(void)n;
	(void)port_counters;
	vnf.run = RUN_STOPPED;
	return 0;
}

Test(worker, tx_wait_does_not_hold_up_a_stop)
{
	uint64_t began;

	start(1, 1);
	fake_specs[1].tx_wait = 1000000000;
	vnf.ports[1].port.tx = stop_tx;
	give(0, 1, 60);
	began = vnf_clock_now();
	work(0);
	cr_assert_lt(vnf_clock_now() - began, 500000000);
	cr_assert_eq(dropped(1, VNF_DROP_TX_FULL), 1);
	finish();
}

Test(worker, the_clock_is_of_the_burst)
{
	uint64_t began;

	start(1, 1);
	vnf.workers[0].pub.now_ns = 0;
	give(0, 1, 60);
	began = vnf_clock_now();
	work(0);
	cr_assert_geq(burst_ns, began);
	finish();
}

Test(worker, taken_packets_are_held_until_sent_or_dropped)
{
	struct vnf_worker *worker;
	struct vnf_ledger ledger;

	start(1, 1);
	worker = &vnf.workers[0].pub;
	verdict_of[9] = VNF_TAKEN;
	give(0, 9, 60);
	work(0);
	cr_assert_eq(vnf_ledger_read(&vnf, 0, &ledger), 0);
	cr_assert_eq(ledger.held, 1);
	cr_assert_eq(vnf_ledger_balance(&ledger), 0);
	vnf_send(worker, 1, taken);
	work(0);
	cr_assert_eq(fakes[1].n_out, 1);

	give(0, 9, 60);
	work(0);
	vnf_drop(worker, 0, taken, VNF_DROP_USER);
	cr_assert_eq(dropped(0, VNF_DROP_USER), 1);
	finish();
}

Test(worker, made_packets_are_counted_as_created)
{
	struct rte_mbuf *pkt;
	struct vnf_ledger ledger;

	start(1, 1);
	pkt = vnf_packet_alloc(&vnf.workers[0].pub);
	cr_assert_not_null(pkt);
	cr_assert_not_null(rte_pktmbuf_append(pkt, 60));
	vnf_send(&vnf.workers[0].pub, 0, pkt);
	vnf_drop(&vnf.workers[0].pub, 9, vnf_packet_alloc(&vnf.workers[0].pub), 1000);
	vnf_send(&vnf.workers[0].pub, 9, vnf_packet_alloc(&vnf.workers[0].pub));
	work(0);
	cr_assert_eq(vnf_ledger_read(&vnf, 0, &ledger), 0);
	cr_assert_eq(ledger.created, 3);
	cr_assert_eq(ledger.tx, 1);
	cr_assert_eq(ledger.drops, 2);
	cr_assert_eq(ledger.held, 0);
	finish();
}

Test(worker, a_port_with_one_queue_is_sent_to_by_its_owner)
{
	struct vnf_ledger ledger;

	start(2, 1);
	/* Worker 1 polls nothing here; let it have port 1, as if that had two queues. */
	vnf.workers[1].rxqs[0] = vnf.workers[0].rxqs[1];
	vnf.workers[1].n_rxqs = 1;
	vnf.workers[0].n_rxqs = 1;
	for (unsigned int i = 0; i < 256; i++)
		verdict_of[i] = VNF_FORWARD(0);
	for (uint16_t i = 0; i < 100; i++)
		give(1, (uint8_t)i, 60);
	work(1);
	cr_assert_eq(fakes[0].n_out, 0);
	cr_assert_eq(vnf_ledger_read(&vnf, 1, &ledger), 0);
	cr_assert_eq(ledger.handed_out, 100);
	while (fakes[0].n_out < 100)
		work(0);
	for (uint16_t i = 0; i < 100; i++)
		cr_assert_eq(first_octet(fakes[0].out[i]), i);
	finish();
}

Test(worker, what_is_left_on_a_ring_at_the_end_is_dropped_and_counted)
{
	start(2, 1);
	vnf.workers[1].rxqs[0] = vnf.workers[0].rxqs[1];
	vnf.workers[1].n_rxqs = 1;
	for (uint16_t i = 0; i < 50; i++)
		give(1, (uint8_t)i, 60);
	work(1);
	/* finish() ends worker 0 without another pass. */
	loop_destroy(vnf.workers[0].app);
	vnf.workers[0].app = NULL;
	cr_assert_eq(dropped(1, VNF_DROP_STOPPING), 50);
	finish();
}

Test(worker, queues_enough_for_all_need_no_ring)
{
	struct vnf_ledger ledger;

	start(2, 2);
	cr_assert_eq(vnf.workers[0].n_rxqs, 2);
	cr_assert_eq(vnf.workers[1].n_rxqs, 2);
	cr_assert_eq(vnf.workers[1].rxqs[0].queue, 1);
	give(0, 1, 60);
	work(1);
	cr_assert_eq(fakes[1].n_out, 1);
	cr_assert_eq(vnf_ledger_read(&vnf, UINT16_MAX, &ledger), 0);
	cr_assert_eq(ledger.handed_out, 0);
	finish();
}

Test(worker, more_queues_than_workers_are_all_polled)
{
	static const struct {
		uint16_t workers, queues;
		bool share;
	} cases[] = { { 2, 3, false }, { 1, 8, false }, { 2, 8, true }, { 3, 2, false } };

	start(1, 1);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		unsigned int pollers[PORTS][VNF_QUEUES_MAX] = { { 0 } };

		loops_destroy();
		workers_destroy(&vnf);
		spec.workers = cases[i].workers;
		program.share_rx = cases[i].share;
		for (uint16_t p = 0; p < PORTS; p++)
			vnf.ports[p].port.n_queues = cases[i].queues;
		cr_assert_eq(workers_create(&vnf), 0);
		for (uint16_t w = 0; w < vnf.n_workers; w++)
			for (uint16_t q = 0; q < vnf.workers[w].n_rxqs; q++)
				pollers[vnf.workers[w].rxqs[q].port->id]
				       [vnf.workers[w].rxqs[q].queue]++;
		for (uint16_t p = 0; p < PORTS; p++)
			for (uint16_t q = 0; q < cases[i].queues; q++)
				cr_assert_eq(pollers[p][q], 1, "case %zu port %u queue %u", i, p,
					     q);
	}
	finish();
}

Test(worker, a_loop_owes_what_is_on_its_ring)
{
	start(2, 1);
	for (unsigned int i = 0; i < 256; i++)
		verdict_of[i] = VNF_FORWARD(0);
	vnf.workers[1].rxqs[0] = vnf.workers[0].rxqs[1];
	vnf.workers[1].n_rxqs = 1;
	vnf.workers[0].n_rxqs = 1;
	cr_assert(!loop_owes(NULL));
	cr_assert(!loop_owes(vnf.workers[0].app));
	give(1, 1, 60);
	work(1);
	cr_assert(loop_owes(vnf.workers[0].app));
	cr_assert(!loop_owes(vnf.workers[1].app));
	work(0);
	cr_assert(!loop_owes(vnf.workers[0].app));
	finish();
}

Test(worker, a_port_that_only_receives)
{
	start(1, 1);
	vnf.ports[1].port.tx = NULL;
	vnf.ports[1].port.rx = NULL;
	give(0, 1, 60);
	work(0);
	cr_assert_eq(dropped(1, VNF_DROP_PORT_DOWN), 1);
	finish();
}

Test(worker, a_port_that_is_down_is_not_polled)
{
	start(1, 1);
	vnf_port_set_up(&vnf.ports[0].port, false);
	give(0, 1, 60);
	work(0);
	cr_assert_eq(fakes[0].next_in, 0);
	vnf_port_set_up(&vnf.ports[0].port, true);
	work(0);
	cr_assert_eq(fakes[1].n_out, 1);
	finish();
}

/* ---- what a command asks of an idle worker ---- */

/* It has so many parts to do; how often it slept between the first and the last. */
struct parts {
	uint32_t left;
	uint64_t slept_before, slept_after;
};

static bool part_step(struct vnf_worker *worker, void *arg)
{
	const struct worker *w = (const struct worker *)worker;
	struct parts *p = arg;

	if (p->slept_before == UINT64_MAX)
		p->slept_before = w->sleeps;
	if (p->left > 0 && --p->left == 0)
		p->slept_after = w->sleeps;
	return p->left == 0;
}

static void no_tick(struct vnf_worker *worker)
{
	(void)worker;
}

static void *work_beside(void *arg)
{
	(void)arg;
	worker_loop(&vnf.workers[0]);
	return NULL;
}

Test(worker, does_not_sleep_while_it_is_asked)
{
	struct parts p = { .left = 1000, .slept_before = UINT64_MAX };
	struct worker *w;
	pthread_t thread;

	start(1, 1);
	app.tick = no_tick;
	w = &vnf.workers[0];
	w->idle = &idle_limits[LATENCY_POWER];
	w->launched = true;
	vnf.run = RUN_RUNNING;
	cr_assert_eq(pthread_create(&thread, NULL, work_beside, NULL), 0);
	while (__atomic_load_n(&w->sleeps, __ATOMIC_RELAXED) < 10)
		sched_yield();
	cr_assert_eq(vnf_workers_ask(&vnf, part_step, &p, 60 * VNF_SECOND_NS), 0);
	cr_assert_eq(p.slept_after - p.slept_before, 0, "%lu sleeps",
		     p.slept_after - p.slept_before);
	__atomic_store_n(&vnf.run, RUN_STOPPED, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	w->launched = false;
	finish();
}
