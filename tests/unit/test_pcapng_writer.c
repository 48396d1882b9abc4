/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The octets of a pcapng file as the specification has them, and what becomes of it when the disk
 * is full.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcapng_writer.h"

static struct pcapng file;
static int copy; /* of the writer's descriptor, to read what it wrote */

static void start(const char *comment)
{
	int fd = memfd_create("pcapng", 0);

	cr_assert_geq(fd, 0);
	copy = dup(fd);
	cr_assert_geq(copy, 0);
	cr_assert_eq(pcapng_open(&file, fd, "abc", comment), 0);
}

/* What is written is these 32-bit words. */
static void expect(const uint32_t *words, size_t n)
{
	uint32_t got[64];

	cr_assert_eq(pcapng_close(&file), 0);
	cr_assert_eq(pread(copy, got, sizeof(got), 0), (ssize_t)(n * 4), "length");
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(got[i], words[i], "word %zu is %#x, not %#x", i, got[i], words[i]);
	close(copy);
}

/* Two halves in memory order, and four octets likewise: the words are this machine's. */
static uint32_t halves(uint16_t first, uint16_t second)
{
	uint16_t both[] = { first, second };
	uint32_t word;

	memcpy(&word, both, sizeof(word));
	return word;
}

static uint32_t octets(const char *text)
{
	char four[4] = { 0 };
	uint32_t word;

	memcpy(four, text, strnlen(text, 4));
	memcpy(&word, four, sizeof(word));
	return word;
}

Test(pcapng_writer, section)
{
	const uint32_t words[] = {
		0x0a0d0d0a, 40,           0x1a2b3c4d,    halves(1, 0), 0xffffffff,
		0xffffffff, halves(4, 3), octets("abc"), halves(0, 0), 40,
	};

	start("");
	expect(words, sizeof(words) / 4);
}

Test(pcapng_writer, comment_of_the_section)
{
	const uint32_t words[] = {
		0x0a0d0d0a,   52,
		0x1a2b3c4d,   halves(1, 0),
		0xffffffff,   0xffffffff,
		halves(4, 3), octets("abc"),
		halves(1, 5), octets("hell"),
		octets("o"),  halves(0, 0),
		52,
	};

	start("hello");
	expect(words, sizeof(words) / 4);
}

/* The words of the section, then those of the interface and the packet. */
#define SECTION                                                                                    \
	0x0a0d0d0a, 40, 0x1a2b3c4d, halves(1, 0), 0xffffffff, 0xffffffff, halves(4, 3),            \
		octets("abc"), halves(0, 0), 40

Test(pcapng_writer, interface_and_packet)
{
	const uint32_t words[] = {
		SECTION,
		/* interface: name of 4, resolution, filter of 1 + 3 */
		1,
		48,
		halves(1, 0),
		96,
		halves(2, 4),
		octets("wan0"),
		halves(9, 1),
		octets("\x09"),
		halves(11, 4),
		octets("\0udp"),
		halves(0, 0),
		48,
		/* packet: 5 octets of 1,000; 2 is outbound */
		6,
		64,
		0,
		0x01234567,
		0x89abcdef,
		5,
		1000,
		octets("octe"),
		octets("t"),
		halves(2, 4),
		2,
		halves(1, 7),
		octets("drop: "),
		octets(": x"),
		halves(0, 0),
		64,
	};
	uint32_t fixed[sizeof(words) / 4];

	memcpy(fixed, words, sizeof(words));
	/* What strnlen() cut: the text of a filter begins with a zero. */
	memcpy(&fixed[19], "\0udp", 4);
	memcpy(&fixed[34], "drop: x", 7);
	start("");
	cr_assert_eq(pcapng_interface(&file, "wan0", 96, "udp"), 0);
	cr_assert_eq(pcapng_packet(&file, &(struct pcapng_packet){ .interface = 0,
								   .direction = PCAPNG_OUTBOUND,
								   .wall_ns = 0x0123456789abcdef,
								   .length = 1000,
								   .kept = 5,
								   .octets = "octet",
								   .comment = "drop: x" }),
		     0);
	cr_assert_eq(file.packets, 1);
	cr_assert_eq(pcapng_bytes(&file), sizeof(words));
	expect(fixed, sizeof(fixed) / 4);
}

