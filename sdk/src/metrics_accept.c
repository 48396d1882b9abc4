/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which of two formats a client would rather have, by its Accept header (RFC 9110, 12.5.1):
 * OpenMetrics 1.0.0, or the text format of Prometheus, which is what everybody gets who does not
 * ask. A header is a client's: nothing of it is trusted.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "metrics.h"

#define OPENMETRICS "application/openmetrics-text"

/* A weight in thousandths: "0.5" is 500, what is none 1,000. */
static int weight(const char *text)
{
	int q = 0, scale = 1000;

	if (*text != '0' && *text != '1')
		return 1000;
	q = (*text++ - '0') * scale;
	if (*text++ != '.')
		return q;
	for (scale /= 10; scale > 0 && *text >= '0' && *text <= '9'; scale /= 10)
		q += (*text++ - '0') * scale;
	return q > 1000 ? 1000 : q;
}

/* Is it this word, up to what ends one in the header? */
static bool word_is(const char *text, size_t len, const char *word)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* The parameters of one entry, "; version=1.0.0; q=0.5": its weight, 0 if it wants a version of
 * OpenMetrics that we do not speak.
 */
static int entry_weight(const char *at, const char *end, bool openmetrics)
{
	int q = 1000;

	while (at < end && (at = memchr(at, ';', (size_t)(end - at))) != NULL) {
		at++;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (end - at > 2 && strncasecmp(at, "q=", 2) == 0)
			q = weight(at + 2);
		if (openmetrics && end - at > 8 && strncasecmp(at, "version=", 8) == 0 &&
		    strncmp(at + 8, "1.0.0", 5) != 0)
			return 0;
	}
	return q;
}

bool metrics_accepts_openmetrics(const char *accept)
{
	int openmetrics = 0, text = 0;

	while (accept != NULL && *accept != '\0') {
		const char *end = accept + strcspn(accept, ",");
		size_t len;

		accept += strspn(accept, " \t");
		len = strcspn(accept, ";,");
		if (word_is(accept, len, OPENMETRICS))
			openmetrics = RTE_MAX(openmetrics, entry_weight(accept, end, true));
		else if (word_is(accept, len, "text/plain"))
			text = RTE_MAX(text, entry_weight(accept, end, false));
		accept = *end == ',' ? end + 1 : end;
	}
	return openmetrics > 0 && openmetrics >= text;
}
