/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Values as people write them: exact parsing, overflow, the form in which they are printed, and
 * the distance between words.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config_priv.h"

struct row {
	const char *text;
	int ret;
	uint64_t u;
};

static void check_rows(int (*parse)(const char *, uint64_t *), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t u = 0;
		int ret = parse(rows[i].text, &u);

		cr_expect_eq(ret, rows[i].ret, "\"%s\": %d, not %d", rows[i].text, ret,
			     rows[i].ret);
		if (ret == 0)
			cr_expect_eq(u, rows[i].u, "\"%s\": %" PRIu64, rows[i].text, u);
	}
}

#define CHECK_ROWS(parse, rows) check_rows(parse, rows, sizeof(rows) / sizeof((rows)[0]))

Test(config_value, bytes)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "64k", 0, 65536 },
		{ "64K", 0, 65536 },
		{ "1M", 0, 1048576 },
		{ "1.5M", 0, 1572864 },
		{ "0.5k", 0, 512 },
		{ "1.50000k", 0, 1536 },
		{ "0.0009765625k", 0, 1 },
		{ "2G", 0, UINT64_C(2147483648) },
		{ "3T", 0, UINT64_C(3298534883328) },
		{ "16777215T", 0, UINT64_C(18446742974197923840) },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "16777216T", -ERANGE, 0 },
		{ "16777215.99999T", -EDOM, 0 },
		{ "0.1k", -EDOM, 0 },
		{ "1.5", -EDOM, 0 },
		{ "", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ ".5k", -EINVAL, 0 },
		{ "1.k", -EINVAL, 0 },
		{ "1..5k", -EINVAL, 0 },
		{ "-1k", -EINVAL, 0 },
		{ "+1k", -EINVAL, 0 },
		{ " 1k", -EINVAL, 0 },
		{ "1 k", -EINVAL, 0 },
		{ "1k ", -EINVAL, 0 },
		{ "1m", -EINVAL, 0 },
		{ "1kB", -EINVAL, 0 },
		{ "1k1k", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1.00000000000000000001k", -EINVAL, 0 },
		{ "99999999999999999999Q", -EINVAL, 0 },
		{ "1,5k", -EINVAL, 0 },
	};

	CHECK_ROWS(cfg_parse_bytes, rows);
}

Test(config_value, counts)
{
	static const struct row rows[] = {
		{ "10k", 0, 10000 },
		{ "1.5M", 0, 1500000 },
		{ "0.1k", 0, 100 },
		{ "2G", 0, UINT64_C(2000000000) },
		{ "0.000000000001T", 0, 1 },
		{ "18446744.073709551615T", 0, UINT64_MAX },
		{ "18446744.073709551616T", -ERANGE, 0 },
		{ "1.0001k", -EDOM, 0 },
		{ "1.1", -EDOM, 0 },
		{ "1.0", 0, 1 },
		{ "10pps", -EINVAL, 0 },
	};

	CHECK_ROWS(cfg_parse_count, rows);
}

Test(config_value, durations)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "0s", 0, 0 },
		{ "50ns", 0, 50 },
		{ "100us", 0, 100000 },
		{ "5ms", 0, 5000000 },
		{ "3s", 0, UINT64_C(3000000000) },
		{ "1.5s", 0, UINT64_C(1500000000) },
		{ "5m", 0, UINT64_C(300000000000) },
		{ "2h4m", 0, UINT64_C(7440000000000) },
		{ "1h1m1s1ms1us1ns", 0, UINT64_C(3661001001001) },
		{ "0.123456789h", 0, UINT64_C(444444440400) },
		{ "5124095h", 0, UINT64_C(18446742000000000000) },
		{ "5124096h", -ERANGE, 0 },
		{ "5124095h40m", -ERANGE, 0 },
		{ "0.5ns", -EDOM, 0 },
		{ "5", -EINVAL, 0 },
		{ "00", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "5S", -EINVAL, 0 },
		{ "5d", -EINVAL, 0 },
		{ "4m2h", -EINVAL, 0 },
		{ "4m4m", -EINVAL, 0 },
		{ "2h4", -EINVAL, 0 },
		{ "2h 4m", -EINVAL, 0 },
		{ "-5ms", -EINVAL, 0 },
	};

	CHECK_ROWS(cfg_parse_duration, rows);
}

Test(config_value, modes)
{
	static const struct row rows[] = {
		{ "0660", 0, 0660 },     { "660", 0, 0660 },
		{ "0", 0, 0 },           { "7777", 0, 07777 },
		{ "00660", 0, 0660 },    { "0680", -EINVAL, 0 },
		{ "", -EINVAL, 0 },      { "rw", -EINVAL, 0 },
		{ "0o660", -EINVAL, 0 }, { "-660", -EINVAL, 0 },
		{ "0660 ", -EINVAL, 0 }, { "7777777777777777777777777777", -ERANGE, 0 },
	};

	CHECK_ROWS(cfg_parse_mode, rows);
}

