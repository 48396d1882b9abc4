/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See tx_finish.h.
 */

#include "tx_finish.h"

bool tx_finish(struct rte_mbuf *pkt, uint32_t *reason)
{
	struct vnf_headers h;

	*reason = vnf_parse(pkt, &h);
	if (*reason != 0)
		return false;
	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	return vnf_checksums_complete(pkt, &h) == 0;
}
