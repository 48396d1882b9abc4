/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node where configurations and neighbours are less common: gateways beyond all subnets,
 * subnets that overlap, VNFs that refuse and drop; and what is counted by what.
 */
#include "ip_support.h"

/* ---- gateways and links beyond all subnets ---- */

#define GATEWAY4 "198.51.100.1"
#define RIGHT_HOST                                                                                 \
	"{ port = \"right\"; dad = false; addresses = [ \"10.0.2.1/32\", \"2001:db8:2::1/128\" ]; }"
#define CONFIG_BEYOND(routes)                                                                      \
	IP_CONFIG_OF(IP_LEFT("dad = false;") "," RIGHT_HOST, "routes = ( " routes " );")

/* Asked by ARP from the only address, believed, and used. */
static void asked_and_believed(const char *config, const char *neighbour, const char *dst)
{
	ip_begin(config);
	ip_put_udp(BEGIN, HOST4, dst);
	ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, neighbour, RIGHT_MAC, RIGHT4);
	ip_put("right", BEGIN + 5, &in);
	ip_put_udp(BEGIN + 9, HOST4, dst);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, neighbour);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST4, dst);
	SENT("right", BEGIN + 5);
	ip_want_udp(PEER_MAC, HOST4, dst);
	SENT("right", BEGIN + 9);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

Test(ip_regress, a_gateway_beyond_all_subnets, .fini = ip_end)
{
	asked_and_believed(CONFIG_BEYOND("{ prefix = \"0.0.0.0/0\"; via = \"" GATEWAY4
					 "\"; interface = \"right\"; }"),
			   GATEWAY4, "192.0.2.7");
}

Test(ip_regress, a_prefix_on_a_link_without_a_subnet, .fini = ip_end)
{
	asked_and_believed(CONFIG_BEYOND("{ prefix = \"10.9.0.0/24\"; interface = \"right\"; }"),
			   "10.9.0.7", "10.9.0.7");
}

/* Who asks for us from there is learned, too. */
Test(ip_regress, an_asker_of_a_prefix_on_the_link, .fini = ip_end)
{
	ip_begin(CONFIG_BEYOND("{ prefix = \"10.9.0.0/24\"; interface = \"right\"; }"));
	ip_known("right", BEGIN, PEER_MAC, "10.9.0.7", RIGHT4);
	ip_put_udp(BEGIN + 1, HOST4, "10.9.0.7");
	ip_play();
	ip_arp(&want, PEER_MAC, RIGHT_MAC, 2, RIGHT4, PEER_MAC, "10.9.0.7");
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST4, "10.9.0.7");
	SENT("right", BEGIN + 1);
	SENT_NO_MORE("right");
}

static const char beyond6[] =
	CONFIG_BEYOND("{ prefix = \"2001:db8:9::/64\"; interface = \"right\"; }");

Test(ip_regress, a_solicitation_of_a_prefix_on_the_link, .fini = ip_end)
{
	static const char peer[] = "2001:db8:9::7";

	ip_begin(beyond6);
	ip_known("right", BEGIN, PEER_MAC, peer, RIGHT6);
	ip_put_udp(BEGIN + 1, HOST6, peer);
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, RIGHT6, peer);
	ip_nd(&want, 136, ND_R | ND_S | ND_O, RIGHT6, ND_TLLAO, RIGHT_MAC);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST6, peer);
	SENT("right", BEGIN + 1);
	SENT_NO_MORE("right");
}

Test(ip_regress, a_neighbour_of_a_prefix_on_the_link_ipv6, .fini = ip_end)
{
	static const char peer[] = "2001:db8:9::9";

	ip_begin(beyond6);
	ip_put_udp(BEGIN, HOST6, peer);
	ip_to(&in, RIGHT_MAC, PEER_MAC, peer, RIGHT6);
	ip_nd(&in, 136, ND_S | ND_O, peer, ND_TLLAO, PEER_MAC);
	ip_put("right", BEGIN + 5, &in);
	ip_play();
	ip_to(&want, GROUP_OF_9_MAC, RIGHT_MAC, RIGHT6, GROUP_OF_9);
	ip_nd(&want, 135, 0, peer, ND_SLLAO, RIGHT_MAC);
	SENT("right", BEGIN);
	ip_want_udp(PEER_MAC, HOST6, peer);
	SENT("right", BEGIN + 5);
	SENT_NO_MORE("right");
}

