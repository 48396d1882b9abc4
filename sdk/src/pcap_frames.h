/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * All frames of a pcap file in memory, for the port kind pcap and for replays. No DPDK calls.
 */
#ifndef VNF_PCAP_FRAMES_H
#define VNF_PCAP_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/** Octets of frames that are read at most. */
#define PCAP_FRAMES_BYTES_MAX (1ull << 30)
/** Frames that are read at most. */
#define PCAP_FRAMES_MAX (16u << 20)

struct pcap_frame {
	uint32_t offset; /**< In `data`. */
	uint32_t bytes;
	uint64_t time_ns; /**< Since 1970. */
};

struct pcap_frames {
	struct pcap_frame *frame;
	uint8_t *data;
	uint32_t n;
	uint64_t refused; /**< Frames left out: cut short when captured, too short or too long. */
	size_t data_bytes;
	size_t data_room;
	size_t frame_room;
};

/**
 * Read a file (pcap or pcapng, Ethernet).
 *
 * @param frame_min
 *   Shortest frame to take, in octets.
 * @param frame_max
 *   Longest frame to take, in octets.
 * @param[out] frames
 *   To be released with pcap_frames_fini(), also after an error.
 * @param[out] why
 *   What is wrong, and what to do.
 * @return
 *   0 or -errno.
 *
 * Context: control thread.
 */
int pcap_frames_read(const char *path, uint32_t frame_min, uint32_t frame_max,
		     struct pcap_frames *frames, char *why, size_t why_size);

void pcap_frames_fini(struct pcap_frames *frames);

#endif
