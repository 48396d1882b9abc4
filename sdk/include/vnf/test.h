/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_TEST_H
#define VNF_TEST_H

/**
 * @file
 * Test a VNF like ordinary C: make packets, send them into its ports at times of your choice, look
 * at what came out, when, and why the rest did not. No root, no hugepages, no other process, and
 * hours of the VNF's life in milliseconds.
 *
 * This is a library of its own, libvnfkit-test, for test programs only: `pkg-config vnfkit-test`,
 * or `dependency('vnfkit-test')` in Meson. It needs no test framework and goes with any.
 *
 * A packet is built from the outside in, in a structure of yours; vnf_test_finish() fills in all
 * lengths and checksums. A call that cannot be done is remembered, the rest of the chain does
 * nothing, and vnf_test_finish() returns the error: so only that needs a check.
 *
 * A replay is a whole run of the VNF by vnf_run(), with its configuration, in which the ports are
 * replaced by what the test sends. All times are nanoseconds since the start of the test, which is
 * the virtual clock's 1,700,000,000 s after 1970. The VNF itself begins its life when the first
 * packet comes.
 *
 * One replay per process: DPDK starts once. Criterion runs each test in a process of its own, as
 * Check does; with other frameworks, call fork() or write a program per replay. The VNF's callbacks
 * run inside vnf_test_replay_run(), on the thread that calls it, so that a debugger and the VNF's
 * static variables are within reach of the test.
 *
 * A complete test, with Criterion, of a VNF whose structure is `filter_app`:
 *
 *     #include <criterion/criterion.h>
 *
 *     #include <vnf/test.h>
 *
 *     #include "filter.h"
 *
 *     static const char config[] = "ports = (\n"
 *                                  "  { name = \"lan\"; kind = \"null\"; },\n"
 *                                  "  { name = \"wan\"; kind = \"null\"; } );\n";
 *
 *     Test(filter, drops_dns_and_forwards_the_rest)
 *     {
 *             struct vnf_test_replay *t = vnf_test_replay_create(&filter_app, config);
 *             const struct vnf_test_verdict *v;
 *             struct vnf_test_packet p;
 *             uint64_t time_ns;
 *             uint32_t len;
 *
 *             vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
 *             vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
 *             vnf_test_udp(&p, 1000, 53);
 *             vnf_test_payload(&p, 100);
 *             vnf_test_replay_packet(t, "lan", 0, &p);
 *
 *             vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
 *             vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
 *             vnf_test_tcp(&p, 1000, 80, VNF_TEST_SYN);
 *             vnf_test_mss(&p, 1460);
 *             vnf_test_replay_packet(t, "lan", 1000000, &p);
 *
 *             cr_assert_eq(vnf_test_replay_run(t), 0);
 *             cr_assert_eq(vnf_test_replay_count(t, "wan"), 1);
 *             cr_assert_not_null(vnf_test_replay_frame(t, "wan", 0, &len, &time_ns));
 *             cr_assert_eq(time_ns, 1000000);
 *             cr_assert_eq(len, p.len);
 *             v = vnf_test_replay_verdict(t, 0);
 *             cr_assert_eq(v->verdict, VNF_TEST_DROP);
 *             cr_assert_str_eq(v->reason, "dns");
 *             cr_assert_eq(vnf_test_replay_counter(t, "lan", "dns"), 1);
 *             vnf_test_replay_destroy(t);
 *     }
 *
 * vnf_test_replay_run() also fails when a packet was lost without being counted, or when the VNF
 * did not give back what it took. With the environment variable VNF_TEST_KEEP set, the folder of
 * the run (configuration, pcap files, verdicts, report) stays, and its name is printed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- packets ---- */

/** Octets of a frame at most, without FCS: an MTU of 9,600 with two VLAN tags. */
#define VNF_TEST_PACKET_MAX 9622
/** Headers of a packet at most. */
#define VNF_TEST_LAYERS_MAX 16

