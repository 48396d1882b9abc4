/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Steering, as the data path sees it. See steer_priv.h.
 */
#ifndef STEER_H
#define STEER_H

#include <vnf/steer.h>

/* Does VNF_STEER steer, and is this a slot of somebody else? Worker. */
bool steer_may(const struct vnf_worker *worker, uint32_t slot);
/* Is a slot on its way? Control thread. */
bool steer_is_moving(const struct vnf *vnf);
/* Packets that the worker holds are to go to the owner of this slot. Worker. */
void steer_packets(struct vnf_worker *worker, uint16_t port, struct rte_mbuf **pkts, uint16_t n,
		   uint32_t slot);

#endif
