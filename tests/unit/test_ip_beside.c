/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses that a program has beside those of its interfaces (vnf_app.addresses): on which link
 * they are, ARP for them, what is received, what is never sent from them; reloads, and leases. The
 * program here takes its ranges from a key, and keeps what vnf_ip_planned_address() told it.
 */
#include <errno.h>
#include <stdlib.h>

#include "ip_node.h"
#include "reload.h"

#include "ip_support.h"

/* ---- a program with ranges ---- */

struct beside_config {
	const char *ranges; /* "10.0.1.20-10.0.1.30 192.0.2.1-192.0.2.9" */
};

static const struct vnf_config_key beside_keys[] = {
	{ .name = "ranges",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct beside_config, ranges),
	  .doc = "Addresses of the program." },
	{ .name = NULL },
};

static rte_be32_t addr_of(const char *text)
{
	struct ip_addr a;

	cr_assert_eq(ip_addr_parse(text, &a), 0, "%s", text);
	return a.word[3];
}

/* How often the program was asked without a struct vnf, and with. */
static uint32_t asked_check, asked_build;

static bool beside_addresses(const struct vnf *vnf, const void *config, uint32_t i,
			     struct vnf_ip_range *range)
{
	const char *at = ((const struct beside_config *)config)->ranges;
	char first[32], last[32];

	if (i == 0) {
		asked_check += vnf == NULL;
		asked_build += vnf != NULL;
	}
	for (; i > 0 && at != NULL; i--) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	if (at == NULL || sscanf(at, "%31[0-9.]-%31[0-9.]", first, last) != 2)
		return false;
	range->first = addr_of(first);
	range->last = addr_of(last);
	return true;
}

/* Addresses of interface 1 in the generations that were built, the newest last. */
#define BUILDS_MAX 8
static struct {
	uint32_t n;
	rte_be32_t address[4];
} built_with[BUILDS_MAX];
static uint32_t n_builds;
static bool ends_known;

static int beside_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	(void)config;
	(void)built;
	cr_assert_lt(n_builds, BUILDS_MAX);
	ends_known = vnf_ip_planned_broadcast(vnf, file, addr_of("10.0.2.0")) &&
		     vnf_ip_planned_broadcast(vnf, file, addr_of("10.0.2.255")) &&
		     !vnf_ip_planned_broadcast(vnf, file, addr_of("10.0.2.1")) &&
		     !vnf_ip_planned_broadcast(vnf, file, addr_of("10.0.9.255"));
	while (vnf_ip_planned_address(vnf, file, 1, built_with[n_builds].n,
				      &built_with[n_builds].address[built_with[n_builds].n]) == 0)
		built_with[n_builds].n++;
	n_builds++;
	return 0;
}

/* What the configuration becomes, and when. */
static const char *next_text;
static uint64_t next_ns, start_ns;
/* What the command `addresses` said at `look_ns`. */
static uint64_t look_ns;
static char *looked;

