/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Answers to what is refused, so that its sender need not wait: to TCP a reset (RFC 9293 section
 * 3.10.7.1), to all else an ICMP error (RFC 1812 section 5.2.7.1: administratively prohibited; RFC
 * 4443 section 3.1). No answer is sent to what might not be a single host, to errors and resets,
 * and to fragments but the first; nor more of them in a second than the policy says. Worker.
 */
#include "firewall.h"

#include <vnf/edit.h>

#define TTL 64
#define ICMP_UNREACHABLE 3
#define ICMP_PROHIBITED 13
#define ICMP6_UNREACHABLE 1
#define ICMP6_PROHIBITED 1
#define ICMP_QUOTE_BYTES 548   /* RFC 1812 section 4.3.2.3: 576 octets in all */
#define ICMP6_QUOTE_BYTES 1232 /* RFC 4443 section 2.4 (c): 1,280 octets in all */

/* ---- may it be answered? ---- */

static bool source_is_host(const struct fw_packet *p)
{
	static const uint8_t zero[16];

	if (p->table == FW_IPV4)
		return vnf_ipv4(p->pkt, p->h)->src_addr != 0;
	return memcmp(vnf_ipv6(p->pkt, p->h)->src_addr, zero, sizeof(zero)) != 0;
}

static bool destination_is_host(const struct fw_packet *p)
{
	if (rte_is_multicast_ether_addr(&vnf_ether(p->pkt)->dst_addr))
		return false;
	if (p->table == FW_IPV6)
		return vnf_ipv6(p->pkt, p->h)->dst_addr[0] != 0xff;
	return rte_be_to_cpu_32(vnf_ipv4(p->pkt, p->h)->dst_addr) >> 28 < 14;
}

static bool is_answerable(const struct fw_packet *p)
{
	/* Later fragments are not refused (fragment.c); they have no TCP header to look at. */
	if (p->h->fragment_offset != 0 || vnf_is_icmp_error(p->pkt, p->h))
		return false;
	if (p->h->proto == IPPROTO_TCP &&
	    (vnf_tcp(p->pkt, p->h)->tcp_flags & RTE_TCP_RST_FLAG) != 0)
		return false;
	return source_is_host(p) && destination_is_host(p);
}

/* One of so many answers a second; a tenth of them at once. When the bucket is full after it, if it
 * will be at `was` without; 0: there is none left.
 */
static uint64_t answer_full_ns(const struct fw_worker *w, uint64_t was)
{
	uint32_t rate = fw_policy_of(w->worker)->reject_rate;
	uint64_t now = w->worker->now_ns, share, full;

	if (rate == 0)
		return 0;
	share = VNF_SECOND_NS / rate;
	full = RTE_MAX(was, now) + share;
	return full > now + RTE_MAX(VNF_SECOND_NS / 10, share) ? 0 : full;
}

/* All workers take from one bucket, as one of them may have all that is refused. */
static bool answer_take(const struct fw_worker *w)
{
	uint64_t full, was = __atomic_load_n(w->reject_full_ns, __ATOMIC_RELAXED);

	do {
		full = answer_full_ns(w, was);
		if (full == 0)
			return false;
	} while (!__atomic_compare_exchange_n(w->reject_full_ns, &was, full, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

/* ---- building ---- */

/* An empty answer: Ethernet, with the tags of the packet, back to where it came from. NULL: no
 * memory.
 */
static struct rte_mbuf *answer_begin(struct fw_worker *w, const struct fw_packet *p)
{
	struct rte_mbuf *reply = vnf_packet_alloc(w->worker);
	const struct rte_ether_hdr *from = vnf_ether(p->pkt);
	struct rte_ether_hdr *eth;

	if (reply == NULL)
		return NULL;
	eth = (void *)rte_pktmbuf_append(reply, p->h->l3);
	memcpy(eth, from, p->h->l3);
	eth->dst_addr = from->src_addr;
	eth->src_addr = from->dst_addr;
	return reply;
}

/* The IP header of an answer with so many octets behind it; where those begin. */
static void *ip_append(struct rte_mbuf *reply, const struct fw_packet *p, uint8_t proto,
		       uint16_t octets)
{
	if (p->table == FW_IPV4) {
		const struct rte_ipv4_hdr *of = vnf_ipv4(p->pkt, p->h);
		struct rte_ipv4_hdr *ip =
			(void *)rte_pktmbuf_append(reply, (uint16_t)(sizeof(*ip) + octets));

		*ip = (struct rte_ipv4_hdr){
			.version_ihl = VNF_IPV4_PLAIN,
			.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + octets)),
			.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
			.time_to_live = TTL,
			.next_proto_id = proto,
			.src_addr = of->dst_addr,
			.dst_addr = of->src_addr,
		};
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		return ip + 1;
	}
	const struct rte_ipv6_hdr *of = vnf_ipv6(p->pkt, p->h);
	struct rte_ipv6_hdr *ip =
		(void *)rte_pktmbuf_append(reply, (uint16_t)(sizeof(*ip) + octets));

	*ip = (struct rte_ipv6_hdr){ .vtc_flow = RTE_BE32(6u << 28),
				     .payload_len = rte_cpu_to_be_16(octets),
				     .proto = proto,
				     .hop_limits = TTL };
	memcpy(ip->src_addr, of->dst_addr, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, of->src_addr, sizeof(ip->dst_addr));
	return ip + 1;
}

static rte_be16_t sum_of(const struct fw_packet *p, const void *l4)
{
	if (p->table == FW_IPV4) {
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l4 - 1;

		return rte_ipv4_udptcp_cksum(ip, l4);
	}
	return rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)l4 - 1, l4);
}

