/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The DHCP client of the IP node, played against a scripted server on a virtual clock. Identifiers
 * and delays are of the replay's random stream, which the test draws from as well. What is due by
 * time happens when the links are looked at: 1 ms after the first packet, and every 100 ms.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vnf/clock.h>
#include <vnf/ip.h>
#include <vnf/test.h>
#include <vnf/vnf.h>

#include "ip_node.h"
#include "replay_input.h"

#define MS UINT64_C(1000000)
#define SECOND VNF_SECOND_NS
#define UP (1 * MS)
#define LOOK (100 * MS)

#define LEFT_MAC "02:00:00:00:01:01"
#define RIGHT_MAC "02:00:00:00:02:01"
#define HOST_MAC "02:00:00:00:01:99"
#define SERVER_MAC "02:00:00:00:02:99"
#define OTHER_MAC "02:00:00:00:02:77"
#define ALL_MAC "ff:ff:ff:ff:ff:ff"
#define NO_MAC "00:00:00:00:00:00"
#define SERVER "10.0.2.9"
#define LEASED "10.0.2.50"
#define ALL "255.255.255.255"

#define OPTIONS_AT 240
#define FRAME_PAYLOAD 42
#define MESSAGES_MAX 64
/* Times of the exchange that most tests begin with. */
#define OFFER_AT (50 * MS)
#define ACK_AT (60 * MS)
#define LEASE_S 100
#define VALID_AT (ACK_AT + SECOND)

static void route_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app app = {
	VNF_APP("router"),
	.burst = route_burst,
	.parts = { VNF_IP },
};

#define CONFIG_OF(port, more, keys)                                                                \
	"ports = ( { name = \"left\"; kind = \"null\"; mac = \"" LEFT_MAC "\"; " port " },\n"      \
	"  { name = \"right\"; kind = \"null\"; mac = \"" RIGHT_MAC "\"; " port " } );\n"          \
	"ip = { interfaces = ( { port = \"left\"; addresses = [ \"10.0.1.1/24\" ]; },\n"           \
	"  { port = \"right\"; dhcp = true; " more " } );\n" keys " };\n"
#define CONFIG(more, keys) CONFIG_OF("", more, keys)

static struct vnf_test_replay *run;
static struct vnf_test_packet p;
static struct vnf_random stream;
static uint32_t xid;

/* A message of the client. */
struct message {
	uint64_t at_ns;
	const uint8_t *frame;
	uint8_t type;
	uint32_t xid;
	bool broadcast;
};

static struct message sent[MESSAGES_MAX];
static size_t n_sent;

/* ---- time and chance ---- */

/* When the clients are looked at next. */
static uint64_t look(uint64_t at_ns)
{
	return UP + (at_ns - UP + LOOK - 1) / LOOK * LOOK;
}

static uint32_t draw_xid(void)
{
	xid = (uint32_t)vnf_random_next(&stream);
	return xid;
}

/* What is added to a delay. */
static int64_t draw_jitter(void)
{
	return (int64_t)(vnf_random_below(&stream, 2001) * MS) - (int64_t)SECOND;
}

/* ---- the server ---- */

static void put(const char *port, uint64_t at_ns)
{
	int ret = vnf_test_replay_packet(run, port, at_ns, &p);

	cr_assert_eq(ret, 0, "%s: %d", p.failed != NULL ? p.failed : "send", ret);
}

/* The router's life begins, or has lasted so long. */
static void be_at(uint64_t at_ns)
{
	vnf_test_eth(&p, ALL_MAC, HOST_MAC);
	put("left", at_ns);
}

static void begin(const char *config)
{
	random_fix(1);
	vnf_random_init(&stream, IP_DHCP_RANDOM_NAME);
	run = vnf_test_replay_create(&app, config);
	be_at(0);
}

static uint8_t msg[DHCP_READ_MAX];
static size_t n_msg;

