/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See replay_input.h. No DPDK calls.
 */

#include "replay_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "vnf_priv.h"

int replay_inputs_init(struct replay_inputs *in, uint16_t n_ports)
{
	memset(in, 0, sizeof(*in));
	in->frames = calloc(n_ports, sizeof(*in->frames));
	if (in->frames == NULL)
		return -ENOMEM;
	in->n_ports = n_ports;
	return 0;
}

void replay_inputs_fini(struct replay_inputs *in)
{
	for (uint16_t i = 0; i < in->n_ports; i++)
		pcap_frames_fini(&in->frames[i]);
	free(in->frames);
	free(in->input);
	memset(in, 0, sizeof(*in));
}

int replay_inputs_read(struct replay_inputs *in, const struct vnf_port *port, const char *path,
		       char *why, size_t why_size)
{
	struct pcap_frames *frames = &in->frames[port->id];
	struct replay_input *input;
	int ret;

	ret = pcap_frames_read(path, 1, port->mtu + VNF_FRAME_OVERHEAD, frames, why, why_size);
	if (ret < 0)
		return ret;
	if (frames->n == 0)
		return 0;
	snprintf(why, why_size, "%s", strerror(ENOMEM));
	input = realloc(in->input, (in->n + (size_t)frames->n) * sizeof(*input));
	if (input == NULL)
		return -ENOMEM;
	in->input = input;
	for (uint32_t i = 0; i < frames->n; i++) {
		const struct pcap_frame *f = &frames->frame[i];

		in->input[in->n++] = (struct replay_input){
			.time_ns = f->time_ns,
			.frame = i,
			.port = port->id,
			.queue = replay_queue(frames->data + f->offset, f->bytes, port->n_queues),
		};
	}
	return 0;
}

static int input_compare(const void *a, const void *b)
{
	const struct replay_input *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

void replay_inputs_sort(struct replay_inputs *in)
{
	if (in->n == 0)
		return;
	qsort(in->input, in->n, sizeof(*in->input), input_compare);
	in->origin_ns = in->input[0].time_ns;
	for (uint32_t i = 0; i < in->n; i++)
		in->input[i].time_ns -= in->origin_ns;
}

const uint8_t *replay_input_data(const struct replay_inputs *in, const struct replay_input *input,
				 uint32_t *bytes)
{
	const struct pcap_frames *frames = &in->frames[input->port];

	*bytes = frames->frame[input->frame].bytes;
	return frames->data + frames->frame[input->frame].offset;
}

/* Octets `from` to `from + 2 * n` of the frame are two addresses of n octets: the same number
 * whichever of them is first.
 */
static uint32_t pair_hash(const uint8_t *frame, uint32_t from, uint32_t n, uint32_t hash)
{
	uint8_t sum[16];

	for (uint32_t i = 0; i < n; i++)
		sum[i] = frame[from + i] ^ frame[from + n + i];
	return text_hash((const char *)sum, n, hash);
}

uint16_t replay_queue(const uint8_t *frame, uint32_t bytes, uint16_t n_queues)
{
	uint32_t hash = TEXT_HASH_SEED, type;

	if (n_queues < 2 || bytes < RTE_ETHER_HDR_LEN)
		return 0;
	hash = pair_hash(frame, 0, RTE_ETHER_ADDR_LEN, hash);
	type = (uint32_t)frame[12] << 8 | frame[13];
	if (type == RTE_ETHER_TYPE_IPV4 && bytes >= 34)
		hash = pair_hash(frame, 26, 4, hash);
	else if (type == RTE_ETHER_TYPE_IPV6 && bytes >= 54)
		hash = pair_hash(frame, 22, 16, hash);
	return (uint16_t)((hash ^ hash >> 16) % n_queues);
}
