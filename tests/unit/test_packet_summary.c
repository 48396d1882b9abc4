/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the first octets of a packet tell, at every length they may be cut to.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "packet_summary.h"

#define ETHERNET "\x02\0\0\0\0\x01\x02\0\0\0\0\x02"
#define IPV4 "\x45\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02"
#define UDP "\x04\xd2\0\x35\0\x08\0\0"
#define IPV6(next)                                                                                 \
	"\x60\0\0\0\0\x10" next "\x40\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xfd\0\0\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\x02"

static struct packet_summary s;

/* Without the zero at the end of the literal; in memory of exactly that size, for ASan. */
#define READ(text) read_exactly(text, sizeof(text) - 1)

static void read_exactly(const char *text, size_t n)
{
	uint8_t *octets = malloc(n);

	memcpy(octets, text, n);
	packet_summarise(octets, n, &s);
	free(octets);
}

Test(packet_summary, udp_over_ipv4)
{
	READ(ETHERNET "\x08\0" IPV4 UDP);
	cr_assert(s.has_ethernet);
	cr_assert_eq(s.dst[5], 1);
	cr_assert_eq(s.src[5], 2);
	cr_assert_eq(s.type, 0x0800);
	cr_assert_not(s.has_vlan);
	cr_assert_eq(s.version, 4);
	cr_assert_eq(s.protocol, 17);
	cr_assert_arr_eq(s.ip_src, "\x0a\0\0\x01", 4);
	cr_assert_arr_eq(s.ip_dst, "\x0a\0\0\x02", 4);
	cr_assert(s.has_ports);
	cr_assert_eq(s.src_port, 1234);
	cr_assert_eq(s.dst_port, 53);
}

Test(packet_summary, every_cut)
{
	static const char whole[] = ETHERNET "\x88\xa8\0\x07\x81\0\x20\x08\x08\0" IPV4 UDP;

	for (size_t n = 0; n < sizeof(whole); n++) {
		read_exactly(whole, n);
		cr_assert_eq(s.has_ethernet, n >= 14, "%zu", n);
		cr_assert_eq(s.has_vlan, n >= 18, "%zu", n);
		cr_assert_eq(s.version == 4, n >= 42, "%zu", n);
		cr_assert_eq(s.has_ports, n >= 46, "%zu", n);
	}
	cr_assert_eq(s.vlan, 7, "the outer tag");
	cr_assert_eq(s.type, 0x0800);
}

Test(packet_summary, ipv6_and_its_extensions)
{
	READ(ETHERNET "\x86\xdd" IPV6("\x06") "\0\x50\x01\xbb");
	cr_assert_eq(s.version, 6);
	cr_assert_eq(s.protocol, 6);
	cr_assert_eq(s.ip_src[0], 0xfd);
	cr_assert_eq(s.ip_dst[15], 2);
	cr_assert_eq(s.src_port, 80);
	cr_assert_eq(s.dst_port, 443);

	READ(ETHERNET "\x86\xdd" IPV6("\0") "\x3c\0\0\0\0\0\0\0"
					    "\x11\0\0\0\0\0\0\0" UDP);
	cr_assert_eq(s.protocol, 17);
	cr_assert_eq(s.dst_port, 53);
}

Test(packet_summary, later_fragments_have_no_ports)
{
	READ(ETHERNET "\x08\0\x45\0\0\x1c\0\0\0\x05\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02" UDP);
	cr_assert_eq(s.version, 4);
	cr_assert_not(s.has_ports);

	READ(ETHERNET "\x86\xdd" IPV6("\x2c") "\x11\0\0\x08\0\0\0\x01" UDP);
	cr_assert_eq(s.protocol, 17);
	cr_assert_not(s.has_ports);

	READ(ETHERNET "\x86\xdd" IPV6("\x2c") "\x11\0\0\x01\0\0\0\x01" UDP);
	cr_assert(s.has_ports, "the first one has");
}

Test(packet_summary, nonsense)
{
	READ(ETHERNET "\x08\0\x65\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02");
	cr_assert_eq(s.version, 0, "version 6 in a frame of version 4");
	READ(ETHERNET "\x08\0\x44\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02");
	cr_assert_eq(s.version, 0, "a header of 16 octets");
	READ(ETHERNET "\x08\0\x4f\0\0\x1c\0\0\0\0\x40\x11\0\0\x0a\0\0\x01\x0a\0\0\x02" UDP);
	cr_assert_eq(s.version, 4);
	cr_assert_not(s.has_ports, "options that are not there");
	READ(ETHERNET "\x86\xdd" IPV6("\0") "\x3c\xff\0\0\0\0\0\0" UDP);
	cr_assert_not(s.has_ports, "an extension that is not there");
}

Test(packet_summary, any_octets)
{
	uint8_t octets[96];

	srand(1);
	for (int round = 0; round < 200000; round++) {
		size_t n = (size_t)rand() % (sizeof(octets) + 1);

		for (size_t i = 0; i < n; i++)
			octets[i] = (uint8_t)rand();
		if (n > 14) {
			memcpy(octets + 12, rand() % 2 != 0 ? "\x86\xdd" : "\x81\x00", 2);
			octets[14] = 0x60;
		}
		read_exactly((const char *)octets, n);
	}
}
