/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Captures from the worker's call to the file, and everything that is refused. The worker is this
 * thread. Files are read back by libpcap.
 */
#include "eal_support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <pcap/pcap.h>

#include "capture.h"
#include "capture_file.h"
#include "drop_note.h"

#define PORTS 2

static struct vnf_port_kind fake_kind = { .name = "fake", .queues_max = 1 };
static struct vnf_port_spec fake_specs[PORTS];
static struct port_slot slots[PORTS];
static struct vnf_program program = { .name = "test" };
static struct system_spec spec;
static struct vnf vnf;
static char directory[] = "/tmp/vnf-unit-capture-XXXXXX";
static char why[CAPTURE_WHY_MAX];
static uint16_t room; /* of the port's tx */

static uint16_t fake_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *c)
{
	(void)queue;
	(void)c;
	n = RTE_MIN(n, room);
	room -= n;
	/* As a driver may: write into what it was given. */
	for (uint16_t i = 0; i < n; i++)
		memset(rte_pktmbuf_mtod(pkts[i], void *), 0xee, 14);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static uint16_t fake_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			     struct vnf_port_counters *c)
{
	(void)queue;
	(void)pkts;
	(void)c;
	return n;
}

/* Drops every other packet, sends those divisible by 4, and puts the others at the end. */
static uint16_t picky_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			 struct vnf_port_counters *c)
{
	struct rte_mbuf *left[256];
	uint16_t n_left = 0;

	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		if (i % 4 == 2) {
			left[n_left++] = pkts[i];
			continue;
		}
		if (i % 2 == 1)
			vnf_port_drop(c, &pkts[i], 1, VNF_DROP_IO_ERROR);
		rte_pktmbuf_free(pkts[i]);
	}
	memcpy(&pkts[n - n_left], left, n_left * sizeof(*pkts));
	return n - n_left;
}

static void start(uint16_t workers)
{
	eal_support_start();
	cr_assert_not_null(mkdtemp(directory));
	spec = (struct system_spec){
		.name = "test",
		.workers = workers,
		.capture = { .directory = directory, .max_size = 1 << 30, .buffer = 1 << 20 },
	};
	vnf = (struct vnf){ .program = &program, .spec = &spec, .ports = slots, .n_ports = PORTS };
	vnf.options.config_path = "test.conf";
	vnf.pool = eal_support_pool(2048);
	cr_assert_eq(drop_names_init(&vnf.drops, NULL), 0);
	for (uint16_t i = 0; i < PORTS; i++) {
		fake_specs[i].name = i == 0 ? "lan" : "wan";
		eal_support_port(&slots[i].port, &fake_kind, &fake_specs[i], vnf.pool);
		slots[i].port.id = i;
		slots[i].port.tx = fake_tx;
		slots[i].port.tx_copy = fake_tx_copy;
	}
	cr_assert_eq(workers_create(&vnf), 0);
	drop_note_start(&vnf.workers[0]);
	room = UINT16_MAX;
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void finish(void)
{
	capture_fini(&vnf);
	for (uint16_t i = 0; i < vnf.n_workers; i++)
		cr_assert_eq(vnf.workers[i].pub.watched, 0);
	unlink(path_of("a.pcapng"));
	unlink(path_of("b.pcapng"));
	cr_assert_eq(rmdir(directory), 0, "there are files that should not be");
	EAL_SUPPORT_POOL_FULL(vnf.pool);
	workers_destroy(&vnf);
	rte_mempool_free(vnf.pool);
	eal_support_stop();
}

static const struct capture_order everything = {
	.port = "all",
	.points = 7,
	.file = "a.pcapng",
	.filter = "",
	.snaplen = CAPTURE_SNAPLEN_MAX,
};

static void begin(const struct capture_order *order)
{
	cr_assert_eq(capture_start(&vnf, order, why, sizeof(why)), 0, "%s", why);
}

static void refused(const struct capture_order *order, int error, const char *word)
{
	cr_assert_eq(capture_start(&vnf, order, why, sizeof(why)), error);
	cr_assert_not_null(strstr(why, word), "\"%s\" is not in: %s", word, why);
}

static struct vnf_worker *worker(uint16_t id)
{
	return &vnf.workers[id].pub;
}

/* A frame of UDP to this port, from port 1000, with the octet behind it. */
static struct rte_mbuf *packet(uint16_t port, uint8_t octet, uint16_t bytes)
{
	static const uint8_t head[] = { 2,    0, 0,  0,  0, 1, 2, 0,    0,  0,  0, 2,  8,  0,
					0x45, 0, 0,  46, 0, 0, 0, 0,    64, 17, 0, 0,  10, 0,
					0,    1, 10, 0,  0, 2, 3, 0xe8, 0,  0,  0, 26, 0,  0 };
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(vnf.pool);
	uint8_t *data;

	cr_assert_not_null(pkt);
	data = (uint8_t *)rte_pktmbuf_append(pkt, bytes);
	memset(data, octet, bytes);
	memcpy(data, head, RTE_MIN(sizeof(head), bytes));
	if (bytes > 38) {
		data[36] = (uint8_t)(port >> 8);
		data[37] = (uint8_t)port;
	}
	return pkt;
}

static void receive(uint16_t id, uint16_t port, uint16_t udp, uint8_t octet, uint16_t bytes)
{
	struct rte_mbuf *pkt = packet(udp, octet, bytes);

	vnf_watch_rx(worker(id), port, &pkt, 1);
	rte_pktmbuf_free(pkt);
}

static struct vnf_port_counters *counters_of(uint16_t port)
{
	return &vnf.workers[0].counters.port[port];
}

static uint16_t transmit(uint16_t port, uint16_t n)
{
	struct rte_mbuf *pkts[200];
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++)
		pkts[i] = packet(53, (uint8_t)i, 60);
	sent = vnf_port_tx(worker(0), &slots[port].port, 0, pkts, n, counters_of(port));
	rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	return sent;
}

