/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The part VNF_STEER, and which slot a packet belongs to. See vnf/steer.h and steer_priv.h.
 */

#include "steer_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_icmp.h>

#define RING_MIN 64
#define RING_MAX 16384

/* ---- which slot ---- */

static inline uint64_t load_u64(const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* Both directions, of IPv6 addresses one word. */
static uint32_t slot_ipv6(const struct vnf_worker *worker, const struct rte_ipv6_hdr *ip,
			  uint64_t more, uint64_t both)
{
	const uint64_t *secret = worker->slots->secret;
	uint64_t src = vnf_slot_mix(load_u64(ip->src_addr) ^ secret[1],
				    load_u64(ip->src_addr + 8) ^ secret[2]);
	uint64_t dst = vnf_slot_mix(load_u64(ip->dst_addr) ^ secret[1],
				    load_u64(ip->dst_addr + 8) ^ secret[2]);

	/* Ports stay with their addresses. */
	return vnf_slot_of(worker, src + (more >> 32), dst + (more & UINT32_MAX), both);
}

/* A card hashed it so, or would have; see steer_rss.h. */
static uint32_t slot_rss(const struct vnf_slots *slots, uint32_t sum)
{
	uint16_t word = rte_be_to_cpu_16((uint16_t)(sum ^ sum >> 16));

	return (uint32_t)(slots->rss[0][word >> 8] ^ slots->rss[1][word & UINT8_MAX]) & slots->mask;
}

static uint32_t slot_rss_addresses(const struct vnf_worker *worker, struct rte_mbuf *pkt,
				   const struct vnf_headers *h, uint32_t ports)
{
	if (vnf_is_ipv4(h)) {
		const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

		return slot_rss(worker->slots, ip->src_addr ^ ip->dst_addr ^ ports);
	}
	if (vnf_is_ipv6(h)) {
		const struct rte_ipv6_hdr *ip = vnf_ipv6(pkt, h);
		uint64_t sum = load_u64(ip->src_addr) ^ load_u64(ip->src_addr + 8) ^
			       load_u64(ip->dst_addr) ^ load_u64(ip->dst_addr + 8);

		return slot_rss(worker->slots, (uint32_t)(sum ^ sum >> 32) ^ ports);
	}
	return 0;
}

/* Cards know ports of whole TCP and UDP packets. */
static uint32_t slot_rss_flow(const struct vnf_worker *worker, struct rte_mbuf *pkt,
			      const struct vnf_headers *h)
{
	uint32_t ports = 0;

	if ((h->proto == IPPROTO_TCP || h->proto == IPPROTO_UDP) &&
	    (h->flags & VNF_FRAGMENT) == 0 && vnf_has_ports(h)) {
		const struct vnf_ports *p = vnf_ports(pkt, h);

		ports = (uint32_t)p->src ^ p->dst;
	}
	return slot_rss_addresses(worker, pkt, h, ports);
}

static uint32_t slot_addresses(const struct vnf_worker *worker, struct rte_mbuf *pkt,
			       const struct vnf_headers *h, uint64_t more, uint64_t both)
{
	if (vnf_is_ipv4(h)) {
		const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

		return vnf_slot_of(worker, (uint64_t)ip->src_addr << 32 | more >> 32,
				   (uint64_t)ip->dst_addr << 32 | (more & UINT32_MAX), both);
	}
	if (vnf_is_ipv6(h))
		return slot_ipv6(worker, vnf_ipv6(pkt, h), more, both);
	return 0;
}

/* What the packet is about: itself, or what its ICMP error quotes. Of an error in fragments only
 * the first has the quote; they are to meet.
 */
static const struct vnf_headers *subject(struct rte_mbuf *pkt, const struct vnf_headers *h,
					 struct vnf_headers *quote)
{
	if ((h->flags & VNF_FRAGMENT) != 0 || !vnf_is_icmp_error(pkt, h) ||
	    vnf_parse_quote(pkt, h, quote) != 0)
		return h;
	return quote;
}

uint32_t vnf_slot_of_pair(const struct vnf_worker *worker, struct rte_mbuf *pkt,
			  const struct vnf_headers *h)
{
	struct vnf_headers quote;
	const struct vnf_headers *is = subject(pkt, h, &quote);

	if (worker->slots->rss != NULL)
		return slot_rss_addresses(worker, pkt, is, 0);
	return slot_addresses(worker, pkt, is, 0, 0);
}

/* Of an echo; what is no echo has none. */
static bool echo_id(struct rte_mbuf *pkt, const struct vnf_headers *h, uint64_t *id)
{
	const struct rte_icmp_hdr *icmp;

	if (!vnf_is_icmp(h))
		return false;
	icmp = vnf_icmp(pkt, h);
	*id = icmp->icmp_ident;
	if (h->proto == IPPROTO_ICMPV6)
		return icmp->icmp_type == 128 || icmp->icmp_type == 129;
	return icmp->icmp_type == RTE_IP_ICMP_ECHO_REQUEST ||
	       icmp->icmp_type == RTE_IP_ICMP_ECHO_REPLY;
}

uint32_t vnf_slot_of_flow(const struct vnf_worker *worker, struct rte_mbuf *pkt,
			  const struct vnf_headers *h)
{
	struct vnf_headers quote;
	const struct vnf_headers *is = subject(pkt, h, &quote);
	uint64_t id;

	if (worker->slots->rss != NULL)
		return slot_rss_flow(worker, pkt, is);
	if ((is->flags & VNF_FRAGMENT) != 0)
		return slot_addresses(worker, pkt, is, 0, 0);
	if (vnf_has_ports(is)) {
		const struct vnf_ports *ports = vnf_ports(pkt, is);

		return slot_addresses(worker, pkt, is, (uint64_t)ports->src << 32 | ports->dst,
				      is->proto);
	}
	if (echo_id(pkt, is, &id))
		return slot_addresses(worker, pkt, is, id << 32 | id, is->proto);
	return slot_addresses(worker, pkt, is, 0, is->proto);
}

uint32_t vnf_slot_count(const struct vnf *vnf)
{
	const struct steer *steer = vnf->part_state[PART_STEER];
	const struct steer_section *section;

	if (steer != NULL)
		return steer->n_slots;
	section = vnf_part_config(vnf, PART_STEER);
	return section->steering.slots;
}

/* ---- configuration ---- */

static int check_power(const void *field, char *why, size_t why_size)
{
	uint32_t value = *(const uint32_t *)field, below = 1;

	if ((value & (value - 1)) == 0)
		return 0;
	while (below * 2 < value)
		below *= 2;
	snprintf(why, why_size, "is %u, allowed are powers of two, such as %u and %u", value, below,
		 below * 2);
	return -EINVAL;
}

static const struct vnf_config_key keys[] = {
	{ .name = "slots",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct steer_spec, slots),
	  .min = 1,
	  .max = VNF_SLOTS_MAX,
	  .def = "64",
	  .check = check_power,
	  .doc = "Slots that state is split into, a power of two; each is one worker's at a time. "
		 "Many slots are spread more evenly." },
	{ .name = "ring",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct steer_spec, ring),
	  .min = RING_MIN,
	  .max = RING_MAX,
	  .def = "1024",
	  .check = check_power,
	  .doc = "Packets that may wait between two workers, a power of two; one more is "
		 "dropped." },
	{ .name = "rebalance",
	  .type = VNF_CONFIG_BOOL,
	  .flags = VNF_CONFIG_LIVE,
	  .offset = offsetof(struct steer_spec, rebalance),
	  .def = "true",
	  .doc = "Move slots away from a worker that has a quarter more to do than the mean." },
	{ .name = NULL },
};

