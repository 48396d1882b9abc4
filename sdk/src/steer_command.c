/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What steering tells: its commands, on the control thread, and its metrics.
 */

#include "steer_priv.h"

#include <errno.h>
#include <stdio.h>

static struct steer *steer_of(const struct vnf *vnf)
{
	return vnf_part_state(vnf, PART_STEER);
}

static uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* ---- slots ---- */

static json_t *slot_json(const struct steer *steer, uint32_t slot)
{
	uint16_t holder = __atomic_load_n(&steer->holder[slot], __ATOMIC_RELAXED);
	uint16_t target = __atomic_load_n(&steer->target[slot], __ATOMIC_RELAXED);

	return json_pack("{si si sI ss}", "slot", slot, "worker", target, "packets",
			 (json_int_t)steer_slot_packets(steer, slot), "state",
			 holder == target ? "settled" : "moving");
}

static json_t *slots_run(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct steer *steer = steer_of(vnf);
	json_t *all = json_array();

	(void)args;
	(void)why;
	for (uint32_t s = 0; s < steer->n_slots; s++)
		json_array_append_new(all, slot_json(steer, s));
	return all;
}

/* ---- steering ---- */

static json_t *worker_json(const struct steer_worker *w, uint16_t id, uint32_t slots,
			   uint64_t packets)
{
	const struct steer_counts *c = &w->counts;

	return json_pack("{si si sI sI sI sI sI}", "worker", id, "slots", slots, "packets",
			 (json_int_t)packets, "given", (json_int_t)counter_read(&c->given), "taken",
			 (json_int_t)counter_read(&c->taken), "full",
			 (json_int_t)counter_read(&c->full), "parked",
			 (json_int_t)counter_read(&c->parked));
}

static json_t *steering_run(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct steer *steer = steer_of(vnf);
	json_t *all = json_array();

	(void)args;
	(void)why;
	for (uint16_t i = 0; i < steer->n_workers; i++) {
		const struct steer_worker *w = &steer->workers[i];
		uint64_t packets = 0;
		uint32_t slots = 0;

		for (uint32_t s = 0; s < steer->n_slots; s++) {
			slots += __atomic_load_n(&steer->target[s], __ATOMIC_RELAXED) == i;
			packets += counter_read(&w->pub.packets[s]);
		}
		json_array_append_new(all, worker_json(w, i, slots, packets));
	}
	return all;
}

/* ---- slot-move ---- */

struct move_args {
	uint32_t slot;
	uint32_t worker;
};

static const struct vnf_config_key move_keys[] = {
	{ .name = "slot",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct move_args, slot),
	  .max = VNF_SLOTS_MAX - 1,
	  .doc = "The slot." },
	{ .name = "worker",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct move_args, worker),
	  .max = WORKERS_MAX - 1,
	  .doc = "The worker that it goes to." },
	{ .name = NULL },
};

static json_t *move_run(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct move_args *a = args;
	struct steer *steer = steer_of(vnf);
	int ret;

	if (a->slot >= steer->n_slots)
		return vnf_refuse(why, -ENOENT, "there is no slot %u; the last is %u", a->slot,
				  steer->n_slots - 1);
	if (a->worker >= steer->n_workers)
		return vnf_refuse(why, -ENOENT, "there is no worker %u; the last is %u", a->worker,
				  steer->n_workers - 1);
	ret = steer_move_begin(vnf, steer, a->slot, (uint16_t)a->worker);
	if (ret == -EBUSY)
		return vnf_refuse(why, ret,
				  "slot %u is on its way from worker %u to worker %u; one moves at "
				  "a time, so try again",
				  steer->slot, steer->from, steer->to);
	if (ret == -EALREADY)
		return vnf_refuse(why, ret, "slot %u is worker %u's already", a->slot, a->worker);
	return json_pack("{si si si}", "slot", a->slot, "from", steer->from, "to", steer->to);
}

const struct vnf_command steer_commands[] = {
	{ .name = "steering",
	  .help = "Slots and packets of each worker: dealt with, given to others, taken from "
		  "others, dropped for a full ring.",
	  .run = steering_run },
	{ .name = "slots",
	  .help = "Each slot: whose it is, and its packets so far.",
	  .run = slots_run },
	{ .name = "slot-move",
	  .help = "Let a slot go to another worker, while packets flow.",
	  .args = move_keys,
	  .args_size = sizeof(struct move_args),
	  .run = move_run },
	{ .name = NULL },
};

/* ---- metrics ---- */

enum {
	METRIC_SLOTS,
	METRIC_PACKETS,
	METRIC_GIVEN,
	METRIC_FULL,
	METRIC_MOVES,
	METRIC_IMBALANCE,
};

static int64_t worker_value(const struct steer *steer, uint16_t id, uint32_t tag)
{
	const struct steer_worker *w = &steer->workers[id];
	uint64_t packets = 0;
	uint32_t slots = 0;

	if (tag == METRIC_GIVEN)
		return (int64_t)counter_read(&w->counts.given);
	if (tag == METRIC_FULL)
		return (int64_t)counter_read(&w->counts.full);
	for (uint32_t s = 0; s < steer->n_slots; s++) {
		slots += __atomic_load_n(&steer->target[s], __ATOMIC_RELAXED) == id;
		packets += counter_read(&w->pub.packets[s]);
	}
	return tag == METRIC_SLOTS ? (int64_t)slots : (int64_t)packets;
}

static void collect(struct vnf *vnf, const struct vnf_metric *metric, struct vnf_metrics_page *page)
{
	const struct steer *steer = steer_of(vnf);

	if (metric->tag == METRIC_MOVES) {
		vnf_metrics_put(page, (int64_t)counter_read(&steer->moves), NULL);
		return;
	}
	if (metric->tag == METRIC_IMBALANCE) {
		vnf_metrics_put(page, __atomic_load_n(&steer->imbalance, __ATOMIC_RELAXED), NULL);
		return;
	}
	for (uint16_t i = 0; i < steer->n_workers; i++) {
		char id[8];

		snprintf(id, sizeof(id), "%u", i);
		vnf_metrics_put(page, worker_value(steer, i, metric->tag), "worker", id, NULL);
	}
}

const struct vnf_metric steer_metrics[] = {
	{ .name = "steering_slots",
	  .help = "Slots that a worker owns.",
	  .tag = METRIC_SLOTS,
	  .collect = collect },
	{ .name = "steering_packets",
	  .help = "Packets that a worker dealt with in its slots.",
	  .counter = true,
	  .tag = METRIC_PACKETS,
	  .collect = collect },
	{ .name = "steering_given",
	  .help = "Packets that a worker gave to the owners of their slots.",
	  .counter = true,
	  .tag = METRIC_GIVEN,
	  .collect = collect },
	{ .name = "steering_full",
	  .help = "Packets that were dropped for a full ring to the owner of their slot.",
	  .counter = true,
	  .tag = METRIC_FULL,
	  .collect = collect },
	{ .name = "steering_moves",
	  .help = "Slots that went to another worker.",
	  .counter = true,
	  .tag = METRIC_MOVES,
	  .collect = collect },
	{ .name = "steering_imbalance_percent",
	  .help = "Packets of the busiest worker in the last second, in per cent of the mean.",
	  .tag = METRIC_IMBALANCE,
	  .collect = collect },
	{ .name = NULL },
};