/* ---- reading back ---- */

struct packet_seen {
	uint32_t length;
	uint32_t kept;
	uint8_t last; /* octet */
	struct timeval ts;
};

static struct packet_seen seen[300];

static size_t look(const char *name)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *octets;
	size_t n = 0;
	pcap_t *file = pcap_open_offline(path_of(name), error);
	int ret;

	cr_assert_not_null(file, "%s", error);
	cr_assert_eq(pcap_datalink(file), DLT_EN10MB);
	while ((ret = pcap_next_ex(file, &header, &octets)) == 1) {
		cr_assert_lt(n, RTE_DIM(seen));
		seen[n++] = (struct packet_seen){ header->len, header->caplen,
						  octets[header->caplen - 1], header->ts };
	}
	cr_assert_eq(ret, PCAP_ERROR_BREAK, "%s", pcap_geterr(file));
	pcap_close(file);
	return n;
}

static bool file_has(const char *name, const char *text)
{
	static char octets[1 << 20];
	int fd = open(path_of(name), O_RDONLY);
	ssize_t n = read(fd, octets, sizeof(octets));

	close(fd);
	return n > 0 && memmem(octets, (size_t)n, text, strlen(text)) != NULL;
}

static json_int_t status(const char *key)
{
	json_t *object = capture_status(&vnf);
	json_int_t value = json_integer_value(json_object_get(object, key));

	cr_assert_not_null(json_object_get(object, key), "%s", key);
	json_decref(object);
	return value;
}

static bool status_says(const char *key, const char *text)
{
	json_t *object = capture_status(&vnf);
	const char *value = json_string_value(json_object_get(object, key));
	bool says = value != NULL && strstr(value, text) != NULL;

	json_decref(object);
	return says;
}

static bool runs(void)
{
	json_t *object = capture_status(&vnf);
	bool running = json_is_true(json_object_get(object, "running"));

	json_decref(object);
	return running;
}

/* Until the writer has ended it by itself. */
static void wait_end(void)
{
	static const struct timespec t = { .tv_nsec = 1000000 };

	for (int i = 0; i < 30000 && runs(); i++) {
		capture_poll(&vnf);
		nanosleep(&t, NULL);
	}
	cr_assert_not(runs());
}

/* ---- what is captured ---- */

