/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * `vnfkit ctl explain`: what the NAT would do with a packet, and why. The words are
 * explain_words.c's, the answer is found by a worker (explain.c); here it is told. Control thread.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>

#define WHY_MAX 512

const struct vnf_config_key nat_explain_keys[] = {
	{ .name = "in",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nat_explain_args, in),
	  .doc = "Interface that the packet comes in by; the packet may follow in the same word." },
	{ .name = "packet",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nat_explain_args, packet),
	  .doc = "The packet, as \"10.0.0.5:1234 > 192.0.2.1:443 tcp syn\"." },
	{ .name = NULL },
};

/* ---- the question ---- */

static int interface_find(struct vnf *vnf, const char *name, struct vnf_ip_interface_info *info,
			  struct vnf_refusal *why)
{
	for (uint16_t i = 0; vnf_ip_get_interface(vnf, i, info) == 0; i++)
		if (strcmp(info->name, name) == 0)
			return 0;
	vnf_refuse(why, -ENOENT, "no interface is named \"%s\"; \"interfaces\" lists them", name);
	return -ENOENT;
}

static int question_read(struct vnf *vnf, const struct nat_explain_args *args,
			 struct nat_words *words, struct nat_explain *e, struct vnf_refusal *why)
{
	char text[2 * NAT_EXPLAIN_TEXT_MAX], wrong[WHY_MAX];
	struct vnf_ip_interface_info interface;
	struct vnf_port_info port;
	int ret;

	snprintf(text, sizeof(text), "%s %s", args->in, args->packet);
	if (nat_words_parse(text, words, wrong, sizeof(wrong)) < 0) {
		vnf_refuse(why, -EINVAL, "%s", wrong);
		return -EINVAL;
	}
	ret = interface_find(vnf, words->in, &interface, why);
	if (ret < 0)
		return ret;
	e->port = interface.port;
	ret = vnf_port_get_info(vnf, e->port, &port);
	if (ret == 0)
		e->octets = nat_words_frame(words, port.mac, interface.vlan, e->frame);
	return ret;
}

/* ---- the port that a new mapping would get ---- */

static const struct nat_external *external_at(const struct nat_policy *policy,
					      const struct nat_pool *pool, uint32_t i)
{
	return &policy->external[pool->external[i]];
}

static bool port_is_free(const struct nat_explained *is, const struct nat_external *external,
			 uint32_t port)
{
	return nat_port_is_free(external->space, is->proto, (uint16_t)port, is->now_ns) &&
	       nat_forward_in(is->policy, nat_ip_proto(is->proto), external->addr,
			      rte_cpu_to_be_16((uint16_t)port)) == NULL;
}

static bool has_free_port(const struct nat_explained *is, const struct nat_pool *pool,
			  const struct nat_external *external)
{
	uint32_t first = is->proto == NAT_ICMP ? 0 : pool->first_port;
	uint32_t last = is->proto == NAT_ICMP ? UINT16_MAX : pool->last_port;

	for (uint32_t port = first; port <= last; port++)
		if (port_is_free(is, external, port))
			return true;
	return false;
}

/* Which address, as far as it is known: it is drawn by lot, of a host that has none yet. */
struct chance {
	const struct nat_external *external; /* NULL: one of several */
	bool same_port;                      /* it keeps its port */
	bool none;                           /* there is no port */
};

static void chance_find(const struct nat_explained *is, struct chance *c)
{
	const struct nat_pool *pool = &is->policy->pool[is->pool];
	uint32_t like = rte_be_to_cpu_16(is->port), n = 0;

	*c = (struct chance){ 0 };
	if (is->paired != 0 && pool->pairing != NAT_PAIR_NONE)
		c->external = nat_external_find(is->policy, is->paired);
	if (c->external != NULL && !has_free_port(is, pool, c->external)) {
		c->external = NULL;
		c->none = pool->pairing == NAT_PAIR_STRICT;
	} else if (c->external != NULL) {
		n = 1;
	}
	for (uint32_t i = 0; n == 0 && !c->none && i < pool->n_externals; i++)
		if (has_free_port(is, pool, external_at(is->policy, pool, i))) {
			c->external = external_at(is->policy, pool, i);
			/* Whichever has room may be it. */
			for (i++; i < pool->n_externals; i++)
				if (has_free_port(is, pool, external_at(is->policy, pool, i)))
					n = 1;
			if (n == 1)
				c->external = NULL;
			n = 1;
		}
	c->none = n == 0;
	c->same_port =
		c->external != NULL && pool->preserve &&
		(is->proto == NAT_ICMP || (like >= pool->first_port && like <= pool->last_port)) &&
		port_is_free(is, c->external, like);
}

/* ---- the answer ---- */

static const struct vnf_drop sdk_drops[] = {
#define DROP_ROW(id, name, doc) [VNF_DROP_##id] = { name, doc },
	VNF_DROP_REASONS(DROP_ROW)
#undef DROP_ROW
};

