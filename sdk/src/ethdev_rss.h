/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Receive-side scaling of the kinds that drive real devices: where a card can, it spreads packets
 * over a port's queues, both directions of a flow alike. The key of the hash is one word of 16 bits
 * again and again, which makes it symmetric, and lets software compute it in no time (steer_rss.h).
 * Where VNF_STEER decides what meets (vnf_app.spread), the card sends a slot's packets to the queue
 * of the worker that owns it.
 */
#ifndef ETHDEV_RSS_H
#define ETHDEV_RSS_H

#include <rte_ethdev.h>

struct vnf_port;
struct ethdev;

/* What to ask the device for; nothing for one queue, or if it cannot. */
void ethdev_rss_choose(const struct vnf_port *port, const struct rte_eth_dev_info *info,
		       struct rte_eth_conf *conf);
/* The device runs: does it do what it was asked for? Says so, and makes the table of queues. */
void ethdev_rss_start(struct vnf_port *port, struct ethdev *dev);
/* Slots went to other workers. Control thread. */
void ethdev_rss_renew(struct vnf_port *port, struct ethdev *dev);

#endif
