/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What other files ask of the configuration itself: sizes, and periods of sessions. Any thread.
 */
#include <string.h>

#include <vnf/clock.h>
#include <vnf/session.h>

#include "config.h"

/* None goes for another (RFC 6888 REQ-11), but those that only somebody outside wanted: else
 * anybody could fill a slot. Periods are what the keys have by default.
 */
const struct vnf_session_class nat_classes[NAT_CLASSES] = {
	[NAT_CLASS_TCP_OPENING] = { "tcp_opening", 240 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_TCP_ESTABLISHED] = { "tcp_established", 7440 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_TCP_CLOSING] = { "tcp_closing", 240 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_TCP_RESET] = { "tcp_reset", 240 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_TCP_ASKED] = { "tcp_asked", 240 * VNF_SECOND_NS, 1 },
	[NAT_CLASS_UDP] = { "udp", 300 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_UDP_KNOWN] = { "udp_known", 300 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_UDP_ASKED] = { "udp_asked", 300 * VNF_SECOND_NS, 1 },
	[NAT_CLASS_ICMP] = { "icmp", 60 * VNF_SECOND_NS, 0 },
	[NAT_CLASS_OVER] = { "over", 1, 0 },
};

void nat_config_periods(const void *config, uint64_t period_ns[NAT_CLASSES])
{
	const struct nat_timeouts *t = &((const struct nat_config *)config)->timeouts;
	const uint64_t period[NAT_CLASSES] = {
		[NAT_CLASS_TCP_OPENING] = t->tcp_opening,
		[NAT_CLASS_TCP_ESTABLISHED] = t->tcp_established,
		[NAT_CLASS_TCP_CLOSING] = t->tcp_closing,
		[NAT_CLASS_TCP_RESET] = t->tcp_reset,
		[NAT_CLASS_TCP_ASKED] = t->tcp_opening,
		[NAT_CLASS_UDP] = t->udp,
		[NAT_CLASS_UDP_KNOWN] = t->udp_known,
		[NAT_CLASS_UDP_ASKED] = t->udp,
		[NAT_CLASS_ICMP] = t->icmp,
		[NAT_CLASS_OVER] = 1,
	};

	memcpy(period_ns, period, sizeof(period));
}

uint64_t nat_config_sessions(const void *config)
{
	return ((const struct nat_config *)config)->sessions;
}

uint64_t nat_config_mappings(const void *config)
{
	const struct nat_config *c = config;

	return c->mappings != 0 ? c->mappings : c->sessions;
}

uint64_t nat_config_hosts(const void *config)
{
	return ((const struct nat_config *)config)->hosts;
}
