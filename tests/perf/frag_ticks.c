/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a flood of fragments costs others: ticks of the time-stamp counter for each packet of honest
 * traffic, in bursts of 32, while another port brings a burst of as many packets in between. In the
 * quiet turns those are plain ones, in the others fragments of a flood, in a table that they have
 * filled. Turns alternate, each from an empty table on.
 *
 * Honest traffic: of 32 packets 29 are plain and 3 are fragments: by turns a datagram in order, and
 * one of each of three datagrams that come backwards, a fragment every other burst. The VNF does
 * what a source NAT does, without looking up a session.
 *
 * Prints "FLOOD:quiet TICKS", "FLOOD:flooded TICKS" (medians, of a honest packet), "FLOOD:each
 * TICKS" (of a packet of the flood) and "FLOOD:whole PERMILLE": honest datagrams of which all
 * fragments pass, while flooded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include <vnf/edit.h>
#include <vnf/frag.h>
#include <vnf/test.h>

#include "vnf_priv.h"

#define BURST 32
#define PLAIN 29
#define WARM 200 /* bursts until the table is full */
#define BURSTS 100
#define TURNS 101
#define STEP_NS 10000 /* from burst to burst: a flood of 3.2 million packets a second */
#define EMPTY_NS (2 * VNF_FRAG_LIFE_NS)
#define MBUFS 2048
#define BUF_BYTES 2048
#define OCTETS 200 /* of each fragment's frame at least */

struct packet {
	struct rte_mbuf mbuf;
	uint8_t buf[BUF_BYTES];
} __rte_cache_aligned;

static struct packet packets[MBUFS];
/* In the order in which they came back, as buffers go round through a receive queue. */
static struct rte_mbuf *unused[MBUFS];
static uint32_t n_taken, n_given;

/* ---- what the library would provide ---- */

static struct worker worker;
static uint64_t n_drops;

bool clock_is_virtual(void)
{
	return false;
}

uint64_t vnf_random_seed(const char *name)
{
	return strlen(name) * UINT64_C(0x9e3779b97f4a7c15) * (uint8_t)name[strlen(name) - 1];
}

static void give_back(struct rte_mbuf *pkt)
{
	unused[n_given++ % MBUFS] = pkt;
}

void vnf_drop(struct vnf_worker *of, uint16_t port, struct rte_mbuf *pkt, uint32_t reason)
{
	(void)of;
	(void)port;
	(void)reason;
	n_drops++;
	give_back(pkt);
}

/* ---- the VNF ---- */

static struct vnf_frags *frags;
static const struct rte_ether_addr own = { { 2, 0, 0, 0, 0, 3 } };
static uint64_t n_passed; /* fragments */

static void translate(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	vnf_set_macs(pkt, &own, &own);
	vnf_set_ipv4_src(pkt, h, RTE_BE32(0xc0000201));
	if (vnf_has_ports(h))
		vnf_set_src_port(pkt, h, RTE_BE16(4000));
	give_back(pkt);
}

static void waiting_translate(struct vnf_frag *frag)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;
	uint16_t port;

	while ((pkt = vnf_frag_next(frags, frag, &port)) != NULL) {
		n_passed++;
		if (vnf_parse(pkt, &h) != 0)
			abort();
		translate(pkt, &h);
	}
}

static void fragment_see(uint16_t port, struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	struct vnf_frag *frag;
	uint32_t bad = vnf_frag_see(frags, port, pkt, h, port, &frag);

	if (bad == VNF_FRAG_WAITS)
		return;
	if (bad != 0) {
		vnf_drop(&worker.pub, port, pkt, bad);
		return;
	}
	if (h->fragment_offset == 0)
		frag->user = 1;
	n_passed += frag->user;
	translate(pkt, h);
	if (h->fragment_offset == 0)
		waiting_translate(frag);
}

static uint64_t burst(uint16_t port, struct rte_mbuf **pkts)
{
	uint64_t began = rte_rdtsc_precise();
	struct vnf_headers h;

	for (int i = 0; i < BURST; i++) {
		if (vnf_parse(pkts[i], &h) != 0)
			abort();
		if ((h.flags & VNF_FRAGMENT) != 0)
			fragment_see(port, pkts[i], &h);
		else
			translate(pkts[i], &h);
	}
	return rte_rdtsc_precise() - began;
}

/* ---- packets ---- */

/* Of one datagram: three fragments, a fourth that lies over the second, and a plain packet. */
enum { FIRST, MIDDLE, LAST, OVER, WHOLE, TEMPLATES };

static struct vnf_test_packet template[TEMPLATES];
static uint64_t seed = 1;

static uint32_t chance(void)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 32);
}

static void templates_make(void)
{
	static const uint32_t begin[] = { 0, OCTETS, 2 * OCTETS, OCTETS / 2 / 8 * 8 };
	static struct vnf_test_packet whole;

	for (int plain = 0; plain < 2; plain++) {
		vnf_test_eth(&whole, "02:00:00:00:00:02", "02:00:00:00:00:01");
		vnf_test_ipv4(&whole, "10.0.0.1", "10.0.0.2");
		vnf_test_udp(&whole, 1000, 53);
		vnf_test_payload(&whole, plain != 0 ? OCTETS : 3 * OCTETS - 8);
		if (plain != 0)
			template[WHOLE] = whole;
		else if (vnf_test_finish(&whole) != 0)
			abort();
		for (int i = FIRST; plain == 0 && i <= OVER; i++)
			vnf_test_fragment(&template[i], &whole, 1, begin[i],
					  i == LAST ? 0 : OCTETS);
	}
	for (int i = 0; i < TEMPLATES; i++)
		if (vnf_test_finish(&template[i]) != 0)
			abort();
}