static void option(uint8_t code, const void *octets, uint8_t n)
{
	msg[n_msg++] = code;
	msg[n_msg++] = n;
	memcpy(msg + n_msg, octets, n);
	n_msg += n;
}

static void option_u32(uint8_t code, uint32_t value)
{
	rte_be32_t be = rte_cpu_to_be_32(value);

	option(code, &be, sizeof(be));
}

/* A message without a server's name. */
static void answer_bare(uint8_t type)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 2, 1 }, cookie[] = { 99, 130, 83, 99 };
	rte_be32_t be = rte_cpu_to_be_32(xid), address = RTE_BE32(0x0a000232);

	memset(msg, 0, sizeof(msg));
	msg[0] = 2;
	msg[1] = 1;
	msg[2] = 6;
	memcpy(msg + 4, &be, sizeof(be));
	if (type != DHCP_NAK)
		memcpy(msg + 16, &address, sizeof(address));
	memcpy(msg + DHCP_CHADDR_AT, mac, sizeof(mac));
	memcpy(msg + 236, cookie, sizeof(cookie));
	n_msg = OPTIONS_AT;
	option(53, &type, 1);
	if (type == DHCP_NAK)
		return;
	option_u32(51, LEASE_S);
	option_u32(1, 0xffffff00);
}

static void answer(uint8_t type)
{
	answer_bare(type);
	option_u32(54, 0x0a000209);
	if (type != DHCP_NAK)
		option_u32(3, 0x0a000209);
}

static void answer_to(uint64_t at_ns, const char *mac, const char *dst)
{
	vnf_test_eth(&p, mac, SERVER_MAC);
	vnf_test_ipv4(&p, SERVER, dst);
	vnf_test_udp(&p, 67, 68);
	vnf_test_bytes(&p, msg, (uint32_t)n_msg);
	put("right", at_ns);
}

static void answer_at(uint64_t at_ns)
{
	answer_to(at_ns, ALL_MAC, ALL);
}

/* All it takes: DISCOVER at UP, REQUEST at OFFER_AT, bound at ACK_AT. */
static void lease(void)
{
	draw_xid();
	draw_jitter();
	draw_jitter();
	answer(DHCP_OFFER);
	answer_at(OFFER_AT);
	answer(DHCP_ACK);
	answer_at(ACK_AT);
}

static void arp(uint64_t at_ns, const char *to, uint16_t op, const char *from, const char *sender,
		const char *target_mac, const char *target)
{
	vnf_test_eth(&p, to, from);
	vnf_test_arp(&p, op, from, sender, target_mac, target);
	put("right", at_ns);
}

/* ---- what was sent ---- */

static uint8_t type_of(const uint8_t *frame)
{
	return frame[FRAME_PAYLOAD + OPTIONS_AT + 2];
}

static void messages_read(void)
{
	const uint8_t *f;
	uint32_t len;
	uint64_t at;

	for (size_t i = 0; (f = vnf_test_replay_frame(run, "right", i, &len, &at)) != NULL &&
			   n_sent < MESSAGES_MAX;
	     i++) {
		if (len < FRAME_PAYLOAD + DHCP_WRITE_BYTES || f[23] != IPPROTO_UDP || f[37] != 67)
			continue;
		sent[n_sent++] = (struct message){
			.at_ns = at,
			.frame = f,
			.type = type_of(f),
			.xid = (uint32_t)f[46] << 24 | f[47] << 16 | f[48] << 8 | f[49],
			.broadcast = f[0] == 0xff && f[30] == 0xff,
		};
	}
}

static void play(uint64_t until_ns)
{
	be_at(until_ns);
	cr_assert_eq(vnf_test_replay_run(run), 0);
	messages_read();
}

static void end(void)
{
	vnf_test_replay_destroy(run);
}

