/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Ticks of the time-stamp counter that finding and changing headers takes, beside DPDK's way of
 * doing the same. Packets lie in the cache, as after a receive; every measurement is over bursts of
 * 32, and the ways take turns. Prints "NAME TICKS" for the median of the turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_net.h>

#include <vnf/edit.h>
#include <vnf/test.h>

#define BURST 32
#define BURSTS 200 /* in a turn */
#define TURNS 201
#define BUF_BYTES 2048
#define HEADROOM 128

struct packet {
	struct rte_mbuf mbuf;
	uint8_t buf[BUF_BYTES];
} __rte_cache_aligned;

static struct packet packets[BURST];
static uint64_t sink; /* what was found, so that nothing is left out */

/* ---- what is measured ---- */

static void parse(struct rte_mbuf *pkt)
{
	struct vnf_headers h;

	sink += vnf_parse(pkt, &h) + h.payload + h.proto;
}

static void ptype(struct rte_mbuf *pkt)
{
	struct rte_net_hdr_lens lens;

	sink += rte_net_get_ptype(pkt, &lens, RTE_PTYPE_ALL_MASK) + lens.l4_len;
}

/* A source NAT's change. */
static void edit(struct rte_mbuf *pkt)
{
	struct vnf_headers h;

	if (vnf_parse(pkt, &h) != 0)
		return;
	vnf_set_ipv4_src(pkt, &h, (uint32_t)sink);
	vnf_set_src_port(pkt, &h, (uint16_t)sink);
	sink++;
}

/* The same with checksums made from nothing. */
static void rewrite(struct rte_mbuf *pkt)
{
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;
	struct vnf_headers h;

	if (vnf_parse(pkt, &h) != 0)
		return;
	ip = vnf_ipv4(pkt, &h);
	udp = vnf_udp(pkt, &h);
	ip->src_addr = (uint32_t)sink;
	udp->src_port = (uint16_t)sink++;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

/* ---- packets ---- */

static void base(struct vnf_test_packet *p, bool v6)
{
	vnf_test_eth(p, "02:00:00:00:00:02", "02:00:00:00:00:01");
	if (v6)
		vnf_test_ipv6(p, "2001:db8::1", "2001:db8::2");
	else
		vnf_test_ipv4(p, "10.0.0.1", "10.0.0.2");
}

static void make_udp(struct vnf_test_packet *p)
{
	base(p, false);
	vnf_test_udp(p, 1000, 53);
	vnf_test_payload(p, 18);
}

static void make_udp_long(struct vnf_test_packet *p)
{
	base(p, false);
	vnf_test_udp(p, 1000, 53);
	vnf_test_payload(p, 1472);
}

static void make_tcp(struct vnf_test_packet *p)
{
	base(p, false);
	vnf_test_tcp(p, 1000, 80, VNF_TEST_ACK);
	vnf_test_tcp_options(p, "\1\1\x08\x0a\0\0\0\1\0\0\0\2", 12);
}

static void make_tagged(struct vnf_test_packet *p)
{
	vnf_test_eth(p, "02:00:00:00:00:02", "02:00:00:00:00:01");
	vnf_test_vlan(p, 0x8100, 5);
	vnf_test_ipv4(p, "10.0.0.1", "10.0.0.2");
	vnf_test_udp(p, 1000, 53);
	vnf_test_payload(p, 14);
}

static void make_ipv6(struct vnf_test_packet *p)
{
	base(p, true);
	vnf_test_udp(p, 1000, 53);
}

static void fill(void (*make)(struct vnf_test_packet *p))
{
	static struct vnf_test_packet p;

	make(&p);
	if (vnf_test_finish(&p) != 0)
		abort();
	for (int i = 0; i < BURST; i++) {
		struct rte_mbuf *m = &packets[i].mbuf;

		memset(m, 0, sizeof(*m));
		m->buf_addr = packets[i].buf;
		m->buf_len = BUF_BYTES;
		m->data_off = HEADROOM;
		m->data_len = (uint16_t)p.len;
		m->pkt_len = p.len;
		m->nb_segs = 1;
		m->refcnt = 1;
		memcpy(rte_pktmbuf_mtod(m, void *), p.data, p.len);
	}
}

/* ---- turns ---- */

static inline double turn(void (*work)(struct rte_mbuf *pkt))
{
	uint64_t began = rte_rdtsc_precise();

	for (int b = 0; b < BURSTS; b++)
		for (int i = 0; i < BURST; i++)
			work(&packets[i].mbuf);
	return (double)(rte_rdtsc_precise() - began) / (BURSTS * BURST);
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

#define MEASURE(name, make, one, other)                                                            \
	do {                                                                                       \
		static double a[TURNS], b[TURNS];                                                  \
                                                                                                   \
		fill(make);                                                                        \
		for (int t = 0; t < TURNS; t++) {                                                  \
			a[t] = turn(one);                                                          \
			b[t] = turn(other);                                                        \
		}                                                                                  \
		printf("%s:%s %.1f\n%s:%s %.1f\n", name, #one, median(a), name, #other,            \
		       median(b));                                                                 \
	} while (0)

int main(void)
{
	MEASURE("udp", make_udp, parse, ptype);
	MEASURE("tcp", make_tcp, parse, ptype);
	MEASURE("tagged", make_tagged, parse, ptype);
	MEASURE("ipv6", make_ipv6, parse, ptype);
	MEASURE("nat", make_udp, edit, rewrite);
	MEASURE("nat-long", make_udp_long, edit, rewrite);
	return sink == 0;
}
