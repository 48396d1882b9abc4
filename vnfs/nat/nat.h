/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The NAT, and what its files offer each other. The way of a packet:
 *
 *     burst.c        a burst comes in by the IP node; each packet: which way it goes, its slot
 *       way.h        ... of TCP and UDP: the key of its session
 *     session.c      sessions and mappings begin and end (table.c, space.c)
 *     flow.c         what a packet does to its session
 *     error.c        ICMP errors: what they quote is translated, too
 *     fragment.c     fragments: what the first of a datagram gets, all get
 *     hold.c         SYNs that nobody asked for, for six seconds
 *     static.c       addresses one to one
 *
 * and beside it:
 *
 *     config.c policy_*.c policy.c   the file, and what is made of it: struct nat_policy
 *     state.c                        tables
 *     renew.c                        what a new policy does not want any more
 *     log.c event.c metrics.c        lines of the journal, numbers
 *     command_*.c walk.c explain.c   what people ask
 *
 * Directions. "Out" is from inside to an external address's world, and translates the source; "in"
 * is from there, and translates the destination. What an inside host sends to an external address
 * goes out first, and comes in then, in the slot of the other one (hairpinning, RFC 4787 section
 * 6).
 *
 * Slots. All of an inside host is in one slot, by its address: its mappings, their sessions, its
 * fragments that go out. What comes in is of the slot that has taken its external port.
 *
 * Threads: a worker touches only what is of its slots.
 */
#ifndef NAT_NAT_H
#define NAT_NAT_H

#include <pthread.h>

#include <vnf/edit.h>
#include <vnf/frag.h>
#include <vnf/ip.h>
#include <vnf/journal.h>
#include <vnf/metrics.h>
#include <vnf/packet.h>
#include <vnf/session.h>
#include <vnf/steer.h>
#include <vnf/vnf.h>

#include "policy.h"
#include "table.h"

#define NAT_DROPS(X)                                                                               \
	X(NO_RULE, "no_rule", "no rule says how it is translated")                                 \
	X(NO_MAPPING, "no_mapping", "from outside, to an external port that is nobody's")          \
	X(FILTERED, "filtered", "from outside, of an address that its mapping has not sent to")    \
	X(PROTOCOL, "protocol", "of a protocol that has no ports that could be translated")        \
	X(UNTRANSLATED, "untranslated", "from outside, to an address that is not seen there")      \
	X(EXHAUSTED, "exhausted", "all external ports that its host may have are in use")          \
	X(FULL, "full", "there is no room for its session, its mapping or its host")               \
	X(LIMIT_PORTS, "limit_ports", "its host has as many external ports as it may have")        \
	X(LIMIT_SESSIONS, "limit_sessions", "its host has as many sessions as it may have")        \
	X(LIMIT_RATE, "limit_rate", "its host begins no more sessions in this second")             \
	X(TCP_STATE, "tcp_state", "TCP: of no session, and does not begin one")                    \
	X(SYN_UNANSWERED, "syn_unanswered", "TCP: nobody asked for this SYN, for its time")        \
	X(ICMP_TYPE, "icmp_type",                                                                  \
	  "ICMP: neither query nor error, or a reply that nobody asked "                           \
	  "for")                                                                                   \
	X(FRAGMENT_FATE, "fragment_fate", "the first fragment of its datagram was not let through")

enum nat_drop {
#define NAT_DROP_ENUM(id, name, doc) NAT_DROP_##id,
	NAT_DROP_FIRST_ = VNF_DROP_USER - 1,
	NAT_DROPS(NAT_DROP_ENUM)
#undef NAT_DROP_ENUM
};

/* Domains of keys: an inside host's view of a session, and the world's. */
enum { NAT_KEY_INSIDE, NAT_KEY_OUTSIDE };

