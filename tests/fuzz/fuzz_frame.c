/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for what reads frames and the headers that the kernel puts before them: the flow
 * hash, the sink's check, and the completion and making of vnet headers, on packets of one and of
 * two segments. The first octets are the vnet header and the place of the cut, the rest is the
 * frame. Buffers end where the data ends, so that the address sanitizer sees a read beyond.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow_hash.h"
#include "traffic.h"
#include "vnet_hdr.h"

/* A segment whose buffer is exactly its data. */
static void segment_init(struct rte_mbuf *m, const uint8_t *data, size_t n)
{
	memset(m, 0, sizeof(*m));
	m->buf_addr = malloc(n > 0 ? n : 1);
	if (m->buf_addr == NULL)
		abort();
	memcpy(m->buf_addr, data, n);
	m->buf_len = (uint16_t)n;
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	m->nb_segs = 1;
}

static void hash_and_check(const uint8_t *frame, size_t n)
{
	static struct traffic_sink sink;
	uint8_t *exact = malloc(n > 0 ? n : 1);

	if (exact == NULL)
		abort();
	memcpy(exact, frame, n);
	/* The switch drops what is shorter than an Ethernet header before it hashes. */
	if (n >= 14)
		(void)hsw_flow_hash(exact, (uint32_t)n);
	traffic_sink_check(&sink, exact, (uint32_t)n);
	free(exact);
}

static void headers(const struct virtio_net_hdr *hdr, const uint8_t *frame, size_t n, size_t cut)
{
	struct virtio_net_hdr made;
	struct rte_mbuf first, second;

	segment_init(&first, frame, cut);
	segment_init(&second, frame + cut, n - cut);
	if (cut < n) {
		first.next = &second;
		first.nb_segs = 2;
		first.pkt_len = (uint32_t)n;
	}
	(void)vnet_hdr_complete(hdr, &first);
	/* Header lengths are the program's own word; none is odd. */
	first.ol_flags = (uint64_t)hdr->flags << 50;
	first.l2_len = hdr->hdr_len & 0x7e;
	first.l3_len = hdr->csum_start & 0x1fc;
	(void)vnet_hdr_make(&made, &first);
	free(first.buf_addr);
	free(second.buf_addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtio_net_hdr hdr;
	size_t n, cut;

	if (size < sizeof(hdr) + 2 || size > 4096)
		return 0;
	memcpy(&hdr, data, sizeof(hdr));
	cut = (size_t)data[sizeof(hdr)] << 8 | data[sizeof(hdr) + 1];
	data += sizeof(hdr) + 2;
	n = size - sizeof(hdr) - 2;
	hash_and_check(data, n);
	/* A callback's promise: the Ethernet header is in the first segment. */
	if (n >= 14)
		headers(&hdr, data, n, cut < 14 || cut > n ? n : cut);
	return 0;
}