/** A header of a packet that is being built; private. */
struct vnf_test_layer {
	uint8_t kind;        /**< What it is. */
	bool next_set;       /**< The next header's type is the test's. */
	bool length_set;     /**< The length field is the test's. */
	bool checksum_set;   /**< The checksum field is the test's. */
	bool checksum_wrong; /**< The checksum is to be a wrong one. */
	uint16_t at;         /**< Offset in the frame. */
	uint16_t bytes;      /**< Length with options. */
	uint16_t length;     /**< Value of the length field, if set. */
	uint16_t checksum;   /**< Value of the checksum field, if set. */
};

/**
 * A packet. Begin with vnf_test_eth(), end with vnf_test_finish(). It may be copied by assignment
 * at any time, changed and finished again: a half-built one is a template.
 */
struct vnf_test_packet {
	uint8_t data[VNF_TEST_PACKET_MAX]; /**< The frame; complete once finished. */
	uint32_t len;                      /**< Its octets without FCS; 0 until finished. */
	int error;                         /**< 0, or the first error as -errno. */
	const char *failed;                /**< The function that met it. */
	uint32_t bytes;                    /**< Private: octets so far. */
	uint32_t pad;                      /**< Private: octets to be padded to. */
	uint32_t cut;                      /**< Private: octets to be cut to. */
	uint16_t n_layers;                 /**< Private: number of headers. */
	struct vnf_test_layer layer[VNF_TEST_LAYERS_MAX]; /**< Private: the headers. */
};

/**
 * Begin a packet with an Ethernet header. Its type is that of the header added next, or 0x88b5
 * (local experiment) if none is.
 *
 * @param[out] p
 *   The packet; whatever was in it is forgotten.
 * @param dst
 *   Destination, as "02:00:00:00:00:02".
 * @param src
 *   Source.
 *
 * Context: any thread.
 */
void vnf_test_eth(struct vnf_test_packet *p, const char *dst, const char *src);

/**
 * Add a VLAN tag; two at most.
 *
 * @param[in,out] p
 *   The packet; the last header is Ethernet or a tag.
 * @param tpid
 *   Type of the tag: 0x8100 (802.1Q), 0x88a8 (802.1ad).
 * @param tci
 *   Priority (3 bits), drop eligibility (1 bit), VLAN (12 bits).
 *
 * Context: any thread.
 */
void vnf_test_vlan(struct vnf_test_packet *p, uint16_t tpid, uint16_t tci);

/**
 * Add ARP for IPv4 over Ethernet (RFC 826).
 *
 * @param[in,out] p
 *   The packet; the last header is Ethernet or a tag.
 * @param op
 *   1 = request, 2 = reply; others are sent as they are.
 * @param sender_mac
 *   Sender's MAC address.
 * @param sender_ip
 *   Sender's IPv4 address.
 * @param target_mac
 *   Target's MAC address; "00:00:00:00:00:00" in a request.
 * @param target_ip
 *   Target's IPv4 address.
 *
 * Context: any thread.
 */
void vnf_test_arp(struct vnf_test_packet *p, uint16_t op, const char *sender_mac,
		  const char *sender_ip, const char *target_mac, const char *target_ip);

/**
 * Add an IPv4 header: TTL 64, identification 0, no flags. Its protocol is that of the header added
 * next, or 253 (experiment, RFC 3692) if none is.
 *
 * @param[in,out] p
 *   The packet; the last header is Ethernet, a tag, or IP (a tunnel).
 * @param src
 *   Source, as "10.0.0.1".
 * @param dst
 *   Destination.
 *
 * Context: any thread.
 */
void vnf_test_ipv4(struct vnf_test_packet *p, const char *src, const char *dst);

/**
 * Add options to the IPv4 header just added.
 *
 * @param[in,out] p
 *   The packet; nothing follows its last header, which is IPv4.
 * @param options
 *   The options; NULL = as many of type 1 (no operation).
 * @param bytes
 *   Their length in octets: a multiple of 4, 40 at most in all.
 *
 * Context: any thread.
 */
void vnf_test_ipv4_options(struct vnf_test_packet *p, const void *options, uint32_t bytes);