Test(capture, received_sent_and_dropped)
{
	struct rte_mbuf *pkt;

	start(1);
	begin(&everything);
	cr_assert(runs());
	receive(0, 0, 53, 1, 100);
	cr_assert_eq(transmit(1, 1), 1);
	pkt = packet(53, 3, 70);
	vnf_trace_drop(worker(0), &pkt, 1, VNF_DROP_TX_FULL, 1);
	vnf_trace_drop_in(worker(0), 0, &pkt, 1, VNF_DROP_MALFORMED);
	rte_pktmbuf_free(pkt);
	pkt = packet(53, 4, 80);
	cr_assert_eq(vnf_port_tx_copy(worker(0), &slots[1].port, 0, &pkt, 1, counters_of(1)), 1);
	rte_pktmbuf_free(pkt);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 5);
	cr_assert_eq(seen[0].length, 100);
	cr_assert_eq(seen[0].last, 1);
	cr_assert_eq(seen[1].last, 0, "as sent, before the port got it");
	cr_assert_eq(seen[2].length, 70);
	cr_assert_eq(seen[4].length, 80);
	cr_assert_lt(labs(seen[0].ts.tv_sec - time(NULL)), 100);
	cr_assert(file_has("a.pcapng", "drop: tx_full, on its way out of port wan"));
	cr_assert(file_has("a.pcapng", "drop: malformed"));
	cr_assert_eq(status("written"), 5);
	cr_assert_eq(status("lost"), 0);
	cr_assert(status_says("state", "stopped"));
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), -ENOENT);
	finish();
}

/* Nothing is looked at before and after. */
Test(capture, only_between_start_and_stop)
{
	start(1);
	receive(0, 0, 53, 1, 60);
	begin(&everything);
	receive(0, 0, 53, 2, 60);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(worker(0)->watched, 0);
	receive(0, 0, 53, 3, 60);
	transmit(1, 3);
	cr_assert_eq(look("a.pcapng"), 1);
	cr_assert_eq(seen[0].last, 2);
	finish();
}

/* What does not fit the queue is not sent, and not captured as sent. */
Test(capture, only_what_was_sent)
{
	start(1);
	begin(&everything);
	room = 70;
	cr_assert_eq(transmit(1, 150), 70);
	room = 5;
	cr_assert_eq(transmit(1, 10), 5);
	cr_assert_eq(transmit(1, 10), 0);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 75);
	for (uint8_t i = 0; i < 75; i++)
		cr_assert_eq(seen[i].last, i < 70 ? i : i - 70);
	finish();
}

/* A port may drop some of what it is given, and keep back others, in another order. */
Test(capture, what_the_port_drops_and_keeps_back)
{
	struct capture_order order = everything;

	start(1);
	slots[1].port.tx = picky_tx;
	begin(&everything);
	cr_assert_eq(transmit(1, 8), 6);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 6);
	cr_assert(file_has("a.pcapng", "drop: io_error, on its way out of port wan"));
	for (uint8_t i = 0, next = 0; i < 6; i++, next += next % 4 == 1 ? 2 : 1)
		cr_assert_eq(seen[i].last, next, "%u", i);

	order.points = capture_points("tx");
	order.overwrite = true;
	begin(&order);
	cr_assert_eq(transmit(1, 8), 6);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 2);
	cr_assert_eq(seen[1].last, 4);

	order.points = capture_points("drop");
	begin(&order);
	cr_assert_eq(transmit(1, 8), 6);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 4);
	cr_assert_eq(seen[3].last, 7);
	cr_assert_eq(counters_of(1)->drops[VNF_DROP_IO_ERROR], 12);
	finish();
}

Test(capture, ports_and_points)
{
	struct capture_order order = everything;

	start(1);
	order.port = "wan";
	order.points = capture_points("tx,drop");
	begin(&order);
	receive(0, 0, 53, 1, 60);
	receive(0, 1, 53, 2, 60);
	transmit(0, 1);
	transmit(1, 1);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 1);
	cr_assert_not(file_has("a.pcapng", "lan"));
	finish();
}

