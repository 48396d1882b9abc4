/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which functions DPDK's virtio driver (virtio-user, virtio-pmd) moves packets by. It tells nobody
 * but the log: virtio has no rte_eth_rx_burst_mode_get() in 22.11. So its line is read while the
 * device starts, and where there is none, the rules of its virtio_dev_configure() and
 * set_rxtx_funcs() are followed. Pure.
 */
#ifndef VNF_VIRTIO_PATH_H
#define VNF_VIRTIO_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum virtio_way {
	VIRTIO_UNKNOWN,
	VIRTIO_STANDARD,
	VIRTIO_MERGEABLE, /* rx only */
	VIRTIO_IN_ORDER,  /* split rings only */
	VIRTIO_VECTORISED,
};

struct virtio_path {
	bool packed;
	bool mergeable; /* the peer offers such buffers */
	enum virtio_way rx, tx;
};

/* What decides. */
struct virtio_path_input {
	bool packed, in_order, mergeable, version_1; /* negotiated features */
	bool vectorised;                             /* asked for by the device argument */
	bool offloads;          /* receive checksum, LRO or stripping of VLAN tags is on */
	bool avx512;            /* the processor has it */
	unsigned int simd_bits; /* EAL's --force-max-simd-bitwidth */
};

void virtio_path_predict(const struct virtio_path_input *in, struct virtio_path *path);
/* A line of the driver's log: true if it is about a path, which is then in `path`. */
bool virtio_path_parse(const char *line, size_t len, struct virtio_path *path);
/* Likewise: the length of a ring, in descriptors. */
bool virtio_path_parse_ring(const char *line, size_t len, uint32_t *descriptors);
/* Which features led there. */
void virtio_path_why(const struct virtio_path *path, char *text, size_t size);
/* "split, in-order, mergeable"; `mergeable` is that of the peer. */
void virtio_path_words(bool packed, enum virtio_way way, bool mergeable, char *text, size_t size);

#endif
