/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The IP node's configuration: what is refused, and in which words.
 */
#include "ip_support.h"

/* The program does not start, and says this. */
static void refused(const char *config, const char *why)
{
	ip_begin(config);
	vnf_test_replay_capture(ip_run);
	cr_assert_neq(vnf_test_replay_run(ip_run), 0, "accepted; wanted: %s", why);
	cr_assert_not_null(strstr(vnf_test_replay_log(ip_run), why), "%s: %s", why,
			   vnf_test_replay_log(ip_run));
	ip_end();
}

static void accepted(const char *config)
{
	ip_begin(config);
	ip_play();
	ip_end();
}

/* What is wrong with the keys of an interface, or an address. */
static const struct {
	const char *keys, *why;
} interfaces[] = {
	{ "port = \"middle\";", "no port is named \"middle\"" },
	{ "port = \"left\"; mtu = 67;", "is 67, allowed are 68 to 1500, the mtu of port \"left\"" },
	{ "port = \"left\"; mtu = 1501;", "is 1501, allowed are 68 to 1500" },
	{ "port = \"left\"; mtu = 1279; ipv6 = true;",
	  "IPv6 needs an mtu of 1280 or more, and this interface has 1279" },
	{ "port = \"left\"; mtu = 1279; addresses = [ \"2001:db8::1/64\" ];",
	  "\"2001:db8::1/64\" is IPv6, which needs an mtu of 1280 or more" },
	{ "port = \"left\"; vlan = 4095;", "4095" },
	{ "port = \"left\"; addresses = [ \"10.0.0.1\" ];",
	  "is \"10.0.0.1\", allowed are addresses with the length of their subnet" },
	{ "port = \"left\"; addresses = [ \"10.0.0.1/33\" ];", "is \"10.0.0.1/33\", allowed are" },
	{ "port = \"left\"; addresses = [ \"x\" ];", "is \"x\", allowed are" },
	{ "port = \"left\"; addresses = [ \"10.0.0.0/24\" ];",
	  "\"10.0.0.0/24\" is no address of a host" },
	{ "port = \"left\"; addresses = [ \"10.0.0.255/24\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"127.0.0.1/8\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"224.0.0.1/24\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"0.0.0.0/0\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"ff02::1/64\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"::/64\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"::1/128\" ];", "is no address of a host" },
	{ "port = \"left\"; addresses = [ \"10.0.0.1/24\", \"10.0.0.1/16\" ];",
	  "\"10.0.0.1/16\" is there twice" },
	{ "port = \"left\"; }, { port = \"left\";", "two interfaces are named \"left\"" },
	{ "port = \"left\"; }, { name = \"b\"; port = \"left\";",
	  "interface \"left\" is on the same port and VLAN" },
	{ "port = \"left\"; vlan = 7; }, { name = \"left.7\"; port = \"right\";",
	  "two interfaces are named \"left.7\"" },
	{ "port = \"left\"; addresses = [ \"10.0.0.1/24\" ]; }, { port = \"right\"; "
	  "addresses = [ \"10.0.0.1/24\" ];",
	  "\"10.0.0.1/24\" is there twice" },
	{ "name = \"a\";", "port" },
};

Test(ip_config, interfaces_that_are_refused)
{
	char config[2048];

	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		snprintf(config, sizeof(config), IP_CONFIG_OF("{ %s }", ""), interfaces[i].keys);
		refused(config, interfaces[i].why);
	}
}

