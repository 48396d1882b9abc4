/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pcap_writer.h. The file format is libpcap's; what is written is the octets of the mbufs.
 */

#include "pcap_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vnf/clock.h>

#define SNAPLEN 262144
#define BUFFER_BYTES (1 << 20)

/* The stream to write to. What was in the file goes only when all is checked; and a FIFO, which
 * would wait for a reader, or a device is refused.
 */
static FILE *regular_open(const char *path, const char **why)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
	FILE *file = NULL;
	struct stat st;

	*why = NULL;
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		*why = "not a regular file";
	else if (fd >= 0 && ftruncate(fd, 0) == 0)
		file = fdopen(fd, "wb");
	if (file == NULL && *why == NULL)
		*why = errno == ENXIO ? "not a regular file" : strerror(errno);
	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

static void writer_release(struct pcap_writer *w)
{
	if (w->dead != NULL)
		pcap_close(w->dead);
	free(w->flat);
	memset(w, 0, sizeof(*w));
}

int pcap_writer_open(struct pcap_writer *w, const char *path, uint32_t frame_max, const char **why)
{
	memset(w, 0, sizeof(*w));
	w->frame_max = frame_max;
	w->flat = malloc(frame_max);
	w->dead = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
						       PCAP_TSTAMP_PRECISION_NANO);
	*why = strerror(ENOMEM);
	if (w->flat != NULL && w->dead != NULL)
		w->file = regular_open(path, why);
	if (w->file == NULL)
		goto fail;
	setvbuf(w->file, NULL, _IOFBF, BUFFER_BYTES);
	w->dump = pcap_dump_fopen(w->dead, w->file);
	if (w->dump != NULL)
		return 0;
	*why = "its header cannot be written";
	fclose(w->file);

fail:
	writer_release(w);
	return -EIO;
}

/* pcap_dump() tells nothing; the stream remembers. */
bool pcap_writer_write(struct pcap_writer *w, const struct rte_mbuf *pkt, uint64_t wall_ns)
{
	struct pcap_pkthdr hdr = {
		.ts = {
			.tv_sec = (time_t)(wall_ns / VNF_SECOND_NS),
			/* The file's are nanoseconds. */
			.tv_usec = (suseconds_t)(wall_ns % VNF_SECOND_NS),
		},
		.caplen = pkt->pkt_len,
		.len = pkt->pkt_len,
	};

	pcap_dump((u_char *)w->dump, &hdr, rte_pktmbuf_read(pkt, 0, pkt->pkt_len, w->flat));
	return !ferror(w->file);
}

bool pcap_writer_failed(const struct pcap_writer *w)
{
	return w->file != NULL && ferror(w->file);
}

void pcap_writer_flush(struct pcap_writer *w)
{
	if (w->dump != NULL)
		pcap_dump_flush(w->dump);
}

bool pcap_writer_close(struct pcap_writer *w)
{
	bool good = true;

	if (w->dump == NULL)
		return true;
	pcap_dump_flush(w->dump);
	good = !ferror(w->file);
	pcap_dump_close(w->dump);
	w->dump = NULL;
	writer_release(w);
	return good;
}
