/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The firewall's TCP between two plain hosts (fw_tcp_host.h) that open, send, read, close, abort
 * and lose their memory as chance wills, over links that lose, double and reorder. Whatever it
 * drops must be of no use to the host it is for; when links are good again, all must come to its
 * end; and who guesses numbers from afar must not change anything.
 */
#include <criterion/criterion.h>

#include "fw_tcp_host.h"
#include "vnf_priv.h"

#define RUNS 400
#define STEPS 800
#define ROUNDS 300

/* What may happen beside loss and doubles. */
struct world {
	bool reorders;   /* in front of the firewall, too */
	bool aborts;     /* hosts send RST */
	bool restarts;   /* hosts lose their memory */
	bool early;      /* data in SYNs */
	bool both_open;  /* simultaneously */
	bool picks_up;   /* the firewall loses its memory */
	bool attacks;    /* somebody guesses numbers */
	uint32_t passed; /* segments */
	uint32_t dropped;
	uint32_t forged;
	uint32_t opened;
	uint32_t gave_up;
};

static struct world world;
static struct host host[2];
static struct queue to_fw[2], from_fw[2]; /* by the host that sends, and gets */
static struct fw_tcp tcp;
static bool has_session;
static unsigned int first; /* the host that is side 0 */
static struct vnf_random chance;

static uint32_t below(uint32_t bound)
{
	return vnf_random_below(&chance, bound);
}

static uint32_t number(void)
{
	return (uint32_t)vnf_random_next(&chance);
}

static void host_setup(struct host *h)
{
	static const uint8_t options[] = { FW_TCP_NO_SCALE, 0, 1, 3, 6 };

	memset(h, 0, sizeof(*h));
	h->buffer = 1 + below(HOST_BUFFER_MAX);
	h->option = options[below(RTE_DIM(options))];
	h->takes_early = world.early && below(2);
}

static void world_setup(void)
{
	host_setup(&host[0]);
	host_setup(&host[1]);
	host[1].listens = true;
	memset(to_fw, 0, sizeof(to_fw));
	memset(from_fw, 0, sizeof(from_fw));
	has_session = false;
}

/* Would it change anything for this host? */
static bool changes(const struct host *h, const struct fw_tcp_segment *s)
{
	struct queue out = { .n = 0 };
	static struct host clone;

	memcpy(&clone, h, sizeof(clone));
	host_receive(&clone, &out, s, 0);
	return clone.state != h->state || clone.una != h->una || clone.edge != h->edge ||
	       clone.rcv_nxt != h->rcv_nxt || clone.fin_known != h->fin_known ||
	       memcmp(clone.got, h->got, sizeof(h->got)) != 0;
}

/* Now, or when it has got what is under way to it. */
static bool is_of_use(unsigned int to, const struct fw_tcp_segment *s)
{
	static struct host later;
	struct queue out = { .n = 0 };

	memcpy(&later, &host[to], sizeof(later));
	for (unsigned int i = 0; i < from_fw[to].n; i++)
		host_receive(&later, &out, &from_fw[to].segment[i], 0);
	return changes(&host[to], s) || changes(&later, s);
}

static enum fw_tcp_verdict judge(unsigned int sender, const struct fw_tcp_segment *s)
{
	enum fw_tcp_verdict verdict;

	if (has_session) {
		verdict = fw_tcp_follow(&tcp, sender ^ first, s);
		if (verdict != FW_TCP_ANEW)
			return verdict;
	}
	verdict = fw_tcp_open(&tcp, s, !world.picks_up);
	has_session = verdict == FW_TCP_PASS;
	first = sender;
	return verdict;
}

/* The answer to a strange SYN, or its data. The ACK of who has already sent, or will, SYN and ACK.
 * A RST of a connection before or after this one: who still has that one asks for it once more. And
 * while hosts give up and begin anew, whatever is not in a connection that stands.
 */
