/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The classifier's conditions one by one, what it refuses, and what it says about rules.
 */
#include "acl_support.h"

#include <vnf/test.h>

static struct vnf_acl *acl;
static struct vnf_acl_error error;

static void setup(void)
{
	eal_support_start();
}

static void teardown(void)
{
	eal_support_stop();
}

TestSuite(acl, .init = setup, .fini = teardown);

static int build(const struct vnf_acl_rule *rules, uint32_t n)
{
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = n };

	return vnf_acl_build(&conf, &acl, &error);
}

/* A packet of UDP from 10.0.0.1:1000 to 10.0.0.2:53. */
static struct vnf_acl_packet packet(void)
{
	return (struct vnf_acl_packet){
		.src = { 10, 0, 0, 1 },
		.dst = { 10, 0, 0, 2 },
		.src_port = 1000,
		.dst_port = 53,
		.vlan = VNF_ACL_UNTAGGED,
		.version = 4,
		.proto = IPPROTO_UDP,
		.fragment = VNF_ACL_WHOLE,
		.has = VNF_ACL_HAS_PORTS,
	};
}

static uint32_t classify(const struct vnf_acl_packet *p)
{
	uint32_t rule;

	vnf_acl_classify(acl, p, 1, &rule);
	return rule;
}

/* Is it so that one rule matches a packet, or differs in this field? */
static void rule_is(const struct vnf_acl_rule *rule, const struct vnf_acl_packet *p,
		    enum vnf_acl_field field)
{
	uint32_t wanted = field == VNF_ACL_FIELD_NONE ? 0 : VNF_ACL_NONE;

	cr_assert_eq(build(rule, 1), 0, "%s", error.text);
	cr_assert_eq(classify(p), wanted);
	cr_assert_eq(vnf_acl_find(acl, p), wanted);
	cr_assert_eq(vnf_acl_differs(acl, 0, p), field, "%s",
		     vnf_acl_field_name(vnf_acl_differs(acl, 0, p)));
	vnf_acl_destroy(acl);
}

Test(acl, without_rules_nothing_matches)
{
	struct vnf_acl_packet p = packet();

	cr_assert_eq(build(NULL, 0), 0);
	cr_assert_eq(classify(&p), VNF_ACL_NONE);
	cr_assert_eq(vnf_acl_shadows(acl, NULL, 0), 0);
	vnf_acl_destroy(acl);
	vnf_acl_destroy(NULL);
}

Test(acl, rule_without_conditions_matches_both_families)
{
	struct vnf_acl_rule rule = { 0 };
	struct vnf_acl_packet p = packet();

	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	p.version = 6;
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	p.version = 0;
	rule_is(&rule, &p, VNF_ACL_FIELD_VERSION);
	rule.version = 6;
	p.version = 4;
	rule_is(&rule, &p, VNF_ACL_FIELD_VERSION);
}

Test(acl, each_field_is_named_when_it_differs)
{
	struct vnf_acl_range net = acl_range("10.0.0.0/24"), other = acl_range("10.0.1.0/24");
	struct vnf_acl_span tcp = { 6, 6 }, udp = { 17, 17 }, dns = { 53, 53 },
			    high = { 1024, 65535 };
	struct vnf_acl_packet p = packet();
	struct vnf_acl_rule rule = { .zones_in = 1, .zones_out = 1 };

	rule.src = (struct vnf_acl_addresses){ .ranges = &net, .n_ranges = 1 };
	rule.dst = rule.src;
	rule.protos = (struct vnf_acl_numbers){ .spans = &udp, .n = 1 };
	rule.dst_ports = (struct vnf_acl_numbers){ .spans = &dns, .n = 1 };
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	p.zone_in = 1;
	rule_is(&rule, &p, VNF_ACL_FIELD_ZONE_IN);
	p.zone_in = 0;
	p.zone_out = 255;
	rule_is(&rule, &p, VNF_ACL_FIELD_ZONE_OUT);
	p.zone_out = 0;
	rule.src.ranges = &other;
	rule_is(&rule, &p, VNF_ACL_FIELD_SRC);
	rule.src.ranges = &net;
	rule.dst.ranges = &other;
	rule_is(&rule, &p, VNF_ACL_FIELD_DST);
	rule.dst.except = true;
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	rule.protos.spans = &tcp;
	rule_is(&rule, &p, VNF_ACL_FIELD_PROTO);
	rule.protos.except = true;
	rule.src_ports = (struct vnf_acl_numbers){ .spans = &high, .n = 1 };
	rule_is(&rule, &p, VNF_ACL_FIELD_SRC_PORTS);
	rule.src_ports.except = true;
	p.dst_port = 54;
	rule_is(&rule, &p, VNF_ACL_FIELD_DST_PORTS);
	p.dst_port = 53;
	rule.fragments = VNF_ACL_FIRST | VNF_ACL_LATER;
	rule_is(&rule, &p, VNF_ACL_FIELD_FRAGMENT);
}

