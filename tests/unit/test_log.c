/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Log lines: their form, the level below which none is written, and the limit on those that an
 * outsider can cause, DPDK's lines about a vhost socket among them.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_log.h>

#include "vnf_priv.h"

static char captured[65536];
static int saved_stderr;
static FILE *sink;

static void capture_start(void)
{
	sink = tmpfile();
	cr_assert_not_null(sink);
	saved_stderr = dup(STDERR_FILENO);
	cr_assert_geq(dup2(fileno(sink), STDERR_FILENO), 0);
}

static unsigned int capture_end(void)
{
	unsigned int lines = 0;
	size_t n;

	cr_assert_geq(dup2(saved_stderr, STDERR_FILENO), 0);
	close(saved_stderr);
	rewind(sink);
	n = fread(captured, 1, sizeof(captured) - 1, sink);
	captured[n] = '\0';
	fclose(sink);
	for (size_t i = 0; i < n; i++)
		lines += captured[i] == '\n';
	return lines;
}

Test(log, form_and_level)
{
	log_init("me", VNF_LOG_NOTICE);
	capture_start();
	vnf_error("a %d", 1);
	vnf_notice("b");
	vnf_info("not this");
	vnf_debug("nor this");
	cr_assert_eq(capture_end(), 2);
	cr_assert_str_eq(captured, "me: error: a 1\nme: notice: b\n");
}

Test(log, very_long_lines_are_cut)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_init("me", VNF_LOG_INFO);
	capture_start();
	vnf_info("%s", text);
	cr_assert_eq(capture_end(), 1);
	cr_assert_lt(strlen(captured), 1200);
}

Test(log, a_limit_lets_a_burst_pass_and_counts_the_rest)
{
	struct vnf_log_limit limit = { 0 };

	log_init("me", VNF_LOG_INFO);
	capture_start();
	for (int i = 0; i < 1000; i++)
		vnf_log_limited(&limit, VNF_LOG_WARNING, "again");
	cr_assert_eq(capture_end(), VNF_LOG_BURST);
	cr_assert_eq(limit.suppressed, 1000 - VNF_LOG_BURST);

	/* Time passes: one more, which tells of those that were not written. */
	limit.refill_ns -= 600000000;
	capture_start();
	vnf_log_limited(&limit, VNF_LOG_WARNING, "again");
	cr_assert_eq(capture_end(), 1);
	cr_assert_str_eq(captured, "me: warning: again (990 more like this were not logged)\n");
}

Test(log, dpdk_lines_about_one_socket_are_limited_those_about_another_are_not)
{
	log_init("me", VNF_LOG_INFO);
	capture_start();
	cr_assert_eq(log_capture_dpdk(), 0);
	for (int i = 0; i < 1000; i++)
		rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "VHOST_CONFIG: (/a) message %d\n", i);
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "VHOST_CONFIG: (/b) once\n");
	RTE_LOG(NOTICE, USER1, "not worth a line\n");
	RTE_LOG(ERR, USER1, "something else\n");
	capture_end();
	cr_assert_not_null(strstr(captured, "message 0\n"));
	cr_assert_null(strstr(captured, "message 500\n"));
	cr_assert_not_null(strstr(captured, "me: error: dpdk: VHOST_CONFIG: (/b) once\n"));
	cr_assert_not_null(strstr(captured, "something else\n"));
	cr_assert_null(strstr(captured, "not worth"));
}

static void dpdk_says(const char *text)
{
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "%s\n", text);
}

Test(log, a_peer_of_virtio_user_cannot_flood_the_log)
{
	log_init("me", VNF_LOG_INFO);
	capture_start();
	cr_assert_eq(log_capture_dpdk(), 0);
	for (int i = 0; i < 100; i++) {
		dpdk_says("vhost_user_write(): Failed to send msg: Broken pipe");
		dpdk_says("vhost_user_read(): Failed to recv msg hdr: 0 instead of 12.");
		dpdk_says("virtio_user_dev_set_status(): (/a) Failed to set backend status");
		dpdk_says("virtio_user_start_device(): (/a) Failed to start device");
	}
	dpdk_says("virtio_user_start_device(): (/b) Failed to start device");
	cr_assert_eq(capture_end(), 2 * VNF_LOG_BURST + 1, "%s", captured);
	cr_assert_not_null(strstr(captured, "(/b) Failed to start device\n"));
}

Test(log, what_dpdk_says_in_everyday_life_is_detail)
{
	log_init("me", VNF_LOG_INFO);
	capture_start();
	cr_assert_eq(log_capture_dpdk(), 0);
	dpdk_says("virtio_user_dev_server_reconnect(): (/a) Reconnect callback call failed");
	dpdk_says("EAL: No free 1048576 kB hugepages reported on node 0");
	dpdk_says("EAL: No available 2048 kB hugepages reported");
	dpdk_says("virtio_user_dev_server_reconnect(): get_features failed: Broken pipe");
	cr_assert_eq(capture_end(), 1, "%s", captured);
	cr_assert_not_null(strstr(captured, "get_features failed"));
}

