/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See explain_words.h. The words are parted first; then each is read in its turn by what is to
 * stand there. Pure, any thread.
 */
#include "explain_words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_words.h"

#define WORDS_MAX 32
#define WHY_MAX 400
#define VLAN_LAST 4094
#define TCP_SYN 0x02
#define ICMP6_REQUESTS_FIRST 128 /* RFC 4443 section 2.1: below are errors */
#define EXPECTED                                                                                   \
	"expected is in=NAME [vlan=N] SRC[:PORT] > DST[:PORT] PROTO, such as \"in=lan "            \
	"10.0.0.5:1234 > 192.0.2.1:443 tcp syn\""
#define ADDRESS                                                                                    \
	"such as 10.0.0.5, 10.0.0.5:1234, 2001:db8::1 or [2001:db8::1]:1234, ports are 0 to 65535"

struct reading {
	char text[FW_EXPLAIN_TEXT_MAX + 1]; /* cut into words */
	char *word[WORDS_MAX];
	uint32_t n;
	uint32_t at;
	bool has_port[2];
	bool has_vlan;
	bool has_id;
	bool has_type;
	struct fw_words *w;
	char *why;
	size_t why_size;
};

/* ---- what is wrong ---- */

/* At the word number `i`; behind the last one, something is missing. */
static int refuse(struct reading *r, uint32_t i, const char *what)
{
	if (i < r->n)
		snprintf(r->why, r->why_size, "word %u, \"%.64s\": %s", i + 1, r->word[i], what);
	else
		snprintf(r->why, r->why_size, "after word %u something is missing: %s", r->n, what);
	return -EINVAL;
}

/* ---- words ---- */

/* ">" is a word also where no blanks are around it. */
static int words_part(struct reading *r, const char *text)
{
	char *to = r->text, *end = r->text + sizeof(r->text);
	bool in_word = false;

	for (; *text != '\0'; text++) {
		bool blank = *text == ' ' || *text == '\t' || *text == '\n';

		if (to + 3 > end || (!in_word && !blank && r->n == WORDS_MAX))
			goto too_long;
		if (blank || *text == '>' || (in_word && to[-1] == '>')) {
			if (in_word)
				*to++ = '\0';
			in_word = false;
		}
		if (blank)
			continue;
		if (!in_word && r->n == WORDS_MAX)
			goto too_long;
		if (!in_word)
			r->word[r->n++] = to;
		in_word = true;
		*to++ = *text;
	}
	*to = '\0';
	return 0;
too_long:
	snprintf(r->why, r->why_size, "these are more than %u words or %u letters; " EXPECTED,
		 WORDS_MAX, FW_EXPLAIN_TEXT_MAX);
	return -EINVAL;
}

static bool number_read(const char *text, uint32_t last, uint32_t *number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return false;
	*number = (uint32_t)strtoul(text, NULL, 10);
	return *number <= last;
}

/* ---- in=, vlan=, id= ---- */

static int in_read(struct reading *r, uint32_t i, const char *value)
{
	if (r->w->in[0] != '\0')
		return refuse(r, i, "in= is given twice");
	if (value[0] == '\0' || strlen(value) > FW_EXPLAIN_NAME_MAX)
		return refuse(r, i,
			      "expected is the port (in the wire) or the interface (as a router) "
			      "that the packet comes in by, such as in=lan");
	memcpy(r->w->in, value, strlen(value) + 1);
	return 0;
}

static int vlan_read(struct reading *r, uint32_t i, const char *value)
{
	uint32_t vlan;

	if (r->has_vlan)
		return refuse(r, i, "vlan= is given twice");
	if (!number_read(value, VLAN_LAST, &vlan) || vlan == 0)
		return refuse(r, i, "expected is a VLAN from 1 to 4094, such as vlan=10");
	r->has_vlan = true;
	r->w->vlan = (uint16_t)vlan;
	return 0;
}

static int id_read(struct reading *r, uint32_t i, const char *value)
{
	uint32_t id;

	if (r->has_id)
		return refuse(r, i, "id= is given twice");
	if (!number_read(value, UINT16_MAX, &id))
		return refuse(r, i, "expected is an identifier up to 65535, such as id=7");
	r->has_id = true;
	r->w->id = (uint16_t)id;
	return 0;
}

