/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The words of `vnfkit ctl explain`: each part of the grammar, and what is said of words that are
 * not of it.
 */

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "explain_words.h"

static struct fw_words right(const char *text)
{
	struct fw_words w;
	char why[512] = "";

	cr_assert_eq(fw_words_parse(text, &w, why, sizeof(why)), 0, "%s: %s", text, why);
	return w;
}

static void wrong(const char *text, const char *says)
{
	struct fw_words w;
	char why[512] = "";

	cr_assert_eq(fw_words_parse(text, &w, why, sizeof(why)), -EINVAL, "%s", text);
	cr_assert_not_null(strstr(why, says), "\"%s\" says \"%s\", and not \"%s\"", text, why,
			   says);
}

static void address_is(const uint8_t *addr, const char *text)
{
	uint8_t is[16];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	cr_assert_eq(inet_pton(family, text, is), 1);
	cr_assert_arr_eq(addr, is, family == AF_INET ? 4 : 16, "%s", text);
}

Test(fw_words, tcp)
{
	struct fw_words w = right("in=lan 10.0.0.5:1234 > 192.0.2.1:443 tcp syn");

	cr_assert_str_eq(w.in, "lan");
	cr_assert_eq(w.version, 4);
	address_is(w.addr[0], "10.0.0.5");
	address_is(w.addr[1], "192.0.2.1");
	cr_assert_eq(w.port[0], 1234);
	cr_assert_eq(w.port[1], 443);
	cr_assert_eq(w.proto, 6);
	cr_assert_eq(w.flags, 0x02);
	cr_assert_eq(w.vlan, 0);
	cr_assert_not(w.fragment);
}

Test(fw_words, flags_in_one_word_or_several)
{
	cr_assert_eq(right("in=a 1.1.1.1:1 > 2.2.2.2:2 tcp syn,ack").flags, 0x12);
	cr_assert_eq(right("in=a 1.1.1.1:1 > 2.2.2.2:2 tcp syn ack").flags, 0x12);
	cr_assert_eq(right("in=a 1.1.1.1:1 > 2.2.2.2:2 tcp psh,ack fin").flags, 0x19);
	cr_assert_eq(right("in=a 1.1.1.1:1 > 2.2.2.2:2 6").flags, 0x02, "syn if there is none");
}

Test(fw_words, ipv6)
{
	struct fw_words w = right("in=lan [2001:db8::1]:80 > [2001:db8::2]:65535 udp");

	cr_assert_eq(w.version, 6);
	address_is(w.addr[0], "2001:db8::1");
	address_is(w.addr[1], "2001:db8::2");
	cr_assert_eq(w.port[0], 80);
	cr_assert_eq(w.port[1], 65535);
	cr_assert_eq(w.proto, 17);
	w = right("in=lan 2001:db8::1 > [::2] gre");
	address_is(w.addr[0], "2001:db8::1");
	address_is(w.addr[1], "::2");
	cr_assert_eq(w.proto, 47);
}

Test(fw_words, icmp)
{
	struct fw_words w = right("in=lan id=7 10.0.0.5 > 10.0.0.6 icmp echo-request");

	cr_assert_eq(w.proto, 1);
	cr_assert_eq(w.icmp_type, 8);
	cr_assert_eq(w.icmp_code, 0);
	cr_assert_eq(w.id, 7);
	w = right("in=lan ::1 > ::2 icmpv6 128/3 id=65535 fragment");
	cr_assert_eq(w.icmp_type, 128);
	cr_assert_eq(w.icmp_code, 3);
	cr_assert_eq(w.id, 65535);
	cr_assert(w.fragment);
}

Test(fw_words, keys_stand_anywhere_and_blanks_do_not_matter)
{
	struct fw_words w = right("  10.0.0.5:1>10.0.0.6:2\tudp  vlan=4094 \n in=x.7  ");

	cr_assert_str_eq(w.in, "x.7");
	cr_assert_eq(w.vlan, 4094);
	cr_assert_eq(w.port[1], 2);
}

