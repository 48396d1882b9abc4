/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the port kinds tap and af_packet have in common: frames with a struct virtio_net_hdr before
 * them, read from and written to a kernel interface that is in some network namespace.
 *
 * Threads: the functions on slots and packets belong to the worker of the queue, the others to the
 * control thread.
 */
#ifndef VNF_KERNEL_IO_H
#define VNF_KERNEL_IO_H

#include <stdbool.h>
#include <sys/uio.h>

#include <net/if.h>
#include <rte_mbuf.h>

#include <vnf/port.h>

#include "netns.h"
#include "vnet_hdr.h"

/** mbufs of a frame at most: 64 KiB in buffers of 2 KiB are 31. */
#define KIO_SEGS_MAX 40
/** Elements of the vector for one frame. */
#define KIO_IOV_MAX (1 + KIO_SEGS_MAX)

/** First keys of a kind's structure. */
struct kio_spec {
	const char *ifname;
	const char *netns;
	uint32_t offloads; /* enum vnf_offloads */
};

/** What frames a port's queues take. */
struct kio_limits {
	uint32_t frame_max; /* octets of a frame */
	uint32_t rx_max;    /* octets of one that is yet to be cut */
	uint32_t offloads;  /* enum vnf_offloads */
};

/** Empty buffers, ready to be read into. Zeroed at the beginning. */
struct kio_slot {
	uint16_t n_segs; /* Buffers of the longest frame; 0: there are none yet. */
	int n_iov;
	struct virtio_net_hdr hdr;
	struct rte_mbuf *segs[KIO_SEGS_MAX];
	struct iovec iov[KIO_IOV_MAX];
};

/** Interface name of a port: from the file, or the port's own. */
const char *kio_ifname(const struct vnf_port_spec *spec);

/** Check ifname and netns; errors go to the file. */
void kio_check(struct vnf_config *file, const struct vnf_port_spec *spec);

/** Limits of a port, from its configuration. */
struct kio_limits kio_limits_of(const struct vnf_port *port);
/** VNF_TAKES_* of a port with these. */
uint32_t kio_takes(const struct kio_limits *limits);
/** mbufs that a burst of each queue takes beside one a frame: those of frames yet to be cut. */
uint32_t kio_tso_mbufs(const struct vnf_port *port);
/** What is left to do between the port and the kernel, for struct vnf_port_path. */
const char *kio_offloads_words(const struct vnf_port *port);

/** mbufs that one frame may take, at most KIO_SEGS_MAX + 1 if they are too small. */
uint32_t kio_segs(uint32_t data_room, uint32_t frame_max);

/** Say that the port's namespace could not be entered. */
void kio_netns_failed(const struct vnf_port *port, int error);

/** Can frames of the port be read into mbufs of its pool? 0, or -EINVAL after logging. */
int kio_room_check(const struct vnf_port *port);

/** An ioctl on an interface by name. 0 or -errno. */
int kio_ioctl(int fd, unsigned long request, const char *ifname, struct ifreq *ifr);

/** Put buffers for a frame of `frame_max` octets into the slot unless there are; always as many. */
int kio_slot_fill(struct kio_slot *slot, struct rte_mempool *pool, uint32_t frame_max);

/** Free the slot's buffers. */
void kio_slot_clear(struct kio_slot *slot);

/**
 * Take the packet out of a slot that `n` octets were read into, with what it leaves open in its
 * flags.
 *
 * @return
 *   The packet; NULL if the frame cannot be used: the slot is then as it was, or lacks its buffers.
 */
struct rte_mbuf *kio_slot_take(struct kio_slot *slot, size_t n, const struct kio_limits *limits);

/** Check a packet of vnf_fit_next() and write its header. False: `*reason` to drop it for. */
bool kio_tx_prepare(struct rte_mbuf *pkt, const struct kio_limits *limits,
		    struct virtio_net_hdr *hdr, uint32_t *reason);

/** Vector of header and packet; returns its length. */
int kio_tx_iov(struct rte_mbuf *pkt, struct virtio_net_hdr *hdr, struct iovec *iov);

/** Why the kernel refused a packet; VNF_DROP_TX_FULL: it may be tried again. */
enum vnf_drop_reason kio_tx_reason(int error);

#endif