Test(config_value, integers)
{
	static const struct {
		const char *text;
		int ret;
		bool negative;
		uint64_t u;
	} rows[] = {
		{ "0", 0, false, 0 },
		{ "-0", 0, false, 0 },
		{ "+7", 0, false, 7 },
		{ "-7", 0, true, 7 },
		{ "010", 0, false, 10 },
		{ "5000000000", 0, false, UINT64_C(5000000000) },
		{ "5000000000L", 0, false, UINT64_C(5000000000) },
		{ "5LL", 0, false, 5 },
		{ "0xFF", 0, false, 255 },
		{ "0XffL", 0, false, 255 },
		{ "0xffffffffffffffff", 0, false, UINT64_MAX },
		{ "0x10000000000000000", -ERANGE, false, 0 },
		{ "18446744073709551616", -ERANGE, false, 0 },
		{ "", -EINVAL, false, 0 },
		{ "-", -EINVAL, false, 0 },
		{ "L", -EINVAL, false, 0 },
		{ "0x", -EINVAL, false, 0 },
		{ "-0x5", -EINVAL, false, 0 },
		{ "5l", -EINVAL, false, 0 },
		{ "5LLL", -EINVAL, false, 0 },
		{ "5a", -EINVAL, false, 0 },
		{ "1.5", -EINVAL, false, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool negative;
		uint64_t u;
		int ret = cfg_parse_integer(rows[i].text, strlen(rows[i].text), &negative, &u);

		cr_expect_eq(ret, rows[i].ret, "\"%s\": %d", rows[i].text, ret);
		if (ret == 0)
			cr_expect(negative == rows[i].negative && u == rows[i].u, "\"%s\"",
				  rows[i].text);
	}
}

Test(config_value, macs)
{
	static const char *const bad[] = {
		"",
		"02:00:00:00:00",
		"02:00:00:00:00:0",
		"02:00:00:00:00:0g",
		"02-00-00-00-00-01",
		"02:00:00:00:00:01:",
		"0200:00:00:00:001",
		"+2:00:00:00:00:01",
		" 2:00:00:00:00:01",
	};
	static const uint8_t expected[6] = { 0x02, 0xab, 0xcd, 0xef, 0x00, 0x1f };
	uint8_t mac[6];
	char buf[32] = "";
	struct cfg_str str = CFG_STR(buf);

	cr_assert_eq(cfg_parse_mac("02:AB:cd:eF:00:1f", mac), 0);
	cr_assert_arr_eq(mac, expected, 6);
	cfg_format_mac(&str, mac);
	cr_assert_str_eq(buf, "02:ab:cd:ef:00:1f");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(cfg_parse_mac(bad[i], mac), -EINVAL, "\"%s\"", bad[i]);
}

Test(config_value, printed_in_greatest_exact_unit)
{
	static const struct {
		enum vnf_config_type type;
		uint64_t u;
		const char *text;
	} rows[] = {
		{ VNF_CONFIG_BYTES, 0, "0" },
		{ VNF_CONFIG_BYTES, 1000, "1000" },
		{ VNF_CONFIG_BYTES, 1536, "1536" },
		{ VNF_CONFIG_BYTES, 65536, "\"64k\"" },
		{ VNF_CONFIG_BYTES, UINT64_C(1) << 40, "\"1T\"" },
		{ VNF_CONFIG_COUNT, 1500000, "\"1500k\"" },
		{ VNF_CONFIG_COUNT, 1024, "1024" },
		{ VNF_CONFIG_DURATION, 0, "0" },
		{ VNF_CONFIG_DURATION, 1, "\"1ns\"" },
		{ VNF_CONFIG_DURATION, UINT64_C(90000000000), "\"90s\"" },
		{ VNF_CONFIG_DURATION, UINT64_C(7440000000000), "\"124m\"" },
		{ VNF_CONFIG_DURATION, UINT64_MAX, "\"18446744073709551615ns\"" },
		{ VNF_CONFIG_MODE, 0660, "\"0660\"" },
		{ VNF_CONFIG_MODE, 04755, "\"4755\"" },
		{ VNF_CONFIG_U32, 42, "42" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buf[64] = "";
		struct cfg_str str = CFG_STR(buf);

		cfg_format_number(&str, rows[i].type, rows[i].u);
		cr_expect_str_eq(buf, rows[i].text);
	}
}

static const char *nearest(const char *word)
{
	static const char *const words[] = { "queues", "socket", "mac", "rx-descriptors", "ip" };
	struct cfg_suggestion near = { .word = word };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		cfg_suggest_try(&near, words[i]);
	return near.best != NULL ? near.best : "(none)";
}

Test(config_value, suggestions)
{
	cr_expect_str_eq(nearest("queus"), "queues");
	cr_expect_str_eq(nearest("qeuues"), "queues");
	cr_expect_str_eq(nearest("Queues"), "queues");
	cr_expect_str_eq(nearest("sockets"), "socket");
	cr_expect_str_eq(nearest("mca"), "mac");
	cr_expect_str_eq(nearest("rx_descriptor"), "rx-descriptors");
	cr_expect_str_eq(nearest("it"), "ip");
	cr_expect_str_eq(nearest("xy"), "(none)");
	cr_expect_str_eq(nearest("bandwidth"), "(none)");
	cr_expect_str_eq(nearest("a-word-that-is-far-too-long-to-be-a-key-of-any-table"), "(none)");
}

Test(config_value, quotes_are_safe_to_print)
{
	char buf[128] = "", small[8] = "";
	struct cfg_str str = CFG_STR(buf), cut = CFG_STR(small);

	cfg_str_quote(&str, "a\"b\\c\n\x1b[0m");
	cr_assert_str_eq(buf, "\"a\\\"b\\\\c\\x0a\\x1b[0m\"");
	cfg_str_quote(&cut, "longer than the buffer");
	cr_assert_str_eq(small, "\"longer");
	str.len = 0;
	/* The two-byte character at the cut goes as a whole. */
	cfg_str_quote(&str,
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa4z");
	cr_assert_str_eq(buf,
			 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"");
}
