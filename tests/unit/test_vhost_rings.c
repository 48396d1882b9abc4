/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What is concluded from the looks of a guest's rings.
 */
#include <criterion/criterion.h>

#include <stdlib.h>

#include <linux/virtio_ring.h>

#include "vhost_rings.h"

#define NS 1000000000ull
#define NUM 256u
#define AVAIL (1u << VRING_PACKED_DESC_F_AVAIL)
#define USED (1u << VRING_PACKED_DESC_F_USED)

static struct vring_desc desc[NUM];
static struct vring_packed_desc packed[NUM];
static struct vring_avail avail;
static struct vring_used used;
static const struct hsw_ring split_ring = { desc, &avail, &used, NUM };
static const struct hsw_ring packed_ring = { packed, NULL, NULL, NUM };

Test(rings, a_split_ring_that_nobody_has_written_to)
{
	cr_assert(hsw_ring_is_untouched(&split_ring));
	used.flags = VRING_USED_F_NO_NOTIFY;
	cr_assert(hsw_ring_is_untouched(&split_ring), "that was us");
	avail.idx = 1;
	cr_assert_not(hsw_ring_is_untouched(&split_ring));
	avail.idx = 0;
	used.idx = 1;
	cr_assert_not(hsw_ring_is_untouched(&split_ring));
}

Test(rings, indices_that_have_gone_round)
{
	desc[0].len = 60;
	cr_assert_not(hsw_ring_is_untouched(&split_ring));
	desc[0].len = 0;
	desc[3].next = 4;
	cr_assert_not(hsw_ring_is_untouched(&split_ring), "a driver's list of free descriptors");
}

Test(rings, a_packed_ring_that_nobody_has_written_to)
{
	cr_assert(hsw_ring_is_untouched(&packed_ring));
	packed[0].flags = AVAIL;
	cr_assert_not(hsw_ring_is_untouched(&packed_ring));
	packed[0].flags = 0;
	packed[63].id = 63;
	cr_assert_not(hsw_ring_is_untouched(&packed_ring), "flags are 0 after each second round");
}

Test(rings, a_ring_shorter_than_what_is_looked_at)
{
	struct vring_desc *two = calloc(2, sizeof(*two));
	struct hsw_ring ring = { two, NULL, NULL, 2 };

	cr_assert(hsw_ring_is_untouched(&ring));
	two[1].flags = 1;
	cr_assert_not(hsw_ring_is_untouched(&ring));
	free(two);
}

Test(rings, marks_of_a_device)
{
	cr_assert_not(hsw_ring_was_used(packed, NUM), "a fresh ring");
	for (unsigned int i = 0; i < NUM; i++)
		packed[i].flags = AVAIL | VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT;
	cr_assert_not(hsw_ring_was_used(packed, NUM), "a driver's first round");
	packed[NUM - 1].flags = AVAIL | USED;
	cr_assert(hsw_ring_was_used(packed, NUM), "a device's first round");
	packed[NUM - 1].flags = USED;
	cr_assert(hsw_ring_was_used(packed, NUM), "a driver's second round");
	cr_assert_not(hsw_ring_was_used(packed, NUM - 1));
	cr_assert_not(hsw_ring_was_used(NULL, 0));
}

Test(rings, signals_at_an_eventfd)
{
	static const char text[] = "pos:\t0\nflags:\t02004002\nmnt_id:\t16\nino:\t10\n"
				   "eventfd-count:               1f\neventfd-id: 63\n";

	cr_assert_eq(hsw_ring_kicks(text), 0x1f);
	cr_assert_eq(hsw_ring_kicks("pos:\t0\nflags:\t02\n"), 0, "no eventfd");
	cr_assert_eq(hsw_ring_kicks("eventfd-count:"), 0);
	cr_assert_eq(hsw_ring_kicks(""), 0);
}

/* ---- over time ---- */

static struct hsw_sharing_test sharing;

static bool look(bool untouched, uint64_t kicks, uint64_t now_ns)
{
	return hsw_sharing_look(&sharing, untouched, kicks, now_ns);
}

Test(sharing, signals_for_a_second_and_shows_nothing)
{
	cr_assert_not(look(true, 2, NS));
	cr_assert_not(look(true, 3, 2 * NS - 1));
	cr_assert(look(true, 3, 2 * NS));
	cr_assert_eq(sharing.result, HSW_SHARING_NO);
	cr_assert_not(look(true, 9, 4 * NS), "said once");
}

Test(sharing, what_one_signal_says)
{
	cr_assert_not(look(true, 1, NS));
	cr_assert_not(look(true, 1, 100 * NS), "QEMU's own");
	cr_assert_eq(sharing.result, HSW_SHARING_UNKNOWN);
	cr_assert_not(look(true, 2, 101 * NS), "the second begins now");
	cr_assert(look(true, 2, 102 * NS));
}

Test(sharing, a_buffer_appears_in_time)
{
	cr_assert_not(look(true, 5, NS));
	cr_assert_not(look(false, 5, NS + NS / 2));
	cr_assert_eq(sharing.result, HSW_SHARING_YES);
	cr_assert_not(look(true, 5, 9 * NS), "what was seen once is shared for good");
	cr_assert_eq(sharing.result, HSW_SHARING_YES);
}

Test(sharing, a_ring_that_is_started_anew)
{
	cr_assert_not(look(true, 5, NS));
	cr_assert_not(look(true, 0, 2 * NS - 1));
	cr_assert_not(look(true, 2, 2 * NS));
	cr_assert_not(look(true, 2, 3 * NS - 1));
	cr_assert(look(true, 2, 3 * NS));
}