/**
 * Set the identification of the last IPv4 header.
 *
 * @param[in,out] p
 *   The packet; its last IP header is IPv4.
 * @param id
 *   The identification.
 *
 * Context: any thread.
 */
void vnf_test_ipv4_id(struct vnf_test_packet *p, uint16_t id);

/**
 * Set "don't fragment" in the last IPv4 header.
 *
 * @param[in,out] p
 *   The packet; its last IP header is IPv4.
 *
 * Context: any thread.
 */
void vnf_test_ipv4_df(struct vnf_test_packet *p);

/**
 * Set the fragment fields of the last IPv4 header by hand. Checksums of later headers are computed
 * as if the packet were whole; fragments of a real packet are made by vnf_test_fragment().
 *
 * @param[in,out] p
 *   The packet; its last IP header is IPv4.
 * @param offset
 *   Fragment offset in octets: a multiple of 8, 0 to 65,528.
 * @param more
 *   More fragments follow.
 *
 * Context: any thread.
 */
void vnf_test_ipv4_fragment(struct vnf_test_packet *p, uint32_t offset, bool more);

/**
 * Add an IPv6 header: hop limit 64. Its next header is that added next, or 253 if none is.
 *
 * @param[in,out] p
 *   The packet; the last header is Ethernet, a tag, or IP (a tunnel).
 * @param src
 *   Source, as "2001:db8::1".
 * @param dst
 *   Destination.
 *
 * Context: any thread.
 */
void vnf_test_ipv6(struct vnf_test_packet *p, const char *src, const char *dst);

/**
 * Add an IPv6 extension header that says nothing: hop-by-hop and destination options are one PadN
 * option, others are zeros (a routing header of type 0 with no segments left).
 *
 * @param[in,out] p
 *   The packet; the last header is IPv6 or an extension header.
 * @param type
 *   Its protocol number: 0 (hop-by-hop), 43 (routing), 60 (destination), or another of this form.
 * @param bytes
 *   Its length in octets: a multiple of 8, 8 to 2,048.
 *
 * Context: any thread.
 */
void vnf_test_ipv6_ext(struct vnf_test_packet *p, uint8_t type, uint32_t bytes);

/**
 * Add an IPv6 fragment header by hand; see vnf_test_ipv4_fragment().
 *
 * @param[in,out] p
 *   The packet; the last header is IPv6 or an extension header.
 * @param id
 *   Identification.
 * @param offset
 *   Fragment offset in octets: a multiple of 8, 0 to 65,528.
 * @param more
 *   More fragments follow.
 *
 * Context: any thread.
 */
void vnf_test_ipv6_fragment(struct vnf_test_packet *p, uint32_t id, uint32_t offset, bool more);

/**
 * Set the TTL or hop limit of the last IP header.
 *
 * @param[in,out] p
 *   The packet; it has an IP header.
 * @param ttl
 *   The limit.
 *
 * Context: any thread.
 */
void vnf_test_ttl(struct vnf_test_packet *p, uint8_t ttl);

/**
 * Set the differentiated services field of the last IP header (RFC 2474, RFC 3168).
 *
 * @param[in,out] p
 *   The packet; it has an IP header.
 * @param dscp
 *   Code point, 0 to 63.
 * @param ecn
 *   Congestion notification, 0 to 3.
 *
 * Context: any thread.
 */
void vnf_test_dscp(struct vnf_test_packet *p, uint8_t dscp, uint8_t ecn);

/**
 * Add a UDP header. vnf_test_checksum() with 0 sends it without a checksum.
 *
 * @param[in,out] p
 *   The packet; the last header is IP or an extension header.
 * @param src_port
 *   Source port.
 * @param dst_port
 *   Destination port.
 *
 * Context: any thread.
 */
void vnf_test_udp(struct vnf_test_packet *p, uint16_t src_port, uint16_t dst_port);

