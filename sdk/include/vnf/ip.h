/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_IP_H
#define VNF_IP_H

/**
 * @file
 * Layer 3 for VNFs that have addresses: interfaces, ARP and Neighbour Discovery, routes, ICMP.
 *
 * A program that names VNF_IP among its parts has the group `ip` in its configuration: interfaces
 * (a port, or a VLAN of it) with IPv4 and IPv6 addresses, and static routes. A router is then
 *
 *     static void route_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
 *                             vnf_verdict_t *verdicts, uint16_t n)
 *     {
 *             struct vnf_headers h[VNF_BURST_MAX];
 *
 *             vnf_ip_receive(worker, port, pkts, h, verdicts, n);
 *             vnf_ip_forward(worker, port, pkts, h, verdicts, n);
 *     }
 *
 *     static const struct vnf_app app = { VNF_APP("router"), .burst = route_burst,
 *                                         .parts = { VNF_IP } };
 *
 * vnf_ip_receive() checks packets as a router has to (RFC 1812 section 5.2, RFC 8200), and says
 * what they are by their verdicts: VNF_IP_PASS, to be forwarded; VNF_IP_NODE, for the IP node
 * itself (ARP, Neighbour Discovery, ICMP, DHCP); VNF_IP_LOCAL, to an address of the program, all
 * else. It has no other effect. vnf_ip_forward() does, packet by packet: it sends on (route, TTL,
 * MTU, the neighbour's address), answers, and refuses with an ICMP error what nobody has dealt
 * with. In between a VNF looks at packets, changes them (also their addresses, by vnf/edit.h), and
 * writes other verdicts as it likes; all packets stay in their places.
 *
 * The two calls may be made once more in the same burst callback, for packets that the VNF had
 * taken and now deals with (fragments whose first one has come, say): after vnf_ip_forward() of the
 * burst, one vnf_ip_receive() and one vnf_ip_forward() for each VNF_BURST_MAX of them that came in
 * by one port. Nobody reads these verdicts but the VNF, which gives each packet to vnf_send() or
 * vnf_drop() as its verdict says, and forgets it where that is VNF_TAKEN. A packet that was
 * received before is received as it then was: its VLAN is kept in the mbuf.
 *
 * Interfaces have numbers, from 0 in the order of the configuration, which hold for one generation:
 * vnf_app.build turns names into numbers by vnf_ip_planned(), and worker->built has the numbers of
 * the interfaces that packets of that worker come in by and go out of.
 *
 * Threads. All workers read the same tables without locks. What changes them (ARP, Neighbour
 * Discovery, timers) and what is rare (ICMP errors, packets that wait for a neighbour) is worker
 * 0's; the others hand such packets over to it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf_dyn.h>

#include <vnf/packet.h>
#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The part; for vnf_app.parts. */
#define VNF_IP (&vnf_ip_part)

/** See VNF_IP. */
extern const struct vnf_part vnf_ip_part;

/**
 * The part for programs that are also something without addresses: the group `ip` may be absent.
 * Then there are no interfaces, memory is kept for no packets, and what would be received is
 * dropped (no_interface). A reload cannot add or remove the group.
 */
#define VNF_IP_OPTIONAL (&vnf_ip_optional_part)

/** See VNF_IP_OPTIONAL. */
extern const struct vnf_part vnf_ip_optional_part;

/** Verdict of vnf_ip_receive(): to be forwarded; vnf_ip_forward() makes a final one of it. */
#define VNF_IP_PASS ((vnf_verdict_t)0x40000000u)
/**
 * Verdict of vnf_ip_receive(): for the IP node itself, which deals with it in vnf_ip_forward(). A
 * VNF that does not want that, as a firewall, drops it.
 */
#define VNF_IP_NODE ((vnf_verdict_t)0x40000002u)
/**
 * Verdict of vnf_ip_receive(): to an address of this program, and not for the node. A VNF with a
 * service deals with it; vnf_ip_forward() refuses it (port or protocol unreachable).
 */
#define VNF_IP_LOCAL ((vnf_verdict_t)0x40000001u)

/** Interfaces of a program at most. */
#define VNF_IP_INTERFACES_MAX 1024

/** Instead of the number of an interface: there is none. */
#define VNF_IP_NO_INTERFACE UINT16_MAX

/** Addresses of interfaces, and of the program within subnets of those, at most. */
#define VNF_IP_ADDRESSES_MAX 4096

