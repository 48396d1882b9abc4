/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Words of pools, static pairs and forwards are read, and what is wrong with one by itself is
 * reported. The same code serves the check and the build of a policy. Control thread.
 */
#include "policy_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "policy_words.h"

#define WHY_MAX 256
#define PORT_LAST 65535

/* ---- interfaces ---- */

bool nat_plan_address(struct vnf *vnf, struct vnf_config *file, int interface, uint32_t i,
		      uint32_t *addr)
{
	rte_be32_t is;

	if (vnf_ip_planned_address(vnf, file, (uint16_t)interface, i, &is) < 0)
		return false;
	*addr = rte_be_to_cpu_32(is);
	return true;
}

/* Number of an outside interface, or -ENOENT after an error. */
static int outside_find(struct vnf_config *file, const struct nat_config *config,
			const char *const *field, const char *name)
{
	const struct vnf_config_strings *outside = &config->outside;
	const char *near = vnf_config_nearest(name, outside->v, outside->n);
	int number = vnf_ip_planned(file, name);

	for (size_t i = 0; i < outside->n; i++)
		if (number >= 0 && vnf_ip_planned(file, outside->v[i]) == number)
			return number;
	/* One that `outside` names, and that there is not, was reported there. */
	if (near != NULL && strcmp(near, name) == 0)
		return -ENOENT;
	if (near != NULL)
		vnf_config_error(file, field,
				 "is \"%s\", allowed are interfaces that `outside` names; did you "
				 "mean \"interface %s\"?",
				 *field, near);
	else
		vnf_config_error(file, field,
				 "is \"%s\", allowed are interfaces that `outside` names", *field);
	return -ENOENT;
}

/* ---- pools ---- */

static bool range_make(struct vnf_config *file, const struct nat_config *config,
		       const char *const *field, struct nat_plan_range *range)
{
	const char *interface = nat_interface_word(*field);
	struct nat_range addresses = { 0, 0 };
	char why[WHY_MAX];

	range->field = field;
	range->interface = NAT_PLAN_ADDRESS;
	if (interface != NULL) {
		range->interface = outside_find(file, config, field, interface);
		return range->interface >= 0;
	}
	if (nat_hosts_parse(*field, &addresses, why, sizeof(why)) < 0) {
		vnf_config_error(file, field, "%s", why);
		return false;
	}
	range->first = addresses.first;
	range->last = addresses.last;
	return true;
}

static void pools_make(struct vnf_config *file, const struct nat_config *config,
		       struct nat_plan *plan)
{
	const struct nat_pool_spec *spec = config->pools.items;
	char why[WHY_MAX];

	for (uint32_t i = 0; i < config->pools.n; i++) {
		if (nat_ports_parse(spec[i].ports, 1, &plan->ports[i], why, sizeof(why)) < 0)
			vnf_config_error(file, &spec[i].ports, "%s", why);
		for (size_t k = 0; k < spec[i].addresses.n; k++) {
			plan->range[plan->n_ranges].pool = i;
			if (range_make(file, config, &spec[i].addresses.v[k],
				       &plan->range[plan->n_ranges]))
				plan->n_ranges++;
		}
	}
}

/* ---- static pairs ---- */

static bool end_make(struct vnf_config *file, const char *const *field, struct nat_range *range)
{
	char why[WHY_MAX];

	if (nat_prefix_parse(*field, range, why, sizeof(why)) == 0)
		return true;
	vnf_config_error(file, field, "%s", why);
	return false;
}

static void static_make(struct vnf_config *file, const struct nat_static_spec *spec,
			struct nat_plan *plan)
{
	struct nat_range inside, outside;
	bool is_inside = end_make(file, &spec->inside, &inside);
	uint32_t n;

	if (!end_make(file, &spec->outside, &outside) || !is_inside)
		return;
	n = inside.last - inside.first + 1;
	if (outside.last - outside.first + 1 != n) {
		vnf_config_error(file, &spec->outside,
				 "is \"%s\", of %" PRIu32 " addresses, and `inside` is \"%s\", of "
				 "%" PRIu32 "; both must be of the same length",
				 spec->outside, outside.last - outside.first + 1, spec->inside, n);
		return;
	}
	plan->pair[plan->n_statics++] = (struct nat_plan_static){
		.inside = inside.first, .outside = outside.first, .n = n, .spec = spec
	};
}

/* ---- forwards ---- */

/* External and inside ports. */
static bool ports_make(struct vnf_config *file, const struct nat_forward_spec *spec,
		       struct nat_plan_forward *f)
{
	struct vnf_acl_span ports;
	char why[WHY_MAX];
	uint32_t first;

