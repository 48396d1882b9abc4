/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See port_change.h. Control thread. A changed port is: workers leave it, it is closed, its slot
 * is filled anew, it is opened. What was in the slot is kept until all ports are open, and put back
 * if one of them cannot be.
 */

#include "port_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"
#include "reload.h"

#define LEAVE_NS 1000000000ULL
#define NS_PER_US 1000

static bool differs_closed(enum port_fate fate)
{
	return fate == PORT_REMOVED || fate == PORT_CHANGED;
}

static bool differs_opened(enum port_fate fate)
{
	return fate == PORT_ADDED || fate == PORT_CHANGED;
}

/* ---- which port is which ---- */

struct compare {
	struct vnf *vnf;
	struct port_plan *plan;
};

/* The item of `ports` that the node is in, or NULL; *live: on the way down to it, or at it, is a
 * key that may change live.
 */
static const struct cfg_node *port_of(const struct cfg_node *node, bool *live)
{
	*live = false;
	for (; node != NULL; node = node->parent) {
		if (node->kind == CFG_ITEM && node->parent->parent->kind == CFG_SECTION &&
		    strcmp(node->parent->name, "ports") == 0)
			return node;
		if (node->kind == CFG_KEY)
			*live |= (node->key->flags & VNF_CONFIG_LIVE) != 0;
	}
	return NULL;
}

static void compare_one(void *arg, const struct cfg_change *change)
{
	const struct compare *compare = arg;
	const struct cfg_node *port;
	bool live;
	int id;

	if (change->before == NULL || change->after == NULL)
		return;
	port = port_of(change->after, &live);
	if (port == NULL || live)
		return;
	id = vnf_port_find(compare->vnf, ((const struct vnf_port_spec *)port->field)->name);
	if (id >= 0 && compare->plan->fate[id] == PORT_KEPT)
		compare->plan->fate[id] = PORT_CHANGED;
}

static uint16_t free_number(const struct vnf *vnf, const struct port_plan *plan)
{
	uint16_t id = 0;

	while (id < VNF_PORTS_MAX && (plan->fate[id] != PORT_ABSENT ||
				      (id < vnf->n_ports && port_slot_used(&vnf->ports[id]))))
		id++;
	return id;
}

static void plan_present(struct vnf *vnf, struct port_plan *plan)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++)
		if (port_slot_used(&vnf->ports[i]))
			plan->fate[i] = PORT_REMOVED;
}

/* A port that failed is tried again, changed or not. */
static enum port_fate fate_of_present(const struct port_slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == PORT_FAILED ? PORT_CHANGED
									      : PORT_KEPT;
}

static int plan_names(struct vnf *vnf, struct loaded *loaded, struct port_plan *plan)
{
	for (size_t i = 0; i < loaded->spec->ports.n; i++) {
		const struct vnf_port_spec *spec =
			schema_port(vnf->program, &loaded->spec->ports, i);
		int id = vnf_port_find(vnf, spec->name);

		if (id >= 0) {
			plan->fate[id] = fate_of_present(&vnf->ports[id]);
		} else {
			id = free_number(vnf, plan);
			if (id == VNF_PORTS_MAX) {
				vnf_config_error(
					loaded->file, spec,
					"no number is left for it while the ports that it "
					"replaces are there; remove some first, or restart");
				return -EINVAL;
			}
			plan->fate[id] = PORT_ADDED;
		}
		plan->spec[id] = spec;
	}
	return 0;
}

/* ---- does it fit? ---- */

static int refuse_start(struct loaded *loaded, const struct port_slot *slot, const char *what)
{
	vnf_config_error(loaded->file, slot->port.spec,
			 "port \"%s\" needs %s, for which this program was not started; restart it",
			 slot->port.name, what);
	return -EINVAL;
}

