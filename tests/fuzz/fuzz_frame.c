/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for what reads frames and the headers that a kernel puts before them: the flow hash,
 * the sink's check, and the whole way of what a frame leaves open, from the header before it to
 * packets that fit a port and the headers before those. The first octets are the header, how the
 * frame is cut into segments, and what was agreed; the rest is the frame.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vnf/embed.h>

#include "flow_hash.h"
#include "fuzz_packets.h"
#include "must.h"
#include "traffic.h"
#include "vnet_hdr.h"

/* ---- what the library would provide ---- */

static struct vnf_port_counters port_counters;
static struct vnf_worker_counters counters = { .port = &port_counters };

struct vnf_worker_counters *vnf_worker_counters(struct vnf_worker *worker)
{
	(void)worker;
	return &counters;
}

void vnf_drop_note(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		   uint16_t n, uint32_t reason, uint16_t to)
{
	(void)worker;
	(void)port;
	(void)pkts;
	(void)n;
	(void)reason;
	(void)to;
}

/* ---- what must hold ---- */

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

/* What the header before it says is within the packet. */
static void header_check(const struct rte_mbuf *pkt)
{
	struct virtio_net_hdr hdr;

	must(vnet_hdr_write(&hdr, pkt) == 0);
	if ((hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0)
		must(hdr.csum_start + hdr.csum_offset + 2u <= pkt->data_len);
	if (hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		must(hdr.gso_size >= VNF_TSO_MIN && hdr.hdr_len <= pkt->data_len &&
		     hdr.hdr_len > hdr.csum_start);
}

static uint64_t drops_total(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < VNF_DROPS_MAX; i++)
		n += port_counters.drops[i];
	return n;
}

/* Made to fit a port, each packet fits it, and none is lost from sight. */
static void fit(struct rte_mbuf *pkt, const struct vnf_port *port)
{
	struct vnf_worker worker = { .count = 1 };
	struct rte_mbuf *out[7];
	struct vnf_fit fit;
	uint64_t sent = 0;
	uint16_t n;

	memset(&port_counters, 0, sizeof(port_counters));
	counters.created = 0;
	if (vnf_tso_limit(&worker, 0, &pkt, 1, 1) == 1) {
		vnf_fit_begin(&fit, &worker, port, &pkt, 1);
		while ((n = vnf_fit_next(&fit, out, RTE_DIM(out))) > 0) {
			sent += n;
			for (uint16_t i = 0; i < n; i++) {
				must(out[i]->pkt_len <= port->mtu + (uint32_t)VNF_FRAME_OVERHEAD ||
				     (out[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0);
				if (out[i]->pkt_len >= RTE_ETHER_HDR_LEN)
					header_check(out[i]);
				rte_pktmbuf_free(out[i]);
			}
		}
	}
	must(1 + counters.created == sent + drops_total());
}

/* `how`: what was agreed, and what the destination takes. */
static void headers(const struct virtio_net_hdr *hdr, const uint8_t *frame, size_t n, uint8_t cut,
		    uint8_t how)
{
	struct vnf_port port = { .pool = &pool, .mtu = 1500, .tso_min = VNF_TSO_MIN };
	struct rte_mbuf *pkt = packet(frame, (uint32_t)n, cut);

	vnf_port_set_takes(&port, how >> 2 & 15);
	if ((how & 0x40) != 0)
		port.mtu = 100;
	mbufs_left = (how & 0x80) != 0 ? 3 : 10000;
	if (pkt->data_len < RTE_ETHER_HDR_LEN || vnet_hdr_read(hdr, pkt, how & 3) < 0)
		rte_pktmbuf_free(pkt);
	else
		fit(pkt, &port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtio_net_hdr hdr;
	size_t n;

	if (size < sizeof(hdr) + 2 || size > FRAME_MAX)
		return 0;
	pool_init();
	memcpy(&hdr, data, sizeof(hdr));
	n = size - sizeof(hdr) - 2;
	hash_and_check(data + sizeof(hdr) + 2, n);
	/* A callback's promise: the Ethernet header is in the first segment. */
	headers(&hdr, data + sizeof(hdr) + 2, n, data[sizeof(hdr)], data[sizeof(hdr) + 1]);
	return 0;
}
