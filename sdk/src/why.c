/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */

#include "why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <vnf/counter.h>
#include <vnf/port.h>

/* From here on a worker is too busy to be in time. */
#define BUSY_PERMILLE 900

static void say(struct why_finding *f, const char *who, const char *advice, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct why_finding *f, const char *who, const char *advice, const char *format, ...)
{
	va_list args;

	f->who = who;
	f->advice = advice;
	va_start(args, format);
	vsnprintf(f->what, sizeof(f->what), format, args);
	va_end(args);
}

/* Is the other end a guest or a VNF, on rings of virtio? */
static bool is_virtio(const char *kind)
{
	return strcmp(kind, "vhost-user") == 0 || strcmp(kind, "virtio-user") == 0 ||
	       strcmp(kind, "virtio") == 0;
}

static void why_tx_full(const struct why_facts *facts, struct why_finding *f)
{
	if (facts->peer != NULL)
		say(f, "the peer", "see what is said of it", "its queue stays full: %s",
		    facts->peer);
	else if (is_virtio(facts->kind))
		say(f, "the peer",
		    "look whether it still runs and how busy it is; more queues, or tx_wait to "
		    "wait for it",
		    "it does not take packets out of its queue as fast as they come");
	else if (strcmp(facts->kind, "nic") == 0)
		say(f, "the card", "send less, or over a faster link; tx_wait smooths bursts",
		    "its transmit queue is full: more comes than its link carries");
	else
		say(f, "the kernel", "look at who reads there; tx_wait smooths bursts",
		    "its queue is full: what is behind the port does not read as fast as "
		    "packets come");
}

static void why_port_down(const struct why_facts *facts, struct why_finding *f)
{
	say(f, "the peer",
	    facts->up ? "nothing, if it does not happen again"
		      : "start what belongs at the other end; the log says when it is up",
	    facts->up ? "it was not there, or without a link, for a while; now it is up"
		      : "the port is down: it has no peer or no link%s%s",
	    facts->peer != NULL ? ": " : "", facts->peer != NULL ? facts->peer : "");
}

static void why_too_long(const struct why_facts *facts, struct why_finding *f)
{
	char seen[64] = "";

	if (facts->longest > 0)
		snprintf(seen, sizeof(seen), "; the longest one recorded has %u", facts->longest);
	say(f, "MTU", "give this port the mtu of those that send to it, or lower theirs",
	    "frames longer than mtu = %u allows, which is %u octets%s", facts->mtu,
	    facts->mtu + VNF_FRAME_OVERHEAD, seen);
}

static void why_handover(const struct why_facts *facts, struct why_finding *f)
{
	say(f, "a worker", "more queues for the port, so that each worker has its own",
	    "the worker that owns the port's queue did not keep up with what the others hand to "
	    "it; the busiest was at %u %% in the last second",
	    facts->busy_permille / 10);
}

static void why_steer(const struct why_facts *facts, struct why_finding *f)
{
	say(f, "a worker",
	    "more workers; or a greater steering.ring, if it is bursts. The command `steering` "
	    "shows how packets are spread",
	    "the worker that keeps their state did not keep up with what the others hand to it; "
	    "the busiest was at %u %% in the last second",
	    facts->busy_permille / 10);
}

static void why_own(const struct why_facts *facts, struct why_finding *f)
{
	const char *doc = facts->reason_doc != NULL ? facts->reason_doc : "";

	say(f, "policy", "drop-log shows which packets; it is what the program is for",
	    "the program dropped them by its own rule \"%s\"%s%s",
	    facts->reason_name != NULL ? facts->reason_name : "?", doc[0] != '\0' ? ": " : "", doc);
}

/* What is wrong with a packet that was dropped for one of these reasons, or NULL. */
static const char *malformed_doc(uint32_t reason)
{
	switch (reason) {
#define MALFORMED_DOC(id, name, doc)                                                               \
	case VNF_DROP_##id:                                                                        \
		return doc;
		VNF_MALFORMED_REASONS(MALFORMED_DOC)
#undef MALFORMED_DOC
	default:
		return NULL;
	}
}

static void why_malformed(uint32_t reason, struct why_finding *f)
{
	say(f, "the sender", "drop-log shows the octets", "packets that are not well-formed. %s",
	    malformed_doc(reason));
}