Test(pcapng_writer, interfaces_are_numbered)
{
	start("");
	for (uint32_t i = 0; i < 5; i++)
		cr_assert_eq(pcapng_interface(&file, "port", 96, ""), i);
	cr_assert_eq(pcapng_close(&file), 0);
	cr_assert_eq(pcapng_close(&file), 0, "a second time is harmless");
	close(copy);
}

static const uint8_t zeros[2000];

static int packet_add(uint32_t kept)
{
	const struct pcapng_packet packet = {
		.direction = PCAPNG_INBOUND,
		.length = kept,
		.kept = kept,
		.octets = zeros,
	};

	return pcapng_packet(&file, &packet);
}

/* Every length is padded, the sizes are told right, and no comment is too long. */
Test(pcapng_writer, sizes)
{
	char comment[400];
	uint64_t before;

	memset(comment, 'c', sizeof(comment) - 1);
	comment[sizeof(comment) - 1] = '\0';
	start("");
	for (uint32_t kept = 0; kept < 9; kept++) {
		const struct pcapng_packet packet = { .kept = kept,
						      .octets = zeros,
						      .comment = comment + 390 - kept };

		before = pcapng_bytes(&file);
		cr_assert_eq(pcapng_packet(&file, &packet), 0);
		cr_assert_eq(pcapng_bytes(&file) - before, pcapng_packet_bytes(&packet));
		cr_assert_eq(pcapng_packet_bytes(&packet) % 4, 0);
	}
	cr_assert_eq(pcapng_packet_bytes(&(struct pcapng_packet){ .comment = comment }),
		     12 + 20 + 8 + 4 + 256 + 4);
	cr_assert_eq(pcapng_close(&file), 0);
	close(copy);
}

/* The file ends with a whole block, and tells the packets that it has. */
static uint64_t blocks_count(int fd, off_t size)
{
	uint64_t packets = 0;
	uint32_t head[2];
	off_t at = 0;

	while (at < size) {
		cr_assert_eq(pread(fd, head, sizeof(head), at), (ssize_t)sizeof(head));
		packets += head[0] == 6;
		at += head[1];
	}
	cr_assert_eq(at, size, "the last block is cut");
	return packets;
}

/* A limit of the file's size is a full disk that needs no root. */
Test(pcapng_writer, full_disk_ends_with_a_whole_block)
{
	const struct rlimit limit = { 3000000, 3000000 };
	char path[] = "/tmp/vnf-unit-pcapng-XXXXXX";
	int fd = mkstemp(path), ret = 0, reader;
	struct stat st;

	cr_assert_geq(fd, 0);
	reader = dup(fd);
	unlink(path);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert_eq(pcapng_open(&file, fd, "abc", ""), 0);
	pcapng_interface(&file, "p", 2000, "");
	for (int i = 0; i < 4000 && ret == 0; i++)
		ret = packet_add(1000 + (uint32_t)i % 1000);
	cr_assert_eq(ret, -EFBIG);
	cr_assert_eq(packet_add(60), -EFBIG, "nothing is written any more");
	cr_assert_eq(pcapng_close(&file), -EFBIG);
	cr_assert_eq(fstat(reader, &st), 0);
	cr_assert_leq(st.st_size, 3000000);
	cr_assert_gt(st.st_size, 3000000 - 2100);
	cr_assert_eq((uint64_t)st.st_size, pcapng_bytes(&file));
	cr_assert_eq(blocks_count(reader, st.st_size), file.packets);
	close(reader);
}
