/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A DHCP client for each interface that is configured so: RFC 2131, with messages by dhcp.c.
 *
 *     DOWN -> WAITING -> SELECTING -> REQUESTING -> BOUND -> RENEWING -> REBINDING -> WAITING
 *
 * Worker 0 sends, receives, and looks at the clients whenever it looks at the links. What a lease
 * says takes effect with tables that the control thread builds: it is told by a flag, and reads the
 * lease (ip_dhcp_get) by a number that is odd while it changes. Whether an address is free is found
 * out by ip_own.c, which tells of a conflict. When the link comes back, a lease that has not ended
 * is asked for anew, as in REBINDING.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_ip.h>

#include "packet_sum.h"
#include "reload.h"

/* RFC 2131 section 4.1: doubled each time, give or take a second. */
#define BACKOFF_FIRST_NS (4 * VNF_SECOND_NS)
#define BACKOFF_DOUBLINGS 4
#define JITTER_MS 1000
#define REQUESTS_MAX 4
/* RFC 2131 sections 3.1 and 4.4.5. */
#define DECLINED_NS (10 * VNF_SECOND_NS)
#define AGAIN_MIN_NS (60 * VNF_SECOND_NS)
/* A server that offers what it then refuses does not keep us busy. */
#define REFUSED_NS (2 * VNF_SECOND_NS)
/* How long the control thread leaves it at that when tables could not be built. */
#define RETRY_NS VNF_SECOND_NS
#define OCTETS_MAX 1500
#define HEADERS_BYTES ((uint32_t)(sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr)))

struct client {
	ip_link_t link; /* IP_LINK_NONE: free */
	bool wanted;    /* by the tables */
	uint8_t tries;
	uint32_t xid;
	uint64_t began_ns;            /* the exchange, for `secs` */
	uint16_t secs;                /* of the last message that was no request for an offer */
	uint64_t asked_ns;            /* the lease counts from here */
	uint64_t next_ns;             /* when there is something to do */
	uint64_t t1_ns, t2_ns;        /* of the lease */
	struct dhcp_reply offer;      /* what is asked for */
	struct rte_ether_addr server; /* by which the lease came */
	/* Read by the control thread; `seq` is odd while it changes. */
	uint32_t seq;
	struct ip_dhcp_info info;
};

struct ip_dhcp {
	uint32_t n;       /* places in use so far */
	uint32_t changed; /* tables are to be built; worker 0 sets it, control takes it */
	struct vnf_random random;
	struct client client[VNF_IP_INTERFACES_MAX];
	/* The control thread's. */
	uint64_t retry_ns;
	struct vnf_log_limit limit;
	uint32_t told[VNF_IP_INTERFACES_MAX]; /* `changes` of clients, as the log has it */
};

/* ---- what others read ---- */

