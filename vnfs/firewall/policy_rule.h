/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Rules as the classifier takes them, made of the words of the configuration. Sets and rules are
 * made together, since rules name sets, and thrown away when the classifier is built. Control
 * thread.
 */
#ifndef FW_POLICY_RULE_H
#define FW_POLICY_RULE_H

#include <vnf/acl.h>

#include "config.h"

/* Addresses of a set: its own, and those of each of its files. */
struct fw_set {
	struct vnf_acl_set **part;
	uint32_t n;
};

struct fw_rules {
	uint32_t n;                /* without the default */
	struct vnf_acl_rule *rule; /* n, and the default, which is not for the classifier */
	size_t n_sets;
	struct fw_set *set;               /* as the configuration's */
	struct vnf_acl_numbers *port_set; /* likewise */
	struct fw_block *blocks;          /* all memory but that of parts of sets */
};

/* What the functions that make rules hand each other. */
struct fw_making {
	struct vnf_config *file;
	const struct fw_config *config;
	struct fw_rules *rules;
	bool no_memory;
};

typedef int (*fw_parse_fn)(const char *word, struct vnf_acl_span *span, char *why, size_t why_size);

/* ---- policy_rule.c ---- */

/* Makes them; words that are wrong are reported, all of them, and left out. 0 or -ENOMEM; in any
 * case fw_rules_fini() is due.
 */
int fw_rules_make(struct vnf_config *file, const struct fw_config *config, struct fw_rules *rules);
void fw_rules_fini(struct fw_rules *rules);
/* Reports what the classifier does not like, at the key that is meant. */
void fw_rules_refused(struct vnf_config *file, const struct fw_config *config,
		      const struct vnf_acl_error *error);

/* ---- policy_list.c ---- */

/* Zeroed memory that lives as long as the rules, or NULL, which is noted. */
void *fw_alloc(struct fw_making *m, size_t n, size_t size);
void fw_sets_make(struct fw_making *m);
void fw_sets_fini(struct fw_rules *rules);
/* The lists of a rule, each of whose words may begin with "!". */
void fw_addresses_make(struct fw_making *m, const struct vnf_config_strings *words,
		       struct vnf_acl_addresses *to);
void fw_numbers_make(struct fw_making *m, const struct vnf_config_strings *words, fw_parse_fn parse,
		     struct vnf_acl_numbers *to);

/* ---- policy_check.c ---- */

/* Reports a name that nothing has: neither `names` nor the items of `list` (NULL: none), of `size`
 * octets, whose first field is their name.
 */
void fw_unknown(struct vnf_config *file, const void *field, const char *kind, const char *word,
		const struct vnf_config_list *list, size_t size);

/* ---- policy_zones.c ---- */

/* Zones of the policy, whose mode is set, with numbers that go on from `before`, the one in force
 * or NULL; in rules, numbers take the place of indexes.
 */
void fw_zones_fill(const struct fw_policy *before, const struct vnf_config *file,
		   const struct fw_config *config, struct fw_rules *rules, struct fw_policy *p);

/* ---- policy_warn.c ---- */

/* What is allowed and makes no sense: log lines with file and line. `acl` is of the rules. */
void fw_policy_warn(const struct vnf_config *file, const struct fw_config *config,
		    const struct vnf_acl *acl);

#endif
