/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * DPDK devices as ports. Control side on the control thread or the port's own opening thread;
 * ethdev_rx and ethdev_tx on the workers.
 *
 * What DPDK leaves to the expert is decided here: as many tx as rx queues (a virtio peer fills all
 * or none), RSS only where the device has it (ethdev_rss.c), no offloads but those that the file
 * asks for (a checksum taken over from the host would be partial), MTU and buffer size that fit
 * each other, offloads of single packets finished by rte_eth_tx_prepare(), a device that did not
 * come up found by its name.
 */

#include "port_ethdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include <vnf/log.h>
#include <vnf/stage.h>

#include "ethdev_rss.h"
#include "vnf_priv.h"

#define NIC_TSO_MIN 256
/* Buffers of 2 KiB, those of virtio's rings, that 64 KiB take. */
#define TSO_MBUFS 33

static uint16_t ethdev_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct ethdev_queue *q = queue;
	uint64_t entered = vnf_stage_enter();
	uint16_t got = rte_eth_rx_burst(q->port_id, q->queue_id, pkts, n);

	if (got != 0)
		vnf_stage_leave(VNF_STAGE_RX_LIBRARY, entered, got);
	return got;
}

/* The driver may have to finish headers. Packets that it refuses are dropped, for nothing would
 * ever send them. Returns how many remain, at the front.
 */
static uint16_t ethdev_tx_prepare(const struct ethdev_queue *q, struct rte_mbuf **pkts, uint16_t n,
				  struct vnf_port_counters *counters)
{
	uint16_t ok = 0;

	while (ok < n) {
		ok += rte_eth_tx_prepare(q->port_id, q->queue_id, pkts + ok, n - ok);
		if (ok == n)
			break;
		vnf_port_drop(counters, &pkts[ok], 1, VNF_DROP_UNSUPPORTED_OFFLOAD);
		rte_pktmbuf_free(pkts[ok]);
		memmove(&pkts[ok], &pkts[ok + 1], (n - ok - 1u) * sizeof(*pkts));
		n--;
	}
	return n;
}

static uint16_t ethdev_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			  struct vnf_port_counters *counters)
{
	const struct ethdev_queue *q = queue;
	uint64_t bytes = 0, flags = 0, entered;
	uint16_t sent, refused = 0;

#pragma GCC unroll 4
	for (size_t i = 0; i < n; i++) {
		bytes += pkts[i]->pkt_len;
		flags |= pkts[i]->ol_flags;
	}
	if (unlikely((flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0)) {
		refused = n;
		n = ethdev_tx_prepare(q, pkts, n, counters);
		refused -= n;
		bytes = 0;
		for (uint16_t i = 0; i < n; i++)
			bytes += pkts[i]->pkt_len;
	}
	entered = vnf_stage_enter();
	sent = rte_eth_tx_burst(q->port_id, q->queue_id, pkts, n);
	vnf_stage_leave(VNF_STAGE_TX_LIBRARY, entered, sent);
	for (uint16_t i = sent; i < n; i++)
		bytes -= pkts[i]->pkt_len;
	counters->tx_packets += sent;
	counters->tx_bytes += bytes;
	/* Those dealt with are counted from the front, so the rest moves to the end. */
	if (unlikely(refused > 0))
		memmove(&pkts[sent + refused], &pkts[sent], (size_t)(n - sent) * sizeof(*pkts));
	return sent + refused;
}

void ethdev_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	need->mbufs = port->n_queues * 2u * ETHDEV_RING;
	/* Rings, their shadow tables and the per-packet virtio headers. */
	need->bytes = port->n_queues * 2ull * ETHDEV_RING * 128 + (1u << 20);
}

void ethdev_need_tso(const struct vnf_port *port, struct vnf_port_need *need)
{
	need->mbufs += port->n_queues * VNF_BURST_MAX * TSO_MBUFS;
}