static const struct vnf_config_key steer_keys[] = {
	{ .name = "steering",
	  .type = VNF_CONFIG_GROUP,
	  .offset = offsetof(struct steer_section, steering),
	  .keys = keys,
	  .doc = "How packets get to the worker that keeps their state." },
	{ .name = NULL },
};

static uint32_t steer_packets_planned(const void *config, uint32_t n_workers)
{
	const struct steer_section *section = config;

	if (n_workers == 1)
		return section->steering.ring;
	return n_workers * n_workers * section->steering.ring + STEER_PARKED_MAX;
}

/* ---- the part ---- */

static void steer_destroy(struct vnf *vnf, void *state)
{
	struct steer *steer = state;

	(void)vnf;
	for (uint16_t i = 0; steer->workers != NULL && i < steer->n_workers; i++)
		if (steer->workers[i].steer != NULL)
			steer_worker_destroy(&steer->workers[i]);
	free(steer->workers);
	free(steer->load);
	free(steer->packets_seen);
	free(steer->holder);
	free(steer->target);
	free(steer);
}

/* In order, so that what is done for all slots is done in their order, however many workers. */
static void slots_share_out(struct steer *steer)
{
	for (uint32_t s = 0; s < steer->n_slots; s++) {
		steer->holder[s] = (uint16_t)(s * steer->n_workers / steer->n_slots);
		steer->target[s] = steer->holder[s];
	}
}

