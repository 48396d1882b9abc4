/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Words of rules, each for itself: protocols, ports, VLANs, types of ICMP, TCP flags. Pure. What a
 * word must be is said where it is none: each function returns 0, or -EINVAL and writes into `why`
 * what is wrong and what is allowed.
 */
#ifndef FW_POLICY_WORDS_H
#define FW_POLICY_WORDS_H

#include <vnf/acl.h>

/* A protocol, by name or number; first and last are the same. */
int fw_proto_parse(const char *word, struct vnf_acl_span *span, char *why, size_t why_size);
/* A port or a range of them. */
int fw_ports_parse(const char *word, struct vnf_acl_span *span, char *why, size_t why_size);
/* A VLAN, a range of them, or "untagged". */
int fw_vlans_parse(const char *word, struct vnf_acl_span *span, char *why, size_t why_size);
/* A type, with or without a code, of IPPROTO_ICMP or IPPROTO_ICMPV6. */
int fw_icmp_parse(const char *word, uint8_t proto, struct vnf_acl_icmp *icmp, char *why,
		  size_t why_size);
/* A TCP flag. */
int fw_flag_parse(const char *word, uint8_t *bit, char *why, size_t why_size);
/* "tcp", or NULL for one without a name. */
const char *fw_proto_name(uint8_t proto);
/* "syn" of its one bit. */
const char *fw_flag_name(uint8_t bit);
bool fw_proto_has_ports(uint8_t proto);

#endif
