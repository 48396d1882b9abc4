/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The CPU plan: who runs where, for any affinity mask and any list of CPUs.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "vnf_priv.h"

static cpu_set_t set_of(const char *cpus)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (; *cpus != '\0'; cpus++)
		CPU_SET(*cpus - '0', &set);
	return set;
}

struct plan_case {
	const char *allowed;
	uint16_t workers;
	const char *cpus;
	const char *lcores;
	const char *shares; /* a digit per worker */
};

Test(cpu_plan, who_runs_where)
{
	static const struct plan_case cases[] = {
		/* Without a list the first CPU is the control thread's. */
		{ "01", 1, "", "0@(0),1@1", "0" },
		{ "0123", 2, "", "0@(0,3),1@1,2@2", "00" },
		{ "0123", 3, "", "0@(0),1@1,2@2,3@3", "000" },
		/* Not the machine's first, but the first of the mask. */
		{ "457", 2, "", "0@(4),1@5,2@7", "00" },
		/* One CPU: all share. */
		{ "3", 1, "", "0@(3),1@3", "1" },
		{ "3", 2, "", "0@(3),1@3,2@3", "11" },
		/* More workers than CPUs: those on the same CPU share it. */
		{ "01", 3, "", "0@(0),1@1,2@1,3@1", "111" },
		{ "012", 3, "", "0@(0),1@1,2@2,3@1", "101" },
		/* A list is taken in its order. */
		{ "0123", 2, "3,1", "0@(0,2),1@3,2@1", "00" },
		{ "0123", 3, "1-3", "0@(0),1@1,2@2,3@3", "000" },
		{ "0123", 1, "0", "0@(1-3),1@0", "0" },
		{ "0123", 2, "2,2", "0@(0-1,3),1@2,2@2", "11" },
		{ "01", 2, "0-1", "0@(0-1),1@0,2@1", "00" },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const struct plan_case *c = &cases[i];
		cpu_set_t allowed = set_of(c->allowed);
		char why[WHY_MAX] = "", text[256];
		struct cpu_plan plan;

		cr_assert_eq(cpu_plan_make(&allowed, c->workers, c->cpus, &plan, why, sizeof(why)),
			     0, "case %zu: %s", i, why);
		cr_assert_eq(cpu_plan_lcores(&plan, text, sizeof(text)), 0);
		cr_assert_str_eq(text, c->lcores, "case %zu: %s", i, text);
		for (uint16_t w = 0; w < c->workers; w++)
			cr_assert_eq(plan.shares_cpu[w], c->shares[w] == '1', "case %zu worker %u",
				     i, w);
	}
}

Test(cpu_plan, refusals)
{
	static const struct {
		const char *cpus;
		uint16_t workers;
		const char *why;
	} cases[] = {
		{ "7", 1, "CPU 7 is not among those this process may use (0-2)" },
		{ "1-7", 1, "CPU 3 is not among those this process may use (0-2)" },
		{ "a", 1, "\"a\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "1,", 1, "\"1,\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "2-1", 1, "\"2-1\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "-1", 1, "\"-1\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ " 1", 1, "\" 1\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "1 2", 1, "\"1 2\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "99999999999999999999", 1,
		  "\"99999999999999999999\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "1024", 1, "\"1024\" is not a list of CPUs, such as \"1\" or \"1,3-5\"" },
		{ "", 0, "0 workers; 1 to 64 are possible" },
		{ "", 65, "65 workers; 1 to 64 are possible" },
	};
	cpu_set_t allowed = set_of("012");

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		char why[WHY_MAX] = "";
		struct cpu_plan plan;

		cr_assert_eq(cpu_plan_make(&allowed, cases[i].workers, cases[i].cpus, &plan, why,
					   sizeof(why)),
			     -EINVAL, "case %zu", i);
		cr_assert_str_eq(why, cases[i].why, "case %zu: %s", i, why);
	}
}

Test(cpu_plan, no_cpu_at_all)
{
	cpu_set_t allowed = set_of("");
	char why[WHY_MAX] = "";
	struct cpu_plan plan;

	cr_assert_eq(cpu_plan_make(&allowed, 1, "", &plan, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(why, "this process may not use any CPU");
}

Test(cpu_plan, control_never_runs_on_a_workers_cpu_if_there_is_another)
{
	cpu_set_t allowed = set_of("0123");
	char why[WHY_MAX];

	for (uint16_t workers = 1; workers <= 8; workers++) {
		struct cpu_plan plan;

		cr_assert_eq(cpu_plan_make(&allowed, workers, "", &plan, why, sizeof(why)), 0);
		for (uint16_t w = 0; w < workers; w++)
			cr_assert(!CPU_ISSET(plan.cpu[w], &plan.control));
		cr_assert_gt(CPU_COUNT(&plan.control), 0);
	}
}

/* Every other CPU of a large machine: no ranges to be had. */
Test(cpu_plan, many_cpus)
{
	cpu_set_t allowed;
	char why[WHY_MAX], text[4096], small[64];
	struct cpu_plan plan;
	size_t len;

	CPU_ZERO(&allowed);
	for (unsigned int cpu = 1; cpu < CPU_SETSIZE; cpu += 2)
		CPU_SET(cpu, &allowed);
	cr_assert_eq(cpu_plan_make(&allowed, 1, "", &plan, why, sizeof(why)), 0);
	cr_assert_eq(cpu_plan_lcores(&plan, text, sizeof(text)), 0);
	len = strlen(text);
	cr_assert_str_eq(text + len - 15, ",1021,1023),1@3", "%s", text + len - 15);
	cr_assert_eq(cpu_plan_lcores(&plan, small, sizeof(small)), -E2BIG);
	cr_assert_eq(cpu_plan_make(&allowed, 1, "0", &plan, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(why + strlen(why) - 4, "...)", "%s", why);

	memset(&allowed, 0xff, sizeof(allowed));
	cr_assert_eq(cpu_plan_make(&allowed, 1, "", &plan, why, sizeof(why)), 0);
	cr_assert_eq(cpu_plan_lcores(&plan, text, sizeof(text)), 0);
	cr_assert_str_eq(text, "0@(0,2-1023),1@1");
}
