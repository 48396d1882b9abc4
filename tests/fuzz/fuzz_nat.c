/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for the NAT: its burst callback, with pools, rules, static pairs and forwards. The
 * input is a sequence of steps: frames as they are, frames by a few octets each (hosts of both
 * sides, external addresses, protocol, ports, fragments, ICMP errors), bursts of them, time, ticks,
 * and reloads. No packet is lost, whatever is sent out is sound and its checksums are right,
 * mappings, hosts and ports agree with sessions.
 */

#define PORTS 2
#define NEIGHBOURS 32
#define REASONS (NAT_DROP_FRAGMENT_FATE + 1)
#define STEPS_MAX 256
#define SESSIONS 32
#define MAPPINGS 24
#define HOSTS 6
#define SLOTS 2
#define SENT_MAX 4096
#define ROUNDS_MAX 8
#define POLICIES 3
#define TIME_STEP_NS (VNF_SECOND_NS / 2)

#include "../unit/nat_app.h"
#define APP nat_app
#include "fuzz_program.h"

#include "../../vnfs/nat/config.h"

/* ---- what the NAT asks for, beside ---- */

static struct nat_policy *policies[POLICIES];
/* In force. */
static struct nat_policy *policy;

void *vnf_built(const struct vnf *vnf)
{
	(void)vnf;
	return policy;
}

int vnf_ip_planned(const struct vnf_config *file, const char *name)
{
	(void)file;
	return name[0] - 'a';
}

int vnf_ip_planned_address(struct vnf *vnf, struct vnf_config *file, uint16_t number, uint32_t i,
			   rte_be32_t *addr)
{
	(void)vnf;
	(void)file;
	*addr = number == 0 ? RTE_BE32(0x0a000101) : RTE_BE32(0x0a000201);
	return i == 0 ? 0 : -ENOENT;
}

bool vnf_ip_planned_broadcast(struct vnf *vnf, struct vnf_config *file, rte_be32_t address)
{
	(void)vnf;
	(void)file;
	return address == RTE_BE32(0x0a000200) || address == RTE_BE32(0x0a0002ff);
}

/* ---- what only commands want ---- */

int vnf_port_get_info(const struct vnf *vnf, uint16_t port, struct vnf_port_info *info)
{
	(void)vnf;
	(void)port;
	(void)info;
	return -ENOENT;
}

/* Of the first configuration no more is asked than sizes. */
static struct nat_config first = { .sessions = SESSIONS, .mappings = MAPPINGS, .hosts = HOSTS };

void *vnf_config(const struct vnf *vnf)
{
	(void)vnf;
	return &first;
}

/* ---- policies ---- */

static struct nat_pool_spec pools[] = {
	{ .name = "own",
	  .addresses = WORDS("interface b"),
	  .ports = "80-90",
	  .preserve = true,
	  .parity = true },
	{ .name = "more",
	  .addresses = WORDS("10.0.2.33-10.0.2.34"),
	  .ports = "1-84",
	  .pairing = NAT_PAIR_SOFT,
	  .parity = true },
	{ .name = "any",
	  .addresses = WORDS("10.0.2.35", "10.0.2.36"),
	  .ports = "80-65535",
	  .pairing = NAT_PAIR_NONE,
	  .preserve = true },
};
static struct nat_rule_spec rules[] = {
	{ .name = "not", .dst = WORDS("10.0.2.9"), .action = NAT_PASS, .pool = "" },
	{ .name = "gre",
	  .dst = WORDS("10.0.2.3"),
	  .proto = WORDS("47"),
	  .action = NAT_PASS,
	  .pool = "" },
	{ .name = "more", .src = WORDS("10.0.1.3", "10.0.1.4"), .pool = "more" },
	{ .name = "web", .proto = WORDS("tcp"), .dport = WORDS("80-83"), .pool = "any" },
	{ .name = "rest", .proto = WORDS("udp", "tcp", "icmp"), .pool = "own" },
};
static struct nat_static_spec pairs[] = { { "10.0.1.6", "10.0.2.40" } };
static struct nat_forward_spec forwards[] = {
	{ .name = "one",
	  .proto = WORDS("tcp", "udp"),
	  .outside = "interface b",
	  .port = "84-86",
	  .inside = "10.0.1.5",
	  .inside_port = 80 },
	{ .name = "two",
	  .proto = WORDS("udp"),
	  .outside = "10.0.2.41",
	  .port = "81",
	  .inside = "10.0.1.2",
	  .inside_port = 82 },
};

