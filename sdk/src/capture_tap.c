/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A worker's part of a capture: is it wanted, does the filter let it pass, copy it into the ring.
 * Called by the data path while `watched` has VNF_WATCH_CAPTURE; see capture.h.
 *
 * What is sent is copied before it is sent, for then it is the port's; but how much is sent is known
 * only afterwards, and only that is published.
 */

#include "capture.h"

#include <string.h>

/* Packets that are sent in one go. */
#define TX_SLICE 64

enum outcome {
	OUTCOME_COPIED,
	OUTCOME_FILTERED,
	OUTCOME_LOST,
};

/* The worker's part, if the capture wants this. */
static struct capture_tap *tap_for(const struct vnf_worker *worker, uint16_t port,
				   enum capture_point point)
{
	/* Pairs with the release in taps_publish(). */
	struct capture_tap *tap =
		__atomic_load_n(&((const struct worker *)worker)->capture, __ATOMIC_ACQUIRE);
	const struct capture *c;

	if (tap == NULL)
		return NULL;
	c = tap->capture;
	if ((c->points & (1u << point)) == 0 || (c->port != VNF_NO_PORT && c->port != port) ||
	    __atomic_load_n(&c->ended, __ATOMIC_RELAXED) != CAPTURE_GOES_ON)
		return NULL;
	return tap;
}

/* A filter sees the whole packet, whatever is kept of it. */
static bool filter_passes(const struct capture_tap *tap, const struct rte_mbuf *pkt)
{
	const struct capture *c = tap->capture;
	uint32_t n = pkt->data_len;
	const void *octets = rte_pktmbuf_mtod(pkt, const void *);

	if (pkt->nb_segs > 1) {
		n = RTE_MIN(pkt->pkt_len, (uint32_t)CAPTURE_SNAPLEN_MAX);
		octets = rte_pktmbuf_read(pkt, 0, n, tap->flat);
	}
	return octets != NULL && bpf_filter(c->program.bf_insns, octets, pkt->pkt_len, n) != 0;
}

static enum outcome packet_copy(struct capture_tap *tap, const struct rte_mbuf *pkt,
				const struct capture_head *common)
{
	const struct capture *c = tap->capture;
	uint32_t kept = RTE_MIN(pkt->pkt_len, c->snaplen);
	struct capture_head *head;
	const void *octets;

	if (c->has_filter && !filter_passes(tap, pkt))
		return OUTCOME_FILTERED;
	head = byte_ring_reserve(&tap->ring, sizeof(*head) + kept);
	if (head == NULL)
		return OUTCOME_LOST;
	*head = *common;
	head->length = pkt->pkt_len;
	octets = rte_pktmbuf_read(pkt, 0, kept, head + 1);
	head->kept = octets != NULL ? kept : 0;
	if (octets != NULL && octets != head + 1)
		memcpy(head + 1, octets, kept);
	return OUTCOME_COPIED;
}

static void outcome_count(struct capture_tap *tap, enum outcome outcome)
{
	if (outcome == OUTCOME_FILTERED)
		__atomic_store_n(&tap->filtered, tap->filtered + 1, __ATOMIC_RELAXED);
	else if (outcome == OUTCOME_LOST)
		__atomic_store_n(&tap->lost, tap->lost + 1, __ATOMIC_RELAXED);
}

static void packets_copy(struct capture_tap *tap, struct rte_mbuf *const *pkts, uint16_t n,
			 const struct capture_head *common)
{
	for (uint16_t i = 0; i < n; i++)
		outcome_count(tap, packet_copy(tap, pkts[i], common));
	byte_ring_publish(&tap->ring, byte_ring_position(&tap->ring));
}

static void packets_offer(struct vnf_worker *worker, uint16_t port, enum capture_point point,
			  struct rte_mbuf *const *pkts, uint16_t n)
{
	const struct capture_head head = {
		.now_ns = vnf_clock_now(),
		.port = port,
		.to = VNF_NO_PORT,
		.point = (uint16_t)point,
	};
	struct capture_tap *tap = tap_for(worker, port, point);

	if (tap != NULL)
		packets_copy(tap, pkts, n, &head);
}

void vnf_watched_rx(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		    uint16_t n)
{
	packets_offer(worker, port, CAPTURE_RX, pkts, n);
}

void vnf_watched_sent(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		      uint16_t n)
{
	packets_offer(worker, port, CAPTURE_TX, pkts, n);
}

void capture_drops(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		   uint16_t n, uint32_t reason, uint16_t to)
{
	const struct capture_head head = {
		.now_ns = vnf_clock_now(),
		.port = port,
		.to = to,
		.reason = (uint16_t)reason,
		.point = CAPTURE_DROP,
	};
	struct capture_tap *tap = tap_for(worker, port, CAPTURE_DROP);

	if (tap != NULL)
		packets_copy(tap, pkts, n, &head);
}

/* At most TX_SLICE packets. */
static uint16_t slice_send(struct capture_tap *tap, const struct vnf_port *port, uint16_t queue,
			   struct rte_mbuf **pkts, uint16_t n, struct vnf_port_counters *counters)
{
	const struct capture_head head = {
		.now_ns = vnf_clock_now(),
		.port = port->id,
		.to = VNF_NO_PORT,
		.point = CAPTURE_TX,
	};
	uint64_t before = byte_ring_position(&tap->ring);
	uint64_t after[TX_SLICE];
	enum outcome outcome[TX_SLICE];
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++) {
		outcome[i] = packet_copy(tap, pkts[i], &head);
		after[i] = byte_ring_position(&tap->ring);
	}
	sent = port->tx(port->queue[queue], pkts, n, counters);
	for (uint16_t i = 0; i < sent; i++)
		outcome_count(tap, outcome[i]);
	byte_ring_publish(&tap->ring, sent > 0 ? after[sent - 1] : before);
	return sent;
}

uint16_t vnf_watched_tx(struct vnf_worker *worker, const struct vnf_port *port, uint16_t queue,
			struct rte_mbuf **pkts, uint16_t n, struct vnf_port_counters *counters)
{
	struct capture_tap *tap = (worker->watched & VNF_WATCH_CAPTURE) != 0
					  ? tap_for(worker, port->id, CAPTURE_TX)
					  : NULL;
	uint16_t sent = 0, slice, now;

	if (tap == NULL)
		return port->tx(port->queue[queue], pkts, n, counters);
	do {
		slice = RTE_MIN(n - sent, TX_SLICE);
		now = slice_send(tap, port, queue, pkts + sent, slice, counters);
		sent += now;
	} while (now == slice && sent < n);
	return sent;
}