static void reset_append(struct rte_mbuf *reply, const struct fw_packet *p)
{
	const struct rte_tcp_hdr *of = vnf_tcp(p->pkt, p->h);
	struct rte_tcp_hdr *tcp = ip_append(reply, p, IPPROTO_TCP, sizeof(*tcp));
	uint32_t length = p->h->end - p->h->payload;

	*tcp = (struct rte_tcp_hdr){ .src_port = of->dst_port,
				     .dst_port = of->src_port,
				     .data_off = sizeof(*tcp) / 4 << 4,
				     .tcp_flags = RTE_TCP_RST_FLAG };
	if ((of->tcp_flags & RTE_TCP_ACK_FLAG) != 0) {
		tcp->sent_seq = of->recv_ack;
	} else { /* a SYN: fw_tcp_open() takes nothing else without ACK */
		length++;
		tcp->recv_ack = rte_cpu_to_be_32(rte_be_to_cpu_32(of->sent_seq) + length);
		tcp->tcp_flags |= RTE_TCP_ACK_FLAG;
	}
	tcp->cksum = sum_of(p, tcp);
}

/* The bridge has no address: the error comes from where the packet was to go. */
static void error_append(struct rte_mbuf *reply, struct fw_packet *p)
{
	bool v4 = p->table == FW_IPV4;
	uint32_t most = v4 ? ICMP_QUOTE_BYTES : ICMP6_QUOTE_BYTES;
	uint32_t quoted = RTE_MIN(p->h->end - p->h->l3, most);
	struct rte_icmp_hdr *icmp;
	struct vnf_cursor c;

	/* Whether there is such a checksum or not: the quote is what was sent, if that can be. */
	vnf_checksums_complete(p->pkt, p->h);
	icmp = ip_append(reply, p, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
			 (uint16_t)(sizeof(*icmp) + quoted));
	*icmp = (struct rte_icmp_hdr){ .icmp_type = v4 ? ICMP_UNREACHABLE : ICMP6_UNREACHABLE,
				       .icmp_code = v4 ? ICMP_PROHIBITED : ICMP6_PROHIBITED };
	c = vnf_cursor_at(p->pkt, p->h->l3, p->h->end);
	vnf_cursor_copy(&c, icmp + 1, quoted);
	if (v4)
		icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, sizeof(*icmp) + quoted);
	else
		icmp->icmp_cksum = sum_of(p, icmp);
}

/* ---- answering ---- */

static vnf_verdict_t reset_send(struct fw_worker *w, struct fw_packet *p)
{
	struct rte_mbuf *reply = answer_begin(w, p);

	if (reply == NULL)
		return fw_drop(FW_DROP_REJECTED);
	reset_append(reply, p);
	if (fw_policy_of(w->worker)->mode == FW_ROUTED)
		vnf_ip_send(w->worker, p->port, reply);
	else
		vnf_send(w->worker, p->port, reply);
	return fw_drop(FW_DROP_REJECTED);
}

static vnf_verdict_t error_send(struct fw_worker *w, struct fw_packet *p)
{
	bool v4 = p->table == FW_IPV4;
	struct rte_mbuf *reply;

	if (fw_policy_of(w->worker)->mode == FW_ROUTED)
		return vnf_ip_refuse(w->worker, p->port, p->pkt,
				     v4 ? ICMP_UNREACHABLE : ICMP6_UNREACHABLE,
				     v4 ? ICMP_PROHIBITED : ICMP6_PROHIBITED, FW_DROP_REJECTED);
	reply = answer_begin(w, p);
	if (reply == NULL)
		return fw_drop(FW_DROP_REJECTED);
	error_append(reply, p);
	vnf_send(w->worker, p->port, reply);
	return fw_drop(FW_DROP_REJECTED);
}

vnf_verdict_t fw_refuse(struct fw_worker *w, struct fw_packet *p)
{
	if (!is_answerable(p) || !answer_take(w))
		return fw_drop(FW_DROP_REJECTED);
	if (p->h->proto == IPPROTO_TCP && p->h->l4 != 0)
		return reset_send(w, p);
	return error_send(w, p);
}

enum fw_answer fw_refuse_foresee(const struct fw_worker *w, const struct fw_packet *p)
{
	if (!is_answerable(p))
		return FW_ANSWER_NOT_ALLOWED;
	if (answer_full_ns(w, __atomic_load_n(w->reject_full_ns, __ATOMIC_RELAXED)) == 0)
		return FW_ANSWER_RATE;
	if (p->h->proto == IPPROTO_TCP && p->h->l4 != 0)
		return FW_ANSWER_RESET;
	return p->table == FW_IPV4 ? FW_ANSWER_ICMP : FW_ANSWER_ICMP6;
}
