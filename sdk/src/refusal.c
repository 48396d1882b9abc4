/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Why a command fails, written down for whoever asked.
 */

#include "control.h"

#include <stdarg.h>
#include <stdio.h>

json_t *vnf_refuse(struct vnf_refusal *why, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	why->error = error;
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return NULL;
}
