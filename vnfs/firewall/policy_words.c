/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Words of rules: see policy_words.h. Names of protocols are IANA's, names of types of ICMP are
 * those of the RFCs that have them (792, 4443, 4861, 2710, 3810) with dashes. Pure, any thread.
 */
#include "policy_words.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <vnf/config.h>

#define PORT_LAST 65535
#define VLAN_LAST 4094
#define CODE_LAST 255

struct word {
	const char *name;
	uint8_t value;
	uint8_t code_first; /* of ICMP */
	uint8_t code_last;
};

static const struct word protos[] = {
	{ "tcp", IPPROTO_TCP, 0, 0 },   { "udp", IPPROTO_UDP, 0, 0 },
	{ "icmp", IPPROTO_ICMP, 0, 0 }, { "icmpv6", IPPROTO_ICMPV6, 0, 0 },
	{ "sctp", IPPROTO_SCTP, 0, 0 }, { "dccp", IPPROTO_DCCP, 0, 0 },
	{ "gre", IPPROTO_GRE, 0, 0 },   { "udplite", IPPROTO_UDPLITE, 0, 0 },
	{ "esp", IPPROTO_ESP, 0, 0 },   { "ipip", IPPROTO_IPIP, 0, 0 },
	{ "pim", IPPROTO_PIM, 0, 0 },   { "igmp", IPPROTO_IGMP, 0, 0 },
	{ "ospf", 89, 0, 0 },           { "vrrp", 112, 0, 0 },
};

static const struct word icmp_types[] = {
	{ "echo-reply", 0, 0, CODE_LAST },
	{ "destination-unreachable", 3, 0, CODE_LAST },
	{ "network-unreachable", 3, 0, 0 },
	{ "host-unreachable", 3, 1, 1 },
	{ "protocol-unreachable", 3, 2, 2 },
	{ "port-unreachable", 3, 3, 3 },
	{ "fragmentation-needed", 3, 4, 4 },
	{ "administratively-prohibited", 3, 13, 13 },
	{ "redirect", 5, 0, CODE_LAST },
	{ "echo-request", 8, 0, CODE_LAST },
	{ "router-advertisement", 9, 0, CODE_LAST },
	{ "router-solicitation", 10, 0, CODE_LAST },
	{ "time-exceeded", 11, 0, CODE_LAST },
	{ "parameter-problem", 12, 0, CODE_LAST },
	{ "timestamp-request", 13, 0, CODE_LAST },
	{ "timestamp-reply", 14, 0, CODE_LAST },
};

static const struct word icmpv6_types[] = {
	{ "destination-unreachable", 1, 0, CODE_LAST },
	{ "no-route", 1, 0, 0 },
	{ "administratively-prohibited", 1, 1, 1 },
	{ "address-unreachable", 1, 3, 3 },
	{ "port-unreachable", 1, 4, 4 },
	{ "packet-too-big", 2, 0, CODE_LAST },
	{ "time-exceeded", 3, 0, CODE_LAST },
	{ "parameter-problem", 4, 0, CODE_LAST },
	{ "echo-request", 128, 0, CODE_LAST },
	{ "echo-reply", 129, 0, CODE_LAST },
	{ "mld-query", 130, 0, CODE_LAST },
	{ "mld-report", 131, 0, CODE_LAST },
	{ "mld-done", 132, 0, CODE_LAST },
	{ "router-solicitation", 133, 0, CODE_LAST },
	{ "router-advertisement", 134, 0, CODE_LAST },
	{ "neighbour-solicitation", 135, 0, CODE_LAST },
	{ "neighbor-solicitation", 135, 0, CODE_LAST },
	{ "neighbour-advertisement", 136, 0, CODE_LAST },
	{ "neighbor-advertisement", 136, 0, CODE_LAST },
	{ "redirect", 137, 0, CODE_LAST },
	{ "mldv2-report", 143, 0, CODE_LAST },
};

static const struct word flags[] = {
	{ "fin", 0x01, 0, 0 }, { "syn", 0x02, 0, 0 }, { "rst", 0x04, 0, 0 }, { "psh", 0x08, 0, 0 },
	{ "ack", 0x10, 0, 0 }, { "urg", 0x20, 0, 0 }, { "ece", 0x40, 0, 0 }, { "cwr", 0x80, 0, 0 },
};

#define WORDS_MAX RTE_DIM(icmpv6_types)

static const struct word *word_find(const struct word *words, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* Completes what is wrong with a word by what it was perhaps meant to be. */
static int refuse(const struct word *words, size_t n, const char *word, const char *allowed,
		  char *why, size_t why_size)
{
	const char *names[WORDS_MAX], *near;

	for (size_t i = 0; i < n; i++)
		names[i] = words[i].name;
	near = vnf_config_nearest(word, names, n);
	if (near != NULL)
		snprintf(why, why_size, "is \"%.64s\", %s; did you mean \"%s\"?", word, allowed,
			 near);
	else
		snprintf(why, why_size, "is \"%.64s\", %s", word, allowed);
	return -EINVAL;
}

/* Digits up to `end`, and nothing else. */
static bool number_parse(const char *text, const char *end, uint32_t last, uint32_t *number)
{
	*number = 0;
	if (text == end)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*number = *number * 10 + (uint32_t)(*text - '0');
		if (*number > last)
			return false;
	}
	return true;
}

