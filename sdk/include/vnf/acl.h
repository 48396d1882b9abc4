/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_ACL_H
#define VNF_ACL_H

/**
 * @file
 * A classifier: ordered rules, of which the first that matches a packet counts.
 *
 *     struct vnf_acl_rule rules[] = {
 *             { .name = "bad", .src = { .sets = &blocklist, .n_sets = 1 } },
 *             { .name = "web", .zones_out = 1 << DMZ, .dst_ports = { .spans = web, .n = 2 } },
 *     };
 *     struct vnf_acl_conf conf = { .rules = rules, .n_rules = 2 };
 *
 *     ret = vnf_acl_build(&conf, &acl, &error);               (vnf_app.build)
 *     ...
 *     vnf_acl_packet_of(pkt, &h, zone_in, zone_out, vnf_acl_vlan_of(&h), &packet[i]);
 *     vnf_acl_classify(acl, packet, n, rule);                 (worker)
 *
 * A rule is a list of conditions; one that is not written holds for every packet. Rules and sets
 * are read while the classifier is built, and not needed by it afterwards. What is built never
 * changes: any number of workers use it without locks, and a new one takes its place by
 * vnf_app.build and `worker->built`.
 *
 * What a packet does not have matches no condition on it, also no negated one: a rule that asks for
 * ports is for packets that have ports, one that asks for TCP flags or types of ICMP likewise.
 * Addresses, protocols and VLANs are what every packet has: "not VLAN 10" holds for one without a
 * tag, "source not in 10.0.0.0/8" for every IPv6 packet, unless the rule names the family.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_common.h>

#include <vnf/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Instead of a rule's index: none matches. */
#define VNF_ACL_NONE UINT32_MAX
/** Zones (or ports) that a rule may name: 0 to 63. */
#define VNF_ACL_ZONES 64
/** VLAN id of a packet without a tag, also in a rule's list. */
#define VNF_ACL_UNTAGGED 4096
/** Rules at most. */
#define VNF_ACL_RULES_MAX 100000
/** Entries that one rule may expand to, if not said otherwise. */
#define VNF_ACL_ENTRIES_EACH 4096
/** Entries of all rules, if not said otherwise. */
#define VNF_ACL_ENTRIES 131072
/** Octets of a family's tries, if not said otherwise. */
#define VNF_ACL_TRIE_BYTES (UINT64_C(512) << 20)
/** Prefixes and ranges of a set at most. */
#define VNF_ACL_SET_MAX (UINT32_C(1) << 24)

/** Numbers from one to another. */
struct vnf_acl_span {
	uint32_t first; /**< Least. */
	uint32_t last;  /**< Greatest, not below `first`. */
};

/** A list of numbers: protocols, ports, VLANs. */
struct vnf_acl_numbers {
	const struct vnf_acl_span *spans; /**< In any order, may overlap. */
	uint32_t n;                       /**< Number of spans. */
	uint32_t n_sets;                  /**< Number of sets. */
	/** Further lists that belong to it, such as named sets of ports; without sets of their own,
	 *  and not negated.
	 */
	const struct vnf_acl_numbers *const *sets;
	bool except; /**< All numbers but these. */
};

/** Addresses from one to another: a prefix is one, too. */
struct vnf_acl_range {
	uint8_t version;   /**< 4 or 6. */
	uint8_t first[16]; /**< Lowest; IPv4 in the first 4 octets. */
	uint8_t last[16];  /**< Highest likewise. */
};

/** Addresses of both families, sorted once, for any number of rules. Opaque. */
struct vnf_acl_set;

/** A list of addresses. */
struct vnf_acl_addresses {
	const struct vnf_acl_range *ranges;    /**< In any order, may overlap. */
	const struct vnf_acl_set *const *sets; /**< Further ones that belong to it. */
	uint32_t n_ranges;                     /**< Number of ranges. */
	uint32_t n_sets;                       /**< Number of sets. */
	bool except;                           /**< All addresses but these. */
};

/** Types and codes of ICMP or ICMPv6. */
struct vnf_acl_icmp {
	uint8_t type_first; /**< Least type. */
	uint8_t type_last;  /**< Greatest type. */
	uint8_t code_first; /**< Least code. */
	uint8_t code_last;  /**< Greatest code; 255 with a `code_first` of 0: any. */
};