/* What the IP node drops for, who it is that can do something, and what. */
static const struct {
	uint32_t reason;
	const char *who, *what, *advice;
} ip_reasons[] = {
	{ VNF_DROP_FOR_ITSELF, "nobody",
	  "ARP, ICMP and the like for this program, which dealt with "
	  "them",
	  "nothing" },
	{ VNF_DROP_OTHER_MAC, "the link",
	  "frames to another MAC address reach the port, as a hub or a "
	  "switch that floods has it",
	  "nothing, if it is a share of the traffic; else see whom their "
	  "sender takes for its gateway" },
	{ VNF_DROP_NO_INTERFACE, "the configuration",
	  "no interface of the group `ip` is on this port "
	  "and VLAN",
	  "an interface with the port, and the tag as `vlan`; drop-log shows the frames" },
	{ VNF_DROP_NOT_IP, "the sender", "frames that are neither IPv4, IPv6 nor ARP", "nothing" },
	{ VNF_DROP_MARTIAN, "the sender",
	  "addresses that may not be there: loopback, zero, a group as "
	  "the source",
	  "drop-log shows them; find out who sends them" },
	{ VNF_DROP_IPV4_CHECKSUM, "the sender", "the checksum of the IPv4 header is wrong",
	  "look at the link, or at what changes headers on the way" },
	{ VNF_DROP_ICMP_CHECKSUM, "the sender", "ICMP with a wrong checksum", "look at the link" },
	{ VNF_DROP_ND_INVALID, "the sender",
	  "Neighbour Discovery that was forwarded (hop limit below "
	  "255) or is broken",
	  "drop-log shows it; it may be an attack" },
	{ VNF_DROP_MULTICAST, "nobody", "packets to a group: there is no multicast routing",
	  "nothing" },
	{ VNF_DROP_BROADCAST, "nobody", "broadcasts, which routers do not forward", "nothing" },
	{ VNF_DROP_SCOPE, "the sender", "link-local addresses, which are for one link only",
	  "give the sender a global address" },
	{ VNF_DROP_SOURCE_ROUTED, "the sender", "source routes, which are refused", "nothing" },
	{ VNF_DROP_NO_ROUTE, "the configuration", "no route leads to their destination",
	  "`vnfkit ctl route ADDRESS` shows what is there; add one to `routes`" },
	{ VNF_DROP_BLACKHOLE, "policy", "their route is a blackhole", "nothing" },
	{ VNF_DROP_PROHIBITED, "policy", "their route is prohibited", "nothing" },
	{ VNF_DROP_TTL, "the sender",
	  "the time to live is at its end: traceroute, or routers that send "
	  "packets in a circle",
	  "if they are many, compare the routes of the routers around" },
	{ VNF_DROP_TOO_BIG, "MTU",
	  "longer than the next link carries, and not to be fragmented; the "
	  "sender was told",
	  "if it goes on, something drops the ICMP errors on their way back" },
	{ VNF_DROP_NO_SERVICE, "the sender",
	  "to an address of this program, which has no such service", "nothing" },
	{ VNF_DROP_NOT_REASSEMBLED, "the sender",
	  "fragments to an address of this program, which "
	  "reassembles none",
	  "a smaller ping" },
	{ VNF_DROP_NEIGHBOUR, "the neighbour",
	  "it was asked for its MAC address three times and did "
	  "not answer",
	  "`vnfkit ctl neighbours` shows which; see whether it is up, and in this subnet" },
	{ VNF_DROP_NEIGHBOUR_QUEUE, "a neighbour", "too many packets waited for its MAC address",
	  "nothing, if it answers soon; `vnfkit ctl neighbours` shows it" },
	{ VNF_DROP_NEIGHBOUR_TABLE, "the table of neighbours",
	  "it was full, or too many were asked for "
	  "at a time, as by a scan of a subnet",
	  "a greater `neighbours` in the group `ip`" },
	{ VNF_DROP_NEIGHBOUR_RATE, "somebody",
	  "more new neighbours a second than `solicitations` "
	  "allows, as by a scan of a subnet",
	  "drop-log shows who; or allow more" },
};

static bool why_ip(uint32_t reason, struct why_finding *f)
{
	for (size_t i = 0; i < RTE_DIM(ip_reasons); i++)
		if (ip_reasons[i].reason == reason) {
			say(f, ip_reasons[i].who, ip_reasons[i].advice, "%s", ip_reasons[i].what);
			return true;
		}
	return false;
}

