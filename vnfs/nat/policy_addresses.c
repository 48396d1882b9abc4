/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * vnf_app.addresses: what the program answers ARP for, beside the addresses of its interfaces. The
 * order is that of the configuration: pools, static pairs, forwards. What is an interface's own is
 * not told. Start-up and control thread.
 */
#include <rte_byteorder.h>

#include "config.h"
#include "policy_words.h"

#define WHY_MAX 256

/* Number `*i` of those words that are addresses; if there are fewer, `*i` is lowered by them. */
static const char *word_find(const char *const *words, size_t n, uint32_t *i)
{
	for (size_t k = 0; k < n; k++)
		if (nat_interface_word(words[k]) == NULL && (*i)-- == 0)
			return words[k];
	return NULL;
}

static const char *config_word(const struct nat_config *config, uint32_t i)
{
	const struct nat_pool_spec *pool = config->pools.items;
	const struct nat_static_spec *pair = config->pairs.items;
	const struct nat_forward_spec *forward = config->forwards.items;
	const char *word = NULL;

	for (size_t k = 0; word == NULL && k < config->pools.n; k++)
		word = word_find(pool[k].addresses.v, pool[k].addresses.n, &i);
	for (size_t k = 0; word == NULL && k < config->pairs.n; k++)
		word = word_find(&pair[k].outside, 1, &i);
	for (size_t k = 0; word == NULL && k < config->forwards.n; k++)
		word = word_find(&forward[k].outside, 1, &i);
	return word;
}

bool nat_policy_addresses(const struct vnf *vnf, const void *config, uint32_t i,
			  struct vnf_ip_range *range)
{
	const char *word = config_word(config, i);
	struct nat_range is;
	char why[WHY_MAX];

	(void)vnf;
	if (word == NULL || nat_hosts_parse(word, &is, why, sizeof(why)) < 0)
		return false;
	range->first = rte_cpu_to_be_32(is.first);
	range->last = rte_cpu_to_be_32(is.last);
	return true;
}
