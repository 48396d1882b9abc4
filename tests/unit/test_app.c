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
	static const char text[] = "name = \"instance\"; hugepages = \"never\"; workers = 2;\n"
				   "ports = ( { name = \"a\"; kind = \"sink\"; } );\n";
	char path[] = "/tmp/vnf-unit-app-XXXXXX";
	char unit[] = "unit", option[] = "-c";
	char *const argv[] = { unit, option, path, NULL };
	int fd = mkstemp(path), ret;

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ret = vnf_run(3, argv, &app);
	unlink(path);
	return ret;
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
