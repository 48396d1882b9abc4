/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The node's own addresses, each on its link: found to be free when the link comes up (RFC 4862
 * section 5.4; of IPv4 by one probe rather than RFC 5227's three), announced twice, and defended.
 * They outlast generations: a reload that leaves an address alone does not make it tentative again.
 * Worker 0.
 */

#include "ip_node.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_jhash.h>

#define ANNOUNCES 2
/* Addresses beside the interfaces' own that begin: at once, and a second. */
#define BESIDE_BURST 64
#define BESIDE_RATE 640
/* RFC 5227 section 2.4: DEFEND_INTERVAL. */
#define DEFEND_NS (10 * VNF_SECOND_NS)

struct own {
	struct vnf_timeout timer;
	ip_link_t link;
	struct ip_prefix address;
	uint32_t state; /* enum ip_own_state; read by other threads */
	uint8_t left;   /* announcements to come */
	uint16_t next;  /* in its chain */
	bool wanted;    /* by the tables */
	bool beside;    /* the interfaces' own */
	bool waits;     /* for its turn to begin; only such a one */
	uint64_t defended_ns;
};

#define NO_OWN UINT16_MAX

#define CONFLICTS 16

/* Who else uses an address, for the control thread to tell. */
struct conflict {
	ip_link_t link;
	struct ip_addr addr;
	struct rte_ether_addr mac;
	bool lost; /* the address is not taken */
};

struct ip_owns {
	uint32_t n;
	uint32_t seed;
	bool some_wait; /* for their turn, maybe */
	struct ip_bucket turns;
	/* How many worker 0 has noted, and the control thread told, from the start; each is
	 * written by one of them only.
	 */
	uint32_t noted, told;
	struct conflict conflict[CONFLICTS];
	struct vnf_log_limit limit;
	uint16_t bucket[IP_OWN_MAX]; /* numbers of addresses, by hash */
	struct own own[IP_OWN_MAX];
};

static uint16_t *own_bucket(struct ip_owns *owns, ip_link_t link, const struct ip_addr *addr)
{
	return &owns->bucket[rte_jhash_32b(addr->word, 4, owns->seed ^ link) % IP_OWN_MAX];
}

static struct own *own_find(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr)
{
	struct ip_owns *owns = node->owns;

	for (uint16_t i = *own_bucket(owns, link, addr); i != NO_OWN; i = owns->own[i].next)
		if (owns->own[i].link == link && ip_addr_equal(&owns->own[i].address.addr, addr))
			return &owns->own[i];
	return NULL;
}

/* After one was removed, and the last took its place. */
static void chains_make(struct ip_owns *owns)
{
	memset(owns->bucket, 0xff, sizeof(owns->bucket));
	for (uint32_t i = 0; i < owns->n; i++) {
		struct own *own = &owns->own[i];
		uint16_t *bucket = own_bucket(owns, own->link, &own->address.addr);

		own->next = *bucket;
		*bucket = (uint16_t)i;
	}
}

static void own_set(struct own *own, enum ip_own_state state)
{
	__atomic_store_n(&own->state, state, __ATOMIC_RELAXED);
}

/* ---- up and down ---- */

static void announce(struct ip_worker *w, struct own *own, const struct ip_interface *on)
{
	if (ip_is_v4(&own->address.addr))
		ip_arp_request(w, on, own->address.addr.word[3], own->address.addr.word[3], NULL);
	else
		ip_nd_announce(w, on, &own->address.addr);
}

static void announce_next(struct ip_worker *w, struct own *own)
{
	const struct ip_interface *on = ip_interface_of(w->tables, own->link);

	if (on == NULL)
		return;
	announce(w, own, on);
	if (--own->left > 0)
		vnf_timeout_start(w->node->timeouts, &own->timer, IP_TIMER_ANNOUNCE);
}

static void own_valid(struct ip_worker *w, struct own *own)
{
	own_set(own, IP_OWN_VALID);
	own->left = ANNOUNCES;
	announce_next(w, own);
}

static void own_probe(struct ip_worker *w, struct own *own, const struct ip_interface *on)
{
	static const struct ip_addr none;

	own_set(own, IP_OWN_TENTATIVE);
	if (ip_is_v4(&own->address.addr))
		ip_arp_request(w, on, 0, own->address.addr.word[3], NULL);
	else
		ip_nd_solicit(w, on, &none, &own->address.addr, NULL);
	vnf_timeout_start(w->node->timeouts, &own->timer, IP_TIMER_DAD);
}

