/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl mappings`: which inside endpoint has which external one: those of hosts, and what the
 * configuration says, static pairs and forwards. Control thread, and workers, which copy.
 */
#include "walk.h"

#include <stdlib.h>

#define LIMIT_MAX 100000

enum { KIND_ANY, KIND_DYNAMIC, KIND_STATIC, KIND_FORWARD };

static const char *const kinds[] = { "any", "dynamic", "static", "forward", NULL };

const struct vnf_config_key nat_mappings_keys[] = {
	{ .name = "inside",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_mappings_args, inside),
	  .doc = "Only those of this address, prefix or range inside." },
	{ .name = "external",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_mappings_args, external),
	  .doc = "Only those to this external address, prefix or range." },
	{ .name = "proto",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_mappings_args, proto),
	  .doc = "Only those of this protocol: tcp, udp, icmp." },
	{ .name = "port",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_mappings_args, port),
	  .max = UINT16_MAX,
	  .def = "0",
	  .doc = "Only those with this port, or identifier of ICMP, inside or outside." },
	{ .name = "pool",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_mappings_args, pool),
	  .doc = "Only those to addresses of this pool." },
	{ .name = "kind",
	  .type = VNF_CONFIG_ENUM,
	  .choices = kinds,
	  .offset = offsetof(struct nat_mappings_args, kind),
	  .def = "any",
	  .doc = "Only these: dynamic, static, forward." },
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_mappings_args, limit),
	  .min = 1,
	  .max = LIMIT_MAX,
	  .def = "1000",
	  .doc = "No more than so many." },
	{ .name = NULL },
};

/* What is asked for. */
struct filter {
	struct nat_range inside;
	struct nat_range external;
	enum nat_proto proto; /* NAT_PROTOS: any */
	uint16_t pool;        /* NAT_POOL_NONE: any */
	uint16_t port;        /* 0: any */
	uint32_t limit;
};

/* A mapping, copied. */
struct copy {
	rte_be32_t inside;
	rte_be32_t external;
	rte_be16_t inside_port;
	rte_be16_t port;
	uint8_t proto;
	uint16_t slot;
	uint32_t sessions;
	uint64_t age_ns;
};

struct question {
	struct nat_walk walk;
	struct filter filter;
	const struct nat_policy *policy; /* the one in force; it is not discarded meanwhile */
	uint32_t n;                      /* copies, atomic; may pass the limit */
	struct copy *copies;
};

/* ---- on workers ---- */

static bool is_of_pool(const struct question *q, rte_be32_t external)
{
	const struct nat_external *is;

	if (q->filter.pool == NAT_POOL_NONE)
		return true;
	is = nat_external_find(q->policy, external);
	return is != NULL && is->pool == q->filter.pool;
}

static bool is_asked_for(const struct question *q, const struct nat_mapping *m, rte_be32_t external)
{
	const struct filter *filter = &q->filter;
	rte_be16_t port = rte_cpu_to_be_16(filter->port);

	if (filter->proto != NAT_PROTOS && filter->proto != m->proto)
		return false;
	if (port != 0 && port != m->inside_port && port != m->port)
		return false;
	return nat_range_has(&filter->inside, m->inside) &&
	       nat_range_has(&filter->external, external) && is_of_pool(q, external);
}

static void mapping_see(struct nat_worker *w, uint32_t slot, const struct nat_mapping *m,
			struct question *q)
{
	rte_be32_t external = nat_space_at(w->spaces, m->space)->addr;
	uint32_t at;

	if (!is_asked_for(q, m, external))
		return;
	at = __atomic_fetch_add(&q->n, 1, __ATOMIC_RELAXED);
	if (at >= q->filter.limit)
		return;
	q->copies[at] = (struct copy){
		.inside = m->inside,
		.external = external,
		.inside_port = m->inside_port,
		.port = m->port,
		.proto = m->proto,
		.slot = (uint16_t)slot,
		.sessions = m->n_sessions,
		.age_ns = w->worker->now_ns - m->begun_ns,
	};
}

static bool mappings_part(struct nat_worker *w, uint32_t slot, uint32_t *cursor, uint32_t budget,
			  void *arg)
{
	const struct nat_slot *s = nat_slot_at(w, slot);
	struct question *q = arg;
	uint32_t end = *cursor + budget;

	if (__atomic_load_n(&q->n, __ATOMIC_RELAXED) >= q->filter.limit)
		return false;
	for (; *cursor < RTE_MIN(end, s->fresh_mapping); (*cursor)++)
		if (s->mapping[*cursor].used != 0)
			mapping_see(w, slot, &s->mapping[*cursor], q);
	return *cursor < s->fresh_mapping;
}

/* ---- what the configuration says ---- */

/* "10.1.0.0/24" */
static const char *prefix_tell(uint32_t first, uint32_t n, char text[NAT_END_MAX])
{
	size_t at;

	nat_addr_tell(rte_cpu_to_be_32(first), text);
	at = strlen(text);
	if (n > 1)
		snprintf(text + at, NAT_END_MAX - at, "/%d", 32 - __builtin_ctz(n));
	return text;
}

/* "192.0.2.10:8080-8081" */
static const char *ports_tell(uint32_t addr, uint32_t first, uint32_t last, char text[NAT_END_MAX])
{
	size_t at;

	nat_end_tell(rte_cpu_to_be_32(addr), rte_cpu_to_be_16((uint16_t)first), text);
	at = strlen(text);
	if (last != first)
		snprintf(text + at, NAT_END_MAX - at, "-%u", last);
	return text;
}

static bool ranges_meet(const struct nat_range *range, uint32_t first, uint32_t n)
{
	return first <= range->last && first + (n - 1) >= range->first;
}

static json_t *static_tell(const struct nat_static *is)
{
	char inside[NAT_END_MAX], external[NAT_END_MAX];

	return json_pack("{ss ss ss ss sn sn ss sn}", "kind", kinds[KIND_STATIC], "proto", "any",
			 "inside", prefix_tell(is->inside, is->n, inside), "external",
			 prefix_tell(is->outside, is->n, external), "sessions", "age_s", "of",
			 is->place, "slot");
}

static void statics_add(const struct question *q, json_t *all)
{
	const struct filter *filter = &q->filter;

	if (filter->pool != NAT_POOL_NONE || filter->port != 0)
		return;
	for (uint32_t i = 0; i < q->policy->n_statics; i++) {
		const struct nat_static *is = &q->policy->by_inside[i];

		if (ranges_meet(&filter->inside, is->inside, is->n) &&
		    ranges_meet(&filter->external, is->outside, is->n) &&
		    json_array_size(all) < filter->limit)
			json_array_append_new(all, static_tell(is));
	}
}

static json_t *forward_tell(const struct nat_forward *f)
{
	char inside[NAT_END_MAX], external[NAT_END_MAX];
	uint32_t more = f->last - f->first;

	return json_pack("{ss ss ss ss sn sn ss sn}", "kind", kinds[KIND_FORWARD], "proto",
			 nat_proto_name(f->proto), "inside",
			 ports_tell(f->inside, f->inside_first, f->inside_first + more, inside),
			 "external", ports_tell(f->outside, f->first, f->last, external),
			 "sessions", "age_s", "of", f->name[0] != '\0' ? f->name : f->place,
			 "slot");
}

static bool forward_is_asked_for(const struct question *q, const struct nat_forward *f)
{
	const struct filter *filter = &q->filter;
	uint32_t port = filter->port, more = f->last - f->first;

	if (filter->proto != NAT_PROTOS && filter->proto != nat_proto_of(f->proto))
		return false;
	if (port != 0 && (port < f->first || port > f->last) &&
	    (port < f->inside_first || port > f->inside_first + more))
		return false;
	return ranges_meet(&filter->inside, f->inside, 1) &&
	       ranges_meet(&filter->external, f->outside, 1) &&
	       is_of_pool(q, rte_cpu_to_be_32(f->outside));
}

static void forwards_add(const struct question *q, json_t *all)
{
	for (uint32_t i = 0; i < q->policy->n_forwards; i++)
		if (forward_is_asked_for(q, &q->policy->to_inside[i]) &&
		    json_array_size(all) < q->filter.limit)
			json_array_append_new(all, forward_tell(&q->policy->to_inside[i]));
}

/* ---- the answer ---- */

static json_t *copy_tell(const struct nat_policy *policy, const struct copy *c)
{
	char inside[NAT_END_MAX], external[NAT_END_MAX];

	return json_pack("{ss ss ss ss sI sI ss sI}", "kind", kinds[KIND_DYNAMIC], "proto",
			 nat_proto_name(nat_ip_proto((enum nat_proto)c->proto)), "inside",
			 nat_end_tell(c->inside, c->inside_port, inside), "external",
			 nat_end_tell(c->external, c->port, external), "sessions",
			 (json_int_t)c->sessions, "age_s", (json_int_t)(c->age_ns / VNF_SECOND_NS),
			 "of", nat_pool_name(policy, c->external), "slot", (json_int_t)c->slot);
}

static json_t *answer_make(const struct question *q, uint32_t kind)
{
	uint32_t n = RTE_MIN(q->n, q->filter.limit);
	json_t *all = json_array();

	/* Static ones have no protocol: they are of all. */
	if (kind == KIND_ANY || kind == KIND_STATIC)
		statics_add(q, all);
	if (kind == KIND_ANY || kind == KIND_FORWARD)
		forwards_add(q, all);
	for (uint32_t i = 0; i < n && json_array_size(all) < q->filter.limit; i++)
		json_array_append_new(all, copy_tell(q->policy, &q->copies[i]));
	return all;
}

static bool filter_read(const struct nat_policy *policy, const struct nat_mappings_args *args,
			struct filter *filter, struct vnf_refusal *why)
{
	filter->port = (uint16_t)args->port;
	filter->limit = args->limit;
	return nat_range_read("inside", args->inside, &filter->inside, why) &&
	       nat_range_read("external", args->external, &filter->external, why) &&
	       nat_proto_read(args->proto, &filter->proto, why) &&
	       nat_pool_read(policy, args->pool, &filter->pool, why);
}

json_t *nat_command_mappings(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct nat_mappings_args *asked = args;
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;

	if (q == NULL)
		return NULL;
	q->policy = vnf_built(vnf);
	if (!filter_read(q->policy, asked, &q->filter, why))
		goto free_question;
	q->walk = (struct nat_walk){ .part = mappings_part, .arg = q };
	q->copies = calloc(q->filter.limit, sizeof(*q->copies));
	if (q->copies == NULL)
		goto free_question;
	if ((asked->kind != KIND_ANY && asked->kind != KIND_DYNAMIC) ||
	    nat_walk_run(vnf, &q->walk, why) == 0)
		answer = answer_make(q, asked->kind);
free_question:
	free(q->copies);
	free(q);
	return answer;
}
