/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Shallow virtual reassembly, vnf/frag.h: what a fragment means for its datagram. Each is read
 * (part_read), its datagram looked up or begun, its octets are added to those that were seen, and
 * it goes on, waits, or is refused. Whatever is refused but was not seen before ends its datagram,
 * so that "seen" never claims what was not let through. Worker.
 */

#include <vnf/frag.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frag_table.h"

#define DATAGRAM_MAX UINT16_MAX
#define FRAGMENT_EXT_BYTES 8
#define ECHO_REPLY 0
#define ECHO_REQUEST 8
#define ECHO6_REQUEST 128
#define ECHO6_REPLY 129

/* A fragment. */
struct part {
	struct vnf_frag is; /* key of its datagram; of a first fragment also what layer 4 says */
	struct frag_range octets;
	uint16_t before; /* octets that its headers add to the datagram's length */
	bool first;
	bool more;
	uint8_t head[FRAG_HEAD_BYTES]; /* of a first fragment: its first octets, then zeros */
};

/* ---- reading ---- */

/* First octet of the part of the datagram. */
static uint32_t ipv4_read(struct rte_mbuf *pkt, const struct vnf_headers *h, struct part *part)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);

	memcpy(part->is.src, &ip->src_addr, sizeof(ip->src_addr));
	memcpy(part->is.dst, &ip->dst_addr, sizeof(ip->dst_addr));
	part->is.id = rte_be_to_cpu_16(ip->packet_id);
	part->is.version = 4;
	/* Not h->proto: of a first fragment that may be what follows AH. */
	part->is.ip_proto = ip->next_proto_id;
	part->before = rte_ipv4_hdr_len(ip);
	return h->l3 + (uint32_t)part->before;
}

static uint32_t ipv6_read(struct rte_mbuf *pkt, const struct vnf_headers *h, struct part *part)
{
	const struct rte_ipv6_hdr *ip = vnf_ipv6(pkt, h);
	const struct rte_ipv6_fragment_ext *ext = rte_pktmbuf_mtod_offset(
		pkt, const struct rte_ipv6_fragment_ext *, h->fragment_header);

	memcpy(part->is.src, ip->src_addr, sizeof(part->is.src));
	memcpy(part->is.dst, ip->dst_addr, sizeof(part->is.dst));
	part->is.id = rte_be_to_cpu_32(ext->id);
	part->is.version = 6;
	part->before = (uint16_t)(h->fragment_header - h->l3 - sizeof(*ip));
	return h->fragment_header + FRAGMENT_EXT_BYTES;
}

static bool is_echo(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	uint8_t type;

	if (!vnf_is_icmp(h))
		return false;
	type = vnf_icmp(pkt, h)->icmp_type;
	return h->proto == IPPROTO_ICMP ? type == ECHO_REQUEST || type == ECHO_REPLY
					: type == ECHO6_REQUEST || type == ECHO6_REPLY;
}

static void l4_read(struct rte_mbuf *pkt, const struct vnf_headers *h, struct vnf_frag *to)
{
	to->proto = h->proto;
	to->flags = VNF_FRAG_KNOWN;
	if (vnf_has_ports(h)) {
		to->flags |= VNF_FRAG_PORTS;
		to->ports = *vnf_ports(pkt, h);
	} else if (is_echo(pkt, h)) {
		to->flags |= VNF_FRAG_ECHO;
		to->icmp_id = vnf_icmp(pkt, h)->icmp_ident;
	}
}

static void part_read(struct rte_mbuf *pkt, const struct vnf_headers *h, uint32_t domain,
		      struct part *part)
{
	uint32_t at;

	memset(part, 0, sizeof(*part));
	at = vnf_is_ipv4(h) ? ipv4_read(pkt, h, part) : ipv6_read(pkt, h, part);
	part->is.domain = domain;
	part->first = h->fragment_offset == 0;
	part->more = (h->flags & VNF_FRAGMENTS_MORE) != 0;
	part->octets.begin = h->fragment_offset;
	part->octets.end = (uint16_t)(h->fragment_offset + h->end - at);
	if (part->first) {
		struct vnf_cursor c = vnf_cursor_at(pkt, at, h->end);

		vnf_cursor_copy(&c, part->head,
				RTE_MIN(vnf_cursor_left(&c), (uint32_t)FRAG_HEAD_BYTES));
		l4_read(pkt, h, &part->is);
	}
}

