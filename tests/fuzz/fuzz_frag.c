/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for vnf/frag.h. The first octets are budgets and rules; then come records: a short
 * one, of which a fragment is made, or a frame as it is. Time passes in between. Whatever comes:
 * no octet of a datagram is let through twice, nothing before the first fragment, every packet is
 * let through or dropped, budgets hold, and each datagram that the VNF was told of ends.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vnf/frag.h>

#include "fuzz_packets.h"
#include "must.h"
#include "vnf_priv.h"

#define SLOTS 64
#define DATAGRAM_MAX 65536
#define UNIT 8

/* A record: which datagram, where, what; the time before it. */
struct record {
	uint8_t which; /* 2 bits source, 2 bits id, IPv6, options, protocol; a frame (8th bit) */
	uint8_t at;    /* in units of 8 octets; of a frame: its octets */
	uint8_t units; /* 5 bits; more; 2 bits: octets beyond */
	uint8_t time;  /* 2^0 to 2^33 ns; 0: none */
};

/* ---- what the library would provide ---- */

static struct worker worker;
static uint32_t n_dropped;

bool clock_is_virtual(void)
{
	return true;
}

uint64_t vnf_random_seed(const char *name)
{
	return strlen(name) * UINT64_C(0x9e3779b97f4a7c15) + (uint8_t)name[strlen(name) - 1];
}

void vnf_drop(struct vnf_worker *of, uint16_t port, struct rte_mbuf *pkt, uint32_t reason)
{
	if (of != &worker.pub || port > 1 || reason >= VNF_DROP_USER)
		abort();
	n_dropped++;
	packet_free(pkt);
}

/* ---- what must hold ---- */

static struct vnf_frags *frags;
static struct vnf_frags_conf conf;
/* Datagrams that the VNF was told of, and their octets that went on. */
static uint8_t used[SLOTS];
static uint8_t passed[SLOTS][DATAGRAM_MAX / 8];
static uint32_t n_passed, n_in;

static void ended(struct vnf_worker *of, const struct vnf_frag *frag)
{
	must(of == &worker.pub);
	if (frag->user == 0)
		return;
	must((frag->flags & VNF_FRAG_KNOWN) != 0 && used[frag->user]);
	used[frag->user] = 0;
}

static void slot_take(struct vnf_frag *frag)
{
	must(frag->user == 0 && (frag->flags & VNF_FRAG_KNOWN) != 0);
	for (uint32_t i = 1; i < SLOTS; i++)
		if (!used[i]) {
			used[i] = 1;
			memset(passed[i], 0, sizeof(passed[i]));
			frag->user = i;
			return;
		}
	abort();
}

static void pass(struct rte_mbuf *pkt, const struct vnf_headers *h, const struct vnf_frag *frag)
{
	uint32_t at = vnf_is_ipv4(h) ? h->l3 + rte_ipv4_hdr_len(vnf_ipv4(pkt, h))
				     : h->fragment_header + 8u;

	must(frag->user != 0 && used[frag->user]);
	for (uint32_t i = h->fragment_offset; i < h->fragment_offset + (h->end - at); i++) {
		must((passed[frag->user][i / 8] >> i % 8 & 1) == 0);
		passed[frag->user][i / 8] |= (uint8_t)(1 << i % 8);
	}
	n_passed++;
	packet_free(pkt);
}

static void waiting_pass(struct vnf_frag *frag)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;
	uint16_t port;

	while ((pkt = vnf_frag_next(frags, frag, &port)) != NULL) {
		must(vnf_parse(pkt, &h) == 0 && h.fragment_offset != 0 && port == 1);
		pass(pkt, &h, frag);
	}
}

static void budgets_hold(void)
{
	uint32_t waiting, n = vnf_frags_count(frags, &waiting);

	must(n <= conf.datagrams && waiting <= conf.waiting);
	must(n_in == n_passed + n_dropped + waiting);
}

/* `takes`: the VNF asks for what waited. */
static void see(struct rte_mbuf *pkt, bool takes)
{
	struct vnf_frag *frag;
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h);

	n_in++;
	if (bad != 0 || (h.flags & VNF_FRAGMENT) == 0) {
		n_dropped++;
		packet_free(pkt);
		return;
	}
	bad = vnf_frag_see(frags, 1, pkt, &h, h.n_vlans > 0 ? h.vlan[0] : 0, &frag);
	must((bad == 0) == (frag != NULL));
	if (bad == 0) {
		if (h.fragment_offset == 0)
			slot_take(frag);
		pass(pkt, &h, frag);
		if (takes && h.fragment_offset == 0)
			waiting_pass(frag);
	} else if (bad != VNF_FRAG_WAITS) {
		vnf_drop(&worker.pub, 1, pkt, bad);
	}
	budgets_hold();
}

