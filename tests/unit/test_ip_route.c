/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Routes of the IP node, as packets see them: the longest prefix, gateways, routes that lead
 * nowhere, links of two addresses; and files of routes.
 */
#include "ip_support.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATEWAY4 "10.0.2.254"
#define OTHER4 "10.0.2.253"

static char path[64];

/* A configuration whose file of routes has this text. */
static const char *config_with_file(const char *text)
{
	static char config[4096];
	int fd;

	snprintf(path, sizeof(path), "/tmp/vnf-routes-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	snprintf(config, sizeof(config), IP_CONFIG("routes_file = \"%s\";"), path);
	return config;
}

static void end(void)
{
	ip_end();
	if (path[0] != '\0')
		unlink(path);
}

TestSuite(ip_route, .fini = end);

static void begin(const char *config)
{
	ip_begin(config);
	ip_known_all();
	ip_known("right", 2 * MS, PEER_MAC, GATEWAY4, RIGHT4);
	ip_known("right", 2 * MS, OTHER_MAC, OTHER4, RIGHT4);
}

/* ---- where packets go ---- */

static const char longest[] =
	IP_CONFIG("routes = ( { prefix = \"0.0.0.0/0\"; via = \"10.0.2.254\"; },"
		  "{ prefix = \"192.0.2.0/24\"; via = \"10.0.2.253\"; },"
		  "{ prefix = \"192.0.2.128/25\"; via = \"10.0.2.254\"; },"
		  "{ prefix = \"192.0.2.200/32\"; via = \"10.0.2.253\"; },"
		  "{ prefix = \"10.0.0.0/8\"; type = \"blackhole\"; } );");

Test(ip_route, the_longest_prefix_counts)
{
	static const struct {
		const char *dst, *mac;
	} ways[] = {
		{ "198.51.100.1", PEER_MAC }, { "192.0.2.0", OTHER_MAC },
		{ "192.0.2.127", OTHER_MAC }, { "192.0.2.128", PEER_MAC },
		{ "192.0.2.199", PEER_MAC },  { "192.0.2.200", OTHER_MAC },
		{ "192.0.2.201", PEER_MAC },  { "192.0.3.0", PEER_MAC },
		{ PEER4, PEER_MAC },
	};
	size_t n = sizeof(ways) / sizeof(ways[0]);

	begin(longest);
	for (size_t i = 0; i < n; i++)
		ip_put_udp(BEGIN + i, HOST4, ways[i].dst);
	ip_play();
	for (size_t i = 0; i < n; i++) {
		ip_want_udp(ways[i].mac, HOST4, ways[i].dst);
		SENT("right", BEGIN + i);
	}
	SENT_NO_MORE("right");
	SENT_NO_MORE("left");
}

/* A gateway with a link-local address: RFC 4861 section 8. */
Test(ip_route, default_of_ipv6_by_a_link_local_gateway)
{
	ip_begin(IP_CONFIG("routes = ( { prefix = \"::/0\"; via = \"" PEER_LL
			   "\"; interface = \"right\"; } );"));
	ip_known_all();
	ip_put_udp(BEGIN, HOST6, "2001:db8:ffff::1");
	ip_play();
	vnf_test_eth(&want, "33:33:ff:00:02:99", RIGHT_MAC);
	vnf_test_ipv6(&want, RIGHT_LL, "ff02::1:ff00:299");
	ip_nd(&want, 135, 0, PEER_LL, ND_SLLAO, RIGHT_MAC);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
}

Test(ip_route, a_prefix_that_is_on_the_link)
{
	ip_begin(IP_CONFIG("routes = ( { prefix = \"192.0.2.0/24\"; interface = \"right\"; } );"));
	ip_known_all();
	ip_put_udp(BEGIN, HOST4, "192.0.2.5");
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, "192.0.2.5");
	SENT("right", BEGIN);
}

/* ---- nowhere ---- */

static const char nowhere[] =
	IP_CONFIG("routes = ( { prefix = \"192.0.2.0/26\"; type = \"blackhole\"; },"
		  "{ prefix = \"192.0.2.64/26\"; type = \"unreachable\"; },"
		  "{ prefix = \"192.0.2.128/26\"; type = \"prohibit\"; },"
		  "{ prefix = \"2001:db8:a::/48\"; type = \"blackhole\"; },"
		  "{ prefix = \"2001:db8:b::/48\"; type = \"unreachable\"; },"
		  "{ prefix = \"2001:db8:c::/48\"; type = \"prohibit\"; } );");

