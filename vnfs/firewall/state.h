/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What outlives a policy: tables of sessions, counters of rules, and what each worker keeps.
 * Made at start, given back at the end; control thread.
 */
#ifndef FW_STATE_H
#define FW_STATE_H

#include "firewall.h"

struct fw_state {
	struct vnf_acl_counters *counters;
	struct fw_limits *limits;
	uint32_t policies; /* that were built */
	/* Bucket of answers to what is refused: when it will be full again. Atomic. */
	uint64_t reject_full_ns __rte_cache_aligned;
};

int fw_state_init(struct vnf *vnf, void **state);
void fw_state_fini(struct vnf *vnf, void *state);
bool fw_state_tables(const struct vnf *vnf, const void *config, uint32_t i,
		     struct vnf_sessions_conf *conf);
uint64_t fw_state_bytes(const struct vnf *vnf, const void *config);
int fw_worker_init(struct vnf_worker *worker);
void fw_worker_fini(struct vnf_worker *worker);

#endif
