/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Cards that spread packets over queues: the hash that software computes is DPDK's Toeplitz hash
 * with our key, and a device is told the key, the types, and for each slot the queue of its owner.
 * The device is DPDK's net_null, which remembers what it is told.
 */

#define ALLOW_EXPERIMENTAL_API /* rte_eth_dev_conf_get() */

#include <rte_ethdev.h>
#include <rte_thash.h>

#include "eal_support.h"
#include "port_ethdev.h"
#include "steer_priv.h"
#include "steer_rss.h"

#define QUEUES 4
#define SLOTS 16
#define KEY_OCTETS 40
#define TABLE_MAX 512

static const struct vnf_port_kind card_kind = {
	.name = "card",
	.queues_max = QUEUES,
	.flags = VNF_KIND_ETHDEV | VNF_KIND_SPREADS,
	.spread = ethdev_spread,
};
static struct vnf_port_spec spec = { .name = "card", .queues = QUEUES };
static struct vnf_program program;
static struct port_slot ports[1];
static uint16_t target[SLOTS];
static struct steer steer;
static struct ethdev dev;
static struct vnf vnf;

/* Two workers: queues 0 and 2 are the first one's, slots below 8 too. */
static void program_make(enum vnf_spread spread)
{
	program.spread = spread;
	vnf.program = &program;
	vnf.n_workers = 2;
	vnf.ports = ports;
	vnf.n_ports = 1;
	steer.n_workers = 2;
	steer.n_slots = SLOTS;
	steer.target = target;
	for (uint32_t s = 0; s < SLOTS; s++)
		target[s] = s / (SLOTS / 2);
	vnf.part_state[PART_STEER] = &steer;
}

static void port_make(struct rte_mempool *pool)
{
	eal_support_port(&ports[0].port, &card_kind, &spec, pool);
	ports[0].port.vnf = &vnf;
	ports[0].port.priv = &dev;
	for (uint16_t q = 0; q < QUEUES; q++)
		ports[0].poller[q] = q % 2;
}

static struct rte_mempool *pool;

static void card_open(bool spreads)
{
	eal_support_start();
	pool = eal_support_pool(2048);
	port_make(pool);
	steer_rss_init(&vnf, &steer);
	dev.ring = 64;
	dev.spreads = spreads;
	cr_assert_eq(ethdev_open(&ports[0].port, &dev, "net_null7", "net_null7,no-rx=1"), 0);
	cr_assert_eq(ethdev_start(&ports[0].port), 0);
}

static void card_close(void)
{
	ethdev_stop(&ports[0].port);
	ethdev_close(&ports[0].port);
	EAL_SUPPORT_POOL_FULL(pool);
	eal_support_stop();
}

/* The device's table: which queue packets of this hash go to. */
static void table_read(uint16_t *queue, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 table[TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE] = { 0 };

	for (size_t i = 0; i < RTE_DIM(table); i++)
		table[i].mask = UINT64_MAX;
	cr_assert_leq(size, TABLE_MAX);
	cr_assert_eq(rte_eth_dev_rss_reta_query(dev.port_id, table, size), 0);
	for (uint16_t i = 0; i < size; i++)
		queue[i] = table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
}

static void key_read(uint8_t *key, uint64_t *types)
{
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = KEY_OCTETS };

	cr_assert_eq(rte_eth_dev_rss_hash_conf_get(dev.port_id, &conf), 0);
	*types = conf.rss_hf;
}

