/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How packets are cut into TCP segments on their way out of a port: what is too long, small or
 * padded, buffers that run out or are somebody else's, what is given up half-way, and how many
 * there may be.
 */
#include "fit_support.h"

Test(fit_cut, segments_longer_than_the_mtu_are_too_long, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, TSO_BOTH };
	struct rte_mbuf *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		uint16_t most = (uint16_t)(port.mtu + VNF_FRAME_OVERHEAD - 54), n;

		vnf_port_set_takes(&port, takes[i]);
		plain_frame(4000, most + 1);
		expect_dropped(VNF_DROP_TOO_LONG, "one octet");
		plain_frame(4000, most);
		counters_forget();
		n = fit_one(frame_packet(), out);
		cr_expect_eq(n, takes[i] == 0 ? 3 : 1);
		rte_pktmbuf_free_bulk(out, n);
		/* There is nothing to be cut, and what there is is too long. */
		plain_frame(most + 1u, UINT16_MAX);
		expect_dropped(VNF_DROP_TOO_LONG, "no longer than a segment");
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

/* An IP packet has 65,535 octets at most, behind an Ethernet header and two tags. */
Test(fit_cut, the_longest_frame_there_is, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];
	uint16_t n;

	plain_frame(IP_MAX - 40, 1448);
	n = fit_one(frame_packet(), out);
	cr_assert_eq(n, (IP_MAX - 40 + 1447) / 1448);
	segments_check(out, n);
	rte_pktmbuf_free_bulk(out, n);
	s.length = VNF_TSO_FRAME_MAX + 1; /* padding, but too much of it */
	expect_dropped(VNF_DROP_TOO_LONG, "padded beyond all measure");
}

/* ---- how it is cut ---- */

Test(fit_cut, no_longer_than_a_segment_is_just_a_checksum, .init = setup, .fini = teardown)
{
	static const uint16_t octets[] = { 0, 1, 999, 1000 };
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };
	struct rte_mbuf *pkt, *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(octets); i++) {
		for (size_t k = 0; k < RTE_DIM(takes); k++) {
			vnf_port_set_takes(&port, takes[k]);
			plain_frame(octets[i], 1000);
			pkt = frame_packet();
			counters_forget();
			cr_assert_eq(fit_one(pkt, out), 1);
			cr_assert_eq(out[0], pkt);
			one_check(pkt, FINISHED);
			rte_pktmbuf_free(pkt);
		}
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit_cut, padding_is_no_payload, .init = setup, .fini = teardown)
{
	static const uint32_t takes[] = { 0, VNF_TAKES_CHECKSUM, TSO_BOTH };
	struct rte_mbuf *out[ROOM_MAX];

	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		vnf_port_set_takes(&port, takes[i]);
		plain_frame(2000, 1000);
		s.length += 6;
		memset(whole + s.end, 0xee, 6);
		s.plain = false;
		counters_forget();
		cr_assert_eq(fit_one(frame_packet(), out), 2);
		segments_check(out, 2);
		cr_expect_eq(out[1]->pkt_len, 1054);
		rte_pktmbuf_free_bulk(out, 2);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit_cut, small_segments_are_cut_here_for_a_device_that_fears_them, .init = setup,
     .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	port.tso_min = 256;
	plain_frame(1000, 255);
	cr_assert_eq(fit_one(frame_packet(), out), 4);
	segments_check(out, 4);
	rte_pktmbuf_free_bulk(out, 4);
	plain_frame(1000, 256);
	counters_forget();
	cr_assert_eq(fit_one(frame_packet(), out), 1);
	one_check(out[0], WHOLE);
	rte_pktmbuf_free(out[0]);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A device that is not told repeats it on every segment (RFC 3168 section 6.1.2). */
Test(fit_cut, congestion_is_answered_once, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	vnf_port_set_takes(&port, TSO_BOTH);
	plain_frame(3000, 1000);
	whole[s.l4 + 13] |= CWR;
	cr_assert_eq(fit_one(frame_packet(), out), 3);
	segments_check(out, 3);
	rte_pktmbuf_free_bulk(out, 3);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit_cut, no_connection_begins_with_segments, .init = setup, .fini = teardown)
{
	plain_frame(3000, 1000);
	whole[s.l4 + 13] |= SYN;
	expect_dropped(VNF_DROP_UNSUPPORTED_OFFLOAD, "SYN");
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- foreign memory ---- */

static uint8_t memory[UINT16_MAX] __rte_aligned(8);
static unsigned int memory_freed;

static void memory_free(void *addr, void *arg)
{
	cr_assert_eq(addr, memory);
	(void)arg;
	memory_freed++;
}

/* The frame as librte_vhost delivers it: in memory of its own, in one piece. */
static struct rte_mbuf *frame_in_memory(void)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);
	struct rte_mbuf_ext_shared_info *info;
	uint16_t room = sizeof(memory);

	info = rte_pktmbuf_ext_shinfo_init_helper(memory, &room, memory_free, NULL);
	rte_pktmbuf_attach_extbuf(pkt, memory, 0, room, info);
	memcpy(rte_pktmbuf_append(pkt, (uint16_t)s.length), whole, s.length);
	pkt->ol_flags |= s.flags;
	pkt->tso_segsz = s.segment;
	pkt->port = 7;
	return pkt;
}

