/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Fuzz target for the firewall: its burst callback, in the wire and as a router, with rules of all
 * kinds. The input is a sequence of steps: frames as they are, frames by a few octets each (hosts,
 * protocol, numbers, fragments, VLANs, of which the firewall has sessions), bursts of them, time,
 * ticks, and reloads. No packet is lost, whatever is sent out is sound, verdicts and sessions are
 * such as there can be.
 */

#define PORTS 2
#define NEIGHBOURS 32
#define REASONS (FW_DROP_FULL + 1)
#define STEPS_MAX 256
#define SESSIONS 32
#define SLOTS 2
#define POLICIES 3
#define TIME_STEP_NS (VNF_SECOND_NS / 2)

#include "../unit/fw_app.h"
#define APP fw_app
#include "fuzz_program.h"

#include "../../vnfs/firewall/config.h"

/* ---- what the firewall asks for, beside ---- */

static struct fw_policy *policies[2][POLICIES];
/* In force; at first one without anything, as there are no tables yet to give periods to. */
static const struct fw_policy nothing;
static const struct fw_policy *newest = &nothing;

void *vnf_built(const struct vnf *vnf)
{
	(void)vnf;
	return (void *)(uintptr_t)newest;
}

uint32_t vnf_slot_of_pair(const struct vnf_worker *w, struct rte_mbuf *pkt,
			  const struct vnf_headers *h)
{
	(void)w;
	if (vnf_is_ipv4(h))
		return (vnf_ipv4(pkt, h)->src_addr ^ vnf_ipv4(pkt, h)->dst_addr) >> 24 & 1;
	return (vnf_ipv6(pkt, h)->src_addr[15] ^ vnf_ipv6(pkt, h)->dst_addr[15]) & 1;
}

bool vnf_config_is_set(const struct vnf_config *file, const void *field)
{
	(void)file;
	(void)field;
	return true;
}

void vnf_config_path(const struct vnf_config *file, const char *const *field, char *path,
		     size_t size)
{
	(void)file;
	snprintf(path, size, "%s", *field);
}

int vnf_port_planned(const struct vnf_config *file, const char *name)
{
	(void)file;
	return name[0] - 'a';
}

int vnf_ip_planned(const struct vnf_config *file, const char *name)
{
	return vnf_port_planned(file, name);
}

bool vnf_ip_is_planned(const struct vnf_config *file)
{
	(void)file;
	return true;
}

int vnf_port_get_info(const struct vnf *vnf, uint16_t port, struct vnf_port_info *info)
{
	static char names[][2] = { "a", "b" };

	(void)vnf;
	if (port >= PORTS)
		return -ENOENT;
	*info = (struct vnf_port_info){ .name = names[port], .kind = "null" };
	return 0;
}

const char *vnf_drop_name(const struct vnf *vnf, uint32_t reason)
{
	(void)vnf;
	must(reason < REASONS);
	return "reason";
}

/* What only commands want. */

int vnf_port_find(const struct vnf *vnf, const char *name)
{
	(void)vnf;
	return vnf_port_planned(NULL, name);
}

/* Of the first configuration no more is asked than how many sessions there are. */
static struct fw_config first = { .sessions = SESSIONS };

void *vnf_config(const struct vnf *vnf)
{
	(void)vnf;
	return &first;
}

/* ---- policies ---- */

