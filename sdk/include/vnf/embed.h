/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_EMBED_H
#define VNF_EMBED_H

/**
 * @file
 * The embedding API: for programs that own their packet loop but want everything around it:
 * command line, configuration, CPU and memory plan, DPDK, ports, counters, ledger, telemetry, stop.
 * vnf_run() is built on it, and so is vnf-switch.
 *
 * Threads. The main thread becomes the control thread: start-up, `control`, stop. Each worker is an
 * EAL thread that runs `work` once. Ports are opened on the control thread or on one of their own.
 */

#include <stdbool.h>
#include <stdint.h>

#include <vnf/latency.h>
#include <vnf/metrics.h>
#include <vnf/port.h>
#include <vnf/vnf.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a generation is built from; see struct vnf_program's build. */
struct vnf_build {
	struct vnf_config *file;                 /**< For vnf_config_error(). */
	const void *config;                      /**< The program's own keys; NULL = it has none. */
	const struct vnf_port_spec *const *port; /**< By port number; NULL = no such port. */
	uint16_t n_ports;                        /**< One more than the greatest number. */
};

/** A program. Write it with designated initialisers, VNF_PROGRAM() first. */
struct vnf_program {
	uint32_t abi;        /**< VNF_ABI; set by VNF_PROGRAM(). */
	uint32_t size;       /**< sizeof(struct vnf_program); set by VNF_PROGRAM(). */
	const char *name;    /**< Default of the key `name`; set by VNF_PROGRAM(). */
	const char *version; /**< For --version; NULL = that of vnfkit. */
	const char *summary; /**< One line for --help. */

	const struct vnf_config_key *config;    /**< Top-level keys of its own; NULL = none. */
	size_t config_size;                     /**< sizeof() the structure they fill. */
	const struct vnf_config_key *port_keys; /**< Further keys of each port; NULL = none. */
	size_t port_size; /**< sizeof() the structure of a port that begins with a struct
			   *   vnf_port_spec; 0 = that only.
			   */
	const struct vnf_port_kind *const *port_kinds; /**< Further kinds, NULL-terminated. */
	const struct vnf_drop *drops;                  /**< Drop reasons of its own. */
	const struct vnf_command *commands;            /**< For `vnfkit ctl`; NULL = none. */
	const struct vnf_metric *metrics;              /**< For the metrics page; NULL = none. */
	const struct vnf_part *const *parts;           /**< VNF_PARTS_MAX of them, NULL = none; for
							*   vnf_run() only.
							*/
	uint16_t ports_min;                            /**< Ports it needs; 0 = 1. */
	uint16_t ports_max;                            /**< Ports it can use; 0 = no limit. */
	bool stateful;                                 /**< Refuse more than one worker,
							*   unless it has VNF_STEER.
							*/
	enum vnf_spread spread;                        /**< As of struct vnf_app. */
	bool live_ports;                               /**< A reload may add, remove and change
							*   ports: numbers may have gaps then, and
							*   vnf_port() is NULL there.
							*/
	bool share_rx; /**< Share all rx queues out over the workers; else worker i polls the
			     *   queues i of all ports, then i + workers, and so on.
			     */

