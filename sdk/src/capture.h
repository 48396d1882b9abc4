/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Captures: copies of packets as they are received, sent or dropped, into a pcapng file. One at a
 * time. Three kinds of threads:
 *
 * - workers copy what the filter lets pass into a ring of their own (capture_tap.c), and lose it,
 *   counted, when the ring is full;
 * - a writer thread empties the rings into the file (capture_writer.c), and ends the capture at its
 *   limits or when the file cannot be written;
 * - the control thread starts and stops, and sees to it that no worker looks at what it frees
 *   (capture.c).
 */
#ifndef VNF_CAPTURE_H
#define VNF_CAPTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <pcap/pcap.h>

#include "byte_ring.h"
#include "pcapng_writer.h"
#include "vnf_priv.h"
#include "wall.h"

#define CAPTURE_SNAPLEN_MAX 262144
#define CAPTURE_BYTES_DEFAULT (UINT64_C(100) << 20)
/* Why a command is refused. */
#define CAPTURE_WHY_MAX 1024

enum capture_point {
	CAPTURE_RX,
	CAPTURE_TX,
	CAPTURE_DROP,
	CAPTURE_POINTS,
	CAPTURE_NOTHING = CAPTURE_POINTS, /* in a ring: to be skipped */
};

/* What is asked for. Strings end with the call. */
struct capture_order {
	const char *port;   /* "all": all of them */
	uint32_t points;    /* bits of enum capture_point */
	const char *file;   /* a bare name */
	const char *filter; /* "": none */
	uint32_t snaplen;
	uint64_t packets; /* 0: no limit */
	uint64_t bytes;   /* 0: CAPTURE_BYTES_DEFAULT, or what is allowed if that is less */
	uint64_t time_ns; /* 0: no limit */
	bool overwrite;
};

enum capture_end {
	CAPTURE_GOES_ON,
	CAPTURE_END_STOPPED,
	CAPTURE_END_PACKETS,
	CAPTURE_END_BYTES,
	CAPTURE_END_TIME,
	CAPTURE_END_ERROR,
	CAPTURE_END_PORTS,
	CAPTURE_END_PROGRAM,
};

/* In a worker's ring, before the octets. */
struct capture_head {
	uint64_t now_ns; /* of the SDK's clock */
	uint32_t length;
	uint32_t kept;
	uint16_t port;
	uint16_t to; /* drops: on the way out of this one, or VNF_NO_PORT */
	uint16_t reason;
	uint16_t point;
};

struct capture;
struct capture_slice;

/* A worker's part. */
struct capture_tap {
	struct byte_ring ring;
	const struct capture *capture;
	uint8_t *flat;               /* where the filter looks at packets in several pieces */
	struct capture_slice *slice; /* in the hands of a port's tx, or NULL */
	uint64_t filtered;           /* the worker's; read by control */
	uint64_t lost;
} __attribute__((aligned(BYTE_RING_LINE)));

struct capture {
	/* Read by workers. */
	struct vnf *vnf;
	struct capture_tap *taps; /* by worker; NULL: given back */
	uint16_t n_taps;
	uint16_t port;   /* the only one, or VNF_NO_PORT */
	char *port_name; /* as it was asked for; the port may be gone since */
	uint32_t points;
	uint32_t snaplen;
	bool has_filter;
	struct bpf_program program;
	uint32_t ended; /* enum capture_end; writer, release: the file is complete */

	/* The writer's. */
	struct pcapng file __attribute__((aligned(BYTE_RING_LINE)));
	uint32_t interface[VNF_PORTS_MAX];
	uint64_t packets_max;
	uint64_t bytes_max;
	uint64_t end_ns; /* of the SDK's clock; UINT64_MAX: none */
	struct wall_offset wall;
	uint64_t written; /* packets in the file; relaxed, as the next */
	uint64_t bytes;
	int error; /* why, for CAPTURE_END_ERROR */

	/* The control thread's. */
	uint32_t stop; /* release: nothing comes any more */
	pthread_t thread;
	char *filter;
	char *path;
	bool running;
	enum capture_end end; /* once it does not run */
	uint64_t filtered;    /* at the end, as the next */
	uint64_t lost;
};

/* ---- capture.c: control thread ---- */

/* 0, or -errno with a sentence in `why`, and nothing is changed. */
int capture_start(struct vnf *vnf, const struct capture_order *order, char *why, size_t why_size);
/* End it and complete the file. 0, or -ENOENT: none runs. */
int capture_stop(struct vnf *vnf, enum capture_end end);
/* Between two waits: has the writer ended it? */
void capture_poll(struct vnf *vnf);
/* The workers have ended. */
void capture_fini(struct vnf *vnf);
/* `why`: the configuration names no directory. Returns -EPERM. */
int capture_refuse_directory(const struct vnf *vnf, char *why, size_t why_size);
/* The capture that runs, or the last one, or what it takes to have one. */
json_t *capture_status(const struct vnf *vnf);
/* "rx,drop" as bits; 0: it is not made of rx, tx and drop. */
uint32_t capture_points(const char *text);

/* ---- capture_tap.c: workers ---- */

/* Packets that are dropped, at the port where they are counted. */
void capture_drops(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		   uint16_t n, uint32_t reason, uint16_t to);

/* ---- capture_writer.c ---- */

/* The thread; `arg` is the capture. Ends when told to, or by itself. */
void *capture_writer_main(void *arg);

#endif