static struct fw_wire_spec wires[] = { { "a", "b" } };
static struct fw_zone_spec zones[] = {
	{ "left", WORDS("a"), WORDS("a") },
	{ "right", WORDS("b"), WORDS("b") },
};
static struct fw_set_spec sets[] = { { "some", WORDS("10.0.2.0/24", "2001:db8:2::/64"), { 0 } } };
static struct fw_port_set_spec port_sets[] = { { "web", WORDS("80-82", "443") } };
static struct fw_rule_spec rules[] = {
	{ .name = "vlan", .vlan = WORDS("5-6"), .action = FW_DROP },
	{ .name = "no", .proto = WORDS("tcp"), .dport = WORDS("81"), .action = FW_REJECT },
	{ .name = "pieces",
	  .proto = WORDS("udp"),
	  .fragment = FW_FRAGMENT_YES,
	  .dport = WORDS("82"),
	  .action = FW_REJECT },
	{ .name = "odd", .proto = WORDS("tcp"), .flags = WORDS("urg"), .action = FW_DROP },
	{ .name = "slow", .proto = WORDS("udp"), .dport = WORDS("83"), .rate = 2 },
	{ .name = "each",
	  .proto = WORDS("udp", "tcp"),
	  .dport = WORDS("84"),
	  .source_sessions = 2,
	  .source_rate = 3,
	  .source_period = VNF_SECOND_NS,
	  .log = true },
	{ .name = "self", .to = WORDS("self"), .proto = WORDS("icmp"), .icmp = WORDS("8") },
	{ .name = "out", .from = WORDS("left"), .dst = WORDS("@some") },
	{ .name = "in",
	  .from = WORDS("right"),
	  .proto = WORDS("tcp", "udp"),
	  .dport = WORDS("@web") },
	{ .name = "code", .family = FW_FAMILY_IPV4, .proto = WORDS("icmp"), .icmp = WORDS("8/1") },
	{ .name = "nd", .proto = WORDS("icmpv6"), .icmp = WORDS("135-137") },
	{ .name = "others", .proto = WORDS("47-50", "132"), .sport = { 0 } },
};
static uint32_t ether_types[] = { 0x88cc };

/* The second has fewer rules, and rejects what none matches; the third is not strict. */
static void policy_make(uint32_t mode, uint32_t i)
{
	static const struct fw_config least = {
		.wires = ITEMS(wires),
		.zones = ITEMS(zones),
		.sets = ITEMS(sets),
		.port_sets = ITEMS(port_sets),
		.rules = ITEMS(rules),
		.timeouts = { .tcp_opening = 240 * VNF_SECOND_NS,
			      .tcp_established = 7440 * VNF_SECOND_NS,
			      .tcp_closing = 240 * VNF_SECOND_NS,
			      .tcp_time_wait = 240 * VNF_SECOND_NS,
			      .tcp_reset = 10 * VNF_SECOND_NS,
			      .udp_new = 10 * VNF_SECOND_NS,
			      .udp = 30 * VNF_SECOND_NS,
			      .icmp = 5 * VNF_SECOND_NS,
			      .association_new = 30 * VNF_SECOND_NS,
			      .association = 60 * VNF_SECOND_NS,
			      .other_new = 10 * VNF_SECOND_NS,
			      .other = 20 * VNF_SECOND_NS },
		.sessions = SESSIONS,
		.ether_types = { .n = 1, .v = ether_types },
		.reject_rate = 100,
	};
	struct fw_config config = least;
	void *built;

	config.mode = mode;
	config.strict = i != 2;
	config.checksums = i == 1;
	config.otherwise = i == 1;
	config.reverse_path = i;
	if (i == 1)
		config.rules.n = 8;
	config.log.sessions = config.log.drops = i == 2 ? FW_LOG_ALL : FW_LOG_RULES;
	config.limits.half_open = i == 0 ? 8 : 0;
	config.limits.half_open_source = i == 2 ? 3 : 0;
	config.limits.ipv6_prefix = 64;
	must(fw_app.build(&program, NULL, &config, &built) == 0);
	policies[mode][i] = built;
}

/* Each time it is another one. */
static void policy_take(uint32_t mode, uint32_t i)
{
	struct fw_policy *policy = policies[mode][i % POLICIES];

	policy->number = fw_policy_number(&program);
	worker.pub.built = policy;
	worker.pub.journal = i % POLICIES != 1 ? (void *)record : NULL;
	newest = policy;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	dpdk_start();
	firewall_main(0, NULL);
	must(fw_app.init(&program, &program_state) == 0);
	for (uint32_t i = 0; i < POLICIES; i++) {
		policy_make(FW_TRANSPARENT, i);
		policy_make(FW_ROUTED, i);
	}
	return 0;
}

