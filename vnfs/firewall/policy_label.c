/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Labels: what the log says of a rule. After a reload, sessions end by what the new policy says,
 * and the rule that had accepted them is one of the policy before it, which is gone. Its labels are
 * kept for that, by the policy that follows it. Control thread; workers read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"

static void labels_put(struct fw_labels *labels)
{
	if (labels != NULL && --labels->users == 0)
		free(labels);
}

int fw_labels_make(struct fw_policy *policy, const struct fw_policy *before)
{
	uint32_t n = policy->n_rules + 1;
	struct fw_labels *labels = calloc(1, sizeof(*labels) + n * sizeof(labels->of[0]));

	if (labels == NULL)
		return -ENOMEM;
	labels->users = 1;
	labels->policy = policy->number;
	labels->n = n;
	for (uint32_t i = 0; i < n; i++) {
		snprintf(labels->of[i].name, sizeof(labels->of[i].name), "%s",
			 policy->rule[i].name);
		labels->of[i].log = policy->rule[i].log;
	}
	policy->labels = labels;
	if (before != NULL) {
		policy->labels_before = before->labels;
		policy->labels_before->users++;
	}
	return 0;
}

void fw_labels_put(struct fw_policy *policy)
{
	labels_put(policy->labels);
	labels_put(policy->labels_before);
}

const struct fw_label *fw_label_of(const struct fw_policy *policy, uint32_t number, uint32_t rule)
{
	const struct fw_labels *labels =
		number == policy->number ? policy->labels : policy->labels_before;

	if (labels == NULL || labels->policy != number || rule >= labels->n)
		return NULL;
	return &labels->of[rule];
}
