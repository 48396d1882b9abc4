/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Frames of the traffic generator and the check of their sequence; see traffic.h.
 *
 * A frame is a copy of a template in which only addresses, lengths, the sequence number and the two
 * checksums are written anew. The checksums (RFC 1071) are sums prepared per length, to which the
 * words that vary are added.
 *
 * A sink keeps, per stream and queue, the highest sequence number and how many different ones came.
 * Missing ones are counted by the reader, over all queues of the port, because the frames of one
 * stream may arrive over several.
 */
#include "traffic.h"

#include <stdbool.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#define WORDS (TRAFFIC_WINDOW / 64)
/* A word of the bitmap is cleared when the first of its 64 numbers is entered. */
#define WINDOW_SURE (TRAFFIC_WINDOW - 64)
#define FLOWS_PER_ADDRESS 32768u
#define UDP_PORT_FIRST 1024u

struct payload {
	rte_be32_t magic;
	rte_be32_t stream;
	rte_be64_t seq;
} __rte_packed;

struct frame {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	struct payload payload;
} __rte_packed __rte_aligned(2);

#define PAYLOAD_OFFSET offsetof(struct frame, payload)

static uint32_t sum_words(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	uint16_t word;

	for (; n >= 2; n -= 2, p += 2) {
		memcpy(&word, p, 2);
		sum += word;
	}
	if (n > 0) {
		word = 0;
		memcpy(&word, p, 1);
		sum += word;
	}
	return sum;
}

static inline uint16_t sum_finish(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline uint32_t turn_next(struct traffic_turn *t)
{
	uint32_t at = t->at;

	t->at = at + 1 == t->end ? t->first : at + 1;
	return at;
}

static void turn_init(struct traffic_turn *t, uint32_t first, uint32_t end)
{
	t->at = first;
	t->first = first;
	t->end = end;
}

static inline void mac_write(struct rte_ether_addr *to, uint64_t mac)
{
	rte_be64_t be = rte_cpu_to_be_64(mac << 16);

	memcpy(to, &be, sizeof(*to));
}

static void template_init(struct traffic_gen *gen, const struct traffic_plan *plan, uint32_t stream)
{
	struct frame *f = (struct frame *)gen->template;

	for (size_t i = sizeof(*f); i < sizeof(gen->template); i++)
		gen->template[i] = (uint8_t)i;
	f->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = RTE_IPV4_VHL_DEF;
	f->ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	f->ip.time_to_live = 64;
	f->ip.next_proto_id = IPPROTO_UDP;
	f->ip.dst_addr = rte_cpu_to_be_32(plan->dst_ip);
	f->udp.dst_port = rte_cpu_to_be_16(TRAFFIC_UDP_PORT);
	f->payload.magic = rte_cpu_to_be_32(TRAFFIC_MAGIC);
	f->payload.stream = rte_cpu_to_be_32(stream);
}

/* Sums over the template, in which all that varies is still zero. */
static void size_init(struct traffic_size *s, const uint8_t *template, uint16_t frame_bytes)
{
	const struct frame *f = (const struct frame *)template;
	uint16_t udp_bytes = frame_bytes - offsetof(struct frame, udp);

	s->frame_bytes = frame_bytes;
	s->ip_length = rte_cpu_to_be_16(frame_bytes - offsetof(struct frame, ip));
	s->udp_length = rte_cpu_to_be_16(udp_bytes);
	s->ip_sum = sum_words((const uint8_t *)&f->ip, sizeof(f->ip)) + s->ip_length;
	/* The length stands in the UDP header and in the pseudo header. */
	s->udp_sum = sum_words((const uint8_t *)&f->udp, udp_bytes) + 2 * (uint32_t)s->udp_length;
	s->udp_sum += sum_words((const uint8_t *)&f->ip.dst_addr, sizeof(f->ip.dst_addr));
	s->udp_sum += rte_cpu_to_be_16(IPPROTO_UDP);
}

void traffic_gen_init(struct traffic_gen *gen, const struct traffic_plan *plan, uint32_t stream,
		      uint16_t part, uint16_t n_parts)
{
	uint32_t first = (uint32_t)((uint64_t)plan->flows * part / n_parts);
	uint32_t end = (uint32_t)((uint64_t)plan->flows * (part + 1u) / n_parts);

	memset(gen, 0, sizeof(*gen));
	gen->src_mac = plan->src_mac;
	gen->dst_mac = plan->dst_mac;
	gen->src_ip = plan->src_ip;
	if (first == end) {
		/* Fewer flows than queues: share one. */
		first = part % plan->flows;
		end = first + 1;
	}
	turn_init(&gen->flow, first, end);
	turn_init(&gen->mac, 0, plan->macs);
	turn_init(&gen->dst, 0, plan->dst_macs);
	turn_init(&gen->size, 0, plan->n_sizes);
	template_init(gen, plan, stream);
	for (uint16_t i = 0; i < plan->n_sizes; i++)
		size_init(&gen->sizes[i], gen->template, plan->sizes[i]);
}

uint16_t traffic_gen_build(struct traffic_gen *gen, uint8_t *frame)
{
	const struct traffic_size *s = &gen->sizes[turn_next(&gen->size)];
	uint32_t flow = turn_next(&gen->flow);
	rte_be16_t port = rte_cpu_to_be_16(UDP_PORT_FIRST + flow % FLOWS_PER_ADDRESS);
	rte_be32_t ip = rte_cpu_to_be_32(gen->src_ip + flow / FLOWS_PER_ADDRESS);
	rte_be64_t seq = rte_cpu_to_be_64(gen->seq++);
	struct frame *f = (struct frame *)frame;
	uint64_t varies = (uint64_t)ip + port + (uint32_t)seq + (seq >> 32);
	uint16_t sum;

	memcpy(frame, gen->template, TRAFFIC_FRAME_MIN);
	if (s->frame_bytes > TRAFFIC_FRAME_MIN)
		memcpy(frame + TRAFFIC_FRAME_MIN, gen->template + TRAFFIC_FRAME_MIN,
		       s->frame_bytes - TRAFFIC_FRAME_MIN);
	mac_write(&f->eth.dst_addr, gen->dst_mac + turn_next(&gen->dst));
	mac_write(&f->eth.src_addr, gen->src_mac + turn_next(&gen->mac));
	f->ip.total_length = s->ip_length;
	f->ip.src_addr = ip;
	f->ip.hdr_checksum = sum_finish((uint64_t)s->ip_sum + ip);
	f->udp.src_port = port;
	f->udp.dgram_len = s->udp_length;
	sum = sum_finish(s->udp_sum + varies);
	f->udp.dgram_cksum = sum == 0 ? UINT16_MAX : sum; /* RFC 768: zero means none. */
	f->payload.seq = seq;
	return s->frame_bytes;
}

/* Where the payload of a frame is that passed VLAN tags or IPv4 options on its way; 0 = nowhere. */
static uint32_t payload_find(const uint8_t *frame, uint32_t n)
{
	uint32_t at = offsetof(struct rte_ether_hdr, ether_type);
	rte_be16_t type;

	for (unsigned int tags = 0;; tags++) {
		if (at + sizeof(type) > n)
			return 0;
		memcpy(&type, frame + at, sizeof(type));
		if (type != rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN) &&
		    type != rte_cpu_to_be_16(RTE_ETHER_TYPE_QINQ))
			break;
		if (tags == 2)
			return 0;
		at += sizeof(struct rte_vlan_hdr);
	}
	at += sizeof(type);
	if (type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) || at + sizeof(struct rte_ipv4_hdr) > n ||
	    frame[at] >> 4 != IPVERSION ||
	    frame[at + offsetof(struct rte_ipv4_hdr, next_proto_id)] != IPPROTO_UDP)
		return 0;
	at += (frame[at] & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	at += sizeof(struct rte_udp_hdr);
	return at + sizeof(struct payload) > n ? 0 : at;
}

