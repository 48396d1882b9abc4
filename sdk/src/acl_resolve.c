/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Conditions become ranges of classes; tables tell the class of a value.
 */

#include "acl_priv.h"

#include <errno.h>
#include <stdlib.h>

/* Greatest value of each dimension. */
static const uint32_t dim_last[ACL_DIMS] = {
	[ACL_PROTO] = 255,
	[ACL_ZONE_IN] = 255,
	[ACL_ZONE_OUT] = 255,
	[ACL_L4] = ACL_L4_NONE,
	[ACL_DST_PORT] = ACL_DST_PORT_NONE,
	[ACL_FLAGS] = ACL_FLAGS_NONE,
	[ACL_VLAN] = VNF_ACL_UNTAGGED,
	[ACL_FRAGMENT] = 7,
};

static const enum vnf_acl_field dim_field[ACL_DIMS] = {
	[ACL_PROTO] = VNF_ACL_FIELD_PROTO,        [ACL_ZONE_IN] = VNF_ACL_FIELD_ZONE_IN,
	[ACL_ZONE_OUT] = VNF_ACL_FIELD_ZONE_OUT,  [ACL_L4] = VNF_ACL_FIELD_SRC_PORTS,
	[ACL_DST_PORT] = VNF_ACL_FIELD_DST_PORTS, [ACL_FLAGS] = VNF_ACL_FIELD_FLAGS,
	[ACL_VLAN] = VNF_ACL_FIELD_VLAN,          [ACL_FRAGMENT] = VNF_ACL_FIELD_FRAGMENT,
};

static int classes_wrong(struct acl_build *b, int ret, enum vnf_acl_field field)
{
	if (ret == -E2BIG)
		return acl_wrong(b, ret, VNF_ACL_NONE, field,
				 "rules and sets tell more than %u classes of values apart",
				 ACL_CLASSES_MAX);
	return acl_wrong(b, ret, VNF_ACL_NONE, field, "no memory for classes");
}

/* ---- numbers ---- */

static int codes_fill(struct acl_classes_of *of, const struct acl_classes *c, uint32_t last)
{
	bool wide = acl_is_wide(c->n[ACL_OWN]);

	of->code = malloc((last + 1u) * sizeof(*of->code));
	if (of->code == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_intervals; i++) {
		uint32_t end = i + 1 < c->n_intervals ? (uint32_t)c->start[i + 1] : last + 1u;

		for (uint32_t v = (uint32_t)c->start[i]; v < end; v++)
			of->code[v] = acl_code(c->number[i], wide);
	}
	return 0;
}

static int dim_take(struct acl_classes_of *of, struct acl_classes *c, uint32_t last)
{
	of->n = c->n[ACL_OWN];
	of->n_lists = c->n_atoms;
	of->ids = calloc(c->n_atoms + 1u, sizeof(*of->ids));
	if (of->ids == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_atoms; i++) {
		of->ids[i] = c->atom[i].classes;
		c->atom[i].classes = (struct acl_ids){ 0 };
	}
	/* If nobody asks, every value is of the one class; the protocol is in each key. */
	return c->n_atoms > 0 || last < 256 ? codes_fill(of, c, last) : 0;
}

static int dim_resolve(struct acl_build *b, enum acl_dim dim)
{
	const struct acl_lists *lists = &b->acl->lists[dim];
	struct acl_atom *atoms = calloc(lists->n + 1u, sizeof(*atoms));
	struct acl_classes c;
	int ret;

	if (atoms == NULL)
		return classes_wrong(b, -ENOMEM, dim_field[dim]);
	for (uint32_t i = 0; i < lists->n; i++)
		atoms[i].spans = &lists->list[i].of[0];
	ret = acl_classes_init(&c, atoms, lists->n, dim_last[dim]);
	if (ret == 0)
		ret = dim_take(&b->acl->dim[dim], &c, dim_last[dim]);
	acl_classes_fini(&c);
	return ret < 0 ? classes_wrong(b, ret, dim_field[dim]) : 0;
}

/* ---- addresses ---- */

/* Classes of one kind that an address in a list or in a set has. */
static int kind_join(const struct acl_cond *cond, const struct acl_classes *c, uint32_t n_lists,
		     enum acl_kind kind, struct acl_ids *ids)
{
	int ret = 0;

	if (kind == ACL_OWN)
		return cond->list != 0 ? acl_ids_join(ids, &c->atom[cond->list - 1].classes) : 0;
	for (uint32_t i = 0; ret == 0 && i < cond->n_sets; i++)
		ret = acl_ids_join(ids, &c->atom[n_lists + cond->set[i]].classes);
	return ret;
}

/* In the list or in a set are two boxes; in neither is one. */
static int boxes_make(const struct acl_cond *cond, const struct acl_classes *c, uint32_t n_lists,
		      struct acl_resolved *r)
{
	bool has[ACL_KINDS] = { cond->list != 0, cond->n_sets > 0 };
	int ret = 0;

	r->n_boxes = !cond->except && has[ACL_OWN] && has[ACL_SET] ? 2 : 1;
	for (uint32_t i = 0; i < r->n_boxes; i++)
		for (int kind = 0; ret == 0 && kind < ACL_KINDS; kind++) {
			struct acl_box *box = &r->box[i];

			box->any[kind] = !has[kind] || (r->n_boxes == 2 && kind != (int)i);
			if (box->any[kind])
				continue;
			ret = kind_join(cond, c, n_lists, kind, &box->ids[kind]);
			if (ret == 0 && cond->except)
				ret = acl_ids_invert(&box->ids[kind], c->n[kind]);
		}
	return ret;
}

