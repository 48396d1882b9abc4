/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Users and groups named in the configuration have to exist.
 */

#include <criterion/criterion.h>

#include <errno.h>

#include "vnf_priv.h"

Test(owner, users_and_groups)
{
	const char *none = "", *root = "root", *nobody = "no-such-name";
	char why[WHY_MAX];

	cr_assert_eq(check_user(&none, why, sizeof(why)), 0);
	cr_assert_eq(check_user(&root, why, sizeof(why)), 0);
	cr_assert_eq(check_user(&nobody, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(why,
			 "there is no user \"no-such-name\"; name one that exists (getent passwd)");
	cr_assert_eq(check_group(&none, why, sizeof(why)), 0);
	cr_assert_eq(check_group(&root, why, sizeof(why)), 0);
	cr_assert_eq(check_group(&nobody, why, sizeof(why)), -EINVAL);
	cr_assert_str_eq(why,
			 "there is no group \"no-such-name\"; name one that exists (getent group)");
}
