/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A plain host, after RFC 9293 section 3.10 and RFC 5961, for the random tests of the firewall's
 * TCP: without time, congestion and contents. What it sends is up to chance: any host may do so.
 */
#ifndef FW_TCP_HOST_H
#define FW_TCP_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_common.h>
#include <rte_tcp.h>

#include <vnf/random.h>

#include "tcp.h"

#define FIN RTE_TCP_FIN_FLAG
#define SYN RTE_TCP_SYN_FLAG
#define RST RTE_TCP_RST_FLAG
#define ACK RTE_TCP_ACK_FLAG

#define HOST_BUFFER_MAX 8192
#define HOST_SEGMENT_MAX 700
#define HOST_QUEUE 64

enum host_state {
	HOST_CLOSED,
	HOST_SYN_SENT,
	HOST_SYN_RECEIVED,
	HOST_OPEN, /* ESTABLISHED and what comes after, until both FINs are acknowledged */
	HOST_TIME_WAIT,
};

struct queue {
	struct fw_tcp_segment segment[HOST_QUEUE];
	unsigned int n;
};

struct host {
	enum host_state state;
	bool listens;
	bool takes_early;            /* data in SYNs */
	bool closes;                 /* sends no more than `data_end` */
	bool fin_received;           /* with all in front of it */
	bool fin_known;              /* there is one, at fin_at */
	uint32_t iss, una, nxt, top; /* top: the greatest nxt ever */
	uint32_t data_end;           /* what the application has written ends here */
	uint32_t edge, wl1, wl2;     /* SND.UNA + SND.WND and the segment that said so */
	uint32_t rcv_nxt, rcv_edge, fin_at;
	uint32_t buffer, unread;
	uint8_t option, scale_own, scale_peer;
	bool got[HOST_BUFFER_MAX * 2];
};

static inline bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline void queue_add(struct queue *q, const struct fw_tcp_segment *s)
{
	if (q->n < HOST_QUEUE)
		q->segment[q->n++] = *s;
}

static inline struct fw_tcp_segment queue_take(struct queue *q, unsigned int i)
{
	struct fw_tcp_segment s = q->segment[i];

	memmove(&q->segment[i], &q->segment[i + 1], (--q->n - i) * sizeof(s));
	return s;
}

static inline uint32_t host_end(const struct fw_tcp_segment *s)
{
	return s->seq + s->length + !!(s->flags & SYN) + !!(s->flags & FIN);
}

/* The window is never less than was promised, but where scaling cuts it. */
static inline void host_send(struct host *h, struct queue *out, uint8_t flags, uint32_t seq,
			     uint32_t length)
{
	uint32_t room = h->buffer - h->unread, promised = h->rcv_edge - h->rcv_nxt;
	uint8_t by = flags & SYN ? 0 : h->scale_own;
	struct fw_tcp_segment s = { .seq = seq, .length = length, .flags = flags };

	if (!(flags & ACK))
		promised = 0;
	s.ack = flags & ACK ? h->rcv_nxt : 0;
	s.window = (uint16_t)RTE_MIN(RTE_MAX(room, promised) >> by, (uint32_t)UINT16_MAX);
	s.scale = flags & SYN ? h->option : FW_TCP_NO_SCALE;
	if ((flags & ACK) && after(s.ack + ((uint32_t)s.window << by), h->rcv_edge))
		h->rcv_edge = s.ack + ((uint32_t)s.window << by);
	if (after(host_end(&s), h->nxt) && !(flags & RST))
		h->nxt = host_end(&s);
	if (after(h->nxt, h->top))
		h->top = h->nxt;
	queue_add(out, &s);
}

static inline void host_answer_rst(struct queue *out, const struct fw_tcp_segment *s)
{
	struct fw_tcp_segment rst = { .flags = RST, .seq = s->ack, .scale = FW_TCP_NO_SCALE };

	if (!(s->flags & ACK)) {
		rst.flags = RST | ACK;
		rst.seq = 0;
		rst.ack = host_end(s);
	}
	queue_add(out, &rst);
}

static inline void host_ack(struct host *h, struct queue *out)
{
	host_send(h, out, ACK, h->nxt, 0);
}

static inline void host_begin(struct host *h, uint32_t iss, enum host_state state)
{
	h->state = state;
	h->closes = h->fin_received = h->fin_known = false;
	h->iss = h->una = h->nxt = h->top = iss;
	h->data_end = h->edge = iss + 1;
	h->rcv_nxt = h->rcv_edge = h->unread = 0;
	h->scale_own = h->scale_peer = 0;
	memset(h->got, 0, sizeof(h->got));
}