static int slot_fits(const struct vnf *vnf, struct loaded *loaded, const struct port_slot *slot)
{
	if (slot->need.iova_pa && !vnf->iova_pa)
		return refuse_start(loaded, slot, "physical addresses");
	if (slot->need.pci && !vnf->pci)
		return refuse_start(loaded, slot, "the PCI bus");
	if (slot->need.shared && !vnf->shared)
		return refuse_start(loaded, slot, "memory that its peer can map");
	return 0;
}

/* What is done to a device before DPDK starts cannot be done, or undone, while it runs. */
static int plan_kinds(const struct vnf *vnf, struct loaded *loaded, const struct port_plan *plan)
{
	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++) {
		const struct port_slot *old = differs_closed(plan->fate[i]) ? &vnf->ports[i] : NULL;
		const struct port_slot *slot =
			old != NULL && old->port.kind->prepare != NULL ? old : plan->fresh[i];

		if (slot == NULL || slot->port.kind->prepare == NULL)
			continue;
		vnf_config_error(loaded->file,
				 plan->spec[i] != NULL ? (const void *)plan->spec[i]
						       : &loaded->spec->ports,
				 "port \"%s\" is of kind %s, which comes, goes and changes by a "
				 "restart only; its domain may change live",
				 slot->port.name, slot->port.kind->name);
		return -EINVAL;
	}
	return 0;
}

/* A slot as it will be, to ask what it needs; and for those that will be opened, to be put in. */
static const struct port_slot *slot_planned(const struct vnf *vnf, const struct port_plan *plan,
					    uint16_t id)
{
	if (plan->fate[id] == PORT_KEPT)
		return &vnf->ports[id];
	return differs_opened(plan->fate[id]) ? plan->fresh[id] : NULL;
}

static int refuse_memory(struct loaded *loaded, const struct memory_plan *have,
			 const struct memory_plan *need)
{
	if (need->data_room > have->data_room) {
		vnf_config_error(loaded->file, &loaded->spec->ports,
				 "the mtu of one takes packets of %u octets, and the program was "
				 "started with %u; restart it",
				 need->data_room, have->data_room);
		return -EINVAL;
	}
	vnf_config_error(loaded->file, &loaded->spec->ports,
			 "these ports take %u packets of %u octets and %llu MiB, and the program "
			 "was started with %u of %u and %llu MiB; restart it, or start it with "
			 "more: keys spare_ports, packets and memory",
			 need->n_mbufs, need->data_room, (unsigned long long)(need->needed >> 20),
			 have->n_mbufs, have->data_room, (unsigned long long)(have->bytes >> 20));
	return -EINVAL;
}

static int plan_fits(const struct vnf *vnf, struct loaded *loaded, const struct port_plan *plan)
{
	struct memory_input in = {
		.n_workers = vnf->n_workers,
		.packets = program_packets(vnf),
		.hugepages = HUGEPAGES_NEVER,
	};
	struct memory_plan need;
	char why[WHY_MAX];

	for (uint16_t i = 0; i < plan->n_ports; i++) {
		const struct port_slot *slot = slot_planned(vnf, plan, i);

		if (slot == NULL)
			continue;
		if (slot_fits(vnf, loaded, slot) < 0)
			return -EINVAL;
		memory_input_add(&in, &slot->port, &slot->need);
	}
	if (memory_plan_make(&in, &need, why, sizeof(why)) < 0) {
		vnf_config_error(loaded->file, &loaded->spec->ports, "%s", why);
		return -EINVAL;
	}
	if (need.n_mbufs > vnf->memory.n_mbufs || need.data_room > vnf->memory.data_room ||
	    need.needed > vnf->memory.bytes)
		return refuse_memory(loaded, &vnf->memory, &need);
	return 0;
}

static void slot_release(struct port_slot **slot)
{
	struct port_slot *s = *slot;

	*slot = NULL;
	if (s == NULL)
		return;
	if (s->port.kind->priv_size > 0)
		free(s->port.priv);
	loaded_put(s->loaded);
	free(s);
}