/* ---- one fragment more ---- */

/* As long as all of it, with the headers of the first fragment, is a packet: RFC 791 section 3.2,
 * RFC 8200 section 4.5.
 */
static bool length_is_possible(const struct datagram *d, const struct part *part)
{
	uint32_t end = RTE_MAX((uint32_t)part->octets.end, frag_ranges_reach(&d->seen));

	return end + (part->first ? part->before : d->before) <= DATAGRAM_MAX;
}

/* It came before. Was it doubled on its way, and may that be? */
static bool duplicate_is_harmless(const struct vnf_frags *frags, const struct datagram *d,
				  const struct part *part)
{
	if (part->is.version != 4 || frags->conf.ipv4_overlap != VNF_FRAG_OVERLAP_DUPLICATES)
		return false;
	return !part->first || memcmp(d->head, part->head, sizeof(d->head)) == 0;
}

/* 0, or why it is refused; of all reasons but VNF_DROP_FRAGMENT_DUPLICATE the datagram ends. */
static uint32_t part_add(struct vnf_frags *frags, struct datagram *d, const struct part *part)
{
	uint32_t bad;

	if (!length_is_possible(d, part))
		return VNF_DROP_FRAGMENT_BEYOND;
	bad = frag_ranges_add(&d->seen, part->octets, part->more);
	if (bad == VNF_DROP_FRAGMENT_DUPLICATE && !duplicate_is_harmless(frags, d, part))
		return VNF_DROP_FRAGMENT_OVERLAP;
	return bad;
}

static void first_note(struct vnf_frags *frags, struct datagram *d, const struct part *part)
{
	d->pub.proto = part->is.proto;
	d->pub.flags = part->is.flags;
	d->pub.ports = part->is.ports;
	d->pub.icmp_id = part->is.icmp_id;
	d->before = part->before;
	memcpy(d->head, part->head, sizeof(d->head));
	frag_table_know(frags, d);
}

/* ---- the end of a life ---- */

static uint32_t life_reason(const struct datagram *d)
{
	return d->state == FRAG_KNOWN ? VNF_DROP_FRAGMENT_LEFT : VNF_DROP_FRAGMENT_ALONE;
}

static void life_expired(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	struct datagram *d = RTE_PTR_SUB(timeout, offsetof(struct datagram, timeout));

	(void)worker;
	frag_table_remove(d->in, d, life_reason(d));
}

/* Its datagram, or a new one. Timeouts may be a little late; lives are not. */
static struct datagram *datagram_of(struct vnf_frags *frags, const struct part *part)
{
	struct vnf_frag key = part->is;
	uint32_t hash;
	struct datagram *d = frag_table_find(frags, &key, &hash);

	if (likely(d != NULL)) {
		if (frags->worker->now_ns - d->timeout.touched_ns < frags->conf.life_ns)
			return d;
		frag_table_remove(frags, d, life_reason(d));
	}
	key.proto = 0;
	key.flags = 0;
	key.ports = (struct vnf_ports){ 0, 0 };
	key.icmp_id = 0;
	return frag_table_add(frags, &key, hash, part->first);
}

/* ---- what others call ---- */

