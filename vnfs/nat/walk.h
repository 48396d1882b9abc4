/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A walk through what all workers own, for commands, slot by slot: each worker looks at a part of
 * its slots between two passes, so that no packet waits for it, and copies what is asked for; the
 * control thread makes words of the copies. And words that several commands read and write.
 */
#ifndef NAT_WALK_H
#define NAT_WALK_H

#include "nat.h"

#include <errno.h>

#include <vnf/clock.h>
#include <vnf/control.h>

#include "policy_words.h"

/* What is said when a worker did not answer. */
#define NAT_ASK_LATE "a worker did not answer in 20 s; \"workers\" shows what it does"
#define NAT_ASK_STOP "the program is stopping"
#define NAT_ASK_TIMEOUT_NS (UINT64_C(20) * VNF_SECOND_NS)
/* Places of a table that are looked at in one pass; and for how many a slot counts by itself, lest
 * many that are empty cost a pass each, or all of them one.
 */
#define NAT_PLACES_A_STEP 1024
#define NAT_PLACES_A_SLOT 16
/* "192.0.2.100:65535-65535", and more. */
#define NAT_END_MAX 48

/* Where it is in a slot: who owns the slot goes on with it. */
struct nat_walk_place {
	uint32_t cursor;
	bool done;
};

struct nat_walk {
	/* Some of a slot from the cursor on, which is 0 at first, `budget` places at most; true:
	 * there is more. Called on workers, several at a time; it changes nothing.
	 */
	bool (*part)(struct nat_worker *w, uint32_t slot, uint32_t *cursor, uint32_t budget,
		     void *arg);
	void *arg;
	struct nat_walk_place slot[VNF_SLOTS_MAX];
};

static inline const char *nat_ask_words(int error)
{
	return error == -ESHUTDOWN ? NAT_ASK_STOP : NAT_ASK_LATE;
}

/* Through all slots; 0, or it is refused. */
int nat_walk_run(struct vnf *vnf, struct nat_walk *walk, struct vnf_refusal *why);

/* ---- words ---- */

/* What is asked for; that of all: 0 to UINT32_MAX. False: it is refused. */
bool nat_range_read(const char *name, const char *text, struct nat_range *range,
		    struct vnf_refusal *why);
bool nat_proto_read(const char *text, enum nat_proto *proto, struct vnf_refusal *why);
/* Number of a pool by its name; NAT_POOL_NONE: of all. */
bool nat_pool_read(const struct nat_policy *policy, const char *text, uint16_t *pool,
		   struct vnf_refusal *why);

static inline bool nat_range_has(const struct nat_range *range, rte_be32_t addr)
{
	uint32_t is = rte_be_to_cpu_32(addr);

	return is >= range->first && is <= range->last;
}

/* "10.0.0.5", "10.0.0.5:80": without a port, and with one in network order. */
const char *nat_addr_tell(rte_be32_t addr, char text[NAT_END_MAX]);
const char *nat_end_tell(rte_be32_t addr, rte_be16_t port, char text[NAT_END_MAX]);
/* "public"; "": of none that is now. */
const char *nat_pool_name(const struct nat_policy *policy, rte_be32_t external);

/* ---- commands ---- */

extern const struct vnf_config_key nat_mappings_keys[];
struct nat_mappings_args {
	uint32_t kind;
	const char *inside;
	const char *external;
	const char *proto;
	const char *pool;
	uint32_t port;
	uint32_t limit;
};
json_t *nat_command_mappings(struct vnf *vnf, const void *args, struct vnf_refusal *why);

extern const struct vnf_config_key nat_sessions_keys[];
struct nat_sessions_args {
	const char *inside;
	const char *remote;
	const char *external;
	const char *proto;
	const char *state;
	uint32_t port;
	uint32_t limit;
};
json_t *nat_command_sessions(struct vnf *vnf, const void *args, struct vnf_refusal *why);

extern const struct vnf_config_key nat_pools_keys[];
struct nat_pools_args {
	const char *pool;
	const char *external;
};
json_t *nat_command_pools(struct vnf *vnf, const void *args, struct vnf_refusal *why);

extern const struct vnf_config_key nat_hosts_keys[];
struct nat_hosts_args {
	const char *inside;
	const char *external;
	uint32_t by;
	uint32_t limit;
};
json_t *nat_command_hosts(struct vnf *vnf, const void *args, struct vnf_refusal *why);

extern const struct vnf_config_key nat_explain_keys[];
struct nat_explain_args {
	const char *in;
	const char *packet;
};
json_t *nat_command_explain(struct vnf *vnf, const void *args, struct vnf_refusal *why);

#endif
