/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Loading configurations: every kind of error with its exact text, positions across includes, what
 * is decoded, the dump that loads again, the reference page. Each test runs in a process and a
 * directory of its own.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vnf/config.h>

#include "config_priv.h"

/* A schema with every type. */

struct tap {
	const char *name;
	uint8_t mac[6];
};

struct virtio {
	const char *socket;
	uint32_t mode;
	uint32_t queues;
};

struct port {
	const char *name;
	uint32_t kind;
	void *data;
	uint32_t burst;
};

struct inner {
	uint32_t depth;
	const char *label;
};

struct limits {
	uint64_t memory;
	uint64_t rate;
	uint64_t timeout;
	struct inner inner;
};

struct strict {
	const char *user;
};

struct settings {
	struct limits limits; /* At the address of the section and of its own first key. */
	bool promiscuous;
	uint32_t workers;
	uint64_t seed;
	const char *title;
	uint32_t algorithm;
	uint8_t mac[6];
	uint32_t mode;
	struct vnf_config_u32s cpus;
	struct vnf_config_strings peers;
	struct vnf_config_list ports;
	struct strict strict;
};

struct app {
	uint32_t level;
};

static const char *const algorithms[] = { "fast", "slow", "balanced", NULL };

static int check_even(const void *field, char *why, size_t why_size)
{
	uint32_t u = *(const uint32_t *)field;

	if (u % 2 == 0)
		return 0;
	snprintf(why, why_size, "is %" PRIu32 ", only even numbers are allowed", u);
	return -EINVAL;
}

static int check_limits(const void *field, char *why, size_t why_size)
{
	const struct limits *limits = field;

	(void)why;
	(void)why_size;
	return limits->memory == 1024 ? -EINVAL : 0;
}

#define KEY(n, t, s, f) .name = n, .type = VNF_CONFIG_##t, .offset = offsetof(struct s, f)

static const struct vnf_config_key tap_keys[] = {
	{ KEY("device", STRING, tap, name), .max = 15, .doc = "Name of the interface." },
	{ KEY("mac", MAC, tap, mac), .doc = "Address." },
	{ .name = NULL },
};

static const struct vnf_config_key virtio_keys[] = {
	{ KEY("socket", STRING, virtio, socket), .flags = VNF_CONFIG_REQUIRED, .min = 1, .max = 107,
	  .doc = "Path of the socket." },
	{ KEY("mode", MODE, virtio, mode), .def = "0660", .doc = "Mode of the socket." },
	{ KEY("queues", U32, virtio, queues), .min = 1, .max = 8, .unit = "queues", .def = "1",
	  .doc = "Queues | pairs." },
	{ .name = NULL },
};

static const struct vnf_config_variant kinds[] = {
	{ "tap", tap_keys, sizeof(struct tap), "A tap device." },
	{ "virtio-user", virtio_keys, sizeof(struct virtio), "A virtio device." },
	{ "null", NULL, 0, "Nothing." },
	{ NULL, NULL, 0, NULL },
};

static const struct vnf_config_variants port_variants = {
	.key = "kind",
	.index_offset = offsetof(struct port, kind),
	.data_offset = offsetof(struct port, data),
	.variants = kinds,
};

static const struct vnf_config_key port_keys[] = {
	{ KEY("name", STRING, port, name), .flags = VNF_CONFIG_REQUIRED, .min = 1, .max = 15,
	  .doc = "Name." },
	{ KEY("burst", U32, port, burst), .min = 1, .max = 512, .unit = "packets", .def = "32",
	  .doc = "Burst." },
	{ .name = NULL },
};

static const struct vnf_config_key inner_keys[] = {
	{ KEY("depth", U32, inner, depth), .def = "3", .doc = "Depth." },
	{ KEY("label", STRING, inner, label), .doc = "Label." },
	{ .name = NULL },
};

static const struct vnf_config_key limits_keys[] = {
	{ KEY("memory", BYTES, limits, memory), .min = 1024, .max = UINT64_C(1) << 30, .def = "64M",
	  .doc = "Memory." },
	{ KEY("rate", COUNT, limits, rate), .max = 1500000, .unit = "packets/s", .def = "10k",
	  .flags = VNF_CONFIG_LIVE, .doc = "Rate." },
	{ KEY("timeout", DURATION, limits, timeout), .min = 1000, .max = 3600000000000, .def = "5m",
	  .doc = "Timeout." },
	{ KEY("inner", GROUP, limits, inner), .keys = inner_keys, .doc = "More." },
	{ .name = NULL },
};

static const struct vnf_config_key strict_keys[] = {
	{ KEY("user", STRING, strict, user), .flags = VNF_CONFIG_REQUIRED, .doc = "User." },
	{ .name = NULL },
};

static const struct vnf_config_key keys[] = {
	{ KEY("limits", GROUP, settings, limits), .keys = limits_keys, .check = check_limits,
	  .doc = "Limits." },
	{ KEY("promiscuous", BOOL, settings, promiscuous), .def = "true", .doc = "All packets." },
	{ KEY("workers", U32, settings, workers), .min = 1, .max = 64, .flags = VNF_CONFIG_REQUIRED,
	  .doc = "Workers." },
	{ KEY("seed", U64, settings, seed), .doc = "Seed." },
	{ KEY("title", STRING, settings, title), .doc = "Title." },
	{ KEY("algorithm", ENUM, settings, algorithm), .choices = algorithms, .def = "slow",
	  .doc = "Algorithm." },
	{ KEY("mac", MAC, settings, mac), .doc = "Address." },
	{ KEY("mode", MODE, settings, mode), .def = "0640", .doc = "Mode." },
	{ KEY("cpus", U32S, settings, cpus), .max = 4, .def = "1, 2", .doc = "CPUs." },
	{ KEY("peers", STRINGS, settings, peers), .min = 1, .max = 3, .def = "a, b c",
	  .doc = "Peers." },
	{ KEY("ports", LIST, settings, ports), .keys = port_keys, .size = sizeof(struct port),
	  .max = 3, .variants = &port_variants, .doc = "Ports." },
	{ KEY("strict", GROUP, settings, strict), .keys = strict_keys, .doc = "Optional." },
	{ .name = NULL },
};

static const struct vnf_config_key app_keys[] = {
	{ KEY("level", U32, app, level), .check = check_even, .doc = "Level." },
	{ .name = NULL },
};

static const struct vnf_config_section sections[] = {
	{ "Settings", keys, sizeof(struct settings) },
	{ "Application", app_keys, sizeof(struct app) },
};

