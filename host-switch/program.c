/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Puts the switch together from its configuration and hands its parts to the threads: the data
 * path to the workers, learning to the control thread.
 */
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <rte_version.h>

#include "config.h"
#include "port_vhost.h"

#define NS_PER_SECOND 1000000000ull

static const struct hsw_port_spec *port_spec(const struct vnf_port *port)
{
	return (const struct hsw_port_spec *)port->spec;
}

static bool has_vhost(const struct vnf *vnf)
{
	for (uint16_t i = 0; i < vnf_port_count(vnf); i++)
		if (vnf_port(vnf, i)->kind == &hsw_port_kind_vhost_user)
			return true;
	return false;
}

static int check_vhost_version(const struct vnf *vnf)
{
	const struct hsw_config *config = vnf_config(vnf);
	char why[160];

	if (!has_vhost(vnf) || hsw_guard_supported(rte_version(), why, sizeof(why)))
		return 0;
	if (config->allow_old_vhost) {
		vnf_warning("%s; going on because of allow_old_vhost", why);
		return 0;
	}
	vnf_error("%s; install another DPDK, or set allow_old_vhost = true if all guests are "
		  "trusted",
		  why);
	return -ENOTSUP;
}

static int fdb_create(const struct vnf *vnf, struct hsw_fdb **fdb)
{
	const struct hsw_config *config = vnf_config(vnf);
	int ret = hsw_fdb_create((uint32_t)config->mac_table_size, fdb);

	if (ret < 0)
		return ret;
	for (uint16_t i = 0; i < vnf_port_count(vnf); i++)
		hsw_fdb_set_limit(*fdb, i, port_spec(vnf_port(vnf, i))->mac_limit);
	return 0;
}

static int switch_create(struct vnf *vnf, struct hsw_switch **sw)
{
	struct vnf_port *ports[VNF_PORTS_MAX];
	uint16_t n = vnf_port_count(vnf);
	struct hsw_fdb *fdb;

	for (uint16_t i = 0; i < n; i++)
		ports[i] = vnf_port(vnf, i);
	if (fdb_create(vnf, &fdb) < 0)
		return -ENOMEM;
	return hsw_switch_create(ports, n, vnf_worker_count(vnf), fdb, sw);
}

/* A guest takes some dozens of descriptors; the usual soft limit, 1,024, is for select(). */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		vnf_warning("cannot raise the limit of open files");
}

int hsw_init(struct vnf *vnf)
{
	const struct hsw_config *config = vnf_config(vnf);
	struct hsw_switch *sw;
	int ret = check_vhost_version(vnf);

	if (ret < 0)
		return ret;
	raise_file_limit();
	ret = switch_create(vnf, &sw);
	if (ret < 0) {
		vnf_error("no memory for a table of %llu addresses",
			  (unsigned long long)config->mac_table_size);
		return ret;
	}
	vnf_set_state(vnf, sw);
	ret = hsw_learn_init(sw, (uint32_t)(config->ageing / NS_PER_SECOND), vnf_is_replay(vnf));
	if (ret < 0)
		return ret;
	return hsw_telemetry_start(vnf, sw);
}

/* ---- reloads ---- */

int hsw_build(struct vnf *vnf, const struct vnf_build *from, void **built)
{
	const struct hsw_switch *sw = vnf_state(vnf);
	const struct hsw_port_spec *specs[VNF_PORTS_MAX];

	for (uint16_t i = 0; i < from->n_ports; i++)
		specs[i] = (const struct hsw_port_spec *)from->port[i];
	*built = hsw_config_topology(from->config, specs, from->n_ports, sw->topology);
	return *built != NULL ? 0 : -ENOMEM;
}

void hsw_discard(struct vnf *vnf, void *built)
{
	(void)vnf;
	hsw_topology_destroy(built);
}

/* Nobody is to be led by what was learned at a port that moves: first the addresses go, then the
 * topology.
 */