/* Bits of nat_session.state, of TCP. What each side has shown: */
#define NAT_TCP_SYN(side) (1u << (side))
#define NAT_TCP_FIN(side) (4u << (side))
#define NAT_TCP_SYNS (NAT_TCP_SYN(0) | NAT_TCP_SYN(1))
#define NAT_TCP_FINS (NAT_TCP_FIN(0) | NAT_TCP_FIN(1))
#define NAT_TCP_RST 16u
#define NAT_TCP_PICKED_UP 32u /* its SYNs were not seen */
/* Sides. */
enum { NAT_IN_SIDE, NAT_OUT_SIDE };

/* Bits of nat_session.flags. */
/* The inside has sent something, and is not only asked; of TCP that was begun outside, the other
 * end has got its SYN, too.
 */
#define NAT_SENT 1u
#define NAT_HAIRPINNED 2u /* its other end is an external address, whose packets come from here */

/* The VNF's part of a session: with header and keys, one cache line. */
struct nat_session {
	uint32_t mapping; /* its number; 0: of a forward */
	/* With NAT_SENT and a mapping, peers: number of a session + 1. Without NAT_SENT, of TCP:
	 * what the other end is to acknowledge at least, host order.
	 */
	uint32_t next;
	uint32_t prev; /* peers, too */
	uint8_t state;
	uint8_t flags;  /* NAT_SENT, NAT_HAIRPINNED */
	uint16_t begun; /* for people: seconds of the SDK's clock, modulo 2^16 */
};

/* What has become, or is to become, of a packet. */
enum nat_kind {
	NAT_DONE,      /* its verdict stands */
	NAT_KEYED_OUT, /* by its session, or as the first of one */
	NAT_KEYED_IN,  /* likewise, from outside */
	NAT_ERROR_OUT, /* an ICMP error: by the session of the packet that it quotes */
	NAT_ERROR_IN,  /* likewise */
	NAT_FRAGMENT,  /* by its datagram */
	NAT_WAITED,    /* by what became of its datagram's first fragment */
};

/* What becomes of all fragments of a datagram; 0: not known. */
typedef uint64_t nat_fate_t;

struct nat_packet {
	struct rte_mbuf *pkt;
	struct vnf_headers *h;
	vnf_verdict_t received; /* the IP node's */
	uint8_t kind;
	bool out;      /* its direction */
	bool hairpin;  /* goes out to an external address */
	uint8_t proto; /* enum nat_proto */
	uint8_t flags; /* of TCP */
	uint16_t slot;
	const struct nat_external *external; /* comes in: where to; NULL: not looked for */
	const struct nat_forward *forward;   /* comes in: by this; NULL: none */
	nat_fate_t fate;
};

struct nat_burst {
	uint16_t n;
	uint16_t n_keyed;
	uint16_t port;
	bool changed; /* sessions began or ended since the lookup */
	struct nat_packet p[VNF_BURST_MAX];
	uint16_t slot[VNF_BURST_MAX]; /* VNF_SESSION_NO_SLOT: it has no key */
	struct vnf_session_key4 key[VNF_BURST_MAX];
	struct vnf_session_hit hit[VNF_BURST_MAX];
	struct vnf_headers quote[VNF_BURST_MAX];
};

/* A fragment that waited for the first one of its datagram. */
struct nat_waited {
	struct rte_mbuf *pkt;
	nat_fate_t fate;
	uint16_t port;
};

/* A SYN that waits. */
struct nat_held {
	struct rte_mbuf *pkt;
	uint64_t since_ns;
	uint16_t port;
	uint16_t slot;
};

/* Of a worker: each is a packet of the pool. */
#define NAT_HELD_MAX 256

/* Progress of a walk through all sessions of a worker, slot by slot. */
struct nat_renewal {
	uint64_t changes; /* vnf_slots.changes that it knows of */
	uint32_t policy;  /* number of the one that sessions are judged by */
	uint32_t slot;    /* in hand; beyond the last: there is nothing to do */
	uint32_t cursor;  /* in that slot */
	bool done[VNF_SLOTS_MAX];
};

/* What log.c has told of limits, and when: places of what is told apart. */
#define NAT_TOLD 1024

