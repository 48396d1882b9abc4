/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the NAT's configuration is refused for, and what it is warned of, each word by word. What a
 * good one becomes is in test_nat_build.c.
 */
#include "nat_policy_support.h"

static void finish(void)
{
	vnf_config_destroy(nat_file);
}

TestSuite(nat_policy, .fini = finish);

#define RULE(...) "rules = ( " __VA_ARGS__ " );\n"
#define POOLS(...) NAT_BARE "pools = ( " __VA_ARGS__ " );\n"
#define ADDRESSES(...) POOLS("{ name = \"p\"; addresses = [ " __VA_ARGS__ " ]; }")
#define RULES(...) NAT_BASE RULE(__VA_ARGS__)
#define PAIRS(...) NAT_BASE "static = ( " __VA_ARGS__ " );\n"
#define FORWARD(...) "forwards = ( " __VA_ARGS__ " );\n"
#define FORWARDS(...) NAT_BASE FORWARD(__VA_ARGS__)
#define TCP "proto = [ \"tcp\" ]; "
#define TO "outside = \"192.0.2.1\"; port = \"80\"; inside = \"10.0.0.5\"; "

#define RANGES                                                                                     \
	"allowed are addresses, prefixes and ranges, as \"192.0.2.1\", \"192.0.2.0/24\" and "      \
	"\"192.0.2.10-192.0.2.20\"\n"
#define PREFIXES "allowed are addresses and prefixes, as \"192.0.2.1\" and \"192.0.2.0/24\"\n"
#define PORTS "allowed are ports as \"80\", and ranges from low to high as \"8000-8080\", within "
#define ONE_POOL "; an external address is of one pool, or of one static pair\n"
#define ALL_PORTS "; a static pair has all ports of its address, choose another one\n"
#define ONE_HOST "; with the same address and protocol, a port leads to one host\n"
#define ONE_FORWARD                                                                                \
	"; an inside address and port is seen by one external one (RFC 4787 REQ-1), so it is of "  \
	"one forward for each protocol\n"
#define NO_HOST "; that is an external address, no host inside can have it\n"

struct refused {
	const char *text;
	const char *errors;
};

static void refuse(const struct refused *of, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cr_expect(!nat_check(of[i].text), "accepted: %s", of[i].text);
		cr_expect_str_eq(nat_errors(), of[i].errors, "for: %sthere is: %swanted: %s",
				 of[i].text, nat_errors(), of[i].errors);
	}
}

#define REFUSE(of) refuse(of, RTE_DIM(of))

/* ---- interfaces ---- */

static const struct refused sides[] = {
	{ NAT_IP "inside = [ ]; outside = [ \"wan\" ];\n" NAT_POOL,
	  "t.conf:2: inside: has 0 elements, at least 1 is needed\n" },
	{ NAT_IP "inside = [ \"lan\" ];\n" NAT_POOL,
	  "t.conf:1: outside: is required, write an array of strings, for example "
	  "[ \"a\", \"b\" ]\n" },
	{ NAT_IP "inside = [ \"lna\" ]; outside = [ \"wan\" ];\n" NAT_POOL,
	  "t.conf:2: inside[0]: no interface of `ip.interfaces` is named \"lna\"; without a name "
	  "it has its port's, and `.VLAN`\n" },
	{ NAT_IP "inside = [ \"lan\", \"lan\" ]; outside = [ \"wan\" ];\n" NAT_POOL,
	  "t.conf:2: inside[1]: is \"lan\", which is there twice\n" },
	{ NAT_IP "inside = [ \"lan\" ]; outside = [ \"wan\", \"lan\" ];\n" NAT_POOL,
	  "t.conf:2: outside[1]: is \"lan\", which `inside` names, too; an interface is of one "
	  "side\n" },
	/* It is told once. */
	{ NAT_IP "inside = [ \"lan\" ]; outside = [ \"wna\" ];\n"
		 "pools = ( { name = \"p\"; addresses = [ \"interface wna\" ]; } );\n",
	  "t.conf:2: outside[0]: no interface of `ip.interfaces` is named \"wna\"; without a name "
	  "it has its port's, and `.VLAN`\n" },
};

Test(nat_policy, interfaces)
{
	REFUSE(sides);
}

/* ---- pools ---- */

