/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Neighbours: the MAC address of each IP address on a link, for both families by the state machine
 * of RFC 4861 section 7.3, with RFC 1122 section 2.3.2 for ARP:
 *
 *     INCOMPLETE -> REACHABLE -> STALE -> DELAY -> PROBE -> gone
 *
 * Worker 0 changes the table and runs its timers; the other workers look into it without locks
 * (ip_neigh_find). They may meet an entry while it is changed, or one that was just given to
 * another address: its number tells (`seq`, odd while it changes), and they then take it for
 * unknown, so that the packet goes to worker 0. An entry's memory is never given back.
 *
 * Packets wait in their entry, a few each and not many in all. There is room for so many questions
 * at a time (INCOMPLETE_SHARE); whoever makes us ask more, by a scan, has the oldest ones
 * forgotten, RFC 6583.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_jhash.h>

#define TRIES 3            /* RFC 4861: MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT */
#define INCOMPLETE_SHARE 4 /* a fourth of the entries */
#define OTHERS_SHARE 8     /* an eighth of the entries */
#define STRANGERS_LEAVE 4  /* a fourth of the entries */
#define STEPS_MAX 64       /* in one chain, for those who read while it changes */
#define NONE UINT32_MAX
#define LINKS 256

struct held {
	struct held *next;
	struct rte_mbuf *pkt;
	ip_link_t in; /* interface it came in by; IP_LINK_NONE: it is our own */
	uint16_t port;
};

/* An entry. The first part is read by all workers. */
struct neigh {
	struct ip_neigh_seen seen;

	uint32_t hash;
	struct vnf_timeout timer;
	struct held *first, *last;
	uint16_t n_held;
	uint8_t tries;
	uint8_t state; /* enum ip_neigh_state */
	/* Those of one state are a list, oldest first: INCOMPLETE, STALE. */
	uint32_t older, younger;
} __rte_cache_aligned;

struct list {
	uint32_t oldest, youngest, n;
};

struct ip_neighbours {
	uint32_t n;
	uint32_t mask;
	uint32_t seed;
	uint32_t free; /* by `next` */
	uint32_t *bucket;
	struct neigh *neigh;
	struct list list[IP_NEIGH_PROBE + 1];
	struct held held[IP_HELD_MAX];
	struct held *held_free;
	uint32_t held_segments;
	/* By hash of the link: questions, and entries. */
	struct ip_bucket asked[LINKS];
	uint32_t share[LINKS];
};

/* ---- table ---- */

/* Seeded, so that nobody can choose addresses that share a chain. */
static inline uint32_t neigh_hash(const struct ip_neighbours *t, ip_link_t link,
				  const struct ip_addr *addr)
{
	if (ip_is_v4(addr))
		return rte_jhash_2words(addr->word[3], link, t->seed);
	return rte_jhash_32b(addr->word, 4, t->seed ^ link);
}

uint64_t ip_neigh_find(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr,
		       const struct ip_neigh_seen **hint)
{
	const struct ip_neighbours *t = node->neighbours;
	uint32_t at =
		__atomic_load_n(&t->bucket[neigh_hash(t, link, addr) & t->mask], __ATOMIC_ACQUIRE);

	for (uint32_t steps = 0; at != NONE && steps < STEPS_MAX; steps++) {
		uint64_t found = ip_neigh_look(&t->neigh[at].seen, link, addr);

		if (found != 0) {
			if (hint != NULL)
				*hint = &t->neigh[at].seen;
			return found;
		}
		at = __atomic_load_n(&t->neigh[at].seen.next, __ATOMIC_RELAXED);
	}
	return 0;
}

