/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The replay of vnf/test.h on a small VNF: times, verdicts, counters, and what is said when a test
 * or the VNF is wrong. What it does to a UDP packet its destination port says.
 */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vnf/clock.h>
#include <vnf/test.h>
#include <vnf/vnf.h>

#define MS UINT64_C(1000000)
#define DELAY_NS (250 * MS)
#define UDP_PORT_AT 36

enum {
	DO_FORWARD = 1,
	DO_DROP,
	DO_DELAY,  /* by DELAY_NS, then out of wan */
	DO_KEEP,   /* until the end */
	DO_ANSWER, /* with a packet of its own */
	DO_LEAK,
	DO_LATE_DROP,
};

#define DROP_WATCHED VNF_DROP_USER

struct held {
	struct rte_mbuf *pkt;
	uint64_t due_ns;
};

static struct held held;

static int state_init(struct vnf_worker *worker)
{
	worker->state = &held;
	return 0;
}

static vnf_verdict_t answer(struct vnf_worker *worker, uint16_t port, const struct rte_mbuf *pkt)
{
	struct rte_mbuf *own = vnf_packet_alloc(worker);

	memcpy(rte_pktmbuf_append(own, 60), rte_pktmbuf_mtod(pkt, const void *), 60);
	vnf_send(worker, port, own);
	return VNF_DROP(VNF_DROP_APPLICATION);
}

static vnf_verdict_t take(struct vnf_worker *worker, struct rte_mbuf *pkt, uint64_t due_ns)
{
	struct held *h = worker->state;

	*h = (struct held){ pkt, due_ns };
	return VNF_TAKEN;
}

static inline vnf_verdict_t decide(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt)
{
	if (rte_pktmbuf_data_len(pkt) <= UDP_PORT_AT + 1)
		return VNF_DROP(VNF_DROP_MALFORMED);
	switch (*rte_pktmbuf_mtod_offset(pkt, const uint8_t *, UDP_PORT_AT + 1)) {
	case DO_FORWARD:
		return VNF_FORWARD(port ^ 1);
	case DO_DROP:
		return VNF_DROP(DROP_WATCHED);
	case DO_DELAY:
		return take(worker, pkt, worker->now_ns + DELAY_NS);
	case DO_KEEP:
		return take(worker, pkt, UINT64_MAX);
	case DO_ANSWER:
		return answer(worker, port, pkt);
	case DO_LATE_DROP:
		vnf_drop(worker, port, pkt, DROP_WATCHED);
		return VNF_TAKEN;
	default:
		return VNF_TAKEN;
	}
}
VNF_PACKET(decide);

static void tick(struct vnf_worker *worker)
{
	struct held *h = worker->state;

	if (h->pkt == NULL || worker->now_ns < h->due_ns)
		return;
	vnf_send(worker, 1, h->pkt);
	h->pkt = NULL;
}

static void state_fini(struct vnf_worker *worker)
{
	struct held *h = worker->state;

	if (h->pkt != NULL)
		vnf_drop(worker, 0, h->pkt, VNF_DROP_STOPPING);
	h->pkt = NULL;
}

static const struct vnf_drop drops[] = { { "watched", "as the test wants it" }, { NULL, NULL } };

static const struct vnf_app app = {
	VNF_APP("small"),          .drops = drops,        .ports_min = 2, .ports_max = 2,
	.worker_init = state_init, .burst = decide_burst, .tick = tick,   .tick_us = 100000,
	.worker_fini = state_fini,
};

static const char config[] = "ports = (\n"
			     "  { name = \"lan\"; kind = \"null\"; },\n"
			     "  { name = \"wan\"; kind = \"null\"; mtu = 9000; } );\n";

static struct vnf_test_packet p;

static void packet_begin(uint16_t what)
{
	vnf_test_eth(&p, "02:00:00:00:00:02", "02:00:00:00:00:01");
	vnf_test_ipv4(&p, "10.0.0.1", "10.0.0.2");
	vnf_test_udp(&p, 1000, what);
}

