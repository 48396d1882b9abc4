/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A program's ports from creation to release. All of it runs on the control thread, except that a
 * port whose opening may block (a virtio-user server waits in accept()) is opened and started on a
 * thread of its own, so that peers may come in any order, late, and again after a handshake that
 * failed. Such threads take turns at DPDK's device list, which has no lock.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_lcore.h>

#include "loaded.h"

/* How long ports may take to get to their accept(), and cancelled ones to come back. */
#define STEP_WAIT_MS 3000
/* Pause after a peer failed in the handshake: doubled each time, up to the last. */
#define RETRY_FIRST_MS 100u
#define RETRY_LAST_MS 10000u
/* How long workers may take to leave a port that is to be opened again. */
#define QUIESCE_NS 1000000000ULL

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

int port_slot_init(struct vnf *vnf, struct port_slot *slot, uint16_t id,
		   const struct vnf_port_spec *spec)
{
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
	if (port->kind->priv_size > 0) {
		port->priv = calloc(1, port->kind->priv_size);
		if (port->priv == NULL)
			return -ENOMEM;
	}
	if (port->kind->need != NULL)
		port->kind->need(port, &slot->need);
	return 0;
}

uint16_t ports_room(const struct vnf *vnf)
{
	return vnf->program->live_ports ? VNF_PORTS_MAX
					: RTE_MAX(vnf->n_ports, (uint16_t)vnf->spec->ports.n);
}

