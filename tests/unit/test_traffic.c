/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Test traffic: frames are valid, flows and addresses go round as planned, the check of the
 * sequence tells loss, reordering and duplicates apart; and the pace that a generator keeps.
 */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "pace.h"
#include "traffic.h"

static const struct traffic_plan plan_default = {
	.src_mac = 0x020000000a00,
	.dst_mac = 0x020000000b00,
	.macs = 1,
	.dst_macs = 1,
	.src_ip = RTE_IPV4(198, 18, 0, 1),
	.dst_ip = RTE_IPV4(198, 19, 0, 1),
	.flows = 1,
	.n_sizes = 1,
	.sizes = { 60 },
};

static struct traffic_gen gen;
static struct traffic_queue queue[2];
static uint8_t frame[TRAFFIC_FRAME_MAX] __rte_aligned(2);

static void frame_expect_valid(uint16_t n)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(frame + 34);
	uint16_t sum = udp->dgram_cksum;

	cr_expect_eq(rte_be_to_cpu_16(ip->total_length), n - 14);
	cr_expect_eq(rte_be_to_cpu_16(udp->dgram_len), n - 34);
	cr_expect_eq(rte_raw_cksum(ip, sizeof(*ip)), 0xffff);
	udp->dgram_cksum = 0;
	cr_expect_eq(rte_ipv4_udptcp_cksum(ip, udp), sum, "UDP checksum of %u octets", n);
	udp->dgram_cksum = sum;
}

static void take(struct traffic_queue *q)
{
	uint16_t n = traffic_gen_build(&gen, frame);

	traffic_sink_check(&q->sink, frame, n);
}

static struct vnf_traffic_stats sum(uint16_t n_queues)
{
	void *const queues[] = { &queue[0], &queue[1] };
	struct vnf_traffic_stats s;

	traffic_sum(queues, n_queues, &s);
	return s;
}

Test(traffic, frames_are_valid)
{
	struct traffic_plan plan = plan_default;

	plan.flows = 100000;
	plan.macs = 300;
	plan.n_sizes = 5;
	memcpy(plan.sizes, (const uint16_t[]){ 60, 61, 1514, 64, 9618 }, 5 * sizeof(uint16_t));
	traffic_gen_init(&gen, &plan, 7, 0, 1);
	for (unsigned int i = 0; i < 100000; i++) {
		uint16_t want = traffic_gen_bytes(&gen), n;

		/* Sequence numbers of all widths. */
		gen.seq = (UINT64_C(0x123456789abcdef1) >> (i % 64)) + i;
		n = traffic_gen_build(&gen, frame);
		cr_assert_eq(n, want);
		cr_assert_eq(n, plan.sizes[i % 5]);
		if (i % 5 != 4 || i < 100)
			frame_expect_valid(n);
	}
}

Test(traffic, addresses_go_round)
{
	struct traffic_plan plan = plan_default;

	plan.flows = 32768 + 2;
	plan.macs = 3;
	plan.dst_macs = 2;
	traffic_gen_init(&gen, &plan, 1, 0, 1);
	for (unsigned int i = 0; i < 2 * plan.flows; i++) {
		unsigned int flow = i % plan.flows;

		traffic_gen_build(&gen, frame);
		cr_assert_eq(frame[5], i % 2);
		cr_assert_eq(frame[4], 0x0b);
		cr_assert_eq(frame[11], i % 3);
		cr_assert_eq(frame[10], 0x0a);
		cr_assert_eq(frame[29], 1 + flow / 32768);
		cr_assert_eq(frame[34] << 8 | frame[35], 1024 + flow % 32768);
	}
}

Test(traffic, queues_divide_the_flows)
{
	struct traffic_plan plan = plan_default;

	plan.flows = 5;
	traffic_gen_init(&gen, &plan, 1, 0, 2);
	cr_expect_eq(gen.flow.first, 0);
	cr_expect_eq(gen.flow.end, 2);
	traffic_gen_init(&gen, &plan, 1, 1, 2);
	cr_expect_eq(gen.flow.first, 2);
	cr_expect_eq(gen.flow.end, 5);
	plan.flows = 1;
	for (uint16_t i = 0; i < 3; i++) {
		traffic_gen_init(&gen, &plan, 1, i, 3);
		cr_expect_eq(gen.flow.first, 0);
		cr_expect_eq(gen.flow.end, 1);
	}
}

Test(traffic, in_order_is_clean)
{
	struct vnf_traffic_stats s;

	traffic_gen_init(&gen, &plan_default, 1, 0, 1);
	for (unsigned int i = 0; i < 3 * TRAFFIC_WINDOW; i++)
		take(&queue[0]);
	s = sum(1);
	cr_expect_eq(s.received, 3 * TRAFFIC_WINDOW);
	cr_expect_eq(s.lost + s.reordered + s.duplicated + s.foreign, 0);
}