static json_t *command_run(struct vnf *vnf, const char *name)
{
	struct vnf_refusal why = { 0 };

	for (const struct vnf_command *c = ip_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c->run(vnf, NULL, &why);
	return NULL;
}

static void beside_reload(struct vnf *vnf)
{
	struct vnf_refusal why = { 0 };
	FILE *file = fopen(vnf->options.config_path, "w");
	json_t *answer;

	cr_assert_not_null(file);
	fputs(next_text, file);
	fclose(file);
	next_text = NULL;
	answer = reload(vnf, false, &why);
	cr_assert_not_null(answer, "%s", why.text);
	json_decref(answer);
}

static void beside_tick(struct vnf_worker *worker)
{
	json_t *all;

	if (worker->id != 0)
		return;
	if (start_ns == 0)
		start_ns = worker->now_ns;
	if (next_text != NULL && worker->now_ns >= start_ns + next_ns)
		beside_reload(worker->vnf);
	if (look_ns == 0 || looked != NULL || worker->now_ns < start_ns + look_ns)
		return;
	all = command_run(worker->vnf, "addresses");
	looked = json_dumps(all, JSON_COMPACT);
	json_decref(all);
}

/* Every packet to 10.0.2.200 is asked about and sent to 10.0.1.20, as a translator might. */
static vnf_verdict_t fates[VNF_BURST_MAX];
static uint32_t n_fates;
static uint16_t mtus[3];

static void beside_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			 vnf_verdict_t *verdicts, uint16_t n)
{
	const rte_be32_t asked = RTE_BE32(0x0a0002c8), to = RTE_BE32(0x0a000114);
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		if (vnf_is_ipv4(&h[i]) &&
		    (verdicts[i] == VNF_IP_LOCAL || verdicts[i] == VNF_IP_NODE))
			fates[n_fates++ % VNF_BURST_MAX] = verdicts[i];
		if (verdicts[i] != VNF_IP_PASS || !vnf_is_ipv4(&h[i]) ||
		    vnf_ipv4(pkts[i], &h[i])->dst_addr != asked)
			continue;
		fates[n_fates++ % VNF_BURST_MAX] =
			vnf_ip_may_forward(worker, i, pkts[i], &h[i], (const uint8_t *)&to);
		vnf_set_ipv4_dst(pkts[i], &h[i], to);
	}
	for (uint16_t i = 0; i < RTE_DIM(mtus); i++)
		mtus[i] = vnf_ip_mtu(worker, i);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app beside = {
	VNF_APP("beside"),
	.config = beside_keys,
	.config_size = sizeof(struct beside_config),
	.parts = { VNF_IP },
	.build = beside_build,
	.burst = beside_burst,
	.tick = beside_tick,
	.addresses = beside_addresses,
};

#define PLAIN IP_LEFT("dad = false;") ",\n" IP_RIGHT("dad = false; mtu = 1400;")
#define CONFIG_WITH(interfaces, keys, ranges)                                                      \
	"ranges = \"" ranges "\";\n" IP_CONFIG_OF(interfaces, keys)
#define CONFIG(ranges) CONFIG_WITH(PLAIN, "", ranges)

static void begin(const char *config)
{
	ip_begin_with(&beside, config);
}

static void end(void)
{
	ip_end();
	free(looked);
	looked = NULL;
}

/* ---- what was sent of ARP ---- */

/* How many requests for this address there were: probes, or announcements. */
static uint32_t requests(const char *port, const char *addr, bool probes)
{
	rte_be32_t target = addr_of(addr), none = 0;
	const uint8_t *f;
	uint32_t len, n = 0;

	for (size_t i = 0; (f = vnf_test_replay_frame(ip_run, port, i, &len, NULL)) != NULL; i++)
		n += f[12] == 0x08 && f[13] == 0x06 && f[21] == 1 &&
		     memcmp(f + 38, &target, sizeof(target)) == 0 &&
		     memcmp(f + 28, probes ? &none : &target, sizeof(target)) == 0;
	return n;
}

/* When the first request for this address came. */
static uint64_t requested_at(const char *port, const char *addr)
{
	rte_be32_t target = addr_of(addr);
	const uint8_t *f;
	uint64_t at_ns;
	uint32_t len;

	for (size_t i = 0; (f = vnf_test_replay_frame(ip_run, port, i, &len, &at_ns)) != NULL; i++)
		if (f[12] == 0x08 && f[13] == 0x06 && memcmp(f + 38, &target, sizeof(target)) == 0)
			return at_ns;
	return 0;
}

static void ask(uint64_t at_ns, const char *addr)
{
	ip_known("left", at_ns, HOST_MAC, HOST4, addr);
}

static void want_answer(const char *addr)
{
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, addr, HOST_MAC, HOST4);
}

/* ---- ARP ---- */

Test(ip_beside, arp_is_answered_in_the_subnet_and_only_there, .fini = end)
{
	begin(CONFIG("10.0.1.20-10.0.1.22 192.0.2.1-192.0.2.9 10.0.2.30-10.0.2.30"));
	ask(1 * SECOND, "10.0.1.20");
	ask(2 * SECOND, "10.0.1.22");
	ask(3 * SECOND, "10.0.1.23"); /* nobody's */
	ask(4 * SECOND, "192.0.2.5"); /* in no subnet */
	ask(5 * SECOND, "10.0.2.30"); /* on the other link */
	ask(6 * SECOND, "10.0.1.21");
	ip_play();
	want_answer("10.0.1.20");
	SENT("left", 1 * SECOND);
	want_answer("10.0.1.22");
	SENT("left", 2 * SECOND);
	want_answer("10.0.1.21");
	SENT("left", 6 * SECOND);
	SENT_NO_MORE("left");
}

