/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which worker runs on which CPU. A pure function of the CPUs that this process may use (its
 * affinity mask, which the kernel has already cut to the cgroup's cpuset) and the configuration, so
 * that EAL never meets a CPU outside the mask: it would end the process.
 *
 * The control thread keeps the first CPU for itself and shares only where there is no other choice.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(char *why, size_t why_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char *why, size_t why_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_size, format, args);
	va_end(args);
	return -EINVAL;
}

/* One number of the list; *text moves behind it. */
static int cpu_parse(const char **text, unsigned int *cpu)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(*text, &end, 10);
	if (errno != 0 || value >= CPU_SETSIZE)
		return -EINVAL;
	*cpu = (unsigned int)value;
	*text = end;
	return 0;
}

/* "1,3-5" in the order written; a CPU named twice counts once. */
static int list_parse(const char *text, uint16_t *list, uint16_t *n)
{
	cpu_set_t seen;

	CPU_ZERO(&seen);
	*n = 0;
	for (;;) {
		unsigned int first, last;

		if (cpu_parse(&text, &first) < 0)
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (cpu_parse(&text, &last) < 0 || last < first)
				return -EINVAL;
		}
		for (unsigned int cpu = first; cpu <= last; cpu++) {
			if (!CPU_ISSET(cpu, &seen))
				list[(*n)++] = (uint16_t)cpu;
			CPU_SET(cpu, &seen);
		}
		if (*text == '\0')
			return 0;
		if (*text++ != ',')
			return -EINVAL;
	}
}

static uint16_t set_to_list(const cpu_set_t *set, uint16_t *list)
{
	uint16_t n = 0;

	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, set))
			list[n++] = (uint16_t)cpu;
	return n;
}

/* Last CPU of the run of set ones that begins at `first`. */
static unsigned int run_end(const cpu_set_t *set, unsigned int first)
{
	while (first + 1 < CPU_SETSIZE && CPU_ISSET(first + 1, set))
		first++;
	return first;
}

/* "0-3,8". 0, or -E2BIG if that is too long: `text` is then a part of it. */
static int set_to_text(const cpu_set_t *set, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int cpu = 0, last; cpu < CPU_SETSIZE && used < size; cpu = last + 1) {
		last = cpu;
		if (!CPU_ISSET(cpu, set))
			continue;
		last = run_end(set, cpu);
		used += (size_t)snprintf(text + used, size - used, "%s%u", used > 0 ? "," : "",
					 cpu);
		if (last > cpu && used < size)
			used += (size_t)snprintf(text + used, size - used, "-%u", last);
	}
	return used < size ? 0 : -E2BIG;
}

/* CPUs for workers: those written, or all but the first. */
static int candidates(const cpu_set_t *allowed, const char *cpus, uint16_t *list, uint16_t *n,
		      char *why, size_t why_size)
{
	char usable[128] = "";

	if (cpus[0] == '\0') {
		*n = set_to_list(allowed, list);
		if (*n > 1)
			memmove(list, list + 1, --*n * sizeof(*list));
		return 0;
	}
	if (list_parse(cpus, list, n) < 0)
		return refuse(why, why_size,
			      "\"%s\" is not a list of CPUs, such as \"1\" or \"1,3-5\"", cpus);
	if (set_to_text(allowed, usable, sizeof(usable)) < 0)
		memcpy(usable + sizeof(usable) - 4, "...", 4);
	for (uint16_t i = 0; i < *n; i++)
		if (!CPU_ISSET(list[i], allowed))
			return refuse(why, why_size,
				      "CPU %u is not among those this process may use (%s)",
				      list[i], usable);
	return 0;
}

static void control_place(const cpu_set_t *allowed, struct cpu_plan *plan)
{
	plan->control = *allowed;
	for (uint16_t i = 0; i < plan->n_workers; i++)
		CPU_CLR(plan->cpu[i], &plan->control);
	if (CPU_COUNT(&plan->control) == 0)
		plan->control = *allowed;
}

int cpu_plan_make(const cpu_set_t *allowed, uint16_t n_workers, const char *cpus,
		  struct cpu_plan *plan, char *why, size_t why_size)
{
	uint16_t list[CPU_SETSIZE];
	uint16_t n = 0;
	int ret;

	memset(plan, 0, sizeof(*plan));
	if (n_workers == 0 || n_workers > WORKERS_MAX)
		return refuse(why, why_size, "%u workers; 1 to %u are possible", n_workers,
			      WORKERS_MAX);
	if (CPU_COUNT(allowed) == 0)
		return refuse(why, why_size, "this process may not use any CPU");
	ret = candidates(allowed, cpus, list, &n, why, why_size);
	if (ret < 0 || n == 0)
		return -EINVAL;

	plan->n_workers = n_workers;
	for (uint16_t i = 0; i < n_workers; i++) {
		plan->cpu[i] = list[i % n];
		/* Worker i's CPU has others when the list is too short to go round once. */
		plan->shares_cpu[i] = CPU_COUNT(allowed) == 1 || i >= n || i + n < n_workers;
	}
	control_place(allowed, plan);
	return 0;
}

int cpu_plan_lcores(const struct cpu_plan *plan, char *text, size_t size)
{
	/* Every other CPU, the longest that can be: four digits and a comma each. */
	char control[CPU_SETSIZE / 2 * 5];
	size_t used;

	if (set_to_text(&plan->control, control, sizeof(control)) < 0)
		return -E2BIG;
	used = (size_t)snprintf(text, size, "0@(%s)", control);
	for (uint16_t i = 0; i < plan->n_workers && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, ",%u@%u", i + 1, plan->cpu[i]);
	return used < size ? 0 : -E2BIG;
}
