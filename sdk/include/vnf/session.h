/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_SESSION_H
#define VNF_SESSION_H

/**
 * @file
 * Sessions: the table under a stateful VNF. What it knows of a connection is found by addresses and
 * ports of its packets, whichever way they go, and ends when nothing was seen of it for a while.
 *
 *     vnf_sessions_lookup(worker, sessions, slots, keys, n, hits);
 *     ...
 *     if (hits[i].session == NULL)
 *             bad = vnf_session_create(worker, sessions, slots[i], &keys[i], CLASS_NEW, &hits[i]);
 *     ...
 *     vnf_session_touch(worker, hits[i].session);
 *
 * Slots. A table is split into slots, each with sessions, index and timers of its own. A slot has
 * one writer at a time, the worker that owns it, and may go to another worker between two passes.
 * The VNF says which slot a packet belongs to; both keys of a session are in the same slot.
 *
 * Keys. A session has one key, made so that both directions have the same (a firewall), or two (a
 * translator: inside and outside), each of which finds it. They are hashed with secrets that nobody
 * on the wire can guess.
 *
 * Time. A class is a period: a session ends when it was not touched for the period of its class. No
 * session ends early, and none is found when its time is over, not even by the packet that comes
 * before its timer. The timer is late by no more than a thousandth of the period, or a millisecond
 * if that is longer, plus what the caller of vnf_sessions_run() takes; in a replay never.
 *
 * Memory is taken at creation, all of it.
 *
 * Threads: functions that name a slot or a session are for the worker that owns the slot, but where
 * said otherwise.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <vnf/clock.h>
#include <vnf/packet.h>
#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sessions of a table at most. */
#define VNF_SESSIONS_MAX (1u << 28)
/** Slots of a table at most. */
#define VNF_SESSION_SLOTS_MAX 4096
/** Classes of a table at most. */
#define VNF_SESSION_CLASSES_MAX 64
/** Longest period of a class, in nanoseconds: about 73 years. */
#define VNF_SESSION_PERIOD_MAX_NS (UINT64_C(1) << 61)
/** Octets of its own that a VNF may have in a session at most. */
#define VNF_SESSION_USER_MAX 1024
/** Of vnf_sessions_lookup(): this packet has no key, and finds nothing. */
#define VNF_SESSION_NO_SLOT UINT16_MAX
/** Of vnf_sessions_read(): all slots together. */
#define VNF_SESSION_ALL_SLOTS UINT32_MAX

/** Key of an IPv4 session. Every octet counts, so what is not used is zero. */
struct vnf_session_key4 {
	rte_be32_t src;   /**< Source address. */
	rte_be32_t dst;   /**< Destination address. */
	rte_be16_t sport; /**< Source port, or ICMP identifier, or 0. */
	rte_be16_t dport; /**< Destination port, or ICMP identifier, or 0. */
	uint16_t domain;  /**< Where the addresses are valid; the VNF's number. */
	uint8_t proto;    /**< IPPROTO_... */
	uint8_t icmp;     /**< Type of the ICMP request, else 0. */
};

/** Key of an IPv6 session. Every octet counts, so what is not used is zero. */
struct vnf_session_key6 {
	uint8_t src[16];  /**< Source address. */
	uint8_t dst[16];  /**< Destination address. */
	rte_be16_t sport; /**< Source port, or ICMPv6 identifier, or 0. */
	rte_be16_t dport; /**< Destination port, or ICMPv6 identifier, or 0. */
	uint16_t domain;  /**< Where the addresses are valid; the VNF's number. */
	uint8_t proto;    /**< IPPROTO_... */
	uint8_t icmp;     /**< Type of the ICMPv6 request, else 0. */
};

/** A session, as far as all are alike. Its keys and the VNF's own octets follow. For reading. */
struct vnf_session {
	uint64_t touched_ns; /**< Its period counts from here. */
	uint32_t generation; /**< Odd while it lives; counts those that were at this address. */
	uint16_t slot;       /**< Its slot. */
	uint8_t in_class;    /**< Its class. */
	uint8_t user_at;     /**< Where the VNF's octets begin, in units of 8 octets. */
};

