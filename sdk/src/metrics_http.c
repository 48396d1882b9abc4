/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The page's server: libmicrohttpd on a thread of its own. The library is loaded when a
 * configuration asks for a page, for it brings a dozen megabytes of TLS with it that no VNF
 * without one should carry (a guest's image least of all).
 *
 * A client gets one answer a connection, and has a few seconds for it; when all places are taken,
 * the one that has been here longest has to go. So whoever opens connections and says nothing keeps
 * others waiting for a moment, and no longer. The table of connections is the library's thread's
 * and the control thread's; a descriptor in it is open, for the library closes one after it has
 * said so.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "metrics.h"

#ifdef VNF_METRICS

#include <microhttpd.h>

#define LIBRARY "libmicrohttpd.so.12"
#define CLIENTS_MAX 32
#define CLIENT_NS 5000000000ULL
#define CLIENT_CROWDED_NS 250000000ULL
#define CLIENT_MEMORY 16384
#define IDLE_S 5

#define FUNCTIONS(X)                                                                               \
	X(MHD_start_daemon)                                                                        \
	X(MHD_stop_daemon)                                                                         \
	X(MHD_create_response_from_buffer)                                                         \
	X(MHD_add_response_header)                                                                 \
	X(MHD_queue_response)                                                                      \
	X(MHD_destroy_response)                                                                    \
	X(MHD_lookup_connection_value)                                                             \
	X(MHD_get_connection_info)

static struct {
#define MEMBER(name) __typeof__(&(name)) name;
	FUNCTIONS(MEMBER)
#undef MEMBER
} mhd;

struct client {
	int fd; /* -1: free */
	uint64_t since_ns;
};

static struct MHD_Daemon *server;
static metrics_make_fn make_page;
static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct client clients[CLIENTS_MAX];
static uint32_t n_clients; /* written under the lock; read without by who would rather not wait */

/* 0 or -ENOENT. It stays loaded. */
static int library_load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	const char *missing = NULL;

	if (library == NULL) {
		vnf_error("metrics: %s; install libmicrohttpd (Debian: apt install "
			  "libmicrohttpd12), or take the group metrics out of the configuration",
			  dlerror());
		return -ENOENT;
	}
#define FIND(name)                                                                                 \
	*(void **)&mhd.name = dlsym(library, #name);                                               \
	missing = mhd.name == NULL ? #name : missing;
	FUNCTIONS(FIND)
#undef FIND
	if (missing == NULL)
		return 0;
	vnf_error("metrics: " LIBRARY " has no %s; install another version", missing);
	return -ENOENT;
}

/* ---- answers ---- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response, const char *type)
{
	enum MHD_Result ret;

	if (response == NULL)
		return MHD_NO;
	mhd.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	mhd.MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		mhd.MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = mhd.MHD_queue_response(connection, status, response);
	mhd.MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned int status, char *text)
{
	return send_answer(
		connection, status,
		mhd.MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT),
		"text/plain; charset=utf-8");
}

static enum MHD_Result send_page(struct MHD_Connection *connection)
{
	bool openmetrics = metrics_accepts_openmetrics(mhd.MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	static char failed[] = "not now: ports are changing, or memory is short; ask again\n";
	struct MHD_Response *response;
	size_t len;
	char *text = make_page(openmetrics, &len);

	if (text == NULL)
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, failed);
	response = mhd.MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(text);
	return send_answer(connection, MHD_HTTP_OK, response,
			   openmetrics ? "application/openmetrics-text; version=1.0.0; "
					 "charset=utf-8"
				       : "text/plain; version=0.0.4; charset=utf-8");
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	static char hint[] = "vnfkit: the numbers are at /metrics\n";
	static char no_page[] = "there is /metrics, and nothing else\n";
	static char no_method[] = "this page is for reading: GET or HEAD\n";

	(void)cls, (void)version, (void)upload, (void)upload_size, (void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, no_method);
	if (strcmp(url, "/metrics") == 0)
		return send_page(connection);
	if (strcmp(url, "/") == 0)
		return say(connection, MHD_HTTP_OK, hint);
	return say(connection, MHD_HTTP_NOT_FOUND, no_page);
}

/* ---- connections ---- */

static void client_came(int fd)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd >= 0)
			continue;
		clients[i] = (struct client){ fd, vnf_clock_now() };
		__atomic_store_n(&n_clients, n_clients + 1, __ATOMIC_RELAXED);
		return;
	}
}

static void client_left(int fd)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		if (clients[i].fd != fd)
			continue;
		clients[i].fd = -1;
		__atomic_store_n(&n_clients, n_clients - 1, __ATOMIC_RELAXED);
		return;
	}
}

static void connection_note(void *cls, struct MHD_Connection *connection, void **context,
			    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)cls, (void)context;
	if (info == NULL)
		return;
	pthread_mutex_lock(&clients_lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		client_came(info->connect_fd);
	else
		client_left(info->connect_fd);
	pthread_mutex_unlock(&clients_lock);
}

/* The library finds the connection at its end, and closes it. */
static void client_end(struct client *c)
{
	shutdown(c->fd, SHUT_RDWR);
	c->since_ns = UINT64_MAX; /* not again */
}

void metrics_http_poll(void)
{
	uint64_t now = vnf_clock_now(), patience;

	if (__atomic_load_n(&n_clients, __ATOMIC_RELAXED) == 0)
		return;
	pthread_mutex_lock(&clients_lock);
	patience = n_clients < CLIENTS_MAX ? CLIENT_NS : CLIENT_CROWDED_NS;
	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &clients[i];

		if (c->fd >= 0 && c->since_ns < now && now - c->since_ns > patience)
			client_end(c);
	}
	pthread_mutex_unlock(&clients_lock);
}

int metrics_http_start(int fd, metrics_make_fn make)
{
	if (library_load() < 0) {
		close(fd);
		return -ENOENT;
	}
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		clients[i].fd = -1;
	n_clients = 0;
	make_page = make;
	/* epoll: our descriptors may have numbers that select() cannot take. */
	server = mhd.MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC, 0, NULL, NULL,
		answer, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)CLIENTS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, connection_note, NULL, MHD_OPTION_END);
	if (server != NULL)
		return 0;
	close(fd);
	vnf_error("metrics: the HTTP server did not start; are threads or descriptors scarce?");
	return -EIO;
}

void metrics_http_stop(void)
{
	if (server != NULL)
		mhd.MHD_stop_daemon(server);
	server = NULL;
}

#else

int metrics_http_start(int fd, metrics_make_fn make)
{
	(void)make;
	close(fd);
	vnf_error("metrics: this vnfkit was built without the metrics page (Meson's option "
		  "metrics); take the group metrics out of the configuration");
	return -ENOTSUP;
}

void metrics_http_stop(void)
{
}

void metrics_http_poll(void)
{
}

#endif
