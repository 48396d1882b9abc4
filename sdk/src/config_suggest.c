/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * "Did you mean": the nearest word by edit distance. An insertion, a deletion, a replacement and a
 * swap of neighbours cost one each (optimal string alignment); a difference in case or between "-"
 * and "_" costs nothing, as it is the likeliest slip. Pure, any thread. The other config_*.c files
 * try words one by one; applications have them in an array.
 */
#include "config_priv.h"

#include <ctype.h>
#include <string.h>

/* Longer words get no suggestion. */
#define WORD_MAX 48

static int letter(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= n_b; j++)
		last[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t differ = letter(a[i - 1]) != letter(b[j - 1]);

			row[j] = least(last[j - 1] + differ, least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && letter(a[i - 1]) == letter(b[j - 2]) &&
			    letter(a[i - 2]) == letter(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[n_b];
}

void cfg_suggest_try(struct cfg_suggestion *s, const char *candidate)
{
	size_t n_word = strlen(s->word), n_candidate = strlen(candidate);
	size_t d, limit;

	if (n_word > WORD_MAX || n_candidate > WORD_MAX)
		return;
	/* Half of a short word is still a guess; more than that is another word. */
	limit = least(3, (n_word > n_candidate ? n_word : n_candidate) / 3);
	if (limit == 0)
		limit = 1;
	d = distance(s->word, n_word, candidate, n_candidate);
	if (d > limit || d >= least(n_word, n_candidate) || (s->best != NULL && d >= s->distance))
		return;
	s->best = candidate;
	s->distance = d;
}

const char *vnf_config_nearest(const char *word, const char *const *names, size_t n)
{
	struct cfg_suggestion near = { .word = word };

	for (size_t i = 0; i < n; i++)
		cfg_suggest_try(&near, names[i]);
	return near.best;
}
