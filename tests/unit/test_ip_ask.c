/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a VNF asks the IP node: which interfaces there will be, by which of them a packet came and
 * goes, where addresses lead; packets that it had taken and gives to the node once more; and the
 * part that a configuration may leave out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <vnf/edit.h>

/* Before ip_support.h, whose names are shorter. */
#include "ip_node.h"
#include "replay_input.h"

#include "ip_support.h"

/* Not in the order of the ports: right is 0, left 1, the VLAN 2, and 3 has a name of its own. */
#define NONE VNF_IP_NO_INTERFACE
#define RIGHT_IF 0
#define LEFT_IF 1
#define VLAN_IF 2
#define NAMED_IF 3
#define ASK_VLANS                                                                                  \
	"{ port = \"left\"; vlan = 100; dad = false; addresses = [ \"10.0.3.1/24\" ]; },\n"        \
	"{ name = \"dmz\"; port = \"left\"; vlan = 200; dad = false;\n"                            \
	"  addresses = [ \"10.0.4.1/24\" ]; }"
#define ASK_ROUTES                                                                                 \
	"routes = ( { prefix = \"0.0.0.0/0\"; via = \"10.0.4.9\"; },\n"                            \
	"  { prefix = \"198.51.100.0/24\"; type = \"blackhole\"; },\n"                             \
	"  { prefix = \"203.0.113.0/24\"; interface = \"left.100\"; },\n"                          \
	"  { prefix = \"2001:db8:9::/48\"; via = \"2001:db8:2::9\"; } );"
#define ASK_CONFIG                                                                                 \
	IP_CONFIG_OF(IP_RIGHT("dad = false;") ",\n" IP_LEFT("dad = false;") ",\n" ASK_VLANS,       \
		     ASK_ROUTES)

/* ---- before it runs ---- */

static unsigned int asked;

static void ask_planned(const struct vnf_config *file)
{
	cr_assert(vnf_ip_is_planned(file));
	cr_assert_eq(vnf_ip_planned(file, "right"), RIGHT_IF);
	cr_assert_eq(vnf_ip_planned(file, "left"), LEFT_IF);
	cr_assert_eq(vnf_ip_planned(file, "left.100"), VLAN_IF);
	cr_assert_eq(vnf_ip_planned(file, "dmz"), NAMED_IF);
	cr_assert_eq(vnf_ip_planned(file, "left.200"), -ENOENT);
	cr_assert_eq(vnf_ip_planned(file, "lef"), -ENOENT);
	cr_assert_eq(vnf_ip_planned(file, ""), -ENOENT);
	asked++;
}

static void planned_check(struct vnf_config *file, void *config)
{
	(void)config;
	ask_planned(file);
}

static int planned_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	(void)vnf;
	(void)config;
	(void)built;
	ask_planned(file);
	return 0;
}

Test(ip_ask, interfaces_by_name)
{
	static const struct vnf_app app = {
		VNF_APP("asking"),       .check = planned_check, .build = planned_build,
		.burst = ip_route_burst, .parts = { VNF_IP },
	};

	ip_begin_with(&app, ASK_CONFIG);
	ip_play();
	cr_assert_eq(asked, 2);
	ip_end();
}

/* ---- of packets ---- */

struct way {
	const char *dst;
	uint16_t out;
};

/* From the host, by the interface without a tag. */
static const struct way ways[] = {
	{ PEER4, RIGHT_IF },       { PEER6, RIGHT_IF },     { "2001:db8:9::1", RIGHT_IF },
	{ "2001:db8:8::1", NONE }, { "10.0.3.9", VLAN_IF }, { "203.0.113.7", VLAN_IF },
	{ "192.0.2.1", NAMED_IF }, { HOST4, LEFT_IF },      { LEFT4, NONE },
	{ RIGHT4, NONE },          { "10.0.2.255", NONE },  { "198.51.100.1", NONE },
	{ "224.0.0.9", NONE },
};

static uint16_t came[VNF_BURST_MAX], goes[VNF_BURST_MAX], towards[VNF_BURST_MAX], n_seen;

/* At BEGIN there is one burst that is asked about. */
static void asking_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			 vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n && worker->now_ns == BEGIN; i++) {
		bool v4 = vnf_is_ipv4(&h[i]);
		const void *dst = v4 ? (const void *)&vnf_ipv4(pkts[i], &h[i])->dst_addr
				     : vnf_ipv6(pkts[i], &h[i])->dst_addr;

		came[n_seen] = vnf_ip_in(worker, i);
		goes[n_seen] = vnf_ip_out(worker, i);
		towards[n_seen++] = vnf_ip_towards(worker, v4 ? 4 : 6, dst);
	}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

