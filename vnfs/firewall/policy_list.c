/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sets, and the lists of addresses and numbers of rules, which may name sets. Called by
 * policy_rule.c. Control thread.
 */
#include "policy_rule.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "policy_words.h"

#define WHY_MAX 512

struct fw_block {
	struct fw_block *next;
	max_align_t data[];
};

void *fw_alloc(struct fw_making *m, size_t n, size_t size)
{
	struct fw_block *block = calloc(1, sizeof(*block) + n * size);

	if (block == NULL) {
		m->no_memory = true;
		return NULL;
	}
	block->next = m->rules->blocks;
	m->rules->blocks = block;
	return block->data;
}

/* ---- sets ---- */

/* Ranges of those words that are some; `skip` letters of each are not looked at. */
static uint32_t ranges_parse(struct fw_making *m, const struct vnf_config_strings *words,
			     struct vnf_acl_range *range)
{
	char why[WHY_MAX];
	uint32_t n = 0;

	for (size_t i = 0; i < words->n; i++) {
		if (vnf_acl_range_parse(words->v[i], &range[n], why, sizeof(why)) == 0)
			n++;
		else
			vnf_config_error(m->file, &words->v[i], "%s", why);
	}
	return n;
}

/* Of many addresses, more than are to be kept until all rules are made. */
static void set_of_words(struct fw_making *m, const struct vnf_config_strings *words,
			 struct fw_set *set)
{
	struct vnf_acl_range *range = calloc(words->n + 1, sizeof(*range));
	uint32_t n = range != NULL ? ranges_parse(m, words, range) : 0;

	if (range == NULL || vnf_acl_set_create(range, n, &set->part[set->n]) < 0)
		m->no_memory = true;
	else
		set->n++;
	free(range);
}

static void set_of_file(struct fw_making *m, const char *const *field, struct fw_set *set)
{
	char path[PATH_MAX], why[WHY_MAX] = "";
	int ret;

	vnf_config_path(m->file, field, path, sizeof(path));
	ret = vnf_acl_set_load(path, &set->part[set->n], why, sizeof(why));
	if (ret == -EINVAL)
		vnf_config_error(m->file, field, "%s", why);
	else if (ret < 0)
		m->no_memory = true;
	else
		set->n++;
}

static void set_make(struct fw_making *m, const struct fw_set_spec *spec, struct fw_set *set)
{
	set->part = fw_alloc(m, spec->files.n + 1, sizeof(*set->part));
	if (set->part == NULL)
		return;
	set_of_words(m, &spec->addresses, set);
	for (size_t i = 0; i < spec->files.n; i++)
		set_of_file(m, &spec->files.v[i], set);
}

static void spans_parse(struct fw_making *m, const struct vnf_config_strings *words,
			fw_parse_fn parse, struct vnf_acl_numbers *to)
{
	struct vnf_acl_span *span = fw_alloc(m, words->n, sizeof(*span));
	char why[WHY_MAX];

	to->spans = span;
	for (size_t i = 0; span != NULL && i < words->n; i++) {
		if (parse(words->v[i], &span[to->n], why, sizeof(why)) == 0)
			to->n++;
		else
			vnf_config_error(m->file, &words->v[i], "%s", why);
	}
}

void fw_sets_make(struct fw_making *m)
{
	const struct fw_set_spec *set = m->config->sets.items;
	const struct fw_port_set_spec *port_set = m->config->port_sets.items;
	struct fw_rules *rules = m->rules;

	rules->set = fw_alloc(m, m->config->sets.n, sizeof(*rules->set));
	rules->n_sets = rules->set != NULL ? m->config->sets.n : 0;
	for (size_t i = 0; i < rules->n_sets; i++)
		set_make(m, &set[i], &rules->set[i]);
	rules->port_set = fw_alloc(m, m->config->port_sets.n, sizeof(*rules->port_set));
	for (size_t i = 0; rules->port_set != NULL && i < m->config->port_sets.n; i++)
		spans_parse(m, &port_set[i].ports, fw_ports_parse, &rules->port_set[i]);
}

void fw_sets_fini(struct fw_rules *rules)
{
	struct fw_block *block;

	for (size_t i = 0; i < rules->n_sets; i++)
		for (uint32_t k = 0; k < rules->set[i].n; k++)
			vnf_acl_set_destroy(rules->set[i].part[k]);
	while ((block = rules->blocks) != NULL) {
		rules->blocks = block->next;
		free(block);
	}
}

/* ---- lists of rules ---- */

