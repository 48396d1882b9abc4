/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * ICMP and ICMPv6 that the node sends: errors about packets (RFC 1122 section 3.2.2, RFC 1812
 * section 4.3, RFC 4443 section 2.4), within limits of rate, in all and for each host; and replies
 * to echo requests. Worker 0.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_jhash.h>

#include "packet_sum.h"

#define ICMP4_ECHO_REPLY 0
#define ICMP6_ECHO_REPLY 129
#define ICMP_BYTES 8
/* RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c). */
#define V4_ERROR_MAX 576
#define V6_ERROR_MAX IP6_MTU_MIN
/* RFC 1812 section 4.3.2.5: precedence INTERNETWORK CONTROL. */
#define V4_ERROR_TOS 0xc0
#define HOSTS 1024

struct ip_limits {
	struct ip_bucket all;
	struct ip_bucket host[HOSTS]; /* by hash of the address */
	uint32_t seed;
};

/* An error's headers. */
struct error4 {
	struct rte_ipv4_hdr ip;
	uint8_t type, code;
	rte_be16_t checksum;
	rte_be32_t rest;
} __rte_packed;

struct error6 {
	struct rte_ipv6_hdr ip;
	uint8_t type, code;
	rte_be16_t checksum;
	rte_be32_t rest;
} __rte_packed;

int ip_icmp_create(struct ip_node *node)
{
	node->limits = calloc(1, sizeof(*node->limits));
	if (node->limits == NULL)
		return -ENOMEM;
	node->limits->seed = (uint32_t)vnf_random_seed("ip icmp hosts");
	return 0;
}

void ip_icmp_destroy(struct ip_node *node)
{
	free(node->limits);
	node->limits = NULL;
}

/* ---- may an error be sent? ---- */

static bool is_error(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	if (h->proto != IPPROTO_ICMP && h->proto != IPPROTO_ICMPV6)
		return false;
	/* Of a fragment it is not known. */
	if (!vnf_is_icmp(h))
		return true;
	return vnf_is_icmp_error(pkt, h) ||
	       (vnf_is_ipv6(h) && vnf_icmp(pkt, h)->icmp_type == ICMP6_REDIRECT);
}

/* To one host, from one host, and the first of its datagram (of IPv4). */
static bool may_be_told(const struct ip_worker *w, struct rte_mbuf *pkt,
			const struct vnf_headers *h, bool of_group)
{
	struct ip_addr src = ip_src(pkt, h), dst = ip_dst(pkt, h);
	enum ip_kind kind;

	if (is_error(pkt, h) || ip_is_multicast(&src) || ip_is_zero(&src))
		return false;
	if (!of_group &&
	    (rte_is_multicast_ether_addr(&vnf_ether(pkt)->dst_addr) || ip_is_multicast(&dst)))
		return false;
	if (vnf_is_ipv4(h) && (h->fragment_offset != 0 || src.octet[12] == 0 ||
			       src.octet[12] == 127 || src.octet[12] >= 240))
		return false;
	if (ip_is_link_local(&src))
		return true;
	kind = ip_route(w->tables, &src)->kind;
	return kind == IP_TARGET_CONNECTED || kind == IP_TARGET_GATEWAY;
}

static bool within_limits(struct ip_worker *w, const struct ip_addr *to)
{
	const struct ip_spec *spec = w->tables->spec;
	struct ip_limits *limits = w->node->limits;
	uint32_t at = rte_jhash_32b(to->word, 4, limits->seed) % HOSTS;
	uint64_t now = w->worker->now_ns;

	if (ip_bucket_take(&limits->host[at], now, spec->errors_per_host, spec->errors_per_host) &&
	    ip_bucket_take(&limits->all, now, spec->errors, spec->errors / 10 + 1))
		return true;
	w->node->counts.errors_limited++;
	return false;
}

/* Says the host that the packet was for so, and no router on the way? One of IPv4 that is passed on
 * to another host behind an address of ours (vnf_app.addresses) may fail on that way.
 */
static bool is_of_host(const struct vnf_headers *h, uint8_t type, uint8_t code)
{
	return vnf_is_ipv6(h) ||
	       (type == ICMP4_UNREACHABLE && (code == ICMP4_PROTOCOL || code == ICMP4_PORT));
}

/* RFC 1812 section 4.3.2.4: of the interface that it leaves by; RFC 4443 section 2.2: what the
 * packet was for, if that is ours.
 */