/** Flags of a TCP header, to be joined by `|`. */
enum vnf_test_tcp_flags {
	VNF_TEST_FIN = 0x01, /**< No more data from sender. */
	VNF_TEST_SYN = 0x02, /**< Synchronise sequence numbers. */
	VNF_TEST_RST = 0x04, /**< Reset the connection. */
	VNF_TEST_PSH = 0x08, /**< Push. */
	VNF_TEST_ACK = 0x10, /**< The acknowledgement counts. */
	VNF_TEST_URG = 0x20, /**< The urgent pointer counts. */
	VNF_TEST_ECE = 0x40, /**< Congestion was met. */
	VNF_TEST_CWR = 0x80, /**< Congestion window was reduced. */
};

/**
 * Add a TCP header: sequence numbers 0, window 65,535.
 *
 * @param[in,out] p
 *   The packet; the last header is IP or an extension header.
 * @param src_port
 *   Source port.
 * @param dst_port
 *   Destination port.
 * @param flags
 *   Of enum vnf_test_tcp_flags.
 *
 * Context: any thread.
 */
void vnf_test_tcp(struct vnf_test_packet *p, uint16_t src_port, uint16_t dst_port, uint8_t flags);

/**
 * Set the numbers of the TCP header.
 *
 * @param[in,out] p
 *   The packet; its last header is TCP.
 * @param seq
 *   Sequence number.
 * @param ack
 *   Acknowledgement number.
 * @param window
 *   Window in octets, unscaled.
 *
 * Context: any thread.
 */
void vnf_test_tcp_seq(struct vnf_test_packet *p, uint32_t seq, uint32_t ack, uint16_t window);

/**
 * Add options to the TCP header just added.
 *
 * @param[in,out] p
 *   The packet; nothing follows its last header, which is TCP.
 * @param options
 *   The options; NULL = as many of kind 1 (no operation).
 * @param bytes
 *   Their length in octets: a multiple of 4, 40 at most in all.
 *
 * Context: any thread.
 */
void vnf_test_tcp_options(struct vnf_test_packet *p, const void *options, uint32_t bytes);

/**
 * Add the option "maximum segment size" to the TCP header just added.
 *
 * @param[in,out] p
 *   The packet; nothing follows its last header, which is TCP.
 * @param mss
 *   The size in octets.
 *
 * Context: any thread.
 */
void vnf_test_mss(struct vnf_test_packet *p, uint16_t mss);

/**
 * Add an echo request or reply: ICMP over IPv4, ICMPv6 over IPv6.
 *
 * @param[in,out] p
 *   The packet; the last header is IP or an extension header.
 * @param reply
 *   False: a request.
 * @param id
 *   Identifier.
 * @param seq
 *   Sequence number.
 *
 * Context: any thread.
 */
void vnf_test_echo(struct vnf_test_packet *p, bool reply, uint16_t id, uint16_t seq);

/**
 * Add any other ICMP or ICMPv6 message: type, code, checksum and the four octets after it. What
 * follows is added by vnf_test_bytes().
 *
 * @param[in,out] p
 *   The packet; the last header is IP or an extension header.
 * @param type
 *   Type, of RFC 792 or RFC 4443 as the last IP header has it.
 * @param code
 *   Code.
 * @param rest
 *   The four octets after the checksum: the MTU of a "too big", else mostly 0.
 *
 * Context: any thread.
 */
void vnf_test_icmp(struct vnf_test_packet *p, uint8_t type, uint8_t code, uint32_t rest);

/**
 * Add an ICMP or ICMPv6 error message with the packet that it is about.
 *
 * @param[in,out] p
 *   The packet; the last header is IP or an extension header.
 * @param type
 *   Type, such as 3 or 11 (ICMP), 1, 2 or 3 (ICMPv6).
 * @param code
 *   Code.
 * @param rest
 *   The four octets after the checksum: the MTU of a "too big", else mostly 0.
 * @param about
 *   The packet that met the error: finished, not `p` itself, with an IP header, from which on it is
 *   quoted.
 * @param bytes
 *   Octets of it at most; 0 = all.
 *
 * Context: any thread.
 */
void vnf_test_icmp_error(struct vnf_test_packet *p, uint8_t type, uint8_t code, uint32_t rest,
			 const struct vnf_test_packet *about, uint32_t bytes);

