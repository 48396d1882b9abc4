/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The running program as the SDK's own files see it: struct vnf, struct worker, and what each
 * file offers the others, grouped by file in the order of start-up. One instance per process.
 */
#ifndef VNF_PRIV_H
#define VNF_PRIV_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <jansson.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>

#include <vnf/clock.h>
#include <vnf/embed.h>
#include <vnf/log.h>
#include <vnf/random.h>
#include <vnf/stage.h>

#include "control.h"
#include "idle.h"
#include "latency.h"
#include "part.h"
#include "usage.h"
#include "watchdog.h"

/* Cores: workers at most; EAL itself ends at RTE_MAX_LCORE, one of which is the control thread. */
#define WORKERS_MAX 64
/* Bytes of a text that explains an error. */
#define WHY_MAX 256

#define TEXT_HASH_SEED 2166136261u

/* FNV-1a: any alignment, the same in every build, and good enough to tell names apart. */
static inline uint32_t text_hash(const char *text, size_t len, uint32_t hash)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 16777619u;
	return hash;
}

/* ---- options.c ---- */

/* What a replay is told; see replay.h. */
struct replay_options {
	bool on;
	const char *replay[VNF_PORTS_MAX]; /* each "PORT=FILE" */
	size_t n_replay;
	const char *record[VNF_PORTS_MAX];
	size_t n_record;
	const char *verdicts;
	bool has_until;
	bool until_after_last; /* else since the first packet */
	uint64_t until_ns;
	bool has_seed, has_burst;
	uint64_t seed;
	uint32_t burst;
};

struct options {
	const char *config_path;
	const char *report_path;
	bool check;
	bool dump;
	bool plan;
	bool reference;
	bool verbose;
	bool done;                         /* --help or --version was printed */
	const char *virtio[VNF_PORTS_MAX]; /* each "PORT=ADDRESS" */
	size_t n_virtio;
	struct replay_options replay;
};

/* 0, or -EINVAL after printing what is wrong. */
int options_parse(int argc, char *const *argv, const struct vnf_program *program,
		  struct options *options);

/* ---- schema.c ---- */

enum hugepages {
	HUGEPAGES_AUTO,
	HUGEPAGES_NEVER,
	HUGEPAGES_ALWAYS,
};

/* The metrics page; `listen` is NULL without one. */
struct metrics_spec {
	const char *listen;
};

/* What captures may do; see capture.h. */
struct capture_spec {
	const char *directory; /* "": there are none */
	uint64_t max_size;     /* bytes */
	uint64_t buffer;       /* bytes, of each worker */
};

/* What the SDK's own keys fill. */
struct system_spec {
	const char *name;
	uint32_t workers;
	const char *cpus;
	uint64_t memory;
	uint32_t hugepages;
	uint32_t log_level;
	uint32_t packets;
	uint32_t spare_ports;
	uint32_t drop_recorder; /* records of each port and worker */
	struct capture_spec capture;
	struct control_spec control;
	uint32_t latency; /* enum latency */
	uint64_t watchdog;
	struct metrics_spec metrics;
	struct vnf_config_list ports;
};

/* The tables of one program: the SDK's, the program's and every kind's, put together at start. */
struct schema {
	struct vnf_config_section sections[2 + VNF_PARTS_MAX];
	size_t n_sections;
	struct vnf_config_key *system_keys;
	struct vnf_config_key *port_keys;
	struct vnf_config_variant *kinds;
	struct vnf_config_variants variants;
	const struct vnf_port_kind **kind; /* by struct vnf_port_spec's kind */
	size_t n_kinds;
};

/* Packets that the application, and the parts that it uses, may hold. */
uint32_t program_packets(const struct vnf *vnf);

/* The i-th part that the program uses, or NULL. */
static inline const struct vnf_part *program_part(const struct vnf_program *program, size_t i)
{
	return program->parts != NULL ? program->parts[i] : NULL;
}