static void sent_at(size_t i, uint8_t type, uint64_t at_ns, int line)
{
	cr_assert_lt(i, n_sent, "line %d: only %zu messages", line, n_sent);
	cr_assert_eq(sent[i].type, type, "line %d: type %u", line, sent[i].type);
	cr_assert_eq(sent[i].at_ns, at_ns, "line %d: at %zu, wanted %zu", line,
		     (size_t)sent[i].at_ns, (size_t)at_ns);
}

#define SENT(i, type, at_ns) sent_at(i, type, at_ns, __LINE__)

/* Has a frame of this kind gone out of the port then? */
static const uint8_t *frame_at(const char *port, uint64_t at_ns, uint8_t type_low, uint8_t proto)
{
	const uint8_t *f;
	uint32_t len;
	uint64_t at;

	for (size_t i = 0; (f = vnf_test_replay_frame(run, port, i, &len, &at)) != NULL; i++)
		if (at == at_ns && f[13] == type_low && (type_low == 6 || f[23] == proto))
			return f;
	return NULL;
}

/* The lease's address answers ARP then; to be called before and after. */
static void ask(uint64_t at_ns)
{
	arp(at_ns, ALL_MAC, 1, SERVER_MAC, SERVER, NO_MAC, LEASED);
}

static bool answered(uint64_t at_ns)
{
	const uint8_t *f = frame_at("right", at_ns, 6, 0);

	return f != NULL && f[21] == 2;
}

/* ---- tests ---- */

Test(ip_dhcp, discover_octet_for_octet)
{
	static const uint8_t client[] = { 2, 0, 0, 0, 2, 1 };
	struct dhcp_request r = { .type = DHCP_DISCOVER, .octets_max = 1500, .mac = client };
	uint8_t octets[DHCP_WRITE_BYTES];

	begin(CONFIG("", ""));
	play(2 * SECOND);
	cr_assert_eq(n_sent, 1);
	SENT(0, DHCP_DISCOVER, UP);
	r.xid = draw_xid();
	dhcp_write(&r, octets);
	vnf_test_eth(&p, ALL_MAC, RIGHT_MAC);
	vnf_test_ipv4(&p, "0.0.0.0", ALL);
	vnf_test_ipv4_df(&p);
	vnf_test_udp(&p, 68, 67);
	vnf_test_bytes(&p, octets, sizeof(octets));
	cr_assert_eq(vnf_test_finish(&p), 0);
	for (uint32_t i = 0; i < p.len; i++)
		cr_assert(i == 18 || i == 19 || i == 24 || i == 25 || sent[0].frame[i] == p.data[i],
			  "octet %u: %02x, wanted %02x", i, sent[0].frame[i], p.data[i]);
	end();
}

Test(ip_dhcp, bound_answers_and_routes)
{
	const uint8_t *f;

	begin(CONFIG("", ""));
	lease();
	ask(VALID_AT - MS); /* tentative still */
	ask(2 * SECOND);
	vnf_test_eth(&p, RIGHT_MAC, SERVER_MAC);
	vnf_test_ipv4(&p, SERVER, LEASED);
	vnf_test_echo(&p, false, 1, 1);
	put("right", 3 * SECOND);
	/* By the default route, to the server, which is known by now. */
	vnf_test_eth(&p, LEFT_MAC, HOST_MAC);
	vnf_test_ipv4(&p, "10.0.1.9", "192.0.2.1");
	vnf_test_udp(&p, 1000, 2000);
	put("left", 4 * SECOND);
	play(5 * SECOND);
	cr_assert_eq(n_sent, 2);
	SENT(0, DHCP_DISCOVER, UP);
	SENT(1, DHCP_REQUEST, OFFER_AT);
	cr_assert(sent[1].broadcast);
	cr_assert_eq(sent[1].xid, sent[0].xid);
	/* The address that was offered and the server's: options 50 and 54. */
	cr_assert_eq(memcmp(sent[1].frame + FRAME_PAYLOAD + OPTIONS_AT + 12,
			    ((const uint8_t[]){ 50, 4, 10, 0, 2, 50, 54, 4, 10, 0, 2, 9 }), 12),
		     0);
	f = frame_at("right", ACK_AT, 6, 0);
	cr_assert_not_null(f, "no probe");
	cr_assert_not(answered(VALID_AT - MS));
	cr_assert(answered(2 * SECOND));
	f = frame_at("right", 3 * SECOND, 0, IPPROTO_ICMP);
	cr_assert_not_null(f, "no echo reply");
	f = frame_at("right", 4 * SECOND, 0, IPPROTO_UDP);
	cr_assert_not_null(f, "not forwarded");
	cr_assert_eq(f[5], 0x99);
	end();
}

