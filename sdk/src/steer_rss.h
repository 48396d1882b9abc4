/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The hash of cards (Toeplitz), where its key is one word of 16 bits again and again. A bit of the
 * input then adds the word rotated by the bit's place modulo 16: so all 16-bit words of the input
 * may be added up first (xor), in any order, and the hash of the sum is the hash. That makes it
 * symmetric, and cheap. It also makes it easy to find flows of the same hash: who may choose slots
 * with it can load one worker, so it is used only where a card has several queues.
 */
#ifndef STEER_RSS_H
#define STEER_RSS_H

#include <stdint.h>

struct vnf;
struct vnf_port;

/* Word of the key: of an odd number of ones, so that no two sums have the same hash. */
uint16_t steer_rss_word(const struct vnf *vnf);
/* Lower half of the hash of 32-bit words in host order, added up; the upper half is the same. */
uint16_t steer_rss_hash(const struct vnf *vnf, uint32_t sum);
/* Queue for packets whose hash ends with these bits: its worker owns the slot. */
uint16_t steer_rss_queue(const struct vnf *vnf, const struct vnf_port *port, uint32_t hash);

#endif
