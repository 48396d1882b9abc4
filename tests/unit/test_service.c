/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the service manager hears: over sockets with a path and in the abstract namespace, when, and
 * that the sign of life depends on every worker.
 */

#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service.h"

static int manager = -1;

/* A service manager's socket; "@" makes an abstract one. */
static void manager_open(const char *prefix)
{
	struct sockaddr_un address;
	char name[64];
	socklen_t len;

	snprintf(name, sizeof(name), "%s/tmp/vnf-service-%d", prefix, (int)getpid());
	cr_assert_eq(service_address(name, &address, &len), 0);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(manager, (struct sockaddr *)&address, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void manager_close(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	if (name != NULL && name[0] == '/')
		unlink(name);
	close(manager);
}

/* The next message, or "" if there is none. */
static const char *heard(void)
{
	static char text[512];
	struct pollfd p = { .fd = manager, .events = POLLIN };
	ssize_t n;

	text[0] = '\0';
	if (poll(&p, 1, 0) <= 0)
		return text;
	n = recv(manager, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

Test(service, addresses)
{
	struct sockaddr_un address;
	char name[200] = "/";
	socklen_t len;

	cr_assert_lt(service_address(NULL, &address, &len), 0);
	cr_assert_lt(service_address("", &address, &len), 0);
	cr_assert_lt(service_address("@", &address, &len), 0);
	cr_assert_lt(service_address("vsock:2:1234", &address, &len), 0);
	memset(name + 1, 'x', 107);
	cr_assert_eq(service_address(name, &address, &len), -ENAMETOOLONG);
	cr_assert_eq(service_address("@ab", &address, &len), 0);
	cr_assert_eq(len, offsetof(struct sockaddr_un, sun_path) + 3);
	cr_assert_eq(memcmp(address.sun_path, "\0ab", 3), 0);
}

Test(service, the_period_is_for_us_and_a_number)
{
	cr_assert_eq(service_watchdog_ns("3000000", NULL, 7), 3000000000u);
	cr_assert_eq(service_watchdog_ns("3000000", "7", 7), 3000000000u);
	cr_assert_eq(service_watchdog_ns("3000000", "8", 7), 0u);
	cr_assert_eq(service_watchdog_ns(NULL, NULL, 7), 0u);
	cr_assert_eq(service_watchdog_ns("", NULL, 7), 0u);
	cr_assert_eq(service_watchdog_ns("-1", NULL, 7), 0u);
	cr_assert_eq(service_watchdog_ns("3s", NULL, 7), 0u);
	cr_assert_eq(service_watchdog_ns("99999999999999999999", NULL, 7), 0u);
}

static void life(const char *prefix)
{
	manager_open(prefix);
	service_start();
	service_ready();
	cr_assert_str_eq(heard(), "READY=1");
	service_reloading();
	cr_assert_eq(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	service_ready();
	cr_assert_str_eq(heard(), "READY=1");
	service_stopping();
	cr_assert_not_null(strstr(heard(), "STOPPING=1\n"));
	service_stop();
	manager_close();
}

Test(service, a_life_over_a_path)
{
	life("");
}

Test(service, a_life_over_an_abstract_socket)
{
	life("@");
}

Test(service, without_a_manager_nothing_happens)
{
	static struct vnf vnf;

	unsetenv("NOTIFY_SOCKET");
	service_start();
	service_ready();
	service_reloading();
	service_poll(&vnf);
	service_stopping();
	service_stop();
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	service_start();
	service_ready();
	service_poll(&vnf);
	service_stop();
}

/* ---- status and sign of life ---- */

static struct vnf *vnf_make(uint16_t n_ports, uint16_t n_workers)
{
	static struct vnf vnf;
	static char names[VNF_PORTS_MAX][8];

	vnf.ports = aligned_alloc(64, n_ports * sizeof(*vnf.ports));
	vnf.workers = aligned_alloc(64, n_workers * sizeof(*vnf.workers));
	cr_assert(vnf.ports != NULL && vnf.workers != NULL);
	memset(vnf.ports, 0, n_ports * sizeof(*vnf.ports));
	memset(vnf.workers, 0, n_workers * sizeof(*vnf.workers));
	vnf.n_ports = n_ports;
	vnf.n_workers = n_workers;
	for (uint16_t i = 0; i < n_ports; i++) {
		snprintf(names[i], sizeof(names[i]), "p%u", i);
		vnf.ports[i].port.name = names[i];
	}
	return &vnf;
}

static void vnf_free(struct vnf *vnf)
{
	free(vnf->ports);
	free(vnf->workers);
}

Test(service, status_says_which_ports_are_down)
{
	struct vnf *vnf = vnf_make(3, 1);
	char text[160];

	service_status(vnf, text, sizeof(text));
	cr_assert_str_eq(text, "0 of 3 ports up; down: p0, p1, p2");
	vnf_port_set_up(&vnf->ports[1].port, true);
	service_status(vnf, text, sizeof(text));
	cr_assert_str_eq(text, "1 of 3 ports up; down: p0, p2");
	vnf_port_set_up(&vnf->ports[0].port, true);
	vnf_port_set_up(&vnf->ports[2].port, true);
	service_status(vnf, text, sizeof(text));
	cr_assert_str_eq(text, "3 of 3 ports up");
	vnf_free(vnf);
}

Test(service, status_of_many_ports_fits)
{
	struct vnf *vnf = vnf_make(VNF_PORTS_MAX, 1);
	char text[160];

	for (size_t size = 40; size <= sizeof(text); size++) {
		service_status(vnf, text, size);
		cr_assert_lt(strlen(text), size);
		cr_assert_str_eq(text + strlen(text) - 5, ", ...");
	}
	vnf_free(vnf);
}

Test(service, status_comes_once_until_it_changes_and_once_a_second)
{
	struct vnf *vnf = vnf_make(2, 1);

	manager_open("");
	service_start();
	service_poll(vnf);
	cr_assert_str_eq(heard(), "STATUS=0 of 2 ports up; down: p0, p1");
	vnf_port_set_up(&vnf->ports[0].port, true);
	service_poll(vnf);
	service_poll(vnf);
	cr_assert_str_eq(heard(), "", "before a second has passed");
	service_stop();
	manager_close();
	vnf_free(vnf);
}

/* Look for a while; the number of signs of life. */
static unsigned int beats(struct vnf *vnf, bool second_moves, unsigned int ms)
{
	unsigned int n = 0;
	const char *text;

	for (unsigned int i = 0; i < ms; i++) {
		vnf->workers[0].counters.passes++;
		vnf->workers[1].counters.passes += second_moves;
		service_poll(vnf);
		for (text = heard(); text[0] != '\0'; text = heard())
			n += strcmp(text, "WATCHDOG=1") == 0;
		usleep(1000);
	}
	return n;
}

Test(service, a_sign_of_life_needs_every_worker)
{
	struct vnf *vnf = vnf_make(1, 2);

	setenv("WATCHDOG_USEC", "100000", 1);
	unsetenv("WATCHDOG_PID");
	manager_open("");
	service_start();
	cr_assert_gt(beats(vnf, true, 200), 1u);
	/* The first half of the period may still have had its sign. */
	beats(vnf, false, 100);
	cr_assert_eq(beats(vnf, false, 200), 0u);
	cr_assert_gt(beats(vnf, true, 200), 0u, "it comes back with the worker");
	service_stop();
	manager_close();
	vnf_free(vnf);
}
