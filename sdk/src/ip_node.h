/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node: what the parts VNF_IP and VNF_IP_OPTIONAL keep, and what its files offer each other.
 *
 *     ip_config.c    keys of the configuration, and their checks
 *     ip_routes.c    files of routes
 *     ip_ranges.c    addresses of the program beside the interfaces'
 *     ip_tables.c    what a generation is built of: interfaces, targets, routes (ip_fib.c)
 *     ip_node.c      the part: state of the program and of its workers
 *     ip_receive.c   packets that come in        } the fast way, on every worker,
 *     ip_forward.c   packets that go on          } reading only
 *     ip_ahead.c     ... and whether they may    }
 *     ip_local.c     packets for the node itself }
 *     ip_neigh.c     neighbours                  }
 *     ip_arp.c       ... of IPv4                 } the slow way, on worker 0 alone
 *     ip_nd.c        ... of IPv6                 }
 *     ip_own.c       its own addresses           }
 *     ip_dhcp.c      ... by DHCP (dhcp.c)        }
 *     ip_icmp.c      ICMP errors                 }
 *     ip_options.c   options of IPv4 and IPv6
 *     ip_fragment.c  IPv4 packets cut to the MTU
 *     ip_command.c   commands and metrics
 *
 * Worker 0 is the only writer of neighbours and own addresses. Other workers read neighbours
 * without locks (ip_neigh_find) and hand over to worker 0, by one ring, whole packets whose way is
 * the slow one: it begins with them anew where they were (enum ip_stage).
 */
#ifndef VNF_IP_NODE_H
#define VNF_IP_NODE_H

#include <rte_ring.h>

#include <vnf/clock.h>
#include <vnf/edit.h>
#include <vnf/ip.h>
#include <vnf/random.h>
#include <vnf/timeout.h>

#include "dhcp.h"
#include "ip_addr.h"
#include "ip_fib.h"
#include "part.h"
#include "vnf_priv.h"

#define IP_VLANS 4096
#define IP_OWN_MAX VNF_IP_ADDRESSES_MAX
/* Packets that wait for one neighbour, and for all. */
#define IP_HELD_EACH 8
#define IP_HELD_MAX 1024
/* Ring to worker 0. */
#define IP_PUNT_RING 1024
#define IP_PUNT_RINGS 2
#define IP_PUNT_BURST 32
/* RFC 8200 section 5. */
#define IP6_MTU_MIN 1280
/* RFC 2131 section 2. */
#define IP_DHCP_MTU_MIN 576
#define IP_NEIGHBOURS_MIN 16
#define IP_TTL_OWN 64
#define IP_ETHER_BYTES ((uint16_t)sizeof(struct rte_ether_hdr))
#define IP_NS_PER_MS UINT64_C(1000000)

/* ---- ip_config.c ---- */

enum ip_route_type {
	IP_ROUTE_UNICAST,
	IP_ROUTE_BLACKHOLE,   /* dropped */
	IP_ROUTE_UNREACHABLE, /* refused: host unreachable, no route */
	IP_ROUTE_PROHIBIT,    /* refused: administratively prohibited */
};

struct ip_interface_spec {
	const char *name; /* "": that of the port, and of the VLAN */
	const char *port;
	uint32_t vlan;
	struct vnf_config_strings addresses;
	uint32_t mtu; /* 0: the port's */
	bool dad;
	bool ipv6; /* a link-local address, also without others */
	bool dhcp; /* an IPv4 address by DHCP, beside others */
};

struct ip_route_spec {
	const char *prefix;
	const char *via;
	const char *interface;
	uint32_t type;
};

struct ip_spec {
	struct vnf_config_list interfaces;
	struct vnf_config_list routes;
	const char *routes_file;
	uint32_t table;           /* enum ip_fib_table */
	uint32_t neighbours;      /* entries */
	uint64_t reachable;       /* ns */
	uint64_t stale;           /* ns */
	uint32_t solicitations;   /* a second */
	uint32_t errors;          /* a second */
	uint32_t errors_per_host; /* a second */
};