/**
 * Add a payload of octets 0, 1, 2, ..., 255, 0, ...
 *
 * @param[in,out] p
 *   The packet.
 * @param bytes
 *   Its length.
 *
 * Context: any thread.
 */
void vnf_test_payload(struct vnf_test_packet *p, uint32_t bytes);

/**
 * Add octets of your own.
 *
 * @param[in,out] p
 *   The packet.
 * @param data
 *   The octets, copied; may be NULL if there are none.
 * @param bytes
 *   Their number.
 *
 * Context: any thread.
 */
void vnf_test_bytes(struct vnf_test_packet *p, const void *data, uint32_t bytes);

/**
 * Let the last header say that something else follows than does: an EtherType, or a protocol.
 *
 * @param[in,out] p
 *   The packet; its last header is Ethernet, a tag, IP or an extension header.
 * @param type
 *   EtherType, or protocol number (0 to 255).
 *
 * Context: any thread.
 */
void vnf_test_next(struct vnf_test_packet *p, uint16_t type);

/**
 * Let the length field of the last header have this value rather than the right one.
 *
 * @param[in,out] p
 *   The packet; its last header is IPv4, IPv6 or UDP.
 * @param length
 *   Value of the field.
 *
 * Context: any thread.
 */
void vnf_test_length(struct vnf_test_packet *p, uint16_t length);

/**
 * Let the checksum field of the last header have this value rather than the right one.
 *
 * @param[in,out] p
 *   The packet; its last header is IPv4, UDP, TCP, ICMP or ICMPv6.
 * @param checksum
 *   Value of the field.
 *
 * Context: any thread.
 */
void vnf_test_checksum(struct vnf_test_packet *p, uint16_t checksum);

/**
 * Let the checksum of the last header be wrong, whatever the packet.
 *
 * @param[in,out] p
 *   The packet; its last header is IPv4, UDP, TCP, ICMP or ICMPv6.
 *
 * Context: any thread.
 */
void vnf_test_checksum_wrong(struct vnf_test_packet *p);

/**
 * Overwrite octets of the last header, for what no other function sets. Its length and checksum
 * fields are filled in later all the same, unless vnf_test_length() and vnf_test_checksum() set
 * them.
 *
 * @param[in,out] p
 *   The packet.
 * @param offset
 *   From the header's first octet; a tag's first octets are its TCI.
 * @param data
 *   The octets, copied.
 * @param bytes
 *   Their number; they end within the header.
 *
 * Context: any thread.
 */
void vnf_test_patch(struct vnf_test_packet *p, uint32_t offset, const void *data, uint32_t bytes);

/**
 * Pad the frame with zeros that belong to no header, as Ethernet does with short ones.
 *
 * @param[in,out] p
 *   The packet.
 * @param bytes
 *   Length of the frame at least, without FCS: 60 for what Ethernet asks; 0 = no padding.
 *
 * Context: any thread.
 */
void vnf_test_pad(struct vnf_test_packet *p, uint32_t bytes);

/**
 * Cut the frame short after everything else is done: its headers speak of more than there is.
 *
 * @param[in,out] p
 *   The packet.
 * @param bytes
 *   Length of the frame at most, without FCS; 0 = whole.
 *
 * Context: any thread.
 */
void vnf_test_cut(struct vnf_test_packet *p, uint32_t bytes);

/**
 * Make a packet that is a fragment of another (RFC 791, RFC 8200): its headers up to the outermost
 * IP header, for IPv6 also hop-by-hop and routing headers, and a part of what follows. To be
 * finished, like any packet.
 *
 * @param[out] p
 *   The fragment; not `whole` itself.
 * @param whole
 *   A finished packet with an IP header, that is no fragment.
 * @param id
 *   Identification; IPv4 uses the lower 16 bits.
 * @param offset
 *   Where the part begins, in octets after those headers: a multiple of 8.
 * @param bytes
 *   Length of the part: a multiple of 8 unless it is the last; 0 = all the rest.
 *
 * Context: any thread.
 */