/* However negated: a later fragment has no ports, and matches no rule that asks for some. */
Test(acl, without_ports_no_rule_with_ports_matches)
{
	struct vnf_acl_span dns = { 53, 53 }, all = { 0, 65535 };
	struct vnf_acl_packet p = packet();
	struct vnf_acl_rule rule = { .dst_ports = { .spans = &dns, .n = 1, .except = true } };

	p.fragment = VNF_ACL_LATER;
	p.has = 0;
	p.dst_port = 0;
	rule_is(&rule, &p, VNF_ACL_FIELD_DST_PORTS);
	rule.dst_ports = (struct vnf_acl_numbers){ .spans = &all, .n = 1 };
	rule_is(&rule, &p, VNF_ACL_FIELD_DST_PORTS);
	rule.src_ports = rule.dst_ports;
	rule_is(&rule, &p, VNF_ACL_FIELD_SRC_PORTS);
	p.has = VNF_ACL_HAS_PORTS;
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
}

Test(acl, icmp_and_flags_only_where_they_are)
{
	struct vnf_acl_icmp echo = { 8, 8, 0, 255 }, codes = { 3, 3, 1, 4 };
	struct vnf_acl_rule icmp = { .icmp = &echo, .n_icmp = 1, .version = 4 };
	struct vnf_acl_rule syn = { .flags_mask = 0x12, .flags_value = 0x02 };
	struct vnf_acl_packet p = packet();

	rule_is(&icmp, &p, VNF_ACL_FIELD_PROTO);
	p.proto = IPPROTO_ICMP;
	p.has = 0;
	rule_is(&icmp, &p, VNF_ACL_FIELD_ICMP);
	p.has = VNF_ACL_HAS_ICMP;
	rule_is(&icmp, &p, VNF_ACL_FIELD_ICMP);
	p.icmp_type = 8;
	p.icmp_code = 77;
	rule_is(&icmp, &p, VNF_ACL_FIELD_NONE);
	icmp.icmp = &codes;
	p.icmp_type = 3;
	for (p.icmp_code = 0; p.icmp_code < 6; p.icmp_code++)
		rule_is(&icmp, &p,
			p.icmp_code >= 1 && p.icmp_code <= 4 ? VNF_ACL_FIELD_NONE
							     : VNF_ACL_FIELD_ICMP);
	p = packet();
	p.proto = IPPROTO_TCP;
	rule_is(&syn, &p, VNF_ACL_FIELD_FLAGS);
	p.has |= VNF_ACL_HAS_FLAGS;
	rule_is(&syn, &p, VNF_ACL_FIELD_FLAGS);
	p.flags = 0x02;
	rule_is(&syn, &p, VNF_ACL_FIELD_NONE);
	p.flags = 0x12;
	rule_is(&syn, &p, VNF_ACL_FIELD_FLAGS);
}

Test(acl, vlans)
{
	struct vnf_acl_span ten = { 10, 19 }, none = { VNF_ACL_UNTAGGED, VNF_ACL_UNTAGGED };
	struct vnf_acl_rule rule = { .vlans = { .spans = &ten, .n = 1 } };
	struct vnf_acl_packet p = packet();

	rule_is(&rule, &p, VNF_ACL_FIELD_VLAN);
	p.vlan = 19;
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	rule.vlans.spans = &none;
	rule_is(&rule, &p, VNF_ACL_FIELD_VLAN);
	rule.vlans.except = true;
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	p.vlan = VNF_ACL_UNTAGGED;
	rule_is(&rule, &p, VNF_ACL_FIELD_VLAN);
}

