/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "loaded.h"

#include <errno.h>
#include <stdlib.h>

/* The system's section comes first, then the program's own if it has one, then the parts'. */
static void sections_find(const struct vnf *vnf, struct loaded *l)
{
	const struct vnf_program *program = vnf->program;
	size_t at = 1;

	if (program->config != NULL)
		l->config = vnf_config_data(l->file, at++);
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(program, i) != NULL; i++)
		l->part_config[program->parts[i]->slot] = vnf_config_data(l->file, at++);
}

static uint16_t ports_of(const struct vnf *vnf, const struct loaded *l,
			 const struct vnf_port_spec **port)
{
	size_t n = RTE_MIN(l->spec->ports.n, (size_t)VNF_PORTS_MAX);

	for (size_t i = 0; i < n; i++)
		port[i] = schema_port(vnf->program, &l->spec->ports, i);
	return (uint16_t)n;
}

static void parts_check(const struct vnf *vnf, const struct loaded *l)
{
	const struct vnf_port_spec *port[VNF_PORTS_MAX];
	uint16_t n = ports_of(vnf, l, port);

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++) {
		const struct vnf_part *part = vnf->program->parts[i];

		if (part->check != NULL)
			part->check(l->file, l->part_config[part->slot], port, n);
	}
}

/* Of keys that are wrong the program cannot say anything. */
static void parts_check_program(const struct vnf *vnf, const struct loaded *l)
{
	const struct vnf_port_spec *port[VNF_PORTS_MAX];
	struct vnf_build from = { .file = l->file,
				  .port = port,
				  .n_ports = ports_of(vnf, l, port) };

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++) {
		const struct vnf_part *part = vnf->program->parts[i];

		from.config = l->part_config[part->slot];
		if (part->check_program != NULL && vnf_config_error_count(l->file) == 0)
			part->check_program(vnf->program, l->config, &from);
	}
}

static int loaded_check(struct vnf *vnf, struct loaded *l)
{
	l->spec = vnf_config_data(l->file, 0);
	sections_find(vnf, l);
	if (overrides_apply(vnf, l) < 0)
		return -EINVAL;
	schema_check(&vnf->schema, vnf->program, l->file, l->spec);
	parts_check(vnf, l);
	if (vnf->program->check != NULL)
		vnf->program->check(l->file, l->config, &l->spec->ports, vnf->user);
	parts_check_program(vnf, l);
	return vnf_config_error_count(l->file) == 0 ? 0 : -EINVAL;
}

int loaded_read(struct vnf *vnf, struct loaded **loaded)
{
	struct loaded *l = calloc(1, sizeof(*l));
	int ret;

	*loaded = NULL;
	if (l == NULL)
		return -ENOMEM;
	l->refs = 1;
	ret = vnf_config_load(vnf->options.config_path, vnf->schema.sections,
			      vnf->schema.n_sections, &l->file);
	if (l->file == NULL) {
		free(l);
		return -ENOMEM;
	}
	*loaded = l;
	return ret < 0 ? ret : loaded_check(vnf, l);
}

void loaded_get(struct loaded *loaded)
{
	loaded->refs++;
}

void loaded_put(struct loaded *loaded)
{
	if (loaded == NULL || --loaded->refs > 0)
		return;
	for (size_t i = 0; i < RTE_DIM(loaded->override); i++)
		free(loaded->override[i]);
	vnf_config_destroy(loaded->file);
	free(loaded);
}
