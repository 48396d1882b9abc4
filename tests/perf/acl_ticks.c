/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the classifier costs, beside rte_acl with the same rules: ticks of the time-stamp counter
 * for each packet, in bursts of 32. Rules are as of ClassBench: prefixes of few lengths that lie in
 * one another, ports from a small number of ranges, TCP, UDP or any protocol. Packets are of IPv4,
 * each made for one of the rules. Turns alternate.
 *
 *     RULES:bare      rte_acl, with a key of protocol, addresses and ports
 *     RULES:acl       vnf_acl_classify()
 *     RULES:sets      the same, with each tenth rule's source in one of four sets of together a
 *                     million prefixes
 *     table:fib       of the million prefixes, rte_fib: DIR24_8 with entries of two octets
 *     table:own       the classifier's search, as bare as that
 *
 * Prints "NAME TICKS", and for each "NAME:build MS", "NAME:mib MIB", "NAME:octets N" of the key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_malloc.h>
#include <rte_rib.h>

#include <vnf/acl.h>
#include <vnf/vnf.h>

#include "acl_priv.h"

#define BURST VNF_BURST_MAX
#define BURSTS 256 /* of a turn: packets that differ */
#define PACKETS (BURST * BURSTS)
#define TURNS 31
#define RULES_MAX 10000
#define SETS 4
#define MILLION 1000000u

static uint64_t state = 1;

static uint32_t chance(uint32_t below)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) % below);
}

static void fail(const char *what)
{
	fprintf(stderr, "acl-ticks: %s\n", what);
	exit(1);
}

/* ---- rules ---- */

/* One in numbers, of which both forms are made. */
struct made {
	uint32_t src, dst;
	uint8_t src_length, dst_length, proto; /* 0: any */
	struct vnf_acl_span src_port, dst_port;
};

static struct made made[RULES_MAX];
static struct vnf_acl_rule rules[RULES_MAX];
static struct vnf_acl_range src[RULES_MAX], dst[RULES_MAX];
static struct vnf_acl_span proto[RULES_MAX];
static struct vnf_acl_set *sets[SETS];
static struct vnf_acl_range prefixes[MILLION];

static uint32_t mask_of(uint8_t length)
{
	return length == 0 ? 0 : UINT32_MAX << (32 - length);
}

static uint8_t length_of(void)
{
	static const uint8_t lengths[] = { 0, 8, 16, 20, 24, 24, 24, 27, 28, 30, 32, 32, 32, 32 };

	return lengths[chance(RTE_DIM(lengths))];
}

static struct vnf_acl_span port_of(bool any)
{
	static const struct vnf_acl_span usual[] = { { 0, 65535 },    { 80, 80 },  { 443, 443 },
						     { 53, 53 },      { 22, 22 },  { 25, 25 },
						     { 1024, 65535 }, { 0, 1023 }, { 5060, 5061 } };
	uint32_t one = chance(65536);

	if (any || chance(100) < 30)
		return usual[0];
	return chance(100) < 70 ? usual[chance(RTE_DIM(usual))] : (struct vnf_acl_span){ one, one };
}

static void make(uint32_t n)
{
	static const uint8_t protos[] = { 6, 6, 6, 6, 17, 17, 0 };

	state = n;
	for (uint32_t i = 0; i < n; i++) {
		struct made *m = &made[i];

		m->src_length = length_of();
		m->dst_length = chance(10) == 0 ? 8 : (uint8_t)RTE_MAX(length_of(), 16);
		m->src = (chance(64) << 24 | chance(16) << 16 | chance(65536)) &
			 mask_of(m->src_length);
		m->dst = (10u << 24 | chance(8) << 16 | chance(65536)) & mask_of(m->dst_length);
		m->proto = protos[chance(RTE_DIM(protos))];
		m->src_port = port_of(chance(10) > 0);
		m->dst_port = port_of(false);
	}
}