Test(ip_beside, announced_twice_where_they_are, .fini = end)
{
	begin(CONFIG("10.0.1.20-10.0.1.21 192.0.2.1-192.0.2.9"));
	ip_option("--until=+10s");
	ip_play();
	cr_assert_eq(requests("left", "10.0.1.20", false), 2);
	cr_assert_eq(requests("left", "10.0.1.21", false), 2);
	cr_assert_eq(requests("left", "10.0.1.20", true), 0);
	cr_assert_eq(requests("right", "10.0.1.20", false), 0);
	cr_assert_eq(requests("left", "192.0.2.1", false), 0);
	cr_assert_eq(requests("right", "192.0.2.1", false), 0);
	cr_assert_eq(requested_at("left", "10.0.1.20"), UP);
}

Test(ip_beside, probed_where_interfaces_probe, .fini = end)
{
	begin(CONFIG_WITH(IP_LEFT("") ",\n" IP_RIGHT("dad = false;"), "", "10.0.1.20-10.0.1.21"));
	ask(UP + SECOND - 1, "10.0.1.20");
	ip_arp(&in, ALL_MAC, OTHER_MAC, 2, "10.0.1.21", NO_MAC, "0.0.0.0");
	ip_put("left", UP + SECOND / 2, &in);
	ask(2 * SECOND, "10.0.1.20");
	ask(2 * SECOND, "10.0.1.21"); /* somebody else's */
	look_ns = 5 * SECOND;
	ip_option("--until=+10s");
	ip_play();
	cr_assert_eq(requests("left", "10.0.1.20", true), 1);
	cr_assert_eq(requests("left", "10.0.1.21", true), 1);
	cr_assert_eq(requests("left", "10.0.1.20", false), 2);
	cr_assert_eq(requests("left", "10.0.1.21", false), 0);
	cr_assert_not_null(strstr(looked,
				  "\"first\":\"10.0.1.20\",\"last\":\"10.0.1.21\",\"count\":2,"
				  "\"interface\":\"left\",\"duplicate\":1,\"valid\":1,"
				  "\"tentative\":0,\"down\":0"),
			   "%s", looked);
}

/* 4,000 of them do not take all of the link at once. */
Test(ip_beside, great_numbers_are_announced_in_turn, .fini = end)
{
	const char *const last = "10.1.15.159";

	begin(CONFIG_WITH("{ port = \"left\"; dad = false; addresses = [ \"10.1.0.1/16\" ]; }", "",
			  "10.1.0.2-10.1.15.159"));
	/* It answers at once. */
	ip_arp(&in, ALL_MAC, HOST_MAC, 1, "10.1.99.9", NO_MAC, last);
	ip_put("left", BEGIN, &in);
	ip_option("--until=+20s");
	ip_play();
	ip_arp(&want, HOST_MAC, LEFT_MAC, 2, last, HOST_MAC, "10.1.99.9");
	SENT("left", BEGIN);
	cr_assert_eq(requested_at("left", "10.1.0.2"), UP);
	cr_assert_gt(requested_at("left", "10.1.1.2"), UP);
	cr_assert_eq(requests("left", "10.1.0.2", false), 2);
	cr_assert_eq(requests("left", last, false), 2);
}

/* Nothing is answered before it is found to be free, RFC 4862 section 5.4: its turn is to come. */
Test(ip_beside, not_answered_while_it_waits_for_its_probe, .fini = end)
{
	begin(CONFIG_WITH(IP_LEFT(""), "", "10.0.1.20-10.0.1.200"));
	ask(BEGIN, "10.0.1.200");
	ask(2 * SECOND, "10.0.1.200");
	ip_play();
	cr_assert_gt(requested_at("left", "10.0.1.200"), BEGIN);
	ip_arp(&want, ALL_MAC, LEFT_MAC, 1, "0.0.0.0", NO_MAC, "10.0.1.84");
	SENT("left", UP + 100 * MS);
	for (const uint8_t *f = NULL;;) {
		uint64_t at_ns;
		uint32_t len;

		f = ip_next("left", &len, &at_ns);
		cr_assert_not_null(f);
		if (f[21] != 2)
			continue;
		cr_assert_eq(at_ns, 2 * SECOND);
		break;
	}
}