/* What people see of all workers. */
struct nat_seen {
	uint64_t told[NAT_TOLD]; /* atomic: log.c */
	uint32_t held;           /* atomic: SYNs that wait */
	/* For the metrics' thread (metrics.c): atomic: the policy in force, which is not discarded
	 * while the lock is held.
	 */
	const struct nat_policy *policy;
	pthread_mutex_t lock;
};

struct nat_worker {
	struct vnf_worker *worker;
	struct vnf_sessions *sessions;
	struct nat_table *table; /* all workers' */
	struct nat_spaces *spaces;
	struct nat_seen *seen; /* all workers' */
	struct vnf_frags *frags;
	uint64_t generation; /* that mtu_min is of */
	uint16_t mtu_min;    /* of all interfaces */
	struct nat_burst burst;
	struct nat_renewal renewal;
	uint32_t n_waited;
	struct nat_waited waited[VNF_FRAG_WAITING];
	uint32_t held_first, n_held;
	struct nat_held held[NAT_HELD_MAX];
};

static inline struct nat_worker *nat_worker_of(const struct vnf_worker *worker)
{
	return worker->state;
}

static inline const struct nat_policy *nat_policy_of(const struct nat_worker *w)
{
	return w->worker->built;
}

static inline vnf_verdict_t nat_drop(enum nat_drop reason)
{
	return VNF_DROP(reason);
}

static inline struct nat_slot *nat_slot_at(const struct nat_worker *w, uint32_t slot)
{
	return &w->table->slot[slot];
}

/* Slot of an inside host. */
static inline uint32_t nat_slot_of_host(const struct vnf_worker *worker, rte_be32_t inside)
{
	return vnf_slot_of(worker, (uint64_t)inside << 32, 0, 0);
}

/* Protocols that are translated; NAT_PROTOS: none of them. */
static inline enum nat_proto nat_proto_of(uint8_t proto)
{
	return proto == IPPROTO_TCP    ? NAT_TCP
	       : proto == IPPROTO_UDP  ? NAT_UDP
	       : proto == IPPROTO_ICMP ? NAT_ICMP
				       : NAT_PROTOS;
}

static inline uint8_t nat_ip_proto(enum nat_proto proto)
{
	return proto == NAT_TCP ? IPPROTO_TCP : proto == NAT_UDP ? IPPROTO_UDP : IPPROTO_ICMP;
}

/* ---- state.c ---- */

/* Marks of packets that the program sends to itself, in ol_flags; registered at start. */
struct nat_marks {
	uint64_t in;    /* it comes in, whatever interface it came by: a hairpin */
	uint64_t owned; /* a fragment that has found the slot of its datagram */
	uint64_t held;  /* a SYN whose time is over */
};
extern struct nat_marks nat_marks;

int nat_state_init(struct vnf *vnf, void **state);
void nat_state_fini(struct vnf *vnf, void *state);
bool nat_state_tables(const struct vnf *vnf, const void *config, uint32_t i,
		      struct vnf_sessions_conf *conf);
uint64_t nat_state_bytes(const struct vnf *vnf, const void *config);
int nat_worker_init(struct vnf_worker *worker);
void nat_worker_fini(struct vnf_worker *worker);
struct nat_table *nat_table_of(const struct vnf *vnf);
struct nat_seen *nat_seen_of(const struct vnf *vnf);

/* ---- burst.c ---- */

void nat_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
	       vnf_verdict_t *verdicts, uint16_t n);
/* Slot of what comes in to an external port: whose it is, or that of the forward, which is told;
 * without either that of the address.
 */
uint32_t nat_slot_in(struct nat_worker *w, const struct nat_external *external,
		     enum nat_proto proto, rte_be16_t port, const struct nat_forward **forward);
/* The session of packet `i`, which has a key; NULL: none. */
struct vnf_session *nat_session_of(struct nat_worker *w, uint16_t i);
/* Translate packet `i` as its session says, a whole one or a first fragment: VNF_IP_PASS, also for
 * what is to get out to an external address; or the verdict.
 */
