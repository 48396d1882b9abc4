/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a reload of vnf-firewall means to sessions, errors and datagrams that it finds under way.
 */

#include "fw_support.h"

#define WIRE                                                                                       \
	"mode = \"transparent\";"                                                                  \
	"ports = ( { name = \"lan\"; kind = \"null\"; }, { name = \"wan\"; kind = \"null\"; } );"  \
	"wires = ( { a = \"lan\"; b = \"wan\"; } );"                                               \
	"zones = ( { name = \"lan\"; ports = [ \"lan\" ]; },"                                      \
	"          { name = \"wan\"; ports = [ \"wan\" ]; } );"
#define RULES(...) WIRE "rules = ( " __VA_ARGS__ " );"
/* Never matches, so that others have greater numbers. */
#define NEVER "{ src = [ \"240.0.0.0/4\" ]; action = \"drop\"; }, "
#define ALL "{ from = [ \"lan\" ]; to = [ \"wan\" ]; action = \"accept\"; }"

#define CLIENT "10.0.0.1"
#define ROUTER "198.51.100.254"
#define SERVER "198.51.100.1"

static void from_lan(struct vnf_test_packet *p)
{
	vnf_test_eth(p, WAN_MAC, LAN_MAC);
	vnf_test_ipv4(p, CLIENT, SERVER);
}

static void question(struct vnf_test_replay *t, uint64_t at_ns, struct vnf_test_packet *p)
{
	from_lan(p);
	vnf_test_udp(p, 1000, 53);
	vnf_test_payload(p, 64);
	vnf_test_replay_packet(t, "lan", at_ns, p);
}

/* Its rule was the third, and is the first now. */
Test(fw_reload, an_error_about_a_session_counts_for_the_rule_that_is_in_force)
{
	static const struct fw_change change = { 50 * MS, RULES(ALL) };
	struct vnf_test_replay *t = fw_begin(RULES(NEVER NEVER ALL), &change, 1);
	struct vnf_test_packet p, error;

	question(t, 0, &p);
	vnf_test_eth(&error, LAN_MAC, WAN_MAC);
	vnf_test_ipv4(&error, ROUTER, CLIENT);
	vnf_test_icmp_error(&error, 3, 1, 0, &p, 64);
	vnf_test_replay_packet(t, "wan", 100 * MS, &error);
	fw_run(t);
	cr_assert_str_eq(fw_fate(t, 0), "pass");
	cr_assert_str_eq(fw_fate(t, 1), "pass");
	vnf_test_replay_destroy(t);
}

/* ---- zones ---- */

#define RENAMES 40

/* Zones of other names each time; `action`: of what goes between them. */
static const char *renamed(uint32_t i, const char *action)
{
	static char texts[RENAMES + 1][1024];

	snprintf(texts[i], sizeof(texts[i]),
		 "mode = \"transparent\";"
		 "ports = ( { name = \"lan\"; kind = \"null\"; },"
		 "          { name = \"wan\"; kind = \"null\"; } );"
		 "wires = ( { a = \"lan\"; b = \"wan\"; } );"
		 "zones = ( { name = \"a%u\"; ports = [ \"lan\" ]; },"
		 "          { name = \"b%u\"; ports = [ \"wan\" ]; } );"
		 "rules = ( { from = [ \"b%u\" ]; action = \"drop\"; },"
		 "          { from = [ \"a%u\" ]; to = [ \"b%u\" ]; action = \"%s\"; } );",
		 i, i, i, i, i, action);
	return texts[i];
}

/* More names than there are numbers: they are used once more, and mean what they mean now. */
Test(fw_reload, zones_of_more_names_than_there_are_numbers)
{
	static struct fw_change changes[RENAMES];
	struct vnf_test_replay *t;
	struct vnf_test_packet p;

	for (uint32_t i = 0; i < RENAMES; i++)
		changes[i] =
			(struct fw_change){ (50 + i * UINT64_C(100)) * MS,
					    renamed(i + 1, i + 1 < RENAMES ? "accept" : "drop") };
	t = fw_begin(renamed(0, "accept"), changes, RENAMES);
	for (uint32_t i = 0; i <= RENAMES; i++)
		question(t, i * 100 * MS, &p);
	fw_run(t);
	for (uint32_t i = 0; i < RENAMES; i++)
		cr_assert_str_eq(fw_fate(t, i), "pass", "%u", i);
	cr_assert_str_eq(fw_fate(t, RENAMES), "other_zone");
	vnf_test_replay_destroy(t);
}

