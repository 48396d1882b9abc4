/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kind pcap: a file that it wrote is one that it reads; the end, repetition, and files
 * that are not as they should be.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "eal_support.h"
#include "pcap_frames.h"
#include "port_kinds.h"

/* As the kind's table fills it. */
static struct {
	const char *rx_file;
	const char *tx_file;
	bool loop;
	uint32_t loop_from;
	uint64_t rate;
} pcap_spec = { .rx_file = "", .tx_file = "" };

static struct vnf_port_spec spec = { .kind_spec = &pcap_spec };
static struct vnf_port_counters counters;
static struct rte_mempool *pool;
static struct vnf_port port;
static char path[] = "/tmp/vnf-unit-pcap-XXXXXX";

static void setup(void)
{
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(sizeof(pcap_spec), vnf_port_kind_pcap.spec_size);
	eal_support_start();
	pool = eal_support_pool(512);
}

static void teardown(void)
{
	unlink(path);
	eal_support_stop();
}

static void port_start(const char *rx_file, const char *tx_file, bool loop)
{
	pcap_spec.rx_file = rx_file;
	pcap_spec.tx_file = tx_file;
	pcap_spec.loop = loop;
	eal_support_port(&port, &vnf_port_kind_pcap, &spec, pool);
	cr_assert_eq(port.kind->open(&port), 0);
	cr_assert_eq(port.kind->start(&port), 0);
	cr_assert(vnf_port_is_up(&port));
}

static void port_finish(void)
{
	port.kind->stop(&port);
	port.kind->close(&port);
	EAL_SUPPORT_POOL_FULL(pool);
}

/* Frame i has i + 14 octets of value i. */
static void file_write(unsigned int n)
{
	port_start("", path, false);
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *pkt = rte_pktmbuf_alloc(pool), *tail;
		uint16_t head = RTE_MIN(i + 14, 512u);

		memset(rte_pktmbuf_append(pkt, head), (int)i, head);
		if (i + 14 > head) {
			tail = rte_pktmbuf_alloc(pool);
			memset(rte_pktmbuf_append(tail, i + 14 - head), (int)i, i + 14 - head);
			rte_pktmbuf_chain(pkt, tail);
		}
		cr_assert_eq(port.tx(port.queue[0], &pkt, 1, &counters), 1);
	}
	cr_assert_eq(counters.tx_packets, n);
	port_finish();
}

static void file_write_raw(int link_type, uint32_t caplen, uint32_t len)
{
	static const uint8_t data[4096];
	pcap_t *p = pcap_open_dead(link_type, 65535);
	pcap_dumper_t *d = pcap_dump_open(p, path);
	struct pcap_pkthdr hdr = { .caplen = caplen, .len = len };

	pcap_dump((u_char *)d, &hdr, data);
	pcap_dump_close(d);
	pcap_close(p);
}

static void expect_frame(struct rte_mbuf *pkt, unsigned int i)
{
	uint8_t flat[2048], want[2048];

	cr_assert_eq(pkt->pkt_len, i + 14);
	cr_assert_eq(rte_mbuf_check(pkt, 1, &(const char *){ NULL }), 0);
	memset(want, (int)i, i + 14);
	cr_assert_eq(memcmp(rte_pktmbuf_read(pkt, 0, i + 14, flat), want, i + 14), 0);
}

Test(port_pcap, reads_what_it_wrote, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkts[32];
	unsigned int seen = 0;
	uint16_t n;

	file_write(1000);
	port_start(path, "", false);
	cr_assert_null(port.tx);
	while ((n = port.rx(port.queue[0], pkts, 32)) > 0) {
		for (uint16_t i = 0; i < n; i++)
			expect_frame(pkts[i], seen++);
		rte_pktmbuf_free_bulk(pkts, n);
	}
	cr_expect_eq(seen, 1000);
	cr_expect_eq(port.rx(port.queue[0], pkts, 32), 0);
	cr_expect(vnf_port_is_up(&port));
	port_finish();
}

/* A FIFO without a peer, a device, a directory: refused, and at once. */
Test(port_pcap, only_regular_files, .init = setup, .fini = teardown, .timeout = 10)
{
	const char *const paths[] = { path, "/dev/null", "/tmp" };

	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < RTE_DIM(paths); i++) {
		eal_support_port(&port, &vnf_port_kind_pcap, &spec, pool);
		pcap_spec.rx_file = paths[i];
		pcap_spec.tx_file = "";
		cr_assert_lt(port.kind->open(&port), 0);
		pcap_spec.rx_file = "";
		pcap_spec.tx_file = paths[i];
		cr_assert_lt(port.kind->open(&port), 0);
	}
	EAL_SUPPORT_POOL_FULL(pool);
}

Test(port_pcap, a_file_is_replaced_as_a_whole, .init = setup, .fini = teardown)
{
	struct stat st;

	file_write(100);
	counters.tx_packets = 0;
	file_write(0);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_size, 24);
}

