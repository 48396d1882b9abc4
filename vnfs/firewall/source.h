/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How much each source has: counts of sessions at a time, and of new ones in a period. A source is
 * an address, or a prefix, together with what is counted (a rule, or half-open sessions); its
 * sessions lie in slots of several workers, so that all workers count in the same table. Pure: no
 * packets, no clock; memory and secrets are the caller's.
 *
 * A count is a word of 64 bits with a tag of its source. It lies in one of two buckets, each a
 * cache line, by a hash that is keyed, as sources are chosen by whoever sends packets. The address
 * itself is not kept: that two sources of the same bucket have the same tag is as likely as 2^-39
 * (sessions), 2^-25 (periods); then they count as one.
 *
 * Threads: any of these functions on any number of workers at once, without locks; no limit is
 * passed thereby.
 */
#ifndef FW_SOURCE_H
#define FW_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#define FW_SOURCE_BUCKET_WORDS 8
#define FW_SOURCE_SECRETS 8
/* What can be counted of a source. */
#define FW_SOURCE_SESSIONS_MAX 16777214
#define FW_SOURCE_RATE_MAX 4095
#define FW_SOURCE_PERIOD_MAX_NS UINT64_C(86400000000000)

/* Whose sessions, and which: every bit counts. */
struct fw_source {
	uint64_t word[4];
};

struct fw_sources {
	uint64_t *words; /* aligned to a cache line */
	uint32_t buckets;
	uint64_t secret[FW_SOURCE_SECRETS];
};

/* Where the count of a source lies, if it has one. */
struct fw_source_place {
	uint64_t *bucket[2];
	uint64_t tag;
};

/* A new session that was counted in a period. */
struct fw_source_counted {
	uint64_t *word; /* NULL: none was */
	uint64_t is;    /* without its count */
};

/* Octets of memory for so many counts. */
uint64_t fw_sources_bytes(uint64_t counts);
/* `memory`: of fw_sources_bytes(), zero, aligned to a cache line. */
void fw_sources_init(struct fw_sources *s, void *memory, uint64_t counts,
		     const uint64_t secret[FW_SOURCE_SECRETS]);
/* Its memory is being fetched from here on. */
void fw_source_find(const struct fw_sources *s, const struct fw_source *source,
		    struct fw_source_place *place);

/* ---- sessions at a time ---- */

/* One more of the source, of which there may be `limit`, 1 to UINT32_MAX. 0, and `at` is for
 * fw_source_give(), or 0: it is not counted, as both buckets are full of others (or a thread was
 * stopped just where it claims a word). -EDQUOT: there are as many already.
 */
int fw_source_take(struct fw_sources *s, const struct fw_source_place *place, uint32_t limit,
		   uint32_t *at);
/* One less. */
void fw_source_give(struct fw_sources *s, uint32_t at);
/* Is it this source that is counted at `at`, which is not 0? */
bool fw_source_holds(const struct fw_sources *s, const struct fw_source_place *place, uint32_t at);
/* How many the source has. */
uint32_t fw_source_count(const struct fw_source_place *place);

/* ---- new ones in a period ---- */

/* One more, of `limit` (1 to FW_SOURCE_RATE_MAX) in a period, which begins with the first that is
 * counted and ends to the 64th of a second that is full then. Where both buckets are full of others
 * whose periods are under way, the one with the least count is forgotten, and `forgot` is true;
 * it also is where this one was not counted, for a thread that was stopped as above.
 * 0, or -EDQUOT: not before the period's end.
 */
int fw_source_rate_take(const struct fw_source_place *place, uint32_t limit, uint64_t period_ns,
			uint64_t now_ns, struct fw_source_counted *counted, bool *forgot);
/* How many the source has had in the period that is under way. */
uint32_t fw_source_rate_count(const struct fw_source_place *place, uint64_t period_ns,
			      uint64_t now_ns);
/* It did not come to a session. */
void fw_source_rate_give(const struct fw_source_counted *counted);

#endif