void vnf_test_fragment(struct vnf_test_packet *p, const struct vnf_test_packet *whole, uint32_t id,
		       uint32_t offset, uint32_t bytes);

/**
 * Fill in lengths and checksums. May be called again after changes.
 *
 * @param[in,out] p
 *   The packet; then `data` and `len` are the frame.
 * @return
 *   0, or the first error of the chain: -EINVAL for a header in the wrong place, an address or a
 *   value that is none; -EMSGSIZE if it is too long; -E2BIG for too many headers. `failed` names
 *   the function, and `len` is 0.
 *
 * Context: any thread.
 */
int vnf_test_finish(struct vnf_test_packet *p);

/* ---- replays ---- */

struct vnf_app;

/** A replay: what is sent, and what became of it. Opaque. */
struct vnf_test_replay;

/** What becomes of a packet. */
enum vnf_test_verdict_kind {
	VNF_TEST_FORWARD, /**< The callback sends it out of port `to`. */
	VNF_TEST_FLOOD,   /**< A copy to each of several ports. */
	VNF_TEST_DROP,    /**< Dropped for `reason`; on its way out of `to`, if that is set. */
	VNF_TEST_TAKEN,   /**< The application keeps it. */
	VNF_TEST_SENT,    /**< The application sends it out of port `to`: vnf_send(). */
};

/** A line of the list of verdicts. */
struct vnf_test_verdict {
	uint64_t number;  /**< Packet: its place in the order of arrival, from 1; 0 = one that the
			   *   program made.
			   */
	uint64_t time_ns; /**< When, in nanoseconds since the start of the test. */
	const char *port; /**< Port it came from; NULL = the program made it. */
	enum vnf_test_verdict_kind verdict; /**< What became of it. */
	const char *to;                     /**< Port it goes out of, or NULL. */
	const char *reason;                 /**< Name of the reason of a drop, else NULL. */
};

/**
 * Begin a replay.
 *
 * @param app
 *   The application; must stay valid.
 * @param config
 *   Its configuration, as in the file; copied. Ports keep their name, MAC and MTU, whatever their
 *   kind.
 * @return
 *   The replay, to be given to vnf_test_replay_destroy(), or NULL: out of memory.
 *
 * Context: any thread.
 */
struct vnf_test_replay *vnf_test_replay_create(const struct vnf_app *app, const char *config);

/**
 * Send a frame into a port. Frames of one time come in the order of the ports in the configuration,
 * those of one port and one time in the order of the calls; the times need not ascend. A frame
 * longer than the port's MTU allows is left out with a line on standard error, and has no number.
 *
 * @param t
 *   The replay.
 * @param port
 *   Name of the port.
 * @param at_ns
 *   When, in nanoseconds since the start of the test; 82 years at most.
 * @param data
 *   The frame without FCS, copied.
 * @param len
 *   Its octets, 1 to VNF_TEST_PACKET_MAX.
 * @return
 *   0; -EINVAL, -ERANGE or -ENOMEM, which vnf_test_replay_run() then returns too.
 *
 * Context: any thread.
 */
int vnf_test_replay_send(struct vnf_test_replay *t, const char *port, uint64_t at_ns,
			 const void *data, uint32_t len);

/**
 * Finish a packet and send it into a port.
 *
 * @param t
 *   The replay.
 * @param port
 *   Name of the port.
 * @param at_ns
 *   As of vnf_test_replay_send().
 * @param[in,out] p
 *   The packet, finished here; copied.
 * @return
 *   0, or as of vnf_test_finish() or vnf_test_replay_send(); vnf_test_replay_run() then returns it
 *   too.
 *
 * Context: any thread.
 */
int vnf_test_replay_packet(struct vnf_test_replay *t, const char *port, uint64_t at_ns,
			   struct vnf_test_packet *p);

