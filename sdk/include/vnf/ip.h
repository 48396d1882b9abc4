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
 * Threads. All workers read the same tables without locks. What changes them (ARP, Neighbour
 * Discovery, timers) and what is rare (ICMP errors, packets that wait for a neighbour) is worker
 * 0's; the others hand such packets over to it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <vnf/packet.h>
#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The part; for vnf_app.parts. */
#define VNF_IP (&vnf_ip_part)

/** See VNF_IP. */
extern const struct vnf_part vnf_ip_part;

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
 *   Port they came from, as given to the burst callback.
 * @param pkts
 *   The packets of the burst.
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

#ifdef __cplusplus
}
#endif

#endif