/** What was found. */
struct vnf_session_hit {
	struct vnf_session *session; /**< NULL: none. */
	uint32_t generation;         /**< The session's, for vnf_session_hit_holds(). */
	uint32_t key;                /**< Which of its keys it was found by, 0 or 1. */
};

/** Why a session ended. */
enum vnf_session_end {
	VNF_SESSION_EXPIRED, /**< Its time was over. */
	VNF_SESSION_EVICTED, /**< It made room for another one. */
	VNF_SESSION_REMOVED, /**< By vnf_session_remove(). */
};

/** A period that sessions wait for. */
struct vnf_session_class {
	const char *name;    /**< For people; must stay valid. */
	uint64_t period_ns;  /**< 1 to VNF_SESSION_PERIOD_MAX_NS. */
	uint32_t evict_rank; /**< When a slot is full: 0 = its sessions stay; else they go for a new
			      *   one, those of the lowest rank first. Classes of the same rank
			      *   count as one.
			      */
};

/** A worker's or all workers' sessions. Opaque. */
struct vnf_sessions;

/** What a table is to be. */
struct vnf_sessions_conf {
	const char *name;   /**< Of the table, such as "nat"; its secrets are drawn by it. */
	uint32_t sessions;  /**< That it is for, 1 to VNF_SESSIONS_MAX. */
	uint32_t slots;     /**< A power of two, 1 to VNF_SESSION_SLOTS_MAX. */
	uint32_t key_size;  /**< Octets: sizeof() a struct vnf_session_key4 or vnf_session_key6. */
	uint32_t keys;      /**< Of a session, 1 or 2. */
	uint32_t user_size; /**< Octets of the VNF's own, 0 to VNF_SESSION_USER_MAX. */
	const struct vnf_session_class *classes; /**< Copied. A class is named by its index. */
	uint32_t n_classes;                      /**< 1 to VNF_SESSION_CLASSES_MAX. */
	/**
	 * The time of a session is over. It may be given more, by vnf_session_touch() or
	 * vnf_session_move(); else it ends. NULL: it always ends. Packets may be sent and dropped.
	 * In here no session is created or removed. Context: worker that owns the slot.
	 */
	void (*expiring)(struct vnf_worker *worker, struct vnf_sessions *sessions,
			 struct vnf_session *session);
	/**
	 * A session has ended, whatever the cause: called once for each, but not by
	 * vnf_sessions_destroy(). It is not found any more; what it consists of can be read until
	 * this returns. NULL: nothing is to be done. Packets may be sent and dropped. In here no
	 * session is created or removed: to end another one soon, vnf_session_move() it to a class
	 * with a short period. Context: worker that owns the slot.
	 */
	void (*ended)(struct vnf_worker *worker, struct vnf_sessions *sessions,
		      struct vnf_session *session, enum vnf_session_end why);
};

/** Numbers of a slot. */
struct vnf_sessions_counters {
	uint64_t in_use;  /**< Sessions now. */
	uint64_t set_up;  /**< Sessions created so far. */
	uint64_t refused; /**< That were not created, since the slot was full. */
	uint64_t evicted; /**< Ended to make room. */
	uint64_t expired; /**< Ended by time. */
	uint64_t removed; /**< Ended by the VNF. */
};

/**
 * Sessions that fit into a slot: its share, and where there are several slots five times the square
 * root of the share and 4 more, for packets are never spread evenly; rounded up to a multiple of 4.
 * A spread by a good hash stays below that. One by a subscriber's address may not: then ask for
 * more sessions.
 *
 * @param conf
 *   The table.
 * @return
 *   Number of sessions; 0 where vnf_sessions_create() would return -EINVAL.
 *
 * Context: any thread.
 */
uint32_t vnf_sessions_per_slot(const struct vnf_sessions_conf *conf);

/**
 * Memory that a table takes of DPDK's heap, at most: a replay needs all of it, for the lists that
 * make its timers exact; else it is less by 816 octets for each class of each slot.
 *
 * @param conf
 *   The table.
 * @return
 *   Octets; 0 where vnf_sessions_create() would return -EINVAL.
 *
 * Context: any thread, also before DPDK is started.
 */
