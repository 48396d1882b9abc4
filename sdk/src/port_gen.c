/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind "gen": receives numbered test frames that it makes itself, at a rate or as fast as it
 * is polled, and checks the frames that are sent to it as a sink does. net_null could not stand in:
 * it writes no headers, and a learning switch cannot be fed from it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_malloc.h>

#include <vnf/log.h>

#include "mbuf_chain.h"
#include "pace.h"
#include "port_kinds.h"
#include "port_sink.h"
#include "vnf_priv.h"

#define FLOWS_MAX 1000000

struct gen_spec {
	uint32_t size;
	struct vnf_config_u32s sizes;
	uint32_t flows;
	uint32_t macs;
	uint32_t dst_macs;
	uint64_t rate;
	uint64_t count;
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	const char *src_ip;
	const char *dst_ip;
};

struct gen_queue {
	struct traffic_queue traffic; /* first: what sink_tx() takes */
	struct rte_mempool *pool;
	uint64_t end; /* frames to make; UINT64_MAX = no end */
	uint64_t nombuf;
	uint16_t room; /* octets of a frame that fit in one mbuf */
	struct pace pace;
	struct traffic_gen gen;
};

static int ip_check(const void *field, char *why, size_t why_size)
{
	const char *text = *(const char *const *)field;
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) == 1)
		return 0;
	snprintf(why, why_size, "\"%s\" is not an IPv4 address like 198.18.0.1", text);
	return -EINVAL;
}

static const struct vnf_config_key gen_keys[] = {
	{ .name = "size",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct gen_spec, size),
	  .min = TRAFFIC_FRAME_MIN,
	  .max = TRAFFIC_FRAME_MAX,
	  .unit = "bytes",
	  .def = "60",
	  .doc = "Length of the frames, without FCS." },
	{ .name = "sizes",
	  .type = VNF_CONFIG_U32S,
	  .offset = offsetof(struct gen_spec, sizes),
	  .max = TRAFFIC_SIZES_MAX,
	  .unit = "bytes",
	  .doc = "Lengths that are used in turn, each 60 to 9618; instead of size." },
	{ .name = "flows",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct gen_spec, flows),
	  .min = 1,
	  .max = FLOWS_MAX,
	  .def = "1",
	  .doc = "Number of UDP flows: source ports from 1024 on, then further addresses." },
	{ .name = "macs",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct gen_spec, macs),
	  .min = 1,
	  .max = FLOWS_MAX,
	  .def = "1",
	  .doc = "Number of source MAC addresses, counted up from src_mac." },
	{ .name = "dst_macs",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct gen_spec, dst_macs),
	  .min = 1,
	  .max = FLOWS_MAX,
	  .def = "1",
	  .doc = "Number of destination MAC addresses, counted up from dst_mac." },
	{ .name = "rate",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct gen_spec, rate),
	  .max = PACE_RATE_MAX,
	  .unit = "packets/s",
	  .def = "0",
	  .doc = "Frames a second, all queues together; 0 = as many as are taken." },
	{ .name = "count",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct gen_spec, count),
	  .unit = "packets",
	  .def = "0",
	  .doc = "Stop after this many frames, all queues together; 0 = never." },
	{ .name = "src_mac",
	  .type = VNF_CONFIG_MAC,
	  .offset = offsetof(struct gen_spec, src_mac),
	  .doc = "First source MAC address; by default one that depends on the port's own." },
	{ .name = "dst_mac",
	  .type = VNF_CONFIG_MAC,
	  .offset = offsetof(struct gen_spec, dst_mac),
	  .def = "02:00:00:00:00:01",
	  .doc = "First destination MAC address." },
	{ .name = "src_ip",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct gen_spec, src_ip),
	  .def = "198.18.0.1",
	  .check = ip_check,
	  .doc = "First source IPv4 address; the default is of the range of RFC 2544." },
	{ .name = "dst_ip",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct gen_spec, dst_ip),
	  .def = "198.19.0.1",
	  .check = ip_check,
	  .doc = "Destination IPv4 address." },
	{ .name = NULL },
};

