/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What two ports of one file cannot both have: a socket, an output file, a kernel interface, a
 * device. Each kind names what its port takes (struct vnf_port_kind, claims); here the claims of
 * all ports are compared, so that --check finds the mistake and not the peer. Start-up only.
 */

#include "vnf_priv.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct claim {
	char *identity;    /* equal for what is the same */
	const void *field; /* where it is written */
	const struct vnf_port_spec *port;
	bool shared;
};

struct vnf_claims {
	struct vnf_config *file;
	const struct vnf_port_spec *port; /* that claims now */
	struct claim *claim;
	size_t n, room;
};

/* Reports the first earlier claim that this one cannot stand beside. */
static void claim_compare(const struct vnf_claims *claims, const struct claim *new,
			  const char *what)
{
	for (size_t i = 0; i < claims->n; i++) {
		const struct claim *old = &claims->claim[i];

		if ((old->shared && new->shared) || strcmp(old->identity, new->identity) != 0)
			continue;
		if (old->port == new->port)
			vnf_config_error(claims->file, new->field,
					 "%s is used by another key of this port; name another",
					 what);
		else
			vnf_config_error(claims->file, new->field,
					 "%s is used by port \"%s\" too; each port needs its own",
					 what, old->port->name);
		return;
	}
}

/* Takes `identity`. */
static void claim_add(struct vnf_claims *claims, const void *field, char *identity,
		      const char *what, bool shared)
{
	struct claim new = { identity, field, claims->port, shared };

	if (claims->n == claims->room) {
		size_t room = claims->room * 2 + 16;
		void *p = realloc(claims->claim, room * sizeof(*claims->claim));

		if (p != NULL) {
			claims->claim = p;
			claims->room = room;
		}
	}
	if (identity == NULL || claims->n == claims->room) {
		vnf_config_error(claims->file, field, "out of memory");
		free(identity);
		return;
	}
	claim_compare(claims, &new, what);
	claims->claim[claims->n++] = new;
}

/* A file by its number, also where it has several names; one that does not exist yet by its name in
 * its directory. NULL if out of memory.
 */
static char *file_identity(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t dir_len = slash == NULL ? 0 : RTE_MAX(slash - path, 1);
	char dir[PATH_MAX] = ".", *identity;
	struct stat st;
	int ret;

	if (dir_len > 0)
		snprintf(dir, sizeof(dir), "%.*s", (int)dir_len, path);
	if (stat(path, &st) == 0)
		ret = asprintf(&identity, "file %llu:%llu", (unsigned long long)st.st_dev,
			       (unsigned long long)st.st_ino);
	else if (stat(dir, &st) == 0)
		ret = asprintf(&identity, "file %llu:%llu/%s", (unsigned long long)st.st_dev,
			       (unsigned long long)st.st_ino, slash != NULL ? slash + 1 : path);
	else
		ret = asprintf(&identity, "file %s", path);
	return ret < 0 ? NULL : identity;
}

void vnf_claim_file(struct vnf_claims *claims, const void *field, const char *path, bool shared)
{
	claim_add(claims, field, file_identity(path), path, shared);
}

void vnf_claim_name(struct vnf_claims *claims, const void *field, const char *identity,
		    const char *words)
{
	claim_add(claims, field, strdup(identity), words, false);
}

void claims_check(const struct schema *schema, const struct vnf_program *program,
		  struct vnf_config *file, const struct vnf_config_list *ports)
{
	struct vnf_claims claims = { .file = file };

	for (size_t i = 0; i < ports->n; i++) {
		claims.port = schema_port(program, ports, i);
		if (schema->kind[claims.port->kind]->claims != NULL)
			schema->kind[claims.port->kind]->claims(claims.port, &claims);
	}
	for (size_t i = 0; i < claims.n; i++)
		free(claims.claim[i].identity);
	free(claims.claim);
}
