/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Decides after the VNF's end, for supervise.c. A VNF that cannot start is the operator's to
 * repair, so the machine ends and the console's last lines say why; one that worked and then died
 * is started again, because the packets wait.
 */
#include "policy.h"

#include "cpu.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct vnf_end vnf_end_of(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return (struct vnf_end){ .signal = WTERMSIG(wait_status) };
	return (struct vnf_end){ .code = WEXITSTATUS(wait_status) };
}

static int64_t delay_next(const struct policy_times *times, int64_t last_ms, int64_t ran_ms)
{
	int64_t next_ms = 2 * last_ms;

	if (last_ms == 0 || ran_ms >= times->settled_ms)
		next_ms = times->delay_ms;
	return next_ms < times->delay_max_ms ? next_ms : times->delay_max_ms;
}

enum policy_action policy_decide(const struct policy_times *times, struct vnf_end end,
				 int64_t since_first_ms, int64_t ran_ms, int64_t *delay_ms)
{
	if (end.signal == 0 && end.code == 0)
		return POLICY_DONE;
	if (end.signal == 0 && end.code == EXIT_USAGE)
		return POLICY_GIVE_UP;
	if (since_first_ms < times->early_ms)
		return POLICY_GIVE_UP;
	*delay_ms = delay_next(times, *delay_ms, ran_ms);
	return POLICY_RESTART;
}

void vnf_end_describe(struct vnf_end end, char *text, size_t size)
{
	if (end.signal != 0)
		snprintf(text, size, "was ended by signal %d (%s)", end.signal,
			 strsignal(end.signal));
	else
		snprintf(text, size, "ended with code %d", end.code);
}

const char *vnf_end_advice(struct vnf_end end)
{
	if (end.signal == SIGILL)
		return "This CPU model lacks an instruction that it uses: " CPU_ADVICE ".";
	if (end.signal == SIGKILL)
		return "If the kernel did it for want of memory, give the guest more (QEMU: -m).";
	if (end.signal == 0 && end.code == EXIT_USAGE)
		return "Its configuration or its arguments are wrong: see its own lines above.";
	return "";
}