/* ---- what is received ---- */

/* Answers are as of an interface's address. */
static void answered(const char *addr)
{
	begin(CONFIG("10.0.1.20-10.0.1.22 192.0.2.0-192.0.2.15 10.0.2.30-10.0.2.30"));
	ip_known_all();
	ip_from_host(&in, HOST4, addr);
	vnf_test_echo(&in, false, 1, 1);
	ip_put("left", BEGIN, &in);
	ip_put_udp(BEGIN + SECOND, HOST4, addr);
	ip_play();
	cr_assert_eq(n_fates, 2);
	cr_assert_eq(fates[0], VNF_IP_NODE);
	cr_assert_eq(fates[1], VNF_IP_LOCAL);
	ip_to(&want, HOST_MAC, LEFT_MAC, addr, HOST4);
	vnf_test_echo(&want, true, 1, 1);
	SENT_ANY_ID("left", BEGIN);
	ip_from_host(&in, HOST4, addr);
	ip_udp(&in, 64);
	ip_want_error(addr, 3, 3, 0, &in);
	SENT_ANY_ID("left", BEGIN + SECOND);
	DROPPED("left", "no_service", 1);
}

Test(ip_beside, received_on_the_link, .fini = end)
{
	answered("10.0.1.21");
}

Test(ip_beside, received_though_of_the_other_link, .fini = end)
{
	answered("10.0.2.30");
}

/* All of a range outside of subnets, its first and last one too. */
Test(ip_beside, received_in_no_subnet_the_first, .fini = end)
{
	answered("192.0.2.0");
}

Test(ip_beside, received_in_no_subnet_the_last, .fini = end)
{
	answered("192.0.2.15");
}

Test(ip_beside, what_is_beside_a_range_is_not_received, .fini = end)
{
	begin(CONFIG("192.0.2.1-192.0.2.14"));
	ip_known_all();
	ip_put_udp(BEGIN, HOST4, "192.0.2.0");
	ip_put_udp(BEGIN, HOST4, "192.0.2.15");
	ip_play();
	cr_assert_eq(n_fates, 0);
	DROPPED("left", "no_route", 2);
}

/* A packet that is sent to one by the program itself. */
Test(ip_beside, may_not_be_forwarded_but_is_local, .fini = end)
{
	begin(CONFIG("10.0.1.20-10.0.1.22"));
	ip_known_all();
	ip_put_udp(BEGIN, HOST4, "10.0.2.200");
	ip_play();
	cr_assert_eq(n_fates, 1);
	cr_assert_eq(fates[0], VNF_IP_LOCAL);
	DROPPED("left", "no_service", 1);
}

/* ---- subnets ---- */

/* A range over all of a subnet, and beyond: the subnet's ends and the interface's own stay. */
Test(ip_beside, a_range_is_split_at_a_subnet, .fini = end)
{
	static const char *const addr[] = { "10.0.1.0",   "10.0.1.255", "10.0.0.255",
					    "10.0.2.254", "10.0.3.0",   LEFT4 };

	begin(CONFIG("10.0.0.255-10.0.3.0"));
	for (size_t i = 0; i < RTE_DIM(addr); i++)
		ip_put_udp(BEGIN + i * MS, HOST4, addr[i]);
	look_ns = 5 * SECOND;
	ip_option("--until=+20s");
	ip_play();
	cr_assert_eq(n_fates, 4);
	DROPPED("left", "broadcast", 2);
	/* The interface's own is announced by itself, and once. */
	cr_assert_eq(requests("left", LEFT4, false), 2);
	cr_assert_eq(requests("left", "10.0.1.2", false), 2);
	cr_assert_eq(requests("left", "10.0.1.254", false), 2);
	cr_assert_eq(requests("right", "10.0.2.2", false), 2);
	cr_assert_eq(requests("left", "10.0.0.255", false), 0);
	cr_assert_str_eq(
		looked,
		"[{\"first\":\"10.0.0.255\",\"last\":\"10.0.0.255\",\"count\":1,"
		"\"interface\":\"\",\"duplicate\":0,\"valid\":1,\"tentative\":0,\"down\":0},"
		"{\"first\":\"10.0.1.2\",\"last\":\"10.0.1.254\",\"count\":253,"
		"\"interface\":\"left\",\"duplicate\":0,\"valid\":253,\"tentative\":0,"
		"\"down\":0},"
		"{\"first\":\"10.0.2.2\",\"last\":\"10.0.2.254\",\"count\":253,"
		"\"interface\":\"right\",\"duplicate\":0,\"valid\":253,\"tentative\":0,"
		"\"down\":0},"
		"{\"first\":\"10.0.3.0\",\"last\":\"10.0.3.0\",\"count\":1,"
		"\"interface\":\"\",\"duplicate\":0,\"valid\":1,\"tentative\":0,\"down\":0}]");
}

