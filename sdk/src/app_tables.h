/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tables of sessions that an application asks for.
 */
#ifndef APP_TABLES_H
#define APP_TABLES_H

#include <vnf/vnf.h>

/* Memory of DPDK's heap that they will take; UINT64_MAX, after logging why: they cannot be. */
uint64_t tables_bytes(const struct vnf *vnf, const struct vnf_app *app);
/* 0 or -errno, after logging why; what was made is still to be destroyed. */
int tables_create(struct vnf *vnf, const struct vnf_app *app);
void tables_give(const struct vnf *vnf, struct vnf_worker *worker);
void tables_destroy(struct vnf *vnf);

#endif
