/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The order of life of a program, on the main thread: command line, configuration, plan, DPDK,
 * workers, ports, run, and all of it undone in mirror order. Everything here happens once; the
 * parts are in the files named by vnf_priv.h.
 *
 * Exit codes: 0 stopped as asked, 1 something failed, 2 wrong command line or configuration.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture.h"
#include "control.h"
#include "loaded.h"
#include "metrics.h"
#include "owners.h"
#include "reload.h"
#include "replay.h"
#include "service.h"

#define EXIT_CONFIG 2
/* What a spare port may take of DPDK's memory at least, as a vhost-user port with all defaults. */
#define SPARE_BYTES (4u << 20)
#define CONTROL_NS 10000000ULL
#define PORT_POLL_NS 100000000ULL

static struct vnf instance;

/* ---- signals ---- */

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

/* Blocked before any thread exists, so that only the control thread meets them. */
static int signals_open(void)
{
	sigset_t set;

	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* an error of write() is enough */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void end_at_once(int number)
{
	(void)number;
	leftover_remove();
	hugepages_release(&instance.hugepages);
	_exit(EXIT_FAILURE);
}

static volatile sig_atomic_t replay_stops;

/* The first asks for a stop, which a callback that does not return would never grant. */
static void replay_signal(int number)
{
	if (replay_stops != 0)
		end_at_once(number);
	replay_stops = 1;
}

/* SIGTERM and SIGINT go to this from now on. */
static void signals_handle(void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler };
	sigset_t set;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal_set(&set);
	sigdelset(&set, SIGHUP);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static bool replay_stop(void *arg)
{
	(void)arg;
	return replay_stops != 0;
}

/* True when a signal asks us to stop. */
static bool signal_stop(int fd, int timeout_ms)
{
	/* A command for the control thread ends the wait too. */
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
			      { .fd = control_fd(&instance), .events = POLLIN } };
	struct signalfd_siginfo info;

	if (instance.stopping)
		return true;
	if (poll(p, RTE_DIM(p), timeout_ms) <= 0 || read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGHUP) {
		instance.reload_asked = true;
		return false;
	}
	vnf_notice("%s: stopping", strsignal((int)info.ssi_signo));
	instance.stopping = true;
	return true;
}

/* The same without waiting, for those who wait for something else. */
static bool signal_asked(void *arg)
{
	const int *fd = arg;

	return signal_stop(*fd, 0);
}

static bool stop_asked(struct vnf *vnf)
{
	return signal_stop(vnf->signals, 0);
}

/* ---- configuration ---- */

static int config_load(struct vnf *vnf)
{
	int ret = loaded_read(vnf, &vnf->base);

	if (ret == -ENOMEM) {
		fprintf(stderr, "%s: out of memory\n", vnf->program->name);
		return ret;
	}
	vnf->file = vnf->base->file;
	vnf->spec = vnf->base->spec;
	vnf->config = vnf->base->config;
	vnf->part_config = vnf->base->part_config;
	return ret;
}

/* ---- plan ---- */

static int plan_cpus(struct vnf *vnf)
{
	char why[WHY_MAX];
	cpu_set_t allowed;

	if (vnf->options.plan || vnf->options.replay.on) {
		/* Of whatever machine it will run on; a replay is one thread. */
		memset(&allowed, 0xff, sizeof(allowed));
	} else if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
		vnf_config_error(vnf->file, NULL, "cannot read the CPUs this process may use: %s",
				 strerror(errno));
		return -EINVAL;
	}
	if (cpu_plan_make(&allowed, (uint16_t)vnf->spec->workers, vnf->spec->cpus, &vnf->cpus, why,
			  sizeof(why)) < 0) {
		vnf_config_error(vnf->file, &vnf->spec->cpus, "%s", why);
		return -EINVAL;
	}
	return 0;
}

/* Where there are several NUMA nodes, what is free on the others is of no use. */
static void huge_dir_name(unsigned int node, char *dir, size_t size)
{
	snprintf(dir, size, "/sys/devices/system/node/node%u/hugepages", node);
	if (access("/sys/devices/system/node/node1", F_OK) != 0 || access(dir, F_OK) != 0)
		snprintf(dir, size, "/sys/kernel/mm/hugepages");
}

/* A plan is for whatever machine it will run on; and a file with devices of a virtual machine may
 * be checked outside of that.
 */
