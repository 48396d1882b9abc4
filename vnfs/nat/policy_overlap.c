/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Addresses and ports that would be two things at once. Each check lists who claims what, as ranges
 * of numbers, sorts that, and goes through it once: however long the lists are, that is short. Of
 * two that overlap the one that is told second is reported. Control thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy_plan.h"

#define PLACE_MAX 256
#define WHO_MAX (NAT_NAME_MAX + 32)
/* Beyond addresses: those of an interface that has none yet. */
#define INTERFACE_KEY (UINT64_C(1) << 32)

struct claim {
	uint64_t first;
	uint64_t last;
	uint32_t order; /* in which they are told */
	uint32_t group;
	const void *field; /* what is reported */
	const char *word;  /* what stands there */
	const char *kind;  /* such as "pool" */
	const char *name;  /* of the pool or forward, or "" */
};

struct claims {
	struct vnf_config *file;
	struct claim *v;
	uint32_t n;
	bool across;     /* only those of different groups overlap */
	const char *why; /* how it ought to be */
	/* Last pair that was reported. */
	const void *earlier;
	const void *later;
};

static void claim_add(struct claims *c, uint64_t first, uint64_t last, struct claim claim)
{
	claim.first = first;
	claim.last = last;
	claim.order = c->n;
	c->v[c->n++] = claim;
}

static int claim_compare(const void *one, const void *other)
{
	const struct claim *a = one, *b = other;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static void overlap_report(struct claims *c, const struct claim *one, const struct claim *other)
{
	const struct claim *earlier = one->order < other->order ? one : other;
	const struct claim *later = earlier == one ? other : one;
	char place[PLACE_MAX], who[WHO_MAX];

	/* Of two interfaces' words each address overlaps. */
	if (c->earlier == earlier->field && c->later == later->field)
		return;
	c->earlier = earlier->field;
	c->later = later->field;
	vnf_config_place(c->file, earlier->field, place, sizeof(place));
	snprintf(who, sizeof(who), earlier->name[0] != '\0' ? "%s \"%s\"" : "%s", earlier->kind,
		 earlier->name);
	vnf_config_error(c->file, later->field, "is \"%s\", which overlaps \"%s\" of %s (%s); %s",
			 later->word, earlier->word, who, place, c->why);
}

/* In the order of where they begin, whatever overlaps does so with the one that so far ends last:
 * if not with that one, then with none.
 */
static void claims_compare(struct claims *c)
{
	const struct claim *last[2] = { NULL, NULL };

	qsort(c->v, c->n, sizeof(*c->v), claim_compare);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct claim *is = &c->v[i];
		uint32_t group = c->across ? is->group : 0;
		const struct claim *with = last[c->across ? !group : 0];

		if (with != NULL && with->last >= is->first)
			overlap_report(c, with, is);
		if (last[group] == NULL || is->last > last[group]->last)
			last[group] = is;
	}
	c->n = 0;
	c->earlier = c->later = NULL;
}

/* ---- who claims what ---- */

static const char *pool_name(const struct nat_config *config, uint32_t pool)
{
	const struct nat_pool_spec *spec = config->pools.items;

	return spec[pool].name;
}

static void pools_claim(struct claims *c, const struct nat_config *config,
			const struct nat_plan *plan, uint32_t group)
{
	for (uint32_t i = 0; i < plan->n_ranges; i++) {
		const struct nat_plan_range *r = &plan->range[i];
		struct claim claim = { .group = group,
				       .field = r->field,
				       .word = *r->field,
				       .kind = "pool",
				       .name = pool_name(config, r->pool) };
		uint64_t key = INTERFACE_KEY | (uint32_t)r->interface;
		uint32_t addr, k = 0;

		if (r->interface == NAT_PLAN_ADDRESS) {
			claim_add(c, r->first, r->last, claim);
			continue;
		}
		for (; nat_plan_address(NULL, c->file, r->interface, k, &addr); k++)
			claim_add(c, addr, addr, claim);
		if (k == 0)
			claim_add(c, key, key, claim);
	}
}

static void statics_claim(struct claims *c, const struct nat_plan *plan, bool inside,
			  uint32_t group)
{
	for (uint32_t i = 0; i < plan->n_statics; i++) {
		const struct nat_plan_static *s = &plan->pair[i];
		const char *const *field = inside ? &s->spec->inside : &s->spec->outside;
		uint32_t first = inside ? s->inside : s->outside;

		claim_add(c, first, first + (s->n - 1),
			  (struct claim){ .group = group,
					  .field = field,
					  .word = *field,
					  .kind = "a static pair",
					  .name = "" });
	}
}

