/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the tables of keys cannot say: vnf_app.check, at start, at each reload and with --check. All
 * that is wrong is reported, each at its key; then it is said what makes little sense. Control
 * thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <vnf/ip.h>

#include "policy_plan.h"

/* ---- names ---- */

static const char *const *name_of(const struct vnf_config_list *list, size_t size, size_t i)
{
	return (const char *const *)((const uint8_t *)list->items + i * size);
}

/* By name, those of the same name as they stand in the file. */
static int names_compare(const void *one, const void *other)
{
	const char *const *a = *(const char *const *const *)one;
	const char *const *b = *(const char *const *const *)other;
	int order = strcmp(*a, *b);

	return order != 0 ? order : (a > b) - (a < b);
}

/* The first field of items of a list is their name, "" if they have none. */
static void names_check(struct vnf_config *file, const struct vnf_config_list *list, size_t size,
			const char *kind)
{
	const char *const **field = calloc(list->n + 1, sizeof(*field));

	if (field == NULL)
		return;
	for (size_t i = 0; i < list->n; i++)
		field[i] = name_of(list, size, i);
	qsort(field, list->n, sizeof(*field), names_compare);
	for (size_t i = 1; i < list->n; i++)
		if ((*field[i])[0] != '\0' && strcmp(*field[i], *field[i - 1]) == 0)
			vnf_config_error(file, field[i], "another %s is named \"%s\"", kind,
					 *field[i]);
	free(field);
}

/* ---- inside and outside ---- */

/* `side_of`: by number of the interface, as far as it was told. */
static void side_check(struct vnf_config *file, const struct vnf_config_strings *names,
		       enum nat_side side, uint8_t *side_of)
{
	for (size_t i = 0; i < names->n; i++) {
		int number = vnf_ip_planned(file, names->v[i]);

		if (number < 0 || number >= VNF_IP_INTERFACES_MAX)
			vnf_config_error(file, &names->v[i],
					 "no interface of `ip.interfaces` is named \"%s\"; without "
					 "a name it has its port's, and `.VLAN`",
					 names->v[i]);
		else if (side_of[number] == side)
			vnf_config_error(file, &names->v[i], "is \"%s\", which is there twice",
					 names->v[i]);
		else if (side_of[number] != NAT_NEITHER)
			vnf_config_error(file, &names->v[i],
					 "is \"%s\", which `inside` names, too; an interface is "
					 "of one side",
					 names->v[i]);
		else
			side_of[number] = (uint8_t)side;
	}
}

static void sides_check(struct vnf_config *file, const struct nat_config *config)
{
	uint8_t side_of[VNF_IP_INTERFACES_MAX] = { NAT_NEITHER };

	side_check(file, &config->inside, NAT_INSIDE, side_of);
	side_check(file, &config->outside, NAT_OUTSIDE, side_of);
}

/* ---- pools ---- */

static void pools_check(struct vnf_config *file, const struct nat_config *config,
			const struct nat_plan *plan)
{
	uint64_t n = 0;

	if (config->pools.n == 0 && config->rules.n == 0 && config->pairs.n == 0 &&
	    config->forwards.n == 0)
		vnf_config_error(file, &config->pools,
				 "is empty, and there are neither `static` pairs, `forwards` nor "
				 "`rules`: nothing would be translated; write a pool");
	for (uint32_t i = 0; i < plan->n_ranges; i++) {
		const struct nat_plan_range *r = &plan->range[i];

		if (r->interface == NAT_PLAN_ADDRESS)
			n += (uint64_t)r->last - r->first + 1;
		else
			n++;
		if (n <= NAT_SPACES_MAX)
			continue;
		vnf_config_error(file, r->field,
				 "is \"%s\", with which pools have %" PRIu64
				 " addresses, allowed are %u of all pools together",
				 *r->field, n, NAT_SPACES_MAX);
		return;
	}
}

/* ---- the whole ---- */

/* What the classifier finds, and what a reader would: of what is right by itself. */
static void rules_prove(struct vnf_config *file, const struct nat_config *config,
			const struct nat_rules *rules)
{
	struct vnf_acl_conf conf = { .rules = rules->rule, .n_rules = rules->n };
	struct vnf_acl_error error;
	struct vnf_acl *acl = NULL;

	if (rules->n > 0 && vnf_acl_check(&conf, &acl, &error) < 0) {
		nat_rules_refused(file, config, &error);
		return;
	}
	nat_policy_warn(file, config, acl);
	vnf_acl_destroy(acl);
}

static int plan_check(struct vnf_config *file, const struct nat_config *config)
{
	struct nat_plan plan;
	int ret = nat_plan_make(file, config, &plan);

	if (ret == 0) {
		pools_check(file, config, &plan);
		ret = nat_plan_overlaps(file, config, &plan);
	}
	nat_plan_fini(&plan);
	return ret;
}

void nat_policy_check(struct vnf_config *file, void *config)
{
	const struct nat_config *c = config;
	struct nat_rules rules;
	int ret;

	sides_check(file, c);
	names_check(file, &c->pools, sizeof(struct nat_pool_spec), "pool");
	names_check(file, &c->rules, sizeof(struct nat_rule_spec), "rule");
	names_check(file, &c->forwards, sizeof(struct nat_forward_spec), "forward");
	ret = plan_check(file, c);
	if (ret == 0)
		ret = nat_rules_make(file, c, &rules);
	else
		rules = (struct nat_rules){ 0 };
	if (ret < 0)
		vnf_config_error(file, NULL, "no memory to check it");
	else if (vnf_config_error_count(file) == 0)
		rules_prove(file, c, &rules);
	nat_rules_fini(&rules);
}