static int plan_slots(struct vnf *vnf, struct loaded *loaded, struct port_plan *plan)
{
	for (uint16_t i = 0; i < plan->n_ports; i++) {
		struct port_slot *slot;

		if (!differs_opened(plan->fate[i]))
			continue;
		slot = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*slot));
		if (slot == NULL)
			return -ENOMEM;
		memset(slot, 0, sizeof(*slot));
		slot->late = true;
		slot->held = true;
		slot->loaded = loaded;
		loaded_get(loaded);
		plan->fresh[i] = slot;
		if (port_slot_init(vnf, slot, i, plan->spec[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

int port_plan_make(struct vnf *vnf, struct loaded *loaded, struct port_plan *plan)
{
	struct compare compare = { vnf, plan };
	int ret;

	memset(plan, 0, sizeof(*plan));
	plan_present(vnf, plan);
	ret = plan_names(vnf, loaded, plan);
	if (ret < 0)
		return ret;
	ret = cfg_diff(vnf->generation->loaded->file, loaded->file, compare_one, &compare);
	if (ret < 0)
		return ret;
	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++) {
		if (plan->spec[i] != NULL)
			plan->n_ports = i + 1;
		plan->n_changes += plan->fate[i] > PORT_KEPT;
	}
	ret = plan_slots(vnf, loaded, plan);
	if (ret == 0)
		ret = plan_kinds(vnf, loaded, plan);
	return ret < 0 ? ret : plan_fits(vnf, loaded, plan);
}

void port_plan_drop(struct port_plan *plan)
{
	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++) {
		slot_release(&plan->fresh[i]);
		slot_release(&plan->old[i]);
	}
}

/* ---- who polls what ---- */

static uint16_t least_busy(const struct vnf *vnf, const struct generation *next)
{
	uint16_t best = 0;

	for (uint16_t i = 1; i < vnf->n_workers; i++)
		if (next->n_rxqs[i] < next->n_rxqs[best])
			best = i;
	return best;
}

static void queue_give(const struct vnf *vnf, struct generation *next, uint16_t worker,
		       struct vnf_port *port, uint16_t id, uint16_t q)
{
	next->rxqs[worker][next->n_rxqs[worker]++] = (struct vnf_rxq){
		.port = port,
		.queue = q,
		.latency = latency_rx(&vnf->workers[worker], id, q),
	};
}

/* A queue never goes to another worker: two would use it for a moment. */
static void queues_keep(struct vnf *vnf, const struct port_plan *plan, struct generation *next)
{
	for (uint16_t i = 0; i < plan->n_ports; i++) {
		struct port_slot *slot = &vnf->ports[i];

		for (uint16_t q = 0; plan->fate[i] == PORT_KEPT && q < slot->port.n_queues; q++)
			queue_give(vnf, next, slot->poller[q], &slot->port, i, q);
	}
}

static void queues_new(struct vnf *vnf, const struct port_plan *plan, struct generation *next)
{
	for (uint16_t i = 0; i < plan->n_ports; i++) {
		struct port_slot *slot = plan->fresh[i];

		for (uint16_t q = 0; slot != NULL && q < slot->port.n_queues; q++) {
			slot->poller[q] = least_busy(vnf, next);
			queue_give(vnf, next, slot->poller[q], &vnf->ports[i].port, i, q);
		}
	}
}

int port_plan_queues(struct vnf *vnf, const struct port_plan *plan, struct generation *next)
{
	next->n_ports = plan->n_ports;
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		next->rxqs[i] =
			calloc((size_t)plan->n_ports * VNF_QUEUES_MAX + 1, sizeof(*next->rxqs[i]));
		if (next->rxqs[i] == NULL)
			return -ENOMEM;
	}
	queues_keep(vnf, plan, next);
	queues_new(vnf, plan, next);
	return 0;
}

/* ---- closing and opening ---- */

static uint64_t port_dropped(const struct vnf *vnf, uint16_t id)
{
	struct vnf_port_counters counters;

	vnf_port_counters_read(vnf, id, &counters);
	return counters.drops[VNF_DROP_PORT_DOWN];
}

