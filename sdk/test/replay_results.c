/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What came of a replay, see replay.h: read from the files of its folder into memory, and asked for
 * by the test.
 */

#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include <vnf/vnf.h>

/* ---- frames ---- */

static int frames_read(const char *path, uint64_t start_ns, struct tr_frames *frames)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *hdr;
	const uint8_t *data;
	int ret = 1, error = 0;
	pcap_t *p;

	if (access(path, R_OK) != 0)
		return 0;
	p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (p == NULL)
		return -EBADMSG;
	while (error == 0 && (ret = pcap_next_ex(p, &hdr, &data)) == 1) {
		uint64_t ns = (uint64_t)hdr->ts.tv_sec * 1000000000 + (uint64_t)hdr->ts.tv_usec;

		error = vnf_tr_frames_add(frames, ns - start_ns, data, hdr->caplen);
	}
	pcap_close(p);
	if (error < 0)
		return error;
	return ret == PCAP_ERROR_BREAK ? 0 : -EBADMSG;
}

static int outputs_read(struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];
	int ret = 0;

	for (size_t i = 0; i < t->n_ports; i++) {
		int one;

		vnf_tr_path(t, path, sizeof(path), "out", (int)i);
		one = frames_read(path, t->start_ns, &t->ports[i].got);
		if (ret == 0)
			ret = one;
	}
	return ret;
}

/* ---- verdicts ---- */

/* "SECONDS.NANOSECONDS", nine digits of those. */
static int time_parse(const char *text, uint64_t *ns)
{
	uint64_t s, fraction;
	char *end;

	s = strtoull(text, &end, 10);
	if (*end != '.' || strlen(end + 1) != 9)
		return -EBADMSG;
	fraction = strtoull(end + 1, &end, 10);
	if (*end != '\0')
		return -EBADMSG;
	*ns = s * 1000000000 + fraction;
	return 0;
}

static int kind_parse(const char *word, enum vnf_test_verdict_kind *kind)
{
	static const char *const words[] = { "forward", "flood", "drop", "taken", "sent" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0) {
			*kind = (enum vnf_test_verdict_kind)i;
			return 0;
		}
	return -EBADMSG;
}

static int verdict_parse(const struct vnf_test_replay *t, const json_t *line,
			 struct vnf_test_verdict *v)
{
	const char *when = json_string_value(json_object_get(line, "time"));
	const char *word = json_string_value(json_object_get(line, "verdict"));

	*v = (struct vnf_test_verdict){
		.number = (uint64_t)json_integer_value(json_object_get(line, "number")),
		.port = json_string_value(json_object_get(line, "port")),
		.to = json_string_value(json_object_get(line, "to")),
		.reason = json_string_value(json_object_get(line, "reason")),
	};
	if (when == NULL || word == NULL || time_parse(when, &v->time_ns) < 0)
		return -EBADMSG;
	v->time_ns -= t->start_ns;
	return kind_parse(word, &v->verdict);
}

/* Lines up to the end or to a damaged one. */
static int lines_read(FILE *file, json_t *lines)
{
	char *text = NULL;
	size_t room = 0;
	int ret = 0;

	while (ret == 0 && getline(&text, &room, file) > 0) {
		json_t *line = json_loads(text, 0, NULL);

		if (line == NULL)
			ret = -EBADMSG;
		else if (json_array_append_new(lines, line) < 0)
			ret = -ENOMEM;
	}
	free(text);
	return ret;
}

static int verdicts_parse(struct vnf_test_replay *t)
{
	size_t n = json_array_size(t->lines);
	int ret = 0;

	if (n == 0)
		return 0;
	t->verdicts = calloc(n, sizeof(*t->verdicts));
	if (t->verdicts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		ret = verdict_parse(t, json_array_get(t->lines, i), &t->verdicts[i]);
		if (ret < 0)
			return ret;
		t->n_verdicts++;
	}
	return 0;
}

static int verdicts_read(struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];
	int ret, parsed;
	FILE *file;

	vnf_tr_path(t, path, sizeof(path), "verdicts", -1);
	t->lines = json_array();
	if (t->lines == NULL)
		return -ENOMEM;
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	ret = lines_read(file, t->lines);
	fclose(file);
	parsed = verdicts_parse(t);
	return ret < 0 ? ret : parsed;
}

