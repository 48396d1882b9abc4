/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf_ip_may_forward(): a program that translates 203.0.113.1 to the peer (and 2001:db8:99::1) asks
 * before it does; errors quote the packet as its source sent it.
 */
#include "ip_support.h"

#include <vnf/edit.h>

#include "replay_input.h"

#define OUTSIDE4 "203.0.113.1"
#define OUTSIDE6 "2001:db8:99::1"
#define CONFIG_WORKERS(keys)                                                                       \
	"workers = 2;\n" IP_CONFIG_OF(                                                             \
		IP_LEFT("dad = false;") ", { port = \"right\"; mtu = 1280; "                       \
					"addresses = [ \"10.0.2.1/24\", \"2001:db8:2::1/64\" ]; "  \
					"dad = false; }",                                          \
		keys)

/* Where packets are translated to, and who asked. */
static uint8_t to4[4], to6[16];
static uint32_t asked[2];

static vnf_verdict_t translate(struct vnf_worker *worker, uint16_t i, struct rte_mbuf *pkt,
			       const struct vnf_headers *h)
{
	const uint8_t *to = vnf_is_ipv4(h) ? to4 : to6;
	vnf_verdict_t verdict = vnf_ip_may_forward(worker, i, pkt, h, to);

	asked[worker->id]++;
	if (verdict != VNF_IP_PASS)
		return verdict;
	if (vnf_is_ipv4(h)) {
		rte_be32_t addr;

		memcpy(&addr, to4, sizeof(addr));
		vnf_set_ipv4_dst(pkt, h, addr);
	} else {
		vnf_set_ipv6_dst(pkt, h, to6);
	}
	return VNF_IP_PASS;
}

static void ahead_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		if (h[i].proto != 17 || h[i].l4 == 0 || verdicts[i] != VNF_IP_PASS)
			continue;
		if (vnf_udp(pkts[i], &h[i])->dst_port == RTE_BE16(2001)) {
			verdicts[i] = vnf_ip_may_forward(worker, i, pkts[i], &h[i], NULL);
			asked[worker->id]++;
		} else {
			verdicts[i] = translate(worker, i, pkts[i], &h[i]);
		}
	}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app ahead_app = {
	VNF_APP("ahead"),
	.burst = ahead_burst,
	.parts = { VNF_IP },
};

/* Address octets, by a packet to it. */
static void aim(const char *addr)
{
	struct vnf_test_packet p;
	bool v4 = strchr(addr, ':') == NULL;

	ip_from_host(&p, addr, addr);
	cr_assert_eq(vnf_test_finish(&p), 0);
	memcpy(v4 ? to4 : to6, p.data + (v4 ? 30 : 38), v4 ? 4 : 16);
}

/* A host whose packets to `dst` come to this worker. */
static const char *host_of(uint16_t worker, const char *dst)
{
	static char addr[64];
	struct vnf_test_packet p;

	for (uint32_t i = 10; i < 90; i++) {
		snprintf(addr, sizeof(addr), "%s%u",
			 strchr(dst, ':') == NULL ? "10.0.1." : "2001:db8:1::", i);
		ip_from_host(&p, addr, dst);
		cr_assert_eq(vnf_test_finish(&p), 0, "%s", p.failed);
		if (replay_queue(p.data, p.len, 2) == worker)
			return addr;
	}
	cr_assert_fail("no host comes to worker %u", worker);
	return NULL;
}

static const char *begin(uint16_t worker, const char *dst, const char *keys)
{
	bool v4 = strchr(dst, ':') == NULL;
	static char config[4096];
	const char *host;

	snprintf(config, sizeof(config), "%s", CONFIG_WORKERS("KEYS"));
	*strstr(config, "KEYS") = '\0';
	snprintf(config + strlen(config), sizeof(config) - strlen(config), "%s };\n", keys);
	memset(asked, 0, sizeof(asked));
	aim(v4 ? PEER4 : PEER6);
	ip_begin_with(&ahead_app, config);
	host = host_of(worker, dst);
	ip_known("left", 2 * MS, HOST_MAC, host, v4 ? LEFT4 : LEFT6);
	ip_known("right", 2 * MS, PEER_MAC, v4 ? PEER4 : PEER6, v4 ? RIGHT4 : RIGHT6);
	ip_from_host(&in, host, dst);
	return host;
}

static void play(uint16_t worker)
{
	ip_put("left", BEGIN, &in);
	ip_play();
	cr_assert_eq(asked[worker], 1);
	cr_assert_eq(asked[1 - worker], 0);
}

/* The error to the host about what it sent. */
static void want_error(const char *host, uint8_t type, uint8_t code, uint32_t rest)
{
	bool v4 = strchr(host, ':') == NULL;

	ip_to(&want, HOST_MAC, LEFT_MAC, v4 ? LEFT4 : LEFT6, host);
	if (v4)
		vnf_test_dscp(&want, 48, 0);
	vnf_test_icmp_error(&want, type, code, rest, &in, v4 ? 548 : 1232);
}

static void told(const char *host, uint8_t type, uint8_t code, uint32_t rest, const char *reason)
{
	want_error(host, type, code, rest);
	if (strchr(host, ':') == NULL)
		SENT_ANY_ID("left", BEGIN);
	else
		SENT("left", BEGIN);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", reason, 1);
}

/* ---- on ---- */