static inline bool program_has_part(const struct vnf_program *program, enum part_slot slot)
{
	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(program, i) != NULL; i++)
		if (program_part(program, i)->slot == slot)
			return true;
	return false;
}

/* 0 or -errno, after logging why. */
int schema_init(struct schema *schema, const struct vnf_program *program);
void schema_fini(struct schema *schema);
/* The i-th port's structure. */
const struct vnf_port_spec *schema_port(const struct vnf_program *program,
					const struct vnf_config_list *ports, size_t i);
/* Checks across keys: names used twice, number of ports, each kind's own. */
void schema_check(const struct schema *schema, const struct vnf_program *program,
		  struct vnf_config *file, const struct system_spec *spec);

/* The kind's index, or -ENOENT. */
int schema_kind(const struct schema *schema, const char *name);

/* ---- overrides.c: ports that the command line makes something else ---- */

struct loaded;

/* 0, or -EINVAL after an error in the file. */
int overrides_apply(const struct vnf *vnf, struct loaded *loaded);

/* ---- plan_print.c ---- */

/* What --plan prints. 0 or -errno, after logging why. */
int plan_print(const struct vnf *vnf);

/* ---- claims.c ---- */

/* Report what two ports claim. */
void claims_check(const struct schema *schema, const struct vnf_program *program,
		  struct vnf_config *file, const struct vnf_config_list *ports);

/* ---- owner.c ---- */

/* Checks of keys that name a user or a group; "" is nobody, and right. */
int check_user(const void *field, char *why, size_t why_size);
int check_group(const void *field, char *why, size_t why_size);

/* ---- cpu_plan.c: no DPDK calls ---- */

struct cpu_plan {
	uint16_t n_workers;
	uint16_t cpu[WORKERS_MAX];    /* of each worker */
	bool shares_cpu[WORKERS_MAX]; /* with another worker, or with everything on the machine */
	cpu_set_t control;            /* where the control thread and its helpers run */
};

/* `cpus` is a list like "1,3-5" or "". 0, or -EINVAL with a sentence in `why`. */
int cpu_plan_make(const cpu_set_t *allowed, uint16_t n_workers, const char *cpus,
		  struct cpu_plan *plan, char *why, size_t why_size);
/* EAL's --lcores: lcore 0 is the control thread, lcore i + 1 worker i. */
int cpu_plan_lcores(const struct cpu_plan *plan, char *text, size_t size);

/* ---- memory_plan.c: before EAL ---- */

struct memory_input {
	uint16_t n_workers;
	uint16_t n_ports;
	uint32_t port_mbufs;  /* in all ports' rings */
	uint64_t port_bytes;  /* DPDK heap of all ports */
	uint32_t frame_max;   /* octets of the longest frame of any port */
	uint32_t packets;     /* that the application may hold */
	uint64_t table_bytes; /* DPDK heap of the application */
	uint64_t memory;      /* from the file; 0 = computed */
	uint64_t huge_free;   /* bytes of free hugepages */
	uint64_t available;   /* bytes of ordinary memory; 0 = unknown */
	uint64_t page_bytes;  /* of a hugepage that could be reserved; 0 = none can */
	const char *pa_port;  /* name of a port that needs physical addresses, or NULL */
	enum hugepages hugepages;
};

struct memory_plan {
	uint32_t n_mbufs;
	uint32_t cache;       /* mbufs cached per worker */
	uint32_t data_room;   /* octets, with headroom */
	uint64_t table_bytes; /* thereof the application's tables */
	uint64_t needed;      /* bytes, computed */
	uint64_t bytes;       /* bytes, to be taken */
	uint64_t reserve;     /* bytes of hugepages to be reserved first */
	bool huge;
};

/* Packets that may wait on a ring between workers. */
#define HANDOVER_RING 2048

/* Has a port too few queues for all workers to send on? Then those who own none hand over. */
static inline bool handover_needed(const struct vnf_port *port, uint32_t n_workers)
{
	return n_workers > port->n_queues && (port->kind->flags & VNF_KIND_TX_SHARED) == 0;
}