/* ---- an address that is another subnet's broadcast ---- */

#define LAN "{ port = \"left\"; dad = false; addresses = [ \"10.0.0.1/24\" ]; }"
#define WAN "{ port = \"right\"; dad = false; addresses = [ \"10.0.0.255/16\" ]; }"

static void own_broadcast_answers(const char *config)
{
	ip_begin(config);
	ip_known("right", 2 * MS, PEER_MAC, "10.0.5.5", "10.0.0.255");
	ip_to(&in, RIGHT_MAC, PEER_MAC, "10.0.5.5", "10.0.0.255");
	vnf_test_echo(&in, false, 3, 4);
	ip_put("right", BEGIN, &in);
	ip_play();
	ip_to(&want, PEER_MAC, RIGHT_MAC, "10.0.0.255", "10.0.5.5");
	vnf_test_echo(&want, true, 3, 4);
	SENT_ANY_ID("right", BEGIN);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

Test(ip_regress, an_own_address_is_no_broadcast, .fini = ip_end)
{
	own_broadcast_answers(IP_CONFIG_OF(LAN "," WAN, ""));
}

Test(ip_regress, an_own_address_is_no_broadcast_wan_first, .fini = ip_end)
{
	own_broadcast_answers(IP_CONFIG_OF(WAN "," LAN, ""));
}

/* ---- 169.254/16: RFC 3927 section 7 ---- */

Test(ip_regress, ipv4_link_local_stays_on_its_link, .fini = ip_end)
{
	ip_begin(IP_CONFIG("routes = ( { prefix = \"0.0.0.0/0\"; via = \"" PEER4 "\"; } );"));
	ip_known_all();
	ip_put_udp(BEGIN, HOST4, "169.254.1.1");
	ip_put_udp(BEGIN + 1, "169.254.1.1", PEER4);
	ip_put_udp(BEGIN + 2, "169.254.0.0", "169.254.255.255");
	ip_put_udp(BEGIN + 3, "169.253.255.255", "169.255.0.0");
	ip_play();
	ip_want_udp(PEER_MAC, "169.253.255.255", "169.255.0.0");
	SENT("right", BEGIN + 3);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
	DROPPED("left", "scope", 3);
}

/* ---- RFC 6980: an atomic fragment is one ---- */

Test(ip_regress, a_solicitation_in_an_atomic_fragment, .fini = ip_end)
{
	ip_begin(IP_CONFIG(""));
	ip_to(&in, GROUP_OF_1_MAC, HOST_MAC, HOST6, GROUP_OF_1);
	vnf_test_ttl(&in, 255);
	vnf_test_ipv6_fragment(&in, 1, 0, false);
	ip_nd(&in, 135, 0, LEFT6, ND_SLLAO, HOST_MAC);
	ip_put("left", BEGIN, &in);
	ip_play();
	DROPPED_SILENTLY("nd_invalid");
}

/* ---- questions are counted by link ---- */

/* A scan of one takes all of a second's; another is not held up. */
Test(ip_regress, a_scan_does_not_stop_questions_of_another_vlan, .fini = ip_end)
{
	static const char host[] = "10.0.3.9";

	ip_begin(IP_CONFIG_OF(IP_LEFT("dad = false;") "," IP_RIGHT(
				      "dad = false;") ","
						      "{ port = \"right\"; vlan = 7; dad = false; "
						      "addresses = [ \"10.0.3.1/24\" ]; }",
			      "solicitations = 1;"));
	for (uint32_t i = 0; i < 5; i++) {
		char dst[32];

		snprintf(dst, sizeof(dst), "10.0.2.%u", 100 + i);
		ip_put_udp(BEGIN + i, HOST4, dst);
	}
	ip_put_udp(BEGIN + 9, HOST4, host);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, "10.0.2.100");
	SENT("right", BEGIN);
	vnf_test_eth(&want, ALL_MAC, RIGHT_MAC);
	vnf_test_vlan(&want, 0x8100, 7);
	vnf_test_arp(&want, 1, RIGHT_MAC, "10.0.3.1", NO_MAC, host);
	SENT("right", BEGIN + 9);
	SENT_NO_MORE("right");
	DROPPED("left", "neighbour_rate", 4);
}

