/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The control socket without the socket: tables of commands, arguments by their schema, requests
 * and replies.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"
#include "control_request.h"
#include "vnf_priv.h"

struct args {
	const char *name;
	uint32_t count;
	uint64_t size, time;
	uint32_t word;
	bool flag;
	uint8_t mac[6];
	struct vnf_config_u32s numbers;
	struct vnf_config_strings names;
};

#define KEY(n, t, f) .name = n, .type = VNF_CONFIG_##t, .offset = offsetof(struct args, f)

static const char *const words[] = { "one", "two", NULL };

static int check_even(const void *field, char *why, size_t why_size)
{
	if (*(const uint32_t *)field % 2 == 0)
		return 0;
	snprintf(why, why_size, "is odd, only even numbers are allowed");
	return -EINVAL;
}

static const struct vnf_config_key keys[] = {
	{ KEY("name", STRING, name), .flags = VNF_CONFIG_REQUIRED, .min = 1, .max = 8, .doc = "n" },
	{ KEY("count", U32, count), .max = 100, .def = "6", .check = check_even, .doc = "c" },
	{ KEY("size", BYTES, size), .def = "1k", .doc = "s" },
	{ KEY("time", DURATION, time), .def = "5ms", .doc = "t" },
	{ KEY("word", ENUM, word), .choices = words, .def = "two", .doc = "w" },
	{ KEY("flag", BOOL, flag), .doc = "f" },
	{ KEY("mac", MAC, mac), .doc = "m" },
	{ KEY("numbers", U32S, numbers), .max = 3, .def = "1, 2", .doc = "l" },
	{ KEY("names", STRINGS, names), .doc = "l" },
	{ .name = NULL },
};

static json_t *run_nothing(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	(void)why;
	return json_true();
}

static const struct vnf_command command = { .name = "try",
					    .help = "h",
					    .args = keys,
					    .args_size = sizeof(struct args),
					    .run = run_nothing };

static struct command_args decoded;
static struct vnf_refusal why;

/* What a client could send. */
static const struct args *decode(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	int ret;

	cr_assert_not_null(json, "%s", text);
	why.text[0] = '\0';
	ret = command_args_decode(&command, json, &decoded, &why);
	json_decref(json);
	cr_assert_eq(ret < 0, why.text[0] != '\0');
	return ret == 0 ? decoded.data : NULL;
}

static void expect_refusal(const char *text, const char *reason)
{
	cr_expect_null(decode(text), "%s", text);
	cr_expect_eq(why.error, -EINVAL);
	cr_expect_str_eq(why.text, reason);
	command_args_free(&decoded);
}

Test(args, defaults)
{
	const struct args *a = decode("{\"name\": \"x\"}");

	cr_assert_not_null(a, "%s", why.text);
	cr_assert_str_eq(a->name, "x");
	cr_assert_eq(a->count, 6);
	cr_assert_eq(a->size, 1024);
	cr_assert_eq(a->time, 5000000);
	cr_assert_eq(a->word, 1);
	cr_assert_not(a->flag);
	cr_assert_eq(a->numbers.n, 2);
	cr_assert_eq(a->numbers.v[1], 2);
	cr_assert_eq(a->names.n, 0);
	command_args_free(&decoded);
}

Test(args, every_type)
{
	const struct args *a =
		decode("{\"name\": \"\\u00e4\", \"count\": 8, \"size\": \"2M\", \"time\": \"1s\","
		       "\"word\": \"one\", \"flag\": true, \"mac\": \"02:00:00:00:00:0a\","
		       "\"numbers\": [7, 8, 9], \"names\": [\"a\", \"\"]}");

	cr_assert_not_null(a, "%s", why.text);
	cr_assert_str_eq(a->name, "\xc3\xa4");
	cr_assert_eq(a->count, 8);
	cr_assert_eq(a->size, 2 << 20);
	cr_assert_eq(a->time, 1000000000);
	cr_assert_eq(a->word, 0);
	cr_assert(a->flag);
	cr_assert_eq(a->mac[5], 10);
	cr_assert_eq(a->numbers.n, 3);
	cr_assert_eq(a->numbers.v[2], 9);
	cr_assert_eq(a->names.n, 2);
	cr_assert_str_eq(a->names.v[1], "");
	command_args_free(&decoded);
}

/* As if it were not there. */
Test(args, null_is_absent)
{
	cr_assert_not_null(decode("{\"name\": \"x\", \"count\": null}"), "%s", why.text);
	command_args_free(&decoded);
	expect_refusal("{\"name\": null}",
		       "name: is required, write a string, for example \"text\"");
}

