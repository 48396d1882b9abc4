/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What an event of the journal costs: on the worker, where it is a record in a ring, and on the
 * thread that makes a line of it, to a file that the argument names (else /dev/null). Prints
 * "worker:off TICKS", "worker:record TICKS", "worker:refused TICKS" (over the rate) and
 * "writer:line TICKS", the least of many turns of 1,000 each.
 *
 * Records are those of a firewall's session: 120 octets, 12 members in the line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_priv.h"

#define TURNS 101
#define RECORDS 1000
#define RING_BYTES (1u << 20)

struct session {
	char rule[32];
	char from[16], to[16];
	uint8_t src[16], dst[16];
	uint16_t src_port, dst_port;
	uint32_t protocol;
	uint64_t packets, octets;
};

static struct vnf vnf;
static struct vnf_program program;
static struct journal journal;
static struct vnf_journal_worker own;
static struct vnf_worker worker;

static json_t *session_line(struct vnf *v, const void *record, size_t octets)
{
	const struct session *s = record;

	(void)v;
	(void)octets;
	return json_pack("{ss ss ss ss ss ss si si si sI sI}", "event", "session-end", "rule",
			 s->rule, "from", s->from, "to", s->to, "src", "198.51.100.27", "dst",
			 "2001:db8::1:27", "src_port", s->src_port, "dst_port", s->dst_port,
			 "protocol", (int)s->protocol, "packets", (json_int_t)s->packets, "octets",
			 (json_int_t)s->octets);
}

/* In a function of its own, as a callback is: the compiler does not know what is on. */
static __attribute__((noinline)) void event(struct vnf_worker *w)
{
	struct session *s;

	if (!vnf_journal_is_on(w))
		return;
	s = vnf_journal_reserve(w, sizeof(*s));
	if (s == NULL)
		return;
	*s = (struct session){ .rule = "web", .from = "lan", .to = "wan", .packets = 12 };
	vnf_journal_write(w);
}

static uint64_t events(void)
{
	uint64_t began = rte_rdtsc_precise();

	for (int i = 0; i < RECORDS; i++)
		event(&worker);
	return rte_rdtsc_precise() - began;
}

static uint64_t lines(void)
{
	uint64_t began = rte_rdtsc_precise();

	journal_drain(&journal);
	journal_file_flush(journal.file, &journal.outcome);
	return rte_rdtsc_precise() - began;
}

static double least(const uint64_t *ticks)
{
	uint64_t found = ticks[0];

	for (int i = 1; i < TURNS; i++)
		found = RTE_MIN(found, ticks[i]);
	return (double)found / RECORDS;
}

static void set_up(const char *path)
{
	program.journal = session_line;
	vnf.program = &program;
	journal.vnf = &vnf;
	journal.workers = &own;
	journal.n_workers = 1;
	own.journal = &journal;
	worker.vnf = &vnf;
	if (byte_ring_init(&own.ring, RING_BYTES) < 0 || journal_file_open(path, &journal.file) < 0)
		exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	uint64_t off[TURNS], record[TURNS], refused[TURNS], line[TURNS];

	uint64_t began_ns = vnf_clock_now(), began = rte_rdtsc_precise();

	set_up(argc > 1 ? argv[1] : "/dev/null");
	for (int turn = 0; turn < TURNS; turn++) {
		worker.journal = NULL;
		off[turn] = events();
		worker.journal = &own;
		own.slack_ns = UINT64_MAX;
		own.interval_ns = 1;
		record[turn] = events();
		line[turn] = lines();
		own.slack_ns = 0;
		refused[turn] = events();
	}
	printf("worker:off %.1f\nworker:record %.1f\nworker:refused %.1f\n", least(off),
	       least(record), least(refused));
	printf("writer:line %.1f\n", least(line));
	printf("a microsecond has %.0f\n",
	       (double)(rte_rdtsc_precise() - began) * 1000 / (double)(vnf_clock_now() - began_ns));
	journal_file_destroy(journal.file);
	byte_ring_fini(&own.ring);
	return 0;
}
