/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See drop_recorder.h. A slot is words of 64 bits, the first a sequence lock: odd while the worker
 * writes the others (H.-J. Boehm, "Can seqlocks get along with programming language memory
 * models?", 2012). Words are written with release and read with acquire: no fence is needed.
 */

#include "drop_recorder.h"

#include <stdlib.h>
#include <string.h>

#include <vnf/clock.h>

#include "vnf_priv.h"

/* Attempts to read a record that is being written again and again. */
#define READS_MAX 3

_Static_assert(sizeof(struct drop_record) % sizeof(uint64_t) == 0, "a record is whole words");

struct vnf_drop_recorder *drop_recorder_create(uint16_t n_ports, uint32_t records)
{
	struct vnf_drop_recorder *r;

	if (records == 0)
		return NULL;
	r = calloc(1, sizeof(*r) + n_ports * sizeof(r->ring[0]));
	if (r == NULL)
		return NULL;
	r->slots = calloc((size_t)n_ports * records, sizeof(*r->slots));
	if (r->slots == NULL) {
		free(r);
		return NULL;
	}
	r->n_slots = records;
	r->n_ports = n_ports;
	r->burst_ns = (int64_t)((RTE_MAX(records, 2u) / 2 - 1) * DROP_INTERVAL_NS);
	for (uint16_t p = 0; p < n_ports; p++) {
		r->ring[p].slots = &r->slots[(size_t)p * records];
		for (uint32_t i = 0; i < VNF_DROPS_MAX; i++)
			r->ring[p].limit[i].open_ns = -r->burst_ns;
	}
	return r;
}

void drop_recorder_destroy(struct vnf_drop_recorder *recorder)
{
	if (recorder == NULL)
		return;
	free(recorder->slots);
	free(recorder);
}

/* ---- writing: the worker ---- */

static void slot_write(struct drop_slot *slot, const struct drop_record *record)
{
	uint64_t sequence = slot->sequence + 1;
	uint64_t word[RECORD_WORDS];

	memcpy(word, record, sizeof(word));
	__atomic_store_n(&slot->sequence, sequence, __ATOMIC_RELAXED);
	/* Release: whoever sees one of these sees the odd sequence too. */
	for (size_t i = 0; i < RECORD_WORDS; i++)
		__atomic_store_n(&slot->word[i], word[i], __ATOMIC_RELEASE);
	__atomic_store_n(&slot->sequence, sequence + 1, __ATOMIC_RELEASE);
}

static void record_write(struct vnf_drop_recorder *r, struct drop_ring *ring,
			 struct drop_record *record, const struct rte_mbuf *pkt)
{
	uint32_t kept = RTE_MIN(pkt->pkt_len, (uint32_t)DROP_HEAD_BYTES);
	const void *octets = rte_pktmbuf_read(pkt, 0, kept, record->head);

	if (octets != NULL && octets != record->head)
		memcpy(record->head, octets, kept);
	record->kept = octets != NULL ? (uint16_t)kept : 0;
	record->length = pkt->pkt_len;
	slot_write(&ring->slots[ring->next], record);
	ring->next = ring->next + 1 < r->n_slots ? ring->next + 1 : 0;
}

/* There is a token for the first of them at least. */
static void records_add(struct vnf_drop_recorder *r, uint64_t now_ns, uint16_t port,
			struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason, uint16_t to)
{
	struct drop_ring *ring = &r->ring[port];
	struct drop_limit *limit = &ring->limit[reason];
	struct drop_record record = {
		.now_ns = now_ns, .port = port, .to = to, .reason = (uint16_t)reason
	};

	for (uint16_t i = 0; i < n; i++) {
		if (limit->open_ns > (int64_t)now_ns) {
			limit->skipped += n - i;
			return;
		}
		/* A bucket is full at most. */
		limit->open_ns = RTE_MAX(limit->open_ns, (int64_t)now_ns - r->burst_ns) +
				 (int64_t)DROP_INTERVAL_NS;
		record.skipped = (uint32_t)RTE_MIN(limit->skipped, UINT32_MAX);
		limit->skipped = 0;
		record_write(r, ring, &record, pkts[i]);
	}
}

void drop_recorder_add(struct vnf_drop_recorder *r, uint64_t now_ns, uint16_t port,
		       struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason, uint16_t to)
{
	if (port < r->n_ports && !drop_recorder_skips(r, now_ns, port, n, reason))
		records_add(r, now_ns, port, pkts, n, reason, to);
}

/* ---- reading: any thread ---- */

/* False: there is none, or it is being written all the time. */
static bool slot_read(const struct drop_slot *slot, struct drop_record *record)
{
	uint64_t word[RECORD_WORDS], before, after;

	for (int i = 0; i < READS_MAX; i++) {
		before = __atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE);
		/* Acquire: `after` is read after them. Pairs with the releases in slot_write(). */
		for (size_t w = 0; w < RECORD_WORDS; w++)
			word[w] = __atomic_load_n(&slot->word[w], __ATOMIC_ACQUIRE);
		after = __atomic_load_n(&slot->sequence, __ATOMIC_RELAXED);
		if (before == 0 || (before == after && (before & 1) == 0))
			break;
	}
	if (before == 0 || before != after || (before & 1) != 0)
		return false;
	memcpy(record, word, sizeof(*record));
	return true;
}

void drop_recorder_forget(struct vnf_drop_recorder *r, uint16_t port)
{
	if (r == NULL || port >= r->n_ports)
		return;
	for (uint32_t i = 0; i < r->n_slots; i++)
		__atomic_store_n(&r->ring[port].slots[i].sequence, 0, __ATOMIC_RELEASE);
}

void drop_recorder_read(const struct vnf_drop_recorder *recorder, uint16_t port,
			void (*see)(void *arg, const struct drop_record *record), void *arg)
{
	struct drop_record record;

	if (recorder == NULL || port >= recorder->n_ports)
		return;
	for (uint32_t i = 0; i < recorder->n_slots; i++)
		if (slot_read(&recorder->ring[port].slots[i], &record))
			see(arg, &record);
}