/* Fixture: a directory, and one configuration that is released at the end. */

static char directory[] = "/tmp/vnf-config-XXXXXX";
static struct vnf_config *config;

static void setup(void)
{
	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
}

static void teardown(void)
{
	char command[64];

	vnf_config_destroy(config);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command) != 0)
		perror(command);
}

TestSuite(config, .init = setup, .fini = teardown);

static void write_bytes(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void write_file(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

static int load_path(const char *path)
{
	vnf_config_destroy(config);
	return vnf_config_load(path, sections, 2, &config);
}

static int load(const char *text)
{
	write_file("t.conf", text);
	return load_path("t.conf");
}

/* The errors of the configuration; valid until the next call. */
static const char *errors(void)
{
	static char text[8192];
	FILE *f = fmemopen(text, sizeof(text), "w");

	cr_assert_not_null(f);
	memset(text, 0, sizeof(text));
	vnf_config_print_errors(config, f);
	fclose(f);
	return text;
}

static void expect_errors(const char *text, const char *expected)
{
	int ret = load(text);

	cr_expect_eq(ret, -EINVAL, "%d for: %s", ret, text);
	cr_expect_str_eq(errors(), expected, "for: %s\nthere is: %s", text, errors());
}

/* For one wrong key besides the required one. */
static void expect_error(const char *line, const char *expected)
{
	char text[4096], full[4096];

	snprintf(text, sizeof(text), "workers = 1;\n%s\n", line);
	snprintf(full, sizeof(full), "t.conf:2: %s\n", expected);
	expect_errors(text, full);
}

static struct settings *settings(void)
{
	return vnf_config_data(config, 0);
}

static void load_good(const char *text)
{
	int ret = load(text);

	cr_assert_eq(ret, 0, "%d, %s", ret, ret == -EINVAL ? errors() : "");
	cr_assert_eq(vnf_config_error_count(config), 0);
}

/* What is decoded. */

Test(config, defaults)
{
	load_good("workers = 4");
	cr_expect_eq(settings()->workers, 4);
	cr_expect(settings()->promiscuous);
	cr_expect_eq(settings()->seed, 0);
	cr_expect_str_eq(settings()->title, "");
	cr_expect_eq(settings()->algorithm, 1);
	cr_expect_eq(settings()->mode, 0640);
	cr_assert_eq(settings()->cpus.n, 2);
	cr_expect_eq(settings()->cpus.v[1], 2);
	cr_assert_eq(settings()->peers.n, 2);
	cr_expect_str_eq(settings()->peers.v[1], "b c");
	cr_expect_eq(settings()->ports.n, 0);
	cr_expect_eq(settings()->limits.memory, 64 << 20);
	cr_expect_eq(settings()->limits.rate, 10000);
	cr_expect_eq(settings()->limits.timeout, UINT64_C(300000000000));
	cr_expect_eq(settings()->limits.inner.depth, 3);
	cr_expect_str_eq(settings()->limits.inner.label, "");
	cr_expect_str_eq(settings()->strict.user, "");
	cr_expect_eq(((struct app *)vnf_config_data(config, 1))->level, 0);
}

static const char everything[] =
	"# comment\n"
	"workers = 0x10; /* two\n lines */ promiscuous = False\n"
	"seed: 5000000000; title = \"a \\\"b\\\" \\\\ \\n \\x41 // #\" \"joined\";\n"
	"algorithm = \"balanced\"; mac = \"02:00:00:00:00:aB\"; mode = \"0600\";\n"
	"cpus = [ 7, 0x8L, 4000000000 ]; peers = ( \"x\", \"y\" );\n"
	"limits = { memory = 2048; rate = \"1.5M\"; timeout = \"2m30s\";\n"
	"  inner = { depth = 4; label = \"l\"; }; };\n"
	"ports = ( { name = \"p0\"; kind = \"tap\"; device = \"tap0\"; },\n"
	"  { kind = \"virtio-user\"; name = \"p1\"; socket = \"/run/s\"; queues = 2;\n"
	"    burst = 1; },\n"
	"  { kind = \"null\"; name = \"p2\" } );\n"
	"level = 2; strict = { user = \"u\"; };\n";

Test(config, everything_written)
{
	const struct port *ports;

	load_good(everything);
	cr_expect_eq(settings()->workers, 16);
	cr_expect_not(settings()->promiscuous);
	cr_expect_eq(settings()->seed, UINT64_C(5000000000));
	cr_expect_str_eq(settings()->title, "a \"b\" \\ \n A // #joined");
	cr_expect_eq(settings()->algorithm, 2);
	cr_expect_eq(settings()->mac[5], 0xab);
	cr_expect_eq(settings()->mode, 0600);
	cr_assert_eq(settings()->cpus.n, 3);
	cr_expect_eq(settings()->cpus.v[2], 4000000000);
	cr_assert_eq(settings()->peers.n, 2);
	cr_expect_str_eq(settings()->peers.v[0], "x");
	cr_expect_eq(settings()->limits.memory, 2048);
	cr_expect_eq(settings()->limits.rate, 1500000);
	cr_expect_eq(settings()->limits.timeout, UINT64_C(150000000000));
	cr_assert_eq(settings()->ports.n, 3);
	ports = settings()->ports.items;
	cr_expect_str_eq(ports[0].name, "p0");
	cr_expect_eq(ports[0].kind, 0);
	cr_expect_eq(ports[0].burst, 32);
	cr_expect_str_eq(((struct tap *)ports[0].data)->name, "tap0");
	cr_expect_eq(ports[1].kind, 1);
	cr_expect_eq(((struct virtio *)ports[1].data)->queues, 2);
	cr_expect_eq(((struct virtio *)ports[1].data)->mode, 0660);
	cr_expect_eq(ports[2].kind, 2);
	cr_expect_null(ports[2].data);
	cr_expect_str_eq(settings()->strict.user, "u");
}

Test(config, integers_are_exact)
{
	static const struct {
		const char *text;
		uint64_t u;
	} rows[] = {
		{ "2147483647", 2147483647 },
		{ "2147483648", 2147483648 },
		{ "4294967296", UINT64_C(4294967296) },
		{ "5000000000L", UINT64_C(5000000000) },
		{ "5000000000LL", UINT64_C(5000000000) },
		{ "0xFFFFFFFF", UINT32_MAX },
		{ "0x80000000", UINT64_C(0x80000000) },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", UINT64_C(9223372036854775808) },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffffL", UINT64_MAX },
		{ "+1", 1 },
		{ "-0", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "workers=1;seed=%s;", rows[i].text);
		load_good(text);
		cr_expect_eq(settings()->seed, rows[i].u, "%s: %" PRIu64, rows[i].text,
			     settings()->seed);
	}
}

/* Errors of values. */

Test(config, integers_that_do_not_fit)
{
	expect_error("seed = 18446744073709551616",
		     "seed: does not fit in 64 bits, 0 to 18446744073709551615 are allowed");
	expect_error("seed = -1", "seed: is -1, 0 to 18446744073709551615 are allowed");
	expect_error("seed = -9223372036854775808",
		     "seed: is -9223372036854775808, 0 to 18446744073709551615 are allowed");
	expect_error("seed = -9223372036854775809",
		     "seed: does not fit in 64 bits, 0 to 18446744073709551615 are allowed");
	expect_error("level = 4294967296", "level: is 4294967296, 0 to 4294967295 are allowed");
	expect_error("level = 0x1FFFFFFFFFFFFFFFFL",
		     "level: does not fit in 64 bits, 0 to 4294967295 are allowed");
	expect_error("cpus = [ 1, 99999999999999999999 ]",
		     "cpus[1]: does not fit in 64 bits, 0 to 4294967295 are allowed");
	expect_error("cpus = ( 4294967296 )",
		     "cpus[0]: is 4294967296, 0 to 4294967295 are allowed");
	expect_error("title = 99999999999999999999",
		     "title: does not fit in 64 bits, write a string, for example \"text\"");
	expect_error("mode = 99999999999999999999", "mode: does not fit in 64 bits, write an octal "
						    "file mode in quotes, for example \"0660\"");
}

Test(config, numbers_in_comments_and_strings_are_no_numbers)
{
	load_good("workers = 1 // 99999999999999999999\n# 99999999999999999999 \"\n"
		  "/* 99999999999999999999 \" */ title = \"99999999999999999999 /* # //\"\n");
	cr_expect_str_eq(settings()->title, "99999999999999999999 /* # //");
}

Test(config, types)
{
	expect_error("level = \"4\"", "level: is \"4\", write an integer, for example 1");
	expect_error("level = 1.5",
		     "level: is a floating-point number, write an integer, for example 1");
	expect_error("level = true", "level: is true, write an integer, for example 1");
	expect_error("promiscuous = 1", "promiscuous: is 1, write true or false");
	expect_error("promiscuous = \"yes\"", "promiscuous: is \"yes\", write true or false");
	expect_error("title = 5", "title: is 5, write a string, for example \"text\"");
	expect_error("title = [ ]", "title: is an array, write a string, for example \"text\"");
	expect_error("algorithm = 1",
		     "algorithm: is 1, write one of \"fast\", \"slow\", \"balanced\"");
	expect_error("mac = \"02:00:00\"", "mac: is \"02:00:00\", write a MAC address, for example "
					   "\"02:00:00:00:00:01\"");
	expect_error("mac = { }",
		     "mac: is a group, write a MAC address, for example \"02:00:00:00:00:01\"");
	expect_error("mode = 660", "mode: is 660, write an octal file mode in quotes, for example "
				   "\"0660\"");
	expect_error("mode = \"0999\"",
		     "mode: is \"0999\", write an octal file mode in quotes, for "
		     "example \"0660\"");
	expect_error("cpus = 1", "cpus: is 1, write an array of integers, for example [ 1, 2 ]");
	expect_error("cpus = [ \"a\" ]", "cpus[0]: is \"a\", write an integer, for example 1");
	expect_error("peers = \"a\"",
		     "peers: is \"a\", write an array of strings, for example [ \"a\", \"b\" ]");
	expect_error("peers = ( \"a\", 1 )",
		     "peers[1]: is 1, write a string, for example \"text\"");
	expect_error("limits = 1", "limits: is 1, write a group, for example { ... }");
	expect_error("ports = { }",
		     "ports: is a group, write a list of groups, for example ( { ... }, { ... } )");
	expect_error("ports = ( 1 )", "ports[0]: is 1, write a group, for example { ... }");
	expect_error(
		"ports = [ ]",
		"ports: is an array, write a list of groups, for example ( { ... }, { ... } )");
}

Test(config, units)
{
	expect_error("limits = { memory = \"64Q\" }",
		     "limits.memory: is \"64Q\", write a size in bytes, for example \"64M\"");
	expect_error("limits = { memory = \"1.0001k\" }",
		     "limits.memory: is \"1.0001k\", only whole numbers of bytes are allowed");
	expect_error("limits = { memory = \"99999999999G\" }",
		     "limits.memory: is \"99999999999G\", which does not fit in 64 bits");
	expect_error("limits = { memory = \"\" }",
		     "limits.memory: is \"\", write a size in bytes, for example \"64M\"");
	expect_error("limits = { memory = 64.5 }",
		     "limits.memory: is a floating-point number, write "
		     "a size in bytes, for example \"64M\"");
	expect_error("limits = { rate = \"10 k\" }",
		     "limits.rate: is \"10 k\", write a number, for example \"10k\"");
	expect_error("limits = { rate = \"0.0001k\" }",
		     "limits.rate: is \"0.0001k\", only whole numbers of packets/s are allowed");
	expect_error("limits = { timeout = 5 }",
		     "limits.timeout: is 5 without a unit, write a time "
		     "with its unit, for example \"5m\"");
	expect_error("limits = { timeout = -5 }", "limits.timeout: is -5 without a unit, write a "
						  "time with its unit, for example \"5m\"");
	expect_error("limits = { timeout = \"5\" }",
		     "limits.timeout: is \"5\", write a time with its unit, for example \"5m\"");
	expect_error(
		"limits = { timeout = \"1000000h1ns1ns\" }",
		"limits.timeout: is \"1000000h1ns1ns\", write a time with its unit, for example "
		"\"5m\"");
	expect_error("limits = { timeout = \"0.5ns\" }",
		     "limits.timeout: is \"0.5ns\", only whole numbers of nanoseconds are allowed");
	expect_error("limits = { memory = 64M }",
		     "\"64M\" is not a number, values with a unit are written in quotes");
}

Test(config, ranges)
{
	expect_errors("workers = 0\n", "t.conf:1: workers: is 0, 1 to 64 are allowed\n");
	expect_errors("workers = 65\n", "t.conf:1: workers: is 65, 1 to 64 are allowed\n");
	expect_error("limits = { memory = 512 }",
		     "limits.memory: is 512, \"1k\" to \"1G\" bytes are allowed");
	expect_error("limits = { memory = \"2G\" }",
		     "limits.memory: is \"2G\", \"1k\" to \"1G\" bytes are allowed");
	expect_error("limits = { memory = -1 }",
		     "limits.memory: is -1, \"1k\" to \"1G\" bytes are allowed");
	expect_error("limits = { rate = \"2M\" }",
		     "limits.rate: is \"2M\", 0 to \"1500k\" packets/s are allowed");
	expect_error("limits = { timeout = 0 }",
		     "limits.timeout: is 0, \"1us\" to \"1h\" are allowed");
	expect_error("limits = { timeout = \"2h\" }",
		     "limits.timeout: is \"2h\", \"1us\" to \"1h\" are allowed");
	expect_error("mode = \"10000\"", "mode: is \"10000\", \"0000\" to \"7777\" are allowed");
	expect_error("cpus = [ 1, 2, 3, 4, 5 ]", "cpus: has 5 elements, at most 4 are allowed");
	expect_error("peers = [ ]", "peers: has 0 elements, at least 1 is needed");
	expect_error("ports = ( { name = \"0123456789abcdef\"; kind = \"null\"; } )",
		     "ports[0].name: is 16 bytes long, at most 15 are allowed");
	expect_error("ports = ( { name = \"\"; kind = \"null\"; } )",
		     "ports[0].name: is 0 bytes long, at least 1 is needed");
}

Test(config, words)
{
	expect_error("algorithm = \"fats\"", "algorithm: is \"fats\", write one of \"fast\", "
					     "\"slow\", \"balanced\"; did you mean \"fast\"?");
	expect_error("algorithm = \"zzz\"",
		     "algorithm: is \"zzz\", write one of \"fast\", \"slow\", \"balanced\"");
	expect_error("algorithm = \"a\\nb\"",
		     "algorithm: is \"a\\x0ab\", write one of \"fast\", \"slow\", \"balanced\"");
}

Test(config, checks)
{
	expect_error("level = 3", "level: is 3, only even numbers are allowed");
	expect_error("limits = { memory = 1024 }", "limits: is refused");
	/* Not called when a value inside is wrong already. */
	expect_error("limits = { memory = 1024; rate = -1; }",
		     "limits.rate: is -1, 0 to \"1500k\" packets/s are allowed");
}

/* Errors of keys. */

Test(config, unknown_keys)
{
	expect_error("wrokers = 2", "wrokers: unknown key, did you mean \"workers\"?");
	expect_error("Level = 2", "Level: unknown key, did you mean \"level\"?");
	expect_error("limits = { inner = { dept = 1 } }",
		     "limits.inner.dept: unknown key, did you mean \"depth\"?");
	expect_error("limits = { inner = { colour = 1 } }",
		     "limits.inner.colour: unknown key, allowed here: depth, label");
	expect_error("ports = ( { name = \"a\"; kind = \"virtio-user\"; socket = \"s\"; "
		     "queus = 1; } )",
		     "ports[0].queus: unknown key, did you mean \"queues\"?");
	expect_error("ports = ( { name = \"a\"; kind = \"null\"; colour = 1; } )",
		     "ports[0].colour: unknown key, allowed here: kind, name, burst");
}

Test(config, missing_keys)
{
	expect_errors("\n\nlevel = 2\n",
		      "t.conf:1: workers: is required, write an integer, for example 1\n");
	expect_errors("", "t.conf:1: workers: is required, write an integer, for example 1\n");
	expect_errors(
		"workers = 1; ports = (\n{ kind =\n\"null\"; } )",
		"t.conf:2: ports[0].name: is required, write a string, for example \"text\"\n");
	expect_error("strict = { }",
		     "strict.user: is required, write a string, for example \"text\"");
}

Test(config, variants)
{
	expect_error("ports = ( { name = \"a\" } )", "ports[0].kind: is required, write one of "
						     "\"tap\", \"virtio-user\", \"null\"");
	expect_error("ports = ( { name = \"a\"; kind = \"tup\"; device = \"d\"; } )",
		     "ports[0].kind: is \"tup\", write one of \"tap\", \"virtio-user\", \"null\"; "
		     "did you mean \"tap\"?");
	expect_error("ports = ( { name = \"a\"; kind = 1; } )",
		     "ports[0].kind: is 1, write one of \"tap\", \"virtio-user\", \"null\"");
	expect_error("ports = ( { name = \"a\"; kind = \"tap\"; socket = \"s\"; } )",
		     "ports[0].socket: is a key of kind \"virtio-user\", not of \"tap\"");
	expect_error("ports = ( { name = \"a\"; kind = \"virtio-user\"; } )",
		     "ports[0].socket: is required, write a string, for example \"text\"");
}

Test(config, all_errors_in_the_order_of_the_file)
{
	expect_errors(
		"level = 3;\n"
		"colour = 1;\n"
		"ports = (\n"
		"  { kind = \"tap\"; name = \"a\"; burst = 0; },\n"
		"  {\n"
		"    kind = \"virtio-user\";\n"
		"    queues = 9;\n"
		"    device = \"x\";\n"
		"  }\n"
		");\n"
		"peers = [\n"
		"  \"a\"\n"
		"];\n"
		"cpus = (\n"
		"  1,\n"
		"  \"b\"\n"
		");\n"
		"title = 1;\n",
		"t.conf:1: workers: is required, write an integer, for example 1\n"
		"t.conf:1: level: is 3, only even numbers are allowed\n"
		"t.conf:2: colour: unknown key, allowed here: limits, promiscuous, workers, "
		"seed, title, algorithm, mac, mode, cpus, peers, ports, strict, level\n"
		"t.conf:4: ports[0].burst: is 0, 1 to 512 packets are allowed\n"
		"t.conf:5: ports[1].name: is required, write a string, for example \"text\"\n"
		"t.conf:5: ports[1].socket: is required, write a string, for example \"text\"\n"
		"t.conf:7: ports[1].queues: is 9, 1 to 8 queues are allowed\n"
		"t.conf:8: ports[1].device: is a key of kind \"tap\", not of \"virtio-user\"\n"
		"t.conf:16: cpus[1]: is \"b\", write an integer, for example 1\n"
		"t.conf:18: title: is 1, write a string, for example \"text\"\n");
	cr_expect_eq(vnf_config_error_count(config), 10);
}

/* Syntax. */

Test(config, syntax)
{
	expect_error("level 5",
		     "syntax error at \"5\" after \"level\", write = between a key and its "
		     "value");
	expect_error("title \"abc\"", "syntax error at \"abc\" after \"title\", write = between a "
				      "key and its value");
	expect_error("level = 5, \"abc\"", "syntax error at \"abc\" after \",\"");
	expect_error("level = = 5", "syntax error at \"=\" after \"=\"");
	expect_error("title = lan0;",
		     "syntax error at \"lan0\" after \"=\", text is written in quotes");
	expect_error("cpus = [ 1, 2, ];", "syntax error at \"]\" after \",\", no comma is allowed "
					  "after the last element");
	expect_error("cpus = [ 1, \"a\" ];",
		     "cpus: elements differ in type, an array needs a single one");
	expect_error("level = ", "syntax error at the end of the file, a value is missing");
	expect_error("limits = { level = 2", "\"{\" is not closed");
	expect_error("limits = { cpus = [ 1 };", "\"}\" does not close the \"[\" of t.conf:2");
	expect_error("level = 2; }", "\"}\" has no opening \"{\"");
	expect_error("title = \"abc", "this string has no end, write \" after it");
	expect_error("/* abc", "this comment has no end, write */");
	expect_error("title = \"a\\x00b\"", "\\x00 is not allowed in strings");
	expect_error("level = 12abc",
		     "\"12abc\" is not a number, values with a unit are written in quotes");
	expect_error("a.b = 1", "\"a.b\" is not a name, text is written in quotes");
	expect_error("level = 1.5-5000000000", "\"1.5-5000000000\" is not a number, values with a "
					       "unit are written in quotes");
	expect_error("\x80 = 1", "syntax error at \"\x80\" after \";\"");
	expect_errors("@", "t.conf:1: syntax error at \"@\"\n");
}

Test(config, duplicate_keys)
{
	expect_errors("workers = 1;\nlevel = 2;\nworkers = 1;\n",
		      "t.conf:3: workers: is set twice, already on line 1\n");
	expect_errors("workers = 1;\nports = ( { a = 1; }, { name = \"a\";\n"
		      "x = { y = 1; }; kind = \"null\";\n\nname = \"b\"; } )\n",
		      "t.conf:5: ports[1].name: is set twice, already on line 2\n");
	write_file("inc.conf", "\nworkers = 2;\n");
	expect_errors("workers = 1;\n@include \"inc.conf\"\n",
		      "inc.conf:2: workers: is set twice, already at t.conf:1\n");
}

Test(config, deep_nesting_is_refused)
{
	char text[512] = "a = ";

	for (int i = 0; i < 100; i++)
		strcat(text, "(");
	expect_errors(text, "t.conf:1: brackets are nested too deep\n");
}

/* Files. */

Test(config, includes)
{
	cr_assert_eq(mkdir("d", 0700), 0);
	cr_assert_eq(mkdir("d/e", 0700), 0);
	write_file("d/main.conf", "workers = 1;\n  @include \"e/a.conf\" level = 3;\n"
				  "limits = {\n@include\t\"limits.conf\"\n};\n");
	write_file("d/e/a.conf", "# comment\n\nseed = -1;\n@include \"b.conf\"");
	write_file("d/e/b.conf", "mode = 1;");
	write_file("d/limits.conf", "\n\nrate = -1;\n");
	cr_assert_eq(load_path("d/main.conf"), -EINVAL);
	cr_expect_str_eq(
		errors(),
		"d/e/a.conf:3: seed: is -1, 0 to 18446744073709551615 are allowed\n"
		"d/e/b.conf:1: mode: is 1, write an octal file mode in quotes, for example "
		"\"0660\"\n"
		"d/main.conf:2: level: is 3, only even numbers are allowed\n"
		"d/limits.conf:3: limits.rate: is -1, 0 to \"1500k\" packets/s are "
		"allowed\n");
}

Test(config, include_by_absolute_path_and_with_escapes)
{
	char text[256];

	write_file("a \"b\".conf", "level = 2;");
	snprintf(text, sizeof(text), "workers = 1\n@include \"%s/a \\\"b\\\".conf\"\n", directory);
	load_good(text);
	cr_expect_eq(((struct app *)vnf_config_data(config, 1))->level, 2);
}

Test(config, includes_that_fail)
{
	expect_error("@include \"none.conf\"",
		     "cannot include none.conf: No such file or directory");
	expect_error("@include \".\"",
		     "cannot include .: it is a directory, a regular file is needed");
	expect_error("@include \"unfinished", "the file name has no end, write \" after it");
	expect_error("@include 5", "a file name in quotes must follow @include");
	expect_error("@include \"t.conf\"", "too many includes, do the files include each other?");
	expect_error("level = @include \"t.conf\"", "@include must be the first on its line");
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	expect_error("@include \"fifo\"", "cannot include fifo: it is not a regular file");
}

Test(config, brackets_may_span_files)
{
	write_file("open.conf", "limits = {");
	load_good("workers = 1;\n@include \"open.conf\"\nrate = 5; };");
	cr_expect_eq(settings()->limits.rate, 5);
}

Test(config, files_that_cannot_be_read)
{
	char *big = calloc(1, 1024 * 1024 + 1);

	cr_assert_eq(load_path("/no/such.conf"), -EINVAL);
	cr_expect_str_eq(errors(), "/no/such.conf: cannot read: No such file or directory\n");
	cr_assert_eq(load_path("/"), -EINVAL);
	cr_expect_str_eq(errors(), "/: cannot read: it is a directory, a regular file is needed\n");
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	cr_assert_eq(load_path("fifo"), -EINVAL);
	cr_expect_str_eq(errors(), "fifo: cannot read: it is not a regular file\n");
	cr_assert_eq(load_path("/dev/zero"), -EINVAL);
	cr_expect_str_eq(errors(), "/dev/zero: cannot read: it is not a regular file\n");
	write_bytes("nul", "workers = 1\0;", 13);
	cr_assert_eq(load_path("nul"), -EINVAL);
	cr_expect_str_eq(errors(),
			 "nul: cannot read: it contains a NUL byte, a text file is needed\n");
	cr_assert_not_null(big);
	memset(big, ' ', 1024 * 1024 + 1);
	write_bytes("big", big, 1024 * 1024 + 1);
	cr_assert_eq(load_path("big"), -EINVAL);
	cr_expect_str_eq(errors(), "big: cannot read: it is longer than 1 MiB\n");
	memcpy(big, "workers=1;", 10);
	write_bytes("big", big, 1024 * 1024);
	cr_assert_eq(load_path("big"), 0);
	free(big);
}

/* No input may do worse than fail; the sanitizers watch. */
Test(config, malformed_table)
{
	static const char *const rows[] = {
		"=",
		";",
		",",
		"(",
		"\"a\"",
		"\"a\" \"b\"",
		"a=1,\"b\"",
		"a=(1\"b\")",
		"a=[1,\"b\"]",
		"a={\"b\"}",
		"a=(\"a\"b)",
		"a=\"b\"=",
		"a=b\"c\"",
		"a=(\"b\",=)",
		"[",
		"{",
		"\"",
		"/",
		"/*",
		"/*/",
		"//",
		"#",
		"@",
		"@include",
		"@include \"",
		"@include \"\\",
		"@include \"\"",
		"+",
		"-",
		".",
		"..",
		"1.",
		".5",
		"1e5",
		"1.5e",
		"1.5e+",
		"0x",
		"L",
		"0L",
		"\\",
		"\"\\",
		"\"\\\"",
		"\"\\x",
		"\"\\x0",
		"\"\\x00",
		"\"\n\n\"",
		"a=\"\n\n\" \"\n\";b=\"\n",
		"a=(\"\n\",\"\n\");",
		"a=[\"\n\"\n,\n\"\"];",
		"a=1 a=2",
		"a={a=1 a=2}",
		"a=({},{a=1 a=1})",
		"*=1",
		"_=1",
		"-a=1",
		"a b c",
		"a=b=c",
		"a=true b=TRUE",
		"a=(,)",
		"a=[,]",
		"a=[1,(1)]",
		"ports=((((",
		"ports=({kind={}})",
		"ports=({name=\"a\" kind=\"null\"},{},{},{})",
		"cpus=[",
		"cpus=[]",
		"cpus=()",
		"cpus=({})",
		"\xff\xfe",
		"\xef\xbb\xbfworkers=1",
		"a\r=\r1\r",
		"workers\f=\f1",
		"\v",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret = load(rows[i]);

		cr_expect(ret == -EINVAL || (ret == 0 && strchr(rows[i], '\f') != NULL), "%s: %d",
			  rows[i], ret);
		cr_expect_neq(ret == -EINVAL, vnf_config_error_count(config) == 0, "%s", rows[i]);
		cr_expect(ret == 0 || strchr(errors(), '\n') != NULL, "%s", rows[i]);
	}
}

/* What an application does with a loaded configuration. */

/* What came after a moment is forgotten, wherever it stands in the file; what comes then is not. */
Test(config, errors_that_are_forgotten)
{
	load_good(everything);
	vnf_config_error(config, &settings()->ports, "stays");
	vnf_config_error(config, &settings()->cpus, "goes");
	vnf_config_error(config, vnf_config_data(config, 1), "goes");
	cfg_errors_forget(config, 1);
	cr_expect_eq(vnf_config_error_count(config), 1);
	vnf_config_error(config, vnf_config_data(config, 1), "comes");
	vnf_config_error(config, &settings()->cpus, "comes");
	cr_expect_str_eq(errors(), "t.conf:6: cpus: comes\n"
				   "t.conf:9: ports: stays\n"
				   "t.conf:13: level: comes\n");
	cfg_errors_forget(config, 0);
	cr_expect_eq(vnf_config_error_count(config), 0);
	cr_expect_str_eq(errors(), "");
}

Test(config, errors_by_field)
{
	const struct port *ports;

	load_good(everything);
	ports = settings()->ports.items;
	vnf_config_error(config, NULL, "whole %d", 1);
	vnf_config_error(config, &ports[1].burst, "burst");
	vnf_config_error(config, &ports[1].kind, "kind");
	vnf_config_error(config, &ports[0].burst, "defaulted");
	vnf_config_error(config, &((struct virtio *)ports[1].data)->mode, "variant's default");
	vnf_config_error(config, &((struct virtio *)ports[1].data)->queues, "variant's");
	vnf_config_error(config, &settings()->limits.memory, "first");
	vnf_config_error(config, &settings()->limits.inner.label, "inner");
	vnf_config_error(config, &settings()->cpus, "array");
	vnf_config_error(config, &settings()->cpus.v[1], "element");
	vnf_config_error(config, &settings()->peers.v[1], "element");
	vnf_config_error(config, &settings()->mac[3], "byte");
	vnf_config_error(config, &settings()->ports, "list");
	vnf_config_error(config, vnf_config_data(config, 1), "level");
	vnf_config_error(config, "elsewhere", "not a field");
	cr_expect_eq(vnf_config_error_count(config), 15);
	cr_expect_str_eq(errors(), "t.conf: whole 1\n"
				   "t.conf: not a field\n"
				   "t.conf:5: mac: byte\n"
				   "t.conf:6: cpus: array\n"
				   "t.conf:6: cpus[1]: element\n"
				   "t.conf:6: peers[1]: element\n"
				   "t.conf:7: limits.memory: first\n"
				   "t.conf:8: limits.inner.label: inner\n"
				   "t.conf:9: ports: list\n"
				   "t.conf:9: ports[0].burst: defaulted\n"
				   "t.conf:10: ports[1].mode: variant's default\n"
				   "t.conf:10: ports[1].kind: kind\n"
				   "t.conf:10: ports[1].queues: variant's\n"
				   "t.conf:11: ports[1].burst: burst\n"
				   "t.conf:13: level: level\n");
}

/* The least field around an address, among equals the later one: all of them are looked at. */
static const struct cfg_node *find_plainly(const struct cfg_node *node, const char *at,
					   const struct cfg_node *best)
{
	const char *start = node->field;

	if (at >= start && at < start + node->size && (best == NULL || node->size <= best->size))
		best = node;
	for (const struct cfg_node *child = node->first; child != NULL; child = child->next)
		best = find_plainly(child, at, best);
	return best;
}

/* Each octet of each field, and those around it. */
static void expect_found(const struct cfg_node *node)
{
	for (size_t i = 0; i < node->size + 2; i++) {
		const char *at = (const char *)node->field + i - 1;
		const struct cfg_node *best = NULL;

		for (size_t k = 0; k < config->n_sections; k++)
			best = find_plainly(config->roots[k], at, best);
		cr_assert_eq(cfg_node_find(config, at), best, "%s, octet %zu",
			     node->name != NULL ? node->name : "?", i);
	}
	for (const struct cfg_node *child = node->first; child != NULL; child = child->next)
		expect_found(child);
}

Test(config, fields_by_address)
{
	load_good(everything);
	for (size_t i = 0; i < config->n_sections; i++)
		expect_found(config->roots[i]);
	load_good("workers = 1;");
	for (size_t i = 0; i < config->n_sections; i++)
		expect_found(config->roots[i]);
}

static void expect_place(const void *field, const char *expected)
{
	char place[64] = "?";

	vnf_config_place(config, field, place, sizeof(place));
	cr_expect_str_eq(place, expected, "is %s, wanted %s", place, expected);
}

Test(config, places)
{
	const struct port *ports;
	char cut[5] = "????";

	load_good(everything);
	ports = settings()->ports.items;
	expect_place(&ports[1].burst, "t.conf:11");
	expect_place(&ports[0].burst, "t.conf:9");
	expect_place(&((struct virtio *)ports[1].data)->mode, "t.conf:10");
	expect_place(&settings()->limits.inner.label, "t.conf:8");
	expect_place(&settings()->peers.v[1], "t.conf:6");
	expect_place(NULL, "t.conf");
	expect_place("not a field", "t.conf");
	vnf_config_place(config, &ports[1].burst, cut, sizeof(cut));
	cr_expect_str_eq(cut, "t.co");
	cr_expect_eq(vnf_config_error_count(config), 0);
}

Test(config, places_in_includes)
{
	write_file("in.conf", "\n\nworkers = 3;\n");
	load_good("@include \"in.conf\"\n");
	expect_place(&settings()->workers, "in.conf:3");
}

Test(config, nearest_name)
{
	static const char *const names[] = { "trusted", "guests", "guest", "d_m_z", "lan" };

	cr_expect_str_eq(vnf_config_nearest("trsuted", names, 5), "trusted");
	cr_expect_str_eq(vnf_config_nearest("Guest", names, 5), "guest");
	cr_expect_str_eq(vnf_config_nearest("guestx", names, 5), "guests", "the first of equals");
	cr_expect_str_eq(vnf_config_nearest("D-M-Z", names, 5), "d_m_z");
	cr_expect_null(vnf_config_nearest("internet", names, 5));
	cr_expect_null(vnf_config_nearest("lan", names, 4));
	cr_expect_null(vnf_config_nearest("lan", NULL, 0));
}

Test(config, error_of_a_default_at_the_top)
{
	load_good("\n\nworkers = 1;");
	vnf_config_error(config, &settings()->limits.inner.depth, "too deep");
	vnf_config_error(config, &settings()->cpus.v[0], "taken");
	cr_expect_str_eq(errors(), "t.conf:1: limits.inner.depth: too deep\n"
				   "t.conf:1: cpus[0]: taken\n");
}

Test(config, is_set)
{
	const struct port *ports;

	load_good("workers = 1; limits = { rate = 10; }; mac = \"00:00:00:00:00:00\";\n"
		  "ports = ( { name = \"a\"; kind = \"tap\"; mac = \"02:00:00:00:00:01\"; } );");
	ports = settings()->ports.items;
	cr_expect(vnf_config_is_set(config, &settings()->workers));
	cr_expect(vnf_config_is_set(config, &settings()->limits.rate));
	cr_expect(vnf_config_is_set(config, settings()->mac));
	cr_expect(vnf_config_is_set(config, &settings()->ports));
	cr_expect(vnf_config_is_set(config, &ports[0].kind));
	cr_expect(vnf_config_is_set(config, ((struct tap *)ports[0].data)->mac));
	cr_expect_not(vnf_config_is_set(config, &((struct tap *)ports[0].data)->name));
	cr_expect_not(vnf_config_is_set(config, &ports[0].burst));
	cr_expect_not(vnf_config_is_set(config, &settings()->limits.memory));
	cr_expect_not(vnf_config_is_set(config, &settings()->limits.inner));
	cr_expect_not(vnf_config_is_set(config, &settings()->seed));
	cr_expect_not(vnf_config_is_set(config, &settings()->strict));
	cr_expect_not(vnf_config_is_set(config, &settings()->cpus.v[0]));
	cr_expect_not(vnf_config_is_set(config, NULL));
}

static char *dump(void)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	cr_assert_not_null(f);
	vnf_config_dump(config, f);
	fclose(f);
	return text;
}