static const struct vnf_app asking_app = {
	VNF_APP("asking"),
	.burst = asking_burst,
	.parts = { VNF_IP },
};

Test(ip_ask, which_way_packets_come_and_go)
{
	size_t n = sizeof(ways) / sizeof(ways[0]);

	ip_begin_with(&asking_app, ASK_CONFIG);
	for (size_t i = 0; i < n; i++)
		ip_put_udp(BEGIN, strchr(ways[i].dst, ':') != NULL ? HOST6 : HOST4, ways[i].dst);
	ip_play();
	cr_assert_eq(n_seen, n);
	for (size_t i = 0; i < n; i++) {
		cr_assert_eq(came[i], LEFT_IF, "%s: in %u", ways[i].dst, came[i]);
		cr_assert_eq(goes[i], ways[i].out, "%s: out %u", ways[i].dst, goes[i]);
		cr_assert_eq(towards[i], ways[i].out, "%s: towards %u", ways[i].dst, towards[i]);
	}
	ip_end();
}

static void put_tagged(uint64_t at_ns, uint16_t vlan, const char *dst, uint16_t dst_port)
{
	vnf_test_eth(&in, LEFT_MAC, HOST_MAC);
	vnf_test_vlan(&in, 0x8100, vlan);
	vnf_test_ipv4(&in, "10.0.3.9", dst);
	vnf_test_udp(&in, 1000, dst_port);
	vnf_test_payload(&in, 64);
	ip_put("left", at_ns, &in);
}

Test(ip_ask, which_way_packets_of_vlans_come)
{
	ip_begin_with(&asking_app, ASK_CONFIG);
	put_tagged(BEGIN, 100, PEER4, 2000);
	put_tagged(BEGIN, 200, PEER4, 2000);
	put_tagged(BEGIN, 300, PEER4, 2000);
	ip_play();
	cr_assert_eq(n_seen, 3);
	cr_assert_eq(came[0], VLAN_IF);
	cr_assert_eq(goes[0], RIGHT_IF);
	cr_assert_eq(came[1], NAMED_IF);
	cr_assert_eq(came[2], NONE);
	cr_assert_eq(goes[2], NONE);
	ip_end();
}

/* ---- where addresses lead ---- */

static const struct way leads[] = {
	{ HOST4, LEFT_IF },    { "8.8.8.8", NAMED_IF },     { "0.0.0.0", NONE },
	{ "0.1.2.3", NONE },   { "127.0.0.1", NONE },       { "224.0.0.1", NONE },
	{ "240.0.0.1", NONE }, { "255.255.255.255", NONE }, { "::", NONE },
	{ "::1", NONE },       { "::ffff:10.0.1.9", NONE }, { "fe80::9", NONE },
	{ "ff02::1", NONE },   { HOST6, LEFT_IF },          { LEFT6, NONE },
};

static void leads_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			vnf_verdict_t *verdicts, uint16_t n)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		bool v4 = strchr(leads[i].dst, ':') == NULL;
		uint8_t unaligned[17];

		cr_assert_eq(inet_pton(v4 ? AF_INET : AF_INET6, leads[i].dst, unaligned + 1), 1);
		towards[i] = vnf_ip_towards(worker, v4 ? 4 : 6, unaligned + 1);
		n_seen++;
	}
	ip_route_burst(worker, port, pkts, verdicts, n);
}

Test(ip_ask, where_addresses_lead)
{
	static const struct vnf_app app = {
		VNF_APP("asking"),
		.burst = leads_burst,
		.parts = { VNF_IP },
	};

	ip_begin_with(&app, ASK_CONFIG);
	ip_play();
	cr_assert_gt(n_seen, 0);
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		cr_assert_eq(towards[i], leads[i].out, "%s: %u", leads[i].dst, towards[i]);
	ip_end();
}

/* ---- packets that the VNF had taken ---- */

/* UDP to these is taken, and given to the node with the next burst that has one to FLUSH. */
#define TAKE 2001
#define TAKE_AND_REFUSE 2002
#define FLUSH 2003

static struct rte_mbuf *taken[VNF_BURST_MAX];
static uint16_t n_taken, again[VNF_BURST_MAX], n_again, of_worker;

static uint16_t udp_to(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return h->proto == 17 && h->l4 != 0 ? rte_be_to_cpu_16(vnf_udp(pkt, h)->dst_port) : 0;
}