static struct vnf_acl_range range_of(uint32_t addr, uint8_t length)
{
	struct vnf_acl_range r = { .version = 4 };
	uint32_t first = rte_cpu_to_be_32(addr), last = rte_cpu_to_be_32(addr | ~mask_of(length));

	memcpy(r.first, &first, sizeof(first));
	memcpy(r.last, &last, sizeof(last));
	return r;
}

/* Without protocol where a rule has ports, as rte_acl: packets are of TCP and UDP. */
static void rules_make(uint32_t n, bool with_sets)
{
	memset(rules, 0, sizeof(rules));
	for (uint32_t i = 0; i < n; i++) {
		const struct made *m = &made[i];
		struct vnf_acl_rule *r = &rules[i];

		src[i] = range_of(m->src, m->src_length);
		dst[i] = range_of(m->dst, m->dst_length);
		proto[i] = (struct vnf_acl_span){ m->proto, m->proto };
		if (with_sets && i % 10 == 0) {
			r->src.sets = (const struct vnf_acl_set *const *)&sets[i / 10 % SETS];
			r->src.n_sets = 1;
		} else if (m->src_length > 0) {
			r->src = (struct vnf_acl_addresses){ .ranges = &src[i], .n_ranges = 1 };
		}
		r->dst = (struct vnf_acl_addresses){ .ranges = &dst[i], .n_ranges = 1 };
		if (m->proto != 0)
			r->protos = (struct vnf_acl_numbers){ .spans = &proto[i], .n = 1 };
		if (m->src_port.first != 0 || m->src_port.last != 65535)
			r->src_ports = (struct vnf_acl_numbers){ .spans = &m->src_port, .n = 1 };
		if (m->dst_port.first != 0 || m->dst_port.last != 65535)
			r->dst_ports = (struct vnf_acl_numbers){ .spans = &m->dst_port, .n = 1 };
	}
}

static void sets_make(void)
{
	state = 7;
	for (uint32_t i = 0; i < MILLION; i++) {
		uint8_t length = (uint8_t)(chance(4) > 0 ? 24 : 20 + chance(13));
		uint32_t addr = (1 + chance(222)) << 24 | chance(1u << 24);

		prefixes[i] = range_of(addr & mask_of(length), length);
	}
	for (uint32_t s = 0; s < SETS; s++)
		if (vnf_acl_set_create(prefixes + (size_t)s * (MILLION / SETS), MILLION / SETS,
				       &sets[s]) < 0)
			fail("no memory for sets");
}

/* ---- packets ---- */

/* In the form that rte_acl reads: all in network order. */
struct bare_key {
	uint8_t proto;
	uint8_t unused[3];
	rte_be32_t src, dst;
	rte_be16_t src_port, dst_port;
};

static struct vnf_acl_packet packets[PACKETS];
static struct bare_key keys[PACKETS];
static uint32_t addresses[PACKETS]; /* host order */

static uint32_t between(struct vnf_acl_span s)
{
	return s.first + chance(s.last - s.first + 1);
}

static void packet_make(uint32_t at, const struct made *m, bool with_sets)
{
	const struct vnf_acl_range *p = &prefixes[chance(MILLION)];
	uint32_t s = m->src | (chance(UINT32_MAX) & ~mask_of(m->src_length));
	uint32_t d = m->dst | (chance(UINT32_MAX) & ~mask_of(m->dst_length));
	struct bare_key *k = &keys[at];
	struct vnf_acl_packet *to = &packets[at];

	*k = (struct bare_key){ .proto = m->proto != 0 ? m->proto : 6,
				.src = rte_cpu_to_be_32(s),
				.dst = rte_cpu_to_be_32(d) };
	if (with_sets)
		memcpy(&k->src, p->first, sizeof(k->src));
	k->src_port = rte_cpu_to_be_16((uint16_t)between(m->src_port));
	k->dst_port = rte_cpu_to_be_16((uint16_t)between(m->dst_port));
	*to = (struct vnf_acl_packet){ .version = 4,
				       .proto = k->proto,
				       .vlan = VNF_ACL_UNTAGGED,
				       .fragment = VNF_ACL_WHOLE,
				       .has = VNF_ACL_HAS_PORTS,
				       .src_port = rte_be_to_cpu_16(k->src_port),
				       .dst_port = rte_be_to_cpu_16(k->dst_port) };
	memcpy(to->src, &k->src, sizeof(k->src));
	memcpy(to->dst, &k->dst, sizeof(k->dst));
	addresses[at] = rte_be_to_cpu_32(k->src);
}

