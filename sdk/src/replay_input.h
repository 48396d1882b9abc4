/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * All packets that a replay will receive, in their order: by time, then by the ports' order in the
 * configuration, then by the place in the file. Control thread.
 */
#ifndef VNF_REPLAY_INPUT_H
#define VNF_REPLAY_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "pcap_frames.h"

struct vnf_port;

struct replay_input {
	uint64_t time_ns; /* since the first */
	uint32_t frame;   /* in its port's file */
	uint16_t port;
	uint16_t queue;
};

struct replay_inputs {
	struct replay_input *input;
	uint32_t n;
	uint64_t origin_ns;         /* time of day of the first */
	struct pcap_frames *frames; /* by port */
	uint16_t n_ports;
};

/* 0 or -errno. */
int replay_inputs_init(struct replay_inputs *in, uint16_t n_ports);
void replay_inputs_fini(struct replay_inputs *in);
/* Add a port's file. 0, or -errno with a sentence in `why`. */
int replay_inputs_read(struct replay_inputs *in, const struct vnf_port *port, const char *path,
		       char *why, size_t why_size);
/* Put them into their order, once all are there. */
void replay_inputs_sort(struct replay_inputs *in);
/* The octets of an input. */
const uint8_t *replay_input_data(const struct replay_inputs *in, const struct replay_input *input,
				 uint32_t *bytes);
/* Which of a port's queues a frame comes by: both directions of a flow by the same. */
uint16_t replay_queue(const uint8_t *frame, uint32_t bytes, uint16_t n_queues);

#endif