Test(port_pcap, loops, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkts[32];

	file_write(7);
	port_start(path, "", true);
	for (unsigned int seen = 0; seen < 320;) {
		cr_assert_eq(port.rx(port.queue[0], pkts, 32), 32);
		for (uint16_t i = 0; i < 32; i++)
			expect_frame(pkts[i], seen++ % 7);
		rte_pktmbuf_free_bulk(pkts, 32);
	}
	port_finish();
}

/* 0 1 2 3 4 5 6, 4 5 6, 4 5 6, ... */
Test(port_pcap, loops_from_a_frame_on, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkts[32];

	file_write(7);
	pcap_spec.loop_from = 4;
	port_start(path, "", true);
	for (unsigned int seen = 0; seen < 320;) {
		cr_assert_eq(port.rx(port.queue[0], pkts, 32), 32);
		for (uint16_t i = 0; i < 32; i++, seen++)
			expect_frame(pkts[i], seen < 7 ? seen : 4 + (seen - 7) % 3);
		rte_pktmbuf_free_bulk(pkts, 32);
	}
	port_finish();
}

Test(port_pcap, loops_from_no_frame_that_is_not_there, .init = setup, .fini = teardown)
{
	file_write(7);
	pcap_spec.rx_file = path;
	pcap_spec.tx_file = "";
	pcap_spec.loop = true;
	pcap_spec.loop_from = 7;
	eal_support_port(&port, &vnf_port_kind_pcap, &spec, pool);
	cr_assert_eq(port.kind->open(&port), -EINVAL);
	pcap_spec.loop_from = 6;
	cr_assert_eq(port.kind->open(&port), 0);
	port.kind->close(&port);
}

Test(port_pcap, rate_is_kept, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkts[32];
	uint64_t until, seen = 0;

	file_write(7);
	pcap_spec.rate = 50000;
	port_start(path, "", true);
	until = vnf_clock_now() + 200000000;
	while (vnf_clock_now() < until) {
		uint16_t n = port.rx(port.queue[0], pkts, 32);

		rte_pktmbuf_free_bulk(pkts, n);
		seen += n;
	}
	/* Less only if the machine kept this process from running. */
	cr_expect(seen > 1000 && seen <= 10001, "%lu in 0.2 s", (unsigned long)seen);
	port_finish();
}

Test(port_pcap, an_empty_file_never_receives, .init = setup, .fini = teardown)
{
	struct rte_mbuf *pkts[32];

	file_write(0);
	port_start(path, "", true);
	cr_expect_eq(port.rx(port.queue[0], pkts, 32), 0);
	port_finish();
}

Test(port_pcap, unusable_frames_are_counted, .init = setup, .fini = teardown)
{
	static const uint32_t rows[][2] = { { 60, 61 }, { 13, 13 }, { 1523, 1523 } };
	struct vnf_port_missed missed;
	struct rte_mbuf *pkts[32];

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		file_write_raw(DLT_EN10MB, rows[i][0], rows[i][1]);
		port_start(path, "", false);
		cr_expect_eq(port.rx(port.queue[0], pkts, 32), 0);
		memset(&missed, 0, sizeof(missed));
		port.kind->missed(&port, &missed);
		cr_expect_eq(missed.rx_errors, 1);
		port_finish();
	}
}

static void expect_open_fails(int want)
{
	pcap_spec.rx_file = path;
	eal_support_port(&port, &vnf_port_kind_pcap, &spec, pool);
	cr_expect_eq(port.kind->open(&port), want);
	cr_expect_null(port.queue[0]);
}

Test(port_pcap, bad_files_are_refused, .init = setup, .fini = teardown)
{
	FILE *f;

	expect_open_fails(-EBADMSG);
	file_write_raw(DLT_RAW, 60, 60);
	expect_open_fails(-EPROTONOSUPPORT);
	file_write(3);
	cr_assert_eq(truncate(path, 24 + 16 + 14 + 16 + 5), 0);
	expect_open_fails(-EBADMSG);
	f = fopen(path, "w");
	for (unsigned int i = 0; i < 1000; i++)
		fputc((int)(i * 7), f);
	fclose(f);
	expect_open_fails(-EBADMSG);
	unlink(path);
	expect_open_fails(-ENOENT);
}

Test(port_pcap, a_full_disk_drops, .init = setup, .fini = teardown)
{
	const struct rlimit full = { .rlim_cur = 65536, .rlim_max = 65536 };
	struct rte_mbuf *pkt;

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	port_start("", path, false);
	for (unsigned int i = 0; i < 3000; i++) {
		pkt = rte_pktmbuf_alloc(pool);
		memset(rte_pktmbuf_append(pkt, 500), 0, 500);
		cr_assert_eq(port.tx(port.queue[0], &pkt, 1, &counters), 1);
	}
	cr_expect_gt(counters.drops[VNF_DROP_IO_ERROR], 0);
	cr_expect_eq(counters.tx_packets + counters.drops[VNF_DROP_IO_ERROR], 3000);
	port.kind->poll(&port);
	port_finish();
}
