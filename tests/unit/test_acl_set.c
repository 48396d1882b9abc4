/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sets of addresses: from memory, from files, and a million of them.
 */
#include "acl_support.h"

#include <time.h>

#define MILLION 1000000u

static char path[64];
static char why[512];

static void file_write(const char *text)
{
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/vnf-acl-set-%d", (int)getpid());
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static void file_remove(void)
{
	unlink(path);
}

TestSuite(acl_set, .fini = file_remove);

static bool has(const struct vnf_acl_set *set, const char *text)
{
	struct vnf_acl_range r = acl_range(text);

	return vnf_acl_set_has(set, r.version, r.first);
}

Test(acl_set, ranges_are_joined)
{
	struct vnf_acl_range ranges[] = {
		acl_range("10.0.1.0/24"),   acl_range("10.0.0.0/24"),
		acl_range("10.0.0.7"),      acl_range("10.0.3.0-10.0.3.9"),
		acl_range("2001:db8::/64"), acl_range("255.255.255.0/24"),
		acl_range("ffff::/16")
	};
	struct vnf_acl_set *set;

	cr_assert_eq(vnf_acl_set_create(ranges, RTE_DIM(ranges), &set), 0);
	cr_assert_eq(vnf_acl_set_count(set, 4), 3);
	cr_assert_eq(vnf_acl_set_count(set, 6), 2);
	cr_assert(has(set, "10.0.0.0") && has(set, "10.0.1.255") && has(set, "10.0.3.9"));
	cr_assert(!has(set, "10.0.2.0") && !has(set, "10.0.3.10") && !has(set, "9.255.255.255"));
	cr_assert(has(set, "2001:db8::ffff") && !has(set, "2001:db8:0:1::"));
	cr_assert(has(set, "255.255.255.255"));
	cr_assert(has(set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	vnf_acl_set_destroy(set);
	ranges[1].last[0] = 9;
	cr_assert_eq(vnf_acl_set_create(ranges, 2, &set), -EINVAL);
	cr_assert_eq(vnf_acl_set_create(ranges, (size_t)VNF_ACL_SET_MAX + 1, &set), -E2BIG);
	cr_assert_eq(vnf_acl_set_create(NULL, 0, &set), 0);
	cr_assert(!has(set, "10.0.0.1"));
	vnf_acl_set_destroy(set);
	vnf_acl_set_destroy(NULL);
}

Test(acl_set, texts_that_are_no_range)
{
	static const char *const texts[] = {
		"",
		"x",
		"10.0.0.1/33",
		"10.0.0.1/24",
		"10.0.0.9-10.0.0.1",
		"10.0.0.1-",
		"-10.0.0.1",
		"10.0.0.1-2001:db8::1",
		"::/129",
		"::ffff:1.2.3.4",
		"10.0.0.1-10.0.0.2-10.0.0.3",
		"10.0.0",
	};
	struct vnf_acl_range r;

	for (size_t i = 0; i < RTE_DIM(texts); i++)
		cr_assert_eq(vnf_acl_range_parse(texts[i], &r, why, sizeof(why)), -EINVAL, "%s",
			     texts[i]);
}

Test(acl_set, file)
{
	struct vnf_acl_set *set;

	file_write("# a list\n\n  10.0.0.0/8 # all\n\t192.0.2.1\n2001:db8::/32\r\n"
		   "198.51.100.1-198.51.100.3");
	cr_assert_eq(vnf_acl_set_load(path, &set, why, sizeof(why)), 0, "%s", why);
	cr_assert_eq(vnf_acl_set_count(set, 4), 3);
	cr_assert_eq(vnf_acl_set_count(set, 6), 1);
	cr_assert(has(set, "10.255.255.255") && has(set, "198.51.100.3"));
	vnf_acl_set_destroy(set);
}

static void wrong_file(const char *text, const char *words)
{
	struct vnf_acl_set *set;

	file_write(text);
	cr_assert_eq(vnf_acl_set_load(path, &set, why, sizeof(why)), -EINVAL);
	cr_assert_null(set);
	cr_assert_not_null(strstr(why, path), "%s", why);
	cr_assert_not_null(strstr(why, words), "%s", why);
}

Test(acl_set, file_with_errors)
{
	struct vnf_acl_set *set;
	static char longest[5000];

	wrong_file("10.0.0.0/8\n10.0.0.1/8\n", ":2: \"10.0.0.1/8\" has bits beyond its length");
	wrong_file("\n\nabc\n", ":3: \"abc\" is no address");
	wrong_file("10.0.0.1 10.0.0.2\n", ":1: more than one word: \"10.0.0.2\"");
	wrong_file("10.0.0.2-10.0.0.1\n", ":1: \"10.0.0.2-10.0.0.1\" does not end behind");
	memset(longest, 'a', sizeof(longest) - 1);
	wrong_file(longest, ":1: longer than 4094 octets");
	file_remove();
	cr_assert_eq(vnf_acl_set_load(path, &set, why, sizeof(why)), -EINVAL);
	cr_assert_not_null(strstr(why, "No such file"), "%s", why);
	cr_assert_eq(vnf_acl_set_load("/tmp", &set, why, sizeof(why)), -EINVAL);
	cr_assert_not_null(strstr(why, "it is no file"), "%s", why);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One prefix in two is of IPv6. */
static void million_write(void)
{
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/vnf-acl-set-%d", (int)getpid());
	f = fopen(path, "w");
	cr_assert_not_null(f);
	for (uint32_t i = 0; i < MILLION; i++) {
		uint32_t r = (uint32_t)acl_random();

		if (i % 2 == 0)
			fprintf(f, "%u.%u.%u.0/24\n", 1 + r % 222, r >> 8 & 0xff, r >> 16 & 0xff);
		else
			fprintf(f, "2001:%x:%x::/48\n", r & 0xffff, r >> 16);
	}
	fclose(f);
}

/* Loaded, built and looked up beside a search in the set; what it takes is bounded. */
Test(acl_set, million_prefixes_of_a_file, .timeout = 120)
{
	struct vnf_acl_set *set;
	const struct vnf_acl_set *sets;
	struct vnf_acl_rule rules[2] = { { .src = { .n_sets = 1 } },
					 { .dst = { .n_sets = 1, .except = true } } };
	struct vnf_acl_conf conf = { .rules = rules, .n_rules = 2 };
	struct vnf_acl_packet p = { .vlan = VNF_ACL_UNTAGGED, .fragment = VNF_ACL_WHOLE };
	struct vnf_acl_error error;
	struct vnf_acl_cost cost;
	struct vnf_acl *acl;
	double began, loaded, built;
	uint32_t matched[2] = { 0, 0 };

	million_write();
	began = seconds();
	cr_assert_eq(vnf_acl_set_load(path, &set, why, sizeof(why)), 0, "%s", why);
	loaded = seconds();
	sets = set;
	rules[0].src.sets = rules[1].dst.sets = &sets;
	cr_assert_eq(vnf_acl_check(&conf, &acl, &error), 0, "%s", error.text);
	built = seconds();
	vnf_acl_cost(acl, &cost);
	printf("# a million prefixes: loaded in %.2f s, built in %.2f s, %.1f MiB\n",
	       loaded - began, built - loaded, (double)cost.bytes / (1 << 20));
#ifndef __SANITIZE_ADDRESS__
	cr_assert_lt(loaded - began, 2);
	cr_assert_lt(built - loaded, 4);
#endif
	cr_assert_lt(cost.bytes, 100u << 20);
	for (uint32_t i = 0; i < 200000; i++) {
		bool in[2];

		p.version = i % 2 == 0 ? 4 : 6;
		for (int d = 0; d < 2; d++) {
			uint8_t *addr = d == 0 ? p.src : p.dst;
			uint32_t r = (uint32_t)acl_random();

			memset(addr, 0, 16);
			memcpy(addr, &r, 4);
			if (p.version == 6) {
				memcpy(addr + 2, &r, 4);
				addr[0] = 0x20;
				addr[1] = 0x01;
				addr[6 + r % 10] = (uint8_t)(r >> 8);
			}
			in[d] = vnf_acl_set_has(set, p.version, addr);
		}
		cr_assert_eq(vnf_acl_find(acl, &p), in[0] ? 0 : in[1] ? VNF_ACL_NONE : 1);
		matched[p.version == 6] += in[0];
	}
	cr_assert(matched[0] > 1000 && matched[1] > 3, "%u %u", matched[0], matched[1]);
	vnf_acl_set_destroy(set);
	vnf_acl_destroy(acl);
}