/** Bits of vnf_acl_rule.fragments, and values of vnf_acl_packet.fragment. */
enum vnf_acl_fragment {
	VNF_ACL_WHOLE = 1, /**< No fragment. */
	VNF_ACL_FIRST = 2, /**< The first fragment of a datagram. */
	VNF_ACL_LATER = 4, /**< Another one. */
};

/** A rule. All is optional; what is zero holds for every packet. */
struct vnf_acl_rule {
	const char *name;                 /**< For messages and counters; NULL: none. */
	uint64_t zones_in;                /**< Bit 1 << zone for each zone it may come from. */
	uint64_t zones_out;               /**< Bit 1 << zone for each zone it may go to. */
	struct vnf_acl_addresses src;     /**< Source addresses. */
	struct vnf_acl_addresses dst;     /**< Destination addresses. */
	struct vnf_acl_numbers protos;    /**< Protocols of layer 4, 0 to 255. */
	struct vnf_acl_numbers src_ports; /**< Source ports, 0 to 65,535. */
	struct vnf_acl_numbers dst_ports; /**< Destination ports, 0 to 65,535. */
	struct vnf_acl_numbers vlans;     /**< VLAN ids, 0 to 4,095, or VNF_ACL_UNTAGGED. */
	const struct vnf_acl_icmp *icmp;  /**< Types and codes: name the family or the protocol
					    *   with them, whose types mean different things.
					    */
	uint32_t n_icmp;                  /**< Number of them; not with ports. */
	uint8_t version;                  /**< 4 or 6: packets of that family only. */
	uint8_t fragments;                /**< Bits of enum vnf_acl_fragment. */
	uint8_t flags_mask;               /**< TCP flags that are looked at. */
	uint8_t flags_value;              /**< And what they have to be. */
};

/** What a classifier is built of. */
struct vnf_acl_conf {
	const struct vnf_acl_rule *rules; /**< In their order. */
	uint32_t n_rules;                 /**< 0 to VNF_ACL_RULES_MAX. */
	uint32_t entries_each; /**< Entries of rte_acl that a rule may expand to; 0: default. */
	uint32_t entries;      /**< Of all rules together; 0: default. */
	uint64_t trie_bytes;   /**< Octets of each family's tries; 0: default. */
};

/** A field of packets, in the order in which vnf_acl_differs() looks at them. */
enum vnf_acl_field {
	VNF_ACL_FIELD_NONE,      /**< All match, or it is not about a field. */
	VNF_ACL_FIELD_VERSION,   /**< Family. */
	VNF_ACL_FIELD_ZONE_IN,   /**< Zone it comes from. */
	VNF_ACL_FIELD_ZONE_OUT,  /**< Zone it goes to. */
	VNF_ACL_FIELD_VLAN,      /**< VLAN. */
	VNF_ACL_FIELD_SRC,       /**< Source address. */
	VNF_ACL_FIELD_DST,       /**< Destination address. */
	VNF_ACL_FIELD_PROTO,     /**< Protocol. */
	VNF_ACL_FIELD_FRAGMENT,  /**< Whole or a fragment. */
	VNF_ACL_FIELD_SRC_PORTS, /**< Source port. */
	VNF_ACL_FIELD_DST_PORTS, /**< Destination port. */
	VNF_ACL_FIELD_ICMP,      /**< Type and code of ICMP. */
	VNF_ACL_FIELD_FLAGS,     /**< TCP flags. */
	VNF_ACL_FIELDS,          /**< Number of fields. */
};

/** Why rules cannot be built. */
struct vnf_acl_error {
	uint32_t rule;            /**< Which one, or the most expensive one; VNF_ACL_NONE: none. */
	enum vnf_acl_field field; /**< Of the rule. */
	char text[256];           /**< What is wrong and what is allowed, with rule and field. */
};

/** Bits of vnf_acl_packet.has. */
enum vnf_acl_has {
	VNF_ACL_HAS_PORTS = 1, /**< Ports are known. */
	VNF_ACL_HAS_FLAGS = 2, /**< It is TCP, and its flags are known. */
	VNF_ACL_HAS_ICMP = 4,  /**< It is ICMP of its family, and type and code are known. */
};

