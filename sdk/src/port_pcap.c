/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind "pcap": receives the frames of a file, once or for ever, and writes what it is sent to
 * another. The file is read whole when the port opens, so that reception costs an allocation and a
 * copy per packet. net_pcap would not do: its time stamps are the clock's, and files are going to
 * be played by virtual time. At the end of the file the link stays up; there is just nothing more.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include <vnf/log.h>

#include "mbuf_chain.h"
#include "pace.h"
#include "pcap_frames.h"
#include "pcap_writer.h"
#include "port_kinds.h"
#include "vnf_priv.h"

struct pcap_spec {
	const char *rx_file;
	const char *tx_file;
	bool loop;
	uint32_t loop_from;
	uint64_t rate;
};

struct pcap_queue {
	struct pcap_frames frames;
	uint32_t at; /* next frame */
	uint32_t loop_from;
	bool loop;
	struct pace pace;
	uint16_t room; /* octets of a frame that fit in one mbuf */
	struct rte_mempool *pool;
	uint64_t nombuf;

	struct pcap_writer writer __rte_cache_aligned;
	bool failed_said; /* control thread */
};

static const struct vnf_config_key pcap_keys[] = {
	{ .name = "rx_file",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct pcap_spec, rx_file),
	  .doc = "File whose frames are received; by default none." },
	{ .name = "tx_file",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct pcap_spec, tx_file),
	  .doc = "File that sent frames are written to, replaced if it exists; by default none." },
	{ .name = "loop",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct pcap_spec, loop),
	  .def = "false",
	  .doc = "Begin again at the end of rx_file, for ever." },
	{ .name = "loop_from",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct pcap_spec, loop_from),
	  .def = "0",
	  .max = UINT32_MAX,
	  .doc = "Frame at which to begin again; those before it are received once, such as "
		 "handshakes before what is sent for ever." },
	{ .name = "rate",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct pcap_spec, rate),
	  .max = PACE_RATE_MAX,
	  .unit = "packets/s",
	  .def = "0",
	  .doc = "Frames of rx_file a second; 0 = as many as are taken." },
	{ .name = NULL },
};

static void pcap_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct pcap_spec *s = spec->kind_spec;

	if (s->rx_file[0] == '\0' && s->tx_file[0] == '\0')
		vnf_config_error(file, spec, "a pcap port needs rx_file or tx_file, or both");
}

/* Any number of ports may read a file, but none that another writes. */
static void pcap_claims(const struct vnf_port_spec *spec, struct vnf_claims *claims)
{
	const struct pcap_spec *s = spec->kind_spec;

	if (s->rx_file[0] != '\0')
		vnf_claim_file(claims, &s->rx_file, s->rx_file, true);
	if (s->tx_file[0] != '\0')
		vnf_claim_file(claims, &s->tx_file, s->tx_file, false);
}

static void pcap_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	(void)port;
	need->bytes += sizeof(struct pcap_queue);
}

/* ---- data path ---- */

/* The next frame into an empty packet; false if there is no mbuf for the rest of a long one. */
static inline bool frame_copy(struct pcap_queue *q, struct rte_mbuf *pkt)
{
	const struct pcap_frame *f = &q->frames.frame[q->at];
	const uint8_t *data = q->frames.data + f->offset;

	rte_prefetch0(data + f->bytes);
	if (likely(f->bytes <= q->room)) {
		memcpy(rte_pktmbuf_mtod(pkt, void *), data, f->bytes);
		pkt->data_len = (uint16_t)f->bytes;
		pkt->pkt_len = f->bytes;
	} else if (mbuf_chain_fill(pkt, data, f->bytes) < 0) {
		return false;
	}
	q->at++;
	if (q->at == q->frames.n && q->loop)
		q->at = q->loop_from;
	return true;
}

static uint16_t pcap_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct pcap_queue *q = queue;
	uint16_t i;

	if (!q->loop || q->frames.n == 0)
		n = (uint16_t)RTE_MIN((uint32_t)n, q->frames.n - q->at);
	if (q->pace.rate != 0)
		n = pace_due(&q->pace, vnf_clock_now(), n);
	if (n == 0)
		return 0;
	if (unlikely(rte_pktmbuf_alloc_bulk(q->pool, pkts, n) != 0)) {
		__atomic_store_n(&q->nombuf, q->nombuf + n, __ATOMIC_RELAXED);
		return 0;
	}
	for (i = 0; i < n; i++)
		if (unlikely(!frame_copy(q, pkts[i])))
			break;
	if (unlikely(i < n)) {
		rte_pktmbuf_free_bulk(&pkts[i], n - i);
		__atomic_store_n(&q->nombuf, q->nombuf + n - i, __ATOMIC_RELAXED);
	}
	return i;
}

static uint16_t pcap_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			     struct vnf_port_counters *counters)
{
	struct pcap_queue *q = queue;
	uint64_t now = vnf_clock_wall();

	for (uint16_t i = 0; i < n; i++) {
		if (pkts[i]->pkt_len > q->writer.frame_max)
			vnf_port_drop(counters, &pkts[i], 1, VNF_DROP_TOO_LONG);
		else if (likely(pcap_writer_write(&q->writer, pkts[i], now)))
			vnf_count_tx(counters, &pkts[i], 1);
		else
			vnf_port_drop(counters, &pkts[i], 1, VNF_DROP_IO_ERROR);
	}
	return n;
}