static void packets_make(uint32_t n, bool with_sets)
{
	state = 3;
	for (uint32_t i = 0; i < PACKETS; i++)
		packet_make(i, &made[chance(n)], with_sets && i % 2 == 0);
}

/* ---- rte_acl alone ---- */

enum { PROTO, SRC, DST, SRC_PORT, DST_PORT, FIELDS };

RTE_ACL_RULE_DEF(bare_rule, FIELDS);

static struct rte_acl_config bare_config(void)
{
	return (struct rte_acl_config){
		.num_categories = 1,
		.num_fields = FIELDS,
		.max_size = VNF_ACL_TRIE_BYTES,
		.defs = { { RTE_ACL_FIELD_TYPE_BITMASK, 1, PROTO, 0,
			    offsetof(struct bare_key, proto) },
			  { RTE_ACL_FIELD_TYPE_MASK, 4, SRC, 1, offsetof(struct bare_key, src) },
			  { RTE_ACL_FIELD_TYPE_MASK, 4, DST, 2, offsetof(struct bare_key, dst) },
			  { RTE_ACL_FIELD_TYPE_RANGE, 2, SRC_PORT, 3,
			    offsetof(struct bare_key, src_port) },
			  { RTE_ACL_FIELD_TYPE_RANGE, 2, DST_PORT, 3,
			    offsetof(struct bare_key, dst_port) } },
	};
}

static void bare_add(struct rte_acl_ctx *ctx, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct made *m = &made[i];
		struct bare_rule r = { .data = { 1, (int32_t)(n - i), i + 1 } };

		r.field[PROTO].value.u8 = m->proto;
		r.field[PROTO].mask_range.u8 = m->proto != 0 ? 0xff : 0;
		r.field[SRC].value.u32 = m->src;
		r.field[SRC].mask_range.u32 = m->src_length;
		r.field[DST].value.u32 = m->dst;
		r.field[DST].mask_range.u32 = m->dst_length;
		r.field[SRC_PORT].value.u16 = (uint16_t)m->src_port.first;
		r.field[SRC_PORT].mask_range.u16 = (uint16_t)m->src_port.last;
		r.field[DST_PORT].value.u16 = (uint16_t)m->dst_port.first;
		r.field[DST_PORT].mask_range.u16 = (uint16_t)m->dst_port.last;
		if (rte_acl_add_rules(ctx, (const struct rte_acl_rule *)&r, 1) != 0)
			fail("rte_acl_add_rules");
	}
}

static double ms_since(uint64_t began)
{
	return (double)(rte_rdtsc_precise() - began) * 1000 / (double)rte_get_tsc_hz();
}