static void change_begin(struct client *c)
{
	__atomic_store_n(&c->seq, c->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct client *c)
{
	__atomic_store_n(&c->seq, c->seq + 1, __ATOMIC_RELEASE);
}

static bool client_read(const struct client *c, ip_link_t link, struct ip_dhcp_info *info)
{
	ip_link_t of;
	uint32_t seq;

	do {
		seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);
		of = __atomic_load_n(&c->link, __ATOMIC_RELAXED);
		*info = c->info;
		/* Pairs with the release in change_end(). */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((seq & 1) != 0 || __atomic_load_n(&c->seq, __ATOMIC_RELAXED) != seq);
	return of == link;
}

bool ip_dhcp_get(const struct ip_node *node, ip_link_t link, struct ip_dhcp_info *info)
{
	uint32_t n = __atomic_load_n(&node->dhcp->n, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++)
		if (client_read(&node->dhcp->client[i], link, info))
			return true;
	return false;
}

const char *ip_dhcp_state_name(enum ip_dhcp_state state)
{
	static const char *const names[] = {
		[IP_DHCP_DOWN] = "down",           [IP_DHCP_WAITING] = "waiting",
		[IP_DHCP_SELECTING] = "selecting", [IP_DHCP_REQUESTING] = "requesting",
		[IP_DHCP_BOUND] = "bound",         [IP_DHCP_RENEWING] = "renewing",
		[IP_DHCP_REBINDING] = "rebinding",
	};

	return names[state];
}

static void state_set(struct client *c, enum ip_dhcp_state state)
{
	change_begin(c);
	c->info.state = state;
	change_end(c);
}

static void tables_ask(struct ip_worker *w)
{
	__atomic_store_n(&w->node->dhcp->changed, 1, __ATOMIC_RELEASE);
}

/* ---- messages ---- */

static uint64_t backoff(struct ip_worker *w, struct client *c)
{
	uint32_t doublings = RTE_MIN(c->tries, BACKOFF_DOUBLINGS);
	uint64_t jitter = vnf_random_below(&w->node->dhcp->random, 2 * JITTER_MS + 1);

	c->tries = (uint8_t)RTE_MIN(c->tries + 1, UINT8_MAX);
	return (BACKOFF_FIRST_NS << doublings) + jitter * IP_NS_PER_MS - JITTER_MS * IP_NS_PER_MS;
}

static void exchange_begin(struct ip_worker *w, struct client *c)
{
	c->xid = (uint32_t)vnf_random_next(&w->node->dhcp->random);
	c->began_ns = w->worker->now_ns;
	c->tries = 0;
}

/* RFC 2131 section 3.1: the request for an offer says what the discovery said. */
static uint16_t secs_of(const struct ip_worker *w, struct client *c)
{
	uint64_t secs = (w->worker->now_ns - c->began_ns) / VNF_SECOND_NS;

	if (c->info.state != IP_DHCP_REQUESTING)
		c->secs = (uint16_t)RTE_MIN(secs, UINT16_MAX);
	return c->secs;
}

/* UDP from our port to the server's; the frame is the caller's to address. NULL: no memory. */
static struct rte_mbuf *message_make(struct ip_worker *w, struct client *c,
				     const struct ip_interface *on, struct dhcp_request r,
				     rte_be32_t src, rte_be32_t dst)
{
	struct rte_mbuf *pkt = ip_packet(w, HEADERS_BYTES + DHCP_WRITE_BYTES);
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;

	if (pkt == NULL)
		return NULL;
	vnf_ether(pkt)->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip = rte_pktmbuf_mtod_offset(pkt, struct rte_ipv4_hdr *, IP_ETHER_BYTES);
	udp = (struct rte_udp_hdr *)(ip + 1);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = VNF_IPV4_PLAIN,
		.total_length = rte_cpu_to_be_16(HEADERS_BYTES + DHCP_WRITE_BYTES),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = IP_TTL_OWN,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = src,
		.dst_addr = dst,
	};
	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(DHCP_CLIENT_PORT),
		.dst_port = RTE_BE16(DHCP_SERVER_PORT),
		.dgram_len = rte_cpu_to_be_16(sizeof(*udp) + DHCP_WRITE_BYTES),
	};
	r.xid = c->xid;
	r.secs = secs_of(w, c);
	r.octets_max = RTE_MIN(on->mtu, OCTETS_MAX);
	r.mac = on->mac->addr_bytes;
	dhcp_write(&r, (uint8_t *)(udp + 1));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	return pkt;
}

static void send_to_all(struct ip_worker *w, struct client *c, const struct ip_interface *on,
			const struct dhcp_request *r)
{
	static const struct rte_ether_addr all = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct rte_mbuf *pkt = message_make(w, c, on, *r, r->client, RTE_BE32(UINT32_MAX));

	if (pkt != NULL)
		ip_apply(w, on->port, pkt, ip_transmit(pkt, on, &all));
}

static void send_to_server(struct ip_worker *w, struct client *c, const struct ip_interface *on,
			   const struct dhcp_request *r)
{
	struct rte_mbuf *pkt = message_make(w, c, on, *r, r->client, c->info.server);

	if (pkt != NULL)
		ip_apply(w, on->port, pkt, ip_send(w, pkt, on));
}

/* ---- the lease ---- */

static void lease_end(struct ip_worker *w, struct client *c, const char *why)
{
	if (!c->info.bound)
		return;
	change_begin(c);
	c->info.bound = false;
	c->info.ended = why;
	c->info.changes++;
	change_end(c);
	tables_ask(w);
}

static void client_wait(struct ip_worker *w, struct client *c, uint64_t wait_ns)
{
	state_set(c, IP_DHCP_WAITING);
	c->next_ns = w->worker->now_ns + wait_ns;
}

