/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Captures as the control thread has them: check what is asked for, make rings, filter and file,
 * show them to the workers; and all of that undone in mirror order once no worker looks any more.
 * See capture.h for the other threads. What is left of a capture that has ended is what its status
 * tells.
 */

#include "capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_file.h"

/* A worker may wait for a full queue for a second. */
#define QUIESCE_NS (3 * VNF_SECOND_NS)
#define QUIESCE_AGAIN_NS (VNF_SECOND_NS / 1000)

static const char *const point_words[CAPTURE_POINTS] = { "rx", "tx", "drop" };
static const char *const end_words[] = {
	[CAPTURE_GOES_ON] = "",
	[CAPTURE_END_STOPPED] = "stopped",
	[CAPTURE_END_PACKETS] = "it has as many packets as asked for",
	[CAPTURE_END_BYTES] = "it is as long as it may be",
	[CAPTURE_END_TIME] = "its time is over",
	[CAPTURE_END_ERROR] = "it cannot be written",
	[CAPTURE_END_PORTS] = "a reload changed the ports",
	[CAPTURE_END_PROGRAM] = "the program stopped",
};

static const struct capture_spec *spec_of(const struct vnf *vnf)
{
	return &vnf->spec->capture;
}

/* ---- what is asked for ---- */

/* The bit of a word, 0 if it is none. */
static uint32_t point_bit(const char *word, size_t n)
{
	for (unsigned int i = 0; i < CAPTURE_POINTS; i++)
		if (strlen(point_words[i]) == n && strncmp(point_words[i], word, n) == 0)
			return 1u << i;
	return 0;
}

uint32_t capture_points(const char *text)
{
	uint32_t points = 0, bit;

	do {
		size_t n = strcspn(text, ",");

		bit = point_bit(text, n);
		points |= bit;
		text += n;
	} while (bit != 0 && *text++ == ',');
	return bit != 0 ? points : 0;
}

int capture_refuse_directory(const struct vnf *vnf, char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "the configuration names no directory for captures; write capture = { directory = "
		 "\"/var/lib/vnfkit/%s\"; } into %s, make the directory, and start again",
		 vnf_name(vnf), vnf->options.config_path);
	return -EPERM;
}

static int port_take(struct capture *c, const char *name, char *why, size_t why_size)
{
	int id;

	c->port_name = strdup(name);
	if (c->port_name == NULL) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	c->port = VNF_NO_PORT;
	if (strcmp(name, "all") == 0)
		return 0;
	id = vnf_port_find(c->vnf, name);
	if (id < 0) {
		snprintf(why, why_size,
			 "no port is named \"%s\"; write one of the configuration's, or all", name);
		return -ENOENT;
	}
	c->port = (uint16_t)id;
	return 0;
}

/* The file is as long as asked for, but no longer than allowed. */
static int limits_take(struct capture *c, const struct capture_order *order, char *why,
		       size_t why_size)
{
	uint64_t max = spec_of(c->vnf)->max_size;

	if (order->bytes > max) {
		snprintf(why, why_size,
			 "%" PRIu64 " bytes are more than capture.max_size allows (%" PRIu64 ")",
			 order->bytes, max);
		return -EFBIG;
	}
	c->bytes_max = order->bytes != 0 ? order->bytes : RTE_MIN(max, CAPTURE_BYTES_DEFAULT);
	c->packets_max = order->packets != 0 ? order->packets : UINT64_MAX;
	c->end_ns = order->time_ns != 0 ? vnf_clock_now() + order->time_ns : UINT64_MAX;
	return 0;
}

