/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The hash of sessions' keys. Whoever sends packets chooses the keys, and knows this text, but not
 * the secrets.
 *
 * A CRC would not do, whatever it begins with: it is linear, so that crc(a, seed) ^ crc(b, seed)
 * depends on a and b alone, and keys that collide under one seed collide under all of them. Nor
 * would a hash in which a seed only enters at the end.
 *
 * Here the secrets enter before anything is multiplied. Pairs of words, a secret added to each, are
 * multiplied to 128 bits and added up (NH, Black et al., "UMAC", 1999: the chance of two different
 * keys to have the same sum is 2^-64, whichever they are); the halves of the sum are mixed with
 * further secrets, multiplied, and the product is folded (as wyhash does), so that all bits of the
 * result can be used. One multiplication for each 16 octets, and one more.
 */
#ifndef SESSION_HASH_H
#define SESSION_HASH_H

#include <stdint.h>
#include <string.h>

#include <rte_common.h>

/* 64-bit words of the longest key, and one more if that is odd. */
#define SESSION_WORDS_MAX 6
#define SESSION_SECRETS (SESSION_WORDS_MAX + 2)

/* `words` should be a constant where it matters. */
static __rte_always_inline uint64_t session_hash(const uint64_t *secret, const void *key,
						 uint32_t words)
{
	unsigned __int128 sum = 0;
	uint64_t word[SESSION_WORDS_MAX];

	memcpy(word, key, words * sizeof(word[0]));
	if (words % 2 != 0)
		word[words] = 0;
	for (uint32_t i = 0; i < words; i += 2)
		sum += (unsigned __int128)(word[i] + secret[i]) * (word[i + 1] + secret[i + 1]);
	sum = (unsigned __int128)((uint64_t)sum ^ secret[SESSION_WORDS_MAX]) *
	      ((uint64_t)(sum >> 64) ^ secret[SESSION_WORDS_MAX + 1]);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

#endif