uint64_t vnf_sessions_bytes(const struct vnf_sessions_conf *conf);

/**
 * Make a table. Nothing is allocated later. Its timers are run by the SDK, on the workers that own
 * the slots.
 *
 * @param vnf
 *   The program: `conf->slots` is vnf_slot_count() if it uses VNF_STEER, else it has one worker,
 *   and any number of slots. NULL: the caller runs the timers, by vnf_sessions_run().
 * @param conf
 *   What it is to be; copied.
 * @param[out] sessions
 *   The table, to be given to vnf_sessions_destroy().
 * @return
 *   0, -EINVAL for a value that is out of range, or -ENOMEM.
 *
 * Context: start-up.
 */
int vnf_sessions_create(struct vnf *vnf, const struct vnf_sessions_conf *conf,
			struct vnf_sessions **sessions);

/**
 * A table that the application asked for by vnf_app.sessions. Workers have them in
 * vnf_worker.sessions.
 *
 * @param vnf
 *   The program.
 * @param i
 *   Its number.
 * @return
 *   The table, the SDK's; NULL: there is none.
 *
 * Context: any thread, from `init` on.
 */
struct vnf_sessions *vnf_sessions_table(const struct vnf *vnf, uint32_t i);

/**
 * Release a table. Sessions that still live are forgotten, without a call of `ended`: who holds
 * packets or other things in them ends them before, by vnf_sessions_walk() and
 * vnf_session_remove().
 *
 * @param sessions
 *   The table, or NULL.
 *
 * Context: control thread, after the workers ended.
 */
void vnf_sessions_destroy(struct vnf_sessions *sessions);

/**
 * Find the sessions of a burst. All keys are looked up side by side, so that the memory that they
 * lie in is waited for once. Sessions are not touched. What was found stays valid until a session
 * of the slot is created, removed or evicted; then vnf_session_hit_holds() tells.
 *
 * @param worker
 *   The calling worker; it owns all of the slots.
 * @param sessions
 *   The table.
 * @param slots
 *   Slot of each packet; VNF_SESSION_NO_SLOT and beyond: it finds nothing, and its key is not read.
 *   NULL: all are of slot 0.
 * @param keys
 *   Keys of the packets, side by side.
 * @param n
 *   Number of packets, 0 to VNF_BURST_MAX.
 * @param[out] hits
 *   What was found, one per packet.
 *
 * Context: worker.
 */
void vnf_sessions_lookup(struct vnf_worker *worker, struct vnf_sessions *sessions,
			 const uint16_t *slots, const void *keys, uint32_t n,
			 struct vnf_session_hit *hits);

/**
 * Find a session.
 *
 * @param worker
 *   The calling worker.
 * @param sessions
 *   The table.
 * @param slot
 *   The slot, 0 to its number - 1.
 * @param key
 *   The key.
 * @param[out] hit
 *   What was found; NULL: not wanted.
 * @return
 *   The session, or NULL.
 *
 * Context: worker.
 */
struct vnf_session *vnf_session_find(struct vnf_worker *worker, struct vnf_sessions *sessions,
				     uint32_t slot, const void *key, struct vnf_session_hit *hit);

/**
 * Is it still the session that was found?
 *
 * @param hit
 *   What was found, with a session, in the same burst.
 * @return
 *   False: it ended since.
 *
 * Context: worker.
 */
static inline bool vnf_session_hit_holds(const struct vnf_session_hit *hit)
{
	return hit->session->generation == hit->generation;
}

/**
 * Create a session. Its period begins now, the VNF's own octets are zero. If the slot is full, what
 * is over ends first; then a session of the class, or classes, with the lowest `evict_rank` above 0
 * that have any: the oldest one, as long as none of them was touched; else about the one that was
 * seen last the longest ago, whichever of these classes it is in.
 *
 * @param worker
 *   The calling worker.
 * @param sessions
 *   The table.
 * @param slot
 *   The slot, 0 to its number - 1.
 * @param keys
 *   Its keys, side by side, as many as a session has.
 * @param in_class
 *   Its class.
 * @param[out] hit
 *   The session.
 * @return
 *   0. -EEXIST: there is one with the first key; -EADDRINUSE: there is one with the second key;
 *   `hit` is that one then. Else `hit` is empty: -ENOSPC: the slot is full and nothing may be
 *   evicted, which counts as refused; -EINVAL: no such slot or class, or both keys are the same;
 *   -EBUSY: called in `expiring` or `ended`.
 *
 * Context: worker.
 */
