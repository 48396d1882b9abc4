/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "ethdev_rss.h"

#include <rte_errno.h>
#include <rte_thash.h>

#include <vnf/log.h>

#include "port_ethdev.h"
#include "steer_rss.h"
#include "vnf_priv.h"

#define KEY_MIN 40
#define KEY_MAX 64
#define TABLE_MAX RTE_ETH_RSS_RETA_SIZE_512
/* Flows that the test looks at. */
#define TEST_FLOWS 64

#define TYPES_ADDRESSES                                                                            \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |               \
	 RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER)
#define TYPES_PORTS                                                                                \
	(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |                             \
	 RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

static void key_make(uint16_t word, uint8_t *key, size_t size)
{
	for (size_t i = 0; i < size; i++)
		key[i] = (uint8_t)(i % 2 == 0 ? word >> 8 : word);
}

static uint64_t types_of(const struct vnf *vnf, const struct rte_eth_dev_info *info)
{
	uint64_t types = TYPES_ADDRESSES;

	if (vnf->program->spread != VNF_SPREAD_PAIR)
		types |= TYPES_PORTS;
	return types & info->flow_type_rss_offloads;
}

/* Some drivers do not say it. */
static uint8_t key_size(const struct rte_eth_dev_info *info)
{
	return info->hash_key_size != 0 ? info->hash_key_size : KEY_MIN;
}

static bool can_spread(const struct vnf_port *port, const struct rte_eth_dev_info *info)
{
	return port->n_queues > 1 && types_of(port->vnf, info) != 0 && key_size(info) >= KEY_MIN &&
	       key_size(info) <= KEY_MAX && info->reta_size != 0 && info->reta_size <= TABLE_MAX;
}

void ethdev_rss_choose(const struct vnf_port *port, const struct rte_eth_dev_info *info,
		       struct rte_eth_conf *conf)
{
	static uint8_t key[KEY_MAX]; /* read when the device is configured, one at a time */

	if (!can_spread(port, info))
		return;
	key_make(steer_rss_word(port->vnf), key, sizeof(key));
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
		.rss_key = key,
		.rss_key_len = key_size(info),
		.rss_hf = types_of(port->vnf, info),
	};
}

/* ---- what the device made of it ---- */

/* Does this key, by DPDK's own hash, give both directions the same value, and the one that software
 * computes?
 */
static bool key_is_right(const struct vnf *vnf, const uint8_t *key)
{
	struct vnf_random random;

	vnf_random_init(&random, 0);
	for (uint32_t i = 0; i < TEST_FLOWS; i++) {
		uint64_t r = vnf_random_next(&random);
		uint32_t a = (uint32_t)r, b = (uint32_t)(r >> 32);
		uint32_t ports = (uint32_t)vnf_random_next(&random);
		uint32_t there[] = { a, b, ports }, back[] = { b, a, ports << 16 | ports >> 16 };
		uint32_t hash = rte_softrss(there, RTE_DIM(there), key);

		if (hash != rte_softrss(back, RTE_DIM(back), key) ||
		    (hash & UINT16_MAX) != steer_rss_hash(vnf, a ^ b ^ ports))
			return false;
	}
	return true;
}

/* The key and the types that are in force. False, with words: they are not those that we need. */
static bool device_is_right(const struct vnf_port *port, uint16_t port_id, const char **why)
{
	uint8_t key[KEY_MAX] __rte_aligned(4) = { 0 };
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = sizeof(key) };

	*why = "it does not say which key it has";
	if (rte_eth_dev_rss_hash_conf_get(port_id, &conf) < 0)
		return false;
	*why = "its key is another one: both directions of a flow may come to different queues";
	if (!key_is_right(port->vnf, key))
		return false;
	*why = "it does not hash IP addresses";
	return (conf.rss_hf & TYPES_ADDRESSES) != 0;
}

/* ---- the table of queues ---- */

static int table_write(const struct vnf_port *port, uint16_t port_id, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 table[TABLE_MAX / RTE_ETH_RETA_GROUP_SIZE] = { 0 };

	for (uint16_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= UINT64_C(1) << (i % RTE_ETH_RETA_GROUP_SIZE);
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = steer_rss_queue(port->vnf, port, i);
	}
	return rte_eth_dev_rss_reta_update(port_id, table, size);
}

void ethdev_rss_renew(struct vnf_port *port, struct ethdev *dev)
{
	int ret;

	if (dev->rss_table == 0)
		return;
	ret = table_write(port, dev->port_id, dev->rss_table);
	if (ret < 0)
		vnf_log_limited(&dev->limit, VNF_LOG_WARNING,
				"port \"%s\": the card's table of queues stays: %s", port->name,
				rte_strerror(-ret));
}

/* Some drivers forget what they were configured with, and take it when they run. */
static void device_set(const struct vnf_port *port, uint16_t port_id,
		       const struct rte_eth_dev_info *info)
{
	struct rte_eth_conf conf = { 0 };

	ethdev_rss_choose(port, info, &conf);
	rte_eth_dev_rss_hash_update(port_id, &conf.rx_adv_conf.rss_conf);
}

void ethdev_rss_start(struct vnf_port *port, struct ethdev *dev)
{
	struct rte_eth_dev_info info;
	const char *why = "";
	int ret = 0;

	dev->rss_table = 0;
	if (!dev->spreads || port->n_queues == 1 || rte_eth_dev_info_get(dev->port_id, &info) < 0)
		return;
	if (!can_spread(port, &info)) {
		vnf_info("port \"%s\": the device does not spread packets over its queues",
			 port->name);
		return;
	}
	if (!device_is_right(port, dev->port_id, &why))
		device_set(port, dev->port_id, &info);
	if (device_is_right(port, dev->port_id, &why))
		ret = table_write(port, dev->port_id, info.reta_size);
	else
		ret = -ENOTSUP;
	if (ret < 0) {
		vnf_warning("port \"%s\": packets are spread over the queues as the device likes: "
			    "%s",
			    port->name, ret == -ENOTSUP ? why : rte_strerror(-ret));
		return;
	}
	dev->rss_table = info.reta_size;
	vnf_info("port \"%s\": packets are spread over %u queues by %s, both directions alike",
		 port->name, port->n_queues,
		 port->vnf->program->spread == VNF_SPREAD_PAIR ? "addresses"
							       : "addresses and ports");
}