static void own_begin(struct ip_worker *w, struct own *own)
{
	const struct ip_interface *on = ip_interface_of(w->tables, own->link);

	own->waits = false;
	if (on == NULL)
		return;
	if (on->dad)
		own_probe(w, own, on);
	else
		own_valid(w, own);
}

/* One that is not probed answers from now on, announced or not. */
static void own_up(struct ip_worker *w, struct own *own)
{
	const struct ip_interface *on = ip_interface_of(w->tables, own->link);

	vnf_timeout_stop(&own->timer);
	if (!own->beside) {
		own_begin(w, own);
		return;
	}
	if (on != NULL && !on->dad)
		own_set(own, IP_OWN_VALID);
	own->waits = true;
	w->node->owns->some_wait = true;
}

void ip_own_run(struct ip_worker *w)
{
	struct ip_owns *owns = w->node->owns;

	if (!owns->some_wait)
		return;
	for (uint32_t i = 0; i < owns->n; i++) {
		if (!owns->own[i].waits)
			continue;
		if (!ip_bucket_take(&owns->turns, w->worker->now_ns, BESIDE_RATE, BESIDE_BURST))
			return;
		own_begin(w, &owns->own[i]);
	}
	owns->some_wait = false;
}

void ip_own_dad(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	struct own *own = (struct own *)((char *)timeout - offsetof(struct own, timer));

	own_valid(ip_worker_of(worker), own);
}

void ip_own_announce(struct vnf_worker *worker, struct vnf_timeout *timeout)
{
	struct own *own = (struct own *)((char *)timeout - offsetof(struct own, timer));

	announce_next(ip_worker_of(worker), own);
}

void ip_own_link(struct ip_worker *w, uint16_t port, bool up)
{
	struct ip_owns *owns = w->node->owns;

	for (uint32_t i = 0; i < owns->n; i++) {
		struct own *own = &owns->own[i];

		if (own->link / IP_VLANS != port)
			continue;
		if (up) {
			own_up(w, own);
		} else {
			vnf_timeout_stop(&own->timer);
			own->waits = false;
			own_set(own, IP_OWN_DOWN);
		}
	}
}

/* ---- in line with the configuration ---- */

static void own_want(struct ip_worker *w, const struct ip_interface *on,
		     const struct ip_prefix *address, bool beside)
{
	struct ip_owns *owns = w->node->owns;
	struct own *own = own_find(w->node, on->link, &address->addr);

	if (own == NULL) {
		uint16_t *bucket = own_bucket(owns, on->link, &address->addr);

		/* No configuration has as many: ip_config.c. */
		if (owns->n == IP_OWN_MAX)
			return;
		own = &owns->own[owns->n];
		*own = (struct own){
			.link = on->link, .address = *address, .next = *bucket, .beside = beside
		};
		*bucket = (uint16_t)owns->n;
		__atomic_store_n(&owns->n, owns->n + 1, __ATOMIC_RELEASE);
		own->wanted = true;
		if (w->node->up[on->port])
			own_up(w, own);
	}
	own->address = *address;
	__atomic_store_n(&own->beside, beside, __ATOMIC_RELAXED);
	own->wanted = true;
}

/* The last one takes its place; its timer goes on. */
static void own_remove(struct ip_node *node, struct own *own)
{
	struct ip_owns *owns = node->owns;
	struct own *last = &owns->own[owns->n - 1];
	bool runs = vnf_timeout_runs(&last->timer);
	uint32_t in_class = last->timer.in_class;

	vnf_timeout_stop(&own->timer);
	if (own != last) {
		vnf_timeout_stop(&last->timer);
		*own = *last;
		if (runs)
			vnf_timeout_start(node->timeouts, &own->timer, in_class);
	}
	__atomic_store_n(&owns->n, owns->n - 1, __ATOMIC_RELEASE);
}

