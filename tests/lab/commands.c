/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A VNF with commands of its own, for the tests of the control socket: one for each thing that a
 * command can do right or wrong.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_alarm.h>

#include <vnf/clock.h>
#include <vnf/vnf.h>

/* docs/control.md shows this one. */
struct greet_args {
	const char *name;
	uint32_t times;
};

static const struct vnf_config_key greet_keys[] = {
	{ .name = "name",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct greet_args, name),
	  .doc = "Whom to greet." },
	{ .name = "times",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct greet_args, times),
	  .max = 10,
	  .def = "1",
	  .doc = "How often." },
	{ .name = NULL },
};

static json_t *greet(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct greet_args *a = args;

	(void)vnf;
	if (a->times == 0)
		return vnf_refuse(why, -EINVAL, "times is 0; greet at least once");
	return json_pack("{ss si}", "hello", a->name, "times", (int)a->times);
}

struct echo_args {
	const char *text;
	uint32_t number;
	uint64_t time;
	bool loud;
	uint32_t colour;
	struct vnf_config_u32s list;
};

static const char *const colours[] = { "red", "green", NULL };

static const struct vnf_config_key echo_keys[] = {
	{ .name = "text",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct echo_args, text),
	  .doc = "Any text." },
	{ .name = "number",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct echo_args, number),
	  .max = 100,
	  .def = "1",
	  .doc = "A number." },
	{ .name = "time",
	  .type = VNF_CONFIG_DURATION,
	  .offset = offsetof(struct echo_args, time),
	  .def = "1s",
	  .doc = "A time." },
	{ .name = "loud",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct echo_args, loud),
	  .doc = "Yes or no." },
	{ .name = "colour",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct echo_args, colour),
	  .choices = colours,
	  .def = "red",
	  .doc = "One of some words." },
	{ .name = "list",
	  .type = VNF_CONFIG_U32S,
	  .offset = offsetof(struct echo_args, list),
	  .doc = "Numbers." },
	{ .name = NULL },
};

static json_t *echo(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct echo_args *a = args;
	json_t *list = json_array();

	(void)vnf;
	(void)why;
	for (size_t i = 0; i < a->list.n; i++)
		json_array_append_new(list, json_integer(a->list.v[i]));
	return json_pack("{ss sI sI sb ss so}", "text", a->text, "number", (json_int_t)a->number,
			 "time", (json_int_t)a->time, "loud", (int)a->loud, "colour",
			 colours[a->colour], "list", list);
}

struct rows_args {
	uint64_t count;
};

static const struct vnf_config_key rows_keys[] = {
	{ .name = "count",
	  .type = VNF_CONFIG_COUNT,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct rows_args, count),
	  .max = 1000000,
	  .doc = "How many." },
	{ .name = NULL },
};

static json_t *rows(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct rows_args *a = args;
	json_t *all = json_array();

	(void)vnf;
	(void)why;
	for (uint64_t i = 0; i < a->count; i++)
		json_array_append_new(all, json_pack("{sI ss}", "id", (json_int_t)i, "text",
						     "a row among many, all of them alike"));
	return all;
}

struct nap_args {
	uint64_t time;
};

static const struct vnf_config_key nap_keys[] = {
	{ .name = "time",
	  .type = VNF_CONFIG_DURATION,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nap_args, time),
	  .max = 60000000000,
	  .doc = "How long." },
	{ .name = NULL },
};

static json_t *nap(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	const struct nap_args *a = args;
	struct timespec t = { .tv_sec = (time_t)(a->time / 1000000000),
			      .tv_nsec = (long)(a->time % 1000000000) };

	(void)vnf;
	(void)why;
	nanosleep(&t, NULL);
	return json_null();
}

static json_t *fail(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	return vnf_refuse(why, -EBUSY, "too busy for that; ask later");
}

static json_t *vanish(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	(void)why;
	return NULL;
}

struct hold_args {
	const char *until;
};

static const struct vnf_config_key hold_keys[] = {
	{ .name = "until",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct hold_args, until),
	  .doc = "The file that ends it." },
	{ .name = NULL },
};

static json_t *hold(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	static const struct timespec step = { .tv_nsec = 1000000 };
	const struct hold_args *a = args;

	(void)vnf;
	(void)why;
	while (access(a->until, F_OK) != 0)
		nanosleep(&step, NULL);
	return json_null();
}

static uint32_t n_looks, n_done;

static json_t *look(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	(void)why;
	n_looks++;
	return json_null();
}

static json_t *did(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	(void)why;
	n_done++;
	return json_null();
}

static json_t *counts(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	(void)why;
	return json_pack("{sI sI}", "looks", (json_int_t)n_looks, "done", (json_int_t)n_done);
}

static bool endless_step(struct vnf_worker *worker, void *arg)
{
	(void)worker;
	(void)arg;
	return false;
}

static json_t *endless(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	int ret = vnf_workers_ask(vnf, endless_step, NULL, UINT64_C(600) * VNF_SECOND_NS);

	(void)args;
	return vnf_refuse(why, ret, "asking the workers: %s", strerror(-ret));
}

static void alarm_hold(void *arg)
{
	for (;;)
		pause();
	(void)arg;
}

static json_t *hold_interrupts(struct vnf *vnf, const void *args, struct vnf_refusal *why)
{
	(void)vnf;
	(void)args;
	if (rte_eal_alarm_set(1, alarm_hold, NULL) < 0)
		return vnf_refuse(why, -EIO, "there is no alarm");
	return json_null();
}

static const struct vnf_command commands[] = {
	{ .name = "greet",
	  .help = "Greet somebody.",
	  .args = greet_keys,
	  .args_size = sizeof(struct greet_args),
	  .run = greet },
	{ .name = "echo",
	  .help = "What was given.",
	  .args = echo_keys,
	  .args_size = sizeof(struct echo_args),
	  .run = echo },
	{ .name = "rows",
	  .help = "Many rows.",
	  .args = rows_keys,
	  .args_size = sizeof(struct rows_args),
	  .run = rows },
	{ .name = "nap",
	  .help = "Keep the control thread.",
	  .args = nap_keys,
	  .args_size = sizeof(struct nap_args),
	  .run = nap },
	{ .name = "hold",
	  .help = "Keep the control thread until a file is there.",
	  .args = hold_keys,
	  .args_size = sizeof(struct hold_args),
	  .run = hold },
	{ .name = "hold-interrupts",
	  .help = "Keep DPDK's interrupt thread for ever.",
	  .run = hold_interrupts },
	{ .name = "look", .help = "Count that it was asked.", .looks = true, .run = look },
	{ .name = "do", .help = "Count that it was done.", .run = did },
	{ .name = "counts", .help = "How often these ran.", .run = counts },
	{ .name = "endless",
	  .help = "Ask the workers, who have no answer.",
	  .looks = true,
	  .run = endless },
	{ .name = "fail", .help = "Refuse.", .run = fail },
	{ .name = "vanish", .help = "Fail without a reason.", .run = vanish },
	{ .name = NULL },
};

static inline vnf_verdict_t other_port(struct vnf_worker *worker, uint16_t port,
				       struct rte_mbuf *pkt)
{
	(void)worker;
	(void)pkt;
	return VNF_FORWARD(port ^ 1);
}

VNF_PACKET(other_port);

static const struct vnf_app app = {
	VNF_APP("commands"),
	.commands = commands,
	.burst = other_port_burst,
};

int main(int argc, char **argv)
{
	return vnf_run(argc, argv, &app);
}