static const struct vnf_drop nat_drops[] = {
#define DROP_ROW(id, name, doc) [NAT_DROP_##id - VNF_DROP_USER] = { name, doc },
	NAT_DROPS(DROP_ROW)
#undef DROP_ROW
};

static void add(json_t *to, const char *key, const char *text)
{
	json_object_set_new(to, key, json_string(text));
}

static void seconds_add(json_t *to, const char *key, uint64_t ns)
{
	json_object_set_new(to, key, json_integer((json_int_t)(ns / VNF_SECOND_NS)));
}

static bool is_told(const struct nat_explained *is, uint32_t reason)
{
	return is->is_out && is->policy->exhausted != NAT_TELL_NOBODY &&
	       (reason == NAT_DROP_EXHAUSTED || reason == NAT_DROP_LIMIT_PORTS ||
		reason == NAT_DROP_LIMIT_SESSIONS || reason == NAT_DROP_FULL);
}

static void drop_tell(const struct nat_explained *is, json_t *to)
{
	uint32_t reason = is->verdict & ~VNF_VERDICT_DROP;
	const struct vnf_drop *drop =
		reason < VNF_DROP_USER ? &sdk_drops[reason] : &nat_drops[reason - VNF_DROP_USER];

	add(to, "result", is->held ? "hold" : is_told(is, reason) ? "reject" : "drop");
	add(to, "reason", drop->name);
	add(to, "why", drop->doc);
	if (is_told(is, reason))
		add(to, "answer",
		    is->policy->exhausted == NAT_TELL_PROHIBITED
			    ? "ICMP 3/13, administratively prohibited"
			    : "ICMP 3/1, host unreachable");
	if (!is->held)
		return;
	seconds_add(to, "held_s", is->policy->syn_hold_ns);
	add(to, "answer", "ICMP 3/3, port unreachable, after that, unless its session has begun");
}

static void result_tell(struct vnf *vnf, const struct nat_explained *is, json_t *to)
{
	struct vnf_ip_interface_info interface;

	if ((is->verdict & VNF_VERDICT_DROP) != 0) {
		drop_tell(is, to);
		return;
	}
	if (is->verdict != VNF_IP_PASS) {
		add(to, "result", "local");
		add(to, "why", "it is for the program's own address");
		return;
	}
	add(to, "result", is->by == NAT_BY_NOTHING ? "route" : "translate");
	if (is->is_out && !is->hairpin && vnf_ip_get_interface(vnf, is->out, &interface) == 0)
		add(to, "out", interface.name);
}

static void rule_tell(const struct nat_explained *is, json_t *to)
{
	const struct nat_rule *rule;

	if (is->rule == NAT_RULE_UNASKED)
		return;
	if (is->rule >= 0) {
		rule = &is->policy->rule[is->rule];
		json_object_set_new(to, "rule", json_integer((json_int_t)is->rule + 1));
		if (rule->name[0] != '\0')
			add(to, "name", rule->name);
		add(to, "place", rule->place);
		add(to, "action", rule->pool == NAT_POOL_NONE ? "none" : "translate");
	} else {
		add(to, "rule", is->policy->n_rules != 0 ? "none matches" : "there are none");
	}
	if (is->pool < is->policy->n_pools)
		add(to, "pool", is->policy->pool[is->pool].name);
}

static void by_tell(const struct nat_explained *is, json_t *to)
{
	static const char *const by[] = {
		[NAT_BY_NOTHING] = "nothing",    [NAT_BY_SESSION] = "session",
		[NAT_BY_MAPPING] = "mapping",    [NAT_BY_NEW] = "new mapping",
		[NAT_BY_STATIC] = "static pair", [NAT_BY_FORWARD] = "forward",
	};

	static const char *const filterings[] = {
		[NAT_FILTER_ENDPOINT] = "endpoint-independent",
		[NAT_FILTER_ADDRESS] = "address-dependent",
		[NAT_FILTER_ADDRESS_PORT] = "address-and-port-dependent",
	};

	add(to, "by", by[is->by]);
	if (is->by == NAT_BY_MAPPING) {
		json_object_set_new(to, "mapping_sessions",
				    json_integer((json_int_t)is->mapping_sessions));
		seconds_add(to, "mapping_age_s", is->mapping_ns);
	}
	if (is->by == NAT_BY_MAPPING && is->is_in)
		json_object_set_new(to, "filtering",
				    json_sprintf("%s: %s", filterings[is->policy->filtering],
						 is->filtered ? "kept out" : "let in"));
	if (is->forward[0] != '\0')
		add(to, "forward", is->forward);
}

