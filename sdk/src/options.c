/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The command line that every program has. Called once, first of all, on the main thread. There
 * are no EAL arguments: what DPDK needs is made from the configuration.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <rte_version.h>

enum {
	OPT_CHECK = 256,
	OPT_DUMP,
	OPT_PLAN,
	OPT_REFERENCE,
	OPT_REPORT,
	OPT_VERSION,
	OPT_VIRTIO,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "dump-config", no_argument, NULL, OPT_DUMP },
	{ "config-reference", no_argument, NULL, OPT_REFERENCE },
	{ "plan", no_argument, NULL, OPT_PLAN },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "virtio", required_argument, NULL, OPT_VIRTIO },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void print_help(const struct vnf_program *program)
{
	if (program->summary != NULL)
		printf("%s: %s\n\n", program->name, program->summary);
	printf("Usage: %s -c FILE [OPTION]...\n\n"
	       "  -c, --config FILE     configuration to run with\n"
	       "      --check           check the configuration, change nothing, and end\n"
	       "      --dump-config     print the effective configuration, defaults included\n"
	       "      --config-reference\n"
	       "                        print all keys of the configuration as Markdown\n"
	       "      --plan            print ports, memory and files as JSON, and end\n"
	       "      --report FILE     write the final counters as JSON when it stops\n"
	       "      --virtio PORT=ADDRESS\n"
	       "                        the port is this machine's virtio-net device at this PCI\n"
	       "                        address, or with this MAC, whatever its kind in the file\n"
	       "  -v, --verbose         log details, DPDK's messages among them\n"
	       "      --version         print the versions of program and DPDK\n"
	       "  -h, --help            print this\n\n"
	       "SIGTERM or SIGINT stops it; a second one ends it at once.\n"
	       "Exit codes: 0 stopped as asked, 1 failed, 2 wrong command line or configuration.\n",
	       program->name);
}

static int virtio_take(const struct vnf_program *program, struct options *options)
{
	if (strchr(optarg, '=') == NULL) {
		fprintf(stderr,
			"%s: --virtio %s: write PORT=ADDRESS, such as \"lan=0000:00:03.0\"\n",
			program->name, optarg);
		return -EINVAL;
	}
	if (options->n_virtio == VNF_PORTS_MAX) {
		fprintf(stderr, "%s: more than %d --virtio\n", program->name, VNF_PORTS_MAX);
		return -EINVAL;
	}
	options->virtio[options->n_virtio++] = optarg;
	return 0;
}

static int option_take(int opt, const struct vnf_program *program, struct options *options)
{
	switch (opt) {
	case 'c':
		options->config_path = optarg;
		return 0;
	case OPT_CHECK:
		options->check = true;
		return 0;
	case OPT_DUMP:
		options->dump = true;
		return 0;
	case OPT_REFERENCE:
		options->reference = true;
		return 0;
	case OPT_PLAN:
		options->plan = true;
		return 0;
	case OPT_VIRTIO:
		return virtio_take(program, options);
	case OPT_REPORT:
		options->report_path = optarg;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case OPT_VERSION:
		printf("%s %s, %s\n", program->name,
		       program->version != NULL ? program->version : VNFKIT_VERSION, rte_version());
		options->done = true;
		return 0;
	case 'h':
		print_help(program);
		options->done = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int options_parse(int argc, char *const *argv, const struct vnf_program *program,
		  struct options *options)
{
	int opt;

	memset(options, 0, sizeof(*options));
	optind = 1;
	while ((opt = getopt_long(argc, argv, "c:hv", long_options, NULL)) != -1) {
		if (option_take(opt, program, options) < 0)
			goto usage;
		if (options->done)
			return 0;
	}
	if (optind < argc) {
		fprintf(stderr,
			"%s: unexpected argument \"%s\"; the configuration is given by -c\n",
			program->name, argv[optind]);
		goto usage;
	}
	if (options->config_path == NULL && !options->reference) {
		fprintf(stderr, "%s: no configuration; name one with -c FILE\n", program->name);
		goto usage;
	}
	return 0;

usage:
	fprintf(stderr, "Try: %s --help\n", program->name);
	return -EINVAL;
}