int ports_create(struct vnf *vnf)
{
	size_t size = ports_room(vnf) * sizeof(*vnf->ports);

	vnf->ports = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (vnf->ports == NULL)
		return -ENOMEM;
	memset(vnf->ports, 0, size);
	for (uint16_t i = 0; i < vnf->spec->ports.n; i++) {
		vnf->n_ports = i + 1;
		if (port_slot_init(vnf, &vnf->ports[i], i,
				   schema_port(vnf->program, &vnf->spec->ports, i)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int ports_prepare(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct vnf_port *port = &vnf->ports[i].port;
		int ret = port->kind->prepare != NULL ? port->kind->prepare(port) : 0;

		if (ret < 0)
			return ret;
	}
	return 0;
}

void ports_restore(struct vnf *vnf)
{
	for (uint16_t i = vnf->n_ports; i > 0; i--) {
		struct vnf_port *port = &vnf->ports[i - 1].port;

		if (port_slot_used(&vnf->ports[i - 1]) && port->kind->restore != NULL)
			port->kind->restore(port);
	}
}

/* ---- opening ---- */

/* DPDK's list of devices has no lock. One port at a time is between entering it and waiting for its
 * peer: this is its number plus one, or 0.
 */
static uint32_t probing;

static bool slot_cancelled(const struct port_slot *slot)
{
	return __atomic_load_n(&slot->cancelled, __ATOMIC_ACQUIRE) != 0;
}

static bool probe_try(const struct port_slot *slot)
{
	uint32_t nobody = 0;

	return __atomic_compare_exchange_n(&probing, &nobody, slot->port.id + 1u, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static int probe_enter(const struct port_slot *slot)
{
	while (!probe_try(slot)) {
		if (slot_cancelled(slot))
			return -ECANCELED;
		wait_ms(1);
	}
	return 0;
}

static void probe_leave(const struct port_slot *slot)
{
	uint32_t me = slot->port.id + 1u;

	__atomic_compare_exchange_n(&probing, &me, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static int slot_start(struct port_slot *slot)
{
	struct vnf_port *port = &slot->port;
	int ret = port->kind->open(port);

	if (ret < 0)
		return ret;
	slot->opened = true;
	return port->kind->start != NULL ? port->kind->start(port) : 0;
}

/* Before another try, so that a peer that always fails costs little; a stop cuts it short. */
static void slot_pause(const struct port_slot *slot, unsigned int ms)
{
	for (; ms > 0 && !slot_cancelled(slot); ms -= RTE_MIN(ms, 10u))
		wait_ms(10);
}

static void *slot_thread(void *arg)
{
	struct port_slot *slot = arg;
	unsigned int pause_ms = RETRY_FIRST_MS;
	int ret;

	for (;;) {
		ret = probe_enter(slot);
		if (ret == 0)
			ret = slot_start(slot);
		probe_leave(slot);
		if (ret != -EAGAIN || slot_cancelled(slot))
			break;
		slot_pause(slot, pause_ms);
		pause_ms = RTE_MIN(2 * pause_ms, RETRY_LAST_MS);
	}
	slot_set_state(slot, ret < 0 ? PORT_FAILED : PORT_STARTED);
	return NULL;
}

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
	return 0;
}

/* Does it wait for another port to come up? */
static bool slot_is_early(const struct vnf *vnf, const struct port_slot *slot)
{
	const char *after = slot->port.spec->after;

	if (after[0] == '\0' || slot->begun)
		return false;
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (port_slot_used(&vnf->ports[i]) && strcmp(vnf->ports[i].port.name, after) == 0)
			return !vnf_port_is_up(&vnf->ports[i].port);
	return false;
}

/* From its opening, which may take long, until it is closed: outside of that its kind has nothing
 * to look at.
 */
static void slot_poll(struct port_slot *slot)
{
	enum port_state state = slot_state(slot);

	if ((state == PORT_OPENING || state == PORT_STARTED) && slot->port.kind->poll != NULL)
		slot->port.kind->poll(&slot->port);
	if (__atomic_load_n(&slot->port.waiting, __ATOMIC_ACQUIRE) != 0)
		probe_leave(slot);
}

/* As probe_enter(), for the control thread: it is who notices that another port waits for its peer
 * and has left the list. -EBUSY if none does.
 */
static int probe_enter_control(struct vnf *vnf, const struct port_slot *slot)
{
	for (unsigned int ms = 0; !probe_try(slot); ms++) {
		if (ms == STEP_WAIT_MS) {
			vnf_error("port \"%s\": another port does not end its opening",
				  slot->port.name);
			return -EBUSY;
		}
		for (uint16_t i = 0; i < vnf->n_ports; i++)
			if (port_slot_used(&vnf->ports[i]))
				slot_poll(&vnf->ports[i]);
		wait_ms(1);
	}
	return 0;
}

static int slot_begin(struct vnf *vnf, struct port_slot *slot)
{
	int ret;

	slot->begun = true;
	if ((slot->port.kind->flags & VNF_KIND_OPEN_BLOCKS) != 0)
		return slot_start_aside(slot);
	ret = probe_enter_control(vnf, slot);
	if (ret == 0)
		ret = slot_start(slot);
	probe_leave(slot);
	slot_set_state(slot, ret < 0 ? PORT_FAILED : PORT_STARTED);
	return ret;
}

/* Has the port got past what can fail by our own fault: does it wait, or is it done? */
static bool slot_settled(struct port_slot *slot)
{
	slot_poll(slot);
	return slot_state(slot) != PORT_OPENING ||
	       __atomic_load_n(&slot->port.waiting, __ATOMIC_ACQUIRE) != 0;
}

static int ports_settle(struct vnf *vnf, bool (*stop)(void *arg), void *arg)
{
	for (unsigned int ms = 0; ms < STEP_WAIT_MS; ms++) {
		bool settled = true;

		for (uint16_t i = 0; i < vnf->n_ports; i++) {
			settled = slot_settled(&vnf->ports[i]) && settled;
			if (slot_state(&vnf->ports[i]) == PORT_FAILED)
				return -EIO;
		}
		if (settled)
			return 0;
		if (stop(arg))
			return -ECANCELED;
		wait_ms(1);
	}
	return 0;
}

int ports_open(struct vnf *vnf, bool (*stop)(void *arg), void *arg)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];
		int ret;

		if (stop(arg))
			return -ECANCELED;
		slot->port.pool = vnf->pool;
		ret = slot_is_early(vnf, slot) ? 0 : slot_begin(vnf, slot);
		if (ret < 0)
			return ret;
	}
	return ports_settle(vnf, stop, arg);
}

/* ---- looking after ---- */

/* Undo what was done: start, then open. */
static void slot_stop(struct port_slot *slot)
{
	struct vnf_port *port = &slot->port;

	if (slot_state(slot) == PORT_STARTED && port->kind->stop != NULL)
		port->kind->stop(port);
	vnf_port_set_up(port, false);
	if (slot->opened && port->kind->close != NULL)
		port->kind->close(port);
	slot->opened = false;
	slot_set_state(slot, PORT_CLOSED);
}

static void slot_join(struct port_slot *slot)
{
	if (slot->has_thread)
		pthread_join(slot->thread, NULL);
	slot->has_thread = false;
}

void port_slot_leave(struct port_slot *slot)
{
	__atomic_fetch_or(&slot->port.up, VNF_PORT_LEAVING, __ATOMIC_RELEASE);
}

void port_slot_stay(struct port_slot *slot)
{
	__atomic_fetch_and(&slot->port.up, ~VNF_PORT_LEAVING, __ATOMIC_RELEASE);
}

/* The kind gave its device up: begin anew. Workers have left the port before it is touched, and do
 * not come back if a peer does.
 */
static void slot_reopen(struct vnf *vnf, struct port_slot *slot)
{
	struct vnf_port *port = &slot->port;

	port_slot_leave(slot);
	if (vnf_quiesce(vnf, QUIESCE_NS) < 0 || probe_enter_control(vnf, slot) < 0) {
		port_slot_stay(slot);
		return;
	}
	telemetry_pause();
	slot_stop(slot);
	probe_leave(slot);
	slot_join(slot);
	__atomic_store_n(&port->broken, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&port->waiting, 0, __ATOMIC_RELEASE);
	port_slot_stay(slot);
	slot_begin(vnf, slot);
	telemetry_resume();
}

/* One that came by a reload fails for itself; else the program ends. */
static int slot_failed(struct port_slot *slot)
{
	if (!slot->late)
		return -EIO;
	if (!slot->told)
		vnf_error("port \"%s\" stays closed; mend it and reload", slot->port.name);
	slot->told = true;
	return 0;
}

int ports_poll(struct vnf *vnf)
{
	int ret = 0;

	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];

		if (!port_slot_used(slot))
			continue;
		if (!slot->begun && !slot->held && !slot_is_early(vnf, slot))
			slot_begin(vnf, slot);
		slot_poll(slot);
		if (slot_state(slot) == PORT_FAILED)
			ret = ret < 0 ? ret : slot_failed(slot);
		else if (slot_state(slot) == PORT_STARTED &&
			 __atomic_load_n(&slot->port.broken, __ATOMIC_ACQUIRE) != 0)
			slot_reopen(vnf, slot);
	}
	ports_report(vnf);
	return ret;
}

bool port_is_started(const struct vnf_port *port)
{
	return slot_state((const struct port_slot *)port) == PORT_STARTED;
}

/* What changes faster than lines may come is said once it stands. */
static void slot_say(struct port_slot *slot, bool up)
{
	uint32_t missed;

	if (up == (slot->said_up != 0) || !log_limit_pass(&slot->limit, &missed))
		return;
	slot->said_up = up;
	vnf_notice("port \"%s\" is %s", slot->port.name, up ? "up" : "down");
}

void ports_report(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];
		bool up = vnf_port_is_up(&slot->port);

		if (!port_slot_used(slot))
			continue;
		slot_say(slot, up);
		if (up != (slot->seen_up != 0)) {
			slot->seen_up = up;
			if (vnf->program->link != NULL)
				vnf->program->link(vnf, &slot->port, up);
		}
		if (up)
			datapath_look(slot);
	}
}