static inline void host_learn_syn(struct host *h, const struct fw_tcp_segment *s)
{
	h->rcv_nxt = h->rcv_edge = s->seq + 1;
	h->wl1 = s->seq;
	h->wl2 = h->una;
	h->edge = h->una + s->window;
	if (h->option != FW_TCP_NO_SCALE && s->scale != FW_TCP_NO_SCALE) {
		h->scale_own = h->option;
		h->scale_peer = s->scale;
	}
}

/* What is not taken of data in a SYN comes once more. */
static inline void host_open(struct host *h)
{
	h->state = HOST_OPEN;
	h->nxt = h->top = h->una;
}

static inline void host_in_closed(struct host *h, struct queue *out, const struct fw_tcp_segment *s,
				  uint32_t iss)
{
	if (s->flags & RST)
		return;
	if (!h->listens || !(s->flags & SYN) || (s->flags & ACK)) {
		host_answer_rst(out, s);
		return;
	}
	host_begin(h, iss, HOST_SYN_RECEIVED);
	host_learn_syn(h, s);
	h->edge = iss + 1 + s->window;
	if (h->takes_early) {
		h->rcv_nxt += s->length;
		h->unread = RTE_MIN(s->length, h->buffer);
	}
	host_send(h, out, SYN | ACK, h->iss, 0);
}

static inline void host_in_syn_sent(struct host *h, struct queue *out,
				    const struct fw_tcp_segment *s)
{
	bool acks = (s->flags & ACK) && after(s->ack, h->iss) && !after(s->ack, h->top);

	if ((s->flags & ACK) && !acks) {
		if (!(s->flags & RST))
			host_answer_rst(out, s);
		return;
	}
	if (s->flags & RST) {
		if (acks)
			h->state = HOST_CLOSED;
		return;
	}
	if (!(s->flags & SYN))
		return;
	if (acks)
		h->una = s->ack;
	host_learn_syn(h, s);
	if (acks) {
		host_open(h);
		host_ack(h, out);
		return;
	}
	h->state = HOST_SYN_RECEIVED;
	h->edge = h->iss + 1 + s->window;
	host_send(h, out, SYN | ACK, h->iss, 0);
}

static inline bool host_acceptable(const struct host *h, const struct fw_tcp_segment *s)
{
	uint32_t window = h->rcv_edge - h->rcv_nxt, length = host_end(s) - s->seq;

	if (window == 0)
		return length == 0 && s->seq == h->rcv_nxt;
	if (s->seq - h->rcv_nxt < window)
		return true;
	return length > 0 && s->seq + length - 1 - h->rcv_nxt < window;
}

/* RFC 9293 section 3.10.7.4, fifth; RFC 5961 section 5. False: nothing else of it counts. */
static inline bool host_take_ack(struct host *h, struct queue *out, const struct fw_tcp_segment *s)
{
	if (after(s->ack, h->top)) {
		if (h->state == HOST_SYN_RECEIVED)
			host_answer_rst(out, s);
		else
			host_ack(h, out);
		return false;
	}
	if (h->state == HOST_SYN_RECEIVED) {
		if (!after(s->ack, h->iss)) {
			host_answer_rst(out, s);
			return false;
		}
		h->una = s->ack;
		host_open(h);
	}
	if (after(s->ack, h->una))
		h->una = s->ack;
	if (after(h->una, h->nxt))
		h->nxt = h->una;
	if (s->ack == h->una &&
	    (after(s->seq, h->wl1) || (s->seq == h->wl1 && !after(h->wl2, s->ack)))) {
		h->edge = s->ack + ((uint32_t)s->window << (s->flags & SYN ? 0 : h->scale_peer));
		h->wl1 = s->seq;
		h->wl2 = s->ack;
	}
	return true;
}

static inline void host_take_data(struct host *h, const struct fw_tcp_segment *s)
{
	for (uint32_t i = 0; i < s->length; i++)
		if (s->seq + i - h->rcv_nxt < h->rcv_edge - h->rcv_nxt)
			h->got[(s->seq + i) % RTE_DIM(h->got)] = true;
	if (s->flags & FIN) {
		h->fin_known = true;
		h->fin_at = host_end(s) - 1;
	}
	while (h->got[h->rcv_nxt % RTE_DIM(h->got)]) {
		h->got[h->rcv_nxt++ % RTE_DIM(h->got)] = false;
		h->unread = RTE_MIN(h->unread + 1, h->buffer);
	}
	if (h->fin_known && h->rcv_nxt == h->fin_at && !h->fin_received) {
		h->fin_received = true;
		h->rcv_nxt++;
	}
	if (after(h->rcv_nxt, h->rcv_edge))
		h->rcv_edge = h->rcv_nxt;
}

