/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A walk through all sessions, and copies of them for people: for commands (command_sessions.c,
 * preview.c, explain.c). Workers walk and copy, a part between two passes, so that no packet waits
 * for it; the control thread makes words of the copies.
 */
#ifndef FW_SESSION_LIST_H
#define FW_SESSION_LIST_H

#include "firewall.h"

#include <errno.h>

#include <vnf/clock.h>

/* For vnf_workers_ask(), and what is said when that was not enough. */
#define FW_ASK_TIMEOUT_NS (UINT64_C(20) * VNF_SECOND_NS)
#define FW_ASK_LATE "a worker did not answer in 20 s; \"workers\" shows what it does"
#define FW_ASK_STOP "the program is stopping"

static inline const char *fw_ask_words(int error)
{
	return error == -ESHUTDOWN ? FW_ASK_STOP : FW_ASK_LATE;
}

/* A session, copied: its ends in the order of the side that began it. */
struct fw_session_copy {
	uint8_t addr[2][16];
	uint16_t port[2];
	uint8_t version;
	uint8_t proto;
	uint8_t zone[2];
	uint16_t vlan;
	uint16_t slot;
	uint32_t rule;
	uint32_t policy;
	uint64_t idle_ns;
	const char *state;
};

/* Where a walk is in a slot: who owns the slot goes on with it. */
struct fw_walk_place {
	uint32_t cursor;
	uint8_t table; /* FW_TABLES: all of it was seen */
};

struct fw_walk {
	uint8_t version; /* 4 or 6: only those of this family; 0: all */
	/* Called on workers, several at a time; it changes nothing. */
	void (*see)(struct vnf_worker *worker, struct vnf_sessions *sessions,
		    struct vnf_session *session, void *arg);
	void *arg;
	struct fw_walk_place slot[VNF_SLOTS_MAX];
};

/* A part of the walk on this worker; true: it is done. For vnf_workers_ask(). */
bool fw_walk_step(struct vnf_worker *worker, struct fw_walk *walk);

void fw_session_copy(struct vnf_worker *worker, const struct vnf_sessions *sessions,
		     struct vnf_session *session, struct fw_session_copy *c);
/* A row of it, for `vnfkit ctl`; `policy` is the one in force. NULL: no memory. */
json_t *fw_session_tell(const struct fw_policy *policy, const struct fw_session_copy *c);

/* The number of a protocol by its name or number, or -1; and its name, or the number. */
int fw_proto_find(const char *text);
json_t *fw_proto_tell(uint8_t proto);

#endif
