/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Classes of values. Rules ask of a field whether its value is in this list or that one, here
 * called atoms; values that are in the same atoms are of one class, and have its number. Numbers
 * are dense, and given in ascending order of values, so that an atom of one interval is one range
 * of classes, and rte_acl sees small numbers in few ranges instead of lists of prefixes.
 *
 * Of addresses there are two kinds of atoms, the lists that stand in rules and named sets, which
 * have classes of their own: or else a set that lies across the rules' prefixes would have as many
 * ranges as there are prefixes. A pair of both classes has a number, too; by it everything about an
 * address is known. Of other fields there are lists only, and pairs are classes.
 *
 * Control thread; no DPDK calls.
 */
#ifndef VNF_ACL_CLASSES_H
#define VNF_ACL_CLASSES_H

#include "acl_spans.h"

#define ACL_CLASSES_MAX 65536 /* of one kind: keys have two octets for it */
#define ACL_PAIRS_MAX (UINT32_C(1) << 22)

/* Ranges of numbers, ascending, apart from each other. Zero is an empty list. */
struct acl_ids {
	struct vnf_acl_span *v;
	uint32_t n, room;
};

/* Behind all that are in the list. 0 or -ENOMEM. */
int acl_ids_append(struct acl_ids *ids, uint32_t id);
/* All of both. 0 or -ENOMEM. */
int acl_ids_join(struct acl_ids *ids, const struct acl_ids *with);
/* All below n that are not in it. 0 or -ENOMEM. */
int acl_ids_invert(struct acl_ids *ids, uint32_t n);
bool acl_ids_have(const struct acl_ids *ids, uint32_t id);
/* Is all of `ids` in `all`? */
bool acl_ids_within(const struct acl_ids *ids, const struct acl_ids *all);
void acl_ids_fini(struct acl_ids *ids);

enum acl_kind { ACL_OWN, ACL_SET, ACL_KINDS };

struct acl_atom {
	const struct acl_spans *spans; /* borrowed */
	enum acl_kind kind;
	/* What it comes to: */
	struct acl_ids classes; /* of its kind */
	struct acl_ids pairs;
};

struct acl_pair {
	uint32_t class[ACL_KINDS];
};

struct acl_classes {
	struct acl_atom *atom;
	uint32_t n_atoms;
	uint32_t n[ACL_KINDS]; /* classes, 1 at least */
	uint32_t n_pairs;
	struct acl_pair *pair;
	/* Intervals with the same pair: */
	uint32_t n_intervals, room;
	acl_value *start;
	uint32_t *number; /* of the pair */
};

/* Fill in all but the atoms, which are given and become this object's; values are 0 to `last`. 0;
 * -E2BIG: there are more classes than may be; -ENOMEM.
 */
int acl_classes_init(struct acl_classes *c, struct acl_atom *atoms, uint32_t n, acl_value last);
void acl_classes_fini(struct acl_classes *c);

#endif