Test(config, dump_of_defaults)
{
	char *text;

	load_good("workers = 2;");
	text = dump();
	cr_expect_str_eq(text,
			 "# Settings\n"
			 "limits = {\n"
			 "\tmemory = \"64M\"; # default\n"
			 "\trate = \"10k\"; # default\n"
			 "\ttimeout = \"5m\"; # default\n"
			 "\tinner = {\n"
			 "\t\tdepth = 3; # default\n"
			 "\t\t# label is not set\n"
			 "\t}; # default\n"
			 "}; # default\n"
			 "promiscuous = true; # default\n"
			 "workers = 2;\n"
			 "seed = 0; # default\n"
			 "# title is not set\n"
			 "algorithm = \"slow\"; # default\n"
			 "# mac is not set\n"
			 "mode = \"0640\"; # default\n"
			 "cpus = [ 1, 2 ]; # default\n"
			 "peers = [ \"a\", \"b c\" ]; # default\n"
			 "ports = ( ); # default\n"
			 "# strict is not set\n"
			 "\n"
			 "# Application\n"
			 "level = 0; # default\n",
			 "%s", text);
	free(text);
}

/* What a dump says again when it is loaded, but for the marks of defaults. */
static void expect_round_trip(const char *text)
{
	char *first, *second, *mark;

	load_good(text);
	first = dump();
	load_good(first);
	second = dump();
	while ((mark = strstr(first, " # default")) != NULL)
		memmove(mark, mark + 10, strlen(mark + 10) + 1);
	cr_expect_str_eq(first, second, "%s\nand\n%s", first, second);
	free(first);
	free(second);
}

