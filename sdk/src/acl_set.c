/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Sets of addresses, from memory and from files. Control thread; no DPDK calls.
 */

#include "acl_spans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ip_addr.h"
#include "line_file.h"

#define BLANKS " \t\r\n"

/* ---- ranges as text ---- */

static void octets_of(const struct ip_addr *a, uint8_t *octets)
{
	memset(octets, 0, sizeof(a->octet));
	if (ip_is_v4(a))
		memcpy(octets, &a->word[3], sizeof(a->word[3]));
	else
		memcpy(octets, a->octet, sizeof(a->octet));
}

static void range_of(const struct ip_addr *first, const struct ip_addr *last,
		     struct vnf_acl_range *range)
{
	range->version = ip_is_v4(first) ? 4 : 6;
	octets_of(first, range->first);
	octets_of(last, range->last);
}

static int prefix_parse(const char *text, struct vnf_acl_range *range, char *why, size_t why_size)
{
	struct ip_prefix prefix;
	struct ip_addr first, last;

	if (ip_prefix_parse(text, true, &prefix) < 0) {
		snprintf(why, why_size,
			 "\"%.64s\" is no address; they are as 10.0.0.0/8, 2001:db8::1, or "
			 "10.0.0.1-10.0.0.9",
			 text);
		return -EINVAL;
	}
	first = ip_addr_masked(&prefix.addr, prefix.length, false);
	last = ip_addr_masked(&prefix.addr, prefix.length, true);
	if (!ip_addr_equal(&first, &prefix.addr)) {
		snprintf(why, why_size, "\"%.64s\" has bits beyond its length", text);
		return -EINVAL;
	}
	range_of(&first, &last, range);
	return 0;
}

static bool ends_parse(const char *text, const char *dash, struct ip_addr *first,
		       struct ip_addr *last)
{
	char one[IP_TEXT_MAX];
	size_t n = (size_t)(dash - text);

	if (n >= sizeof(one))
		return false;
	memcpy(one, text, n);
	one[n] = '\0';
	return ip_addr_parse(one, first) == 0 && ip_addr_parse(dash + 1, last) == 0;
}

int vnf_acl_range_parse(const char *text, struct vnf_acl_range *range, char *why, size_t why_size)
{
	const char *dash = strchr(text, '-');
	struct ip_addr first, last;

	if (dash == NULL)
		return prefix_parse(text, range, why, why_size);
	if (!ends_parse(text, dash, &first, &last)) {
		snprintf(why, why_size, "\"%.64s\" is no range; they are as 10.0.0.1-10.0.0.9",
			 text);
		return -EINVAL;
	}
	if (ip_is_v4(&first) != ip_is_v4(&last) ||
	    memcmp(first.octet, last.octet, sizeof(first.octet)) > 0) {
		snprintf(why, why_size, "\"%.64s\" does not end behind its begin", text);
		return -EINVAL;
	}
	range_of(&first, &last, range);
	return 0;
}

/* ---- sets ---- */

int acl_range_add(struct acl_spans *of, const struct vnf_acl_range *range)
{
	enum acl_family family = range->version == 4 ? ACL_V4 : ACL_V6;
	acl_value first = acl_addr_value(family, range->first);
	acl_value last = acl_addr_value(family, range->last);

	if ((range->version != 4 && range->version != 6) || first > last)
		return -EINVAL;
	return acl_spans_add(&of[family], first, last);
}

static void room_give_back(struct acl_spans *spans)
{
	struct acl_span *v;

	if (spans->n == 0) {
		acl_spans_fini(spans);
		return;
	}
	v = realloc(spans->v, spans->n * sizeof(*v));
	if (v != NULL) {
		spans->v = v;
		spans->room = spans->n;
	}
}

static void set_finish(struct vnf_acl_set *set)
{
	for (int f = 0; f < ACL_FAMILIES; f++) {
		acl_spans_sort(&set->of[f]);
		room_give_back(&set->of[f]);
	}
}

int vnf_acl_set_create(const struct vnf_acl_range *ranges, size_t n, struct vnf_acl_set **set)
{
	struct vnf_acl_set *s;
	int ret = 0;

	*set = NULL;
	if (n > VNF_ACL_SET_MAX)
		return -E2BIG;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < n; i++)
		ret = acl_range_add(s->of, &ranges[i]);
	if (ret < 0) {
		vnf_acl_set_destroy(s);
		return ret;
	}
	set_finish(s);
	*set = s;
	return 0;
}

static int line_take(void *arg, char *text, char *why, size_t why_size)
{
	struct vnf_acl_set *set = arg;
	struct vnf_acl_range range;
	char *word, *end, *more;
	int ret;

	text[strcspn(text, "#")] = '\0';
	word = text + strspn(text, BLANKS);
	if (*word == '\0')
		return 0;
	end = word + strcspn(word, BLANKS);
	more = end + strspn(end, BLANKS);
	if (*more != '\0') {
		snprintf(why, why_size, "more than one word: \"%.*s\"",
			 (int)RTE_MIN(strcspn(more, BLANKS), (size_t)64), more);
		return -EINVAL;
	}
	*end = '\0';
	ret = vnf_acl_range_parse(word, &range, why, why_size);
	if (ret == 0 && set->of[ACL_V4].n + set->of[ACL_V6].n == VNF_ACL_SET_MAX) {
		snprintf(why, why_size, "a set has %u entries at most", VNF_ACL_SET_MAX);
		return -EINVAL;
	}
	return ret == 0 ? acl_range_add(set->of, &range) : ret;
}

int vnf_acl_set_load(const char *path, struct vnf_acl_set **set, char *why, size_t why_size)
{
	struct vnf_acl_set *s = calloc(1, sizeof(*s));
	int ret;

	*set = NULL;
	if (s == NULL)
		return -ENOMEM;
	ret = line_file_read(path, line_take, s, why, why_size);
	if (ret < 0) {
		vnf_acl_set_destroy(s);
		return ret;
	}
	set_finish(s);
	*set = s;
	return 0;
}

void vnf_acl_set_destroy(struct vnf_acl_set *set)
{
	if (set == NULL)
		return;
	for (int f = 0; f < ACL_FAMILIES; f++)
		acl_spans_fini(&set->of[f]);
	free(set);
}

size_t vnf_acl_set_count(const struct vnf_acl_set *set, uint8_t version)
{
	return set->of[version == 4 ? ACL_V4 : ACL_V6].n;
}

bool vnf_acl_set_has(const struct vnf_acl_set *set, uint8_t version, const uint8_t *addr)
{
	enum acl_family family = version == 4 ? ACL_V4 : ACL_V6;

	return acl_spans_has(&set->of[family], acl_addr_value(family, addr));
}
