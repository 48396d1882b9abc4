/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The command drop-log: what was dropped lately, as a list or as a file. Control thread.
 */

#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "capture_file.h"
#include "drop_log.h"
#include "packet_summary.h"
#include "wall.h"

struct drop_log_args {
	const char *port;
	const char *reason;
	uint32_t count;
	bool octets;
	const char *file;
	bool overwrite;
};

static const struct vnf_config_key drop_log_keys[] = {
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct drop_log_args, port),
	  .def = "all",
	  .doc = "Name of the port where they are counted, or all." },
	{ .name = "reason",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct drop_log_args, reason),
	  .def = "all",
	  .doc = "Name of a drop reason, or all." },
	{ .name = "count",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct drop_log_args, count),
	  .min = 1,
	  .max = 65536,
	  .def = "32",
	  .doc = "The newest so many." },
	{ .name = "octets",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct drop_log_args, octets),
	  .def = "false",
	  .doc = "Tell the first octets of each too, at most 96, in hexadecimal." },
	{ .name = "file",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct drop_log_args, file),
	  .max = 128,
	  .doc = "Name of a pcapng file, in capture.directory, to write them into." },
	{ .name = "overwrite",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct drop_log_args, overwrite),
	  .def = "false",
	  .doc = "Replace a file of that name." },
	{ .name = NULL },
};

/* ---- as JSON ---- */

static json_t *time_json(uint64_t wall_ns)
{
	char text[WALL_TEXT];

	wall_text(wall_ns, text, sizeof(text));
	return json_string(text);
}

static json_t *hex_json(const uint8_t *octets, size_t n)
{
	char text[2 * DROP_HEAD_BYTES + 1] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(&text[2 * i], 3, "%02x", octets[i]);
	return json_string(text);
}

static json_t *mac_json(const uint8_t *mac)
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
			    mac[5]);
}