Test(fw_words, what_is_missing)
{
	wrong("", "in= is missing");
	wrong("10.0.0.5:1 > 10.0.0.6:2 udp", "in= is missing");
	wrong("in=", "word 1, \"in=\": expected is the port (in the wire) or the interface");
	wrong("in=lan", "after word 1 something is missing: expected is the source");
	wrong("in=lan 10.0.0.5:1", "after word 2 something is missing: expected is \">\"");
	wrong("in=lan 10.0.0.5:1 >", "after word 3 something is missing: expected is the dest");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6:2", "after word 4 something is missing: expected is a "
						"protocol");
	wrong("in=lan 10.0.0.5 > 10.0.0.6 icmp", "expected is a type of ICMP");
}

Test(fw_words, wrong_words_are_pointed_at)
{
	wrong("in=lan 10.0.0.300:1 > 10.0.0.6:2 udp", "word 2, \"10.0.0.300:1\": expected is the "
						      "source");
	wrong("in=lan 10.0.0.5:65536 > 10.0.0.6:2 udp", "word 2, \"10.0.0.5:65536\"");
	wrong("in=lan 10.0.0.5:+1 > 10.0.0.6:2 udp", "word 2");
	wrong("in=lan [10.0.0.5]:1 > 10.0.0.6:2 udp", "word 2");
	wrong("in=lan [2001:db8::1 > 2001:db8::2 gre", "word 2");
	wrong("in=lan [2001:db8::1]80 > 2001:db8::2 gre", "word 2");
	wrong("in=lan 10.0.0.5:1 - 10.0.0.6:2 udp", "word 3, \"-\": expected is \">\"");
	wrong("in=lan 10.0.0.5:1 > ::2 udp", "word 4, \"::2\": source and destination are of two");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6:2 tpc", "word 5, \"tpc\": allowed are protocols");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6:2 tpc", "did you mean \"tcp\"?");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6:2 tcp snn", "word 6, \"snn\": expected are flags");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6:2 udp syn", "word 6, \"syn\": this protocol has no");
	wrong("in=lan vlan=0 10.0.0.5:1 > 10.0.0.6:2 udp", "word 2, \"vlan=0\"");
	wrong("in=lan vlan=4095 10.0.0.5:1 > 10.0.0.6:2 udp", "1 to 4094");
	wrong("in=lan id=65536 ::1 > ::2 icmpv6 128", "word 2, \"id=65536\"");
	wrong("in=lan in=wan 10.0.0.5:1 > 10.0.0.6:2 udp",
	      "word 2, \"in=wan\": in= is given twice");
	wrong("in=lan out=wan 10.0.0.5:1 > 10.0.0.6:2 udp", "there are in=NAME, vlan=N and id=N");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6:2 udp id=3", "only icmp and icmpv6 have identifiers");
}

Test(fw_words, ports_are_of_protocols_that_have_some)
{
	wrong("in=lan 10.0.0.5 > 10.0.0.6:80 tcp", "word 2, \"10.0.0.5\": this protocol has ports");
	wrong("in=lan 10.0.0.5:1 > 10.0.0.6 sctp", "word 4, \"10.0.0.6\": this protocol has ports");
	wrong("in=lan ::5 > ::6 udp", "word 2, \"::5\": this protocol has ports");
	wrong("in=lan 10.0.0.5 > 10.0.0.6:80 gre", "word 4, \"10.0.0.6:80\": this protocol has no");
}

Test(fw_words, icmp_is_of_a_family_and_errors_quote)
{
	wrong("in=lan ::1 > ::2 icmp 8", "of the other family");
	wrong("in=lan 10.0.0.5 > 10.0.0.6 icmpv6 128", "of the other family");
	wrong("in=lan 10.0.0.5 > 10.0.0.6 icmp 3/4", "ask about that one");
	wrong("in=lan ::1 > ::2 icmpv6 packet-too-big", "ask about that one");
	wrong("in=lan 10.0.0.5 > 10.0.0.6 icmp ping", "word 6, \"ping\": expected is a type");
	wrong("in=lan 10.0.0.5 > 10.0.0.6 icmp 8 9", "word 7, \"9\": expected is id=N");
}

Test(fw_words, too_much)
{
	char text[2048];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	wrong(text, "more than 32 words or 511 letters");
	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		text[i] = '>';
	text[400] = '\0';
	wrong(text, "more than 32 words");
	memset(text, 'x', 80);
	memcpy(text, "in=", 3);
	text[80] = '\0';
	wrong(text, "expected is the port");
}
