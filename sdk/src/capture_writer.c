/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The writer thread of a capture: takes packets out of the workers' rings, the oldest first, and
 * writes them. It ends the capture at its limits and when the file cannot be written; otherwise
 * when the control thread says so and the rings are empty. The file is complete when it ends.
 */

#include "capture.h"

#include <stdio.h>
#include <time.h>

#define NAP_NS 1000000

static void nap(void)
{
	static const struct timespec t = { .tv_nsec = NAP_NS };

	nanosleep(&t, NULL);
}

/* The worker whose next packet is the oldest, or NULL if there is none. */
static struct capture_tap *oldest(const struct capture *c, const struct capture_head **head)
{
	struct capture_tap *tap = NULL;

	for (uint16_t i = 0; i < c->n_taps; i++) {
		const struct capture_head *other = byte_ring_peek(&c->taps[i].ring);

		if (other == NULL || (tap != NULL && other->now_ns >= (*head)->now_ns))
			continue;
		tap = &c->taps[i];
		*head = other;
	}
	return tap;
}

/* For people who look at the file: why it was dropped. NULL: it was not. */
static const char *comment(const struct capture *c, uint16_t worker,
			   const struct capture_head *head, char *text, size_t size)
{
	const struct vnf *vnf = c->vnf;
	const char *reason = vnf_drop_name(vnf, head->reason);
	char where[32] = "";

	if (head->point != CAPTURE_DROP)
		return NULL;
	if (c->n_taps > 1)
		snprintf(where, sizeof(where), ", by worker %u", worker);
	if (head->to < vnf->n_ports)
		snprintf(text, size, "drop: %s, on its way out of port %s%s", reason,
			 port_label(vnf, head->to), where);
	else
		snprintf(text, size, "drop: %s%s", reason, where);
	return text;
}

static enum pcapng_direction direction(const struct capture_head *head)
{
	bool out = head->point == CAPTURE_TX ||
		   (head->point == CAPTURE_DROP && head->to != VNF_NO_PORT);

	return out ? PCAPNG_OUTBOUND : PCAPNG_INBOUND;
}

/* CAPTURE_GOES_ON, or why this packet is not written and none will be. */
static enum capture_end packet_write(struct capture *c, uint16_t worker,
				     const struct capture_head *head)
{
	char text[PCAPNG_COMMENT_MAX + 1];
	const struct pcapng_packet packet = {
		.interface = c->interface[head->port],
		.direction = direction(head),
		.wall_ns = (uint64_t)((int64_t)head->now_ns + c->wall.ns),
		.length = head->length,
		.kept = head->kept,
		.octets = head + 1,
		.comment = comment(c, worker, head, text, sizeof(text)),
	};

	if (head->point == CAPTURE_NOTHING)
		return CAPTURE_GOES_ON;
	if (head->now_ns > c->end_ns)
		return CAPTURE_END_TIME;
	if (pcapng_bytes(&c->file) + pcapng_packet_bytes(&packet) > c->bytes_max)
		return CAPTURE_END_BYTES;
	if (pcapng_packet(&c->file, &packet) < 0)
		return CAPTURE_END_ERROR;
	return c->file.packets == c->packets_max ? CAPTURE_END_PACKETS : CAPTURE_GOES_ON;
}

static void tell(struct capture *c)
{
	__atomic_store_n(&c->written, c->file.packets, __ATOMIC_RELAXED);
	__atomic_store_n(&c->bytes, pcapng_bytes(&c->file), __ATOMIC_RELAXED);
}

/* All that is in the rings now. Returns how it goes on; `any`: there was something. */
static enum capture_end rings_empty(struct capture *c, bool *any)
{
	enum capture_end end = CAPTURE_GOES_ON;
	const struct capture_head *head = NULL;
	struct capture_tap *tap;

	*any = false;
	while (end == CAPTURE_GOES_ON && (tap = oldest(c, &head)) != NULL) {
		end = packet_write(c, (uint16_t)(tap - c->taps), head);
		byte_ring_release(&tap->ring);
		*any = true;
		if ((c->file.packets & 0x3ff) == 0)
			wall_offset_update(&c->wall);
	}
	return end;
}

static enum capture_end write_until_end(struct capture *c)
{
	enum capture_end end;
	bool stop, any;

	do {
		/* Pairs with the release in capture_stop(): looked at before the rings. */
		stop = __atomic_load_n(&c->stop, __ATOMIC_ACQUIRE) != 0;
		wall_offset_update(&c->wall);
		end = rings_empty(c, &any);
		tell(c);
		if (end != CAPTURE_GOES_ON || any)
			continue;
		/* Whoever reads along sees all that there is. */
		if (pcapng_flush(&c->file) < 0)
			end = CAPTURE_END_ERROR;
		else if (stop)
			return CAPTURE_END_STOPPED;
		else if (vnf_clock_now() > c->end_ns)
			end = CAPTURE_END_TIME;
		else
			nap();
	} while (end == CAPTURE_GOES_ON);
	return end;
}

void *capture_writer_main(void *arg)
{
	struct capture *c = arg;
	enum capture_end end;

	pthread_setname_np(pthread_self(), "vnf-capture");
	end = write_until_end(c);
	c->error = -pcapng_close(&c->file);
	if (c->error != 0)
		end = CAPTURE_END_ERROR;
	tell(c);
	/* Pairs with the acquire in capture_poll(). Workers stop copying when they see it. */
	__atomic_store_n(&c->ended, (uint32_t)end, __ATOMIC_RELEASE);
	return NULL;
}