static uint64_t moment(uint64_t from_ns, uint32_t seconds)
{
	return seconds == DHCP_FOREVER ? UINT64_MAX : from_ns + seconds * VNF_SECOND_NS;
}

static void lease_take(struct ip_worker *w, struct client *c, const struct dhcp_reply *reply)
{
	bool same = c->info.bound && dhcp_lease_equal(&c->info.lease, &reply->lease);

	c->t1_ns = moment(c->asked_ns, reply->t1_s);
	c->t2_ns = moment(c->asked_ns, reply->t2_s);
	c->next_ns = c->t1_ns;
	change_begin(c);
	c->info.state = IP_DHCP_BOUND;
	c->info.bound = true;
	c->info.server = reply->server;
	c->info.end_ns = moment(c->asked_ns, reply->lease_s);
	c->info.lease_s = reply->lease_s;
	c->info.lease = reply->lease;
	c->info.changes += same ? 0 : 1;
	change_end(c);
	if (!same)
		tables_ask(w);
}

/* ---- what is due ---- */

static void discover(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	send_to_all(w, c, on, &(struct dhcp_request){ .type = DHCP_DISCOVER });
	c->next_ns = w->worker->now_ns + backoff(w, c);
}

static void discover_first(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	exchange_begin(w, c);
	state_set(c, IP_DHCP_SELECTING);
	discover(w, c, on);
}

static void request(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	if (c->tries == REQUESTS_MAX) {
		discover_first(w, c, on);
		return;
	}
	send_to_all(w, c, on,
		    &(struct dhcp_request){ .type = DHCP_REQUEST,
					    .wanted = c->offer.lease.address,
					    .server = c->offer.server });
	c->next_ns = w->worker->now_ns + backoff(w, c);
}

/* RFC 2131 section 4.4.5: again after half of the time that is left, but not too often. */
static uint64_t ask_again(uint64_t now, uint64_t until)
{
	return RTE_MIN(until, now + RTE_MAX(AGAIN_MIN_NS, (until - now) / 2));
}

static void renew(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	uint64_t now = w->worker->now_ns;

	if (c->info.state == IP_DHCP_BOUND) {
		exchange_begin(w, c);
		c->asked_ns = now;
		state_set(c, IP_DHCP_RENEWING);
	}
	send_to_server(
		w, c, on,
		&(struct dhcp_request){ .type = DHCP_REQUEST, .client = c->info.lease.address });
	c->next_ns = ask_again(now, c->t2_ns);
}

static void rebind(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	uint64_t now = w->worker->now_ns;

	if (c->info.state != IP_DHCP_REBINDING) {
		exchange_begin(w, c);
		c->asked_ns = now;
		state_set(c, IP_DHCP_REBINDING);
	}
	send_to_all(
		w, c, on,
		&(struct dhcp_request){ .type = DHCP_REQUEST, .client = c->info.lease.address });
	/* The link came back: the sooner it is known whether the address holds, the better. */
	c->next_ns = now < c->t2_ns ? now + backoff(w, c) : ask_again(now, c->info.end_ns);
}

static void client_run(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	uint64_t now = w->worker->now_ns;

	if (c->info.bound && now >= c->info.end_ns) {
		lease_end(w, c, "its lease has ended");
		if (c->info.state != IP_DHCP_DOWN)
			client_wait(w, c, 0);
	}
	if (c->info.state == IP_DHCP_DOWN || now < c->next_ns)
		return;
	switch (c->info.state) {
	case IP_DHCP_WAITING:
		discover_first(w, c, on);
		break;
	case IP_DHCP_SELECTING:
		discover(w, c, on);
		break;
	case IP_DHCP_REQUESTING:
		request(w, c, on);
		break;
	case IP_DHCP_BOUND:
	case IP_DHCP_RENEWING:
		if (now < c->t2_ns)
			renew(w, c, on);
		else
			rebind(w, c, on);
		break;
	default:
		rebind(w, c, on);
		break;
	}
}

void ip_dhcp_run(struct ip_worker *w)
{
	struct ip_dhcp *dhcp = w->node->dhcp;

	for (uint32_t i = 0; i < dhcp->n; i++) {
		struct client *c = &dhcp->client[i];
		const struct ip_interface *on = ip_interface_of(w->tables, c->link);

		if (on != NULL)
			client_run(w, c, on);
	}
}

