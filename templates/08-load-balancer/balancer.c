/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A load balancer: connections to the address and port of a service go to one of its back ends
 * (services.c). When a back end comes or goes, the connections that stand stay where they are: a
 * session remembers the back end until its connection ends (connections.c). Answers come back
 * through here, so the back ends' way to clients is this machine. ICMP errors about a connection
 * reach who they are for, translated (RFC 5508 section 4).
 */
#include <stdlib.h>

#include <vnf/edit.h>
#include <vnf/ip.h>
#include <vnf/steer.h>
#include <vnf/vnf.h>

#include "connections.h"
#include "services.h"

enum {
	DROP_FULL = VNF_DROP_USER,
	DROP_FRAGMENT,
	DROP_PORT,
	DROP_STRAY,
	DROP_ITSELF,
};

static const struct vnf_drop drops[] = {
	{ "full", "there is no room for its connection" },
	{ "fragment", "to a service or from a back end, in fragments: their ports are not known" },
	{ "port", "its client's port has a connection to that back end, by another service" },
	{ "stray", "TCP of no connection that could not have begun or stood before" },
	{ "itself", "from a back end to a service that has no other one" },
	{ 0 },
};

static void services_discard(struct vnf *vnf, void *built)
{
	(void)vnf;
	free(built);
}

/* All of a client's packets, both ways, meet in one slot. */
static uint32_t client_slot(const struct vnf_worker *worker, const uint8_t *client)
{
	uint64_t half[2];

	memcpy(half, client, sizeof(half));
	return vnf_slot_of(worker, half[0], half[1], 0);
}

static void turn(struct vnf_session_key6 *key)
{
	struct vnf_session_key6 other = *key;

	memcpy(other.src, key->dst, sizeof(other.src));
	memcpy(other.dst, key->src, sizeof(other.dst));
	other.sport = key->dport;
	other.dport = key->sport;
	*key = other;
}

static void set_address(struct rte_mbuf *pkt, const struct vnf_headers *h, const uint8_t *address,
			bool source)
{
	uint32_t ipv4;

	memcpy(&ipv4, address + 12, sizeof(ipv4));
	if (vnf_is_ipv4(h))
		source ? vnf_set_ipv4_src(pkt, h, ipv4) : vnf_set_ipv4_dst(pkt, h, ipv4);
	else
		source ? vnf_set_ipv6_src(pkt, h, address) : vnf_set_ipv6_dst(pkt, h, address);
}

/* A new connection: its key becomes two. */
static vnf_verdict_t connect_to(struct vnf_worker *worker, const struct service *service,
				uint32_t slot, const struct vnf_session_key6 *key,
				struct vnf_session_hit *hit)
{
	struct vnf_session_key6 keys[2] = { *key, *key };
	uint32_t in_class = key->proto == IPPROTO_TCP ? CONNECTION_OPENING : CONNECTION_NOT_TCP;
	const uint8_t *back_end = service_choose(service, key);
	int ret;

	if (back_end == NULL)
		return VNF_DROP(DROP_ITSELF);
	memcpy(keys[1].dst, back_end, sizeof(keys[1].dst));
	turn(&keys[1]);
	ret = vnf_session_create(worker, worker->sessions[0], slot, keys, in_class, hit);
	if (ret != 0)
		return VNF_DROP(ret == -EADDRINUSE ? DROP_PORT : DROP_FULL);
	return VNF_IP_PASS;
}

/* The connection of a packet from a client, which may be a new one. */
static vnf_verdict_t client_session(struct vnf_worker *worker, struct rte_mbuf *pkt,
				    const struct vnf_headers *h, uint32_t slot,
				    const struct vnf_session_key6 *key, struct vnf_session_hit *hit)
{
	const struct service *service;

	if (vnf_session_find(worker, worker->sessions[0], slot, key, hit) != NULL) {
		if (!connection_begins_anew(pkt, h, hit->session))
			return VNF_IP_PASS;
		vnf_session_remove(worker, worker->sessions[0], hit->session);
	}
	service = service_find(worker->built, key);
	if (service == NULL)
		return VNF_IP_LOCAL;
	if (!connection_begins(pkt, h))
		return VNF_DROP(DROP_STRAY);
	return connect_to(worker, service, slot, key, hit);
}

static vnf_verdict_t from_client(struct vnf_worker *worker, struct rte_mbuf *pkt,
				 const struct vnf_headers *h, uint32_t slot,
				 const struct vnf_session_key6 *key)
{
	struct vnf_session_hit hit;
	vnf_verdict_t verdict = client_session(worker, pkt, h, slot, key, &hit);

	if (verdict != VNF_IP_PASS)
		return verdict;
	set_address(pkt, h, vnf_session_key6(hit.session, 1)->src, false);
	connection_follow(worker, pkt, h, hit.session, CLIENT);
	return VNF_IP_PASS;
}

