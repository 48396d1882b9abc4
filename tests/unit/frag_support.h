/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For the tests of vnf/frag.h: a VNF that lets fragments through from lan to wan, and the packets
 * to send into it. What it knows of a fragment's datagram it writes into the source address of the
 * frame: the destination port or the ICMP identifier, which the first fragment made its `user`.
 * Its domain is the VLAN.
 */
#ifndef FRAG_SUPPORT_H
#define FRAG_SUPPORT_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <vnf/clock.h>
#include <vnf/frag.h>
#include <vnf/test.h>

#define NOTE_AT 10 /* in the frame */
#define MS UINT64_C(1000000)

static struct vnf_frags_conf conf;
static struct vnf_frags *frags;
/* Whether packets that waited are asked for. */
static bool releases = true;
static uint32_t n_ended, n_ended_known;
static uint32_t most_datagrams, most_waiting;
static uint64_t last_user;

static inline void ended(struct vnf_worker *worker, const struct vnf_frag *frag)
{
	struct vnf_frag *none;
	uint16_t port;

	(void)worker;
	n_ended++;
	n_ended_known += (frag->flags & VNF_FRAG_KNOWN) != 0;
	last_user = frag->user;
	/* The way back in is shut. */
	cr_assert_eq(vnf_frag_see(frags, 0, NULL, &(struct vnf_headers){ .flags = VNF_FRAGMENT }, 0,
				  &none),
		     VNF_DROP_APPLICATION);
	cr_assert_null(none);
	cr_assert_null(vnf_frag_next(frags, (struct vnf_frag *)(uintptr_t)frag, &port));
}

static inline int frags_start(struct vnf_worker *worker)
{
	if (conf.ended == NULL)
		conf.ended = ended;
	return vnf_frags_create(worker, &conf, &frags);
}

static inline void frags_stop(struct vnf_worker *worker)
{
	(void)worker;
	vnf_frags_destroy(frags);
}

static inline void note_write(struct rte_mbuf *pkt, const struct vnf_frag *frag)
{
	rte_be16_t note = rte_cpu_to_be_16((uint16_t)frag->user);

	memcpy(rte_pktmbuf_mtod_offset(pkt, void *, NOTE_AT), &note, sizeof(note));
}

static inline void first_decide(struct vnf_frag *frag)
{
	cr_assert_eq(frag->user, 0);
	cr_assert(frag->flags & VNF_FRAG_KNOWN);
	if ((frag->flags & VNF_FRAG_PORTS) != 0)
		frag->user = rte_be_to_cpu_16(frag->ports.dst);
	else if ((frag->flags & VNF_FRAG_ECHO) != 0)
		frag->user = rte_be_to_cpu_16(frag->icmp_id);
	else
		frag->user = frag->proto;
}

static inline void waiting_send(struct vnf_worker *worker, struct vnf_frag *frag)
{
	struct vnf_headers h;
	struct rte_mbuf *pkt;
	uint16_t port;

	while ((pkt = vnf_frag_next(frags, frag, &port)) != NULL) {
		cr_assert_eq(vnf_parse(pkt, &h), 0);
		cr_assert_neq(h.fragment_offset, 0);
		note_write(pkt, frag);
		vnf_send(worker, port ^ 1, pkt);
	}
}

static inline vnf_verdict_t fragment_pass(struct vnf_worker *worker, uint16_t port,
					  struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint32_t domain = h->n_vlans > 0 ? h->vlan[0] : 0, waiting;
	struct vnf_frag *frag;
	uint32_t bad = vnf_frag_see(frags, port, pkt, h, domain, &frag);

	most_datagrams = RTE_MAX(most_datagrams, vnf_frags_count(frags, &waiting));
	most_waiting = RTE_MAX(most_waiting, waiting);
	cr_assert_eq(frag != NULL, bad == 0);
	if (bad == VNF_FRAG_WAITS)
		return VNF_TAKEN;
	if (bad != 0)
		return VNF_DROP(bad);
	if (h->fragment_offset == 0)
		first_decide(frag);
	note_write(pkt, frag);
	vnf_send(worker, port ^ 1, pkt);
	if (releases && h->fragment_offset == 0)
		waiting_send(worker, frag);
	return VNF_TAKEN;
}

