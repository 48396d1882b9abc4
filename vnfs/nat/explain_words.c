/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The words of `vnfkit ctl explain`, which say what packet is meant, and the frame that they are:
 *
 *     INTERFACE SRC[:PORT] > DST[:PORT] PROTO [DETAIL]...
 *
 * Details are flags of TCP (syn alone, if there is none), a message of ICMP (echo, if there is
 * none) and id=N. Pure; control thread.
 */
#include "explain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include <rte_ether.h>
#include <rte_ip.h>

#define WORDS_MAX 16
#define PAYLOAD 24
#define TTL 64
#define EXPECTED                                                                                   \
	"expected is INTERFACE SRC[:PORT] > DST[:PORT] PROTO, such as \"lan 10.0.0.5:1234 > "      \
	"192.0.2.1:443 tcp syn\" or \"lan 10.0.0.5 > 192.0.2.1 icmp echo id=7\""

struct reading {
	char text[2 * NAT_EXPLAIN_TEXT_MAX + 1]; /* cut into words */
	const char *word[WORDS_MAX];
	uint32_t n;
	bool has_port[2];
	struct nat_words *to;
	char *why;
	size_t why_size;
};

static int refuse(struct reading *r, const char *word, const char *what)
{
	snprintf(r->why, r->why_size, "\"%.64s\": %s; " EXPECTED, word, what);
	return -EINVAL;
}

