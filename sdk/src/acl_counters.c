/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Counts of rules. A row is what one rule of one or more generations counts in: a struct
 * vnf_acl_count for each worker. Rows are in chunks, that of a worker side by side, so that no two
 * workers write to one cache line, and never move. Control thread; workers write to rows.
 */

#include <vnf/acl.h>

#include <errno.h>
#include <stdlib.h>

#define CHUNK_ROWS 256

struct row {
	struct vnf_acl_count *count; /* worker 0's; the next one's is CHUNK_ROWS further */
	char *name;
	uint32_t refs; /* of tallies; 0: free */
};

struct vnf_acl_counters {
	uint16_t n_workers;
	struct row *row;
	uint32_t n_rows; /* a multiple of CHUNK_ROWS */
	uint32_t *free;  /* stack of free rows */
	uint32_t n_free;
};

/* A tally and what only this file knows of it. */
struct tally {
	struct vnf_acl_tally pub;
	uint32_t *row; /* of each rule */
};

/* ---- rows ---- */

static int rows_grow(struct vnf_acl_counters *c)
{
	uint32_t n = c->n_rows + CHUNK_ROWS;
	size_t bytes = (size_t)c->n_workers * CHUNK_ROWS * sizeof(struct vnf_acl_count);
	struct row *rows = realloc(c->row, n * sizeof(*rows));
	uint32_t *unused = realloc(c->free, n * sizeof(*unused));
	struct vnf_acl_count *count = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);

	c->row = rows != NULL ? rows : c->row;
	c->free = unused != NULL ? unused : c->free;
	if (rows == NULL || unused == NULL || count == NULL) {
		free(count);
		return -ENOMEM;
	}
	memset(count, 0, bytes);
	for (uint32_t i = c->n_rows; i < n; i++)
		c->row[i] = (struct row){ .count = count++ };
	for (uint32_t i = n; i-- > c->n_rows;)
		c->free[c->n_free++] = i;
	c->n_rows = n;
	return 0;
}

static int64_t row_take(struct vnf_acl_counters *c, const char *name)
{
	struct row *row;

	if (c->n_free == 0 && rows_grow(c) < 0)
		return -ENOMEM;
	row = &c->row[c->free[c->n_free - 1]];
	row->name = name != NULL ? strdup(name) : NULL;
	if (name != NULL && row->name == NULL)
		return -ENOMEM;
	for (uint32_t w = 0; w < c->n_workers; w++)
		row->count[(size_t)w * CHUNK_ROWS] = (struct vnf_acl_count){ 0 };
	row->refs = 1;
	return c->free[--c->n_free];
}

static void row_put(struct vnf_acl_counters *c, uint32_t at)
{
	if (--c->row[at].refs > 0)
		return;
	free(c->row[at].name);
	c->row[at].name = NULL;
	c->free[c->n_free++] = at;
}

/* ---- names ---- */

struct names {
	uint32_t *slot; /* row and one more; 0: free */
	uint32_t mask;
};

static uint32_t *name_find(const struct vnf_acl_counters *c, const struct names *names,
			   const char *name)
{
	uint64_t hash = 1;
	uint32_t at;

	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	at = (uint32_t)(hash ^ hash >> 32) & names->mask;
	while (names->slot[at] != 0 && strcmp(c->row[names->slot[at] - 1].name, name) != 0)
		at = (at + 1) & names->mask;
	return &names->slot[at];
}

/* All that there are before the new generation, and room for its own. */
static int names_init(struct names *names, const struct vnf_acl_counters *c, uint32_t n)
{
	uint32_t size = 2;

	while (size < 2 * (c->n_rows + n))
		size *= 2;
	names->mask = size - 1;
	names->slot = calloc(size, sizeof(*names->slot));
	if (names->slot == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_rows; i++)
		if (c->row[i].name != NULL)
			*name_find(c, names, c->row[i].name) = i + 1;
	return 0;
}

/* ---- public ---- */

