/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The parts VNF_IP and VNF_IP_OPTIONAL: their state in the program and in each worker, and the ring
 * by which other workers hand packets over to worker 0. Without the group `ip` there is the same
 * state, with room for little, no ring, and no timer.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>

#define RETRANS_NS VNF_SECOND_NS        /* RFC 4861: RETRANS_TIMER; RFC 1122: once a second */
#define DELAY_NS (5 * VNF_SECOND_NS)    /* RFC 4861: DELAY_FIRST_PROBE_TIME */
#define DAD_NS VNF_SECOND_NS            /* RFC 4862: RetransTimer */
#define ANNOUNCE_NS (2 * VNF_SECOND_NS) /* RFC 5227: ANNOUNCE_INTERVAL */
#define LINK_FIRST_NS IP_NS_PER_MS
#define LINK_NS (100 * IP_NS_PER_MS)
#define RANDOM_NAME UINT64_C(0x6970) /* of the node's stream */

bool ip_bucket_take(struct ip_bucket *bucket, uint64_t now_ns, uint32_t rate, uint32_t burst)
{
	uint64_t each = rate > 0 ? VNF_SECOND_NS / rate : UINT64_MAX;

	if (rate == 0)
		return false;
	if (bucket->full_ns < now_ns)
		bucket->full_ns = now_ns;
	/* Each token that is not there is so much time until it is full. */
	if (bucket->full_ns - now_ns > (burst - 1) * each)
		return false;
	bucket->full_ns += each;
	return true;
}

/* ---- packets from other workers ---- */

#define NO_LINK 0x1fffffu

/* As it lies in the mbuf. A reason is VNF_DROPS_MAX at most. */
union punt_word {
	struct {
		uint64_t stage : 3, type : 8, code : 8, reason : 8, link : 21, mtu : 16;
	};
	struct {
		uint32_t lo, hi;
	};
};

_Static_assert(sizeof(union punt_word) == sizeof(uint64_t), "fits into the mbuf's hash");
_Static_assert(VNF_DROPS_MAX <= UINT8_MAX, "a reason fits");
_Static_assert((uint64_t)VNF_PORTS_MAX *IP_VLANS <= NO_LINK, "a link fits");

static void punt_write(struct rte_mbuf *pkt, const struct ip_punt *punt)
{
	const union punt_word word = {
		.stage = punt->stage,
		.type = punt->type,
		.code = punt->code,
		.reason = punt->reason,
		.link = punt->in != NULL ? punt->in->link : NO_LINK,
		.mtu = punt->mtu,
	};

	pkt->hash.fdir.lo = word.lo;
	pkt->hash.fdir.hi = word.hi;
}

static void punt_read(const struct ip_tables *t, struct rte_mbuf *pkt, struct ip_punt *punt)
{
	const union punt_word word = { .lo = pkt->hash.fdir.lo, .hi = pkt->hash.fdir.hi };

	*punt = (struct ip_punt){ .stage = word.stage,
				  .in = word.link != NO_LINK ? ip_interface_of(t, word.link) : NULL,
				  .type = word.type,
				  .code = word.code,
				  .reason = word.reason,
				  .mtu = word.mtu };
	pkt->hash.fdir.lo = 0;
	pkt->hash.fdir.hi = 0;
}

/* Its first segments are looked at only: what is not found here goes with the others. */
static bool is_of_neighbours(struct rte_mbuf *pkt)
{
	struct vnf_headers h;
	uint8_t type;

	if (vnf_parse(pkt, &h) != 0)
		return false;
	if (h.ether_type == RTE_ETHER_TYPE_ARP)
		return true;
	type = vnf_is_ipv6(&h) && vnf_is_icmp(&h) ? vnf_icmp(pkt, &h)->icmp_type : 0;
	return type >= IP_ND_FIRST && type <= IP_ND_LAST;
}

/* What is yet to be cut takes many buffers: not many of those wait. */
static bool has_room(const struct rte_ring *ring, const struct rte_mbuf *pkt)
{
	return !vnf_is_tso(pkt) || rte_ring_count(ring) < IP_PUNT_RING / 32;
}

