/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See control_request.h. Called by the server thread, and by tests/fuzz.
 */

#include "control_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int unknown_member(struct control_job *job)
{
	const char *name;
	json_t *value;

	json_object_foreach(job->request, name, value) {
		if (strcmp(name, "id") == 0 || strcmp(name, "command") == 0 ||
		    strcmp(name, "args") == 0)
			continue;
		vnf_refuse(&job->why, -EINVAL,
			   "\"%.64s\" is no member of a request; id, command and args are", name);
		return -EINVAL;
	}
	return 0;
}

int request_parse(const char *line, size_t len, struct control_job *job)
{
	json_error_t error;

	job->request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(job->request)) {
		vnf_refuse(&job->why, -EINVAL, "%s%s: a request is one JSON object on one line",
			   job->request == NULL ? "not JSON: " : "not an object",
			   job->request == NULL ? error.text : "");
		return -EINVAL;
	}
	job->id = json_object_get(job->request, "id");
	job->command = json_string_value(json_object_get(job->request, "command"));
	job->args = json_object_get(job->request, "args");
	if (job->command == NULL) {
		vnf_refuse(&job->why, -EINVAL, "\"command\" is required, a string");
		return -EINVAL;
	}
	if (json_is_null(job->args))
		job->args = NULL;
	if (job->args != NULL && !json_is_object(job->args)) {
		vnf_refuse(&job->why, -EINVAL, "\"args\" is an object, or left out");
		return -EINVAL;
	}
	return unknown_member(job);
}

static json_t *error_json(const struct vnf_refusal *why)
{
	const char *code = strerrorname_np(-why->error);
	json_t *text = json_string(why->text);

	/* A text that quotes what is no UTF-8. */
	if (text == NULL)
		text = json_string("refused, for a reason that cannot be written in UTF-8");
	return json_pack("{ss so}", "code", code != NULL ? code : "EIO", "text", text);
}

char *reply_format(const struct control_job *job, size_t *len)
{
	json_t *reply = json_object();
	char *text;

	json_object_set_new(reply, "id", job->id != NULL ? json_incref(job->id) : json_null());
	json_object_set_new(reply, "ok", json_boolean(job->result != NULL));
	if (job->result != NULL)
		json_object_set(reply, "result", job->result);
	else
		json_object_set_new(reply, "error", error_json(&job->why));
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (text == NULL)
		return NULL;
	/* There is room: it ends with a 0, which no line needs. */
	*len = strlen(text);
	text[(*len)++] = '\n';
	return text;
}