/* ---- packets ---- */

static uint32_t ipv4_put(uint8_t *at, const struct record *r, uint32_t octets)
{
	uint32_t header = (r->which & 0x20) != 0 ? 24 : 20, length = header + octets;
	uint16_t field = (uint16_t)(r->at | (r->units & 0x20) << 8);

	memset(at, 1, header); /* options of type 1 */
	memcpy(at,
	       (uint8_t[]){ (uint8_t)(0x40 | header / 4), 0, (uint8_t)(length >> 8),
			    (uint8_t)length, 0, r->which >> 2 & 3, (uint8_t)(field >> 8),
			    (uint8_t)field, 64,
			    (r->which & 0x40) != 0 ? IPPROTO_ICMP : IPPROTO_UDP },
	       10);
	memcpy(at + 12, (uint8_t[]){ 10, 0, 0, r->which & 3, 10, 0, 1, 1 }, 8);
	return header;
}

static uint32_t ipv6_put(uint8_t *at, const struct record *r, uint32_t octets)
{
	uint32_t ext = (r->which & 0x20) != 0 ? 8 : 0, length = ext + 8 + octets;
	uint16_t field = (uint16_t)(r->at * UNIT | (r->units >> 5 & 1));
	uint8_t proto = (r->which & 0x40) != 0 ? IPPROTO_ICMPV6 : IPPROTO_UDP;

	memset(at, 0, 48);
	memcpy(at,
	       (uint8_t[]){ 0x60, 0, 0, 0, (uint8_t)(length >> 8), (uint8_t)length,
			    ext != 0 ? IPPROTO_DSTOPTS : IPPROTO_FRAGMENT, 64 },
	       8);
	at[15] = r->which & 3;
	if (ext != 0)
		memcpy(at + 40, (uint8_t[]){ IPPROTO_FRAGMENT, 0, 1, 4, 0, 0, 0, 0 }, 8);
	memcpy(at + 40 + ext,
	       (uint8_t[]){ proto, 0, (uint8_t)(field >> 8), (uint8_t)field, 0, 0, 0,
			    r->which >> 2 & 3 },
	       8);
	return 48 + ext;
}

static struct rte_mbuf *fragment(const struct record *r)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t octets = (r->units & 0x1fu) * UNIT + (r->units >> 6), at = 14;
	bool six = (r->which & 0x10) != 0;

	memset(frame, 0, 12);
	frame[12] = six ? 0x86 : 0x08;
	frame[13] = six ? 0xdd : 0;
	at += six ? ipv6_put(frame + at, r, octets) : ipv4_put(frame + at, r, octets);
	memset(frame + at, 8, octets);
	if (r->at == 0 && octets >= 8) /* UDP of 64 octets; an echo request of ICMPv4 */
		memcpy(frame + at, (uint8_t[]){ 8, 0, 0, 53, 0, 64, 0, 0 }, 8);
	return packet(frame, at + octets, 0);
}

/* ---- a run ---- */

static void time_pass(uint8_t by)
{
	uint64_t until = worker.pub.now_ns + (by != 0 ? UINT64_C(1) << by % 34 : 0), next;

	while ((next = timeouts_next_due(&worker)) <= until) {
		worker.pub.now_ns = next;
		timeouts_run(&worker);
	}
	worker.pub.now_ns = until;
}

static void start(const uint8_t *data)
{
	memset(&worker, 0, sizeof(worker));
	memset(used, 0, sizeof(used));
	n_in = n_passed = n_dropped = 0;
	conf = (struct vnf_frags_conf){
		.datagrams = 1 + data[0] % 32,
		.waiting = 1 + data[1] % 32,
		.waiting_each = 1 + data[1] / 32,
		.per_source = 1 + data[2] % 8,
		.ipv4_overlap = data[2] >> 7,
		.ended = ended,
	};
	must(vnf_frags_create(&worker.pub, &conf, &frags) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool takes;
	size_t at;

	if (size < 3)
		return 0;
	pool_init();
	start(data);
	takes = (data[2] & 0x40) == 0;
	for (at = 3; at + sizeof(struct record) <= size;) {
		struct record r;

		memcpy(&r, data + at, sizeof(r));
		at += sizeof(r);
		time_pass(r.time);
		if ((r.which & 0x80) == 0) {
			see(fragment(&r), takes);
			continue;
		}
		mbufs_left = 2;
		see(packet(data + at, (uint32_t)RTE_MIN((size_t)r.at, size - at), r.units), takes);
		at += RTE_MIN((size_t)r.at, size - at);
	}
	vnf_frags_destroy(frags);
	must(n_in == n_passed + n_dropped && timeouts_next_due(&worker) == UINT64_MAX);
	return 0;
}