vnf_verdict_t ip_punt(struct ip_worker *w, struct rte_mbuf *pkt, const struct ip_punt *punt)
{
	bool first = punt->stage == IP_STAGE_RECEIVE && is_of_neighbours(pkt);
	struct rte_ring *ring = w->node->punts[first ? 0 : 1];

	punt_write(pkt, punt);
	if (!has_room(ring, pkt) || rte_ring_enqueue(ring, pkt) < 0)
		return VNF_DROP(VNF_DROP_HANDOVER_FULL);
	part_handed_out(w->worker, 1);
	return VNF_TAKEN;
}

static vnf_verdict_t punt_resume(struct ip_worker *w, struct rte_mbuf *pkt,
				 const struct ip_punt *punt)
{
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h);

	if (bad != 0)
		return VNF_DROP(bad);
	if (punt->stage == IP_STAGE_SEND)
		return ip_send(w, pkt, NULL);
	/* Its interface may have gone meanwhile. */
	if (punt->in == NULL)
		return VNF_DROP(VNF_DROP_NO_INTERFACE);
	if (punt->stage == IP_STAGE_RECEIVE)
		return ip_local(w, pkt, &h, punt->in);
	if (punt->stage == IP_STAGE_LOCAL)
		return ip_refuse_local(w, pkt, &h, punt->in);
	if (punt->stage == IP_STAGE_FORWARD)
		return ip_forward_one(w, pkt, &h, punt->in);
	ip_icmp_error(w, pkt, &h, punt->in, punt->type, punt->code, punt->mtu);
	return VNF_DROP(punt->reason);
}

static uint32_t punts_take(struct ip_worker *w, struct rte_ring *ring)
{
	struct rte_mbuf *pkts[IP_PUNT_BURST];
	uint32_t n = rte_ring_dequeue_burst(ring, (void **)pkts, IP_PUNT_BURST, NULL);

	part_handed_in(w->worker, n);
	for (uint32_t i = 0; i < n; i++) {
		struct ip_punt punt;

		punt_read(w->tables, pkts[i], &punt);
		ip_apply(w, punt.in != NULL ? punt.in->port : 0, pkts[i],
			 punt_resume(w, pkts[i], &punt));
	}
	return n;
}

static uint32_t ip_pass(struct vnf_worker *worker)
{
	struct ip_worker *w = ip_worker_of(worker);
	uint32_t n = 0;

	for (size_t i = 0; ip_is_first(w) && i < IP_PUNT_RINGS; i++)
		if (w->node->punts[i] != NULL)
			n += punts_take(w, w->node->punts[i]);
	return n;
}

static bool ip_owes(const struct vnf_worker *worker)
{
	const struct ip_worker *w = ip_worker_of(worker);

	for (size_t i = 0; ip_is_first(w) && i < IP_PUNT_RINGS; i++)
		if (w->node->punts[i] != NULL && !rte_ring_empty(w->node->punts[i]))
			return true;
	return false;
}

/* The end: nobody sends any more. */
static void punts_drop(struct ip_worker *w)
{
	struct rte_mbuf *pkt;

	for (size_t i = 0; i < IP_PUNT_RINGS; i++)
		while (w->node->punts[i] != NULL &&
		       rte_ring_dequeue(w->node->punts[i], (void **)&pkt) == 0) {
			part_handed_in(w->worker, 1);
			vnf_drop(w->worker, 0, pkt, VNF_DROP_STOPPING);
		}
}

/* ---- packets of its own ---- */

void ip_apply(struct ip_worker *w, uint16_t port, struct rte_mbuf *pkt, vnf_verdict_t verdict)
{
	if (verdict == VNF_TAKEN)
		return;
	if ((verdict & VNF_VERDICT_DROP) != 0)
		vnf_drop(w->worker, port, pkt, verdict & ~VNF_VERDICT_DROP);
	else
		vnf_send(w->worker, (uint16_t)verdict, pkt);
}

struct rte_mbuf *ip_packet(struct ip_worker *w, uint32_t octets)
{
	struct rte_mbuf *pkt = vnf_packet_alloc(w->worker);