static int filter_take(struct capture *c, const char *filter, char *why, size_t why_size)
{
	pcap_t *dead;
	int ret = 0;

	c->filter = strdup(filter);
	dead = pcap_open_dead(DLT_EN10MB, CAPTURE_SNAPLEN_MAX);
	if (c->filter == NULL || dead == NULL) {
		snprintf(why, why_size, "out of memory");
		ret = -ENOMEM;
	} else if (filter[0] != '\0' &&
		   pcap_compile(dead, &c->program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		snprintf(why, why_size, "filter \"%s\": %s; see pcap-filter(7)", filter,
			 pcap_geterr(dead));
		ret = -EINVAL;
	} else {
		c->has_filter = filter[0] != '\0';
	}
	if (dead != NULL)
		pcap_close(dead);
	return ret;
}

/* ---- rings ---- */

static void taps_destroy(struct capture *c)
{
	for (uint16_t i = 0; c->taps != NULL && i < c->n_taps; i++) {
		byte_ring_fini(&c->taps[i].ring);
		free(c->taps[i].flat);
	}
	free(c->taps);
	c->taps = NULL;
}

/* A power of two. */
static uint64_t ring_bytes(const struct vnf *vnf)
{
	return rte_align64pow2(spec_of(vnf)->buffer);
}

static int taps_create(struct capture *c, char *why, size_t why_size)
{
	size_t size = c->vnf->n_workers * sizeof(*c->taps);
	bool good;

	c->n_taps = c->vnf->n_workers;
	c->taps = aligned_alloc(BYTE_RING_LINE, size);
	good = c->taps != NULL;
	if (good)
		memset(c->taps, 0, size);
	for (uint16_t i = 0; good && i < c->n_taps; i++) {
		struct capture_tap *tap = &c->taps[i];

		tap->capture = c;
		good = byte_ring_init(&tap->ring, ring_bytes(c->vnf)) == 0;
		if (good && c->has_filter)
			good = (tap->flat = malloc(CAPTURE_SNAPLEN_MAX)) != NULL;
	}
	if (good)
		return 0;
	snprintf(why, why_size,
		 "no memory for %u buffers of %" PRIu64 " bytes; make capture.buffer smaller",
		 c->n_taps, ring_bytes(c->vnf));
	return -ENOMEM;
}

static void taps_publish(struct capture *c)
{
	for (uint16_t i = 0; i < c->n_taps; i++) {
		struct worker *w = &c->vnf->workers[i];

		/* Pairs with the acquire in tap_for(). */
		__atomic_store_n(&w->capture, &c->taps[i], __ATOMIC_RELEASE);
		__atomic_fetch_or(&w->pub.watched, VNF_WATCH_CAPTURE, __ATOMIC_RELEASE);
	}
}

/* Workers may still be in the middle of a pass. */
static void taps_hide(struct capture *c)
{
	for (uint16_t i = 0; i < c->n_taps; i++) {
		struct worker *w = &c->vnf->workers[i];

		__atomic_fetch_and(&w->pub.watched, (uint8_t)~VNF_WATCH_CAPTURE, __ATOMIC_RELEASE);
		__atomic_store_n(&w->capture, NULL, __ATOMIC_RELEASE);
	}
}

static uint64_t taps_sum(const struct capture *c, size_t offset)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; c->taps != NULL && i < c->n_taps; i++) {
		const char *tap = (const char *)&c->taps[i];

		sum += __atomic_load_n((const uint64_t *)(tap + offset), __ATOMIC_RELAXED);
	}
	return sum;
}

/* ---- start ---- */

static void capture_destroy(struct capture *c)
{
	if (c == NULL)
		return;
	taps_destroy(c);
	pcap_freecode(&c->program);
	free(c->port_name);
	free(c->filter);
	free(c->path);
	free(c);
}

static struct capture *capture_create(struct vnf *vnf)
{
	struct capture *c = aligned_alloc(BYTE_RING_LINE, sizeof(*c));

	if (c != NULL) {
		memset(c, 0, sizeof(*c));
		c->vnf = vnf;
		c->file.fd = -1;
	}
	return c;
}

/* All that can be wrong before there is a file. */
static int order_take(struct capture *c, const struct capture_order *order, char *why,
		      size_t why_size)
{
	int ret = port_take(c, order->port, why, why_size);

	c->points = order->points;
	c->snaplen = order->snaplen;
	if (ret == 0)
		ret = limits_take(c, order, why, why_size);
	if (ret == 0)
		ret = filter_take(c, order->filter, why, why_size);
	if (ret == 0)
		ret = taps_create(c, why, why_size);
	return ret;
}

static void interfaces_describe(struct capture *c)
{
	for (uint16_t i = 0; i < c->vnf->n_ports; i++)
		if (c->port == VNF_NO_PORT || c->port == i)
			c->interface[i] = pcapng_interface(&c->file, port_label(c->vnf, i),
							   c->snaplen, c->filter);
}

