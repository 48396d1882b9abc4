/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Values as people write them: integers, sizes, counts, times, file modes, MAC addresses. Parsing
 * is exact: a fraction is kept as a quotient of integers, never as floating point. Pure, any
 * thread.
 */
#include "config_priv.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Greatest first: the order in which a value is formatted, and in which durations are added up. */
static const struct unit byte_units[] = {
	{ "T", UINT64_C(1) << 40 },
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "k", UINT64_C(1) << 10 },
	{ "K", UINT64_C(1) << 10 },
	{ "", 1 },
	{ NULL, 0 },
};

static const struct unit count_units[] = {
	{ "T", UINT64_C(1000000000000) },
	{ "G", UINT64_C(1000000000) },
	{ "M", UINT64_C(1000000) },
	{ "k", UINT64_C(1000) },
	{ "K", UINT64_C(1000) },
	{ "", 1 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "h", UINT64_C(3600000000000) },
	{ "m", UINT64_C(60000000000) },
	{ "s", UINT64_C(1000000000) },
	{ "ms", UINT64_C(1000000) },
	{ "us", UINT64_C(1000) },
	{ "ns", 1 },
	{ NULL, 0 },
};

/* whole + num / den; den is a power of ten. */
struct decimal {
	uint64_t whole, num, den;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Digits up to the first other character; returns how many, sets *wide when 64 bits overflow. */
static size_t digits_parse(const char *s, size_t n, int base, uint64_t *u, bool *wide)
{
	size_t i;

	*u = 0;
	for (i = 0; i < n && digit_value(s[i]) < base; i++) {
		if (__builtin_mul_overflow(*u, (uint64_t)base, u) ||
		    __builtin_add_overflow(*u, (uint64_t)digit_value(s[i]), u))
			*wide = true;
	}
	return i;
}

/* libconfig's forms: decimal with a sign, hexadecimal without, an optional suffix L or LL. */
int cfg_parse_integer(const char *s, size_t n, bool *negative, uint64_t *u)
{
	bool wide = false;
	int base = 10;
	size_t used;

	*negative = n > 0 && *s == '-';
	if (n > 0 && (*s == '-' || *s == '+')) {
		s++;
		n--;
	} else if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
		n -= 2;
	}
	used = digits_parse(s, n, base, u, &wide);
	if (used == 0)
		return -EINVAL;
	for (int suffix = 0; suffix < 2 && used < n && s[used] == 'L'; suffix++)
		used++;
	if (used != n)
		return -EINVAL;
	if (*u == 0)
		*negative = false;
	return wide ? -ERANGE : 0;
}

static size_t span(const char *s, size_t n, const char *accept)
{
	size_t i = 0;

	while (i < n && strchr(accept, s[i]) != NULL)
		i++;
	return i;
}

/* A sign, digits with a point among them, an exponent: nothing that hides an integer. */
bool cfg_is_float(const char *s, size_t n)
{
	static const char digits[] = "0123456789";
	size_t i = span(s, n, "+-") <= 1 ? span(s, n, "+-") : n;
	bool point;

	i += span(s + i, n - i, digits);
	point = i < n && s[i] == '.';
	if (point)
		i += 1 + span(s + i + 1, n - i - 1, digits);
	if (i == n || (s[i] != 'e' && s[i] != 'E'))
		return point && i == n;
	i++;
	if (i < n && (s[i] == '+' || s[i] == '-'))
		i++;
	return i < n && span(s + i, n - i, digits) == n - i;
}