static int cond_resolve(const struct acl_cond *cond, const struct acl_classes *c, uint32_t n_lists,
			struct acl_resolved *r)
{
	int ret = boxes_make(cond, c, n_lists, r);

	if (ret == 0 && cond->list != 0)
		ret = acl_ids_join(&r->pairs, &c->atom[cond->list - 1].pairs);
	for (uint32_t i = 0; ret == 0 && i < cond->n_sets; i++)
		ret = acl_ids_join(&r->pairs, &c->atom[n_lists + cond->set[i]].pairs);
	return ret == 0 && cond->except ? acl_ids_invert(&r->pairs, c->n_pairs) : ret;
}

static int pair_codes_fill(struct acl_side *side, const struct acl_classes *c)
{
	for (int kind = 0; kind < ACL_KINDS; kind++) {
		bool wide = acl_is_wide(c->n[kind]);

		side->n[kind] = c->n[kind];
		side->code[kind] = malloc(c->n_pairs * sizeof(uint16_t));
		if (side->code[kind] == NULL)
			return -ENOMEM;
		for (uint32_t i = 0; i < c->n_pairs; i++)
			side->code[kind][i] = acl_code(c->pair[i].class[kind], wide);
	}
	side->n_pairs = c->n_pairs;
	return 0;
}

static int side_take(struct acl_side *side, enum acl_family family, const struct acl_classes *c,
		     const struct acl_conds *conds, uint32_t n_lists)
{
	int ret = acl_table_init(&side->table, family, c->start, c->number, c->n_intervals);

	if (ret == 0)
		ret = pair_codes_fill(side, c);
	side->resolved = calloc(conds->n + 1u, sizeof(*side->resolved));
	if (side->resolved == NULL)
		return -ENOMEM;
	side->n_conds = conds->n;
	for (uint32_t i = 0; ret == 0 && i < conds->n; i++)
		ret = cond_resolve(&conds->cond[i], c, n_lists, &side->resolved[i]);
	return ret;
}

static int side_resolve(struct acl_build *b, enum acl_family family, enum acl_direction direction)
{
	struct vnf_acl *acl = b->acl;
	const struct acl_lists *own = &acl->own[direction];
	uint32_t n = own->n + acl->n_sets[direction];
	struct acl_atom *atoms = calloc(n + 1u, sizeof(*atoms));
	struct acl_classes c;
	int ret;

	if (atoms == NULL)
		return classes_wrong(b, -ENOMEM, VNF_ACL_FIELD_SRC + direction);
	for (uint32_t i = 0; i < own->n; i++)
		atoms[i].spans = &own->list[i].of[family];
	for (uint32_t i = own->n; i < n; i++)
		atoms[i] = (struct acl_atom){
			.spans = &acl->set[direction][i - own->n]->of[family],
			.kind = ACL_SET,
		};
	ret = acl_classes_init(&c, atoms, n, acl_addr_last(family));
	if (ret == 0)
		ret = side_take(&acl->side[family][direction], family, &c, &acl->conds[direction],
				own->n);
	acl_classes_fini(&c);
	return ret < 0 ? classes_wrong(b, ret, VNF_ACL_FIELD_SRC + direction) : 0;
}

/* A rule is of a family if there are addresses for it on both sides. */
static void families_set(struct vnf_acl *acl, struct acl_rule *rule)
{
	for (int f = 0; f < ACL_FAMILIES; f++)
		for (int d = 0; d < ACL_DIRECTIONS; d++)
			if (rule->cond[d] != 0 &&
			    acl->side[f][d].resolved[rule->cond[d] - 1].pairs.n == 0)
				rule->in[f] = false;
}

int acl_resolve(struct acl_build *b)
{
	int ret = 0;

	for (int dim = 0; ret == 0 && dim < ACL_DIMS; dim++)
		ret = dim_resolve(b, dim);
	for (int f = 0; ret == 0 && f < ACL_FAMILIES; f++)
		for (int d = 0; ret == 0 && d < ACL_DIRECTIONS; d++)
			ret = side_resolve(b, f, d);
	for (uint32_t i = 0; ret == 0 && i < b->acl->n_rules; i++)
		families_set(b->acl, &b->acl->rule[i]);
	return ret;
}

static void resolved_fini(struct acl_resolved *r)
{
	acl_ids_fini(&r->pairs);
	for (uint32_t i = 0; i < r->n_boxes; i++)
		for (int kind = 0; kind < ACL_KINDS; kind++)
			acl_ids_fini(&r->box[i].ids[kind]);
}

static void side_fini(struct acl_side *side)
{
	acl_table_fini(&side->table);
	for (int kind = 0; kind < ACL_KINDS; kind++)
		free(side->code[kind]);
	for (uint32_t i = 0; i < side->n_conds; i++)
		resolved_fini(&side->resolved[i]);
	free(side->resolved);
}

void acl_resolved_fini(struct vnf_acl *acl)
{
	for (int dim = 0; dim < ACL_DIMS; dim++) {
		for (uint32_t i = 0; i < acl->dim[dim].n_lists; i++)
			acl_ids_fini(&acl->dim[dim].ids[i]);
		free(acl->dim[dim].ids);
		free(acl->dim[dim].code);
	}
	for (int f = 0; f < ACL_FAMILIES; f++)
		for (int d = 0; d < ACL_DIRECTIONS; d++)
			side_fini(&acl->side[f][d]);
}
