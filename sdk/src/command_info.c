/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Commands about the instance as a whole: what runs, its configuration, its log. Control thread.
 */

#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_version.h>

#include "config_priv.h"
#include "vnf_priv.h"

static const char *const level_words[] = { "error", "warning", "notice", "info", "debug", NULL };

static const char *level_word(enum vnf_log_level level)
{
	return level_words[level - VNF_LOG_ERROR];
}

static int ports_in_use(const struct vnf *vnf)
{
	int n = 0;

	for (uint16_t i = 0; i < vnf->n_ports; i++)
		n += vnf_port(vnf, i) != NULL;
	return n;
}

static json_t *run_info(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct vnf_program *program = vnf->program;
	uint64_t uptime = vnf_clock_now() - vnf->started_ns;

	(void)args;
	(void)why;
	return json_pack("{ss ss ss ss si ss ss ss si si sI sb sI ss}", "name", control_name(vnf),
			 "program", program->name, "version",
			 program->version != NULL ? program->version : VNFKIT_VERSION, "dpdk",
			 rte_version(), "pid", (int)getpid(), "config", vnf->options.config_path,
			 "control", control_socket(vnf), "telemetry", vnf->prefix, "workers",
			 (int)vnf->n_workers, "ports", ports_in_use(vnf), "memory_bytes",
			 (json_int_t)vnf->memory.bytes, "hugepages", (int)vnf->memory.huge,
			 "uptime_s", (json_int_t)(uptime / VNF_SECOND_NS), "log_level",
			 level_word(log_get_level()));
}

/* ---- config ---- */

enum config_form {
	FORM_TEXT,
	FORM_JSON,
};

struct config_args {
	uint32_t form;
};

static const char *const form_words[] = { "text", "json", NULL };

static const struct vnf_config_key config_keys[] = {
	{ .name = "form",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct config_args, form),
	  .choices = form_words,
	  .def = "text",
	  .doc = "text: a file that loads to the same values; json: for programs." },
	{ .name = NULL },
};

static json_t *config_json(const struct vnf *vnf)
{
	json_t *all = json_object();

	for (size_t i = 0; i < vnf->schema.n_sections; i++) {
		json_t *section = cfg_json(vnf->file->roots[i]);

		json_object_update(all, section);
		json_decref(section);
	}
	return all;
}

static json_t *config_text(const struct vnf *vnf)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *json;

	if (f == NULL)
		return NULL;
	vnf_config_dump(vnf->file, f);
	fclose(f);
	json = json_string(text);
	free(text);
	return json;
}

static json_t *run_config(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct config_args *a = args;
	json_t *config = a->form == FORM_JSON ? config_json(vnf) : config_text(vnf);

	if (config == NULL)
		return vnf_refuse(why, -EILSEQ,
				  "the configuration holds text that is no UTF-8; see the file %s",
				  vnf->options.config_path);
	return config;
}

/* ---- log-level ---- */

struct log_level_args {
	uint32_t level;
};

static const struct vnf_config_key log_level_keys[] = {
	{ .name = "level",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct log_level_args, level),
	  .choices = level_words,
	  .doc = "Least important lines that are logged." },
	{ .name = NULL },
};

static json_t *run_log_level(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct log_level_args *a = args;
	enum vnf_log_level level = VNF_LOG_ERROR + a->level, old = log_get_level();

	(void)vnf;
	(void)why;
	log_set_level(level);
	return json_pack("{ss ss}", "level", level_word(level), "was", level_word(old));
}

const struct vnf_command info_commands[] = {
	{ .name = "info",
	  .help = "What runs: program, version, process, memory.",
	  .run = run_info },
	{ .name = "config",
	  .help = "The effective configuration, defaults included.",
	  .args = config_keys,
	  .args_size = sizeof(struct config_args),
	  .run = run_config },
	{ .name = "log-level",
	  .help = "Change which lines are logged, until the next reload or start.",
	  .args = log_level_keys,
	  .args_size = sizeof(struct log_level_args),
	  .run = run_log_level },
	{ .name = NULL },
};
