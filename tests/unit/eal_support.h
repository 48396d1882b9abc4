/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * DPDK for unit tests that need a packet pool: without hugepages, without devices, with a file
 * prefix of its own. Criterion runs each test in a process of its own, so each may start it once.
 */
#ifndef EAL_SUPPORT_H
#define EAL_SUPPORT_H

#include <criterion/criterion.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <vnf/port.h>

#include "vnf_priv.h"

#define SUPPORT_MBUFS 511

/* One lcore on all the CPUs that this process may use. */
static inline void eal_support_lcores(char *text, size_t size)
{
	const char *sep = "0@(";
	cpu_set_t set;
	size_t at = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && at < size; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%d", sep, cpu);
		sep = ",";
	}
	cr_assert_lt(at + 1, size);
	snprintf(text + at, size - at, ")");
}

static inline void eal_support_start(void)
{
	static char lcores[1024], prefix[64];
	static char args[][16] = { "test",           "--no-huge", "--no-shconf",  "--no-pci",
				   "--no-telemetry", "-m64",      "--log-level=4" };
	char *argv[RTE_DIM(args) + 3];
	int argc = 0;

	for (size_t i = 0; i < RTE_DIM(args); i++)
		argv[argc++] = args[i];
	strcpy(lcores, "--lcores=");
	eal_support_lcores(lcores + strlen(lcores), sizeof(lcores) - strlen(lcores));
	argv[argc++] = lcores;
	snprintf(prefix, sizeof(prefix), "--file-prefix=vnf-unit-%d", (int)getpid());
	argv[argc++] = prefix;
	argv[argc] = NULL;
	cr_assert_geq(rte_eal_init(argc, argv), 0, "DPDK does not start");
	clock_init();
}

/* Stop DPDK and remove the directory that it leaves behind. */
static inline void eal_support_stop(void)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	(void)!rmdir(dir);
}

static inline struct rte_mempool *eal_support_pool(uint16_t data_room)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("pool", SUPPORT_MBUFS, 0, 0,
							   RTE_PKTMBUF_HEADROOM + data_room, 0);

	cr_assert_not_null(pool);
	return pool;
}

/* At the end of a test: every packet has come back. */
#define EAL_SUPPORT_POOL_FULL(pool)                                                                \
	cr_assert_eq(rte_mempool_avail_count(pool), SUPPORT_MBUFS,                                 \
		     "%u of %u mbufs are in the pool", rte_mempool_avail_count(pool),              \
		     SUPPORT_MBUFS)

/* A port as the SDK would have it before open. */
static inline void eal_support_port(struct vnf_port *port, const struct vnf_port_kind *kind,
				    struct vnf_port_spec *spec, struct rte_mempool *pool)
{
	memset(port, 0, sizeof(*port));
	if (spec->name == NULL)
		spec->name = "test";
	if (spec->mtu == 0)
		spec->mtu = 1500;
	port->name = spec->name;
	port->spec = spec;
	port->kind = kind;
	port->pool = pool;
	port->mtu = (uint16_t)spec->mtu;
	port->n_queues = spec->queues != 0 ? (uint16_t)spec->queues : 1;
	port->mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 0x42 } };
}

#endif