/* ---- closing ---- */

static void slot_cancel(struct port_slot *slot)
{
	__atomic_store_n(&slot->cancelled, 1, __ATOMIC_RELEASE);
	if (slot_state(slot) == PORT_OPENING && slot->port.kind->cancel != NULL)
		slot->port.kind->cancel(&slot->port);
}

int ports_cancel(struct vnf *vnf)
{
	bool opening = true;

	for (unsigned int ms = 0; opening && ms < STEP_WAIT_MS; ms += 10) {
		opening = false;
		for (uint16_t i = 0; i < vnf->n_ports; i++) {
			if (!port_slot_used(&vnf->ports[i]))
				continue;
			slot_cancel(&vnf->ports[i]);
			opening |= slot_state(&vnf->ports[i]) == PORT_OPENING;
		}
		if (opening)
			wait_ms(10);
	}
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];

		if (slot_state(slot) == PORT_OPENING) {
			vnf_error("port \"%s\": its opening does not end", slot->port.name);
			return -ETIMEDOUT;
		}
		slot_join(slot);
	}
	return 0;
}

int port_slot_open(struct vnf *vnf, struct port_slot *slot)
{
	slot->port.pool = vnf->pool;
	slot->held = false;
	port_slot_stay(slot);
	if (slot_is_early(vnf, slot))
		return 0;
	return slot_begin(vnf, slot);
}

int port_slot_close(struct vnf *vnf, struct port_slot *slot)
{
	unsigned int ms = 0;

	for (; slot_state(slot) == PORT_OPENING && ms < STEP_WAIT_MS; ms++) {
		slot_cancel(slot);
		/* It may wait for its turn, which the control thread gives. */
		slot_poll(slot);
		wait_ms(1);
	}
	if (slot_state(slot) == PORT_OPENING) {
		vnf_error("port \"%s\": its opening does not end", slot->port.name);
		return -ETIMEDOUT;
	}
	slot_join(slot);
	if (slot->begun && probe_enter_control(vnf, slot) < 0)
		return -ETIMEDOUT;
	slot_stop(slot);
	probe_leave(slot);
	slot->begun = false;
	slot->held = true;
	__atomic_store_n(&slot->cancelled, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&slot->port.waiting, 0, __ATOMIC_RELEASE);
	return 0;
}

void ports_close(struct vnf *vnf)
{
	for (uint16_t i = vnf->n_ports; i > 0; i--)
		if (port_slot_used(&vnf->ports[i - 1]))
			slot_stop(&vnf->ports[i - 1]);
}

void ports_destroy(struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];

		if (port_slot_used(slot) && slot->port.kind->priv_size > 0)
			free(slot->port.priv);
		loaded_put(slot->loaded);
	}
	free(vnf->ports);
	vnf->ports = NULL;
	vnf->n_ports = 0;
}