	/** Check the configuration further, with vnf_config_error(); no side effects; called by
	 *  --check too. `ports` is the list of port structures. Context: start-up.
	 */
	void (*check)(struct vnf_config *file, void *config, const struct vnf_config_list *ports,
		      void *user);
	/** As of struct vnf_app; UINT64_MAX after vnf_error(): it cannot be. */
	uint64_t (*memory)(const struct vnf *vnf, const void *config);
	/** DPDK is up, the ports are known and none is open. 0 or -errno. Context: start-up. */
	int (*init)(struct vnf *vnf);
	/** Get a worker ready: its counters and queues are known. 0 or -errno. Context: start-up,
	 *  after init, once per worker.
	 */
	int (*worker_init)(struct vnf_worker *worker);
	/** Required: one pass over the worker's queues, that ends with empty hands (no packet is in
	 *  the program's hands uncounted). Returns how many packets were received. Called for ever;
	 *  between two passes the SDK refreshes the clock, runs timeouts, reports the quiescent
	 *  state, publishes counters and gives way when the CPU is shared. Context: worker.
	 */
	uint32_t (*pass)(struct vnf_worker *worker);
	/** When the pass will have something to do even if no packet comes, in nanoseconds of the
	 *  SDK's clock; UINT64_MAX = never; NULL = never. Context: worker.
	 */
	uint64_t (*next_due)(const struct vnf_worker *worker);
	/** As of struct vnf_app. 0 or -errno, after vnf_config_error() or vnf_error(). */
	int (*build)(struct vnf *vnf, const struct vnf_build *from, void **built);
	/** As of struct vnf_app; for the last one after `fini`. */
	void (*discard)(struct vnf *vnf, void *built);
	/** As of struct vnf_app. */
	json_t *(*preview)(struct vnf *vnf, const void *built);
	/** `built` is about to be given to the workers. Context: control thread. */
	void (*installing)(struct vnf *vnf, void *built);
	/** All workers have taken `built` up, and none uses what was before; also when a reload is
	 *  undone. Not called for the first. Context: control thread.
	 */
	void (*installed)(struct vnf *vnf, void *built);
	/** Until it ends, ports come and go: who looks at them from other threads, such as handlers
	 *  of telemetry, must be kept waiting. Context: control thread.
	 */
	void (*changing)(struct vnf *vnf, bool begins);
	/** What is wrong with the peer of a port, in words, or NULL: for `vnfkit ctl why`. Context:
	 *  control thread.
	 */
	const char *(*peer_fault)(const struct vnf_port *port);
	/** As of struct vnf_app. */
	json_t *(*journal)(struct vnf *vnf, const void *record, size_t octets);
	/** Called every 10 ms. Context: control thread. */
	void (*control)(struct vnf *vnf);
	/** A port went up or down. Context: control thread. */
	void (*link)(struct vnf *vnf, struct vnf_port *port, bool up);
	/** Workers have ended, ports are still open. Also called if init failed half-way: must
	 *  cope with what is missing. Context: control thread.
	 */
	void (*fini)(struct vnf *vnf);
	/** As of struct vnf_app, with VNF_IP; `config` is what `config` of this structure fills. */
	bool (*addresses)(const struct vnf *vnf, const void *config, uint32_t i,
			  struct vnf_ip_range *range);
	uint32_t packets; /**< As of struct vnf_app. */
};

/** First initialisers of a struct vnf_program. */
#define VNF_PROGRAM(program_name)                                                                  \
	.abi = VNF_ABI, .size = sizeof(struct vnf_program), .name = (program_name)

/**
 * Run a program: command line, configuration, plan, DPDK, ports, workers, until SIGTERM or SIGINT.
 *
 * @param argc
 *   From main().
 * @param argv
 *   From main(); not changed.
 * @param program
 *   The program; must stay valid.
 * @param user
 *   For vnf_user().
 * @return
 *   Exit code as of vnf_run().
 *
 * Context: main thread, once per process.
 */
int vnf_program_run(int argc, char *const *argv, const struct vnf_program *program, void *user);

/**
 * What was given to vnf_program_run().
 *
 * @param vnf
 *   The program.
 * @return
 *   `user`.
 *
 * Context: any thread.
 */
void *vnf_user(const struct vnf *vnf);

/**
 * Store what vnf_state() returns.
 *
 * @param vnf
 *   The program.
 * @param state
 *   Any pointer.
 *
 * Context: start-up.
 */
void vnf_set_state(struct vnf *vnf, void *state);

/**
 * A port by its number.
 *
 * @param vnf
 *   The program.
 * @param id
 *   0 to vnf_port_count() - 1.
 * @return
 *   The port, or NULL.
 *
 * Context: any thread.
 */
struct vnf_port *vnf_port(const struct vnf *vnf, uint16_t id);

/**
 * Name of the instance (the key `name`).
 *
 * @param vnf
 *   The program.
 * @return
 *   The name.
 *
 * Context: any thread.
 */
const char *vnf_name(const struct vnf *vnf);

/** A receive queue that a worker polls. */
struct vnf_rxq {
	struct vnf_port *port;          /**< The port. */
	uint16_t queue;                 /**< Number of its queue pair. */
	struct vnf_latency_rx *latency; /**< For vnf_latency_received(). */
};

/**
 * The queues a worker polls.
 *
 * @param worker
 *   The worker.
 * @param[out] n
 *   Number of queues; may be 0.
 * @return
 *   Array of `n`, constant as long as worker->generation is.
 *
 * Context: worker.
 */
const struct vnf_rxq *vnf_worker_rxqs(const struct vnf_worker *worker, uint16_t *n);

/**
 * A port of the generation that a worker works by. A worker that wakes up may find the control
 * thread clearing away a port that its generation no longer has: vnf_port() is not for workers.
 *
 * @param worker
 *   The worker.
 * @param id
 *   Number of the port.
 * @return
 *   The port; NULL if the worker's generation has none of that number. The SDK's, and valid as long
 *   as worker->generation stays.
 *
 * Context: worker, or start-up from worker_init() on.
 */