/* RFC 2131 section 4.1: some servers answer to the address that is yet to be taken. */
Test(ip_dhcp, unicast_answers)
{
	begin(CONFIG("dad = false;", ""));
	draw_xid();
	answer(DHCP_OFFER);
	answer_to(OFFER_AT, RIGHT_MAC, LEASED);
	answer(DHCP_ACK);
	answer_to(ACK_AT, RIGHT_MAC, LEASED);
	ask(SECOND);
	play(2 * SECOND);
	cr_assert(answered(SECOND));
	end();
}

/* Another client's, on its way through us. */
Test(ip_dhcp, answers_of_others_are_forwarded)
{
	const uint8_t *f;

	begin(CONFIG("dad = false;", ""));
	lease();
	vnf_test_eth(&p, LEFT_MAC, HOST_MAC);
	vnf_test_arp(&p, 1, HOST_MAC, "10.0.1.9", NO_MAC, "10.0.1.1");
	put("left", 2 * SECOND);
	answer(DHCP_ACK);
	msg[DHCP_CHADDR_AT + 5] = 7;
	answer_to(3 * SECOND, RIGHT_MAC, "10.0.1.9");
	play(4 * SECOND);
	f = frame_at("left", 3 * SECOND, 0, IPPROTO_UDP);
	cr_assert_not_null(f);
	end();
}

Test(ip_dhcp, renewed_by_unicast)
{
	uint64_t t1 = look(OFFER_AT + LEASE_S / 2 * SECOND);

	begin(CONFIG("", ""));
	lease();
	ask(t1 - SECOND); /* so that the server's MAC address is known */
	draw_xid();
	answer(DHCP_ACK);
	answer_to(t1 + 5 * MS, RIGHT_MAC, LEASED);
	ask(t1 + 49 * SECOND);
	ask(LEASE_S * SECOND + 10 * SECOND);
	play(t1 + 55 * SECOND + 10 * SECOND);
	SENT(2, DHCP_REQUEST, t1);
	cr_assert_not(sent[2].broadcast);
	cr_assert_eq(sent[2].xid, xid);
	cr_assert_eq(sent[2].frame[5], 0x99);
	/* From the address, which is said as ciaddr; neither option 50 nor 54. */
	cr_assert_eq(
		memcmp(sent[2].frame + 26, ((const uint8_t[]){ 10, 0, 2, 50, 10, 0, 2, 9 }), 8), 0);
	cr_assert_eq(
		memcmp(sent[2].frame + FRAME_PAYLOAD + 12, ((const uint8_t[]){ 10, 0, 2, 50 }), 4),
		0);
	cr_assert_eq(sent[2].frame[FRAME_PAYLOAD + OPTIONS_AT + 12], 57);
	/* It lasts from then on, and is renewed anew. */
	SENT(3, DHCP_REQUEST, look(t1 + LEASE_S / 2 * SECOND));
	cr_assert(answered(LEASE_S * SECOND + 10 * SECOND));
	end();
}

