/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF that does what a replay has to get right, for the tests of replays. The first octet of a
 * frame's payload (behind the Ethernet header) says what becomes of it; see enum what. Ticks and
 * random numbers are written into frames, so that they can be read off a record.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_pause.h>

#include <vnf/clock.h>
#include <vnf/metrics.h>
#include <vnf/random.h>
#include <vnf/timeout.h>
#include <vnf/vnf.h>

enum what {
	FORWARD = 'f', /* to the other port */
	OWN = 'o',     /* drop for a reason of our own */
	NOWHERE = 'n', /* forward to a port that does not exist */
	TAKE = 't',    /* keep, send after the period */
	TOUCH = 'u',   /* touch the packet that was kept last */
	STOP = 's',    /* send that one now */
	REPLY = 'r',   /* send a made frame back, and forward */
	RANDOM = 'x',  /* forward, with random numbers in it */
	LEAK = 'l',    /* keep, and forget */
	LOSE = 'm',    /* drop, but for a reference that stays */
	KEEP = 'k',    /* keep until the end */
	HANG = 'h',    /* never return */
	OFFLOAD = 'c', /* forward, and leave the checksum to the hardware */
	IPV4 = 'E',    /* the same; of class 1 as if it had come with a partial one */
};

enum {
	DROP_OWN = VNF_DROP_USER,
};

struct config {
	uint64_t period;
	bool ticks;
};

static const struct vnf_config_key keys[] = {
	{ .name = "period",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct config, period),
	  .min = 1,
	  .def = "2h",
	  .doc = "How long packets are kept." },
	{ .name = "ticks",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct config, ticks),
	  .def = "false",
	  .doc = "Send a frame at each tick, a second apart." },
	{ .name = NULL },
};

/* A packet that is kept. */
struct kept {
	struct vnf_timeout timeout; /* first */
	struct rte_mbuf *pkt;
	uint16_t to;
};

struct state {
	const struct config *config;
	struct vnf_timeout_class class;
	struct vnf_timeouts *timeouts;
	struct vnf_random random;
	struct kept *last;
	struct rte_mbuf *until_end;
};

static void kept_end(struct vnf_worker *worker, struct kept *k)
{
	struct state *s = worker->state;

	if (s->last == k)
		s->last = NULL;
	vnf_timeout_stop(&k->timeout);
	vnf_send(worker, k->to, k->pkt);
	free(k);
}

static void kept_expired(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	kept_end(worker, (struct kept *)timeout);
}

static void keep(struct vnf_worker *worker, struct rte_mbuf *pkt, uint16_t to)
{
	struct state *s = worker->state;
	struct kept *k = calloc(1, sizeof(*k));

	vnf_packet_mark(pkt, "kept for a while");
	k->pkt = pkt;
	k->to = to;
	s->last = k;
	vnf_timeout_start(s->timeouts, &k->timeout, 0);
}

