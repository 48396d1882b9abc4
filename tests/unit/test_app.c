/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The order of life of an application whose start fails: what was initialised is given back, and
 * nothing else. Each test is a whole vnf_run() that ends before a port is opened.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vnf/vnf.h>

static int state;
static int init_ret;
static int worker_init_ret;
static unsigned int finis, worker_finis;

static int app_init(struct vnf *vnf, void **out)
{
	(void)vnf;
	*out = init_ret == 0 ? &state : NULL;
	return init_ret;
}

static int app_worker_init(struct vnf_worker *worker)
{
	return worker->id == 1 ? worker_init_ret : 0;
}

static void app_worker_fini(struct vnf_worker *worker)
{
	(void)worker;
	worker_finis++;
}

static void app_fini(struct vnf *vnf, void *arg)
{
	(void)vnf;
	cr_assert_eq(arg, &state);
	finis++;
}

static void burst(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts,
		  vnf_verdict_t *verdicts, uint16_t n)
{
	(void)worker;
	(void)port;
	(void)pkts;
	for (uint16_t i = 0; i < n; i++)
		verdicts[i] = VNF_DROP(VNF_DROP_APPLICATION);
}

static int run_app(const struct vnf_app *app, const char *text)
{
	char path[] = "/tmp/vnf-unit-app-XXXXXX";
	char unit[] = "unit", option[] = "-c";
	char *const argv[] = { unit, option, path, NULL };
	int fd = mkstemp(path), ret;

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ret = vnf_run(3, argv, app);
	unlink(path);
	return ret;
}

static int run(void)
{
	static const struct vnf_app app = {
		VNF_APP("unit"),
		.init = app_init,
		.worker_init = app_worker_init,
		.burst = burst,
		.worker_fini = app_worker_fini,
		.fini = app_fini,
	};

	return run_app(&app, "name = \"instance\"; hugepages = \"never\"; workers = 2;\n"
			     "ports = ( { name = \"a\"; kind = \"sink\"; } );\n");
}

Test(app, fini_is_not_called_when_init_failed)
{
	init_ret = -EIO;
	cr_assert_eq(run(), 1);
	cr_assert_eq(finis, 0);
	cr_assert_eq(worker_finis, 0);
}

Test(app, fini_is_called_when_a_worker_failed)
{
	worker_init_ret = -ENOMEM;
	cr_assert_eq(run(), 1);
	cr_assert_eq(worker_finis, 1);
	cr_assert_eq(finis, 1);
}

/* ---- what the callbacks of a start may ask ---- */

static int made;
static unsigned int checked, discarded;

static void asking_check(struct vnf_config *file, void *config)
{
	(void)config;
	checked++;
	cr_assert_eq(vnf_port_planned(file, "a"), 0);
	cr_assert_eq(vnf_port_planned(file, "c"), 2);
	cr_assert_eq(vnf_port_planned(file, "d"), -ENOENT);
	cr_assert_eq(vnf_port_planned(file, ""), -ENOENT);
}

static int asking_build(struct vnf *vnf, struct vnf_config *file, const void *config, void **built)
{
	(void)config;
	cr_assert_null(vnf_built(vnf));
	cr_assert_eq(vnf_worker_count(vnf), 3);
	cr_assert_eq(vnf_port_planned(file, "b"), 1);
	cr_assert_eq(vnf_port_planned(file, "b"), vnf_port_find(vnf, "b"));
	*built = &made;
	return 0;
}

static void asking_discard(struct vnf *vnf, void *built)
{
	(void)vnf;
	cr_assert_eq(built, &made);
	discarded++;
}

static int asking_worker_init(struct vnf_worker *worker)
{
	cr_assert_eq(vnf_built(worker->vnf), &made);
	return -EIO;
}

Test(app, callbacks_may_ask_for_ports_workers_and_what_was_built)
{
	static const struct vnf_app app = {
		VNF_APP("unit"),
		.check = asking_check,
		.build = asking_build,
		.discard = asking_discard,
		.worker_init = asking_worker_init,
		.burst = burst,
	};

	cr_assert_eq(run_app(&app, "hugepages = \"never\"; workers = 3;\n"
				   "ports = ( { name = \"a\"; kind = \"sink\"; },\n"
				   "  { name = \"b\"; kind = \"null\"; },\n"
				   "  { name = \"c\"; kind = \"sink\"; } );\n"),
		     1);
	cr_assert_eq(checked, 1);
	cr_assert_eq(discarded, 1);
}

Test(app, lines_after_the_run_still_bear_the_name)
{
	FILE *sink = tmpfile();
	char line[256] = "";

	init_ret = -EIO;
	cr_assert_eq(run(), 1);
	cr_assert_geq(dup2(fileno(sink), STDERR_FILENO), 0);
	vnf_notice("after");
	rewind(sink);
	cr_assert_not_null(fgets(line, sizeof(line), sink));
	cr_assert_str_eq(line, "instance: notice: after\n");
	fclose(sink);
}