/* ---- what must hold ---- */

static void sound(struct rte_mbuf *pkt)
{
	struct vnf_headers h;

	must(vnf_parse(pkt, &h) == 0);
	must(pkt->pkt_len <= FRAME_MAX);
	/* The firewall's own, in the wire: resets and errors, from one buffer. */
	if (newest->mode == FW_TRANSPARENT && pkt->buf_len == RTE_PKTMBUF_HEADROOM + FRAME_MAX) {
		must(vnf_checksum_valid(pkt, &h));
		must(!vnf_is_ipv4(&h) ||
		     rte_raw_cksum(vnf_ipv4(pkt, &h), rte_ipv4_hdr_len(vnf_ipv4(pkt, &h))) ==
			     UINT16_MAX);
	}
}

static void session_see(struct vnf_worker *w, struct vnf_sessions *sessions,
			struct vnf_session *session, void *arg)
{
	const struct fw_flow *flow = vnf_session_user(session);

	(void)w;
	(void)sessions;
	must(session->in_class < FW_CLASSES);
	must(flow->first <= 1 && flow->policy <= newest->number);
	must(flow->policy != newest->number || flow->rule <= newest->n_rules);
	must(flow->policy != newest->number || newest->rule[flow->rule].action == FW_ACCEPT);
	must((session->in_class > FW_CLASS_TCP_RESET) || flow->tcp.state < FW_TCP_STATES);
	++*(uint32_t *)arg;
}

static void sessions_check(void)
{
	for (uint32_t t = 0; t < FW_TABLES; t++) {
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			struct vnf_sessions_counters counters;
			uint32_t cursor = 0, n = 0;

			while (vnf_sessions_walk(&worker.pub, worker.pub.sessions[t], slot, &cursor,
						 64, session_see, &n))
				;
			must(vnf_sessions_read(worker.pub.sessions[t], slot, &counters) == 0);
			must(counters.in_use == n);
			must(counters.set_up ==
			     n + counters.evicted + counters.expired + counters.removed);
		}
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
	vnf_verdict_t verdicts[VNF_BURST_MAX];

	if (b->n == 0)
		return;
	memset(verdicts, 0x3e, sizeof(verdicts));
	fw_app.burst(&worker.pub, b->port, b->pkts, verdicts, b->n);
	for (uint16_t i = 0; i < b->n; i++) {
		if (verdicts[i] == VNF_TAKEN) {
			held++;
			continue;
		}
		if ((verdicts[i] & VNF_VERDICT_DROP) != 0) {
			must((verdicts[i] & ~VNF_VERDICT_DROP) < REASONS);
		} else {
			must(verdicts[i] < PORTS);
			must(newest->mode == FW_ROUTED || verdicts[i] == (b->port ^ 1u));
			sound(b->pkts[i]);
		}
		packet_free(b->pkts[i]);
	}
	b->n = 0;
	must(held >= 0);
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
	uint8_t hosts; /* 2 bits each: source, destination; 0x10: IPv6; 0x20, 0x40: tags */
	uint8_t proto; /* of the list; 0x08: an ICMP error about such a packet */
	uint8_t ports; /* 3 bits each */
	uint8_t flags; /* of TCP, or the type of ICMP */
	uint8_t seq;   /* of 16 octets each */
	uint8_t ack;
	uint8_t part;   /* 0: whole; 0x80: more; of 64 octets each */
	uint8_t length; /* of the payload */
};

#define RECIPE_OCTETS 8