/* Add a port, its rings between workers included; after n_workers is set. */
void memory_input_add(struct memory_input *in, const struct vnf_port *port,
		      const struct vnf_port_need *need);
/* 0; -EINVAL: `memory` is too small, or more than there is; -ENOMEM: hugepages are needed and there
 * are too few, and none can be reserved.
 */
int memory_plan_make(const struct memory_input *in, struct memory_plan *plan, char *why,
		     size_t why_size);
/* Bytes of free hugepages of all sizes under this directory (/sys/kernel/mm/hugepages). */
uint64_t memory_huge_free(const char *dir);
/* Bytes of a line such as "MemFree:" of this file (/proc/meminfo); 0 = there is none. */
uint64_t memory_info(const char *meminfo, const char *key);
/* Bytes that can be taken without swapping, from this file (/proc/meminfo); 0 = unknown. */
uint64_t memory_available(const char *meminfo);

/* ---- hugepages.c ---- */

/* The kernel's reservation on one NUMA node, and what of it is ours. */
struct hugepages_pool {
	char path[256]; /* of nr_hugepages; "" = there are no hugepages */
	uint64_t page_bytes;
	uint64_t reserved; /* pages, to be given back */
};

/* 0 or -ENOENT. `sysfs` is "/sys", `meminfo` "/proc/meminfo", or a test's. */
int hugepages_find(const char *sysfs, const char *meminfo, unsigned int numa_node,
		   struct hugepages_pool *pool);
bool hugepages_may_reserve(const struct hugepages_pool *pool);
/* Reserve so many bytes more. 0, or -ENOMEM with a sentence in `why`, and all is as it was. */
int hugepages_reserve(struct hugepages_pool *pool, uint64_t bytes, char *why, size_t why_size);
/* Give back what was reserved. */
void hugepages_release(struct hugepages_pool *pool);

/* ---- eal_args.c: no DPDK calls ---- */

#define EAL_ARGS_MAX 24

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1];
};

struct eal_input {
	const char *prefix;
	const struct cpu_plan *cpus;
	const struct memory_plan *memory;
	unsigned int numa_node;
	bool pci;
	bool iova_pa;
	bool no_telemetry;
};

int eal_args_make(const struct eal_input *in, struct eal_args *args);
void eal_args_free(struct eal_args *args);

/* ---- eal.c ---- */

/* Start DPDK; after failure the process cannot try again. 0 or -errno, after logging why. */
int eal_start(const struct eal_input *in);
/* Can a vhost-user peer map our memory? 0, or -E2BIG after logging why not. */
int eal_check_shared(void);
void eal_stop(void);
/* What must stand before dpdk-telemetry.py for it to find us; "" in the usual place. */
const char *eal_telemetry_hint(void);
/* NUMA node of a CPU, 0 if unknown. */
unsigned int eal_numa_node(unsigned int cpu);

/* ---- pool.c ---- */

/* 0 or -errno, after logging why. */
int pool_create(const struct memory_plan *plan, unsigned int numa_node, struct rte_mempool **pool);

/* ---- log.c ---- */

void log_init(const char *name, enum vnf_log_level level);
/* The last error that this thread has logged, or "". */
const char *log_last_error(void);
/* The level may change at any time; any thread. */
void log_set_level(enum vnf_log_level level);
enum vnf_log_level log_get_level(void);
/* May a line pass? *missed gets the number of those that did not since the last. */
bool log_limit_pass(struct vnf_log_limit *limit, uint32_t *missed);
/* Is JOURNAL_STREAM (or NULL) this file? */
bool log_is_journal(const char *stream, const struct stat *st);
/* The text in one line: newlines and other control characters are written out. Returns its length;
 * what does not fit into `size` with its final 0 is cut.
 */
size_t log_escape(char *to, size_t size, const char *text, size_t len);
/* Put DPDK's messages into ours. */
int log_capture_dpdk(void);
/* Its errors are of our own making for a while (a cancelled accept): detail, not errors. */
void log_quiet_dpdk(bool quiet);
/* Show this thread's lines of DPDK to `seen` too, whatever their level; then once with NULL. */
void log_watch_dpdk(void (*seen)(void *arg, const char *text, size_t len), void *arg);