Test(config, dump_loads_again)
{
	expect_round_trip("workers = 1");
	expect_round_trip(everything);
	expect_round_trip("workers = 1; seed = 18446744073709551615;");
	expect_round_trip("workers = 1; seed = 9223372036854775807; limits = { memory = 1025; };");
	expect_round_trip(
		"workers = 1; title = \"\\n\\r\\t\\f\\\"\\\\ \\x01\\x7f\\xff \xc3\xa4\";");
	expect_round_trip("workers = 1; cpus = ( ); peers = [ \"\" ];");
	expect_round_trip("workers = 1; ports = ( );");
	cr_expect_str_eq(settings()->title, "");
}

Test(config, dump_keeps_strings)
{
	char *text;

	load_good("workers = 1; title = \"\\n\\r\\t\\f\\\"\\\\ \\x01\\x7f\\xff \xc3\xa4\";");
	text = dump();
	load_good(text);
	free(text);
	cr_expect_str_eq(settings()->title, "\n\r\t\f\"\\ \x01\x7f\xff \xc3\xa4");
}

Test(config, destroy_nothing)
{
	vnf_config_destroy(NULL);
}

/* Mistakes of a table. */

static const char *errors_of_table(const struct vnf_config_key *table)
{
	const struct vnf_config_section section = { "Test", table, 256 };

	write_file("t.conf", "");
	vnf_config_destroy(config);
	cr_expect_eq(vnf_config_load("t.conf", &section, 1, &config), -EINVAL);
	return errors();
}