static const struct refused pools[] = {
	{ NAT_BARE,
	  "t.conf:1: pools: is empty, and there are neither `static` pairs, `forwards` nor "
	  "`rules`: nothing would be translated; write a pool\n" },
	{ POOLS("{ addresses = [ \"192.0.2.1\" ]; }"),
	  "t.conf:3: pools[0].name: is required, write a string, for example \"text\"\n" },
	{ POOLS("{ name = \"a b\"; addresses = [ \"192.0.2.1\" ]; }"),
	  "t.conf:3: pools[0].name: is \"a b\", allowed are letters, digits, \"_\" and \"-\"\n" },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.1\" ]; },\n"
		"{ name = \"p\"; addresses = [ \"192.0.2.2\" ]; }"),
	  "t.conf:4: pools[1].name: another pool is named \"p\"\n" },
	{ ADDRESSES(), "t.conf:3: pools[0].addresses: has 0 elements, at least 1 is needed\n" },
	{ ADDRESSES("\"192.0.2\""), "t.conf:3: pools[0].addresses[0]: is \"192.0.2\", " RANGES },
	{ ADDRESSES("\"192.0.2.1/33\""),
	  "t.conf:3: pools[0].addresses[0]: is \"192.0.2.1/33\", " RANGES },
	{ ADDRESSES("\"192.0.2.1-\""),
	  "t.conf:3: pools[0].addresses[0]: is \"192.0.2.1-\", " RANGES },
	{ ADDRESSES("\"192.0.2.1/24-192.0.2.2\""),
	  "t.conf:3: pools[0].addresses[0]: is \"192.0.2.1/24-192.0.2.2\", " RANGES },
	{ ADDRESSES("\"2001:db8::1\""),
	  "t.conf:3: pools[0].addresses[0]: is \"2001:db8::1\", but only IPv4 is "
	  "translated; " RANGES },
	{ ADDRESSES("\"192.0.2.1\", \"192.0.3.1/24\""),
	  "t.conf:3: pools[0].addresses[1]: is \"192.0.3.1/24\", which has bits beyond its length; "
	  "\"192.0.3.0/24\" is that prefix\n" },
	{ ADDRESSES("\"192.0.2.9-192.0.2.8\""),
	  "t.conf:3: pools[0].addresses[0]: is \"192.0.2.9-192.0.2.8\", which ends before it "
	  "begins; write the lower first\n" },
	{ ADDRESSES("\"0.255.255.255\""),
	  "t.conf:3: pools[0].addresses[0]: is \"0.255.255.255\", but no host can have addresses "
	  "of 0.0.0.0/8; leave them out\n" },
	{ ADDRESSES("\"126.255.255.255-127.0.0.0\""),
	  "t.conf:3: pools[0].addresses[0]: is \"126.255.255.255-127.0.0.0\", but no host can have "
	  "addresses of 127.0.0.0/8; leave them out\n" },
	{ ADDRESSES("\"223.255.255.255-224.0.0.0\""),
	  "t.conf:3: pools[0].addresses[0]: is \"223.255.255.255-224.0.0.0\", but no host can have "
	  "addresses of 224.0.0.0/4; leave them out\n" },
	{ ADDRESSES("\"255.255.255.255\""),
	  "t.conf:3: pools[0].addresses[0]: is \"255.255.255.255\", but no host can have addresses "
	  "of 240.0.0.0/4; leave them out\n" },
	{ ADDRESSES("\"interface lan\""),
	  "t.conf:3: pools[0].addresses[0]: is \"interface lan\", allowed are interfaces that "
	  "`outside` names; did you mean \"interface wan\"?\n" },
	{ ADDRESSES("\"interface spare\""),
	  "t.conf:3: pools[0].addresses[0]: is \"interface spare\", allowed are interfaces that "
	  "`outside` names\n" },
	{ ADDRESSES("\"interface \""),
	  "t.conf:3: pools[0].addresses[0]: is \"interface \", " RANGES },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.1\" ]; ports = \"0-80\"; }"),
	  "t.conf:3: pools[0].ports: is \"0-80\", " PORTS "1 to 65535\n" },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.1\" ]; ports = \"80-79\"; }"),
	  "t.conf:3: pools[0].ports: is \"80-79\", " PORTS "1 to 65535\n" },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.1\" ]; ports = \"1-65536\"; }"),
	  "t.conf:3: pools[0].ports: is \"1-65536\", " PORTS "1 to 65535\n" },
	{ ADDRESSES("\"192.0.2.0/24\", \"198.18.0.0/20\""),
	  "t.conf:3: pools[0].addresses[1]: is \"198.18.0.0/20\", with which pools have 4352 "
	  "addresses, allowed are 4096 of all pools together\n" },
	{ ADDRESSES("\"interface dsl\", \"198.18.0.0/20\""),
	  "t.conf:3: pools[0].addresses[1]: is \"198.18.0.0/20\", with which pools have 4097 "
	  "addresses, allowed are 4096 of all pools together\n" },
	{ ADDRESSES("\"192.0.0.0/2\""),
	  "t.conf:3: pools[0].addresses[0]: is \"192.0.0.0/2\", but no host can have addresses of "
	  "224.0.0.0/4; leave them out\n" },
	{ ADDRESSES("\"1.0.0.0/8\", \"2.0.0.0/8\""),
	  "t.conf:3: pools[0].addresses[0]: is \"1.0.0.0/8\", with which pools have 16777216 "
	  "addresses, allowed are 4096 of all pools together\n" },
};