/* Of subnets in each other, the one with the longest prefix has it; ranges may overlap. */
Test(ip_beside, the_longest_prefix_counts, .fini = end)
{
	begin(CONFIG_WITH("{ port = \"left\"; dad = false; addresses = [ \"10.0.0.1/8\" ]; },\n"
			  "{ port = \"right\"; dad = false; addresses = [ \"10.7.0.1/31\", "
			  "\"10.9.0.0/31\" ]; }",
			  "", "10.6.255.255-10.7.0.2 10.7.0.0-10.7.0.9 10.8.255.255-10.9.0.2"));
	look_ns = 5 * SECOND;
	ip_option("--until=+20s");
	ip_play();
	cr_assert_eq(requests("left", "10.6.255.255", false), 2);
	cr_assert_eq(requests("left", "10.7.0.9", false), 2);
	/* Both of two are hosts', RFC 3021. */
	cr_assert_eq(requests("right", "10.7.0.0", false), 2);
	cr_assert_eq(requests("left", "10.7.0.0", false), 0);
	cr_assert_eq(requests("left", "10.7.0.1", false), 0);
	cr_assert_eq(requests("right", "10.9.0.1", false), 2);
	cr_assert_eq(requests("right", "10.9.0.2", false), 0);
	cr_assert_eq(requests("left", "10.9.0.2", false), 2);
	cr_assert_not_null(strstr(looked, "\"first\":\"10.7.0.2\",\"last\":\"10.7.0.9\""), "%s",
			   looked);
	cr_assert_null(strstr(strstr(looked, "\"10.7.0.2\"") + 1, "\"10.7.0.2\""), "%s", looked);
}

/* No route leads away from them, however long its prefix. */
Test(ip_beside, routes_do_not_lead_away, .fini = end)
{
	begin(CONFIG_WITH(PLAIN,
			  "routes = ( { prefix = \"192.0.2.4/30\"; via = \"10.0.2.9\"; },\n"
			  "  { prefix = \"192.0.2.0/28\"; type = \"blackhole\"; },\n"
			  "  { prefix = \"192.0.2.0/24\"; via = \"10.0.2.9\"; } );",
			  "192.0.2.0-192.0.2.15"));
	ip_known_all();
	ip_put_udp(BEGIN, HOST4, "192.0.2.5");
	ip_put_udp(BEGIN + MS, HOST4, "192.0.2.1");
	ip_put_udp(BEGIN + 2 * MS, HOST4, "192.0.2.16");
	ip_play();
	cr_assert_eq(n_fates, 2);
	ip_want_udp(PEER_MAC, HOST4, "192.0.2.16");
	SENT("right", BEGIN + 2 * MS);
	SENT_NO_MORE("right");
}

/* ---- never from them ---- */

/* 10.0.1.20 is nearer to the host than the interface's own one is. */
Test(ip_beside, errors_and_questions_are_from_the_interfaces_own, .fini = end)
{
	begin(CONFIG_WITH("{ port = \"left\"; dad = false; addresses = [ \"10.0.1.1/24\" ]; },\n"
			  "{ port = \"right\"; dad = false; addresses = [ \"10.0.2.1/24\" ]; }",
			  "", "10.0.1.2-10.0.1.8 10.0.2.2-10.0.2.8"));
	ip_known("left", 2 * MS, HOST_MAC, HOST4, LEFT4);
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 64);
	ip_put("left", BEGIN, &in);
	ip_put_udp(BEGIN + SECOND, HOST4, PEER4);
	ip_play();
	ip_from_host(&in, HOST4, PEER4);
	vnf_test_ttl(&in, 1);
	ip_udp(&in, 64);
	ip_want_error(LEFT4, 11, 0, 0, &in);
	SENT_ANY_ID("left", BEGIN);
	ip_want_arp(ALL_MAC, RIGHT_MAC, RIGHT4, PEER4);
	SENT("right", BEGIN + SECOND);
}

