/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "loaded.h"

#include <errno.h>
#include <stdlib.h>

static int loaded_check(struct vnf *vnf, struct loaded *l)
{
	l->spec = vnf_config_data(l->file, 0);
	l->config = vnf->schema.n_sections > 1 ? vnf_config_data(l->file, 1) : NULL;
	if (overrides_apply(vnf, l) < 0)
		return -EINVAL;
	schema_check(&vnf->schema, vnf->program, l->file, l->spec);
	if (vnf->program->check != NULL)
		vnf->program->check(l->file, l->config, &l->spec->ports, vnf->user);
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