static uint64_t heap_bytes(void)
{
	struct rte_malloc_socket_stats stats;

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static struct rte_acl_ctx *bare_build(uint32_t n)
{
	struct rte_acl_param param = { .name = "bare",
				       .socket_id = SOCKET_ID_ANY,
				       .rule_size = sizeof(struct bare_rule),
				       .max_rule_num = n };
	struct rte_acl_config config = bare_config();
	uint64_t before = heap_bytes(), began = rte_rdtsc_precise();
	struct rte_acl_ctx *ctx = rte_acl_create(&param);

	if (ctx == NULL)
		fail("rte_acl_create");
	bare_add(ctx, n);
	if (rte_acl_build(ctx, &config) != 0)
		fail("rte_acl_build");
	printf("%u:bare:build %.1f\n", n, ms_since(began));
	printf("%u:bare:mib %.2f\n", n, (double)(heap_bytes() - before) / (1 << 20));
	printf("%u:bare:octets 13\n", n);
	return ctx;
}

/* ---- turns ---- */

static uint32_t result[PACKETS];

static double bare_turn(const struct rte_acl_ctx *ctx)
{
	const uint8_t *data[BURST];
	uint64_t began = rte_rdtsc_precise();

	for (uint32_t b = 0; b < PACKETS; b += BURST) {
		for (uint32_t i = 0; i < BURST; i++)
			data[i] = (const uint8_t *)&keys[b + i];
		rte_acl_classify(ctx, data, &result[b], BURST, 1);
	}
	return (double)(rte_rdtsc_precise() - began) / PACKETS;
}

static double acl_turn(const struct vnf_acl *acl)
{
	uint64_t began = rte_rdtsc_precise();

	for (uint32_t b = 0; b < PACKETS; b += BURST)
		vnf_acl_classify(acl, &packets[b], BURST, &result[b]);
	return (double)(rte_rdtsc_precise() - began) / PACKETS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *of)
{
	qsort(of, TURNS, sizeof(*of), compare);
	return of[TURNS / 2];
}

/* ---- measurements ---- */

static struct vnf_acl *acl_build(uint32_t n, const char *name)
{
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = n };
	struct vnf_acl_error error;
	struct vnf_acl_cost cost;
	struct vnf_acl *acl;
	uint64_t began = rte_rdtsc_precise();

	if (vnf_acl_build(&conf, &acl, &error) < 0)
		fail(error.text);
	printf("%u:%s:build %.1f\n", n, name, ms_since(began));
	vnf_acl_cost(acl, &cost);
	printf("%u:%s:mib %.2f\n", n, name, (double)cost.bytes / (1 << 20));
	printf("%u:%s:octets %u\n", n, name, cost.octets[0]);
	return acl;
}

static void same(uint32_t n, const struct rte_acl_ctx *ctx, const struct vnf_acl *acl)
{
	static uint32_t wanted[PACKETS];

	bare_turn(ctx);
	for (uint32_t i = 0; i < PACKETS; i++)
		wanted[i] = result[i] - 1;
	acl_turn(acl);
	if (memcmp(wanted, result, sizeof(wanted)) != 0)
		fail("rte_acl and the classifier do not agree");
	(void)n;
}

static void measure(uint32_t n)
{
	double bare[TURNS], plain[TURNS], with[TURNS];
	struct rte_acl_ctx *ctx;
	struct vnf_acl *acl, *sets_acl;

	make(n);
	ctx = bare_build(n);
	rules_make(n, false);
	acl = acl_build(n, "acl");
	packets_make(n, false);
	same(n, ctx, acl);
	rules_make(n, true);
	sets_acl = acl_build(n, "sets");
	for (int t = 0; t < TURNS; t++) {
		packets_make(n, false);
		bare_turn(ctx);
		bare[t] = bare_turn(ctx);
		acl_turn(acl);
		plain[t] = acl_turn(acl);
		packets_make(n, true);
		acl_turn(sets_acl);
		with[t] = acl_turn(sets_acl);
	}
	printf("%u:bare %.1f\n%u:acl %.1f\n%u:sets %.1f\n", n, median(bare), n, median(plain), n,
	       median(with));
	vnf_acl_destroy(acl);
	vnf_acl_destroy(sets_acl);
	rte_acl_free(ctx);
}

/* ---- tables ---- */

static struct rte_fib *fib_build(void)
{
	struct rte_fib_conf conf = {
		.type = RTE_FIB_DIR24_8,
		.max_routes = (int)(2 * MILLION),
		.dir24_8 = { .nh_sz = RTE_FIB_DIR24_8_2B, .num_tbl8 = 32767 },
	};
	struct rte_fib *fib;
	uint64_t before = heap_bytes(), began = rte_rdtsc_precise();

