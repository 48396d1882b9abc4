/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Files of routes, one a line, in the words of ip-route(8):
 *
 *     PREFIX [via GATEWAY] [dev INTERFACE]
 *     blackhole|unreachable|prohibit PREFIX
 *
 * `default` is 0.0.0.0/0, or ::/0 with a gateway of IPv6; a prefix without a length is one address.
 * What follows `#` is a comment. Control thread.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "line_file.h"

#define BLANKS " \t\r\n"

static const struct {
	const char *word;
	enum ip_route_type type;
} types[] = {
	{ "blackhole", IP_ROUTE_BLACKHOLE },
	{ "unreachable", IP_ROUTE_UNREACHABLE },
	{ "prohibit", IP_ROUTE_PROHIBIT },
};

static int prefix_take(const char *word, struct ip_route_line *line, char *why, size_t why_size)
{
	struct ip_addr masked;

	if (ip_prefix_parse(word, true, &line->prefix) < 0) {
		snprintf(why, why_size,
			 "\"%.64s\" is no prefix; prefixes are as 10.0.0.0/8 and 2001:db8::/32",
			 word);
		return -EINVAL;
	}
	masked = ip_addr_masked(&line->prefix.addr, line->prefix.length, false);
	if (!ip_addr_equal(&masked, &line->prefix.addr)) {
		snprintf(why, why_size, "\"%.64s\" has bits beyond its length", word);
		return -EINVAL;
	}
	if (!ip_is_routable(&masked)) {
		snprintf(why, why_size,
			 "\"%.64s\": to groups and link-local addresses there are no routes", word);
		return -EINVAL;
	}
	return 0;
}

static int via_take(const char *word, struct ip_route_line *line, char *why, size_t why_size)
{
	if (word != NULL && ip_addr_parse(word, &line->via) == 0 && ip_is_host(&line->via)) {
		line->has_via = true;
		return 0;
	}
	snprintf(why, why_size, "after `via` there is %s%.64s%s, which is no address of a gateway",
		 word != NULL ? "\"" : "", word != NULL ? word : "nothing",
		 word != NULL ? "\"" : "");
	return -EINVAL;
}

static int dev_take(const char *word, struct ip_route_line *line, char *why, size_t why_size)
{
	if (word != NULL && strlen(word) < sizeof(line->interface)) {
		snprintf(line->interface, sizeof(line->interface), "%s", word);
		return 0;
	}
	snprintf(why, why_size, "after `dev` there is no name of an interface");
	return -EINVAL;
}

/* What follows the prefix. */
static int words_take(char **rest, struct ip_route_line *line, char *why, size_t why_size)
{
	const char *word;
	int ret = 0;

	while (ret == 0 && (word = strtok_r(NULL, BLANKS, rest)) != NULL) {
		if (strcmp(word, "via") == 0 && !line->has_via) {
			ret = via_take(strtok_r(NULL, BLANKS, rest), line, why, why_size);
		} else if (strcmp(word, "dev") == 0 && line->interface[0] == '\0') {
			ret = dev_take(strtok_r(NULL, BLANKS, rest), line, why, why_size);
		} else {
			snprintf(why, why_size,
				 "\"%.64s\" is not known here; a route is PREFIX via GATEWAY dev "
				 "INTERFACE",
				 word);
			ret = -EINVAL;
		}
	}
	return ret;
}

static int line_check(struct ip_route_line *line, bool is_default, char *why, size_t why_size)
{
	bool leads = line->type == IP_ROUTE_UNICAST;

	if (is_default && line->has_via && !ip_is_v4(&line->via))
		line->prefix = (struct ip_prefix){ .length = 0 };
	if (leads != (line->has_via || line->interface[0] != '\0')) {
		snprintf(
			why, why_size,
			leads ? "the route leads nowhere: it needs `via GATEWAY` or `dev INTERFACE`"
			      : "a route of this type has neither `via` nor `dev`");
		return -EINVAL;
	}
	if (line->has_via && ip_is_v4(&line->via) != ip_is_v4(&line->prefix.addr)) {
		snprintf(why, why_size, "prefix and gateway are not of the same IP version");
		return -EINVAL;
	}
	if (line->has_via && ip_is_link_local(&line->via) && line->interface[0] == '\0') {
		snprintf(why, why_size,
			 "the gateway is link-local: `dev INTERFACE` must say on which link");
		return -EINVAL;
	}
	return 0;
}

int ip_route_line_parse(char *text, struct ip_route_line *line, char *why, size_t why_size)
{
	char *comment = strchr(text, '#'), *rest = NULL, *word;
	bool is_default;
	int ret = 0;

	memset(line, 0, sizeof(*line));
	if (comment != NULL)
		*comment = '\0';
	word = strtok_r(text, BLANKS, &rest);
	if (word == NULL)
		return 1;
	for (size_t i = 0; i < RTE_DIM(types); i++)
		if (strcmp(word, types[i].word) == 0)
			line->type = types[i].type;
	if (line->type != IP_ROUTE_UNICAST)
		word = strtok_r(NULL, BLANKS, &rest);
	if (word == NULL) {
		snprintf(why, why_size, "there is no prefix");
		return -EINVAL;
	}
	is_default = strcmp(word, "default") == 0;
	if (is_default)
		line->prefix = (struct ip_prefix){ ip_addr_v4(0), IP_V4_BITS };
	else
		ret = prefix_take(word, line, why, why_size);
	if (ret == 0)
		ret = words_take(&rest, line, why, why_size);
	return ret == 0 ? line_check(line, is_default, why, why_size) : ret;
}

struct reading {
	ip_route_line_fn add;
	void *arg;
};

static int line_take(void *arg, char *text, char *why, size_t why_size)
{
	const struct reading *reading = arg;
	struct ip_route_line line;
	int ret = ip_route_line_parse(text, &line, why, why_size);

	return ret == 0 ? reading->add(reading->arg, &line, why, why_size) : ret;
}

int ip_routes_read(const char *path, ip_route_line_fn add, void *arg, char *why, size_t why_size)
{
	struct reading reading = { add, arg };

	return line_file_read(path, line_take, &reading, why, why_size);
}
