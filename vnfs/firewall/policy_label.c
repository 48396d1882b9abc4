/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Labels: what the log calls rules. After a reload, sessions end by what the new policy says, and
 * the rule that had accepted them is one of a policy that is gone: of the one before, or an older
 * one where reloads come faster than sessions are judged (renew.c). So a policy keeps the labels of
 * some before it. Control thread; workers read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"

static struct fw_labels *labels_create(const struct fw_policy *policy)
{
	uint32_t n = policy->n_rules + 1;
	struct fw_labels *labels = calloc(1, sizeof(*labels) + n * sizeof(labels->name[0]));

	if (labels == NULL)
		return NULL;
	labels->users = 1;
	labels->policy = policy->number;
	labels->n = n;
	for (uint32_t i = 0; i < n; i++)
		snprintf(labels->name[i], sizeof(labels->name[i]), "%s", policy->rule[i].name);
	return labels;
}

int fw_labels_make(struct fw_policy *policy, const struct fw_policy *before)
{
	policy->labels[0] = labels_create(policy);
	if (policy->labels[0] == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; before != NULL && i < FW_LABELS; i++) {
		policy->labels[i] = before->labels[i - 1];
		if (policy->labels[i] != NULL)
			policy->labels[i]->users++;
	}
	return 0;
}

void fw_labels_put(struct fw_policy *policy)
{
	for (uint32_t i = 0; i < FW_LABELS; i++)
		if (policy->labels[i] != NULL && --policy->labels[i]->users == 0)
			free(policy->labels[i]);
}

const char *fw_label(const struct fw_policy *policy, uint32_t number, uint32_t rule)
{
	for (uint32_t i = 0; i < FW_LABELS; i++) {
		const struct fw_labels *labels = policy->labels[i];

		if (labels != NULL && labels->policy == number)
			return rule < labels->n ? labels->name[rule] : NULL;
	}
	return NULL;
}