static void change_begin(struct neigh *e)
{
	__atomic_store_n(&e->seen.seq, e->seen.seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct neigh *e)
{
	__atomic_store_n(&e->seen.seq, e->seen.seq + 1, __ATOMIC_RELEASE);
}

void ip_neigh_told(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr,
		   uint64_t found)
{
	const struct ip_neigh_seen *seen = NULL;

	if (ip_neigh_find(node, link, addr, &seen) != found)
		return;
	/* If worker 0 has dealt with it meanwhile, it is not as it was found. */
	__atomic_compare_exchange_n((uint64_t *)(uintptr_t)&seen->found, &found,
				    found | IP_NEIGH_TOLD, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
}

/* Worker 0's own search. */
static struct neigh *entry_find(struct ip_neighbours *t, ip_link_t link, const struct ip_addr *addr)
{
	for (uint32_t at = t->bucket[neigh_hash(t, link, addr) & t->mask]; at != NONE;
	     at = t->neigh[at].seen.next)
		if (ip_neigh_is_for(&t->neigh[at].seen, link, addr))
			return &t->neigh[at];
	return NULL;
}

bool ip_neigh_is_known(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr)
{
	return entry_find(node->neighbours, link, addr) != NULL;
}

static uint32_t link_at(ip_link_t link)
{
	return (link ^ link / IP_VLANS) % LINKS;
}

static uint32_t entry_number(const struct ip_neighbours *t, const struct neigh *e)
{
	return (uint32_t)(e - t->neigh);
}

static void list_remove(struct ip_neighbours *t, struct neigh *e)
{
	struct list *list = &t->list[e->state];

	*(e->older != NONE ? &t->neigh[e->older].younger : &list->oldest) = e->younger;
	*(e->younger != NONE ? &t->neigh[e->younger].older : &list->youngest) = e->older;
	list->n--;
}

static void list_append(struct ip_neighbours *t, struct neigh *e)
{
	struct list *list = &t->list[e->state];
	uint32_t number = entry_number(t, e);

	e->younger = NONE;
	e->older = list->youngest;
	*(e->older != NONE ? &t->neigh[e->older].younger : &list->oldest) = number;
	list->youngest = number;
	list->n++;
}

static uint64_t mac_bits(const struct rte_ether_addr *mac)
{
	uint64_t bits = 0;

	memcpy(&bits, mac, sizeof(*mac));
	return bits;
}

static struct rte_ether_addr entry_mac(const struct neigh *e)
{
	struct rte_ether_addr mac;

	memcpy(&mac, &e->seen.found, sizeof(mac));
	return mac;
}

static void found_set(struct neigh *e, uint64_t found)
{
	change_begin(e);
	__atomic_store_n(&e->seen.found, found, __ATOMIC_RELAXED);
	change_end(e);
}

static const enum ip_timer timer_of[] = {
	[IP_NEIGH_INCOMPLETE] = IP_TIMER_RETRANS, [IP_NEIGH_REACHABLE] = IP_TIMER_REACHABLE,
	[IP_NEIGH_IS_STALE] = IP_TIMER_STALE,     [IP_NEIGH_DELAY] = IP_TIMER_DELAY,
	[IP_NEIGH_PROBE] = IP_TIMER_RETRANS,
};

static void state_set(struct ip_node *node, struct neigh *e, enum ip_neigh_state state)
{
	uint64_t found = e->seen.found & ~(IP_NEIGH_STALE | IP_NEIGH_TOLD);

	list_remove(node->neighbours, e);
	e->state = (uint8_t)state;
	list_append(node->neighbours, e);
	vnf_timeout_move(node->timeouts, &e->timer, timer_of[state]);
	if (state == IP_NEIGH_IS_STALE)
		found |= IP_NEIGH_STALE;
	if (found != e->seen.found)
		found_set(e, found);
}

/* ---- packets that wait ---- */

static struct held *held_pop(struct ip_neighbours *t, struct neigh *e)
{
	struct held *held = e->first;

	t->held_segments -= held->pkt->nb_segs;
	e->first = held->next;
	if (e->first == NULL)
		e->last = NULL;
	e->n_held--;
	return held;
}

static void held_give_back(struct ip_neighbours *t, struct held *held)
{
	held->next = t->held_free;
	t->held_free = held;
}

/* RFC 1122 section 2.3.2.2: the latest are kept. What takes many buffers counts as many. */
static void hold(struct ip_worker *w, struct neigh *e, struct rte_mbuf *pkt,
		 const struct ip_interface *in, const struct ip_interface *out)
{
	struct ip_neighbours *t = w->node->neighbours;
	struct held *held = t->held_free;
	uint16_t port = in != NULL ? in->port : out->port;

	if (t->held_segments + pkt->nb_segs > IP_HELD_MAX || held == NULL) {
		vnf_drop(w->worker, port, pkt, VNF_DROP_NEIGHBOUR_QUEUE);
		return;
	}
	if (e->n_held == IP_HELD_EACH) {
		held = held_pop(t, e);
		vnf_drop(w->worker, held->port, held->pkt, VNF_DROP_NEIGHBOUR_QUEUE);
	} else {
		t->held_free = held->next;
	}
	*held = (struct held){ NULL, pkt, in != NULL ? in->link : IP_LINK_NONE, port };
	if (e->last != NULL)
		e->last->next = held;
	else
		e->first = held;
	e->last = held;
	e->n_held++;
	t->held_segments += pkt->nb_segs;
	vnf_packet_mark(pkt, "waiting for a neighbour");
}

/* Its place is free at once: whoever deals with it may need one. */
static struct held held_take(struct ip_neighbours *t, struct neigh *e)
{
	struct held *place = held_pop(t, e), held = *place;

	held_give_back(t, place);
	return held;
}

static void held_send(struct ip_worker *w, struct neigh *e)
{
	const struct ip_interface *out = ip_interface_of(w->tables, e->seen.link);
	struct rte_ether_addr mac = entry_mac(e);

	while (e->first != NULL) {
		struct held held = held_take(w->node->neighbours, e);

		ip_apply(w, held.port, held.pkt,
			 out != NULL ? ip_transmit(held.pkt, out, &mac)
				     : VNF_DROP(VNF_DROP_NO_ROUTE));
	}
}

/* RFC 1812 section 5.2.7.1, RFC 4861 section 7.2.2: their sources are told. */
static void held_drop(struct ip_worker *w, struct neigh *e, uint32_t reason, bool tell)
{
	while (e->first != NULL) {
		struct held held = held_take(w->node->neighbours, e);
		const struct ip_interface *in = ip_interface_of(w->tables, held.in);
		struct vnf_headers h;

		/* The error may have to wait for a neighbour itself. */
		if (tell && in != NULL && vnf_parse(held.pkt, &h) == 0)
			ip_icmp_error(w, held.pkt, &h, in,
				      vnf_is_ipv4(&h) ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE,
				      vnf_is_ipv4(&h) ? ICMP4_HOST : ICMP6_ADDRESS, 0);
		vnf_drop(w->worker, held.port, held.pkt, reason);
	}
}

/* ---- entries ---- */

static void entry_remove(struct ip_worker *w, struct neigh *e, uint32_t reason, bool tell)
{
	struct ip_neighbours *t = w->node->neighbours;
	uint32_t *at = &t->bucket[e->hash & t->mask];
	uint32_t number = entry_number(t, e);

	vnf_timeout_stop(&e->timer);
	list_remove(t, e);
	t->share[link_at(e->seen.link)]--;
	change_begin(e);
	while (*at != number)
		at = &t->neigh[*at].seen.next;
	__atomic_store_n(at, e->seen.next, __ATOMIC_RELAXED);
	e->seen.found = 0;
	e->seen.link = IP_LINK_NONE;
	e->state = IP_NEIGH_FREE;
	change_end(e);
	held_drop(w, e, reason, tell);
	__atomic_store_n(&e->seen.next, t->free, __ATOMIC_RELAXED);
	t->free = number;
}

/* The oldest of that state; of one link only, if `of` is none of LINKS: of any. */
static struct neigh *oldest_find(struct ip_neighbours *t, enum ip_neigh_state state, uint32_t of)
{
	uint32_t at = t->list[state].oldest;

	/* The link has most of the entries, so it is found soon. */
	for (uint32_t steps = 0; at != NONE && steps < STEPS_MAX; steps++) {
		if (of == LINKS || link_at(t->neigh[at].seen.link) == of)
			return &t->neigh[at];
		at = t->neigh[at].younger;
	}
	return NULL;
}

/* Room for one more: what nobody needs now goes first. Who answers stays. */
static bool room_make(struct ip_worker *w, uint32_t of)
{
	static const enum ip_neigh_state order[] = { IP_NEIGH_IS_STALE, IP_NEIGH_INCOMPLETE,
						     IP_NEIGH_PROBE, IP_NEIGH_DELAY };
	struct neigh *e = NULL;

	for (size_t i = 0; i < RTE_DIM(order) && e == NULL; i++)
		e = oldest_find(w->node->neighbours, order[i], of);
	if (e == NULL)
		return false;
	entry_remove(w, e, VNF_DROP_NEIGHBOUR_TABLE, false);
	return true;
}

/* However many one link has, there are some left for the others. */
static bool has_room(struct ip_worker *w, ip_link_t link)
{
	struct ip_neighbours *t = w->node->neighbours;
	uint32_t at = link_at(link);

	if (w->tables->n_interfaces > 1 && t->share[at] >= t->n - t->n / OTHERS_SHARE)
		return room_make(w, at);
	return t->free != NONE || room_make(w, LINKS);
}

static struct neigh *entry_add(struct ip_worker *w, ip_link_t link, const struct ip_addr *addr,
			       enum ip_neigh_state state, uint64_t found)
{
	struct ip_neighbours *t = w->node->neighbours;
	struct neigh *e;
	uint32_t *bucket;

	if (state == IP_NEIGH_INCOMPLETE &&
	    t->list[IP_NEIGH_INCOMPLETE].n >= RTE_MAX(t->n / INCOMPLETE_SHARE, 1u))
		entry_remove(w, &t->neigh[t->list[IP_NEIGH_INCOMPLETE].oldest],
			     VNF_DROP_NEIGHBOUR_TABLE, false);
	if (!has_room(w, link))
		return NULL;
	e = &t->neigh[t->free];
	t->free = e->seen.next;
	change_begin(e);
	e->hash = neigh_hash(t, link, addr);
	bucket = &t->bucket[e->hash & t->mask];
	e->seen.link = link;
	e->seen.addr = *addr;
	e->seen.found = found | (state == IP_NEIGH_IS_STALE ? IP_NEIGH_STALE : 0);
	e->tries = 0;
	__atomic_store_n(&e->seen.next, *bucket, __ATOMIC_RELAXED);
	change_end(e);
	__atomic_store_n(bucket, entry_number(t, e), __ATOMIC_RELEASE);
	e->state = (uint8_t)state;
	list_append(t, e);
	t->share[link_at(link)]++;
	vnf_timeout_start(w->node->timeouts, &e->timer, timer_of[state]);
	return e;
}

/* ---- questions ---- */

static void ask(struct ip_worker *w, struct neigh *e, const struct rte_ether_addr *mac)
{
	const struct ip_interface *out = ip_interface_of(w->tables, e->seen.link);
	struct ip_addr src;

	e->tries++;
	if (out == NULL || !ip_own_source(w->node, out, &e->seen.addr, &src))
		return;
	if (ip_is_v4(&e->seen.addr))
		ip_arp_request(w, out, src.word[3], e->seen.addr.word[3], mac);
	else
		ip_nd_solicit(w, out, &src, &e->seen.addr, mac);
}

/* Nobody makes us ask more often than that, on any link. */
static bool may_ask(struct ip_worker *w, const struct ip_interface *out)
{
	uint32_t rate = w->tables->spec->solicitations;
	uint32_t at = link_at(out->link);

	return ip_bucket_take(&w->node->neighbours->asked[at], w->worker->now_ns, rate,
			      rate / 10 + 1);
}

static vnf_verdict_t send_first(struct ip_worker *w, struct rte_mbuf *pkt,
				const struct ip_interface *in, const struct ip_interface *out,
				const struct ip_addr *addr)
{
	struct neigh *e;

	if (!may_ask(w, out))
		return VNF_DROP(VNF_DROP_NEIGHBOUR_RATE);
	e = entry_add(w, out->link, addr, IP_NEIGH_INCOMPLETE, 0);
	if (e == NULL)
		return VNF_DROP(VNF_DROP_NEIGHBOUR_TABLE);
	hold(w, e, pkt, in, out);
	ask(w, e, NULL);
	return VNF_TAKEN;
}

vnf_verdict_t ip_neigh_send(struct ip_worker *w, struct rte_mbuf *pkt,
			    const struct ip_interface *in, const struct ip_interface *out,
			    const struct ip_addr *addr)
{
	struct neigh *e = entry_find(w->node->neighbours, out->link, addr);
	struct rte_ether_addr mac;

	if (e == NULL)
		return send_first(w, pkt, in, out, addr);
	if (e->state == IP_NEIGH_INCOMPLETE) {
		hold(w, e, pkt, in, out);
		return VNF_TAKEN;
	}
	if (e->state == IP_NEIGH_IS_STALE)
		state_set(w->node, e, IP_NEIGH_DELAY);
	mac = entry_mac(e);
	return ip_transmit(pkt, out, &mac);
}

/* ---- answers ---- */

static void resolved(struct ip_worker *w, struct neigh *e, const struct rte_ether_addr *mac,
		     bool solicited)
{
	found_set(e, mac_bits(mac) | IP_NEIGH_USABLE);
	state_set(w->node, e,
		  solicited          ? IP_NEIGH_REACHABLE
		  : e->first != NULL ? IP_NEIGH_DELAY
				     : IP_NEIGH_IS_STALE);
	w->node->counts.resolved++;
	held_send(w, e);
}

static void update(struct ip_worker *w, struct neigh *e, const struct rte_ether_addr *mac,
		   struct ip_neigh_news news)
{
	struct rte_ether_addr known = entry_mac(e);
	bool same = rte_is_same_ether_addr(&known, mac);

	if (!same && !news.override) {
		if (e->state == IP_NEIGH_REACHABLE)
			state_set(w->node, e, IP_NEIGH_IS_STALE);
		return;
	}
	if (!same)
		found_set(e, mac_bits(mac) | IP_NEIGH_USABLE);
	if (news.solicited)
		state_set(w->node, e, IP_NEIGH_REACHABLE);
	else if (!same)
		state_set(w->node, e, IP_NEIGH_IS_STALE);
}

/* Whoever makes himself known, under however many addresses, leaves room for those that we ask: the
 * oldest that is not used makes room, or there is none.
 */
static bool stranger_room(struct ip_worker *w)
{
	struct ip_neighbours *t = w->node->neighbours;
	uint32_t used = 0, stale = t->list[IP_NEIGH_IS_STALE].oldest;

	for (size_t i = 0; i < RTE_DIM(t->list); i++)
		used += t->list[i].n;
	if (used < t->n - t->n / STRANGERS_LEAVE)
		return true;
	if (stale == NONE)
		return false;
	entry_remove(w, &t->neigh[stale], VNF_DROP_NEIGHBOUR_TABLE, false);
	return true;
}

void ip_neigh_learn(struct ip_worker *w, const struct ip_interface *on, const struct ip_addr *addr,
		    const struct rte_ether_addr *mac, struct ip_neigh_news news)
{
	struct neigh *e = entry_find(w->node->neighbours, on->link, addr);
	struct rte_ether_addr known;

	if (mac == NULL) {
		if (e == NULL || e->state == IP_NEIGH_INCOMPLETE)
			return;
		known = entry_mac(e);
		mac = &known;
	}
	if (!rte_is_valid_assigned_ether_addr(mac))
		return;
	if (e == NULL) {
		if (news.create && stranger_room(w))
			entry_add(w, on->link, addr, IP_NEIGH_IS_STALE,
				  mac_bits(mac) | IP_NEIGH_USABLE);
	} else if (e->state == IP_NEIGH_INCOMPLETE) {
		resolved(w, e, mac, news.solicited);
	} else {
		update(w, e, mac, news);
	}
}

/* ---- timers ---- */

static struct neigh *entry_of(struct vnf_timeout *timeout)
{
	return (struct neigh *)((char *)timeout - offsetof(struct neigh, timer));
}

void ip_neigh_retrans(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	struct ip_worker *w = ip_worker_of(worker);
	struct neigh *e = entry_of(timeout);
	struct rte_ether_addr mac = entry_mac(e);

	if (e->tries >= TRIES) {
		w->node->counts.unresolved++;
		entry_remove(w, e, VNF_DROP_NEIGHBOUR, true);
		return;
	}
	vnf_timeout_start(w->node->timeouts, &e->timer, IP_TIMER_RETRANS);
	ask(w, e, e->state == IP_NEIGH_PROBE ? &mac : NULL);
}

void ip_neigh_unreached(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	state_set(ip_worker_of(worker)->node, entry_of(timeout), IP_NEIGH_IS_STALE);
}

void ip_neigh_delayed(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	struct ip_worker *w = ip_worker_of(worker);
	struct neigh *e = entry_of(timeout);
	struct rte_ether_addr mac = entry_mac(e);

	e->tries = 0;
	state_set(w->node, e, IP_NEIGH_PROBE);
	ask(w, e, &mac);
}

void ip_neigh_unused(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	entry_remove(ip_worker_of(worker), entry_of(timeout), VNF_DROP_NEIGHBOUR, false);
}

/* ---- the whole table ---- */

void ip_neigh_forget(struct ip_worker *w)
{
	struct ip_neighbours *t = w->node->neighbours;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->neigh[i].state != IP_NEIGH_FREE &&
		    ip_interface_of(w->tables, t->neigh[i].seen.link) == NULL)
			entry_remove(w, &t->neigh[i], VNF_DROP_NO_ROUTE, false);
}

void ip_neigh_doubt(struct ip_worker *w, uint16_t port)
{
	struct ip_neighbours *t = w->node->neighbours;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->neigh[i].state == IP_NEIGH_REACHABLE &&
		    t->neigh[i].seen.link / IP_VLANS == port)
			state_set(w->node, &t->neigh[i], IP_NEIGH_IS_STALE);
}