/** What is looked at of a packet. */
struct vnf_acl_packet {
	uint8_t src[16];   /**< Source; IPv4 in the first 4 octets. */
	uint8_t dst[16];   /**< Destination likewise. */
	uint16_t src_port; /**< Host order; with VNF_ACL_HAS_PORTS. */
	uint16_t dst_port; /**< Host order likewise. */
	uint16_t vlan;     /**< 0 to 4,095, or VNF_ACL_UNTAGGED. */
	uint8_t version;   /**< 4 or 6; any other matches no rule. */
	uint8_t proto;     /**< Protocol of layer 4. */
	uint8_t zone_in;   /**< 0 to 63; a greater one is in no rule's zones. */
	uint8_t zone_out;  /**< Likewise. */
	uint8_t fragment;  /**< One of enum vnf_acl_fragment. */
	uint8_t has;       /**< Bits of enum vnf_acl_has. */
	uint8_t flags;     /**< TCP flags; with VNF_ACL_HAS_FLAGS. */
	uint8_t icmp_type; /**< With VNF_ACL_HAS_ICMP. */
	uint8_t icmp_code; /**< Likewise. */
	uint8_t unused;    /**< Zero. */
};

/** Rules that were built. Opaque. */
struct vnf_acl;

/* ---- sets ---- */

/**
 * Read an address, a prefix (`10.0.0.0/8`) or a range (`10.0.0.1-10.0.0.9`), of either family.
 *
 * @param text
 *   It, without blanks.
 * @param[out] range
 *   From the first to the last address.
 * @param[out] why
 *   Room for what is wrong.
 * @param why_size
 *   Octets of it.
 * @return
 *   0, or -EINVAL.
 *
 * Context: any thread; not per packet.
 */
int vnf_acl_range_parse(const char *text, struct vnf_acl_range *range, char *why, size_t why_size);

/**
 * Make a set of addresses.
 *
 * @param ranges
 *   In any order, may overlap; NULL: none.
 * @param n
 *   Their number, 0 to VNF_ACL_SET_MAX.
 * @param[out] set
 *   The set, to be given to vnf_acl_set_destroy(): 32 octets a range that is left.
 * @return
 *   0; -EINVAL: a range is upside down or of no family; -E2BIG; -ENOMEM.
 *
 * Context: start-up, control thread.
 */
int vnf_acl_set_create(const struct vnf_acl_range *ranges, size_t n, struct vnf_acl_set **set);

/**
 * Read a set from a file, a line each as vnf_acl_range_parse() takes them. What follows `#` is a
 * comment; empty lines and blanks around do not count.
 *
 * @param path
 *   The file, a regular one.
 * @param[out] set
 *   As of vnf_acl_set_create(). It may be empty.
 * @param[out] why
 *   Room for what is wrong, with path and line.
 * @param why_size
 *   Octets of it.
 * @return
 *   0; -EINVAL: `why` says why; -ENOMEM.
 *
 * Context: start-up, control thread.
 */
int vnf_acl_set_load(const char *path, struct vnf_acl_set **set, char *why, size_t why_size);

/**
 * Release a set. Classifiers built with it do without.
 *
 * @param set
 *   The set, or NULL.
 *
 * Context: start-up, control thread.
 */
void vnf_acl_set_destroy(struct vnf_acl_set *set);

/**
 * How large is a set, once what overlaps or follows upon another has been joined?
 *
 * @param set
 *   The set.
 * @param version
 *   4 or 6.
 * @return
 *   Ranges of that family.
 *
 * Context: any thread.
 */
size_t vnf_acl_set_count(const struct vnf_acl_set *set, uint8_t version);

/**
 * Is an address in a set?
 *
 * @param set
 *   The set.
 * @param version
 *   4 or 6.
 * @param addr
 *   The address, 4 or 16 octets.
 * @return
 *   True or false.
 *
 * Context: any thread; a search of about 20 steps in a million.
 */
bool vnf_acl_set_has(const struct vnf_acl_set *set, uint8_t version, const uint8_t *addr);

/* ---- building ---- */

/**
 * Build a classifier. Takes memory outside of DPDK's heap.
 *
 * @param conf
 *   Rules and limits; borrowed, with all that they lead to, for this call.
 * @param[out] acl
 *   The classifier, to be given to vnf_acl_destroy().
 * @param[out] error
 *   What is wrong, where the result is not 0.
 * @return
 *   0; -EINVAL: a rule is wrong; -E2BIG: too many rules, or they expand to more than is allowed,
 *   `error` says which rule costs most; -ENOSPC: their tries would take more than
 *   conf->trie_bytes; -ENOMEM.
 *
 * Context: control thread (vnf_app.build), with DPDK running.
 */
