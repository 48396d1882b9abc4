/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The guest: one VNF, watched by process 1, and the host at the other end of a virtio-serial port.
 * Everything runs on one thread, in the loop of loop.c; nothing in it waits but poll(). All times
 * are milliseconds of CLOCK_MONOTONIC.
 */
#ifndef GUEST_INIT_H
#define GUEST_INIT_H

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "lines.h"
#include "policy.h"

#define CONTROL_OUT_BYTES 262144
#define POWER_BUTTONS 16
#define TELEMETRY_QUERIES 8
#define TELEMETRY_REQUEST_BYTES 1024 /* DPDK cuts what is longer */

/* What poll() is asked about in one turn: signals, the control port, buttons, telemetry. */
#define POLL_FDS (2 + POWER_BUTTONS + TELEMETRY_QUERIES)

#define TIME_NEVER INT64_MAX

struct guest;

/* What the guest stands on: a machine of its own (machine.c), or a directory (trial.c). */
struct machine {
	/* From nothing to where a VNF can run. 0, or -errno when that is not worth trying. */
	int (*set_up)(struct guest *guest);
	/* A non-blocking descriptor of the control port; -ENOENT while there is none. */
	int (*control_open)(const struct guest *guest);
	/* The port outlives the host's hanging up; another host may come on the same descriptor. */
	bool control_stays;
	/* Where the VNF's output goes; NULL: where ours goes. */
	const char *console;
	/* Does not return, if it is a machine. */
	void (*power_off)(void);
};

struct guest_times {
	struct policy_times policy;
	int64_t stop_ms;      /* from SIGTERM to SIGKILL */
	int64_t probe_ms;     /* between questions whether a starting VNF runs */
	int64_t control_ms;   /* between looks for the port, or for a host at its other end */
	int64_t telemetry_ms; /* for an answer */
	int64_t flush_ms;     /* for the last events to leave, before the power goes */
	int64_t settle_ms;    /* after start-up: the port appears a while after its driver */
};

enum guest_state {
	GUEST_STARTING,
	GUEST_RUNNING,
	GUEST_STOPPING,
	GUEST_ENDED, /* there is no VNF: it will be started again, or the machine is about to end */
};

/* supervise.c: the VNF's life. */
struct supervisor {
	enum guest_state state;
	bool restart; /* was asked for: after the end comes a start */
	bool killed;  /* had to be, after SIGTERM */
	pid_t pid;    /* 0: none */
	unsigned int starts;
	int64_t first_start_at;
	int64_t start_at; /* the last one */
	int64_t restart_at;
	int64_t kill_at;
	int64_t probe_at;
	int64_t delay_ms; /* before the last restart that nobody asked for */
	bool ended;       /* once at least: */
	struct vnf_end end;
};

/* control.c: the host's line. */
struct control {
	int fd;
	bool host; /* somebody is at the other end */
	bool dropping;
	int64_t look_at;
	struct line_buffer in;
	size_t out_used;
	char out[CONTROL_OUT_BYTES];
};

struct telemetry_query;

/* Exactly one of answer and error is given; the answer is borrowed. */
typedef void telemetry_done(struct guest *guest, struct telemetry_query *query, json_t *answer,
			    const char *error);

/* telemetry.c: one question on a connection of its own. */
struct telemetry_query {
	int fd; /* -1: free */
	bool greeted;
	int64_t expires_at;
	json_t *id; /* of the host's command; NULL: our own question */
	telemetry_done *done;
	char request[TELEMETRY_REQUEST_BYTES];
};

struct guest {
	const struct machine *machine;
	const char *root; /* before each path below: "" in a machine */
	struct guest_times times;
	int64_t now;        /* at the start of this turn of the loop */
	int64_t settled_at; /* by then the host, if there is one, is at the port */
	int64_t off_at;     /* TIME_NEVER: the machine stays */
	int signal_fd;
	int button_fd[POWER_BUTTONS]; /* -1: none */
	struct supervisor vnf;
	struct control control;
	struct telemetry_query query[TELEMETRY_QUERIES];
	struct list command;
	char command_text[LINE_MAX_BYTES];
};

extern const struct machine machine_real;
extern const struct machine machine_trial;

/* console.c: to the operator: what, where, what to do. Never waits long. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_drain(void);

/* files.c: `path` is below guest->root. */
int path_below_root(const struct guest *guest, const char *path, char full[PATH_MAX]);
/* Reads at most size - 1 bytes and adds a NUL: how many, or -errno; -EFBIG if there are more. */
int file_read(const char *path, char *text, size_t size);
/* The lines are in `text`. -ENODATA: the file is empty; any other -errno is said. */
int list_read(const struct guest *guest, const char *path, char *text, size_t size,
	      struct list *list);

/* mounts.c, modules.c: steps of machine_real.set_up. */
int mounts_make(void);
int modules_load(const struct guest *guest);

/* check.c: can this CPU run DPDK? */
bool cpu_fits(const struct guest *guest);

/* vnf_process.c */
int vnf_start(const struct guest *guest, pid_t *pid);
void vnf_signal(pid_t pid, int signal);
/* One ended child, whoever started it: its pid, or 0. With the VNF goes what it left running. */
pid_t child_reap(pid_t vnf, int *wait_status);

/* supervise.c */
void supervise_start(struct guest *guest);
void supervise_tick(struct guest *guest);
void supervise_reap(struct guest *guest);
/* Ends the VNF, then the machine. At any time, any number of times. */
void supervise_stop(struct guest *guest);
/* False: it is being stopped for good. */
bool supervise_can_restart(const struct guest *guest);
void supervise_restart(struct guest *guest);
/* There is no starting a VNF here, for a reason that was said: the host hears of an end, code 1. */
void supervise_refuse(struct guest *guest);
int64_t supervise_due(const struct guest *guest);

/* control.c: lines in, lines out. */
void control_open(struct guest *guest);
void control_tick(struct guest *guest);
void control_poll(const struct guest *guest, struct pollfd *fd);
void control_ready(struct guest *guest, short events);
/* Takes over the reference. What the host does not read is dropped at a bound, by whole lines. */
void control_send(struct guest *guest, json_t *line);
int64_t control_due(const struct guest *guest);

/* commands.c: what the lines mean. */
void command_run(struct guest *guest, const char *line, size_t length);
void command_reply(struct guest *guest, json_t *id, json_t *result);
void command_fail(struct guest *guest, json_t *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* telemetry.c */
void telemetry_init(struct guest *guest);
/* 0: done() will be called; -ENOENT: no VNF listens; -EMSGSIZE; -EBUSY: too many are open. */
int telemetry_ask(struct guest *guest, const char *request, json_t *id, telemetry_done *done);
void telemetry_poll(const struct telemetry_query *query, struct pollfd *fd);
void telemetry_ready(struct guest *guest, struct telemetry_query *query);
void telemetry_tick(struct guest *guest);
/* Every question open gets this error. */
void telemetry_cancel(struct guest *guest, const char *error);
int64_t telemetry_due(const struct guest *guest);

/* power.c: the power button. */
void power_init(struct guest *guest);
/* True: it was pressed. */
bool power_ready(struct guest *guest, unsigned int button);

/* signals.c */
int signals_open(struct guest *guest);
void signals_ready(struct guest *guest);

/* loop.c */
int64_t clock_now_ms(void);
/* Until the power is to go. */
void loop_run(struct guest *guest);

#endif