Test(capture, names_of_points)
{
	cr_assert_eq(capture_points("rx"), 1);
	cr_assert_eq(capture_points("tx,rx"), 3);
	cr_assert_eq(capture_points("drop,drop"), 4);
	cr_assert_eq(capture_points(""), 0);
	cr_assert_eq(capture_points("rx,"), 0);
	cr_assert_eq(capture_points(",rx"), 0);
	cr_assert_eq(capture_points("rxx"), 0);
	cr_assert_eq(capture_points("all"), 0);
}

Test(capture, filter)
{
	struct capture_order order = everything;

	start(1);
	order.filter = "udp dst port 53";
	begin(&order);
	receive(0, 0, 53, 1, 60);
	receive(0, 0, 54, 2, 60);
	receive(0, 0, 53, 3, 60);
	receive(0, 0, 53, 4, 20); /* cut short */
	room = 1;
	transmit(1, 2); /* what is not sent is not filtered either */
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 3);
	cr_assert_eq(seen[1].last, 3);
	cr_assert_eq(status("filtered"), 2);
	cr_assert(file_has("a.pcapng", "udp dst port 53"));
	finish();
}

/* The filter sees all of a packet in pieces, whatever is kept of it. */
Test(capture, filter_and_snaplen_of_a_chain)
{
	struct capture_order order = everything;
	struct rte_mbuf *pkt, *tail;

	start(1);
	order.filter = "udp[16] = 9 and len = 128";
	order.snaplen = 30;
	begin(&order);
	pkt = packet(53, 9, 28);
	tail = packet(0, 9, 100);
	memset(rte_pktmbuf_mtod(tail, void *), 9, 100);
	cr_assert_eq(rte_pktmbuf_chain(pkt, tail), 0);
	vnf_watch_rx(worker(0), 0, &pkt, 1);
	rte_pktmbuf_free(pkt);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 1);
	cr_assert_eq(seen[0].length, 128);
	cr_assert_eq(seen[0].kept, 30);
	cr_assert_eq(seen[0].last, 9);
	finish();
}

Test(capture, several_workers_by_time)
{
	start(3);
	begin(&everything);
	for (uint8_t i = 0; i < 90; i++)
		receive(i % 3, 0, 53, i, 60);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 90);
	for (uint16_t id = 0; id < 3; id++)
		cr_assert_eq(worker(id)->watched, 0);
	finish();
}

/* More than the buffer has room for, while the writer cannot run: counted, never waited for. */
Test(capture, what_is_lost_is_counted)
{
	uint64_t n = 20000;

	start(1);
	begin(&everything);
	for (uint64_t i = 0; i < n; i++)
		receive(0, 0, 53, (uint8_t)i, 1500);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq((uint64_t)(status("written") + status("lost")), n);
	finish();
}

/* ---- limits ---- */

Test(capture, packets)
{
	struct capture_order order = everything;

	start(1);
	order.packets = 10;
	begin(&order);
	for (uint8_t i = 0; i < 50; i++)
		receive(0, 0, 53, i, 60);
	wait_end();
	cr_assert_eq(look("a.pcapng"), 10);
	cr_assert_eq(seen[9].last, 9);
	cr_assert(status_says("state", "as many packets"));
	cr_assert_eq(status("written"), 10);
	finish();
}

Test(capture, bytes)
{
	struct capture_order order = everything;
	struct stat st;

	start(1);
	order.bytes = 10000;
	begin(&order);
	for (uint8_t i = 0; i < 100; i++)
		receive(0, 0, 53, i, 1000);
	wait_end();
	cr_assert_eq(look("a.pcapng"), 9);
	cr_assert(status_says("state", "as long as it may be"));
	cr_assert_eq(stat(path_of("a.pcapng"), &st), 0);
	cr_assert_leq(st.st_size, 10000);
	cr_assert_eq(status("bytes"), st.st_size);
	finish();
}

Test(capture, seconds)
{
	struct capture_order order = everything;

	start(1);
	order.time_ns = VNF_SECOND_NS / 20;
	begin(&order);
	wait_end();
	receive(0, 0, 53, 1, 60);
	cr_assert_eq(look("a.pcapng"), 0);
	cr_assert(status_says("state", "time is over"));
	finish();
}