vnf_verdict_t nat_keyed_translate(struct nat_worker *w, uint16_t i);
/* A packet that has got out and whose destination is an external address comes in: VNF_TAKEN. */
vnf_verdict_t nat_hairpin(struct nat_worker *w, uint16_t i);
/* Key of a first fragment or whole packet `i`, with its direction; 0 or the verdict that stands. */
vnf_verdict_t nat_key_make(struct nat_worker *w, uint16_t i);
/* The verdict for a packet of a protocol that is not translated. */
vnf_verdict_t nat_other_proto(struct nat_worker *w, const struct nat_packet *p);
/* Write another source or destination address, and remember what it was. */
void nat_addr_write(struct rte_mbuf *pkt, const struct vnf_headers *h, enum vnf_ip_end end,
		    rte_be32_t addr);
/* Identification for a packet that leaves by an external address, RFC 6864 section 5.3.1. */
rte_be16_t nat_id_next(struct nat_worker *w, uint32_t slot, struct nat_space *space);
/* Do with a packet of the NAT's own what the verdict says. */
void nat_apply(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
	       vnf_verdict_t verdict);
/* May packet `i` go on to `dst` (NULL: where it goes)? VNF_IP_PASS or the verdict. */
vnf_verdict_t nat_may_go(struct nat_worker *w, uint16_t i, const rte_be32_t *dst);

/* ---- session.c ---- */

/* Rule for a packet out (`swapped`: for one in, as its answer would be): its pool,
 * NAT_POOL_NONE: it is not translated; -ENOENT: none matches.
 */
int nat_rule_find(const struct nat_policy *policy, struct rte_mbuf *pkt,
		  const struct vnf_headers *h, bool swapped);
/* The same: its number. -ENOENT: none matches, or there are none. */
int nat_rule_number(const struct nat_policy *policy, struct rte_mbuf *pkt,
		    const struct vnf_headers *h, bool swapped);
/* That of the host in a pool, RFC 4787 REQ-2; NULL: it has none. */
const struct nat_external *nat_external_paired(const struct nat_worker *w,
					       const struct nat_host *host, uint16_t pool);
/* RFC 4787 REQ-8, RFC 5382 REQ-3: does the mapping let this come in? */
bool nat_filter_passes(const struct nat_worker *w, uint32_t slot, uint32_t mapping,
		       rte_be32_t remote);
/* Packet `i` has no session: make one. The verdict is VNF_IP_PASS and `*session` the new one, or
 * NULL: it is not translated; else it stands.
 */
vnf_verdict_t nat_open_out(struct nat_worker *w, uint16_t i, struct vnf_session **session);
vnf_verdict_t nat_open_in(struct nat_worker *w, uint16_t i, struct vnf_session **session);
/* As of struct vnf_sessions_conf. */
void nat_session_ended(struct vnf_worker *worker, struct vnf_sessions *sessions,
		       struct vnf_session *session, enum vnf_session_end why);
/* The mapping of an inside endpoint in a pool; 0: none. */
uint32_t nat_mapping_out(const struct nat_worker *w, uint32_t slot, uint16_t pool,
			 enum nat_proto proto, rte_be32_t inside, rte_be16_t port);
/* Is it a source for what goes out? An answer must get there and nowhere else: RFC 2827. */
bool nat_is_inside(const struct nat_worker *w, rte_be32_t addr);
/* Comes packet `p` from outside, from `src`? Own external addresses are nobody's there. */
bool nat_is_spoofed(const struct nat_worker *w, const struct nat_packet *p, rte_be32_t src);
/* Has nobody inside this port of the packet's external address? */
bool nat_is_nobodys(const struct nat_worker *w, const struct nat_packet *p, rte_be16_t port);
/* May what comes from outside begin a session of it? */
bool nat_mapping_takes(const struct nat_worker *w, uint32_t slot, uint32_t mapping,
		       enum nat_proto proto);
/* A session that was begun from outside is its host's now: NAT_SENT. 0, or why it may not be. */
uint32_t nat_session_sent(struct nat_worker *w, struct vnf_session *session);
/* The mapping that has an external port in this slot; 0: none. */
uint32_t nat_mapping_in(const struct nat_worker *w, uint32_t slot,
			const struct nat_external *external, enum nat_proto proto, rte_be16_t port);

