/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tests that must go red. Criterion lets some faults pass with exit code 0 (a leak that the
 * sanitizer finds, an assertion that fails in .fini), so the runner's settings are tested too:
 * Meson expects each suite of this program to fail.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(assertion, fails)
{
	cr_assert_eq(1, 2, "expected: this failure shows that a failing test is seen");
}

Test(leak, fails)
{
	void *volatile lost = malloc(64);

	cr_assert_not_null(lost);
	lost = NULL;
}

Test(undefined, fails)
{
	volatile int big = 0x7fffffff;

	big = big + 1;
	cr_assert_neq(big, 0);
}