Test(log, the_last_words_of_dpdk_are_always_shown)
{
	log_init("me", VNF_LOG_INFO);
	capture_start();
	cr_assert_eq(log_capture_dpdk(), 0);
	log_quiet_dpdk(true);
	dpdk_says("EAL: Error adding fd 7 epoll_ctl, Bad file descriptor");
	rte_log(RTE_LOG_CRIT, RTE_LOGTYPE_EAL, "EAL: the end\n");
	log_quiet_dpdk(false);
	cr_assert_eq(capture_end(), 1, "%s", captured);
	cr_assert_not_null(strstr(captured, "the end"));
}

/* ---- the journal, and whoever else reads ---- */

static void journal_is_stderr(void)
{
	char stream[64];
	struct stat st;

	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

Test(log, to_the_journal_a_line_has_its_priority)
{
	capture_start();
	journal_is_stderr();
	log_init(program_invocation_short_name, VNF_LOG_INFO);
	vnf_error("a");
	log_init("fwd", VNF_LOG_INFO);
	vnf_warning("b");
	unsetenv("JOURNAL_STREAM");
	log_init("fwd", VNF_LOG_INFO);
	vnf_info("c");
	capture_end();
	cr_assert_str_eq(captured, "<3>a\n<4>fwd: b\nfwd: info: c\n");
}

Test(log, another_stream_is_not_the_journal)
{
	struct stat st = { .st_dev = 8, .st_ino = 12 };

	cr_assert(log_is_journal("8:12", &st));
	cr_assert_not(log_is_journal("8:13", &st));
	cr_assert_not(log_is_journal("9:12", &st));
	cr_assert_not(log_is_journal("8:12x", &st));
	cr_assert_not(log_is_journal("8", &st));
	cr_assert_not(log_is_journal("", &st));
	cr_assert_not(log_is_journal(NULL, &st));
}

Test(log, no_text_begins_a_line_of_its_own)
{
	log_init("me", VNF_LOG_INFO);
	capture_start();
	vnf_warning("name \"%s\"", "x\n<0>fwd: error: all is lost\r\x1b[2J\x7f\ty");
	cr_assert_eq(capture_end(), 1);
	cr_assert_str_eq(captured, "me: warning: name \"x\\n<0>fwd: error: all is "
				   "lost\\x0d\\x1b[2J\\x7f\ty\"\n");
}

Test(log, what_is_escaped_fits_whatever_the_room)
{
	char text[200], to[200];

	memset(text, '\n', sizeof(text));
	for (size_t size = 6; size <= sizeof(to); size++) {
		size_t n = log_escape(to, size, text, sizeof(text));

		cr_assert_lt(n, size);
		cr_assert_eq(n, strlen(to));
	}
}

Test(log, a_reader_that_does_not_read_holds_nobody, .timeout = 20)
{
	int ends[2];

	log_init("me", VNF_LOG_INFO);
	cr_assert_eq(pipe(ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	cr_assert_geq(dup2(ends[1], STDERR_FILENO), 0);
	for (int i = 0; i < 20000; i++)
		vnf_info("a line that nobody reads, number %d", i);
	close(ends[0]);
	close(ends[1]);
	cr_assert_geq(dup2(saved_stderr, STDERR_FILENO), 0);
	close(saved_stderr);
}

Test(log, a_closed_descriptor_is_no_fault)
{
	log_init("me", VNF_LOG_INFO);
	saved_stderr = dup(STDERR_FILENO);
	close(STDERR_FILENO);
	vnf_info("to nobody");
	cr_assert_geq(dup2(saved_stderr, STDERR_FILENO), 0);
	close(saved_stderr);
}

Test(log, dpdk_lines_of_one_part_are_limited)
{
	log_init("me", VNF_LOG_INFO);
	capture_start();
	cr_assert_eq(log_capture_dpdk(), 0);
	for (int i = 0; i < 1000; i++)
		dpdk_says("ETHDEV: Port 0 must be stopped to allow configuration");
	dpdk_says("EAL: something else");
	cr_assert_eq(capture_end(), VNF_LOG_BURST + 1, "%s", captured);
}

static char seen[256];

static void see(void *arg, const char *text, size_t len)
{
	cr_expect_eq(arg, seen);
	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s|", (int)len, text);
}

/* virtio's driver tells its choices at levels that nobody wants to read. */
Test(log, a_watch_sees_what_is_not_shown)
{
	int type = rte_log_register("pmd.net.virtio.init");

	log_init("me", VNF_LOG_DEBUG);
	cr_assert_eq(log_capture_dpdk(), 0);
	rte_log_set_level(type, RTE_LOG_NOTICE);
	capture_start();
	rte_log(RTE_LOG_DEBUG, (uint32_t)type, "before\n");
	log_watch_dpdk(see, seen);
	rte_log(RTE_LOG_DEBUG, (uint32_t)type, "a ring\n");
	rte_log(RTE_LOG_INFO, (uint32_t)type, "a path\n");
	log_watch_dpdk(NULL, NULL);
	rte_log(RTE_LOG_INFO, (uint32_t)type, "after\n");
	cr_expect_eq(capture_end(), 1);
	cr_expect_str_eq(seen, "a ring|a path|");
	cr_expect_str_eq(captured, "me: debug: dpdk: a path\n");
}