/* ---- flow.c ---- */

/* A packet of the session, from that side. 0, or why it is dropped. */
uint32_t nat_flow_follow(struct nat_worker *w, struct vnf_session *session,
			 const struct nat_packet *p, uint32_t side);
/* State and class of a new one. False: such a packet begins none. */
bool nat_flow_open(enum nat_proto proto, uint8_t flags, uint32_t side, rte_be16_t remote_port,
		   uint8_t *state, uint32_t *in_class);
/* Such as "established". */
const char *nat_flow_state(const struct vnf_session *session);

/* ---- error.c ---- */

/* Find out whose packet the error `i` quotes: its slot and key. 0 or the verdict. */
vnf_verdict_t nat_error_key(struct nat_worker *w, uint16_t i);
vnf_verdict_t nat_error_run(struct nat_worker *w, uint16_t i);
/* Is its type one that is translated? */
bool nat_error_is_translated(uint8_t type);
/* RFC 5508 REQ-3: the checksum of the header that an error quotes. */
bool nat_quote_is_right(struct rte_mbuf *pkt, const struct vnf_headers *quote);

/* ---- fragment.c ---- */

/* The slot of a fragment, and its kind. 0 or the verdict. */
vnf_verdict_t nat_fragment_key(struct nat_worker *w, uint16_t i);
vnf_verdict_t nat_fragment_run(struct nat_worker *w, uint16_t i);

/* ---- hold.c ---- */

/* A SYN that nobody asked for: VNF_TAKEN, or a drop. */
vnf_verdict_t nat_hold(struct nat_worker *w, uint16_t i, enum nat_drop reason);
void nat_hold_tick(struct nat_worker *w);
void nat_hold_stop(struct nat_worker *w);

/* ---- static.c ---- */

/* Packet `i` is of a pair of addresses, one to one: translated, the verdict; 0: it is not. */
vnf_verdict_t nat_static_run_out(struct nat_worker *w, uint16_t i);
vnf_verdict_t nat_static_run_in(struct nat_worker *w, uint16_t i);

/* ---- log.c ---- */

static inline bool nat_logs(const struct nat_worker *w)
{
	return unlikely(vnf_journal_is_on(w->worker));
}

/* If nat_logs(): */
void nat_log_mapping_begin(struct nat_worker *w, uint32_t slot, uint32_t number);
void nat_log_mapping_end(struct nat_worker *w, uint32_t slot, uint32_t number);
void nat_log_session_begin(struct nat_worker *w, const struct vnf_session *session);
void nat_log_session_end(struct nat_worker *w, const struct vnf_session *session,
			 enum vnf_session_end why);
/* Whenever it happens; once a second is told: */

/* An address has no port for a host; NULL: none of the pool has. */
void nat_log_exhausted(struct nat_worker *w, uint16_t pool, const struct nat_external *external,
		       enum nat_proto proto);
/* A host gets no more, for NAT_DROP_LIMIT_...; `proto` is of ports. */
void nat_log_quota(struct nat_worker *w, rte_be32_t inside, uint32_t limit, enum nat_proto proto);
/* There is no room for what a host wants. */
void nat_log_full_hosts(struct nat_worker *w, rte_be32_t inside);
void nat_log_full_mappings(struct nat_worker *w, rte_be32_t inside);
void nat_log_full_sessions(struct nat_worker *w, rte_be32_t inside);
/* As of struct vnf_app: journal. */
json_t *nat_log_line(struct vnf *vnf, const void *record, size_t octets);

/* ---- metrics.c ---- */

extern const struct vnf_metric nat_metrics[];
/* A policy is in force: for the metrics. Worker 0. */
void nat_metrics_take(const struct nat_worker *w);
/* It is about to be discarded. Control thread. */
void nat_metrics_forget(struct vnf *vnf, const void *built);
/* Inside hosts that there are now. Any thread. */
uint32_t nat_hosts_count(const struct vnf *vnf);

/* ---- renew.c ---- */

void nat_tick(struct vnf_worker *worker);

#endif
