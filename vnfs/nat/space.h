/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * External ports of an address, for each protocol a space of its own (RFC 4787 section 4): which
 * are free, whose the others are, and which were given back a short while ago (RFC 6888 REQ-8).
 *
 * A port is one word, free or not, and whoever finds it free takes it by one compare and swap: any
 * slot may use any port, so that none is left over. The word says which slot, and which of its
 * mappings: so the slot of a packet from outside is found by its port. Spaces belong to the program
 * and outlive policies, as mappings do.
 *
 * Threads: spaces come and go on the control thread; ports are taken by any worker, given back by
 * the one that owns their slot, read by all.
 */
#ifndef NAT_SPACE_H
#define NAT_SPACE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include <vnf/random.h>

#define NAT_SPACES_MAX 4096
#define NAT_PORTS 65536

/* Protocols that have a space. */
enum nat_proto { NAT_TCP, NAT_UDP, NAT_ICMP, NAT_PROTOS };

/* A port's word: 0: free; with NAT_PORT_RESTS: until that time it is nobody's; else whose it is,
 * not 0.
 */
#define NAT_PORT_RESTS 0x80000000u

/* Ports below 1024 and others, even and odd. */
#define NAT_PARTS 4

struct nat_ports {
	uint32_t *word;                    /* NAT_PORTS */
	uint32_t n_used;                   /* atomic: mappings */
	uint32_t given[NAT_PARTS];         /* atomic: counts those that were given back */
	uint64_t full_until_ns[NAT_PARTS]; /* atomic: none is free before; see space.c */
	uint32_t full_by[NAT_PARTS];       /* atomic: by the range of this policy */
};

struct nat_space {
	rte_be32_t addr;
	uint16_t number;  /* no other one has it, below NAT_SPACES_MAX */
	uint32_t users;   /* policies */
	uint32_t next_id; /* atomic: identification of IPv4, in blocks */
	struct nat_ports ports[NAT_PROTOS];
};

/* All that there are. Opaque. */
struct nat_spaces;

/* What a port is wanted for. */
struct nat_port_want {
	enum nat_proto proto;
	uint16_t like;  /* host order: the inside port */
	uint16_t first; /* host order: the range; of ICMP all */
	uint16_t last;
	bool preserve; /* the same, if it is free */
	bool parity;
	uint32_t policy;                                 /* number of the one that says so */
	bool (*is_kept)(const void *arg, uint16_t port); /* for something else; NULL: none is */
	const void *arg;
};

int nat_spaces_create(struct nat_spaces **spaces);
void nat_spaces_destroy(struct nat_spaces *spaces);
/* That of an address, a new one if need be; NULL: no memory, or too many. One nat_space_put() for
 * each; it stays as long as ports of it are in use.
 */
struct nat_space *nat_space_get(struct nat_spaces *spaces, rte_be32_t addr);
void nat_space_put(struct nat_spaces *spaces, struct nat_space *space);
/* By its number; NULL: there is none. Any thread. */
struct nat_space *nat_space_at(const struct nat_spaces *spaces, uint16_t number);

/* Take a port for `whose` (not 0, without NAT_PORT_RESTS). Returns it, or -ENOSPC. */
int nat_port_take(struct nat_space *space, struct vnf_random *random,
		  const struct nat_port_want *want, uint64_t now_ns, uint32_t whose);
/* Give it back; nobody gets it for so long. */
void nat_port_give(struct nat_space *space, enum nat_proto proto, uint16_t port, uint64_t now_ns,
		   uint64_t quarantine_ns);

/* May it be taken now? Any thread. */
bool nat_port_is_free(const struct nat_space *space, enum nat_proto proto, uint16_t port,
		      uint64_t now_ns);

/* Whose it is; 0: nobody's. */
static inline uint32_t nat_port_whose(const struct nat_space *space, enum nat_proto proto,
				      rte_be16_t port)
{
	uint32_t word = __atomic_load_n(&space->ports[proto].word[rte_be_to_cpu_16(port)],
					__ATOMIC_RELAXED);

	return (word & NAT_PORT_RESTS) != 0 ? 0 : word;
}

static inline uint32_t nat_ports_used(const struct nat_space *space, enum nat_proto proto)
{
	return __atomic_load_n(&space->ports[proto].n_used, __ATOMIC_RELAXED);
}

#endif
