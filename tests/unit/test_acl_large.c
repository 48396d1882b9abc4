/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Ten thousand rules as ClassBench makes them, both families: against the matcher that reads rules,
 * with what they cost, and which are shadowed. Written as text first and read back, in the form of
 * ClassBench's filter files, which rte_acl's own test reads too:
 *
 *     @SOURCE/LENGTH DESTINATION/LENGTH LOW : HIGH LOW : HIGH PROTOCOL/MASK
 */
#include "acl_support.h"

#include <time.h>

#define RULES 10000
#define TEXT_MAX 256

static struct vnf_acl_rule rules[RULES];
static struct vnf_acl_range src[RULES], dst[RULES];
static struct vnf_acl_span proto[RULES], src_port[RULES], dst_port[RULES];

static void setup(void)
{
	eal_support_start();
}

static void teardown(void)
{
	eal_support_stop();
}

TestSuite(acl_large, .init = setup, .fini = teardown, .timeout = 200);

static void prefix_random(bool v4, char *text)
{
	static const uint8_t lengths4[] = { 0, 8, 16, 20, 24, 24, 24, 27, 28, 30, 32, 32, 32 };
	static const uint8_t lengths6[] = { 0, 32, 48, 48, 56, 64, 64, 64, 128, 128, 128 };
	uint32_t r = (uint32_t)acl_random();

	if (v4) {
		uint32_t length = lengths4[acl_below(RTE_DIM(lengths4))];
		uint32_t a = (10u << 24 | (r & 0x3f) << 18 | r >> 14) &
			     (length > 0 ? UINT32_MAX << (32 - length) : 0);

		snprintf(text, 64, "%u.%u.%u.%u/%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255,
			 length);
		return;
	}
	switch (lengths6[acl_below(RTE_DIM(lengths6))]) {
	case 0:
		snprintf(text, 64, "::/0");
		break;
	case 32:
		snprintf(text, 64, "2001:%x::/32", r & 7);
		break;
	case 48:
		snprintf(text, 64, "2001:%x:%x::/48", r & 7, r >> 8 & 63);
		break;
	case 56:
		snprintf(text, 64, "2001:%x:%x:%x00::/56", r & 7, r >> 8 & 63, r >> 16 & 15);
		break;
	case 64:
		snprintf(text, 64, "2001:%x:%x:%x::/64", r & 7, r >> 8 & 63, r >> 16 & 4095);
		break;
	default:
		snprintf(text, 64, "2001:%x:%x:%x::%x/128", r & 7, r >> 8 & 63, r >> 16 & 15,
			 r >> 22);
	}
}

static void ports_random(char *text)
{
	static const char *const usual[] = { "0 : 65535", "0 : 65535", "80 : 80",     "443 : 443",
					     "53 : 53",   "0 : 1023",  "1024 : 65535" };
	uint32_t one = acl_below(65536);

	if (acl_chance(75))
		snprintf(text, 32, "%s", usual[acl_below(RTE_DIM(usual))]);
	else
		snprintf(text, 32, "%u : %u", one,
			 acl_chance(50) ? one : one + acl_below(65536 - one));
}

static void line_random(bool v4, char *text)
{
	static const char *const protos[] = { "0x06/0xff", "0x06/0xff", "0x11/0xff", "0x00/0x00" };
	char one[64], other[64], low[32], high[32];

	prefix_random(v4, one);
	prefix_random(v4, other);
	ports_random(low);
	ports_random(high);
	snprintf(text, TEXT_MAX, "@%s\t%s\t%s\t%s\t%s", one, other, low, high,
		 protos[acl_below(RTE_DIM(protos))]);
}

/* Ports of any protocol are for those that have ports; all of them is no condition. */
static void ports_set(struct vnf_acl_numbers *n, const struct vnf_acl_span *span)
{
	if (span->first != 0 || span->last != 65535)
		*n = (struct vnf_acl_numbers){ .spans = span, .n = 1 };
}