/* A frame of our own: 64 octets, the time in it. */
static void make(struct vnf_worker *worker, uint16_t to, const char *text)
{
	static const uint8_t header[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	struct rte_mbuf *pkt = vnf_packet_alloc(worker);
	char *data;

	if (pkt == NULL)
		return;
	pkt->data_len = 64;
	pkt->pkt_len = 64;
	data = rte_pktmbuf_mtod(pkt, char *);
	memset(data, 0, 64);
	memcpy(data, header, sizeof(header));
	snprintf(data + 14, 50, "%s %llu", text, (unsigned long long)worker->now_ns);
	vnf_send(worker, to, pkt);
}

static vnf_verdict_t leak(struct rte_mbuf *pkt, char what)
{
	if (what == LEAK) {
		vnf_packet_mark(pkt, "lost in the tests");
		return VNF_TAKEN;
	}
	rte_mbuf_refcnt_update(pkt, 1);
	return VNF_DROP(DROP_OWN);
}

static vnf_verdict_t decide(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	char *payload = rte_pktmbuf_mtod_offset(pkt, char *, 14);
	struct state *s = worker->state;
	uint16_t other = port ^ 1;

	if (pkt->data_len < 64)
		return VNF_DROP(VNF_DROP_MALFORMED);
	switch (payload[0]) {
	case OWN:
		return VNF_DROP(DROP_OWN);
	case NOWHERE:
		return VNF_FORWARD(7);
	case TAKE:
		keep(worker, pkt, other);
		return VNF_TAKEN;
	case TOUCH:
		if (s->last != NULL)
			vnf_timeout_touch(worker, &s->last->timeout);
		break;
	case STOP:
		if (s->last != NULL)
			kept_end(worker, s->last);
		break;
	case REPLY:
		make(worker, port, "reply");
		make(worker, other, "before");
		break;
	case RANDOM:
		snprintf(payload + 1, 48, "%016llx %016llx",
			 (unsigned long long)vnf_random_next(&s->random),
			 (unsigned long long)vnf_random_seed("table"));
		break;
	case LEAK:
	case LOSE:
		return leak(pkt, payload[0]);
	case HANG:
		vnf_notice("hangs");
		for (;;)
			rte_pause();
	case OFFLOAD:
		pkt->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		break;
	case IPV4:
		pkt->ol_flags |= payload[1] >> 2 == 1
					 ? RTE_MBUF_F_RX_L4_CKSUM_NONE
					 : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
						   RTE_MBUF_F_TX_UDP_CKSUM;
		break;
	case KEEP:
		s->until_end = pkt;
		return VNF_TAKEN;
	default:
		break;
	}
	return VNF_FORWARD(other);
}

static inline vnf_verdict_t probe(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	return decide(worker, port, pkt);
}
VNF_PACKET(probe);

static void tick(struct vnf_worker *worker)
{
	const struct state *s = worker->state;

	if (s->config->ticks)
		make(worker, 0, "tick");
}

static int worker_init(struct vnf_worker *worker)
{
	struct state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	worker->state = s;
	s->config = vnf_config(worker->vnf);
	s->class = (struct vnf_timeout_class){ "kept", s->config->period, kept_expired };
	vnf_random_init(&s->random, (UINT64_C(1) << 32) + worker->id);
	return vnf_timeouts_create(worker, &s->class, 1, &s->timeouts);
}

static void worker_fini(struct vnf_worker *worker)
{
	struct state *s = worker->state;

	if (s == NULL)
		return;
	if (s->last != NULL)
		vnf_drop(worker, s->last->to, s->last->pkt, VNF_DROP_STOPPING);
	free(s->last);
	if (s->until_end != NULL)
		vnf_drop(worker, 0, s->until_end, VNF_DROP_STOPPING);
	vnf_timeouts_destroy(s->timeouts);
	free(s);
}

static void put_period(struct vnf *vnf, const struct vnf_metric *metric,
		       struct vnf_metrics_page *page)
{
	const struct config *config = vnf_config(vnf);

	(void)metric;
	vnf_metrics_put(page, (int64_t)config->period, "of", "kept \"packets\"", NULL);
}

int main(int argc, char **argv)
{
	static const struct vnf_metric metrics[] = {
		{ .name = "probe_period_seconds",
		  .help = "How long packets are kept.",
		  .nanoseconds = true,
		  .collect = put_period },
		{ .name = NULL },
	};
	static const struct vnf_drop drops[] = {
		{ "own", "dropped because the frame says so" },
		{ NULL, NULL },
	};
	static const struct vnf_app app = {
		VNF_APP("probe"),
		.config = keys,
		.config_size = sizeof(struct config),
		.drops = drops,
		.metrics = metrics,
		.ports_min = 2,
		.ports_max = 2,
		.worker_init = worker_init,
		.burst = probe_burst,
		.tick = tick,
		.tick_us = 1000000,
		.worker_fini = worker_fini,
	};

	return vnf_run(argc, argv, &app);
}