/* The second has no rules, nor pairs, and another pool; the third has limits. */
static struct nat_policy *policy_make(uint32_t i)
{
	struct nat_config config = {
		.inside = WORDS("a"),
		.outside = WORDS("b"),
		.pools = ITEMS(pools),
		.rules = ITEMS(rules),
		.pairs = ITEMS(pairs),
		.forwards = ITEMS(forwards),
		.timeouts = { .udp = 30 * VNF_SECOND_NS,
			      .udp_known = 10 * VNF_SECOND_NS,
			      .tcp_opening = 240 * VNF_SECOND_NS,
			      .tcp_established = 7440 * VNF_SECOND_NS,
			      .tcp_closing = 240 * VNF_SECOND_NS,
			      .tcp_reset = 240 * VNF_SECOND_NS,
			      .icmp = 5 * VNF_SECOND_NS },
		.inbound_refresh = i != 1,
		.quarantine = i == 0 ? 0 : 2 * VNF_SECOND_NS,
		.syn_hold = i == 1 ? 0 : 6 * VNF_SECOND_NS,
		.filtering = i + 1,
		.exhausted = i,
		.mss = i == 2 ? 536 : 0,
		.log = { true, true, i == 2, true },
	};
	void *built;

	if (i == 1) {
		config.pools.n = 1;
		config.rules.n = config.pairs.n = 0;
		config.forwards.n = 1;
	}
	if (i == 2)
		config.limits = (struct nat_limits_spec){ 3, 5, 2 };
	must(nat_app.build(&program, NULL, &config, &built) == 0);
	return built;
}

static uint32_t rebuilds;

/* Each time it is another one to the worker; once in a run also to the memory. */
static void policy_take(uint32_t i)
{
	struct nat_policy *before = NULL;

	if ((i & 0xf0) == 0xf0 && rebuilds++ == 0) {
		before = policies[i % POLICIES];
		policies[i % POLICIES] = policy_make(i % POLICIES);
	}
	policy = policies[i % POLICIES];
	policy->number = nat_policy_number(&program);
	worker.pub.built = policy;
	worker.pub.generation++;
	worker.pub.journal = nat_app.journal != NULL ? (void *)record : NULL;
	if (before != NULL)
		nat_app.discard(&program, before);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	dpdk_start();
	nat_main(0, NULL);
	tables_init();
	route_put("10.0.2.32/28", 3);
	must(nat_app.init(&program, &program_state) == 0);
	for (uint32_t i = 0; i < POLICIES; i++)
		policies[i] = policy_make(i);
	return 0;
}

/* ---- what must hold ---- */

/* In the hash of a packet: its checksums were right when it came. */
#define RIGHT 0x600dc0deu

/* What goes outside has no source inside, but where a rule says so. */
static void leak_check(struct rte_mbuf *pkt, const struct vnf_headers *h)
{
	const struct rte_ipv4_hdr *ip = vnf_ipv4(pkt, h);
	uint32_t src = rte_be_to_cpu_32(ip->src_addr), dst = rte_be_to_cpu_32(ip->dst_addr);

	must(h->n_vlans == 0 || (src & ~0xffu) != 0x0a000100 || src == 0x0a000101 ||
	     dst == 0x0a000209 || dst == 0x0a000203);
}

static void sound(struct rte_mbuf *pkt)
{
	struct vnf_headers h;

	must(vnf_parse(pkt, &h) == 0);
	must(pkt->pkt_len <= FRAME_MAX);
	if (!vnf_is_ipv4(&h))
		return;
	leak_check(pkt, &h);
	if (pkt->hash.rss == RIGHT && (h.flags & VNF_FRAGMENT) == 0)
		must(vnf_checksum_valid(pkt, &h));
}

struct count {
	uint32_t sessions;
	uint32_t of_mappings;
	uint32_t sent; /* of these, by the inside */
	uint32_t mappings[NAT_PROTOS];
	uint32_t hosts;
};