/**
 * IPv4 addresses that a program has beside those of its interfaces, as a translator has, by
 * vnf_app.addresses. Ranges may overlap each other. Each must be of addresses that hosts may have,
 * and no such address may be the gateway of a route.
 *
 * What is sent to such an address is for the program, as what is sent to an interface's own one:
 * VNF_IP_NODE (ICMP) or VNF_IP_LOCAL, whichever interface it comes in by, and also where a route
 * leads elsewhere. What the VNF leaves to vnf_ip_forward() is answered from that address (echo,
 * port unreachable). Else the node sends nothing from it: neither ICMP errors about other packets
 * nor questions of ARP; those are sent from the interface's own addresses.
 *
 * An address in the subnet of an interface, configured or by DHCP, is an address on that link (of
 * several, the longest prefix counts): ARP for it is answered there, it is announced when the link
 * comes up or a reload adds it, and before that probed where the interface's key `dad` is true, 64
 * at once and some hundred a second then. There can be VNF_IP_ADDRESSES_MAX of those and of the
 * interfaces' own ones together, with two more for each interface. The first and the last address
 * of a subnet are nobody's, though within a range; all others of a range count.
 *
 * An address in no subnet is only received: somebody must route it here. All of such a range are
 * addresses, of any number.
 *
 * An address that also is an interface's is simply that one's.
 */
struct vnf_ip_range {
	rte_be32_t first; /**< The first address, in network order. */
	rte_be32_t last;  /**< The last one, `first` or above. */
};

/**
 * Receive: find and check the headers, the interface and the route.
 *
 * A VLAN tag is taken away: what goes on begins with an Ethernet header, followed by IP. It is kept
 * in the mbuf (vlan_tci, with RTE_MBUF_F_RX_VLAN_STRIPPED), so that a packet may be received again
 * by another worker, after VNF_TO_SLOT(). Whoever sends a packet to a slot as if it came from
 * another interface writes that one's tag there, or 0.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Port they came from, as given to the burst callback; of packets that the VNF had taken, that of
 *   the burst in which it took them.
 * @param pkts
 *   The packets of the burst, or packets that the VNF owns; see the top of this file.
 * @param[out] h
 *   Their headers, one each, as vnf_parse() finds them.
 * @param[out] verdicts
 *   One each: VNF_IP_PASS, VNF_IP_NODE, VNF_IP_LOCAL, or a drop.
 * @param n
 *   Number of packets, 1 to VNF_BURST_MAX.
 *
 * Context: worker, in the burst callback.
 */
void vnf_ip_receive(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		    struct vnf_headers *h, vnf_verdict_t *verdicts, uint16_t n);

/**
 * Forward those whose verdict is VNF_IP_PASS, deal with those of VNF_IP_NODE, and refuse those of
 * VNF_IP_LOCAL. Other verdicts stay. A packet whose destination was changed meanwhile is routed by
 * the new one.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   As of vnf_ip_receive().
 * @param pkts
 *   The packets of the burst.
 * @param h
 *   Their headers.
 * @param[in,out] verdicts
 *   One each; all are final afterwards.
 * @param n
 *   Number of packets, 1 to VNF_BURST_MAX.
 *
 * Context: worker, in the burst callback, after vnf_ip_receive().
 */
void vnf_ip_forward(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		    struct vnf_headers *h, vnf_verdict_t *verdicts, uint16_t n);

/**
 * Send a packet that the application owns (taken or made) to where its destination is routed.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Port it is counted at if it must be dropped.
 * @param pkt
 *   The packet: an Ethernet header, whose contents do not matter, and an IP packet, complete but
 *   for its TTL, which is not lowered. It is the SDK's from now on.
 *
 * Context: worker.
 */
void vnf_ip_send(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt);

/**
 * Refuse a packet of the burst: drop it and send an ICMP or ICMPv6 error about it to its source,
 * within the limits of rate, and only where the RFCs allow one (1122 section 3.2.2, 1812 section
 * 4.3.2.7, 4443 section 2.4).
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Port it came from.
 * @param pkt
 *   The packet, still the burst's: its verdict is what is returned.
 * @param type
 *   Type of ICMP (IPv4) or ICMPv6, such as 3 (destination unreachable) or 1.
 * @param code
 *   Code, such as 13 (communication administratively prohibited) or 1.
 * @param reason
 *   Why it is dropped: an enum vnf_drop_reason, or VNF_DROP_USER plus an own one.
 * @return
 *   The verdict for it: a drop, or VNF_TAKEN.
 *
 * Context: worker, in the burst callback, for a packet that vnf_ip_receive() did not drop.
 */
vnf_verdict_t vnf_ip_refuse(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt,
			    uint8_t type, uint8_t code, uint32_t reason);