static uint8_t *ethernet_write(uint8_t *at, const struct recipe *r, uint16_t port)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	uint16_t type = r->hosts & 0x10 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4;

	memcpy(at, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)port }, 6);
	memcpy(at + 6, mac, 6);
	at += 12;
	if (r->hosts & 0x20) {
		memcpy(at, (uint8_t[]){ 0x81, 0, 0, r->hosts & 0x80 ? 5 : 7 }, 4);
		at += 4;
	}
	if (r->hosts & 0x40) {
		memcpy(at, (uint8_t[]){ 0x81, 0, 0, 9 }, 4);
		at += 4;
	}
	*at++ = (uint8_t)(type >> 8);
	*at++ = (uint8_t)type;
	return at;
}

static uint8_t *ipv4_write(uint8_t *at, const struct recipe *r, uint8_t proto, uint32_t octets,
			   uint16_t port)
{
	uint8_t src = r->hosts & 3, dst = r->hosts >> 2 & 3;
	struct rte_ipv4_hdr ip = {
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(ip) + octets)),
		.packet_id = rte_cpu_to_be_16(r->seq & 3),
		.fragment_offset = rte_cpu_to_be_16(
			(uint16_t)((r->part & 0x7f) * 8 | (r->part & 0x80 ? 0x2000 : 0))),
		.time_to_live = 64,
		.next_proto_id = proto,
		.src_addr = rte_cpu_to_be_32(0x0a000001u + ((port + 1u) << 8) + src),
		.dst_addr = rte_cpu_to_be_32(0x0a000001u + (2u - port) * 256 + dst),
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(at, &ip, sizeof(ip));
	return at + sizeof(ip);
}

static uint8_t *ipv6_write(uint8_t *at, const struct recipe *r, uint8_t proto, uint32_t octets,
			   uint16_t port)
{
	uint32_t more = r->part != 0 ? 8 : 0;
	struct rte_ipv6_hdr ip = {
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = rte_cpu_to_be_16((uint16_t)(octets + more)),
		.proto = more ? IPPROTO_FRAGMENT : proto,
		.hop_limits = r->flags >= 133 && r->flags <= 137 ? 255 : 64,
		.src_addr = { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)(port + 1) },
		.dst_addr = { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)(2 - port) },
	};

	ip.src_addr[15] = 1 + (r->hosts & 3);
	ip.dst_addr[15] = 1 + (r->hosts >> 2 & 3);
	memcpy(at, &ip, sizeof(ip));
	at += sizeof(ip);
	if (more) {
		uint16_t offset = (uint16_t)((r->part & 0x7f) * 8 * 8 | r->part >> 7);
		uint8_t ext[8] = { proto, 0, offset >> 8, (uint8_t)offset, 0, 0, 0, r->seq & 3 };

		memcpy(at, ext, sizeof(ext));
		at += sizeof(ext);
	}
	return at;
}

static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP,  IPPROTO_ICMP, IPPROTO_ICMPV6,
				  IPPROTO_GRE, IPPROTO_SCTP, IPPROTO_IGMP, 253 };

/* The first octets of layer 4, then zeros. */
static void layer4_write(uint8_t *at, const struct recipe *r, uint8_t proto, uint32_t octets)
{
	uint8_t l4[20] = { 0, 80 + (r->ports & 7), 0, 80 + (r->ports >> 3 & 7) };

	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		memcpy(l4, (uint8_t[]){ r->flags, r->ack & 1, 0, 0, 0, r->ports }, 6);
	} else if (proto == IPPROTO_UDP) {
		l4[4] = (uint8_t)(octets >> 8);
		l4[5] = (uint8_t)octets;
	} else {
		memcpy(l4 + 4,
		       (uint8_t[]){ 0, 0, r->seq >> 4, (uint8_t)(r->seq << 4), 0, 0, r->ack >> 4,
				    (uint8_t)(r->ack << 4), 0x50, r->flags, 0x10 },
		       11);
	}
	memcpy(at, l4, sizeof(l4));
}