/* Address of a forward, or what stands for one that is not known yet. */
static uint64_t forward_outside(struct claims *c, const struct nat_plan_forward *f)
{
	uint32_t addr = f->outside;

	if (f->interface == NAT_PLAN_ADDRESS ||
	    nat_plan_address(NULL, c->file, f->interface, 0, &addr))
		return addr;
	return INTERFACE_KEY | (uint32_t)f->interface;
}

static void forwards_claim(struct claims *c, const struct nat_plan *plan, bool inside,
			   uint32_t group)
{
	for (uint32_t i = 0; i < plan->n_forwards; i++) {
		const struct nat_plan_forward *f = &plan->forward[i];
		const char *const *field = inside ? &f->spec->inside : &f->spec->outside;
		uint64_t addr = inside ? f->inside : forward_outside(c, f);

		claim_add(
			c, addr, addr,
			(struct claim){ .group = group,
					.field = field,
					.word = *field,
					.kind = f->spec->name[0] != '\0' ? "forward" : "a forward",
					.name = f->spec->name });
	}
}

/* Their ports, each protocol's and address's by itself. */
static void ports_claim(struct claims *c, const struct nat_plan *plan, bool inside)
{
	for (uint32_t i = 0; i < plan->n_forwards; i++) {
		const struct nat_plan_forward *f = &plan->forward[i];
		uint64_t addr = inside ? f->inside : forward_outside(c, f);
		uint64_t key = (uint64_t)f->proto << 56 | addr << 16;
		uint32_t first = inside ? f->inside_first : f->first;

		claim_add(
			c, key | first, key | (first + (uint32_t)(f->last - f->first)),
			(struct claim){ .field = inside ? &f->spec->inside : &f->spec->port,
					.word = inside ? f->spec->inside : f->spec->port,
					.kind = f->spec->name[0] != '\0' ? "forward" : "a forward",
					.name = f->spec->name });
	}
}

/* ---- the checks ---- */

static void external_check(struct claims *c, const struct nat_config *config,
			   const struct nat_plan *plan)
{
	c->why = "an external address is of one pool, or of one static pair";
	pools_claim(c, config, plan, 0);
	statics_claim(c, plan, false, 0);
	claims_compare(c);
	c->why = "a static pair has all ports of its address, choose another one";
	c->across = true;
	statics_claim(c, plan, false, 0);
	forwards_claim(c, plan, false, 1);
	claims_compare(c);
	c->across = false;
	c->why = "with the same address and protocol, a port leads to one host";
	ports_claim(c, plan, false);
	claims_compare(c);
}

static void inside_check(struct claims *c, const struct nat_plan *plan)
{
	c->why = "an address inside is of one static pair";
	statics_claim(c, plan, true, 0);
	claims_compare(c);
	c->why = "a static pair has all ports of its address";
	c->across = true;
	statics_claim(c, plan, true, 0);
	forwards_claim(c, plan, true, 1);
	claims_compare(c);
	c->across = false;
	c->why = "an inside address and port is seen by one external one (RFC 4787 REQ-1), so it "
		 "is of one forward for each protocol";
	ports_claim(c, plan, true);
	claims_compare(c);
}

/* What is translated into could not be told from what is to be translated. */
static void sides_check(struct claims *c, const struct nat_config *config,
			const struct nat_plan *plan)
{
	c->why = "that is an external address, no host inside can have it";
	c->across = true;
	pools_claim(c, config, plan, 0);
	statics_claim(c, plan, false, 0);
	forwards_claim(c, plan, false, 0);
	statics_claim(c, plan, true, 1);
	forwards_claim(c, plan, true, 1);
	claims_compare(c);
	c->across = false;
}

/* All that may be claimed at a time. */
static size_t claims_max(struct vnf_config *file, const struct nat_plan *plan)
{
	size_t n = 2 * ((size_t)plan->n_statics + plan->n_forwards) + plan->n_ranges + 1;
	uint32_t addr;

	for (uint32_t i = 0; i < plan->n_ranges; i++)
		for (uint32_t k = 0;
		     plan->range[i].interface != NAT_PLAN_ADDRESS &&
		     nat_plan_address(NULL, file, plan->range[i].interface, k, &addr);
		     k++)
			n++;
	return n;
}

int nat_plan_overlaps(struct vnf_config *file, const struct nat_config *config,
		      const struct nat_plan *plan)
{
	struct claims c = { .file = file,
			    .v = calloc(claims_max(file, plan), sizeof(struct claim)) };

	if (c.v == NULL)
		return -ENOMEM;
	external_check(&c, config, plan);
	inside_check(&c, plan);
	sides_check(&c, config, plan);
	free(c.v);
	return 0;
}