#define WITHOUT_POOLS NAT_BARE "static = ( { inside = \"10.0.0.5\"; outside = \"192.0.2.5\"; } );"

Test(nat_policy, pools)
{
	REFUSE(pools);
	cr_expect(nat_check(WITHOUT_POOLS), "%s", nat_errors());
	cr_expect(nat_check(NAT_BARE FORWARD("{ " TCP TO "}")), "%s", nat_errors());
}

static const struct refused overlaps[] = {
	{ ADDRESSES("\"192.0.2.0/28\",\n\"192.0.2.15-192.0.2.16\""),
	  "t.conf:4: pools[0].addresses[1]: is \"192.0.2.15-192.0.2.16\", which overlaps "
	  "\"192.0.2.0/28\" of pool \"p\" (t.conf:3)" ONE_POOL },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.9\" ]; },\n"
		"{ name = \"q\"; addresses = [ \"192.0.2.1\", \"192.0.2.0/24\" ]; }"),
	  "t.conf:4: pools[1].addresses[1]: is \"192.0.2.0/24\", which overlaps \"192.0.2.1\" of "
	  "pool \"q\" (t.conf:4)" ONE_POOL
	  "t.conf:4: pools[1].addresses[1]: is \"192.0.2.0/24\", which overlaps \"192.0.2.9\" of "
	  "pool \"p\" (t.conf:3)" ONE_POOL },
	/* Nothing between the two overlaps, and what ends last is not the one before. */
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.0/28\" ]; },\n"
		"{ name = \"q\"; addresses = [ \"198.18.0.1\", \"192.0.2.15\" ]; }"),
	  "t.conf:4: pools[1].addresses[1]: is \"192.0.2.15\", which overlaps \"192.0.2.0/28\" of "
	  "pool \"p\" (t.conf:3)" ONE_POOL },
	/* An interface that has addresses, once for both of them; one that has none yet. */
	{ ADDRESSES("\"interface wan\", \"interface wan\""),
	  "t.conf:3: pools[0].addresses[1]: is \"interface wan\", which overlaps \"interface wan\" "
	  "of pool \"p\" (t.conf:3)" ONE_POOL },
	{ ADDRESSES("\"interface dsl\", \"interface dsl\""),
	  "t.conf:3: pools[0].addresses[1]: is \"interface dsl\", which overlaps \"interface dsl\" "
	  "of pool \"p\" (t.conf:3)" ONE_POOL },
	{ ADDRESSES("\"interface wan\", \"198.51.100.3\""),
	  "t.conf:3: pools[0].addresses[1]: is \"198.51.100.3\", which overlaps \"interface wan\" "
	  "of pool \"p\" (t.conf:3)" ONE_POOL },
	{ PAIRS("{ inside = \"10.0.0.5\"; outside = \"192.0.2.15\"; }"),
	  "t.conf:4: static[0].outside: is \"192.0.2.15\", which overlaps \"192.0.2.0/28\" of pool "
	  "\"public\" (t.conf:3)" ONE_POOL },
};