/* Words with "=", wherever they stand, are taken out. */
static int keys_read(struct reading *r)
{
	static const struct {
		const char *key;
		int (*read)(struct reading *r, uint32_t i, const char *value);
	} keys[] = { { "in=", in_read }, { "vlan=", vlan_read }, { "id=", id_read } };

	for (uint32_t i = 0; i < r->n; i++) {
		const char *equals = strchr(r->word[i], '=');
		size_t k = 0;
		int ret;

		if (equals == NULL)
			continue;
		while (k < 3 && strncmp(r->word[i], keys[k].key, strlen(keys[k].key)) != 0)
			k++;
		ret = k < 3 ? keys[k].read(r, i, equals + 1)
			    : refuse(r, i, "there are in=NAME, vlan=N and id=N");
		if (ret < 0)
			return ret;
	}
	if (r->w->in[0] == '\0') {
		snprintf(r->why, r->why_size,
			 "in= is missing: by which port or interface does the "
			 "packet come in? " EXPECTED);
		return -EINVAL;
	}
	return 0;
}

/* The next word without "="; the number of words if there is none. */
static uint32_t next(struct reading *r)
{
	while (r->at < r->n && strchr(r->word[r->at], '=') != NULL)
		r->at++;
	return r->at < r->n ? r->at++ : r->n;
}

/* ---- addresses ---- */

/* Parts address and port, in place: "[2001:db8::1]:80", "10.0.0.5:80". False: wrong brackets. */
static bool port_part(char *word, char **addr, char **port)
{
	char *close = strchr(word, ']'), *colon = strchr(word, ':');

	*addr = word;
	*port = NULL;
	if (word[0] == '[') {
		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return false;
		*port = close[1] == ':' ? close + 2 : NULL;
		*close = '\0';
		*addr = word + 1;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*port = colon + 1;
	}
	return true;
}

static int end_read(struct reading *r, uint32_t end)
{
	const char *what = end == 0 ? "expected is the source, " ADDRESS
				    : "expected is the destination, " ADDRESS;
	char copy[FW_EXPLAIN_TEXT_MAX + 1], *addr, *port;
	uint32_t i = next(r), number;
	uint8_t version = 4;

	if (i == r->n)
		return refuse(r, i, what);
	snprintf(copy, sizeof(copy), "%s", r->word[i]);
	if (!port_part(copy, &addr, &port))
		return refuse(r, i, what);
	if (inet_pton(AF_INET6, addr, r->w->addr[end]) == 1)
		version = 6;
	else if (copy[0] == '[' || inet_pton(AF_INET, addr, r->w->addr[end]) != 1)
		return refuse(r, i, what);
	if (port != NULL && !number_read(port, UINT16_MAX, &number))
		return refuse(r, i, what);
	if (end == 1 && version != r->w->version)
		return refuse(r, i, "source and destination are of two families");
	r->w->version = version;
	r->has_port[end] = port != NULL;
	r->w->port[end] = port != NULL ? (uint16_t)number : 0;
	return 0;
}

static int ends_read(struct reading *r, uint32_t at[2])
{
	uint32_t i;

	if (end_read(r, 0) < 0)
		return -EINVAL;
	at[0] = r->at - 1;
	i = next(r);
	if (i == r->n || strcmp(r->word[i], ">") != 0)
		return refuse(r, i,
			      "expected is \">\" between source and destination (quote it "
			      "from the shell)");
	if (end_read(r, 1) < 0)
		return -EINVAL;
	at[1] = r->at - 1;
	return 0;
}

/* ---- protocol and details ---- */

static int proto_read(struct reading *r, const uint32_t at[2])
{
	char why[WHY_MAX];
	struct vnf_acl_span span;
	uint32_t i = next(r);
	bool has;

	if (i == r->n)
		return refuse(r, i,
			      "expected is a protocol, such as tcp, udp, icmp, icmpv6 or its "
			      "number");
	if (fw_proto_parse(r->word[i], &span, why, sizeof(why)) < 0)
		return refuse(r, i, strstr(why, ", ") != NULL ? strstr(why, ", ") + 2 : why);
	r->w->proto = (uint8_t)span.first;
	if ((span.first == IPPROTO_ICMP && r->w->version == 6) ||
	    (span.first == IPPROTO_ICMPV6 && r->w->version == 4))
		return refuse(r, i,
			      "these addresses are of the other family, which has the other "
			      "one of icmp and icmpv6");
	has = fw_proto_has_ports(r->w->proto);
	for (uint32_t end = 0; end < 2; end++)
		if (r->has_port[end] != has)
			return refuse(r, at[end],
				      has ? "this protocol has ports: expected is ADDRESS:PORT, "
					    "such as 10.0.0.5:1234 or [2001:db8::1]:1234"
					  : "this protocol has no ports: expected is the address "
					    "alone");
	return 0;
}