struct vnf_port *vnf_worker_port(const struct vnf_worker *worker, uint16_t id);

/** All that one worker counts. Written by this worker only. */
struct vnf_worker_counters {
	uint64_t created;               /**< Packets made by the program. */
	uint64_t handed_in;             /**< Packets taken over from other workers. */
	uint64_t handed_out;            /**< Packets given to other workers. */
	int64_t held;                   /**< Packets kept by the program. */
	uint64_t passes;                /**< Passes over the queues. */
	uint64_t busy_ns;               /**< Nanoseconds of passes that found a packet. */
	struct vnf_port_counters *port; /**< By number; goes on when another port gets it. */
};

/**
 * The counters a worker adds to.
 *
 * @param worker
 *   The worker.
 * @return
 *   Its counters, at the same address as long as it runs.
 *
 * Context: worker.
 */
struct vnf_worker_counters *vnf_worker_counters(struct vnf_worker *worker);

/** Verdict, for vnf_trace() only: a copy to each of several ports. */
#define VNF_FLOOD ((vnf_verdict_t)0x40000000u)
/** For vnf_trace_drop(): it was not on its way out of any port. */
#define VNF_NO_PORT UINT16_MAX

/**
 * What vnf_trace() calls in a replay; use that.
 *
 * @param worker
 *   As of vnf_trace().
 * @param pkts
 *   As of vnf_trace().
 * @param n
 *   As of vnf_trace().
 * @param verdict
 *   As of vnf_trace().
 *
 * Context: worker.
 */
void vnf_trace_verdict(struct vnf_worker *worker, struct rte_mbuf *const *pkts, uint16_t n,
		       vnf_verdict_t verdict);

/**
 * Packets are dropped: put some of them into the worker's records, and tell a capture or a replay.
 * vnf_trace_drop() and vnf_trace_drop_in() call it with what they know.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Number of the port at which they are counted, or VNF_NO_PORT.
 * @param pkts
 *   The packets, not yet freed.
 * @param n
 *   Number of packets.
 * @param reason
 *   As counted.
 * @param to
 *   Number of the port that they were on their way out of, or VNF_NO_PORT.
 *
 * Context: worker.
 */
void vnf_drop_note(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		   uint16_t n, uint32_t reason, uint16_t to);

/**
 * Tell a replay's list of verdicts what becomes of packets; without a replay one branch.
 *
 * @param worker
 *   The calling worker.
 * @param pkts
 *   The packets.
 * @param n
 *   Number of packets.
 * @param verdict
 *   VNF_FORWARD(), VNF_DROP(), VNF_TAKEN or VNF_FLOOD.
 *
 * Context: worker.
 */
static inline void vnf_trace(struct vnf_worker *worker, struct rte_mbuf *const *pkts, uint16_t n,
			     vnf_verdict_t verdict)
{
	if (unlikely((worker->watched & VNF_WATCH_REPLAY) != 0))
		vnf_trace_verdict(worker, pkts, n, verdict);
}

/**
 * Tell whoever wants to know (the records of drops, a capture, a replay) of packets that are
 * dropped on their way out of a port, before they are freed.
 *
 * @param worker
 *   The calling worker.
 * @param pkts
 *   The packets.
 * @param n
 *   Number of packets.
 * @param reason
 *   As counted.
 * @param to
 *   Number of the port that they were on their way out of, or VNF_NO_PORT.
 *
 * Context: worker.
 */
static inline void vnf_trace_drop(struct vnf_worker *worker, struct rte_mbuf *const *pkts,
				  uint16_t n, uint32_t reason, uint16_t to)
{
	vnf_drop_note(worker, to, pkts, n, reason, to);
}

/**
 * The same for packets that are dropped where they came in.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Number of the port that they came from.
 * @param pkts
 *   The packets.
 * @param n
 *   Number of packets.
 * @param reason
 *   As counted.
 *
 * Context: worker.
 */
static inline void vnf_trace_drop_in(struct vnf_worker *worker, uint16_t port,
				     struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason)
{
	vnf_drop_note(worker, port, pkts, n, reason, VNF_NO_PORT);
}

/**
 * What vnf_watch_rx() calls when it is watched; use that.
 *
 * @param worker
 *   As of vnf_watch_rx().
 * @param port
 *   As of vnf_watch_rx().
 * @param pkts
 *   As of vnf_watch_rx().
 * @param n
 *   As of vnf_watch_rx().
 *
 * Context: worker.
 */
void vnf_watched_rx(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *const *pkts,
		    uint16_t n);