/* "Not in these" is all else, of either family. */
Test(acl, negated_addresses_and_families)
{
	struct vnf_acl_range net = acl_range("10.0.0.0/8");
	struct vnf_acl_rule rule = { .src = { .ranges = &net, .n_ranges = 1, .except = true } };
	struct vnf_acl_packet p = packet();

	rule_is(&rule, &p, VNF_ACL_FIELD_SRC);
	p.version = 6;
	rule_is(&rule, &p, VNF_ACL_FIELD_NONE);
	rule.version = 4;
	rule_is(&rule, &p, VNF_ACL_FIELD_VERSION);
	rule.src.except = false;
	rule.version = 0;
	rule_is(&rule, &p, VNF_ACL_FIELD_VERSION);
}

/* IPv6 addresses that look like IPv4 ones are IPv6 all the same. */
Test(acl, mapped_addresses_are_ipv6)
{
	struct vnf_acl_range v4 = acl_range("0.0.0.0/0"), v6 = acl_range("::/0");
	struct vnf_acl_rule rules[] = { { .src = { .ranges = &v4, .n_ranges = 1 } },
					{ .src = { .ranges = &v6, .n_ranges = 1 } } };
	struct vnf_acl_packet p = packet();

	cr_assert_eq(build(rules, 2), 0);
	cr_assert_eq(classify(&p), 0);
	p.version = 6;
	memset(p.src, 0, sizeof(p.src));
	memset(p.src + 10, 0xff, 2);
	cr_assert_eq(classify(&p), 1);
	memset(p.src, 0xff, sizeof(p.src));
	cr_assert_eq(classify(&p), 1);
	vnf_acl_destroy(acl);
}

/* ---- what is refused ---- */

static void refused(const struct vnf_acl_rule *rule, enum vnf_acl_field field, const char *words)
{
	struct vnf_acl_rule rules[2] = { { 0 }, *rule };
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = 2 };

	cr_assert_eq(vnf_acl_check(&conf, &acl, &error), -EINVAL);
	cr_assert_null(acl);
	cr_assert_eq(error.rule, 1);
	cr_assert_eq(error.field, field, "%s", error.text);
	cr_assert_not_null(strstr(error.text, "rule 1"), "%s", error.text);
	cr_assert_not_null(strstr(error.text, words), "%s", error.text);
}

