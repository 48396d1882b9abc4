/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What process 1 of a guest does when its VNF has ended by itself, and what it says about it.
 */

#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>

#include "policy.h"

static const struct policy_times times = {
	.early_ms = 10000,
	.delay_ms = 1000,
	.delay_max_ms = 10000,
	.settled_ms = 60000,
};

static enum policy_action decide(int code, int sig, int64_t since_first_ms)
{
	struct vnf_end end = { .code = code, .signal = sig };
	int64_t delay_ms = 0;

	return policy_decide(&times, end, since_first_ms, since_first_ms, &delay_ms);
}

Test(guest_policy, work_done)
{
	cr_assert_eq(decide(0, 0, 0), POLICY_DONE);
	cr_assert_eq(decide(0, 0, 1000000), POLICY_DONE);
}

Test(guest_policy, early)
{
	cr_assert_eq(decide(1, 0, 0), POLICY_GIVE_UP);
	cr_assert_eq(decide(1, 0, 9999), POLICY_GIVE_UP);
	cr_assert_eq(decide(0, SIGSEGV, 9999), POLICY_GIVE_UP);
	cr_assert_eq(decide(1, 0, 10000), POLICY_RESTART);
	cr_assert_eq(decide(0, SIGSEGV, 10000), POLICY_RESTART);
}

Test(guest_policy, wrong_configuration_stays_wrong)
{
	cr_assert_eq(decide(2, 0, 5000), POLICY_GIVE_UP);
	cr_assert_eq(decide(2, 0, 1000000), POLICY_GIVE_UP);
	/* Signal 2 is no such code. */
	cr_assert_eq(decide(0, SIGINT, 1000000), POLICY_RESTART);
}

Test(guest_policy, delays_double_to_a_bound)
{
	static const int64_t expected[] = { 1000, 2000, 4000, 8000, 10000, 10000 };
	struct vnf_end end = { .code = 1 };
	int64_t delay_ms = 0;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		cr_assert_eq(policy_decide(&times, end, 20000, 500, &delay_ms), POLICY_RESTART);
		cr_assert_eq(delay_ms, expected[i]);
	}
	cr_assert_eq(policy_decide(&times, end, 100000, 60000, &delay_ms), POLICY_RESTART);
	cr_assert_eq(delay_ms, 1000, "who ran long enough begins again");
}

Test(guest_policy, ends_are_described)
{
	char text[96];

	vnf_end_describe((struct vnf_end){ .code = 3 }, text, sizeof(text));
	cr_assert_str_eq(text, "ended with code 3");
	vnf_end_describe((struct vnf_end){ .signal = SIGILL }, text, sizeof(text));
	cr_assert_str_eq(text, "was ended by signal 4 (Illegal instruction)");
	vnf_end_describe((struct vnf_end){ .signal = SIGILL }, text, 5);
	cr_assert_str_eq(text, "was ");
}

Test(guest_policy, advice)
{
	cr_assert_not_null(strstr(vnf_end_advice((struct vnf_end){ .signal = SIGILL }), "-cpu"));
	cr_assert_not_null(strstr(vnf_end_advice((struct vnf_end){ .signal = SIGKILL }), "-m"));
	cr_assert_not_null(strstr(vnf_end_advice((struct vnf_end){ .code = 2 }), "configuration"));
	cr_assert_str_empty(vnf_end_advice((struct vnf_end){ .code = 1 }));
	cr_assert_str_empty(vnf_end_advice((struct vnf_end){ .signal = SIGSEGV }));
}

Test(guest_policy, wait_status)
{
	struct vnf_end end = vnf_end_of(3 << 8);

	cr_assert_eq(end.code, 3);
	cr_assert_eq(end.signal, 0);
	end = vnf_end_of(SIGSEGV | 0x80);
	cr_assert_eq(end.code, 0);
	cr_assert_eq(end.signal, SIGSEGV);
}