/* ---- what comes in ---- */

static struct client *client_on(struct ip_worker *w, ip_link_t link)
{
	struct ip_dhcp *dhcp = w->node->dhcp;

	for (uint32_t i = 0; i < dhcp->n; i++)
		if (dhcp->client[i].link == link)
			return &dhcp->client[i];
	return NULL;
}

/* Is it configured, or leased on another interface? */
static bool is_taken(const struct ip_worker *w, const struct ip_interface *on,
		     const struct dhcp_lease *lease)
{
	const struct ip_addr addr = ip_addr_v4(lease->address);

	for (uint16_t i = 0; i < w->tables->n_interfaces; i++) {
		const struct ip_interface *other = &w->tables->interface[i];
		uint16_t n = other == on ? other->n_configured : other->n_addresses;

		for (uint16_t k = 0; k < n; k++)
			if (ip_addr_equal(&other->address[k].addr, &addr))
				return true;
	}
	return false;
}

static void offer_take(struct ip_worker *w, struct client *c, const struct ip_interface *on,
		       const struct dhcp_reply *reply)
{
	if (is_taken(w, on, &reply->lease))
		return;
	c->offer = *reply;
	c->tries = 0;
	c->asked_ns = w->worker->now_ns;
	state_set(c, IP_DHCP_REQUESTING);
	request(w, c, on);
}

/* Is it the answer to what was asked last, by the one who was asked? */
static bool is_answer(const struct client *c, const struct dhcp_reply *reply)
{
	switch (c->info.state) {
	case IP_DHCP_REQUESTING:
		return reply->server == c->offer.server;
	case IP_DHCP_RENEWING:
		return reply->server == c->info.server;
	default:
		return c->info.state == IP_DHCP_REBINDING;
	}
}

static void ack_take(struct ip_worker *w, struct client *c, const struct ip_interface *on,
		     const struct dhcp_reply *reply, const struct rte_ether_addr *from)
{
	rte_be32_t asked = c->info.state == IP_DHCP_REQUESTING ? c->offer.lease.address
							       : c->info.lease.address;

	if (reply->lease.address != asked || is_taken(w, on, &reply->lease))
		return;
	c->server = *from;
	lease_take(w, c, reply);
}

static void reply_take(struct ip_worker *w, struct client *c, const struct ip_interface *on,
		       const struct dhcp_reply *reply, const struct rte_ether_addr *from)
{
	if (reply->type == DHCP_OFFER) {
		if (c->info.state == IP_DHCP_SELECTING)
			offer_take(w, c, on, reply);
	} else if (!is_answer(c, reply)) {
		return;
	} else if (reply->type == DHCP_ACK) {
		ack_take(w, c, on, reply, from);
	} else {
		lease_end(w, c, "the server refuses it");
		client_wait(w, c, REFUSED_NS);
	}
}

/* RFC 768; the datagram may be shorter than the packet. */
static bool sum_is_right(struct rte_mbuf *pkt, const struct vnf_headers *h, uint32_t end)
{
	if (vnf_udp(pkt, h)->dgram_cksum == 0)
		return true;
	return vnf_checksums_complete(pkt, h) == 0 &&
	       vnf_sum_fold((uint32_t)packet_sum(pkt, h->l4, end) + packet_pseudo_sum(pkt, h)) ==
		       UINT16_MAX;
}

vnf_verdict_t ip_dhcp_receive(struct ip_worker *w, struct rte_mbuf *pkt,
			      const struct vnf_headers *h, const struct ip_interface *on)
{
	uint32_t end = h->l4 + rte_be_to_cpu_16(vnf_udp(pkt, h)->dgram_len);
	const struct rte_ether_addr from = vnf_ether(pkt)->src_addr;
	struct client *c = client_on(w, on->link);
	uint8_t octets[DHCP_READ_MAX];
	struct dhcp_reply reply;
	struct vnf_cursor at;

	if (c == NULL || c->info.state == IP_DHCP_DOWN)
		return VNF_DROP(VNF_DROP_FOR_ITSELF);
	if (!sum_is_right(pkt, h, end))
		return VNF_DROP(VNF_DROP_MALFORMED);
	at = vnf_cursor_at(pkt, h->payload, end);
	end = RTE_MIN(vnf_cursor_left(&at), (uint32_t)sizeof(octets) + 1);
	if (!vnf_cursor_copy(&at, octets, RTE_MIN(end, (uint32_t)sizeof(octets))) ||
	    dhcp_parse(octets, end, on->mac->addr_bytes, &reply) < 0)
		return VNF_DROP(VNF_DROP_MALFORMED);
	if (reply.xid == c->xid && rte_is_valid_assigned_ether_addr(&from))
		reply_take(w, c, on, &reply, &from);
	return VNF_DROP(VNF_DROP_FOR_ITSELF);
}