/* All that interfaces have, and the program beside that on their links: `act` for each. */
static void each_address(struct ip_worker *w,
			 void (*act)(struct ip_worker *w, const struct ip_interface *on,
				     const struct ip_prefix *address, bool beside))
{
	for (uint16_t i = 0; i < w->tables->n_interfaces; i++) {
		const struct ip_interface *on = &w->tables->interface[i];
		struct ip_prefix local = { ip_addr_link_local(on->mac), 64 };

		for (uint16_t k = 0; k < on->n_addresses; k++)
			act(w, on, &on->address[k], false);
		if (on->has_v6)
			act(w, on, &local, false);
	}
	for (size_t i = 0; i < w->tables->n_ranges; i++) {
		const struct ip_range *r = &w->tables->range[i];

		for (uint32_t a = r->first; r->on != NULL && a <= r->last; a++) {
			struct ip_prefix address = { ip_addr_v4(rte_cpu_to_be_32(a)), r->length };

			act(w, r->on, &address, true);
		}
	}
}

static void own_keep(struct ip_worker *w, const struct ip_interface *on,
		     const struct ip_prefix *address, bool beside)
{
	struct own *own = own_find(w->node, on->link, &address->addr);

	(void)beside;
	if (own != NULL)
		own->wanted = true;
}

/* What goes makes room for what comes. */
void ip_own_sync(struct ip_worker *w)
{
	struct ip_owns *owns = w->node->owns;
	bool removed = false;

	for (uint32_t i = 0; i < owns->n; i++)
		owns->own[i].wanted = false;
	each_address(w, own_keep);
	for (uint32_t i = owns->n; i-- > 0;)
		if (!owns->own[i].wanted) {
			own_remove(w->node, &owns->own[i]);
			removed = true;
		}
	if (removed)
		chains_make(owns);
	each_address(w, own_want);
}

/* ---- what others ask ---- */

bool ip_own_answers(const struct ip_node *node, ip_link_t link, const struct ip_addr *addr)
{
	const struct own *own = own_find(node, link, addr);

	return own != NULL && own->state == IP_OWN_VALID;
}

bool ip_own_may_speak(const struct ip_worker *w, const struct ip_addr *addr)
{
	const struct ip_owns *owns = w->node->owns;
	const struct ip_range *range = ip_range_of(w->tables, addr);

	/* On no link, nobody else can have it. */
	if (range != NULL && range->on == NULL)
		return true;

	for (uint32_t i = 0; i < owns->n; i++)
		if (owns->own[i].state == IP_OWN_VALID &&
		    ip_addr_equal(&owns->own[i].address.addr, addr))
			return true;
	return false;
}

bool ip_is_neighbour(const struct ip_worker *w, const struct ip_interface *on,
		     const struct ip_addr *addr)
{
	const struct ip_target *target;

	if (!ip_is_v4(addr) && ip_is_link_local(addr))
		return true;
	target = ip_route(w->tables, addr);
	if (target->kind == IP_TARGET_CONNECTED && target->out == on)
		return true;
	return ip_neigh_is_known(w->node, on->link, addr);
}

/* For the control thread, which tells it: workers write no logs. If there are too many at a time,
 * those that came first are enough.
 */
static void conflict_note(struct ip_owns *owns, const struct own *own,
			  const struct rte_ether_addr *mac, bool lost)
{
	uint32_t noted = owns->noted;

	if (noted - __atomic_load_n(&owns->told, __ATOMIC_ACQUIRE) == CONFLICTS)
		return;
	owns->conflict[noted % CONFLICTS] =
		(struct conflict){ own->link, own->address.addr, *mac, lost };
	/* Pairs with the acquire in ip_own_control(). */
	__atomic_store_n(&owns->noted, noted + 1, __ATOMIC_RELEASE);
}

static void own_lost(struct ip_worker *w, struct own *own, const struct ip_interface *on,
		     const struct rte_ether_addr *mac)
{
	vnf_timeout_stop(&own->timer);
	own_set(own, IP_OWN_DUPLICATE);
	if (!ip_dhcp_conflict(w, on, &own->address.addr))
		conflict_note(w->node->owns, own, mac, true);
}

static void own_defend(struct ip_worker *w, struct own *own, const struct ip_interface *on,
		       const struct rte_ether_addr *mac)
{
	if (own->defended_ns != 0 && w->worker->now_ns - own->defended_ns < DEFEND_NS)
		return;
	own->defended_ns = w->worker->now_ns;
	conflict_note(w->node->owns, own, mac, false);
	announce(w, own, on);
}

