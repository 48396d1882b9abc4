/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who is to blame: the words for each reason, and what they depend on.
 */
#include <criterion/criterion.h>

#include <string.h>

#include <vnf/counter.h>

#include "why.h"

static struct why_facts facts = { .kind = "vhost-user", .up = true, .mtu = 1500 };
static struct why_finding finding;

static void expect(uint32_t reason, const char *who, const char *part)
{
	why_drop(&facts, reason, &finding);
	cr_expect_str_eq(finding.who, who);
	cr_expect_not_null(strstr(finding.what, part), "%s", finding.what);
	cr_expect(finding.advice[0] != '\0');
}

Test(why, a_full_queue_is_the_fault_of_who_is_behind_it)
{
	expect(VNF_DROP_TX_FULL, "the peer", "does not take packets");
	facts.kind = "nic";
	expect(VNF_DROP_TX_FULL, "the card", "more comes than its link carries");
	facts.kind = "tap";
	expect(VNF_DROP_TX_FULL, "the kernel", "does not read as fast");
}

Test(why, a_peer_with_a_known_fault_is_blamed_for_that)
{
	facts.peer = "its memory is not shared";
	expect(VNF_DROP_TX_FULL, "the peer", "its memory is not shared");
}

Test(why, a_port_is_down_or_was)
{
	expect(VNF_DROP_PORT_DOWN, "the peer", "now it is up");
	facts.up = false;
	expect(VNF_DROP_PORT_DOWN, "the peer", "the port is down");
}

Test(why, a_long_frame_is_shown_beside_the_mtu)
{
	expect(VNF_DROP_TOO_LONG, "MTU", "mtu = 1500 allows, which is 1522 octets");
	facts.longest = 9014;
	expect(VNF_DROP_TOO_LONG, "MTU", "the longest one recorded has 9014");
}

Test(why, a_rule_of_the_programs_own_has_its_words)
{
	facts.reason_name = "telnet";
	facts.reason_doc = "telnet is not allowed";
	expect(VNF_DROP_USER, "policy", "\"telnet\": telnet is not allowed");
}

Test(why, every_reason_of_the_sdk_has_words)
{
	for (uint32_t r = 0; r < VNF_DROP_USER; r++) {
		memset(&finding, 0, sizeof(finding));
		why_drop(&facts, r, &finding);
		cr_expect(finding.who != NULL && finding.advice != NULL && finding.what[0] != '\0',
			  "reason %u", r);
		cr_expect_null(strstr(finding.what, "its own rule"), "reason %u", r);
	}
}

Test(why, a_busy_worker_is_told_from_bursts)
{
	facts.busy_permille = 990;
	why_missed(&facts, WHY_RX_MISSED, &finding);
	cr_expect_str_eq(finding.who, "a worker");
	facts.busy_permille = 200;
	why_missed(&facts, WHY_RX_MISSED, &finding);
	cr_expect_str_eq(finding.who, "bursts");
	why_missed(&facts, WHY_RX_NOMBUF, &finding);
	cr_expect_str_eq(finding.who, "the packet pool");
}