int vnf_session_create(struct vnf_worker *worker, struct vnf_sessions *sessions, uint32_t slot,
		       const void *keys, uint32_t in_class, struct vnf_session_hit *hit);

/**
 * End a session: `ended` is called with VNF_SESSION_REMOVED.
 *
 * @param worker
 *   The calling worker.
 * @param sessions
 *   The table.
 * @param session
 *   The session; it lives.
 * @return
 *   0, or -EBUSY: called in `expiring` or `ended`, and nothing was done.
 *
 * Context: worker.
 */
int vnf_session_remove(struct vnf_worker *worker, struct vnf_sessions *sessions,
		       struct vnf_session *session);

/**
 * Its period begins anew: a packet was seen.
 *
 * @param worker
 *   The calling worker.
 * @param session
 *   The session.
 *
 * Context: worker.
 */
static inline void vnf_session_touch(const struct vnf_worker *worker, struct vnf_session *session)
{
	session->touched_ns = worker->now_ns;
}

/**
 * Put a session into a class; its period begins now. If it is in that class, this is
 * vnf_session_touch().
 *
 * @param worker
 *   The calling worker.
 * @param sessions
 *   The table.
 * @param session
 *   The session.
 * @param in_class
 *   Index of the class, below their number.
 *
 * Context: worker.
 */
void vnf_session_move(const struct vnf_worker *worker, struct vnf_sessions *sessions,
		      struct vnf_session *session, uint32_t in_class);

/**
 * The VNF's own octets of a session.
 *
 * @param session
 *   The session.
 * @return
 *   Its first octet, aligned to 8.
 *
 * Context: worker.
 */
static inline void *vnf_session_user(struct vnf_session *session)
{
	return (uint8_t *)session + session->user_at * UINT64_C(8);
}

/**
 * Key of an IPv4 session.
 *
 * @param session
 *   The session.
 * @param key
 *   Which, 0 or 1.
 * @return
 *   The key, in the session.
 *
 * Context: worker.
 */
static inline const struct vnf_session_key4 *vnf_session_key4(const struct vnf_session *session,
							      uint32_t key)
{
	return (const struct vnf_session_key4 *)(const void *)(session + 1) + key;
}

/**
 * Key of an IPv6 session.
 *
 * @param session
 *   The session.
 * @param key
 *   Which, 0 or 1.
 * @return
 *   The key, in the session.
 *
 * Context: worker.
 */
static inline const struct vnf_session_key6 *vnf_session_key6(const struct vnf_session *session,
							      uint32_t key)
{
	return (const struct vnf_session_key6 *)(const void *)(session + 1) + key;
}

/**
 * A word for a session that can be kept anywhere, and asked later whether the session still lives.
 *
 * @param sessions
 *   The table.
 * @param session
 *   The session; it lives, or is the one that `ended` is called for.
 * @return
 *   Its handle, never 0.
 *
 * Context: worker.
 */
uint64_t vnf_session_handle(const struct vnf_sessions *sessions, const struct vnf_session *session);

/**
 * The session of a handle.
 *
 * @param worker
 *   The calling worker; it owns the session's slot.
 * @param sessions
 *   The table.
 * @param handle
 *   As of vnf_session_handle(); 0: none.
 * @return
 *   The session; NULL: it ended.
 *
 * Context: worker.
 */
struct vnf_session *vnf_session_get(struct vnf_worker *worker, struct vnf_sessions *sessions,
				    uint64_t handle);

/**
 * Number of a session: for those who keep it in less room than a handle takes, and know by
 * themselves when the session ends.
 *
 * @param sessions
 *   The table.
 * @param session
 *   The session; it lives, or is the one that `ended` is called for.
 * @return
 *   A number below vnf_sessions_per_slot() times the slots, which no other one has that lives.
 *
 * Context: worker.
 */