Test(acl, wrong_rules)
{
	struct vnf_acl_span down = { 9, 8 }, far = { 0, 65536 }, all = { 0, 65535 },
			    udp = { 17, 17 };
	struct vnf_acl_range net = acl_range("10.0.0.0/8");
	struct vnf_acl_icmp echo = { 8, 8, 0, 255 };
	const struct vnf_acl_set *no_set = NULL;
	struct vnf_acl_numbers sets = { .spans = &all, .n = 1, .except = true };
	const struct vnf_acl_numbers *set = &sets;

	refused(&(struct vnf_acl_rule){ .version = 5 }, VNF_ACL_FIELD_VERSION, "neither 4 nor 6");
	refused(&(struct vnf_acl_rule){ .dst_ports = { .spans = &down, .n = 1 }, .name = "abc" },
		VNF_ACL_FIELD_DST_PORTS, "(abc): destination port: 9 to 8");
	refused(&(struct vnf_acl_rule){ .src_ports = { .spans = &far, .n = 1 } },
		VNF_ACL_FIELD_SRC_PORTS, "0 to 65535");
	refused(&(struct vnf_acl_rule){ .src_ports = { .spans = &all, .n = 1, .except = true } },
		VNF_ACL_FIELD_SRC_PORTS, "no number is left");
	refused(&(struct vnf_acl_rule){ .src_ports = { .sets = &set, .n_sets = 1 } },
		VNF_ACL_FIELD_SRC_PORTS, "plain list");
	refused(&(struct vnf_acl_rule){ .protos = { .n = 1 } }, VNF_ACL_FIELD_PROTO, "NULL");
	refused(&(struct vnf_acl_rule){ .protos = { .spans = &udp, .n = 1 }, .flags_mask = 1 },
		VNF_ACL_FIELD_PROTO, "none of these has");
	refused(&(struct vnf_acl_rule){ .flags_mask = 1, .flags_value = 2 }, VNF_ACL_FIELD_FLAGS,
		"leaves out");
	refused(&(struct vnf_acl_rule){ .icmp = &echo, .n_icmp = 1, .flags_mask = 1 },
		VNF_ACL_FIELD_PROTO, "none of these has");
	refused(&(struct vnf_acl_rule){ .icmp = &echo,
					.n_icmp = 1,
					.dst_ports = { .spans = &all, .n = 1 } },
		VNF_ACL_FIELD_ICMP, "both ports and a type");
	refused(&(struct vnf_acl_rule){ .fragments = 8 }, VNF_ACL_FIELD_FRAGMENT, "unknown bits");
	refused(&(struct vnf_acl_rule){ .src = { .sets = &no_set, .n_sets = 1 } },
		VNF_ACL_FIELD_SRC, "set 0 is NULL");
	net.version = 0;
	refused(&(struct vnf_acl_rule){ .dst = { .ranges = &net, .n_ranges = 1 } },
		VNF_ACL_FIELD_DST, "of no family");
}

/* Each second port of many, in both directions: every one a class of its own. */
Test(acl, what_costs_too_much_is_named)
{
	static struct vnf_acl_span ports[100], single[200];
	static struct vnf_acl_rule rules[201];
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = 201 };

	for (uint32_t i = 0; i < 100; i++)
		ports[i] = (struct vnf_acl_span){ 4 * i, 4 * i };
	/* So that no two have the same class. */
	for (uint32_t i = 0; i < 200; i++) {
		single[i] = (struct vnf_acl_span){ 2 * i, 2 * i };
		rules[i].src_ports = (struct vnf_acl_numbers){ .spans = &single[i], .n = 1 };
		rules[i].dst_ports = rules[i].src_ports;
	}
	rules[200] = (struct vnf_acl_rule){ .name = "square",
					    .src_ports = { .spans = ports, .n = 100 },
					    .dst_ports = { .spans = ports, .n = 100 } };
	cr_assert_eq(vnf_acl_build(&conf, &acl, &error), -E2BIG);
	cr_assert_eq(error.rule, 200);
	cr_assert_not_null(strstr(error.text, "rule 200 (square): expands to 10000 entries"), "%s",
			   error.text);
	cr_assert_not_null(strstr(error.text, "source port or ICMP 100 x destination port 100"),
			   "%s", error.text);
	cr_assert_not_null(strstr(error.text, "at most 4096"), "%s", error.text);
	conf.entries_each = 10000;
	conf.entries = 20000;
	cr_assert_eq(vnf_acl_check(&conf, &acl, &error), -E2BIG);
	cr_assert_eq(error.rule, 200);
	cr_assert_not_null(strstr(error.text, "all rules expand to 20400 entries, at most 20000"),
			   "%s", error.text);
	conf.entries = 30000;
	conf.trie_bytes = 100000;
	cr_assert_eq(vnf_acl_build(&conf, &acl, &error), -ENOSPC);
	cr_assert_not_null(strstr(error.text, "do not fit"), "%s", error.text);
	conf.trie_bytes = 0;
	cr_assert_eq(vnf_acl_build(&conf, &acl, &error), 0, "%s", error.text);
	cr_assert_eq(vnf_acl_rule_entries(acl, 200), 20000);
	vnf_acl_destroy(acl);
	conf.n_rules = VNF_ACL_RULES_MAX + 1;
	cr_assert_eq(vnf_acl_check(&conf, &acl, &error), -E2BIG);
}

