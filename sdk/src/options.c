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

#include "config_priv.h"

enum {
	OPT_BURST = 256,
	OPT_CHECK,
	OPT_DUMP,
	OPT_PLAN,
	OPT_RECORD,
	OPT_REFERENCE,
	OPT_REPLAY,
	OPT_REPORT,
	OPT_SEED,
	OPT_UNTIL,
	OPT_VERDICTS,
	OPT_VERSION,
	OPT_VIRTIO,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "burst", required_argument, NULL, OPT_BURST },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "dump-config", no_argument, NULL, OPT_DUMP },
	{ "config-reference", no_argument, NULL, OPT_REFERENCE },
	{ "plan", no_argument, NULL, OPT_PLAN },
	{ "record", required_argument, NULL, OPT_RECORD },
	{ "replay", required_argument, NULL, OPT_REPLAY },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "verdicts", required_argument, NULL, OPT_VERDICTS },
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
	       "Replay: ports are files, time is virtual, no root is needed; see docs/testing.md.\n"
	       "      --replay PORT=FILE\n"
	       "                        the port receives the frames of this pcap or pcapng file\n"
	       "      --record PORT=FILE\n"
	       "                        what the port sends is written to this pcap file\n"
	       "      --verdicts FILE   what became of each packet, as JSON lines\n"
	       "      --until TIME      go on until TIME after the first packet, or, written\n"
	       "                        +TIME, after the last; such as +3h\n"
	       "      --seed N          of all random numbers (1)\n"
	       "      --burst N         packets of one time that come together, 1 to 32 (32)\n\n"
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

#define GIVEN_TWICE "is given a second time; leave one of them"

static int option_bad(const struct vnf_program *program, const char *option, const char *what)
{
	fprintf(stderr, "%s: %s %s: %s\n", program->name, option, optarg, what);
	return -EINVAL;
}

/* "PORT=FILE", of which each port has one at most. */
static int file_take(const struct vnf_program *program, const char *option, const char **files,
		     size_t *n)
{
	if (strchr(optarg, '=') == NULL || optarg[0] == '=')
		return option_bad(program, option, "write PORT=FILE, such as \"lan=in.pcap\"");
	if (*n == VNF_PORTS_MAX)
		return option_bad(program, option, "too many of them");
	files[(*n)++] = optarg;
	return 0;
}

static int until_take(const struct vnf_program *program, struct replay_options *replay)
{
	const char *text = optarg;

	if (replay->has_until)
		return option_bad(program, "--until", GIVEN_TWICE);
	replay->until_after_last = *text == '+';
	if (cfg_parse_duration(text + replay->until_after_last, &replay->until_ns) < 0)
		return option_bad(program, "--until",
				  "write a time with its unit, such as \"90s\", or \"+3h\" for "
				  "three hours after the last packet");
	replay->has_until = true;
	return 0;
}

static int number_take(const struct vnf_program *program, const char *option, uint64_t min,
		       uint64_t max, uint64_t *number)
{
	bool negative;
	char what[64];

	if (cfg_parse_integer(optarg, strlen(optarg), &negative, number) == 0 && !negative &&
	    *number >= min && *number <= max)
		return 0;
	snprintf(what, sizeof(what), "write a number from %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	return option_bad(program, option, what);
}

/* 1: it is none of these. */
static int replay_option_take(int opt, const struct vnf_program *program,
			      struct replay_options *replay)
{
	uint64_t number = 0;
	int ret = 0;

	switch (opt) {
	case OPT_REPLAY:
		replay->on = true;
		return file_take(program, "--replay", replay->replay, &replay->n_replay);
	case OPT_RECORD:
		replay->on = true;
		return file_take(program, "--record", replay->record, &replay->n_record);
	case OPT_VERDICTS:
		if (replay->verdicts != NULL)
			return option_bad(program, "--verdicts", GIVEN_TWICE);
		replay->on = true;
		replay->verdicts = optarg;
		return 0;
	case OPT_UNTIL:
		replay->on = true;
		return until_take(program, replay);
	case OPT_SEED:
		if (replay->has_seed)
			return option_bad(program, "--seed", GIVEN_TWICE);
		replay->has_seed = true;
		return number_take(program, "--seed", 0, UINT64_MAX, &replay->seed);
	case OPT_BURST:
		if (replay->has_burst)
			return option_bad(program, "--burst", GIVEN_TWICE);
		replay->has_burst = true;
		ret = number_take(program, "--burst", 1, VNF_BURST_MAX, &number);
		replay->burst = (uint32_t)number;
		return ret;
	default:
		return 1;
	}
}

static int options_check(const struct vnf_program *program, const struct options *options)
{
	const struct replay_options *replay = &options->replay;

	if ((replay->has_seed || replay->has_burst) && !replay->on) {
		fprintf(stderr,
			"%s: --seed and --burst are for a replay; name a file with --replay\n",
			program->name);
		return -EINVAL;
	}
	if (replay->on && (options->n_virtio > 0 || options->plan)) {
		fprintf(stderr,
			"%s: --virtio and --plan do not go with a replay, in which ports are "
			"files\n",
			program->name);
		return -EINVAL;
	}
	return 0;
}

static int option_take(int opt, const struct vnf_program *program, struct options *options)
{
	int ret = replay_option_take(opt, program, &options->replay);

	if (ret <= 0)
		return ret;
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
	options->replay.seed = 1;
	options->replay.burst = VNF_BURST_MAX;
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
	if (options_check(program, options) < 0)
		goto usage;
	return 0;

usage:
	fprintf(stderr, "Try: %s --help\n", program->name);
	return -EINVAL;
}