Test(fit_cut, a_frame_in_foreign_memory, .init = setup, .fini = teardown)
{
	struct rte_mbuf *out[ROOM_MAX];

	plain_frame(60000, 1200);
	cr_assert_eq(fit_one(frame_in_memory(), out), 50);
	cr_expect_eq(memory_freed, 1);
	segments_check(out, 50);
	rte_pktmbuf_free_bulk(out, 50);

	vnf_port_set_takes(&port, TSO_BOTH);
	counters_forget();
	cr_assert_eq(fit_one(frame_in_memory(), out), 1);
	cr_assert_eq(out[0]->ol_flags & RTE_MBUF_F_EXTERNAL, RTE_MBUF_F_EXTERNAL);
	out[0]->ol_flags &= ~RTE_MBUF_F_EXTERNAL;
	one_check(out[0], WHOLE);
	out[0]->ol_flags |= RTE_MBUF_F_EXTERNAL;
	rte_pktmbuf_free(out[0]);
	cr_expect_eq(memory_freed, 2);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* ---- no buffers ---- */

/* What was made of it goes out, and the rest is one packet that is lost; the next has its turn. */
Test(fit_cut, an_empty_pool_loses_the_rest, .init = setup, .fini = teardown)
{
	for (uint16_t left = 0; left <= 5; left++) {
		struct rte_mbuf *taken[SUPPORT_MBUFS], *pkts[2], *out[ROOM_MAX];
		struct vnf_fit fit;
		unsigned int n_taken;
		uint16_t n;

		counters_forget();
		plain_frame(100, 1000);
		pkts[1] = frame_packet();
		plain_frame(4500, 1000);
		pkts[0] = frame_packet();
		n_taken = rte_mempool_avail_count(pool) - left;
		cr_assert_eq(rte_pktmbuf_alloc_bulk(pool, taken, n_taken), 0);
		fit_begin(&fit, pkts, 2);
		n = fit_next(&fit, out, ROOM_MAX);
		cr_assert_eq(fit_next(&fit, out + n, 1), 0);
		cr_assert_eq(n, left + 1, "%u of %u", n, left);
		segments_check(out, left);
		cr_assert_eq(out[left], pkts[1]);
		cr_expect_eq(drops_of(VNF_DROP_NO_MBUF), left < 5);
		cr_expect_eq(all_drops(), left < 5);
		cr_expect_eq(worker.counters.created, left < 5 ? left : 4);
		check_ledger();
		rte_pktmbuf_free_bulk(out, n);
		rte_pktmbuf_free_bulk(taken, n_taken);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}

/* The ledger holds at every return: what is not yet cut is still in the packet's name. */
Test(fit_cut, segments_are_counted_as_they_are_made, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkt, *out[5];
	struct vnf_fit fit;

	plain_frame(4500, 1000);
	pkt = frame_packet();
	fit_begin(&fit, &pkt, 1);
	for (uint16_t i = 0; i < 5; i++) {
		cr_assert_eq(fit_next(&fit, &out[i], 1), 1);
		cr_expect_eq(worker.counters.created, i < 4 ? i + 1u : 4u);
	}
	cr_assert_eq(fit_next(&fit, out, 1), 0);
	rte_pktmbuf_free_bulk(out, 5);
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(fit_cut, buffers_shorter_than_a_segment, .init = setup, .fini = teardown)
{
	struct rte_mempool *small =
		rte_pktmbuf_pool_create("small", 63, 0, 0, RTE_PKTMBUF_HEADROOM + 512, 0);

	cr_assert_not_null(small);
	port.pool = small;
	plain_frame(2000, 1000);
	expect_dropped(VNF_DROP_NO_MBUF, "small buffers");
	cr_expect_eq(rte_mempool_avail_count(small), 63);
	rte_mempool_free(small);
}

/* ---- what is given up ---- */

/* The rest of one that is being cut is a packet that is lost; those after it have their turn. */
Test(fit_cut, the_rest_of_a_packet_may_be_given_up, .init = setup, .fini = teardown)
{
	for (uint16_t before = 0; before <= 5; before++) {
		struct rte_mbuf *pkts[2], *out[ROOM_MAX];
		struct vnf_fit fit;
		bool cut = before != 0 && before != 5; /* not yet begun, and all done */

		counters_forget();
		plain_frame(4500, 1000);
		pkts[0] = frame_packet();
		plain_frame(2000, 1000);
		pkts[1] = frame_packet();
		fit_begin(&fit, pkts, 2);
		if (before != 0)
			cr_assert_eq(fit_next(&fit, out, before), before);
		vnf_fit_skip(&fit, VNF_DROP_TX_FULL);
		vnf_fit_skip(&fit, VNF_DROP_TX_FULL);
		cr_expect_eq(drops_of(VNF_DROP_TX_FULL), cut);
		cr_assert_eq(fit_next(&fit, out + before, ROOM_MAX - before), before == 0 ? 7 : 2);
		cr_assert_eq(fit_next(&fit, out, 1), 0);
		cr_expect_eq(worker.counters.created, (before == 0 || !cut ? 4u : before) + 1u);
		check_ledger();
		rte_pktmbuf_free_bulk(out, (unsigned int)came_out);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}

Test(fit_cut, segments_are_reckoned, .init = setup, .fini = teardown)
{
	static const struct {
		uint32_t octets; /* of the frame */
		uint16_t segment;
		uint64_t flags;
		uint32_t most;
	} rows[] = {
		{ 60, 10, 0, 1 },
		{ 60, 10, RTE_MBUF_F_RX_L4_CKSUM_NONE, 1 },
		{ 60, 1000, RTE_MBUF_F_RX_LRO, 1 },
		{ 2000, 1000, RTE_MBUF_F_RX_LRO, 3 },
		{ 65535, 1000, RTE_MBUF_F_TX_TCP_SEG, 66 },
		{ 8000, VNF_TSO_MIN, RTE_MBUF_F_RX_LRO, 1001 },
		/* These are refused, and have to be dropped all the same. */
		{ 8000, 1, RTE_MBUF_F_RX_LRO, 1001 },
		{ 8000, 0, RTE_MBUF_F_RX_LRO, 1001 },
	};
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool);

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		pkt->pkt_len = rows[i].octets;
		pkt->tso_segsz = rows[i].segment;
		pkt->ol_flags = rows[i].flags;
		cr_expect_eq(vnf_tso_segments(pkt), rows[i].most, "row %zu", i);
	}
	rte_pktmbuf_free(pkt);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* A quarter of what a burst may come to (T), less than a segment (t), or nothing to be cut. */
static struct rte_mbuf *limit_packet(char what)
{
	const uint32_t segments = VNF_TSO_SEGMENTS_MAX / 4;

	if (what == 't')
		plain_frame(100, 1000);
	else
		plain_frame((segments - 1) * VNF_TSO_MIN - 54, VNF_TSO_MIN);
	if (what == '-')
		s.flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
	return frame_packet();
}

/* Those that came first have their way, and those that are not cut in any case. */
Test(fit_cut, a_burst_comes_to_so_many_segments_at_most, .init = setup, .fini = teardown)
{
	static const struct {
		uint16_t copies;
		const char *burst, *left; /* what of it is left */
	} rows[] = {
		{ 1, "T-TTTT-t", "T-TTT.-." }, { 1, "TTTT", "TTTT" }, { 2, "T-TT-t", "T-T.-." },
		{ 3, "TT-t", "T.-t" },         { 4, "TTt-", "T..-" }, { 5, "T-t", ".-t" },
		{ UINT16_MAX, "T-t", ".-." },  { 1, "", "" },
	};

	for (size_t r = 0; r < RTE_DIM(rows); r++) {
		uint16_t n = (uint16_t)strlen(rows[r].burst), left = 0;
		struct rte_mbuf *pkts[16], *want[16];

		counters_forget();
		for (uint16_t i = 0; i < n; i++) {
			pkts[i] = limit_packet(rows[r].burst[i]);
			if (rows[r].left[i] != '.')
				want[left++] = pkts[i];
		}
		cr_assert_eq(vnf_tso_limit(&worker.pub, PORT, pkts, n, rows[r].copies), left,
			     "row %zu", r);
		cr_expect_eq(memcmp(pkts, want, left * sizeof(*pkts)), 0, "row %zu", r);
		cr_expect_eq(drops_of(VNF_DROP_TOO_MANY_SEGMENTS), n - left, "row %zu", r);
		cr_expect_eq(all_drops(), n - left);
		rte_pktmbuf_free_bulk(pkts, left);
		EAL_SUPPORT_POOL_FULL(pool);
	}
}