Test(nat_policy, addresses_of_two_pools)
{
	REFUSE(overlaps);
	cr_expect(nat_check(ADDRESSES("\"192.0.2.0/28\", \"192.0.2.16\", \"191.255.255.255\", "
				      "\"interface wan\", \"interface dsl\", \"198.51.100.4\"")),
		  "%s", nat_errors());
}

/* ---- rules ---- */

static const struct refused rules[] = {
	{ RULES("{ name = \"a\"; action = \"none\"; src = [ \"10.0.0.1\" ]; },\n"
		"{ name = \"a\"; action = \"none\"; }"),
	  "t.conf:5: rules[1].name: another rule is named \"a\"\n" },
	{ RULES("{ src = [ \"10.0.0.1\" ]; }"),
	  "t.conf:4: rules[0].action: is required, write one of \"translate\", \"none\"\n" },
	{ RULES("{ action = \"none\"; src = [ \"10.0.0\" ]; }"),
	  "t.conf:4: rules[0].src[0]: is \"10.0.0\", " RANGES },
	{ RULES("{ action = \"none\"; dst = [ \"::/0\" ]; }"),
	  "t.conf:4: rules[0].dst[0]: is \"::/0\", but only IPv4 is "
	  "translated; " RANGES },
	{ RULES("{ action = \"none\"; proto = [ \"tpc\" ]; }"),
	  "t.conf:4: rules[0].proto[0]: is \"tpc\", allowed are \"tcp\", \"udp\", \"icmp\", and "
	  "numbers up to 255\n" },
	{ RULES("{ action = \"none\"; proto = [ \"256\" ]; }"),
	  "t.conf:4: rules[0].proto[0]: is \"256\", allowed are \"tcp\", \"udp\", \"icmp\", and "
	  "numbers up to 255\n" },
	{ RULES("{ action = \"translate\"; proto = [ \"6\", \"47\" ]; }"),
	  "t.conf:4: rules[0].proto[1]: is \"47\", which cannot be translated, allowed are "
	  "\"tcp\", \"udp\" and \"icmp\"; others go by `static`, or by rules of action "
	  "\"none\"\n" },
	{ RULES("{ action = \"none\"; dport = [ \"80-\" ]; }"),
	  "t.conf:4: rules[0].dport[0]: is \"80-\", " PORTS "0 to 65535\n" },
	{ RULES("{ action = \"none\"; proto = [ \"icmp\" ]; dport = [ \"80\" ]; }"),
	  "t.conf:4: rules[0].dport: is for protocols with ports, and `proto` names \"icmp\" "
	  "alone; leave one of them out\n" },
	{ RULES("{ action = \"translate\"; pool = \"pubic\"; }"),
	  "t.conf:4: rules[0].pool: no pool is named \"pubic\"; did you mean \"public\"?\n" },
	{ RULES("{ action = \"translate\"; pool = \"other\"; }"),
	  "t.conf:4: rules[0].pool: no pool is named \"other\"; the first one is \"public\"\n" },
	{ RULES("{ action = \"none\"; pool = \"public\"; }"),
	  "t.conf:4: rules[0].pool: is for action \"translate\", and this one is \"none\"\n" },
	{ NAT_BARE "rules = ( { action = \"translate\"; } );\n",
	  "t.conf:3: rules[0].action: is \"translate\", and there are no `pools`; write one\n" },
};

Test(nat_policy, rules)
{
	REFUSE(rules);
	cr_expect(nat_check(NAT_BARE "rules = ( { action = \"none\"; proto = [ \"47\" ]; }, "
				     "{ action = \"none\"; dport = [ \"0\" ]; } );"),
		  "%s", nat_errors());
}

/* ---- static pairs ---- */

