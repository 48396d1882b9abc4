/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * From the plan to EAL's arguments: the only place that knows them. Called once by eal.c, and by
 * the unit tests.
 *
 * With hugepages `--in-memory --single-file-segments`: no files are left behind, and the whole
 * memory is one file descriptor, for a vhost peer takes eight at most and DPDK says nothing when
 * there are more. Without: `--no-huge --no-shconf` (22.11 refuses `--no-huge --in-memory`), memory
 * is one memfd then. PCI is never scanned for devices to take: an allow-list that matches nothing
 * keeps it closed and still lets a configured device be added by its address.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No machine has this PCI address: bus 255, device 31, function 7 of the last domain. */
#define PCI_NONE "ffff:ff:1f.7"

static int add(struct eal_args *args, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int add(struct eal_args *args, const char *format, ...)
{
	va_list list;
	char *text;
	int len;

	if (args->argc == EAL_ARGS_MAX)
		return -E2BIG;
	va_start(list, format);
	len = vasprintf(&text, format, list);
	va_end(list);
	if (len < 0)
		return -ENOMEM;
	args->argv[args->argc++] = text;
	args->argv[args->argc] = NULL;
	return 0;
}

static int add_memory(const struct eal_input *in, struct eal_args *args)
{
	unsigned long long mib = in->memory->bytes >> 20;
	char nodes[128] = "";
	int ret = 0;

	if (!in->memory->huge) {
		ret |= add(args, "--no-huge");
		ret |= add(args, "--no-shconf");
		ret |= add(args, "-m");
		ret |= add(args, "%llu", mib);
		return ret;
	}
	/* All on one node: "0,0,N" for node 2. */
	for (unsigned int i = 0; i < in->numa_node && 2 * i + 3 < sizeof(nodes); i++) {
		nodes[2 * i] = '0';
		nodes[2 * i + 1] = ',';
		nodes[2 * i + 2] = '\0';
	}
	ret |= add(args, "--in-memory");
	ret |= add(args, "--single-file-segments");
	ret |= add(args, "--socket-mem=%s%llu", nodes, mib);
	ret |= add(args, "--socket-limit=%s%llu", nodes, mib);
	return ret;
}

int eal_args_make(const struct eal_input *in, struct eal_args *args)
{
	char lcores[2048];
	int ret;

	memset(args, 0, sizeof(*args));
	ret = cpu_plan_lcores(in->cpus, lcores, sizeof(lcores));
	if (ret < 0)
		return ret;
	ret |= add(args, "vnfkit");
	ret |= add(args, "--lcores=%s", lcores);
	ret |= add(args, "--main-lcore=0");
	ret |= add(args, "--file-prefix=%s", in->prefix);
	ret |= add_memory(in, args);
	if (in->pci)
		ret |= add(args, "--allow=%s", PCI_NONE);
	else
		ret |= add(args, "--no-pci");
	if (in->no_telemetry)
		ret |= add(args, "--no-telemetry");
	ret |= add(args, "--iova-mode=%s", in->iova_pa ? "pa" : "va");
	if (ret == 0)
		return 0;
	eal_args_free(args);
	return -ENOMEM;
}

void eal_args_free(struct eal_args *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->argv[i]);
	args->argc = 0;
}