static bool elsewhere(const struct vnf *vnf, const char *pa_port)
{
	return vnf->options.plan || (vnf->options.check && pa_port != NULL);
}

uint32_t program_packets(const struct vnf *vnf)
{
	uint32_t packets = RTE_MAX(vnf->spec->packets, vnf->program->packets * vnf->spec->workers);

	for (size_t i = 0; i < VNF_PARTS_MAX && program_part(vnf->program, i) != NULL; i++) {
		const struct vnf_part *part = vnf->program->parts[i];

		packets += part->packets + (vnf->spec->workers > 1 ? part->packets_shared : 0);
		if (part->packets_planned != NULL)
			packets += part->packets_planned(vnf_part_config(vnf, part->slot),
							 vnf->spec->workers);
	}
	return packets;
}

static uint64_t plan_tables(const struct vnf *vnf)
{
	return vnf->program->memory != NULL ? vnf->program->memory(vnf, vnf->config) : 0;
}

/* A replay needs packets and nothing else: hugepages and `memory` would not change what it does. */
static int plan_memory_replay(struct vnf *vnf)
{
	const struct vnf_port_need none = { .mbufs = VNF_BURST_MAX };
	struct memory_input in = {
		.n_workers = (uint16_t)vnf->spec->workers,
		.packets = program_packets(vnf),
		.table_bytes = plan_tables(vnf),
		.available = memory_available("/proc/meminfo"),
		.hugepages = HUGEPAGES_NEVER,
	};
	char why[WHY_MAX];
	int ret;

	for (uint16_t i = 0; i < vnf->n_ports; i++)
		memory_input_add(&in, &vnf->ports[i].port, &none);
	ret = memory_plan_make(&in, &vnf->memory, why, sizeof(why));
	if (ret < 0)
		vnf_config_error(vnf->file, &vnf->spec->packets, "%s", why);
	return ret;
}

/* As if there were `spare_ports` more that need what the greatest needs. */
static void plan_spare(const struct vnf *vnf, struct memory_input *in)
{
	struct vnf_port port = vnf->ports[0].port;
	struct vnf_port_need most = { .bytes = SPARE_BYTES };

	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		const struct port_slot *slot = &vnf->ports[i];

		most.mbufs = RTE_MAX(most.mbufs, slot->need.mbufs);
		most.bytes = RTE_MAX(most.bytes, slot->need.bytes);
		port.n_queues = RTE_MAX(port.n_queues, slot->port.n_queues);
	}
	for (uint32_t i = 0; i < vnf->spec->spare_ports; i++)
		memory_input_add(in, &port, &most);
}

static int plan_memory(struct vnf *vnf)
{
	unsigned int node = eal_numa_node(vnf->cpus.cpu[0]);
	char huge_dir[128];

	huge_dir_name(node, huge_dir, sizeof(huge_dir));

	struct memory_input in = {
		.n_workers = (uint16_t)vnf->spec->workers,
		.packets = program_packets(vnf),
		.table_bytes = plan_tables(vnf),
		.memory = vnf->spec->memory,
		.hugepages = vnf->spec->hugepages,
		.huge_free = memory_huge_free(huge_dir),
		.available = memory_available("/proc/meminfo"),
	};
	char why[WHY_MAX];
	int ret;

	hugepages_find("/sys", "/proc/meminfo", node, &vnf->hugepages);
	if (hugepages_may_reserve(&vnf->hugepages))
		in.page_bytes = vnf->hugepages.page_bytes;
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		memory_input_add(&in, &vnf->ports[i].port, &vnf->ports[i].need);
		if (vnf->ports[i].need.iova_pa)
			in.pa_port = vnf->ports[i].port.name;
	}
	if (vnf->program->live_ports)
		plan_spare(vnf, &in);
	if (elsewhere(vnf, in.pa_port)) {
		in.huge_free = UINT64_MAX;
		in.available = 0;
	} else if (in.pa_port != NULL && geteuid() != 0) {
		vnf_config_error(vnf->file, &vnf->spec->ports,
				 "port \"%s\" is driven with physical addresses, which are for "
				 "root only; start it as root",
				 in.pa_port);
		return -EPERM;
	}
	ret = memory_plan_make(&in, &vnf->memory, why, sizeof(why));
	if (ret == -EINVAL)
		vnf_config_error(vnf->file, &vnf->spec->memory, "%s", why);
	else if (ret < 0)
		vnf_config_error(vnf->file, &vnf->spec->hugepages, "%s", why);
	return ret;
}

