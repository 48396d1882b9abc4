/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See space.h. Ports are in four parts, by class and parity. In a part, one is looked for at random
 * (RFC 6056 section 3.3.1), and where that finds none in a few steps, from there on through all of
 * it. When that found none either, nobody walks through that part again before a port can be free:
 * full_until_ns, the first end of a rest in there.
 */
#include "space.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

/* A rest ends at a time in units of 2^27 ns, an eighth of a second; of 31 bits there are nine
 * years, half of which are the past.
 */
#define REST_SHIFT 27
#define REST_MASK (~NAT_PORT_RESTS)
#define WORDS_BYTES (NAT_PORTS * sizeof(uint32_t))
/* RFC 4787 REQ-3a. */
#define KNOWN_PORTS 1024
/* Steps at random: of a range of which nine tenths are in use, four of five find one. */
#define TRIES 16

struct nat_spaces {
	uint32_t n; /* numbers that were used */
	struct nat_space *space[NAT_SPACES_MAX];
};

/* ---- spaces ---- */

int nat_spaces_create(struct nat_spaces **spaces)
{
	*spaces = calloc(1, sizeof(**spaces));
	return *spaces == NULL ? -ENOMEM : 0;
}

static void space_free(struct nat_space *space)
{
	for (int i = 0; i < NAT_PROTOS; i++)
		if (space->ports[i].word != NULL)
			munmap(space->ports[i].word, WORDS_BYTES);
	free(space);
}

void nat_spaces_destroy(struct nat_spaces *spaces)
{
	if (spaces == NULL)
		return;
	for (uint32_t i = 0; i < spaces->n; i++)
		if (spaces->space[i] != NULL)
			space_free(spaces->space[i]);
	free(spaces);
}

/* Pages that nobody has written to take no memory. */
static struct nat_space *space_make(rte_be32_t addr, uint16_t number)
{
	struct nat_space *space = calloc(1, sizeof(*space));

	if (space == NULL)
		return NULL;
	space->addr = addr;
	space->number = number;
	space->next_id = (uint32_t)vnf_random_seed("nat identifications");
	for (int i = 0; i < NAT_PROTOS; i++) {
		void *words = mmap(NULL, WORDS_BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (words == MAP_FAILED) {
			space_free(space);
			return NULL;
		}
		space->ports[i].word = words;
	}
	return space;
}

/* For another address. A worker may look at it just now, whose host had the one before. */
static void space_clear(struct nat_space *space, rte_be32_t addr)
{
	/* Pages that were never written to take no memory afterwards either. */
	for (int i = 0; i < NAT_PROTOS; i++)
		if (madvise(space->ports[i].word, WORDS_BYTES, MADV_DONTNEED) < 0)
			memset(space->ports[i].word, 0, WORDS_BYTES);
	__atomic_store_n(&space->addr, addr, __ATOMIC_RELAXED);
}

static bool space_is_used(const struct nat_space *space)
{
	return space->users != 0 || nat_ports_used(space, NAT_TCP) != 0 ||
	       nat_ports_used(space, NAT_UDP) != 0 || nat_ports_used(space, NAT_ICMP) != 0;
}

/* By a policy, whose range may be another one: what was said of the one before is forgotten. */
static struct nat_space *space_use(struct nat_space *space)
{
	space->users++;
	for (int i = 0; i < NAT_PROTOS; i++)
		for (int k = 0; k < NAT_PARTS; k++)
			__atomic_store_n(&space->ports[i].full_until_ns[k], 0, __ATOMIC_RELAXED);
	return space;
}

struct nat_space *nat_space_get(struct nat_spaces *spaces, rte_be32_t addr)
{
	uint32_t at = spaces->n;

