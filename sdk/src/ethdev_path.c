/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which way packets take through a DPDK device: asked of its driver, or, as virtio's tells nobody,
 * read from its log while it started. Control thread.
 */

#include "port_ethdev.h"

#include <stdio.h>

#include <rte_ethdev.h>

static void mode_words(const struct ethdev *dev, int ret, const struct rte_eth_burst_mode *mode,
		       char *text, size_t size)
{
	if (ret == 0)
		snprintf(text, size, "%.90s, rings of %u", mode->info, dev->descriptors);
	else
		snprintf(text, size, "the driver's only functions, rings of %u", dev->descriptors);
}

void ethdev_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	const struct ethdev *dev = port->priv;
	struct rte_eth_burst_mode mode = { 0 };
	struct rte_eth_dev_info info;
	int ret;

	if (dev == NULL || rte_eth_dev_info_get(dev->port_id, &info) < 0)
		return;
	ret = rte_eth_rx_burst_mode_get(dev->port_id, 0, &mode);
	mode_words(dev, ret, &mode, path->rx, sizeof(path->rx));
	ret = rte_eth_tx_burst_mode_get(dev->port_id, 0, &mode);
	mode_words(dev, ret, &mode, path->tx, sizeof(path->tx));
	snprintf(path->why, sizeof(path->why),
		 "%.40s chose them for MTU %u, without receive offloads", info.driver_name,
		 port->mtu);
}

/* The driver's line was not seen: the usual features are taken for those that nobody tells. */
static void virtio_guess(bool packed, bool mergeable, struct virtio_path *chosen)
{
	struct virtio_path_input in = {
		.packed = packed, .in_order = true, .mergeable = mergeable, .version_1 = true
	};

	virtio_path_predict(&in, chosen);
}

static void way_words(const struct vnf_port *port, bool packed, enum virtio_way way, bool mergeable,
		      char *text, size_t size)
{
	const struct ethdev *dev = port->priv;
	char words[64];

	virtio_path_words(packed, way, mergeable, words, sizeof(words));
	snprintf(text, size, "%s, %u %s of %u", words, port->n_queues,
		 port->n_queues == 1 ? "ring" : "rings", dev->descriptors);
}

bool ethdev_explain_virtio(const struct vnf_port *port, struct vnf_port_path *path,
			   struct virtio_path *chosen)
{
	const struct ethdev *dev = port->priv;
	struct rte_eth_dev_info info;

	if (dev == NULL || rte_eth_dev_info_get(dev->port_id, &info) < 0)
		return false;
	*chosen = dev->logged;
	/* Two features have marks in what the driver tells. */
	chosen->mergeable = (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
	if (chosen->rx == VIRTIO_UNKNOWN || chosen->tx == VIRTIO_UNKNOWN)
		virtio_guess(info.rx_desc_lim.nb_max == UINT16_MAX, chosen->mergeable, chosen);
	way_words(port, chosen->packed, chosen->rx, chosen->mergeable, path->rx, sizeof(path->rx));
	way_words(port, chosen->packed, chosen->tx, false, path->tx, sizeof(path->tx));
	virtio_path_why(chosen, path->why, sizeof(path->why));
	return true;
}