static bool payload_read(const uint8_t *frame, uint32_t n, struct payload *p)
{
	const rte_be32_t magic = rte_cpu_to_be_32(TRAFFIC_MAGIC);
	uint32_t at;

	if (likely(n >= PAYLOAD_OFFSET + sizeof(*p))) {
		memcpy(p, frame + PAYLOAD_OFFSET, sizeof(*p));
		if (likely(p->magic == magic))
			return true;
	}
	at = payload_find(frame, n);
	if (at == 0)
		return false;
	memcpy(p, frame + at, sizeof(*p));
	return p->magic == magic;
}

/* The counters have one writer; the store pairs with the relaxed loads of the reader. */
static inline void count_one(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static inline uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static uint32_t slot_new(struct traffic_sink *sink, uint32_t id)
{
	struct traffic_stream *st;
	uint32_t slot = sink->n_streams;

	if (slot == TRAFFIC_STREAMS_MAX) {
		slot = sink->victim;
		sink->victim = (slot + 1) % TRAFFIC_STREAMS_MAX;
	}
	st = &sink->streams[slot];
	__atomic_store_n(&sink->lost, sink->lost + st->next - st->unique, __ATOMIC_RELAXED);
	__atomic_store_n(&st->next, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&st->unique, 0, __ATOMIC_RELAXED);
	memset(st->seen, 0, sizeof(st->seen));
	__atomic_store_n(&sink->ids[slot], id, __ATOMIC_RELAXED);
	if (slot == sink->n_streams)
		/* Pairs with the acquire in traffic_sum(): the id is there first. */
		__atomic_store_n(&sink->n_streams, slot + 1, __ATOMIC_RELEASE);
	return slot;
}

static struct traffic_stream *stream_get(struct traffic_sink *sink, uint32_t id)
{
	uint32_t slot = sink->last;

	if (unlikely(sink->n_streams == 0 || sink->ids[slot] != id)) {
		for (slot = 0; slot < sink->n_streams; slot++)
			if (sink->ids[slot] == id)
				break;
		if (slot == sink->n_streams)
			slot = slot_new(sink, id);
		sink->last = slot;
	}
	return &sink->streams[slot];
}

static void stream_advance(struct traffic_stream *st, uint64_t seq)
{
	uint64_t word = (st->next + 63) / 64;

	if (seq - st->next >= TRAFFIC_WINDOW)
		memset(st->seen, 0, sizeof(st->seen));
	else
		for (; word <= seq / 64; word++)
			st->seen[word % WORDS] = 0;
	__atomic_store_n(&st->next, seq + 1, __ATOMIC_RELAXED);
}

static inline bool stream_test_and_set(struct traffic_stream *st, uint64_t seq)
{
	uint64_t *word = &st->seen[seq / 64 % WORDS];
	uint64_t bit = UINT64_C(1) << (seq % 64);
	bool was = (*word & bit) != 0;

	*word |= bit;
	return was;
}

void traffic_sink_check(struct traffic_sink *sink, const uint8_t *frame, uint32_t n)
{
	struct traffic_stream *st;
	struct payload p;
	uint64_t seq;
	bool late;

	if (unlikely(!payload_read(frame, n, &p) ||
		     (seq = rte_be_to_cpu_64(p.seq)) >= TRAFFIC_SEQ_END)) {
		count_one(&sink->foreign);
		return;
	}
	count_one(&sink->received);
	st = stream_get(sink, rte_be_to_cpu_32(p.stream));
	late = seq < st->next;
	if (unlikely(late && st->next - seq > WINDOW_SURE)) {
		/* Too old to tell a late frame from a second copy: the number stays missing. */
		count_one(&sink->reordered);
		return;
	}
	if (likely(!late))
		stream_advance(st, seq);
	if (unlikely(stream_test_and_set(st, seq))) {
		count_one(&sink->duplicated);
		return;
	}
	count_one(&st->unique);
	if (unlikely(late))
		count_one(&sink->reordered);
}

/* Numbers of stream `id` that no queue has seen. */
static uint64_t stream_lost(void *const *queues, uint16_t n_queues, uint32_t id)
{
	uint64_t next = 0, unique = 0;

	for (uint16_t q = 0; q < n_queues; q++) {
		const struct traffic_queue *tq = queues[q];
		const struct traffic_sink *sink = &tq->sink;
		uint32_t n = __atomic_load_n(&sink->n_streams, __ATOMIC_ACQUIRE);

		for (uint32_t i = 0; i < n; i++) {
			if (__atomic_load_n(&sink->ids[i], __ATOMIC_RELAXED) != id)
				continue;
			next = RTE_MAX(next, load(&sink->streams[i].next));
			unique += load(&sink->streams[i].unique);
		}
	}
	return next > unique ? next - unique : 0;
}

static bool stream_counted(void *const *queues, uint16_t n_queues, uint32_t id)
{
	for (uint16_t q = 0; q < n_queues; q++) {
		const struct traffic_queue *tq = queues[q];
		uint32_t n = __atomic_load_n(&tq->sink.n_streams, __ATOMIC_ACQUIRE);

		for (uint32_t i = 0; i < n; i++)
			if (__atomic_load_n(&tq->sink.ids[i], __ATOMIC_RELAXED) == id)
				return true;
	}
	return false;
}

void traffic_sum(void *const *queues, uint16_t n_queues, struct vnf_traffic_stats *out)
{
	memset(out, 0, sizeof(*out));
	for (uint16_t q = 0; q < n_queues; q++) {
		const struct traffic_queue *tq = queues[q];
		const struct traffic_sink *sink = &tq->sink;
		uint32_t n = __atomic_load_n(&sink->n_streams, __ATOMIC_ACQUIRE);

		out->generated += load(&tq->generated);
		out->received += load(&sink->received);
		out->reordered += load(&sink->reordered);
		out->duplicated += load(&sink->duplicated);
		out->foreign += load(&sink->foreign);
		out->lost += load(&sink->lost);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t id = __atomic_load_n(&sink->ids[i], __ATOMIC_RELAXED);

			if (!stream_counted(queues, q, id))
				out->lost += stream_lost(queues, n_queues, id);
		}
	}
}
