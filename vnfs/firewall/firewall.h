/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall, and what its files offer each other. The way of a packet:
 *
 *     transparent.c / routed.c   a burst comes in, by wires or by the IP node
 *     key.h key.c                each packet: its slot, its datagram, the key of its session
 *     fragment.c                 fragments: what the first of a datagram gets, all get
 *     judge.c                    all together: sessions found, rules asked, verdicts
 *       sanity.c                 ... what is no good whatever the rules say
 *       flow.c (tcp.c)           ... what the packet does to its session
 *       limit.c (source.c)       ... whether there may be another one
 *       refuse.c                 ... and the answer to what is refused
 *       log.c (event.c)          ... what the log says of it
 *
 * and beside it:
 *
 *     config.c policy_*.c policy.c   the file, and what is made of it: struct fw_policy
 *     renew.c                        sessions that a new policy does not want any more
 *     command_*.c session_list.c     what `vnfkit ctl` is told
 *     preview.c                      ... of a dry run
 *     explain.c explain_*.c          ... and of a packet in words
 *
 * Threads: a worker touches only sessions of its slots. The policy is built by the control thread
 * and never changes while workers read it, but for counters.
 */
#ifndef FW_FIREWALL_H
#define FW_FIREWALL_H

#include <vnf/acl.h>
#include <vnf/frag.h>
#include <vnf/ip.h>
#include <vnf/journal.h>
#include <vnf/metrics.h>
#include <vnf/packet.h>
#include <vnf/session.h>
#include <vnf/steer.h>
#include <vnf/vnf.h>

#include "event.h"
#include "policy.h"
#include "source.h"
#include "tcp.h"

/* Tables of sessions. */
enum { FW_IPV4, FW_IPV6, FW_TABLES };

#define FW_DROPS(X)                                                                                \
	X(POLICY, "policy", "a rule says drop, or none matches")                                   \
	X(REJECTED, "rejected",                                                                    \
	  "refused by a rule or the default; its sender was told, if it may")                      \
	X(RATE, "rate", "its rule accepts no more new sessions in this second")                    \
	X(SOURCE_SESSIONS, "source_sessions",                                                      \
	  "its source has as many sessions as its rule allows")                                    \
	X(SOURCE_RATE, "source_rate",                                                              \
	  "its rule accepts no more new sessions of its source in this period")                    \
	X(HALF_OPEN, "half_open", "there are as many half-open sessions as there may be")          \
	X(HALF_OPEN_SOURCE, "half_open_source",                                                    \
	  "its source has as many half-open sessions as it may have")                              \
	X(NO_SESSION, "no_session", "belongs to no session, and cannot begin one")                 \
	X(TCP_FLAGS, "tcp_flags", "TCP: flags that contradict each other")                         \
	X(TCP_STATE, "tcp_state", "TCP: not in this state of its connection")                      \
	X(TCP_WINDOW, "tcp_window", "TCP: sequence or acknowledgement number out of window")       \
	X(LAND, "land", "its source is its destination")                                           \
	X(SPOOFED, "spoofed", "its source is not reached the way it came")                         \
	X(OTHER_ZONE, "other_zone", "of a session, but from a zone that may not have that one")    \
	X(NO_WIRE, "no_wire", "its port is the end of no wire")                                    \
	X(ETHER_TYPE, "ether_type", "neither IP nor ARP, nor an Ethernet type that passes")        \
	X(CHECKSUM, "checksum", "the checksum of TCP, UDP, ICMP or SCTP is wrong")                 \
	X(FULL, "full", "there is no room for its session")

enum fw_drop {
#define FW_DROP_ENUM(id, name, doc) FW_DROP_##id,
	FW_DROP_FIRST_ = VNF_DROP_USER - 1,
	FW_DROPS(FW_DROP_ENUM)
#undef FW_DROP_ENUM
};

/* Instead of a rule's number: rules were not asked. */
#define FW_RULE_UNASKED UINT32_MAX

/* Verdicts of fw_judge() beside drops: none is the SDK's. */
#define FW_PASS ((vnf_verdict_t)0x40000100u)
#define FW_REFUSE ((vnf_verdict_t)0x40000101u)
/* Of fw_flow_follow() alone: it passes, but that it is of the session's ends is not shown. */
#define FW_PASS_UNPROVEN ((vnf_verdict_t)0x40000102u)

