/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a classifier is made of, vnf/acl.h. On the way from rules to tries:
 *
 *     acl_rules.c     conditions of all rules, as lists of intervals
 *     acl_lists.c     each different condition once
 *     acl_classes.c   numbers for the values that those tell apart
 *     acl_resolve.c   conditions as ranges of these numbers, tables from values to numbers
 *     acl_expand.c    how many entries of rte_acl that makes, and each of them
 *     acl_tries.c     rte_acl
 *     acl_classify.c  packets
 *     acl_explain.c   why and why not, by the same numbers
 *
 * Control thread, but for acl_classify.c and acl_explain.c, which only read. Of DPDK acl_tries.c
 * and acl_classify.c call something that must have been started.
 */
#ifndef VNF_ACL_PRIV_H
#define VNF_ACL_PRIV_H

#include <rte_acl.h>

#include "acl_classes.h"
#include "acl_search.h"
#include "own_heap.h"

/* What is looked at, beside addresses. */
enum acl_dim {
	ACL_PROTO, /* first: rte_acl wants one octet there */
	ACL_ZONE_IN,
	ACL_ZONE_OUT,
	ACL_L4, /* source port, or type and code of ICMP */
	ACL_DST_PORT,
	ACL_FLAGS,
	ACL_VLAN,
	ACL_FRAGMENT,
	ACL_DIMS,
};

enum acl_direction { ACL_SRC, ACL_DST, ACL_DIRECTIONS };

/* Numbers that stand for a packet: values of each dimension, pairs of source and destination. */
#define ACL_VALUES (ACL_DIMS + ACL_DIRECTIONS)
#define ACL_VALUE_OF(direction) (ACL_DIMS + (direction))

/* Conditions of a rule: a list of ranges of classes for each dimension, and for both kinds of both
 * addresses.
 */
#define ACL_SLOTS (ACL_DIMS + ACL_DIRECTIONS * ACL_KINDS)
#define ACL_SLOT_OF(direction, kind) (ACL_DIMS + (direction)*ACL_KINDS + (kind))

#define ACL_L4_ICMP 65536u        /* and type and code: behind source ports */
#define ACL_L4_NONE (2u * 65536u) /* neither */
#define ACL_DST_PORT_NONE 65536u
#define ACL_FLAGS_NONE 256u

/* ---- conditions ---- */

/* Of a dimension only the first is used, of addresses there is one for each family. */
struct acl_list {
	struct acl_spans of[ACL_FAMILIES];
};

/* Different ones, by number. */
struct acl_lists {
	struct acl_list *list;
	uint32_t n;
	uint32_t *slot; /* number and one more, 0: free; open addressing */
	uint32_t mask;
};

/* Of an address: in a list or in one of some sets, or in none of them. */
struct acl_cond {
	uint32_t list; /* and one more; 0: none */
	uint32_t n_sets;
	uint32_t *set; /* ascending */
	bool except;
};

struct acl_conds {
	struct acl_cond *cond;
	uint32_t n;
	uint32_t *slot;
	uint32_t mask;
};

/* Room for n different ones. 0 or -ENOMEM. */
int acl_lists_init(struct acl_lists *lists, uint32_t n);
void acl_lists_fini(struct acl_lists *lists);
void acl_list_fini(struct acl_list *list);
/* Its number and one more. The list becomes theirs. */
uint32_t acl_list_number(struct acl_lists *lists, struct acl_list *list);

int acl_conds_init(struct acl_conds *conds, uint32_t n);
void acl_conds_fini(struct acl_conds *conds);
uint32_t acl_cond_number(struct acl_conds *conds, struct acl_cond *cond);

struct acl_rule {
	/* Numbers of lists and of conditions, and one more; 0: any. */
	uint32_t list[ACL_DIMS];
	uint32_t cond[ACL_DIRECTIONS];
	uint64_t entries;
	bool in[ACL_FAMILIES];
	bool icmp; /* its list of ACL_L4 is of types and codes */
};

/* ---- what conditions come to ---- */

struct acl_classes_of {
	uint32_t n; /* classes */
	uint32_t n_lists;
	struct acl_ids *ids; /* of each list */
	uint16_t *code;      /* of each value: its class, as a key has it */
};

/* Classes of both kinds that an address must have; a condition holds if one of its boxes does. */
struct acl_box {
	bool any[ACL_KINDS];
	struct acl_ids ids[ACL_KINDS];
};

struct acl_resolved {
	struct acl_ids pairs;
	uint32_t n_boxes;
	struct acl_box box[2];
};

