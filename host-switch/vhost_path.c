/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which way frames take to and from a guest: what it agreed to, and what it asks of us in its
 * rings. Control thread.
 */
#include "port_vhost.h"

#include <stdbool.h>
#include <stdio.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#define F_EVENT_IDX (1ull << 29)
#define F_RING_PACKED (1ull << 34)
#define F_IN_ORDER (1ull << 35)
#define F_MERGEABLE (1ull << VIRTIO_NET_F_MRG_RXBUF)
#define TSO                                                                                        \
	(1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 |                       \
	 1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6)
/* Rings that the guest receives from. */
#define RX_RINGS 0x5555u

/* Does the guest want an interrupt when a frame has come? Where it says so is in its memory. */
static const char *interrupts_wanted(struct hsw_vhost *v, uint64_t features)
{
	const char *words = "says nothing of interrupts";

	if ((features & F_EVENT_IDX) != 0)
		return "gets interrupts when it sleeps";
	pthread_mutex_lock(&v->watch.lock);
	if (v->watch.known && v->watch.ring[0].avail != NULL) {
		uint16_t flags = __atomic_load_n(&v->watch.ring[0].avail->flags, __ATOMIC_RELAXED);

		words = (flags & VRING_AVAIL_F_NO_INTERRUPT) != 0 ? "wants no interrupts"
								  : "wants interrupts";
	}
	pthread_mutex_unlock(&v->watch.lock);
	return words;
}

/* What may be left open in frames to it and from it. */
static const char *offloads_words(uint64_t features)
{
	bool to = (features & (1ull << VIRTIO_NET_F_GUEST_CSUM)) != 0;
	bool from = (features & (1ull << VIRTIO_NET_F_CSUM)) != 0;
	bool tso = (features & TSO) != 0;

	if (to && from)
		return tso ? "checksums and TSO are left open" : "checksums are left open";
	if (to)
		return tso ? "checksums and TSO are left open to it"
			   : "checksums are left open to it";
	if (from)
		return tso ? "it leaves checksums and TSO open" : "it leaves checksums open";
	return "no offloads were agreed";
}

void hsw_vhost_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	struct hsw_vhost *v = port->priv;
	uint64_t features;
	uint32_t pairs, burst;

	if (v == NULL || __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE) < 0)
		return;
	features = __atomic_load_n(&v->features, __ATOMIC_RELAXED);
	burst = (features & F_MERGEABLE) != 0 ? 1 : HSW_VHOST_BURST;
	pairs = (uint32_t)__builtin_popcount(__atomic_load_n(&v->rings, __ATOMIC_RELAXED) &
					     RX_RINGS);
	snprintf(path->rx, sizeof(path->rx), "copied by librte_vhost, %s rings%s, %u of %u in use",
		 (features & F_RING_PACKED) != 0 ? "packed" : "split",
		 (features & F_IN_ORDER) != 0 ? ", in-order" : "", pairs, hsw_vhost_pairs(port));
	snprintf(path->tx, sizeof(path->tx), "copied by librte_vhost, %u frame%s a call%s", burst,
		 burst == 1 ? "" : "s", burst == 1 ? ", mergeable" : "");
	snprintf(path->why, sizeof(path->why), "the guest %s and is told not to notify; %s",
		 interrupts_wanted(v, features), offloads_words(features));
	if (burst == 1)
		snprintf(path->change, sizeof(path->change),
			 "mergeable = false: %u frames a call, for guests with buffers of the MTU",
			 HSW_VHOST_BURST);
}