static void send(struct vnf_test_replay *t, const char *port, uint64_t at_ns, uint16_t what)
{
	packet_begin(what);
	vnf_test_payload(&p, 100);
	cr_assert_eq(vnf_test_replay_packet(t, port, at_ns, &p), 0);
}

static void verdict_assert(const struct vnf_test_replay *t, size_t i,
			   const struct vnf_test_verdict *want)
{
	const struct vnf_test_verdict *v = vnf_test_replay_verdict(t, i);

	cr_assert_not_null(v, "verdict %zu", i);
	cr_assert_eq(v->number, want->number, "verdict %zu: number %zu", i, (size_t)v->number);
	cr_assert_eq(v->time_ns, want->time_ns, "verdict %zu: time %zu", i, (size_t)v->time_ns);
	cr_assert_eq(v->verdict, want->verdict, "verdict %zu: verdict %d", i, v->verdict);
	cr_assert(v->port == want->port || strcmp(v->port, want->port) == 0, "verdict %zu", i);
	cr_assert(v->to == want->to || strcmp(v->to, want->to) == 0, "verdict %zu", i);
	cr_assert(v->reason == want->reason || strcmp(v->reason, want->reason) == 0, "verdict %zu",
		  i);
}

#define VERDICT(t, i, ...) verdict_assert(t, i, &(struct vnf_test_verdict){ __VA_ARGS__ })

Test(test_replay, forwards_at_the_time_of_the_packet)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);
	const uint8_t *frame;
	uint64_t time_ns;
	uint32_t len;

	send(t, "wan", 3 * VNF_SECOND_NS + 7, DO_FORWARD);
	send(t, "lan", 3 * VNF_SECOND_NS + 7, DO_FORWARD);
	send(t, "lan", 2 * MS + 1, DO_FORWARD);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_count(t, "wan"), 2);
	cr_assert_eq(vnf_test_replay_count(t, "lan"), 1);
	frame = vnf_test_replay_frame(t, "wan", 0, &len, &time_ns);
	cr_assert_not_null(frame);
	cr_assert_eq(time_ns, 2 * MS + 1);
	cr_assert_eq(len, p.len);
	cr_assert_arr_eq(frame, p.data, len);
	cr_assert_not_null(vnf_test_replay_frame(t, "lan", 0, NULL, &time_ns));
	cr_assert_eq(time_ns, 3 * VNF_SECOND_NS + 7);
	cr_assert_null(vnf_test_replay_frame(t, "lan", 1, NULL, NULL));
	cr_assert_eq(vnf_test_replay_verdict_count(t), 3);
	VERDICT(t, 0, 1, 2 * MS + 1, "lan", VNF_TEST_FORWARD, "wan", NULL);
	VERDICT(t, 1, 2, 3 * VNF_SECOND_NS + 7, "lan", VNF_TEST_FORWARD, "wan", NULL);
	VERDICT(t, 2, 3, 3 * VNF_SECOND_NS + 7, "wan", VNF_TEST_FORWARD, "lan", NULL);
	cr_assert_null(vnf_test_replay_verdict(t, 3));
	vnf_test_replay_destroy(t);
}

Test(test_replay, drops_are_counted_by_reason)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	send(t, "lan", 0, DO_DROP);
	send(t, "lan", 1, DO_LATE_DROP);
	packet_begin(DO_FORWARD);
	vnf_test_cut(&p, 30);
	vnf_test_replay_packet(t, "wan", 2, &p);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_count(t, "wan"), 0);
	VERDICT(t, 0, 1, 0, "lan", VNF_TEST_DROP, NULL, "watched");
	cr_assert_eq(vnf_test_replay_counter(t, "lan", "watched"), 2);
	cr_assert_eq(vnf_test_replay_counter(t, "wan", "watched"), 0);
	cr_assert_eq(vnf_test_replay_counter(t, "wan", "malformed"), 1);
	cr_assert_eq(vnf_test_replay_counter(t, "lan", "rx_packets"), 2);
	cr_assert_eq(vnf_test_replay_counter(t, "lan", "rx_bytes"), 284);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "drops"), 3);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "balance"), 0);
	cr_assert_eq(vnf_test_replay_counter(t, "lan", "wached"), -ENOENT);
	cr_assert_eq(vnf_test_replay_counter(t, "dmz", "watched"), -ENOENT);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "watched"), -ENOENT);
	cr_assert_eq(vnf_test_replay_count(t, "dmz"), -ENOENT);
	vnf_test_replay_destroy(t);
}

