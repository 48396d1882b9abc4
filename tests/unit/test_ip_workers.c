/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What another worker than 0 does with packets of the IP node's slow way: it hands them over, with
 * what has to be done with them. Each port has two queues; a sender is chosen so that its packet
 * comes to the worker that a test is about.
 */
#include "ip_support.h"

#include <vnf/edit.h>

#include "replay_input.h"

#define WORKERS "workers = 2;\n"

/* ---- the program ---- */

/* UDP that each worker saw, and what worker 1 handed over of it. */
static uint32_t seen[2], handed;

/* UDP to port 2001 is refused, or sent on to the peer if it is for the program. */
static vnf_verdict_t own_idea(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
			      const struct vnf_headers *h, vnf_verdict_t verdict)
{
	if (vnf_udp(pkt, h)->dst_port != RTE_BE16(2001))
		return verdict;
	if (verdict == VNF_IP_PASS)
		return vnf_ip_refuse(worker, port, pkt, 3, 13, VNF_DROP_PROHIBITED);
	if (verdict != VNF_IP_LOCAL)
		return verdict;
	vnf_set_ipv4_dst(pkt, h, RTE_BE32(0x0a000209));
	vnf_ip_send(worker, port, pkt);
	return VNF_TAKEN;
}

static void workers_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			  vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];
	bool is_udp[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		is_udp[i] = h[i].proto == 17 && h[i].l4 != 0;
		if (!is_udp[i])
			continue;
		seen[worker->id]++;
		verdicts[i] = own_idea(worker, port, pkts[i], &h[i], verdicts[i]);
	}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++)
		handed += worker->id == 1 && is_udp[i] && verdicts[i] == VNF_TAKEN;
}

static const struct vnf_app workers_app = {
	VNF_APP("workers"),
	.burst = workers_burst,
	.parts = { VNF_IP },
};

static void begin_with(const struct vnf_app *app, const char *config)
{
	memset(seen, 0, sizeof(seen));
	handed = 0;
	ip_begin_with(app, config);
}

static void begin(const char *config)
{
	begin_with(&workers_app, config);
}

/* Only this worker had UDP: n packets. */
static void seen_by(uint16_t worker, uint32_t n)
{
	cr_assert_eq(seen[worker], n, "%u of %u", seen[worker], n);
	cr_assert_eq(seen[1 - worker], 0);
}

/* A host on the left, whose address begins so: its packets to `dst` come to this worker. */
static const char *host_of(uint16_t worker, const char *begin_of, const char *dst)
{
	static char addr[64];
	struct vnf_test_packet p;

	for (uint32_t i = 10; i < 90; i++) {
		snprintf(addr, sizeof(addr), "%s%u", begin_of, i);
		ip_from_host(&p, addr, dst);
		cr_assert_eq(vnf_test_finish(&p), 0, "%s", p.failed);
		if (replay_queue(p.data, p.len, 2) == worker)
			return addr;
	}
	cr_assert_fail("no host comes to worker %u", worker);
	return NULL;
}

static void put_from(uint64_t at_ns, const char *src, const char *dst, uint16_t dst_port)
{
	ip_from_host(&in, src, dst);
	vnf_test_udp(&in, 1000, dst_port);
	vnf_test_payload(&in, 64);
	ip_put("left", at_ns, &in);
}

/* ---- refused ---- */

static void tagged(struct vnf_test_packet *p, const char *to, const char *from)
{
	vnf_test_eth(p, to, from);
	vnf_test_vlan(p, 0x8100, 100);
}

#define CONFIG_VLAN                                                                                \
	WORKERS IP_CONFIG_OF("{ port = \"left\"; vlan = 100; dad = false; "                        \
			     "addresses = [ \"10.0.1.1/24\" ]; }," IP_RIGHT("dad = false;"),       \
			     "")

/* UDP to the peer, with a tag, from a MAC address that comes to this worker. */
static void put_tagged(uint16_t worker, char mac[32])
{
	/* Of a tagged frame, MAC addresses alone count. */
	for (uint32_t i = 0x20; i < 0x60; i++) {
		snprintf(mac, 32, "02:00:00:00:03:%02x", i);
		tagged(&in, LEFT_MAC, mac);
		vnf_test_ipv4(&in, HOST4, PEER4);
		vnf_test_udp(&in, 1000, 2001);
		vnf_test_payload(&in, 64);
		cr_assert_eq(vnf_test_finish(&in), 0);
		if (replay_queue(in.data, in.len, 2) == worker)
			break;
	}
	ip_put("left", BEGIN, &in);
}

/* The port has no interface but by a VLAN. */
static void refuse_of_a_vlan(uint16_t worker)
{
	struct vnf_test_packet about;
	char mac[32];

	begin(CONFIG_VLAN);
	put_tagged(worker, mac);
	about = in;
	tagged(&in, ALL_MAC, mac);
	vnf_test_arp(&in, 1, mac, HOST4, NO_MAC, LEFT4);
	ip_put("left", 2 * MS, &in);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_play();
	seen_by(worker, 1);
	tagged(&want, mac, LEFT_MAC);
	vnf_test_ipv4(&want, LEFT4, HOST4);
	vnf_test_dscp(&want, 48, 0);
	vnf_test_icmp_error(&want, 3, 13, 0, &about, 548);
	SENT_ANY_ID("left", BEGIN);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "prohibited", 1);
}

Test(ip_workers, refused_by_worker_0_on_a_vlan, .fini = ip_end)
{
	refuse_of_a_vlan(0);
}

Test(ip_workers, refused_by_worker_1_on_a_vlan, .fini = ip_end)
{
	refuse_of_a_vlan(1);
}

