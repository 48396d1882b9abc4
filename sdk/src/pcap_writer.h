/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A pcap file that packets are written to, with nanoseconds: for the port kind pcap and for the
 * records of a replay. Opened and closed by the control thread, written to by one worker.
 */
#ifndef VNF_PCAP_WRITER_H
#define VNF_PCAP_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <pcap/pcap.h>
#include <rte_mbuf.h>

struct pcap_writer {
	pcap_dumper_t *dump; /* NULL: not open */
	FILE *file;          /* of dump */
	pcap_t *dead;
	uint8_t *flat; /* room for one frame */
	uint32_t frame_max;
};

/* Replace the file, for frames of so many octets at most. 0, or -errno with the reason in `why`,
 * and the file is as it was.
 */
int pcap_writer_open(struct pcap_writer *w, const char *path, uint32_t frame_max, const char **why);
/* False if the file could not be written to, now or before. The frame must not be longer than
 * frame_max.
 */
bool pcap_writer_write(struct pcap_writer *w, const struct rte_mbuf *pkt, uint64_t wall_ns);
bool pcap_writer_failed(const struct pcap_writer *w);
void pcap_writer_flush(struct pcap_writer *w);
/* False if something could not be written. Also of one that is not open. */
bool pcap_writer_close(struct pcap_writer *w);

#endif
