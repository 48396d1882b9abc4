/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Commands of the control socket: capture-start, capture-stop, capture. Control thread.
 */

#include "control.h"

#include <errno.h>
#include <stdio.h>

#include "capture.h"

struct start_args {
	const char *file;
	const char *port;
	const char *points;
	const char *filter;
	uint32_t snaplen;
	uint64_t packets;
	uint64_t bytes;
	uint64_t seconds;
	bool overwrite;
};

static int check_points(const void *field, char *why, size_t why_size)
{
	const char *text = *(const char *const *)field;

	if (capture_points(text) != 0)
		return 0;
	snprintf(why, why_size, "is \"%s\"; write one or more of rx, tx, drop, with commas", text);
	return -EINVAL;
}

static const struct vnf_config_key start_keys[] = {
	{ .name = "file",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct start_args, file),
	  .min = 1,
	  .max = 128,
	  .doc = "Name of the file, in capture.directory." },
	{ .name = "filter",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct start_args, filter),
	  .max = 1023,
	  .doc = "What is wanted, as tcpdump takes it, such as \"udp port 53\"; without it all." },
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct start_args, port),
	  .def = "all",
	  .doc = "Name of a port, or all." },
	{ .name = "points",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct start_args, points),
	  .def = "rx,tx,drop",
	  .check = check_points,
	  .doc = "What happens to the packets that are wanted: rx, tx, drop." },
	{ .name = "snaplen",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct start_args, snaplen),
	  .min = 14,
	  .max = CAPTURE_SNAPLEN_MAX,
	  .unit = "bytes",
	  .def = "262144",
	  .doc = "Octets that are kept of each packet." },
	{ .name = "packets",
	  .type = VNF_CONFIG_COUNT,
	  .offset = offsetof(struct start_args, packets),
	  .def = "0",
	  .doc = "End after so many; 0 = no limit." },
	{ .name = "bytes",
	  .type = VNF_CONFIG_BYTES,
	  .offset = offsetof(struct start_args, bytes),
	  .def = "0",
	  .doc = "End before the file is longer; 0 = 100M, or capture.max_size if that is less." },
	{ .name = "seconds",
	  .type = VNF_CONFIG_U64,
	  .offset = offsetof(struct start_args, seconds),
	  .max = 31536000,
	  .unit = "s",
	  .def = "0",
	  .doc = "End after so many; 0 = no limit." },
	{ .name = "overwrite",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct start_args, overwrite),
	  .def = "false",
	  .doc = "Replace a file of that name." },
	{ .name = NULL },
};

static json_t *run_start(struct vnf *vnf, const void *args, struct vnf_refusal *refusal)
{
	const struct start_args *a = args;
	const struct capture_order order = {
		.port = a->port,
		.points = capture_points(a->points),
		.file = a->file,
		.filter = a->filter,
		.snaplen = a->snaplen,
		.packets = a->packets,
		.bytes = a->bytes,
		.time_ns = a->seconds * VNF_SECOND_NS,
		.overwrite = a->overwrite,
	};
	char why[CAPTURE_WHY_MAX];
	int ret = capture_start(vnf, &order, why, sizeof(why));

	return ret < 0 ? vnf_refuse(refusal, ret, "%s", why) : capture_status(vnf);
}

static json_t *run_stop(struct vnf *vnf, const void *args, struct vnf_refusal *refusal)
{
	int ret = capture_stop(vnf, CAPTURE_END_STOPPED);

	(void)args;
	if (ret < 0)
		return vnf_refuse(refusal, ret,
				  "no capture is running; the command capture tells how the last "
				  "one ended");
	return capture_status(vnf);
}

static json_t *run_status(struct vnf *vnf, const void *args, struct vnf_refusal *refusal)
{
	(void)args;
	(void)refusal;
	capture_poll(vnf);
	return capture_status(vnf);
}

const struct vnf_command capture_commands[] = {
	{ .name = "capture-start",
	  .help = "Write packets that are received, sent or dropped into a pcapng file.",
	  .args = start_keys,
	  .args_size = sizeof(struct start_args),
	  .run = run_start },
	{ .name = "capture-stop",
	  .help = "End the capture and complete its file.",
	  .run = run_stop },
	{ .name = "capture",
	  .help = "What the capture does, or how the last one ended.",
	  .run = run_status },
	{ .name = NULL },
};