#define BAD_TABLE(expected, ...)                                                                   \
	do {                                                                                       \
		const struct vnf_config_key bad[] = { { .name = "k", __VA_ARGS__ },                \
						      { .name = NULL } };                          \
		const struct vnf_config_key group[] = {                                            \
			{ .name = "g", .type = VNF_CONFIG_GROUP, .keys = bad }, { .name = NULL }   \
		};                                                                                 \
		cr_expect_str_eq(errors_of_table(bad), "t.conf: internal: key k: " expected "\n"); \
		cr_expect_str_eq(errors_of_table(group),                                           \
				 "t.conf: internal: key g.k: " expected "\n");                     \
	} while (0)

Test(config, mistakes_of_a_table)
{
	static const char *const words[] = { "a", NULL };

	BAD_TABLE("bad default \"x\": is \"x\", write an integer, for example 1",
		  .type = VNF_CONFIG_U32, .def = "x");
	BAD_TABLE("bad default \"9\": is 9, 1 to 8 are allowed", .type = VNF_CONFIG_U64, .def = "9",
		  .min = 1, .max = 8);
	BAD_TABLE("bad default \"yes\": is \"yes\", write true or false", .type = VNF_CONFIG_BOOL,
		  .def = "yes");
	BAD_TABLE("bad default \"b\": is \"b\", write one of \"a\"", .type = VNF_CONFIG_ENUM,
		  .def = "b", .choices = words);
	BAD_TABLE("bad default \"1,x\": is \"x\", write an integer, for example 1",
		  .type = VNF_CONFIG_U32S, .def = "1,x");
	BAD_TABLE("bad default \"a\": has 1 element, at least 2 are needed",
		  .type = VNF_CONFIG_STRINGS, .def = "a", .min = 2);
	BAD_TABLE("bad default \"3\": is 3, only even numbers are allowed", .type = VNF_CONFIG_U32,
		  .def = "3", .check = check_even);
	BAD_TABLE("bad default \"x\": groups and lists have none", .type = VNF_CONFIG_LIST,
		  .keys = app_keys, .size = 4, .def = "x");
	BAD_TABLE("no choices", .type = VNF_CONFIG_ENUM);
	BAD_TABLE("no keys", .type = VNF_CONFIG_GROUP);
	BAD_TABLE("no size of an item", .type = VNF_CONFIG_LIST, .keys = app_keys);
	BAD_TABLE("unknown type", .type = 99);
}