static void ports_leave(struct vnf *vnf, struct port_plan *plan)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		if (plan->fate[i] == PORT_ABSENT)
			continue;
		plan->lost[i] = port_dropped(vnf, i);
		if (!differs_closed(plan->fate[i]))
			continue;
		plan->left_ns[i] = vnf_clock_now();
		port_slot_leave(&vnf->ports[i]);
	}
}

/* An empty slot keeps its number, by which a worker may still count. */
static void slot_clear(struct port_slot *slot)
{
	uint16_t id = slot->port.id;

	memset(slot, 0, sizeof(*slot));
	slot->port.id = id;
}

/* Nobody has this number any more; whoever gets it next begins anew. */
static void slot_retire(struct vnf *vnf, uint16_t id)
{
	slot_clear(&vnf->ports[id]);
	workers_retire_port(vnf, id);
}

static struct port_slot *slot_copy(const struct port_slot *slot)
{
	struct port_slot *copy = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*copy));

	if (copy != NULL)
		memcpy(copy, slot, sizeof(*copy));
	return copy;
}

/* The port is down, and stays down while its slot is written: workers look at that first. */
static void slot_take(struct port_slot *slot, struct port_slot **from)
{
	memcpy(slot, *from, sizeof(*slot));
	free(*from);
	*from = NULL;
}

static int slot_close(struct vnf *vnf, struct port_slot *slot)
{
	int ret;

	if (slot->seen_up != 0 && vnf->program->link != NULL)
		vnf->program->link(vnf, &slot->port, false);
	slot->seen_up = 0;
	slot->said_up = 0;
	ret = port_slot_close(vnf, slot);
	/* Its opener still runs; when that ends, the others are not to end with it. */
	if (ret < 0)
		slot->late = true;
	return ret;
}

int port_plan_close(struct vnf *vnf, struct port_plan *plan)
{
	int ret = 0;

	ports_leave(vnf, plan);
	if (plan->n_changes > 0 && vnf_quiesce(vnf, LEAVE_NS) < 0) {
		for (uint16_t i = 0; i < vnf->n_ports; i++)
			if (differs_closed(plan->fate[i]))
				port_slot_stay(&vnf->ports[i]);
		return -ETIMEDOUT;
	}
	for (uint16_t i = 0; i < vnf->n_ports && ret == 0; i++)
		if (differs_closed(plan->fate[i]))
			ret = slot_close(vnf, &vnf->ports[i]);
	return ret < 0 ? -EBUSY : 0;
}

static int slot_fill(struct vnf *vnf, struct port_plan *plan, uint16_t id)
{
	struct port_slot *slot = &vnf->ports[id];

	if (plan->fate[id] == PORT_CHANGED) {
		plan->old[id] = slot_copy(slot);
		if (plan->old[id] == NULL)
			return -ENOMEM;
	}
	slot_take(slot, &plan->fresh[id]);
	vnf->n_ports = RTE_MAX(vnf->n_ports, (uint16_t)(id + 1));
	return 0;
}

int port_plan_fill(struct vnf *vnf, struct port_plan *plan)
{
	int ret = 0;

	for (uint16_t i = 0; i < plan->n_ports && ret == 0; i++)
		if (differs_opened(plan->fate[i]))
			ret = slot_fill(vnf, plan, i);
	return ret;
}

int port_plan_open(struct vnf *vnf, struct port_plan *plan)
{
	for (uint16_t i = 0; i < plan->n_ports; i++) {
		int ret;

		if (!differs_opened(plan->fate[i]))
			continue;
		ret = port_slot_open(vnf, &vnf->ports[i]);
		if (ret < 0)
			return ret;
		if (plan->left_ns[i] != 0)
			plan->closed_ns[i] = vnf_clock_now() - plan->left_ns[i];
	}
	return 0;
}

static bool was_filled(const struct port_plan *plan, uint16_t id)
{
	return differs_opened(plan->fate[id]) && plan->fresh[id] == NULL;
}

/* What was there is there again, closed. One that was not there stays, for workers of the
 * generation that had it may yet look at it. 0; or -errno, and it is as it was.
 */