	if (nat_ports_parse(spec->port, 1, &ports, why, sizeof(why)) < 0) {
		vnf_config_error(file, &spec->port, "%s", why);
		return false;
	}
	first = spec->inside_port != 0 ? spec->inside_port : ports.first;
	if (first + (ports.last - ports.first) > PORT_LAST) {
		vnf_config_error(file, &spec->inside_port,
				 "is %" PRIu32 ", and `port` is of %" PRIu32 " ports, the last of "
				 "which would be beyond 65535; allowed are up to %" PRIu32,
				 first, ports.last - ports.first + 1,
				 PORT_LAST - (ports.last - ports.first));
		return false;
	}
	f->first = (uint16_t)ports.first;
	f->last = (uint16_t)ports.last;
	f->inside_first = (uint16_t)first;
	return true;
}

static bool ends_make(struct vnf_config *file, const struct nat_config *config,
		      const struct nat_forward_spec *spec, struct nat_plan_forward *f)
{
	const char *interface = nat_interface_word(spec->outside);
	char why[WHY_MAX];
	bool good = true;

	f->interface = NAT_PLAN_ADDRESS;
	if (interface != NULL) {
		f->interface = outside_find(file, config, &spec->outside, interface);
		good = f->interface >= 0;
	} else if (nat_host_parse(spec->outside, &f->outside, why, sizeof(why)) < 0) {
		vnf_config_error(file, &spec->outside,
				 "%s, or an outside interface's, as "
				 "\"interface wan\"",
				 why);
		good = false;
	}
	if (nat_host_parse(spec->inside, &f->inside, why, sizeof(why)) < 0) {
		vnf_config_error(file, &spec->inside, "%s", why);
		good = false;
	}
	return good;
}

static bool proto_make(struct vnf_config *file, const char *const *field, uint8_t *proto)
{
	char why[WHY_MAX];

	if (nat_proto_parse(*field, proto, why, sizeof(why)) == 0 &&
	    (*proto == IPPROTO_TCP || *proto == IPPROTO_UDP))
		return true;
	vnf_config_error(file, field, "is \"%s\", allowed are \"tcp\" and \"udp\"", *field);
	return false;
}

static void forward_make(struct vnf_config *file, const struct nat_config *config,
			 const struct nat_forward_spec *spec, struct nat_plan *plan)
{
	struct nat_plan_forward f = { .spec = spec };
	bool has_ports = ports_make(file, spec, &f);
	bool good = ends_make(file, config, spec, &f) && has_ports;
	uint8_t other = 0;

	for (size_t i = 0; i < spec->proto.n; i++) {
		if (!proto_make(file, &spec->proto.v[i], &f.proto))
			continue;
		if (f.proto == other)
			vnf_config_error(file, &spec->proto.v[i], "is \"%s\", which is there twice",
					 spec->proto.v[i]);
		else if (good)
			plan->forward[plan->n_forwards++] = f;
		other = f.proto;
	}
}

/* ---- the whole ---- */

static bool plan_alloc(const struct nat_config *config, struct nat_plan *plan)
{
	const struct nat_pool_spec *pool = config->pools.items;
	size_t n_ranges = 1;

	for (size_t i = 0; i < config->pools.n; i++)
		n_ranges += pool[i].addresses.n;
	plan->ports = calloc(config->pools.n + 1, sizeof(*plan->ports));
	plan->range = calloc(n_ranges, sizeof(*plan->range));
	plan->pair = calloc(config->pairs.n + 1, sizeof(*plan->pair));
	plan->forward = calloc(2 * config->forwards.n + 1, sizeof(*plan->forward));
	return plan->ports != NULL && plan->range != NULL && plan->pair != NULL &&
	       plan->forward != NULL;
}

int nat_plan_make(struct vnf_config *file, const struct nat_config *config, struct nat_plan *plan)
{
	const struct nat_static_spec *pair = config->pairs.items;
	const struct nat_forward_spec *forward = config->forwards.items;

	*plan = (struct nat_plan){ 0 };
	if (!plan_alloc(config, plan))
		return -ENOMEM;
	pools_make(file, config, plan);
	for (size_t i = 0; i < config->pairs.n; i++)
		static_make(file, &pair[i], plan);
	for (size_t i = 0; i < config->forwards.n; i++)
		forward_make(file, config, &forward[i], plan);
	return 0;
}

void nat_plan_fini(struct nat_plan *plan)
{
	free(plan->ports);
	free(plan->range);
	free(plan->pair);
	free(plan->forward);
	*plan = (struct nat_plan){ 0 };
}