/* What the part's section fills. */
struct ip_section {
	struct ip_spec ip;
};

extern const struct vnf_config_key ip_keys[];
extern const struct vnf_config_key ip_optional_keys[]; /* the group may be absent */

/* Is the group there? */
static inline bool ip_is_planned(const struct ip_section *section)
{
	return section->ip.interfaces.n > 0;
}

/* The section's checks, as of struct vnf_part. */
void ip_config_check(struct vnf_config *file, const void *config,
		     const struct vnf_port_spec *const *port, uint16_t n_ports);
/* The port of this name, or -ENOENT. */
int ip_port_find(const struct vnf_port_spec *const *port, uint16_t n_ports, const char *name);
/* What the interface is called. */
void ip_interface_label(const struct ip_interface_spec *spec, char *name, size_t size);

/* ---- ip_tables.c ---- */

/* Number of a port and VLAN, the same in all generations. */
typedef uint32_t ip_link_t;
#define IP_LINK_NONE UINT32_MAX

static inline ip_link_t ip_link(uint16_t port, uint16_t vlan)
{
	return (uint32_t)port * IP_VLANS + vlan;
}

struct ip_interface {
	ip_link_t link;
	uint16_t number; /* its place in the configuration */
	uint16_t port;
	uint16_t vlan; /* 0: without a tag */
	uint16_t mtu;
	bool dad;
	bool has_v6;
	const struct rte_ether_addr *mac; /* the port's */
	char name[VNF_PORT_NAME_MAX + 8];
	bool dhcp;
	uint16_t n_configured; /* addresses: the first ones; one by DHCP follows */
	uint16_t n_addresses;
	struct ip_prefix *address; /* own ones, with the length of their subnets */
};

enum ip_kind {
	IP_TARGET_NONE, /* number 0: no route */
	IP_TARGET_CONNECTED,
	IP_TARGET_GATEWAY,
	IP_TARGET_LOCAL,
	IP_TARGET_BROADCAST, /* of a subnet: neither forwarded nor answered */
	IP_TARGET_BLACKHOLE,
	IP_TARGET_UNREACHABLE,
	IP_TARGET_PROHIBIT,
};

/* Where a route leads. */
struct ip_target {
	enum ip_kind kind;
	/* But for those that lead nowhere, and own addresses that are on no link. */
	const struct ip_interface *out;
	struct ip_addr via; /* the gateway */
};

/* Addresses of the program beside the interfaces', in host order. */
struct ip_range {
	uint32_t first, last;
	const struct ip_interface *on; /* whose subnet has them; NULL: they are only received */
	uint8_t length;                /* of the subnet, as of struct ip_prefix */
	bool leased;                   /* it is by DHCP */
};

struct ip_port_map {
	struct ip_interface *untagged;
	struct ip_interface **tagged; /* by VLAN, or NULL */
};

/* Of one generation: built by control, read by all workers. */
struct ip_tables {
	const struct ip_spec *spec;
	uint16_t n_interfaces;
	struct ip_interface *interface;
	struct ip_port_map port[VNF_PORTS_MAX];
	uint32_t n_targets;
	struct ip_target *target;
	struct ip_fib *fib;
	uint32_t n_routes;
	size_t n_ranges;
	struct ip_range *range; /* in order, without overlaps */
	struct ip_lines *lines; /* of the file of routes, for the next one; NULL: none is kept */
};

/* As of struct vnf_part. */
int ip_tables_build(struct vnf *vnf, const struct vnf_build *from, void **built);
void ip_tables_discard(struct vnf *vnf, void *built);

/* As of struct vnf_part. */
void ip_tables_check_program(const struct vnf_program *program, const void *keys,
			     const struct vnf_build *from);

/* The same without any effect, for its errors in the file. */
void ip_tables_check(struct vnf_config *file, const struct ip_spec *spec,
		     const struct vnf_port_spec *const *port, uint16_t n_ports);

static inline struct ip_interface *ip_interface_on(const struct ip_tables *t, uint16_t port,
						   uint16_t vlan)
{
	const struct ip_port_map *map = &t->port[port];

	if (vlan == 0)
		return map->untagged;
	return map->tagged != NULL ? map->tagged[vlan] : NULL;
}

