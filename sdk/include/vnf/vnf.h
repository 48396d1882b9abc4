/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_VNF_H
#define VNF_VNF_H

/**
 * @file
 * Start here: a virtual network function is one struct vnf_app, and vnf_run() is its main().
 *
 * The SDK receives bursts of packets, calls the application, and does what the verdicts say:
 * forward, drop with a reason, or leave the packet to the application.
 *
 * Ownership. A callback *borrows* each packet: it may read and change it, and gives it back with
 * its verdict. VNF_TAKEN keeps it: the application then owns the mbuf and must pass it to
 * vnf_send() or vnf_drop() sooner or later. Nobody touches a packet after it was sent. A packet is
 * a plain struct rte_mbuf, so all of DPDK may be used on it.
 *
 * Threads. Each worker calls the callbacks with its own struct vnf_worker, whose `state` belongs to
 * it alone; so callbacks need no locks and should use no globals. A callback must not allocate,
 * lock, log or make system calls per packet.
 *
 * Order. What a callback sends with vnf_send() goes out after the packets whose verdicts it had
 * written by then, and before the others: packets leave in the order in which they were decided.
 * That holds for 512 of them in a burst; more go out first.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <vnf/config.h>
#include <vnf/control.h>
#include <vnf/counter.h>
#include <vnf/log.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of this interface; changes when a VNF must be rebuilt. */
#define VNF_ABI 12u

/** Parts of the SDK that a program may use, at most. */
#define VNF_PARTS_MAX 4

/** Tables of sessions of an application at most. */
#define VNF_SESSION_TABLES_MAX 4

/** Packets in a burst at most. */
#define VNF_BURST_MAX 32

/** What becomes of a packet. */
typedef uint32_t vnf_verdict_t;

/**
 * Verdict: send it out of this port (0 to vnf_port_count() - 1). A greater number is a drop
 * (no_such_port), and so is a negative one (application): do not pass on the -errno of
 * vnf_port_find().
 */
#define VNF_FORWARD(port) ((vnf_verdict_t)(port))
/** Verdict: drop it; `reason` is an enum vnf_drop_reason or VNF_DROP_USER plus an own one. */
#define VNF_DROP(reason) ((vnf_verdict_t)(reason) | VNF_VERDICT_DROP)
/** Verdict: the application keeps the packet and will vnf_send() or vnf_drop() it. */
#define VNF_TAKEN ((vnf_verdict_t)0xc0000000u)
/** Bit that marks a drop. */
#define VNF_VERDICT_DROP ((vnf_verdict_t)0x80000000u)

/** What decides which slot of vnf/steer.h a packet belongs to. */
enum vnf_spread {
	VNF_SPREAD_OWN,  /**< The VNF's own idea: cards take no part in it. */
	VNF_SPREAD_PAIR, /**< vnf_slot_of_pair(), for all packets. */
	VNF_SPREAD_FLOW, /**< vnf_slot_of_flow(), for all packets. */
};

/** The running program, common to all workers. Opaque. */
struct vnf;

/** The last packets that a worker dropped. Opaque. */
struct vnf_drop_recorder;

/** A table of sessions, and what it is to be; see vnf/session.h. */
struct vnf_sessions;
struct vnf_sessions_conf;

/** A worker's view of the slots that state is split into; see vnf/steer.h. */
struct vnf_slots;

/** A worker's part of the journal; see vnf/journal.h. Opaque. */
struct vnf_journal_worker;

/** A part of the SDK that a program may use, such as VNF_IP of vnf/ip.h. Opaque. */
struct vnf_part;

/** Addresses of IPv4; see vnf/ip.h. */
struct vnf_ip_range;

/** Bit of `watched`: a replay writes down what becomes of packets. */
#define VNF_WATCH_REPLAY 1u
/** Bit of `watched`: a capture copies packets. */
#define VNF_WATCH_CAPTURE 2u

/**
 * One worker thread, as its callbacks see it. Fields are for reading, except `state`.
 */
struct vnf_worker {
	void *state;         /**< The application's state of this worker, set by worker_init. */
	struct vnf *vnf;     /**< The program. */
	const void *config;  /**< The application's keys, of the configuration in force. */
	void *built;         /**< What vnf_app.build made of them. */
	uint64_t generation; /**< Counts the configurations that were in force, from 1. The three
			      *   change together, and never within a burst or a tick.
			      */
	uint64_t now_ns;     /**< The SDK's clock, monotonic, refreshed once a burst. */
	uint16_t id;         /**< 0 to count - 1. */
	uint16_t count;      /**< Number of workers. */
	uint16_t n_ports;    /**< Number of ports. */
	uint8_t watched;     /**< Bits VNF_WATCH_...: somebody wants to know of packets. */
	struct vnf_drop_recorder *recorder; /**< Of dropped packets; the SDK's. */
	void *part[VNF_PARTS_MAX];          /**< Of the parts that the program uses; the SDK's. */
	struct vnf_slots *slots;            /**< With VNF_STEER; NULL without. */
	struct vnf_journal_worker *journal; /**< With VNF_JOURNAL and a file; NULL without. */
	/** Tables of vnf_app.sessions, by number; NULL: there is none. */
	struct vnf_sessions *sessions[VNF_SESSION_TABLES_MAX];
};