/* A session moves along with its ports, whatever their zones are called and numbered by now. */
Test(fw_reload, sessions_move_along_where_zones_have_other_names)
{
	static struct fw_change changes[RENAMES];
	struct vnf_test_replay *t;
	struct vnf_test_packet p;

	for (uint32_t i = 0; i < RENAMES; i++)
		changes[i] = (struct fw_change){ (50 + i * UINT64_C(100)) * MS,
						 renamed(i + 1, "accept") };
	fw_plan.walks = true;
	t = fw_begin(renamed(0, "accept"), changes, RENAMES);
	question(t, 0, &p);
	question(t, 3940 * MS, &p); /* by the last but one */
	vnf_test_eth(&p, LAN_MAC, WAN_MAC);
	vnf_test_ipv4(&p, SERVER, CLIENT);
	vnf_test_udp(&p, 53, 1000);
	vnf_test_replay_packet(t, "wan", 6000 * MS, &p);
	fw_run(t);
	cr_assert_str_eq(fw_fate(t, 1), "pass");
	cr_assert_str_eq(fw_fate(t, 2), "pass");
	vnf_test_replay_destroy(t);
}

static void echo(struct vnf_test_replay *t, const char *port, uint64_t at_ns, uint8_t code)
{
	bool is_reply = strcmp(port, "wan") == 0;
	struct vnf_test_packet p;

	vnf_test_eth(&p, WAN_MAC, LAN_MAC);
	vnf_test_ipv4(&p, is_reply ? SERVER : CLIENT, is_reply ? CLIENT : SERVER);
	vnf_test_icmp(&p, is_reply ? 0 : 8, code, 0x00070001);
	vnf_test_replay_packet(t, port, at_ns, &p);
}

#define ICMP(code) "{ proto = [ \"icmp\" ]; icmp = [ \"8/" code "\" ]; action = \"accept\"; }"

/* Its code is of no meaning, and rules may name it all the same. */
Test(fw_reload, a_session_of_icmp_is_judged_by_its_code)
{
	static const struct fw_change changes[] = { { 50 * MS, RULES(NEVER ICMP("5")) },
						    { 150 * MS, RULES(ICMP("0")) } };
	struct vnf_test_replay *t = fw_begin(RULES(ICMP("5")), changes, 2);

	echo(t, "lan", 0, 5);
	echo(t, "wan", 1 * MS, 0);
	echo(t, "wan", 100 * MS, 0);
	echo(t, "wan", 200 * MS, 0);
	fw_run(t);
	cr_assert_str_eq(fw_fate(t, 0), "pass");
	cr_assert_str_eq(fw_fate(t, 1), "pass");
	cr_assert_str_eq(fw_fate(t, 2), "pass");
	cr_assert_str_eq(fw_fate(t, 3), "policy");
	vnf_test_replay_destroy(t);
}

/* ---- datagrams ---- */

#define PART 512

/* Parts of a datagram of 2,048 octets and its header; the third is its last but one. */
static void part(struct vnf_test_replay *t, uint64_t at_ns, const char *to, uint32_t n)
{
	struct vnf_test_packet whole, p;

	vnf_test_eth(&whole, WAN_MAC, LAN_MAC);
	vnf_test_ipv4(&whole, CLIENT, to);
	vnf_test_udp(&whole, 1000, 53);
	vnf_test_payload(&whole, 2048);
	vnf_test_finish(&whole);
	vnf_test_fragment(&p, &whole, 7, n * PART, PART);
	vnf_test_replay_packet(t, "lan", at_ns, &p);
}

#define GROUP "239.1.2.3"
#define TO(ports) "{ proto = [ \"udp\" ]; dport = [ \"" ports "\" ]; action = \"accept\"; }"

static void parts(const char *to, const struct fw_change *change, const char *fate)
{
	struct vnf_test_replay *t = fw_begin(RULES(TO("53")), change, 1);

	part(t, 0, to, 0);
	part(t, 1 * MS, to, 1);
	part(t, 1500 * MS, to, 2);
	part(t, 1501 * MS, to, 3);
	fw_run(t);
	cr_assert_str_eq(fw_fate(t, 0), "pass");
	cr_assert_str_eq(fw_fate(t, 1), "pass");
	cr_assert_str_eq(fw_fate(t, 2), fate);
	cr_assert_str_eq(fw_fate(t, 3), fate);
	vnf_test_replay_destroy(t);
}

static const struct fw_change goes_on = { 50 * MS, RULES(NEVER TO("50-59")) };
static const struct fw_change is_denied = { 50 * MS, RULES(TO("54")) };

Test(fw_reload, a_datagram_that_goes_on_is_of_its_session)
{
	parts(SERVER, &goes_on, "pass");
}

Test(fw_reload, a_datagram_that_is_denied_ends)
{
	parts(SERVER, &is_denied, "policy");
}

/* There is no session then. */
Test(fw_reload, a_datagram_that_goes_on_ends_with_its_session)
{
	fw_plan.walks = true;
	parts(SERVER, &is_denied, "no_session");
}

Test(fw_reload, a_datagram_to_a_group_goes_on)
{
	parts(GROUP, &goes_on, "pass");
}

Test(fw_reload, a_datagram_to_a_group_that_is_denied_ends)
{
	parts(GROUP, &is_denied, "policy");
}

/* ---- as a router ---- */