static void apply(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
		  vnf_verdict_t verdict)
{
	if (verdict == VNF_TAKEN)
		return;
	if ((verdict & VNF_VERDICT_DROP) != 0)
		vnf_drop(worker, port, pkt, verdict & ~VNF_VERDICT_DROP);
	else
		vnf_send(worker, (uint16_t)verdict, pkt);
}

static void taken_flush(struct vnf_worker *worker, uint16_t port)
{
	struct vnf_headers h[VNF_BURST_MAX];
	vnf_verdict_t verdicts[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, taken, h, verdicts, n_taken);
	for (uint16_t i = 0; i < n_taken; i++) {
		again[n_again++] = vnf_ip_in(worker, i);
		if (udp_to(taken[i], &h[i]) == TAKE_AND_REFUSE)
			verdicts[i] =
				vnf_ip_refuse(worker, port, taken[i], 3, 13, VNF_DROP_PROHIBITED);
	}
	vnf_ip_forward(worker, port, taken, h, verdicts, n_taken);
	for (uint16_t i = 0; i < n_taken; i++)
		apply(worker, port, taken[i], verdicts[i]);
	n_taken = 0;
}

static void taking_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			 vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];
	bool flush = false;

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		uint16_t to = udp_to(pkts[i], &h[i]);

		flush |= to == FLUSH;
		if (to != TAKE && to != TAKE_AND_REFUSE)
			continue;
		verdicts[i] = VNF_TAKEN;
		taken[n_taken++] = pkts[i];
		of_worker = worker->id;
	}
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
	if (flush && n_taken > 0)
		taken_flush(worker, port);
}

static const struct vnf_app taking_app = {
	VNF_APP("taking"),
	.burst = taking_burst,
	.parts = { VNF_IP },
};

static void put(uint64_t at_ns, const char *src, const char *dst, uint16_t dst_port, uint8_t ttl)
{
	ip_from_host(&in, src, dst);
	vnf_test_ttl(&in, ttl);
	vnf_test_udp(&in, 1000, dst_port);
	vnf_test_payload(&in, 64);
	ip_put("left", at_ns, &in);
}

static void want_sent(const char *src, uint16_t dst_port)
{
	ip_to(&want, PEER_MAC, RIGHT_MAC, src, PEER4);
	vnf_test_ttl(&want, 63);
	vnf_test_udp(&want, 1000, dst_port);
	vnf_test_payload(&want, 64);
}

static void about_put(struct vnf_test_packet *about, const char *dst, uint16_t dst_port,
		      uint8_t ttl)
{
	ip_from_host(about, HOST4, dst);
	vnf_test_ttl(about, ttl);
	vnf_test_udp(about, 1000, dst_port);
	vnf_test_payload(about, 64);
}

/* In the burst that frees them, others stand in the places that they had. */
Test(ip_ask, packets_that_were_taken_go_on)
{
	struct vnf_test_packet about;

	ip_begin_with(&taking_app, ASK_CONFIG);
	ip_known_all();
	put(BEGIN, HOST4, PEER4, TAKE, 64);
	put(BEGIN, HOST4, PEER4, TAKE, 1);
	put(BEGIN, HOST4, "198.51.100.1", TAKE, 64);
	put(BEGIN, HOST4, LEFT4, TAKE, 64);
	put(BEGIN, HOST4, PEER4, TAKE_AND_REFUSE, 64);
	put(BEGIN + MS, HOST4, "198.51.100.2", 2000, 64);
	put(BEGIN + MS, HOST4, PEER4, FLUSH, 64);
	ip_play();
	cr_assert_eq(n_again, 5);
	cr_assert_eq(again[0], LEFT_IF);
	want_sent(HOST4, FLUSH);
	SENT("right", BEGIN + MS);
	want_sent(HOST4, TAKE);
	SENT("right", BEGIN + MS);
	SENT_NO_MORE("right");
	about_put(&about, PEER4, TAKE_AND_REFUSE, 64);
	ip_want_error(LEFT4, 3, 13, 0, &about);
	SENT_ANY_ID("left", BEGIN + MS);
	about_put(&about, PEER4, TAKE, 1);
	ip_want_error(LEFT4, 11, 0, 0, &about);
	SENT_ANY_ID("left", BEGIN + MS);
	about_put(&about, LEFT4, TAKE, 64);
	ip_want_error(LEFT4, 3, 3, 0, &about);
	SENT_ANY_ID("left", BEGIN + MS);
	SENT_NO_MORE("left");
	DROPPED("left", "blackhole", 2);
	DROPPED("left", "ttl", 1);
	DROPPED("left", "no_service", 1);
	DROPPED("left", "prohibited", 1);
	ip_end();
}

