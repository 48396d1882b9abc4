/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * For tests of the whole firewall in this process: a replay in which the configuration changes at a
 * time of the test's choice, by a reload like any other. The walk through sessions after it
 * (renew.c) runs only if the test wants it: what a session's next packet does is seen without.
 */
#ifndef FW_SUPPORT_H
#define FW_SUPPORT_H

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <vnf/test.h>
#include <vnf/vnf.h>

#include "fw_app.h"
#include "reload.h"

#define MS UINT64_C(1000000)
#define LAN_MAC "02:00:00:00:01:99"
#define WAN_MAC "02:00:00:00:02:99"

/* What the configuration becomes, and when. */
struct fw_change {
	uint64_t at_ns; /* of the test */
	const char *text;
};

static struct {
	const struct fw_change *change;
	size_t n;
	size_t done;
	uint64_t start_ns;
	bool walks;
} fw_plan;

static void fw_reload(struct vnf *vnf, const char *text)
{
	struct vnf_refusal why = { 0 };
	FILE *file = fopen(vnf->options.config_path, "w");
	json_t *answer;

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	answer = reload(vnf, false, &why);
	cr_assert_not_null(answer, "%s", why.text);
	json_decref(answer);
}

static void fw_tick(struct vnf_worker *worker)
{
	if (fw_plan.start_ns == 0)
		fw_plan.start_ns = worker->now_ns;
	while (worker->id == 0 && fw_plan.done < fw_plan.n &&
	       worker->now_ns >= fw_plan.start_ns + fw_plan.change[fw_plan.done].at_ns)
		fw_reload(worker->vnf, fw_plan.change[fw_plan.done++].text);
	if (fw_plan.walks)
		fw_renew_tick(worker);
}

/* A replay that begins with `text`. Its first packet is to come at the time 0. */
static inline struct vnf_test_replay *fw_begin(const char *text, const struct fw_change *change,
					       size_t n)
{
	firewall_main(0, NULL);
	fw_app.tick = fw_tick;
	fw_plan.change = change;
	fw_plan.n = n;
	return vnf_test_replay_create(&fw_app, text);
}

/* Runs it; all changes were made. */
static inline void fw_run(struct vnf_test_replay *t)
{
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(fw_plan.done, fw_plan.n);
}

/* What became of the packet that came as number `i`, from 0: "pass", or the reason of its drop. */
static inline const char *fw_fate(const struct vnf_test_replay *t, size_t i)
{
	const struct vnf_test_verdict *v;
	size_t at = 0;

	while ((v = vnf_test_replay_verdict(t, at++)) != NULL)
		if (v->number == i + 1)
			return v->verdict == VNF_TEST_DROP ? v->reason : "pass";
	return "none";
}

#endif