static const char *fragment_doc(uint32_t reason)
{
	switch (reason) {
#define FRAGMENT_DOC(id, name, doc)                                                                \
	case VNF_DROP_##id:                                                                        \
		return doc;
		VNF_FRAGMENT_REASONS(FRAGMENT_DOC)
#undef FRAGMENT_DOC
	default:
		return NULL;
	}
}

static void why_fragment(uint32_t reason, struct why_finding *f)
{
	const char *doc = fragment_doc(reason);

	if (reason == VNF_DROP_FRAGMENT_LEFT)
		say(f, "the VNF", "let its callback call vnf_frag_next() until there is none",
		    "fragments that nobody took. %s", doc);
	else if (reason == VNF_DROP_FRAGMENT_BUDGET)
		say(f, "a flood of fragments, or the VNF's budgets",
		    "drop-log shows who sends them; greater budgets if they are wanted",
		    "fragments without room in the table. %s", doc);
	else if (reason == VNF_DROP_FRAGMENT_ALONE)
		say(f, "the path", "look where the others were lost; drop-log shows who sends them",
		    "fragments that waited in vain. %s", doc);
	else
		say(f, "the sender", "drop-log shows the octets",
		    "fragments that do not fit together. %s", doc);
}

void why_drop(const struct why_facts *facts, uint32_t reason, struct why_finding *f)
{
	switch (reason) {
	case VNF_DROP_TX_FULL:
		why_tx_full(facts, f);
		break;
	case VNF_DROP_PORT_DOWN:
		why_port_down(facts, f);
		break;
	case VNF_DROP_NO_SUCH_PORT:
		say(f, "the VNF", "mend its callback", "it forwards to a port that is not there");
		break;
	case VNF_DROP_NO_MBUF:
		say(f, "the packet pool", "a greater `packets` in the configuration, and a restart",
		    "it was empty when a copy was to be made");
		break;
	case VNF_DROP_TOO_LONG:
		why_too_long(facts, f);
		break;
	case VNF_DROP_MALFORMED:
		say(f, "the sender", "drop-log shows the octets",
		    "headers that are cut short or contradict themselves");
		break;
	case VNF_DROP_UNSUPPORTED_OFFLOAD:
		say(f, "the sender", "switch off its checksum and segmentation offloads",
		    "what it leaves to be done nobody can do: segments of a few octets or not of "
		    "TCP, the checksum of a fragment");
		break;
	case VNF_DROP_TOO_MANY_SEGMENTS:
		say(f, "the sender",
		    "see to the MSS on its path, or switch off its segmentation "
		    "offload",
		    "long TCP packets that were to be cut into thousands of segments");
		break;
	case VNF_DROP_IO_ERROR:
		say(f, "the kernel", "the log has its reason", "it refused them");
		break;
	case VNF_DROP_HANDOVER_FULL:
		why_handover(facts, f);
		break;
	case VNF_DROP_STEER_FULL:
		why_steer(facts, f);
		break;
	case VNF_DROP_STOPPING:
		say(f, "the stop", "nothing", "they were held when the program stopped");
		break;
	case VNF_DROP_APPLICATION:
		say(f, "policy", "drop-log shows which packets; give the drop a reason of its own",
		    "the VNF's callback dropped them without saying why");
		break;
	default:
		if (malformed_doc(reason) != NULL)
			why_malformed(reason, f);
		else if (fragment_doc(reason) != NULL)
			why_fragment(reason, f);
		else if (!why_ip(reason, f))
			why_own(facts, f);
		break;
	}
}

void why_missed(const struct why_facts *facts, enum why_missed missed, struct why_finding *f)
{
	if (missed == WHY_RX_NOMBUF)
		say(f, "the packet pool", "a greater `packets` in the configuration, and a restart",
		    "it was empty when they were to be received");
	else if (missed == WHY_RX_ERRORS)
		say(f, "the sender", "look at the link, and at the mtu of both ends",
		    "frames that are damaged, cut short, or of a form that the port cannot take");
	else if (facts->busy_permille >= BUSY_PERMILLE)
		say(f, "a worker", "more workers and queues, or less to do for each packet",
		    "it does not come round in time, at %u %% busy in the last second: the "
		    "receive queue ran over",
		    facts->busy_permille / 10);
	else
		say(f, "bursts",
		    "latency = \"low\", if workers sleep; longer queues if the kind has a key",
		    "the receive queue ran over, though the busiest worker was at %u %% in the "
		    "last second",
		    facts->busy_permille / 10);
}
