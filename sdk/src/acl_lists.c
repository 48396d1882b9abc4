/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Conditions that several rules have are there once: tables of different ones, by their contents.
 */

#include "acl_priv.h"

#include <errno.h>
#include <stdlib.h>

void acl_list_fini(struct acl_list *list)
{
	for (int f = 0; f < ACL_FAMILIES; f++)
		acl_spans_fini(&list->of[f]);
}

static bool list_equal(const struct acl_list *a, const struct acl_list *b)
{
	return acl_spans_equal(&a->of[0], &b->of[0]) && acl_spans_equal(&a->of[1], &b->of[1]);
}

uint32_t acl_list_number(struct acl_lists *lists, struct acl_list *list)
{
	uint64_t hash = acl_spans_hash(&list->of[1], acl_spans_hash(&list->of[0], 1));
	uint32_t at = (uint32_t)hash & lists->mask;

	for (; lists->slot[at] != 0; at = (at + 1) & lists->mask)
		if (list_equal(&lists->list[lists->slot[at] - 1], list)) {
			acl_list_fini(list);
			return lists->slot[at];
		}
	lists->list[lists->n] = *list;
	lists->slot[at] = ++lists->n;
	return lists->n;
}

/* Tables for n at most, so that none grows. */
static uint32_t *slots_alloc(uint32_t n, uint32_t *mask)
{
	uint32_t size = 2;

	while (size < 2 * n)
		size *= 2;
	*mask = size - 1;
	return calloc(size, sizeof(uint32_t));
}

int acl_lists_init(struct acl_lists *lists, uint32_t n)
{
	lists->list = calloc(n + 1u, sizeof(*lists->list));
	lists->slot = slots_alloc(n, &lists->mask);
	return lists->list != NULL && lists->slot != NULL ? 0 : -ENOMEM;
}

void acl_lists_fini(struct acl_lists *lists)
{
	for (uint32_t i = 0; i < lists->n; i++)
		acl_list_fini(&lists->list[i]);
	free(lists->list);
	free(lists->slot);
	*lists = (struct acl_lists){ 0 };
}

static bool cond_equal(const struct acl_cond *a, const struct acl_cond *b)
{
	return a->list == b->list && a->except == b->except && a->n_sets == b->n_sets &&
	       memcmp(a->set, b->set, a->n_sets * sizeof(*a->set)) == 0;
}

uint32_t acl_cond_number(struct acl_conds *conds, struct acl_cond *cond)
{
	uint64_t hash = cond->list * UINT64_C(2) + cond->except;
	uint32_t at;

	for (uint32_t i = 0; i <= cond->n_sets; i++)
		hash = (hash ^ hash >> 29 ^ (i > 0 ? cond->set[i - 1] : 0)) *
		       UINT64_C(0x9e3779b97f4a7c15);
	at = (uint32_t)(hash >> 32) & conds->mask;
	for (; conds->slot[at] != 0; at = (at + 1) & conds->mask)
		if (cond_equal(&conds->cond[conds->slot[at] - 1], cond)) {
			free(cond->set);
			return conds->slot[at];
		}
	conds->cond[conds->n] = *cond;
	conds->slot[at] = ++conds->n;
	return conds->n;
}

int acl_conds_init(struct acl_conds *conds, uint32_t n)
{
	conds->cond = calloc(n + 1u, sizeof(*conds->cond));
	conds->slot = slots_alloc(n, &conds->mask);
	return conds->cond != NULL && conds->slot != NULL ? 0 : -ENOMEM;
}

void acl_conds_fini(struct acl_conds *conds)
{
	for (uint32_t i = 0; i < conds->n; i++)
		free(conds->cond[i].set);
	free(conds->cond);
	free(conds->slot);
	*conds = (struct acl_conds){ 0 };
}
