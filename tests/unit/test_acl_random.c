/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The classifier against a matcher that reads rules as they are written: random rules, and packets
 * at their borders.
 */
#include "acl_support.h"

#define RULES 60
#define PACKETS 480

static struct vnf_acl_rule rules[RULES];
static struct acl_random_rule room[RULES];

static void setup(void)
{
	eal_support_start();
}

static void teardown(void)
{
	eal_support_stop();
}

TestSuite(acl_random, .init = setup, .fini = teardown, .timeout = 300);

/* Without those that contradict themselves, and are refused. */
static uint32_t rules_random(uint32_t n)
{
	uint32_t kept = 0;

	while (kept < n) {
		struct vnf_acl_conf conf = { .rules = &rules[kept], .n_rules = 1 };
		struct vnf_acl_error error;
		struct vnf_acl *acl;

		acl_rule_random(&rules[kept], &room[kept]);
		if (vnf_acl_check(&conf, &acl, &error) == 0) {
			vnf_acl_destroy(acl);
			kept++;
		} else {
			cr_assert_gt(strlen(error.text), 10);
			cr_assert_eq(error.rule, 0);
		}
	}
	return kept;
}

static void explained(const struct vnf_acl *acl, uint32_t n, const struct vnf_acl_packet *p,
		      uint32_t match)
{
	uint32_t other = acl_below(n);

	cr_assert_eq(vnf_acl_find(acl, p), match);
	if (match != VNF_ACL_NONE)
		cr_assert_eq(vnf_acl_differs(acl, match, p), VNF_ACL_FIELD_NONE);
	cr_assert_eq(vnf_acl_differs(acl, other, p) == VNF_ACL_FIELD_NONE,
		     acl_rule_matches(&rules[other], p));
}

static uint32_t packets_compare(const struct vnf_acl *acl, uint32_t n)
{
	struct vnf_acl_packet p[VNF_BURST_MAX];
	uint32_t rule[VNF_BURST_MAX], matched = 0;

	for (uint32_t done = 0; done < PACKETS;) {
		uint16_t burst = (uint16_t)(1 + acl_below(VNF_BURST_MAX));

		for (uint16_t i = 0; i < burst; i++)
			acl_packet_random(&p[i], &rules[acl_below(n)]);
		if (acl_chance(5))
			p[0].version = 0;
		vnf_acl_classify(acl, p, burst, rule);
		for (uint16_t i = 0; i < burst; i++) {
			uint32_t wanted = acl_oracle(rules, n, &p[i]);

			cr_assert_eq(rule[i], wanted, "%u of %u: %u, wanted %u", i, burst, rule[i],
				     wanted);
			explained(acl, n, &p[i], wanted);
			matched += wanted != VNF_ACL_NONE;
		}
		done += burst;
	}
	return matched;
}

/* What is said to be shadowed never matches first, also of packets made for it. */
static void shadows_hold(const struct vnf_acl *acl, uint32_t n)
{
	struct vnf_acl_shadow shadow[RULES];
	size_t found = vnf_acl_shadows(acl, shadow, RULES);

	for (size_t i = 0; i < found; i++)
		for (uint32_t k = 0; k < 50; k++) {
			struct vnf_acl_packet p;

			acl_packet_random(&p, &rules[shadow[i].rule]);
			if (acl_rule_matches(&rules[shadow[i].rule], &p))
				cr_assert(shadow[i].by != shadow[i].rule &&
					  acl_rule_matches(&rules[shadow[i].by], &p));
		}
	cr_assert_leq(found, n);
}

static uint32_t one_set(uint32_t n)
{
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = rules_random(n) };
	struct vnf_acl_error error;
	struct vnf_acl *acl;
	uint32_t matched;
	int ret = vnf_acl_build(&conf, &acl, &error);

	cr_assert_eq(ret, 0, "%d: %s", ret, error.text);
	matched = packets_compare(acl, n);
	shadows_hold(acl, n);
	vnf_acl_destroy(acl);
	return matched;
}

static void many_sets(uint32_t sets, uint32_t most)
{
	uint32_t matched = 0;

	for (uint32_t i = 0; i < sets; i++) {
		acl_sets_random();
		matched += one_set(1 + acl_below(most));
		acl_sets_destroy();
	}
	/* Or else this would show little. */
	cr_assert_gt(matched, sets * PACKETS / 10);
	cr_assert_lt(matched, sets * PACKETS);
}

Test(acl_random, few_rules)
{
	many_sets(700, 6);
}

Test(acl_random, more_rules)
{
	acl_state = 2;
	many_sets(70, RULES);
}

/* One condition changed at a time, each time compared. */
Test(acl_random, mutated_rules)
{
	uint32_t n = 20;

	acl_state = 3;
	acl_sets_random();
	rules_random(n);
	for (uint32_t i = 0; i < 80; i++) {
		struct vnf_acl_conf conf = { .rules = rules, .n_rules = n };
		uint32_t at = acl_below(n);
		struct vnf_acl_rule before = rules[at];
		struct vnf_acl_error error;
		struct vnf_acl *acl;

		switch (acl_below(6)) {
		case 0:
			rules[at].src.except = !before.src.except;
			break;
		case 1:
			rules[at].dst.n_ranges /= 2;
			break;
		case 2:
			rules[at].dst_ports.except = !before.dst_ports.except;
			break;
		case 3:
			rules[at].zones_in ^= 1u << acl_below(8);
			break;
		case 4:
			rules[at].version = (uint8_t)(before.version == 0 ? 4 : 0);
			break;
		default:
			rules[at].fragments = (uint8_t)acl_below(8);
			break;
		}
		if (vnf_acl_build(&conf, &acl, &error) < 0) {
			rules[at] = before;
			continue;
		}
		packets_compare(acl, n);
		vnf_acl_destroy(acl);
	}
	acl_sets_destroy();
}