Test(port_ethdev_rss, software_computes_the_hash_of_cards)
{
	uint8_t key[KEY_OCTETS] __rte_aligned(4);
	uint32_t tuple[9], back[9];
	uint64_t seed = 1;

	program_make(VNF_SPREAD_FLOW);
	for (uint32_t round = 0; round < 1000; round++) {
		uint32_t sum = 0;

		steer.rss_word = (uint16_t)(0x1d5a + round * 2);
		for (size_t i = 0; i < sizeof(key); i++)
			key[i] = (uint8_t)(i % 2 == 0 ? steer.rss_word >> 8 : steer.rss_word);
		for (size_t i = 0; i < RTE_DIM(tuple); i++) {
			seed = seed * 6364136223846793005U + 1442695040888963407U;
			tuple[i] = (uint32_t)(seed >> 32);
			sum ^= tuple[i];
		}
		/* Of IPv6: the addresses change places, and the ports. */
		memcpy(back, tuple + 4, 16);
		memcpy(back + 4, tuple, 16);
		back[8] = tuple[8] << 16 | tuple[8] >> 16;
		cr_assert_eq(rte_softrss(tuple, 9, key) & UINT16_MAX, steer_rss_hash(&vnf, sum));
		cr_assert_eq(rte_softrss(back, 9, key), rte_softrss(tuple, 9, key));
	}
}

/* No two sums have the same hash, so no slot is without packets. */
Test(port_ethdev_rss, the_word_loses_nothing)
{
	static uint8_t seen[UINT16_MAX + 1];

	program_make(VNF_SPREAD_FLOW);
	ports[0].port = (struct vnf_port){ .name = "card", .n_queues = QUEUES };
	ports[0].port.kind = &card_kind;
	steer_rss_init(&vnf, &steer);
	cr_assert_neq(steer.rss_word, 0);
	for (uint32_t sum = 0; sum <= UINT16_MAX; sum++)
		seen[steer_rss_hash(&vnf, sum)]++;
	for (uint32_t hash = 0; hash <= UINT16_MAX; hash++)
		cr_assert_eq(seen[hash], 1, "%u", hash);
}

Test(port_ethdev_rss, slots_come_to_their_owners)
{
	uint16_t queue[TABLE_MAX];
	uint8_t key[KEY_OCTETS];
	uint64_t types;

	program_make(VNF_SPREAD_FLOW);
	card_open(true);
	key_read(key, &types);
	cr_expect_eq(key[0] << 8 | key[1], steer.rss_word);
	cr_expect_neq(types & RTE_ETH_RSS_NONFRAG_IPV4_TCP, 0);
	cr_assert_gt(dev.rss_table, SLOTS);
	table_read(queue, dev.rss_table);
	for (uint16_t i = 0; i < dev.rss_table; i++)
		cr_assert_eq(queue[i] % 2, target[i % SLOTS], "%u: queue %u", i, queue[i]);
	/* Both of a worker's queues are used. */
	cr_expect_neq(queue[0], queue[SLOTS]);
	target[3] = 1;
	card_kind.spread(&ports[0].port);
	table_read(queue, dev.rss_table);
	cr_expect_eq(queue[3] % 2, 1);
	cr_expect_eq(queue[2] % 2, 0);
	card_close();
}

Test(port_ethdev_rss, a_pair_of_hosts_meets)
{
	uint8_t key[KEY_OCTETS];
	uint64_t types;

	program_make(VNF_SPREAD_PAIR);
	card_open(true);
	key_read(key, &types);
	cr_expect_neq(types & RTE_ETH_RSS_IPV4, 0);
	cr_expect_eq(types & (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP), 0);
	card_close();
}

/* Without slots: evenly, with the word that everybody knows. */
Test(port_ethdev_rss, a_program_that_does_not_steer)
{
	uint16_t queue[TABLE_MAX];
	uint8_t key[KEY_OCTETS];
	uint64_t types;

	program_make(VNF_SPREAD_OWN);
	vnf.part_state[PART_STEER] = NULL;
	card_open(true);
	key_read(key, &types);
	cr_expect_eq(key[0] << 8 | key[1], 0x6d5a);
	table_read(queue, dev.rss_table);
	for (uint16_t i = 0; i < dev.rss_table; i++)
		cr_assert_eq(queue[i], i % QUEUES);
	card_close();
}

Test(port_ethdev_rss, a_kind_that_must_not)
{
	struct rte_eth_conf conf;

	program_make(VNF_SPREAD_FLOW);
	card_open(false);
	cr_assert_eq(rte_eth_dev_conf_get(dev.port_id, &conf), 0);
	cr_expect_eq(conf.rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
	cr_expect_eq(dev.rss_table, 0);
	card_close();
}