Test(ip_regress, a_scan_does_not_stop_questions_of_another_link, .fini = ip_end)
{
	ip_begin(IP_CONFIG("solicitations = 1;"));
	for (uint32_t i = 0; i < 5; i++) {
		char dst[32];

		snprintf(dst, sizeof(dst), "10.0.2.%u", 100 + i);
		ip_put_udp(BEGIN + i, HOST4, dst);
	}
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER4, HOST4);
	ip_udp(&in, 64);
	ip_put("right", BEGIN + 9, &in);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, "10.0.2.100");
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
	ip_want_arp(ALL_MAC, LEFT_MAC, LEFT4, HOST4);
	SENT("left", BEGIN + 9);
	SENT_NO_MORE("left");
	DROPPED("left", "neighbour_rate", 4);
	DROPPED("right", "neighbour_rate", 0);
}

/* ---- VNFs ---- */

/* What is to go on is refused. */
static void refusing_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			   vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		bool v4 = vnf_is_ipv4(&h[i]);

		if (verdicts[i] == VNF_IP_PASS)
			verdicts[i] = vnf_ip_refuse(worker, port, pkts[i], v4 ? 3 : 1, v4 ? 13 : 1,
						    VNF_DROP_PROHIBITED);
	}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app refusing_app = {
	VNF_APP("refusing"),
	.burst = refusing_burst,
	.parts = { VNF_IP },
};

/* Bursts of another port come first, longer and longer, in buffers that are used again. To a
 * link-local source an error leaves by the interface that the packet came in by.
 */
Test(ip_regress, a_refusal_after_a_longer_burst_of_another_port, .fini = ip_end)
{
	enum { ROUNDS = 12 };

	ip_begin_with(&refusing_app, IP_CONFIG("icmp_errors_per_host = 1000;"));
	ip_known("left", 2 * MS, HOST_MAC, HOST_LL, LEFT6);
	for (uint64_t i = 0; i < ROUNDS; i++) {
		for (uint64_t k = 0; k < 2 + i; k++) {
			ip_to(&in, RIGHT_MAC, PEER_MAC, PEER4, "224.0.0.5");
			ip_udp(&in, 64);
			ip_put("right", BEGIN + i * MS, &in);
		}
		ip_put_udp(BEGIN + i * MS + 9, HOST_LL, PEER6);
	}
	ip_play();
	for (uint64_t i = 0; i < ROUNDS; i++) {
		ip_to(&want, HOST_MAC, LEFT_MAC, LEFT_LL, HOST_LL);
		vnf_test_icmp_error(&want, 1, 1, 0, &in, 1232);
		SENT("left", BEGIN + i * MS + 9);
	}
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "prohibited", ROUNDS);
}

/* What is for the node itself is dropped. */
static void deaf_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		       vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++)
		if (verdicts[i] == VNF_IP_NODE)
			verdicts[i] = VNF_DROP(VNF_DROP_PROHIBITED);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app deaf_app = {
	VNF_APP("deaf"),
	.burst = deaf_burst,
	.parts = { VNF_IP },
};

Test(ip_regress, a_firewall_keeps_the_node_from_answering, .fini = ip_end)
{
	ip_begin_with(&deaf_app, IP_CONFIG(""));
	ip_known("left", BEGIN, HOST_MAC, HOST4, LEFT4);
	ip_known("left", BEGIN + 1, HOST_MAC, HOST6, LEFT6);
	for (uint32_t i = 0; i < 2; i++) {
		ip_from_host(&in, i ? HOST6 : HOST4, i ? LEFT6 : LEFT4);
		vnf_test_echo(&in, false, 1, 2);
		ip_put("left", BEGIN + 2 + i, &in);
	}
	/* Nor was the host learned. */
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER4, HOST4);
	ip_udp(&in, 64);
	ip_put("right", BEGIN + 9, &in);
	ip_play();
	ip_want_arp(ALL_MAC, LEFT_MAC, LEFT4, HOST4);
	SENT("left", BEGIN + 9);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "prohibited", 4);
}

/* ---- what waits is counted in buffers ---- */

#define BUFFERS 5