/**
 * May a packet of the burst go on, to its destination or to another one? For who translates
 * addresses, and asks while the packet still is as it came: if its TTL is at its end, if it is too
 * long for its way and may not be cut, or if there is no way, it is refused as vnf_ip_refuse()
 * does, by the error that belongs to that. vnf_ip_forward() would tell the same too late: it would
 * quote a packet that the source does not know, and might tell somebody else.
 *
 * @param worker
 *   The calling worker.
 * @param i
 *   Place of the packet in the last vnf_ip_receive(), below its `n`.
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param dst
 *   The address that it will be sent to, in network order, 4 or 16 octets as its version says, of
 *   any alignment; NULL: the one that it came with, which costs no second look at the routes.
 * @return
 *   VNF_IP_PASS; VNF_IP_LOCAL: the address is the program's own; else the verdict for it, a drop or
 *   VNF_TAKEN.
 *
 * Context: worker, in the burst callback, between vnf_ip_receive() and vnf_ip_forward(), for a
 * packet that the former did not drop.
 */
vnf_verdict_t vnf_ip_may_forward(struct vnf_worker *worker, uint16_t i, struct rte_mbuf *pkt,
				 const struct vnf_headers *h, const uint8_t *dst);

/** The ends of a packet. */
enum vnf_ip_end {
	VNF_IP_SRC, /**< Where it comes from. */
	VNF_IP_DST, /**< Where it goes. */
};

/** What ends of an IPv4 packet were, by enum vnf_ip_end: see vnf_ip_was(). The SDK's. */
struct vnf_ip_was {
	rte_be32_t addr[2]; /**< Addresses. */
	rte_be16_t port[2]; /**< Ports; of ICMP the identifier. */
};

/** Where mbufs keep that: see vnf_ip_was(). The SDK's. */
struct vnf_ip_was_place {
	uint64_t flag[2]; /**< In ol_flags, by enum vnf_ip_end: it is known. */
	int offset;       /**< Of struct vnf_ip_was. */
};

/** See struct vnf_ip_was_place. */
extern struct vnf_ip_was_place vnf_ip_was_place;

/**
 * Remember what an end of an IPv4 packet was, before it is translated. If the packet gets stuck
 * after that, where no host answers ARP, say, it is turned back into what it was: so the ICMP error
 * quotes what its sender wrote, and finds him. It costs two writes to the mbuf.
 *
 * It holds until the packet is sent or dropped, also while it waits, in other workers' hands, and
 * if it is received again. Of an end that is translated twice, the first call is the one to make.
 *
 * @param pkt
 *   The packet.
 * @param end
 *   Which end.
 * @param addr
 *   What its address was.
 * @param port
 *   What its port was (TCP, UDP, UDP-Lite, SCTP, DCCP), or its identifier (ICMP, for both ends);
 *   without a port it is not used.
 *
 * Context: worker, with VNF_IP or VNF_IP_OPTIONAL among the parts.
 */
static inline void vnf_ip_was(struct rte_mbuf *pkt, enum vnf_ip_end end, rte_be32_t addr,
			      rte_be16_t port)
{
	struct vnf_ip_was *was =
		RTE_MBUF_DYNFIELD(pkt, vnf_ip_was_place.offset, struct vnf_ip_was *);

	was->addr[end] = addr;
	was->port[end] = port;
	pkt->ol_flags |= vnf_ip_was_place.flag[end];
}

/**
 * The interface that a packet of the burst came in by.
 *
 * @param worker
 *   The calling worker.
 * @param i
 *   Its place in the burst.
 * @return
 *   Name of the interface, as configured; valid until the burst callback returns.
 *
 * Context: worker, in the burst callback, for a packet that vnf_ip_receive() passed.
 */
const char *vnf_ip_interface(const struct vnf_worker *worker, uint16_t i);

/**
 * The same by number.
 *
 * @param worker
 *   The calling worker.
 * @param i
 *   Place of the packet in the last vnf_ip_receive(), below its `n`.
 * @return
 *   Number of the interface that it came in by, of the generation that the worker works by;
 *   VNF_IP_NO_INTERFACE if it was dropped since there is none.
 *
 * Context: worker, in the burst callback.
 */
uint16_t vnf_ip_in(const struct vnf_worker *worker, uint16_t i);

/**
 * Name of an interface.
 *
 * @param worker
 *   The calling worker.
 * @param number
 *   Number of the interface, of the generation that the worker works by.
 * @return
 *   Its name, as configured; valid until the callback returns. NULL: there is none of that number.
 *
 * Context: worker.
 */
const char *vnf_ip_interface_name(const struct vnf_worker *worker, uint16_t number);

/**
 * Longest IP packet that is sent out of an interface.
 *
 * @param worker
 *   The calling worker.
 * @param number
 *   Number of the interface, of the generation that the worker works by.
 * @return
 *   In octets; 0: there is none of that number.
 *
 * Context: worker.
 */
uint16_t vnf_ip_mtu(const struct vnf_worker *worker, uint16_t number);