	fib = rte_fib_create("fib", SOCKET_ID_ANY, &conf);
	if (fib == NULL)
		fail("rte_fib_create");
	/* No more long ones than it has groups for. */
	for (uint32_t i = 0; i < MILLION; i++) {
		uint32_t first, last;

		memcpy(&first, prefixes[i].first, sizeof(first));
		memcpy(&last, prefixes[i].last, sizeof(last));
		first = rte_be_to_cpu_32(first);
		last = rte_be_to_cpu_32(last);
		rte_fib_add(
			fib, first,
			(uint8_t)RTE_MIN(__builtin_clz((first ^ last) | 1) + (first == last), 24),
			1 + i * SETS / MILLION);
	}
	printf("table:fib:build %.1f\ntable:fib:mib %.2f\n", ms_since(began),
	       (double)(heap_bytes() - before) / (1 << 20));
	return fib;
}

static double fib_turn(struct rte_fib *fib)
{
	uint64_t hop[BURST], began = rte_rdtsc_precise();

	for (uint32_t b = 0; b < PACKETS; b += BURST)
		rte_fib_lookup_bulk(fib, &addresses[b], hop, BURST);
	return (double)(rte_rdtsc_precise() - began) / PACKETS;
}

static double own_turn(const struct acl_table *table)
{
	uint64_t began = rte_rdtsc_precise();
	const uint8_t *addr[BURST];

	for (uint32_t b = 0; b < PACKETS; b += BURST) {
		for (uint32_t i = 0; i < BURST; i++)
			addr[i] = packets[b + i].src;
		acl_table_bulk(table, ACL_V4, addr, &result[b], BURST);
	}
	return (double)(rte_rdtsc_precise() - began) / PACKETS;
}

static void tables_measure(void)
{
	double fib[TURNS], own[TURNS];
	struct rte_fib *f = fib_build();
	struct vnf_acl_rule four[SETS];
	struct vnf_acl_conf conf = { .rules = four, .n_rules = SETS };
	struct vnf_acl_error error;
	struct vnf_acl *acl;
	uint64_t began = rte_rdtsc_precise();

	memset(four, 0, sizeof(four));
	for (int i = 0; i < SETS; i++) {
		four[i].src.sets = (const struct vnf_acl_set *const *)&sets[i];
		four[i].src.n_sets = 1;
	}
	if (vnf_acl_check(&conf, &acl, &error) < 0)
		fail(error.text);
	printf("table:own:build %.1f\ntable:own:mib %.2f\n", ms_since(began),
	       (double)acl->side[ACL_V4][ACL_SRC].table.bytes / (1 << 20));
	packets_make(RULES_MAX, true);
	for (uint32_t i = 0; i < PACKETS; i++)
		packet_make(i, &made[0], true);
	for (int t = 0; t < TURNS; t++) {
		fib_turn(f);
		fib[t] = fib_turn(f);
		own_turn(&acl->side[ACL_V4][ACL_SRC].table);
		own[t] = own_turn(&acl->side[ACL_V4][ACL_SRC].table);
	}
	printf("table:fib %.1f\ntable:own %.1f\n", median(fib), median(own));
	vnf_acl_destroy(acl);
	rte_fib_free(f);
}

int main(void)
{
	static char args[][32] = { "acl-ticks",      "--no-huge", "--no-shconf",  "--no-pci",
				   "--no-telemetry", "-m1400",    "--log-level=4" };
	char *argv[RTE_DIM(args)];

	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[i] = args[i];
	if (rte_eal_init(RTE_DIM(args), argv) < 0)
		fail("DPDK does not start");
	sets_make();
	for (uint32_t n = 10; n <= RULES_MAX; n = n == 10 ? 1000 : n * 10)
		measure(n);
	tables_measure();
	for (int i = 0; i < SETS; i++)
		vnf_acl_set_destroy(sets[i]);
	rte_eal_cleanup();
	return 0;
}
