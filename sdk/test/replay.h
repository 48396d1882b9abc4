/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Inside the replay of vnf/test.h: what is sent and what came of it, all in memory. The folder with
 * the files that vnf_run() reads and writes exists only while it runs.
 */
#ifndef VNF_TEST_REPLAY_H
#define VNF_TEST_REPLAY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <vnf/test.h>

/* Time of day when a test starts. */
#define TR_START_NS (UINT64_C(1700000000) * UINT64_C(1000000000))

struct tr_frame {
	uint64_t time_ns; /* since the start of the test */
	uint8_t *data;
	uint32_t len;
};

struct tr_frames {
	struct tr_frame *frame;
	size_t n;
	size_t room;
};

struct tr_port {
	char *name;
	bool configured; /* it stands in the configuration */
	struct tr_frames sent;
	struct tr_frames got;
};

struct vnf_test_replay {
	const struct vnf_app *app;
	char *config;
	struct tr_port *ports;
	size_t n_ports;
	char **options;
	size_t n_options;
	int error;    /* first of the calls before the run */
	bool capture; /* the log */

	char folder[PATH_MAX]; /* while it runs */
	uint64_t start_ns;     /* time of day that is time 0 of the test */
	json_t *report;
	json_t *lines; /* of the verdicts, which point into them */
	struct vnf_test_verdict *verdicts;
	size_t n_verdicts;
	char *log;
};

int vnf_tr_frames_add(struct tr_frames *frames, uint64_t time_ns, const void *data, uint32_t len);
/* Frees them, and lets there be none. */
void vnf_tr_frames_fini(struct tr_frames *frames);

/* NULL if there is none of this name. */
struct tr_port *vnf_tr_port_find(const struct vnf_test_replay *t, const char *name);
/* Finds or adds it; NULL if out of memory. */
struct tr_port *vnf_tr_port_get(struct vnf_test_replay *t, const char *name);

/* Path of a file in the folder; `i` stands in it if it is not negative. */
void vnf_tr_path(const struct vnf_test_replay *t, char *path, size_t size, const char *name, int i);
/* Make the folder with all that vnf_run() reads. 0 or -errno. */
int vnf_tr_folder_create(struct vnf_test_replay *t);
/* Remove it, unless it is to be kept. */
void vnf_tr_folder_remove(struct vnf_test_replay *t);
/* Run the application on the folder; its exit code, or -errno. */
int vnf_tr_execute(struct vnf_test_replay *t);
/* Read what it wrote; what is not there is none. 0 or -errno. */
int vnf_tr_results_read(struct vnf_test_replay *t);
/* Forget it. */
void vnf_tr_results_fini(struct vnf_test_replay *t);

#endif