/* The IP header and what follows. */
static uint8_t *ip_write(uint8_t *at, const struct recipe *r, uint16_t port)
{
	uint8_t proto = protos[r->proto % RTE_DIM(protos)];
	uint32_t octets = RTE_MAX(r->length * 4u, 24u) & ~7u;

	at = r->hosts & 0x10 ? ipv6_write(at, r, proto, octets, port)
			     : ipv4_write(at, r, proto, octets, port);
	layer4_write(at, r, proto, octets);
	return at + octets;
}

/* An ICMP error about such a packet of the other port, from one of the hosts there. */
static uint8_t *error_write(uint8_t *at, const struct recipe *about, uint16_t port)
{
	bool is_v6 = about->hosts & 0x10;
	uint8_t proto = is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, quote[FRAME_MAX] = { 0 };
	uint32_t octets = RTE_MIN((uint32_t)(ip_write(quote, about, port ^ 1) - quote), 128u);
	struct recipe r = { .hosts = (uint8_t)((about->hosts & 0xf0) | (about->hosts & 3) << 2) };

	at = is_v6 ? ipv6_write(at, &r, proto, octets + 8, port)
		   : ipv4_write(at, &r, proto, octets + 8, port);
	at[0] = is_v6 ? 1 : 3;
	memcpy(at + 8, quote, octets);
	return at + 8 + octets;
}

static struct rte_mbuf *recipe_packet(const struct recipe *r, uint16_t port, uint8_t cut)
{
	uint8_t frame[FRAME_MAX] = { 0 }, *at = ethernet_write(frame, r, port);

	at = r->proto & 8 ? error_write(at, r, port) : ip_write(at, r, port);
	return packet(frame, (uint32_t)(at - frame), cut);
}

/* ---- life ---- */

static struct vnf_slots slots_of;
static uint8_t mine[SLOTS] = { 1, 1 };
static uint64_t entered[SLOTS];

static void world_begin(uint32_t mode)
{
	node_begin();
	worker.pub.now_ns = VNF_SECOND_NS;
	slots_of = (struct vnf_slots){
		.mask = SLOTS - 1, .n_mine = SLOTS, .mine = mine, .packets = entered
	};
	worker.pub.slots = &slots_of;
	for (uint32_t t = 0; t < FW_TABLES; t++) {
		struct vnf_sessions_conf conf = { 0 };
		struct fw_config config = { .sessions = SESSIONS };

		must(fw_app.sessions(&program, &config, t, &conf));
		conf.slots = SLOTS;
		must(vnf_sessions_create(NULL, &conf, &worker.pub.sessions[t]) == 0);
	}
	must(fw_app.worker_init(&worker.pub) == 0);
	policy_take(mode, 0);
	fw_policy_apply_periods(worker.pub.sessions, newest);
}

static void world_end(void)
{
	fw_app.worker_fini(&worker.pub);
	for (uint32_t t = 0; t < FW_TABLES; t++)
		vnf_sessions_destroy(worker.pub.sessions[t]);
	node_end();
	must(held == 0);
}

static void time_pass(uint8_t steps)
{
	for (uint32_t i = 0; i <= steps % 64u; i++) {
		worker.pub.now_ns += steps & 0x40 ? 60 * TIME_STEP_NS : TIME_STEP_NS / 10;
		timeouts_run(&worker);
		for (uint32_t t = 0; t < FW_TABLES; t++)
			for (uint32_t slot = 0; slot < SLOTS; slot++)
				vnf_sessions_run(&worker.pub, worker.pub.sessions[t], slot, 64);
		fw_app.tick(&worker.pub);
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
		policy_take(newest->mode, cut);
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
	size_t at = 1;

	if (size == 0)
		return 0;
	pool_init();
	mbufs_left = 4096;
	held = created = 0;
	world_begin(data[0] & 1);
	for (uint32_t step = 0; step < STEPS_MAX && at + 2 <= size; step++)
		at += step_run(&b, data + at, size - at);
	burst_end(&b);
	sessions_check();
	world_end();
	return 0;
}