/**
 * The interface that a packet is routed out of, by the destination that it came with: the one that
 * vnf_ip_forward() will take if nobody changes that. Costs no second look at the routes.
 *
 * @param worker
 *   The calling worker.
 * @param i
 *   Place of the packet in the last vnf_ip_receive(), below its `n`.
 * @return
 *   Number of the interface, of the generation that the worker works by; VNF_IP_NO_INTERFACE if
 *   the packet is for the program itself, if its route leads nowhere (none, blackhole, unreachable,
 *   prohibit), or if it was dropped.
 *
 * Context: worker, in the burst callback.
 */
uint16_t vnf_ip_out(const struct vnf_worker *worker, uint16_t i);

/**
 * The interface that packets to an address are routed out of. Where an answer would go (RFC 3704),
 * and where a packet goes whose destination was changed.
 *
 * @param worker
 *   The calling worker.
 * @param version
 *   4 or 6: of IP.
 * @param addr
 *   The address in network order, 4 or 16 octets, of any alignment.
 * @return
 *   Number of the interface, of the generation that the worker works by; VNF_IP_NO_INTERFACE if
 *   there is no route or one that leads nowhere, for own addresses, broadcast addresses of subnets,
 *   groups, IPv6 addresses of a link (which do not say of which), and what no host may have.
 *
 * Context: worker.
 */
uint16_t vnf_ip_towards(const struct vnf_worker *worker, uint8_t version, const uint8_t *addr);

/**
 * Will there be interfaces? For vnf_app.check and vnf_app.build of a program with VNF_IP_OPTIONAL.
 *
 * @param file
 *   The configuration of the program, as given to those.
 * @return
 *   True if it has the group `ip`; false without the part.
 *
 * Context: start-up or control thread.
 */
bool vnf_ip_is_planned(const struct vnf_config *file);

/**
 * Find an interface by its name in a configuration that may not be in force yet: for vnf_app.check
 * and vnf_app.build, where the application's own keys name interfaces.
 *
 * @param file
 *   The configuration of the program, as given to those.
 * @param name
 *   Its `name`; of one without, the name of its port, and `.VLAN` if it has a tag.
 * @return
 *   Its number in this configuration's generation, 0 to VNF_IP_INTERFACES_MAX - 1; or -ENOENT.
 *
 * Context: start-up or control thread.
 */
int vnf_ip_planned(const struct vnf_config *file, const char *name);

/**
 * An IPv4 address of an interface in a configuration that may not be in force yet: for
 * vnf_app.check and vnf_app.build, where the application works with an interface's own addresses.
 * When one by DHCP comes, changes or goes, the SDK builds a generation for it, and calls
 * vnf_app.build.
 *
 * @param vnf
 *   The program, as given to vnf_app.build; NULL, as in vnf_app.check: configured addresses only.
 * @param file
 *   The configuration of the program, as given to those.
 * @param number
 *   Number of the interface, as of vnf_ip_planned().
 * @param i
 *   Which one, from 0: configured ones in their order, then the one by DHCP of the generation that
 *   is built, if there is one now.
 * @param[out] address
 *   The address, in network order; left alone on an error.
 * @return
 *   0, or -ENOENT: there are no more, or there is no such interface.
 *
 * Context: start-up or control thread.
 */
int vnf_ip_planned_address(struct vnf *vnf, struct vnf_config *file, uint16_t number, uint32_t i,
			   rte_be32_t *address);

/**
 * Is an IPv4 address one that no host can have, since it is the first or the last of the subnet of
 * an interface? For vnf_app.build: a range of addresses (vnf_app.addresses) leaves these out.
 *
 * @param vnf
 *   The program, as given to vnf_app.build.
 * @param file
 *   The configuration of the program, as given to that.
 * @param address
 *   The address, in network order.
 * @return
 *   True or false; false outside of vnf_app.build.
 *
 * Context: start-up or control thread.
 */
bool vnf_ip_planned_broadcast(struct vnf *vnf, struct vnf_config *file, rte_be32_t address);

/** What a program may know of an interface. */
struct vnf_ip_interface_info {
	const char *name; /**< As configured. */
	uint16_t port;    /**< Port that it is on, whose MAC address is its own. */
	uint16_t vlan;    /**< Tag that its packets have, 1 to 4,094; 0: none. */
	uint16_t mtu;     /**< Longest IP packet that is sent out of it, in octets. */
};

/**
 * Describe an interface of the generation in force.
 *
 * @param vnf
 *   The program.
 * @param number
 *   From 0; they have no gaps.
 * @param[out] info
 *   Filled in; the name is valid until the command returns.
 * @return
 *   0, or -ENOENT.
 *
 * Context: control thread, such as in a command.
 */
int vnf_ip_get_interface(const struct vnf *vnf, uint16_t number,
			 struct vnf_ip_interface_info *info);

#ifdef __cplusplus
}
#endif

#endif
