/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_COUNTER_H
#define VNF_COUNTER_H

/**
 * @file
 * Drop reasons, counters and the ledger.
 *
 * Each worker writes its own counters, nobody else does; readers add them up. Every packet ends in
 * exactly one of them, so that for each worker, between two bursts,
 *
 *     rx + created + handed_in = tx + drops + handed_out + held
 *
 * holds. struct vnf_ledger is that sum, and vnf_ledger_balance() its difference, which is 0 unless
 * there is a bug.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why vnf_parse() and its kind refuse a packet: identifier, name, meaning. */
#define VNF_MALFORMED_REASONS(X)                                                                   \
	X(ETHERNET_SHORT, "ethernet_short", "shorter than an Ethernet header and its tags")        \
	X(HEADERS_SPLIT, "headers_split",                                                          \
	  "headers in several segments, and no room to bring them together")                       \
	X(ARP_SHORT, "arp_short", "ARP: cut short")                                                \
	X(ARP_FORMAT, "arp_format", "ARP: not of Ethernet and IPv4 addresses")                     \
	X(IPV4_SHORT, "ipv4_short", "IPv4: header cut short")                                      \
	X(IPV4_VERSION, "ipv4_version", "IPv4: another version in the header")                     \
	X(IPV4_IHL, "ipv4_ihl", "IPv4: header length below 20 octets, or beyond the packet")       \
	X(IPV4_LENGTH, "ipv4_length",                                                              \
	  "IPv4: total length below the header's, or beyond the frame")                            \
	X(IPV4_OPTIONS, "ipv4_options", "IPv4: an option's length is wrong")                       \
	X(IPV6_SHORT, "ipv6_short", "IPv6: header cut short")                                      \
	X(IPV6_VERSION, "ipv6_version", "IPv6: another version in the header")                     \
	X(IPV6_LENGTH, "ipv6_length", "IPv6: payload length beyond the frame")                     \
	X(IPV6_EXT_SHORT, "ipv6_ext_short", "IPv6: extension header cut short")                    \
	X(IPV6_EXT_ORDER, "ipv6_ext_order",                                                        \
	  "IPv6: hop-by-hop options not first, or two fragment headers")                           \
	X(IPV6_EXT_MANY, "ipv6_ext_many", "IPv6: more than 8 extension headers")                   \
	X(IPV6_OPTIONS, "ipv6_options", "IPv6: an option's length is wrong")                       \
	X(AH_SHORT, "ah_short", "AH: cut short, or of an impossible length")                       \
	X(FRAGMENT_TINY, "fragment_tiny", "first fragment without its whole layer 4 header")       \
	X(FRAGMENT_LENGTH, "fragment_length",                                                      \
	  "fragment that is empty, or not the last and of no multiple of 8 octets")                \
	X(FRAGMENT_BEYOND, "fragment_beyond", "fragment ends beyond 65,535 octets")                \
	X(TCP_SHORT, "tcp_short", "TCP: header cut short")                                         \
	X(TCP_OFFSET, "tcp_offset", "TCP: data offset below 20 octets, or beyond the packet")      \
	X(TCP_OPTIONS, "tcp_options", "TCP: an option's length is wrong")                          \
	X(UDP_SHORT, "udp_short", "UDP: header cut short")                                         \
	X(UDP_LENGTH, "udp_length", "UDP, UDP-Lite: length below 8, or beyond the packet")         \
	X(ICMP_SHORT, "icmp_short", "ICMP or ICMPv6: header cut short")                            \
	X(ICMP_QUOTE, "icmp_quote", "ICMP error: the packet that it quotes makes no sense")        \
	X(GRE_SHORT, "gre_short", "GRE: header cut short")                                         \
	X(GRE_FORMAT, "gre_format", "GRE: source routing, or a version other than 0 and 1")        \
	X(ESP_SHORT, "esp_short", "ESP: header cut short")                                         \
	X(SCTP_SHORT, "sctp_short", "SCTP: header cut short")                                      \
	X(DCCP_SHORT, "dccp_short", "DCCP: header cut short")                                      \
	X(DCCP_OFFSET, "dccp_offset", "DCCP: data offset below the header, or beyond the packet")

