/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pcap_frames.h. The frames lie one after the other in one block, so that a port that repeats a
 * file runs through memory in order.
 */
#include "pcap_frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>

/* Let `*block` have room for `want` items of `size`, doubling it. */
static int room_make(void **block, size_t *room, size_t want, size_t size)
{
	size_t n = *room == 0 ? 4096 : *room;
	void *p;

	if (want <= *room)
		return 0;
	while (n < want)
		n *= 2;
	p = realloc(*block, n * size);
	if (p == NULL)
		return -ENOMEM;
	*block = p;
	*room = n;
	return 0;
}

static int frame_add(struct pcap_frames *f, const uint8_t *data, uint32_t bytes, uint64_t time_ns)
{
	void *block = f->data;
	int ret;

	if (f->n == PCAP_FRAMES_MAX || f->data_bytes + bytes > PCAP_FRAMES_BYTES_MAX)
		return -EFBIG;
	ret = room_make(&block, &f->data_room, f->data_bytes + bytes, 1);
	f->data = block;
	if (ret < 0)
		return ret;
	block = f->frame;
	ret = room_make(&block, &f->frame_room, f->n + 1, sizeof(*f->frame));
	f->frame = block;
	if (ret < 0)
		return ret;
	memcpy(f->data + f->data_bytes, data, bytes);
	f->frame[f->n].offset = (uint32_t)f->data_bytes;
	f->frame[f->n].bytes = bytes;
	f->frame[f->n].time_ns = time_ns;
	f->n++;
	f->data_bytes += bytes;
	return 0;
}

/* A pcap file, such as a record, has 32 bits for them. */
static bool time_valid(const struct pcap_pkthdr *hdr)
{
	return hdr->ts.tv_sec >= 0 && hdr->ts.tv_sec <= UINT32_MAX && hdr->ts.tv_usec >= 0;
}

static uint64_t frame_time(const struct pcap_pkthdr *hdr)
{
	/* The precision that was asked for: nanoseconds. */
	return (uint64_t)hdr->ts.tv_sec * 1000000000u + (uint64_t)hdr->ts.tv_usec;
}

static int frames_add(pcap_t *p, uint32_t frame_min, uint32_t frame_max, struct pcap_frames *f,
		      char *why, size_t why_size)
{
	struct pcap_pkthdr *hdr;
	const uint8_t *data;
	int ret;

	while ((ret = pcap_next_ex(p, &hdr, &data)) == 1) {
		if (hdr->caplen != hdr->len || hdr->len < frame_min || hdr->len > frame_max) {
			f->refused++;
			continue;
		}
		if (!time_valid(hdr)) {
			snprintf(why, why_size, "frame %u: its time stamp is beyond the year 2106",
				 f->n + 1);
			return -ERANGE;
		}
		ret = frame_add(f, data, hdr->caplen, frame_time(hdr));
		if (ret < 0) {
			snprintf(why, why_size,
				 "frame %u: %s; at most %u frames and %llu MiB are "
				 "read: split the file",
				 f->n + 1, strerror(-ret), PCAP_FRAMES_MAX,
				 PCAP_FRAMES_BYTES_MAX >> 20);
			return ret;
		}
	}
	if (ret != PCAP_ERROR_BREAK) {
		snprintf(why, why_size, "damaged after frame %u: %s", f->n, pcap_geterr(p));
		return -EBADMSG;
	}
	return 0;
}

/* O_NONBLOCK: a FIFO, which is refused, must not make us wait for its writer. */
static FILE *regular_open(const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FILE *file = NULL;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		snprintf(why, why_size, "not a regular file");
		errno = EINVAL;
	} else {
		if (fd >= 0)
			file = fdopen(fd, "rb");
		if (file == NULL)
			snprintf(why, why_size, "%s", strerror(errno));
	}
	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

int pcap_frames_read(const char *path, uint32_t frame_min, uint32_t frame_max,
		     struct pcap_frames *frames, char *why, size_t why_size)
{
	char error[PCAP_ERRBUF_SIZE];
	FILE *file;
	pcap_t *p;
	int ret;

	memset(frames, 0, sizeof(*frames));
	file = regular_open(path, why, why_size);
	if (file == NULL)
		return -errno;
	p = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (p == NULL) {
		fclose(file);
		snprintf(why, why_size, "not a pcap file: %s", error);
		return -EBADMSG;
	}
	if (pcap_datalink(p) != DLT_EN10MB) {
		const char *name = pcap_datalink_val_to_name(pcap_datalink(p));

		snprintf(why, why_size, "its link type is %s; only Ethernet (EN10MB) can be played",
			 name != NULL ? name : "unknown");
		ret = -EPROTONOSUPPORT;
	} else {
		ret = frames_add(p, frame_min, frame_max, frames, why, why_size);
	}
	pcap_close(p);
	return ret;
}

void pcap_frames_fini(struct pcap_frames *frames)
{
	free(frames->frame);
	free(frames->data);
	memset(frames, 0, sizeof(*frames));
}