static const struct refused pairs[] = {
	{ PAIRS("{ inside = \"10.0.0.5\"; }"),
	  "t.conf:4: static[0].outside: is required, write a string, for example \"text\"\n" },
	{ PAIRS("{ inside = \"10.0.0.5-10.0.0.6\"; outside = \"198.18.0.5-198.18.0.6\"; }"),
	  "t.conf:4: static[0].inside: is \"10.0.0.5-10.0.0.6\", " PREFIXES
	  "t.conf:4: static[0].outside: is \"198.18.0.5-198.18.0.6\", " PREFIXES },
	{ PAIRS("{ inside = \"10.0.0.5/24\"; outside = \"198.18.0.0/24\"; }"),
	  "t.conf:4: static[0].inside: is \"10.0.0.5/24\", which has bits beyond its length; "
	  "\"10.0.0.0/24\" is that prefix\n" },
	{ PAIRS("{ inside = \"10.0.0.0/24\"; outside = \"198.18.0.0/25\"; }"),
	  "t.conf:4: static[0].outside: is \"198.18.0.0/25\", of 128 addresses, and `inside` is "
	  "\"10.0.0.0/24\", of 256; both must be of the same length\n" },
	{ PAIRS("{ inside = \"0.0.0.0/0\"; outside = \"127.0.0.1\"; }"),
	  "t.conf:4: static[0].inside: is \"0.0.0.0/0\", but no host can have addresses of "
	  "0.0.0.0/8; leave them out\n"
	  "t.conf:4: static[0].outside: is \"127.0.0.1\", but no host can have addresses of "
	  "127.0.0.0/8; leave them out\n" },
	{ PAIRS("{ inside = \"10.0.0.5\"; outside = \"198.18.0.5\"; },\n"
		"{ inside = \"10.0.1.0/30\"; outside = \"198.18.0.4/30\"; }"),
	  "t.conf:5: static[1].outside: is \"198.18.0.4/30\", which overlaps \"198.18.0.5\" of a "
	  "static pair (t.conf:4)" ONE_POOL },
	{ PAIRS("{ inside = \"10.0.0.5\"; outside = \"198.18.0.9\"; },\n"
		"{ inside = \"10.0.0.4/30\"; outside = \"198.18.0.4/30\"; }"),
	  "t.conf:5: static[1].inside: is \"10.0.0.4/30\", which overlaps \"10.0.0.5\" of a static "
	  "pair (t.conf:4); an address inside is of one static pair\n" },
	{ PAIRS("{ inside = \"192.0.2.3\"; outside = \"198.18.0.9\"; }"),
	  "t.conf:4: static[0].inside: is \"192.0.2.3\", which overlaps \"192.0.2.0/28\" of pool "
	  "\"public\" (t.conf:3)" NO_HOST },
	{ PAIRS("{ inside = \"198.18.0.8\"; outside = \"198.18.0.9\"; },\n"
		"{ inside = \"10.0.0.5\"; outside = \"198.18.0.8\"; }"),
	  "t.conf:4: static[0].inside: is \"198.18.0.8\", which overlaps \"198.18.0.8\" of a "
	  "static pair (t.conf:5)" NO_HOST },
};

Test(nat_policy, static_pairs)
{
	REFUSE(pairs);
	cr_expect(nat_check(PAIRS("{ inside = \"10.0.0.5\"; outside = \"198.18.0.5\"; }, "
				  "{ inside = \"10.0.0.6\"; outside = \"198.18.0.4\"; }, "
				  "{ inside = \"10.0.0.0/30\"; outside = \"198.18.0.0/30\"; }")),
		  "%s", nat_errors());
}

/* ---- forwards ---- */

static const struct refused forwards[] = {
	{ FORWARDS("{ " TO "}"),
	  "t.conf:4: forwards[0].proto: is required, write an array of strings, for example "
	  "[ \"a\", \"b\" ]\n" },
	{ FORWARDS("{ proto = [ \"icmp\" ]; " TO "}"),
	  "t.conf:4: forwards[0].proto[0]: is \"icmp\", allowed are \"tcp\" and \"udp\"\n" },
	{ FORWARDS("{ proto = [ \"udp\", \"udp\" ]; " TO "}"),
	  "t.conf:4: forwards[0].proto[1]: is \"udp\", which is there twice\n" },
	{ FORWARDS("{ name = \"w\"; " TCP TO "},\n{ name = \"w\"; " TCP
		   "outside = \"192.0.2.2\"; port = \"80\"; inside = \"10.0.0.6\"; }"),
	  "t.conf:5: forwards[1].name: another forward is named \"w\"\n" },
	{ FORWARDS("{ " TCP
		   "outside = \"192.0.2.0/28\"; port = \"80\"; inside = \"10.0.0.0/28\"; }"),
	  "t.conf:4: forwards[0].outside: is \"192.0.2.0/28\", allowed are addresses, as "
	  "\"192.0.2.1\", or an outside interface's, as \"interface wan\"\n"
	  "t.conf:4: forwards[0].inside: is \"10.0.0.0/28\", allowed are addresses, as "
	  "\"192.0.2.1\"\n" },
	{ FORWARDS("{ " TCP
		   "outside = \"interface lan\"; port = \"80\"; inside = \"224.0.0.1\"; }"),
	  "t.conf:4: forwards[0].outside: is \"interface lan\", allowed are interfaces that "
	  "`outside` names; did you mean \"interface wan\"?\n"
	  "t.conf:4: forwards[0].inside: is \"224.0.0.1\", but no host can have addresses of "
	  "224.0.0.0/4; leave them out\n" },
	{ FORWARDS("{ " TCP "outside = \"192.0.2.1\"; port = \"0\"; inside = \"10.0.0.5\"; }"),
	  "t.conf:4: forwards[0].port: is \"0\", " PORTS "1 to 65535\n" },
	{ FORWARDS("{ " TCP "outside = \"192.0.2.1\"; port = \"80-89\"; inside = \"10.0.0.5\"; "
		   "inside_port = 65527; }"),
	  "t.conf:4: forwards[0].inside_port: is 65527, and `port` is of 10 ports, the last of "
	  "which would be beyond 65535; allowed are up to 65526\n" },
};

