/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What to do when the VNF has ended by itself, and how to say it. Pure: times come in, a decision
 * comes out.
 */
#ifndef GUEST_INIT_POLICY_H
#define GUEST_INIT_POLICY_H

#include <stddef.h>
#include <stdint.h>

/* Exit code by which vnfkit's programs say that their configuration or arguments are wrong. */
#define EXIT_USAGE 2

/* How the VNF ended: a code, or a signal when that is not 0. */
struct vnf_end {
	int code;
	int signal;
};

struct policy_times {
	int64_t early_ms; /* an end so soon after the first start is not tried again */
	int64_t delay_ms; /* before the first restart; doubled for each that follows */
	int64_t delay_max_ms;
	int64_t settled_ms; /* who ran for so long starts again at delay_ms */
};

enum policy_action {
	POLICY_DONE,    /* the VNF's work is done: power off */
	POLICY_GIVE_UP, /* trying again cures nothing: power off */
	POLICY_RESTART, /* after *delay_ms */
};

struct vnf_end vnf_end_of(int wait_status);

/*
 * since_first_ms: from the first start until now; ran_ms: from the last start. *delay_ms is the
 * delay before the last restart, 0 at first, and becomes that before the next.
 */
enum policy_action policy_decide(const struct policy_times *times, struct vnf_end end,
				 int64_t since_first_ms, int64_t ran_ms, int64_t *delay_ms);

/* "ended with code 1", "was ended by signal 4 (Illegal instruction)" */
void vnf_end_describe(struct vnf_end end, char *text, size_t size);

/* What the operator can do about it, or "". */
const char *vnf_end_advice(struct vnf_end end);

#endif