/** Why the IP node (vnf/ip.h) drops: identifier, name, meaning. */
#define VNF_IP_REASONS(X)                                                                          \
	X(FOR_ITSELF, "for_itself", "for the program itself, and dealt with: ARP, ICMP")           \
	X(OTHER_MAC, "other_mac", "to a MAC address that is not the port's")                       \
	X(NO_INTERFACE, "no_interface", "the port has no IP interface, or none of this VLAN")      \
	X(NOT_IP, "not_ip", "neither IPv4, IPv6 nor ARP")                                          \
	X(MARTIAN, "martian", "an address that may not be its source or destination")              \
	X(IPV4_CHECKSUM, "ipv4_checksum", "IPv4: the header's checksum is wrong")                  \
	X(ICMP_CHECKSUM, "icmp_checksum", "ICMP or ICMPv6 to the program: the checksum is wrong")  \
	X(ND_INVALID, "nd_invalid", "Neighbour Discovery: from beyond the link, or broken")        \
	X(MULTICAST, "multicast", "to a group, which is not forwarded")                            \
	X(BROADCAST, "broadcast", "a broadcast, which is not forwarded")                           \
	X(SCOPE, "scope", "link-local, which is not forwarded")                                    \
	X(SOURCE_ROUTED, "source_routed", "with a source route that is not at its end")            \
	X(NO_ROUTE, "no_route", "there is no route to its destination")                            \
	X(BLACKHOLE, "blackhole", "its route is a blackhole")                                      \
	X(PROHIBITED, "prohibited", "its route is prohibited")                                     \
	X(TTL, "ttl", "time to live or hop limit at its end")                                      \
	X(TOO_BIG, "too_big", "longer than the MTU of its way, and not to be fragmented")          \
	X(NO_SERVICE, "no_service", "to the program itself, which has no such service")            \
	X(NOT_REASSEMBLED, "not_reassembled", "a fragment to the program itself")                  \
	X(NEIGHBOUR, "neighbour", "the neighbour that it should go to does not answer")            \
	X(NEIGHBOUR_QUEUE, "neighbour_queue", "too many packets wait for neighbours")              \
	X(NEIGHBOUR_TABLE, "neighbour_table", "no room in the table of neighbours")                \
	X(NEIGHBOUR_RATE, "neighbour_rate", "too many new neighbours at a time")

/** Why vnf_frag_see() refuses a fragment, or one does not wait longer: as above. */
#define VNF_FRAGMENT_REASONS(X)                                                                    \
	X(FRAGMENT_OVERLAP, "fragment_overlap",                                                    \
	  "of a datagram of which two fragments cover the same octet")                             \
	X(FRAGMENT_DUPLICATE, "fragment_duplicate", "fragment that came before")                   \
	X(FRAGMENT_END, "fragment_end",                                                            \
	  "of a datagram whose fragments do not agree on where it ends")                           \
	X(FRAGMENT_MANY, "fragment_many", "of a datagram in more than 128 fragments")              \
	X(FRAGMENT_ALONE, "fragment_alone", "its datagram's first fragment did not come in time")  \
	X(FRAGMENT_LEFT, "fragment_left",                                                          \
	  "the first fragment came, but the callback did not ask for those that waited")           \
	X(FRAGMENT_BUDGET, "fragment_budget",                                                      \
	  "of a datagram that made room, or that had more fragments waiting than may")

