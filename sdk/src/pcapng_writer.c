/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pcapng_writer.h. A block is type, total length, body, options, total length; everything is
 * filled up to 32 bits and stands in this machine's byte order, which the section header tells.
 */

#include "pcapng_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u
#define OPT_END 0
#define OPT_COMMENT 1
#define SHB_USERAPPL 4
#define IF_NAME 2
#define IF_TSRESOL 9
#define IF_FILTER 11
#define EPB_FLAGS 2
#define TSRESOL_NS 9
/* Type, length, and length again. */
#define BLOCK_FRAME 12u
/* Interface, time stamp, two lengths. */
#define PACKET_BODY 20u
#define OPTION_HEAD 4u

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* ---- putting octets into the buffer; room was made by block_begin() ---- */

static void put(struct pcapng *w, const void *octets, size_t n)
{
	size_t pad = padded(n) - n;

	memcpy(w->buffer + w->n, octets, n);
	memset(w->buffer + w->n + n, 0, pad);
	w->n += n + pad;
}

static void put_u32(struct pcapng *w, uint32_t value)
{
	put(w, &value, sizeof(value));
}

static void put_u16s(struct pcapng *w, uint16_t first, uint16_t second)
{
	uint16_t both[] = { first, second };

	put(w, both, sizeof(both));
}

static size_t option_bytes(size_t n)
{
	return OPTION_HEAD + padded(n);
}

static void put_option(struct pcapng *w, uint16_t code, const void *value, size_t n)
{
	put_u16s(w, code, (uint16_t)n);
	put(w, value, n);
}

/* False after a write failed. */
static bool block_begin(struct pcapng *w, uint32_t type, size_t bytes)
{
	if (w->n + bytes > BUFFER_BYTES)
		pcapng_flush(w);
	if (w->error != 0)
		return false;
	put_u32(w, type);
	put_u32(w, (uint32_t)bytes);
	return true;
}

static void block_end(struct pcapng *w, size_t bytes)
{
	put_u16s(w, OPT_END, 0);
	put_u32(w, (uint32_t)bytes);
}

/* ---- blocks ---- */

static void put_section(struct pcapng *w, const char *program, const char *comment)
{
	static const int64_t length_unknown = -1;
	size_t n_program = strnlen(program, PCAPNG_COMMENT_MAX);
	size_t n_comment = strnlen(comment, PCAPNG_COMMENT_MAX);
	size_t bytes = BLOCK_FRAME + 16 + option_bytes(n_program) + option_bytes(0) +
		       (n_comment != 0 ? option_bytes(n_comment) : 0);

	block_begin(w, BLOCK_SECTION, bytes);
	put_u32(w, BYTE_ORDER_MAGIC);
	put_u16s(w, 1, 0);
	put(w, &length_unknown, sizeof(length_unknown));
	put_option(w, SHB_USERAPPL, program, n_program);
	if (n_comment != 0)
		put_option(w, OPT_COMMENT, comment, n_comment);
	block_end(w, bytes);
}

int pcapng_open(struct pcapng *w, int fd, const char *program, const char *comment)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->buffer = malloc(BUFFER_BYTES);
	if (w->buffer == NULL) {
		pcapng_close(w);
		return -ENOMEM;
	}
	put_section(w, program, comment);
	return 0;
}

uint32_t pcapng_interface(struct pcapng *w, const char *name, uint32_t snaplen, const char *filter)
{
	static const uint8_t resolution = TSRESOL_NS;
	/* The first octet says that it is text. */
	char text[1 + PCAPNG_COMMENT_MAX] = { 0 };
	size_t n_name = strnlen(name, PCAPNG_COMMENT_MAX);
	size_t n_filter = strnlen(filter, PCAPNG_COMMENT_MAX);
	size_t bytes = BLOCK_FRAME + 8 + option_bytes(n_name) + option_bytes(1) + option_bytes(0) +
		       (n_filter != 0 ? option_bytes(1 + n_filter) : 0);

	if (!block_begin(w, BLOCK_INTERFACE, bytes))
		return w->interfaces++;
	put_u16s(w, LINKTYPE_ETHERNET, 0);
	put_u32(w, snaplen);
	put_option(w, IF_NAME, name, n_name);
	put_option(w, IF_TSRESOL, &resolution, 1);
	if (n_filter != 0) {
		memcpy(text + 1, filter, n_filter);
		put_option(w, IF_FILTER, text, 1 + n_filter);
	}
	block_end(w, bytes);
	return w->interfaces++;
}

static size_t comment_bytes(const struct pcapng_packet *packet)
{
	return packet->comment == NULL ? 0
				       : option_bytes(strnlen(packet->comment, PCAPNG_COMMENT_MAX));
}

size_t pcapng_packet_bytes(const struct pcapng_packet *packet)
{
	return BLOCK_FRAME + PACKET_BODY + padded(packet->kept) + option_bytes(sizeof(uint32_t)) +
	       comment_bytes(packet) + option_bytes(0);
}

int pcapng_packet(struct pcapng *w, const struct pcapng_packet *packet)
{
	const uint32_t flags = packet->direction;
	size_t bytes = pcapng_packet_bytes(packet);

	if (!block_begin(w, BLOCK_PACKET, bytes))
		return -w->error;
	put_u32(w, packet->interface);
	put_u32(w, (uint32_t)(packet->wall_ns >> 32));
	put_u32(w, (uint32_t)packet->wall_ns);
	put_u32(w, packet->kept);
	put_u32(w, packet->length);
	put(w, packet->octets, packet->kept);
	put_option(w, EPB_FLAGS, &flags, sizeof(flags));
	if (packet->comment != NULL)
		put_option(w, OPT_COMMENT, packet->comment,
			   strnlen(packet->comment, PCAPNG_COMMENT_MAX));
	block_end(w, bytes);
	w->packets++;
	return 0;
}

uint64_t pcapng_bytes(const struct pcapng *w)
{
	return w->flushed + w->n;
}

/* ---- writing ---- */

/* Bytes of the whole blocks among the first `written` of the buffer; the packets of the others are
 * not in the file.
 */
static size_t whole_blocks(struct pcapng *w, size_t written)
{
	size_t whole = 0;
	uint32_t head[2];

	for (size_t at = 0; at < w->n; at += head[1]) {
		memcpy(head, w->buffer + at, sizeof(head));
		if (at + head[1] <= written)
			whole = at + head[1];
		else
			w->packets -= head[0] == BLOCK_PACKET;
	}
	return whole;
}

static void write_failed(struct pcapng *w, size_t written, int error)
{
	w->error = error;
	w->flushed += whole_blocks(w, written);
	w->n = 0;
	/* If even that fails, the last packet of the file is cut short, which readers say. */
	(void)!ftruncate(w->fd, (off_t)w->flushed);
}

int pcapng_flush(struct pcapng *w)
{
	size_t done = 0;

	while (done < w->n && w->error == 0) {
		ssize_t n = write(w->fd, w->buffer + done, w->n - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			write_failed(w, done, n == 0 ? EIO : errno);
	}
	w->flushed += w->error == 0 ? done : 0;
	w->n = 0;
	return -w->error;
}

int pcapng_close(struct pcapng *w)
{
	if (w->fd < 0)
		return -w->error;
	pcapng_flush(w);
	if (close(w->fd) != 0 && w->error == 0)
		w->error = errno;
	w->fd = -1;
	free(w->buffer);
	w->buffer = NULL;
	return -w->error;
}