static json_t *ip_json(uint8_t version, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(version == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	return json_string(text);
}

static json_t *null_or(bool has, json_int_t value)
{
	return has ? json_integer(value) : json_null();
}

/* All have the same keys, so that they are the columns of a table. */
static void summary_add(json_t *object, const struct packet_summary *s)
{
	bool ethernet = s->has_ethernet, ip = s->version != 0;

	json_object_set_new(object, "eth_src", ethernet ? mac_json(s->src) : json_null());
	json_object_set_new(object, "eth_dst", ethernet ? mac_json(s->dst) : json_null());
	json_object_set_new(object, "eth_type",
			    ethernet ? json_sprintf("0x%04x", s->type) : json_null());
	json_object_set_new(object, "vlan", null_or(s->has_vlan, s->vlan));
	json_object_set_new(object, "ip_src", ip ? ip_json(s->version, s->ip_src) : json_null());
	json_object_set_new(object, "ip_dst", ip ? ip_json(s->version, s->ip_dst) : json_null());
	json_object_set_new(object, "protocol", null_or(ip, s->protocol));
	json_object_set_new(object, "src_port", null_or(s->has_ports, s->src_port));
	json_object_set_new(object, "dst_port", null_or(s->has_ports, s->dst_port));
}

static json_t *record_json(const struct vnf *vnf, const struct drop_record *record, bool octets)
{
	const char *reason = vnf_drop_name(vnf, record->reason);
	json_t *object = json_object();
	struct packet_summary summary;

	packet_summarise(record->head, record->kept, &summary);
	json_object_set_new(object, "time", time_json(drop_log_wall(record)));
	json_object_set_new(object, "port", json_string(port_label(vnf, record->port)));
	json_object_set_new(object, "to",
			    record->to < vnf->n_ports ? json_string(port_label(vnf, record->to))
						      : json_null());
	json_object_set_new(object, "reason", json_string(reason != NULL ? reason : "application"));
	json_object_set_new(object, "length", json_integer(record->length));
	json_object_set_new(object, "skipped", json_integer(record->skipped));
	summary_add(object, &summary);
	if (octets)
		json_object_set_new(object, "octets", hex_json(record->head, record->kept));
	return object;
}

static json_t *log_json(const struct vnf *vnf, const struct drop_log *log, bool octets)
{
	json_t *array = json_array();

	for (size_t i = 0; i < log->n; i++)
		json_array_append_new(array, record_json(vnf, &log->records[i], octets));
	return array;
}

/* ---- as a file ---- */

static json_t *log_export(const struct vnf *vnf, const struct drop_log *log,
			  const struct drop_log_args *args, struct vnf_refusal *refusal)
{
	const char *directory = vnf->spec->capture.directory;
	char why[CAPTURE_WHY_MAX];
	int fd, ret;

	if (directory[0] == '\0') {
		capture_refuse_directory(vnf, why, sizeof(why));
		return vnf_refuse(refusal, -EPERM, "%s", why);
	}
	fd = capture_file_open(directory, args->file, args->overwrite, why, sizeof(why));
	if (fd < 0)
		return vnf_refuse(refusal, fd, "%s", why);
	ret = drop_log_write(vnf, log, fd);
	if (ret < 0)
		return vnf_refuse(refusal, ret,
				  "%s/%s is not complete: %s; make room, or name another directory "
				  "by capture.directory",
				  directory, args->file, strerror(-ret));
	return json_pack("{s:o, s:I}", "file", json_sprintf("%s/%s", directory, args->file),
			 "packets", (json_int_t)log->n);
}

/* ---- what is wanted ---- */

static int reason_find(const struct vnf *vnf, const char *name)
{
	for (uint32_t r = 0; r < vnf->drops.n; r++)
		if (strcmp(vnf->drops.name[r], name) == 0)
			return (int)r;
	return -ENOENT;
}

/* A number or DROP_LOG_ALL; false after a refusal. */
static bool port_take(const struct vnf *vnf, const char *name, uint32_t *port,
		      struct vnf_refusal *refusal)
{
	int id = strcmp(name, "all") == 0 ? 0 : vnf_port_find(vnf, name);

	if (id < 0) {
		vnf_refuse(refusal, id,
			   "no port is named \"%s\"; write one of the configuration's, or all",
			   name);
		return false;
	}
	*port = strcmp(name, "all") == 0 ? DROP_LOG_ALL : (uint32_t)id;
	return true;
}

static bool reason_take(const struct vnf *vnf, const char *name, uint32_t *reason,
			struct vnf_refusal *refusal)
{
	int id = strcmp(name, "all") == 0 ? 0 : reason_find(vnf, name);

	if (id < 0) {
		vnf_refuse(refusal, id,
			   "no drop reason is named \"%s\"; write one of those that the counters "
			   "have, such as %s, or all",
			   name, vnf_drop_name(vnf, VNF_DROP_TX_FULL));
		return false;
	}
	*reason = strcmp(name, "all") == 0 ? DROP_LOG_ALL : (uint32_t)id;
	return true;
}

static json_t *run_drop_log(struct vnf *vnf, const void *args, struct vnf_refusal *refusal)
{
	const struct drop_log_args *a = args;
	uint32_t port, reason;
	struct drop_log log;
	json_t *result;

	if (vnf->spec->drop_recorder == 0)
		return vnf_refuse(refusal, -EPERM,
				  "drops are not recorded; take drop_recorder = 0 out of %s and "
				  "start again",
				  vnf->options.config_path);
	if (!port_take(vnf, a->port, &port, refusal) ||
	    !reason_take(vnf, a->reason, &reason, refusal))
		return NULL;
	if (drop_log_read(vnf, port, reason, a->count, &log) < 0)
		return vnf_refuse(refusal, -ENOMEM, "out of memory");
	result = a->file[0] != '\0' ? log_export(vnf, &log, a, refusal)
				    : log_json(vnf, &log, a->octets);
	drop_log_free(&log);
	return result;
}

const struct vnf_command drop_log_commands[] = {
	{ .name = "drop-log",
	  .help = "The packets that were dropped lately, newest first.",
	  .args = drop_log_keys,
	  .args_size = sizeof(struct drop_log_args),
	  .run = run_drop_log },
	{ .name = NULL },
};