/* What a packet's key is made of, beside its addresses. */
struct fw_layer4 {
	struct vnf_ports ports; /* or the identifier of an ICMP request in both */
	uint8_t proto;
	uint8_t icmp; /* type of the request, or 0 */
	bool reply;   /* to that */
};

/* What became of the first fragment of a datagram, and so becomes of all others; 0: not known. */
typedef uint64_t fw_fate_t;

/* A fragment that waited for the first one of its datagram. */
struct fw_waited {
	struct rte_mbuf *pkt;
	fw_fate_t fate;
	uint16_t port;
};

/* How a packet is judged. */
enum fw_kind {
	FW_KIND_UNREAD,    /* its verdict stands, and nothing else is known of it */
	FW_KIND_DONE,      /* its verdict stands */
	FW_KIND_KEYED,     /* by its session, or as the first of one */
	FW_KIND_ERROR,     /* by the session of the packet that it quotes */
	FW_KIND_BARE,      /* by rules alone */
	FW_KIND_NEIGHBOUR, /* by rules about ICMP; where there are none, it passes */
	FW_KIND_FRAGMENT,  /* by its datagram (fragment.c); a first one by one of the above */
	FW_KIND_WAITED,    /* by what became of its datagram's first fragment */
};

/* A packet of the burst. */
struct fw_packet {
	struct rte_mbuf *pkt;
	struct vnf_headers *h;
	uint16_t port;   /* where it came in */
	uint16_t domain; /* of the session's key */
	uint16_t vlan;   /* as rules see it */
	uint8_t zone_in;
	uint8_t zone_out;
	uint8_t kind;      /* enum fw_kind */
	uint8_t table;     /* FW_IPV4 or FW_IPV6 */
	uint8_t direction; /* of the key: 1 if its ends were exchanged */
	uint16_t in;       /* where it came in: port (transparent) or interface */
	uint16_t inner;    /* id of a second VLAN tag, or 0 */
	struct fw_layer4 l4;
	fw_fate_t fate; /* of FW_KIND_WAITED */
};

/* What is done with a burst. */
struct fw_burst {
	uint16_t n;
	uint16_t n_table[FW_TABLES]; /* packets with keys */
	bool changed;                /* a session began or ended since the lookup */
	struct fw_packet p[VNF_BURST_MAX];
	uint16_t slot[VNF_BURST_MAX];
	uint16_t table_slot[FW_TABLES][VNF_BURST_MAX]; /* VNF_SESSION_NO_SLOT: not in this table */
	struct vnf_session_key4 key4[VNF_BURST_MAX];
	struct vnf_session_key6 key6[VNF_BURST_MAX];
	struct vnf_session_hit hit[FW_TABLES][VNF_BURST_MAX];
	uint32_t rule[VNF_BURST_MAX]; /* of those that were looked up, or of their sessions */
	struct vnf_headers quote[VNF_BURST_MAX];
};

/* The VNF's part of a session. */
struct fw_flow {
	struct fw_tcp tcp; /* of TCP */
	uint32_t rule;     /* of that policy */
	uint32_t policy;   /* number of the one that has judged it last */
	uint32_t counted; /* limit.c: where it is counted of its source, for its rule; 0: nowhere */
	uint32_t half_open; /* likewise, as half-open */
	uint16_t in[2];     /* where each side sends from: port (transparent) or interface */
	uint8_t zone[2];    /* of the side that began it, and of the other */
	uint8_t first : 1;  /* the key's direction of the side that began it */
	bool answered : 1;
	bool fragments : 1; /* its first packet came in fragments */
	bool opening : 1;   /* it is one of struct fw_limits_now.half_open */
	bool log : 1;       /* its rule says so */
	union {
		uint8_t tcp_flags; /* of the first segment */
		uint8_t icmp_code; /* of the first message */
	};
	uint16_t vlan;     /* as rules see it */
	uint16_t inner;    /* the second VLAN tag's, or 0 */
	uint16_t begun[3]; /* when: see fw_flow_begun_set() */
};

