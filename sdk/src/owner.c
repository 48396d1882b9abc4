/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Checks of keys that name the user or the group that a file is given to: they are looked up while
 * the configuration is read, so that a wrong name is not found out when the file is already there.
 * Start-up only.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

int check_user(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (name[0] == '\0' || getpwnam(name) != NULL)
		return 0;
	snprintf(why, why_size, "there is no user \"%s\"; name one that exists (getent passwd)",
		 name);
	return -EINVAL;
}

int check_group(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (name[0] == '\0' || getgrnam(name) != NULL)
		return 0;
	snprintf(why, why_size, "there is no group \"%s\"; name one that exists (getent group)",
		 name);
	return -EINVAL;
}
