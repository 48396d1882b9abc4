/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A worker's part of a capture: is it wanted, does the filter let it pass, copy it into the ring.
 * Called by the data path while `watched` has VNF_WATCH_CAPTURE; see capture.h.
 *
 * What is sent is copied before it is sent, for then it is the port's; but what is sent is known
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
	OUTCOME_NOT_SENT, /* nothing to count */
};

/* Packets in the hands of a port's tx, which may drop some of them and put the others in another
 * order.
 */
struct capture_slice {
	uint16_t n;
	const struct rte_mbuf *pkt[TX_SLICE];
	struct capture_head *head[TX_SLICE]; /* its copy, or NULL */
	enum outcome outcome[TX_SLICE];
	uint64_t after[TX_SLICE]; /* position in the ring */
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
				const struct capture_head *common, struct capture_head **copy)
{
	const struct capture *c = tap->capture;
	uint32_t kept = RTE_MIN(pkt->pkt_len, c->snaplen);
	struct capture_head *head;
	const void *octets;

	*copy = NULL;
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
	*copy = head;
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
	struct capture_head *copy;

	for (uint16_t i = 0; i < n; i++)
		outcome_count(tap, packet_copy(tap, pkts[i], common, &copy));
	byte_ring_publish(&tap->ring, byte_ring_position(&tap->ring));
}

void vnf_watched_rx(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		    uint16_t n)
{
	const struct capture_head head = {
		.now_ns = vnf_clock_now(),
		.port = port,
		.to = VNF_NO_PORT,
		.point = CAPTURE_RX,
	};
	struct capture_tap *tap = tap_for(worker, port, CAPTURE_RX);

	if (tap != NULL)
		packets_copy(tap, pkts, n, &head);
}

/* ---- sent ---- */

static uint16_t slice_find(const struct capture_slice *slice, const struct rte_mbuf *pkt)
{
	uint16_t i = 0;

	while (i < slice->n && slice->pkt[i] != pkt)
		i++;
	return i;
}

/* The port itself drops packets that it was given: what was copied is a drop. */
static void slice_drop(struct capture_tap *tap, struct rte_mbuf *const *pkts, uint16_t n,
		       const struct capture_head *common)
{
	bool wanted = (tap->capture->points & (1u << CAPTURE_DROP)) != 0;

	for (uint16_t k = 0; k < n; k++) {
		uint16_t i = slice_find(tap->slice, pkts[k]);
		struct capture_head *head = i < tap->slice->n ? tap->slice->head[i] : NULL;

		if (head == NULL)
			continue;
		head->point = wanted ? CAPTURE_DROP : CAPTURE_NOTHING;
		head->reason = common->reason;
		head->to = common->to;
	}
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
	struct capture_tap *tap = ((struct worker *)worker)->capture;

	if (tap != NULL && tap->slice != NULL) {
		slice_drop(tap, pkts, n, &head);
		return;
	}
	tap = tap_for(worker, port, CAPTURE_DROP);
	if (tap != NULL)
		packets_copy(tap, pkts, n, &head);
}

static void slice_copy(struct capture_tap *tap, struct capture_slice *slice,
		       struct rte_mbuf *const *pkts, uint16_t n, const struct capture_head *head)
{
	slice->n = n;
	for (uint16_t i = 0; i < n; i++) {
		slice->pkt[i] = pkts[i];
		slice->outcome[i] = packet_copy(tap, pkts[i], head, &slice->head[i]);
		slice->after[i] = byte_ring_position(&tap->ring);
	}
}

/* These were not sent: their copies are nothing. */
static void slice_forget(struct capture_slice *slice, struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t k = 0; k < n; k++) {
		uint16_t i = slice_find(slice, pkts[k]);

		if (i == slice->n)
			continue;
		slice->outcome[i] = OUTCOME_NOT_SENT;
		if (slice->head[i] != NULL)
			slice->head[i]->point = CAPTURE_NOTHING;
	}
}

/* Up to the last that was sent: who waits for room tries the others again and again, and shall not
 * fill the ring by that.
 */
static void slice_publish(struct capture_tap *tap, const struct capture_slice *slice,
			  uint64_t before)
{
	uint16_t n = slice->n;

	while (n > 0 && slice->outcome[n - 1] == OUTCOME_NOT_SENT)
		n--;
	for (uint16_t i = 0; i < n; i++)
		outcome_count(tap, slice->outcome[i]);
	byte_ring_publish(&tap->ring, n > 0 ? slice->after[n - 1] : before);
}

/* What vnf_watched_tx() is called with. */
struct transmission {
	const struct vnf_port *port;
	vnf_port_tx_fn tx;
	uint16_t queue;
	struct vnf_port_counters *counters;
};

/* At most TX_SLICE packets. */
static uint16_t slice_send(struct capture_tap *tap, const struct transmission *t,
			   struct rte_mbuf **pkts, uint16_t n)
{
	const struct capture_head head = {
		.now_ns = vnf_clock_now(),
		.port = t->port->id,
		.to = VNF_NO_PORT,
		.point = CAPTURE_TX,
	};
	uint64_t before = byte_ring_position(&tap->ring);
	struct capture_slice slice;
	uint16_t sent;

	slice_copy(tap, &slice, pkts, n, &head);
	tap->slice = &slice;
	sent = t->tx(t->port->queue[t->queue], pkts, n, t->counters);
	tap->slice = NULL;
	if (sent < n)
		slice_forget(&slice, pkts + sent, n - sent);
	slice_publish(tap, &slice, before);
	return sent;
}

uint16_t vnf_watched_tx(struct vnf_worker *worker, const struct vnf_port *port, vnf_port_tx_fn tx,
			uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters)
{
	const struct transmission t = { port, tx, queue, counters };
	struct capture_tap *tap = (worker->watched & VNF_WATCH_CAPTURE) != 0
					  ? tap_for(worker, port->id, CAPTURE_TX)
					  : NULL;
	uint16_t sent = 0, slice, now;

	if (tap == NULL)
		return tx(port->queue[queue], pkts, n, counters);
	do {
		slice = RTE_MIN(n - sent, TX_SLICE);
		now = slice_send(tap, &t, pkts + sent, slice);
		sent += now;
	} while (now == slice && sent < n);
	return sent;
}
