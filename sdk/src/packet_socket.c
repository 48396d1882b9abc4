/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See packet_socket.h.
 */
#include "packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_packet.h>
#include <net/ethernet.h>

#include <vnf/log.h>

#include "kernel_io.h"

#define SOCKET_BUFFER_BYTES (8 << 20)

/* Linux has it; the headers of Debian 12 do not name it yet. */
#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000
#endif

static int socket_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* As large as we may; beyond the system's limit only with privileges. */
static void socket_buffers(int fd)
{
	if (socket_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER_BYTES) < 0)
		socket_set(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER_BYTES);
	if (socket_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER_BYTES) < 0)
		socket_set(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER_BYTES);
}

static int socket_bind(int fd, int ifindex)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = ifindex };
	struct packet_mreq promisc = { .mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC };

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) < 0)
		return -errno;
	return 0;
}

/* The first socket makes the group, under a number that is free; the others join it. */
static int socket_fanout(int fd, int first)
{
	int value = (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID |
		     PACKET_FANOUT_FLAG_IGNORE_OUTGOING)
		    << 16;
	socklen_t size = sizeof(value);

	if (fd != first && getsockopt(first, SOL_PACKET, PACKET_FANOUT, &value, &size) < 0)
		return -errno;
	return socket_set(fd, SOL_PACKET, PACKET_FANOUT, value);
}

int packet_socket_open(const struct vnf_port *port, int ifindex, int first, int *fd)
{
	int ret;

	/* With protocol 0 nothing arrives before the socket is bound. */
	*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0) {
		ret = -errno;
		vnf_error("port \"%s\": cannot make a packet socket: %s; it needs CAP_NET_RAW in "
			  "the namespace of %s: run as root",
			  port->name, strerror(-ret), kio_ifname(port->spec));
		return ret;
	}
	socket_buffers(*fd);
	ret = socket_set(*fd, SOL_PACKET, PACKET_VNET_HDR, 1);
	if (ret == 0)
		ret = socket_set(*fd, SOL_PACKET, PACKET_AUXDATA, 1);
	if (ret == 0)
		ret = socket_set(*fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (ret == 0)
		ret = socket_bind(*fd, ifindex);
	if (ret == 0 && port->n_queues > 1)
		ret = socket_fanout(*fd, first >= 0 ? first : *fd);
	if (ret < 0)
		vnf_error("port \"%s\": cannot set up a packet socket on %s: %s; Linux 4.20 or "
			  "later is needed",
			  port->name, kio_ifname(port->spec), strerror(-ret));
	return ret;
}
