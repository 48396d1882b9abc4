/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Log lines of the program and of DPDK, one write(2) each, on standard error. Any thread but a
 * worker. DPDK's lines come through a stdio cookie; they are a level quieter here, since what DPDK
 * calls information is detail to our users, and lines that a vhost peer can cause are limited per
 * socket, for a peer may send messages for ever.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_log.h>

/* Buckets for the sockets that librte_vhost and virtio-user speak of; two that share one share its
 * limit.
 */
#define VHOST_LIMITS 64

static char log_name[64] = "vnfkit";
static enum vnf_log_level log_level = VNF_LOG_INFO;
static bool dpdk_captured;
static uint32_t dpdk_level; /* as it was */
static uint32_t dpdk_quiet;
static struct vnf_log_limit vhost_limit[VHOST_LIMITS];
static pthread_mutex_t vhost_lock = PTHREAD_MUTEX_INITIALIZER;

void log_init(const char *name, enum vnf_log_level level)
{
	/* A copy: the configuration that the name is in ends before the last line. */
	snprintf(log_name, sizeof(log_name), "%s", name);
	log_set_level(level);
}

/* DPDK's own level follows, or its lines of debug level would not reach us. */
void log_set_level(enum vnf_log_level level)
{
	__atomic_store_n(&log_level, level, __ATOMIC_RELAXED);
	if (dpdk_captured)
		rte_log_set_global_level(level >= VNF_LOG_DEBUG ? RTE_LOG_INFO : dpdk_level);
}

enum vnf_log_level log_get_level(void)
{
	return __atomic_load_n(&log_level, __ATOMIC_RELAXED);
}

static const char *level_name(enum vnf_log_level level)
{
	switch (level) {
	case VNF_LOG_ERROR:
		return "error";
	case VNF_LOG_WARNING:
		return "warning";
	case VNF_LOG_NOTICE:
		return "notice";
	case VNF_LOG_INFO:
		return "info";
	default:
		return "debug";
	}
}

static void line_write(enum vnf_log_level level, const char *text, size_t len)
{
	char line[1200];
	int n;

	if (len > 1024)
		len = 1024;
	n = snprintf(line, sizeof(line), "%s: %s: %.*s\n", log_name, level_name(level), (int)len,
		     text);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody listens: there is no other place to say so */
}

void vnf_log(enum vnf_log_level level, const char *format, ...)
{
	char text[1024];
	va_list args;

	if (level > log_get_level())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_write(level, text, strlen(text));
}

/* May a line pass? *missed gets the number of those that did not since the last. */
static bool limit_pass(struct vnf_log_limit *limit, uint32_t *missed)
{
	uint64_t now = vnf_clock_now();
	uint64_t tokens = (now - limit->refill_ns) * VNF_LOG_RATE / 1000000000;

	if (tokens > 0) {
		limit->used = tokens >= limit->used ? 0 : limit->used - (uint32_t)tokens;
		limit->refill_ns = now;
	}
	if (limit->used >= VNF_LOG_BURST) {
		limit->suppressed++;
		return false;
	}
	limit->used++;
	*missed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}

void vnf_log_limited(struct vnf_log_limit *limit, enum vnf_log_level level, const char *format, ...)
{
	uint32_t missed = 0;
	char text[1024];
	va_list args;
	size_t len;

	if (level > log_get_level() || !limit_pass(limit, &missed))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	len = strlen(text);
	if (missed > 0)
		snprintf(text + len, sizeof(text) - len, " (%u more like this were not logged)",
			 missed);
	line_write(level, text, strlen(text));
}

void log_quiet_dpdk(bool quiet)
{
	__atomic_store_n(&dpdk_quiet, quiet, __ATOMIC_RELAXED);
}

/* Errors to DPDK, everyday life here: we say ourselves when a port goes down. */
static bool expected(const char *text, size_t len)
{
	static const char *const lines[] = {
		"TELEMETRY: No legacy callbacks",
		"vhost_user_update_link_state(): virtio-user port",
		/* Said once at each start in server mode, before the first peer has come. */
		"Reconnect callback call failed",
		/* A device on vfio-pci whose interrupts were never on. */
		"Error disabling MSI-X interrupts",
		/* Of sizes that nobody asked for: the memory plan knows what is free. */
		"hugepages reported",
		"vhost_user_server_disconnect()",
		/* A client of librte_vhost tries once a second until its server is there. */
		"failed to connect: No such file or directory",
		"failed to connect: Connection refused",
	};

	for (size_t i = 0; i < RTE_DIM(lines); i++)
		if (memmem(text, len, lines[i], strlen(lines[i])) != NULL)
			return true;
	return false;
}

static enum vnf_log_level from_dpdk(int level, const char *text, size_t len)
{
	/* DPDK's last words before it ends the process. */
	if (level <= (int)RTE_LOG_CRIT)
		return VNF_LOG_ERROR;
	if (expected(text, len))
		return VNF_LOG_DEBUG;
	if (__atomic_load_n(&dpdk_quiet, __ATOMIC_RELAXED) != 0)
		return VNF_LOG_DEBUG;
	if (level <= (int)RTE_LOG_ERR)
		return VNF_LOG_ERROR;
	if (level == (int)RTE_LOG_WARNING)
		return VNF_LOG_WARNING;
	return VNF_LOG_DEBUG;
}

static bool vhost_line(const char *text, size_t len)
{
	static const char *const prefixes[] = { "VHOST_", "virtio_user", "vhost_user_" };

	for (size_t i = 0; i < RTE_DIM(prefixes); i++)
		if (len >= strlen(prefixes[i]) &&
		    memcmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* librte_vhost's lines begin "VHOST_CONFIG: (PATH) ...", virtio-user's "FUNCTION(): (PATH) ..." or,
 * where the driver does not tell the path, "FUNCTION(): ...": those share a limit.
 */
static bool vhost_line_pass(const char *text, size_t len)
{
	const char *open, *close = NULL;
	uint32_t missed, bucket = 0;
	bool pass;

	if (!vhost_line(text, len))
		return true;
	open = memmem(text, len, ": (", 3);
	if (open != NULL)
		close = memchr(open, ')', len - (size_t)(open - text));
	if (close != NULL)
		bucket = text_hash(open, (size_t)(close - open), TEXT_HASH_SEED) % VHOST_LIMITS;
	pthread_mutex_lock(&vhost_lock);
	pass = limit_pass(&vhost_limit[bucket], &missed);
	pthread_mutex_unlock(&vhost_lock);
	return pass;
}

static ssize_t dpdk_write(void *cookie, const char *text, size_t size)
{
	enum vnf_log_level level = from_dpdk(rte_log_cur_msg_loglevel(), text, size);
	size_t len = size;

	(void)cookie;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len > 0 && level <= log_get_level() && vhost_line_pass(text, len)) {
		char line[1024];
		int n = snprintf(line, sizeof(line), "dpdk: %.*s", (int)len, text);

		line_write(level, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
	}
	return (ssize_t)size;
}

int log_capture_dpdk(void)
{
	static const cookie_io_functions_t functions = { .write = dpdk_write };
	FILE *stream = fopencookie(NULL, "w", functions);

	if (stream == NULL)
		return -ENOMEM;
	setvbuf(stream, NULL, _IOLBF, 1024);
	rte_openlog_stream(stream);
	dpdk_level = rte_log_get_global_level();
	dpdk_captured = true;
	log_set_level(log_get_level());
	return 0;
}