void ip_neigh_stop(struct ip_worker *w)
{
	struct ip_neighbours *t = w->node->neighbours;

	for (uint32_t i = 0; i < t->n; i++)
		held_drop(w, &t->neigh[i], VNF_DROP_STOPPING, false);
}

uint32_t ip_neigh_room(const struct ip_node *node)
{
	return node->neighbours->n;
}

bool ip_neigh_get(const struct ip_node *node, uint32_t i, struct ip_neigh_info *info)
{
	const struct neigh *e = &node->neighbours->neigh[i];
	uint32_t seq = __atomic_load_n(&e->seen.seq, __ATOMIC_ACQUIRE);

	info->link = e->seen.link;
	info->addr = e->seen.addr;
	info->mac = entry_mac(e);
	info->state = __atomic_load_n(&e->state, __ATOMIC_RELAXED);
	info->held = e->n_held;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return info->state != IP_NEIGH_FREE && (seq & 1) == 0 &&
	       __atomic_load_n(&e->seen.seq, __ATOMIC_RELAXED) == seq;
}

const char *ip_neigh_state_name(enum ip_neigh_state state)
{
	static const char *const names[] = {
		[IP_NEIGH_FREE] = "free",           [IP_NEIGH_INCOMPLETE] = "incomplete",
		[IP_NEIGH_REACHABLE] = "reachable", [IP_NEIGH_IS_STALE] = "stale",
		[IP_NEIGH_DELAY] = "delay",         [IP_NEIGH_PROBE] = "probe",
	};

	return names[state];
}

