/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The switch's flow hash: the same in both directions, different for different flows, and no octet
 * read beyond the frame (under AddressSanitizer).
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "flow_hash.h"

/* Ethernet (+ tags) + IPv4 or IPv6 + ports; `reverse` swaps both ends. */
static void frame_make(uint8_t *f, int tags, bool ipv6, uint8_t protocol, uint32_t seed,
		       bool reverse)
{
	unsigned int at = 12, size = ipv6 ? 16 : 4;
	uint8_t ends[2][18];

	srand(seed);
	for (int i = 0; i < 2; i++)
		for (unsigned int j = 0; j < sizeof(ends[0]); j++)
			ends[i][j] = (uint8_t)rand();
	memset(f, 0, 100);
	memcpy(f, ends[!reverse], 6);
	memcpy(f + 6, ends[reverse], 6);
	for (int i = 0; i < tags; i++, at += 4)
		memcpy(f + at, "\x81\x00\x00\x05", 4);
	memcpy(f + at, ipv6 ? "\x86\xdd" : "\x08\x00", 2);
	at += 2;
	f[at] = ipv6 ? 0x60 : 0x45;
	f[at + (ipv6 ? 6 : 9)] = protocol;
	at += ipv6 ? 8 : 12;
	memcpy(f + at, ends[reverse], size);
	memcpy(f + at + size, ends[!reverse], size);
	memcpy(f + at + 2 * size, ends[reverse] + 16, 2);
	memcpy(f + at + 2 * size + 2, ends[!reverse] + 16, 2);
}

static uint32_t hash_of(int tags, bool ipv6, uint8_t protocol, uint32_t seed, bool reverse)
{
	uint8_t f[100];

	frame_make(f, tags, ipv6, protocol, seed, reverse);
	return hsw_flow_hash(f, sizeof(f));
}

Test(flow_hash, is_the_same_in_both_directions)
{
	static const uint8_t protocols[] = { 6, 17, 132, 1, 58, 47 };

	for (uint32_t seed = 0; seed < 1000; seed++)
		for (unsigned int p = 0; p < sizeof(protocols); p++)
			for (int v = 0; v < 6; v++)
				cr_assert_eq(hash_of(v / 2, v % 2, protocols[p], seed, false),
					     hash_of(v / 2, v % 2, protocols[p], seed, true));
}

Test(flow_hash, spreads_flows)
{
	unsigned int n[4] = { 0 };

	for (uint32_t seed = 0; seed < 4000; seed++)
		n[hash_of(0, seed % 2, 6, seed, false) % 4]++;
	for (int i = 0; i < 4; i++)
		cr_assert(n[i] > 850 && n[i] < 1150, "queue %d has %u of 4000", i, n[i]);
}

/* Connections of one host pair, ports counting up: the usual load test. */
Test(flow_hash, spreads_ports)
{
	unsigned int n[2] = { 0 };
	uint8_t f[100];

	frame_make(f, 0, false, 6, 1, false);
	for (uint16_t port = 0; port < 1000; port++) {
		f[34] = (uint8_t)(port >> 8);
		f[35] = (uint8_t)port;
		n[hsw_flow_hash(f, sizeof(f)) % 2]++;
	}
	cr_assert(n[0] > 350 && n[0] < 650, "%u and %u", n[0], n[1]);
}

Test(flow_hash, keeps_fragments_together)
{
	uint8_t first[100], second[100];

	frame_make(first, 0, false, 17, 7, false);
	memcpy(second, first, sizeof(first));
	first[20] = 0x20; /* more fragments */
	second[21] = 0xb9;
	second[34] ^= 0xff; /* payload where the first has ports */
	cr_assert_eq(hsw_flow_hash(first, 100), hsw_flow_hash(second, 100));
}

Test(flow_hash, reads_no_further_than_told)
{
	uint8_t f[100];

	for (int v = 0; v < 6; v++) {
		frame_make(f, v / 2, v % 2, 6, 3, false);
		for (uint32_t length = 14; length <= sizeof(f); length++) {
			uint8_t *exact = malloc(length);

			memcpy(exact, f, length);
			hsw_flow_hash(exact, length);
			free(exact);
		}
	}
}
