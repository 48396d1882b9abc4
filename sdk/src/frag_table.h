/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A worker's datagrams: found by key, numbered by source, ended by time or to make room, with the
 * packets that wait in them. What their fragments mean is frag.c's.
 */
#ifndef FRAG_TABLE_H
#define FRAG_TABLE_H

#include <sys/queue.h>

#include <vnf/frag.h>
#include <vnf/timeout.h>

#include "frag_ranges.h"

/* Octets of the first fragment that a second one must have too: TCP up to its checksum. */
#define FRAG_HEAD_BYTES 24
/* 64-bit words of a key. */
#define FRAG_KEY_WORDS 6

/* A packet that waits, or room for one. */
struct frag_wait {
	STAILQ_ENTRY(frag_wait) next;
	struct rte_mbuf *pkt;
	uint16_t port;
};
STAILQ_HEAD(frag_waits, frag_wait);

enum frag_state {
	FRAG_ALONE, /* without its first fragment; at least one packet waits, but in the making */
	FRAG_DEAD,  /* it ended early: remembered, so that what is to come is refused */
	FRAG_KNOWN, /* its first fragment has come */
	FRAG_STATES,
};

/* By cache lines: what is compared; what its removal needs, which is the second and the third; the
 * octets, mostly to the beginning of the fifth.
 */
struct datagram {
	struct vnf_frag pub; /* first */

	struct vnf_timeout timeout; /* its life; touched_ns is when it began */
	struct datagram *next;      /* of the same hash bucket; or that is free */
	struct vnf_frags *in;       /* its table */
	uint32_t hash;
	uint32_t source; /* index of its bucket */

	TAILQ_ENTRY(datagram) kin;   /* of the same source bucket, oldest first */
	TAILQ_ENTRY(datagram) peers; /* of the same state, longest in it first */
	struct frag_waits waits;
	uint32_t why; /* FRAG_DEAD: the reason that it died of */
	uint16_t n_waits;
	uint16_t before; /* of FRAG_KNOWN: octets that the first one's headers add to the length */
	uint8_t state;   /* enum frag_state */

	uint8_t head[FRAG_HEAD_BYTES] __rte_aligned(8); /* of FRAG_KNOWN: the first octets */
	struct frag_ranges seen;
} __rte_cache_aligned;

TAILQ_HEAD(datagrams, datagram);

/* Datagrams of a source, or of the few that share a bucket. */
struct frag_source {
	struct datagrams all;
	uint32_t n;
};

struct vnf_frags {
	struct vnf_worker *worker;
	struct vnf_frags_conf conf;
	struct vnf_timeouts *timeouts;
	struct vnf_timeout_class life;
	struct datagram *complete;           /* has all; goes at the next call */
	bool ending;                         /* in conf.ended() */
	uint8_t hash_shift;                  /* 32 bits of hash by it are an index */
	uint32_t n;                          /* datagrams */
	uint32_t n_waits;                    /* packets */
	struct datagrams state[FRAG_STATES]; /* datagrams, by state */
	uint32_t n_state[FRAG_STATES];
	uint32_t kind_most; /* that are known, or that are not: beyond, one of these goes */
	struct datagram *free;
	struct frag_waits free_waits;
	struct datagram **bucket;   /* by hash */
	struct frag_source *source; /* by hash of the source, as many */
	struct datagram *datagram;  /* the memory of all */
	struct frag_wait *wait;     /* likewise */
	uint64_t seed[FRAG_KEY_WORDS + 2];
	uint64_t source_seed[FRAG_KEY_WORDS + 2];
};

/* Memory for what conf says. 0 or -ENOMEM; then nothing is left behind. */
int frag_table_init(struct vnf_frags *frags);
void frag_table_fini(struct vnf_frags *frags);

/* The datagram with the key members of `key`, or NULL. */
struct datagram *frag_table_find(struct vnf_frags *frags, const struct vnf_frag *key,
				 uint32_t *hash);

/* A new one with this hash, of FRAG_ALONE, for which others may have to go. `first`: it is about to
 * be known.
 */
struct datagram *frag_table_add(struct vnf_frags *frags, const struct vnf_frag *key, uint32_t hash,
				bool first);

/* It is over: waiting packets are dropped for this reason, and it is forgotten. */
void frag_table_remove(struct vnf_frags *frags, struct datagram *d, uint32_t reason);

/* It is over, but remembered to the end of its life. */
void frag_table_kill(struct vnf_frags *frags, struct datagram *d, uint32_t reason);

/* Its first fragment has come. */
void frag_table_know(struct vnf_frags *frags, struct datagram *d);

/* Let a packet wait; in total, others may have to make room. False: there is none. */
bool frag_wait_put(struct vnf_frags *frags, struct datagram *d, struct rte_mbuf *pkt,
		   uint16_t port);

/* The packet that waited longest, or NULL. */
struct rte_mbuf *frag_wait_get(struct vnf_frags *frags, struct datagram *d, uint16_t *port);

#endif
