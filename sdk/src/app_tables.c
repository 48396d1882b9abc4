/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Tables of sessions that an application asks for by vnf_app.sessions: planned before DPDK starts,
 * made before its init, released after its fini. Control thread.
 */

#include "app_tables.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include <vnf/session.h>
#include <vnf/steer.h>

#include "vnf_priv.h"

/* What DPDK's heap adds to each. */
#define TABLE_OVERHEAD 4096

/* The i-th table; false: there is none. */
static bool table_ask(const struct vnf *vnf, const struct vnf_app *app, uint32_t i,
		      struct vnf_sessions_conf *conf)
{
	bool steers = program_has_part(vnf->program, PART_STEER);

	if (app->sessions == NULL || i == VNF_SESSION_TABLES_MAX)
		return false;
	*conf = (struct vnf_sessions_conf){ .slots = steers ? vnf_slot_count(vnf) : 1 };
	return app->sessions(vnf, vnf->config, i, conf);
}

uint64_t tables_bytes(const struct vnf *vnf, const struct vnf_app *app)
{
	struct vnf_sessions_conf conf;
	uint64_t bytes = 0;

	for (uint32_t i = 0; table_ask(vnf, app, i, &conf); i++) {
		const char *fault = sessions_fault(&conf);

		if (fault != NULL) {
			vnf_error("%s: table %u of sessions%s%s: %s", app->name, i,
				  conf.name != NULL ? ", " : "", conf.name != NULL ? conf.name : "",
				  fault);
			return UINT64_MAX;
		}
		bytes += vnf_sessions_bytes(&conf) + TABLE_OVERHEAD;
	}
	return bytes;
}

int tables_create(struct vnf *vnf, const struct vnf_app *app)
{
	struct vnf_sessions_conf conf;

	for (uint32_t i = 0; table_ask(vnf, app, i, &conf); i++) {
		int ret = vnf_sessions_create(vnf, &conf, &vnf->tables[i]);

		if (ret < 0) {
			vnf_error("%s: table %u of sessions%s%s: %s", app->name, i,
				  conf.name != NULL ? ", " : "", conf.name != NULL ? conf.name : "",
				  strerror(-ret));
			return ret;
		}
		vnf_info("sessions: \"%s\": room for %u in each of %u slots, %llu MiB", conf.name,
			 vnf_sessions_per_slot(&conf), conf.slots,
			 (unsigned long long)(vnf_sessions_bytes(&conf) >> 20));
	}
	return 0;
}

void tables_give(const struct vnf *vnf, struct vnf_worker *worker)
{
	memcpy(worker->sessions, vnf->tables, sizeof(worker->sessions));
}

void tables_destroy(struct vnf *vnf)
{
	for (uint32_t i = 0; i < RTE_DIM(vnf->tables); i++) {
		vnf_sessions_destroy(vnf->tables[i]);
		vnf->tables[i] = NULL;
	}
}

struct vnf_sessions *vnf_sessions_table(const struct vnf *vnf, uint32_t i)
{
	return i < RTE_DIM(vnf->tables) ? vnf->tables[i] : NULL;
}