static void out_rings_set(struct steer *steer)
{
	for (uint16_t from = 0; from < steer->n_workers; from++)
		for (uint16_t to = 0; to < steer->n_workers; to++)
			steer->workers[from].out[to].ring = steer->workers[to].in[from];
}

static int steer_init(struct steer *steer, const struct steer_spec *spec)
{
	steer->n_slots = spec->slots;
	steer->target = calloc(spec->slots, sizeof(*steer->target));
	steer->holder = calloc(spec->slots, sizeof(*steer->holder));
	steer->packets_seen = calloc(spec->slots, sizeof(*steer->packets_seen));
	steer->load = calloc(spec->slots, sizeof(*steer->load));
	steer->workers = calloc(steer->n_workers, sizeof(*steer->workers));
	if (steer->target == NULL || steer->holder == NULL || steer->packets_seen == NULL ||
	    steer->load == NULL || steer->workers == NULL)
		return -ENOMEM;
	slots_share_out(steer);
	for (uint16_t i = 0; i < steer->n_workers; i++)
		if (steer_worker_create(steer, i, spec->ring) < 0)
			return -ENOMEM;
	out_rings_set(steer);
	return 0;
}

static int steer_create(struct vnf *vnf, void **state)
{
	const struct steer_section *section = vnf_part_config(vnf, PART_STEER);
	struct steer *steer = calloc(1, sizeof(*steer));
	int ret = -ENOMEM;

	if (steer != NULL) {
		steer->n_workers = vnf_worker_count(vnf);
		ret = steer_init(steer, &section->steering);
	}
	if (ret == 0) {
		steer_rss_init(vnf, steer);
		*state = steer;
		return 0;
	}
	vnf_error("steering: no memory: %s", strerror(-ret));
	if (steer != NULL)
		steer_destroy(vnf, steer);
	return ret;
}

static int steer_worker_init(struct vnf_worker *worker)
{
	struct steer *steer = vnf_part_state(worker->vnf, PART_STEER);
	struct steer_worker *w = &steer->workers[worker->id];
	struct vnf_random random;

	vnf_random_init(&random, vnf_random_seed("slots"));
	for (size_t i = 0; i < RTE_DIM(w->pub.secret); i++)
		w->pub.secret[i] = vnf_random_next(&random);
	w->pub.rss = steer->rss_word != 0 ? steer->rss : NULL;
	w->worker = worker;
	worker->part[PART_STEER] = w;
	worker->slots = &w->pub;
	return 0;
}

static void steer_worker_fini(struct vnf_worker *worker)
{
	steer_worker_drop(steer_worker_of(worker));
	worker->slots = NULL;
}

const struct vnf_part vnf_steer_part = {
	.slot = PART_STEER,
	.title = "Steering",
	.config = steer_keys,
	.config_size = sizeof(struct steer_section),
	.pass_alone = true,
	.packets_planned = steer_packets_planned,
	.commands = steer_commands,
	.metrics = steer_metrics,
	.create = steer_create,
	.worker_init = steer_worker_init,
	.pass = steer_pass,
	.owes = steer_owes,
	.control = steer_control,
	.worker_fini = steer_worker_fini,
	.destroy = steer_destroy,
};