void hsw_installing(struct vnf *vnf, void *built)
{
	struct hsw_switch *sw = vnf_state(vnf);
	uint16_t n = vnf_port_count(vnf);

	for (uint16_t i = 0; i < n; i++)
		sw->ports[i] = vnf_port(vnf, i);
	__atomic_store_n(&sw->n_ports, n, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++) {
		struct hsw_attach before = hsw_attach_at(sw->topology, i);
		struct hsw_attach after = hsw_attach_at(built, i);

		if (before.domain != after.domain || before.wire != after.wire)
			hsw_fdb_flush_port(sw->fdb, i);
	}
	sw->topology = built;
}

void hsw_installed(struct vnf *vnf, void *built)
{
	const struct hsw_config *config = vnf_config(vnf);
	struct hsw_switch *sw = vnf_state(vnf);
	uint16_t n = vnf_port_count(vnf);

	for (uint16_t i = 0; i < VNF_PORTS_MAX; i++)
		sw->ports[i] = i < n ? vnf_port(vnf, i) : NULL;
	__atomic_store_n(&sw->n_ports, n, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < n; i++)
		if (sw->ports[i] != NULL)
			hsw_fdb_set_limit(sw->fdb, i, hsw_attach_at(built, i).mac_limit);
	hsw_learn_discard(sw);
	hsw_learn_forget_domains(sw);
	hsw_learn_set_ageing(sw, (uint32_t)(config->ageing / NS_PER_SECOND));
}

void hsw_changing(struct vnf *vnf, bool begins)
{
	(void)vnf;
	hsw_telemetry_hold(begins);
}

const char *hsw_peer_fault(const struct vnf_port *port)
{
	const struct hsw_vhost *v = port->priv;

	if (port->kind != &hsw_port_kind_vhost_user || v == NULL)
		return NULL;
	if (__atomic_load_n(&v->watch.sharing.result, __ATOMIC_RELAXED) == HSW_SHARING_NO)
		return "its memory is not shared with us; QEMU needs share=on";
	if (__atomic_load_n(&v->lost, __ATOMIC_RELAXED) != 0)
		return "its packed rings lost their place; the guest has to reset the device";
	return NULL;
}

/* ---- workers ---- */

static void worker_connect(struct hsw_worker *w)
{
	struct vnf_port *ports[VNF_PORTS_MAX];
	uint16_t n = w->worker->n_ports;

	for (uint16_t i = 0; i < n; i++)
		ports[i] = vnf_worker_port(w->worker, i);
	w->rxqs = vnf_worker_rxqs(w->worker, &w->n_rxqs);
	w->generation = w->worker->generation;
	hsw_worker_connect(w, ports, n, w->worker->built);
	for (uint16_t i = 0; i < n; i++)
		w->out[i].latency = vnf_worker_latency(w->worker, i);
}

int hsw_worker_init(struct vnf_worker *worker)
{
	struct hsw_switch *sw = vnf_state(worker->vnf);
	struct hsw_worker *w = sw->workers[worker->id];

	w->worker = worker;
	w->counters = vnf_worker_counters(worker);
	worker->state = w;
	sw->topology = worker->built;
	worker_connect(w);
	return 0;
}

uint32_t hsw_pass(struct vnf_worker *worker)
{
	struct hsw_worker *w = worker->state;

	if (unlikely(w->generation != worker->generation))
		worker_connect(w);
	return hsw_switch_pass(w, worker->now_ns);
}

/* ---- control thread ---- */

void hsw_control(struct vnf *vnf)
{
	struct hsw_switch *sw = vnf_state(vnf);

	/* A guest that went and came within 100 ms is another one all the same. */
	for (uint16_t i = 0; i < sw->n_ports; i++)
		if (sw->ports[i] != NULL && hsw_vhost_was_down(sw->ports[i]))
			hsw_fdb_flush_port(sw->fdb, i);
	hsw_learn_poll(sw);
}

void hsw_link(struct vnf *vnf, struct vnf_port *port, bool up)
{
	struct hsw_switch *sw = vnf_state(vnf);

	if (!up)
		hsw_fdb_flush_port(sw->fdb, port->id);
}

void hsw_fini(struct vnf *vnf)
{
	hsw_telemetry_stop();
	hsw_switch_destroy(vnf_state(vnf));
	vnf_set_state(vnf, NULL);
}