/* Its tag is gone by then, but not forgotten. */
Test(ip_ask, packets_of_a_vlan_that_were_taken_go_on)
{
	ip_begin_with(&taking_app, ASK_CONFIG);
	ip_known_all();
	put_tagged(BEGIN, 100, PEER4, TAKE);
	put(BEGIN + MS, HOST4, PEER4, FLUSH, 64);
	ip_play();
	cr_assert_eq(n_again, 1);
	cr_assert_eq(again[0], VLAN_IF);
	want_sent(HOST4, FLUSH);
	SENT("right", BEGIN + MS);
	want_sent("10.0.3.9", TAKE);
	SENT("right", BEGIN + MS);
	SENT_NO_MORE("right");
	ip_end();
}

Test(ip_ask, a_whole_burst_that_was_taken_goes_on)
{
	ip_begin_with(&taking_app, ASK_CONFIG);
	ip_known_all();
	for (uint32_t i = 0; i < VNF_BURST_MAX; i++)
		put(BEGIN, HOST4, PEER4, TAKE, 64);
	put(BEGIN + MS, HOST4, PEER4, FLUSH, 64);
	ip_play();
	cr_assert_eq(n_again, VNF_BURST_MAX);
	want_sent(HOST4, FLUSH);
	SENT("right", BEGIN + MS);
	for (uint32_t i = 0; i < VNF_BURST_MAX; i++) {
		want_sent(HOST4, TAKE);
		SENT("right", BEGIN + MS);
	}
	SENT_NO_MORE("right");
	ip_end();
}

/* Worker 1 hands them over, for ICMP errors are worker 0's. */
Test(ip_ask, packets_that_another_worker_took_are_handed_over)
{
	struct vnf_test_packet about, p;
	char src[32];

	for (uint32_t i = 10;; i++) {
		cr_assert_lt(i, 90);
		snprintf(src, sizeof(src), "10.0.1.%u", i);
		ip_from_host(&p, src, PEER4);
		cr_assert_eq(vnf_test_finish(&p), 0);
		if (replay_queue(p.data, p.len, 2) == 1)
			break;
	}
	ip_begin_with(&taking_app, "workers = 2;\n" ASK_CONFIG);
	ip_known("left", 2 * MS, HOST_MAC, src, LEFT4);
	ip_known("right", 2 * MS, PEER_MAC, PEER4, RIGHT4);
	put(BEGIN, src, PEER4, TAKE, 64);
	put(BEGIN, src, PEER4, TAKE, 1);
	put(BEGIN + MS, src, PEER4, FLUSH, 64);
	ip_play();
	cr_assert_eq(of_worker, 1);
	cr_assert_eq(n_again, 2);
	/* By the first packet worker 0 learns that the neighbour is used: that takes longer. */
	want_sent(src, TAKE);
	SENT("right", BEGIN + MS);
	want_sent(src, FLUSH);
	SENT("right", BEGIN + MS);
	ip_from_host(&about, src, PEER4);
	vnf_test_ttl(&about, 1);
	vnf_test_udp(&about, 1000, TAKE);
	vnf_test_payload(&about, 64);
	cr_assert_eq(vnf_test_finish(&about), 0);
	ip_to(&want, HOST_MAC, LEFT_MAC, LEFT4, src);
	vnf_test_dscp(&want, 48, 0);
	vnf_test_icmp_error(&want, 11, 0, 0, &about, 548);
	SENT_ANY_ID("left", BEGIN + MS);
	SENT_NO_MORE("left");
	SENT_NO_MORE("right");
	ip_end();
}

/* ---- the group that may be absent ---- */

static bool planned;

static void optional_check(struct vnf_config *file, void *config)
{
	(void)config;
	planned = vnf_ip_is_planned(file);
	cr_assert_eq(vnf_ip_planned(file, "left"), planned ? 0 : -ENOENT);
	asked++;
}

/* Without interfaces a wire; port 2001 is for the IP node in any case. */
static void optional_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			   vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h;

	if (planned || (vnf_parse(pkts[0], &h) == 0 && udp_to(pkts[0], &h) == 2001)) {
		ip_route_burst(worker, port, pkts, verdicts, n);
		return;
	}
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = VNF_FORWARD(1 - port);
}

