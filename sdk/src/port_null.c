/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind null: DPDK's net_null. Receives frames without end, of whatever its buffers hold, and
 * discards what is sent: for measuring. It writes no headers, so a learning switch cannot be fed
 * from it; that is what gen is for.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "port_ethdev.h"
#include "port_kinds.h"
#include "vnf_priv.h"

struct null_spec {
	uint32_t size;
	bool receive;
};

static const struct vnf_config_key null_keys[] = {
	{ .name = "size",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct null_spec, size),
	  .min = 60,
	  .max = 9618,
	  .unit = "bytes",
	  .def = "60",
	  .doc = "Length of the frames, without FCS." },
	{ .name = "receive",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct null_spec, receive),
	  .def = "true",
	  .doc = "false: frames are only discarded, none is received." },
	{ .name = NULL },
};

static int null_open(struct vnf_port *port)
{
	const struct null_spec *spec = port->spec->kind_spec;
	struct ethdev *dev = calloc(1, sizeof(*dev));
	char name[32], args[96];
	int ret;

	if (dev == NULL)
		return -ENOMEM;
	dev->ring = ETHDEV_RING;
	snprintf(name, sizeof(name), "net_null%u", port->id);
	snprintf(args, sizeof(args), "%s,size=%u,copy=0,no-rx=%d", name, spec->size,
		 !spec->receive);
	ret = ethdev_open(port, dev, name, args);
	if (ret == 0)
		return 0;
	vnf_error("port \"%s\": net_null did not start: %s", port->name, strerror(-ret));
	if (dev->attached)
		rte_eth_dev_close(dev->port_id);
	port->priv = NULL;
	free(dev);
	return ret;
}

static void null_close(struct vnf_port *port)
{
	ethdev_close(port);
	free(port->priv);
	port->priv = NULL;
}

static void null_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	const struct null_spec *spec = port->spec->kind_spec;

	if (spec->receive)
		snprintf(path->rx, sizeof(path->rx), "buffers of %u octets as they lie there",
			 spec->size);
	snprintf(path->tx, sizeof(path->tx), "freed at once");
	snprintf(path->why, sizeof(path->why), "net_null with copy=0 touches no frame");
	if (spec->receive)
		snprintf(path->change, sizeof(path->change), "receive = false: receives nothing");
}

const struct vnf_port_kind vnf_port_kind_null = {
	.name = "null",
	.doc = "endless frames of no content in, nothing out: for measuring",
	.keys = null_keys,
	.spec_size = sizeof(struct null_spec),
	.flags = VNF_KIND_ETHDEV,
	.queues_max = VNF_QUEUES_MAX,
	.need = ethdev_need,
	.open = null_open,
	.start = ethdev_start,
	.poll = ethdev_poll,
	.missed = ethdev_missed,
	.explain = null_explain,
	.stop = ethdev_stop,
	.close = null_close,
};
