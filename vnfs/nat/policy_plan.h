/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The configuration with its words read: what the check looks through and what a policy is built
 * of. Thrown away by both. Control thread.
 */
#ifndef NAT_POLICY_PLAN_H
#define NAT_POLICY_PLAN_H

#include <vnf/acl.h>

#include "config.h"

/* Instead of an interface: it is an address. */
#define NAT_PLAN_ADDRESS (-1)

/* Addresses of a pool, in the order of the configuration. */
struct nat_plan_range {
	int interface; /* whose they are, or NAT_PLAN_ADDRESS */
	uint32_t first;
	uint32_t last;
	uint32_t pool;
	const char *const *field;
};

struct nat_plan_static {
	uint32_t inside;
	uint32_t outside;
	uint32_t n;
	const struct nat_static_spec *spec;
};

/* A forward of one protocol. */
struct nat_plan_forward {
	int interface; /* whose address it is, or NAT_PLAN_ADDRESS */
	uint32_t outside;
	uint32_t inside;
	uint16_t first;
	uint16_t last;
	uint16_t inside_first;
	uint8_t proto;
	const struct nat_forward_spec *spec;
};

struct nat_plan {
	struct vnf_acl_span *ports; /* of each pool */
	struct nat_plan_range *range;
	uint32_t n_ranges;
	struct nat_plan_static *pair;
	uint32_t n_statics;
	struct nat_plan_forward *forward;
	uint32_t n_forwards;
};

/* Rules as the classifier takes them. */
struct nat_rules {
	uint32_t n;
	struct vnf_acl_rule *rule;
	struct vnf_acl_range *range; /* memory of all */
	struct vnf_acl_span *span;   /* likewise */
};

/* ---- policy_plan.c ---- */

/* Reads all words; those that are wrong are reported, and what has them is left out. 0 or -ENOMEM;
 * in any case nat_plan_fini() is due.
 */
int nat_plan_make(struct vnf_config *file, const struct nat_config *config, struct nat_plan *plan);
void nat_plan_fini(struct nat_plan *plan);
/* Address `i` of an interface, host order; `vnf`: NULL for those that are configured. */
bool nat_plan_address(struct vnf *vnf, struct vnf_config *file, int interface, uint32_t i,
		      uint32_t *addr);

/* ---- policy_overlap.c ---- */

/* Reports addresses and ports that are two things at once. 0 or -ENOMEM. */
int nat_plan_overlaps(struct vnf_config *file, const struct nat_config *config,
		      const struct nat_plan *plan);

/* ---- policy_rule.c ---- */

/* As nat_plan_make() and nat_plan_fini(). */
int nat_rules_make(struct vnf_config *file, const struct nat_config *config,
		   struct nat_rules *rules);
void nat_rules_fini(struct nat_rules *rules);
/* Reports what the classifier does not like, at the key that is meant. */
void nat_rules_refused(struct vnf_config *file, const struct nat_config *config,
		       const struct vnf_acl_error *error);
/* Number of a rule's pool; NAT_POOL_NONE: there is none of that name. */
uint16_t nat_rule_pool(const struct nat_config *config, const struct nat_rule_spec *spec);

/* ---- policy_warn.c ---- */

/* What is allowed and makes little sense: log lines with file and line. `acl` is of the rules, or
 * NULL.
 */
void nat_policy_warn(const struct vnf_config *file, const struct nat_config *config,
		     const struct vnf_acl *acl);

/* ---- policy_external.c ---- */

/* Pools and addresses that are seen outside, of a policy that is zero but for its static pairs. */
int nat_pools_fill(struct vnf *vnf, struct vnf_config *file, const struct nat_config *config,
		   const struct nat_plan *plan, struct nat_policy *p);
void nat_pools_fini(struct vnf *vnf, struct nat_policy *p);
/* Number of an external address, a new one for forwards alone if need be; -errno. */
int nat_external_of(struct vnf *vnf, struct nat_policy *p, uint32_t addr);
/* Which of them are the program's own. */
void nat_externals_own(struct vnf *vnf, struct vnf_config *file, struct nat_policy *p);

/* ---- policy_forward.c ---- */

int nat_statics_fill(struct vnf_config *file, const struct nat_plan *plan, struct nat_policy *p);
void nat_statics_fini(struct nat_policy *p);
/* Forwards, of a policy whose pools are there. */
int nat_forwards_fill(struct vnf *vnf, struct vnf_config *file, const struct nat_plan *plan,
		      struct nat_policy *p);
void nat_forwards_fini(struct nat_policy *p);

#endif