static bool may_be_dropped(const struct fw_tcp_segment *s, enum fw_tcp_verdict verdict, uint8_t was)
{
	bool stands = was >= FW_TCP_ESTABLISHED && was <= FW_TCP_CLOSING;

	if (verdict == FW_TCP_STATE && (s->flags & SYN))
		return true;
	if (s->flags & RST)
		return !stands || world.restarts || world.attacks;
	return (world.aborts || world.restarts) ? !stands : was <= FW_TCP_SYN_BOTH;
}

static void forward(unsigned int sender, unsigned int i, bool is_sure)
{
	struct fw_tcp_segment s = queue_take(&to_fw[sender], i);
	bool had_session = has_session;
	uint8_t was = tcp.state;
	enum fw_tcp_verdict verdict;

	if (!is_sure && below(30) == 0)
		return;
	verdict = judge(sender, &s);
	if (verdict <= FW_TCP_ANEW) {
		world.passed++;
		queue_add(&from_fw[sender ^ 1], &s);
		return;
	}
	world.dropped++;
	if (had_session && !may_be_dropped(&s, verdict, was))
		cr_assert_not(is_of_use(sender ^ 1, &s),
			      "from %u flags %x seq %x ack %x length %u in %s: %d", sender, s.flags,
			      s.seq, s.ack, s.length, fw_tcp_state_name(was), verdict);
}

static void deliver(unsigned int to, unsigned int i, bool is_sure)
{
	struct fw_tcp_segment s = queue_take(&from_fw[to], i);

	if (is_sure || below(30) > 0)
		host_receive(&host[to], &to_fw[to], &s, number());
	if (!is_sure && below(30) == 0)
		queue_add(&from_fw[to], &s);
}

static bool links_are_empty(void)
{
	return to_fw[0].n + to_fw[1].n + from_fw[0].n + from_fw[1].n == 0;
}

static void open_actively(unsigned int i)
{
	struct host *h = &host[i];
	uint32_t length = world.early && below(2) ? below(HOST_SEGMENT_MAX) : 0;

	host_begin(h, number(), HOST_SYN_SENT);
	h->data_end += length;
	/* That both begin while the last one is not forgotten takes more than the firewall notes.
	 */
	if (world.both_open)
		has_session = false;
	host_send(h, &to_fw[i], SYN, h->iss, length);
	world.opened++;
}

static void abort_now(unsigned int i)
{
	struct host *h = &host[i];

	if (h->state == HOST_OPEN || h->state == HOST_SYN_RECEIVED)
		host_send(h, &to_fw[i], below(2) ? RST : RST | ACK, below(4) ? h->top : h->nxt, 0);
	h->state = HOST_CLOSED;
}

static void read_some(struct host *h)
{
	h->unread -= below(h->unread + 1);
	/* RFC 9293 section 3.8.6: what was promised should not be taken back, but can be. */
	if (below(50) == 0)
		h->buffer = 1 + below(HOST_BUFFER_MAX);
	if (h->unread > h->buffer)
		h->unread = h->buffer;
	if (below(50) == 0)
		h->rcv_edge = h->rcv_nxt;
}

static void act_open(unsigned int i)
{
	struct host *h = &host[i];
	struct queue *out = &to_fw[i];

	switch (below(9)) {
	case 0:
	case 1:
		if (!h->closes)
			h->data_end += below(3000);
		/* fall through */
	case 2:
		host_send_some(h, out, 1 + below(HOST_SEGMENT_MAX));
		break;
	case 3:
		host_ack(h, out);
		break;
	case 4:
		host_retransmit(h, out, 1 + below(HOST_SEGMENT_MAX));
		break;
	case 5:
		host_probe(h, out);
		break;
	case 6:
		if (h->una == h->top)
			host_send(h, out, ACK, h->una - 1, below(2) && h->una - 1 != h->iss);
		break;
	case 7:
		read_some(h);
		break;
	default:
		h->closes |= below(20) == 0;
	}
}

/* Its memory, or what it waits for in TIME-WAIT. */
static bool forgets(const struct host *h)
{
	if (h->state == HOST_TIME_WAIT)
		return links_are_empty() && below(20) == 0;
	return world.restarts && below(300) == 0;
}

static bool wants_to_open(unsigned int i)
{
	bool waits = i == 0 ? links_are_empty() : host[0].state == HOST_SYN_SENT;

	return below(10) == 0 && (i == 0 || world.both_open) && (world.restarts || waits);
}