Test(ip_dhcp, rebound_by_broadcast)
{
	uint64_t t1 = look(OFFER_AT + 50 * SECOND), t2 = look(OFFER_AT + 87 * SECOND);

	begin(CONFIG("", ""));
	lease();
	ask(t1 - SECOND);
	draw_xid();
	draw_xid();
	/* Another server may do it. */
	answer_bare(DHCP_ACK);
	option_u32(54, 0x0a000208);
	answer_at(t2 + 5 * MS);
	ask(120 * SECOND);
	play(130 * SECOND);
	SENT(2, DHCP_REQUEST, t1);
	SENT(3, DHCP_REQUEST, t2);
	cr_assert(sent[3].broadcast);
	cr_assert_eq(sent[3].xid, xid);
	cr_assert_eq(memcmp(sent[3].frame + 26, ((const uint8_t[]){ 10, 0, 2, 50 }), 4), 0);
	cr_assert_eq(n_sent, 4);
	cr_assert(answered(120 * SECOND));
	end();
}

Test(ip_dhcp, expires)
{
	uint64_t end_at = look(OFFER_AT + LEASE_S * SECOND);

	begin(CONFIG("", ""));
	lease();
	ask(49 * SECOND);
	ask(end_at - MS);
	ask(end_at + MS);
	play(end_at + SECOND);
	cr_assert_eq(n_sent, 5);
	SENT(4, DHCP_DISCOVER, end_at);
	cr_assert(answered(end_at - MS));
	cr_assert_not(answered(end_at + MS));
	end();
}

Test(ip_dhcp, static_addresses_stay)
{
	begin(CONFIG("dad = false; addresses = [ \"10.0.2.1/24\" ];", ""));
	lease();
	arp(102 * SECOND, ALL_MAC, 1, SERVER_MAC, SERVER, NO_MAC, "10.0.2.1");
	ask(103 * SECOND);
	play(104 * SECOND);
	cr_assert(answered(102 * SECOND));
	cr_assert_not(answered(103 * SECOND));
	end();
}

/* An address of our own is not taken from a server. */
Test(ip_dhcp, own_address_is_not_taken)
{
	begin(CONFIG("dad = false; addresses = [ \"" LEASED "/24\" ];", ""));
	lease();
	play(2 * SECOND);
	cr_assert_eq(n_sent, 1);
	end();
}

Test(ip_dhcp, nak)
{
	begin(CONFIG("", ""));
	draw_xid();
	answer(DHCP_OFFER);
	answer_at(OFFER_AT);
	answer(DHCP_NAK);
	answer_at(ACK_AT);
	play(4 * SECOND);
	cr_assert_eq(n_sent, 3);
	SENT(2, DHCP_DISCOVER, look(ACK_AT + 2 * SECOND));
	cr_assert_neq(sent[2].xid, sent[0].xid);
	end();
}

Test(ip_dhcp, nak_takes_the_address)
{
	uint64_t t1 = look(OFFER_AT + 50 * SECOND);

	begin(CONFIG("", ""));
	lease();
	ask(t1 - SECOND);
	draw_xid();
	answer(DHCP_NAK);
	answer_at(t1 + 5 * MS);
	ask(t1 + SECOND);
	play(t1 + 3 * SECOND);
	cr_assert(answered(t1 - SECOND));
	cr_assert_not(answered(t1 + SECOND));
	SENT(3, DHCP_DISCOVER, look(t1 + 5 * MS + 2 * SECOND));
	end();
}

