/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What stands for the SDK around a program that routes, has sessions and a journal, for fuzz
 * targets that run its burst callback (fuzz_node.h has the node's part). They define SLOTS, and
 * APP, the struct vnf_app of the program, before.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include "fuzz_node.h"

static void *program_state;

void *vnf_state(const struct vnf *vnf)
{
	(void)vnf;
	return program_state;
}

uint32_t vnf_slot_count(const struct vnf *vnf)
{
	(void)vnf;
	return SLOTS;
}

size_t vnf_config_error_count(const struct vnf_config *file)
{
	(void)file;
	return 0;
}

const char *vnf_config_nearest(const char *word, const char *const *candidates, size_t n)
{
	(void)word;
	(void)candidates;
	(void)n;
	return NULL;
}

void vnf_config_place(const struct vnf_config *file, const void *field, char *text, size_t size)
{
	(void)file;
	(void)field;
	snprintf(text, size, "fuzz:1");
}

/* ---- the journal: each record becomes a line at once ---- */

const struct vnf_part vnf_journal_part;
const struct vnf_part vnf_steer_part;
static uint64_t record[VNF_JOURNAL_RECORD_MAX / sizeof(uint64_t)];
static size_t record_octets;

void *vnf_journal_reserve(struct vnf_worker *w, size_t octets)
{
	(void)w;
	must(octets > 0 && octets <= sizeof(record));
	memset(record, 0xa5, sizeof(record));
	record_octets = octets;
	return record;
}

void vnf_journal_write(struct vnf_worker *w)
{
	json_t *line = APP.journal(&program, record, record_octets);

	(void)w;
	must(line != NULL);
	json_decref(line);
}

/* ---- what only commands want ---- */

int vnf_ip_get_interface(const struct vnf *vnf, uint16_t number, struct vnf_ip_interface_info *info)
{
	(void)vnf;
	(void)number;
	(void)info;
	return -ENOENT;
}

struct vnf_sessions *vnf_sessions_table(const struct vnf *vnf, uint32_t i)
{
	(void)vnf;
	return worker.pub.sessions[i];
}

int vnf_workers_ask(struct vnf *vnf, bool (*step)(struct vnf_worker *worker, void *arg), void *arg,
		    uint64_t timeout_ns)
{
	(void)vnf;
	(void)timeout_ns;
	while (!step(&worker.pub, arg))
		;
	return 0;
}

void vnf_metrics_put(struct vnf_metrics_page *page, int64_t value, ...)
{
	(void)page;
	(void)value;
}

/* ---- configurations ---- */

#define WORDS(...)                                                                                 \
	{                                                                                          \
		.n = RTE_DIM(((const char *[]){ __VA_ARGS__ })), .v = (const char *[])             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define ITEMS(array)                                                                               \
	{                                                                                          \
		.n = RTE_DIM(array), .items = (array)                                              \
	}

#endif
