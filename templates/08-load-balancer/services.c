/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Maglev hashing (Eisenbud et al., NSDI 2016): a table of places, in which each back end has an
 * equal share, and in which few places change hands when one comes or goes.
 */
#include "services.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>

/* Any will do, if all balancers of a service have the same. */
#define SEED_NEXT 7
#define SEED_SKIP 8

struct service_spec {
	const char *address;
	uint32_t port;
	struct vnf_config_strings back_ends;
};

static bool address_parse(const char *text, uint8_t *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(address, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, address + 12) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

static bool is_ipv4(const uint8_t *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* Back ends, one at least, take turns; each takes the next free place of its own order of all. It
 * depends on addresses alone, not on how they are written and where: all balancers of a service
 * have the same table.
 */
static void places_fill(struct service *service)
{
	uint32_t next[BACK_ENDS_MAX], skip[BACK_ENDS_MAX];
	size_t n = service->n;

	for (size_t b = 0; b < n; b++) {
		next[b] = rte_jhash(service->back_end[b], ADDRESS_SIZE, SEED_NEXT) % PLACES;
		skip[b] = rte_jhash(service->back_end[b], ADDRESS_SIZE, SEED_SKIP) % (PLACES - 1);
	}
	memset(service->place, UINT8_MAX, sizeof(service->place));
	for (size_t taken = 0; taken < PLACES && n > 0; taken++) {
		size_t b = taken % n;

		while (service->place[next[b]] != UINT8_MAX)
			next[b] = (next[b] + skip[b] + 1) % PLACES;
		service->place[next[b]] = (uint8_t)b;
	}
}

static bool is_same(const char *one, const char *other)
{
	uint8_t address[2][ADDRESS_SIZE];

	return address_parse(one, address[0]) && address_parse(other, address[1]) &&
	       memcmp(address[0], address[1], ADDRESS_SIZE) == 0;
}

/* Does it serve there for those before, too? Its answers would not tell whose they are. */
static bool is_taken(const struct service_spec *specs, const struct service_spec *spec, size_t b)
{
	for (const struct service_spec *other = specs; other <= spec; other++) {
		size_t n = other == spec ? b : other->back_ends.n;

		for (size_t i = 0; other->port == spec->port && i < n; i++)
			if (is_same(other->back_ends.v[i], spec->back_ends.v[b]))
				return true;
	}
	return false;
}

static void service_check(struct vnf_config *file, const struct service_spec *specs,
			  const struct service_spec *spec)
{
	uint8_t address[ADDRESS_SIZE], back_end[ADDRESS_SIZE];

	if (!address_parse(spec->address, address))
		vnf_config_error(file, &spec->address, "is \"%s\", which is no address",
				 spec->address);
	for (size_t b = 0; b < spec->back_ends.n; b++)
		if (!address_parse(spec->back_ends.v[b], back_end) ||
		    is_ipv4(back_end) != is_ipv4(address))
			vnf_config_error(file, &spec->back_ends.v[b],
					 "is \"%s\", which is no address of the service's family",
					 spec->back_ends.v[b]);
		else if (is_taken(specs, spec, b))
			vnf_config_error(
				file, &spec->back_ends.v[b],
				"is \"%s\", which serves at port %u already, once is enough",
				spec->back_ends.v[b], spec->port);
}

void services_check(struct vnf_config *file, void *config)
{
	const struct vnf_config_list *specs = config;
	const struct service_spec *spec = specs->items;

	for (size_t i = 0; i < specs->n; i++)
		service_check(file, spec, &spec[i]);
}

static int address_compare(const void *one, const void *other)
{
	return memcmp(one, other, ADDRESS_SIZE);
}

static void service_make(const struct service_spec *spec, struct service *service)
{
	address_parse(spec->address, service->address);
	service->port = rte_cpu_to_be_16((uint16_t)spec->port);
	for (service->n = 0; service->n < spec->back_ends.n; service->n++)
		address_parse(spec->back_ends.v[service->n], service->back_end[service->n]);
	qsort(service->back_end, service->n, ADDRESS_SIZE, address_compare);
	places_fill(service);
}

int services_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	const struct vnf_config_list *specs = config;
	const struct service_spec *spec = specs->items;
	struct services *s = calloc(1, sizeof(*s) + specs->n * sizeof(s->service[0]));

	(void)vnf;
	(void)file;
	if (s == NULL)
		return -ENOMEM;
	for (s->n = 0; s->n < specs->n; s->n++)
		service_make(&spec[s->n], &s->service[s->n]);
	*built = s;
	return 0;
}

const struct service *service_find(const struct services *s, const struct vnf_session_key6 *key)
{
	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->service[i].port == key->dport &&
		    memcmp(s->service[i].address, key->dst, ADDRESS_SIZE) == 0)
			return &s->service[i];
	return NULL;
}

bool services_between(const struct services *s, const struct vnf_session_key6 *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->service[i].address, key->dst, ADDRESS_SIZE) == 0 ||
		    bsearch(key->src, s->service[i].back_end, s->service[i].n, ADDRESS_SIZE,
			    address_compare) != NULL)
			return true;
	return false;
}

/* The same for the same client and port, also after a restart. A packet from a back end to itself
 * would be dropped there (RFC 1122 section 3.2.1.3), so its own places are passed over.
 */
const uint8_t *service_choose(const struct service *service, const struct vnf_session_key6 *key)
{
	uint32_t place = rte_jhash(key, sizeof(*key), 0) % PLACES;

	for (uint32_t i = 0; i < PLACES; i++, place = (place + 1) % PLACES) {
		const uint8_t *back_end = service->back_end[service->place[place]];

		if (memcmp(back_end, key->src, ADDRESS_SIZE) != 0)
			return back_end;
	}
	return NULL;
}

static const struct vnf_config_key service_keys[] = {
	{ .name = "address",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct service_spec, address),
	  .doc = "Address that clients know; one of an interface's `addresses`." },
	{ .name = "port",
	  .type = VNF_CONFIG_U32,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct service_spec, port),
	  .min = 1,
	  .max = UINT16_MAX,
	  .doc = "Port that clients know, of TCP and UDP; the back ends' is the same." },
	{ .name = "back_ends",
	  .type = VNF_CONFIG_STRINGS,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct service_spec, back_ends),
	  .min = 1,
	  .max = BACK_ENDS_MAX,
	  .doc = "Addresses of those who serve. Connections of one that is taken out go on." },
	{ .name = NULL },
};

const struct vnf_config_key services_keys[] = {
	{ .name = "services",
	  .type = VNF_CONFIG_LIST,
	  .flags = VNF_CONFIG_REQUIRED | VNF_CONFIG_LIVE,
	  .keys = service_keys,
	  .size = sizeof(struct service_spec),
	  .doc = "What is balanced." },
	{ .name = NULL },
};