static inline bool host_fin_acked(const struct host *h)
{
	return h->closes && h->una == h->data_end + 1;
}

static inline void host_in_others(struct host *h, struct queue *out, const struct fw_tcp_segment *s)
{
	bool fin_was = h->fin_received, fin_was_sent = h->closes && h->top == h->data_end + 1;

	/* Simultaneous open, which RFC 9293 leaves out there. */
	if (h->state == HOST_SYN_RECEIVED && s->flags == (SYN | ACK) && s->seq + 1 == h->rcv_nxt) {
		host_take_ack(h, out, s);
		return;
	}
	if (s->flags & RST) {
		if (h->state == HOST_TIME_WAIT)
			return;
		if (s->seq == h->rcv_nxt)
			h->state = HOST_CLOSED;
		else if (s->seq - h->rcv_nxt < h->rcv_edge - h->rcv_nxt)
			host_ack(h, out);
		return;
	}
	if ((s->flags & SYN) || !host_acceptable(h, s)) {
		/* Of an octet as a probe, the acknowledgement counts. */
		if (!(s->flags & SYN) && s->seq == h->rcv_nxt)
			host_take_ack(h, out, s);
		host_ack(h, out);
		return;
	}
	if (!host_take_ack(h, out, s) || h->state == HOST_TIME_WAIT)
		return;
	host_take_data(h, s);
	if (s->length > 0 || (s->flags & FIN))
		host_ack(h, out);
	if (!h->fin_received || !host_fin_acked(h))
		return;
	h->state = fin_was_sent && !fin_was ? HOST_TIME_WAIT : HOST_CLOSED;
}

static inline void host_receive(struct host *h, struct queue *out, const struct fw_tcp_segment *s,
				uint32_t iss)
{
	/* A SYN of a later connection: RFC 9293 section 3.6.1. */
	if (h->state == HOST_TIME_WAIT && s->flags == SYN && after(s->seq, h->rcv_nxt) &&
	    h->listens)
		h->state = HOST_CLOSED;
	if (h->state == HOST_CLOSED)
		host_in_closed(h, out, s, iss);
	else if (h->state == HOST_SYN_SENT)
		host_in_syn_sent(h, out, s);
	else
		host_in_others(h, out, s);
}

/* Data of the application, which are sent once more if they were already: from nxt. FIN comes with
 * the last, or after them, and then maybe an octet beyond the window.
 */
static inline bool host_send_some(struct host *h, struct queue *out, uint32_t most)
{
	uint32_t limit = h->data_end, length;
	bool has_fin;

	if (after(limit, h->edge))
		limit = after(h->edge, h->nxt) ? h->edge : h->nxt;
	if (after(h->nxt, limit))
		return false;
	length = RTE_MIN(limit - h->nxt, most);
	has_fin = h->closes && h->nxt + length == h->data_end;
	if (length == 0 && !has_fin)
		return false;
	host_send(h, out, ACK | (has_fin ? FIN : 0), h->nxt, length);
	return true;
}

/* RFC 9293 section 3.8.6.1 */
static inline void host_probe(struct host *h, struct queue *out)
{
	if (h->nxt == h->una && !after(h->edge, h->una) && after(h->data_end, h->nxt))
		host_send(h, out, ACK, h->nxt, 1);
}

static inline void host_retransmit(struct host *h, struct queue *out, uint32_t most)
{
	uint32_t sent = RTE_MIN(h->top - h->una, h->data_end - h->una);
	uint32_t length = RTE_MIN(sent, most);
	bool fin = h->closes && h->top == h->data_end + 1 && h->una + length == h->data_end;

	if (h->state == HOST_SYN_SENT)
		host_send(h, out, SYN, h->iss, 0);
	else if (h->state == HOST_SYN_RECEIVED)
		host_send(h, out, SYN | ACK, h->iss, 0);
	else if (h->state == HOST_OPEN && h->una != h->top)
		host_send(h, out, ACK | (fin ? FIN : 0), h->una, length);
}

#endif