bool ip_dhcp_conflict(struct ip_worker *w, const struct ip_interface *on,
		      const struct ip_addr *addr)
{
	struct client *c = client_on(w, on->link);

	if (c == NULL || !c->info.bound || !ip_is_v4(addr) ||
	    addr->word[3] != c->info.lease.address)
		return false;
	exchange_begin(w, c);
	send_to_all(w, c, on,
		    &(struct dhcp_request){ .type = DHCP_DECLINE,
					    .wanted = c->info.lease.address,
					    .server = c->info.server });
	lease_end(w, c, "somebody else has it");
	client_wait(w, c, DECLINED_NS);
	return true;
}

/* ---- links, tables, the end ---- */

static void client_link(struct ip_worker *w, struct client *c, bool up)
{
	if (!up) {
		state_set(c, IP_DHCP_DOWN);
		return;
	}
	client_wait(w, c, 0);
	if (!c->info.bound)
		return;
	/* It is not BOUND by now, so that an exchange begins. */
	rebind(w, c, ip_interface_of(w->tables, c->link));
}

void ip_dhcp_link(struct ip_worker *w, uint16_t port, bool up)
{
	struct ip_dhcp *dhcp = w->node->dhcp;

	for (uint32_t i = 0; i < dhcp->n; i++)
		if (dhcp->client[i].link != IP_LINK_NONE && dhcp->client[i].link / IP_VLANS == port)
			client_link(w, &dhcp->client[i], up);
}

static void client_add(struct ip_worker *w, const struct ip_interface *on)
{
	struct ip_dhcp *dhcp = w->node->dhcp;
	struct client *c = client_on(w, IP_LINK_NONE);

	if (c == NULL) {
		c = &dhcp->client[dhcp->n];
		c->link = IP_LINK_NONE;
		__atomic_store_n(&dhcp->n, dhcp->n + 1, __ATOMIC_RELEASE);
	}
	change_begin(c);
	__atomic_store_n(&c->link, on->link, __ATOMIC_RELAXED);
	c->wanted = true;
	c->info = (struct ip_dhcp_info){ .changes = c->info.changes };
	change_end(c);
	if (w->node->up[on->port])
		client_wait(w, c, 0);
}

void ip_dhcp_sync(struct ip_worker *w)
{
	struct ip_dhcp *dhcp = w->node->dhcp;

	for (uint32_t i = 0; i < dhcp->n; i++)
		dhcp->client[i].wanted = false;
	for (uint16_t i = 0; i < w->tables->n_interfaces; i++) {
		const struct ip_interface *on = &w->tables->interface[i];
		struct client *c = on->dhcp ? client_on(w, on->link) : NULL;

		if (c != NULL)
			c->wanted = true;
	}
	for (uint32_t i = 0; i < dhcp->n; i++) {
		struct client *c = &dhcp->client[i];

		if (c->wanted || c->link == IP_LINK_NONE)
			continue;
		change_begin(c);
		__atomic_store_n(&c->link, IP_LINK_NONE, __ATOMIC_RELAXED);
		change_end(c);
	}
	for (uint16_t i = 0; i < w->tables->n_interfaces; i++)
		if (w->tables->interface[i].dhcp &&
		    client_on(w, w->tables->interface[i].link) == NULL)
			client_add(w, &w->tables->interface[i]);
}

/* There is no time to ask for the server's MAC address. */
static void release(struct ip_worker *w, struct client *c, const struct ip_interface *on)
{
	const struct dhcp_request r = { .type = DHCP_RELEASE,
					.client = c->info.lease.address,
					.server = c->info.server };
	struct rte_mbuf *pkt;

	exchange_begin(w, c);
	pkt = message_make(w, c, on, r, r.client, r.server);
	if (pkt != NULL)
		ip_apply(w, on->port, pkt, ip_transmit(pkt, on, &c->server));
}

