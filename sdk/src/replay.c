/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The engine of a replay. It holds the next packets in its hand, moves the clock to their time, and
 * lets the worker that owns their queue make one pass: the very pass that it makes between real
 * ports. At each time, in this order:
 *
 *     what is due (timeouts, ticks) -> the packets, a burst after the other, rings between workers
 *     emptied after each -> what became due meanwhile -> the control thread's turn
 *
 * so that nothing depends on how packets are put together in bursts. See replay.h.
 */

#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mbuf_chain.h"
#include "owners.h"
#include "pcap_writer.h"
#include "replay_files.h"
#include "replay_input.h"
#include "trace.h"
#include "vnf_priv.h"

/* How often the control thread has its turn, as in program.c. */
#define CONTROL_NS 10000000
/* Passes at one time, without a packet, before something is wrong. */
#define DUES_MAX 100000
/* A pause in the input that is more likely a damaged time stamp. */
#define SPAN_ODD_NS (30 * 86400 * VNF_SECOND_NS)

/* What a port's functions get: one per queue. */
struct replay_queue {
	struct vnf_port *port;
	uint16_t queue;
	uint16_t worker; /* who polls it */
};

static struct {
	struct replay_inputs in;
	struct pcap_writer *record; /* by port */
	struct replay_queue (*queues)[VNF_QUEUES_MAX];
	uint32_t at; /* next input */
	uint64_t control_ns;
	bool failed; /* a record could not be written */
	bool (*stop)(void *arg);
	void *stop_arg;

	/* The packets that can be received now. */
	struct replay_queue *open;
	uint16_t n_pkts;
	struct rte_mbuf *pkts[VNF_BURST_MAX];
} replay;

uint64_t replay_origin(void)
{
	return replay.in.origin_ns;
}

bool replay_input_known(uint64_t number)
{
	return number >= 1 && number <= replay.in.n;
}

uint16_t replay_input_port(uint64_t number)
{
	return replay.in.input[number - 1].port;
}

/* ---- ports ---- */

static uint16_t replay_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t got = RTE_MIN(n, replay.n_pkts);

	if (queue != replay.open)
		return 0;
	memcpy(pkts, replay.pkts, got * sizeof(*pkts));
	replay.n_pkts -= got;
	memmove(replay.pkts, replay.pkts + got, replay.n_pkts * sizeof(*pkts));
	return got;
}

static uint16_t replay_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			       struct vnf_port_counters *counters)
{
	const struct replay_queue *q = queue;
	struct pcap_writer *record = &replay.record[q->port->id];
	uint64_t now = vnf_clock_wall();

	for (uint16_t i = 0; i < n; i++) {
		/* A file has no hardware that would finish it. */
		if (vnf_is_open(pkts[i])) {
			trace_refused(pkts[i], VNF_DROP_UNSUPPORTED_OFFLOAD, q->port->id);
			counters->drops[VNF_DROP_UNSUPPORTED_OFFLOAD]++;
			continue;
		}
		if (record->dump != NULL && !pcap_writer_write(record, pkts[i], now))
			replay.failed = true;
		vnf_count_tx(counters, &pkts[i], 1);
	}
	return n;
}

static uint16_t replay_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			  struct vnf_port_counters *counters)
{
	replay_tx_copy(queue, pkts, n, counters);
	owners_set(pkts, n, OWNER_POOL);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* The worker that polls the queue. */
static uint16_t queue_worker(const struct vnf *vnf, const struct vnf_port *port, uint16_t queue)
{
	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		const struct worker *w = &vnf->workers[i];

		for (uint16_t r = 0; r < w->n_rxqs; r++)
			if (w->rxqs[r].port == port && w->rxqs[r].queue == queue)
				return i;
	}
	return 0;
}