Test(args, each_fault_is_told)
{
	expect_refusal("{\"name\": \"x\", \"count\": 101}", "count: is 101, 0 to 100 are allowed");
	expect_refusal("{\"name\": \"x\", \"count\": -9223372036854775807}",
		       "count: is -9223372036854775807, 0 to 100 are allowed");
	expect_refusal("{\"name\": \"x\", \"count\": 7}",
		       "count: is odd, only even numbers are allowed");
	expect_refusal("{\"name\": \"012345678\"}", "name: is 9 bytes long, at most 8 are allowed");
	expect_refusal("{\"name\": \"x\", \"word\": \"ond\"}",
		       "word: is \"ond\", write one of \"one\", \"two\"; did you mean \"one\"?");
	expect_refusal("{\"name\": \"x\", \"numbers\": [1, 2, 3, 4]}",
		       "numbers: has 4 elements, at most 3 are allowed");
	expect_refusal("{\"name\": \"x\", \"names\": [\"a\", 5, {}]}",
		       "names[1]: is 5, write a string, for example \"text\"; "
		       "names[2]: is a group, write a string, for example \"text\"");
	expect_refusal("{\"name\": \"x\", \"nmes\": []}",
		       "nmes: unknown argument, did you mean \"names\"?");
	expect_refusal("{\"name\": \"x\", \"zzzzzz\": 1}",
		       "zzzzzz: unknown argument, there are name count size time word flag mac "
		       "numbers names");
}

Test(args, all_faults_are_told)
{
	cr_assert_null(decode("{\"count\": 1.5, \"flag\": \"yes\", \"x\": 1}"));
	cr_assert_not_null(strstr(why.text, "name: is required"));
	cr_assert_not_null(strstr(why.text, "count: is a floating-point number"));
	cr_assert_not_null(strstr(why.text, "flag: is \"yes\""));
	cr_assert_not_null(strstr(why.text, "x: unknown argument"));
	command_args_free(&decoded);
}

/* The text is cut, nothing else is. */
Test(args, endless_faults)
{
	json_t *json = json_object();

	for (int i = 0; i < 2000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "unknown-key-%d", i);
		json_object_set_new(json, name, json_integer(i));
	}
	cr_assert_eq(command_args_decode(&command, json, &decoded, &why), -EINVAL);
	cr_assert_lt(strlen(why.text), sizeof(why.text));
	command_args_free(&decoded);
	json_decref(json);
}

Test(args, none_are_expected)
{
	static const struct vnf_command none = { .name = "none", .help = "h", .run = run_nothing };
	json_t *json = json_pack("{si}", "x", 1);

	cr_assert_eq(command_args_decode(&none, NULL, &decoded, &why), 0);
	command_args_free(&decoded);
	cr_assert_eq(command_args_decode(&none, json, &decoded, &why), -EINVAL);
	cr_assert_str_eq(why.text, "x: unknown argument, there are none");
	command_args_free(&decoded);
	json_decref(json);
}

/* ---- tables ---- */

static int check_one(struct vnf_command one)
{
	const struct vnf_command table[] = { one, { .name = NULL } };

	return commands_check("test", table);
}

Test(table, good)
{
	cr_assert_eq(commands_check("test", NULL), 0);
	cr_assert_eq(check_one(command), 0);
}

Test(table, bad_names)
{
	static const char *const names[] = { "",
					     "Ports",
					     "a b",
					     "a_b",
					     "-x",
					     "9",
					     "ports",
					     "list",
					     "help",
					     "commands",
					     "an-endless-name-of-32-characters" };

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct vnf_command bad = command;

		bad.name = names[i];
		cr_expect_eq(check_one(bad), -EINVAL, "\"%s\" passes", names[i]);
	}
}

Test(table, name_used_twice)
{
	const struct vnf_command table[] = { command, command, { .name = NULL } };

	cr_assert_eq(commands_check("test", table), -EINVAL);
}

Test(table, missing_parts)
{
	struct vnf_command bad = command;

	bad.help = NULL;
	cr_expect_eq(check_one(bad), -EINVAL);
	bad = command;
	bad.run = NULL;
	cr_expect_eq(check_one(bad), -EINVAL);
	bad = command;
	bad.args_size = 8;
	cr_expect_eq(check_one(bad), -EINVAL);
}

static int check_key(struct vnf_config_key key)
{
	const struct vnf_config_key table[] = { key, { .name = NULL } };
	struct vnf_command bad = command;

	bad.args = table;
	return check_one(bad);
}