static const struct vnf_app optional_app = {
	VNF_APP("optional"),
	.check = optional_check,
	.burst = optional_burst,
	.parts = { VNF_IP_OPTIONAL },
};

static void run_absent(const char *config)
{
	ip_begin_with(&optional_app, config);
	ip_put_udp(BEGIN, HOST4, PEER4);
	put(BEGIN + MS, HOST4, PEER4, 2001, 64);
	ip_play();
	cr_assert_eq(asked, 1);
	cr_assert_not(planned);
	ip_from_host(&want, HOST4, PEER4);
	ip_udp(&want, 64);
	SENT("right", BEGIN);
	DROPPED_SILENTLY("no_interface");
	ip_end();
}

Test(ip_ask, without_the_group)
{
	run_absent(IP_PORTS);
}

Test(ip_ask, without_the_group_but_with_workers)
{
	run_absent("workers = 3;\n" IP_PORTS);
}

Test(ip_ask, with_the_group_it_is_a_router)
{
	ip_begin_with(&optional_app, IP_CONFIG(""));
	ip_known_all();
	ip_put_udp(BEGIN, HOST4, PEER4);
	ip_play();
	cr_assert_eq(asked, 1);
	cr_assert(planned);
	ip_want_udp(PEER_MAC, HOST4, PEER4);
	SENT("right", BEGIN);
	SENT_NO_MORE("right");
	ip_end();
}

Test(ip_ask, the_other_part_needs_the_group)
{
	ip_begin(IP_PORTS);
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0);
	cr_assert_not_null(strstr(vnf_test_replay_log(ip_run), "ip: "), "%s",
			   vnf_test_replay_log(ip_run));
	ip_end();
}

Test(ip_ask, an_empty_group_is_refused)
{
	ip_begin_with(&optional_app, IP_PORTS "ip = { };\n");
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0);
	cr_assert_not_null(strstr(vnf_test_replay_log(ip_run), "ip.interfaces: "), "%s",
			   vnf_test_replay_log(ip_run));
	cr_assert_eq(asked, 0);
	ip_end();
}

Test(ip_ask, packets_of_the_group_are_planned)
{
	struct ip_section section = { .ip = { .interfaces = { .n = 1 } } }, none = { 0 };

	cr_assert_eq(vnf_ip_optional_part.packets, 0);
	cr_assert_eq(vnf_ip_optional_part.packets_shared, 0);
	cr_assert_eq(vnf_ip_optional_part.packets_planned(&none, 4), 0);
	cr_assert_eq(vnf_ip_optional_part.packets_planned(&section, 1), vnf_ip_part.packets);
	cr_assert_eq(vnf_ip_optional_part.packets_planned(&section, 4),
		     vnf_ip_part.packets + vnf_ip_part.packets_shared);
}

/* A reload that comes with the group, or without. */
static void refused_by_build(bool was_planned, const char *text, const char *why)
{
	static const struct vnf_config_section sections[] = { {
		.title = "IP",
		.keys = ip_optional_keys,
		.size = sizeof(struct ip_section),
	} };
	struct ip_node *node = calloc(1, sizeof(*node));
	struct vnf *vnf = calloc(1, sizeof(*vnf));
	char path[] = "/tmp/vnf-unit-ip-XXXXXX", line[256] = "";
	struct vnf_build from = { 0 };
	int fd = mkstemp(path);
	void *built = NULL;
	FILE *sink;

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	cr_assert_eq(vnf_config_load(path, sections, 1, &from.file), 0);
	from.config = vnf_config_data(from.file, 0);
	node->planned = was_planned;
	vnf->part_state[PART_IP] = node;
	cr_assert_eq(vnf_ip_optional_part.build(vnf, &from, &built), -EINVAL);
	cr_assert_null(built);
	sink = fmemopen(line, sizeof(line), "w");
	vnf_config_print_errors(from.file, sink);
	fclose(sink);
	cr_assert_not_null(strstr(line, why), "%s", line);
	vnf_config_destroy(from.file);
	unlink(path);
	free(vnf);
	free(node);
}

Test(ip_ask, a_reload_cannot_add_the_group)
{
	refused_by_build(false, "ip = { interfaces = ( { port = \"left\"; } ); };\n",
			 ":1: ip.interfaces: the group `ip` is new, which takes a restart");
}

Test(ip_ask, a_reload_cannot_remove_the_group)
{
	refused_by_build(true, "\n", "the group `ip` is gone, which takes a restart");
}