/**
 * Decide about a burst of packets from one port.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Port they came from.
 * @param pkts
 *   The packets, borrowed; the first 64 bytes of each are being prefetched.
 * @param[out] verdicts
 *   One per packet; all must be written.
 * @param n
 *   Number of packets, 1 to VNF_BURST_MAX.
 *
 * Context: worker.
 */
typedef void (*vnf_burst_fn)(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
			     vnf_verdict_t *verdicts, uint16_t n);

/**
 * Define the burst callback `FN_burst` around a per-packet function `FN` of this file:
 *
 *     static inline vnf_verdict_t FN(struct vnf_worker *worker, uint16_t port,
 *                                    struct rte_mbuf *pkt);
 *
 * The function is inlined into the loop, so that the per-packet form costs nothing over the burst
 * form (a call through a pointer could not be).
 */
#define VNF_PACKET(fn)                                                                             \
	static void fn##_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,   \
			       vnf_verdict_t *verdicts, uint16_t n)                                \
	{                                                                                          \
		for (uint16_t i = 0; i < n; i++)                                                   \
			verdicts[i] = fn(worker, port, pkts[i]);                                   \
	}                                                                                          \
	static void fn##_burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,   \
			       vnf_verdict_t *verdicts, uint16_t n)

/**
 * An application: what it is called, what it can be configured with, what it does with packets.
 * Write it with designated initialisers, VNF_APP() first. All but `burst` is optional.
 */
struct vnf_app {
	uint32_t abi;        /**< VNF_ABI; set by VNF_APP(). */
	uint32_t size;       /**< sizeof(struct vnf_app); set by VNF_APP(). */
	const char *name;    /**< Letters, digits and `-`; set by VNF_APP(). */
	const char *version; /**< For --version; NULL = that of vnfkit. */
	const char *summary; /**< One line for --help. */

	const struct vnf_config_key *config; /**< Keys of its own, beside the SDK's; NULL = none. */
	size_t config_size;                  /**< sizeof() the structure they fill. */
	const struct vnf_drop *drops;        /**< Drop reasons of its own; NULL = none. */
	const struct vnf_command *commands;  /**< For `vnfkit ctl`; NULL = none. */
	const struct vnf_metric *metrics;    /**< For the metrics page; NULL = none. */
	/**
	 * With VNF_JOURNAL of vnf/journal.h: the members of a record's line, without "time", as an
	 * object that the caller releases; NULL: there cannot be one, and the line is lost. What
	 * the record is about may be gone; of the program's state only what never changes may be
	 * looked at. Context: a thread of its own, between init and fini.
	 */
	json_t *(*journal)(struct vnf *vnf, const void *record, size_t octets);
	const struct vnf_part *parts[VNF_PARTS_MAX]; /**< Parts of the SDK that it uses: each brings
						      *   keys, commands and metrics of its own.
						      */

	uint16_t ports_min; /**< Ports it needs; 0 = 1. */
	uint16_t ports_max; /**< Ports it can use; 0 = no limit. */
	bool stateful;      /**< Packets of one flow must meet the same worker: refused with more
			     *   than one worker, unless VNF_STEER of vnf/steer.h is among `parts`.
			     */

	enum vnf_spread spread; /**< With VNF_STEER: what says which slot a packet belongs to; a
				 *   card with several queues then brings most packets to the
				 *   owner of their slot by itself.
				 */