/* ---- leftover.c ---- */

void leftover_add(const char *path);
void leftover_forget(const char *path);
/* Remove all that is still there; from a signal handler too. */
void leftover_remove(void);

/* ---- clock.c ---- */

void clock_init(void);
/* Stop the clock at 0, when the time of day was `wall_ns`; then clock_advance() moves it. */
void clock_make_virtual(uint64_t wall_ns);
void clock_advance(uint64_t now_ns);
bool clock_is_virtual(void);
/* The kernel's monotonic time in `wait_ns`, for waits that take an absolute one; never virtual. */
void clock_deadline(uint64_t wait_ns, struct timespec *until);

/* ---- random.c ---- */

/* Draw from this seed instead of the kernel's numbers; before the first number is drawn. */
void random_fix(uint64_t seed);

/* ---- port.c ---- */

enum port_state {
	PORT_CLOSED,
	PORT_OPENING, /* on a thread of its own */
	PORT_FAILED,
	PORT_STARTED,
};

/* A port and how far it got. */
struct port_slot {
	struct vnf_port port; /* its name is NULL where there is no port of this number */
	struct vnf_port_need need;
	uint32_t state;             /* enum port_state; release by the opener, acquire by control */
	uint32_t seen_up;           /* what the control thread last saw */
	uint32_t said_up;           /* and what it logged */
	struct vnf_log_limit limit; /* of the lines that say up or down: peers come and go */
	uint32_t cancelled;         /* set by control, read by the opener */
	bool begun;                 /* it has not to wait for another port any more */
	bool opened;                /* open succeeded; written before `state` */
	bool has_thread;            /* to be joined */
	bool held;                  /* a reload has it in hand: not to be opened by others */
	bool late;                  /* came by a reload: if it fails, the others go on */
	bool told;                  /* that it failed */
	struct loaded *loaded;      /* that its spec is in, if it came by a reload */
	uint16_t poller[VNF_QUEUES_MAX]; /* number of the worker that polls the queue */
	pthread_t thread;

	/* datapath.c's: written by control with telemetry paused, so that telemetry may read. */
	struct vnf_port_path path;
	bool path_known;
	uint64_t path_next_ns;
	struct vnf_log_limit path_limit;
};

/* Create the ports of the file: names, kinds, needs. */
int ports_create(struct vnf *vnf);
/* A port of this configuration, in a slot of zeros. 0 or -ENOMEM. */
int port_slot_init(struct vnf *vnf, struct port_slot *slot, uint16_t id,
		   const struct vnf_port_spec *spec);
/* Open and start one. 0 or -errno, after logging why; one that waits for a peer goes on. */
int port_slot_open(struct vnf *vnf, struct port_slot *slot);
/* Stop and close one, in any state; no worker uses it. -ETIMEDOUT: its opening does not end. */
int port_slot_close(struct vnf *vnf, struct port_slot *slot);
/* Workers are to leave it, whatever its peer does; then vnf_quiesce(). And the end of that. */
void port_slot_leave(struct port_slot *slot);
void port_slot_stay(struct port_slot *slot);
static inline bool port_slot_used(const struct port_slot *slot)
{
	return slot->port.name != NULL;
}
/* Get ready what must be there before DPDK starts, and undo that after its end. 0 or -errno, after
 * logging why; what was done before the failure is still to be undone.
 */
int ports_prepare(struct vnf *vnf);
void ports_restore(struct vnf *vnf);
/* Open and start them all; those that wait for a peer go on in the background. -ECANCELED when
 * `stop` says so.
 */
int ports_open(struct vnf *vnf, bool (*stop)(void *arg), void *arg);
/* Every 100 ms: link states, and what became of those that wait. -errno if one failed for good. */
int ports_poll(struct vnf *vnf);
/* Report changes of up and down. */
void ports_report(struct vnf *vnf);
/* May `missed` and the like be asked of it? */
bool port_is_started(const struct vnf_port *port);
/* End what still opens; -ETIMEDOUT if a port's thread does not come back: nothing that it uses may
 * be released then.
 */