uint32_t vnf_session_number(const struct vnf_sessions *sessions, const struct vnf_session *session);

/**
 * The session of a number.
 *
 * @param sessions
 *   The table.
 * @param number
 *   As of vnf_session_number(), of a session that has not ended since: no `ended` was called.
 * @return
 *   The session. Its time may be over.
 *
 * Context: worker that owns its slot.
 */
struct vnf_session *vnf_session_numbered(const struct vnf_sessions *sessions, uint32_t number);

/**
 * See all sessions of a slot, bit by bit. Those that live all the while are seen once, those that
 * come or go meanwhile once at most.
 *
 * @param worker
 *   The calling worker.
 * @param sessions
 *   The table.
 * @param slot
 *   The slot, 0 to its number - 1.
 * @param[in,out] cursor
 *   0 to begin; then as it was left.
 * @param budget
 *   Places that are looked at, used or not, 1 or more.
 * @param see
 *   Called for each session; it may remove that one, and create others.
 * @param arg
 *   For `see`.
 * @return
 *   True: there is more to see; false: this was all.
 *
 * Context: worker; also after the workers ended.
 */
bool vnf_sessions_walk(struct vnf_worker *worker, struct vnf_sessions *sessions, uint32_t slot,
		       uint32_t *cursor, uint32_t budget,
		       void (*see)(struct vnf_worker *worker, struct vnf_sessions *sessions,
				   struct vnf_session *session, void *arg),
		       void *arg);

/**
 * Look at the timers of a slot that are due, and end what is over.
 *
 * @param worker
 *   The calling worker.
 * @param sessions
 *   The table.
 * @param slot
 *   The slot, 0 to its number - 1.
 * @param budget
 *   Timers that are looked at; UINT32_MAX in a replay.
 * @return
 *   Timers that were looked at.
 *
 * Context: worker.
 */
uint32_t vnf_sessions_run(struct vnf_worker *worker, struct vnf_sessions *sessions, uint32_t slot,
			  uint32_t budget);

/**
 * When will vnf_sessions_run() have something to do?
 *
 * @param sessions
 *   The table.
 * @param slot
 *   The slot, 0 to its number - 1.
 * @return
 *   Not after the first session that may end, in nanoseconds of the SDK's clock, which may be over;
 *   0: at once; UINT64_MAX: never.
 *
 * Context: worker.
 */
uint64_t vnf_sessions_next_due(const struct vnf_sessions *sessions, uint32_t slot);

/**
 * Change the period of a class, also of the sessions that are in it. It is in force in a slot from
 * the next vnf_sessions_run() on, which vnf_sessions_next_due() asks for at once. If it is shorter,
 * those runs look at each session of the class, as far as their budget goes; packets find none of
 * those that are over.
 *
 * @param sessions
 *   The table.
 * @param in_class
 *   Index of the class.
 * @param period_ns
 *   1 to VNF_SESSION_PERIOD_MAX_NS.
 * @return
 *   0, or -EINVAL.
 *
 * Context: any thread, one at a time; mostly the control thread at a reload.
 */
int vnf_sessions_set_period(struct vnf_sessions *sessions, uint32_t in_class, uint64_t period_ns);

/**
 * Describe a class, for people.
 *
 * @param sessions
 *   The table.
 * @param in_class
 *   Index of the class.
 * @param[out] is
 *   The class, with the period that was set last.
 * @return
 *   0, or -ENOENT.
 *
 * Context: any thread.
 */
int vnf_sessions_class(const struct vnf_sessions *sessions, uint32_t in_class,
		       struct vnf_session_class *is);

/**
 * Counters of a slot, or of all.
 *
 * @param sessions
 *   The table.
 * @param slot
 *   The slot, or VNF_SESSION_ALL_SLOTS.
 * @param[out] counters
 *   Filled in; while a worker runs, each for itself.
 * @return
 *   0, or -ENOENT.
 *
 * Context: any thread.
 */
int vnf_sessions_read(const struct vnf_sessions *sessions, uint32_t slot,
		      struct vnf_sessions_counters *counters);