static void gen_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct gen_spec *s = spec->kind_spec;
	uint32_t max = spec->mtu + RTE_ETHER_HDR_LEN;

	if (s->sizes.n > 0 && vnf_config_is_set(file, &s->size))
		vnf_config_error(file, &s->sizes, "use either size or sizes, not both");
	for (size_t i = 0; i < s->sizes.n; i++)
		if (s->sizes.v[i] < TRAFFIC_FRAME_MIN || s->sizes.v[i] > max)
			vnf_config_error(file, &s->sizes,
					 "%u is not %u to %u, which the MTU of %u "
					 "allows",
					 s->sizes.v[i], TRAFFIC_FRAME_MIN, max, spec->mtu);
	if (s->sizes.n == 0 && s->size > max)
		vnf_config_error(file, &s->size,
				 "%u is more than the %u that the MTU of %u allows; "
				 "set mtu = %u",
				 s->size, max, spec->mtu, s->size - RTE_ETHER_HDR_LEN);
	if ((s->src_mac[0] & 1) != 0)
		vnf_config_error(file, &s->src_mac, "a source cannot be a group address");
}

static void gen_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	need->bytes += port->n_queues * sizeof(struct gen_queue);
}

static uint64_t mac_number(const uint8_t *mac)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < 6; i++)
		n = n << 8 | mac[i];
	return n;
}

/* Not the port's own address, which belongs to the program, but as stable and distinct. */
static uint64_t mac_default(const struct rte_ether_addr *own)
{
	return (mac_number(own->addr_bytes) & 0xfffff) << 20 | UINT64_C(0x0a0000000000);
}

static void gen_plan(const struct vnf_port *port, struct traffic_plan *plan)
{
	const struct gen_spec *s = port->spec->kind_spec;
	struct in_addr src, dst;

	plan->src_mac = mac_number(s->src_mac);
	if (plan->src_mac == 0)
		plan->src_mac = mac_default(&port->mac);
	plan->dst_mac = mac_number(s->dst_mac);
	plan->macs = s->macs;
	plan->dst_macs = s->dst_macs;
	plan->flows = s->flows;
	inet_pton(AF_INET, s->src_ip, &src);
	inet_pton(AF_INET, s->dst_ip, &dst);
	plan->src_ip = ntohl(src.s_addr);
	plan->dst_ip = ntohl(dst.s_addr);
	plan->n_sizes = 1;
	plan->sizes[0] = (uint16_t)s->size;
	if (s->sizes.n > 0)
		plan->n_sizes = (uint16_t)RTE_MIN(s->sizes.n, (size_t)TRAFFIC_SIZES_MAX);
	for (size_t i = 0; i < s->sizes.n && i < plan->n_sizes; i++)
		plan->sizes[i] = (uint16_t)s->sizes.v[i];
}

/* Another number at each start, so that a sink does not take new frames for old ones. */
static uint32_t stream_number(const struct vnf_port *port, uint16_t queue)
{
	uint64_t x = vnf_random_seed(port->name);

	return (uint32_t)(x >> 32 & ~UINT64_C(0xff)) | queue;
}

/* The share of one queue in a number that is given for the port. */
static uint64_t share(uint64_t total, uint16_t part, uint16_t n_parts)
{
	return total / n_parts + (part < total % n_parts ? 1 : 0);
}

/* A frame that needs several mbufs; false if there are none, and the number is not used up. */
static __rte_noinline bool gen_make_long(struct gen_queue *q, struct rte_mbuf *pkt)
{
	uint8_t frame[TRAFFIC_FRAME_MAX] __rte_aligned(2);
	uint16_t n = traffic_gen_build(&q->gen, frame);

	if (mbuf_chain_fill(pkt, frame, n) == 0)
		return true;
	q->gen.seq--;
	return false;
}

