/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "virtio_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

static bool packed_vectorised(const struct virtio_path_input *in)
{
	return in->vectorised && in->avx512 && in->in_order && in->version_1 &&
	       in->simd_bits >= 512;
}

static void predict_packed(const struct virtio_path_input *in, struct virtio_path *path)
{
	bool vectorised = packed_vectorised(in);

	path->tx = vectorised ? VIRTIO_VECTORISED : VIRTIO_STANDARD;
	if (vectorised && !in->mergeable && !in->offloads)
		path->rx = VIRTIO_VECTORISED;
	else
		path->rx = in->mergeable ? VIRTIO_MERGEABLE : VIRTIO_STANDARD;
}

/* In-order comes before all else, and without a word. */
static void predict_split(const struct virtio_path_input *in, struct virtio_path *path)
{
	path->tx = in->in_order ? VIRTIO_IN_ORDER : VIRTIO_STANDARD;
	if (in->in_order)
		path->rx = VIRTIO_IN_ORDER;
	else if (in->vectorised && !in->mergeable && !in->offloads && in->simd_bits >= 128)
		path->rx = VIRTIO_VECTORISED;
	else
		path->rx = in->mergeable ? VIRTIO_MERGEABLE : VIRTIO_STANDARD;
}

void virtio_path_predict(const struct virtio_path_input *in, struct virtio_path *path)
{
	path->packed = in->packed;
	path->mergeable = in->mergeable;
	if (in->packed)
		predict_packed(in, path);
	else
		predict_split(in, path);
}

static bool line_has(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

bool virtio_path_parse(const char *line, size_t len, struct virtio_path *path)
{
	static const struct {
		const char *words;
		enum virtio_way way;
	} table[] = {
		{ " inorder ", VIRTIO_IN_ORDER },
		{ " vectorized ", VIRTIO_VECTORISED },
		{ " mergeable buffer ", VIRTIO_MERGEABLE },
		{ " standard ", VIRTIO_STANDARD },
	};
	bool rx = line_has(line, len, " Rx path on port ");

	if (!line_has(line, len, "virtio: using ") ||
	    (!rx && !line_has(line, len, " Tx path on port ")))
		return false;
	for (size_t i = 0; i < RTE_DIM(table); i++) {
		if (!line_has(line, len, table[i].words))
			continue;
		*(rx ? &path->rx : &path->tx) = table[i].way;
		path->packed = line_has(line, len, "packed ring");
		return true;
	}
	return false;
}

bool virtio_path_parse_ring(const char *line, size_t len, uint32_t *descriptors)
{
	static const char key[] = "virtio_init_queue(): vq_size: ";
	const char *at = memmem(line, len, key, sizeof(key) - 1);
	char number[12] = "";

	if (at == NULL)
		return false;
	at += sizeof(key) - 1;
	memcpy(number, at, RTE_MIN(sizeof(number) - 1, len - (size_t)(at - line)));
	*descriptors = (uint32_t)strtoul(number, NULL, 10);
	return *descriptors != 0;
}

void virtio_path_words(bool packed, enum virtio_way way, bool mergeable, char *text, size_t size)
{
	static const char *const words[] = {
		[VIRTIO_UNKNOWN] = "unknown",       [VIRTIO_STANDARD] = "standard",
		[VIRTIO_MERGEABLE] = "mergeable",   [VIRTIO_IN_ORDER] = "in-order",
		[VIRTIO_VECTORISED] = "vectorised",
	};
	bool both = mergeable && way == VIRTIO_IN_ORDER;

	snprintf(text, size, "%s, %s%s", packed ? "packed" : "split", words[way],
		 both ? ", mergeable" : "");
}

void virtio_path_why(const struct virtio_path *path, char *text, size_t size)
{
	const char *offers;

	if (path->rx == VIRTIO_IN_ORDER)
		offers = path->mergeable
				 ? "in-order, which rules vectors out, and mergeable buffers"
				 : "in-order, which rules vectors out, but no mergeable buffers";
	else if (path->packed)
		offers = path->mergeable ? "mergeable buffers" : "no mergeable buffers";
	else
		offers = path->mergeable ? "mergeable buffers, but not in-order"
					 : "neither in-order nor mergeable buffers";
	snprintf(text, size, "the peer offers %s", offers);
}