static bool error_source(const struct ip_worker *w, struct rte_mbuf *pkt,
			 const struct vnf_headers *h, const struct ip_interface *in, uint8_t type,
			 uint8_t code, struct ip_addr *src)
{
	struct ip_addr to = ip_src(pkt, h), dst = ip_dst(pkt, h);
	const struct ip_target *back = ip_route(w->tables, &to);
	const struct ip_interface *out = ip_is_link_local(&to) ? in : back->out;

	if (in != NULL && ip_is_link_local(&dst) && ip_own_answers(w->node, in->link, &dst)) {
		*src = dst;
		return true;
	}
	if (is_of_host(h, type, code) && ip_route(w->tables, &dst)->kind == IP_TARGET_LOCAL) {
		*src = dst;
		return ip_own_may_speak(w, &dst);
	}
	return (out != NULL && ip_own_source(w->node, out, &to, src)) ||
	       (in != NULL && ip_own_source(w->node, in, &to, src));
}

/* ---- errors ---- */

static void quote(struct rte_mbuf *error, uint32_t at, struct rte_mbuf *pkt,
		  const struct vnf_headers *h, uint32_t octets)
{
	struct vnf_cursor c = vnf_cursor_at(pkt, h->l3, h->end);

	vnf_cursor_copy(&c, rte_pktmbuf_mtod_offset(error, void *, at), octets);
}

static struct rte_mbuf *error4_make(struct ip_worker *w, struct rte_mbuf *pkt,
				    const struct vnf_headers *h, const struct ip_addr *src,
				    uint8_t type, uint8_t code, uint32_t rest)
{
	uint32_t room = V4_ERROR_MAX - sizeof(struct error4);
	uint32_t octets = RTE_MIN(h->end - h->l3, room);
	uint16_t length = (uint16_t)(sizeof(struct error4) + octets);
	struct rte_mbuf *error = ip_packet(w, length);
	struct error4 *e;

	if (error == NULL)
		return NULL;
	vnf_ether(error)->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	e = rte_pktmbuf_mtod_offset(error, struct error4 *, IP_ETHER_BYTES);
	*e = (struct error4){
		.ip = { .version_ihl = VNF_IPV4_PLAIN,
			.type_of_service = V4_ERROR_TOS,
			.total_length = rte_cpu_to_be_16(length),
			.packet_id = rte_cpu_to_be_16(w->node->fragment_id++),
			.time_to_live = IP_TTL_OWN,
			.next_proto_id = IPPROTO_ICMP,
			.src_addr = src->word[3],
			.dst_addr = vnf_ipv4(pkt, h)->src_addr },
		.type = type,
		.code = code,
		.rest = rte_cpu_to_be_32(rest),
	};
	quote(error, IP_ETHER_BYTES + (uint32_t)sizeof(*e), pkt, h, octets);
	e->ip.hdr_checksum = rte_ipv4_cksum(&e->ip);
	e->checksum = (uint16_t)~packet_sum(error, IP_ETHER_BYTES + (uint32_t)sizeof(e->ip),
					    error->pkt_len);
	return error;
}

static struct rte_mbuf *error6_make(struct ip_worker *w, struct rte_mbuf *pkt,
				    const struct vnf_headers *h, const struct ip_addr *src,
				    uint8_t type, uint8_t code, uint32_t rest)
{
	uint32_t room = V6_ERROR_MAX - sizeof(struct error6);
	uint32_t octets = RTE_MIN(h->end - h->l3, room);
	struct rte_mbuf *error = ip_packet(w, (uint32_t)sizeof(struct error6) + octets);
	struct error6 *e;

	if (error == NULL)
		return NULL;
	vnf_ether(error)->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	e = rte_pktmbuf_mtod_offset(error, struct error6 *, IP_ETHER_BYTES);
	*e = (struct error6){
		.ip = { .vtc_flow = RTE_BE32(0x60000000),
			.payload_len = rte_cpu_to_be_16((uint16_t)(ICMP_BYTES + octets)),
			.proto = IPPROTO_ICMPV6,
			.hop_limits = IP_TTL_OWN },
		.type = type,
		.code = code,
		.rest = rte_cpu_to_be_32(rest),
	};
	memcpy(e->ip.src_addr, src->octet, sizeof(e->ip.src_addr));
	memcpy(e->ip.dst_addr, vnf_ipv6(pkt, h)->src_addr, sizeof(e->ip.dst_addr));
	quote(error, IP_ETHER_BYTES + (uint32_t)sizeof(*e), pkt, h, octets);
	e->checksum = rte_ipv6_udptcp_cksum(&e->ip, &e->type);
	return error;
}