static void conflict_tell(struct vnf *vnf, struct ip_owns *owns, const struct conflict *c)
{
	const struct ip_interface *on = ip_interface_of(vnf_part_built(vnf, PART_IP), c->link);
	char addr[IP_TEXT_MAX], mac[RTE_ETHER_ADDR_FMT_SIZE];

	if (on == NULL)
		return;
	ip_addr_print(&c->addr, addr, sizeof(addr));
	rte_ether_format_addr(mac, sizeof(mac), &c->mac);
	if (c->lost)
		vnf_log_limited(&owns->limit, VNF_LOG_ERROR,
				"interface \"%s\": %s is in use by %s; it is not taken before the "
				"link comes up again, so give one of the two another address",
				on->name, addr, mac);
	else
		vnf_log_limited(&owns->limit, VNF_LOG_WARNING,
				"interface \"%s\": %s also uses %s, which is this program's; give "
				"one of the two another address",
				on->name, mac, addr);
}

void ip_own_control(struct vnf *vnf)
{
	const struct ip_node *node = vnf_part_state(vnf, PART_IP);
	struct ip_owns *owns = node->owns;

	while (owns->told != __atomic_load_n(&owns->noted, __ATOMIC_ACQUIRE)) {
		conflict_tell(vnf, owns, &owns->conflict[owns->told % CONFLICTS]);
		/* Pairs with the acquire in conflict_note(). */
		__atomic_store_n(&owns->told, owns->told + 1, __ATOMIC_RELEASE);
	}
}

bool ip_own_conflict(struct ip_worker *w, const struct ip_interface *on, const struct ip_addr *addr,
		     const struct rte_ether_addr *mac)
{
	struct own *own = own_find(w->node, on->link, addr);

	if (own == NULL)
		return false;
	if (rte_is_same_ether_addr(mac, on->mac))
		return true;
	w->node->counts.conflicts++;
	if (own->state == IP_OWN_TENTATIVE)
		own_lost(w, own, on, mac);
	else if (own->state == IP_OWN_VALID)
		own_defend(w, own, on, mac);
	return true;
}

/* Of the same family and scope, best on the same subnet: RFC 6724 rules 2 and 8, RFC 1122 section
 * 3.3.4.3.
 */
bool ip_own_source(const struct ip_node *node, const struct ip_interface *on,
		   const struct ip_addr *peer, struct ip_addr *src)
{
	const struct ip_owns *owns = node->owns;
	uint32_t best = 0;

	for (uint32_t i = 0; i < owns->n; i++) {
		const struct own *own = &owns->own[i];
		const struct ip_addr *addr = &own->address.addr;
		uint32_t fits = 1;

		if (own->link != on->link || own->state != IP_OWN_VALID || own->beside ||
		    ip_is_v4(addr) != ip_is_v4(peer))
			continue;
		if (ip_is_link_local(addr) == ip_is_link_local(peer))
			fits += 2;
		if (ip_prefix_has(&own->address, peer))
			fits++;
		if (fits <= best)
			continue;
		best = fits;
		*src = *addr;
	}
	return best > 0;
}

bool ip_own_get(const struct ip_node *node, uint32_t i, struct ip_own_info *info)
{
	const struct ip_owns *owns = node->owns;

	if (i >= __atomic_load_n(&owns->n, __ATOMIC_ACQUIRE))
		return false;
	info->link = owns->own[i].link;
	info->address = owns->own[i].address;
	info->state = __atomic_load_n(&owns->own[i].state, __ATOMIC_RELAXED);
	info->beside = __atomic_load_n(&owns->own[i].beside, __ATOMIC_RELAXED);
	return true;
}

const char *ip_own_state_name(enum ip_own_state state)
{
	static const char *const names[] = {
		[IP_OWN_DOWN] = "down",
		[IP_OWN_TENTATIVE] = "tentative",
		[IP_OWN_VALID] = "valid",
		[IP_OWN_DUPLICATE] = "duplicate",
	};

	return names[state];
}

int ip_own_create(struct ip_node *node)
{
	node->owns = calloc(1, sizeof(*node->owns));
	if (node->owns == NULL)
		return -ENOMEM;
	node->owns->seed = (uint32_t)vnf_random_seed("ip own addresses");
	chains_make(node->owns);
	return 0;
}

void ip_own_destroy(struct ip_node *node)
{
	free(node->owns);
	node->owns = NULL;
}