/* "syn", or several as "syn,ack". */
static int flags_read(struct reading *r, uint32_t i)
{
	char copy[FW_EXPLAIN_TEXT_MAX + 1], why[WHY_MAX], *rest = NULL;
	uint8_t bit;

	snprintf(copy, sizeof(copy), "%s", r->word[i]);
	for (char *flag = strtok_r(copy, ",", &rest); flag != NULL;
	     flag = strtok_r(NULL, ",", &rest)) {
		if (fw_flag_parse(flag, &bit, why, sizeof(why)) < 0)
			return refuse(r, i,
				      "expected are flags of TCP: fin, syn, rst, psh, ack, "
				      "urg, ece, cwr; several as \"syn,ack\"; and "
				      "\"fragment\"");
		r->w->flags |= bit;
	}
	return 0;
}

/* RFC 792 and RFC 4443: errors say nothing without the packet that they quote. */
static bool is_error(const struct fw_words *w)
{
	uint8_t type = w->icmp_type;

	if (w->proto == IPPROTO_ICMPV6)
		return type < ICMP6_REQUESTS_FIRST;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static int type_read(struct reading *r, uint32_t i)
{
	struct vnf_acl_icmp icmp;
	char why[WHY_MAX];

	if (r->has_type)
		return refuse(r, i, "expected is id=N or \"fragment\" after the type");
	if (fw_icmp_parse(r->word[i], r->w->proto, &icmp, why, sizeof(why)) < 0)
		return refuse(r, i, "expected is a type, such as echo-request, 8 or 13/0");
	r->has_type = true;
	r->w->icmp_type = icmp.type_first;
	r->w->icmp_code = icmp.code_first;
	if (is_error(r->w))
		return refuse(r, i,
			      "an ICMP error is of the session of the packet that it quotes: "
			      "ask about that one");
	return 0;
}

static int detail_read(struct reading *r, uint32_t i)
{
	if (strcmp(r->word[i], "fragment") == 0) {
		r->w->fragment = true;
		return 0;
	}
	if (r->w->proto == IPPROTO_TCP)
		return flags_read(r, i);
	if (r->w->proto == IPPROTO_ICMP || r->w->proto == IPPROTO_ICMPV6)
		return type_read(r, i);
	return refuse(r, i, "this protocol has no details but \"fragment\"");
}

static int details_read(struct reading *r)
{
	bool icmp = r->w->proto == IPPROTO_ICMP || r->w->proto == IPPROTO_ICMPV6;
	uint32_t i;

	while ((i = next(r)) < r->n)
		if (detail_read(r, i) < 0)
			return -EINVAL;
	if (icmp && !r->has_type)
		return refuse(r, r->n, "expected is a type of ICMP, such as echo-request");
	for (i = 0; r->has_id && !icmp && i < r->n; i++)
		if (strncmp(r->word[i], "id=", 3) == 0)
			return refuse(r, i, "only icmp and icmpv6 have identifiers");
	if (r->w->proto == IPPROTO_TCP && r->w->flags == 0)
		r->w->flags = TCP_SYN;
	return 0;
}

int fw_words_parse(const char *text, struct fw_words *w, char *why, size_t why_size)
{
	struct reading r = { .w = w, .why = why, .why_size = why_size };
	uint32_t at[2];
	int ret;

	*w = (struct fw_words){ 0 };
	ret = words_part(&r, text);
	if (ret == 0)
		ret = keys_read(&r);
	if (ret == 0)
		ret = ends_read(&r, at);
	if (ret == 0)
		ret = proto_read(&r, at);
	if (ret == 0)
		ret = details_read(&r);
	return ret;
}