static inline vnf_verdict_t pass(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h);

	if (bad != 0)
		return VNF_DROP(bad);
	if ((h.flags & VNF_FRAGMENT) == 0)
		return VNF_FORWARD(port ^ 1);
	return fragment_pass(worker, port, pkt, &h);
}
VNF_PACKET(pass);

static const struct vnf_app app = {
	VNF_APP("fragments"),
	.ports_min = 2,
	.ports_max = 2,
	.stateful = true,
	.worker_init = frags_start,
	.burst = pass_burst,
	.worker_fini = frags_stop,
};

static const char config[] = "packets = 8192;\n"
			     "ports = (\n"
			     "  { name = \"lan\"; kind = \"null\"; mtu = 9000; },\n"
			     "  { name = \"wan\"; kind = \"null\"; mtu = 9000; } );\n";

/* ---- packets ---- */

static struct vnf_test_replay *t;
static struct vnf_test_packet whole;
/* When the next packet comes. */
static uint64_t sent_ns;
/* IPv6 or IPv4. */
static bool v6;

static inline void replay_start(void)
{
	t = vnf_test_replay_create(&app, config);
	cr_assert_not_null(t);
}

static inline void ip_between(const char *src, const char *dst)
{
	vnf_test_eth(&whole, "02:00:00:00:00:02", "02:00:00:00:00:01");
	if (strchr(src, ':') != NULL)
		vnf_test_ipv6(&whole, src, dst);
	else
		vnf_test_ipv4(&whole, src, dst);
}

static inline void ip_begin(void)
{
	ip_between(v6 ? "2001:db8::1" : "10.0.0.1", v6 ? "2001:db8::2" : "10.0.0.2");
}

static inline void whole_end(uint32_t payload)
{
	vnf_test_payload(&whole, payload);
	cr_assert_eq(vnf_test_finish(&whole), 0, "%s", whole.failed);
}

/* A datagram of so many octets after IP. */
static inline void udp(uint16_t dst_port, uint32_t octets)
{
	ip_begin();
	vnf_test_udp(&whole, 1000, dst_port);
	whole_end(octets - 8);
}

/* Octets `begin` to `end` - 1 of it; 0: to its end. */
static inline void part_send(uint32_t id, uint32_t begin, uint32_t end)
{
	static struct vnf_test_packet p;

	vnf_test_fragment(&p, &whole, id, begin, end > 0 ? end - begin : 0);
	cr_assert_eq(vnf_test_replay_packet(t, "lan", sent_ns, &p), 0, "%s: %d", p.failed, p.error);
}

static inline void run(void)
{
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "balance"), 0);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "held"), 0);
}

/* What came out, and all that came out. */
static inline void passed(int64_t n)
{
	cr_assert_eq(vnf_test_replay_count(t, "wan"), n, "%d passed, not %d",
		     (int)vnf_test_replay_count(t, "wan"), (int)n);
}

static inline void dropped(const char *reason, int64_t n)
{
	int64_t got = vnf_test_replay_counter(t, "lan", reason);

	cr_assert_eq(got, n, "%s: %d, not %d", reason, (int)got, (int)n);
}

static inline uint16_t note_of(int64_t i)
{
	const uint8_t *frame = vnf_test_replay_frame(t, "wan", (size_t)i, NULL, NULL);

	cr_assert_not_null(frame);
	return (uint16_t)(frame[NOTE_AT] << 8 | frame[NOTE_AT + 1]);
}

/* Frames that went out and whose datagram is this one by the VNF's word. */
static inline int64_t noted(uint16_t note)
{
	int64_t n = 0;

	for (int64_t i = 0; i < vnf_test_replay_count(t, "wan"); i++)
		n += note_of(i) == note;
	return n;
}

#endif