/** ICMP and ICMPv6 requests that have an identifier, by the type of request and reply. */
#define VNF_SESSION_ICMP_ECHO 8
/** Timestamp, RFC 792. */
#define VNF_SESSION_ICMP_TIMESTAMP 13
/** Echo of ICMPv6, RFC 4443. */
#define VNF_SESSION_ICMP6_ECHO 128

/**
 * Type of the request that an ICMP or ICMPv6 message belongs to.
 *
 * @param h
 *   Headers, for which vnf_is_icmp().
 * @param type
 *   Type of the message.
 * @return
 *   Type of the request; 0: the message is neither request nor reply.
 *
 * Context: any thread.
 */
static inline uint8_t vnf_session_icmp_request(const struct vnf_headers *h, uint8_t type)
{
	if (h->proto == IPPROTO_ICMPV6)
		return type == VNF_SESSION_ICMP6_ECHO || type == VNF_SESSION_ICMP6_ECHO + 1
			       ? VNF_SESSION_ICMP6_ECHO
			       : 0;
	if (type == VNF_SESSION_ICMP_ECHO || type == 0)
		return VNF_SESSION_ICMP_ECHO;
	return type == VNF_SESSION_ICMP_TIMESTAMP || type == VNF_SESSION_ICMP_TIMESTAMP + 1
		       ? VNF_SESSION_ICMP_TIMESTAMP
		       : 0;
}

/**
 * Ports of a packet's key.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param[out] ports
 *   Ports; of an ICMP request or reply the identifier in both; zero where layer 4 has neither.
 * @param[out] icmp
 *   Type of the ICMP request, or 0.
 * @return
 *   False: it has none: a fragment that is not the first (vnf/frag.h knows its ports), an ICMP
 *   error (vnf_parse_quote() finds whose), or another message of ICMP.
 *
 * Context: worker.
 */
static inline bool vnf_session_ports(struct rte_mbuf *pkt, const struct vnf_headers *h,
				     struct vnf_ports *ports, uint8_t *icmp)
{
	*icmp = 0;
	if (likely(vnf_has_ports(h))) {
		*ports = *vnf_ports(pkt, h);
		return true;
	}
	*ports = (struct vnf_ports){ 0, 0 };
	if (vnf_is_icmp(h)) {
		*icmp = vnf_session_icmp_request(h, vnf_icmp(pkt, h)->icmp_type);
		ports->src = ports->dst = vnf_icmp(pkt, h)->icmp_ident;
		return *icmp != 0;
	}
	if (h->fragment_offset != 0)
		return false;
	return h->proto != IPPROTO_TCP && h->proto != IPPROTO_UDP && h->proto != IPPROTO_SCTP &&
	       h->proto != IPPROTO_UDPLITE && h->proto != IPPROTO_DCCP &&
	       h->proto != IPPROTO_ICMP && h->proto != IPPROTO_ICMPV6;
}

/**
 * Key of an IPv4 packet as it stands, for a table with two keys. Packets of the other direction
 * have another one.
 *
 * @param pkt
 *   The packet, for which vnf_is_ipv4().
 * @param h
 *   Its headers, or those of a quote in it.
 * @param domain
 *   Where its addresses are valid.
 * @param[out] key
 *   The key.
 * @return
 *   True; false: it has none, see vnf_session_ports().
 *
 * Context: worker.
 */
static inline bool vnf_session_key4_make(struct rte_mbuf *pkt, const struct vnf_headers *h,
					 uint16_t domain, struct vnf_session_key4 *key)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	struct vnf_ports ports;
	uint8_t icmp;

	if (!vnf_session_ports(pkt, h, &ports, &icmp))
		return false;
	*key = (struct vnf_session_key4){
		.src = ip->src_addr,
		.dst = ip->dst_addr,
		.sport = ports.src,
		.dport = ports.dst,
		.domain = domain,
		.proto = h->proto,
		.icmp = icmp,
	};
	return true;
}

/**
 * Key of an IPv6 packet as it stands, for a table with two keys. Packets of the other direction
 * have another one.
 *
 * @param pkt
 *   The packet, for which vnf_is_ipv6().
 * @param h
 *   Its headers, or those of a quote in it.
 * @param domain
 *   Where its addresses are valid.
 * @param[out] key
 *   The key.
 * @return
 *   True; false: it has none, see vnf_session_ports().
 *
 * Context: worker.
 */
