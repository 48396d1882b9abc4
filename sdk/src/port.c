/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A program's ports from creation to release. All of it runs on the control thread, except that a
 * port whose opening may block (a virtio-user server waits in accept()) is opened and started on a
 * thread of its own, so that peers may come in any order and late. Those threads begin one after
 * the other: each has passed DPDK's unlocked device list before the next one enters it.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_lcore.h>

/* How long a port may take to get to its accept(), and a cancelled one to come back. */
#define STEP_WAIT_MS 3000

static void wait_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static enum port_state slot_state(const struct port_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static void slot_set_state(struct port_slot *slot, enum port_state state)
{
	__atomic_store_n(&slot->state, state, __ATOMIC_RELEASE);
}

/* A locally administered address that is the same at every start: peers' ARP entries stay right. */
static void mac_derive(const char *program, const char *port, struct rte_ether_addr *mac)
{
	uint32_t a = text_hash(program, strlen(program), TEXT_HASH_SEED);
	uint32_t b = text_hash(port, strlen(port), a);

	mac->addr_bytes[0] = 0x02;
	mac->addr_bytes[1] = (uint8_t)a;
	memcpy(&mac->addr_bytes[2], &b, sizeof(b));
}

static void slot_init(struct vnf *vnf, uint16_t id)
{
	const struct vnf_port_spec *spec = schema_port(vnf->program, &vnf->spec->ports, id);
	struct port_slot *slot = &vnf->ports[id];
	struct vnf_port *port = &slot->port;
	uint32_t queues = spec->queues != 0 ? spec->queues : vnf->spec->workers;

	port->id = id;
	port->name = spec->name;
	port->spec = spec;
	port->kind = vnf->schema.kind[spec->kind];
	port->vnf = vnf;
	port->mtu = (uint16_t)spec->mtu;
	port->n_queues = (uint16_t)RTE_MIN(queues, port->kind->queues_max);
	memcpy(&port->mac, spec->mac, sizeof(port->mac));
	if (rte_is_zero_ether_addr(&port->mac))
		mac_derive(vnf->spec->name, spec->name, &port->mac);
	if (port->kind->need != NULL)
		port->kind->need(port, &slot->need);
}

int ports_create(struct vnf *vnf)
{
	size_t size = vnf->spec->ports.n * sizeof(*vnf->ports);

	vnf->ports = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (vnf->ports == NULL)
		return -ENOMEM;
	memset(vnf->ports, 0, size);
	vnf->n_ports = (uint16_t)vnf->spec->ports.n;
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		slot_init(vnf, i);
	return 0;
}

/* Open and start; on the control thread or on the port's own. */
static int slot_start(struct port_slot *slot)
{
	struct vnf_port *port = &slot->port;
	int ret = port->kind->open(port);

	if (ret < 0)
		return ret;
	slot->opened = true;
	return port->kind->start != NULL ? port->kind->start(port) : 0;
}

static void *slot_thread(void *arg)
{
	struct port_slot *slot = arg;

	slot_set_state(slot, slot_start(slot) < 0 ? PORT_FAILED : PORT_STARTED);
	return NULL;
}

static void slot_poll(struct port_slot *slot)
{
	if (slot->port.kind->poll != NULL)
		slot->port.kind->poll(&slot->port);
}

/* The thread is past the device list when its socket exists, which the kind says by `waiting`; a
 * kind without that is given the time it takes to start.
 */
static int slot_start_aside(struct port_slot *slot)
{
	char name[16];
	int ret;

	slot_set_state(slot, PORT_OPENING);
	snprintf(name, sizeof(name), "port-%u", slot->port.id);
	ret = rte_ctrl_thread_create(&slot->thread, name, NULL, slot_thread, slot);
	if (ret != 0) {
		vnf_error("port \"%s\": no thread to open it: %s", slot->port.name, strerror(-ret));
		slot_set_state(slot, PORT_FAILED);
		return ret;
	}
	slot->has_thread = true;
	for (unsigned int ms = 0; ms < STEP_WAIT_MS; ms++) {
		slot_poll(slot);
		if (slot_state(slot) != PORT_OPENING || slot->port.waiting)
			break;
		wait_ms(1);
	}
	return slot_state(slot) == PORT_FAILED ? -EIO : 0;
}

int ports_open(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];
		int ret;

		slot->port.pool = vnf->pool;
		if ((slot->port.kind->flags & VNF_KIND_OPEN_BLOCKS) != 0) {
			ret = slot_start_aside(slot);
		} else {
			ret = slot_start(slot);
			slot_set_state(slot, ret < 0 ? PORT_FAILED : PORT_STARTED);
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

int ports_poll(struct vnf *vnf)
{
	int ret = 0;

	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		if (slot_state(&vnf->ports[i]) == PORT_FAILED)
			ret = -EIO;
		else
			slot_poll(&vnf->ports[i]);
	}
	ports_report(vnf);
	return ret;
}

void ports_report(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];
		bool up = vnf_port_is_up(&slot->port);

		if (up == (slot->seen_up != 0))
			continue;
		slot->seen_up = up;
		vnf_notice("port \"%s\" is %s", slot->port.name, up ? "up" : "down");
		if (vnf->program->link != NULL)
			vnf->program->link(vnf, &slot->port, up);
	}
}

/* A thread that waits for its peer is made to return; one that will not is left behind, for the
 * process is about to end.
 */
static void slot_join(struct port_slot *slot)
{
	for (unsigned int ms = 0; ms < STEP_WAIT_MS && slot_state(slot) == PORT_OPENING; ms += 10) {
		if (slot->port.kind->cancel != NULL)
			slot->port.kind->cancel(&slot->port);
		wait_ms(10);
	}
	if (slot_state(slot) == PORT_OPENING) {
		vnf_warning("port \"%s\": its opening did not end in time", slot->port.name);
		return;
	}
	pthread_join(slot->thread, NULL);
	slot->has_thread = false;
}

static void slot_close(struct port_slot *slot)
{
	struct vnf_port *port = &slot->port;

	if (slot->has_thread)
		slot_join(slot);
	if (slot->has_thread)
		return;
	if (slot_state(slot) == PORT_STARTED && port->kind->stop != NULL)
		port->kind->stop(port);
	vnf_port_set_up(port, false);
	if (slot->opened && port->kind->close != NULL)
		port->kind->close(port);
	slot->opened = false;
	slot_set_state(slot, PORT_CLOSED);
}

void ports_close(struct vnf *vnf)
{
	for (uint16_t i = vnf->n_ports; i > 0; i--)
		slot_close(&vnf->ports[i - 1]);
}

void ports_destroy(struct vnf *vnf)
{
	free(vnf->ports);
	vnf->ports = NULL;
	vnf->n_ports = 0;
}