	for (uint32_t i = 0; i < spaces->n; i++) {
		if (spaces->space[i]->addr == addr)
			return space_use(spaces->space[i]);
		if (!space_is_used(spaces->space[i]))
			at = i;
	}
	if (at == NAT_SPACES_MAX)
		return NULL;
	if (at < spaces->n) {
		space_clear(spaces->space[at], addr);
	} else {
		spaces->space[at] = space_make(addr, (uint16_t)at);
		if (spaces->space[at] == NULL)
			return NULL;
		/* Pairs with the acquire in nat_space_at(). */
		__atomic_store_n(&spaces->n, at + 1, __ATOMIC_RELEASE);
	}
	return space_use(spaces->space[at]);
}

void nat_space_put(struct nat_spaces *spaces, struct nat_space *space)
{
	(void)spaces;
	if (space != NULL)
		space->users--;
}

struct nat_space *nat_space_at(const struct nat_spaces *spaces, uint16_t number)
{
	uint32_t n = __atomic_load_n(&spaces->n, __ATOMIC_ACQUIRE);

	return number < n ? spaces->space[number] : NULL;
}

/* ---- rests ---- */

/* Rounded up: a port is never free too early. */
static uint32_t rest_until(uint64_t ns)
{
	return (uint32_t)((ns + (UINT64_C(1) << REST_SHIFT) - 1) >> REST_SHIFT) & REST_MASK;
}

/* How long yet, in units; 0: it is over. Half of all times are over, as they come round. */
static uint32_t rest_left(uint32_t word, uint64_t now_ns)
{
	uint32_t left = ((word & REST_MASK) - (uint32_t)(now_ns >> REST_SHIFT)) & REST_MASK;

	return left > REST_MASK / 2 ? 0 : left;
}

static inline bool word_is_free(uint32_t word, uint64_t now_ns)
{
	return word == 0 || ((word & NAT_PORT_RESTS) != 0 && rest_left(word, now_ns) == 0);
}

/* ---- take and give ---- */

static bool port_try(struct nat_ports *ports, const struct nat_port_want *want, uint32_t port,
		     uint64_t now_ns, uint32_t whose)
{
	uint32_t word = __atomic_load_n(&ports->word[port], __ATOMIC_RELAXED);

	if (!word_is_free(word, now_ns))
		return false;
	if (unlikely(want->is_kept != NULL) && want->is_kept(want->arg, (uint16_t)port))
		return false;
	if (!__atomic_compare_exchange_n(&ports->word[port], &word, whose, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_fetch_add(&ports->n_used, 1, __ATOMIC_RELAXED);
	return true;
}

/* What of the range is in a part: every second port from `first` on. */
struct part {
	uint32_t number;
	uint32_t first;
	uint32_t n;
};

#define PART_HIGH 2u /* from 1024 on */
#define PART_ODD 1u

static uint32_t part_number(uint32_t port)
{
	return (port >= KNOWN_PORTS ? PART_HIGH : 0) | (port & 1);
}

static struct part part_of(uint32_t number, const struct nat_port_want *want)
{
	bool high = (number & PART_HIGH) != 0;
	uint32_t first = high ? RTE_MAX((uint32_t)want->first, (uint32_t)KNOWN_PORTS) : want->first;
	uint32_t last = high ? want->last : RTE_MIN((uint32_t)want->last, KNOWN_PORTS - 1u);

	first += (first ^ number) & PART_ODD;
	return (struct part){ number, first, first > last ? 0 : (last - first) / 2 + 1 };
}

/* The first end of a rest. */
static uint64_t rests_first_end(const struct nat_ports *ports, const struct part *part,
				uint64_t now_ns)
{
	uint32_t least = REST_MASK;

	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t word =
			__atomic_load_n(&ports->word[part->first + i * 2], __ATOMIC_RELAXED);

		if ((word & NAT_PORT_RESTS) != 0)
			least = RTE_MIN(least, rest_left(word, now_ns));
	}
	return ((now_ns >> REST_SHIFT) + least) << REST_SHIFT;
}

/* Unless one was given back since, which nobody may have seen. */
static void full_set(struct nat_ports *ports, const struct part *part, uint64_t until_ns,
		     uint32_t given)
{
	uint64_t *full_until_ns = &ports->full_until_ns[part->number];

	__atomic_store_n(full_until_ns, until_ns, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ports->given[part->number], __ATOMIC_SEQ_CST) != given)
		__atomic_store_n(full_until_ns, 0, __ATOMIC_RELAXED);
}

/* One was given back: this part is to be looked at again when its rest is over. */
static void full_lower(struct nat_ports *ports, uint32_t number, uint64_t until_ns)
{
	uint64_t *full_until_ns = &ports->full_until_ns[number], is;

	__atomic_fetch_add(&ports->given[number], 1, __ATOMIC_SEQ_CST);
	is = __atomic_load_n(full_until_ns, __ATOMIC_SEQ_CST);
	while (is > until_ns && !__atomic_compare_exchange_n(full_until_ns, &is, until_ns, false,
							     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Another policy has another range, perhaps, or other ports that are kept. */
static inline bool is_full(const struct nat_ports *ports, uint32_t number,
			   const struct nat_port_want *want, uint64_t now_ns)
{
	return __atomic_load_n(&ports->full_until_ns[number], __ATOMIC_RELAXED) > now_ns &&
	       __atomic_load_n(&ports->full_by[number], __ATOMIC_RELAXED) == want->policy;
}

static int part_search(struct nat_ports *ports, struct vnf_random *random, const struct part *part,
		       const struct nat_port_want *want, uint64_t now_ns, uint32_t whose)
{
	uint32_t at = 0, given, port;

	if (part->n == 0 || is_full(ports, part->number, want, now_ns))
		return -ENOSPC;
	for (int i = 0; i < TRIES; i++) {
		at = vnf_random_below(random, part->n);
		port = part->first + at * 2;
		if (port_try(ports, want, port, now_ns, whose))
			return (int)port;
	}
	given = __atomic_load_n(&ports->given[part->number], __ATOMIC_ACQUIRE);
	for (uint32_t i = 0; i < part->n; i++) {
		at = at + 1 == part->n ? 0 : at + 1;
		port = part->first + at * 2;
		if (port_try(ports, want, port, now_ns, whose))
			return (int)port;
	}
	__atomic_store_n(&ports->full_by[part->number], want->policy, __ATOMIC_RELAXED);
	full_set(ports, part, rests_first_end(ports, part, now_ns), given);
	return -ENOSPC;
}

/* The class of the inside port before the other (RFC 4787 REQ-3a), and its parity before the other
 * (REQ-4), or either.
 */
static int range_search(struct nat_ports *ports, struct vnf_random *random,
			const struct nat_port_want *want, uint64_t now_ns, uint32_t whose)
{
	uint32_t best = part_number(want->like);
	int port = -ENOSPC;

	if (want->proto == NAT_ICMP)
		best |= PART_HIGH;
	if (!want->parity)
		best = (best & PART_HIGH) | vnf_random_below(random, 2);
	for (uint32_t i = 0; i < NAT_PARTS && port < 0; i++) {
		struct part part = part_of(best ^ i, want);

		port = part_search(ports, random, &part, want, now_ns, whose);
	}
	return port;
}

int nat_port_take(struct nat_space *space, struct vnf_random *random,
		  const struct nat_port_want *want, uint64_t now_ns, uint32_t whose)
{
	struct nat_ports *ports = &space->ports[want->proto];

	if (want->preserve && want->like >= want->first && want->like <= want->last &&
	    port_try(ports, want, want->like, now_ns, whose))
		return want->like;
	return range_search(ports, random, want, now_ns, whose);
}

void nat_port_give(struct nat_space *space, enum nat_proto proto, uint16_t port, uint64_t now_ns,
		   uint64_t quarantine_ns)
{
	struct nat_ports *ports = &space->ports[proto];
	uint64_t until_ns = now_ns + quarantine_ns;
	uint32_t word = quarantine_ns == 0 ? 0 : NAT_PORT_RESTS | rest_until(until_ns);

	__atomic_store_n(&ports->word[port], word, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&ports->n_used, 1, __ATOMIC_RELAXED);
	full_lower(ports, part_number(port), until_ns);
}

bool nat_port_is_free(const struct nat_space *space, enum nat_proto proto, uint16_t port,
		      uint64_t now_ns)
{
	return word_is_free(__atomic_load_n(&space->ports[proto].word[port], __ATOMIC_RELAXED),
			    now_ns);
}