int ip_neigh_create(struct ip_node *node, uint32_t entries)
{
	struct ip_neighbours *t = calloc(1, sizeof(*t));
	uint32_t buckets = rte_align32pow2(entries);

	node->neighbours = t;
	if (t == NULL)
		return -ENOMEM;
	t->n = entries;
	t->mask = buckets - 1;
	t->seed = (uint32_t)vnf_random_seed("ip neighbours");
	t->bucket = malloc(buckets * sizeof(*t->bucket));
	t->neigh = aligned_alloc(RTE_CACHE_LINE_SIZE, entries * sizeof(*t->neigh));
	if (t->bucket == NULL || t->neigh == NULL)
		return -ENOMEM;
	memset(t->bucket, 0xff, buckets * sizeof(*t->bucket));
	memset(t->neigh, 0, entries * sizeof(*t->neigh));
	for (uint32_t i = 0; i < entries; i++) {
		t->neigh[i].seen.next = i + 1 < entries ? i + 1 : NONE;
		t->neigh[i].seen.link = IP_LINK_NONE;
	}
	for (size_t i = 0; i < RTE_DIM(t->list); i++)
		t->list[i] = (struct list){ NONE, NONE, 0 };
	for (size_t i = 0; i < IP_HELD_MAX; i++)
		held_give_back(t, &t->held[i]);
	return 0;
}

void ip_neigh_destroy(struct ip_node *node)
{
	if (node->neighbours == NULL)
		return;
	free(node->neighbours->bucket);
	free(node->neighbours->neigh);
	free(node->neighbours);
	node->neighbours = NULL;
}