/* Refused without a look. */
static void unseen_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			 vnf_verdict_t *verdicts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		seen[worker->id]++;
		verdicts[i] = vnf_ip_refuse(worker, port, pkts[i], 3, 13, VNF_DROP_PROHIBITED);
	}
}

static const struct vnf_app unseen_app = {
	VNF_APP("unseen"),
	.burst = unseen_burst,
	.parts = { VNF_IP },
};

/* By no interface that is known: dropped without a word, and above all not sent on. */
static void refuse_unseen(uint16_t worker)
{
	char mac[32];

	begin_with(&unseen_app, CONFIG_VLAN);
	put_tagged(worker, mac);
	ip_play();
	cr_assert_geq(seen[worker], 1, "nothing came to worker %u", worker);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	/* With the first packet of all. */
	DROPPED("left", "prohibited", 2);
}

Test(ip_workers, refused_unseen_by_worker_0, .fini = ip_end)
{
	refuse_unseen(0);
}

Test(ip_workers, refused_unseen_by_worker_1, .fini = ip_end)
{
	refuse_unseen(1);
}

/* ---- to an own address of the link ---- */

static void udp_to_link_local(uint16_t worker)
{
	const char *host = host_of(worker, "fe80::", LEFT_LL);

	begin(WORKERS IP_CONFIG("routes = ( { prefix = \"::/0\"; via = \"" PEER6 "\"; } );"));
	ip_known("left", 2 * MS, HOST_MAC, host, LEFT6);
	ip_known("right", 2 * MS, PEER_MAC, PEER6, RIGHT6);
	put_from(BEGIN, host, LEFT_LL, 2000);
	ip_play();
	seen_by(worker, 1);
	ip_to(&want, HOST_MAC, LEFT_MAC, LEFT_LL, host);
	vnf_test_icmp_error(&want, 1, 4, 0, &in, 1232);
	SENT("left", BEGIN);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "no_service", 1);
}

Test(ip_workers, udp_to_link_local_at_worker_0, .fini = ip_end)
{
	udp_to_link_local(0);
}

Test(ip_workers, udp_to_link_local_at_worker_1, .fini = ip_end)
{
	udp_to_link_local(1);
}

/* ---- a stale neighbour ---- */

/* Five at once and one later; all go at once, one of them by way of worker 0, which asks five
 * seconds later.
 */
Test(ip_workers, a_stale_neighbour_is_told_of_once, .fini = ip_end)
{
	const char *host = host_of(1, "10.0.1.", PEER4);

	begin(WORKERS IP_CONFIG(""));
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	for (uint64_t i = 0; i < 5; i++)
		put_from(BEGIN, host, PEER4, 2000);
	put_from(BEGIN + SECOND, host, PEER4, 2000);
	ip_option("--until=+4500ms");
	ip_play();
	seen_by(1, 6);
	cr_assert_eq(handed, 1, "%u", handed);
	for (uint64_t i = 0; i < 6; i++) {
		ip_want_udp(PEER_MAC, host, PEER4);
		SENT("right", i < 5 ? BEGIN : BEGIN + SECOND);
	}
	ip_want_arp(PEER_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN + 5 * SECOND);
	SENT_NO_MORE("right");
}

/* ---- sent by the program ---- */

#define CONFIG_SHORT                                                                               \
	WORKERS IP_CONFIG_OF(IP_LEFT("dad = false;") ", { port = \"right\"; mtu = 600; "           \
						     "addresses = [ \"10.0.2.1/24\" ]; "           \
						     "dad = false; }",                             \
			     "")

static void long_udp(struct vnf_test_packet *p, bool df)
{
	vnf_test_ipv4_id(p, 0x4321);
	if (df)
		vnf_test_ipv4_df(p);
	vnf_test_udp(p, 1000, 2001);
	vnf_test_payload(p, 1000);
}

/* To the program, which sends it on to the peer. */
static const char *send_long(uint16_t worker, bool df)
{
	const char *host = host_of(worker, "10.0.1.", LEFT4);

	begin(CONFIG_SHORT);
	ip_known("left", 2 * MS, HOST_MAC, host, LEFT4);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_from_host(&in, host, LEFT4);
	long_udp(&in, df);
	ip_put("left", BEGIN, &in);
	ip_play();
	seen_by(worker, 1);
	return host;
}

static void sent_long_with_df(uint16_t worker)
{
	send_long(worker, true);
	DROPPED_SILENTLY("too_big");
}

static void sent_long_is_cut(uint16_t worker)
{
	const char *host = send_long(worker, false);
	struct vnf_test_packet whole;

	ip_to(&whole, PEER_MAC, RIGHT_MAC, host, PEER4);
	long_udp(&whole, false);
	cr_assert_eq(vnf_test_finish(&whole), 0);
	for (uint32_t offset = 0; offset < 1008; offset += 576) {
		bool more = offset == 0;

		ip_to(&want, PEER_MAC, RIGHT_MAC, host, PEER4);
		vnf_test_ipv4_id(&want, 0x4321);
		vnf_test_ipv4_fragment(&want, offset, more);
		vnf_test_next(&want, 17);
		vnf_test_bytes(&want, whole.data + 34 + offset, more ? 576 : 1008 - offset);
		SENT("right", BEGIN);
	}
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

Test(ip_workers, sent_too_long_with_df_by_worker_0, .fini = ip_end)
{
	sent_long_with_df(0);
}

Test(ip_workers, sent_too_long_with_df_by_worker_1, .fini = ip_end)
{
	sent_long_with_df(1);
}

Test(ip_workers, sent_too_long_is_cut_by_worker_0, .fini = ip_end)
{
	sent_long_is_cut(0);
}

Test(ip_workers, sent_too_long_is_cut_by_worker_1, .fini = ip_end)
{
	sent_long_is_cut(1);
}