/* Progress of a walk through all sessions of a worker, slot by slot; in each, table by table. */
struct fw_renewal {
	uint64_t changes;         /* vnf_slots.changes that it knows of */
	uint32_t policy;          /* number of the one that sessions are judged by */
	uint32_t slot;            /* in hand; beyond the last: there is nothing to do */
	uint32_t table;           /* of that slot */
	uint32_t cursor;          /* in that table */
	uint32_t n_judged;        /* in this tick */
	bool done[VNF_SLOTS_MAX]; /* of this worker's slots: they are done with */
};

/* limit.c: what is counted of all sessions. */
struct fw_limits;
struct fw_limits_now {
	uint64_t half_open; /* half-open sessions now */
	uint64_t uncounted; /* that were not counted of their source so far, for want of room */
};

struct fw_worker {
	struct vnf_worker *worker;
	struct fw_limits *limits; /* all workers' */
	struct vnf_frags *frags;
	struct fw_burst burst;
	struct fw_renewal renewal;
	enum fw_end ending;       /* why a session is being removed */
	uint64_t *reject_full_ns; /* the bucket of answers, in struct fw_state */
	uint32_t n_waited;
	struct fw_waited waited[VNF_FRAG_WAITING];
};

static inline struct fw_worker *fw_worker_of(const struct vnf_worker *worker)
{
	return worker->state;
}

static inline const struct fw_policy *fw_policy_of(const struct vnf_worker *worker)
{
	return worker->built;
}

static inline vnf_verdict_t fw_drop(enum fw_drop reason)
{
	return VNF_DROP(reason);
}

/* ---- transparent.c, routed.c ---- */

void fw_transparent_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			  vnf_verdict_t *verdicts, uint16_t n);
void fw_routed_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		     vnf_verdict_t *verdicts, uint16_t n);

/* What a packet is, as the first of a burst of its own: 0, or the verdict that stands. As a router
 * also what the IP node says, and the interface that it is routed out of. Nothing is counted if
 * vnf_slots.packets are not the worker's; for explain.c, between two passes.
 */
vnf_verdict_t fw_transparent_look(struct fw_worker *w, uint16_t port, struct rte_mbuf *pkt,
				  struct vnf_headers *h);
vnf_verdict_t fw_routed_look(struct fw_worker *w, uint16_t port, struct rte_mbuf *pkt,
			     struct vnf_headers *h, vnf_verdict_t *received, uint16_t *out);
/* Is its source not where it came from, by the routes? */
bool fw_routed_is_spoofed(const struct fw_worker *w, const struct fw_packet *p);

/* ---- fragment.c ---- */

/* Do with a packet of the firewall's own what the verdict says. */
void fw_apply(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
	      vnf_verdict_t verdict);
/* Judge fragments that waited, in bursts of one port: after the burst with their first ones. */
void fw_waited_run(struct fw_worker *w,
		   void (*burst)(struct fw_worker *w, const struct fw_waited *waited, uint16_t n));
/* Verdict for a fragment, FW_KIND_FRAGMENT or FW_KIND_WAITED: as of fw_judge(), or VNF_TAKEN. */
vnf_verdict_t fw_fragment_judge(struct fw_worker *w, uint16_t i);

/* ---- key.h, key.c ---- */

/* How a packet is judged: key.h's fw_key_make(); of a first fragment, once its turn has come: */
vnf_verdict_t fw_key_first(struct fw_burst *b, uint16_t i);
/* The key of a later one, whose datagram is of a session; `is_reply`: to an ICMP request. */
void fw_key_later(struct fw_burst *b, uint16_t i, const struct vnf_frag *frag, bool is_reply);

/* ---- judge.c ---- */

void fw_burst_begin(struct fw_burst *b, uint16_t n);
/* Verdicts for all packets of the burst that have none: FW_PASS, FW_REFUSE or a drop. */
void fw_judge(struct fw_worker *w, vnf_verdict_t *verdicts);
/* The same of one packet, whose session nobody has looked up yet. */
vnf_verdict_t fw_judge_alone(struct fw_worker *w, uint16_t i);
/* The same of a later fragment, after fw_key_later(): it does nothing to its session. */
vnf_verdict_t fw_judge_later(struct fw_worker *w, uint16_t i);
/* By rules alone, which see packet `i` like this. */
vnf_verdict_t fw_rule_judge(struct fw_worker *w, uint16_t i, const struct vnf_acl_packet *packet);
/* Count a packet of a rule of the policy in force. */
void fw_rule_count(const struct fw_worker *w, uint32_t rule, const struct fw_packet *p);
/* Rule for a session as it stands, between these zones: its number, that of the default too. */
uint32_t fw_session_rule(const struct fw_policy *policy, const struct vnf_session *session,
			 uint32_t table, uint8_t zone_in, uint8_t zone_out);