int ports_cancel(struct vnf *vnf);
/* Stop and close all, in any state, after ports_cancel(). */
void ports_close(struct vnf *vnf);
void ports_destroy(struct vnf *vnf);

/* Room for as many ports as there may come to be. */
uint16_t ports_room(const struct vnf *vnf);
/* ---- datapath.c: which way packets take through a port ---- */

/* Of a port that is up: log it if it is not what was said last. Control thread. */
void datapath_look(struct port_slot *slot);
/* Find it out now; false: its peer has just left. Control thread. */
bool datapath_explain(const struct vnf_port *port, struct vnf_port_path *path);
/* path->change, or words for none. */
const char *datapath_change(const struct vnf_port_path *path);
/* One line: all but the port's name. */
void datapath_line(const struct vnf_port_path *path, char *text, size_t size);

/* ---- counters.c ---- */

/* One name per reason number, NULL beyond. */
struct drop_names {
	const char *name[VNF_DROPS_MAX];
	uint32_t n;
};

int drop_names_init(struct drop_names *names, const struct vnf_drop *own);
int counters_init(struct vnf_worker_counters *counters, uint16_t n_ports);
void counters_fini(struct vnf_worker_counters *counters);
void counters_ledger(const struct vnf_worker_counters *counters, uint16_t n_ports,
		     struct vnf_ledger *ledger);

/* ---- ask.c: what the control thread lets workers do ---- */

struct ask;

struct worker_asked {
	const struct ask *ask; /* set by control; NULL: nothing */
	uint32_t busy;         /* with it; both in one order with control's */
	uint32_t done;         /* the round in which it said last that nothing is left; or 0 */
};

/* Before a pass. Worker. */
void ask_answer(struct worker *w);

/* ---- loop.c: workers, from launch to join ---- */

enum run_state {
	RUN_RUNNING,
	RUN_DRAINING, /* no more reception */
	RUN_STOPPED,
};

struct app_loop;
struct generation;

/* Generations that are remembered. */
#define GENERATIONS_KEPT 16

/* What one worker received under one generation; by number modulo GENERATIONS_KEPT. */
struct generation_share {
	uint64_t number;
	uint64_t packets;
};

struct worker {
	struct vnf_worker pub; /* first: the public view */
	struct vnf_rxq *rxqs;
	uint16_t n_rxqs;
	struct vnf_rxq *first_rxqs; /* those it began with */
	uint16_t n_first_rxqs;
	uint64_t pass_ns; /* when its pass began */
	const struct idle_limits *idle;
	uint64_t busy_at_ns; /* end of the last pass that found a packet */
	uint64_t empty_passes;
	uint64_t sleeps;
	uint64_t slept_ns;
	bool shares_cpu;
	bool launched;
	pid_t tid; /* from when it runs; 0 before */
	struct rte_rcu_qsbr *qsbr;
	const uint32_t *run; /* &vnf->run */
	struct vnf_worker_counters counters;
	struct vnf_stages stages;
	struct app_loop *app;                   /* worker.c's own */
	const struct generation *const *newest; /* &vnf->generation */
	const bool *has_port;                   /* by number, of its generation */
	uint16_t n_counted;                     /* ports that it has ever counted on */
	uint64_t taken_rx;                      /* packets received before that one */
	struct generation_share shares[GENERATIONS_KEPT];
	struct vnf_latency_port *latency;  /* by port */
	struct vnf_latency_rx *latency_rx; /* see latency_rx() */
	struct vnf_latency_tx *latency_tx; /* by port */
	uint32_t doing;                    /* enum doing; read by the watchdog */
	struct vnf_timeouts *timeouts;
	struct worker_asked asked;
	uint64_t sessions_look_ns;   /* session_run.c's: when to look which are due */
	uint32_t sessions_at;        /* and the slot that is looked at first */
	struct capture_tap *capture; /* its part of a capture, or NULL; release, acquire */