static inline bool vnf_session_key6_make(struct rte_mbuf *pkt, const struct vnf_headers *h,
					 uint16_t domain, struct vnf_session_key6 *key)
{
	const struct rte_ipv6_hdr *ip = vnf_ipv6(pkt, h);
	struct vnf_ports ports;
	uint8_t icmp;

	if (!vnf_session_ports(pkt, h, &ports, &icmp))
		return false;
	memcpy(key->src, ip->src_addr, sizeof(key->src));
	memcpy(key->dst, ip->dst_addr, sizeof(key->dst));
	key->sport = ports.src;
	key->dport = ports.dst;
	key->domain = domain;
	key->proto = h->proto;
	key->icmp = icmp;
	return true;
}

/**
 * Key of a packet of either family as it stands: a table of IPv6 sessions has IPv4 ones too, with
 * their addresses as IPv4-mapped ones (RFC 4291 section 2.5.5.2).
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, or those of a quote in it.
 * @param domain
 *   Where its addresses are valid.
 * @param[out] key
 *   The key.
 * @return
 *   True; false: it has none: it is no IP packet, or see vnf_session_ports().
 *
 * Context: worker.
 */
static inline bool vnf_session_key_make(struct rte_mbuf *pkt, const struct vnf_headers *h,
					uint16_t domain, struct vnf_session_key6 *key)
{
	const struct rte_ipv4_hdr *ip;
	struct vnf_ports ports;
	uint8_t icmp;

	if (vnf_is_ipv6(h))
		return vnf_session_key6_make(pkt, h, domain, key);
	if (!vnf_is_ipv4(h) || !vnf_session_ports(pkt, h, &ports, &icmp))
		return false;
	ip = vnf_ipv4(pkt, h);
	memset(key, 0, sizeof(*key));
	memset(key->src + 10, 0xff, 2);
	memcpy(key->src + 12, &ip->src_addr, sizeof(ip->src_addr));
	memset(key->dst + 10, 0xff, 2);
	memcpy(key->dst + 12, &ip->dst_addr, sizeof(ip->dst_addr));
	key->sport = ports.src;
	key->dport = ports.dst;
	key->domain = domain;
	key->proto = h->proto;
	key->icmp = icmp;
	return true;
}

/**
 * Make the key of both directions out of that of one, for a table with one key: the lower address
 * and its port become the source. Both directions need the same domain.
 *
 * @param[in,out] key
 *   The key.
 * @return
 *   Direction of the packet: 0, or 1: source and destination were exchanged.
 *
 * Context: any thread.
 */
static inline uint32_t vnf_session_key4_normalise(struct vnf_session_key4 *key)
{
	uint64_t src = (uint64_t)key->src << 16 | key->sport;
	uint64_t dst = (uint64_t)key->dst << 16 | key->dport;
	uint64_t less = src <= dst ? src : dst;
	uint64_t more = src <= dst ? dst : src;

	/* Which is which differs from packet to packet: a branch would be guessed wrongly half of
	 * the time.
	 */
	key->src = (uint32_t)(less >> 16);
	key->sport = (uint16_t)less;
	key->dst = (uint32_t)(more >> 16);
	key->dport = (uint16_t)more;
	return src > dst;
}

/**
 * The same of IPv6.
 *
 * @param[in,out] key
 *   The key.
 * @return
 *   Direction of the packet: 0, or 1: source and destination were exchanged.
 *
 * Context: any thread.
 */
static inline uint32_t vnf_session_key6_normalise(struct vnf_session_key6 *key)
{
	int order = memcmp(key->src, key->dst, sizeof(key->src));
	uint8_t address[16];
	rte_be16_t port;

	if (order < 0 || (order == 0 && key->sport <= key->dport))
		return 0;
	memcpy(address, key->src, sizeof(address));
	memcpy(key->src, key->dst, sizeof(address));
	memcpy(key->dst, address, sizeof(address));
	port = key->sport;
	key->sport = key->dport;
	key->dport = port;
	return 1;
}

#ifdef __cplusplus
}
#endif

#endif