static inline bool gen_make(struct gen_queue *q, struct rte_mbuf *pkt)
{
	if (unlikely(traffic_gen_bytes(&q->gen) > q->room))
		return gen_make_long(q, pkt);
	pkt->data_len = traffic_gen_build(&q->gen, rte_pktmbuf_mtod(pkt, uint8_t *));
	pkt->pkt_len = pkt->data_len;
	return true;
}

static uint16_t gen_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct gen_queue *q = queue;
	uint16_t i;

	n = (uint16_t)RTE_MIN((uint64_t)n, q->end - q->gen.seq);
	if (q->pace.rate != 0)
		n = pace_due(&q->pace, vnf_clock_now(), n);
	if (n == 0)
		return 0;
	if (unlikely(rte_pktmbuf_alloc_bulk(q->pool, pkts, n) != 0)) {
		__atomic_store_n(&q->nombuf, q->nombuf + n, __ATOMIC_RELAXED);
		return 0;
	}
	for (i = 0; i < n; i++)
		if (unlikely(!gen_make(q, pkts[i])))
			break;
	if (unlikely(i < n)) {
		rte_pktmbuf_free_bulk(&pkts[i], n - i);
		__atomic_store_n(&q->nombuf, q->nombuf + n - i, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&q->traffic.generated, q->traffic.generated + i, __ATOMIC_RELAXED);
	return i;
}

static int gen_open(struct vnf_port *port)
{
	const struct gen_spec *s = port->spec->kind_spec;
	struct traffic_plan plan;
	int ret;

	ret = traffic_queues_open(port, sizeof(struct gen_queue));
	if (ret < 0)
		return ret;
	gen_plan(port, &plan);
	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct gen_queue *q = port->queue[i];

		q->pool = port->pool;
		q->room = rte_pktmbuf_data_room_size(port->pool) - RTE_PKTMBUF_HEADROOM;
		q->end = s->count == 0 ? UINT64_MAX : share(s->count, i, port->n_queues);
		traffic_gen_init(&q->gen, &plan, stream_number(port, i), i, port->n_queues);
		q->pace.rate = share(s->rate, i, port->n_queues);
		if (s->rate != 0 && q->pace.rate == 0)
			q->end = 0; /* fewer packets a second than queues */
	}
	port->rx = gen_rx;
	return 0;
}

static void gen_missed(const struct vnf_port *port, struct vnf_port_missed *missed)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		const struct gen_queue *q = port->queue[i];

		if (q != NULL)
			missed->rx_nombuf += __atomic_load_n(&q->nombuf, __ATOMIC_RELAXED);
	}
}

static void gen_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	const struct gen_spec *s = port->spec->kind_spec;

	if (s->rate == 0)
		snprintf(path->rx, sizeof(path->rx), "made when polled, as many as are taken");
	else
		snprintf(path->rx, sizeof(path->rx), "made when polled, %" PRIu64 " a second",
			 s->rate);
	snprintf(path->tx, sizeof(path->tx), "checked and freed");
	snprintf(path->why, sizeof(path->why), "each frame is written anew, with its number");
	snprintf(path->change, sizeof(path->change), "%s",
		 s->rate == 0 ? "rate = N: so many a second" : "rate = 0: as many as are taken");
}

const struct vnf_port_kind vnf_port_kind_gen = {
	.name = "gen",
	.doc = "makes numbered test frames, and checks those that it is sent",
	.keys = gen_keys,
	.spec_size = sizeof(struct gen_spec),
	.queues_max = VNF_QUEUES_MAX,
	.check = gen_check,
	.need = gen_need,
	.open = gen_open,
	.start = traffic_start,
	.missed = gen_missed,
	.explain = gen_explain,
	.stop = traffic_stop,
	.close = traffic_queues_close,
};