static uint16_t pcap_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters)
{
	pcap_tx_copy(queue, pkts, n, counters);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* ---- control ---- */

static int rx_open(struct vnf_port *port, const struct pcap_spec *s)
{
	struct pcap_queue *q = port->queue[0];
	char why[PCAP_ERRBUF_SIZE + 64];
	int ret;

	ret = pcap_frames_read(s->rx_file, RTE_ETHER_HDR_LEN, port->mtu + VNF_FRAME_OVERHEAD,
			       &q->frames, why, sizeof(why));
	if (ret < 0) {
		vnf_error("port \"%s\": rx_file %s: %s", port->name, s->rx_file, why);
		return ret;
	}
	if (q->frames.refused > 0)
		vnf_warning("port \"%s\": rx_file %s: %lu frames are left out: cut short when "
			    "captured, below 14 bytes, or longer than an MTU of %u allows",
			    port->name, s->rx_file, (unsigned long)q->frames.refused, port->mtu);
	if (s->loop_from != 0 && s->loop_from >= q->frames.n) {
		vnf_error("port \"%s\": loop_from %u: rx_file %s has %u frames, the first is "
			  "number 0; name one of them",
			  port->name, s->loop_from, s->rx_file, q->frames.n);
		return -EINVAL;
	}
	q->loop = s->loop;
	q->loop_from = s->loop_from;
	q->pace.rate = s->rate;
	q->room = rte_pktmbuf_data_room_size(port->pool) - RTE_PKTMBUF_HEADROOM;
	q->pool = port->pool;
	port->rx = pcap_rx;
	return 0;
}

static int tx_open(struct vnf_port *port, const struct pcap_spec *s)
{
	struct pcap_queue *q = port->queue[0];
	const char *why;

	if (pcap_writer_open(&q->writer, s->tx_file, port->mtu + VNF_FRAME_OVERHEAD, &why) < 0) {
		vnf_error("port \"%s\": tx_file %s: %s", port->name, s->tx_file, why);
		return -EIO;
	}
	port->tx = pcap_tx;
	port->tx_copy = pcap_tx_copy;
	return 0;
}

static void tx_say_failed(const struct vnf_port *port)
{
	const struct pcap_spec *s = port->spec->kind_spec;
	struct pcap_queue *q = port->queue[0];

	if (!pcap_writer_failed(&q->writer) || q->failed_said)
		return;
	q->failed_said = true;
	vnf_error("port \"%s\": tx_file %s: cannot be written on, frames are dropped; is the disk "
		  "full?",
		  port->name, s->tx_file);
}

static void pcap_port_close(struct vnf_port *port)
{
	struct pcap_queue *q = port->queue[0];

	if (q == NULL)
		return;
	pcap_writer_flush(&q->writer);
	tx_say_failed(port);
	pcap_writer_close(&q->writer);
	pcap_frames_fini(&q->frames);
	rte_free(q);
	port->queue[0] = NULL;
}

static int pcap_port_open(struct vnf_port *port)
{
	const struct pcap_spec *s = port->spec->kind_spec;
	int ret = 0;

	port->queue[0] = rte_zmalloc_socket("pcap", sizeof(struct pcap_queue), RTE_CACHE_LINE_SIZE,
					    port->socket_id);
	if (port->queue[0] == NULL) {
		vnf_error("port \"%s\": no memory for its queue; raise the key memory", port->name);
		return -ENOMEM;
	}
	if (s->rx_file[0] != '\0')
		ret = rx_open(port, s);
	if (ret == 0 && s->tx_file[0] != '\0')
		ret = tx_open(port, s);
	if (ret < 0)
		pcap_port_close(port);
	return ret;
}

static int pcap_port_start(struct vnf_port *port)
{
	vnf_port_set_up(port, true);
	return 0;
}

static void pcap_port_stop(struct vnf_port *port)
{
	struct pcap_queue *q = port->queue[0];

	vnf_port_set_up(port, false);
	pcap_writer_flush(&q->writer);
}

static void pcap_port_poll(struct vnf_port *port)
{
	tx_say_failed(port);
}

static void pcap_missed(const struct vnf_port *port, struct vnf_port_missed *missed)
{
	const struct pcap_queue *q = port->queue[0];

	if (q == NULL)
		return;
	missed->rx_errors += q->frames.refused;
	missed->rx_nombuf += __atomic_load_n(&q->nombuf, __ATOMIC_RELAXED);
}

static void pcap_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	const struct pcap_spec *s = port->spec->kind_spec;
	const struct pcap_queue *q = port->queue[0];

	if (q != NULL && s->rx_file[0] != '\0')
		snprintf(path->rx, sizeof(path->rx), "copied from memory, %u frames%s", q->frames.n,
			 s->loop ? " for ever" : " once");
	if (s->tx_file[0] != '\0')
		snprintf(path->tx, sizeof(path->tx), "written to the file through a buffer");
	snprintf(path->why, sizeof(path->why), "%s",
		 s->rx_file[0] != '\0' ? "rx_file was read whole when the port was opened"
				       : "there is no rx_file");
	if (s->rx_file[0] != '\0')
		snprintf(path->change, sizeof(path->change), "loop = %s",
			 s->loop ? "false: the frames come once"
				 : "true: the frames come for ever");
}

const struct vnf_port_kind vnf_port_kind_pcap = {
	.name = "pcap",
	.doc = "receives the frames of a pcap file, and writes what it is sent to another",
	.keys = pcap_keys,
	.spec_size = sizeof(struct pcap_spec),
	.queues_max = 1,
	.check = pcap_check,
	.claims = pcap_claims,
	.need = pcap_need,
	.open = pcap_port_open,
	.start = pcap_port_start,
	.poll = pcap_port_poll,
	.missed = pcap_missed,
	.explain = pcap_explain,
	.stop = pcap_port_stop,
	.close = pcap_port_close,
};