Test(capture, a_file_that_cannot_be_written)
{
	const struct rlimit limit = { 100000, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	start(1);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	begin(&everything);
	for (unsigned int i = 0; i < 200; i++)
		receive(0, 0, 53, 1, 1000);
	wait_end();
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	cr_assert(status_says("state", "cannot be written: File too large"));
	cr_assert_eq(look("a.pcapng"), (size_t)status("written"));
	cr_assert_gt(status("written"), 90);
	/* And the next one runs. */
	unlink(path_of("a.pcapng"));
	begin(&everything);
	receive(0, 0, 53, 1, 60);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 1);
	finish();
}

Test(capture, ends_with_the_program)
{
	start(1);
	begin(&everything);
	receive(0, 0, 53, 1, 60);
	capture_fini(&vnf);
	cr_assert_eq(look("a.pcapng"), 1);
	finish();
}

/* ---- refusals: each leaves no file ---- */

Test(capture, refusals)
{
	struct capture_order order = everything;

	start(1);
	order.filter = "udp prot 53";
	refused(&order, -EINVAL, "udp prot 53");
	cr_assert_not_null(strstr(why, "syntax error"), "%s", why);
	order = everything;
	order.port = "dmz";
	refused(&order, -ENOENT, "\"dmz\"");
	order = everything;
	order.bytes = (UINT64_C(1) << 30) + 1;
	refused(&order, -EFBIG, "capture.max_size");
	spec.capture.directory = "/nowhere/at/all";
	refused(&everything, -ENOENT, "/nowhere/at/all: No such file or directory");
	spec.capture.directory = "";
	refused(&everything, -EPERM, "capture = { directory = ");
	cr_assert_not_null(strstr(why, "test.conf"));
	spec.capture.directory = directory;
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), -ENOENT);
	finish();
}

Test(capture, one_at_a_time)
{
	struct capture_order other = everything;

	start(1);
	other.file = "b.pcapng";
	begin(&everything);
	refused(&other, -EBUSY, "a.pcapng is running");
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	begin(&other);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	finish();
}

Test(capture, files_are_not_replaced_unasked)
{
	struct capture_order order = everything;

	start(1);
	begin(&order);
	receive(0, 0, 53, 1, 60);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	refused(&order, -EEXIST, "there already");
	cr_assert_eq(look("a.pcapng"), 1);
	order.overwrite = true;
	begin(&order);
	cr_assert_eq(capture_stop(&vnf, CAPTURE_END_STOPPED), 0);
	cr_assert_eq(look("a.pcapng"), 0);
	finish();
}

static void name_refused(const char *name)
{
	struct capture_order order = everything;

	order.file = name;
	order.overwrite = true;
	refused(&order, -EINVAL, "not a file name");
}

Test(capture, names_that_lead_elsewhere)
{
	char long_name[200];

	start(1);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	name_refused("");
	name_refused(".");
	name_refused("..");
	name_refused(".hidden");
	name_refused("-o");
	name_refused("/etc/passwd");
	name_refused("../a.pcapng");
	name_refused("a/b");
	name_refused("a b");
	name_refused("a\nb");
	name_refused("a\xc3\xa4");
	name_refused(long_name);
	finish();
}

Test(capture, what_is_not_a_plain_file_is_not_replaced)
{
	struct capture_order order = everything;
	char target[256];

	start(1);
	order.overwrite = true;
	snprintf(target, sizeof(target), "%s", path_of("b.pcapng"));
	close(open(target, O_WRONLY | O_CREAT, 0600));
	cr_assert_eq(symlink(target, path_of("a.pcapng")), 0);
	refused(&order, -ELOOP, "not a plain file");
	unlink(path_of("a.pcapng"));
	cr_assert_eq(link(target, path_of("a.pcapng")), 0);
	refused(&order, -EPERM, "not a plain file");
	unlink(path_of("a.pcapng"));
	cr_assert_eq(mkfifo(path_of("a.pcapng"), 0600), 0);
	refused(&order, -ENXIO, "not a plain file");
	finish();
}
