/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF with state gives the same octets, in the same order, at the same times, and the same
 * verdicts, however many workers it has, however many slots, and however packets come in bursts.
 */
#include "steer_support.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 60
#define TOGETHER 40

static void packets_put(void)
{
	uint32_t sequence = 0;

	srandom(7);
	for (uint32_t round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < TOGETHER; i++) {
			uint32_t flow = (uint32_t)random() % TALLY_FLOWS;

			tally_put(round * 700000, flow, random() % 3 == 0, sequence++);
		}
}

/* All that can be seen from outside, as text. */
static void frames_tell(FILE *to, const char *port)
{
	uint64_t at_ns;
	const uint8_t *f;
	uint32_t len;

	for (size_t i = 0; (f = vnf_test_replay_frame(tally_run, port, i, &len, &at_ns)); i++) {
		fprintf(to, "%s %" PRIu64 " ", port, at_ns);
		for (uint32_t k = 0; k < len; k++)
			fprintf(to, "%02x", f[k]);
		fputc('\n', to);
	}
}

static void verdicts_tell(FILE *to)
{
	const struct vnf_test_verdict *v;

	for (size_t i = 0; (v = vnf_test_replay_verdict(tally_run, i)) != NULL; i++)
		fprintf(to, "%" PRIu64 " %" PRIu64 " %s %d %s %s\n", v->number, v->time_ns,
			v->port != NULL ? v->port : "-", v->verdict, v->to != NULL ? v->to : "-",
			v->reason != NULL ? v->reason : "-");
}

static void counters_tell(FILE *to)
{
	static const char *const of_port[] = { "rx_packets", "rx_bytes", "tx_packets", "tx_bytes",
					       "seventh",    "stopping", "steer_full" };
	static const char *const of_all[] = { "rx", "created", "tx", "drops", "held", "balance" };

	for (size_t i = 0; i < RTE_DIM(of_port); i++)
		fprintf(to, "%s %" PRId64 " %" PRId64 "\n", of_port[i],
			vnf_test_replay_counter(tally_run, "left", of_port[i]),
			vnf_test_replay_counter(tally_run, "right", of_port[i]));
	for (size_t i = 0; i < RTE_DIM(of_all); i++)
		fprintf(to, "%s %" PRId64 "\n", of_all[i],
			vnf_test_replay_counter(tally_run, NULL, of_all[i]));
}

struct setting {
	const char *config;
	const char *burst;
	bool keeps;
	uint16_t n_workers; /* that must have had something to do */
};

static int run_tell(const struct setting *s, FILE *to)
{
	uint16_t busy = 0;

	tally_keeps = s->keeps;
	tally_run = vnf_test_replay_create(&tally_app, s->config);
	packets_put();
	vnf_test_replay_option(tally_run, s->burst);
	vnf_test_replay_option(tally_run, "--until=+10ms");
	if (vnf_test_replay_run(tally_run) != 0)
		return 1;
	frames_tell(to, "left");
	frames_tell(to, "right");
	verdicts_tell(to);
	counters_tell(to);
	for (size_t i = 0; i < RTE_DIM(tally_entries); i++)
		busy += tally_entries[i] != 0;
	tally_end();
	if (busy != s->n_workers || tally_counts.full != 0 || tally_counts.parked != 0)
		return 2;
	/* What is kept and given on comes by the ring too, even if a worker is alone. */
	return tally_counts.given == tally_counts.taken &&
			       (tally_counts.given > 0) ==
				       (s->keeps || strstr(s->config, "workers") != NULL)
		       ? 0
		       : 3;
}

/* Each replay needs a process of its own. What it tells is to be freed. */
static char *told(const struct setting *s)
{
	size_t n = 0, room = 16 << 20;
	char *text = malloc(room);
	ssize_t got;
	int ends[2], status;
	pid_t child;

	cr_assert_not_null(text);
	cr_assert_eq(pipe(ends), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		FILE *to = fdopen(ends[1], "w");
		int ret = run_tell(s, to);

		_exit(fclose(to) == 0 ? ret : 4);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + n, room - n - 1)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "%s %s: %d", s->config, s->burst, WEXITSTATUS(status));
	return text;
}

/* The first line that differs says more than that something does. */
static void same(const struct setting *one, const struct setting *other)
{
	char *a = told(one), *b = told(other);
	size_t at = 0, begin = 0;

	cr_assert_gt(strlen(a), 100000);
	for (; a[at] != '\0' && a[at] == b[at]; at++)
		begin = a[at] == '\n' ? at + 1 : begin;
	cr_assert_eq(a[at], b[at], "%s\nwanted %.180s\ngot    %.180s", other->config, a + begin,
		     b + begin);
	free(a);
	free(b);
}

static const struct setting alone = { TALLY_CONFIG(""), "--burst=1", false, 1 };
static const struct setting alone_keeping = { TALLY_CONFIG(""), "--burst=1", true, 1 };

static void same_as_alone(const char *config, const char *burst, uint16_t n_workers)
{
	struct setting s = { config, burst, true, n_workers };

	same(&alone_keeping, &s);
}

Test(steer_replay, one_worker_whatever_the_bursts)
{
	static const struct setting many = { TALLY_CONFIG(""), "--burst=32", false, 1 };

	same(&alone, &many);
	same_as_alone(TALLY_CONFIG(""), "--burst=32", 1);
}

Test(steer_replay, two_workers)
{
	same_as_alone(TALLY_CONFIG("workers = 2;"), "--burst=32", 2);
}

Test(steer_replay, four_workers_one_at_a_time)
{
	same_as_alone(TALLY_CONFIG("workers = 4;"), "--burst=1", 4);
}

Test(steer_replay, four_workers_in_bursts)
{
	same_as_alone(TALLY_CONFIG("workers = 4;"), "--burst=32", 4);
}

/* More workers than queues: some receive nothing, and send by others. */
Test(steer_replay, workers_without_a_queue)
{
	static const char config[] =
		"workers = 4; ports = ( { name = \"left\"; kind = \"null\"; queues = 1; },\n"
		"  { name = \"right\"; kind = \"null\"; queues = 2; } );\n";

	same_as_alone(config, "--burst=32", 4);
}

/* The state is the flow's, so the number of slots does not show. */
Test(steer_replay, many_slots)
{
	static const struct setting many = {
		TALLY_CONFIG("workers = 4; steering: { slots = 4096; ring = 16384; };"),
		"--burst=32", false, 4
	};

	same(&alone, &many);
}

Test(steer_replay, a_slot_for_each_worker)
{
	static const struct setting few = { TALLY_CONFIG("workers = 2; steering: { slots = 2; };"),
					    "--burst=32", false, 2 };

	same(&alone, &few);
}

/* All but one worker have none. */
Test(steer_replay, one_slot_for_four_workers)
{
	static const struct setting one = { TALLY_CONFIG("workers = 4; steering: { slots = 1; };"),
					    "--burst=32", false, 1 };

	same(&alone, &one);
}