static void act(unsigned int i)
{
	struct host *h = &host[i];

	if (forgets(h))
		h->state = HOST_CLOSED;
	else if (world.aborts && below(150) == 0)
		abort_now(i);
	else if (h->state == HOST_OPEN)
		act_open(i);
	else if (h->state == HOST_SYN_RECEIVED && h->takes_early && below(2))
		host_send_some(h, &to_fw[i], 1 + below(HOST_SEGMENT_MAX));
	else if (h->state == HOST_SYN_SENT || h->state == HOST_SYN_RECEIVED)
		host_retransmit(h, &to_fw[i], 0);
	else if (h->state == HOST_CLOSED && wants_to_open(i))
		open_actively(i);
}

static bool is_far(uint32_t a, uint32_t b)
{
	return a - b > 0x1000000 && b - a > 0x1000000;
}

static struct fw_tcp_segment forge(const struct fw_tcp_side *from, const struct fw_tcp_side *to)
{
	static const uint8_t flags[] = { RST, RST | ACK, FIN | ACK, ACK, ACK, SYN, SYN | ACK };
	struct fw_tcp_segment s = {
		.flags = flags[below(RTE_DIM(flags))],
		.window = (uint16_t)number(),
		.scale = (uint8_t)below(15),
	};

	s.length = s.flags == ACK ? below(1000) : 0;
	do {
		s.seq = number();
	} while (!is_far(s.seq, from->end));
	do {
		s.ack = number();
	} while (!is_far(s.ack, to->end));
	return s;
}

/* By somebody on the side of one host, who knows addresses and ports but no numbers. SYNs before an
 * answer may be any client's; that they do not hinder for long is for test_fw_tcp.c.
 */
static void attack(unsigned int sender)
{
	struct fw_tcp_side *from = &tcp.side[sender ^ first], *to = &tcp.side[sender ^ first ^ 1];
	struct fw_tcp_segment s = forge(from, to);
	struct fw_tcp before = tcp;
	enum fw_tcp_verdict verdict;

	if (!has_session || (tcp.state <= FW_TCP_SYN_BOTH && s.flags == SYN))
		return;
	verdict = fw_tcp_follow(&tcp, sender ^ first, &s);
	cr_assert_eq(before.state, tcp.state);
	cr_assert_eq(memcmp(before.side, tcp.side, sizeof(tcp.side)), 0);
	cr_assert_neq(verdict, FW_TCP_PASS);
	if (verdict == FW_TCP_STILL && tcp.state > FW_TCP_SYN_BOTH)
		cr_assert(s.flags & SYN);
	if (verdict == FW_TCP_STILL)
		host_receive(&host[sender ^ 1], &to_fw[sender ^ 1], &s, number());
	world.forged++;
}

static void step(unsigned int attacker)
{
	unsigned int what = below(10), i = below(2), n;

	if (what < 4 && to_fw[i].n > 0) {
		n = world.reorders ? below(RTE_MIN(to_fw[i].n, 4U)) : 0;
		if (below(30) == 0)
			queue_add(&to_fw[i], &to_fw[i].segment[to_fw[i].n - 1]);
		forward(i, n, false);
	} else if (what < 8 && from_fw[i].n > 0) {
		deliver(i, below(RTE_MIN(from_fw[i].n, 4U)), false);
	} else {
		act(i);
	}
	if (world.attacks && below(4) == 0)
		attack(attacker);
	if (world.picks_up && below(100) == 0 && host[0].state == HOST_OPEN &&
	    host[1].state == HOST_OPEN && links_are_empty())
		has_session = false;
}

static void flush(void)
{
	for (unsigned int n = 0; n < 200 && !links_are_empty(); n++)
		for (unsigned int i = 0; i < 2; i++) {
			if (to_fw[i].n > 0)
				forward(i, 0, true);
			if (from_fw[i].n > 0)
				deliver(i, 0, true);
		}
}