static inline struct ip_interface *ip_interface_of(const struct ip_tables *t, ip_link_t link)
{
	uint32_t port = link / IP_VLANS;

	return port < VNF_PORTS_MAX ? ip_interface_on(t, (uint16_t)port, link % IP_VLANS) : NULL;
}

static inline const struct ip_target *ip_route(const struct ip_tables *t, const struct ip_addr *a)
{
	return &t->target[ip_fib_lookup(t->fib, a)];
}

/* ---- ip_ranges.c ---- */

/* Whom to ask, and where to tell what is wrong. */
struct ip_ranges_from {
	const struct vnf *vnf; /* NULL: only to be checked */
	const struct vnf_program *program;
	const void *keys; /* the program's own */
	struct vnf_config *file;
};

/* Fill in t->range, after the interfaces. 0; -EINVAL after vnf_config_error(); -ENOMEM. */
int ip_ranges_build(struct ip_tables *t, const struct ip_ranges_from *from);
/* The range that has the address; NULL: none. */
const struct ip_range *ip_range_of(const struct ip_tables *t, const struct ip_addr *addr);

/* ---- ip_routes.c ---- */

/* One line of a file of routes. */
struct ip_route_line {
	struct ip_prefix prefix;
	bool has_via;
	struct ip_addr via;
	char interface[VNF_PORT_NAME_MAX + 8]; /* "": none */
	enum ip_route_type type;
};

/* Calls `add` for each route; it returns 0, or -EINVAL after writing into `why`. On an error, `why`
 * says file, line and what is wrong, and -EINVAL is returned; -ENOMEM.
 */
typedef int (*ip_route_line_fn)(void *arg, const struct ip_route_line *line, char *why,
				size_t why_size);
int ip_routes_read(const char *path, ip_route_line_fn add, void *arg, char *why, size_t why_size);
/* The same of one line, without its newline. 0; 1: it is empty; -EINVAL and a sentence in `why`. */
int ip_route_line_parse(char *text, struct ip_route_line *line, char *why, size_t why_size);

/* ---- ip_node.c ---- */

/* Tokens for events: `rate` a second, `burst` at once. */
struct ip_bucket {
	uint64_t full_ns; /* when it will be full */
};

bool ip_bucket_take(struct ip_bucket *bucket, uint64_t now_ns, uint32_t rate, uint32_t burst);

enum ip_timer {
	IP_TIMER_RETRANS,
	IP_TIMER_REACHABLE,
	IP_TIMER_DELAY,
	IP_TIMER_STALE,
	IP_TIMER_DAD,
	IP_TIMER_ANNOUNCE,
	IP_TIMER_LINK_FIRST,
	IP_TIMER_LINK,
	IP_TIMERS,
};

/* What the program counts beside drops. Worker 0 writes, anybody reads. */
struct ip_counts {
	uint64_t arp_sent, arp_received, nd_sent, nd_received;
	uint64_t echoes, errors_sent, errors_limited, fragments;
	uint64_t resolved, unresolved, conflicts;
};

/* Of the program: worker 0's, but for what is constant. */
struct ip_node {
	/* To worker 0, of packets that must not be lost (ARP, Neighbour Discovery), and of all
	 * others; NULL: there is no other worker.
	 */
	struct rte_ring *punts[IP_PUNT_RINGS];
	struct vnf_timeout_class timer_class[IP_TIMERS];
	struct vnf_timeouts *timeouts;
	struct vnf_timeout link_timer;
	struct vnf_random random;
	struct ip_counts counts;

	struct ip_neighbours *neighbours; /* ip_neigh.c's */
	struct ip_owns *owns;             /* ip_own.c's */
	struct ip_dhcp *dhcp;             /* ip_dhcp.c's */
	struct ip_limits *limits;         /* ip_icmp.c's */
	uint16_t fragment_id;             /* of packets of its own */
	bool planned;                     /* there are interfaces */
	bool up[VNF_PORTS_MAX];           /* ports, as they were seen last */
};

