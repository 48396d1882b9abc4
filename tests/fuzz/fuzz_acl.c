/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for files of address sets: whatever is read, a classifier with the set finds an
 * address in it exactly when a search in the set does, at each border and beside it.
 */

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vnf/log.h>

#include "acl_spans.h"
#include "must.h"

void vnf_log(enum vnf_log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static void octets_put(enum acl_family family, acl_value value, uint8_t *octets)
{
	uint32_t n = family == ACL_V4 ? 4 : 16;

	memset(octets, 0, 16);
	for (uint32_t i = n; i-- > 0; value >>= 8)
		octets[i] = (uint8_t)value;
}

static void same_at(const struct vnf_acl *acl, const struct vnf_acl_set *set,
		    enum acl_family family, acl_value value)
{
	struct vnf_acl_packet p = { .version = family == ACL_V4 ? 4 : 6 };

	octets_put(family, value & acl_addr_last(family), p.src);
	must((vnf_acl_find(acl, &p) == 0) == vnf_acl_set_has(set, p.version, p.src));
}

static void set_check(const struct vnf_acl_set *set)
{
	struct vnf_acl_rule rule = { .src = { .sets = &set, .n_sets = 1 } };
	struct vnf_acl_conf conf = { .rules = &rule, .n_rules = 1 };
	struct vnf_acl_error error;
	struct vnf_acl *acl;

	must(vnf_acl_check(&conf, &acl, &error) == 0);
	for (int f = 0; f < ACL_FAMILIES; f++)
		for (size_t i = 0; i < set->of[f].n; i++) {
			const struct acl_span *s = &set->of[f].v[i];

			must(s->first <= s->last && s->last <= acl_addr_last(f));
			must(i == 0 || s->first > set->of[f].v[i - 1].last + 1);
			same_at(acl, set, f, s->first);
			same_at(acl, set, f, s->first - 1);
			same_at(acl, set, f, s->last);
			same_at(acl, set, f, s->last + 1);
		}
	vnf_acl_destroy(acl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("set", MFD_CLOEXEC);
	struct vnf_acl_set *set;
	char path[64], why[256] = "";

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (vnf_acl_set_load(path, &set, why, sizeof(why)) == 0)
		set_check(set);
	else
		must(set == NULL && why[0] != '\0');
	vnf_acl_set_destroy(set);
	close(fd);
	return 0;
}