int vnf_acl_build(const struct vnf_acl_conf *conf, struct vnf_acl **acl,
		  struct vnf_acl_error *error);

/**
 * Find out what is wrong with rules, without DPDK: for vnf_app.check. All that vnf_acl_build()
 * finds but for -ENOSPC: whether the tries fit is known only when they are built. What is made can
 * be asked by all functions below; it classifies rule by rule.
 *
 * @param conf
 *   As of vnf_acl_build().
 * @param[out] acl
 *   As of vnf_acl_build().
 * @param[out] error
 *   As of vnf_acl_build().
 * @return
 *   As of vnf_acl_build().
 *
 * Context: start-up, control thread.
 */
int vnf_acl_check(const struct vnf_acl_conf *conf, struct vnf_acl **acl,
		  struct vnf_acl_error *error);

/**
 * Release a classifier.
 *
 * @param acl
 *   The classifier, which nobody uses any more, or NULL.
 *
 * Context: control thread (vnf_app.discard).
 */
void vnf_acl_destroy(struct vnf_acl *acl);

/** What a classifier takes. */
struct vnf_acl_cost {
	uint64_t bytes;       /**< All memory that it keeps. */
	uint64_t trie_bytes;  /**< Thereof rte_acl's. */
	uint32_t entries[2];  /**< Entries of rte_acl for IPv4 and for IPv6. */
	uint32_t octets[2];   /**< Octets of rte_acl's key likewise. */
	uint32_t prefixes[2]; /**< Borders of address classes, both directions, likewise. */
};

/**
 * What does a classifier take?
 *
 * @param acl
 *   The classifier.
 * @param[out] cost
 *   Its cost.
 *
 * Context: control thread.
 */
void vnf_acl_cost(const struct vnf_acl *acl, struct vnf_acl_cost *cost);

/**
 * Entries that one rule expands to, of both families.
 *
 * @param acl
 *   The classifier.
 * @param rule
 *   0 to n_rules - 1.
 * @return
 *   Their number; 0: no packet can match.
 *
 * Context: any thread.
 */
uint64_t vnf_acl_rule_entries(const struct vnf_acl *acl, uint32_t rule);

/* ---- classifying ---- */

/**
 * The VLAN of a packet that has its tags.
 *
 * @param h
 *   Its headers.
 * @return
 *   Id of the outermost tag, or VNF_ACL_UNTAGGED.
 */
static inline uint16_t vnf_acl_vlan_of(const struct vnf_headers *h)
{
	return h->n_vlans > 0 ? h->vlan[0] & 0xfff : VNF_ACL_UNTAGGED;
}

/**
 * vnf_acl_packet_of() for what lies behind the IP header.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers.
 * @param[in,out] packet
 *   Ports, flags, type and code are set, as far as they are there.
 */
static inline void vnf_acl_l4_of(struct rte_mbuf *pkt, const struct vnf_headers *h,
				 struct vnf_acl_packet *packet)
{
	/* Of a quote, or if something was wrong, there may be less than a header. */
	uint32_t there = h->l4 != 0 && h->payload > h->l4 ? h->payload - h->l4 : 0;

	if (there >= sizeof(struct vnf_ports) && vnf_has_ports(h)) {
		const struct vnf_ports *ports = vnf_ports(pkt, h);

		packet->src_port = rte_be_to_cpu_16(ports->src);
		packet->dst_port = rte_be_to_cpu_16(ports->dst);
		packet->has = VNF_ACL_HAS_PORTS;
		if (h->proto == IPPROTO_TCP && there >= sizeof(struct rte_tcp_hdr)) {
			packet->flags = vnf_tcp(pkt, h)->tcp_flags;
			packet->has |= VNF_ACL_HAS_FLAGS;
		}
	} else if (there >= sizeof(struct vnf_ports) && vnf_is_icmp(h)) {
		packet->icmp_type = vnf_icmp(pkt, h)->icmp_type;
		packet->icmp_code = vnf_icmp(pkt, h)->icmp_code;
		packet->has = VNF_ACL_HAS_ICMP;
	}
}

