/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_FRAG_H
#define VNF_FRAG_H

/**
 * @file
 * Fragments that know their ports. Only the first fragment of a datagram has the header of layer 4;
 * a table of a worker's datagrams lets all others know what it says, so that a firewall or a
 * translator can treat them alike. Nothing is put together: fragments go on as they are, those that
 * come before the first wait for it.
 *
 *     if ((h.flags & VNF_FRAGMENT) != 0) {
 *             bad = vnf_frag_see(frags, port, pkt, &h, domain, &frag);
 *             if (bad == VNF_FRAG_WAITS)
 *                     return VNF_TAKEN;
 *             if (bad != 0)
 *                     return VNF_DROP(bad);
 *     }
 *
 * and, once the first fragment (h.fragment_offset is 0) has been dealt with:
 *
 *     while ((pkt = vnf_frag_next(frags, frag, &port)) != NULL)
 *             ...vnf_parse(), vnf_send() or vnf_drop()
 *
 * What vnf_frag_next() gives may also be put by, and dealt with when the verdicts of the burst are
 * written: it is the VNF's, `frag` is not needed for it any more, and the order stays, as it goes
 * out behind the packets of the burst. So it may take the way of a burst, such as
 * vnf_ip_receive() and vnf_ip_forward(). Put by `frag->user` or what it stands for, too, for the
 * next vnf_frag_see() may be of another datagram; there may be as many packets as
 * vnf_frags_conf.waiting says, from more than one port.
 *
 * No two fragments that cover the same octet are let through: such a datagram ends, and what comes
 * of it later is dropped too (RFC 5722, RFC 1858, RFC 3128). So does one whose fragments contradict
 * each other, or of which one was refused for want of room. What is let through of a datagram
 * therefore has one meaning, however a host puts it together.
 *
 * Budgets keep a flood in bounds: datagrams in total and of one source, waiting packets in total
 * and of one datagram. All memory is taken at the start.
 *
 * Atomic fragments (RFC 6946) are whole packets to vnf_parse(), without VNF_FRAGMENT, and touch no
 * datagram.
 *
 * Threads: a table belongs to one worker, which must see all fragments of its datagrams
 * (vnf_app.stateful), whatever ports or queues they come by.
 */

#include <stdbool.h>
#include <stdint.h>

#include <vnf/packet.h>
#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Datagrams of a table, if not said otherwise. */
#define VNF_FRAG_DATAGRAMS 4096
/** Datagrams of a table at most. */
#define VNF_FRAG_DATAGRAMS_MAX (1u << 20)
/** Waiting packets of a table, if not said otherwise. */
#define VNF_FRAG_WAITING 768
/** Waiting packets of a table at most. */
#define VNF_FRAG_WAITING_MAX (1u << 20)
/** Fragments of a datagram at most; one more ends it. */
#define VNF_FRAG_PARTS_MAX 128
/** Waiting packets of a datagram, if not said otherwise: 65,535 octets by an MTU of 1,500. */
#define VNF_FRAG_WAITING_EACH 45
/** Datagrams of a source, if not said otherwise: all that wait then are fewer than may. */
#define VNF_FRAG_PER_SOURCE 16
/** Life of a datagram, if not said otherwise, in nanoseconds. */
#define VNF_FRAG_LIFE_NS UINT64_C(2000000000)
/** Life of a datagram at most: RFC 8200 section 4.5. */
#define VNF_FRAG_LIFE_MAX_NS UINT64_C(60000000000)

/** Of vnf_frag_see(): the packet waits for the first fragment of its datagram. */
#define VNF_FRAG_WAITS UINT32_MAX

/** What becomes of IPv4 fragments that cover octets that others cover. */
enum vnf_frag_overlap {
	/** The datagram ends, as with IPv6 (RFC 5722). */
	VNF_FRAG_OVERLAP_DROP,
	/**
	 * A fragment that begins and ends where an earlier one does was doubled by the network: it
	 * is dropped, for the first to come is the one that counts, and the datagram goes on. Any
	 * other overlap, and a first fragment with other headers than the first one's, ends it.
	 */
	VNF_FRAG_OVERLAP_DUPLICATES,
};

/** Bits of vnf_frag.flags. */
enum vnf_frag_flag {
	VNF_FRAG_KNOWN = 1, /**< The first fragment has come: `proto` is of layer 4. */
	VNF_FRAG_PORTS = 2, /**< It has ports, as vnf_has_ports(). */
	VNF_FRAG_ECHO = 4,  /**< It is an echo request or reply, and has an identifier. */
};

/**
 * A datagram. All is for reading, except `user`. Valid until the next vnf_frag_see() of the worker,
 * and no longer than the callback runs.
 */