Test(ip_route, blackhole_unreachable_prohibit)
{
	static const struct {
		const char *dst;
		int type, code; /* -1: none */
		const char *reason;
	} ways[] = {
		{ "192.0.2.1", -1, -1, "blackhole" },     { "192.0.2.65", 3, 1, "no_route" },
		{ "192.0.2.129", 3, 13, "prohibited" },   { "192.0.2.193", 3, 0, "no_route" },
		{ "2001:db8:a::1", -1, -1, "blackhole" }, { "2001:db8:b::1", 1, 0, "no_route" },
		{ "2001:db8:c::1", 1, 1, "prohibited" },
	};

	ip_begin(nowhere);
	ip_known_all();
	for (size_t i = 0; i < 7; i++)
		ip_put_udp(BEGIN + i, i < 4 ? HOST4 : HOST6, ways[i].dst);
	ip_play();
	for (size_t i = 0; i < 7; i++) {
		if (ways[i].type < 0)
			continue;
		ip_from_host(&in, i < 4 ? HOST4 : HOST6, ways[i].dst);
		ip_udp(&in, 64);
		ip_want_error(i < 4 ? LEFT4 : LEFT6, (uint8_t)ways[i].type, (uint8_t)ways[i].code,
			      0, &in);
		if (i < 4)
			SENT_ANY_ID("left", BEGIN + i);
		else
			SENT("left", BEGIN + i);
	}
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	DROPPED("left", "blackhole", 2);
	DROPPED("left", "no_route", 3);
	DROPPED("left", "prohibited", 2);
}

/* ---- links of two, and of one: RFC 3021, RFC 6164 ---- */

static const char pairs[] =
	IP_CONFIG_OF(IP_LEFT("dad = false;") ", { port = \"right\"; dad = false; addresses = ["
					     "\"192.0.2.0/31\", \"192.0.2.9/32\","
					     "\"2001:db8:9::/127\" ]; }",
		     "");

Test(ip_route, both_addresses_of_a_31_are_hosts)
{
	ip_begin(pairs);
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_put_udp(BEGIN, HOST4, "192.0.2.1");
	ip_from_host(&in, HOST4, "192.0.2.0");
	vnf_test_echo(&in, false, 1, 2);
	ip_put("left", BEGIN + 1, &in);
	ip_play();
	ip_want_arp(ALL_MAC, RIGHT_MAC, "192.0.2.0", "192.0.2.1");
	SENT("right", BEGIN);
	ip_to(&want, HOST_MAC, LEFT_MAC, "192.0.2.0", HOST4);
	vnf_test_echo(&want, true, 1, 2);
	SENT_ANY_ID("left", BEGIN + 1);
}

Test(ip_route, both_addresses_of_a_127_are_hosts)
{
	ip_begin(pairs);
	ip_known("left", 2 * MS, HOST_MAC, HOST6, LEFT6);
	ip_put_udp(BEGIN, HOST6, "2001:db8:9::1");
	ip_from_host(&in, HOST6, "2001:db8:9::");
	vnf_test_echo(&in, false, 1, 2);
	ip_put("left", BEGIN + 1, &in);
	ip_play();
	vnf_test_eth(&want, GROUP_OF_1_MAC, RIGHT_MAC);
	vnf_test_ipv6(&want, "2001:db8:9::", GROUP_OF_1);
	ip_nd(&want, 135, 0, "2001:db8:9::1", ND_SLLAO, RIGHT_MAC);
	SENT("right", BEGIN);
	ip_to(&want, HOST_MAC, LEFT_MAC, "2001:db8:9::", HOST6);
	vnf_test_echo(&want, true, 1, 2);
	SENT("left", BEGIN + 1);
}

Test(ip_route, an_address_with_32_bits_answers)
{
	ip_begin(pairs);
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_from_host(&in, HOST4, "192.0.2.9");
	vnf_test_echo(&in, false, 1, 2);
	ip_put("left", BEGIN, &in);
	ip_play();
	ip_to(&want, HOST_MAC, LEFT_MAC, "192.0.2.9", HOST4);
	vnf_test_echo(&want, true, 1, 2);
	SENT_ANY_ID("left", BEGIN);
}

/* ---- files ---- */

Test(ip_route, a_file_of_routes)
{
	begin(config_with_file("# comment\n\n"
			       "default via 10.0.2.254 dev right # the rest\n"
			       "192.0.2.0/24 via 10.0.2.253\n"
			       "\t192.0.2.9\tvia  10.0.2.254\r\n"
			       "blackhole 198.51.100.0/24\n"
			       "unreachable 2001:db8:b::/48\n"
			       "prohibit 203.0.113.0/24\n"
			       "2001:db8:2:1::/64 dev right\n"
			       "default via 2001:db8:2::9"));
	ip_put_udp(BEGIN, HOST4, "8.8.8.8");
	ip_put_udp(BEGIN + 1, HOST4, "192.0.2.8");
	ip_put_udp(BEGIN + 2, HOST4, "192.0.2.9");
	ip_put_udp(BEGIN + 3, HOST4, "198.51.100.9");
	ip_put_udp(BEGIN + 4, HOST6, "2001:db8:ffff::9");
	ip_play();
	ip_want_udp(PEER_MAC, HOST4, "8.8.8.8");
	SENT("right", BEGIN);
	ip_want_udp(OTHER_MAC, HOST4, "192.0.2.8");
	SENT("right", BEGIN + 1);
	ip_want_udp(PEER_MAC, HOST4, "192.0.2.9");
	SENT("right", BEGIN + 2);
	ip_want_udp(PEER_MAC, HOST6, "2001:db8:ffff::9");
	SENT("right", BEGIN + 4);
	SENT_NO_MORE("right");
	DROPPED("left", "blackhole", 1);
}

