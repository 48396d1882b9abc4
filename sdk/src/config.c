/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Configuration files described by tables: loading one, and what an application asks of it
 * afterwards. Runs at start-up and on the control thread when a file is loaded again; a loaded
 * configuration is not changed any more, except for its errors.
 */
#include "config_priv.h"

#include <errno.h>
#include <stdlib.h>

static int roots_init(struct vnf_config *config)
{
	config->roots = cfg_alloc(config, config->n_sections * sizeof(*config->roots));
	for (size_t i = 0; config->roots != NULL && i < config->n_sections; i++) {
		size_t size = config->sections[i].size;
		struct cfg_node root = { .kind = CFG_SECTION, .size = size };

		root.field = cfg_alloc(config, size);
		config->roots[i] = cfg_node_add(config, NULL, &root);
	}
	return config->nomem ? -ENOMEM : 0;
}

static int config_fill(struct vnf_config *config, const char *path)
{
	int ret;

	config->path = cfg_strdup(config, path);
	if (config->path == NULL)
		return -ENOMEM;
	ret = roots_init(config);
	if (ret < 0)
		return ret;
	cfg_schema_check(config);
	if (config->n_errors > 0)
		return -EINVAL;
	ret = cfg_scan(config);
	return ret < 0 ? ret : cfg_parse(config);
}

int vnf_config_load(const char *path, const struct vnf_config_section *sections, size_t n_sections,
		    struct vnf_config **config)
{
	struct vnf_config *loaded = calloc(1, sizeof(*loaded));
	int ret;

	*config = NULL;
	if (loaded == NULL)
		return -ENOMEM;
	loaded->sections = sections;
	loaded->n_sections = n_sections;
	ret = config_fill(loaded, path);
	cfg_nodes_sort(loaded);
	if (loaded->nomem || ret == -ENOMEM) {
		vnf_config_destroy(loaded);
		return -ENOMEM;
	}
	*config = loaded;
	return loaded->n_errors > 0 ? -EINVAL : 0;
}

void vnf_config_destroy(struct vnf_config *config)
{
	if (config == NULL)
		return;
	cfg_free_all(config);
	free(config->text.tokens);
	free(config->text.buf);
	free(config);
}

void *vnf_config_data(const struct vnf_config *config, size_t section)
{
	return section < config->n_sections ? config->roots[section]->field : NULL;
}

bool vnf_config_is_set(const struct vnf_config *config, const void *field)
{
	const struct cfg_node *node = cfg_node_find(config, field);

	return node != NULL && node->set;
}