Test(config, names_declared_twice)
{
	static const struct vnf_config_section twice[] = {
		{ "One", app_keys, sizeof(struct app) },
		{ "Two", app_keys, sizeof(struct app) },
	};

	write_file("t.conf", "");
	cr_assert_eq(vnf_config_load("t.conf", twice, 2, &config), -EINVAL);
	cr_expect_str_eq(errors(), "t.conf: internal: key level: declared twice: One\n");
}

Test(config, section_without_keys)
{
	static const struct vnf_config_section empty[] = {
		{ "Application", app_keys, sizeof(struct app) },
		{ NULL, NULL, 0 },
	};
	char *text;

	write_file("t.conf", "level = 4;");
	cr_assert_eq(vnf_config_load("t.conf", empty, 2, &config), 0);
	text = dump();
	cr_expect_str_eq(text, "# Application\nlevel = 4;\n");
	free(text);
}

Test(config, reference)
{
	static const char *const lines[] = {
		"\n## Settings\n\n| Key | Type | Range | Default | Meaning |\n"
		"|---|---|---|---|---|\n"
		"| `limits` | group | | | Limits. |\n"
		"| `promiscuous` | boolean | | `true` | All packets. |\n"
		"| `workers` | integer | 1 to 64 | **required** | Workers. |\n"
		"| `seed` | integer | | | Seed. |\n",
		"| `algorithm` | word | \"fast\", \"slow\", \"balanced\" | `\"slow\"` | Algorithm. "
		"|\n",
		"| `peers` | array of strings | 1 to 3 elements | `a, b c` | Peers. |\n",
		"| `ports` | list of groups | at most 3 elements | | Ports. |\n",
		"\n### `limits`\n\nLimits.\n\n| Key |",
		"| `memory` | size, bytes | \"1k\" to \"1G\" | `\"64M\"` | Memory. |\n",
		"| `rate` | number, packets/s | 0 to \"1500k\" | `\"10k\"` | Rate. *(live)* |\n",
		"| `timeout` | time | \"1us\" to \"1h\" | `\"5m\"` | Timeout. |\n",
		"\n### `limits.inner`\n",
		"\n### `ports[]`\n",
		"| `kind` | word | \"tap\", \"virtio-user\", \"null\" | **required** |",
		"| `name` | string | 1 to 15 bytes | **required** | Name. |\n",
		"\n### `ports[]` with `kind = \"tap\"`\n\nA tap device.\n",
		"| `queues` | integer, queues | 1 to 8 | `1` | Queues \\| pairs. |\n",
		"\n### `ports[]` with `kind = \"null\"`\n\nNothing.\n\nNo further keys.\n",
		"\n## Application\n",
	};
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	cr_assert_not_null(f);
	vnf_config_print_reference(sections, 2, f);
	fclose(f);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_expect_not_null(strstr(text, lines[i]), "not there: %s", lines[i]);
	free(text);
}
