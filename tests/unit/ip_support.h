/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of the IP node: a router with two ports, played packets on a virtual clock.
 *
 *     left   10.0.1.1/24, 2001:db8:1::1/64    host at 10.0.1.9, 2001:db8:1::9
 *     right  10.0.2.1/24, 2001:db8:2::1/64    peer at 10.0.2.9, 2001:db8:2::9
 *
 * A packet at time 0 begins the router's life; its ports are up 1 ms later. Tests send from BEGIN
 * on, and what the router sent earlier, or announces of itself, is passed over by ip_sent(). Each
 * sent frame is compared whole with one that the test builds by itself.
 */
#ifndef IP_SUPPORT_H
#define IP_SUPPORT_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <vnf/clock.h>
#include <vnf/ip.h>
#include <vnf/test.h>
#include <vnf/vnf.h>

#define MS UINT64_C(1000000)
#define SECOND VNF_SECOND_NS
#define UP (1 * MS)
#define BEGIN (10 * MS)

#define LEFT_MAC "02:00:00:00:01:01"
#define RIGHT_MAC "02:00:00:00:02:01"
#define HOST_MAC "02:00:00:00:01:99"
#define PEER_MAC "02:00:00:00:02:99"
#define OTHER_MAC "02:00:00:00:02:77"
#define ALL_MAC "ff:ff:ff:ff:ff:ff"
#define NO_MAC "00:00:00:00:00:00"

#define LEFT4 "10.0.1.1"
#define RIGHT4 "10.0.2.1"
#define HOST4 "10.0.1.9"
#define PEER4 "10.0.2.9"
#define LEFT6 "2001:db8:1::1"
#define RIGHT6 "2001:db8:2::1"
#define HOST6 "2001:db8:1::9"
#define PEER6 "2001:db8:2::9"
/* Of the MAC addresses, and solicited-node groups. */
#define LEFT_LL "fe80::ff:fe00:101"
#define RIGHT_LL "fe80::ff:fe00:201"
#define HOST_LL "fe80::ff:fe00:199"
#define PEER_LL "fe80::ff:fe00:299"
#define GROUP_OF_1 "ff02::1:ff00:1"
#define GROUP_OF_9 "ff02::1:ff00:9"
#define GROUP_OF_1_MAC "33:33:ff:00:00:01"
#define GROUP_OF_9_MAC "33:33:ff:00:00:09"
#define ALL_NODES "ff02::1"
#define ALL_NODES_MAC "33:33:00:00:00:01"

#define ND_R 0x80000000u
#define ND_S 0x40000000u
#define ND_O 0x20000000u
#define ND_SLLAO 1
#define ND_TLLAO 2

static inline void ip_route_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
				  vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app ip_router = {
	VNF_APP("router"),
	.burst = ip_route_burst,
	.parts = { VNF_IP },
};

#define IP_PORTS                                                                                   \
	"ports = ( { name = \"left\"; kind = \"null\"; mac = \"" LEFT_MAC "\"; },\n"               \
	"  { name = \"right\"; kind = \"null\"; mac = \"" RIGHT_MAC "\"; } );\n"
#define IP_LEFT(more)                                                                              \
	"{ port = \"left\"; addresses = [ \"10.0.1.1/24\", \"2001:db8:1::1/64\" ]; " more " }"
#define IP_RIGHT(more)                                                                             \
	"{ port = \"right\"; addresses = [ \"10.0.2.1/24\", \"2001:db8:2::1/64\" ]; " more " }"
/* The whole configuration, with further keys of the group `ip`. */
#define IP_CONFIG_OF(interfaces, keys)                                                             \
	IP_PORTS "ip = { interfaces = ( " interfaces " );\n" keys " };\n"
#define IP_CONFIG(keys) IP_CONFIG_OF(IP_LEFT("dad = false;") ",\n" IP_RIGHT("dad = false;"), keys)

static struct vnf_test_replay *ip_run;
/* A packet that goes in, and one that has to come out. */
static struct vnf_test_packet in, want;
static size_t ip_next_left, ip_next_right;

/* ---- in ---- */

static inline void ip_put(const char *port, uint64_t at_ns, struct vnf_test_packet *p)
{
	int ret = vnf_test_replay_packet(ip_run, port, at_ns, p);

	cr_assert_eq(ret, 0, "%s: %d", p->failed != NULL ? p->failed : "send", ret);
}

static inline void ip_begin_with(const struct vnf_app *app, const char *config)
{
	ip_run = vnf_test_replay_create(app, config);
	vnf_test_eth(&in, ALL_MAC, HOST_MAC);
	ip_put("left", 0, &in);
}