static void port_open(struct vnf *vnf, struct vnf_port *port)
{
	for (uint16_t q = 0; q < port->n_queues; q++) {
		struct replay_queue *queue = &replay.queues[port->id][q];

		*queue = (struct replay_queue){ port, q, queue_worker(vnf, port, q) };
		port->queue[q] = queue;
	}
	port->pool = vnf->pool;
	port->rx = replay_rx;
	port->tx = replay_tx;
	port->tx_copy = replay_tx_copy;
	vnf_port_set_up(port, true);
	if (vnf->program->link != NULL)
		vnf->program->link(vnf, port, true);
}

static int ports_open_files(struct vnf *vnf)
{
	replay.queues = calloc(vnf->n_ports, sizeof(*replay.queues));
	replay.record = calloc(vnf->n_ports, sizeof(*replay.record));
	if (replay.queues == NULL || replay.record == NULL) {
		vnf_error("replay: out of memory");
		return -ENOMEM;
	}
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		struct vnf_port *port = &vnf->ports[i].port;
		const char *why, *path = replay_record_path(vnf, port);
		int ret;

		port_open(vnf, port);
		if (path == NULL)
			continue;
		ret = pcap_writer_open(&replay.record[i], path, port->mtu + VNF_FRAME_OVERHEAD,
				       &why);
		if (ret < 0) {
			vnf_error("replay: cannot write to %s: %s", path, why);
			return ret;
		}
	}
	if (vnf->options.replay.verdicts == NULL)
		return 0;
	return trace_open(vnf, vnf->options.replay.verdicts);
}

/* ---- workers ---- */

static uint64_t first_due(const struct vnf *vnf)
{
	uint64_t first = UINT64_MAX;

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		first = RTE_MIN(first, worker_next_due(&vnf->workers[i]));
	return first;
}

static void worker_pass(struct vnf *vnf, struct worker *w)
{
	w->pub.now_ns = vnf_clock_now();
	timeouts_run(w);
	if (vnf->sessions != NULL)
		sessions_run(w);
	vnf->program->pass(&w->pub);
	w->counters.passes++;
}

/* Everybody takes what others handed over, until nobody has anything left. */
static void handovers_drain(struct vnf *vnf)
{
	bool owed = vnf->n_workers > 1;

	while (owed) {
		owed = false;
		for (uint16_t i = 0; i < vnf->n_workers; i++) {
			if (!loop_owes(vnf->workers[i].app))
				continue;
			worker_pass(vnf, &vnf->workers[i]);
			owed = true;
		}
	}
}

static int dues_run(struct vnf *vnf, uint64_t now)
{
	for (uint32_t n = 0; first_due(vnf) <= now; n++) {
		if (n == DUES_MAX) {
			vnf_error("replay: at %" PRIu64 ".%09" PRIu64 " s a timer is due again and "
				  "again; its next time must be later than now",
				  now / VNF_SECOND_NS, now % VNF_SECOND_NS);
			return -ELOOP;
		}
		for (uint16_t i = 0; i < vnf->n_workers; i++)
			if (worker_next_due(&vnf->workers[i]) <= now)
				worker_pass(vnf, &vnf->workers[i]);
		handovers_drain(vnf);
	}
	return 0;
}

/* ---- packets ---- */

static struct rte_mbuf *packet_make(struct vnf *vnf, const struct replay_input *input)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(vnf->pool);
	uint32_t bytes;
	const uint8_t *data = replay_input_data(&replay.in, input, &bytes);

	if (pkt == NULL)
		return NULL;
	if (mbuf_chain_fill(pkt, data, bytes) == 0)
		return pkt;
	rte_pktmbuf_free(pkt);
	return NULL;
}

/* The application, or a leak, has all of them. */
static void packet_lost(struct vnf *vnf, const struct replay_queue *q, uint32_t number,
			uint32_t bytes)
{
	struct vnf_port_counters *c = &vnf->workers[q->worker].counters.port[q->port->id];
	static struct vnf_log_limit limit;

	c->rx_packets++;
	c->rx_bytes += bytes;
	c->drops[VNF_DROP_NO_MBUF]++;
	trace_lost(number, VNF_DROP_NO_MBUF);
	vnf_log_limited(&limit, VNF_LOG_WARNING,
			"replay: no packet is left in the pool for input %u; raise the key "
			"packets if so many are to be kept",
			number);
}