static struct rte_mbuf *make(int which, uint32_t src, uint16_t id)
{
	struct rte_mbuf *m = unused[n_taken++ % MBUFS];
	struct rte_ipv4_hdr *ip;

	m->data_len = (uint16_t) template[which].len;
	m->pkt_len = template[which].len;
	memcpy(rte_pktmbuf_mtod(m, void *), template[which].data, template[which].len);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	ip->src_addr = src;
	ip->packet_id = id;
	return m;
}

static void honest_make(struct rte_mbuf **pkts, uint32_t step)
{
	uint32_t at = 0;

	for (; at < 3; at++)
		pkts[at] = step % 2 == 0 ? make(FIRST + (int)at, 1, (uint16_t)step)
					 : make(LAST - (int)at, 2, (uint16_t)(step - 2 * at));
	for (; at < BURST; at++)
		pkts[at] = make(WHOLE, at, (uint16_t)step);
	/* Plain ones in between, always at the same places. */
	for (uint32_t i = 0; i < BURST; i++) {
		uint32_t j = i * 13 % BURST;
		struct rte_mbuf *other = pkts[i];

		if (j < i)
			continue;
		pkts[i] = pkts[j];
		pkts[j] = other;
	}
}

/* ---- floods ---- */

static struct rte_mbuf *quiet(uint32_t n)
{
	return make(WHOLE, n, 0);
}

/* Of sources that are made up: fragments that are not the first, that are, and that contradict. */
static struct rte_mbuf *alone(uint32_t n)
{
	(void)n;
	return make(LAST, chance(), (uint16_t)chance());
}

static struct rte_mbuf *first(uint32_t n)
{
	(void)n;
	return make(FIRST, chance(), (uint16_t)chance());
}

static struct rte_mbuf *overlap(uint32_t n)
{
	static uint32_t src;

	if (n % 2 == 0)
		src = chance();
	return make(n % 2 == 0 ? FIRST : OVER, src, 7);
}

/* Of one source. */
static struct rte_mbuf *source(uint32_t n)
{
	(void)n;
	return make(LAST, 77, (uint16_t)chance());
}

static const struct flood {
	const char *name;
	struct rte_mbuf *(*make)(uint32_t n);
} floods[] = {
	{ "alone", alone },
	{ "first", first },
	{ "overlap", overlap },
	{ "source", source },
};

/* ---- turns ---- */

static uint32_t step;

struct result {
	double honest; /* ticks of a packet */
	double other;
	double whole; /* share of the datagrams */
};

static void step_run(struct rte_mbuf *(*other)(uint32_t n), uint64_t *honest_ticks,
		     uint64_t *other_ticks)
{
	struct rte_mbuf *pkts[BURST];

	worker.pub.now_ns += STEP_NS;
	timeouts_run(&worker);
	for (uint32_t i = 0; i < BURST; i++)
		pkts[i] = other(i);
	*other_ticks += burst(1, pkts);
	honest_make(pkts, step++);
	*honest_ticks += burst(0, pkts);
}

/* What the flood left is over, and nothing is held. */
static void table_empty(void)
{
	worker.pub.now_ns += EMPTY_NS;
	while (vnf_frags_count(frags, NULL) > 1)
		timeouts_run(&worker);
}

static struct result turn(struct rte_mbuf *(*other)(uint32_t n))
{
	uint64_t honest = 0, others = 0;
	struct result r;

	for (uint32_t i = 0; i < WARM; i++)
		step_run(other, &honest, &others);
	honest = others = n_passed = 0;
	for (uint32_t i = 0; i < BURSTS; i++)
		step_run(other, &honest, &others);
	r.honest = (double)honest / (BURSTS * BURST);
	r.other = (double)others / (BURSTS * BURST);
	r.whole = (double)n_passed / (BURSTS * (BURST - PLAIN));
	table_empty();
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of)
{
	qsort(of, TURNS, sizeof(*of), compare);
	return of[TURNS / 2];
}

/* Fragments of the flood that pass are not the honest ones'. */
static uint64_t flood_passes(const struct flood *flood)
{
	if (flood->make == first)
		return BURST;
	return flood->make == overlap ? BURST / 2 : 0;
}

static void measure(const struct flood *flood)
{
	static double a[TURNS], b[TURNS], each[TURNS], whole[TURNS];
	double not_honest = (double)flood_passes(flood) / (BURST - PLAIN);

	for (int t = 0; t < TURNS; t++) {
		struct result r = turn(quiet);

		a[t] = r.honest;
		r = turn(flood->make);
		b[t] = r.honest;
		each[t] = r.other;
		whole[t] = r.whole - not_honest;
	}
	printf("%s:quiet %.1f\n%s:flooded %.1f\n%s:each %.1f\n%s:whole %.1f\n", flood->name,
	       median(a), flood->name, median(b), flood->name, median(each), flood->name,
	       1000 * median(whole));
}

int main(void)
{
	for (uint32_t i = 0; i < MBUFS; i++) {
		packets[i].mbuf = (struct rte_mbuf){
			.buf_addr = packets[i].buf,
			.buf_len = BUF_BYTES,
			.data_off = RTE_PKTMBUF_HEADROOM,
			.nb_segs = 1,
			.refcnt = 1,
		};
		give_back(&packets[i].mbuf);
	}
	templates_make();
	worker.pub.count = 1;
	if (vnf_frags_create(&worker.pub, NULL, &frags) < 0)
		return 1;
	for (size_t i = 0; i < RTE_DIM(floods); i++)
		measure(&floods[i]);
	vnf_frags_destroy(frags);
	return n_given - n_taken != MBUFS;
}
