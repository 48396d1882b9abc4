/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See link_stats.h.
 */
#include "link_stats.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

struct request {
	struct nlmsghdr hdr;
	struct ifinfomsg link;
};

union reply {
	struct nlmsghdr hdr;
	char bytes[16384];
};

int link_stats_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

static int reply_parse(const struct nlmsghdr *hdr, size_t n, uint64_t *dropped)
{
	const struct ifinfomsg *link = NLMSG_DATA(hdr);
	struct rtnl_link_stats64 stats;
	const struct rtattr *a;
	size_t rest;

	if (!NLMSG_OK(hdr, n) || hdr->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return -EBADMSG;
	if (hdr->nlmsg_type != RTM_NEWLINK)
		return -ENODEV;
	rest = IFLA_PAYLOAD(hdr);
	for (a = IFLA_RTA(link); RTA_OK(a, rest); a = RTA_NEXT(a, rest)) {
		if (a->rta_type != IFLA_STATS64 ||
		    RTA_PAYLOAD(a) < offsetof(struct rtnl_link_stats64, multicast))
			continue;
		memset(&stats, 0, sizeof(stats));
		memcpy(&stats, RTA_DATA(a),
		       RTA_PAYLOAD(a) < sizeof(stats) ? RTA_PAYLOAD(a) : sizeof(stats));
		*dropped = stats.tx_dropped;
		return 0;
	}
	return -EBADMSG;
}

int link_stats_tx_dropped(int fd, int ifindex, uint64_t *dropped)
{
	struct request req = {
		.hdr = { .nlmsg_len = sizeof(req),
			 .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST },
		.link = { .ifi_index = ifindex },
	};
	union reply reply;
	ssize_t n;

	/* The kernel answers before send() returns. */
	if (send(fd, &req, sizeof(req), 0) < 0)
		return -errno;
	n = recv(fd, &reply, sizeof(reply), 0);
	if (n < 0)
		return -errno;
	return reply_parse(&reply.hdr, (size_t)n, dropped);
}