/* While it has none that may be used, nothing is sent. */
Test(ip_beside, no_error_from_them_if_the_interface_has_lost_its_own, .fini = end)
{
	begin(CONFIG_WITH("{ port = \"left\"; addresses = [ \"10.0.1.1/24\" ]; }", "",
			  "10.0.1.2-10.0.1.8"));
	ip_arp(&in, ALL_MAC, OTHER_MAC, 2, LEFT4, NO_MAC, "0.0.0.0");
	ip_put("left", UP + SECOND / 2, &in);
	ask(2 * SECOND, "10.0.1.2");
	ip_put_udp(3 * SECOND, HOST4, "198.51.100.1");
	ip_play();
	SENT_NO_MORE("right");
	DROPPED("left", "no_route", 1);
	for (const uint8_t *f = NULL;;) {
		uint64_t at_ns;
		uint32_t len;

		f = ip_next("left", &len, &at_ns);
		if (f == NULL)
			break;
		cr_assert_eq(f[13], 0x06, "an ICMP error at %zu", (size_t)at_ns);
	}
}

/* ---- reloads ---- */

Test(ip_beside, a_reload_adds_and_removes, .fini = end)
{
	static const char after[] = CONFIG("10.0.1.21-10.0.1.24 192.0.2.8-192.0.2.9");

	begin(CONFIG("10.0.1.20-10.0.1.22 192.0.2.1-192.0.2.1"));
	next_text = after;
	next_ns = 3040 * MS;
	ask(1000 * MS, "10.0.1.20");
	ip_put_udp(2000 * MS, HOST4, "192.0.2.1");
	ask(4000 * MS, "10.0.1.20");
	ask(4500 * MS, "10.0.1.21");
	ask(5000 * MS, "10.0.1.24");
	ip_put_udp(5500 * MS, HOST4, "192.0.2.1");
	ip_put_udp(6000 * MS, HOST4, "192.0.2.9");
	ip_option("--until=+6500ms");
	ip_play();
	want_answer("10.0.1.20");
	SENT("left", 1000 * MS);
	ip_from_host(&in, HOST4, "192.0.2.1");
	ip_udp(&in, 64);
	ip_want_error("192.0.2.1", 3, 3, 0, &in);
	SENT_ANY_ID("left", 2000 * MS);
	want_answer("10.0.1.21");
	SENT("left", 4500 * MS);
	want_answer("10.0.1.24");
	SENT("left", 5000 * MS);
	/* The one that went is known no more: net unreachable. */
	ip_from_host(&in, HOST4, "192.0.2.1");
	ip_udp(&in, 64);
	ip_want_error(LEFT4, 3, 0, 0, &in);
	SENT_ANY_ID("left", 5500 * MS);
	ip_from_host(&in, HOST4, "192.0.2.9");
	ip_udp(&in, 64);
	ip_want_error("192.0.2.9", 3, 3, 0, &in);
	SENT_ANY_ID("left", 6000 * MS);
	/* Those that stay are not announced again, new ones are. */
	cr_assert_eq(requests("left", "10.0.1.21", false), 2);
	cr_assert_eq(requests("left", "10.0.1.23", false), 2);
	cr_assert_geq(requested_at("left", "10.0.1.23"), next_ns);
	cr_assert_lt(requested_at("left", "10.0.1.23"), next_ns + 20 * MS, "at once");
	cr_assert_eq(asked_check, 2);
	cr_assert_eq(asked_build, 2);
}

/* Of an interface from a reload on: it is simply that. */
Test(ip_beside, a_reload_makes_it_the_interfaces, .fini = end)
{
	static const char after[] =
		CONFIG_WITH("{ port = \"left\"; dad = false; addresses = [ \"10.0.1.20/24\" ]; }",
			    "", "10.0.1.20-10.0.1.22");

	begin(CONFIG("10.0.1.20-10.0.1.22"));
	next_text = after;
	next_ns = 5 * SECOND;
	look_ns = 8 * SECOND;
	ask(6 * SECOND, "10.0.1.20");
	ip_put_udp(7 * SECOND, HOST4, "198.51.100.1");
	ip_option("--until=+10s");
	ip_play();
	want_answer("10.0.1.20");
	SENT("left", 6 * SECOND);
	ip_from_host(&in, HOST4, "198.51.100.1");
	ip_udp(&in, 64);
	ip_want_error("10.0.1.20", 3, 0, 0, &in);
	SENT_ANY_ID("left", 7 * SECOND);
	cr_assert_not_null(strstr(looked, "\"10.0.1.21\",\"last\":\"10.0.1.22\",\"count\":2"), "%s",
			   looked);
}

