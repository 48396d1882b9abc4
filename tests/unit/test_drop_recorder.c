/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The recorder of dropped packets: what it keeps, how much of a flood, and that no reader ever sees
 * a record half written.
 */
#include "eal_support.h"

#include <pthread.h>
#include <stdlib.h>

#include "drop_recorder.h"

#define RECORDS 64

static struct rte_mempool *pool;
static struct vnf_drop_recorder *recorder;
static struct drop_record seen[2 * RECORDS];
static size_t n_seen;

static void start(void)
{
	eal_support_start();
	pool = eal_support_pool(2048);
	recorder = drop_recorder_create(2, RECORDS);
	cr_assert_not_null(recorder);
}

static void finish(void)
{
	drop_recorder_destroy(recorder);
	EAL_SUPPORT_POOL_FULL(pool);
	rte_mempool_free(pool);
	eal_support_stop();
}

static struct rte_mbuf *packet(uint8_t octet, uint16_t bytes)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);

	cr_assert_not_null(pkt);
	memset(rte_pktmbuf_append(pkt, bytes), octet, bytes);
	return pkt;
}

/* Drop `n` times the same packet. */
static void drop(uint64_t now_ns, uint16_t port, uint8_t octet, uint16_t bytes, uint16_t n,
		 uint32_t reason, uint16_t to)
{
	struct rte_mbuf *pkt = packet(octet, bytes);
	struct rte_mbuf *pkts[RECORDS];

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = pkt;
	drop_recorder_add(recorder, now_ns, port, pkts, n, reason, to);
	rte_pktmbuf_free(pkt);
}

static void see(void *arg, const struct drop_record *record)
{
	(void)arg;
	cr_assert_lt(n_seen, RTE_DIM(seen));
	seen[n_seen++] = *record;
}

static size_t look(uint16_t port)
{
	n_seen = 0;
	drop_recorder_read(recorder, port, see, NULL);
	return n_seen;
}

Test(drop_recorder, a_record)
{
	start();
	cr_assert_eq(look(0), 0);
	drop(5000, 1, 0xab, 1000, 1, VNF_DROP_TOO_LONG, 1);
	cr_assert_eq(look(0), 0);
	cr_assert_eq(look(1), 1);
	cr_assert_eq(seen[0].now_ns, 5000);
	cr_assert_eq(seen[0].length, 1000);
	cr_assert_eq(seen[0].port, 1);
	cr_assert_eq(seen[0].to, 1);
	cr_assert_eq(seen[0].reason, VNF_DROP_TOO_LONG);
	cr_assert_eq(seen[0].kept, DROP_HEAD_BYTES);
	cr_assert_eq(seen[0].skipped, 0);
	for (size_t i = 0; i < DROP_HEAD_BYTES; i++)
		cr_assert_eq(seen[0].head[i], 0xab);
	finish();
}

Test(drop_recorder, short_and_empty_packets)
{
	start();
	drop(1, 0, 1, 13, 1, VNF_DROP_MALFORMED, VNF_NO_PORT);
	drop(2, 0, 1, 0, 1, VNF_DROP_MALFORMED, VNF_NO_PORT);
	cr_assert_eq(look(0), 2);
	cr_assert_eq(seen[0].kept, 13);
	cr_assert_eq(seen[0].to, VNF_NO_PORT);
	cr_assert_eq(seen[1].kept, 0);
	cr_assert_eq(seen[1].length, 0);
	finish();
}

/* The head of a packet in pieces. */
Test(drop_recorder, several_segments)
{
	struct rte_mbuf *pkt, *tail;

	start();
	pkt = packet(1, 10);
	tail = packet(2, 200);
	cr_assert_eq(rte_pktmbuf_chain(pkt, tail), 0);
	drop_recorder_add(recorder, 1, 0, &pkt, 1, VNF_DROP_TX_FULL, 0);
	rte_pktmbuf_free(pkt);
	cr_assert_eq(look(0), 1);
	cr_assert_eq(seen[0].length, 210);
	cr_assert_eq(seen[0].head[9], 1);
	cr_assert_eq(seen[0].head[10], 2);
	cr_assert_eq(seen[0].head[DROP_HEAD_BYTES - 1], 2);
	finish();
}

Test(drop_recorder, half_a_ring_at_once_then_ten_a_second)
{
	uint64_t now = 1;

	start();
	for (int i = 0; i < 4; i++)
		drop(now, 0, 1, 60, 32, VNF_DROP_TX_FULL, 0);
	cr_assert_eq(look(0), RECORDS / 2);
	/* A million a second, for two seconds. */
	for (; now <= 2 * VNF_SECOND_NS + 1; now += VNF_SECOND_NS / 1000)
		drop(now, 0, 1, 60, 32, VNF_DROP_TX_FULL, 0);
	cr_assert_eq(look(0), RECORDS / 2 + 20);
	finish();
}