	/**
	 * Check the configuration further; report with vnf_config_error(). No side effects: also
	 * called by --check. Context: start-up.
	 */
	void (*check)(struct vnf_config *file, void *config);
	/**
	 * Say what table of sessions number `i`, from 0, is to be: fill in `conf`, which is zero
	 * but for the slots, and return true; false: there are no more. The SDK plans their memory,
	 * makes them before `init`, runs their timers, and releases them after `fini`. No side
	 * effects. Context: start-up, twice; --check too.
	 */
	bool (*sessions)(const struct vnf *vnf, const void *config, uint32_t i,
			 struct vnf_sessions_conf *conf);
	/**
	 * How many octets of DPDK's memory (rte_malloc) the application will take for tables and
	 * the like, beside packets: taken at the start, as none may be added later. `config` is
	 * what the keys filled; of `vnf` no more than vnf_slot_count() is known yet. No side
	 * effects. Context: start-up, before DPDK runs; --check too.
	 */
	uint64_t (*memory)(const struct vnf *vnf, const void *config);
	/**
	 * Ports are known (names, MTU, MAC), none is open yet. `*state` is handed to later
	 * callbacks through vnf_state(). Return 0 or -errno, after logging why. Context: start-up.
	 */
	int (*init)(struct vnf *vnf, void **state);
	/** Set `worker->state`. Return 0 or -errno. Context: start-up, once per worker. */
	int (*worker_init)(struct vnf_worker *worker);
	/**
	 * Make of a configuration what the callbacks work with (rules, tables), for worker->built:
	 * at start after init, and at every reload beside what is in force, with the new `config`.
	 * Report with vnf_config_error() on fields of `config`, or vnf_error(): then all stays as
	 * it is. What is built may be discarded without having been in force, as in a dry run, so
	 * building is to leave no trace. Return 0 or -errno. Context: start-up and control thread,
	 * while workers run.
	 */
	int (*build)(struct vnf *vnf, struct vnf_config *file, const void *config, void **built);
	/** Give back what `build` made, once no worker uses it. Context: control thread. */
	void (*discard)(struct vnf *vnf, void *built);
	/**
	 * Say what a reload would do to what lives: `vnfkit ctl reload --dry-run` has built the
	 * next generation, and discards it after this call. What is in force is vnf_built(), and
	 * vnf_workers_ask() looks at what workers own; nothing is to be changed. The result is
	 * anything but null, a new reference: the SDK puts it into the answer under "preview", and
	 * `vnfkit ctl` prints an object's values, and its arrays of objects as tables. NULL: there
	 * is nothing to say. Context: control thread, while workers run.
	 */
	json_t *(*preview)(struct vnf *vnf, const void *built);
	/** Required. Context: worker. */
	vnf_burst_fn burst;
	/** Called every `tick_us` between bursts. Context: worker. */
	void (*tick)(struct vnf_worker *worker);
	uint32_t tick_us; /**< Period of `tick` in microseconds; 0 = 10,000. */
	/**
	 * Give back `worker->state`: packets that it holds go to vnf_drop() with VNF_DROP_STOPPING.
	 * Context: control thread, after the workers ended.
	 */
	void (*worker_fini)(struct vnf_worker *worker);
	/**
	 * Give back the state. Called if and only if `init` succeeded (or is NULL), also when a
	 * worker_init failed. Context: control thread, after every worker_fini.
	 */
	void (*fini)(struct vnf *vnf, void *state);
	/**
	 * With VNF_IP of vnf/ip.h: say what range number `i`, from 0, of the addresses is that the
	 * program has beside those of its interfaces: fill in `range` and return true; false: there
	 * are no more. See struct vnf_ip_range for what becomes of them. `config` is what the keys
	 * filled, and `check` has found nothing wrong with it; `vnf` is NULL while a file is only
	 * checked. No side effects. Context: start-up (--check too), and control thread at every
	 * reload, for the `config` that is built, before `build`.
	 */
	bool (*addresses)(const struct vnf *vnf, const void *config, uint32_t i,
			  struct vnf_ip_range *range);
	/**
	 * Packets that a worker may keep at a time (VNF_TAKEN), as while they wait for others: the
	 * packet pool has room for them, even where the key `packets` says less.
	 */
	uint32_t packets;
};

/** First initialisers of a struct vnf_app. */
#define VNF_APP(app_name) .abi = VNF_ABI, .size = sizeof(struct vnf_app), .name = (app_name)

/**
 * Run an application: read the command line and the configuration, set up DPDK, ports and workers,
 * forward until SIGTERM or SIGINT, drain, and print the final counters. Use it as main().
 *
 * @param argc
 *   From main().
 * @param argv
 *   From main(); not changed.
 * @param app
 *   The application; must stay valid.
 * @return
 *   Exit code: 0 after a clean stop, 1 if something failed at run time, 2 for a wrong command line
 *   or configuration.
 *
 * Context: main thread, once per process.
 */
int vnf_run(int argc, char *const *argv, const struct vnf_app *app);

/**
 * Send a packet that the application owns (taken, or made by vnf_packet_alloc()). The packet is
 * the SDK's from now on: sent with the current burst, or dropped and counted.
 *
 * @param worker
 *   The calling worker.
 * @param port
 *   Port to send it out of.
 * @param pkt
 *   The packet.
 *
 * Context: worker.
 */
void vnf_send(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt);