/* ---- what is refused ---- */

static void refused(const char *config, const char *why)
{
	begin(config);
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0);
	cr_assert_not_null(strstr(vnf_test_replay_log(ip_run), why), "%s",
			   vnf_test_replay_log(ip_run));
	cr_assert_eq(asked_build, 0, "not before it runs");
}

/* Two for each interface, and four addresses of theirs: 4,088 are left. */
#define BIG(last)                                                                                  \
	CONFIG_WITH("{ port = \"left\"; dad = false; addresses = [ \"10.1.0.1/16\", "              \
		    "\"10.0.1.1/24\" ]; },\n" IP_RIGHT("dad = false;"),                            \
		    "", "10.1.0.2-10.1." last " 172.16.0.0-172.31.255.255")

Test(ip_beside, as_many_as_there_is_room_for, .fini = end)
{
	begin(BIG("15.249"));
	ip_play();
}

Test(ip_beside, too_many, .fini = end)
{
	refused(BIG("15.250"),
		": ip.interfaces: the program has 4089 addresses of its own in subnets of "
		"interfaces, beside the interfaces'; there is room for 4088");
}

Test(ip_beside, not_of_hosts, .fini = end)
{
	refused(CONFIG("100.0.0.0-223.0.0.0"),
		"the program's addresses 100.0.0.0 to 223.0.0.0 are not all of hosts");
}

Test(ip_beside, groups, .fini = end)
{
	refused(CONFIG("223.255.255.0-224.0.0.0"), "are not all of hosts");
}

Test(ip_beside, last_before_first, .fini = end)
{
	refused(CONFIG("10.0.0.2-10.0.0.1"), "are not all of hosts");
}

Test(ip_beside, no_gateway, .fini = end)
{
	refused(CONFIG_WITH(PLAIN, "routes = ( { prefix = \"0.0.0.0/0\"; via = \"10.0.2.9\"; } );",
			    "10.0.2.5-10.0.2.10"),
		"the gateway is this program itself");
}

/* ---- what is planned ---- */

Test(ip_beside, planned_addresses_of_an_interface, .fini = end)
{
	begin(CONFIG_WITH("{ port = \"left\"; addresses = [ \"10.0.1.1/24\" ]; },\n"
			  "{ port = \"right\"; dad = false; mtu = 1400; addresses = [ "
			  "\"10.0.2.1/24\", \"2001:db8:2::1/64\", \"10.0.3.1/24\" ]; }",
			  "", ""));
	ip_play();
	cr_assert_eq(n_builds, 1);
	cr_assert(ends_known);
	cr_assert_eq(built_with[0].n, 2);
	cr_assert_eq(built_with[0].address[0], addr_of(RIGHT4));
	cr_assert_eq(built_with[0].address[1], addr_of("10.0.3.1"));
	cr_assert_eq(mtus[0], 1500);
	cr_assert_eq(mtus[1], 1400);
	cr_assert_eq(mtus[2], 0);
}

static void planned_check(struct vnf_config *file, void *config)
{
	rte_be32_t address = 0;

	(void)config;
	cr_assert_eq(vnf_ip_planned_address(NULL, file, 1, 0, &address), 0);
	cr_assert_eq(address, addr_of(RIGHT4));
	address = 0;
	cr_assert_eq(vnf_ip_planned_address(NULL, file, 1, 1, &address), -ENOENT);
	cr_assert_eq(vnf_ip_planned_address(NULL, file, 2, 0, &address), -ENOENT);
	cr_assert_eq(address, 0);
	n_fates++;
}

Test(ip_beside, planned_addresses_of_a_file, .fini = end)
{
	struct vnf_app app = beside;

	app.check = planned_check;
	ip_begin_with(&app, CONFIG(""));
	ip_play();
	cr_assert_eq(n_fates, 1);
}