/* All that can be known without touching anything: also what --check checks. */
static int plan(struct vnf *vnf)
{
	int ret = ports_create(vnf);

	if (ret == 0)
		ret = plan_cpus(vnf);
	if (ret == 0 && plan_tables(vnf) == UINT64_MAX)
		ret = -EINVAL;
	if (ret == 0)
		ret = vnf->options.replay.on ? plan_memory_replay(vnf) : plan_memory(vnf);
	return ret;
}

/* ---- start and stop ---- */

static int memory_reserve(struct vnf *vnf)
{
	char why[WHY_MAX];

	if (vnf->memory.reserve == 0)
		return 0;
	vnf_info("memory: reserving %llu MiB of hugepages until stop",
		 (unsigned long long)(vnf->memory.reserve >> 20));
	if (hugepages_reserve(&vnf->hugepages, vnf->memory.reserve, why, sizeof(why)) == 0)
		return 0;
	vnf_error("memory: %s", why);
	return -ENOMEM;
}

static int dpdk_start(struct vnf *vnf)
{
	bool shared = false;
	int ret;

	struct eal_input in = {
		.prefix = vnf->prefix,
		.cpus = &vnf->cpus,
		.memory = &vnf->memory,
		.numa_node = eal_numa_node(vnf->cpus.cpu[0]),
	};

	snprintf(vnf->prefix, sizeof(vnf->prefix), "vnfkit-%s-%d", vnf->spec->name, getpid());
	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		in.pci |= vnf->ports[i].need.pci;
		in.iova_pa |= vnf->ports[i].need.iova_pa;
		shared |= vnf->ports[i].need.shared;
	}
	vnf->pci = in.pci;
	vnf->iova_pa = in.iova_pa;
	vnf->shared = shared;
	ret = ports_prepare(vnf);
	if (ret == 0)
		ret = memory_reserve(vnf);
	if (ret < 0)
		return ret;
	vnf_info("memory: %llu MiB %s, %u packets of %u bytes",
		 (unsigned long long)(vnf->memory.bytes >> 20),
		 vnf->memory.huge ? "of hugepages" : "without hugepages", vnf->memory.n_mbufs,
		 vnf->memory.data_room);
	ret = eal_start(&in);
	if (ret == 0 && shared)
		ret = eal_check_shared();
	return ret;
}

/* One thread, ordinary memory, no devices. */
static int dpdk_start_replay(struct vnf *vnf)
{
	struct cpu_plan cpus = { .n_workers = 0 };
	const struct eal_input in = {
		.prefix = vnf->prefix,
		.cpus = &cpus,
		.memory = &vnf->memory,
		.no_telemetry = true,
	};

	if (sched_getaffinity(0, sizeof(cpus.control), &cpus.control) < 0)
		return -errno;
	snprintf(vnf->prefix, sizeof(vnf->prefix), "vnfkit-%s-%d", vnf->spec->name, getpid());
	random_fix(vnf->options.replay.seed);
	return eal_start(&in);
}

static void announce(const struct vnf *vnf)
{
	char lcores[1024];

	cpu_plan_lcores(&vnf->cpus, lcores, sizeof(lcores));
	vnf_info("threads: %s (0 is control)", lcores);
	vnf_info("telemetry: %sdpdk-telemetry.py -f %s", eal_telemetry_hint(), vnf->prefix);
	vnf_notice("running: %u worker%s, %u port%s", vnf->n_workers,
		   vnf->n_workers == 1 ? "" : "s", vnf->n_ports, vnf->n_ports == 1 ? "" : "s");
}

static int wait_ms(uint64_t until)
{
	uint64_t now = vnf_clock_now();

	return until > now ? (int)((until - now) / 1000000) + 1 : 0;
}