	/* A reader asks by raising snap_asked, the worker answers with a copy and snap_done. */
	uint32_t snap_asked __rte_cache_aligned;
	uint32_t snap_done;
	struct vnf_ledger snap;

	/* Written by the control thread. */
	struct watch watch __rte_cache_aligned;
	struct usage_mark marked; /* at the end of the last whole second */
	struct usage last_second;
} __rte_cache_aligned;

static inline bool ask_is_due(const struct worker *w)
{
	return __atomic_load_n(&w->asked.ask, __ATOMIC_RELAXED) != NULL;
}

/* Being asked, it has more to do for that; or the answer was not looked at yet. Worker. */
static inline bool ask_is_owed(const struct worker *w)
{
	return __atomic_load_n(&w->asked.done, __ATOMIC_RELAXED) == 0;
}

int workers_create(struct vnf *vnf);
int workers_launch(struct vnf *vnf);
/* Drain, stop and wait; -ETIMEDOUT if a worker does not end. */
int workers_stop(struct vnf *vnf);
void workers_destroy(struct vnf *vnf);
/* A port was removed, and no worker counts on it any more: what readers are told of whoever gets
 * its number begins at 0. Control thread.
 */
void workers_retire_port(struct vnf *vnf, uint16_t port);
/* command_why.c's part of that. */
void why_forget(struct vnf *vnf, uint16_t port);
bool worker_receiving(const struct worker *worker);
/* Until the run state says stop. Worker. */
void worker_loop(struct worker *w);

/* ---- reload.c ---- */

/* Worker, or control thread while it does not run: go over to the newest generation. */
void generation_take(struct worker *w);
/* Is there one newer than its own? By number: an address may come again. Worker, online. */
bool generation_is_new(const struct worker *w);

/* ---- sleep.c: idle workers ---- */

/* The calling thread is this worker. */
void worker_sleep_init(const struct worker *w);
/* After a pass that found nothing: look again, pause or sleep. Worker. */
void worker_rest(struct worker *w);
/* When it will have something to do even if no packet comes; UINT64_MAX: never. */
uint64_t worker_next_due(const struct worker *w);

/* ---- timeout.c ---- */

/* Lists of a class at most, in a replay and else. */
#define TIMEOUT_LISTS_MAX 62
#define TIMEOUT_LISTS_LIVE 11

/* Lists that a class with this period has: list k waits for the period shifted right by k. */
uint32_t timeout_lists(uint64_t period_ns);

/* Run what is due at the worker's now_ns. */
void timeouts_run(struct worker *w);
/* When there will be something to do; UINT64_MAX: never. */
uint64_t timeouts_next_due(const struct worker *w);

/* ---- session_layout.c ---- */

/* Why there can be no such table, in words; NULL: there can. Any thread. */
const char *sessions_fault(const struct vnf_sessions_conf *conf);

/* ---- session_command.c ---- */

extern const struct vnf_metric session_metrics[];

/* ---- session_run.c ---- */

/* Run what is due of sessions at the worker's now_ns. */
void sessions_run(struct worker *w);
/* When there will be something to do; UINT64_MAX: never. */
uint64_t sessions_next_due(const struct worker *w);

/* ---- grace.c ---- */

/* Whether all workers have passed a point since rte_rcu_qsbr_start() gave the token, or sleep. May
 * say false too while another thread asks. Any thread.
 */
bool workers_have_passed(struct vnf *vnf, uint64_t token);

/* ---- stage.c ---- */

/* This thread is the worker whose counts these are. */
void stages_start(struct vnf_stages *stages);

/* ---- worker.c: the data path of vnf_run() ---- */

