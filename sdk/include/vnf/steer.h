/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_STEER_H
#define VNF_STEER_H

/**
 * @file
 * State over many workers, without locks. A VNF splits what it remembers into *slots*, a fixed
 * number of them (the key `steering.slots`), whatever the number of workers. At any time one worker
 * owns a slot, and nobody else touches what is in it. The VNF says which slot a packet belongs to;
 * a packet that came to another worker than the owner of its slot goes there over a ring:
 *
 *     static inline vnf_verdict_t flow_packet(struct vnf_worker *worker, uint16_t port,
 *                                             struct rte_mbuf *pkt)
 *     {
 *             ...vnf_parse() into h...
 *             slot = vnf_slot_of_pair(worker, pkt, &h);
 *             if (!vnf_slot_enter(worker, slot))
 *                     return VNF_TO_SLOT(slot);
 *             ...the state of this slot is ours, until the callback returns...
 *     }
 *
 * The owner gets the packet in a burst like any other, with the port that it came from. With one
 * worker all slots are its own. As what is done depends on the slot and not on the worker, results
 * do not depend on the number of workers; a replay gives the same octets for any.
 *
 * Packets of a slot that came to one worker stay in their order. A full ring is a counted drop
 * (steer_full), never a wait.
 *
 * Slots move between workers while packets flow: by the SDK, when one worker has much more to do
 * than another (`steering.rebalance`), or by the command `slot-move`. One moves at a time. Packets
 * that come for it meanwhile wait at the new owner until the old one has dealt with all that it was
 * given before; so none is lost, none overtakes another, and two workers are never in one slot.
 *
 * Use: name VNF_STEER among the `parts` of the struct vnf_app.
 */

#include <stdbool.h>
#include <stdint.h>

#include <vnf/packet.h>
#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The part, for vnf_app.parts. */
#define VNF_STEER (&vnf_steer_part)

/** See VNF_STEER. */
extern const struct vnf_part vnf_steer_part;

/** Slots of a program at most. */
#define VNF_SLOTS_MAX 4096

/** Bits of a verdict that names a slot. */
#define VNF_VERDICT_SLOT ((vnf_verdict_t)0xc1000000u)
/** Verdict: the owner of this slot, 0 to vnf_slot_count() - 1, is to get the packet. */
#define VNF_TO_SLOT(slot) (VNF_VERDICT_SLOT | (vnf_verdict_t)(slot))

/** A worker's view of the slots: vnf_worker.slots. Written by the SDK on that worker. */
struct vnf_slots {
	uint32_t mask;              /**< Number of slots - 1; a power of two. */
	uint32_t n_mine;            /**< How many are this worker's. */
	uint64_t changes;           /**< How many times that changed. */
	uint8_t *mine;              /**< By slot: 1 if it is this worker's. */
	uint64_t *packets;          /**< By slot: packets that entered it on this worker. */
	uint64_t secret[4];         /**< Of the hash; random in each run. */
	const uint16_t (*rss)[256]; /**< Hash of octets, where cards take part; else NULL. */
};

/**
 * Number of slots.
 *
 * @param vnf
 *   The program, which uses VNF_STEER.
 * @return
 *   A power of two, 1 to VNF_SLOTS_MAX; it does not change while the program runs.
 *
 * Context: any thread.
 */
uint32_t vnf_slot_count(const struct vnf *vnf);

/**
 * Is the slot this worker's?
 *
 * @param worker
 *   The calling worker.
 * @param slot
 *   0 to vnf_slot_count() - 1.
 * @return
 *   True if the worker may use what is in it, until its callback returns.
 *
 * Context: worker.
 */
static inline bool vnf_slot_is_mine(const struct vnf_worker *worker, uint32_t slot)
{
	return worker->slots->mine[slot] != 0;
}

/**
 * A packet of this slot is to be dealt with: may it be here? Once for each packet, as it counts
 * them for the distribution over workers.
 *
 * @param worker
 *   The calling worker.
 * @param slot
 *   0 to vnf_slot_count() - 1.
 * @return
 *   As vnf_slot_is_mine(). If false, the packet's verdict is to be VNF_TO_SLOT().
 *
 * Context: worker.
 */
static inline bool vnf_slot_enter(struct vnf_worker *worker, uint32_t slot)
{
	const struct vnf_slots *slots = worker->slots;
	uint64_t *packets = &slots->packets[slot];
	uint8_t mine = slots->mine[slot];

	/* Others read it. */
	__atomic_store_n(packets, *packets + mine, __ATOMIC_RELAXED);
	return mine != 0;
}

