/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF with state in slots, for the tests of steering: it looks that the packets of a flow come in
 * order, as the generator numbered them, and that nobody else is in a slot while it is. Every 61st
 * packet of a slot waits there for a tick and comes again. Forwards from an even port to the next.
 */
#include <errno.h>
#include <stdlib.h>

#include <vnf/steer.h>
#include <vnf/vnf.h>

#define FLOWS_MAX 1024
#define PORT_FIRST 1024
#define KEPT_MAX 64
#define KEPT_EACH 61
/* Of a packet that waited. */
#define TTL_AGAIN 63

/* Behind the headers of the generator's packets. */
struct payload {
	rte_be32_t magic;
	rte_be32_t stream;
	rte_be64_t sequence;
} __rte_packed;

struct slot {
	uint32_t inside; /* workers; more than one is what must not be */
	uint32_t n_kept;
	uint64_t packets;
	uint64_t violations;
	uint64_t reordered;
	uint64_t next[FLOWS_MAX]; /* least number that may come, by flow */
	struct rte_mbuf *kept[KEPT_MAX];
} __rte_cache_aligned;

/* The command reads them. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void slot_go_in(struct slot *slot)
{
	/* Relaxed: the SDK has to order what is in the slot, not this. */
	count(&slot->violations, __atomic_fetch_add(&slot->inside, 1, __ATOMIC_RELAXED) != 0);
}

static void slot_go_out(struct slot *slot)
{
	__atomic_fetch_sub(&slot->inside, 1, __ATOMIC_RELAXED);
}

static void order_look(struct slot *slot, struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	const struct payload *payload = rte_pktmbuf_mtod_offset(pkt, void *, h->payload);
	uint32_t flow = rte_be_to_cpu_16(vnf_ports(pkt, h)->src) - (uint32_t)PORT_FIRST;
	uint64_t *next = &slot->next[flow % FLOWS_MAX], sequence;

	sequence = rte_be_to_cpu_64(payload->sequence);
	count(&slot->reordered, sequence < *next);
	*next = RTE_MAX(*next, sequence + 1);
}

static vnf_verdict_t slot_see(struct slot *slot, uint16_t port, struct rte_mbuf *pkt,
			      const struct vnf_headers *h)
{
	struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

	if (ip->time_to_live == TTL_AGAIN)
		return VNF_FORWARD(port ^ 1);
	order_look(slot, pkt, h);
	count(&slot->packets, 1);
	if (slot->packets % KEPT_EACH != 0 || slot->n_kept == KEPT_MAX)
		return VNF_FORWARD(port ^ 1);
	ip->time_to_live = TTL_AGAIN;
	pkt->port = port;
	slot->kept[slot->n_kept++] = pkt;
	return VNF_TAKEN;
}

static inline vnf_verdict_t steered_packet(struct vnf_worker *worker, uint16_t port,
					   struct rte_mbuf *pkt)
{
	struct slot *slots = vnf_state(worker->vnf);
	struct vnf_headers h;
	uint32_t bad = vnf_parse(pkt, &h), number;
	vnf_verdict_t verdict;

	if (bad == 0 && (!vnf_is_ipv4(&h) || !vnf_has_ports(&h)))
		bad = VNF_DROP_APPLICATION;
	if (bad != 0)
		return VNF_DROP(bad);
	number = vnf_slot_of_flow(worker, pkt, &h);
	if (!vnf_slot_enter(worker, number))
		return VNF_TO_SLOT(number);
	slot_go_in(&slots[number]);
	verdict = slot_see(&slots[number], port, pkt, &h);
	slot_go_out(&slots[number]);
	return verdict;
}
VNF_PACKET(steered_packet);

static void steered_tick(struct vnf_worker *worker)
{
	struct slot *slots = vnf_state(worker->vnf);
	uint32_t n = vnf_slot_count(worker->vnf);

	for (uint32_t s = 0; (s = vnf_slot_next(worker, s)) < n; s++) {
		slot_go_in(&slots[s]);
		for (uint32_t i = 0; i < slots[s].n_kept; i++)
			vnf_slot_send(worker, slots[s].kept[i]->port, slots[s].kept[i], s);
		slots[s].n_kept = 0;
		slot_go_out(&slots[s]);
	}
}

static void steered_worker_fini(struct vnf_worker *worker)
{
	struct slot *slots = vnf_state(worker->vnf);
	uint32_t n = vnf_slot_count(worker->vnf);

	for (uint32_t s = 0; (s = vnf_slot_next(worker, s)) < n; s++)
		for (; slots[s].n_kept > 0; slots[s].n_kept--) {
			struct rte_mbuf *pkt = slots[s].kept[slots[s].n_kept - 1];

			vnf_drop(worker, pkt->port, pkt, VNF_DROP_STOPPING);
		}
}

static int steered_init(struct vnf *vnf, void **state)
{
	size_t bytes = vnf_slot_count(vnf) * sizeof(struct slot);

	*state = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
	if (*state == NULL)
		return -ENOMEM;
	memset(*state, 0, bytes);
	return 0;
}

static void steered_fini(struct vnf *vnf, void *state)
{
	(void)vnf;
	free(state);
}

/* While packets flow it is a look at what changes. */
static json_t *seen(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct slot *slots = vnf_state(vnf);
	uint64_t packets = 0, violations = 0, reordered = 0;

	(void)args;
	(void)why;
	for (uint32_t s = 0; s < vnf_slot_count(vnf); s++) {
		packets += __atomic_load_n(&slots[s].packets, __ATOMIC_RELAXED);
		violations += __atomic_load_n(&slots[s].violations, __ATOMIC_RELAXED);
		reordered += __atomic_load_n(&slots[s].reordered, __ATOMIC_RELAXED);
	}
	return json_pack("{sI sI sI}", "packets", (json_int_t)packets, "violations",
			 (json_int_t)violations, "reordered", (json_int_t)reordered);
}

static const struct vnf_command commands[] = {
	{ .name = "seen", .help = "Packets, and what was wrong with them.", .run = seen },
	{ .name = NULL },
};

static const struct vnf_app app = {
	VNF_APP("steered"),
	.summary = "Looks that steering keeps what it promises.",
	.commands = commands,
	.ports_min = 2,
	.parts = { VNF_STEER },
	.stateful = true,
	.init = steered_init,
	.burst = steered_packet_burst,
	.tick = steered_tick,
	.tick_us = 1000,
	.worker_fini = steered_worker_fini,
	.fini = steered_fini,
};

int main(int argc, char **argv)
{
	return vnf_run(argc, argv, &app);
}