/* Do the words begin with "!"? All must, or none. */
static bool is_except(struct fw_making *m, const struct vnf_config_strings *words)
{
	bool except = words->n > 0 && words->v[0][0] == '!';

	for (size_t i = 1; i < words->n; i++) {
		if ((words->v[i][0] == '!') == except)
			continue;
		vnf_config_error(m->file, &words->v[i],
				 "is \"%s\" after \"%s\": write \"!\" before every element (all "
				 "but these) or before none",
				 words->v[i], words->v[0]);
		break;
	}
	return except;
}

static const char *bare(const char *word)
{
	return word + (word[0] == '!');
}

static const struct fw_set *set_find(const struct fw_making *m, const char *name)
{
	const struct fw_set_spec *spec = m->config->sets.items;

	for (size_t i = 0; i < m->rules->n_sets; i++)
		if (strcmp(spec[i].name, name) == 0)
			return &m->rules->set[i];
	return NULL;
}

static const struct vnf_acl_numbers *port_set_find(const struct fw_making *m, const char *name)
{
	const struct fw_port_set_spec *spec = m->config->port_sets.items;

	for (size_t i = 0; m->rules->port_set != NULL && i < m->config->port_sets.n; i++)
		if (strcmp(spec[i].name, name) == 0)
			return &m->rules->port_set[i];
	return NULL;
}

/* Room for the parts of all sets that the words name. */
static const struct vnf_acl_set **parts_alloc(struct fw_making *m,
					      const struct vnf_config_strings *words)
{
	size_t n = 0;

	for (size_t i = 0; i < words->n; i++) {
		const char *word = bare(words->v[i]);
		const struct fw_set *set = word[0] == '@' ? set_find(m, word + 1) : NULL;

		n += set != NULL ? set->n : 0;
	}
	return fw_alloc(m, n, sizeof(const struct vnf_acl_set *));
}

static void set_take(struct fw_making *m, const char *const *field, const char *name,
		     const struct vnf_acl_set **sets, struct vnf_acl_addresses *to)
{
	const struct fw_set *set = set_find(m, name);

	if (set == NULL)
		fw_unknown(m->file, field, "set", name, &m->config->sets,
			   sizeof(struct fw_set_spec));
	for (uint32_t i = 0; set != NULL && i < set->n; i++)
		sets[to->n_sets++] = set->part[i];
}

static void address_take(struct fw_making *m, const char *const *field, const char *word,
			 struct vnf_acl_range *ranges, struct vnf_acl_addresses *to)
{
	char why[WHY_MAX];

	if (vnf_acl_range_parse(word, &ranges[to->n_ranges], why, sizeof(why)) == 0)
		to->n_ranges++;
	else if (set_find(m, word) != NULL)
		vnf_config_error(m->file, field, "%s; the set of that name is \"@%s\"", why, word);
	else
		vnf_config_error(m->file, field, "%s", why);
}

void fw_addresses_make(struct fw_making *m, const struct vnf_config_strings *words,
		       struct vnf_acl_addresses *to)
{
	struct vnf_acl_range *ranges = fw_alloc(m, words->n, sizeof(*ranges));
	const struct vnf_acl_set **sets = parts_alloc(m, words);

	to->except = is_except(m, words);
	to->ranges = ranges;
	to->sets = sets;
	for (size_t i = 0; ranges != NULL && sets != NULL && i < words->n; i++) {
		const char *word = bare(words->v[i]);

		if (word[0] == '@')
			set_take(m, &words->v[i], word + 1, sets, to);
		else
			address_take(m, &words->v[i], word, ranges, to);
	}
}

static void port_set_take(struct fw_making *m, const char *const *field, const char *name,
			  const struct vnf_acl_numbers **sets, struct vnf_acl_numbers *to)
{
	const struct vnf_acl_numbers *set = port_set_find(m, name);

	if (set != NULL)
		sets[to->n_sets++] = set;
	else
		fw_unknown(m->file, field, "port set", name, &m->config->port_sets,
			   sizeof(struct fw_port_set_spec));
}

void fw_numbers_make(struct fw_making *m, const struct vnf_config_strings *words, fw_parse_fn parse,
		     struct vnf_acl_numbers *to)
{
	struct vnf_acl_span *spans = fw_alloc(m, words->n, sizeof(*spans));
	const struct vnf_acl_numbers **sets = fw_alloc(m, words->n, sizeof(const void *));
	char why[WHY_MAX];

	to->except = is_except(m, words);
	to->spans = spans;
	to->sets = sets;
	for (size_t i = 0; spans != NULL && sets != NULL && i < words->n; i++) {
		const char *word = bare(words->v[i]);

		if (word[0] == '@' && parse == fw_ports_parse)
			port_set_take(m, &words->v[i], word + 1, sets, to);
		else if (parse(word, &spans[to->n], why, sizeof(why)) == 0)
			to->n++;
		else
			vnf_config_error(m->file, &words->v[i], "%s", why);
	}
}