/* What --check can do: all but rte_acl, and DPDK is not asked for anything. */
Test(acl_check, works_before_dpdk_starts)
{
	struct vnf_acl_range net = acl_range("10.0.0.0/8");
	struct vnf_acl_rule rules[] = { { .src = { .ranges = &net, .n_ranges = 1 } }, { 0 } };
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = 2 };
	struct vnf_acl_packet p = packet();
	struct vnf_acl_cost cost;

	cr_assert_eq(vnf_acl_check(&conf, &acl, &error), 0);
	cr_assert_eq(classify(&p), 0);
	p.src[0] = 11;
	cr_assert_eq(classify(&p), 1);
	vnf_acl_cost(acl, &cost);
	cr_assert_eq(cost.trie_bytes, 0);
	cr_assert_eq(cost.entries[0], 2);
	cr_assert_eq(cost.entries[1], 1);
	vnf_acl_destroy(acl);
}

/* ---- shadows ---- */

Test(acl_check, shadows)
{
	struct vnf_acl_range net = acl_range("10.0.0.0/8"), host = acl_range("10.1.1.1"),
			     six = acl_range("2001:db8::/32"), half = acl_range("10.0.0.0/9"),
			     all4 = acl_range("0.0.0.0/0");
	struct vnf_acl_span tcp = { 6, 6 }, web = { 80, 80 }, low = { 0, 1023 };
	struct vnf_acl_range ranges[] = { net, six };
	struct vnf_acl_set *set;
	const struct vnf_acl_set *sets;
	struct vnf_acl_shadow shadow[8];
	struct vnf_acl_rule rules[] = {
		{ .src = { .ranges = &half, .n_ranges = 1, .except = true }, .version = 6 },
		{ .protos = { .spans = &tcp, .n = 1 } },
		{ .flags_mask = 2, .flags_value = 2 }, /* by 1: only TCP has flags */
		{ .src = { .n_sets = 1 } },
		{ .src = { .ranges = &host, .n_ranges = 1 } }, /* by 3 */
		{ .src = { .ranges = &net, .n_ranges = 1 },
		  .dst = { .ranges = &six, .n_ranges = 1 } },
		{ .dst_ports = { .spans = &low, .n = 1 }, .zones_in = 3 },
		{ .dst_ports = { .spans = &web, .n = 1 }, .zones_in = 1 }, /* by 6 */
		{ .dst_ports = { .spans = &web, .n = 1 }, .zones_in = 5 },
		{ .src = { .ranges = &all4, .n_ranges = 1 } },
		{ .version = 4, .zones_in = 8 }, /* by 9 */
		{ .zones_in = 8 },
	};
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = RTE_DIM(rules) };
	static const struct vnf_acl_shadow wanted[] = {
		{ 2, 1 }, { 4, 3 }, { 5, 5 }, { 7, 6 }, { 10, 9 },
	};

	cr_assert_eq(vnf_acl_set_create(ranges, 2, &set), 0);
	sets = set;
	rules[3].src.sets = &sets;
	cr_assert_eq(vnf_acl_check(&conf, &acl, &error), 0, "%s", error.text);
	vnf_acl_set_destroy(set);
	cr_assert_eq(vnf_acl_shadows(acl, shadow, 2), RTE_DIM(wanted));
	cr_assert_eq(vnf_acl_shadows(acl, shadow, 8), RTE_DIM(wanted));
	for (size_t i = 0; i < RTE_DIM(wanted); i++) {
		cr_assert_eq(shadow[i].rule, wanted[i].rule, "%zu: %u", i, shadow[i].rule);
		cr_assert_eq(shadow[i].by, wanted[i].by, "%zu: %u", i, shadow[i].by);
	}
	cr_assert_eq(vnf_acl_rule_entries(acl, 5), 0);
	vnf_acl_destroy(acl);
}

/* ---- packets ---- */

static struct rte_mbuf *mbuf_of(struct rte_mempool *pool, struct vnf_test_packet *made)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	cr_assert_eq(vnf_test_finish(made), 0);
	memcpy(rte_pktmbuf_append(m, (uint16_t)made->len), made->data, made->len);
	return m;
}

