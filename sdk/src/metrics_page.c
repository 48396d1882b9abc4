/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * How a family of numbers is written: OpenMetrics 1.0.0
 * (https://github.com/prometheus/OpenMetrics) or Prometheus' text format 0.0.4, which differ in
 * where a counter has its _total. On the metrics thread.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include <vnf/clock.h>

#include "metrics.h"

/* What stands in quotes: a backslash, a quote and a newline are escaped, other octets below a space
 * are shown as `?`, for no format has a place for them.
 */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else
			fputc((unsigned char)*text < ' ' ? '?' : *text, out);
	}
}

static void put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	put_escaped(out, value);
	fputc('"', out);
}

static void put_seconds(FILE *out, int64_t ns)
{
	uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	fprintf(out, " %s%" PRIu64 ".%09" PRIu64 "\n", ns < 0 ? "-" : "", size / VNF_SECOND_NS,
		size % VNF_SECOND_NS);
}

void vnf_metrics_put(struct vnf_metrics_page *page, int64_t value, ...)
{
	const struct vnf_metric *m = page->metric;
	const char *name, *text;
	va_list labels;

	fprintf(page->out, "vnf_%s%s{", m->name, m->counter ? "_total" : "");
	put_label(page->out, "vnf", page->vnf_name);
	va_start(labels, value);
	while ((name = va_arg(labels, const char *)) != NULL) {
		text = va_arg(labels, const char *);
		if (text == NULL)
			break;
		fputc(',', page->out);
		put_label(page->out, name, text);
	}
	va_end(labels);
	fputc('}', page->out);
	if (m->nanoseconds)
		put_seconds(page->out, value);
	else
		fprintf(page->out, " %" PRId64 "\n", value);
}

void metrics_family(struct vnf_metrics_page *page, struct vnf *vnf, const struct vnf_metric *metric)
{
	const char *suffix = metric->counter && !page->openmetrics ? "_total" : "";

	page->metric = metric;
	fprintf(page->out, "# HELP vnf_%s%s ", metric->name, suffix);
	put_escaped(page->out, metric->help);
	fprintf(page->out, "\n# TYPE vnf_%s%s %s\n", metric->name, suffix,
		metric->counter ? "counter" : "gauge");
	metric->collect(vnf, metric, page);
}