static int run(struct vnf *vnf, int signals)
{
	uint64_t next_control = 0, next_poll = 0;

	while (!signal_stop(signals, vnf->reload_asked ? 0 : wait_ms(next_control))) {
		uint64_t now;

		bool reload_now = vnf->reload_asked;

		/* Another may come meanwhile. */
		vnf->reload_asked = false;
		if (reload_now)
			reload_signal(vnf);
		commands_run(vnf);
		now = vnf_clock_now();
		if (now < next_control)
			continue;
		next_control = now + CONTROL_NS;
		if (vnf->program->control != NULL)
			vnf->program->control(vnf);
		parts_control(vnf);
		watchdog_poll(vnf, now);
		usage_poll(vnf, now);
		service_poll(vnf);
		metrics_poll();
		capture_poll(vnf);
		if (now < next_poll)
			continue;
		next_poll = now + PORT_POLL_NS;
		if (ports_poll(vnf) < 0)
			return -EIO;
		reload_poll(vnf);
	}
	return 0;
}

/* The final word on where the packets went, once nothing moves any more. */
static int final_report(struct vnf *vnf)
{
	int ret = 0;

	report_print(vnf);
	if (vnf->options.report_path != NULL)
		ret = report_write(vnf, vnf->options.report_path);
	return ret;
}

/* Something does not come back and still uses what would have to be released. */
void program_end_stuck(const char *what)
{
	vnf_error("%s; ending at once", what);
	leftover_remove();
	hugepages_release(&instance.hugepages);
	_exit(EXIT_FAILURE);
}

static int launch_and_run(struct vnf *vnf, int signals)
{
	int ret = workers_launch(vnf);

	if (ret == 0) {
		vnf->started_ns = vnf_clock_now();
		usage_start(vnf);
		vnf->ran = true;
		announce(vnf);
		service_ready();
		ret = run(vnf, signals);
	}
	control_stop(vnf);
	service_stopping();
	signals_handle(end_at_once);
	if (workers_stop(vnf) < 0)
		program_end_stuck("a worker did not stop within 5 s, so there is no report");
	capture_fini(vnf);
	return ret;
}

static int live_run(struct vnf *vnf, int signals)
{
	int ret = telemetry_start(vnf);

	vnf->signals = signals;
	vnf->stop_asked = stop_asked;
	if (ret == 0)
		ret = control_start(vnf);
	if (ret == 0)
		ret = metrics_start(vnf);
	if (ret == 0)
		ret = ports_open(vnf, signal_asked, &signals);
	if (ret == 0)
		ret = launch_and_run(vnf, signals);
	else if (ret == -ECANCELED)
		ret = 0;
	vnf->stopping = true;
	control_stop(vnf);
	signals_handle(end_at_once);
	metrics_stop();
	telemetry_stop();
	if (ports_cancel(vnf) < 0)
		program_end_stuck("a port's opening did not end within 3 s, so there is no "
				  "report");
	return ret;
}

static int workers_init(struct vnf *vnf)
{
	int ret = 0;

	for (uint16_t i = 0; ret == 0 && i < vnf->n_workers; i++)
		if (vnf->program->worker_init != NULL)
			ret = vnf->program->worker_init(&vnf->workers[i].pub);
	return ret;
}

static int start_and_run(struct vnf *vnf, int signals)
{
	int ret = workers_create(vnf);

	if (ret < 0) {
		vnf_error("no memory for %u workers", vnf->spec->workers);
		goto destroy_workers;
	}
	ret = vnf->program->init != NULL ? vnf->program->init(vnf) : 0;
	if (ret == 0)
		ret = reload_start(vnf);
	vnf->refused = ret < 0 && vnf_config_error_count(vnf->file) > 0;
	if (vnf->refused)
		vnf_config_print_errors(vnf->file, stderr);
	if (ret == 0)
		ret = workers_init(vnf);
	if (ret < 0)
		goto fini;
	if (vnf->options.replay.on) {
		vnf->ran = true;
		/* One busy thread: it looks at a flag, not at a descriptor. */
		signals_handle(replay_signal);
		ret = replay_run(vnf, replay_stop, NULL);
	} else {
		ret = live_run(vnf, signals);
	}
fini:
	if (vnf->program->fini != NULL)
		vnf->program->fini(vnf);
	reload_stop(vnf);
	if (vnf->ran && final_report(vnf) < 0)
		ret = -EIO;
	if (vnf->options.replay.on && vnf->ran && replay_check(vnf) < 0)
		ret = -EIO;
	ports_close(vnf);
destroy_workers:
	workers_destroy(vnf);
	return ret;
}