static void session_see(struct vnf_worker *w, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	const struct nat_session *ns = vnf_session_user(session);
	struct count *count = arg;

	(void)w;
	(void)sessions;
	must(session->in_class < NAT_CLASSES);
	count->sessions++;
	if (ns->mapping == 0)
		return;
	count->of_mappings++;
	count->sent += (ns->flags & NAT_SENT) != 0;
	must(ns->mapping <= nat_table_of(&program)->size.mappings);
	must(nat_mapping_at(&nat_table_of(&program)->slot[session->slot], ns->mapping)->used == 1);
}

/* Among those of its endpoint, which are of different pools. */
static bool is_found(const struct nat_table *table, const struct nat_slot *s, uint32_t i)
{
	const struct nat_mapping *m = nat_mapping_at(s, i);
	uint32_t number =
		nat_mapping_find(table, s, (enum nat_proto)m->proto, m->inside, m->inside_port);

	while (number != 0 && number != i)
		number = nat_mapping_next(s, number);
	return number == i;
}

/* Each mapping has the port that is its own, a host, and sessions. */
static void mappings_check(uint32_t slot, struct count *count)
{
	const struct nat_table *table = nat_table_of(&program);
	const struct nat_slot *s = &table->slot[slot];
	uint32_t sessions = 0, n = 0;

	for (uint32_t i = 1; i <= s->fresh_mapping; i++) {
		const struct nat_mapping *m = nat_mapping_at(s, i);

		if (m->used == 0)
			continue;
		must(m->n_sessions > 0 && m->proto < NAT_PROTOS);
		must(nat_port_whose(nat_space_at(nat_spaces_of(&program), m->space),
				    (enum nat_proto)m->proto,
				    m->port) == nat_whose_make(table, slot, i));
		must(nat_host_at(s, m->host)->inside == m->inside);
		must(is_found(table, s, i));
		count->mappings[m->proto]++;
		sessions += m->n_sessions;
		n++;
	}
	must(n == s->n_mappings && sessions == count->of_mappings);
}

static void hosts_check(uint32_t slot, struct count *count)
{
	const struct nat_slot *s = &nat_table_of(&program)->slot[slot];
	uint32_t sessions = 0, n = 0;

	for (uint32_t i = 1; i <= s->fresh_host; i++) {
		const struct nat_host *host = nat_host_at(s, i);

		if (host->inside == 0)
			continue;
		must(nat_host_find(nat_table_of(&program), s, host->inside) == i);
		must(host->n_ports[NAT_TCP] + host->n_ports[NAT_UDP] + host->n_ports[NAT_ICMP] > 0);
		for (int proto = 0; proto < NAT_PROTOS; proto++)
			count->mappings[proto] -= host->n_ports[proto];
		sessions += host->n_sessions;
		n++;
	}
	must(n == s->n_hosts && sessions == count->sent);
	for (int proto = 0; proto < NAT_PROTOS; proto++)
		must(count->mappings[proto] == 0);
}

static void tables_check(void)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		struct vnf_sessions_counters counters;
		struct count count = { 0 };
		uint32_t cursor = 0;

		while (vnf_sessions_walk(&worker.pub, worker.pub.sessions[0], slot, &cursor, 64,
					 session_see, &count))
			;
		must(vnf_sessions_read(worker.pub.sessions[0], slot, &counters) == 0);
		must(counters.in_use == count.sessions);
		must(counters.set_up == count.sessions + counters.expired + counters.removed);
		must(counters.evicted == 0);
		mappings_check(slot, &count);
		hosts_check(slot, &count);
	}
}

/* ---- packets that the NAT sends to itself ---- */

static struct {
	uint32_t n;
	uint16_t port[SENT_MAX];
	struct rte_mbuf *pkt[SENT_MAX];
} sent;

void vnf_slot_send(struct vnf_worker *w, uint16_t port, struct rte_mbuf *pkt, uint32_t slot)
{
	(void)w;
	must(slot < SLOTS && port < PORTS && sent.n < SENT_MAX);
	held--;
	sent.port[sent.n] = port;
	sent.pkt[sent.n++] = pkt;
}

static void burst_run(uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	vnf_verdict_t verdicts[VNF_BURST_MAX];

	memset(verdicts, 0x3e, sizeof(verdicts));
	nat_app.burst(&worker.pub, port, pkts, verdicts, n);
	for (uint16_t i = 0; i < n; i++) {
		if (verdicts[i] == VNF_TAKEN) {
			held++;
			continue;
		}
		if ((verdicts[i] & VNF_VERDICT_DROP) != 0) {
			must((verdicts[i] & ~VNF_VERDICT_DROP) < REASONS);
		} else {
			must(verdicts[i] < PORTS);
			sound(pkts[i]);
		}
		packet_free(pkts[i]);
	}
	must(held >= 0);
}

