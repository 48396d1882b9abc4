/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Ports that the command line makes something else than the file says: --virtio PORT=ADDRESS, by
 * which the file of a VNF on virtio-user also serves it in a virtual machine. Name, MAC, MTU and
 * queues stay. Start-up, before the file's ports are checked.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loaded.h"
#include "port_kinds.h"

static struct vnf_port_spec *port_find(const struct vnf *vnf, const struct loaded *loaded,
				       const char *name, size_t len, size_t *id)
{
	const struct vnf_config_list *ports = &loaded->spec->ports;
	size_t size = vnf->program->port_size != 0 ? vnf->program->port_size
						   : sizeof(struct vnf_port_spec);

	for (*id = 0; *id < ports->n; ++*id) {
		struct vnf_port_spec *port = (void *)((char *)ports->items + *id * size);

		if (strlen(port->name) == len && memcmp(port->name, name, len) == 0)
			return port;
	}
	return NULL;
}

static int virtio_apply(const struct vnf *vnf, struct loaded *loaded, const char *text)
{
	size_t id, len = strcspn(text, "=");
	struct vnf_port_spec *port = port_find(vnf, loaded, text, len, &id);
	char why[WHY_MAX];

	if (port == NULL) {
		vnf_config_error(loaded->file, &loaded->spec->ports,
				 "no port is named \"%.*s\", as --virtio %s says", (int)len, text,
				 text);
		return -EINVAL;
	}
	if (loaded->override[id] != NULL) {
		vnf_config_error(loaded->file, port, "two --virtio for port \"%s\"", port->name);
		return -EINVAL;
	}
	if (port_virtio_spec(text + len + 1, &loaded->override[id], why, sizeof(why)) < 0) {
		vnf_config_error(loaded->file, port, "--virtio %s: %s", text, why);
		return -EINVAL;
	}
	/* What is left to the peer stays so: it is the same switch. */
	if (port->kind == (uint32_t)schema_kind(&vnf->schema, "virtio-user"))
		port_virtio_set_offloads(loaded->override[id],
					 port_virtio_user_offloads(port->kind_spec));
	port->kind = (uint32_t)schema_kind(&vnf->schema, "virtio");
	port->kind_spec = loaded->override[id];
	return 0;
}

int overrides_apply(const struct vnf *vnf, struct loaded *loaded)
{
	int ret = 0;

	for (size_t i = 0; i < vnf->options.n_virtio; i++)
		if (virtio_apply(vnf, loaded, vnf->options.virtio[i]) < 0)
			ret = -EINVAL;
	return ret;
}
