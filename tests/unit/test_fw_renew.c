/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's walk through sessions after a reload: it sees all of them, whatever slots do
 * meanwhile, a bounded part of them in a tick. Sessions are numbered; of each slot, the policy
 * wants every other.
 */
#include "firewall.h"

#include "session_support.h"

#define SLOTS 4
#define EACH 3000 /* sessions of a slot */
#define JUDGED_MOST 512

static struct fw_worker fw;
static struct vnf_sessions *none; /* the other table, without sessions */
static struct vnf_slots slots;
static uint8_t mine[SLOTS];
static struct fw_rule rules[] = { { .action = FW_ACCEPT }, { .action = FW_DROP } };
static struct fw_policy policy = { .number = 2, .n_rules = 1, .rule = rules };
static uint32_t n_judged;
static uint32_t judged_in[SLOTS];

uint32_t fw_session_rule(const struct fw_policy *of, const struct vnf_session *session,
			 uint32_t table, uint8_t zone_in, uint8_t zone_out)
{
	(void)of;
	(void)zone_in;
	(void)zone_out;
	cr_assert_eq(table, FW_IPV4);
	cr_assert(mine[session->slot]);
	n_judged++;
	judged_in[session->slot]++;
	return vnf_session_key4(session, 0)->src / SLOTS % 2;
}

void fw_limit_renew(struct vnf_worker *w, uint32_t table, struct vnf_session *session)
{
	(void)w;
	(void)table;
	(void)session;
}

void fw_flow_end(struct vnf_worker *w, struct vnf_sessions *of, struct vnf_session *session,
		 enum fw_end why)
{
	cr_assert_eq(why, FW_END_POLICY);
	vnf_session_remove(w, of, session);
}

void fw_policy_apply_periods(struct vnf_sessions *const *tables, const struct fw_policy *of)
{
	(void)tables;
	(void)of;
}

static void setup(void)
{
	conf.sessions = SLOTS * EACH;
	conf.slots = SLOTS;
	conf.user_size = sizeof(struct fw_flow);
	sessions_start(true);
	cr_assert_eq(vnf_sessions_create(NULL, &conf, &none), 0);
	memset(mine, 1, sizeof(mine));
	slots = (struct vnf_slots){ .mask = SLOTS - 1, .n_mine = SLOTS, .mine = mine };
	fw.worker = &worker.pub;
	worker.pub.state = &fw;
	worker.pub.built = &policy;
	worker.pub.slots = &slots;
	worker.pub.sessions[FW_IPV4] = sessions;
	worker.pub.sessions[FW_IPV6] = none;
	for (uint32_t i = 0; i < SLOTS * EACH; i++) {
		struct vnf_session *session = created(i % SLOTS, i, CLASS_KEPT);

		((struct fw_flow *)vnf_session_user(session))->policy = 1;
	}
}

static void teardown(void)
{
	vnf_sessions_destroy(none);
	sessions_stop();
}

static void all_kept_are_of(uint32_t number)
{
	for (uint32_t i = 0; i < SLOTS * EACH; i++) {
		struct vnf_session *session = find(i % SLOTS, i);

		cr_assert_eq(session != NULL, i / SLOTS % 2 == 0);
		if (session != NULL)
			cr_assert_eq(((struct fw_flow *)vnf_session_user(session))->policy, number);
	}
}

/* Number of judged sessions. */
static uint32_t tick(void)
{
	uint32_t before = n_judged;

	fw_renew_tick(&worker.pub);
	cr_assert_leq(n_judged - before, JUDGED_MOST);
	return n_judged - before;
}

static void slot_move(uint32_t slot, bool is_mine)
{
	mine[slot] = is_mine;
	slots.changes++;
}

static uint64_t in_use(void)
{
	struct vnf_sessions_counters c;

	vnf_sessions_read(sessions, VNF_SESSION_ALL_SLOTS, &c);
	return c.in_use;
}

Test(fw_renew, all_are_judged_once, .init = setup, .fini = teardown)
{
	uint32_t n = 0;

	while (tick() > 0)
		n++;
	cr_expect_eq(n_judged, SLOTS * EACH);
	cr_expect_eq(in_use(), SLOTS * EACH / 2);
	/* No tick is idle while there is something to do. */
	cr_expect_leq(n, SLOTS * EACH / (JUDGED_MOST - 64) + SLOTS);
	all_kept_are_of(2);
}

/* What was judged with its packets before costs a look only. */
Test(fw_renew, those_that_were_judged_do_not_count, .init = setup, .fini = teardown)
{
	for (uint32_t i = 0; i < SLOTS * EACH - 1; i++)
		((struct fw_flow *)vnf_session_user(find(i % SLOTS, i)))->policy = 2;
	tick();
	tick();
	cr_expect_eq(n_judged, 1);
}

Test(fw_renew, moves_of_slots_do_not_hold_it_up, .init = setup, .fini = teardown)
{
	for (uint32_t n = 0; n < SLOTS * EACH / (JUDGED_MOST - 64) + SLOTS; n++) {
		slot_move(3, n % 2 == 0);
		tick();
	}
	for (uint32_t slot = 0; slot < 3; slot++)
		cr_expect_eq(judged_in[slot], EACH, "slot %u: %u", slot, judged_in[slot]);
}

Test(fw_renew, a_slot_that_comes_is_walked, .init = setup, .fini = teardown)
{
	slot_move(2, false);
	while (tick() > 0)
		;
	cr_expect_eq(judged_in[2], 0);
	slot_move(2, true);
	while (tick() > 0)
		;
	cr_expect_eq(judged_in[2], EACH);
	cr_expect_eq(n_judged, SLOTS * EACH);
}

/* Its new owner has put sessions there by an older policy, for all that is known here. */
Test(fw_renew, a_slot_that_comes_back_is_walked_again, .init = setup, .fini = teardown)
{
	while (tick() > 0)
		;
	slot_move(1, false);
	tick();
	((struct fw_flow *)vnf_session_user(find(1, 8 * SLOTS + 1)))->policy = 1;
	slot_move(1, true);
	tick();
	cr_expect_eq(judged_in[1], EACH + 1);
}

Test(fw_renew, a_slot_that_goes_is_left, .init = setup, .fini = teardown)
{
	tick();
	cr_assert_gt(judged_in[0], 0);
	cr_assert_lt(judged_in[0], EACH);
	slot_move(0, false);
	while (tick() > 0)
		;
	cr_expect_lt(judged_in[0], EACH);
	cr_expect_eq(judged_in[1], EACH);
}

Test(fw_renew, a_further_policy_begins_anew, .init = setup, .fini = teardown)
{
	struct fw_policy next = policy;

	tick();
	next.number = 3;
	worker.pub.built = &next;
	while (tick() > 0)
		;
	all_kept_are_of(3);
}