/* One at a time, in their order; none goes round for ever. */
static void sent_run(void)
{
	for (uint32_t round = 0; sent.n > 0; round++) {
		uint32_t n = sent.n;

		must(round < ROUNDS_MAX);
		for (uint32_t i = 0; i < n; i++)
			burst_run(sent.port[i], &sent.pkt[i], 1);
		sent.n -= n;
		memmove(sent.port, sent.port + n, sent.n * sizeof(sent.port[0]));
		memmove(sent.pkt, sent.pkt + n, sent.n * sizeof(sent.pkt[0]));
	}
}

/* ---- frames ---- */

struct burst {
	uint16_t n;
	uint16_t port;
	struct rte_mbuf *pkts[VNF_BURST_MAX];
};

static void burst_end(struct burst *b)
{
	if (b->n > 0)
		burst_run(b->port, b->pkts, b->n);
	b->n = 0;
	sent_run();
}

static void frame_add(struct burst *b, uint16_t port, struct rte_mbuf *pkt)
{
	if (pkt->data_len < RTE_ETHER_HDR_LEN) {
		packet_free(pkt);
		return;
	}
	if (b->port != port || b->n == VNF_BURST_MAX)
		burst_end(b);
	b->port = port;
	b->pkts[b->n++] = pkt;
}

/* The octets of a frame that is described. */
struct recipe {
	uint8_t hosts;  /* 3 bits each: source, destination; 0x40: TTL 1; 0x80: DF */
	uint8_t proto;  /* of the list; 0x08: an ICMP error about such a packet */
	uint8_t ports;  /* 3 bits each */
	uint8_t flags;  /* of TCP, or the type of ICMP */
	uint8_t id;     /* of fragments, or the type of an error */
	uint8_t wrong;  /* 1: a wrong checksum */
	uint8_t part;   /* 0: whole; 0x80: more; of 8 octets each */
	uint8_t length; /* of the payload, of 8 octets each */
};

#define RECIPE_OCTETS 8
/* What one can be. */
#define WRITTEN_MAX 2304

/* By the port that a frame comes in by. */
static const uint32_t sources[PORTS][8] = {
	{ 0x0a000102, 0x0a000103, 0x0a000104, 0x0a000105, 0x0a000106, 0x0a000107, 0x0a000108,
	  0x0a000109 },
	{ 0x0a000202, 0x0a000203, 0x0a000209, 0xcb007109, 0xcb00710a, 0x0a000221, 0x0a000201,
	  0x0a000102 },
};
static const uint32_t destinations[PORTS][8] = {
	{ 0x0a000202, 0x0a000203, 0x0a000209, 0xcb007109, 0x0a000201, 0x0a000221, 0x0a000228,
	  0x0a000229 },
	{ 0x0a000201, 0x0a000221, 0x0a000222, 0x0a000223, 0x0a000224, 0x0a000228, 0x0a000229,
	  0x0a000102 },
};

static uint8_t *ethernet_write(uint8_t *at, uint16_t port)
{
	memcpy(at, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)port, 2, 0, 0, 0, 0, 9 }, 12);
	at += 12;
	if (port == 1) {
		memcpy(at, (uint8_t[]){ 0x81, 0, 0, 7 }, 4);
		at += 4;
	}
	memcpy(at, (uint8_t[]){ 8, 0 }, 2);
	return at + 2;
}

static struct rte_ipv4_hdr ipv4_make(const struct recipe *r, uint8_t proto, uint32_t octets,
				     uint32_t src, uint32_t dst)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + octets)),
		.packet_id = rte_cpu_to_be_16(r->id & 3),
		.fragment_offset = rte_cpu_to_be_16((uint16_t)((r->part & 0x7f) |
							       (r->part & 0x80 ? 0x2000 : 0) |
							       (r->hosts & 0x80 ? 0x4000 : 0))),
		.time_to_live = r->hosts & 0x40 ? 1 : 64,
		.next_proto_id = proto,
		.src_addr = rte_cpu_to_be_32(src),
		.dst_addr = rte_cpu_to_be_32(dst),
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	return ip;
}

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP,  IPPROTO_ICMP, IPPROTO_TCP,
				  IPPROTO_GRE, IPPROTO_SCTP, IPPROTO_UDP,  253 };

