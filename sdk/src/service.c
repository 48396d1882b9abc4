/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a service manager hears of us, by the protocol of sd_notify(3): ready, reloading, stopping,
 * one line of status, and the sign of life. The protocol is datagrams to the socket that
 * NOTIFY_SOCKET names, and stays as it is (systemd promises so): less code than libsystemd would
 * bring libraries into the process. Without NOTIFY_SOCKET nothing happens. Control thread.
 *
 * The sign of life says more than that the control thread turns round: it is given while every
 * worker makes passes. One that sleeps for want of packets makes passes too, if fewer.
 */

#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_NS 1000000000ULL
/* Longest part of a stop that does not report back: draining, workers, ports; see loop.c, port.c */
#define STOP_US 30000000ULL

static struct service {
	int fd; /* 0: nobody wants to know */
	struct sockaddr_un address;
	socklen_t address_len;
	bool owes_ready;    /* there was no room in the socket */
	uint64_t period_ns; /* in which a sign of life must come; 0: none is wanted */
	uint64_t next_beat_ns;
	uint64_t next_status_ns;
	char status[160];
	uint64_t passes[WORKERS_MAX];   /* when last looked at */
	uint64_t moved_ns[WORKERS_MAX]; /* when they were last seen to have changed */
} service;

int service_address(const char *name, struct sockaddr_un *address, socklen_t *len)
{
	size_t n = name != NULL ? strlen(name) : 0;

	if (n < 2 || (name[0] != '/' && name[0] != '@'))
		return -EAFNOSUPPORT;
	if (n >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	if (name[0] == '@') {
		/* Abstract: a zero in front, none behind. */
		address->sun_path[0] = '\0';
		*len -= 1;
	}
	return 0;
}

uint64_t service_watchdog_ns(const char *usec, const char *pid, long self)
{
	char *end;
	unsigned long long us;

	if (usec == NULL || *usec < '0' || *usec > '9')
		return 0;
	if (pid != NULL && strtol(pid, NULL, 10) != self)
		return 0;
	errno = 0;
	us = strtoull(usec, &end, 10);
	if (*end != '\0' || errno != 0 || us > UINT64_MAX / 1000)
		return 0;
	return us * 1000;
}

/* A descriptor that was closed would be the next file's that is opened, and log lines go there. */
static void std_streams_open(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void service_start(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int ret;

	std_streams_open();
	memset(&service, 0, sizeof(service));
	if (name == NULL || *name == '\0')
		return;
	ret = service_address(name, &service.address, &service.address_len);
	if (ret == 0) {
		service.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ret = service.fd < 0 ? -errno : 0;
	}
	if (ret < 0) {
		vnf_warning("NOTIFY_SOCKET=%s: %s; the service manager will not hear from this "
			    "program",
			    name, strerror(-ret));
		service.fd = 0;
		return;
	}
	service.period_ns = service_watchdog_ns(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"),
						(long)getpid());
}

/* 0 or -errno; never waits. */
static int notify(const char *text)
{
	ssize_t n;

	if (service.fd == 0)
		return 0;
	n = sendto(service.fd, text, strlen(text), MSG_NOSIGNAL,
		   (const struct sockaddr *)&service.address, service.address_len);
	return n < 0 ? -errno : 0;
}

static uint64_t monotonic_us(void)
{
	struct timespec now;

	clock_deadline(0, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void service_ready(void)
{
	service.owes_ready = notify("READY=1") == -EAGAIN;
}

void service_reloading(void)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_us());
	notify(text);
}

void service_stopping(void)
{
	char text[96];

	snprintf(text, sizeof(text),
		 "STOPPING=1\nSTATUS=stopping: draining the workers\nEXTEND_TIMEOUT_USEC=%llu",
		 (unsigned long long)STOP_US);
	notify(text);
	service.period_ns = 0;
	service.owes_ready = false;
}

void service_stop(void)
{
	if (service.fd != 0)
		close(service.fd);
	service.fd = 0;
}

/* ---- status ---- */

void service_status(const struct vnf *vnf, char *text, size_t size)
{
	unsigned int up = 0, n = 0;
	size_t len;

	for (uint16_t i = 0; i < vnf->n_ports; i++) {
		n += vnf_port(vnf, i) != NULL;
		up += vnf_port(vnf, i) != NULL && vnf_port_is_up(vnf_port(vnf, i));
	}
	len = (size_t)snprintf(text, size, "%u of %u port%s up", up, n, n == 1 ? "" : "s");
	for (uint16_t i = 0, named = 0; i < vnf->n_ports && len < size; i++) {
		const struct vnf_port *port = vnf_port(vnf, i);
		const char *before = named == 0 ? "; down: " : ", ";

		if (port == NULL || vnf_port_is_up(port))
			continue;
		if (len + strlen(before) + strlen(port->name) + sizeof(", ...") > size) {
			snprintf(text + len, size - len, ", ...");
			return;
		}
		len += (size_t)snprintf(text + len, size - len, "%s%s", before, port->name);
		named++;
	}
}

/* Once a second at most, and only what is new. */
static void status_poll(const struct vnf *vnf, uint64_t now)
{
	char line[sizeof(service.status)], text[sizeof(line) + sizeof("STATUS=")];

	if (now < service.next_status_ns)
		return;
	service_status(vnf, line, sizeof(line));
	if (strcmp(line, service.status) == 0)
		return;
	snprintf(text, sizeof(text), "STATUS=%s", line);
	service.next_status_ns = now + STATUS_NS;
	if (notify(text) == 0)
		snprintf(service.status, sizeof(service.status), "%s", line);
}

/* ---- sign of life ---- */

/* Has every worker ended a pass within half of the period? */
static bool workers_alive(const struct vnf *vnf, uint64_t now)
{
	bool alive = true;

	for (uint16_t i = 0; i < vnf->n_workers; i++) {
		uint64_t passes =
			__atomic_load_n(&vnf->workers[i].counters.passes, __ATOMIC_RELAXED);

		if (passes != service.passes[i] || service.moved_ns[i] == 0) {
			service.passes[i] = passes;
			service.moved_ns[i] = now;
		}
		alive &= now - service.moved_ns[i] < service.period_ns / 2;
	}
	return alive;
}

/* Twice in a period; a sign that a slow worker has delayed comes as soon as it has moved. */
static void beat_poll(const struct vnf *vnf, uint64_t now)
{
	if (service.period_ns == 0 || !workers_alive(vnf, now) || now < service.next_beat_ns)
		return;
	if (notify("WATCHDOG=1") == 0)
		service.next_beat_ns = now + service.period_ns / 2;
}

void service_poll(const struct vnf *vnf)
{
	uint64_t now;

	if (service.fd == 0)
		return;
	now = vnf_clock_now();
	if (service.owes_ready)
		service_ready();
	status_poll(vnf, now);
	beat_poll(vnf, now);
}