static const struct refused forward_overlaps[] = {
	{ FORWARDS("{ name = \"w\"; " TCP TO "},\n{ proto = [ \"udp\", \"tcp\" ]; "
		   "outside = \"192.0.2.1\"; port = \"79-81\"; inside = \"10.0.0.6\"; }"),
	  "t.conf:5: forwards[1].port: is \"79-81\", which overlaps \"80\" of forward \"w\" "
	  "(t.conf:4)" ONE_HOST },
	{ FORWARDS("{ proto = [ \"tcp\", \"udp\" ]; " TO "},\n{ proto = [ \"udp\", \"tcp\" ]; "
		   "outside = \"192.0.2.1\"; port = \"79-81\"; inside = \"10.0.0.6\"; }"),
	  "t.conf:5: forwards[1].port: is \"79-81\", which overlaps \"80\" of a forward "
	  "(t.conf:4)" ONE_HOST },
	{ FORWARDS("{ " TCP
		   "outside = \"interface dsl\"; port = \"80\"; inside = \"10.0.0.5\"; },\n"
		   "{ " TCP "outside = \"interface dsl\"; port = \"80\"; inside = \"10.0.0.6\"; }"),
	  "t.conf:5: forwards[1].port: is \"80\", which overlaps \"80\" of a forward "
	  "(t.conf:4)" ONE_HOST },
	/* The first address of an interface. */
	{ FORWARDS("{ " TCP
		   "outside = \"interface wan\"; port = \"80\"; inside = \"10.0.0.5\"; },\n"
		   "{ " TCP "outside = \"198.51.100.2\"; port = \"80\"; inside = \"10.0.0.6\"; }"),
	  "t.conf:5: forwards[1].port: is \"80\", which overlaps \"80\" of a forward "
	  "(t.conf:4)" ONE_HOST },
	{ FORWARDS("{ " TCP TO "inside_port = 85; },\n{ " TCP
		   "outside = \"192.0.2.2\"; port = \"1-6\"; inside = \"10.0.0.5\"; "
		   "inside_port = 80; }"),
	  "t.conf:5: forwards[1].inside: is \"10.0.0.5\", which overlaps \"10.0.0.5\" of a forward "
	  "(t.conf:4)" ONE_FORWARD },
	{ PAIRS("{ inside = \"10.0.0.5\"; outside = \"198.18.0.1\"; }")
		  FORWARD("{ " TCP "outside = \"192.0.2.1\"; port = \"80\"; "
			  "inside = \"10.0.0.5\"; }"),
	  "t.conf:5: forwards[0].inside: is \"10.0.0.5\", which overlaps \"10.0.0.5\" of a static "
	  "pair (t.conf:4); a static pair has all ports of its address\n" },
	{ PAIRS("{ inside = \"10.0.0.5\"; outside = \"198.18.0.1\"; }")
		  FORWARD("{ " TCP "outside = \"198.18.0.1\"; port = \"80\"; "
			  "inside = \"10.0.0.6\"; }"),
	  "t.conf:5: forwards[0].outside: is \"198.18.0.1\", which overlaps \"198.18.0.1\" of a "
	  "static pair (t.conf:4)" ALL_PORTS },
	{ FORWARDS("{ " TCP "outside = \"198.18.0.1\"; port = \"80\"; inside = \"192.0.2.7\"; }"),
	  "t.conf:4: forwards[0].inside: is \"192.0.2.7\", which overlaps \"192.0.2.0/28\" of pool "
	  "\"public\" (t.conf:3)" NO_HOST },
	{ FORWARDS("{ name = \"w\"; " TCP "outside = \"198.18.0.1\"; port = \"80\"; "
		   "inside = \"10.0.0.5\"; },\n{ " TCP
		   "outside = \"192.0.2.1\"; port = \"80\"; inside = \"198.18.0.1\"; }"),
	  "t.conf:5: forwards[1].inside: is \"198.18.0.1\", which overlaps \"198.18.0.1\" of "
	  "forward \"w\" (t.conf:4)" NO_HOST },
};