static inline void ip_begin(const char *config)
{
	ip_begin_with(&ip_router, config);
}

static inline void ip_option(const char *option)
{
	cr_assert_eq(vnf_test_replay_option(ip_run, option), 0);
}

static inline void ip_play(void)
{
	cr_assert_eq(vnf_test_replay_run(ip_run), 0);
}

/* Neighbour Discovery: target, and the option if there is a MAC address for it. */
static inline void ip_nd(struct vnf_test_packet *p, uint8_t type, uint32_t flags,
			 const char *target, uint8_t option, const char *mac)
{
	struct vnf_test_packet a;
	uint8_t octets[8] = { option, 1 };

	vnf_test_ttl(p, 255);
	vnf_test_icmp(p, type, 0, flags);
	vnf_test_eth(&a, mac != NULL ? mac : NO_MAC, NO_MAC);
	vnf_test_ipv6(&a, target, target);
	cr_assert_eq(vnf_test_finish(&a), 0);
	vnf_test_bytes(p, a.data + 14 + 8, 16);
	memcpy(octets + 2, a.data, 6);
	if (mac != NULL)
		vnf_test_bytes(p, octets, sizeof(octets));
}

static inline void ip_arp(struct vnf_test_packet *p, const char *to, const char *from, uint16_t op,
			  const char *sender, const char *target_mac, const char *target)
{
	vnf_test_eth(p, to, from);
	vnf_test_arp(p, op, from, sender, target_mac, target);
}

/* Someone lets the router know it before the test begins: the entry is STALE. */
static inline void ip_known(const char *port, uint64_t at_ns, const char *mac, const char *addr,
			    const char *asked)
{
	if (strchr(addr, ':') == NULL) {
		ip_arp(&in, ALL_MAC, mac, 1, addr, NO_MAC, asked);
	} else {
		vnf_test_eth(&in, GROUP_OF_1_MAC, mac);
		vnf_test_ipv6(&in, addr, GROUP_OF_1);
		ip_nd(&in, 135, 0, asked, ND_SLLAO, mac);
	}
	ip_put(port, at_ns, &in);
}

/* Host and peer, by both families. */
static inline void ip_known_all(void)
{
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_known("left", 2 * MS, HOST_MAC, HOST6, LEFT6);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	ip_known("right", 2 * MS, PEER_MAC, PEER6, RIGHT6);
}

/* A packet from the host to the router, to be continued. */
static inline void ip_from_host(struct vnf_test_packet *p, const char *src, const char *dst)
{
	vnf_test_eth(p, LEFT_MAC, HOST_MAC);
	if (strchr(dst, ':') == NULL)
		vnf_test_ipv4(p, src, dst);
	else
		vnf_test_ipv6(p, src, dst);
}

/* The same as it leaves for the peer. */
static inline void ip_to(struct vnf_test_packet *p, const char *to, const char *from,
			 const char *src, const char *dst)
{
	vnf_test_eth(p, to, from);
	if (strchr(dst, ':') == NULL)
		vnf_test_ipv4(p, src, dst);
	else
		vnf_test_ipv6(p, src, dst);
}

static inline void ip_udp(struct vnf_test_packet *p, uint32_t octets)
{
	vnf_test_udp(p, 1000, 2000);
	vnf_test_payload(p, octets);
}

/* UDP from the host to the peer, of either family. */
static inline void ip_put_udp(uint64_t at_ns, const char *src, const char *dst)
{
	ip_from_host(&in, src, dst);
	ip_udp(&in, 64);
	ip_put("left", at_ns, &in);
}

/* ---- out ---- */

static inline bool ip_is_announcement(const uint8_t *f)
{
	static const uint8_t nodes[] = { 0x33, 0x33, 0, 0, 0, 1 };

	if (f[12] == 0x08 && f[13] == 0x06)
		return memcmp(f + 28, f + 38, 4) == 0;
	return memcmp(f, nodes, sizeof(nodes)) == 0 && f[12] == 0x86 && f[54] == 136;
}

/* The next frame that a test asks for; NULL: there is none. */
static inline const uint8_t *ip_next(const char *port, uint32_t *len, uint64_t *at_ns)
{
	size_t *i = strcmp(port, "left") == 0 ? &ip_next_left : &ip_next_right;
	const uint8_t *f;

	while ((f = vnf_test_replay_frame(ip_run, port, (*i)++, len, at_ns)) != NULL)
		if (*at_ns >= BEGIN && !ip_is_announcement(f))
			return f;
	--*i;
	return NULL;
}

