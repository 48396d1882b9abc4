/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which keys may stand in a group, so that others are refused: shared by config_decode.c, which
 * knows the group, and config_scope.c, which looks for what is not allowed in it.
 */
#ifndef CONFIG_SCOPE_H
#define CONFIG_SCOPE_H

#include <libconfig.h>

#include "config_priv.h"

struct cfg_scope {
	const struct cfg_node *node; /* The group; NULL: top level. */
	const struct vnf_config_key *const *tables;
	size_t n_tables;
	const struct vnf_config_variants *variants; /* NULL: none. */
	const struct vnf_config_variant *variant;   /* NULL: not known, its key is wrong. */
};

/* Report the keys of the group that its tables do not have. */
void cfg_scope_check(struct vnf_config *config, const struct cfg_scope *scope,
		     config_setting_t *group);

/* Report that a required key is missing. */
void cfg_error_required(struct vnf_config *config, const struct cfg_node *node,
			const struct vnf_config_key *key);

#endif