Test(test_replay, what_is_taken_is_sent_by_a_tick)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);
	uint64_t time_ns;

	send(t, "lan", 5 * MS, DO_DELAY);
	cr_assert_eq(vnf_test_replay_option(t, "--until=+2h"), 0);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_count(t, "wan"), 1);
	vnf_test_replay_frame(t, "wan", 0, NULL, &time_ns);
	/* Life began with the packet, and there is a tick each 100 ms. */
	cr_assert_eq(time_ns, 305 * MS);
	cr_assert_eq(vnf_test_replay_verdict_count(t), 2);
	VERDICT(t, 0, 1, 5 * MS, "lan", VNF_TEST_TAKEN, NULL, NULL);
	VERDICT(t, 1, 1, 305 * MS, "lan", VNF_TEST_SENT, "wan", NULL);
	cr_assert_null(held.pkt);
	vnf_test_replay_destroy(t);
}

Test(test_replay, what_is_kept_is_dropped_at_the_end)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	send(t, "lan", 0, DO_KEEP);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_counter(t, "lan", "stopping"), 1);
	VERDICT(t, 0, 1, 0, "lan", VNF_TEST_TAKEN, NULL, NULL);
	VERDICT(t, 1, 1, 0, "lan", VNF_TEST_DROP, NULL, "stopping");
	vnf_test_replay_destroy(t);
}

Test(test_replay, packets_of_the_program_have_no_number)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);
	uint32_t len;

	send(t, "wan", 9, DO_ANSWER);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_not_null(vnf_test_replay_frame(t, "wan", 0, &len, NULL));
	cr_assert_eq(len, 60);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "created"), 1);
	VERDICT(t, 0, 1, 9, "wan", VNF_TEST_DROP, NULL, "application");
	VERDICT(t, 1, 0, 9, NULL, VNF_TEST_SENT, "wan", NULL);
	vnf_test_replay_destroy(t);
}

Test(test_replay, a_drop_on_the_way_out_names_the_port)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	packet_begin(DO_FORWARD);
	vnf_test_payload(&p, 3000);
	vnf_test_replay_packet(t, "wan", 0, &p);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_count(t, "lan"), 0);
	/* Counted where the reason lies. */
	cr_assert_eq(vnf_test_replay_counter(t, "lan", "too_long"), 1);
	VERDICT(t, vnf_test_replay_verdict_count(t) - 1, 1, 0, "wan", VNF_TEST_DROP, "lan",
		"too_long");
	vnf_test_replay_destroy(t);
}

Test(test_replay, a_leak_is_a_failure)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	send(t, "lan", 0, DO_LEAK);
	send(t, "lan", 1, DO_FORWARD);
	held.pkt = NULL;
	vnf_test_replay_capture(t);
	cr_assert_eq(vnf_test_replay_run(t), 1);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "held"), 1);
	cr_assert_eq(vnf_test_replay_count(t, "wan"), 1);
	cr_assert_not_null(strstr(vnf_test_replay_log(t), "still holds 1 packets"));
	vnf_test_replay_destroy(t);
}

Test(test_replay, nothing_sent)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_count(t, "lan"), 0);
	cr_assert_eq(vnf_test_replay_counter(t, NULL, "rx"), 0);
	cr_assert_str_eq(vnf_test_replay_log(t), "");
	vnf_test_replay_destroy(t);
}

/* ---- what is wrong with the test ---- */

