/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Where the metrics page is: "ADDRESS:PORT", "[ADDRESS]:PORT" or "unix:PATH". Addresses are
 * numbers, for the meaning of a name can change between two starts. Start-up; the control thread.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metrics.h"

#define UNIX "unix:"
#define BACKLOG 64
#define SOCKET_MODE 0660

static int refuse(char *why, size_t why_size, const char *text, const char *what)
{
	snprintf(why, why_size,
		 "\"%s\": %s; write \"127.0.0.1:9090\", \"[::1]:9090\" or \"unix:/PATH\"", text,
		 what);
	return -EINVAL;
}

static int parse_unix(const char *path, struct metrics_address *address)
{
	if (path[0] != '/' || strlen(path) >= sizeof(address->un.sun_path))
		return -EINVAL;
	address->un.sun_family = AF_UNIX;
	memcpy(address->un.sun_path, path, strlen(path) + 1);
	address->len = sizeof(address->un);
	return 0;
}

static int parse_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n > UINT16_MAX)
		return -EINVAL;
	*port = htons((uint16_t)n);
	return 0;
}

static bool parse_host(const char *host, in_port_t port, struct metrics_address *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address->room;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address->room;
	size_t len = strlen(host);
	char inner[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		address->len = sizeof(*v4);
		return true;
	}
	if (len < 4 || host[0] != '[' || host[len - 1] != ']' || len - 1 > sizeof(inner))
		return false;
	memcpy(inner, host + 1, len - 2);
	inner[len - 2] = '\0';
	if (inet_pton(AF_INET6, inner, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = port;
	address->len = sizeof(*v6);
	return true;
}

int metrics_address_parse(const char *text, struct metrics_address *address, char *why,
			  size_t why_size)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon;
	in_port_t port;

	memset(address, 0, sizeof(*address));
	if (strncmp(text, UNIX, strlen(UNIX)) == 0)
		return parse_unix(text + strlen(UNIX), address) == 0
			       ? 0
			       : refuse(why, why_size, text,
					"is no absolute path of at most 107 octets");
	colon = strrchr(text, ':');
	if (colon == NULL || parse_port(colon + 1, &port) < 0)
		return refuse(why, why_size, text, "has no port from 0 to 65,535");
	if ((size_t)(colon - text) >= sizeof(host))
		return refuse(why, why_size, text, "is no IP address");
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (!parse_host(host, port, address))
		return refuse(why, why_size, text, "is no IP address");
	return 0;
}

int check_metrics_listen(const void *field, char *why, size_t why_size)
{
	struct metrics_address address;

	return metrics_address_parse(*(const char *const *)field, &address, why, why_size);
}

static const char *advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program has it; give each program an address of its own";
	case EADDRNOTAVAIL:
		return "the address is none of this machine's; 127.0.0.1 always is";
	case EACCES:
		return "a port below 1024, or the folder of the socket, is not for this user";
	case ENOENT:
		return "make the folder of the socket first";
	default:
		return "name another address";
	}
}

/* Nobody listens on it any more: what a program that was killed has left. */
static void remove_stale(const struct metrics_address *address)
{
	struct stat st;
	int fd;

	if (lstat(address->un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, &address->any, address->len) < 0 && errno == ECONNREFUSED)
		unlink(address->un.sun_path);
	close(fd);
}

static int bind_and_listen(int fd, const struct metrics_address *address)
{
	const int on = 1, off = 0;

	if (address->any.sa_family == AF_UNIX)
		remove_stale(address);
	else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	if (address->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -errno;
	if (bind(fd, &address->any, address->len) < 0)
		return -errno;
	if (address->any.sa_family == AF_UNIX) {
		leftover_add(address->un.sun_path);
		if (chmod(address->un.sun_path, SOCKET_MODE) < 0)
			return -errno;
	}
	return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

/* Where it is to be found, which is news where the kernel chose the port. */
static void announce(int fd, const char *text)
{
	struct sockaddr_storage room = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(room);
	unsigned int port = 0;

	if (getsockname(fd, (struct sockaddr *)&room, &len) == 0 && room.ss_family == AF_INET)
		port = ntohs(((const struct sockaddr_in *)&room)->sin_port);
	else if (room.ss_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)&room)->sin6_port);
	if (port != 0)
		vnf_info("metrics: http://%.*s:%u/metrics", (int)(strrchr(text, ':') - text), text,
			 port);
	else
		vnf_info("metrics: /metrics at %s", text);
}

int metrics_listen(const char *text)
{
	struct metrics_address address;
	char why[WHY_MAX];
	int fd, ret;

	if (metrics_address_parse(text, &address, why, sizeof(why)) < 0) {
		vnf_error("metrics.listen: %s", why);
		return -EINVAL;
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ret = fd < 0 ? -errno : bind_and_listen(fd, &address);
	if (ret == 0) {
		announce(fd, text);
		return fd;
	}
	vnf_error("metrics.listen: cannot listen on %s: %s; %s", text, strerror(-ret),
		  advice(-ret));
	if (fd >= 0)
		close(fd);
	return ret;
}

void metrics_unlink(const char *text)
{
	if (strncmp(text, UNIX, strlen(UNIX)) != 0)
		return;
	unlink(text + strlen(UNIX));
	leftover_forget(text + strlen(UNIX));
}