static void error_send(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		       const struct ip_interface *in, uint8_t type, uint8_t code, uint32_t rest,
		       bool of_group)
{
	struct ip_addr to, src;
	struct rte_mbuf *error;

	ip_was_restore(pkt, h);
	to = ip_src(pkt, h);
	if (!may_be_told(w, pkt, h, of_group) || !error_source(w, pkt, h, in, type, code, &src) ||
	    !within_limits(w, &to))
		return;
	/* What is quoted is read by people and programs. One that is yet to be cut stays open. */
	vnf_checksums_complete(pkt, h);
	error = vnf_is_ipv4(h) ? error4_make(w, pkt, h, &src, type, code, rest)
			       : error6_make(w, pkt, h, &src, type, code, rest);
	if (error == NULL)
		return;
	w->node->counts.errors_sent++;
	ip_apply(w, in != NULL ? in->port : 0, error, ip_send(w, error, in));
}

void ip_icmp_error(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
		   const struct ip_interface *in, uint8_t type, uint8_t code, uint32_t rest)
{
	error_send(w, pkt, h, in, type, code, rest, false);
}

void ip_icmp_option_error(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h,
			  const struct ip_interface *in, uint32_t pointer, bool of_group)
{
	error_send(w, pkt, h, in, ICMP6_PARAMETER, ICMP6_OPTION, pointer, of_group);
}

/* ---- echo ---- */

/* RFC 792, RFC 1122 section 3.2.2.6. */
static bool echo4(struct ip_worker *w, struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	rte_be32_t asker = ip->src_addr;

	vnf_set_l4_field(pkt, h, 0, rte_cpu_to_be_16(ICMP4_ECHO_REPLY << 8));
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = asker;
	ip->time_to_live = IP_TTL_OWN;
	ip->fragment_offset = 0;
	ip->packet_id = rte_cpu_to_be_16(w->node->fragment_id++);
	/* RFC 1812 section 4.3.3.6: options that ask for it have this node, too. */
	return ip_options_fill(pkt, h, ip->src_addr) == 0;
}

/* The reply has no extension headers. */
static void ext_remove(struct rte_mbuf *pkt, struct vnf_headers *h)
{
	uint16_t octets = (uint16_t)(h->l4 - h->l3 - sizeof(struct rte_ipv6_hdr));
	uint8_t *frame = rte_pktmbuf_mtod(pkt, uint8_t *);
	struct rte_ipv6_hdr *ip;

	if (octets == 0)
		return;
	memmove(frame + octets, frame, h->l3 + sizeof(struct rte_ipv6_hdr));
	rte_pktmbuf_adj(pkt, octets);
	ip = vnf_ipv6(pkt, h);
	ip->proto = IPPROTO_ICMPV6;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->payload_len) - octets));
	vnf_parse(pkt, h);
}

/* RFC 4443 section 4.2. To a group: from an address of the interface. */
static bool echo6(struct ip_worker *w, struct rte_mbuf *pkt, struct vnf_headers *h,
		  const struct ip_interface *in)
{
	struct ip_addr asker = ip_src(pkt, h), asked = ip_dst(pkt, h);

	if (ip_is_multicast(&asked) && !ip_own_source(w->node, in, &asker, &asked))
		return false;
	ext_remove(pkt, h);
	vnf_set_l4_field(pkt, h, 0, rte_cpu_to_be_16(ICMP6_ECHO_REPLY << 8));
	vnf_set_ipv6_src(pkt, h, asked.octet);
	vnf_set_ipv6_dst(pkt, h, asker.octet);
	vnf_ipv6(pkt, h)->hop_limits = IP_TTL_OWN;
	return true;
}

vnf_verdict_t ip_icmp_echo(struct ip_worker *w, struct rte_mbuf *pkt, struct vnf_headers *h,
			   const struct ip_interface *in)
{
	struct ip_addr asker = ip_src(pkt, h), asked = ip_dst(pkt, h);

	if (ip_is_zero(&asker))
		return VNF_DROP(VNF_DROP_MARTIAN);
	if (!ip_is_multicast(&asked) && !ip_own_may_speak(w, &asked))
		return VNF_DROP(VNF_DROP_FOR_ITSELF);
	w->node->counts.echoes++;
	if (vnf_is_ipv4(h) && !echo4(w, pkt, h))
		return VNF_DROP(VNF_DROP_IPV4_OPTIONS);
	if (vnf_is_ipv6(h) && !echo6(w, pkt, h, in))
		return VNF_DROP(VNF_DROP_FOR_ITSELF);
	return ip_send(w, pkt, in);
}
