/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node's own addresses: RFC 4862 section 5.4 and RFC 5227, found to be free, announced,
 * defended. Times are from the moment that the ports are up, 1 ms after the first packet.
 */
#include "ip_support.h"

#define CONFIG_DAD IP_CONFIG_OF(IP_LEFT(""), "")
#define CONFIG_PLAIN IP_CONFIG_OF(IP_LEFT("dad = false;"), "")
#define UNSPECIFIED "::"

/* All frames of `left`, announcements and all; ip_next() passes over some. */
static size_t at;

static void frame_is(uint64_t at_ns, int line)
{
	uint64_t got_ns = 0;
	uint32_t len = 0;
	const uint8_t *f = vnf_test_replay_frame(ip_run, "left", at++, &len, &got_ns);

	ip_compare("left", f, len, at_ns, got_ns, line);
}

#define FRAME(at_ns) frame_is(at_ns, __LINE__)

static void no_more_frames(void)
{
	cr_assert_null(vnf_test_replay_frame(ip_run, "left", at, NULL, NULL));
}

static void want_probe4(void)
{
	ip_arp(&want, ALL_MAC, LEFT_MAC, 1, "0.0.0.0", NO_MAC, LEFT4);
}

static void want_announce4(void)
{
	ip_arp(&want, ALL_MAC, LEFT_MAC, 1, LEFT4, NO_MAC, LEFT4);
}

static void want_probe6(const char *group_mac, const char *group, const char *target)
{
	vnf_test_eth(&want, group_mac, LEFT_MAC);
	vnf_test_ipv6(&want, UNSPECIFIED, group);
	ip_nd(&want, 135, 0, target, 0, NULL);
}

static void want_announce6(const char *addr)
{
	vnf_test_eth(&want, ALL_NODES_MAC, LEFT_MAC);
	vnf_test_ipv6(&want, addr, ALL_NODES);
	ip_nd(&want, 136, ND_R | ND_O, addr, ND_TLLAO, LEFT_MAC);
}

static void want_probes(void)
{
	want_probe4();
	FRAME(UP);
	want_probe6(GROUP_OF_1_MAC, GROUP_OF_1, LEFT6);
	FRAME(UP);
	want_probe6("33:33:ff:00:01:01", "ff02::1:ff00:101", LEFT_LL);
	FRAME(UP);
}

static void want_announcements(uint64_t at_ns)
{
	want_announce4();
	FRAME(at_ns);
	want_announce6(LEFT6);
	FRAME(at_ns);
	want_announce6(LEFT_LL);
	FRAME(at_ns);
}

/* ---- without a conflict ---- */

Test(ip_dad, a_probe_a_second_then_two_announcements, .fini = ip_end)
{
	ip_begin(CONFIG_DAD);
	ip_option("--until=+30s");
	ip_play();
	want_probes();
	want_announcements(UP + SECOND);
	want_announcements(UP + 3 * SECOND);
	no_more_frames();
}

Test(ip_dad, without_it_addresses_are_announced_at_once, .fini = ip_end)
{
	ip_begin(CONFIG_PLAIN);
	ip_option("--until=+30s");
	ip_play();
	want_announcements(UP);
	want_announcements(UP + 2 * SECOND);
	no_more_frames();
}

/* RFC 4862 section 5.4: nothing is answered for a tentative address. */
Test(ip_dad, tentative_addresses_do_not_answer, .fini = ip_end)
{
	ip_begin(CONFIG_DAD);
	ip_known("left", UP + SECOND - 1, HOST_MAC, HOST4, LEFT4);
	ip_known("left", UP + SECOND - 1, HOST_MAC, HOST6, LEFT6);
	ip_known("left", UP + SECOND + 1, HOST_MAC, HOST4, LEFT4);
	ip_play();
	want_probes();
	want_announcements(UP + SECOND);
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, LEFT4, HOST_MAC, HOST4);
	FRAME(UP + SECOND + 1);
	no_more_frames();
}

/* Other packets to it are silently dropped: RFC 4862 section 5.4. */
Test(ip_dad, tentative_addresses_receive_nothing, .fini = ip_end)
{
	ip_begin(IP_CONFIG_OF(IP_LEFT("") "," IP_RIGHT("dad = false;"), ""));
	ip_known("right", 2 * MS, PEER_MAC, PEER6, RIGHT6);
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER6, LEFT6);
	vnf_test_echo(&in, false, 1, 1);
	ip_put("right", BEGIN, &in);
	ip_to(&in, RIGHT_MAC, PEER_MAC, PEER6, LEFT6);
	ip_udp(&in, 10);
	ip_put("right", BEGIN + 1, &in);
	ip_play();
	SENT_NO_MORE("right");
}

/* ---- with one ---- */

/* The address is not taken: neither announced nor answered for. */
static void lost4(uint16_t op, const char *sender, const char *target)
{
	ip_begin(CONFIG_DAD);
	ip_arp(&in, ALL_MAC, OTHER_MAC, op, sender, NO_MAC, target);
	ip_put("left", UP + SECOND / 2, &in);
	ip_known("left", UP + 2 * SECOND, HOST_MAC, HOST4, LEFT4);
	ip_option("--until=+30s");
	ip_play();
	want_probes();
	for (int i = 0; i < 2; i++) {
		want_announce6(LEFT6);
		FRAME(UP + SECOND + (uint64_t)i * 2 * SECOND);
		want_announce6(LEFT_LL);
		FRAME(UP + SECOND + (uint64_t)i * 2 * SECOND);
	}
	no_more_frames();
}

Test(ip_dad, lost_to_a_reply, .fini = ip_end)
{
	lost4(2, LEFT4, "0.0.0.0");
}