Test(ip_dhcp, foreign_and_broken_offers_are_ignored)
{
	begin(CONFIG("", ""));
	draw_xid();
	xid ^= 1;
	answer(DHCP_OFFER);
	answer_at(10 * MS);
	xid ^= 1;
	answer(DHCP_OFFER);
	msg[DHCP_CHADDR_AT] ^= 4;
	answer_at(11 * MS);
	answer_bare(DHCP_OFFER);
	answer_at(12 * MS);
	answer(DHCP_OFFER);
	msg[0] = 1;
	answer_at(13 * MS);
	answer(DHCP_OFFER);
	msg[n_msg++] = 26;
	msg[n_msg++] = 200;
	answer_at(14 * MS);
	answer(DHCP_ACK); /* nothing was asked for */
	answer_at(15 * MS);
	answer(DHCP_OFFER);
	vnf_test_eth(&p, ALL_MAC, SERVER_MAC);
	vnf_test_ipv4(&p, SERVER, ALL);
	vnf_test_udp(&p, 67, 68);
	vnf_test_checksum_wrong(&p);
	vnf_test_bytes(&p, msg, (uint32_t)n_msg);
	put("right", 16 * MS);
	/* Cut short, and of another port. */
	vnf_test_eth(&p, ALL_MAC, SERVER_MAC);
	vnf_test_ipv4(&p, SERVER, ALL);
	vnf_test_udp(&p, 67, 68);
	vnf_test_bytes(&p, msg, 100);
	put("right", 17 * MS);
	vnf_test_eth(&p, ALL_MAC, SERVER_MAC);
	vnf_test_ipv4(&p, SERVER, ALL);
	vnf_test_udp(&p, 67, 69);
	vnf_test_bytes(&p, msg, (uint32_t)n_msg);
	put("right", 18 * MS);
	play(SECOND);
	cr_assert_eq(n_sent, 1);
	/* Of another client, and to another port. */
	cr_assert_eq(vnf_test_replay_counter(run, "right", "broadcast"), 2);
	cr_assert_eq(vnf_test_replay_counter(run, "right", "malformed"), 5);
	end();
}

Test(ip_dhcp, udp_without_checksum)
{
	begin(CONFIG("", ""));
	draw_xid();
	answer(DHCP_OFFER);
	vnf_test_eth(&p, ALL_MAC, SERVER_MAC);
	vnf_test_ipv4(&p, SERVER, ALL);
	vnf_test_udp(&p, 67, 68);
	vnf_test_checksum(&p, 0);
	vnf_test_bytes(&p, msg, (uint32_t)n_msg);
	put("right", OFFER_AT);
	play(SECOND);
	SENT(1, DHCP_REQUEST, OFFER_AT);
	end();
}

/* An ACK that is not what was offered, or by another server. */
Test(ip_dhcp, other_acks_are_ignored)
{
	begin(CONFIG("dad = false;", ""));
	draw_xid();
	answer(DHCP_OFFER);
	answer_at(OFFER_AT);
	answer(DHCP_ACK);
	msg[19] = 51;
	answer_at(ACK_AT);
	answer_bare(DHCP_ACK);
	option_u32(54, 0x0a000208);
	answer_at(ACK_AT + MS);
	ask(SECOND);
	play(2 * SECOND);
	cr_assert_not(answered(SECOND));
	end();
}

Test(ip_dhcp, classless_routes)
{
	static const uint8_t routes[] = {
		24, 192, 0, 2, 10, 0, 2, 9, 24, 198, 51, 100, 10, 0, 2, 9
	};
	static const char *const to[] = { "192.0.2.1", "198.51.100.1", "203.0.113.1" };

	/* A route of the configuration wins over the server's. */
	begin(CONFIG("dad = false;",
		     "routes = ( { prefix = \"198.51.100.0/24\"; type = \"blackhole\"; } );"));
	draw_xid();
	answer(DHCP_OFFER);
	answer_at(OFFER_AT);
	answer(DHCP_ACK);
	option(121, routes, sizeof(routes));
	answer_at(ACK_AT);
	ask(SECOND);
	for (uint64_t i = 0; i < 3; i++) {
		vnf_test_eth(&p, LEFT_MAC, HOST_MAC);
		vnf_test_ipv4(&p, "10.0.1.9", to[i]);
		vnf_test_udp(&p, 1000, 2000);
		put("left", (2 + i) * SECOND);
	}
	play(10 * SECOND);
	cr_assert_not_null(frame_at("right", 2 * SECOND, 0, IPPROTO_UDP));
	cr_assert_null(frame_at("right", 3 * SECOND, 0, IPPROTO_UDP));
	cr_assert_eq(vnf_test_replay_counter(run, "left", "blackhole"), 1);
	/* There is no default route: option 3 does not count beside this. */
	cr_assert_null(frame_at("right", 4 * SECOND, 0, IPPROTO_UDP));
	cr_assert_eq(vnf_test_replay_counter(run, "left", "no_route"), 1);
	end();
}

