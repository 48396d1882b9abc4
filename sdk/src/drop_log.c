/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See drop_log.h.
 */

#include "drop_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pcapng_writer.h"
#include "vnf_priv.h"

static void record_take(void *arg, const struct drop_record *record)
{
	struct drop_log *log = arg;

	if ((log->reason == DROP_LOG_ALL || log->reason == record->reason) && log->n < log->room)
		log->records[log->n++] = *record;
}

static int newest_first(const void *a, const void *b)
{
	const struct drop_record *x = a, *y = b;

	return x->now_ns > y->now_ns ? -1 : x->now_ns < y->now_ns;
}

int drop_log_read(const struct vnf *vnf, uint32_t port, uint32_t reason, size_t count,
		  struct drop_log *log)
{
	size_t ports = port == DROP_LOG_ALL ? vnf->n_ports : 1;

	*log = (struct drop_log){
		.reason = reason,
		.room = ports * vnf->n_workers * vnf->spec->drop_recorder,
	};
	if (log->room == 0)
		return 0;
	log->records = calloc(log->room, sizeof(*log->records));
	if (log->records == NULL)
		return -ENOMEM;
	for (uint16_t w = 0; w < vnf->n_workers; w++)
		for (uint16_t p = 0; p < vnf->n_ports; p++)
			if (port == DROP_LOG_ALL || port == p)
				drop_recorder_read(vnf->workers[w].pub.recorder, p, record_take,
						   log);
	qsort(log->records, log->n, sizeof(*log->records), newest_first);
	log->n = RTE_MIN(log->n, count);
	return 0;
}

void drop_log_free(struct drop_log *log)
{
	free(log->records);
	log->records = NULL;
}

uint64_t drop_log_wall(const struct drop_record *record)
{
	return vnf_clock_wall() - (vnf_clock_now() - record->now_ns);
}

static void record_write(const struct vnf *vnf, struct pcapng *file,
			 const struct drop_record *record, uint64_t wall_ns)
{
	const char *reason = vnf_drop_name(vnf, record->reason);
	char text[PCAPNG_COMMENT_MAX + 1], skipped[64] = "";
	bool out = record->to < vnf->n_ports;

	if (record->skipped != 0)
		snprintf(skipped, sizeof(skipped), "; %u more like it before, not recorded",
			 record->skipped);
	snprintf(text, sizeof(text), "drop: %s%s%s%s", reason,
		 out ? ", on its way out of port " : "", out ? port_label(vnf, record->to) : "",
		 skipped);
	pcapng_packet(file, &(struct pcapng_packet){
				    .interface = record->port,
				    .direction = out ? PCAPNG_OUTBOUND : PCAPNG_INBOUND,
				    .wall_ns = wall_ns,
				    .length = record->length,
				    .kept = record->kept,
				    .octets = record->head,
				    .comment = text,
			    });
}

int drop_log_write(const struct vnf *vnf, const struct drop_log *log, int fd)
{
	uint64_t wall_ns = vnf_clock_wall(), now_ns = vnf_clock_now();
	char program[64];
	struct pcapng file;
	int ret;

	snprintf(program, sizeof(program), "%s (vnfkit %s)", vnf_name(vnf), VNFKIT_VERSION);
	ret = pcapng_open(&file, fd, program, "dropped packets, their first octets");
	if (ret < 0)
		return ret;
	for (uint16_t p = 0; p < vnf->n_ports; p++)
		pcapng_interface(&file, port_label(vnf, p), DROP_HEAD_BYTES, "");
	for (size_t i = log->n; i-- > 0;)
		record_write(vnf, &file, &log->records[i],
			     wall_ns - (now_ns - log->records[i].now_ns));
	return pcapng_close(&file);
}