Test(acl, record_of_a_packet)
{
	static struct vnf_test_packet whole, later;
	struct rte_mempool *pool = eal_support_pool(2048);
	struct vnf_acl_packet p;
	struct vnf_headers h;
	struct rte_mbuf *m;

	vnf_test_eth(&whole, "02:00:00:00:00:02", "02:00:00:00:00:01");
	vnf_test_vlan(&whole, RTE_ETHER_TYPE_VLAN, 77);
	vnf_test_ipv4(&whole, "10.0.0.1", "10.0.0.2");
	vnf_test_udp(&whole, 1000, 53);
	vnf_test_payload(&whole, 400);
	m = mbuf_of(pool, &whole);
	cr_assert_eq(vnf_parse(m, &h), 0);
	vnf_acl_packet_of(m, &h, 1, 2, vnf_acl_vlan_of(&h), &p);
	cr_assert_eq(p.vlan, 77);
	cr_assert_eq(p.version, 4);
	cr_assert_eq(p.proto, IPPROTO_UDP);
	cr_assert_eq(p.has, VNF_ACL_HAS_PORTS);
	cr_assert_eq(p.src_port, 1000);
	cr_assert_eq(p.dst_port, 53);
	cr_assert_eq(p.fragment, VNF_ACL_WHOLE);
	cr_assert_eq(memcmp(p.dst, (uint8_t[16]){ 10, 0, 0, 2 }, 16), 0);
	rte_pktmbuf_free(m);
	vnf_test_fragment(&later, &whole, 1, 200, 0);
	m = mbuf_of(pool, &later);
	cr_assert_eq(vnf_parse(m, &h), 0);
	vnf_acl_packet_of(m, &h, 1, 2, vnf_acl_vlan_of(&h), &p);
	cr_assert_eq(p.has, 0);
	cr_assert_eq(p.fragment, VNF_ACL_LATER);
	rte_pktmbuf_free(m);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(acl, record_of_tcp_and_icmpv6)
{
	static struct vnf_test_packet made, echo;
	struct rte_mempool *pool = eal_support_pool(2048);
	struct vnf_acl_packet p;
	struct vnf_headers h;
	struct rte_mbuf *m;

	vnf_test_eth(&made, "02:00:00:00:00:02", "02:00:00:00:00:01");
	vnf_test_ipv6(&made, "2001:db8::1", "2001:db8::2");
	vnf_test_tcp(&made, 1000, 80, RTE_TCP_SYN_FLAG);
	m = mbuf_of(pool, &made);
	cr_assert_eq(vnf_parse(m, &h), 0);
	vnf_acl_packet_of(m, &h, 1, 2, vnf_acl_vlan_of(&h), &p);
	cr_assert_eq(p.has, VNF_ACL_HAS_PORTS | VNF_ACL_HAS_FLAGS);
	cr_assert_eq(p.flags, RTE_TCP_SYN_FLAG);
	cr_assert_eq(p.vlan, VNF_ACL_UNTAGGED);
	cr_assert_eq(p.version, 6);
	rte_pktmbuf_trim(m, 8);
	cr_assert_neq(vnf_parse(m, &h), 0);
	vnf_acl_packet_of(m, &h, 1, 2, vnf_acl_vlan_of(&h), &p);
	cr_assert_eq(p.has & VNF_ACL_HAS_FLAGS, 0);
	rte_pktmbuf_free(m);
	vnf_test_eth(&echo, "02:00:00:00:00:02", "02:00:00:00:00:01");
	vnf_test_ipv6(&echo, "2001:db8::1", "2001:db8::2");
	vnf_test_icmp(&echo, 128, 0, 7);
	m = mbuf_of(pool, &echo);
	cr_assert_eq(vnf_parse(m, &h), 0);
	vnf_acl_packet_of(m, &h, 1, 2, vnf_acl_vlan_of(&h), &p);
	cr_assert_eq(p.has, VNF_ACL_HAS_ICMP);
	cr_assert_eq(p.icmp_type, 128);
	rte_pktmbuf_free(m);
	EAL_SUPPORT_POOL_FULL(pool);
}