/* What a flood of one reason does to the others: nothing. */
Test(drop_recorder, reasons_and_ports_have_their_own_limits)
{
	start();
	for (int i = 0; i < 100; i++)
		drop(1, 0, 1, 60, 32, VNF_DROP_TX_FULL, 0);
	drop(2, 0, 2, 60, 1, VNF_DROP_MALFORMED, VNF_NO_PORT);
	drop(2, 1, 3, 60, 1, VNF_DROP_TX_FULL, 1);
	cr_assert_eq(look(0), RECORDS / 2 + 1);
	cr_assert_eq(seen[RECORDS / 2].reason, VNF_DROP_MALFORMED);
	cr_assert_eq(look(1), 1);
	finish();
}

Test(drop_recorder, those_between_are_counted)
{
	start();
	for (int i = 0; i < 100; i++)
		drop(1, 0, 1, 60, 32, VNF_DROP_TX_FULL, 0);
	drop(1 + VNF_SECOND_NS, 0, 2, 60, 1, VNF_DROP_TX_FULL, 0);
	cr_assert_eq(look(0), RECORDS / 2 + 1);
	cr_assert_eq(seen[RECORDS / 2].head[0], 2);
	cr_assert_eq(seen[RECORDS / 2].skipped, 3200 - RECORDS / 2);
	finish();
}

Test(drop_recorder, the_oldest_are_overwritten)
{
	start();
	for (uint64_t i = 0; i < 3 * RECORDS; i++)
		drop(i * VNF_SECOND_NS, 0, (uint8_t)i, 60, 1, VNF_DROP_TX_FULL, 0);
	cr_assert_eq(look(0), RECORDS);
	for (size_t i = 0; i < n_seen; i++)
		cr_assert_geq(seen[i].now_ns, 2 * RECORDS * VNF_SECOND_NS);
	finish();
}

Test(drop_recorder, nonsense_is_ignored)
{
	struct vnf_worker worker = { .recorder = NULL };
	struct rte_mbuf *pkt;

	start();
	pkt = packet(1, 60);
	vnf_drop_note(&worker, 0, &pkt, 1, VNF_DROP_TX_FULL, 0);
	worker.recorder = recorder;
	vnf_drop_note(&worker, VNF_NO_PORT, &pkt, 1, VNF_DROP_TX_FULL, VNF_NO_PORT);
	vnf_drop_note(&worker, 2, &pkt, 1, VNF_DROP_TX_FULL, 2);
	vnf_drop_note(&worker, 0, &pkt, 0, VNF_DROP_TX_FULL, 0);
	cr_assert_eq(look(0), 0);
	vnf_drop_note(&worker, 0, &pkt, 1, UINT32_MAX, VNF_NO_PORT);
	cr_assert_eq(look(0), 1);
	cr_assert_eq(seen[0].reason, VNF_DROP_APPLICATION);
	rte_pktmbuf_free(pkt);
	finish();
}

Test(drop_recorder, none_wanted)
{
	cr_assert_null(drop_recorder_create(2, 0));
	drop_recorder_destroy(NULL);
	drop_recorder_read(NULL, 0, see, NULL);
	recorder = drop_recorder_create(2, 1);
	cr_assert_not_null(recorder);
	drop_recorder_destroy(recorder);
}

/* ---- a reader while the worker writes ---- */

#define ROUNDS 200000

static uint32_t reading = 1;

/* All octets of a packet are the same, and so is its length: a torn record would differ. */
static void see_whole(void *arg, const struct drop_record *record)
{
	uint64_t *n = arg;

	(*n)++;
	for (size_t i = 1; i < record->kept; i++)
		cr_assert_eq(record->head[i], record->head[0]);
	cr_assert_eq(record->length, 100u + record->head[0]);
	cr_assert_eq(record->now_ns / VNF_SECOND_NS % 200, record->head[0]);
}

static void *reader(void *arg)
{
	while (__atomic_load_n(&reading, __ATOMIC_ACQUIRE) != 0)
		drop_recorder_read(recorder, 0, see_whole, arg);
	return NULL;
}

Test(drop_recorder, no_record_is_seen_torn, .timeout = 60)
{
	struct rte_mbuf *pkts[200];
	uint64_t n = 0;
	pthread_t thread;

	start();
	drop_recorder_destroy(recorder);
	recorder = drop_recorder_create(1, 2); /* so that they are overwritten all the time */
	for (unsigned int i = 0; i < RTE_DIM(pkts); i++)
		pkts[i] = packet((uint8_t)i, (uint16_t)(100 + i));
	cr_assert_eq(pthread_create(&thread, NULL, reader, &n), 0);
	for (uint64_t i = 0; i < ROUNDS; i++)
		drop_recorder_add(recorder, i * VNF_SECOND_NS, 0, &pkts[i % 200], 1,
				  VNF_DROP_TX_FULL, 0);
	__atomic_store_n(&reading, 0, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	drop_recorder_read(recorder, 0, see_whole, &n);
	cr_assert_gt(n, 0);
	rte_pktmbuf_free_bulk(pkts, RTE_DIM(pkts));
	finish();
}