	if (pkt == NULL)
		return NULL;
	if (rte_pktmbuf_append(pkt, (uint16_t)(IP_ETHER_BYTES + octets)) != NULL) {
		memset(rte_pktmbuf_mtod(pkt, void *), 0, IP_ETHER_BYTES);
		return pkt;
	}
	vnf_drop(w->worker, 0, pkt, VNF_DROP_NO_MBUF);
	return NULL;
}

/* ---- links ---- */

/* Ports have no call for workers when they come up: they are looked at. */
static void links_look(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	struct ip_worker *w = ip_worker_of(worker);
	struct ip_node *node = w->node;

	vnf_timeout_start(node->timeouts, timeout, IP_TIMER_LINK);
	for (uint16_t i = 0; i < worker->n_ports; i++) {
		const struct vnf_port *port = vnf_worker_port(worker, i);
		bool up = port != NULL && vnf_port_is_up(port);

		if (up == node->up[i])
			continue;
		node->up[i] = up;
		/* A card says what its MAC address is when it is opened. */
		if (up)
			ip_own_sync(w);
		ip_own_link(w, i, up);
		if (up)
			ip_neigh_doubt(w, i);
		ip_dhcp_link(w, i, up);
	}
	ip_own_run(w);
	ip_dhcp_run(w);
}

/* ---- the part ---- */

static void timer_classes_set(struct ip_node *node, const struct ip_spec *spec)
{
	/* RFC 4861 section 6.3.2: spread between a half and one and a half. */
	uint64_t reachable = spec->reachable / 2 +
			     vnf_random_below(&node->random, 1000) * (spec->reachable / 1000);

	const struct vnf_timeout_class classes[IP_TIMERS] = {
		[IP_TIMER_RETRANS] = { "neighbour asked", RETRANS_NS, ip_neigh_retrans },
		[IP_TIMER_REACHABLE] = { "neighbour reachable", reachable, ip_neigh_unreached },
		[IP_TIMER_DELAY] = { "neighbour delay", DELAY_NS, ip_neigh_delayed },
		[IP_TIMER_STALE] = { "neighbour stale", spec->stale, ip_neigh_unused },
		[IP_TIMER_DAD] = { "address probed", DAD_NS, ip_own_dad },
		[IP_TIMER_ANNOUNCE] = { "address announced", ANNOUNCE_NS, ip_own_announce },
		[IP_TIMER_LINK_FIRST] = { "links, first", LINK_FIRST_NS, links_look },
		[IP_TIMER_LINK] = { "links", LINK_NS, links_look },
	};

	memcpy(node->timer_class, classes, sizeof(classes));
}

static void ip_destroy(struct vnf *vnf, void *state)
{
	struct ip_node *node = state;

	(void)vnf;
	for (size_t i = 0; i < IP_PUNT_RINGS; i++)
		rte_ring_free(node->punts[i]);
	ip_icmp_destroy(node);
	ip_dhcp_destroy(node);
	ip_own_destroy(node);
	ip_neigh_destroy(node);
	free(node);
}

static int punts_create(struct ip_node *node)
{
	static const char *const names[] = { "ip-neighbours", "ip-others" };

	for (size_t i = 0; i < IP_PUNT_RINGS; i++) {
		node->punts[i] =
			rte_ring_create(names[i], IP_PUNT_RING, SOCKET_ID_ANY, RING_F_SC_DEQ);
		if (node->punts[i] == NULL)
			return -rte_errno;
	}
	return 0;
}

static int ip_create(struct vnf *vnf, void **state)
{
	const struct ip_section *section = vnf_part_config(vnf, PART_IP);
	struct ip_node *node = calloc(1, sizeof(*node));
	int ret;

	if (node == NULL)
		return -ENOMEM;
	vnf_random_init(&node->random, RANDOM_NAME);
	node->fragment_id = (uint16_t)vnf_random_next(&node->random);
	timer_classes_set(node, &section->ip);
	node->planned = ip_is_planned(section);
	ret = ip_was_create();
	if (ret == 0)
		ret = ip_neigh_create(node,
				      node->planned ? section->ip.neighbours : IP_NEIGHBOURS_MIN);
	if (ret == 0)
		ret = ip_own_create(node);
	if (ret == 0)
		ret = ip_dhcp_create(node);
	if (ret == 0)
		ret = ip_icmp_create(node);
	if (ret == 0 && node->planned && vnf_worker_count(vnf) > 1)
		ret = punts_create(node);
	if (ret < 0) {
		vnf_error("ip: no memory, or no room in mbufs: %s", strerror(-ret));
		ip_destroy(vnf, node);
		return ret;
	}
	*state = node;
	return 0;
}

