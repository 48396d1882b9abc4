/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Services that are balanced: their keys in the configuration, and what is made of them.
 */
#ifndef SERVICES_H
#define SERVICES_H

#include <vnf/config.h>
#include <vnf/session.h>

/* Places of a table: a prime, some hundred times the back ends. */
#define PLACES 4099
#define BACK_ENDS_MAX 64
#define ADDRESS_SIZE 16

/* Addresses are as in keys: IPv4 ones mapped. */
struct service {
	uint8_t address[ADDRESS_SIZE];
	rte_be16_t port;
	size_t n; /* of its back ends, which are sorted */
	uint8_t back_end[BACK_ENDS_MAX][ADDRESS_SIZE];
	uint8_t place[PLACES]; /* number of the back end */
};

struct services {
	size_t n;
	struct service service[];
};

extern const struct vnf_config_key services_keys[];

/* For vnf_app: is the list that the keys decoded right? And a struct services of it. */
void services_check(struct vnf_config *file, void *config);
int services_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built);
/* Of a client's packet. NULL: nobody serves there. */
const struct service *service_find(const struct services *services,
				   const struct vnf_session_key6 *key);
/* By addresses alone: is it to a service, or from a back end? */
bool services_between(const struct services *services, const struct vnf_session_key6 *key);
/* The back end for a new connection; NULL: there is no other one than the client. */
const uint8_t *service_choose(const struct service *service, const struct vnf_session_key6 *key);

#endif