/* ">" is a word also where no blanks are around it. */
static int words_part(struct reading *r, const char *text)
{
	char *to = r->text, *rest = NULL;

	if (strlen(text) > NAT_EXPLAIN_TEXT_MAX / 2)
		return refuse(r, text, "this is too long");
	for (; *text != '\0'; text++) {
		if (*text == '>')
			*to++ = ' ';
		*to++ = *text;
		if (*text == '>')
			*to++ = ' ';
	}
	*to = '\0';
	for (char *word = strtok_r(r->text, " \t\n", &rest); word != NULL;
	     word = strtok_r(NULL, " \t\n", &rest)) {
		if (r->n == WORDS_MAX)
			return refuse(r, word, "these are too many words");
		r->word[r->n++] = word;
	}
	if (r->n >= 5 && strcmp(r->word[2], ">") == 0)
		return 0;
	snprintf(r->why, r->why_size, EXPECTED);
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

static int end_read(struct reading *r, uint32_t end, const char *word)
{
	char addr[NAT_EXPLAIN_TEXT_MAX + 1], *colon;
	uint32_t port = 0;

	snprintf(addr, sizeof(addr), "%s", word);
	colon = strchr(addr, ':');
	if (colon != NULL)
		*colon = '\0';
	if (inet_pton(AF_INET, addr, &r->to->addr[end]) != 1 ||
	    (colon != NULL && !number_read(colon + 1, UINT16_MAX, &port)))
		return refuse(r, word, "is no IPv4 address, or has no port up to 65535");
	r->has_port[end] = colon != NULL;
	r->to->port[end] = (uint16_t)port;
	return 0;
}

static int proto_read(struct reading *r, const char *word)
{
	static const char *const names[] = { "tcp", "udp", "icmp" };
	static const uint8_t values[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	uint32_t number;

	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (strcmp(names[i], word) == 0)
			r->to->proto = values[i];
	if (r->to->proto == 0) {
		if (!number_read(word, UINT8_MAX, &number) || number == 0)
			return refuse(r, word, "is no protocol: tcp, udp, icmp, or a number");
		r->to->proto = (uint8_t)number;
	}
	for (uint32_t end = 0; end < 2; end++)
		if (r->has_port[end] !=
		    (r->to->proto == IPPROTO_TCP || r->to->proto == IPPROTO_UDP))
			return refuse(r, r->word[end == 0 ? 1 : 3],
				      "TCP and UDP have ports, others have none");
	return 0;
}

/* "syn,ack" */
static int flags_read(struct reading *r, const char *word)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	const char *at = word;

	while (*at != '\0') {
		size_t n = strcspn(at, ","), i = 0;

		while (i < RTE_DIM(names) && (n != 3 || strncmp(names[i], at, n) != 0))
			i++;
		if (i == RTE_DIM(names))
			return refuse(r, word,
				      "flags of TCP are fin, syn, rst, psh, ack, urg; several "
				      "as syn,ack");
		r->to->flags |= (uint8_t)(1u << i);
		at += n + (at[n] == ',');
	}
	return 0;
}

/* Errors say nothing without the packet that they quote. */
static int message_read(struct reading *r, const char *word)
{
	static const struct {
		const char *name;
		uint8_t type;
	} messages[] = {
		{ "echo", 8 },       { "echo-request", 8 },       { "echo-reply", 0 },
		{ "timestamp", 13 }, { "timestamp-request", 13 }, { "timestamp-reply", 14 }
	};

	for (size_t i = 0; i < RTE_DIM(messages); i++)
		if (strcmp(messages[i].name, word) == 0) {
			r->to->icmp_type = messages[i].type;
			return 0;
		}
	return refuse(r, word,
		      "messages of ICMP are echo, echo-reply, timestamp and timestamp-reply; an "
		      "error goes the way of what it quotes: ask about that");
}

static int detail_read(struct reading *r, const char *word)
{
	uint32_t id;

	if (r->to->proto == IPPROTO_TCP)
		return flags_read(r, word);
	if (r->to->proto != IPPROTO_ICMP)
		return refuse(r, word, "this protocol has no details");
	if (strncmp(word, "id=", 3) != 0)
		return message_read(r, word);
	if (!number_read(word + 3, UINT16_MAX, &id))
		return refuse(r, word, "expected is an identifier up to 65535");
	r->to->id = (uint16_t)id;
	return 0;
}

int nat_words_parse(const char *text, struct nat_words *words, char *why, size_t why_size)
{
	struct reading r = { .to = words, .why = why, .why_size = why_size };
	int ret = words_part(&r, text);

	*words = (struct nat_words){ .icmp_type = 8, .id = 1 };
	if (ret < 0)
		return ret;
	if (strlen(r.word[0]) > NAT_EXPLAIN_NAME_MAX)
		return refuse(&r, r.word[0], "is no interface");
	snprintf(words->in, sizeof(words->in), "%s", r.word[0]);
	ret = end_read(&r, 0, r.word[1]);
	if (ret == 0)
		ret = end_read(&r, 1, r.word[3]);
	if (ret == 0)
		ret = proto_read(&r, r.word[4]);
	for (uint32_t i = 5; ret == 0 && i < r.n; i++)
		ret = detail_read(&r, r.word[i]);
	if (words->flags == 0)
		words->flags = RTE_TCP_SYN_FLAG;
	return ret;
}

/* ---- the frame ---- */

static uint16_t l4_make(const struct nat_words *words, const struct rte_ipv4_hdr *ip, uint8_t *at)
{
	rte_be16_t ports[2] = { rte_cpu_to_be_16(words->port[0]),
				rte_cpu_to_be_16(words->port[1]) };
	struct rte_tcp_hdr *tcp = (void *)at;
	struct rte_udp_hdr *udp = (void *)at;
	struct rte_icmp_hdr *icmp = (void *)at;

	switch (words->proto) {
	case IPPROTO_TCP:
		*tcp = (struct rte_tcp_hdr){ .src_port = ports[0],
					     .dst_port = ports[1],
					     .data_off = sizeof(*tcp) / 4 << 4,
					     .tcp_flags = words->flags,
					     .rx_win = UINT16_MAX };
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
		break;
	case IPPROTO_UDP:
		*udp = (struct rte_udp_hdr){ .src_port = ports[0],
					     .dst_port = ports[1],
					     .dgram_len = RTE_BE16(PAYLOAD) };
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
		break;
	case IPPROTO_ICMP:
		icmp->icmp_type = words->icmp_type;
		icmp->icmp_ident = rte_cpu_to_be_16(words->id);
		icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, PAYLOAD);
		break;
	default:
		break;
	}
	return PAYLOAD;
}

uint16_t nat_words_frame(const struct nat_words *words, const uint8_t mac[6], uint16_t vlan,
			 uint8_t frame[NAT_EXPLAIN_FRAME_MAX])
{
	static const uint8_t from[6] = { 0x02, [5] = 0xfe };
	struct rte_ipv4_hdr *ip;
	uint16_t at = 12;

	memset(frame, 0, NAT_EXPLAIN_FRAME_MAX);
	memcpy(frame, mac, 6);
	memcpy(frame + 6, from, sizeof(from));
	if (vlan != 0) {
		memcpy(frame + at, (uint8_t[]){ 0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan }, 4);
		at += 4;
	}
	memcpy(frame + at, (uint8_t[]){ 0x08, 0 }, 2);
	at += 2;
	ip = (void *)(frame + at);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = RTE_BE16(sizeof(*ip) + PAYLOAD),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = TTL,
		.next_proto_id = words->proto,
		.src_addr = words->addr[0],
		.dst_addr = words->addr[1],
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	at += sizeof(*ip);
	return (uint16_t)(at + l4_make(words, ip, frame + at));
}