static int slot_unfill(struct vnf *vnf, struct port_plan *plan, uint16_t id)
{
	struct port_slot *slot = &vnf->ports[id];

	if (port_slot_close(vnf, slot) < 0)
		return -EBUSY;
	plan->fresh[id] = slot_copy(slot);
	if (plan->fresh[id] == NULL)
		return -ENOMEM;
	if (plan->old[id] != NULL)
		slot_take(slot, &plan->old[id]);
	return 0;
}

/* As it was before. One that was not closed after all only stays. */
static int slot_reinstate(struct vnf *vnf, struct port_slot *slot)
{
	if (!slot->held) {
		port_slot_stay(slot);
		/* Its opener was told to end, and does not. */
		return __atomic_load_n(&slot->cancelled, __ATOMIC_ACQUIRE) != 0 ? -EBUSY : 0;
	}
	slot->late = true;
	/* As a kind's open() finds it the first time. */
	if (slot->port.kind->priv_size > 0)
		memset(slot->port.priv, 0, slot->port.kind->priv_size);
	return port_slot_open(vnf, slot);
}

int port_plan_unfill(struct vnf *vnf, struct port_plan *plan)
{
	bool left = true;
	int ret = 0;

	for (uint16_t i = 0; i < plan->n_ports; i++)
		if (was_filled(plan, i))
			port_slot_leave(&vnf->ports[i]);
	left = vnf_quiesce(vnf, LEAVE_NS) == 0;
	for (uint16_t i = 0; i < plan->n_ports; i++)
		if (was_filled(plan, i) && (!left || slot_unfill(vnf, plan, i) < 0)) {
			plan->fate[i] = PORT_KEPT;
			ret = -EBUSY;
		}
	return ret;
}

int port_plan_reinstate(struct vnf *vnf, struct port_plan *plan)
{
	int ret = 0;

	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++) {
		if (plan->fate[i] == PORT_ADDED && plan->fresh[i] != NULL)
			slot_retire(vnf, i);
		if (differs_closed(plan->fate[i]) && slot_reinstate(vnf, &vnf->ports[i]) < 0)
			ret = -EIO;
	}
	return ret;
}

bool port_plan_renumbers(const struct port_plan *plan)
{
	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++)
		if (plan->fate[i] == PORT_ADDED || plan->fate[i] == PORT_REMOVED)
			return true;
	return false;
}

void port_plan_finish(struct vnf *vnf, struct port_plan *plan)
{
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		if (plan->fate[i] != PORT_REMOVED)
			continue;
		plan->old[i] = slot_copy(&vnf->ports[i]);
		slot_retire(vnf, i);
	}
	vnf->n_ports = plan->n_ports;
}

/* ---- telling ---- */

static const char *fate_word(enum port_fate fate)
{
	static const char *const words[] = { "absent", "kept", "added", "removed", "changed" };

	return words[fate];
}

json_t *port_plan_json(struct vnf *vnf, const struct port_plan *plan, bool done)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++) {
		const struct port_slot *slot = plan->old[i] != NULL && plan->fate[i] == PORT_REMOVED
						       ? plan->old[i]
					       : plan->fresh[i] != NULL ? plan->fresh[i]
									: &vnf->ports[i];
		uint64_t lost = 0;
		json_t *port;

		if (plan->fate[i] == PORT_ABSENT)
			continue;
		port = json_pack("{ss ss}", "port", slot->port.name, "change",
				 fate_word(plan->fate[i]));
		if (done && plan->fate[i] != PORT_REMOVED)
			lost = port_dropped(vnf, i) - plan->lost[i];
		if (done && plan->fate[i] != PORT_ADDED) {
			json_object_set_new(port, "lost", json_integer((json_int_t)lost));
			json_object_set_new(
				port, "closed_us",
				json_integer((json_int_t)(plan->closed_ns[i] / NS_PER_US)));
		}
		json_array_append_new(list, port);
	}
	return list;
}