/**
 * The next slot of this worker, to walk through all of its own.
 *
 * @param worker
 *   The calling worker.
 * @param from
 *   The first slot to look at: 0, then the result + 1.
 * @return
 *   A slot that is not less than `from`; the number of slots if there is none.
 *
 * Context: worker.
 */
static inline uint32_t vnf_slot_next(const struct vnf_worker *worker, uint32_t from)
{
	const struct vnf_slots *slots = worker->slots;

	while (from <= slots->mask && slots->mine[from] == 0)
		from++;
	return from;
}

/**
 * One step of the hash: 64 by 64 bits, folded.
 *
 * @param a
 *   One word.
 * @param b
 *   The other.
 * @return
 *   The upper half of their product, xor the lower.
 *
 * Context: any thread.
 */
static inline uint64_t vnf_slot_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/**
 * Slot of two words, in whichever order: a host and a port, say, or the addresses of a packet.
 *
 * @param worker
 *   The calling worker.
 * @param a
 *   One word.
 * @param b
 *   The other; both directions of a flow change places with each other.
 * @param both
 *   What is the same in both directions.
 * @return
 *   A slot. Whoever does not know the secret of this run cannot choose it.
 *
 * Context: worker.
 */
static inline uint32_t vnf_slot_of(const struct vnf_worker *worker, uint64_t a, uint64_t b,
				   uint64_t both)
{
	const struct vnf_slots *slots = worker->slots;
	uint64_t less = a < b ? a : b;
	uint64_t more = a < b ? b : a;
	uint64_t hash = vnf_slot_mix(less ^ slots->secret[0], more ^ slots->secret[1]);

	hash = vnf_slot_mix(hash ^ slots->secret[2], both ^ slots->secret[3]);
	return (uint32_t)(hash >> 32) & slots->mask;
}

/**
 * Slot of a packet by its two addresses: all between two hosts, both directions, whatever the
 * protocol; and fragments, and ICMP errors about packets between them (by the quoted addresses).
 * What has no IP addresses belongs to slot 0.
 *
 * @param worker
 *   The calling worker.
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, as vnf_parse() found them.
 * @return
 *   0 to vnf_slot_count() - 1.
 *
 * Context: worker.
 */
uint32_t vnf_slot_of_pair(const struct vnf_worker *worker, struct rte_mbuf *pkt,
			  const struct vnf_headers *h);

/**
 * The same, in place, of a packet of which more is known.
 *
 * @param worker
 *   The calling worker.
 * @param pkt
 *   The packet: IPv4, and no ICMP error.
 * @param h
 *   Its headers, as vnf_parse() found them.
 * @return
 *   0 to vnf_slot_count() - 1.
 *
 * Context: worker.
 */
static inline uint32_t vnf_slot_of_pair4(const struct vnf_worker *worker, struct rte_mbuf *pkt,
					 const struct vnf_headers *h)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

	/* A NIC spreads packets: slots are by its hash. */
	if (worker->slots->rss != NULL)
		return vnf_slot_of_pair(worker, pkt, h);
	return vnf_slot_of(worker, (uint64_t)ip->src_addr << 32, (uint64_t)ip->dst_addr << 32, 0);
}

/**
 * Slot of a packet by its flow: addresses, protocol and ports, or the identifier of an echo. It
 * spreads the flows between two hosts; but their fragments have no ports, and meet in the slot of
 * vnf_slot_of_pair(). ICMP errors go where the packet belongs that they quote.
 *
 * @param worker
 *   The calling worker.
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, as vnf_parse() found them.
 * @return
 *   0 to vnf_slot_count() - 1.
 *
 * Context: worker.
 */
uint32_t vnf_slot_of_flow(const struct vnf_worker *worker, struct rte_mbuf *pkt,
			  const struct vnf_headers *h);

/**
 * Hand a packet that the application owns to the owner of a slot, who gets it in a burst. For
 * packets that were taken: those that waited, those that were turned back to another host.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Port that the owner is to believe it came from.
 * @param pkt
 *   The packet, the SDK's from now on.
 * @param slot
 *   0 to vnf_slot_count() - 1. It may be the worker's own: the packet comes back in a burst of the
 *   same pass, after those that are in hand. So in a replay with one worker the order of what
 *   comes at one time depends on `--burst`.
 *
 * Context: worker.
 */
void vnf_slot_send(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt, uint32_t slot);

#ifdef __cplusplus
}
#endif

#endif