static int file_begin(struct capture *c, const struct capture_order *order, char *why,
		      size_t why_size)
{
	const char *directory = spec_of(c->vnf)->directory;
	char program[64];
	int fd, ret;

	if (asprintf(&c->path, "%s/%s", directory, order->file) < 0) {
		c->path = NULL;
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	fd = capture_file_open(directory, order->file, order->overwrite, why, why_size);
	if (fd < 0)
		return fd;
	snprintf(program, sizeof(program), "%s (vnfkit %s)", vnf_name(c->vnf), VNFKIT_VERSION);
	ret = pcapng_open(&c->file, fd, program, "");
	if (ret < 0)
		snprintf(why, why_size, "out of memory");
	else
		interfaces_describe(c);
	return ret;
}

/* The one before is over and nobody looks at it any more? */
static int room_make(struct vnf *vnf, char *why, size_t why_size)
{
	struct capture *c = vnf->capture;

	capture_poll(vnf);
	if (c != NULL && c->running) {
		snprintf(why, why_size, "a capture into %s is running; end it with capture-stop",
			 c->path);
		return -EBUSY;
	}
	if (c != NULL && c->taps != NULL) {
		snprintf(why, why_size,
			 "a worker does not end the pass in which the capture before was stopped; "
			 "try again");
		return -EBUSY;
	}
	return 0;
}

static int writer_start(struct capture *c, char *why, size_t why_size)
{
	int error = pthread_create(&c->thread, NULL, capture_writer_main, c);

	if (error != 0)
		snprintf(why, why_size, "cannot start the thread that writes: %s", strerror(error));
	return -error;
}

int capture_start(struct vnf *vnf, const struct capture_order *order, char *why, size_t why_size)
{
	struct capture *c;
	int ret;

	if (spec_of(vnf)->directory[0] == '\0')
		return capture_refuse_directory(vnf, why, why_size);
	ret = room_make(vnf, why, why_size);
	if (ret < 0)
		return ret;
	c = capture_create(vnf);
	if (c == NULL) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	ret = order_take(c, order, why, why_size);
	if (ret == 0)
		ret = file_begin(c, order, why, why_size);
	if (ret < 0)
		goto destroy;
	ret = writer_start(c, why, why_size);
	if (ret < 0)
		goto close;
	c->running = true;
	capture_destroy(vnf->capture);
	vnf->capture = c;
	taps_publish(c);
	vnf_notice("capture: into %s", c->path);
	return 0;

close:
	pcapng_close(&c->file);
	unlink(c->path);
destroy:
	capture_destroy(c);
	return ret;
}

/* ---- stop ---- */

/* No worker can be looking at them any more. */
static void taps_release(struct capture *c)
{
	c->filtered = taps_sum(c, offsetof(struct capture_tap, filtered));
	c->lost = taps_sum(c, offsetof(struct capture_tap, lost));
	taps_destroy(c);
}

static void end_report(const struct capture *c)
{
	if (c->end == CAPTURE_END_ERROR)
		vnf_error("capture: %s ended after %" PRIu64 " packets: %s; make room, or name "
			  "another directory by capture.directory",
			  c->path, c->written, strerror(c->error));
	else
		vnf_notice("capture: %s ended: %s; %" PRIu64 " packets, %" PRIu64 " lost", c->path,
			   end_words[c->end], c->written, c->lost);
}

static void capture_end(struct capture *c, enum capture_end end)
{
	uint32_t ended;

	bool quiet;

	taps_hide(c);
	/* What was in the middle of being copied is to be in the file. */
	quiet = vnf_quiesce(c->vnf, QUIESCE_NS) == 0;
	/* Pairs with the acquire in write_until_end(). */
	__atomic_store_n(&c->stop, 1, __ATOMIC_RELEASE);
	pthread_join(c->thread, NULL);
	ended = __atomic_load_n(&c->ended, __ATOMIC_ACQUIRE);
	c->running = false;
	c->end = ended == CAPTURE_END_STOPPED ? end : (enum capture_end)ended;
	if (quiet)
		taps_release(c);
	end_report(c);
}

int capture_stop(struct vnf *vnf, enum capture_end end)
{
	capture_poll(vnf);
	if (vnf->capture == NULL || !vnf->capture->running)
		return -ENOENT;
	capture_end(vnf->capture, end);
	return 0;
}

void capture_poll(struct vnf *vnf)
{
	struct capture *c = vnf->capture;

	if (c == NULL)
		return;
	/* Pairs with the release at the end of capture_writer_main(). */
	if (c->running && __atomic_load_n(&c->ended, __ATOMIC_ACQUIRE) != CAPTURE_GOES_ON)
		capture_end(c, CAPTURE_END_STOPPED);
	else if (!c->running && c->taps != NULL && vnf_quiesce(vnf, QUIESCE_AGAIN_NS) == 0)
		taps_release(c);
}

void capture_fini(struct vnf *vnf)
{
	capture_stop(vnf, CAPTURE_END_PROGRAM);
	if (vnf->capture != NULL)
		taps_destroy(vnf->capture);
	capture_destroy(vnf->capture);
	vnf->capture = NULL;
}

/* ---- status ---- */

static const char *state_word(const struct capture *c, char *text, size_t size)
{
	if (c->running)
		return "running";
	snprintf(text, size, "%s%s%s", end_words[c->end], c->end == CAPTURE_END_ERROR ? ": " : "",
		 c->end == CAPTURE_END_ERROR ? strerror(c->error) : "");
	return text;
}

static json_t *points_json(const struct capture *c)
{
	char text[32] = "";

	for (unsigned int i = 0; i < CAPTURE_POINTS; i++)
		if ((c->points & (1u << i)) != 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 text[0] != '\0' ? "," : "", point_words[i]);
	return json_string(text);
}

json_t *capture_status(const struct vnf *vnf)
{
	const struct capture *c = vnf->capture;
	bool live = c != NULL && c->taps != NULL;
	char text[128];

	if (c == NULL)
		return json_pack("{s:b, s:s}", "running", false, "state",
				 "there has been no capture");
	return json_pack(
		"{s:b, s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:I}", "running", c->running,
		"state", state_word(c, text, sizeof(text)), "file", c->path, "port", c->port_name,
		"points", points_json(c), "filter", c->filter, "written",
		(json_int_t)__atomic_load_n(&c->written, __ATOMIC_RELAXED), "bytes",
		(json_int_t)__atomic_load_n(&c->bytes, __ATOMIC_RELAXED), "filtered",
		(json_int_t)(live ? taps_sum(c, offsetof(struct capture_tap, filtered))
				  : c->filtered),
		"lost",
		(json_int_t)(live ? taps_sum(c, offsetof(struct capture_tap, lost)) : c->lost));
}