static int dpdk_run(struct vnf *vnf)
{
	int signals = signals_open();
	int ret;

	if (signals < 0 || log_capture_dpdk() < 0) {
		vnf_error("cannot set up signals and log: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	ret = vnf->options.replay.on ? dpdk_start_replay(vnf) : dpdk_start(vnf);
	if (ret == 0 && vnf->options.replay.on)
		clock_make_virtual(replay_origin());
	else if (ret == 0)
		clock_init();
	if (ret == 0)
		ret = owners_init();
	if (ret == 0)
		ret = pool_create(&vnf->memory, eal_numa_node(vnf->cpus.cpu[0]), &vnf->pool);
	if (ret == 0)
		ret = start_and_run(vnf, signals);
	if (vnf->options.replay.on && replay_close(vnf) < 0)
		ret = -EIO;
	eal_stop();
	hugepages_release(&vnf->hugepages);
	if (!vnf->options.replay.on)
		ports_restore(vnf);
	close(signals);
	if (vnf->refused)
		return EXIT_CONFIG;
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Found out now rather than when the counters would be lost. */
static bool report_possible(const struct vnf *vnf)
{
	int ret = vnf->options.report_path != NULL ? report_prepare(vnf->options.report_path) : 0;

	if (ret < 0)
		vnf_error("cannot write the report to %s: %s; name another file with --report",
			  vnf->options.report_path, strerror(-ret));
	return ret == 0;
}

static int live_or_replay(struct vnf *vnf)
{
	if (!report_possible(vnf))
		return EXIT_CONFIG;
	log_init(vnf->spec->name,
		 vnf->options.verbose ? VNF_LOG_DEBUG : vnf->spec->log_level + VNF_LOG_ERROR);
	return dpdk_run(vnf);
}

/* All that can be wrong before anything is done. */
static int prepare(struct vnf *vnf)
{
	if (config_load(vnf) == 0 && plan(vnf) == 0)
		return vnf->options.replay.on ? replay_prepare(vnf) : 0;
	if (vnf->file != NULL)
		vnf_config_print_errors(vnf->file, stderr);
	return -EINVAL;
}

static int config_run(struct vnf *vnf)
{
	int ret = EXIT_SUCCESS;

	if (prepare(vnf) < 0) {
		ret = EXIT_CONFIG;
	} else if (vnf->options.dump) {
		vnf_config_dump(vnf->file, stdout);
	} else if (vnf->options.plan) {
		ret = plan_print(vnf) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	} else if (vnf->options.check) {
		printf("%s: no errors\n", vnf->options.config_path);
	} else {
		ret = live_or_replay(vnf);
	}
	if (vnf->options.replay.on)
		replay_close(vnf);
	ports_destroy(vnf);
	free(vnf->asked);
	loaded_put(vnf->base);
	return ret;
}

static int program_valid(const struct vnf_program *program)
{
	if (program->abi == VNF_ABI && program->size == sizeof(*program) && program->name != NULL &&
	    program->pass != NULL)
		return 0;
	fprintf(stderr, "vnf: struct vnf_program is of another libvnfkit, or has no name or no "
			"pass; rebuild it against this version's headers\n");
	return -EINVAL;
}

int vnf_program_run(int argc, char *const *argv, const struct vnf_program *program, void *user)
{
	struct vnf *vnf = &instance;
	int ret;

	if (program_valid(program) < 0)
		return EXIT_CONFIG;
	memset(vnf, 0, sizeof(*vnf));
	vnf->program = program;
	vnf->user = user;
	log_init(program->name, VNF_LOG_INFO);
	service_start();
	if (options_parse(argc, argv, program, &vnf->options) < 0)
		return EXIT_CONFIG;
	if (vnf->options.done)
		return EXIT_SUCCESS;
	if (drop_names_init(&vnf->drops, program->drops) < 0) {
		vnf_error("more than %d drop reasons, or one whose name is not of letters, digits "
			  "and _",
			  VNF_DROPS_MAX);
		return EXIT_CONFIG;
	}
	if (program_commands_check(program) < 0)
		return EXIT_CONFIG;
	if (schema_init(&vnf->schema, program) < 0)
		return EXIT_FAILURE;
	if (vnf->options.reference) {
		vnf_config_print_reference(vnf->schema.sections, vnf->schema.n_sections, stdout);
		ret = EXIT_SUCCESS;
	} else {
		ret = config_run(vnf);
	}
	schema_fini(&vnf->schema);
	return ret;
}
