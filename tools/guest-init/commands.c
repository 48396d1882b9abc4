/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the host can ask: {"id": 1, "command": "status"} is answered by {"id": 1, "result": {...}}
 * or {"id": 1, "error": "text"}. A line whose id cannot be told is answered with the id null.
 * Errors quote nothing of what was sent: it need not be text.
 */
#include "guest_init.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	void (*run)(struct guest *guest, json_t *id, const json_t *line);
};

static const char *const state_names[] = {
	[GUEST_STARTING] = "starting",
	[GUEST_RUNNING] = "running",
	[GUEST_STOPPING] = "stopping",
	[GUEST_ENDED] = "ended",
};

static json_t *id_of(json_t *id)
{
	return id != NULL ? json_incref(id) : json_null();
}

void command_reply(struct guest *guest, json_t *id, json_t *result)
{
	control_send(guest, json_pack("{s:o, s:o}", "id", id_of(id), "result", result));
}

void command_fail(struct guest *guest, json_t *id, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	control_send(guest, json_pack("{s:o, s:s}", "id", id_of(id), "error", text));
}

static json_t *number_if(bool is_one, int number)
{
	return is_one ? json_integer(number) : json_null();
}

static void run_status(struct guest *guest, json_t *id, const json_t *line)
{
	const struct supervisor *vnf = &guest->vnf;
	int64_t up_ms = vnf->pid != 0 ? guest->now - vnf->start_at : 0;

	(void)line;
	command_reply(guest, id,
		      json_pack("{s:s, s:i, s:i, s:I, s:o, s:o}", "state", state_names[vnf->state],
				"pid", (int)vnf->pid, "starts", (int)vnf->starts, "uptime_s",
				(json_int_t)(up_ms / 1000), "code",
				number_if(vnf->ended && vnf->end.signal == 0, vnf->end.code),
				"signal",
				number_if(vnf->ended && vnf->end.signal != 0, vnf->end.signal)));
}

static void telemetry_answered(struct guest *guest, struct telemetry_query *query, json_t *answer,
			       const char *error)
{
	if (error != NULL)
		command_fail(guest, query->id, "%s", error);
	else
		command_reply(guest, query->id, json_incref(answer));
}

static void run_telemetry(struct guest *guest, json_t *id, const json_t *line)
{
	const char *request = json_string_value(json_object_get(line, "request"));
	int status = -EINVAL;

	if (request != NULL && request[0] == '/')
		status = telemetry_ask(guest, request, id, telemetry_answered);
	if (status == -EINVAL)
		command_fail(guest, id, "give \"request\": \"/COMMAND\" or \"/COMMAND,PARAMETER\"");
	else if (status == -EMSGSIZE)
		command_fail(guest, id, "the request is longer than %d bytes",
			     TELEMETRY_REQUEST_BYTES - 1);
	else if (status == -EBUSY)
		command_fail(guest, id, "%d requests wait for an answer: ask again after one",
			     TELEMETRY_QUERIES);
	else if (status < 0)
		command_fail(guest, id, "the VNF does not listen for telemetry; it is %s",
			     state_names[guest->vnf.state]);
}

static void run_stop(struct guest *guest, json_t *id, const json_t *line)
{
	(void)line;
	command_reply(guest, id, json_object());
	supervise_stop(guest);
}

/* The reply comes before the events of what was asked for. */
static void run_restart(struct guest *guest, json_t *id, const json_t *line)
{
	(void)line;
	if (supervise_can_restart(guest)) {
		command_reply(guest, id, json_object());
		supervise_restart(guest);
	} else {
		command_fail(guest, id, "the VNF is being stopped for good");
	}
}

static const struct command commands[] = {
	{ "restart", run_restart },
	{ "status", run_status },
	{ "stop", run_stop },
	{ "telemetry", run_telemetry },
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (name != NULL && strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void command_unknown(struct guest *guest, json_t *id)
{
	command_fail(guest, id, "give \"command\": \"%s\", \"%s\", \"%s\" or \"%s\"",
		     commands[0].name, commands[1].name, commands[2].name, commands[3].name);
}

void command_run(struct guest *guest, const char *line, size_t length)
{
	json_t *object = json_loadb(line, length, 0, NULL);
	json_t *id = json_object_get(object, "id");
	const struct command *command =
		command_find(json_string_value(json_object_get(object, "command")));

	if (!json_is_object(object))
		command_fail(guest, NULL, "this line is not a JSON object: one object a line");
	else if (command == NULL)
		command_unknown(guest, id);
	else
		command->run(guest, id, object);
	json_decref(object);
}
