/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the kinds that are DPDK devices (virtio-user, virtio, nic, null) have in common: attach by
 * device arguments, configure, receive and send, link state, stop. Each kind's own file makes the
 * arguments and knows the device's peculiarities.
 */
#ifndef VNF_PORT_ETHDEV_H
#define VNF_PORT_ETHDEV_H

#include <vnf/log.h>
#include <vnf/port.h>

#include "virtio_path.h"

/* Descriptors per ring that we ask for; a driver may have fewer. */
#define ETHDEV_RING 1024

struct ethdev_queue {
	uint16_t port_id;
	uint16_t queue_id;
} __rte_cache_aligned;

/* State of such a port; a kind's own state begins with it. */
struct ethdev {
	uint16_t port_id;
	uint16_t ring;     /* descriptors per ring to ask for; set before ethdev_open() */
	uint32_t offloads; /* enum vnf_offloads; set before ethdev_open() */
	bool virtual_peer; /* what it receives open was left so by its peer (virtio); likewise */
	bool spreads;      /* may be asked to spread packets over its queues; likewise */
	bool attached;
	bool started;
	struct vnf_log_limit
		limit;             /* of lines that the other side can cause, by coming and going */
	char name[64];             /* DPDK's name of the device */
	uint64_t tx_offloads;      /* RTE_ETH_TX_OFFLOAD_* that are on */
	uint64_t rx_offloads;      /* RTE_ETH_RX_OFFLOAD_* that are on */
	uint16_t rss_table;        /* places of its table of queues; 0: it is not ours */
	uint32_t descriptors;      /* per ring, as it came out */
	uint32_t ring_found;       /* a virtio device's, as its driver said; 0 = it did not */
	struct virtio_path logged; /* likewise, the functions that it chose */
	struct ethdev_queue queue[VNF_QUEUES_MAX];
};

/* mbufs and heap of a device with ETHDEV_RING descriptors per ring. */
void ethdev_need(const struct vnf_port *port, struct vnf_port_need *need);
/* Beside that, what a burst of frames takes that are yet to be cut. */
void ethdev_need_tso(const struct vnf_port *port, struct vnf_port_need *need);
/* Attach the device `name` with `args` ("name,key=value,...") and configure it. 0 or -errno. */
int ethdev_open(struct vnf_port *port, struct ethdev *dev, const char *name, const char *args);
int ethdev_start(struct vnf_port *port);
/* Would the peer that is there now be agreed with on the same offloads? */
bool ethdev_is_as_agreed(const struct ethdev *dev);
/* Slots went to other workers. */
void ethdev_spread(struct vnf_port *port);
void ethdev_poll(struct vnf_port *port);
void ethdev_missed(const struct vnf_port *port, struct vnf_port_missed *missed);
/* What the driver says of itself. */
void ethdev_explain(const struct vnf_port *port, struct vnf_port_path *path);
/* The same of virtio's driver, in `path`; `change` is the kind's to say. False: the device is gone.
 */
bool ethdev_explain_virtio(const struct vnf_port *port, struct vnf_port_path *path,
			   struct virtio_path *chosen);
void ethdev_stop(struct vnf_port *port);
void ethdev_close(struct vnf_port *port);
/* Close the device and take it out of DPDK; without one it does nothing. */
void ethdev_remove(struct ethdev *dev);

#endif