/** Reasons that the SDK itself drops for: identifier, name, meaning. */
#define VNF_DROP_REASONS(X)                                                                        \
	X(TX_FULL, "tx_full", "the destination's tx queue stayed full")                            \
	X(PORT_DOWN, "port_down", "the destination has no peer or no link")                        \
	X(NO_SUCH_PORT, "no_such_port", "the callback named a port that does not exist")           \
	X(NO_MBUF, "no_mbuf", "the packet pool was empty")                                         \
	X(TOO_LONG, "too_long", "longer than the port's MTU allows")                               \
	X(MALFORMED, "malformed", "a header is cut short or contradicts itself")                   \
	X(UNSUPPORTED_OFFLOAD, "unsupported_offload",                                              \
	  "needs segmentation or a checksum that the port cannot do")                              \
	X(TOO_MANY_SEGMENTS, "too_many_segments",                                                  \
	  "to be cut into so many TCP segments that all others would have to wait")                \
	X(IO_ERROR, "io_error", "the kernel refused the packet")                                   \
	X(HANDOVER_FULL, "handover_full", "the ring to the worker that owns the queue was full")   \
	X(STEER_FULL, "steer_full", "the ring to the worker that owns the packet's slot was full") \
	X(STOPPING, "stopping", "held when the program stopped")                                   \
	X(APPLICATION, "application", "dropped by the callback without a reason of its own")       \
	VNF_IP_REASONS(X)                                                                          \
	VNF_MALFORMED_REASONS(X)                                                                   \
	VNF_FRAGMENT_REASONS(X)

/** Drop reasons of the SDK; an application's own start at VNF_DROP_USER. */
enum vnf_drop_reason {
#define VNF_DROP_ENUM(id, name, doc) VNF_DROP_##id,
	VNF_DROP_REASONS(VNF_DROP_ENUM)
#undef VNF_DROP_ENUM
		VNF_DROP_USER, /**< First reason of the application's own table. */
};

/** Drop reasons at most, the SDK's and the application's together. */
#define VNF_DROPS_MAX 124

/** A reason of the application's own. End a table with an entry without a name. */
struct vnf_drop {
	const char *name; /**< Letters, digits and `_`; NULL ends the table. */
	const char *doc;  /**< What it means, one line. */
};

/**
 * What one worker did on one port. 1,024 bytes: the busy four share the first cache line.
 */
struct vnf_port_counters {
	uint64_t rx_packets;           /**< Received from the port. */
	uint64_t rx_bytes;             /**< Their frame bytes, without FCS. */
	uint64_t tx_packets;           /**< Accepted by the port for transmission. */
	uint64_t tx_bytes;             /**< Their frame bytes, without FCS. */
	uint64_t drops[VNF_DROPS_MAX]; /**< By reason. The port is where the reason lies: the
					*   destination for what is dropped on its way out of it
					*   (tx_full, too_long and so on), else where it came from.
					*/
} __rte_cache_aligned;

/** Where the packets went: the sum over the ports of one worker, or over all workers. */
struct vnf_ledger {
	uint64_t rx;         /**< Received. */
	uint64_t created;    /**< Made by the program: allocations, flood and mirror copies. */
	uint64_t handed_in;  /**< Taken over from another worker. */
	uint64_t tx;         /**< Sent. */
	uint64_t drops;      /**< Dropped, all reasons. */
	uint64_t handed_out; /**< Given to another worker. */
	int64_t held;        /**< Kept by the callback (verdict VNF_TAKEN). */
};

/**
 * Difference between the two sides of the ledger.
 *
 * @param l
 *   Ledger of one worker or the sum over all, taken between bursts.
 * @return
 *   0 if every packet is accounted for; positive: packets were lost without being counted;
 *   negative: packets were counted twice.
 *
 * Context: any thread.
 */
static inline int64_t vnf_ledger_balance(const struct vnf_ledger *l)
{
	return (int64_t)(l->rx + l->created + l->handed_in) -
	       (int64_t)(l->tx + l->drops + l->handed_out) - l->held;
}

#ifdef __cplusplus
}
#endif

#endif
