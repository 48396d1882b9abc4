/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Test traffic: UDP frames that carry a stream and a sequence number, and the check of what came
 * back. The port kinds gen and sink are built on it; telemetry and the final report read the
 * result with vnf_traffic_read(). All but that function is free of DPDK calls.
 *
 * Threads: a struct traffic_gen belongs to the worker that receives from the queue, a struct
 * traffic_sink to the one that sends on it. Readers look at the counters at any time; these are
 * single words, stored and loaded relaxed, so a reader may see one a packet ahead of another.
 */
#ifndef VNF_TRAFFIC_H
#define VNF_TRAFFIC_H

#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_common.h>

struct vnf_port;

/** First four octets of the UDP payload. */
#define TRAFFIC_MAGIC 0x766e6654u
/** UDP destination port: discard (RFC 863). */
#define TRAFFIC_UDP_PORT 9
/** Least frame, without FCS. */
#define TRAFFIC_FRAME_MIN 60
/** Greatest frame, without FCS. */
#define TRAFFIC_FRAME_MAX 9618
/** Frame lengths that can be used in turn. */
#define TRAFFIC_SIZES_MAX 64
/** Streams that a sink can tell apart at a time. */
#define TRAFFIC_STREAMS_MAX 64
/** Sequence numbers of a stream that a sink remembers, a power of two. */
#define TRAFFIC_WINDOW 16384
/** Sequence numbers at and above this are not ours. */
#define TRAFFIC_SEQ_END (UINT64_C(1) << 62)

/** What a port with kind gen or sink has seen. */
struct vnf_traffic_stats {
	uint64_t generated;  /**< Frames made. */
	uint64_t received;   /**< Frames of some generator that came, duplicates too. */
	uint64_t lost;       /**< Sequence numbers missing below the highest seen, from 0 on. */
	uint64_t reordered;  /**< Frames that came after a later one of their stream. */
	uint64_t duplicated; /**< Frames that had come before. */
	uint64_t foreign;    /**< Frames that are not a generator's. */
};

/** What frames are like. Addresses count up from the first one. */
struct traffic_plan {
	uint64_t src_mac;                  /**< First source, as a 48-bit number. */
	uint64_t dst_mac;                  /**< First destination, as a 48-bit number. */
	uint32_t macs;                     /**< Number of sources, 1 or more. */
	uint32_t dst_macs;                 /**< Number of destinations, 1 or more. */
	uint32_t src_ip;                   /**< First source, host order. */
	uint32_t dst_ip;                   /**< Destination, host order. */
	uint32_t flows;                    /**< Number of UDP flows, 1 or more. */
	uint16_t n_sizes;                  /**< Number of frame lengths, 1 or more. */
	uint16_t sizes[TRAFFIC_SIZES_MAX]; /**< Frame lengths. */
};

/** A number that counts from `first` to `end` - 1, and again. */
struct traffic_turn {
	uint32_t at;
	uint32_t first;
	uint32_t end;
};

/** What differs between frames of two lengths. The sums are without the fields that vary. */
struct traffic_size {
	uint16_t frame_bytes;
	rte_be16_t ip_length;
	rte_be16_t udp_length;
	uint32_t ip_sum;
	uint32_t udp_sum;
};

/** Maker of one stream of frames. */
struct traffic_gen {
	uint64_t seq; /**< Next sequence number; frames made so far. */
	uint64_t src_mac;
	uint64_t dst_mac;
	uint32_t src_ip;
	struct traffic_turn flow;
	struct traffic_turn mac;
	struct traffic_turn dst;
	struct traffic_turn size;
	struct traffic_size sizes[TRAFFIC_SIZES_MAX];
	uint8_t template[TRAFFIC_FRAME_MAX] __rte_cache_aligned;
};

/** What a sink knows about one stream. */
struct traffic_stream {
	uint64_t next;                      /**< Highest sequence number seen, plus one. */
	uint64_t unique;                    /**< Different sequence numbers seen. */
	uint64_t seen[TRAFFIC_WINDOW / 64]; /**< Bit per number, of the last ones. */
};

/** Checker of what arrives at one queue. */
struct traffic_sink {
	uint64_t received;
	uint64_t reordered;
	uint64_t duplicated;
	uint64_t foreign;
	uint64_t lost;      /**< Of streams that had to make room for others. */
	uint32_t n_streams; /**< Slots in use. */
	uint32_t last;      /**< Slot of the last frame. */
	uint32_t victim;    /**< Slot that is given away next when all are in use. */
	uint32_t ids[TRAFFIC_STREAMS_MAX];
	struct traffic_stream streams[TRAFFIC_STREAMS_MAX];
} __rte_cache_aligned;

/** What vnf_port.queue[] of the kinds gen and sink points to, or begins with. */
struct traffic_queue {
	struct traffic_sink sink;               /**< Written by the worker that sends. */
	uint64_t generated __rte_cache_aligned; /**< Written by the worker that receives. */
} __rte_cache_aligned;

/**
 * Prepare a stream of frames. A port with several queues divides its flows among them: `part` of
 * `n_parts`.
 */
void traffic_gen_init(struct traffic_gen *gen, const struct traffic_plan *plan, uint32_t stream,
		      uint16_t part, uint16_t n_parts);

/** Length of the frame that traffic_gen_build() makes next. */
static inline uint16_t traffic_gen_bytes(const struct traffic_gen *gen)
{
	return gen->sizes[gen->size.at].frame_bytes;
}

/** Write the next frame, traffic_gen_bytes() long, to an even address. Returns its length. */
uint16_t traffic_gen_build(struct traffic_gen *gen, uint8_t *frame);

/** Look at a frame, of which the first `n` octets are at hand, and count it. */
void traffic_sink_check(struct traffic_sink *sink, const uint8_t *frame, uint32_t n);

/** Sum up queues. Context: any thread. */
void traffic_sum(void *const *queues, uint16_t n_queues, struct vnf_traffic_stats *out);

/**
 * Read what a port has seen; zeros for a port of another kind or one that is not open.
 *
 * Context: any thread, while the port stays open.
 */
void vnf_traffic_read(const struct vnf_port *port, struct vnf_traffic_stats *out);

#endif