static void goes_on(uint16_t worker, const char *dst, const char *peer)
{
	const char *host = begin(worker, dst, "");

	ip_udp(&in, 64);
	play(worker);
	ip_to(&want, PEER_MAC, RIGHT_MAC, host, peer);
	vnf_test_ttl(&want, 63);
	ip_udp(&want, 64);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

Test(ip_ahead, goes_on, .fini = ip_end)
{
	goes_on(0, OUTSIDE4, PEER4);
}

Test(ip_ahead, ipv6_goes_on, .fini = ip_end)
{
	goes_on(0, OUTSIDE6, PEER6);
}

/* What may be cut is not too long. */
Test(ip_ahead, without_df_it_is_cut, .fini = ip_end)
{
	uint64_t at_ns;
	uint32_t len;

	begin(0, OUTSIDE4, "");
	vnf_test_ipv4_id(&in, 0x4321);
	ip_udp(&in, 1300);
	play(0);
	cr_assert_not_null(ip_next("right", &len, &at_ns));
	cr_assert_eq(len, 14 + 1276);
	cr_assert_not_null(ip_next("right", &len, &at_ns));
	cr_assert_eq(len, 14 + 20 + 8 + 1300 - 1256);
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

/* ---- refused ---- */

static void ttl_is_over(uint16_t worker, const char *dst, uint8_t type)
{
	const char *host = begin(worker, dst, "");

	vnf_test_ttl(&in, 1);
	ip_udp(&in, 64);
	play(worker);
	told(host, type, 0, 0, "ttl");
}

Test(ip_ahead, ttl_is_over_at_worker_0, .fini = ip_end)
{
	ttl_is_over(0, OUTSIDE4, 11);
}

Test(ip_ahead, ttl_is_over_at_worker_1, .fini = ip_end)
{
	ttl_is_over(1, OUTSIDE4, 11);
}

Test(ip_ahead, hop_limit_is_over_at_worker_0, .fini = ip_end)
{
	ttl_is_over(0, OUTSIDE6, 3);
}

Test(ip_ahead, hop_limit_is_over_at_worker_1, .fini = ip_end)
{
	ttl_is_over(1, OUTSIDE6, 3);
}

static void too_long(uint16_t worker, const char *dst, uint8_t type, uint8_t code)
{
	const char *host = begin(worker, dst, "");

	if (strchr(dst, ':') == NULL)
		vnf_test_ipv4_df(&in);
	ip_udp(&in, 1300);
	play(worker);
	told(host, type, code, 1280, "too_big");
}

Test(ip_ahead, too_long_at_worker_0, .fini = ip_end)
{
	too_long(0, OUTSIDE4, 3, 4);
}

Test(ip_ahead, too_long_at_worker_1, .fini = ip_end)
{
	too_long(1, OUTSIDE4, 3, 4);
}

Test(ip_ahead, ipv6_too_long_at_worker_0, .fini = ip_end)
{
	too_long(0, OUTSIDE6, 2, 0);
}

Test(ip_ahead, ipv6_too_long_at_worker_1, .fini = ip_end)
{
	too_long(1, OUTSIDE6, 2, 0);
}

static void no_way(const char *type, uint8_t code, const char *reason)
{
	char keys[128];
	const char *host;

	snprintf(keys, sizeof(keys), "routes = ( { prefix = \"192.0.2.0/24\"; type = \"%s\"; } );",
		 type);
	host = begin(1, OUTSIDE4, type[0] == '\0' ? "" : keys);
	aim("192.0.2.7");
	ip_udp(&in, 64);
	play(1);
	if (code != UINT8_MAX)
		told(host, 3, code, 0, reason);
	else
		DROPPED_SILENTLY(reason);
}

Test(ip_ahead, no_route, .fini = ip_end)
{
	no_way("", 0, "no_route");
}

Test(ip_ahead, unreachable, .fini = ip_end)
{
	no_way("unreachable", 1, "no_route");
}

Test(ip_ahead, prohibited, .fini = ip_end)
{
	no_way("prohibit", 13, "prohibited");
}

Test(ip_ahead, blackhole, .fini = ip_end)
{
	no_way("blackhole", UINT8_MAX, "blackhole");
}

Test(ip_ahead, broadcast, .fini = ip_end)
{
	begin(0, OUTSIDE4, "");
	aim("10.0.2.255");
	ip_udp(&in, 64);
	play(0);
	DROPPED_SILENTLY("broadcast");
}

/* An own address: the program is told, and the node refuses what is left to it. */
Test(ip_ahead, local, .fini = ip_end)
{
	const char *host = begin(0, OUTSIDE4, "");

	aim(RIGHT4);
	ip_udp(&in, 64);
	play(0);
	told(host, 3, 3, 0, "no_service");
}

/* RFC 3927 section 2.7. */
Test(ip_ahead, link_local_stays, .fini = ip_end)
{
	begin(0, OUTSIDE4, "");
	ip_from_host(&in, "169.254.7.7", OUTSIDE4);
	ip_udp(&in, 64);
	ip_put("left", BEGIN, &in);
	ip_play();
	DROPPED_SILENTLY("scope");
}

/* ---- to where it is addressed ---- */

Test(ip_ahead, by_its_own_destination, .fini = ip_end)
{
	const char *host = begin(0, PEER4, "");

	vnf_test_ttl(&in, 1);
	vnf_test_udp(&in, 1000, 2001);
	vnf_test_payload(&in, 64);
	play(0);
	told(host, 11, 0, 0, "ttl");
}