static int ip_worker_init(struct vnf_worker *worker)
{
	struct ip_node *node = vnf_part_state(worker->vnf, PART_IP);
	struct ip_worker *w = calloc(1, sizeof(*w));
	int ret;

	if (w == NULL)
		return -ENOMEM;
	w->worker = worker;
	w->node = node;
	worker->part[PART_IP] = w;
	if (!ip_is_first(w))
		return 0;
	ret = vnf_timeouts_create(worker, node->timer_class, IP_TIMERS, &node->timeouts);
	if (ret == 0 && node->planned)
		vnf_timeout_start(node->timeouts, &node->link_timer, IP_TIMER_LINK_FIRST);
	return ret;
}

static void ip_stop(struct vnf_worker *worker)
{
	struct ip_worker *w = ip_worker_of(worker);

	if (ip_is_first(w))
		ip_dhcp_stop(w);
}

static void ip_worker_fini(struct vnf_worker *worker)
{
	struct ip_worker *w = ip_worker_of(worker);

	if (ip_is_first(w)) {
		punts_drop(w);
		ip_neigh_stop(w);
		vnf_timeouts_destroy(w->node->timeouts);
		w->node->timeouts = NULL;
	}
	free(w);
}

static void ip_take(struct vnf_worker *worker, void *built)
{
	struct ip_worker *w = ip_worker_of(worker);

	w->tables = built;
	/* They point into tables that are given back. */
	memset(w->meta, 0, sizeof(w->meta));
	memset(w->hint, 0, sizeof(w->hint));
	if (!ip_is_first(w))
		return;
	ip_own_sync(w);
	ip_own_run(w);
	ip_dhcp_sync(w);
	ip_neigh_forget(w);
}

static void ip_control(struct vnf *vnf)
{
	ip_own_control(vnf);
	ip_dhcp_control(vnf);
}

/* ---- the part that may have nothing to do ---- */

static uint32_t packets_planned(const void *config, uint32_t n_workers)
{
	if (!ip_is_planned(config))
		return 0;
	return IP_HELD_MAX + (n_workers > 1 ? IP_PUNT_RINGS * IP_PUNT_RING : 0);
}

/* Room for packets, and rings, are there from the start or never. */
static int optional_build(struct vnf *vnf, const struct vnf_build *from, void **built)
{
	const struct ip_node *node = vnf_part_state(vnf, PART_IP);
	const struct ip_section *section = from->config;

	if (ip_is_planned(section) == node->planned)
		return ip_tables_build(vnf, from, built);
	vnf_config_error(from->file, &section->ip, "the group `ip` is %s, which takes a restart",
			 node->planned ? "gone" : "new");
	return -EINVAL;
}

#define IP_PART                                                                                    \
	.slot = PART_IP, .title = "IP", .config_size = sizeof(struct ip_section),                  \
	.commands = ip_commands, .metrics = ip_metrics, .check = ip_config_check,                  \
	.check_program = ip_tables_check_program, .create = ip_create,                             \
	.worker_init = ip_worker_init, .take = ip_take, .pass = ip_pass, .owes = ip_owes,          \
	.control = ip_control, .stop = ip_stop, .worker_fini = ip_worker_fini,                     \
	.discard = ip_tables_discard, .destroy = ip_destroy

const struct vnf_part vnf_ip_part = {
	IP_PART,
	.config = ip_keys,
	.packets = IP_HELD_MAX,
	.packets_shared = IP_PUNT_RINGS * IP_PUNT_RING,
	.build = ip_tables_build,
};

const struct vnf_part vnf_ip_optional_part = {
	IP_PART,
	.config = ip_optional_keys,
	.packets_planned = packets_planned,
	.build = optional_build,
};
