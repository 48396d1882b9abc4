/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * libFuzzer target for requests of the control socket: any line is parsed, its arguments decoded by
 * a table that uses every type, and answered; the reply must be one line of JSON with the request's
 * id. Build with -fsanitize=fuzzer,address,undefined; seeds in corpus/control.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control_request.h"

struct args {
	bool flag;
	uint32_t u32, word, mode;
	uint64_t u64, bytes, count, duration;
	const char *text;
	uint8_t mac[6];
	struct vnf_config_u32s numbers;
	struct vnf_config_strings strings;
};

#define KEY(n, t, f) .name = n, .type = VNF_CONFIG_##t, .offset = offsetof(struct args, f)

static const char *const words[] = { "one", "two", "three", NULL };

static const struct vnf_config_key keys[] = {
	{ KEY("f", BOOL, flag), .doc = "f" },
	{ KEY("i", U32, u32), .max = 10, .doc = "i" },
	{ KEY("l", U64, u64), .doc = "l" },
	{ KEY("b", BYTES, bytes), .def = "1k", .doc = "b" },
	{ KEY("c", COUNT, count), .min = 1, .doc = "c" },
	{ KEY("d", DURATION, duration), .doc = "d" },
	{ KEY("t", STRING, text), .flags = VNF_CONFIG_REQUIRED, .max = 8, .doc = "t" },
	{ KEY("w", ENUM, word), .choices = words, .doc = "w" },
	{ KEY("m", MAC, mac), .doc = "m" },
	{ KEY("o", MODE, mode), .doc = "o" },
	{ KEY("n", U32S, numbers), .max = 4, .doc = "n" },
	{ KEY("s", STRINGS, strings), .doc = "s" },
	{ .name = NULL },
};

static const struct vnf_command command = { .name = "try",
					    .args = keys,
					    .args_size = sizeof(struct args) };

/* What was decoded is whole, down to its last octet. */
static json_t *run(const struct args *a)
{
	size_t sum = strlen(a->text);

	for (size_t i = 0; i < a->numbers.n; i++)
		sum += a->numbers.v[i];
	for (size_t i = 0; i < a->strings.n; i++)
		sum += strlen(a->strings.v[i]);
	if (a->u32 > 10 || a->word > 2 || strlen(a->text) > 8 || a->numbers.n > 4)
		abort();
	return json_integer((json_int_t)sum);
}

static void answer(struct control_job *job)
{
	struct command_args args;

	if (command_args_decode(&command, job->args, &args, &job->why) == 0)
		job->result = run(args.data);
	command_args_free(&args);
}

static void reply_check(const struct control_job *job)
{
	size_t len;
	char *text = reply_format(job, &len);
	json_t *reply;

	if (text == NULL || memchr(text, '\n', len) != text + len - 1)
		abort();
	reply = json_loadb(text, len, 0, NULL);
	if (!json_is_object(reply) || !json_is_boolean(json_object_get(reply, "ok")))
		abort();
	if (job->id != NULL && !json_equal(job->id, json_object_get(reply, "id")))
		abort();
	json_decref(reply);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_job *job = job_create();

	if (request_parse((const char *)data, size, job) == 0)
		answer(job);
	reply_check(job);
	job_destroy(job);
	return 0;
}