/* The first octets of layer 4 at `at`, behind its IP header. */
static void layer4_write(uint8_t *at, const struct rte_ipv4_hdr *ip, const struct recipe *r,
			 uint32_t octets)
{
	uint8_t l4[24] = { 0, 80 + (r->ports & 7), 0, 80 + (r->ports >> 3 & 7) };
	uint32_t sum_at = 16;
	uint16_t sum;

	if (ip->next_proto_id == IPPROTO_ICMP) {
		memcpy(l4, (uint8_t[]){ r->flags, 0, 0, 0, 0, r->ports & 7 }, 6);
		sum_at = 2;
	} else if (ip->next_proto_id == IPPROTO_UDP) {
		l4[4] = (uint8_t)(octets >> 8);
		l4[5] = (uint8_t)octets;
		sum_at = 6;
	} else {
		/* Of TCP, with a greatest segment of 1460. */
		memcpy(l4 + 12, (uint8_t[]){ 0x60, r->flags, 0x10 }, 3);
		memcpy(l4 + 20, (uint8_t[]){ 2, 4, 5, 0xb4 }, 4);
	}
	memcpy(at, l4, sizeof(l4));
	sum = ip->next_proto_id == IPPROTO_ICMP ? (uint16_t)~rte_raw_cksum(at, octets)
						: rte_ipv4_udptcp_cksum(ip, at);
	sum = (uint16_t)(sum + (r->wrong & 1));
	memcpy(at + sum_at, &sum, sizeof(sum));
}

/* The IP header and what follows. */
static uint8_t *ip_write(uint8_t *at, const struct recipe *r, uint32_t src, uint32_t dst)
{
	uint8_t proto = protos[r->proto & 7];
	uint32_t octets = RTE_MAX(r->length * 8u, 24u);
	struct rte_ipv4_hdr ip = ipv4_make(r, proto, octets, src, dst);

	memcpy(at, &ip, sizeof(ip));
	layer4_write(at + sizeof(ip), &ip, r, octets);
	return at + sizeof(ip) + octets;
}

/* An ICMP error about such a packet that went the other way. */
static uint8_t *error_write(uint8_t *at, const struct recipe *r, uint32_t src, uint32_t dst)
{
	static const uint8_t types[] = { 3, 11, 12, 4 };
	const struct recipe outer = { .hosts = r->hosts & 0x40 };
	uint8_t quote[WRITTEN_MAX] = { 0 };
	struct recipe about = *r;
	uint32_t octets;
	struct rte_ipv4_hdr ip;
	uint16_t sum;

	about.part = 0;
	about.wrong = 0;
	octets = RTE_MIN((uint32_t)(ip_write(quote, &about, dst, src) - quote), 128u);
	ip = ipv4_make(&outer, IPPROTO_ICMP, octets + 8, src, dst);
	memcpy(at, &ip, sizeof(ip));
	at += sizeof(ip);
	at[0] = types[r->id & 3];
	at[1] = 1;
	memcpy(at + 8, quote, octets);
	sum = (uint16_t)(~rte_raw_cksum(at, octets + 8) + (r->wrong & 1));
	memcpy(at + 2, &sum, sizeof(sum));
	return at + 8 + octets;
}

static struct rte_mbuf *recipe_packet(const struct recipe *r, uint16_t port, uint8_t cut)
{
	uint8_t frame[WRITTEN_MAX] = { 0 }, *at = ethernet_write(frame, port);
	uint32_t src = sources[port][r->hosts & 7], dst = destinations[port][r->hosts >> 3 & 7];
	struct rte_mbuf *pkt;

	at = r->proto & 8 ? error_write(at, r, src, dst) : ip_write(at, r, src, dst);
	pkt = packet(frame, RTE_MIN((uint32_t)(at - frame), FRAME_MAX - 600u), cut);
	pkt->hash.rss = (r->wrong & 1) == 0 && r->part == 0 ? RIGHT : 0;
	return pkt;
}

/* ---- life ---- */