/**
 * What a classifier looks at.
 *
 * Ports are there if vnf_has_ports(), type and code if vnf_is_icmp(), flags of TCP: not in
 * fragments other than the first, not in what is malformed. A VNF that knows a later fragment's
 * ports by vnf_frag_see() sets them, `has` and `proto` by itself.
 *
 * @param pkt
 *   The packet.
 * @param h
 *   Its headers, by vnf_parse() or vnf_parse_quote().
 * @param zone_in
 *   Where it comes from: a zone or a port, 0 to 63.
 * @param zone_out
 *   Where it goes to, likewise; what is not known is 255.
 * @param vlan
 *   0 to 4,095, or VNF_ACL_UNTAGGED: vnf_acl_vlan_of(), before a tag was taken away.
 * @param[out] packet
 *   Filled in.
 *
 * Context: worker.
 */
static inline void vnf_acl_packet_of(struct rte_mbuf *pkt, const struct vnf_headers *h,
				     uint8_t zone_in, uint8_t zone_out, uint16_t vlan,
				     struct vnf_acl_packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	packet->zone_in = zone_in;
	packet->zone_out = zone_out;
	packet->vlan = vlan;
	packet->proto = h->proto;
	packet->fragment = VNF_ACL_WHOLE;
	if ((h->flags & VNF_FRAGMENT) != 0)
		packet->fragment = h->fragment_offset == 0 ? VNF_ACL_FIRST : VNF_ACL_LATER;
	if (vnf_is_ipv4(h)) {
		const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

		packet->version = 4;
		memcpy(packet->src, &ip->src_addr, sizeof(ip->src_addr));
		memcpy(packet->dst, &ip->dst_addr, sizeof(ip->dst_addr));
	} else if (vnf_is_ipv6(h)) {
		const struct rte_ipv6_hdr *ip = vnf_ipv6(pkt, h);

		packet->version = 6;
		memcpy(packet->src, ip->src_addr, sizeof(packet->src));
		memcpy(packet->dst, ip->dst_addr, sizeof(packet->dst));
	}
	vnf_acl_l4_of(pkt, h, packet);
}

/**
 * Which rules match?
 *
 * @param acl
 *   The classifier.
 * @param packet
 *   The packets, families mixed as they come.
 * @param n
 *   Their number, 0 to VNF_BURST_MAX.
 * @param[out] rule
 *   For each the index of the first rule that matches, or VNF_ACL_NONE.
 *
 * Context: worker, any number of them.
 */
void vnf_acl_classify(const struct vnf_acl *acl, const struct vnf_acl_packet *packet, uint16_t n,
		      uint32_t *rule);

/* ---- explaining ---- */

/**
 * Which rule matches? As vnf_acl_classify(), but rule by rule.
 *
 * @param acl
 *   The classifier.
 * @param packet
 *   The packet.
 * @return
 *   Index of the first rule that matches, or VNF_ACL_NONE.
 *
 * Context: any thread; slow.
 */
uint32_t vnf_acl_find(const struct vnf_acl *acl, const struct vnf_acl_packet *packet);

/**
 * Why does a rule not match?
 *
 * @param acl
 *   The classifier.
 * @param rule
 *   0 to n_rules - 1.
 * @param packet
 *   The packet.
 * @return
 *   The first field that differs; VNF_ACL_FIELD_NONE: it does match.
 *
 * Context: any thread.
 */
enum vnf_acl_field vnf_acl_differs(const struct vnf_acl *acl, uint32_t rule,
				   const struct vnf_acl_packet *packet);

/**
 * Name of a field.
 *
 * @param field
 *   One of enum vnf_acl_field.
 * @return
 *   Such as "source port".
 *
 * Context: any thread.
 */
const char *vnf_acl_field_name(enum vnf_acl_field field);

/** A rule that no packet can match. */
struct vnf_acl_shadow {
	uint32_t rule; /**< The rule. */
	uint32_t by;   /**< An earlier one that matches all that it matches; itself: its own
			 *   conditions contradict each other.
			 */
};

/**
 * Find rules that no packet can match, because one earlier rule matches all that they match. Rules
 * that only several earlier ones cover together are not found.
 *
 * @param acl
 *   The classifier.
 * @param[out] shadow
 *   Room for what is found, by order of the rules; NULL: none.
 * @param max
 *   How many fit.
 * @return
 *   How many there are.
 *
 * Context: start-up, control thread; below a second for 10,000 rules.
 */
