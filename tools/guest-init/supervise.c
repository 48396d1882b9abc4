/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The VNF's life: start, found running, asked to stop, ended, started again or not. Each step is an
 * event for the host and, where a human should know, a line on the console. Called from the loop,
 * from the host's commands and for signals and the power button.
 */
#include "guest_init.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Once what the host should know has left, or at off_at (loop.c). */
static void machine_end(struct guest *guest)
{
	struct supervisor *vnf = &guest->vnf;
	int64_t off_at = guest->now + guest->times.flush_ms;

	vnf->state = GUEST_ENDED;
	vnf->restart_at = TIME_NEVER;
	if (off_at < guest->settled_at)
		off_at = guest->settled_at;
	if (guest->off_at == TIME_NEVER)
		guest->off_at = off_at;
}

static void end_tell(struct guest *guest, struct vnf_end end)
{
	guest->vnf.ended = true;
	guest->vnf.end = end;
	control_send(guest,
		     json_pack("{s:s, s:o, s:o}", "event", "ended", "code",
			       end.signal == 0 ? json_integer(end.code) : json_null(), "signal",
			       end.signal != 0 ? json_integer(end.signal) : json_null()));
}

void supervise_refuse(struct guest *guest)
{
	end_tell(guest, (struct vnf_end){ .code = 1 });
	machine_end(guest);
}

static void start_failed(struct guest *guest, int error)
{
	say("cannot start a process: %s. Give the guest more memory (QEMU: -m).", strerror(error));
	if (guest->vnf.starts == 0)
		supervise_refuse(guest);
	else
		guest->vnf.restart_at = guest->now + guest->times.policy.delay_max_ms;
}

void supervise_start(struct guest *guest)
{
	struct supervisor *vnf = &guest->vnf;
	int status = vnf_start(guest, &vnf->pid);

	vnf->restart = false;
	vnf->killed = false;
	vnf->restart_at = TIME_NEVER;
	vnf->kill_at = TIME_NEVER;
	if (status < 0) {
		vnf->pid = 0;
		vnf->state = GUEST_ENDED;
		start_failed(guest, -status);
		return;
	}
	vnf->state = GUEST_STARTING;
	vnf->start_at = guest->now;
	vnf->probe_at = guest->now + guest->times.probe_ms;
	if (vnf->starts++ == 0)
		vnf->first_start_at = guest->now;
	control_send(guest, json_pack("{s:s, s:i}", "event", "started", "pid", (int)vnf->pid));
}

static void end_say(const struct guest *guest, struct vnf_end end, const char *then)
{
	char how[96];

	vnf_end_describe(end, how, sizeof(how));
	say("the VNF %s after %.1f s%s", how, (double)(guest->now - guest->vnf.start_at) / 1000,
	    then);
}

static void ended_by_itself(struct guest *guest, struct vnf_end end)
{
	struct supervisor *vnf = &guest->vnf;
	enum policy_action action;
	char then[64];

	action = policy_decide(&guest->times.policy, end, guest->now - vnf->first_start_at,
			       guest->now - vnf->start_at, &vnf->delay_ms);
	switch (action) {
	case POLICY_DONE:
		end_say(guest, end, "; powering off");
		break;
	case POLICY_GIVE_UP:
		end_say(guest, end, "; trying again would cure nothing; powering off");
		break;
	case POLICY_RESTART:
		snprintf(then, sizeof(then), "; it will be started again in %.1f s",
			 (double)vnf->delay_ms / 1000);
		end_say(guest, end, then);
		break;
	}
	if (vnf_end_advice(end)[0] != '\0')
		say("%s", vnf_end_advice(end));
	if (action == POLICY_RESTART)
		vnf->restart_at = guest->now + vnf->delay_ms;
	else
		machine_end(guest);
}

static void ended_as_asked(struct guest *guest, struct vnf_end end)
{
	const char *killed = guest->vnf.killed ? ", because it did not end when asked to" : "";

	end_say(guest, end, killed);
	if (guest->vnf.restart)
		supervise_start(guest);
	else
		machine_end(guest);
}

static void vnf_ended(struct guest *guest, int wait_status)
{
	struct supervisor *vnf = &guest->vnf;
	bool asked = vnf->state == GUEST_STOPPING;
	struct vnf_end end = vnf_end_of(wait_status);

	vnf->pid = 0;
	vnf->state = GUEST_ENDED;
	vnf->kill_at = TIME_NEVER;
	vnf->probe_at = TIME_NEVER;
	telemetry_cancel(guest, "the VNF ended");
	end_tell(guest, end);
	if (asked)
		ended_as_asked(guest, end);
	else
		ended_by_itself(guest, end);
}

void supervise_reap(struct guest *guest)
{
	int wait_status;
	pid_t pid;

	while ((pid = child_reap(guest->vnf.pid, &wait_status)) > 0) {
		if (pid == guest->vnf.pid)
			vnf_ended(guest, wait_status);
	}
}

static void vnf_stop(struct guest *guest)
{
	struct supervisor *vnf = &guest->vnf;

	vnf->state = GUEST_STOPPING;
	vnf->probe_at = TIME_NEVER;
	vnf->kill_at = guest->now + guest->times.stop_ms;
	vnf_signal(vnf->pid, SIGTERM);
}

void supervise_stop(struct guest *guest)
{
	guest->vnf.restart = false;
	if (guest->vnf.pid == 0)
		machine_end(guest);
	else if (guest->vnf.state != GUEST_STOPPING)
		vnf_stop(guest);
}

bool supervise_can_restart(const struct guest *guest)
{
	return guest->off_at == TIME_NEVER &&
	       (guest->vnf.state != GUEST_STOPPING || guest->vnf.restart);
}

void supervise_restart(struct guest *guest)
{
	struct supervisor *vnf = &guest->vnf;

	if (vnf->pid == 0) {
		supervise_start(guest);
		return;
	}
	vnf->restart = true;
	if (vnf->state != GUEST_STOPPING)
		vnf_stop(guest);
}

static void probe_done(struct guest *guest, struct telemetry_query *query, json_t *answer,
		       const char *error)
{
	struct supervisor *vnf = &guest->vnf;
	json_t *ports = json_object_get(answer, query->request);

	(void)error;
	if (vnf->state != GUEST_STARTING)
		return;
	if (!json_is_array(ports)) {
		vnf->probe_at = guest->now + guest->times.probe_ms;
		return;
	}
	vnf->state = GUEST_RUNNING;
	control_send(guest, json_pack("{s:s}", "event", "running"));
}

static void probe(struct guest *guest)
{
	guest->vnf.probe_at = TIME_NEVER;
	if (telemetry_ask(guest, "/vnf/ports", NULL, probe_done) < 0)
		guest->vnf.probe_at = guest->now + guest->times.probe_ms;
}

void supervise_tick(struct guest *guest)
{
	struct supervisor *vnf = &guest->vnf;

	if (vnf->kill_at <= guest->now) {
		vnf->kill_at = TIME_NEVER;
		vnf->killed = true;
		vnf_signal(vnf->pid, SIGKILL);
	}
	if (vnf->restart_at <= guest->now)
		supervise_start(guest);
	if (vnf->probe_at <= guest->now)
		probe(guest);
}

int64_t supervise_due(const struct guest *guest)
{
	const struct supervisor *vnf = &guest->vnf;
	int64_t due = vnf->kill_at < vnf->restart_at ? vnf->kill_at : vnf->restart_at;

	return vnf->probe_at < due ? vnf->probe_at : due;
}
