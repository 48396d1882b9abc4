/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Which way packets take through each port, said in one line when the port has come up, and again
 * when that has changed: a peer may take further rings into use, or be another one after a restart.
 * The kinds find it out (vnf_port_kind.explain), on the control thread; what was said last is kept
 * for telemetry's threads.
 */

#include "vnf_priv.h"

#include <stdio.h>
#include <string.h>

/* How often a port that is up is looked at. */
#define LOOK_NS VNF_SECOND_NS

bool datapath_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	memset(path, 0, sizeof(*path));
	if (port->kind->explain != NULL)
		port->kind->explain(port, path);
	else
		snprintf(path->why, sizeof(path->why), "the kind %s does not tell",
			 port->kind->name);
	return path->rx[0] != '\0' || path->tx[0] != '\0' || path->why[0] != '\0';
}

const char *datapath_change(const struct vnf_port_path *path)
{
	return path->change[0] != '\0' ? path->change : "nothing in the configuration changes that";
}

void datapath_line(const struct vnf_port_path *path, char *text, size_t size)
{
	const char *rx = path->rx[0] != '\0' ? path->rx : "never";
	const char *tx = path->tx[0] != '\0' ? path->tx : "never";
	bool same = strcmp(rx, tx) == 0;

	snprintf(text, size, "rx %s%s%s%s%s%s; %s", same ? "and tx " : rx, same ? "" : "; tx ", tx,
		 path->why[0] != '\0' ? " (" : "", path->why, path->why[0] != '\0' ? ")" : "",
		 datapath_change(path));
}

/* Telemetry's threads read it under the lock of telemetry_pause(). */
static void datapath_keep(struct port_slot *slot, const struct vnf_port_path *path)
{
	telemetry_pause();
	slot->path = *path;
	slot->path_known = true;
	telemetry_resume();
}

/* A guest's kernel changes its mind about interrupts all the time: that is no news. */
static bool datapath_is_news(const struct port_slot *slot, const struct vnf_port_path *path)
{
	return !slot->path_known || strcmp(path->rx, slot->path.rx) != 0 ||
	       strcmp(path->tx, slot->path.tx) != 0 || strcmp(path->change, slot->path.change) != 0;
}

void datapath_look(struct port_slot *slot)
{
	uint64_t now = vnf_clock_now();
	char text[4 * VNF_PATH_TEXT + 64];
	struct vnf_port_path path;
	bool news;

	/* One that opens aside is up a moment before it is done with its start. */
	if (slot->port.kind->explain == NULL || !port_is_started(&slot->port) ||
	    (slot->path_known && now < slot->path_next_ns))
		return;
	slot->path_next_ns = now + LOOK_NS;
	if (!datapath_explain(&slot->port, &path) ||
	    (slot->path_known && memcmp(&path, &slot->path, sizeof(path)) == 0))
		return;
	news = datapath_is_news(slot, &path);
	datapath_keep(slot, &path);
	if (!news)
		return;
	datapath_line(&path, text, sizeof(text));
	vnf_log_limited(&slot->path_limit, VNF_LOG_INFO, "port \"%s\": %s", slot->port.name, text);
}
