/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What applications and embedding programs ask a running program: configuration, state, ports,
 * names. Any thread; all of it is constant once the program runs, except whether a port is up.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <string.h>

void *vnf_config(const struct vnf *vnf)
{
	return vnf->config;
}

void *vnf_state(const struct vnf *vnf)
{
	return vnf->state;
}

void vnf_set_state(struct vnf *vnf, void *state)
{
	vnf->state = state;
}

void *vnf_user(const struct vnf *vnf)
{
	return vnf->user;
}

const char *vnf_name(const struct vnf *vnf)
{
	return vnf->spec->name;
}

uint16_t vnf_worker_count(const struct vnf *vnf)
{
	return vnf->n_workers;
}

uint16_t vnf_port_count(const struct vnf *vnf)
{
	return vnf->n_ports;
}

struct vnf_port *vnf_port(const struct vnf *vnf, uint16_t id)
{
	return id < vnf->n_ports && port_slot_used(&vnf->ports[id]) ? &vnf->ports[id].port : NULL;
}

int vnf_port_find(const struct vnf *vnf, const char *name)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (port_slot_used(&vnf->ports[i]) && strcmp(vnf->ports[i].port.name, name) == 0)
			return i;
	return -ENOENT;
}

int vnf_port_get_info(const struct vnf *vnf, uint16_t port, struct vnf_port_info *info)
{
	const struct vnf_port *p = vnf_port(vnf, port);

	if (p == NULL)
		return -ENOENT;
	info->name = p->name;
	info->kind = p->kind->name;
	memcpy(info->mac, &p->mac, sizeof(info->mac));
	info->mtu = p->mtu;
	info->queues = p->n_queues;
	info->up = vnf_port_is_up(p);
	return 0;
}

void *vnf_part_state(const struct vnf *vnf, enum part_slot slot)
{
	return vnf->part_state[slot];
}

const void *vnf_part_config(const struct vnf *vnf, enum part_slot slot)
{
	return vnf->part_config[slot];
}

bool vnf_is_replay(const struct vnf *vnf)
{
	return vnf->options.replay.on;
}

const char *vnf_drop_name(const struct vnf *vnf, uint32_t reason)
{
	return reason < vnf->drops.n ? vnf->drops.name[reason] : NULL;
}