/* A direction in a family. */
struct acl_side {
	struct acl_table table;
	uint32_t n[ACL_KINDS];
	uint32_t n_pairs;
	uint16_t *code[ACL_KINDS]; /* of each pair: its class, as a key has it */
	uint32_t n_conds;
	struct acl_resolved *resolved;
};

/* ---- tries ---- */

#define ACL_KEY_OCTETS 32
#define ACL_FIELDS_MAX (ACL_SLOTS + 4)

/* A field of the key, of one or two octets. */
struct acl_field {
	const uint16_t *code; /* NULL: it is always 0 */
	uint8_t value;        /* of those that stand for a packet */
	uint8_t slot;
	uint8_t offset, octets;
	uint32_t n; /* classes */
};

struct acl_trie {
	struct rte_acl_ctx *ctx; /* NULL: there are no rules for the family */
	struct acl_field field[ACL_FIELDS_MAX];
	uint32_t n_fields; /* in ascending order of their offsets, the last ones without meaning */
	uint32_t n_coded;  /* the others */
	uint32_t octets;
	uint64_t entries;
};

struct vnf_acl {
	struct acl_rule *rule;
	uint32_t n_rules;
	bool built; /* tries and all */
	struct acl_classes_of dim[ACL_DIMS];
	struct acl_side side[ACL_FAMILIES][ACL_DIRECTIONS];
	struct acl_trie trie[ACL_FAMILIES];
	struct own_heap heap;
	/* Until all is resolved: */
	struct acl_lists lists[ACL_DIMS], own[ACL_DIRECTIONS];
	struct acl_conds conds[ACL_DIRECTIONS];
	const struct vnf_acl_set **set[ACL_DIRECTIONS];
	uint32_t n_sets[ACL_DIRECTIONS];
};

/* While it is built. */
struct acl_build {
	struct vnf_acl *acl;
	struct vnf_acl_conf conf;
	struct vnf_acl_error *error;
};

/* Say what is wrong with a rule (or with all, VNF_ACL_NONE). Returns `ret`. */
int acl_wrong(struct acl_build *b, int ret, uint32_t rule, enum vnf_acl_field field,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Each takes a step as above. 0 or -errno, with the error said. */
int acl_rules_read(struct acl_build *b);
int acl_resolve(struct acl_build *b);
int acl_expand_count(struct acl_build *b);
int acl_tries_build(struct acl_build *b);

void acl_rules_fini(struct vnf_acl *acl);
void acl_resolved_fini(struct vnf_acl *acl);
void acl_tries_fini(struct vnf_acl *acl);

/* All entries of a rule in a family. `add` returns 0 or -errno, which ends it. */
typedef int (*acl_entry_fn)(void *arg, const struct vnf_acl_span *slot);
int acl_expand(const struct vnf_acl *acl, uint32_t rule, enum acl_family family, acl_entry_fn add,
	       void *arg);

static inline enum acl_family acl_family_of(const struct vnf_acl_packet *packet)
{
	return packet->version == 4 ? ACL_V4 : ACL_V6;
}

/* One octet or two, of a key: stored by two octets each, of which the second is written over by the
 * next field.
 */
static inline uint16_t acl_code(uint32_t class, bool wide)
{
	return wide ? rte_cpu_to_be_16((uint16_t) class) : rte_cpu_to_le_16((uint16_t) class);
}

static inline bool acl_is_wide(uint32_t n)
{
	return n > 256;
}

/* What a packet has, by dimension; addresses are not looked at. */
static inline void acl_values(const struct vnf_acl_packet *p, uint32_t *value)
{
	bool ports = (p->has & VNF_ACL_HAS_PORTS) != 0, icmp = (p->has & VNF_ACL_HAS_ICMP) != 0;
	uint32_t type = ACL_L4_ICMP + ((uint32_t)p->icmp_type << 8 | p->icmp_code);

	value[ACL_PROTO] = p->proto;
	value[ACL_ZONE_IN] = p->zone_in;
	value[ACL_ZONE_OUT] = p->zone_out;
	value[ACL_L4] = ports ? p->src_port : icmp ? type : ACL_L4_NONE;
	value[ACL_DST_PORT] = ports ? p->dst_port : ACL_DST_PORT_NONE;
	value[ACL_FLAGS] = (p->has & VNF_ACL_HAS_FLAGS) != 0 ? p->flags : ACL_FLAGS_NONE;
	value[ACL_VLAN] = RTE_MIN(p->vlan, VNF_ACL_UNTAGGED);
	value[ACL_FRAGMENT] = p->fragment & 7u;
}

#endif