Test(nat_policy, forwards)
{
	REFUSE(forwards);
	REFUSE(forward_overlaps);
}

/* Side by side: other protocols, ports, addresses. */
Test(nat_policy, forwards_that_do_not_overlap)
{
	cr_expect(nat_check(FORWARDS(
			  "{ " TCP TO "}, "
			  "{ proto = [ \"udp\" ]; " TO "}, "
			  "{ " TCP "outside = \"192.0.2.1\"; port = \"81-65535\"; "
			  "inside = \"10.0.0.5\"; }, "
			  "{ " TCP "outside = \"192.0.2.2\"; port = \"80\"; inside = \"10.0.0.5\"; "
			  "inside_port = 79; }, "
			  "{ " TCP "outside = \"interface wan\"; port = \"80\"; "
			  "inside = \"10.0.0.6\"; }, "
			  "{ " TCP "outside = \"198.51.100.3\"; port = \"80\"; "
			  "inside = \"10.0.0.7\"; }, "
			  "{ " TCP "outside = \"interface dsl\"; port = \"80\"; "
			  "inside = \"10.0.0.8\"; }")),
		  "%s", nat_errors());
}

/* ---- all else ---- */

static const struct refused others[] = {
	{ NAT_BASE "filtering = \"full-cone\";\n",
	  "t.conf:4: filtering: is \"full-cone\", write one of \"profile\", "
	  "\"endpoint-independent\", \"address-dependent\", \"address-and-port-dependent\"\n" },
	{ NAT_BASE "syn_hold = \"5999ms\";\n",
	  "t.conf:4: syn_hold: is shorter than 6s, the least that RFC 5382 (REQ-4) allows before "
	  "an answer; write 6s or more, or 0s for none\n" },
	{ NAT_BASE "mss = 535;\n",
	  "t.conf:4: mss: is 535, allowed are 0 (SYNs stay as they are) and 536 to 65495\n" },
	{ NAT_BASE "sessions = 0;\n", "t.conf:4: sessions: is 0, 1 to 268435456 are allowed\n" },
	{ NAT_BASE "limits = { ports = 65536; };\n",
	  "t.conf:4: limits.ports: is 65536, 0 to 65535 are allowed\n" },
};

Test(nat_policy, other_keys)
{
	REFUSE(others);
	cr_expect(nat_check(NAT_BASE "syn_hold = \"6s\"; mss = 536; log = { sessions = true; };"),
		  "%s", nat_errors());
	cr_expect(nat_check(NAT_BASE "syn_hold = \"0s\"; mss = 0; filtering = "
				     "\"address-and-port-dependent\";"),
		  "%s", nat_errors());
}

/* All mistakes are told at once. */
Test(nat_policy, several_mistakes)
{
	static const struct refused of[] = {
		{ ADDRESSES("\"1\"") "static = ( { inside = \"2\"; outside = \"198.18.0.1\"; } );\n"
				     "forwards = ( { " TCP "outside = \"192.0.2.1\"; port = \"x\"; "
				     "inside = \"3\"; } );\n"
				     "rules = ( { action = \"none\"; src = [ \"4\" ]; } );\n",
		  "t.conf:3: pools[0].addresses[0]: is \"1\", " RANGES
		  "t.conf:4: static[0].inside: is \"2\", " PREFIXES
		  "t.conf:5: forwards[0].port: is \"x\", " PORTS "1 to 65535\n"
		  "t.conf:5: forwards[0].inside: is \"3\", allowed are addresses, as "
		  "\"192.0.2.1\"\n"
		  "t.conf:6: rules[0].src[0]: is \"4\", " RANGES },
	};

	REFUSE(of);
}

