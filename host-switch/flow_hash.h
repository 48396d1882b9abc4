/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A hash of a frame's flow that is the same in both directions, by which the frames for a guest
 * with several queues are spread: what leaves A for B and what comes back meet the same queue
 * number, so that a guest's worker sees whole connections. Pure; called by workers.
 */
#ifndef HSW_FLOW_HASH_H
#define HSW_FLOW_HASH_H

#include <stdint.h>

/*
 * Addresses and ports for TCP, UDP and SCTP over IPv4 and IPv6 (behind up to two VLAN tags);
 * addresses alone for fragments and other protocols; the Ethernet addresses for the rest. `length`
 * octets at `frame` may be read, at least 14.
 */
uint32_t hsw_flow_hash(const uint8_t *frame, uint32_t length);

#endif