Test(ip_dhcp, declined_if_somebody_has_it)
{
	begin(CONFIG("", ""));
	lease();
	arp(ACK_AT + 100 * MS, RIGHT_MAC, 2, OTHER_MAC, LEASED, RIGHT_MAC, "0.0.0.0");
	ask(2 * SECOND);
	play(12 * SECOND);
	SENT(2, DHCP_DECLINE, ACK_AT + 100 * MS);
	cr_assert(sent[2].broadcast);
	cr_assert_eq(memcmp(sent[2].frame + FRAME_PAYLOAD + OPTIONS_AT + 12,
			    ((const uint8_t[]){ 50, 4, 10, 0, 2, 50, 54, 4, 10, 0, 2, 9, 255 }),
			    13),
		     0);
	SENT(3, DHCP_DISCOVER, look(ACK_AT + 100 * MS + 10 * SECOND));
	cr_assert_not(answered(2 * SECOND));
	end();
}

Test(ip_dhcp, backs_off)
{
	static const uint64_t delay_s[] = { 4, 8, 16, 32, 64, 64, 64 };
	uint64_t at = UP;

	begin(CONFIG("", ""));
	play(300 * SECOND);
	draw_xid();
	for (size_t i = 0; i < sizeof(delay_s) / sizeof(delay_s[0]) && at < 300 * SECOND; i++) {
		SENT(i, DHCP_DISCOVER, at);
		cr_assert_eq(sent[i].xid, xid);
		at = look((uint64_t)((int64_t)(at + delay_s[i] * SECOND) + draw_jitter()));
	}
	cr_assert_geq(n_sent, 6);
	end();
}

/* ---- a program that has addresses beside, and works with the interface's ---- */

static struct vnf_ip_range beside;
static rte_be32_t planned[4]; /* the interface's one address at each build; 0: none */
static uint32_t n_planned;

static bool beside_addresses(const struct vnf *vnf, const void *config, uint32_t i,
			     struct vnf_ip_range *range)
{
	(void)vnf;
	(void)config;
	*range = beside;
	return i == 0;
}

static int beside_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	rte_be32_t none;

	(void)config;
	(void)built;
	cr_assert_lt(n_planned, 4);
	vnf_ip_planned_address(vnf, file, 1, 0, &planned[n_planned++]);
	cr_assert_eq(vnf_ip_planned_address(vnf, file, 1, 1, &none), -ENOENT);
	/* The file knows nothing of leases. */
	cr_assert_eq(vnf_ip_planned_address(NULL, file, 1, 0, &none), -ENOENT);
	return 0;
}

static void begin_beside(uint32_t first, uint32_t last)
{
	static struct vnf_app with;

	beside = (struct vnf_ip_range){ rte_cpu_to_be_32(first), rte_cpu_to_be_32(last) };
	with = app;
	with.addresses = beside_addresses;
	with.build = beside_build;
	random_fix(1);
	vnf_random_init(&stream, IP_DHCP_RANDOM_NAME);
	run = vnf_test_replay_create(&with, CONFIG("dad = false;", ""));
	be_at(0);
}

static void ask_for(uint64_t at_ns, const char *addr)
{
	arp(at_ns, ALL_MAC, 1, SERVER_MAC, SERVER, NO_MAC, addr);
}

static void udp_to(uint64_t at_ns, const char *addr)
{
	vnf_test_eth(&p, LEFT_MAC, HOST_MAC);
	vnf_test_ipv4(&p, "10.0.1.9", addr);
	vnf_test_udp(&p, 1000, 2000);
	put("left", at_ns);
}

