/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Words of the configuration, each for itself: addresses, ports, protocols. Pure. What a word must
 * be is said where it is none: each function returns 0, or -EINVAL and writes into `why` what is
 * wrong and what is allowed.
 */
#ifndef NAT_POLICY_WORDS_H
#define NAT_POLICY_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include <vnf/acl.h>

/* Addresses from one to another, host order. */
struct nat_range {
	uint32_t first;
	uint32_t last;
};

/* An address, a prefix, or a range, of any addresses. */
int nat_range_parse(const char *word, struct nat_range *range, char *why, size_t why_size);
/* Likewise, of addresses that hosts can have. */
int nat_hosts_parse(const char *word, struct nat_range *range, char *why, size_t why_size);
/* An address or a prefix, of addresses that hosts can have. */
int nat_prefix_parse(const char *word, struct nat_range *range, char *why, size_t why_size);
/* An address that a host can have. */
int nat_host_parse(const char *word, uint32_t *addr, char *why, size_t why_size);
/* A port or a range of them; `least` is 0 or 1. */
int nat_ports_parse(const char *word, uint32_t least, struct vnf_acl_span *span, char *why,
		    size_t why_size);
/* A protocol, by name or number. */
int nat_proto_parse(const char *word, uint8_t *proto, char *why, size_t why_size);
/* "wan" of "interface wan"; NULL: it is no such word. */
const char *nat_interface_word(const char *word);
/* "tcp"; NULL: it cannot be translated. */
const char *nat_proto_name(uint8_t proto);

#endif