/* What several workers do with a burst is in the order of its packets only if each is done with
 * before the next one comes.
 */
static uint32_t burst_most(const struct vnf *vnf)
{
	bool steered = vnf->n_workers > 1 && vnf->part_state[PART_STEER] != NULL;

	return steered ? 1 : vnf->options.replay.burst;
}

/* Take the next inputs in hand that come together: at one time, by one queue. */
static void burst_take(struct vnf *vnf)
{
	const struct replay_input *first = &replay.in.input[replay.at];
	uint32_t most = burst_most(vnf);

	replay.open = &replay.queues[first->port][first->queue];
	while (replay.at < replay.in.n && replay.n_pkts < most) {
		const struct replay_input *input = &replay.in.input[replay.at];
		struct rte_mbuf *pkt;

		if (input->time_ns != first->time_ns || input->port != first->port ||
		    input->queue != first->queue)
			break;
		pkt = packet_make(vnf, input);
		/* Those in hand may come back to the pool first. */
		if (pkt == NULL && replay.n_pkts > 0)
			break;
		replay.at++;
		if (pkt == NULL) {
			packet_lost(vnf, replay.open, replay.at,
				    replay.in.frames[input->port].frame[input->frame].bytes);
			continue;
		}
		trace_received(pkt, replay.at);
		owners_set(&pkt, 1, owner_rx(replay.open->port));
		replay.pkts[replay.n_pkts++] = pkt;
	}
}

/* A pass may take fewer packets than there are; one that takes none never will. */
static int hand_run(struct vnf *vnf)
{
	uint16_t before;

	do {
		before = replay.n_pkts;
		worker_pass(vnf, &vnf->workers[replay.open->worker]);
	} while (replay.n_pkts != 0 && replay.n_pkts < before);
	if (replay.n_pkts == 0)
		return 0;
	vnf_error("replay: port \"%s\": the program does not receive from it",
		  replay.open->port->name);
	rte_pktmbuf_free_bulk(replay.pkts, replay.n_pkts);
	replay.n_pkts = 0;
	return -EIO;
}

static int packets_run(struct vnf *vnf, uint64_t now)
{
	while (!replay.stop(replay.stop_arg) && replay.at < replay.in.n &&
	       replay.in.input[replay.at].time_ns == now) {
		burst_take(vnf);
		if (replay.n_pkts == 0)
			continue;
		if (hand_run(vnf) < 0)
			return -EIO;
		handovers_drain(vnf);
	}
	return 0;
}

/* ---- time ---- */

static void control_run(struct vnf *vnf, uint64_t now)
{
	if (vnf->program->control == NULL)
		return;
	for (uint16_t i = 0; i < vnf->n_workers; i++)
		worker_pass(vnf, &vnf->workers[i]);
	vnf->program->control(vnf);
	while (replay.control_ns <= now)
		replay.control_ns += CONTROL_NS;
}

/* What it builds is taken over at once, and what that sends belongs to this time. */
static void parts_run(struct vnf *vnf, uint64_t now)
{
	uint64_t before = vnf->generations;

	for (uint16_t i = 0; i < vnf->n_workers; i++)
		vnf->workers[i].pub.now_ns = now;
	parts_control(vnf);
	for (uint16_t i = 0; vnf->generations != before && i < vnf->n_workers; i++)
		worker_pass(vnf, &vnf->workers[i]);
}

static int step(struct vnf *vnf, uint64_t now)
{
	int ret;

	clock_advance(now);
	ret = dues_run(vnf, now);
	if (ret == 0)
		ret = packets_run(vnf, now);
	if (ret == 0)
		ret = dues_run(vnf, now);
	control_run(vnf, now);
	parts_run(vnf, now);
	trace_flush();
	if (replay.failed) {
		vnf_error("replay: a record cannot be written on; is the disk full?");
		return -EIO;
	}
	return ret;
}