static const struct {
	const char *line, *why;
} bad_lines[] = {
	{ "10.0.0/8 via 10.0.2.9", "\"10.0.0/8\" is no prefix" },
	{ "10.0.0.0/33 via 10.0.2.9", "\"10.0.0.0/33\" is no prefix" },
	{ "2001:db8::/129 dev right", "\"2001:db8::/129\" is no prefix" },
	{ "blackhole", "there is no prefix" },
	{ "192.0.2.1/24 via 10.0.2.9", "\"192.0.2.1/24\" has bits beyond its length" },
	{ "192.0.2.0/24", "the route leads nowhere" },
	{ "192.0.2.0/24 via", "after `via` there is nothing" },
	{ "192.0.2.0/24 via right", "after `via` there is \"right\"" },
	{ "192.0.2.0/24 via 224.0.0.1", "no address of a gateway" },
	{ "192.0.2.0/24 via ::", "no address of a gateway" },
	{ "192.0.2.0/24 via 0.0.0.0 dev right", "no address of a gateway" },
	{ "192.0.2.0/24 dev", "after `dev` there is no name" },
	{ "192.0.2.0/24 metric 5", "\"metric\" is not known here" },
	{ "192.0.2.0/24 via 10.0.2.9 via 10.0.2.8", "\"via\" is not known here" },
	{ "blackhole 192.0.2.0/24 dev right", "neither `via` nor `dev`" },
	{ "192.0.2.0/24 via 2001:db8:2::9", "not of the same IP version" },
	{ "2001:db8:f::/48 via fe80::9", "`dev INTERFACE` must say on which link" },
	{ "192.0.2.0/24 dev middle", "no interface is named \"middle\"" },
	{ "192.0.2.0/24 via 192.0.2.1", "the gateway is in no interface's subnet" },
	{ "192.0.2.0/24 via 10.0.2.1", "the gateway is this program itself" },
};

#define BAD_LINES (sizeof(bad_lines) / sizeof(bad_lines[0]))

static void bad_line(size_t i)
{
	char text[512], where[128];
	const char *log;

	snprintf(text, sizeof(text), "default via 10.0.2.9\n# good so far\n%s\n",
		 bad_lines[i].line);
	ip_begin(config_with_file(text));
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0);
	log = vnf_test_replay_log(ip_run);
	snprintf(where, sizeof(where), "%s:3: ", path);
	cr_assert_not_null(strstr(log, where), "%s", log);
	cr_assert_not_null(strstr(log, bad_lines[i].why), "%s", log);
}

#define BAD(i)                                                                                     \
	Test(ip_route, bad_line_##i)                                                               \
	{                                                                                          \
		bad_line(i);                                                                       \
	}

BAD(0)
BAD(1)
BAD(2)
BAD(3)
BAD(4)
BAD(5)
BAD(6)
BAD(7)
BAD(8)
BAD(9)
BAD(10)
BAD(11)
BAD(12)
BAD(13)
BAD(14)
BAD(15)
BAD(16)
BAD(17)
BAD(18)
BAD(19)

Test(ip_route, no_bad_line_is_left_out)
{
	cr_assert_eq(BAD_LINES, 20);
}

static void bad_file(const char *keys, const char *why)
{
	static char config[4096];

	snprintf(config, sizeof(config), IP_CONFIG("%s"), keys);
	ip_begin(config);
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0);
	cr_assert_not_null(strstr(vnf_test_replay_log(ip_run), why), "%s",
			   vnf_test_replay_log(ip_run));
}

Test(ip_route, a_file_that_is_not_there)
{
	bad_file("routes_file = \"/nowhere/routes\";",
		 "cannot read \"/nowhere/routes\": No such file or directory");
}

Test(ip_route, a_folder_is_no_file)
{
	bad_file("routes_file = \"/tmp\";", "cannot read \"/tmp\": it is no file");
}

/* It is not waited for somebody who writes. */
Test(ip_route, a_pipe_is_no_file, .timeout = 20)
{
	char dir[] = "/tmp/vnf-routes-XXXXXX", keys[128], why[128];

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/routes", dir);
	cr_assert_eq(mkfifo(path, 0600), 0);
	snprintf(keys, sizeof(keys), "routes_file = \"%s\";", path);
	snprintf(why, sizeof(why), "cannot read \"%s\": it is no file", path);
	bad_file(keys, why);
	unlink(path);
	path[0] = '\0';
	rmdir(dir);
}

Test(ip_route, a_line_that_is_too_long)
{
	char text[5000];

	memset(text, ' ', sizeof(text));
	memcpy(text, "default via 10.0.2.9", 20);
	text[sizeof(text) - 1] = '\0';
	ip_begin(config_with_file(text));
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0);
	cr_assert_not_null(strstr(vnf_test_replay_log(ip_run), ":1: longer than 4094 octets"));
}