/* For explain.c, without any effect: how rules see a packet, the rule that matches, whether it is
 * good for a session, the session of packet `i` (NULL: none) and whether the packet may be of it:
 * FW_PASS, or a drop, which ends the session if it is FW_DROP_POLICY, and by what rule.
 */
void fw_acl_packet(const struct fw_packet *p, struct vnf_acl_packet *packet);
uint32_t fw_rule_find(const struct fw_policy *policy, const struct fw_packet *p);
vnf_verdict_t fw_packet_sanity(const struct fw_worker *w, const struct fw_packet *p);
struct vnf_session *fw_session_find(struct fw_worker *w, uint16_t i);
vnf_verdict_t fw_session_look(const struct fw_worker *w, const struct fw_packet *p,
			      struct vnf_session *session, uint32_t from, uint32_t *rule);

/* ---- sanity.c ---- */

/* 0, or why a packet that belongs to no session is no good. */
uint32_t fw_sanity(const struct fw_packet *p);

/* ---- flow.c ---- */

/* Can the packet begin a session? Fills in `flow`, and the class of the session. FW_PASS, or a
 * drop.
 */
vnf_verdict_t fw_flow_open(const struct fw_policy *policy, const struct fw_packet *p,
			   struct fw_flow *flow, uint32_t *in_class);
/* A later packet of the session, from side `from` (0 began it). FW_PASS; FW_PASS_UNPROVEN;
 * FW_REFUSE: it begins another connection, this one is over; or a drop.
 */
vnf_verdict_t fw_flow_follow(struct vnf_worker *worker, struct vnf_sessions *sessions,
			     const struct fw_packet *p, struct vnf_session *session, uint32_t from);
/* The same without any effect, with numbers that fit: FW_PASS, FW_REFUSE or a drop. */
vnf_verdict_t fw_flow_foresee(const struct fw_packet *p, const struct fw_flow *flow, uint32_t from);
/* Classes of sessions, for the tables. */
extern const struct vnf_session_class fw_classes[FW_CLASSES];
/* What state a session is in, such as "established". */
const char *fw_flow_state(const struct vnf_session *session, uint8_t proto);

/* End a session: it is removed from its table. */
void fw_flow_end(struct vnf_worker *worker, struct vnf_sessions *sessions,
		 struct vnf_session *session, enum fw_end why);
/* ---- limit.c ---- */

/* Memory for tables of so many sessions each. */
uint64_t fw_limits_bytes(uint64_t sessions);
int fw_limits_create(uint64_t sessions, struct fw_limits **limits);
void fw_limits_destroy(struct fw_limits *limits);
/* Any thread. */
void fw_limits_read(const struct fw_limits *limits, struct fw_limits_now *now);
/* Half-open sessions now. Any thread. */
uint64_t fw_half_open(const struct vnf *vnf);
/* A session's source: 64 bits, not 0, that tell it from others, and its address, or the prefix. */
uint64_t fw_limit_source(struct vnf_worker *worker, uint32_t table,
			 const struct vnf_session *session, uint8_t address[16]);

/* May there be a session of `flow`, which its rule accepts? FW_PASS, and it is counted; or a drop,
 * and it is not.
 */
vnf_verdict_t fw_limit_begin(struct fw_worker *w, const struct fw_packet *p, struct fw_flow *flow,
			     uint32_t in_class, struct fw_source_counted *counted);
/* May a packet pass that no session will be of, which the rule accepts? */
vnf_verdict_t fw_limit_bare(struct fw_worker *w, const struct fw_packet *p, uint32_t number);
/* What either would say, but for the rule's `rate`; it counts nothing. The class of the session
 * that would begin; NULL: none would.
 */
vnf_verdict_t fw_limit_foresee(struct fw_worker *w, const struct fw_packet *p, uint32_t number,
			       const uint32_t *in_class);