static uint64_t next_time(const struct vnf *vnf)
{
	uint64_t next = first_due(vnf);

	if (vnf->program->control != NULL)
		next = RTE_MIN(next, replay.control_ns);
	if (replay.at < replay.in.n)
		next = RTE_MIN(next, replay.in.input[replay.at].time_ns);
	return next;
}

static uint64_t end_time(const struct vnf *vnf)
{
	uint64_t last = replay.in.n > 0 ? replay.in.input[replay.in.n - 1].time_ns : 0;

	if (!vnf->options.replay.has_until)
		return last;
	if (!vnf->options.replay.until_after_last)
		return vnf->options.replay.until_ns;
	return last + RTE_MIN(vnf->options.replay.until_ns, UINT64_MAX - last);
}

static int steps_run(struct vnf *vnf, uint64_t end)
{
	uint64_t next;
	int ret = 0;

	while (ret == 0 && (next = next_time(vnf)) <= end) {
		if (replay.stop(replay.stop_arg)) {
			vnf_warning("replay: stopped at input %u of %u", replay.at, replay.in.n);
			return -ECANCELED;
		}
		ret = step(vnf, RTE_MAX(next, vnf_clock_now()));
	}
	clock_advance(RTE_MAX(end, vnf_clock_now()));
	return ret;
}

/* All of them are gone through, tick by tick. */
static void pauses_report(void)
{
	for (uint32_t i = 1; i < replay.in.n; i++) {
		uint64_t pause = replay.in.input[i].time_ns - replay.in.input[i - 1].time_ns;

		if (pause > SPAN_ODD_NS)
			vnf_warning("replay: input %u comes %" PRIu64 " days after the one before; "
				    "if a time stamp is wrong, correct the file",
				    i + 1, pause / VNF_SECOND_NS / 86400);
	}
}

int replay_run(struct vnf *vnf, bool (*stop)(void *arg), void *arg)
{
	uint64_t end = end_time(vnf);
	int ret = ports_open_files(vnf);

	if (ret < 0)
		return ret;
	pauses_report();
	vnf->run = RUN_RUNNING;
	replay.stop = stop;
	replay.stop_arg = arg;
	ret = steps_run(vnf, end);
	vnf->run = RUN_STOPPED;
	end = vnf_clock_now();
	vnf_notice("replay: %u packets in, %" PRIu64 ".%09" PRIu64 " s of virtual time", replay.at,
		   end / VNF_SECOND_NS, end % VNF_SECOND_NS);
	return ret;
}

int replay_close(struct vnf *vnf)
{
	int ret = trace_close();

	for (uint16_t i = 0; replay.record != NULL && i < vnf->n_ports; i++)
		if (!pcap_writer_close(&replay.record[i])) {
			vnf_error("replay: %s could not be written whole",
				  replay_record_path(vnf, &vnf->ports[i].port));
			ret = -EIO;
		}
	free(replay.record);
	free(replay.queues);
	replay_inputs_fini(&replay.in);
	memset(&replay, 0, sizeof(replay));
	return ret;
}

int replay_check(struct vnf *vnf)
{
	struct vnf_ledger l;
	int ret = 0;

	vnf_ledger_read(vnf, UINT16_MAX, &l);
	if (vnf_ledger_balance(&l) != 0)
		ret = -EIO;
	if (l.held != 0) {
		vnf_error("ledger: the program still holds %" PRId64 " packets that it took; "
			  "worker_fini is to give them to vnf_drop() with VNF_DROP_STOPPING",
			  l.held);
		ret = -EIO;
	}
	if (owners_report(vnf) != 0)
		ret = -EIO;
	return ret;
}

/* ---- before DPDK starts ---- */

int replay_prepare(struct vnf *vnf)
{
	int ret;

	memset(&replay, 0, sizeof(replay));
	if (replay_inputs_init(&replay.in, vnf->n_ports) < 0)
		return -ENOMEM;
	ret = replay_files_check(vnf, &replay.in);
	replay_inputs_sort(&replay.in);
	return ret;
}