/* The packet's last octets, one to a buffer. */
static void spread(struct rte_mbuf *pkt)
{
	struct rte_mbuf *last = pkt;
	uint16_t at = (uint16_t)(pkt->data_len - (BUFFERS - 1));

	for (uint16_t i = 0; i < BUFFERS - 1; i++) {
		struct rte_mbuf *seg = rte_pktmbuf_alloc(pkt->pool);

		cr_assert_not_null(seg);
		*rte_pktmbuf_mtod(seg, uint8_t *) =
			*rte_pktmbuf_mtod_offset(pkt, uint8_t *, at + i);
		seg->data_len = 1;
		last->next = seg;
		last = seg;
	}
	pkt->data_len = at;
	pkt->nb_segs = BUFFERS;
}

static void spreading_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			    vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++)
		if (verdicts[i] == VNF_IP_PASS)
			spread(pkts[i]);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app spreading_app = {
	VNF_APP("spreading"),
	.burst = spreading_burst,
	.parts = { VNF_IP },
};

/* 1,024 buffers wait at most: 204 packets of five. When some were sent, others may wait. */
Test(ip_regress, what_waits_is_counted_in_buffers, .fini = ip_end)
{
	uint64_t n = 0;
	char dst[32];

	ip_begin_with(&spreading_app, IP_CONFIG("solicitations = 100000;"));
	for (uint32_t i = 0; i < 30; i++)
		for (uint32_t k = 0; k < 8; k++) {
			snprintf(dst, sizeof(dst), "10.0.2.%u", 100 + i);
			ip_put_udp(BEGIN + n++, HOST4, dst);
		}
	ip_arp(&in, RIGHT_MAC, PEER_MAC, 2, "10.0.2.100", RIGHT_MAC, RIGHT4);
	ip_put("right", BEGIN + MS, &in);
	for (uint32_t k = 0; k < 8; k++)
		ip_put_udp(BEGIN + 2 * MS + k, HOST4, "10.0.2.200");
	ip_play();
	DROPPED("left", "neighbour_queue", 240 - 204);
	cr_assert_eq(vnf_test_replay_counter(ip_run, NULL, "balance"), 0);
}

/* ---- verdicts that make no sense ---- */

static void eager_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = VNF_IP_PASS;
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app eager_app = {
	VNF_APP("eager"),
	.burst = eager_burst,
	.parts = { VNF_IP },
};

/* ARP, what is for no interface, and what is cut short are not forwarded, whatever the VNF says. */
Test(ip_regress, a_vnf_that_passes_everything, .fini = ip_end)
{
	ip_begin_with(&eager_app, IP_CONFIG("routes = ( { prefix = \"0.0.0.0/0\"; "
					    "via = \"10.0.2.9\"; } );"));
	ip_put_udp(BEGIN, HOST4, PEER4);
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, HOST4, NO_MAC, LEFT4);
	ip_put("left", BEGIN + 1, &in);
	vnf_test_eth(&in, LEFT_MAC, HOST_MAC);
	vnf_test_vlan(&in, 0x8100, 9);
	vnf_test_ipv4(&in, HOST4, PEER4);
	ip_udp(&in, 64);
	ip_put("left", BEGIN + 2, &in);
	ip_from_host(&in, HOST4, PEER4);
	ip_udp(&in, 64);
	vnf_test_cut(&in, 20);
	ip_put("left", BEGIN + 3, &in);
	ip_play();
	/* With the frame that every replay begins with. */
	DROPPED("left", "not_ip", 2);
	DROPPED("left", "no_interface", 2);
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

/* ---- sent by the program, but not its own ---- */

static void onward_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			 vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++)
		if (verdicts[i] == VNF_IP_PASS) {
			vnf_ip_send(worker, port, pkts[i]);
			verdicts[i] = VNF_TAKEN;
		}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app onward_app = {
	VNF_APP("onward"),
	.burst = onward_burst,
	.parts = { VNF_IP },
};

/* RFC 8200 section 4.5: only the source fragments. */
Test(ip_regress, ipv6_of_others_is_not_cut, .fini = ip_end)
{
	ip_begin_with(
		&onward_app,
		IP_CONFIG_OF(IP_LEFT("dad = false;") "," IP_RIGHT("dad = false; mtu = 1280;"), ""));
	ip_known_all();
	ip_from_host(&in, HOST6, PEER6);
	ip_udp(&in, 1400);
	ip_put("left", BEGIN, &in);
	ip_play();
	DROPPED("left", "too_big", 1);
	SENT_NO_MORE("right");
}
