/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Keys of what the NAT has lists of: pools, rules, static pairs, forwards. Part of config.c's
 * tables. Control thread.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_LETTERS                                                                               \
	"abcdefghijklmnopqrstuvwxyz"                                                               \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                               \
	"0123456789_-"

static int check_name(const void *field, char *why, size_t why_size)
{
	const char *name = *(const char *const *)field;

	if (name[strspn(name, NAME_LETTERS)] == '\0')
		return 0;
	snprintf(why, why_size, "is \"%s\", allowed are letters, digits, \"_\" and \"-\"", name);
	return -EINVAL;
}

static const char *const pairings[] = { "strict", "soft", "none", NULL };
static const char *const actions[] = { "translate", "none", NULL };

const struct vnf_config_key nat_pool_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_pool_spec, name),
	  .min = 1,
	  .max = NAT_NAME_MAX,
	  .check = check_name,
	  .doc = "What rules, commands and metrics call it: letters, digits, `_` and `-`." },
	{ .name = "addresses",
	  .type = VNF_CONFIG_STRINGS,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_pool_spec, addresses),
	  .min = 1,
	  .max = NAT_SPACES_MAX,
	  .doc = "IPv4 addresses, prefixes and ranges, `\"192.0.2.10-192.0.2.20\"`, and "
		 "`\"interface wan\"`: those that this outside interface has, also by DHCP; "
		 "before it has one nothing is translated by them. An address is in one pool." },
	{ .name = "ports",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_pool_spec, ports),
	  .min = 1,
	  .def = "1-65535",
	  .doc = "External ports of TCP and UDP, each protocol all of them. Ports below 1024 are "
		 "for hosts that use such a port themselves (RFC 4787 REQ-3)." },
	{ .name = "pairing",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct nat_pool_spec, pairing),
	  .def = "strict",
	  .choices = pairings,
	  .doc = "Which address a host is seen by: `strict`, always the same (RFC 4787 REQ-2, RFC "
		 "7857 section 4); `soft`, another one where that has no port left; `none`, any." },
	{ .name = "preserve",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct nat_pool_spec, preserve),
	  .def = "true",
	  .doc = "The external port is the inside one, if that is free." },
	{ .name = "parity",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct nat_pool_spec, parity),
	  .def = "true",
	  .doc = "Even ports stay even, odd ones odd, as long as there are such (RFC 4787 "
		 "REQ-4)." },
	{ .name = NULL },
};

const struct vnf_config_key nat_rule_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_rule_spec, name),
	  .min = 1,
	  .max = NAT_NAME_MAX,
	  .check = check_name,
	  .doc = "What commands and messages call it." },
	{ .name = "src",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct nat_rule_spec, src),
	  .min = 1,
	  .doc = "Source inside: IPv4 addresses, prefixes and ranges; as all conditions, without "
		 "it any." },
	{ .name = "dst",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct nat_rule_spec, dst),
	  .min = 1,
	  .doc = "Destination likewise." },
	{ .name = "proto",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct nat_rule_spec, proto),
	  .min = 1,
	  .doc = "Protocols: `tcp`, `udp`, `icmp`, and with action `none` also numbers of others, "
		 "which cannot be translated." },
	{ .name = "dport",
	  .type = VNF_CONFIG_STRINGS,
	  .offset = offsetof(struct nat_rule_spec, dport),
	  .min = 1,
	  .doc = "Destination ports: numbers and ranges. Only packets that have ports match." },
	{ .name = "action",
	  .type = VNF_CONFIG_ENUM,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_rule_spec, action),
	  .choices = actions,
	  .doc = "`translate`: by a pool; `none`: what matches is routed as it is, and so is what "
		 "comes back from outside (RFC 6888 REQ-6)." },
	{ .name = "pool",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_rule_spec, pool),
	  .max = NAT_NAME_MAX,
	  .doc = "Of `translate`: name of the pool; without it the first one." },
	{ .name = NULL },
};

const struct vnf_config_key nat_static_keys[] = {
	{ .name = "inside",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_static_spec, inside),
	  .min = 1,
	  .doc = "IPv4 address or prefix that hosts inside have." },
	{ .name = "outside",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_static_spec, outside),
	  .min = 1,
	  .doc = "What they are seen by outside, of the same length; in no pool." },
	{ .name = NULL },
};

const struct vnf_config_key nat_forward_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_forward_spec, name),
	  .min = 1,
	  .max = NAT_NAME_MAX,
	  .check = check_name,
	  .doc = "What commands and messages call it." },
	{ .name = "proto",
	  .type = VNF_CONFIG_STRINGS,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_forward_spec, proto),
	  .min = 1,
	  .max = 2,
	  .doc = "`tcp`, `udp`, or both." },
	{ .name = "outside",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_forward_spec, outside),
	  .min = 1,
	  .doc = "External IPv4 address, of a pool or not; or `\"interface wan\"`: the first that "
		 "this outside interface has." },
	{ .name = "port",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_forward_spec, port),
	  .min = 1,
	  .doc = "External port, or a range: `\"80\"`, `\"8080-8090\"`. No mapping is given it." },
	{ .name = "inside",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_forward_spec, inside),
	  .min = 1,
	  .doc = "IPv4 address of the host that gets what comes there, whoever sends it: "
		 "`filtering` does not apply." },
	{ .name = "inside_port",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_forward_spec, inside_port),
	  .max = UINT16_MAX,
	  .def = "0",
	  .doc = "Port there, of the first of `port`; those of others follow. 0: the same." },
	{ .name = NULL },
};