/* ---- the rest ---- */

static int report_read(struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];

	vnf_tr_path(t, path, sizeof(path), "report", -1);
	if (access(path, R_OK) != 0)
		return 0;
	t->report = json_load_file(path, 0, NULL);
	return t->report != NULL ? 0 : -EBADMSG;
}

static int log_read(struct vnf_test_replay *t)
{
	char path[PATH_MAX + 32];
	size_t room = 0;
	FILE *file;

	vnf_tr_path(t, path, sizeof(path), "log", -1);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	/* Lines end in newlines: this is all of it. */
	if (getdelim(&t->log, &room, '\0', file) < 0) {
		free(t->log);
		t->log = NULL;
	}
	fclose(file);
	return 0;
}

int vnf_tr_results_read(struct vnf_test_replay *t)
{
	int (*const readers[])(struct vnf_test_replay * t) = { outputs_read, verdicts_read,
							       report_read, log_read };
	int ret = 0;

	vnf_tr_results_fini(t);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		int one = readers[i](t);

		if (ret == 0)
			ret = one;
	}
	return ret;
}

void vnf_tr_results_fini(struct vnf_test_replay *t)
{
	for (size_t i = 0; i < t->n_ports; i++)
		vnf_tr_frames_fini(&t->ports[i].got);
	json_decref(t->report);
	json_decref(t->lines);
	free(t->verdicts);
	free(t->log);
	t->report = NULL;
	t->lines = NULL;
	t->verdicts = NULL;
	t->n_verdicts = 0;
	t->log = NULL;
}

/* ---- questions ---- */

int64_t vnf_test_replay_count(const struct vnf_test_replay *t, const char *port)
{
	const struct tr_port *found = vnf_tr_port_find(t, port);

	if (found == NULL || !found->configured)
		return -ENOENT;
	return (int64_t)found->got.n;
}

const uint8_t *vnf_test_replay_frame(const struct vnf_test_replay *t, const char *port, size_t i,
				     uint32_t *len, uint64_t *time_ns)
{
	const struct tr_port *found = vnf_tr_port_find(t, port);

	if (found == NULL || i >= found->got.n)
		return NULL;
	if (len != NULL)
		*len = found->got.frame[i].len;
	if (time_ns != NULL)
		*time_ns = found->got.frame[i].time_ns;
	return found->got.frame[i].data;
}

size_t vnf_test_replay_verdict_count(const struct vnf_test_replay *t)
{
	return t->n_verdicts;
}

const struct vnf_test_verdict *vnf_test_replay_verdict(const struct vnf_test_replay *t, size_t i)
{
	return i < t->n_verdicts ? &t->verdicts[i] : NULL;
}

/* Does a drop reason have this name? The report leaves out those that never occurred. */
static bool reason_exists(const struct vnf_app *app, const char *name)
{
#define REASON_NAME(id, text, doc) text,
	static const char *const names[] = { VNF_DROP_REASONS(REASON_NAME) };
#undef REASON_NAME

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	for (const struct vnf_drop *d = app->drops; d != NULL && d->name != NULL; d++)
		if (strcmp(d->name, name) == 0)
			return true;
	return false;
}

static const json_t *report_port(const struct vnf_test_replay *t, const char *name)
{
	const json_t *ports = json_object_get(t->report, "ports");
	size_t n = json_array_size(ports);

	for (size_t i = 0; i < n; i++) {
		const json_t *port = json_array_get(ports, i);
		const char *its = json_string_value(json_object_get(port, "name"));

		if (its != NULL && strcmp(its, name) == 0)
			return port;
	}
	return NULL;
}

int64_t vnf_test_replay_counter(const struct vnf_test_replay *t, const char *port, const char *name)
{
	const json_t *from =
		port != NULL ? report_port(t, port) : json_object_get(t->report, "ledger");
	const json_t *value = json_object_get(from, name);

	if (json_is_integer(value))
		return json_integer_value(value);
	if (port == NULL || from == NULL || !reason_exists(t->app, name))
		return -ENOENT;
	/* 0 if it is not there. */
	return json_integer_value(json_object_get(json_object_get(from, "drops"), name));
}

const char *vnf_test_replay_log(const struct vnf_test_replay *t)
{
	return t->log != NULL ? t->log : "";
}