static bool is_over(void)
{
	return (host[0].state == HOST_CLOSED || host[0].state == HOST_TIME_WAIT) &&
	       (host[1].state == HOST_CLOSED || host[1].state == HOST_TIME_WAIT);
}

/* One host waits, and the other one wants to begin. Or one waits for a RST that was lost, as the
 * firewall has no session for what it sends: in the end it gives up.
 */
static void time_goes_by(unsigned int round)
{
	if (round == ROUNDS - 1 && (world.aborts || world.restarts || world.attacks)) {
		host[0].state = host[1].state = HOST_CLOSED;
		world.gave_up++;
	}
	for (unsigned int i = 0; i < 2; i++)
		if (host[i].state == HOST_TIME_WAIT && host[i ^ 1].state == HOST_SYN_SENT)
			host[i].state = HOST_CLOSED;
}

/* Links are good, and applications read and close. */
static void finish(void)
{
	for (unsigned int round = 0; round < ROUNDS && !is_over(); round++) {
		for (unsigned int i = 0; i < 2; i++) {
			struct host *h = &host[i];

			flush();
			h->closes |= h->state == HOST_OPEN;
			h->unread = 0;
			h->buffer = HOST_BUFFER_MAX;
			host_retransmit(h, &to_fw[i], HOST_SEGMENT_MAX);
			if (h->state != HOST_OPEN)
				continue;
			while (to_fw[i].n < 8 && host_send_some(h, &to_fw[i], HOST_SEGMENT_MAX))
				;
			host_probe(h, &to_fw[i]);
			host_ack(h, &to_fw[i]);
		}
		flush();
		time_goes_by(round);
	}
	cr_assert(is_over(), "%u %u, %s", host[0].state, host[1].state,
		  fw_tcp_state_name(tcp.state));
}

static void all_arrived(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		cr_assert_eq(host[i].una, host[i].data_end + 1);
		cr_assert_eq(host[i].una, host[i ^ 1].rcv_nxt);
	}
	cr_assert_eq(tcp.state, FW_TCP_TIME_WAIT, "%s", fw_tcp_state_name(tcp.state));
}

/* Whatever was before, the next connection comes about. */
static void once_more(void)
{
	host[0].state = host[1].state = HOST_CLOSED;
	open_actively(0);
	host[0].data_end += 10000;
	finish();
	all_arrived();
}

static void run(const struct world *conf)
{
	world = *conf;
	random_fix(4711);
	vnf_random_init(&chance, UINT64_C(1) << 32);
	for (unsigned int i = 0; i < RUNS; i++) {
		world_setup();
		open_actively(0);
		for (unsigned int n = 0; n < STEPS; n++)
			step(i % 2);
		finish();
		if (!world.aborts && !world.restarts && !world.attacks && world.opened == i + 1)
			all_arrived();
		once_more();
	}
	printf("# %u connections, %u gave up, %u segments, %u dropped, %u forged\n", world.opened,
	       world.gave_up, world.passed, world.dropped, world.forged);
	cr_assert_gt(world.passed, RUNS * 100);
	cr_assert_lt(world.gave_up, RUNS / 10);
}

Test(fw_tcp_random, what_hosts_send_passes)
{
	run(&(struct world){ 0 });
}

Test(fw_tcp_random, reordered_in_front)
{
	run(&(struct world){ .reorders = true });
}

Test(fw_tcp_random, simultaneous_open)
{
	run(&(struct world){ .both_open = true });
}

Test(fw_tcp_random, data_in_syns)
{
	run(&(struct world){ .early = true });
}

Test(fw_tcp_random, aborts)
{
	run(&(struct world){ .aborts = true });
}

Test(fw_tcp_random, hosts_without_memory)
{
	run(&(struct world){ .restarts = true, .aborts = true });
}

Test(fw_tcp_random, a_firewall_without_memory)
{
	run(&(struct world){ .picks_up = true, .aborts = true });
}

Test(fw_tcp_random, guesses_from_afar_change_nothing)
{
	run(&(struct world){ .attacks = true });
}

Test(fw_tcp_random, guesses_from_afar_while_hosts_abort)
{
	run(&(struct world){ .attacks = true, .aborts = true, .early = true });
}
