/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The CPU's flags as process 1 of a guest reads them: whole words of the first `flags` line only.
 */

#include <criterion/criterion.h>

#include <errno.h>

#include "cpu.h"

Test(guest_cpu, present)
{
	cr_assert_eq(cpu_has_flag("processor\t: 0\nflags\t\t: fpu sse4_1 sse4_2 avx\nbugs\t\t:\n",
				  "sse4_2"),
		     1);
	cr_assert_eq(cpu_has_flag("flags\t\t: sse4_2\n", "sse4_2"), 1);
	cr_assert_eq(cpu_has_flag("flags: fpu sse4_2", "sse4_2"), 1);
}

Test(guest_cpu, missing)
{
	cr_assert_eq(cpu_has_flag("flags\t\t: fpu sse4_1\n", "sse4_2"), 0);
	cr_assert_eq(cpu_has_flag("flags\t\t: sse4_2x xsse4_2 sse4\n", "sse4_2"), 0);
	cr_assert_eq(cpu_has_flag("flags\t\t:\n", "sse4_2"), 0);
	cr_assert_eq(cpu_has_flag("flags\t\t: fpu\nvmx flags\t: sse4_2\n", "sse4_2"), 0);
	cr_assert_eq(cpu_has_flag("flags\t\t: fpu\nflags\t\t: sse4_2\n", "sse4_2"), 0);
}

Test(guest_cpu, says_nothing)
{
	cr_assert_eq(cpu_has_flag("", "sse4_2"), -ENODATA);
	cr_assert_eq(cpu_has_flag("flags", "sse4_2"), -ENODATA);
	cr_assert_eq(cpu_has_flag("processor : 0\nFeatures : fp asimd", "sse4_2"), -ENODATA);
	cr_assert_eq(cpu_has_flag("flagship\t: sse4_2\n", "sse4_2"), -ENODATA);
	cr_assert_eq(cpu_has_flag("model name\t: flags: sse4_2\n", "sse4_2"), -ENODATA);
}

Test(guest_cpu, odd_blanks)
{
	cr_assert_eq(cpu_has_flag("flags :   fpu  sse4_2 \n", "sse4_2"), 1);
	cr_assert_eq(cpu_has_flag("\n\n\nflags :\tsse4_2", "sse4_2"), 1);
}