static struct vnf_slots slots_of;
static uint8_t mine[SLOTS] = { 1, 1 };
static uint64_t entered[SLOTS];

/* It goes on from run to run, as ports rest. */
static uint64_t now_ns = VNF_SECOND_NS;

static void world_begin(void)
{
	struct vnf_sessions_conf conf = { 0 };

	node_begin();
	worker.pub.now_ns = now_ns;
	worker.pub.config = &first;
	worker.pub.generation = 1;
	slots_of = (struct vnf_slots){ .mask = SLOTS - 1,
				       .n_mine = SLOTS,
				       .mine = mine,
				       .packets = entered,
				       .secret = { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
						   0x94d049bb133111eb, 0xd6e8feb86659fd93 } };
	worker.pub.slots = &slots_of;
	must(nat_app.sessions(&program, &first, 0, &conf));
	conf.slots = SLOTS;
	must(vnf_sessions_create(NULL, &conf, &worker.pub.sessions[0]) == 0);
	must(nat_app.worker_init(&worker.pub) == 0);
	rebuilds = 0;
	policy_take(0);
	nat_app.tick(&worker.pub);
}

static void session_remove(struct vnf_worker *w, struct vnf_sessions *sessions,
			   struct vnf_session *session, void *arg)
{
	(void)arg;
	vnf_session_remove(w, sessions, session);
}

/* With its last session a mapping goes, and with that its host and its port. */
static void sessions_end(void)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t cursor = 0;

		while (vnf_sessions_walk(&worker.pub, worker.pub.sessions[0], slot, &cursor, 64,
					 session_remove, NULL))
			;
		must(nat_table_of(&program)->slot[slot].n_mappings == 0);
		must(nat_table_of(&program)->slot[slot].n_hosts == 0);
	}
	for (uint16_t i = 0; nat_space_at(nat_spaces_of(&program), i) != NULL; i++)
		for (int proto = 0; proto < NAT_PROTOS; proto++)
			must(nat_ports_used(nat_space_at(nat_spaces_of(&program), i),
					    (enum nat_proto)proto) == 0);
}

static void world_end(void)
{
	sessions_end();
	now_ns = worker.pub.now_ns + 60 * VNF_SECOND_NS;
	nat_app.worker_fini(&worker.pub);
	vnf_sessions_destroy(worker.pub.sessions[0]);
	node_end();
	must(held == 0);
}

static void time_pass(uint8_t steps)
{
	for (uint32_t i = 0; i <= steps % 64u; i++) {
		worker.pub.now_ns += steps & 0x40 ? 60 * TIME_STEP_NS : TIME_STEP_NS / 10;
		timeouts_run(&worker);
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			vnf_sessions_run(&worker.pub, worker.pub.sessions[0], slot, 64);
		nat_app.tick(&worker.pub);
		sent_run();
	}
}

/* A step's first octet: 0x80: no frame; 0x40: as it is; 0x02: the burst goes on; 0x01: port. */
static size_t step_run(struct burst *b, const uint8_t *data, size_t size)
{
	uint8_t what = data[0], cut = data[1];
	struct recipe r;
	size_t n;

	if ((what & 0x82) != 0x02)
		burst_end(b);
	if ((what & 0xc0) == 0xc0)
		policy_take(cut);
	else if ((what & 0x80) != 0)
		time_pass(cut);
	if ((what & 0x80) != 0)
		return 2;
	if ((what & 0x40) == 0) {
		if (size < 2 + RECIPE_OCTETS)
			return size;
		memcpy(&r, data + 2, RECIPE_OCTETS);
		frame_add(b, what & 1, recipe_packet(&r, what & 1, cut));
		return 2 + RECIPE_OCTETS;
	}
	if (size < 4)
		return size;
	n = RTE_MIN(data[2] | (size_t)data[3] << 8, RTE_MIN(size - 4, (size_t)FRAME_MAX - 600));
	frame_add(b, what & 1, packet(data + 4, (uint32_t)n, cut));
	return 4 + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct burst b = { 0 };
	size_t at = 0;

	pool_init();
	mbufs_left = 4096;
	held = created = 0;
	world_begin();
	for (uint32_t step = 0; step < STEPS_MAX && at + 2 <= size; step++)
		at += step_run(&b, data + at, size - at);
	burst_end(&b);
	tables_check();
	world_end();
	return 0;
}