void ip_dhcp_stop(struct ip_worker *w)
{
	struct ip_dhcp *dhcp = w->node->dhcp;

	for (uint32_t i = 0; i < dhcp->n; i++) {
		struct client *c = &dhcp->client[i];
		const struct ip_interface *on = ip_interface_of(w->tables, c->link);

		if (on != NULL && c->info.bound && c->info.state != IP_DHCP_DOWN)
			release(w, c, on);
	}
}

/* ---- control thread ---- */

static void lease_tell(struct ip_dhcp *dhcp, const char *name, const struct ip_dhcp_info *info)
{
	struct ip_prefix address = { ip_addr_v4(info->lease.address),
				     (uint8_t)(IP_V4_BITS + info->lease.length) };
	struct ip_addr server = ip_addr_v4(info->server);
	char text[IP_TEXT_MAX], by[IP_TEXT_MAX];

	ip_prefix_print(&address, text, sizeof(text));
	ip_addr_print(&server, by, sizeof(by));
	if (info->bound)
		vnf_log_limited(&dhcp->limit, VNF_LOG_NOTICE,
				"interface \"%s\": %s by DHCP from %s, for %u s", name, text, by,
				info->lease_s);
	else
		vnf_log_limited(&dhcp->limit, VNF_LOG_WARNING,
				"interface \"%s\": %s by DHCP is given up: %s", name, text,
				info->ended);
}

static void leases_tell(struct vnf *vnf, struct ip_dhcp *dhcp)
{
	const struct ip_tables *t = vnf_part_built(vnf, PART_IP);
	uint32_t n = __atomic_load_n(&dhcp->n, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < n; i++) {
		ip_link_t link = __atomic_load_n(&dhcp->client[i].link, __ATOMIC_RELAXED);
		const struct ip_interface *on = ip_interface_of(t, link);
		struct ip_dhcp_info info;

		if (on == NULL || !client_read(&dhcp->client[i], link, &info) ||
		    info.changes == dhcp->told[i])
			continue;
		dhcp->told[i] = info.changes;
		if (info.bound || info.ended != NULL)
			lease_tell(dhcp, on->name, &info);
	}
}

void ip_dhcp_control(struct vnf *vnf)
{
	const struct ip_node *node = vnf_part_state(vnf, PART_IP);
	struct ip_dhcp *dhcp = node->dhcp;
	uint64_t began_ns;
	int ret;

	if (__atomic_load_n(&dhcp->changed, __ATOMIC_RELAXED) == 0 ||
	    vnf_clock_now() < dhcp->retry_ns)
		return;
	/* Pairs with the release in tables_ask(): the lease is read after this. */
	__atomic_exchange_n(&dhcp->changed, 0, __ATOMIC_ACQUIRE);
	began_ns = vnf_clock_now();
	ret = reload_rebuild(vnf);
	/* However often a server changes its mind, half of the time is left for everything else. */
	dhcp->retry_ns = vnf_clock_now() + (vnf_clock_now() - began_ns);
	if (ret == 0) {
		leases_tell(vnf, dhcp);
		return;
	}
	/* What does not fit the configuration will not at the next try. */
	if (ret != -EINVAL)
		__atomic_store_n(&dhcp->changed, 1, __ATOMIC_RELAXED);
	if (ret == -EBUSY)
		return;
	dhcp->retry_ns += RETRY_NS;
	vnf_log_limited(&dhcp->limit, VNF_LOG_ERROR,
			"ip: what DHCP says does not take effect%s: %s",
			ret == -EINVAL ? "" : " yet", strerror(-ret));
}

int ip_dhcp_create(struct ip_node *node)
{
	node->dhcp = calloc(1, sizeof(*node->dhcp));
	if (node->dhcp == NULL)
		return -ENOMEM;
	vnf_random_init(&node->dhcp->random, IP_DHCP_RANDOM_NAME);
	return 0;
}

void ip_dhcp_destroy(struct ip_node *node)
{
	free(node->dhcp);
	node->dhcp = NULL;
}