size_t vnf_acl_shadows(const struct vnf_acl *acl, struct vnf_acl_shadow *shadow, size_t max);

/* ---- counting ---- */

/** What a rule has matched, by one worker. */
struct vnf_acl_count {
	uint64_t packets; /**< Packets. */
	uint64_t octets;  /**< Their octets. */
	uint64_t last_ns; /**< The SDK's clock at the last of them; 0: none yet. */
	uint64_t unused;  /**< So that none lies in two cache lines. */
};

/**
 * Counts of rules over all generations, of all workers. Opaque. Made once (vnf_app.init); each
 * generation of rules has a struct vnf_acl_tally of it.
 */
struct vnf_acl_counters;

/** Where the rules of one generation are counted; for reading. */
struct vnf_acl_tally {
	struct vnf_acl_counters *counters; /**< What it belongs to. */
	uint32_t n;                        /**< Rules. */
	uint32_t stride;                   /**< From a worker's count to the next one's. */
	struct vnf_acl_count **rule;       /**< Of each rule the count of worker 0. */
};

/**
 * Make counters.
 *
 * @param n_workers
 *   1 or more.
 * @param[out] counters
 *   The counters, to be given to vnf_acl_counters_destroy().
 * @return
 *   0, -EINVAL or -ENOMEM.
 *
 * Context: start-up (vnf_app.init).
 */
int vnf_acl_counters_create(uint16_t n_workers, struct vnf_acl_counters **counters);

/**
 * Release counters, after all tallies.
 *
 * @param counters
 *   The counters, or NULL.
 *
 * Context: vnf_app.fini.
 */
void vnf_acl_counters_destroy(struct vnf_acl_counters *counters);

/**
 * Count the rules of a generation. One that has the name of a rule of another generation that is
 * still there goes on with its counts: both write to the same, so that nothing is lost and nothing
 * is counted twice while workers change over. Others begin with 0, as do rules without a name, and
 * all but the first of those that have the same one.
 *
 * @param counters
 *   The counters.
 * @param rules
 *   The rules, borrowed for this call.
 * @param n
 *   Their number, 0 to VNF_ACL_RULES_MAX.
 * @param[out] tally
 *   To be given to vnf_acl_tally_destroy().
 * @return
 *   0 or -ENOMEM.
 *
 * Context: control thread (vnf_app.build).
 */
int vnf_acl_tally_create(struct vnf_acl_counters *counters, const struct vnf_acl_rule *rules,
			 uint32_t n, struct vnf_acl_tally **tally);

/**
 * Release a generation's counts. What no other generation goes on with is forgotten.
 *
 * @param tally
 *   The tally, which no worker uses any more, or NULL.
 *
 * Context: control thread (vnf_app.discard).
 */
void vnf_acl_tally_destroy(struct vnf_acl_tally *tally);

/**
 * Count a packet.
 *
 * @param tally
 *   Of the generation in force.
 * @param worker
 *   The calling worker's id.
 * @param rule
 *   The rule that matched, 0 to n - 1; not VNF_ACL_NONE.
 * @param octets
 *   Length of the packet.
 * @param now_ns
 *   worker->now_ns.
 *
 * Context: worker.
 */
static inline void vnf_acl_count(const struct vnf_acl_tally *tally, uint16_t worker, uint32_t rule,
				 uint32_t octets, uint64_t now_ns)
{
	struct vnf_acl_count *c = tally->rule[rule] + (size_t)worker * tally->stride;

	/* One writer; pair with the loads of vnf_acl_tally_read(). */
	__atomic_store_n(&c->packets, c->packets + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&c->octets, c->octets + octets, __ATOMIC_RELAXED);
	__atomic_store_n(&c->last_ns, now_ns, __ATOMIC_RELAXED);
}

/**
 * What a rule has matched, by all workers.
 *
 * @param tally
 *   A tally.
 * @param rule
 *   0 to n - 1.
 * @param[out] sum
 *   Sums, and the time of the last packet.
 *
 * Context: any thread that the tally is kept for.
 */
void vnf_acl_tally_read(const struct vnf_acl_tally *tally, uint32_t rule,
			struct vnf_acl_count *sum);

#ifdef __cplusplus
}
#endif

#endif
