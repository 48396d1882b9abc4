/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A load balancer: connections to the address and port of a service go to one of its back ends
 * (services.c). When a back end comes or goes, the connections that stand stay where they are: a
 * session remembers the back end until its connection ends (RFC 5382 section 5, RFC 4787 section
 * 4.3). Answers come back through here, so the back ends' way to clients is this machine. ICMP
 * errors about a connection reach who they are for, translated (RFC 5508 section 4).
 */
#include <stdlib.h>

#include <vnf/edit.h>
#include <vnf/ip.h>
#include <vnf/steer.h>
#include <vnf/vnf.h>

#include "services.h"

enum {
	DROP_FULL = VNF_DROP_USER,
	DROP_FRAGMENT,
};

static const struct vnf_drop drops[] = {
	{ "full", "there is no room for its connection" },
	{ "fragment", "of a service, in fragments: their ports are not known" },
	{ 0 },
};

static void services_discard(struct vnf *vnf, void *built)
{
	(void)vnf;
	free(built);
}

/* ---- sessions: their first key is the client's, the second one the back end's ---- */

enum {
	OPENING,
	OPEN,
	CLOSING,
	ALL_ELSE,
};

static bool balancer_table(const struct vnf *vnf, const void *config, uint32_t i,
			   struct vnf_sessions_conf *conf)
{
	static const struct vnf_session_class classes[] = {
		[OPENING] = { "opening", 240 * VNF_SECOND_NS, 1 },
		[OPEN] = { "open", 7440 * VNF_SECOND_NS, 0 },
		[CLOSING] = { "closing", 240 * VNF_SECOND_NS, 2 },
		[ALL_ELSE] = { "not TCP", 300 * VNF_SECOND_NS, 3 },
	};

	(void)vnf;
	(void)config;
	conf->name = "connections";
	conf->sessions = 1000000;
	conf->key_size = sizeof(struct vnf_session_key6);
	conf->keys = 2;
	conf->classes = classes;
	conf->n_classes = RTE_DIM(classes);
	return i == 0;
}

static void follow(struct vnf_worker *worker, struct rte_mbuf *pkt, const struct vnf_headers *h,
		   struct vnf_session *session, bool answer)
{
	uint32_t to = session->in_class;

	if (h->proto == IPPROTO_TCP &&
	    (vnf_tcp(pkt, h)->tcp_flags & (RTE_TCP_FIN_FLAG | RTE_TCP_RST_FLAG)) != 0)
		to = CLOSING;
	else if (to == OPENING && answer)
		to = OPEN;
	vnf_session_move(worker, worker->sessions[0], session, to);
}

/* ---- packets ---- */

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
static int connect_to(struct vnf_worker *worker, const struct service *service, uint32_t slot,
		      const struct vnf_session_key6 *key, struct vnf_session_hit *hit)
{
	struct vnf_session_key6 keys[2] = { *key, *key };
	uint32_t in_class = key->proto == IPPROTO_TCP ? OPENING : ALL_ELSE;

	memcpy(keys[1].dst, service_choose(service, key), sizeof(keys[1].dst));
	turn(&keys[1]);
	return vnf_session_create(worker, worker->sessions[0], slot, keys, in_class, hit);
}

/* The connection ended and begins anew. */
static bool begins_anew(struct rte_mbuf *pkt, const struct vnf_headers *h,
			const struct vnf_session *session)
{
	return session->in_class == CLOSING &&
	       (vnf_tcp(pkt, h)->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) ==
		       RTE_TCP_SYN_FLAG;
}

/* The connection of a packet from a client, which may be a new one. */
static int client_session(struct vnf_worker *worker, struct rte_mbuf *pkt,
			  const struct vnf_headers *h, uint32_t slot,
			  const struct vnf_session_key6 *key, struct vnf_session_hit *hit)
{
	const struct service *service;

	if (vnf_session_find(worker, worker->sessions[0], slot, key, hit) != NULL) {
		if (!begins_anew(pkt, h, hit->session))
			return 0;
		vnf_session_remove(worker, worker->sessions[0], hit->session);
	}
	service = service_find(worker->built, key->dst, key->dport);
	return service != NULL ? connect_to(worker, service, slot, key, hit) : -ENOENT;
}

static vnf_verdict_t from_client(struct vnf_worker *worker, struct rte_mbuf *pkt,
				 const struct vnf_headers *h, uint32_t slot,
				 const struct vnf_session_key6 *key)
{
	struct vnf_session_hit hit;
	int ret = client_session(worker, pkt, h, slot, key, &hit);

	if (ret == -ENOENT)
		return VNF_IP_LOCAL;
	if (ret != 0)
		return VNF_DROP(DROP_FULL);
	set_address(pkt, h, vnf_session_key6(hit.session, 1)->src, false);
	follow(worker, pkt, h, hit.session, false);
	return VNF_IP_PASS;
}

static vnf_verdict_t from_back_end(struct vnf_worker *worker, struct rte_mbuf *pkt,
				   const struct vnf_headers *h, uint32_t slot,
				   const struct vnf_session_key6 *key)
{
	struct vnf_session_hit hit;

	if (vnf_session_find(worker, worker->sessions[0], slot, key, &hit) == NULL || hit.key != 1)
		return VNF_IP_PASS;
	if ((h->flags & VNF_FRAGMENT) != 0)
		return VNF_DROP(DROP_FRAGMENT);
	set_address(pkt, h, vnf_session_key6(hit.session, 0)->dst, true);
	follow(worker, pkt, h, hit.session, true);
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

	if (to_us && (h->flags & VNF_FRAGMENT) != 0)
		return VNF_DROP(DROP_FRAGMENT);
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
		.sessions = balancer_table,
		.parts = { VNF_IP, VNF_STEER },
		.stateful = true,
	};

	return vnf_run(argc, argv, &app);
}
