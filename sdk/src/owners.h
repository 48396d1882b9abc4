/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Who has a packet: each mbuf bears the name of the stage that it was last in, so that one that was
 * never given back says where it was lost. In builds with the option `owners` only (debugging,
 * sanitizers); otherwise all of this compiles to nothing. Names are constant strings.
 */
#ifndef VNF_OWNERS_H
#define VNF_OWNERS_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

struct vnf;
struct vnf_port;

#define OWNER_POOL "the pool"
#define OWNER_CALLBACK "callback"
#define OWNER_CREATED "made by vnf_packet_alloc()"
#define OWNER_BATCH "batch"
#define OWNER_HANDOVER "ring between workers"

/* Reserve the mbufs' field; after EAL's start. 0 or -errno, logged. */
int owners_init(void);
/* How many mbufs are missing in the pool, reporting where they were last; to be asked once, for it
 * empties the pool. Control thread, workers gone.
 */
uint32_t owners_report(const struct vnf *vnf);

#ifdef VNF_OWNERS

extern int owners_field;

static inline const char **owner_of(struct rte_mbuf *pkt)
{
	return RTE_MBUF_DYNFIELD(pkt, owners_field, const char **);
}

static inline void owners_set(struct rte_mbuf *const *pkts, unsigned int n, const char *stage)
{
	for (unsigned int i = 0; owners_field >= 0 && i < n; i++)
		*owner_of(pkts[i]) = stage;
}

/* "tx of port "x"". */
const char *owner_tx(const struct vnf_port *port);
const char *owner_rx(const struct vnf_port *port);

#else

#define owners_set(pkts, n, stage) ((void)(pkts), (void)(n))

#endif

#endif