/* ---- warnings ---- */

static const struct {
	const char *text;
	const char *log;
} warned[] = {
	{ NAT_BASE "timeouts = { udp = \"119s\"; };",
	  "t: warning: t.conf:4: timeouts.udp: hosts expect at least 2m (RFC 4787 REQ-5), and may "
	  "lose what they still use\n" },
	{ NAT_BASE "timeouts = { tcp_established = \"7439s\"; };",
	  "t: warning: t.conf:4: timeouts.tcp_established: hosts expect at least 2h4m (RFC 5382 "
	  "REQ-5), and may lose what they still use\n" },
	{ NAT_BASE "timeouts = { tcp_opening = \"239s\"; };",
	  "t: warning: t.conf:4: timeouts.tcp_opening: hosts expect at least 4m (RFC 5382 REQ-5), "
	  "and may lose what they still use\n" },
	{ NAT_BASE "timeouts = { tcp_closing = \"239s\"; };",
	  "t: warning: t.conf:4: timeouts.tcp_closing: hosts expect at least 4m (RFC 5382 REQ-5), "
	  "and may lose what they still use\n" },
	{ NAT_BASE "timeouts = { tcp_reset = \"239s\"; };",
	  "t: warning: t.conf:4: timeouts.tcp_reset: hosts expect at least 4m (RFC 7857 section "
	  "2.2), and may lose what they still use\n" },
	{ NAT_BASE "timeouts = { icmp = \"59s\"; };",
	  "t: warning: t.conf:4: timeouts.icmp: hosts expect at least 1m (RFC 5508 REQ-2), and may "
	  "lose what they still use\n" },
	{ NAT_BASE "timeouts = { udp = \"120s\"; udp_known = \"1s\"; tcp_established = \"7440s\"; "
		   "tcp_opening = \"240s\"; tcp_closing = \"240s\"; tcp_reset = \"240s\"; "
		   "icmp = \"60s\"; };",
	  "" },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.1\" ]; },\n"
		"{ name = \"q\"; addresses = [ \"192.0.2.2\" ]; }"),
	  "t: warning: t.conf:4: pools[1] (q): nothing is translated by it, without `rules` all is "
	  "by the first pool\n" },
	{ POOLS("{ name = \"p\"; addresses = [ \"192.0.2.1\" ]; },\n"
		"{ name = \"q\"; addresses = [ \"192.0.2.2\" ]; }")
		  RULE("{ action = \"translate\"; pool = \"q\"; }"),
	  "t: warning: t.conf:3: pools[0] (p): nothing is translated by it, no rule names "
	  "it\n" },
	{ RULES("{ action = \"none\"; }"),
	  "t: warning: t.conf:3: pools[0] (public): nothing is translated by it, no rule names "
	  "it\n" },
	{ RULES("{ name = \"all\"; action = \"translate\"; src = [ \"10.0.0.0/8\" ]; },\n"
		"{ name = \"web\"; action = \"none\"; src = [ \"10.1.0.0/16\" ]; "
		"dport = [ \"80\" ]; },\n"
		"{ action = \"none\"; src = [ \"10.0.0.0/7\" ]; }"),
	  "t: warning: t.conf:5: rules[1] (web): no packet gets here, rules[0] (all) of t.conf:4 "
	  "matches all that this one would\n" },
	{ RULES("{ action = \"translate\"; },\n{ action = \"none\"; }"),
	  "t: warning: t.conf:5: rules[1]: no packet gets here, rules[0] of t.conf:4 matches all "
	  "that this one would\n" },
};

Test(nat_policy, warnings)
{
	for (size_t i = 0; i < RTE_DIM(warned); i++) {
		bool good;

		nat_log_begin();
		good = nat_check(warned[i].text);
		nat_log_end();
		cr_expect(good, "refused: %s", warned[i].text);
		cr_expect_str_eq(nat_text, warned[i].log, "for: %sthere is: %swanted: %s",
				 warned[i].text, nat_text, warned[i].log);
	}
}
