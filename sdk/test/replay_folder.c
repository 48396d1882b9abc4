/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The temporary folder of a replay, see replay.h: the configuration, a pcap file per port that
 * something is sent into, and then what vnf_run() writes. Files are numbered by port, for a port's
 * name may hold what a path may not.
 */

#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libconfig.h>
#include <pcap/pcap.h>

#define SNAPLEN 262144

void vnf_tr_path(const struct vnf_test_replay *t, char *path, size_t size, const char *name, int i)
{
	char number[32] = "";

	if (i >= 0)
		snprintf(number, sizeof(number), "-%d.pcap", i);
	snprintf(path, size, "%s/%s%s", t->folder, name, number);
}

/* ---- writing ---- */

static int config_save(const struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];
	FILE *file;
	int ret = 0;

	vnf_tr_path(t, path, sizeof(path), "config", -1);
	file = fopen(path, "we");
	if (file == NULL)
		return -errno;
	if (fputs(t->config, file) < 0)
		ret = -EIO;
	if (fclose(file) != 0)
		ret = -EIO;
	return ret;
}

static int frames_dump(pcap_dumper_t *dump, const struct tr_frames *frames)
{
	for (size_t i = 0; i < frames->n; i++) {
		const struct tr_frame *f = &frames->frame[i];
		uint64_t wall_ns = TR_START_NS + f->time_ns;
		struct pcap_pkthdr hdr = {
			.ts = {
				.tv_sec = (time_t)(wall_ns / 1000000000),
				/* The file's are nanoseconds. */
				.tv_usec = (suseconds_t)(wall_ns % 1000000000),
			},
			.caplen = f->len,
			.len = f->len,
		};

		pcap_dump((u_char *)dump, &hdr, f->data);
	}
	return pcap_dump_flush(dump) == 0 ? 0 : -EIO;
}

static int frames_write(const char *path, const struct tr_frames *frames)
{
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dump = NULL;
	int ret = -EIO;

	if (dead == NULL)
		return -ENOMEM;
	dump = pcap_dump_open(dead, path);
	if (dump != NULL) {
		ret = frames_dump(dump, frames);
		pcap_dump_close(dump);
	}
	pcap_close(dead);
	return ret;
}

static int inputs_write(struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];
	int ret = 0;

	/* Without a packet the virtual clock starts at 0. */
	t->start_ns = 0;
	for (size_t i = 0; ret == 0 && i < t->n_ports; i++) {
		if (t->ports[i].sent.n == 0)
			continue;
		t->start_ns = TR_START_NS;
		vnf_tr_path(t, path, sizeof(path), "in", (int)i);
		ret = frames_write(path, &t->ports[i].sent);
	}
	return ret;
}

/* ---- ports of the configuration ---- */

static int ports_add(struct vnf_test_replay *t, const config_setting_t *ports)
{
	int n = ports != NULL ? config_setting_length(ports) : 0;

	for (int i = 0; i < n; i++) {
		const config_setting_t *entry = config_setting_get_elem(ports, (unsigned int)i);
		struct tr_port *port;
		const char *name;

		if (entry == NULL ||
		    config_setting_lookup_string(entry, "name", &name) != CONFIG_TRUE)
			continue;
		port = vnf_tr_port_get(t, name);
		if (port == NULL)
			return -ENOMEM;
		port->configured = true;
	}
	return 0;
}

/* Only their names, for each is recorded. What is wrong with the rest vnf_run() says best. */
static int ports_read(struct vnf_test_replay *t)
{
	config_t config;
	int ret = 0;

	config_init(&config);
	if (config_read_string(&config, t->config) == CONFIG_TRUE)
		ret = ports_add(t, config_lookup(&config, "ports"));
	config_destroy(&config);
	return ret;
}

/* ---- life ---- */

int vnf_tr_folder_create(struct vnf_test_replay *t)
{
	const char *top = getenv("TMPDIR");
	int ret;

	ret = snprintf(t->folder, sizeof(t->folder), "%s/vnf-test-XXXXXX",
		       top != NULL && top[0] != '\0' ? top : "/tmp");
	if (ret >= (int)sizeof(t->folder))
		return -ENAMETOOLONG;
	if (mkdtemp(t->folder) == NULL)
		return -errno;
	ret = ports_read(t);
	if (ret == 0)
		ret = config_save(t);
	if (ret == 0)
		ret = inputs_write(t);
	if (ret < 0)
		vnf_tr_folder_remove(t);
	return ret;
}

static void file_remove(const struct vnf_test_replay *t, const char *name, int i)
{
	char path[PATH_MAX + 32];

	vnf_tr_path(t, path, sizeof(path), name, i);
	unlink(path);
}

void vnf_tr_folder_remove(struct vnf_test_replay *t)
{
	static const char *const names[] = { "config", "log", "report", "verdicts" };

	if (getenv("VNF_TEST_KEEP") != NULL) {
		fprintf(stderr, "vnf-test: kept %s\n", t->folder);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		file_remove(t, names[i], -1);
	for (size_t i = 0; i < t->n_ports; i++) {
		file_remove(t, "in", (int)i);
		file_remove(t, "out", (int)i);
	}
	rmdir(t->folder);
}
