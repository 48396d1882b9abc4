/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The rules by which DPDK's virtio driver chooses its functions, and the lines that it logs of
 * them, as DPDK 22.11.11 has both.
 */

#include <criterion/criterion.h>

#include <string.h>

#include <rte_common.h>

#include "virtio_path.h"

Test(virtio_path, rules_of_split_rings)
{
	static const struct {
		struct virtio_path_input in;
		enum virtio_way rx, tx;
	} cases[] = {
		{ { .simd_bits = 256 }, VIRTIO_STANDARD, VIRTIO_STANDARD },
		{ { .mergeable = true }, VIRTIO_MERGEABLE, VIRTIO_STANDARD },
		{ { .in_order = true }, VIRTIO_IN_ORDER, VIRTIO_IN_ORDER },
		{ { .vectorised = true, .simd_bits = 128 }, VIRTIO_VECTORISED, VIRTIO_STANDARD },
		/* In-order wins over what was asked for, without a word. */
		{ { .in_order = true, .vectorised = true, .simd_bits = 256 },
		  VIRTIO_IN_ORDER,
		  VIRTIO_IN_ORDER },
		{ { .mergeable = true, .vectorised = true, .simd_bits = 256 },
		  VIRTIO_MERGEABLE,
		  VIRTIO_STANDARD },
		{ { .offloads = true, .vectorised = true, .simd_bits = 256 },
		  VIRTIO_STANDARD,
		  VIRTIO_STANDARD },
		{ { .vectorised = true, .simd_bits = 64 }, VIRTIO_STANDARD, VIRTIO_STANDARD },
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct virtio_path path = { .packed = true };

		virtio_path_predict(&cases[i].in, &path);
		cr_expect_not(path.packed);
		cr_expect_eq(path.rx, cases[i].rx, "case %zu: rx %d", i, path.rx);
		cr_expect_eq(path.tx, cases[i].tx, "case %zu: tx %d", i, path.tx);
	}
}

/* Vectors need all four: AVX512, 512 bits allowed, in-order, virtio 1. */
Test(virtio_path, rules_of_packed_rings)
{
	const struct virtio_path_input all = {
		.packed = true,
		.in_order = true,
		.version_1 = true,
		.vectorised = true,
		.avx512 = true,
		.simd_bits = 512,
	};
	struct virtio_path_input in = all;
	struct virtio_path path;

	virtio_path_predict(&in, &path);
	cr_expect(path.packed && path.rx == VIRTIO_VECTORISED && path.tx == VIRTIO_VECTORISED);
	in.mergeable = true;
	virtio_path_predict(&in, &path);
	cr_expect(path.rx == VIRTIO_MERGEABLE && path.tx == VIRTIO_VECTORISED);
	for (int lacks = 0; lacks < 5; lacks++) {
		in = all;
		in.in_order = lacks != 0;
		in.version_1 = lacks != 1;
		in.avx512 = lacks != 2;
		in.simd_bits = lacks == 3 ? 256 : 512;
		in.vectorised = lacks != 4;
		virtio_path_predict(&in, &path);
		cr_expect(path.rx == VIRTIO_STANDARD && path.tx == VIRTIO_STANDARD, "case %d",
			  lacks);
	}
}

static bool parse(const char *line, struct virtio_path *path)
{
	memset(path, 0, sizeof(*path));
	return virtio_path_parse(line, strlen(line), path);
}

Test(virtio_path, lines_of_the_driver)
{
	static const struct {
		const char *line;
		struct virtio_path path;
	} cases[] = {
		{ "set_rxtx_funcs(): virtio: using inorder Rx path on port 0",
		  { .rx = VIRTIO_IN_ORDER } },
		{ "set_rxtx_funcs(): virtio: using inorder Tx path on port 12",
		  { .tx = VIRTIO_IN_ORDER } },
		{ "set_rxtx_funcs(): virtio: using vectorized Rx path on port 0",
		  { .rx = VIRTIO_VECTORISED } },
		{ "set_rxtx_funcs(): virtio: using mergeable buffer Rx path on port 0",
		  { .rx = VIRTIO_MERGEABLE } },
		{ "set_rxtx_funcs(): virtio: using standard Tx path on port 0",
		  { .tx = VIRTIO_STANDARD } },
		{ "set_rxtx_funcs(): virtio: using packed ring standard Tx path on port 0",
		  { .packed = true, .tx = VIRTIO_STANDARD } },
		{ "set_rxtx_funcs(): virtio: using packed ring mergeable buffer Rx path on port 0",
		  { .packed = true, .rx = VIRTIO_MERGEABLE } },
	};
	struct virtio_path path;

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		cr_assert(parse(cases[i].line, &path), "case %zu", i);
		cr_expect(path.rx == cases[i].path.rx && path.tx == cases[i].path.tx &&
				  path.packed == cases[i].path.packed,
			  "case %zu", i);
	}
	cr_expect_not(parse("virtio: using nothing Rx path on port 0", &path));
	cr_expect_not(parse("virtio: using inorder", &path));
	cr_expect_not(parse("", &path));
}

Test(virtio_path, lines_about_rings)
{
	static const char line[] = "virtio_init_queue(): vq_size: 256";
	uint32_t n = 0;

	cr_expect(virtio_path_parse_ring(line, strlen(line), &n));
	cr_expect_eq(n, 256);
	/* What follows is not the line's. */
	cr_expect(virtio_path_parse_ring(line, strlen(line) - 1, &n));
	cr_expect_eq(n, 25);
	cr_expect_not(virtio_path_parse_ring(line, strlen(line) - 3, &n));
	cr_expect_not(virtio_path_parse_ring("vq_size: 256", 12, &n));
}

Test(virtio_path, words)
{
	struct virtio_path path = { .rx = VIRTIO_IN_ORDER, .mergeable = true };
	char text[128];

	virtio_path_words(false, VIRTIO_IN_ORDER, true, text, sizeof(text));
	cr_expect_str_eq(text, "split, in-order, mergeable");
	virtio_path_words(true, VIRTIO_MERGEABLE, true, text, sizeof(text));
	cr_expect_str_eq(text, "packed, mergeable");
	virtio_path_why(&path, text, sizeof(text));
	cr_expect_str_eq(text, "the peer offers in-order, which rules vectors out, and mergeable "
			       "buffers");
	path.rx = VIRTIO_STANDARD;
	path.mergeable = false;
	virtio_path_why(&path, text, sizeof(text));
	cr_expect_str_eq(text, "the peer offers neither in-order nor mergeable buffers");
}