static int decimal_parse(const char **s, struct decimal *d)
{
	bool wide = false;
	size_t n = digits_parse(*s, strlen(*s), 10, &d->whole, &wide);

	if (n == 0)
		return -EINVAL;
	*s += n;
	d->num = 0;
	d->den = 1;
	if (**s == '.') {
		(*s)++;
		n = digits_parse(*s, strlen(*s), 10, &d->num, &wide);
		*s += n;
		/* Ten to the 20th does not fit in 64 bits. */
		if (n == 0 || n > 19)
			return -EINVAL;
		while (n-- > 0)
			d->den *= 10;
	}
	return wide ? -ERANGE : 0;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* With the fraction in lowest terms, the product is whole only if den divides the factor. */
static int decimal_scale(const struct decimal *d, uint64_t factor, uint64_t *u)
{
	uint64_t common = gcd(d->num, d->den);
	uint64_t num = d->num / common, den = d->den / common;

	/* den is never 0, but clang-tidy cannot know. */
	if (den == 0 || factor % den != 0)
		return -EDOM;
	if (__builtin_mul_overflow(d->whole, factor, u) ||
	    __builtin_add_overflow(*u, num * (factor / den), u))
		return -ERANGE;
	return 0;
}

static const struct unit *unit_find(const struct unit *units, const char *name, size_t n)
{
	for (; units->name != NULL; units++)
		if (strlen(units->name) == n && memcmp(units->name, name, n) == 0)
			return units;
	return NULL;
}

/* One number and its unit; *s moves behind them. */
static int quantity_parse(const char **s, const struct unit *units, const struct unit **unit,
			  uint64_t *u)
{
	struct decimal d;
	int ret = decimal_parse(s, &d);
	size_t n = 0;

	if (ret < 0 && ret != -ERANGE)
		return ret;
	while (isalpha((unsigned char)(*s)[n]))
		n++;
	*unit = unit_find(units, *s, n);
	if (*unit == NULL)
		return -EINVAL;
	*s += n;
	return ret < 0 ? ret : decimal_scale(&d, (*unit)->factor, u);
}

static int scaled_parse(const char *s, const struct unit *units, uint64_t *u)
{
	const struct unit *unit;
	int ret = quantity_parse(&s, units, &unit, u);

	return *s != '\0' && ret != -EINVAL ? -EINVAL : ret;
}

int cfg_parse_bytes(const char *s, uint64_t *u)
{
	return scaled_parse(s, byte_units, u);
}

int cfg_parse_count(const char *s, uint64_t *u)
{
	return scaled_parse(s, count_units, u);
}

/* Units must fall, so that each occurs once and "5m2m" is refused as the slip that it is. */
int cfg_parse_duration(const char *s, uint64_t *u)
{
	const struct unit *units = time_units;

	*u = 0;
	if (strcmp(s, "0") == 0)
		return 0;
	do {
		const struct unit *unit;
		uint64_t part;
		int ret = quantity_parse(&s, units, &unit, &part);

		if (ret < 0)
			return ret;
		if (__builtin_add_overflow(*u, part, u))
			return -ERANGE;
		units = unit + 1;
	} while (*s != '\0');
	return 0;
}

int cfg_parse_mode(const char *s, uint64_t *u)
{
	bool wide = false;
	size_t n = strlen(s);

	if (n == 0 || digits_parse(s, n, 8, u, &wide) != n)
		return -EINVAL;
	return wide ? -ERANGE : 0;
}

int cfg_parse_mac(const char *s, uint8_t mac[6])
{
	if (strlen(s) != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++, s += 3) {
		if (digit_value(s[0]) > 15 || digit_value(s[1]) > 15)
			return -EINVAL;
		if (i < 5 && s[2] != ':')
			return -EINVAL;
		mac[i] = (uint8_t)(digit_value(s[0]) << 4 | digit_value(s[1]));
	}
	return 0;
}

static void scaled_format(struct cfg_str *str, const struct unit *units, uint64_t u)
{
	while (u % units->factor != 0)
		units++;
	if (u == 0 || units->name[0] == '\0')
		cfg_str_add(str, "%" PRIu64, u);
	else
		cfg_str_add(str, "\"%" PRIu64 "%s\"", u / units->factor, units->name);
}

/* As it would stand in a file, in the greatest unit that is exact. */
void cfg_format_number(struct cfg_str *str, enum vnf_config_type type, uint64_t u)
{
	if (type == VNF_CONFIG_BYTES)
		scaled_format(str, byte_units, u);
	else if (type == VNF_CONFIG_COUNT)
		scaled_format(str, count_units, u);
	else if (type == VNF_CONFIG_DURATION)
		scaled_format(str, time_units, u);
	else if (type == VNF_CONFIG_MODE)
		cfg_str_add(str, "\"%04" PRIo64 "\"", u);
	else
		cfg_str_add(str, "%" PRIu64, u);
}

void cfg_format_mac(struct cfg_str *str, const uint8_t mac[6])
{
	for (int i = 0; i < 6; i++)
		cfg_str_add(str, "%s%02x", i > 0 ? ":" : "", mac[i]);
}