static vnf_verdict_t from_back_end(struct vnf_worker *worker, struct rte_mbuf *pkt,
				   const struct vnf_headers *h, uint32_t slot,
				   const struct vnf_session_key6 *key)
{
	struct vnf_session_hit hit;

	if (vnf_session_find(worker, worker->sessions[0], slot, key, &hit) == NULL || hit.key != 1)
		return VNF_IP_PASS;
	set_address(pkt, h, vnf_session_key6(hit.session, 0)->dst, true);
	connection_follow(worker, pkt, h, hit.session, BACK_END);
	return VNF_IP_PASS;
}

/* An error about a packet of ours: who sent that believes in other addresses. A client hears of
 * it from the service, whose network it may not know (RFC 5508 section 4.2).
 */
static vnf_verdict_t error_pass(struct vnf_worker *worker, struct rte_mbuf *pkt,
				const struct vnf_headers *h, const struct vnf_headers *quote,
				uint32_t slot, const struct vnf_session_key6 *key,
				vnf_verdict_t verdict)
{
	struct vnf_session_hit hit;

	if (vnf_session_find(worker, worker->sessions[0], slot, key, &hit) == NULL)
		return verdict;
	if (hit.key == 1) {
		set_address(pkt, quote, vnf_session_key6(hit.session, 0)->dst, false);
		set_address(pkt, h, vnf_session_key6(hit.session, 0)->dst, true);
		return verdict;
	}
	set_address(pkt, quote, vnf_session_key6(hit.session, 1)->src, true);
	set_address(pkt, h, vnf_session_key6(hit.session, 1)->src, false);
	return VNF_IP_PASS;
}

/* None is translated, as only the first one has ports; the others would leave as they came. */
static vnf_verdict_t fragment(struct vnf_worker *worker, struct rte_mbuf *pkt,
			      const struct vnf_headers *h, vnf_verdict_t verdict)
{
	struct vnf_headers bare = *h;
	struct vnf_session_key6 key;

	bare.proto = VNF_PROTO_NONE;
	bare.fragment_offset = 0;
	if (vnf_session_key_make(pkt, &bare, 0, &key) && services_between(worker->built, &key))
		return VNF_DROP(DROP_FRAGMENT);
	return verdict;
}

/* No other packets than those to a service and from back ends change. What is to an own address is
 * from a client.
 */
static vnf_verdict_t balance(struct vnf_worker *worker, struct rte_mbuf *pkt,
			     const struct vnf_headers *h, vnf_verdict_t verdict)
{
	bool to_us = verdict != VNF_IP_PASS, error = vnf_is_icmp_error(pkt, h);
	struct vnf_headers quote = *h;
	struct vnf_session_key6 key;
	uint32_t slot;

	if ((h->flags & VNF_FRAGMENT) != 0)
		return fragment(worker, pkt, h, verdict);
	if (error && vnf_parse_quote(pkt, h, &quote) != 0)
		return verdict;
	if (!vnf_session_key_make(pkt, &quote, 0, &key))
		return verdict;
	if (error)
		turn(&key);
	slot = client_slot(worker, to_us ? key.src : key.dst);
	if (!vnf_slot_enter(worker, slot))
		return VNF_TO_SLOT(slot);
	if (error)
		return error_pass(worker, pkt, h, &quote, slot, &key, verdict);
	return verdict == VNF_IP_LOCAL  ? from_client(worker, pkt, h, slot, &key)
	       : verdict == VNF_IP_PASS ? from_back_end(worker, pkt, h, slot, &key)
					: verdict;
}

static void balancer(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		     vnf_verdict_t *verdicts, uint16_t n)
{
	struct vnf_headers h[VNF_BURST_MAX];

	vnf_ip_receive(worker, port, pkts, h, verdicts, n);
	for (uint16_t i = 0; i < n; i++)
		if ((verdicts[i] & VNF_VERDICT_DROP) == 0)
			verdicts[i] = balance(worker, pkts[i], &h[i], verdicts[i]);
	vnf_ip_forward(worker, port, pkts, h, verdicts, n);
}

int main(int argc, char **argv)
{
	static const struct vnf_app app = {
		VNF_APP("load-balancer"),
		.config = services_keys,
		.config_size = sizeof(struct vnf_config_list),
		.check = services_check,
		.build = services_build,
		.discard = services_discard,
		.burst = balancer,
		.drops = drops,
		.sessions = connections_table,
		.parts = { VNF_IP, VNF_STEER },
		.stateful = true,
	};

	return vnf_run(argc, argv, &app);
}
