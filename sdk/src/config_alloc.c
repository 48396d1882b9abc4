/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Memory of a configuration: many small pieces that live exactly as long as it does, so they are
 * chained and freed together. A failed allocation is remembered in the configuration; callers may
 * carry on with what they have, and vnf_config_load() fails with -ENOMEM at the end.
 */
#include "config_priv.h"

#include <stdlib.h>
#include <string.h>

struct cfg_block {
	struct cfg_block *next;
	max_align_t data[];
};

void *cfg_alloc(struct vnf_config *config, size_t size)
{
	struct cfg_block *block = NULL;

	if (size <= SIZE_MAX - sizeof(*block))
		block = calloc(1, sizeof(*block) + size);
	if (block == NULL) {
		config->nomem = true;
		return NULL;
	}
	block->next = config->blocks;
	config->blocks = block;
	return block->data;
}

char *cfg_strdup(struct vnf_config *config, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = cfg_alloc(config, size);

	return copy == NULL ? NULL : memcpy(copy, s, size);
}

void cfg_free_all(struct vnf_config *config)
{
	while (config->blocks != NULL) {
		struct cfg_block *block = config->blocks;

		config->blocks = block->next;
		free(block);
	}
}