int vnf_acl_counters_create(uint16_t n_workers, struct vnf_acl_counters **counters)
{
	*counters = NULL;
	if (n_workers == 0)
		return -EINVAL;
	*counters = calloc(1, sizeof(**counters));
	if (*counters == NULL)
		return -ENOMEM;
	(*counters)->n_workers = n_workers;
	return 0;
}

void vnf_acl_counters_destroy(struct vnf_acl_counters *counters)
{
	if (counters == NULL)
		return;
	for (uint32_t i = 0; i < counters->n_rows; i++) {
		free(counters->row[i].name);
		if (i % CHUNK_ROWS == 0)
			free(counters->row[i].count);
	}
	free(counters->row);
	free(counters->free);
	free(counters);
}

/* The row of a name that is there and that this generation has not taken yet, or a new one. */
static int64_t rule_row(struct vnf_acl_counters *c, struct names *names, const char *name,
			uint8_t *taken, uint32_t n_before)
{
	uint32_t *slot = name != NULL ? name_find(c, names, name) : NULL;
	int64_t row;

	if (slot != NULL && *slot != 0) {
		uint32_t at = *slot - 1;

		if (at >= n_before || taken[at] != 0)
			return row_take(c, NULL);
		taken[at] = 1;
		c->row[at].refs++;
		return at;
	}
	row = row_take(c, name);
	if (slot != NULL && row >= 0) {
		*slot = (uint32_t)row + 1;
		if (row < n_before)
			taken[row] = 1;
	}
	return row;
}

static int rules_count(struct tally *t, const struct vnf_acl_rule *rules, uint32_t n)
{
	struct vnf_acl_counters *c = t->pub.counters;
	uint32_t n_before = c->n_rows;
	uint8_t *taken = calloc(n_before + 1u, 1);
	struct names names = { NULL, 0 };
	int ret = taken != NULL ? names_init(&names, c, n) : -ENOMEM;

	for (uint32_t i = 0; ret == 0 && i < n; i++) {
		int64_t row = rule_row(c, &names, rules[i].name, taken, n_before);

		if (row < 0) {
			ret = -ENOMEM;
			break;
		}
		t->row[i] = (uint32_t)row;
		t->pub.rule[i] = c->row[row].count;
		t->pub.n++;
	}
	free(names.slot);
	free(taken);
	return ret;
}

int vnf_acl_tally_create(struct vnf_acl_counters *counters, const struct vnf_acl_rule *rules,
			 uint32_t n, struct vnf_acl_tally **tally)
{
	struct tally *t = calloc(1, sizeof(*t));
	int ret;

	*tally = NULL;
	if (t == NULL)
		return -ENOMEM;
	t->pub.counters = counters;
	t->pub.stride = CHUNK_ROWS;
	t->pub.rule = calloc(n + 1u, sizeof(struct vnf_acl_count *));
	t->row = calloc(n + 1u, sizeof(*t->row));
	ret = t->pub.rule != NULL && t->row != NULL ? rules_count(t, rules, n) : -ENOMEM;
	if (ret < 0) {
		vnf_acl_tally_destroy(&t->pub);
		return ret;
	}
	*tally = &t->pub;
	return 0;
}

void vnf_acl_tally_destroy(struct vnf_acl_tally *tally)
{
	struct tally *t = (struct tally *)tally;

	if (t == NULL)
		return;
	for (uint32_t i = 0; i < tally->n; i++)
		row_put(tally->counters, t->row[i]);
	free(tally->rule);
	free(t->row);
	free(t);
}

void vnf_acl_tally_read(const struct vnf_acl_tally *tally, uint32_t rule, struct vnf_acl_count *sum)
{
	*sum = (struct vnf_acl_count){ 0 };
	for (uint32_t w = 0; w < tally->counters->n_workers; w++) {
		const struct vnf_acl_count *c = tally->rule[rule] + (size_t)w * tally->stride;
		uint64_t last = __atomic_load_n(&c->last_ns, __ATOMIC_RELAXED);

		sum->packets += __atomic_load_n(&c->packets, __ATOMIC_RELAXED);
		sum->octets += __atomic_load_n(&c->octets, __ATOMIC_RELAXED);
		sum->last_ns = RTE_MAX(sum->last_ns, last);
	}
}