struct vnf_frag {
	/**
	 * The VNF's word, 0 at first. It may outlive what it names: a session can end while
	 * fragments of a datagram are still to come. So let it be something that can be checked,
	 * such as an index and a generation, and no pointer.
	 */
	uint64_t user;
	uint8_t src[16];        /**< Source; IPv4 in the first 4 octets, others zero. */
	uint8_t dst[16];        /**< Destination likewise. */
	uint32_t domain;        /**< As of vnf_frag_see(). */
	uint32_t id;            /**< Identification, host order. */
	uint8_t version;        /**< 4 or 6. */
	uint8_t ip_proto;       /**< Protocol in the IPv4 header; of IPv6 0. */
	uint8_t proto;          /**< Layer 4 by the first fragment, as vnf_headers.proto. */
	uint8_t flags;          /**< Bits of enum vnf_frag_flag. */
	struct vnf_ports ports; /**< Where VNF_FRAG_PORTS, else zero. */
	rte_be16_t icmp_id;     /**< Where VNF_FRAG_ECHO, else zero. */
	uint16_t unused;        /**< Zero. */
};

/** Budgets and rules of a table. What is 0 or NULL is the default. */
struct vnf_frags_conf {
	uint32_t datagrams;    /**< In the table, 1 to VNF_FRAG_DATAGRAMS_MAX. */
	uint32_t waiting;      /**< Waiting packets, 1 to VNF_FRAG_WAITING_MAX: as many buffers of
				  *   the packet pool, which vnf_app.packets is to count.
				  */
	uint16_t waiting_each; /**< Waiting packets of one datagram, 1 to VNF_FRAG_PARTS_MAX. */
	uint16_t per_source;   /**< Datagrams of one source: an IPv4 address, or the first 64 bits
				  *   of an IPv6 address, in one domain.
				  */
	uint64_t life_ns;      /**< From the first fragment seen of a datagram, whichever that
				  *   is, 1 to VNF_FRAG_LIFE_MAX_NS; others do not prolong it.
				  */
	enum vnf_frag_overlap ipv4_overlap; /**< Of IPv6 there is no choice. */
	/**
	 * A datagram ends: all octets were seen, its life is over, it made room, or what comes of
	 * it is refused from here on. Called once for each, but not by vnf_frags_destroy(). Packets
	 * may be sent and dropped; the table's functions refuse to work. Context: worker.
	 */
	void (*ended)(struct vnf_worker *worker, const struct vnf_frag *frag);
};

/** A worker's datagrams. Opaque. */
struct vnf_frags;

/**
 * Make a table.
 *
 * @param worker
 *   The worker it belongs to.
 * @param conf
 *   Budgets and rules, copied; NULL: the defaults.
 * @param[out] frags
 *   The table, to be given to vnf_frags_destroy().
 * @return
 *   0, -EINVAL for a value that is out of range, or -ENOMEM.
 *
 * Context: start-up (worker_init).
 */
int vnf_frags_create(struct vnf_worker *worker, const struct vnf_frags_conf *conf,
		     struct vnf_frags **frags);

/**
 * Release a table. Waiting packets are dropped with VNF_DROP_STOPPING.
 *
 * @param frags
 *   The table, or NULL.
 *
 * Context: worker_fini.
 */
void vnf_frags_destroy(struct vnf_frags *frags);

/**
 * See a fragment: once each, in the order of arrival. One that vnf_frag_next() returns was seen.
 *
 * @param frags
 *   The worker's table.
 * @param port
 *   Port that it came from.
 * @param pkt
 *   The packet. It becomes the table's if the result is VNF_FRAG_WAITS.
 * @param h
 *   Its headers, as vnf_parse() found them; not of a quote.
 * @param domain
 *   Where its addresses are valid: fragments of different domains (ports, VLANs, VRFs) never
 *   belong to one datagram.
 * @param[out] frag
 *   Its datagram, where the result is 0. NULL otherwise, and of what is no fragment.
 * @return
 *   0: go on; VNF_FRAG_WAITS: it is kept until the first fragment comes, and the callback's verdict
 *   is VNF_TAKEN; else the VNF_DROP_... reason to drop it for.
 *
 * Context: worker.
 */
uint32_t vnf_frag_see(struct vnf_frags *frags, uint16_t port, struct rte_mbuf *pkt,
		      const struct vnf_headers *h, uint32_t domain, struct vnf_frag **frag);

/**
 * Take the next packet that waited for the first fragment of a datagram. To be called until there
 * is none, before the next vnf_frag_see(), when the first fragment has been dealt with. What is
 * left waits on until the datagram ends, and is dropped then. To send the first fragment before
 * them, vnf_send() it and answer VNF_TAKEN.
 *
 * @param frags
 *   The worker's table.
 * @param frag
 *   The datagram, as of vnf_frag_see(); NULL: none.
 * @param[out] port
 *   Port that the packet came from.
 * @return
 *   The packet, in the order of arrival, which is the caller's: vnf_parse() it again, vnf_send() or
 *   vnf_drop() it, at once or after the burst. NULL: there is none.
 *
 * Context: worker.
 */
struct rte_mbuf *vnf_frag_next(struct vnf_frags *frags, struct vnf_frag *frag, uint16_t *port);

/**
 * How full is the table?
 *
 * @param frags
 *   The table.
 * @param[out] waiting
 *   Packets that wait; NULL: not wanted.
 * @return
 *   Datagrams, those too of which fragments to come are refused.
 *
 * Context: worker.
 */
uint32_t vnf_frags_count(const struct vnf_frags *frags, uint32_t *waiting);

#ifdef __cplusplus
}
#endif

#endif