#define NET(port, net) "{ port = \"" port "\"; dad = false; addresses = [ \"" net ".1/24\" ]; }"
#define ROUTER_OF(...)                                                                             \
	"mode = \"routed\";"                                                                       \
	"ports = ( { name = \"lan\"; kind = \"null\"; mac = \"02:00:00:00:01:01\"; },"             \
	"          { name = \"dmz\"; kind = \"null\"; mac = \"02:00:00:00:03:01\"; },"             \
	"          { name = \"wan\"; kind = \"null\"; mac = \"02:00:00:00:02:01\"; } );"           \
	"ip = { interfaces = ( " NET("lan", "10.0.1") ", " NET("dmz", "10.0.3") ", " NET(          \
		"wan", "10.0.2") " ); };"                                                          \
				 "reverse_path = \"off\";"                                         \
				 "zones = ( { name = \"lan\"; interfaces = [ \"lan\" ]; },"        \
				 "          { name = \"dmz\"; interfaces = [ \"dmz\" ]; },"        \
				 "          { name = \"wan\"; interfaces = [ \"wan\" ]; } );"      \
				 "rules = ( " __VA_ARGS__ " );"
#define FROM(zones) "{ from = [ " zones " ]; to = [ \"wan\" ]; action = \"accept\"; }"

static void neighbour(struct vnf_test_replay *t, const char *port, const char *mac, const char *ip,
		      const char *own)
{
	struct vnf_test_packet p;

	vnf_test_eth(&p, "ff:ff:ff:ff:ff:ff", mac);
	vnf_test_arp(&p, 1, mac, ip, "00:00:00:00:00:00", own);
	vnf_test_replay_packet(t, port, 0, &p);
}

static void segment(struct vnf_test_replay *t, const char *port, uint64_t at_ns, uint8_t flags,
		    uint32_t seq, uint32_t ack)
{
	bool is_answer = strcmp(port, "wan") == 0;
	struct vnf_test_packet p;

	vnf_test_eth(&p,
		     is_answer                  ? "02:00:00:00:02:01"
		     : strcmp(port, "lan") == 0 ? "02:00:00:00:01:01"
						: "02:00:00:00:03:01",
		     is_answer ? WAN_MAC : LAN_MAC);
	vnf_test_ipv4(&p, is_answer ? "10.0.2.9" : "10.0.1.9", is_answer ? "10.0.1.9" : "10.0.2.9");
	vnf_test_tcp(&p, is_answer ? 80 : 1000, is_answer ? 1000 : 80, flags);
	vnf_test_tcp_seq(&p, seq, ack, 1000);
	vnf_test_replay_packet(t, port, at_ns, &p);
}

static struct vnf_test_replay *connect_by(const struct fw_change *change)
{
	struct vnf_test_replay *t = fw_begin(ROUTER_OF(FROM("\"lan\", \"dmz\"")), change, 1);

	fw_plan.walks = true;
	neighbour(t, "lan", LAN_MAC, "10.0.1.9", "10.0.1.1");
	neighbour(t, "wan", WAN_MAC, "10.0.2.9", "10.0.2.1");
	segment(t, "lan", 10 * MS, VNF_TEST_SYN, 100, 0);
	segment(t, "wan", 11 * MS, VNF_TEST_SYN | VNF_TEST_ACK, 500, 101);
	segment(t, "lan", 12 * MS, VNF_TEST_ACK, 101, 501);
	return t;
}

/* A guess of a reset in the window is for the host to challenge. What the new policy denies to the
 * zone that they come from ends nothing.
 */
Test(fw_reload, segments_that_prove_nothing_move_no_session)
{
	static const struct fw_change change = { 50 * MS, ROUTER_OF(FROM("\"lan\"")) };
	struct vnf_test_replay *t = connect_by(&change);

	segment(t, "dmz", 20 * MS, VNF_TEST_ACK, 0x7f000000, 501);
	segment(t, "dmz", 21 * MS, VNF_TEST_SYN, 0x7f000000, 0);
	segment(t, "dmz", 22 * MS, VNF_TEST_RST, 500, 0);
	segment(t, "lan", 2000 * MS, VNF_TEST_ACK, 101, 501);
	segment(t, "wan", 2001 * MS, VNF_TEST_ACK, 501, 101);
	fw_run(t);
	cr_assert_str_eq(fw_fate(t, 5), "tcp_window");
	cr_assert_str_eq(fw_fate(t, 6), "pass");
	cr_assert_str_eq(fw_fate(t, 7), "pass");
	cr_assert_str_eq(fw_fate(t, 8), "pass");
	cr_assert_str_eq(fw_fate(t, 9), "pass");
	vnf_test_replay_destroy(t);
}

/* It goes another way now, so it ends with what that is denied. */
Test(fw_reload, segments_in_window_move_a_session)
{
	static const struct fw_change change = { 50 * MS, ROUTER_OF(FROM("\"lan\"")) };
	struct vnf_test_replay *t = connect_by(&change);

	segment(t, "dmz", 20 * MS, VNF_TEST_ACK, 101, 501);
	segment(t, "wan", 2001 * MS, VNF_TEST_ACK, 501, 101);
	fw_run(t);
	cr_assert_str_eq(fw_fate(t, 5), "pass");
	cr_assert_str_eq(fw_fate(t, 6), "no_session");
	vnf_test_replay_destroy(t);
}