/**
 * Tell a capture of packets that were received, before anything is done with them; without a
 * capture one branch.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Number of the port that they came from.
 * @param pkts
 *   The packets.
 * @param n
 *   Number of packets.
 *
 * Context: worker.
 */
static inline void vnf_watch_rx(struct vnf_worker *worker, uint16_t port,
				struct rte_mbuf *const *pkts, uint16_t n)
{
	if (unlikely(worker->watched != 0))
		vnf_watched_rx(worker, port, pkts, n);
}

/**
 * What vnf_port_tx() and vnf_port_tx_copy() call when it is watched; use those.
 *
 * @param worker
 *   As of vnf_port_tx().
 * @param port
 *   As of vnf_port_tx().
 * @param tx
 *   The port's `tx` or `tx_copy`.
 * @param queue
 *   As of vnf_port_tx().
 * @param pkts
 *   As of vnf_port_tx().
 * @param n
 *   As of vnf_port_tx().
 * @param counters
 *   As of vnf_port_tx().
 * @return
 *   As of vnf_port_tx().
 *
 * Context: worker.
 */
uint16_t vnf_watched_tx(struct vnf_worker *worker, const struct vnf_port *port, vnf_port_tx_fn tx,
			uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
			struct vnf_port_counters *counters);

/**
 * The port's `tx`, seen by a capture; without a capture one branch more than that.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   The port; up, and with a `tx`.
 * @param queue
 *   Number of its queue pair.
 * @param pkts
 *   The packets; those sent are the port's.
 * @param n
 *   Number of packets.
 * @param counters
 *   The worker's of the port.
 * @return
 *   How many were sent, or dropped by the port: those at the end are still the caller's.
 *
 * Context: worker.
 */
static inline uint16_t vnf_port_tx(struct vnf_worker *worker, const struct vnf_port *port,
				   uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
				   struct vnf_port_counters *counters)
{
	if (unlikely(worker->watched != 0))
		return vnf_watched_tx(worker, port, port->tx, queue, pkts, n, counters);
	return port->tx(port->queue[queue], pkts, n, counters);
}

/**
 * The same with the port's `tx_copy`: all packets stay the caller's.
 *
 * @param worker
 *   As of vnf_port_tx().
 * @param port
 *   The port; up, and with a `tx_copy`.
 * @param queue
 *   As of vnf_port_tx().
 * @param pkts
 *   As of vnf_port_tx().
 * @param n
 *   As of vnf_port_tx().
 * @param counters
 *   As of vnf_port_tx().
 * @return
 *   How many copies were sent, or dropped by the port, from the first on.
 *
 * Context: worker.
 */
static inline uint16_t vnf_port_tx_copy(struct vnf_worker *worker, const struct vnf_port *port,
					uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
					struct vnf_port_counters *counters)
{
	if (unlikely(worker->watched != 0))
		return vnf_watched_tx(worker, port, port->tx_copy, queue, pkts, n, counters);
	return port->tx_copy(port->queue[queue], pkts, n, counters);
}

/** Packets on their way out of a port, as vnf_fit_next() goes through them. The SDK's. */
struct vnf_fit {
	struct vnf_worker *worker;          /**< The calling worker. */
	struct vnf_worker_counters *counts; /**< Its counters. */
	const struct vnf_port *port;        /**< Where they are sent. */
	struct rte_mbuf **pkts;             /**< The packets. */
	uint32_t takes;                     /**< VNF_TAKES_*. */
	uint16_t n;                         /**< Number of packets. */
	uint16_t at;                        /**< The next one. */
	struct rte_mbuf *whole;             /**< The one that is being cut, or NULL. */
	uint32_t cut;                       /**< Segments made of it. */
	const struct rte_mbuf *from;        /**< Buffer with the next octet of its payload, */
	uint32_t from_at;                   /**< and where in it that is. */
	uint32_t left;                      /**< Octets of payload that are left. */
	uint16_t l3;                        /**< Where its IP header begins. */
	uint16_t l4;                        /**< Where its TCP header begins. */
	uint16_t headers;                   /**< Octets of all its headers. */
	uint16_t id;                        /**< Identification of its first segment. */
	uint32_t sequence;                  /**< TCP sequence number of its next segment. */
	uint32_t addresses;                 /**< Sum of addresses and protocol. */
	bool ipv4;                          /**< Else IPv6. */
	uint64_t open;                      /**< RTE_MBUF_F_TX_*: its segments' checksum is left to
					     *   the peer; 0: it is completed.
					     */
};

