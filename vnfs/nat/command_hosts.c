/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl hosts`: who inside has the most external ports or sessions. Control thread, and
 * workers, which copy.
 */
#include "walk.h"

#include <stdlib.h>

#define LIMIT_MAX 10000
/* Hosts that come while they are counted find a place, too. */
#define SPARE 1024

enum { BY_PORTS, BY_SESSIONS };

static const char *const orders[] = { "ports", "sessions", NULL };

const struct vnf_config_key nat_hosts_keys[] = {
	{ .name = "inside",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_hosts_args, inside),
	  .doc = "Only those of this address, prefix or range." },
	{ .name = "external",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_hosts_args, external),
	  .doc = "Only those that have this external address, or one of this prefix or range." },
	{ .name = "by",
	  .type = VNF_CONFIG_ENUM,
	  .choices = orders,
	  .offset = offsetof(struct nat_hosts_args, by),
	  .def = "ports",
	  .doc = "Those with the most first: ports, sessions." },
	{ .name = "limit",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct nat_hosts_args, limit),
	  .min = 1,
	  .max = LIMIT_MAX,
	  .def = "20",
	  .doc = "No more than so many." },
	{ .name = NULL },
};

/* A host, copied. */
struct copy {
	uint32_t inside;                /* host order */
	rte_be32_t external[NAT_PAIRS]; /* 0: no more */
	uint32_t sessions;
	uint32_t ports[NAT_PROTOS];
};

struct question {
	struct nat_walk walk;
	struct nat_range inside;
	struct nat_range external;
	uint32_t room;
	uint32_t n; /* copies, atomic; may pass the room */
	struct copy *copies;
};

/* ---- on workers ---- */

static void host_copy(const struct nat_worker *w, const struct nat_host *host, struct copy *c)
{
	*c = (struct copy){ .inside = rte_be_to_cpu_32(host->inside),
			    .sessions = host->n_sessions };
	memcpy(c->ports, host->n_ports, sizeof(c->ports));
	for (uint32_t i = 0; i < NAT_PAIRS && host->space[i] != 0; i++)
		c->external[i] = nat_space_at(w->spaces, (uint16_t)(host->space[i] - 1))->addr;
}

static bool is_asked_for(const struct question *q, const struct copy *c)
{
	bool has = false;

	for (uint32_t i = 0; i < NAT_PAIRS; i++)
		has = has || nat_range_has(&q->external, c->external[i]);
	return has && c->inside >= q->inside.first && c->inside <= q->inside.last;
}

static void host_see(const struct nat_worker *w, const struct nat_host *host, struct question *q)
{
	struct copy c;
	uint32_t at;

	host_copy(w, host, &c);
	if (!is_asked_for(q, &c))
		return;
	at = __atomic_fetch_add(&q->n, 1, __ATOMIC_RELAXED);
	if (at < q->room)
		q->copies[at] = c;
}

static bool hosts_part(struct nat_worker *w, uint32_t slot, uint32_t *cursor, uint32_t budget,
		       void *arg)
{
	const struct nat_slot *s = nat_slot_at(w, slot);
	uint32_t end = RTE_MIN(*cursor + budget, s->fresh_host);

	for (; *cursor < end; (*cursor)++)
		if (s->host[*cursor].inside != 0)
			host_see(w, &s->host[*cursor], arg);
	return *cursor < s->fresh_host;
}

/* ---- the answer ---- */

static uint32_t ports_of(const struct copy *c)
{
	return c->ports[NAT_TCP] + c->ports[NAT_UDP] + c->ports[NAT_ICMP];
}

static int compare(uint32_t a, uint32_t b)
{
	return (a < b) - (a > b);
}

static int by_ports(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	int order = compare(ports_of(x), ports_of(y));

	if (order == 0)
		order = compare(x->sessions, y->sessions);
	return order != 0 ? order : compare(y->inside, x->inside);
}

static int by_sessions(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;
	int order = compare(x->sessions, y->sessions);

	return order != 0 ? order : by_ports(a, b);
}

/* "192.0.2.10 198.51.100.1", of several pools. */
static void externals_tell(const struct copy *c, char text[NAT_PAIRS * NAT_END_MAX])
{
	char one[NAT_END_MAX];
	size_t n = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < NAT_PAIRS && c->external[i] != 0; i++)
		n += (size_t)snprintf(text + n, NAT_END_MAX, "%s%s", n > 0 ? " " : "",
				      nat_addr_tell(c->external[i], one));
}

static json_t *copy_tell(const struct copy *c)
{
	char inside[NAT_END_MAX], external[NAT_PAIRS * NAT_END_MAX];

	externals_tell(c, external);
	return json_pack("{ss ss sI sI sI sI}", "inside",
			 nat_addr_tell(rte_cpu_to_be_32(c->inside), inside), "external", external,
			 "sessions", (json_int_t)c->sessions, "tcp", (json_int_t)c->ports[NAT_TCP],
			 "udp", (json_int_t)c->ports[NAT_UDP], "icmp",
			 (json_int_t)c->ports[NAT_ICMP]);
}

static json_t *answer_make(struct question *q, const struct nat_hosts_args *args)
{
	uint32_t n = RTE_MIN(q->n, q->room);
	json_t *most = json_array();

	qsort(q->copies, n, sizeof(*q->copies), args->by == BY_SESSIONS ? by_sessions : by_ports);
	for (uint32_t i = 0; i < RTE_MIN(n, args->limit); i++)
		json_array_append_new(most, copy_tell(&q->copies[i]));
	return json_pack("{sI so}", "hosts", (json_int_t)q->n, "most", most);
}

json_t *nat_command_hosts(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct nat_hosts_args *asked = args;
	struct question *q = calloc(1, sizeof(*q));
	json_t *answer = NULL;

	if (q == NULL || !nat_range_read("inside", asked->inside, &q->inside, why) ||
	    !nat_range_read("external", asked->external, &q->external, why))
		goto free_question;
	q->walk = (struct nat_walk){ .part = hosts_part, .arg = q };
	q->room = nat_hosts_count(vnf) + SPARE;
	q->copies = calloc(q->room, sizeof(*q->copies));
	if (q->copies != NULL && nat_walk_run(vnf, &q->walk, why) == 0)
		answer = answer_make(q, asked);
free_question:
	if (q != NULL)
		free(q->copies);
	free(q);
	return answer;
}
