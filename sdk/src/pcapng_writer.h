/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A pcapng file (IETF draft-ietf-opsawg-pcapng): one section, an interface for each port with its
 * name and nanoseconds, packets with direction and comment. Blocks are put together in memory and
 * written whole: when the disk is full, the file ends with the last block that fits.
 *
 * One thread at a time. No DPDK calls.
 */
#ifndef VNF_PCAPNG_WRITER_H
#define VNF_PCAPNG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of a comment at most; more is cut off. */
#define PCAPNG_COMMENT_MAX 255

enum pcapng_direction {
	PCAPNG_INBOUND = 1,
	PCAPNG_OUTBOUND = 2,
};

struct pcapng_packet {
	uint32_t interface; /* as returned by pcapng_interface() */
	enum pcapng_direction direction;
	uint64_t wall_ns;
	uint32_t length; /* of the packet */
	uint32_t kept;   /* of it in `octets` */
	const void *octets;
	const char *comment; /* NULL: none */
};

struct pcapng {
	int fd;    /* -1: not open */
	int error; /* errno of what could not be written, or 0; nothing is written any more then */
	uint8_t *buffer;
	size_t n;         /* bytes in it, whole blocks */
	uint64_t flushed; /* bytes of the file */
	uint64_t packets; /* put into the buffer or the file */
	uint32_t interfaces;
};

/* Begin a file: `fd` is empty, and the writer's from now on, also when this fails. 0 or -errno. */
int pcapng_open(struct pcapng *w, int fd, const char *program, const char *comment);
/* Describe an interface; all of them before the first packet. Returns its number. `filter` may be
 * "".
 */
uint32_t pcapng_interface(struct pcapng *w, const char *name, uint32_t snaplen, const char *filter);
/* Bytes that the packet takes in the file. */
size_t pcapng_packet_bytes(const struct pcapng_packet *packet);
/* 0 or -errno. At most 262,144 octets are kept. */
int pcapng_packet(struct pcapng *w, const struct pcapng_packet *packet);
/* Bytes of file and buffer. */
uint64_t pcapng_bytes(const struct pcapng *w);
/* Write down what is in the buffer. 0 or -errno. */
int pcapng_flush(struct pcapng *w);
/* Flush and close. 0, or -errno of the first write that failed. Also of one that is not open. */
int pcapng_close(struct pcapng *w);

#endif