/* What vnf_ip_receive() found out about a packet, for vnf_ip_forward(). */
struct ip_meta {
	const struct rte_mbuf *pkt; /* whose it is */
	const struct ip_interface *in;
	const struct ip_target *target; /* for `dst` */
	struct ip_addr dst;
};

struct ip_worker {
	struct vnf_worker *worker;
	struct ip_node *node;
	const struct ip_tables *tables;
	uint16_t n_burst; /* packets that vnf_ip_receive() had */
	struct ip_meta meta[VNF_BURST_MAX];
	const struct ip_neigh_seen *hint[IP_TARGETS_MAX]; /* by target; NULL: none */
};

static inline struct ip_worker *ip_worker_of(const struct vnf_worker *worker)
{
	return worker->part[PART_IP];
}

static inline bool ip_is_first(const struct ip_worker *w)
{
	return w->worker->id == 0;
}

/* Where worker 0 goes on with a packet of another worker. */
enum ip_stage {
	IP_STAGE_RECEIVE, /* for the node itself */
	IP_STAGE_LOCAL,   /* for the program, which has no such service */
	IP_STAGE_FORWARD, /* to be sent on */
	IP_STAGE_SEND,    /* an own packet */
	IP_STAGE_REFUSE,  /* to be answered by an ICMP error */
};

struct ip_punt {
	enum ip_stage stage;
	const struct ip_interface *in; /* NULL: unknown */
	uint8_t type, code;            /* REFUSE */
	uint16_t reason;               /* REFUSE */
	uint16_t mtu;                  /* REFUSE as too long, else 0 */
};

/* Hand it over to worker 0. Returns the verdict. */
vnf_verdict_t ip_punt(struct ip_worker *w, struct rte_mbuf *pkt, const struct ip_punt *punt);
/* Do with a packet that the node owns what the verdict says. */
void ip_apply(struct ip_worker *w, uint16_t port, struct rte_mbuf *pkt, vnf_verdict_t verdict);
/* A packet of its own, with room for `octets` behind an Ethernet header; NULL: no memory. */
struct rte_mbuf *ip_packet(struct ip_worker *w, uint32_t octets);

/* ---- ip_receive.c ---- */

/* Destination of a packet whose headers were found. */
static inline struct ip_addr ip_dst(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return vnf_is_ipv4(h) ? ip_addr_v4(vnf_ipv4(pkt, h)->dst_addr)
			      : ip_addr_v6(vnf_ipv6(pkt, h)->dst_addr);
}

static inline struct ip_addr ip_src(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return vnf_is_ipv4(h) ? ip_addr_v4(vnf_ipv4(pkt, h)->src_addr)
			      : ip_addr_v6(vnf_ipv6(pkt, h)->src_addr);
}

/* ---- ip_forward.c ---- */

/* Octets of IP that go out at a time: of a packet that is yet to be cut, those of a segment. */
static inline uint32_t ip_wire_octets(const struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	if (unlikely(vnf_is_tso(pkt)))
		return (uint32_t)(h->payload - h->l3) + pkt->tso_segsz;
	return h->end - h->l3;
}

