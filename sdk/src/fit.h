/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packets on their way out of a port are made what it can carry: fit.c decides and completes
 * checksums, fit_cut.c cuts TCP segments. Context: worker.
 */
#ifndef VNF_FIT_H
#define VNF_FIT_H

#include <vnf/edit.h>
#include <vnf/embed.h>

/**
 * Say by the packet's flags that its checksum, and with `tso` its segmentation, is left to the
 * peer; write what the checksum field then has to hold. For packets of which fit_is_plain().
 *
 * @param takes
 *   VNF_TAKES_*.
 */
void fit_describe(struct rte_mbuf *pkt, const struct vnf_headers *h, uint32_t takes, bool tso);

/**
 * TCP or UDP right behind an IP header without extensions, to the end of the frame: all that flags
 * of an mbuf, and the header of a virtio device, can describe.
 *
 * @return
 *   True: its checksum may be left to others.
 */
bool fit_is_plain(struct rte_mbuf *pkt, const struct vnf_headers *h);

/**
 * Begin to cut a packet; it belongs to `fit` now.
 *
 * @param fit
 *   Between two packets.
 * @param pkt
 *   TCP over IP, not a fragment, not source-routed; its tso_segsz is VNF_TSO_MIN at least.
 * @param h
 *   Its headers, in the first buffer.
 */
void fit_cut_begin(struct vnf_fit *fit, struct rte_mbuf *pkt, const struct vnf_headers *h);

/**
 * The next segment.
 *
 * @param fit
 *   While fit->left is not 0.
 * @return
 *   A new packet; NULL: the port's pool has none, or its buffers are too short.
 */
struct rte_mbuf *fit_cut_next(struct vnf_fit *fit);

#endif