/* It is not counted any more, but for what was new in a period. */
void fw_limit_end(struct fw_limits *limits, struct fw_flow *flow);
/* It has come to another class. */
void fw_limit_moved(struct vnf_worker *worker, struct vnf_session *session);
/* It has another rule, or another policy: its count moves there. */
void fw_limit_renew(struct vnf_worker *worker, uint32_t table, struct vnf_session *session);

/* ---- refuse.c ---- */

/* Answer a packet that is refused: TCP by RST, all else by ICMP. The verdict for it. */
vnf_verdict_t fw_refuse(struct fw_worker *w, struct fw_packet *p);

enum fw_answer {
	FW_ANSWER_NOT_ALLOWED, /* to this packet there may be none */
	FW_ANSWER_RATE,        /* the policy allows no more of them now */
	FW_ANSWER_RESET,
	FW_ANSWER_ICMP,
	FW_ANSWER_ICMP6,
};

/* What fw_refuse() would answer, without any effect. */
enum fw_answer fw_refuse_foresee(const struct fw_worker *w, const struct fw_packet *p);

/* ---- log.c: to be called if vnf_journal_is_on() ---- */

/* It began now; whatever is on, as that may change before it ends. */
void fw_flow_begun_set(struct fw_flow *flow, uint64_t now_ns);
/* The packet has begun a session, `flow`. */
void fw_log_begin(const struct fw_worker *w, const struct fw_packet *p, const struct fw_flow *flow);
/* As vnf_sessions_conf.ended. */
void fw_log_end(struct vnf_worker *worker, const struct vnf_sessions *sessions,
		struct vnf_session *session, enum vnf_session_end why);
/* The packet is not passed; if it is dropped, that is by this verdict or FW_REFUSE. */
void fw_log_drop(struct fw_worker *w, uint16_t i, vnf_verdict_t verdict);
/* As vnf_app.journal. */
json_t *fw_log_line(struct vnf *vnf, const void *record, size_t octets);

/* ---- renew.c ---- */

/* Would the policy, which comes after the one that judged the session last, let it begin now?
 * Fills in the zones of both sides by then, and the rule that says so, the default too.
 */
bool fw_session_stands(const struct fw_policy *policy, struct vnf_session *session, uint32_t table,
		       uint8_t zone[2], uint32_t *rule);
/* Does the policy in force want the session, which it has not judged yet? */
bool fw_renew(struct vnf_worker *worker, uint32_t table, struct vnf_session *session);
/* A part of the walk through all sessions after a reload; vnf_app.tick. */
void fw_renew_tick(struct vnf_worker *worker);

/* ---- preview.c ---- */

/* What a reload would do to sessions; vnf_app.preview. */
json_t *fw_preview(struct vnf *vnf, const void *built);

/* ---- command_explain.c ---- */

struct fw_explain_args {
	const char *in;
	const char *packet;
	const char *vlan;
	const char *rule;
};

extern const struct vnf_config_key fw_explain_keys[];
json_t *fw_command_explain(struct vnf *vnf, const void *args, struct vnf_refusal *why);
/* ---- metrics.c ---- */

extern const struct vnf_metric fw_metrics[];

/* ---- command_rules.c, command_sessions.c, command_sources.c ---- */

/* Choices of the argument `version`, and what they mean for a walk. */
extern const char *const fw_versions[];
static inline uint8_t fw_version(uint32_t choice)
{
	return choice == 0 ? 0 : choice == 1 ? 4 : 6;
}

/* Number of a rule by its name, VNF_ACL_NONE of ""; 0 or -errno, and why is said. */
int fw_rule_read(const struct fw_policy *policy, const char *name, uint32_t *rule,
		 struct vnf_refusal *why);

json_t *fw_command_rules(struct vnf *vnf, const void *args, struct vnf_refusal *why);

struct fw_sessions_args {
	uint32_t version;
	const char *proto;
	const char *state;
	const char *src;
	const char *dst;
	const char *rule;
	uint32_t limit;
};

extern const struct vnf_config_key fw_sessions_keys[];
json_t *fw_command_sessions(struct vnf *vnf, const void *args, struct vnf_refusal *why);

struct fw_sources_args {
	uint32_t version;
	const char *rule;
	uint32_t by;
	uint32_t limit;
};

extern const struct vnf_config_key fw_sources_keys[];
json_t *fw_command_sources(struct vnf *vnf, const void *args, struct vnf_refusal *why);

#endif
