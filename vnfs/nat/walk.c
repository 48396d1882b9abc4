/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See walk.h.
 */
#include "walk.h"

#include <arpa/inet.h>
#include <errno.h>

#define WHY_MAX 256

/* ---- the walk ---- */

/* Some of a slot; true: it is done with. What that costs is taken off the budget. */
static bool slot_step(struct vnf_worker *worker, struct nat_walk *walk, uint32_t slot,
		      uint32_t *budget)
{
	struct nat_walk_place *at = &walk->slot[slot];
	uint32_t from = at->cursor;

	if (*budget < NAT_PLACES_A_SLOT)
		return false;
	at->done = !walk->part(nat_worker_of(worker), slot, &at->cursor, *budget, walk->arg);
	*budget -= RTE_MIN(*budget, at->cursor - from + NAT_PLACES_A_SLOT);
	return at->done;
}

/* Of the slots that are not done with as much as a pass may see; true: there is nothing left on
 * this worker.
 */
static bool walk_step(struct vnf_worker *worker, void *arg)
{
	uint32_t budget = NAT_PLACES_A_STEP, slot = vnf_slot_next(worker, 0);
	struct nat_walk *walk = arg;

	for (; slot <= worker->slots->mask; slot = vnf_slot_next(worker, slot + 1))
		if (!walk->slot[slot].done && !slot_step(worker, walk, slot, &budget))
			return false;
	return true;
}

int nat_walk_run(struct vnf *vnf, struct nat_walk *walk, struct vnf_refusal *why)
{
	int ret = vnf_workers_ask(vnf, walk_step, walk, NAT_ASK_TIMEOUT_NS);

	if (ret < 0)
		vnf_refuse(why, ret, "%s", nat_ask_words(ret));
	return ret;
}

/* ---- words that are read ---- */

bool nat_range_read(const char *name, const char *text, struct nat_range *range,
		    struct vnf_refusal *why)
{
	char wrong[WHY_MAX];

	*range = (struct nat_range){ 0, UINT32_MAX };
	if (text[0] == '\0' || nat_range_parse(text, range, wrong, sizeof(wrong)) == 0)
		return true;
	vnf_refuse(why, -EINVAL, "%s %s", name, wrong);
	return false;
}

bool nat_proto_read(const char *text, enum nat_proto *proto, struct vnf_refusal *why)
{
	static const char *const names[] = { "tcp", "udp", "icmp" };

	*proto = NAT_PROTOS;
	if (text[0] == '\0')
		return true;
	for (int i = 0; i < NAT_PROTOS; i++)
		if (strcmp(names[i], text) == 0)
			*proto = (enum nat_proto)i;
	if (*proto != NAT_PROTOS)
		return true;
	vnf_refuse(why, -EINVAL, "proto is \"%s\", allowed are tcp, udp and icmp", text);
	return false;
}

bool nat_pool_read(const struct nat_policy *policy, const char *text, uint16_t *pool,
		   struct vnf_refusal *why)
{
	*pool = NAT_POOL_NONE;
	if (text[0] == '\0')
		return true;
	for (uint32_t i = 0; i < policy->n_pools; i++)
		if (strcmp(policy->pool[i].name, text) == 0)
			*pool = (uint16_t)i;
	if (*pool != NAT_POOL_NONE)
		return true;
	vnf_refuse(why, -ENOENT, "there is no pool \"%s\"; \"pools\" lists those there are", text);
	return false;
}

/* ---- words that are written ---- */

const char *nat_addr_tell(rte_be32_t addr, char text[NAT_END_MAX])
{
	return inet_ntop(AF_INET, &addr, text, NAT_END_MAX);
}

const char *nat_end_tell(rte_be32_t addr, rte_be16_t port, char text[NAT_END_MAX])
{
	size_t n;

	nat_addr_tell(addr, text);
	n = strlen(text);
	snprintf(text + n, NAT_END_MAX - n, ":%u", rte_be_to_cpu_16(port));
	return text;
}

const char *nat_pool_name(const struct nat_policy *policy, rte_be32_t external)
{
	const struct nat_external *is = nat_external_find(policy, external);

	return is != NULL && is->pool < policy->n_pools ? policy->pool[is->pool].name : "";
}