/**
 * Free a packet that the application owns and count why.
 *
 * @param worker
 *   The worker that took it.
 * @param port
 *   Port it is counted at, usually the one it came from.
 * @param pkt
 *   The packet.
 * @param reason
 *   An enum vnf_drop_reason, or VNF_DROP_USER plus an own one.
 *
 * Context: worker, or worker_fini.
 */
void vnf_drop(struct vnf_worker *worker, uint16_t port, struct rte_mbuf *pkt, uint32_t reason);

/**
 * Make a packet. It is owned by the application and counted as created.
 *
 * @param worker
 *   The calling worker.
 * @return
 *   An empty packet with RTE_PKTMBUF_HEADROOM bytes of headroom, or NULL if the pool is empty.
 *
 * Context: worker.
 */
struct rte_mbuf *vnf_packet_alloc(struct vnf_worker *worker);

/**
 * Say which part of the application has a packet now, for the report of a replay when it was never
 * given back. Costs nothing unless built with Meson's option `owners`, as builds for debugging are.
 *
 * @param pkt
 *   The packet.
 * @param stage
 *   Name of the part, such as "waiting for ARP"; must stay valid.
 *
 * Context: worker.
 */
#ifdef VNF_OWNERS
#define vnf_packet_mark(pkt, stage) vnf_packet_set_owner(pkt, stage)
#else
#define vnf_packet_mark(pkt, stage) ((void)(pkt), (void)(stage))
#endif

/**
 * What vnf_packet_mark() calls in a build with owners; without effect in a library built without.
 *
 * @param pkt
 *   The packet.
 * @param stage
 *   As of vnf_packet_mark().
 *
 * Context: worker.
 */
void vnf_packet_set_owner(struct rte_mbuf *pkt, const char *stage);

/**
 * The application's decoded configuration: the newest in force. Callbacks of workers read
 * worker->config instead.
 *
 * @param vnf
 *   The program.
 * @return
 *   The structure that the application's keys filled; NULL if it has none. What the program started
 *   with stays valid to its end, what a reload brought until the next one.
 *
 * Context: start-up, control thread.
 */
void *vnf_config(const struct vnf *vnf);

/**
 * What vnf_app.build made for the generation in force, for commands and metrics. Callbacks of
 * workers read worker->built instead.
 *
 * @param vnf
 *   The program.
 * @return
 *   As stored by `build`; NULL before its first success, and without `build`. Valid until the
 *   command or the metric returns: a reload gives it back by vnf_app.discard.
 *
 * Context: start-up from worker_init() on, control thread.
 */
void *vnf_built(const struct vnf *vnf);

/**
 * What `init` stored.
 *
 * @param vnf
 *   The program.
 * @return
 *   The application's common state.
 *
 * Context: any thread.
 */
void *vnf_state(const struct vnf *vnf);

/**
 * Number of workers.
 *
 * @param vnf
 *   The program.
 * @return
 *   1 or more.
 *
 * Context: any thread, from vnf_app.init on.
 */
uint16_t vnf_worker_count(const struct vnf *vnf);

/**
 * Number of configured ports.
 *
 * @param vnf
 *   The program.
 * @return
 *   1 to 256.
 *
 * Context: any thread.
 */
uint16_t vnf_port_count(const struct vnf *vnf);

/**
 * Find a port by its name in the configuration.
 *
 * @param vnf
 *   The program.
 * @param name
 *   The name.
 * @return
 *   Its number, or -ENOENT.
 *
 * Context: any thread; not per packet.
 */
int vnf_port_find(const struct vnf *vnf, const char *name);

/**
 * Find a port by its name in a configuration that may not be in force yet: for vnf_app.check and
 * vnf_app.build, where the application's own keys name ports.
 *
 * @param file
 *   The configuration of the program, as given to those.
 * @param name
 *   The name.
 * @return
 *   Its number, as vnf_port_find() will say; or -ENOENT.
 *
 * Context: start-up or control thread.
 */
int vnf_port_planned(const struct vnf_config *file, const char *name);

/** What an application may know of a port. */
struct vnf_port_info {
	const char *name; /**< As configured. */
	const char *kind; /**< As configured, for example "virtio-user". */
	uint8_t mac[6];   /**< Own address. */
	uint16_t mtu;     /**< Payload of a frame in bytes, 68 to 9,600. */
	uint16_t queues;  /**< Queue pairs. */
	bool up;          /**< Has a peer and a link now. */
};

/**
 * Describe a port.
 *
 * @param vnf
 *   The program.
 * @param port
 *   0 to vnf_port_count() - 1.
 * @param[out] info
 *   Filled in; the strings belong to the program.
 * @return
 *   0, or -ENOENT.
 *
 * Context: any thread; not per packet.
 */
int vnf_port_get_info(const struct vnf *vnf, uint16_t port, struct vnf_port_info *info);

#ifdef __cplusplus
}
#endif

#endif