Test(table, bad_keys)
{
	cr_expect_eq(check_key((struct vnf_config_key){ KEY("x", U32, count), .doc = "d" }), 0);
	cr_expect_eq(check_key((struct vnf_config_key){ KEY("x", U32, count) }), -EINVAL);
	cr_expect_eq(
		check_key((struct vnf_config_key){ KEY("x", U32, count), .def = "no", .doc = "d" }),
		-EINVAL);
	cr_expect_eq(check_key((struct vnf_config_key){ KEY("x", ENUM, word), .doc = "d" }),
		     -EINVAL);
	cr_expect_eq(check_key((struct vnf_config_key){ KEY("x", GROUP, word), .doc = "d",
							.keys = keys }),
		     -EINVAL);
}

static uint32_t pass(struct vnf_worker *worker)
{
	(void)worker;
	return 0;
}

Test(table, start_is_refused)
{
	static const struct vnf_command bad[] = { { .name = "ports" }, { .name = NULL } };
	const struct vnf_program program = {
		VNF_PROGRAM("test"),
		.commands = bad,
		.pass = pass,
	};
	char *argv[] = { (char[]){ "test" }, (char[]){ "--config-reference" }, NULL };

	cr_assert_eq(vnf_program_run(2, argv, &program, NULL), 2);
}

Test(table, search)
{
	const struct vnf_command own[] = { command, { .name = NULL } };
	const char *near;

	cr_assert_eq(command_find(own, "try", &near), &own[0]);
	cr_assert_not_null(command_find(own, "ports", &near));
	cr_assert_null(command_find(own, "prots", &near));
	cr_assert_str_eq(near, "ports");
	cr_assert_null(command_find(own, "zzzzzzzz", &near));
	cr_assert_null(near);
}

/* ---- requests and replies ---- */

static char *reply_to(const char *line)
{
	struct control_job *job = job_create();
	size_t len;
	char *reply;

	if (request_parse(line, strlen(line), job) == 0)
		job->result = json_pack("{sO?}", "args", job->args);
	reply = reply_format(job, &len);
	cr_assert_not_null(reply);
	cr_assert_eq(reply[len - 1], '\n');
	reply[len - 1] = '\0';
	job_destroy(job);
	return reply;
}

static void expect_reply(const char *line, const char *reply)
{
	char *text = reply_to(line);

	cr_expect_str_eq(text, reply);
	free(text);
}

static void expect_error(const char *line, const char *part)
{
	char *text = reply_to(line);

	cr_expect_not_null(strstr(text, "\"ok\":false"), "%s", text);
	cr_expect_not_null(strstr(text, part), "%s", text);
	free(text);
}

Test(request, id_comes_back)
{
	expect_reply("{\"id\":7,\"command\":\"x\"}",
		     "{\"id\":7,\"ok\":true,\"result\":{\"args\":null}}");
	expect_reply("{\"command\":\"x\",\"args\":{\"a\":[1]},\"id\":[\"a\",{}]}",
		     "{\"id\":[\"a\",{}],\"ok\":true,\"result\":{\"args\":{\"a\":[1]}}}");
	expect_reply("{\"command\":\"x\",\"args\":null}",
		     "{\"id\":null,\"ok\":true,\"result\":{\"args\":null}}");
}

Test(request, refused)
{
	expect_error("", "not JSON");
	expect_error("hello", "not JSON");
	expect_error("{\"a\":1", "not JSON");
	expect_error("[]", "not an object");
	expect_error("{\"id\":5}", "\\\"command\\\" is required");
	expect_error("{\"id\":5,\"command\":1}", "{\"id\":5,");
	expect_error("{\"command\":\"x\",\"args\":[]}", "is an object");
	expect_error("{\"command\":\"x\",\"agrs\":{}}", "\\\"agrs\\\" is no member");
	expect_error("{\"command\":\"x\",\"command\":\"y\"}", "duplicate");
	expect_error("{\"command\":\"\xff\"}", "not JSON");
	expect_error("{\"command\":\"\\u0000\"}", "not JSON");
}

Test(request, deep_nesting)
{
	char line[60000];

	memset(line, '[', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	expect_error(line, "not JSON");
}

/* A command may quote what is no UTF-8 in its refusal. */
Test(request, refusal_that_is_no_utf8)
{
	struct control_job *job = job_create();
	size_t len;
	char *reply;

	vnf_refuse(&job->why, -ENOENT, "no \"\xff\"");
	reply = reply_format(job, &len);
	cr_assert_not_null(reply);
	cr_assert_not_null(strstr(reply, "\"code\":\"ENOENT\""));
	free(reply);
	job_destroy(job);
}
