/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The life of a replay of vnf/test.h: create, send, run, destroy. Its files are replay_folder.c's,
 * the call of the application replay_run.c's, what came of it replay_results.c's.
 */

#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

/* pcap counts seconds in 32 bits. */
#define AT_MAX_NS ((UINT64_C(1) << 32) * UINT64_C(1000000000) - TR_START_NS - 1)

/* ---- frames and ports ---- */

int vnf_tr_frames_add(struct tr_frames *frames, uint64_t time_ns, const void *data, uint32_t len)
{
	uint8_t *copy;

	if (frames->n == frames->room) {
		size_t room = frames->room == 0 ? 16 : 2 * frames->room;
		struct tr_frame *frame = realloc(frames->frame, room * sizeof(*frame));

		if (frame == NULL)
			return -ENOMEM;
		frames->frame = frame;
		frames->room = room;
	}
	copy = malloc(len);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, data, len);
	frames->frame[frames->n++] =
		(struct tr_frame){ .time_ns = time_ns, .data = copy, .len = len };
	return 0;
}

void vnf_tr_frames_fini(struct tr_frames *frames)
{
	for (size_t i = 0; i < frames->n; i++)
		free(frames->frame[i].data);
	free(frames->frame);
	memset(frames, 0, sizeof(*frames));
}

struct tr_port *vnf_tr_port_find(const struct vnf_test_replay *t, const char *name)
{
	for (size_t i = 0; name != NULL && i < t->n_ports; i++)
		if (strcmp(t->ports[i].name, name) == 0)
			return &t->ports[i];
	return NULL;
}

struct tr_port *vnf_tr_port_get(struct vnf_test_replay *t, const char *name)
{
	struct tr_port *port = vnf_tr_port_find(t, name), *ports;
	char *copy;

	if (port != NULL)
		return port;
	ports = realloc(t->ports, (t->n_ports + 1) * sizeof(*ports));
	if (ports == NULL)
		return NULL;
	t->ports = ports;
	copy = strdup(name);
	if (copy == NULL)
		return NULL;
	ports[t->n_ports] = (struct tr_port){ .name = copy };
	return &ports[t->n_ports++];
}

/* ---- life ---- */

struct vnf_test_replay *vnf_test_replay_create(const struct vnf_app *app, const char *config)
{
	struct vnf_test_replay *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->app = app;
	t->config = strdup(config);
	if (t->config == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

/* The first error is the one to be told at the end. */
static int remember(struct vnf_test_replay *t, int error)
{
	if (t->error == 0)
		t->error = error;
	return error;
}

int vnf_test_replay_send(struct vnf_test_replay *t, const char *port, uint64_t at_ns,
			 const void *data, uint32_t len)
{
	struct tr_port *to;

	if (port == NULL || data == NULL || len == 0 || len > VNF_TEST_PACKET_MAX)
		return remember(t, -EINVAL);
	if (at_ns > AT_MAX_NS)
		return remember(t, -ERANGE);
	to = vnf_tr_port_get(t, port);
	if (to == NULL)
		return remember(t, -ENOMEM);
	return remember(t, vnf_tr_frames_add(&to->sent, at_ns, data, len));
}

int vnf_test_replay_packet(struct vnf_test_replay *t, const char *port, uint64_t at_ns,
			   struct vnf_test_packet *p)
{
	int ret = vnf_test_finish(p);

	if (ret < 0)
		return remember(t, ret);
	return vnf_test_replay_send(t, port, at_ns, p->data, p->len);
}

int vnf_test_replay_option(struct vnf_test_replay *t, const char *option)
{
	char **options = realloc(t->options, (t->n_options + 1) * sizeof(*options));

	if (options == NULL)
		return remember(t, -ENOMEM);
	t->options = options;
	options[t->n_options] = strdup(option);
	if (options[t->n_options] == NULL)
		return remember(t, -ENOMEM);
	t->n_options++;
	return 0;
}

void vnf_test_replay_capture(struct vnf_test_replay *t)
{
	t->capture = true;
}

/* The clock of DPDK has a rate from its start on, and for ever. */
static bool dpdk_was_started(void)
{
	return rte_get_tsc_hz() != 0;
}

int vnf_test_replay_run(struct vnf_test_replay *t)
{
	int ret = t->error, read;

	if (ret == 0 && dpdk_was_started())
		ret = -EALREADY;
	if (ret == 0)
		ret = vnf_tr_folder_create(t);
	if (ret < 0)
		return ret;
	ret = vnf_tr_execute(t);
	read = vnf_tr_results_read(t);
	vnf_tr_folder_remove(t);
	/* After a failure a file may well be unfinished. */
	return ret == 0 ? read : ret;
}

void vnf_test_replay_destroy(struct vnf_test_replay *t)
{
	if (t == NULL)
		return;
	vnf_tr_results_fini(t);
	for (size_t i = 0; i < t->n_ports; i++) {
		vnf_tr_frames_fini(&t->ports[i].sent);
		free(t->ports[i].name);
	}
	for (size_t i = 0; i < t->n_options; i++)
		free(t->options[i]);
	free(t->ports);
	free(t->options);
	free(t->config);
	free(t);
}
