/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What becomes of each packet of a replay, as JSON lines. A packet bears a number: its place in the
 * merged input, or one of its own if the program made it. Control thread, which in a replay runs
 * the workers too.
 */
#ifndef VNF_TRACE_H
#define VNF_TRACE_H

#include <stdint.h>

#include <rte_mbuf.h>

struct vnf;

/* Verdict of vnf_trace(), with the port: what the application held is sent. */
#define TRACE_SENT 0x20000000u

/* Write to this file, which must not be there yet or be writable. 0 or -errno, logged. */
int trace_open(struct vnf *vnf, const char *path);
/* The packet is number `number` of the input, from 1. */
void trace_received(struct rte_mbuf *pkt, uint64_t number);
/* A callback gets these packets; those that it takes may be gone when its verdicts are seen. */
void trace_burst(struct rte_mbuf *const *pkts, uint16_t n);
/* The program made the packet. */
void trace_created(struct rte_mbuf *pkt);
/* An input for which there was no packet. */
void trace_lost(uint64_t number, uint32_t reason);
/* The port does not take it. */
void trace_refused(struct rte_mbuf *pkt, uint32_t reason, uint16_t to);
/* The packets are dropped; `to` as of vnf_drop_note(). */
void trace_drops(struct rte_mbuf *const *pkts, uint16_t n, uint32_t reason, uint16_t to);
/* All that happens at this time has happened: write it down. */
void trace_flush(void);
/* 0, or -EIO if not all could be written, logged. */
int trace_close(void);

#endif