static inline bool ip_has_df(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	return (vnf_ipv4(pkt, h)->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0;
}

/* 169.254/16, RFC 3927 section 2.7. */
static inline bool ip_v4_stays(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	const rte_be32_t mask = RTE_BE32(0xffff0000), local = RTE_BE32(0xa9fe0000);

	return (ip->src_addr & mask) == local || (ip->dst_addr & mask) == local;
}

/* RFC 4291 sections 2.5.2 and 2.5.6: what must not be forwarded, by its source. */
static inline uint32_t ip_v6_stays(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	struct ip_addr src = ip_src(pkt, h);

	if (unlikely(ip_is_zero(&src)))
		return VNF_DROP_MARTIAN;
	return unlikely(ip_is_link_local(&src)) ? VNF_DROP_SCOPE : 0;
}

/* A packet to its next hop: `via` is on the interface. Returns the verdict. */
vnf_verdict_t ip_output(struct ip_worker *w, struct rte_mbuf *pkt, const struct ip_interface *in,
			const struct ip_interface *out, const struct ip_addr *via);
/* Write the Ethernet header, and the tag. Returns the verdict. */
vnf_verdict_t ip_transmit(struct rte_mbuf *pkt, const struct ip_interface *out,
			  const struct rte_ether_addr *dst);
/* Drop it, and tell its source by an ICMP error: here or, by IP_STAGE_REFUSE, on worker 0. Returns
 * the verdict.
 */
vnf_verdict_t ip_refuse(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			const struct ip_punt *punt);
/* One packet, as vnf_ip_forward(); any worker. */
vnf_verdict_t ip_forward_one(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *in);
/* To the program, but none of its services. Any worker. Returns the verdict. */
vnf_verdict_t ip_refuse_local(struct ip_worker *w, struct rte_mbuf *pkt,
			      const struct vnf_headers *h, const struct ip_interface *in);
/* A packet of the node's own, or of the application's: by its destination's route, or where that
 * does not lead off the link, out of `out`. Returns the verdict. Headers begin with IP after
 * Ethernet.
 */
vnf_verdict_t ip_send(struct ip_worker *w, struct rte_mbuf *pkt, const struct ip_interface *out);

/* ---- ip_local.c: worker 0 ---- */

/* Must an IPv6 packet to the node be dropped for an option? Its source is told, if it is to be. */
bool ip_options_judge(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		      const struct ip_interface *in);
/* What is for the node itself. Returns the verdict. */
vnf_verdict_t ip_local(struct ip_worker *w, struct rte_mbuf *pkt, struct vnf_headers *h,
		       const struct ip_interface *in);

/* ---- ip_neigh.c ---- */

/* Bits above the MAC address of ip_neigh_find()'s result. */
#define IP_NEIGH_USABLE (UINT64_C(1) << 48)
#define IP_NEIGH_STALE (UINT64_C(1) << 49)
#define IP_NEIGH_TOLD (UINT64_C(1) << 50) /* worker 0 knows that it is used */

enum ip_neigh_state {
	IP_NEIGH_FREE,
	IP_NEIGH_INCOMPLETE,
	IP_NEIGH_REACHABLE,
	IP_NEIGH_IS_STALE,
	IP_NEIGH_DELAY,
	IP_NEIGH_PROBE,
};

/* A neighbour as commands see it. */
struct ip_neigh_info {
	ip_link_t link;
	struct ip_addr addr;
	struct rte_ether_addr mac;
	enum ip_neigh_state state;
	uint32_t held;
};

/* How a neighbour's MAC address became known: RFC 4861 section 7.2.5. */
struct ip_neigh_news {
	bool solicited; /* it answers a question of ours */
	bool override;  /* it replaces another address */
	bool create;    /* there need not be an entry yet */
};

int ip_neigh_create(struct ip_node *node, uint32_t entries);
void ip_neigh_destroy(struct ip_node *node);
/* What all workers see of an entry of the table. `seq` is odd while it changes. */
struct ip_neigh_seen {
	uint32_t seq;
	uint32_t next; /* in its chain */
	ip_link_t link;
	struct ip_addr addr;
	uint64_t found;
};

static inline bool ip_neigh_is_for(const struct ip_neigh_seen *e, ip_link_t link,
				   const struct ip_addr *addr)
{
	return e->link == link && ip_addr_equal(&e->addr, addr);
}

/* MAC address and bits; 0: the entry is for another, or changes just now. Any worker. */
static inline uint64_t ip_neigh_look(const struct ip_neigh_seen *e, ip_link_t link,
				     const struct ip_addr *addr)
{
	uint32_t seq = __atomic_load_n(&e->seq, __ATOMIC_ACQUIRE);
	uint64_t found = __atomic_load_n(&e->found, __ATOMIC_RELAXED);

	if (unlikely(!ip_neigh_is_for(e, link, addr)))
		return 0;
	/* Pairs with the release in change_end(). */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (unlikely(__atomic_load_n(&e->seq, __ATOMIC_RELAXED) != seq || (seq & 1) != 0))
		return 0;
	return found;
}

/* The same, 0: unknown. `hint`, if it is not NULL, is where ip_neigh_look() finds it again, as long
 * as the entry is for that neighbour; entries are never given back. Any worker.
 */
uint64_t ip_neigh_find(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr,
		       const struct ip_neigh_seen **hint);
/* Worker 0 was given a packet for this neighbour, of which that was found. Any worker. */
void ip_neigh_told(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr,
		   uint64_t found);
/* Is it in the table? Worker 0. */
bool ip_neigh_is_known(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr);
/* Send the packet to this neighbour, at once or when its address is known. Worker 0. Returns the
 * verdict.
 */
vnf_verdict_t ip_neigh_send(struct ip_worker *w, struct rte_mbuf *pkt,
			    const struct ip_interface *in, const struct ip_interface *out,
			    const struct ip_addr *addr);
/* It said what its address is; NULL: only that it is there. Worker 0. */
void ip_neigh_learn(struct ip_worker *w, const struct ip_interface *on, const struct ip_addr *addr,
		    const struct rte_ether_addr *mac, struct ip_neigh_news news);
/* An interface is gone, or its link went down and came back. Worker 0. */
void ip_neigh_forget(struct ip_worker *w);
void ip_neigh_doubt(struct ip_worker *w, uint16_t port);
/* All packets that wait are dropped: the end. */
void ip_neigh_stop(struct ip_worker *w);
/* The i-th entry; false: it is not in use. Any thread. */
bool ip_neigh_get(const struct ip_node *node, uint32_t i, struct ip_neigh_info *info);
uint32_t ip_neigh_room(const struct ip_node *node);
const char *ip_neigh_state_name(enum ip_neigh_state state);
void ip_neigh_retrans(struct vnf_worker *worker, struct vnf_timeout *timeout);
void ip_neigh_unreached(struct vnf_worker *worker, struct vnf_timeout *timeout);
void ip_neigh_delayed(struct vnf_worker *worker, struct vnf_timeout *timeout);
void ip_neigh_unused(struct vnf_worker *worker, struct vnf_timeout *timeout);

/* ---- ip_arp.c: worker 0 ---- */

vnf_verdict_t ip_arp_receive(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *in);
/* Ask who has `target`: all, or the one with this MAC. `src` 0.0.0.0: a probe. */
void ip_arp_request(struct ip_worker *w, const struct ip_interface *out, rte_be32_t src,
		    rte_be32_t target, const struct rte_ether_addr *mac);

/* ---- ip_nd.c: worker 0 ---- */

/* Types of ICMPv6, from router solicitation to redirect. */
#define IP_ND_FIRST 133
#define IP_ND_LAST 137

/* Neighbour Discovery among ICMPv6; false: it is none. */
bool ip_nd_receive(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		   const struct ip_interface *in, vnf_verdict_t *verdict);
/* As ip_arp_request(); `src` :: is a probe. */
void ip_nd_solicit(struct ip_worker *w, const struct ip_interface *out, const struct ip_addr *src,
		   const struct ip_addr *target, const struct rte_ether_addr *mac);
/* Tell all nodes of an own address. */
void ip_nd_announce(struct ip_worker *w, const struct ip_interface *out,
		    const struct ip_addr *addr);

/* ---- ip_own.c: worker 0 ---- */

enum ip_own_state {
	IP_OWN_DOWN, /* its port is */
	IP_OWN_TENTATIVE,
	IP_OWN_VALID,
	IP_OWN_DUPLICATE,
};

struct ip_own_info {
	ip_link_t link;
	struct ip_prefix address;
	enum ip_own_state state;
	bool beside; /* the interfaces', by vnf_app.addresses */
};

int ip_own_create(struct ip_node *node);
void ip_own_destroy(struct ip_node *node);
/* Bring the addresses in line with the tables. */
void ip_own_sync(struct ip_worker *w);
void ip_own_link(struct ip_worker *w, uint16_t port, bool up);
/* Probe or announce those whose turn it is: great numbers wait. After both, and every 100 ms. */
void ip_own_run(struct ip_worker *w);
/* Does it answer for this address there? */
bool ip_own_answers(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr);
/* May packets be sent from this address, on whatever link it is? RFC 4862 section 5.4: not from one
 * that is tentative, or somebody else's.
 */
bool ip_own_may_speak(const struct ip_worker *w, const struct ip_addr *addr);
/* May what a sender on that link says of this address be believed: is it of a subnet there, on the
 * link by its route, or asked for by us?
 */
bool ip_is_neighbour(const struct ip_worker *w, const struct ip_interface *on,
		     const struct ip_addr *addr);
/* Somebody else uses an address that is ours, or to be; false: it is not. */
bool ip_own_conflict(struct ip_worker *w, const struct ip_interface *on, const struct ip_addr *addr,
		     const struct rte_ether_addr *mac);
/* An own address of the interface to talk to `peer` from, none that the program has beside those;
 * false: none is usable.
 */
bool ip_own_source(const struct ip_node *node, const struct ip_interface *on,
		   const struct ip_addr *peer, struct ip_addr *src);
/* Tell what is noted of others who use an address. Control thread. */
void ip_own_control(struct vnf *vnf);
bool ip_own_get(const struct ip_node *node, uint32_t i, struct ip_own_info *info);
const char *ip_own_state_name(enum ip_own_state state);
void ip_own_dad(struct vnf_worker *worker, struct vnf_timeout *timeout);
void ip_own_announce(struct vnf_worker *worker, struct vnf_timeout *timeout);

/* ---- ip_dhcp.c: worker 0 ---- */

enum ip_dhcp_state {
	IP_DHCP_DOWN, /* its port is */
	IP_DHCP_WAITING,
	IP_DHCP_SELECTING,
	IP_DHCP_REQUESTING,
	IP_DHCP_BOUND,
	IP_DHCP_RENEWING,
	IP_DHCP_REBINDING,
};

struct ip_dhcp_info {
	enum ip_dhcp_state state;
	bool bound;        /* there is a lease, whatever the state */
	uint32_t changes;  /* of that */
	uint32_t lease_s;  /* DHCP_FOREVER: without an end */
	uint64_t end_ns;   /* UINT64_MAX: none */
	rte_be32_t server; /* 0: there was none yet */
	const char *ended; /* why the last one did */
	struct dhcp_lease lease;
};

/* Of the stream that identifiers and delays are of. */
#define IP_DHCP_RANDOM_NAME UINT64_C(0x64686370)

int ip_dhcp_create(struct ip_node *node);
void ip_dhcp_destroy(struct ip_node *node);
/* Bring the clients in line with the tables. */
void ip_dhcp_sync(struct ip_worker *w);
void ip_dhcp_link(struct ip_worker *w, uint16_t port, bool up);
/* Whatever is due; called every 100 ms. */
void ip_dhcp_run(struct ip_worker *w);
/* A packet that ip_dhcp_is_reply(). Returns the verdict. */
vnf_verdict_t ip_dhcp_receive(struct ip_worker *w, struct rte_mbuf *pkt,
			      const struct vnf_headers *h, const struct ip_interface *on);
/* Somebody else has this address, which was tentative; false: it is not the lease's. */
bool ip_dhcp_conflict(struct ip_worker *w, const struct ip_interface *on,
		      const struct ip_addr *addr);
/* Leases are given back: packets can be sent for the last time. */
void ip_dhcp_stop(struct ip_worker *w);
/* The client of this link; false: there is none. Any thread. */
bool ip_dhcp_get(const struct ip_node *node, ip_link_t link, struct ip_dhcp_info *info);
const char *ip_dhcp_state_name(enum ip_dhcp_state state);
/* Build tables anew if a lease has changed. Control thread, as of struct vnf_part. */
void ip_dhcp_control(struct vnf *vnf);

/* Is it from a DHCP server, for the client of this interface? It may be to an address that is not
 * ours yet. Any worker.
 */
static inline bool ip_dhcp_is_reply(struct rte_mbuf *pkt, const struct vnf_headers *h,
				    const struct ip_interface *in)
{
	const struct rte_udp_hdr *udp;

	if (h->proto != IPPROTO_UDP || h->l4 == 0 || (h->flags & VNF_FRAGMENT) != 0 ||
	    pkt->data_len < h->payload + DHCP_CHADDR_AT + DHCP_MAC_BYTES)
		return false;
	udp = vnf_udp(pkt, h);
	return udp->dst_port == RTE_BE16(DHCP_CLIENT_PORT) &&
	       udp->src_port == RTE_BE16(DHCP_SERVER_PORT) &&
	       memcmp(rte_pktmbuf_mtod_offset(pkt, const uint8_t *, h->payload + DHCP_CHADDR_AT),
		      in->mac, DHCP_MAC_BYTES) == 0;
}

/* ---- ip_was.c ---- */

/* Take the place in mbufs. 0 or -ENOSPC. */
int ip_was_create(void);
/* What was translated is again as it came: for an error about it. */
void ip_was_restore(struct rte_mbuf *pkt, const struct vnf_headers *h);

/* ---- ip_icmp.c: worker 0 ---- */

int ip_icmp_create(struct ip_node *node);
void ip_icmp_destroy(struct ip_node *node);
/* Send an error about the packet, if it may be; the packet stays the caller's, as it came. `in` is
 * the interface that it came in by.
 */
void ip_icmp_error(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		   const struct ip_interface *in, uint8_t type, uint8_t code, uint32_t rest);
/* The error about an IPv6 option that is not known; `of_group`: also if the packet was to a group,
 * RFC 4443 section 2.4 (e.3).
 */
void ip_icmp_option_error(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			  const struct ip_interface *in, uint32_t pointer, bool of_group);
/* Answer an echo request that was checked, in its own packet. Returns the verdict. */
vnf_verdict_t ip_icmp_echo(struct ip_worker *w, struct rte_mbuf *pkt, struct vnf_headers *h,
			   const struct ip_interface *in);

/* ICMP types and codes. */
#define ICMP4_UNREACHABLE 3
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER 12
#define ICMP4_NET 0
#define ICMP4_HOST 1
#define ICMP4_PROTOCOL 2
#define ICMP4_PORT 3
#define ICMP4_TOO_BIG 4
#define ICMP4_PROHIBITED 13
#define ICMP6_UNREACHABLE 1
#define ICMP6_TOO_BIG 2
#define ICMP6_TIME_EXCEEDED 3
#define ICMP6_PARAMETER 4
#define ICMP6_NO_ROUTE 0
#define ICMP6_PROHIBITED 1
#define ICMP6_SCOPE 2
#define ICMP6_ADDRESS 3
#define ICMP6_PORT 4
#define ICMP6_NEXT_HEADER 1
#define ICMP6_OPTION 2
#define ICMP6_REDIRECT 137

/* ---- ip_options.c ---- */

/* Fill in what record route and timestamp options ask of whoever passes the packet on, under this
 * address. 0; else where the header is wrong, in octets from its begin.
 */
uint32_t ip_options_fill(struct rte_mbuf *pkt, const struct vnf_headers *h, rte_be32_t own);
/* Has a packet to the node an IPv6 option that is not known and must not be passed over? Its type,
 * and where it is, in octets from the IPv6 header.
 */
bool ip_options_refused(struct rte_mbuf *pkt, const struct vnf_headers *h, uint8_t *type,
			uint32_t *pointer);

/* ---- ip_fragment.c ---- */

/* The same of an IPv6 packet of the node's own, without extension headers: RFC 8200 section 4.5. */
vnf_verdict_t ip_fragment_v6(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			     const struct ip_interface *out, const struct ip_addr *via);

/* Cut an IPv4 packet to the interface's MTU and send its parts to `via`. Returns the verdict for
 * it. Worker 0.
 */
vnf_verdict_t ip_fragment(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			  const struct ip_interface *in, const struct ip_interface *out,
			  const struct ip_addr *via);

/* ---- ip_command.c ---- */

extern const struct vnf_command ip_commands[];
extern const struct vnf_metric ip_metrics[];

#endif