Test(test_replay, the_log_says_what_is_wrong_with_the_configuration)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, "ports = ( { mtuu = 1; } );\n");

	vnf_test_replay_capture(t);
	cr_assert_eq(vnf_test_replay_run(t), 2);
	cr_assert_not_null(strstr(vnf_test_replay_log(t), "mtuu"), "%s", vnf_test_replay_log(t));
	cr_assert_eq(vnf_test_replay_count(t, "lan"), -ENOENT);
	cr_assert_eq(vnf_test_replay_verdict_count(t), 0);
	vnf_test_replay_destroy(t);
}

/* DPDK was not started yet: the test may go on with another replay. */
Test(test_replay, a_port_that_is_not_there)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	send(t, "dmz", 0, DO_FORWARD);
	vnf_test_replay_capture(t);
	cr_assert_eq(vnf_test_replay_run(t), 2);
	cr_assert_not_null(strstr(vnf_test_replay_log(t), "no port is named \"dmz\""));
	cr_assert_eq(vnf_test_replay_count(t, "dmz"), -ENOENT);
	vnf_test_replay_destroy(t);
	t = vnf_test_replay_create(&app, config);
	send(t, "lan", 0, DO_FORWARD);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_count(t, "wan"), 1);
	vnf_test_replay_destroy(t);
}

Test(test_replay, one_run_in_a_process)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	send(t, "lan", 0, DO_FORWARD);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	cr_assert_eq(vnf_test_replay_run(t), -EALREADY);
	cr_assert_eq(vnf_test_replay_count(t, "wan"), 1, "the results stay");
	vnf_test_replay_destroy(t);
}

Test(test_replay, errors_before_the_run_are_its_own)
{
	struct vnf_test_replay *t = vnf_test_replay_create(&app, config);

	vnf_test_eth(&p, "nonsense", "02:00:00:00:00:01");
	cr_assert_eq(vnf_test_replay_packet(t, "lan", 0, &p), -EINVAL);
	cr_assert_eq(vnf_test_replay_send(t, "lan", UINT64_MAX, &p, 60), -ERANGE);
	cr_assert_eq(vnf_test_replay_send(t, "lan", 0, &p, 0), -EINVAL);
	cr_assert_eq(vnf_test_replay_send(t, "lan", 0, &p, VNF_TEST_PACKET_MAX + 1), -EINVAL);
	cr_assert_eq(vnf_test_replay_run(t), -EINVAL);
	vnf_test_replay_destroy(t);
	vnf_test_replay_destroy(NULL);
}

/* Files of a folder, without "." and "..". */
static int folder_count(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	cr_assert_not_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static void folder_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

/* How many entries a replay leaves in the folder `top`. */
static int run_below(const char *top, bool capture)
{
	struct vnf_test_replay *t;

	setenv("TMPDIR", top, 1);
	t = vnf_test_replay_create(&app, config);
	if (capture)
		vnf_test_replay_capture(t);
	send(t, "lan", 0, DO_FORWARD);
	send(t, "wan", 0, DO_DROP);
	cr_assert_eq(vnf_test_replay_run(t), 0);
	vnf_test_replay_destroy(t);
	return folder_count(top);
}

Test(test_replay, nothing_is_left_behind)
{
	char top[] = "/tmp/vnf-unit-replay-XXXXXX";

	cr_assert_not_null(mkdtemp(top));
	cr_assert_eq(run_below(top, true), 0);
	cr_assert_eq(rmdir(top), 0);
}

Test(test_replay, the_folder_can_be_kept)
{
	char top[] = "/tmp/vnf-unit-replay-XXXXXX";
	glob_t found;
	char pattern[64];

	cr_assert_not_null(mkdtemp(top));
	setenv("VNF_TEST_KEEP", "1", 1);
	cr_assert_eq(run_below(top, false), 1);
	snprintf(pattern, sizeof(pattern), "%s/vnf-test-*", top);
	cr_assert_eq(glob(pattern, 0, NULL, &found), 0);
	/* The configuration, two inputs, two records, verdicts, the report. */
	cr_assert_eq(folder_count(found.gl_pathv[0]), 7);
	folder_empty(found.gl_pathv[0]);
	cr_assert_eq(rmdir(found.gl_pathv[0]), 0);
	cr_assert_eq(rmdir(top), 0);
	globfree(&found);
}