static const struct {
	const char *keys, *why;
} routes[] = {
	{ "prefix = \"10.9.0.0\"; via = \"10.0.2.9\";",
	  "is \"10.9.0.0\", allowed are prefixes as \"10.0.0.0/8\" and \"2001:db8::/32\"" },
	{ "prefix = \"10.9.0.1/16\"; via = \"10.0.2.9\";",
	  "is \"10.9.0.1/16\", which has bits beyond its length; \"10.9.0.0/16\" is that prefix" },
	{ "prefix = \"10.9.0.0/16\"; via = \"gateway\";",
	  "is \"gateway\", allowed are addresses of a gateway" },
	{ "prefix = \"10.9.0.0/16\"; via = \"224.0.0.1\";", "allowed are addresses of a gateway" },
	{ "prefix = \"10.9.0.0/16\"; via = \"0.0.0.0\";", "allowed are addresses of a gateway" },
	{ "prefix = \"10.9.0.0/16\"; interface = \"x\";", "no interface is named \"x\"" },
	{ "prefix = \"10.9.0.0/16\";", "leads nowhere: it needs `via`, `interface`, or a `type`" },
	{ "prefix = \"10.9.0.0/16\"; type = \"blackhole\"; via = \"10.0.2.9\";",
	  "with \"blackhole\" there is neither `via` nor `interface`" },
	{ "prefix = \"10.9.0.0/16\"; type = \"reject\";", "reject" },
	{ "prefix = \"10.9.0.0/16\"; via = \"2001:db8:2::9\";",
	  "\"2001:db8:2::9\" and the prefix \"10.9.0.0/16\" are not of the same IP version" },
	{ "prefix = \"::/0\"; via = \"fe80::1\";",
	  "\"fe80::1\" is link-local: `interface` must say on which link" },
	{ "via = \"10.0.2.9\";", "prefix" },
	{ "prefix = \"10.9.0.0/16\"; via = \"127.0.0.1\";", "allowed are addresses of a gateway" },
	{ "prefix = \"10.9.0.0/16\"; via = \"10.0.2.255\";",
	  "the gateway is the broadcast address of a subnet" },
	{ "prefix = \"224.0.0.0/4\"; via = \"10.0.2.9\";",
	  "to groups and link-local addresses there are no routes" },
	{ "prefix = \"fe80::/10\"; via = \"fe80::9\"; interface = \"right\";",
	  "to groups and link-local addresses there are no routes" },
	{ "prefix = \"10.9.0.0/16\"; via = \"10.0.2.9\"; }, { prefix = \"10.9.0.0/16\"; "
	  "type = \"blackhole\";",
	  "there is another route to \"10.9.0.0/16\"" },
};

Test(ip_config, routes_that_are_refused)
{
	char config[2048];

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		snprintf(config, sizeof(config), IP_CONFIG("routes = ( { %s } );"), routes[i].keys);
		refused(config, routes[i].why);
	}
}

/* These need the interfaces. */
Test(ip_config, a_gateway_that_is_nowhere)
{
	refused(IP_CONFIG("routes = ( { prefix = \"10.9.0.0/16\"; via = \"192.0.2.1\"; } );"),
		"the gateway is in no interface's subnet");
}

Test(ip_config, a_gateway_that_is_the_router_itself)
{
	refused(IP_CONFIG("routes = ( { prefix = \"10.9.0.0/16\"; via = \"10.0.2.1\"; } );"),
		"the gateway is this program itself");
}

Test(ip_config, an_interface_without_addresses_of_that_version)
{
	refused(IP_CONFIG_OF("{ port = \"left\"; addresses = [ \"10.0.0.1/24\" ]; }",
			     "routes = ( { prefix = \"::/0\"; via = \"fe80::1\"; "
			     "interface = \"left\"; } );"),
		"interface \"left\" has no address of that IP version");
}

Test(ip_config, limits)
{
	static const char *const bad[] = {
		"neighbours = 15;",       "neighbours = 1048577;",
		"reachable = \"999ms\";", "reachable = \"3601s\";",
		"stale = \"999ms\";",     "stale = \"86401s\";",
		"solicitations = 0;",     "solicitations = 1000001;",
		"icmp_errors = 1000001;", "icmp_errors_per_host = 1000001;",
	};
	char config[2048];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char key[64];

		snprintf(config, sizeof(config), IP_CONFIG("%s"), bad[i]);
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(bad[i], " "), bad[i]);
		refused(config, key);
	}
}

Test(ip_config, it_is_required)
{
	refused(IP_PORTS, "ip");
}

Test(ip_config, interfaces_are_required)
{
	refused(IP_PORTS "ip = { };\n", "interfaces");
}

/* One link-local address may be on each of several links: RFC 4291 section 2.5.6. */
Test(ip_config, one_link_local_address_on_two_links)
{
	accepted(IP_CONFIG_OF("{ port = \"left\"; addresses = [ \"fe80::1/64\" ]; },"
			      "{ port = \"right\"; addresses = [ \"fe80::1/64\" ]; }",
			      ""));
}

Test(ip_config, the_least_and_the_most)
{
	accepted(IP_CONFIG_OF("{ name = \"a\"; port = \"left\"; mtu = 68; vlan = 4094;"
			      "  addresses = [ \"10.0.0.1/31\" ]; }",
			      "neighbours = 16; reachable = \"1s\"; stale = \"1s\"; "
			      "solicitations = 1; icmp_errors = 0; icmp_errors_per_host = 0;"));
}