static inline void ip_compare(const char *port, const uint8_t *f, uint32_t len, uint64_t at_ns,
			      uint64_t got_ns, int line)
{
	cr_assert_eq(vnf_test_finish(&want), 0, "line %d: %s", line, want.failed);
	cr_assert_not_null(f, "line %d: nothing is sent", line);
	cr_assert_eq(got_ns, at_ns, "line %d: %s: at %zu ns, wanted at %zu", line, port,
		     (size_t)got_ns, (size_t)at_ns);
	cr_assert_eq(len, want.len, "line %d: %s: %u octets, wanted %u", line, port, len, want.len);
	for (uint32_t i = 0; i < len; i++)
		cr_assert_eq(f[i], want.data[i], "line %d: %s: octet %u is %02x, wanted %02x", line,
			     port, i, f[i], want.data[i]);
}

static inline void ip_sent_at(const char *port, uint64_t at_ns, int line)
{
	uint64_t got_ns = 0;
	uint32_t len = 0;
	const uint8_t *f = ip_next(port, &len, &got_ns);

	ip_compare(port, f, len, at_ns, got_ns, line);
}

/* As ip_sent_at(), whatever the IPv4 identification. */
static inline void ip_sent_any_id_at(const char *port, uint64_t at_ns, int line)
{
	uint64_t got_ns = 0;
	uint32_t len = 0;
	const uint8_t *f = ip_next(port, &len, &got_ns), *id;

	cr_assert_not_null(f, "line %d: nothing is sent", line);
	id = f + (f[12] == 0x81 ? 22 : 18); /* with a tag, and without */
	vnf_test_ipv4_id(&want, (uint16_t)(id[0] << 8 | id[1]));
	ip_compare(port, f, len, at_ns, got_ns, line);
}

static inline void ip_sent_no_more_at(const char *port, int line)
{
	uint64_t got_ns;
	uint32_t len;
	const uint8_t *f = ip_next(port, &len, &got_ns);

	cr_assert_null(f, "line %d: %s: sent at %zu ns, type %02x%02x", line, port, (size_t)got_ns,
		       f[12], f[13]);
}

/* The next frame of the port is `want`, and left at this nanosecond. */
#define SENT(port, at_ns) ip_sent_at(port, at_ns, __LINE__)
#define SENT_ANY_ID(port, at_ns) ip_sent_any_id_at(port, at_ns, __LINE__)
#define SENT_NO_MORE(port) ip_sent_no_more_at(port, __LINE__)

static inline int64_t ip_dropped(const char *port, const char *reason)
{
	return vnf_test_replay_counter(ip_run, port, reason);
}

#define DROPPED(port, reason, n)                                                                   \
	cr_assert_eq(ip_dropped(port, reason), n, "line %d: %s: %d", __LINE__, reason,             \
		     (int)ip_dropped(port, reason))

/* Nothing is sent, and one packet of `left` is dropped for this. */
#define DROPPED_SILENTLY(reason)                                                                   \
	do {                                                                                       \
		DROPPED("left", reason, 1);                                                        \
		SENT_NO_MORE("left");                                                              \
		SENT_NO_MORE("right");                                                             \
	} while (0)

/* ---- what the router is to say ---- */

/* ARP request for `target` from an address of the router. */
static inline void ip_want_arp(const char *to, const char *mac, const char *src, const char *target)
{
	ip_arp(&want, to, mac, 1, src, NO_MAC, target);
}

/* UDP of ip_put_udp() on its way to the peer. */
static inline void ip_want_udp(const char *mac, const char *src, const char *dst)
{
	ip_to(&want, mac, RIGHT_MAC, src, dst);
	vnf_test_ttl(&want, 63);
	ip_udp(&want, 64);
}

/* An ICMP error to the host about `about`, finished before. */
static inline void ip_want_error(const char *src, uint8_t type, uint8_t code, uint32_t rest,
				 struct vnf_test_packet *about)
{
	bool v4 = strchr(src, ':') == NULL;

	cr_assert_eq(vnf_test_finish(about), 0, "%s", about->failed);
	ip_to(&want, HOST_MAC, LEFT_MAC, src, v4 ? HOST4 : HOST6);
	if (v4)
		vnf_test_dscp(&want, 48, 0);
	vnf_test_icmp_error(&want, type, code, rest, about, v4 ? 548 : 1232);
}

static inline void ip_end(void)
{
	vnf_test_replay_destroy(ip_run);
	ip_run = NULL;
}

#endif
