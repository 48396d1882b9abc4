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

/* Of what a back end is called, so that its share does not depend on its place in the list, and the
 * same for all balancers of a service. FNV-1a.
 */
static uint32_t text_hash(const char *text, uint32_t hash)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash ^ hash >> 15;
}

/* Back ends, one at least, take turns; each takes the next free place of its own order of all. */
static void places_fill(struct service *service, const struct vnf_config_strings *back_ends)
{
	uint32_t next[BACK_ENDS_MAX], skip[BACK_ENDS_MAX];

	for (size_t b = 0; b < back_ends->n; b++) {
		next[b] = text_hash(back_ends->v[b], 2166136261u) % PLACES;
		skip[b] = text_hash(back_ends->v[b], 84696351u) % (PLACES - 1) + 1;
	}
	memset(service->place, UINT8_MAX, sizeof(service->place));
	for (size_t taken = 0; taken < PLACES && back_ends->n > 0; taken++) {
		size_t b = taken % back_ends->n;

		while (service->place[next[b]] != UINT8_MAX)
			next[b] = (next[b] + skip[b]) % PLACES;
		service->place[next[b]] = (uint8_t)b;
	}
}

static void service_check(struct vnf_config *file, const struct service_spec *spec)
{
	uint8_t address[16], back_end[16];

	if (!address_parse(spec->address, address))
		vnf_config_error(file, &spec->address, "is \"%s\", which is no address",
				 spec->address);
	for (size_t b = 0; b < spec->back_ends.n; b++)
		if (!address_parse(spec->back_ends.v[b], back_end) ||
		    is_ipv4(back_end) != is_ipv4(address))
			vnf_config_error(file, &spec->back_ends.v[b],
					 "is \"%s\", which is no address of the service's family",
					 spec->back_ends.v[b]);
}

void services_check(struct vnf_config *file, void *config)
{
	const struct vnf_config_list *specs = config;
	const struct service_spec *spec = specs->items;

	for (size_t i = 0; i < specs->n; i++)
		service_check(file, &spec[i]);
}

static void service_make(const struct service_spec *spec, struct service *service)
{
	address_parse(spec->address, service->address);
	service->port = rte_cpu_to_be_16((uint16_t)spec->port);
	for (size_t b = 0; b < spec->back_ends.n; b++)
		address_parse(spec->back_ends.v[b], service->back_end[b]);
	places_fill(service, &spec->back_ends);
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

const struct service *service_find(const struct services *s, const uint8_t *address,
				   rte_be16_t port)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->service[i].port == port &&
		    memcmp(s->service[i].address, address, sizeof(s->service[i].address)) == 0)
			return &s->service[i];
	return NULL;
}

/* The same for the same client and port, also after a restart. */
const uint8_t *service_choose(const struct service *service, const struct vnf_session_key6 *key)
{
	return service->back_end[service->place[rte_jhash(key, sizeof(*key), 0) % PLACES]];
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