/**
 * Packets may be more than a port can carry: longer than its MTU allows, or with work left to do
 * that its peer does not take. Between this and the port's tx, make them fit: vnf_fit_next().
 * Needed if any of them is longer than mtu + VNF_FRAME_OVERHEAD, or VNF_MAY_BE_OPEN says so.
 *
 * @param[out] fit
 *   Filled in.
 * @param worker
 *   The calling worker.
 * @param port
 *   The port.
 * @param pkts
 *   The packets; they are no longer the caller's.
 * @param n
 *   Number of packets.
 *
 * Context: worker.
 */
void vnf_fit_begin(struct vnf_fit *fit, struct vnf_worker *worker, const struct vnf_port *port,
		   struct rte_mbuf **pkts, uint16_t n);

/**
 * The next packets that the port can carry, in order. Checksums that the port's peer does not take
 * open are completed. A packet that it does not cut (TCP, IPv4 or IPv6) is cut here: each segment
 * is a new packet in one buffer of the port's pool, and counted as created. What cannot be made to
 * fit is dropped and counted at the port. To be called until it returns 0.
 *
 * @param fit
 *   As of vnf_fit_begin().
 * @param[out] out
 *   The packets; they are the caller's.
 * @param room
 *   How many, 1 to 65,535.
 * @return
 *   Number of packets; 0: there are no more.
 *
 * Context: worker.
 */
uint16_t vnf_fit_next(struct vnf_fit *fit, struct rte_mbuf **out, uint16_t room);

/**
 * Give up the rest of the packet that is being cut, if any is: the port takes no more now, and what
 * is left of it need not be made. It is dropped as one packet.
 *
 * @param fit
 *   As of vnf_fit_begin().
 * @param reason
 *   VNF_DROP_...
 *
 * Context: worker.
 */
void vnf_fit_skip(struct vnf_fit *fit, uint32_t reason);

/**
 * Of packets that were received together, take out those that would come to too many TCP segments:
 * who says that his packet has segments of a few octets would keep all others waiting. All but
 * VNF_TSO_SEGMENTS_MAX is dropped, counted at the port that they came from. Needed if any is one
 * for which vnf_is_tso().
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Number of the port that they came from.
 * @param[in,out] pkts
 *   The packets; those that are left are at the front.
 * @param n
 *   Number of packets.
 * @param copies
 *   How many ports each goes to, 1 or more.
 * @return
 *   Number of packets that are left.
 *
 * Context: worker.
 */
uint16_t vnf_tso_limit(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		       uint16_t copies);

/**
 * Is this a replay? Then what would be done bit by bit is to be done whole, at its time.
 *
 * @param vnf
 *   The program.
 * @return
 *   True in a replay, where the clock is virtual and all workers share one thread.
 *
 * Context: any thread.
 */
bool vnf_is_replay(const struct vnf *vnf);

/**
 * Wait until every running worker has ended the pass it was in when this was called. After
 * vnf_port_set_up(port, false) and this, no worker uses the port.
 *
 * @param vnf
 *   The program.
 * @param timeout_ns
 *   Longest wait in nanoseconds.
 * @return
 *   0; -ETIMEDOUT if a worker did not end its pass in time.
 *
 * Context: any thread but a worker.
 */
int vnf_quiesce(struct vnf *vnf, uint64_t timeout_ns);

/**
 * The ledger: of one worker, or of all.
 *
 * @param vnf
 *   The program.
 * @param worker
 *   0 to count - 1; UINT16_MAX = sum over all.
 * @param[out] ledger
 *   Filled in, as of a burst border.
 * @return
 *   0; -ETIMEDOUT if a worker did not publish its counters within 1 s (the numbers are then of
 *   the moment, and need not balance); -ENOENT.
 *
 * Context: any thread but a worker.
 */
int vnf_ledger_read(struct vnf *vnf, uint16_t worker, struct vnf_ledger *ledger);

/**
 * Counters of a port, summed over the workers.
 *
 * @param vnf
 *   The program.
 * @param port
 *   0 to vnf_port_count() - 1.
 * @param[out] counters
 *   Filled in.
 * @return
 *   0, or -ENOENT.
 *
 * Context: any thread.
 */
int vnf_port_counters_read(const struct vnf *vnf, uint16_t port,
			   struct vnf_port_counters *counters);

/**
 * Name of a drop reason.
 *
 * @param vnf
 *   The program.
 * @param reason
 *   Number, 0 to VNF_DROPS_MAX - 1.
 * @return
 *   The name, or NULL if there is no such reason.
 *
 * Context: any thread.
 */
const char *vnf_drop_name(const struct vnf *vnf, uint32_t reason);

#ifdef __cplusplus
}
#endif

#endif