static void session_tell(struct vnf *vnf, const struct nat_explained *is, json_t *to)
{
	struct vnf_session_class class = { 0 };

	if (is->by == NAT_BY_STATIC || is->by == NAT_BY_NOTHING)
		return;
	if (is->by != NAT_BY_SESSION) {
		add(to, "session",
		    is->verdict == VNF_IP_PASS ? "none, it would begin one" : "none");
		return;
	}
	vnf_sessions_class(vnf_sessions_table(vnf, 0), is->in_class, &class);
	add(to, "session", is->state[0] != '-' ? is->state : class.name);
	seconds_add(to, "session_idle_s", is->idle_ns);
	seconds_add(to, "session_expires_s",
		    class.period_ns - RTE_MIN(class.period_ns, is->idle_ns));
}

/* Address, and port or identifier, on the other side. */
static void end_tell(const struct nat_explained *is, const struct chance *c, json_t *to)
{
	const char *key = is->is_out ? "source" : "destination";
	const struct nat_pool *pool;
	char text[NAT_END_MAX];

	if (is->by == NAT_BY_NOTHING || (is->by == NAT_BY_NEW && c->none))
		return;
	if (is->by == NAT_BY_STATIC) {
		add(to, key, nat_addr_tell(is->addr, text));
	} else if (is->by != NAT_BY_NEW) {
		add(to, key, nat_end_tell(is->addr, is->port, text));
	} else if (c->external == NULL) {
		pool = &is->policy->pool[is->pool];
		json_object_set_new(to, key,
				    json_sprintf("one of the %u addresses of pool %s",
						 pool->n_externals, pool->name));
	} else if (c->same_port) {
		add(to, key, nat_end_tell(c->external->addr, is->port, text));
	} else {
		json_object_set_new(
			to, key,
			json_sprintf("%s, another port", nat_addr_tell(c->external->addr, text)));
	}
}

static json_t *answer_make(struct vnf *vnf, struct nat_explained *is, struct chance *c)
{
	json_t *to = json_object();
	bool asks_pool = is->by == NAT_BY_NEW && is->pool < is->policy->n_pools;

	*c = (struct chance){ 0 };
	/* Which a live packet would find before limits of sessions. */
	if (asks_pool && is->verdict != nat_drop(NAT_DROP_LIMIT_PORTS)) {
		chance_find(is, c);
		if (c->none && is->verdict != nat_drop(NAT_DROP_FULL))
			is->verdict = nat_drop(NAT_DROP_EXHAUSTED);
	}
	result_tell(vnf, is, to);
	if (is->is_out || is->is_in)
		add(to, "direction", is->hairpin ? "hairpin" : is->is_out ? "out" : "in");
	rule_tell(is, to);
	by_tell(is, to);
	if (is->verdict == VNF_IP_PASS || !is->is_out)
		end_tell(is, c, to);
	session_tell(vnf, is, to);
	if (is->slot != VNF_SESSION_NO_SLOT)
		json_object_set_new(to, "slot", json_integer(is->slot));
	return to;
}

static json_t *ask(struct vnf *vnf, struct nat_explain *e, struct chance *c,
		   struct vnf_refusal *why)
{
	int ret = nat_explain_ask(vnf, e);

	if (ret == -ENOMEM)
		return vnf_refuse(why, ret, "out of memory");
	if (ret < 0)
		return vnf_refuse(why, ret, "%s", nat_ask_words(ret));
	/* A worker that has not taken the policy over yet. */
	if (e->is.policy != vnf_built(vnf))
		return vnf_refuse(why, -EBUSY,
				  "a reload is under way; ask again when it is in force");
	return answer_make(vnf, &e->is, c);
}

/* What has gone out to an external address comes in, from its own: if that is known. */
static json_t *hairpin_ask(struct vnf *vnf, struct nat_words *words, struct nat_explain *e,
			   const struct chance *c, struct vnf_refusal *why)
{
	struct vnf_port_info port;
	struct vnf_ip_interface_info interface;
	struct chance other = { .external = NULL };

	words->addr[0] = e->is.by == NAT_BY_NEW ? c->external->addr : e->is.addr;
	if (e->is.by != NAT_BY_STATIC)
		words->port[0] = rte_be_to_cpu_16(e->is.port);
	e->hairpin = true;
	if (interface_find(vnf, words->in, &interface, why) < 0 ||
	    vnf_port_get_info(vnf, e->port, &port) < 0)
		return NULL;
	e->octets = nat_words_frame(words, port.mac, interface.vlan, e->frame);
	return ask(vnf, e, &other, why);
}

json_t *nat_command_explain(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	struct nat_explain *e = calloc(1, sizeof(*e));
	struct nat_words words;
	struct chance chance = { .external = NULL };
	json_t *answer = NULL, *then;

	if (e == NULL)
		return vnf_refuse(why, -ENOMEM, "out of memory");
	if (question_read(vnf, args, &words, e, why) == 0)
		answer = ask(vnf, e, &chance, why);
	if (answer != NULL && e->is.hairpin && e->is.verdict == VNF_IP_PASS &&
	    (e->is.by != NAT_BY_NEW || chance.external != NULL)) {
		then = hairpin_ask(vnf, &words, e, &chance, why);
		if (then != NULL)
			json_object_set_new(answer, "then", then);
	}
	free(e);
	return answer;
}
