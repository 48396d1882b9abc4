/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The metrics page: its address, the choice of its format, how a family is written, what of a
 * program's own rows is refused. Served pages are tests/lab/test_metrics.py's.
 */

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "metrics.h"

/* ---- address ---- */

static int parse(const char *text)
{
	struct metrics_address address;
	char why[WHY_MAX] = "";
	int ret = metrics_address_parse(text, &address, why, sizeof(why));

	if (ret < 0)
		cr_assert_not_null(strstr(why, "127.0.0.1:9090"), "no way out in: %s", why);
	return ret;
}

Test(metrics, addresses_that_can_be_listened_on)
{
	cr_assert_eq(parse("127.0.0.1:9090"), 0);
	cr_assert_eq(parse("0.0.0.0:0"), 0);
	cr_assert_eq(parse("[::1]:9090"), 0);
	cr_assert_eq(parse("[fe80:1111:2222:3333:4444:5555:6666:7777]:65535"), 0);
	cr_assert_eq(parse("unix:/run/x.sock"), 0);
}

Test(metrics, addresses_that_cannot)
{
	static const char *const bad[] = {
		"",
		":",
		"9090",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1: 80",
		"localhost:9090",
		"::1:9090",
		"[::1]",
		"[]:1",
		"[::1:9090",
		"[127.0.0.1]:1",
		"unix:",
		"unix:relative.sock",
		"256.1.1.1:1",
		"[fe80:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:1",
	};
	char path[200] = "unix:/";

	for (size_t i = 0; i < RTE_DIM(bad); i++)
		cr_assert_eq(parse(bad[i]), -EINVAL, "%s", bad[i]);
	memset(path + 6, 'x', 107);
	cr_assert_eq(parse(path), -EINVAL);
	path[6 + 106] = '\0';
	cr_assert_eq(parse(path), 0);
}

/* ---- Accept ---- */

Test(metrics, prometheus_gets_openmetrics)
{
	cr_assert(metrics_accepts_openmetrics(
		"application/openmetrics-text;version=1.0.0;q=0.5,"
		"application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,"
		"*/*;q=0.2"));
	cr_assert(metrics_accepts_openmetrics("Application/OpenMetrics-Text"));
	cr_assert(metrics_accepts_openmetrics(
		"text/plain; q=0.9 , application/openmetrics-text ; version=1.0.0; q=1"));
}

Test(metrics, others_get_text)
{
	static const char *const text[] = {
		NULL,
		"",
		"*/*",
		"text/html,application/xhtml+xml,*/*;q=0.8",
		"text/plain",
		"application/openmetrics-text;q=0",
		"application/openmetrics-text; version=2.0.0",
		"application/openmetrics-text;q=0.1, text/plain;q=0.2",
		"application/openmetrics-texts",
		",,;;q=,;",
		"application/openmetrics-text;q=0.",
	};

	for (size_t i = 0; i < RTE_DIM(text); i++)
		cr_assert_not(metrics_accepts_openmetrics(text[i]), "%s", text[i]);
}

/* ---- families ---- */

static void two_values(struct vnf *vnf, const struct vnf_metric *metric,
		       struct vnf_metrics_page *page)
{
	(void)vnf;
	vnf_metrics_put(page, metric->tag, "port", "a \"b\" \\ c\nd\x01", "reason", "", NULL);
	vnf_metrics_put(page, -2, NULL);
}

static char *written(const struct vnf_metric *metric, bool openmetrics)
{
	struct vnf_metrics_page page = { .openmetrics = openmetrics, .vnf_name = "v" };
	char *text = NULL;
	size_t len;

	page.out = open_memstream(&text, &len);
	cr_assert_not_null(page.out);
	metrics_family(&page, NULL, metric);
	fclose(page.out);
	return text;
}

Test(metrics, label_values_are_escaped)
{
	static const struct vnf_metric gauge = {
		.name = "x_bytes", .help = "Two\nlines.", .tag = 7, .collect = two_values
	};
	char *text = written(&gauge, false);

	cr_assert_str_eq(text,
			 "# HELP vnf_x_bytes Two\\nlines.\n"
			 "# TYPE vnf_x_bytes gauge\n"
			 "vnf_x_bytes{vnf=\"v\",port=\"a \\\"b\\\" \\\\ c\\nd?\",reason=\"\"} 7\n"
			 "vnf_x_bytes{vnf=\"v\"} -2\n");
	free(text);
}

static void one_value(struct vnf *vnf, const struct vnf_metric *metric,
		      struct vnf_metrics_page *page)
{
	(void)vnf, (void)metric;
	vnf_metrics_put(page, INT64_MAX, NULL);
}

Test(metrics, a_counter_has_its_total_where_the_format_wants_it)
{
	static const struct vnf_metric counter = {
		.name = "x", .help = "X.", .counter = true, .collect = one_value
	};
	char *text = written(&counter, false);

	cr_assert_str_eq(text, "# HELP vnf_x_total X.\n# TYPE vnf_x_total counter\n"
			       "vnf_x_total{vnf=\"v\"} 9223372036854775807\n");
	free(text);
	text = written(&counter, true);
	cr_assert_str_eq(text, "# HELP vnf_x X.\n# TYPE vnf_x counter\n"
			       "vnf_x_total{vnf=\"v\"} 9223372036854775807\n");
	free(text);
}

static void nanoseconds(struct vnf *vnf, const struct vnf_metric *metric,
			struct vnf_metrics_page *page)
{
	(void)vnf, (void)metric;
	vnf_metrics_put(page, 1500000001, NULL);
	vnf_metrics_put(page, -1, NULL);
}

Test(metrics, nanoseconds_are_shown_as_seconds)
{
	static const struct vnf_metric busy = {
		.name = "t_seconds", .help = "T.", .nanoseconds = true, .collect = nanoseconds
	};
	char *text = written(&busy, false);

	cr_assert_not_null(strstr(text, "} 1.500000001\n"));
	cr_assert_not_null(strstr(text, "} -0.000000001\n"));
	free(text);
}

Test(metrics, rows_that_would_break_the_page_are_refused)
{
	static const struct vnf_metric good[] = {
		{ .name = "nat_sessions", .help = "S.", .collect = one_value },
		{ .name = NULL },
	};
	static const struct vnf_metric bad_name[] = {
		{ .name = "nat sessions", .help = "S.", .collect = one_value },
		{ .name = NULL },
	};
	static const struct vnf_metric no_help[] = {
		{ .name = "nat_sessions", .collect = one_value },
		{ .name = NULL },
	};
	char why[WHY_MAX];

	cr_assert(metrics_valid(NULL, why, sizeof(why)));
	cr_assert(metrics_valid(good, why, sizeof(why)));
	cr_assert_not(metrics_valid(bad_name, why, sizeof(why)));
	cr_assert_not_null(strstr(why, "nat sessions"));
	cr_assert_not(metrics_valid(no_help, why, sizeof(why)));
}