static void line_read(uint32_t i, const char *text)
{
	char one[64], other[64];
	uint32_t value, mask;

	cr_assert_eq(sscanf(text, "@%63s %63s %u : %u %u : %u 0x%x/0x%x", one, other,
			    &src_port[i].first, &src_port[i].last, &dst_port[i].first,
			    &dst_port[i].last, &value, &mask),
		     8, "%s", text);
	src[i] = acl_range(one);
	dst[i] = acl_range(other);
	rules[i] = (struct vnf_acl_rule){ .src = { .ranges = &src[i], .n_ranges = 1 },
					  .dst = { .ranges = &dst[i], .n_ranges = 1 } };
	ports_set(&rules[i].src_ports, &src_port[i]);
	ports_set(&rules[i].dst_ports, &dst_port[i]);
	proto[i] = (struct vnf_acl_span){ value, value };
	if (mask != 0)
		rules[i].protos = (struct vnf_acl_numbers){ .spans = &proto[i], .n = 1 };
}

static void rules_make(uint32_t n)
{
	char text[TEXT_MAX];

	for (uint32_t i = 0; i < n; i++) {
		line_random(acl_chance(50), text);
		line_read(i, text);
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void compare(const struct vnf_acl *acl, uint32_t n, uint32_t bursts)
{
	struct vnf_acl_packet p[VNF_BURST_MAX];
	uint32_t rule[VNF_BURST_MAX];

	for (uint32_t b = 0; b < bursts; b++) {
		for (uint32_t i = 0; i < VNF_BURST_MAX; i++)
			acl_packet_random(&p[i], &rules[acl_below(n)]);
		vnf_acl_classify(acl, p, VNF_BURST_MAX, rule);
		for (uint32_t i = 0; i < VNF_BURST_MAX; i++)
			cr_assert_eq(rule[i], acl_oracle(rules, n, &p[i]));
	}
}

static void shadows_check(const struct vnf_acl *acl)
{
	static struct vnf_acl_shadow shadow[RULES];
	double began = seconds(), took;
	size_t n = vnf_acl_shadows(acl, shadow, RULES);

	took = seconds() - began;
	printf("# %zu of %u rules are shadowed, found in %.2f s\n", n, RULES, took);
	cr_assert_gt(n, 0);
#ifndef __SANITIZE_ADDRESS__
	cr_assert_lt(took, 2);
#endif
	for (size_t i = 0; i < n; i += 10) {
		struct vnf_acl_packet p;

		acl_packet_random(&p, &rules[shadow[i].rule]);
		if (acl_rule_matches(&rules[shadow[i].rule], &p))
			cr_assert(acl_rule_matches(&rules[shadow[i].by], &p));
	}
}

Test(acl_large, ten_thousand_rules)
{
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = RULES };
	struct vnf_acl_error error;
	struct vnf_acl_cost cost;
	struct vnf_acl *acl;
	double began = seconds();

	rules_make(RULES);
	cr_assert_eq(vnf_acl_build(&conf, &acl, &error), 0, "%s", error.text);
	vnf_acl_cost(acl, &cost);
	printf("# %u rules: built in %.2f s, %u and %u entries, %.1f MiB\n", RULES,
	       seconds() - began, cost.entries[0], cost.entries[1], (double)cost.bytes / (1 << 20));
	compare(acl, RULES, 100);
	shadows_check(acl);
	vnf_acl_destroy(acl);
}

/* A set that lies across all prefixes of the rules takes no more of them. */
Test(acl_large, sets_do_not_multiply_rules)
{
	static struct vnf_acl_range ranges[20000];
	struct vnf_acl_set *set;
	const struct vnf_acl_set *sets;
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = 2000 };
	struct vnf_acl_error error;
	struct vnf_acl *acl;

	rules_make(2000);
	for (uint32_t i = 0; i < RTE_DIM(ranges); i++) {
		char text[64];

		prefix_random(i % 2 == 0, text);
		ranges[i] = acl_range(strstr(text, "/0") != NULL ? "10.9.9.9" : text);
	}
	cr_assert_eq(vnf_acl_set_create(ranges, RTE_DIM(ranges), &set), 0);
	sets = set;
	for (uint32_t i = 0; i < 2000; i += 20)
		rules[i].src = (struct vnf_acl_addresses){ .sets = &sets,
							   .n_sets = 1,
							   .except = i % 40 == 0 };
	cr_assert_eq(vnf_acl_build(&conf, &acl, &error), 0, "%s", error.text);
	for (uint32_t i = 0; i < 2000; i++)
		cr_assert_leq(vnf_acl_rule_entries(acl, i), 30);
	compare(acl, 2000, 100);
	vnf_acl_set_destroy(set);
	vnf_acl_destroy(acl);
}
