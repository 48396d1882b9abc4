/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Packet sockets as the port kind af_packet wants them: with struct virtio_net_hdr before each
 * frame, VLAN tags told, own frames not seen again, all that passes the interface received.
 *
 * Context: a thread that is in the interface's namespace.
 */
#ifndef VNF_PACKET_SOCKET_H
#define VNF_PACKET_SOCKET_H

#include <vnf/port.h>

/**
 * Open a socket for a queue.
 *
 * @param ifindex
 *   Interface to bind it to.
 * @param first
 *   Socket of queue 0, whose fanout group it joins if the port has several; -1 for that itself.
 * @param[out] fd
 *   The socket, to be closed by the caller also after an error; -1 if there is none.
 * @return
 *   0 or -errno, after logging why.
 */
int packet_socket_open(const struct vnf_port *port, int ifindex, int first, int *fd);

#endif