Test(ip_dad, lost_to_a_request, .fini = ip_end)
{
	lost4(1, LEFT4, HOST4);
}

Test(ip_dad, lost_to_another_probe, .fini = ip_end)
{
	lost4(1, "0.0.0.0", LEFT4);
}

/* As lost4(), of the address LEFT6. */
static void lost6(void)
{
	ip_put("left", UP + SECOND / 2, &in);
	ip_known("left", UP + 2 * SECOND, HOST_MAC, HOST6, LEFT6);
	ip_option("--until=+30s");
	ip_play();
	want_probes();
	for (int i = 0; i < 2; i++) {
		want_announce4();
		FRAME(UP + SECOND + (uint64_t)i * 2 * SECOND);
		want_announce6(LEFT_LL);
		FRAME(UP + SECOND + (uint64_t)i * 2 * SECOND);
	}
	no_more_frames();
}

Test(ip_dad, lost_to_an_advertisement, .fini = ip_end)
{
	ip_begin(CONFIG_DAD);
	vnf_test_eth(&in, ALL_NODES_MAC, OTHER_MAC);
	vnf_test_ipv6(&in, LEFT6, ALL_NODES);
	ip_nd(&in, 136, ND_O, LEFT6, ND_TLLAO, OTHER_MAC);
	lost6();
}

Test(ip_dad, lost_to_another_probe6, .fini = ip_end)
{
	ip_begin(CONFIG_DAD);
	vnf_test_eth(&in, GROUP_OF_1_MAC, OTHER_MAC);
	vnf_test_ipv6(&in, UNSPECIFIED, GROUP_OF_1);
	ip_nd(&in, 135, 0, LEFT6, 0, NULL);
	lost6();
}

/* Our own probe, come back by a loop, is no conflict. */
Test(ip_dad, own_probes_that_come_back, .fini = ip_end)
{
	ip_begin(CONFIG_DAD);
	want_probe4();
	in = want;
	ip_put("left", UP + 5, &in);
	want_probe6(GROUP_OF_1_MAC, GROUP_OF_1, LEFT6);
	in = want;
	ip_put("left", UP + 6, &in);
	ip_option("--until=+1500ms");
	ip_play();
	want_probes();
	want_announcements(UP + SECOND);
	no_more_frames();
}

/* RFC 4862 section 5.4.3: a solicitation with a source is somebody's question, no conflict. */
Test(ip_dad, a_question_is_no_conflict, .fini = ip_end)
{
	ip_begin(CONFIG_DAD);
	ip_known("left", UP + 5, HOST_MAC, HOST6, LEFT6);
	ip_option("--until=+1500ms");
	ip_play();
	want_probes();
	want_announcements(UP + SECOND);
	no_more_frames();
}

/* ---- defence ---- */

/* RFC 5227 section 2.4 (c): at most each 10 s. */
Test(ip_dad, defended_each_ten_seconds, .fini = ip_end)
{
	static const uint64_t when[] = { 0, 1, 9999, 10001, 20000, 20001 };

	ip_begin(CONFIG_PLAIN);
	for (size_t i = 0; i < 6; i++) {
		ip_arp(&in, ALL_MAC, OTHER_MAC, 1, LEFT4, NO_MAC, LEFT4);
		ip_put("left", 5 * SECOND + when[i] * MS, &in);
	}
	ip_play();
	want_announcements(UP);
	want_announcements(UP + 2 * SECOND);
	want_announce4();
	FRAME(5 * SECOND);
	want_announce4();
	FRAME(5 * SECOND + 10001 * MS);
	want_announce4();
	FRAME(5 * SECOND + 20001 * MS);
	no_more_frames();
}

/* Exactly after ten seconds it is due again. */
Test(ip_dad, defended_after_exactly_ten_seconds, .fini = ip_end)
{
	static const uint64_t when[] = { 0, 10 * SECOND - 1, 10 * SECOND };

	ip_begin(CONFIG_PLAIN);
	for (size_t i = 0; i < 3; i++) {
		ip_arp(&in, ALL_MAC, OTHER_MAC, 2, LEFT4, NO_MAC, LEFT4);
		ip_put("left", 5 * SECOND + when[i], &in);
	}
	ip_play();
	at = 6;
	want_announce4();
	FRAME(5 * SECOND);
	want_announce4();
	FRAME(15 * SECOND);
	no_more_frames();
}

Test(ip_dad, ipv6_is_defended_too, .fini = ip_end)
{
	ip_begin(CONFIG_PLAIN);
	vnf_test_eth(&in, ALL_NODES_MAC, OTHER_MAC);
	vnf_test_ipv6(&in, LEFT6, ALL_NODES);
	ip_nd(&in, 136, ND_O, LEFT6, ND_TLLAO, OTHER_MAC);
	ip_put("left", 5 * SECOND, &in);
	ip_play();
	at = 6;
	want_announce6(LEFT6);
	FRAME(5 * SECOND);
	no_more_frames();
}

/* RFC 4862 section 5.4: whoever wants our address is told that it is ours. */
Test(ip_dad, another_probe_is_answered_to_all_nodes, .fini = ip_end)
{
	ip_begin(CONFIG_PLAIN);
	vnf_test_eth(&in, GROUP_OF_1_MAC, OTHER_MAC);
	vnf_test_ipv6(&in, UNSPECIFIED, GROUP_OF_1);
	ip_nd(&in, 135, 0, LEFT6, 0, NULL);
	ip_put("left", 5 * SECOND, &in);
	ip_play();
	at = 6;
	want_announce6(LEFT6);
	FRAME(5 * SECOND);
	no_more_frames();
}