/* Both checksums or none: a packet does not know which of them a port takes. */
static uint64_t tx_checksums(const struct rte_eth_dev_info *info)
{
	const uint64_t both = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;

	if ((info->tx_offload_capa & both) != both)
		return 0;
	return info->tx_offload_capa & (both | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
}

/* A network card is asked for nothing when it receives: it would say whether checksums are right,
 * which nobody here asks, and put segments together that have to leave as they came. Frames to be
 * cut are longer than a buffer, so a virtio device must spread them over several.
 */
static uint64_t rx_offloads(const struct ethdev *dev, const struct rte_eth_dev_info *info)
{
	const uint64_t sums = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	const uint64_t lro = RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER;

	if (!dev->virtual_peer || dev->offloads == VNF_OFFLOADS_NONE ||
	    (info->rx_offload_capa & sums) != sums)
		return 0;
	if (dev->offloads == VNF_OFFLOADS_TSO && (info->rx_offload_capa & lro) == lro)
		return sums | lro;
	return sums;
}

static void offloads_choose(const struct ethdev *dev, const struct rte_eth_dev_info *info,
			    struct rte_eth_conf *conf)
{
	uint64_t tx = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;

	if (dev->offloads != VNF_OFFLOADS_NONE)
		tx |= tx_checksums(info);
	if (dev->offloads == VNF_OFFLOADS_TSO && (tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM) != 0 &&
	    (tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0)
		tx |= info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_TSO;
	conf->txmode.offloads = tx;
	conf->rxmode.offloads = rx_offloads(dev, info);
	/* virtio knows no limit, and may not be given one. */
	if ((conf->rxmode.offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0)
		conf->rxmode.max_lro_pkt_size = info->max_lro_pkt_size;
}

bool ethdev_is_as_agreed(const struct ethdev *dev)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;

	if (dev->offloads == VNF_OFFLOADS_NONE || rte_eth_dev_info_get(dev->port_id, &info) < 0)
		return true;
	offloads_choose(dev, &info, &conf);
	return conf.txmode.offloads == dev->tx_offloads && conf.rxmode.offloads == dev->rx_offloads;
}

static uint32_t takes_of(uint64_t tx_offloads)
{
	uint32_t takes = 0;

	if ((tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_CKSUM) != 0)
		takes |= VNF_TAKES_CHECKSUM;
	if ((tx_offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0)
		takes |= VNF_TAKES_IP_CHECKSUM;
	if ((tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO) != 0)
		takes |= VNF_TAKES_TSO4 | VNF_TAKES_TSO6;
	return takes;
}

static int queues_setup(struct vnf_port *port, struct ethdev *dev,
			const struct rte_eth_dev_info *info)
{
	uint16_t rx_desc = dev->ring, tx_desc = dev->ring;
	int node = rte_eth_dev_socket_id(dev->port_id);
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(dev->port_id, &rx_desc, &tx_desc);

	if (ret == -ENOTSUP)
		ret = 0;
	/* virtio's driver takes a number beyond the device's rings without a word. */
	dev->descriptors = RTE_MIN(rx_desc, tx_desc);
	if (dev->ring_found != 0)
		dev->descriptors = RTE_MIN(dev->descriptors, dev->ring_found);
	if (dev->descriptors < dev->ring)
		vnf_log_limited(&dev->limit, VNF_LOG_WARNING,
				"port \"%s\": the device's rings have %u descriptors, not %u: it "
				"drops sooner when packets come in bursts",
				port->name, dev->descriptors, dev->ring);
	for (uint16_t q = 0; q < port->n_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(dev->port_id, q, rx_desc, (unsigned int)node,
					     &info->default_rxconf, port->pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(dev->port_id, q, tx_desc, (unsigned int)node,
						     NULL);
		dev->queue[q] = (struct ethdev_queue){ dev->port_id, q };
		port->queue[q] = &dev->queue[q];
	}
	if (ret < 0)
		vnf_error("port \"%s\": queue set-up: %s", port->name, rte_strerror(-ret));
	return ret;
}

static int ethdev_configure(struct vnf_port *port, struct ethdev *dev)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(dev->port_id, &info);

	if (ret < 0) {
		vnf_error("port \"%s\": no device information: %s", port->name, rte_strerror(-ret));
		return ret;
	}
	if (port->n_queues > info.max_rx_queues || port->n_queues > info.max_tx_queues) {
		vnf_error("port \"%s\": %u queue pairs, the device has %u; write queues = %u",
			  port->name, port->n_queues,
			  RTE_MIN(info.max_rx_queues, info.max_tx_queues),
			  RTE_MIN(info.max_rx_queues, info.max_tx_queues));
		return -EINVAL;
	}
	if (port->mtu > info.max_mtu) {
		vnf_error("port \"%s\": mtu = %u, the device takes at most %u; write mtu = %u",
			  port->name, port->mtu, info.max_mtu, info.max_mtu);
		return -EINVAL;
	}
	conf.rxmode.mtu = port->mtu;
	offloads_choose(dev, &info, &conf);
	if (dev->spreads)
		ethdev_rss_choose(port, &info, &conf);
	/* Link changes then come to DPDK's interrupt thread alone. Without, every question for the
	 * link is one to the peer, and virtio-user loses its reconnect when two threads ask.
	 */
	conf.intr_conf.lsc = (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	ret = rte_eth_dev_configure(dev->port_id, port->n_queues, port->n_queues, &conf);
	if (ret < 0) {
		vnf_error("port \"%s\": cannot configure %s: %s", port->name, dev->name,
			  rte_strerror(-ret));
		return ret;
	}
	dev->tx_offloads = conf.txmode.offloads;
	dev->rx_offloads = conf.rxmode.offloads;
	vnf_port_set_takes(port, takes_of(conf.txmode.offloads));
	/* Below that an i40e takes it for an attack, and stops. */
	port->tso_min = dev->virtual_peer ? VNF_TSO_MIN : NIC_TSO_MIN;
	return queues_setup(port, dev, &info);
}

/* What the driver says of its rings and functions while a port is opened and started. */
static void driver_line(void *arg, const char *text, size_t len)
{
	struct ethdev *dev = arg;
	uint32_t ring;

	if (virtio_path_parse_ring(text, len, &ring))
		dev->ring_found = RTE_MAX(dev->ring_found, ring);
	else
		virtio_path_parse(text, len, &dev->logged);
}

static int ethdev_attach(struct ethdev *dev, const char *args)
{
	int ret;

	dev->ring_found = 0;
	log_watch_dpdk(driver_line, dev);
	ret = rte_dev_probe(args);
	log_watch_dpdk(NULL, NULL);
	return ret;
}

int ethdev_open(struct vnf_port *port, struct ethdev *dev, const char *name, const char *args)
{
	int ret;

	snprintf(dev->name, sizeof(dev->name), "%s", name);
	vnf_debug("port \"%s\": device %s", port->name, args);
	ret = ethdev_attach(dev, args);
	if (ret < 0)
		return ret;
	dev->attached = true;
	ret = rte_eth_dev_get_port_by_name(dev->name, &dev->port_id);
	if (ret < 0)
		return ret;
	port->priv = dev;
	port->rx = ethdev_rx;
	port->tx = ethdev_tx;
	port->socket_id = (uint16_t)RTE_MAX(0, rte_eth_dev_socket_id(dev->port_id));
	return ethdev_configure(port, dev);
}

/* A device without such a filter receives everything anyway. */
static void promiscuous_set(struct vnf_port *port, const struct ethdev *dev)
{
	int ret = rte_eth_promiscuous_enable(dev->port_id);

	if (ret == -ENOTSUP)
		vnf_debug("port \"%s\": no promiscuous mode to set", port->name);
	else if (ret < 0)
		vnf_warning("port \"%s\": promiscuous mode: %s; frames for others may not come",
			    port->name, rte_strerror(-ret));
}

static void link_refresh(struct vnf_port *port, const struct ethdev *dev)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(dev->port_id, &link) == 0)
		vnf_port_set_up(port, link.link_status == RTE_ETH_LINK_UP);
}

int ethdev_start(struct vnf_port *port)
{
	struct ethdev *dev = port->priv;
	int ret;

	log_watch_dpdk(driver_line, dev);
	ret = rte_eth_dev_start(dev->port_id);
	log_watch_dpdk(NULL, NULL);
	if (ret < 0) {
		vnf_error("port \"%s\": cannot start %s: %s", port->name, dev->name,
			  rte_strerror(-ret));
		return ret;
	}
	promiscuous_set(port, dev);
	ethdev_rss_start(port, dev);
	/* At once, not by the next poll, and before that may ask too. */
	link_refresh(port, dev);
	__atomic_store_n(&dev->started, true, __ATOMIC_RELEASE);
	return 0;
}

void ethdev_spread(struct vnf_port *port)
{
	struct ethdev *dev = port->priv;

	if (dev != NULL && __atomic_load_n(&dev->started, __ATOMIC_ACQUIRE))
		ethdev_rss_renew(port, dev);
}

void ethdev_poll(struct vnf_port *port)
{
	const struct ethdev *dev = port->priv;

	if (dev != NULL && __atomic_load_n(&dev->started, __ATOMIC_ACQUIRE))
		link_refresh(port, dev);
}

void ethdev_missed(const struct vnf_port *port, struct vnf_port_missed *missed)
{
	const struct ethdev *dev = port->priv;
	struct rte_eth_stats stats;

	if (dev == NULL || !__atomic_load_n(&dev->started, __ATOMIC_ACQUIRE) ||
	    rte_eth_stats_get(dev->port_id, &stats) < 0)
		return;
	missed->rx_missed = stats.imissed;
	missed->rx_errors = stats.ierrors;
	missed->rx_nombuf = stats.rx_nombuf;
}

void ethdev_stop(struct vnf_port *port)
{
	struct ethdev *dev = port->priv;
	int ret;

	vnf_port_set_up(port, false);
	__atomic_store_n(&dev->started, false, __ATOMIC_RELEASE);
	ret = rte_eth_dev_stop(dev->port_id);
	if (ret < 0)
		vnf_warning("port \"%s\": stop: %s", port->name, rte_strerror(-ret));
}

/* Closing frees what the rings still hold, so it comes before the pool goes. */
void ethdev_close(struct vnf_port *port)
{
	struct ethdev *dev = port->priv;

	if (dev == NULL || !dev->attached)
		return;
	rte_eth_dev_close(dev->port_id);
	dev->attached = false;
}

/* The device leaves DPDK, so that another process or the kernel may have it, and so that it can be
 * attached anew.
 */
void ethdev_remove(struct ethdev *dev)
{
	struct rte_eth_dev_info info = { 0 };
	bool known;

	if (!dev->attached)
		return;
	known = rte_eth_dev_get_port_by_name(dev->name, &dev->port_id) == 0 &&
		rte_eth_dev_info_get(dev->port_id, &info) == 0;
	if (known) {
		rte_eth_dev_close(dev->port_id);
		rte_dev_remove(info.device);
	}
	dev->attached = false;
}
