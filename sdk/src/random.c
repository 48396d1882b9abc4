/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Streams of random numbers under one key: block b of stream s is the ChaCha20 key stream of nonce
 * s from block b on. The key comes from the kernel when first asked for, or from --seed in a
 * replay.
 * Any thread; the key does not change once there are workers.
 */

#include <vnf/random.h>

#include "vnf_priv.h"

#include <string.h>

#include <sodium.h>

/* Octets of key stream per ChaCha20 block. */
#define CHACHA_BLOCK 64
#define BLOCKS_PER_REFILL (sizeof(((struct vnf_random *)0)->number) / CHACHA_BLOCK)
/* Above all names that streams are likely to have. */
#define SEED_NAMES (UINT64_C(1) << 63)

static uint8_t key[crypto_stream_chacha20_KEYBYTES];
static bool key_fixed;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void key_draw(void)
{
	if (sodium_init() < 0)
		vnf_error(
			"libsodium does not start; random numbers are made without its fast code");
	if (!key_fixed)
		randombytes_buf(key, sizeof(key));
}

void random_fix(uint64_t seed)
{
	uint8_t from[sizeof(seed)];

	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(seed >> (8 * i));
	crypto_generichash(key, sizeof(key), from, sizeof(from), NULL, 0);
	key_fixed = true;
}

void vnf_random_init(struct vnf_random *random, uint64_t name)
{
	memset(random, 0, sizeof(*random));
	random->name = name;
	random->at = VNF_RANDOM_BLOCK;
}

void vnf_random_refill(struct vnf_random *random)
{
	uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

	pthread_once(&key_once, key_draw);
	memset(random->number, 0, sizeof(random->number));
	memcpy(nonce, &random->name, sizeof(nonce));
	crypto_stream_chacha20_xor_ic((uint8_t *)random->number, (const uint8_t *)random->number,
				      sizeof(random->number), nonce,
				      random->block * BLOCKS_PER_REFILL, key);
	random->block++;
	random->at = 0;
}

uint64_t vnf_random_seed(const char *name)
{
	struct vnf_random random;

	vnf_random_init(&random, SEED_NAMES | text_hash(name, strlen(name), TEXT_HASH_SEED));
	return vnf_random_next(&random);
}