/**
 * Give the program a further option, such as "--until=+3h", "--burst=1", "--seed=7". Without
 * `--until` the replay ends when the last packet has been dealt with, and what is due later does
 * not happen.
 *
 * @param t
 *   The replay.
 * @param option
 *   One argument of the command line, copied. `-c`, `--replay`, `--record`, `--verdicts` and
 *   `--report` are the library's own.
 * @return
 *   0, or -ENOMEM, which vnf_test_replay_run() then returns too.
 *
 * Context: any thread.
 */
int vnf_test_replay_option(struct vnf_test_replay *t, const char *option);

/**
 * Keep what is written to standard error during the run for vnf_test_replay_log(), instead of
 * showing it. What a crash says is then lost, so ask for it only where the log is tested.
 *
 * @param t
 *   The replay.
 *
 * Context: any thread.
 */
void vnf_test_replay_capture(struct vnf_test_replay *t);

/**
 * Run the application over all that was sent. What came of it is read with the functions below,
 * after a failure as far as it went.
 *
 * @param t
 *   The replay.
 * @return
 *   0: all packets are accounted for; 1 or 2: exit code of vnf_run(), which said why on standard
 *   error; -EALREADY if DPDK was started in this process before; the -errno of an earlier call, or
 *   of a file that could not be written or read.
 *
 * Context: main thread, once per process.
 */
int vnf_test_replay_run(struct vnf_test_replay *t);

/**
 * Number of frames that a port sent.
 *
 * @param t
 *   The replay, after its run.
 * @param port
 *   Name of the port.
 * @return
 *   The number, or -ENOENT: no port of the configuration has this name.
 *
 * Context: any thread.
 */
int64_t vnf_test_replay_count(const struct vnf_test_replay *t, const char *port);

/**
 * A frame that a port sent.
 *
 * @param t
 *   The replay, after its run.
 * @param port
 *   Name of the port.
 * @param i
 *   Its place, from 0.
 * @param[out] len
 *   Its octets without FCS; may be NULL.
 * @param[out] time_ns
 *   When it was sent, in nanoseconds since the start of the test; may be NULL.
 * @return
 *   The frame, which belongs to the replay; NULL if there is none.
 *
 * Context: any thread.
 */
const uint8_t *vnf_test_replay_frame(const struct vnf_test_replay *t, const char *port, size_t i,
				     uint32_t *len, uint64_t *time_ns);

/**
 * Number of verdicts.
 *
 * @param t
 *   The replay, after its run.
 * @return
 *   The number: at least one for each packet.
 *
 * Context: any thread.
 */
size_t vnf_test_replay_verdict_count(const struct vnf_test_replay *t);

/**
 * A verdict. They are in order of time; those of one time in order of the packets' numbers, packets
 * that the program made last.
 *
 * @param t
 *   The replay, after its run.
 * @param i
 *   Its place, from 0.
 * @return
 *   The verdict, which belongs to the replay; NULL if there is none.
 *
 * Context: any thread.
 */
const struct vnf_test_verdict *vnf_test_replay_verdict(const struct vnf_test_replay *t, size_t i);

/**
 * A counter at the end of the run.
 *
 * @param t
 *   The replay, after its run.
 * @param port
 *   Name of the port; NULL = the ledger, which is of all ports together.
 * @param name
 *   "rx_packets", "rx_bytes", "tx_packets", "tx_bytes" or a reason for drops, the SDK's or the
 *   application's; of the ledger "rx", "created", "tx", "drops", "held", "balance".
 * @return
 *   Its value; -ENOENT if there is no such port or counter.
 *
 * Context: any thread.
 */
int64_t vnf_test_replay_counter(const struct vnf_test_replay *t, const char *port,
				const char *name);

/**
 * What was written to standard error during the run.
 *
 * @param t
 *   The replay, after its run.
 * @return
 *   The text, which belongs to the replay; "" unless vnf_test_replay_capture() asked for it.
 *
 * Context: any thread.
 */
const char *vnf_test_replay_log(const struct vnf_test_replay *t);

/**
 * Free a replay and all that it returned.
 *
 * @param t
 *   The replay, or NULL.
 *
 * Context: any thread.
 */
void vnf_test_replay_destroy(struct vnf_test_replay *t);

#ifdef __cplusplus
}
#endif

#endif