Test(traffic, loss_reordering_duplicates)
{
	static const struct {
		uint64_t seq;
		struct vnf_traffic_stats after;
	} steps[] = {
		{ 2, { .received = 1, .lost = 2 } },
		{ 0, { .received = 2, .lost = 1, .reordered = 1 } },
		{ 0, { .received = 3, .lost = 1, .reordered = 1, .duplicated = 1 } },
		{ 2, { .received = 4, .lost = 1, .reordered = 1, .duplicated = 2 } },
		{ 200, { .received = 5, .lost = 198, .reordered = 1, .duplicated = 2 } },
		{ 199, { .received = 6, .lost = 197, .reordered = 2, .duplicated = 2 } },
		{ 40000, { .received = 7, .lost = 39996, .reordered = 2, .duplicated = 2 } },
		{ 200, { .received = 8, .lost = 39996, .reordered = 3, .duplicated = 2 } },
		{ 39999, { .received = 9, .lost = 39995, .reordered = 4, .duplicated = 2 } },
		{ 39999, { .received = 10, .lost = 39995, .reordered = 4, .duplicated = 3 } },
	};

	traffic_gen_init(&gen, &plan_default, 1, 0, 1);
	for (size_t i = 0; i < RTE_DIM(steps); i++) {
		struct vnf_traffic_stats s;

		gen.seq = steps[i].seq;
		take(&queue[0]);
		s = sum(1);
		cr_assert_eq(memcmp(&s, &steps[i].after, sizeof(s)), 0,
			     "step %zu: received %" PRIu64 " lost %" PRIu64 " reordered %" PRIu64
			     " duplicated %" PRIu64,
			     i, s.received, s.lost, s.reordered, s.duplicated);
	}
}

/* Against a plain model: every second number is left out, the rest is shuffled near by. */
Test(traffic, random_order_against_model)
{
	enum { N = 200000, NEAR = 900 };
	uint8_t *seen = calloc(N, 1);
	uint64_t unique = 0, dup = 0, top = 0;
	struct vnf_traffic_stats s;

	srandom(1);
	traffic_gen_init(&gen, &plan_default, 1, 0, 1);
	for (uint64_t i = NEAR; i < N; i++) {
		uint64_t seq = i - (uint64_t)random() % NEAR;

		dup += seen[seq];
		unique += !seen[seq];
		seen[seq] = 1;
		top = RTE_MAX(top, seq + 1);
		gen.seq = seq;
		take(&queue[0]);
	}
	s = sum(1);
	cr_expect_eq(s.duplicated, dup);
	cr_expect_eq(s.lost, top - unique);
	free(seen);
}

Test(traffic, a_stream_over_two_queues_is_whole)
{
	struct vnf_traffic_stats s;

	traffic_gen_init(&gen, &plan_default, 9, 0, 1);
	for (unsigned int i = 0; i < 1000; i++)
		take(&queue[i % 3 == 0]);
	s = sum(2);
	cr_expect_eq(s.received, 1000);
	cr_expect_eq(s.lost, 0);
	cr_expect_eq(s.reordered, 0);
}

Test(traffic, more_streams_than_slots)
{
	struct vnf_traffic_stats s;

	for (uint32_t id = 0; id < 3 * TRAFFIC_STREAMS_MAX; id++) {
		traffic_gen_init(&gen, &plan_default, id, 0, 1);
		take(&queue[0]);
		gen.seq++; /* one is lost */
		take(&queue[0]);
	}
	s = sum(1);
	cr_expect_eq(s.received, 6 * TRAFFIC_STREAMS_MAX);
	cr_expect_eq(s.lost, 3 * TRAFFIC_STREAMS_MAX);
}

Test(traffic, tagged_frames_are_ours)
{
	uint8_t tagged[68];

	traffic_gen_init(&gen, &plan_default, 1, 0, 1);
	traffic_gen_build(&gen, frame);
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, (const uint8_t[]){ 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6 }, 8);
	memcpy(tagged + 20, frame + 12, 48);
	traffic_sink_check(&queue[0].sink, tagged, sizeof(tagged));
	cr_expect_eq(sum(1).received, 1);
	cr_expect_eq(sum(1).foreign, 0);
}

/* Any octets of any length are foreign, and are not read beyond their end (ASan looks). */
Test(traffic, anything_else_is_foreign)
{
	unsigned int n_foreign = 0;

	srandom(2);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t n = (uint32_t)random() % 90;
		uint8_t *p = malloc(n + 1);

		for (uint32_t k = 0; k < n; k++)
			p[k] = (uint8_t)random();
		if (n > 24 && i % 2 == 0) {
			memcpy(p + 12, (const uint8_t[]){ 8, 0, 0x4f }, 3);
			p[23] = IPPROTO_UDP;
		}
		p = realloc(p, n == 0 ? 1 : n);
		traffic_sink_check(&queue[0].sink, p, n);
		n_foreign++;
		free(p);
	}
	cr_expect_eq(sum(1).foreign, n_foreign);
	traffic_gen_init(&gen, &plan_default, 1, 0, 1);
	gen.seq = TRAFFIC_SEQ_END;
	take(&queue[0]);
	cr_expect_eq(sum(1).foreign, n_foreign + 1);
	cr_expect_eq(sum(1).received, 0);
}

Test(pace, keeps_the_rate)
{
	struct pace p = { .rate = 1000000 };
	uint64_t sent = 0;

	for (uint64_t now = 1; now <= PACE_SECOND_NS; now += 777)
		sent += pace_due(&p, now, 32);
	cr_expect(sent >= 999990 && sent <= 1000001, "%" PRIu64, sent);
}

Test(pace, slow_rates_are_exact)
{
	struct pace p = { .rate = 3 };
	uint64_t sent = 0;

	for (uint64_t now = 1; now <= 10 * PACE_SECOND_NS; now += 5000000)
		sent += pace_due(&p, now, 32);
	cr_expect(sent == 29 || sent == 30, "%" PRIu64, sent);
}

Test(pace, a_stall_makes_no_storm)
{
	struct pace p = { .rate = 10000000 };
	uint64_t sent = 0, now = 1;

	pace_due(&p, now, 32);
	now += 60 * PACE_SECOND_NS;
	for (unsigned int i = 0; i < 1000; i++)
		sent += pace_due(&p, now, 32);
	cr_expect_eq(sent, PACE_CATCH_UP);
}

Test(pace, no_rate_no_limit)
{
	struct pace p = { 0 };

	cr_expect_eq(pace_due(&p, 5, 32), 32);
}