/* They are on the link for as long as there is a lease of its subnet, and received always. */
Test(ip_dhcp, addresses_beside_in_the_subnet_of_a_lease)
{
	begin_beside(0x0a000228, 0x0a000250);
	ask_for(20 * MS, "10.0.2.60");
	udp_to(30 * MS, "10.0.2.60");
	lease();
	ask_for(SECOND, "10.0.2.60");
	ask(2 * SECOND);
	udp_to(3 * SECOND, "10.0.2.60");
	ask_for(110 * SECOND, "10.0.2.60");
	play(120 * SECOND);
	cr_assert_not(answered(20 * MS));
	cr_assert(answered(SECOND));
	cr_assert(answered(2 * SECOND));
	cr_assert_not(answered(110 * SECOND));
	cr_assert_eq(vnf_test_replay_counter(run, "left", "no_service"), 2);
	/* Without, with, and without. */
	cr_assert_eq(n_planned, 3);
	cr_assert_eq(planned[0], 0);
	cr_assert_eq(planned[1], RTE_BE32(0x0a000232));
	cr_assert_eq(planned[2], 0);
	end();
}

/* A lease is not refused for that: they are received only. */
Test(ip_dhcp, too_many_addresses_beside_in_the_subnet_of_a_lease)
{
	begin_beside(0x0a000300, 0x0a001300);
	draw_xid();
	draw_jitter();
	draw_jitter();
	answer(DHCP_OFFER);
	answer_at(OFFER_AT);
	answer(DHCP_ACK);
	msg[OPTIONS_AT + 13] = 0; /* of the mask */
	answer_at(ACK_AT);
	ask_for(SECOND, "10.0.3.60");
	ask(2 * SECOND);
	udp_to(3 * SECOND, "10.0.3.60");
	play(4 * SECOND);
	cr_assert_not(answered(SECOND));
	cr_assert(answered(2 * SECOND));
	cr_assert_eq(vnf_test_replay_counter(run, "left", "no_service"), 1);
	cr_assert_eq(planned[1], RTE_BE32(0x0a000232));
	end();
}

/* A server that offers and says no more: four requests, then all anew. */
Test(ip_dhcp, server_falls_silent)
{
	uint64_t at = OFFER_AT;

	begin(CONFIG("", ""));
	draw_xid();
	draw_jitter();
	answer(DHCP_OFFER);
	answer_at(OFFER_AT);
	play(70 * SECOND);
	for (uint32_t i = 0; i < 4; i++) {
		SENT(1 + i, DHCP_REQUEST, at);
		at = look((uint64_t)((int64_t)(at + (4 * SECOND << i)) + draw_jitter()));
	}
	SENT(5, DHCP_DISCOVER, at);
	cr_assert_neq(sent[5].xid, sent[0].xid);
	end();
}

/* Any worker may receive; worker 0 has the client. */
Test(ip_dhcp, other_workers_hand_over)
{
	char from[] = "10.0.2.0";

	begin("workers = 2;\n" CONFIG_OF("queues = 2;", "dad = false;", ""));
	draw_xid();
	answer(DHCP_OFFER);
	/* By the second queue, which is worker 1's. */
	do {
		from[sizeof(from) - 2]++;
		vnf_test_eth(&p, ALL_MAC, SERVER_MAC);
		vnf_test_ipv4(&p, from, ALL);
		vnf_test_udp(&p, 67, 68);
		vnf_test_bytes(&p, msg, (uint32_t)n_msg);
		cr_assert_eq(vnf_test_finish(&p), 0);
	} while (replay_queue(p.data, p.len, 2) != 1);
	cr_assert_eq(vnf_test_replay_send(run, "right", OFFER_AT, p.data, p.len), 0);
	answer(DHCP_ACK);
	answer_at(ACK_AT);
	ask(SECOND);
	play(2 * SECOND);
	SENT(1, DHCP_REQUEST, OFFER_AT);
	cr_assert(answered(SECOND));
	end();
}