/* One worker's loop; NULL after logging why. The worker must have ended before it is destroyed. */
struct app_loop *loop_create(struct vnf *vnf, struct worker *worker, const struct vnf_app *app);
void loop_destroy(struct app_loop *loop);
/* Are packets on a ring that this loop has to take from? Any thread; NULL: no. */
bool loop_owes(const struct app_loop *loop);
/* Does the burst callback run, and for packets of which port? Any thread; NULL: no. */
bool loop_in_burst(const struct app_loop *loop, uint16_t *port);
uint32_t app_pass(struct vnf_worker *worker);
uint64_t app_next_due(const struct vnf_worker *worker);

/* ---- report.c ---- */

json_t *report_json(struct vnf *vnf);
void report_print(struct vnf *vnf);
/* Can the file be written? It is made if it is not there. 0 or -errno. */
int report_prepare(const char *path);
int report_write(struct vnf *vnf, const char *path);
/* Name-value pairs of one port outside of the ledger: missed packets, and gen's and sink's counts;
 * calls `add` for each.
 */
void report_port_extra(const struct vnf_port *port,
		       void (*add)(void *to, const char *name, uint64_t value), void *to);

/* ---- telemetry.c ---- */

int telemetry_start(struct vnf *vnf);
void telemetry_stop(void);
/* No handler runs between the two. Control thread. */
void telemetry_pause(void);
/* The same for another reader of the program's state, who rather goes without than waits longer. */
bool telemetry_pause_within(uint64_t wait_ns);
void telemetry_resume(void);

/* ---- program.c ---- */

/* Something does not come back and still uses what would have to be released. Does not return. */
void program_end_stuck(const char *what);

struct vnf {
	const struct vnf_program *program;
	void *user;
	void *state;
	void *part_state[VNF_PARTS_MAX]; /* by slot */
	struct options options;
	struct schema schema;
	struct loaded *base;                 /* what it started with: system keys and ports */
	const struct system_spec *spec;      /* of `base` */
	struct vnf_config *file;             /* newest that is in force */
	void *config;                        /* of `file` */
	const void *const *part_config;      /* of `file`, by slot */
	struct reload *reload;               /* reload.c's own */
	const struct generation *generation; /* newest; release by control, acquire by workers */
	const struct generation *building;   /* while one is; NULL */
	uint64_t generations;                /* numbers that were given out */
	struct cpu_plan cpus;
	struct memory_plan memory;
	struct hugepages_pool hugepages;
	bool pci, iova_pa, shared; /* what DPDK was started for */
	char prefix[64];
	struct rte_mempool *pool;
	struct rte_rcu_qsbr *qsbr;
	struct drop_names drops;
	struct port_slot *ports;
	uint16_t n_ports; /* one more than the greatest number in use */
	struct worker *workers;
	uint16_t n_workers;
	struct vnf_sessions *sessions; /* tables, their timers are ours to run */
	struct vnf_sessions *tables[VNF_SESSION_TABLES_MAX]; /* app_tables.c's */
	/* By number: what ports counted that had it before. */
	struct vnf_port_counters *counted_before;
	bool reload_asked;       /* by SIGHUP; before workers run, to be done when they do */
	struct asked *asked;     /* command_why.c's: by port, or NULL */
	struct capture *capture; /* the one that runs, or the last, or NULL */
	struct control *control; /* control.c's own; NULL: there is none */
	/* Asks, without waiting, whether the program is to stop; NULL: it never is. Control. */
	bool (*stop_asked)(struct vnf *vnf);
	bool stopping; /* it was, by a signal, or ends for another reason */
	int signals;   /* program.c's descriptor for these */
	/* While a command runs that only looks: not 0 when nobody waits for its answer any more;
	 * else NULL.
	 */
	const uint32_t *asker_gone;
	uint64_t started_ns;
	struct vnf_log_limit watch_limit;
	bool refused; /* the configuration has errors that only `build` could find */
	bool ran;     /* there is something to report */
	uint32_t run; /* enum run_state; release by control, acquire by workers */
};

/* What to call the port of this number, which may be gone. */
static inline const char *port_label(const struct vnf *vnf, uint16_t id)
{
	return vnf_port(vnf, id) != NULL ? vnf->ports[id].port.name : "(removed)";
}

#endif