static bool span_parse(const char *word, uint32_t last, struct vnf_acl_span *span)
{
	const char *end = word + strlen(word), *dash = strchr(word, '-');

	if (!number_parse(word, dash != NULL ? dash : end, last, &span->first))
		return false;
	span->last = span->first;
	if (dash != NULL && !number_parse(dash + 1, end, last, &span->last))
		return false;
	return span->first <= span->last;
}

int fw_proto_parse(const char *word, struct vnf_acl_span *span, char *why, size_t why_size)
{
	const struct word *proto = word_find(protos, RTE_DIM(protos), word);
	uint32_t number;

	if (proto != NULL)
		number = proto->value;
	else if (strcmp(word, "ah") == 0)
		number = IPPROTO_AH;
	else if (!number_parse(word, word + strlen(word), UINT8_MAX, &number))
		return refuse(protos, RTE_DIM(protos), word,
			      "allowed are protocols as \"tcp\", \"udp\", \"icmp\", \"icmpv6\", "
			      "\"sctp\", \"gre\", \"esp\", and numbers up to 255",
			      why, why_size);
	if (number == IPPROTO_AH) {
		snprintf(why, why_size,
			 "is \"%.64s\", but packets with an authentication header are judged by "
			 "the protocol in it; write that one",
			 word);
		return -EINVAL;
	}
	*span = (struct vnf_acl_span){ number, number };
	return 0;
}

int fw_ports_parse(const char *word, struct vnf_acl_span *span, char *why, size_t why_size)
{
	if (span_parse(word, PORT_LAST, span))
		return 0;
	snprintf(why, why_size,
		 "is \"%.64s\", allowed are ports as \"80\", and ranges from low to high as "
		 "\"8000-8080\", up to 65535",
		 word);
	return -EINVAL;
}

int fw_vlans_parse(const char *word, struct vnf_acl_span *span, char *why, size_t why_size)
{
	static const struct word untagged = { "untagged", 0, 0, 0 };

	if (strcmp(word, untagged.name) == 0) {
		*span = (struct vnf_acl_span){ VNF_ACL_UNTAGGED, VNF_ACL_UNTAGGED };
		return 0;
	}
	if (span_parse(word, VLAN_LAST, span))
		return 0;
	return refuse(&untagged, 1, word,
		      "allowed are VLANs as \"10\", ranges from low to high as \"100-200\", up to "
		      "4094, and \"untagged\"",
		      why, why_size);
}

static bool type_parse(const char *word, struct vnf_acl_icmp *icmp)
{
	const char *end = word + strlen(word), *slash = strchr(word, '/');
	uint32_t type, first = 0, last = CODE_LAST;

	if (!number_parse(word, slash != NULL ? slash : end, UINT8_MAX, &type))
		return false;
	if (slash != NULL) {
		if (!number_parse(slash + 1, end, CODE_LAST, &first))
			return false;
		last = first;
	}
	*icmp = (struct vnf_acl_icmp){ (uint8_t)type, (uint8_t)type, (uint8_t)first,
				       (uint8_t)last };
	return true;
}

int fw_icmp_parse(const char *word, uint8_t proto, struct vnf_acl_icmp *icmp, char *why,
		  size_t why_size)
{
	bool v6 = proto == IPPROTO_ICMPV6;
	const struct word *own = v6 ? icmpv6_types : icmp_types;
	const struct word *other = v6 ? icmp_types : icmpv6_types;
	size_t n_own = v6 ? RTE_DIM(icmpv6_types) : RTE_DIM(icmp_types);
	size_t n_other = v6 ? RTE_DIM(icmp_types) : RTE_DIM(icmpv6_types);
	const struct word *type = word_find(own, n_own, word);

	if (type != NULL) {
		*icmp = (struct vnf_acl_icmp){ type->value, type->value, type->code_first,
					       type->code_last };
		return 0;
	}
	if (type_parse(word, icmp))
		return 0;
	if (word_find(other, n_other, word) == NULL)
		return refuse(own, n_own, word,
			      "allowed are types as \"echo-request\" and \"3\", and with a code "
			      "\"3/4\"",
			      why, why_size);
	snprintf(why, why_size, "is \"%s\", which is a type of %s, and `proto` is \"%s\"", word,
		 v6 ? "ICMP" : "ICMPv6", v6 ? "icmpv6" : "icmp");
	return -EINVAL;
}

int fw_flag_parse(const char *word, uint8_t *bit, char *why, size_t why_size)
{
	const struct word *flag = word_find(flags, RTE_DIM(flags), word);

	if (flag == NULL)
		return refuse(flags, RTE_DIM(flags), word,
			      "allowed are \"fin\", \"syn\", \"rst\", \"psh\", \"ack\", \"urg\", "
			      "\"ece\", \"cwr\"",
			      why, why_size);
	*bit = flag->value;
	return 0;
}

const char *fw_proto_name(uint8_t proto)
{
	for (size_t i = 0; i < RTE_DIM(protos); i++)
		if (protos[i].value == proto)
			return protos[i].name;
	return NULL;
}

const char *fw_flag_name(uint8_t bit)
{
	for (size_t i = 0; i < RTE_DIM(flags); i++)
		if (flags[i].value == bit)
			return flags[i].name;
	return "";
}

bool fw_proto_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}