uint32_t vnf_frag_see(struct vnf_frags *frags, uint16_t port, struct rte_mbuf *pkt,
		      const struct vnf_headers *h, uint32_t domain, struct vnf_frag **frag)
{
	struct datagram *d;
	struct part part;
	uint32_t bad;

	*frag = NULL;
	if ((h->flags & (VNF_FRAGMENT | VNF_QUOTED)) != VNF_FRAGMENT)
		return 0;
	if (unlikely(frags->ending))
		return VNF_DROP_APPLICATION;
	if (frags->complete != NULL)
		frag_table_remove(frags, frags->complete, VNF_DROP_FRAGMENT_LEFT);
	part_read(pkt, h, domain, &part);
	if (part.octets.begin == part.octets.end)
		return VNF_DROP_FRAGMENT_LENGTH;
	d = datagram_of(frags, &part);
	if (d->state == FRAG_DEAD)
		return d->why;
	bad = part_add(frags, d, &part);
	if (bad == VNF_DROP_FRAGMENT_DUPLICATE)
		return bad;
	if (bad == 0 && part.first)
		first_note(frags, d, &part);
	if (bad == 0 && d->state == FRAG_ALONE) {
		if (frag_wait_put(frags, d, pkt, port))
			return VNF_FRAG_WAITS;
		bad = VNF_DROP_FRAGMENT_BUDGET;
	}
	if (bad != 0) {
		frag_table_kill(frags, d, bad);
		return bad;
	}
	if (frag_ranges_complete(&d->seen))
		frags->complete = d;
	*frag = &d->pub;
	return 0;
}

struct rte_mbuf *vnf_frag_next(struct vnf_frags *frags, struct vnf_frag *frag, uint16_t *port)
{
	struct datagram *d = (struct datagram *)frag;

	if (d == NULL || frags->ending)
		return NULL;
	return frag_wait_get(frags, d, port);
}

uint32_t vnf_frags_count(const struct vnf_frags *frags, uint32_t *waiting)
{
	if (waiting != NULL)
		*waiting = frags->n_waits;
	return frags->n;
}

/* ---- creation and release ---- */

static bool conf_read(struct vnf_frags_conf *c, const struct vnf_frags_conf *conf)
{
	if (conf != NULL)
		*c = *conf;
	if (c->datagrams == 0)
		c->datagrams = VNF_FRAG_DATAGRAMS;
	if (c->waiting == 0)
		c->waiting = VNF_FRAG_WAITING;
	if (c->waiting_each == 0)
		c->waiting_each = VNF_FRAG_WAITING_EACH;
	if (c->per_source == 0)
		c->per_source = VNF_FRAG_PER_SOURCE;
	if (c->life_ns == 0)
		c->life_ns = VNF_FRAG_LIFE_NS;
	return c->datagrams <= VNF_FRAG_DATAGRAMS_MAX && c->waiting <= VNF_FRAG_WAITING_MAX &&
	       c->waiting_each <= VNF_FRAG_PARTS_MAX && c->life_ns <= VNF_FRAG_LIFE_MAX_NS &&
	       c->ipv4_overlap <= VNF_FRAG_OVERLAP_DUPLICATES;
}

int vnf_frags_create(struct vnf_worker *worker, const struct vnf_frags_conf *conf,
		     struct vnf_frags **frags)
{
	struct vnf_frags *f = calloc(1, sizeof(*f));
	int ret = -ENOMEM;

	if (f == NULL)
		return ret;
	f->worker = worker;
	if (!conf_read(&f->conf, conf)) {
		ret = -EINVAL;
		goto free_frags;
	}
	f->life = (struct vnf_timeout_class){ "datagram", f->conf.life_ns, life_expired };
	ret = vnf_timeouts_create(worker, &f->life, 1, &f->timeouts);
	if (ret < 0)
		goto free_frags;
	ret = frag_table_init(f);
	if (ret < 0)
		goto destroy_timeouts;
	*frags = f;
	return 0;
destroy_timeouts:
	vnf_timeouts_destroy(f->timeouts);
free_frags:
	free(f);
	return ret;
}

void vnf_frags_destroy(struct vnf_frags *frags)
{
	if (frags == NULL)
		return;
	frags->conf.ended = NULL;
	for (uint32_t i = 0; i < FRAG_STATES; i++)
		while (!TAILQ_EMPTY(&frags->state[i]))
			frag_table_remove(frags, TAILQ_FIRST(&frags->state[i]), VNF_DROP_STOPPING);
	vnf_timeouts_destroy(frags->timeouts);
	frag_table_fini(frags);
	free(frags);
}
