/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Log lines of the program and of DPDK, one write(2) each, on standard error. Any thread but a
 * worker. DPDK's lines come through a stdio cookie; they are a level quieter here, since what DPDK
 * calls information is detail to our users, and limited: those that a vhost peer can cause per
 * socket, for a peer may send messages for ever, and the others by the part of DPDK that speaks.
 *
 * To the journal (standard error is the stream that JOURNAL_STREAM names) a line is "<LEVEL>text",
 * see sd-daemon(3): the journal knows the program's name. What a line is about comes from outside:
 * no octet of it may begin another line. Whoever does not read what we write loses lines; we wait
 * for nobody longer than a moment.
 */

#include "vnf_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_log.h>

/* Buckets for the sockets that librte_vhost and virtio-user speak of; two that share one share its
 * limit.
 */
#define VHOST_LIMITS 64
/* The same for the other parts of DPDK. */
#define DPDK_LIMITS 16
/* Octets of a line's text at most. */
#define TEXT_MAX 1024
#define READER_WAIT_MS 200

static char log_name[64] = "vnfkit";
static enum vnf_log_level log_level = VNF_LOG_INFO;
static uint32_t dpdk_quiet;
static __thread char last_error[1024];
static bool to_journal, name_known; /* the journal's own name for us is the instance's, too */
static uint32_t reader_stalls;
static struct vnf_log_limit dpdk_limit[VHOST_LIMITS + DPDK_LIMITS];
static pthread_mutex_t dpdk_lock = PTHREAD_MUTEX_INITIALIZER;

bool log_is_journal(const char *stream, const struct stat *st)
{
	unsigned long long dev, inode;
	char *end;

	if (stream == NULL)
		return false;
	dev = strtoull(stream, &end, 10);
	if (end == stream || *end != ':')
		return false;
	inode = strtoull(end + 1, &end, 10);
	return *end == '\0' && dev == st->st_dev && inode == st->st_ino;
}

void log_init(const char *name, enum vnf_log_level level)
{
	struct stat st;

	to_journal =
		fstat(STDERR_FILENO, &st) == 0 && log_is_journal(getenv("JOURNAL_STREAM"), &st);
	name_known = strcmp(name, program_invocation_short_name) == 0;
	/* A copy: the configuration that the name is in ends before the last line. */
	snprintf(log_name, sizeof(log_name), "%s", name);
	log_set_level(level);
}

void log_set_level(enum vnf_log_level level)
{
	__atomic_store_n(&log_level, level, __ATOMIC_RELAXED);
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

size_t log_escape(char *to, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + sizeof("\\x00") <= size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n')
			n += (size_t)snprintf(to + n, size - n, "\\n");
		else if ((c < ' ' && c != '\t') || c == 0x7f)
			n += (size_t)snprintf(to + n, size - n, "\\x%02x", c);
		else
			to[n++] = (char)c;
	}
	to[n] = '\0';
	return n;
}

/* Will a write not block? A reader that has stopped reading is waited for once. */
static bool reader_ready(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	bool stalled = __atomic_load_n(&reader_stalls, __ATOMIC_RELAXED) != 0;
	bool ready = poll(&p, 1, stalled ? 0 : READER_WAIT_MS) > 0;

	if (ready == stalled)
		__atomic_store_n(&reader_stalls, !ready, __ATOMIC_RELAXED);
	return ready;
}

static void line_write(enum vnf_log_level level, const char *text, size_t len)
{
	char safe[TEXT_MAX + sizeof("\\x00")], line[TEXT_MAX + 200];
	int n;

	log_escape(safe, sizeof(safe), text, len);
	if (!to_journal)
		n = snprintf(line, sizeof(line), "%s: %s: %s\n", log_name, level_name(level), safe);
	else if (name_known)
		n = snprintf(line, sizeof(line), "<%d>%s\n", (int)level, safe);
	else
		n = snprintf(line, sizeof(line), "<%d>%s: %s\n", (int)level, log_name, safe);
	if (n > 0 && reader_ready() && write(STDERR_FILENO, line, (size_t)n) < 0)
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
	if (level == VNF_LOG_ERROR)
		memcpy(last_error, text, sizeof(text));
	line_write(level, text, strlen(text));
}

const char *log_last_error(void)
{
	return last_error;
}

bool log_limit_pass(struct vnf_log_limit *limit, uint32_t *missed)
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

	if (level > log_get_level() || !log_limit_pass(limit, &missed))
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
static uint32_t vhost_bucket(const char *text, size_t len)
{
	const char *open = memmem(text, len, ": (", 3), *close = NULL;

	if (open != NULL)
		close = memchr(open, ')', len - (size_t)(open - text));
	if (close == NULL)
		return 0;
	return text_hash(open, (size_t)(close - open), TEXT_HASH_SEED) % VHOST_LIMITS;
}

/* "EAL: ...", "ETHDEV: ..." */
static uint32_t dpdk_bucket(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;

	return VHOST_LIMITS + text_hash(text, n, TEXT_HASH_SEED) % DPDK_LIMITS;
}

static bool dpdk_line_pass(const char *text, size_t len)
{
	uint32_t bucket = vhost_line(text, len) ? vhost_bucket(text, len) : dpdk_bucket(text, len);
	uint32_t missed;
	bool pass;

	pthread_mutex_lock(&dpdk_lock);
	pass = log_limit_pass(&dpdk_limit[bucket], &missed);
	pthread_mutex_unlock(&dpdk_lock);
	return pass;
}

/* Detail that was asked for, and last words, are for whoever looks for a fault. */
static bool line_wanted(int dpdk_level, enum vnf_log_level level, const char *text, size_t len)
{
	if (level > log_get_level())
		return false;
	if (dpdk_level <= (int)RTE_LOG_CRIT || (level == VNF_LOG_DEBUG && !vhost_line(text, len)))
		return true;
	return dpdk_line_pass(text, len);
}

static __thread void (*watch)(void *arg, const char *text, size_t len);
static __thread void *watch_arg;

void log_watch_dpdk(void (*seen)(void *arg, const char *text, size_t len), void *arg)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned int watches;

	/* Only there does virtio's driver speak of its rings (debug) and its functions (info). */
	pthread_mutex_lock(&lock);
	watches = seen != NULL ? watches + 1 : watches - 1;
	rte_log_set_level_pattern("pmd.net.virtio.init",
				  watches > 0 ? RTE_LOG_DEBUG : RTE_LOG_NOTICE);
	pthread_mutex_unlock(&lock);
	watch = seen;
	watch_arg = arg;
}

/* DPDK writes each line at once, on the thread that it is about. */
static ssize_t dpdk_write(void *cookie, const char *text, size_t size)
{
	int dpdk_level = rte_log_cur_msg_loglevel();
	enum vnf_log_level level = from_dpdk(dpdk_level, text, size);
	size_t len = size;

	(void)cookie;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (watch != NULL)
		watch(watch_arg, text, len);
	/* Lines of that level are there for a watch alone. */
	if (dpdk_level >= (int)RTE_LOG_DEBUG)
		return (ssize_t)size;
	if (len > 0 && line_wanted(dpdk_level, level, text, len)) {
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
	return 0;
}
